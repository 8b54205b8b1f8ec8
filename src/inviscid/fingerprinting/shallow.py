"""The fingerprint of a function without the cached functions that it calls: what decides once their results are known.

A reached function of ours is *cut* where all that is done with it is to call it, from code that runs as a part of the
function itself: its body, and helpers that are called as directly. Then its calls are all seen, and what they give
stands for what it does. What goes anywhere else as a value (to a pool, into a class, through a wrapper) may be called
where nobody sees it: it stays *expanded*, with all that it reaches.

In a shallow fingerprint a cut function is its *ordinal*: the number in which a walk from the function first meets it.
Functions with equal shallow fingerprints meet what does the same at the same ordinals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inviscid.digest import pack
from inviscid.fingerprinting.definition import Definition, Shallow
from inviscid.fingerprinting.graph import digests


def shallow(definitions: Sequence[Definition], labels: Sequence[bytes]) -> Shallow | None:
    """The shallow fingerprint of node 0; None where nothing can be cut."""
    if not any(definition.declared for definition in definitions[1:]):
        return None
    cut = _cut(definitions)
    if not cut:
        return None
    references = [[] if node in cut else definition.references for node, definition in enumerate(definitions)]
    order = list(depth_first(references))
    ordinals = {node: number for number, node in enumerate(node for node in order if node in cut)}
    place = {node: at for at, node in enumerate(order)}
    found = digests(
        [pack(["cut", ordinals[node]]) if node in cut else labels[node] for node in order],
        [[place[child] for child in references[node]] for node in order],
    )
    kept = [definitions[node] for node in order if node not in cut]
    reads = {
        (found[place[node]], id(read)): read for node in order if node not in cut for read in definitions[node].reads
    }
    return Shallow(
        raw=found[0],
        cut=tuple(declared for node in ordinals if (declared := definitions[node].declared) is not None),
        declared=tuple(one.declared for one in kept[1:] if one.declared is not None),
        reads=tuple(reads.values()),
    )


def _cut(definitions: Sequence[Definition]) -> set[int]:
    """The nodes that nobody reaches but by a direct call from code that runs as a part of node 0."""
    called: set[int] = set()
    elsewhere: dict[int, bool] = {}
    pending = [(0, False)]
    while pending:
        node, escaped = pending.pop()
        if elsewhere.get(node, False) or (node in elsewhere and not escaped):
            continue
        elsewhere[node] = escaped
        for position, child in enumerate(definitions[node].references):
            reached = definitions[child]
            out = escaped or position not in definitions[node].direct
            if not out and child and reached.declared is not None:
                called.add(child)
            else:
                pending.append((child, out or reached.kind != "function" or reached.declared is not None))
    return {node for node in called if node not in elsewhere}


def depth_first(references: Sequence[Sequence[int]]) -> Iterator[int]:
    """All nodes, in the order in which a depth-first walk from node 0 meets them."""
    seen: set[int] = set()
    pending = [0]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            yield node
            pending.extend(reversed(references[node]))
