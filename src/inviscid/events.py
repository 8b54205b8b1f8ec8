"""What a process says of its calls: to who subscribed, on the logger ``inviscid``, and as a count in the store."""

from __future__ import annotations

import functools
import sys
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self

from inviscid import moved
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


class Event(NamedTuple):
    """What became of one call."""

    outcome: Outcome
    function: str
    """``package.module:qualname``."""
    key: str
    """In hex; empty where the call has none."""
    seconds: float
    """Of a hit what it saved, of a miss what the body took."""
    reasons: tuple[str, ...]
    time: float
    """When, in seconds since the epoch."""

    @property
    def name(self) -> str:
        """Of the event, as OpenTelemetry names them: ``inviscid.hit``, ``inviscid.miss`` or ``inviscid.bypass``."""
        return f"inviscid.{self.outcome.kind}"

    @property
    def attributes(self) -> dict[str, str | float | list[str]]:
        """The rest as attributes of OpenTelemetry: names with dots; texts, numbers and lists of texts."""
        module, _, function = self.function.partition(":")
        return {
            "code.function.name": f"{module}.{function}",
            "inviscid.outcome": self.outcome.name,
            "inviscid.key": self.key,
            "inviscid.seconds": self.seconds,
            "inviscid.reasons": list(self.reasons),
        }


class Subscription:
    """The right to be told, until it is closed or its block is left."""

    def __init__(self, listener: Callable[[Event], object]) -> None:
        self._listener = listener

    def close(self) -> None:
        """Be told no more."""
        if self in _subscriptions:
            _subscriptions.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tell(self, event: Event) -> None:
        """Call the listener; its errors are warnings, and cost no caller a value."""
        try:
            self._listener(event)
        except Exception as error:  # noqa: BLE001  whatever the user's code raises
            warn("subscribe", f"a listener of inviscid.subscribe() raised {_said(error)}")


def _said(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001  its text is the user's code too
        return type(error).__name__


_subscriptions: list[Subscription] = []


def subscribe(listener: Callable[[Event], object]) -> Subscription:
    """Be told of each call of every cached function in this process, in the thread that calls.

    While anybody listens every hit goes the whole path, so hits take tens of microseconds instead of one.

    Args:
        listener: gets an `Event`. What it raises is a warning.

    Returns:
        A subscription: `close` it, or use it as a context manager.

    Raises:
        TypeError: the listener can't be called.
    """
    if not callable(listener):
        raise TypeError(f"subscribe(): a listener is called with an event, {listener!r} can't be called")
    made = Subscription(listener)
    _subscriptions.append(made)
    # Whoever knew a way past the events shall not take it any more.
    moved.move()
    return made


def is_heard() -> bool:
    """Whether anybody wants to be told of each call."""
    return bool(_subscriptions) or _is_logged(INFO)


def _is_logged(level: int) -> bool:
    # Who has not imported the module has told nobody what to do with less than a warning.
    return (level >= _WARNING or "logging" in sys.modules) and logger().isEnabledFor(level)


def emit(
    store: Store | None, outcome: Outcome, function: str, key: bytes, seconds: float, reasons: tuple[str, ...]
) -> None:
    """Tell, log and count an outcome.

    The record carries ``outcome``, ``function``, ``key`` (hex), ``seconds`` (computed or saved) and ``reasons``.
    """
    if store is not None:
        store.count(outcome, seconds)
    if _subscriptions:
        event = Event(outcome, function, key.hex(), seconds, reasons, time.time())
        # Those of now: a listener may end its subscription, or begin another one.
        told = tuple(_subscriptions)
        for subscription in told:
            subscription.tell(event)
    level = _WARNING if outcome in (Outcome.MISS_CORRUPT, Outcome.MISS_UNREADABLE) else INFO
    if not _is_logged(level):
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


def ago(seconds: float) -> str:
    """An age as people read it: ``just now``, ``12 min ago``, ``3 d ago``; what has no sensible age is as it is."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now" if seconds >= 0 else "in the future"


def duration(seconds: float) -> str:
    """Seconds as people read them: ``85 µs``, ``12 ms``, ``3.4 s``."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
