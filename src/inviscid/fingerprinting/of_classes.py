"""What a class says and refers to: its bases and its metaclass, how it is registered, its subclasses.

Its members are admitted by name while the walk goes on: see `narrowing`.
"""

from __future__ import annotations

import abc
import copyreg
import functools
from typing import Any

from inviscid.entry import module_name
from inviscid.fingerprinting import members, registries, template
from inviscid.fingerprinting.definition import Definition
from inviscid.fingerprinting.narrowing import Narrowed
from inviscid.fingerprinting.of_installed import visit_external
from inviscid.fingerprinting.of_modules import add_file
from inviscid.fingerprinting.places import extension_of, place_of_module_named
from inviscid.fingerprinting.references import External, external_name, is_user
from inviscid.fingerprinting.walk import Walk


def visit_class(walk: Walk, definition: Definition, cls: type) -> None:
    """A class, whole: bases, metaclass, members."""
    if not is_user(cls):
        place = place_of_module_named(cls.__module__)
        visit_external(walk, definition, external_name(cls) or External(f"{cls.__module__}.{cls.__qualname__}", place))
        return
    definition.kind = "class"
    definition.name = f"{module_name(cls)}.{cls.__qualname__}"
    walk.guards.klass(cls)
    # Its repr shows the name of a class, and its private names are mangled with it.
    definition.label.append(cls.__qualname__)
    if cls.__name__ != cls.__qualname__.rpartition(".")[2]:
        definition.label.append(["name", cls.__name__])
    if "__class__" in vars(cls):
        # What its instances give for their class need not be one.
        walk.marks.add(template.NAME)
    if type(cls) is not type:
        walk.refer(definition, type(cls), definition.name)
    definition.label.append(len(cls.__bases__))
    for base in cls.__bases__:
        walk.refer(definition, base, definition.name)
    if file := extension_of(cls.__module__):
        add_file(walk, definition, file)
    if (reducer := copyreg.dispatch_table.get(cls)) is not None:
        definition.label.append("copyreg")
        walk.refer(definition, reducer, f"{definition.name}, how it is pickled")
    if names := registries.registered(cls):
        definition.label.append(["registered", names])
        definition.notes.append(f"registered: {', '.join(names)}")
    if isinstance(cls, abc.ABCMeta):
        walk.guards.answer(lambda: registries.registered(cls))
    walk.classes.append((definition, cls, Narrowed(cls, members.members(cls), lambda base: not is_user(base))))
    if getattr(cls, "_is_protocol", False):
        # Instances of any class are asked for these names.
        walk.mentions.update(vars(cls))
    walk.mentions.update(name for name in vars(cls).get("__match_args__", ()) if isinstance(name, str))
    documentation = vars(cls).get("__doc__")
    definition.marked += [
        (template.DOC, documentation if isinstance(documentation, str) else ""),
        (template.PLACE, cls.__module__),
        # Without what Python notes there, which differs between versions.
        (template.ORDER, [name for name in vars(cls) if not name.startswith("__")]),
    ]


def refer_to_subclasses(walk: Walk, definition: Definition, cls: type) -> None:
    """The subclasses of a class, where somebody asks for them."""
    if cls in walk.asked:
        return
    walk.asked.add(cls)
    for number, subclass in enumerate(_subclasses(cls)):
        walk.member(definition, f"subclasses {number}", subclass)
    walk.guards.answer(functools.partial(_subclasses, cls))


def _subclasses(cls: type) -> list[Any]:
    return type.__subclasses__(cls)


def outline(cls: type, names: list[str]) -> str:
    """A class as an explanation shows it: its bases, and its members by name, one on each line."""
    around = [_full_name(base) for base in cls.__bases__ if base is not object]
    if type(cls) is not type:
        around.append(f"metaclass={_full_name(type(cls))}")
    head = f"class {cls.__qualname__}({', '.join(around)}):" if around else f"class {cls.__qualname__}:"
    return "\n".join([head, *(f"    {name}" for name in names)])


def _full_name(cls: type) -> str:
    return f"{module_name(cls)}.{cls.__qualname__}".removeprefix("builtins.")
