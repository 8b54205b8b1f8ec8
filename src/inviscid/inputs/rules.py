"""How a type finds its rule.

The most derived class wins; for one class, in this order: a registered hasher, `__inviscid_key__`, a rule of a family.
Where no class has one: subclasses of builtin containers and scalars by their content, anything else by `__reduce_ex__`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from . import callables, classified, containers, files, objects, plain
from .parts import Context, Node, Raw, Rule
from .registry import Hasher, found, loaded, registered
from .tags import REGISTERED

# Rules for exactly this type, and rules that hold for subclasses too. Keys are types, or names in loaded modules.
_EXACT: dict[type | str, Rule] = {**plain.EXACT, **containers.EXACT, **callables.EXACT, **classified.EXACT}
_FAMILIES: dict[type | str, Rule] = {
    **callables.FAMILIES,
    **classified.FAMILIES,
    **objects.FAMILIES,
    **files.FAMILIES,
}


def rule_for(kind: type) -> Rule:
    """The rule for the values of a type; it is remembered in `registry.found`."""
    rule = _find(kind)
    found[kind] = rule
    return rule


def _find(kind: type) -> Rule:
    if registered(kind) is None and "__inviscid_key__" not in vars(kind):
        exact = _lookup(_EXACT, kind)
        if exact is not None:
            return exact
    for base in kind.__mro__:
        hasher = registered(base)
        if hasher is not None:
            return Rule(_by_hasher(hasher), tracked=True)
        if "__inviscid_key__" in vars(base):
            return Rule(objects.by_key, tracked=True)
        for table in _families():
            rule = _lookup(table, base)
            if rule is not None:
                return rule
    if callables.is_wrapper(kind):
        return callables.REFER
    return containers.subclass_rule(kind) or objects.reduce_rule(kind)


def _families() -> list[Mapping[type | str, Rule]]:
    tables: list[Mapping[type | str, Rule]] = [_FAMILIES]
    # Nothing can be theirs before they are loaded.
    if "numpy" in sys.modules:
        from . import arrays

        tables.append(arrays.FAMILIES)
    if "pandas" in sys.modules:
        from . import frames

        tables.append(frames.FAMILIES)
    if "pyarrow" in sys.modules or "polars" in sys.modules:
        from . import tables as of_arrow

        tables.append(of_arrow.families())
    if "torch" in sys.modules:
        from . import tensors

        tables.append(tensors.families())
    if "networkx" in sys.modules:
        from . import graphs

        tables.append(graphs.families())
    return tables


def _lookup(table: Mapping[type | str, Rule], kind: type) -> Rule | None:
    rule = table.get(kind)
    if rule is None:
        for name, by_name in table.items():
            # By identity, not by what a class says its module and name are: anybody can say that.
            if isinstance(name, str) and loaded(name) is kind:
                return by_name
    return rule


def _by_hasher(hasher: Hasher) -> Callable[[Context, Any], Node | Raw]:
    def expand(context: Context, value: object) -> Node | Raw:
        return Node(REGISTERED, [context.refer(type(value)), context.ask(value, hasher, value)])

    return expand
