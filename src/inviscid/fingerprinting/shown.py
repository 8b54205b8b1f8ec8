"""How values look in an explanation: short, never a secret, and without a line of the user's own code being run.

What is shown is never hashed. A value whose type could have a `__repr__` of the user's is told by its type alone.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Sequence
from types import BuiltinFunctionType, FunctionType
from typing import Any

LONGEST = 200
_SECRET = re.compile(r"passw|secret|token|credential|api_?key|private", re.IGNORECASE)
_LARGEST_SET = 50
# In decimal such an int is longer than what is shown; and from 4300 digits on Python refuses.
_LARGEST_INT = 600
_BRACKETS: dict[type, Sequence[str]] = {
    list: "[]",
    tuple: "()",
    set: "{}",
    frozenset: ("frozenset({", "})"),
    dict: "{}",
}
_ATOMS = frozenset({type(None), bool, float, complex, range, type(Ellipsis)})
# Types of the standard library whose text is all that they are, and comes from nobody else.
_TELLING = {
    "datetime": ("date", "timedelta"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "pathlib": ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"),
    "uuid": ("UUID",),
}
# A metaclass may have attributes of its own; this one can't be replaced.
_qualname = type.__dict__["__qualname__"].__get__


def is_secret(name: str) -> bool:
    """Whether what has this name is better not shown."""
    return _SECRET.search(name) is not None


def brief(value: Any, name: str = "") -> str:
    """A value in at most `LONGEST` characters and one line; empty where its name says that it is secret.

    Args:
        value: any object. Only plain types are asked for their text.
        name: of the definition that it is: ``prep.RATE``, ``prep.scale, default of 'k'``.
    """
    if is_secret(_own_name(name)):
        return ""
    try:
        text = _text(value, LONGEST)
    except RuntimeError:
        # Another thread is changing it.
        return _named(type(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _own_name(name: str) -> str:
    """A name without those of modules and functions around it: they say nothing about the value."""
    owner, default, parameter = name.partition(", ")
    if default:
        return parameter
    end = len(owner)
    while end > 0 and owner[:end] not in sys.modules:
        end = owner.rfind(".", 0, end)
    return owner[end + 1 :] if end > 0 else owner


def _text(value: Any, room: int) -> str:
    kind = type(value)
    if kind in _ATOMS:
        return repr(value)
    if kind is int:
        size = value.bit_length()
        return repr(value) if size <= _LARGEST_INT else f"an int of {size} bits"
    if kind is str or kind is bytes:
        return repr(value) if len(value) <= LONGEST else f"{value[:LONGEST]!r}…"
    if kind in _BRACKETS:
        return _container(value, room)
    if isinstance(value, type):
        return str(_qualname(value))
    if kind is FunctionType or kind is BuiltinFunctionType:
        return str(value.__qualname__)
    if kind is functools.partial:
        keywords = [value.keywords] if value.keywords else []
        return f"partial{_text((value.func, *value.args, *keywords), room)}"
    if any(getattr(sys.modules.get(home), name, None) is kind for home, names in _TELLING.items() for name in names):
        return repr(value)
    return _named(kind)


def _container(value: Any, room: int) -> str:
    kind = type(value)
    opening, closing = _BRACKETS[kind]
    if kind in (set, frozenset):
        if len(value) > _LARGEST_SET:
            return f"a {kind.__name__} of {len(value)}"
        if not value:
            return f"{kind.__name__}()"
    # Every level takes a character of the room, so what contains itself comes to an end.
    room -= len(opening)
    parts: list[str] = []
    for item in value.items() if kind is dict else value:
        if room <= 0 or (parts and kind in (list, tuple) and _names_a_secret(value[0])):
            # What follows the name in a pair, or in a row of a table, is what it names.
            parts.append("…")
            break
        if kind is dict:
            key, inner = item
            text = f"{_text(key, room)}: {'…' if _names_a_secret(key) else _text(inner, room)}"
        else:
            text = _text(item, room)
        parts.append(text)
        room -= len(text) + 2
    if kind in (set, frozenset):
        # Their order differs between processes.
        parts.sort()
    if kind is tuple and len(value) == 1:
        closing = ",)"
    return f"{opening}{', '.join(parts)}{closing}"


def _names_a_secret(value: Any) -> bool:
    return type(value) is str and is_secret(value)


def _named(kind: type) -> str:
    return f"<{_qualname(kind)}>"
