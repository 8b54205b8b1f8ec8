from __future__ import annotations

from collections.abc import Callable

import pytest

from inviscid.entry import Entry
from inviscid.errors import SelectorError
from inviscid.outcome import Outcome
from inviscid.store import FunctionSummary, Store

Put = Callable[..., Entry]


def test_functions_are_summed_up_by_name(store: Store, put: Put) -> None:
    put(b"1" * 32, b"12345", function="b:g", seconds=2.0)
    put(b"2" * 32, b"123", function="a:f", seconds=3.0)
    newest = put(b"3" * 32, b"1234", function="a:f", seconds=4.0)
    store.touch(b"2" * 32, 5.0)
    store.touch(b"2" * 32, 5.0)
    first, second = store.functions()
    assert first[:6] == ("a:f", 2, 7, 7.0, 10.0, 2)
    assert first.used >= newest.provenance.created
    assert isinstance(second, FunctionSummary)
    assert second[:6] == ("b:g", 1, 5, 2.0, 0.0, 0)


def test_shared_objects_count_once_in_all(store: Store, put: Put) -> None:
    put(b"1" * 32, b"x" * 9000)
    put(b"2" * 32, b"x" * 9000, function="b:g")
    store.count(Outcome.MISS_CODE, 2.0)
    store.pin(b"1" * 32, because="so")
    stats = store.stats()
    assert (stats.functions, stats.entries, stats.bytes, stats.seconds, stats.pins) == (2, 2, 9000, 2.0, 1)
    assert stats.outcomes == {"MISS_CODE": (1, 2.0)}


def test_numbers_of_a_newer_version_are_shown_as_numbers(store: Store, put: Put) -> None:
    put()
    store._index.write(lambda connection: connection.execute("INSERT INTO statistics VALUES (99, 1, 0.0)"))
    assert store.stats().outcomes == {"99": (1, 0.0)}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("pkg.mod:f", "1"),
        ("f", "1"),
        ("Class.method", "2"),
        ("pkg.mod:*", "21"),
        ("*method", "2"),
        ("?", "1"),
        ("outer.<locals>.[x]", "3"),
        ("32323232", "2"),
        ("3333" * 16, "3"),
    ],
)
def test_selectors(store: Store, put: Put, selector: str, found: str) -> None:
    put(b"1" * 32, function="pkg.mod:f", age=1.0)
    put(b"2" * 32, function="pkg.mod:Class.method")
    put(b"3" * 32, function="pkg:outer.<locals>.[x]")
    assert [entry.key for entry in store.entries(selector)] == [digit.encode() * 32 for digit in found]


def test_a_selector_of_nothing_says_what_is_there(store: Store, put: Put) -> None:
    with pytest.raises(SelectorError, match="the store is empty"):
        store.entries("f")
    put(function="pkg.features:build_table")
    with pytest.raises(SelectorError, match="did you mean 'pkg.features:build_table'"):
        store.entries("build_tabel")
    with pytest.raises(SelectorError, match=r"nothing matches 'zzz'\. The store has pkg.features:build_table"):
        store.entries("zzz")
    for number in range(12):
        put(bytes([number]) * 32, function=f"m{number}:f")
    with pytest.raises(SelectorError, match="and 5 more"):
        store.entries("zzz")
