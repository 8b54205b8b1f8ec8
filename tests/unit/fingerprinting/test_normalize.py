"""The normal form, row by row: what is the same, and what only looks alike."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

from inviscid.fingerprinting.normalize import normalize
from inviscid.fingerprinting.source import Located
from inviscid.fingerprinting.template import ANNOTATIONS, COMPUTED, DOC, EXACT, MODULE, NAME, Template


def form(text: str, class_name: str = "") -> Template:
    text = textwrap.dedent(text)
    statement = ast.parse(text).body[0]
    node = statement.value if isinstance(statement, ast.Assign) else statement
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    return normalize(Located(node, class_name, text), ())


def same(a: str, b: str) -> bool:
    first, second = form(a), form(b)
    return first.body == second.body and first.slots == second.slots


SAME = {
    "comment": ("def f(x): return x", "def f(x): # why\n return x"),
    "layout": ("def f(x): return (x +\n 1)", "def f(x):\n return x+1"),
    "quotes": ("def f(): return 'a'", 'def f(): return """a"""'),
    "implicit concatenation": ("def f(): return 'a' 'b'", "def f(): return 'ab'"),
    "number notation": ("def f(): return 1000, 16, 1e3", "def f(): return 1_000, 0x10, 1000.0"),
    "semicolons": ("def f(x):\n a = x; b = a\n return b", "def f(x):\n a = x\n b = a\n return b"),
    "elif": ("def f(x):\n if x: y = 1\n elif x > 1: y = 2\n return y",
             "def f(x):\n if x: y = 1\n else:\n  if x > 1: y = 2\n return y"),
    "docstring": ("def f(x):\n 'one'\n return x", "def f(x):\n 'two'\n return x"),
    "docstring that looks like a query": ("def f(x):\n 'see @f'\n y = x\n return y", "def f(x):\n z = x\n return z"),
    "local beside what is asked of an object": ("def f(x):\n y = vars(x), dir(x)\n return y", "def f(x):\n z = vars(x), dir(x)\n return z"),
    "annotated lambda": ("def f(x):\n g: object = lambda y: y + x\n return g(1)", "def f(x):\n g = lambda y: y + x\n return g(1)"),
    "pass": ("def f(x):\n pass\n return x", "def f(x): return x"),
    "constant statement": ("def f(x):\n 3\n return x", "def f(x): return x"),
    "parameter annotation": ("def f(x: int) -> int: return x", "def f(x): return x"),
    "annotated assignment": ("def f(x):\n y: int = x\n return y", "def f(x):\n y = x\n return y"),
    "annotated attribute": ("def f(s):\n s.x: int = 1", "def f(s):\n s.x = 1"),
    "redundant bare annotation": ("def f(x):\n y: int\n y = x\n return y", "def f(x):\n y = x\n return y"),
    "local name": ("def f(x):\n a = x\n return [a for b in a]", "def f(x):\n c = x\n return [c for d in c]"),
    "exception name": ("def f():\n try: g()\n except E as a: return a", "def f():\n try: g()\n except E as b: return b"),
    "match name": ("def f(x):\n match x:\n  case [a, *r]: return a, r",
                   "def f(x):\n match x:\n  case [b, *s]: return b, s"),
    "walrus name": ("def f(x): return (a := x) + a", "def f(x): return (b := x) + b"),
    "positional-only name": ("def f(a, /): return a", "def f(b, /): return b"),
    "starred names": ("def f(*a, **k): return a, k", "def f(*b, **l): return b, l"),
    "function name": ("def f(x): return x", "def g(x): return x"),
    "nested function name": ("def f(x):\n def g(y): return y\n return g(x)", "def f(x):\n def h(y): return y\n return h(x)"),
    "lambda and def": ("f = lambda x: x + 1", "def f(x): return x + 1"),
    "nested lambda and def": ("def f(x):\n g = lambda y: y\n return g(x)", "def f(x):\n def g(y): return y\n return g(x)"),
    "import alias": ("def f(x):\n import numpy as np\n return np.sqrt(x)", "def f(x):\n import numpy\n return numpy.sqrt(x)"),
    "return None": ("def f(x):\n g(x)\n return None", "def f(x):\n g(x)"),
    "bare return": ("def f(x):\n if x: return\n g(x)", "def f(x):\n if x: return None\n g(x)"),
    "else after return": ("def f(x):\n if x: return 1\n else: return 2", "def f(x):\n if x: return 1\n return 2"),
    "not in": ("def f(x, y): return not x in y", "def f(x, y): return x not in y"),
    "is not": ("def f(x, y): return not x is y", "def f(x, y): return x is not y"),
    "f-string literal": ("def f(x): return f'a{\"b\"}{x}'", "def f(x): return f'ab{x}'"),
    "f-string without value": ("def f(): return f'a'", "def f(): return 'a'"),
    "if False": ("def f(x):\n if False:\n  x = 1\n return x", "def f(x): return x"),
    "if True": ("def f(x):\n if True:\n  x = 1\n return x", "def f(x):\n x = 1\n return x"),
    "code after return": ("def f(x):\n return x\n g()", "def f(x): return x"),
    "code after return that binds what is bound": ("def f(x):\n return x\n x = 1", "def f(x): return x"),
    "keyword-only order of use": ("def f(*, a): return a", "def f(*, a):\n return a"),
    "prefix of a text": ("def f(): return u'a'", "def f(): return 'a'"),
    "parentheses": ("def f(a, b): return ((a) + (b))", "def f(a, b): return a + b"),
    "nested if": ("def f(x):\n if x: return 1\n elif x > 1: return 2\n else: return 3", "def f(x):\n if x: return 1\n else:\n  if x > 1: return 2\n  return 3"),
    "return annotation of a nested function": ("def f():\n def g() -> int: return 1\n return g()", "def f():\n def g(): return 1\n return g()"),
    "name in a cell": ("def f(*x):\n a = x\n def g(): return a\n return g()", "def f(*x):\n b = x\n def g(): return b\n return g()"),
    "nonlocal name": ("def f():\n a = 1\n def g():\n  nonlocal a\n  a = 2\n g()\n return a", "def f():\n b = 1\n def g():\n  nonlocal b\n  b = 2\n g()\n return b"),
    "name in a nested comprehension": ("def f(x): return {a: [b for b in a if b] for a in x}", "def f(x): return {c: [d for d in c if d] for c in x}"),
    "walrus name in a comprehension": ("def f(x): return [(a := b) for b in x], a", "def f(x): return [(c := b) for b in x], c"),
    "deleted name": ("def f():\n a = 1\n del a", "def f():\n b = 1\n del b"),
    "name of a loop": ("def f(x):\n for a, *r in x: g(a, r)", "def f(x):\n for b, *s in x: g(b, s)"),
    "name of a context": ("def f():\n with g() as a: return a", "def f():\n with g() as b: return b"),
    "name of the rest of a mapping": ("def f(x):\n match x:\n  case {'k': 1, **a}: return a", "def f(x):\n match x:\n  case {'k': 1, **b}: return b"),
    "name of an import under a condition": ("def f(x):\n if x:\n  import math as a\n  return a.pi", "def f(x):\n if x:\n  import math as b\n  return b.pi"),
    "annotation in a cell": ("def f():\n x: int = 1\n def g() -> 'T': return x\n return g()", "def f():\n y = 1\n def g(): return y\n return g()"),
    "else after raise": ("def f(x):\n if x: raise E\n else: return 2", "def f(x):\n if x: raise E\n return 2"),
    "else after continue": ("def f(x):\n for y in x:\n  if y: continue\n  else: g()", "def f(x):\n for y in x:\n  if y: continue\n  g()"),
    "else after break": ("def f(x):\n for y in x:\n  if y: break\n  else: g()", "def f(x):\n for y in x:\n  if y: break\n  g()"),
    "code after raise": ("def f(x):\n raise E\n g()", "def f(x): raise E"),
    "name outside a class that the class binds too": ("def f(*x):\n class A:\n  x = 0\n  def m(s): return x\n return A", "def f(*y):\n class A:\n  x = 0\n  def m(s): return y\n return A"),
}  # fmt: skip

DIFFERENT = {
    "local beside dir": ("def f(x):\n y = x\n return dir()", "def f(x):\n z = x\n return dir()"),
    "local beside vars of what there may be": ("def f(x):\n y = x\n return vars(*x)", "def f(x):\n z = x\n return vars(*x)"),
    "int and float": ("def f(): return 1", "def f(): return 1.0"),
    "int and bool": ("def f(): return 1", "def f(): return True"),
    "signed zero": ("def f(): return 0.0", "def f(): return -0.0"),
    "str and bytes": ("def f(): return 'a'", "def f(): return b'a'"),
    "space in a string": ("def f(): return 'a b'", "def f(): return 'a  b'"),
    "augmented assignment": ("def f(a, b):\n a += b\n return a", "def f(a, b):\n a = a + b\n return a"),
    "commuted": ("def f(a, b): return a + b", "def f(a, b): return b + a"),
    "reassociated": ("def f(a, b, c): return (a + b) + c", "def f(a, b, c): return a + (b + c)"),
    "De Morgan": ("def f(a, b): return not (a and b)", "def f(a, b): return not a or not b"),
    "not ==": ("def f(a, b): return not a == b", "def f(a, b): return a != b"),
    "not chained in": ("def f(a, b, c): return not a in b in c", "def f(a, b, c): return a not in b in c"),
    "dict order": ("def f(): return {1: 1, 2: 2}", "def f(): return {2: 2, 1: 1}"),
    "set order": ("def f(): return {1, True}", "def f(): return {True, 1}"),
    "list and comprehension": ("def f(x): return list(x)", "def f(x): return [*x]"),
    "empty list": ("def f(): return list()", "def f(): return []"),
    "keyword order at the call": ("def f(g): return g(a=1, b=2)", "def f(g): return g(b=2, a=1)"),
    "keyword and positional": ("def f(g): return g(1)", "def f(g): return g(a=1)"),
    "ordinary parameter name": ("def f(a): return a", "def f(b): return b"),
    "parameter order": ("def f(a, b): return a", "def f(b, a): return a"),
    "parameter kind": ("def f(a): return a", "def f(a, /): return a"),
    "starred parameter": ("def f(a): return a", "def f(*a): return a"),
    "dead code that makes a name local": ("def f():\n return x\n x = 1", "def f(): return x"),
    "dead branch that makes a name local": ("def f():\n if False: x = 1\n return x", "def f(): return x"),
    "dead yield": ("def f():\n return 1\n yield", "def f(): return 1"),
    "bare annotation that makes a name local": ("def f():\n x: int\n return x", "def f(): return x"),
    "bare annotation of a target that is evaluated": ("def f(g):\n g().x: int", "def f(g): pass"),
    "walrus in an annotation": ("def f():\n x: (y := 1) = 2\n return y", "def f():\n x = 2\n return y"),
    "debug f-string": ("def f(a): return f'{a=}'", "def f(a): return f'{a}'"),
    "debug f-string shows a local name": ("def f(*a): return f'{a=}'", "def f(*b): return f'{b=}'"),
    "f-string conversion": ("def f(a): return f'{a!r}'", "def f(a): return f'{a}'"),
    "f-string format": ("def f(a): return f'{a:2}'", "def f(a): return f'{a:3}'"),
    "try else": ("def f():\n try:\n  a()\n  b()\n except E: c()", "def f():\n try: a()\n except E: c()\n else: b()"),
    "method name": ("def f(s): return s.upper()", "def f(s): return s.lower()"),
    "async": ("async def f(x): return x", "def f(x): return x"),
    "generator": ("def f(x): yield x", "def f(x): return x"),
    "global and local": ("def f():\n global x\n x = 1", "def f():\n x = 1"),
    "nonlocal": ("def f():\n x = 1\n def g():\n  nonlocal x\n  x = 2\n g()\n return x",
                 "def f():\n x = 1\n def g():\n  x = 2\n g()\n return x"),
    "locals are seen": ("def f():\n a = 1\n return locals()", "def f():\n b = 1\n return locals()"),
    "which local": ("def f(x):\n a = x\n b = 1\n return a", "def f(x):\n a = x\n b = 1\n return b"),
    "comprehension filter": ("def f(x): return [a for a in x if a]", "def f(x): return [a for a in x]"),
    "nested default": ("def f():\n def g(a=1): return a\n return g", "def f():\n def g(a=2): return a\n return g"),
    "nested decorator": ("def f(d):\n @d\n def g(): pass\n return g", "def f(d):\n def g(): pass\n return g"),
    "class name": ("def f():\n class A: pass\n return A", "def f():\n class B: pass\n return B"),
    "class annotations": ("def f():\n class A:\n  x: int\n return A", "def f():\n class A:\n  x: str\n return A"),
    "class member name": ("def f():\n class A:\n  x = 1\n return A", "def f():\n class A:\n  y = 1\n return A"),
    "match singleton": ("def f(x):\n match x:\n  case None: return 1", "def f(x):\n match x:\n  case False: return 1"),
    "for else": ("def f(x):\n for i in x: g()\n else: h()", "def f(x):\n for i in x: g()\n h()"),
    "import order against use": ("def f():\n x = math\n import math\n return x", "def f():\n import math\n x = math\n return x"),
    "conditional import": ("def f(a):\n if a: import math\n return math.pi", "def f(a):\n import math\n return math.pi"),
    "star at the call": ("def f(g, a): return g(*a)", "def f(g, a): return g(a)"),
    "slice": ("def f(a): return a[1:]", "def f(a): return a[:1]"),
    "delete": ("def f(a):\n del a[0]", "def f(a): a[0]"),
    "global in a nested function": ("def f():\n x = 1\n def g():\n  global x\n  return x\n return g()", "def f():\n x = 1\n def g(): return x\n return g()"),
    "import of a name that is bound again": ("def f(a):\n import math as m\n if a: import cmath as m\n return m.pi", "def f(a):\n import math as n\n if a: import cmath as m\n return n.pi"),
    "import whose name is seen": ("def f(x):\n import math as a\n return locals()", "def f(x):\n import math as b\n return locals()"),
    "positional-only name that is seen": ("def f(a, /): return locals()", "def f(b, /): return locals()"),
    "local that eval sees": ("def f(x):\n a = 1\n return eval(x)", "def f(x):\n b = 1\n return eval(x)"),
    "local that exec sees": ("def f(x):\n a = 1\n exec(x)", "def f(x):\n b = 1\n exec(x)"),
    "local that vars sees": ("def f(x):\n a = 1\n return vars()", "def f(x):\n b = 1\n return vars()"),
    "local that dir sees": ("def f(x):\n a = 1\n return dir()", "def f(x):\n b = 1\n return dir()"),
    "text and f-string with a conversion": ("def f(): return f'{\"b\"!r}'", "def f(): return 'b'"),
    "text and f-string with a format": ("def f(): return f'{\"b\":3}'", "def f(): return 'b'"),
    "dead code that declares a global": ("def f():\n if False:\n  global x\n x = 1", "def f():\n x = 1"),
    "dead code that declares a nonlocal": ("def f():\n x = 1\n def g():\n  if False:\n   nonlocal x\n  x = 2\n g()\n return x", "def f():\n x = 1\n def g():\n  x = 2\n g()\n return x"),
    "dead await": ("async def f(x):\n return 1\n await x", "async def f(x): return 1"),
    "dead yield in a default": ("def f():\n g = 1\n return g\n def g(a=(yield)): pass", "def f():\n g = 1\n return g"),
    "walrus in an annotation of a parameter": ("def f():\n def g(a: (y := 1)): pass\n return y", "def f():\n def g(a: (y := 2)): pass\n return y"),
    "walrus in an annotation of what is returned": ("def f():\n def g() -> (y := 1): pass\n return y", "def f():\n def g() -> (y := 2): pass\n return y"),
    "walrus in an annotation of a method": ("def f():\n class A:\n  def g(s, a: (y := 1)): pass\n  z = y\n return A.z", "def f():\n class A:\n  def g(s, a: (y := 2)): pass\n  z = y\n return A.z"),
    "yield in an annotation": ("def f():\n def g(a: (yield 1)): pass\n return 2", "def f():\n def g(a): pass\n return 2"),
    "bare annotation of a subscript": ("def f(g):\n g()[h()]: int", "def f(g): pass"),
    "except unbinds the name outside": ("def f(*e):\n try: g()\n except E as e: pass\n return e", "def f(*e):\n try: g()\n except E as d: pass\n return e"),
    "chained comparison": ("def f(a, b, c): return a < b < c", "def f(a, b, c): return a < b and b < c"),
    "loop and comprehension": ("def f(x): return [a for a in x]", "def f(x):\n r = []\n for a in x: r.append(a)\n return r"),
    "lambda and what it returns": ("def f(): return lambda: g()", "def f(): return g()"),
    "positional and keyword at the call": ("def f(g, a): return g(a, b=1)", "def f(g, a): return g(a=a, b=1)"),
    "folded constant": ("def f(): return 2 ** 100", "def f(): return 1267650600228229401496703205376"),
    "positional-only and starred parameter": ("def f(a, /): return a", "def f(*a): return a"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_the_same(name: str) -> None:
    assert same(*SAME[name])


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    assert not same(*DIFFERENT[name])


def test_private_names_are_mangled_by_the_class() -> None:
    text = "def f(self): return self.__x"
    assert form(text, "A").body != form(text, "B").body
    assert form("def f(self): return self.x", "A").body == form("def f(self): return self.x", "B").body


def test_attribute_chains_and_imports_are_slots() -> None:
    slots = form("def f(x):\n from a.b import c as d\n return np.linalg.norm(x) + d.e + x.y").slots
    assert [(slot.kind, slot.name, slot.chain) for slot in slots] == [
        ("global", "np", ("linalg", "norm")),
        ("import", "a.b", ("c", "e")),
    ]


def test_a_constant_computed_import_is_a_slot() -> None:
    found = form("def f(x): return importlib.import_module('other').helper(x)")
    assert ("import", "other", ("helper",)) in [(slot.kind, slot.name, slot.chain) for slot in found.slots]
    assert COMPUTED not in found.marks


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("def f(g): return g.__doc__", DOC),
        ("def f(g): return getattr(g, '__doc__')", DOC),
        ("def f(g): return type(g).__qualname__", NAME),
        ("def f(g):\n global type\n type = max\n return type(g).__name__", NAME),
        ("def f(g): return typing.get_type_hints(g)", ANNOTATIONS),
        ("def f(): return sys._getframe().f_lineno", EXACT),
        ("def f(g): return g.__code__", EXACT),
        ("def f(): return globals()['x']", MODULE),
        ("def f(): return eval('x')", MODULE),
        ("def f(n): return importlib.import_module(n)", COMPUTED),
    ],
)
def test_reflection_is_marked(text: str, mark: str) -> None:
    assert mark in form(text).marks


@pytest.mark.parametrize(
    "text",
    [
        "def f(g): return type(g).__name__",
        "def f(g): return g.__class__.__name__",
        "def f(g): g.__name__ = g.__qualname__ = 'g'",
    ],
)
def test_the_name_of_a_class_is_no_reflection(text: str) -> None:
    """It counts anyhow; and what is set is not looked at."""
    assert NAME not in form(text).marks


def test_a_method_called_eval_is_no_reflection() -> None:
    assert not form("def f(model): return model.eval()").marks


def test_deep_nesting_has_a_template() -> None:
    assert form("def f(x): return " + "+".join(["x"] * 150)).body


def rows(section: str) -> list[tuple[str, str]]:
    """The examples of a table in the documentation, each statement on a line of its own."""
    page = (Path(__file__).parents[3] / "docs/explanation/normal-form.md").read_text(encoding="utf-8")
    table = page.partition(f"## {section}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\|[^|]*\| `([^|]*)` \| `([^|]*)` \|", table, re.MULTILINE)
    return [(spread(a), spread(b)) for a, b in found]


def spread(text: str) -> str:
    """`def f(): a; b` may hold only simple statements on its line: give it lines."""
    return re.sub(r"^(def .*?\).*?:) (.*)$", lambda m: f"{m[1]}\n " + m[2].replace("; ", "\n "), text)


@pytest.mark.parametrize(("a", "b"), rows("What is the same"))
def test_the_documentation_tells_what_is_the_same(a: str, b: str) -> None:
    assert same(a, b)


@pytest.mark.parametrize(("a", "b"), rows("What is kept apart"))
def test_the_documentation_tells_what_is_kept_apart(a: str, b: str) -> None:
    assert not same(a, b)


def test_every_row_of_the_documentation_is_read() -> None:
    page = (Path(__file__).parents[3] / "docs/explanation/normal-form.md").read_text(encoding="utf-8")
    tables = len(re.findall(r"^\| ", page, re.MULTILINE)) - 2
    assert len(rows("What is the same")) + len(rows("What is kept apart")) == tables
