"""Canonical orders of the vertices of a coloured graph.

``nauty`` is McKay's algorithm (B. D. McKay and A. Piperno, Practical graph isomorphism II, Journal of Symbolic
Computation 60 (2014), 94-112) by pynauty: graphs that are isomorphic get one order. ``refinement`` sorts by colours
that are refined by those of the neighbours until nothing changes (B. Weisfeiler and A. Leman, 1968): graphs whose
vertices it can't tell apart may get several orders, which costs hits and is never wrong. An order is a tuple p: the
vertex at place i is p[i].
"""

from __future__ import annotations

import functools
import importlib.util
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from inviscid.errors import SymmetryError
from inviscid.symmetry import helper

METHODS = ("nauty", "refinement")
# No graph of so few vertices takes nauty longer than a message to another process.
_SMALL = 64


class Coloured(NamedTuple):
    """A graph without loops whose vertices and edges have colours."""

    vertices: Sequence[bytes]
    """The colour of each."""
    edges: Mapping[tuple[int, int], bytes]
    """By the two ends; of an undirected graph each edge once."""
    directed: bool


class Structure(NamedTuple):
    """A graph whose vertices alone have colours, as pynauty takes it."""

    size: int
    directed: bool
    neighbours: dict[int, list[int]]
    cells: list[list[int]]
    """The vertices of each colour, in the order of the colours."""


def check_method(name: str, method: str, budget: float | None) -> None:
    """Refuse what can't be done.

    Raises:
        SymmetryError: there is no such method, it isn't installed, or the budget is no time.
    """
    if method not in METHODS:
        raise SymmetryError(f"{name}: method= is 'nauty' or 'refinement', not {method!r}")
    is_number = isinstance(budget, int | float) and not isinstance(budget, bool)
    if budget is not None and not (is_number and budget >= 0):
        raise SymmetryError(f"{name}: budget= takes seconds, or None for no limit, not {budget!r}")
    if method == "nauty" and importlib.util.find_spec("pynauty") is None:
        raise SymmetryError(
            f"{name} needs pynauty: pip install 'inviscid[graphs]'; without it, method='refinement' is right too, and "
            "finds fewer hits"
        )


@functools.cache
def version_of(method: str) -> str:
    """What chooses the orders, for the key."""
    if method != "nauty":
        return f"{method} 1"
    from importlib.metadata import version

    return f"nauty 1, pynauty {version('pynauty')}"


def labelling(graph: Coloured, method: str, budget: float | None) -> tuple[int, ...]:
    """An order of the vertices that depends on nothing but how they are connected and coloured; or, by `refinement` and
    where the budget in seconds is exceeded, on their order here too.
    """
    if method == "nauty" and budget != 0:
        structure = structure_of(graph)
        if budget is None or structure.size <= _SMALL:
            found: Sequence[int] | None = _nauty(structure)
        else:
            found = helper.ask(structure, budget)
        if found is not None:
            return tuple(at for at in found if at < len(graph.vertices))
    return refinement(graph)


def structure_of(graph: Coloured) -> Structure:
    """The same graph without colours of edges: most edges stay, and each of the others becomes a vertex."""
    size = len(graph.vertices)
    counts = Counter(graph.edges.values())
    # Colours that are equally frequent must not be told apart by where they stand.
    plain = max(counts, key=lambda colour: (counts[colour], colour), default=b"")
    neighbours: dict[int, list[int]] = {}
    cells: dict[tuple[int, bytes], list[int]] = {}
    for at, colour in enumerate(graph.vertices):
        cells.setdefault((0, colour), []).append(at)
    for (start, end), colour in graph.edges.items():
        if colour == plain:
            neighbours.setdefault(start, []).append(end)
            continue
        cells.setdefault((1, colour), []).append(size)
        neighbours.setdefault(start, []).append(size)
        neighbours.setdefault(size, []).append(end)
        size += 1
    return Structure(size, graph.directed, neighbours, [cells[colour] for colour in sorted(cells)])


def _nauty(structure: Structure) -> Sequence[int]:
    if not structure.size:
        return ()
    import pynauty

    size, directed, neighbours, cells = structure
    graph = pynauty.Graph(
        size, directed=directed, adjacency_dict=neighbours, vertex_coloring=[set(cell) for cell in cells]
    )
    found: Sequence[int] = pynauty.canon_label(graph)
    return found


def refinement(graph: Coloured) -> tuple[int, ...]:
    """The vertices by their refined colours; those of one colour in the order that they are given in."""
    around: list[list[tuple[int, bytes, int]]] = [[] for _ in graph.vertices]
    for (start, end), colour in graph.edges.items():
        around[start].append((1, colour, end))
        around[end].append((-1 if graph.directed else 1, colour, start))
    colours = _ranks(list(graph.vertices))
    count = 0
    while count < (count := len(set(colours))) < len(colours):
        seen = [
            (colours[at], sorted((way, colour, colours[end]) for way, colour, end in around[at]))
            for at in range(len(colours))
        ]
        colours = _ranks(seen)
    return tuple(sorted(range(len(colours)), key=colours.__getitem__))


def _ranks(values: list[Any]) -> list[int]:
    ordered = sorted(range(len(values)), key=values.__getitem__)
    ranks, rank = [0] * len(values), 0
    for place, at in enumerate(ordered):
        if place and values[at] != values[ordered[place - 1]]:
            rank = place
        ranks[at] = rank
    return ranks
