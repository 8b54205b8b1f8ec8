"""Processes that fork while their threads are in the middle of something."""

from __future__ import annotations

import contextvars
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from inviscid import cached, computing, configure, mode
from inviscid.store import fork

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
