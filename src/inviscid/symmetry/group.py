"""Groups that act on arguments, and the ways in which results move along.

A *point* is what a group moves: the value of one parameter, or a tuple of the values of several. An *element* moves it.
All points that elements lead to from one point are its *orbit*; one of them is the *representative*. `canon` gives it
with the *witness*: the element that leads there.

What has to hold, for all points x and elements g, h:

    act(identity(x), x) = x
    act(g, act(h, x)) = act(compose(g, h), x)
    act(inverse(g), act(g, x)) = x
    canon(x) = (c, g)  with  act(g, x) = c

That is all that a right result needs. That all points of an orbit have one representative isn't: where they have more,
there are more entries, and no wrong one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from random import Random
from typing import Any

from inviscid.calls import References
from inviscid.errors import SymmetryError
from inviscid.inputs import Encoder

Element = Any
"""What moves a point; each group has its own kind."""


def digest_at(value: Any, path: str) -> bytes:
    """The structural digest of a part of an argument.

    Raises:
        UnhashableInput: it has none; the message names the path.
    """
    return Encoder(References()).digest(value, path)


class Action(ABC):
    """How a result moves when the argument does. An instance is given as ``out=``."""

    version = 1

    @abstractmethod
    def refusal(self, group: Group) -> str:
        """Why it doesn't go with a group; empty if it does."""

    @abstractmethod
    def act(self, group: Group, element: Element, result: Any) -> Any:
        """The result for the point that an element leads to, from the one for the point that it comes from.

        Raises:
            SymmetryError: the result is nothing that could be moved in this way.
        """

    def normal(self, result: Any) -> Any:
        """A result without what doesn't count when two of them are compared."""
        return result

    def options(self) -> list[Any]:
        """What tells it from others of its class."""
        return []

    def parts(self) -> list[Any]:
        """What of it is in a key."""
        return [*_kind(self), *self.options()]

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(map(repr, self.options()))})"


class Invariant(Action):
    """The result stays as it is: the default."""

    def refusal(self, group: Group) -> str:
        """Every group may leave a result alone."""
        return ""

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """The very result."""
        return result


class Group(ABC):
    """A group, and the parameters of a function that it acts on.

    Args:
        parameters: their names.
        out: how the result moves; by default it doesn't.
        tolerance: how far numbers may be apart, absolutely or in relation to the larger one, for two results to count
            as equal when they are compared. Then the declaration is an approximation: a caller may get the result of a
            rounding that isn't its own. None for bitwise equality.

    Raises:
        SymmetryError: the names, the tolerance, or `out` don't fit.
    """

    version = 1
    """Raised whenever `canon` chooses other representatives, or elements are written in another way."""

    def __init__(self, *parameters: str, out: Action | None = None, tolerance: float | None = None) -> None:
        self.parameters = parameters
        self.out = Invariant() if out is None else out
        self.tolerance = tolerance
        name = type(self).__qualname__
        given: tuple[Any, ...] = parameters
        if not given or not all(isinstance(item, str) and item.isidentifier() for item in given):
            raise SymmetryError(
                f"{name} takes the names of parameters, as texts, not {', '.join(map(repr, parameters))}"
            )
        if len(set(parameters)) < len(parameters):
            raise SymmetryError(f"{name} got the parameter '{parameters[0]}' twice")
        if not isinstance(self.out, Action):
            raise SymmetryError(f"{name}: out= takes an action such as Permute(), not {out!r}")
        if tolerance is not None and not (_is_number(tolerance) and 0 < tolerance < float("inf")):
            raise SymmetryError(
                f"{name}: tolerance= takes how far two results may be apart, as a number above 0, not {tolerance!r}; "
                "leave it out to have them compared bit by bit"
            )
        if refusal := self.out.refusal(self):
            raise SymmetryError(f"{name}: out={self.out!r} {refusal}")

    # The laws ---------------------------------------------------------------------------------------------------------

    @abstractmethod
    def canon(self, point: Any) -> tuple[Any, Element]:
        """The representative of a point's orbit, and the witness.

        Raises:
            SymmetryError: it acts on no such value.
            UnhashableInput: a part of the point has no digest.
        """

    @abstractmethod
    def act(self, element: Element, point: Any) -> Any:
        """Where an element moves a point. The point is left as it is."""

    @abstractmethod
    def inverse(self, element: Element) -> Element:
        """What undoes it."""

    @abstractmethod
    def compose(self, after: Element, before: Element) -> Element:
        """One element for two: first `before`, then `after`."""

    @abstractmethod
    def identity(self, point: Any) -> Element:
        """What leaves a point where it is."""

    @abstractmethod
    def sample(self, point: Any, random: Random) -> Element:
        """Any element that can move a point, at random."""

    # What else is asked -----------------------------------------------------------------------------------------------

    def is_identity(self, element: Element) -> bool:
        """Whether an element moves nothing. To say no of one that doesn't costs time alone."""
        return False

    def same(self, left: Any, right: Any) -> bool:
        """Whether two points are one: by type and content, bit by bit."""
        return digest_at(left, self._path()) == digest_at(right, self._path())

    def witnesses(self, element: Element, point: Any, representative: Any) -> bool:
        """Whether an element leads from a point to its representative: looked at in every call."""
        return self.same(self.act(element, point), representative) and self.holds(element, point)

    def holds(self, element: Element, point: Any) -> bool:
        """Whether it is an element at all, as far as that can be seen."""
        return True

    def told(self, element: Element) -> str:
        """An element in words: ``a permutation of 5 items``."""
        return "an element of its group"

    def options(self) -> list[Any]:
        """What tells it from others of its class, beside parameters and `out`."""
        return []

    def parts(self) -> list[Any]:
        """The declaration, as it is hashed into keys."""
        return [*_kind(self), list(self.parameters), self.out.parts(), *self.options()]

    @property
    def factors(self) -> tuple[Group, ...]:
        """The groups that it is the product of; most are their only one."""
        return (self,)

    @property
    def functions(self) -> tuple[Any, ...]:
        """The functions and classes of the user's that it is made of."""
        if self.factors != (self,):
            return tuple(function for factor in self.factors for function in factor.functions)
        return tuple(type(one) for one in (self, self.out) if _is_foreign(one))

    @property
    def is_invariant(self) -> bool:
        """Whether results stay as they are."""
        return all(isinstance(factor.out, Invariant) for factor in self.factors)

    # Points and arguments ---------------------------------------------------------------------------------------------

    def point(self, values: Mapping[str, Any]) -> Any:
        """The point among the arguments of a call."""
        return values[self.parameters[0]]

    def replaced(self, values: Mapping[str, Any], point: Any) -> dict[str, Any]:
        """The arguments of a call, with another point among them."""
        return {**values, self.parameters[0]: point}

    def __mul__(self, other: Group) -> Group:
        if not isinstance(other, Group):
            return NotImplemented
        from inviscid.symmetry.products import Product

        return Product(self, other)

    def __repr__(self) -> str:
        shown = [*map(repr, self.parameters), *self._shown()]
        if not isinstance(self.out, Invariant):
            shown.append(f"out={self.out!r}")
        if self.tolerance is not None:
            shown.append(f"tolerance={self.tolerance!r}")
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def _shown(self) -> list[str]:
        """Its other options, as they are written."""
        return []

    def _path(self) -> str:
        """How messages call its point."""
        return f"argument '{self.parameters[0]}'"

    def _refuse(self, what: str) -> SymmetryError:
        return SymmetryError(f"{self!r}: {self._path()} {what}")


def _kind(one: Action | Group) -> list[Any]:
    """What tells a class from others: of the user's own what it does, too, and what the instance holds."""
    kind = type(one)
    name = [kind.__qualname__, one.version]
    return [*name, kind, vars(one)] if _is_foreign(one) else name


def _is_foreign(one: Action | Group) -> bool:
    return not type(one).__module__.startswith("inviscid.symmetry.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
