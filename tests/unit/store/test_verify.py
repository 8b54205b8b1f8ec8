"""Verification: what is damaged is found, named and, on demand, removed; what is sound is left alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from inviscid.entry import Entry
from inviscid.errors import InviscidWarning
from inviscid.store import Problem, Store
from inviscid.store.objects import Objects
from inviscid.store.outputs import Owned

Put = Callable[..., Entry]
SMALL, MEDIUM, LARGE = b"s" * 100, b"m" * 9000, b"l" * 3_000_000
KEYS = [bytes([number]) * 32 for number in range(4)]


@pytest.fixture
def filled(store: Store, put: Put) -> list[Entry]:
    """Small, medium and large, and another one that shares the large object."""
    store.remember({b"text": {b"code": b"form"}})
    store.own([Owned("/somewhere", KEYS[0], b"d" * 32)])
    entries = [put(key, data) for key, data in zip(KEYS, (SMALL, MEDIUM, LARGE, LARGE), strict=True)]
    store.close()
    return entries


def change(store: Store, statement: str, *parameters: object) -> None:
    connection = sqlite3.connect(store.path / "index.sqlite3")
    with connection:
        assert connection.execute(statement, parameters).rowcount
    connection.close()


def file_of(store: Store, entry: Entry) -> Path:
    return store.path / "objects" / entry.object.hex()[:2] / entry.object.hex()


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def problems(store: Store, *, read_data: bool = True) -> list[tuple[str, str]]:
    return [(problem.kind, problem.what) for problem in store.verify(read_data=read_data).problems]


def test_a_sound_store_has_no_problems(store: Store, filled: list[Entry]) -> None:
    assert store.verify() == (4, 2, len(SMALL), 0, ())
    assert store.verify(read_data=True) == (4, 2, len(SMALL + MEDIUM + LARGE), 0, ())


def test_where_there_is_no_store_there_is_nothing_to_verify(store: Store) -> None:
    assert store.verify(read_data=True, repair=True) == (0, 0, 0, 0, ())
    assert not store.path.exists()


def test_a_flipped_bit_in_a_file_is_found_by_reading_it(store: Store, filled: list[Entry]) -> None:
    flip(file_of(store, filled[1]))
    assert problems(store, read_data=False) == []
    assert problems(store) == [("object", "its bytes are not those that were stored")]
    assert store.stats().quarantined == 0, "without repair= nothing is touched"
    found = store.verify(read_data=True, repair=True).problems
    assert [(one.name, one.function, one.repaired) for one in found] == [(filled[1].object.hex(), "pkg.mod:f", True)]
    assert store.stats().quarantined == 1
    assert problems(store) == []
    assert store.find(KEYS[1]) is None
    assert store.find(KEYS[0]) is not None


@pytest.mark.parametrize("damage", ["cut", "missing", "folder"])
def test_a_file_of_another_size_is_found_without_reading(store: Store, filled: list[Entry], damage: str) -> None:
    path = file_of(store, filled[2])
    path.unlink()
    if damage == "cut":
        path.write_bytes(LARGE[:-1])
    elif damage == "folder":
        path.mkdir()
    (kind, what), *others = problems(store, read_data=False)
    assert kind == "object"
    assert what in (
        f"it has {len(LARGE) - 1} bytes instead of {len(LARGE)}",
        "it isn't there",
        "its bytes are not those that were stored",
    )
    # Both entries need it.
    assert len(others) == 1
    found = store.verify(repair=True).problems
    assert all(one.repaired for one in found)
    assert problems(store) == []
    assert store.stats().entries == 2


def test_an_entry_that_was_changed_is_found(store: Store, filled: list[Entry]) -> None:
    change(store, "UPDATE entries SET seconds = 9 WHERE key = ?", KEYS[0])
    change(store, "UPDATE entries SET inline = ? WHERE key = ?", b"x" * 100, KEYS[1])
    assert sorted(kind for kind, _ in problems(store)) == ["entry", "object"]
    found = {one.kind: one for one in store.verify(repair=True).problems}
    assert found["entry"] == Problem(
        "entry",
        KEYS[0].hex(),
        "pkg.mod:f",
        "its seal doesn't fit: a column was changed, or it stands under another key",
        True,
    )
    assert found["object"].repaired
    assert problems(store) == []
    assert store.stats().entries == 2


def test_a_row_under_another_key_is_found(store: Store, filled: list[Entry]) -> None:
    change(store, "UPDATE entries SET key = ? WHERE key = ?", b"9" * 32, KEYS[0])
    assert [one.name for one in store.verify().problems] == [(b"9" * 32).hex()]


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("form", "UPDATE forms SET body = x'00'"),
        ("form", "UPDATE forms SET body = 'text'"),
        ("output", "UPDATE outputs SET digest = x'00'"),
        ("output", "UPDATE outputs SET path = 'text'"),
    ],
)
def test_forms_and_outputs_that_were_changed_are_found(
    store: Store, filled: list[Entry], kind: str, statement: str
) -> None:
    change(store, statement)
    assert [(one.kind, one.repaired) for one in store.verify().problems] == [(kind, False)]
    assert [(one.kind, one.repaired) for one in store.verify(repair=True).problems] == [(kind, True)]
    assert problems(store) == []


def test_what_others_sealed_is_counted_and_left(store: Store, filled: list[Entry]) -> None:
    signed = Store(store.path, signing_key=b"k" * 32)
    assert signed.verify(read_data=True, repair=True) == (4, 0, 0, 4, ())
    assert store.verify(read_data=True).foreign == 0


def test_a_read_that_fails_once_is_tried_again(
    store: Store, filled: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    load, failures = Objects.load, [OSError(5, "Input/output error")] * 2

    def flaky(self: Objects, name: bytes, size: int) -> memoryview:
        if failures:
            raise failures.pop()
        return load(self, name, size)

    monkeypatch.setattr(Objects, "load", flaky)
    assert problems(store) == []
    assert failures == []
    failures[:] = [OSError(5, "Input/output error")] * 3
    assert store.verify(read_data=True, repair=True).problems == (
        Problem("unreadable", KEYS[1].hex(), "pkg.mod:f", "it can't be read now: Input/output error", False),
    )
    assert problems(store) == []
    assert store.stats().quarantined == 0


def test_an_entry_that_is_removed_meanwhile_is_no_problem(
    store: Store, filled: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    size, other = Objects.size, Store(store.path)

    def slow(self: Objects, name: bytes) -> int:
        other.forget(KEYS)
        return size(self, name)

    monkeypatch.setattr(Objects, "size", slow)
    assert store.verify().problems == ()


def test_a_damaged_index_is_set_aside_when_it_shall_be_repaired(store: Store, put: Put) -> None:
    for number in range(300):
        put(number.to_bytes(32, "big"), SMALL)
    store.close()
    index = store.path / "index.sqlite3"
    data = bytearray(index.read_bytes())
    for page in range(2, len(data) // 4096, 3):
        data[4096 * page : 4096 * page + 60] = os.urandom(60)
    index.write_bytes(data)
    (found,) = store.verify().problems
    assert (found.kind, found.name, found.repaired) == ("index", str(index), False)
    assert index.read_bytes() == bytes(data)
    with pytest.warns(InviscidWarning, match="is begun anew"):
        (found,) = store.verify(repair=True).problems
    assert found.repaired
    assert problems(store) == []
    put()
    assert store.find(b"k" * 32) is not None


def test_an_index_whose_tables_are_good_is_mended(store: Store, filled: list[Entry]) -> None:
    connection = sqlite3.connect(store.path / "index.sqlite3")
    connection.execute("PRAGMA writable_schema = ON")
    # The index of the functions is declared over another column, so nothing in it is right.
    connection.execute("UPDATE sqlite_master SET sql = replace(sql, '(function, created)', '(origin, created)') "
                       "WHERE name = 'entries_function'")  # fmt: skip
    connection.commit()
    connection.close()
    assert [kind for kind, _ in problems(store)] == ["index"]
    assert [one.repaired for one in store.verify(read_data=True, repair=True).problems] == [True]
    assert problems(store) == []
    assert store.stats().entries == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_nothing_is_repaired_where_nothing_can_be_written(store: Store, filled: list[Entry]) -> None:
    flip(file_of(store, filled[1]))
    store.path.chmod(0o500)
    found = Store(store.path).verify(read_data=True, repair=True).problems
    store.path.chmod(0o700)
    assert [one.repaired for one in found] == [False]


@pytest.mark.parametrize("name", ["preimages", "outputs", "pins", "forms"])
def test_a_missing_table_is_found_and_made_again(store: Store, filled: list[Entry], name: str) -> None:
    connection = sqlite3.connect(store.path / "index.sqlite3")
    connection.execute(f"DROP TABLE {name}")
    connection.close()
    assert problems(store) == [("index", f"the table {name} is missing")]
    assert [one.repaired for one in store.verify(repair=True).problems] == [True]
    assert problems(store) == []
    assert store.stats().entries == 4


@pytest.mark.parametrize("name", ["generation", "claims.lock", "objects/ab"])
def test_what_stands_in_the_place_of_something_else_is_found(store: Store, filled: list[Entry], name: str) -> None:
    path = store.path / name
    if name == "objects/ab":
        path.write_bytes(b"no folder")
    else:
        path.unlink()
        path.mkdir()
    assert [(one.kind, one.name, one.repaired) for one in store.verify().problems] == [("place", str(path), False)]
    assert [one.repaired for one in store.verify(repair=True).problems] == [True]
    assert problems(store) == []
    store.forget(KEYS[:1])
    with store.claim(b"c" * 32):
        pass


def test_a_damaged_version_is_written_anew(store: Store, filled: list[Entry]) -> None:
    for damage in (b"", b"\x00\x00"):
        store.close()
        (store.path / "version").write_bytes(damage)
        (found,) = store.verify().problems
        assert (found.kind, found.repaired) == ("version", False)
        assert [one.repaired for one in store.verify(repair=True).problems] == [True]
        assert problems(store) == []
        assert store.stats().entries == 4


def test_figures_that_are_damaged_are_left_out(store: Store, filled: list[Entry]) -> None:
    connection = sqlite3.connect(store.path / "index.sqlite3")
    with connection:
        connection.execute("INSERT OR REPLACE INTO statistics VALUES (1, 'junk', x'00')")
        connection.execute("INSERT OR REPLACE INTO statistics VALUES (20, 3, 1.5)")
    connection.close()
    assert store.stats().outcomes == {"MISS_NEW": (3, 1.5)}
