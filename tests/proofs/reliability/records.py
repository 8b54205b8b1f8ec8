"""What each part of the proof of faults counts and prints.

A *breach* is whatever the store promises not to do: a wrong value, an exception, damage that goes uncounted. A part
that injected nothing proves nothing, so that is a breach as well. A part may be *skipped* for want of a tool; it says
so.
"""

from __future__ import annotations

import logging
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

WRONG, RAISED = "wrong values", "exceptions"
_SHOWN = 5


@dataclass
class Record:
    """One part: so many faults of one kind."""

    name: str
    injected: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """What came of them, beside breaches."""
    breaches: Counter[str] = field(default_factory=Counter)
    stories: list[str] = field(default_factory=list)
    skipped: str = ""
    seconds: float = 0.0

    def breach(self, kind: str, story: str) -> None:
        """Note one."""
        self.breaches[kind] += 1
        self.stories.append(f"{kind}: {story}")

    def demand(self, holds: object, kind: str, story: str) -> None:
        """Note a breach unless this holds."""
        if not holds:
            self.breach(kind, story)

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.name:<34} skipped: {self.skipped}"
        others = self.breaches.total() - self.breaches[WRONG] - self.breaches[RAISED]
        numbers = f"{self.injected:>9,}{self.breaches[WRONG]:>8,}{self.breaches[RAISED]:>12,}{others:>8,}"
        came = ", ".join(f"{count:,} {what}" for what, count in self.counts.items())
        return f"{self.name:<34}{numbers}{self.seconds:>9.1f}  {came}"


HEAD = f"{'part':<34}{'injected':>9}{'wrong':>8}{'exceptions':>12}{'other':>8}{'seconds':>9}"


def made(name: str, make: Callable[[Record], None]) -> Record:
    """The record of a part, which has come to its end however that was."""
    record = Record(name)
    start = time.perf_counter()
    logger = logging.getLogger("inviscid")
    before = logger.level
    # Each fault is told to the user, some of them twice. Nobody reads that ten thousand times.
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            make(record)
    except Exception:
        record.breach("broken proof", traceback.format_exc())
    finally:
        logger.setLevel(before)
    if not record.injected and not record.skipped:
        record.breach("nothing injected", record.name)
    record.seconds = time.perf_counter() - start
    return record


def show(record: Record) -> None:
    """Print a part, and the first of its breaches."""
    print(record, flush=True)
    for story in record.stories[:_SHOWN]:
        print(f"    {story}")
    if len(record.stories) > _SHOWN:
        print(f"    and {len(record.stories) - _SHOWN} more: {dict(record.breaches)}")


def total(records: list[Record]) -> Record:
    """All parts together."""
    whole = Record("all")
    for record in records:
        whole.injected += record.injected
        whole.breaches += record.breaches
        whole.seconds += record.seconds
    return whole
