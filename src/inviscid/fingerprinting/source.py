"""From a live code object to its syntax, and only to syntax that is really its own.

The file on disk is not evidence of what runs: it may have been edited after the import. So a node is handed out only if
the text still compiles to the very code object that was asked for (line numbers apart); otherwise `locate` answers
None, and the fingerprint is taken of the code object itself.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from types import CodeType
from typing import Any, NamedTuple

from inviscid.fingerprinting.identity import nested_codes, text_digest
from inviscid.fingerprinting.syntax import children

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_COMPARED = (
    "co_code co_names co_varnames co_freevars co_cellvars co_argcount co_posonlyargcount co_kwonlyargcount co_flags "
    "co_exceptiontable"
).split()


class Located(NamedTuple):
    """The syntax of one function, checked against the code object that runs."""

    node: FunctionNode
    class_name: str
    """The innermost class around it, which mangles its private names; empty if there is none."""
    text: str
    """The source lines of the function, as written."""


class _File(NamedTuple):
    lines: list[str]
    nodes: dict[tuple[int, str], list[tuple[FunctionNode, str]]]
    codes: dict[str, list[CodeType]]
    digest: bytes
    """Of the text; empty where it could not be parsed, which may have other reasons than the text."""


_files: dict[str, list[_File]] = {}


def locate(code: CodeType, module_globals: dict[str, Any]) -> Located | None:
    """The syntax of a live code object.

    Args:
        code: code of a function or lambda.
        module_globals: the function's globals; their loader knows the text of modules in archives.

    Returns:
        The node, or None where no text is there or the text is no longer that of the running code.
    """
    return search(code, module_globals)[0]


def search(code: CodeType, module_globals: dict[str, Any]) -> tuple[Located | None, bytes]:
    """As `locate`, with the digest of the text that decided: what may be remembered of the answer belongs to that text.

    The digest is empty where nothing may be remembered.
    """
    name = code.co_filename
    # linecache notices an edit only when it is told to look.
    linecache.checkcache(name)
    lines = linecache.getlines(name, module_globals)
    if not lines and isinstance(file := module_globals.get("__file__"), str):
        # What was pickled by value has forgotten its file.
        name = file
        linecache.checkcache(name)
        lines = linecache.getlines(name, module_globals)
    if not lines and name not in _files:
        return None, b""
    versions = _files.setdefault(name, [])
    if not versions or versions[-1].lines is not lines:
        versions.append(_parse(name, lines))
    # What was imported before an edit has its text in an older version.
    for version in reversed(versions):
        located = _find(code, version)
        if located is not None:
            return located, version.digest
    return None, versions[-1].digest


def was_read(name: str) -> bool:
    """Whether a text of this file is known already; it need not be the one that is there now."""
    return name in _files


def excerpt(code: CodeType) -> str | None:
    """A text in which `locate` finds what it finds here; None where there is none.

    It is the top-level statement that a code object is from, on the same lines, below the imports from ``__future__``
    that it was compiled under.
    """
    located = locate(code, {})
    if located is None:
        return None
    file = next(file for file in reversed(_files[code.co_filename]) if _find(code, file) == located)
    statements = ast.parse("".join(file.lines)).body
    first, last = located.node.lineno, located.node.end_lineno or located.node.lineno
    for _ in statements:
        # Several statements may share a line.
        touched = [span for span in map(_lines_of, statements) if span[0] <= last and first <= span[1]]
        spanned = min(span[0] for span in touched), max(span[1] for span in touched)
        if spanned == (first, last):
            break
        first, last = spanned
    futures = [
        ast.unparse(item) for item in statements if isinstance(item, ast.ImportFrom) and item.module == "__future__"
    ]
    before = "; ".join(futures) if first > 1 else ""
    return before + "\n" * (first - 1) + "".join(file.lines[first - 1 : last])


def _lines_of(statement: ast.stmt) -> tuple[int, int]:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(item.lineno for item in decorators)]), statement.end_lineno or statement.lineno


def _find(code: CodeType, file: _File) -> Located | None:
    twins = [twin for twin in file.codes.get(code.co_qualname, ()) if same_code(code, twin)]
    # Lambdas on one line may be equal code made from different text: `1 + 2` and `3`.
    twins.sort(key=lambda twin: (twin.co_firstlineno != code.co_firstlineno, twin.co_linetable != code.co_linetable))
    for twin in twins:
        for node, class_name in file.nodes.get((twin.co_firstlineno, twin.co_name), ()):
            if not isinstance(node, ast.Lambda) or _spans(node, twin):
                last = node.end_lineno or node.lineno
                return Located(node, class_name, "".join(file.lines[twin.co_firstlineno - 1 : last]))
    return None


def _parse(filename: str, lines: list[str]) -> _File:
    text = "".join(lines)
    # Notebook cells may await at top level; the flag changes nothing for what doesn't.
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        tree = compile(text, filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        module = compile(text, filename, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return _File(lines, {}, {}, b"")
    nodes: dict[tuple[int, str], list[tuple[FunctionNode, str]]] = {}
    for node, class_name in _functions(tree):
        if isinstance(node, ast.Lambda):
            nodes.setdefault((node.lineno, "<lambda>"), []).append((node, class_name))
        else:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            nodes.setdefault((first, node.name), []).append((node, class_name))
    codes: dict[str, list[CodeType]] = {}
    for code in nested_codes(module):
        codes.setdefault(code.co_qualname, []).append(code)
    return _File(lines, nodes, codes, text_digest(text))


def _functions(tree: ast.AST) -> Iterator[tuple[FunctionNode, str]]:
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, class_name = pending.pop()
        if isinstance(node, _FUNCTIONS):
            yield node, class_name
        inner = node.name if isinstance(node, ast.ClassDef) else class_name
        pending += [(child, inner) for child in children(node)]


def _spans(node: ast.Lambda, code: CodeType) -> bool:
    """Whether the lambda's body is where the code says it is: several lambdas may share a line."""
    body = node.body
    begin, end = (body.lineno, body.col_offset), (body.end_lineno or body.lineno, body.end_col_offset or 0)
    spans = [(p[0], p[2], p[1], p[3]) for p in code.co_positions() if None not in p]
    # The prologue of a code object is attributed to its first line, column 0.
    inner = [
        (line, col, last, last_col) for line, col, last, last_col in spans if (line, col, last_col) != (line, 0, 0)
    ]
    if not inner:
        # On 3.12 a body that is a constant has no position of its own.
        made = compile(ast.Expression(node), code.co_filename, "eval").co_consts[0]
        return same_code(made.replace(co_flags=code.co_flags, co_qualname=code.co_qualname), code)
    return all(
        begin <= (line or 0, col or 0) and (last or 0, last_col or 0) <= end for line, col, last, last_col in inner
    )


def same_code(a: CodeType, b: CodeType) -> bool:
    """Whether two code objects do the same: everything but file name and line numbers is equal.

    The exception table counts: moving a statement across ``try … else`` changes nothing else.
    """
    return all(getattr(a, name) == getattr(b, name) for name in _COMPARED) and _same_constants(a.co_consts, b.co_consts)


def _same_constants(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(map(_same_constant, a, b))


def _same_constant(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, CodeType):
        return a.co_name == b.co_name and same_code(a, b)
    if isinstance(a, tuple):
        return _same_constants(a, b)
    if isinstance(a, frozenset):
        return sorted(map(_tagged, a)) == sorted(map(_tagged, b))
    if type(a) is int:
        # Decimal has a limit of digits.
        return bool(a == b)
    # By repr: 0.0 == -0.0, and a NaN differs from itself.
    return repr(a) == repr(b)


def _tagged(value: Any) -> str:
    return f"{type(value).__name__}:{value!r}"
