"""Exclusive locks that are named by bytes and die with their holder.

Where the system has them (Linux), a lock is one byte of `claims.lock`, at an offset made from the name, locked through
its own *open file description*: threads exclude each other as processes do, and the kernel drops the lock when the
holder is gone, however it went. Elsewhere it is one file per name in `claims/`, locked by the package filelock.

    offset = the first 62 bits of the name

Two names that share an offset exclude each other needlessly; nobody ever sees a wrong result from that.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from inviscid.store import fork
from inviscid.store.layout import Layout

if TYPE_CHECKING:
    from filelock import BaseFileLock

if sys.platform == "linux":
    import fcntl

# The layout of `struct flock` is known for Linux on 64 bits only.
HAS_RANGES = sys.platform == "linux" and sys.maxsize > 2**32 and hasattr(fcntl, "F_OFD_SETLK")
_FLOCK = struct.Struct("hhqqi0q")


class Lock(Protocol):
    """One lock, by one holder."""

    def acquire(self, wait: bool) -> bool:
        """Take it; without `wait` the answer is False where somebody else has it. Raises OSError."""

    def release(self) -> None:
        """Give it back, if it is held."""


class RangeLock:
    """One byte of `claims.lock`."""

    __slots__ = ("__weakref__", "_handle", "_name", "_path")

    def __init__(self, path: str, name: bytes) -> None:
        self._path = path
        self._name = int.from_bytes(name[:8], "big") >> 2
        self._handle = -1

    def acquire(self, wait: bool) -> bool:
        """Take the lock; blocks in the kernel, signals are served meanwhile."""
        with _handles.guard:
            # Known before it is locked, so that a fork in between can't carry it into a child.
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            _handles.held.add(self)
        try:
            fcntl.fcntl(self._handle, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, self._record(fcntl.F_WRLCK))
        except BaseException as error:
            self.release()
            if isinstance(error, (BlockingIOError, PermissionError)):
                return False
            raise
        return True

    def release(self) -> None:
        """Unlock and close."""
        with _handles.guard:
            handle, self._handle = self._handle, -1
            _handles.held.discard(self)
        if handle >= 0:
            try:
                try:
                    # A process that C code forked may hold the same description: closing alone would leave it locked.
                    fcntl.fcntl(handle, fcntl.F_OFD_SETLK, self._record(fcntl.F_UNLCK))
                finally:
                    os.close(handle)
            except OSError:
                # It is let go of all the same, and what was computed under it is good.
                pass

    # An interrupt may come between taking the lock and telling anybody.
    __del__ = release

    def abandon(self) -> None:
        """In a forked child: let go of the parent's lock without unlocking it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _record(self, kind: int) -> bytes:
        return _FLOCK.pack(kind, os.SEEK_SET, self._name, 1, 0)


class FileLock:
    """One file in `claims/`."""

    __slots__ = ("_lock",)

    def __init__(self, layout: Layout, name: bytes) -> None:
        from filelock import FileLock as Locked

        if not os.path.isdir(layout.claims):
            os.makedirs(layout.claims, mode=0o700, exist_ok=True)
            os.chmod(layout.claims, layout.folder_mode)
        path, mode = f"{layout.claims}/{name.hex()}.lock", layout.file_mode
        try:
            self._lock: BaseFileLock = Locked(path, mode=mode, thread_local=False, fallback_to_soft=False)
        except TypeError:
            # Older versions of filelock have no such argument, and never fall back.
            self._lock = Locked(path, mode=mode, thread_local=False)

    def acquire(self, wait: bool) -> bool:
        """Take the lock; where that has to wait, it asks again and again."""
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=-1 if wait else 0)
        except Timeout:
            return False
        except NotImplementedError as error:
            raise OSError(str(error)) from error
        return True

    def release(self) -> None:
        """Unlock."""
        self._lock.release()


def lock_for(layout: Layout, name: bytes) -> Lock:
    """The lock of this name in a store that is ready. Raises OSError."""
    return RangeLock(layout.claims_lock, name) if HAS_RANGES else FileLock(layout, name)


class _Handles:
    """The range locks that this process has open."""

    def __init__(self) -> None:
        # Reentrant: the collector may release a forgotten lock at any point.
        self.guard = threading.RLock()
        self.held: WeakSet[RangeLock] = WeakSet()

    def before_fork(self) -> None:
        """Wait until nobody is between opening a handle and telling of it."""
        self.guard.acquire()

    def after_fork(self, child: bool) -> None:
        """Go on; a child holds nothing."""
        if child:
            for lock in list(self.held):
                lock.abandon()
            self.held.clear()
            self.guard = threading.RLock()
        else:
            self.guard.release()


_handles = _Handles()
fork.register(_handles)
