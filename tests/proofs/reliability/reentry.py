"""Cached functions that call each other and themselves, from many threads, tasks and processes at once.

Who calls itself with the same arguments has no end: that has to be an error that says so. All else has to end.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import subjects
from findings import Finding
from forked import children, store_in

from inviscid import ReentryError

Job = tuple[Callable[..., Any], int, Any]

_PATIENCE = 60.0
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


def _everywhere(found: Finding, folder: Path, jobs: list[Job], processes: int, threads: int, rounds: int) -> int:
    """Make all calls in every thread of every process, in an order of its own; how many bodies ran."""
    runs = 0
    for number in range(rounds):
        with store_in(folder / str(number)) as (_, ran):
            subjects.inner(-100)
            before = ran.count()
            works = [lambda seed=seed: _in_threads(jobs, threads, seed) for seed in range(processes)]
            with children(works) as started:
                answers = [answer for child in started for answer in child.result(_PATIENCE)]
            runs += ran.count() - before
        found.add("calls", len(answers))
        found.add("right", answers.count("right"))
        found.wrong += [answer for answer in answers if answer != "right"]
        found.demand(len(answers) == processes * threads * len(jobs), "calls that gave no answer")
    return runs


def calls(folder: Path, processes: int, threads: int, rounds: int) -> Finding:
    """Calls inside of calls, recursion, mutual recursion, and bodies with threads of their own."""
    found = Finding("calls inside of calls", {"processes": processes, "threads of each": threads})
    jobs: list[Job] = [(subjects.fibonacci, n, _fibonacci(n)) for n in (6, 9, 12)]
    jobs += [(subjects.outer, x, 2 * x + 3) for x in range(3)]
    jobs += [(subjects.even, n, n % 2 == 0) for n in (5, 8)] + [(subjects.odd, n, n % 2 == 1) for n in (6, 9)]
    jobs += [(subjects.spread, n, 3 * n + 6) for n in (0, 10)]
    found.counts["bodies ran"] = _everywhere(found, folder, jobs, processes, threads, rounds)
    return found


def endless(folder: Path, processes: int, threads: int, rounds: int) -> Finding:
    """A function that calls itself with the same arguments, also by way of others, which other threads entered."""
    found = Finding("recursion without end", {"processes": processes, "threads of each": threads})
    rings = (subjects.itself, subjects.ring_a, subjects.ring_b, subjects.ring_c)
    jobs: list[Job] = [(function, x, ReentryError) for function in rings for x in range(2)]
    jobs += [(subjects.outer, 1, 5)]
    _everywhere(found, folder, jobs, processes, threads, rounds)
    return found


def awaited(folder: Path, processes: int, rounds: int) -> Finding:
    """Tasks of one loop in each of several processes."""
    found = Finding("awaited calls", {"processes": processes})

    async def ask(function: Callable[[int], Any], argument: int, expected: Any) -> str:
        try:
            value = await function(argument)
        except Exception as error:
            value = type(error)
        return "right" if value == expected else f"{function.__qualname__}({argument}) gave {value!r}"

    async def tasks() -> list[str]:
        jobs = [(subjects.gathered, n, _gathered(n)) for n in (4, 7, 9, 9)]
        jobs += [(subjects.slowly, x, 3 * x) for x in (1, 2, 2, 2, 9)]
        jobs += [(subjects.awaits_itself, 1, ReentryError)] * 2
        return list(await asyncio.gather(*(ask(*job) for job in jobs)))

    for number in range(rounds):
        with store_in(folder / str(number)):
            subjects.inner(-100)
            with children([lambda: asyncio.run(tasks())] * processes) as started:
                answers = [answer for child in started for answer in child.result(_PATIENCE)]
        found.add("calls", len(answers))
        found.add("right", answers.count("right"))
        found.wrong += [answer for answer in answers if answer != "right"]
    return found
