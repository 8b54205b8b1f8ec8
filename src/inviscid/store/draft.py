"""A large object that is written before its name is known: hashed while it is written, each byte once.

The file has its final size from the start and is mapped, so that what is hashed is what the file holds: nobody else can
write to it, and the mapping can be believed without reading it again. Two threads are at work, one block apart: writing
and hashing take about as long as each other, and both leave the interpreter alone.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from blake3 import blake3

from inviscid import frames, known
from inviscid.digest import digest

FROM = 4 << 20
"""Bytes from which two threads are faster than one after the other."""
_BLOCK = 4 << 20
_UNKNOWN = bytes(32)


class Draft:
    """A framed object under `tmp/`."""

    __slots__ = ("_taken", "data", "frame", "path")

    def __init__(self, path: str, data: memoryview, frame: frames.Frame) -> None:
        self.path = path
        self.data = data
        """The whole object, mapped read-only; good for as long as anybody has it, whatever becomes of the file."""
        self.frame = frame
        """As it is mapped."""
        self._taken = False

    def take(self) -> bool:
        """Have the file for oneself; False where somebody had it before, or it is gone."""
        taken, self._taken = self._taken, True
        return not taken and os.path.exists(self.path)

    def discard(self) -> None:
        """Remove the file, unless it was taken."""
        if not self._taken:
            self._taken = True
            try:
                os.unlink(self.path)
            except OSError:
                # gc's to sweep.
                pass

    __del__ = discard


def write(folder: str, head: memoryview, buffers: Sequence[memoryview]) -> Draft:
    """Write a frame into a folder.

    Raises:
        OSError: it can't be written; nothing of it is left.
    """
    path = f"{folder}/{os.getpid()}-{os.urandom(8).hex()}"
    blank = frames.Frame(head, list(buffers), [_UNKNOWN] * (1 + len(buffers)))
    places = [(len(blank.top), head.nbytes), *((offset, length) for offset, length, _ in blank.places())]
    size = sum(places[-1])
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.fchmod(handle, 0o600)
            os.ftruncate(handle, size)
            mapping = mmap.mmap(handle, size, access=mmap.ACCESS_READ)
            digests = _write_and_hash(handle, memoryview(mapping), places, [head, *buffers])
            # Lengths are what they were, so everything is where it was.
            frame = frames.Frame(head, list(buffers), digests)
            os.pwrite(handle, frame.top, 0)
        finally:
            os.close(handle)
    except BaseException:
        os.unlink(path)
        raise
    known.remember(mapping, frame.places())
    data = memoryview(mapping)
    mapped = [data[offset : offset + length] for offset, length in places]
    return Draft(path, data, frames.Frame(mapped[0], mapped[1:], digests))


def _write_and_hash(
    handle: int, data: memoryview, places: Sequence[tuple[int, int]], parts: Sequence[memoryview]
) -> list[bytes]:
    hashers = [blake3() for _ in parts]
    written: SimpleQueue[tuple[int, int, int] | None] = SimpleQueue()
    failed: list[BaseException] = []

    def follow() -> None:
        try:
            while (block := written.get()) is not None:
                number, start, end = block
                hashers[number].update(data[start:end])
        except BaseException as error:  # noqa: BLE001  it is raised where the other thread sees it
            failed.append(error)

    try:
        thread = threading.Thread(target=follow, name="inviscid-hash", daemon=True)
        thread.start()
    except RuntimeError:
        # No thread can be had: one after the other.
        _write(handle, places, parts, lambda *_: None)
        return [digest(data[offset : offset + length]) for offset, length in places]
    try:
        _write(handle, places, parts, lambda *block: written.put(block))
    finally:
        written.put(None)
        thread.join()
    if failed:
        raise failed[0]
    return [hasher.digest() for hasher in hashers]


def _write(
    handle: int,
    places: Sequence[tuple[int, int]],
    parts: Sequence[memoryview],
    tell: Callable[[int, int, int], object],
) -> None:
    for number, ((offset, length), part) in enumerate(zip(places, parts, strict=True)):
        done = 0
        while done < length:
            count = os.pwrite(handle, part[done : done + _BLOCK], offset + done)
            tell(number, offset + done, offset + done + count)
            done += count
