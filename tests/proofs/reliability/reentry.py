"""Cached functions that call each other and themselves, from many threads, tasks and processes at once.

Who calls itself with the same arguments has no end: that has to be an error that says so. All else has to end.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import subjects
from findings import Finding
from forked import children, store_in

from inviscid import ReentryError
from inviscid.store import claims

Job = tuple[Callable[..., Any], int, Any]

PATIENCE = 60.0
"""Seconds until what doesn't end counts as hung."""


def _fibonacci(n: int) -> int:
    low, high = 0, 1
    for _ in range(n):
        low, high = high, low + high
    return low


def _gathered(n: int) -> int:
    return n if n < 2 else _gathered(n - 1) + _gathered(n - 2) + 3 * n


def _ask(job: Job) -> str:
    """What came of one call: "right", or what not."""
    function, argument, expected = job
    try:
        value = function(argument)
    except Exception as error:
        value = type(error)
        if value is not expected:
            return f"{function.__qualname__}({argument}) raised {error!r}"
    return "right" if value == expected else f"{function.__qualname__}({argument}) gave {value!r}"


def _in_threads(jobs: list[Job], threads: int, seed: int) -> list[str]:
    answers: list[str] = []

    def work(number: int) -> None:
        mine = list(jobs)
        random.Random(seed * 100 + number).shuffle(mine)
        answers.extend(map(_ask, mine))

    started = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return answers


@contextmanager
def _told_of_circles() -> Iterator[None]:
    """Have each circle of those who wait told as a body of that name is."""
    real = claims._reaches

    def reaches(*given: Any) -> bool:
        found = real(*given)
        if found:
            sys.audit("proof.ran", "circle")
        return found

    claims._reaches = reaches
    try:
        yield
    finally:
        claims._reaches = real


def _everywhere(
    found: Finding, folder: Path, jobs: list[Job], processes: int, threads: int, rounds: int, patience: float
) -> Counter[str]:
    """Make all calls in every thread of every process, in an order of its own; how often which body ran."""
    runs: Counter[str] = Counter()
    for number in range(rounds):
        with store_in(folder / str(number)) as (_, ran):
            subjects.inner(-100)
            works = [lambda seed=seed: _in_threads(jobs, threads, seed) for seed in range(processes)]
            with _told_of_circles(), children(works) as started:
                answers = [answer for child in started for answer in child.result(patience)]
            runs += Counter(line.name for line in ran.lines()[1:])
        found.add("calls", len(answers))
        found.add("right", answers.count("right"))
        found.wrong += [answer for answer in answers if answer != "right"]
        found.demand(len(answers) == processes * threads * len(jobs), "calls that gave no answer")
    return runs


def calls(folder: Path, processes: int, threads: int, rounds: int, patience: float = PATIENCE) -> Finding:
    """Calls inside of calls, recursion, mutual recursion, and bodies with threads of their own."""
    found = Finding("calls inside of calls", {"processes": processes, "threads of each": threads})
    jobs: list[Job] = [(subjects.fibonacci, n, _fibonacci(n)) for n in (6, 9, 12)]
    jobs += [(subjects.outer, x, 2 * x + 3) for x in range(3)]
    jobs += [(subjects.even, n, n % 2 == 0) for n in (5, 8)] + [(subjects.odd, n, n % 2 == 1) for n in (6, 9)]
    jobs += [(subjects.spread, n, 3 * n + 6) for n in (0, 10)]
    runs = _everywhere(found, folder, jobs, processes, threads, rounds, patience)
    found.counts["bodies ran"] = runs.total() - runs["circle"]
    return found


def endless(folder: Path, processes: int, threads: int, rounds: int, patience: float = PATIENCE) -> Finding:
    """A function that calls itself with the same arguments, also by way of others, which other threads entered; and one
    that does so where nobody knows what is around it.
    """
    found = Finding("recursion without end", {"processes": processes, "threads of each": threads})
    rings = (subjects.itself, subjects.ring_a, subjects.ring_b, subjects.ring_c)
    jobs: list[Job] = [(function, x, ReentryError) for function in rings for x in range(2)]
    jobs += [(subjects.outer, 1, 5), (subjects.elsewhere, 1, RecursionError)]
    circles = _everywhere(found, folder, jobs, processes, threads, rounds, patience)["circle"]
    found.counts["circles"] = circles
    # A few may not come to wait for each other.
    found.demand(circles or processes * threads * rounds < 100, "nobody waited in a circle")
    return found


def awaited(folder: Path, processes: int, threads: int, rounds: int, patience: float = PATIENCE) -> Finding:
    """Tasks of the loops of several threads in each of several processes, with calls that aren't awaited among them."""
    found = Finding("awaited calls", {"processes": processes, "loops of each": threads})
    jobs: list[Job] = [(subjects.gathered, n, _gathered(n)) for n in (4, 7, 9, 9)]
    jobs += [(subjects.slowly, x, 3 * x) for x in (1, 2, 2, 2, 9)]
    jobs += [(subjects.mixed, n, _fibonacci(n) + 3 * n) for n in (5, 6, 6)]
    jobs += [(function, 1, ReentryError) for function in (subjects.awaits_itself, subjects.ring_d, subjects.ring_e)] * 2

    async def ask(job: Job) -> str:
        function, argument, expected = job
        try:
            value = await function(argument)
        except Exception as error:
            value = type(error)
        return "right" if value == expected else f"{function.__qualname__}({argument}) gave {value!r}"

    async def tasks(seed: int) -> list[str]:
        mine = list(jobs)
        random.Random(seed).shuffle(mine)
        return list(await asyncio.gather(*map(ask, mine)))

    def work(seed: int) -> list[str]:
        with ThreadPoolExecutor(threads) as pool:
            every = pool.map(lambda number: asyncio.run(tasks(seed * 100 + number)), range(threads))
            return [answer for answers in every for answer in answers]

    for number in range(rounds):
        with store_in(folder / str(number)):
            subjects.inner(-100)
            with children([lambda seed=seed: work(seed) for seed in range(processes)]) as started:
                answers = [answer for child in started for answer in child.result(patience)]
        found.add("calls", len(answers))
        found.add("right", answers.count("right"))
        found.wrong += [answer for answer in answers if answer != "right"]
    return found
