"""`inviscid freeze`, `thaw` and `status`, as programs that run against a real store."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MODULE = """
import sys
from inviscid import cached, effect, source

RATE = 2

@cached
def f(x):
    print("body of f", file=sys.stderr)
    return x * RATE

@cached
def g(x):
    print("body of g", file=sys.stderr)
    return x + 1

@effect(once=True)
def send(x):
    print("sent", file=sys.stderr)

@source
def look():
    print("body of look", file=sys.stderr)
    return 3
"""
SCRIPT = """
import sys
from inviscid import cached
from mod import f, g, send, look

@cached
def own(x):
    print("body of own", file=sys.stderr)
    return x + 10

if __name__ == "__main__":
    start = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    total = own(g(f(start)))
    send(1)
    print(total, look())
"""


def start(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "inviscid", *arguments], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def bodies(folder: Path, text: str) -> tuple[str, list[str]]:
    """What a script prints, and which bodies ran in it."""
    (folder / "use.py").write_text(text)
    done = subprocess.run([sys.executable, "use.py"], cwd=folder, capture_output=True, text=True)
    return done.stdout.strip(), re.findall(r"^(?:body of )?(\w+)$", done.stderr, re.MULTILINE)


@pytest.fixture
def folder(project: Any) -> Path:
    project.write(mod=MODULE, script=SCRIPT)
    (project.folder / "pyproject.toml").write_text("")
    return project.folder


USE = "from mod import f\nprint(f(1), f(2))\n"


def test_a_function_is_frozen_and_thawed_from_the_prompt(folder: Path, project: Any) -> None:
    assert bodies(folder, USE) == ("2 4", ["f", "f"])
    dry = start(folder, "freeze", "mod:f", "--dry-run")
    assert rows(dry.stdout)[0] == ["mod:f", "2", "2 new"]
    assert "would be frozen in" in dry.stdout
    assert not (folder / "inviscid.lock").exists()
    done = start(folder, "freeze", "mod:f", "--because", "sent out")
    assert done.stdout == dry.stdout.replace("would be frozen", "frozen")
    assert 'because = "sent out"' in (folder / "inviscid.lock").read_text()
    project.write(mod=MODULE.replace("RATE = 2", "RATE = 3"))
    assert bodies(folder, USE) == ("2 4", [])
    dry = start(folder, "thaw", "mod:f", "--dry-run")
    assert rows(dry.stdout)[0][:2] == ["mod:f", "2"]
    assert bodies(folder, USE) == ("2 4", [])
    start(folder, "thaw", "mod:f")
    assert bodies(folder, USE) == ("3 6", ["f", "f"])


def test_status_says_what_is_stale_since_when_and_why(folder: Path, project: Any) -> None:
    assert "nothing is frozen" in start(folder, "status").stderr
    bodies(folder, "from mod import f, g\nf(1), f(2), g(1)\n")
    start(folder, "freeze", "--because", "sent out", "mod")
    table = rows(start(folder, "status").stdout)
    assert [[*row[:3], *row[4:]] for row in table] == [
        ["mod:f", "frozen", "2", "sent out", ""],
        ["mod:g", "frozen", "1", "sent out", ""],
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", table[0][3])
    project.write(mod=MODULE.replace("RATE = 2", "RATE = 3"))
    out = start(folder, "status").stdout
    assert [row[:3] for row in rows(out)[:2]] == [["mod:f", "frozen and stale", "2"], ["mod:g", "frozen", "1"]]
    assert "mod.RATE 2 → 3" in out
    assert out.count("-2\n+3\n") == 1
    found = json.loads(start(folder, "status", "--json", "*:f").stdout)
    assert [(one["function"], one["whole"], one["state"], one["arguments"]) for one in found if not one["whole"]] == [
        ("mod:f", False, "frozen and stale", "x=1"), ("mod:f", False, "frozen and stale", "x=2")
    ] or {one["arguments"] for one in found if not one["whole"]} == {"x=1", "x=2"}  # fmt: skip
    assert all("-2\n+3\n" in one["diff"] for one in found)
    assert "nothing matches 'mod:h'" in start(folder, "status", "mod:h", code=1).stderr


def test_a_result_that_is_not_in_the_store_is_wrong(folder: Path, isolated: Path) -> None:
    bodies(folder, "from mod import g\ng(1)\n")
    start(folder, "freeze", "mod:g")
    isolated.rename(isolated.parent / "elsewhere")
    out = start(folder, "status", code=1).stdout
    assert "mod:g\tmissing\t1\t" in out
    assert "bring back the store" in out


def test_a_function_that_is_gone_can_be_thawed(folder: Path, project: Any) -> None:
    bodies(folder, "from mod import f, g\nf(1), g(1)\n")
    start(folder, "freeze", "mod:f", "mod:g")
    (folder / "mod.py").unlink()
    assert "mod:g\tnot known" in start(folder, "status", code=1).stdout
    found = json.loads(start(folder, "thaw", "mod", "--json").stdout)
    assert [(one["function"], one["results"]) for one in found["functions"]] == [("mod:f", 1), ("mod:g", 1)]
    assert "nothing is frozen" in start(folder, "status").stderr


def test_a_whole_run_is_frozen_by_one_command(folder: Path, project: Any) -> None:
    project.run("script.py", "5")
    done = start(folder, "freeze", "script.py", "--because", "the paper", "--", "5")
    assert [row[:2] for row in rows(done.stdout)[:5]] == [
        ["mod:f", "1"], ["mod:g", "1"], ["mod:look", "1"], ["mod:send", "0"], ["script:own", "1"]
    ]  # fmt: skip
    assert "it is an effect" in done.stdout
    project.write(
        mod=MODULE.replace("RATE = 2", "RATE = 7").replace("return 3", "return 4"),
        script=SCRIPT.replace("+ 10", "+ 11"),
    )
    again = subprocess.run([sys.executable, "script.py", "5"], cwd=folder, capture_output=True, text=True)
    assert again.stdout == "21 3\n"
    assert "body" not in again.stderr
    other = subprocess.run([sys.executable, "script.py", "6"], cwd=folder, capture_output=True, text=True)
    assert "FrozenMiss" in other.stderr
    assert [row[1] for row in rows(start(folder, "status").stdout)[:4]] == [
        "frozen and stale", "frozen", "frozen and stale", "frozen and stale"
    ]  # fmt: skip


def test_a_script_that_does_all_when_it_is_imported_runs_nothing(folder: Path, project: Any) -> None:
    project.write(
        script="from inviscid import cached\nfrom mod import g, send\n@cached\ndef own(x): return x\nown(1)\ng(own(2) + 1)\n"
    )
    project.run("script.py")
    start(folder, "freeze", "script.py")
    start(folder, "thaw", "script:own")
    project.write(
        script="from inviscid import cached\nfrom mod import g, send\n@cached\ndef own(x): return -x\nsend(7)\ng(own(2) + 1)\n"
    )
    done = start(folder, "explain", "script:own", "2", code=1)
    assert "can't be imported without running cached functions: script.py:6: beyond this line" in done.stderr
    assert "sent" not in done.stderr
    project.write(mod=MODULE.replace("x + 1", "x + 2"))
    assert "frozen and stale" in start(folder, "status").stdout
    project.write(mod="import script\n" + MODULE)
    done = start(folder, "status", code=1)
    assert "not known" in done.stdout
    assert "sent" not in done.stderr


def test_a_run_that_is_not_all_there_is_not_frozen(folder: Path, project: Any) -> None:
    done = start(folder, "freeze", "script.py", code=1)
    assert "mod:f would run (first call). Run it first" in done.stderr
    assert not (folder / "inviscid.lock").exists()
    project.write(bad="1 / 0\n")
    assert "ZeroDivisionError" in start(folder, "freeze", "bad.py", code=1).stderr
    project.write(none="print(1)\n")
    assert "uses no cached function" in start(folder, "freeze", "none.py", code=1).stderr


def test_patterns_and_modules_select(folder: Path) -> None:
    bodies(folder, "from mod import f, g, send\nf(1), g(1), send(1)\n")
    for selector in ("mod", "*", "mod:*"):
        found = json.loads(start(folder, "freeze", selector, "--dry-run", "--json").stdout)
        assert [(one["function"], one["new"]) for one in found["functions"]] == [
            ("mod:f", 1),
            ("mod:g", 1),
            ("mod:send", 0),
        ]
        assert found["functions"][2]["why_not"].startswith("it is an effect")
    assert start(folder, "freeze", "mod:send", code=1).stdout.startswith("mod:send\t0\tit is an effect")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("freeze", "mod:ff"), 1, "nothing matches 'mod:ff'; did you mean 'mod:f'? (the store"),
        (("freeze", "mod:g"), 1, "has no stored result of what it does now"),
        (("thaw", "mod:f"), 1, "nothing matches 'mod:f' (inviscid.lock has nothing)"),
        (("freeze",), 2, "Missing argument"),
    ],
)
def test_bad_input(folder: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    bodies(folder, USE)
    done = start(folder, *arguments, code=code)
    assert told in done.stdout + done.stderr


def test_a_damaged_file_is_one_line_and_wrong(folder: Path) -> None:
    bodies(folder, USE)
    (folder / "inviscid.lock").write_text("not toml")
    for command in (("freeze", "mod:f"), ("thaw", "mod:f"), ("status",)):
        done = start(folder, *command, code=1)
        assert done.stderr.startswith("error: ")
        assert "inviscid.lock, line 1" in done.stderr
