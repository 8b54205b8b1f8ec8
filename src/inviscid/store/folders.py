"""Folders of a store, held by a handle: whoever swaps one for a symbolic link meanwhile sends nobody elsewhere.

In a store that only its owner can write to nobody could. In a shared one a link in the place of a folder would have us
delete or rename files of our own that have nothing to do with the store.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

# Elsewhere there are no shared stores.
HAS_HANDLES = {os.open, os.stat, os.unlink, os.rename} <= os.supports_dir_fd and os.scandir in os.supports_fd
_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Folder:
    """One folder, while it is open."""

    def __init__(self, path: str, handle: int | None) -> None:
        self.path = path
        self._handle = handle

    def scan(self) -> Iterator[os.DirEntry[str]]:
        """What is in it; to be used while it is open. Only the names are those of the store: there is no path."""
        with os.scandir(self.path if self._handle is None else self._handle) as found:
            yield from found

    def stat(self, name: str) -> os.stat_result:
        """What is known of a file, or of a link itself."""
        return os.stat(self._at(name), dir_fd=self._handle, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self._at(name), dir_fd=self._handle)

    def take(self, path: str, name: str) -> None:
        """Move a file to here."""
        os.rename(path, self._at(name), dst_dir_fd=self._handle)

    def give(self, name: str, other: Folder, new: str) -> None:
        """Move a file to another folder, under a new name; its age there counts from now."""
        os.rename(self._at(name), other._at(new), src_dir_fd=self._handle, dst_dir_fd=other._handle)
        os.utime(other._at(new), dir_fd=other._handle, follow_symlinks=False)

    def _at(self, name: str) -> str:
        return name if self._handle is not None else f"{self.path}/{name}"


@contextmanager
def opened(top: str, *names: str) -> Iterator[Folder]:
    """A folder below another one; the way from there on has no links.

    Raises:
        FileNotFoundError: it isn't there, or there is something else.
        OSError: it can't be opened.
    """
    path = "/".join((top, *names))
    if not HAS_HANDLES:
        yield Folder(path, None)
        return
    # The store itself may be reached through links.
    handle = os.open(top, _FLAGS & ~os.O_NOFOLLOW)
    try:
        for name in names:
            try:
                below = os.open(name, _FLAGS, dir_fd=handle)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise FileNotFoundError(errno.ENOENT, f"{path} is not a folder") from error
                raise
            os.close(handle)
            handle = below
        yield Folder(path, handle)
    finally:
        os.close(handle)
