"""Objects: immutable bytes in files that are named by their own digest.

    objects/ab/<name in hex>     exactly the bytes that have this name: a BLAKE3 digest, see `frames`

Order of writing (the whole of `publish` is in `store.py`):
- An object *must* be whole under its final name before a row refers to it: it is written under `tmp/`, then renamed.
- Where durability is asked for, the file *must* be on disk before its name is, and the name before the row.
- An object that is there already *should* not be written again; its time is set to now, so that gc lets it rest.

Nothing is believed on reading: size and digest are checked each time, before anybody sees a byte. A file can be
unlinked while it is mapped; it must never be cut or written again, so nobody here opens one for writing.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
from collections.abc import Sequence
from contextlib import AbstractContextManager

from blake3 import blake3

from inviscid import frames, known
from inviscid.digest import Buffer, digest, threads
from inviscid.store.draft import Draft
from inviscid.store.folders import Folder, opened
from inviscid.store.layout import Layout

# From here on, mapping a file costs less than copying it.
_MAP_FROM = 1 << 20
_THREADS_FROM = 4 << 20
# One write of more than 2 GiB is cut short by Linux.
_WRITE_AT_MOST = 1 << 30


class Damaged(Exception):
    """A file doesn't hold what its name says."""


def views_of(chunks: Sequence[Buffer]) -> list[memoryview]:
    """The chunks as flat views of bytes, the empty ones left out."""
    views = (memoryview(chunk) for chunk in chunks)
    return [view if view.format == "B" and view.ndim == 1 else view.cast("B") for view in views if view.nbytes]


def measure(views: Sequence[memoryview]) -> tuple[bytes, int]:
    """Name and size of the chunks one after the other."""
    size = sum(view.nbytes for view in views)
    if (name := frames.name_of(views, size)) is not None:
        return name, size
    if len(views) == 1:
        return digest(views[0]), size
    hasher = blake3(max_threads=threads()) if size >= _THREADS_FROM else blake3()
    for view in views:
        hasher.update(view)
    return hasher.digest(), size


class Objects:
    """The object files of one store."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def path(self, name: bytes) -> str:
        """Where the object with this digest is, or would be."""
        text = name.hex()
        return f"{self._layout.objects}/{text[:2]}/{text}"

    def load(self, name: bytes, size: int) -> memoryview:
        """The object's bytes, read-only and checked.

        Returns:
            A view that stays good when the file is unlinked.

        Raises:
            FileNotFoundError: there is no such object.
            Damaged: the file holds something else.
            OSError: it can't be read now, which says nothing about what it holds.
        """
        try:
            # Not even a pipe in its place is waited for.
            handle = os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise Damaged from error
            raise
        try:
            if os.fstat(handle).st_size != size:
                raise Damaged
            if size >= _MAP_FROM and not self._layout.shared:
                data = memoryview(mmap.mmap(handle, size, access=mmap.ACCESS_READ))
            else:
                data = memoryview(_read(handle, size))
        except IsADirectoryError as error:
            raise Damaged from error
        finally:
            os.close(handle)
        if data.nbytes != size:
            raise Damaged
        return self._checked(data, name)

    def _checked(self, data: memoryview, name: bytes) -> memoryview:
        if not frames.verify(data, name):
            raise Damaged
        if isinstance(data.obj, mmap.mmap) and (frame := frames.parse(data)) is not None:
            known.remember(data.obj, frame.places())
        return data

    def size(self, name: bytes) -> int:
        """How many bytes the object's file has.

        Raises:
            FileNotFoundError: there is no such object.
            Damaged: something that is no file has its name.
        """
        found = os.lstat(self.path(name))
        if not stat.S_ISREG(found.st_mode):
            raise Damaged
        return found.st_size

    def write(
        self, name: bytes, views: Sequence[memoryview], size: int, durable: bool, draft: Draft | None = None
    ) -> None:
        """Have the object under its name, whole; from a draft, where it has been written already.

        Raises:
            OSError: it can't be written; nothing of it is left.
        """
        path = self.path(name)
        if self._reuse(path, name, size, durable):
            return
        if draft is not None and draft.take():
            if durable:
                _sync(draft.path)
            self._publish(draft.path, path, durable)
        else:
            self._write(path, views, durable)

    def freshen(self, name: bytes) -> bool:
        """Set the object's time to now; False where it isn't there."""
        try:
            os.utime(self.path(name), follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def quarantine(self, name: bytes) -> None:
        """Move a damaged file out of everybody's way."""
        try:
            with self._folder(name) as folder, opened(self._layout.path, "quarantine") as quarantine:
                folder.give(name.hex(), quarantine, f"{name.hex()}-{os.urandom(4).hex()}")
        except FileNotFoundError:
            pass

    def unlink(self, name: bytes) -> bool:
        """Remove an object; False where it isn't there."""
        try:
            with self._folder(name) as folder:
                folder.unlink(name.hex())
        except FileNotFoundError:
            return False
        return True

    def sweep(self, path: str, changed: float) -> bool:
        """Remove a file of the store unless it has another time by now; says whether it did."""
        *names, name = os.path.relpath(path, self._layout.path).split(os.sep)
        try:
            with opened(self._layout.path, *names) as folder:
                if folder.stat(name).st_mtime != changed:
                    return False
                folder.unlink(name)
        except FileNotFoundError:
            return False
        return True

    def _folder(self, name: bytes) -> AbstractContextManager[Folder]:
        return opened(self._layout.path, "objects", name.hex()[:2])

    def _reuse(self, path: str, name: bytes, size: int, durable: bool) -> bool:
        try:
            self.load(name, size)
            os.utime(path, follow_symlinks=False)
        except (FileNotFoundError, Damaged):
            # What is damaged is replaced by the rename.
            return False
        if durable:
            # Whoever wrote it may not have waited for the disk.
            _sync(path)
            _sync(os.path.dirname(path))
            _sync(self._layout.objects)
        return True

    def _write(self, path: str, views: Sequence[memoryview], durable: bool) -> None:
        draft = f"{self._layout.tmp}/{os.getpid()}-{os.urandom(8).hex()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            try:
                self._layout.open_up(handle)
                for view in views:
                    done = 0
                    while done < view.nbytes:
                        done += os.write(handle, view[done : done + _WRITE_AT_MOST])
                if durable:
                    os.fsync(handle)
            finally:
                os.close(handle)
        except BaseException:
            _remove(draft)
            raise
        self._publish(draft, path, durable)

    def _publish(self, draft: str, path: str, durable: bool) -> None:
        """Give a file that is written its name."""
        try:
            folder = os.path.dirname(path)
            try:
                self._rename(draft, path)
            except FileNotFoundError:
                self._make_folder(folder)
                self._rename(draft, path)
            except IsADirectoryError:
                # Somebody put a directory there: no object is one.
                self.quarantine(bytes.fromhex(os.path.basename(path)))
                self._rename(draft, path)
            if durable:
                _sync(folder)
                # The folder may be new, whoever made it. Where nothing changed this costs next to nothing.
                _sync(self._layout.objects)
        except BaseException:
            _remove(draft)
            raise

    def _rename(self, draft: str, path: str) -> None:
        name = os.path.basename(path)
        with self._folder(bytes.fromhex(name)) as folder:
            folder.take(draft, name)

    def _make_folder(self, folder: str) -> None:
        # Under another name until others may use it: who dies in between leaves nothing that nobody could mend.
        draft = f"{self._layout.tmp}/{os.getpid()}-{os.urandom(8).hex()}" if self._layout.shared else folder
        try:
            os.mkdir(draft, 0o700)
            os.chmod(draft, self._layout.folder_mode)
            if draft != folder:
                os.rename(draft, folder)
        except FileExistsError:
            # Another writer was first.
            pass
        except OSError as error:
            if draft != folder:
                os.rmdir(draft)
            if error.errno != errno.ENOTEMPTY:
                raise


def _remove(draft: str) -> None:
    try:
        os.unlink(draft)
    except OSError:
        # Already renamed, or gc's to sweep.
        pass


def _read(handle: int, size: int) -> bytes:
    data = os.read(handle, size)
    if len(data) == size:
        return data
    parts = [data]
    while data := os.read(handle, size):
        parts.append(data)
    return b"".join(parts)


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
