"""Everything that a function reaches, as a graph of definitions.

The walk starts from the live object and asks each thing in the way that fits it: a function for the slots of its
template, its defaults and its attributes; a class for its bases and members (`members`); a value for its structure.
Nothing is read from a file but syntax that has been checked against the running code.
"""

from __future__ import annotations

import abc
import builtins
import copyreg
import functools
import operator
import os
import sys
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

from inviscid.digest import combine, digest, pack, short
from inviscid.entry import module_name, name_of_namespace
from inviscid.errors import UnhashableInput
from inviscid.fingerprinting import members, registries, template
from inviscid.fingerprinting.definition import (
    DECIMAL,
    ZONE,
    ConfigRead,
    Declared,
    Definition,
    Distribution,
    Encode,
    Taint,
)
from inviscid.fingerprinting.generated import is_created
from inviscid.fingerprinting.guards import Content, Guards, contents, hold
from inviscid.fingerprinting.impure import (
    ATTACHED,
    CURES,
    ENVIRONMENT_READERS,
    ZONED,
    World,
    attaches,
    canonical,
    impure_below,
    impure_method,
    is_sqlite,
    seeds,
    world_of,
)
from inviscid.fingerprinting.narrowing import Narrowed, opaque
from inviscid.fingerprinting.options import FORMATTERS, FORMATTING, PRINTING
from inviscid.fingerprinting.places import (
    STDLIB,
    Place,
    extension_of,
    place_of_globals,
    place_of_module_named,
    stamp_of,
)
from inviscid.fingerprinting.references import External, Found, Target, Undefined, external_name, is_user, resolve
from inviscid.fingerprinting.shown import brief
from inviscid.fingerprinting.template import Slot, Template
from inviscid.sentinels import MISSING

_IMMUTABLE_TYPE = 1 << 8
_METHODS = (BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType, MethodWrapperType)
_LOOKS_UP = {*template.FORMATTING, "__getattribute__"}
_MOMENTS = frozenset(
    "datetime.datetime datetime.date pandas.Timestamp pandas._libs.tslibs.timestamps.Timestamp".split()
)
_GETTERS = (operator.attrgetter, operator.methodcaller)
_LRU_CACHE = type(functools.lru_cache(abs))
_IMMUTABLE = frozenset({int, float, complex, str, bytes, bool, type(None), type(Ellipsis), range})
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
_MEMBER_LOOK_UP = frozenset(
    "builtins.getattr builtins.hasattr builtins.setattr builtins.delattr builtins.vars builtins.dir "
    "builtins.locals operator.attrgetter operator.methodcaller".split()
)
_FRAME_LOOK_UP = frozenset({"builtins.locals", "builtins.vars", "builtins.dir", "builtins.eval", "builtins.exec"})
_ANYWHERE = frozenset({"", template.SHOWN})
_IMPORT = frozenset({"importlib.import_module", "builtins.__import__", "pkgutil.resolve_name", "runpy.run_path"})
_IMPORT_SPELLED = frozenset({"import_module", "__import__"})
# `functools.wraps` over one of our objects copies these; they count where they are observed.
_METADATA = frozenset("__module__ __name__ __qualname__ __doc__".split())
_SHOWN_BY = {
    "__doc__": template.DOC,
    "__name__": template.NAME,
    "__qualname__": template.NAME,
    "__module__": template.PLACE,
}
_SKIPPED_GLOBALS = frozenset(
    "__builtins__ __cached__ __doc__ __file__ __loader__ __name__ __package__ __spec__ __annotations__".split()
)


class Reach:
    """The graph of what one object reaches; node 0 is the object itself."""

    def __init__(
        self, encode: Encode, templates: Callable[[FunctionType], Template | None], marks: frozenset[str] = frozenset()
    ) -> None:
        self.definitions: list[Definition] = []
        self.distributions: set[Distribution] = set()
        self.marks = set(marks)
        self.variables: set[str] = set()
        self.seeds: set[str] = set()
        self.guards = Guards()
        self._encode = encode
        self._templates = templates
        self._index: dict[object, int] = {}
        self._alive: list[Any] = []
        self._pending: list[tuple[Definition, Callable[[Definition], None]]] = []
        # Functions whose annotations have not been looked at, because nothing met so far could see them.
        self._unread: list[tuple[Definition, FunctionType]] = []
        self._mentions: set[str] = set()
        self._attaches = False
        """Whether a text in reach may be SQL that attaches a database."""
        self._classes: list[tuple[Definition, type, Narrowed]] = []
        self._targets: dict[tuple[int, Slot], Target] = {}
        self._external_names: dict[int, tuple[Any, int, str]] = {}
        self._extended: set[type] = set()
        """Installed classes that are reached, looked at whole for what user code has hung on them."""
        self._asked: set[type] = set()
        """Classes that were asked what others made of them."""

    def walk(self, root: Any, name: str) -> None:
        """Visit all that `root` reaches."""
        if not isinstance(root, FunctionType) and not hasattr(type(root), "__inviscid_definition__"):
            # Whoever asks for a class, or for an object, may call anything on it.
            self.marks.add(template.MEMBERS)
        self.object(root, name)
        while self._pending:
            definition, visit = self._pending.pop()
            try:
                visit(definition)
            except UnhashableInput as error:
                self.taint(definition, _of_a_global(error))
            except Exception as error:  # noqa: BLE001  objects of users may raise whatever they like when they are asked
                self.taint(definition, f"{definition.name} can't be looked into: {type(error).__name__}: {error}")
            if not self._pending:
                self._widen()
        self._ask_the_world()
        for definition, cls, _ in self._classes:
            # Every class has annotations, if only none: that is no news.
            definition.shown = _outline(cls, sorted(definition.members.keys() - {"annotations"}))
        for definition in self.definitions:
            for member, number in sorted(definition.members.items()):
                definition.label.append(["member", member])
                definition.references.append(number)

    def _ask_the_world(self) -> None:
        """Note the methods of installed classes that are called somewhere on what came from somewhere else."""
        attaching = self._attaches or any(mention.lower() == "attach" for mention in self._mentions)
        if attaching and (by := next((d.name for d in self.definitions if is_sqlite(d.name)), "")):
            self.impure(self.definitions[0], by, ATTACHED)
        texts = template.FORMATS in self._mentions or not FORMATTERS.isdisjoint(self._mentions)
        if texts or any(d.name in FORMATTING for d in self.definitions):
            self.variables.add(PRINTING)
        asked = {name[1:] for name in self._mentions if name.startswith(".")} & template.ASKED
        # Those of the user's own classes are followed.
        asked -= {name for _, cls, _ in self._classes for name in vars(cls)}
        for name in sorted(asked):
            moment = name in ("now", "utcnow", "today")
            if moment and not any(d.name in _MOMENTS for d in self.definitions if d.kind == "external"):
                continue
            full = f"datetime.datetime.{name}" if moment else f"pathlib.Path.{name}"
            found = world_of(full)
            if found is not None and not any(found.what in taint.why for d in self.definitions for taint in d.taints):
                self.impure(self.definitions[0], full, found)

    def _widen(self) -> None:
        """Visit what counts only because of something that was met since it was passed by."""
        if template.ANNOTATIONS in self.marks:
            unread, self._unread = self._unread, []
            for definition, function in unread:
                self.annotations(definition, function)
        whole = template.MEMBERS in self.marks
        for definition, cls, narrowed in list(self._classes):
            for name, value in narrowed.admit(self._mentions, whole=whole):
                self.held(definition, value)
                self.member(definition, name, value)
            if "__subclasses__" in self._mentions:
                self.subclasses(definition, cls)
            if whole or template.ANNOTATIONS in self.marks:
                namespace = vars(sys.modules.get(cls.__module__, builtins))
                for word, value in registries.quoted(vars(cls).get("__annotations__"), namespace):
                    self.member(definition, f"annotation {word}", value)
        if whole:
            self.extensions(self.definitions[0])

    @property
    def samples(self) -> bool:
        """Whether a sample is asked for without a seed, and not of an object of the user's."""
        ours = any("sample" in vars(cls) for _, cls, _ in self._classes)
        return template.SAMPLES in self._mentions and not ours

    def member(self, definition: Definition, name: str, value: Any) -> None:
        """Let a definition refer to an object by a name, once."""
        if name not in definition.members:
            definition.members[name] = self.object(value, f"{definition.name}.{name}")

    def subclasses(self, definition: Definition, cls: type) -> None:
        """The subclasses of a class, where somebody asks for them."""
        if cls in self._asked:
            return
        self._asked.add(cls)
        for number, subclass in enumerate(_subclasses(cls)):
            self.member(definition, f"subclasses {number}", subclass)
        self.guards.answer(functools.partial(_subclasses, cls))

    def extensions(self, definition: Definition) -> None:
        """What user code has hung on installed classes that need not be named, where it is looked up."""
        for cls in registries.extended():
            if cls not in self._asked:
                self._asked.add(cls)
                self.guards.answer(functools.partial(_count, cls))
            for name, value, users in registries.extensions(cls, self._mentions, is_user):
                self.guards.binding(vars(cls), name, value)
                self.member(definition, f"{cls.__module__}.{cls.__qualname__}.{name}", users)

    def extended(self, definition: Definition, cls: type) -> None:
        """What user code has hung on an installed class that is reached: its own code may look up any of it."""
        for base in cls.__mro__:
            if not base.__flags__ & _IMMUTABLE_TYPE and base not in self._extended:
                self._extended.add(base)
                self.guards.klass(base)
                for name, _, users in registries.extensions(base, vars(base).keys(), is_user):
                    self.member(definition, f"{base.__qualname__}.{name}", users)

    def taint(self, definition: Definition, why: str) -> None:
        """Note that what is computed with this definition can't be kept, because it can't be told what it does."""
        definition.kind = definition.kind or "tainted"
        definition.label.append(["tainted", why])
        definition.taints.append(Taint(why))

    # Nodes ------------------------------------------------------------------------------------------------------------

    def node(self, identity: object, name: str, visit: Callable[[Definition], None]) -> int:
        """The number of a definition; it is visited once, later."""
        known = self._index.get(identity)
        if known is None:
            definition = Definition(name)
            known = self._index[identity] = len(self.definitions)
            self.definitions.append(definition)
            self._pending.append((definition, visit))
        return known

    def object(self, value: Any, name: str) -> int:
        """The number of the definition that a live object is."""
        # An id is only as good as the object is alive.
        self._alive.append(value)
        if type(value) in _IMMUTABLE:
            # The interpreter may have merged equal constants; messages shall name the one that changed.
            # In hexadecimal, because decimal has a limit of digits.
            text = hex(value) if type(value) is int else repr(value)
            return self.node((type(value), text, name), name, lambda d: self.value(d, value))
        return self.node(id(value), name, lambda d: self.visit(d, value))

    def visit(self, definition: Definition, value: Any) -> None:
        """Ask a live object in the way that fits it."""
        if type(value) in _METHODS and value.__name__ in _LOOKS_UP:
            self.marks |= set(template.COMPUTED_NAME)
        declared = getattr(type(value), "__inviscid_definition__", None)
        if declared is not None:
            self.declared(definition, declared(value))
        elif isinstance(value, FunctionType):
            self.function(definition, value)
        elif isinstance(value, type):
            self.klass(definition, value)
        elif isinstance(value, ModuleType):
            self.module(definition, value)
        elif not isinstance(value, _LRU_CACHE) and (home := external_name(value)) is not None:
            self.external(definition, home)
        elif isinstance(value, MethodType):
            definition.kind = "method"
            self.refer(definition, value.__func__, definition.name)
            self.refer(definition, value.__self__, f"{definition.name}.__self__")
        elif isinstance(value, _LRU_CACHE):
            definition.kind = "memoized"
            definition.memo = value
            definition.label.append(pack(value.cache_parameters()))
            definition.shown = brief(value.cache_parameters())
            self.refer(definition, value.__wrapped__, definition.name)
        elif isinstance(value, members.DESCRIPTORS):
            definition.kind = type(value).__name__
            for part in members.descriptor_parts(value):
                self.refer(definition, part, definition.name)
            if type(value) not in members.DESCRIPTORS:
                self.state(definition, value)
        elif type(value) in _GETTERS:
            self.getter(definition, value)
        elif not isinstance(value, ModuleType) and (file := extension_of(str(members.ask(value, "__module__")))):
            self.compiled(definition, value, file)
        elif isinstance(value, CodeType):
            definition.kind = "code"
            from inviscid.fingerprinting.bytecode import code_stream

            definition.label.append(code_stream(value))
        elif (read := members.ambient(value)) is not None:
            self.ambient(definition, value, read)
        else:
            self.value(definition, value)

    def refer(self, definition: Definition, value: Any, name: str) -> None:
        """Let a definition refer to another object, which it may use in any way."""
        self.held(definition, value)
        definition.references.append(self.object(value, name))

    def hand(self, definition: Definition, value: Any, name: str) -> None:
        """Let a definition refer to an object that it may hand on to anybody."""
        _shown(definition, Found(value, (), ""))
        self.refer(definition, value, name)

    def held(self, definition: Definition, value: Any) -> None:
        """Note what something installed may do where nobody can say how it will be used."""
        if type(value) not in _IMMUTABLE and (external := self.external_name(value)):
            self.world(definition, external, ("",), ())
            if external in _MEMBER_LOOK_UP:
                self.marks |= set(template.COMPUTED_NAME)
            if external in _FRAME_LOOK_UP:
                self.marks.add(template.EXACT)

    def external_name_of(self, target: Target) -> str:
        """The name of what is installed, also where the user's module has bound it to another; empty for all else."""
        if isinstance(target, Found):
            name = self.external_name(target.value)
            return ".".join([name, *target.rest]) if name and target.rest else name
        return target.name if isinstance(target, External) else ""

    def external_name(self, value: Any) -> str:
        """The name of an installed object, looked for once: most functions use the same few."""
        known = self._external_names.get(id(value))
        # What is imported meanwhile may be where it is found.
        loaded = len(sys.modules)
        if known is None or known[1] != loaded:
            known = self._external_names[id(value)] = value, loaded, _external_name(value)
        return known[2]

    # Kinds ------------------------------------------------------------------------------------------------------------

    def declared(self, definition: Definition, declared: Declared) -> None:
        """An object of ours is what it wraps, plus the config that it reads."""
        definition.reads = declared.reads
        definition.vouched = declared.vouched
        if declared.options:
            definition.label.append(declared.options)
            definition.notes.append(f"options: {short(digest(declared.options))}")
        self.held(definition, declared.function)
        self.visit(definition, declared.function)

    def function(self, definition: Definition, function: FunctionType) -> None:
        """A function of the user's: template, slots, defaults, attributes."""
        place = place_of_globals(function.__globals__)
        if place.kind != "user":
            self.foreign_function(definition, function, place)
            return
        if is_created(function):
            # It follows from its class, which has put it there.
            definition.kind = "generated"
            definition.label.append(function.__qualname__)
            self.guards.function(function)
            return
        definition.kind = "function"
        definition.name = f"{module_name(function)}.{function.__qualname__}"
        self.guards.function(function)
        form = self._templates(function)
        if form is None:
            # Taking code apart needs modules that nothing else does.
            from inviscid.fingerprinting.bytecode import bytecode_template

            form = bytecode_template(function)
        self.marks |= form.marks & template.CLOSURE_WIDE
        definition.label.append(form.body)
        definition.looks_up = form.mentions
        self._mentions.update(form.mentions)
        if not ZONED.isdisjoint(form.mentions):
            self.variables.add(ZONE)
        definition.shown = form.text
        computed = template.COMPUTED in form.marks
        whole = template.MODULE in form.marks
        for slot, uses in zip(form.slots, form.uses, strict=True):
            target = self.resolved(slot, function)
            self.target(definition, target)
            name = self.external_name_of(target)
            self.world(definition, name, uses, form.mentions)
            if definition is self.definitions[0]:
                self.seeds.update(seeds(name, uses))
            if name in _FRAME_LOOK_UP and ("" in uses or not _spelled_out(name, (slot.name, *slot.chain))):
                # Whoever calls it sees the names of locals: of which function, nobody can tell.
                self.marks.add(template.EXACT)
            if (
                template.SHOWN in uses
                and isinstance(target, Found)
                and not target.rest
                and isinstance(target.value, type)
            ):
                self.marks.add(template.PLACE)
            if name in _MEMBER_LOOK_UP and not _spelled_out(name, (slot.name, *slot.chain)):
                self.marks |= set(template.COMPUTED_NAME)
            if isinstance(target, Found) and type(target.value) is str:
                # It may be a query that names variables.
                for variable in template.variables(target.value):
                    self.target(definition, resolve(Slot("global", variable), function, self.guards))
            if not _ANYWHERE.isdisjoint(uses):
                _shown(definition, target)
            whole = whole or name in _LOOK_UP
            # Where it is spelled out, the template has read the name that is imported.
            computed = computed or (name in _IMPORT and (slot.name, *slot.chain)[-1] not in _IMPORT_SPELLED)
        if whole:
            self.namespace(definition, function.__globals__)
        if computed:
            self.taint(definition, f"{definition.name} computes the name of a module to import: make it a constant")
        self.defaults(definition, function)
        for name, value in sorted(vars(function).items()):
            if name in _METADATA:
                continue
            definition.label.append(["attribute", name])
            definition.notes.append(f"attribute: {name}")
            hand = self.refer if name == "__wrapped__" else self.hand
            hand(definition, value, f"{definition.name}.{name}")
        definition.marked += [
            (template.DOC, form.documentation),
            (template.DOC, _replaced_documentation(function)),
            (template.NAME, [function.__name__, function.__qualname__, form.names]),
            (template.PLACE, function.__module__),
            (template.ANNOTATIONS, form.annotations),
            (template.EXACT, form.source),
        ]
        self._unread.append((definition, function))

    def resolved(self, slot: Slot, function: FunctionType) -> Target:
        """What a slot stands for, looked for once in a module: the guards of the first look hold for all."""
        if slot.kind == "free":
            return resolve(slot, function, self.guards)
        at = id(function.__globals__), slot
        target = self._targets.get(at)
        if target is None:
            target = self._targets[at] = resolve(slot, function, self.guards)
        return target

    def world(self, definition: Definition, name: str, uses: tuple[str, ...], mentions: tuple[str, ...]) -> None:
        """Note what a function reads beyond its arguments by something installed that it names."""
        if not name:
            return
        if canonical(name) in ENVIRONMENT_READERS and all(use.startswith("=") for use in uses):
            self.variables.update(use[1:] for use in uses)
            return
        found = world_of(name, uses, template.BARE)
        if found is None and (method := impure_method(name, mentions)):
            name = f"{name}.{method}"
            found = world_of(name)
        if found is None and (below := impure_below(name, mentions)):
            name, found = below, world_of(below)
        if found is not None and not (name == "builtins.hash" and definition.name.endswith(".__hash__")):
            self.impure(definition, name, found)

    def impure(self, definition: Definition, name: str, world: World) -> None:
        """Note that what is computed with this definition depends on the world."""
        reader = definition.name if definition.name != name else "it"
        cure = "" if world.unseen else f": {world.cure}{CURES}"
        definition.taints.append(Taint(f"{reader} reads {world.what} ({canonical(name)}){cure}", world.unseen))

    def annotations(self, definition: Definition, function: FunctionType) -> None:
        """The annotations of a function, which are not in its code: what lives counts."""
        self.guards.answer(lambda: list(getattr(function, "__annotations__", {}).items()))
        for name, value in members.annotations_of(function):
            definition.label.append(["annotation", name])
            self.refer(definition, value, f"{definition.name}, annotation of '{name}'")
        for word, value in registries.quoted(dict(members.annotations_of(function)), function.__globals__):
            self.member(definition, f"annotation {word}", value)

    def defaults(self, definition: Definition, function: FunctionType) -> None:
        """The values of the defaults, which were computed when the function was defined."""
        positional = function.__defaults__ or ()
        keywords = function.__kwdefaults__ or {}
        definition.label.append([len(positional), sorted(keywords)])
        names = function.__code__.co_varnames[: function.__code__.co_argcount][::-1]
        # More defaults than parameters are legal, and ignored by calls.
        named = list(zip(names, positional[::-1], strict=False))[::-1]
        for name, value in [*named, *sorted(keywords.items())]:
            self.hand(definition, value, f"{definition.name}, default of '{name}'")

    def foreign_function(self, definition: Definition, function: FunctionType, place: Place) -> None:
        """Installed code counts by its name; but a wrapper from there holds functions of the user's in its cells."""
        home = external_name(function)
        if home is not None:
            self.external(definition, home)
            return
        # By its code: `functools.wraps` gave it the name of what it wraps.
        home_name = f"{function.__globals__.get('__name__')}.{function.__code__.co_qualname}"
        self.external(definition, External(home_name, place))
        self.guards.function(function)
        if hasattr(function, "registry") and hasattr(function, "dispatch"):
            # singledispatch: its other cells hold what it remembers of earlier calls.
            self.refer(definition, function.registry, f"{definition.name}.registry")
            return
        for cell in function.__closure__ or ():
            value = contents(cell)
            definition.label.append(value is MISSING)
            if value is not MISSING:
                self.hand(definition, value, definition.name)
        self.defaults(definition, function)
        if hasattr(function, "__wrapped__"):
            self.refer(definition, function.__wrapped__, definition.name)

    def external(self, definition: Definition, target: External) -> None:
        """Something installed: its name stands for it, its distribution joins the environment."""
        definition.kind = "external"
        definition.name = target.name
        definition.label.append(["external", target.name])
        for worker in registries.workers(target.name) if target.place.kind == "stdlib" else ():
            self.extended(definition, worker)
        if isinstance(target.value, type):
            self.extended(definition, target.value)
            if isinstance(target.value, abc.ABCMeta):
                asked = functools.partial(registries.registered, target.value, is_user)
                if names := asked():
                    definition.label.append(["registered", names])
                self.guards.answer(asked)
        if opaque(target.name):
            self.marks.add(template.MEMBERS)
        if target.name.partition(".")[0] in ("decimal", "_decimal", "_pydecimal"):
            self.variables.add(DECIMAL)
        if target.place.kind == "distribution":
            self.distributions.add(Distribution(*target.place[1:]))
        if target.name.partition(".")[0] == "inspect":
            self.marks |= template.CLOSURE_WIDE
        if target.name == "typing.get_type_hints":
            self.marks.add(template.ANNOTATIONS)

    def compiled(self, definition: Definition, value: Any, file: str) -> None:
        """Something of a compiled module of the user's: it counts by the file that it is in."""
        definition.kind = "compiled"
        definition.label.append(["compiled", str(members.ask(value, "__qualname__"))])
        self.extension(definition, file)

    def extension(self, definition: Definition, file: str) -> None:
        """The content of the file of a compiled module."""
        with open(file, "rb") as stream:
            definition.label.append(digest(stream.read()))
        self.guards.answer(functools.partial(stamp_of, file))

    def klass(self, definition: Definition, cls: type) -> None:
        """A class, whole: bases, metaclass, members."""
        if not is_user(cls):
            place = place_of_module_named(cls.__module__)
            self.external(definition, external_name(cls) or External(f"{cls.__module__}.{cls.__qualname__}", place))
            return
        definition.kind = "class"
        definition.name = f"{module_name(cls)}.{cls.__qualname__}"
        self.guards.klass(cls)
        # Its repr shows the name of a class, and its private names are mangled with it.
        definition.label.append(cls.__qualname__)
        if type(cls) is not type:
            self.refer(definition, type(cls), definition.name)
        definition.label.append(len(cls.__bases__))
        for base in cls.__bases__:
            self.refer(definition, base, definition.name)
        if file := extension_of(cls.__module__):
            self.extension(definition, file)
        if (reducer := copyreg.dispatch_table.get(cls)) is not None:
            definition.label.append("copyreg")
            self.refer(definition, reducer, f"{definition.name}, how it is pickled")
        if names := registries.registered(cls):
            definition.label.append(["registered", names])
            definition.notes.append(f"registered: {', '.join(names)}")
        if isinstance(cls, abc.ABCMeta):
            self.guards.answer(lambda: registries.registered(cls))
        self._classes.append((definition, cls, Narrowed(cls, members.members(cls), lambda base: not is_user(base))))
        if getattr(cls, "_is_protocol", False):
            # Instances of any class are asked for these names.
            self._mentions.update(vars(cls))
        self._mentions.update(name for name in vars(cls).get("__match_args__", ()) if isinstance(name, str))
        documentation = vars(cls).get("__doc__")
        definition.marked += [
            (template.DOC, documentation if isinstance(documentation, str) else ""),
            (template.PLACE, cls.__module__),
            # Without what Python notes there, which differs between versions.
            (template.ORDER, [name for name in vars(cls) if not name.startswith("__")]),
        ]

    def module(self, definition: Definition, module: ModuleType) -> None:
        """A module that is used as a value: all of it may be reached."""
        place = place_of_globals(vars(module))
        if place.kind != "user":
            name = name_of_namespace(vars(module))
            self.external(definition, External(name, place))
            self.world(definition, name, ("",), ())
        else:
            self.namespace(definition, vars(module))

    def namespace(self, definition: Definition, namespace: dict[str, Any]) -> None:
        """All that a module defines: for code that looks names up at run time."""
        home = name_of_namespace(namespace)
        definition.references.append(
            self.node(("namespace", id(namespace)), home, lambda d: self.all_of(d, namespace, home))
        )

    def all_of(self, definition: Definition, namespace: dict[str, Any], home: str) -> None:
        """Every name of a namespace with what it is bound to."""
        definition.kind = "module"
        definition.marked.append((template.ORDER, [name for name in namespace if name not in _SKIPPED_GLOBALS]))
        self.guards.names(namespace)
        names = sorted(namespace.keys() - _SKIPPED_GLOBALS)
        definition.shown = "\n".join([f"module {home}:", *(f"    {name}" for name in names)])
        for name in names:
            value = namespace[name]
            self.guards.binding(namespace, name, value)
            definition.label.append(name)
            self.refer(definition, value, f"{home}.{name}")

    def target(self, definition: Definition, target: Target) -> None:
        """Let a definition refer to what one of its slots stands for."""
        match target:
            case Found(value, rest, name):
                definition.label.append(list(rest))
                if isinstance(value, dict) and "__builtins__" in value:
                    self.namespace(definition, value)
                elif value is os.environ:
                    # Which of its variables are read is known from how it is used, or else it is a taint.
                    self.installed(definition, External("os.environ", STDLIB))
                else:
                    # How it is used is known.
                    definition.references.append(self.object(value, name))
            case External():
                definition.label.append([])
                self.installed(definition, target)
            case Undefined(name):
                definition.label.append(["undefined", name])
                definition.notes.append(f"undefined name: {name}")

    def installed(self, definition: Definition, target: External) -> None:
        """Let a definition refer to something installed."""
        name = target.name
        definition.references.append(self.node(("external", name), name, lambda d: self.external(d, target)))

    # Values -----------------------------------------------------------------------------------------------------------

    def value(self, definition: Definition, value: Any) -> None:
        """A value is its structure; what it refers to are the functions and classes in it."""
        try:
            stream, parts = _content(self._encode, value, definition.name)
        except UnhashableInput:
            # Compiled wrappers (numba, jax) have no structure of their own, but they show what they wrap.
            if members.inner_function(value) is None:
                raise
            self.wrapper(definition, value)
            return
        if any(part is value for part in parts):
            # The encoder leaves it to us, so there is nothing in the stream.
            self.wrapper(definition, value)
            return
        definition.kind = "value"
        definition.shown = brief(value, definition.name)
        if type(attributes := members.ask(value, "__dict__")) is dict:
            names = [name for name in attributes if isinstance(name, str)]
            # The stream of a value has them sorted.
            definition.marked += [(template.ORDER, names)] if names != sorted(names) else []
        self.content(definition, stream, parts)
        if type(value) not in _IMMUTABLE:
            self.guard_content(definition, hold(value), (stream, parts))

    def content(self, definition: Definition, stream: bytes, parts: tuple[Any, ...]) -> None:
        """The stream of a value, and the functions and classes in it."""
        definition.label.append(stream)
        self._attaches = self._attaches or attaches(stream)
        for part in parts:
            self.hand(definition, part, f"{type(part).__module__}.{getattr(part, '__qualname__', definition.name)}")

    def guard_content(self, definition: Definition, read: Callable[[], Any], expected: Content) -> None:
        """Notice when what `read` gives has another content."""
        # Guards outlive this walk, which keeps alive all that it has met: so they don't hold `self`.
        encode, name = self._encode, definition.name
        self.guards.content(lambda: _content(encode, read(), name), expected)

    def getter(self, definition: Definition, value: Any) -> None:
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
                for name in argument.split("."):
                    self._mentions.add(name)
                    self.marks.update(template.REFLECTIVE_ATTRIBUTES.get(name, ()))
            else:
                self.hand(definition, argument, definition.name)

    def wrapper(self, definition: Definition, value: Any) -> None:
        """A callable object that wraps a function: its class, its state, and the function."""
        definition.kind = "wrapper"
        inner = members.inner_function(value)
        state = self.state(definition, value)
        if inner is not None:
            self.hand(definition, inner, definition.name)
        elif not state or members.is_called_by_c(value):
            raise UnhashableInput(f"{definition.name} ({type(value).__qualname__}) shows neither code nor state.")

    def state(self, definition: Definition, value: Any) -> bool:
        """The class and the attributes of an object, whatever it says to pickle. Returns whether it has any."""
        self.refer(definition, type(value), definition.name)
        attributes = members.ask(value, "__dict__")
        if not isinstance(attributes, dict):
            return False
        self.guards.names(attributes)
        copied = {*_METADATA, "__type_params__", "__annotations__"} if "__wrapped__" in attributes else set()
        for name in sorted(attributes):
            self.guards.binding(attributes, name, attributes[name])
            if name in copied:
                # `functools.update_wrapper` put it there: it counts where it can be observed.
                definition.marked.append((_SHOWN_BY.get(name, template.ANNOTATIONS), [name, _plain(attributes[name])]))
                continue
            definition.label.append(["attribute", name])
            definition.notes.append(f"attribute: {name}")
            self.hand(definition, attributes[name], f"{definition.name}.{name}")
        return bool(attributes)

    def ambient(self, definition: Definition, value: Any, read: Callable[[], Any]) -> None:
        """A variable of the context or the thread: what a function would read from it here and now."""
        definition.kind = "ambient"
        definition.label.append(type(value).__name__)
        current = read()
        definition.shown = brief(current, definition.name)
        found = _content(self._encode, current, definition.name)
        self.content(definition, *found)
        self.guard_content(definition, read, found)


def _outline(cls: type, names: list[str]) -> str:
    """A class as an explanation shows it: its bases, and its members by name, one on each line."""
    around = [_full_name(base) for base in cls.__bases__ if base is not object]
    if type(cls) is not type:
        around.append(f"metaclass={_full_name(type(cls))}")
    head = f"class {cls.__qualname__}({', '.join(around)}):" if around else f"class {cls.__qualname__}:"
    return "\n".join([head, *(f"    {name}" for name in names)])


def _full_name(cls: type) -> str:
    return f"{module_name(cls)}.{cls.__qualname__}".removeprefix("builtins.")


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


def _external_name(value: Any) -> str:
    if value is os.environ:
        return "os.environ"
    if isinstance(value, FunctionType) and place_of_globals(value.__globals__).kind == "user":
        return ""
    owner = getattr(value, "__self__", None) if isinstance(value, BuiltinFunctionType | MethodType) else None
    if isinstance(owner, type) and (of_class := external_name(owner)) is not None:
        # A class method, such as `datetime.now`.
        return f"{of_class.name}.{value.__name__}"
    callables = FunctionType | BuiltinFunctionType | MethodType | type
    found = external_name(value) if isinstance(value, callables) else None
    return "" if found is None else found.name


def _replaced_documentation(function: FunctionType) -> str:
    """Documentation that isn't the one in the function's text."""
    found, constants = function.__doc__, function.__code__.co_consts
    written = constants[0] if constants else None
    return found if isinstance(found, str) and found is not written else ""


def _spelled_out(name: str, spelled: tuple[str, ...]) -> bool:
    """Whether the template has read which names something is asked for: it knows it by its own name only."""
    last = name.rpartition(".")[2]
    return spelled == (last,) or (last in template.FIRST_NAME_TAKING and spelled[-1] == last)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return template.cleaned(value)
    return repr(sorted(value)) if isinstance(value, dict) else ""


def _subclasses(cls: type) -> list[Any]:
    return type.__subclasses__(cls)


def _count(cls: type) -> list[Any]:
    return [len(vars(cls))]


def _shown(definition: Definition, target: Target) -> None:
    """A function that goes anywhere as a value shows what it is called to installed code, if that is in reach."""
    if isinstance(target, Found) and not target.rest and isinstance(target.value, FunctionType):
        definition.marked.append((template.MEMBERS, target.value))


def _of_a_global(error: UnhashableInput) -> str:
    """What an error on an argument says, for what is not an argument."""
    return f"{error.what} Make it an argument, make it inside the function, or give your word with pure=True."


def read_variant(read: ConfigRead, encode: Encode) -> bytes:
    """What tells two readers of one key apart: their defaults."""
    return encode([] if read.default is MISSING else [read.default], _no_reference, f"config '{read.key}'")


def _no_reference(part: object, path: str) -> bytes:
    return pack(["by name", type(part).__module__, getattr(part, "__qualname__", repr(type(part)))])
