"""What a process holds in memory of a store."""

from __future__ import annotations

import os
from pathlib import Path

from inviscid.store import Store
from inviscid.store.memory import Memory

from .conftest import MakeEntry, Put


def test_it_is_bounded(make_entry: MakeEntry) -> None:
    memory = Memory(10_000)
    for number in range(50):
        key = bytes([number]) * 32
        held = memory.put(make_entry(key)._replace(key=key), memoryview(b"x" * 200), 1, "")
        assert held is not None
        if number == 0:
            held.hits += 1
        # What is asked for again and again stays.
        first = memory.get(bytes(32), 1)
        assert first is not None
        first.hits += 1
    kept = [number for number in range(50) if memory.get(bytes([number]) * 32, 1) is not None]
    assert kept == [0, *range(41, 50)]
    assert memory.put(make_entry(), memoryview(bytes(5000)), 1, "") is None
    assert Memory(0).put(make_entry(), memoryview(b""), 1, "") is None
    assert sorted(hits for _, hits, _ in memory.told()) == [51]
    assert list(memory.told()) == []


def test_what_others_remove_is_let_go(store: Store, put: Put) -> None:
    """Also what nobody asks for any more: a file that is mapped takes space until then."""
    data = os.urandom(2 << 20)
    entry = put(b"a" * 32, data)
    put(b"b" * 32, b"small")
    assert store.read(entry) == data
    held = store.held(b"a" * 32)
    assert held is not None
    assert store.recall(b"a" * 32) is not None
    Store(store.path).forget([b"b" * 32])
    assert store.recall(b"a" * 32) is None
    store.tick()
    assert (held.data, held.generation) == (None, -1)


def test_a_store_that_was_closed_holds_nothing(store: Store, put: Put, tmp_path: Path) -> None:
    put(b"a" * 32, b"value")
    assert store.held(b"a" * 32) is not None
    store.close()
    assert store.recall(b"a" * 32) is None
    assert store.held(b"a" * 32) is not None
