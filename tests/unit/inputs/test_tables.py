"""Tables of pyarrow and polars: by what is in them, however it is cut."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from typing import Any

import pytest

from inviscid import cached
from inviscid.results import digest_of

pa = pytest.importorskip("pyarrow")
Ran = Callable[[], list[str]]


def columns(start: int = 0, stop: int = 40) -> dict[str, list[Any]]:
    numbers = range(start, stop)
    return {
        "int": list(numbers), "float": [number / 3 for number in numbers], "text": [f"text {number}" for number in numbers],
        "null": [None if number % 3 else number for number in numbers], "bool": [number % 2 == 0 for number in numbers],
        "list": [[number, None] for number in numbers], "day": [dt.date(2020, 1, 1) + dt.timedelta(number) for number in numbers],
        "nested": [{"a": number, "b": [str(number)]} for number in numbers],
    }  # fmt: skip


@cached
def counted(table: Any) -> int:
    sys.audit("test.ran", "counted")
    return len(table)


@cached
def made(stop: int) -> Any:
    sys.audit("test.ran", "made")
    return pa.table(columns(0, stop))


def test_equal_tables_have_one_digest() -> None:
    table = pa.table(columns())
    same = digest_of(table)
    assert digest_of(pa.table(columns())) == same
    assert digest_of(pa.concat_tables([table[:7], table[7:]])) == same
    assert digest_of(pa.concat_tables([table, table])[40:]) == same
    assert digest_of(table[5:30]) == digest_of(pa.table(columns(5, 30)))
    for column in table.columns:
        assert digest_of(column) == digest_of(pa.chunked_array([column.chunk(0)[:3], column.chunk(0)[3:]]))
        assert digest_of(column.chunk(0)[8:16]) == digest_of(column[8:16].combine_chunks())
    (batch,) = table.to_batches()
    assert digest_of(batch) == digest_of(pa.record_batch(columns()))


def test_what_differs_has_another() -> None:
    table = pa.table(columns())
    others = [
        table[1:], table.drop_columns(["int"]), table.rename_columns([*table.column_names[:-1], "other"]),
        table.select(table.column_names[::-1]), table.set_column(0, "int", pa.array([*range(39), 7])),
        table.set_column(0, "int", table["int"].cast("int32")), table.set_column(0, "int", pa.array([*range(39), None])),
        table.replace_schema_metadata({"a": "b"}), table.to_batches()[0], table["int"], table["int"].chunk(0),
    ]  # fmt: skip
    assert len({digest_of(one) for one in [table, *others]}) == 1 + len(others)


def test_results_and_arguments(ran: Ran) -> None:
    table = made(20)
    assert made(20).equals(table)
    assert counted(table) == counted(made(20)) == counted(pa.table(columns(0, 20))) == 20
    assert ran() == ["made", "counted"]
    counted(made(20)[1:])
    assert ran() == ["counted"]


def test_polars() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(columns())
    same = digest_of(frame)
    assert digest_of(pl.DataFrame(columns())) == same
    assert digest_of(pl.concat([frame[:7], frame[7:]], rechunk=False)) == same
    assert digest_of(frame[5:30]) == digest_of(pl.DataFrame(columns(5, 30)))
    series = frame["text"]
    others = [
        frame[1:], frame.rename({"int": "other"}), frame.with_columns(pl.col("int").cast(pl.Int32)),
        frame.with_columns(pl.col("text").cast(pl.Categorical)), series, series.rename("other"), series[1:],
        frame.with_columns(int=pl.Series([*range(39), None])), frame.to_arrow(),
    ]  # fmt: skip
    assert len({digest_of(one) for one in [frame, *others]}) == 1 + len(others)
    made_of = cached(lambda stop: pl.DataFrame(columns(0, stop)))
    assert made_of(9).equals(made_of(9))
    assert made_of.explain(9).outcome == "hit"
