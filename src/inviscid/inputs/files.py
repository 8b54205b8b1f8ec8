"""Paths that stand for what is there: `File` for the bytes of a file, `Dir` for names and contents of a tree.

    file digest = digest of the bytes
    dir digest  = digest of [[name, content]*], sorted by name
    name        = bin: the path below the directory, as the file system spells it, with "/" between its parts
    content     = bin (file digest) | [bin] (the target of a link to anything but a file) | nil (a directory)

Neither modes nor times nor the place of the file enter. Of its name the suffix does, though not into the digest of the
file but into the stream of a `File` that holds it: readers choose a format by it, as pandas does for ``.gz``.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from operator import itemgetter
from typing import TYPE_CHECKING

from blake3 import blake3

from ..digest import digest, pack, threads
from ..errors import UnhashableInput
from ..trees import RACY
from . import tags
from .parts import Context, Node, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 20
# Below this the start of the threads costs more than they save.
_THREADS_FROM = 4 << 20


class _Path:
    __slots__ = ("_path",)

    # It stands for what may change behind it: no codec keeps one as part of a result.
    __inviscid_content__ = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)

    def __fspath__(self) -> str:
        return self._path

    def __str__(self) -> str:
        return self._path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._path == self._path

    def __hash__(self) -> int:
        return hash((type(self), self._path))


class File(_Path):
    """A file as an input: works as a path wherever one is taken, and is hashed by its content.

    Args:
        path: Where the file is. It need not exist before the digest is asked for.
    """

    __slots__ = ()

    def digest(self) -> bytes:
        """The digest (32 bytes) of the bytes in the file.

        Raises:
            FileNotFoundError: It is not there (or another `OSError`: it can't be read).
            UnhashableInput: It was written to while it was read.
        """
        return file_digest(self._path)


class Dir(_Path):
    """A directory as an input: works as a path wherever one is taken, and is hashed by the names and contents below it.

    Symbolic links to files count as the files; other links count as the names that they hold, and aren't followed.

    Args:
        path: Where the directory is. It need not exist before the digest is asked for.
    """

    __slots__ = ()

    def digest(self) -> bytes:
        """The digest (32 bytes) of all relative names with their contents.

        Raises:
            FileNotFoundError: It is not there (or another `OSError`: it can't be read).
            UnhashableInput: It holds something else than files and directories, or changed while it was read.
        """
        return dir_digest(self._path)


def file_digest(path: str) -> bytes:
    """The digest of the bytes in a file: the same as `inviscid.digest.digest` of them."""
    # To open a pipe waits for a writer, and a device may never end.
    if not stat.S_ISREG((status := os.stat(path)).st_mode) and not stat.S_ISDIR(status.st_mode):
        raise UnhashableInput(f"{path} is not a regular file.", path)
    # Read in pieces, not mapped: a file that is cut off while it is mapped kills the process.
    with open(path, "rb", buffering=0) as stream:
        before = os.fstat(stream.fileno())
        hasher = blake3(max_threads=threads() if before.st_size >= _THREADS_FROM else 1)
        piece = bytearray(min(max(before.st_size, 1) + 1, _CHUNK if before.st_size < _THREADS_FROM else 8 * _CHUNK))
        view = memoryview(piece)
        while size := stream.readinto(piece):
            hasher.update(view[:size])
        after = os.fstat(stream.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UnhashableInput(f"{path} was written to while its digest was taken. Call again when it is done.", path)
    return hasher.digest()


def dir_digest(path: str) -> bytes:
    """The digest of the names and contents below a directory."""
    return _dir_digest(path, file_digest)


def _dir_digest(path: str, digest_of: Callable[[str], bytes]) -> bytes:
    return digest(pack([list(entry) for entry in sorted(_entries(path, digest_of), key=itemgetter(0))]))


# What is known of files by their stat: path → (stamp, digest). A stamp vouches for a digest only if the file was
# clearly older than the moment of reading: see `RACY`.
_MOST = 1 << 14
_known: dict[str, tuple[tuple[int, ...], bytes]] = {}


def known_dir_digest(path: str) -> bytes:
    """As `dir_digest`, without reading files again whose stat is what it was."""
    return _dir_digest(path, known_file_digest)


def known_file_digest(path: str) -> bytes:
    """As `file_digest`, without reading a file again whose stat is what it was."""
    name = os.path.abspath(path)
    stamp = _stamp(name)
    found = _known.get(name)
    if found is not None and found[0] == stamp:
        return found[1]
    now = time.time_ns()
    read = file_digest(path)
    if max(stamp[1:3]) + RACY < now and _stamp(name) == stamp:
        if len(_known) >= _MOST:
            _known.clear()
        _known[name] = stamp, read
    return read


def _stamp(path: str) -> tuple[int, ...]:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


def _entries(top: str, digest_of: Callable[[str], bytes]) -> Iterator[tuple[bytes, bytes | list[bytes] | None]]:
    waiting = [(top, b"")]
    while waiting:
        folder, prefix = waiting.pop()
        with os.scandir(folder) as found:
            for entry in found:
                name = prefix + os.fsencode(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    yield name, None
                    waiting.append((entry.path, name + b"/"))
                elif entry.is_symlink() and not os.path.isfile(entry.path):
                    yield name, [os.fsencode(os.readlink(entry.path))]
                elif stat.S_ISREG(entry.stat().st_mode):
                    yield name, digest_of(entry.path)
                else:
                    raise UnhashableInput(f"{entry.path} is neither a file nor a directory.", entry.path)


def _content(tag: int) -> Rule:
    def expand(context: Context, value: File | Dir) -> Node:
        path = os.fspath(value)
        try:
            if tag == tags.FILE:
                content, named = known_file_digest(path), [os.path.splitext(path)[1]]
            else:
                content, named = known_dir_digest(path), []
            context.files.append(("file" if tag == tags.FILE else "tree", path, content))
            return Node(tag, [content, *named])
        except OSError as error:
            # The same error, so that callers catch what they always did; the path to the argument is in its message.
            message = f"{context.where()}: {error.strerror or error}"
            raise type(error)(error.errno or errno.EIO, message, os.fspath(value)) from error

    return Rule(expand)


FAMILIES: dict[type | str, Rule] = {File: _content(tags.FILE), Dir: _content(tags.DIR)}
