"""What is at a path: a file, or a directory with all that is below it, compared and removed as one.

An *item* is one file, link or directory of it. Links inside a directory are items of their own and aren't followed.

    digest of a tree = digest of [[name, kind, content]*], sorted by name        without modes and times
    name             = bin: the path below the top, "/" between its parts; empty for the top itself
    content          = bin (digest of the bytes of a file) | bin (target of a link) | nil (a directory)
    stamp of a tree  = digest of [[name, size, modified ns, changed ns, inode, device]*], sorted by name

An equal stamp vouches for an equal digest only where the whole tree is clearly older than the digest: see `RACY`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import NamedTuple

from blake3 import blake3

from inviscid.digest import digest, pack, threads

Stamp = tuple[int, int, int, int, int]

# In ns. Within a step of the clock a file can change and keep its times. Through a mapping it can for longer: Linux
# sets them when a page is first written to, and not again before the page is written back, which takes up to 35 s.
RACY = 40_000_000_000
_PIECE = 8 << 20
_THREADS_FROM = 4 << 20
_TRIES = 4


class Odd(Exception):
    """Something that is neither a file nor a link nor a directory; the message is its path."""


class Item(NamedTuple):
    """One file, link or directory of a tree."""

    name: bytes
    kind: str
    """``file``, ``link`` or ``dir``."""
    mode: int
    size: int
    stamp: Stamp
    target: bytes = b""

    def path(self, top: str) -> str:
        """Where it is, in the tree at `top`."""
        return os.path.join(top, os.fsdecode(self.name)) if self.name else top


def items(top: str) -> list[Item]:
    """What is at a path, sorted by name; empty where nothing is.

    Raises:
        Odd: a part of it can't be kept.
        OSError: it can't be read.
    """
    for _ in range(_TRIES):
        try:
            return _items(top)
        except FileNotFoundError:
            # Another process is just putting something else there.
            continue
    return _items(top)


def _items(top: str) -> list[Item]:
    try:
        first = _item(b"", top, os.lstat(top))
    except (FileNotFoundError, NotADirectoryError):
        return []
    found, waiting = [first], [first] if first.kind == "dir" else []
    while waiting:
        folder = waiting.pop()
        prefix = folder.name + b"/" if folder.name else b""
        with os.scandir(folder.path(top)) as entries:
            for entry in entries:
                item = _item(prefix + os.fsencode(entry.name), entry.path, entry.stat(follow_symlinks=False))
                found.append(item)
                if item.kind == "dir":
                    waiting.append(item)
    return sorted(found)


def _item(name: bytes, path: str, status: os.stat_result) -> Item:
    stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
    mode = stat.S_IMODE(status.st_mode) & 0o777
    if stat.S_ISREG(status.st_mode):
        return Item(name, "file", mode, status.st_size, stamp)
    if stat.S_ISDIR(status.st_mode):
        return Item(name, "dir", mode, 0, stamp)
    if stat.S_ISLNK(status.st_mode):
        return Item(name, "link", mode, 0, stamp, os.fsencode(os.readlink(path)))
    raise Odd(path)


def digest_at(top: str, found: Sequence[Item]) -> bytes:
    """The digest of what is at a path, read now.

    Raises:
        OSError: a file can't be read, or is gone.
    """
    return digest_of(found, [_of_file(item.path(top)) for item in found if item.kind == "file"])


def digest_of(found: Sequence[Item], files: Sequence[bytes]) -> bytes:
    """The digest of a tree, from the digests of its files in their order."""
    rest = iter(files)
    contents = (next(rest) if item.kind == "file" else item.target or None for item in found)
    return digest(pack([[item.name, item.kind, content] for item, content in zip(found, contents, strict=True)]))


def stamp_of(found: Sequence[Item]) -> bytes:
    """Equal for trees that look the same without being read."""
    return digest(pack([[item.name, *item.stamp] for item in found]))


def is_settled(found: Sequence[Item], when: int) -> bool:
    """Whether all of a tree is clearly older than a time in ns."""
    return all(max(item.stamp[1], item.stamp[2]) + RACY < when for item in found)


def remove(top: str, found: Sequence[Item]) -> None:
    """Remove the items of a tree and nothing else: where something came into it, its directory stays.

    Raises:
        OSError: some of it can't be removed.
    """
    for item in found:
        if item.kind == "dir" and item.mode & 0o700 != 0o700:
            os.chmod(item.path(top), 0o700)
    for item in reversed(found):
        path = item.path(top)
        try:
            if item.kind == "dir":
                os.rmdir(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            # Somebody else removes it too.
            pass


def _of_file(path: str) -> bytes:
    # In pieces, not mapped: a file that is cut off while it is mapped kills the process.
    with open(path, "rb", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        hasher = blake3(max_threads=threads() if size >= _THREADS_FROM else 1)
        piece = memoryview(bytearray(min(size + 1, _PIECE)))
        while count := stream.readinto(piece):
            hasher.update(piece[:count])
    return hasher.digest()
