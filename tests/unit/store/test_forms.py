"""Remembered forms in the store: their table, their seal, their bounds."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inviscid import Store, StoreError
from inviscid.entry import Entry
from inviscid.store import forms as stored_forms

Put = Callable[..., Entry]
DAY = 86_400.0
A, B, C = b"a" * 32, b"b" * 32, b"c" * 32


def sql(store: Store, statement: str, *arguments: Any) -> list[Any]:
    with closing(sqlite3.connect(store.path / "index.sqlite3", isolation_level=None)) as connection:
        return connection.execute(statement, arguments).fetchall()


def age(store: Store, text: bytes, days: float) -> None:
    sql(store, "UPDATE forms SET used = ? WHERE text = ?", time.time() - days * DAY, text)


def test_they_come_back_by_text(store: Store) -> None:
    store.remember({A: {B: b"one", C: b"two"}, B: {C: b"three"}})
    assert store.forms(A) == ({B: b"one", C: b"two"}, False)
    assert store.forms(B) == ({C: b"three"}, False)
    assert store.forms(C) == ({}, False)
    assert (store.stats().forms, store.stats().form_bytes) == (3, 11 + 3 * stored_forms.ROW)


def test_looking_makes_no_store(store: Store) -> None:
    assert store.forms(A) == ({}, False)
    assert not store.path.exists()
    assert (store.stats().forms, store.plan_gc().forms, store.plan_clean().forms) == (0, (), ())
    assert not store.path.exists()


def test_another_connection_sees_them_and_the_generation_stands(store: Store) -> None:
    store.remember({A: {B: b"one"}})
    before = store.generation()
    store.remember({A: {B: b"one", C: b"two"}})
    store.execute(store.plan_clean())
    assert store.generation() == before
    assert Store(store.path).forms(A) == ({}, False)


@pytest.mark.parametrize("column", ["text", "code", "body", "seal"])
def test_a_flipped_bit_in_any_column_hides_the_form(column: str, store: Store) -> None:
    store.remember({A: {B: b"one", C: b"two"}})
    value = bytearray(sql(store, f"SELECT {column} FROM forms WHERE code = ?", B)[0][0])
    value[-1] ^= 1
    sql(store, f"UPDATE forms SET {column} = ? WHERE code = ?", bytes(value), B)
    assert store.forms(A)[0] == {C: b"two"}
    # Nor does it answer for the text or the code that it now says it is of.
    assert store.forms(A[:-1] + bytes([A[-1] ^ 1]))[0] == {}
    # And it is mended by whoever makes it anew.
    store.remember({A: {B: b"one"}})
    assert store.forms(A)[0] == {B: b"one", C: b"two"}


@pytest.mark.parametrize("value", [None, 7, "text", 1.5])
def test_a_column_of_another_type(value: object, store: Store) -> None:
    for column in ("body", "seal", "used"):
        store.remember({A: {B: b"one"}})
        try:
            sql(store, f"UPDATE forms SET {column} = ?", value)
        except sqlite3.IntegrityError:
            continue
        assert store.forms(A)[0] == ({B: b"one"} if column == "used" else {})
    store.execute(store.plan_gc())


def test_use_is_noted_once_a_day(store: Store) -> None:
    store.remember({A: {B: b"one"}})
    assert store.forms(A)[1] is False
    age(store, A, 2)
    assert store.forms(A)[1] is True
    store.remember({}, [A])
    assert store.forms(A)[1] is False
    age(store, A, -2)
    assert store.forms(A)[1] is True


def test_what_nobody_used_for_a_month_goes(store: Store) -> None:
    store.remember({A: {B: b"one", C: b"two"}, B: {C: b"three"}})
    age(store, A, 31)
    age(store, B, 29)
    plan = store.plan_gc()
    assert [(item.text, item.forms, item.reason) for item in plan.forms] == [(A, 2, "age")]
    assert plan.bytes == 6 + 2 * stored_forms.ROW
    assert store.execute(plan).forms == 2
    assert (store.forms(A)[0], store.forms(B)[0]) == ({}, {C: b"three"})


def test_what_was_used_since_the_plan_stays(store: Store) -> None:
    store.remember({A: {B: b"one"}})
    age(store, A, 31)
    plan = store.plan_gc()
    store.remember({}, [A])
    assert store.execute(plan).forms == 0
    assert store.forms(A)[0] == {B: b"one"}


def test_the_longest_unused_go_until_all_fit(store: Store) -> None:
    for number in range(8):
        text = bytes([number]) * 32
        store.remember({text: {B: bytes(10_000)}})
        age(store, text, number)
    size = 10_000 + stored_forms.ROW
    plan = store.plan_gc(size_limit=64 * 3 * size)
    assert sorted((item.text[0], item.reason) for item in plan.forms) == [(n, "size") for n in range(3, 8)]
    store.execute(plan)
    assert store.stats().forms == 3


def test_the_limit_is_a_part_of_the_stores_and_no_more_than_64_mib() -> None:
    assert stored_forms.limit_of(64_000) == 1000
    assert stored_forms.limit_of(10 * 2**40) == 64 * 2**20


def test_writers_keep_to_the_limit_by_themselves(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", size_limit=64 * 100_000)
    for number in range(60):
        store.remember({bytes([number]) * 32: {B: bytes(5_000)}})
    assert 80_000 < store.stats().form_bytes <= 110_000
    assert store.forms(bytes([59]) * 32)[0]
    assert not store.forms(bytes([0]) * 32)[0]
    store.close()


def test_cleaning_everything_drops_them_cleaning_a_function_does_not(store: Store, put: Put) -> None:
    put()
    store.remember({A: {B: b"one"}})
    store.execute(store.plan_clean("f"))
    assert (store.stats().entries, store.stats().forms) == (0, 1)
    plan = store.plan_clean()
    assert [(item.text, item.reason) for item in plan.forms] == [(A, "clean")]
    store.execute(plan)
    assert store.stats().forms == 0


def test_a_store_from_before_gets_the_table_when_it_is_written(store: Store, put: Put) -> None:
    entry = put()
    store.close()
    sql(store, "DROP TABLE forms")
    sql(store, "PRAGMA user_version = 1")
    again = Store(store.path)
    again.remember({A: {B: b"one"}})
    assert again.forms(A)[0] == {B: b"one"}
    found = again.find(entry.key)
    assert found is not None
    assert found.object == entry.object
    assert again.stats().quarantined == 0
    assert not list((store.path / "quarantine").iterdir())
    again.close()


def test_a_read_only_store(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = put()
    store.remember({A: {B: b"one"}})
    store.close()
    store.path.chmod(0o500)
    # Root may write everywhere, but is told otherwise.
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    try:
        reader = Store(store.path)
        assert reader.forms(A)[0] == {B: b"one"}
        with pytest.raises(StoreError, match="read-only"):
            reader.remember({A: {C: b"two"}})
        reader.close()
        sql(store, "DROP TABLE forms")
        old = Store(store.path)
        assert old.forms(A) == ({}, False)
        assert old.stats().forms == 0
        assert old.find(entry.key) is not None
        old.close()
    finally:
        store.path.chmod(0o700)


def test_many_write_the_same_at_once(store: Store) -> None:
    made = {bytes([n]) * 32: {B: bytes(100), C: bytes(200)} for n in range(20)}

    def write(_: int) -> None:
        mine = Store(store.path)
        for _ in range(5):
            mine.remember(made)
        mine.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert store.stats().forms == 40
    assert all(store.forms(text)[0] == forms for text, forms in made.items())
