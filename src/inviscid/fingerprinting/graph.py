"""Digests of definitions that refer to each other, in circles too.

References are positional and names never enter. The *unfolding* of a definition is the tree, infinite in a circle, that
its label and the unfoldings of its references form. Two definitions do the same if their unfoldings are equal.

Invariant: digests are equal if and only if the unfoldings are, whatever else is in the graph, and in two graphs as in
one. A function that calls its equal twin and is called by it gets the digest of the one that calls itself.

1. Nodes with equal unfoldings are one *class*: the coarsest stable partition of the whole graph, as when a
   deterministic automaton is minimised (Hopcroft 1971; for relations, Paige and Tarjan 1987). The *quotient* has one
   node for each class. A class stands for one unfolding, and the classes below it for the subtrees of that unfolding:
   so what is reachable from a class, and the strongly connected component that it lies in, are the unfolding's own.
2. The components of the quotient get their digests after all that they refer to:

       digest = H("definition", label, digest of each reference)       a class that doesn't reach itself
              | H("member", H("circle", table), number of the class)   a class in a circle
       table  = for each class of the circle, by number: its label and its references,
                each a number (inside the circle) or a digest (outside)

3. The numbers in a circle come from refining the circle alone, where only what the classes say decides the order
   (canonical colour refinement: Berkholz, Bonsma and Grohe 2017). No two of its classes are equal, so each ends with a
   number of its own.

Every reference is looked at O(log n) times in a graph of n nodes, and nothing recurses.
"""

from __future__ import annotations

from collections.abc import Sequence

from inviscid.digest import combine, pack


def digests(labels: Sequence[bytes], references: Sequence[Sequence[int]]) -> list[bytes]:
    """One digest for each node, equal for nodes whose unfoldings are equal, in this graph and in any other.

    Args:
        labels: what each node says itself.
        references: for each node the nodes that it refers to, in the order of its slots.
    """
    keys = [(label, *[b""] * len(children)) for label, children in zip(labels, references, strict=True)]
    class_of = _refine(keys, references)
    member = {number: node for node, number in enumerate(class_of)}
    own = [labels[member[number]] for number in range(len(member))]
    quotient = [[class_of[child] for child in references[member[number]]] for number in range(len(member))]
    found = [b""] * len(quotient)
    for component in _components(quotient):
        first = component[0]
        if len(component) == 1 and first not in quotient[first]:
            found[first] = combine("definition", own[first], *(found[child] for child in quotient[first]))
        else:
            _circle(component, own, quotient, found)
    return [found[number] for number in class_of]


def _circle(
    component: list[int], labels: Sequence[bytes], references: Sequence[Sequence[int]], found: list[bytes]
) -> None:
    """Digests for a strongly connected component of the quotient, whose other references have theirs."""
    place = {node: position for position, node in enumerate(component)}
    # A class inside is never equal to one outside, so an inner reference may be told from an outer one at once.
    keys = [
        (labels[node], *(b"" if child in place else found[child] for child in references[node])) for node in component
    ]
    inner = [[place[child] for child in references[node] if child in place] for node in component]
    number_of = dict(zip(component, _refine(keys, inner), strict=True))
    table = [
        [labels[node], *(number_of[child] if child in place else found[child] for child in references[node])]
        for node in sorted(component, key=number_of.__getitem__)
    ]
    circle = combine("circle", pack(table))
    for node, number in number_of.items():
        found[node] = combine("member", circle, pack(number))


def _refine(keys: Sequence[tuple[bytes, ...]], references: Sequence[Sequence[int]]) -> list[int]:
    """The number of each node's cell in the coarsest stable partition that tells different keys apart.

    Nodes of one key have equally many references. The numbers don't depend on how the nodes are numbered: each choice
    below is made by keys, slots, sizes and numbers of cells. A comparison of nodes would break that.
    """
    groups: dict[tuple[bytes, ...], set[int]] = {}
    for node, key in enumerate(keys):
        groups.setdefault(key, set()).add(node)
    cells = [groups[key] for key in sorted(groups)]
    cell_of = [0] * len(keys)
    for number, cell in enumerate(cells):
        for node in cell:
            cell_of[node] = number
    callers: list[list[tuple[int, int]]] = [[] for _ in keys]
    for node, children in enumerate(references):
        if len(cells[cell_of[node]]) > 1:
            for slot, child in enumerate(children):
                callers[child].append((slot, node))

    pending = list(range(len(cells)))
    while pending and len(cells) < len(keys):
        by_slot: dict[int, list[int]] = {}
        for node in cells[pending.pop()]:
            for slot, caller in callers[node]:
                by_slot.setdefault(slot, []).append(caller)
        for slot in sorted(by_slot):
            touched: dict[int, list[int]] = {}
            for caller in by_slot[slot]:
                touched.setdefault(cell_of[caller], []).append(caller)
            for number in sorted(touched):
                cell = cells[number]
                if len(touched[number]) == len(cell):
                    continue
                part = set(touched[number])
                # The smaller part moves, and is pending. The rest need not be: all cells are stable under the two
                # together, or will be when what is pending is done. So a node comes up again in at most half its cell.
                if 2 * len(part) > len(cell):
                    part = cell - part
                cell -= part
                for node in part:
                    cell_of[node] = len(cells)
                pending.append(len(cells))
                cells.append(part)
    return cell_of


def _components(references: Sequence[Sequence[int]]) -> list[list[int]]:
    """Strongly connected components, each after all that it refers to (Tarjan 1972, with a stack of its own)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    result: list[list[int]] = []
    for start in range(len(references)):
        if start in index:
            continue
        work = [(start, 0)]
        while work:
            node, position = work.pop()
            if position == 0:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
            for offset in range(position, len(references[node])):
                child = references[node][offset]
                if child not in index:
                    work += [(node, offset + 1), (child, 0)]
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                if low[node] == index[node]:
                    component: list[int] = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    result.append(component)
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
    return result
