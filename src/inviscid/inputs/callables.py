"""Functions, methods, partials, and what `typing` makes of types.

What a function or a class *does* is not known here: each is handed to the caller's `Reference`.
"""

from __future__ import annotations

import types
from typing import Any

from . import objects, tags
from .parts import Context, Node, Raw, Rule, attributes


def _refer(context: Context, value: object) -> Raw:
    return context.refer(value)


REFER = Rule(_refer)


def is_wrapper(kind: type) -> bool:
    """Whether the instances of a class wrap a function, as a decorator does that is a class."""
    # Not hasattr(): every class has a __call__, its metaclass's.
    names = {name for base in kind.__mro__ for name in vars(base)}
    return "__wrapped__" in names and "__call__" in names


def _method(context: Context, value: types.MethodType) -> Node:
    return Node(tags.METHOD, [context.refer(value.__func__), value.__self__], ("", ".__self__"))


# Methods of builtin types that look attributes up by names in a text.
_LOOK_UP = frozenset({"format", "format_map", "__getattribute__"})


def _builtin(context: Context, value: Any) -> Node | Raw:
    context.looks_up |= value.__name__ in _LOOK_UP
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return context.refer(value)
    return Node(tags.BUILTIN_METHOD, [value.__name__, owner], ("", ".__self__"))


def _method_wrapper(context: Context, value: Any) -> Node:
    context.looks_up |= value.__name__ in _LOOK_UP
    return Node(tags.BUILTIN_METHOD, [value.__name__, value.__self__], ("", ".__self__"))


def _descriptor(context: Context, value: Any) -> Node:
    context.looks_up |= value.__name__ in _LOOK_UP
    return Node(tags.DESCRIPTOR, [context.refer(value.__objclass__), value.__name__])


def _static(context: Context, value: Any) -> Node:
    return Node(tags.WRAPPER, [type(value).__name__, value.__func__], ("", ".__func__"))


def _property(context: Context, value: property) -> Node:
    return Node(tags.WRAPPER, ["property", value.fget, value.fset, value.fdel], ("", ".fget", ".fset", ".fdel"))


def _partial(context: Context, value: Any) -> Node:
    # Not state(): a partial's __reduce__ gives more than that. Its __dict__ is what users hang on it.
    return Node(
        tags.PARTIAL,
        [context.refer(type(value)), value.func, value.args, value.keywords, objects.named(context, vars(value))],
        ("", ".func", ".args", ".keywords", ""),
    )


def _vectorized(context: Context, value: Any) -> Node:
    held = {name: part for name, part in vars(value).items() if name not in _OF_CALLS}
    return attributes(context, tags.OBJECT, held, before=(context.refer(type(value)),))


# What `numpy.vectorize` made for itself in earlier calls, and what it copied from its function.
_OF_CALLS = frozenset("_ufunc _in_and_out_core_dims _doc __doc__ __name__".split())


def _alias(context: Context, value: Any) -> Node:
    kind = type(value).__name__
    origin = getattr(value, "__origin__", None)
    metadata = getattr(value, "__metadata__", ())
    unpacked = getattr(value, "__unpacked__", False) is True
    return Node(tags.ALIAS, [kind, origin, value.__args__, metadata, unpacked])


def _by_type_name(context: Context, value: Any) -> Node:
    # The class of a special form differs between versions.
    return Node(tags.TYPE_VARIABLE, ["special form", value._name])  # noqa: SLF001 - it has no public name


def _type_variable(context: Context, value: Any) -> Node:
    children: list[object] = [type(value).__name__, value.__name__]
    names = ("__bound__", "__constraints__", "__covariant__", "__contravariant__")
    return Node(tags.TYPE_VARIABLE, children + [getattr(value, name, None) for name in names])


def _forward(context: Context, value: Any) -> Node:
    return Node(tags.TYPE_VARIABLE, ["ForwardRef", value.__forward_arg__])


def _new_type(context: Context, value: Any) -> Node:
    return Node(tags.TYPE_VARIABLE, ["NewType", value.__name__, value.__supertype__])


def _type_alias(context: Context, value: Any) -> Node:
    return Node(tags.TYPE_VARIABLE, ["TypeAliasType", value.__name__, value.__type_params__, value.__value__])


def _cell(context: Context, value: types.CellType) -> Node:
    try:
        return Node(tags.CELL, [value.cell_contents], (".cell_contents",))
    except ValueError:  # It is empty.
        return Node(tags.CELL, [])


EXACT: dict[type | str, Rule] = {
    types.FunctionType: REFER,
    types.ModuleType: REFER,
    types.CodeType: REFER,
    types.MethodType: Rule(_method),
    types.BuiltinFunctionType: Rule(_builtin),
    types.MethodWrapperType: Rule(_method_wrapper),
    types.MethodDescriptorType: Rule(_descriptor),
    types.WrapperDescriptorType: Rule(_descriptor),
    types.ClassMethodDescriptorType: Rule(_descriptor),
    types.GetSetDescriptorType: Rule(_descriptor),
    types.MemberDescriptorType: Rule(_descriptor),
    types.CellType: Rule(_cell, tracked=True),
    staticmethod: Rule(_static),
    classmethod: Rule(_static),
    property: Rule(_property),
    types.GenericAlias: Rule(_alias),
    types.UnionType: Rule(_alias),
    "functools:_lru_cache_wrapper": REFER,
    "typing:TypeVar": Rule(_type_variable),
    "typing:ParamSpec": Rule(_type_variable),
    "typing:TypeVarTuple": Rule(_type_variable),
    "typing:TypeAliasType": Rule(_type_alias),
    "typing:NewType": Rule(_new_type),
    "typing:ForwardRef": Rule(_forward),
}

FAMILIES: dict[type | str, Rule] = {
    type: REFER,
    types.ModuleType: REFER,
    "functools:partial": Rule(_partial, tracked=True),
    "typing:_GenericAlias": Rule(_alias),
    "typing:_SpecialForm": Rule(_by_type_name),
    "typing:_SpecialGenericAlias": Rule(_by_type_name),
    "numpy:ufunc": REFER,
    "numpy:vectorize": Rule(_vectorized, tracked=True),
}
