"""What a module says and refers to: all that it defines, or the file that it was compiled to."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from inviscid.digest import digest
from inviscid.entry import name_of_namespace
from inviscid.fingerprinting import members, template
from inviscid.fingerprinting.definition import Definition
from inviscid.fingerprinting.of_installed import visit_external
from inviscid.fingerprinting.places import place_of_globals, stamp_of
from inviscid.fingerprinting.references import External
from inviscid.fingerprinting.walk import Walk

_SKIPPED_GLOBALS = frozenset(
    "__builtins__ __cached__ __doc__ __file__ __loader__ __name__ __package__ __spec__ __annotations__".split()
)


def visit_module(walk: Walk, definition: Definition, module: ModuleType) -> None:
    """A module that is used as a value: all of it may be reached."""
    place = place_of_globals(vars(module))
    if place.kind != "user":
        name = name_of_namespace(vars(module))
        visit_external(walk, definition, External(name, place))
        walk.world(definition, name, ("",), ())
    else:
        refer_to_namespace(walk, definition, vars(module))


def refer_to_namespace(walk: Walk, definition: Definition, namespace: dict[str, Any]) -> None:
    """All that a module defines: for code that looks names up at run time."""
    home = name_of_namespace(namespace)
    definition.references.append(
        walk.node(("namespace", id(namespace)), home, lambda d: _visit_namespace(walk, d, namespace, home))
    )


def _visit_namespace(walk: Walk, definition: Definition, namespace: dict[str, Any], home: str) -> None:
    """Every name of a namespace with what it is bound to."""
    definition.kind = "module"
    definition.marked.append((template.ORDER, [name for name in namespace if name not in _SKIPPED_GLOBALS]))
    walk.guards.names(namespace)
    names = sorted(namespace.keys() - _SKIPPED_GLOBALS)
    definition.shown = "\n".join([f"module {home}:", *(f"    {name}" for name in names)])
    for name in names:
        value = namespace[name]
        walk.guards.binding(namespace, name, value)
        definition.label.append(name)
        walk.refer(definition, value, f"{home}.{name}")


def visit_compiled(walk: Walk, definition: Definition, value: Any, file: str) -> None:
    """Something of a compiled module of the user's: it counts by the file that it is in."""
    definition.kind = "compiled"
    definition.label.append(["compiled", str(members.ask(value, "__qualname__"))])
    add_file(walk, definition, file)


def add_file(walk: Walk, definition: Definition, file: str) -> None:
    """The content of the file of a compiled module."""
    with open(file, "rb") as stream:
        definition.label.append(digest(stream.read()))
    walk.guards.answer(functools.partial(stamp_of, file))
