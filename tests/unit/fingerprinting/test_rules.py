"""Every rule is taken out once, and the rows that it is for are seen to fail.

A rule is a piece of source text that stands in one module, exactly as it is said. It is replaced as that module is
imported, in a process where nothing of the package was imported before (`without`). A row is a pair of texts, which
must compare the other way round there than they do with the rule; or a test, named as pytest names it below
``tests/unit``, which must fail there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import IO, Any, NamedTuple

import pytest

import inviscid

HOME = Path(inviscid.__file__).parent
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(HOME.rglob("*.py"))}
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
    (["name that installed code shows"], '            if "" in uses:\n                _shown(definition, target)', ""),
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


RULES = [*NORMAL_FORM, *REACH]


class Pair(NamedTuple):
    """Two texts, and whether they are the same."""

    before: str
    after: str
    same: bool


def tables(name: str) -> ModuleType:
    """The rows of a test file."""
    spec = importlib.util.spec_from_file_location(f"rows_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pairs_of_forms() -> dict[str, Pair]:
    module = tables("test_normalize")
    return {
        name: Pair(*pair, same=table is module.SAME)
        for table in (module.SAME, module.DIFFERENT)
        for name, pair in table.items()
    }


def pairs_of_modules() -> dict[str, Pair]:
    """By name; where two tables have a name, behind the name of the file and ``CHANGES`` or ``REUSES``."""
    found: dict[str, Pair] = {}
    for file in ("test_registries", "test_fingerprint", "test_reach_rows"):
        module = tables(file)
        texts = {**module.CHANGES, **getattr(module, "TEXTS", {})}
        for kind, table in (("CHANGES", texts), ("REUSES", module.REUSES)):
            for name, (before, after) in table.items():
                pair = Pair(module.HEAD + before, module.HEAD + after, same=kind == "REUSES")
                found[f"{file} {kind} {name}"] = found[name] = pair
    module = tables("test_attacks")
    for name, (text, old, new) in module.ROWS.items():
        found[f"test_attacks {name}"] = Pair(module.HEAD + text, module.HEAD + text.replace(old, new), same=False)
    module = tables("test_narrowing")
    for table, name, text, class_text in [
        *(("KEEPS", name, text, module.CLASS) for name, text in module.KEEPS.items()),
        *(("COUNTS", name, text, module.CLASS) for name, text in module.COUNTS.items()),
        *(("ALWAYS", name, "def f(x): return A().used()", text) for name, text in module.ALWAYS.items()),
    ]:
        before, after = (class_text.format(value) + text for value in (1, 2))
        found[f"{table} {name}"] = Pair(before, after, same=table == "KEEPS")
    return found


FORMS = pairs_of_forms()
MODULES = pairs_of_modules()


@pytest.fixture(scope="module")
def forks() -> Iterator[subprocess.Popen[str]]:
    """The process that takes rules out."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "without.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        # A fork has no threads but the one that forked.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        written(process).write(json.dumps(tables("test_reach_rows").MODULES) + "\n")
        yield process


def written(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def asked(process: subprocess.Popen[str], names: list[str], rule: str, instead: str) -> dict[str, Any]:
    """What becomes of rows without a rule."""
    places = [path for path, text in SOURCES.items() if rule in text]
    assert len(places) == 1, f"the rule stands in {places}: {rule}"
    job = {
        "module": ".".join(["inviscid", *places[0].relative_to(HOME).with_suffix("").parts]),
        "path": str(places[0]),
        "text": SOURCES[places[0]].replace(rule, instead),
        "forms": [FORMS[name][:2] for name in names if name in FORMS],
        "modules": [MODULES[name][:2] for name in names if name in MODULES],
        "tests": [name for name in names if "::" in name],
    }
    assert len(job["forms"]) + len(job["modules"]) + len(job["tests"]) == len(names), "a row is missing, or is two"
    written(process).write(json.dumps(job) + "\n")
    written(process).flush()
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


@pytest.mark.parametrize(("names", "rule", "instead"), RULES, ids=[names[0] for names, _, _ in RULES])
def test_a_row_fails_without_its_rule(forks: subprocess.Popen[str], names: list[str], rule: str, instead: str) -> None:
    found = asked(forks, names, rule, instead)
    assert "error" not in found, found["error"]
    forms = [not FORMS[name].same for name in names if name in FORMS]
    modules = [not MODULES[name].same for name in names if name in MODULES]
    assert (found["forms"], found["modules"]) == (forms, modules), names
    for name in names:
        if "::" in name:
            # Another error than that of an assertion would say little: the text may only have been broken.
            assert found["tests"].get(name) in ("AssertionError", "Failed"), found["told"]
