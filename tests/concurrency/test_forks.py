"""Processes that fork while their threads are in the middle of something."""

from __future__ import annotations

import contextvars
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from inviscid import cached, computing, configure, mode
from inviscid.store import Store, fork, locks

Start = Callable[[Callable[[], Any]], Any]

# Whatever this process warns of its threads, as newer Pythons do, is what is tested here.
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@cached
def doubled(x: int) -> int:
    return 2 * x


@contextmanager
def in_a_thread(work: Callable[[threading.Event, threading.Event], None]) -> Iterator[None]:
    """A thread that has come to where it sets the first event, until it sees the second one."""
    there, ends = threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(there, ends))
    thread.start()
    try:
        assert there.wait(20)
        yield
    finally:
        ends.set()
        thread.join(20)


def in_order(monkeypatch: pytest.MonkeyPatch, *members: Any) -> None:
    """Have these told of forks first. Sets have no order, so this one is as likely as any."""

    class Members(list[Any]):
        add = list.append

    others = [member for member in fork._members if member not in members]
    monkeypatch.setattr(fork, "_members", Members([*members, *others]))


def test_a_child_waits_for_no_lock_that_a_thread_of_the_parent_held(start: Start) -> None:
    """Locks of the store are told of forks; a fork waits for the lock of those who are told."""

    def is_ours(name: str) -> bool:
        return name.partition(".")[0] == "inviscid" and name != fork.__name__

    def hold_all(there: threading.Event, ends: threading.Event) -> None:
        modules = [module for name, module in list(sys.modules.items()) if is_ours(name)]
        parts = [one for module in modules for one in vars(module).values()]
        parts += [
            one for part in parts if is_ours(type(part).__module__) for one in getattr(part, "__dict__", {}).values()
        ]
        held = {id(one): one for one in parts if isinstance(one, type(threading.Lock()))}
        for lock in held.values():
            lock.acquire()
        there.set()
        ends.wait(20)
        for lock in held.values():
            lock.release()

    def work() -> int:
        with configure({"a": 1}), mode("on"):
            return doubled(7)

    assert doubled(1) == 2
    with in_a_thread(hold_all):
        child = start(work)
    assert child.result(10) == 14


def test_what_threads_of_the_parent_compute_is_not_under_way_in_a_child(start: Start) -> None:
    def compute(there: threading.Event, ends: threading.Event) -> None:
        with computing.computing(computing.Computation("f")):
            there.set()
            ends.wait(20)

    with in_a_thread(compute):
        child = start(lambda: (len(computing.RUNNING), doubled(3), len(computing.RUNNING)))
        assert len(computing.RUNNING) == 1
    assert child.result() == (0, 6, 0)
    assert computing.RUNNING == []


def test_a_computation_that_forks_is_under_way_in_the_child_too(start: Start) -> None:
    def work() -> list[str]:
        return [one.name for one in computing.RUNNING]

    with computing.computing(computing.Computation("f")):
        assert start(work).result() == ["f"]


def test_a_child_that_was_forked_in_an_empty_context_ends_the_computation_around_it(start: Start) -> None:
    def work() -> int:
        with computing.computing(computing.Computation("f")):
            child = contextvars.Context().run(os.fork)
        if child == 0:
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert start(work).result() == 0


def test_a_fork_while_counts_are_taken_ends(tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are taken from the memory tier, which has a lock of its own; a fork takes both, in whatever order."""

    def work() -> bool:
        store = Store(tmp_path / "store")
        there, told = threading.Event(), store.memory.told

        def slowly() -> Any:
            there.set()
            time.sleep(0.3)
            return told()

        monkeypatch.setattr(store.memory, "told", slowly)
        thread = threading.Thread(target=store._tally._take)
        in_order(monkeypatch, store.memory, store._tally)
        thread.start()
        assert there.wait(20)
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        thread.join(20)
        return not thread.is_alive()

    assert start(work).result(10) is True


def test_a_fork_waits_for_the_index_first(tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes to it may need other locks, of which a fork has taken none before it is done."""

    def work() -> float:
        store, there = Store(tmp_path / "store"), threading.Event()

        def probe(connection: object) -> bool:
            there.set()
            time.sleep(0.3)
            lock = locks.lock_for(store._layout, b"n" * 32)
            lock.acquire(wait=False)
            lock.release()
            return True

        store._index.write(lambda connection: None)
        in_order(monkeypatch, locks._handles)
        thread = threading.Thread(target=store._index.write, args=(probe,))
        thread.start()
        assert there.wait(20)
        begin = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(0)
        took = time.monotonic() - begin
        os.waitpid(child, 0)
        thread.join(20)
        return took

    assert start(work).result(20) < 3
