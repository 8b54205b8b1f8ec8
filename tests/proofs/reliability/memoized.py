"""The cached functions of the proof of faults: what they must give, and how often their bodies ran."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from inviscid import Store, cached

Function = Callable[[int], Any]
_ran: list[str] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "faults.ran":
        _ran.append(str(arguments[0]))


# A body says that it runs by an audit event: nothing that a fingerprint could take for state.
sys.addaudithook(_hear)


def number(x: int) -> int:
    sys.audit("faults.ran", "number")
    return 3 * x + 1


def blob(n: int) -> bytes:
    """Inline in the index or in a file of its own, by its size."""
    sys.audit("faults.ran", "blob")
    return bytes(range(1, 252)) * (n // 251) + bytes(n % 251)


def array(n: int) -> Any:
    """A frame with one buffer, which is mapped from the file."""
    sys.audit("faults.ran", "array")
    return np.arange(n, dtype=np.int64) * 2654435761


def table(n: int) -> Any:
    """A frame with several buffers, some too small for a page."""
    sys.audit("faults.ran", "table")
    return {"x": np.arange(n) + 1, "y": np.linspace(1.0, 2.0, n), "few": np.arange(100) + 7, "name": "table"}


FUNCTIONS: dict[str, Function] = {one.__name__: one for one in (number, blob, array, table)}
INLINE, IN_FILE = 1100, 4200
"""Sizes of blobs on both sides of the limit."""


def decorated(path: str | os.PathLike[str], memory_limit: int = 0) -> tuple[Store, dict[str, Function]]:
    """A store, and the functions with it; by default each hit is read from the disk."""
    store = Store(path, memory_limit=memory_limit)
    return store, {name: cached(store=store, durability="never")(one) for name, one in FUNCTIONS.items()}


def expected(name: str, argument: int) -> Any:
    """What the body gives."""
    value = FUNCTIONS[name](argument)
    _ran.clear()
    return value


def ran() -> int:
    """How many bodies ran since this was asked last."""
    count = len(_ran)
    _ran.clear()
    return count


def same(value: Any, wanted: Any) -> bool:
    """Whether two results are equal in type and content."""
    if type(value) is not type(wanted):
        return False
    if isinstance(value, dict):
        return list(value) == list(wanted) and all(same(value[name], wanted[name]) for name in wanted)
    if isinstance(value, np.ndarray):
        return value.dtype == wanted.dtype and value.shape == wanted.shape and value.tobytes() == wanted.tobytes()
    return bool(value == wanted)
