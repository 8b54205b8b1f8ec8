"""The function of the first rows as users of inviscid write it: what is config is a parameter that config fills."""

from __future__ import annotations

import subjects

from inviscid import config, configure

configure({"speed": {"low": 0.25, "high": 0.75, "mode": "mean"}})


def small(
    count: int,
    name: str,
    rate: float,
    low: float = config("speed.low"),
    high: float = config("speed.high"),
    mode: str = config("speed.mode"),
) -> float:
    """The same as the peers' function."""
    return subjects.small(count, name, rate, low, high, mode)
