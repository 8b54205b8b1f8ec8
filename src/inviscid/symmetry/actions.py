"""How results move along with arguments: what is given as ``out=``.

A function is *equivariant* if moving its argument moves its result: ``f(g·x) = g·f(x)``. So whatever leaves an argument
as it is has to leave the result as it is: the order of equal items, the automorphisms of a graph. `argsort` of equal
items is not equivariant; `check` and `verify=` find that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inviscid.errors import SymmetryError
from inviscid.symmetry.cyclic import Cyclic
from inviscid.symmetry.graphs import Relabel, Renaming, relabelled
from inviscid.symmetry.group import Action, Element, Group, digest_at
from inviscid.symmetry.items import inverted, is_array, is_odd, is_sequence, taken
from inviscid.symmetry.matrices import RowsAndColumns
from inviscid.symmetry.permutations import Orders, columns_taken
from inviscid.symmetry.signs import Signs, flipped
from inviscid.symmetry.squares import Dihedral

_RESULT = "the result"


def _unfit(action: Action, result: Any, what: str) -> SymmetryError:
    return SymmetryError(f"out={action!r}: the result, of type {type(result).__qualname__}, {what}")


class Permute(Action):
    """The result has one item for each that is permuted, in their order: a sequence, or an array along `axis`.

    With `RowsAndColumns` it is a matrix of the same shape; with `Relabel` of an adjacency matrix it has one item for
    each node, or with ``axis=(0, 1)`` one for each pair.

    Args:
        axis: which axis of the result, 0 or 1; (0, 1) for both.
    """

    def __init__(self, axis: int | tuple[int, int] = 0) -> None:
        if axis not in (0, 1, (0, 1)) or isinstance(axis, bool):
            raise SymmetryError(f"Permute: axis= is 0, 1 or (0, 1), not {axis!r}")
        self.axis = axis

    def refusal(self, group: Group) -> str:
        """Only permutations have an order of items."""
        return "" if isinstance(group, Orders | RowsAndColumns | Relabel) else "moves with permutations alone"

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """The items in the order of the argument's."""
        if isinstance(element, Renaming):
            raise SymmetryError(f"out={self!r} goes with the positions of a matrix; nodes have names: use NodeMap()")
        if isinstance(group, RowsAndColumns):
            return group.act(element, result)
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        for axis in axes:
            length = _length(result, axis)
            if length != len(element):
                what = "has no items" if length < 0 else f"has {length} items"
                raise _unfit(self, result, f"{what}, and {len(element)} are permuted")
            result = taken(result, element) if axis == 0 else columns_taken(result, element)
        return result

    def options(self) -> list[Any]:
        """The axis, unless it is the first."""
        return [] if self.axis == 0 else [list(self.axis) if isinstance(self.axis, tuple) else self.axis]


def _length(result: Any, axis: int) -> int:
    """The length of a result along an axis; -1 where it has none."""
    if is_array(result):
        return int(result.shape[axis]) if result.ndim > axis else -1
    if axis == 0:
        return len(result) if is_sequence(result) else -1
    rows = type(result) in (list, tuple) and all(type(row) in (list, tuple) for row in result)
    return len(result[0]) if rows and result else -1


class Index(Action):
    """The result holds positions in the argument: one, or a sequence or integer array of them, at any depth."""

    def refusal(self, group: Group) -> str:
        """Only what moves items has positions."""
        return "" if isinstance(group, Orders | Cyclic | Relabel) else "moves with permutations and rotations alone"

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """Where the items that stood there are."""
        if isinstance(element, Renaming):
            raise SymmetryError(f"out={self!r} goes with the positions of a matrix; nodes have names: use Nodes()")
        if isinstance(group, Cyclic):
            start, length = element
            return _at(self, result, lambda at: (at - start) % length, length)
        now = inverted(element)
        return _at(self, result, now.__getitem__, len(now))


def _at(action: Action, result: Any, now: Callable[[int], int], length: int) -> Any:
    if is_array(result) and result.dtype.kind in "iu":
        import numpy as np

        flat = [_at(action, at, now, length) for at in result.ravel().tolist()]
        return np.array(flat, dtype=result.dtype).reshape(result.shape)
    if type(result) in (list, tuple):
        return type(result)(_at(action, at, now, length) for at in result)
    if type(result) in (set, frozenset):
        return type(result)(_at(action, at, now, length) for at in result)
    if type(result) is int and 0 <= result < length:
        return now(result)
    if result.__class__.__module__ == "numpy" and result.dtype.kind in "iu" and 0 <= result < length:
        return type(result)(now(int(result)))
    raise _unfit(action, result, f"is no position among {length}")


class Rotate(Action):
    """The result is of the argument's kind, and turns along: a sequence of as many items, or a square."""

    def refusal(self, group: Group) -> str:
        """Only what can be turned turns."""
        return "" if isinstance(group, Cyclic | Dihedral) else "moves with Cyclic and Dihedral alone"

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """The result, turned."""
        if isinstance(group, Dihedral):
            group.check(result)
        elif not is_sequence(result) or len(result) != element[1]:
            raise _unfit(self, result, f"is no sequence of {element[1]} items")
        return group.act(element, result)


class Cells(Action):
    """The result holds cells of the square: (row, column), or a list, tuple, set or frozenset of them.

    Args:
        side: the length of a side.
    """

    def __init__(self, side: int) -> None:
        if type(side) is not int or side < 1:
            raise SymmetryError(f"Cells: side= takes the number of rows, not {side!r}")
        self.side = side

    def refusal(self, group: Group) -> str:
        """Only squares have cells."""
        return "" if isinstance(group, Dihedral) else "moves with Dihedral alone"

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """Where the cells are now."""
        if type(result) in (list, set, frozenset) or (type(result) is tuple and not _is_cell(result)):
            return type(result)(self.act(group, element, cell) for cell in result)
        if not _is_cell(result) or not all(0 <= at < self.side for at in result):
            raise _unfit(self, result, f"is no cell (row, column) of a square of {self.side} rows")
        row, column = result
        turns, mirrored = element
        last = self.side - 1
        if mirrored:
            column = last - column
        for _ in range(turns):
            row, column = last - column, row
        return row, column

    def options(self) -> list[Any]:
        """The side."""
        return [self.side]


def _is_cell(result: Any) -> bool:
    return type(result) is tuple and len(result) == 2 and all(type(at) is int for at in result)


class Sign(Action):
    """The result changes its signs along: number by number, or as a whole where all flip together."""

    def refusal(self, group: Group) -> str:
        """Only signs flip."""
        return "" if isinstance(group, Signs) else "moves with Signs alone; see Parity() for permutations"

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """The result with its signs."""
        together = isinstance(group, Signs) and group.together
        size = result.size if is_array(result) else len(result) if type(result) in (list, tuple) else 1
        if not together and size != len(element):
            raise _unfit(self, result, f"has {size} numbers, and {len(element)} signs flip")
        return flipped(element, result)


class Parity(Action):
    """The result changes its sign with every swap, or every flip of a sign: a determinant, an alternating sum."""

    def refusal(self, group: Group) -> str:
        """Only what is made of swaps or flips has one."""
        return "" if isinstance(group, Orders | Signs | RowsAndColumns) else "moves with permutations and signs alone"

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """The result, or what it is with the other sign."""
        if isinstance(group, Signs):
            odd = element.count(-1) % 2 == 1
        elif isinstance(group, RowsAndColumns):
            odd = is_odd(element[0]) != is_odd(element[1])
        else:
            odd = is_odd(element)
        return flipped((-1,), result) if odd else result


class Nodes(Action):
    """The result holds nodes: one, or a list, tuple, set, frozenset or dict of them, at any depth, or a graph.

    Whatever is equal to a node's name counts as one.
    """

    def refusal(self, group: Group) -> str:
        """Only graphs have nodes."""
        return "" if isinstance(group, Relabel) else "moves with Relabel alone"

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """The result with the other names."""
        names = Renaming.of(element).names
        if hasattr(type(result), "add_nodes_from"):
            return relabelled(result, Renaming.of(element))
        return self._renamed(names, result)

    def _renamed(self, names: dict[Any, Any], result: Any) -> Any:
        try:
            if result in names:
                return names[result]
        except (TypeError, ValueError):
            # What can't be a name: a list, an array.
            pass
        if type(result) in (list, tuple, set, frozenset):
            return type(result)(self._renamed(names, item) for item in result)
        if type(result) is dict:
            return {self._renamed(names, key): self._renamed(names, value) for key, value in result.items()}
        return result

    def normal(self, result: Any) -> Any:
        """Dicts in an order of their own."""
        return _sorted(result)


class NodeMap(Nodes):
    """The result is a dict with a node as each key: a centrality, a distance, a colour. The values stay.

    It comes back in the order of the graph's nodes.
    """

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """The dict under the other names."""
        if type(result) is not dict:
            raise _unfit(self, result, "is no dict by node")
        renaming = Renaming.of(element)
        names = renaming.names
        try:
            moved = {names[node]: value for node, value in result.items()}
        except KeyError as error:
            raise _unfit(self, result, f"has the key {error}, which is no node") from None
        return {node: moved[node] for node in renaming.after if node in moved}


def _sorted(result: Any) -> Any:
    if type(result) is dict:
        return sorted((digest_at(key, _RESULT), _sorted(value)) for key, value in result.items())
    return [type(result).__name__, *map(_sorted, result)] if type(result) in (list, tuple) else result
