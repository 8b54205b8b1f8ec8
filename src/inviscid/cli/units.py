"""Sizes and durations, as people write and read them.

size     = number [unit]     B, kB MB GB TB (powers of 1000), KiB MiB GiB TiB (powers of 1024); capitals don't matter
duration = number [unit]     s, m, h, d, w; a bare number means seconds
"""

from __future__ import annotations

import re

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


def show_size(size: float) -> str:
    """Bytes for people: three digits and a unit of powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB" if size < 1000 else f"{size:,.0f} TB"


def show_seconds(seconds: float) -> str:
    """A length of time for people."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    for limit, unit, length in ((3600, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds / 86_400:,.0f} d"


def show_time(moment: float) -> str:
    """A point in time for people, in their own time zone."""
    from datetime import UTC, datetime

    if not moment:
        return "never"
    try:
        return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "?"


def _parse(text: str, units: dict[str, int] | dict[str, float], what: str, examples: str) -> float:
    match = _NUMBER.fullmatch(text)
    factor = units.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"{text!r} is not {what}; write it like {examples}")
    return float(match[1]) * factor
