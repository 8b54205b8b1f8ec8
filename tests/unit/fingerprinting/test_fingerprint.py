"""What changes a fingerprint, and what doesn't, through real imports of edited modules."""

from __future__ import annotations

import copy
import functools
import importlib
import json
import pickle
import sys
import types
from typing import Any

import pytest

from inviscid import fingerprint

HEAD = "import functools, math, re, enum, logging, threading\nfrom dataclasses import dataclass\n"


def digest(project: Any, text: str, **modules: str) -> str:
    project.write(**modules)
    found = fingerprint(project.edit(HEAD + text).f)
    assert not found.taints, found.taints
    return found.digest


# (before, after): f does something else
CHANGES = {
    "helper body": ("def h(x): return x + 1\ndef f(x): return h(x)", "def h(x): return x + 2\ndef f(x): return h(x)"),
    "global": ("K = 1\ndef f(x): return x + K", "K = 2\ndef f(x): return x + K"),
    "global type": ("K = 1\ndef f(x): return x + K", "K = True\ndef f(x): return x + K"),
    "global container": ("D = {'a': [1]}\ndef f(x): return D", "D = {'a': [2]}\ndef f(x): return D"),
    "global regex": ("P = re.compile('a')\ndef f(x): return P", "P = re.compile('a', re.I)\ndef f(x): return P"),
    "default": ("def f(x, k=1): return k", "def f(x, k=2): return k"),
    "keyword default": ("def f(x, *, k=1): return k", "def f(x, *, k=2): return k"),
    "default from a global": ("K = 1\ndef f(x, k=K): return k", "K = 2\ndef f(x, k=K): return k"),
    "closure": ("def m(k):\n def g(x): return x + k\n return g\nf = m(1)", "def m(k):\n def g(x): return x + k\n return g\nf = m(2)"),
    "alias": ("def a(x): return 1\ndef b(x): return 2\nh = a\ndef f(x): return h(x)",
              "def a(x): return 1\ndef b(x): return 2\nh = b\ndef f(x): return h(x)"),
    "wrapper": ("def d(g):\n def w(x): return g(x) + 1\n return w\n@d\ndef f(x): return x",
                "def d(g):\n def w(x): return g(x) + 2\n return w\n@d\ndef f(x): return x"),
    "wrapped": ("def d(g):\n def w(x): return g(x) + 1\n return w\n@d\ndef f(x): return x",
                "def d(g):\n def w(x): return g(x) + 1\n return w\n@d\ndef f(x): return x * 2"),
    "lru_cache": ("@functools.lru_cache\ndef h(x): return 1\ndef f(x): return h(x)",
                  "@functools.lru_cache\ndef h(x): return 2\ndef f(x): return h(x)"),
    "singledispatch": ("@functools.singledispatch\ndef h(x): return 1\n@h.register\ndef _(x: int): return 2\ndef f(x): return h(x)",
                       "@functools.singledispatch\ndef h(x): return 1\n@h.register\ndef _(x: int): return 3\ndef f(x): return h(x)"),
    "partial": ("def h(a, b): return a\np = functools.partial(h, 1)\ndef f(x): return p(x)",
                "def h(a, b): return a\np = functools.partial(h, 2)\ndef f(x): return p(x)"),
    "function in a container": ("def h(x): return 1\nD = {'h': h}\ndef f(x): return D['h'](x)",
                                "def h(x): return 2\nD = {'h': h}\ndef f(x): return D['h'](x)"),
    "method": ("class A:\n def m(self): return 1\ndef f(x): return A().m()", "class A:\n def m(self): return 2\ndef f(x): return A().m()"),
    "base method": ("class B:\n def m(self): return 1\nclass A(B): pass\ndef f(x): return A().m()",
                    "class B:\n def m(self): return 2\nclass A(B): pass\ndef f(x): return A().m()"),
    "order of bases": ("class P:\n m = 1\nclass Q:\n m = 2\nclass A(P, Q): pass\ndef f(x): return A().m",
                       "class P:\n m = 1\nclass Q:\n m = 2\nclass A(Q, P): pass\ndef f(x): return A().m"),
    "added override": ("class B:\n def m(self): return 1\nclass A(B): pass\ndef f(x): return A().m()",
                       "class B:\n def m(self): return 1\nclass A(B):\n def m(self): return 3\ndef f(x): return A().m()"),
    "added dunder": ("class A: pass\ndef f(x): return A() == A()", "class A:\n def __eq__(self, o): return True\ndef f(x): return A() == A()"),
    "class attribute": ("class A:\n k = 1\ndef f(x): return A.k", "class A:\n k = 2\ndef f(x): return A.k"),
    "property": ("class A:\n @property\n def p(self): return 1\ndef f(x): return A().p",
                 "class A:\n @property\n def p(self): return 2\ndef f(x): return A().p"),
    "static method": ("class A:\n @staticmethod\n def s(): return 1\ndef f(x): return A.s()",
                      "class A:\n @staticmethod\n def s(): return 2\ndef f(x): return A.s()"),
    "static to class method": ("class A:\n @staticmethod\n def s(*a): return a\ndef f(x): return A.s()",
                               "class A:\n @classmethod\n def s(*a): return a\ndef f(x): return A.s()"),
    "metaclass": ("class M(type):\n def __call__(c): return 1\nclass A(metaclass=M): pass\ndef f(x): return A()",
                  "class M(type):\n def __call__(c): return 2\nclass A(metaclass=M): pass\ndef f(x): return A()"),
    "dataclass default": ("@dataclass\nclass A:\n k: int = 1\ndef f(x): return A()", "@dataclass\nclass A:\n k: int = 2\ndef f(x): return A()"),
    "dataclass option": ("@dataclass\nclass A:\n k: int = 1\ndef f(x): return A()",
                         "@dataclass(order=True)\nclass A:\n k: int = 1\ndef f(x): return A()"),
    "dataclass factory": ("def n(): return [1]\nfrom dataclasses import field\n@dataclass\nclass A:\n k: list = field(default_factory=n)\ndef f(x): return A()",
                          "def n(): return [2]\nfrom dataclasses import field\n@dataclass\nclass A:\n k: list = field(default_factory=n)\ndef f(x): return A()"),
    "enum member": ("class E(enum.Enum):\n A = 1\ndef f(x): return E.A", "class E(enum.Enum):\n A = 2\ndef f(x): return E.A"),
    "enum order": ("class E(enum.Enum):\n A = 1\n B = 2\ndef f(x): return list(E)", "class E(enum.Enum):\n B = 2\n A = 1\ndef f(x): return list(E)"),
    "enum method": ("class E(enum.Enum):\n A = 1\n def m(self): return 1\ndef f(x): return E.A.m()",
                    "class E(enum.Enum):\n A = 1\n def m(self): return 2\ndef f(x): return E.A.m()"),
    "named tuple field": ("import typing\nclass T(typing.NamedTuple):\n a: int = 1\ndef f(x): return T()",
                          "import typing\nclass T(typing.NamedTuple):\n a: int = 2\ndef f(x): return T()"),
    "recursion": ("def f(n): return 1 if n == 0 else f(n - 1)", "def f(n): return 2 if n == 0 else f(n - 1)"),
    "mutual recursion": ("def e(n): return True if n == 0 else o(n - 1)\ndef o(n): return False if n == 0 else e(n - 1)\ndef f(n): return e(n)",
                         "def e(n): return True if n == 0 else o(n - 1)\ndef o(n): return None if n == 0 else e(n - 1)\ndef f(n): return e(n)"),
    "standard library": ("def f(x): return math.floor(x)", "def f(x): return math.ceil(x)"),
    "undefined name that gets defined": ("def f(x): return later", "later = 1\ndef f(x): return later"),
    "builtin that gets shadowed": ("def f(x): return len(x)", "def len(x): return 3\ndef f(x): return len(x)"),
    "documentation that is read": ("def h():\n 'a'\ndef f(x): return h.__doc__", "def h():\n 'b'\ndef f(x): return h.__doc__"),
    "name that is read": ("def h(): pass\ndef f(x): return h.__name__", "def g(): pass\ndef f(x): return g.__name__"),
    "annotation that is read": ("def h(a: int): pass\ndef f(x): return h.__annotations__", "def h(a: str): pass\ndef f(x): return h.__annotations__"),
    "line that is read": ("import sys\ndef h(): return sys._getframe(1).f_lineno\ndef f(x): return h()",
                          "import sys\n\ndef h(): return sys._getframe(1).f_lineno\ndef f(x): return h()"),
    "looked up in globals": ("def h(x): return 1\ndef f(x): return globals()['h'](x)", "def h(x): return 2\ndef f(x): return globals()['h'](x)"),
    "function attribute": ("def h(x): return h.k\nh.k = 1\ndef f(x): return h(x)", "def h(x): return h.k\nh.k = 2\ndef f(x): return h(x)"),
    "instance": ("class C:\n def __init__(self, k): self.k = k\nc = C(1)\ndef f(x): return c.k",
                 "class C:\n def __init__(self, k): self.k = k\nc = C(2)\ndef f(x): return c.k"),
    "class of an instance": ("class C:\n def m(self): return 1\nc = C()\ndef f(x): return c.m()", "class C:\n def m(self): return 2\nc = C()\ndef f(x): return c.m()"),
    "callable wrapper object": ("class D:\n def __init__(s, g, k=1): functools.update_wrapper(s, g); s.k = k\n def __call__(s, x): return s.__wrapped__(x) * s.k\n@D\ndef h(x): return x + 1\ndef f(x): return h(x)",
                                "class D:\n def __init__(s, g, k=1): functools.update_wrapper(s, g); s.k = k\n def __call__(s, x): return s.__wrapped__(x) * s.k\n@D\ndef h(x): return x + 2\ndef f(x): return h(x)"),
    "state of a wrapper object": ("class D:\n def __init__(s, g, k=1): functools.update_wrapper(s, g); s.k = k\n def __call__(s, x): return s.__wrapped__(x) * s.k\n@D\ndef h(x): return x + 1\ndef f(x): return h(x)",
                                  "class D:\n def __init__(s, g, k=2): functools.update_wrapper(s, g); s.k = k\n def __call__(s, x): return s.__wrapped__(x) * s.k\n@D\ndef h(x): return x + 1\ndef f(x): return h(x)"),
    "code object": ("C = compile('x*10', 'c', 'eval')\ndef f(x): return eval(C)", "C = compile('x*20', 'c', 'eval')\ndef f(x): return eval(C)"),
    "make_dataclass": ("import dataclasses\nC = dataclasses.make_dataclass('C', ['x'], namespace={'m': lambda s: 1})\ndef f(x): return C(x).m()",
                       "import dataclasses\nC = dataclasses.make_dataclass('C', ['x'], namespace={'m': lambda s: 2})\ndef f(x): return C(x).m()"),
    "class made by type of abc": ("import abc\nC = abc.ABCMeta('C', (), {'k': 1})\ndef f(x): return C.k", "import abc\nC = abc.ABCMeta('C', (), {'k': 2})\ndef f(x): return C.k"),
    "class that says it is another's": ("import json\nclass C:\n __module__ = 'json'\n def m(s): return 1\ndef f(x): return C().m()",
                                        "import json\nclass C:\n __module__ = 'json'\n def m(s): return 2\ndef f(x): return C().m()"),
    "private property of an enum": ("class E(enum.Enum):\n A = 1\n @property\n def _k(s): return 1\ndef f(x): return E.A._k",
                                    "class E(enum.Enum):\n A = 1\n @property\n def _k(s): return 2\ndef f(x): return E.A._k"),
    "mangled value of an enum": ("class E(enum.Enum):\n A = 1\n __k = 1\n def m(s): return s.__k\ndef f(x): return E.A.m()",
                                 "class E(enum.Enum):\n A = 1\n __k = 2\n def m(s): return s.__k\ndef f(x): return E.A.m()"),
    "function of dataclasses as a member": ("import dataclasses\nclass C:\n conv = staticmethod(dataclasses.asdict)\ndef f(x): return C.conv(x)",
                                            "import dataclasses\nclass C:\n conv = staticmethod(dataclasses.astuple)\ndef f(x): return C.conv(x)"),
    "wrapped init of a dataclass": ("def t(g):\n @functools.wraps(g)\n def w(*a): return g(*a)\n return w\n@dataclass\nclass C:\n x: int = 1\nC.__init__ = t(C.__init__)\ndef f(x): return C(x)",
                                    "def t(g):\n @functools.wraps(g)\n def w(*a): print(1); return g(*a)\n return w\n@dataclass\nclass C:\n x: int = 1\nC.__init__ = t(C.__init__)\ndef f(x): return C(x)"),
    "metadata of a field": ("from dataclasses import field\n@dataclass\nclass C:\n x: int = field(default=1, metadata={'k': 1})\ndef f(x): return C",
                            "from dataclasses import field\n@dataclass\nclass C:\n x: int = field(default=1, metadata={'k': 2})\ndef f(x): return C"),
    "generic base": ("import typing\nT = typing.TypeVar('T')\nclass R(typing.Generic[T]): pass\nclass A(R[int]): pass\ndef f(x): return A",
                     "import typing\nT = typing.TypeVar('T')\nclass R(typing.Generic[T]): pass\nclass A(R[str]): pass\ndef f(x): return A"),
    "subclass of property": ("class P(property):\n def __get__(s, o, t=None): return 1\nclass A:\n @P\n def p(s): return 0\ndef f(x): return A().p",
                             "class P(property):\n def __get__(s, o, t=None): return 2\nclass A:\n @P\n def p(s): return 0\ndef f(x): return A().p"),
    "class in an annotation that is read": ("import typing\nclass I:\n def m(s): return 1\nclass O:\n a: typing.Optional[I] = None\ndef f(x): return O.__annotations__['a'].__args__[0]().m()",
                                            "import typing\nclass I:\n def m(s): return 2\nclass O:\n a: typing.Optional[I] = None\ndef f(x): return O.__annotations__['a'].__args__[0]().m()"),
    "class in an annotation of a function": ("class I:\n def m(s): return 1\ndef h(a: I): pass\ndef f(x): return h.__annotations__['a']().m()",
                                             "class I:\n def m(s): return 2\ndef h(a: I): pass\ndef f(x): return h.__annotations__['a']().m()"),
    "name of a nested function that is read": ("def f(x):\n def a(): pass\n return a.__name__", "def f(x):\n def b(): pass\n return b.__name__"),
    "documentation read by a computed name": ("N = '__doc__'\ndef h():\n 'a'\ndef f(x): return getattr(h, N)", "N = '__doc__'\ndef h():\n 'b'\ndef f(x): return getattr(h, N)"),
    "hints by another name": ("from typing import get_type_hints as gd\ndef h(a: int): pass\ndef f(x): return gd(h)", "from typing import get_type_hints as gd\ndef h(a: str): pass\ndef f(x): return gd(h)"),
    "eval by another name": ("ev = eval\ndef h(): return 1\ndef f(x): return ev('h()')", "ev = eval\ndef h(): return 2\ndef f(x): return ev('h()')"),
    "looked up in sys.modules": ("import sys\ndef h(): return 1\ndef f(x): return getattr(sys.modules[__name__], 'h')()", "import sys\ndef h(): return 2\ndef f(x): return getattr(sys.modules[__name__], 'h')()"),
    "name that installed code shows": ("import pandas as pd\ndef a(x): return 1\ndef f(x): return pd.DataFrame(x).agg([a])",
                                       "import pandas as pd\ndef b(x): return 1\ndef f(x): return pd.DataFrame(x).agg([b])"),
    "name in a container that installed code shows": ("import numpy as np\ndef a(x): return 1\nL = [a]\ndef f(x): return np.sum(L)",
                                                      "import numpy as np\ndef b(x): return 1\nL = [b]\ndef f(x): return np.sum(L)"),
    "documentation that installed code may show": ("import numpy as np\ndef a(x): 'one'\ndef f(x, k=a): return np.sum(k)",
                                                   "import numpy as np\ndef a(x): 'two'\ndef f(x, k=a): return np.sum(k)"),
    "global in a query": ("import pandas as pd\nLIMIT = 1\ndef f(x): return pd.DataFrame(x).query('a > @LIMIT')",
                          "import pandas as pd\nLIMIT = 2\ndef f(x): return pd.DataFrame(x).query('a > @LIMIT')"),
    "local in a query": ("import pandas as pd\ndef f(x):\n a = 1\n b = 2\n return pd.DataFrame(x).query('c > @a')",
                         "import pandas as pd\ndef f(x):\n b = 1\n a = 2\n return pd.DataFrame(x).query('c > @a')"),
    "attrgetter of documentation": ("import operator\nG = operator.attrgetter('__doc__')\ndef h(): 'a'\ndef f(x): return G(h)",
                                    "import operator\nG = operator.attrgetter('__doc__')\ndef h(): 'b'\ndef f(x): return G(h)"),
    "attrgetter of a computed name": ("import operator\ndef h(): 'a'\ndef f(x): return operator.attrgetter(x)(h)",
                                      "import operator\ndef h(): 'b'\ndef f(x): return operator.attrgetter(x)(h)"),
    "annotation in quotes that is read": ("import typing\nclass I:\n def m(s): return 1\ndef h(a: 'I'): pass\ndef f(x): return typing.get_type_hints(h)['a']().m()",
                                          "import typing\nclass I:\n def m(s): return 2\ndef h(a: 'I'): pass\ndef f(x): return typing.get_type_hints(h)['a']().m()"),
    "annotation in quotes of a class that is read": ("import typing\nclass I:\n def m(s): return 1\nclass O:\n a: 'I' = None\ndef f(x): return typing.get_type_hints(O)['a']().m()",
                                                     "import typing\nclass I:\n def m(s): return 2\nclass O:\n a: 'I' = None\ndef f(x): return typing.get_type_hints(O)['a']().m()"),
    "subclasses": ("class B: pass\nclass C(B):\n def m(s): return 1\ndef f(x): return [c().m() for c in B.__subclasses__()]",
                   "class B: pass\nclass C(B):\n def m(s): return 2\ndef f(x): return [c().m() for c in B.__subclasses__()]"),
    "another subclass": ("class B: pass\nclass C(B): pass\ndef f(x): return len(B.__subclasses__())",
                         "class B: pass\nclass C(B): pass\nclass D(B): pass\ndef f(x): return len(B.__subclasses__())"),
    "registered with an abstract class": ("import abc\nclass B(abc.ABC): pass\nclass C: pass\ndef f(x): return isinstance(x, B)",
                                          "import abc\nclass B(abc.ABC): pass\nclass C: pass\nB.register(C)\ndef f(x): return isinstance(x, B)"),
    "accessor on an installed class": ("import pandas as pd\nclass G:\n def __init__(s, d): pass\n def area(s): return 1\npd.Series._accessors.discard('geo')\nif hasattr(pd.Series, 'geo'): del pd.Series.geo\npd.api.extensions.register_series_accessor('geo')(G)\ndef f(x): return pd.Series(x).geo.area()",
                                       "import pandas as pd\nclass G:\n def __init__(s, d): pass\n def area(s): return 2\npd.Series._accessors.discard('geo')\nif hasattr(pd.Series, 'geo'): del pd.Series.geo\npd.api.extensions.register_series_accessor('geo')(G)\ndef f(x): return pd.Series(x).geo.area()"),
    "method put on an installed class": ("import pandas as pd\ndef tidy(s): return 1\npd.Series.tidy = tidy\ndef f(x): return pd.Series(x).tidy()",
                                         "import pandas as pd\ndef tidy(s): return 2\npd.Series.tidy = tidy\ndef f(x): return pd.Series(x).tidy()"),
    "bound method": ("class C:\n def m(self): return 1\nm = C().m\ndef f(x): return m()", "class C:\n def m(self): return 2\nm = C().m\ndef f(x): return m()"),
}  # fmt: skip

# (before, after): f does the same
REUSES = {
    "helper renamed": ("def h(x): return x + 1\ndef f(x): return h(x)", "def g(x): return x + 1\ndef f(x): return g(x)"),
    "global renamed": ("K = 1\ndef f(x): return x + K", "L = 1\ndef f(x): return x + L"),
    "helper moved": ("def h(x): return x + 1\ndef f(x): return h(x)", "from other import h\ndef f(x): return h(x)"),
    "helper reached through a module": ("from other import h\ndef f(x): return h(x)", "import other\ndef f(x): return other.h(x)"),
    "import form": ("from math import sqrt\ndef f(x): return sqrt(x)", "def f(x): return math.sqrt(x)"),
    "import form, deeper": ("from os.path import join\ndef f(x): return join(x)", "import os\ndef f(x): return os.path.join(x)"),
    "import hoisted": ("def f(x):\n import math as m\n return m.sqrt(x)", "def f(x): return math.sqrt(x)"),
    "import of a user module hoisted": ("def f(x):\n from other import h\n return h(x)", "from other import h\ndef f(x): return h(x)"),
    "unrelated edit": ("def g(): return 1\ndef f(x): return x", "def g(): return 2\ndef f(x): return x"),
    "definitions reordered": ("def a(x): return 1\ndef b(x): return 2\ndef f(x): return a(b(x))",
                              "def f(x): return a(b(x))\ndef b(x): return 2\ndef a(x): return 1"),
    "methods reordered": ("class A:\n def m(self): return 1\n def n(self): return 2\ndef f(x): return A().m()",
                          "class A:\n def n(self): return 2\n def m(self): return 1\ndef f(x): return A().m()"),
    "documentation of a class": ("class A:\n 'one'\ndef f(x): return A()", "class A:\n 'two'\ndef f(x): return A()"),
    "logger": ("log = logging.getLogger('a')\ndef f(x): return log", "log = logging.getLogger('a')\nlog.setLevel(10)\ndef f(x): return log"),
    "recursion renamed": ("def h(n): return h(n - 1)\ndef f(x): return h(x)", "def g(n): return g(n - 1)\ndef f(x): return g(x)"),
    "circle of equal bodies": ("def h(n): return h(n - 1)\ndef f(x): return h(x)",
                               "def a(n): return b(n - 1)\ndef b(n): return a(n - 1)\ndef f(x): return a(x)"),
    "nested function renamed": ("def f(x):\n def g(): return x\n return g()", "def f(x):\n def h(): return x\n return h()"),
    "name of a function that is only called": ("import pandas as pd\ndef a(x): return 1\ndef f(x): return pd.DataFrame(x).transform(a)",
                                               "import pandas as pd\ndef b(x):\n 'new'\n return 1\ndef f(x): return pd.DataFrame(x).transform(b)"),
    "name and documentation that nobody sees": ("import functools\ndef d(g):\n @functools.wraps(g)\n def w(x): return g(x)\n return w\n@d\ndef a(x): return 1\ndef f(x): return sorted(x, key=a)",
                                                "import functools\ndef d(g):\n @functools.wraps(g)\n def w(x): return g(x)\n return w\n@d\ndef b(x):\n 'new'\n return 1\ndef f(x): return sorted(x, key=b)"),
    "documentation of a helper beside installed code": ("import numpy as np\ndef h(x): return np.sum(x)\nclass A:\n def m(self): return 1\ndef f(x): return h(x) + A().m()",
                                                        "import numpy as np\ndef h(x):\n 'new'\n return np.sum(x)\nclass A:\n def m(self):\n  'new'\n  return 1\ndef f(x): return h(x) + A().m()"),
    "lambda to def": ("h = lambda x: x + 1\ndef f(x): return h(x)", "def h(x): return x + 1\ndef f(x): return h(x)"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_behaviour_changes_it(project: Any, name: str) -> None:
    before, after = CHANGES[name]
    assert digest(project, before) == digest(project, before), "a new process would not hit"
    assert digest(project, before) != digest(project, after)


@pytest.mark.parametrize("name", REUSES)
def test_the_same_behaviour_keeps_it(project: Any, name: str) -> None:
    before, after = REUSES[name]
    other = "def h(x): return x + 1\n"
    assert digest(project, before, other=other) == digest(project, after, other=other)


def test_a_local_import_gives_the_same_before_and_after_it_ran(project: Any) -> None:
    text = "def f(x):\n from other import h\n return h(x)"
    project.write(other="def h(x): return x + 1\n")
    mod = project.edit(text)
    before = fingerprint(mod.f).digest
    assert mod.f(1) == 2
    assert fingerprint(mod.f).digest == before


def test_an_installed_package_is_not_imported_for_the_fingerprint(project: Any) -> None:
    project.write(
        script="""
        import sys
        from inviscid import fingerprint
        def f(x):
            import pandas as pd
            return pd.DataFrame(x)
        found = fingerprint(f)
        assert "pandas" not in sys.modules
        before = found.digest
        f([1])
        assert "pandas" in sys.modules
        assert fingerprint(f).digest == before
        print([item.name for item in found.distributions])
        """
    )
    assert project.run("script.py") == "['pandas']\n"


def test_user_code_by_value_installed_by_version(project: Any) -> None:
    mod = project.edit("import numpy as np\ndef f(x): return np.sqrt(x)")
    found = fingerprint(mod.f)
    assert [item.name for item in found.distributions] == ["numpy"]
    assert found.digest == fingerprint(project.edit("from numpy import sqrt\ndef f(x): return sqrt(x)").f).digest


def test_code_without_text_is_fingerprinted_whole() -> None:
    def made(text: str) -> Any:
        namespace: dict[str, Any] = {"__name__": "made"}
        exec(text, namespace)
        return fingerprint(namespace["f"]).digest

    assert made("def f(x): return x") == made("def f(x): return x")
    assert made("def f(x): return x") != made("def f(x): return -x")
    assert made("K = 1\ndef f(x): return K") != made("K = 2\ndef f(x): return K")
    assert made("import math\ndef f(x): return math.sin(x)") != made("import math\ndef f(x): return math.cos(x)")
    tried = "def f():\n try:\n  {}\n"
    assert made(tried.format("a()\n  b()\n except E: c()")) != made(tried.format("a()\n except E: c()\n else: b()"))


def test_live_changes_are_seen_at_once(project: Any) -> None:
    mod = project.edit("K = 1\nD = {'a': 1}\ndef h(x): return x\ndef f(x): return h(x) + K + D['a']")
    digests = {fingerprint(mod.f).digest}

    def changed() -> bool:
        before = len(digests)
        digests.add(fingerprint(mod.f).digest)
        return len(digests) == before + 1

    mod.K = 2
    assert changed()
    mod.D["a"] = 2
    assert changed()
    mod.h = lambda x: x + 1
    assert changed()
    mod.h.__code__ = (lambda x: x + 2).__code__
    assert changed()
    mod.f.__defaults__ = (1,)
    assert changed()


def test_more_live_changes_are_seen_at_once(project: Any) -> None:
    project.write(other="x = 1\n", answering="def __getattr__(name):\n    return ANSWER[name]\nANSWER = {'x': 1}\n")
    mod = project.edit(
        """
        import contextvars, functools, json, threading
        import answering

        VAR = contextvars.ContextVar("v", default=1)
        LOCAL = threading.local()
        LOCAL.x = 1
        EVENT = threading.Event()

        @functools.singledispatch
        def h(x): return 1

        class Meta(type): pass
        class Other(type): pass
        class Q(metaclass=Meta): pass

        def attributed(x): return x
        attributed.a = 1

        def f(x):
            import other
            return h(x), other.x, VAR.get(), LOCAL.x, EVENT.is_set(), answering.x, json.dumps(x), Q, attributed(x)
        """
    )
    digests = {fingerprint(mod.f).digest}

    def changed() -> bool:
        before = len(digests)
        digests.add(fingerprint(mod.f).digest)
        return len(digests) == before + 1

    @mod.h.register
    def _(x: int) -> int:
        return 2

    assert changed()
    sys.modules["other"] = types.ModuleType("other")
    sys.modules["other"].x = 2  # type: ignore[attr-defined]
    # By its file the fixture knows what to take away.
    sys.modules["other"].__file__ = mod.__file__
    assert changed()
    token = mod.VAR.set(2)
    assert changed()
    mod.VAR.reset(token)
    assert not changed()
    mod.LOCAL.x = 2
    assert changed()
    mod.EVENT.set()
    assert changed()
    mod.answering.ANSWER["x"] = 2
    assert changed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json, "dumps", functools.partial(str, encoding="utf-8"))
        assert changed()
    assert not changed()
    mod.Q.__class__ = mod.Other
    assert changed()
    del mod.attributed.a
    mod.attributed.b = 1
    assert changed()


def test_a_module_that_appears_is_noticed(project: Any) -> None:
    mod = project.edit("def f(x):\n try:\n  import later\n except ImportError: return 0\n return later.x")
    before = fingerprint(mod.f).digest
    project.write(later="x = 1\n")
    importlib.invalidate_caches()
    assert fingerprint(mod.f).digest != before


def test_a_hidden_instance_behind_functions_of_a_library(project: Any) -> None:
    """`random.randrange` is a method of an instance whose state changes with every call."""
    first = fingerprint(project.edit("from random import randrange\ndef f(x): return randrange(x)").f)
    assert first.digest == fingerprint(project.edit("import random\ndef f(x): return random.randrange(x)").f).digest


@pytest.mark.parametrize(
    "text",
    [
        "class Any:\n def __getattr__(s, n): return s\nclass A:\n any = Any()\ndef f(x): return A",
        "B = 10**6000\ndef f(x, k=B): return B",
        "class D(dict):\n def __getattr__(s, n): return s[n]\nd = D(a=1)\ndef f(x): return d.a",
        "class D:\n def __get__(s, o, t=None): return 'doc'\nclass A:\n __doc__ = D()\ndef f(x): return A()",
        "def h(a): return a\nh.__defaults__ = (1, 2, 3)\ndef f(x): return h()",
        "class A:\n def __getattribute__(s, n): raise KeyError(n)\na = A()\ndef f(x): return a",
        "from unittest import mock\nq = mock.call\ndef f(x): return q",
    ],
)
def test_odd_objects_end_in_a_fingerprint_or_a_taint(project: Any, text: str) -> None:
    mod = project.edit(text)
    assert len(fingerprint(mod.f).digest) == 64


def test_the_cure_for_a_global_is_one_for_globals(project: Any) -> None:
    mod = project.edit("items = (x for x in [1])\ndef f(x): return items")
    (why,) = fingerprint(mod.f).taints
    assert "mod.items" in why
    assert "pure=True" in why
    assert "ignore=" not in why


def test_what_python_notes_on_a_class_later_changes_nothing(project: Any) -> None:
    """Pickling an instance leaves `__slotnames__`, asking for annotations leaves those."""
    mod = project.edit("class A:\n def m(self): return 1\ndef f(x): return A()")
    before = fingerprint(mod.f).digest
    pickle.dumps(mod.A())
    copy.copy(mod.A())
    assert mod.A.__annotations__ == {}
    assert fingerprint(mod.f).digest == before


def test_what_has_no_digest_taints_with_the_name(project: Any) -> None:
    mod = project.edit("file = open(__file__)\ndef f(x): return file.read()")
    try:
        (why,) = fingerprint(mod.f).taints
        assert "mod.file" in why
    finally:
        mod.file.close()


def test_a_computed_import_taints(project: Any) -> None:
    mod = project.edit("import importlib\ndef f(x): return importlib.import_module(x).y")
    assert "computes the name" in fingerprint(mod.f).taints[0]


def test_definitions_are_named_for_messages(project: Any) -> None:
    mod = project.edit("K = 1\nclass A:\n def m(self): return K\ndef f(x): return A().m()")
    names = [part.name for part in fingerprint(mod.f).definitions]
    assert {"mod.f", "mod.A", "mod.A.m", "mod.K"} <= set(names)


def test_fingerprint_of_what_is_none() -> None:
    with pytest.raises(TypeError, match="function or a class"):
        fingerprint(3)


def test_a_weakened_walk_is_caught(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If defaults were not hashed, the row above would fail: the tests can tell."""
    from inviscid.fingerprinting import of_functions

    monkeypatch.setattr(of_functions, "refer_to_defaults", lambda *_: None)
    before, after = CHANGES["default"]
    assert digest(project, before) == digest(project, after)
    assert sys.version_info >= (3, 11)
