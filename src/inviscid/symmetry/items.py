"""Items in a row: what a sequence is here, and in which order items stand in a representative.

The order is total, depends on nothing but type and content, and is the same in every process: numbers and texts of one
type in their own order, all else by digest.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from typing import Any

from inviscid.symmetry.group import digest_at

_ORDERED = ({int}, {bool}, {str}, {bytes})
_SIGN = 1 << 63
_WORD = 8


def is_array(value: object) -> bool:
    """Whether it is an array of numpy, and of no subclass."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def is_sequence(value: object) -> bool:
    """Whether a value has items that can be put in another order."""
    return type(value) in (list, tuple, str, bytes) or (is_array(value) and value.ndim > 0)  # type: ignore[attr-defined]


def taken(value: Any, order: Sequence[int]) -> Any:
    """The items of a sequence at these positions, as a sequence of the same type."""
    if type(value) is list:
        return [value[at] for at in order]
    if type(value) is str:
        return "".join([value[at] for at in order])
    if type(value) in (tuple, bytes):
        return type(value)([value[at] for at in order])
    return laid_like(value[list(order)], value)


def laid_like(moved: Any, point: Any) -> Any:
    """An array that was made of another, in the order of that in memory: sums go another way there."""
    import numpy as np

    fortran = point.flags.f_contiguous and not point.flags.c_contiguous
    return np.asfortranarray(moved) if fortran else np.ascontiguousarray(moved).reshape(moved.shape)


def keys_of(items: Sequence[Any], path: str, names: Sequence[str] = ()) -> list[Any]:
    """What to sort items by.

    Args:
        items: the items.
        path: what messages call what they are in.
        names: what messages call each, unless it is its place there.

    Raises:
        UnhashableInput: an item has no digest.
    """
    kinds = set(map(type, items))
    if kinds in _ORDERED:
        return list(items)
    if kinds == {float}:
        return [_bits(item) for item in items]
    return [digest_at(item, names[at] if names else f"{path}[{at}]") for at, item in enumerate(items)]


def _bits(number: float) -> int:
    """A number as one that sorts like it: NaN and both zeros have their places too."""
    found: int = struct.unpack(">Q", struct.pack(">d", number))[0]
    return -(found ^ _SIGN) - 1 if found & _SIGN else found


def rows_of(value: Any) -> list[Any]:
    """The items of a sequence, each as something that has a digest or an order."""
    if not is_array(value):
        return list(value)
    if value.ndim == 1 and not value.dtype.hasobject and value.dtype.kind in "biufSUc":
        return value.tolist() if value.dtype.kind in "biSU" or value.dtype.str == "<f8" else _in_bytes(value)
    return list(value) if value.dtype.hasobject else _in_bytes(value)


def _in_bytes(value: Any) -> list[bytes]:
    return [row.tobytes() for row in value]


def arrangement(value: Any, path: str) -> tuple[int, ...]:
    """The order that sorts a sequence; equal items keep theirs."""
    if is_array(value) and value.ndim == 1 and value.dtype.kind in "biuf" and value.dtype.itemsize <= _WORD:
        return tuple(_ranked(value))
    keys = keys_of(rows_of(value), path)
    return tuple(sorted(range(len(keys)), key=keys.__getitem__))


def _ranked(numbers: Any) -> list[int]:
    """The same for an array of numbers, by its bits."""
    import numpy as np

    if numbers.dtype.kind == "f":
        size = numbers.dtype.itemsize
        bits = np.ascontiguousarray(numbers.astype(numbers.dtype.newbyteorder("="))).view(f"i{size}")
        # As `_bits`: negative numbers stand the other way round.
        numbers = np.where(bits < 0, bits ^ np.iinfo(bits.dtype).max, bits)
    order: list[int] = np.argsort(numbers, kind="stable").tolist()
    return order


def same_items(left: Any, right: Any) -> bool:
    """Whether two sequences hold the very same items; False if that would take a closer look."""
    if type(left) is not type(right) or len(left) != len(right):
        return False
    if is_array(left):
        if left.dtype != right.dtype or left.shape != right.shape or left.dtype.hasobject:
            return False
        return bool(left.tobytes() == right.tobytes())
    return left == right if type(left) in (str, bytes) else all(a is b for a, b in zip(left, right, strict=True))


# Permutations as tuples p: item i of the result was item p[i] ---------------------------------------------------------


def inverted(order: Sequence[int]) -> tuple[int, ...]:
    """What undoes a permutation."""
    found = [0] * len(order)
    for at, before in enumerate(order):
        found[before] = at
    return tuple(found)


def is_odd(order: Sequence[int]) -> bool:
    """Whether a permutation is made of an odd number of swaps."""
    seen, odd = [False] * len(order), False
    for start in range(len(order)):
        at, length = start, 0
        while not seen[at]:
            seen[at] = True
            at, length = order[at], length + 1
        odd ^= length > 0 and length % 2 == 0
    return odd
