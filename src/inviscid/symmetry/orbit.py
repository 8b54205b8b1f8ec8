"""Groups of the user's own, given as functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from inviscid.errors import SymmetryError
from inviscid.symmetry.group import Action, Element, Group, digest_at


class Moved(Action):
    """A result that a function moves: ``out=function`` of an `Orbit`.

    Args:
        function: takes an element and a result, and gives the result for where the element leads.
    """

    def __init__(self, function: Callable[[Element, Any], Any]) -> None:
        self.function = function

    def refusal(self, group: Group) -> str:
        """It knows the elements of its own orbit alone."""
        return "" if isinstance(group, Orbit) else "is a function, which Orbit alone takes"

    def act(self, group: Group, element: Element, result: Any) -> Any:
        """What the function gives."""
        return self.function(element, result)

    def options(self) -> list[Any]:
        """The function: what it does is in the key."""
        return [self.function]


class Orbit(Group):
    """A group of one's own: ``Orbit("x", canon=…, act=…, inv=…, mul=…)``.

    What the functions do is part of the key. They must be pure.

    Args:
        parameters: one name, or several; then a point is a tuple of their values.
        canon: takes a point, and gives its representative and the element that leads there. If it gives up by raising
            `TimeoutError`, the point stands for itself.
        act: takes an element and a point, and gives where it leads.
        inv: takes an element, and gives what undoes it.
        mul: takes two elements, and gives the one that does what the second does, and then what the first does.
        sample: takes a point and a `random.Random`, and gives any element: for `check` and `verify=`.
        out: takes an element and a result, and gives the result for where the element leads; None where results stay.
        eq: takes two points, or two results, and says whether they are equal; None for equality bit by bit. Any other
            makes results approximate.
        approximate: says so. `eq` isn't taken without.
        tolerance: see `Group`.

    Raises:
        SymmetryError: something isn't a function, or `eq` is given without `approximate`.
    """

    def __init__(
        self,
        *parameters: str,
        canon: Callable[[Any], tuple[Any, Element]],
        act: Callable[[Element, Any], Any],
        inv: Callable[[Element], Element],
        mul: Callable[[Element, Element], Element],
        sample: Callable[[Any, Random], Element] | None = None,
        out: Callable[[Element, Any], Any] | None = None,
        eq: Callable[[Any, Any], bool] | None = None,
        approximate: bool = False,
        tolerance: float | None = None,
    ) -> None:
        given: dict[str, Callable[..., Any] | None] = {
            "canon": canon,
            "act": act,
            "inv": inv,
            "mul": mul,
            "sample": sample,
            "out": out,
            "eq": eq,
        }
        for name, function in given.items():
            optional = name in ("sample", "out", "eq")
            if not callable(function) and not (optional and function is None):
                raise SymmetryError(f"Orbit: {name}= takes a function, not {function!r}")
        if eq is not None and not approximate:
            raise SymmetryError(
                "Orbit: with eq= a caller may get a result that isn't quite its own: say so with approximate=True, or "
                "leave eq= out to have points and results compared bit by bit"
            )
        self._functions = given
        super().__init__(*parameters, out=None if out is None else Moved(out), tolerance=tolerance)

    def _call(self, name: str, *arguments: Any) -> Any:
        function = self._functions[name]
        assert function is not None
        return function(*arguments)

    def canon(self, point: Any) -> tuple[Any, Element]:
        """What `canon` gives."""
        found = self._call("canon", point)
        if type(found) is not tuple or len(found) != 2:
            raise self._refuse(f"has no representative: canon= gave {found!r}, and not (representative, element)")
        return found

    def act(self, element: Element, point: Any) -> Any:
        """What `act` gives."""
        return self._call("act", element, point)

    def inverse(self, element: Element) -> Element:
        """What `inv` gives."""
        return self._call("inv", element)

    def compose(self, after: Element, before: Element) -> Element:
        """What `mul` gives."""
        return self._call("mul", after, before)

    def identity(self, point: Any) -> Element:
        """An element and what undoes it."""
        element = self.canon(point)[1]
        return self.compose(self.inverse(element), element)

    def sample(self, point: Any, random: Random) -> Element:
        """What `sample` gives.

        Raises:
            SymmetryError: there is no such function.
        """
        sample = self._functions["sample"]
        if sample is None:
            raise SymmetryError("Orbit: to be checked it needs sample=, which gives any element for a point")
        return sample(point, random)

    def same(self, left: Any, right: Any) -> bool:
        """What `eq` says; else whether both are one bit by bit."""
        equal = self._functions["eq"]
        if equal is not None:
            return bool(equal(left, right))
        path = f"{self._path()} moved by Orbit"
        return digest_at(left, path) == digest_at(right, path)

    @property
    def equal(self) -> Callable[[Any, Any], bool] | None:
        """How results are compared; None for bit by bit."""
        return self._functions["eq"]

    @property
    def functions(self) -> tuple[Any, ...]:
        """What is called in a call."""
        called = (function for name, function in self._functions.items() if name != "sample")
        return (*super().functions, *(function for function in called if function is not None))

    def can_sample(self) -> bool:
        """Whether there are elements at random."""
        return self._functions["sample"] is not None

    def options(self) -> list[Any]:
        """The functions: what they do is in the key."""
        return [[name, function] for name, function in self._functions.items() if name not in ("out", "sample")]

    def point(self, values: Mapping[str, Any]) -> Any:
        """The value, or a tuple of the values."""
        if len(self.parameters) == 1:
            return super().point(values)
        return tuple(values[name] for name in self.parameters)

    def replaced(self, values: Mapping[str, Any], point: Any) -> dict[str, Any]:
        """The arguments with another point."""
        if len(self.parameters) == 1:
            return super().replaced(values, point)
        return {**values, **dict(zip(self.parameters, point, strict=True))}

    def _shown(self) -> list[str]:
        named = ((name, getattr(function, "__name__", "…")) for name, function in self._functions.items() if function)
        return [f"{name}={shown}" for name, shown in named if name != "out"]
