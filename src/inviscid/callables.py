"""What a callable shows of itself: its names, the function whose parameters are its own, how its body gives a result.

A *function* shows its code. Whatever else can be called (an instance with `__call__`, a partial, a wrapper from C, a
builtin) is asked through the function that takes its arguments, where there is one in Python; that one is found anew on
each look, so that a class may replace its `__call__`.
"""

from __future__ import annotations

import functools
import importlib
import sys
from types import FunctionType, MethodType
from typing import Any, NamedTuple

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80, 0x20, 0x200
_LRU_CACHE = type(functools.lru_cache(abs))
# What `inspect.markcoroutinefunction` leaves, and what took its place before Python 3.12.
_MARKS = ("_is_coroutine_marker", "_is_coroutine")


class Names(NamedTuple):
    """How a callable is called; for people, and to find it again."""

    module: str
    name: str
    qualname: str


class Taker(NamedTuple):
    """The Python function that takes the arguments of a callable."""

    function: Any
    bound: bool
    """Whether its first parameter is taken already."""


def names_of(function: Any) -> Names:
    """The names of a callable; of an object that has none those of its class, or of what it wraps."""
    found = [_text(function, name) for name in ("__module__", "__name__", "__qualname__")]
    if found[1] and found[2]:
        # Builtins have no module, or one that is no text.
        return Names(found[0] or type(function).__module__, found[1], found[2])
    kind = type(function)
    for attribute in ("__wrapped__", "pyfunc", "func"):
        inner = getattr(function, "__dict__", {}).get(attribute) or _part_of_a_partial(function, attribute)
        if callable(inner):
            module, name, qualname = names_of(inner)
            return Names(module, f"{kind.__name__}({name})", f"{kind.__name__}({qualname})")
    return Names(kind.__module__, kind.__name__, kind.__qualname__)


def _text(function: Any, name: str) -> str:
    found = getattr(function, name, None)
    return found if isinstance(found, str) else ""


def _part_of_a_partial(function: Any, attribute: str) -> Any:
    return function.func if isinstance(function, functools.partial) and attribute == "func" else None


def taker_of(function: Any) -> Taker | None:
    """The function whose parameters are those of a callable; None where no Python function takes its arguments."""
    if isinstance(function, FunctionType):
        return Taker(function, bound=False)
    if isinstance(function, MethodType):
        inner = function.__func__
        return Taker(inner, bound=True) if isinstance(inner, FunctionType) else None
    if isinstance(function, _LRU_CACHE):
        return taker_of(function.__wrapped__)
    for base in type(function).__mro__:
        if "__call__" in vars(base):
            call = vars(base)["__call__"]
            return Taker(call, bound=True) if isinstance(call, FunctionType) else None
    return None


def result_of(function: Any) -> str:
    """How a callable gives its result: ``at once``, ``awaited``, or as a ``generator`` or ``async generator``."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, FunctionType) and hasattr(function, "registry") and hasattr(function, "dispatch"):
        # singledispatch: all implementations are called alike.
        function = function.registry[object]
    # Not by getattr() alone: a mock has every attribute.
    known = {*getattr(function, "__dict__", ()), *dir(type(function))}
    if any(mark in known and getattr(function, mark, None) is not None for mark in _MARKS):
        return "awaited"
    taker = taker_of(function)
    flags = 0 if taker is None else taker.function.__code__.co_flags
    if flags & _ASYNC_GENERATOR:
        return "async generator"
    if flags & _COROUTINE or (taker is not None and any(mark in vars(taker.function) for mark in _MARKS)):
        return "awaited"
    return "generator" if flags & _GENERATOR else "at once"


def coroutine_mark(name: str, *, awaited: bool) -> Any:
    """The mark by which Python knows a callable that is awaited and has no code to show it."""
    if awaited and name == "_is_coroutine_marker":
        import inspect

        if mark := getattr(inspect, "markcoroutinefunction", None):
            return vars(mark(lambda: None))[name]
    elif awaited:
        import asyncio.coroutines

        if hasattr(asyncio.coroutines, name):
            return getattr(asyncio.coroutines, name)
    raise AttributeError(name)


def is_findable(function: Any) -> bool:
    """Whether another process finds this very object under its name."""
    module = _text(function, "__module__")
    found: Any = None if module == "__main__" else sys.modules.get(module)
    for part in _text(function, "__qualname__").split("."):
        found = getattr(found, part, None)
    # A class method is found bound to its class.
    return getattr(found, "__func__", found) is function


def find(module: str, qualname: str) -> Any:
    """What is findable, in whichever process this is."""
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return getattr(found, "__func__", found)


def binds(function: Any) -> bool:
    """Whether a callable becomes a method when it is looked up on an instance."""
    if isinstance(function, MethodType | functools.partial):
        return False
    return hasattr(type(function), "__get__")


def source_of(function: Any) -> Any:
    """What gives the results of a callable: itself, or what an `lru_cache` wraps.

    What that remembers was computed under the config and the globals of then, which the key says nothing of.
    """
    while isinstance(function, _LRU_CACHE):
        function = function.__wrapped__
    return function
