"""Rows and columns of a matrix that change places independently of each other.

An element is (p, q): row i was row p[i], column j was column q[j].
"""

from __future__ import annotations

from random import Random
from typing import Any

from inviscid.symmetry.graphs import entry_colours, without_most
from inviscid.symmetry.group import Action, Element, Group
from inviscid.symmetry.items import inverted, taken
from inviscid.symmetry.labelling import Coloured, check_method, labelling, version_of
from inviscid.symmetry.permutations import check_matrix, columns_taken, width

_ROW, _COLUMN = b"row", b"column"


class RowsAndColumns(Group):
    """Rows and columns may change places: ``RowsAndColumns("table")``.

    The representative is that of a graph with a node for each row and each column, whose edges have the entries as
    colours.

    Args:
        parameter: whose value is the matrix: an array, or a list or tuple of rows that are lists or tuples.
        out: `Permute()` where the result is a matrix whose rows and columns move along; `Parity()` where it changes its
            sign with every swap.
        method: ``nauty``, or ``refinement``: see `Relabel`.
        budget: see `Relabel`.
        tolerance: see `Group`.

    Raises:
        SymmetryError: pynauty isn't there.
    """

    def __init__(
        self,
        parameter: str,
        *,
        out: Action | None = None,
        method: str = "nauty",
        budget: float | None = 1.0,
        tolerance: float | None = None,
    ) -> None:
        super().__init__(parameter, out=out, tolerance=tolerance)
        check_method(type(self).__qualname__, method, budget)
        self.method = method
        self.budget = budget

    def canon(self, point: Any) -> tuple[Any, Element]:
        """The matrix in the order of the graph's representative."""
        check_matrix(self, point)
        rows, columns = len(point), width(point)
        entries = [keys for row in point for keys in entry_colours(row, self._path())]
        colours = {(at // columns, rows + at % columns): colour for at, colour in enumerate(entries)}
        graph = Coloured([_ROW] * rows + [_COLUMN] * columns, without_most(colours), directed=False)
        order = labelling(graph, self.method, self.budget)
        element = tuple(at for at in order if at < rows), tuple(at - rows for at in order if at >= rows)
        return self.act(element, point), element

    def act(self, element: Element, point: Any) -> Any:
        """Rows and columns in another order."""
        return columns_taken(taken(point, element[0]), element[1])

    def inverse(self, element: Element) -> Element:
        """What undoes both."""
        return inverted(element[0]), inverted(element[1])

    def compose(self, after: Element, before: Element) -> Element:
        """First `before`, then `after`."""
        return tuple(tuple(b[at] for at in a) for a, b in zip(after, before, strict=True))

    def identity(self, point: Any) -> Element:
        """All in its place."""
        check_matrix(self, point)
        return tuple(range(len(point))), tuple(range(width(point)))

    def sample(self, point: Any, random: Random) -> Element:
        """Any two orders."""
        return tuple(tuple(random.sample(one, len(one))) for one in self.identity(point))

    def is_identity(self, element: Element) -> bool:
        """Whether all stays in its place."""
        return all(at == before for one in element for at, before in enumerate(one))

    def holds(self, element: Element, point: Any) -> bool:
        """Whether nothing is lost and nothing comes twice."""
        return all(sorted(one) == list(none) for one, none in zip(element, self.identity(point), strict=True))

    def told(self, element: Element) -> str:
        """How many rows and columns."""
        return f"a permutation of {len(element[0])} rows and {len(element[1])} columns"

    def options(self) -> list[Any]:
        """What chooses representatives."""
        return [version_of(self.method)]

    def _shown(self) -> list[str]:
        return [] if self.method == "nauty" else [f"method={self.method!r}"]
