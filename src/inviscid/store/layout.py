"""Where a store keeps what, and how it comes to be.

A *store* is one directory that nobody but inviscid writes to:

    store       = CACHEDIR.TAG .gitignore version generation claims.lock index.sqlite3 objects/ tmp/ quarantine/
    version     = decimal LF          the STORE_VERSION that wrote it
    generation  = 8 bytes             see `generation.py`
    claims.lock = empty               byte ranges of it are locked, see `locks.py`; elsewhere there is claims/
    index       = an SQLite database  see `schema.py`; index.sqlite3-wal and -shm belong to it
    objects/    = (ab/ digest)*       `digest` in hex, `ab` its first two digits; see `objects.py`
    tmp/        = (pid "-" random)*   files that are being written: nobody reads them
    quarantine/ = anything            what didn't pass its check, kept for a look, swept by gc

Invariants:
- `version` is written last. A directory without it is not a store yet, whoever is just making it.
- Directories are 0700 and files 0600, whatever the umask; the owner is who runs us. No name comes from a user.
- In a *shared* store they are 2770 and 0660, and others own some. Nobody trusts there what isn't sealed, and nothing is
  mapped: a file that others may cut kills who has it mapped, and one that they may write to is not what was checked.
- Making a store is idempotent and happens under a file lock: any number of processes may do it at once.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from inviscid.errors import StoreError, StoreOwnershipError, StoreVersionError

STORE_VERSION = 1

_FOLDERS = ("objects", "tmp", "quarantine")
_KNOWN = frozenset((*_FOLDERS, ".gitignore", "version", "generation", "claims", "claims.lock"))
# The signature is the one that https://bford.info/cachedir/ prescribes: backup tools look for it.
_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n# Made by inviscid. It can be deleted at any time.\n"
# What is there before anything else is.
_FIRST = ("create.lock", "CACHEDIR.TAG")
_ELSEWHERE = "point INVISCID_STORE (or store=) to another directory"
_CURES = {
    errno.ENOSPC: "free some space, or run `inviscid gc`",
    errno.EDQUOT: "free some space, or run `inviscid gc`",
    errno.EFBIG: "raise the limit of the file size (`ulimit -f`)",
    errno.EACCES: f"make it accessible, or {_ELSEWHERE}",
    errno.EPERM: f"make it accessible, or {_ELSEWHERE}",
    errno.EROFS: f"make it writable, or {_ELSEWHERE}",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
    errno.ENFILE: "raise the system's limit of open files",
}


def failure(doing: str, error: OSError) -> StoreError:
    """The StoreError that says what was being done, what the system answered, and what helps."""
    if isinstance(error, StoreError):
        return error
    cure = _CURES.get(error.errno or 0)
    return StoreError(f"{doing}: {error.strerror or error}" + (f"; {cure}" if cure else ""))


class VersionDamaged(StoreError):
    """Nobody knows which version wrote the store."""


class Layout:
    """The paths of one store, and its making. Opens nothing before `ready` is called.

    Args:
        path: the directory.
        shared: whether other users may own and write it.
    """

    def __init__(self, path: str, *, shared: bool = False) -> None:
        self.path = path
        self.shared = shared
        self.folder_mode = 0o2770 if shared else 0o700
        self.file_mode = 0o660 if shared else 0o600
        self.index = f"{path}/index.sqlite3"
        self.objects = f"{path}/objects"
        self.tmp = os.path.join(path, "tmp")
        self.quarantine = f"{path}/quarantine"
        self.claims = f"{path}/claims"
        self.claims_lock = f"{path}/claims.lock"
        self.generation = f"{path}/generation"
        self.writable = False
        self._ready = False

    def ready(self, create: bool) -> bool:
        """Whether there is a usable store; sets `writable`.

        Args:
            create: make the store where there is none.

        Raises:
            StoreError: the path is a file, can't be read, or can't be made.
            StoreVersionError: a newer version of inviscid wrote it.
            StoreOwnershipError: it belongs to another user, or others can write to it.
        """
        if self._ready:
            return True
        try:
            if self._version() is None:
                if not create:
                    self._admit()
                    return False
                self._make()
            self._admit()
            if self.shared:
                self._share()
            self.writable = os.access(self.path, os.W_OK | os.X_OK)
            if self.writable and not all(map(os.path.isdir, (self.objects, self.tmp, self.quarantine))):
                self._make()
        except OSError as error:
            raise failure(f"the store {self.path} can't be opened", error) from error
        self._ready = True
        return True

    def reset(self) -> None:
        """Forget that the store was seen: it was deleted or moved away while it was open."""
        self._ready = False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Exclude everybody else who makes or repairs this store."""
        # Imported here: it costs more than a hit, and only makers and repairers need it.
        from filelock import FileLock, Timeout

        place = f"{self.path}/create.lock"
        try:
            # A soft lock outlives a killed holder: better none at all than one that needs an operator.
            lock = FileLock(place, timeout=60, mode=self.file_mode, fallback_to_soft=False)
        except TypeError:
            # Older versions of filelock have no such argument, and never fall back.
            lock = FileLock(place, timeout=60, mode=self.file_mode)
        try:
            lock.acquire()
        except (Timeout, NotImplementedError) as error:
            raise StoreError(f"the store {self.path} can't be locked: {error}; {_ELSEWHERE}") from error
        try:
            yield
        finally:
            lock.release()

    def _version(self) -> int | None:
        """What `version` says, None where there is no store."""
        try:
            # Not even a pipe in its place is waited for.
            handle = os.open(f"{self.path}/version", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with open(handle, "rb") as file:
                text = file.read(64) or b""
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise StoreError(f"the store {self.path} is not a directory; {_ELSEWHERE}") from error
        if not text.strip().isdigit():
            raise VersionDamaged(
                f"{self.path}/version is damaged: {text!r}; `inviscid verify --repair` writes it anew, and so does the "
                "store if it is deleted"
            )
        version = int(text)
        if version > STORE_VERSION:
            raise StoreVersionError(
                f"the store {self.path} has version {version}, this inviscid reads up to {STORE_VERSION}: "
                f"upgrade inviscid, or {_ELSEWHERE}"
            )
        return version

    def _admit(self) -> None:
        """Refuse a directory that isn't ours alone."""
        try:
            # A link is followed: users link their caches to larger disks. Inside the store none is.
            found = os.stat(self.path)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(found.st_mode):
            raise StoreError(f"the store {self.path} is not a directory; {_ELSEWHERE}")
        if hasattr(os, "geteuid") and not self.shared:
            for owner in {found.st_uid, os.lstat(self.path).st_uid}:
                if owner != os.geteuid():
                    raise StoreOwnershipError(
                        f"the store {self.path} belongs to user {owner}, not to you (user {os.geteuid()}): "
                        f"what it holds can't be trusted; {_ELSEWHERE}, or see multi_user="
                    )
            if found.st_mode & 0o022 and os.path.lexists(f"{self.path}/version"):
                raise StoreOwnershipError(
                    f"others can write to the store {self.path}: what it holds can't be trusted; "
                    f"`chmod -R go-w` it if nobody did, or {_ELSEWHERE}, or see multi_user="
                )
        for name in _FOLDERS:
            if os.path.islink(f"{self.path}/{name}"):
                raise StoreOwnershipError(f"{self.path}/{name} is a symbolic link; {_ELSEWHERE}")

    def _make(self) -> None:
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        self._admit()
        self._check_content()
        self._set_mode(self.path)
        # Once more: until then others may have been able to put something there.
        self._check_content()
        with self.lock():
            # First of all: what has it, and was left half made, may be finished.
            self._write("CACHEDIR.TAG", _TAG, self.path)
            _sync(self.path)
            for name in _FOLDERS:
                os.makedirs(f"{self.path}/{name}", mode=0o700, exist_ok=True)
                self._set_mode(f"{self.path}/{name}")
            self._write(".gitignore", b"*\n")
            self._write("claims.lock", b"")
            # Unlike any that a deleted store had at this place.
            self._write("generation", os.urandom(8))
            self._write("version", b"%d\n" % STORE_VERSION)

    def _check_content(self) -> None:
        """Refuse a directory that has anything in it but what a store was begun with."""
        names = sorted(os.listdir(self.path))
        # Asked last: another maker makes the tag before anything else.
        begun = self._is_tagged()
        for name in names:
            if not (_ours(name) if begun else name.startswith(_FIRST)):
                raise StoreError(
                    f"{self.path} is not a store and holds {name!r}; choose an empty or a new directory for the store"
                )
            try:
                owner = os.lstat(f"{self.path}/{name}").st_uid
            except FileNotFoundError:
                # Another maker's draft.
                continue
            if not self.shared and hasattr(os, "geteuid") and owner != os.geteuid():
                raise StoreOwnershipError(
                    f"{self.path}/{name} belongs to user {owner}, who could have put anything there; remove it, or "
                    f"{_ELSEWHERE}"
                )

    def _is_tagged(self) -> bool:
        try:
            handle = os.open(f"{self.path}/CACHEDIR.TAG", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            return False
        with open(handle, "rb") as file:
            return file.read(len(_TAG)) == _TAG

    def _set_mode(self, path: str) -> None:
        # In a shared store another user may have made it, and has seen to this.
        if not self.shared or os.stat(path).st_uid == os.geteuid():
            os.chmod(path, self.folder_mode)

    def open_up(self, handle: int) -> None:
        """Give a file of the store its mode, whatever the umask is."""
        if not self.shared:
            os.fchmod(handle, self.file_mode)
            return
        try:
            os.fchmod(handle, self.file_mode)
        except PermissionError:
            # Another user's, who has seen to this.
            pass

    def _share(self) -> None:
        """Open what was a store of one's own to the group, once."""
        found = os.stat(self.path)
        if found.st_mode & 0o2070 == 0o2070:
            return
        if found.st_uid != os.geteuid():
            raise StoreOwnershipError(
                f"the store {self.path} is not open to a group: have its owner (user {found.st_uid}) open it once with "
                "multi_user=True, or `chgrp -R GROUP` and `chmod 2770` it"
            )
        for folder, _, names in os.walk(self.path):
            for name in names:
                path = f"{folder}/{name}"
                if not os.path.islink(path) and os.stat(path).st_uid == os.geteuid():
                    os.chmod(path, self.file_mode)
            if folder != self.path:
                self._set_mode(folder)
        # Last: it says that all of it is done.
        self._set_mode(self.path)

    def mend(self) -> bool:
        """Write `version` anew where it is damaged; False where nothing says that this is a store."""
        if not self._is_tagged():
            return False
        self._admit()
        with self.lock():
            os.rename(f"{self.path}/version", f"{self.quarantine}/version-{os.urandom(4).hex()}")
            self._write("version", b"%d\n" % STORE_VERSION)
        return True

    def _write(self, name: str, content: bytes, drafts: str = "") -> None:
        """Write a small file whole or not at all; one that is there is left as it is."""
        place = f"{self.path}/{name}"
        if os.path.exists(place):
            return
        draft = f"{drafts}/{name}." if drafts else f"{self.tmp}/"
        draft += f"{os.getpid()}-{os.urandom(8).hex()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self.open_up(handle)
            os.write(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.rename(draft, place)


def _ours(name: str) -> bool:
    return name in _KNOWN or name.startswith((*_FIRST, "index.sqlite3"))


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def on_network(path: str) -> str | None:
    """The file system's type where the path is on a network, else None: SQLite's WAL needs shared memory.

    Only Linux says; elsewhere the answer is None.
    """
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            mounts = [line.split() for line in file]
    except OSError:
        return None
    real = os.path.realpath(path)
    best, kind = "", ""
    for fields in mounts:
        # Octal escapes stand for blanks; a mount point with one is not worth more than a wrong guess here.
        point = fields[4]
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, fields[fields.index("-") + 1]
    return kind if kind.startswith(_NETWORKS) else None


_NETWORKS = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "fuse.sshfs", "ncpfs")
