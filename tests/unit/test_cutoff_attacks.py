"""Programs with which early cutoff and its kin were once found stale, hanging or wrong."""

from __future__ import annotations

import time
import warnings
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


def test_config_that_an_observation_reads_in_the_body(project: Any) -> None:
    text = HEAD + (
        "class C:\n    def run(self): return h(1)\n"
        "@cached\ndef h(x, k=config('k', default=1)): return x * k\n"
        "@source\ndef s(): return C()\n"
        "@cached\ndef f(): return s().run()\n"
    )
    assert project.edit(text).f() == 1
    with configure({"k": 5}):
        assert project.edit(text).f() == 5


@pytest.mark.parametrize("how", ["g(File(os.path.join(p, 'x')))", "g(os.path.join(p, 'x'))", "g([os.fspath(p), 'x'])"])
def test_paths_that_derive_from_one_that_was_given(project: Any, how: str) -> None:
    text = HEAD + (
        "@cached\ndef g(p):\n"
        "    with open(p if not isinstance(p, list) else '/'.join(p)) as f: return len(f.read()) + {}\n"
        "from inviscid import Dir\n"
        f"@cached\ndef f(p: Dir): return {how}\n"
    )
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "x").write_text("abc")
    assert project.edit(text.format(0)).f(inviscid.Dir("a")) == 3
    Path("a/x").write_text("ab")
    assert project.edit(text.format(1)).f(inviscid.Dir("b")) == 4


def test_files_in_a_list_that_was_given(project: Any) -> None:
    text = HEAD + (
        "@cached\ndef g(p):\n    with open(p) as f: return len(f.read()) + {}\n"
        "@cached\ndef f(ps): return [g(p) for p in ps]\n"
    )
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "x").write_text("abc")
    assert project.edit(text.format(0)).f([inviscid.File("a/x")]) == [3]
    Path("a/x").write_text("ab")
    assert project.edit(text.format(1)).f([inviscid.File("b/x")]) == [4]


def test_what_arguments_share_they_share_again(project: Any) -> None:
    text = HEAD + (
        "@cached\ndef g(a, b): return {}(a is b)\n"
        "@cached\ndef h(a, b): return {}(a[0] is b)\n"
        "@cached\ndef mk(i): return [i]\n"
        "@cached\ndef f1():\n    x = [1]\n    return g(x, x)\n"
        "@cached\ndef f2(a): return h(a, a[0])\n"
        "@cached\ndef f3():\n    x = mk(1)\n    return h([x], x)\n"
        "@cached\ndef f4(*xs): return g(*xs)\n"
        "@cached\ndef f5(**kw): return g(**kw)\n"
        "@cached\ndef f6(d): return g(d['p'], d['q'])\n"
    )

    def asked(mod: Any) -> list[bool]:
        x = [1]
        return [mod.f1(), mod.f2([[1]]), mod.f3(), mod.f4(x, x), mod.f5(a=x, b=x), mod.f6({"p": x, "q": x})]

    assert asked(project.edit(text.format("", ""))) == [True] * 6
    assert asked(project.edit(text.format("not ", "not "))) == [False] * 6


def test_what_was_frozen_under_a_call_that_cannot_be_made_again(project: Any) -> None:
    text = HEAD + ("@cached\ndef g(a): return float(a.sum()) + {}\n@cached\ndef f(n): return g(np.arange(n) * 1.0)\n")
    mod = project.edit(text.format(0))
    first = mod.f(10_000)
    mod.g.freeze()
    mod = project.edit(text.format(1))
    assert mod.f(10_000) == first
    mod.g.thaw()
    assert mod.f(10_000) == first + 1


def test_the_output_of_the_last_call_stays(project: Any) -> None:
    text = HEAD + (
        "@cached(outputs='a.csv')\ndef export(n):\n"
        "    with open('a.csv', 'w') as f: f.write(str(n))\n"
        "    return n\n"
        "@cached\ndef f():\n    export(1); export(2); export(1)\n    return 0\n"
        "@cached\ndef top():\n    f()\n    with open('a.csv') as a: return a.read() {}\n"
    )
    mod = project.edit(text.format(""))
    assert mod.top() == "1"
    assert mod.f() == 0
    assert Path("a.csv").read_text() == "1"
    assert project.edit(text.format("+ ''")).top() == "1"


def test_what_a_variant_asked_is_asked_through_it(project: Any) -> None:
    text = HEAD + (
        "@source(observe=lambda p: os.path.getsize(p))\ndef at(p):\n    with open(p) as f: return f.read()\n"
        "@source(observe=lambda: os.path.getsize('w2'))\ndef s(p=config('p', default='w')):\n"
        "    with open(p) as f: return f.read()\n"
        "@cached\ndef g(x): return s() + str(x)\n"
        "g7 = g.configured({'p': 'w2'})\n"
        "@cached\ndef h(): return g7(1)\n"
        "@cached\ndef both(): return g7(1) + g(1)\n"
    )
    Path("w").write_text("1")
    Path("w2").write_text("1")
    mod = project.edit(text)
    assert [mod.h(), mod.both()] == ["11", "1111"]
    assert mod.both.explain().outcome == "hit"
    assert mod.g7.explain(1).outcome == "hit"
    Path("w2").write_text("22")
    mod = project.edit(text)
    assert [mod.h(), mod.both()] == ["221", "22111"]


def test_asking_changes_no_argument_of_the_caller(project: Any) -> None:
    text = HEAD + "@cached\ndef g(x):\n    {}\n    return len(x)\n@cached\ndef f(x): return g(x) * 10 + len(x)\n"
    assert project.edit(text.format("pass")).f([1]) == 11
    given = [1]
    with pytest.warns(InviscidWarning, match="was changed by the call"):
        assert project.edit(text.format("x.append(1)")).f(given) == 22
    assert given == [1, 1]


@pytest.mark.parametrize("option", ["max_age=10_000", "cache_if=lambda v: v != [2]"])
def test_a_chain_that_is_asked_again_is_asked_a_few_times(project: Any, ran: Ran, option: str) -> None:
    mod = project.edit(
        HEAD
        + "@source(observe=lambda: os.path.getsize('w'))\ndef s():\n    return os.path.getsize('w')\n"
        + f"@cached({option})\ndef c0(x):\n    v = s()\n    ran('c0')\n"
        + ("    if v == 2: raise ValueError(v)\n" if "age" in option else "")
        + "    return [v]\n"
        + "".join(f"@cached({option})\ndef c{n}(x): return c{n - 1}(x)\n" for n in range(1, 6))
    )
    Path("w").write_text("1")
    assert mod.c5(1) == [1]
    Path("w").write_text("12")
    ran()
    for _ in range(2):
        if "age" in option:
            with pytest.raises(ValueError, match="2"):
                mod.c5(1)
        else:
            assert mod.c5(1) == [2]
        # A few for each level; without end it would be 3 to the power of their number.
        assert len(ran()) <= 18


def test_what_was_to_no_avail_is_not_remembered(ran: Ran) -> None:
    @inviscid.cached
    def f() -> str:
        with open("w") as file:
            return file.read()

    for text in "BA":
        Path("w").write_text(text)
        f()
    with inviscid.mode("replay"):
        Path("w").write_text("C")
        with pytest.raises(inviscid.ReplayMiss):
            f()
        Path("w").write_text("B")
        assert f() == "B"


def test_an_explanation_knows_of_config_that_answers_read(project: Any) -> None:
    mod = project.edit(
        HEAD
        + "class C:\n    def run(self): return h(1)\n"
        + "@cached\ndef h(x, k=config('k', default=1)): return x * k\n"
        + "@cached\ndef g(): return C()\n"
        + "@cached\ndef f(): return g().run()\n"
    )
    mod.f()
    with configure({"k": 5}):
        assert mod.f.explain().outcome == "miss"


@pytest.mark.parametrize("ask", ["pool.submit(g, 'w').result()", "next(pool.map(g, ['w']))"])
def test_what_raised_in_a_thread_is_depended_on(project: Any, ask: str) -> None:
    text = HEAD + (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "@cached\ndef g(p):\n    with open(p) as f: x = f.read()\n"
        "    if x == 'bad': raise ValueError(x)\n    return x\n"
        "@cached\ndef f():\n    with ThreadPoolExecutor(1) as pool:\n"
        f"        try: return {ask}\n        except ValueError: return 'none'\n"
    )
    Path("w").write_text("bad")
    assert project.edit(text).f() == "none"
    Path("w").write_text("1")
    assert project.edit(text).f() == "1"


def test_what_spoils_a_call_in_a_thread_spoils_its_caller(project: Any, ran: Ran) -> None:
    mod = project.edit(
        HEAD
        + "from concurrent.futures import ThreadPoolExecutor\n"
        + "@effect\ndef e(x): return x\n"
        + "@cached\ndef g(x):\n    try: return e(x)\n    except Exception: return 'swallowed'\n"
        + "@cached\ndef f():\n    ran('f')\n"
        + "    with ThreadPoolExecutor(1) as pool: return pool.submit(g, 1).result()\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InviscidWarning)
        assert [mod.f(), mod.f()] == ["swallowed"] * 2
    assert ran() == ["f", "f"]


def test_what_many_ask_for_is_asked_once(project: Any) -> None:
    mod = project.edit(
        HEAD
        + "@source(observe=lambda: ran('looks') or 1)\ndef s(): return 1\n"
        + "@cached(max_age=1000)\ndef c0(x): return s() + x\n"
        + "".join(f"@cached(max_age=1000)\ndef c{n}(x): return c{n - 1}(x) + c{n - 1}(x + 1)\n" for n in range(1, 15))
    )
    value = mod.c14(0)
    start = time.perf_counter()
    assert mod.c14(0) == value
    assert mod.c14.explain(0).outcome == "hit"
    # Two to the power of fourteen would be minutes.
    assert time.perf_counter() - start < 20


def test_an_array_that_who_is_asked_changes(project: Any) -> None:
    import numpy as np

    text = HEAD + "@cached\ndef g(a):\n    {}\n    return float(a.sum())\n@cached\ndef f(a): return g(a) + a[0]\n"
    assert project.edit(text.format("pass")).f(np.ones(3)) == 4.0
    given = np.ones(3)
    with pytest.warns(InviscidWarning, match="was changed by the call"):
        assert project.edit(text.format("a *= 2")).f(given) == 8.0
    assert given.tolist() == [2, 2, 2]


def test_an_explanation_raises_nothing_that_the_call_handles(project: Any) -> None:
    text = HEAD + (
        "@cached\ndef g(p: File): return {}\n"
        "@cached\ndef f():\n    try: return g(File('a.txt'))\n    except FileNotFoundError: return 'none'\n"
        "@cached\ndef h({}): return 1\n"
        "@cached\ndef k():\n    try: return h(1)\n    except TypeError: return 'te'\n"
    )
    Path("a.txt").write_text("")
    mod = project.edit(text.format(1, "x"))
    assert [mod.f(), mod.k()] == [1, 1]
    Path("a.txt").unlink()
    mod = project.edit(text.format("1 + 0", "x, y"))
    assert [mod.f.explain().outcome, mod.k.explain().outcome] == ["miss", "miss"]
    assert [mod.f(), mod.k()] == ["none", "te"]


@pytest.mark.parametrize("kept", ["fit(np.arange(n) * 1.0)", "caught()", "made()"])
def test_members_of_what_came_from_a_call_that_cannot_be_made_again(project: Any, kept: str) -> None:
    text = HEAD + (
        "class Model(Exception):\n"
        "    def __init__(self, size=3): self.size = size\n    def predict(self, x): return x * {}\n"
        "@cached\ndef fit(a): return Model(len(a))\n"
        "@cached\ndef raises(): raise Model()\n"
        "def caught():\n    try: raises()\n    except Exception as error: return error\n"
        "@cached\ndef gives(): return (Model() for _ in range(1))\n"
        "def made(): return next(gives())\n"
        f"@cached\ndef f(n): return {kept}.predict(n)\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InviscidWarning)
        assert project.edit(text.format(2)).f(10_000) == 20_000
        assert project.edit(text.format(3)).f(10_000) == 30_000


def test_a_function_that_ages_may_call_itself(project: Any, ran: Ran) -> None:
    mod = project.edit(
        HEAD + "@cached(max_age=1000)\ndef f(n):\n    ran(n)\n    return n if n == 0 else f(n - 1) + 1\n"
    )
    assert mod.f(5) == 5
    assert len(ran()) == 6
    assert mod.f(5) == 5
    assert ran() == []


def test_a_replay_that_was_swallowed_is_no_result(project: Any) -> None:
    mod = project.edit(
        HEAD
        + "from inviscid import ReplayMiss, mode\n"
        + "@cached\ndef g(): return 1\n"
        + "@cached(pure=True)\ndef f():\n    try:\n        with mode('replay', local=True): return g()\n"
        + "    except ReplayMiss: return 0\n"
    )
    with pytest.warns(InviscidWarning, match="nothing to replay"):
        assert mod.f() == 0
    assert mod.g() == 1
    assert mod.f() == 1
