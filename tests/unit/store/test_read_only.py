"""A store that can only be read, while others write to it: what is read is what is there, or nothing is read at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid.entry import Entry
from inviscid.errors import StoreError
from inviscid.store import Store, database
from inviscid.store.layout import Layout

Put = Callable[..., Entry]
ONE, TWO = b"1" * 32, b"2" * 32


class Refused(sqlite3.Connection):
    """What can't be read without a shared memory that is there."""

    def execute(self, statement: str, *rest: Any) -> sqlite3.Cursor:
        if statement.startswith("PRAGMA"):
            return super().execute(statement, *rest)
        raise sqlite3.OperationalError("unable to open database file")


class Closed(Layout):
    """What nobody may write to."""

    writable = property(lambda _: False, lambda *_: None)  # type: ignore[assignment]


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Store]:
    """A store as it is on a disk that is mounted for reading alone."""
    connect = database.connect

    def refusing(path: str, options: str) -> sqlite3.Connection:
        if options == "mode=ro" and not os.path.exists(f"{path}-shm"):
            return sqlite3.connect(":memory:", factory=Refused)
        return connect(path, options)

    monkeypatch.setattr(database, "connect", refusing)

    def make(path: Path) -> Store:
        store = Store(path)
        store._layout.__class__ = Closed
        return store

    return make


def settle(store: Store) -> None:
    """Let the index be one that nobody has just written."""
    os.utime(store.path / "index.sqlite3", (1e9, 1e9))


def looked(store: Store) -> object:
    return store._index._slot().look


def test_what_others_write_is_read(store: Store, put: Put, read_only: Callable[[Path], Store]) -> None:
    first = put(ONE, b"first")
    store.close()
    settle(store)
    reader = read_only(store.path)
    assert reader.find(ONE) == first
    assert reader.find(TWO) is None
    assert looked(reader) == store._index._database.look()
    connection = reader._index._slot().connection
    assert reader.find(ONE) == first
    assert reader._index._slot().connection is connection
    # In the log, with a writer beside it.
    second = put(TWO, b"second")
    assert reader.find(TWO) == second
    assert looked(reader) is None
    replaced = put(ONE, b"replaced")
    assert reader.find(ONE) == replaced
    reader.close()
    assert reader.find(ONE) == replaced


@pytest.mark.parametrize("settled", [True, False])
def test_what_others_wrote_and_closed_is_read(
    store: Store, put: Put, read_only: Callable[[Path], Store], settled: bool
) -> None:
    put(ONE, b"first")
    store.close()
    if settled:
        settle(store)
    reader = read_only(store.path)
    assert reader.find(TWO) is None
    for number in range(3):
        # No publication of something new moves the generation.
        before = store.generation()
        put(bytes([number]) * 32, b"second")
        store.close()
        assert store.generation() == before
        assert reader.find(bytes([number]) * 32) is not None
    assert looked(reader) is not None
    store.forget([ONE])
    store.close()
    assert reader.find(ONE) is None


def test_an_index_that_was_exchanged_is_read(
    store: Store, put: Put, read_only: Callable[[Path], Store], tmp_path: Path
) -> None:
    put(ONE, b"first")
    store.close()
    shutil.copy2(store.path / "index.sqlite3", tmp_path / "kept")
    put(ONE, b"second")
    store.close()
    settle(store)
    reader = read_only(store.path)
    second = reader.find(ONE)
    os.replace(tmp_path / "kept", store.path / "index.sqlite3")
    first = reader.find(ONE)
    assert first is not None
    assert first != second
    assert reader.read(first) == b"first"
    shutil.rmtree(store.path)
    assert reader.find(ONE) is None


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_log_that_can_not_be_read_is_not_passed_over(
    store: Store, put: Put, read_only: Callable[[Path], Store], tmp_path: Path, suffix: str
) -> None:
    put(ONE, b"first")
    store.close()
    second = put(ONE, b"second")
    # As a writer leaves it that is killed, and whose shared memory isn't there any more.
    left = tmp_path / "left"
    shutil.copytree(store.path, left, ignore=shutil.ignore_patterns("*-shm"))
    os.rename(left / "index.sqlite3-wal", left / f"index.sqlite3{suffix}")
    reader = read_only(left)
    for _ in range(2):
        with pytest.raises(StoreError, match="log of the index"):
            reader.find(ONE)
    with pytest.raises(StoreError, match="log of the index"):
        reader.plan_gc()
    # Emptied by whoever could.
    os.truncate(left / f"index.sqlite3{suffix}", 0)
    found = reader.find(ONE)
    assert found is not None
    assert found != second


def test_who_is_kept_waiting_reads_nothing(
    store: Store, put: Put, read_only: Callable[[Path], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ONE, b"first")
    store.close()

    def locked(connection: Refused, statement: str, *rest: Any) -> sqlite3.Cursor:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error

    monkeypatch.setattr(Refused, "execute", locked)
    with pytest.raises(StoreError, match="locked"):
        read_only(store.path).find(ONE)
