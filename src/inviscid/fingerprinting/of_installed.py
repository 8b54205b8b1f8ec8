"""What stands for something installed: its name and its distribution; and what user code has hung on it."""

from __future__ import annotations

import abc
import functools

from inviscid.fingerprinting import registries, template
from inviscid.fingerprinting.definition import DECIMAL, Definition, Distribution
from inviscid.fingerprinting.narrowing import KINDS, opaque
from inviscid.fingerprinting.options import FORMATTING, PRINTING, TOLD, told_module
from inviscid.fingerprinting.references import External, is_user
from inviscid.fingerprinting.walk import Walk
from inviscid.states import is_constant

_IMMUTABLE_TYPE = 1 << 8


def visit_external(walk: Walk, definition: Definition, target: External) -> None:
    """Something installed: its name stands for it, its distribution joins the environment."""
    definition.kind = "external"
    definition.name = target.name
    definition.label.append(["external", target.name])
    for worker in registries.workers(target.name) if target.place.kind == "stdlib" else ():
        _refer_to_extensions(walk, definition, worker)
    if isinstance(target.value, type):
        _refer_to_extensions(walk, definition, target.value)
        if isinstance(target.value, abc.ABCMeta):
            asked = functools.partial(registries.registered, target.value, is_user)
            if names := asked():
                definition.label.append(["registered", names])
            walk.guards.answer(asked)
    if opaque(target.name):
        walk.marks.add(template.MEMBERS)
    if target.name.partition(".")[0] in ("decimal", "_decimal", "_pydecimal"):
        definition.variables.add(DECIMAL)
    if target.name in FORMATTING:
        definition.variables.add(PRINTING)
    if module := told_module(target.name):
        definition.variables.add(f"{TOLD}{module}")
    if target.place.kind == "distribution":
        definition.distribution = Distribution(*target.place[1:])
    if target.name.partition(".")[0] == "inspect" and target.name not in KINDS:
        walk.marks |= template.CLOSURE_WIDE
    if target.name == "typing.get_type_hints":
        walk.marks.add(template.ANNOTATIONS)


def refer_to_installed(walk: Walk, definition: Definition, target: External) -> None:
    """Let a definition refer to something installed."""
    name = target.name
    definition.references.append(walk.node(("external", name), name, lambda d: visit_external(walk, d, target)))


def _refer_to_extensions(walk: Walk, definition: Definition, cls: type) -> None:
    """What user code has hung on an installed class that is reached: its own code may look up any of it."""
    for base in cls.__mro__:
        if not base.__flags__ & _IMMUTABLE_TYPE and base not in walk.extended and not is_constant(base):
            walk.extended.add(base)
            walk.guards.klass(base)
            for name, _, users in registries.extensions(base, vars(base).keys(), is_user):
                walk.member(definition, f"{base.__qualname__}.{name}", users)


def refer_to_all_extensions(walk: Walk, definition: Definition) -> None:
    """What user code has hung on installed classes that need not be named, where it is looked up."""
    any_name = walk.marks.issuperset(template.COMPUTED_NAME)
    for cls in registries.extended(is_user):
        # What is the user's only later is noticed too, under a name that the class has or gets.
        names = vars(cls).keys() if any_name else vars(cls).keys() & walk.mentions
        walk.hung[cls] = tuple(names)
        for name, _, users in registries.extensions(cls, names, is_user):
            walk.member(definition, f"{cls.__module__}.{cls.__qualname__}.{name}", users)
