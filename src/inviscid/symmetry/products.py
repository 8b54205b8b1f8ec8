"""Products: groups that act on different arguments of one function, each by itself.

An element is a tuple with one of each factor, and so is a point.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from inviscid.errors import SymmetryError
from inviscid.symmetry.group import Element, Group


class Product(Group):
    """``G * H``: both act, each on arguments of its own. The result moves by the `out` of each in turn.

    Args:
        factors: the groups.

    Raises:
        SymmetryError: two of them act on one parameter.
    """

    def __init__(self, *factors: Group) -> None:
        self._factors = tuple(one for factor in factors for one in factor.factors)
        names = [name for factor in self._factors for name in factor.parameters]
        for name in names:
            if names.count(name) > 1:
                raise SymmetryError(
                    f"{self!r}: two groups act on '{name}', and a product takes disjoint arguments; for rows and "
                    "columns of one matrix there is RowsAndColumns, for anything else Orbit"
                )
        given = [factor.tolerance for factor in self._factors if factor.tolerance is not None]
        super().__init__(*names, tolerance=max(given, default=None))

    @property
    def factors(self) -> tuple[Group, ...]:
        """The groups that it is the product of."""
        return self._factors

    def canon(self, point: Any) -> tuple[Any, Element]:
        """The representative in each."""
        found = [factor.canon(one) for factor, one in zip(self._factors, point, strict=True)]
        return tuple(one for one, _ in found), tuple(element for _, element in found)

    def act(self, element: Element, point: Any) -> Any:
        """Each moves its own."""
        found = zip(self._factors, element, point, strict=True)
        return tuple(factor.act(one, part) for factor, one, part in found)

    def inverse(self, element: Element) -> Element:
        """The inverse of each."""
        return tuple(factor.inverse(one) for factor, one in zip(self._factors, element, strict=True))

    def compose(self, after: Element, before: Element) -> Element:
        """Each with its own."""
        return tuple(f.compose(a, b) for f, a, b in zip(self._factors, after, before, strict=True))

    def identity(self, point: Any) -> Element:
        """The identity of each."""
        return tuple(factor.identity(one) for factor, one in zip(self._factors, point, strict=True))

    def sample(self, point: Any, random: Random) -> Element:
        """An element of each."""
        return tuple(factor.sample(one, random) for factor, one in zip(self._factors, point, strict=True))

    def is_identity(self, element: Element) -> bool:
        """Whether none moves anything."""
        return all(factor.is_identity(one) for factor, one in zip(self._factors, element, strict=True))

    def same(self, left: Any, right: Any) -> bool:
        """Whether both are one for each."""
        return all(factor.same(a, b) for factor, a, b in zip(self._factors, left, right, strict=True))

    def holds(self, element: Element, point: Any) -> bool:
        """Whether each is one of its own."""
        return all(factor.holds(a, b) for factor, a, b in zip(self._factors, element, point, strict=True))

    def told(self, element: Element) -> str:
        """Those that move something."""
        moving = zip(self._factors, element, strict=True)
        return " and ".join(factor.told(one) for factor, one in moving if not factor.is_identity(one))

    def parts(self) -> list[Any]:
        """Those of the factors."""
        return ["Product", [factor.parts() for factor in self._factors]]

    def point(self, values: Mapping[str, Any]) -> Any:
        """The points of the factors."""
        return tuple(factor.point(values) for factor in self._factors)

    def replaced(self, values: Mapping[str, Any], point: Any) -> dict[str, Any]:
        """The arguments with other points."""
        found = dict(values)
        for factor, one in zip(self._factors, point, strict=True):
            found = factor.replaced(found, one)
        return found

    def __repr__(self) -> str:
        return " * ".join(map(repr, self._factors))
