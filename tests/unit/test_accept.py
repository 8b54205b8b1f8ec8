"""Accepted edits: which results stand for a function that was edited, for how long, and for whom else."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import AcceptError, CachedFunction, Outcome, configure, lockfile, mode, plan
from inviscid.store import Store

Project = Any
Ran = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)


F = """
    import sys
    from inviscid import cached, config

    @cached
    def f(x):
        sys.audit("test.ran", f"f{x}")
        return [x, len("old")]

    @cached
    def g(x):
        sys.audit("test.ran", f"g{x}")
        return f(x)
    """
B = F.replace('len("old")', 'len("new")')
C = F.replace('len("old")', "3")
OTHER = F.replace('len("old")', "4")


def outcome(function: Any, *args: Any) -> Outcome:
    found: Outcome = function.explain(*args).code
    return found


# One function ---------------------------------------------------------------------------------------------------------


def test_results_stand_for_an_edit_that_is_accepted(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2)
    ran()
    mod = project.edit(B)
    assert outcome(mod.f, 1) is Outcome.MISS_CODE
    found = mod.f.accept(because="the same length")
    assert (found.function, found.results, found.reasons) == ("mod:f", 2, ("mod.f changed, body",))
    assert "-    return [x, len('old')]\n+    return [x, len('new')]" in str(found)
    assert (mod.f(1), mod.f(2), mod.f(1)) == ([1, 3], [2, 3], [1, 3])
    assert ran() == []
    explanation = mod.f.explain(1)
    assert (explanation.outcome, explanation.code) == ("hit", Outcome.HIT_ACCEPTED)
    assert explanation.reasons[0].partition(" ")[0] == "accepted"
    assert explanation.reasons[0].endswith(": the same length")
    mod.f(3)
    assert ran() == ["f3"]


def test_it_holds_in_processes_to_come(project: Project, ran: Ran) -> None:
    script = "import mod; print(mod.f(1), mod.f.explain(1).code.name)"
    project.edit(F).f(1)
    project.write(mod=B, script=script)
    assert "MISS_CODE" in project.run("-c", "import mod; print(mod.f.explain(1).code.name)")
    project.run("-c", "import mod; mod.f.accept(because='')")
    assert project.run("script.py") == "[1, 3] HIT_ACCEPTED\n"
    assert project.run("script.py") == "[1, 3] HIT_ACCEPTED\n"


def test_a_later_edit_is_computed(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(B)
    mod.f.accept(because="the same length")
    mod.f(1)
    ran()
    mod = project.edit(OTHER)
    assert mod.f(1) == [1, 4]
    assert ran() == ["f1"]


def test_it_can_be_taken_back_and_given_again(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(OTHER)
    mod.f.accept(because="close enough")
    assert mod.f(1) == [1, 3]
    ran()
    assert mod.f.revoke() == 1
    assert mod.f.explain(1).reasons == ["an acceptance that it rests on was revoked"]
    assert mod.f(1) == [1, 4]
    assert ran() == ["f1"]
    # Its own result counts from now on.
    mod.f.accept(because="close enough")
    assert mod.f(1) == [1, 4]
    # The earlier version has its own too.
    assert project.edit(F).f(1) == [1, 3]
    assert ran() == []


def test_what_the_new_version_computes_is_no_result_of_the_old_one(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(OTHER)
    mod.f.accept(because="close enough")
    assert mod.f(2) == [2, 4]
    ran()
    mod = project.edit(F)
    assert mod.f(2) == [2, 3]
    assert ran() == ["f2"]


def test_a_caller_that_was_computed_meanwhile_is_computed_again_when_it_is_taken_back(
    project: Project, ran: Ran
) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(OTHER)
    mod.f.accept(because="close enough")
    assert mod.g(1) == [1, 3]
    assert mod.g(1) == [1, 3]
    assert ran() == ["f1", "g1"]
    mod.f.revoke()
    assert mod.g(1) == [1, 4]
    assert ran() == ["f1", "g1"]


def test_a_caller_far_away_too(project: Project, ran: Ran) -> None:
    far = """
    @cached
    def h(x):
        sys.audit("test.ran", f"h{x}")
        return list(map(g, [x]))
    """
    mod = project.edit(F + far)
    mod.f(1)
    mod = project.edit(OTHER + far)
    mod.f.accept(because="close enough")
    assert mod.h(1) == [[1, 3]]
    ran()
    assert mod.h(1) == [[1, 3]]
    assert ran() == []
    mod.f.revoke()
    assert mod.h(1) == [[1, 4]]


def test_after_many_hits_it_is_still_heard_that_it_was_taken_back(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(OTHER)
    mod.f.accept(because="close enough")
    assert [mod.f(1) for _ in range(20)] == [[1, 3]] * 20
    assert [mod.g(1) for _ in range(20)] == [[1, 3]] * 20
    mod.f.revoke()
    assert (mod.f(1), mod.g(1)) == ([1, 4], [1, 4])


def test_another_process_accepts_and_takes_back(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2), mod.f(3)
    mod = project.edit(OTHER)
    assert [mod.f(3) for _ in range(5)] == [[3, 4]] * 5
    ran()
    project.run("-c", "import mod; mod.f.accept(because='')")
    assert mod.f(1) == [1, 3]
    assert ran() == []
    project.run("-c", "import mod; mod.f.revoke()")
    assert (mod.f(1), mod.f(2)) == ([1, 4], [2, 4])
    assert ran() == ["f1", "f2"]


def test_a_chain_is_followed_and_its_ends_are_found_at_once_the_next_time(
    project: Project, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(B)
    mod.f.accept(because="one")
    mod.f(2)
    mod = project.edit(C)
    assert mod.f.accept(because="two").results == 1
    ran()
    assert (mod.f(1), mod.f(2)) == ([1, 3], [2, 3])
    assert ran() == []
    looked: list[bytes] = []
    find = Store.find
    monkeypatch.setattr(Store, "find", lambda self, key: (looked.append(key), find(self, key))[1])
    mod.f(1)
    assert len(looked) <= 1
    assert "; ".join(mod.f.explain(1).reasons).count("accepted") == 1
    # What is at the end of the chain rests on each link.
    mod = project.edit(B)
    mod.f.revoke()
    mod = project.edit(C)
    assert (mod.f(2), ran()) == ([2, 3], [])
    assert (mod.f(1), ran()) == ([1, 3], ["f1"])


def test_a_circle_of_acceptances_ends(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(B)
    mod.f(2)
    mod.f.accept(because="same")
    mod = project.edit(F)
    mod.f.accept(because="same")
    ran()
    assert (mod.f(1), mod.f(2)) == ([1, 3], [2, 3])
    mod = project.edit(B)
    assert (mod.f(1), mod.f(2)) == ([1, 3], [2, 3])
    assert ran() == []
    mod.f(3)
    assert ran() == ["f3"]


def test_accepting_again_changes_the_reason_alone(project: Project) -> None:
    project.edit(F).f(1)
    mod = project.edit(B)
    mod.f.accept(because="one")
    mod.f(1)
    mod.f.accept(because="two")
    assert [one.because for one in lockfile.current().acceptances()] == ["two"]
    assert mod.f.explain(1).reasons[0].endswith("two")


def test_a_dry_run_writes_nothing(project: Project) -> None:
    project.edit(F).f(1)
    mod = project.edit(B)
    assert mod.f.accept(because="", dry_run=True).results == 1
    assert not Path("inviscid.lock").exists()
    assert outcome(mod.f, 1) is Outcome.MISS_CODE


@pytest.mark.parametrize("wish", [{}, {"check": 1}, {"check": 1, "dry_run": True}])
def test_it_ends_a_plan(project: Project, ran: Ran, wish: dict[str, Any]) -> None:
    text = F.replace("(x)", "()").replace("{x}", "").replace("[x, ", "[")
    project.edit(text).f()
    mod = project.edit(text.replace('"old"', '"new"'))
    ran()
    with plan() as planned:
        assert mod.f.accept(because="", dry_run=True).results == 1
        mod.f.accept(because="", **wish)
    assert "beyond this line it depends on accepting f()" in planned.ended
    assert not Path("inviscid.lock").exists()
    mod.f.accept(because="")
    with plan() as planned:
        mod.f.revoke()
    assert "it depends on revoking what was accepted of f()" in planned.ended
    assert len(lockfile.current().acceptances()) == 1
    assert ran() == []


def test_the_record_can_be_reviewed(project: Project) -> None:
    mod = project.edit(F)
    earlier = mod.f.fingerprint.digest
    mod.f(1)
    mod = project.edit(B)
    mod.f.accept(because="the same length")
    (record,) = tomllib.loads(Path("inviscid.lock").read_text())["accepted"]
    assert record.pop("date").startswith("20")
    assert record == {
        "function": "mod:f", "fingerprint": mod.f.fingerprint.digest, "earlier": earlier, "arguments": ["x"],
        "defaults": {}, "packages": [], "earlier_packages": {}, "because": "the same length",
    }  # fmt: skip


def test_what_is_frozen_stays_beside_what_is_accepted(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1), mod.g(1)
    mod.g.freeze(because="sent")
    mod = project.edit(B)
    mod.f.accept(because="the same")
    assert "mod:g" in lockfile.current().records
    mod.f(1)
    mod.f.freeze()
    assert (mod.f(1), outcome(mod.f, 1)) == ([1, 3], Outcome.HIT_FROZEN)
    mod.f.thaw(), mod.f.revoke()
    assert list(lockfile.current().records) == ["mod:g"]


# Modes, options, files ------------------------------------------------------------------------------------------------


def test_modes(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(B)
    mod.f.accept(because="")
    ran()
    with mode("readonly"):
        assert (mod.f(1), mod.f(1)) == ([1, 3], [1, 3])
    with mode("replay"):
        assert mod.f(1) == [1, 3]
    assert ran() == []
    with mode("fresh"):
        mod.f(1)
    with mode("refresh"):
        mod.f(1)
    assert ran() == ["f1", "f1"]


def test_config_and_arguments_count_as_ever(project: Project, ran: Ran) -> None:
    text = F.replace("def f(x):", 'def f(x, k=config("a.k", default=1)):').replace('len("old")', 'k, len("old")')
    mod = project.edit(text)
    assert mod.f(1) == [1, 1, 3]
    mod = project.edit(text.replace('"old"', '"new"'))
    mod.f.accept(because="")
    ran()
    with configure({"a.k": 5}):
        assert mod.f(1) == [1, 5, 3]
    assert ran() == ["f1"]
    assert mod.f(1) == [1, 1, 3]
    assert ran() == []


def test_other_config_is_refused(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(F.replace("def f(x):", 'def f(x, k=config("a.k", default=3)):'))
    with pytest.raises(AcceptError, match="reads 'a.k' only now"):
        mod.f.accept(because="")


def test_files_that_were_read_are_still_compared(project: Project, ran: Ran) -> None:
    text = F.replace('len("old")', 'Path("data.txt").read_text(), len("old")').replace(
        "import sys\n", "import sys\n    from pathlib import Path\n", 1
    )
    Path("data.txt").write_text("1")
    mod = project.edit(text)
    mod.f(1)
    mod = project.edit(text.replace('"old"', '"new"'))
    mod.f.accept(because="")
    ran()
    assert mod.f(1) == [1, "1", 3]
    assert ran() == []
    Path("data.txt").write_text("2")
    assert mod.f(1) == [1, "2", 3]
    assert ran() == ["f1"]


def test_results_of_another_namespace_are_none(project: Project) -> None:
    project.edit(F.replace("@cached", '@cached(namespace="a")')).f(1)
    mod = project.edit(B)
    with pytest.raises(AcceptError):
        mod.f.accept(because="")


def test_outputs_are_restored(project: Project, ran: Ran) -> None:
    text = """
    import sys
    from pathlib import Path
    from inviscid import cached

    @cached(outputs="{name}.txt")
    def f(name):
        sys.audit("test.ran", "f")
        Path(name + ".txt").write_text("text")
        return len("old")
    """
    project.edit(text).f("a")
    mod = project.edit(text.replace('"old"', '"new"'))
    mod.f.accept(because="")
    os.unlink("a.txt")
    ran()
    assert (mod.f("a"), Path("a.txt").read_text()) == (3, "text")
    assert ran() == []


def test_a_method_is_refused(project: Project) -> None:
    text = """
    from inviscid import cached

    class A:
        @cached
        def f(self): return len("old")

        @staticmethod
        @cached
        def s(): return len("old")
    """
    mod = project.edit(text)
    mod.A().f(), mod.A.s()
    mod = project.edit(text.replace('"old"', '"new"'))
    with pytest.raises(AcceptError, match="is a method"):
        mod.A.f.accept(because="")
    assert mod.A.s.accept(because="").results == 1
    assert outcome(mod.A.s) is Outcome.HIT_ACCEPTED


def test_awaited_functions(project: Project, ran: Ran) -> None:
    import asyncio

    text = F.replace("def f", "async def f").replace("def g", "async def g").replace("return f(x)", "return await f(x)")
    asyncio.run(project.edit(text).g(1))
    mod = project.edit(text.replace('"old"', '"new"'))
    mod.f.accept(because="")
    ran()
    assert (asyncio.run(mod.f(1)), asyncio.run(mod.g(1))) == ([1, 3], [1, 3])
    assert ran() == []


def test_what_functions_do_among_the_arguments_changes_the_fingerprint_and_is_accepted_too(
    project: Project, ran: Ran
) -> None:
    text = """
    import sys
    from inviscid import cached

    def one(x): return x

    class K:
        def a(self): return 1

    @cached
    def f(k, how):
        sys.audit("test.ran", "f")
        return how(3) + len("old")
    """
    mod = project.edit(text)
    mod.f(mod.K(), mod.one), mod.f(1, abs)
    mod = project.edit(text.replace('"old"', '"new"'))
    mod.f.accept(because="")
    ran()
    mod.f(mod.K(), mod.one), mod.f(1, abs)
    assert ran() == []


# Parameters -----------------------------------------------------------------------------------------------------------


def test_a_constant_that_became_a_parameter(project: Project, ran: Ran) -> None:
    text = """
    import sys
    from inviscid import cached

    @cached
    def f(x):
        sys.audit("test.ran", "f")
        return x * 3
    """
    edited = text.replace("f(x)", "f(x, k=3)").replace("x * 3", "x * k")
    mod = project.edit(text)
    mod.f(2)
    mod = project.edit(edited)
    offer = (
        "a constant became parameter 'k', with the same value: `inviscid accept mod:f --because …` keeps the results"
    )
    assert mod.f.explain(2).reasons[-1] == offer
    mod.f.accept(because="k has a default")
    ran()
    assert (mod.f(2), mod.f(2, 3), mod.f(x=2, k=3)) == (6, 6, 6)
    assert ran() == []
    # Another value, and another type that is equal, are other calls.
    assert (mod.f(2, 4), mod.f(2, 3.0)) == (8, 6.0)
    assert ran() == ["f", "f"]


def test_a_default_that_changes_carries_nothing_over_but_what_was_passed(project: Project, ran: Ran) -> None:
    text = """
    import sys
    from inviscid import cached

    @cached
    def f(x, k=3):
        sys.audit("test.ran", "f")
        return x * k
    """
    mod = project.edit(text)
    mod.f(2), mod.f(5, 4)
    mod = project.edit(text.replace("k=3", "k=4"))
    mod.f.accept(because="callers pass it")
    ran()
    assert (mod.f(5), mod.f(2, 3)) == (20, 6)
    assert ran() == []
    assert mod.f(2) == 8
    assert ran() == ["f"]


def test_parameters_that_change_places_are_told_apart_by_name(project: Project, ran: Ran) -> None:
    text = """
    import sys
    from inviscid import cached

    @cached
    def f(a, b):
        sys.audit("test.ran", "f")
        return a - b
    """
    mod = project.edit(text)
    assert mod.f(5, 3) == 2
    mod = project.edit(text.replace("f(a, b)", "f(b, a)"))
    mod.f.accept(because="by name")
    ran()
    assert mod.f(a=5, b=3) == 2
    assert ran() == []
    assert mod.f(5, 3) == -2
    assert ran() == ["f"]


def test_a_parameter_that_is_renamed(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(
        F.replace("def f(x):", "def f(y):").replace('f"f{x}")\n        return [x, ', 'f"f{y}")\n        return [y, ')
    )
    mod.f.accept(because="a name")
    ran()
    assert mod.f(1) == mod.f(y=1) == [1, 3]
    assert ran() == []


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ("x, y", "parameter 'y' of f.. is new and has no default"),
        ("", "has no parameter 'x' any more"),
        ("*x", r"parameter '\*x' of f.. was 'x': the same value is another call now"),
        ("**x", r"parameter '\*\*x' of f.. was 'x'"),
        ("*y", r"parameter '\*y' of f.. was 'x'"),
        ("x, /", None),
        ("*rest, x=1", None),
        ("a, b", "has no parameter 'x' any more"),
        ("x, *rest, **more", None),
    ],
)
def test_other_parameters(project: Project, ran: Ran, parameters: str, says: str | None) -> None:
    project.edit(F).f(1)
    names = [name.strip("* ") for name in parameters.split(",") if name]
    body = f"def f({parameters}):\n        x = {names[0] if names else 0}\n"
    mod = project.edit(F.replace("def f(x):\n", body))
    if says is not None:
        with pytest.raises(AcceptError, match=says):
            mod.f.accept(because="")
        return
    mod.f.accept(because="")
    ran()
    mod.f(x=1) if parameters.startswith("*") else mod.f(1)
    assert ran() == []


@pytest.mark.parametrize("before", ["*x", "**x"])
def test_what_took_several_arguments_and_takes_one(project: Project, before: str) -> None:
    text = """
    from inviscid import cached

    @cached
    def f(x):
        return len(x)
    """
    mod = project.edit(text.replace("(x):", f"({before}):"))
    mod.f(1, 2) if before == "*x" else mod.f(a=1, b=2)
    mod = project.edit(text.replace("len(x)", "x[0]"))
    with pytest.raises(AcceptError, match=r"parameter 'x' of f.. was '\*"):
        mod.f.accept(because="")


def test_a_lambda_whose_parameter_takes_several_arguments_now(project: Project) -> None:
    text = "from inviscid import cached\nf = cached(lambda x: x)\n"
    project.edit(text).f((1,))
    mod = project.edit(text.replace("x: x", "*x: x"))
    with pytest.raises(AcceptError, match=r"was 'x'"):
        mod.f.accept(because="")


def test_ignored_parameters_are_none(project: Project, ran: Ran) -> None:
    text = F.replace("@cached\n    def f(x)", '@cached(ignore=["log"])\n    def f(x, log)')
    project.edit(text.replace("return f(x)", "return f(x, 0)")).f(1, 2)
    mod = project.edit(text.replace("return f(x)", "return f(x, 0)").replace('"old"', '"new"'))
    mod.f.accept(because="")
    ran()
    assert mod.f(1, 3) == [1, 3]
    assert ran() == []


@pytest.mark.parametrize(
    ("then", "now", "says"),
    [
        ("@cached(version=1)", "@cached(version=2)", "its decorator had other options .version=, ignore="),
        ("@cached(ignore=['y'])", "@cached", "its decorator had other options"),
        ("@cached", "@cached(ignore=['y'])", "its decorator had other options"),
        ("@cached", "@cached(identify={'x': int})", "its decorator had other options"),
        pytest.param(
            "@cached",
            "@cached(track='traced')",
            "its decorator had other options",
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="from Python 3.12 on it can be traced"),
        ),
        ("@cached", "@cached(max_age=1e-6)", "they are older than max_age"),
        (
            "x, y=1, k=config('a.k', default=1)",
            "x, y=1, n=config('a.k', default=1)",
            "its config parameters were others",
        ),
        ("x, y=1, k=config('a.k', default=1)", "x, y=1, k=config('a.n', default=1)", "reads 'a.n' only now"),
        ("'A' in os.environ", "'B' in os.environ", r"it depended on other surroundings .A, B\)"),
        ("'A' in os.environ", "'A' in 'AB'", r"it depended on other surroundings .A\)"),
        ("@cached", "@cached(max_age=3600)", None),
        ("@cached", "@cached(pure=True)", None),
    ],
)
def test_what_would_never_be_served_is_not_accepted(
    project: Project, ran: Ran, then: str, now: str, says: str | None
) -> None:
    text = """
    import os
    import sys
    from inviscid import cached, config

    def flag():
        return 'A' in os.environ

    @cached
    def f(x, y=1, k=config('a.k', default=1)):
        sys.audit("test.ran", "f")
        return x, y, len('old'), flag()
    """
    first = text.replace("@cached", then) if then.startswith("@") else text
    second = text.replace("@cached", now) if now.startswith("@") else text.replace(then, now)
    project.edit(first).f(1)
    mod = project.edit(second.replace("'old'", "'new'"))
    if says is not None:
        with pytest.raises(AcceptError, match=says):
            mod.f.accept(because="")
        assert not Path("inviscid.lock").exists()
        return
    mod.f.accept(because="")
    ran()
    mod.f(1)
    assert ran() == []


def test_what_came_with_the_arguments_is_no_reason(project: Project, ran: Ran) -> None:
    text = """
    import os
    import sys
    from decimal import Decimal
    from inviscid import cached

    def flag():
        return "A" in os.environ

    @cached
    def f(x, how):
        sys.audit("test.ran", "f")
        return x / 3, len("old"), how()
    """
    mod = project.edit(text)
    mod.f(mod.Decimal(1), mod.flag)
    mod = project.edit(text.replace('"old"', '"new"'))
    assert mod.f.accept(because="").results == 1
    ran()
    mod.f(mod.Decimal(1), mod.flag)
    assert ran() == []


def test_only_what_would_be_served_is_counted(project: Project) -> None:
    text = """
    from pathlib import Path
    from inviscid import cached

    @cached
    def f(name):
        return Path(name).read_text(), len("old")
    """
    for name in "ab":
        Path(name).write_text("one")
    mod = project.edit(text)
    mod.f("a"), mod.f("b")
    mod = project.edit(text.replace('"old"', '"new"'))
    assert mod.f.accept(because="", dry_run=True).results == 2
    Path("a").write_text("two")
    assert mod.f.accept(because="", dry_run=True).results == 1
    Path("b").write_text("two")
    with pytest.raises(
        AcceptError, match=r"2 results of the earlier version of f\(\) would not be served: file .* changed"
    ):
        mod.f.accept(because="")
    assert not Path("inviscid.lock").exists()


def test_results_with_other_versions_of_packages_are_not_counted(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = F.replace("def f(x):", "def f(x):\n        import numpy; numpy.__name__", 1)
    project.edit(text).f(1)
    mod = project.edit(text.replace('"old"', '"new"'))
    found = mod.f.fingerprint
    newer = frozenset(one._replace(version="99") for one in found.distributions)
    monkeypatch.setattr(type(mod.f), "_take", lambda self, marks: found._replace(distributions=newer))
    with pytest.raises(AcceptError, match="they were computed with other packages .numpy"):
        mod.f.accept(because="")


# Packages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packages", [("", "numpy"), ("numpy", ""), ("numpy", "pandas")])
def test_packages_that_come_and_go(project: Project, ran: Ran, packages: tuple[str, str]) -> None:
    def text(package: str) -> str:
        name = f"import {package}; {package}.__name__" if package else "1"
        return F.replace("    @cached\n    def f(x):", f"    @cached\n    def f(x):\n        {name}", 1)

    project.edit(text(packages[0])).f(1)
    mod = project.edit(text(packages[1]))
    found = mod.f.accept(because="the same by other means").records[0]
    assert (packages[1] in found.packages) is bool(packages[1])
    assert (packages[0] in found.earlier_packages) is bool(packages[0])
    ran()
    assert mod.f(1) == [1, 3]
    assert ran() == []


# Callers --------------------------------------------------------------------------------------------------------------


def test_callers_that_call_it_directly_stand(project: Project, ran: Ran) -> None:
    project.edit(F).g(1)
    mod = project.edit(B)
    found = mod.f.accept(because="")
    ran()
    assert found.callers == ()
    assert mod.g(1) == [1, 3]
    assert ran() == []


def test_a_caller_that_depends_on_something_else_that_changed_is_computed(project: Project, ran: Ran) -> None:
    helped = """
    import sys
    from inviscid import cached

    def helper(x): return x + len("old")

    @cached
    def f(x):
        sys.audit("test.ran", "f")
        return helper(x) > 0

    @cached
    def g(x):
        sys.audit("test.ran", "g")
        return [f(x), helper(x)]

    @cached
    def h(x):
        sys.audit("test.ran", "h")
        return [list(map(f, [x])), helper(x)]
    """
    mod = project.edit(helped)
    assert (mod.g(1), mod.h(1)) == ([True, 4], [[True], 4])
    mod = project.edit(helped.replace('"old"', '"older"'))
    with pytest.raises(AcceptError, match=r"h\(\) can't be accepted along with mod.f: .* beside that is mod.helper"):
        mod.f.accept(because="still more than nothing", callers=True)
    mod.f.accept(because="still more than nothing")
    ran()
    assert (mod.g(1), mod.h(1)) == ([True, 6], [[True], 6])
    assert ran() == ["g", "h"]


PASSED_ON = """
    @cached
    def h(x):
        sys.audit("test.ran", f"h{x}")
        return list(map(f, [x]))
    """


def test_callers_that_pass_it_on_are_listed_and_accepted_along_with_it(project: Project, ran: Ran) -> None:
    mod = project.edit(F + PASSED_ON)
    mod.h(1), mod.g(1)
    mod = project.edit(B + PASSED_ON)
    assert mod.f.accept(because="").callers == ("mod:h",)
    assert outcome(mod.h, 1) is Outcome.MISS_CODE
    found = mod.f.accept(because="", callers=True)
    assert [one.function for one in found.also] == ["mod:h"]
    ran()
    assert mod.h(1) == [[1, 3]]
    assert ran() == []
    assert outcome(mod.h, 1) is Outcome.HIT_ACCEPTED
    mod.h.revoke()
    mod.h(1)
    assert ran() == ["h1"]


def test_callers_that_were_accepted_along_fall_with_the_function(project: Project, ran: Ran) -> None:
    mod = project.edit(F + PASSED_ON)
    mod.h(1)
    mod = project.edit(OTHER + PASSED_ON)
    mod.f.accept(because="close enough", callers=True)
    assert mod.h(1) == [[1, 3]]
    ran()
    assert mod.f.revoke() == 2
    assert (mod.h(1), ran()) == ([[1, 4]], ["h1", "f1"])
    assert lockfile.current().acceptances() == []


def test_callers_that_were_accepted_along_fall_where_the_table_of_the_function_is_deleted(project: Project) -> None:
    project.edit(F + PASSED_ON).h(1)
    mod = project.edit(OTHER + PASSED_ON)
    mod.f.accept(because="close enough", callers=True)
    path = Path("inviscid.lock")
    head, *tables = path.read_text().split("[[accepted]]")
    path.write_text("[[accepted]]".join([head, *(table for table in tables if "mod:f" not in table)]))
    assert mod.h(1) == [[1, 4]]


def test_a_caller_that_was_accepted_by_itself_stays_accepted(project: Project) -> None:
    project.edit(F + PASSED_ON).h(1)
    mod = project.edit(OTHER + PASSED_ON)
    mod.h.accept(because="looked at")
    mod.f.accept(because="close enough", callers=True)
    assert mod.f.revoke() == 1
    assert mod.h(1) == [[1, 3]]


def test_a_caller_that_was_edited_itself_is_not_accepted_along(project: Project, ran: Ran) -> None:
    project.edit(F + PASSED_ON).h(1)
    mod = project.edit(B + PASSED_ON.replace("list(map", "tuple(map"))
    with pytest.raises(AcceptError, match="beside that is mod.h"):
        mod.f.accept(because="", callers=True)
    assert not Path("inviscid.lock").exists()


# Bad input ------------------------------------------------------------------------------------------------------------


def test_nothing_older(project: Project) -> None:
    mod = project.edit(F)
    with pytest.raises(AcceptError, match="has no results of mod:f to accept it for: it is empty"):
        mod.f.accept(because="")
    mod.g(1)
    with pytest.raises(
        AcceptError, match=r"no older version of f\(\) to accept it for: the store has 1 result of mod:f, all of what"
    ) as caught:
        mod.f.accept(because="")
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), LookupError)
    mod.f.forget(1)
    with pytest.raises(AcceptError, match="has no results of mod:f to accept it for: it has results of mod:g"):
        mod.f.accept(because="")


def test_nothing_to_revoke(project: Project) -> None:
    project.edit(F).f(1)
    mod = project.edit(B)
    with pytest.raises(AcceptError, match=r"f\(\) is not accepted for an earlier version$"):
        mod.f.revoke()
    mod.f.accept(because="the length")
    mod = project.edit(C)
    with pytest.raises(AcceptError, match=r"accepted were other versions of it: 20.*\(the length\)"):
        mod.f.revoke()
    assert mod.f.revoke(every=True) == 1


def test_sources_and_effects(project: Project) -> None:
    mod = project.edit("""
    from inviscid import effect, source

    @source
    def s(): return 1

    @effect(once=True)
    def e(): return 1
    """)
    for function in (mod.s, mod.e):
        with pytest.raises(AcceptError, match=f"{function.__name__}.. is (a source|an effect)"):
            function.accept(because="")


def test_what_is_not_kept_is_not_accepted(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(F.replace("return [x, ", "import time; return [time.time(), x, "))
    with pytest.raises(AcceptError, match="are not kept"):
        mod.f.accept(because="")


def test_a_damaged_record_is_an_error(project: Project) -> None:
    from inviscid import LockError

    project.edit(F).f(1)
    mod = project.edit(B)
    mod.f.accept(because="")
    text = Path("inviscid.lock").read_text()
    for old, new, says in [
        ('arguments = ["x"]', 'arguments = "x"', "'arguments' is not a list"),
        ("defaults = {}", 'defaults = { x = "1" }', "'defaults' is not a table of digests"),
        ("defaults = {}", f'defaults.x = "{"a" * 64}"', "'defaults' has a parameter that is in 'arguments' too"),
        ("earlier_packages = {}", 'earlier_packages.a = ["1"]', "'earlier_packages' is not a table"),
        ('earlier = "', 'earlier = "z', "'earlier' is not a digest"),
        ('because = ""\n', "", "has no 'because'"),
        ('because = ""', "because = 3", "'because' is not a text"),
        ("[[accepted]]", "[accepted]", "'accepted' is not a list of tables"),
    ]:
        assert old in text
        Path("inviscid.lock").write_text(text.replace(old, new, 1))
        with pytest.raises(LockError, match=says) as caught:
            mod.f(1)
        assert caught.value.line


def test_a_record_that_was_changed_by_hand_is_another_one(project: Project, ran: Ran) -> None:
    project.edit(F).f(1)
    mod = project.edit(B)
    mod.f.accept(because="")
    assert mod.f(1) == [1, 3]
    ran()
    path = Path("inviscid.lock")
    path.write_text(
        path.read_text().replace("packages = []", 'packages = ["numpy"]', 1).replace("because", "ticket = 4\nbecause")
    )
    assert mod.f(1) == [1, 3]
    mod.f.accept(because="again")
    assert ran() == []


def test_records_of_two_branches_are_both_kept(project: Project) -> None:
    project.edit(F).f(1)
    mod = project.edit(B)
    mod.f.accept(because="one")
    path = Path("inviscid.lock")
    head, table = path.read_text().split("[[accepted]]")
    path.write_text(f"{head}[[accepted]]{table}\n[[accepted]]{table.replace('one', 'two')}")
    assert [one.because for one in lockfile.current().acceptances()] == ["two"]


def test_where_nothing_is_accepted_a_hit_reads_no_record(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from inviscid import accepted

    mod = project.edit(F)
    mod.f(1)
    monkeypatch.setattr(accepted, "candidates", lambda *_: pytest.fail("looked"))
    assert mod.f(1) == [1, 3]


def test_it_is_public() -> None:
    assert callable(CachedFunction.accept)
    code = textwrap.dedent("import inviscid; print(inviscid.AcceptError.__name__, inviscid.compare.__name__)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "AcceptError compare\n"
