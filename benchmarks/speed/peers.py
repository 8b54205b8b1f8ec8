"""The libraries, each as its documentation has it for speed, and the floors.

checkpointer hashes no more than parts of large arrays: in the rows of arrays it does less than the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import msgpack
from blake3 import blake3

Call = Callable[[], object]
DISTRIBUTIONS = ("diskcache", "joblib", "checkpointer", "numpy", "pandas", "blake3")


def _inviscid(place: str, **options: Any) -> Callable[..., Any]:
    from inviscid import Store, cached

    store = Store(place, **options)
    return lambda function, **more: cached(store=store, **more)(function)


def _diskcache(place: str) -> Callable[..., Any]:
    import diskcache

    return diskcache.Cache(place, size_limit=1 << 40).memoize()  # type: ignore[no-any-return]


def _joblib(place: str, mmap_mode: Any = None) -> Callable[..., Any]:
    import joblib

    return joblib.Memory(place, verbose=0, mmap_mode=mmap_mode).cache  # type: ignore[no-any-return]


def _checkpointer(place: str) -> Callable[..., Any]:
    from checkpointer import checkpoint

    return checkpoint(directory=place, verbosity=0)  # type: ignore[no-any-return]


DECORATORS: dict[str, Callable[[str], Callable[..., Any]]] = {
    "inviscid": _inviscid,
    "inviscid on disk": lambda place: _inviscid(place, memory_limit=0),
    "diskcache": _diskcache,
    "joblib": _joblib,
    "joblib mapped": lambda place: _joblib(place, "r"),
    "checkpointer": _checkpointer,
}

COLD = {
    "inviscid": (
        "import sys, inviscid\n@inviscid.cached(store=sys.argv[1])\ndef f(a, b=2):\n    return a + b\nf(1, 3)\n"
    ),
    "diskcache": (
        "import sys, diskcache\n@diskcache.Cache(sys.argv[1]).memoize()\ndef f(a, b=2):\n    return a + b\nf(1, 3)\n"
    ),
    "joblib": (
        "import sys, joblib\n@joblib.Memory(sys.argv[1], verbose=0).cache\ndef f(a, b=2):\n    return a + b\nf(1, 3)\n"
    ),
}

_pack = msgpack.Packer(use_bin_type=True, strict_types=True).pack


def packed(value: object) -> bytes:
    """The digest of plain values, of which nothing is looked at."""
    return blake3(_pack(value)).digest()  # type: ignore[no-any-return]


def memory_floor() -> Call:
    """A dict under the digest of the arguments."""
    known = {packed([1, 3]): 4}
    return lambda: known[packed([1, 3])]


def sqlite_floor(place: str) -> Call:
    """A table under the digest of the arguments."""
    connection = sqlite3.connect(f"{place}/floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE results (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    connection.executemany(
        "INSERT INTO results VALUES (?, ?)", [(packed([number, 3]), msgpack.packb(number)) for number in range(1000)]
    )

    def get() -> object:
        query = "SELECT value FROM results WHERE key = ?"
        return msgpack.unpackb(connection.execute(query, (packed([1, 3]),)).fetchone()[0])

    return get


def hashed(array: Any) -> bytes:
    """The digest of a buffer, on all cores where it is large."""
    data = memoryview(array).cast("B")
    return blake3(data, max_threads=blake3.AUTO if data.nbytes >= 4 << 20 else 1).digest()  # type: ignore[no-any-return]


def saver(place: str, array: Any, *, synced: bool) -> Call:
    """numpy.save into a new file each time."""
    import itertools
    import os

    import numpy as np

    numbers = itertools.count()

    def save() -> None:
        with open(f"{place}/{next(numbers)}.npy", "wb") as file:
            np.save(file, array)
            if synced:
                file.flush()
                os.fsync(file.fileno())

    return save
