"""Whether an edit did nothing but make a constant a parameter, with the constant as its default.

    def area(r): return 3.14 * r * r   →   def area(r, pi=3.14): return pi * r * r

The constant may have stood in the body or in a global. This offers something and decides nothing: where it isn't sure,
it says no.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from inviscid.fingerprinting import Part

_CONSTANT = (bool, int, float, complex, str, bytes, type(None))


def promoted(then: Sequence[Part], now: Sequence[Part]) -> list[str]:
    """The names of the parameters that constants became; empty if anything else changed, or nothing did.

    Args:
        then: the definitions behind the earlier fingerprint, the function first.
        now: those behind the later one.
    """
    if not then or not now or then[0].name != now[0].name or {then[0].kind, now[0].kind} != {"function"}:
        return []
    try:
        old, new = _function(then[0].shown), _function(now[0].shown)
    except (SyntaxError, ValueError):
        return []
    if old is None or new is None:
        return []
    head = f"{now[0].name}, default of "
    defaults = {part.name.removeprefix(head).strip("'"): part for part in now if part.name.startswith(head)}
    had = {name for name, _ in _parameters(old)}
    names = [name for name, _ in _parameters(new) if name not in had and name in defaults]
    before = {part.name: part for part in then[1:]}
    gone = {name for name in before if name not in {part.name for part in now}}
    values = {name: _constant(defaults[name].shown) for name in names}
    globals_ = {name.rpartition(".")[2]: _constant(before[name].shown) for name in gone if before[name].kind == "value"}
    if not names or any(value is None for value in (*values.values(), *globals_.values())):
        return []
    if _others(then, gone) != _others(now, {defaults[name].name for name in names}):
        return []
    _without(new, names)
    return names if _same(_filled(old, globals_), _filled(new, values)) else []


def _others(parts: Sequence[Part], left: set[str]) -> Counter[tuple[str, str, str]]:
    """All definitions but the function and those that are left out, and the globals that stayed."""
    return Counter((part.name, part.kind, part.alone[:16]) for part in parts[1:] if part.name not in left)


def _function(shown: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    body = ast.parse(shown).body
    return body[0] if len(body) == 1 and isinstance(body[0], ast.FunctionDef | ast.AsyncFunctionDef) else None


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[tuple[str, ast.expr | None]]:
    """Each parameter with its default."""
    given = function.args
    ordinary = [*given.posonlyargs, *given.args]
    padded = [None] * (len(ordinary) - len(given.defaults)) + list(given.defaults)
    return [
        *((one.arg, default) for one, default in zip(ordinary, padded, strict=True)),
        *((one.arg, default) for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)),
    ]


def kinds(part: Part) -> dict[str, str]:
    """How the parameters of a function take arguments, by name: ``single``, ``starred`` or ``double``. Empty where that
    can't be told.
    """
    try:
        body = ast.parse(part.shown).body
    except (SyntaxError, ValueError):
        return {}
    found = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else body[0] if len(body) == 1 else None
    if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return {}
    given = found.args
    singles = dict.fromkeys((one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)), "single")
    starred = {} if given.vararg is None else {given.vararg.arg: "starred"}
    return singles | starred | ({} if given.kwarg is None else {given.kwarg.arg: "double"})


def _without(function: ast.FunctionDef | ast.AsyncFunctionDef, names: Sequence[str]) -> None:
    """Take parameters away."""
    given, defaults = function.args, dict(_parameters(function))
    for kind in ("posonlyargs", "args", "kwonlyargs"):
        setattr(given, kind, [one for one in getattr(given, kind) if one.arg not in names])
    ordinary = [*given.posonlyargs, *given.args]
    given.defaults = [default for one in ordinary if (default := defaults[one.arg]) is not None]
    given.kw_defaults = [defaults[one.arg] for one in given.kwonlyargs]
    if not given.kwonlyargs and given.vararg is None:
        given.kw_defaults = []


def _constant(shown: str) -> ast.expr | None:
    try:
        expression = ast.parse(shown, mode="eval").body
        return expression if isinstance(ast.literal_eval(expression), _CONSTANT) else None
    except (SyntaxError, ValueError, TypeError):
        return None


# What has texts that bind nothing.
_NO_BINDING = (ast.Name, ast.Constant, ast.Attribute, ast.keyword)


class _Filling(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr | None]) -> None:
        self.values = values
        self.assigned = False

    def visit(self, node: ast.AST) -> Any:
        # In an inner scope that binds it, the name means something else. Whatever binds has it as a text: parameters,
        # functions, imports, patterns.
        if not isinstance(node, _NO_BINDING):
            for _, field in ast.iter_fields(node):
                texts = field if isinstance(field, list) else [field]
                self.assigned = self.assigned or any(isinstance(text, str) and text in self.values for text in texts)
        return super().visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found = self.values.get(node.id)
        if found is None:
            return node
        self.assigned = self.assigned or not isinstance(node.ctx, ast.Load)
        return found


def _filled(function: ast.AST, values: Mapping[str, ast.expr | None]) -> ast.AST | None:
    """The function with the values in the place of the names; None where a name is bound anew."""
    filling = _Filling(values)
    filled: ast.AST = filling.visit(function)
    return None if filling.assigned else filled


def _same(old: ast.AST | None, new: ast.AST | None) -> bool:
    return old is not None and new is not None and ast.dump(old) == ast.dump(new)
