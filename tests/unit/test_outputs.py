"""What a function says that it writes is captured, restored on a hit, and deleted with its entry; nothing else is."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import pickle
import shutil
import sqlite3
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

import inviscid
from inviscid import Outcome, OutputError, Outputs, Store, cached, config, configure, mode, outputs
from inviscid.calls import Options
from inviscid.cli.app import app

Ran = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project to work in."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@cached(outputs="{name}.txt")
def write(name: str, text: str = "hello") -> int:
    sys.audit("test.ran", "write")
    return Path(f"{name}.txt").write_text(text, encoding="utf-8")


@cached(outputs="plots/{name}")
def draw(name: str, files: tuple[str, ...] = ("a", "sub/b")) -> str:
    sys.audit("test.ran", "draw")
    top = Path("plots", name)
    for file in files:
        (top / file).parent.mkdir(parents=True, exist_ok=True)
        (top / file).write_text(f"{name} {file}", encoding="utf-8")
    (top / "empty").mkdir(exist_ok=True)
    (top / "run").write_text("#!/bin/sh\n", encoding="utf-8")
    (top / "run").chmod(0o755)
    (top / "link").unlink(missing_ok=True)
    (top / "link").symlink_to("a")
    return name


@cached(outputs="same.txt")
def same(text: str) -> str:
    sys.audit("test.ran", "same")
    Path("same.txt").write_text(text, encoding="utf-8")
    return text


def age(path: Path) -> None:
    """Make what is at a path so old that its times vouch for it."""
    for item in [path, *path.rglob("*")]:
        os.utime(item, (1e9, 1e9), follow_symlinks=False)


def tamper(tmp_path: Path, statement: str, *values: object) -> None:
    """Change the index from outside."""
    with closing(sqlite3.connect(tmp_path / "store" / "index.sqlite3")) as connection, connection:
        connection.execute(statement, values)


# Hits -----------------------------------------------------------------------------------------------------------------


def test_an_output_that_is_gone_is_restored(here: Path, ran: Ran) -> None:
    assert write("a") == 5
    (here / "a.txt").chmod(0o640)
    (here / "a.txt").unlink()
    assert write("a") == 5
    assert (here / "a.txt").read_text(encoding="utf-8") == "hello"
    assert ran() == ["write"]
    assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []


def test_an_output_that_is_there_is_left_alone(here: Path, ran: Ran) -> None:
    write("a")
    age(here / "a.txt")
    before = (here / "a.txt").stat()
    write("a")
    after = (here / "a.txt").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert ran() == ["write"]


def test_what_is_old_enough_is_not_read_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a")
    age(here / "a.txt")
    now = os.stat("a.txt").st_ctime_ns
    monkeypatch.setattr(outputs.time, "time_ns", lambda: now + 60_000_000_000)
    write("a")
    read: list[str] = []
    real = outputs.trees.digest_at
    monkeypatch.setattr(outputs.trees, "digest_at", lambda top, found: read.append(top) or real(top, found))
    write("a")
    assert read == []
    (here / "a.txt").write_text("HELLO", encoding="utf-8")
    os.utime(here / "a.txt", (1e9, 1e9))
    with pytest.raises(OutputError):
        write("a")
    assert read == [str(here / "a.txt")]


def test_a_file_that_somebody_changed_is_not_replaced(here: Path, ran: Ran) -> None:
    write("a")
    (here / "a.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"a\.txt was changed by somebody .* move it away"):
        write("a")
    assert (here / "a.txt").read_text(encoding="utf-8") == "mine"
    (here / "a.txt").unlink()
    assert write("a") == 5
    assert (here / "a.txt").read_text(encoding="utf-8") == "hello"
    assert ran() == ["write"]


def test_a_file_that_was_there_before_the_store_is_not_replaced(here: Path, tmp_path: Path, ran: Ran) -> None:
    write("a")
    (here / "a.txt").unlink()
    (here / "a.txt").write_text("mine", encoding="utf-8")
    tamper(tmp_path, "DELETE FROM outputs")
    with pytest.raises(OutputError):
        write("a")
    assert (here / "a.txt").read_text(encoding="utf-8") == "mine"


def test_the_output_of_another_call_at_the_same_path_is_replaced(here: Path, ran: Ran) -> None:
    same("one")
    same("two")
    for text in ("one", "two", "one"):
        assert same(text) == text
        assert (here / "same.txt").read_text(encoding="utf-8") == text
    assert ran() == ["same", "same"]


def test_a_row_that_somebody_wrote_allows_nothing(here: Path, tmp_path: Path) -> None:
    same("one")
    same("two")
    (here / "same.txt").write_text("mine", encoding="utf-8")
    mine = outputs.trees.digest_at(str(here / "same.txt"), outputs.trees.items(str(here / "same.txt")))
    tamper(tmp_path, "UPDATE outputs SET digest = ?", mine)
    with pytest.raises(OutputError):
        same("one")
    assert (here / "same.txt").read_text(encoding="utf-8") == "mine"


def shape(top: Path) -> dict[str, tuple[int, str]]:
    """Everything in a directory, with modes."""
    found = {}
    for path in [top, *sorted(top.rglob("*"))]:
        content = os.readlink(path) if path.is_symlink() else path.read_text(encoding="utf-8") if path.is_file() else ""
        found[str(path.relative_to(top))] = stat.S_IMODE(path.lstat().st_mode), content
    return found


def test_a_directory_comes_back_whole(here: Path, ran: Ran) -> None:
    draw("x")
    before = shape(here / "plots" / "x")
    assert set(before) == {".", "a", "sub", "sub/b", "empty", "run", "link"}
    assert before["run"][0] == 0o755
    shutil.rmtree(here / "plots")
    draw("x")
    assert shape(here / "plots" / "x") == before
    assert os.listdir(here / "plots") == ["x"]
    assert ran() == ["draw"]


@pytest.mark.parametrize("change", ["edit", "add", "delete", "link", "empty"])
def test_a_directory_that_somebody_changed_is_not_replaced(change: str, here: Path, ran: Ran) -> None:
    draw("x")
    top = here / "plots" / "x"
    if change == "edit":
        (top / "a").write_text("mine", encoding="utf-8")
    elif change == "add":
        (top / "new").write_text("mine", encoding="utf-8")
    elif change == "delete":
        (top / "a").unlink()
    elif change == "link":
        (top / "link").unlink()
        (top / "link").symlink_to("b")
    else:
        (top / "empty").rmdir()
    before = shape(top)
    with pytest.raises(OutputError):
        draw("x")
    assert shape(top) == before
    assert ran() == ["draw"]


@cached(outputs="either", pure=True)
def either(kind: str) -> str:
    sys.audit("test.ran", "either")
    top = Path("either")
    if top.is_dir():
        shutil.rmtree(top)
    top.unlink(missing_ok=True)
    if kind == "file":
        top.write_text("file", encoding="utf-8")
    else:
        top.mkdir()
        (top / kind).write_text(kind, encoding="utf-8")
        (top / kind).chmod(0o400)
        top.chmod(0o500)
    return kind


def test_files_and_directories_take_each_others_place(here: Path, ran: Ran) -> None:
    kinds = ("file", "one", "two")
    for kind in kinds:
        either(kind)
        (here / "either").chmod(0o700)
    assert ran() == ["either"] * 3
    for kind in (*kinds, *reversed(kinds)):
        either(kind)
        assert (here / "either").is_file() == (kind == "file")
        if kind != "file":
            assert os.listdir(here / "either") == [kind]
            assert stat.S_IMODE((here / "either").stat().st_mode) == 0o500
    assert ran() == []
    assert sorted(os.listdir(here)) == ["either", "pyproject.toml"]


def test_if_one_output_was_changed_none_is_touched(here: Path, ran: Ran) -> None:
    @cached(outputs=["one.txt", "two.txt"])
    def both() -> None:
        sys.audit("test.ran", "both")
        Path("one.txt").write_text("1", encoding="utf-8")
        Path("two.txt").write_text("2", encoding="utf-8")

    both()
    (here / "one.txt").unlink()
    (here / "two.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"two\.txt"):
        both()
    assert not (here / "one.txt").exists()
    assert ran() == ["both"]


# Misses ---------------------------------------------------------------------------------------------------------------


def test_an_output_that_was_not_written_is_an_error(here: Path, ran: Ran) -> None:
    @cached(outputs=["a.txt", "b.txt"])
    def forgets(x: int) -> int:
        sys.audit("test.ran", "forgets")
        Path("a.txt").write_text("a", encoding="utf-8")
        return x

    with pytest.raises(OutputError, match=r"b\.txt was not written by the call, and nothing is there") as caught:
        forgets(3)
    assert caught.value.value == 3
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    (here / "b.txt").write_text("old", encoding="utf-8")
    with pytest.raises(OutputError, match=r"b\.txt was not written by the call, which is there from before"):
        forgets(3)
    assert ran() == ["forgets", "forgets"]
    assert forgets.peek(3) is None


def test_writing_the_same_again_is_writing(here: Path, ran: Ran) -> None:
    write("a")
    age(here / "a.txt")
    write.refresh("a")
    assert ran() == ["write", "write"]


def test_files_of_earlier_calls_in_a_directory_are_an_error(here: Path, ran: Ran) -> None:
    @cached(outputs="out")
    def fills(name: str) -> None:
        sys.audit("test.ran", "fills")
        Path("out").mkdir(exist_ok=True)
        Path("out", name).write_text(name, encoding="utf-8")

    fills("a")
    with pytest.raises(OutputError, match=r"holds what this call did not write: .*out/a; delete it"):
        fills("b")
    assert fills.peek("b") is None
    shutil.rmtree("out")
    fills("b")
    assert os.listdir("out") == ["b"]
    assert ran() == ["fills"] * 3


def test_what_grows_is_not_kept(here: Path, ran: Ran) -> None:
    @cached(outputs="log.txt")
    def adds(x: int) -> int:
        sys.audit("test.ran", "adds")
        with open("log.txt", "a", encoding="utf-8") as file:
            file.write(f"{x}\n")
        return x

    adds(1)
    with pytest.warns(inviscid.InviscidWarning, match=r"added to its output .*log\.txt, which was there before"):
        adds(2)
    assert adds.peek(1) is not None
    assert adds.peek(2) is None
    assert ran() == ["adds", "adds"]


def test_what_was_read_of_an_output_before_it_was_written_is_not_forgotten(here: Path, ran: Ran) -> None:
    @cached(outputs="n.txt")
    def counts() -> int:
        sys.audit("test.ran", "counts")
        try:
            before = int(Path("n.txt").read_text(encoding="utf-8"))
        except FileNotFoundError:
            before = 0
        Path("n.txt").write_text(f"{before + 1}", encoding="utf-8")
        return before

    (here / "n.txt").write_text("7", encoding="utf-8")
    with pytest.warns(inviscid.InviscidWarning, match=r"n\.txt changed after it was read"):
        assert counts() == 7
    assert counts.peek() is None
    (here / "n.txt").unlink()
    assert counts() == 0
    assert counts() == 0
    assert ran() == ["counts", "counts"]


def test_reading_back_what_was_written_is_no_dependency(here: Path, ran: Ran) -> None:
    @cached(outputs="out")
    def reads_back(folder: str) -> list[str]:
        sys.audit("test.ran", "reads_back")
        for file in Path("out").glob("*"):
            file.unlink()
        Path("out").mkdir(exist_ok=True)
        handle = os.open(f"{folder}/out/a", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(handle, b"x")
        os.close(handle)
        return [Path("out/a").read_text(encoding="utf-8"), *os.listdir("out")]

    assert reads_back(str(here)) == ["x", "a"]
    shutil.rmtree("out")
    assert reads_back(str(here)) == ["x", "a"]
    assert (here / "out" / "a").read_text(encoding="utf-8") == "x"
    assert ran() == ["reads_back"]


def test_declared_outputs_are_not_told_as_traces(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    @cached(outputs="said.txt")
    def says() -> None:
        Path("said.txt").write_text("x", encoding="utf-8")
        Path("unsaid.txt").write_text("x", encoding="utf-8")

    @cached
    def calls_says() -> None:
        says()

    with caplog.at_level(logging.WARNING, "inviscid"):
        calls_says()
    told = [record.getMessage() for record in caplog.records]
    assert told
    assert all("unsaid.txt" in text and "/said.txt" not in text for text in told)


def test_a_pipe_is_no_output(here: Path) -> None:
    @cached(outputs="pipe")
    def makes_pipe() -> None:
        os.mkfifo("pipe")

    with pytest.raises(OutputError, match="neither a file nor a directory"):
        makes_pipe()


# Where outputs may lie ------------------------------------------------------------------------------------------------


def test_outside_the_project_needs_allow(here: Path, tmp_path: Path, ran: Ran) -> None:
    def body(path: str) -> None:
        sys.audit("test.ran", "body")
        Path(path).write_text("x", encoding="utf-8")

    outside = tmp_path / "elsewhere"
    outside.mkdir()
    path = str(outside / "x.txt")
    with pytest.raises(OutputError, match=r"outside the project .*allow="):
        cached(outputs="{path}")(body)(path)
    with pytest.raises(OutputError, match=r"outside the project"):
        cached(outputs=Outputs("{path}", allow=tmp_path / "else"))(body)(path)
    (here / "link").symlink_to(outside)
    with pytest.raises(OutputError, match=r"outside the project"):
        cached(outputs="{path}")(body)("link/x.txt")
    assert ran() == []
    for allow in (outside, [str(outside)], True):
        Path(path).unlink(missing_ok=True)
        cached(outputs=Outputs("{path}", allow=allow))(body)(path)
        assert Path(path).read_text(encoding="utf-8") == "x"
    # Permission changes no result.
    assert ran() == ["body"]


def test_the_project_is_where_its_file_is(here: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    write("../up")
    (here / "up.txt").unlink()
    write("../up")
    assert (here / "up.txt").read_text(encoding="utf-8") == "hello"
    (here / "pyproject.toml").unlink()
    with pytest.raises(OutputError, match="outside the project"):
        write("../up")
    assert ran() == ["write"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (".", "holds the whole project"),
        (["out", "out/x"], "lie in each other"),
        (["out", "./out"], "are the same"),
        (lambda: 3, "neither a path nor a list"),
        (lambda: ["a", None], "is no path"),
        ("a\0b", "can't be found"),
    ],
)
def test_bad_paths_are_refused_before_the_body_runs(given: Any, message: str, ran: Ran) -> None:
    @cached(outputs=given)
    def body() -> None:
        sys.audit("test.ran", "body")

    with pytest.raises(OutputError, match=message):
        body()
    assert ran() == []


def test_the_store_is_no_output(here: Path, monkeypatch: pytest.MonkeyPatch, ran: Ran) -> None:
    monkeypatch.setenv("INVISCID_STORE", str(here / "kept" / "store"))

    @cached(outputs="kept")
    def body() -> None:
        sys.audit("test.ran", "body")

    with pytest.raises(OutputError, match="the store"):
        body()
    assert ran() == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{nam}.txt", "asks for 'nam'"),
        ("{}.txt", "asks for ''"),
        ("{name", "can't be filled in"),
        (["{name}.txt", "{name:{width}}.txt"], "asks for 'width'"),
        (lambda nam: nam, "asks for 'nam'"),
        (3, "takes paths"),
        ([3], "takes paths"),
        (b"x", "takes paths"),
        ("", "takes paths"),
    ],
)
def test_bad_declarations(given: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        cached(outputs=given)(lambda name: None)


def test_ways_to_say_where(here: Path, ran: Ran) -> None:
    def body(x: int, kind: str = config("outputs.kind", default="txt")) -> int:
        sys.audit("test.ran", "body")
        Path(f"x{x:02d}.{kind}").write_text(str(x), encoding="utf-8")
        return x

    ways: list[Any] = ["x{x:02d}.{kind}", Path("x{x:02d}.{kind}"), lambda x, kind: f"x{x:02d}.{kind}",
                       lambda **given: [Path(f"x{given['x']:02d}.{given['kind']}")], Outputs("./x{x:02d}.{kind}")]  # fmt: skip
    for number, way in enumerate(ways):
        function = cached(outputs=way, namespace=str(number))(body)
        function(1)
        Path("x01.txt").unlink()
        function(1)
        assert Path("x01.txt").read_text(encoding="utf-8") == "1"
        with configure({"outputs.kind": "csv"}):
            function(1)
        assert Path("x01.csv").read_text(encoding="utf-8") == "1"
        assert ran() == ["body", "body"]
        assert function.configured(kind="tsv")(1) == 1
        assert Path("x01.tsv").read_text(encoding="utf-8") == "1"
        assert ran() == ["body"]
        for file in Path().glob("x01.*"):
            file.unlink()


def test_outputs_are_part_of_the_key(project: Any) -> None:
    text = """
        from inviscid import cached

        def where(x):
            return f"{x}.txt"

        @cached(outputs=OUTPUTS)
        def f(x):
            open(f"{x}.txt", "w").close()

        @cached
        def calls(x):
            return f(x)
        """
    found = [(project.edit(text.replace("OUTPUTS", item)), item) for item in ("'{x}.txt'", "'./{x}.txt'", "where")]
    keys = [(mod.f.key(1), mod.calls.key(1)) for mod, _ in found]
    assert len({key for pair in keys for key in pair}) == 6
    mod = project.edit(text.replace("OUTPUTS", "where").replace('{x}.txt"\n', '{x}.csv"\n'))
    assert mod.f.key(1) not in {pair[0] for pair in keys}
    assert mod.calls.key(1) not in {pair[1] for pair in keys}


def test_the_paths_of_a_call() -> None:
    options = Options(outputs=("{x}.txt", lambda y: ["a", y]))
    here = os.getcwd()
    assert outputs.of(options, {"x": 1, "y": "b"}) == [f"{here}/1.txt", f"{here}/a", f"{here}/b"]
    assert outputs.of(Options(), {"x": 1}) == []


# Kinds of functions and calls -----------------------------------------------------------------------------------------


class Model:
    def __init__(self, name: str) -> None:
        self.name = name

    @cached(outputs="{self.name}.model")
    def save(self) -> str:
        sys.audit("test.ran", "save")
        Path(f"{self.name}.model").write_text(self.name, encoding="utf-8")
        return self.name


def test_methods(here: Path, ran: Ran) -> None:
    for name in ("a", "b", "a", "b"):
        (here / f"{name}.model").unlink(missing_ok=True)
        assert Model(name).save() == name
        assert (here / f"{name}.model").read_text(encoding="utf-8") == name
    assert ran() == ["save", "save"]
    assert Model("a").save.forget()
    assert sorted(path.name for path in here.glob("*.model")) == ["b.model"]


def test_async_functions(here: Path, ran: Ran) -> None:
    @cached(outputs="async.txt")
    async def body(x: int) -> int:
        sys.audit("test.ran", "body")
        Path("async.txt").write_text(str(x), encoding="utf-8")  # noqa: ASYNC240  the smallest body
        return x

    async def main() -> list[int]:
        return list(await asyncio.gather(*(body(1) for _ in range(3))))

    assert asyncio.run(main()) == [1, 1, 1]
    (here / "async.txt").unlink()
    assert asyncio.run(main()) == [1, 1, 1]
    assert (here / "async.txt").read_text(encoding="utf-8") == "1"
    assert ran() == ["body"]


@pytest.mark.parametrize("name", ["off", "readonly"])
def test_modes_that_store_nothing_capture_nothing(name: str, here: Path, ran: Ran) -> None:
    with mode(name):
        write("a")
        (here / "a.txt").unlink()
        write("a")
    assert (here / "a.txt").exists()
    assert ran() == ["write", "write"]
    assert write.peek("a") is None


def test_readonly_still_restores(here: Path, ran: Ran) -> None:
    write("a")
    (here / "a.txt").unlink()
    with mode("readonly"):
        write("a")
    assert (here / "a.txt").exists()
    assert ran() == ["write"]


def test_a_store_that_can_only_be_read_still_restores(here: Path, tmp_path: Path, ran: Ran) -> None:
    write("a")
    (here / "a.txt").unlink()
    inviscid.stores.current_store(None).close()
    folders = [tmp_path / "store", *(tmp_path / "store").rglob("*")]
    for folder in folders:
        folder.chmod(0o500 if folder.is_dir() else 0o400)
    try:
        if os.access(tmp_path / "store", os.W_OK):
            pytest.skip("this user may write everything")
        write("a")
    finally:
        for folder in folders:
            folder.chmod(0o700 if folder.is_dir() else 0o600)
    assert (here / "a.txt").exists()
    assert ran() == ["write"]


def test_an_output_that_a_callee_wrote_or_left_alone_counts(here: Path, ran: Ran) -> None:
    @cached(outputs="{name}.txt")
    def outer(name: str) -> int:
        sys.audit("test.ran", "outer")
        return write(name) + len(Path(f"{name}.txt").read_text(encoding="utf-8"))

    assert outer("a") == 10
    (here / "a.txt").unlink()
    assert outer("a") == 10
    assert ran() == ["outer", "write"]
    # Now the callee hits, and the file is as it should be: nobody writes it.
    assert outer.refresh("a") == 10
    assert ran() == ["outer"]


@cached
def reads(name: str) -> str:
    sys.audit("test.ran", "reads")
    write(name)
    return Path(f"{name}.txt").read_text(encoding="utf-8")


def test_a_hit_of_a_caller_restores_what_its_callee_wrote(here: Path, ran: Ran) -> None:
    assert reads("a") == "hello"
    (here / "a.txt").unlink()
    assert reads.explain("a").code is Outcome.HIT
    assert reads("a") == "hello"
    assert (here / "a.txt").read_text(encoding="utf-8") == "hello"
    assert ran() == ["reads", "write"]
    # And the other way round: what the callee restores is as good as written.
    assert reads.refresh("a") == "hello"
    (here / "a.txt").unlink()
    assert reads("a") == "hello"
    assert (here / "a.txt").exists()
    assert ran() == ["reads"]


def test_a_hit_of_an_outer_caller_restores_too(here: Path, ran: Ran) -> None:
    @cached
    def outer(name: str) -> str:
        sys.audit("test.ran", "outer")
        return reads(name) + Path(f"{name}.txt").read_text(encoding="utf-8")

    assert outer("a") == "hellohello"
    (here / "a.txt").unlink()
    assert outer("a") == "hellohello"
    assert (here / "a.txt").exists()
    assert ran() == ["outer", "reads", "write"]
    # Where the inner one hits, what was asked for again is as good as called.
    (here / "a.txt").unlink()
    assert outer.refresh("a") == "hellohello"
    (here / "a.txt").unlink()
    assert outer("a") == "hellohello"
    assert (here / "a.txt").exists()
    assert ran() == ["outer"]


def test_what_a_user_made_of_the_output_of_a_callee_is_an_error(here: Path, ran: Ran) -> None:
    reads("a")
    (here / "a.txt").write_text("mine", encoding="utf-8")
    assert ran() == ["reads", "write"]
    for _ in range(2):
        with pytest.raises(OutputError, match=r"a\.txt was changed by somebody"):
            reads("a")
        assert (here / "a.txt").read_text(encoding="utf-8") == "mine"
    # The body meets the error, and nothing is computed instead.
    assert ran() == ["reads", "reads"]
    with mode("replay"), pytest.raises(inviscid.ReplayMiss, match=r"write\(\) raised OutputError"):
        reads("a")
    (here / "a.txt").unlink()
    assert reads("a") == "hello"
    assert ran() == []


def test_a_body_that_goes_on_without_its_output_is_not_kept(here: Path, ran: Ran) -> None:
    @cached
    def tries(name: str) -> str:
        sys.audit("test.ran", "tries")
        try:
            write(name)
        except OutputError:
            return "without"
        return "with"

    assert tries("a") == "with"
    (here / "a.txt").write_text("mine", encoding="utf-8")
    with pytest.warns(inviscid.InviscidWarning, match=r"write\(\) raised: it can't be asked again"):
        assert tries("a") == "without"
    (here / "a.txt").unlink()
    assert tries("a") == "with"
    assert (here / "a.txt").exists()
    assert ran() == ["tries", "write", "tries"]


def test_async_callers_restore(here: Path, ran: Ran) -> None:
    def put(name: str) -> int:
        return Path(f"{name}.txt").write_text("hello", encoding="utf-8")

    @cached(outputs="{name}.txt")
    async def writes(name: str) -> int:
        sys.audit("test.ran", "writes")
        return put(name)

    @cached
    async def calls(name: str) -> int:
        sys.audit("test.ran", "calls")
        return await writes(name)

    assert asyncio.run(calls("a")) == 5
    (here / "a.txt").unlink()
    assert asyncio.run(calls("a")) == 5
    assert (here / "a.txt").exists()
    assert ran() == ["calls", "writes"]


PIPELINE = """
    import sys
    from pathlib import Path
    from inviscid import File, cached

    def ran(name):
        sys.audit("test.ran", name)
        print("ran", name)

    TEXT = "one"
    OPTIONS = {}

    def text():
        return TEXT

    @cached(outputs="out/a.txt")
    def write():
        ran("write")
        Path("out").mkdir(exist_ok=True)
        Path("out/a.txt").write_text(text())

    @cached
    def count(file):
        ran("count")
        return len(Path(file).read_text())

    @cached(**OPTIONS)
    def middle():
        ran("middle")
        write()
        return 1

    @cached
    def top():
        ran("top")
        middle()
        return Path("out/a.txt").read_text()

    @cached
    def counts():
        ran("counts")
        write()
        return count(File("out/a.txt"))
    """


def test_callers_restore_in_other_processes(project: Any) -> None:
    project.write(mod=PIPELINE, script="import mod\nprint(mod.top(), mod.counts())\n")
    (project.folder / "pyproject.toml").write_text("")
    ran = ["ran top", "ran middle", "ran write", "ran counts", "ran count"]
    assert project.run("script.py").splitlines() == [*ran, "one 3"]
    shutil.rmtree(project.folder / "out")
    assert project.run("script.py").splitlines() == ["one 3"]
    assert (project.folder / "out" / "a.txt").read_text() == "one"


@pytest.mark.parametrize("options", ["{}", "{'max_age': 1000}", "{'outputs': 'm.txt'}"])
def test_callers_see_what_becomes_of_outputs_behind_equal_values(
    options: str, here: Path, project: Any, ran: Ran
) -> None:
    text = PIPELINE.replace("OPTIONS = {}", f"OPTIONS = {options}")
    if "outputs" in options:
        text = text.replace(
            "write()\n        return 1", "write()\n        Path('m.txt').write_text('')\n        return 1"
        )
    mod = project.edit(text)
    assert mod.top() == "one"
    assert ran() == ["top", "middle", "write"]
    # Another file, and both functions below give the value that they gave.
    mod = project.edit(text.replace('"one"', '"two"'))
    assert mod.top() == "two"
    assert ran() == ["write", "middle", "top"]
    # The same file: nothing above the function that was edited runs.
    mod = project.edit(text.replace('"one"', '"two"').replace("return TEXT", "return str(TEXT)"))
    (here / "out" / "a.txt").unlink()
    assert mod.top() == "two"
    assert (here / "out" / "a.txt").read_text(encoding="utf-8") == "two"
    assert ran() == ["write"]
    assert mod.top.explain().code is Outcome.HIT


def test_an_output_that_a_callee_is_given_as_a_file(here: Path, project: Any, ran: Ran) -> None:
    mod = project.edit(PIPELINE)
    assert mod.counts() == 3
    (here / "out" / "a.txt").unlink()
    assert mod.counts.explain().code is Outcome.HIT
    assert mod.counts() == 3
    assert (here / "out" / "a.txt").exists()
    assert ran() == ["counts", "write", "count"]
    mod = project.edit(PIPELINE.replace('"one"', '"three"'))
    assert mod.counts() == 5
    assert ran() == ["write", "counts", "count"]


def test_an_own_output_that_a_callee_is_given_as_a_file(here: Path, ran: Ran) -> None:
    @cached
    def size(file: Any) -> int:
        sys.audit("test.ran", "size")
        return len(Path(file).read_text(encoding="utf-8"))

    @cached(outputs="a.txt")
    def writes() -> int:
        sys.audit("test.ran", "writes")
        Path("a.txt").write_text("hello", encoding="utf-8")
        return size(inviscid.File("a.txt"))

    assert writes() == 5
    (here / "a.txt").unlink()
    assert writes() == 5
    assert (here / "a.txt").exists()
    assert ran() == ["writes", "size"]


def test_what_an_unrelated_thread_restores_is_no_answer(here: Path, ran: Ran) -> None:
    write("a")

    def other() -> None:
        (here / "a.txt").unlink()
        write("a")

    @cached(ignore=["meanwhile"])
    def looks(meanwhile: Callable[[], None]) -> str:
        sys.audit("test.ran", "looks")
        meanwhile()
        return Path("a.txt").read_text(encoding="utf-8")

    def meanwhile() -> None:
        thread = Thread(target=other)
        thread.start()
        thread.join()

    assert looks(meanwhile) == "hello"
    write.forget("a")
    (here / "a.txt").write_text("mine", encoding="utf-8")
    assert looks(lambda: None) == "mine"
    assert ran() == ["write", "looks", "looks"]


def test_callers_that_pass_what_is_too_large_to_ask_again_are_not_kept(here: Path, ran: Ran) -> None:
    @cached
    def passes(size: int) -> int:
        sys.audit("test.ran", "passes")
        return write("a", "x" * size)

    with pytest.warns(inviscid.InviscidWarning, match=r"write\(\) would have to be asked again with its arguments"):
        assert passes(2 << 20) == 2 << 20
    assert passes(2 << 20) == 2 << 20
    assert ran() == ["passes", "write", "passes"]


def test_what_was_declined_is_nothing_that_callers_could_depend_on(here: Path, ran: Ran) -> None:
    @cached(outputs="a.txt", cache_if=lambda value: False)
    def declined() -> int:
        sys.audit("test.ran", "declined")
        return Path("a.txt").write_text("hello", encoding="utf-8")

    @cached
    def calls() -> str:
        sys.audit("test.ran", "calls")
        declined()
        return Path("a.txt").read_text(encoding="utf-8")

    with pytest.warns(inviscid.InviscidWarning, match=r"declined\(\) gave what has no digest"):
        assert calls() == "hello"
    assert calls() == "hello"
    assert ran() == ["calls", "declined"] * 2


# What stands for another key ------------------------------------------------------------------------------------------

CUT = """
    import sys
    from pathlib import Path
    from inviscid import cached

    @cached
    def low(x):
        return LOW

    @cached(outputs="a.txt")
    def writes(x):
        sys.audit("test.ran", "writes")
        Path("a.txt").write_text("x" * low(x))
        return x
    """


def test_what_stands_after_an_edit_is_restored(here: Path, project: Any, ran: Ran) -> None:
    project.edit(CUT.replace("LOW", "x + x")).writes(2)
    (here / "a.txt").unlink()
    mod = project.edit(CUT.replace("LOW", "x * 2"))
    mod.low(2)
    assert mod.writes.explain(2).code is Outcome.HIT_RETRACED
    assert mod.writes(2) == 2
    assert (here / "a.txt").read_text(encoding="utf-8") == "xxxx"
    assert mod.writes.explain(2).code is Outcome.HIT
    (here / "a.txt").unlink()
    assert mod.writes(2) == 2
    assert (here / "a.txt").read_text(encoding="utf-8") == "xxxx"
    assert ran() == ["writes"]
    # The output is that of the key that stands now.
    assert mod.writes.forget(2)
    assert not (here / "a.txt").exists()


def test_what_stands_again_is_restored(here: Path, ran: Ran) -> None:
    @cached(outputs="copy.txt")
    def copies() -> None:
        sys.audit("test.ran", "copies")
        Path("copy.txt").write_text(Path("data.txt").read_text(encoding="utf-8"), encoding="utf-8")

    large = "x" * 10_000
    for text in ("one", "two", large):
        (here / "data.txt").write_text(text, encoding="utf-8")
        copies()
    assert ran() == ["copies"] * 3
    for text in ("one", large, "two", "one"):
        (here / "data.txt").write_text(text, encoding="utf-8")
        copies()
        assert (here / "copy.txt").read_text(encoding="utf-8") == text
    assert ran() == []
    copies.clean()
    assert sorted(os.listdir(here)) == ["data.txt", "pyproject.toml"]


FROZEN = """
    import sys
    from pathlib import Path
    from inviscid import cached, config

    @cached(outputs=["{name}.txt", "{k}.txt"])
    def writes(name, k=config("k", default=1)):
        sys.audit("test.ran", "writes")
        Path(f"{name}.txt").write_text("TEXT")
        Path(f"{k}.txt").write_text("TEXT")
        return name

    @cached
    def reads(name):
        sys.audit("test.ran", "reads")
        writes(name)
        return Path(f"{name}.txt").read_text()
    """


def test_what_is_frozen_is_restored(here: Path, project: Any, ran: Ran) -> None:
    mod = project.edit(FROZEN)
    assert mod.reads("a") == "TEXT"
    assert mod.writes.freeze() == 1
    mod = project.edit(FROZEN.replace("TEXT", "another"))
    (here / "a.txt").unlink()
    assert mod.writes("a") == "a"
    assert ((here / "a.txt").read_text(), (here / "1.txt").read_text()) == ("TEXT", "TEXT")
    assert ran() == ["reads", "writes"]
    (here / "a.txt").unlink()
    assert mod.reads("a") == "TEXT"
    (here / "a.txt").unlink()
    assert mod.reads("a") == "TEXT"
    assert (here / "a.txt").exists()
    assert ran().count("writes") == 0
    (here / "a.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="changed by somebody"):
        mod.writes("a")
    # Where the code declares others by now, nobody knows where they belong; where it declares none, nothing is put back.
    mod = project.edit(FROZEN.replace('["{name}.txt", "{k}.txt"]', '"{name}.txt"'))
    with pytest.raises(OutputError, match="has 2 outputs, and the call has 1"):
        mod.writes("a")
    mod = project.edit(FROZEN.replace('(outputs=["{name}.txt", "{k}.txt"])', ""))
    (here / "a.txt").unlink()
    assert mod.writes("a") == "a"
    assert not (here / "a.txt").exists()


def test_a_store_from_before_gets_the_table(here: Path, tmp_path: Path, ran: Ran) -> None:
    write("a")
    inviscid.stores.current_store(None).close()
    tamper(tmp_path, "DROP TABLE outputs")
    tamper(tmp_path, "PRAGMA user_version = 3")
    (here / "a.txt").unlink()
    write("a")
    assert (here / "a.txt").exists()
    assert write.forget("a")
    assert not (here / "a.txt").exists()
    assert ran() == ["write"]


@pytest.mark.parametrize("decorate", [inviscid.source, inviscid.effect])
def test_what_is_no_cached_function_takes_no_outputs(decorate: Any) -> None:
    with pytest.raises(TypeError, match="outputs"):
        decorate(outputs="a.txt")


# Failing stores -------------------------------------------------------------------------------------------------------


def test_a_damaged_object_is_computed_again(here: Path, tmp_path: Path, ran: Ran) -> None:
    write("a", "x" * 10_000)
    entry = write.peek("a", "x" * 10_000)
    assert entry is not None
    assert entry.codec == "plain/1+outputs/1"
    path = tmp_path / "store" / "objects" / entry.object.hex()[:2] / entry.object.hex()
    path.write_bytes(path.read_bytes().replace(b"xxx", b"yyy", 1))
    (here / "a.txt").unlink()
    assert write.explain("a", "x" * 10_000).code is Outcome.MISS_CORRUPT
    write("a", "x" * 10_000)
    assert (here / "a.txt").read_text(encoding="utf-8") == "x" * 10_000
    assert ran() == ["write", "write"]


def test_small_outputs_stay_in_the_row(here: Path, tmp_path: Path) -> None:
    write("a")
    assert [path for path in (tmp_path / "store" / "objects").rglob("*") if path.is_file()] == []


def test_a_function_that_gives_another_number_of_paths_computes_again(here: Path, ran: Ran) -> None:
    counted = iter(range(100))

    @cached(outputs=lambda: ["a", "b"][: 1 + (next(counted) > 0)], pure=True)
    def body() -> None:
        sys.audit("test.ran", "body")
        Path("a").write_text("a", encoding="utf-8")
        Path("b").write_text("b", encoding="utf-8")

    body()
    body()
    assert ran() == ["body", "body"]


# Failing --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["write", "replace", "chmod"])
def test_a_restore_that_fails_leaves_what_was_there(
    call: str, here: Path, monkeypatch: pytest.MonkeyPatch, ran: Ran
) -> None:
    same("one")
    same("two")
    real = getattr(os, call)

    def fails(*args: Any, **kwargs: Any) -> Any:
        if call == "write" and b"one" not in bytes(args[1]):
            return real(*args, **kwargs)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fails)
        with pytest.raises(OutputError, match=r"same\.txt can't be restored: No space left"):
            same("one")
    assert (here / "same.txt").read_text(encoding="utf-8") == "two"
    assert sorted(os.listdir(here)) == ["pyproject.toml", "same.txt"]


def test_a_directory_that_cannot_be_put_in_place_leaves_the_old_one(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    either("one")
    (here / "either").chmod(0o700)
    either("two")
    real = os.rename

    def fails(source: str, target: str) -> None:
        if target.endswith("either") and not source.endswith("-old"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", fails)
        with pytest.raises(OutputError, match="Permission denied"):
            either("one")
    assert os.listdir(here / "either") == ["two"]
    assert sorted(os.listdir(here)) == ["either", "pyproject.toml"]


CRASHING = """
    import os, signal, sys
    from pathlib import Path
    from inviscid import cached

    @cached(outputs="out.txt")
    def f(text):
        print("ran")
        Path("out.txt").write_text(text)
        return text

    if len(sys.argv) > 2:
        real = getattr(os, sys.argv[2])
        def dies(*args, **kwargs):
            if "out.txt" in os.fspath(args[1]):
                if sys.argv[3] == "after":
                    real(*args, **kwargs)
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)
        setattr(os, sys.argv[2], dies)
    f(sys.argv[1])
    """


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_dies_while_it_restores(when: str, project: Any) -> None:
    project.write(script=CRASHING)
    (project.folder / "pyproject.toml").write_text("")
    out = project.folder / "out.txt"
    assert project.run("script.py", "one") == "ran\n"
    assert project.run("script.py", "two") == "ran\n"
    with pytest.raises(AssertionError):
        project.run("script.py", "one", "replace", when)
    assert out.read_text() == ("one" if when == "after" else "two")
    # Whichever call comes next knows that the file is inviscid's own.
    assert project.run("script.py", "two") == ""
    assert out.read_text() == "two"
    drafts = [path for path in project.folder.iterdir() if path.name.startswith(".inviscid-")]
    assert len(drafts) == (when == "before")
    for draft in drafts:
        os.utime(draft, (1e9, 1e9))
    assert project.run("script.py", "one") == ""
    assert out.read_text() == "one"
    assert [path for path in project.folder.iterdir() if path.name.startswith(".inviscid-")] == []


def test_another_process_that_restores_the_same(here: Path, monkeypatch: pytest.MonkeyPatch, ran: Ran) -> None:
    draw("x")
    before = shape(here / "plots" / "x")
    kept = here / "kept"
    shutil.move(here / "plots" / "x", kept)
    real = outputs.trees.items
    looks: list[str] = []

    def items(top: str) -> list[Any]:
        found = real(top)
        looks.append(top)
        if len(looks) == 2:
            # Just after the last look.
            shutil.copytree(kept, here / "plots" / "x", symlinks=True)
        return found

    monkeypatch.setattr(outputs.trees, "items", items)
    draw("x")
    assert len(looks) > 2
    assert shape(here / "plots" / "x") == before
    assert os.listdir(here / "plots") == ["x"]
    assert ran() == ["draw"]


TOGETHER = """
    import os, sys, time
    from pathlib import Path
    from inviscid import cached

    @cached(outputs="out")
    def f():
        print("ran")
        Path("out").mkdir()
        for number in range(200):
            Path("out", str(number)).write_text(str(number))

    while not Path("go").exists() and len(sys.argv) > 1:
        time.sleep(0.001)
    f()
    print(len(os.listdir("out")))
    """


def test_processes_that_restore_the_same_at_once(project: Any) -> None:
    project.write(script=TOGETHER)
    (project.folder / "pyproject.toml").write_text("")
    assert project.run("script.py") == "ran\n200\n"
    for _ in range(2):
        shutil.rmtree(project.folder / "out")
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(project.run, "script.py", "wait") for _ in range(4)]
            (project.folder / "go").write_text("")
            assert [one.result() for one in waiting] == ["200\n"] * 4
        (project.folder / "go").unlink()
        assert len(os.listdir(project.folder / "out")) == 200
        assert [name for name in os.listdir(project.folder) if name.startswith(".inviscid-")] == []


LARGE = """
    import os, resource, sys
    from pathlib import Path
    from inviscid import cached

    SIZE = 200 << 20

    @cached(outputs="large.bin")
    def f():
        print("ran")
        with open("large.bin", "wb") as file:
            file.seek(SIZE - 4)
            file.write(b"tail")

    import sqlite3
    used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (used + (100 << 20),) * 2)
    try:
        bytearray(SIZE)
    except MemoryError:
        f()
        print(os.stat("large.bin").st_size == SIZE)
    """


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't limit private memory")
def test_large_files_are_not_held_in_memory(project: Any) -> None:
    project.write(script=LARGE)
    assert project.run("script.py") == "ran\nTrue\n"
    (project.folder / "large.bin").unlink()
    assert project.run("script.py") == "True\n"
    with (project.folder / "large.bin").open("rb") as file:
        file.seek(-4, 2)
        assert file.read() == b"tail"


# Cleaning -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(here: Path) -> Iterator[Store]:
    """Outputs of three calls, one of them changed since."""
    write("a")
    write("b")
    draw("x")
    (here / "b.txt").write_text("mine", encoding="utf-8")
    yield inviscid.stores.current_store(None)
    inviscid.stores.current_store(None).close()


def test_forget_deletes_the_outputs(here: Path, three: Store) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert write.forget("a")
        assert draw.clean() == 1
    assert not (here / "a.txt").exists()
    assert not (here / "plots" / "x").exists()
    with pytest.warns(inviscid.InviscidWarning, match=r"not deleted: .*b\.txt \(it was changed\)"):
        assert write.clean() == 1
    assert (here / "b.txt").read_text(encoding="utf-8") == "mine"


def test_the_command_deletes_the_outputs(here: Path, three: Store) -> None:
    said = CliRunner().invoke(app, ["clean", "--dry-run"]).output
    assert f"{here}/a.txt would be deleted" in said.replace("\n", " ").replace("  ", " ")
    assert "b.txt stays: it was changed" in said
    assert (here / "a.txt").exists()
    listed = json.loads(CliRunner().invoke(app, ["clean", "--yes", "--json"]).output)
    assert [(Path(item["path"]).name, item["kept"]) for item in listed["outputs"]] == [
        ("a.txt", None), ("b.txt", "it was changed"), ("x", None),
    ]  # fmt: skip
    assert listed["removed"]["outputs"] == 2
    assert sorted(os.listdir(here)) == ["b.txt", "plots", "pyproject.toml"]
    assert os.listdir(here / "plots") == []


def test_what_is_pinned_keeps_its_outputs(here: Path, three: Store) -> None:
    three.pin(bytes.fromhex(write.key("a")), "dear")
    assert three.execute(three.plan_clean()).outputs == 1
    assert (here / "a.txt").exists()


def test_gc_leaves_outputs_alone(here: Path, three: Store, ran: Ran) -> None:
    ran()
    three.execute(three.plan_gc(size_limit=0, grace=0.0))
    assert three.stats().entries == 0
    assert (here / "a.txt").exists()
    write("a")
    assert ran() == ["write"]


def test_an_output_that_another_entry_has_taken_over_stays(here: Path) -> None:
    same("one")
    same("two")
    same.forget("one")
    assert (here / "same.txt").read_text(encoding="utf-8") == "two"
    same.forget("two")
    assert not (here / "same.txt").exists()


def test_cleaning_takes_nothing_that_came_into_a_directory(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw("x")
    real = outputs.trees.digest_at

    def digest_at(top: str, found: Any) -> bytes:
        done = real(top, found)
        (Path(top) / "late").write_text("mine", encoding="utf-8")
        return done

    monkeypatch.setattr(outputs.trees, "digest_at", digest_at)
    with pytest.warns(inviscid.InviscidWarning, match="not deleted"):
        draw.forget("x")
    assert os.listdir(here / "plots" / "x") == ["late"]
