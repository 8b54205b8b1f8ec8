"""Flips of signs.

An element is a tuple of 1 and -1, one for each number; of one alone where all numbers flip together.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any

from inviscid.symmetry.group import Action, Element, Group
from inviscid.symmetry.items import is_array, laid_like

_KINDS = (int, float)


class Signs(Group):
    """Numbers may change their signs: ``Signs("v")``.

    A number, a list or tuple of numbers, or an array of signed numbers of any shape.

    Args:
        parameter: whose value the numbers are.
        together: whether only all of them at once may; otherwise each may by itself.
        out: `Sign()` where the result changes its sign along, number by number or all together; `Parity()` where it
            does so with every flip.
        tolerance: see `Group`.
    """

    def __init__(
        self,
        parameter: str,
        *,
        together: bool = False,
        out: Action | None = None,
        tolerance: float | None = None,
    ) -> None:
        self.together = bool(together)
        super().__init__(parameter, out=out, tolerance=tolerance)

    def canon(self, point: Any) -> tuple[Any, Element]:
        """All signs positive; where they flip together, that of the first that isn't an integer zero."""
        signs = self._signs(point)
        if self.together:
            # An integer zero has no sign; a float has.
            signs = (next((sign for sign in signs if sign), 1),)
        element = tuple(sign or 1 for sign in signs)
        return self.act(element, point), element

    def act(self, element: Element, point: Any) -> Any:
        """The numbers with their signs."""
        return flipped(element, point)

    def inverse(self, element: Element) -> Element:
        """A flip undoes itself."""
        return element

    def compose(self, after: Element, before: Element) -> Element:
        """Both flips."""
        return tuple(a * b for a, b in zip(after, before, strict=True))

    def identity(self, point: Any) -> Element:
        """No flip."""
        return (1,) if self.together else (1,) * len(self._signs(point))

    def sample(self, point: Any, random: Random) -> Element:
        """Any flips."""
        return tuple(random.choice((1, -1)) for _ in self.identity(point))

    def is_identity(self, element: Element) -> bool:
        """Whether nothing flips."""
        return -1 not in element

    def told(self, element: Element) -> str:
        """How many flip."""
        if self.together:
            return "a flip of all signs"
        count = element.count(-1)
        return f"a flip of {count} sign{'' if count == 1 else 's'}"

    def options(self) -> list[Any]:
        """Whether they flip together."""
        return [self.together]

    def _shown(self) -> list[str]:
        return ["together=True"] if self.together else []

    def _signs(self, point: Any) -> tuple[int, ...]:
        if is_array(point):
            import numpy as np

            if point.dtype.kind not in "if":
                raise self._refuse(f"holds no signed real numbers: its dtype is {point.dtype}")
            found = np.where(np.signbit(point), -1, 1) if point.dtype.kind == "f" else np.sign(point)
            return tuple(found.ravel().tolist())
        numbers = point if type(point) in (list, tuple) else [point]
        if not all(type(number) in _KINDS for number in numbers):
            raise self._refuse("holds something else than numbers that have a sign: ints, floats, or an array of them")
        return tuple(_sign(number) for number in numbers)


def _sign(number: float) -> int:
    if type(number) is float:
        return int(math.copysign(1, number))
    return (number > 0) - (number < 0)


def flipped(element: Element, numbers: Any) -> Any:
    """Numbers with their signs flipped, each by its own or all by the only one."""
    if is_array(numbers):
        import numpy as np

        signs = np.asarray(element, dtype=np.int8)
        negative = (signs[0] if len(element) == 1 else signs.reshape(numbers.shape)) < 0
        return laid_like(np.where(negative, -numbers, numbers).astype(numbers.dtype), numbers)
    if type(numbers) not in (list, tuple):
        return -numbers if element[0] < 0 else numbers
    signs = element if len(element) > 1 else element * len(numbers)
    return type(numbers)(-number if sign < 0 else number for sign, number in zip(signs, numbers, strict=True))
