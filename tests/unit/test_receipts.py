"""Effects that happen once, in a store where their receipts and marks are damaged, foreign, or of no use."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import EffectError, Store, effect, mode

Ran = Callable[[], list[str]]
KEYS = [bytes([number]) * 32 for number in range(2)]


def paying(store: Store, value: Any = None) -> Any:
    """An effect in this store, the same each time."""

    @effect(once=True, store=store)
    def pay(x: int) -> Any:
        sys.audit("test.ran", "pay")
        return value if value is not None else x

    return pay


def change(store: Store, statement: str, *values: object) -> None:
    """Change the index by hand."""
    store.close()
    with sqlite3.connect(store.path / "index.sqlite3") as connection:
        assert connection.execute(statement, values).rowcount
    connection.close()


# What is damaged, by a condition on rows: marks have no seconds.
RECEIPT, MARK, BOTH = "seconds > 0", "seconds = 0", "1"
DAMAGE = {
    "seal": "seal = zeroblob(16)",
    "column": "origin = 'elsewhere'",
    "bytes": "inline = zeroblob(length(inline))",
    "shorter": "inline = x''",
    "gone": "key = zeroblob(32)",
}


@pytest.mark.parametrize("repair", [False, True], ids=["", "repaired"])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("rows", [RECEIPT, BOTH], ids=["receipt", "both"])
def test_a_damaged_receipt_is_no_leave_to_do_it_again(
    isolated: Path, ran: Ran, rows: str, damage: str, repair: bool
) -> None:
    store = Store(isolated)
    pay = paying(store)
    assert pay(1) == 1
    if rows == BOTH and damage == "gone":
        change(store, "DELETE FROM entries")
    else:
        change(store, f"UPDATE entries SET {DAMAGE[damage]} WHERE {rows}")
    if repair:
        store.verify(read_data=True, repair=True)
    for _ in range(2):
        with pytest.raises(EffectError, match=r"pay\(\).*\.forget\("):
            pay(1)
    assert "nobody knows" in pay.explain(1).reasons[0]
    with mode("readonly"), pytest.raises(EffectError, match=r"forget"):
        pay(1)
    assert pay(2) == 2
    assert ran() == ["pay", "pay"]
    assert pay.forget(1)
    assert not pay.forget(1)
    assert pay(1) == 1
    assert pay(1) == 1
    assert ran() == ["pay"]


@pytest.mark.parametrize("repair", [False, True], ids=["", "repaired"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_mark_is_no_leave_to_do_it_again(isolated: Path, ran: Ran, damage: str, repair: bool) -> None:
    store = Store(isolated)

    @effect(once=True, store=store)
    def pay(x: int) -> int:
        sys.audit("test.ran", "pay")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pay(1)
    change(store, f"UPDATE entries SET {DAMAGE[damage]}")
    if repair:
        store.verify(read_data=True, repair=True)
    for _ in range(2):
        with pytest.raises(EffectError, match=r"pay\(\).*\.forget\("):
            pay(1)
    assert ran() == ["pay"]
    assert pay.forget(1)
    with pytest.raises(KeyboardInterrupt):
        pay(1)
    assert ran() == ["pay"]


def test_clean_lets_happen_again_what_was_damaged(isolated: Path, ran: Ran) -> None:
    store = Store(isolated)
    pay = paying(store)
    pay(1), pay(2)
    change(store, "UPDATE entries SET seal = zeroblob(16)")
    store.verify(repair=True)
    with pytest.raises(EffectError):
        pay(1)
    assert pay.clean() > 0
    assert pay.clean() == 0
    assert store.pins() == []
    pay(1), pay(2)
    assert ran() == ["pay"] * 4


def test_an_effect_that_failed_leaves_nothing(isolated: Path, ran: Ran) -> None:
    store = Store(isolated)
    failing = [True]

    @effect(once=True, store=store, ignore=["failing"])
    def pay(failing: list[bool]) -> int:
        sys.audit("test.ran", "pay")
        if failing:
            raise ConnectionError
        return 1

    with pytest.raises(ConnectionError):
        pay(failing)
    assert store.pins() == []
    assert pay([]) == 1
    assert ran() == ["pay", "pay"]


@pytest.mark.parametrize("rows", [RECEIPT, MARK, BOTH], ids=["receipt", "mark", "both"])
@pytest.mark.parametrize(
    ("theirs", "ours"), [((0,), (1,)), ((), (1,)), ((0,), ())], ids=["another key", "no key", "a key"]
)
def test_a_receipt_that_others_sealed_is_no_leave_to_do_it_again(
    isolated: Path, ran: Ran, theirs: tuple[int, ...], ours: tuple[int, ...], rows: str
) -> None:
    first, second = (Store(isolated, signing_key=KEYS[number[0]] if number else None) for number in (theirs, ours))
    assert paying(first)(1) == 1
    if rows != BOTH:
        # Of a process that died in between, or whose receipt was lost.
        change(first, f"DELETE FROM entries WHERE NOT ({rows})")
        change(first, "DELETE FROM pins WHERE key NOT IN (SELECT key FROM entries)")
    before = sorted(row[0] for row in first._index.read("SELECT seal FROM entries"))
    pay = paying(second)
    for _ in range(2):
        with pytest.raises(EffectError, match=r"key that sealed it.*\.forget\("):
            pay(1)
    assert "nobody knows" in pay.explain(1).reasons[0]
    assert pay.clean() == 0
    assert sorted(row[0] for row in first._index.read("SELECT seal FROM entries")) == before
    assert ran() == ["pay"]
    if rows != MARK:
        assert paying(first)(1) == 1
    assert pay.forget(1)
    assert pay(1) == 1
    assert pay(1) == 1
    assert ran() == ["pay"]


def test_to_do_it_again_all_the_same_is_the_users_word(isolated: Path, ran: Ran) -> None:
    first, second = (Store(isolated, signing_key=key) for key in KEYS)
    paying(first)(1)
    assert paying(second).refresh(1) == 1
    assert paying(second)(1) == 1
    change(second, "UPDATE entries SET seal = zeroblob(36) || x'00'")
    assert paying(second).refresh(1) == 1
    assert paying(second)(1) == 1
    assert ran() == ["pay"] * 3


def test_a_receipt_that_a_safe_store_can_not_load(isolated: Path, ran: Ran) -> None:
    assert paying(Store(isolated), {1})(1) == {1}
    pay = paying(Store(isolated, safe=True), {1})
    for _ in range(2):
        with pytest.raises(EffectError, match=r"pay\(\) happened, and its receipt can't be loaded.*safe.*\.forget\("):
            pay(1)
    assert ran() == ["pay"]


def test_a_receipt_whose_class_is_gone(project: Any, isolated: Path, ran: Ran) -> None:
    project.write(things="class Thing:\n    pass\n")
    things = project.load("things")
    pay = paying(Store(isolated), things.Thing())
    pay(1)
    del things.Thing
    with pytest.raises(EffectError, match=r"its receipt can't be loaded"):
        pay(1)
    assert ran() == ["pay"]


def test_a_receipt_whose_object_is_away_is_a_receipt_again(isolated: Path, ran: Ran) -> None:
    store = Store(isolated)
    pay = paying(store, list(range(5000)))
    pay(1)
    store.close()
    (isolated / "objects").rename(isolated.parent / "away")
    with pytest.raises(EffectError, match="its receipt is lost"):
        pay(1)
    (isolated / "objects").rmdir()
    (isolated.parent / "away").rename(isolated / "objects")
    assert pay(1) == list(range(5000))
    assert ran() == ["pay"]
