"""Config keys: declared as parameter defaults, set from outside, injected at call time.

A *layer* is one mapping or file of settings; the *active configuration* is all layers, the nearest first: what
`.configured` laid over a function, layers local to the context, layers of the process (`configure`), the file that
INVISCID_CONFIG names, the file that pyproject.toml names. Tables of several layers are merged key by key.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, Self

from inviscid import moved, settings
from inviscid.errors import ConfigError
from inviscid.sentinels import MISSING


class ConfigParameter:
    """What `config(...)` puts where a default stands. It is no value: whatever one does with it raises
    `ConfigError`.
    """

    __slots__ = ("default", "key")
    __inviscid_constant__ = True

    def __init__(self, key: str | None, default: Any) -> None:
        self.key = key
        self.default = default

    def __repr__(self) -> str:
        key = "" if self.key is None else repr(self.key)
        default = "" if self.default is MISSING else f"default={self.default!r}"
        return f"config({', '.join(part for part in (key, default) if part)})"

    def __inviscid_key__(self) -> str:
        # Key and default are parts of the cache key, through the value that they lead to; not of a fingerprint.
        return "config parameter"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__") and name.endswith("__"):
            # Asked by copy, pickle, inspect: a protocol that isn't there, not a use.
            raise AttributeError(name)
        _misused(self)


def _misused(marker: ConfigParameter, *_: object) -> NoReturn:
    raise ConfigError(
        f"{marker!r} was used as a value: only a function decorated with @inviscid.cached has its config injected. "
        "Decorate the function, or pass the argument."
    )


_USES = (
    "bool call len iter next contains getitem setitem delitem eq ne lt le gt ge add radd sub rsub mul rmul matmul "
    "rmatmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow and rand or ror xor rxor lshift rlshift rshift "
    "rrshift neg pos abs invert int float complex index str format enter exit fspath round trunc floor ceil"
)
for _name in _USES.split():
    setattr(ConfigParameter, f"__{_name}__", _misused)
ConfigParameter.__hash__ = object.__hash__  # type: ignore[method-assign]  # `__eq__` above took it away


def config(key: str | None = None, *, default: Any = MISSING) -> Any:
    """Declare a parameter of a cached function as a config key.

    It stands where a default would: ``window: int = config("features.window", default=30)``.

    The decorator injects the value when the function is called; the caller can't pass it. Only the config keys that a
    function reads, itself or through cached functions that it reaches, are part of its cache key.

    Args:
        key: dotted path; the parameter's own name if left out.
        default: the value where nobody sets the key; without it, a key that is not set is a `ConfigError`.
    """
    given: Any = key
    if given is not None and not (isinstance(given, str) and all(given.split("."))):
        raise ConfigError(f"config({key!r}): a key is a dotted path such as 'features.window'")
    return ConfigParameter(key, default)


class Layer(NamedTuple):
    """One source of settings, as plain nested dicts."""

    origin: str
    values: dict[str, Any]


_lock = threading.Lock()
_process: list[Layer] = []
_local: ContextVar[tuple[Layer, ...]] = ContextVar("inviscid_config", default=())
local_layers = _local.get
"""The layers that are local to this context: another object whenever they change."""
_files: dict[str, tuple[tuple[int, int], Layer]] = {}


def _after_fork() -> None:
    global _lock
    # Another thread of the parent may hold it, and is not there to let go of it.
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class configure:  # noqa: N801  used like a function: `configure("config.toml")`
    """Lay settings over the active configuration, from here on or, as a context manager, inside a block.

    Args:
        source: a mapping (nested, or with dotted keys; OmegaConf's too) or the path of a TOML file.
        local: hold only in this thread or task, instead of in the whole process.

    Raises:
        ConfigError: the file is not there or is not TOML, or a key is both a value and a table.
    """

    def __init__(self, source: Mapping[str, Any] | str | os.PathLike[str] | Layer, *, local: bool = False) -> None:
        if isinstance(source, Layer):
            self._layer = source
        elif isinstance(source, str | os.PathLike):
            self._layer = _read(os.fspath(source))
        else:
            self._layer = layer("configure()", source)
        self._is_local = local
        if local:
            _local.set((*_local.get(), self._layer))
        else:
            with _lock:
                _process.append(self._layer)
            moved.move()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_local:
            _local.set(tuple(item for item in _local.get() if item is not self._layer))
        else:
            with _lock:
                _process[:] = [item for item in _process if item is not self._layer]
            moved.move()


def active() -> list[Layer]:
    """The layers in force here and now, the nearest first."""
    files = [_file(os.path.expanduser(name), origin) for origin, name in _named_files()]
    return [*reversed(_local.get()), *reversed(_process), *files]


def is_from_files() -> bool:
    """Whether any of it is in files."""
    return bool(_named_files())


def _named_files() -> list[tuple[str, str]]:
    named = ("INVISCID_CONFIG", os.environ.get("INVISCID_CONFIG")), ("", settings.project().get("config"))
    return [(origin, name) for origin, name in named if name]


def lookup(key: str, layers: Sequence[Layer]) -> Any:
    """The value of a dotted key; tables of several layers are merged. `MISSING` if no layer has it."""
    merged: Any = MISSING
    for source in layers:
        value = _find(source.values, key)
        if value is MISSING:
            continue
        if not isinstance(value, dict):
            return value if merged is MISSING else merged
        merged = value if merged is MISSING else _merge(value, merged)
    return merged


def missing(function: str, parameter: str, key: str, layers: Sequence[Layer]) -> ConfigError:
    """The error for a required key that nobody sets."""
    import difflib

    known = sorted({name for source in layers for name in keys(source.values)})
    near = difflib.get_close_matches(key, known, 1)
    places = ", ".join(source.origin for source in layers) or "no configuration is set"
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return ConfigError(
        f"{function} needs the config key '{key}' for its parameter '{parameter}', and nothing sets it "
        f"(looked in: {places}).{hint} Set it with inviscid.configure(...), in the file that INVISCID_CONFIG names, "
        "or give config() a default."
    )


def layer(origin: str, source: Mapping[str, Any]) -> Layer:
    """A layer from any mapping; dotted keys become nested tables.

    Raises:
        ConfigError: it is no mapping, or a key is both a value and a table.
    """
    if not isinstance(source, Mapping):
        raise ConfigError(f"{origin}: expected a mapping or the path of a TOML file, got {type(source).__name__}")
    return Layer(origin, _nested(source, origin))


def _nested(source: Mapping[Any, Any], origin: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name in source:
        if not isinstance(name, str):
            raise ConfigError(f"{origin}: config keys are strings, got {name!r}")
        if not all(name.split(".")):
            raise ConfigError(f"{origin}: {name!r} is no key; a key is a dotted path such as 'features.window'")
        # By subscription: OmegaConf resolves its interpolations there.
        value = _plain(source[name], origin)
        for part in reversed(name.split(".")[1:]):
            value = {part: value}
        head = name.split(".")[0]
        if head in result and isinstance(result[head], dict) != isinstance(value, dict):
            raise ConfigError(f"{origin}: '{head}' is both a value and a table")
        result[head] = _merge(result[head], value) if isinstance(result.get(head), dict) else value
    return result


def _plain(value: Any, origin: str) -> Any:
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return _nested(value, origin)
    if isinstance(value, Sequence) and type(value).__module__.startswith("omegaconf"):
        return [_plain(item, origin) for item in value]
    return value


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for name, value in above.items():
        old = result.get(name)
        result[name] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _find(values: dict[str, Any], key: str) -> Any:
    found: Any = values
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return MISSING
        found = found[part]
    return found


def keys(values: dict[str, Any], prefix: str = "") -> list[str]:
    """All keys of nested tables, dotted; the tables' own too."""
    found: list[str] = []
    for name, value in values.items():
        found.append(prefix + name)
        if isinstance(value, dict):
            found += keys(value, f"{prefix}{name}.")
    return found


def _file(path: str, origin: str) -> Layer:
    try:
        stat = os.stat(path)
    except OSError:
        return _read(path, origin)
    version = (stat.st_mtime_ns, stat.st_size)
    moved.watch(path)
    known = _files.get(path)
    if known is None or known[0] != version:
        known = _files[path] = (version, _read(path, origin))
    return known[1]


def _read(path: str, origin: str = "") -> Layer:
    import tomllib

    named = f"{path} ({origin})" if origin else path
    try:
        with open(path, "rb") as stream:
            values = tomllib.load(stream)
    except FileNotFoundError as error:
        raise ConfigError(f"the config file {named} is not there") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"the config file {named} can't be read: {error}") from error
    return Layer(named, values)
