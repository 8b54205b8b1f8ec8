"""From a slot of a template to what it stands for in the running process.

Names resolve as the interpreter would resolve them, now: globals, then builtins; closure cells; imports. An attribute
chain is followed as long as it leads through modules, because that is the part of it that an import could spell
differently: ``np.linalg.norm``, ``numpy.linalg.norm`` and ``from numpy.linalg import norm`` are one reference. Every
step leaves a guard.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import importlib.util
import sys
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from inviscid.entry import name_of_namespace
from inviscid.fingerprinting.guards import Guards, contents
from inviscid.fingerprinting.members import ask
from inviscid.fingerprinting.places import STDLIB, Place, installed_module, place_of_globals, place_of_module_named
from inviscid.fingerprinting.template import Slot
from inviscid.sentinels import MISSING


class Found(NamedTuple):
    """A live object, and the attributes of the chain that are looked up on it."""

    value: Any
    rest: tuple[str, ...]
    name: str
    """How messages call it: ``prep.scale``."""


class External(NamedTuple):
    """Something of an installed distribution or of the standard library: a name stands for it."""

    name: str
    place: Place
    value: Any = None
    """The object, where it is at hand."""


class Undefined(NamedTuple):
    """A name that leads nowhere (yet)."""

    name: str


Target = Found | External | Undefined

# What the standard library offers as plain values belongs to the platform or the moment, not to the version.
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_HEAP_TYPE = 1 << 9


def resolve(slot: Slot, function: FunctionType, guards: Guards) -> Target:
    """What a slot of a function stands for."""
    namespace = function.__globals__
    home = name_of_namespace(namespace)
    if slot.name == "__debug__":
        # ``-O`` is a part of the environment, and of no digest.
        return External("builtins.__debug__", STDLIB)
    if slot.kind == "import":
        return _resolve_import(slot, namespace, guards)
    if slot.kind == "free":
        cell = (function.__closure__ or ())[function.__code__.co_freevars.index(slot.name)]
        value = contents(cell)
        name = f"{home}.{function.__qualname__}:{slot.name}"
    else:
        value = namespace.get(slot.name, MISSING)
        guards.binding(namespace, slot.name, value)
        name = f"{home}.{slot.name}"
        if value is MISSING:
            value = vars(builtins).get(slot.name, MISSING)
            guards.binding(vars(builtins), slot.name, value)
    if value is MISSING:
        return Undefined(slot.name)
    return follow(value, slot.chain, name, guards)


def follow(value: Any, chain: tuple[str, ...], name: str, guards: Guards) -> Target:
    """Follow a chain through modules to the first object that is none."""
    rest = list(chain)
    path = name
    while isinstance(value, ModuleType):
        module = value
        place = place_of_globals(vars(module))
        path = module.__name__
        if not rest:
            return Found(module, (), path) if place.kind == "user" else External(path, place)
        attribute = rest.pop(0)
        value = _attribute(module, attribute)
        guards.binding(vars(module), attribute, vars(module).get(attribute, MISSING))
        if attribute not in vars(module) and value is not MISSING:
            # A module's `__getattr__`, or a property of its class, may give another answer later.
            guards.content(functools.partial(_answer, module, attribute), (b"", (value,)))
        path = f"{path}.{attribute}"
        if value is MISSING:
            return Undefined(path) if place.kind == "user" else External(".".join([path, *rest]), place)
        if place.kind != "user" and not isinstance(value, ModuleType):
            return _external_attribute(value, path, tuple(rest), place)
    return Found(value, tuple(rest), path)


def _answer(module: ModuleType, name: str) -> tuple[bytes, tuple[Any, ...]]:
    return b"", (getattr(module, name, MISSING),)


def _external_attribute(value: Any, path: str, rest: tuple[str, ...], place: Place) -> Target:
    home = external_name(value)
    if home is not None:
        return External(".".join([home.name, *rest]), home.place, value)
    if isinstance(value, functools.partial) or type(value).__module__ == "unittest.mock" or is_user(value):
        # Somebody put their own function there.
        return Found(value, rest, path)
    if place.kind == "stdlib" and type(value) in _PLAIN:
        return Found(value, rest, path)
    return External(".".join([path, *rest]), place)


def _attribute(module: ModuleType, name: str) -> Any:
    value = getattr(module, name, MISSING)
    if value is MISSING and hasattr(module, "__path__"):
        # `from package import submodule` imports it.
        value = _imported(f"{module.__name__}.{name}")
    return value


def _imported(name: str) -> Any:
    """A module of the user's or of the standard library, imported if need be; MISSING if it can't be."""
    if name not in sys.modules:
        try:
            if importlib.util.find_spec(name) is None:
                return MISSING
            return importlib.import_module(name)
        except Exception:  # noqa: BLE001  the import runs user code; what it raises, the function will raise when it runs
            return MISSING
    # None stands there for a module that must not be imported.
    return MISSING if sys.modules[name] is None else sys.modules[name]


def _findable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _resolve_import(slot: Slot, namespace: dict[str, Any], guards: Guards) -> Target:
    name = slot.name
    if slot.level:
        package = namespace.get("__package__") or str(namespace.get("__name__", "")).rpartition(".")[0]
        try:
            name = importlib.util.resolve_name("." * slot.level + slot.name, package)
        except ImportError:
            return Undefined("." * slot.level + slot.name)
    place = installed_module(name)
    if place.kind == "distribution":
        # Not imported for the fingerprint's sake: it may be left out of a process that only hits. So that the name is
        # the same before and after the import has run, it is the one that the import gives, wherever the object lives.
        return External(".".join([name, *slot.chain]), place)
    if slot.ensure:
        _imported(slot.ensure)
    module = _imported(name)
    guards.binding(sys.modules, name, sys.modules.get(name, MISSING))
    if module is MISSING:
        guards.content(lambda: (repr(_findable(name)).encode(), ()), (b"False", ()))
        return Undefined(name)
    return follow(module, slot.chain, name, guards)


def is_user(value: Any) -> bool:
    """Whether a function, a class or an instance counts by value, not by the name and version of what installed it."""
    if isinstance(value, FunctionType):
        return place_of_globals(value.__globals__).kind == "user"
    if not isinstance(value, type):
        return is_user(type(value))
    if external_name(value) is not None:
        return False
    # Where a class says that it is from is not evidence: a factory of the standard library leaves its own name there.
    place = place_of_module_named(str(value.__module__))
    made = place.kind == "stdlib" and bool(value.__flags__ & _HEAP_TYPE)
    return place.kind == "user" or made or any(map(_is_user_function, list(vars(value).values())))


def _is_user_function(value: Any) -> bool:
    return isinstance(value, FunctionType) and is_user(value)


def external_name(value: Any) -> External | None:
    """The name under which an installed object can be found again; None if it belongs to the user or has none."""
    if isinstance(value, ModuleType) or type(value) in _PLAIN:
        return None
    # The short name finds functions that are methods of a hidden instance: `random.random`.
    names = [name for name in (ask(value, "__qualname__"), ask(value, "__name__")) if isinstance(name, str)]
    for module_name in _homes(value) if names else ():
        module = sys.modules.get(module_name)
        for name in names:
            found: Any = module
            for attribute in name.split("."):
                found = ask(found, attribute)
            if found is value and module is not None:
                place = place_of_globals(vars(module))
                return None if place.kind == "user" else External(f"{module_name}.{name}", place, value)
    return None


def _homes(value: Any) -> list[str]:
    home = ask(value, "__module__")
    of_type = getattr(type(value), "__module__", None)
    # Compiled types may keep a descriptor there.
    of_type = of_type if isinstance(of_type, str) else "builtins"
    found = [name for name in (home, of_type, of_type.partition(".")[0]) if isinstance(name, str)]
    # Which accelerator a builtin says that it is from differs between versions of Python.
    return ["builtins", *(name.lstrip("_") for name in found if name.startswith("_") and name != "__main__"), *found]
