"""Sets, the containers of `collections`, and subclasses of builtin types.

The content of a subclass is read with the methods of its base: what it overrides (`__iter__`, `items`, `__eq__`) is
behaviour, which the reference of its class stands for.
"""

from __future__ import annotations

import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from . import objects, tags
from .parts import INDEXES, Context, Node, Rule, items


def _set(context: Context, value: Iterable[object]) -> Node:
    return Node(tags.SET, context.unordered(value))


def _frozenset(context: Context, value: Iterable[object]) -> Node:
    return Node(tags.FROZENSET, context.unordered(value))


def _ordered_dict(context: Context, value: OrderedDict[object, object]) -> Node:
    # Not dict.items: it doesn't know of move_to_end.
    return items(tags.ORDERED_DICT, OrderedDict.items(value))


def _default_dict(context: Context, value: defaultdict[object, object]) -> Node:
    content = items(tags.ITEMS, dict.items(value))
    return Node(tags.DEFAULT_DICT, [value.default_factory, content], (".default_factory", ""))


def _counter(context: Context, value: dict[object, object]) -> Node:
    return items(tags.COUNTER, dict.items(value))


def _deque(context: Context, value: deque[object]) -> Node:
    elements = Node(tags.ELEMENTS, list(deque.__iter__(value)), INDEXES)
    return Node(tags.DEQUE, [value.maxlen, elements])


def _mapping_proxy(context: Context, value: types.MappingProxyType[object, object]) -> Node:
    return items(tags.MAPPING_PROXY, value.items())


def _keys(context: Context, value: Iterable[object]) -> Node:
    return Node(tags.VIEW, ["keys", Node(tags.ELEMENTS, list(value), INDEXES)])


def _values(context: Context, value: Iterable[object]) -> Node:
    return Node(tags.VIEW, ["values", Node(tags.ELEMENTS, list(value), INDEXES)])


def _items(context: Context, value: Iterable[tuple[object, object]]) -> Node:
    return Node(tags.VIEW, ["items", items(tags.ITEMS, value)])


def _weak_set(context: Context, value: Iterable[object]) -> Node:
    return Node(tags.WEAK_CONTAINER, ["set", Node(tags.SET, context.unordered(value))])


def _weak_dict(kind: str) -> Callable[[Context, Any], Node]:
    def expand(context: Context, value: Any) -> Node:
        return Node(tags.WEAK_CONTAINER, [kind, items(tags.ITEMS, value.items())])

    return expand


EXACT: dict[type | str, Rule] = {
    set: Rule(_set, tracked=True),
    frozenset: Rule(_frozenset),
    OrderedDict: Rule(_ordered_dict, tracked=True),
    defaultdict: Rule(_default_dict, tracked=True),
    deque: Rule(_deque, tracked=True),
    "collections:Counter": Rule(_counter, tracked=True),
    types.MappingProxyType: Rule(_mapping_proxy, tracked=True),
    type({}.keys()): Rule(_keys, tracked=True),
    type({}.values()): Rule(_values, tracked=True),
    type({}.items()): Rule(_items, tracked=True),
    type(OrderedDict[int, int]().keys()): Rule(_keys, tracked=True),
    type(OrderedDict[int, int]().values()): Rule(_values, tracked=True),
    type(OrderedDict[int, int]().items()): Rule(_items, tracked=True),
    "weakref:WeakSet": Rule(_weak_set, tracked=True),
    "weakref:WeakKeyDictionary": Rule(_weak_dict("keys"), tracked=True),
    "weakref:WeakValueDictionary": Rule(_weak_dict("values"), tracked=True),
}

Content = Callable[[Context, Any], object]

# Base → how its content is read, and whether it is mutable. More derived bases come first.
_BASES: tuple[tuple[type, Content, bool], ...] = (
    (OrderedDict, _ordered_dict, True),
    (defaultdict, _default_dict, True),
    (dict, lambda context, value: items(tags.ITEMS, dict.items(value)), True),
    (list, lambda context, value: Node(tags.ELEMENTS, list.copy(value), INDEXES), True),
    (tuple, lambda context, value: Node(tags.TUPLE, list(tuple.__iter__(value)), INDEXES), False),
    (set, lambda context, value: Node(tags.SET, context.unordered(set.__iter__(value))), True),
    (frozenset, lambda context, value: Node(tags.FROZENSET, context.unordered(frozenset.__iter__(value))), False),
    (deque, _deque, True),
    (str, lambda context, value: str.__str__(value), False),
    (bytes, lambda context, value: bytes.__getitem__(value, slice(None)), False),
    (bytearray, lambda context, value: bytearray.__getitem__(value, slice(None)), True),
    (int, lambda context, value: int.__int__(value), False),
    (float, lambda context, value: float.__float__(value), False),
    (complex, lambda context, value: complex.__pos__(value), False),
)


def subclass_rule(kind: type) -> Rule | None:
    """The rule for a subclass of a builtin container or scalar."""
    for base, content, mutable in _BASES:
        if issubclass(kind, base):
            # An immutable base can hold a cycle, and be changed, where the subclass gives its instances attributes.
            attributes = kind.__dictoffset__ != 0 or kind.__basicsize__ != base.__basicsize__
            return Rule(_subclass(content), tracked=mutable or attributes)
    return None


def _subclass(content: Content) -> Callable[[Context, Any], Node]:
    def expand(context: Context, value: Any) -> Node:
        return Node(tags.SUBCLASS, [context.refer(type(value)), content(context, value), objects.state(context, value)])

    return expand
