"""The floors: what is left of a cache when its fingerprint is a constant and nothing is checked. No libraries."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import Any

import msgpack
from blake3 import blake3

_PACK = msgpack.Packer(autoreset=True).pack
_FINGERPRINT = b"0" * 32


def in_memory(function: Callable[..., Any]) -> Callable[..., Any]:
    """Results in a dict, by the digest of the arguments."""
    kept: dict[bytes, Any] = {}

    def call(*args: Any) -> Any:
        key = blake3(_FINGERPRINT + _PACK(args)).digest()
        try:
            return kept[key]
        except KeyError:
            kept[key] = function(*args)
            return kept[key]

    return call


def in_files(function: Callable[..., Any], folder: str) -> Callable[..., Any]:
    """Results in a file each, by the digest of the arguments."""
    os.makedirs(folder, exist_ok=True)

    def call(*args: Any) -> Any:
        path = f"{folder}/{blake3(_FINGERPRINT + _PACK(args)).hexdigest()}"
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            value = function(*args)
            with open(path, "wb") as new:
                new.write(_PACK(value))
            return value
        try:
            return msgpack.unpackb(os.read(file, 1 << 20))
        finally:
            os.close(file)

    return call


def in_rows(function: Callable[..., Any], folder: str) -> Callable[..., Any]:
    """Results as rows of SQLite, each written in a transaction of its own."""
    os.makedirs(folder, exist_ok=True)
    connection = sqlite3.connect(f"{folder}/rows", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE rows (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")

    def call(*args: Any) -> Any:
        key = blake3(_FINGERPRINT + _PACK(args)).digest()
        row = connection.execute("SELECT value FROM rows WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return msgpack.unpackb(row[0])
        value = function(*args)
        connection.execute("INSERT INTO rows VALUES (?, ?)", (key, _PACK(value)))
        return value

    return call
