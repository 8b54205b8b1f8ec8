"""The generation: eight bytes that change whenever anybody removes anything from the store.

Who keeps values in memory compares it before each use: what was seen under another generation must be looked up again.
It is a random number, not a sum: two processes that move it at once can't bring it back to a value that was seen.
The file is mapped, so that a look costs no system call.

In a shared store the file is read each time: others could cut one that is mapped, and that kills whoever has it mapped.

Whoever removes moves it twice: *before* the commit, so that a remover that is killed in between leaves no reader behind
with an old value for ever, and *after* it, because a reader may have looked in between.
"""

from __future__ import annotations

import mmap
import os
import sys
import time

from inviscid.store.layout import Layout

SIZE = 8
# Not even a pipe in its place is waited for.
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# Seconds after which the file itself is looked at again: the whole store may have been deleted.
_LOOK = 1.0


class Generation:
    """The counter of one store."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._path = layout.generation
        self._view: memoryview | None = None
        self._writable = False
        self._inode = 0
        self._looked = 0.0

    def get(self) -> int:
        """The current generation; 0 where there is no store yet. Costs less than a microsecond where it is mapped."""
        if self._layout.shared:
            return self._read()
        view = self.view()
        return 0 if view is None else view[0]

    def view(self) -> memoryview | None:
        """The mapped number; None where there is no store yet, or nothing may be mapped."""
        if self._layout.shared:
            return None
        view = self._view
        if view is None or time.monotonic() - self._looked > _LOOK:
            try:
                view = self._look()
            except OSError:
                # Then nothing is held in memory, and who looks into the store meets what is wrong there.
                view = self._view = None
        return view

    def move(self) -> None:
        """Make everybody look again.

        Raises:
            OSError: the file can't be opened for writing.
        """
        if self._layout.shared:
            self._write()
            return
        view = self._look()
        if view is None or not self._writable:
            view = self._map(writable=True)
        if view is not None:
            view[0] = int.from_bytes(os.urandom(SIZE), "little")

    def reset(self) -> None:
        """Let go of the file: the store was deleted or moved away."""
        # Only dropped, not closed: another thread may be reading it.
        self._view = None

    def _read(self) -> int:
        try:
            handle = os.open(self._path, _FLAGS | os.O_RDONLY)
        except OSError:
            return 0
        try:
            return int.from_bytes(os.read(handle, SIZE), sys.byteorder)
        except OSError:
            return 0
        finally:
            os.close(handle)

    def _write(self) -> None:
        handle = os.open(self._path, _FLAGS | os.O_RDWR | os.O_CREAT, self._layout.file_mode)
        try:
            self._layout.open_up(handle)
            os.write(handle, os.urandom(SIZE))
        finally:
            os.close(handle)

    def _look(self) -> memoryview | None:
        """The view of the file that is there now."""
        self._looked = time.monotonic()
        try:
            if self._view is not None and os.stat(self._path).st_ino == self._inode:
                return self._view
        except OSError:
            self._view = None
        return self._map(writable=False)

    def _map(self, writable: bool) -> memoryview | None:
        """Map the file; None where it isn't there or can't be used, and must not be made."""
        flags = os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY
        try:
            handle = os.open(self._path, flags | _FLAGS, 0o600)
        except OSError:
            if writable:
                raise
            return None
        try:
            found = os.fstat(handle)
            if found.st_size < SIZE:
                if not writable:
                    return None
                # Only ever grown: to cut a file that somebody has mapped would kill them.
                os.truncate(handle, SIZE)
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            # The native format is read in one piece, so a reader never sees half a move.
            view = memoryview(mmap.mmap(handle, SIZE, access=access)).cast("Q")
        finally:
            os.close(handle)
        self._view, self._writable, self._inode = view, writable, found.st_ino
        return view
