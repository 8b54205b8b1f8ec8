"""Where the settings of a process come from: which store, which mode, which config file.

Precedence: what the decorator says, then `mode(...)` and `configure(...)`, then the environment, then `[tool.inviscid]`
of the nearest pyproject.toml upwards from the working directory, then the default. Overlays hold for the whole process,
its threads included, unless they are asked to be local to a context.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple, Self

from inviscid import moved
from inviscid.errors import InviscidError, ModeError, StoreError

MODES = ("on", "off", "fresh", "refresh", "replay", "readonly")


class Mode(NamedTuple):
    """A mode in force."""

    name: str
    salt: str = ""
    """For ``fresh``: the random text that keeps its keys apart from all older ones."""
    frozen: bool = False
    """For ``fresh``: whether frozen results stand, which are older."""


_ON = Mode("on")
_lock = threading.Lock()
_process_modes: list[Mode] = []
_local_modes: ContextVar[tuple[Mode, ...]] = ContextVar("inviscid_modes", default=())
local_modes = _local_modes.get
"""The modes that are local to this context: another object whenever they change."""
# A mode that comes from the environment or from pyproject.toml is one for the whole process: one salt.
_ambient_modes: dict[str, Mode] = {}


def _after_fork() -> None:
    global _lock
    # Another thread of the parent may hold it, and is not there to let go of it.
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class mode:  # noqa: N801  used like a function: `with mode("fresh"):`
    """Set the mode of all cached functions, from here on or, as a context manager, inside a block.

    Args:
        name: ``on``; ``off`` (compute, store nothing); ``refresh`` (recompute and store); ``fresh`` (a run that can't
            read anything older than itself); ``replay`` (`ReplayMiss` instead of a computation); ``readonly`` (never
            store).
        local: hold only in this thread or task, instead of in the whole process.
        frozen: in mode ``fresh``, let frozen results stand; otherwise they are a `FrozenMiss` there.

    Raises:
        ModeError: there is no such mode.
    """

    def __init__(self, name: str | Mode, *, local: bool = False, frozen: bool = False) -> None:
        self._mode = name if isinstance(name, Mode) else _made(name, "mode()")
        if frozen and self._mode.name != "fresh":
            raise ModeError(f"frozen= is for mode 'fresh': in mode {self._mode.name!r} frozen results stand anyway")
        if frozen:
            self._mode = self._mode._replace(frozen=True)
        self._local = local
        if local:
            _local_modes.set((*_local_modes.get(), self._mode))
        else:
            with _lock:
                _process_modes.append(self._mode)
            moved.move()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._local:
            _local_modes.set(tuple(item for item in _local_modes.get() if item is not self._mode))
        else:
            with _lock:
                _process_modes[:] = [item for item in _process_modes if item is not self._mode]
            moved.move()


def current_mode() -> Mode:
    """The mode that is in force here and now."""
    if local := _local_modes.get():
        return local[-1]
    if _process_modes:
        return _process_modes[-1]
    name = os.environ.get("INVISCID_MODE") or ""
    origin = "INVISCID_MODE"
    if not name:
        name, origin = str(project().get("mode", "on")), "[tool.inviscid] of pyproject.toml"
    if name == "on":
        return _ON
    if name not in _ambient_modes:
        _ambient_modes[name] = _made(name, origin)
    return _ambient_modes[name]


def _made(name: Any, origin: str) -> Mode:
    if name not in MODES:
        hint = near(name, MODES) if isinstance(name, str) else ""
        raise ModeError(f"{origin}: there is no mode {name!r} (there are: {', '.join(MODES)}){hint}")
    # A new object each time: leaving a block takes away its own mode, not an equal one.
    return Mode(name, os.urandom(16).hex() if name == "fresh" else "")


def store_path() -> str:
    """Where the store is, unless a decorator says otherwise.

    Raises:
        StoreError: it is a URL, which this version can't open.
    """
    given = os.environ.get("INVISCID_STORE") or str(project().get("store", ""))
    if not given:
        import platformdirs

        return platformdirs.user_cache_dir("inviscid")
    if "://" in given:
        raise StoreError(f"the store '{given}' is a URL; give the path of a folder")
    return os.path.expanduser(given)


def store_options() -> dict[str, Any]:
    """How the store that the settings name is opened: the options of `Store` about who is trusted.

    Raises:
        StoreError: one of them is neither true nor false.
    """
    key = os.environ.get("INVISCID_SIGNING_KEY_FILE") or project().get("signing_key_file")
    options: dict[str, Any] = {name: True for name in ("multi_user", "safe") if _is_set(name)}
    return options | ({"signing_key": os.path.abspath(os.path.expanduser(key))} if key else {})


def _is_set(name: str) -> bool:
    variable = f"INVISCID_{name.upper()}"
    given = os.environ.get(variable)
    if not given:
        return bool(project().get(name, False))
    if given not in ("0", "1"):
        raise StoreError(f"{variable} is 1 or 0, not {given!r}")
    return given == "1"


_project: tuple[str, dict[str, Any]] | None = None


def project() -> dict[str, Any]:
    """`[tool.inviscid]` of the nearest pyproject.toml, if there is one; paths in it are relative to its folder."""
    global _project
    try:
        folder = os.getcwd()
    except OSError:
        # It was removed: there is nothing upwards of it that could be read.
        return {}
    if _project is None or _project[0] != folder:
        _project = (folder, _read_project(folder))
    return _project[1]


def _read_project(folder: str) -> dict[str, Any]:
    for parent in _upwards(folder):
        file = os.path.join(parent, "pyproject.toml")
        if not os.path.isfile(file):
            continue
        import tomllib

        try:
            with open(file, "rb") as stream:
                tools = tomllib.load(stream).get("tool", {})
        except (OSError, ValueError) as error:
            raise InviscidError(f"{file} can't be read: {error}") from error
        return _checked(tools.get("inviscid", {}) if isinstance(tools, dict) else {}, file)
    return {}


def _upwards(folder: str) -> Iterator[str]:
    """A folder, and all that it is in."""
    while True:
        yield folder
        folder, before = os.path.dirname(folder), folder
        if folder == before:
            return


_PATHS = ("store", "config", "signing_key_file")
_SWITCHES = ("multi_user", "safe")
_KNOWN = ("store", "mode", "config", "signing_key_file", *_SWITCHES)


def _checked(table: Any, file: str) -> dict[str, Any]:
    where = f"[tool.inviscid] in {file}"
    if not isinstance(table, dict):
        raise InviscidError(f"{where} is not a table")
    for name, value in table.items():
        if name not in _KNOWN:
            raise InviscidError(f"{where} has no setting '{name}' (there are: {', '.join(_KNOWN)}){near(name, _KNOWN)}")
        if name in _SWITCHES and not isinstance(value, bool):
            raise InviscidError(f"{where}: '{name}' is true or false, not {value!r}")
        if name not in _SWITCHES and not isinstance(value, str):
            raise InviscidError(f"{where}: '{name}' is a text, not {value!r}")
    for name in _PATHS:
        if name in table and "://" not in table[name]:
            table[name] = os.path.join(os.path.dirname(file), os.path.expanduser(table[name]))
    return table


def near(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?``, or nothing."""
    import difflib

    found = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean '{found[0]}'?" if found else ""
