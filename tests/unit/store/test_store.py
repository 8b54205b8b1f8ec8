from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from inviscid.digest import digest
from inviscid.entry import Entry
from inviscid.errors import StoreError
from inviscid.outcome import Outcome
from inviscid.store import Store

SIZES = [0, 1, 4095, 4096, 4097, 100_000, (1 << 20) - 1, 1 << 20, (4 << 20) + 17]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("durable", [False, True])
def test_what_is_published_is_found_and_read(
    store: Store, make_entry: Callable[..., Entry], size: int, durable: bool
) -> None:
    data = os.urandom(size)
    chunks = [data[:7], bytearray(data[7:100]), memoryview(data)[100:]]
    entry = store.publish(make_entry(), chunks, preimage=b"why", durable=durable)
    assert (entry.size, entry.object) == (size, digest(data))
    found = Store(store.path).find(entry.key)
    assert found == entry
    view = store.read(entry)
    assert view is not None
    assert view == data
    assert view.readonly
    assert store.preimage(entry.provenance.fingerprint) == b"why"
    assert os.listdir(store.path / "tmp") == []


def test_chunks_of_any_item_type_are_their_bytes(store: Store, make_entry: Callable[..., Entry]) -> None:
    view = memoryview(bytes(range(240))).cast("I").cast("B").cast("H", shape=[10, 12])
    entry = store.publish(make_entry(), [view, memoryview(b"").cast("I")], preimage=b"", durable=False)
    assert store.read(entry) == bytes(range(240))


def test_every_field_comes_back_as_it_was_written(store: Store, make_entry: Callable[..., Entry]) -> None:
    entry = make_entry(seconds=1e300, function="pkg.módulo:<lambda>")
    entry = entry._replace(classes=b"\x00\xff", manifest=b"m" * 32, codec="näme/2")
    written = store.publish(entry, [b"x"], preimage=b"", durable=False)
    assert store.find(entry.key) == written
    assert written == entry._replace(object=digest(b"x"), size=1)


@pytest.mark.parametrize("seconds", [float("nan"), -0.0, float("inf"), 3])
def test_odd_numbers_and_texts_do_not_break_the_seal(
    store: Store, make_entry: Callable[..., Entry], seconds: float
) -> None:
    entry = make_entry(seconds=seconds)
    entry = entry._replace(provenance=entry.provenance._replace(origin="h\udcffst\0:1"))
    written = store.publish(entry, [b"x"], preimage=b"", durable=False)
    assert store.find(entry.key) == written


def test_publishing_again_replaces_and_removes_what_nobody_needs(store: Store, put: Callable[..., Entry]) -> None:
    put(data=b"a" * 9000)
    before = store.generation()
    put(data=b"b" * 9000)
    assert store.generation() != before
    found = store.find(b"k" * 32)
    assert found is not None
    assert store.read(found) == b"b" * 9000
    assert [path.name for path in (store.path / "objects").rglob("*") if path.is_file()] == [found.object.hex()]


def test_an_object_that_others_need_outlives_one_of_its_entries(store: Store, put: Callable[..., Entry]) -> None:
    put(b"1" * 32, b"shared" * 2000)
    other = put(b"2" * 32, b"shared" * 2000)
    store.forget([b"1" * 32])
    assert store.find(b"1" * 32) is None
    assert store.read(other) == b"shared" * 2000
    store.forget([b"2" * 32])
    assert not list((store.path / "objects").glob("*/*"))


def test_an_object_that_is_there_is_not_written_again(store: Store, put: Callable[..., Entry]) -> None:
    first = put(b"1" * 32, b"shared" * 2000)
    path = store.path / "objects" / first.object.hex()[:2] / first.object.hex()
    inode = path.stat().st_ino
    os.utime(path, (1, 1))
    put(b"2" * 32, b"shared" * 2000)
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime > 1


def test_an_object_that_is_damaged_is_written_again(store: Store, put: Callable[..., Entry]) -> None:
    first = put(b"1" * 32, b"shared" * 2000)
    path = store.path / "objects" / first.object.hex()[:2] / first.object.hex()
    path.write_bytes(b"garbag" * 2000)
    second = put(b"2" * 32, b"shared" * 2000)
    assert store.read(second) == b"shared" * 2000
    assert store.read(first) == b"shared" * 2000


@pytest.mark.parametrize("size", [3, 50_000, 2 << 20])
def test_a_view_outlives_its_entry_and_its_store(store: Store, put: Callable[..., Entry], size: int) -> None:
    entry = put(data=b"x" * size)
    view = store.read(entry)
    store.forget([entry.key])
    store.close()
    subprocess.run(["rm", "-r", str(store.path)], check=True)
    assert view == b"x" * size


def test_reading_an_entry_that_was_replaced_or_made_up_gives_nothing(store: Store, put: Callable[..., Entry]) -> None:
    old = put(data=b"old")
    new = put(data=b"new")
    assert store.read(old) is None
    assert store.read(new._replace(key=b"?" * 32)) is None
    assert store.read(new._replace(codec="other/1")) is None
    assert store.read(new) == b"new"


def test_the_nearest_are_the_newest_of_that_function(store: Store, put: Callable[..., Entry]) -> None:
    keys = [bytes([number]) * 32 for number in range(5)]
    for number, key in enumerate(keys):
        put(key, age=100.0 - number)
    put(b"o" * 32, function="pkg.mod:other")
    assert [entry.key for entry in store.nearest("pkg.mod:f")] == keys[::-1]
    assert [entry.key for entry in store.nearest("pkg.mod:f", limit=2)] == keys[:2:-1]
    assert store.nearest("pkg.mod") == []


def test_a_fingerprint_has_one_preimage_and_the_first_stays(store: Store, make_entry: Callable[..., Entry]) -> None:
    store.publish(make_entry(b"1" * 32), [b"x"], preimage=b"first", durable=False)
    store.publish(make_entry(b"2" * 32), [b"x"], preimage=b"again", durable=False)
    assert store.preimage(b"F" * 32) == b"first"


def test_forgetting_counts_what_was_there_and_moves_the_generation(store: Store, put: Callable[..., Entry]) -> None:
    put(b"1" * 32)
    put(b"2" * 32)
    before = store.generation()
    assert store.forget([b"1" * 32, b"?" * 32, b"2" * 32]) == 2
    assert store.generation() != before
    assert store.find(b"1" * 32) is None


def test_a_closed_store_opens_again(store: Store, put: Callable[..., Entry]) -> None:
    entry = put()
    store.close()
    store.close()
    assert store.find(entry.key) == entry


def test_a_store_travels_by_its_path(store: Store) -> None:
    store = Store(store.path, size_limit=5, max_age=6.0)
    other = pickle.loads(pickle.dumps(store))
    assert (other.path, other.size_limit, other.max_age) == (store.path, 5, 6.0)


def test_a_store_that_is_deleted_while_open_is_made_again(store: Store, put: Callable[..., Entry]) -> None:
    put(b"1" * 32, b"x" * 9000)
    subprocess.run(["rm", "-r", str(store.path)], check=True)
    with store.claim(b"2" * 32):
        entry = put(b"2" * 32, b"y" * 9000)
    assert store.find(b"1" * 32) is None
    assert store.read(entry) == b"y" * 9000
    assert Store(store.path).find(entry.key) == entry


def test_counting_never_fails(store: Store, put: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    store.count(Outcome.MISS_NEW, 1.0)
    store.touch(b"k" * 32, 1.0)
    assert not store.path.exists()
    put()
    monkeypatch.setattr(store._index, "write", lambda *a, **k: (_ for _ in ()).throw(StoreError("full")))
    store.count(Outcome.HIT, 2.0)
    store._tally.flush()
    monkeypatch.undo()
    store.touch(b"k" * 32, 3.0)
    stats = store.stats()
    assert stats.outcomes == {"MISS_NEW": (1, 1.0), "HIT": (1, 2.0)}
    found = store.find(b"k" * 32)
    assert found is not None
    assert found.hits == 2
    assert found.accessed > 0
    assert stats.saved == 4.0


def test_what_is_counted_is_written_when_the_process_ends(store: Store, put: Callable[..., Entry]) -> None:
    put()
    code = (
        "import sys; from inviscid.store import Store; from inviscid.outcome import Outcome\n"
        "Store(sys.argv[1]).count(Outcome.HIT, 1.5)"
    )
    subprocess.run([sys.executable, "-c", code, str(store.path)], check=True)
    assert store.stats().outcomes == {"HIT": (1, 1.5)}


def test_a_worker_of_multiprocessing_writes_what_it_counted(store: Store, put: Callable[..., Entry]) -> None:
    import multiprocessing

    put()
    store.count(Outcome.HIT, 1.0)
    worker = multiprocessing.get_context("fork").Process(target=store.count, args=(Outcome.MISS_NEW, 1.0))
    worker.start()
    worker.join()
    assert store.stats().outcomes == {"HIT": (1, 1.0), "MISS_NEW": (1, 1.0)}


def test_a_hit_imports_nothing_heavy(store: Store, put: Callable[..., Entry]) -> None:
    put()
    code = (
        "import sys; from inviscid.store import Store\n"
        "store = Store(sys.argv[1]); assert store.read(store.find(b'k' * 32)) == b'value'\n"
        "heavy = {'dataclasses', 'inspect', 'asyncio', 'filelock', 'rich', 'typer', 'numpy', 'pandas', 'joblib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(store.path)], check=True)


def test_a_forked_child_and_its_parent_go_on(store: Store, put: Callable[..., Entry]) -> None:
    put(b"1" * 32, b"parent")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            found = store.find(b"1" * 32)
            assert found is not None
            assert store.read(found) == b"parent"
            put(b"2" * 32, b"child")
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    found = store.find(b"2" * 32)
    assert found is not None
    assert store.read(found) == b"child"


def test_no_connection_is_open_while_the_process_forks(store: Store, put: Callable[..., Entry]) -> None:
    """SQLite in a child would take its parent's locks for its own."""
    put()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            paths = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
            code = any("index.sqlite3" in os.readlink(path) for path in paths if os.path.lexists(path))
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("again", [False, True], ids=["new", "there-already"])
def test_what_is_durable_reaches_the_disk_in_order(
    store: Store, make_entry: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """File before name, name before row; for an object that somebody else wrote as well."""
    data = b"x" * 9000
    store.publish(make_entry(b"1" * 32), [data if again else b"y" * 9000], preimage=b"", durable=False)
    steps: list[str] = []
    sync, rename, write = os.fsync, os.rename, store._index.write

    def log_sync(handle: int) -> None:
        steps.append("sync " + os.readlink(f"/proc/self/fd/{handle}").removeprefix(f"{store.path}/").partition("/")[0])
        sync(handle)

    def log_rename(old: str, new: str, **options: int) -> None:
        rename(old, new, **options)
        steps.append("rename")

    def log_write(*arguments: Any, **options: Any) -> Any:
        steps.append(f"row {options['durable']}")
        return write(*arguments, **options)

    monkeypatch.setattr(os, "fsync", log_sync)
    monkeypatch.setattr(os, "rename", log_rename)
    monkeypatch.setattr(store._index, "write", log_write)
    store.publish(make_entry(b"2" * 32), [data], preimage=b"", durable=True)
    # The folder's own name too: whoever made it may not have waited for the disk.
    ours = ["sync objects"] if again else ["sync tmp", "rename"]
    assert steps == [*ours, "sync objects", "sync objects", "row True"]


@pytest.mark.parametrize("how", ["forget", "replace"])
def test_the_generation_moves_before_and_after_the_commit(
    store: Store, put: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Before, lest a killed remover leave it; after, for who looked in between."""
    old = put(data=b"old")
    other, seen, move = Store(store.path), [], store._generation.move

    def watched() -> None:
        seen.append(other.find(old.key) == old)
        move()

    monkeypatch.setattr(store._generation, "move", watched)
    if how == "forget":
        store.forget([old.key])
    else:
        put(data=b"new")
    assert seen == [True, False]
    other.close()


def test_a_store_that_is_made_again_has_another_generation(store: Store, put: Callable[..., Entry]) -> None:
    put()
    before = store.generation()
    store.close()
    subprocess.run(["rm", "-r", str(store.path)], check=True)
    again = Store(store.path)
    again.pin(b"k" * 32, because="so")
    assert again.generation() not in (0, before)
    again.close()
