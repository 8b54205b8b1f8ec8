"""Reading: find the entry of a key, and the bytes of an entry. Nothing that doesn't pass its check is ever given out.

What doesn't pass is looked at once more inside a writing transaction, because another process may just have mended it;
what still doesn't pass is moved into quarantine, its rows go, and it is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from inviscid import frames
from inviscid.digest import digest
from inviscid.entry import Entry
from inviscid.errors import StoreError
from inviscid.store.generation import Generation
from inviscid.store.index import Index
from inviscid.store.layout import failure
from inviscid.store.objects import Damaged, Objects
from inviscid.store.schema import FIND, FIND_MANY, NEAREST, SEAL, Row, entry_of
from inviscid.store.seals import Seals

if TYPE_CHECKING:
    from sqlite3 import Connection

T = TypeVar("T")
# So many fields of an entry are sealed; the others change with every hit.
SEALED = 8
# Older versions of SQLite take no more than 999 values in a statement.
_AT_ONCE = 500


class Reader:
    """The reading half of one store."""

    def __init__(self, index: Index, objects: Objects, generation: Generation, seals: Seals) -> None:
        self._index = index
        self._objects = objects
        self._generation = generation
        self._seals = seals
        # What each thread found last, with the small object that came in the same row: most reads follow their find.
        self._last = threading.local()

    def find(self, key: bytes) -> Entry | None:
        """The entry of this key, if there is one and its seal binds it to the key."""
        # Before the look: what is removed meanwhile moves it.
        self._last.generation = self._generation.get()
        rows = self._index.read(FIND, (key,))
        if not rows:
            return None
        row = rows[0]
        entry = entry_of(key, row, self._seals)
        if entry is None:
            return self.distrust(key, row[SEAL])
        self._last.found = entry, row[-1]
        return entry

    def find_many(self, keys: Sequence[bytes]) -> Iterator[tuple[Entry, memoryview, int]]:
        """Entry, checked bytes and generation for each of these keys that has them."""
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            generation = self._generation.get()
            rows = self._index.read(FIND_MANY.format(", ".join("?" * len(some))), some)
            for row in rows:
                entry = entry_of(row[0], row, self._seals)
                if entry is None:
                    entry = self.distrust(row[0], row[SEAL])
                data = None
                if entry is not None:
                    self._last.found = entry, row[-1]
                    data = self.checked(entry)
                if entry is not None and data is not None:
                    yield entry, data, generation

    def read(self, entry: Entry) -> memoryview | None:
        """The checked bytes of an entry that the index still has as it is given."""
        found, inline = self._found()
        if found is not entry:
            now = self.find(entry.key)
            found, inline = self._found()
            if now is None or found is not now or now[:SEALED] != entry[:SEALED]:
                return None
        try:
            return self.check(entry, inline)
        except (FileNotFoundError, Damaged):
            return self.condemn(entry)
        except OSError as error:
            raise failure(f"the object {self._objects.path(entry.object)} can't be read", error) from error

    def checked(self, entry: Entry) -> memoryview | None:
        """The checked bytes of the entry that this thread found last; None where they aren't good, or can't be read.

        Nothing is removed and nothing counted: whoever asks by `read` meets the damage, and says so.
        """
        found, inline = self._found()
        try:
            return self.check(entry, inline) if found is entry else None
        except (OSError, Damaged):
            return None

    def generation(self) -> int:
        """The generation under which this thread found an entry last; 0 where it found none."""
        found: int = getattr(self._last, "generation", 0)
        return found

    def nearest(self, function: str, limit: int) -> list[Entry]:
        """The newest entries of a function; those that don't pass their check are left out."""
        rows = self._index.read(NEAREST, (function, limit))
        return [entry for row in rows if (entry := entry_of(row[0], row, self._seals)) is not None]

    def _found(self) -> tuple[Entry | None, object]:
        found: tuple[Entry | None, object] = getattr(self._last, "found", (None, None))
        return found

    def check(self, entry: Entry, inline: object) -> memoryview:
        """The bytes of an entry, from its row or else from its file.

        Raises:
            FileNotFoundError: there is no such file.
            Damaged: they aren't those of the entry.
            OSError: they can't be read now.
        """
        if inline is None:
            return self._objects.load(entry.object, entry.size)
        if isinstance(inline, bytes) and len(inline) == entry.size:
            data = memoryview(inline)
            if (frames.verify if frames.begins(data) else _is)(data, entry.object):
                return data
        raise Damaged

    def distrust(self, key: bytes, seal: object) -> Entry | None:
        """Remove a row that isn't bound to its key, unless somebody else sealed it; gives what is there by now."""
        if self._seals.is_foreign(seal):
            return None

        def work(connection: Connection) -> Entry | None:
            row: Row | None = connection.execute(FIND, (key,)).fetchone()
            entry = None if row is None else entry_of(key, row, self._seals)
            if entry is None and row is not None and not self._seals.is_foreign(row[SEAL]):
                connection.execute("DELETE FROM entries WHERE key = ?", (key,))
                _count(connection)
            return entry

        return self._mend(work)

    def condemn(self, entry: Entry) -> memoryview | None:
        """Remove an entry whose bytes are gone or wrong, and all that share them; gives them where they are good.

        A pinned one whose file isn't there stays: it can't be computed again, and the file may come back.
        """

        def work(connection: Connection) -> memoryview | None:
            row: Row | None = connection.execute(FIND, (entry.key,)).fetchone()
            if row is None or row[2] != entry.object:
                return None
            inline = row[-1]
            try:
                return self.check(entry, inline)
            except FileNotFoundError:
                # Nothing to look at is left: somebody deleted the file, or moved it away.
                connection.execute(f"{_SHARING} AND key NOT IN (SELECT key FROM pins)", (entry.object,))
                return None
            except Damaged:
                if inline is None:
                    self._objects.quarantine(entry.object)
                _count(connection)
            if inline is None:
                connection.execute(_SHARING, (entry.object,))
            else:
                connection.execute("DELETE FROM entries WHERE key = ?", (entry.key,))
            return None

        return self._mend(work)

    def _mend(self, work: Callable[[Connection], T | None]) -> T | None:
        try:
            return self._index.write(work, removes=True) if self._index.is_writable() else None
        except StoreError:
            # It stays where it is and is not given out: the next reader tries again.
            return None


_SHARING = "DELETE FROM entries WHERE object = ? AND inline IS NULL"


def _is(data: memoryview, name: bytes) -> bool:
    return digest(data) == name


def _count(connection: Connection) -> None:
    connection.execute("INSERT INTO meta VALUES ('quarantined', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1")
