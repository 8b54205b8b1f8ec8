"""plain/1: exact round trips, or none."""

from __future__ import annotations

import math
import struct
from collections import OrderedDict
from enum import IntEnum
from typing import Any

import msgpack
import pytest

from inviscid.codecs import by_name
from inviscid.codecs.plain import CODEC
from inviscid.errors import UnstorableResult


class One(IntEnum):
    ONE = 1


class Text(str):
    pass


def round_trip(value: object) -> object:
    return CODEC.decode(CODEC.encode(value).head)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -1,
        2**63,
        2**64 - 1,
        -(2**63),
        1.0,
        -0.0,
        math.inf,
        "",
        "ä\0",
        b"",
        b"\xff",
        [],
        (),
        {},
        [1, (2, [3, {"a": (None,)}])],
        {(1, (2,)): "b", 1: 2, None: 3, 1.5: 4, b"x": 5},
        {"b": 1, "a": 2},
        ((),),
        [[], []],
        list(range(100_000)),
        [[n] for n in range(9000)],
    ],
)
def test_what_it_takes_comes_back(value: Any) -> None:
    """Types and order included."""
    back = round_trip(value)
    assert repr(back) == repr(value)
    assert back == value


def test_nan_keeps_its_bits() -> None:
    """Also one with a payload."""
    for bits in (0x7FF8000000000000, 0x7FF8000000000001, 0xFFF8000000000000):
        value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        assert struct.pack("<d", round_trip(value)) == struct.pack("<d", value)


SHARED: list[object] = []
CYCLE: list[object] = []
CYCLE.append(CYCLE)
DEEP: object = 1
for _ in range(70):
    DEEP = (DEEP,)


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**63) - 1,
        [2**70],
        "\ud800",
        ["\ud800"],
        bytearray(b"a"),
        memoryview(b"a"),
        {1},
        frozenset(),
        1j,
        One.ONE,
        [One.ONE],
        Text("a"),
        OrderedDict(),
        range(3),
        msgpack.ExtType(1, b"\x90"),
        msgpack.Timestamp(0),
        [SHARED, SHARED],
        {"a": SHARED, "b": [SHARED]},
        (SHARED, (SHARED,)),
        CYCLE,
        DEEP,
        [[n] for n in range(11_000)],
        object(),
        [bytearray()],
        {(1, 2j): 1},
    ],
)
def test_what_would_not_come_back_is_refused(value: object) -> None:
    """And left to the next codec."""
    with pytest.raises(UnstorableResult):
        CODEC.encode(value)


def test_shared_tuples_are_fine() -> None:
    """They are immutable: twice the same is the same twice."""
    pair = (1, "a")
    assert round_trip([pair, pair]) == [pair, pair]


def test_foreign_bytes_are_an_error() -> None:
    """Not a value."""
    for data in (b"", b"\xc1", b"\xc7\x01\x05a", b"\x01\x01", b"\x92\x01"):
        with pytest.raises(ValueError, match=r".*"):
            CODEC.decode(memoryview(data))


def test_it_is_safe() -> None:
    """It says so, and is found by its name."""
    assert CODEC.safe
    assert by_name("plain/1") is CODEC
    assert CODEC.encode([1]).classes == {}
