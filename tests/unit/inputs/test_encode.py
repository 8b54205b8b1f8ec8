"""The walk: exact types, aliasing, cycles, depth, paths."""

from __future__ import annotations

import copy
import itertools
import math
import struct
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import msgpack
import pytest

from inviscid.digest import digest
from inviscid.errors import UnhashableInput
from inviscid.inputs import Encoder

Encode = Callable[..., bytes]


class One(IntEnum):
    ONE = 1


class Text(str):
    pass


class Thing:
    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


class Equal:
    """Equal to everything, with the same hash as everything."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def name(target: object, path: str) -> bytes:
    return getattr(target, "__qualname__", "?").encode()


DIFFERENT = [
    None, True, False, 0, 1, -1, 1.0, 0.0, -0.0, math.inf, -math.inf, math.nan, One.ONE, 1 + 0j, complex(1, -0.0),
    2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 2**70, -(2**70), 255, 256, "", "1", b"", b"1", Text("1"),
    bytearray(b"1"), memoryview(b"1"), "\ud800", "\udfff", b"\xed\xa0\x80", (), [], {}, set(), frozenset(), (1,), [1],
    {1}, frozenset({1}), {1: 1}, [[]], [()], ((),), ([],), {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": (1, 2)},
    {"a": [1, 2]}, ["a", 1], [["a", 1]], [{"a": 1}], (1, True), (1, 1), range(3), range(0, 3, 2), slice(3),
    slice(0, 3), Ellipsis, NotImplemented, msgpack.ExtType(1, b""), msgpack.ExtType(4, b"\x01"),
    [msgpack.ExtType(1, b""), 1], msgpack.Timestamp(1, 2), Thing(), Thing(a=1), Thing(a=1.0), Thing(b=1),
    {"a": Thing()}, Equal(1), Equal(2),
]  # fmt: skip


def test_values_that_differ_have_different_streams(encode: Encode) -> None:
    """Types, orders, signs and bits: none of them is another."""
    streams = [encode(value) for value in DIFFERENT]
    for first, second in itertools.combinations(range(len(streams)), 2):
        assert streams[first] != streams[second], (DIFFERENT[first], DIFFERENT[second])


def test_copies_have_the_same_stream(encode: Encode) -> None:
    """What a value is doesn't depend on which object it is."""
    for value in DIFFERENT:
        if not isinstance(value, memoryview):
            assert encode(value) == encode(copy.deepcopy(value)), value


def test_nan_by_its_bits(encode: Encode) -> None:
    """A NaN with another payload is another value."""
    other = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_0001))[0]
    assert encode(other) != encode(math.nan)
    assert encode(math.nan) == encode(float("nan"))


def test_a_user_cannot_forge_a_stream(encode: Encode) -> None:
    """A MessagePack extension as a value isn't the mark that it looks like."""
    assert encode([msgpack.ExtType(1, b""), 1]) != encode((1,))


def test_flat_values_are_packed_alone(encode: Encode) -> None:
    """Plain data has the stream that MessagePack gives it: nothing is written around it."""
    for value in (None, 7, "a", [1, "b"], {"a": 1, "b": [2]}):
        assert encode(value) == msgpack.packb(value)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 65535, 65536])
def test_heads_are_those_of_messagepack(encode: Encode, count: int) -> None:
    """What is written piece by piece can be read as a whole."""

    def read(stream: bytes) -> Any:
        return msgpack.unpackb(stream, strict_map_key=False, max_array_len=1 << 20, use_list=False)

    empty = (msgpack.ExtType(1, b""),)
    assert read(encode([()] * count)) == (empty,) * count
    assert read(encode(((),) * count)) == (*empty, *(empty,) * count)
    assert read(encode({place: () for place in range(count)})) == dict.fromkeys(range(count), empty)


def test_aliasing_of_mutable_containers(encode: Encode) -> None:
    """`[a, a]` isn't `[a, copy of a]`."""
    for make in (list, dict, set, bytearray, Thing):
        one = make()
        assert encode([one, one]) != encode([make(), make()]), make
        assert encode([one, one]) == encode(copy.deepcopy([one, one])), make


def test_no_aliasing_of_what_is_immutable(encode: Encode) -> None:
    """Whether strings, tuples and functions are shared changes nothing."""
    for one, other in (
        ("a" * 1000, "".join(["a"] * 1000)),
        ((1, "a"), tuple([1, "a"])),
        (frozenset({1}), frozenset([1])),
        (b"abc", bytes([97, 98, 99])),
        (2**80, int("1208925819614629174706176")),
    ):
        assert one is not other
        assert encode([one, one]) == encode([one, other])
    assert encode([len, len]) == encode([len, abs]).replace(b":abs", b":len")


def test_a_list_in_a_shared_tuple_is_aliased(encode: Encode) -> None:
    """A tuple hides no list."""
    pair = ([],)
    assert encode([pair, pair]) != encode([([],), ([],)])
    assert encode([pair, pair]) == encode([pair, (pair[0],)])


def test_aliasing_across_the_values_of_one_encoder() -> None:
    """`f(a, a)` isn't `f(a, copy of a)`, and what one value holds doesn't move the back references of the next."""

    def streams(*values: object) -> list[bytes]:
        encoder = Encoder(name)
        return [encoder.encode(value, "x") for value in values]

    one: list[int] = [1]
    assert streams(one, one) != streams([1], [1])
    assert streams(one, {"a": one}) != streams([1], {"a": [1]})
    inner: list[int] = []
    assert streams(1, [inner, inner])[1] == streams([[], [], []], [inner, inner])[1]
    assert streams([[], inner], [inner])[1] != streams([inner, []], [inner])[1]
    assert streams(inner, [], inner)[2] == streams(inner, [[], []], inner)[2]


def test_cycles(encode: Encode) -> None:
    """A value may hold itself."""
    one: list[object] = []
    one.append(one)
    two: list[object] = []
    two.append([two])
    assert len({encode(one), encode(two), encode([[]])}) == 3
    thing = Thing()
    thing.me = thing  # type: ignore[attr-defined]
    assert encode(thing) == encode(copy.deepcopy(thing)) != encode(Thing(me=None))
    holder: list[object] = []
    holder.append((holder,))
    assert encode(holder) == encode(copy.deepcopy(holder))


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: (x, 1), lambda x: {"a": x}, lambda x: Thing(x=x)])
def test_no_depth_limit(encode: Encode, wrap: Callable[[object], object]) -> None:
    """A value that is nested a hundred thousand deep has a stream, and the innermost value counts."""

    def deep(value: object) -> object:
        for _ in range(100_000):
            value = wrap(value)
        return value

    assert encode(deep(1)) != encode(deep(2))


def test_sets_that_are_nested_too_deeply(encode: Encode) -> None:
    """Sets are the one thing that recurses, so they end in our error, however deep the caller is."""
    value: object = 1
    for _ in range(5000):
        value = frozenset([value, "a"])
    with pytest.raises(UnhashableInput, match="nested too deeply"):
        encode(value)

    def below(depth: int) -> bytes:
        return below(depth - 1) if depth else encode(frozenset([frozenset([frozenset([1, (2,)]), (1,)]), (3,)]))

    limit = sys.getrecursionlimit()
    outcomes = set()
    for depth in range(limit - 120, limit):
        try:
            outcomes.add(type(below(depth)))
        except UnhashableInput:
            outcomes.add(UnhashableInput)
        except RecursionError:  # The caller itself is too deep.
            break
    assert outcomes == {bytes, UnhashableInput}


def test_a_set_of_instances(encode: Encode) -> None:
    """The order in a set of instances is that of addresses: it must not be seen. What they share must be."""
    for _ in range(20):
        things = [Thing(n=n) for n in range(10)]
        padding = [bytearray(size) for size in range(5)]
        assert encode(set(things)) == encode(set(reversed(things))) == encode({Thing(n=n) for n in range(10)})
        assert encode([set(things), things[3]]) == encode([set(things[::-1]), things[3]])
        del padding
    assert encode([set(things), things[3]]) != encode([set(things), things[4]])
    assert encode([set(things), things[3]]) != encode([set(things), Thing(n=3)])
    shared: list[object] = []
    assert encode({Thing(n=1, s=shared), Thing(n=2, s=shared)}) != encode({Thing(n=1, s=[]), Thing(n=2, s=[])})


def test_a_set_of_equal_instances(encode: Encode) -> None:
    """Where no order can be told, none is pretended."""
    first, second = Thing(), Thing()
    assert encode({first, second}) == encode({Thing(), Thing()}) != encode({first})
    assert encode([{first, second}, first]) == encode([{first, second}, second])


def test_nested_sets_take_no_exponential_time(encode: Encode) -> None:
    """Each level probes once."""
    value: object = Thing(n=0)
    for n in range(40):
        value = frozenset([value, Thing(n=n)])
    assert encode(value)


def test_temporary_objects_are_no_aliases(encode: Encode) -> None:
    """What an instance makes up while it is encoded is kept alive, so that its id isn't used again."""

    class Fresh:
        def __init__(self, n: int) -> None:
            self.n = n

        def __inviscid_key__(self) -> list[object]:
            return [[self.n]]

    values = [Fresh(n) for n in range(200)]
    assert encode(values) == encode([Fresh(n) for n in range(200)])
    assert encode(values) != encode([Fresh(0) for n in range(200)])


def test_paths_lead_to_the_culprit(encode: Encode) -> None:
    """The message names where, what and the cure."""
    culprit = (i for i in ())
    value = Thing(tokenizer=Thing(_stream=culprit))
    with pytest.raises(UnhashableInput) as caught:
        encode(value)
    assert caught.value.path == "argument 'x'.tokenizer._stream"
    for cure in ("ignore=", "identify=", "volatile=", "register", "__inviscid_key__", "generator"):
        assert cure in str(caught.value)

    for value, path in (
        ([1, (culprit,)], "[1][0]"),
        ({"a": 1, "b": [culprit]}, "['b'][0]"),
        ({"a": {(1, 2): culprit}}, "['a'][tuple]"),
        ({(1, culprit): 1}, ".keys()[tuple][1]"),
        ({frozenset([culprit]): 1}, ".keys()[frozenset]"),
    ):
        with pytest.raises(UnhashableInput) as caught:
            encode(value)
        assert caught.value.path == "argument 'x'" + path


def test_a_long_path_is_cut(encode: Encode) -> None:
    """The path to something deep is no message of a megabyte."""
    value: object = (i for i in ())
    for _ in range(100_000):
        value = [value]
    with pytest.raises(UnhashableInput) as caught:
        encode(value)
    assert "…" in caught.value.path
    assert len(caught.value.path) < 200


def test_an_encoder_is_whole_after_an_error() -> None:
    """A value that was refused leaves nothing behind."""
    encoder = Encoder(name)
    shared: list[object] = []
    with pytest.raises(UnhashableInput):
        encoder.encode([shared, Thing(a=(i for i in ()))], "x")
    after = encoder.encode([shared], "x")
    assert after == Encoder(name).encode([shared], "x")


def test_a_list_that_changes_meanwhile(encode: Encode) -> None:
    """What was there when its length was written is what is written."""
    changing: list[object] = []

    class Growing:
        def __inviscid_key__(self) -> object:
            changing.append(1)
            return 0

    changing += [Growing(), (2,)]
    before = [*changing]
    stream = encode(changing)
    assert len(changing) == 3
    assert stream == encode(before)


def test_volatile_attributes_are_left_out(encode: Encode) -> None:
    """By name, wherever they are."""
    assert encode([Thing(a=1, log=1)], volatile=("log",)) == encode([Thing(a=1, log=2)], volatile=("log",))
    assert encode([Thing(a=1, log=1)], volatile=("log",)) == encode([Thing(a=1)])
    assert encode({"log": 1}, volatile=("log",)) != encode({"log": 2}, volatile=("log",))


def test_the_reference_is_asked_once_with_the_path() -> None:
    """Every class that isn't plain is shown to the caller, once."""
    asked: list[tuple[object, str]] = []

    def reference(target: object, path: str) -> bytes:
        asked.append((target, path))
        return name(target, path)

    Encoder(reference).encode([1, Thing(a=Thing()), {"f": len, "t": Equal}, Equal(1), One.ONE], "argument 'x'")
    assert asked == [
        (Thing, "argument 'x'[1]"),
        (len, "argument 'x'[2]['f']"),
        (Equal, "argument 'x'[2]['t']"),
        (One, "argument 'x'[4]"),
    ]


def test_what_the_reference_says_counts() -> None:
    """The same state under another class digest is another value."""
    streams = {Encoder(lambda target, path, n=n: bytes([n])).encode(Thing(), "x") for n in range(3)}  # type: ignore[misc]
    assert len(streams) == 3


def test_the_digest_is_that_of_the_stream(encode: Encode) -> None:
    """`digest` is nothing but the hash of `encode`."""
    assert Encoder(name).digest([1, ()], "x") == digest(Encoder(name).encode([1, ()], "x"))


def test_buffers_go_through_the_content_function() -> None:
    """A caller that knows the digest of some memory is asked for it."""
    seen = []

    def content(buffer: object) -> bytes:
        seen.append(bytes(buffer))  # type: ignore[call-overload]
        return digest(buffer)  # type: ignore[arg-type]

    assert Encoder(name, content=content).encode(bytearray(b"abc"), "x") == Encoder(name).encode(bytearray(b"abc"), "x")
    assert seen == [b"abc"]


def test_a_huge_string_has_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 4 GiB on MessagePack has no length for it; shown here with a smaller limit."""

    def pack(value: object) -> bytes:
        if type(value) in (str, bytes) and len(value) > 10:  # type: ignore[arg-type]
            raise ValueError("too large")
        packed: bytes = msgpack.packb(value)
        return packed

    monkeypatch.setattr("inviscid.inputs.encode._LONGEST", 10)
    encoder = Encoder(name)
    monkeypatch.setattr(encoder, "_pack", pack)
    streams = [encoder.encode(value, "x") for value in ("a" * 20, b"a" * 20, "a" * 21, ["a" * 20])]
    assert len(set(streams)) == 4
    assert max(map(len, streams)) < 60
