"""Ways in which a store can't be used, each as a context in which it can't. See `refused.py`."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sqlite3
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from inviscid.store import database

_NOBODY = 65_534
_NEWNS = 0x00020000
_PATIENCE = 0.2


class Fault(NamedTuple):
    """One way in which a store can't be used."""

    name: str
    begun: Callable[[Path], AbstractContextManager[None]]
    hits: bool
    """Whether what is stored can be read all the same."""
    moves: bool = False
    """Whether it needs a file system of its own."""


def in_child(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the work gives in a fork of this process, which has all modules."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            warnings.simplefilter("ignore")
            answers = work()
        except BaseException:
            answers = {"broken": traceback.format_exc()}
        with os.fdopen(writing, "w") as file:
            json.dump(answers, file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"broken": "the child died"}


def mount(place: Path, *options: str) -> None:
    """Mount something there."""
    subprocess.run(["mount", *options, str(place)], check=True, capture_output=True)


def can_mount() -> bool:
    """Whether a child can have file systems of its own."""
    return "broken" not in in_child(lambda: alone() or {})


def alone() -> None:
    """Have mounts that nobody else sees, and that end with this process."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True, capture_output=True)


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """A lower limit of this process."""
    before = resource.getrlimit(what)
    resource.setrlimit(what, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


def _few_files(spare: int) -> AbstractContextManager[None]:
    # The lowest numbers that are free are given first.
    used = {int(name) for name in os.listdir("/proc/self/fd")}
    free = [number for number in range(max(used) + spare + 2) if number not in used]
    return limited(resource.RLIMIT_NOFILE, free[spare])


@contextmanager
def _full(path: Path, left: int) -> Iterator[None]:
    filler = path.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 12))
        except OSError:
            pass
        file.truncate(max(0, file.tell() - left))
    yield
    filler.unlink()


@contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    mount(path.parent, "-o", "remount,ro")
    yield
    mount(path.parent, "-o", "remount,rw")


@contextmanager
def _as_another(path: Path, *, owner: bool) -> Iterator[None]:
    """As a user who isn't root, with a store that is read-only, or that another owns."""
    for place in (path, *path.rglob("*")):
        if owner and os.geteuid() == 0:
            os.chown(place, _NOBODY, _NOBODY)
        place.chmod(0o500 if place.is_dir() else 0o400)
    root = os.geteuid() == 0
    if root:
        os.setresuid(_NOBODY, _NOBODY, 0)
    yield
    if root:
        os.setresuid(0, 0, 0)
    for place in (path, *path.rglob("*")):
        if root:
            os.chown(place, 0, 0)
        place.chmod(0o700 if place.is_dir() else 0o600)


_LOCK = """
import sqlite3, sys
index = sqlite3.connect(sys.argv[1], isolation_level=None)
index.execute(sys.argv[2])
index.execute(sys.argv[3])
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def _locked(path: Path, mode: str, transaction: str) -> Iterator[None]:
    command = [sys.executable, "-c", _LOCK, str(path / "index.sqlite3"), f"PRAGMA locking_mode = {mode}", transaction]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with patch.object(database, "PATIENCE", _PATIENCE):
            yield
        other.communicate()


@contextmanager
def _a_folder(path: Path) -> Iterator[None]:
    (path / "index.sqlite3").rename(path.parent / "kept")
    (path / "index.sqlite3").mkdir()
    yield
    (path / "index.sqlite3").rmdir()
    (path.parent / "kept").rename(path / "index.sqlite3")


@contextmanager
def _corrupt(path: Path, content: bytes) -> Iterator[None]:
    (path / "index.sqlite3").write_bytes(content)
    yield


def _foreign(path: Path) -> AbstractContextManager[None]:
    connection = sqlite3.connect(path.parent / "foreign")
    connection.executescript("CREATE TABLE entries (x); PRAGMA user_version = 5;")
    connection.close()
    return _corrupt(path, (path.parent / "foreign").read_bytes())


def faults() -> list[Fault]:
    """All of them that can be had here."""
    # The lowest limits leave no room for what SQLite needs to read.
    sizes = [0, 1, 4096, 1 << 15, 1 << 16, 1 << 17, 1 << 20]
    found = [
        Fault(f"RLIMIT_FSIZE {size}", lambda path, size=size: limited(resource.RLIMIT_FSIZE, size), hits=False)
        for size in sizes
    ]
    found += [
        Fault(f"EMFILE, {spare} left", lambda path, spare=spare: _few_files(spare), hits=False) for spare in range(8)
    ]
    found += [
        Fault("EACCES, read-only", lambda path: _as_another(path, owner=True), hits=True),
        Fault("index locked for writing", lambda path: _locked(path, "NORMAL", "BEGIN IMMEDIATE"), hits=True),
        Fault("index locked for all", lambda path: _locked(path, "EXCLUSIVE", "BEGIN EXCLUSIVE"), hits=False),
        Fault("index is a folder", _a_folder, hits=False),
        Fault("index is text", lambda path: _corrupt(path, b"no database\n" * 999), hits=False),
        Fault("index is another's", _foreign, hits=False),
        Fault("index is empty", lambda path: _corrupt(path, b""), hits=False),
    ]
    if os.geteuid() == 0:
        found.append(Fault("EACCES, another's store", lambda path: _as_another(path, owner=False), hits=False))
    return found


def mounted() -> list[Fault]:
    """Those that need file systems of their own."""
    found = [
        Fault(f"ENOSPC, {left} left", lambda path, left=left: _full(path, left), hits=False, moves=True)
        for left in (0, 4096, 1 << 15, 1 << 16, 1 << 17, 1 << 20)
    ]
    return [*found, Fault("EROFS", _unwritable, hits=True, moves=True)]
