"""HTML that can't be broken by what stands in it: whatever isn't `Markup` is escaped where it is put in."""

from __future__ import annotations

import html

_VOID = frozenset({"meta", "input", "br"})


class Markup(str):
    """Text that is HTML already. Only `tag`, `join` and what is written in this package make it."""

    __slots__ = ()


def escaped(value: object) -> Markup:
    """A value as text. What would steer a browser or turn the line around is shown, not obeyed."""
    if isinstance(value, Markup):
        return value
    shown = "".join(letter if letter.isprintable() or letter in "\n\t" else repr(letter)[1:-1] for letter in str(value))
    return Markup(html.escape(shown))


def join(*children: object) -> Markup:
    """One after the other; None is nothing."""
    return Markup("".join(escaped(child) for child in children if child is not None))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. ``class_`` is class, ``data_value`` is data-value; True has no value, None and False aren't there."""
    written = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
