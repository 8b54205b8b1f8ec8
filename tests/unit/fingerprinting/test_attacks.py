"""What once was a stale hit: each row is a program that was found by attacking the fingerprint.

A row is (text, what is replaced, by what): `f` gives another result afterwards.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from inviscid import cached, fingerprint

HEAD = (
    "import abc, collections, copy, copyreg, enum, json, operator, sys, typing\nfrom enum import Enum, Flag, IntEnum\n"
)
C = "class C:\n size = 1\n def area(self): return 1\n"

ROWS = {
    "name that is no word": ("class C: pass\nsetattr(C, 'a-b', lambda s: 1)\ndef f(x): return getattr(C(), 'a-b')()", "s: 1", "s: 2"),
    "class of underscores": ("class _:\n def __x(s): return 1\n def go(s): return s.__x()\ndef f(x): return _().go()", "return 1", "return 2"),
    "duck-typed encoder": ("class E:\n def __init__(s, **k): pass\n def encode(s, o): return '1'\ndef f(x): return json.dumps(x, cls=E)", "'1'", "'2'"),
    "data of a UserDict": ("class D(collections.UserDict):\n @property\n def data(s): return {1: 1}\n @data.setter\n def data(s, v): pass\ndef f(x): return D()[1]", "{1: 1}", "{1: 2}"),
    "structural protocol": ("@typing.runtime_checkable\nclass H(typing.Protocol):\n def area(s): ...\nclass K:\n def area(s): return 1\ndef f(x): return isinstance(K(), H)", "class K:\n def area", "class K:\n def zone"),
    "positions of a pattern of another class": ("class A(abc.ABC):\n __match_args__ = ('side',)\nclass D:\n side = 1\nA.register(D)\ndef f(x):\n match D():\n  case A(v): return v", "side = 1", "side = 2"),
    "bound format": (C + "F = '{0.size}'.format\ndef f(x): return F(C())", "size = 1", "size = 2"),
    "format by another name": (C + "F = str.format\nT = '{0.size}'\ndef f(x): return F(T, C())", "size = 1", "size = 2"),
    "attribute lookup by another name": (C + "G = object.__getattribute__\ndef f(x): return G(C(), 'ar' + x)()", "return 1", "return 2"),
    "documentation in a format": ("def h(x): 'one'\ndef f(x): return '{0.__doc__}'.format(h)", "'one'", "'two'"),
    "documentation in a dotted getter": ("class D:\n def m(s): 'one'\ndef f(x): return operator.attrgetter('m.__doc__')(D)", "'one'", "'two'"),
    "documentation in a pattern": ("def h(x): 'one'\ndef f(x):\n match h:\n  case object(__doc__=d): return d", "'one'", "'two'"),
    "namespace in a pattern": (C + "def f(x):\n match C:\n  case object(__dict__=d): return d['ar' + x](None)", "return 1", "return 2"),
    "order in a class": ("class D:\n a = 1\n b = 2\ndef f(x): return [n for n in vars(D)]", " a = 1\n b = 2\n", " b = 2\n a = 1\n"),
    "order in a module": ("a = 1\nb = 2\ndef f(x): return list(globals())", "a = 1\nb = 2\n", "b = 2\na = 1\n"),
    "element of a named tuple by another name": ("class P(typing.NamedTuple):\n x: int\n y: int\nclass Q(P):\n z = P.x\ndef f(x): return Q(1, 2).z", "z = P.x", "z = P.y"),
    "text of an enum": ("class E(IntEnum):\n A = 1\n __str__ = Enum.__str__\ndef f(x): return str(E.A)", " __str__ = Enum.__str__\n", ""),
    "global enum": ("@enum.global_enum\nclass E(Enum):\n A = 1\ndef f(x): return repr(E.A)", "@enum.global_enum\n", ""),
    "boundary of a flag": ("class E(Flag, boundary=enum.KEEP):\n A = 1\ndef f(x): return E(9).value", "enum.KEEP", "enum.CONFORM"),
    "what an enum puts on its members": ("class E(bytes, Enum):\n def __new__(cls, v, label):\n  o = bytes.__new__(cls, [v])\n  o._value_ = v\n  o.label = label\n  return o\n A = (0, 'one')\ndef f(x): return E.A.label", "'one'", "'two'"),
    "how an enum makes its members": ("class E(bytes, Enum):\n def __new__(cls, v):\n  o = bytes.__new__(cls, [v])\n  o._value_ = v\n  o.label = v + 1\n  return o\n A = 0\ndef f(x): return E.A.label", "v + 1", "v + 2"),
    "attribute put on a member": ("class E(Enum):\n A = 1\nE.A.hue = 1\ndef f(x): return E.A.hue", "hue = 1", "hue = 2"),
    "query that is a global": ("import pandas as pd\nL = 1\nQ = 'a > @L'\ndef f(x): return pd.DataFrame(x).query(Q)", "L = 1", "L = 2"),
    "expression of pandas": ("import pandas as pd\nL = 1\ndef f(x): return pd.eval('L * 2')", "L = 1", "L = 2"),
    "how a class is pickled": ("class D: pass\ncopyreg.pickle(D, lambda d: 'one')\ndef f(x): return copy.copy(D())", "'one'", "'two'"),
    "names of locals by another name": ("L = locals\ndef f(x):\n a = 1\n return L()", " a = 1", " b = 1"),
    "names of locals by a helper": ("def h(): return locals\ndef f(x):\n a = 1\n return h()()", " a = 1", " b = 1"),
    "names of locals out of a container": ("L = [locals]\ndef f(x):\n a = 1\n return L[0]()", " a = 1", " b = 1"),
    "names of locals of a module that is given": ("import builtins\ndef h(): return builtins\ndef f(x):\n a = 1\n return h().locals()", " a = 1", " b = 1"),
    "order of attributes": ("class D: pass\nd = D()\nd.a = 1\nd.b = 2\ndef f(x): return list(vars(d))", "d.a = 1\nd.b = 2", "d.b = 2\nd.a = 1"),
    "function that pickle finds by a name": ("class W:\n def __init__(s, g): s.g = g\n def __call__(s, x): return s.g(x)\n def __reduce__(s): return str, ('w', s.__class__, 0)\nw = W(lambda x: 1)\ndef f(x): return w(x)", "x: 1", "x: 2"),
    "function that a state leaves out": ("class W:\n def __init__(s, g): s.g = g\n def __call__(s, x): return s.g(x)\n def __getstate__(s): return {}\nw = W(lambda x: 1)\ndef f(x): return w(x)", "x: 1", "x: 2"),
    "function in a slot that a state leaves out": ("class W:\n __slots__ = 'g'\n def __init__(s, g): s.g = g\n def __call__(s, x): return s.g(x)\n def __getstate__(s): return None\nw = W(lambda x: 1)\ndef f(x): return w(x)", "x: 1", "x: 2"),
    "functions in containers that a state leaves out": ("class W:\n def __init__(s, *g): s.g = {'k': (1, [frozenset(g)])}\n def __call__(s, x): return [g(x) for g in s.g['k'][1][0]]\n def __getstate__(s): return {}\nw = W(lambda x: 1)\ndef f(x): return w(x)", "x: 1", "x: 2"),
    "function deeper in what a state leaves out": ("class I: pass\nclass W:\n def __init__(s, g):\n  s.i = I()\n  s.i.g = operator.methodcaller, g\n def __call__(s, x): return s.i.g[1](x)\n def __getstate__(s): return {}\nw = W(lambda x: 1)\ndef f(x): return w(x)", "x: 1", "x: 2"),
    "class that a state leaves out": ("class D:\n def m(s): return 1\nclass W:\n def __init__(s, d): s.d = d\n def go(s): return s.d().m()\n def __getstate__(s): return {}\nw = W(D)\ndef f(x): return w.go()", "return 1", "return 2"),
    "data that a state leaves out": ("class B:\n def __init__(s, n): s.n = n; s.lock = open\n def __reduce__(s): return B, ()\nv = [B(1)]\ndef f(x): return v[0].n", "B(1)", "B(2)"),
    "data that a registered way to pickle leaves out": ("class B:\n def __init__(s, n): s.n = n\ncopyreg.pickle(B, lambda b: (B, ()))\nv = B(1)\ndef f(x): return v.n", "v = B(1)", "v = B(2)"),
    "data beside what has no digest": ("class B:\n def __init__(s, n): s.n = n; s.g = (i for i in 'a')\n def __getstate__(s): return {}\nv = B(1)\ndef f(x): return v.n", "B(1)", "B(2)"),
    "attribute of what pickle finds by its name": ("class S:\n def __reduce__(s): return 'v'\nv = S()\nv.size = 1\ndef f(x): return v.size", "size = 1", "size = 2"),
    "attribute of what pickle finds by a name": ("def find(n): return v\nclass S:\n def __reduce__(s): return find, ('v',)\nv = S()\nv.size = 1\ndef f(x): return v.size", "size = 1", "size = 2"),
    "attribute in a slot of what pickle finds by its name": ("class S:\n __slots__ = 'size', 'other'\n def __reduce__(s): return 'v'\nv = S()\nv.size = 1\ndef f(x): return v.size", "size = 1", "size = 2"),
    "name that a class was given": ("class D: pass\nD.__name__ = 'one'\ndef f(x): return D.__name__, type(D()).__name__", "'one'", "'two'"),
    "type of another meaning": ("def type(g): return g\ndef h(): pass\nh2 = h\ndef f(x): return type(h2).__name__", "def h(): pass\nh2 = h\n", "def g(): pass\nh2 = g\n"),
    "type of another meaning around": ("def h(): pass\ndef make():\n def type(x): return h\n def f(x): return type(1).__name__\n return f\nf = make()", "def h(): pass", "def g(): pass\nh = g"),
    "class that an instance says it has": ("def h(): pass\nclass K:\n @property\n def __class__(s): return h\ndef f(x): return K().__class__.__name__", "def h(): pass", "def g(): pass\nh = g"),
    "bytes that uuid looks up": ("import uuid\nclass N:\n @property\n def bytes(s): return b'1' * 16\nn = N()\ndef f(x): return uuid.uuid5(n, 'a')", "b'1'", "b'2'"),
    "names of locals": ("import builtins\ndef f(x):\n a = 1\n return builtins.locals()", " a = 1", " b = 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_it_is_another_behaviour(project: Any, name: str) -> None:
    text, old, new = ROWS[name]
    assert old in text
    found = [fingerprint(project.edit(HEAD + text.replace(old, changed)).f) for changed in (old, old, new)]
    assert not found[0].taints
    assert found[0].digest == found[1].digest != found[2].digest


@pytest.mark.parametrize("given", ["getattr", "object.__getattribute__", "str.format", "'{0.size}'.format"])
def test_what_an_argument_may_look_up_counts(project: Any, ran: Any, given: str) -> None:
    text = (
        "import sys\nfrom inviscid import cached\nclass C:\n size = SIZE\n"
        f"G = {given}\n@cached\ndef f(look):\n sys.audit('test.ran', 'f')\n return sys.audit, C()\n"
    ).replace("sys.audit, C()", "str(type(C()).__name__)")
    for size in (1, 2):
        mod = project.edit(text.replace("SIZE", str(size)))
        mod.f(mod.G)
    assert ran() == ["f", "f"]


class Pair:
    def __init__(self, first: str) -> None:
        for name in (first, "a", "b"):
            setattr(self, name, 1)


def test_the_order_of_attributes_counts_where_it_is_seen(ran: Any) -> None:
    @cached
    def names(pair: Pair) -> list[str]:
        sys.audit("test.ran", "names")
        return list(vars(pair))

    @cached
    def total(pair: Pair) -> int:
        sys.audit("test.ran", "total")
        return pair.a + pair.b  # type: ignore[attr-defined,no-any-return]

    for first in "ab":
        total(Pair(first))
        assert names(Pair(first)) == names(Pair(first)) == sorted("ab", reverse=first == "b")
    assert ran() == ["total", "names", "names"]


SHOWN = {
    "str": ("str(C)", True),
    "repr": ("repr(C)", True),
    "f-string": ("f'{C}'", True),
    "format": ("'{}'.format(C)", True),
    "percent": ("'%s' % (C,)", True),
    "class of an instance": ("str(type(C()))", True),
    "class of an instance, as an attribute": ("f'{C().__class__}'", True),
    "name": ("f'{C.__qualname__}'", False),
    "instance of": ("f'{isinstance(x, C)}'", False),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_module_of_a_class_counts_where_a_text_shows_it(project: Any, name: str) -> None:
    shown, counts = SHOWN[name]
    found = [
        fingerprint(project.edit(f"class C: pass\ndef f(x): return {shown}\n", name=module).f).digest
        for module in ("one", "two")
    ]
    assert (found[0] != found[1]) is counts


def test_the_text_of_an_error_is_no_result(project: Any) -> None:
    text = "class C: pass\ndef f(x):\n if x: raise TypeError(f'{C} {type(x)}')\n"
    assert len({fingerprint(project.edit(text, name=module).f).digest for module in ("one", "two")}) == 1
