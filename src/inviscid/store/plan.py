"""Plans: what may go, and why. A plan is made by looking only; `sweep.py` executes it.

*Eviction* drops entries by policy, a *sweep* removes files that nothing refers to. What stays: pinned entries, and
whatever was made or used within the *grace*. Of the rest goes what nobody used for `max_age`, then what is worth least,
until the store fits its limit:

    worth of an object = sum over its entries of (1 + hits) * seconds of computing / bytes, halved for each 7 days
                         in which nobody used it

Entries may share an object in a file, and only the last of them frees it: they stay or go together. What is small is in
the row itself; there may be millions of such entries, so they are weighed by the index. What is remembered of code
has limits of its own: see `forms.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator
from heapq import merge
from typing import NamedTuple

from inviscid.store.folders import opened
from inviscid.store.forms import Outdated, limit_of
from inviscid.store.forms import plan as plan_forms
from inviscid.store.index import Index
from inviscid.store.layout import Layout, failure
from inviscid.store.outputs import Output
from inviscid.store.outputs import plan as plan_outputs
from inviscid.store.schema import Row
from inviscid.store.seals import Seals

DEFAULT_SIZE_LIMIT = 10 * 2**30
_HALF_LIFE = 7 * 86_400.0
_QUARANTINE_AGE = 7 * 86_400.0
# A row costs about that much beside its object.
_ROW = 512
_AT_ONCE = 500


class Removal(NamedTuple):
    """An entry that would go."""

    key: bytes
    function: str
    object: bytes
    size: int
    reason: str
    """``age``, ``size`` or ``clean``."""
    used: float | None
    """When it was last used; it stays if that changes before it goes. None: it goes in any case."""


class Litter(NamedTuple):
    """A file that nothing refers to and that would go."""

    path: str
    size: int
    reason: str
    """``orphan``, ``unfinished`` or ``quarantine``."""
    changed: float
    """Its time; it stays if that changes before it goes."""


class Plan(NamedTuple):
    """What would go, and why."""

    entries: tuple[Removal, ...]
    files: tuple[Litter, ...]
    preimages: int
    """So many explanations would belong to no entry any more."""
    bytes: int
    """What the whole plan frees."""
    kept: int
    """So many entries stay."""
    kept_bytes: int
    pinned: int
    """So many stay because they are pinned."""
    forms: tuple[Outdated, ...] = ()
    """What is remembered of code and would go, by text."""
    outputs: tuple[Output, ...] = ()
    """The output files of the entries, outside the store: those that would go, and those that would stay."""


class _Group(NamedTuple):
    """The entries of one object, as policy sees them."""

    items: list[Removal]
    size: int
    idle: float
    """Seconds since the last use of any."""
    worth: float
    pinned: bool


# A time in the future is some clock's fault: such an entry is as old as it is wrong, not young for ever.
_IDLE = "abs(:now - coalesce(nullif(accessed, 0), created))"
_HALVES = f"min({_IDLE} / {_HALF_LIFE}, 60.0)"
_FADED = f"((1.0 - ({_HALVES} - CAST({_HALVES} AS INTEGER)) / 2.0) / (1 << CAST({_HALVES} AS INTEGER)))"
_GAIN = "(1 + hits) * seconds"
_PINNED = "key IN (SELECT key FROM pins)"
_COLUMNS = f"key, function, object, size, coalesce(nullif(accessed, 0), created), {_IDLE}, {_GAIN}, {_FADED}, {_PINNED}"
_ALONE = f"""
SELECT {_COLUMNS} FROM entries
WHERE inline IS NOT NULL AND {_IDLE} > :grace AND NOT {_PINNED} AND (:age IS NULL OR {_IDLE} <= :age)
ORDER BY {_GAIN} / (size + {_ROW}) * {_FADED}
"""
_AGED = f"""
SELECT {_COLUMNS} FROM entries
WHERE inline IS NOT NULL AND {_IDLE} > max(:grace, :age) AND NOT {_PINNED}
"""
_FILES = f"SELECT {_COLUMNS} FROM entries WHERE inline IS NULL"


def plan_gc(index: Index, layout: Layout, *, size_limit: int, max_age: float | None, grace: float) -> Plan:
    """What a collection would remove now.

    Args:
        index: the store's index.
        layout: the store's paths.
        size_limit: bytes that may stay.
        max_age: seconds since the last use after which an entry goes whatever its worth; None for no such limit.
        grace: seconds for which anything new, and any entry just used, stays.
    """
    now = time.time()
    whole = _whole(index)
    groups = _groups(index.read(_FILES, {"now": now}))
    free = [group for group in groups if not group.pinned and group.idle > grace]
    aged = [group for group in free if max_age is not None and group.idle > max_age]
    going = [item._replace(reason="age") for group in aged for item in group.items]
    freed = sum(group.size for group in aged)
    times = {"now": now, "grace": grace, "age": max_age}
    if max_age is not None:
        alone = [item._replace(reason="age") for item, _ in _removals(index.iterate(_AGED, times))]
        going += alone
        freed += sum(item.size for item in alone)
    if whole.bytes - freed > size_limit:
        rest = sorted((group for group in free if not (max_age is not None and group.idle > max_age)), key=_worth)
        # Only as far as it is needed: a store may hold millions of small entries.
        small = (
            _Group([item], item.size, 0.0, worth, pinned=False)
            for item, worth in _removals(index.iterate(_ALONE, times))
        )
        for group in merge(rest, small, key=_worth):
            if whole.bytes - freed <= size_limit:
                break
            freed += group.size
            going += group.items
    litter = tuple(_litter(index, layout, now, grace)) if layout.ready(create=False) else ()
    return _plan(index, whole, going, freed, litter, plan_forms(index, limit_of(size_limit)))


def plan_removal(index: Index, keys: Collection[bytes], seals: Seals, *, forms: bool) -> Plan:
    """What would go if these keys were cleaned away, all of them but the pinned; and all forms, if they shall too."""
    going: list[Removal] = []
    listed = list(keys)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        rows = index.read(
            f"SELECT key, function, object, size FROM entries WHERE key IN ({marks}) AND NOT {_PINNED}", some
        )
        going += [Removal(key, _text(function), name, size, "clean", None) for key, function, name, size in rows]
    outputs = plan_outputs(index, [item.key for item in going], seals)
    gone = {item.key for item in going}
    groups = _groups(index.read(_FILES, {"now": time.time()}))
    in_files = {item.key for group in groups for item in group.items}
    freed = sum(group.size for group in groups if all(item.key in gone for item in group.items))
    freed += sum(item.size for item in going if item.key not in in_files)
    plan = _plan(index, _whole(index), going, freed, (), plan_forms(index, None) if forms else ())
    return plan._replace(outputs=tuple(outputs))


class _Whole(NamedTuple):
    """The figures of all entries."""

    entries: int
    bytes: int
    pinned: int


def _whole(index: Index) -> _Whole:
    entries, alone, shared, pinned = index.read(_TOTALS)[0] if index.read("SELECT 1 FROM entries LIMIT 1") else (0,) * 4
    return _Whole(entries, int(alone or 0) + int(shared or 0), pinned)


_TOTALS = """
SELECT count(*), sum(CASE WHEN inline IS NULL THEN 0 ELSE size END),
    (SELECT sum(size) FROM (SELECT size FROM entries WHERE inline IS NULL GROUP BY object)),
    (SELECT count(*) FROM pins WHERE key IN (SELECT key FROM entries WHERE entries.key = pins.key))
FROM entries
"""


def _removals(rows: Iterable[Row]) -> Iterator[tuple[Removal, float]]:
    """Each row as an entry that would go for its size, with its worth."""
    for row in rows:
        try:
            key, function, name, size, used, _, gain, faded, _ = row
            yield Removal(key, _text(function), name, int(size), "size", float(used)), gain / (size + _ROW) * faded
        except (AttributeError, TypeError, ValueError):
            # A damaged row: it goes when its key is looked up.
            continue


def _groups(rows: Iterable[Row]) -> list[_Group]:
    """The entries whose objects are files, by object."""
    shared: dict[bytes, list[tuple[Removal, float, float, float, bool]]] = {}
    for row in rows:
        try:
            key, function, name, size, used, idle, gain, faded, pinned = row
            item = Removal(key, _text(function), name, int(size), "size", float(used))
            shared.setdefault(name, []).append((item, float(idle), float(gain), float(faded), bool(pinned)))
        except (AttributeError, TypeError, ValueError):
            continue
    found = []
    for group in shared.values():
        items = [item for item, *_ in group]
        gain, faded = sum(one[2] for one in group), max(one[3] for one in group)
        worth = gain / (items[0].size + _ROW * len(items)) * faded
        found.append(_Group(items, items[0].size, min(one[1] for one in group), worth, any(one[4] for one in group)))
    return found


def _worth(group: _Group) -> float:
    return group.worth


def _text(function: object) -> str:
    assert isinstance(function, bytes)
    return function.decode(errors="replace")


def _plan(
    index: Index,
    whole: _Whole,
    going: list[Removal],
    freed: int,
    litter: tuple[Litter, ...],
    outdated: tuple[Outdated, ...],
) -> Plan:
    return Plan(
        entries=tuple(going),
        files=litter,
        preimages=_lonely_preimages(index, {item.key for item in going}),
        bytes=freed + sum(file.size for file in litter) + sum(item.size for item in outdated),
        kept=whole.entries - len(going),
        kept_bytes=whole.bytes - freed,
        pinned=whole.pinned,
        forms=outdated,
    )


def _lonely_preimages(index: Index, gone: Collection[bytes]) -> int:
    rows = index.read("SELECT fingerprint, count(*) FROM entries GROUP BY fingerprint")
    known: dict[bytes, int] = dict(map(tuple, rows))
    listed = list(gone)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        for (fingerprint,) in index.read(
            f"SELECT fingerprint FROM entries WHERE key IN ({', '.join('?' * len(some))})", some
        ):
            known[fingerprint] -= 1
    return sum(not known.get(row[0]) for row in index.read("SELECT fingerprint FROM preimages"))


def _litter(index: Index, layout: Layout, now: float, grace: float) -> Iterator[Litter]:
    try:
        for name in _folders(layout):
            known = {row[0] for row in index.read(_IN_FOLDER, _bounds(name))}
            for litter in _old(layout, ("objects", name), "orphan", now, grace):
                if _digest_of(os.path.basename(litter.path)) not in known:
                    yield litter
        yield from _old(layout, ("tmp",), "unfinished", now, grace)
        yield from _old(layout, ("quarantine",), "quarantine", now, max(grace, _QUARANTINE_AGE))
    except OSError as error:
        raise failure(f"the store {layout.path} can't be listed", error) from error


_IN_FOLDER = "SELECT object FROM entries WHERE object >= ? AND object < ? AND inline IS NULL"


def _bounds(folder: str) -> tuple[bytes, bytes]:
    try:
        first = bytes.fromhex(folder)
    except ValueError:
        return b"", b""
    return first, first + b"\xff" * 32


def _digest_of(name: str) -> bytes | None:
    try:
        return bytes.fromhex(name)
    except ValueError:
        return None


def _folders(layout: Layout) -> list[str]:
    try:
        with opened(layout.path, "objects") as folder:
            return [item.name for item in folder.scan() if item.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _old(layout: Layout, names: tuple[str, ...], reason: str, now: float, grace: float) -> Iterator[Litter]:
    """The files of a folder that nobody changed for so long."""
    try:
        with opened(layout.path, *names) as folder:
            for item in folder.scan():
                try:
                    found = item.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if abs(now - found.st_mtime) > grace and not item.is_dir(follow_symlinks=False):
                    yield Litter(f"{folder.path}/{item.name}", found.st_size, reason, found.st_mtime)
    except FileNotFoundError:
        return
