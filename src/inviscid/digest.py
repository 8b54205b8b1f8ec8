"""The hash, and the one canonical encoding that is ever hashed.

A *digest* is the 32 bytes of a BLAKE3 hash. What is hashed is a *canonical stream*: MessagePack, written so that no two
different values share a stream. The types that MessagePack knows are packed strictly (a subclass is never packed as its
base); everything else starts with a tag, and is length-delimited:

    stream    = nil | bool | int (64 bit) | float64 | str | bin | array (a list) | map (a dict, in order) | tagged
    tagged    = ext(tag, bytes) | array(ext(tag, empty) stream*)
                the tags are listed where they are written: `inputs/encode.py`

Two numbers name the formats. `KEY_VERSION` changes when the same call would get another key, `STORE_VERSION` (in the
store) when the bytes on disk change. Both are pinned by golden tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from blake3 import blake3
from msgpack import Packer

KEY_VERSION = 3
# Below this the start of the threads costs more than they save.
_THREADS_FROM = 4 << 20

# To make a packer costs several times what packing costs. One that is in use is never in the list, so that
# a finalizer or a thread that packs meanwhile gets another; one that failed, or grew, doesn't come back.
_packers: list[Packer] = []
_PACKERS_KEPT = 8
_KEPT_SIZE = 1 << 16

_threads: int = blake3.AUTO

Buffer = bytes | bytearray | memoryview


def threads() -> int:
    """How many threads may hash what is large: for `max_threads` of BLAKE3."""
    return _threads


def _after_fork() -> None:
    global _threads
    # The pool that AUTO stands for is one for the whole process, and a child has it without its threads: who hashes
    # with it there waits for ever. A number makes a pool of its own.
    _threads = os.cpu_count() or 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def digest(data: Buffer) -> bytes:
    """The BLAKE3 digest (32 bytes) of a contiguous buffer; on several threads where the buffer is large."""
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    if size >= _THREADS_FROM:
        return blake3(data, max_threads=_threads).digest()
    return blake3(data).digest()


def pack(value: object, default: Callable[[Any], Any] | None = None) -> bytes:
    """The canonical stream of plain nested values.

    Args:
        value: None, bool, int of 64 bits, float, str, bytes, and exact lists and dicts of those.
        default: gives the `msgpack.ExtType` of any other value.

    Raises:
        TypeError: `value` holds something else, and there is no `default` for it.
        OverflowError: an int has more than 64 bits.
    """
    if default is not None:
        return bytes(Packer(default=default, use_bin_type=True, strict_types=True).pack(value))
    try:
        packer = _packers.pop()
    except IndexError:
        packer = Packer(use_bin_type=True, strict_types=True)
    packed: bytes = packer.pack(value)
    if len(packed) <= _KEPT_SIZE and len(_packers) < _PACKERS_KEPT:
        _packers.append(packer)
    return packed


def combine(label: str, *parts: bytes) -> bytes:
    """The digest of labelled, length-delimited parts: no part can take a byte from its neighbour."""
    return blake3(pack([label, *parts])).digest()


def short(value: bytes) -> str:
    """The first twelve hex digits: how a key or a digest is shown to people."""
    return value.hex()[:12]
