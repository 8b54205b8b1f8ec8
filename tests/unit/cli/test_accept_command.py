"""`inviscid accept`: what is shown, recorded and refused; and in processes of its own, against a real store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from inviscid.cli.app import app

Project = Any
Ran = Callable[[], list[str]]

F = """
    import sys
    from inviscid import cached

    @cached(keep_inputs=True)
    def area(r):
        sys.audit("test.ran", "area")
        return 3 * r * r

    @cached
    def areas(rs):
        return list(map(area, rs))
    """
EDITED = F.replace("def area(r)", "def area(r, pi=3)").replace("3 * r * r", "pi * r * r")
OTHER = F.replace("3 * r * r", "3 * r * r + r // 2")


@pytest.fixture(autouse=True)
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["accept", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def command(*arguments: str, code: int = 0, err: bool = True) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "inviscid", *arguments], check=False, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + (done.stderr if err else "")


def test_it_shows_what_changed_and_records_why(project: Project, ran: Ran) -> None:
    project.edit(F).area(2)
    mod = project.edit(EDITED)
    earlier = mod.area.accept(because="", dry_run=True).records[0].earlier
    shown = run("mod:area", "--because", "pi has a default").stdout
    assert shown == (
        "mod:area: mod.area changed, body; default of 'pi' of mod.area is new\n"
        "--- mod.area (stored)\n+++ mod.area (now)\n@@ -1,3 +1,3 @@\n-def area(r):\n+def area(r, pi=3):\n"
        "     sys.audit('test.ran', 'area')\n-    return 3 * r * r\n+    return pi * r * r\n"
        f"accepted mod:area: 1 result of the version {earlier[:12]} stands\n"
    )
    ran()
    assert mod.area(2) == 12
    assert ran() == []
    assert run("mod:area", "--undo").stdout == "area() is computed anew: 1 record taken back\n"
    mod.area(2)
    assert ran() == ["area"]


def test_as_json(project: Project) -> None:
    project.edit(F).area(2)
    project.edit(EDITED)
    found = json.loads(run("mod:area", "--because", "so", "--dry-run", "--json").stdout)
    assert (found["dry_run"], found["function"], found["results"], found["compared"]) == (True, "mod:area", 1, None)
    assert found["records"][0]["because"] == "so"
    assert not Path("inviscid.lock").exists()
    run("mod:area", "--because", "so")
    assert json.loads(run("mod:area", "--undo", "--json").stdout) == {"revoked": 1}


def test_check(project: Project) -> None:
    mod = project.edit(F)
    mod.area(1), mod.area(2)
    project.edit(EDITED)
    assert ", 2 of them computed again and found equal\n" in run("mod:area", "--because", "so", "--check", 5).stdout
    project.edit(OTHER)
    refused = run("mod:area", "--because", "so", "--check", 5, code=1)
    assert "area() is not accepted" in refused.stderr
    assert "stored  12" in refused.stderr
    found = json.loads(run("mod:area", "--because", "so", "--check", 5, "--json", code=1).stdout)
    assert found["counterexample"] == {"arguments": {"r": "2"}, "stored": "12", "now": "13"}


def test_a_body_that_ends_the_process_fails_the_check(project: Project) -> None:
    project.edit(F).area(2)
    project.edit(F.replace("return 3 * r * r", "sys.exit(0)"))
    assert "now     raised SystemExit: 0" in command("accept", "mod:area", "--because", "so", "--check", "1", code=1)
    found = json.loads(run("mod:area", "--because", "so", "--check", 5, "--json", code=1).stdout)
    assert found["counterexample"]["now"] == "raised SystemExit: 0"
    assert not Path("inviscid.lock").exists()


def test_what_bodies_print_is_not_mixed_in(project: Project) -> None:
    text = F.replace('sys.audit("test.ran", "area")', 'print("ran")').replace(
        "import sys", "import sys; print('imported')"
    )
    project.edit(text).area(1)
    project.edit(text.replace("3 * r", "r * 3"))
    assert (
        json.loads(command("accept", "mod:area", "--because", "so", "--check", "1", "--json", err=False))["compared"]
        == 1
    )


def test_callers(project: Project) -> None:
    project.edit(F).areas([1, 2])
    mod = project.edit(EDITED)
    shown = run("mod:area", "--because", "so").stdout
    assert shown.endswith("computed anew, unless they are accepted too (--callers): mod:areas\n")
    assert "accepted mod:area, mod:areas: 3 results" in run("mod:area", "--because", "so", "--callers").stdout
    assert mod.areas.explain([1, 2]).code.name == "HIT_ACCEPTED"


SCRIPT = """
    import sys
    from pathlib import Path
    from inviscid import cached, effect, source
    from mod import area

    @source
    def seen():
        print("ran", file=sys.stderr)
        return 1

    @effect
    def told(value):
        print("ran", file=sys.stderr)

    @cached
    def other(x):
        print("ran", file=sys.stderr)
        return x

    @cached
    def total(rs):
        return sum(map(area, rs))

    """


@pytest.mark.parametrize("end", ["X = other(2)", "told(seen())", "Path('imported').touch(); sys.exit(3)"])
def test_other_modules_are_imported_for_callers_alone_and_nothing_runs(project: Project, end: str) -> None:
    project.write(mod=F, script=f"{SCRIPT}total([1, 2])")
    command_of("import script")
    project.write(mod=EDITED, script=f"{SCRIPT}{end}")
    for options in (["--dry-run"], []):
        shown = command("accept", "mod:area", "--because", "so", *options)
        assert "accept" in shown
        assert not {"script:total", "ran"} & {*shown.split()}
    assert not Path("imported").exists()
    shown = command("accept", "mod:area", "--because", "so", "--callers")
    assert ("accepted mod:area, script:total: 3 results" in shown) is not Path("imported").exists()
    assert "ran" not in shown.split()


def test_a_caller_that_uses_what_would_run_is_left_out(project: Project) -> None:
    text = SCRIPT.replace("map(area, rs))", "map(area, rs)) + X").replace("return x", "return 5")
    project.write(mod=F, script=f"{text}X = other(2)\n    total([1, 2])")
    command_of("import script")
    project.write(mod=EDITED, script=f"{text}X = other(3)")
    shown = command("accept", "mod:area", "--because", "so", "--callers")
    assert "accepted mod:area: 2 results" in shown
    assert "ran" not in shown.split()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["mod:area"], 2, "--because TEXT"),
        (["mod:area", "--because", "so", "--undo"], 2, "--because TEXT"),
        (["mod:area", "--because", "so", "--every"], 2, "--every goes with --undo"),
        (["mod:area", "--because", "so", "--check", "0"], 2, "--check"),
        (["mod:are", "--because", "so"], 1, "did you mean 'area'? (cached functions of mod: area, areas)"),
        (["mod", "--because", "so"], 2, "'mod' names no function: write package.module:function"),
        (["nowhere:f", "--because", "so"], 1, "there is no module 'nowhere'"),
        (["mod:sys", "--because", "so"], 1, "is no function (cached functions of mod: area, areas)"),
        (
            ["mod:plain", "--because", "so"],
            1,
            "mod:plain is not cached: decorate it with @cached (cached functions of mod: area, areas)",
        ),
        (["mod.py:area", "--because", "so"], 2, "'mod.py' is a file: write mod:area"),
        (["./pkg/run.py:h", "--undo"], 2, "write pkg.run:h"),
        (["pkg/run:h", "--undo"], 2, "write pkg.run:h"),
        (["mod:area", "--because", "so"], 1, "has no results of mod:area to accept it for: it is empty"),
        (["mod:area", "--undo"], 1, "area() is not accepted for an earlier version"),
    ],
)
def test_bad_input(project: Project, arguments: list[str], code: int, says: str) -> None:
    project.edit(F + "\n    def plain(): pass\n")
    assert says in " ".join(run(*arguments, code=code).stderr.replace("│", "").split())


def test_a_file_is_not_imported_to_say_how_its_module_is_written(project: Project) -> None:
    project.write(run="from pathlib import Path; Path('imported').touch()")
    assert "write run:h" in " ".join(command("accept", "run.py:h", "--undo", code=2).replace("│", "").split())
    assert not Path("imported").exists()


@pytest.mark.parametrize(("end", "code"), [("sys.exit(4)", 1), ("print(area(9))", 1), ("X = area(9)", 0)])
def test_a_script_without_a_guard_runs_nothing(project: Project, end: str, code: int) -> None:
    text = F.replace('sys.audit("test.ran", "area")', 'print("ran")')
    project.write(mod=text)
    command_of("import mod; mod.area(1)")
    project.write(mod=f"{text.replace('3 * r', 'r * 3')}\n    {end}\n")
    shown = command("accept", "mod:area", "--because", "so", code=code)
    assert "ran" not in shown.split()
    assert ("accepted mod:area" if code == 0 else "mod can't be imported") in shown


def test_what_rests_on_what_would_run_when_it_is_imported(project: Project) -> None:
    text = F.replace('sys.audit("test.ran", "area")', "str(X)")
    project.write(mod=f"{text}\n    X = 9\n")
    command_of("import mod; mod.area(1)")
    project.write(mod=f"{text}\n    X = areas(9)\n".replace("return list(map(area, rs))", "return rs"))
    shown = command("accept", "mod:area", "--because", "so", code=1)
    assert "it rests on the result of areas(), which would run when its module is imported" in shown


def test_in_processes_of_their_own(project: Project) -> None:
    project.write(mod=F.replace('sys.audit("test.ran", "area")', 'print("ran", file=sys.stderr)'))
    call = "import mod; mod.area(2)"
    assert command_of(call) == "ran\n"
    project.write(mod=EDITED.replace('sys.audit("test.ran", "area")', 'print("ran", file=sys.stderr)'))
    why = command_of("import mod; print(mod.area.explain(2).reasons[-1])")
    assert why == (
        "a constant became parameter 'pi', with the same value: `inviscid accept mod:area --because …` keeps the results\n"
    )
    assert "would accept mod:area" in command("accept", "mod:area", "--because", "pi", "--dry-run")
    assert command_of(call) == "ran\n"
    assert "1 of them computed again" in command("accept", "mod:area", "--because", "pi", "--check", "3")


def test_accepted_and_taken_back_in_processes_of_their_own(project: Project) -> None:
    said = 'print("ran", file=sys.stderr)'
    project.write(mod=F.replace('sys.audit("test.ran", "area")', said))
    command_of("import mod; mod.area(2)")
    project.write(mod=EDITED.replace('sys.audit("test.ran", "area")', said))
    command("accept", "mod:area", "--because", "pi")
    call = "import mod; print(mod.area(2))"
    assert command_of(call) == "12\n"
    assert "1 record taken back" in command("accept", "--undo", "mod:area")
    assert sorted(command_of(call).split()) == ["12", "ran"]
    assert "there is no older version" not in command("accept", "mod:area", "--because", "again")
    missing = command("accept", "mod:area", "--because", "again", "--store", "elsewhere", code=1)
    assert "elsewhere has no results of mod:area" in missing


def command_of(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr
