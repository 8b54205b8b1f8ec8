"""A check-up: whether the place of a store is one in which it can work well, and what helps where it isn't.

Nothing is changed but a file and a lock that come and go in the store, if it can be written.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from inviscid.errors import StoreError
from inviscid.store.index import Index
from inviscid.store.layout import STORE_VERSION, Layout, on_network
from inviscid.store.locks import HAS_RANGES, lock_for
from inviscid.store.schema import SCHEMA_VERSION
from inviscid.store.seals import Seals

_LEAST_SPACE = 1 << 30
_SKEW = 5.0


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: str
    """``ok``, ``note`` for what costs time, ``wrong`` for what has to be mended."""
    found: str
    cure: str = ""
    """What to do; empty where nothing is to be done."""


def checkup(layout: Layout, index: Index, seals: Callable[[], Seals]) -> list[Check]:
    """Look at everything that the store needs.

    Args:
        layout: of the store.
        index: of the store.
        seals: gives its seals, or raises StoreError.
    """
    found = [Check("versions", "ok", f"store {STORE_VERSION}, index {SCHEMA_VERSION}, SQLite {sqlite3.sqlite_version}")]
    try:
        exists = layout.ready(create=False)
    except StoreError as error:
        return [*found, Check("store", "wrong", str(error))]
    if not exists:
        return [*found, Check("store", "ok", f"there is none at {layout.path} yet; the first result makes it")]
    checks: tuple[Callable[[], Iterator[Check]], ...] = (
        lambda: _place(layout),
        lambda: _file_system(layout),
        lambda: _index(layout, index),
        lambda: _locks(layout),
        lambda: _clock(layout, index),
        lambda: _trust(layout, seals),
        lambda: _leftovers(layout, index),
    )
    for check in checks:
        try:
            found += check()
        except (StoreError, OSError) as error:
            found.append(Check("store", "wrong", str(error)))
    return found


def _place(layout: Layout) -> Iterator[Check]:
    if layout.writable:
        yield Check("store", "ok", f"{layout.path} can be read and written")
    else:
        yield Check(
            "store", "note", f"{layout.path} can only be read: hits are served, results are not kept",
            "make it writable, or point INVISCID_STORE to another directory",
        )  # fmt: skip
    if hasattr(os, "geteuid"):
        modes = stat.S_IMODE(os.stat(layout.path).st_mode)
        who = "of many users, sealed with a key" if layout.shared else "of its owner alone"
        yield Check("permissions", "ok", f"mode {modes:04o}, {who}")


def _file_system(layout: Layout) -> Iterator[Check]:
    kind = on_network(layout.path)
    if kind is not None:
        yield Check(
            "file system", "note", f"{kind}, on a network: slower, and only as safe as its locks",
            "keep the store on a local disk",
        )  # fmt: skip
    else:
        yield Check("file system", "ok", "local")
    free = shutil.disk_usage(layout.path).free
    enough = free >= _LEAST_SPACE
    cure = "" if enough else "free some space, or run `inviscid gc --size-limit`"
    yield Check("space", "ok" if enough else "note", f"{free / 1e9:.1f} GB free", cure)


def _index(layout: Layout, index: Index) -> Iterator[Check]:
    damage = index.damage(thoroughly=False)
    if damage:
        yield Check("index", "wrong", f"damaged: {damage[0]}", "run `inviscid verify --repair`")
        return
    ((journal,),) = index.read("PRAGMA journal_mode") or [(b"none",)]
    ((count,),) = index.read("SELECT count(*) FROM entries") or [(0,)]
    size = os.path.getsize(layout.index) if os.path.exists(layout.index) else 0
    yield Check("index", "ok", f"{count} entries, {size / 1e6:.1f} MB, journal {journal.decode()}")


def _locks(layout: Layout) -> Iterator[Check]:
    how = "byte ranges of one file (Linux)" if HAS_RANGES else "one file for each (filelock)"
    if not layout.writable:
        yield Check("locks", "ok", f"claims are {how}; not tried, nothing can be written")
        return
    # Named at random: nobody computes a key of that name.
    name = os.urandom(32)
    one, other = lock_for(layout, name), lock_for(layout, name)
    held = one.acquire(wait=False)
    excluded = held and not other.acquire(wait=False)
    one.release()
    again = other.acquire(wait=False)
    other.release()
    if excluded and again:
        yield Check("locks", "ok", f"claims are {how}, and exclude each other")
    else:
        yield Check(
            "locks", "wrong", f"claims are {how}, and don't exclude each other here: results may be computed twice",
            "keep the store on a file system with working locks",
        )  # fmt: skip


def _clock(layout: Layout, index: Index) -> Iterator[Check]:
    now = time.time()
    ((coming,),) = index.read("SELECT count(*) FROM entries WHERE created > ?", (now + 3600.0,)) or [(0,)]
    skew = 0.0
    if layout.writable:
        path = f"{layout.tmp}/{os.getpid()}-{os.urandom(8).hex()}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), layout.file_mode)
        try:
            skew = os.fstat(handle).st_mtime - time.time()
        finally:
            os.close(handle)
            os.unlink(path)
    if abs(skew) > _SKEW:
        yield Check(
            "clock", "note", f"the file system's clock is {skew:+.0f} s away from this machine's",
            "set the clocks; until then collection may keep or drop what it shouldn't, but no result is wrong",
        )  # fmt: skip
    elif coming:
        yield Check("clock", "note", f"{coming} entries were made in the future", "look whether the clock is right")
    else:
        yield Check("clock", "ok", "right")


def _trust(layout: Layout, seals: Callable[[], Seals]) -> Iterator[Check]:
    count = seals().keys
    if count:
        yield Check("signing key", "ok", f"{count} {'key' if count == 1 else 'keys'}; the first seals")


def _leftovers(layout: Layout, index: Index) -> Iterator[Check]:
    rows = index.read("SELECT value FROM meta WHERE name = 'quarantined'")
    count = rows[0][0] if rows else 0
    kept = len(os.listdir(layout.quarantine)) if os.path.isdir(layout.quarantine) else 0
    if count:
        yield Check(
            "quarantine", "note", f"{count} things didn't pass their check since the store was made, {kept} are kept",
            "run `inviscid verify --read-data`; if it finds more, look after the disk",
        )  # fmt: skip
    else:
        yield Check("quarantine", "ok", "empty")
