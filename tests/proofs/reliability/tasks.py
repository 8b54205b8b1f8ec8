"""What the child does in the crash proof, on which store, and what must hold afterwards.

A *task* is one piece of the store's work, such as a durable put. Its *template* is the store that each run of it begins
with, as a copy. What was *acknowledged* is work that had returned before the process died.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import tracing

from inviscid import frames
from inviscid.entry import Entry, Provenance
from inviscid.errors import StoreError
from inviscid.store import Store, draft

OLD, NEW, BAD, STAYS, SMALL, LARGE, AGAIN = (letter * 32 for letter in (b"o", b"n", b"b", b"s", b"i", b"l", b"a"))
VALUES = {key: key * 300 for key in (OLD, NEW, BAD, STAYS, AGAIN)} | {SMALL: SMALL * 10, LARGE: LARGE * (1 << 15)}
REPLACED = b"replaced" * 1000
_HEAD, _BUFFER = b"head", b"buffer" * 40_000
FRAMED = b"".join(frames.framed(memoryview(_HEAD), [memoryview(_BUFFER)]).chunks())
_AGE = 1e6


class WrongValueError(Exception):
    """The store gave bytes that nobody stored under this key."""


class StuckError(Exception):
    """The process that met the fault can't use its store any more."""


class Task(NamedTuple):
    """One piece of the store's work."""

    name: str
    prepare: Callable[[Path], None]
    work: Callable[[Store], object]
    after: dict[bytes, bytes | None]
    """What each key must give once the work was acknowledged; None for a miss."""
    closed: bool = True
    """Whether whoever made the template closed it, or died."""
    keeps: bool = True
    """Whether what the work has nothing to do with must still be there, whatever happens."""
    never_fails: bool = False
    pins: bool = False


def entry_for(key: bytes, age: float = 0.0) -> Entry:
    # Parts that are no map are kept in the row, as they were by former schemas.
    origin = Provenance("pkg.mod:f", b"F" * 32, b"\x90", time.time() - age, 1.0, "host:1")
    return Entry(key, "pickle/2", b"", 0, b"v" * 32, b"\x80", b"", origin)


def put(store: Store, key: bytes, *, age: float = 0.0, durable: bool = False, data: bytes | None = None) -> None:
    chunks = [VALUES[key] if data is None else data]
    store.publish(entry_for(key, age), chunks, preimage=b"p", durable=durable)


def get(store: Store, key: bytes) -> bytes | None:
    entry = store.find(key)
    data = None if entry is None else store.read(entry)
    return None if data is None else bytes(data)


def _object(path: Path, key: bytes) -> Path:
    with closing(Store(path)) as store:
        entry = store.find(key)
    assert entry is not None
    name = entry.object.hex()
    return path / "objects" / name[:2] / name


def _nothing(path: Path) -> None:
    pass


def _filled(path: Path) -> None:
    with closing(Store(path)) as store:
        put(store, OLD, age=_AGE, durable=True)
        put(store, BAD, age=_AGE)
        put(store, SMALL, age=_AGE)
        put(store, STAYS)


def _with_large(path: Path) -> None:
    _filled(path)
    with closing(Store(path)) as store:
        put(store, LARGE)


def _with_damage(path: Path) -> None:
    _filled(path)
    _object(path, BAD).write_bytes(b"damage" * 1600)


def _with_litter(path: Path) -> None:
    _filled(path)
    past = time.time() - _AGE
    for place in (path / "tmp" / "1-unfinished", path / "objects" / "ab" / ("ab" * 32), path / "quarantine" / "looked"):
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(b"litter")
        os.utime(place, (past, past))


def _with_former_schema(path: Path) -> None:
    _filled(path)
    connection = sqlite3.connect(path / "index.sqlite3")
    connection.executescript("ALTER TABLE entries DROP COLUMN common; DROP TABLE commons; DROP TABLE outputs;")
    connection.executescript("PRAGMA user_version = 3;")
    connection.close()


def _with_empty_index(path: Path) -> None:
    _filled(path)
    os.truncate(path / "index.sqlite3", 0)


def _with_garbage(path: Path) -> None:
    _filled(path)
    for name in ("index.sqlite3", "index.sqlite3-wal"):
        (path / name).write_bytes(b"garbage!" * 2000)


def _read_all(store: Store) -> None:
    for key in (OLD, SMALL, LARGE):
        _expect(key, get(store, key), {VALUES[key]})


def _read_damaged(store: Store) -> None:
    _expect(BAD, get(store, BAD), {None})


def _put_draft(store: Store) -> None:
    head, buffers = memoryview(_HEAD), [memoryview(_BUFFER)]
    # The large way of writing, without many megabytes at each point.
    with patch.object(draft, "FROM", 1 << 16), patch.object(draft, "_BLOCK", 1 << 16):
        written = store.draft(head, buffers)
    assert written is not None
    chunks = frames.framed(head, buffers).chunks()
    store.publish(entry_for(NEW), chunks, preimage=b"p", durable=True, draft=written)


def _put_claimed(store: Store) -> None:
    with store.claim(NEW):
        put(store, NEW)


def _count(store: Store) -> None:
    for _ in range(3):
        store.hit(OLD, 1.0)
    store.close()


def _collect(store: Store) -> None:
    store.execute(store.plan_gc(size_limit=0, grace=3600.0))


def _expect(key: bytes, data: bytes | None, allowed: set[bytes | None]) -> None:
    if data not in allowed:
        raise WrongValueError(f"{key[:1]!r} gives {None if data is None else data[:20]!r}")


def _put(key: bytes, *, durable: bool = False, data: bytes | None = None) -> Callable[[Store], None]:
    return lambda store: put(store, key, durable=durable, data=data)


TASKS = (
    Task("put inline", _filled, _put(NEW, data=b"small" * 10), {NEW: b"small" * 10}),
    Task("put durable", _filled, _put(NEW, durable=True), {NEW: VALUES[NEW]}),
    Task("put quick", _filled, _put(NEW), {NEW: VALUES[NEW]}, closed=False),
    Task("put draft", _filled, _put_draft, {NEW: FRAMED}),
    Task("put claimed", _filled, _put_claimed, {NEW: VALUES[NEW]}),
    Task("replace", _filled, _put(OLD, durable=True, data=REPLACED), {OLD: REPLACED}, closed=False),
    Task("get", _with_large, _read_all, {key: VALUES[key] for key in (OLD, SMALL, LARGE)}),
    Task("forget", _filled, lambda store: store.forget([OLD]), {OLD: None}),
    Task("gc", _with_litter, _collect, {OLD: None, BAD: None, SMALL: None}, closed=False),
    Task("quarantine", _with_damage, _read_damaged, {BAD: None}),
    Task("pin", _filled, lambda store: store.pin(OLD, "because"), {OLD: VALUES[OLD]}, pins=True),
    Task("count", _filled, _count, {OLD: VALUES[OLD]}, never_fails=True),
    Task("create", _nothing, _put(NEW), {NEW: VALUES[NEW]}, keeps=False),
    Task("migrate", _with_former_schema, _put(NEW), {NEW: VALUES[NEW], OLD: VALUES[OLD]}),
    Task("empty index", _with_empty_index, _put(NEW), {NEW: VALUES[NEW]}, keeps=False),
    Task("rebuild", _with_garbage, _put(NEW), {NEW: VALUES[NEW]}, keeps=False),
)


class Bench:
    """One task, its template, and the copy that the next run of it begins with."""

    def __init__(self, task: Task, root: Path) -> None:
        self.task = task
        self._template = root / f"{task.name}-template"
        self.path = root / task.name
        child = os.fork()
        if child == 0:
            code = 1
            try:
                task.prepare(self._template)
                # What is open when a process ends leaves SQLite's log beside the index.
                left_open = Store(self._template)
                if not task.closed:
                    put(left_open, STAYS)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0, task.name
        self.renew()
        # Once here, so that what it imports is there in every fork of this process.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.work(lambda: None)

    def renew(self) -> None:
        """Have a fresh copy of the template."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._template.exists():
            shutil.copytree(self._template, self.path)

    def work(self, acknowledge: Callable[[], None]) -> None:
        """What the child does: the task, and then something else with the same store, which must work."""
        warnings.simplefilter("ignore")
        store = Store(self.path)
        try:
            self.task.work(store)
            acknowledge()
            store.close()
        finally:
            tracing.end_of_points()
            try:
                put(store, AGAIN)
                _expect(AGAIN, get(store, AGAIN), {VALUES[AGAIN]})
                store.close()
            except StoreError as error:
                raise StuckError(str(error)) from error

    def check(self, *, acknowledged: bool) -> list[str]:
        """A fresh reader and a recompute: what is wrong with the store, each as kind and story."""
        found: list[str] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found += self._check(acknowledged)
            except Exception:
                found.append(f"exception later: {traceback.format_exc()}")
        return found

    def _check(self, acknowledged: bool) -> list[str]:
        found = []
        store = Store(self.path)
        for key, value in VALUES.items():
            data = get(store, key)
            after = self.task.after.get(key, value)
            if data not in (None, value, after):
                found.append(f"wrong value: {key[:1]!r} gives {data[:20]!r}")
            elif acknowledged and key in self.task.after and data != after:
                found.append(f"lost: {key[:1]!r} was acknowledged and gives {data and data[:20]!r}")
            elif key == STAYS and self.task.keeps and data is None:
                found.append("lost: an entry that nobody touched")
        if acknowledged and self.task.pins and OLD not in {pin.key for pin in store.pins()}:
            found.append("lost: a pin that was acknowledged")
        for key, value in VALUES.items():
            put(store, key)
            if get(store, key) != value:
                found.append(f"wrong value: {key[:1]!r} after it was computed again")
        store.execute(store.plan_gc(grace=-1.0))
        left = os.listdir(self.path / "tmp")
        if left:
            found.append(f"litter: {left}")
        store.close()
        rebuilt = sum(
            name.startswith("index-") and name.endswith(".sqlite3") for name in os.listdir(self.path / "quarantine")
        )
        # Once where the index was no good to begin with; nothing that happens here damages one.
        if rebuilt > (0 if self.task.keeps else 1):
            found.append(f"rebuilt: the index was begun anew {rebuilt} times")
        return found
