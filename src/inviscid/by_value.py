"""Functions that can't be found by their name elsewhere, in bytes: of ``__main__``, of a notebook, nested ones.

Beyond what cloudpickle takes along there is

- the *text* of each function: a fingerprint is taken of syntax, and where it is loaded there may be no file. An excerpt
  travels, the top-level statement that the function is from, and is put where tracebacks look for lines too;
- what knows itself: a cached function that calls itself, or another that calls it;
- wrappers of the standard library that go by name only.

What has a name there goes by name.
"""

from __future__ import annotations

import functools
import io
import linecache
import pickle
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import cloudpickle  # type: ignore[import-untyped]  # it has no annotations

from inviscid.callables import find, is_findable
from inviscid.digest import digest, short
from inviscid.fingerprinting.source import excerpt
from inviscid.function import CachedFunction
from inviscid.wrapping import Variant

_LRU_CACHE = type(functools.lru_cache(abs))


def dumps(base: CachedFunction[Any, Any]) -> bytes:
    """A cached function, whatever its name."""
    buffer = io.BytesIO()
    _Pickler(buffer).dump(base)
    return buffer.getvalue()


def loads(data: bytes) -> CachedFunction[Any, Any]:
    """The cached function again."""
    found: CachedFunction[Any, Any] = pickle.loads(data)
    return found


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # as above
    """Pickles what is reached from one cached function."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        # One object for each text: then pickle writes it once.
        self._texts: dict[str, str] = {}

    def reducer_override(self, value: Any) -> Any:
        """How pickle takes a value apart; `NotImplemented` where it knows."""
        if isinstance(value, CachedFunction):
            return _cached_parts(value)
        if isinstance(value, CodeType):
            return self._code_parts(value)
        if isinstance(value, _LRU_CACHE) and not is_findable(value):
            return restore_memoized, (value.__wrapped__, value.cache_parameters())
        if isinstance(value, FunctionType) and hasattr(value, "dispatch") and not is_findable(value):
            registry = dict(value.registry)  # type: ignore[attr-defined]  # singledispatch has put it there
            return restore_dispatched, (registry.pop(object), list(registry.items()))
        return super().reducer_override(value)

    def _code_parts(self, code: CodeType) -> tuple[Any, ...]:
        make, arguments = cloudpickle.Pickler.dispatch_table[CodeType](code)[:2]
        text = excerpt(code)
        if text is None:
            return make, arguments
        return restore_code, (make, arguments, code.co_filename, self._texts.setdefault(text, text))


def _cached_parts(function: CachedFunction[Any, Any]) -> tuple[Any, ...]:
    base: CachedFunction[Any, Any] = function.__inviscid_base__
    if function is not base:
        # What is in force here goes with the function that was sent, and holds for all that it calls.
        return restore_varied, (base, function._variant)
    if is_findable(base):
        return find, (base.__module__, base.__qualname__)
    return restore_empty, (type(base),), base.__inviscid_parts__(), None, None, fill


def restore_empty(cls: type[CachedFunction[Any, Any]]) -> CachedFunction[Any, Any]:
    """A cached function before it knows what it wraps: that may refer to it."""
    return cls.__new__(cls)


def fill(function: CachedFunction[Any, Any], state: tuple[Any, ...]) -> None:
    """Let a cached function know what it wraps."""
    function.__init__(*state)  # type: ignore[misc]  # it was made without


def restore_varied(base: CachedFunction[Any, Any], variant: Variant) -> CachedFunction[Any, Any]:
    """A cached function under a configuration of its own."""
    return base._varied(variant)


def restore_code(make: Callable[..., CodeType], arguments: tuple[Any, ...], filename: str, text: str) -> CodeType:
    """A code object whose text can be looked up."""
    name = f"{filename} (sent along, {short(digest(text.encode()))})"
    # Without a time it is not compared with a file.
    linecache.cache.setdefault(name, (len(text), None, text.splitlines(keepends=True), name))
    return make(*arguments).replace(co_filename=name)


def restore_memoized(function: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    """A `functools.lru_cache`, empty."""
    return functools.lru_cache(**parameters)(function)


def restore_dispatched(default: Callable[..., Any], others: list[tuple[type, Callable[..., Any]]]) -> Any:
    """A `functools.singledispatch` function."""
    function = functools.singledispatch(default)
    for cls, implementation in others:
        function.register(cls, implementation)
    return function
