"""Every rule is taken out once, and the row that it is for is seen to fail.

A rule is a piece of source text that stands exactly where it is said. It is replaced in a process of its own, as the
module is imported; there the two texts of the row must compare the other way round than they do with the rule.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import inviscid.fingerprinting

SOURCES = {path.stem: path for path in Path(inviscid.fingerprinting.__file__).parent.glob("*.py")}
HERE = Path(__file__).parent

# (rows, the rule, what stands in its place); all places where the rule stands are replaced.
NORMAL_FORM = [
    (["docstring", "pass", "constant statement"], "case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Global()", "case ast.Global()"),
    (["annotated assignment", "annotated attribute"], "if node.value is not None:\n            return [", "if False:\n            return ["),
    (["redundant bare annotation"], "return None if scope.bindings.bound[target.id] > 1 else", "return"),
    (["local name", "exception name", "match name", "walrus name"], 'else ["L", depth, home.number(name)]', 'else ["L", depth, name]'),
    (["positional-only name", "starred names"], "signature.append(number if hidden and not self.names_kept else argument.arg)", "signature.append(argument.arg)"),
    (["bare return"], "case ast.Return(value=None | ast.Constant(value=None)):", "case ast.Return(value=None):"),
    (["return None"], "                _strip_returns(body)", "                pass"),
    (["else after return"], "if statement.orelse and isinstance(statement.body[-1], _JUMPS):", "if False:"),
    (["not in", "is not"], "operand=ast.Compare(ops=[ast.In() | ast.Is() as operator]) as compare):", "operand=ast.Compare(ops=[ast.In() | ast.Is() as operator]) as compare) if False:"),
    (["nested lambda and def"], "case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):", "case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value) if False:"),
    (["f-string literal"], "| ast.FormattedValue(value=ast.Constant(value=str(text)), conversion=-1, format_spec=None)", ""),
    (["if False", "if True"], "if dropped is not None and self.removable(dropped, scope):", "if False:"),
    (["code after return", "code after return that binds what is bound"], "if self.removable(rest, scope):", "if False:"),
    (["int and float", "int and bool"], "kind = type(value).__name__\n    if isinstance(value, str):", "kind = 'x'; value = float(value) if isinstance(value, int | float) else value\n    if isinstance(value, str):"),
    (["bare annotation of a target that is evaluated"], 'return ["Evaluate",', 'return None and ["Evaluate",'),
    (["dead yield"], "if suspends(statements) or scope.is_class:", "if False:"),
    (["f-string conversion"], "self.expression(value.value, scope), value.conversion, spec]", "self.expression(value.value, scope), spec]"),
    (["f-string format"], "self.expression(value.value, scope), value.conversion, spec]", "self.expression(value.value, scope), value.conversion]"),
    (["locals are seen"], "self.names_kept = any(map(_shows_locals, ast.walk(located.node)))", "self.names_kept = False"),
    (["ordinary parameter name"], "signature.append(number if hidden and not self.names_kept else argument.arg)", "signature.append(number)"),
    (["class annotations"], "if scope.is_class:\n            return self.generic(node, scope)\n        if block", "if block"),
    (["async"], 'kind = "async" if isinstance(node, ast.AsyncFunctionDef) else "function"', 'kind = "function"'),
]  # fmt: skip

REACH = [
    (["import hoisted"], "if alone and name not in mentioned and not self.names_kept:", "if False:"),
    (["default", "keyword default", "default from a global"], "for name, value in [*named, *sorted(keywords.items())]:", "for name, value in []:"),
    (["closure", "wrapped"], "value = contents(cell)\n        name =", "value = None\n        name ="),
    (["base method", "order of bases"], "for base in cls.__bases__:\n            self.refer", "for base in ():\n            self.refer"),
    (["metaclass"], "if type(cls) is not type:\n            self.refer", "if False:\n            self.refer"),
    (["lru_cache"], "self.refer(definition, value.__wrapped__, definition.name)", "pass"),
    (["singledispatch"], "self.refer(definition, function.registry,", "(lambda *a: None)(definition, function.registry,"),
    (["bound method"], "self.refer(definition, value.__func__, definition.name)", "pass"),
    (["documentation that is read"], '"__doc__": (DOC,)', '"__doc__": ()'),
    (["eval by another name"], "whole = whole or name in _LOOK_UP", "pass"),
    (["function attribute"], "for name, value in sorted(vars(function).items()):", "for name, value in []:"),
    (["dataclass option", "metadata of a field"], 'yield "dataclass", _dataclass(cls)', "pass"),
    (["enum member"], "[name, member.value, *_beside_the_value(member)]", "[name, 0]"),
    (["static to class method"], "definition.kind = type(value).__name__", 'definition.kind = "x"'),
    (["generic base"], 'yield "generic bases", generic', "pass"),
    (["subclasses", "another subclass"], "self.subclasses(definition, cls)", "pass"),
    (["registered with an abstract class"], 'definition.label.append(["registered", names])', "pass"),
    (["annotation in quotes that is read"], "in registries.quoted(dict(", "in registries.quoted(list("),
    (["name that installed code shows"], "            if not _ANYWHERE.isdisjoint(uses):\n                _shown(definition, target)", ""),
    (["global in a query"], "if names := template.variables(value):", "if names := []:"),
    (["attrgetter of documentation"], "self._mentions.add(name)\n                    self.marks.update(template.REFLECTIVE_ATTRIBUTES.get(name, ()))", "self._mentions.add(name)"),
    (["line that is read"], "(template.EXACT, form.source)", '(template.EXACT, "")'),
    (["annotation that is read"], "for definition, function in unread:\n                self.annotations(definition, function)", "pass"),
    (["name that is read"], "(template.NAME, [function.__name__, function.__qualname__, form.names])", '(template.NAME, "")'),
    (["code object"], "definition.label.append(code_stream(value))", "pass"),
    (["documentation that is set later"], "(template.DOC, _replaced_documentation(function)),", ""),
    (["attribute in a format that is a global"], "if base.attr in template.FORMATTING and not isinstance(base.value, ast.Constant):", "if False:"),
    (["attribute hung on a class of a library"], "if isinstance(target.value, type):\n            self.extended", "if False:\n            self.extended"),
]  # fmt: skip


def tables(name: str) -> ModuleType:
    """The rows of a test file."""
    spec = importlib.util.spec_from_file_location(f"rows_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows_of_forms() -> dict[str, tuple[str, str]]:
    module = tables("test_normalize")
    return {**module.SAME, **module.DIFFERENT}


def rows_of_modules() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for name in ("test_registries", "test_fingerprint"):
        module = tables(name)
        for table in (module.CHANGES, module.REUSES):
            found |= {key: (module.HEAD + before, module.HEAD + after) for key, (before, after) in table.items()}
    return found


RUNNER = """
import importlib.abc, importlib.util, json, sys, warnings

warnings.simplefilter("ignore")
job = json.load(sys.stdin)

class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name == job["module"]:
            return importlib.util.spec_from_loader(name, self, origin=job["path"])
    def exec_module(self, module):
        module.__file__ = job["path"]
        exec(compile(job["text"], job["path"], "exec"), vars(module))
    def create_module(self, spec):
        return None
    def get_data(self, path):
        return open(path, "rb").read()

if job["module"]:
    sys.meta_path.insert(0, Finder())

def forms(before, after):
    import ast
    from inviscid.fingerprinting.normalize import normalize
    from inviscid.fingerprinting.source import Located
    def form(text):
        node = ast.parse(text).body[0]
        made = normalize(Located(getattr(node, "value", node) if isinstance(node, ast.Assign) else node, "", text), ())
        return made.body, made.slots
    return form(before) == form(after)

def modules(before, after):
    import linecache, types
    from inviscid import fingerprint
    found = []
    for text in (before, after):
        module = types.ModuleType("mod")
        module.__file__ = "mod.py"
        linecache.cache["mod.py"] = (len(text), None, text.splitlines(True), "mod.py")
        sys.modules["mod"] = module
        exec(compile(text, "mod.py", "exec"), vars(module))
        found.append(fingerprint(module.f).digest)
    return found[0] == found[1]

print(json.dumps([(forms if job["forms"] else modules)(*row) for row in job["rows"]]))
"""


def compared(rows: list[tuple[str, str]], *, forms: bool, rule: str = "", instead: str = "") -> list[bool]:
    """Whether the two texts of each row are the same, with a rule or without it."""
    job: dict[str, Any] = {"rows": rows, "forms": forms, "module": "", "path": "", "text": ""}
    if rule:
        places = [name for name, path in SOURCES.items() if rule in path.read_text(encoding="utf-8")]
        assert len(places) == 1, f"the rule stands in {places}: {rule}"
        path = SOURCES[places[0]]
        text = path.read_text(encoding="utf-8").replace(rule, instead)
        job |= {"module": f"inviscid.fingerprinting.{places[0]}", "path": str(path), "text": text}
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], input=json.dumps(job), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: list[bool] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("names", "rule", "instead"), NORMAL_FORM, ids=[names[0] for names, _, _ in NORMAL_FORM])
def test_a_row_of_the_normal_form_fails_without_its_rule(names: list[str], rule: str, instead: str) -> None:
    rows = [rows_of_forms()[name] for name in names]
    without = compared(rows, forms=True, rule=rule, instead=instead)
    assert without == [not same for same in compared(rows, forms=True)], names


@pytest.mark.parametrize(("names", "rule", "instead"), REACH, ids=[names[0] for names, _, _ in REACH])
def test_a_row_of_the_reach_fails_without_its_rule(names: list[str], rule: str, instead: str) -> None:
    rows = [rows_of_modules()[name] for name in names]
    without = compared(rows, forms=False, rule=rule, instead=instead)
    assert without == [not same for same in compared(rows, forms=False)], names
