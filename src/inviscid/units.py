"""Sizes, lengths of time and points in time, as people read them."""

from __future__ import annotations

_LONG = 50 * 365 * 86_400.0
# Name, seconds, and how many of them are told as such.
_AGES = (("minute", 60, 60), ("hour", 3600, 48))


def show_size(size: float) -> str:
    """Bytes for people: three digits and a unit of powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB" if size < 1000 else f"{size:,.0f} TB"


def show_seconds(seconds: float) -> str:
    """A length of time for people."""
    if not seconds:
        return "0 s"
    for limit, unit, factor in ((1e-3, "µs", 1e6), (1, "ms", 1e3), (60, "s", 1)):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}"
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


def show_age(seconds: float) -> str:
    """How long ago something was, for people."""
    if seconds > _LONG:
        # What never was is counted from the epoch.
        return "never"
    if seconds < 60:
        return "just now"
    name, length = next((unit for unit in _AGES if seconds < unit[1] * unit[2]), ("day", 86_400, 0))[:2]
    count = int(seconds // length)
    return f"{count} {name}{'' if count == 1 else 's'} ago"
