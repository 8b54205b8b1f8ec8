"""What a function reaches, and where its reach ends: one row for each way in which behaviour can hide.

A row is (before, after): two texts of a module in which `f` does something else, or does the same.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from inviscid import fingerprint

HEAD = """import abc, collections, copyreg, dataclasses, enum, functools, inspect, json, logging, math, operator, re, threading, types, typing
from dataclasses import dataclass, field
"""


def digest(project: Any, text: str, **modules: str) -> str:
    project.write(**modules)
    found = fingerprint(project.edit(HEAD + text).f)
    assert not found.taints, found.taints
    return found.digest


# A class that is named in the closure counts whole: bases, metaclass, descriptors, all special methods.
CLASSES = {
    "base of a base": ("class A:\n def m(s): return 1\nclass B(A): pass\nclass C(B): pass\ndef f(x): return C().m()",
                       "class A:\n def m(s): return 2\nclass B(A): pass\nclass C(B): pass\ndef f(x): return C().m()"),
    "mixin that comes between": ("class A:\n def m(s): return 1\nclass X: pass\nclass C(A): pass\ndef f(x): return C().m()",
                                 "class A:\n def m(s): return 1\nclass X: pass\nclass C(X, A): pass\ndef f(x): return C().m()"),
    "attribute of a metaclass": ("class M(type):\n k = 1\nclass A(metaclass=M): pass\ndef f(x): return A.k",
                                 "class M(type):\n k = 2\nclass A(metaclass=M): pass\ndef f(x): return A.k"),
    "method that only the metaclass has": ("class M(type):\n def m(c): return 1\nclass A(metaclass=M): pass\ndef f(x): return A.m()",
                                           "class M(type):\n def m(c): return 2\nclass A(metaclass=M): pass\ndef f(x): return A.m()"),
    "base of a metaclass": ("class N(type):\n def m(c): return 1\nclass M(N): pass\nclass A(metaclass=M): pass\ndef f(x): return A.m()",
                            "class N(type):\n def m(c): return 2\nclass M(N): pass\nclass A(metaclass=M): pass\ndef f(x): return A.m()"),
    "metaclass of a base": ("class M(type): pass\nclass B(metaclass=M): pass\nclass A(B): pass\ndef f(x): return type(A)",
                            "class M(type):\n def __len__(c): return 3\nclass B(metaclass=M): pass\nclass A(B): pass\ndef f(x): return type(A)"),
    "instance check": ("class M(type):\n def __instancecheck__(c, o): return True\nclass A(metaclass=M): pass\ndef f(x): return isinstance(x, A)",
                       "class M(type):\n def __instancecheck__(c, o): return False\nclass A(metaclass=M): pass\ndef f(x): return isinstance(x, A)"),
    "__init_subclass__ of a base": ("class B:\n def __init_subclass__(c): c.k = 1\nclass A(B): pass\ndef f(x): return A.k",
                                    "class B:\n def __init_subclass__(c): c.k = 2\nclass A(B): pass\ndef f(x): return A.k"),
    "argument of __init_subclass__": ("class B:\n def __init_subclass__(c, k): c.k = k\nclass A(B, k=1): pass\ndef f(x): return A.k",
                                      "class B:\n def __init_subclass__(c, k): c.k = k\nclass A(B, k=2): pass\ndef f(x): return A.k"),
    "__set_name__": ("class D:\n def __set_name__(s, o, n): s.n = n\nclass A:\n a = D()\ndef f(x): return A.a.n",
                     "class D:\n def __set_name__(s, o, n): s.n = n + '_'\nclass A:\n a = D()\ndef f(x): return A.a.n"),
    "state of a descriptor": ("class D:\n def __init__(s, k): s.k = k\n def __get__(s, i, o): return s.k\nclass A:\n a = D(1)\ndef f(x): return A().a",
                              "class D:\n def __init__(s, k): s.k = k\n def __get__(s, i, o): return s.k\nclass A:\n a = D(2)\ndef f(x): return A().a"),
    "class of a descriptor": ("class D:\n def __get__(s, i, o): return 1\nclass A:\n a = D()\ndef f(x): return A().a",
                              "class D:\n def __get__(s, i, o): return 2\nclass A:\n a = D()\ndef f(x): return A().a"),
    "setter of a property": ("class A:\n @property\n def p(s): return s.v\n @p.setter\n def p(s, v): s.v = v\ndef f(x):\n a = A()\n a.p = x\n return a.p",
                             "class A:\n @property\n def p(s): return s.v\n @p.setter\n def p(s, v): s.v = -v\ndef f(x):\n a = A()\n a.p = x\n return a.p"),
    "deleter of a property": ("class A:\n @property\n def p(s): return 1\n @p.deleter\n def p(s): pass\ndef f(x): del A().p",
                              "class A:\n @property\n def p(s): return 1\n @p.deleter\n def p(s): raise ValueError\ndef f(x): del A().p"),
    "cached property": ("class A:\n @functools.cached_property\n def p(s): return 1\ndef f(x): return A().p",
                        "class A:\n @functools.cached_property\n def p(s): return 2\ndef f(x): return A().p"),
    "property to cached property": ("class A:\n @property\n def p(s): return [1]\ndef f(x):\n a = A()\n return a.p is a.p",
                                    "class A:\n @functools.cached_property\n def p(s): return [1]\ndef f(x):\n a = A()\n return a.p is a.p"),
    "class method": ("class A:\n @classmethod\n def make(c): return 1\ndef f(x): return A.make()",
                     "class A:\n @classmethod\n def make(c): return 2\ndef f(x): return A.make()"),
    "single dispatch method": ("class A:\n @functools.singledispatchmethod\n def m(s, x): return 1\n @m.register\n def _(s, x: int): return 2\ndef f(x): return A().m(x)",
                               "class A:\n @functools.singledispatchmethod\n def m(s, x): return 1\n @m.register\n def _(s, x: int): return 3\ndef f(x): return A().m(x)"),
    "default of a single dispatch method": ("class A:\n @functools.singledispatchmethod\n def m(s, x): return 1\ndef f(x): return A().m(x)",
                                            "class A:\n @functools.singledispatchmethod\n def m(s, x): return 2\ndef f(x): return A().m(x)"),
    "type of a single dispatch method": ("class A:\n @functools.singledispatchmethod\n def m(s, x): return 1\n @m.register(int)\n def _(s, x): return 2\ndef f(x): return A().m(x)",
                                         "class A:\n @functools.singledispatchmethod\n def m(s, x): return 1\n @m.register(str)\n def _(s, x): return 2\ndef f(x): return A().m(x)"),
    "partial method": ("class A:\n def m(s, k): return k\n p = functools.partialmethod(m, 1)\ndef f(x): return A().p()",
                       "class A:\n def m(s, k): return k\n p = functools.partialmethod(m, 2)\ndef f(x): return A().p()"),
    "function of a partial method": ("class A:\n def _m(s, k): return k\n p = functools.partialmethod(_m, 1)\n del _m\ndef f(x): return A().p()",
                                     "class A:\n def _m(s, k): return -k\n p = functools.partialmethod(_m, 1)\n del _m\ndef f(x): return A().p()"),
    "decorated method": ("def d(g): return lambda s: g(s) + 1\nclass A:\n @d\n def m(s): return 1\ndef f(x): return A().m()",
                         "def d(g): return lambda s: g(s) + 1\nclass A:\n @d\n def m(s): return 2\ndef f(x): return A().m()"),
    "class decorator": ("def d(c):\n c.k = 1\n return c\n@d\nclass A: pass\ndef f(x): return A.k",
                        "def d(c):\n c.k = 2\n return c\n@d\nclass A: pass\ndef f(x): return A.k"),
    "nested class": ("class A:\n class B:\n  def m(s): return 1\ndef f(x): return A.B().m()", "class A:\n class B:\n  def m(s): return 2\ndef f(x): return A.B().m()"),
    "slots": ("class A:\n __slots__ = ('a',)\ndef f(x):\n a = A()\n a.b = 1\n return a", "class A:\n __slots__ = ('a', 'b')\ndef f(x):\n a = A()\n a.b = 1\n return a"),
    "attribute set later": ("class A: pass\nA.m = lambda s: 1\ndef f(x): return A().m()", "class A: pass\nA.m = lambda s: 2\ndef f(x): return A().m()"),
    "attribute set to a base later": ("class B: pass\nclass A(B): pass\nB.m = lambda s: 1\ndef f(x): return A().m()",
                                      "class B: pass\nclass A(B): pass\nB.m = lambda s: 2\ndef f(x): return A().m()"),
    "removed member": ("class A:\n k = 1\n def __len__(s): return 3\ndef f(x): return bool(A())", "class A:\n k = 1\ndef f(x): return bool(A())"),
    "class that a method reads": ("class B:\n k = 1\nclass A:\n def m(s): return B.k\ndef f(x): return A().m()", "class B:\n k = 2\nclass A:\n def m(s): return B.k\ndef f(x): return A().m()"),
    "class that only a factory names": ("class A:\n def m(s): return 1\ndef make(): return A()\ndef f(x): return make().m()",
                                        "class A:\n def m(s): return 2\ndef make(): return A()\ndef f(x): return make().m()"),
    "class that an attribute is an instance of": ("class B:\n def m(s): return 1\nclass A:\n b = B()\ndef f(x): return A.b.m()",
                                                  "class B:\n def m(s): return 2\nclass A:\n b = B()\ndef f(x): return A.b.m()"),
    "exception that is caught": ("class E(ValueError): pass\ndef f(x):\n try: return int(x)\n except E: return 0",
                                 "class E(TypeError): pass\ndef f(x):\n try: return int(x)\n except E: return 0"),
    "class that is matched": ("class A:\n __match_args__ = ('a', 'b')\ndef f(x):\n match x:\n  case A(k, _): return k",
                              "class A:\n __match_args__ = ('b', 'a')\ndef f(x):\n match x:\n  case A(k, _): return k"),
    "super in a class that is called": ("class B:\n def m(s): return 1\nclass A(B):\n def m(s): return super().m()\ndef f(x): return A.m(x)",
                                        "class B:\n def m(s): return 2\nclass A(B):\n def m(s): return super().m()\ndef f(x): return A.m(x)"),
    "__prepare__": ("class M(type):\n @classmethod\n def __prepare__(c, n, b): return {'k': 1}\nclass A(metaclass=M): pass\ndef f(x): return A.k",
                    "class M(type):\n @classmethod\n def __prepare__(c, n, b): return {'k': 2}\nclass A(metaclass=M): pass\ndef f(x): return A.k"),
    "private name": ("class A:\n __k = 1\n def m(s): return s.__k\ndef f(x): return A().m()", "class A:\n __k = 2\n def m(s): return s.__k\ndef f(x): return A().m()"),
    "name of a class": ("class A: pass\ndef f(x): return repr(A())", "class B: pass\ndef f(x): return repr(B())"),
    **{
        f"special method {name}": ("class A: pass\ndef f(x): return use(A())\ndef use(a): return a",
                                   f"class A:\n def {name}(s, *a): return NotImplemented\ndef f(x): return use(A())\ndef use(a): return a")
        for name in ("__getattr__", "__getattribute__", "__setattr__", "__call__", "__enter__", "__iter__", "__next__", "__hash__", "__lt__", "__radd__",
                     "__iadd__", "__bool__", "__len__", "__contains__", "__getitem__", "__format__", "__str__", "__index__", "__del__", "__copy__",
                     "__deepcopy__", "__reduce__", "__getstate__", "__class_getitem__", "__new__", "__init__", "__await__", "__matmul__", "__missing__", "__set__")
    },
    "documentation of a class that is no text": ("class D:\n def __get__(s, i, o): return 1\nclass A:\n __doc__ = D()\ndef f(x): return A.__doc__", "class D:\n def __get__(s, i, o): return 2\nclass A:\n __doc__ = D()\ndef f(x): return A.__doc__"),
    "own __init__ of a protocol": ("class P(typing.Protocol):\n def __init__(s): s.k = 1\nclass A(P): pass\ndef f(x): return A().k", "class P(typing.Protocol):\n def __init__(s): s.k = 2\nclass A(P): pass\ndef f(x): return A().k"),
    "super in a method that is a global": ("class B:\n def m(s): return 1\nclass A(B):\n def m(s): return super().m()\nm = A.m\ndel A, B\ndef f(x): return m(x)", "class B:\n def m(s): return 2\nclass A(B):\n def m(s): return super().m()\nm = A.m\ndel A, B\ndef f(x): return m(x)"),
}  # fmt: skip

# What a global, a closure cell or a default holds counts by value and by type, into containers and callables.
VALUES = {
    **{
        f"{kind} that holds an instance": (f"class C:\n def __init__(s, k): s.k = k\n def m(s): return 1\n{text}", f"class C:\n def __init__(s, k): s.k = k\n def m(s): return 2\n{text}")
        for kind, text in {
            "list": "V = [C(1)]\ndef f(x): return V[0].m()",
            "tuple in a dict": "V = {'a': (0, C(1))}\ndef f(x): return V['a'][1].m()",
            "set": "V = {C(1)}\ndef f(x): return [v.m() for v in V]",
            "frozen set in a list": "V = [frozenset({C(1)})]\ndef f(x): return [v.m() for v in V[0]]",
            "dict key": "V = {C(1): 1}\ndef f(x): return [v.m() for v in V]",
            "deque": "V = collections.deque([C(1)])\ndef f(x): return V[0].m()",
            "default dict": "V = collections.defaultdict(list, a=[C(1)])\ndef f(x): return V['a'][0].m()",
            "named tuple": "T = collections.namedtuple('T', 'a')\nV = T(C(1))\ndef f(x): return V.a.m()",
            "dataclass": "@dataclass\nclass D:\n c: object\nV = D(C(1))\ndef f(x): return V.c.m()",
            "namespace": "V = types.SimpleNamespace(c=C(1))\ndef f(x): return V.c.m()",
            "mapping proxy": "V = types.MappingProxyType({'c': C(1)})\ndef f(x): return V['c'].m()",
            "partial": "def call(c): return c.m()\nV = functools.partial(call, C(1))\ndef f(x): return V()",
            "keyword of a partial": "def call(c): return c.m()\nV = functools.partial(call, c=C(1))\ndef f(x): return V()",
            "closure": "def make(c):\n def g(): return c.m()\n return g\nV = make(C(1))\ndef f(x): return V()",
            "closure of a closure": "def make(c):\n def g():\n  def h(): return c.m()\n  return h\n return g()\nV = [make(C(1))]\ndef f(x): return V[0]()",
            "default": "def h(c=C(1)): return c.m()\ndef f(x): return h()",
            "keyword default": "def h(*, c=C(1)): return c.m()\ndef f(x): return h()",
            "default of a lambda in a dict": "V = {'h': lambda c=C(1): c.m()}\ndef f(x): return V['h']()",
            "attribute of a function": "def h(): return h.c.m()\nh.c = C(1)\ndef f(x): return h()",
            "attribute of a class": "class K:\n c = C(1)\ndef f(x): return K.c.m()",
            "attribute of an instance": "class K: pass\nV = K()\nV.c = C(1)\ndef f(x): return V.c.m()",
            "slot of an instance": "class K:\n __slots__ = ('c',)\nV = K()\nV.c = C(1)\ndef f(x): return V.c.m()",
            "subclass of list": "class L(list): pass\nV = L([C(1)])\ndef f(x): return V[0].m()",
            "subclass of dict": "class L(dict): pass\nV = L(c=C(1))\ndef f(x): return V['c'].m()",
            "attribute of a subclass of list": "class L(list): pass\nV = L()\nV.c = C(1)\ndef f(x): return V.c.m()",
            "bound method": "V = C(1).m\ndef f(x): return V()",
            "bound method in a list": "V = [C(1).m]\ndef f(x): return V[0]()",
            "object that reduces": "class R:\n def __init__(s, c): s.c = c\n def __reduce__(s): return R, (s.c,)\nV = R(C(1))\ndef f(x): return V.c.m()",
            "enum member": "class E(enum.Enum):\n A = C(1)\nV = E.A\ndef f(x): return V.value.m()",
            "module attribute": "import sys\nsys.modules[__name__].V = C(1)\ndef f(x): return V.m()",
            "cycle": "V = [C(1)]\nV.append(V)\ndef f(x): return V[0].m()",
        }.items()
    },
    "state in a bound method": ("class C:\n def __init__(s, k): s.k = k\n def m(s): return s.k\nV = C(1).m\ndef f(x): return V()",
                                "class C:\n def __init__(s, k): s.k = k\n def m(s): return s.k\nV = C(2).m\ndef f(x): return V()"),
    "function in an instance": ("def h(x): return 1\nclass C: pass\nV = C()\nV.h = h\ndef f(x): return V.h(x)", "def h(x): return 2\nclass C: pass\nV = C()\nV.h = h\ndef f(x): return V.h(x)"),
    "class in a dict": ("class C:\n def m(s): return 1\nV = {'c': C}\ndef f(x): return V['c']().m()", "class C:\n def m(s): return 2\nV = {'c': C}\ndef f(x): return V['c']().m()"),
    "function in a set": ("def h(x): return 1\nV = {h}\ndef f(x): return [v(x) for v in V]", "def h(x): return 2\nV = {h}\ndef f(x): return [v(x) for v in V]"),
    "function of a partial in a partial": ("def h(a, b): return a\nV = functools.partial(functools.partial(h, 1), 2)\ndef f(x): return V()",
                                           "def h(a, b): return b\nV = functools.partial(functools.partial(h, 1), 2)\ndef f(x): return V()"),
    "factory of a default dict": ("V = collections.defaultdict(lambda: 1)\ndef f(x): return V[x]", "V = collections.defaultdict(lambda: 2)\ndef f(x): return V[x]"),
    "item that is got": ("V = operator.itemgetter(1)\ndef f(x): return V(x)", "V = operator.itemgetter(2)\ndef f(x): return V(x)"),
    "attribute that is got": ("V = operator.attrgetter('a')\ndef f(x): return V(x)", "V = operator.attrgetter('b')\ndef f(x): return V(x)"),
    "method that is called": ("V = operator.methodcaller('a', 1)\ndef f(x): return V(x)", "V = operator.methodcaller('a', 2)\ndef f(x): return V(x)"),
    "order of a dict": ("V = {1: 1, 2: 2}\ndef f(x): return list(V)", "V = {2: 2, 1: 1}\ndef f(x): return list(V)"),
    "tuple and list": ("V = (1, 2)\ndef f(x): return V", "V = [1, 2]\ndef f(x): return V"),
    "enum and its number": ("class E(enum.IntEnum):\n A = 1\nV = [E.A]\ndef f(x): return V, E", "class E(enum.IntEnum):\n A = 1\nV = [1]\ndef f(x): return V, E"),
    "aliasing": ("A = [1]\nV = [A, A]\ndef f(x): return V[0] is V[1]", "V = [[1], [1]]\ndef f(x): return V[0] is V[1]"),
    "signed zero": ("V = 0.0\ndef f(x): return V", "V = -0.0\ndef f(x): return V"),
    "bytes and bytearray": ("V = b'a'\ndef f(x): return V", "V = bytearray(b'a')\ndef f(x): return V"),
    "dict and ordered dict": ("V = {1: 2}\ndef f(x): return V", "V = collections.OrderedDict({1: 2})\ndef f(x): return V"),
    "array": ("import numpy\nV = numpy.array([1, 2])\ndef f(x): return V", "import numpy\nV = numpy.array([1, 3])\ndef f(x): return V"),
    "type of an array": ("import numpy\nV = numpy.array([1], 'int32')\ndef f(x): return V", "import numpy\nV = numpy.array([1], 'int64')\ndef f(x): return V"),
    "numpy number": ("import numpy\nV = numpy.float64(1)\ndef f(x): return V", "V = 1.0\ndef f(x): return V"),
    "name of a logger": ("V = logging.getLogger('a')\ndef f(x): return V.name", "V = logging.getLogger('b')\ndef f(x): return V.name"),
    "kind of a lock": ("V = threading.Lock()\ndef f(x): return V", "V = threading.RLock()\ndef f(x): return V"),
    "attribute of an instance by its name": ("class C: pass\nV = C()\nV.a, V.b = 1, 2\ndef f(x): return V.a", "class C: pass\nV = C()\nV.a, V.b = 1, 2\ndef f(x): return V.b"),
    "empty cell": ("def make():\n def h(): return k\n return h\n k = 1\nh = make()\ndef f(x): return h()", "def make():\n k = 1\n def h(): return k\n return h\nh = make()\ndef f(x): return h()"),
}  # fmt: skip

# Names lead on: through modules, imports inside functions, decorators and what they wrap.
NAMES = {
    "constant of a module": ("import other\ndef f(x): return other.K", "import third\ndef f(x): return third.K"),
    "constant of a module in a package": ("import pkg.deep\ndef f(x): return pkg.deep.K", "import pkg.deep\ndef f(x): return pkg.deep.L"),
    "module that is a value": ("import other as m\ndef f(x): return getattr(m, 'K')", "import third as m\ndef f(x): return getattr(m, 'K')"),
    "module in a dict": ("import other\nV = {'m': other}\ndef f(x): return V['m'].K", "import third\nV = {'m': third}\ndef f(x): return V['m'].K"),
    "import inside a function": ("def f(x):\n from other import K\n return K", "def f(x):\n from third import K\n return K"),
    "import inside a nested function": ("def f(x):\n def g():\n  import other\n  return other.K\n return g()", "def f(x):\n def g():\n  import third\n  return third.K\n return g()"),
    "import inside a method": ("class A:\n def m(s):\n  import other\n  return other.K\ndef f(x): return A().m()", "class A:\n def m(s):\n  import third\n  return third.K\ndef f(x): return A().m()"),
    "import under a condition": ("def f(x):\n if x:\n  from other import K\n else:\n  K = 0\n return K", "def f(x):\n if x:\n  from third import K\n else:\n  K = 0\n return K"),
    "import in a lambda": ("f = lambda x: __import__('other').K", "f = lambda x: __import__('third').K"),
    "import by a constant name": ("import importlib\ndef f(x): return importlib.import_module('other').K", "import importlib\ndef f(x): return importlib.import_module('third').K"),
    "star import": ("from other import *\ndef f(x): return K", "from third import *\ndef f(x): return K"),
    "star import that hides": ("K = 5\nfrom other import *\ndef f(x): return K", "from other import *\nK = 5\ndef f(x): return K"),
    "name that is passed on": ("from passing import K\ndef f(x): return K", "from third import K\ndef f(x): return K"),
    "fallback of an import": ("try: from nowhere_at_all import K\nexcept ImportError: K = 1\ndef f(x): return K", "try: from nowhere_at_all import K\nexcept ImportError: K = 2\ndef f(x): return K"),
    "definition under a condition": ("if True:\n def h(x): return 1\nelse:\n def h(x): return 2\ndef f(x): return h(x)", "if False:\n def h(x): return 1\nelse:\n def h(x): return 2\ndef f(x): return h(x)"),
    "definition that is replaced": ("def h(x): return 1\ndef f(x): return h(x)", "def h(x): return 1\ndef h(x): return 2\ndef f(x): return h(x)"),
    "name that a nested function uses": ("K = 1\ndef f(x): return [lambda: K for _ in x]", "K = 2\ndef f(x): return [lambda: K for _ in x]"),
    "name in a comprehension": ("K = 1\ndef f(x): return {a: K for a in x}", "K = 2\ndef f(x): return {a: K for a in x}"),
    "name in an f-string": ("K = 1\ndef f(x): return f'{x:{K}}'", "K = 2\ndef f(x): return f'{x:{K}}'"),
    "name in a pattern": ("class C:\n K = 1\ndef f(x):\n match x:\n  case C.K: return 1", "class C:\n K = 2\ndef f(x):\n match x:\n  case C.K: return 1"),
    "name in a nested class": ("K = 1\ndef f(x):\n class A:\n  k = K\n return A.k", "K = 2\ndef f(x):\n class A:\n  k = K\n return A.k"),
    "name in a decorator of a nested function": ("def d(g): return g\ndef f(x):\n @d\n def g(): return 1\n return g()", "def d(g): return lambda: 2\ndef f(x):\n @d\n def g(): return 1\n return g()"),
    "name in a default of a nested function": ("K = 1\ndef f(x):\n def g(k=K): return k\n return g()", "K = 2\ndef f(x):\n def g(k=K): return k\n return g()"),
    "name in an assertion": ("K = 1\ndef f(x):\n assert x < K\n return x", "K = 2\ndef f(x):\n assert x < K\n return x"),
    "name that is deleted": ("K = L = 1\ndef f(x):\n global K\n del K", "K = L = 1\ndef f(x):\n global L\n del L"),
    "global that is written": ("K = 1\ndef f(x):\n global K\n K += x\n return K", "K = 2\ndef f(x):\n global K\n K += x\n return K"),
    "global that another function writes": ("K = 1\ndef w():\n global K\n K = 5\ndef f(x):\n w()\n return K", "K = 1\ndef w():\n global K\n K = 6\ndef f(x):\n w()\n return K"),
    "builtin that is shadowed in a helper": ("def h(x): return len(x)\ndef f(x): return h(x)", "def len(x): return 0\ndef h(x): return len(x)\ndef f(x): return h(x)"),
    "undefined attribute of a module": ("import other\ndef f(x): return other.later", "import other\nother.later = 1\ndef f(x): return other.later"),
    "undefined method": ("class A: pass\ndef f(x): return A().later()", "class A:\n def later(s): return 1\ndef f(x): return A().later()"),
    "decorator with arguments": ("def d(k):\n def e(g): return lambda x: g(x) + k\n return e\n@d(1)\ndef f(x): return x", "def d(k):\n def e(g): return lambda x: g(x) + k\n return e\n@d(2)\ndef f(x): return x"),
    "decorator that hides what it wraps": ("def d(g):\n w = lambda x: g(x)\n w.__wrapped__ = print\n return w\n@d\ndef f(x): return 1", "def d(g):\n w = lambda x: g(x)\n w.__wrapped__ = print\n return w\n@d\ndef f(x): return 2"),
    "decorators in another order": ("def a(g): return lambda x: g(x) + 1\ndef b(g): return lambda x: g(x) * 2\n@a\n@b\ndef f(x): return x", "def a(g): return lambda x: g(x) + 1\ndef b(g): return lambda x: g(x) * 2\n@b\n@a\ndef f(x): return x"),
    "wrapped twice": ("def d(g):\n @functools.wraps(g)\n def w(x): return g(x)\n return w\n@d\n@d\ndef f(x): return 1", "def d(g):\n @functools.wraps(g)\n def w(x): return g(x)\n return w\n@d\n@d\ndef f(x): return 2"),
    "generator that is a context manager": ("import contextlib\n@contextlib.contextmanager\ndef c():\n yield 1\ndef f(x):\n with c() as k: return k", "import contextlib\n@contextlib.contextmanager\ndef c():\n yield 2\ndef f(x):\n with c() as k: return k"),
    "helper in another file": ("from other import h\ndef f(x): return h(x)", "from third import h\ndef f(x): return h(x)"),
    "constant that a helper in another file reads": ("from other import k\ndef f(x): return k()", "from third import k\ndef f(x): return k()"),
    "two helpers in the other order": ("def a(x): return 1\ndef b(x): return 2\ndef f(x): return a(x), b(x)", "def a(x): return 1\ndef b(x): return 2\ndef f(x): return b(x), a(x)"),
    "the same name twice": ("def a(x): return 1\ndef b(x): return 2\ndef f(x): return a(x), a(x)", "def a(x): return 1\ndef b(x): return 2\ndef f(x): return a(x), b(x)"),
    "recursion through a class": ("class A:\n def m(s): return h(s)\ndef h(a): return A().m() or 1\ndef f(x): return h(x)", "class A:\n def m(s): return h(s)\ndef h(a): return A().m() or 2\ndef f(x): return h(x)"),
    "recursion through a container": ("def h(x): return T[0](x) or 1\nT = [h]\ndef f(x): return h(x)", "def h(x): return T[0](x) or 2\nT = [h]\ndef f(x): return h(x)"),
    "recursion of three": ("def a(n): return b(n)\ndef b(n): return c(n)\ndef c(n): return a(n) or 1\ndef f(x): return a(x)", "def a(n): return b(n)\ndef b(n): return c(n)\ndef c(n): return a(n) or 2\ndef f(x): return a(x)"),
    "recursion that is cut": ("def a(n): return b(n)\ndef b(n): return a(n)\ndef f(x): return a(x)", "def a(n): return b(n)\ndef b(n): return c(n)\ndef c(n): return 0\ndef f(x): return a(x)"),
    "entry into a circle": ("def a(n): return b(n), 1\ndef b(n): return a(n), 2\ndef f(x): return a(x)", "def a(n): return b(n), 1\ndef b(n): return a(n), 2\ndef f(x): return b(x)"),
    "recursion through a default": ("def h(x, g=None): return g, 1\nh.__defaults__ = (h,)\ndef f(x): return h(x)", "def h(x, g=None): return g, 2\nh.__defaults__ = (h,)\ndef f(x): return h(x)"),
    "recursion through a decorator": ("@functools.cache\ndef h(n): return h(n - 1) or 1\ndef f(x): return h(x)", "@functools.cache\ndef h(n): return h(n - 1) or 2\ndef f(x): return h(x)"),
    "relative import": ("from pkg.near import h\ndef f(x): return h()", "from pkg.near import g as h\ndef f(x): return h()"),
    "name in a class that is bound there later": ("K = 1\ndef f(x):\n class A:\n  k = K\n  K = 0\n return A.k", "K = 2\ndef f(x):\n class A:\n  k = K\n  K = 0\n return A.k"),
    "name in a method that its class binds too": ("K = 1\ndef f(x):\n class A:\n  K = 0\n  def m(s): return K\n return A().m()", "K = 2\ndef f(x):\n class A:\n  K = 0\n  def m(s): return K\n return A().m()"),
    "documentation by a constant name": ("def h(): 'one'\ndef f(x): return getattr(h, '__doc__')", "def h(): 'two'\ndef f(x): return getattr(h, '__doc__')"),
    "annotation of a nested function that is read": ("def f(x):\n def g(a: int): pass\n return g.__annotations__", "def f(x):\n def g(a: str): pass\n return g.__annotations__"),
    "module that is read": ("from other import h\ndef f(x): return h.__module__", "from twin import h\ndef f(x): return h.__module__"),
    "help that is read": ("def h(): 'one'\ndef f(x): return help(h)", "def h(): 'two'\ndef f(x): return help(h)"),
    "signature that is read": ("def h(a: int): pass\ndef f(x): return inspect.signature(h)", "def h(a: str): pass\ndef f(x): return inspect.signature(h)"),
    "globals of a helper": ("def k(): return 1\ndef h(): pass\ndef f(x): return h.__globals__['k']()", "def k(): return 2\ndef h(): pass\ndef f(x): return h.__globals__['k']()"),
    "function as an annotation": ("def k(): return 1\ndef h(a: k): pass\ndef f(x): return h.__annotations__['a']()", "def k(): return 2\ndef h(a: k): pass\ndef f(x): return h.__annotations__['a']()"),
    "function as an annotation of a class": ("def k(): return 1\nclass C:\n a: k\ndef f(x): return C.__annotations__['a']()", "def k(): return 2\nclass C:\n a: k\ndef f(x): return C.__annotations__['a']()"),
    "attribute of a module that is imported inside": ("def f(x):\n import pkg.deep as d\n return d.K", "def f(x):\n import pkg.deep as d\n return d.L"),
    "documentation of a class by a computed name": ("class C: 'one'\ndef f(x): return operator.attrgetter(x)(C)", "class C: 'two'\ndef f(x): return operator.attrgetter(x)(C)"),
    "help on a class": ("class C: 'one'\ndef f(x): return help(C)", "class C: 'two'\ndef f(x): return help(C)"),
    "documentation by a dotted getter that is a global": ("G = operator.attrgetter('m.__doc__')\nclass D:\n def m(s): 'one'\ndef f(x): return G(D)", "G = operator.attrgetter('m.__doc__')\nclass D:\n def m(s): 'two'\ndef f(x): return G(D)"),
}  # fmt: skip

# What is generated follows from the body of the class and the arguments of the decorator.
_DATACLASS = "@dataclass({})\nclass A:\n x: int = 1\ndef f(x): return A()"
_FIELD = "@dataclass\nclass A:\n x: int = field({})\ndef f(x): return A"
_ENUM = "class E(enum.{}):\n A = 1\n B = 2\ndef f(x): return E"
GENERATED = {
    **{f"dataclass with {option}": (_DATACLASS.format(""), _DATACLASS.format(option))
       for option in ("order=True", "frozen=True", "eq=False", "repr=False", "init=False", "unsafe_hash=True", "slots=True", "kw_only=True", "match_args=False")},
    **{f"field with {option}": (_FIELD.format("default=1"), _FIELD.format(f"default=1, {option}"))
       for option in ("repr=False", "compare=False", "hash=False", "init=False", "kw_only=True", "metadata={'a': 1}")},
    **{f"Enum to {kind}": (_ENUM.format("Enum"), _ENUM.format(kind)) for kind in ("IntEnum", "Flag", "IntFlag")},
    "order of fields": ("@dataclass\nclass A:\n x: int = 1\n y: int = 2\ndef f(x): return A", "@dataclass\nclass A:\n y: int = 2\n x: int = 1\ndef f(x): return A"),
    "type of a field": ("@dataclass\nclass A:\n x: int = 1\ndef f(x): return A", "@dataclass\nclass A:\n x: float = 1\ndef f(x): return A"),
    "inherited field": ("@dataclass\nclass B:\n y: int = 1\n@dataclass\nclass A(B):\n x: int = 1\ndef f(x): return A()", "@dataclass\nclass B:\n y: int = 2\n@dataclass\nclass A(B):\n x: int = 1\ndef f(x): return A()"),
    "class variable and field": ("@dataclass\nclass A:\n x: int = 1\ndef f(x): return A()", "@dataclass\nclass A:\n x: typing.ClassVar[int] = 1\ndef f(x): return A()"),
    "field and initialiser": ("@dataclass\nclass A:\n x: int = 1\ndef f(x): return A()", "@dataclass\nclass A:\n x: dataclasses.InitVar[int] = 1\ndef f(x): return A()"),
    "keyword-only from here": ("@dataclass\nclass A:\n x: int = 1\n y: int = 2\ndef f(x): return A", "@dataclass\nclass A:\n x: int = 1\n _: dataclasses.KW_ONLY\n y: int = 2\ndef f(x): return A"),
    "__post_init__": ("@dataclass\nclass A:\n x: int = 1\n def __post_init__(s): s.x = 1\ndef f(x): return A()", "@dataclass\nclass A:\n x: int = 1\n def __post_init__(s): s.x = 2\ndef f(x): return A()"),
    "own __eq__ of a dataclass": ("@dataclass\nclass A:\n x: int = 1\n def __eq__(s, o): return True\ndef f(x): return A()", "@dataclass\nclass A:\n x: int = 1\n def __eq__(s, o): return False\ndef f(x): return A()"),
    "own __init__ of a dataclass": ("@dataclass(init=False)\nclass A:\n x: int = 1\n def __init__(s): s.x = 2\ndef f(x): return A()", "@dataclass(init=False)\nclass A:\n x: int = 1\n def __init__(s): s.x = 3\ndef f(x): return A()"),
    "helper in a factory of a field": ("def h(): return 1\n@dataclass\nclass A:\n x: int = field(default_factory=lambda: h())\ndef f(x): return A()", "def h(): return 2\n@dataclass\nclass A:\n x: int = field(default_factory=lambda: h())\ndef f(x): return A()"),
    "method under total_ordering": ("@functools.total_ordering\nclass A:\n def __lt__(s, o): return True\ndef f(x): return A() > A()", "@functools.total_ordering\nclass A:\n def __lt__(s, o): return False\ndef f(x): return A() > A()"),
    "root of total_ordering": ("@functools.total_ordering\nclass A:\n def __lt__(s, o): return True\ndef f(x): return A() > A()", "@functools.total_ordering\nclass A:\n def __le__(s, o): return True\ndef f(x): return A() > A()"),
    "total_ordering": ("class A:\n def __lt__(s, o): return True\ndef f(x): return A() > A()", "@functools.total_ordering\nclass A:\n def __lt__(s, o): return True\ndef f(x): return A() > A()"),
    "fields of a named tuple": ("T = collections.namedtuple('T', 'a b')\ndef f(x): return T", "T = collections.namedtuple('T', 'b a')\ndef f(x): return T"),
    "defaults of a named tuple": ("T = collections.namedtuple('T', 'a b', defaults=[1])\ndef f(x): return T", "T = collections.namedtuple('T', 'a b', defaults=[2])\ndef f(x): return T"),
    "method of a named tuple": ("class T(typing.NamedTuple):\n a: int\n def m(s): return 1\ndef f(x): return T(1).m()", "class T(typing.NamedTuple):\n a: int\n def m(s): return 2\ndef f(x): return T(1).m()"),
    "method of a subclass of a named tuple": ("class T(collections.namedtuple('T', 'a')):\n def m(s): return 1\ndef f(x): return T(1).m()", "class T(collections.namedtuple('T', 'a')):\n def m(s): return 2\ndef f(x): return T(1).m()"),
    "own _replace of a named tuple": ("class T(collections.namedtuple('T', 'a')):\n def _replace(s, **k): return 1\ndef f(x): return T(1)._replace()", "class T(collections.namedtuple('T', 'a')):\n def _replace(s, **k): return 2\ndef f(x): return T(1)._replace()"),
    "alias of an enum": ("class E(enum.Enum):\n A = 1\n B = 1\ndef f(x): return E['B']", "class E(enum.Enum):\n A = 1\n C = 1\ndef f(x): return E['B']"),
    "automatic value of an enum": ("class E(enum.Enum):\n A = enum.auto()\n B = enum.auto()\ndef f(x): return E.A.value", "class E(enum.Enum):\n B = enum.auto()\n A = enum.auto()\ndef f(x): return E.A.value"),
    "_missing_ of an enum": ("class E(enum.Enum):\n A = 1\n @classmethod\n def _missing_(c, v): return c.A\ndef f(x): return E(x)", "class E(enum.Enum):\n A = 1\n @classmethod\n def _missing_(c, v): return None\ndef f(x): return E(x)"),
    "_generate_next_value_ of an enum": ("class E(enum.Enum):\n def _generate_next_value_(n, *a): return n\n A = enum.auto()\ndef f(x): return E.A.value", "class E(enum.Enum):\n def _generate_next_value_(n, *a): return n * 2\n A = enum.auto()\ndef f(x): return E.A.value"),
    "__str__ of an enum": ("class E(enum.Enum):\n A = 1\n def __str__(s): return 'a'\ndef f(x): return str(E.A)", "class E(enum.Enum):\n A = 1\n def __str__(s): return 'b'\ndef f(x): return str(E.A)"),
    "__init__ of an enum": ("class E(enum.Enum):\n A = (1, 2)\n def __init__(s, a, b): s.k = a\ndef f(x): return E.A.k", "class E(enum.Enum):\n A = (1, 2)\n def __init__(s, a, b): s.k = b\ndef f(x): return E.A.k"),
    "base of an enum": ("class M:\n def m(s): return 1\nclass E(M, enum.Enum):\n A = 1\ndef f(x): return E.A.m()", "class M:\n def m(s): return 2\nclass E(M, enum.Enum):\n A = 1\ndef f(x): return E.A.m()"),
    "member of an enum in a list": ("class E(enum.Enum):\n A = 1\n B = 2\nV = [E.A]\ndef f(x): return V", "class E(enum.Enum):\n A = 1\n B = 2\nV = [E.B]\ndef f(x): return V"),
    "keys of a typed dict": ("class D(typing.TypedDict):\n a: int\ndef f(x): return D", "class D(typing.TypedDict):\n b: int\ndef f(x): return D"),
    "total of a typed dict": ("class D(typing.TypedDict):\n a: int\ndef f(x): return D.__total__", "class D(typing.TypedDict, total=False):\n a: int\ndef f(x): return D.__total__"),
    "method of a protocol": ("class P(typing.Protocol):\n def m(s): return 1\nclass A(P): pass\ndef f(x): return A().m()", "class P(typing.Protocol):\n def m(s): return 2\nclass A(P): pass\ndef f(x): return A().m()"),
    "member of a protocol that is checked": ("@typing.runtime_checkable\nclass P(typing.Protocol):\n def a(s): ...\ndef f(x): return isinstance(x, P)", "@typing.runtime_checkable\nclass P(typing.Protocol):\n def b(s): ...\ndef f(x): return isinstance(x, P)"),
    "abstract method": ("class A(abc.ABC):\n def m(s): pass\ndef f(x): return A()", "class A(abc.ABC):\n @abc.abstractmethod\n def m(s): pass\ndef f(x): return A()"),
}  # fmt: skip

# The text itself is read, where there is one.
TEXTS = {
    "text that is read": ("def f(x):\n # one\n return inspect.getsource(f)", "def f(x):\n # two\n return inspect.getsource(f)"),
    "text of a helper that is read": ("def h(x):\n # one\n return x\ndef f(x): return inspect.getsource(h)", "def h(x):\n # two\n return x\ndef f(x): return inspect.getsource(h)"),
    "text that is read by a helper": ("def src(g): return inspect.getsource(g)\ndef f(x):\n # one\n return src(f)", "def src(g): return inspect.getsource(g)\ndef f(x):\n # two\n return src(f)"),
    "text that is read under another name": ("from inspect import getsource as read\ndef f(x):\n # one\n return read(f)", "from inspect import getsource as read\ndef f(x):\n # two\n return read(f)"),
    "code that is read": ("def h():\n return 1\ndef f(x): return h.__code__", "def h():\n # two\n return 1\ndef f(x): return h.__code__"),
}  # fmt: skip

# Holes that were found by attacking the design: registries, wrappers of others.
HOLES = {
    "walrus in an annotation of a helper": ("def h():\n x: (y := 1) = 2\n return y\ndef f(x): return h()", "def h():\n x: int = 2\n return y\ndef f(x): return h()"),
    "function behind vectorize": ("import numpy\ndef h(x): return 1\nv = numpy.vectorize(h)\ndef f(x): return v(x)", "import numpy\ndef h(x): return 2\nv = numpy.vectorize(h)\ndef f(x): return v(x)"),
    "option of vectorize": ("import numpy\ndef h(x): return 1\nv = numpy.vectorize(h, otypes=[int])\ndef f(x): return v(x)", "import numpy\ndef h(x): return 1\nv = numpy.vectorize(h, otypes=[float])\ndef f(x): return v(x)"),
    "typed lru_cache": ("@functools.lru_cache\ndef h(x): return x\ndef f(x): return h(x)", "@functools.lru_cache(typed=True)\ndef h(x): return x\ndef f(x): return h(x)"),
    "lru_cache on a method": ("class A:\n @functools.lru_cache\n def m(s): return 1\ndef f(x): return A().m()", "class A:\n @functools.lru_cache\n def m(s): return 2\ndef f(x): return A().m()"),
    "type that singledispatch knows": ("@functools.singledispatch\ndef h(x): return 1\n@h.register(int)\ndef _(x): return 2\ndef f(x): return h(x)", "@functools.singledispatch\ndef h(x): return 1\n@h.register(str)\ndef _(x): return 2\ndef f(x): return h(x)"),
    "wrapper of a library over a user's function": ("import joblib\ndef h(x): return 1\nd = joblib.delayed(h)\ndef f(x): return d(x)", "import joblib\ndef h(x): return 2\nd = joblib.delayed(h)\ndef f(x): return d(x)"),
    "reduce over a lambda": ("h = functools.partial(functools.reduce, lambda a, b: a + b)\ndef f(x): return h(x)", "h = functools.partial(functools.reduce, lambda a, b: a - b)\ndef f(x): return h(x)"),
    "registry of a decorator": ("R = {}\ndef reg(g):\n R[g.__name__] = g\n return g\n@reg\ndef h(x): return 1\ndef f(x): return R['h'](x)", "R = {}\ndef reg(g):\n R[g.__name__] = g\n return g\n@reg\ndef h(x): return 2\ndef f(x): return R['h'](x)"),
    "registry in a base class": ("class B:\n R = []\n def __init_subclass__(c): B.R.append(c)\nclass A(B):\n k = 1\ndef f(x): return [c.k for c in B.R]", "class B:\n R = []\n def __init_subclass__(c): B.R.append(c)\nclass A(B):\n k = 2\ndef f(x): return [c.k for c in B.R]"),
    "function of the standard library that is replaced": ("math.mine = lambda x: 1\ndef f(x): return math.mine(x)", "math.mine = lambda x: 2\ndef f(x): return math.mine(x)"),
    "constant that was put into the standard library": ("math.mine = 1\ndef f(x): return math.mine", "math.mine = 2\ndef f(x): return math.mine"),
    "partial that was put into the standard library": ("math.mine = functools.partial(int, '1', base=8)\ndef f(x): return math.mine()", "math.mine = functools.partial(int, '1', base=2)\ndef f(x): return math.mine()"),
    "function behind a wrapper without structure": ("class W:\n def __init__(s, g): s.py_func = g\n def __call__(s, x): return s.py_func(x)\n def __reduce_ex__(s, p): raise TypeError\nw = W(lambda x: 1)\ndef f(x): return w(x)", "class W:\n def __init__(s, g): s.py_func = g\n def __call__(s, x): return s.py_func(x)\n def __reduce_ex__(s, p): raise TypeError\nw = W(lambda x: 2)\ndef f(x): return w(x)"),
    "walrus in an annotation of a parameter": ("def h():\n def g(a: (y := 1)): pass\n return y\ndef f(x): return h()", "def h():\n def g(a: (y := 2)): pass\n return y\ndef f(x): return h()"),
    "wrapper of a library that hides what it wraps": ("import joblib\nd = joblib.delayed(lambda x: 1)\ndel d.__wrapped__\ndef f(x): return d(x)", "import joblib\nd = joblib.delayed(lambda x: 2)\ndel d.__wrapped__\ndef f(x): return d(x)"),
}  # fmt: skip

CHANGES = {**CLASSES, **VALUES, **NAMES, **GENERATED, **HOLES}
WITH_TEXT = {**CHANGES, **TEXTS}

REUSES = {
    "helper in another file": ("from other import h\ndef f(x): return h(x)", "from twin import h\ndef f(x): return h(x)"),
    "name that is passed on": ("from passing import h\ndef f(x): return h(x)", "from other import h\ndef f(x): return h(x)"),
    "star import": ("from other import *\ndef f(x): return h(x), K", "import other\ndef f(x): return other.h(x), other.K"),
    "module under another name": ("import other as o\ndef f(x): return o.h(x), o.K", "import other\ndef f(x): return other.h(x), other.K"),
    "import under another name": ("def f(x):\n from other import h as g\n return g(x)", "def f(x):\n from other import h\n return h(x)"),
    "import in a nested function, hoisted": ("def f(x):\n def g():\n  import math\n  return math.pi\n return g()", "def f(x):\n def g(): return math.pi\n return g()"),
    "alias of a helper": ("def h(x): return 1\ng = h\ndef f(x): return g(x)", "def h(x): return 1\ndef f(x): return h(x)"),
    "alias of a constant": ("K = [1]\nL = K\ndef f(x): return L", "K = [1]\ndef f(x): return K"),
    "class in another file": ("from other import C\ndef f(x): return C().m()", "from twin import C\ndef f(x): return C().m()"),
    "order of attributes of an instance": ("class C: pass\nv = C()\nv.a, v.b = 1, 2\ndef f(x): return v.a", "class C: pass\nv = C()\nv.b, v.a = 2, 1\ndef f(x): return v.a"),
    "order of a set": ("V = {'a', 'b', 'c'}\ndef f(x): return 'a' in V", "V = {'c', 'b', 'a'}\ndef f(x): return 'a' in V"),
    "annotation of a helper": ("def h(x: int) -> int: return x\ndef f(x): return h(x)", "def h(x): return x\ndef f(x): return h(x)"),
    "documentation of a helper": ("def h(x):\n 'one'\n return x\ndef f(x): return h(x)", "def h(x): return x\ndef f(x): return h(x)"),
    "decorator applied by hand": ("def d(g): return lambda x: g(x)\n@d\ndef h(x): return 1\ndef f(x): return h(x)", "def d(g): return lambda x: g(x)\ndef h(x): return 1\nh = d(h)\ndef f(x): return h(x)"),
    "state that lru_cache has": ("@functools.lru_cache\ndef h(x): return x\ndef f(x): return h(x)", "@functools.lru_cache\ndef h(x): return x\nh(1), h(2)\ndef f(x): return h(x)"),
    "state that cached_property has": ("class A:\n @functools.cached_property\n def p(s): return 1\ndef f(x): return A().p", "class A:\n @functools.cached_property\n def p(s): return 1\nA().p\ndef f(x): return A().p"),
    "state that singledispatch has": ("@functools.singledispatch\ndef h(x): return 1\ndef f(x): return h(x)", "@functools.singledispatch\ndef h(x): return 1\nh(1), h('a')\ndef f(x): return h(x)"),
    "state that a single dispatch method has": ("class A:\n @functools.singledispatchmethod\n def m(s, x): return 1\ndef f(x): return A().m(x)", "class A:\n @functools.singledispatchmethod\n def m(s, x): return 1\nA().m(1), A().m('a')\ndef f(x): return A().m(x)"),
    "state that an abstract class has": ("class A(abc.ABC): pass\ndef f(x): return isinstance(x, A)", "class A(abc.ABC): pass\nisinstance(1, A), issubclass(str, A)\ndef f(x): return isinstance(x, A)"),
    "state that an enum has": ("class E(enum.Flag):\n A = 1\n B = 2\ndef f(x): return E.A", "class E(enum.Flag):\n A = 1\n B = 2\nE.A | E.B\ndef f(x): return E.A"),
    "state that a vectorized function has": ("import numpy\nv = numpy.vectorize(lambda x: 1)\ndef f(x): return v(x)", "import numpy\nv = numpy.vectorize(lambda x: 1)\nv([1, 2])\ndef f(x): return v(x)"),
    "handlers of a logger": ("V = logging.getLogger('rows')\ndef f(x): V.info(x)", "V = logging.getLogger('rows')\nV.addFilter(lambda r: True)\ndef f(x): V.info(x)"),
    "lock that is held": ("V = threading.Lock()\ndef f(x):\n with V: return x", "V = threading.Lock()\nV.acquire()\ndef f(x):\n with V: return x"),
    "circle entered elsewhere with equal bodies": ("def a(n): return b(n)\ndef b(n): return c(n)\ndef c(n): return a(n)\ndef f(x): return a(x)", "def a(n): return a(n)\ndef f(x): return a(x)"),
    "circle unrolled once": ("def a(n): return b(n), 1\ndef b(n): return a(n), 2\ndef f(x): return a(x)", "def a(n): return b(n), 1\ndef b(n): return c(n), 2\ndef c(n): return b(n), 1\ndef f(x): return a(x)"),
    "recursion written with a cell": ("def f(x): return f(x - 1)", "def g(x): return g(x - 1)\nf = g"),
    "class body written otherwise": ("class A:\n k = 1 + 1\ndef f(x): return A.k", "class A:\n k = 2\ndef f(x): return A.k"),
    "comment in a class body": ("class A:\n # one\n k = 1\ndef f(x): return A.k", "class A:\n k = 1\ndef f(x): return A.k"),
    "enum by auto and by hand": ("class E(enum.Enum):\n A = enum.auto()\n B = enum.auto()\ndef f(x): return E", "class E(enum.Enum):\n A = 1\n B = 2\ndef f(x): return E"),
    "shared immutables": ("A = 'long text ' * 3\nV = [A, A]\ndef f(x): return V", "V = ['long text ' * 3, 'long text long text long text ']\ndef f(x): return V"),
    "unused import": ("import other\ndef f(x): return x", "def f(x): return x"),
    "unused name in a module that is used": ("import other\ndef f(x): return other.K", "import other\nother.unused = 1\ndef f(x): return other.K"),
    "conditional definition, other branch edited": ("if True:\n def h(x): return 1\nelse:\n def h(x): return 2\ndef f(x): return h(x)", "if True:\n def h(x): return 1\nelse:\n def h(x): return 3\ndef f(x): return h(x)"),
}  # fmt: skip

MODULES = {
    "other": "K = 1\ndef h(x): return x + 1\ndef k(): return K\nclass C:\n def m(s): return 1\n",
    "twin": "# other lines\n\nclass C:\n def m(s): return 1\nK = 1\ndef k(): return K\ndef h(x): return x + 1\n",
    "third": "K = 2\ndef h(x): return x + 2\ndef k(): return K\n",
    "passing": "from other import *\n",
    "pkg__deep": "K = 1\nL = 2\n",
    "pkg__near": "def h():\n from .deep import K\n return K\ndef g():\n from .deep import L\n return L\n",
}


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that hang something on what is installed leave nothing behind."""
    import logging
    import math

    monkeypatch.setattr(math, "mine", None, raising=False)
    monkeypatch.setattr(logging.getLogger("rows"), "filters", [])


@pytest.mark.parametrize("name", WITH_TEXT)
def test_another_behaviour_has_another_digest(project: Any, name: str) -> None:
    before, after = WITH_TEXT[name]
    assert digest(project, before, **MODULES) == digest(project, before), "a new process would not hit"
    assert digest(project, before) != digest(project, after)


@pytest.mark.parametrize("name", CHANGES)
def test_another_behaviour_has_another_digest_without_text_too(project: Any, name: str) -> None:
    """Code that was made by exec, or typed at a prompt, counts by its bytecode."""

    def made(text: str) -> tuple[str, tuple[str, ...]]:
        project.write(empty="")
        # Modules of the project are imported anew, and one that has no text stands for `mod`.
        project.load("empty")
        module = sys.modules["mod"] = types.ModuleType("mod")
        exec(compile(HEAD + text, "<made>", "exec", dont_inherit=True), vars(module))
        found = fingerprint(module.f)
        return found.digest, found.taints

    before, after = CHANGES[name]
    project.write(**MODULES)
    try:
        first, again, other = made(before), made(before), made(after)
    finally:
        sys.modules.pop("mod", None)
    assert first == again
    if name in ("import in a lambda", "import by a constant name"):
        # Which constant is the argument can't be told from bytecode.
        assert "computes the name" in first[1][0]
    else:
        assert first[0] != other[0]
        assert not first[1]


def test_code_that_has_run_often_is_still_the_same() -> None:
    """The interpreter rewrites its instructions while it runs them."""

    def made() -> Any:
        namespace: dict[str, Any] = {"__name__": "made"}
        exec("K = 1\ndef f(x):\n    for i in range(20):\n        x = x + K\n    return x", namespace)
        return namespace["f"]

    fresh, warm = made(), made()
    for _ in range(1000):
        warm(1), warm(1.5)
    assert fingerprint(fresh).digest == fingerprint(warm).digest


@pytest.mark.parametrize("name", REUSES)
def test_the_same_behaviour_has_the_same_digest(project: Any, name: str) -> None:
    before, after = REUSES[name]
    assert digest(project, before, **MODULES) == digest(project, after)


# (text, what happens): the very next fingerprint is another one.
LIVE = {
    "code of a helper": ("def h(x): return 1\ndef f(x): return h(x)", "h.__code__ = (lambda x: 2).__code__"),
    "default of a helper": ("def h(x=1): return x\ndef f(x): return h()", "h.__defaults__ = (2,)"),
    "keyword default of a helper": ("def h(*, k=1): return k\ndef f(x): return h()", "h.__kwdefaults__ = {'k': 2}"),
    "content of a default": ("def h(k=[1]): return k\ndef f(x): return h()", "h.__defaults__[0].append(2)"),
    "closure cell": ("def make(k):\n def h(): return k\n return h\nh = make(1)\ndef f(x): return h()", "h.__closure__[0].cell_contents = 2"),
    "content of a closure cell": ("def make(k):\n def h(): return k\n return h\nh = make([1])\ndef f(x): return h()", "h.__closure__[0].cell_contents.append(2)"),
    "attribute of a helper": ("def h(): return h.k\nh.k = 1\ndef f(x): return h()", "h.k = 2"),
    "method": ("class A:\n def m(s): return 1\ndef f(x): return A().m()", "A.m = lambda s: 2"),
    "code of a method": ("class A:\n def m(s): return 1\ndef f(x): return A().m()", "A.m.__code__ = (lambda s: 2).__code__"),
    "getter of a property": ("class A:\n @property\n def p(s): return 1\ndef f(x): return A().p", "A.p.fget.__code__ = (lambda s: 2).__code__"),
    "method of a base": ("class B:\n def m(s): return 1\nclass A(B): pass\ndef f(x): return A().m()", "B.m = lambda s: 2"),
    "added override": ("class B:\n def m(s): return 1\nclass A(B): pass\ndef f(x): return A().m()", "A.m = lambda s: 2"),
    "removed override": ("class B:\n def m(s): return 1\nclass A(B):\n def m(s): return 2\ndef f(x): return A().m()", "del A.m"),
    "bases": ("class B:\n k = 1\nclass C:\n k = 2\nclass A(B): pass\ndef f(x): return A.k", "A.__bases__ = (C,)"),
    "member of a metaclass": ("class M(type): k = 1\nclass A(metaclass=M): pass\ndef f(x): return A.k", "M.k = 2"),
    "content of a class attribute": ("class A: k = [1]\ndef f(x): return A.k", "A.k.append(2)"),
    "attribute of an instance": ("class A: pass\na = A()\na.k = 1\ndef f(x): return a.k", "a.k = 2"),
    "class of an instance": ("class A: k = 1\nclass B: k = 2\na = A()\ndef f(x): return a.k", "a.__class__ = B"),
    "method of the class of an instance": ("class A:\n def m(s): return 1\na = A()\ndef f(x): return a.m()", "A.m = lambda s: 2"),
    "instance behind a bound method": ("class A:\n k = 1\n def m(s): return s.k\nm = A().m\ndef f(x): return m()", "m.__self__.k = 2"),
    "deep in a container": ("V = {'a': [{'b': (1, [2])}]}\ndef f(x): return V", "V['a'][0]['b'][1].append(3)"),
    "function in a container": ("def h(): return 1\nV = {'h': h}\ndef f(x): return V['h']()", "V['h'] = lambda: 2"),
    "code of a function in a container": ("def h(): return 1\nV = {'h': [h]}\ndef f(x): return V['h'][0]()", "h.__code__ = (lambda: 2).__code__"),
    "order of a dict": ("V = {1: 1, 2: 2}\ndef f(x): return list(V)", "V[1] = V.pop(1)"),
    "type of an equal value": ("V = [1]\ndef f(x): return V", "V[0] = True"),
    "set": ("V = {1}\ndef f(x): return V", "V.add(2)"),
    "array": ("import numpy\nV = numpy.zeros(3)\ndef f(x): return V", "V[1] = 1"),
    "argument of a partial": ("p = functools.partial(int, base=2)\ndef f(x): return p(x)", "p.keywords['base'] = 3"),
    "global of another module": ("import other\ndef f(x): return other.K", "other.K = 2"),
    "global that a helper of another module reads": ("from other import k\ndef f(x): return k()", "import other\nother.K = 2"),
    "module that is replaced": ("import other\ndef f(x): return other.K", "import third\nglobals()['other'] = third"),
    "module that a function imports": ("def f(x):\n import other\n return other.K", "import sys, third\nsys.modules['other'] = third"),
    "name that hides a builtin": ("def f(x): return len(x)", "globals()['len'] = lambda x: 0"),
    "name that was undefined": ("def f(x): return later", "globals()['later'] = 1"),
    "attribute that was undefined": ("import other\ndef f(x): return other.later", "other.later = 1"),
    "name that is gone": ("K = 1\ndef f(x): return K", "del globals()['K']"),
    "single dispatch": ("@functools.singledispatch\ndef h(x): return 1\ndef f(x): return h(x)", "h.register(int, lambda x: 2)"),
    "single dispatch method": ("class A:\n @functools.singledispatchmethod\n def m(s, x): return 1\ndef f(x): return A().m(x)", "vars(A)['m'].register(int, lambda s, x: 2)"),
    "function behind lru_cache": ("@functools.lru_cache\ndef h(x): return 1\ndef f(x): return h(x)", "h.__wrapped__.__code__ = (lambda x: 2).__code__"),
    "iterator": ("V = iter([1, 2])\ndef f(x): return list(V)", "next(V)"),
    "whole module": ("def h(): return 1\ndef f(x): return globals()[x]()", "globals()['new'] = lambda: 2"),
    "variable of the context": ("import contextvars\nV = contextvars.ContextVar('V', default=[1])\ndef f(x): return V.get()", "V.set([2])"),
    "module that appears": ("def f(x):\n import appears\n return appears.K", "import importlib, pathlib; pathlib.Path(__file__).with_name('appears.py').write_text('K = 1'); importlib.invalidate_caches()"),
    "attribute that a module answers": ("import other\nother.__getattr__ = {'asked': 1}.__getitem__\ndef f(x): return other.asked", "other.__getattr__ = {'asked': 2}.__getitem__"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIVE)
def test_what_changes_in_the_running_process_is_seen(project: Any, name: str) -> None:
    text, happens = LIVE[name]
    project.write(**MODULES)
    mod = project.edit(HEAD + text)
    before = fingerprint(mod.f)
    assert fingerprint(mod.f) is before, "nothing happened, and it was taken anew"
    exec(happens, vars(mod))
    assert fingerprint(mod.f).digest != before.digest


# What can't be followed or has no digest: nothing is kept, and the reason names it.
TAINTS = {
    "computed import": ("import importlib\ndef f(x): return importlib.import_module(x)", "computes the name"),
    "computed import by a builtin": ("def f(x): return __import__(x)", "computes the name"),
    "computed import in a helper": ("from importlib import import_module\ndef h(x): return import_module('a' + x)\ndef f(x): return h(x)", "mod.h computes the name"),
    "computed import under another name": ("from importlib import import_module as load\ndef f(x): return load(x)", "computes the name"),
    "name that is resolved": ("import pkgutil\ndef f(x): return pkgutil.resolve_name(x)", "computes the name"),
    "generator": ("V = (i for i in [1])\ndef f(x): return V", "mod.V"),
    "open file": ("import io\nV = io.FileIO(__file__)\nV.close()\ndef f(x): return V.read()", "mod.V"),
    "open file in a list": ("import io\nV = [io.FileIO(__file__)]\nV[0].close()\ndef f(x): return V", "mod.V"),
    "open file in a default": ("import io\nV = io.FileIO(__file__)\nV.close()\ndef h(k=V): return k\ndef f(x): return h()", "default of 'k'"),
    "socket": ("import socket\nV = socket.socket()\nV.close()\ndef f(x): return V", "mod.V"),
    "database": ("import sqlite3\nV = sqlite3.connect(':memory:')\nV.close()\ndef f(x): return V", "mod.V"),
    "thread": ("V = threading.Thread()\ndef f(x): return V", "mod.V"),
    "executor": ("import concurrent.futures as c\nV = c.ThreadPoolExecutor(1)\ndef f(x): return V", "mod.V"),
    "function without code": ("def c(a, b): return 1\nV = functools.cmp_to_key(c)\ndef f(x): return sorted(x, key=V)", "mod.V"),
    "object that refuses": ("class C:\n def __reduce_ex__(s, p): raise ValueError('no')\nV = C()\ndef f(x): return V", "mod.V"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAINTS)
def test_what_can_not_be_followed_taints_with_a_reason(project: Any, name: str) -> None:
    text, reason = TAINTS[name]
    taints = fingerprint(project.edit(HEAD + text).f).taints
    assert any(reason in taint for taint in taints), taints


def test_which_of_two_texts_was_seen_first_does_not_matter(project: Any) -> None:
    """`1 + 2` and `3` are one code object after folding, and two texts."""
    script = """
        import sys
        from inviscid import fingerprint
        import folded, plain
        first, second = (folded, plain) if sys.argv[1] == "folded" else (plain, folded)
        found = {module.__name__: fingerprint(module.f).digest for module in (first, second)}
        print(found["folded"], found["plain"])
        """
    project.write(folded="def f(x): return 1 + 2\n", plain="def f(x): return 3\n", script=script)
    assert project.run("script.py", "folded") == project.run("script.py", "plain")


def test_distributions_in_reach_are_listed(project: Any) -> None:
    """Installed code counts by name and version, wherever it is reached; the standard library by Python's version."""
    project.write(
        helper="import numpy\ndef h(x):\n import msgpack\n return numpy.sqrt(x), msgpack.packb(x)\n",
    )
    mod = project.edit(
        "import json, numpy\nfrom filelock import FileLock\nfrom helper import h\n"
        "class Lock(FileLock): pass\n"
        "V = [numpy.float64(1)]\n"
        "def f(x): return h(x), Lock, json.dumps(x)\n"
        "def g(x): return V\n"
        "def p(x): return json.dumps(x), len(x)\n"
    )
    found = {key: {item.name for item in fingerprint(vars(mod)[key]).distributions} for key in "fgp"}
    assert found == {"f": {"filelock", "msgpack", "numpy"}, "g": {"numpy"}, "p": set()}
    versions = {item.name: item.version for item in fingerprint(mod.f).distributions}
    import numpy as np

    assert versions["numpy"] == np.__version__
