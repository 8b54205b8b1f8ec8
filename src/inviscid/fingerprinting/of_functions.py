"""What a function says and refers to: the slots of its template, its defaults, its attributes, its annotations.

Nothing is read from a file but syntax that has been checked against the running code.
"""

from __future__ import annotations

import os
from types import FunctionType

from inviscid.entry import module_name
from inviscid.fingerprinting import members, registries, template
from inviscid.fingerprinting.definition import HERE, ZONE, Definition
from inviscid.fingerprinting.generated import is_created
from inviscid.fingerprinting.guards import contents
from inviscid.fingerprinting.impure import ZONED, seeds
from inviscid.fingerprinting.of_installed import refer_to_installed, visit_external
from inviscid.fingerprinting.of_modules import refer_to_namespace
from inviscid.fingerprinting.options import PRINTING, makes_texts
from inviscid.fingerprinting.places import STDLIB, Place, place_of_globals
from inviscid.fingerprinting.references import External, Found, Target, Undefined, external_name, resolve
from inviscid.fingerprinting.template import Slot
from inviscid.fingerprinting.walk import FRAME_LOOK_UP, MEMBER_LOOK_UP, Walk, show_name
from inviscid.sentinels import MISSING

# What looks names up at run time, and what imports modules by a name that is computed, however they are called.
_LOOK_UP = frozenset(
    {
        "builtins.eval",
        "builtins.exec",
        "builtins.globals",
        "sys.modules",
        "pandas.eval",
        "numexpr.evaluate",
        "pandas.core.computation.eval.eval",
    }
)
_ANYWHERE = frozenset({"", template.SHOWN})
_IMPORT = frozenset({"importlib.import_module", "builtins.__import__", "pkgutil.resolve_name", "runpy.run_path"})
_IMPORT_SPELLED = frozenset({"import_module", "__import__"})


def visit_function(walk: Walk, definition: Definition, function: FunctionType) -> None:
    """A function of the user's: template, slots, defaults, attributes."""
    place = place_of_globals(function.__globals__)
    if place.kind != "user":
        _visit_foreign(walk, definition, function, place)
        return
    if is_created(function):
        # It follows from its class, which has put it there.
        definition.kind = "generated"
        definition.label.append(function.__qualname__)
        walk.guards.function(function)
        return
    definition.kind = "function"
    definition.name = f"{module_name(function)}.{function.__qualname__}"
    walk.guards.function(function)
    form = walk.templates(function)
    if form is None:
        # Taking code apart needs modules that nothing else does.
        from inviscid.fingerprinting.bytecode import bytecode_template

        form = bytecode_template(function)
    walk.marks |= form.marks & template.CLOSURE_WIDE
    definition.label.append(form.body)
    definition.looks_up = form.mentions
    walk.mentions.update(form.mentions)
    if not ZONED.isdisjoint(form.mentions):
        definition.variables.add(ZONE)
    if ".absolute()" in form.mentions:
        definition.variables.add(HERE)
    if makes_texts(form.mentions):
        definition.variables.add(PRINTING)
    definition.shown = form.text
    computed = template.COMPUTED in form.marks
    whole = template.MODULE in form.marks
    for slot, uses, direct in zip(form.slots, form.uses, form.direct, strict=True):
        target = _refer_to_slot(walk, definition, slot, function)
        if direct and isinstance(target, Found) and not target.rest:
            definition.direct.add(len(definition.references) - 1)
        name = walk.external_name_of(target)
        walk.world(definition, name, uses, form.mentions)
        if definition is walk.definitions[0]:
            walk.seeds.update(seeds(name, uses))
        if name in FRAME_LOOK_UP and ("" in uses or not _spelled_out(name, (slot.name, *slot.chain))):
            # Whoever calls it sees the names of locals: of which function, nobody can tell.
            walk.marks.add(template.EXACT)
        if slot.name == "type" and name != "builtins.type":
            # The template took what it gives for a class.
            walk.marks.add(template.NAME)
        if name in MEMBER_LOOK_UP and not _spelled_out(name, (slot.name, *slot.chain)):
            walk.marks |= set(template.COMPUTED_NAME)
        if isinstance(target, Found) and type(target.value) is str:
            # It may be a query that names variables.
            for variable in template.variables(target.value):
                _refer_to_target(walk, definition, resolve(Slot("global", variable), function, walk.guards))
        if isinstance(target, Found) and not target.rest:
            if template.SHOWN in uses and isinstance(target.value, type):
                walk.marks.add(template.PLACE)
            if not _ANYWHERE.isdisjoint(uses):
                show_name(definition, target.value)
        whole = whole or name in _LOOK_UP
        # Where it is spelled out, the template has read the name that is imported.
        computed = computed or (name in _IMPORT and (slot.name, *slot.chain)[-1] not in _IMPORT_SPELLED)
    if whole:
        refer_to_namespace(walk, definition, function.__globals__)
    if computed:
        walk.taint(definition, f"{definition.name} computes the name of a module to import: make it a constant")
    refer_to_defaults(walk, definition, function)
    for name, value in sorted(vars(function).items()):
        if name in members.METADATA:
            continue
        definition.label.append(["attribute", name])
        definition.notes.append(f"attribute: {name}")
        hand = walk.refer if name == "__wrapped__" else walk.hand
        hand(definition, value, f"{definition.name}.{name}")
    definition.marked += [
        (template.DOC, form.documentation),
        (template.DOC, _replaced_documentation(function)),
        (template.NAME, [function.__name__, function.__qualname__, form.names]),
        (template.PLACE, function.__module__),
        (template.ANNOTATIONS, form.annotations),
        (template.EXACT, form.source),
    ]
    walk.unread.append((definition, function))


def _refer_to_slot(walk: Walk, definition: Definition, slot: Slot, function: FunctionType) -> Target:
    """Let a definition refer to what a slot stands for.

    It is looked for once in a module: the guards of the first look hold for all.
    """
    at = id(function.__globals__), slot
    known = walk.targets.get(at)
    if known is not None:
        target, said, node = known
        definition.label.append(said)
        definition.references.append(node)
        return target
    target = resolve(slot, function, walk.guards)
    _refer_to_target(walk, definition, target)
    if slot.kind != "free" and not isinstance(target, Undefined):
        walk.targets[at] = target, definition.label[-1], definition.references[-1]
    return target


def _refer_to_target(walk: Walk, definition: Definition, target: Target) -> None:
    """Let a definition refer to what one of its slots stands for."""
    match target:
        case Found(value, rest, name):
            definition.label.append(list(rest))
            if isinstance(value, dict) and "__builtins__" in value:
                refer_to_namespace(walk, definition, value)
            elif value is os.environ:
                # Which of its variables are read is known from how it is used, or else it is a taint.
                refer_to_installed(walk, definition, External("os.environ", STDLIB))
            else:
                # How it is used is known.
                definition.references.append(walk.object(value, name))
        case External():
            definition.label.append([])
            refer_to_installed(walk, definition, target)
        case Undefined(name):
            definition.label.append(["undefined", name])
            definition.notes.append(f"undefined name: {name}")


def refer_to_annotations(walk: Walk, definition: Definition, function: FunctionType) -> None:
    """The annotations of a function, which are not in its code: what lives counts."""
    walk.guards.answer(lambda: list(getattr(function, "__annotations__", {}).items()))
    for name, value in members.annotations_of(function):
        definition.label.append(["annotation", name])
        walk.refer(definition, value, f"{definition.name}, annotation of '{name}'")
    for word, value in registries.quoted(dict(members.annotations_of(function)), function.__globals__):
        walk.member(definition, f"annotation {word}", value)


def refer_to_defaults(walk: Walk, definition: Definition, function: FunctionType) -> None:
    """The values of the defaults, which were computed when the function was defined."""
    positional = function.__defaults__ or ()
    keywords = function.__kwdefaults__ or {}
    definition.label.append([len(positional), sorted(keywords)])
    names = function.__code__.co_varnames[: function.__code__.co_argcount][::-1]
    # More defaults than parameters are legal, and ignored by calls.
    named = list(zip(names, positional[::-1], strict=False))[::-1]
    for name, value in [*named, *sorted(keywords.items())]:
        walk.hand(definition, value, f"{definition.name}, default of '{name}'")


def _visit_foreign(walk: Walk, definition: Definition, function: FunctionType, place: Place) -> None:
    """Installed code counts by its name; but a wrapper from there holds functions of the user's in its cells."""
    home = external_name(function)
    if home is not None:
        visit_external(walk, definition, home)
        return
    # By its code: `functools.wraps` gave it the name of what it wraps.
    home_name = f"{function.__globals__.get('__name__')}.{function.__code__.co_qualname}"
    visit_external(walk, definition, External(home_name, place))
    walk.guards.function(function)
    if hasattr(function, "registry") and hasattr(function, "dispatch"):
        # singledispatch: its other cells hold what it remembers of earlier calls.
        walk.refer(definition, function.registry, f"{definition.name}.registry")
        return
    for cell in function.__closure__ or ():
        value = contents(cell)
        definition.label.append(value is MISSING)
        if value is not MISSING:
            walk.hand(definition, value, definition.name)
    refer_to_defaults(walk, definition, function)
    if hasattr(function, "__wrapped__"):
        walk.refer(definition, function.__wrapped__, definition.name)


def _replaced_documentation(function: FunctionType) -> str:
    """Documentation that isn't the one in the function's text."""
    found, constants = function.__doc__, function.__code__.co_consts
    written = constants[0] if constants else None
    return found if isinstance(found, str) and found is not written else ""


def _spelled_out(name: str, spelled: tuple[str, ...]) -> bool:
    """Whether the template has read which names something is asked for: it knows it by its own name only."""
    last = name.rpartition(".")[2]
    return spelled == (last,) or (last in template.FIRST_NAME_TAKING and spelled[-1] == last)
