"""The store against a dictionary: whatever happens to it in whatever order, it gives the right value or none."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from inviscid import frames
from inviscid.entry import Entry, Provenance
from inviscid.errors import InviscidWarning, StoreError
from inviscid.store import Store, index, publisher, sweep
from inviscid.store.generation import Generation
from inviscid.store.objects import Objects
from inviscid.store.seals import Seals

# So few that something else has happened to each of them before.
EVERY_KEY = [bytes([65 + number]) * 32 for number in range(4)]
KEYS = st.sampled_from(EVERY_KEY)
# Inline, at the limit, in a file; few, so that keys share objects.
VALUES = st.sampled_from([b"", b"small", b"i" * 4096, b"f" * 4097, b"g" * 20_000])


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self.folder / "store")
        self.model: dict[bytes, bytes] = {}
        # Keys whose entry may be gone without anybody's having asked.
        self.unsure: set[bytes] = set()
        self.views: list[tuple[memoryview, bytes]] = []
        self.pinned: set[bytes] = set()
        # What was in files, by their names; and what the index was, with what it held.
        self.former: dict[str, bytes] = {}
        self.snapshot: tuple[bytes, dict[bytes, bytes], set[bytes]] | None = None

    @initialize(key=KEYS, value=VALUES)
    def begin(self, key: bytes, value: bytes) -> None:
        assert self.store.find(key) is None
        self.publish(key, value, True, 0.0)

    @rule(key=KEYS, value=VALUES, durable=st.booleans(), age=st.sampled_from([0.0, 1e6]))
    def publish(self, key: bytes, value: bytes, durable: bool, age: float) -> None:
        origin = Provenance("pkg.mod:f", value[:1] * 32, b"\x80", time.time() - age, 1.0, "host:1")
        entry = Entry(key, "pickle/1", b"", 0, b"v" * 32, b"\x80", b"", origin)
        written = self.store.publish(entry, [value[:3], value[3:]], preimage=value[:1], durable=durable)
        self.model[key] = value
        self.unsure.discard(key)
        assert self.store.find(key) == written
        # What was damaged under another key is whole again.
        assert self.store.read(written) == value
        if len(value) > 4096:
            self.former[written.object.hex()] = value

    @rule(values=st.lists(VALUES, min_size=len(EVERY_KEY), max_size=len(EVERY_KEY)))
    def publish_all(self, values: list[bytes]) -> None:
        for key, value in zip(EVERY_KEY, values, strict=True):
            self.publish(key, value, False, 0.0)

    @rule(key=KEYS)
    def look(self, key: bytes) -> None:
        entry = self.store.find(key)
        view = None if entry is None else self.store.read(entry)
        if view is not None:
            assert view == self.model.get(key)
            self.views.append((view, self.model[key]))
        elif key not in self.unsure:
            assert key not in self.model
        else:
            self.model.pop(key, None)
            self.unsure.discard(key)

    @rule()
    def look_at_all(self) -> None:
        for key in EVERY_KEY:
            self.look(key)

    @rule(keys=st.lists(KEYS, unique=True))
    def forget(self, keys: list[bytes]) -> None:
        before = self.store.generation()
        count = self.store.forget(keys)
        there = [key for key in keys if key in self.model]
        assert count <= len(there)
        if not self.unsure:
            assert count == len(there)
        assert not count or self.store.generation() != before
        for key in keys:
            self.model.pop(key, None)
            self.unsure.discard(key)

    @rule(key=KEYS)
    def pin(self, key: bytes) -> None:
        self.store.pin(key, because="so")
        self.pinned.add(key)

    @rule(key=KEYS)
    def unpin(self, key: bytes) -> None:
        assert self.store.unpin(key) == (key in self.pinned)
        self.pinned.discard(key)

    @rule(key=KEYS)
    def touch(self, key: bytes) -> None:
        self.store.touch(key, 1.0)

    @rule(limit=st.sampled_from([0, 5000, 30_000]), grace=st.sampled_from([-1.0, 1000.0]))
    def collect(self, limit: int, grace: float) -> None:
        plan = self.store.plan_gc(size_limit=limit, grace=grace)
        swept = self.store.execute(plan)
        assert swept.entries == len(plan.entries)
        for removal in plan.entries:
            assert removal.key not in self.pinned
            self.model.pop(removal.key, None)
            self.unsure.discard(removal.key)
        if grace < 0:
            left = {key: value for key, value in self.model.items() if key not in self.pinned | self.unsure}
            assert sum(map(len, set(left.values()))) <= limit or self.pinned
            assert os.listdir(self.folder / "store" / "tmp") == []

    @rule()
    def clean(self) -> None:
        self.store.execute(self.store.plan_clean())
        for key in set(self.model) - self.pinned:
            del self.model[key]
            self.unsure.discard(key)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def damage_an_object(self, data: st.DataObject) -> None:
        files = sorted(path for path in (self.folder / "store" / "objects").rglob("*") if path.is_file())
        if not files:
            return
        path = data.draw(st.sampled_from(files))
        content = bytearray(path.read_bytes())
        # What is empty already can only go or grow.
        how = data.draw(st.sampled_from(["flip", "cut", "zero", "delete", "grow"] if content else ["delete", "grow"]))
        if how == "flip":
            content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        elif how == "cut":
            del content[data.draw(st.integers(0, len(content) - 1)) :]
        elif how == "zero":
            content[:4096] = bytes(4096)
        elif how == "grow":
            content += b"\0"
        # A new file: what somebody has mapped is not ours to change here.
        path.unlink()
        if how != "delete":
            path.write_bytes(content)
        self.unsure.update(key for key, value in self.model.items() if len(value) > 4096)
        if data.draw(st.booleans()):
            self.look_at_all()

    @precondition(lambda self: self.former)
    @rule(data=st.data())
    def replay_an_object(self, data: st.DataObject) -> None:
        """What a file once held is there again, under its own name or another's."""
        names = sorted(self.former)
        name = data.draw(st.sampled_from(names))
        path = self.folder / "store" / "objects" / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(self.former[data.draw(st.sampled_from(names))])
        self.unsure.update(key for key, value in self.model.items() if len(value) > 4096)
        if data.draw(st.booleans()):
            self.look_at_all()

    @rule(origin=KEYS, other=KEYS)
    def replay_a_row(self, origin: bytes, other: bytes) -> None:
        """All that a row says but for its key, under another key."""
        with closing(sqlite3.connect(self.folder / "store" / "index.sqlite3")) as connection, connection:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(entries)") if row[1] != "key"]
            same = ", ".join(columns)
            connection.execute(
                f"UPDATE entries SET ({same}) = (SELECT {same} FROM entries WHERE key = :origin) "
                "WHERE key = :other AND EXISTS (SELECT 1 FROM entries WHERE key = :origin)",
                {"origin": origin, "other": other},
            )
        if origin != other:
            self.unsure.add(other)

    @rule()
    def remember_the_index(self) -> None:
        self.store.close()
        index = (self.folder / "store" / "index.sqlite3").read_bytes()
        self.snapshot = index, dict(self.model), set(self.pinned)

    @precondition(lambda self: self.snapshot)
    @rule()
    def replay_the_index(self) -> None:
        """As from a backup: what it says was right once, and its files may be gone."""
        assert self.snapshot is not None
        self.store.close()
        index, model, pinned = self.snapshot
        for place in (self.folder / "store").glob("index.sqlite3*"):
            place.unlink()
        (self.folder / "store" / "index.sqlite3").write_bytes(index)
        self.model, self.pinned = dict(model), set(pinned)
        self.unsure = set(model)

    @rule()
    def leave_litter(self) -> None:
        (self.folder / "store" / "tmp" / "1-litter").write_bytes(b"half")

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(self.folder / "store")

    @rule()
    def lose_the_index(self) -> None:
        self.store.close()
        (self.folder / "store" / "index.sqlite3").write_bytes(b"no database" * 1000)
        self.unsure.update(self.model)
        self.pinned.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InviscidWarning)
            assert self.store.stats().entries == 0

    @invariant()
    def views_stay_as_they_were(self) -> None:
        for view, value in self.views[-5:]:
            assert view == value

    def teardown(self) -> None:
        try:
            self.look_at_all()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def believes_all_bytes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(frames, "verify", lambda data, name: True)


def believes_all_rows(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Seals, "fits", lambda self, *_: True)


def believes_files_that_are_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Objects, "_reuse", lambda self, path, *_: os.path.exists(path))


def unlinks_what_others_need(patch: pytest.MonkeyPatch) -> None:
    def unlink(connection: object, objects: Objects, name: bytes) -> bool:
        Path(objects.path(name)).unlink(missing_ok=True)
        return True

    patch.setattr(sweep, "unlink_unneeded", unlink)
    patch.setattr(publisher, "unlink_unneeded", unlink)


def removes_unheard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Generation, "move", lambda self: None)


def keeps_a_damaged_index(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(index, "is_damage", lambda error, path: False)


def keeps_what_shall_go(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sweep, "_evict", lambda connection, objects, batch, interrupts: [0 for _ in batch])


def leaves_drafts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Objects, "sweep", lambda self, path, changed: False)


@pytest.mark.parametrize(
    "mutant",
    [
        believes_all_bytes,
        believes_all_rows,
        believes_files_that_are_there,
        unlinks_what_others_need,
        removes_unheard,
        keeps_a_damaged_index,
        keeps_what_shall_go,
        leaves_drafts,
    ],
)
def test_a_worse_store_is_found_out(mutant: Callable[[pytest.MonkeyPatch], None]) -> None:
    """The same machine, with a seed of its own, fails on each of these."""
    options = settings(
        max_examples=1500, stateful_step_count=30, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        mutant(patch)
        with pytest.raises((AssertionError, StoreError)):
            run_state_machine_as_test(StoreMachine, settings=options)
