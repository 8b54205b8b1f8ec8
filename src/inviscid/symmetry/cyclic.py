"""Rotations of a sequence.

An element is (k, n): the sequence of n items begins with its item k. The least rotation is found in linear time: K. S.
Booth, Lexicographically least circular substrings, Information Processing Letters 10 (1980), 240-242.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from inviscid.symmetry.group import Action, Element, Group
from inviscid.symmetry.items import is_array, is_sequence, keys_of, laid_like, rows_of, same_items


class Cyclic(Group):
    """A sequence may begin with any of its items: ``Cyclic("necklace")``.

    Lists, tuples, texts, bytes and arrays of numpy, along their first axis.

    Args:
        parameter: whose value is the sequence.
        out: `Rotate()` where the result is a sequence that turns along, of as many items; `Index()` where it holds
            positions.
        tolerance: see `Group`.
    """

    def __init__(self, parameter: str, *, out: Action | None = None, tolerance: float | None = None) -> None:
        super().__init__(parameter, out=out, tolerance=tolerance)

    def canon(self, point: Any) -> tuple[Any, Element]:
        """The least rotation."""
        self._check(point)
        element = least_rotation(keys_of(rows_of(point), self._path())), len(point)
        return self.act(element, point), element

    def act(self, element: Element, point: Any) -> Any:
        """The sequence from another of its items on."""
        start = element[0]
        if is_array(point):
            import numpy as np

            return laid_like(np.concatenate([point[start:], point[:start]]), point)
        return point[start:] + point[:start]

    def inverse(self, element: Element) -> Element:
        """As far back."""
        start, length = element
        return (length - start) % max(length, 1), length

    def compose(self, after: Element, before: Element) -> Element:
        """Both turns."""
        return (after[0] + before[0]) % max(before[1], 1), before[1]

    def identity(self, point: Any) -> Element:
        """No turn."""
        self._check(point)
        return 0, len(point)

    def sample(self, point: Any, random: Random) -> Element:
        """Any turn."""
        self._check(point)
        return (random.randrange(len(point)) if len(point) else 0), len(point)

    def is_identity(self, element: Element) -> bool:
        """Whether it begins where it began."""
        return bool(element[0] == 0)

    def same(self, left: Any, right: Any) -> bool:
        """Whether the very same items stand in the same places."""
        return same_items(left, right) or super().same(left, right)

    def told(self, element: Element) -> str:
        """How far it turns."""
        return f"a rotation by {element[0]} of {element[1]} items"

    def _check(self, point: Any) -> None:
        if not is_sequence(point):
            raise self._refuse(
                "can't be rotated: a list, a tuple, a text, bytes or an array can, and this is of type "
                f"{type(point).__qualname__}"
            )


def least_rotation(keys: Sequence[Any]) -> int:
    """Where the lexicographically least rotation begins; the first such place."""
    length = len(keys)
    failure = [-1] * (2 * length)
    least = 0
    for at in range(1, 2 * length):
        key, matched = keys[at % length], failure[at - least - 1]
        while matched != -1 and key != keys[(least + matched + 1) % length]:
            if key < keys[(least + matched + 1) % length]:
                least = at - matched - 1
            matched = failure[matched]
        if matched == -1 and key != keys[(least + matched + 1) % length]:
            if key < keys[(least + matched + 1) % length]:
                least = at
            failure[at - least] = -1
        else:
            failure[at - least] = matched + 1
    return least % length if length else 0
