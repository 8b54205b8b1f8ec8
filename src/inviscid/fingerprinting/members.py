"""What makes up a class, and what hides inside a descriptor or a wrapper.

A class is hashed as it lives: its body has been run, and all that the body did is in the class's own namespace, which
is also what calls will see. So no source of a class body is ever looked for; the functions in the namespace bring
theirs, each checked against its running code. What the standard library generates (the methods of dataclasses, enums
and named tuples) differs between versions of Python and follows from what the user wrote: that is hashed in its place.
"""

from __future__ import annotations

import enum
import functools
import types
from collections.abc import Iterator
from typing import Any

# Bookkeeping of the interpreter, of abc, copyreg, typing, dataclasses and enum; it follows from the rest. Some of it
# comes into being only when an instance is pickled or annotations are asked for.
_BOOKKEEPING = frozenset(
    "__module__ __doc__ __dict__ __weakref__ __firstlineno__ __static_attributes__ __qualname__ "
    "__annotations__ __annotate__ __annotate_func__ __annotations_cache__ __abstractmethods__ _abc_impl "
    "__orig_bases__ __parameters__ __dataclass_fields__ __dataclass_params__ __type_params__ "
    "__protocol_attrs__ __callable_proto_members_only__ __non_callable_proto_members__ __mutable_keys__ "
    "__readonly_keys__ __slotnames__ _is_protocol _is_runtime_protocol __classcell__ __attrs_props__".split()
)
_SLOT_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)
# These modules put functions of their own into the classes that they make.
_MAKERS = frozenset({"dataclasses", "collections", "typing", "enum"})
# Options of later versions (slots, kw_only, match_args) show in the class and its fields.
_OPTIONS = "init repr eq order unsafe_hash frozen".split()
_FIELD = "name default default_factory init repr hash compare kw_only".split()


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """(label, object) for everything that a class adds to its bases, sorted: the order of methods is not behaviour."""
    namespace = vars(cls)
    annotations = namespace.get("__annotations__", {})
    if isinstance(annotations, dict):
        yield "annotations", [list(map(_annotation, item)) for item in annotations.items()]
    if "__dataclass_params__" in namespace:
        yield "dataclass", _dataclass(cls)
    if isinstance(cls, enum.EnumMeta):
        yield "enum", [[name, member.value] for name, member in dict[str, Any](cls.__members__).items()]
    for name in sorted(namespace):
        value = namespace[name]
        if name not in _BOOKKEEPING and not isinstance(value, _SLOT_DESCRIPTORS) and not _generated(cls, name, value):
            yield name, value


def annotation_texts(function: Any) -> list[list[str]]:
    """The annotations of a live function, as text."""
    return [[name, value if isinstance(value, str) else repr(value)] for name, value in _annotations(function).items()]


def _annotations(function: Any) -> dict[str, Any]:
    try:
        return dict(function.__annotations__)
    except Exception:  # noqa: BLE001  from 3.14 they are evaluated here, and may name what isn't there
        return {}


def _annotation(value: Any) -> Any:
    # Annotations may be anything; what has no structure of its own counts by its text.
    return value if isinstance(value, str | type | types.GenericAlias | types.UnionType) else repr(value)


def _dataclass(cls: Any) -> list[Any]:
    parameters = [getattr(cls.__dataclass_params__, name) for name in _OPTIONS]
    fields = cls.__dataclass_fields__.values()
    return [parameters, [[_present(getattr(field, name, None)) for name in _FIELD] for field in fields]]


def _present(value: Any) -> Any:
    return "(missing)" if type(value).__name__ == "_MISSING_TYPE" else value


def _generated(cls: type, name: str, value: Any) -> bool:
    """Whether a member was made by the standard library, or by attrs, from the body of the class."""
    if isinstance(cls, enum.EnumMeta) and (name in cls.__members__ or (name.startswith("_") and not _own(cls, value))):
        return True
    function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
    while hasattr(function, "__wrapped__"):
        # A generated `__repr__` is wrapped against recursion.
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    if code is None:
        return hasattr(cls, "_fields") and type(value).__name__ == "_tuplegetter"
    if code.co_filename.startswith("<attrs generated") or function.__globals__.get("__name__") in _MAKERS:
        return True
    # What dataclasses and named tuples compile from strings.
    made = "__dataclass_params__" in vars(cls) or hasattr(cls, "_fields")
    return made and name.startswith("__") and code.co_filename.startswith("<string>")


def _own(cls: type, value: Any) -> bool:
    function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
    return getattr(function, "__module__", None) == cls.__module__


def descriptor_parts(value: Any) -> list[Any]:
    """The functions inside a property, a class or static method, or a cached property."""
    if isinstance(value, property):
        return [value.fget, value.fset, value.fdel]
    if isinstance(value, functools.cached_property):
        return [value.func]
    return [value.__func__]


def inner_function(value: Any) -> Any:
    """The Python function that a callable object of an installed library wraps; None if it shows none."""
    if not callable(value) or isinstance(value, type | functools.partial):
        return None
    for attribute in ("__wrapped__", "py_func", "pyfunc"):
        inner = getattr(value, attribute, None)
        if callable(inner):
            return inner
    return None
