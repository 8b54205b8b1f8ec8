"""Every step of the store's work dies or fails once; readers never see a wrong value and the next call works."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid.entry import Entry, Provenance
from inviscid.errors import StoreError
from inviscid.store import Store

CALLS = ["open", "write", "fsync", "close", "rename", "unlink", "utime", "mkdir", "fchmod"]
OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


def entry_for(key: bytes, age: float = 0.0) -> Entry:
    origin = Provenance("pkg.mod:f", b"F" * 32, b"\x80", time.time() - age, 1.0, "host:1")
    return Entry(key, "pickle/2", b"", 0, b"v" * 32, b"\x80", b"", origin)


def value_of(key: bytes) -> bytes:
    return key * 300


def put(store: Store, key: bytes, age: float = 0.0) -> None:
    store.publish(entry_for(key, age), [value_of(key)], preimage=b"p", durable=True)


def replace(store: Store) -> None:
    store.publish(entry_for(OLD), [b"replaced" * 1000], preimage=b"p", durable=True)


def read_damaged(store: Store) -> None:
    entry = store.find(OTHER)
    if entry is not None:
        assert store.read(entry) is None


def collect(store: Store) -> None:
    store.execute(store.plan_gc(size_limit=0, grace=0.5))


TASKS: dict[str, Callable[[Store], object]] = {
    "put": lambda store: put(store, NEW),
    "replace": replace,
    "forget": lambda store: store.forget([OLD]),
    "damaged": read_damaged,
    "gc": collect,
}


def prepare(path: Path) -> None:
    store = Store(path)
    put(store, OLD, age=1e6)
    put(store, OTHER, age=1e6)
    other = store.find(OTHER)
    assert other is not None
    (path / "objects" / other.object.hex()[:2] / other.object.hex()).write_bytes(b"damage" * 1600)
    store.close()


def check(path: Path) -> None:
    """A fresh reader, and a recompute."""
    store = Store(path)
    for key, allowed in ((OLD, (value_of(OLD), b"replaced" * 1000)), (NEW, (value_of(NEW),)), (OTHER, ())):
        entry = store.find(key)
        view = None if entry is None else store.read(entry)
        assert view is None or view in allowed
    for key in (OLD, NEW, OTHER):
        put(store, key)
        entry = store.find(key)
        assert entry is not None
        assert store.read(entry) == value_of(key)
    left = store.plan_gc(grace=-1.0)
    store.execute(left)
    assert os.listdir(path / "tmp") == []
    store.close()


def fault_at(name: str, turn: int, act: Callable[[], None]) -> list[int]:
    """From now on, the `turn`-th call of `os.<name>` does something else first. Gives the number of calls so far."""
    real, count = getattr(os, name), [0]

    def faulty(*arguments: Any, **options: Any) -> Any:
        count[0] += 1
        if count[0] == turn:
            act()
        return real(*arguments, **options)

    setattr(os, name, faulty)
    return count


def in_child(work: Callable[[], int]) -> int:
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def calls_of(task: Callable[[Store], object], name: str, path: Path) -> int:
    """How many calls a clean run makes."""

    def work() -> int:
        count = fault_at(name, -1, lambda: None)
        task(Store(path))
        return count[0]

    return in_child(work)


@pytest.mark.parametrize("task", TASKS)
def test_a_process_that_is_killed_at_any_step(tmp_path: Path, task: str) -> None:
    points = 0
    for name in CALLS:
        prepare(tmp_path / name)
        for turn in range(1, calls_of(TASKS[task], name, tmp_path / name) + 1):
            path = tmp_path / f"{name}-{turn}"
            prepare(path)

            def work(path: Path = path, name: str = name, turn: int = turn) -> int:
                fault_at(name, turn, lambda: os.kill(os.getpid(), signal.SIGKILL))
                TASKS[task](Store(path))
                return 0

            assert in_child(work) == -signal.SIGKILL, "the fault must fire"
            check(path)
            points += 1
    assert points >= 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("task", TASKS)
def test_a_call_that_fails_at_any_step(tmp_path: Path, task: str, number: int) -> None:
    """It works nevertheless, or raises StoreError; never anything else, and never a wrong value later."""
    points = 0
    for name in CALLS:
        prepare(tmp_path / name)
        for turn in range(1, calls_of(TASKS[task], name, tmp_path / name) + 1):
            path = tmp_path / f"{name}-{turn}"
            prepare(path)

            def work(path: Path = path, name: str = name, turn: int = turn) -> int:
                fired = []

                def fail() -> None:
                    fired.append(1)
                    raise OSError(number, os.strerror(number))

                fault_at(name, turn, fail)
                try:
                    TASKS[task](Store(path))
                except StoreError:
                    pass
                return 0 if fired else 98

            assert in_child(work) == 0, (name, turn)
            check(path)
            points += 1
    assert points >= 2


def test_killing_writers_in_a_loop(tmp_path: Path) -> None:
    """At moments that nobody chose, beside a reader."""
    path = tmp_path / "store"
    store = Store(path)
    put(store, OLD)

    def write() -> int:
        mine, number = Store(path), 0
        while True:
            key = b"%8d" % (number % 50) * 4
            mine.publish(entry_for(key), [value_of(key)], preimage=b"", durable=False)
            mine.forget([b"%8d" % ((number + 25) % 50) * 4])
            number += 1

    for turn in range(30):
        child = os.fork()
        if child == 0:
            try:
                write()
            finally:
                os._exit(1)
        end = time.monotonic() + 0.02 + 0.001 * turn
        while time.monotonic() < end:
            for number in range(50):
                key = b"%8d" % number * 4
                entry = store.find(key)
                view = None if entry is None else store.read(entry)
                assert view is None or view == value_of(key)
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    put(store, NEW)
    entry = store.find(NEW)
    assert entry is not None
    assert store.read(entry) == value_of(NEW)
    assert store.stats().quarantined == 0
    store.execute(store.plan_gc(grace=-1.0))
    assert os.listdir(path / "tmp") == []
    store.close()


def test_a_full_disk_leaves_nothing_and_raises_a_store_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    put(store, OLD)
    real = os.write

    def half(handle: int, data: memoryview) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(StoreError, match=r"can't be written.*No space left.*inviscid gc"):
        put(store, NEW)
    monkeypatch.undo()
    assert os.listdir(store.path / "tmp") == []
    assert store.find(NEW) is None
    put(store, NEW)
    assert store.find(NEW) is not None
    store.close()
