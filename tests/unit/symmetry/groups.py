"""Every group of the package with points that it acts on, and functions that have its symmetry."""

from __future__ import annotations

import importlib.util
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from inviscid.symmetry import (
    Columns,
    Cyclic,
    Dihedral,
    Group,
    Orbit,
    Permutation,
    Permutes,
    Relabel,
    Rows,
    RowsAndColumns,
    Signs,
)
from inviscid.symmetry.strategies import graphs, matrices, sequences

HAS_NAUTY = importlib.util.find_spec("pynauty") is not None
HAS_GRAPHS = importlib.util.find_spec("networkx") is not None

METHOD = "nauty" if HAS_NAUTY else "refinement"

texts = st.text("ab", max_size=6)
mixed = st.lists(st.sampled_from([0, 0.0, -0.0, False, "0", b"0", None, float("nan"), (1, 2)]), max_size=5)
numbers = st.one_of(st.integers(-2, 2), st.sampled_from([0.0, -0.0, 1.5, -1.5, float("inf"), float("nan")]))


def _turned(x: tuple[int, int]) -> tuple[tuple[int, int], int]:
    """A point of the grid, turned to where both of its coordinates are least."""
    turns = min(range(4), key=lambda k: _turn(k, x))
    return _turn(turns, x), turns


def _turn(k: int, x: tuple[int, int]) -> tuple[int, int]:
    for _ in range(k % 4):
        x = (-x[1], x[0])
    return x


TURNS = Orbit(
    "x",
    canon=_turned,
    act=_turn,
    inv=lambda k: -k % 4,
    mul=lambda a, b: (a + b) % 4,
    sample=lambda x, random: random.randrange(4),
)


class Sample(NamedTuple):
    """A group, and points that it acts on."""

    group: Group
    points: st.SearchStrategy[Any]
    canonical: bool = True
    """Whether all points of an orbit have one representative."""


def _graph_samples() -> dict[str, Sample]:
    if not HAS_GRAPHS:
        return {}
    import networkx as nx

    def attributed(kind: type[Any]) -> st.SearchStrategy[Any]:
        def dressed(drawn: tuple[Any, list[int], bool]) -> Any:
            graph, colours, loops = drawn
            graph = nx.relabel_nodes(graph, {node: f"n{node}" for node in graph})
            for node, colour in zip(list(graph), colours, strict=False):
                if colour:
                    graph.nodes[node]["colour"] = colour
            for number, (start, end, *key) in enumerate(list(graph.edges)):
                if colours[number % len(colours)] > 1:
                    graph.edges[(start, end, *key)]["weight"] = colours[number % len(colours)]
                if graph.is_multigraph() and number % 2:
                    graph.add_edge(start, end, key="twin", weight=1)
            if loops and len(graph):
                node = next(iter(graph))
                graph.add_edge(node, node)
            return graph

        colours = st.lists(st.integers(0, 2), min_size=5, max_size=5)
        return st.tuples(graphs(kind), colours, st.booleans()).map(dressed)

    kinds = {"graph": nx.Graph, "digraph": nx.DiGraph, "multigraph": nx.MultiGraph, "multidigraph": nx.MultiDiGraph}
    found = {
        f"relabel-{name}": Sample(Relabel("x", method=METHOD), attributed(kind), HAS_NAUTY)
        for name, kind in kinds.items()
    }
    found["relabel-plain"] = Sample(Relabel("x", method=METHOD), graphs(), HAS_NAUTY)
    found["relabel-heuristic"] = Sample(Relabel("x", method="refinement"), attributed(nx.Graph), canonical=False)
    return found


cells = st.sampled_from([0, 1])

SAMPLES: dict[str, Sample] = {
    "permutes": Sample(Permutes("a", "b", "c"), st.tuples(numbers, numbers, numbers)),
    "permutation": Sample(Permutation("x"), sequences()),
    "permutation-tuple": Sample(Permutation("x"), sequences().map(tuple)),
    "permutation-text": Sample(Permutation("x"), texts),
    "permutation-bytes": Sample(Permutation("x"), texts.map(str.encode)),
    "permutation-mixed": Sample(Permutation("x"), mixed),
    "permutation-array": Sample(Permutation("x"), st.lists(numbers, max_size=5).map(lambda x: np.array(x, dtype=float))),
    "permutation-integers": Sample(Permutation("x"), st.lists(st.integers(-3, 3), max_size=5).map(lambda x: np.array(x, dtype=np.int8))),
    "permutation-objects": Sample(Permutation("x"), mixed.map(lambda x: np.array([*x, (1, 2), None], dtype=object)[:-2])),
    "cyclic": Sample(Cyclic("x"), sequences()),
    "cyclic-text": Sample(Cyclic("x"), texts),
    "cyclic-mixed": Sample(Cyclic("x"), mixed),
    "cyclic-array": Sample(Cyclic("x"), matrices(cells, arrays=True)),
    "dihedral": Sample(Dihedral("x"), matrices(cells, square=True, arrays=True)),
    "dihedral-lists": Sample(Dihedral("x"), matrices(st.sampled_from([0, 0.0, "a"]), square=True, arrays=False)),
    "dihedral-texts": Sample(Dihedral("x"), matrices(st.sampled_from("ab"), square=True, arrays=False).map(lambda x: ["".join(row) for row in x])),
    "signs": Sample(Signs("x"), st.lists(numbers, max_size=4)),
    "signs-number": Sample(Signs("x"), numbers),
    "signs-array": Sample(Signs("x"), matrices(st.sampled_from([0.0, -0.0, -1.5, float("nan")]), arrays=True)),
    "signs-integers": Sample(Signs("x"), matrices(st.sampled_from([-128, -1, 0, 1]), arrays=True).map(lambda x: x.astype(np.int8))),
    "signs-together": Sample(Signs("x", together=True), st.lists(numbers, max_size=4)),
    "rows": Sample(Rows("x"), matrices(cells, arrays=True)),
    "rows-lists": Sample(Rows("x"), matrices(cells, arrays=False)),
    "columns": Sample(Columns("x"), matrices(cells, arrays=True)),
    "columns-lists": Sample(Columns("x"), matrices(st.sampled_from([0, 0.0]), arrays=False)),
    "rows-and-columns": Sample(RowsAndColumns("x", method=METHOD), matrices(cells, arrays=True), HAS_NAUTY),
    "rows-and-columns-lists": Sample(RowsAndColumns("x", method=METHOD), matrices(st.sampled_from([0, 1, "a"]), arrays=False), HAS_NAUTY),
    "rows-and-columns-heuristic": Sample(RowsAndColumns("x", method="refinement"), matrices(cells, arrays=True), canonical=False),
    "relabel-matrix": Sample(Relabel("x", method=METHOD), matrices(square=True, arrays=True), HAS_NAUTY),
    "relabel-lists": Sample(Relabel("x", method=METHOD), matrices(square=True, arrays=False), HAS_NAUTY),
    "product": Sample(Permutation("x") * Cyclic("y"), st.tuples(sequences(), texts)),
    "orbit": Sample(TURNS, st.tuples(st.integers(-2, 2), st.integers(-2, 2))),
    **_graph_samples(),
}  # fmt: skip
