"""What a proof found: one line each, with counts, and what was against the promise."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Finding:
    """One thing that was tried.

    Attributes:
        name: what it is.
        counts: how often what happened, in the order in which it is shown.
        wrong: each breach of the promise, in words.
    """

    name: str
    counts: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def demand(self, holds: object, otherwise: str) -> None:
        """Note a breach unless this holds."""
        if not holds:
            self.wrong.append(otherwise)

    def add(self, what: str, number: int = 1) -> None:
        """Count."""
        self.counts[what] = self.counts.get(what, 0) + number


def tell(makers: list[tuple[str, Callable[[], Finding]]], *, shown: int = 5) -> int:
    """Make the findings one after the other and print each; how many breaches there are."""
    breaches, width = 0, max(len(name) for name, _ in makers)
    for name, make in makers:
        start = time.monotonic()
        try:
            found = make()
        except Exception as error:
            found = Finding(name, wrong=[f"{type(error).__name__}: {error}"])
        counts = ", ".join(
            f"{value:,} {what}" if isinstance(value, int) else f"{what} {value}" for what, value in found.counts.items()
        )
        print(
            f"{name:<{width}}  {counts}  [{time.monotonic() - start:.1f} s]{'' if not found.wrong else '  WRONG'}",
            flush=True,
        )
        for one in found.wrong[:shown]:
            print(f"{'':<{width}}  ! {one}", flush=True)
        breaches += len(found.wrong)
    return breaches
