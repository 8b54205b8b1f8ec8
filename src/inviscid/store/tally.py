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
from weakref import WeakSet

from inviscid.errors import StoreError
from inviscid.outcome import Outcome
from inviscid.store import fork
from inviscid.store.index import Index
from inviscid.store.memory import Memory

if TYPE_CHECKING:
    from sqlite3 import Connection

_INTERVAL = 2.0
_AT_MOST = 10_000
# Seconds that a hit may wait for other writers.
_PATIENCE = 0.02
_HIT = int(Outcome.HIT)


class Tally:
    """What this process counted for one store and has not written yet.

    Args:
        index: where it is written.
        memory: counts the hits of what it holds by itself, and is asked for them.
    """

    def __init__(self, index: Index, memory: Memory) -> None:
        self._index = index
        self._memory = memory
        # Reentrant: a finalizer that calls a cached function may run at any point.
        self._guard = threading.RLock()
        self._outcomes: dict[int, tuple[int, float]] = {}
        self._hits: dict[bytes, tuple[int, float, float]] = {}
        self._written = time.monotonic()
        self._exit_known = False
        _all.add(self)
        fork.register(self)

    def count(self, outcome: int, seconds: float) -> None:
        """One more of this outcome, and what it cost or saved."""
        with self._guard:
            self._add_outcome(outcome, 1, seconds)
            _unwritten.add(self)
        self.tick()

    def touch(self, key: bytes, saved: float) -> None:
        """One more hit of this entry, and what it saved."""
        with self._guard:
            self._add_hits(key, 1, saved)
            _unwritten.add(self)
        self.tick()

    def hit(self, key: bytes, saved: float) -> None:
        """One more hit of this entry, and of the outcome."""
        with self._guard:
            self._add_outcome(_HIT, 1, saved)
            self._add_hits(key, 1, saved)
            _unwritten.add(self)
        self.tick()

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

    def tick(self) -> None:
        """Write what was counted, if it is time to."""
        if not self._exit_known:
            self._exit_known = True
            _flush_at_worker_exit()
        now = time.monotonic()
        if now - self._written >= _INTERVAL or len(self._hits) >= _AT_MOST:
            self._written = now
            self.flush()

    def _add_outcome(self, outcome: int, times: int, seconds: float) -> None:
        count, total = self._outcomes.get(outcome, (0, 0.0))
        self._outcomes[outcome] = (count + times, total + seconds)

    def _add_hits(self, key: bytes, times: int, saved: float) -> None:
        count, total, _ = self._hits.get(key, (0, 0.0, 0.0))
        self._hits[key] = (count + times, total + saved, time.time())

    def _take(self) -> tuple[dict[int, tuple[int, float]], dict[bytes, tuple[int, float, float]]]:
        # Before our own lock is taken: whoever forks takes both, and in no order.
        told = list(self._memory.told())
        with self._guard:
            for key, hits, saved in told:
                self._add_outcome(_HIT, hits, saved)
                self._add_hits(key, hits, saved)
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
_all: WeakSet[Tally] = WeakSet()


@atexit.register
def _flush_all() -> None:
    # The hits that the memory tier counted are known to nobody before they are asked for.
    for tally in {*_unwritten, *_all}:
        tally.flush()


def _flush_at_worker_exit() -> None:
    # Workers of multiprocessing leave by os._exit, past atexit; they run these finalizers instead.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _flush_all, exitpriority=10)
