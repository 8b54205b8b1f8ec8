"""Which memos in reach may remember what was read of files.

A *memo* is an object of `functools.lru_cache`. What it remembers it read before, maybe before anybody watched: then a
body that asks it opens nothing. So those whose functions may open files are told, and whoever runs the body looks
whether it was answered by one. A function may open files if anything in its reach may: it names what does, or calls
methods that are called so, or something installed of which nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from inviscid.fingerprinting.definition import Definition
from inviscid.fingerprinting.guards import hold
from inviscid.fingerprinting.impure import canonical
from inviscid.fingerprinting.narrowing import opaque

# What is installed from here computes, unless its name says that it reads.
_COMPUTING = frozenset(
    "numpy scipy pandas polars sklearn statsmodels numba sympy networkx torch jax xarray decimal fractions random "
    "statistics secrets cmath threading inspect sys pathlib".split()
)
# In `os` these touch no file.
_OS = re.compile(
    r"os\.(path\.(join|split|basename|dirname|norm|common|sep|isabs)|sep|fspath|fsencode|fsdecode|get|cpu|environ)"
)
_READS = re.compile(
    r"(read|load|open|scan|from_?(file|csv|npy|txt|parquet|json)|gen_?from|mem_?map|im_?read|fetch|get_data|iterdir|"
    r"glob|rglob|listdir|walk|connect|execute|urlopen|parse$|import_module|__import__|eval$|exec$|input)"
)


def memos(definitions: list[Definition]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """(name, a way to the memo) of each memo among the definitions whose function may open files."""
    for number, definition in enumerate(definitions):
        if definition.memo is not None and any(map(_may_read, _below(definitions, number))):
            yield definition.name, hold(definition.memo)


def _below(definitions: list[Definition], number: int) -> Iterator[Definition]:
    seen: set[int] = set()
    pending = [number]
    while pending:
        at = pending.pop()
        if at not in seen:
            seen.add(at)
            yield definitions[at]
            pending.extend(definitions[at].references)


def _may_read(definition: Definition) -> bool:
    if any(map(_READS.match, definition.looks_up)):
        return True
    if definition.kind in ("compiled", "tainted"):
        return True
    if definition.kind != "external":
        return False
    name = canonical(definition.name)
    if _READS.match(name.rpartition(".")[2]):
        return True
    return name.partition(".")[0] not in _COMPUTING and opaque(name) and not _OS.match(name)
