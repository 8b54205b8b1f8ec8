"""Programs with which early cutoff and its kin were once found stale, hanging or wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inviscid
from inviscid import InviscidWarning, configure

Ran = Callable[[], list[str]]

HEAD = """
import os, sys, time
import numpy as np
from decimal import Decimal, getcontext
from inviscid import cached, config, effect, source, File

def ran(name): sys.audit("test.ran", name)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_a_variant_ran_with_is_not_taken_for_the_base(project: Any) -> None:
    """Its callee can't be asked again: it stands by its code, and by the config that it saw."""
    mod = project.edit(
        HEAD
        + "@cached\ndef g(a, k=config('k', default=1)): return float(a.sum()) * k\n"
        + "@cached\ndef f(n): return g(np.arange(n) * 1.0)\n"
        + "@cached\ndef r(k=config('k', default=1)):\n    if k: raise ValueError(k)\n"
        + "@cached\ndef h():\n    try: r()\n    except ValueError as e: return str(e)\n"
    )
    assert mod.f.configured({"k": 5})(100_000) == 24999750000.0
    assert mod.f(100_000) == 4999950000.0
    assert mod.h.configured({"k": 5})() == "5"
    assert mod.h() == "1"


def test_config_that_only_a_variant_has_costs_no_value(project: Any) -> None:
    mod = project.edit(
        HEAD
        + "@cached\ndef g(a, k=config('k')): return float(a.sum()) * k\n"
        + "@cached\ndef f(n): return g(np.arange(n) * 1.0)\n"
    )
    assert mod.f.configured({"k": 5})(100_000) == 24999750000.0


def test_files_behind_a_call_that_cannot_be_made_again(project: Any) -> None:
    Path("cfg.txt").write_text("2")
    mod = project.edit(
        HEAD
        + "@cached\ndef g(a):\n    with open('cfg.txt') as f: return float(a.sum()) * float(f.read())\n"
        + "@cached\ndef f(n): return g(np.arange(n, dtype=float))\n"
    )
    assert mod.f(100_000) == 9999900000.0
    Path("cfg.txt").write_text("3")
    assert mod.f.explain(100_000).outcome == "miss"
    assert mod.f(100_000) == 14999850000.0


def test_config_that_an_answer_reads_in_the_body(project: Any) -> None:
    mod = project.edit(
        HEAD
        + "class C:\n    def __init__(self): self.x = 1\n    def run(self): return h(self.x)\n"
        + "@cached\ndef h(x, k=config('k', default=1)): return x * k\n"
        + "@cached\ndef g(): return C()\n"
        + "@cached\ndef f(): return g().run()\n"
        + "def helper(x): return h(x)\n"
        + "@cached\ndef gives(): return helper\n"
        + "@cached\ndef takes(): return gives()(1)\n"
    )
    assert [mod.f(), mod.takes()] == [1, 1]
    with configure({"k": 5}):
        assert [mod.f(), mod.takes()] == [5, 5]


def test_the_environment_that_an_answer_reads_in_the_body(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mod = project.edit(
        HEAD
        + "class C:\n    def __init__(self): self.x = 1\n    def run(self): return os.environ.get('MYV')\n"
        + "@cached\ndef g(): return C()\n"
        + "@cached\ndef f(): return g().run()\n"
        + "@cached\ndef one(): return Decimal(1)\n"
        + "@cached\ndef third(): return one() / 3\n"
    )
    import decimal

    monkeypatch.setenv("MYV", "1")
    assert mod.f() == "1"
    assert len(str(mod.third())) > 20
    monkeypatch.setenv("MYV", "2")
    assert mod.f() == "2"
    with decimal.localcontext(prec=5):
        assert str(mod.third()) == "0.33333"


@pytest.mark.parametrize("kinds", [("source", "cached"), ("cached(pure=True)", "source")])
def test_another_kind_is_another_answer(project: Any, kinds: tuple[str, str]) -> None:
    text = HEAD + (
        "@{}\ndef rows():\n    with open('w') as f: return f.read()\n"
        "@cached\ndef rep(): return rows()\n@cached\ndef given(f): return f()\n"
    )
    Path("w").write_text("1")
    mod = project.edit(text.format(kinds[0]))
    assert [mod.rows(), mod.rep(), mod.given(mod.rows)] == ["1"] * 3
    Path("w").write_text("2")
    mod = project.edit(text.format(kinds[1]))
    assert [mod.rows(), mod.rep(), mod.given(mod.rows)] == ["2"] * 3


def test_callers_of_what_has_got_an_age(project: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + (
        "@cached({}pure=True)\ndef g():\n    ran('g')\n    return os.path.getsize('w')\n"
        "@cached\ndef f():\n    ran('f')\n    return g()\n"
        "@cached\ndef away():\n    return sum(x() for x in [g])\n"
    )
    Path("w").write_text("1")
    mod = project.edit(text.format(""))
    assert [mod.f(), mod.away()] == [1, 1]
    mod = project.edit(text.format("max_age=60, "))
    # Its own results are as old as they are.
    assert [mod.f(), mod.away()] == [1, 1]
    assert ran() == ["f", "g"]
    Path("w").write_text("12")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert [mod.f(), mod.away()] == [2, 2]


def test_callers_of_what_has_become_an_effect(project: Any, ran: Ran) -> None:
    text = HEAD + "@{}\ndef g():\n    ran('g')\n    return 1\n@cached\ndef f(): return g()\n"
    assert project.edit(text.format("cached")).f() == 1
    mod = project.edit(text.format("effect"))
    assert ran() == ["g"]
    assert mod.f.explain().outcome == "miss"
    with pytest.raises(inviscid.EffectError):
        mod.f()
    assert ran() == []


@pytest.mark.parametrize("how", ["g(p)", "g(File(os.fspath(p)))"])
def test_a_file_that_was_given_is_the_one_that_is_given(project: Any, how: str) -> None:
    text = HEAD + (
        "@cached\ndef g(p: File):\n    with open(p) as f: return len(f.read()) + {}\n"
        f"@cached\ndef f(p: File): return {how}\n"
    )
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "x").write_text("abc")
    assert project.edit(text.format(0)).f(inviscid.File("a/x")) == 3
    Path("a/x").write_text("ab")
    assert project.edit(text.format(1)).f(inviscid.File("b/x")) == 4


def test_a_file_of_equal_content_is_not_the_one_that_was_given(project: Any) -> None:
    mod = project.edit(
        HEAD
        + "def read(p):\n    with open(p) as f: return f.read()\n"
        + "@cached\ndef g(fs): return [read(f) for f in fs]\n"
        + "@cached\ndef f(fs): return g([File('ref.txt')])\n"
    )
    Path("u.txt").write_text("X")
    Path("ref.txt").write_text("X")
    assert mod.f([inviscid.File("u.txt")]) == ["X"]
    Path("ref.txt").write_text("Y")
    assert mod.f([inviscid.File("u.txt")]) == ["Y"]


def test_equal_arguments_are_not_one(project: Any) -> None:
    text = HEAD + (
        "@cached\ndef g(a, b): return {}(a is b)\n"
        "@cached\ndef mk(i, j): return [i * j]\n"
        "@cached\ndef f2(a, b): return g(a, b)\n"
        "@cached\ndef f3(): return g(mk(1, 6), mk(2, 3))\n"
        "@cached\ndef f4(a): return g(a, a)\n"
    )
    mod = project.edit(text.format(""))
    assert [mod.f2([1], [1]), mod.f3(), mod.f4([1])] == [False, False, True]
    mod = project.edit(text.format("not "))
    assert [mod.f2([1], [1]), mod.f3(), mod.f4([1])] == [True, True, False]


def test_two_sources_of_one_text_are_two(project: Any) -> None:
    text = HEAD + (
        "def mk(name):\n"
        "    def load():\n        with open('w') as f: return f.read()\n"
        "    return load\n"
        "a = source(mk(1))\nb = source(mk(2))\n"
        "@cached\ndef f(): return a() + b()\n"
    )
    mod = project.edit(text)
    Path("w").write_text("1")
    mod.a()
    Path("w").write_text("2")
    with pytest.warns(InviscidWarning, match="gave two answers"):
        assert mod.f() == "12"
    mod = project.edit(text)
    Path("w").write_text("1")
    mod.b()
    Path("w").write_text("2")
    assert mod.f() == "21"


def test_an_effect_that_was_refused_spoils_the_result(project: Any, ran: Ran) -> None:
    mod = project.edit(
        HEAD
        + "@effect\ndef e(x): return x\n"
        + "@cached\ndef f(x):\n    ran('f')\n    try: return e(x)\n    except Exception: return 'swallowed'\n"
    )
    with pytest.warns(InviscidWarning, match="was refused"):
        assert mod.f(1) == "swallowed"
    assert mod.f(1) == "swallowed"
    assert ran() == ["f", "f"]


@pytest.mark.filterwarnings("ignore::inviscid.InviscidWarning")
@pytest.mark.parametrize("leaf", ["(i for i in range(3))", "int('x')", "x.append(1)"])
def test_a_leaf_that_gives_nothing_is_called_a_few_times(project: Any, ran: Ran, leaf: str) -> None:
    """Each level asks, and then its body calls: that must not multiply."""
    text = HEAD + "@cached\ndef c0(x):\n    ran('c0')\n    return {}\n" + "".join(
        f"@cached\ndef c{n}(x): return [c{n - 1}(x)] and 1\n" for n in range(1, 8)
    )  # fmt: skip
    project.edit(text.format("1")).c7([])
    ran()
    mod = project.edit(text.format(leaf))
    for _ in range(2):
        try:
            mod.c7([])
        except ValueError:
            assert "int" in leaf
        assert len(ran()) <= 8


def test_a_run_that_stores_nothing_asks_no_more_than_it_calls(project: Any, ran: Ran) -> None:
    text = HEAD + "@cached\ndef c0(x):\n    ran('c0')\n    return {}\n" + "".join(
        f"@cached\ndef c{n}(x): return [c{n - 1}(x)]\n" for n in range(1, 8)
    )  # fmt: skip
    project.edit(text.format("1")).c7(0)
    ran()
    with inviscid.mode("readonly"):
        project.edit(text.format("2 - 1")).c7(0)
    assert len(ran()) <= 8


def test_deep_recursion_after_an_edit_ends(project: Any, ran: Ran) -> None:
    text = HEAD + (
        "@cached\ndef is_even(n): return base(n) if n == 0 else is_odd(n - 1)\n"
        "@cached\ndef is_odd(n): return False if n == 0 else is_even(n - 1)\n"
        "@cached\ndef base(n):\n    ran('base')\n    return {}\n"
    )
    assert project.edit(text.format("True")).is_even(100) is True
    assert project.edit(text.format("bool(1)")).is_even(100) is True
    assert len(ran()) <= 3


def test_a_source_looks_once_in_a_run_that_refreshes(project: Any, ran: Ran) -> None:
    mod = project.edit(
        HEAD
        + "@source\ndef now():\n    ran('now')\n    return time.time_ns()\n"
        + "@cached\ndef f(x):\n    ran('f')\n    return (now(), now(), x)\n"
    )
    mod.f(1)
    ran()
    with inviscid.mode("refresh"):
        first, second, _ = mod.f(1)
    assert first == second
    assert ran() == ["f", "now"]
    assert mod.f.explain(1).outcome == "hit"


def test_observations_share_no_memory(project: Any) -> None:
    import numpy as np

    mod = project.edit(HEAD + "@source\ndef both():\n    a = np.arange(10)\n    return {'a': a, 'b': a + 1}\n")
    mod.both()
    assert not np.shares_memory(mod.both()["a"], mod.both()["a"])


def test_ages_by_a_clock_that_was_set_back(project: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    mod = project.edit(HEAD + "@cached(max_age=60)\ndef f(x):\n    ran('f')\n    return x\n")
    mod.f(1)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3_600)
    mod.f(1)
    assert ran() == ["f", "f"]
