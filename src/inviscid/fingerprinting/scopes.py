"""Which names a function binds: Python's own rule, read from the syntax.

A name is local to the innermost function whose body binds it anywhere; everything else is free or global. The rule is
applied to the syntax and not taken from a code object, because versions of Python compile the same scopes differently
(from 3.12 comprehensions are inlined).
"""

from __future__ import annotations

import ast
from collections import Counter

from inviscid.fingerprinting.syntax import all_nodes, children

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_NEW_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_SUSPENDING = (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Bindings:
    """What the body of one scope binds and declares."""

    __slots__ = ("bound", "globals", "nonlocals")

    def __init__(self) -> None:
        self.bound: Counter[str] = Counter()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()

    @property
    def locals(self) -> set[str]:
        """The names that live in this scope."""
        return set(self.bound) - self.globals - self.nonlocals


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters in the order of the signature, the starred ones included."""
    found = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg:
        found.append(arguments.vararg)
    found += arguments.kwonlyargs
    if arguments.kwarg:
        found.append(arguments.kwarg)
    return found


def annotations_in(function: Function) -> list[ast.expr]:
    """The annotations of a function, which are evaluated where it is defined."""
    found = [parameter.annotation for parameter in parameters(function.args) if parameter.annotation]
    returns = getattr(function, "returns", None)
    return [*found, returns] if returns else found


def function_bindings(function: Function) -> Bindings:
    """The bindings of a function's own scope."""
    result = Bindings()
    result.bound.update(parameter.arg for parameter in parameters(function.args))
    for parameter in getattr(function, "type_params", ()):
        result.bound[parameter.name] += 1
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    return block_bindings(body, result)


def block_bindings(nodes: list[ast.stmt] | list[ast.expr], result: Bindings | None = None) -> Bindings:
    """The bindings that statements or expressions make in the scope that they stand in."""
    result = result or Bindings()
    pending: list[ast.AST] = list(nodes)
    while pending:
        node = pending.pop()
        pending.extend(_here(node))
        for name in _binds(node):
            result.bound[name] += 1
        if isinstance(node, ast.Global):
            result.globals.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            result.nonlocals.update(node.names)
    return result


def _binds(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import(names=aliases):
            return [alias.asname or alias.name.partition(".")[0] for alias in aliases]
        case ast.ImportFrom(names=aliases):
            return [alias.asname or alias.name for alias in aliases]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)):
            return [name]
        case _:
            return []


def _here(node: ast.AST) -> list[ast.AST]:
    """The children that are evaluated or bound in the same scope as the node."""
    if isinstance(node, _NEW_SCOPE):
        outside: list[ast.AST] = list(getattr(node, "decorator_list", ()))
        if isinstance(node, ast.ClassDef):
            return [*outside, *node.bases, *node.keywords]
        defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        return [*outside, *defaults, *annotations_in(node)]
    if isinstance(node, _COMPREHENSIONS):
        # The first iterable is evaluated outside; of the rest only a walrus reaches the enclosing scope.
        return [node.generators[0].iter, *_walruses(node)]
    return children(node)


def _walruses(comprehension: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    pending = children(comprehension)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.NamedExpr):
            found.append(node.target)
        if not isinstance(node, _NEW_SCOPE):
            pending += children(node)
    return found


def comprehension_targets(node: Comprehension) -> set[str]:
    """The names that a comprehension's own scope binds."""
    found: set[str] = set()
    for generator in node.generators:
        for inner in all_nodes(generator.target):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                found.add(inner.id)
    return found


def suspends(nodes: list[ast.stmt] | list[ast.expr]) -> bool:
    """Whether there is a yield or an await of their own scope in nodes, which makes the function what it is."""
    pending: list[ast.AST] = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, _SUSPENDING):
            return True
        # What is evaluated where a function is defined, its defaults for one, is no part of it.
        pending += _here(node) if isinstance(node, _NEW_SCOPE) else children(node)
    return False
