"""Trees that are packed at once have the stream that a walk gives them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from inviscid.inputs import Encoder, bulk


def reference(value: object, path: str) -> bytes:
    return repr(value).encode()


class Walked(Encoder):
    """Writes nothing at once."""

    def _at_once(self, value: object) -> bytes | None:
        return None


def both(*values: object) -> tuple[list[bytes], list[bytes]]:
    slow, fast = Walked(reference), Encoder(reference)
    return [slow.encode(value, "x") for value in values], [fast.encode(value, "x") for value in values]


SHARED: list[Any] = [1]
PAIR = ([1], [2])
CYCLE: list[Any] = []
CYCLE.append(CYCLE)


class Own(list[Any]):
    """A subclass is no list."""


@pytest.mark.parametrize(
    "values",
    [
        [[]], [{}], [()], [[1, [2, {"a": (3, None)}]]], [(1, (2, (3,)))], [{(1, 2): [3], "k": {1: 2}}],
        [[SHARED, SHARED]], [[SHARED], [SHARED]], [SHARED, SHARED], [[SHARED], 5, SHARED, [SHARED]],
        [(PAIR, PAIR)], [[PAIR], [PAIR]], [[(1, 2)] * 3, (1, 2)], [CYCLE], [[1], CYCLE, [CYCLE]],
        [[1 << 70]], [["\ud800"], [1]], [[1.0, True, 1, "1", b"1", None, -0.0, float("nan")]],
        [[Own([1])], Own([1])], [[frozenset({1})], [1]], [[1], {2}, [1]], [[[[[]]]], []],
        [{"a": [1]}, frozenset({(1,)}), {"a": [1]}], [list(range(70_000))], [{str(number): [number] for number in range(300)}],
    ],
)  # fmt: skip
def test_the_stream_is_that_of_a_walk(values: list[object]) -> None:
    slow, fast = both(*values)
    assert slow == fast


def test_random_trees() -> None:
    dice = random.Random(0)

    def tree(depth: int, pool: list[Any]) -> Any:
        kind = dice.randrange(8 if depth else 3)
        if pool and dice.random() < 0.15:
            return dice.choice(pool)
        if kind < 3:
            return dice.choice([0, 1, True, None, 1.5, "a", b"b", -1, 1 << 65])
        items = [tree(depth - 1, pool) for _ in range(dice.randrange(4))]
        made: Any = (
            items if kind < 5 else tuple(items) if kind < 6 else {str(at): item for at, item in enumerate(items)}
        )
        pool.append(made)
        return made

    for _ in range(3000):
        pool: list[Any] = []
        values = [tree(4, pool) for _ in range(dice.randrange(1, 4))]
        slow, fast = both(*values)
        assert slow == fast, values


def test_what_is_a_plain_tree() -> None:
    assert bulk.mutables_of([1, (2, {"a": []})]) is not None
    assert len(bulk.mutables_of([1, (2, {"a": []})]) or ()) == 3
    assert bulk.mutables_of((1, (2,))) == set()
    for value in ([SHARED, SHARED], CYCLE, [Own()], [object()], [{1}], {"a": bytearray()}):
        assert bulk.mutables_of(value) is None
