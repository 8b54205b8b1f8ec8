"""Graphs up to the names and the order of their nodes."""

from __future__ import annotations

import os
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from inviscid import SymmetryError, SymmetryViolation, cached
from inviscid.symmetry import Index, NodeMap, Nodes, Permute, Relabel, RowsAndColumns, check, helper
from inviscid.symmetry.labelling import Coloured, labelling, refinement, structure_of
from inviscid.symmetry.strategies import matrices

nx = pytest.importorskip("networkx")
pytest.importorskip("pynauty")

Ran = Callable[[], list[str]]


def shuffled(graph: Any, dice: random.Random, names: str = "abcdefghij") -> Any:
    """The same graph with other names, its nodes and edges in another order."""
    nodes, edges = list(graph), list(graph.edges(data=True))
    dice.shuffle(nodes)
    dice.shuffle(edges)
    new = dict(zip(nodes, dice.sample(names, len(nodes)) if names else dice.sample(range(99), len(nodes)), strict=True))
    found = type(graph)(**graph.graph)
    found.add_nodes_from((new[node], graph.nodes[node]) for node in nodes)
    found.add_edges_from((new[start], new[end], data) for start, end, data in edges)
    return found


@cached(symmetry=Relabel("graph"))
def triangles(graph: Any) -> int:
    sys.audit("test.ran", "triangles")
    return sum(nx.triangles(graph).values()) // 3


@cached(symmetry=Relabel("graph", out=NodeMap()), verify=1.0)
def distances(graph: Any) -> dict[Any, int]:
    sys.audit("test.ran", "distances")
    return nx.eccentricity(graph)


@cached(symmetry=Relabel("graph", out=Nodes()))
def isolated_nodes(graph: Any) -> Any:
    sys.audit("test.ran", "isolated_nodes")
    return {"isolated": set(nx.isolates(graph)), "edges": frozenset(map(frozenset, graph.edges))}


@cached(symmetry=Relabel("graph", out=Nodes()))
def complement(graph: Any) -> Any:
    sys.audit("test.ran", "complement")
    return nx.complement(graph)


def test_names_and_orders_share_a_result(ran: Ran) -> None:
    dice = random.Random(1)
    graph = nx.petersen_graph()
    for one in [graph, *(shuffled(graph, dice) for _ in range(10)), shuffled(graph, dice, "")]:
        assert triangles(one) == 0
        assert distances(one) == dict.fromkeys(one, 2)
        assert list(distances(one)) == list(one)
    found = ran()
    assert found.count("triangles") == 1
    explained = triangles.explain(shuffled(graph, dice))
    assert str(explained) == "hit through a relabelling of 10 nodes"


def test_results_that_hold_nodes(ran: Ran) -> None:
    dice = random.Random(2)
    graph = nx.path_graph(4)
    graph.add_node("alone")
    for one in (graph, shuffled(graph, dice), shuffled(graph, dice)):
        found = isolated_nodes(one)
        assert found == {"isolated": set(nx.isolates(one)), "edges": frozenset(map(frozenset, one.edges))}
        assert nx.utils.graphs_equal(complement(one), nx.complement(one))
    assert sorted(ran()) == ["complement", "isolated_nodes"]


def test_attributes_are_colours(ran: Ran) -> None:
    dice = random.Random(3)

    def made(*colours: str, weight: int = 1) -> Any:
        graph = nx.cycle_graph(4)
        for node, colour in enumerate(colours):
            graph.nodes[node]["colour"] = colour
        graph.edges[0, 1]["weight"] = weight
        return shuffled(graph, dice)

    assert triangles.key(made("red", "blue")) == triangles.key(made("blue", "red"))
    assert triangles.key(made("red", "blue")) != triangles.key(made("red", "", "blue"))
    assert triangles.key(made("red")) != triangles.key(made("blue")) != triangles.key(made())
    assert triangles.key(made()) != triangles.key(made(weight=2))
    named = made()
    named.graph["name"] = "a"
    assert triangles.key(named) != triangles.key(made())


def test_equal_hashes_are_no_isomorphism(ran: Ran) -> None:
    """The Weisfeiler–Lehman hash of these two is one: as a key it would be wrong."""
    one, two = nx.cycle_graph(6), nx.disjoint_union(nx.cycle_graph(3), nx.cycle_graph(3))
    for graph in (one, two):
        nx.set_node_attributes(graph, "", "label")
    hashes = {nx.weisfeiler_lehman_graph_hash(graph, node_attr="label") for graph in (one, two)}
    assert len(hashes) == 1
    assert [triangles(one), triangles(two)] == [0, 2]


def test_directions_and_loops_and_parallel_edges_count() -> None:
    found = [
        triangles.key(graph)
        for graph in (
            nx.Graph([(0, 1)]),
            nx.DiGraph([(0, 1)]),
            nx.DiGraph([(0, 1), (1, 0)]),
            nx.Graph([(0, 1), (1, 1)]),
            nx.MultiGraph([(0, 1)]),
            nx.MultiGraph([(0, 1), (0, 1)]),
            nx.MultiDiGraph([(0, 1), (1, 0)]),
            nx.MultiDiGraph([(0, 1), (0, 1)]),
        )
    ]
    assert len(set(found)) == len(found)
    assert triangles.key(nx.DiGraph([(0, 1)])) == triangles.key(nx.DiGraph([("b", "a")]))


def test_adjacency_matrices(ran: Ran) -> None:
    @cached(symmetry=Relabel("matrix", out=Permute()))
    def degrees(matrix: Any) -> Any:
        sys.audit("test.ran", "degrees")
        return matrix.sum(axis=1)

    @cached(symmetry=Relabel("matrix", out=Permute((0, 1))))
    def squared(matrix: Any) -> Any:
        return matrix @ matrix

    @cached(symmetry=Relabel("matrix", out=Index()))
    def leaves(matrix: Any) -> Any:
        return {at for at, row in enumerate(matrix) if sum(row) == 1}

    dice = random.Random(4)
    matrix = nx.to_numpy_array(nx.path_graph(5), dtype=int)
    for _ in range(6):
        order = dice.sample(range(5), 5)
        moved = matrix[order][:, order]
        assert (degrees(moved) == moved.sum(axis=1)).all()
        assert (squared(moved) == moved @ moved).all()
        assert leaves(moved) == leaves([*map(tuple, moved.tolist())]) == {at for at in range(5) if moved[at].sum() == 1}
    assert ran() == ["degrees"]
    assert check(degrees, examples=50, matrix=matrices(square=True, arrays=True)).missed == 0


def test_rows_and_columns(ran: Ran) -> None:
    @cached(symmetry=RowsAndColumns("m", out=Permute()))
    def doubled(m: Any) -> Any:
        sys.audit("test.ran", "doubled")
        return 2 * m

    dice = random.Random(5)
    matrix = np.array([[0, 1, 2], [0, 0, 1]])
    for _ in range(8):
        moved = matrix[dice.sample(range(2), 2)][:, dice.sample(range(3), 3)]
        assert (doubled(moved) == 2 * moved).all()
    assert ran() == ["doubled"]


def test_false_declarations_are_caught() -> None:
    def a_node(graph: Any) -> Any:
        return next(iter(graph), None)

    def degrees(graph: Any) -> Any:
        return dict(graph.degree)

    def colouring(graph: Any) -> Any:
        return nx.greedy_color(graph)

    with pytest.raises(SymmetryViolation):
        check(a_node, symmetry=Relabel("graph"))
    with pytest.raises(SymmetryViolation):
        check(a_node, symmetry=Relabel("graph", out=Nodes()))
    # Which of two nodes that nothing tells apart gets which colour is no property of the graph.
    with pytest.raises(SymmetryViolation) as caught:
        check(colouring, symmetry=Relabel("graph", out=NodeMap()))
    assert caught.value.case is not None
    assert len(caught.value.case.arguments["graph"]) <= 3
    assert check(degrees, symmetry=Relabel("graph", out=NodeMap())).compared == 200

    @cached(symmetry=Relabel("graph", out=Nodes()), verify=1.0)
    def center(graph: Any) -> Any:
        return nx.center(graph)[0]

    with pytest.raises(SymmetryViolation):
        center(nx.path_graph(4))


def test_a_heuristic_loses_hits_and_never_correctness(ran: Ran) -> None:
    @cached(symmetry=Relabel("graph", out=NodeMap(), method="refinement"))
    def farthest(graph: Any) -> dict[Any, int]:
        sys.audit("test.ran", "farthest")
        return {node: max(nx.single_source_shortest_path_length(graph, node).values()) for node in graph}

    dice = random.Random(6)
    bases = [nx.cubical_graph(), nx.circular_ladder_graph(4), nx.random_regular_graph(3, 8, seed=1), nx.path_graph(8)]
    wrong = 0
    for base in bases:
        for _ in range(20):
            one = shuffled(base, dice)
            expected = {node: max(nx.single_source_shortest_path_length(one, node).values()) for node in one}
            wrong += farthest(one) != expected
    computed = len(ran())
    assert wrong == 0
    # Regular graphs give it nothing to go by; a path does.
    assert len(bases) < computed < 80


def test_a_budget_that_is_exceeded_only_costs_hits(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    @cached(symmetry=Relabel("graph", budget=0.001), verify=1.0)
    def edges(graph: Any) -> int:
        sys.audit("test.ran", "edges")
        return graph.number_of_edges()

    asked: list[float] = []

    def slow(structure: Any, budget: float) -> None:
        asked.append(budget)

    dice = random.Random(7)
    base = nx.random_regular_graph(3, 80, seed=1)
    edges(base)
    monkeypatch.setattr(helper, "ask", slow)
    assert edges(shuffled(base, dice, "")) == 120
    assert asked == [0.001]


@pytest.fixture
def no_helper(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    helper.end()
    monkeypatch.setattr(helper, "_given_up", {})
    yield
    helper.end()


def _hard() -> Coloured:
    """A cubic graph of 2,000 nodes, which takes nauty some ten seconds."""
    edges = nx.random_regular_graph(3, 2000, seed=1).edges
    return Coloured([b""] * 2000, dict.fromkeys(edges, b""), directed=False)


def test_what_takes_too_long_is_ended(no_helper: None) -> None:
    graph = _hard()
    labelling(Coloured([b""] * 70, {}, directed=False), "nauty", 10.0)
    start = time.perf_counter()
    assert helper.ask(structure_of(graph), 0.05) is None
    assert time.perf_counter() - start < 3
    # That is known from now on.
    start = time.perf_counter()
    assert helper.ask(structure_of(graph), 0.05) is None
    assert time.perf_counter() - start < 0.05
    assert labelling(graph, "nauty", 0.05) == refinement(graph)
    # Others are answered again, by another process.
    small = Coloured([b""] * 70, {(0, 1): b"", (1, 2): b""}, directed=False)
    assert labelling(small, "nauty", 10.0) == labelling(small, "nauty", None)


def test_without_another_process_there_is_a_heuristic(no_helper: None, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Coloured([b""] * 70, {(0, 1): b""}, directed=False)
    monkeypatch.setattr(sys, "executable", "")
    assert labelling(graph, "nauty", 10.0) == refinement(graph)


def test_a_child_has_a_helper_of_its_own(no_helper: None) -> None:
    graph = Coloured([b""] * 70, {(0, 1): b"", (1, 2): b""}, directed=False)
    expected = labelling(graph, "nauty", 10.0)
    read, write = os.pipe()
    with warnings.catch_warnings():
        # Other threads of the tests are no concern of this child.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        os.write(write, b"same" if labelling(graph, "nauty", 10.0) == expected else b"other")
        helper.end()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"same"
    os.close(read)
    os.close(write)
    assert labelling(graph, "nauty", 10.0) == expected


def test_the_helper_is_nobodys_dependency(ran: Ran, no_helper: None) -> None:
    @cached
    def outer(size: int) -> int:
        sys.audit("test.ran", "outer")
        return triangles(nx.cycle_graph(size))

    assert [outer(90), outer(90)] == [0, 0]
    assert ran() == ["outer", "triangles"]


def test_what_is_no_graph_is_refused() -> None:
    class Own(nx.Graph):
        pass

    for given, said in [
        (Own(), "Own, and relabelled are the graphs of networkx itself"),
        (3, "is neither a graph of networkx nor an adjacency matrix, but of type int"),
        ([[0, 1]], "is no adjacency matrix: it has 1 rows and 2 columns"),
        ([[0], [0, 1]], "has rows of different lengths"),
        (np.zeros(3), "a matrix has two or more"),
    ]:
        with pytest.raises(SymmetryError, match=said):
            triangles(given)


def test_results_that_do_not_fit_are_refused() -> None:
    @cached(symmetry=Relabel("graph", out=NodeMap()))
    def number(graph: Any) -> Any:
        return len(graph)

    @cached(symmetry=Relabel("graph", out=NodeMap()))
    def foreign(graph: Any) -> Any:
        return {"x": 1}

    @cached(symmetry=Relabel("graph", out=Permute()))
    def listed(graph: Any) -> Any:
        return [0] * len(graph)

    graph = nx.Graph([("a", "b")])
    with pytest.raises(SymmetryError, match="of type int, is no dict by node"):
        number(graph)
    with pytest.raises(SymmetryError, match="has the key 'x', which is no node"):
        foreign(graph)
    with pytest.raises(SymmetryError, match=r"use NodeMap\(\)"):
        listed(graph)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::inviscid.InviscidWarning")
def test_one_computation_for_each_isomorphism_class_of_the_atlas(ran: Ran) -> None:
    """1,253 graphs on up to seven nodes, no two of them isomorphic, each as it is and relabelled."""
    dice = random.Random(8)
    atlas = nx.graph_atlas_g()
    assert len(atlas) == 1253
    wrong = calls = 0
    for graph in atlas:
        # Its number there would tell each from all others.
        graph.graph.clear()
        for one in (graph, shuffled(graph, dice), shuffled(graph, dice, "")):
            calls += 1
            wrong += triangles(one) != sum(nx.triangles(one).values()) // 3
    assert (len(ran()), calls, wrong) == (1253, 3759, 0)
