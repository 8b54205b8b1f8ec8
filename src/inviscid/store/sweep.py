"""Executing plans, and every other removal.

Why no object is ever taken from under a writer, however slow or stopped: an object is unlinked or moved only inside a
transaction that excludes all other writers, after a look that no row refers to it. A writer inserts its row in such a
transaction too, after a look that the object is there. Whoever comes first, the other sees it: either the row keeps the
object, or the writer finds it gone and writes it again. Grace and file times only save work; no clock decides anything.

Readers that have the object open or mapped keep it. Those that come later find neither row nor file: a miss. A remover
that dies between an unlink and its commit leaves a row without an object: that is a miss as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from inviscid.store import forms, outputs
from inviscid.store.index import Index
from inviscid.store.objects import Objects
from inviscid.store.plan import Litter, Plan, Removal
from inviscid.store.seals import Seals

if TYPE_CHECKING:
    from sqlite3 import Connection

T = TypeVar("T")

# So many rows go in one transaction: publishers wait for it.
_BATCH = 16_384


class Swept(NamedTuple):
    """What went."""

    entries: int
    files: int
    bytes: int
    forms: int = 0
    outputs: int = 0


def execute(index: Index, objects: Objects, plan: Plan, seals: Seals) -> Swept:
    """Do what the plan says, but for what was used, pinned or freshened since it was made."""
    entries = files = freed = 0
    # Before the entries: where this dies between the two, a hit restores what is gone.
    keys = dict.fromkeys(item.key for item in plan.outputs)
    removed_outputs = sum(not item.why_kept for item in outputs.remove(index, keys, seals)) if keys else 0
    for start in range(0, len(plan.entries), _BATCH):
        batch = plan.entries[start : start + _BATCH]
        interrupts: list[KeyboardInterrupt] = []
        work = partial(_evict, objects=objects, batch=batch, interrupts=interrupts)
        removed = index.write(work, removes=True)
        if interrupts:
            raise interrupts[0]
        entries += len(removed)
        freed += sum(removed)
    for start in range(0, len(plan.files), _BATCH):
        sizes = index.write(partial(_sweep, objects=objects, files=plan.files[start : start + _BATCH]))
        files += len(sizes)
        freed += sum(sizes)
    if plan.entries or plan.preimages:
        index.write(_drop_lonely)
    # Not a removal for whoever keeps results in memory: the generation stands.
    dropped = index.write(partial(forms.drop, going=plan.forms)) if plan.forms else []
    freed += sum(size for _, size in dropped)
    if entries or dropped:
        index.compact()
    return Swept(entries, files, freed, sum(count for count, _ in dropped), removed_outputs)


def _drop_lonely(connection: Connection) -> None:
    """Delete what belonged to entries that are gone."""
    connection.execute("DELETE FROM preimages WHERE fingerprint NOT IN (SELECT DISTINCT fingerprint FROM entries)")
    connection.execute("DELETE FROM commons WHERE id NOT IN (SELECT DISTINCT common FROM entries)")


def remove(index: Index, objects: Objects, keys: Iterable[bytes]) -> int:
    """Remove these entries, pinned or not, and the objects that only they need; gives how many there were."""

    def work(connection: Connection) -> int:
        found: list[bytes] = []

        def one(key: bytes) -> None:
            row = connection.execute("SELECT object, inline IS NULL FROM entries WHERE key = ?", (key,)).fetchone()
            if row is not None:
                found.append(key)
                drop(connection, objects, key, row[0], in_file=bool(row[1]))

        _each(wanted, one, interrupts)
        return len(found)

    interrupts: list[KeyboardInterrupt] = []
    wanted = list(keys)
    count = index.write(work, removes=True)
    if interrupts:
        raise interrupts[0]
    return count


def drop(connection: Connection, objects: Objects, key: bytes, name: bytes, *, in_file: bool) -> bool:
    """Inside a writing transaction: delete a row, and unlink its object if it was the last; says whether it was."""
    connection.execute("DELETE FROM entries WHERE key = ? AND object = ?", (key, name))
    return in_file and unlink_unneeded(connection, objects, name)


def unlink_unneeded(connection: Connection, objects: Objects, name: bytes) -> bool:
    """Inside a writing transaction: unlink an object that no row refers to; says whether it did."""
    if connection.execute(_NEEDED, (name,)).fetchone() is not None:
        return False
    return objects.unlink(name)


_NEEDED = "SELECT 1 FROM entries WHERE object = ? AND inline IS NULL LIMIT 1"


_DROP_ALONE = (
    "DELETE FROM entries WHERE key = ? AND object = ? AND inline IS NOT NULL "
    "AND (? IS NULL OR coalesce(nullif(accessed, 0), created) = ?) AND key NOT IN (SELECT key FROM pins)"
)


def _evict(
    connection: Connection, objects: Objects, batch: Sequence[Removal], interrupts: list[KeyboardInterrupt]
) -> list[int]:
    """The bytes that each removed entry freed."""
    freed: list[int] = []

    def one(item: Removal) -> None:
        # Most have no file: one statement looks and deletes.
        if connection.execute(_DROP_ALONE, (item.key, item.object, item.used, item.used)).rowcount:
            freed.append(item.size)
            return
        row = connection.execute(
            "SELECT inline IS NULL, accessed, created, key IN (SELECT key FROM pins) FROM entries "
            "WHERE key = ? AND object = ?",
            (item.key, item.object),
        ).fetchone()
        if row is None or row[3] or (item.used is not None and item.used != (row[1] or row[2])):
            return
        in_file = bool(row[0])
        unlinked = drop(connection, objects, item.key, item.object, in_file=in_file)
        freed.append(item.size if unlinked or not in_file else 0)

    _each(batch, one, interrupts)
    return freed


def _each(items: Iterable[T], work: Callable[[T], object], interrupts: list[KeyboardInterrupt]) -> None:
    """Work on one after the other, up to an interrupt: what was unlinked can't be rolled back, so its rows go too."""
    try:
        for item in items:
            work(item)
    except KeyboardInterrupt as error:
        interrupts.append(error)


def _sweep(connection: Connection, objects: Objects, files: Sequence[Litter]) -> list[int]:
    """The bytes that each unlinked file freed. Drafts too are unlinked in here: see `publisher.py`."""
    swept = (file for file in files if not _is_needed(connection, file) and objects.sweep(file.path, file.changed))
    return [file.size for file in swept]


def _is_needed(connection: Connection, file: Litter) -> bool:
    if file.reason != "orphan":
        return False
    try:
        name = bytes.fromhex(os.path.basename(file.path))
    except ValueError:
        # No object has such a name, so no row can refer to it.
        return False
    return connection.execute(_NEEDED, (name,)).fetchone() is not None
