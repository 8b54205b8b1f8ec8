"""Plans and sweeps: what stays, what goes, and why."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inviscid.entry import Entry
from inviscid.errors import InviscidWarning, SelectorError, StoreError
from inviscid.store import DEFAULT_SIZE_LIMIT, Plan, Store, Swept

Put = Callable[..., Entry]
DAY = 86_400.0


def key(number: int) -> bytes:
    return bytes([number]) * 32


def files(store: Store) -> list[Path]:
    return sorted(path for path in (store.path / "objects").rglob("*") if path.is_file())


def going(plan: Plan) -> list[tuple[int, str]]:
    return sorted((removal.key[0], removal.reason) for removal in plan.entries)


def age_files(store: Store, days: float) -> None:
    for path in store.path.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - days * DAY,) * 2)


def test_the_default_limit_is_ten_gibibytes() -> None:
    assert DEFAULT_SIZE_LIMIT == 10 * 1024**3


def test_a_store_within_its_limits_keeps_everything(store: Store, put: Put) -> None:
    put(key(1), b"x" * 9000, age=100 * DAY)
    plan = store.plan_gc()
    assert plan == Plan((), (), 0, 0, 1, 9000, 0)
    assert store.execute(plan) == Swept(0, 0, 0)


def test_a_missing_store_plans_nothing_and_is_not_made(store: Store) -> None:
    assert store.plan_gc() == Plan((), (), 0, 0, 0, 0, 0)
    assert store.plan_clean() == Plan((), (), 0, 0, 0, 0, 0)
    assert store.execute(store.plan_gc()) == Swept(0, 0, 0)
    assert not store.path.exists()


def test_what_is_worth_least_goes_first_and_no_more_than_needed(store: Store, put: Put) -> None:
    put(key(1), b"a" * 9000, age=9 * DAY, seconds=1.0)
    put(key(2), b"b" * 9000, age=9 * DAY, seconds=100.0)
    put(key(3), b"c" * 900, age=9 * DAY, seconds=1.0)
    put(key(4), b"d" * 9000, age=30 * DAY, seconds=100.0)
    plan = store.plan_gc(size_limit=20_000)
    # The third is as cheap as the first, but smaller; the fourth as dear as the second, but longer unused.
    assert going(plan) == [(1, "size")]
    assert going(store.plan_gc(size_limit=18_500)) == [(1, "size"), (3, "size")]
    assert going(store.plan_gc(size_limit=10_000)) == [(1, "size"), (3, "size"), (4, "size")]
    assert going(store.plan_gc(size_limit=0)) == [(number, "size") for number in (1, 2, 3, 4)]
    assert plan.bytes == 9000
    assert (plan.kept, plan.kept_bytes) == (3, 18_900)
    assert store.execute(plan) == Swept(1, 0, 9000)
    assert len(files(store)) == 2
    assert store.find(key(1)) is None
    assert store.find(key(2)) is not None


def test_hits_are_worth_something_and_using_keeps_young(store: Store, put: Put) -> None:
    put(key(1), b"a" * 9000, age=9 * DAY)
    put(key(2), b"b" * 9000, age=9 * DAY)
    store.touch(key(1), 1.0)
    assert going(store.plan_gc(size_limit=0)) == [(2, "size")]
    assert going(store.plan_gc(max_age=DAY)) == [(2, "age")]
    assert going(store.plan_gc(size_limit=9000, grace=0.0)) == [(2, "size")]


def test_the_old_go_whatever_they_are_worth_but_not_within_the_grace(store: Store, put: Put) -> None:
    put(key(1), age=40 * DAY, seconds=1e9)
    put(key(2), age=20 * DAY)
    assert going(store.plan_gc(max_age=30 * DAY)) == [(1, "age")]
    assert going(store.plan_gc(max_age=30 * DAY, grace=50 * DAY)) == []
    assert going(Store(store.path, max_age=30 * DAY).plan_gc()) == [(1, "age")]


def test_an_entry_from_the_future_is_not_young_for_ever(store: Store, put: Put) -> None:
    put(key(1), age=-3650 * DAY)
    assert going(store.plan_gc(max_age=30 * DAY)) == [(1, "age")]


def test_pins_stay_until_they_are_undone(store: Store, put: Put) -> None:
    put(key(1), b"x" * 9000, age=40 * DAY)
    store.pin(key(1), because="the paper cites it")
    plan = store.plan_gc(size_limit=0, max_age=1.0)
    assert going(plan) == []
    assert plan.pinned == 1
    assert going(store.plan_clean()) == []
    [pin] = store.pins()
    assert (pin.key, pin.because) == (key(1), "the paper cites it")
    assert store.unpin(key(1)) is True
    assert store.unpin(key(1)) is False
    assert going(store.plan_gc(size_limit=0)) == [(1, "size")]


def test_entries_of_one_object_go_together(store: Store, put: Put) -> None:
    put(key(1), b"x" * 9000, age=40 * DAY, seconds=0.0)
    put(key(2), b"x" * 9000, age=0.0, seconds=0.0)
    assert going(store.plan_gc(size_limit=0)) == []
    plan = store.plan_gc(size_limit=0, grace=-1.0)
    assert going(plan) == [(1, "size"), (2, "size")]
    assert plan.bytes == 9000
    assert store.execute(plan) == Swept(2, 0, 9000)
    assert files(store) == []


def test_what_was_used_pinned_or_written_again_since_the_plan_stays(store: Store, put: Put) -> None:
    for number in (1, 2, 3, 4):
        put(key(number), b"%d" % number * 9000, age=9 * DAY)
    plan = store.plan_gc(size_limit=0)
    assert len(plan.entries) == 4
    store.touch(key(1), 1.0)
    store._tally.flush()
    store.pin(key(2), because="late")
    put(key(3), b"new" * 9000)
    assert store.execute(plan).entries == 1
    assert [store.find(key(number)) is not None for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert len(files(store)) == 3


def test_every_removal_moves_the_generation(store: Store, put: Put) -> None:
    put(key(1), age=9 * DAY)
    before = store.generation()
    store.execute(store.plan_gc(size_limit=0))
    middle = store.generation()
    assert middle != before
    put(key(1))
    assert store.generation() == middle
    store.execute(store.plan_clean())
    assert store.generation() != middle


def test_what_writers_left_behind_is_swept_when_it_is_old(store: Store, put: Put) -> None:
    kept = put(key(1), b"x" * 9000)
    orphan = store.path / "objects" / "ab" / ("ab" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"orphan")
    (store.path / "tmp" / "123-abc").write_bytes(b"unfinished")
    (store.path / "quarantine" / "thing").write_bytes(b"damaged")
    assert store.plan_gc().files == ()
    age_files(store, 3.0)
    plan = store.plan_gc()
    assert sorted(file.reason for file in plan.files) == ["orphan", "unfinished"]
    age_files(store, 10.0)
    plan = store.plan_gc()
    assert sorted(file.reason for file in plan.files) == ["orphan", "quarantine", "unfinished"]
    assert plan.bytes == len(b"orphanunfinisheddamaged")
    assert store.execute(plan) == Swept(0, 3, plan.bytes)
    assert store.read(kept) == b"x" * 9000
    assert os.listdir(store.path / "tmp") == os.listdir(store.path / "quarantine") == []


def test_an_orphan_that_a_writer_takes_up_after_the_plan_stays(store: Store, put: Put) -> None:
    entry = put(key(1), b"x" * 9000)
    store._index.write(lambda connection: connection.execute("DELETE FROM entries"))
    age_files(store, 3.0)
    plan = store.plan_gc()
    assert [file.reason for file in plan.files] == ["orphan"]
    put(key(2), b"x" * 9000)
    # Even with a clock that says nothing happened.
    os.utime(files(store)[0], (plan.files[0].changed,) * 2)
    assert store.execute(plan) == Swept(0, 0, 0)
    assert len(files(store)) == 1
    assert store.read(store.find(key(2)) or entry) == b"x" * 9000


def test_an_object_that_is_swept_before_its_row_is_written_is_written_again(
    store: Store, put: Put, make_entry: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that stops between object and row, for longer than any grace."""
    put(key(1))
    real, times = store._objects.write, []

    def slow(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        times.append(1)
        if len(times) == 1:
            age_files(store, 3.0)
            assert store.execute(store.plan_gc()).files == 1

    monkeypatch.setattr(store._objects, "write", slow)
    entry = store.publish(make_entry(key(2)), [b"x" * 9000], preimage=b"", durable=False)
    assert len(times) == 2
    assert store.read(entry) == b"x" * 9000


def test_a_draft_that_is_swept_is_written_again(
    store: Store, put: Put, make_entry: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(key(1))
    real, times = os.rename, []

    def slow(old: str, new: str, **options: int) -> None:
        times.append(1)
        if len(times) == 1:
            os.unlink(old)
        real(old, new, **options)

    monkeypatch.setattr(os, "rename", slow)
    entry = store.publish(make_entry(key(2)), [b"x" * 9000], preimage=b"", durable=False)
    assert store.read(entry) == b"x" * 9000


def test_preimages_go_with_the_last_entry_that_needs_them(store: Store, put: Put) -> None:
    put(key(1), age=9 * DAY, fingerprint=b"1" * 32)
    put(key(2), age=0, fingerprint=b"2" * 32)
    plan = store.plan_gc(size_limit=0)
    assert plan.preimages == 1
    store.execute(plan)
    assert store.preimage(b"1" * 32) is None
    assert store.preimage(b"2" * 32) is not None


def test_cleaning_takes_one_function_or_all(store: Store, put: Put) -> None:
    put(key(1), function="pkg.a:f")
    put(key(2), function="pkg.a:g")
    put(key(3), function="pkg.b:f")
    assert going(store.plan_clean("pkg.a:f")) == [(1, "clean")]
    assert going(store.plan_clean("pkg.a:*")) == [(1, "clean"), (2, "clean")]
    assert going(store.plan_clean("f")) == [(1, "clean"), (3, "clean")]
    assert going(store.plan_clean("02020202")) == [(2, "clean")]
    assert store.execute(store.plan_clean("pkg.?:f")).entries == 2
    assert going(store.plan_clean()) == [(2, "clean")]
    with pytest.raises(SelectorError, match=r"did you mean 'pkg.a:g'\? The store has pkg.a:g"):
        store.plan_clean("pkg.a:h")


def test_publishing_over_the_limit_collects(tmp_path: Path, make_entry: Callable[..., Entry]) -> None:
    store = Store(tmp_path / "store", size_limit=100_000)
    for number in range(40):
        data = bytes([number]) * 9000
        store.publish(make_entry(key(number), age=DAY * (100 - number)), [data], preimage=b"", durable=False)
    assert store.stats().bytes <= 100_000
    assert store.stats().entries >= 8
    assert store.find(key(39)) is not None
    assert len(files(store)) == store.stats().entries
    store.close()


def test_publishing_drops_what_is_too_old(tmp_path: Path, make_entry: Callable[..., Entry]) -> None:
    store = Store(tmp_path / "store", size_limit=10_000, max_age=DAY)
    store.publish(make_entry(key(1), age=2 * DAY), [b"x" * 700], preimage=b"", durable=False)
    store.publish(make_entry(key(2)), [b"y" * 700], preimage=b"", durable=False)
    assert store.find(key(1)) is None
    assert store.find(key(2)) is not None
    store.close()


def test_a_collection_that_fails_costs_no_publication(
    tmp_path: Path, make_entry: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store", size_limit=10)
    from inviscid.store import publisher

    def failing(*args: object, **options: object) -> None:
        raise StoreError("no")

    monkeypatch.setattr(publisher, "execute", failing)
    with pytest.warns(InviscidWarning, match="could not be collected: no"):
        entry = store.publish(make_entry(key(1)), [b"x" * 700], preimage=b"", durable=False)
    assert store.read(entry) == b"x" * 700
    store.close()


def test_what_a_writer_freshened_after_the_plan_stays(store: Store, put: Put) -> None:
    """It has no row yet, but somebody is about to write one."""
    entry = put(key(1), b"x" * 9000)
    store._index.write(lambda connection: connection.execute("DELETE FROM entries"))
    age_files(store, 3.0)
    plan = store.plan_gc()
    assert store._objects.freshen(entry.object)
    assert store.execute(plan) == Swept(0, 0, 0)
    assert len(files(store)) == 1
