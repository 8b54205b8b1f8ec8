"""Who is trusted: signing keys, stores of many users, and what somebody could have put into them."""

from __future__ import annotations

import ast
import os
import pickle
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inviscid.entry import Entry
from inviscid.errors import SigningKeyError, StoreError, StoreOwnershipError
from inviscid.store import Store
from inviscid.store.objects import Damaged
from inviscid.store.seals import Seals

MakeEntry = Callable[..., Entry]
KEY, OTHER = b"1" * 32, b"2" * 32
SMALL, LARGE = b"small", b"large" * 500_000


def publish(store: Store, entry: Entry, data: bytes = SMALL) -> Entry:
    return store.publish(entry, [data], preimage=b"preimage", durable=False)


def has(store: Store, entry: Entry, data: bytes = SMALL) -> bool:
    """Whether a process that knows nothing finds these bytes."""
    store.close()
    found = store.find(entry.key)
    return found is not None and store.read(found) == data


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"# of the team\n{KEY.hex()}\n")
    path.chmod(0o600)
    return path


def test_who_has_the_key_reads_what_others_wrote_with_it(tmp_path: Path, make_entry: MakeEntry) -> None:
    entry = make_entry()
    publish(Store(tmp_path / "s", signing_key=KEY), entry)
    assert has(Store(tmp_path / "s", signing_key=KEY), entry)


@pytest.mark.parametrize(("writes", "reads"), [(None, KEY), (KEY, None), (OTHER, KEY)])
def test_what_was_sealed_otherwise_is_missed_and_left(
    tmp_path: Path, make_entry: MakeEntry, writes: bytes | None, reads: bytes | None
) -> None:
    writer, reader, entry = (
        Store(tmp_path / "s", signing_key=writes),
        Store(tmp_path / "s", signing_key=reads),
        make_entry(),
    )
    publish(writer, entry)
    assert not has(reader, entry)
    assert list(reader.held_many([entry.key])) == []
    assert reader.nearest("pkg.mod:f") == []
    assert reader.stats().quarantined == 0
    assert has(writer, entry)
    publish(reader, entry, b"another")
    assert has(reader, entry, b"another")
    assert not has(writer, entry)


def test_a_new_key_signs_and_the_old_one_is_still_good(tmp_path: Path, make_entry: MakeEntry, key_file: Path) -> None:
    old, entry, later = Store(tmp_path / "s", signing_key=KEY), make_entry(), make_entry(b"2" * 32)
    publish(old, entry)
    key_file.write_text(f"{OTHER.hex()}  # since May\n\n{KEY.hex()}\n")
    both = Store(tmp_path / "s", signing_key=key_file)
    assert has(both, entry)
    publish(both, later)
    assert has(Store(tmp_path / "s", signing_key=OTHER), later)
    assert not has(old, later)


def test_forms_and_outputs_are_sealed_too(tmp_path: Path) -> None:
    from inviscid.store.outputs import Owned

    signed, other = Store(tmp_path / "s", signing_key=KEY), Store(tmp_path / "s", signing_key=OTHER)
    signed.remember({b"text": {b"code": b"form"}})
    signed.own([Owned("/a", b"k" * 32, b"d" * 32)])
    assert signed.forms(b"text")[0] == {b"code": b"form"}
    assert list(signed.outputs(["/a"])) == ["/a"]
    assert other.forms(b"text")[0] == {}
    assert other.outputs(["/a"]) == {}


def test_a_damaged_row_under_our_key_is_removed_and_counted(tmp_path: Path, make_entry: MakeEntry) -> None:
    store, entry = Store(tmp_path / "s", signing_key=KEY), make_entry()
    publish(store, entry)
    store.close()
    with sqlite3.connect(tmp_path / "s" / "index.sqlite3") as connection:
        connection.execute("UPDATE entries SET codec = 'pickle/9'")
    connection.close()
    assert store.find(entry.key) is None
    assert store.stats().quarantined == 1
    assert store.stats().entries == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "lines of 64 hex digits"),
        ("# nothing\n", "lines of 64 hex digits"),
        ("abc\n", "lines of 64 hex digits"),
        (f"{KEY.hex()}\n{KEY.hex()[2:]}\n", "lines of 64 hex digits"),
    ],
)
def test_what_is_no_key_says_so(tmp_path: Path, key_file: Path, content: str, why: str) -> None:
    key_file.write_text(content)
    with pytest.raises(SigningKeyError, match=why):
        Store(tmp_path / "s", signing_key=key_file).find(b"k" * 32)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o666])
def test_a_key_that_others_know_is_refused(tmp_path: Path, key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(SigningKeyError, match="others can read or write"):
        Store(tmp_path / "s", signing_key=key_file).find(b"k" * 32)


def test_a_key_may_be_read_by_its_group(tmp_path: Path, key_file: Path) -> None:
    key_file.chmod(0o640)
    assert Store(tmp_path / "s", signing_key=key_file).find(b"k" * 32) is None


def test_a_key_of_another_user_is_refused(tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    os.chown(key_file, os.getuid(), -1)
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda handle: os.stat_result([*real(handle)[:4], 54321, *real(handle)[5:10]]))
    with pytest.raises(SigningKeyError, match="belongs to user 54321"):
        Store(tmp_path / "s", signing_key=key_file).find(b"k" * 32)


def test_a_key_in_the_store_or_nowhere_is_refused(tmp_path: Path, key_file: Path) -> None:
    (tmp_path / "s").mkdir()
    key_file.rename(tmp_path / "s" / "key")
    with pytest.raises(SigningKeyError, match="inside the store"):
        Store(tmp_path / "s", signing_key=tmp_path / "s" / "key").find(b"k" * 32)
    with pytest.raises(SigningKeyError, match="can't be read: No such file"):
        Store(tmp_path / "s", signing_key=tmp_path / "none").find(b"k" * 32)
    with pytest.raises(SigningKeyError, match="32 bytes, this one has 3"):
        Store(tmp_path / "s", signing_key=b"abc").find(b"k" * 32)


def test_many_users_need_a_key(tmp_path: Path) -> None:
    with pytest.raises(StoreOwnershipError, match="only with a signing key"):
        Store(tmp_path / "s", multi_user=True)


def test_a_key_is_in_no_pickle_but_its_file_is(tmp_path: Path, key_file: Path) -> None:
    with pytest.raises(SigningKeyError, match="give the key as a file"):
        pickle.dumps(Store(tmp_path / "s", signing_key=KEY))
    store = Store(tmp_path / "s", signing_key=key_file, multi_user=True, safe=True, size_limit=5, max_age=6.0)
    again = pickle.loads(pickle.dumps(store))
    assert KEY not in pickle.dumps(store)
    assert again.__reduce__()[1] == store.__reduce__()[1]
    assert (again.safe, again.size_limit, again.max_age) == (True, 5, 6.0)


# Stores of many users -------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path, key_file: Path) -> Store:
    return Store(tmp_path / "shared", multi_user=True, signing_key=key_file)


def test_everything_is_open_to_the_group(shared: Store, make_entry: MakeEntry) -> None:
    before = os.umask(0o077)
    try:
        for number, data in enumerate((SMALL, b"x" * 9000, LARGE)):
            publish(shared, make_entry(bytes([number]) * 32), data)
        with shared.claim(b"c" * 32):
            pass
        shared.execute(shared.plan_gc())
    finally:
        os.umask(before)
    shared.tick()
    found = {path: path.lstat().st_mode for path in [shared.path, *shared.path.rglob("*")]}
    assert {oct(stat.S_IMODE(mode)) for mode in found.values() if stat.S_ISDIR(mode)} == {oct(0o2770)}
    assert {oct(stat.S_IMODE(mode)) for mode in found.values() if not stat.S_ISDIR(mode)} == {oct(0o660)}
    assert len(found) > 15


def test_what_others_could_cut_is_never_mapped(shared: Store, make_entry: MakeEntry) -> None:
    entry = publish(shared, make_entry(), LARGE)
    shared.close()
    data = shared.read(entry)
    assert data is not None
    with open(shared.path / "objects" / entry.object.hex()[:2] / entry.object.hex(), "r+b") as file:
        file.truncate(1)
    assert data == LARGE
    assert shared.watch_generation() is None
    before = shared.generation()
    assert before
    with open(shared.path / "generation", "r+b") as file:
        file.truncate(0)
    assert shared.generation() == 0
    shared.forget([entry.key])
    assert shared.generation() not in (0, before)


def test_it_is_admitted_whoever_owns_it(shared: Store, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = publish(shared, make_entry())
    shared.path.chmod(0o2777)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    shared.close()
    assert has(Store(shared.path, multi_user=True, signing_key=KEY), entry)
    with pytest.raises(StoreOwnershipError, match="multi_user="):
        Store(shared.path, signing_key=KEY).find(entry.key)


def test_an_index_of_another_user_is_refused(tmp_path: Path, make_entry: MakeEntry) -> None:
    store = Store(tmp_path / "s")
    entry = publish(store, make_entry())
    store.close()
    try:
        os.chown(tmp_path / "s" / "index.sqlite3", 12345, -1)
    except PermissionError:
        pytest.skip("only root can give files away")
    with pytest.raises(StoreOwnershipError, match="belongs to user 12345"):
        store.find(entry.key)


@pytest.mark.parametrize("name", ["index.sqlite3", "index.sqlite3-wal", "index.sqlite3-shm"])
def test_a_link_in_the_place_of_the_index_is_not_followed(
    shared: Store, make_entry: MakeEntry, tmp_path: Path, name: str
) -> None:
    entry = publish(shared, make_entry())
    shared.close()
    mine = tmp_path / "mine"
    mine.write_bytes(b"precious")
    (shared.path / name).unlink(missing_ok=True)
    (shared.path / name).symlink_to(mine)
    # What is beside the index SQLite opens, and follows no link either.
    with pytest.raises(StoreError, match="is not a file" if name == "index.sqlite3" else "can't be used"):
        publish(shared, entry)
    assert mine.read_bytes() == b"precious"


def test_a_link_in_the_place_of_a_folder_leads_nowhere(shared: Store, make_entry: MakeEntry, tmp_path: Path) -> None:
    entry = publish(shared, make_entry(), b"x" * 9000)
    folder = shared.path / "objects" / entry.object.hex()[:2]
    mine = tmp_path / "mine"
    folder.rename(mine)
    (mine / "thesis").write_bytes(b"precious")
    folder.symlink_to(mine)
    assert shared.plan_gc(grace=-1.0, size_limit=0).files == ()
    shared.forget([entry.key])
    assert (mine / entry.object.hex()).exists()
    (mine / entry.object.hex()).unlink()
    with pytest.raises(StoreError, match="is not a folder|Not a directory"):
        publish(shared, entry, b"x" * 9000)
    assert [path.name for path in mine.iterdir()] == ["thesis"]


def test_a_folder_that_becomes_a_link_between_plan_and_sweep_loses_nothing(
    shared: Store, make_entry: MakeEntry, tmp_path: Path
) -> None:
    publish(shared, make_entry())
    folder, mine = shared.path / "objects" / "ab", tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis").write_bytes(b"litter")
    plan = shared.plan_gc(grace=-1.0)
    assert [Path(file.path).name for file in plan.files] == ["thesis"]
    folder.rename(mine)
    folder.symlink_to(mine)
    assert shared.execute(plan).files == 0
    assert (mine / "thesis").exists()


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(shared: Store, make_entry: MakeEntry) -> None:
    entry = publish(shared, make_entry(), b"x" * 9000)
    path = shared.path / "objects" / entry.object.hex()[:2] / entry.object.hex()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Damaged):
        shared._objects.load(entry.object, entry.size)
    (shared.path / "generation").unlink()
    os.mkfifo(shared.path / "generation")
    assert shared.generation() == 0


def test_damaged_columns_are_no_error_in_a_signed_store() -> None:
    seals = Seals([KEY])
    seal = seals.make("a", [b"1"])
    assert seals.fits("a", [b"1"], seal)
    for label, columns, other in (
        ("b", [b"1"], seal),
        ("a", [b"2"], seal),
        ("a", [b"1"], seal[:-1]),
        ("a", [b"1"], seal[:-1] + bytes([seal[-1] ^ 1])),
        ("a", [b"1"], b""),
        ("a", [b"1"], "text"),
        ("a", [b"1"], None),
        ("a", [b"1"], Seals().make("a", [b"1"])),
    ):
        assert not seals.fits(label, columns, other)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that all users may look into."""
    folder = Path(tempfile.mkdtemp(prefix="inviscid-users-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


GROUP, ANNA, BERT, EVE = 54_300, 54_301, 54_302, 54_303


def as_user(user: int, work: Callable[[], object]) -> object:
    """What a function returns as another user, of the group that all share."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(GROUP)
            os.setuid(user)
            os.umask(0o077)
            os.write(writer, repr(work()).encode())
            code = 0
        except BaseException as error:
            os.write(writer, repr(error).encode())
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader, "rb") as answer:
        text = answer.read().decode()
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status):
        raise AssertionError(text)
    return ast.literal_eval(text)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_two_users_and_a_third_without_the_key(open_folder: Path, make_entry: MakeEntry) -> None:
    path = open_folder / "store"
    path.mkdir()
    os.chown(path, ANNA, GROUP)
    path.chmod(0o2770)
    first, second = make_entry(b"1" * 32), make_entry(b"2" * 32)

    def opened(key: bytes | None = KEY) -> Store:
        return Store(path, multi_user=key is not None, signing_key=key)

    def put(entry: Entry, data: bytes) -> int:
        return publish(opened(), entry, data).size

    def get(entry: Entry) -> bytes | None:
        store = opened()
        found = store.find(entry.key)
        data = None if found is None else store.read(found)
        return None if data is None else bytes(data[:10])

    assert as_user(ANNA, lambda: put(first, LARGE)) == len(LARGE)
    assert as_user(BERT, lambda: get(first)) == LARGE[:10]
    assert as_user(BERT, lambda: put(second, b"b" * 9000)) == 9000
    assert as_user(ANNA, lambda: get(second)) == b"b" * 10
    # Each may replace, collect and verify what the other wrote.
    assert as_user(BERT, lambda: put(first, b"n" * 9000)) == 9000
    assert as_user(ANNA, lambda: get(first)) == b"n" * 10
    assert as_user(ANNA, lambda: [*opened().verify(read_data=True)]) == [2, 2, 18_000, 0, ()]
    assert as_user(EVE, lambda: publish(Store(path, multi_user=True, signing_key=OTHER), second, b"evil").size) == 4
    assert as_user(ANNA, lambda: get(second)) is None
    assert as_user(ANNA, lambda: opened().verify().foreign) == 1
    assert as_user(BERT, lambda: opened().execute(opened().plan_gc(size_limit=0, grace=-1.0)).entries) == 2
    with pytest.raises(AssertionError, match="StoreOwnershipError"):
        as_user(BERT, lambda: opened(None).find(first.key))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_store_of_ones_own_becomes_one_of_many(open_folder: Path, make_entry: MakeEntry) -> None:
    path, entry = open_folder / "store", make_entry()
    path.mkdir()
    os.chown(path, ANNA, GROUP)

    def opened(*, multi_user: bool) -> Store:
        return Store(path, multi_user=multi_user, signing_key=KEY)

    def get() -> bytes | None:
        store = opened(multi_user=True)
        found = store.find(entry.key)
        data = None if found is None else store.read(found)
        return None if data is None else bytes(data[:10])

    assert as_user(ANNA, lambda: publish(opened(multi_user=False), entry, b"x" * 9000).size) == 9000
    with pytest.raises(AssertionError, match="Permission denied"):
        as_user(BERT, get)
    assert as_user(ANNA, get) == b"x" * 10
    assert as_user(BERT, get) == b"x" * 10
    assert as_user(BERT, lambda: publish(opened(multi_user=True), entry, b"y" * 9000).size) == 9000
    assert as_user(ANNA, get) == b"y" * 10


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_directory_that_hands_its_group_to_nobody_is_refused(open_folder: Path, make_entry: MakeEntry) -> None:
    path = open_folder / "store"
    path.mkdir()
    os.chown(path, 0, GROUP)
    path.chmod(0o770)
    with pytest.raises(AssertionError, match="chmod 2770"):
        as_user(ANNA, lambda: publish(Store(path, multi_user=True, signing_key=KEY), make_entry()).size)


def test_what_goes_into_quarantine_goes_nowhere_else(shared: Store, make_entry: MakeEntry, tmp_path: Path) -> None:
    entry = publish(shared, make_entry(), b"x" * 9000)
    shared.close()
    assert shared.find(entry.key) is not None
    mine = tmp_path / "mine"
    (shared.path / "quarantine").rename(mine)
    (shared.path / "quarantine").symlink_to(mine)
    (shared.path / "objects" / entry.object.hex()[:2] / entry.object.hex()).write_bytes(b"evil" * 2250)
    assert shared.read(entry) is None
    assert list(mine.iterdir()) == []


def test_the_place_of_a_key_is_that_of_when_it_was_named(
    tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch, make_entry: MakeEntry
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store("s", signing_key="key")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert has(store, publish(store, make_entry()))


@pytest.mark.parametrize(
    "options",
    [
        {"size_limit": "10GB"}, {"size_limit": True}, {"max_age": "1d"}, {"memory_limit": None}, {"safe": "no"},
        {"multi_user": 1}, {"signing_key": bytearray(32)}, {"signing_key": 5},
    ],
    ids=str,
)  # fmt: skip
def test_options_of_another_type_are_refused_at_once(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=r"Store\(\): "):
        Store(tmp_path / "s", **options)  # type: ignore[arg-type]  # what a user may do


def test_a_key_that_is_written_out_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyError, match="put it into a file") as told:
        Store(tmp_path / "s", signing_key=KEY.hex())
    assert KEY.hex() not in str(told.value)
