"""What a fingerprint read from the running process, so that a later call can see at once whether it still holds.

Rebinding is noticed by identity, mutation by content. A guard that fails proves nothing but that the fingerprint must
be taken again; the new one may well be equal.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import is_
from types import CodeType, FunctionType
from typing import Any

from inviscid.sentinels import MISSING

_GONE = object()
_Function = tuple[Callable[[], Any], tuple[str, ...], tuple[Any, ...], list[Callable[[], Any]]]

Content = tuple[bytes, tuple[Any, ...]]
"""The stream of a value, and the functions and classes in it."""


class Guards:
    """The facts that one fingerprint rests on."""

    __slots__ = (
        "_answers",
        "_bindings",
        "_bound",
        "_classes",
        "_contents",
        "_functions",
        "_hung",
        "_names",
        "only_called",
    )

    def __init__(self) -> None:
        self.only_called: frozenset[int] = frozenset()
        """The ids of functions that nobody looks attributes up on."""
        self._bindings: list[tuple[Mapping[str, Any], str, Callable[[], Any]]] = []
        self._bound: dict[tuple[int, str], Callable[[], Any]] = {}
        self._functions: list[_Function] = []
        self._classes: list[tuple[type, tuple[str, ...], tuple[Any, ...], tuple[type, ...]]] = []
        self._names: list[tuple[dict[str, Any], frozenset[str]]] = []
        self._hung: list[tuple[type, int, tuple[str, ...], tuple[Any, ...]]] = []
        self._answers: list[tuple[Callable[[], list[Any]], list[Any]]] = []
        self._contents: list[tuple[Callable[[], Content], Content]] = []

    def binding(self, namespace: Mapping[str, Any], name: str, value: Any) -> None:
        """A name of a namespace is bound to this very object, or missing."""
        # Most names are read by many functions; but one that was rebound between two reads has two guards, which fail.
        known = self._bound.get((id(namespace), name))
        if known is None or known() is not value:
            # The namespace is kept alive from here on, so its id stays its own.
            held = self._bound[id(namespace), name] = hold(value)
            self._bindings.append((namespace, name, held))

    def function(self, function: FunctionType) -> None:
        """A function has this code, these defaults and attributes, and its closure cells hold these very objects.

        The function is not kept alive: it may be one of very many that are made in calls, with all they close over.
        """
        cells = [hold(contents(cell)) for cell in function.__closure__ or ()]
        self._functions.append((hold(function), _names_of(function), _parts_of(function), cells))

    def klass(self, cls: type) -> None:
        """A class has these members and these bases."""
        members = vars(cls)
        self._classes.append((cls, tuple(members), tuple(members.values()), (type(cls), *cls.__bases__)))

    def hung(self, cls: type, names: tuple[str, ...]) -> None:
        """An installed class has so many members, and under these names these very objects, or none."""
        members = vars(cls)
        self._hung.append((cls, len(members), names, tuple(map(members.get, names))))

    def names(self, namespace: dict[str, Any]) -> None:
        """A namespace has these names and no others."""
        self._names.append((namespace, frozenset(namespace)))

    def content(self, take: Callable[[], Content], expected: Content) -> None:
        """A mutable value has this content; `take` reads it anew, and raises where that can't be done any more."""
        self._contents.append((take, expected))

    def answer(self, ask: Callable[[], list[Any]]) -> None:
        """Something that lives gives this very answer: a list of objects, or of what is equal to itself alone."""
        self._answers.append((ask, ask()))

    # What is looked at, for who looks in another way: see `compiled`.

    def bindings(self) -> Sequence[tuple[Mapping[str, Any], str, Callable[[], Any]]]:
        """(namespace, name, a way to the object that it is bound to)."""
        return self._bindings

    def functions(self) -> Iterator[tuple[FunctionType | None, Callable[[], bool]]]:
        """Every function, None where it is gone; with what tells whether it is as it was."""
        for item in self._functions:
            function = item[0]()
            yield None if function is _GONE else function, partial(_same_function, *item)

    def namespaces(self) -> Iterator[tuple[type, Mapping[str, Any], tuple[type, ...], Callable[[], bool]]]:
        """Every class, its members, its metaclass and bases; with what tells whether it is as it was."""
        for item in self._classes:
            cls, names, values, bases = item
            yield cls, dict(zip(names, values, strict=True)), bases, partial(_same_class, *item)

    def hangers(self) -> Sequence[tuple[type, int, tuple[str, ...], tuple[Any, ...]]]:
        """Every installed class on which something may hang: how many members it has, and what is under which names."""
        return self._hung

    def others(self) -> Callable[[], bool] | None:
        """What tells whether all else is as it was; None where there is nothing else."""
        return self._rest if self._names or self._answers or self._contents else None

    def codes(self) -> Iterator[CodeType]:
        """The code of every function."""
        return (parts[0] for _, _, parts, _ in self._functions)

    def classes(self) -> list[tuple[type, Iterable[tuple[str, Any]]]]:
        """Every class with its members."""
        return [(cls, zip(names, values, strict=True)) for cls, names, values, _ in self._classes]

    def hold(self) -> bool:
        """Whether everything is as it was."""
        return (
            all(namespace.get(name, MISSING) is value() for namespace, name, value in self._bindings)
            and all(_same_function(*item) for item in self._functions)
            and all(_same_class(*item) for item in self._classes)
            and all(_same_hung(*item) for item in self._hung)
            and self._rest()
        )

    def _rest(self) -> bool:
        return (
            all(namespace.keys() == names for namespace, names in self._names)
            and all(ask() == given for ask, given in self._answers)
            and all(_still(take, expected) for take, expected in self._contents)
        )


def contents(cell: Any) -> Any:
    """What a closure cell holds, or `MISSING`."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def hold(value: Any) -> Callable[[], Any]:
    """A way to the value that keeps it alive only where it must.

    A global that is rebound must not be kept alive by what remembers it: it may be the user's largest array.
    """
    try:
        reference = weakref.ref(value)
    except TypeError:
        return lambda: value
    # A dead reference answers None, which a rebound global may well be.
    return lambda: _GONE if (held := reference()) is None else held


def _parts_of(function: FunctionType) -> tuple[Any, ...]:
    keywords, attributes = function.__kwdefaults__ or {}, vars(function)
    shown = (function.__doc__, function.__name__, function.__qualname__, function.__module__)
    return (function.__code__, function.__defaults__, *shown, *keywords.values(), *attributes.values())


def _names_of(function: FunctionType) -> tuple[str, ...]:
    return (*(function.__kwdefaults__ or ()), "", *vars(function))


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(map(is_, a, b))


def _same_function(
    held: Callable[[], Any], names: tuple[str, ...], parts: tuple[Any, ...], cells: list[Callable[[], Any]]
) -> bool:
    function = held()
    if function is _GONE or _names_of(function) != names or not _same(_parts_of(function), parts):
        return False
    closure = function.__closure__ or ()
    return all(contents(cell) is value() for cell, value in zip(closure, cells, strict=True))


def _same_class(cls: type, names: tuple[str, ...], values: tuple[Any, ...], bases: tuple[type, ...]) -> bool:
    members = vars(cls)
    return (
        tuple(members) == names and _same(tuple(members.values()), values) and _same((type(cls), *cls.__bases__), bases)
    )


def _same_hung(cls: type, count: int, names: tuple[str, ...], values: tuple[Any, ...]) -> bool:
    members = vars(cls)
    return len(members) == count and all(map(is_, map(members.get, names), values))


def _still(take: Callable[[], Content], expected: Content) -> bool:
    try:
        stream, parts = take()
        return stream == expected[0] and _same(parts, expected[1])
    except Exception:  # noqa: BLE001  whatever a user's object raises while it is read, its content can't be confirmed
        return False
