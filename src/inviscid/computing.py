"""The computations that are under way in this process, and what may not become of them.

A key says which config values a computation sees. Whether that is so shows only while it runs: a thread that it starts
may see another overlay than its own. So every cached call reports the values that it reads to the computation that it
belongs to; one that was told other values than its key says is *disturbed*, and so is every computation around it. What
a disturbed computation returns is returned, and not stored.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from inviscid import world
from inviscid.digest import short
from inviscid.world import Sight, Watch


class Computation:
    """One body that is running."""

    __slots__ = ("config", "disturbed", "name", "watch")

    def __init__(self, name: str, config: Mapping[str, frozenset[bytes]], files: frozenset[str]) -> None:
        self.name = name
        self.config = config
        self.disturbed = ""
        """Why its result must not be stored; empty while nothing speaks against it."""
        self.watch = Watch(files)


_around: ContextVar[tuple[Computation, ...]] = ContextVar("inviscid_computing", default=())
_lock = threading.Lock()
_all: list[Computation] = []


@contextmanager
def computing(
    name: str,
    config: Mapping[str, frozenset[bytes]],
    files: frozenset[str] = frozenset(),
    *,
    vouched: bool = False,
) -> Iterator[Computation]:
    """Run a body inside; afterwards `disturbed` says whether its result may be stored, and `watch` what it read.

    Args:
        name: of the function, for messages.
        config: the digests of the values that each config key has in its reach.
        files: absolute paths that are in the key by their content.
        vouched: its user gave their word that it is pure: what it does is no act of its callers.
    """
    world.watch(_watches)
    computation = Computation(name, config, files)
    around = _around.get()
    token = _around.set((*around, computation))
    with _lock:
        _all.append(computation)
    try:
        yield computation
    finally:
        with _lock:
            _all.remove(computation)
        _around.reset(token)
        if around:
            around[-1].disturbed = around[-1].disturbed or computation.disturbed
            if vouched:
                computation.watch.acts.clear()
            around[-1].watch.join(computation.watch)


def _here() -> tuple[Computation, ...]:
    """The computations that what happens here belongs to."""
    if not _all:
        return ()
    # A thread doesn't know who started it: then every computation may have.
    return _around.get()[-1:] or tuple(_all)


def _watches() -> list[Watch]:
    return [computation.watch for computation in _here()]


def depend(sights: list[Sight]) -> None:
    """Tell the computation around this call what the result depends on that it was just given."""
    for computation in _here():
        for sight in sights:
            if not computation.watch.is_declared(sight.path):
                computation.watch.confirmed[sight.kind, sight.path] = sight


def wrote(outputs: Iterable[str]) -> None:
    """Tell the computation around this call which outputs the call left where they belong: they count as written."""
    for computation in _here():
        computation.watch.outputs.update(dict.fromkeys(outputs))


def report(name: str, config: Mapping[str, frozenset[bytes]]) -> None:
    """Tell the computation that a call belongs to which config values the call sees."""
    for computation in _here():
        for key, values in config.items():
            expected = computation.config.get(key)
            if expected is not None and not values <= expected:
                shown = ", ".join(short(value) for value in values)
                computation.disturbed = f"{name} saw another value of config '{key}' than {computation.name} ({shown})"


def disturb(why: str) -> None:
    """Say that the computation around this call must not be stored."""
    if around := _around.get():
        around[-1].disturbed = around[-1].disturbed or why
