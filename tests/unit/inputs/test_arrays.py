"""numpy's values."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid.digest import digest
from inviscid.inputs import Encoder

np = pytest.importorskip("numpy")
Encode = Callable[..., bytes]

PADDED = np.dtype([("a", "i1"), ("b", "f8")], align=True)


class Unit(np.ndarray):  # type: ignore[misc,name-defined]
    """An array with an attribute."""

    unit = "m"


def unit(values: Any, name: str) -> Any:
    array = np.asarray(values).view(Unit)
    array.unit = name
    return array


def values() -> list[Any]:
    """Values that are all different."""
    ones = np.ones((2, 3))
    return [
        np.array([1, 2]), np.array([2, 1]), np.array([1, 2], "i4"), np.array([1, 2], ">i8"), np.array([1, 2], "u8"),
        np.array([1.0, 2]), np.array([1, 2], "f4"), np.array([1, 2], "f2"), np.array([1, 2], "g"),
        np.array([1, 2], "G"), np.array([1, 2], "c16"), np.array([True, True]), np.array([1, 2], "M8[ns]"),
        np.array([1, 2], "M8[s]"), np.array([1, 2], "m8[s]"), np.array([[1, 2]]), np.array([[1], [2]]), np.array(1),
        np.array([1]), np.array([]), np.zeros((0, 2)), np.zeros((2, 0)), np.array([0.0]), np.array([-0.0]),
        np.array([np.nan]), ones, np.asfortranarray(ones), np.array(["a", "b"]), np.array(["a", "b"], "U5"),
        np.array([b"a", b"b"]), np.array(["a", "b"], object), np.array([1, 2], object), np.array([1, 2.0], object),
        np.array([[1], [2]], object), np.array([None, (1,)], object), np.zeros(2, "V3"), np.zeros(2, PADDED),
        np.ones(2, PADDED), np.zeros(2, [("a", "i1"), ("b", "f8")]), np.zeros(2, [("a", "i1"), ("c", "f8")]),
        np.zeros(2, [("a", "i1", (2,)), ("b", "f8")]), np.zeros(2, [("a", object)]),
        np.zeros(2, [(("title", "a"), "i1")]), np.zeros(2, [("a", "i1")]), np.zeros(2, [("a", [("b", "i1")])]),
        np.rec.array([(1, 2.0)], dtype=PADDED), np.array([(1, 2.0)], dtype=PADDED), np.zeros(0, "U0"),
        np.zeros(0, PADDED), np.ma.array([1, 2]), np.ma.array([1, 2], mask=[True, False]),
        np.ma.array([1, 2], fill_value=7), np.ma.array([1, 2], hard_mask=True), unit([1, 2], "m"), unit([1, 2], "s"),
        unit([2, 1], "m"), np.int64(1), np.int32(1), np.float64(1), np.float32(1), np.bool_(True), np.str_("a"),
        np.bytes_(b"a"), np.longdouble(1), np.datetime64(1, "s"), np.datetime64(1, "ns"), np.datetime64("NaT", "s"),
        np.timedelta64(1, "s"), np.complex128(1), np.void(b"abc"), np.zeros(1, PADDED)[0], np.ones(1, PADDED)[0], 1,
        1.0, True, "a", b"a", 1 + 0j, [1, 2], np.dtype("f8"), np.dtype("f4"), PADDED, np.float64, np.float32,
        np.ndarray, np.add, np.subtract, np.random.default_rng(1), np.random.default_rng(2), np.random.RandomState(1),
        np.poly1d([1, 2]), np.array(["a", "b"], np.dtypes.StringDType()),
        np.array(["a", None], np.dtypes.StringDType(na_object=None)), np.array(["a", "c"], np.dtypes.StringDType()),
        np.array(["a", np.nan], np.dtypes.StringDType(na_object=np.nan)),
    ]  # fmt: skip


def test_all_of_them_differ(encode: Encode) -> None:
    """Dtype, shape, order, bits and class count."""
    seen: dict[bytes, object] = {}
    for value in values():
        stream = encode(value)
        assert stream not in seen, (value, seen.get(stream))
        seen[stream] = value


def test_all_of_them_survive_a_pickle(encode: Encode) -> None:
    """Also out of band, and read-only."""
    for value in values():
        if getattr(value, "hardmask", False) or isinstance(value, Unit):
            continue  # numpy's pickles forget that a mask is hard, and the attributes of a subclass.
        stream = encode(value)
        # numpy's pickles in one piece make the byte order native.
        if not str(getattr(value, "dtype", "")).startswith(">"):
            assert encode(pickle.loads(pickle.dumps(value))) == stream, value
        buffers: list[Any] = []
        head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        raw = [memoryview(buffer.raw().tobytes()) for buffer in buffers]
        assert encode(pickle.loads(head, buffers=raw)) == stream, value


def test_padding_is_not_read(encode: Encode) -> None:
    """What is between the fields is whatever was in memory."""
    for dtype in (PADDED, np.dtype([("x", "i1"), ("y", PADDED, (2,))], align=True)):
        one = np.zeros(5, dtype)
        two = np.frombuffer(bytearray(b"\xff" * one.nbytes), dtype)
        raw = two.view("u1").reshape(5, -1)
        assert raw.all()
        for name in dtype.names:
            two[name] = one[name]
        if dtype is not PADDED:
            for name in PADDED.names:
                two["y"][name] = 0
        assert raw.any()
        assert encode(one) == encode(two)
        assert encode(one[0]) == encode(two[0])


def test_padding_of_long_doubles_is_not_read(encode: Encode) -> None:
    """Eighty bits sit in sixteen bytes."""
    if np.finfo(np.longdouble).nmant != 63:
        pytest.skip("long doubles have no padding here")
    for dtype in ("g", "G"):
        one = np.array([1, -2], dtype)
        two = one.copy()
        raw = two.view("u1").reshape(-1, 16)
        raw[:, 10:] = 0xAB
        assert (one == two).all()
        assert encode(one) == encode(two)
        assert encode(one[1]) == encode(two[1])
        raw[0, 0] ^= 1
        assert encode(one) != encode(two)


def test_scattered_arrays_are_their_copies(encode: Encode) -> None:
    """What isn't contiguous is written as its C copy."""
    base = np.arange(24.0).reshape(4, 6)
    for view in (
        base[::2],
        base[:, ::2],
        base[::-1],
        base[1:, 1:],
        base.T[::2],
        np.broadcast_to(np.float64(3), (2, 2)),
    ):
        assert encode(view) == encode(np.ascontiguousarray(view))
    assert encode(base.T) != encode(np.ascontiguousarray(base.T))
    assert encode(base.T) == encode(np.asfortranarray(base.T))


def test_no_copy_of_large_arrays() -> None:
    """The hash reads the memory of the array itself."""
    for array in (
        np.zeros(1000),
        np.zeros((10, 100), order="F"),
        np.zeros(1000, "M8[ns]"),
        np.zeros(10, "U5"),
        np.array(1.0),
    ):
        addresses = []

        def content(buffer: Any, addresses: list[int] = addresses) -> bytes:
            addresses.append(np.frombuffer(buffer, "u1").__array_interface__["data"][0])
            return digest(buffer)

        Encoder(lambda target, path: b"", content=content).encode(array, "x")
        assert addresses == [array.__array_interface__["data"][0]]


def test_a_read_only_array_is_the_same(encode: Encode) -> None:
    """Flags about memory are no content."""
    one, two = np.arange(3), np.arange(3)
    two.flags.writeable = False
    assert encode(one) == encode(two)


def test_a_mapped_file_is_an_array(encode: Encode, tmp_path: Path) -> None:
    """What is loaded by mapping is what was computed."""
    np.save(tmp_path / "a.npy", np.arange(3))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert type(mapped) is np.memmap
    assert encode(mapped) == encode(np.arange(3))


def test_no_mask_is_a_mask_of_nothing(encode: Encode) -> None:
    """A pickle makes the one of the other."""
    assert encode(np.ma.array([1, 2])) == encode(np.ma.array([1, 2], mask=[False, False]))


def test_arrays_are_aliased(encode: Encode) -> None:
    """An array can be changed; a scalar can't."""
    one = np.arange(3)
    assert encode([one, one]) != encode([one, one.copy()])
    scalar = np.float64(3)
    assert encode([scalar, scalar]) == encode([scalar, np.float64(3)])


def test_elements_of_object_arrays(encode: Encode) -> None:
    """They are values like any other, cycles and all."""
    shared: list[object] = []
    one = np.array([shared, shared, None], object)
    two = np.array([[], [], None], object)
    assert encode(one) != encode(two)
    one[2] = one
    two[2] = two
    assert encode(one) != encode(two)


def test_the_caller_learns_of_numpy() -> None:
    """The classes are shown to the reference."""
    asked: list[object] = []

    def reference(target: object, path: str) -> bytes:
        asked.append(target)
        return b""

    Encoder(reference).encode([np.arange(3), np.float64(1), unit([1], "m"), np.dtype("f8")], "x")
    assert asked == [np.ndarray, np.float64, Unit, np.dtype]
