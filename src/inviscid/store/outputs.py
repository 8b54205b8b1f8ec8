"""What inviscid put where: the outputs that calls wrote and that were captured, or that were restored from entries.

    outputs     path → the key whose output is there; `digest` is what it is, `coming` what it may have become if the
                process died while it put it there. `stamp` and `looked` (ns) say when `digest` was last known to be so.

Whatever is at a path and has neither digest is somebody else's, and is never replaced or removed. A row is sealed as an
entry is, so that nobody can have another's file removed by writing one.

    seal of "inviscid-output/1", [path, key, digest, coming, stamp, looked]
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from inviscid import trees
from inviscid.store.index import Index
from inviscid.store.layout import Layout, failure
from inviscid.store.problem import Problem
from inviscid.store.seals import Seals

if TYPE_CHECKING:
    from sqlite3 import Connection

_LABEL = "inviscid-output/1"
_PIECE = 1 << 30
_AT_ONCE = 500


class Owned(NamedTuple):
    """What inviscid has at a path."""

    path: str
    key: bytes
    digest: bytes
    coming: bytes = b""
    stamp: bytes = b""
    looked: int = 0

    def holds(self, digest: bytes) -> bool:
        """Whether what has this digest is inviscid's own."""
        return digest in (self.digest, self.coming)


class Output(NamedTuple):
    """An output of an entry that would go."""

    path: str
    key: bytes
    why_kept: str
    """Why it stays; empty if it goes."""


def find(index: Index, paths: Sequence[str], seals: Seals) -> dict[str, Owned]:
    """What inviscid has at these paths."""
    found: dict[str, Owned] = {}
    for path in paths:
        rows = index.read(f"SELECT {_COLUMNS} FROM outputs WHERE path = ?", (os.fsencode(path),))
        found |= {owned.path: owned for row in rows if (owned := _owned(row, seals)) is not None}
    return found


def own(index: Index, owned: Iterable[Owned], seals: Seals) -> None:
    """Note what is where."""
    rows = [[os.fsencode(item.path), *item[1:]] for item in owned]

    def work(connection: Connection) -> None:
        connection.executemany(
            f"INSERT OR REPLACE INTO outputs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row, seals.make(_LABEL, row)) for row in rows],
        )

    if rows:
        index.write(work)


def plan(index: Index, keys: Iterable[bytes], seals: Seals) -> list[Output]:
    """The outputs that would go with the entries of these keys, and those that would stay."""
    return [Output(owned.path, owned.key, _look(owned)[1]) for owned in _of(index, keys, seals)]


def remove(index: Index, keys: Iterable[bytes], seals: Seals) -> list[Output]:
    """Remove the outputs of these keys from the disk, but for what somebody changed; gives what was there."""
    done = []
    for owned in _of(index, keys, seals):
        found, why = _look(owned)
        if not why:
            try:
                trees.remove(owned.path, found)
            except OSError as error:
                why = str(error)
        done.append(Output(owned.path, owned.key, why))
    gone = [(os.fsencode(item.path), item.key) for item in done]
    if gone:
        index.write(lambda connection: connection.executemany(_DISOWN, gone).rowcount)
    return done


# What stays is the user's from now on.
_DISOWN = "DELETE FROM outputs WHERE path = ? AND key = ?"


def damaged(index: Index, seals: Seals, *, repair: bool) -> list[Problem]:
    """The rows whose seal doesn't fit; removed if they shall be. The files stay: they are the user's from then on."""
    rows = index.iterate(f"SELECT {_COLUMNS} FROM outputs", {})
    wrong = [row for row in rows if not seals.is_foreign(row[6]) and _owned(row, seals) is None]
    gone = repair and index.is_writable() and bool(wrong)
    if gone:
        pairs = [(row[0], row[6]) for row in wrong]
        index.write(lambda connection: connection.executemany(_DROP, pairs).rowcount)
    what = "its seal doesn't fit: a column was changed"
    return [Problem("output", os.fsdecode(row[0]) if isinstance(row[0], bytes) else repr(row[0]), "", what, gone)
            for row in wrong]  # fmt: skip


# A damaged column may have another type by now.
_DROP = "DELETE FROM outputs WHERE CAST(path AS BLOB) IS CAST(? AS BLOB) AND CAST(seal AS BLOB) IS CAST(? AS BLOB)"


def _of(index: Index, keys: Iterable[bytes], seals: Seals) -> list[Owned]:
    listed, found = list(keys), []
    for start in range(0, len(listed), _AT_ONCE):
        part = listed[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(part))
        found += index.read(f"SELECT {_COLUMNS} FROM outputs WHERE key IN ({marks}) ORDER BY path", part)
    known = [owned for row in found if (owned := _owned(row, seals)) is not None]
    return [owned for owned in known if os.path.lexists(owned.path)]


def _look(owned: Owned) -> tuple[list[trees.Item], str]:
    # It was a real path when it was noted.
    if os.path.realpath(owned.path) != owned.path:
        return [], "a symbolic link leads elsewhere"
    try:
        found = trees.items(owned.path)
        same = owned.holds(trees.digest_at(owned.path, found))
    except (OSError, trees.Odd) as error:
        return [], str(error)
    return found, "" if same else "it was changed"


_COLUMNS = "path, key, digest, coming, stamp, looked, seal"


def _owned(row: Sequence[object], seals: Seals) -> Owned | None:
    try:
        if not seals.fits(_LABEL, row[:6], row[6]) or not isinstance(row[0], bytes):
            return None
    except TypeError:
        return None
    return Owned(os.fsdecode(row[0]), *row[1:6])  # type: ignore[arg-type]  # the seal vouches for them


def spool(layout: Layout, index: Index, sources: Iterable[tuple[str, int]]) -> memoryview:
    """The bytes of these files one after the other: a copy, mapped, that stays as it is whatever becomes of them.

    Args:
        layout: the paths of the store.
        index: its index.
        sources: path and size of each file.

    Raises:
        StoreError: the store has no room for the copy.
        ValueError: a file has another size by now.
        OSError: a file can't be read.
    """
    index.prepare()
    draft = f"{layout.tmp}/{os.getpid()}-{os.urandom(8).hex()}"
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        # Without a name it goes with the last who has it mapped.
        os.unlink(draft)
    except OSError as error:
        raise failure(f"the store {layout.path} can't be written", error) from error
    try:
        total = 0
        for path, size in sources:
            with open(path, "rb", buffering=0) as stream:
                if os.fstat(stream.fileno()).st_size != size:
                    raise ValueError(path)
                try:
                    copied = _copy(stream.fileno(), handle)
                except OSError as error:
                    raise failure(f"{path} can't be copied to the store {layout.path}", error) from error
            if copied != size:
                raise ValueError(path)
            total += size
        return memoryview(mmap.mmap(handle, total, access=mmap.ACCESS_READ)) if total else memoryview(b"")
    finally:
        os.close(handle)


def _copy(source: int, target: int) -> int:
    """Append what a file holds; gives how much that was."""
    done = 0
    if hasattr(os, "copy_file_range"):
        try:
            # Where the file system can share blocks, nothing is copied.
            while count := os.copy_file_range(source, target, _PIECE):
                done += count
        except OSError:
            if done:
                raise
    while piece := os.read(source, 8 << 20):
        view = memoryview(piece)
        while view:
            count = os.write(target, view)
            view, done = view[count:], done + count
    return done
