"""Several buffers in one object, each of them where it can be mapped and used in place.

    object  = size header head pad (buffer pad)*
    size    = bytes in the header: 4 bytes, big-endian
    header  = MessagePack [length of the head, [length of a buffer]*]
    head    = what the codec needs to put the value together
    pad     = zero bytes up to the next multiple of 64 from the start of the object; none at its end

Where an object is mapped from a file, its buffers are aligned as its start is: to a page.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgpack

from ..digest import Buffer, pack

ALIGNMENT = 64
_SIZE = 4


def join(head: memoryview, buffers: Sequence[memoryview]) -> list[Buffer]:
    """The chunks of an object; head and buffers are in it as they are, not copied.

    Args:
        head: What the codec needs beside the buffers.
        buffers: Contiguous, of bytes.
    """
    header = pack([head.nbytes, [buffer.nbytes for buffer in buffers]])
    chunks: list[Buffer] = [len(header).to_bytes(_SIZE, "big") + header, head]
    end = _SIZE + len(header) + head.nbytes
    for buffer in buffers:
        pad = bytes(-end % ALIGNMENT)
        chunks += (pad, buffer)
        end += len(pad) + buffer.nbytes
    return [chunk for chunk in chunks if len(chunk)]


def split(data: memoryview) -> tuple[memoryview, list[memoryview]]:
    """The head and the buffers of an object, as read-only views of `data`.

    Raises:
        ValueError: `data` isn't an object of this form.
    """
    data = data.toreadonly().cast("B")
    start = _SIZE + int.from_bytes(data[:_SIZE], "big")
    if data.nbytes < _SIZE or data.nbytes < start:
        raise ValueError("The object is shorter than its header says.")
    try:
        head_length, lengths = msgpack.unpackb(data[_SIZE:start])
        head = data[start : start + head_length]
        end = start + head_length
        buffers = []
        for length in lengths:
            end += -end % ALIGNMENT
            buffers.append(data[end : end + length])
            end += length
    except (TypeError, ValueError, msgpack.UnpackException) as error:
        raise ValueError(f"The header of the object is damaged: {error}") from error
    if end != data.nbytes:
        raise ValueError(f"The object has {data.nbytes} bytes; by its header it should have {end}.")
    return head, buffers
