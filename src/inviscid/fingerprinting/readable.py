"""A function's normalized source, as people read it: for explanations, and never hashed.

What doesn't count is left out: docstrings, annotations that nothing evaluates, ``pass``, expressions that are constant,
the decorators of the function itself, which count as objects of their own. The names of locals stay as they were
written: nobody would know their function with numbers for names. So texts may differ where the function is the same.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterable, Iterator
from typing import Any

from inviscid.digest import digest, short
from inviscid.fingerprinting.shown import is_secret
from inviscid.fingerprinting.source import FunctionNode

_LONGEST = 100_000
_LONGEST_CONSTANT = 2_000
_LARGEST_INT = 10_000


def readable(node: FunctionNode) -> str:
    """The text of a function; empty where its syntax is nested too deep to be written."""
    try:
        copied = _Copier().copy(node)
        if isinstance(copied, ast.FunctionDef | ast.AsyncFunctionDef) and copied.decorator_list:
            copied = _with(copied, {"decorator_list": []})
        text = ast.unparse(copied)
    except (RecursionError, ValueError):
        return ""
    return text[:_LONGEST].encode("utf-8", "backslashreplace").decode()


def _secrets(node: ast.AST) -> Iterator[ast.AST]:
    """Texts that a node gives to a name which says that they are secret."""
    pairs: Iterable[tuple[Any, Any]] = ()
    match node:
        case ast.keyword():
            pairs = [(node.arg, node.value)]
        case ast.Assign():
            pairs = [(target, node.value) for target in node.targets]
        case ast.AnnAssign() | ast.NamedExpr():
            pairs = [(node.target, node.value)]
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
        case ast.Compare(ops=[_]):
            pairs = [(node.left, node.comparators[0]), (node.comparators[0], node.left)]
        case ast.arguments():
            positional = zip([*node.posonlyargs, *node.args][::-1], node.defaults[::-1], strict=False)
            keywords = zip(node.kwonlyargs, node.kw_defaults, strict=True)
            pairs = [(argument.arg, value) for argument, value in (*positional, *keywords)]
    for name, value in pairs:
        if _is_text(value) and is_secret(_name(name)):
            yield value


def _name(target: Any) -> str:
    match target:
        case str():
            return target
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.Constant) and isinstance(value.value, str | bytes)
    )


_GIVING = (ast.keyword, ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Dict, ast.Compare, ast.arguments)
_SIMPLE = (ast.Name, ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)


def _with(node: Any, fields: dict[str, Any]) -> Any:
    """A node with other fields; the constructor of the class would ask for all of them."""
    kind: Any = type(node)
    made = kind.__new__(kind)
    made.__dict__.update(node.__dict__)
    made.__dict__.update(fields)
    return made


class _Copier:
    """Copies syntax without what doesn't count. The original belongs to all who ask for this source: a node in which
    nothing is left out is shared, and none is changed.
    """

    def __init__(self) -> None:
        self.hidden: set[int] = set()

    def copy(self, node: Any, *, formatted: bool = False) -> Any:
        if isinstance(node, _SIMPLE):
            return node
        if isinstance(node, _GIVING):
            self.hidden.update(map(id, _secrets(node)))
        if id(node) in self.hidden:
            return ast.Name("…", ast.Load())
        if isinstance(node, ast.Constant):
            return _constant(node, formatted=formatted)
        changed: dict[str, Any] = {}
        for field in node._fields:
            value = getattr(node, field, None)
            new = value
            if isinstance(value, list):
                if value and isinstance(value[0], ast.stmt):
                    new = self.block(value, in_class=isinstance(node, ast.ClassDef))
                else:
                    inside = isinstance(node, ast.JoinedStr)
                    new = [self.copy(item, formatted=inside) if isinstance(item, ast.AST) else item for item in value]
                if all(map(operator.is_, new, value)) and len(new) == len(value):
                    continue
            elif isinstance(value, ast.AST):
                new = self.copy(value)
            if new is not value:
                changed[field] = new
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            changed["returns"] = None
            changed["type_params"] = []
        elif isinstance(node, ast.arg) and node.annotation:
            changed["annotation"] = None
        return _with(node, changed) if changed else node

    def block(self, statements: list[ast.stmt], *, in_class: bool) -> list[ast.stmt]:
        kept: list[ast.stmt] = []
        for statement in statements:
            match statement:
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    continue
                case ast.AnnAssign(target=target, value=ast.expr() as value) if not in_class:
                    self.hidden.update(map(id, _secrets(statement)))
                    made = ast.Assign(targets=[self.copy(target)], value=self.copy(value))
                    kept.append(ast.copy_location(made, statement))
                case _:
                    kept.append(self.copy(statement))
        return kept or [ast.Pass()]


def _constant(node: ast.Constant, *, formatted: bool) -> ast.expr:
    """A constant, or what stands for one that nobody would read to its end."""
    value = node.value
    if isinstance(value, str | bytes) and len(value) > _LONGEST_CONSTANT:
        data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        rest = f"… ({len(value)} in all, digest {short(digest(data))})"
        if formatted:
            return ast.Constant(f"{str(value)[:_LONGEST_CONSTANT]}{rest}")
        return ast.Name(f"{value[:_LONGEST_CONSTANT]!r}{rest}", ast.Load())
    if type(value) is int and value.bit_length() > _LARGEST_INT:
        # Decimal has a limit of digits.
        data = hex(value).encode()
        return ast.Name(f"an int of {value.bit_length()} bits (digest {short(digest(data))})", ast.Load())
    return node
