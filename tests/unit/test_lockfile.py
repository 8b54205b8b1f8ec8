"""The file that says what is frozen: what it looks like, how it is found, what becomes of damage and of merges."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from inviscid import LockError, lockfile
from inviscid.lockfile import Record


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def record(function: str = "mod:f", arguments: str = "a", content: str = "c", **fields: object) -> Record:
    made = Record(
        function, arguments if arguments == "*" else arguments * 64, "x=1", {}, "b" * 64, content * 64, "d" * 64, "", "2026-01-02T03:04:05+00:00",
    )  # fmt: skip
    return made._replace(**fields)  # type: ignore[arg-type]


def add(*records: Record) -> None:
    lockfile.change(lambda found: [*found, *records])


def read() -> str:
    return Path("inviscid.lock").read_text(encoding="utf-8")


def test_without_a_file_nothing_is_frozen() -> None:
    assert lockfile.current().all() == []
    assert not Path("inviscid.lock").exists()


def test_what_is_written_is_read() -> None:
    odd = record(
        shown='quote " and \\ and \x7f and ü', because="two\nlines\tand '''", config={"a.b": "unset", "c=": "e" * 64, "plain": "unset"},
        extra={"ticket": 7, "ratio": 0.5, "done": True, "tags": ["a", "b"], "who": {"first name": "A", "b": {}}},
    )  # fmt: skip
    add(odd, record(arguments="*", key="", content=""))
    assert lockfile.current().all() == [record(arguments="*", key="", content=""), odd]
    assert tomllib.loads(read())["version"] == 1


def test_each_field_is_on_a_line_of_its_own_and_records_are_sorted() -> None:
    add(record("mod:g"), record("mod:f", "b"), record("mod:f", "a", config={"a.k": "unset", "b": "unset"}))
    tables = read().split("[[frozen]]\n")[1:]
    assert tables[0].splitlines()[:-1] == [
        'function = "mod:f"', f'arguments = "{"a" * 64}"', 'shown = "x=1"', 'config."a.k" = "unset"', 'config.b = "unset"', f'key = "{"b" * 64}"',
        f'content = "{"c" * 64}"', f'fingerprint = "{"d" * 64}"', 'because = ""', 'date = "2026-01-02T03:04:05+00:00"',
    ]  # fmt: skip
    assert [table.split('"')[1] for table in tables] == ["mod:f", "mod:f", "mod:g"]
    before = read()
    lockfile.change(lambda found: found[::-1])
    assert read() == before


def test_unknown_fields_are_kept() -> None:
    add(record())
    text = (
        read()
        .replace("version = 1", 'version = 1\nowner = "us"')
        .replace('because = ""', 'because = ""\nticket = 2026-01-02')
    )
    Path("inviscid.lock").write_text(text)
    add(record("mod:g"))
    table = tomllib.loads(read())
    assert (table["owner"], str(table["frozen"][0]["ticket"])) == ("us", "2026-01-02")


def test_the_file_is_read_once_and_again_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    add(record())
    reads: list[bytes] = []
    parse = lockfile.parse
    monkeypatch.setattr(lockfile, "parse", lambda data, path: (reads.append(data), parse(data, path))[1])
    lockfile.current()
    lockfile.current()
    assert len(reads) == 1
    Path("inviscid.lock").write_text(read().replace("mod:f", "mod:h"))
    assert list(lockfile.current().records) == ["mod:h"]
    Path("inviscid.lock").unlink()
    assert lockfile.current().all() == []


def test_it_lies_beside_the_nearest_pyproject(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pyproject.toml").write_text("")
    (folder / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(folder / "a" / "b")
    add(record())
    assert (folder / "inviscid.lock").exists()
    monkeypatch.chdir(folder)
    assert lockfile.current().all() == [record()]


def test_one_that_is_nearer_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pyproject.toml").write_text("")
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "inviscid.lock").write_text("version = 1\n")
    monkeypatch.chdir(folder / "a" / "b")
    add(record())
    assert "mod:f" in (folder / "a" / "inviscid.lock").read_text()
    assert not (folder / "inviscid.lock").exists()


def test_without_a_pyproject_it_lies_in_the_working_directory_and_is_found_from_below(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(record())
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert lockfile.current().all() == [record()]


def test_a_working_directory_that_is_gone_has_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert lockfile.current().all() == []
    with pytest.raises(LockError, match="can't be written"):
        add(record())


WHOLE = lockfile.text([record(), record("mod:g", config={"k": "unset"})])


def line_of(text: str, part: str, nth: int = 1) -> int:
    return [number for number, line in enumerate(text.splitlines(), 1) if part in line][nth - 1]


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ('shown = "x=1"', "shown = x=1", "shown = x=1", "not TOML"),
        ('shown = "x=1"', '<<<<<<< HEAD\nshown = "x=1"\n=======\nshown = "x=2"\n>>>>>>> b', "<<<<<<<", "a merge left a conflict"),
        ('shown = "x=1"', 'shown = "x=1"\nshown = "x=2"', 'shown = "x=2"', "not TOML"),
        ('shown = "x=1"', "shown = 3", "shown = 3", "'shown' is not a text"),
        ('shown = "x=1"\n', "", "[[frozen]]", "has no 'shown'"),
        (f'key = "{"b" * 64}"', 'key = "bb"', 'key = "bb"', "'key' is not a digest"),
        (f'content = "{"c" * 64}"', 'content = ""', 'content = ""', "'content' is not a digest"),
        (f'arguments = "{"a" * 64}"', 'arguments = ""', 'arguments = ""', "'arguments' is not a digest"),
        ("config = {}", "config = 3", "config = 3", "'config' is not a table"),
        ("config = {}", "config.k = 3", "config.k = 3", "'config' has a value for 'k'"),
        ("version = 1", "version = 2", "version = 2", "newer version of inviscid.*upgrade"),
        ("version = 1", 'version = "1"', "version", "'version = 1' is missing"),
        ("version = 1\n", "", "# Results", "'version = 1' is missing"),
        ("[[frozen]]", "[frozen]", "[[frozen]]", "not TOML"),
    ],
)  # fmt: skip
def test_damage_is_an_error_that_names_the_line_and_nothing_is_written_over_it(
    old: str, new: str, at: str, says: str
) -> None:
    text = WHOLE.replace(old, new, 1)
    assert text != WHOLE
    Path("inviscid.lock").write_text(text)
    with pytest.raises(LockError, match=says) as caught:
        lockfile.current()
    assert caught.value.line == line_of(text, at)
    assert str(caught.value).startswith(f"{Path('inviscid.lock').absolute()}, line {caught.value.line}: ")
    with pytest.raises(LockError, match=says):
        add(record("mod:h"))
    assert read() == text


def test_a_single_table_where_a_list_is_meant() -> None:
    Path("inviscid.lock").write_text(lockfile.text([record()]).replace("[[frozen]]", "[frozen]"))
    with pytest.raises(LockError, match="'frozen' is not a list of tables"):
        lockfile.current()


def test_damage_in_the_second_record_is_found_there() -> None:
    first, second = WHOLE.split('function = "mod:g"')
    text = f'{first}function = "mod:g"{second.replace("because =", "because_ =")}'
    Path("inviscid.lock").write_text(text)
    with pytest.raises(LockError, match="has no 'because'") as caught:
        lockfile.current()
    assert caught.value.line == line_of(text, "[[frozen]]", 2)


def test_what_is_not_text_or_no_file() -> None:
    Path("inviscid.lock").write_bytes(WHOLE.encode().replace(b"x=1", b"x=\xff", 1))
    with pytest.raises(LockError, match="not UTF-8") as caught:
        lockfile.current()
    assert caught.value.line == line_of(WHOLE, "x=1")
    Path("inviscid.lock").unlink()
    Path("inviscid.lock").mkdir()
    with pytest.raises(LockError, match="can't be read"):
        lockfile.current()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_must_not_be_read_is_no_file_that_is_missing() -> None:
    add(record())
    Path("inviscid.lock").chmod(0)
    with pytest.raises(LockError, match="can't be read"):
        lockfile.current()


def test_errors_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(LockError("it is not TOML", "a.lock", 3, "mend it")))
    assert (str(error), error.line) == ("a.lock, line 3: it is not TOML; mend it", 3)
    assert isinstance(error, ValueError)


def test_the_same_record_twice_is_one() -> None:
    whole = lockfile.text([record()])
    Path("inviscid.lock").write_text(whole + whole.partition("version = 1\n")[2])
    assert lockfile.current().all() == [record()]
    add(record("mod:g"))
    assert read().count("[[frozen]]") == 2


def test_one_call_with_two_results_is_damage() -> None:
    text = lockfile.text([record(), record(content="e"), record(content="c", config={"k": "unset"})])
    Path("inviscid.lock").write_text(text)
    with pytest.raises(
        LockError, match=r"mod:f\(x=1\) is frozen with another result than in line 5; delete one"
    ) as caught:
        lockfile.current()
    assert caught.value.line == line_of(text, "[[frozen]]", 2)


def test_a_state_is_of_what_is_frozen_not_of_its_reasons() -> None:
    add(record(), record("mod:g"))
    before = lockfile.current().states
    assert before["mod:f"] != before["mod:g"] or set(before) == {"mod:f", "mod:g"}
    lockfile.change(lambda found: [item._replace(because="so", date="2027", shown="x") for item in found])
    assert lockfile.current().states == before
    add(record("mod:f", "*", key="", content=""))
    assert lockfile.current().states["mod:f"] != before["mod:f"]
    assert lockfile.current().states["mod:g"] == before["mod:g"]


def test_a_change_that_fails_leaves_the_file_and_nothing_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(record())
    before = read()

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(LockError, match="the disk is full"):
        add(record("mod:g"))
    assert read() == before
    assert os.listdir(folder) == ["inviscid.lock"]


def test_where_folders_cannot_be_locked_a_file_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockfile, "_locked", lambda folder: None)
    add(record())
    assert lockfile.current().all() == [record()]


def test_the_mode_of_the_file_and_a_link_to_it_stay(folder: Path) -> None:
    add(record())
    os.rename("inviscid.lock", "elsewhere.lock")
    os.symlink("elsewhere.lock", "inviscid.lock")
    os.chmod("elsewhere.lock", 0o640)
    add(record("mod:g"))
    assert os.path.islink("inviscid.lock")
    assert os.stat("elsewhere.lock").st_mode & 0o777 == 0o640
    assert len(lockfile.current().all()) == 2


# Merges ---------------------------------------------------------------------------------------------------------------


def git(*args: str, fails: bool = False) -> None:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", *args], check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode != 0) is fails, done.stdout + done.stderr


def merged(base: list[Record], ours: list[Record], theirs: list[Record], *, fails: bool = False) -> None:
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    git("init", "-q", "-b", "main")
    add(*base)
    for branch, records in (("main", base), ("theirs", theirs), ("ours", ours)):
        if branch != "main":
            git("checkout", "-q", "-b", branch, "main")
            add(*records)
        git("add", "inviscid.lock")
        git("commit", "-q", "-m", branch)
    git("merge", "-q", "theirs", "-m", "merged", fails=fails)


def test_two_branches_that_froze_different_functions_merge() -> None:
    base = [record("mod:k")]
    ours, theirs = record("mod:a", content="1"), record("mod:z", content="2")
    merged(base, [ours], [theirs])
    assert lockfile.current().all() == [ours, *base, theirs]


def test_two_branches_that_froze_the_same_call_alike_merge() -> None:
    merged([record("mod:k")], [record("mod:a")], [record("mod:a")])
    assert lockfile.current().all() == [record("mod:a"), record("mod:k")]


def test_two_branches_that_froze_one_call_with_two_results_conflict_and_nothing_is_lost() -> None:
    merged([record("mod:k")], [record("mod:a", content="1")], [record("mod:a", content="2")], fails=True)
    text = read()
    with pytest.raises(LockError, match="a merge left a conflict here; resolve") as caught:
        lockfile.current()
    assert caught.value.line == line_of(text, "<<<<<<<")
    with pytest.raises(LockError):
        add(record("mod:b"))
    assert read() == text
    # Both sides kept, which is what one must not do here.
    tables = [lockfile.text([record("mod:a", content=digit)]).partition("version = 1\n")[2] for digit in "12"]
    Path("inviscid.lock").write_text(lockfile.text([record("mod:k")]) + "".join(tables))
    with pytest.raises(LockError, match="another result than in line"):
        lockfile.current()
