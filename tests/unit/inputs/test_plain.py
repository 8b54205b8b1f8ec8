"""Values of the standard library."""

from __future__ import annotations

import array
import datetime as dt
import decimal
import io
import itertools
import pathlib
import pickle
import re
import struct
import types
import uuid
import zoneinfo
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from inviscid.errors import UnhashableInput

Encode = Callable[..., bytes]

NOON = dt.datetime(2020, 10, 25, 2, 30)
VALUES = [
    Decimal("1"), Decimal("1.0"), Decimal("10"), Decimal("1E+1"), Decimal("-0"), Decimal("0"), Decimal("NaN"),
    Decimal("-NaN"), Decimal("sNaN"), Decimal("NaN1"), Decimal("Infinity"), Decimal("-Infinity"), Fraction(1),
    Fraction(1, 2), Fraction(2**70, 3), 0.5, 1, dt.date(2020, 1, 1), dt.datetime(2020, 1, 1), dt.time(1),
    dt.time(1, fold=1), dt.time(1, tzinfo=dt.timezone.utc), NOON, NOON.replace(fold=1),
    NOON.replace(tzinfo=dt.timezone.utc), NOON.replace(tzinfo=zoneinfo.ZoneInfo("UTC")),
    NOON.replace(tzinfo=dt.timezone(dt.timedelta(hours=1))), NOON.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    dt.timezone(dt.timedelta(hours=1)), dt.timezone(dt.timedelta(hours=1), "CET"), dt.timedelta(1),
    dt.timedelta(seconds=1), uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=1).hex, uuid.UUID(int=1).bytes,
    pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a"), pathlib.Path("a"), pathlib.Path("a/b"), "a",
    pathlib.PureWindowsPath("a/b"), re.compile("a"), re.compile("a", re.IGNORECASE), re.compile(b"a"), re.compile("b"),
    types.SimpleNamespace(), types.SimpleNamespace(a=1), types.SimpleNamespace(a=1, b=2), {"a": 1},
    array.array("b", [1]), array.array("h", [1]), array.array("b", [1, 0]), array.array("d"), array.array("f"),
    itertools.count(1), itertools.count(2), itertools.count(1, 2), bytearray(b"\x01"), memoryview(b"\x01\x00"),
    memoryview(b"\x01\x00").cast("h"), memoryview(b"\x01\x00").cast("B", (1, 2)), memoryview(b""),
    memoryview(array.array("d")), io.BytesIO(b"a"), io.BytesIO(b"b"), io.StringIO("a"), slice(1, None), slice(None, 1),
    slice([1]), range(1), range(2),
]  # fmt: skip


def test_all_of_them_differ(encode: Encode) -> None:
    """No value is taken for another one."""
    streams = [encode(value) for value in VALUES]
    seen: dict[bytes, object] = {}
    for value, stream in zip(VALUES, streams, strict=True):
        assert stream not in seen, (value, seen[stream])
        seen[stream] = value


def test_all_of_them_survive_a_pickle(encode: Encode) -> None:
    """What comes back from a pickle has the stream of what went in."""
    for value in VALUES:
        if not isinstance(value, (memoryview, itertools.count)):
            assert encode(pickle.loads(pickle.dumps(value))) == encode(value), value


def test_a_decimal_does_not_depend_on_the_context(encode: Encode) -> None:
    """The context changes how a Decimal is printed, not what it is."""
    value = Decimal("1E+10")
    before = encode(value)
    with decimal.localcontext() as context:
        context.capitals = 0
        context.prec = 2
        assert encode(value) == before


def test_equal_ranges_are_written_as_they_are(encode: Encode) -> None:
    """Two empty ranges are equal, and have other attributes."""
    assert range(0) == range(2, 1)
    assert encode(range(0)) != encode(range(2, 1))


def test_a_namespace_is_sorted(encode: Encode) -> None:
    """The order of attributes is no behaviour."""
    assert encode(types.SimpleNamespace(a=1, b=2)) == encode(types.SimpleNamespace(b=2, a=1))


def test_a_namespace_with_other_names(encode: Encode) -> None:
    """Names that can't be sorted."""
    value = types.SimpleNamespace(a=1)
    value.__dict__[1] = 2  # type: ignore[index]
    with pytest.raises(UnhashableInput, match="names"):
        encode(value)


def test_a_stream_counts_its_position(encode: Encode) -> None:
    """What is left to read is what matters."""
    stream = io.BytesIO(b"abc")
    stream.read(1)
    assert encode(stream) != encode(io.BytesIO(b"abc"))


def test_scattered_memory_is_refused(encode: Encode) -> None:
    """A view with gaps has no bytes to hash."""
    with pytest.raises(UnhashableInput, match="contiguous"):
        encode(memoryview(b"abcd")[::2])


def test_a_closed_stream_is_refused(encode: Encode) -> None:
    """The error of its own becomes ours, with the path."""
    stream = io.BytesIO()
    stream.close()
    with pytest.raises(UnhashableInput, match="argument 'x'"):
        encode(stream)


def test_a_zone_without_a_name_is_refused(encode: Encode) -> None:
    """It came from a file that can't be named."""
    path = pathlib.Path(zoneinfo.__file__)  # Any file that isn't in the data base will do for the key.
    for folder in (*zoneinfo.TZPATH, None):
        if folder is None:
            pytest.skip("no zone files on this machine")
        path = pathlib.Path(folder) / "UTC"
        if path.exists():
            break
    with path.open("rb") as stream, pytest.raises(UnhashableInput, match="no name"):
        encode(zoneinfo.ZoneInfo.from_file(stream))


def test_a_compiled_format_counts_by_its_format(encode: Encode) -> None:
    """It can't be pickled, and is nothing but its format."""
    streams = [encode(struct.Struct(text)) for text in ("<h", "<h", "<i", ">h")]
    assert streams[0] == streams[1]
    assert len(set(streams)) == 3
