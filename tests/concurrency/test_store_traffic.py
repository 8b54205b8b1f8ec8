"""Readers, writers and collectors at once: no error, no wrong value, and no row without its object."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid.entry import Entry
from inviscid.store import Store

Start = Callable[[Callable[[], Any]], Any]
SECONDS = 2.0


def value_of(key: bytes) -> bytes:
    """Few different values, so that keys share objects; of sizes that are inline, read and mapped."""
    kind = key[0] % 12
    return bytes([kind]) * (50, 3000, 9000, 70_000, 1 << 20, 5000)[kind % 6]


def test_reading_and_writing_beside_collections(tmp_path: Path, start: Start, make_entry: Callable[..., Entry]) -> None:
    path = tmp_path / "store"

    def use(seed: int) -> tuple[int, int]:
        store, chance = Store(path), random.Random(seed)
        end, hits, misses = time.monotonic() + SECONDS, 0, 0
        while time.monotonic() < end:
            key = bytes([chance.randrange(60)]) * 32
            entry = store.find(key)
            view = None if entry is None else store.read(entry)
            if view is None:
                misses += 1
                written = store.publish(
                    make_entry(key, age=chance.choice((0, 1e6))), [value_of(key)], preimage=b"p", durable=False
                )
                assert written.size == len(value_of(key))
            else:
                hits += 1
                assert view == value_of(key)
                if chance.random() < 0.1:
                    store.touch(key, 1.0)
                if chance.random() < 0.05:
                    store.forget([key])
        store.close()
        return hits, misses

    def collect() -> int:
        store, removed = Store(path), 0
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            plan = store.plan_gc(size_limit=200_000, grace=-1.0)
            removed += store.execute(plan).entries
            if not store.exists():
                time.sleep(0.001)
        store.close()
        return removed

    users = [start(lambda seed=seed: use(seed)) for seed in range(4)]
    collectors = [start(collect) for _ in range(2)]
    hits, misses = map(sum, zip(*(child.result() for child in users), strict=True))
    assert sum(child.result() for child in collectors) > 20
    assert hits > 20
    assert misses > 20
    store = Store(path)
    for number in range(60):
        entry = store.find(bytes([number]) * 32)
        if entry is not None:
            # Whatever the index has at rest is there.
            assert store.read(entry) == value_of(entry.key)
    assert store.stats().quarantined == 0
    store.close()


STEPS = ["open", "write", "fsync", "close", "rename", "utime"]


@pytest.mark.parametrize("step", STEPS)
def test_a_writer_that_is_stopped_anywhere_still_stores_what_it_says(
    tmp_path: Path, start: Start, make_entry: Callable[..., Entry], step: str
) -> None:
    """Stopped at a step, for longer than any grace, while everything is collected; then it goes on."""
    store = Store(tmp_path / "store")
    store.publish(make_entry(b"0" * 32), [b"0" * 9000], preimage=b"", durable=False)
    data = b"1" * 9000

    def work() -> Entry:
        real, seen = getattr(os, step), []

        def stopping(*arguments: Any, **options: Any) -> Any:
            result = real(*arguments, **options)
            if not seen and (step != "open" or "/tmp/" in str(arguments[0])[len(str(tmp_path)) :]):
                seen.append(1)
                os.kill(os.getpid(), signal.SIGSTOP)
            return result

        setattr(os, step, stopping)
        entry = store.publish(make_entry(b"1" * 32), [data], preimage=b"", durable=True)
        assert seen
        return entry

    writer = start(work)
    os.waitpid(writer.pid, os.WUNTRACED)
    # A writer that stops inside its transaction keeps collectors out; they go on when it does.
    collector = threading.Thread(target=lambda: store.execute(store.plan_gc(size_limit=0, grace=-1.0)))
    collector.start()
    collector.join(0.3)
    writer.send(signal.SIGCONT)
    entry = writer.result()
    collector.join()
    found = store.find(b"1" * 32)
    # Collected as a whole after it was stored, or there as a whole.
    assert found in (None, entry)
    if found is not None:
        assert store.read(found) == data
    assert step == "utime" or found == entry
    store.close()


def test_a_mapped_object_survives_its_collection(tmp_path: Path, make_entry: Callable[..., Entry]) -> None:
    store = Store(tmp_path / "store")
    data = os.urandom(2 << 20)
    view = store.read(store.publish(make_entry(), [data], preimage=b"", durable=False))
    assert store.execute(store.plan_gc(size_limit=0, grace=-1.0)).entries == 1
    assert not [path for path in (store.path / "objects").rglob("*") if path.is_file()]
    assert view == data
    store.close()


def test_a_thread_that_forks_while_others_write(tmp_path: Path, start: Start, make_entry: Callable[..., Entry]) -> None:
    """The child can use the store at once, and both sides keep what they wrote."""
    store = Store(tmp_path / "store")
    # A fork while another thread imports is beyond us: Python's own lock on the module stays taken in the child.
    with store.claim(b"0" * 32):
        store.publish(make_entry(b"0" * 32), [b"0" * 9000], preimage=b"", durable=False)
    stop = threading.Event()
    errors: list[BaseException] = []

    def write(thread: int) -> None:
        number = 0
        try:
            while not stop.is_set():
                key = b"%2d%6d" % (thread, number) * 4
                with store.claim(key):
                    entry = store.publish(make_entry(key), [key * 200], preimage=b"", durable=False)
                assert store.read(entry) == key * 200
                number += 1
        except BaseException as error:
            errors.append(error)

    def child(number: int) -> None:
        key = bytes([number]) * 32
        with store.claim(key):
            entry = store.publish(make_entry(key), [key], preimage=b"", durable=False)
        assert store.read(entry) == key
        store.close()

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(15):
            start(lambda number=number: child(number)).result(30)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    for number in range(15):
        assert store.find(bytes([number]) * 32) is not None
    store.close()
