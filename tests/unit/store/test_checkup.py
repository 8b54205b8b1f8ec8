"""The check-up: each thing that can be wrong with the place of a store is said, with what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from inviscid.entry import Entry
from inviscid.store import Check, Store, checkup, locks
from inviscid.store.locks import RangeLock

Put = Callable[..., Entry]


def found(store: Store) -> dict[str, Check]:
    return {check.name: check for check in store.checkup()}


def bad(store: Store) -> dict[str, str]:
    return {check.name: check.state for check in store.checkup() if check.state != "ok"}


def test_a_sound_store_is_well_and_left_as_it_is(store: Store, put: Put) -> None:
    put()
    store.close()
    before = sorted(str(path) for path in store.path.rglob("*"))
    checks = found(store)
    assert {check.state for check in checks.values()} == {"ok"}
    assert checks["index"].found.startswith("1 entries, ")
    assert checks["index"].found.endswith("journal wal")
    assert "exclude each other" in checks["locks"].found
    store.close()
    assert sorted(str(path) for path in store.path.rglob("*")) == before


def test_where_there_is_no_store_none_is_made(store: Store) -> None:
    assert bad(store) == {}
    assert "the first result makes it" in found(store)["store"].found
    assert not store.path.exists()


def test_a_store_that_is_refused_says_why(store: Store, put: Put) -> None:
    put()
    store.close()
    store.path.chmod(0o777)
    assert bad(store) == {"store": "wrong"}
    assert "chmod" in found(store)["store"].found


def test_a_read_only_store_is_told(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    store.close()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert bad(store) == {"store": "note"}


def test_a_network_and_a_full_disk_are_told(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    monkeypatch.setattr(checkup, "on_network", lambda path: "nfs4")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    assert bad(store) == {"file system": "note", "space": "note"}
    assert found(store)["file system"].found.startswith("nfs4, on a network")


def test_locks_that_do_not_exclude_are_wrong(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    monkeypatch.setattr(RangeLock, "acquire", lambda self, wait: True)
    assert bad(store) == {"locks": "wrong"}


def test_the_kind_of_the_locks_is_told(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    kinds = [found(store)["locks"].found]
    for module in (locks, checkup):
        monkeypatch.setattr(module, "HAS_RANGES", False)
    kinds.append(found(store)["locks"].found)
    assert kinds == [
        "claims are byte ranges of one file (Linux), and exclude each other",
        "claims are one file for each (filelock), and exclude each other",
    ]


def test_clocks_that_differ_are_told(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    monkeypatch.setattr(checkup.time, "time", lambda: 1e9)
    assert bad(store) == {"clock": "note"}
    assert "s away" in found(store)["clock"].found


def test_entries_of_the_future_are_told(store: Store, put: Put) -> None:
    put(age=-100_000.0)
    assert found(store)["clock"].found == "1 entries were made in the future"


def test_damage_is_told(store: Store, put: Put) -> None:
    entry = put(data=b"x" * 9000)
    (path,) = (store.path / "objects").rglob(entry.object.hex())
    path.write_bytes(b"y" * 9000)
    assert store.read(entry) is None
    assert bad(store) == {"quarantine": "note"}
    store.close()
    with sqlite3.connect(store.path / "index.sqlite3") as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entries'").fetchone()
    connection.close()
    with open(store.path / "index.sqlite3", "r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(os.urandom(100))
    assert bad(store)["index"] == "wrong"
    assert found(store)["index"].cure == "run `inviscid verify --repair`"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text("ab" * 32)
    path.chmod(0o600)
    return path


def test_keys_are_counted_and_bad_ones_told(store: Store, put: Put, key: Path) -> None:
    put()
    signed = Store(store.path, signing_key=key)
    assert found(signed)["signing key"].found == "1 key; the first seals"
    key.chmod(0o644)
    checks = [check for check in Store(store.path, signing_key=key).checkup() if check.state == "wrong"]
    assert [check.name for check in checks] == ["store"]
    assert "others can read" in checks[0].found
