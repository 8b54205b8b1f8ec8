"""Whether anything moved in this process on which the identity of calls rests, without looking at all of it.

A *move* is a change that the process can be told of: of the code or the defaults of any function, of an environment
variable, of the working directory, of the overlays of config and mode, of a *watched* file (`inviscid.lock`, config
files). Whoever keeps what follows from all of that keeps the object in `token` beside it: while it is the same, nothing
moved.

What this package changes itself it tells (`move`), after the change. What others change is heard by the interpreter's
audit events, which come *before* the change: so after such a move the process is *restless* for a while, in which
nobody may take the new token for the state that it stands for. What changes without a sound (a global, a member of a
class) has to be looked at by whoever depends on it.

What other processes write is heard of by nobody, and is looked at now and then: `due`. A process that has to do with
others, because it started some or was started as a worker, may be told by them that they have written something; so
there it is always looked at.
"""

from __future__ import annotations

import os
import sys
import time
from types import FunctionType
from typing import Any

from inviscid.hearing import hear

token: list[object] = [object()]
"""Holds one object; another one after each move."""

# Seconds. Only where hundreds of threads are running may one be stopped for longer between an event and its change.
_RESTLESS = 1.0
# Seconds between two looks at files. Nothing orders a call and what an unrelated process writes more finely than that.
_LOOK = 0.02
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STARTS = frozenset({"subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty"})
"""The events of processes that are started."""
_FILES = frozenset({"os.rename", "os.remove", "os.link", "os.symlink", "os.truncate"})
_AMBIENT = frozenset({"os.chdir", "os.putenv", "os.unsetenv"})
_CODE = frozenset({"__code__", "__defaults__", "__kwdefaults__"})

_watched: set[str] = set()
_heard = -_RESTLESS
_accompanied = False
_listens: bool | None = None


def move() -> None:
    """Tell that something moved."""
    token[0] = object()


def is_restless() -> bool:
    """Whether a change that was announced may not have been made yet."""
    return time.monotonic() - _heard < _RESTLESS


def due(now: float) -> float:
    """Until when what other processes may have written need not be looked at again, if it was at `now` (monotonic)."""
    global _accompanied
    if not _accompanied and _has_workers():
        # No event tells of those; but none has done anything before this looks again.
        _accompanied = True
        move()
    return now + _LOOK


def is_accompanied() -> bool:
    """Whether others may tell this process that they have written something, so that it has to look each time."""
    return _accompanied


def watch(path: str) -> None:
    """Have it heard when this process writes, renames or removes a file, under this name or the one it leads to."""
    _watched.update((os.path.basename(path), os.path.basename(os.path.realpath(path))))


def listen() -> bool:
    """Listen from now on; False where that can't be, because another hook forbids it."""
    global _listens, _accompanied, _heard
    if _listens is None:
        _accompanied = _accompanied or _is_worker()
        hear(["open"], _opened)
        hear(["object.__setattr__", "object.__delattr__"], _set)
        hear(_FILES, _moved_file)
        hear(_AMBIENT, _changed)
        hear(STARTS, _started)
        before = token[0]
        _probe.__defaults__ = None
        # That was no move.
        _listens, _heard = token[0] is not before, -_RESTLESS
    return _listens


def _is_worker() -> bool:
    """Whether this process was started by multiprocessing, or by joblib, which starts its own in the same way."""
    processes = sys.modules.get("multiprocessing.process")
    if processes is None:
        return False
    return processes.parent_process() is not None or processes.current_process().name != "MainProcess"


def _has_workers() -> bool:
    processes = sys.modules.get("multiprocessing.process")
    # Its own list: to ask for it officially is to wait for those that have ended.
    return bool(getattr(processes, "_children", ()))


def _probe() -> None:
    """Changed once, to see whether that is heard."""


def _opened(_: str, args: tuple[Any, ...]) -> None:
    flags = args[2]
    if type(flags) is int and flags & _WRITES and _is_watched(args[0]):
        _announce()


def _set(_: str, args: tuple[Any, ...]) -> None:
    if isinstance(args[0], FunctionType) and args[1] in _CODE:
        _announce()


def _moved_file(_: str, args: tuple[Any, ...]) -> None:
    if any(map(_is_watched, args)):
        _announce()


def _changed(_: str, __: tuple[Any, ...]) -> None:
    _announce()


def _started(_: str, __: tuple[Any, ...]) -> None:
    global _accompanied
    _accompanied = True
    move()


def _announce() -> None:
    global _heard
    _heard = time.monotonic()
    move()


def _is_watched(path: object) -> bool:
    return isinstance(path, str | bytes | os.PathLike) and os.path.basename(os.fsdecode(path)) in _watched
