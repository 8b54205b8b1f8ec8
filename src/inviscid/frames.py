"""Several buffers in one object, each with its own digest, and each where it can be mapped and used in place.

    framed   = prefix header head (pad buffer)*
    prefix   = 0xC1 "F" 0x01 and the size of the header: 4 bytes, big-endian
    header   = MessagePack [length of the head, its digest, [length, digest] of each buffer*]
    head     = what a codec needs to put the value together
    pad      = zero bytes up to the next multiple of the alignment, from the start of the object: of a page in front of
               a buffer of a page or more, else of 64
    name     = digest of 0xC1 "N" prefix header

So every byte is hashed once, and who knows the name knows the digest of each buffer. Bytes that aren't framed as a
whole have the digest of all of them for their name; none of them starts as what is hashed here, because no MessagePack
and no pickle starts with 0xC1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgpack

from inviscid.digest import Buffer, digest, pack

_MAGIC = b"\xc1F\x01"
_NAMED = b"\xc1N"
_SIZE = 4
_START = len(_MAGIC) + _SIZE
_SMALL, _PAGE = 64, 4096


class Frame(NamedTuple):
    """A framed object, or what is to be one."""

    head: memoryview
    buffers: list[memoryview]
    digests: list[bytes]
    """Of the head, and of each buffer."""

    @property
    def top(self) -> bytes:
        """Prefix and header."""
        lengths = [self.head.nbytes, *(buffer.nbytes for buffer in self.buffers)]
        first, *others = zip(lengths, self.digests, strict=True)
        header = pack([*first, *map(list, others)])
        return b"".join((_MAGIC, len(header).to_bytes(_SIZE, "big"), header))

    @property
    def name(self) -> bytes:
        """The digest that names the object."""
        return digest(_NAMED + self.top)

    def places(self) -> list[tuple[int, int, bytes]]:
        """(offset, length, digest) of each buffer."""
        found, end = [], len(self.top) + self.head.nbytes
        for buffer, known in zip(self.buffers, self.digests[1:], strict=True):
            end += _pad(end, buffer.nbytes)
            found.append((end, buffer.nbytes, known))
            end += buffer.nbytes
        return found

    def chunks(self) -> list[Buffer]:
        """The bytes, in order; head and buffers are in it as they are, not copied."""
        top = self.top
        chunks: list[Buffer] = [top, self.head]
        end = len(top) + self.head.nbytes
        for buffer in self.buffers:
            pad = bytes(_pad(end, buffer.nbytes))
            chunks += (pad, buffer)
            end += len(pad) + buffer.nbytes
        return [chunk for chunk in chunks if len(chunk)]


def framed(head: memoryview, buffers: Sequence[memoryview]) -> Frame:
    """A frame of contiguous bytes, which are hashed here."""
    return Frame(head, list(buffers), [digest(part) for part in (head, *buffers)])


def begins(data: memoryview) -> bool:
    """Whether bytes begin as a frame does."""
    return data[: len(_MAGIC)] == _MAGIC


def top_of(data: memoryview) -> memoryview | None:
    """Prefix and header of bytes that are framed as a whole, or begin with a frame; None where they don't."""
    if data.nbytes < _START or not begins(data):
        return None
    end = _START + int.from_bytes(data[len(_MAGIC) : _START], "big")
    return data[:end] if end <= data.nbytes else None


def parse(data: memoryview) -> Frame | None:
    """The frame that bytes are, as read-only views, nothing of it checked; None where they aren't one as a whole."""
    data = data.toreadonly().cast("B")
    top = top_of(data)
    if top is None:
        return None
    try:
        length, first, *others = msgpack.unpackb(top[_START:])
        end = top.nbytes + length
        head, buffers, digests = data[top.nbytes : end], [], [first]
        for size, found in others:
            start = end + _pad(end, size)
            if bytes(data[end:start]).strip(b"\0"):
                return None
            end = start + size
            buffers.append(data[start:end])
            digests.append(found)
    except (TypeError, ValueError, msgpack.UnpackException):
        return None
    whole = end == data.nbytes and head.nbytes == length and all(type(found) is bytes for found in digests)
    return Frame(head, buffers, digests) if whole else None


def name_of(chunks: Sequence[memoryview], size: int) -> bytes | None:
    """The name of an object that is written in these chunks, by what its frame says; None where it isn't framed.

    The digests in the frame are believed: they are those of who made it, just now.
    """
    first = chunks[0] if chunks else memoryview(b"")
    top = top_of(first)
    if top is None:
        return None
    try:
        length, _, *others = msgpack.unpackb(top[_START:])
        end = top.nbytes + length
        for buffer, _ in others:
            end += _pad(end, buffer) + buffer
    except (TypeError, ValueError, msgpack.UnpackException):
        return None
    return digest(_NAMED + top) if end == size else None


def verify(data: memoryview, name: bytes) -> bool:
    """Whether bytes are those of this name."""
    frame = parse(data)
    if frame is None:
        return digest(data) == name
    return frame.name == name and all(map(_has, (frame.head, *frame.buffers), frame.digests))


def _has(part: memoryview, wanted: bytes) -> bool:
    return digest(part) == wanted


def _pad(end: int, size: int) -> int:
    return -end % (_PAGE if size >= _PAGE else _SMALL)
