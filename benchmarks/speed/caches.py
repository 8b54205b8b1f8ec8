"""The libraries, each as its documentation recommends for speed. A peer that isn't installed is needed by nobody else.

*Opened* is a library with a store of its own: it decorates functions, and can empty the store.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Opened:
    """A store of a library.

    Attributes:
        decorate: makes a function a cached one.
        empty: takes all results out of the store.
    """

    decorate: Callable[[Function], Any]
    empty: Callable[[], object]


def _inviscid(folder: str, *, in_memory: bool = True, mapped: bool = False, durability: str = "auto") -> Opened:
    from inviscid import Store, cached

    # A version without the parameter has no memory tier either.
    limited = not in_memory and "memory_limit" in inspect.signature(Store).parameters
    store = Store(folder, **({"memory_limit": 0} if limited else {}))  # type: ignore[arg-type]  # see above
    made: list[Any] = []

    def decorate(function: Function) -> Any:
        made.append(cached(store=store, durability=durability)(function))
        return made[-1]

    return Opened(decorate, lambda: [one.clean() for one in made])


def _joblib(folder: str, *, in_memory: bool = True, mapped: bool = False, durability: str = "auto") -> Opened:
    from joblib import Memory

    memory = Memory(folder, verbose=0, mmap_mode="r" if mapped else None)
    return Opened(memory.cache, lambda: memory.clear(warn=False))


def _diskcache(folder: str, *, in_memory: bool = True, mapped: bool = False, durability: str = "auto") -> Opened:
    from diskcache import Cache

    # With the default limit of 1 GB it would drop what the rows with big arrays are about.
    cache = Cache(folder, size_limit=1 << 36)
    return Opened(cache.memoize(), cache.clear)


def _checkpointer(folder: str, *, in_memory: bool = True, mapped: bool = False, durability: str = "auto") -> Opened:
    from checkpointer import checkpoint

    made: list[Any] = []

    def decorate(function: Function) -> Any:
        made.append(checkpoint(directory=folder, storage="pickle", verbosity=0)(function))
        return made[-1]

    return Opened(decorate, lambda: [one.storage.clear() for one in made])


OPENERS: dict[str, Callable[..., Opened]] = {
    "inviscid": _inviscid,
    "joblib": _joblib,
    "diskcache": _diskcache,
    "checkpointer": _checkpointer,
}
PEERS = tuple(name for name in OPENERS if name != "inviscid")
DURABLE = ("inviscid",)
"""Those that wait for the disk where they are asked to: joblib and checkpointer can't, diskcache not for its files."""


def open_library(name: str, folder: str, **how: Any) -> Opened:
    """A library, with an empty store in a folder that is made."""
    os.makedirs(folder, exist_ok=True)
    return OPENERS[name](folder, **how)


def versions(names: list[str]) -> dict[str, str]:
    """The versions of the libraries, and of what all of them stand on."""
    # The version of a working tree says nothing of its content.
    others = [name for name in names if name != "inviscid"]
    own = {"inviscid": "of this working tree"} if "inviscid" in names else {}
    return own | {name: version(name) for name in [*others, "blake3", "numpy", "pandas"]}
