"""Digests of graphs: equal exactly where the infinite unfoldings are equal."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
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


def test_as_many_references_as_another_are_not_the_same_ones() -> None:
    first, second, *_ = digests([b"f", b"f", b"x", b"y"], [[0, 2], [1, 3], [], []])
    assert first != second
    first, second = digests([b"f", b"f"], [[0], [1, 1]])
    assert first != second


def test_members_of_a_circle_that_differ_outside_of_it_only() -> None:
    first, second, *_ = digests([b"f", b"f", b"x", b"y"], [[1, 2], [0, 3], [], []])
    assert first != second


Graph = tuple[list[bytes], list[list[int]]]


def circle(word: str) -> Graph:
    """One node for each letter; each refers to the next one."""
    return [letter.encode() for letter in word], [[(n + 1) % len(word)] for n in range(len(word))]


def fibonacci(length: int) -> str:
    """The word in which each window occurs as often as can be: telling its places apart takes the most rounds."""
    last, word = "a", "ab"
    while len(word) < length:
        last, word = word, word + last
    return word


@pytest.mark.parametrize("word", [fibonacci(1500), "x" + "f" * 1499], ids=["fibonacci", "one differs"])
def test_a_large_circle_is_the_same_from_wherever_it_is_entered_and_however_often_it_is_repeated(word: str) -> None:
    found = digests(*circle(word))
    assert len(set(found)) == len(word)
    for start in (1, 700, len(word) - 1):
        assert digests(*circle(word[start:] + word[:start])) == found[start:] + found[:start]
    assert digests(*circle(word * 3)) == found * 3


def test_a_circle_does_not_equal_one_that_calls_something_else_outside() -> None:
    labels, references = circle(fibonacci(30))
    size = len(labels)
    references[7] = [8, size]
    one, other = (digests([*labels, leaf], [*references, []]) for leaf in (b"x", b"y"))
    assert not set(one) & set(other)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs in which nodes of one label have the same number of references, as functions with one body do."""
    size = draw(st.integers(1, 7))
    arity = {b"A": draw(st.integers(0, 2)), b"B": draw(st.integers(1, 2))}
    labels = draw(st.lists(st.sampled_from([b"A", b"B"]), min_size=size, max_size=size))
    return labels, [[draw(st.integers(0, size - 1)) for _ in range(arity[label])] for label in labels]


def unfoldings(graph: Graph, depth: int, known: dict[Any, int]) -> list[int]:
    """A number for each node, equal where the trees of that depth are equal: each tree is built once, in `known`."""
    labels, references = graph
    below = [known.setdefault(label, len(known)) for label in labels]
    for _ in range(depth):
        trees = [(label, *(below[child] for child in refs)) for label, refs in zip(labels, references, strict=True)]
        below = [known.setdefault(tree, len(known)) for tree in trees]
    return below


@settings(max_examples=300, deadline=None)
@given(graphs(), graphs())
def test_equal_digests_are_equal_unfoldings_in_one_graph_and_in_two(one: Graph, other: Graph) -> None:
    found = digests(*one) + digests(*other)
    known: dict[Any, int] = {}
    # If two trees differ, then they do at a depth below the number of nodes.
    unfolded = [tree for graph in (one, other) for tree in unfoldings(graph, len(found), known)]
    for a in range(len(found)):
        for b in range(len(found)):
            assert (found[a] == found[b]) == (unfolded[a] == unfolded[b])


@settings(max_examples=200, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_a_digest_does_not_depend_on_the_rest_of_the_graph(graph: Graph, random: Random) -> None:
    labels, references = graph
    found = digests(labels, references)
    root = random.randrange(len(labels))
    order = [root]
    for node in order:
        order += [child for child in dict.fromkeys(references[node]) if child not in order]
    number = {node: position for position, node in enumerate(order)}
    small = digests([labels[node] for node in order], [[number[child] for child in references[node]] for node in order])
    assert small[0] == found[root]


def copied(graph: Graph, copies: int, random: Random) -> tuple[Graph, list[int]]:
    """The same unfoldings from copies of each node, in any order, which refer to any copy; and whose copy each is."""
    labels, references = graph
    origin = list(range(len(labels))) * copies
    random.shuffle(origin)
    places = [[place for place, node in enumerate(origin) if node == wanted] for wanted in range(len(labels))]
    lines = [[random.choice(places[child]) for child in references[node]] for node in origin]
    return ([labels[node] for node in origin], lines), origin


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("seed", range(60))
def test_copies_in_any_order_have_the_digests_of_the_originals(seed: int, copies: int) -> None:
    """Circles in which most nodes look the same at first, some with a circle below them."""
    random = Random(seed)
    size = random.randrange(2, 40)
    arity = random.randrange(2, 5)
    labels = random.choices([b"A", b"B"], [9, 1], k=size)
    lowest = random.choice([0, 0, size // 2])
    references = [
        [lowest + (n + 1 - lowest) % (size - lowest) if n >= lowest else (n + 1) % lowest]
        + [random.randrange(lowest if n >= lowest else 0, size) for _ in range(arity - 1)]
        for n in range(size)
    ]
    found = digests(labels, references)
    graph, origin = copied((labels, references), copies, random)
    assert digests(*graph) == [found[node] for node in origin]
