from __future__ import annotations

import pytest

from inviscid.cli.units import parse_duration, parse_size, show_seconds, show_size, show_time
from inviscid.units import show_age


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10GB", 10 * 10**9),
        ("500MiB", 500 * 2**20),
        ("1.5 kB", 1500),
        ("0", 0),
        ("12", 12),
        ("7b", 7),
        ("1TiB", 2**40),
        (" 2 G ", 2 * 10**9),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"), [("30d", 2_592_000), ("12h", 43_200), ("90m", 5400), ("45s", 45), ("7", 7), ("0.5w", 302_400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "10XB", "1e9", "ten", "10 GB MB", "١GB"])
def test_what_is_no_size_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size; write it like 10GB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "d", "-1d", "10y", "soon"])
def test_what_is_no_duration_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration; write it like 30d"):
        parse_duration(text)


def test_sizes_are_shown_with_three_digits() -> None:
    shown = [show_size(size) for size in (0, 999, 1000, 12_345, 999_000_000, 10 * 2**30, 5e12, 5e15)]
    assert shown == ["0 B", "999 B", "1 kB", "12.3 kB", "999 MB", "10.7 GB", "5 TB", "5,000 TB"]


def test_durations_are_shown_in_the_fitting_unit() -> None:
    shown = [show_seconds(seconds) for seconds in (0, 1.2e-5, 0.00123, 0.5, 12.34, 90, 7200, 86_400 * 3)]
    assert shown == ["0 s", "12 µs", "1.23 ms", "500 ms", "12.3 s", "1.5 min", "2 h", "3 d"]


def test_times_that_no_calendar_has_are_shown_as_unknown() -> None:
    assert show_time(0.0) == "never"
    assert show_time(1e300) == "?"
    assert show_time(1_700_000_000.0).startswith("2023-11-1")


def test_ages_are_told_in_words() -> None:
    ages = [show_age(seconds) for seconds in (-5, 59, 60, 7199, 7200, 86_400 * 1.5, 86_400 * 2, 1.7e9)]
    assert ages == [
        "just now",
        "just now",
        "1 minute ago",
        "1 hour ago",
        "2 hours ago",
        "36 hours ago",
        "2 days ago",
        "never",
    ]
