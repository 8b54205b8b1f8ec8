"""A writer that is stopped at every step of a publication, for longer than any grace, while everything is collected.

A *step* is a call of the operating system that Python makes for the store, or a statement that SQLite is given. The
writer stops right after the one, or right before the other; a collection without grace is planned then, and made at
once, or as soon as the writer lets go of the index; then the writer goes on. What it stored before that was collected
may be gone; what it stores after it has to be there, and has to load.
"""

from __future__ import annotations

import mmap
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import subjects
from findings import Finding
from forked import Child, Ran, children, freshen, run, store_in

from inviscid import Store
from inviscid.store import database, tally

KINDS = ("inline", "medium", "durable", "shared", "large", "huge")
_CALLS = (
    "open write pwrite fsync close rename utime fchmod chmod ftruncate truncate mkdir unlink stat lstat read".split()
)
# Seconds. A collector that has to wait for the writer gets this long before the writer goes on, any other ends by then.
_BUSY, _PATIENCE = 0.1, 20.0
_FREE, _WRITES, _COMMITS = range(3)


@contextmanager
def told_of(step: Callable[[str], None]) -> Iterator[None]:
    """Have each step told."""
    real = {name: getattr(os, name) for name in _CALLS}
    connect = database.connect

    def telling(name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            result = real[name](*args, **options)
            step(name)
            return result

        return call

    def tracing(*args: Any) -> Any:
        connection = connect(*args)
        connection.set_trace_callback(lambda statement: step(statement.split(" ", 1)[0]))
        return connection

    for name in _CALLS:
        setattr(os, name, telling(name))
    database.connect = tracing
    try:
        yield
    finally:
        database.connect = connect
        for name, function in real.items():
            setattr(os, name, function)


def _publish(name: str, x: int, stop_at: int, state: mmap.mmap) -> list[str]:
    """The steps of one missing call; stops at one of them, and says in `state` what it does with the index."""
    steps: list[str] = []
    main = threading.get_ident()
    # What is counted is written in transactions of its own, which say nothing of the result.
    tally._INTERVAL = 1e9

    def step(what: str) -> None:
        if threading.get_ident() != main:
            # What hashes beside it writes nothing.
            return
        if what == "BEGIN":
            state[0] = _WRITES
        elif what == "COMMIT":
            state[0] = _COMMITS
        elif state[0] == _COMMITS:
            state[0] = _FREE
        steps.append(what)
        if len(steps) == stop_at:
            os.kill(os.getpid(), signal.SIGSTOP)

    with told_of(step):
        value = subjects.FUNCTIONS[name](x)
    if not subjects.is_right(name, x, value):
        steps.append("wrong value")
    return steps


class _Bench:
    """One store, and what came of all stops."""

    def __init__(self, found: Finding, place: Path, ran: Ran) -> None:
        self._found = found
        self._place = place
        self._ran = ran
        self._number = 0

    def steps(self, name: str) -> list[str]:
        """Those of a call that is not stopped."""
        x, state = self._prepare(name)
        return run(lambda: _publish(name, x, 0, state))

    def stop(self, name: str, number: int) -> bool:
        """Stop a call at this step; False where it ended before."""
        x, state = self._prepare(name)
        found, store = self._found, Store(self._place)
        with children([lambda: _publish(name, x, number, state)]) as (writer,):
            if not _stands(writer):
                return False
            found.add("steps")
            # Planned now: what was written so far is litter to the plan.
            collector = threading.Thread(target=store.execute, args=(store.plan_gc(size_limit=0, grace=-1.0),))
            collector.start()
            collector.join(_PATIENCE if state[0] == _FREE else _BUSY)
            found.demand(state[0] != _FREE or not collector.is_alive(), f"{name}, step {number}: no collection")
            found.add("collected before it went on", not collector.is_alive())
            os.kill(writer.pid, signal.SIGCONT)
            steps = writer.result()
            collector.join()
        where = f"{name}, stopped at step {number} ({steps[number - 1]})"
        found.demand("wrong value" not in steps, f"{where}: a wrong value")
        found.add("written again", steps.count("BEGIN") > 1)
        self._look(name, x, where, is_stored="COMMIT" not in steps[number - 1 :])
        found.demand(store.stats().quarantined == 0, f"{where}: something went into quarantine")
        store.close()
        return True

    def _prepare(self, name: str) -> tuple[int, mmap.mmap]:
        """An argument that nobody has called with yet."""
        self._number += 1
        if name == "shared":
            # So that the object is there, and what it is there for is collected.
            run(lambda: subjects.shared(-self._number))
        return self._number, mmap.mmap(-1, 1)

    def _look(self, name: str, x: int, where: str, *, is_stored: bool) -> None:
        before = self._ran.count()
        right = run(lambda: subjects.is_right(name, x, subjects.FUNCTIONS[name](x)))
        self._found.demand(right, f"{where}: a wrong value afterwards")
        if self._ran.count() == before:
            self._found.add("loaded")
        else:
            self._found.add("collected after they were stored")
            self._found.demand(is_stored, f"{where}: what it stored is gone")


def _stands(writer: Child) -> bool:
    _, status = os.waitpid(writer.pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        # It is gone, and its number may be another's.
        writer.pid = 0
        return False
    return True


def writers(folder: Path, every: int = 1, names: tuple[str, ...] = KINDS) -> Finding:
    """Stop at every so many-th step of a call that misses."""
    found = Finding("stopped writers")
    for name in names:
        # Each in a store of its own, so that no step is another's.
        with store_in(folder / name) as (place, ran):
            subjects.FUNCTIONS[name](-1)
            freshen(place)
            bench = _Bench(found, place, ran)
            steps = bench.steps(name)
            seen = {"BEGIN", "COMMIT"} | ({"rename"} if name not in ("inline", "shared") else set())
            found.demand(seen <= set(steps), f"the steps of {name} are not seen: {steps}")
            number = 1 + len(name) % every
            while bench.stop(name, number):
                number += every
            found.demand(number > len(steps) * 0.8, f"{name} has {len(steps)} steps, and no step {number}")
    if set(names) - {"inline"}:
        found.demand(found.counts.get("written again"), "no writer lost what it had written")
    return found
