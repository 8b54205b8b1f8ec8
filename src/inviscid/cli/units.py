"""Sizes and durations, as people write them; how they are shown is in `inviscid.units`.

size     = number [unit]     B, kB MB GB TB (powers of 1000), KiB MiB GiB TiB (powers of 1024); capitals don't matter
duration = number [unit]     s, m, h, d, w; a bare number means seconds
"""

from __future__ import annotations

import re

from inviscid.units import show_seconds, show_size, show_time

__all__ = ["parse_duration", "parse_size", "show_seconds", "show_size", "show_time"]

_SIZES = {
    "": 1,
    "b": 1,
    "k": 10**3,
    "kb": 10**3,
    "mb": 10**6,
    "m": 10**6,
    "gb": 10**9,
    "g": 10**9,
    "tb": 10**12,
    "t": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_DURATIONS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes.

    Raises:
        ValueError: it is not a size; the message shows what is.
    """
    return int(_parse(text, _SIZES, "a size", "10GB, 500MiB or 1000000"))


def parse_duration(text: str) -> float:
    """Seconds.

    Raises:
        ValueError: it is not a duration; the message shows what is.
    """
    return _parse(text, _DURATIONS, "a duration", "30d, 12h, 90m or 45s")


def _parse(text: str, units: dict[str, int] | dict[str, float], what: str, examples: str) -> float:
    match = _NUMBER.fullmatch(text)
    factor = units.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"{text!r} is not {what}; write it like {examples}")
    return float(match[1]) * factor
