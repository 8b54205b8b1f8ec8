"""Measuring: contenders in turn, round by round, in one process.

A *sample* is one stretch on the clock: one call, or as many as make it long enough to be read off. A *round* has one
sample of each contender, in an order that changes. So whatever slows the machine down for a while slows all of them,
and ratios stay. Pyperf gives each benchmark processes of its own, one benchmark after the other, and pytest-benchmark
runs one test after the other: neither can take turns, which is why there is a timer here.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_SAMPLE = 0.005
"""Seconds that a sample should take at least."""
_REST = 1.2
"""Seconds before anything is timed."""
_WARM = 5
"""Calls before anything is timed."""
_MOST = 101
"""Rounds, however quick they are."""


@dataclass
class Contender:
    """What is timed.

    Attributes:
        call: one call.
        after: what is done after each call, off the clock; with it, a sample is one call.
        times: what a call is multiplied with, where it does a part of the work of the others.
        single: a sample is one call, however short.
    """

    call: Callable[[], Any]
    after: Callable[[], Any] | None = None
    times: float = 1.0
    single: bool = False


@dataclass(frozen=True)
class Figures:
    """What was measured of one contender, in seconds.

    Attributes:
        median: of all samples.
        low: the quartile below it.
        high: the quartile above it.
        rounds: how many samples there are.
    """

    median: float
    low: float
    high: float
    rounds: int

    @property
    def spread(self) -> float:
        """Half of what lies between the quartiles, as a share of the median."""
        return (self.high - self.low) / 2 / self.median if self.median > 0 else 0.0


def of_samples(samples: list[float]) -> Figures:
    """The figures of at least two samples."""
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Figures(median, low, high, len(samples))


def _sample(contender: Contender, calls: int) -> float:
    call, turns = contender.call, range(calls)
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in turns:
            call()
        taken = time.perf_counter() - start
    finally:
        gc.enable()
    if contender.after is not None:
        contender.after()
    return taken / calls * contender.times


def measure(
    contenders: Mapping[str, Contender], *, seconds: float, least: int = 5, baseline: str = ""
) -> dict[str, Figures]:
    """The figures of all contenders.

    Args:
        contenders: what is timed, by name.
        seconds: what the rounds should take together.
        least: rounds that there are even if they take longer.
        baseline: the contender whose sample is taken off those of the others, round by round.
    """
    calls, total = {}, 0.0
    for one in contenders.values():
        _sample(one, 1)
    # Whoever watches what moves in a process (inviscid does) comes to rest after what was just imported.
    time.sleep(_REST)
    for name, one in contenders.items():
        _sample(one, 1 if one.after or one.single else _WARM)
        taken = min(_sample(one, 1) for _ in range(1 if one.after or one.single else 3)) / one.times
        alone = one.single or one.after is not None
        calls[name] = 1 if alone else max(1, min(20_000, round(_SAMPLE / max(taken, 1e-8))))
        total += taken * calls[name]
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    turn = random.Random(0)  # noqa: S311  an order is no secret
    for _ in range(max(least, min(_MOST, int(seconds / total)))):
        turn.shuffle(order)
        for name in order:
            samples[name].append(_sample(contenders[name], calls[name]))
    if baseline:
        bare = samples.pop(baseline)
        samples = {name: [a - b for a, b in zip(found, bare, strict=True)] for name, found in samples.items()}
    return {name: of_samples(found) for name, found in samples.items()}
