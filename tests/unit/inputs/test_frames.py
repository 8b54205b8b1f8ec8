"""pandas' values."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
Encode = Callable[..., bytes]

DAYS = pd.date_range("2020-01-01", periods=3, freq="D", unit="ns")


class Survey(pd.DataFrame):  # type: ignore[misc,name-defined]
    """A frame with metadata."""

    _metadata = ["origin"]  # noqa: RUF012

    @property
    def _constructor(self) -> Any:
        return Survey


def survey(origin: str) -> Any:
    frame = Survey({"a": [1]})
    frame.origin = origin
    return frame


def objects(items: list[Any]) -> Any:
    """A column of objects, which pandas doesn't make one of strings."""
    return pd.Series(items, dtype=object)


def columns() -> list[Any]:
    """Columns that are all different."""
    return [
        [1, 2, 3], [1.0, 2, 3], [1.0, 2, np.nan], [True, False, True], ["a", "b", "c"], ["a", "b", None],
        ["a", "b", "d"], objects(["a", "b", "c"]), objects(["a", "b", None]), objects(["a", "b", np.nan]),
        objects(["a", "b", pd.NA]), objects([1, "b", (1,)]), objects([[1], {}, None]), np.array([1, 2, 3], "i4"),
        np.array([1, 2, 3], "f4"), DAYS, DAYS.as_unit("s"), DAYS.tz_localize("UTC"), DAYS.tz_localize("Europe/Berlin"),
        DAYS.to_period("D"), DAYS.to_period("M"), DAYS - DAYS[0], pd.Categorical(["a", "b", "a"]),
        pd.Categorical(["a", "b", None]), pd.Categorical(["a", "b", "a"], ["b", "a"]),
        pd.Categorical(["a", "b", "a"], ordered=True), pd.Categorical(["a", "b", "a"], ["a", "b", "c"]),
        pd.array([1, 2, 3], "Int64"), pd.array([1, 2, None], "Int64"), pd.array([1, 2, 3], "Int32"),
        pd.array([1, 2, 0], "Int64"), pd.array([1, 2, 3], "Float64"), pd.array([True, False, None], "boolean"),
        pd.array([True, False, False], "boolean"), pd.array(["a", "b", "c"], "string"),
        pd.array(["a", "b", None], "string"), pd.interval_range(0, 3), pd.interval_range(0, 3, closed="left"),
        pd.array([0, 0, 1], "Sparse[int64]"), pd.array([0, 1, 0], "Sparse[int64]"),
        pd.arrays.SparseArray([0, 0, 1], fill_value=1),
    ]  # fmt: skip


def values() -> list[Any]:
    """Values that are all different, made anew."""
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    attrs, flags = frame.copy(), frame.set_flags(allows_duplicate_labels=False)
    attrs.attrs["source"] = "x"
    multi = pd.MultiIndex.from_product([[1, 2], ["a", "b"]], names=["x", None])
    return [
        frame, frame[["b", "a"]], frame.rename(columns={"a": "c"}), frame.set_axis([1, 2]), frame.set_axis(["1", "2"]),
        frame.rename_axis("i"), frame.rename_axis(columns="i"), frame.astype("i4"), frame.astype(float), attrs, flags,
        frame.iloc[:1], frame[["a"]], frame["a"], frame["a"].rename("b"), frame["a"].rename(None),
        frame["a"].to_numpy(), frame.set_axis([[1, 2], [3, 4]]), pd.DataFrame(), pd.DataFrame(index=[0, 1]),
        pd.DataFrame(columns=["a"]), pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
        pd.DataFrame([[1, 2], [3, 4]], columns=["a", ("b", 1)]),
        pd.DataFrame({"a": pd.Series([1, 2], index=pd.Index([0, 1]))}), survey("x"), survey("y"), pd.RangeIndex(2),
        pd.RangeIndex(0, 2, 2), pd.Index([0, 1]), pd.Index([0, 1], name="a"), pd.Index(["a", "b"]),
        pd.Index(["a", "b"], dtype=object), pd.Index([0.0, 1]), DAYS, DAYS.tz_localize("UTC"), DAYS[[0, 1, 2]], multi,
        multi.set_names(["y", None]), multi[[1, 0, 2, 3]], multi[[0, 1]], pd.CategoricalIndex(["a"]),
        pd.IntervalIndex.from_breaks([1, 2]), pd.PeriodIndex(["2020-01"], freq="M"), pd.TimedeltaIndex(["1s"]),
        pd.Series([], dtype=object), pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-01", tz="UTC"),
        pd.Timestamp("2020-01-01").as_unit("ns"), pd.Timedelta("1s"), pd.Timedelta("1s").as_unit("ns"), pd.NaT, pd.NA,
        pd.Period("2020-01", "M"), pd.Period("2020-01-01", "D"), pd.Interval(0, 1), pd.Interval(0, 1, closed="left"),
        pd.offsets.Day(1), pd.offsets.Day(2), pd.offsets.MonthEnd(), pd.CategoricalDtype(["a"]),
        pd.CategoricalDtype(["a"], ordered=True), pd.DatetimeTZDtype("ns", "UTC"), pd.array([1, 2]),
        pd.array([1, 2], "Int32"), *(pd.DataFrame({"a": column}) for column in columns()),
    ]  # fmt: skip


def test_all_of_them_differ(encode: Encode) -> None:
    """Values, dtypes, labels, names, attrs, flags, frequencies and kinds of missing values count."""
    seen: dict[bytes, object] = {}
    for value, again in zip(values(), values(), strict=True):
        stream = encode(value)
        assert stream == encode(again), value
        assert stream not in seen, (value, seen.get(stream))
        seen[stream] = value


def test_all_of_them_survive_a_pickle(encode: Encode) -> None:
    """What comes back has the stream of what went in; so has a copy."""
    for value in values():
        assert encode(pickle.loads(pickle.dumps(value))) == encode(value), value
        if hasattr(value, "copy"):
            assert encode(value.copy()) == encode(value)


def test_how_columns_are_laid_out_does_not_matter(encode: Encode) -> None:
    """In one block, in one for each, or in one that is stored the other way round."""
    whole = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list("abc"))
    parts = pd.DataFrame({name: np.arange(12.0).reshape(4, 3)[:, place].copy() for place, name in enumerate("abc")})
    grown = whole[["a"]].copy()
    for name in "bc":
        grown[name] = whole[name]
    fortran = pd.DataFrame(np.asfortranarray(whole.to_numpy()), columns=list("abc"))
    assert len({encode(frame) for frame in (whole, parts, grown, fortran, whole.iloc[::-1].iloc[::-1])}) == 1


def test_where_strings_are_kept_does_not_matter(encode: Encode) -> None:
    """By Python or by Arrow: equal values of an equal dtype are written alike."""
    pytest.importorskip("pyarrow")
    for missing in (np.nan, pd.NA):
        one = pd.Series(["a", None, "ä\0"], dtype=pd.StringDtype("python", na_value=missing))
        two = one.astype(pd.StringDtype("pyarrow", na_value=missing))
        assert encode(one) == encode(two)
        assert encode(one.iloc[::-1]) == encode(two.iloc[::-1]) != encode(one)


def test_arrow_columns(encode: Encode) -> None:
    """By type and values, whatever the chunks are."""
    pa = pytest.importorskip("pyarrow")
    kinds = [
        pa.int64(),
        pa.int32(),
        pa.float64(),
        pa.timestamp("s"),
        pa.timestamp("ns"),
        pa.list_(pa.int64()),
        pa.string(),
    ]
    items = [[1, None, 3]] * 5 + [[[1], None, [3]], ["1", None, "3"]]
    series = [pd.Series(item, dtype=pd.ArrowDtype(kind)) for item, kind in zip(items, kinds, strict=True)]
    assert len({encode(one) for one in series}) == len(kinds)
    for one in series:
        chunked = pd.concat([one.iloc[:1], one.iloc[1:]])
        assert encode(chunked) == encode(one) == encode(pickle.loads(pickle.dumps(one)))


def test_what_is_under_a_mask_is_not_read(encode: Encode) -> None:
    """A missing value has no value."""
    one = pd.arrays.IntegerArray(np.array([1, 7]), np.array([False, True]))
    two = pd.arrays.IntegerArray(np.array([1, 8]), np.array([False, True]))
    assert encode(one) == encode(two)
    assert one._data[1] == 7


def test_strings_that_cannot_be_packed(encode: Encode) -> None:
    """A surrogate, or a subclass of str, is written element by element."""

    class Text(str):
        pass

    for odd in ("\ud800", Text("a")):
        one = objects([odd, "b"])
        assert encode(one) == encode(one.copy()) != encode(objects(["a", "b"]))
    python = pd.Series(["\ud800", "b"], dtype=pd.StringDtype("python"))
    assert encode(python) == encode(python.copy()) != encode(pd.Series(["a", "b"], dtype=pd.StringDtype("python")))


def test_sharing_in_cells_is_seen(encode: Encode) -> None:
    """A list in a cell is a list."""
    shared: list[int] = []
    assert encode(pd.DataFrame({"a": [shared, shared]})) != encode(pd.DataFrame({"a": [[], []]}))
    frame = pd.DataFrame({"a": [1]})
    assert encode([frame, frame]) != encode([frame, frame.copy()])
    assert encode([frame.index, frame.index]) == encode([frame.index, frame.index.copy()])


def test_paths_lead_into_cells(encode: Encode) -> None:
    """By column and row."""
    frame = pd.DataFrame({"a": [1, 2], "b": pd.Series([1, (i for i in ())], dtype=object)})
    with pytest.raises(TypeError) as caught:
        encode(frame)
    assert caught.value.path == "argument 'x'.iloc[:, 1][1]"  # type: ignore[attr-defined]


class Foreign(pd.arrays.NumpyExtensionArray):  # type: ignore[misc,name-defined]
    """An extension array of another package."""


def test_extension_arrays_of_others(encode: Encode) -> None:
    """By what pickle would take of them."""
    one, two = Foreign(np.array([1, 2])), Foreign(np.array([1, 3]))
    assert encode(one) == encode(Foreign(np.array([1, 2]))) != encode(two)
    assert encode(pd.Index(one)) != encode(pd.Index(two))


def test_without_the_private_way_to_the_columns(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pandas that has no `_iter_column_arrays` gives the same."""
    frame = pd.DataFrame({str(place): column for place, column in enumerate(columns())})
    before = encode(frame)
    monkeypatch.setattr(pd.DataFrame, "_iter_column_arrays", None)
    assert encode(frame) == before
