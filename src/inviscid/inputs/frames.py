"""pandas: frames, series and indexes by dtype and content; nothing here imports pandas, it is there when it is needed.

    column   = COLUMN "numpy" dtype length digest                   also dates without a time zone, which are M8
             | COLUMN "object" length ELEMENTS
             | COLUMN "string" missing length digest                digest of the packed list; nil where one is missing
             | COLUMN "string" missing length ELEMENTS              where it can't be packed
             | COLUMN "masked" class dtype length digest digest     of the values, 0 where one is missing; of the mask
             | COLUMN "zoned" unit zone length digest
             | COLUMN "period" freq length digest
             | COLUMN "categorical" codes categories ordered
             | COLUMN "interval" closed left right
             | COLUMN "sparse" fill values places
             | COLUMN "arrow" dtype ELEMENTS
             | COLUMN "other" instance                              an extension array of somebody else
    missing  = "nan" | "NA"

How pandas lays columns out in blocks, and whether strings are kept by Python or by Arrow, is left out: two frames that
are equal in values, dtypes, labels, names, attrs and flags are written alike, and so is one that was pickled.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from ..digest import pack
from . import arrays, objects, tags
from .parts import INDEXES, Context, Node, Rule


def _frame(context: Context, value: Any) -> Node:
    iterate = getattr(value, "_iter_column_arrays", None)
    # The way without private names makes a series for each column: right, but slow.
    columns: Iterable[Any] = iterate() if iterate else (value.iloc[:, i].array for i in range(value.shape[1]))
    nodes = [_column(context, column) for column in columns]
    labels = ("", ".columns", ".index", "", ".attrs", "")
    head = [
        context.refer(type(value)),
        value.columns,
        value.index,
        value.flags.allows_duplicate_labels,
        {**value.attrs},
        _metadata(context, value),
    ]
    return Node(tags.FRAME, head + nodes, labels + tuple(f".iloc[:, {place}]" for place in range(len(nodes))))


def _series(context: Context, value: Any) -> Node:
    head = [
        context.refer(type(value)),
        value.name,
        value.index,
        value.flags.allows_duplicate_labels,
        {**value.attrs},
        _metadata(context, value),
        _column(context, value.array),
    ]
    return Node(tags.SERIES, head, ("", ".name", ".index", "", ".attrs", "", ""))


def _metadata(context: Context, value: Any) -> Node:
    """What a subclass keeps beside the data."""
    # The documented way for subclasses to name what they keep.
    kept = value._metadata  # noqa: SLF001  documented, in spite of its name
    names = [name for name in kept if name not in ("name", "_name") and hasattr(value, name)]
    return objects.named(context, {name: getattr(value, name) for name in names})


def _index(context: Context, value: Any) -> Node:
    freq = getattr(value, "freqstr", None)
    head = [context.refer(type(value)), tuple(value.names), freq]
    return Node(tags.INDEX, [*head, _column(context, value.array)], ("", ".names", "", ""))


def _range_index(context: Context, value: Any) -> Node:
    head = [context.refer(type(value)), tuple(value.names)]
    return Node(tags.RANGE_INDEX, [*head, value.start, value.stop, value.step])


def _multi_index(context: Context, value: Any) -> Node:
    codes = [_column(context, codes) for codes in value.codes]
    head = [context.refer(type(value)), tuple(value.names), value.sortorder, tuple(value.levels)]
    return Node(tags.MULTI_INDEX, head + codes, ("", ".names", "", ".levels"))


def _extension(context: Context, value: Any) -> Node:
    return Node(tags.SUBCLASS, [context.refer(type(value)), _column(context, value)])


def _column(context: Context, value: Any) -> Node:
    """The node of a one-dimensional array, numpy's or pandas'."""
    import numpy as np

    kind = type(value).__name__
    if kind == "NumpyExtensionArray":
        value = value.to_numpy()
    if isinstance(value, np.ndarray):
        return _numpy(context, np.asarray(value))
    if type(value).__module__.partition(".")[0] != "pandas":
        return _other(context, value)
    dtype = value.dtype
    if kind in ("DatetimeArray", "TimedeltaArray"):
        if isinstance(dtype, np.dtype):
            return _numpy(context, value.asi8.view(dtype))
        return _column_of(context, value.asi8, "zoned", dtype.unit, dtype.tz)
    if kind == "PeriodArray":
        return _column_of(context, value.asi8, "period", value.freqstr)
    if kind == "Categorical":
        codes = _numpy(context, np.asarray(value.codes))
        return Node(tags.COLUMN, ["categorical", codes, value.categories, value.ordered])
    if kind == "IntervalArray":
        return Node(tags.COLUMN, ["interval", value.closed, value.left, value.right])
    if kind == "SparseArray":
        return Node(tags.COLUMN, ["sparse", value.fill_value, value.sp_values, value.sp_index.to_int_index().indices])
    if isinstance(dtype, sys.modules["pandas"].StringDtype):
        return _strings(context, value)
    if hasattr(value, "_mask") and hasattr(value, "_data"):
        return _masked(context, value)
    if hasattr(dtype, "pyarrow_dtype"):
        missing = _na()
        children = [None if item is missing else item for item in value.to_numpy(object, na_value=missing).tolist()]
        return Node(tags.COLUMN, ["arrow", str(dtype.pyarrow_dtype), Node(tags.ELEMENTS, children, INDEXES)])
    return _other(context, value)


def _column_of(context: Context, values: Any, *head: object) -> Node:
    return Node(tags.COLUMN, [*head, len(values), arrays.content(context, values)])


def _numpy(context: Context, value: Any) -> Node:
    if value.dtype.hasobject:
        # Packed where the walk comes to it: in one piece, where all elements are plain.
        return Node(tags.COLUMN, ["object", len(value), Node(tags.ELEMENTS, value.tolist(), INDEXES)])
    return _column_of(context, value, "numpy", arrays.dtype(context, value.dtype))


def _na() -> object:
    return sys.modules["pandas"].NA


def _strings(context: Context, value: Any) -> Node:
    missing = "NA" if value.dtype.na_value is _na() else "nan"
    texts = value.to_numpy(object, na_value=None).tolist()
    try:
        packed = pack(texts)
    except (TypeError, ValueError):  # A subclass of str, or a surrogate.
        return Node(tags.COLUMN, ["string", missing, len(texts), Node(tags.ELEMENTS, texts, INDEXES)])
    return Node(tags.COLUMN, ["string", missing, len(texts), context.content(packed)])


def _masked(context: Context, value: Any) -> Node:
    # Public ways to these copy, and convert what is missing.
    values, missing = value._data, value._mask  # noqa: SLF001  see above
    if missing.any():
        values = values.copy()
        values[missing] = 0
    dtype = arrays.dtype(context, values.dtype)
    content = [arrays.content(context, values), arrays.content(context, missing)]
    return Node(tags.COLUMN, ["masked", context.refer(type(value)), dtype, len(values), *content])


def _other(context: Context, value: Any) -> Node:
    """An extension array of somebody else."""
    return Node(tags.COLUMN, ["other", objects.reduced(context, value)], ("", ""))


FAMILIES: dict[type | str, Rule] = {
    "pandas:DataFrame": Rule(_frame, tracked=True),
    "pandas:Series": Rule(_series, tracked=True),
    "pandas:RangeIndex": Rule(_range_index),
    "pandas:MultiIndex": Rule(_multi_index),
    "pandas:Index": Rule(_index),
    "pandas.api.extensions:ExtensionArray": Rule(_extension, tracked=True),
}
