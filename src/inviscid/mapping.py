"""One function over many items: all looked up at once, and only what is missing computed, by one or many processes.

To look up at once, one call is identified as ever; for all others the rest of its key holds too (`calls.Steady`), and
only their arguments are digested. What that doesn't cover is simply called. Each result is stored as soon as it is
there, by whoever computed it: what ends this loses only what was under way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from inviscid import planning, rerunning
from inviscid.sentinels import MISSING
from inviscid.shortcut import is_immutable

Look = Callable[[Sequence[Any]], list[Any]]
"""Gives the stored result of each item, or `MISSING`."""


def map_over(function: Any, look: Look, items: Iterable[Any], n_jobs: int, *, progress: bool | None) -> list[Any]:
    """What the function gives for each item; see `CachedFunction.map`."""
    listed = list(items)
    answers = look(listed)
    missing = [number for number, answer in enumerate(answers) if answer is MISSING]
    if planning.ACTIVE or rerunning.ACTIVE:
        # What is sent to another process can't be seen.
        n_jobs, progress = 1, False
    bar = _Bar(function.__qualname__, len(listed), len(listed) - len(missing), shown=progress)
    try:
        for number, answer in _computed(function, listed, missing, n_jobs):
            answers[number] = answer
            bar.step()
    finally:
        bar.end()
    return answers


def _computed(function: Any, items: Sequence[Any], missing: Sequence[int], n_jobs: int) -> Iterator[tuple[int, Any]]:
    if n_jobs == 1 or len(missing) < 2:
        for number in missing:
            yield number, function(items[number])
        return
    from joblib import Parallel, delayed

    work = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    for number, answer in work(delayed(_in_a_worker)(function, number, items[number]) for number in missing):
        # What is stored is not sent: it is there.
        yield number, function(items[number]) if isinstance(answer, _Stored) else answer


class _Stored(NamedTuple):
    """Stands for a result that a worker has stored."""


def _in_a_worker(function: Any, number: int, item: Any) -> tuple[int, Any]:
    answer = function(item)
    # To ask what became of it costs more than to send what is small.
    small = is_immutable(answer) and not (isinstance(answer, str | bytes) and len(answer) > _SMALL)
    return number, answer if small or function.peek(item) is None else _Stored()


_SMALL = 1 << 16


class _Bar:
    """How far it is, in one line on the terminal; nothing where there is none, or nothing to wait for."""

    def __init__(self, name: str, whole: int, done: int, *, shown: bool | None) -> None:
        self._name, self._whole, self._done, self._found = name, whole, done, done
        self._shown = done < whole and (sys.stderr.isatty() if shown is None else shown)
        self._draw()

    def step(self) -> None:
        """One more."""
        self._done += 1
        self._draw()

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            sys.stderr.write("\n")

    def _draw(self) -> None:
        if self._shown:
            found = f", {self._found} of them stored before" if self._found else ""
            sys.stderr.write(f"\r{self._name}: {self._done} of {self._whole}{found}")
            sys.stderr.flush()
