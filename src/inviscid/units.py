"""Sizes, lengths of time and points in time, as people read them."""

from __future__ import annotations


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


def show_age(seconds: float) -> str:
    """How long ago something was, for people."""
    if seconds < 60:
        return "just now"
    for limit, name, length in ((3600, "minute", 60), (86_400, "hour", 3600), (1 << 62, "day", 86_400)):
        if seconds < limit:
            count = int(seconds // length)
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "long ago"
