"""What refers to what, as an SVG: columns from left to right, by how far a definition is from the function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from inviscid.report.collect import Card, Definition
from inviscid.report.markup import Markup, join, tag

NODES = 48
"""So many are drawn; the list below a drawing has all."""
_LONGEST = 30
_LETTER, _ROW, _HIGH, _GAP, _EDGE = 7.3, 38, 26, 56, 10


class Node(NamedTuple):
    """One box of a drawing."""

    name: str
    kind: str
    title: str
    link: str = ""
    """Where a click on it leads."""


class Graph(NamedTuple):
    """What is drawn."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    hidden: int = 0
    """So many more there are."""


def reached(card: Card, links: Mapping[str, str]) -> Graph:
    """What a function reaches: definitions, and the names of what is installed. `links` says which have a card."""
    table = {definition.name: definition for definition in card.definitions}
    if not table:
        return Graph((), ())
    root = card.definitions[0].name
    edges: dict[str, list[str]] = {}
    for definition in card.definitions:
        owner = _owner(definition.name, table)
        targets = edges.setdefault(owner, [])
        for name in definition.refers:
            target = _owner(name, table)
            if target not in (owner, *targets) and (target in table or _is_told(target)):
                targets.append(target)
    order = _breadth_first(root, edges)
    shown = order[:NODES]
    nodes = tuple(_node(name, table.get(name), root, links) for name in shown)
    return Graph(nodes, _between(shown, edges), len(order) - len(shown))


def between_cards(cards: Sequence[Card], links: Mapping[str, str]) -> Graph:
    """Which cached functions reach which, through code that isn't cached."""
    roots = {card.definitions[0].name: card for card in cards if card.definitions}
    edges: dict[str, list[str]] = {}
    for root, card in roots.items():
        refers = {definition.name: list(definition.refers) for definition in card.definitions}
        # Behind another cached function is what that one reaches.
        cut = {name: [] if name in roots and name != root else targets for name, targets in refers.items()}
        edges[root] = [name for name in _breadth_first(root, cut) if name in roots and name != root]
    joined = {*(root for root, targets in edges.items() if targets), *(name for to in edges.values() for name in to)}
    order = [name for name in roots if name in joined]
    shown = order[:NODES]
    nodes = tuple(Node(name, "cached", roots[name].function, links.get(name, "")) for name in shown)
    return Graph(nodes, _between(shown, edges), len(order) - len(shown))


def _between(shown: Sequence[str], edges: Mapping[str, Sequence[str]]) -> tuple[tuple[str, str], ...]:
    inside = set(shown)
    return tuple((name, target) for name in shown for target in edges.get(name, ()) if target in inside)


def _owner(name: str, table: Mapping[str, Definition]) -> str:
    """Where a default, or a value that a class holds, is drawn: with what it belongs to."""
    owner = name.partition(", ")[0]
    around = owner.rpartition(".")[0]
    known = table.get(owner)
    if known is not None and known.kind == "value" and around in table and table[around].kind == "class":
        return around
    return owner


def _is_told(name: str) -> bool:
    return not name.startswith(("builtins.", "inviscid."))


def _node(name: str, definition: Definition | None, root: str, links: Mapping[str, str]) -> Node:
    if definition is None:
        return Node(name, "outside", f"{name}: not the user's code; it counts by its name and version")
    kind = "root" if name == root else "cached" if name in links else definition.kind
    return Node(name, kind, f"{name}\n\n{definition.shown}".strip(), "" if name == root else links.get(name, ""))


def _breadth_first(root: str, edges: Mapping[str, Sequence[str]]) -> list[str]:
    found = {root: None}
    wave = [root]
    while wave:
        wave = [target for name in wave for target in edges.get(name, ())]
        wave = [name for name in dict.fromkeys(wave) if name not in found]
        found |= dict.fromkeys(wave)
    return list(found)


# Drawing --------------------------------------------------------------------------------------------------------------


def draw(graph: Graph, label: str) -> Markup | None:
    """The SVG; None where there is nothing to see."""
    if len(graph.nodes) < 2:
        return None
    columns = _columns(graph)
    tallest = max(map(len, columns))
    places: dict[str, tuple[float, float, float]] = {}
    left = float(_EDGE)
    for column in columns:
        width = max(len(_label(name)) for name in column) * _LETTER + 22
        top = _EDGE + (tallest - len(column)) * _ROW / 2
        for at, name in enumerate(column):
            places[name] = left, top + at * _ROW, width
        left += width + _GAP
    wide, high = left - _GAP + _EDGE, tallest * _ROW + _EDGE
    lines = [_line(places[start], places[end]) for start, end in graph.edges]
    boxes = [_box(node, *places[node.name]) for node in graph.nodes]
    drawing = tag(
        "svg", *lines, *boxes,
        xmlns="http://www.w3.org/2000/svg", role="img", aria_label=label, class_="graph",
        width=f"{wide:.0f}", height=f"{high:.0f}", viewBox=f"0 0 {wide:.0f} {high:.0f}",
    )  # fmt: skip
    more = tag("p", f"and {graph.hidden} more that aren't drawn", class_="faint") if graph.hidden else None
    return tag("div", drawing, more, class_="drawing")


def _columns(graph: Graph) -> list[list[str]]:
    depths = _depths(graph)
    columns: list[list[str]] = [[] for _ in range(max(depths.values()) + 1)]
    for node in graph.nodes:
        columns[depths[node.name]].append(node.name)
    sources: dict[str, list[str]] = {}
    for start, end in graph.edges:
        sources.setdefault(end, []).append(start)
    places: dict[str, float] = {}
    for column in columns:
        # Lines cross less where each stands at the height of those that refer to it.
        heights = {name: _mean(places[one] for one in sources.get(name, ()) if one in places) for name in column}
        column.sort(key=heights.__getitem__)
        places |= {name: at - (len(column) - 1) / 2 for at, name in enumerate(column)}
    return columns


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def _depths(graph: Graph) -> dict[str, int]:
    """For each node the length of the longest way to it; what closes a circle leads back, and doesn't count."""
    targets: dict[str, list[str]] = {}
    for start, end in graph.edges:
        targets.setdefault(start, []).append(end)
    state: dict[str, int] = {}
    finished: list[str] = []
    forward: list[tuple[str, str]] = []
    for node in graph.nodes:
        if node.name in state:
            continue
        state[node.name] = 1
        stack = [(node.name, iter(targets.get(node.name, ())))]
        while stack:
            name, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[name] = 2
                finished.append(name)
                stack.pop()
            elif state.get(target) != 1:
                forward.append((name, target))
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(targets.get(target, ()))))
    behind: dict[str, list[str]] = {}
    for start, end in forward:
        behind.setdefault(start, []).append(end)
    depths = dict.fromkeys(finished, 0)
    for name in reversed(finished):
        for target in behind.get(name, ()):
            depths[target] = max(depths[target], depths[name] + 1)
    return depths


def _line(start: tuple[float, float, float], end: tuple[float, float, float]) -> Markup:
    x1, y1 = start[0] + start[2], start[1] + _HIGH / 2
    x2, y2 = end[0] - 2, end[1] + _HIGH / 2
    bend = max(abs(x2 - x1) / 2, 24)
    curve = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return tag("path", class_="edge", d=f"{curve}m-5 -4l5 4l-5 4")


def _box(node: Node, x: float, y: float, width: float) -> Markup:
    box = tag("rect", x=f"{x:.0f}", y=f"{y:.0f}", width=f"{width:.0f}", height=_HIGH, rx=6)
    name = tag("text", _label(node.name), x=f"{x + 11:.0f}", y=f"{y + 17.5:.1f}")
    group = tag("g", tag("title", node.title), box, name, class_=f"node {node.kind}")
    return tag("a", group, href=node.link) if node.link else join(group)


def _label(name: str) -> str:
    return name if len(name) <= _LONGEST else f"…{name[1 - _LONGEST :]}"
