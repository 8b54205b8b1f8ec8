from __future__ import annotations

import asyncio
import contextvars
import errno
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from inviscid.errors import InviscidError, ReentryError, StoreError
from inviscid.store import Store, locks

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32


@pytest.fixture(params=["ranges", "files"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both kinds of lock, whatever this system has."""
    if request.param == "ranges" and not locks.HAS_RANGES:
        pytest.skip("this system has no open-file-description locks")
    monkeypatch.setattr(locks, "HAS_RANGES", request.param == "ranges")
    return str(request.param)


@contextmanager
def running(target: object) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=target, daemon=True)  # type: ignore[arg-type]
    thread.start()
    yield thread
    thread.join(20)
    assert not thread.is_alive(), "it hangs"


def test_threads_exclude_each_other_and_the_second_knows_that_it_waited(store: Store, way: str) -> None:
    told: list[bool] = []
    inside = threading.Event()

    def second() -> None:
        inside.set()
        with store.claim(A) as waited:
            told.append(waited)

    with store.claim(A) as waited:
        assert waited is False
        thread = threading.Thread(target=second, daemon=True)
        thread.start()
        assert inside.wait(10)
        thread.join(0.1)
        assert told == []
    thread.join(20)
    assert told == [True]
    with store.claim(A) as waited:
        assert waited is False


def test_many_threads_are_inside_one_at_a_time(store: Store, way: str) -> None:
    inside = 0

    def work(_: int) -> int:
        nonlocal inside
        with store.claim(A):
            inside += 1
            seen = inside
            threading.Event().wait(0.001)
            inside -= 1
        return seen

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(40))) == {1}


def test_other_keys_are_free(store: Store, way: str) -> None:
    def other() -> None:
        with store.claim(B) as waited:
            assert waited is False

    with store.claim(A), running(other):
        pass


def test_who_asks_for_what_it_holds_gets_an_error_that_names_the_reason(store: Store, way: str) -> None:
    reentry = pytest.raises(ReentryError, match="calls itself with the same arguments")
    with store.claim(A), store.claim(B), reentry as told, store.claim(A):
        pass
    assert isinstance(told.value, RecursionError)
    assert isinstance(told.value, InviscidError)
    assert not isinstance(told.value, StoreError)
    with store.claim(A) as waited:
        assert waited is False


def test_the_same_store_by_another_path_is_the_same(store: Store) -> None:
    link = store.path.with_name("link")
    with store.claim(A):
        link.symlink_to(store.path)
        with pytest.raises(ReentryError), Store(link).claim(A):
            pass


def test_a_claim_ends_with_an_exception(store: Store, way: str) -> None:
    with pytest.raises(OSError, match="mine"), store.claim(A):
        raise OSError("mine")
    with store.claim(A) as waited:
        assert waited is False


def test_two_threads_that_want_what_the_other_holds_both_go_on(store: Store, way: str) -> None:
    ready = threading.Barrier(2)
    done: list[str] = []

    def work(name: str, first: bytes, second: bytes) -> None:
        with store.claim(first):
            ready.wait(10)
            with store.claim(second):
                done.append(name)

    with running(lambda: work("1", A, B)), running(lambda: work("2", B, A)):
        pass
    assert sorted(done) == ["1", "2"]
    assert store._index.read("SELECT * FROM waits") == []


def test_three_threads_in_a_ring_all_go_on(store: Store, way: str) -> None:
    ready = threading.Barrier(3)
    done: list[bytes] = []

    def work(first: bytes, second: bytes) -> None:
        with store.claim(first):
            ready.wait(10)
            with store.claim(second):
                done.append(first)

    with running(lambda: work(A, B)), running(lambda: work(B, C)), running(lambda: work(C, A)):
        pass
    assert sorted(done) == [A, B, C]


def test_a_nested_wait_that_is_no_ring_waits(store: Store, way: str) -> None:
    order: list[str] = []
    held = threading.Event()

    def holder() -> None:
        with store.claim(B):
            held.set()
            threading.Event().wait(0.1)
            order.append("holder")

    with running(holder):
        assert held.wait(10)
        with store.claim(A), store.claim(B) as waited:
            assert waited is True
            order.append("nested")
    assert order == ["holder", "nested"]


def test_the_edge_of_a_dead_waiter_stops_nobody(store: Store, way: str) -> None:
    """As if a process had been killed while it held B and waited for A."""
    with store.claim(A):
        pass
    store._index.write(lambda connection: connection.execute("INSERT INTO waits VALUES (?, ?, ?)", (B, A, b"dead" * 8)))
    held, go = threading.Event(), threading.Event()

    def holder() -> None:
        with store.claim(B):
            held.set()
            go.wait(10)

    with running(holder):
        assert held.wait(10)
        threading.Timer(0.1, go.set).start()
        with store.claim(A), store.claim(B) as waited:
            assert waited is True
    assert store._index.read("SELECT * FROM waits") == []


def test_two_tasks_of_one_thread_do_not_wait_for_each_other(store: Store, way: str) -> None:
    async def task(turn: asyncio.Event, other: asyncio.Event) -> bool:
        with store.claim(A) as waited:
            other.set()
            await turn.wait()
        return waited

    async def both() -> list[bool]:
        first, second = asyncio.Event(), asyncio.Event()
        return await asyncio.wait_for(asyncio.gather(task(first, second), task(second, first)), 20)

    assert asyncio.run(both()) == [False, False]


def test_a_context_that_outlives_its_claim_can_claim_again(store: Store, way: str) -> None:
    with store.claim(A):
        context = contextvars.copy_context()

    def again() -> bool:
        with store.claim(A) as waited:
            return waited

    assert context.run(again) is False


def test_a_forked_child_does_not_keep_a_claim_alive(store: Store) -> None:
    go, gone = os.pipe()
    with store.claim(A):
        child = os.fork()
        if child == 0:
            os.close(gone)
            os.read(go, 1)
            os._exit(0)
    with store.claim(A) as waited:
        assert waited is False
    os.close(gone)
    os.close(go)
    os.waitpid(child, 0)


def test_a_child_that_leaves_its_parents_claim_does_not_free_it(store: Store) -> None:
    told: list[bool] = []
    with store.claim(A):
        child = os.fork()
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            thread = threading.Thread(target=lambda: told.append(enter(store)), daemon=True)
            thread.start()
            thread.join(0.1)
            assert told == []
    if not child:
        # The child's `with` has ended here, the parent's has not.
        os._exit(0)
    thread.join(20)
    assert told == [True]


def enter(store: Store) -> bool:
    with store.claim(A) as waited:
        return waited


def test_no_handle_is_left(store: Store, way: str) -> None:
    enter(store)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(50):
        with store.claim(bytes([number]) * 32), store.claim(A):
            pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_claim_whose_file_can_not_be_closed_well_ends_without_an_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value was computed by then: nothing may take it from the caller."""
    close = os.close

    def stale(handle: int) -> None:
        close(handle)
        raise OSError(errno.ESTALE, "Stale file handle")

    with store.claim(A):
        monkeypatch.setattr(os, "close", stale)
    monkeypatch.undo()
    with Store(store.path).claim(A, wait=False) as waited:
        assert waited is False


def test_a_claim_that_can_not_be_locked_is_a_store_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(store)
    real = os.open

    def failing(path: str, *rest: int) -> int:
        if path.endswith("claims.lock"):
            raise OSError(24, "Too many open files", path)
        return real(path, *rest)

    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(StoreError, match="can't be locked.*Too many open files.*ulimit"):
        enter(store)
