"""Graphs whose nodes may be called and ordered otherwise.

An element of a graph of networkx is a `Renaming`. One of an adjacency matrix is a tuple p: row and column i were row
and column p[i].
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from inviscid.symmetry.group import Action, Element, Group, digest_at
from inviscid.symmetry.items import inverted, is_array, keys_of, taken
from inviscid.symmetry.labelling import Coloured, check_method, labelling, version_of
from inviscid.symmetry.permutations import check_matrix, columns_taken, width


class Renaming(NamedTuple):
    """New names for the nodes of a graph, in the order of the old ones."""

    before: tuple[Any, ...]
    after: tuple[Any, ...]

    @property
    def names(self) -> dict[Any, Any]:
        """By old name, the new one."""
        return dict(zip(self.before, self.after, strict=True))

    @staticmethod
    def of(element: Element) -> Renaming:
        """The same of positions in a matrix."""
        if isinstance(element, Renaming):
            return element
        return Renaming(tuple(range(len(element))), inverted(element))


class Relabel(Group):
    """Nodes of a graph may be called otherwise, and be in another order: ``Relabel("graph")``.

    Attributes of nodes, edges and the graph stay where they are, and tell nodes and edges apart: whatever they hold is
    a colour. The order of nodes and of edges counts as little as their names.

    Args:
        parameter: whose value is the graph: a `networkx.Graph`, `DiGraph`, `MultiGraph` or `MultiDiGraph`, or an
            adjacency matrix, as a square array or a list or tuple of rows that are lists or tuples.
        out: `NodeMap()` where the result is a dict by node; `Nodes()` where it holds nodes, or is a graph of them; of
            a matrix also `Permute()` and `Index()`.
        method: ``nauty``, which finds one representative for all that are isomorphic, and needs the extra ``graphs``;
            or ``refinement``, which needs nothing and may find several.
        budget: seconds after which a graph of more than 64 nodes and coloured edges is ordered by refinement instead;
            None for no limit.
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
        """The same graph with the nodes 0, 1, 2, …, in the order that the method gives them."""
        self._check(point)
        if is_graph(point):
            order = labelling(_coloured_graph(point, self._path()), self.method, self.budget)
            element: Element = Renaming(tuple(point), inverted(order))
        else:
            element = labelling(_coloured_matrix(point, self._path()), self.method, self.budget)
        return self.act(element, point), element

    def act(self, element: Element, point: Any) -> Any:
        """The graph with other names, its nodes and edges sorted by them; or the matrix in another order."""
        if isinstance(element, Renaming):
            return relabelled(point, element)
        return columns_taken(taken(point, element), element)

    def inverse(self, element: Element) -> Element:
        """The old names again."""
        return Renaming(element.after, element.before) if isinstance(element, Renaming) else inverted(element)

    def compose(self, after: Element, before: Element) -> Element:
        """First `before`, then `after`."""
        if isinstance(before, Renaming):
            names = after.names
            return Renaming(before.before, tuple(names[node] for node in before.after))
        return tuple(before[at] for at in after)

    def identity(self, point: Any) -> Element:
        """The names that there are."""
        self._check(point)
        return Renaming(tuple(point), tuple(point)) if is_graph(point) else tuple(range(len(point)))

    def sample(self, point: Any, random: Random) -> Element:
        """The names that there are, in any other order."""
        self._check(point)
        nodes = list(point) if is_graph(point) else list(range(len(point)))
        shuffled = tuple(random.sample(nodes, len(nodes)))
        return Renaming(tuple(nodes), shuffled) if is_graph(point) else shuffled

    def is_identity(self, element: Element) -> bool:
        """Whether all names stay, their types too."""
        pairs = zip(element.before, element.after, strict=True) if isinstance(element, Renaming) else enumerate(element)
        return all(type(before) is type(after) and before == after for before, after in pairs)

    def same(self, left: Any, right: Any) -> bool:
        """Whether two graphs have the same nodes and edges, in whichever order."""
        if is_graph(left) and is_graph(right):
            left, right = (relabelled(graph, self.identity(graph)) for graph in (left, right))
        return super().same(left, right)

    def witnesses(self, element: Element, point: Any, representative: Any) -> bool:
        """Whether an element leads to the representative: edge by edge, without another graph."""
        if not isinstance(element, Renaming):
            return super().witnesses(element, point, representative)
        names = element.names
        if type(point) is not type(representative) or not _alike(point.graph, representative.graph):
            return False
        if names.keys() != set(point) or len(names) != len(set(names.values())) or len(names) != len(representative):
            return False
        theirs, around = representative._node, representative._adj  # noqa: SLF001  its views cost more than all else
        return all(
            names[node] in theirs
            and _alike(point._node[node], theirs[names[node]])  # noqa: SLF001  as above
            and len(ends) == len(around[names[node]])
            and all(
                names[end] in around[names[node]] and _alike(data, around[names[node]][names[end]])
                for end, data in ends.items()
            )
            for node, ends in point._adj.items()  # noqa: SLF001  as above
        )

    def holds(self, element: Element, point: Any) -> bool:
        """Whether nothing is lost and nothing comes twice."""
        if isinstance(element, Renaming):
            return set(element.before) == set(point) and len(set(element.after)) == len(element.before) == len(point)
        return sorted(element) == list(range(len(point)))

    def told(self, element: Element) -> str:
        """How many nodes there are."""
        count = len(element.before) if isinstance(element, Renaming) else len(element)
        return f"a relabelling of {count} node{'' if count == 1 else 's'}"

    def options(self) -> list[Any]:
        """What chooses representatives."""
        return [version_of(self.method)]

    def _shown(self) -> list[str]:
        return [] if self.method == "nauty" else [f"method={self.method!r}"]

    def _check(self, point: Any) -> None:
        if is_graph(point):
            return
        if hasattr(type(point), "add_nodes_from"):
            kind = type(point).__qualname__
            raise self._refuse(f"is a {kind}, and relabelled are the graphs of networkx itself: pass nx.Graph(graph)")
        if not is_array(point) and type(point) not in (list, tuple):
            kind = type(point).__qualname__
            raise self._refuse(f"is neither a graph of networkx nor an adjacency matrix, but of type {kind}")
        check_matrix(self, point)
        if len(point) != width(point):
            raise self._refuse(f"is no adjacency matrix: it has {len(point)} rows and {width(point)} columns")


def _alike(left: dict[Any, Any], right: dict[Any, Any]) -> bool:
    """Whether attributes are the very same, or those of parallel edges are."""
    return left.keys() == right.keys() and all(
        value is right[name] or (type(value) is dict and type(right[name]) is dict and _alike(value, right[name]))
        for name, value in left.items()
    )


def is_graph(value: object) -> bool:
    """Whether it is a graph of networkx, and of no class of anybody else's."""
    networkx = sys.modules.get("networkx")
    if networkx is None:
        return False
    return type(value) in (networkx.Graph, networkx.DiGraph, networkx.MultiGraph, networkx.MultiDiGraph)


def relabelled(graph: Any, renaming: Renaming) -> Any:
    """A graph with other names, its nodes and edges sorted by them."""
    names = renaming.names
    after = [names.get(node, node) for node in graph]
    keys = keys_of(after, "a node")
    ordered = sorted(range(len(after)), key=keys.__getitem__)
    places = {after[at]: place for place, at in enumerate(ordered)}
    nodes = list(graph)
    found = type(graph)()
    found.graph.update(graph.graph)
    for at in ordered:
        found.add_node(after[at])
        found._node[after[at]].update(graph._node[nodes[at]])  # noqa: SLF001  attributes of any name
    multi = graph.is_multigraph()
    for at in ordered:
        start = after[at]
        ends = sorted((places[names.get(end, end)], end) for end in graph._adj[nodes[at]])  # noqa: SLF001  as above
        for place, end in ends:
            if place < places[start] and not graph.is_directed():
                continue
            data = graph._adj[nodes[at]][end]  # noqa: SLF001  as above
            to = names.get(end, end)
            if not multi:
                found.add_edge(start, to)
                found._adj[start][to].update(data)  # noqa: SLF001  as above
                continue
            for key, inner in _by_key(data):
                found.add_edge(start, to, key)
                found._adj[start][to][key].update(inner)  # noqa: SLF001  as above
    return found


def _by_key(data: dict[Any, dict[Any, Any]]) -> list[tuple[Any, dict[Any, Any]]]:
    """Parallel edges in the order of their keys."""
    keys = list(data)
    ordered = keys_of(keys, "the key of an edge")
    return [(keys[at], data[keys[at]]) for at in sorted(range(len(keys)), key=ordered.__getitem__)]


def _coloured_graph(graph: Any, path: str) -> Coloured:
    numbers = {node: at for at, node in enumerate(graph)}
    directed, multi = graph.is_directed(), graph.is_multigraph()

    def colour(data: dict[Any, Any]) -> bytes:
        if multi:
            data_of = [(digest_at(key, path), digest_at(inner, path)) for key, inner in data.items()]
            return digest_at(sorted(data_of), path)
        return digest_at(data, path) if data else b""

    vertices = [digest_at(data, path) if data else b"" for data in graph._node.values()]  # noqa: SLF001  attributes
    edges: dict[tuple[int, int], bytes] = {}
    for start, ends in graph._adj.items():  # noqa: SLF001  as above
        for end, data in ends.items():
            pair = numbers[start], numbers[end]
            if pair[0] == pair[1]:
                vertices[pair[0]] += b"loop" + colour(data)
            elif directed or pair[0] < pair[1]:
                edges[pair] = colour(data)
    return Coloured(vertices, edges, directed)


def _coloured_matrix(matrix: Any, path: str) -> Coloured:
    entries = [entry_colours(row, path) for row in matrix]
    size = len(entries)
    colours = {(i, j): entries[i][j] for i in range(size) for j in range(size) if i != j}
    directed = any(colours[i, j] != colours[j, i] for i, j in colours if i < j)
    if not directed:
        colours = {pair: colour for pair, colour in colours.items() if pair[0] < pair[1]}
    return Coloured([entries[at][at] for at in range(size)], without_most(colours), directed)


def without_most(colours: dict[tuple[int, int], bytes]) -> dict[tuple[int, int], bytes]:
    """Edges between all pairs, without those of the most frequent colour: the others tell where those were."""
    counts = Counter(colours.values())
    most = max(counts, key=lambda colour: (counts[colour], colour), default=b"")
    return {pair: colour for pair, colour in colours.items() if colour != most}


def entry_colours(row: Sequence[Any], path: str) -> list[bytes]:
    """The colour of each entry in a row of a matrix."""
    if is_array(row) and not row.dtype.hasobject:  # type: ignore[attr-defined]  # it is an array
        return [entry.tobytes() for entry in row]
    return [digest_at(item, f"{path}[…][{at}]") for at, item in enumerate(row)]
