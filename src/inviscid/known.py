"""Digests of memory that can't change: of what is mapped read-only from an object that was checked.

A digest is remembered by address and length for as long as the mapping lives. An array or a view that covers this very
memory has this content, whatever its shape and type are; what covers another part is hashed. Who holds such an array
holds the mapping, so that nothing else can be at its address; a mapping that is gone answers nothing any more.
"""

from __future__ import annotations

import mmap
import sys
import weakref
from collections.abc import Callable
from typing import Any

from inviscid.digest import Buffer, digest

FROM = 1 << 16
"""Bytes from which it pays to look."""

_Place = tuple[int, int]
_found: dict[_Place, tuple[weakref.ref[mmap.mmap], bytes]] = {}
# Addresses are asked of numpy, which who has large buffers will have loaded by the time that they are hashed.
_waiting: list[tuple[weakref.ref[mmap.mmap], list[tuple[int, int, bytes]]]] = []


def remember(mapping: mmap.mmap, parts: list[tuple[int, int, bytes]]) -> None:
    """Know the digests of parts of a read-only mapping, each as (offset, length, digest)."""
    large = [part for part in parts if part[1] >= FROM]
    if large:
        _waiting.append((weakref.ref(mapping), large))


def content(buffer: Buffer) -> bytes:
    """The digest of a contiguous buffer, as `inviscid.digest.digest` gives it; hashed only where it isn't known."""
    size = buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)
    if size >= FROM and (_found or _waiting):
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            known = _lookup(numpy, address(numpy, buffer), size)
            if known is not None:
                return known
    return digest(buffer)


def contents(pairs: list[tuple[memoryview, bytes]]) -> Callable[[Buffer], bytes]:
    """What gives digests as `content` does, and knows those of some more buffers, which must not change meanwhile."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return content
    places = {(address(numpy, buffer), buffer.nbytes): found for buffer, found in pairs if buffer.nbytes >= FROM}

    def asked(buffer: Buffer) -> bytes:
        size = buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)
        found = places.get((address(numpy, buffer), size)) if size >= FROM and places else None
        return content(buffer) if found is None else found

    return asked


def address(numpy: Any, buffer: Any) -> int:
    """Where the memory of a buffer of bytes begins."""
    found: int = numpy.frombuffer(buffer, numpy.uint8).__array_interface__["data"][0]
    return found


def _lookup(numpy: Any, place: int, size: int) -> bytes | None:
    while _waiting:
        reference, parts = _waiting.pop()
        if (mapping := reference()) is not None:
            base = address(numpy, mapping)
            for offset, length, known in parts:
                _found[base + offset, length] = weakref.ref(mapping, _forget(base + offset, length)), known
    found = _found.get((place, size))
    # In the moment in which it dies its memory may already be another's.
    return found[1] if found is not None and found[0]() is not None else None


def _forget(place: int, size: int) -> Any:
    def gone(reference: weakref.ref[mmap.mmap]) -> None:
        # Another mapping may be there by now.
        found = _found.get((place, size))
        if found is not None and found[0] is reference:
            del _found[place, size]

    return gone
