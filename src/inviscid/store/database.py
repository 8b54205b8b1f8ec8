"""The database file of the index: how it is opened, made, and set aside when it is damaged."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
import warnings
from contextlib import closing
from typing import NamedTuple

from inviscid.errors import InviscidWarning, StoreError, StoreOwnershipError
from inviscid.store.folders import opened
from inviscid.store.layout import Layout, on_network
from inviscid.store.schema import SCHEMA_VERSION, create_tables

# How long to wait for other writers, in seconds. Each holds the lock for about a millisecond, gc's batches for longer.
PATIENCE = 30.0
_COMPANIONS = ("-wal", "-shm", "-journal")
_LOGS = ("-wal", "-journal")
# The place of a number in the head of the file, and the highest that it has.
_WRITE_VERSION, _NEWEST_VERSION = 18, 2
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_KEPT_WAITING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# In ns. Within a step of the clock the file can change and keep its time.
_RACY = 2_000_000_000


class Look(NamedTuple):
    """What tells one state of the file from another without reading it."""

    inode: int
    size: int
    changed: int
    log: bool
    """Whether a log beside it holds what isn't in it yet."""


class Database:
    """The file `index.sqlite3` of one store."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.path = layout.index

    def inode(self) -> int:
        """Which file is there now; 0 for none.

        Raises:
            StoreOwnershipError: it is a link or the like, or another user's where the store is ours alone.
        """
        try:
            found = os.lstat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return 0
        if not stat.S_ISREG(found.st_mode):
            raise StoreOwnershipError(f"{self.path} is not a file: who put it there may not be followed; remove it")
        if not self._layout.shared and hasattr(os, "geteuid") and found.st_uid != os.geteuid():
            raise StoreOwnershipError(
                f"{self.path} belongs to user {found.st_uid}: what it holds can't be trusted; delete the store, and it "
                "will be made anew"
            )
        return found.st_ino

    def open(self) -> sqlite3.Connection:
        """A connection that reads and writes; the tables are there."""
        connection = connect(self.path, "mode=rw")
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA_VERSION:
                # Left empty by a maker that was killed, or emptied by damage.
                connection.close()
                self.begin()
                connection = connect(self.path, "mode=rw")
            return connection
        except BaseException:
            connection.close()
            raise

    def open_read_only(self) -> tuple[sqlite3.Connection, Look | None]:
        """A connection that reads what can't be written; and the state of the file that it is good for, where SQLite
        itself doesn't notice another one.

        Raises:
            StoreError: there is a log that can't be read.
        """
        connection = connect(self.path, "mode=ro")
        try:
            connection.execute("SELECT 1 FROM entries").fetchone()
            return connection, None
        except sqlite3.OperationalError as error:
            # Without a writer before us there is no shared memory beside the file, and we can't make it.
            connection.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _KEPT_WAITING:
                raise
            look = self.look()
            if look.log:
                raise StoreError(
                    f"the log of the index {self.path} can't be read by who can't write beside it ({error}): let a "
                    "process that can write to the store open it once, with `inviscid stats`"
                ) from error
            if time.time_ns() - look.changed < _RACY:
                # Nothing looks like this: it is opened anew each time.
                look = look._replace(changed=-1)
            return connect(self.path, "immutable=1"), look
        except BaseException:
            connection.close()
            raise

    def look(self) -> Look:
        """The state of the file now."""
        log = any(_size(self.path + suffix) for suffix in _LOGS)
        try:
            found = os.lstat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return Look(0, 0, 0, log)
        return Look(found.st_ino, found.st_size, found.st_mtime_ns, log)

    def begin(self) -> None:
        """Make the database, or what is missing in it. Another process may have been first."""
        with self._layout.lock():
            self._create()

    def _create(self) -> None:
        if not _is_there(self.path):
            # Of a database that was deleted: SQLite must not play them into the new one.
            for suffix in _COMPANIONS:
                if _is_there(self.path + suffix):
                    os.unlink(self.path + suffix)
            # Whole at once: whoever dies in between must not leave one that others may not open.
            draft = f"{self._layout.tmp}/{os.getpid()}-{os.urandom(8).hex()}"
            handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
            try:
                self._layout.open_up(handle)
            finally:
                os.close(handle)
            os.rename(draft, self.path)
        connection = connect(self.path, "mode=rw")
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            kind = on_network(self.path)
            if kind is not None:
                warnings.warn(
                    f"the store {self._layout.path} is on a network file system ({kind}): it works, but slower, and "
                    "only as safely as that file system locks; point INVISCID_STORE to a local disk",
                    InviscidWarning,
                    stacklevel=2,
                )
            connection.execute(f"PRAGMA journal_mode = {'WAL' if kind is None else 'TRUNCATE'}")
            create_tables(connection)
        finally:
            connection.close()

    def set_aside(self, inode: int, error: Exception) -> None:
        """Move the damaged index into quarantine, unless another process has done so already."""
        name = f"index-{int(time.time())}-{os.urandom(4).hex()}.sqlite3"
        with self._layout.lock():
            ours = inode != 0 and self.inode() == inode
            with opened(self._layout.path, "quarantine") as quarantine:
                for suffix in ("", *_COMPANIONS) if ours else ():
                    if os.path.lexists(self.path + suffix):
                        quarantine.take(self.path + suffix, name + suffix)
            self._create()
        if ours:
            warnings.warn(
                f"the index of the store {self._layout.path} was damaged ({error}) and is begun anew; "
                f"the old one is {self._layout.quarantine}/{name}",
                InviscidWarning,
                stacklevel=2,
            )

    def failure(self, error: Exception) -> StoreError:
        """What to tell the caller."""
        return StoreError(f"the index of the store {self._layout.path} can't be used: {error}")


def _is_there(path: str) -> bool:
    """As os.path.lexists, which takes an error for an answer: what can't be looked at may be there."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def connect(path: str, options: str) -> sqlite3.Connection:
    """Open the file with these URI options; text comes back as bytes."""
    connection = sqlite3.connect(
        f"file:{_quoted(path)}?{options}", uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = bytes
    # Nobody knows who wrote its schema: it shall call no function that could do harm.
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _quoted(path: str) -> str:
    # Byte by byte, because a path need not be text; and without urllib, whose import takes longer than a hit.
    # Of ASCII alone: a byte of a longer letter taken for a letter of its own would name another file.
    return "".join(
        chr(byte) if (byte < 128 and chr(byte).isalnum()) or byte in b"/-_." else f"%{byte:02x}"
        for byte in os.fsencode(path)
    )


def _says_read_only(path: str) -> bool:
    """Whether the file's own head forbids writing, by a number that nobody here has ever written there.

    `os.access` can't tell: servers refuse what it allows. And SQLite has to look, because nobody else opens the file.
    """
    try:
        with closing(connect(path, "mode=ro")) as connection:
            return connection.serialize()[_WRITE_VERSION] > _NEWEST_VERSION
    except (sqlite3.Error, MemoryError):
        return False


def is_damage(error: Exception, path: str) -> bool:
    """Whether the error says that the file at this path isn't what was written."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _DAMAGED:
        return True
    if code == sqlite3.SQLITE_READONLY:
        return _says_read_only(path)
    # A message of SQLite's that quotes garbage, and a database that was emptied or overwritten by another one.
    return isinstance(error, UnicodeDecodeError) or str(error).startswith(
        ("no such table", "no such column", "table entries has no column", "unsupported file format")
    )
