"""What a process says of its calls: one log record each on the logger ``inviscid``, and one count in the store."""

from __future__ import annotations

import logging
import warnings

from inviscid.digest import short
from inviscid.errors import InviscidWarning, UnstorableResult
from inviscid.outcome import Outcome
from inviscid.store import Store

logger = logging.getLogger("inviscid")
_warned: set[tuple[str, str]] = set()


def emit(store: Store | None, outcome: Outcome, function: str, key: bytes, seconds: float, reasons: tuple[str, ...]) -> None:
    """Log and count an outcome.

    The record carries ``outcome``, ``function``, ``key`` (hex), ``seconds`` (computed or saved) and ``reasons``.
    """
    if store is not None:
        store.count(outcome, seconds)
    level = logging.WARNING if outcome in (Outcome.MISS_CORRUPT, Outcome.MISS_UNREADABLE) else logging.INFO
    if not logger.isEnabledFor(level):
        return
    name = function.rpartition(":")[2]
    took = f" {'saved' if outcome.kind == 'hit' else 'took'} {seconds:.3g} s" if seconds else ""
    why = f": {'; '.join(reasons)}" if reasons else ""
    logger.log(
        level,
        "%s %s %s%s%s", outcome.kind, name, short(key) if key else "-", took, why,
        extra={"outcome": outcome, "function": function, "key": key.hex(), "seconds": seconds, "reasons": reasons},
    )  # fmt: skip


def warn_unstorable(function: str, error: UnstorableResult) -> None:
    """Tell the user, once for each function and reason, that a result isn't kept."""
    if (function, str(error)) in _warned:
        return
    _warned.add((function, str(error)))
    warnings.warn(f"{function}() returned a result that can't be stored: {error}", InviscidWarning, stacklevel=4)
