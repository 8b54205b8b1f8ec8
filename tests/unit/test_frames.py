"""Several buffers in one object, each with its own digest."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from inviscid import frames
from inviscid.digest import digest


def joined(head: bytes, buffers: Sequence[bytes]) -> bytes:
    return b"".join(frames.framed(memoryview(head), [memoryview(buffer) for buffer in buffers]).chunks())


@pytest.mark.parametrize("sizes", [[], [0], [1], [64], [63, 65, 0, 1], [0, 0], [1000, 1], [5000, 3, 4096]])
@pytest.mark.parametrize("head", [b"", b"x", b"x" * 1000])
def test_what_is_framed_can_be_parsed(head: bytes, sizes: list[int]) -> None:
    """For any sizes; every buffer is aligned, and a large one to a page."""
    buffers = [bytes([place + 1]) * size for place, size in enumerate(sizes)]
    data = memoryview(joined(head, buffers))
    frame = frames.parse(data)
    assert frame is not None
    assert bytes(frame.head) == head
    assert [bytes(view) for view in frame.buffers] == buffers
    assert frame.digests == [digest(head), *map(digest, buffers)]
    for (offset, size, known), buffer in zip(frame.places(), buffers, strict=True):
        assert (bytes(data[offset : offset + size]), known) == (buffer, digest(buffer))
        assert offset % (4096 if size >= 4096 else 64) == 0
    name = frame.name
    chunks = [memoryview(chunk) for chunk in frames.framed(memoryview(head), list(map(memoryview, buffers))).chunks()]
    assert frames.name_of(chunks, data.nbytes) == frames.name_of([data], data.nbytes) == name
    assert frames.verify(data, name)


def test_nothing_is_copied() -> None:
    """The chunks are the buffers, and what comes out is a view of what came in."""
    buffer = bytearray(1000)
    frame = frames.framed(memoryview(b"head"), [memoryview(buffer)])
    chunks = frame.chunks()
    buffer[0] = 7
    assert chunks[-1][0] == 7
    data = bytearray(b"".join(chunks))
    parsed = frames.parse(memoryview(data))
    assert parsed is not None
    data[-1000] = 8
    assert parsed.buffers[0][0] == 8
    assert parsed.buffers[0].readonly


def test_every_flipped_bit_is_seen() -> None:
    """In the top, the head, the buffers, and between them."""
    data = joined(b"head", [b"abc", b"d" * 100])
    frame = frames.parse(memoryview(data))
    assert frame is not None
    for place in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[place // 8] ^= 1 << place % 8
        assert not frames.verify(memoryview(damaged), frame.name), place


def test_every_cut_and_every_extra_byte_is_seen() -> None:
    data = joined(b"head", [b"abc", b"d" * 100])
    frame = frames.parse(memoryview(data))
    assert frame is not None
    for size in range(len(data)):
        assert frames.parse(memoryview(data[:size])) is None
        assert not frames.verify(memoryview(data[:size]), frame.name)
    assert not frames.verify(memoryview(data + b"\0"), frame.name)


def test_a_damaged_top_is_no_frame_and_no_error() -> None:
    data = joined(b"head", [b"abc"])
    dice = random.Random(0)
    for _ in range(3000):
        damaged = bytearray(data)
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(3, 90)] = dice.choice((0, 1, 0x90, 0xC0, 0xFF, dice.randrange(256)))
        if damaged != data:
            frames.parse(memoryview(damaged))
            frames.name_of([memoryview(damaged)], len(damaged))


def test_what_is_not_framed_as_a_whole_has_the_digest_of_all_its_bytes() -> None:
    """So a frame with something behind it can't pass for the frame."""
    framed = joined(b"head", [b"abc"])
    for data in (b"", b"\xc1", b"plain bytes", framed + b"outputs"):
        assert frames.name_of([memoryview(data)] if data else [], len(data)) is None
        assert frames.verify(memoryview(data), digest(data))
        assert not frames.verify(memoryview(data), digest(data + b"x"))
