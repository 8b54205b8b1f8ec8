"""What a body reads of files is a dependency of its entry; what it does to the world is said."""

from __future__ import annotations

import contextlib
import functools
import glob
import importlib
import logging
import math
import mmap
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import inviscid
from inviscid import Dir, File, Outcome, Store, cached, world
from inviscid.inputs import files
from inviscid.manifest import unpack_manifest

Ran = Callable[[], list[str]]
OLD = (1_000_000_000, 1_000_000_000)


@cached
def read(path: str) -> str | None:
    sys.audit("test.ran", "read")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


@cached
def in_threads(path: str) -> list[str]:
    sys.audit("test.ran", "in_threads")
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda one: Path(one).read_text(encoding="utf-8"), [path]))


@cached
def calls_read(path: str) -> str | None:
    sys.audit("test.ran", "calls_read")
    return read(path)


@cached
def of_file(file: File) -> str:
    sys.audit("test.ran", "of_file")
    return Path(file).read_text(encoding="utf-8")


@cached
def makes_file(path: str) -> str:
    sys.audit("test.ran", "makes_file")
    return of_file(File(path))


@cached
def total(path: str | Path) -> int:
    sys.audit("test.ran", "total")
    with contextlib.closing(sqlite3.connect(path, uri=True)) as database:
        found: int = database.execute("select sum(x) from t").fetchone()[0]
        return found


@cached
def names(path: str) -> list[str]:
    sys.audit("test.ran", "names")
    return sorted(os.listdir(path))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.txt"
    path.write_text("one", encoding="utf-8")
    os.utime(path, OLD)
    return path


READERS: dict[str, Any] = {
    "directly": read,
    "in a thread": in_threads,
    "in a callee": calls_read,
    "by a File": makes_file,
}


@pytest.mark.parametrize("how", READERS)
def test_a_file_that_was_read_is_a_dependency(how: str, data: Path, ran: Ran) -> None:
    function = READERS[how]
    first = function(str(data))
    # The callee hits first, then the caller: what the callee depended on is the caller's dependency too.
    assert function(str(data)) == first
    ran()
    data.write_text("two", encoding="utf-8")
    assert function.explain(str(data)).code is Outcome.MISS_NOT_FINAL
    assert function.explain(str(data)).reasons[0] == f"file {data} changed"
    second = function(str(data))
    assert "two" in second
    assert ran() != []
    assert function(str(data)) == second
    assert ran() == []


def test_a_callee_that_hits_hands_its_dependencies_on(data: Path, ran: Ran) -> None:
    read(str(data))
    calls_read(str(data))
    assert ran() == ["read", "calls_read"]
    data.write_text("two", encoding="utf-8")
    assert calls_read(str(data)) == "two"
    assert ran() == ["read", "calls_read"]


def test_a_callee_whose_file_is_not_read_again_hands_it_on(
    data: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stamps are believed at once, so that a hit reads nothing.
    monkeypatch.setattr("inviscid.world.RACY", -(10**19))
    read(str(data))
    calls_read(str(data))
    assert ran() == ["read", "calls_read"]
    data.write_text("three", encoding="utf-8")
    assert calls_read(str(data)) == "three"
    assert ran() == ["read", "calls_read"]


def test_the_same_content_is_the_same_file(data: Path, ran: Ran) -> None:
    read(str(data))
    data.write_text("one", encoding="utf-8")
    read(str(data))
    os.utime(data, (1_100_000_000, 1_100_000_000))
    read(str(data))
    assert ran() == ["read"]


def test_an_edit_that_keeps_size_and_times_is_seen(data: Path, ran: Ran) -> None:
    """Within the clock's step a stamp proves nothing: the file was changed just now."""
    data.write_text("one", encoding="utf-8")
    before = data.stat()
    read(str(data))
    data.write_text("two", encoding="utf-8")
    os.utime(data, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read(str(data)) == "two"
    assert ran() == ["read", "read"]


def test_an_edit_through_a_mapping_is_seen(data: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its times stay what they were at the first write, until the system writes the page back."""
    with data.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        mapping[:] = b"one"
        first = data.stat()
        changed = max(first.st_mtime_ns, first.st_ctime_ns)
        for later, text in ((3, b"two"), (30, b"six")):
            with monkeypatch.context() as patch:
                patch.setattr(time, "time_ns", lambda later=later: changed + later * 1_000_000_000)
                read(str(data))
                of_file(File(data))
            mapping[:] = text
            assert read(str(data)) == of_file(File(data)) == text.decode()
    assert ran() == ["read", "of_file"] * 3


def test_a_file_that_is_not_old_is_read_once_in_each_process(
    data: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    whole = files.file_digest
    monkeypatch.setattr(files, "file_digest", lambda path: [found.append(path), whole(path)][1])
    read(str(data))
    # To note what it was is another matter than to compare.
    assert (found, files._known) == ([], {})
    later = time.time_ns() + 60_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    assert [read(str(data)), read(str(data))] == ["one", "one"]
    assert (found, ran()) == ([str(data)], ["read"])


@pytest.mark.parametrize("how", ["by a path", "by a text", "by a URI", "through a link"])
def test_what_others_commit_to_a_database_is_seen(how: str, tmp_path: Path, ran: Ran) -> None:
    """In WAL mode it stands in a file beside the database for as long as somebody has it open."""
    path = tmp_path / "a.db"
    (tmp_path / "link.db").symlink_to(path)
    given = {"by a path": path, "by a text": str(path), "by a URI": f"file:{path}?mode=ro"}
    query = functools.partial(total, given.get(how, tmp_path / "link.db"))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("pragma journal_mode=wal")
        writer.execute("create table t (x)")
        writer.execute("insert into t values (1)")
        assert [query(), query()] == [1, 1]
        assert ran() == ["total"]
        writer.execute("insert into t values (10)")
        assert [query(), query()] == [11, 11]
        assert ran() == ["total"]
    # Now the file beside it is gone, and what it held is in the database itself.
    assert [query(), query(), query()] == [11, 11, 11]
    assert ran() == ["total"]


def test_a_database_with_nothing_beside_it(tmp_path: Path, ran: Ran) -> None:
    path = tmp_path / "a.db"
    for mode in ("delete", "wal"):
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute(f"pragma journal_mode={mode}")
            writer.execute("create table if not exists t (x)")
            writer.execute("insert into t values (1)")
        assert total(path) == total(path)
        assert ran() == ["total"]


def test_a_file_that_was_not_there(tmp_path: Path, ran: Ran) -> None:
    path = tmp_path / "later"
    assert [read(str(path)), read(str(path))] == [None, None]
    path.write_text("x", encoding="utf-8")
    assert read.explain(str(path)).reasons == [f"file {path} is new"]
    assert read(str(path)) == "x"
    path.unlink()
    # As it was before: what was computed then stands.
    assert read.explain(str(path)).outcome == "hit"
    assert read(str(path)) is None
    path.write_text("y", encoding="utf-8")
    assert read(str(path)) == "y"
    path.unlink()
    path.mkdir()
    assert read(str(path)) is None
    assert ran() == ["read"] * 4


def test_a_relative_path_is_another_file_elsewhere(tmp_path: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data").write_text(name, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "a")
    assert read("data") == "a"
    monkeypatch.chdir(tmp_path / "b")
    assert read("data") == "b"
    assert ran() == ["read", "read"]


def test_the_names_in_a_directory(tmp_path: Path, ran: Ran) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert names(str(folder)) == names(str(folder)) == []
    (folder / "a").write_text("x", encoding="utf-8")
    assert names(str(folder)) == ["a"]
    (folder / "a").write_text("y", encoding="utf-8")
    assert names(str(folder)) == ["a"]
    assert ran() == ["names", "names"]


@cached
def scanned(path: str) -> list[tuple[str, int]]:
    sys.audit("test.ran", "scanned")
    with os.scandir(path) as entries:
        return sorted((entry.name, entry.stat().st_size) for entry in entries)


def test_what_a_scan_tells_of_the_entries_is_a_dependency(tmp_path: Path, ran: Ran) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_text("one", encoding="utf-8")
        os.utime(folder / name, OLD)
    os.utime(folder, OLD)
    assert scanned(str(folder)) == scanned(str(folder)) == [("a", 3), ("b", 3)]
    before = folder.stat()
    (folder / "b").write_text("longer", encoding="utf-8")
    # The times of a directory don't tell of what was written to a file in it.
    assert folder.stat() == before
    assert scanned.explain(str(folder)).reasons == [f"directory {folder} changed"]
    assert scanned(str(folder)) == [("a", 3), ("b", 6)]
    os.utime(folder / "b", (1_100_000_000, 1_100_000_000))
    scanned(str(folder))
    (folder / "b").unlink()
    (folder / "b").symlink_to(folder / "a")
    assert scanned(str(folder)) == [("a", 3), ("b", 3)]
    assert ran() == ["scanned"] * 4
    scanned(str(folder))
    assert ran() == []


def test_an_entry_that_changes_after_the_scan_stores_nothing(tmp_path: Path, ran: Ran) -> None:
    path = tmp_path / "folder" / "a"
    path.parent.mkdir()
    path.write_text("one", encoding="utf-8")

    @cached
    def unlucky(folder: str) -> list[int]:
        sys.audit("test.ran", "unlucky")
        sizes = [entry.stat().st_size for entry in os.scandir(folder)]
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, b"two")
        os.close(descriptor)
        return sizes

    with pytest.warns(inviscid.InviscidWarning, match="changed after it was read"):
        assert unlucky(str(path.parent)) == [3]
    assert unlucky(str(path.parent)) == [6]
    assert ran() == ["unlucky"] * 2


def test_a_scan_of_the_folder_that_has_the_store(isolated: Path, ran: Ran) -> None:
    """The store writes to itself: that is no news of the data."""
    read("/nowhere")
    for _ in range(2):
        assert [name for name, _ in scanned(str(isolated.parent))] == ["store"]
        os.utime(isolated, OLD)
    assert ran() == ["read", "scanned"]


def test_finding_files_by_a_pattern_is_no_scan(tmp_path: Path, ran: Ran) -> None:
    @cached
    def found(path: str) -> list[str]:
        sys.audit("test.ran", "found")
        return [one.name for one in sorted(Path(path).rglob("*.txt"))] + glob.glob("*.txt", root_dir=path)

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("x", encoding="utf-8")
    assert found(str(tmp_path / "in")) == ["a.txt", "a.txt"]
    (tmp_path / "in" / "a.txt").write_text("another", encoding="utf-8")
    found(str(tmp_path / "in"))
    assert ran() == ["found"]


def test_a_declared_file_counts_by_content_alone(tmp_path: Path, ran: Ran) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("same", encoding="utf-8")
    assert of_file(File(tmp_path / "a.txt")) == of_file(File(tmp_path / "b.txt")) == "same"
    assert ran() == ["of_file"]
    entry = of_file.peek(File(tmp_path / "a.txt"))
    assert entry is not None
    assert entry.manifest == b""


def test_files_below_a_declared_directory(tmp_path: Path) -> None:
    @cached
    def all_of(folder: Dir) -> list[str]:
        return [Path(folder, name).read_text(encoding="utf-8") for name in sorted(os.listdir(folder))]

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("x", encoding="utf-8")
    assert all_of(Dir(tmp_path / "in")) == ["x"]
    entry = all_of.peek(Dir(tmp_path / "in"))
    assert entry is not None
    assert entry.manifest == b""


def sights(entry: Any) -> list[str]:
    assert entry is not None
    return [sight.path for sight in unpack_manifest(entry.manifest).sights]


def test_what_is_no_dependency(project: Any, caplog: pytest.LogCaptureFixture) -> None:
    project.write(imported="VALUE = 3\n")

    @cached
    def temporary(x: int) -> tuple[str, int]:
        import imported

        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write("x")
        with open(file.name, encoding="utf-8") as again:
            text = again.read()
        os.remove(file.name)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a").write_text("x", encoding="utf-8")
            Path(folder, "sub").mkdir()
            assert sorted(os.listdir(folder)) == ["a", "sub"]
        with open(os.devnull, encoding="utf-8") as device:
            device.read()
        logging.getLogger("inviscid.test").debug("x")
        with open(pytest.__file__, encoding="utf-8") as installed:
            installed.read()
        return text, imported.VALUE + x

    with caplog.at_level(logging.WARNING):
        assert temporary(1) == ("x", 4)
    assert [record.getMessage() for record in caplog.records] == []
    assert sights(temporary.peek(1)) == []


def test_a_file_that_changes_while_it_is_read_stores_nothing(data: Path, ran: Ran) -> None:
    @cached
    def unlucky(path: str) -> bytes:
        sys.audit("test.ran", "unlucky")
        with open(path, "rb") as file:
            found = file.read()
        # As another process would, unseen.
        os.unlink(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.write(descriptor, b"two")
        os.close(descriptor)
        return found

    with pytest.warns(inviscid.InviscidWarning, match="changed after it was read"):
        assert unlucky(str(data)) == b"one"
    assert unlucky(str(data)) == b"two"
    assert ran() == ["unlucky", "unlucky"]


def test_what_was_written_is_said_once(tmp_path: Path, ran: Ran, caplog: pytest.LogCaptureFixture) -> None:
    @cached
    def writes(path: str) -> int:
        sys.audit("test.ran", "writes")
        Path(path).write_text("x", encoding="utf-8")
        return 1

    path = str(tmp_path / "out")
    assert [writes(path), writes(path), writes.refresh(path)] == [1, 1, 1]
    assert ran() == ["writes", "writes"]
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(said) == 1
    assert f"wrote {path}" in said[0]


def test_programs_and_connections_are_not_kept(ran: Ran) -> None:
    """Here no name in the function's code tells: an argument does it."""
    server = socket.create_server(("127.0.0.1", 0))
    try:

        @cached(ignore=["act"])
        def acts(x: int, act: Any) -> int:
            sys.audit("test.ran", "acts")
            act()
            return x

        with pytest.warns(inviscid.InviscidWarning, match="it connected to 127.0.0.1"):
            acts(1, lambda: socket.create_connection(server.getsockname()).close())
        with pytest.warns(inviscid.InviscidWarning, match="it started "):
            acts(1, lambda: subprocess.run([sys.executable, "-c", ""], check=True))
        assert acts(1, int) == acts(1, int) == 1
        assert ran() == ["acts"] * 3
    finally:
        server.close()


def test_what_a_text_imports_is_not_kept(tmp_path: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it brings is in no code that could be looked at; of the standard library the version says what it is."""
    (tmp_path / "brought.py").write_text("def helper(): return 1")
    (tmp_path / "runs_texts.py").write_text(
        "import sys\nfrom inviscid import cached\n@cached\ndef runs(text):\n sys.audit('test.ran', 'runs')\n"
        " names = {}\n exec(text, names)\n return names['r']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    runs = importlib.import_module("runs_texts").runs
    texts = "from brought import helper\nr = helper()", "def f():\n import brought\n return 1\nr = f()"
    with pytest.warns(inviscid.InviscidWarning, match="it executed a text that imports brought"):
        assert [runs(text) for text in texts * 2] == [1] * 4
    with pytest.warns(inviscid.InviscidWarning, match="imports a module by a name that is computed"):
        assert [runs("r = __import__('brought').helper()") for _ in range(2)] == [1, 1]
    assert ran() == ["runs"] * 6
    text = "import math\nr = math.floor(1.5)"
    assert [runs(text), runs(text)] == [1, 1]
    assert ran() == ["runs"]
    for name in ("brought", "runs_texts"):
        sys.modules.pop(name)


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="there are no directory handles here")
def test_a_path_below_a_directory_handle_is_not_kept(data: Path, ran: Ran) -> None:
    def opened(path: str, flags: int) -> int:
        folder = os.open(data.parent, os.O_RDONLY)
        try:
            return os.open(path, flags, dir_fd=folder)
        finally:
            os.close(folder)

    @cached
    def below(path: str) -> str:
        sys.audit("test.ran", "below")
        with open(path, encoding="utf-8", opener=opened) as file:
            return file.read()

    with pytest.warns(inviscid.InviscidWarning, match="opened data.txt by os.open without its whole path"):
        assert below(data.name) == "one"
    data.write_text("two", encoding="utf-8")
    assert below(data.name) == "two"
    assert ran() == ["below", "below"]


def test_temporary_files_in_the_working_directory_are_kept(
    tmp_path: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    @cached
    def f(x: int) -> int:
        sys.audit("test.ran", "f")
        with tempfile.NamedTemporaryFile(dir=".") as named, tempfile.TemporaryFile(dir=".") as nameless:
            named.write(b"x")
            nameless.write(b"x")
        return x

    monkeypatch.chdir(tmp_path)
    assert f(1) == f(1) == 1
    assert ran() == ["f"]


def test_a_damaged_stamp_is_not_believed() -> None:
    sight = world.Sight("file", __file__, b"x" * 32, None, 0)
    assert "changed" in world.differs(sight)


def test_without_the_check_a_changed_file_would_be_a_hit(data: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    read(str(data))
    data.write_text("two", encoding="utf-8")
    monkeypatch.setattr(world, "differs", lambda sight: "")
    assert read(str(data)) == "one"


@pytest.mark.skipif(sys.platform == "win32", reason="a directory that is used can't be removed there")
def test_a_working_directory_that_is_gone_costs_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @cached
    def f(x: int) -> int:
        return x + 1

    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert f(1) == 2


def test_devices_are_not_said_to_be_written(caplog: pytest.LogCaptureFixture) -> None:
    @cached
    def f(x: int) -> int:
        for mode in ("w", "a"):
            with open(os.devnull, mode, encoding="utf-8") as file:
                file.write("x")
        return x

    assert f(1) == 1
    assert [record for record in caplog.records if record.levelno == logging.WARNING] == []


def test_no_hit_installs_the_hook(project: Any) -> None:
    project.write(
        script="""
        import sys
        from inviscid import cached, world
        @cached
        def f(x):
            return x
        f(1)
        print(world._watches is not None)
        """
    )
    assert project.run("script.py") == "True\n"
    assert project.run("script.py") == "False\n"


@functools.lru_cache
def remembered(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


@functools.lru_cache
def squared(x: int) -> int:
    return int(math.sqrt(x**4))


@cached
def uses_memo(path: str) -> str:
    sys.audit("test.ran", "uses_memo")
    return remembered(path) + remembered(path)


@cached
def uses_memo_too(path: str) -> str:
    sys.audit("test.ran", "uses_memo_too")
    return remembered(path)


@cached
def uses_both(path: str) -> str:
    sys.audit("test.ran", "uses_both")
    return uses_memo(path) + uses_memo_too(path)


@cached
def is_given_memo(function: Any, path: str) -> str:
    sys.audit("test.ran", "is_given_memo")
    return str(function(path))


@pytest.fixture
def empty_memo() -> None:
    remembered.cache_clear()
    squared.cache_clear()


@pytest.mark.usefixtures("empty_memo")
@pytest.mark.parametrize("how", ["directly", "as an argument"])
def test_what_a_memo_had_read_before_is_not_kept(how: str, data: Path, ran: Ran) -> None:
    name, function = {
        "directly": ("uses_memo_too", uses_memo_too),
        "as an argument": ("is_given_memo", functools.partial(is_given_memo, remembered)),
    }[how]
    remembered(str(data))
    with pytest.warns(inviscid.InviscidWarning, match=r"the memo of .*remembered\(\) had read before: cache it"):
        assert function(str(data)) == "one"
    data.write_text("two", encoding="utf-8")
    remembered.cache_clear()
    assert function(str(data)) == function(str(data)) == "two"
    assert ran() == [name] * 2


@pytest.mark.usefixtures("empty_memo")
def test_what_a_memo_reads_while_the_body_runs_is_seen(data: Path, ran: Ran) -> None:
    assert uses_memo(str(data)) == uses_memo(str(data)) == "oneone"
    assert ran() == ["uses_memo"]
    assert sights(uses_memo.peek(str(data))) == [str(data)]


@pytest.mark.usefixtures("empty_memo")
def test_what_one_body_read_is_seen_by_the_one_around(data: Path, ran: Ran) -> None:
    with pytest.warns(inviscid.InviscidWarning, match="of uses_memo_too"):
        assert uses_both(str(data)) == uses_both(str(data)) == "oneoneone"
    assert ran() == ["uses_both", "uses_memo", "uses_memo_too"]
    data.write_text("two", encoding="utf-8")
    remembered.cache_clear()
    assert uses_both(str(data)) == "twotwotwo"


@pytest.mark.usefixtures("empty_memo")
def test_a_memo_that_is_not_asked_or_reads_nothing_costs_nothing(data: Path, ran: Ran) -> None:
    @cached
    def f(x: int) -> Any:
        sys.audit("test.ran", "f")
        return squared(x) if x else remembered

    squared(2)
    remembered(str(data))
    assert f(2) == f(2) == 4
    assert ran() == ["f"]


@pytest.mark.usefixtures("empty_memo")
def test_the_users_word_covers_memos(data: Path, ran: Ran) -> None:
    @cached(pure=True)
    def trusted(path: str) -> str:
        sys.audit("test.ran", "trusted")
        return remembered(path)

    @cached(ignore=["function"])
    def caller(function: Any, path: str) -> str:
        sys.audit("test.ran", "caller")
        return str(function(path))

    remembered(str(data))
    for _ in range(2):
        assert caller(trusted, str(data)) == "one"
    assert ran() == ["caller", "trusted"]


def test_a_directory_that_was_there_is_not_its_own(ran: Ran, tmp_path: Path) -> None:
    @cached
    def f(folder: str) -> str:
        sys.audit("test.ran", "f")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "x")) as file:
            return file.read()

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_text("one")
    assert f(str(tmp_path / "data")) == "one"
    (tmp_path / "data" / "x").write_text("two")
    assert f(str(tmp_path / "data")) == "two"
    assert ran() == ["f", "f"]


def test_a_glob_below_a_folder_is_one_there(ran: Ran, tmp_path: Path) -> None:
    import glob

    @cached
    def f(folder: str) -> list[str]:
        sys.audit("test.ran", "f")
        return sorted(glob.glob("*.txt", root_dir=folder))

    (tmp_path / "a.txt").write_text("")
    assert f(str(tmp_path)) == ["a.txt"]
    assert f(str(tmp_path)) == ["a.txt"]
    (tmp_path / "b.txt").write_text("")
    assert f(str(tmp_path)) == ["a.txt", "b.txt"]
    assert ran() == ["f", "f"]


def test_a_glob_from_where_one_is(ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @cached
    def f() -> list[str]:
        sys.audit("test.ran", "f")
        return sorted(path.name for path in Path("x").parent.glob("*.py"))

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("")
    assert f() == ["a.py"]
    assert f() == ["a.py"]
    assert ran() == ["f"]
    (tmp_path / "b.py").write_text("")
    assert f() == ["a.py", "b.py"]


def test_each_state_of_a_file_is_kept_once(ran: Ran, tmp_path: Path, isolated: Path) -> None:
    path = tmp_path / "data"
    for _ in range(4):
        for text in ("one", "two"):
            path.write_text(text)
            assert read(str(path)) == text
    assert ran() == ["read", "read"]
    assert Store(isolated).stats().entries <= 3
