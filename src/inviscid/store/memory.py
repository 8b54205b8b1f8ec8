"""The memory tier: what this process read from the store and checked, kept for the next time, within a limit of bytes.

What is held is bound to the generation under which it was looked up: once anybody removes anything from the store, all
of it has to be looked up again. Bytes that are mapped from a file are the system's to keep; but a file that is mapped
takes space on the disk even when it is removed, so only a few of those are held. They were checked once; whoever writes
to the file changes them, but its times too, and those are looked at whenever the bytes are used.

What goes first is what was not asked for since its turn came last (the *clock* algorithm), because that costs a hit
nothing but a count.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterator
from typing import Any

from inviscid.entry import Entry
from inviscid.sentinels import MISSING
from inviscid.store import fork

DEFAULT_LIMIT = 128 << 20
# What the objects around the bytes take.
_OVERHEAD = 800
# As bytes of the limit: so a store of the default size maps a few hundred files.
_MAPPED = 256 << 10
# No entry takes more than this part of the limit: it would drive out all others.
_SHARE = 4


class Held:
    """One entry with its bytes, as they are under one generation."""

    __slots__ = ("data", "entry", "generation", "hits", "passed", "path", "size", "stamp", "told", "value")

    def __init__(self, entry: Entry, data: memoryview, generation: int, path: str) -> None:
        self.entry = entry
        self.data: memoryview | None = data
        self.generation = generation
        """-1 once it is not held any more."""
        self.hits = 0
        self.told = 0
        """How many of the hits were told to the tally."""
        self.passed = 0
        """How many there were when its turn to go came last."""
        self.path = path if isinstance(data.obj, mmap.mmap) else ""
        """The file that the bytes are mapped from, if they are."""
        self.stamp = _stamp(self.path) if self.path else None
        self.size = _OVERHEAD + (_MAPPED if self.path else data.nbytes)
        self.value: Any = MISSING
        """What the bytes mean, where that can't be changed, so that all may have the same."""

    def is_whole(self) -> bool:
        """Whether nobody wrote to the file since its bytes were checked."""
        return not self.path or (self.stamp is not None and _stamp(self.path) == self.stamp)

    def drop(self) -> None:
        """Let nobody use it any more."""
        self.generation = -1
        self.data = None
        self.value = MISSING


class Memory:
    """What one store holds in this process.

    Args:
        limit: in bytes; 0 holds nothing.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held: dict[bytes, Held] = {}
        self._size = 0
        self._generation = 0
        self._left: list[tuple[bytes, int, float]] = []
        # Reentrant: the collector may run a finalizer that calls a cached function.
        self._guard = threading.RLock()
        fork.register(self)

    def get(self, key: bytes, generation: int) -> Held | None:
        """What is held under a key and was looked up under this generation."""
        held = self._held.get(key)
        if held is None:
            return None
        return held if held.generation == generation and (not held.path or held.is_whole()) else None

    def takes(self, count: int) -> bool:
        """Whether there would be room for so many entries, if there were nothing else."""
        return count * _OVERHEAD <= self.limit

    def put(self, entry: Entry, data: memoryview, generation: int, path: str) -> Held | None:
        """Hold an entry and its bytes, which were found under this generation; None where that is too much.

        Args:
            entry: the entry.
            data: its checked bytes.
            generation: of the store, before the entry was looked up.
            path: where the object is, if it is a file.
        """
        # Without a generation there is no store whose changes could be seen.
        if not generation or not self.limit:
            return None
        held = Held(entry, data, generation, path)
        if held.size > self.limit // _SHARE:
            return None
        self.renew(generation)
        with self._guard:
            if (before := self._held.pop(entry.key, None)) is not None:
                self._let_go(before)
            self._held[entry.key] = held
            self._size += held.size
            while self._size > self.limit:
                self._evict()
        return held

    def renew(self, generation: int) -> None:
        """Let go of what was found under another generation: nobody can use it, and it may keep removed files on the
        disk.
        """
        if generation != self._generation:
            self.clear()
            self._generation = generation

    def clear(self) -> None:
        """Hold nothing."""
        with self._guard:
            for held in self._held.values():
                self._let_go(held)
            self._held.clear()

    def told(self) -> Iterator[tuple[bytes, int, float]]:
        """(key, hits, seconds that they saved) of all that was hit since this was asked last."""
        with self._guard:
            found, self._left = self._left, []
            for held in self._held.values():
                found += _count(held)
        return iter(found)

    def before_fork(self) -> None:
        """Let nobody be at work."""
        self._guard.acquire()

    def after_fork(self, child: bool) -> None:
        """Go on; the hits are the parent's."""
        if child:
            self._guard = threading.RLock()
            self._left = []
            for held in self._held.values():
                held.told = held.hits
        else:
            self._guard.release()

    def _evict(self) -> None:
        key = next(iter(self._held))
        held = self._held.pop(key)
        if held.hits != held.passed:
            held.passed = held.hits
            self._held[key] = held
        else:
            self._let_go(held)

    def _let_go(self, held: Held) -> None:
        self._size -= held.size
        self._left += _count(held)
        held.drop()


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _count(held: Held) -> list[tuple[bytes, int, float]]:
    """The hits that nobody was told of yet."""
    hits, new = held.hits, held.hits - held.told
    held.told = hits
    return [(held.entry.key, new, new * held.entry.provenance.seconds)] if new else []
