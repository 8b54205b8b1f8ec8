"""What makes up a class, and what is inside a descriptor, a wrapper or an ambient variable.

A class is hashed as it lives: its body has been run, and all that the body did is in the class's own namespace, which
is also what calls will see. So no source of a class body is ever looked for; the functions in the namespace bring
theirs, each checked against its running code. What follows from the rest of the class is left out (`generated`).
"""

from __future__ import annotations

import contextvars
import enum
import functools
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from inviscid.fingerprinting.generated import is_generated
from inviscid.fingerprinting.template import cleaned
from inviscid.sentinels import MISSING

# Bookkeeping of the interpreter, of abc, copyreg, typing, dataclasses, enum and pydantic; it follows from the rest.
# Some of it comes into being only when an instance is pickled or annotations are asked for, some differs between runs.
_BOOKKEEPING = frozenset(
    "__module__ __doc__ __dict__ __weakref__ __firstlineno__ __static_attributes__ __qualname__ __annotations__ "
    "__annotate__ __annotate_func__ __annotations_cache__ __abstractmethods__ _abc_impl __orig_bases__ __parameters__ "
    "__dataclass_fields__ __dataclass_params__ __type_params__ __protocol_attrs__ __callable_proto_members_only__ "
    "__non_callable_proto_members__ __mutable_keys__ __readonly_keys__ __slotnames__ _is_protocol "
    "_is_runtime_protocol __classcell__ __attrs_props__ __pydantic_core_schema__ __pydantic_validator__ "
    "__pydantic_serializer__".split()
)
_SLOT_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)
# Options of later versions (slots, kw_only, match_args) show in the class and its fields.
_OPTIONS = "init repr eq order unsafe_hash frozen".split()
_FIELD = "name default default_factory init repr hash compare kw_only metadata".split()
_SHOWS_ADDRESS: Any = object.__repr__
# `functools.wraps` over one of our objects copies these; they count where they are observed.
METADATA = frozenset("__module__ __name__ __qualname__ __doc__".split())
# As annotations: texts, types, and functions, which whoever reads the annotation may call.
_WHOLE = (
    str, type, types.GenericAlias, types.UnionType, types.NoneType,
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, functools.partial,
)  # fmt: skip
DESCRIPTORS = (property, classmethod, staticmethod, functools.cached_property, functools.singledispatchmethod)


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """(label, object) for everything that a class adds to its bases, sorted: the order of methods is not behaviour."""
    namespace = vars(cls)
    annotations = namespace.get("__annotations__", {})
    if isinstance(annotations, dict):
        yield "annotations", [[name, annotation(value)] for name, value in annotations.items()]
    # Before 3.12 named tuples and typed dicts didn't note what they were made from.
    generic = [annotation(base) for base in namespace.get("__orig_bases__", ()) if hasattr(base, "__origin__")]
    if generic:
        yield "generic bases", generic
    if "__dataclass_params__" in namespace:
        yield "dataclass", _dataclass(cls)
    if isinstance(cls, enum.EnumMeta):
        yield (
            "enum",
            [
                [name, member.value, *_beside_the_value(member)]
                for name, member in dict[str, Any](cls.__members__).items()
            ],
        )
        yield "enum methods", [_owner(getattr(cls, name)) for name in ("__str__", "__repr__", "__format__")]
        yield "enum boundary", str(getattr(cls, "_boundary_", None))
    if not isinstance(namespace.get("__doc__", ""), str | None):
        yield "documentation", namespace["__doc__"]
    for name in sorted(namespace):
        value = namespace[name]
        if name == "_generate_next_value_" and isinstance(value, staticmethod):
            # From 3.12 on enums wrap it themselves.
            value = value.__func__
        if name not in _BOOKKEEPING and not isinstance(value, _SLOT_DESCRIPTORS) and not is_generated(cls, name, value):
            yield name, value


def annotation(value: Any) -> Any:
    """An annotation as a value that can be encoded: what has no structure of its own counts by its text."""
    if isinstance(value, _WHOLE):
        return value
    # A text with an address in it would be another one in each process.
    structured = type(value).__module__ in ("typing", "dataclasses") or type(value).__repr__ is _SHOWS_ADDRESS
    return value if structured else repr(value)


def annotations_of(function: Any) -> list[tuple[str, Any]]:
    """The annotations of a live function."""
    try:
        found = dict(function.__annotations__)
    except Exception:  # noqa: BLE001  from 3.14 they are evaluated here, and may name what isn't there
        return []
    return [(name, annotation(value)) for name, value in found.items()]


def metadata(function: types.FunctionType) -> list[Any]:
    """What a function shows of itself beside what it does: to whoever is given it. But for where it is from."""
    documentation = function.__doc__
    shown = [
        [name, value if isinstance(value, str) else str(getattr(value, "__qualname__", ""))]
        for name, value in annotations_of(function)
    ]
    return [function.__name__, cleaned(documentation) if isinstance(documentation, str) else "", shown]


# What every member has.
_OF_A_MEMBER = frozenset("_name_ _value_ _sort_order_ __objclass__ name value".split())


def _beside_the_value(member: Any) -> list[Any]:
    """What a user's `__new__`, or somebody later, has put on a member of an enum."""
    return [[name, value] for name, value in sorted(vars(member).items()) if name not in _OF_A_MEMBER]


def _owner(method: Any) -> str:
    return str(getattr(method, "__qualname__", ""))


def _dataclass(cls: Any) -> list[Any]:
    parameters = [getattr(cls.__dataclass_params__, name) for name in _OPTIONS]
    fields = cls.__dataclass_fields__.values()
    return [parameters, [[_present(getattr(field, name, None)) for name in _FIELD] for field in fields]]


def _present(value: Any) -> Any:
    return "(missing)" if type(value).__name__ == "_MISSING_TYPE" else value


def descriptor_parts(value: Any) -> list[Any]:
    """The functions inside a property, a class or static method, a cached property, or a method by type."""
    if isinstance(value, property):
        return [value.fget, value.fset, value.fdel]
    if isinstance(value, functools.singledispatchmethod):
        # From 3.13 on it also remembers what it was called with.
        return [value.dispatcher, value.func]
    if isinstance(value, functools.cached_property):
        return [value.func]
    return [value.__func__]


def inner_function(value: Any) -> Any:
    """The Python function that a callable object of an installed library wraps; None if it shows none."""
    for attribute in ("__wrapped__", "py_func", "pyfunc"):
        inner = ask(value, attribute)
        if isinstance(inner, types.FunctionType):
            return inner
    return None


def is_logger(value: Any) -> bool:
    """Whether an object is a logger as the standard library makes it."""
    logging = sys.modules.get("logging")
    return logging is not None and type(value) is logging.Logger


def is_called_by_c(value: Any) -> bool:
    """Whether a call of an object runs compiled code, which its attributes say nothing about."""
    calls = (vars(base)["__call__"] for base in type(value).__mro__ if "__call__" in vars(base))
    return isinstance(next(calls, None), types.WrapperDescriptorType)


def ambient(value: Any) -> Callable[[], Any] | None:
    """How to read what an ambient variable holds now; None for all other objects.

    As an argument such an object is what it is called; as a global it is what a function can read from it.
    """
    if isinstance(value, contextvars.ContextVar):
        return lambda: _current(value)
    if isinstance(value, threading.local):
        return lambda: dict(vars(value))
    if isinstance(value, threading.Event):
        return value.is_set
    return None


def _current(variable: contextvars.ContextVar[Any]) -> Any:
    try:
        return variable.get()
    except LookupError:
        return "(unset)"


def ask(value: Any, attribute: str) -> Any:
    """An attribute, or MISSING: objects of users may raise whatever they like when they are asked."""
    try:
        return getattr(value, attribute, MISSING)
    except Exception:  # noqa: BLE001  that is what this function is for
        return MISSING


def callables_of(value: object) -> dict[str, object]:
    """The attributes of an instance that can be called."""
    attributes = getattr(value, "__dict__", None)
    return {name: held for name, held in attributes.items() if callable(held)} if type(attributes) is dict else {}
