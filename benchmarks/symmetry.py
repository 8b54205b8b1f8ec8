"""What it costs to find a representative, beside computing without one.

    python benchmarks/symmetry.py [rounds]

For each group the table has the median times in milliseconds: of a hit without a symmetry and with one, of finding the
representative alone, and of a body that would be worth it. Graphs need the extra ``graphs``.
"""

from __future__ import annotations

import importlib.util
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from inviscid import cached
from inviscid.symmetry import Cyclic, Dihedral, Group, Permutation, Permutes, Relabel, RowsAndColumns, Signs

_ROUNDS = 50


def median(function: Callable[[], object], rounds: int) -> float:
    """Milliseconds."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        found.append(time.perf_counter() - start)
    return 1e3 * statistics.median(found)


def cases(dice: random.Random) -> dict[str, tuple[Group, Callable[[], tuple[Any, ...]], Callable[..., object]]]:
    """A group, what makes an argument in any state, and a function that has the symmetry."""
    numbers = [dice.random() for _ in range(1000)]
    pixels = np.random.default_rng(1).integers(0, 256, (256, 256))
    table = np.random.default_rng(1).integers(0, 2, (12, 12))
    found: dict[str, tuple[Group, Callable[[], tuple[Any, ...]], Callable[..., object]]] = {
        "two texts of 1,000": (
            Permutes("a", "b"),
            lambda: tuple(dice.sample(["ab" * 500, "ba" * 500], 2)),
            lambda a, b: sum(x != y for x in a for y in b),
        ),
        "1,000 floats, permuted": (
            Permutation("a"),
            lambda: (dice.sample(numbers, 1000),),
            lambda a: sorted(abs(x - y) for x in a for y in a)[5000],
        ),
        "1,000 floats, rotated": (
            Cyclic("a"),
            lambda: ((at := dice.randrange(1000)) and (numbers[at:] + numbers[:at]),),
            lambda a: max(abs(x - y) for x in a for y in a),
        ),
        "1,000 floats, flipped": (
            Signs("a"),
            lambda: ([x * dice.choice((1, -1)) for x in numbers],),
            lambda a: max(abs(x * y) for x in a for y in a),
        ),
        "image of 256 × 256": (
            Dihedral("a"),
            lambda: (np.rot90(pixels, dice.randrange(4)),),
            lambda a: int(np.linalg.svd(a, compute_uv=False)[0]),
        ),
    }
    if importlib.util.find_spec("pynauty") is None or importlib.util.find_spec("networkx") is None:
        return found
    import networkx as nx

    def renamed(graph: Any) -> Callable[[], tuple[Any, ...]]:
        return lambda: (nx.relabel_nodes(graph, dict(zip(graph, dice.sample(range(9999), len(graph)), strict=True))),)

    graphs = {
        "graph of 12 nodes": nx.icosahedral_graph(),
        "graph of 50 nodes, 1 of 5 edges": nx.gnp_random_graph(50, 0.2, seed=1),
        "cubic graph of 200 nodes": nx.random_regular_graph(3, 200, seed=1),
    }
    for name, graph in graphs.items():
        graph.graph.clear()
        found[name] = (
            Relabel("a"),
            renamed(graph),
            lambda a: sorted(round(x, 6) for x in nx.betweenness_centrality(a).values()),
        )
    found["table of 12 × 12"] = (
        RowsAndColumns("a"),
        lambda: (np.random.default_rng(dice.randrange(99)).permutation(table),),
        lambda a: int(np.linalg.matrix_rank(a)),
    )
    return found


def main(rounds: int = _ROUNDS) -> None:
    """Print the table."""
    dice = random.Random(1)  # noqa: S311  numbers to compute with
    print(f"{'':34}{'hit':>9}{'hit with':>10}{'finding':>9}{'computing':>11}  ms")
    for name, (group, make, function) in cases(dice).items():
        with tempfile.TemporaryDirectory() as folder:
            os.environ["INVISCID_STORE"] = folder
            plain, declared = cached(function), cached(symmetry=group)(function)
            values = make()
            plain(*values)
            declared(*values)
            point = values if len(group.parameters) > 1 else values[0]
            computing = median(lambda values=values, function=function: function(*values), max(rounds // 10, 3))
            hit = median(lambda values=values, plain=plain: plain(*values), rounds)
            moved = [make() for _ in range(rounds)]
            through = median(lambda moved=moved, declared=declared: declared(*moved.pop()), rounds)
            finding = median(lambda group=group, point=point: group.canon(point), rounds)
            print(f"{name:34}{hit:9.3f}{through:10.3f}{finding:9.3f}{computing:11.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
