"""Mutations: one small change to one definition of a file.

Each is a piece of text that stands for the piece that it replaces, so all else in the file stays where it is. Which of
them change what a program does is not known here: that shows when it runs.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Mutation(NamedTuple):
    """A change of one definition."""

    kind: str
    owner: str
    """Qualified name of the innermost definition that it lies in; empty for the module's own statements."""
    first_line: int
    """Of that definition, its decorators included, as code objects have it; 0 for the module."""
    of_class: bool
    """Whether the owner is a class."""
    last_line: int
    line: int
    start: int
    """Offset in the encoded text."""
    end: int
    after: str

    def apply(self, text: str) -> str:
        encoded = text.encode()
        return (encoded[: self.start] + self.after.encode() + encoded[self.end :]).decode()

    def shown(self, text: str) -> str:
        """One line that says what became what."""
        before = text.encode()[self.start : self.end].decode()
        return " ".join(
            f"{self.kind} in {self.owner or 'the module'}, line {self.line}: {before} → {self.after}".split()
        )[:200]


KINDS = {
    "operator": "arithmetic, boolean and unary operators",
    "comparison": "`<` → `<=`, `==` → `!=`, `in` → `not in`, …",
    "constant": "another value of the same type",
    "constant's type": "`1` → `1.0`, `1` → `True`, `'a'` → `b'a'`",
    "arguments": "the first two arguments of a call swapped",
    "statement": "a statement removed",
    "default": "the default of a parameter",
    "result": "`return x` → `return None`",
    "name": "a call of another function of the same module",
    "attribute": "an attribute of a class",
    "base": "a base of a class left out",
    "decorator": "a decorator left out",
    "try": "the end of a `try` moved into its `else`, or back",
}
"""What each kind changes."""

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.FloorDiv, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_COMPARISONS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_REMOVED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Delete, ast.Continue, ast.Break)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def mutations(text: str) -> Iterator[Mutation]:
    """All mutations of a file, in the order of the text."""
    tree = ast.parse(text)
    yield from _Finder(text, tree).find()


class _Finder:
    def __init__(self, text: str, tree: ast.Module) -> None:
        self.tree = tree
        self.starts = [0]
        for line in text.encode().splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        self.found: list[Mutation] = []
        self.names: list[str] = []
        self.owners: list[ast.AST] = []

    def find(self) -> list[Mutation]:
        self.body(self.tree)
        return sorted(self.found, key=lambda one: (one.start, one.kind, one.after))

    def offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def add(self, kind: str, node: Any, after: str) -> None:
        owner: Any = self.owners[-1] if self.owners else None
        decorators = getattr(owner, "decorator_list", None)
        first = 0 if owner is None else decorators[0].lineno if decorators else owner.lineno
        self.found.append(
            Mutation(
                kind,
                ".".join(self.names).removesuffix(".<locals>"),
                first,
                isinstance(owner, ast.ClassDef),
                0 if owner is None else owner.end_lineno,  # type: ignore[attr-defined]
                node.lineno,
                self.offset(node.lineno, node.col_offset),
                self.offset(node.end_lineno, node.end_col_offset),
                after,
            )
        )

    def replace(self, kind: str, node: ast.expr, change: Callable[[Any], Any]) -> None:
        changed = copy.deepcopy(node)
        result = change(changed)
        self.add(kind, node, f"({ast.unparse(changed if result is None else result)})")

    def body(self, node: Any) -> None:
        """The statements of a definition, without its documentation."""
        statements = node.body
        if statements and isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant):
            statements = statements[1:]
        for statement in statements:
            self.visit(statement)

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, _DEFINITIONS):
            self.definition(node)
            return
        if isinstance(node, ast.JoinedStr):
            # Its parts have no place of their own in the text before 3.12.
            return
        if isinstance(node, ast.stmt):
            self.statement(node)
        elif isinstance(node, ast.expr):
            self.expression(node)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "type_comment"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)

    def definition(self, node: Any) -> None:
        self.owners.append(node)
        self.names.append(node.name)
        for decorator in node.decorator_list:
            self.add("decorator", decorator, "(lambda _same: _same)")
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                if not isinstance(base, ast.Starred) and ast.unparse(base) != "object":
                    self.add("base", base, "*()")
            for statement in node.body:
                if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
                    self.constant("attribute", statement.value)
                elif isinstance(statement, ast.Assign):
                    self.add("attribute", statement, "pass")
        else:
            for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]:
                if isinstance(default, ast.Constant):
                    self.constant("default", default)
                else:
                    self.add("default", default, "None")
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, _DEFINITIONS):
                    self.visit(statement)
        else:
            self.names.append("<locals>")
            self.body(node)
            self.names.pop()
        self.names.pop()
        self.owners.pop()

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, _REMOVED) and self.owners:
            self.add("statement", node, "pass")
        if isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
            self.add("result", node.value, "None")
        if isinstance(node, ast.Try) and node.handlers:
            changed = copy.deepcopy(node)
            if node.orelse:
                changed.body += changed.orelse
                changed.orelse = []
            elif len(node.body) > 1:
                changed.orelse = [changed.body.pop()]
            else:
                return
            lines = ast.unparse(changed).splitlines()
            # A string over several lines would have to keep its own indentation.
            if not any(isinstance(one, ast.Constant) and "\n" in str(one.value) for one in ast.walk(node)):
                self.add("try", node, ("\n" + " " * node.col_offset).join(lines))

    def expression(self, node: ast.expr) -> None:
        if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in _OPERATORS:
            self.replace("operator", node, lambda new: setattr(new, "op", _OPERATORS[type(new.op)]()))
        elif isinstance(node, ast.UnaryOp):
            self.replace("operator", node, lambda new: new.operand)
        elif isinstance(node, ast.Compare):
            other = _COMPARISONS[type(node.ops[0])]
            self.replace("comparison", node, lambda new: new.ops.__setitem__(0, other()))
        elif isinstance(node, ast.Constant):
            self.constant("constant", node)
            self.type_of(node)
        elif isinstance(node, ast.Call):
            first = [ast.dump(one) for one in node.args[:2] if not isinstance(one, ast.Starred)]
            if len(set(first)) == 2:
                self.replace("arguments", node, lambda new: new.args.__setitem__(slice(2), new.args[1::-1]))
            if isinstance(node.func, ast.Name) and node.func.id in self.functions and len(self.functions) > 1:
                place = self.functions.index(node.func.id)
                self.add("name", node.func, self.functions[place - 1])

    def constant(self, kind: str, node: ast.Constant) -> None:
        match node.value:
            case bool():
                after: Any = not node.value
            case None:
                after = 0
            case int() | float() | complex():
                after = node.value + 1
            case str():
                after = node.value + "x"
            case bytes():
                after = node.value + b"x"
            case _:
                return
        self.add(kind, node, f"({after!r})")

    def type_of(self, node: ast.Constant) -> None:
        match node.value:
            case bool():
                self.add("constant's type", node, f"({int(node.value)})")
            case int():
                self.add("constant's type", node, f"({float(node.value)})" if abs(node.value) < 1 << 53 else "(0.5)")
                if node.value in (0, 1):
                    self.add("constant's type", node, f"({bool(node.value)})")
            case float() if node.value.is_integer():
                self.add("constant's type", node, f"({int(node.value)})")
            case str() if node.value.isascii():
                self.add("constant's type", node, f"({node.value.encode()!r})")
