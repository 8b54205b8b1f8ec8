"""The code that a fingerprint holds: what may run without the fingerprint being wrong about it.

It is read from the guards, which have every function and every class that was visited. What is nested in the code of a
function is held with it: lambdas, comprehensions, inner functions and classes. What Python's own machinery generated
into a class follows from the class, and is held with it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType
from typing import Any, NamedTuple

from inviscid.fingerprinting.definition import Fingerprint
from inviscid.fingerprinting.generated import is_generated
from inviscid.fingerprinting.guards import Guards
from inviscid.fingerprinting.identity import nested_codes

_KEPT = 64
_Place = tuple[str, int, str]


class Closure(NamedTuple):
    """The code objects of a fingerprint."""

    codes: dict[int, CodeType]
    """By id, which is good as long as they are kept alive here."""
    places: frozenset[_Place]
    """For functions that are made anew in each call, or in a module that was imported again."""
    classes: frozenset[type]
    """The user's classes that were visited, whole or in part."""

    def holds(self, code: CodeType, cls: type | None = None) -> bool:
        """Whether code is that of a definition that was visited, or nested in it.

        Args:
            code: what ran.
            cls: the class that it ran for, if it may have been generated into one.
        """
        if id(code) in self.codes or place_of_code(code) in self.places:
            return True
        # Named tuples are made by a function without a name.
        name = "__new__" if code.co_name == "<lambda>" else code.co_name
        return any(
            base in self.classes and name in vars(base) and is_generated(base, name, vars(base)[name])
            for base in (cls.__mro__ if cls is not None else ())
        )


def place_of_code(code: CodeType) -> _Place:
    """What tells one function in the source from another."""
    return code.co_filename, code.co_firstlineno, code.co_qualname


_closures: dict[int, tuple[Guards, Closure]] = {}


def closure(fingerprint: Fingerprint) -> Closure:
    """The code that a fingerprint holds."""
    guards = fingerprint.guards
    known = _closures.get(id(guards))
    if known is not None and known[0] is guards:
        return known[1]
    codes: dict[int, CodeType] = {}
    for code in guards.codes():
        _add(codes, code)
    classes = guards.classes()
    for cls, members in classes:
        for name, value in members:
            if is_generated(cls, name, value):
                for code in _codes_of(value):
                    _add(codes, code)
    # What was made from a text that is nowhere has a place that others have too: every `__init__` of a dataclass.
    places = frozenset(place_of_code(code) for code in codes.values() if code.co_filename != "<string>")
    made = Closure(codes, places, frozenset(cls for cls, _ in classes))
    while len(_closures) >= _KEPT:
        # Another thread may have been first.
        _closures.pop(next(iter(_closures)), None)
    _closures[id(guards)] = guards, made
    return made


def _add(codes: dict[int, CodeType], code: CodeType) -> None:
    if id(code) not in codes:
        codes.update((id(one), one) for one in nested_codes(code))


def _codes_of(value: Any) -> Iterable[CodeType]:
    """The code of a function, and of what it wraps, as the guard against recursion in a `__repr__` does."""
    function, seen = getattr(value, "__func__", value), 0
    while function is not None and seen < 8:
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            yield code
        function, seen = getattr(function, "__wrapped__", None), seen + 1
