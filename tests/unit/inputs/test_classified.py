"""What is known by its name, what is nothing, and what is refused."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import itertools
import logging
import mmap
import os
import socket
import sqlite3
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from inviscid.errors import UnhashableInput

Encode = Callable[..., bytes]


class Local(threading.local):
    pass


class Signal(threading.Event):
    """A subclass of a lock has a state of its own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def test_loggers_by_name(encode: Encode) -> None:
    """Handlers and levels are where messages go, not what is computed."""
    one, two = logging.getLogger("tests.one"), logging.getLogger("tests.two")
    before = encode(one)
    one.addHandler(logging.StreamHandler())
    one.setLevel(logging.ERROR)
    assert encode(one) == before != encode(two)
    assert encode(logging.getLogger()) != before
    assert encode([one, one])[1:] == before * 2


def test_locks_are_nothing_but_their_type(encode: Encode) -> None:
    """Held or not, shared or not."""
    kinds: list[Callable[[], Any]] = [
        threading.Lock, threading.RLock, threading.Condition, threading.Event, lambda: threading.Semaphore(2),
        lambda: threading.BoundedSemaphore(2), lambda: threading.Barrier(2), asyncio.Lock, asyncio.Event,
        threading.local, Local,
    ]  # fmt: skip
    assert len({encode(make()) for make in kinds}) == len(kinds)
    for make in kinds:
        one, two = make(), make()
        assert encode([one, one]) == encode([one, two])
        if hasattr(two, "acquire") and not isinstance(two, asyncio.Lock):
            two.acquire()
        assert encode(one) == encode(two)
    lock = get_context("spawn").Lock()
    assert encode(lock) == encode(get_context("spawn").Lock())
    assert encode(Signal("a")) != encode(Signal("b"))


def test_thread_locals_are_nothing(encode: Encode) -> None:
    """What a thread put in is not an input."""
    one, two = threading.local(), threading.local()
    one.x = 1
    assert encode(one) == encode(two)


def test_context_variables_by_name(encode: Encode) -> None:
    """Their value belongs to a context."""
    one: contextvars.ContextVar[int] = contextvars.ContextVar("one")
    before = encode(one)
    one.set(1)
    assert encode(one) == before != encode(contextvars.ContextVar("two"))


def test_weak_references_by_what_they_refer_to(encode: Encode) -> None:
    """A dead one refers to nothing."""
    one, two = Signal("a"), Signal("b")
    dead = weakref.ref(Signal("c"))
    assert len({encode(value) for value in (weakref.ref(one), weakref.ref(two), dead, one)}) == 4
    assert encode([one, weakref.ref(one)]) != encode([one, weakref.ref(Signal("a"))])
    assert encode(weakref.WeakMethod(one.set)) != encode(weakref.WeakMethod(one.clear))


def test_the_environment_is_its_content(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    """`os.environ` as an argument is what is in it."""
    before = encode(os.environ)
    assert encode(os.environ) == before
    monkeypatch.setenv("INVISCID_TEST", "1")
    assert encode(os.environ) != before


def gives() -> Iterator[int]:
    yield 1


async def awaits() -> None: ...


async def gives_later() -> AsyncIterator[int]:
    yield 1


def test_what_cannot_be_read_is_refused(encode: Encode, tmp_path: Path) -> None:
    """Each with the path and the cures; never a constant, never an address."""
    (tmp_path / "f").write_text("content")
    coroutine = awaits()
    read, write = socket.socketpair()
    executor = concurrent.futures.ThreadPoolExecutor(1)
    database = sqlite3.connect(":memory:")
    mapped = mmap.mmap(-1, 10)
    loop = asyncio.new_event_loop()
    try:
        raise ValueError
    except ValueError as error:
        traceback = error.__traceback__
    one = Signal("a")
    with (tmp_path / "f").open() as text, (tmp_path / "f").open("rb") as data:
        refused = [
            text, data, data.raw, gives(), coroutine, gives_later(), read, database, database.cursor(),
            sys._getframe(), traceback, threading.current_thread(), executor, concurrent.futures.Future(), mapped,
            loop, loop.create_future(), itertools.chain([1]), itertools.tee([1])[0], itertools.cycle([1]),
            weakref.proxy(one), sys.stdout, get_context("spawn").Process(), __import__("hashlib").sha256(),
            memoryview(b"abc")[::2],
        ]  # fmt: skip
        for value in refused:
            with pytest.raises(UnhashableInput, match="__inviscid_key__") as caught:
                encode({"a": [value]})
            assert caught.value.path == "argument 'x'['a'][0]", value
    coroutine.close()
    loop.close()
    for closed in (read, write, database, mapped):
        closed.close()
    executor.shutdown()


def test_an_iterator_that_can_be_read_is_its_state(encode: Encode) -> None:
    """The iterators of builtin containers say where they are."""
    one = iter([1, 2, 3])
    before = encode(one)
    assert encode(iter([1, 2, 3])) == before
    next(one)
    assert encode(one) != before
    assert encode(map(len, ["a"])) != encode(map(len, ["b"]))
