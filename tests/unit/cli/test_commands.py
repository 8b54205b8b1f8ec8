from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
from typer.testing import CliRunner, Result

from inviscid.cli.app import app
from inviscid.cli.output import complete_selector, counting
from inviscid.entry import Entry, Provenance
from inviscid.outcome import Outcome
from inviscid.store import Store

DAY = 86_400.0
PARTS = msgpack.packb({"inputs": {"x": b"\x12" * 32, "y": b"\x34" * 32}, "config": {"a.b": 3}, "python": "3.11"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three entries of two functions, ten days old."""
    store = Store(tmp_path / "store")
    for number, function in enumerate(("pkg.mod:f", "pkg.mod:f", "pkg.mod:<lambda>")):
        origin = Provenance(function, b"F" * 32, PARTS, time.time() - 10 * DAY, 2.0, "host:1")
        entry = Entry(bytes([0xA0 + number]) * 32, "pickle/1", b"", 0, b"v" * 32, b"\x80", b"", origin)
        store.publish(entry, [bytes([number]) * 5000], preimage=b"", durable=False)
    yield store
    store.close()


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def read(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_ls_gives_one_bare_line_for_each_function(store: Store) -> None:
    lines = [line.split("\t") for line in run("ls", "--store", store.path).stdout.splitlines()]
    assert [line[:5] for line in lines] == [
        ["pkg.mod:<lambda>", "1", "5 kB", "2 s", "0 s"],
        ["pkg.mod:f", "2", "10 kB", "4 s", "0 s"],
    ]


def test_ls_as_json(store: Store) -> None:
    first, second = read("ls", "--store", store.path)
    assert (first["function"], second["function"]) == ("pkg.mod:<lambda>", "pkg.mod:f")
    assert (second["entries"], second["bytes"], second["seconds"]) == (2, 10_000, 4.0)


def test_a_terminal_gets_a_table(store: Store) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "inviscid", "ls", "--store", str(store.path)]
    environment = {**os.environ, "COLUMNS": "100", "TERM": "dumb"}
    with subprocess.Popen(command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        text = b""
        try:
            while data := os.read(ours, 4096):
                text += data
        except OSError:
            # The other side hung up.
            pass
    os.close(ours)
    assert process.returncode == 0
    assert b"last used" in text
    assert b"pkg.mod:<lambda>" in text


def test_show_prints_where_an_entry_came_from(store: Store) -> None:
    out = run("show", "pkg.mod:f", "--store", store.path).stdout
    assert out.count("pkg.mod:f  a") == 2
    assert "in 2 s by host:1, no hits yet" in out
    assert "5 kB as pickle/1" in out
    assert "  inputs\n    x          121212121212…\n" in out
    assert "    a.b        3\n" in out
    assert "  python       3.11\n" in out


def test_show_takes_the_start_of_a_key(store: Store) -> None:
    [entry] = read("show", "a2a2a2", "--store", store.path)
    assert entry["function"] == "pkg.mod:<lambda>"
    assert entry["key"] == "a2" * 32
    assert entry["parts"]["config"] == {"a.b": 3}


def test_show_copes_with_parts_that_are_no_map(store: Store) -> None:
    origin = Provenance("pkg.mod:g", b"F" * 32, b"\xc1broken\n", time.time(), 2.0, "host\x1b[31m:1")
    store.publish(Entry(b"g" * 32, "c/1", b"", 0, b"", b"", b"", origin), [b"x"], preimage=b"", durable=False)
    out = run("show", "g", "--store", store.path).stdout
    assert "\x1b" not in out
    assert r"host\x1b[31m:1" in out
    assert "parts" in out


def test_a_selector_of_nothing_names_the_nearest_and_is_wrong(store: Store) -> None:
    for command in ("show", "clean"):
        result = run(command, "pkg.mod:ff", "--store", store.path, code=1)
        assert "did you mean 'pkg.mod:f'?" in result.stderr
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1


def test_stats(store: Store) -> None:
    store.count(Outcome.HIT, 3.0)
    store.close()
    found = read("stats", "--store", store.path)
    assert (found["functions"], found["entries"], found["bytes"], found["seconds"]) == (2, 3, 15_000, 6.0)
    assert found["outcomes"] == {"HIT": {"count": 1, "seconds": 3.0}}
    out = run("stats", "--store", store.path).stdout
    assert "entries\t3\n" in out
    assert "HIT\t1, 3 s\n" in out


def test_gc_does_what_its_dry_run_says(store: Store) -> None:
    arguments = ("gc", "--size-limit", "6kB", "--store", store.path)
    plan = read(*arguments, "--dry-run")
    assert plan["dry_run"] is True
    assert plan["removed"] is None
    assert [entry["reason"] for entry in plan["entries"]] == ["size", "size"]
    assert plan["bytes"] == 10_000
    assert store.stats().entries == 3
    done = read(*arguments)
    assert done["entries"] == plan["entries"]
    assert done["removed"] == {"entries": 2, "files": 0, "bytes": 10_000, "forms": 0, "outputs": 0}
    assert store.stats().entries == 1
    assert "nothing to remove; 1 entry (5 kB) kept" in run(*arguments).stdout


def test_gc_by_age_keeps_within_the_grace(store: Store) -> None:
    out = run("gc", "--max-age", "5d", "--grace", "20d", "--store", store.path).stdout
    assert out == "nothing to remove; 3 entries (15 kB) kept\n"
    out = run("gc", "--max-age", "5d", "--dry-run", "--store", store.path).stdout
    assert "pkg.mod:f\tage\t2\t10 kB\n" in out
    assert out.endswith("would remove 3 entries and 0 files: 15 kB; 0 entries (0 B) kept\n")
    assert run("gc", "--max-age", "5d", "--store", store.path).stdout.splitlines()[-1].startswith("removed 3 entries")


@pytest.mark.parametrize("command", ["ls", "stats", "gc", "clean"])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_missing_store_is_said_to_be_missing_and_is_not_made(tmp_path: Path, command: str, as_json: bool) -> None:
    place = tmp_path / "nowhere"
    result = run(command, "--store", place, *(["--json"] if as_json else []))
    assert not place.exists()
    if as_json:
        json.loads(result.stdout)
    else:
        assert f"there is no store at {place}" in result.output


def test_an_empty_store_has_nothing_to_collect(store: Store) -> None:
    store.execute(store.plan_clean())
    assert "nothing to remove" in run("gc", "--store", store.path).stdout
    assert "is empty" in run("ls", "--store", store.path).stderr
    assert run("show", "f", "--store", store.path, code=1).stderr == "error: nothing matches 'f': the store is empty\n"


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [("--size-limit", "much", "size"), ("--max-age", "long", "duration"), ("--grace", "-1d", "duration")],
)
def test_an_option_that_can_not_be_read_is_wrong_usage(store: Store, option: str, value: str, what: str) -> None:
    result = run("gc", option, value, "--store", store.path, code=2)
    assert f"is not a {what}" in " ".join(result.stderr.split())
    assert store.stats().entries == 3


def test_clean_deletes_what_it_is_told(store: Store) -> None:
    assert "would remove 2 entries" in run("clean", "pkg.mod:f", "--dry-run", "--store", store.path).stdout
    assert store.stats().entries == 3
    assert "removed 2 entries" in run("clean", "pkg.mod:f", "--yes", "--store", store.path).stdout
    assert [row.function for row in store.functions()] == ["pkg.mod:<lambda>"]
    assert "removed 1 entry" in run("clean", "-y", "--store", store.path).stdout
    assert store.functions() == []


def test_clean_asks_and_deletes_nothing_where_nobody_can_answer(store: Store) -> None:
    result = run("clean", "--store", store.path, code=2)
    assert "--yes" in result.stderr
    assert store.stats().entries == 3


@pytest.mark.parametrize(("answer", "left", "code"), [("y\n", 0, 0), ("n\n", 3, 1)])
def test_clean_does_as_it_is_answered(
    store: Store, monkeypatch: pytest.MonkeyPatch, answer: str, left: int, code: int
) -> None:
    from inviscid.cli import clean

    monkeypatch.setattr(clean, "_can_ask", lambda: True)
    result = CliRunner().invoke(app, ["clean", "--store", str(store.path)], input=answer)
    assert result.exit_code == code
    assert store.stats().entries == left


def test_pins_are_kept_and_counted(store: Store) -> None:
    store.pin(b"\xa0" * 32, because="cited")
    assert "1 entry (5 kB) kept, 1 of them pinned" in run("clean", "-y", "--store", store.path).stdout


@pytest.mark.parametrize("command", [("ls",), ("stats",), ("gc",), ("clean", "-y"), ("show", "f")])
def test_a_store_that_can_not_be_used_is_one_line_and_wrong(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("mine")
    result = run(*command, "--store", tmp_path / "file", code=1)
    assert result.stderr.startswith("error: the store")
    assert len(result.stderr.splitlines()) == 1


def test_the_default_is_the_store_of_the_settings(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVISCID_STORE", str(store.path))
    assert run("ls").stdout.count("\n") == 2


def test_the_program_runs_as_a_module_and_leaves_with_its_code(store: Store) -> None:
    command = [sys.executable, "-m", "inviscid"]
    good = subprocess.run([*command, "ls", "--store", str(store.path)], capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.count("\n") == 2
    bad = subprocess.run([*command, "show", "zzz", "--store", str(store.path)], capture_output=True, check=False)
    assert bad.returncode == 1
    usage = subprocess.run([*command, "frobnicate"], capture_output=True, check=False)
    assert usage.returncode == 2
    assert b"Traceback" not in bad.stderr + usage.stderr


@pytest.mark.parametrize("command", [("gc", "--dry-run"), ("clean", "--dry-run")])
def test_a_missing_store_answers_in_the_same_shape(command: tuple[str, ...], store: Store, tmp_path: Path) -> None:
    """A script that reads the JSON need not know whether there was a store."""
    there = read(*command, "--store", store.path)
    missing = read(*command, "--store", tmp_path / "nowhere")
    assert list(missing) == list(there)
    assert {name: type(value) for name, value in missing.items()} == {
        name: type(value) for name, value in there.items()
    }


def test_verify_says_what_is_damaged_and_removes_it(store: Store) -> None:
    assert run("verify", "--store", store.path).stdout == "nothing wrong in 3 entries and 3 object files; 0 B read\n"
    (path,) = (store.path / "objects").rglob("*" + store.entries("pkg.mod:<lambda>")[0].object.hex())
    path.write_bytes(b"\x07" * 5000)
    assert read("verify", "--store", store.path)["problems"] == []
    shown = run("verify", "--store", store.path, "--read-data", code=1).stdout.splitlines()
    assert shown[0].split("\t") == [
        "object", path.name[:16], "pkg.mod:<lambda>", "its bytes are not those that were stored", ""
    ]  # fmt: skip
    assert shown[1:] == [
        "1 problem in 3 entries and 2 object files; 10 kB read",
        "`inviscid verify --repair` removes what is damaged",
    ]
    repaired = run("verify", "--store", store.path, "--read-data", "--repair", code=1).stdout.splitlines()
    assert repaired[0].endswith("\trepaired")
    assert run("verify", "--store", store.path, "--read-data").stdout.startswith("nothing wrong in 2 entries")


def test_verify_counts_what_others_sealed(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("ab" * 32)
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv("INVISCID_SIGNING_KEY_FILE", str(tmp_path / "key"))
    assert "3 entries are sealed by others" in run("verify", "--store", store.path).stdout
    assert read("verify", "--store", store.path)["foreign"] == 3


def test_verify_without_a_store_makes_none(tmp_path: Path) -> None:
    assert "nothing to verify" in run("verify", "--store", tmp_path / "none").stdout
    assert read("verify", "--store", tmp_path / "none")["entries"] == 0
    assert not (tmp_path / "none").exists()


def test_doctor_says_what_is_wrong_and_what_to_do(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.split("\t") for line in run("doctor", "--store", store.path).stdout.splitlines()]
    assert {line[0] for line in lines} == {"ok"}
    assert {"packages", "settings", "store", "locks", "index", "clock"} <= {line[1] for line in lines}
    monkeypatch.setenv("INVISCID_MODE", "off")
    assert ["note", "mode", "'off' is in force", "unset INVISCID_MODE, or take it out of pyproject.toml"] in [
        line.split("\t") for line in run("doctor", "--store", store.path).stdout.splitlines()
    ]
    monkeypatch.setenv("INVISCID_MODE", "of")
    assert "did you mean 'off'" in run("doctor", "--store", store.path, code=1).stdout
    monkeypatch.delenv("INVISCID_MODE")
    store.path.chmod(0o777)
    (wrong,) = [check for check in json.loads(run("doctor", "--store", store.path, "--json", code=1).stdout)
                if check["state"] == "wrong"]  # fmt: skip
    assert "others can write" in wrong["found"]


def test_doctor_looks_at_the_lock_file(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(code: int) -> dict[str, str]:
        result = run("doctor", "--store", store.path, "--json", code=code)
        (found,) = [check for check in json.loads(result.stdout) if check["name"] == "inviscid.lock"]
        return dict(found)

    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path / "here")
    lock = tmp_path / "here" / "inviscid.lock"
    assert look(0)["found"] == "there is none: nothing is frozen or accepted"
    lock.write_text("version = 1\n")
    assert look(0)["found"] == f"{lock}: 0 frozen, 0 accepted"
    lock.write_text("version = 1\n[[frozen]]\nfunction = 3\n")
    found = look(1)
    assert found["state"] == "wrong"
    assert found["found"].startswith(f"{lock}, line ")
    assert "git checkout" in found["cure"]
    lock.unlink()
    lock.mkdir()
    found = look(1)
    assert (found["state"], found["found"]) == ("wrong", f"{lock}: it can't be read: Is a directory")
    assert found["cure"].startswith("make it a file that you can read")
    lock.rmdir()
    lock.symlink_to("nowhere")
    assert (look(1)["state"], look(1)["cure"]) == ("wrong", "mend the link, or remove it")


def test_selectors_are_completed_by_what_there_is(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVISCID_STORE", str(store.path))
    assert complete_selector("pkg") == ["pkg.mod:<lambda>", "pkg.mod:f"]
    assert complete_selector("pkg.mod:f") == ["pkg.mod:f"]
    assert complete_selector("f") == ["f"]
    assert complete_selector("x") == []
    completing = {
        **os.environ,
        "_INVISCID_COMPLETE": "complete_bash",
        "COMP_WORDS": "inviscid clean pkg",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-m", "inviscid"], env=completing, capture_output=True, text=True, check=True
    )
    assert "pkg.mod:f" in done.stdout
    monkeypatch.setenv("INVISCID_STORE", str(tmp_path / "none"))
    assert complete_selector("pkg") == []
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INVISCID_STORE", str(tmp_path / "file"))
    assert complete_selector("pkg") == []


def test_progress_is_shown_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with counting("entries") as progress:
        progress(1, 1000)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with counting("entries") as progress:
        progress(1000, 2000)
        progress(1001, 2000)
    assert capsys.readouterr().err == "\r1,000 of 2,000 entries\r\x1b[K"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["gc", "--size-limit", "0", "--grace", "0s"], ["clean", "--yes"], ["verify", "--repair", "--read-data"]],
    ids=lambda given: given[0],
)
def test_an_interrupt_leaves_a_sound_store(tmp_path: Path, arguments: list[str]) -> None:
    """At many moments of the work: each removal waits a little."""
    slow = (
        "import sys, time\nfrom inviscid.store import objects, reader, sweep\nfrom inviscid.__main__ import main\n"
        "from inviscid.store.objects import Objects\n"
        "for name in ('unlink', 'quarantine'):\n"
        "    def late(self, key, _real=getattr(Objects, name)):\n"
        "        print('working', file=sys.stderr, flush=True)\n        time.sleep(0.01)\n        return _real(self, key)\n"
        "    setattr(Objects, name, late)\n"
        "sys.exit(main())\n"
    )
    (tmp_path / "slow.py").write_text(slow)
    for moment in (0.0, 0.05, 0.15):
        store = Store(tmp_path / f"store-{moment}")
        for number in range(120):
            origin = Provenance("pkg.mod:f", b"F" * 32, PARTS, time.time() - 10 * DAY, 2.0, "host:1")
            entry = Entry(number.to_bytes(32, "big"), "pickle/1", b"", 0, b"v" * 32, b"", b"", origin)
            store.publish(entry, [number.to_bytes(4, "big") * 2000], preimage=b"", durable=False)
        if arguments[0] == "verify":
            for path in list((store.path / "objects").rglob("*"))[:300]:
                if path.is_file():
                    path.write_bytes(b"x" * 8000)
        store.close()
        command = [sys.executable, str(tmp_path / "slow.py"), *arguments, "--store", str(store.path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert process.stderr.readline() == "working\n"
            time.sleep(moment)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        assert process.returncode != 0
        assert store.verify(read_data=arguments[0] != "verify").problems == ()
        assert store.stats().entries < 120 or moment == 0.0
        store.verify(read_data=True, repair=True)
        assert store.verify(read_data=True).problems == ()
