"""Graphs of networkx: what is read of one leaves its digest as it is, what is changed doesn't."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from inviscid import cached
from inviscid.calls import References
from inviscid.inputs import Encoder

nx = pytest.importorskip("networkx")

KINDS = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]


def digest(value: Any) -> bytes:
    return Encoder(References()).digest(value, "it")


@pytest.mark.parametrize("kind", KINDS)
def test_reading_changes_nothing(kind: type[Any]) -> None:
    graph = kind([(0, 1), (1, 2)])
    before = digest(graph)
    _ = graph.adj, graph.nodes, graph.edges, graph.degree, nx.to_numpy_array(graph)
    if graph.is_directed():
        _ = graph.pred, graph.in_degree, graph.out_edges
    graph.__networkx_cache__["converted"] = object()
    assert digest(graph) == before
    assert digest(graph.copy()) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda graph: graph.add_node(9),
        lambda graph: graph.add_edge(0, 2),
        lambda graph: graph.nodes[0].update(colour=1),
        lambda graph: graph.edges[0, 1].update(weight=2),
        lambda graph: graph.graph.update(name="a"),
        lambda graph: setattr(graph, "note", 1),
    ],
)
def test_changes_count(change: Callable[[Any], object]) -> None:
    graph = nx.Graph([(0, 1), (1, 2)])
    before = digest(graph)
    change(graph)
    assert digest(graph) != before


def test_the_kind_and_the_order_count() -> None:
    assert len({digest(kind([(0, 1)])) for kind in KINDS}) == len(KINDS)
    assert digest(nx.Graph([(0, 1), (2, 3)])) != digest(nx.Graph([(2, 3), (0, 1)]))


class Own(nx.Graph):
    @functools.cached_property
    def stamp(self) -> list[int]:
        return []


def test_what_a_class_of_the_users_keeps_counts() -> None:
    graph = Own([(0, 1)])
    before = digest(graph)
    graph.stamp.append(1)
    assert digest(graph) != before


@cached
def degrees(graph: Any) -> list[int]:
    sys.audit("test.ran", "degrees")
    return sorted(degree for _, degree in graph.degree)


def test_who_reads_the_views_is_kept(ran: Callable[[], list[str]]) -> None:
    assert degrees(nx.path_graph(3)) == degrees(nx.path_graph(3)) == [1, 1, 2]
    assert ran() == ["degrees"]
