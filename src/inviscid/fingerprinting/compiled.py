"""Guards as code: the same facts as `Guards.hold` looks at, asked in a tenth of the time.

The interpreter looks up a global name in a few nanoseconds, but only in the globals of the code that runs. So the
bindings of each module are compiled into a function whose globals are that module's: ``a is v1 and b is v2 and …``.
Of a class the whole namespace is compared at once, by equality, which is identity for all that stays as it was.

What this leaves out, and who makes up for it:
- Code and defaults of functions: whoever uses this listens to `moved`, which hears of each such change.
- Names and documentation of functions, where nothing in reach observes them: then they change no fingerprint. Nor do
  new attributes of functions that are only called.
- Another order of the members of a class, and a member replaced by what only claims to be equal (`mock.ANY`). The
  guards themselves are asked again every second.
"""

from __future__ import annotations

import builtins
import keyword
import re
import weakref
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from inviscid.fingerprinting import template
from inviscid.fingerprinting.guards import Guards, contents, hold
from inviscid.sentinels import MISSING

_PREFIX = "_inviscid_"
_NUMBER = re.compile(rf"\b{_PREFIX}(\d+)\b")
# What is held by these is held by whoever wrote it too; all else is only looked at, so that it can go.
_HELD = (FunctionType, type, ModuleType, int, float, complex, str, bytes, bool, type(None))
# Equal values of these may be told apart.
_VALUES = (int, float, complex, tuple, frozenset)
_SAID = frozenset({"__dict__", "__bases__", "__getattribute__"})
_OBSERVERS = frozenset({template.DOC, template.NAME, template.PLACE, template.MODULE, template.EXACT})


class _Text:
    """One function that is being written: conditions, and the objects in them."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.constants: list[Any] = []

    def constant(self, value: Any) -> str:
        """The name of an object in the text."""
        self.constants.append(value)
        return f"{_PREFIX}{len(self.constants) - 1}"

    def compile(self, namespace: dict[str, Any]) -> Callable[[], bool]:
        """The function, over the globals that its names are looked up in."""
        names = [f"{_PREFIX}{number}" for number in range(len(self.constants))]
        # In a statement a condition that holds leaves nothing behind: a fifth faster than the value of an `and`.
        text = (
            f"def make({', '.join(names)}):\n def holds():\n  if {' and '.join(self.conditions) or 'True'}:\n"
            "   return True\n  return False\n return holds\n"
        )
        code = next(one for one in compile(text, "<guards>", "exec").co_consts if isinstance(one, CodeType))
        made: Callable[[], bool] = FunctionType(code, namespace)(*self.constants)
        return made


def compile_guards(guards: Guards, marks: frozenset[str]) -> list[Callable[[], bool]]:
    """Functions that hold, all of them, while everything is as it was; one that raises says that it isn't.

    Args:
        guards: the facts.
        marks: what is observed by the code that they are of.
    """
    texts: dict[int, tuple[dict[str, Any], _Text]] = {}
    own = _Text()
    builtin = {name: value() for namespace, name, value in guards.bindings() if namespace is vars(builtins)}
    seen: set[str] = set()
    for namespace, name, value in guards.bindings():
        if type(namespace) is dict and "__builtins__" in namespace and namespace is not vars(builtins):
            text = texts.setdefault(id(namespace), (namespace, _Text()))[1]
            seen |= _bind(text, namespace, name, value(), builtin)
        elif namespace is not vars(builtins):
            _ask(own, namespace, name, value)
    for name in builtin.keys() - seen:
        _ask(own, vars(builtins), name, hold(builtin[name]))
    observed = not _OBSERVERS.isdisjoint(marks)
    for function, general in guards.functions():
        _function(own, function, general, observed=observed, only_called=id(function) in guards.only_called)
    for cls, members, bases, general in guards.namespaces():
        _class(own, cls, members, bases, general)
    for cls, count, names, values in guards.hangers():
        _hung(own, cls, count, dict(zip(names, values, strict=True)))
    if rest := guards.others():
        own.conditions.append(f"{own.constant(rest)}()")
    return [text.compile(namespace) for namespace, text in _together(texts, own)]


def _together(texts: dict[int, tuple[dict[str, Any], _Text]], own: _Text) -> list[tuple[dict[str, Any], _Text]]:
    """The texts, of which one also says what stands under no name: that saves a call."""
    found = list(texts.values()) or [({"__builtins__": builtins}, _Text())]
    first = found[0][1]
    # Constants of a text are numbered: so what comes to it is said with numbers of its own.
    shift = len(first.constants)
    first.constants += own.constants
    first.conditions += [_NUMBER.sub(lambda match: f"{_PREFIX}{int(match[1]) + shift}", one) for one in own.conditions]
    return found


def _bind(text: _Text, namespace: dict[str, Any], name: str, value: Any, builtin: Mapping[str, Any]) -> set[str]:
    """A name of a module; gives the builtin that was looked at with it."""
    readable = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith(_PREFIX)
    found = builtin.get(name, MISSING) if value is MISSING else value
    if not readable or found is MISSING:
        _ask(text, namespace, name, hold(value))
        return set()
    # Of a builtin this says both: the module has no such name, and the builtin is what it was.
    text.conditions.append(_is(text, name, found))
    return {name} if value is MISSING else set()


def _is(text: _Text, read: str, value: Any) -> str:
    """The condition that what is read is this very object."""
    if isinstance(value, _HELD) or not type(value).__weakrefoffset__:
        return f"{read} is {text.constant(value)}"
    # A dead reference answers None.
    return f"{read} is {text.constant(weakref.ref(value))}() is not None"


def _ask(text: _Text, namespace: Mapping[str, Any], name: str, value: Callable[[], Any]) -> None:
    missing = text.constant(MISSING)
    text.conditions.append(f"{text.constant(namespace)}.get({name!r}, {missing}) is {text.constant(value)}()")


def _function(text: _Text, function: Any, general: Callable[[], bool], *, observed: bool, only_called: bool) -> None:
    if function is None or observed or vars(function) or MISSING in map(contents, function.__closure__ or ()):
        text.conditions.append(f"{text.constant(general)}()")
        return
    if not only_called:
        # Where it is gone, None has no attributes.
        text.conditions.append(f"not {text.constant(weakref.ref(function))}().__dict__")
    if keywords := function.__kwdefaults__:
        _same_items(text, text.constant(keywords), dict(keywords))
    for cell in function.__closure__ or ():
        text.conditions.append(_is(text, f"{text.constant(cell)}.cell_contents", contents(cell)))


def _class(
    text: _Text, cls: type, members: Mapping[str, Any], bases: tuple[type, ...], general: Callable[[], bool]
) -> None:
    metaclass: type = type(cls)
    if any(_answers(base) for base in metaclass.__mro__):
        text.conditions.append(f"{text.constant(general)}()")
        return
    name = text.constant(cls)
    _same_items(text, f"{name}.__dict__", dict(members))
    text.conditions.append(f"{name}.__bases__ is {text.constant(cls.__bases__)}")
    if bases[0] is not type:
        text.conditions.append(f"{text.constant(type)}({name}) is {text.constant(bases[0])}")


def _hung(text: _Text, cls: type, count: int, members: dict[str, Any]) -> None:
    name = text.constant(cls)
    text.conditions.append(f"{text.constant(len)}({name}.__dict__) == {count}")
    for key, value in members.items():
        text.conditions.append(f"{name}.__dict__.get({key!r}) is {text.constant(value)}")


def _same_items(text: _Text, name: str, items: dict[str, Any]) -> None:
    text.conditions.append(f"{name} == {text.constant(items)}")
    for key, value in items.items():
        if isinstance(value, _VALUES):
            text.conditions.append(f"{name}[{key!r}] is {text.constant(value)}")


def _answers(metaclass: type) -> bool:
    """Whether a metaclass says itself what its classes hold."""
    return metaclass not in (type, object) and not _SAID.isdisjoint(vars(metaclass))
