"""Trees of plain containers, written by the packer in one go.

A *plain tree* is made of exact dicts, lists, tuples and scalars, and no dict or list is in it twice. Its canonical
stream is what MessagePack makes of it, but for the mark in front of each tuple. To see that a tree is one, its objects
are gathered level by level by the collector's own walk; nothing runs for each of them but a look at its type.
"""

from __future__ import annotations

from collections.abc import Callable
from gc import get_referents
from typing import Any

from msgpack import ExtType, Packer

from . import tags

CONTAINERS = frozenset({dict, list, tuple})
_MUTABLE = frozenset({dict, list})
SCALARS = frozenset({type(None), bool, int, float, str, bytes})
_ALLOWED = CONTAINERS | SCALARS
# Shared tuples are written as often as they occur: a few of them may stand for more than there is memory.
_MOST = 1_000_000
# Made from the address alone. `id` is an audit event, and costs as much as a call where there is a hook.
identity = object.__hash__
_MARK = ExtType(tags.TUPLE, b"")


def mutables_of(root: object) -> set[int] | None:
    """What tells all dicts and lists in a plain tree apart; None where it isn't one."""
    found: set[int] = set()
    level: list[object] = [root]
    total = 0
    while level:
        mutable = [identity(item) for item in level if type(item) in _MUTABLE]
        total += len(mutable)
        found.update(mutable)
        below = get_referents(*level)
        kinds = set(map(type, below))
        if len(found) != total or total + len(below) > _MOST or not kinds <= _ALLOWED:
            return None
        if kinds <= SCALARS:
            break
        level = [item for item in below if type(item) in CONTAINERS]
    return found


def packer() -> Callable[[object], bytes]:
    """What writes plain trees; for one thread at a time.

    It raises OverflowError or ValueError for what MessagePack has no place for: then the tree is to be walked.
    """
    pack: Callable[[object], bytes] = Packer(default=_tuple, use_bin_type=True, strict_types=True).pack
    return pack


def _tuple(value: Any) -> list[Any]:
    # Asked for ints beyond 64 bits too.
    if type(value) is not tuple:
        raise OverflowError("an int has more than 64 bits")
    return [_MARK, *value]
