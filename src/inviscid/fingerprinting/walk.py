"""The walk over all that an object reaches: what has been met, and what it says so far.

A *node* is the number of a definition. Each object has one node however often it is met, and is visited once, later.
How is not known here: it is passed in. What the walk says of the whole is true when the last visit has been made.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from inviscid.fingerprinting import template
from inviscid.fingerprinting.definition import HERE, Definition, Distribution, Encode, Taint
from inviscid.fingerprinting.guards import Guards
from inviscid.fingerprinting.impure import (
    CURES,
    ENVIRONMENT_READERS,
    World,
    canonical,
    counts_by_mentions,
    impure_below,
    impure_method,
    is_absolute,
    world_of,
)
from inviscid.fingerprinting.narrowing import Narrowed
from inviscid.fingerprinting.places import place_of_globals
from inviscid.fingerprinting.references import External, Found, Target, external_name
from inviscid.fingerprinting.template import Slot, Template

IMMUTABLE = frozenset({int, float, complex, str, bytes, bool, type(None), type(Ellipsis), range})
"""Equal ones are one node, where they have one name."""
MEMBER_LOOK_UP = frozenset(
    "builtins.getattr builtins.hasattr builtins.setattr builtins.delattr builtins.vars builtins.dir "
    "builtins.locals operator.attrgetter operator.methodcaller".split()
)
"""What looks up members by names that it is given."""
FRAME_LOOK_UP = frozenset({"builtins.locals", "builtins.vars", "builtins.dir", "builtins.eval", "builtins.exec"})
"""What sees the names of the locals of whoever calls it."""


class Walk:
    """What one object reaches, as far as it has been walked; node 0 is the object itself.

    Args:
        encode: gives the stream of a value.
        templates: gives the template of a function; None where its text isn't that of its code.
        visit: asks a live object, in the way that fits it, what it says and refers to.
        marks: what will be observed from outside.
    """

    def __init__(
        self,
        encode: Encode,
        templates: Callable[[FunctionType], Template | None],
        visit: Callable[[Walk, Definition, Any], None],
        marks: frozenset[str],
    ) -> None:
        self.definitions: list[Definition] = []
        self.marks = set(marks)
        self.seeds: set[str] = set()
        self.guards = Guards()
        self.encode = encode
        self.templates = templates
        self._visit = visit
        self._index: dict[object, int] = {}
        self._alive: list[Any] = []
        self.pending: list[tuple[Definition, Callable[[Definition], None]]] = []
        self._external_names: dict[int, tuple[Any, int, str]] = {}
        self._harmless: set[tuple[str, tuple[str, ...]]] = set()
        """What installed things are and how they are used, where that reads nothing of the world, whoever does it."""
        self.unread: list[tuple[Definition, FunctionType]] = []
        """Functions whose annotations have not been looked at, because nothing met so far could see them."""
        self.mentions: set[str] = set()
        """Every name that something may be looked up by."""
        self.codes = False
        """Whether something in reach may use what was registered with `codecs`."""
        self.attaches = False
        """Whether a text in reach may be SQL that attaches a database."""
        self.paths = False
        """Whether a value in reach may hold a path that can be asked what is there."""
        self.classes: list[tuple[Definition, type, Narrowed]] = []
        self.targets: dict[tuple[int, Slot], tuple[Target, Any, int]] = {}
        """What slots stand for, by the id of the globals; with what is said of it, and its node."""
        self.extended: set[type] = set()
        """Installed classes that are reached, looked at whole for what user code has hung on them."""
        self.hung: dict[type, tuple[str, ...]] = {}
        """What hangs on installed classes under the names that may be looked up there."""
        self.texts: set[str] = set()
        """Every text that is a value in reach."""
        self.said: set[int] = set()
        """The ids of values that were made to say something of a class: nobody else has them."""
        self.asked: set[type] = set()
        """Classes that were asked what others made of them."""

    @property
    def distributions(self) -> frozenset[Distribution]:
        """All that are reached."""
        return frozenset(one.distribution for one in self.definitions if one.distribution is not None)

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables, and what else of the process, that are read by name."""
        return frozenset(name for one in self.definitions for name in one.variables)

    @property
    def samples(self) -> bool:
        """Whether a sample is asked for without a seed, and not of an object of the user's."""
        ours = any("sample" in vars(cls) for _, cls, _ in self.classes)
        return template.SAMPLES in self.mentions and not ours

    def node(self, identity: object, name: str, visit: Callable[[Definition], None]) -> int:
        """The number of a definition; it is visited once, later."""
        known = self._index.get(identity)
        if known is None:
            definition = Definition(name)
            known = self._index[identity] = len(self.definitions)
            self.definitions.append(definition)
            self.pending.append((definition, visit))
        return known

    def only_called(self) -> frozenset[int]:
        """The ids of all objects that the code in reach does nothing with but call them: nobody can see what they are.

        A walk that was asked for members by computed names may see anything.
        """
        if template.MEMBERS in self.marks:
            return frozenset()
        seen = {0}
        for definition in self.definitions:
            seen.update(node for at, node in enumerate(definition.references) if at not in definition.direct)
        return frozenset(at for at, node in self._index.items() if isinstance(at, int) and node not in seen)

    def object(self, value: Any, name: str) -> int:
        """The number of the definition that a live object is."""
        identity: object = id(value)
        if type(value) in IMMUTABLE:
            # The interpreter may have merged equal constants; messages shall name the one that changed.
            # In hexadecimal, because decimal has a limit of digits.
            identity = type(value), hex(value) if type(value) is int else repr(value), name
        known = self._index.get(identity)
        if known is not None:
            return known
        # An id is only as good as the object is alive.
        self._alive.append(value)
        return self.node(identity, name, lambda d: self._visit(self, d, value))

    def refer(self, definition: Definition, value: Any, name: str) -> None:
        """Let a definition refer to another object, which it may use in any way."""
        self.held(definition, value)
        definition.references.append(self.object(value, name))

    def hand(self, definition: Definition, value: Any, name: str) -> None:
        """Let a definition refer to an object that it may hand on to anybody."""
        show_name(definition, value)
        self.refer(definition, value, name)

    def held(self, definition: Definition, value: Any) -> None:
        """Note what something installed may do where nobody can say how it will be used."""
        if type(value) not in IMMUTABLE and (external := self.external_name(value)):
            self.world(definition, external, ("",), ())
            if external in MEMBER_LOOK_UP:
                self.marks |= set(template.COMPUTED_NAME)
            if external in FRAME_LOOK_UP:
                self.marks.add(template.EXACT)

    def member(self, definition: Definition, name: str, value: Any) -> None:
        """Let a definition refer to an object by a name, once."""
        if name not in definition.members:
            definition.members[name] = self.object(value, f"{definition.name}.{name}")

    def taint(self, definition: Definition, why: str) -> None:
        """Note that what is computed with this definition can't be kept, because it can't be told what it does."""
        definition.kind = definition.kind or "tainted"
        definition.label.append(["tainted", why])
        definition.taints.append(Taint(why))

    def world(self, definition: Definition, name: str, uses: tuple[str, ...], mentions: tuple[str, ...]) -> None:
        """Note what a function reads beyond its arguments by something installed that it names."""
        if name and is_absolute(name, mentions):
            definition.variables.add(HERE)
        if not name or (name, uses) in self._harmless:
            return
        if canonical(name) in ENVIRONMENT_READERS and all(use.startswith("=") for use in uses):
            definition.variables.update(use[1:] for use in uses)
            return
        found = world_of(name, uses, template.BARE)
        if found is None and (method := impure_method(name, mentions)):
            name = f"{name}.{method}"
            found = world_of(name)
        if found is None and (below := impure_below(name, mentions)):
            name, found = below, world_of(below)
        if found is None and not counts_by_mentions(name):
            self._harmless.add((name, uses))
        elif found is not None and not (name == "builtins.hash" and definition.name.endswith(".__hash__")):
            self.impure(definition, name, found)

    def impure(self, definition: Definition, name: str, world: World, *, of_paths: bool = False) -> None:
        """Note that what is computed with this definition depends on the world, be it only where it asks a path."""
        reader = definition.name if definition.name != name else "it"
        cure = "" if world.unseen else f": {world.cure}{CURES}"
        why = f"{reader} reads {world.what} ({canonical(name)}){cure}"
        definition.taints.append(Taint(why, world.unseen, of_paths))

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


def show_name(definition: Definition, value: Any) -> None:
    """A function that goes anywhere as a value shows what it is called to installed code, if that is in reach."""
    if isinstance(value, FunctionType):
        definition.marked.append((template.MEMBERS, value))
