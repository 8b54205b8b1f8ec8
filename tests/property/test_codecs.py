"""What a codec takes comes back as it was: by type, order, bits and sharing."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inviscid import frames
from inviscid.codecs import by_name, candidates
from inviscid.errors import UnstorableResult
from inviscid.inputs import Encoder


def reference(target: object, path: str) -> bytes:
    return getattr(target, "__qualname__", "?").encode()


def digest(value: object) -> bytes:
    return Encoder(reference).digest(value, "x")


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(), max_size=5)
    | st.binary(max_size=5)
)
hashable = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
nested = st.recursive(
    hashable | st.complex_numbers() | st.frozensets(hashable, max_size=2),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(hashable, inner, max_size=4)
        | inner.map(lambda value: [value, value])
    ),
    max_leaves=15,
)


def whole(encoded: Any) -> memoryview:
    """What the store would keep."""
    if not encoded.buffers:
        return memoryview(bytes(encoded.head))
    return memoryview(b"".join(frames.framed(encoded.head, encoded.buffers).chunks()))


@given(nested)
def test_every_candidate_gives_back_what_it_took(value: object) -> None:
    """Or says beforehand that it can't; one of them always can."""
    kept = 0
    for codec in candidates(value):
        try:
            data = whole(codec.encode(value))
        except UnstorableResult:
            continue
        kept += 1
        found = by_name(codec.name)
        assert found is not None
        assert digest(found.decode(data)) == digest(value)
    assert kept


@given(st.binary(max_size=200), st.lists(st.binary(max_size=200), max_size=6))
def test_frames(head: bytes, buffers: list[bytes]) -> None:
    """Head and buffers, whatever their sizes are."""
    framed = frames.framed(memoryview(head), [memoryview(buffer) for buffer in buffers])
    data = memoryview(b"".join(framed.chunks()))
    found = frames.parse(data)
    assert found is not None
    assert (bytes(found.head), [bytes(view) for view in found.buffers]) == (head, buffers)
    assert frames.verify(data, framed.name)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_error_or_a_value(data: bytes) -> None:
    """Nothing else comes of a safe codec, and a frame is none, whatever they are given."""
    plain: Any = by_name("plain/1")
    try:
        plain.decode(memoryview(data))
    except (ValueError, TypeError):
        pass
    with pytest.raises(ValueError, match="damaged"):
        by_name("array/1").decode(memoryview(data))
    assert frames.parse(memoryview(data)) is None
    assert frames.parse(memoryview(b"\xc1F\x01" + data)) is None


@given(st.data())
def test_arrays_and_frames(data: st.DataObject) -> None:
    """Through the codec, through numpy's own pickles, and as views of what is stored."""
    np = pytest.importorskip("numpy")
    dtypes = ["i1", "i8", "u4", "f4", "f8", "c16", "?", "M8[s]", "m8[ns]", "U3", "S2", "O", [("a", "i1"), ("b", "f8")]]
    dtype = np.dtype(data.draw(st.sampled_from(dtypes)))
    shape = data.draw(st.lists(st.integers(0, 3), max_size=3))
    items = data.draw(st.lists(st.integers(0, 9), min_size=27, max_size=27))
    array = np.array(items).astype("O" if dtype.kind == "O" else dtype) if dtype.names is None else np.zeros(27, dtype)
    if dtype.names is not None:
        array["a"] = items
    size = int(np.prod(shape)) if shape else 1
    array = array[:size].reshape(shape)
    if data.draw(st.booleans()):
        array = array.T
    if array.ndim and data.draw(st.booleans()):
        array = array[::-1]
    codec: Any = by_name("pickle/2")
    back = codec.decode(whole(codec.encode([array, array])))
    assert digest(back) == digest([array, array]) == digest(pickle.loads(pickle.dumps([array, array], 5)))
    assert back[0].flags.writeable == (dtype.kind == "O")
    alone = by_name("array/1")
    if dtype.kind in "OV":
        with pytest.raises(UnstorableResult):
            alone.encode(array)
        return
    loaded: Any = alone.decode(whole(alone.encode(array)))
    assert digest(loaded) == digest(array)
    assert (loaded.dtype, loaded.shape, loaded.flags.writeable) == (array.dtype, array.shape, False)
