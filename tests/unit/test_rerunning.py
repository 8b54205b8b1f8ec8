"""Reruns: bodies run whatever is stored, what differs is named, and nothing that is stored changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inviscid
from inviscid import PlanError, Store, cached, plan, rerun

Ran = Callable[[], list[str]]
HEAD = "import sys, os\nfrom inviscid import cached, source, effect\n"


def content(store: Path) -> list[Any]:
    """All that a rerun may not touch."""
    opened = Store(store)
    found = [
        (entry.key, entry.value, entry.provenance, entry.hits)
        for name in sorted(row.function for row in opened.functions())
        for entry in opened.entries(name)
    ]
    opened.close()
    return [found, sorted(path.name for path in (store / "objects").rglob("*"))]


def verdicts(found: Any) -> dict[str, str]:
    return {call.function.rpartition(":")[2]: call.verdict for call in found.calls}


def test_bodies_run_once_each_and_what_they_give_is_the_same(project: Any, ran: Ran, isolated: Path) -> None:
    text = HEAD + (
        "@cached\ndef low(x):\n    sys.audit('test.ran', 'low')\n    return [x, x]\n"
        "@cached\ndef top(x):\n    sys.audit('test.ran', 'top')\n    return low(x) + low(x) + low(x + 1)\n"
    )
    module = project.edit(text)
    expected = module.top(1), module.low(2)
    for _ in range(6):
        module.low(2)
    ran()
    before = content(isolated)
    with rerun() as found:
        assert (module.top(1), module.low(2)) == expected
        assert module.low.map([1, 2]) == [[1, 1], [2, 2]]
    assert sorted(ran()) == ["low", "low", "top"]
    assert [(call.function, call.verdict) for call in found.calls] == [
        ("mod:low", "same"), ("mod:low", "same"), ("mod:top", "same")
    ]  # fmt: skip
    assert found.wrong == []
    assert content(isolated) == before
    module.top(1)
    assert ran() == []


def test_what_is_stale_is_named(project: Any, ran: Ran, isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the fingerprint had missed what the function depends on."""
    text = HEAD + "@cached(pure=True)\ndef rate(x):\n    return x * os.stat('rate').st_size\n"
    monkeypatch.chdir(isolated.parent)
    Path("rate").write_text("22")
    module = project.edit(text)
    assert module.rate(10) == 20
    Path("rate").write_text("333")
    assert module.rate(10) == 20
    before = content(isolated)
    with rerun() as found:
        assert module.rate(10) == 30
    (call,) = found.wrong
    assert (call.verdict, call.function, call.key) == ("stale", "mod:rate", module.rate.key(10))
    assert call.what.startswith("it gives something else than what was computed just now by ")
    assert content(isolated) == before
    assert module.rate(10) == 20


def test_what_gives_something_else_each_time_is_named(project: Any) -> None:
    module = project.edit(HEAD + "import itertools\n@cached(pure=True)\ndef drawn():\n    return os.urandom(4).hex()\n")
    module.drawn()
    with rerun() as found:
        first = module.drawn()
        assert first != module.drawn()
    assert verdicts(found) == {"drawn": "unsteady"}
    assert len(found.calls) == 1


def test_new_unstorable_and_outdated_results_are_no_mistakes(
    project: Any, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(isolated.parent)
    Path("data").write_text("a")
    module = project.edit(
        HEAD
        + "@cached\ndef new(x): return x\n@cached\ndef read():\n    with open('data') as file:\n        return file.read()\n"
        "@cached\ndef odd(): return lambda: 1\n"
    )
    assert module.read() == "a"
    Path("data").write_text("b")
    with rerun() as found:
        assert (module.new(1), module.read()) == (1, "b")
        assert module.odd()() == 1
    assert verdicts(found) == {"new": "new", "read": "new", "odd": "left out"}
    assert "wouldn't be served" in {call.function: call.what for call in found.calls}["mod:read"]
    assert module.new.peek(1) is None


def test_sources_give_what_they_saw_and_effects_do_not_happen(project: Any, ran: Ran) -> None:
    module = project.edit(
        HEAD + "@source\ndef seen():\n    sys.audit('test.ran', 'seen')\n    return os.urandom(3).hex()\n"
        "@cached\ndef used():\n    sys.audit('test.ran', 'used')\n    return seen() + '!'\n"
        "@effect\ndef act(): sys.audit('test.ran', 'act')\n"
        "@effect(once=True)\ndef once():\n    sys.audit('test.ran', 'once')\n    return 7\n"
    )
    expected = module.used()
    assert module.once() == 7
    ran()
    with rerun() as found:
        assert module.used() == expected
        assert module.act() is None
        assert module.once() == 7
    assert ran() == ["used"]
    assert verdicts(found) == {"seen": "left out", "used": "same", "act": "left out", "once": "left out"}


def test_an_error_of_a_body_is_the_callers(project: Any) -> None:
    module = project.edit(HEAD + "@cached\ndef bad(x): raise KeyError(x)\n")
    with pytest.raises(KeyError), rerun() as found:
        module.bad(1)
    assert found.calls == []


def test_async_functions_run_again_too(project: Any, ran: Ran) -> None:
    import asyncio

    module = project.edit(HEAD + "@cached\nasync def later(x):\n    sys.audit('test.ran', 'later')\n    return x + 1\n")
    assert asyncio.run(module.later(1)) == 2
    with rerun() as found:
        assert asyncio.run(module.later(1)) == 2
    assert ran() == ["later", "later"]
    assert verdicts(found) == {"later": "same"}


def test_neither_in_another_nor_in_a_plan_nor_in_a_body() -> None:
    with rerun(), pytest.raises(PlanError, match="a rerun is being made already"), rerun():
        pass
    with plan(), pytest.raises(PlanError, match="a plan is being made already"), rerun():
        pass
    with rerun(), pytest.raises(PlanError, match="a rerun is being made already"), plan():
        pass

    @cached(pure=True)
    def inside() -> int:
        with inviscid.rerun():
            return 1

    with pytest.raises(PlanError, match="begin a rerun outside of it"):
        inside()


@pytest.mark.slow
def test_the_command_runs_a_script_again(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(
        "import os, sys\nfrom inviscid import cached\n"
        "@cached\ndef good(x): return x + 1\n"
        "@cached(pure=True)\ndef bad(): return os.urandom(3).hex()\n"
        "if __name__ == '__main__':\n    print(good(int(sys.argv[1])), bad())\n"
    )
    environment = {**os.environ, "INVISCID_STORE": str(tmp_path / "s")}

    def run(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    run("job.py", "3")
    before = content(tmp_path / "s")
    lines = run("-m", "inviscid", "verify", "--rerun", "job.py", "3", code=1).splitlines()
    assert lines[0].split("\t")[:2] == ["unsteady", "job:bad"]
    assert lines[-1] == "1 same, 1 unsteady"
    found = json.loads(run("-m", "inviscid", "verify", "--json", "--rerun", "job.py", "4", code=1))
    assert [(call["function"], call["verdict"]) for call in found["calls"]] == [
        ("job:good", "new"),
        ("job:bad", "unsteady"),
    ]
    assert run("-m", "inviscid", "verify", "--rerun", "job:good", "3") == "1 same\n"
    assert content(tmp_path / "s") == before
    assert run("-m", "inviscid", "verify", "--rerun", code=2) == ""
    assert run("-m", "inviscid", "verify", "job.py", code=2) == ""
    assert run("-m", "inviscid", "verify", "--rerun", "nothing.py", code=1) == ""


STALE = """
import os
from inviscid import cached

@cached(pure=True)
def rate(x):
    if os.stat("rate").st_size > 2:
        raise ValueError("too long")
    return x

@cached(pure=True)
async def later(x):
    if os.stat("rate").st_size > 2:
        raise StopIteration if x else KeyError
    return x

@cached(pure=True)
def ends(x):
    if os.stat("rate").st_size > 2:
        raise StopIteration
    return x
"""


def test_a_body_that_raises_where_a_result_is_stored_is_stale(
    project: Any, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    Path("rate").write_text("22")
    module = project.edit(STALE)
    assert module.rate(1) == 1
    Path("rate").write_text("333")
    before = content(isolated)
    with rerun() as found:
        for x in (1, 2):
            with pytest.raises(ValueError, match="too long"):
                module.rate(x)
    (call,) = found.calls
    assert (call.verdict, call.key) == ("stale", module.rate.key(1))
    assert call.what == "it raised ValueError where a result is stored"
    assert found.wrong == [call]
    assert content(isolated) == before
    assert module.rate(1) == 1


def test_so_is_one_that_is_awaited_or_ends_an_iteration(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.chdir(project.folder)
    Path("rate").write_text("22")
    module = project.edit(STALE)
    assert (asyncio.run(module.later(0)), module.ends(1)) == (0, 1)
    Path("rate").write_text("333")
    with rerun() as found:
        with pytest.raises(KeyError):
            asyncio.run(module.later(0))
        with pytest.raises(StopIteration):
            module.ends(1)
    assert verdicts(found) == {"later": "stale", "ends": "stale"}


def test_a_body_that_raises_the_second_time_is_unsteady(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    Path("rate").write_text("1")
    module = project.edit(
        HEAD + "@cached(pure=True)\ndef rate(x):\n    found = os.stat('rate').st_size\n"
        "    os.truncate('rate', found + 1)\n    return 1 / (3 - found)\n"
    )
    assert module.rate(1) == 0.5
    with rerun() as found:
        assert module.rate(1) == 1.0
    assert [call.verdict for call in found.calls] == ["unsteady"]
    assert found.calls[0].what.startswith("it raised ZeroDivisionError the second time")


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inviscid", *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_the_command_tells_the_verdict_of_a_call_that_raises(project: Any) -> None:
    (project.folder / "rate").write_text("22")
    project.write(mod=STALE, first="import mod\nmod.rate(1)\n")
    project.run("first.py")
    (project.folder / "rate").write_text("333")
    done = command(project.folder, "verify", "--rerun", "mod:rate", "1")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].split("\t")[:2] == ["stale", "mod:rate"]
    assert done.stdout.splitlines()[1:] == ["1 stale"]
    assert done.stderr.startswith("error: mod:rate raised ValueError: too long")


@pytest.mark.parametrize("arguments", [("plan",), ("verify", "--rerun")])
def test_a_script_that_raises_has_no_findings(project: Any, arguments: tuple[str, ...]) -> None:
    project.write(bad="1 / 0\n")
    done = command(project.folder, *arguments, "bad.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: bad.py raised ZeroDivisionError: division by zero (bad.py:1)\n"


def test_the_command_fails_where_the_store_can_not_be_read(project: Any, isolated: Path) -> None:
    project.write(mod=HEAD + "@cached\ndef f(x):\n    return x\n", first="import mod\nmod.f(1)\n")
    project.run("first.py")
    (isolated / "version").write_text("999\n")
    for target in (["mod:f", "1"], ["first.py"]):
        done = command(project.folder, "verify", "--rerun", *target)
        assert done.returncode == 1
        assert "has version 999" in done.stderr


@pytest.mark.parametrize("what", ["forget", "clean", "freeze", "calling", "thaw", "look", "accept", "revoke"])
def test_what_changes_the_store_is_refused(
    project: Any, isolated: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    # The file of what is frozen is there.
    monkeypatch.chdir(project.folder)
    module = project.edit(HEAD + "@cached\ndef f(x):\n    return x\n@source\ndef look():\n    return 1\n")
    module.f(1), module.look()
    if what == "thaw":
        module.f.freeze()
    actions: dict[str, Callable[[], Any]] = {
        "forget": lambda: module.f.forget(1), "clean": module.f.clean, "freeze": module.f.freeze,
        "calling": lambda: module.f.calling(1).freeze(), "thaw": module.f.thaw, "look": module.look.clean,
        "accept": lambda: module.f.accept(because="same"), "revoke": module.f.revoke,
    }  # fmt: skip
    before = content(isolated)
    with rerun(), pytest.raises(PlanError, match="while a rerun is made nothing that is stored changes"):
        actions[what]()
    assert content(isolated) == before
