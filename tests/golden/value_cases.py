"""The values whose digests are golden. As a script it prints them as JSON: `python value_cases.py plain numpy`.

References are names alone, so that what is pinned here is the stream and nothing else.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import json
import logging
import math
import pathlib
import re
import sys
import threading
import types
import typing
import uuid
import zoneinfo
from typing import Any

from inviscid.inputs import Encoder


class Plain:
    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


@dataclasses.dataclass
class Point:
    x: float
    y: float


class Slots:
    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a = 1


class Keyed:
    def __inviscid_key__(self) -> object:
        return ["key", 1]


class Reduced:
    def __reduce__(self) -> Any:
        return Point, (1, 2)


class Opaque:
    def __getstate__(self) -> object:
        return 7

    def __setstate__(self, state: object) -> None: ...


class Color(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    ONE = 1


class Mode(enum.Flag):
    A = 1
    B = 2


class Words(list[str]):
    pass


class Table(dict[str, int]):
    pass


class Text(str):
    pass


class Failure(Exception):
    pass


Pair = collections.namedtuple("Pair", "a b")
CONTEXT: Any = __import__("contextvars").ContextVar("golden")


def helper() -> None: ...


def cycle() -> object:
    value: list[object] = [1]
    value.append((value,))
    return value


def shared() -> object:
    value: list[object] = []
    return [value, value, {"again": value}]


def things() -> object:
    one, two = Plain(n=1), Plain(n=2)
    return [{one, two}, one, {frozenset({"a", "b", "c"}), frozenset({1, 2, 3})}]


UTC = dt.timezone.utc
WORDS = {"alpha", "beta", "gamma", "delta", "epsilon"}


def plain() -> dict[str, object]:
    return {
        "none": None, "true": True, "false": False, "zero": 0, "one": 1, "minus one": -1, "large": 2**63,
        "larger": 2**64, "largest": -(2**100), "float": 1.0, "minus zero": -0.0, "nan": math.nan, "infinity": math.inf,
        "complex": 1 - 2j, "text": "naïve", "surrogate": "\ud800", "bytes": b"\x00\xff",
        "bytearray": bytearray(b"abc"), "view": memoryview(b"abc"), "list": [1, "a", None], "nested": [[1], [2, [3]]],
        "tuple": (1, 2), "deep tuple": ((), ((),), [()]), "dict": {"b": 1, "a": 2}, "dict of tuples": {(1, 2): [3]},
        "set": set(WORDS), "frozenset": frozenset(WORDS), "set of all kinds": {1, 1.5, "1", b"1", None, (1,)},
        "cycle": cycle(), "shared": shared(), "range": range(1, 10, 3), "slice": slice(1, None), "ellipsis": ...,
        "not implemented": NotImplemented, "ordered dict": collections.OrderedDict(b=1, a=2),
        "default dict": collections.defaultdict(int, a=1), "counter": collections.Counter("aab"),
        "deque": collections.deque([1, 2], 5), "proxy": types.MappingProxyType({"a": 1}), "keys": {"a": 1}.keys(),
        "named tuple": Pair(1, 2), "namespace": types.SimpleNamespace(b=1, a=2), "array": array.array("d", [1.0]),
        "decimal": decimal.Decimal("-1.50E+3"), "fraction": fractions.Fraction(-1, 3),
        "date": dt.date(2020, 2, 29), "time": dt.time(1, 2, 3, 4, fold=1),
        "datetime": dt.datetime(2020, 2, 29, 1, tzinfo=UTC),
        "zoned": dt.datetime(2020, 2, 29, tzinfo=zoneinfo.ZoneInfo("UTC")),
        "timedelta": dt.timedelta(-1, 5), "timezone": dt.timezone(dt.timedelta(hours=1), "CET"),
        "uuid": uuid.UUID(int=7), "path": pathlib.PurePosixPath("/a/b"),
        "windows path": pathlib.PureWindowsPath("c:/a"), "pattern": re.compile("a+", re.IGNORECASE),
        "stream": io.BytesIO(b"abc"), "object": Plain(b=[1], a={"x": Plain()}), "dataclass": Point(1, 2.0),
        "slots": Slots(), "keyed": Keyed(), "reduced": Reduced(), "opaque": Opaque(), "enum": Color.RED,
        "int enum": Number.ONE, "flag": Mode.A, "list subclass": Words(["a"]), "dict subclass": Table(a=1),
        "str subclass": Text("a"), "exception": Failure("a", 1), "set of objects": things(), "function": helper,
        "class": Plain, "module": math, "builtin": len, "method": Keyed().__inviscid_key__,
        "builtin method": [1].append, "descriptor": str.upper, "partial": functools.partial(helper, 1, k=2),
        "generic": dict[str, list[int]], "typing": typing.Optional[typing.List[int]], "union": int | str,
        "logger": logging.getLogger("a.b"), "lock": threading.Lock(), "event": threading.Event(),
        "local": threading.local(), "context variable": CONTEXT,
    }  # fmt: skip


def numpy() -> dict[str, object]:
    import numpy as np

    record = np.dtype([("a", "i1"), ("b", "<f8"), ("c", "<M8[s]")], align=True)
    return {
        "ints": np.arange(5, dtype="<i8"), "floats": np.array([[1.0, -0.0], [np.nan, 2]], "<f8"),
        "fortran": np.ones((2, 3), "<f8", order="F"), "strided": np.arange(10, dtype="<i4")[::2],
        "big endian": np.arange(3, dtype=">i2"), "bools": np.array([True, False]),
        "dates": np.array(["2020-01-01", "NaT"], "<M8[D]"), "strings": np.array(["a", "bb"], "<U2"),
        "objects": np.array([1, "a", None, [1]], object),
        "records": np.array([(1, 2.0, "2020-01-01T00:00:00")], record), "scalar": np.float64(1.5),
        "zero dimensions": np.array(7, "<i8"), "empty": np.zeros((0, 3), "<f4"),
        "masked": np.ma.array([1, 2], mask=[True, False], dtype="<i8", fill_value=0), "dtype": np.dtype("<f4"),
        "date": np.datetime64("2020-01-01", "s"), "record": np.array([(1, 2.0, "2020-01-01T00:00:00")], record)[0],
    }  # fmt: skip


def pandas() -> dict[str, object]:
    import numpy as np
    import pandas as pd

    days = pd.DatetimeIndex(np.array(["2020-01-01", "2020-01-02"], "M8[ns]"))
    frame = pd.DataFrame(
        {
            "i": np.array([1, 2], "<i8"),
            "f": np.array([1.5, np.nan], "<f8"),
            "s": pd.array(["a", None], pd.StringDtype("python", na_value=np.nan)),
            "o": pd.Series([[1], None], dtype=object),
            "c": pd.Categorical.from_codes([0, 1], categories=pd.Index(["x", "y"], dtype=object)),
            "n": pd.array([1, None], "Int64"),
            "z": days.tz_localize("UTC"),
        },
        columns=pd.Index(list("ifsocnz"), dtype=object),
    )
    return {
        "frame": frame,
        "series": pd.Series(np.array([1, 2], "<i8"), name="n"),
        "index": pd.Index(np.array([1, 2], "<i8"), name="n"),
        "range": pd.RangeIndex(3),
        "days": days,
        "multi": pd.MultiIndex.from_arrays([np.array([1, 2], "<i8"), np.array([3, 4], "<i8")], names=["a", None]),
    }


SECTIONS = {"plain": plain, "numpy": numpy, "pandas": pandas}


def reference(target: object, path: str) -> bytes:
    return getattr(target, "__qualname__", getattr(target, "__name__", "?")).encode()


def digests(section: str) -> dict[str, str]:
    return {name: Encoder(reference).digest(value, name).hex() for name, value in SECTIONS[section]().items()}


if __name__ == "__main__":
    print(json.dumps({section: digests(section) for section in sys.argv[1:]}, indent=1))
