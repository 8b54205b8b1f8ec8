"""array/1: plain arrays, loaded without a pickle."""

from __future__ import annotations

from typing import Any

import pytest

from inviscid import frames
from inviscid.codecs import candidates
from inviscid.codecs.array import CODEC
from inviscid.digest import pack
from inviscid.errors import UnstorableResult

np = pytest.importorskip("numpy")


def stored(value: Any) -> memoryview:
    """As it would be in a file."""
    encoded = CODEC.encode(value)
    return memoryview(b"".join(frames.framed(encoded.head, encoded.buffers).chunks()))


def made(dtype: str, shape: list[int], order: str = "C", buffer: bytes = bytes(64)) -> memoryview:
    """Bytes that somebody else wrote."""
    return memoryview(b"".join(frames.framed(memoryview(pack([dtype, shape, order])), [memoryview(buffer)]).chunks()))


@pytest.mark.parametrize("dtype", ["?", "<i4", ">f8", "<c16", "<U3", "|S5", "<M8[D]", "<m8[us]", "<f2"])
def test_what_is_plain_comes_back_as_it_was(dtype: str) -> None:
    array = np.arange(12).astype("i8").astype(dtype).reshape(3, 4)
    for value in (array, np.asfortranarray(array), array[::2, ::-1], array[:0], array[0, 0:1].reshape(())):
        loaded = CODEC.decode(stored(value))
        assert type(loaded) is np.ndarray
        assert (loaded.dtype, loaded.shape) == (value.dtype, value.shape)
        assert loaded.tobytes() == value.tobytes()
        assert not loaded.flags.writeable


@pytest.mark.parametrize(
    "value",
    [
        np.array([1, None], dtype=object),
        np.zeros(3, dtype=[("a", "i4")]),
        np.zeros(3, dtype=np.dtype("i4", metadata={"unit": "m"})),
        np.ma.array([1, 2], mask=[0, 1]),
        np.float64(1.0),
        [1.0],
    ],
    ids=["objects", "records", "metadata", "masked", "scalar", "list"],
)
def test_all_else_is_left_to_pickle(value: object) -> None:
    with pytest.raises(UnstorableResult, match="array/1"):
        CODEC.encode(value)


def test_it_comes_before_pickle() -> None:
    assert [codec.name for codec in candidates(np.zeros(3))] == ["array/1", "pickle/2"]
    assert [codec.name for codec in candidates(np.zeros(3), safe=True)] == ["array/1"]


@pytest.mark.parametrize(
    "data",
    [
        made("|O", [8]),
        made("<f8", [9]),
        made("<f8", [7]),
        made("<f8", [-1]),
        made("<f8,<i4", [1]),
        made("nonsense", [8]),
        made("<f8", [8], "X"),
        memoryview(b""),
        memoryview(b"\x80\x05N."),
    ],
    ids=["objects", "too long", "too short", "negative", "records", "no type", "no order", "nothing", "pickle"],
)
def test_bytes_of_others_are_an_error(data: memoryview) -> None:
    with pytest.raises((ValueError, TypeError)):
        CODEC.decode(data)
