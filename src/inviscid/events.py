"""What a process says of its calls: one log record each on the logger ``inviscid``, and one count in the store."""

from __future__ import annotations

import functools
import sys
import warnings
from typing import TYPE_CHECKING

from inviscid.digest import short
from inviscid.errors import InviscidWarning
from inviscid.outcome import Outcome
from inviscid.store import Store

if TYPE_CHECKING:
    import logging

INFO, _WARNING = 20, 30
_warned: set[tuple[str, str]] = set()


@functools.cache
def logger() -> logging.Logger:
    """The logger of this package. Its module takes longer to import than a hit, and many scripts do without."""
    import logging

    return logging.getLogger("inviscid")


def is_logged(level: int = INFO) -> bool:
    """Whether anybody wants to see records of this level."""
    # Who has not imported the module has told nobody what to do with less than a warning.
    return (level >= _WARNING or "logging" in sys.modules) and logger().isEnabledFor(level)


def emit(
    store: Store | None, outcome: Outcome, function: str, key: bytes, seconds: float, reasons: tuple[str, ...]
) -> None:
    """Log and count an outcome.

    The record carries ``outcome``, ``function``, ``key`` (hex), ``seconds`` (computed or saved) and ``reasons``.
    """
    if store is not None:
        store.count(outcome, seconds)
    level = _WARNING if outcome in (Outcome.MISS_CORRUPT, Outcome.MISS_UNREADABLE) else INFO
    if not is_logged(level):
        return
    name = function.rpartition(":")[2]
    took = f" {'saved' if outcome.kind == 'hit' else 'took'} {duration(seconds)}" if seconds else ""
    why = f": {'; '.join(reasons)}" if reasons else ""
    logger().log(
        level,
        "%s %s %s%s%s", outcome.kind, name, short(key) if key else "-", took, why,
        extra={"outcome": outcome, "function": function, "key": key.hex(), "seconds": seconds, "reasons": reasons},
    )  # fmt: skip


def warn(about: str, message: str) -> None:
    """Tell the user, once for each subject and message, what costs time and no value."""
    if (about, message) not in _warned:
        _warned.add((about, message))
        warnings.warn(message, InviscidWarning, stacklevel=_outside())


def note(about: str, message: str) -> None:
    """Log, once for each subject and message, what the user may not expect, but what may be meant."""
    if (about, message) not in _warned:
        _warned.add((about, message))
        logger().warning("%s", message)


def _outside() -> int:
    """How many frames up the user's code is."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001  CPython's own name for it
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(("inviscid.", "contextlib")):
        level, frame = level + 1, frame.f_back
    return level


def duration(seconds: float) -> str:
    """Seconds as people read them: ``85 µs``, ``12 ms``, ``3.4 s``."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
