"""What is counted: outcomes, and the hits of each entry.

Numbers are kept in memory and written in one go, when enough time has passed, at the next publication, and at exit.
They steer gc and inform people. Nothing waits for them and nothing fails for them: a process that is killed takes its
last seconds of counting with it.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
from typing import TYPE_CHECKING

from inviscid.errors import StoreError
from inviscid.store import fork
from inviscid.store.index import Index

if TYPE_CHECKING:
    from sqlite3 import Connection

_INTERVAL = 2.0
_AT_MOST = 10_000
# Seconds that a hit may wait for other writers.
_PATIENCE = 0.02


class Tally:
    """What this process counted for one store and has not written yet."""

    def __init__(self, index: Index) -> None:
        self._index = index
        # Reentrant: a finalizer that calls a cached function may run at any point.
        self._guard = threading.RLock()
        self._outcomes: dict[int, tuple[int, float]] = {}
        self._hits: dict[bytes, tuple[int, float, float]] = {}
        self._written = time.monotonic()
        self._exit_known = False
        fork.register(self)

    def count(self, outcome: int, seconds: float) -> None:
        """One more of this outcome, and what it cost or saved."""
        with self._guard:
            count, total = self._outcomes.get(outcome, (0, 0.0))
            self._outcomes[outcome] = (count + 1, total + seconds)
            _unwritten.add(self)
        self._maybe_flush()

    def touch(self, key: bytes, saved: float) -> None:
        """One more hit of this entry, and what it saved."""
        with self._guard:
            count, total, _ = self._hits.get(key, (0, 0.0, 0.0))
            self._hits[key] = (count + 1, total + saved, time.time())
            _unwritten.add(self)
        self._maybe_flush()

    def flush(self, patience: float = _PATIENCE) -> None:
        """Write what was counted; what can't be written now stays for the next time."""
        try:
            # A call that stores nothing must not make a store, and a read-only one stays as it is.
            if not self._index.is_writable():
                return
        except StoreError:
            return
        outcomes, hits = self._take()
        if not outcomes and not hits:
            return
        try:
            self._index.write(lambda connection: write(connection, outcomes, hits), patience=patience)
        except StoreError:
            self._put_back(outcomes, hits)

    def before_fork(self) -> None:
        """Let nobody be counting."""
        self._guard.acquire()

    def after_fork(self, child: bool) -> None:
        """The numbers are the parent's."""
        if child:
            self._guard = threading.RLock()
            self._outcomes, self._hits = {}, {}
            self._exit_known = False
            _unwritten.discard(self)
        else:
            self._guard.release()

    def _maybe_flush(self) -> None:
        if not self._exit_known:
            self._exit_known = True
            _flush_at_worker_exit()
        now = time.monotonic()
        if now - self._written >= _INTERVAL or len(self._hits) >= _AT_MOST:
            self._written = now
            self.flush()

    def _take(self) -> tuple[dict[int, tuple[int, float]], dict[bytes, tuple[int, float, float]]]:
        with self._guard:
            taken = self._outcomes, self._hits
            self._outcomes, self._hits = {}, {}
            _unwritten.discard(self)
        return taken

    def _put_back(self, outcomes: dict[int, tuple[int, float]], hits: dict[bytes, tuple[int, float, float]]) -> None:
        with self._guard:
            _unwritten.add(self)
            for outcome, (count, seconds) in outcomes.items():
                more = self._outcomes.get(outcome, (0, 0.0))
                self._outcomes[outcome] = (count + more[0], seconds + more[1])
            # A store that can't be written for hours must not fill the memory.
            if len(self._hits) < _AT_MOST:
                for key, (count, saved, when) in hits.items():
                    fresh = self._hits.get(key, (0, 0.0, when))
                    self._hits[key] = (count + fresh[0], saved + fresh[1], fresh[2])


def write(
    connection: Connection, outcomes: dict[int, tuple[int, float]], hits: dict[bytes, tuple[int, float, float]]
) -> None:
    """Add the numbers to the index's."""
    connection.executemany(
        "INSERT INTO statistics VALUES (?, ?, ?) ON CONFLICT (outcome) DO UPDATE "
        "SET count = count + excluded.count, seconds = seconds + excluded.seconds",
        [(outcome, count, seconds) for outcome, (count, seconds) in outcomes.items()],
    )
    connection.executemany(
        "UPDATE entries SET hits = hits + ?, saved = saved + ?, accessed = ? WHERE key = ?",
        [(count, saved, when, key) for key, (count, saved, when) in hits.items()],
    )


# Kept alive until written: nobody may have kept the store.
_unwritten: set[Tally] = set()


@atexit.register
def _flush_all() -> None:
    for tally in list(_unwritten):
        tally.flush()


def _flush_at_worker_exit() -> None:
    # Workers of multiprocessing leave by os._exit, past atexit; they run these finalizers instead.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _flush_all, exitpriority=10)
