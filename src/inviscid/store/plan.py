"""Plans: what may go, and why. A plan is made by looking only; `sweep.py` executes it.

*Eviction* drops entries by policy, a *sweep* removes files that nothing refers to. What stays: pinned entries, and
whatever was made or used within the *grace*. Of the rest goes what nobody used for `max_age`, then what is worth least,
until the store fits its limit:

    worth of an object = sum over its entries of (1 + hits) * seconds of computing / bytes / 2 ** (days idle / 7)

Entries may share an object, and only the last of them frees it: they stay or go together. What is remembered of code
has limits of its own: see `forms.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from inviscid.store.forms import Outdated, limit_of
from inviscid.store.forms import plan as plan_forms
from inviscid.store.index import Index
from inviscid.store.layout import Layout, failure
from inviscid.store.outputs import Output
from inviscid.store.outputs import plan as plan_outputs

DEFAULT_SIZE_LIMIT = 10 * 2**30
_HALF_LIFE = 7 * 86_400.0
_QUARANTINE_AGE = 7 * 86_400.0
# A row costs about that much beside its object.
_ROW = 512


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


class _Item(NamedTuple):
    """An entry as policy sees it."""

    key: bytes
    function: str
    object: bytes
    size: int
    in_file: bool
    hits: int
    seconds: float
    used: float
    pinned: bool

    def removal(self, reason: str) -> Removal:
        used = None if reason == "clean" else self.used
        return Removal(self.key, self.function, self.object, self.size, reason, used)


class _Group(NamedTuple):
    """The entries of one object."""

    items: list[_Item]
    size: int
    pinned: bool

    def idle(self, now: float) -> float:
        # A time in the future is some clock's fault: such an entry is as old as it is wrong, not young for ever.
        return min(abs(now - item.used) for item in self.items)

    def worth(self, now: float) -> float:
        gain = sum((1 + item.hits) * item.seconds for item in self.items)
        cost = self.size + _ROW * len(self.items)
        faded: float = 0.5 ** min(self.idle(now) / _HALF_LIFE, 1000.0)
        return gain / cost * faded


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
    items = _items(index)
    groups = _groups(items)
    free = [group for group in groups if not group.pinned and group.idle(now) > grace]
    aged = [group for group in free if max_age is not None and group.idle(now) > max_age]
    going = [item.removal("age") for group in aged for item in group.items]
    excess = sum(group.size for group in groups) - sum(group.size for group in aged) - size_limit
    old = {id(group) for group in aged}
    rest = sorted((group for group in free if id(group) not in old), key=lambda group: group.worth(now))
    for group in rest:
        if excess <= 0:
            break
        excess -= group.size
        going += [item.removal("size") for item in group.items]
    litter = tuple(_litter(index, layout, now, grace)) if layout.ready(create=False) else ()
    return _plan(index, items, going, litter, plan_forms(index, limit_of(size_limit)))


def plan_removal(index: Index, keys: Collection[bytes], *, forms: bool, secret: bytes | None = None) -> Plan:
    """What would go if these keys were cleaned away, all of them but the pinned; and all forms, if they shall too."""
    items = _items(index)
    going = [item.removal("clean") for item in items if item.key in keys and not item.pinned]
    outputs = plan_outputs(index, [item.key for item in going], secret)
    return _plan(index, items, going, (), plan_forms(index, None) if forms else ())._replace(outputs=tuple(outputs))


def _plan(
    index: Index,
    items: list[_Item],
    going: list[Removal],
    litter: tuple[Litter, ...],
    outdated: tuple[Outdated, ...],
) -> Plan:
    gone = {removal.key for removal in going}
    groups = _groups(items)
    freed = sum(group.size for group in groups if all(item.key in gone for item in group.items))
    return Plan(
        entries=tuple(going),
        files=litter,
        preimages=_lonely_preimages(index, gone),
        bytes=freed + sum(file.size for file in litter) + sum(item.size for item in outdated),
        kept=len(items) - len(going),
        kept_bytes=sum(group.size for group in groups) - freed,
        pinned=sum(item.pinned for item in items),
        forms=outdated,
    )


def _items(index: Index) -> list[_Item]:
    rows = index.read(
        "SELECT key, function, object, size, inline IS NULL, hits, seconds, accessed, created, "
        "key IN (SELECT key FROM pins) FROM entries"
    )
    found = []
    for key, function, name, size, in_file, hits, seconds, accessed, created, pinned in rows:
        try:
            used = float(accessed or created)
            text = function.decode(errors="replace")
            found.append(
                _Item(key, text, name, int(size), bool(in_file), int(hits), float(seconds), used, bool(pinned))
            )
        except (AttributeError, TypeError, ValueError):
            # A damaged row: it goes when its key is looked up.
            continue
    return found


def _groups(items: Iterable[_Item]) -> list[_Group]:
    shared: dict[bytes, list[_Item]] = {}
    for item in items:
        shared.setdefault(item.object if item.in_file else item.key, []).append(item)
    return [_Group(group, group[0].size, any(item.pinned for item in group)) for group in shared.values()]


def _lonely_preimages(index: Index, gone: Collection[bytes]) -> int:
    needed = {row[0] for row in index.read("SELECT fingerprint, key FROM entries") if row[1] not in gone}
    return sum(row[0] not in needed for row in index.read("SELECT fingerprint FROM preimages"))


def _litter(index: Index, layout: Layout, now: float, grace: float) -> Iterator[Litter]:
    try:
        for folder in list(_scan(layout.objects)):
            if folder.is_dir(follow_symlinks=False):
                known = {row[0] for row in index.read(_IN_FOLDER, _bounds(folder.name))}
                for file in _scan(folder.path):
                    if _digest_of(file.name) not in known:
                        yield from _old(file, "orphan", now, grace)
        for file in _scan(layout.tmp):
            yield from _old(file, "unfinished", now, grace)
        for file in _scan(layout.quarantine):
            yield from _old(file, "quarantine", now, max(grace, _QUARANTINE_AGE))
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


def _old(file: os.DirEntry[str], reason: str, now: float, grace: float) -> Iterator[Litter]:
    try:
        found = file.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    if abs(now - found.st_mtime) > grace and not file.is_dir(follow_symlinks=False):
        yield Litter(file.path, found.st_size, reason, found.st_mtime)


def _scan(path: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            yield from found
    except FileNotFoundError:
        return
