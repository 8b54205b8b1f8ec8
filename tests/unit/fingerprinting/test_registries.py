"""What others put where a function finds it: registries, attributes of installed classes, metadata, and their changes.

Rows as in test_reach_rows.py.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from inviscid import fingerprint

HEAD = """import abc, collections, dataclasses, enum, functools, inspect, json, logging, math, operator, string, types, typing
from dataclasses import dataclass, field
"""


def digest(project: Any, text: str, **modules: str) -> str:
    project.write(**modules)
    found = fingerprint(project.edit(HEAD + text).f)
    assert not found.taints, found.taints
    return found.digest


CHANGES = {
    "subclasses": ("class B: pass\nclass A(B):\n k = 1\ndef f(x): return [c.k for c in B.__subclasses__()]", "class B: pass\nclass A(B):\n k = 2\ndef f(x): return [c.k for c in B.__subclasses__()]"),
    "added subclass": ("class B: pass\nclass A(B): pass\ndef f(x): return len(B.__subclasses__())", "class B: pass\nclass A(B): pass\nclass C(B): pass\ndef f(x): return len(B.__subclasses__())"),
    "class registered with an abstract one": ("class B(abc.ABC): pass\nclass A: pass\ndef f(x): return isinstance(A(), B)", "class B(abc.ABC): pass\nclass A: pass\nB.register(A)\ndef f(x): return isinstance(A(), B)"),
    "attribute hung on a class of a library": ("import joblib\njoblib.Parallel.mine = lambda s: 1\ndef f(x): return joblib.Parallel().mine()", "import joblib\njoblib.Parallel.mine = lambda s: 2\ndef f(x): return joblib.Parallel().mine()"),
    "method of the standard library that is replaced": ("json.JSONEncoder.default = lambda s, o: 1\ndef f(x): return json.JSONEncoder().encode(x)", "json.JSONEncoder.default = lambda s, o: 2\ndef f(x): return json.JSONEncoder().encode(x)"),
    "method of a class of the standard library that does the work unnamed": ("json.JSONEncoder.default = lambda s, o: 1\ndef f(x): return json.dumps(x)", "json.JSONEncoder.default = lambda s, o: 2\ndef f(x): return json.dumps(x)"),
    "the same, imported inside": ("json.JSONEncoder.default = lambda s, o: 1\ndef f(x):\n from json import dumps as d\n return d(x)", "json.JSONEncoder.default = lambda s, o: 2\ndef f(x):\n from json import dumps as d\n return d(x)"),
    "accessor of frames": ("import pandas\n@pandas.api.extensions.register_dataframe_accessor('mine')\nclass M:\n def __init__(s, d): pass\n def m(s): return 1\ndef f(x): return pandas.DataFrame(x).mine.m()",
                           "import pandas\n@pandas.api.extensions.register_dataframe_accessor('mine')\nclass M:\n def __init__(s, d): pass\n def m(s): return 2\ndef f(x): return pandas.DataFrame(x).mine.m()"),
    "documentation that is set later": ("def h(): 'a'\nh.__doc__ = 'b'\ndef f(x): return h.__doc__", "def h(): 'a'\nh.__doc__ = 'c'\ndef f(x): return h.__doc__"),
    "attribute in a format that is a global": ("V = '{0.m}'\nclass A:\n @property\n def m(s): return 1\ndef f(x): return V.format(A())", "V = '{0.m}'\nclass A:\n @property\n def m(s): return 2\ndef f(x): return V.format(A())"),
    "attribute in a format that is an argument": ("class A:\n @property\n def m(s): return 1\ndef f(x): return x.format(A())", "class A:\n @property\n def m(s): return 2\ndef f(x): return x.format(A())"),
    "attribute in a mapped format": ("V = '{a.m}'\nclass A:\n @property\n def m(s): return 1\ndef f(x): return V.format_map({'a': A()})", "V = '{a.m}'\nclass A:\n @property\n def m(s): return 2\ndef f(x): return V.format_map({'a': A()})"),
    "attribute for a formatter": ("V = '{0.m}'\nclass A:\n @property\n def m(s): return 1\ndef f(x): return string.Formatter().format(V, A())", "V = '{0.m}'\nclass A:\n @property\n def m(s): return 2\ndef f(x): return string.Formatter().format(V, A())"),
}  # fmt: skip

_OBJECT = "class D:\n def __init__(s, g): functools.update_wrapper(s, g); s.g = g\n def __call__(s, x): return s.g(x)\n"
REUSES = {
    "documentation below a wrapper that is an object": (_OBJECT + "@D\ndef h(x):\n 'one'\n return x\ndef f(x): return h(x)", _OBJECT + "@D\ndef h(x):\n 'two'\n return x\ndef f(x): return h(x)"),
    "name below a wrapper that is an object": (_OBJECT + "@D\ndef h(x): return x\ndef f(x): return h(x)", _OBJECT + "@D\ndef g(x): return x\ndef f(x): return g(x)"),
    "type parameters below a wrapper that is an object": (_OBJECT + "@D\ndef h(x): return x\nvars(h).pop('__type_params__', 0)\ndef f(x): return h(x)", _OBJECT + "@D\ndef h(x): return x\nvars(h)['__type_params__'] = ()\ndef f(x): return h(x)"),
    "lambda of a constant": ("h = lambda x: 1\ndef f(x): return h(x)", "def h(x): return 1\ndef f(x): return h(x)"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    import json
    import math

    import joblib
    import pandas as pd

    monkeypatch.setattr(json.JSONEncoder, "default", json.JSONEncoder.default)
    monkeypatch.setattr(math, "mine", None, raising=False)
    monkeypatch.setattr(joblib.Parallel, "mine", None, raising=False)
    monkeypatch.setattr(pd.DataFrame, "mine", None, raising=False)
    monkeypatch.setattr(pd.DataFrame, "_accessors", set(pd.DataFrame._accessors))


@pytest.mark.filterwarnings("ignore:registration of accessor")
@pytest.mark.parametrize("name", CHANGES)
def test_another_behaviour_has_another_digest(project: Any, name: str) -> None:
    before, after = CHANGES[name]
    assert digest(project, before) == digest(project, before), "a new process would not hit"
    assert digest(project, before) != digest(project, after)


@pytest.mark.parametrize("name", REUSES)
def test_the_same_behaviour_has_the_same_digest(project: Any, name: str) -> None:
    before, after = REUSES[name]
    assert digest(project, before) == digest(project, after)


LIVE = {
    "documentation of a function that is read": ("def h(): 'a'\ndef f(x): return h.__doc__", "h.__doc__ = 'b'"),
    "name of a function that is read": ("def h(): pass\ndef f(x): return h.__name__", "h.__name__ = 'b'"),
    "annotation of a function that is read": ("def h(a: int): pass\ndef f(x): return h.__annotations__", "h.__annotations__['a'] = str"),
    "class that is registered": ("class B(abc.ABC): pass\nclass A: pass\ndef f(x): return isinstance(A(), B)", "B.register(A)"),
    "subclass that is added": ("class B: pass\ndef f(x): return len(B.__subclasses__())", "C = type('C', (B,), {})"),
    "method of a library that is replaced": ("def f(x): return json.JSONEncoder().encode(x)", "json.JSONEncoder.default = lambda s, o: 1"),
    "class that is registered with an installed one": ("import numbers\nclass A: pass\ndef f(x): return isinstance(x, numbers.Rational)", "import numbers; numbers.Rational.register(A)"),
    "attribute of a loaded class that is looked up by a computed name": ("import pandas\ndef f(x): return getattr(x, 'mi' + 'ne')", "import pandas; pandas.DataFrame.mine = lambda s: 1"),
    "method of a loaded class that is replaced": ("import numpy, pandas\ndef f(x): return numpy.sum(x.mine())", "import pandas; pandas.DataFrame.mine = lambda s: 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIVE)
def test_what_changes_in_the_running_process_is_seen(project: Any, name: str) -> None:
    text, happens = LIVE[name]
    mod = project.edit(HEAD + text)
    before = fingerprint(mod.f)
    assert fingerprint(mod.f) is before, "nothing happened, and it was taken anew"
    exec(happens, vars(mod))
    assert fingerprint(mod.f).digest != before.digest


SET = """
import sys
junk = [type(f"T{i}", (), {}) for i in range(int(sys.argv[1]) * 3)]
def a(x): return 1
more = [lambda: i for i in range(int(sys.argv[1]) * 5)]
def b(x): return 2
class P:
    def __init__(s, k): s.k = k
class Q(P):
    def m(s): return 1
FUNCTIONS = {a, b, len}
CLASSES = frozenset({P, Q, (a, 1), (b, 1)})
INSTANCES = {P(1), Q(2), P(3)}
def f(x): return FUNCTIONS
def g(x): return CLASSES
def h(x): return INSTANCES
from inviscid import fingerprint
print(*[fingerprint(z).digest[:8] for z in (f, g, h)])
"""


def test_sets_of_functions_and_classes(project: Any) -> None:
    project.write(script=SET)
    assert len({project.run("script.py", str(i), PYTHONHASHSEED=str(i)) for i in range(8)}) == 1


def test_special_forms_are_called_alike(project: Any) -> None:
    from inviscid.calls import _encode

    stream = _encode(__import__("typing").Literal["a"], lambda part, path: b"", "x")
    assert b"SpecialForm" not in stream


def test_debug_is_the_environments(project: Any) -> None:
    project.write(
        mod="def f(x):\n    if __debug__: return x\n    return 2\n",
        script="import mod, inviscid; print(inviscid.fingerprint(mod.f).digest)",
    )
    found = {
        subprocess.run(
            [sys.executable, *options, "script.py"], cwd=project.folder, check=True, capture_output=True
        ).stdout
        for options in ([], ["-O"])
    }
    assert len(found) == 1


def test_a_new_type_is_called_alike_in_every_file(project: Any) -> None:
    modules = {name: "import typing\nN = typing.NewType('N', int)\n" for name in ("other", "twin")}
    first = digest(project, "from other import N\ndef f(x): return N(x)", **modules)
    assert first == digest(project, "from twin import N\ndef f(x): return N(x)")


def test_a_method_that_is_replaced_later_is_noticed(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    mod = project.edit(HEAD + "def mine(s, o): return 1\ndef f(x): return json.dumps(x)")
    before = fingerprint(mod.f).digest
    with monkeypatch.context() as patched:
        patched.setattr(json.JSONEncoder, "default", mod.mine)
        assert fingerprint(mod.f).digest != before
    assert fingerprint(mod.f).digest == before
