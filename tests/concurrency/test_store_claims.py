"""Claims among processes: one computes, the others wait; nobody waits for the dead, or in a ring."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid.entry import Entry
from inviscid.store import Store

A, B = b"a" * 32, b"b" * 32
Start = Callable[[Callable[[], Any]], Any]


def wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.001)


def wait_for_waiter(store: Store) -> None:
    """Until somebody waits for a claim: the kernel lists them."""
    mark = f":{os.stat(store.path / 'claims.lock').st_ino} "
    end = time.monotonic() + 30
    while not any("->" in line and mark in line for line in Path("/proc/locks").read_text().splitlines()):
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.001)


@pytest.mark.parametrize("size", [10, 20_000])
def test_sixteen_processes_compute_a_missing_key_once(
    tmp_path: Path, start: Start, make_entry: Callable[..., Entry], size: int
) -> None:
    """They make the store at once as well."""
    log = os.open(tmp_path / "log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    go = tmp_path / "go"

    def work() -> bytes:
        store = Store(tmp_path / "store")
        wait_for(go)
        values = []
        for number in range(5):
            key = bytes([number]) * 32
            with store.claim(key):
                entry = store.find(key)
                if entry is None:
                    os.write(log, b"%d" % number)
                    entry = store.publish(make_entry(key), [b"%d" % number * size], preimage=b"", durable=False)
            values.append(bytes(store.read(entry) or b"")[:1])
        return b"".join(values)

    children = [start(work) for _ in range(16)]
    go.touch()
    assert {child.result() for child in children} == {b"01234"}
    os.close(log)
    assert sorted((tmp_path / "log").read_bytes()) == sorted(b"01234")


def test_a_killed_holder_is_replaced_at_once(tmp_path: Path, start: Start) -> None:
    store = Store(tmp_path / "store")

    def hold() -> None:
        with store.claim(A):
            (tmp_path / "held").touch()
            time.sleep(60)

    def take() -> bool:
        with store.claim(A) as waited:
            return waited

    holder = start(hold)
    wait_for(tmp_path / "held")
    taker = start(take)
    wait_for_waiter(store)
    holder.kill()
    assert taker.result(10) is True


def test_a_stopped_holder_is_waited_for(tmp_path: Path, start: Start) -> None:
    store = Store(tmp_path / "store")

    def hold() -> None:
        with store.claim(A):
            (tmp_path / "held").touch()
            wait_for(tmp_path / "go")

    def take() -> bool:
        with store.claim(A) as waited:
            return waited

    holder = start(hold)
    wait_for(tmp_path / "held")
    holder.send(signal.SIGSTOP)
    taker = start(take)
    (tmp_path / "go").touch()
    wait_for_waiter(store)
    holder.send(signal.SIGCONT)
    assert taker.result(10) is True


def test_two_processes_that_want_what_the_other_holds_both_go_on(tmp_path: Path, start: Start) -> None:
    def work(mine: bytes, other: bytes) -> bool:
        store = Store(tmp_path / "store")
        with store.claim(mine):
            (tmp_path / mine[:1].decode()).touch()
            wait_for(tmp_path / other[:1].decode())
            with store.claim(other) as waited:
                return waited

    first, second = start(lambda: work(A, B)), start(lambda: work(B, A))
    # One closed the ring and went on without the claim; the other waited for it.
    assert sorted([first.result(20), second.result(20)]) == [False, True]


def test_a_killed_waiter_leaves_no_ring_behind(tmp_path: Path, start: Start) -> None:
    """The edge of a killed process must not make later waiters give up."""
    store = Store(tmp_path / "store")

    def hold_a() -> None:
        with store.claim(A):
            (tmp_path / "a").touch()
            wait_for(tmp_path / "free-a")

    def hold_b_and_want_a() -> None:
        with store.claim(B):
            (tmp_path / "b").touch()
            with store.claim(A):
                pass

    def hold_b() -> None:
        with store.claim(B):
            (tmp_path / "b2").touch()
            wait_for(tmp_path / "free-b")

    def hold_a_and_want_b() -> bool:
        with store.claim(A):
            (tmp_path / "a2").touch()
            with store.claim(B) as waited:
                return waited

    first = start(hold_a)
    wait_for(tmp_path / "a")
    waiter = start(hold_b_and_want_a)
    wait_for(tmp_path / "b")
    end = time.monotonic() + 20
    while not store._index.read("SELECT * FROM waits"):
        assert time.monotonic() < end
        time.sleep(0.005)
    waiter.kill()
    assert len(store._index.read("SELECT * FROM waits")) == 1
    (tmp_path / "free-a").touch()
    first.result()
    second = start(hold_b)
    wait_for(tmp_path / "b2")
    third = start(hold_a_and_want_b)
    wait_for(tmp_path / "a2")
    wait_for_waiter(store)
    (tmp_path / "free-b").touch()
    second.result()
    assert third.result(20) is True
    store.close()
