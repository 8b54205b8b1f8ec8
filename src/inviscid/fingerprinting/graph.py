"""Digests of definitions that refer to each other, in circles too.

References are positional and names never enter, so two definitions do the same if their infinite unfoldings are equal:
if no walk along the references, taken in both at once, ever finds two labels that differ. That is bisimilarity of
automata (Hopcroft's partition refinement), and each class of it gets one digest:

    digest = H("definition", label, digest of each reference)              outside circles
           | H("circle", walk over the classes of the circle, depth first)  inside them

A function that calls its equal twin and is called by it gets the digest of the one that calls itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from inviscid.digest import combine, pack

_Signature = tuple[bytes, tuple[bytes, ...]]


def digests(labels: Sequence[bytes], references: Sequence[Sequence[int]]) -> list[bytes]:
    """One digest for each node, equal for nodes whose unfoldings are equal, in this graph and in any other.

    Args:
        labels: what each node says itself.
        references: for each node the nodes that it refers to, in the order of its slots.
    """
    found: list[bytes] = [b""] * len(labels)
    classes: dict[_Signature, bytes] = {}
    for component in _components(references):
        first = component[0]
        if len(component) == 1 and first not in references[first]:
            signature = (labels[first], tuple(found[child] for child in references[first]))
            if signature not in classes:
                classes[signature] = combine("definition", signature[0], *signature[1])
            found[first] = classes[signature]
        else:
            _circle(component, labels, references, found, classes)
    return found


def _circle(
    component: list[int],
    labels: Sequence[bytes],
    references: Sequence[Sequence[int]],
    found: list[bytes],
    classes: dict[_Signature, bytes],
) -> None:
    """Digests for a strongly connected component; also where a class of it is one that was met before."""
    inside = set(component)
    own_labels = {labels[node] for node in component}
    older = {digest: signature for signature, digest in classes.items() if signature[0] in own_labels}
    colour: dict[int | bytes, int | bytes] = {}
    numbers: dict[object, int] = {}
    for node in component:
        colour[node] = numbers.setdefault(labels[node], len(numbers))
    for digest, signature in older.items():
        colour[digest] = numbers.setdefault(signature[0], len(numbers))

    def child_colours(item: int | bytes) -> tuple[int | bytes, ...]:
        if isinstance(item, bytes):
            return tuple(colour.get(child, child) for child in older[item][1])
        children = (child if child in inside else found[child] for child in references[item])
        return tuple(colour.get(child, child) for child in children)

    blocks = len(numbers)
    while True:
        numbers = {}
        refined = {item: numbers.setdefault((colour[item], child_colours(item)), len(numbers)) for item in colour}
        colour.update(refined)
        if len(numbers) == blocks:
            break
        blocks = len(numbers)

    known = {colour[digest]: digest for digest in older}
    members = {colour[node]: node for node in reversed(component)}
    for node in component:
        found[node] = known.get(colour[node], b"")
    new = {block: node for block, node in members.items() if block not in known}
    walks = {
        block: combine("circle", _walk(node, new, colour, labels, references, found)) for block, node in new.items()
    }
    for node in component:
        if not found[node]:
            found[node] = walks[colour[node]]
    for node in component:
        classes[labels[node], tuple(found[child] for child in references[node])] = found[node]


def _walk(
    root: int,
    new: dict[int | bytes, int],
    colour: dict[int | bytes, int | bytes],
    labels: Sequence[bytes],
    references: Sequence[Sequence[int]],
    found: list[bytes],
) -> bytes:
    """The classes that are reachable inside the circle, in the order in which a walk from the root meets them."""
    order: dict[int | bytes, int] = {colour[root]: 0}
    queue = [root]
    lines: list[list[object]] = []
    for node in queue:
        line: list[object] = [labels[node]]
        for child in references[node]:
            block = colour.get(child)
            if block is None or block not in new:
                line.append(found[child])
                continue
            if block not in order:
                order[block] = len(order)
                queue.append(new[block])
            line.append(order[block])
        lines.append(line)
    return pack(lines)


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
