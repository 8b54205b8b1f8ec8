"""Tricks that change what came out of the store without anybody's writing into its buffers.

Each must raise, or give another key. An array that is equal and fresh must have the key of the one that was loaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np


def _shape(array: Any) -> None:
    array.shape = (2, -1)


def _dtype(array: Any) -> None:
    array.dtype = np.dtype("int64")


def _strides(array: Any) -> None:
    array.strides = (0,)


def _writeable(array: Any) -> None:
    array.flags.writeable = True
    array[array.size // 2] += 1


def _element(array: Any) -> None:
    array[array.size // 2] += 1


def _view(array: Any) -> None:
    view = array.view()
    view.flags.writeable = True
    view[array.size // 2] += 1


def _column(frame: Any) -> None:
    frame["b"] = 0.0


def _new_column(frame: Any) -> None:
    frame["x"] = 0


def _index(frame: Any) -> None:
    frame.index = frame.index[::-1]


def _columns(frame: Any) -> None:
    frame.columns = ["a", "c", "b"]


def _cell(frame: Any) -> None:
    frame.iloc[len(frame) // 2, 1] = -1.0


def _values(frame: Any) -> None:
    values = frame["b"].to_numpy()
    values.flags.writeable = True
    values[len(values) // 2] = -1.0


ON_ARRAYS = {
    "shape =": _shape,
    "dtype =": _dtype,
    "strides =": _strides,
    "flags.writeable = True": _writeable,
    "a[i] =": _element,
    "flags.writeable of a view": _view,
}
ON_FRAMES = {
    "d[column] =": _column,
    "a new column": _new_column,
    "index =": _index,
    "columns =": _columns,
    "iloc[i, j] =": _cell,
    "flags.writeable of a column": _values,
}


def unrefused(
    load: Callable[[], Any], key: Callable[[Any], str], tricks: dict[str, Callable[[Any], None]], fresh: Any
) -> list[str]:
    """The tricks that give something else under the same key; and whether fresh and loaded have different ones.

    Args:
        load: takes the value out of the store, anew each time.
        key: the key of a call with the value.
        tricks: by their names.
        fresh: an equal value that never was in a store.
    """
    before = key(load())
    found = [] if key(fresh) == before else ["an equal value has another key"]
    for name, trick in tricks.items():
        value = load()
        key(value)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # newer versions discourage what is tried here
                trick(value)
        except (ValueError, TypeError, AttributeError, RuntimeError):
            pass
        else:
            if key(value) == before:
                found.append(name)
        if key(load()) != before:
            found.append(f"{name}, in what is loaded next")
    return found
