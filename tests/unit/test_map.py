"""One function over many items: what is stored is looked up at once, and only the rest computed."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import File, Store, cached, config, configure, mode, stores
from inviscid.codecs import codec
from inviscid.errors import ReplayMiss

Ran = Callable[[], list[str]]


@cached
def double(x: Any, times: int = 2, *, more: int = config("of_map.more", default=0)) -> Any:
    sys.audit("test.ran", repr(x))
    if x == "bad":
        raise ValueError("bad")
    return x * times + more if isinstance(x, int) else x


@cached
def summed(numbers: list[int]) -> int:
    sys.audit("test.ran", "summed")
    return sum(double.map(numbers))


@cached
def size(file: File) -> int:
    sys.audit("test.ran", "size")
    with open(file) as stream:
        return len(stream.read())


@cached
async def awaited(x: int) -> int:
    return x


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often the index was asked since the last look."""
    from inviscid.store.index import Index

    count, real = [0], Index.read

    def read(*arguments: Any) -> Any:
        count[0] += 1
        return real(*arguments)

    def take() -> int:
        found, count[0] = count[0], 0
        return found

    monkeypatch.setattr(Index, "read", read)
    return take


def test_only_what_is_missing_is_computed(ran: Ran) -> None:
    assert double.map([3, 1, 2]) == [6, 2, 4]
    assert ran() == ["3", "1", "2"]
    assert double.map(iter([1, 5, 3, 5, 1])) == [2, 10, 6, 10, 2]
    assert ran() == ["5"]
    assert [double(5), double.map([])] == [10, []]
    with configure({"of_map.more": 1}):
        assert double.map([1, 2]) == [3, 5]
    assert ran() == ["1", "2"]
    assert double.configured(more=1).map([1, 2, 3]) == [3, 5, 7]
    assert ran() == ["3"]


def test_they_are_looked_up_at_once(ran: Ran, looks: Callable[[], int], isolated: Any) -> None:
    items = list(range(1200))
    expected = double.map(items)
    ran()
    stores.store_at(isolated).memory.clear()
    looks()
    assert double.map(items) == expected
    assert looks() < 10
    assert double.map(items) == expected
    assert (looks() < 5, ran()) == (True, [])
    store = stores.store_at(isolated)
    store._flush()
    hit = double.peek(7)
    assert hit is not None
    assert hit.hits >= 2


def test_items_of_every_kind(ran: Ran) -> None:
    items = [1, True, 1.0, "a", None, [1, [2]], {"a": (1,)}, 1 << 70, "\ud800", b"x", (1, 2), frozenset({1})]
    assert double.map(items) == double.map(items)
    assert [type(one) for one in double.map(items)] == [type(double(item)) for item in items]
    assert len(ran()) == len(items)
    with pytest.raises(TypeError, match="no deterministic digest"):
        double.map([1, (item for item in [])])


def test_nobody_shares_what_can_change() -> None:
    first = double.map([[1], [1], [2]])
    first[0].append(5)
    assert double.map([[1], [1], [2]]) == [[1], [1], [2]]


def test_files_count_by_their_content(tmp_path: Any, ran: Ran) -> None:
    paths = [tmp_path / name for name in "ab"]
    for path in paths:
        path.write_text("one")
    assert size.map(map(File, paths)) == [3, 3]
    paths[1].write_text("three")
    assert size.map(map(File, paths)) == [3, 5]
    assert size.map(map(File, paths)) == [3, 5]
    assert ran() == ["size"] * 2


def test_what_is_computed_is_stored_at_once(ran: Ran) -> None:
    with pytest.raises(ValueError, match="bad"):
        double.map([1, 2, "bad", 3])
    assert ran() == ["1", "2", "'bad'"]
    assert double.map([1, 2, 3]) == [2, 4, 6]
    assert ran() == ["3"]


def test_in_many_processes(ran: Ran, isolated: Any) -> None:
    assert double.map([1]) == [2]
    ran()
    items = [*range(40), "x" * 100_000]
    assert double.map(items, n_jobs=2) == [*(2 * item for item in range(40)), "x" * 100_000]
    # Computed elsewhere, and loaded from the store.
    assert ran() == []
    assert double.map(items) == double.map(items, n_jobs=2)
    assert ran() == []
    assert len(Store(isolated).entries("*double")) == len(items)


def test_what_is_not_stored_comes_back_too() -> None:
    with mode("readonly"):
        assert double.map(["x" * 100_000, 2, 3], n_jobs=2) == ["x" * 100_000, 4, 6]


def test_modes_hold(ran: Ran) -> None:
    double.map([1, 2])
    ran()
    with mode("refresh"):
        double.map([1, 2])
    with mode("off"):
        double.map([1, 2])
    assert ran() == ["1", "2", "1", "2"]
    with mode("replay"):
        assert double.map([1, 2]) == [2, 4]
        with pytest.raises(ReplayMiss):
            double.map([1, 7])
    assert ran() == []


def test_callers_are_told(ran: Ran) -> None:
    assert summed([1, 2]) == 6
    assert summed([1, 2]) == 6
    assert ran() == ["summed", "1", "2"]
    with configure({"of_map.more": 1}):
        assert summed([1, 2]) == 8
    assert ran() == ["summed", "1", "2"]


def test_every_hit_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    double.map([1, 2])
    with caplog.at_level(logging.INFO, "inviscid"):
        double.map([1, 2])
    assert [record.message.split()[0] for record in caplog.records] == ["hit", "hit"]


def test_who_is_awaited_has_none() -> None:
    with pytest.raises(TypeError, match=r"use asyncio.gather\(\*map\(awaited, items\)\)"):
        awaited.map([1])


def test_a_line_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    double.map([1, 2])
    assert capsys.readouterr().err == ""
    double.map([1, 2, 3, 4], progress=True)
    told = capsys.readouterr().err
    assert told.endswith("\rdouble: 3 of 4, 2 of them stored before\rdouble: 4 of 4, 2 of them stored before\n")
    double.map([1, 2, 3, 4], progress=True)
    assert capsys.readouterr().err == ""


def test_damage_is_told(caplog: pytest.LogCaptureFixture, isolated: Any, ran: Ran) -> None:
    """Whoever looks up many at once leaves it to the calls to say what is wrong."""
    items = ["x" * 10_000, "y" * 10_000]
    double.map(items)
    ran()
    for file in (isolated / "objects").glob("*/*"):
        file.write_bytes(file.read_bytes()[:-1] + b"!")
    stores.store_at(isolated).memory.clear()
    with caplog.at_level(logging.WARNING, "inviscid"):
        assert double.map(items) == items
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == [
        "the stored result was damaged or removed"
    ] * 2
    assert len(ran()) == 2


def test_a_stored_result_that_does_not_load_here_is_computed(
    tmp_path: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a call does it; the codec of a newer version, say."""

    def made(x: int) -> set[int]:
        sys.audit("test.ran", "made")
        return {x}

    function = cached(made, store=tmp_path / "s")
    assert function.map([1, 2]) == [{1}, {2}]
    ran()
    real = codec._loaded.pop("pickle/2")
    monkeypatch.setattr(codec, "_load", lambda name: None)
    assert function.map([1, 2]) == [{1}, {2}]
    codec._loaded["pickle/2"] = real
    assert ran() == ["made", "made"]
