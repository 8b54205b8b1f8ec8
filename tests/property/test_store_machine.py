"""The store against a dictionary: whatever happens to it in whatever order, it gives the right value or none."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import warnings
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inviscid.entry import Entry, Provenance
from inviscid.errors import InviscidWarning
from inviscid.store import Store

KEYS = st.integers(0, 5).map(lambda number: bytes([65 + number]) * 32)
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

    @rule(key=KEYS)
    def look(self, key: bytes) -> None:
        entry = self.store.find(key)
        view = None if entry is None else self.store.read(entry)
        if view is not None:
            assert view == self.model[key]
            self.views.append((view, self.model[key]))
        elif key not in self.unsure:
            assert key not in self.model
        else:
            self.model.pop(key, None)
            self.unsure.discard(key)

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
        how = data.draw(st.sampled_from(["flip", "cut", "zero", "delete", "grow"]))
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
        self.store.close()
        shutil.rmtree(self.folder)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
