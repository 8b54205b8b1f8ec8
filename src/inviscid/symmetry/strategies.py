"""Hypothesis strategies for what the groups of this package act on.

Small and full of repetitions: a wrong declaration shows where items are equal, graphs have automorphisms, and squares
are their own mirror image.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from inviscid.errors import SymmetryError
from inviscid.symmetry.cyclic import Cyclic
from inviscid.symmetry.graphs import Relabel
from inviscid.symmetry.group import Group
from inviscid.symmetry.matrices import RowsAndColumns
from inviscid.symmetry.permutations import Columns, Permutation, Permutes, Rows
from inviscid.symmetry.signs import Signs
from inviscid.symmetry.squares import Dihedral

Strategy = st.SearchStrategy[Any]
_LONGEST = 6
_NODES = 5

_integers = st.integers(-3, 3)
# Sums of the first show in which order they were made.
_floats = st.one_of(st.sampled_from([0.1, 0.2, 0.3, 1.0, 1e16, -1e16]), st.floats(-1e6, 1e6))


def numbers() -> Strategy:
    """Strategies of numbers of one kind: few integers, or floats."""
    return st.sampled_from([_integers, _floats])


def sequences(items: Strategy | None = None) -> Strategy:
    """Lists of numbers of one kind, or of other items."""
    if items is not None:
        return st.lists(items, max_size=_LONGEST)
    return numbers().flatmap(lambda kind: st.lists(kind, max_size=_LONGEST))


def matrices(items: Strategy | None = None, *, square: bool = False, arrays: bool | None = None) -> Strategy:
    """Matrices of small integers, or of other items.

    Args:
        items: for the entries.
        square: whether there are as many rows as columns.
        arrays: of numpy, and not lists of lists; None for where numpy is loaded.
    """
    arrays = "numpy" in sys.modules if arrays is None else arrays
    items = st.integers(0, 2) if items is None else items

    def rows(shape: tuple[int, int]) -> Strategy:
        row = st.lists(items, min_size=shape[1], max_size=shape[1])
        return st.lists(row, min_size=shape[0], max_size=shape[0])

    side = st.integers(1, 4)
    found = (side.map(lambda n: (n, n)) if square else st.tuples(side, side)).flatmap(rows)
    if not arrays:
        return found
    import numpy as np

    return found.map(np.array)


def graphs(kind: type[Any] | None = None) -> Strategy:
    """Graphs of networkx of up to five nodes, called 0, 1, 2, … in any order; adjacency matrices without networkx.

    Args:
        kind: the class; `networkx.Graph` if it is left out.
    """
    if "networkx" not in sys.modules:
        return matrices(st.integers(0, 1), square=True)
    import networkx as nx

    def made(drawn: tuple[list[int], list[bool]]) -> Any:
        graph = (kind or nx.Graph)()
        nodes, edges = drawn
        graph.add_nodes_from(nodes)
        pairs = ((start, end) for start in nodes for end in nodes if start < end or graph.is_directed())
        graph.add_edges_from(pair for pair, there in zip(pairs, edges, strict=False) if there and pair[0] != pair[1])
        return graph

    nodes = st.integers(0, _NODES).flatmap(lambda size: st.permutations(range(size)))
    return st.tuples(nodes, st.lists(st.booleans(), min_size=_NODES**2, max_size=_NODES**2)).map(made)


def values_of(group: Group, hint: Any) -> Strategy:
    """Values for a parameter that a group acts on.

    Args:
        group: of this package.
        hint: the annotation of the parameter, or None.

    Raises:
        SymmetryError: the group is of the user's own.
    """
    for kinds, make in _MAKERS:
        if isinstance(group, kinds):
            return make(group, hint)
    raise SymmetryError(
        f"{group!r}: nobody knows what it acts on: give a strategy for '{group.parameters[0]}', as in "
        f"check(f, {group.parameters[0]}=hypothesis.strategies.…)"
    )


def _by_hint(hint: Any) -> Strategy | None:
    """Small values of an annotation; None where it says too little."""
    if hint in _ITEMS:
        return _ITEMS[hint]
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin not in (list, tuple, Sequence) or not inner:
        return None if origin is None else st.from_type(hint)
    items = _ITEMS[inner[0]] if inner[0] in _ITEMS else st.from_type(inner[0])
    found = sequences(items)
    return found.map(tuple) if origin is tuple else found


_ITEMS: dict[Any, Strategy] = {
    int: _integers,
    float: _floats,
    str: st.text("ab", max_size=_LONGEST),
    bytes: st.binary(max_size=_LONGEST),
}


def _of_square(group: Group, hint: Any) -> Strategy:
    return matrices(square=True, arrays=None if hint is None else "ndarray" in str(hint))


def _of_matrix(group: Group, hint: Any) -> Strategy:
    return matrices(arrays=None if hint is None else "ndarray" in str(hint))


def _of_graph(group: Group, hint: Any) -> Strategy:
    if isinstance(hint, type) and hasattr(hint, "add_nodes_from"):
        return graphs(hint)
    return graphs() if hint is None or hint is Any else _of_square(group, hint)


def _of_items(group: Group, hint: Any) -> Strategy:
    if "ndarray" in str(hint):
        import numpy as np

        return sequences().map(np.array)
    found = _by_hint(hint)
    return sequences() if found is None else found


def _of_argument(group: Group, hint: Any) -> Strategy:
    found = _by_hint(hint)
    return st.one_of(_integers, _floats) if found is None else found


_MAKERS: list[tuple[type | tuple[type, ...], Callable[[Group, Any], Strategy]]] = [
    ((Rows, Columns, RowsAndColumns), _of_matrix),
    (Dihedral, _of_square),
    (Relabel, _of_graph),
    ((Permutation, Cyclic, Signs), _of_items),
    (Permutes, _of_argument),
]
