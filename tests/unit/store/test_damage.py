"""Whatever happens to a stored byte: the right value or none, never a wrong one, and the next call is a hit."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid.entry import Entry
from inviscid.errors import InviscidWarning, StoreError
from inviscid.store import Store
from inviscid.store.database import Database, is_damage
from inviscid.store.seals import Seals

Put = Callable[..., Entry]


def object_path(store: Store, entry: Entry) -> Path:
    return store.path / "objects" / entry.object.hex()[:2] / entry.object.hex()


def flips(data: bytes) -> list[bytes]:
    """Every single-bit flip."""
    return [
        data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]
        for place in range(len(data))
        for bit in range(8)
    ]


def test_every_bit_flip_and_truncation_of_an_object_file(store: Store, put: Put) -> None:
    data = os.urandom(4200)
    entry = put(data=data)
    path = object_path(store, entry)
    # Each flip of a sample of bytes that covers head and tail, and every shorter length.
    some = [flip for place in (0, 1, 2, 2100, 4198, 4199) for flip in flips(data[place : place + 1])]
    places = [place for place in (0, 1, 2, 2100, 4198, 4199) for _ in range(8)]
    damaged = [data[:place] + flip + data[place + 1 :] for place, flip in zip(places, some, strict=True)]
    damaged += [data[:length] for length in range(0, 4200, 97)] + [data + b"\0", data + data]
    for wrong in damaged:
        path.write_bytes(wrong)
        assert store.read(entry) is None
        assert store.find(entry.key) is None
        assert not path.exists()
        entry = put(data=data)
    assert store.read(entry) == data
    assert store.stats().quarantined == len(damaged)
    assert len(os.listdir(store.path / "quarantine")) == len(damaged)


def test_every_bit_flip_and_truncation_of_object_bytes_is_seen(store: Store, put: Put) -> None:
    """As above for each bit, with the read-only half alone: it is the check that is tested, not the repair."""
    data = os.urandom(4200)
    entry = put(data=data)
    path = object_path(store, entry)
    objects = store._objects
    handle = os.open(path, os.O_RDWR)
    from inviscid.store.objects import Damaged

    for place in range(len(data)):
        for bit in range(8):
            os.pwrite(handle, bytes([data[place] ^ (1 << bit)]), place)
            with pytest.raises(Damaged):
                objects.load(entry.object, entry.size)
        os.pwrite(handle, data[place : place + 1], place)
    assert objects.load(entry.object, entry.size) == data
    for length in reversed(range(len(data))):
        os.ftruncate(handle, length)
        with pytest.raises(Damaged):
            objects.load(entry.object, entry.size)
    os.close(handle)


def test_every_bit_flip_and_truncation_of_an_inline_object(store: Store, put: Put) -> None:
    data = os.urandom(40)
    entry = put(data=data)
    wrongs = flips(data) + [data[:length] for length in range(len(data))] + [data + b"\0"]
    for wrong in wrongs:
        overwrite(store, "inline", wrong)
        found = store.find(entry.key)
        assert found is not None
        assert store.read(found) is None
        assert store.find(entry.key) is None
        put(data=data)
    assert store.stats().quarantined == len(wrongs)


def overwrite(store: Store, column: str, value: object) -> None:
    with sqlite3.connect(store.path / "index.sqlite3") as connection:
        connection.execute(f"UPDATE entries SET {column} = ?", (value,))
    connection.close()


SEALED: dict[str, list[object]] = {
    "codec": ["pickle/2", "", b"\xff"],
    "object": [b"o" * 32, b"", "text", 5],
    "size": [6, -1, 5.5, "five"],
    "value": [b"w" * 32, "vvv"],
    "classes": [b"\x81", ""],
    "manifest": [b"m" * 32],
    "function": ["pkg.mod:g", b"\xff\xfe"],
    "fingerprint": [b"G" * 32],
    "parts": [b"\x80", 7],
    "created": [0.0, "yesterday"],
    "seconds": [1e9, b"1"],
    "origin": ["elsewhere:1", b"\xff"],
    "seal": [b"s" * 32, b"", "seal", 0],
}


@pytest.mark.parametrize(("column", "value"), [(name, value) for name, values in SEALED.items() for value in values])
def test_a_row_that_was_changed_is_no_entry(store: Store, put: Put, column: str, value: object) -> None:
    put()
    overwrite(store, column, value)
    assert store.nearest("pkg.mod:f") == []
    assert store.find(b"k" * 32) is None
    assert store.stats().entries == 0
    assert store.stats().quarantined == 1
    entry = put()
    assert store.read(entry) == b"value"


def test_a_row_of_one_key_does_not_serve_another(store: Store, put: Put) -> None:
    put(b"1" * 32, b"one")
    put(b"2" * 32, b"two")
    with sqlite3.connect(store.path / "index.sqlite3") as connection:
        connection.execute("UPDATE entries SET key = ? WHERE key = ?", (b"3" * 32, b"1" * 32))
    connection.close()
    assert store.find(b"3" * 32) is None
    assert store.find(b"2" * 32) is not None


def test_the_seal_is_pinned_and_a_secret_changes_it() -> None:
    parts = [b"k", "c/1", b"o", 1, b"v", b"", b"", "f", b"F", b"", 1.5, 2.5, "h"]
    label = "inviscid-entry/1"
    plain = Seals().make(label, parts)
    assert plain.hex() == "7328c70b95ff1d1999d6b55f43c436685d122bc845c9a7f01db94b5f628d4c8b"
    assert Seals().make(label, parts, 16) == plain[:16]
    keyed = Seals([b"s" * 32]).make(label, parts)
    assert keyed.hex() == "e0ccd4e6d1ca4d66b996f35400cb63b2bcbd9bfe34d8cae0be46706bf7260fb68a08c3df"
    assert Seals([b"t" * 32]).make(label, parts)[4:] != keyed[4:]


def test_a_missing_object_takes_its_entries_along(store: Store, put: Put) -> None:
    first = put(b"1" * 32, b"x" * 9000)
    put(b"2" * 32, b"x" * 9000)
    object_path(store, first).unlink()
    before = store.generation()
    assert store.read(first) is None
    assert store.generation() != before
    assert store.find(b"1" * 32) is None
    assert store.find(b"2" * 32) is None
    assert store.stats().quarantined == 0


@pytest.mark.parametrize("how", ["read", "verify"])
def test_a_missing_object_of_a_pinned_entry_may_come_back(store: Store, put: Put, how: str, tmp_path: Path) -> None:
    first = put(b"1" * 32, b"x" * 9000)
    second = put(b"2" * 32, b"x" * 9000)
    store.pin(first.key, "it can't be computed again")
    (store.path / "objects").rename(tmp_path / "away")
    (store.path / "objects").mkdir()
    for _ in range(2):
        if how == "read":
            assert store.read(first) is None
        else:
            (problem,) = store.verify(repair=True).problems
            assert not problem.repaired
    assert store.find(second.key) is None
    (store.path / "objects").rmdir()
    (tmp_path / "away").rename(store.path / "objects")
    assert store.find(first.key) == first
    assert store.read(first) == b"x" * 9000
    assert store.verify(read_data=True).problems == ()


def test_what_is_damaged_goes_and_its_pin_stays(store: Store, put: Put) -> None:
    entry = put(data=b"x" * 9000)
    store.pin(entry.key, "it can't be computed again")
    object_path(store, entry).write_bytes(b"y" * 9000)
    assert store.verify(read_data=True, repair=True).problems[0].repaired
    assert store.find(entry.key) is None
    assert store.is_pinned(entry.key)
    assert len(os.listdir(store.path / "quarantine")) == 1


@pytest.mark.parametrize("kind", ["link", "directory"])
def test_something_else_in_the_place_of_an_object_is_damage(store: Store, put: Put, kind: str, tmp_path: Path) -> None:
    entry = put(data=b"x" * 9000)
    path = object_path(store, entry)
    path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.mkdir()
    assert store.read(entry) is None
    assert store.find(entry.key) is None
    assert (tmp_path / "elsewhere").read_bytes() == b"x" * 9000
    assert store.read(put(data=b"x" * 9000)) == b"x" * 9000


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.EACCES, errno.ESTALE])
@pytest.mark.parametrize("size", [9000, 2 << 20])
def test_an_object_that_can_not_be_read_now_stays(
    store: Store, put: Put, monkeypatch: pytest.MonkeyPatch, number: int, size: int
) -> None:
    entry = put(data=b"x" * size)
    real = os.open

    def failing(path: str, *rest: int) -> int:
        if "/objects/" in path:
            raise OSError(number, os.strerror(number), path)
        return real(path, *rest)

    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(StoreError, match="can't be read"):
        store.read(entry)
    monkeypatch.undo()
    assert store.read(entry) == b"x" * size
    assert os.listdir(store.path / "quarantine") == []


def test_damage_that_another_process_mended_meanwhile_is_no_damage(
    store: Store, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = put(data=b"x" * 9000)
    path = object_path(store, entry)
    path.write_bytes(b"y" * 9000)
    real = store._index.write

    def mend_first(*args: object, **options: object) -> object:
        path.write_bytes(b"x" * 9000)
        return real(*args, **options)  # type: ignore[arg-type]

    store._reader
    monkeypatch.setattr(store._index, "write", mend_first)
    assert store.read(entry) == b"x" * 9000
    assert os.listdir(store.path / "quarantine") == []


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(20_000))


def _no_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[:100] = bytes(100)
    path.write_bytes(data)


def _zeroed_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)


def _other_database(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE mine (x); PRAGMA user_version = 1;")
    connection.close()


@pytest.mark.filterwarnings("ignore:the index of the store")
@pytest.mark.parametrize("damage", [_garbage, _no_header, _zeroed_pages, _other_database])
@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("first", ["find", "publish", "stats", "claim"])
def test_a_damaged_index_is_set_aside_and_begun_anew(
    store: Store, put: Put, damage: Callable[[Path], None], is_open: bool, first: str
) -> None:
    put(b"1" * 32, b"x" * 9000)
    # Only a closed database has everything in one file.
    store.close()
    if is_open:
        store.find(b"1" * 32)
    damage(store.path / "index.sqlite3")
    if first == "find":
        assert store.find(b"2" * 32) is None
    elif first == "stats":
        store.stats()
    elif first == "claim":
        with store.claim(b"1" * 32):
            pass
    entry = put(b"2" * 32, b"x" * 9000)
    found = store.find(b"2" * 32)
    assert found == entry
    assert store.read(entry) == b"x" * 9000
    other = Store(store.path)
    # A connection that is open may work from its memory; the next to open the index sees what it is.
    assert other.find(b"2" * 32) in ((None, entry) if is_open else (entry,))
    entry = put(b"2" * 32, b"x" * 9000)
    assert other.find(b"2" * 32) == entry
    other.close()


def test_setting_an_index_aside_is_told_once_and_moves_the_generation(store: Store, put: Put) -> None:
    put()
    store.close()
    before = store.generation()
    _garbage(store.path / "index.sqlite3")
    with pytest.warns(InviscidWarning, match="begun anew") as told:
        assert store.find(b"k" * 32) is None
    assert len(told) == 1
    assert store.generation() != before
    assert any(name.startswith("index-") for name in os.listdir(store.path / "quarantine"))
    assert store.find(b"k" * 32) is None


def test_an_index_that_could_not_be_read_once_is_kept(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite calls a file damaged of which one read failed."""
    entry = put()
    store.close()
    failing, open_ = [True], Database.open

    def fail_once(database: Database) -> sqlite3.Connection:
        if failing:
            failing.clear()
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        return open_(database)

    monkeypatch.setattr(Database, "open", fail_once)
    assert store.find(b"k" * 32) == entry
    assert not failing
    assert os.listdir(store.path / "quarantine") == []


@pytest.mark.parametrize("error", [sqlite3.OperationalError("unable to open database file"), OSError(errno.EIO, "")])
def test_a_collection_that_can_not_open_the_index_is_a_store_error(
    store: Store, put: Put, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    put()

    def fail(database: Database) -> sqlite3.Connection:
        raise error

    # It reads on a connection of its own.
    monkeypatch.setattr(Database, "open", fail)
    with pytest.raises(StoreError, match="can't be used"):
        store.plan_gc(size_limit=0, grace=-1.0)


@pytest.mark.filterwarnings("ignore:the index of the store")
def test_a_process_that_has_the_old_index_open_moves_over(store: Store, put: Put) -> None:
    put(b"1" * 32)
    other = Store(store.path)
    assert other.find(b"1" * 32) is not None
    os.rename(store.path / "index.sqlite3", store.path / "index.sqlite3.old")
    store.close()
    entry = put(b"2" * 32)
    store.forget([b"e0ccd4e6d1ca4d66b996f35400cb63b2bcbd9bfe34d8cae0be46706bf7260fb68a08c3df" * 32])
    assert other.find(b"2" * 32) == entry
    assert other.find(b"1" * 32) is None
    other.close()


@pytest.mark.filterwarnings("ignore:the index of the store")
def test_random_damage_to_the_index_never_gives_a_wrong_value(store: Store, put: Put) -> None:
    values = {bytes([number]) * 32: os.urandom(200) for number in range(40)}
    for key, value in values.items():
        put(key, value)
    store.close()
    path = store.path / "index.sqlite3"
    whole = path.read_bytes()
    chance = random.Random(1)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 8, 200))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data[: chance.choice((len(data), len(data), chance.randrange(len(data))))])
        for key, value in values.items():
            try:
                found = store.find(key)
                if found is not None:
                    read = store.read(found)
                    assert read is None or read == value
            except StoreError:
                # Nothing is claimed of what SQLite can't tell to be damage; but a wrong value never comes.
                pass
        store.close()
        for left in store.path.glob("index.sqlite3-*"):
            left.unlink()


@pytest.mark.filterwarnings("ignore:the index of the store")
@pytest.mark.parametrize(("place", "value"), [(18, 6), (18, 255), (19, 6), (47, 5), (47, 68)])
def test_a_head_that_makes_the_index_read_only_or_too_new_is_damage(
    store: Store, put: Put, place: int, value: int
) -> None:
    """SQLite takes these bytes for another version's, not for damage: nothing could be stored ever again."""
    put(b"1" * 32)
    store.close()
    path = store.path / "index.sqlite3"
    data = bytearray(path.read_bytes())
    data[place] = value
    path.write_bytes(data)
    entry = put(b"2" * 32)
    assert store.find(b"2" * 32) == entry
    assert len([name for name in os.listdir(store.path / "quarantine") if name.endswith(".sqlite3")]) == 1


def test_an_index_that_the_system_does_not_let_us_write_is_kept(store: Store, put: Put) -> None:
    """A server may refuse what `os.access` allows: SQLite then opens the file to read only."""
    put()
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorcode = sqlite3.SQLITE_READONLY
    assert not is_damage(error, str(store.path / "index.sqlite3"))
    assert not is_damage(error, str(store.path / "gone"))


def test_damage_to_what_entries_share_costs_each_of_them_once(store: Store, put: Put) -> None:
    """SQLite's index of the shared parts still finds them, and so each new entry would refer to what is damaged."""
    put(b"1" * 32)
    (body,) = store._index.read("SELECT body FROM commons")[0]
    store.close()
    path = store.path / "index.sqlite3"
    data = path.read_bytes()
    # Its own page comes before that of the index.
    place = data.index(body)
    assert data.count(body) == 2
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    assert store.find(b"1" * 32) is None
    entry = put(b"1" * 32)
    assert store.find(b"1" * 32) == entry
    assert store.read(entry) == b"value"
    assert os.listdir(store.path / "quarantine") == []


def test_an_index_that_can_not_be_looked_at_is_not_begun_anew(
    store: Store, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, and one that takes its place would be all that is left."""
    put()
    store.close()
    before = (store.path / "index.sqlite3").stat().st_ino
    real = os.lstat

    def fails(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("index.sqlite3"):
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *arguments, **options)

    database = Database(store._layout)
    monkeypatch.setattr(os, "lstat", fails)
    with pytest.raises(OSError, match="Input/output error"):
        database.begin()
    monkeypatch.undo()
    assert (store.path / "index.sqlite3").stat().st_ino == before
    assert store.stats().entries == 1
