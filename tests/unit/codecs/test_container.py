"""Several buffers in one object."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from inviscid.codecs.container import ALIGNMENT, join, split


def joined(head: bytes, buffers: Sequence[bytes]) -> bytes:
    return b"".join(join(memoryview(head), [memoryview(buffer) for buffer in buffers]))


@pytest.mark.parametrize("sizes", [[], [0], [1], [64], [63, 65, 0, 1], [0, 0], [1000, 1]])
@pytest.mark.parametrize("head", [b"", b"x", b"x" * 1000])
def test_what_is_joined_can_be_split(head: bytes, sizes: list[int]) -> None:
    """For any sizes; and every buffer is aligned."""
    buffers = [bytes([place + 1]) * size for place, size in enumerate(sizes)]
    data = joined(head, buffers)
    found, views = split(memoryview(data))
    assert bytes(found) == head
    assert [bytes(view) for view in views] == buffers
    position = 0
    for chunk in join(memoryview(head), [memoryview(buffer) for buffer in buffers]):
        if isinstance(chunk, memoryview) and chunk.obj is not head:
            assert position % ALIGNMENT == 0
        position += len(chunk)


def test_nothing_is_copied() -> None:
    """The chunks are the buffers, and what comes out is a view of what came in."""
    buffer = bytearray(1000)
    chunks = join(memoryview(b"head"), [memoryview(buffer)])
    buffer[0] = 7
    assert chunks[-1][0] == 7
    data = bytearray(b"".join(chunks))
    _, (view,) = split(memoryview(data))
    data[-1000] = 8
    assert view[0] == 8
    assert view.readonly


def test_every_cut_and_every_extra_byte_is_an_error() -> None:
    """A damaged object is no shorter value."""
    data = joined(b"head", [b"abc", b"d" * 100])
    for size in range(len(data)):
        with pytest.raises(ValueError, match="object"):
            split(memoryview(data[:size]))
    with pytest.raises(ValueError, match="object"):
        split(memoryview(data + b"\0"))


def test_a_damaged_header() -> None:
    """Whatever the header says, the error is the one that is documented."""
    data = joined(b"head", [b"abc"])
    for place in range(12):
        for value in (0, 1, 0x90, 0xC0, 0xFF):
            damaged = bytearray(data)
            damaged[place] = value
            try:
                split(memoryview(damaged))
            except ValueError:
                continue
