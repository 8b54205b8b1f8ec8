"""Verification: every row and every object is looked at as by a reader, and what is damaged is removed on demand.

What is wrong is found by the same checks as on reading, so a store that verifies gives out all that it has. It can run
beside readers, writers and collections: what seems wrong is looked at once more, because somebody may just have
replaced or removed it. What can't be read at the moment is tried a few times, told, and never removed.

An interrupted verification has changed nothing but what it had repaired.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from inviscid.entry import Entry
from inviscid.store import forms, outputs
from inviscid.store.folders import opened
from inviscid.store.index import Index
from inviscid.store.layout import Layout
from inviscid.store.objects import Damaged, Objects
from inviscid.store.problem import Problem
from inviscid.store.reader import SEALED, Reader
from inviscid.store.schema import COLUMNS, FIND, SEAL, Row, entry_of
from inviscid.store.seals import Seals

_ATTEMPTS = 3
_PAUSE = 0.05
_AT_ONCE = 200


class Verified(NamedTuple):
    """What was looked at, and what was found."""

    entries: int
    objects: int
    """Objects in files, each counted once."""
    bytes: int
    """So many bytes of objects were read and had their digest; in the index and, with `read_data`, in files."""
    foreign: int
    """Entries that somebody else sealed, under another key or without one: nobody here knows whether they are good."""
    problems: tuple[Problem, ...]


Progress = Callable[[int, int], object]
"""Told how many of how many entries were looked at."""


def verify(
    layout: Layout,
    index: Index,
    reader: Reader,
    objects: Objects,
    seals: Seals,
    *,
    read_data: bool,
    repair: bool,
    progress: Progress,
) -> Verified:
    """Look at everything.

    Args:
        layout: of the store.
        index: of the store.
        reader: of the store.
        objects: of the store.
        seals: that rows have.
        read_data: read the objects in files too, instead of only asking for their size.
        repair: remove what is damaged, as a reader that met it would.
        progress: is told now and then.
    """
    places = list(_places(layout, repair=repair))
    damage = index.damage(thoroughly=read_data)
    if damage:
        repaired = repair and index.renew(damage[0])
        return Verified(0, 0, 0, 0, (*places, Problem("index", index.path, "", "; ".join(damage), repaired)))
    look = _Look(index, reader, objects, seals, read_data=read_data, repair=repair)
    ((whole,),) = index.read("SELECT count(*) FROM entries") or [(0,)]
    for row in index.iterate(f"SELECT {COLUMNS}, inline FROM entries", {}, batch=_AT_ONCE):
        look.at(row)
        progress(look.entries, whole)
    look.problems += forms.damaged(index, seals, repair=repair)
    look.problems += outputs.damaged(index, seals, repair=repair)
    return Verified(look.entries, len(look.seen), look.bytes, look.foreign, (*places, *look.problems))


def _places(layout: Layout, *, repair: bool) -> Iterator[Problem]:
    """What stands where a file or a folder of the store has to be, and is none."""
    with opened(layout.path) as top, opened(layout.path, "objects") as folder:
        found = [("", top, name, stat.S_ISREG) for name in ("generation", "claims.lock")]
        found += [("objects/", folder, item.name, stat.S_ISDIR) for item in folder.scan()]
        for where, place, name, is_right in found:
            try:
                if is_right(place.stat(name).st_mode):
                    continue
            except FileNotFoundError:
                continue
            repaired = repair and layout.writable
            if repaired:
                with opened(layout.path, "quarantine") as quarantine:
                    place.give(name, quarantine, f"{name}-{os.urandom(4).hex()}")
            what = "it is something else than the store put there"
            yield Problem("place", f"{layout.path}/{where}{name}", "", what, repaired)


class _Look:
    """A look at all entries, one after the other."""

    def __init__(
        self, index: Index, reader: Reader, objects: Objects, seals: Seals, *, read_data: bool, repair: bool
    ) -> None:
        self._index = index
        self._reader = reader
        self._objects = objects
        self._seals = seals
        self._read_data = read_data
        self._repair = repair
        self.entries = self.bytes = self.foreign = 0
        self.seen: set[bytes] = set()
        self.problems: list[Problem] = []

    def at(self, row: Row) -> None:
        """Look at one row of `COLUMNS`, with the object behind it."""
        self.entries += 1
        key, inline = row[0], row[-1]
        entry = entry_of(key, row, self._seals)
        if entry is None:
            self._at_unsealed(key, row[SEAL])
        elif inline is not None or entry.object not in self.seen:
            try:
                what = self._retried(lambda: self._wrong_with(entry, inline))
            except OSError as error:
                self._tell("unreadable", entry, f"it can't be read now: {error.strerror or error}", repaired=False)
                return
            if what and self._now(key) == entry[:SEALED]:
                self._reader.condemn(entry) if self._repair else None
                self._tell("object", entry, what, repaired=self._now(key) is None)

    def _at_unsealed(self, key: object, seal: object) -> None:
        if self._seals.is_foreign(seal):
            self.foreign += 1
            return
        rows = self._index.read(FIND, (key,))
        if not rows or not isinstance(key, bytes) or entry_of(key, rows[0], self._seals) is not None:
            return
        if self._repair:
            self._reader.distrust(key, seal)
        function = rows[0][7].decode(errors="replace") if isinstance(rows[0][7], bytes) else ""
        what = "its seal doesn't fit: a column was changed, or it stands under another key"
        self.problems.append(Problem("entry", key.hex(), function, what, not self._index.read(FIND, (key,))))

    def _wrong_with(self, entry: Entry, inline: object) -> str:
        """What is wrong with the object of an entry; empty if nothing."""
        try:
            if inline is not None or self._read_data:
                self._reader.check(entry, inline)
                self.bytes += entry.size
            elif (size := self._objects.size(entry.object)) != entry.size:
                return f"it has {size} bytes instead of {entry.size}"
        except FileNotFoundError:
            return "it isn't there"
        except Damaged:
            return "its bytes are not those that were stored"
        if inline is None:
            self.seen.add(entry.object)
        return ""

    def _retried(self, look: Callable[[], str]) -> str:
        for _ in range(_ATTEMPTS - 1):
            try:
                return look()
            except OSError:
                time.sleep(_PAUSE)
        return look()

    def _now(self, key: bytes) -> tuple[object, ...] | None:
        """The sealed columns of the entry that is there now."""
        rows = self._index.read(FIND, (key,))
        entry = entry_of(key, rows[0], self._seals) if rows else None
        return None if entry is None else entry[:SEALED]

    def _tell(self, kind: str, entry: Entry, what: str, *, repaired: bool) -> None:
        name = entry.object.hex() if kind == "object" else entry.key.hex()
        self.problems.append(Problem(kind, name, entry.provenance.function, what, repaired))
