from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inviscid.entry import Entry
from inviscid.errors import StoreError, StoreOwnershipError, StoreVersionError
from inviscid.store import STORE_VERSION, Store, layout


def test_the_version_is_pinned() -> None:
    """A change makes every store unreadable for older versions: it wants a migration and a fixture."""
    assert STORE_VERSION == 1


def test_making_a_store_object_and_looking_into_it_makes_no_directory(store: Store) -> None:
    assert store.find(b"k" * 32) is None
    assert store.nearest("f") == []
    assert store.preimage(b"F") is None
    assert store.forget([b"k" * 32]) == 0
    assert store.generation() == 0
    assert store.stats().entries == 0
    assert store.unpin(b"k" * 32) is False
    assert not store.exists()
    assert not store.path.exists()


def test_only_the_owner_can_look_into_a_store_whatever_the_umask(store: Store, put: Callable[..., Entry]) -> None:
    before = os.umask(0)
    try:
        put(data=b"x" * 10_000)
    finally:
        os.umask(before)
    for path in [store.path, *store.path.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_umask_that_takes_everything_does_not_lock_the_owner_out(store: Store, put: Callable[..., Entry]) -> None:
    before = os.umask(0o777)
    try:
        entry = put(data=b"x" * 10_000)
    finally:
        os.umask(before)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o700
    assert store.read(entry) == b"x" * 10_000


def test_backup_tools_and_git_leave_it_alone(store: Store, put: Callable[..., Entry]) -> None:
    put()
    assert (store.path / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")
    assert (store.path / ".gitignore").read_text() == "*\n"
    assert (store.path / "version").read_text() == "1\n"


def test_a_newer_store_names_both_versions_and_the_cure(store: Store, put: Callable[..., Entry]) -> None:
    put()
    (store.path / "version").write_text("7\n")
    with pytest.raises(StoreVersionError, match=r"version 7.* up to 1.*upgrade inviscid"):
        Store(store.path).find(b"k" * 32)


def test_a_damaged_version_is_a_store_error(store: Store, put: Callable[..., Entry]) -> None:
    put()
    (store.path / "version").write_bytes(b"\xff")
    with pytest.raises(StoreError, match="version is damaged"):
        Store(store.path).find(b"k" * 32)


@pytest.mark.parametrize("below", [False, True])
def test_a_path_that_is_a_file_is_a_store_error(tmp_path: Path, below: bool, make_entry: Callable[..., Entry]) -> None:
    (tmp_path / "file").write_text("mine")
    store = Store(tmp_path / "file" / "store" if below else tmp_path / "file")
    with pytest.raises(StoreError, match="not a directory.*INVISCID_STORE"):
        store.find(b"k" * 32)
    with pytest.raises(StoreError, match="not a directory"):
        store.publish(make_entry(), [b"x"], preimage=b"", durable=False)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_directory_of_somebody_elses_files_is_refused_and_left_as_it_is(
    tmp_path: Path, make_entry: Callable[..., Entry]
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match=r"holds 'thesis.tex'"):
        Store(tmp_path).publish(make_entry(), [b"x"], preimage=b"", durable=False)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_an_empty_directory_is_taken_and_closed_to_others(tmp_path: Path, make_entry: Callable[..., Entry]) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    folder.chmod(0o775)
    store = Store(folder)
    store.publish(make_entry(), [b"x"], preimage=b"", durable=False)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    store.close()


def test_a_store_that_others_can_write_to_is_refused(store: Store, put: Callable[..., Entry]) -> None:
    put()
    store.path.chmod(0o770)
    with pytest.raises(StoreOwnershipError, match="others can write"):
        Store(store.path).find(b"k" * 32)


def test_a_store_of_another_user_is_refused(
    store: Store, put: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(StoreOwnershipError, match="belongs to user"):
        Store(store.path).find(b"k" * 32)


@pytest.mark.parametrize("name", ["objects", "tmp", "quarantine"])
def test_a_folder_that_is_a_link_is_refused(store: Store, put: Callable[..., Entry], tmp_path: Path, name: str) -> None:
    put()
    (store.path / name).rename(tmp_path / "elsewhere")
    (store.path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreOwnershipError, match="symbolic link"):
        Store(store.path).find(b"k" * 32)


def test_a_link_to_a_store_is_followed(store: Store, put: Callable[..., Entry], tmp_path: Path) -> None:
    entry = put()
    (tmp_path / "link").symlink_to(store.path)
    other = Store(tmp_path / "link")
    assert other.find(entry.key) == entry
    other.close()


def test_folders_that_were_deleted_come_back(store: Store, put: Callable[..., Entry]) -> None:
    put()
    store.close()
    for name in ("objects", "tmp", "quarantine"):
        (store.path / name).rmdir()
    entry = put(data=b"x" * 10_000)
    assert store.read(entry) == b"x" * 10_000


def test_what_a_killed_maker_left_is_completed(tmp_path: Path, make_entry: Callable[..., Entry]) -> None:
    """A directory without `version` is no store, however much of it is there."""
    store = Store(tmp_path / "store")
    os.makedirs(store.path / "tmp", mode=0o700)
    (store.path / "CACHEDIR.TAG").write_bytes(layout._TAG)
    (store.path / "index.sqlite3").write_bytes(b"")
    assert not store.exists()
    entry = store.publish(make_entry(), [b"x"], preimage=b"", durable=False)
    assert store.find(entry.key) == entry
    store.close()


@pytest.mark.parametrize("name", ["tmp/thesis", "objects/chairs/model.obj", "quarantine/patients.csv", "index.sqlite3"])
def test_what_only_looks_like_a_store_is_the_users(tmp_path: Path, make_entry: Callable[..., Entry], name: str) -> None:
    """Else gc would sweep it."""
    file = tmp_path / "mine" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"years of work")
    file.parent.chmod(0o755)
    with pytest.raises(StoreError, match="is not a store and holds"):
        Store(tmp_path / "mine").publish(make_entry(), [b"x"], preimage=b"", durable=False)
    assert file.read_bytes() == b"years of work"
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755
    assert not (tmp_path / "mine" / "version").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["create.lock", "generation", "claims.lock"])
def test_what_another_user_put_there_first_is_refused(
    tmp_path: Path, make_entry: Callable[..., Entry], name: str
) -> None:
    """Who has it open could cut it while it is mapped, or hold its lock for ever."""
    folder = tmp_path / "mine"
    folder.mkdir()
    folder.chmod(0o775)
    (folder / "CACHEDIR.TAG").write_bytes(layout._TAG)
    (folder / name).write_bytes(b"12345678")
    os.chown(folder / name, 12345, -1)
    with pytest.raises(StoreOwnershipError, match=f"{name} belongs to user 12345"):
        Store(folder).publish(make_entry(), [b"x"], preimage=b"", durable=False)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that other users can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def _as_nobody(work: Callable[[], None]) -> int:
    """Run in a child that is not root, which may write everywhere."""
    import filelock  # noqa: F401  what the child imports it may no longer be able to read

    from inviscid.store import Plan  # noqa: F401

    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            work()
            code = 0
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("left_open", [False, True], ids=["closed", "with-wal"])
def test_a_read_only_store_serves_and_only_publishing_fails(
    open_place: Path, make_entry: Callable[..., Entry], left_open: bool
) -> None:
    path = open_place / "store"
    store = Store(path)
    small = store.publish(make_entry(b"s" * 32), [b"small"], preimage=b"p", durable=False)
    large = store.publish(make_entry(b"l" * 32), [b"large" * 2000], preimage=b"p", durable=False)
    if not left_open:
        store.close()
    for item in [*path.rglob("*"), path]:
        if os.geteuid() == 0:
            os.chown(item, 65534, 65534)
        item.chmod(0o500 if item.is_dir() else 0o400)

    def work() -> None:
        reader = Store(path)
        assert reader.find(small.key) == small
        assert reader.read(small) == b"small"
        found = reader.find(large.key)
        assert found == large
        assert reader.read(found) == b"large" * 2000
        assert reader.find(b"?" * 32) is None
        assert [entry.key for entry in reader.nearest("pkg.mod:f")] == [large.key, small.key]
        with reader.claim(small.key) as waited:
            assert not waited
        reader.touch(small.key, 1.0)
        reader.generation()
        with pytest.raises(StoreError, match="read-only"):
            reader.publish(make_entry(b"n" * 32), [b"x" * 9000], preimage=b"", durable=False)
        with pytest.raises(StoreError, match="read-only"):
            reader.forget([small.key])
        reader.close()

    try:
        assert _as_nobody(work) == 0
    finally:
        for item in [path, *path.rglob("*")]:
            item.chmod(0o700)
        store.close()


def test_a_place_that_can_not_be_written_is_a_store_error_with_a_cure(
    open_place: Path, make_entry: Callable[..., Entry]
) -> None:
    locked = open_place / "locked"
    locked.mkdir(mode=0o755)
    locked.chmod(0o555)

    def work() -> None:
        store = Store(locked / "store")
        assert store.find(b"k" * 32) is None
        with pytest.raises(StoreError, match=r"can't be opened.*Permission denied.*INVISCID_STORE"):
            store.publish(make_entry(), [b"x"], preimage=b"", durable=False)
        with pytest.raises(StoreError, match="Permission denied"), store.claim(b"k" * 32):
            pass

    assert _as_nobody(work) == 0


def test_a_network_mount_is_told_from_a_local_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:5 / /home rw shared:1 - nfs4 server:/home rw\n"
        "3 2 8:2 / /home/me/local rw - xfs /dev/sdb rw\n"
    )
    real_open = open
    monkeypatch.setattr(
        "builtins.open", lambda path, *a, **k: real_open(mounts if "mountinfo" in str(path) else path, *a, **k)
    )
    assert layout.on_network("/home/me/.cache/inviscid") == "nfs4"
    assert layout.on_network("/home/me/local/store") is None
    assert layout.on_network("/homework") is None


@pytest.mark.parametrize("name", ["été", "\u202e", "a?b#c&d=%41", "'\"<>", "\udcff"])
def test_a_directory_of_any_name_can_be_a_store(tmp_path: Path, make_entry: Callable[..., Entry], name: str) -> None:
    store = Store(tmp_path / name)
    entry = make_entry()
    store.publish(entry, [b"x"], preimage=b"", durable=False)
    store.close()
    assert Store(tmp_path / name).find(entry.key) is not None
    assert (tmp_path / name / "index.sqlite3").exists()
