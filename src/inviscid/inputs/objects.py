"""Instances: the reference of their class, and their state.

The state is what pickle would take (`__getstate__`, `__reduce_ex__(4)`), never its bytes: a class that says what its
state is has said it here too. Attributes are sorted by name: the order in which methods set them is no behaviour.

But what pickle takes may be a name, under which the same will be found elsewhere. Here the same need not be there
tomorrow: an instance that is reduced to names alone counts by its attributes too, and one whose class says what its
state is by the functions and classes that its attributes hold, whatever it leaves out. Where somebody has it at hand
whatever is pickled, all of its attributes count. Whether an instance was *changed* is judged by what pickle takes
alone: the rest is there to be filled while it is used.
"""

from __future__ import annotations

import copyreg
import functools
import os
import sys
import types
from collections import deque
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from ..states import says_its_state
from . import tags
from .parts import INDEXES, Context, Node, Raw, Rule, attributes, by_names, items

_HEAP_TYPE = 1 << 9
_IDENTITY_HASHES: tuple[object, ...] = (None, object.__hash__)
_CODE = (types.FunctionType, types.MethodType, types.ModuleType, functools.partial, type)
_SIZED = (set, frozenset, list, tuple, deque, dict)
_MOST_PARTS = 10_000
"""Of what an instance leaves out of its state, so many parts are looked at for code."""
_NAME = itemgetter(0)
_SITES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_FLAT = frozenset({int, float, complex, str, bytes, bool, type(None)})


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
        named_only = Node(tags.GLOBAL, [reference, getattr(value, "__module__", None), result])
        return _held(context, named_only, _all_of(context, value))
    if not isinstance(result, tuple) or not 2 <= len(result) <= 6:
        raise context.refuse(value, "its __reduce_ex__ returned neither a string nor a tuple")
    function, arguments, held, listed, mapped, setter = (*result, None, None, None, None)[:6]
    plain = function is copyreg.__newobj__ and arguments == (kind,) and listed is None and mapped is None  # type: ignore[attr-defined]
    if plain and setter is None:
        states = _states(held)
        if states is not None:
            node = attributes(context, tags.OBJECT, *states, before=(reference,))
            return _held(context, node, _beside(context, value)) if says_its_state(kind) else node
    children = [
        reference,
        function,
        arguments,
        named(context, held),
        Node(tags.ELEMENTS, [] if listed is None else list(listed), INDEXES),
        items(tags.ITEMS, () if mapped is None else mapped),
    ]
    labels = ("", ".__reduce_ex__()[0]", ".__reduce_ex__()[1]", "", "", "", ".__reduce_ex__()[5]")
    node = Node(tags.REDUCED, children if setter is None else [*children, setter], labels)
    by_name = not isinstance(function, type) and held is None and all(type(part) is str for part in arguments)
    return _held(context, node, _all_of(context, value) if by_name else _beside(context, value))


def _held(context: Context, node: Node, held: dict[str, object]) -> Node:
    """What pickle would take, and what an instance holds beside it."""
    context.hides = context.hides or bool(held)
    return attributes(context, tags.HOLDER, held, before=(node,)) if held else node


def _all_of(context: Context, value: object) -> dict[str, object]:
    return {} if context.hidden == "nothing" else dict(_attributes_of(value))


def _beside(context: Context, value: object) -> dict[str, object]:
    """What counts of an instance beside what pickle takes of it."""
    if context.hidden == "nothing":
        return {}
    code = _code_of(value)
    if context.hidden == "code":
        return code
    streams = {name: context.attempt(part) for name, part in _attributes_of(value)}
    held = {name: stream for name, stream in streams.items() if stream is not None}
    return held | {name: part for name, part in code.items() if name.partition(".")[0] not in held}


def _attributes_of(value: object) -> Iterator[tuple[str, object]]:
    """The attributes that an instance of a class from Python has, in slots too."""
    instance = getattr(value, "__dict__", None)
    if type(instance) is dict:
        yield from ((name, held) for name, held in list(instance.items()) if type(name) is str)
    if type(value).__flags__ & _HEAP_TYPE:
        for name in copyreg._slotnames(type(value)):  # type: ignore[attr-defined]  # noqa: SLF001  pickle's own
            try:
                yield name, object.__getattribute__(value, name)
            except AttributeError:
                continue


def _code_of(value: object) -> dict[str, object]:
    """The functions and classes that an instance holds, and those of what it holds, by what leads there."""
    found: dict[str, object] = {}
    seen: set[int] = set()
    left = _MOST_PARTS
    pending = sorted(_attributes_of(value), key=_NAME, reverse=True)
    while pending and left > 0:
        name, part = pending.pop()
        if type(part) in _FLAT or id(part) in seen:
            continue
        seen.add(id(part))
        inner: list[tuple[str, object]] = []
        if isinstance(part, _CODE):
            found[name] = part
        elif isinstance(part, _SIZED) and len(part) > left:
            # So much is data.
            continue
        elif isinstance(part, set | frozenset):
            # The encoder puts what is in a set into an order.
            if code := frozenset(
                one if isinstance(one, _CODE) else type(one) for one in part if type(one) not in _FLAT
            ):
                found[name] = code
        elif isinstance(part, list | tuple | deque):
            if not _FLAT.issuperset(map(type, part)):
                inner = [(f"{name}.{number}", one) for number, one in enumerate(part)]
        elif isinstance(part, dict):
            # Sorted, where keys are texts: they may have come out of a set.
            pairs = sorted(part.items(), key=lambda pair: pair[0] if type(pair[0]) is str else "")
            inner = [(f"{name}.{number}", one) for number, pair in enumerate(pairs) for one in pair]
        else:
            if type(part).__flags__ & _HEAP_TYPE:
                # Its methods are called too.
                found[name] = type(part)
            if not (says_its_state(type(part)) and _is_installed(type(part).__module__)):
                inner = sorted(((f"{name}.{attribute}", one) for attribute, one in _attributes_of(part)), key=_NAME)
                inner += [(f"{name}.args", part.args)] if isinstance(part, BaseException) else []
        left -= 1 + len(inner)
        pending += inner[::-1]
    return found


def _is_installed(module: str) -> bool:
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return any(folder in file for folder in _SITES)


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
