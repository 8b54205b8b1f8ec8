"""Reasons, in one line each, and the diff below them."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import Explanation, Fingerprint, Outcome, compare_fingerprints, fingerprint, results
from inviscid.digest import pack
from inviscid.explain import _compared, _environment, _named
from inviscid.fingerprinting import Distribution, Part
from inviscid.fingerprinting.shown import LONGEST, brief

Ran = Callable[[], list[str]]
GOLDEN = Path(__file__).parents[1] / "golden"
HEAD = """
import functools, math, sys, typing
from dataclasses import dataclass
from inviscid import cached
"""
CALLED = """
@cached
def f(x):
    sys.audit("test.ran", "f")
    return scale(x)
"""


def compared(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    def parts(definitions: dict[str, bytes]) -> list[Part]:
        return [Part(name, "function", alone.hex(), "", ()) for name, alone in definitions.items()]

    return _named([_compared(parts(before), parts(after)).reasons])


def test_what_changed_is_named() -> None:
    assert compared({"m.f": b"1", "m.g": b"1"}, {"m.f": b"1", "m.g": b"2"}) == ["m.g changed"]


def test_what_changed_under_another_name_is_paired() -> None:
    assert compared({"m.f": b"1", "m.g": b"1"}, {"m.f": b"1", "m.h": b"2"}) == ["m.h changed (it was m.g)"]


def test_a_class_that_moved_is_told_without_its_members() -> None:
    before = {"m.f": b"1", "m.A": b"1", "m.A.x": b"1", "m.A.y": b"1"}
    after = {"m.f": b"1", "n.A": b"2", "n.A.x": b"1", "n.A.y": b"1"}
    assert compared(before, after) == ["n.A changed (it was m.A)"]


def test_many_changes_are_counted() -> None:
    before = {f"m.f{n}": b"1" for n in range(9)}
    after = {f"m.f{n}": b"2" for n in range(9)}
    assert compared(before, after) == [*(f"m.f{n} changed" for n in range(4)), "and 5 more"]


def test_each_kind_of_change_is_named_before_many_of_one() -> None:
    assert _named([list("abcdef"), [], ["x", "y"]]) == ["a", "b", "c", "x", "and 4 more"]
    assert _named([list("abcd")]) == list("abcd")
    assert _named([["a"], ["b"]]) == ["a", "b"]


def test_the_same_definitions_in_other_places() -> None:
    assert compared({"m.f": b"1"}, {"m.f": b"1"}) == ["what it refers to changed places"]


def test_environments() -> None:
    python, platform = ["cpython", "3.11", 0], ["linux", "x86_64"]
    then = [python, platform, ["numpy", "2.3.1", ""], ["old", "1", ""], ["local", "1", "a"]]
    now = [["cpython", "3.12", 1], ["darwin", "arm64"], ["numpy", "2.4.0", ""], ["new", "1", ""], ["local", "1", "b"]]
    assert _environment(then, now) == [
        "Python 3.11 → 3.12 -O",
        "platform linux-x86_64 → darwin-arm64",
        "local was installed again",
        "new is new in reach",
        "numpy 2.3.1 → 2.4.0",
        "old isn't reached any more",
    ]


# (before, after, reasons); `f` calls `scale`
CHANGES = {
    "body": ("def scale(x): return x * 2", "def scale(x): return x * 3", ["mod.scale changed, body"]),
    "constant": ("RATE = 0.25\ndef scale(x): return x * RATE", "RATE = 0.5\ndef scale(x): return x * RATE", ["mod.RATE 0.25 → 0.5"]),
    "type of a constant": ("K = 1\ndef scale(x): return x * K", "K = True\ndef scale(x): return x * K", ["mod.K 1 → True"]),
    "container": ("D = {'a': [1]}\ndef scale(x): return D['a'][0] * x", "D = {'a': [2]}\ndef scale(x): return D['a'][0] * x",
                  ["mod.D {'a': [1]} → {'a': [2]}"]),
    "date": ("import datetime\nD = datetime.date(2024, 1, 1)\ndef scale(x): return (D.day, x)",
             "import datetime\nD = datetime.date(2025, 1, 1)\ndef scale(x): return (D.day, x)",
             ["mod.D datetime.date(2024, 1, 1) → datetime.date(2025, 1, 1)"]),
    "partial": ("def g(k, x): return x + k\nscale = functools.partial(g, 1)", "def g(k, x): return x + k\nscale = functools.partial(g, 2)",
                ["mod.scale partial(g, 1) → partial(g, 2)"]),
    "default": ("def scale(x, k=1): return x * k", "def scale(x, k=2): return x * k", ["default of 'k' of mod.scale 1 → 2"]),
    "keyword default": ("def scale(x, *, k=1): return x * k", "def scale(x, *, k=2): return x * k", ["default of 'k' of mod.scale 1 → 2"]),
    "closure": ("def make(k):\n def scale(x): return x * k\n return scale\nscale = make(1)",
                "def make(k):\n def scale(x): return x * k\n return scale\nscale = make(2)",
                ["mod.make.<locals>.scale:k 1 → 2"]),
    "attribute": ("def scale(x): return scale.k\nscale.k = 1", "def scale(x): return scale.k\nscale.k = 2", ["mod.scale.k 1 → 2"]),
    "new attribute": ("def scale(x): return scale.k\nscale.k = 1", "def scale(x): return scale.k\nscale.k = 1\nscale.j = 2",
                      ["mod.scale changed, attribute", "mod.scale.j is new"]),
    "method": ("class A:\n def m(self): return 1\ndef scale(x): return A().m()", "class A:\n def m(self): return 2\ndef scale(x): return A().m()",
               ["mod.A.m changed, body"]),
    "new method": ("class A:\n def a(self): return 1\ndef scale(x): return A().a() or A().m()",
                   "class A:\n def a(self): return 1\n def m(self): return 2\ndef scale(x): return A().a() or A().m()", ["mod.A.m is new"]),
    "method gone": ("class A:\n def a(self): return 1\n def m(self): return 2\ndef scale(x): return A().a() or A().m()",
                    "class A:\n def a(self): return 1\ndef scale(x): return A().a() or A().m()", ["mod.A.m is gone"]),
    "bases": ("class A: pass\nclass B: pass\nclass C(A): k = A, B\ndef scale(x): return C.__mro__[1].__bases__ and C.k and 1",
              "class A: pass\nclass B: pass\nclass C(B): k = A, B\ndef scale(x): return C.__mro__[1].__bases__ and C.k and 1",
              ["mod.C changed, bases"]),
    "builtin base": ("class C(dict): pass\ndef scale(x): return len(C())", "class C(list): pass\ndef scale(x): return len(C())", ["mod.C changed, bases"]),
    "class variable": ("class A:\n R = 1\ndef scale(x): return A.R", "class A:\n R = 2\ndef scale(x): return A.R", ["mod.A.R 1 → 2"]),
    "property": ("class A:\n @property\n def p(self): return 1\ndef scale(x): return A().p",
                 "class A:\n @property\n def p(self): return 2\ndef scale(x): return A().p", ["mod.A.p changed, body"]),
    "wrapper": ("def twice(g):\n def inner(x): return 2 * g(x)\n return inner\n@twice\ndef scale(x): return x",
                "def twice(g):\n def inner(x): return 3 * g(x)\n return inner\n@twice\ndef scale(x): return x",
                ["mod.twice.<locals>.inner changed, body"]),
    "wrapped": ("def twice(g):\n def inner(x): return 2 * g(x)\n return inner\n@twice\ndef scale(x): return x",
                "def twice(g):\n def inner(x): return 2 * g(x)\n return inner\n@twice\ndef scale(x): return x + 1",
                ["mod.scale changed, body"]),
    "size of a cache": ("@functools.lru_cache(1)\ndef scale(x): return x", "@functools.lru_cache(2)\ndef scale(x): return x",
                        ["mod.scale {'maxsize': 1, 'typed': False} → {'maxsize': 2, 'typed': False}"]),
    "option": ("@cached(version=1)\ndef scale(x): return x", "@cached(version=2)\ndef scale(x): return x",
               ["mod.scale changed, options", "unless scale() gives what it gave"]),
    "other builtin": ("def scale(x): return math.sin(x)", "def scale(x): return math.cos(x)", ["mod.scale changed, body"]),
    "other import": ("from math import sin as wave\ndef scale(x): return wave(x)", "from math import cos as wave\ndef scale(x): return wave(x)",
                     ["mod.scale refers to math.cos instead of math.sin"]),
    "calls swapped": ("def a(x): return x + 1\ndef b(x): return x * 2\ndef scale(x): return a(b(x))",
                      "def a(x): return x + 1\ndef b(x): return x * 2\ndef scale(x): return b(a(x))", ["mod.scale changed, body"]),
    "helper is new": ("def scale(x): return x", "def g(x): return x + 1\ndef scale(x): return g(x)", ["mod.scale changed, body", "mod.g is new"]),
    "helper is gone": ("def g(x): return x + 1\ndef scale(x): return g(x)", "def scale(x): return x", ["mod.scale changed, body", "mod.g is gone"]),
    "renamed and changed": ("def g(x): return x + 1\ndef scale(x): return g(x)", "def h(x): return x + 2\ndef scale(x): return h(x)",
                            ["mod.h changed (it was mod.g)"]),
    "renamed beside another change": ("K = 1\ndef g(x): return x + 1\ndef scale(x): return g(x) + K",
                                      "K = 2\ndef h(x): return x + 1\ndef scale(x): return h(x) + K", ["mod.K 1 → 2"]),
    "renamed, near, beside another change": ("def g(x):\n y = x * 3\n return y + 1\ndef scale(x): return g(x)",
                                             "def h(x):\n y = x * 3\n return y + 2\ndef scale(x): return h(x) - 1",
                                             ["mod.scale changed, body", "mod.h changed (it was mod.g)"]),
    "class renamed, method changed": ("class A:\n k = 1\n def m(self): return 1\ndef scale(x): return A().m()",
                                      "class B:\n k = 1\n def m(self): return 2\ndef scale(x): return B().m()",
                                      ["mod.B changed (it was mod.A)", "mod.B.m changed, body"]),
    "function to class": ("def g(x): return 1\ndef scale(x): return g(x) and 1", "class g:\n def __init__(self, x): pass\ndef scale(x): return g(x) and 1",
                          ["mod.g changed from function to class"]),
    "documentation": ("def scale(x):\n 'a'\n return scale.__doc__", "def scale(x):\n 'b'\n return scale.__doc__", ["mod.scale changed, documentation"]),
    "annotation": ("def g(x: int): return 1\ndef scale(x): return len(typing.get_type_hints(g))",
                   "def g(x: str): return 1\ndef scale(x): return len(typing.get_type_hints(g))", ["mod.g refers to str instead of int"]),
    "lines": ("def scale(x): return sys._getframe().f_lineno", "\ndef scale(x): return sys._getframe().f_lineno",
              ["mod.scale changed, lines"]),
    "name defined at last": ("def scale(x): return x or later(x)", "def later(x): return 1\ndef scale(x): return x or later(x)",
                             ["mod.scale changed, undefined name", "mod.later is new"]),
    "module": ("K = 1\ndef scale(x): return globals()['K']", "K = 1\nJ = 2\ndef scale(x): return globals()['K']", ["mod changed, order of names", "mod.J is new"]),
    "without source": ("exec('def scale(x): return x + 1')", "exec('def scale(x): return x + 2')", ["mod.scale changed, body"]),
    "several": ("K = 1\ndef g(x): return x\ndef scale(x, k=1): return g(x) + K", "K = 2\ndef g(x): return x + 1\ndef scale(x, k=2): return g(x) + K",
                ["mod.g changed, body", "mod.K 1 → 2", "default of 'k' of mod.scale 1 → 2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told(project: Any, ran: Ran, name: str) -> None:
    before, after, reasons = CHANGES[name]
    project.edit(HEAD + before + CALLED).f(1)
    assert ran() == ["f"]
    explanation = project.edit(HEAD + after + CALLED).f.explain(1)
    # Lines of `f` would be observed too.
    assert [reason for reason in explanation.reasons if reason != "mod.f changed, lines"] == reasons
    assert explanation.code is Outcome.MISS_CODE
    assert explanation.diff
    assert all("\n" not in reason for reason in explanation.reasons)
    assert ran() == [], "an explanation runs nothing"
    assert explanation.entry is not None
    assert explanation.entry.key != bytes.fromhex(explanation.key), "of the version before"
    again = project.edit(HEAD + before + CALLED).f.explain(1)
    assert again == Explanation("hit", [], Outcome.HIT, explanation_key(project), "", again.entry)
    assert again.entry.key == explanation.entry.key


def explanation_key(project: Any) -> str:
    return str(project.load().f.key(1))


def differs(project: Any, before: str, after: str) -> Explanation:
    project.edit(HEAD + before + CALLED).f(1)
    found: Explanation = project.edit(HEAD + after + CALLED).f.explain(1)
    return found


def test_the_diff_shows_normalized_source(project: Any) -> None:
    before = '''
def scale(x: int, rate: float = 2) -> int:
    """Scale."""
    total: int = x * rate   # a comment
    pass
    return total
'''
    after = before.replace("x * rate", "(x * rate)").replace("return total", "return (total + 1)")
    explanation = differs(project, before, after)
    assert explanation.diff == (
        "--- mod.scale (stored)\n+++ mod.scale (now)\n@@ -1,3 +1,3 @@\n"
        " def scale(x, rate=2):\n     total = x * rate\n-    return total\n+    return total + 1\n"
    )
    assert str(explanation) == f"miss: mod.scale changed, body\n{explanation.diff.rstrip()}"


def test_the_diff_has_a_section_for_each_change(project: Any) -> None:
    before, after, _ = CHANGES["several"]
    diff = differs(project, before, after).diff
    assert [line for line in diff.splitlines() if line.startswith("---")] == [
        "--- mod.g (stored)",
        "--- mod.K (stored)",
        "--- mod.scale, default of 'k' (stored)",
    ]
    assert "\n-1\n+2\n" in diff


def test_the_diff_of_a_rename_has_both_names(project: Any) -> None:
    before, after, _ = CHANGES["renamed and changed"]
    assert differs(project, before, after).diff == (
        "--- mod.g (stored)\n+++ mod.h (now)\n@@ -1,2 +1,2 @@\n-def g(x):\n-    return x + 1\n+def h(x):\n+    return x + 2\n"
    )


def test_the_diff_of_a_class_has_its_members(project: Any) -> None:
    before, after, _ = CHANGES["new method"]
    assert differs(project, before, after).diff.endswith(" class A:\n     a\n+    m\n")


def test_the_diff_of_what_has_no_source_has_no_places(project: Any) -> None:
    before, after, _ = CHANGES["without source"]
    diff = differs(project, before, after).diff
    changed = [line.split() for line in diff.splitlines()[2:] if line.startswith(("-", "+"))]
    assert len(changed) == 2, diff
    assert [line[-1] for line in changed] == ["1", "2"]


def test_the_diff_of_another_import_names_it(project: Any) -> None:
    before, after, _ = CHANGES["other import"]
    assert "-# refers to: math.sin\n+# refers to: math.cos\n" in differs(project, before, after).diff


def test_what_is_no_change_has_no_diff(project: Any, ran: Ran) -> None:
    project.edit(HEAD + "def scale(x):\n    y = x + 1\n    return y" + CALLED).f(1)
    renamed = project.edit(HEAD + "def enlarge(x):\n    'Why.'\n    z = x + 1\n    return z\nscale = enlarge" + CALLED)
    assert str(renamed.f.explain(1)) == "hit"
    renamed.f(1)
    assert ran() == ["f"]


def test_a_miss_says_the_reason_in_one_line(project: Any, caplog: pytest.LogCaptureFixture) -> None:
    before, after, _ = CHANGES["body"]
    project.edit(HEAD + before + CALLED).f(1)
    caplog.set_level("INFO", "inviscid")
    project.edit(HEAD + after + CALLED).f(1)
    assert caplog.messages[-1].endswith(": mod.scale changed, body")


def test_code_and_arguments_are_told_together(project: Any) -> None:
    before, after, _ = CHANGES["several"]
    project.edit(HEAD + before + CALLED).f(1)
    assert project.edit(HEAD + after + CALLED).f.explain(2).reasons == [
        "mod.g changed, body",
        "mod.K 1 → 2",
        "default of 'k' of mod.scale 1 → 2",
        "argument 'x' changed",
    ]


# What is shown of values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("API_KEY = 'hunter1'\ndef scale(x): return API_KEY", "API_KEY = 'hunter2'\ndef scale(x): return API_KEY"),
        ("D = {'k': 1, 'password': 'hunter1'}\ndef scale(x): return D", "D = {'k': 2, 'password': 'hunter2'}\ndef scale(x): return D"),
        ("D = [('token', 'hunter1')]\ndef scale(x): return D", "D = [('token', 'hunter2')]\ndef scale(x): return D"),
        ("class A:\n secret = 'hunter1'\ndef scale(x): return A.secret", "class A:\n secret = 'hunter2'\ndef scale(x): return A.secret"),
        ("def scale(x, password='hunter1'): return x + 1", "def scale(x, password='hunter2'): return x + 2"),
        ("def scale(x):\n password = 'hunter1'\n return x", "def scale(x):\n password: str = 'hunter2'\n return x"),
        ("def scale(x): return dict(password='hunter1')", "def scale(x): return dict(password='hunter2')"),
        ("def scale(x): return {'api_key': 'hunter1', 'k': 1}", "def scale(x): return {'api_key': 'hunter2', 'k': 2}"),
        ("def scale(x): return x == 1 or self.token == 'hunter1'", "def scale(x): return x == 2 or self.token == 'hunter2'"),
        ("def scale(x): x['token'] = f'hunter1{x}'", "def scale(x): x['token'] = f'hunter2{x}'"),
        ("def scale(x): return sys._getframe().f_lineno, dict(token='hunter1')", "def scale(x): return sys._getframe().f_lineno, dict(token='hunter2')"),
        ("exec('def scale(x): return dict(password=\"hunter1\")')", "exec('def scale(x): return dict(password=\"hunter2\")')"),
        ("exec('def scale(x):\\n token = \"hunter1\"\\n return token')", "exec('def scale(x):\\n token = \"hunter2\"\\n return token')"),
    ],
)  # fmt: skip
def test_secrets_are_neither_shown_nor_kept(project: Any, before: str, after: str) -> None:
    first = project.edit(HEAD + before + CALLED)
    kept = results.parts_of(results.preimage(first.f.fingerprint))
    second = project.edit(HEAD + after + CALLED)
    difference = compare_fingerprints(first.f.fingerprint, second.f.fingerprint)
    assert kept is not None
    assert first.f.fingerprint.digest != second.f.fingerprint.digest
    assert difference.reasons
    assert "hunter" not in f"{difference}{kept}{second.f.fingerprint.definitions}"


class Loud:
    """What has no text and says so."""

    def __repr__(self) -> str:
        raise AssertionError("an explanation ran the code of a user")

    __str__ = __repr__
    __len__ = __repr__  # type: ignore[assignment]


class LoudText(str):
    __slots__ = ()

    def __repr__(self) -> str:
        raise AssertionError("an explanation ran the code of a user")


class LoudType(type):
    def __repr__(cls) -> str:
        raise AssertionError("an explanation ran the code of a user")


class OfLoudType(metaclass=LoudType):
    pass


def test_no_code_of_a_user_runs_for_a_text() -> None:
    values = [Loud(), LoudText("x"), OfLoudType, OfLoudType(), test_environments]
    assert brief(values) == "[<Loud>, <LoudText>, OfLoudType, <OfLoudType>, test_environments]"


def test_a_value_without_a_text_is_named(project: Any) -> None:
    text = "class A:\n def __init__(self, k): self.k = k\n def __repr__(self): raise ValueError\nD = {0: A(%d)}\ndef scale(x): return D[0].k"
    explanation = differs(project, text % 1, text % 2)
    assert explanation.reasons == ["mod.D changed"]
    assert explanation.diff == ""


def circle() -> list[object]:
    found: list[object] = [1]
    found.append(found)
    return found


def nested() -> list[object]:
    found: list[object] = []
    for _ in range(2000):
        found = [found]
    return found


HUGE = {
    "text": lambda: "x" * 10**7,
    "bytes": lambda: b"x" * 10**7,
    "int": lambda: 10**5000,
    "negative": lambda: -(10**5000),
    "list": lambda: list(range(10**6)),
    "dict": lambda: dict.fromkeys(range(10**6)),
    "set": lambda: set(range(10**6)),
    "long texts": lambda: tuple(["x" * 1000] * 1000),
    "circle": circle,
    "nested": nested,
    "control characters": lambda: "\ud800\n\x1b[31m",
    "long key": lambda: {("a",) * 50: "b" * 500},
    "wide and deep": lambda: [[[]] * 30] * 30,
}


@pytest.mark.parametrize("name", HUGE)
def test_what_is_shown_is_short(name: str) -> None:
    text = brief(HUGE[name]())
    assert 0 < len(text) <= LONGEST
    assert text.isprintable()
    assert text.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({3, 1, 2}, "{1, 2, 3}"),
        (frozenset({"b", "a"}), "frozenset({'a', 'b'})"),
        (set(), "set()"),
        ((1,), "(1,)"),
        ((), "()"),
        ([None, ..., 1.5, -0.0, 2j, range(3)], "[None, Ellipsis, 1.5, -0.0, 2j, range(0, 3)]"),
        ({"a": (True, b"x")}, "{'a': (True, b'x')}"),
        ([int, len], "[int, len]"),
        (Path("a/b"), f"{type(Path()).__name__}('a/b')"),
    ],
)
def test_plain_values_are_shown_whole(value: object, text: str) -> None:
    assert brief(value) == text


def test_a_secret_is_known_by_its_own_name(project: Any) -> None:
    project.write(tokenizer="")
    project.load("tokenizer")
    assert brief(3, "tokenizer.SIZE") == "3"
    assert brief(3, "tokenizer.tokenize, default of 'size'") == "3"
    assert brief(3, "tokenizer.TOKEN") == ""
    assert brief(3, "tokenizer.login, default of 'token'") == ""
    assert brief(3, "tokenizer.CREDENTIALS.value") == ""


def test_long_constants_are_told_by_the_diff_alone(project: Any) -> None:
    text = "K = ['%s', 'a value that is longer than what a line of a log should be']\ndef scale(x): return K"
    explanation = differs(project, text % "a", text % "b")
    assert explanation.reasons == ["mod.K changed"]
    assert "-['a', 'a value that is longer than" in explanation.diff


@pytest.mark.parametrize(
    "constant",
    ["'%s' + str('x' * 3)" % ("x" * 10**5), "0x1" + "0" * 10**4, "b'%s'" % ("x" * 10**5)],
    ids=["text", "number", "bytes"],
)
def test_huge_constants_in_code_are_told_by_their_digest(project: Any, constant: str) -> None:
    explanation = differs(
        project, f"def scale(x): return {constant}", f"def scale(x): return {constant.replace('x', 'y', 2).replace('0y1', '0x2').replace('y', 'x', 1)}"
    )  # fmt: skip
    assert explanation.reasons == ["mod.scale changed, body"]
    assert "digest" in explanation.diff
    assert len(explanation.diff) < 6000


def test_code_too_deep_to_be_written_is_still_fingerprinted(project: Any) -> None:
    deep = "def scale(x): return " + "(" * 90 + "x" + " + 1)" * 90
    limit = sys.getrecursionlimit()
    before = project.edit(HEAD + deep + CALLED)
    found = fingerprint(before.scale)
    assert found.definitions[0].shown
    from inviscid.fingerprinting import readable, source

    located = source.locate(before.scale.__code__, vars(before))
    assert located is not None
    try:
        sys.setrecursionlimit(depth() + 60)
        assert readable.readable(located.node) == ""
    finally:
        sys.setrecursionlimit(limit)


def depth() -> int:
    frame, found = sys._getframe(), 0
    while frame.f_back is not None:
        frame, found = frame.f_back, found + 1
    return found


# Two fingerprints -----------------------------------------------------------------------------------------------------


def test_two_functions_are_compared(project: Any) -> None:
    mod = project.edit(
        "K = 1\ndef f(x): return x + 1\ndef g(x): return x + 2\ndef h(y): return y + K\ndef same(z): return z + 1"
    )
    assert str(compare_fingerprints(fingerprint(mod.f), fingerprint(mod.g))) == (
        "mod.g changed (it was mod.f)\n--- mod.f (before)\n+++ mod.g (after)\n@@ -1,2 +1,2 @@\n"
        "-def f(x):\n-    return x + 1\n+def g(x):\n+    return x + 2"
    )
    assert compare_fingerprints(fingerprint(mod.f), fingerprint(mod.h)).reasons == [
        "mod.h changed (it was mod.f)",
        "mod.K is new",
    ]
    assert str(compare_fingerprints(fingerprint(mod.f), fingerprint(mod.f))) == "no difference"


def test_packages_are_compared(project: Any) -> None:
    found: Fingerprint = fingerprint(project.edit("def f(x): return x").f)
    before = found._replace(distributions=frozenset({Distribution("numpy", "2.3.1"), Distribution("old", "1")}))
    after = found._replace(distributions=frozenset({Distribution("numpy", "2.4.0")}))
    difference = compare_fingerprints(before, after)
    assert difference.reasons == ["numpy 2.3.1 → 2.4.0", "old isn't reached any more"]
    assert difference.diff == ""


# What the store keeps -------------------------------------------------------------------------------------------------


def preimages(store: Path) -> sqlite3.Connection:
    return sqlite3.connect(next(store.glob("index*.sqlite3")))


def test_a_preimage_of_the_first_version_explains(project: Any, isolated: Path) -> None:
    before, after, _ = CHANGES["several"]
    mod = project.edit(HEAD + before + CALLED)
    mod.f(1)
    old = pack([[part.name, part.kind, bytes.fromhex(part.alone)[:8]] for part in mod.f.fingerprint.definitions])
    with preimages(isolated) as index:
        index.execute("UPDATE preimages SET body = ?", (old,))
    index.close()
    explanation = project.edit(HEAD + after + CALLED).f.explain(1)
    assert explanation.reasons == ["mod.g changed", "mod.K changed", "default of 'k' of mod.scale changed"]
    assert explanation.diff == ""


@pytest.mark.parametrize(
    "body", [b"", b"preimage", b"\xc1\x01", b"\xc1\x01junk", b"\x93\x01\x02\x03", pack([["a", "b", "c"]])]
)
def test_a_preimage_that_nobody_can_read_explains_nothing(project: Any, isolated: Path, body: bytes) -> None:
    before, after, _ = CHANGES["several"]
    project.edit(HEAD + before + CALLED).f(1)
    with preimages(isolated) as index:
        index.execute("UPDATE preimages SET body = ?", (body,))
    index.close()
    # Pairs that were compared before are remembered.
    mod = project.edit(HEAD + after + f"\nNEW = {body!r}" + CALLED.replace("scale(x)", "scale(x), NEW"))
    assert mod.f.explain(1).reasons == ["the code changed"]


def test_the_kept_store_explains(project: Any, isolated: Path) -> None:
    shutil.copytree(GOLDEN / "store-1", isolated)
    for path in [isolated, *isolated.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    mod = project.edit("from inviscid import cached\n@cached\ndef function(): return 1", "module")
    explanation = mod.function.explain()
    assert explanation.outcome == "miss"
    assert explanation.reasons[0] == "the code changed"


def test_a_preimage_is_made_once(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mod = project.edit(HEAD + CHANGES["body"][0] + CALLED)
    packed: list[object] = []
    monkeypatch.setattr(results, "_preimages", {})
    monkeypatch.setattr(results, "pack", lambda value: packed.append(value) or pack(value))
    made = {results.preimage(mod.f.fingerprint) for _ in range(3)}
    assert len(packed) == len(made) == 1
    (data,) = made
    assert data.startswith(b"\xc1\x01")
    assert results.parts_of(data) == [part._replace(alone=part.alone[:16]) for part in mod.f.fingerprint.definitions]


def test_each_part_of_a_preimage_is_labelled(project: Any) -> None:
    mod = project.edit(HEAD + CHANGES["several"][0] + CALLED)
    found = {part.name: part for part in mod.f.fingerprint.definitions}
    assert found["mod.K"] == Part("mod.K", "value", found["mod.K"].alone, "1", ())
    assert found["mod.scale"].refers == ("mod.g", "mod.K", "mod.scale, default of 'k'")
    assert found["mod.scale"].shown == "def scale(x, k=1):\n    return g(x) + K"
    assert all(part.name and part.kind and part.shown for part in found.values())
