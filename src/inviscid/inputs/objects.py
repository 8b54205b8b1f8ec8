"""Instances: the reference of their class, and their state.

The state is what pickle would take (`__getstate__`, `__reduce_ex__(4)`), never its bytes: a class that says what its
state is has said it here too. Attributes are sorted by name: the order in which methods set them is no behaviour.
"""

from __future__ import annotations

import copyreg
from typing import Any

from . import tags
from .parts import INDEXES, Context, Node, Raw, Rule, attributes, by_names, items

_HEAP_TYPE = 1 << 9
_IDENTITY_HASHES: tuple[object, ...] = (None, object.__hash__)


def by_key(context: Context, value: Any) -> Node:
    """An instance of a class that defines `__inviscid_key__`."""
    return Node(tags.KEYED, [context.refer(type(value)), context.ask(value, value.__inviscid_key__)])


def state(context: Context, value: object) -> Node:
    """The state of an instance whose content is written elsewhere: of a subclass of a container, an array, a frame."""
    # Not through the instance: an attribute of that name on it is not what pickle would call.
    getter = type(value).__getstate__
    return named(context, context.ask(value, getter, value))


def reduce_rule(kind: type) -> Rule:
    """The rule for whatever has no other."""
    # A type from C with a hash of its own is a value (an offset, a timestamp): sharing it changes nothing.
    # Only there is its hash looked at: a class from Python may make things up when its attributes are read.
    return Rule(reduced, tracked=bool(kind.__flags__ & _HEAP_TYPE) or kind.__hash__ in _IDENTITY_HASHES)


def reduced(context: Context, value: Any) -> Node | Raw:
    """An instance by what pickle would take of it."""
    kind = type(value)
    instance = getattr(value, "__dict__", None)
    if type(instance) is dict and "__wrapped__" in instance and callable(value):
        return context.refer(value)
    reducer = copyreg.dispatch_table.get(kind)
    if reducer is not None:
        result = context.ask(value, reducer, value)
    else:
        result = context.ask(value, kind.__reduce_ex__, value, 4)
    if isinstance(result, str) and callable(value):
        # A function of compiled code: its type is a detail of the compiler.
        return context.refer(value)
    reference = context.refer(kind)
    if isinstance(result, str):
        return Node(tags.GLOBAL, [reference, getattr(value, "__module__", None), result])
    if not isinstance(result, tuple) or not 2 <= len(result) <= 6:
        raise context.refuse(value, "its __reduce_ex__ returned neither a string nor a tuple")
    function, arguments, held, listed, mapped, setter = (*result, None, None, None, None)[:6]
    plain = function is copyreg.__newobj__ and arguments == (kind,) and listed is None and mapped is None  # type: ignore[attr-defined]
    if plain and setter is None:
        states = _states(held)
        if states is not None:
            return attributes(context, tags.OBJECT, *states, before=(reference,))
    children = [
        reference,
        function,
        arguments,
        named(context, held),
        Node(tags.ELEMENTS, [] if listed is None else list(listed), INDEXES),
        items(tags.ITEMS, () if mapped is None else mapped),
    ]
    labels = ("", ".__reduce_ex__()[0]", ".__reduce_ex__()[1]", "", "", "", ".__reduce_ex__()[5]")
    return Node(tags.REDUCED, children if setter is None else [*children, setter], labels)


def _states(held: object) -> tuple[dict[str, object], ...] | None:
    """The attributes that a state consists of, or None where it is something else."""
    if held is None:
        return ()
    if by_names(held):
        return (held,)  # type: ignore[return-value]
    # The form of classes with slots: (attributes or None, slots).
    if type(held) is tuple and len(held) == 2 and (held[0] is None or by_names(held[0])) and by_names(held[1]):
        return (held[0] or {}, held[1])
    return None


def named(context: Context, held: object) -> Node:
    """A state: its attributes by name, or whatever else it is."""
    states = _states(held)
    if states is None:
        return Node(tags.OPAQUE, [held])
    return attributes(context, tags.STATE, *states)


def _enum(context: Context, value: Any) -> Node:
    # `_value_`, because a class may define `value` anew.
    return Node(tags.ENUM, [context.refer(type(value)), value._name_, value._value_], ("", "", ".value"))


FAMILIES: dict[type | str, Rule] = {"enum:Enum": Rule(_enum)}
