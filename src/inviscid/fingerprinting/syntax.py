"""Going through syntax: faster than `ast` does, because most nodes are contexts, operators and names."""

from __future__ import annotations

import ast

# What stands in these fields is no node, or one that has none below it and binds nothing.
_SKIPPED = frozenset("ctx op ops id attr arg kind type_comment conversion is_async simple level module asname".split())
_fields: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(field for field in kind._fields if field not in _SKIPPED)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
_fields[ast.Constant] = ()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below a node, in the order of its fields, but for contexts and operators."""
    found: list[ast.AST] = []
    for field in _fields[type(node)]:
        value = getattr(node, field, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def all_nodes(node: ast.AST) -> list[ast.AST]:
    """A node and all below it, but for contexts and operators."""
    found = [node]
    # The list grows while it is gone through.
    for each in found:
        found += children(each)
    return found
