"""Permutations: of whole arguments, of the items of a sequence, of the rows or the columns of a matrix.

An element is a tuple p: item i of where it leads was item p[i]. A representative is sorted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from inviscid.errors import SymmetryError
from inviscid.symmetry.group import Action, Element, Group, digest_at
from inviscid.symmetry.items import arrangement, inverted, is_array, is_sequence, keys_of, laid_like, same_items, taken


class Orders(Group):
    """What all groups of permutations share."""

    of = "items"

    def inverse(self, element: Element) -> Element:
        """The permutation that undoes it."""
        return inverted(element)

    def compose(self, after: Element, before: Element) -> Element:
        """First `before`, then `after`."""
        return tuple(before[at] for at in after)

    def is_identity(self, element: Element) -> bool:
        """Whether all stays in its place."""
        return all(at == before for at, before in enumerate(element))

    def identity(self, point: Any) -> Element:
        """All in its place."""
        return tuple(range(self.degree(point)))

    def sample(self, point: Any, random: Random) -> Element:
        """Any order."""
        found = list(range(self.degree(point)))
        random.shuffle(found)
        return tuple(found)

    def holds(self, element: Element, point: Any) -> bool:
        """Whether nothing is lost and nothing comes twice."""
        return sorted(element) == list(range(self.degree(point)))

    def told(self, element: Element) -> str:
        """How many are permuted."""
        return f"a permutation of {len(element)} {self.of}"

    def degree(self, point: Any) -> int:
        """How many things are permuted."""
        return len(point)


class Permutes(Orders):
    """Whole arguments may change places: ``Permutes("a", "b")``.

    Args:
        parameters: two or more, without defaults that differ: each value may come to stand under each name.
        out: `Permute()` where the result has one item for each argument, in their order; `Parity()` where it changes
            its sign with every swap; `Index()` where it is the position of an argument.
        tolerance: see `Group`.

    Raises:
        SymmetryError: fewer than two names, or one twice.
    """

    of = "arguments"

    def __init__(self, *parameters: str, out: Action | None = None, tolerance: float | None = None) -> None:
        super().__init__(*parameters, out=out, tolerance=tolerance)
        if len(parameters) < 2:
            raise SymmetryError(f"Permutes takes two parameters or more, not '{parameters[0]}' alone")

    def canon(self, point: Any) -> tuple[Any, Element]:
        """The arguments, sorted."""
        keys = keys_of(point, "", [f"argument '{name}'" for name in self.parameters])
        order = tuple(sorted(range(len(keys)), key=keys.__getitem__))
        return self.act(order, point), order

    def act(self, element: Element, point: Any) -> Any:
        """The arguments in another order."""
        return tuple(point[at] for at in element)

    def same(self, left: Any, right: Any) -> bool:
        """Whether the very same arguments stand in the same places."""
        return same_items(left, right) or super().same(left, right)

    def point(self, values: Mapping[str, Any]) -> Any:
        """The arguments as a tuple."""
        return tuple(values[name] for name in self.parameters)

    def replaced(self, values: Mapping[str, Any], point: Any) -> dict[str, Any]:
        """The same call with its arguments in another order."""
        return {**values, **dict(zip(self.parameters, point, strict=True))}


class Permutation(Orders):
    """The items of a sequence may change places: ``Permutation("xs")``.

    Lists, tuples, texts, bytes and arrays of numpy, along their first axis; ``*args`` too.

    Args:
        parameter: whose value is the sequence.
        out: `Permute()` where the result has one item for each item, in their order; `Index()` where it holds
            positions; `Parity()` where it changes its sign with every swap.
        tolerance: see `Group`. The sum of permuted floats needs one.
    """

    axis = 0

    def __init__(self, parameter: str, *, out: Action | None = None, tolerance: float | None = None) -> None:
        super().__init__(parameter, out=out, tolerance=tolerance)

    def canon(self, point: Any) -> tuple[Any, Element]:
        """The items, sorted; equal ones keep their order."""
        self.check(point)
        order = arrangement(point, self._path())
        return self.act(order, point), order

    def act(self, element: Element, point: Any) -> Any:
        """The items in another order."""
        return taken(point, element)

    def same(self, left: Any, right: Any) -> bool:
        """Whether the very same items stand in the same places."""
        return same_items(left, right) or super().same(left, right)

    def identity(self, point: Any) -> Element:
        """All in its place."""
        self.check(point)
        return super().identity(point)

    def sample(self, point: Any, random: Random) -> Element:
        """Any order."""
        self.check(point)
        return super().sample(point, random)

    def check(self, point: Any) -> None:
        """Refuse what has no items.

        Raises:
            SymmetryError: it is no sequence.
        """
        if not is_sequence(point):
            raise self._refuse(
                f"has no items that could be permuted: a list, a tuple, a text, bytes or an array has, and this is of "
                f"type {type(point).__qualname__}"
            )


class Rows(Permutation):
    """The rows of a matrix may change places. An array of two dimensions or more, or a list or tuple of rows."""

    of = "rows"

    def check(self, point: Any) -> None:
        """Refuse what is no matrix."""
        check_matrix(self, point)


class Columns(Permutation):
    """The columns of a matrix may change places. An array of two dimensions or more, or a list or tuple of rows that
    are lists or tuples.
    """

    of = "columns"
    axis = 1

    def canon(self, point: Any) -> tuple[Any, Element]:
        """The columns, sorted."""
        self.check(point)
        order = column_order(point, self._path())
        return self.act(order, point), order

    def act(self, element: Element, point: Any) -> Any:
        """The columns in another order."""
        return columns_taken(point, element)

    def same(self, left: Any, right: Any) -> bool:
        """Whether the very same matrix."""
        return digest_at(left, self._path()) == digest_at(right, self._path())

    def check(self, point: Any) -> None:
        """Refuse what is no matrix."""
        check_matrix(self, point)

    def degree(self, point: Any) -> int:
        """How many columns there are."""
        return width(point)


def check_matrix(group: Group, point: Any) -> None:
    """Refuse what is no matrix.

    Raises:
        SymmetryError: it isn't.
    """
    path = f"argument '{group.parameters[0]}'"
    if is_array(point):
        if point.ndim < 2:
            raise SymmetryError(
                f"{group!r}: {path} is an array of {point.ndim} dimensions, and a matrix has two or more"
            )
        return
    if type(point) not in (list, tuple) or not all(type(row) in (list, tuple) for row in point):
        raise SymmetryError(f"{group!r}: {path} is no matrix: an array of numpy is, or a list of lists")
    if len({len(row) for row in point}) > 1:
        raise SymmetryError(f"{group!r}: {path} has rows of different lengths")


def width(matrix: Any) -> int:
    """The number of columns."""
    if is_array(matrix):
        return int(matrix.shape[1])
    return len(matrix[0]) if len(matrix) else 0


def column_order(matrix: Any, path: str) -> tuple[int, ...]:
    """The order that sorts the columns."""
    if is_array(matrix):
        return arrangement(matrix.swapaxes(0, 1), path)
    columns = list(zip(*matrix, strict=True))
    keys = [tuple(keys) for keys in zip(*[keys_of(row, path) for row in zip(*columns, strict=True)], strict=True)]
    return tuple(sorted(range(len(columns)), key=keys.__getitem__))


def columns_taken(matrix: Any, order: Sequence[int]) -> Any:
    """A matrix with its columns at these positions."""
    if is_array(matrix):
        return laid_like(matrix[:, list(order)], matrix)
    return type(matrix)(taken(row, order) for row in matrix)
