"""Everything that a function reaches, as a graph of definitions.

The walk starts from the live object and asks each thing in the way that fits it: a function for the slots of its
template, its defaults and its attributes; a class for its bases and members (`members`); a value for its structure.
Nothing is read
from a file but syntax that has been checked against the running code.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any

from inviscid.digest import pack
from inviscid.entry import module_name, name_of_namespace
from inviscid.errors import UnhashableInput
from inviscid.fingerprinting import members, template
from inviscid.fingerprinting.bytecode import bytecode_template
from inviscid.fingerprinting.definition import ConfigRead, Declared, Definition, Distribution, Encode
from inviscid.fingerprinting.guards import Guards, contents, hold
from inviscid.fingerprinting.places import Place, place_of_globals, place_of_module_named
from inviscid.fingerprinting.references import External, Found, Target, Undefined, external_name, resolve
from inviscid.fingerprinting.template import Template
from inviscid.sentinels import MISSING

_LRU_CACHE = type(functools.lru_cache(abs))
_IMMUTABLE = frozenset({int, float, complex, str, bytes, bool, type(None), type(Ellipsis), range})
_SKIPPED_GLOBALS = frozenset(
    "__builtins__ __cached__ __doc__ __file__ __loader__ __name__ __package__ __spec__ __annotations__".split()
)


class Reach:
    """The graph of what one object reaches; node 0 is the object itself."""

    def __init__(self, encode: Encode, templates: Callable[[FunctionType], Template | None]) -> None:
        self.definitions: list[Definition] = []
        self.distributions: set[Distribution] = set()
        self.marks: set[str] = set()
        self.taints: list[str] = []
        self.guards = Guards()
        self._encode = encode
        self._templates = templates
        self._index: dict[object, int] = {}
        self._alive: list[Any] = []
        self._pending: list[tuple[Definition, Callable[[Definition], None]]] = []

    def walk(self, root: Any, name: str) -> None:
        """Visit all that `root` reaches."""
        self.object(root, name)
        while self._pending:
            definition, visit = self._pending.pop()
            try:
                visit(definition)
            except UnhashableInput as error:
                self.taint(definition, str(error))

    def taint(self, definition: Definition, why: str) -> None:
        """Note that what is computed with this definition can't be kept."""
        definition.kind = definition.kind or "tainted"
        definition.label.append(["tainted", why])
        if why not in self.taints:
            self.taints.append(why)

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
            return self.node((type(value), repr(value), name), name, lambda d: self.value(d, value))
        return self.node(id(value), name, lambda d: self.visit(d, value))

    def visit(self, definition: Definition, value: Any) -> None:
        """Ask a live object in the way that fits it."""
        declared = getattr(type(value), "__inviscid_definition__", None)
        if declared is not None:
            self.declared(definition, declared(value))
        elif isinstance(value, FunctionType):
            self.function(definition, value)
        elif isinstance(value, type):
            self.klass(definition, value)
        elif isinstance(value, ModuleType):
            self.module(definition, value)
        elif isinstance(value, MethodType):
            definition.kind = "method"
            self.refer(definition, value.__func__, definition.name)
            self.refer(definition, value.__self__, f"{definition.name}.__self__")
        elif isinstance(value, _LRU_CACHE):
            definition.kind = "memoized"
            definition.label.append(pack(value.cache_parameters()))
            self.refer(definition, value.__wrapped__, definition.name)
        elif isinstance(value, property | classmethod | staticmethod | functools.cached_property):
            definition.kind = type(value).__name__
            for part in members.descriptor_parts(value):
                self.refer(definition, part, definition.name)
        elif callable(value) and (home := external_name(value)) is not None:
            self.external(definition, home)
        else:
            self.value(definition, value)

    def refer(self, definition: Definition, value: Any, name: str) -> None:
        """Let a definition refer to another object."""
        definition.references.append(self.object(value, name))

    # Kinds ------------------------------------------------------------------------------------------------------------

    def declared(self, definition: Definition, declared: Declared) -> None:
        """An object of ours is what it wraps, plus the config that it reads."""
        definition.reads = declared.reads
        if declared.options:
            definition.label.append(declared.options)
        self.visit(definition, declared.function)

    def function(self, definition: Definition, function: FunctionType) -> None:
        """A function of the user's: template, slots, defaults, attributes."""
        place = place_of_globals(function.__globals__)
        if place.kind != "user":
            self.foreign_function(definition, function, place)
            return
        definition.kind = "function"
        definition.name = f"{module_name(function)}.{function.__qualname__}"
        self.guards.function(function)
        form = self._templates(function) or bytecode_template(function)
        self.marks |= form.marks & template.CLOSURE_WIDE
        definition.label.append(form.body)
        for slot in form.slots:
            self.target(definition, resolve(slot, function, self.guards))
        if template.MODULE in form.marks:
            self.namespace(definition, function.__globals__)
        if template.COMPUTED in form.marks:
            self.taint(definition, f"{definition.name} computes the name of a module to import: make it a constant")
        self.defaults(definition, function)
        for name, value in sorted(vars(function).items()):
            definition.label.append(["attribute", name])
            self.refer(definition, value, f"{definition.name}.{name}")
        definition.marked += [
            (template.DOC, form.documentation),
            (template.NAME, [function.__name__, function.__qualname__]),
            # Its own annotations are not in its code: what lives counts.
            (template.ANNOTATIONS, [form.annotations, members.annotation_texts(function)]),
            (template.EXACT, form.source),
        ]

    def defaults(self, definition: Definition, function: FunctionType) -> None:
        """The values of the defaults, which were computed when the function was defined."""
        positional = function.__defaults__ or ()
        keywords = function.__kwdefaults__ or {}
        definition.label.append([len(positional), sorted(keywords)])
        names = function.__code__.co_varnames[: function.__code__.co_argcount][-len(positional) :] if positional else ()
        for name, value in [*zip(names, positional, strict=True), *sorted(keywords.items())]:
            self.refer(definition, value, f"{definition.name}, default of '{name}'")

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
            self.refer(definition, dict(function.registry), f"{definition.name}.registry")
            return
        for cell in function.__closure__ or ():
            value = contents(cell)
            definition.label.append(value is MISSING)
            if value is not MISSING:
                self.refer(definition, value, definition.name)
        self.defaults(definition, function)
        if hasattr(function, "__wrapped__"):
            self.refer(definition, function.__wrapped__, definition.name)

    def external(self, definition: Definition, target: External) -> None:
        """Something installed: its name stands for it, its distribution joins the environment."""
        definition.kind = "external"
        definition.name = target.name
        definition.label.append(["external", target.name])
        if target.place.kind == "distribution":
            self.distributions.add(Distribution(*target.place[1:]))
        if target.name.partition(".")[0] == "inspect":
            self.marks |= {template.EXACT, template.DOC, template.ANNOTATIONS, template.NAME}

    def klass(self, definition: Definition, cls: type) -> None:
        """A class, whole: bases, metaclass, members."""
        home = external_name(cls)
        place = place_of_module_named(cls.__module__)
        if home is not None or place.kind != "user":
            self.external(definition, home or External(f"{cls.__module__}.{cls.__qualname__}", place))
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
        for name, value in members.members(cls):
            definition.label.append(["member", name])
            self.refer(definition, value, f"{definition.name}.{name}")
        definition.marked.append((template.DOC, cls.__dict__.get("__doc__") or ""))

    def module(self, definition: Definition, module: ModuleType) -> None:
        """A module that is used as a value: all of it may be reached."""
        place = place_of_globals(vars(module))
        if place.kind != "user":
            self.external(definition, External(module.__name__, place))
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
        self.guards.names(namespace)
        for name in sorted(namespace.keys() - _SKIPPED_GLOBALS):
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
                else:
                    self.refer(definition, value, name)
            case External(name):
                definition.label.append([])
                definition.references.append(self.node(("external", name), name, lambda d: self.external(d, target)))
            case Undefined(name):
                definition.label.append(["undefined", name])

    # Values -----------------------------------------------------------------------------------------------------------

    def value(self, definition: Definition, value: Any) -> None:
        """A value is its structure; what it refers to are the functions and classes in it."""
        try:
            stream, parts = _content(self._encode, value, definition.name)
        except UnhashableInput:
            inner = members.inner_function(value)
            if inner is None:
                raise
            # Compiled wrappers (numba, jax) have no structure of their own, but they show what they wrap.
            definition.kind = "wrapper"
            self.refer(definition, type(value), definition.name)
            self.refer(definition, inner, definition.name)
            return
        definition.kind = "value"
        definition.label.append(stream)
        for part in parts:
            self.refer(definition, part, f"{type(part).__module__}.{getattr(part, '__qualname__', definition.name)}")
        if type(value) not in _IMMUTABLE:
            # Guards outlive this walk, which keeps alive all that it has met.
            encode, held, name = self._encode, hold(value), definition.name
            self.guards.content(lambda: _content(encode, held(), name), (stream, parts))


def _content(encode: Encode, value: Any, name: str) -> tuple[bytes, tuple[Any, ...]]:
    """The stream of a value, with numbers for the functions and classes in it; and those."""
    parts: list[Any] = []

    def reference(part: object, path: str) -> bytes:
        parts.append(part)
        return pack(len(parts))

    return encode(value, reference, f"'{name}'"), tuple(parts)


def read_variant(read: ConfigRead, encode: Encode) -> bytes:
    """What tells two readers of one key apart: their defaults."""
    return encode([] if read.default is MISSING else [read.default], _no_reference, f"config '{read.key}'")


def _no_reference(part: object, path: str) -> bytes:
    return pack(["by name", type(part).__module__, getattr(part, "__qualname__", repr(type(part)))])
