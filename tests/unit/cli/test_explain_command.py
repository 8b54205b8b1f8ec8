"""`inviscid explain`: a call, or the newest result, against what the store has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from inviscid.cli.app import app

Ran = Callable[[], list[str]]
MODULE = """
import sys
from inviscid import cached, config, effect

RATE = 2

def helper(x):
    return x * RATE

@cached
def f(x, window=config("window", default=3)):
    sys.audit("test.ran", "f")
    return helper(x) + window

@cached
def none():
    return 1

def plain(x):
    return x

@effect(once=True)
def send(x):
    sys.audit("test.ran", "send")

class Model:
    @cached
    def fit(self):
        return 1
"""


@pytest.fixture
def here(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project that is the working directory, with a module."""
    project.write(mod=MODULE)
    monkeypatch.chdir(project.folder)
    return project


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def read(*arguments: object) -> Any:
    return json.loads(run("explain", *arguments, "--json").stdout)


def test_a_call_that_hits_names_its_origin(here: Any, ran: Ran) -> None:
    mod = here.load()
    mod.f(1)
    ran()
    lines = run("explain", "mod:f", "1").stdout.splitlines()
    assert lines[0] == f"hit  mod:f  {mod.f.key(1)[:12]}"
    assert re.fullmatch(rf"  stored   {mod.f.key(1)[:12]}, computed .* by .*:{os.getpid()}", lines[1])
    assert len(lines) == 2
    assert ran() == []


def test_an_edit_is_shown_with_its_diff_and_the_nearest_entry(here: Any, ran: Ran) -> None:
    mod = here.load()
    mod.f(1)
    key = mod.f.key(1)
    ran()
    here.write(mod=MODULE.replace("x * RATE", "x * RATE + 1"))
    here.forget()
    out = run("explain", "mod:f", "x=1").stdout
    assert "  because  mod.helper changed, body\n" in out
    assert f"  nearest  {key[:12]}, computed" in out
    assert "-    return x * RATE\n+    return x * RATE + 1\n" in out
    found = read("mod:f", "1")
    assert (found["outcome"], found["code"], found["entry"]["key"]) == ("miss", "MISS_CODE", key)
    assert found["key"] not in ("", key)
    assert ran() == []


def test_other_arguments_have_the_nearest_entry_too(here: Any) -> None:
    mod = here.load()
    mod.f(1)
    found = read("mod:f", "-2")
    assert (found["code"], found["reasons"]) == ("MISS_INPUTS", ["argument 'x' changed"])
    assert found["entry"]["key"] == mod.f.key(1)


def test_without_arguments_it_is_the_newest_result(here: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    mod = here.load()
    mod.f(1), mod.f(2.5)
    newest = mod.f.key(2.5)
    found = read("mod:f")
    assert (found["outcome"], found["reasons"], found["entry"]["key"]) == ("hit", [], newest)
    here.write(mod=MODULE.replace("RATE = 2", "RATE = 3"))
    here.forget()
    found = read("mod:f")
    assert (found["outcome"], found["reasons"], found["entry"]["key"]) == ("miss", ["mod.RATE 2 → 3"], newest)
    assert "-2\n+3\n" in found["diff"]
    here.write(mod=MODULE)
    here.forget()
    (here.folder / "config.toml").write_text("window = 9\n")
    monkeypatch.setenv("INVISCID_CONFIG", str(here.folder / "config.toml"))
    assert read("mod:f")["reasons"] == ["config window 3 → 9"]
    assert ran() == ["f", "f"]


def test_the_newest_result_with_an_argument_that_brings_a_package(here: Any) -> None:
    np = pytest.importorskip("numpy")
    mod = here.load()
    mod.f(np.arange(3))
    assert read("mod:f")["outcome"] == "hit"


def test_a_function_without_parameters_is_called_without_arguments(here: Any) -> None:
    mod = here.load()
    assert read("mod:none")["key"] == mod.none.key()


def test_who_was_never_called_says_so_and_what_the_store_has(here: Any) -> None:
    assert "there is no store at" in run("explain", "mod:f").stdout
    assert "because  first call" in run("explain", "mod:f", "1").stdout
    here.load().none()
    out = run("explain", "mod:f").stdout
    assert out.startswith("miss  mod:f\n  because  it has no stored result\n")
    assert out.endswith(" has mod:none\n")
    assert run("explain", "mod:f", "3").stdout.endswith(" has mod:none\n")


def test_effects_are_explained(here: Any, ran: Ran) -> None:
    assert read("mod:send", "1")["reasons"] == ["first call"]
    here.load().send(1)
    assert read("mod:send", "1")["reasons"] == ["it happened already"]
    assert ran() == ["send"]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("mod:ff", "mod has no 'ff'; did you mean 'f'? (cached functions of mod: f, none, send, Model.fit)"),
        ("mod:Model.fitt", "mod:Model has no 'fitt'; did you mean 'fit'?"),
        ("mod:plain", "mod:plain is not cached: decorate it with @cached (cached functions of mod: f, none"),
        ("mod:RATE", "mod:RATE is no function"),
        ("mof:f", "there is no module 'mof'; did you mean 'mod'?"),
        ("mod.sub:f", "there is no module 'mod.sub'"),
    ],
)
def test_what_is_not_there_is_wrong_and_suggests(here: Any, target: str, told: str) -> None:
    result = run("explain", target, code=1)
    assert result.stdout == ""
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_module_that_can_not_be_imported_names_the_line(here: Any) -> None:
    here.write(
        bad="x = 1\n1 / 0\n", worse="def f(:\n", missing="import nowhere_at_all\n", leaves="raise SystemExit(3)\n"
    )
    assert (
        "bad can't be imported: ZeroDivisionError: division by zero (bad.py:2)"
        in run("explain", "bad:f", code=1).stderr
    )
    assert "worse can't be imported: SyntaxError" in run("explain", "worse:f", code=1).stderr
    assert "No module named 'nowhere_at_all' (missing.py:1)" in run("explain", "missing:f", code=1).stderr
    assert "leaves can't be imported: SystemExit: 3" in run("explain", "leaves:f", code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mod",), "names no function"),
        (("mod:f", "abc"), "is no Python literal"),
        (("mod:f", "x=1", "2"), "has no name"),
        (("mod:f", "1", "2"), "too many positional arguments"),
        (("mod:f", "1", "y=2"), "unexpected keyword"),
    ],
)
def test_what_can_not_be_read_is_wrong_usage(here: Any, arguments: tuple[str, ...], told: str) -> None:
    error = re.sub(r"[│╭╰─╯\s]+", " ", run("explain", *arguments, code=2).stderr)
    assert told in error


def test_it_is_a_program_with_a_store_of_its_choice(here: Any, tmp_path: Path) -> None:
    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "inviscid", "explain", *arguments], cwd=here.folder, capture_output=True, text=True
        )

    here.write(use="from mod import f\nf(1)\n")
    here.run("use.py", INVISCID_STORE=str(tmp_path / "other"))
    done = start("mod:f", "1", "--store", str(tmp_path / "other"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("hit  mod:f  ")
    assert "first call" in start("mod:f", "1").stdout
    assert start("mod:g").returncode == 1
    assert start("mod:f", "what?").returncode == 2
