"""`inviscid report`: the file, the words, the exit code."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from inviscid.cli.app import app


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["report", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def used(project: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with one result, from the folder in which the command is given."""
    monkeypatch.chdir(project.folder)
    module = project.edit("from inviscid import cached\n\n@cached\ndef f(x):\n    return x\n")
    module.f(1)
    folder: Path = project.folder
    return folder


def test_a_page_is_written_and_summed_up(used: Path) -> None:
    result = run()
    assert result.stdout.startswith("inviscid-report.html: 1 function, 1 entry, ")
    assert result.stdout.endswith(" saved\n")
    assert result.stderr == ""
    assert "mod:" in (used / "inviscid-report.html").read_text(encoding="utf-8")


def test_out_says_where(used: Path) -> None:
    run("--out", used / "other.html")
    assert (used / "other.html").exists()
    assert not (used / "inviscid-report.html").exists()


def test_json_is_printed_and_writes_a_page_only_where_one_is_named(used: Path) -> None:
    found = json.loads(run("--json").stdout)
    assert found["out"] is None
    assert not (used / "inviscid-report.html").exists()
    assert [(row["function"], row["entries"]) for row in found["functions"]] == [("mod:f", 1)]
    assert json.loads(run("--json", "--out", "o.html").stdout)["out"] == str(used / "o.html")
    assert (used / "o.html").exists()


def test_a_store_that_is_missing_is_nothing_wrong(tmp_path: Path) -> None:
    result = run("--store", tmp_path / "none", "--out", tmp_path / "r.html")
    assert result.stderr == f"There is no store at {tmp_path / 'none'}.\n"
    assert "0 functions, 0 entries" in result.stdout
    assert (tmp_path / "r.html").exists()
    assert not (tmp_path / "none").exists()


def test_a_place_that_can_not_be_written_is_wrong(used: Path) -> None:
    result = run("--out", used, code=1)
    assert result.stderr == f"error: the report can't be written to {used}: it is a directory; name a file in it\n"
    assert result.stdout == ""


def test_a_store_that_can_not_be_read_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("--store", tmp_path / "file", "--out", tmp_path / "r.html", code=1)
    assert result.stderr.startswith("error: ")
    assert not (tmp_path / "r.html").exists()


def test_a_link_stays_and_leads_to_the_page(used: Path) -> None:
    (used / "pages").mkdir()
    for name, target in (("link.html", "pages/new.html"), ("other.html", "pages/old.html")):
        (used / name).symlink_to(target)
    (used / "pages/old.html").write_text("old")
    for name in ("link.html", "other.html"):
        run("--out", name)
        assert (used / name).is_symlink()
        assert "mod:" in (used / name).read_text(encoding="utf-8")
    assert sorted(os.listdir(used / "pages")) == ["new.html", "old.html"]


def test_what_is_no_file_stays_what_it_is(used: Path) -> None:
    os.mkfifo(used / "pipe")
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append((used / "pipe").read_text(encoding="utf-8")))
    reader.start()
    run("--out", "pipe")
    reader.join(20)
    assert stat.S_ISFIFO(os.stat(used / "pipe").st_mode)
    assert got
    assert "mod:" in got[0]
    (used / "nothing").symlink_to("/dev/null")
    run("--out", "nothing")
    (used / "full").symlink_to("/dev/full")
    assert "No space left on device" in run("--out", "full", code=1).stderr
    assert (used / "full").is_symlink()
    for name in ("null", "full"):
        assert stat.S_ISCHR(os.stat(f"/dev/{name}").st_mode)
    command = [sys.executable, "-m", "inviscid", "report", "--out", "/dev/stdout"]
    done = subprocess.run(command, cwd=used, capture_output=True, text=True, check=True, timeout=60)
    assert "mod:" in done.stdout
