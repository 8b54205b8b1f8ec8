"""What a callable that is called reads of the world: `impure`, asked with the object at hand instead of its name.

It is found under its own name, as values of globals are. What doesn't know its name (a method of the hidden instance
behind `random.random`, a method that a base class defines) is found by identity among what the lists name.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, CodeType, FunctionType, MethodDescriptorType, MethodType, ModuleType
from typing import Any

from inviscid.fingerprinting import impure
from inviscid.fingerprinting.impure import ENVIRONMENT_READERS, World, canonical, world_of
from inviscid.fingerprinting.references import external_name
from inviscid.fingerprinting.template import BARE

_NOWS = frozenset({"now", "today"})
# By id; what is in there is kept alive, so that its id stays its own.
_listed: dict[int, tuple[Any, str]] = {}
_codes: dict[int, str] = {}
"""By the id of the code of what is kept alive there."""
_loaded = 0


def world_of_call(function: Any, first: Any, *, bare: bool) -> tuple[str, World] | None:
    """What a call of something installed reads of the world, and its name; None if nothing is known.

    Args:
        function: what is called.
        first: its first argument.
        bare: it has no arguments.
    """
    name = _name_of(function)
    if not name or canonical(name) in ENVIRONMENT_READERS:
        # Which variable is read is seen where it is read.
        return None
    # None means that there is no seed, and no moment.
    uses = (BARE,) if bare or first is None else ("",)
    if isinstance(first, str) and first in _NOWS:
        uses = (f"={first}",)
    world = world_of(name, uses, BARE)
    return None if world is None else (canonical(name), world)


def world_of_code(code: CodeType, module: str) -> tuple[str, World] | None:
    """The same for code that runs, of a module that is installed: by what it is, or else by its name."""
    _list()
    name = _codes.get(id(code)) or canonical(f"{module}.{code.co_qualname}")
    world = None if name in ENVIRONMENT_READERS else world_of(name)
    return None if world is None else (canonical(name), world)


def _name_of(function: Any) -> str:
    _list()
    known = _listed.get(id(function))
    if known is not None and known[0] is function:
        return known[1]
    if isinstance(function, BuiltinFunctionType | MethodType):
        owner = function.__self__
        if isinstance(owner, type):
            # A class method, such as `datetime.now`.
            of_class = external_name(owner)
            return "" if of_class is None else f"{of_class.name}.{function.__name__}"
        if isinstance(function, BuiltinFunctionType) and not isinstance(owner, ModuleType | None):
            # A method of an instance, which is listed or none of this.
            return ""
        if isinstance(function, MethodType) and isinstance(function.__func__, FunctionType):
            found = external_name(function) or external_name(function.__func__)
            return "" if found is None else found.name
    if isinstance(function, MethodDescriptorType):
        of_class = external_name(function.__objclass__)
        return "" if of_class is None else f"{of_class.name}.{function.__name__}"
    found = external_name(function) if callable(function) and not isinstance(function, ModuleType) else None
    return "" if found is None else found.name


def _list() -> None:
    """Look up what the lists name in the modules that are loaded."""
    global _loaded
    if _loaded == len(sys.modules):
        return
    _loaded = len(sys.modules)
    for name in impure.named():
        found = _found(name)
        if callable(found) and not isinstance(getattr(found, "__self__", None), type):
            _listed[id(found)] = found, name
            if isinstance(found, FunctionType):
                _codes[id(found.__code__)] = name
    for top in impure.named_below():
        module = sys.modules.get(top)
        for name, value in list(vars(module).items()) if isinstance(module, ModuleType) else ():
            owner = getattr(value, "__self__", None)
            # Functions and classes know where they are from; that something was imported there says nothing.
            if isinstance(value, BuiltinFunctionType | MethodType) and not isinstance(
                owner, type | ModuleType | type(None)
            ):
                _listed[id(value)] = value, f"{top}.{name}"


def _found(name: str) -> Any:
    module, rest = name, list[str]()
    while module not in sys.modules:
        module, dot, last = module.rpartition(".")
        rest.insert(0, last)
        if not dot:
            return None
    found: Any = sys.modules[module]
    for part in rest:
        found = vars(found).get(part) if isinstance(found, ModuleType) else getattr(found, part, None)
    return found
