"""Digests of memory that can't change: of what is mapped read-only from an object that was checked.

A digest is remembered by address and length for as long as the mapping lives. An array or a view that covers this very
memory has this content, whatever its shape and type are; what covers another part is hashed. Who holds such an array
holds the mapping, so that nothing else can be at its address; a mapping that is gone answers nothing any more.
"""

from __future__ import annotations

import itertools
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


Token = tuple[int, int, tuple[int, ...], bool]
# By address, how long a segment is and its number, which no other has; and what takes it out again before there can be
# another one there.
_bases: dict[int, tuple[int, int]] = {}
_numbers = itertools.count()
_noted: dict[int, weakref.ref[Any]] = {}
# `id` is an audit event, and costs as much as a call where there is a hook.
_identity = object.__hash__
_segments: list[type] = []


def segment(numpy: Any, buffer: memoryview) -> Any:
    """A view of a buffer that the arrays made of it have for their base: so they can be told by it.

    It is of a class of its own, because numpy leaves out what is between an array and the owner of its memory if that
    is an array like itself.
    """
    if not _segments:
        _segments.append(type("Segment", (numpy.ndarray,), {"__module__": __name__}))
    return numpy.ndarray.__new__(_segments[0], (buffer.nbytes,), numpy.uint8, buffer=buffer)


def token(array: Any) -> Token | None:
    """What tells an array of numpy from all others, without a look at its content: for one that covers all of a segment
    that was noted, as it is in memory. None for all else.

    What has the same token has the same type, shape and order too, for as long as its type is alive.
    """
    noted = _bases.get(_identity(array.base))
    if noted is None or array.nbytes != noted[0]:
        return None
    flags = array.flags
    if flags.c_contiguous:
        return noted[1], _identity(array.dtype), array.shape, True
    return (noted[1], _identity(array.dtype), array.shape, False) if flags.f_contiguous else None


def note(array: Any) -> Token | None:
    """Note the segment that an array covers, where the digest of its content is known; then it has a token."""
    if (before := token(array)) is not None:
        return before
    base, numpy = array.base, sys.modules["numpy"]
    if type(base) not in _segments or array.nbytes != base.nbytes:
        return None
    if _lookup(numpy, address(numpy, base.data), base.nbytes) is None:
        return None
    at = _identity(base)
    _noted[at] = weakref.ref(base, lambda reference: _unnote(at, reference))
    _bases[at] = base.nbytes, next(_numbers)
    return token(array)


def _unnote(at: int, reference: weakref.ref[Any]) -> None:
    if _noted.get(at) is reference:
        del _noted[at], _bases[at]


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
