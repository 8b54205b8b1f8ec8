"""The eight symmetries of a square: four turns, and as many of its mirror image.

An element is (turns, mirrored): first the square is mirrored left to right, or not, then it is turned so many quarters
against the clock, as `numpy.rot90` does.
"""

from __future__ import annotations

from random import Random
from typing import Any

from inviscid.symmetry.group import Action, Element, Group, digest_at
from inviscid.symmetry.items import is_array, laid_like

ELEMENTS = tuple((turns, mirrored) for mirrored in (False, True) for turns in range(4))


class Dihedral(Group):
    """A square may be turned and mirrored: ``Dihedral("board")``.

    A square array of numpy (further axes, such as colours, stay as they are), or a list or tuple of as many rows as
    they are long: lists, tuples, or texts.

    Args:
        parameter: whose value is the square.
        out: `Rotate()` where the result is a square that turns along; `Cells()` where it holds cells, as (row, column).
        tolerance: see `Group`.
    """

    def __init__(self, parameter: str, *, out: Action | None = None, tolerance: float | None = None) -> None:
        super().__init__(parameter, out=out, tolerance=tolerance)

    def canon(self, point: Any) -> tuple[Any, Element]:
        """The least of the eight."""
        self.check(point)
        if is_array(point) and not point.dtype.hasobject:
            least = min(ELEMENTS, key=lambda element: self.act(element, point).tobytes())
            return self.act(least, point), least
        path = self._path()
        # A digest of each cell, once.
        rows = [[digest_at(cell, f"{path}[{i}][{j}]") for j, cell in enumerate(row)] for i, row in enumerate(point)]
        least = min(ELEMENTS, key=lambda element: self.act(element, rows))
        return self.act(least, point), least

    def act(self, element: Element, point: Any) -> Any:
        """The square, mirrored and turned."""
        turns, mirrored = element
        if is_array(point):
            import numpy as np

            return laid_like(np.rot90(point[:, ::-1] if mirrored else point, turns), point)
        rows = [row[::-1] for row in point] if mirrored else list(point)
        for _ in range(turns):
            rows = _turned(rows)
        return type(point)(rows)

    def inverse(self, element: Element) -> Element:
        """A mirror undoes itself."""
        turns, mirrored = element
        return element if mirrored else (-turns % 4, False)

    def compose(self, after: Element, before: Element) -> Element:
        """A mirror between them turns the earlier turn around."""
        turned = -before[0] if after[1] else before[0]
        return (after[0] + turned) % 4, after[1] != before[1]

    def identity(self, point: Any) -> Element:
        """No turn, no mirror."""
        self.check(point)
        return 0, False

    def sample(self, point: Any, random: Random) -> Element:
        """Any of the eight."""
        self.check(point)
        return random.choice(ELEMENTS)

    def is_identity(self, element: Element) -> bool:
        """Whether nothing moves."""
        return bool(element == (0, False))

    def told(self, element: Element) -> str:
        """Turn and mirror."""
        turns, mirrored = element
        words = [
            ["", "a quarter turn", "a half turn", "three quarter turns"][turns],
            "a reflection" if mirrored else "",
        ]
        return " after ".join(word for word in words if word)

    def check(self, point: Any) -> None:
        """Refuse what is no square.

        Raises:
            SymmetryError: it isn't.
        """
        if is_array(point):
            if point.ndim < 2 or point.shape[0] != point.shape[1]:
                raise self._refuse(f"is no square: its shape is {point.shape}")
            return
        if type(point) not in (list, tuple):
            raise self._refuse(f"is no square array or list of rows, but of type {type(point).__qualname__}")
        if not all(type(row) in (list, tuple, str) and len(row) == len(point) for row in point):
            raise self._refuse(f"is no square: each of its {len(point)} rows has to be a list, tuple or text as long")
        if len(set(map(type, point))) > 1:
            raise self._refuse("has rows of different types")


def _turned(rows: list[Any]) -> list[Any]:
    columns = list(zip(*rows, strict=True))[::-1]
    if not rows:
        return rows
    kind = type(rows[0])
    return ["".join(column) for column in columns] if kind is str else [kind(column) for column in columns]
