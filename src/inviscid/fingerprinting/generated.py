"""Which members of a class Python's own machinery made from what the user wrote.

Dataclasses, enums and named tuples put functions and tables into a class that differ between versions of Python.
They follow from fields, options and values, and those are hashed in their place (`members`). Only names that the
machinery is known to make are looked at, and only where the object says that it was made there: whatever else stands
under such a name was put there by somebody, and counts.
"""

from __future__ import annotations

import enum
from types import CodeType, FunctionType
from typing import Any

_DATACLASS = frozenset(
    "__init__ __repr__ __eq__ __lt__ __le__ __gt__ __ge__ __hash__ __setattr__ __delattr__ __replace__ __getstate__ "
    "__setstate__".split()
)
_NAMED_TUPLE = frozenset("__new__ __repr__ __replace__ __getnewargs__ _make _replace _asdict".split())
_PROTOCOL = frozenset("__init__ __subclasshook__ __class_getitem__ __init_subclass__".split())
# What EnumType keeps of the members, which are hashed themselves.
_ENUM_TABLES = frozenset(
    "_member_map_ _value2member_map_ _member_names_ _member_type_ _new_member_ _use_args_ _unhashable_values_ "
    "_unhashable_values_map_ _hashable_values_ _value_repr_ _flag_mask_ _singles_mask_ _all_bits_ _boundary_ "
    "_inverted_ __new_member__".split()
)
_ENUM_METHODS = frozenset(
    "__new__ __reduce_ex__ __or__ __and__ __xor__ __invert__ __ror__ __rand__ __rxor__ __format__ __str__ __repr__ "
    "__dir__ __contains__ __len__ __iter__ __bool__ _generate_next_value_ _missing_ _iter_member_ "
    "_iter_member_by_value_ _iter_member_by_def_ _numeric_repr_".split()
)


def is_generated(cls: type, name: str, value: Any) -> bool:
    """Whether a member follows from the rest of its class."""
    function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
    if isinstance(cls, enum.EnumMeta):
        ours = isinstance(function, FunctionType) and not _is_from(function, "enum")
        if name in cls.__members__ or (name in _ENUM_TABLES and not ours):
            return True
        if name in _ENUM_METHODS and (_is_from(function, "enum") or getattr(enum.Enum, name, None) is value):
            return True
    if not isinstance(function, FunctionType):
        return name in vars(cls).get("_fields", ()) and type(value).__name__ == "_tuplegetter"
    if function.__code__.co_filename.startswith("<attrs generated"):
        return True
    if name in _DATACLASS and "__dataclass_params__" in vars(cls):
        return _is_from(function, "dataclasses") or is_created(_unwrapped(function))
    if name in _NAMED_TUPLE and hasattr(cls, "_fields"):
        return _is_from(function, "collections") or _is_from(function, f"namedtuple_{cls.__name__}")
    return name in _PROTOCOL and _is_from(function, "typing")


def _unwrapped(function: FunctionType) -> Any:
    """What the guard against recursion wraps, which a generated `__repr__` has; a user's wrapper is no such guard."""
    wrapped = vars(function).get("__wrapped__")
    return wrapped if wrapped is not None and _is_from(function, "reprlib", "dataclasses") else function


def _is_from(function: Any, *modules: str) -> bool:
    return isinstance(function, FunctionType) and function.__globals__.get("__name__") in modules


def is_created(function: Any) -> bool:
    """Whether the machinery of dataclasses compiled a function."""
    code = getattr(function, "__code__", None)
    return isinstance(code, CodeType) and code.co_filename == "<string>" and "__create_fn__" in code.co_qualname
