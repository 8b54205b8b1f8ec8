"""networkx: graphs by their nodes, edges and attributes, in their order.

    GRAPH class STATE

The state is what pickle takes, without what a graph makes of itself when it is looked at: its views (`nodes`, `edges`,
`degree`, …) are kept in its attributes from the first look on, so a graph that was only read would seem changed.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from . import objects, tags
from .parts import Context, Node, Rule

# What backends made of it. It is emptied by whatever changes the graph.
_CONVERTED = "__networkx_cache__"


def _graph(context: Context, value: Any) -> Node:
    kind = type(value)
    state = {name: part for name, part in vars(value).items() if name != _CONVERTED and not _is_view(kind, name)}
    return Node(tags.GRAPH, [context.refer(kind), objects.named(context, state)])


def _is_view(kind: type, name: str) -> bool:
    owner = next((base for base in kind.__mro__ if name in vars(base)), None)
    # What a class of the user's keeps so is their own affair.
    is_theirs = owner is not None and owner.__module__.startswith("networkx.")
    return is_theirs and isinstance(vars(owner)[name], functools.cached_property)


def families() -> dict[type | str, Rule]:
    """The rule of graphs, where networkx is loaded."""
    return {"networkx:Graph": Rule(_graph, tracked=True)} if "networkx" in sys.modules else {}
