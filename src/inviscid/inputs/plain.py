"""Values of the standard library whose content is all there is: numbers, dates, paths, patterns, buffers."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from . import tags
from .parts import Context, Node, Rule, attributes, by_names


def _singleton(context: Context, value: object) -> Node:
    return Node(tags.SINGLETON, [type(value).__name__])


def _complex(context: Context, value: complex) -> Node:
    return Node(tags.COMPLEX, [value.real, value.imag])


def _range(context: Context, value: range) -> Node:
    return Node(tags.RANGE, [value.start, value.stop, value.step])


def _slice(context: Context, value: slice) -> Node:
    return Node(tags.SLICE, [value.start, value.stop, value.step], (".start", ".stop", ".step"))


def _bytearray(context: Context, value: bytearray) -> Node:
    return Node(tags.BYTEARRAY, [len(value), context.content(value)])


def _memoryview(context: Context, value: memoryview) -> Node:
    if not value.c_contiguous:
        raise context.refuse(value, "its memory is not contiguous; pass bytes(…) of it")
    # An empty view can't be cast.
    content = context.content(value.cast("B") if value.nbytes else b"")
    return Node(tags.MEMORYVIEW, [value.format, value.shape, content])


def _array_array(context: Context, value: Any) -> Node:
    content = context.content(memoryview(value).cast("B") if len(value) else b"")
    return Node(tags.ARRAY_ARRAY, [value.typecode, len(value), content])


def _struct(context: Context, value: Any) -> Node:
    return Node(tags.STRUCT, [value.format])


def _decimal(context: Context, value: Any) -> Node:
    context.decimals = True
    sign, digits, exponent = value.as_tuple()
    return Node(tags.DECIMAL, [sign, "".join(map(str, digits)), exponent])


def _fraction(context: Context, value: Any) -> Node:
    return Node(tags.FRACTION, [value.numerator, value.denominator])


def _date(context: Context, value: Any) -> Node:
    return Node(tags.DATE, [value.year, value.month, value.day])


def _time(context: Context, value: Any) -> Node:
    clock = [value.hour, value.minute, value.second, value.microsecond, value.fold]
    return Node(tags.TIME, [*clock, value.tzinfo], ("", "", "", "", "", ".tzinfo"))


def _datetime(context: Context, value: Any) -> Node:
    clock = [value.hour, value.minute, value.second, value.microsecond, value.fold]
    return Node(tags.DATETIME, [value.year, value.month, value.day, *clock, value.tzinfo], ("",) * 8 + (".tzinfo",))


def _timedelta(context: Context, value: Any) -> Node:
    return Node(tags.TIMEDELTA, [value.days, value.seconds, value.microseconds])


def _timezone(context: Context, value: Any) -> Node:
    # The offset, and the name only where one was given.
    return Node(tags.TIMEZONE, value.__getinitargs__())


def _zone(context: Context, value: Any) -> Node:
    if value.key is None:
        raise context.refuse(value, "it was read from a file and has no name")
    return Node(tags.ZONE, [value.key])


def _uuid(context: Context, value: Any) -> Node:
    return Node(tags.UUID, [value.bytes, value.is_safe.name])


def _path(flavour: str) -> Callable[[Context, Any], Node]:
    def expand(context: Context, value: Any) -> Node:
        context.paths |= not flavour.startswith("pure")
        return Node(tags.PATH, [flavour, str(value)])

    return expand


def _pattern(context: Context, value: Any) -> Node:
    return Node(tags.PATTERN, [value.pattern, value.flags])


def _namespace(context: Context, value: types.SimpleNamespace) -> Node:
    if not by_names(vars(value)):
        raise context.refuse(value, "it has attributes whose names are not strings")
    return attributes(context, tags.NAMESPACE, vars(value))


def _count(context: Context, value: object) -> Node:
    # Its pickling is deprecated; its repr says it all.
    return Node(tags.COUNT, [repr(value)])


def _stream(context: Context, value: Any) -> Node:
    content, *place, attributes = context.ask(value, value.__getstate__)
    return Node(tags.STREAM, [type(value).__name__, content, *place, attributes])


EXACT: dict[type | str, Rule] = {
    type(Ellipsis): Rule(_singleton),
    type(NotImplemented): Rule(_singleton),
    complex: Rule(_complex),
    range: Rule(_range),
    slice: Rule(_slice),
    bytearray: Rule(_bytearray, tracked=True),
    memoryview: Rule(_memoryview, tracked=True),
    types.SimpleNamespace: Rule(_namespace, tracked=True),
    "array:array": Rule(_array_array, tracked=True),
    "_struct:Struct": Rule(_struct),
    "decimal:Decimal": Rule(_decimal),
    "fractions:Fraction": Rule(_fraction),
    "datetime:date": Rule(_date),
    "datetime:time": Rule(_time),
    "datetime:datetime": Rule(_datetime),
    "datetime:timedelta": Rule(_timedelta),
    "datetime:timezone": Rule(_timezone),
    "zoneinfo:ZoneInfo": Rule(_zone),
    "uuid:UUID": Rule(_uuid),
    "pathlib:PurePosixPath": Rule(_path("pure posix")),
    "pathlib:PosixPath": Rule(_path("posix")),
    "pathlib:PureWindowsPath": Rule(_path("pure windows")),
    "pathlib:WindowsPath": Rule(_path("windows")),
    "re:Pattern": Rule(_pattern),
    "itertools:count": Rule(_count),
    "io:BytesIO": Rule(_stream, tracked=True),
    "io:StringIO": Rule(_stream, tracked=True),
}
