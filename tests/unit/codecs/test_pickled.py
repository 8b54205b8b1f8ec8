"""pickle/2: buffers beside the pickle, and the classes that it will look up."""

from __future__ import annotations

import collections
import enum
import functools
import logging
import mmap
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inviscid.codecs import by_name, candidates, classes_of
from inviscid.codecs.pickled import CODEC
from inviscid.errors import UnstorableResult
from inviscid.frames import framed


@dataclass
class Point:
    x: Any
    y: Any = None

    class Inner:
        pass


class Color(enum.Enum):
    RED = 1


class Raising:
    def __getstate__(self) -> object:
        raise RuntimeError("not today")


Pair = collections.namedtuple("Pair", "a b")


def helper(x: int) -> int:
    return x


def stored(value: object) -> memoryview:
    encoded = CODEC.encode(value)
    if not encoded.buffers:
        return memoryview(bytes(encoded.head))
    return memoryview(b"".join(framed(encoded.head, encoded.buffers).chunks()))


def round_trip(value: object) -> Any:
    return CODEC.decode(stored(value))


def test_round_trips() -> None:
    """Instances, sharing, cycles."""
    shared: list[object] = []
    back = round_trip([Point(shared, shared), Color.RED, Pair(1, {2}), logging.getLogger("a"), 2**70, 1j, "\ud800"])
    assert back[1:] == [Color.RED, Pair(1, {2}), logging.getLogger("a"), 2**70, 1j, "\ud800"]
    assert back[0].x is back[0].y
    cycle = Point(1)
    cycle.y = cycle
    again = round_trip(cycle)
    assert again.y is again


def test_what_pickle_cannot_take() -> None:
    """The reason is in the message."""

    class Local:
        pass

    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (Local(), lambda: 1, threading.Lock(), (i for i in ()), Raising(), deep):
        with pytest.raises(UnstorableResult, match="can't be pickled") as caught:
            CODEC.encode(value)
        assert caught.value.__cause__ is not None


def test_the_classes_that_decoding_looks_up() -> None:
    """The user's classes and functions, not the standard library's."""
    value = [
        Point(Point.Inner()),
        Color.RED,
        Pair(1, 2),
        helper,
        functools.partial(helper),
        collections.OrderedDict(),
        int,
        len,
    ]
    found = CODEC.encode(value).classes
    names = ("Point", "Point.Inner", "Color", "Pair", "helper")
    assert found == {f"{__name__}:{name}": functools.reduce(getattr, name.split("."), globals_()) for name in names}
    assert classes_of(value) == [Point, Point.Inner, Color, Pair]
    assert classes_of([1, (2,)]) == []


def globals_() -> Any:
    import sys

    return sys.modules[__name__]


def test_classes_of_what_cannot_be_kept() -> None:
    """No codec, no classes."""
    with pytest.raises(UnstorableResult, match="No codec"):
        classes_of(lambda: 1)


def test_candidates_and_names() -> None:
    """Plain first where it can be; every codec is found by its name."""
    assert [codec.name for codec in candidates([1])] == ["plain/1", "pickle/2"]
    assert [codec.name for codec in candidates({1})] == ["pickle/2"]
    assert list(candidates({1}, safe=True)) == []
    for name in ("plain/1", "array/1", "pickle/2"):
        assert by_name(name).name == name
    assert not CODEC.safe
    for name in ("pickle/1", "plain", "", "arrow/1"):
        with pytest.raises(LookupError, match="has no codec"):
            by_name(name)


def test_a_safe_store_asks_for_safe_codecs_only() -> None:
    """Also where the other one was loaded before."""
    assert by_name("pickle/2") is CODEC
    with pytest.raises(LookupError, match="a safe store doesn't load"):
        by_name("pickle/2", safe=True)
    assert by_name("plain/1", safe=True).safe
    assert by_name("array/1", safe=True).safe


def test_damaged_bytes_are_an_error() -> None:
    """Whatever it is; never a value."""
    data = bytes(stored([Point(1)]))
    for size in range(len(data)):
        with pytest.raises(Exception):  # noqa: B017
            CODEC.decode(memoryview(data[:size]))


def arrays() -> list[Any]:
    np = pytest.importorskip("numpy")
    return [
        np.arange(5), np.array(1.0), np.arange(10)[::2], np.zeros((4, 6), order="F"), np.zeros((4, 6))[::2, ::3],
        np.arange(24).reshape(4, 6).T, np.array(["2020", "NaT"], "M8[ns]"), np.array([1, 2], "m8[s]"),
        np.zeros((2, 3), "M8[D]", order="F"), np.array(["a", "bb"]), np.zeros(2, [("a", "i1"), ("b", "M8[s]")]),
        np.zeros((2, 2), "g"), np.zeros((0, 3)), np.zeros(0, "M8[s]"), np.zeros(4, ">f8")[::2],
    ]  # fmt: skip


def test_arrays_come_back_as_read_only_views() -> None:
    """Small or large, dates and what isn't contiguous included: all are views of the stored bytes."""
    np = pytest.importorskip("numpy")
    for value in arrays():
        data = stored([value, value])
        back, same = CODEC.decode(data)
        assert back is same
        assert back.dtype == value.dtype
        assert back.shape == value.shape
        assert (back == value).all() or value.dtype.kind == "M"
        assert back.tobytes() == value.tobytes()
        assert back.flags.f_contiguous == (value.flags.f_contiguous or np.ascontiguousarray(value).flags.f_contiguous)
        assert not back.flags.writeable
        if back.nbytes:
            assert np.shares_memory(back, np.frombuffer(data, "u1")), value
        with pytest.raises(ValueError, match="read-only|WRITEABLE"):
            back.flags.writeable = True


def test_arrays_that_stay_in_the_pickle() -> None:
    """Objects, and what has no bytes."""
    np = pytest.importorskip("numpy")
    back = round_trip(np.array([1, "a", None], object))
    assert back.tolist() == [1, "a", None]
    nothing = np.zeros(2, np.dtype([]))
    assert round_trip(nothing).shape == (2,)
    assert round_trip(nothing).dtype == nothing.dtype


def test_arrays_are_not_copied_when_they_are_encoded() -> None:
    """The buffers are the memory of the arrays."""
    np = pytest.importorskip("numpy")
    for value in (np.zeros(1000), np.zeros(1000, "M8[s]"), np.zeros((10, 100), order="F")):
        (buffer,) = CODEC.encode({"a": value}).buffers
        assert np.shares_memory(np.frombuffer(buffer, "u1"), value)


def test_mapped_files(tmp_path: Path) -> None:
    """An object that is mapped stays mapped as long as an array needs it; a memmap comes back as an array."""
    np = pytest.importorskip("numpy")
    (tmp_path / "object").write_bytes(stored({"a": np.arange(1000), "n": 1}))
    with (tmp_path / "object").open("rb") as stream:
        data = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    back: Any = CODEC.decode(data)
    del data
    assert back["a"].sum() == 499500
    assert back["a"].ctypes.data % 64 == 0
    np.save(tmp_path / "a.npy", np.arange(3))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert type(round_trip(mapped)) is np.ndarray
    assert not round_trip(mapped).flags.writeable


def test_frames_can_be_assigned_to() -> None:
    """A loaded frame works like any other, and what is stored stays as it was."""
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    if int(pd.__version__.split(".")[0]) < 3:
        pytest.skip("copy on write came with pandas 3")
    frame = pd.DataFrame({
        "i": np.arange(4), "f": np.arange(4.0), "s": list("abcd"), "t": pd.date_range("2020", periods=4),
        "c": pd.Categorical(list("aabb")), "m": pd.array([1, 2, None, 4], dtype="Int64"),
        "z": pd.date_range("2020", periods=4, tz="UTC"),
    })  # fmt: skip
    data = stored(frame)
    before = bytes(data)

    def mask(d: Any) -> None:
        d.loc[d.f > 1, "f"] = 0.0

    def cells(d: Any) -> None:
        for name in d.columns:
            d.loc[0, name] = d.loc[3, name]

    def scalars(d: Any) -> None:
        d.iloc[0, 0] = 9
        d.at[1, "i"] = 9
        d.iat[2, 0] = 9

    def series(d: Any) -> None:
        one = d["f"]
        del d
        one.iloc[0] = 7
        one += 1

    def update(d: Any) -> None:
        d.update(pd.DataFrame({"i": [9]}))

    def whole(d: Any) -> None:
        d["i"] = 0
        d.loc[:, "f"] = 1.0
        d[["i", "f"]] += 1
        d.fillna({"m": 0}, inplace=True)

    for change in (mask, cells, scalars, series, update, whole):
        loaded: Any = CODEC.decode(data)
        mine = frame.copy()
        change(loaded)
        change(mine)
        pd.testing.assert_frame_equal(loaded, mine)
        assert bytes(data) == before
    one = round_trip(frame["i"])
    one.iloc[0] = 5
    assert one.iloc[0] == 5


def test_frames_share_their_memory_with_the_store() -> None:
    """They are read from where they are."""
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    data = stored(pd.DataFrame({"a": np.arange(100.0), "t": pd.date_range("2020", periods=100)}))
    back: Any = CODEC.decode(data)
    for name in ("a", "t"):
        assert np.shares_memory(back[name].to_numpy(), np.frombuffer(data, "u1"))


def test_a_frame_with_a_pickle_of_its_own() -> None:
    """What a subclass does about pickling is left to it."""
    pd = pytest.importorskip("pandas")
    value = odd_frame([1])
    back = round_trip(value)
    assert type(back) is pd.DataFrame
    assert list(back.columns) == ["restored"]


def odd_frame(values: list[int]) -> Any:
    import pandas as pd

    class Odd(pd.DataFrame):  # type: ignore[misc]
        def __reduce__(self) -> Any:
            return restored, (list(self["a"]),)

        def __reduce_ex__(self, protocol: Any) -> Any:
            return self.__reduce__()

    return Odd({"a": values})


def restored(values: list[int]) -> Any:
    import pandas as pd

    return pd.DataFrame({"restored": values})
