"""What tracing costs: a traced computation beside the same body untraced, on a few loads, as ratios within one run.

    python benchmarks/traced.py [runs]

Every load is user code of another shape: many small calls, few long loops, methods and properties, generators, calls of
builtins in a loop, and work that installed code does. Each is run alternately under a tracer and without one; the
medians are compared. The last column traces without looking at calls, as with pure=True. The last line is what a
computation costs that does nothing: beginning and ending. It needs Python 3.12 and numpy.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from inviscid import bodies
from inviscid.tracer import Tracer, tracing

_RUNS = 9


def fibonacci(n: int) -> int:
    """Nothing but calls of a small function."""
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def loop(n: int) -> int:
    """No calls."""
    total = 0
    for number in range(n):
        total = (total * 31 + number) % 1_000_003
    return total


class Body:
    """A point with a property and a method."""

    def __init__(self, x: float, v: float) -> None:
        self.x, self.v = x, v

    @property
    def energy(self) -> float:
        """A member that is looked up like an attribute."""
        return 0.5 * self.v * self.v + self.x

    def step(self, dt: float) -> None:
        """Move."""
        self.x += self.v * dt
        self.v -= self.x * dt


def simulate(n: int) -> float:
    """Methods and properties."""
    bodies_ = [Body(float(k), 1.0) for k in range(10)]
    for _ in range(n):
        for one in bodies_:
            one.step(0.01)
    return sum(one.energy for one in bodies_)


def words(n: int) -> int:
    """Methods of builtin types and builtins, called in a loop."""
    found: dict[str, int] = {}
    for number in range(n):
        key = str(number % 97).zfill(4).upper()
        found[key] = found.get(key, 0) + len(key)
    return max(found.values())


def produced(n: int) -> Iterator[int]:
    """A generator."""
    for number in range(n):
        yield number * number


def pipeline(n: int) -> int:
    """Generators that feed each other."""
    return sum(x for x in (y + 1 for y in produced(n)) if x % 3)


def arrays(n: int) -> float:
    """Work that installed code does."""
    matrix = np.random.default_rng(1).normal(size=(200, 200))
    for _ in range(n):
        matrix = np.tanh(matrix @ matrix / 200)
    return float(matrix.sum())


LOADS: dict[str, Callable[[], object]] = {
    "small calls": partial(fibonacci, 22),
    "long loops": partial(loop, 400_000),
    "methods and properties": partial(simulate, 3_000),
    "builtins in a loop": partial(words, 40_000),
    "generators": partial(pipeline, 150_000),
    "arrays": partial(arrays, 60),
    "nothing": partial(abs, 1),
}


def seconds(load: Callable[[], object], *, traced: bool, strict: bool = True) -> float:
    """How long one run takes."""
    start = time.perf_counter()
    if traced:
        with tracing(Tracer(), strict=strict):
            bodies.called(load, (), {})
    else:
        bodies.called(load, (), {})
    return time.perf_counter() - start


def main() -> None:
    """Print one line for each load."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else _RUNS
    print(f"{'load':24}{'untraced':>12}{'traced':>9}{'without calls':>15}")
    for name, load in LOADS.items():
        load()
        times: dict[str, list[float]] = {"plain": [], "traced": [], "started": []}
        for _ in range(runs):
            times["plain"].append(seconds(load, traced=False))
            times["traced"].append(seconds(load, traced=True))
            times["started"].append(seconds(load, traced=True, strict=False))
        plain, traced, started = (statistics.median(found) for found in times.values())
        if name == "nothing":
            print(
                f"tracing nothing costs {1e3 * (traced - plain):.2f} ms, {1e3 * (started - plain):.2f} ms without calls"
            )
        else:
            print(f"{name:24}{1e3 * plain:9.1f} ms{traced / plain:8.2f}x{started / plain:14.2f}x")


if __name__ == "__main__":
    main()
