"""Whether caching a function pays: what its calls cost beside their bodies, against what the bodies cost.

A function is *too small to cache* where even a hit takes longer than its body. That is said once in a process, after so
many calls and so much time that it matters: then it is true of later runs as well.
"""

from __future__ import annotations

_CALLS = 1_000
_SECONDS = 1.0
# Where nothing was hit yet: what a hit takes from the disk.
_HIT = 20e-6


class Weights:
    """What the calls of one function cost in this process, those on the short way left out."""

    __slots__ = ("_bodies", "_calls", "_hits", "_looking", "_spent", "_told")

    def __init__(self) -> None:
        self._calls = self._hits = 0
        self._spent = self._looking = self._bodies = 0.0
        self._told = False

    def hit(self, cost: float, saved: float) -> str:
        """Count a hit, in seconds; gives what to tell the user, mostly nothing."""
        self._hits += 1
        self._looking += cost
        return self._add(cost, saved)

    def miss(self, cost: float, body: float) -> str:
        """Count a miss: what it cost beside its body."""
        return self._add(cost, body)

    def _add(self, cost: float, body: float) -> str:
        self._calls += 1
        self._spent += cost
        self._bodies += body
        if self._told or self._calls < _CALLS or self._spent < _SECONDS:
            return ""
        hit = self._looking / self._hits if self._hits else _HIT
        if self._bodies / self._calls >= hit:
            return ""
        self._told = True
        return (
            f"looking up and storing took {self._spent:.1f} s in {self._calls:,} calls, whose bodies take "
            f"{self._bodies / self._calls * 1e6:.0f} µs each: take @cached off, or cache what calls it"
        )
