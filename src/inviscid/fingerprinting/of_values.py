"""What a value says and refers to: its structure, and the functions and classes in it.

What the encoder has no structure for may still show its state, what it wraps, or what it would give here and now.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from inviscid.digest import combine, pack
from inviscid.errors import UnhashableInput
from inviscid.fingerprinting import members, template
from inviscid.fingerprinting.definition import Definition, Encode
from inviscid.fingerprinting.guards import Content, hold
from inviscid.fingerprinting.impure import attaches, holds_path
from inviscid.fingerprinting.options import PRINTING, makes_texts
from inviscid.fingerprinting.shown import brief
from inviscid.fingerprinting.walk import IMMUTABLE, Walk
from inviscid.states import is_constant, says_its_state

_SHOWN_BY = {
    "__doc__": template.DOC,
    "__name__": template.NAME,
    "__qualname__": template.NAME,
    "__module__": template.PLACE,
}


def visit_value(walk: Walk, definition: Definition, value: Any) -> None:
    """A value is its structure; what it refers to are the functions and classes in it."""
    try:
        visible = stream, parts = _content(functools.partial(walk.encode, hidden="nothing"), value, definition.name)
    except UnhashableInput:
        # Compiled wrappers (numba, jax) have no structure of their own, but they show what they wrap.
        if members.inner_function(value) is None:
            raise
        _visit_wrapper(walk, definition, value)
        return
    if any(part is value for part in parts):
        # The encoder leaves it to us, so there is nothing in the stream.
        _visit_wrapper(walk, definition, value)
        return
    definition.kind = "value"
    definition.shown = brief(value, definition.name)
    if type(value) is str:
        walk.texts.add(value)
    if type(attributes := members.ask(value, "__dict__")) is dict:
        names = [name for name in attributes if isinstance(name, str)]
        # The stream of a value has them sorted.
        definition.marked += [(template.ORDER, names)] if names != sorted(names) else []
    if any(isinstance(part, type) and says_its_state(part) for part in parts):
        # What such an instance fills while it is used, and leaves out of its state, is no news later: so it is looked
        # at now and not watched. But the code that it holds now it shall keep.
        stream, parts = _content(functools.partial(walk.encode, hidden="all"), value, definition.name)
        held = members.callables_of(value)
        walk.guards.answer(functools.partial(_still_held, hold(value), tuple(held)))
    _add_content(walk, definition, stream, parts)
    # What was made to say something of a class can change only where it holds what is not plain.
    fixed = type(value) in IMMUTABLE or is_constant(type(value)) or (id(value) in walk.said and _is_plain(value))
    if members.is_logger(value):
        # Most modules have one, and its name is all that counts.
        walk.guards.binding(vars(value), "name", value.name)
    elif not fixed:
        _guard_content(walk, definition, hold(value), visible)


def _is_plain(value: Any) -> bool:
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    return type(value) in IMMUTABLE


def _still_held(read: Callable[[], Any], names: tuple[str, ...]) -> list[Any]:
    held = members.callables_of(read())
    return [held.get(name) for name in names]


def _add_content(walk: Walk, definition: Definition, stream: bytes, parts: tuple[Any, ...]) -> None:
    """The stream of a value, and the functions and classes in it."""
    definition.label.append(stream)
    walk.attaches = walk.attaches or attaches(stream)
    walk.paths = walk.paths or holds_path(stream)
    for part in parts:
        walk.hand(definition, part, f"{type(part).__module__}.{getattr(part, '__qualname__', definition.name)}")


def _guard_content(walk: Walk, definition: Definition, read: Callable[[], Any], expected: Content) -> None:
    """Notice when what `read` gives has another content."""
    # Guards outlive this walk, which keeps alive all that it has met: so they don't hold it.
    encode, name = functools.partial(walk.encode, hidden="nothing"), definition.name
    walk.guards.content(lambda: _content(encode, read(), name), expected)


def visit_getter(walk: Walk, definition: Definition, value: Any) -> None:
    """What looks up attributes by names that it holds."""
    definition.kind = "value"
    made_by, arguments = value.__reduce__()[:2]
    definition.label.append(["getter", type(value).__name__])
    if isinstance(made_by, functools.partial):
        # With keywords for the method; the class is bound with them.
        arguments = (*made_by.args, *arguments, made_by.keywords)
    for argument in arguments:
        if isinstance(argument, str):
            definition.label.append(argument)
            if makes_texts(argument.split(".")):
                definition.variables.add(PRINTING)
            for name in argument.split("."):
                walk.mentions.add(name)
                walk.marks.update(template.REFLECTIVE_ATTRIBUTES.get(name, ()))
        else:
            walk.hand(definition, argument, definition.name)


def _visit_wrapper(walk: Walk, definition: Definition, value: Any) -> None:
    """A callable object that wraps a function: its class, its state, and the function."""
    definition.kind = "wrapper"
    inner = members.inner_function(value)
    state = visit_state(walk, definition, value)
    if inner is not None:
        walk.hand(definition, inner, definition.name)
    elif not state or members.is_called_by_c(value):
        raise UnhashableInput(f"{definition.name} ({type(value).__qualname__}) shows neither code nor state.")


def visit_state(walk: Walk, definition: Definition, value: Any) -> bool:
    """The class and the attributes of an object, whatever it says to pickle. Returns whether it has any."""
    walk.refer(definition, type(value), definition.name)
    attributes = members.ask(value, "__dict__")
    if not isinstance(attributes, dict):
        return False
    walk.guards.names(attributes)
    copied = {*members.METADATA, "__type_params__", "__annotations__"} if "__wrapped__" in attributes else set()
    for name in sorted(attributes):
        walk.guards.binding(attributes, name, attributes[name])
        if name in copied:
            # `functools.update_wrapper` put it there: it counts where it can be observed.
            definition.marked.append((_SHOWN_BY.get(name, template.ANNOTATIONS), [name, _plain(attributes[name])]))
            continue
        definition.label.append(["attribute", name])
        definition.notes.append(f"attribute: {name}")
        walk.hand(definition, attributes[name], f"{definition.name}.{name}")
    return bool(attributes)


def visit_ambient(walk: Walk, definition: Definition, value: Any, read: Callable[[], Any]) -> None:
    """A variable of the context or the thread: what a function would read from it here and now."""
    definition.kind = "ambient"
    definition.label.append(type(value).__name__)
    current = read()
    definition.shown = brief(current, definition.name)
    found = _content(walk.encode, current, definition.name)
    _add_content(walk, definition, *found)
    _guard_content(walk, definition, read, found)


def _content(encode: Encode, value: Any, name: str) -> Content:
    """The stream of a value, with numbers for the functions and classes in it; and those.

    The order in which the encoder asks for them may be that of ids, in a set. So it is given names first, which it can
    sort by; the numbers follow the stream.
    """
    tokens: dict[bytes, Any] = {}

    def reference(part: object, path: str) -> bytes:
        code = getattr(part, "__code__", None)
        spelled = [str(getattr(part, at, "")) for at in ("__module__", "__qualname__")]
        line = getattr(code, "co_firstlineno", 0)
        candidates = (combine("part", pack([*spelled, line, twin])) for twin in range(len(tokens) + 1))
        token = next(candidate for candidate in candidates if candidate not in tokens)
        tokens[token] = part
        return token

    stream = encode(value, reference, f"'{name}'")
    order = sorted(tokens, key=stream.find)
    for number, token in enumerate(order):
        # As long as what it replaces, or lengths in the stream would be wrong.
        stream = stream.replace(token, number.to_bytes(len(token), "big"))
    return stream, tuple(tokens[token] for token in order)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return template.cleaned(value)
    return repr(sorted(value)) if isinstance(value, dict) else ""
