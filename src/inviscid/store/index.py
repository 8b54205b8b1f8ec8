"""The index: one SQLite database, its connections, its transactions, and what becomes of it when it is damaged.

Invariants:
- A connection belongs to one thread, and none is open while the process forks: SQLite keeps its idea of the file's
  locks per process, and a child would believe that it holds its parent's.
- Whatever changes the index is one `BEGIN IMMEDIATE` transaction. Who unlinks or moves an object does so inside of one.
- Nobody here opens the database file but SQLite: closing any other handle on it would drop SQLite's locks.
- A damaged index is moved into `quarantine/` and begun anew. What it knew is computed again; nothing else is lost.

Reads are served from whatever is there, read-only stores included. Where SQLite may not write beside the file it can't
share it with writers: then a connection is good for one state of the file, which is looked at before each read.

This module is imported at the first use of a store.
"""

from __future__ import annotations

import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from weakref import WeakSet

from inviscid.errors import InviscidWarning, StoreError
from inviscid.store import fork
from inviscid.store.database import PATIENCE, Database, Look, is_damage
from inviscid.store.generation import Generation
from inviscid.store.layout import Layout, failure
from inviscid.store.schema import Row

T = TypeVar("T")

_REST = 5.0

# Connections of a parent, kept so that nothing closes them: that would be use as well.
_abandoned: list[sqlite3.Connection] = []


class _Slot:
    """One thread's connection, open or not."""

    __slots__ = ("__weakref__", "connection", "durable", "generation", "inode", "lock", "look", "patience")

    def __init__(self) -> None:
        # Held while the connection is used, so that a fork in another thread can wait for it.
        self.lock = threading.RLock()
        self.connection: sqlite3.Connection | None = None
        self.inode = 0
        self.look: Look | None = None
        """The state of the file that the connection is good for; None where SQLite sees to that."""
        self.generation = 0
        self.patience = PATIENCE
        self.durable: bool | None = None
        """What the connection was told last; None where it is new."""

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def __del__(self) -> None:
        self.close()


class Index:
    """The database of one store. Opens nothing before it is used."""

    def __init__(self, layout: Layout, generation: Generation) -> None:
        self._layout = layout
        self._database = Database(layout)
        self._generation = generation
        self._mine = threading.local()
        # Weak: a thread that ends takes its connection with it.
        self._slots: WeakSet[_Slot] = WeakSet()
        self._guard = threading.Lock()
        self._resting: list[_Slot] = []
        # Who is in a transaction may ask whether a claim is alive, and that takes a lock.
        fork.register(self, first=True)

    def read(self, statement: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """The rows that a query gives; none where there is no store.

        Raises:
            StoreError: the index can't be read now.
        """
        slot: _Slot | None = getattr(self._mine, "slot", None)
        if (
            slot is not None
            and slot.connection is not None
            and slot.look is None
            and slot.generation == self._generation.get()
        ):
            try:
                # What may go wrong goes wrong once more below, and is seen to there.
                with slot.lock:
                    if slot.connection is not None:
                        return slot.connection.execute(statement, parameters).fetchall()
            except (sqlite3.Error, UnicodeDecodeError):
                pass
        return self._run(lambda connection: connection.execute(statement, parameters).fetchall()) or []

    def iterate(self, statement: str, parameters: Mapping[str, object], batch: int = 2_000) -> Iterator[Row]:
        """The same, so many rows at a time: for what may be more than fits the memory.

        It reads on a connection of its own, which sees the index as it is now until the end.

        Raises:
            StoreError: the index can't be read now.
        """
        connection = None
        try:
            if not self._layout.ready(create=False) or not self._database.inode():
                return
            connection = self._database.open() if self._layout.writable else self._database.open_read_only()[0]
            cursor = connection.execute(statement, parameters)
            while rows := cursor.fetchmany(batch):
                yield from rows
        except sqlite3.Error as error:
            raise self._database.failure(error) from error
        except OSError as error:
            raise failure(f"the store {self._layout.path} can't be used", error) from error
        finally:
            if connection is not None:
                connection.close()

    @property
    def path(self) -> str:
        """The database file."""
        return self._layout.index

    def damage(self, *, thoroughly: bool) -> list[str]:
        """What SQLite finds wrong with the file, a line each; empty where it is sound, or isn't there.

        Args:
            thoroughly: compare its tables with their indexes too.

        Raises:
            StoreError: the index can't be read now.
        """
        check = "integrity_check" if thoroughly else "quick_check"
        try:
            lines = [row[0].decode(errors="replace") for row in self.iterate(f"PRAGMA {check}(10)", {})]
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.Error) and is_damage(error.__cause__, self._database.path):
                return [str(error.__cause__)]
            raise
        return [] if lines == ["ok"] else lines

    def renew(self, why: str) -> bool:
        """Mend a damaged index, by what its tables still say or else by setting it aside; False where neither works."""
        if not self.is_writable():
            return False
        try:
            self.write(lambda connection: connection.execute("REINDEX"), removes=True)
            if self.damage(thoroughly=True):
                self._database.set_aside(self._database.inode(), sqlite3.DatabaseError(why))
                self._generation.move()
            return not self.damage(thoroughly=True)
        except StoreError:
            return False
        except (sqlite3.Error, OSError) as error:
            warnings.warn(f"the index {self.path} can't be mended: {error}", InviscidWarning, stacklevel=2)
            return False

    def write(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        durable: bool = False,
        removes: bool = False,
        patience: float = PATIENCE,
    ) -> T:
        """Run `work` in one transaction that excludes all other writers; make the store if there is none.

        Args:
            work: is run again if the index turns out to be damaged, or to have been deleted.
            durable: wait for the disk.
            removes: what is looked up before and after may differ: move the generation.
            patience: seconds to wait for other writers.

        Raises:
            StoreError: the index can't be written.
        """

        def transaction(connection: sqlite3.Connection) -> T:
            slot = self._slot()
            if durable is not slot.durable:
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                slot.durable = durable
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                if removes:
                    self._generation.move()
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
            if removes:
                self._generation.move()
            return result

        result: T = self._run(transaction, write=True, patience=patience)  # type: ignore[assignment]  # None only for reads
        return result

    def prepare(self) -> None:
        """Have a store that can be written.

        Raises:
            StoreError: it is read-only, or can't be made.
        """
        self._layout.ready(create=True)
        if not self._layout.writable:
            raise StoreError(
                f"the store {self._layout.path} is read-only; make it writable, or point INVISCID_STORE (or store=) "
                "to another directory"
            )

    def compact(self) -> None:
        """Give the space of deleted rows back to the file system, as far as nobody has to wait for it."""

        def work(connection: sqlite3.Connection) -> None:
            try:
                connection.execute("PRAGMA incremental_vacuum").fetchall()
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.OperationalError:
                # Somebody else is writing: the next collection comes.
                pass

        self._run(work, write=True, patience=0.1)

    def is_writable(self) -> bool:
        """Whether there is a store that can be written."""
        return self._layout.ready(create=False) and self._layout.writable

    def close(self) -> None:
        """Close every connection; the next use opens one again."""
        with self._guard:
            for slot in list(self._slots):
                with slot.lock:
                    slot.close()

    def before_fork(self) -> None:
        """Close every connection, after its transaction."""
        self._guard.acquire()
        for slot in list(self._slots):
            if slot.lock.acquire(timeout=_REST):
                self._resting.append(slot)
                # This very thread may be in the middle of one, in a signal handler: the child abandons it.
                if slot.connection is not None and not slot.connection.in_transaction:
                    slot.close()

    def after_fork(self, child: bool) -> None:
        """Let the connections be opened again."""
        for slot in self._resting:
            slot.lock.release()
        self._resting.clear()
        if child:
            for slot in list(self._slots):
                if slot.connection is not None:
                    _abandoned.append(slot.connection)
                    slot.connection = None
            self._slots = WeakSet()
            self._mine = threading.local()
            self._guard = threading.Lock()
        else:
            self._guard.release()

    def _run(
        self, work: Callable[[sqlite3.Connection], T], *, write: bool = False, patience: float = PATIENCE
    ) -> T | None:
        if write:
            self.prepare()
        elif not self._layout.ready(create=False):
            return None
        slot = self._slot()
        try:
            with slot.lock:
                return self._attempt(slot, work, write, patience)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            slot.close()
            raise self._database.failure(error) from error
        except OSError as error:
            raise failure(f"the store {self._layout.path} can't be used", error) from error

    def _attempt(self, slot: _Slot, work: Callable[[sqlite3.Connection], T], write: bool, patience: float) -> T | None:
        suspected = False
        for _ in range(3):
            try:
                return self._once(slot, work, write, patience)
            except (sqlite3.Error, UnicodeDecodeError) as error:
                slot.close()
                if not self._database.inode():
                    # Another process is just setting it aside, or somebody deleted the store.
                    continue
                if not is_damage(error, self._database.path):
                    raise
                if not suspected:
                    # SQLite takes a read that failed once for damage too: only what is still there on the second look
                    # says something about the file.
                    suspected = True
                    continue
                if not self._layout.writable:
                    # Nothing can be mended here: it holds nothing that could be found.
                    return None
                self._database.set_aside(slot.inode, error)
                self._generation.move()
                suspected = False
        return self._once(slot, work, write, patience)

    def _once(self, slot: _Slot, work: Callable[[sqlite3.Connection], T], write: bool, patience: float) -> T | None:
        connection = self._connection(slot, write)
        if connection is None:
            return None
        if patience != slot.patience:
            connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
            slot.patience = patience
        return work(connection)

    def _slot(self) -> _Slot:
        try:
            slot: _Slot = self._mine.slot
        except AttributeError:
            slot = self._mine.slot = _Slot()
            with self._guard:
                self._slots.add(slot)
        return slot

    def _connection(self, slot: _Slot, write: bool) -> sqlite3.Connection | None:
        connection = slot.connection
        if connection is not None:
            # Another process may have set the index aside, or deleted the store: a writer always looks, a reader
            # only when the generation moved.
            generation = self._generation.get()
            stale = slot.look is not None and (generation != slot.generation or slot.look != self._database.look())
            if not write and not stale and generation == slot.generation:
                return connection
            same = self._database.inode() == slot.inode
            if same and not stale:
                slot.generation = generation
                return connection
            slot.close()
            if not same:
                self._layout.reset()
                self._generation.reset()
                if not self._layout.ready(create=write):
                    return None
        slot.generation = self._generation.get()
        if self._layout.writable and not self._database.inode():
            self._database.begin()
        slot.inode, slot.look = self._database.inode(), None
        if self._layout.writable:
            connection = self._database.open()
        elif slot.inode:
            connection, slot.look = self._database.open_read_only()
        slot.connection, slot.patience, slot.durable = connection, PATIENCE, None
        return connection


def _roll_back(connection: sqlite3.Connection) -> None:
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except sqlite3.Error:
        # The caller closes the connection, and that rolls back as well.
        pass
