"""Digests of graphs: equal exactly where the infinite unfoldings are equal."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inviscid.fingerprinting.graph import digests


def test_a_circle_of_equal_bodies_is_the_self_loop() -> None:
    (alone,) = digests([b"f"], [[0]])
    assert digests([b"f", b"f"], [[1], [0]]) == [alone, alone]
    assert digests([b"f", b"f", b"f"], [[1], [2], [0]]) == [alone] * 3


def test_what_leads_into_an_equal_circle_is_part_of_it() -> None:
    (alone,) = digests([b"f"], [[0]])
    assert digests([b"f", b"f"], [[1], [1]]) == [alone, alone]


def test_a_circle_that_mixes_with_an_older_equal_one() -> None:
    """a(n) calls a and g, g calls g twice: all the same unfolding."""
    (alone,) = digests([b"f"], [[0, 0]])
    assert digests([b"f", b"f"], [[0, 1], [1, 1]]) == [alone, alone]


def test_different_labels_in_a_circle_stay_apart() -> None:
    even, odd = digests([b"even", b"odd"], [[1], [0]])
    assert even != odd
    assert digests([b"odd", b"even"], [[1], [0]]) == [odd, even]


def test_a_long_chain_needs_no_recursion() -> None:
    size = 20_000
    found = digests([b"f"] * size, [[n + 1] for n in range(size - 1)] + [[]])
    assert len(set(found)) == size


Graph = tuple[list[bytes], list[list[int]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs in which nodes of one label have the same number of references, as functions with one body do."""
    size = draw(st.integers(1, 7))
    arity = {b"A": draw(st.integers(0, 2)), b"B": draw(st.integers(1, 2))}
    labels = draw(st.lists(st.sampled_from([b"A", b"B"]), min_size=size, max_size=size))
    return labels, [[draw(st.integers(0, size - 1)) for _ in range(arity[label])] for label in labels]


def unfolding(graph: Graph, node: int, depth: int) -> Any:
    labels, references = graph
    below = tuple(unfolding(graph, child, depth - 1) for child in references[node]) if depth else ()
    return labels[node], below


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_equal_digests_are_equal_unfoldings(graph: Graph) -> None:
    labels, references = graph
    found = digests(labels, references)
    depth = len(labels) + 1
    unfolded = [unfolding(graph, node, depth) for node in range(len(labels))]
    for a in range(len(labels)):
        for b in range(len(labels)):
            assert (found[a] == found[b]) == (unfolded[a] == unfolded[b])


@settings(max_examples=200, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_a_digest_does_not_depend_on_the_rest_of_the_graph(graph: Graph, random: Any) -> None:
    labels, references = graph
    found = digests(labels, references)
    root = random.randrange(len(labels))
    order = [root]
    for node in order:
        order += [child for child in dict.fromkeys(references[node]) if child not in order]
    number = {node: position for position, node in enumerate(order)}
    small = digests([labels[node] for node in order], [[number[child] for child in references[node]] for node in order])
    assert small[0] == found[root]
