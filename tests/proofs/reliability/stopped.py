"""A writer that is stopped at every step of a publication, for longer than any grace, while everything is collected.

A *step* is a call of the operating system that Python makes for the store, or a statement that SQLite is given. The
writer stops right after the one, or right before the other; a collection without grace is made meanwhile, or as soon as
the writer lets go of the index; then the writer goes on. What it stored before that was collected may be gone; what it
stores after it has to be there, and has to load.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import subjects
from findings import Finding
from forked import children, freshen, run, store_in

from inviscid import Store
from inviscid.store import database, index

_CALLS = ("open", "write", "pwrite", "fsync", "close", "rename", "utime", "fchmod", "ftruncate", "mkdir", "unlink")
_BUSY = 0.15
"""Seconds for which a collector gets a chance before the writer goes on."""


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


def _publish(name: str, x: int, stop_at: int) -> list[str]:
    """The steps of one missing call; stops at one of them."""
    steps: list[str] = []

    def step(what: str) -> None:
        steps.append(what)
        if len(steps) == stop_at:
            os.kill(os.getpid(), signal.SIGSTOP)

    with told_of(step):
        value = subjects.FUNCTIONS[name](x)
    if not subjects.is_right(name, x, value):
        steps.append("wrong value")
    return steps


def writers(folder: Path, every: int = 1, names: tuple[str, ...] = ("inline", "medium", "large", "huge")) -> Finding:
    """Stop at every so many-th step of a call that misses."""
    found = Finding("stopped writers", {"steps": 0, "loaded": 0, "collected after they were stored": 0})
    with store_in(folder) as (place, ran):
        for name in names:
            subjects.FUNCTIONS[name](-1)
            freshen(place)
            steps = run(lambda name=name: _publish(name, 0, 0))
            last = max(number for number, step in enumerate(steps, 1) if step == "COMMIT")
            found.demand("rename" in steps or name == "inline", f"the steps of {name} are not seen: {steps}")
            for number in range(1 + len(name) % every, len(steps) + 1, every):
                found.add("steps")
                _stop(found, place, ran, name, number, is_stored=number > last)
    return found


def _stop(found: Finding, place: Path, ran: Any, name: str, number: int, *, is_stored: bool) -> None:
    store = Store(place)
    # Planned once the writer stands: what it wrote so far is litter to the plan.
    with children([lambda: _publish(name, number, number)]) as (writer,):
        _, status = os.waitpid(writer.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            found.wrong.append(f"{name}: no step {number}")
            writer.pid = 0
            return
        plan = store.plan_gc(size_limit=0, grace=-1.0)
        collector = threading.Thread(target=store.execute, args=(plan,))
        collector.start()
        collector.join(_BUSY)
        os.kill(writer.pid, signal.SIGCONT)
        steps = writer.result()
        collector.join()
    step = f"{name}, stopped at step {number} ({steps[number - 1]})"
    found.demand("wrong value" not in steps, f"{step}: a wrong value")
    before = ran.count()
    right = run(lambda: subjects.is_right(name, number, subjects.FUNCTIONS[name](number)))
    found.demand(right, f"{step}: a wrong value afterwards")
    if ran.count() == before:
        found.add("loaded")
    else:
        found.add("collected after they were stored")
        found.demand(is_stored, f"{step}: what it stored is gone")
    found.demand(store.stats().quarantined == 0, f"{step}: something went into quarantine")
    store.close()
    assert index.PATIENCE > _BUSY
