"""Values that differ have different digests; values that are equal by construction have the same."""

from __future__ import annotations

import copy
import pickle
import struct
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inviscid.inputs import Encoder


class Box:
    """An instance, in the tests that follow."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


def reference(target: object, path: str) -> bytes:
    return getattr(target, "__qualname__", "?").encode()


def digest(value: object) -> bytes:
    return Encoder(reference).digest(value, "x")


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.complex_numbers()
    | st.text(st.characters(), max_size=5)
    | st.binary(max_size=5)
)
hashable = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
nested = st.recursive(
    hashable | st.binary(max_size=3).map(bytearray) | st.builds(range, st.integers(-3, 3), st.integers(-3, 3)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(lambda attributes: Box(**attributes))
    ),
    max_leaves=15,
)


def shape(value: Any) -> object:
    """What a value is, said in another way than the encoder says it; generated values have no aliasing."""
    kind = type(value)
    if kind is float:
        return ("float", struct.pack("<d", value))
    if kind is complex:
        return ("complex", struct.pack("<dd", value.real, value.imag))
    if kind in (list, tuple):
        return (kind.__name__, tuple(map(shape, value)))
    if kind in (set, frozenset):
        return (kind.__name__, frozenset(map(shape, value)))
    if kind is dict:
        return ("dict", tuple((shape(key), shape(item)) for key, item in value.items()))
    if kind is Box:
        return ("Box", frozenset((name, shape(item)) for name, item in vars(value).items()))
    if kind is range:
        return ("range", value.start, value.stop, value.step)
    return (kind.__name__, bytes(value) if kind is bytearray else value)


@given(nested, nested)
def test_one_digest_for_one_value(one: object, two: object) -> None:
    """Equal digests if, and only if, the values are the same."""
    assert (digest(one) == digest(two)) == (shape(one) == shape(two))


@given(nested)
def test_the_same_value_made_again(value: object) -> None:
    """A deep copy, and what comes back from a pickle, in every protocol."""
    before = digest(value)
    assert digest(copy.deepcopy(value)) == before
    for protocol in (2, 4, 5):
        assert digest(pickle.loads(pickle.dumps(value, protocol))) == before


mutations: list[Callable[[Any], Any]] = [
    lambda v: [v], lambda v: (v,), lambda v: {"a": v}, lambda v: Box(a=v), lambda v: [v, None], lambda v: [[v]],
    lambda v: {0: v}, lambda v: {"a": v, "b": None}, lambda v: Box(b=v), lambda v: (v, v), lambda v: [(v,)],
]  # fmt: skip


@given(nested)
def test_what_is_around_a_value_counts(value: object) -> None:
    """Each wrapping is another value."""
    digests = [digest(value), *(digest(wrap(value)) for wrap in mutations)]
    assert len(set(digests)) == len(digests)


@given(st.lists(nested, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_sets_have_no_order_and_dicts_have(values: list[object], random: Any) -> None:
    """The order in which a set was filled can't be seen; that of a dict can."""
    keys = [Box(value=value) for value in values]
    shuffled = keys[:]
    random.shuffle(shuffled)
    assert digest(set(keys)) == digest(set(shuffled))
    items = list(enumerate(values))
    assert digest(dict(items)) != digest(dict(reversed(items)))


@given(nested)
def test_aliasing(value: object) -> None:
    """A mutable container twice isn't the container and its copy; anything else is."""
    mutable = isinstance(value, (list, dict, set, bytearray, Box))
    holds = any(isinstance(item, (list, dict, set, bytearray, Box)) for item in parts(value))
    same = digest([value, value]) == digest([value, copy.deepcopy(value)])
    assert same == (not mutable and not holds)
    assert digest([value, value]) == digest(copy.deepcopy([value, value]))


def parts(value: Any) -> list[object]:
    """All that is in a tuple or frozenset, at any depth."""
    if not isinstance(value, (tuple, frozenset)):
        return [value]
    return [part for item in value for part in parts(item)]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_a_graph_is_told_from_another(pointers: list[int]) -> None:
    """Nodes that point to each other: equal after a copy, different after one pointer moved."""
    count = len(pointers)

    def build(where: list[int]) -> list[object]:
        nodes = [Box(n=n) for n in range(count)]
        for node, target in zip(nodes, where, strict=True):
            node.next = nodes[target % count]  # type: ignore[attr-defined]
        return [nodes[0], *nodes]

    one = digest(build(pointers))
    assert one == digest(copy.deepcopy(build(pointers)))
    moved = [*pointers[:-1], pointers[-1] + 1]
    assert (one == digest(build(moved))) == (count == 1)
