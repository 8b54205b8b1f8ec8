"""Everything that a function reaches, as a graph of definitions.

The walk starts from the live object and asks each thing in the way that fits it (`visit`). What has been met may make
more of what was passed by count, so the walk widens until nothing new is met.
"""

from __future__ import annotations

import builtins
import functools
import operator
import sys
import weakref
from collections.abc import Callable
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from inviscid.digest import digest, pack, short
from inviscid.errors import UnhashableInput
from inviscid.fingerprinting import members, registries, template
from inviscid.fingerprinting.definition import Declared, Definition, Encode
from inviscid.fingerprinting.impure import ATTACHED, is_sqlite, makes_paths, scans, world_of
from inviscid.fingerprinting.narrowing import ABOUT_THE_CLASS
from inviscid.fingerprinting.of_classes import outline, refer_to_subclasses, visit_class
from inviscid.fingerprinting.of_functions import refer_to_annotations, visit_function
from inviscid.fingerprinting.of_installed import refer_to_all_extensions, visit_external
from inviscid.fingerprinting.of_modules import visit_compiled, visit_module
from inviscid.fingerprinting.of_values import visit_ambient, visit_getter, visit_state, visit_value
from inviscid.fingerprinting.places import extension_of
from inviscid.fingerprinting.references import external_name
from inviscid.fingerprinting.shown import brief
from inviscid.fingerprinting.template import Template
from inviscid.fingerprinting.walk import IMMUTABLE, Walk

_METHODS = (BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType, MethodWrapperType)
_LOOKS_UP = {*template.FORMATTING, "__getattribute__"}
_MOMENTS = frozenset(
    "datetime.datetime datetime.date pandas.Timestamp pandas._libs.tslibs.timestamps.Timestamp".split()
)
_GETTERS = (operator.attrgetter, operator.methodcaller)
_CODING = frozenset({"encode", "decode", "errors", "encoding"})
_OPENERS = frozenset({"builtins.open", "io.open", "_io.open", "io.TextIOWrapper", "_io.TextIOWrapper"})
_LRU_CACHE = type(functools.lru_cache(abs))


def reach(
    root: Any, name: str, encode: Encode, templates: Callable[[FunctionType], Template | None], marks: frozenset[str]
) -> Walk:
    """All that `root` reaches: see `Walk` for the arguments."""
    walk = Walk(encode, templates, visit, marks)
    if not isinstance(root, FunctionType) and not hasattr(type(root), "__inviscid_definition__"):
        # Whoever asks for a class, or for an object, may call anything on it.
        walk.marks.add(template.MEMBERS)
    walk.object(root, name)
    while walk.pending:
        definition, look = walk.pending.pop()
        try:
            look(definition)
        except UnhashableInput as error:
            walk.taint(definition, _of_a_global(error))
        except Exception as error:  # noqa: BLE001  objects of users may raise whatever they like when they are asked
            walk.taint(definition, f"{definition.name} can't be looked into: {type(error).__name__}: {error}")
        if not walk.pending:
            _widen(walk)
    _ask_the_world(walk)
    for cls, names in walk.hung.items():
        walk.guards.hung(cls, names)
    if walk.codes:
        walk.guards.answer(functools.partial(registries.all_codings, frozenset(walk.mentions | walk.texts)))
    for definition, cls, _ in walk.classes:
        # Every class has annotations, if only none: that is no news.
        definition.shown = outline(cls, sorted(definition.members.keys() - {"annotations"}))
    for definition in walk.definitions:
        for member, number in sorted(definition.members.items()):
            definition.label.append(["member", member])
            definition.references.append(number)
    return walk


def _ask_the_world(walk: Walk) -> None:
    """Note the methods of installed classes that are called somewhere on what came from somewhere else."""
    attaching = walk.attaches or any(mention.lower() == "attach" for mention in walk.mentions)
    if attaching and (by := next((d.name for d in walk.definitions if is_sqlite(d.name)), "")):
        walk.impure(walk.definitions[0], by, ATTACHED)
    asked = {name[1:] for name in walk.mentions if name.startswith(".")} & template.ASKED
    of_paths = {name for name in template.ASKED_OF_PATHS - {"absolute"} if f".{name}()" in walk.mentions}
    # Those of the user's own classes are followed.
    asked = (asked | of_paths) - {name for _, cls, _ in walk.classes for name in vars(cls)}
    paths = walk.paths or any(d.kind == "external" and makes_paths(d.name) for d in walk.definitions)
    for name in sorted(asked):
        moment = name in ("now", "utcnow", "today")
        if moment and not any(d.name in _MOMENTS for d in walk.definitions if d.kind == "external"):
            continue
        full = f"datetime.datetime.{name}" if moment else f"pathlib.Path.{name}"
        found = world_of(full)
        only_of_paths = name in of_paths and not paths
        mention = f".{name}()" if name in of_paths else f".{name}"
        for definition in [d for d in walk.definitions if mention in d.looks_up]:
            if name == "stat" and any(scans(walk.definitions[number].name) for number in definition.references):
                # It is most likely an entry that is asked.
                continue
            told = [taint for taint in definition.taints if only_of_paths or not taint.of_paths]
            if found is not None and not any(found.what in taint.why for taint in told):
                walk.impure(definition, full, found, of_paths=only_of_paths)


def _widen(walk: Walk) -> None:
    """Visit what counts only because of something that was met since it was passed by."""
    if template.ANNOTATIONS in walk.marks:
        unread, walk.unread = walk.unread, []
        for definition, function in unread:
            refer_to_annotations(walk, definition, function)
    whole = template.MEMBERS in walk.marks
    for definition, cls, narrowed in list(walk.classes):
        for name, value in narrowed.admit(walk.mentions, whole=whole):
            walk.held(definition, value)
            walk.member(definition, name, value)
            if name in ABOUT_THE_CLASS:
                walk.said.add(id(value))
        if "__subclasses__" in walk.mentions:
            refer_to_subclasses(walk, definition, cls)
        if whole or template.ANNOTATIONS in walk.marks:
            namespace = vars(sys.modules.get(cls.__module__, builtins))
            for word, value in registries.quoted(vars(cls).get("__annotations__"), namespace):
                walk.member(definition, f"annotation {word}", value)
    if whole:
        refer_to_all_extensions(walk, walk.definitions[0])
    codes = not _CODING.isdisjoint(walk.mentions) or any(d.name in _OPENERS for d in walk.definitions)
    named = walk.mentions | walk.texts
    for name, registered in registries.codings(named).items():
        if codes or name.partition(" ")[2] in named:
            walk.codes = True
            walk.member(walk.definitions[0], name, registered)
    walk.codes = walk.codes or codes


def visit(walk: Walk, definition: Definition, value: Any) -> None:
    """Ask a live object in the way that fits it."""
    if type(value) in IMMUTABLE:
        visit_value(walk, definition, value)
        return
    if type(value) in _METHODS and value.__name__ in _LOOKS_UP:
        walk.marks |= set(template.COMPUTED_NAME)
    declared = getattr(type(value), "__inviscid_definition__", None)
    if declared is not None:
        if hasattr(type(value), "__inviscid_answer__"):
            definition.declared = weakref.ref(value)
        _visit_declared(walk, definition, declared(value))
    elif isinstance(value, FunctionType):
        visit_function(walk, definition, value)
    elif isinstance(value, type):
        visit_class(walk, definition, value)
    elif isinstance(value, ModuleType):
        visit_module(walk, definition, value)
    elif not isinstance(value, _LRU_CACHE) and (home := external_name(value)) is not None:
        visit_external(walk, definition, home)
    elif isinstance(value, MethodType):
        definition.kind = "method"
        walk.refer(definition, value.__func__, definition.name)
        walk.refer(definition, value.__self__, f"{definition.name}.__self__")
    elif isinstance(value, _LRU_CACHE):
        definition.kind = "memoized"
        definition.memo = value
        definition.label.append(pack(value.cache_parameters()))
        definition.shown = brief(value.cache_parameters())
        walk.refer(definition, value.__wrapped__, definition.name)
    elif isinstance(value, members.DESCRIPTORS):
        definition.kind = type(value).__name__
        for part in members.descriptor_parts(value):
            walk.refer(definition, part, definition.name)
        if type(value) not in members.DESCRIPTORS:
            visit_state(walk, definition, value)
    elif type(value) in _GETTERS:
        visit_getter(walk, definition, value)
    elif not isinstance(value, ModuleType) and (file := extension_of(str(members.ask(value, "__module__")))):
        visit_compiled(walk, definition, value, file)
    elif isinstance(value, CodeType):
        definition.kind = "code"
        from inviscid.fingerprinting.bytecode import code_stream

        definition.label.append(code_stream(value))
    elif (read := members.ambient(value)) is not None:
        visit_ambient(walk, definition, value, read)
    else:
        visit_value(walk, definition, value)


def _visit_declared(walk: Walk, definition: Definition, declared: Declared) -> None:
    """An object of ours is what it wraps, plus the config that it reads."""
    definition.reads = declared.reads
    definition.vouched = declared.vouched
    if declared.options:
        definition.label.append(declared.options)
        definition.notes.append(f"options: {short(digest(declared.options))}")
    walk.held(definition, declared.function)
    visit(walk, definition, declared.function)
    for number, other in enumerate(declared.beside):
        walk.held(definition, other)
        walk.member(definition, f"option {number}", other)


def _of_a_global(error: UnhashableInput) -> str:
    """What an error on an argument says, for what is not an argument."""
    return f"{error.what} Make it an argument, make it inside the function, or give your word with pure=True."
