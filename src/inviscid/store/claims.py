"""Claims: the exclusive right to compute a key, among all threads of all processes that use the store.

A claim ends with its context, or with its process, however that ends; then the next in line gets it at once. Who had to
wait looks the key up again before computing.

A claim is a matter of economy, never of correctness: two that compute the same key both publish the same result. So
whenever waiting could last for ever, nobody waits:

- The holder itself asks again: the function calls itself with the same arguments, which has no end. That is an error.
- Another task of the same thread holds it: the thread would wait for itself. The caller computes without a claim.
- A holder of other claims would close a circle. Who waits while holding writes down an edge from each claim that it
  holds to the one that it wants, in one transaction with the look for a circle; whoever would close one computes
  without a claim.

    edge = (held, wanted, waiter)     `waiter` names a lock that is held while the edge is true: a dead waiter's
                                      edge is known by its free lock

Claims of two different stores, and a thread that waits for another thread of its own while that one waits here, are
beyond these edges.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from inviscid.digest import short
from inviscid.errors import ReentryError, StoreError
from inviscid.store import fork
from inviscid.store.index import Index
from inviscid.store.layout import Layout, failure
from inviscid.store.locks import Lock, lock_for

if TYPE_CHECKING:
    from sqlite3 import Connection


class _Claim:
    """One claim that this process holds."""

    __slots__ = ("key", "live", "place", "thread")

    def __init__(self, place: str, key: bytes) -> None:
        self.place = place
        self.key = key
        self.thread = threading.get_ident()
        self.live = True


class _Here:
    """All claims that this process holds, by store and key."""

    def __init__(self) -> None:
        self.claims: dict[tuple[str, bytes], _Claim] = {}

    def before_fork(self) -> None:
        """Nothing to wait for: each change is one step."""

    def after_fork(self, child: bool) -> None:
        """A child holds nothing."""
        if child:
            for claim in self.claims.values():
                claim.live = False
            self.claims.clear()


# What the running code is inside of. A context, not a thread: each task of an event loop has its own.
_around: ContextVar[tuple[_Claim, ...]] = ContextVar("inviscid_claims", default=())
_here = _Here()
fork.register(_here)


class Claims:
    """The claims of one store."""

    def __init__(self, layout: Layout, index: Index) -> None:
        self._layout = layout
        self._index = index
        # Resolved at the first claim: one store may be reached by two paths.
        self._place = ""

    @contextmanager
    def hold(self, key: bytes, *, wait: bool = True) -> Iterator[bool | None]:
        """Hold the claim on a key; gives True where somebody else held it before, and without `wait` None where
        somebody else holds it.

        On a read-only store nothing is claimed: nobody can publish there.

        Raises:
            ReentryError: the claim is held by what is asking.
            StoreError: the locks can't be used.
        """
        self._layout.ready(create=True)
        place = self._place = self._place or os.path.realpath(self._layout.path)
        around = tuple(claim for claim in _around.get() if claim.live)
        if any(claim.key == key and claim.place == place for claim in around):
            raise ReentryError(
                f"a cached function calls itself with the same arguments (key {short(key)}): this recursion has no end"
            )
        other = _here.claims.get((place, key))
        if not self._layout.writable or (other is not None and other.thread == threading.get_ident()):
            yield False
            return
        lock, waited = self._take(key, around, wait=wait)
        if lock is None:
            yield False if wait else None
            return
        claim = _Claim(place, key)
        _here.claims[place, key] = claim
        _around.set((*around, claim))
        try:
            yield waited
        finally:
            _around.set(around)
            if claim.live:
                claim.live = False
                del _here.claims[place, key]
                lock.release()

    @contextmanager
    def waits(self, key: bytes) -> Iterator[bool]:
        """Be known as a task that waits for the claim on a key; gives False where that would never end."""
        # The thread goes on, and with it the other tasks: their claims aren't held by who waits here.
        with self._in_line(key, {claim.key for claim in _around.get() if claim.live}) as ends:
            yield ends

    def _take(self, key: bytes, around: Sequence[_Claim], *, wait: bool) -> tuple[Lock | None, bool]:
        """The lock of the key, taken, and whether that had to wait; no lock where waiting would never end, or isn't
        wanted.
        """
        for attempt in (1, 2):
            try:
                lock = lock_for(self._layout, key)
                if lock.acquire(wait=False):
                    return lock, False
                if not wait:
                    return None, False
                return (lock, True) if self._wait(lock, key, around) else (None, False)
            except FileNotFoundError as error:
                if attempt == 2:
                    raise failure(f"the store {self._layout.path} can't be locked", error) from error
                # Somebody deleted the whole store.
                self._layout.reset()
                self._layout.ready(create=True)
            except OSError as error:
                raise failure(f"the store {self._layout.path} can't be locked", error) from error
        raise AssertionError  # pragma: no cover  # the second attempt returns or raises

    def _wait(self, lock: Lock, key: bytes, around: Sequence[_Claim]) -> bool:
        """Wait for the lock; False where that would never end."""
        thread = threading.get_ident()
        held = {claim.key for claim in around}
        held.update(claim.key for claim in list(_here.claims.values()) if claim.thread == thread)
        with self._in_line(key, held) as ends:
            return ends and lock.acquire(wait=True)

    @contextmanager
    def _in_line(self, key: bytes, held: set[bytes]) -> Iterator[bool]:
        """Let it be known who waits for a key while holding others; gives False where that would never end."""
        if not held:
            # Nobody waits for one who holds nothing.
            yield True
            return
        waiter = os.urandom(32)
        alive = lock_for(self._layout, waiter)
        alive.acquire(wait=True)
        try:
            try:
                ends = self._index.write(lambda connection: self._link(connection, held, key, waiter))
            except StoreError:
                # Without the edges a circle could not be seen.
                ends = False
            yield ends
        finally:
            alive.release()
            self._unlink(waiter)

    def _link(self, connection: Connection, held: set[bytes], wanted: bytes, waiter: bytes) -> bool:
        """Write down who waits for what, unless it closes a circle."""
        edges: dict[bytes, set[bytes]] = {}
        for before, after, who in connection.execute("SELECT held, wanted, waiter FROM waits").fetchall():
            if self._is_alive(who):
                edges.setdefault(before, set()).add(after)
            else:
                connection.execute("DELETE FROM waits WHERE waiter = ?", (who,))
        if _reaches(edges, wanted, held):
            return False
        connection.executemany("INSERT INTO waits VALUES (?, ?, ?)", [(key, wanted, waiter) for key in held])
        return True

    def _is_alive(self, waiter: bytes) -> bool:
        probe = lock_for(self._layout, waiter)
        if probe.acquire(wait=False):
            probe.release()
            return False
        return True

    def _unlink(self, waiter: bytes) -> None:
        try:
            self._index.write(lambda connection: connection.execute("DELETE FROM waits WHERE waiter = ?", (waiter,)))
        except StoreError:
            # Its lock is free: the next who looks takes it away.
            pass


def _reaches(edges: dict[bytes, set[bytes]], start: bytes, goals: set[bytes]) -> bool:
    seen, todo = set[bytes](), [start]
    while todo:
        key = todo.pop()
        if key in goals:
            return True
        if key not in seen:
            seen.add(key)
            todo += edges.get(key, ())
    return False
