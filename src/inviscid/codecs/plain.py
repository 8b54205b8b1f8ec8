"""``plain/1``: plain data as MessagePack. It is safe, and small values are decoded in a few microseconds.

    object = value
    value  = nil | bool | int (64 bit) | float64 | str | bin | array(value*) | map((value value)*)
           | ext(1, array(value*))      a tuple

It takes exact types only, and only what comes back as it was: no value that has the same list or dict in it twice,
because they would come back as two; nothing that is nested too deeply for MessagePack, or so large that pickle is
better.
"""

from __future__ import annotations

from typing import Any

import msgpack

from ..digest import pack
from ..errors import UnstorableResult
from .codec import Encoded

_SCALARS = frozenset({type(None), bool, int, float, str, bytes})
TYPES = _SCALARS | {list, dict, tuple}
_TUPLE = 1
_DEEPEST = 64
_CONTAINERS_MOST = 10_000


class _Plain:
    name = "plain/1"
    safe = True

    def encode(self, value: object) -> Encoded:
        _check(value)
        try:
            return Encoded(memoryview(pack(value, _pack_tuple)), [], {})
        except (OverflowError, ValueError) as error:
            raise UnstorableResult(f"plain/1 can't keep the value: {error}.") from error

    def decode(self, data: memoryview) -> object:
        return _unpack(data)


CODEC = _Plain()


def _pack_tuple(value: Any) -> msgpack.ExtType:
    # Asked for an int beyond 64 bits too; _check let nothing else through.
    if type(value) is not tuple:
        raise OverflowError("an int has more than 64 bits")
    return msgpack.ExtType(_TUPLE, pack(list(value), _pack_tuple))


def _unpack(data: memoryview | bytes) -> object:
    return msgpack.unpackb(data, use_list=True, strict_map_key=False, ext_hook=_unpack_tuple)


def _unpack_tuple(tag: int, data: bytes) -> object:
    if tag != _TUPLE:
        raise ValueError(f"plain/1 has no extension {tag}.")
    return tuple(_unpack(data))  # type: ignore[arg-type]  # `_pack_tuple` wrote a list


def _check(value: object) -> None:
    """Refuses what wouldn't come back as it was."""
    seen: set[int] = set()
    level = [value]
    depth = 0
    while level:
        if depth > _DEEPEST:
            raise UnstorableResult("plain/1 is for small values: this one is nested too deeply.")
        below: list[object] = []
        for item in level:
            kind = type(item)
            if kind in _SCALARS:
                continue
            if kind is list or kind is dict:
                if id(item) in seen:
                    raise UnstorableResult("plain/1 can't keep a list or dict that is in the value twice.")
                seen.add(id(item))
                if len(seen) > _CONTAINERS_MOST:
                    raise UnstorableResult("plain/1 is for small values: this one holds too many lists and dicts.")
            children: tuple[object, ...]
            if kind is dict:
                children = (*item, *item.values())  # type: ignore[misc,attr-defined]  # `kind` says it
            elif kind is list or kind is tuple:
                children = tuple(item)  # type: ignore[arg-type]  # `kind` says it
            else:
                raise UnstorableResult(f"plain/1 can't keep a value of type {kind.__qualname__}.")
            if not _SCALARS.issuperset(map(type, children)):
                below += children
        level = below
        depth += 1
