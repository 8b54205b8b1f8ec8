"""`check`: whether a function has the symmetry that is declared for it, by many small arguments.

For a random argument x and a random element g it compares f(g·x) with g·f(x), and looks whether the laws of the group
hold. Elements that leave x where it is are among them. A false declaration is shown by the smallest counter-example
that Hypothesis finds.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

from inviscid import settings
from inviscid.bound import BoundCachedFunction
from inviscid.callables import names_of, result_of
from inviscid.calls import copied, is_declared
from inviscid.errors import InviscidError, SymmetryError, SymmetryViolation
from inviscid.sentinels import MISSING
from inviscid.signature import Signature
from inviscid.symmetry.aliases import Alias
from inviscid.symmetry.group import Element, Group, Invariant
from inviscid.symmetry.orbit import Orbit
from inviscid.symmetry.permutations import Permutation, Permutes
from inviscid.symmetry.transport import Case, alike, violation


class Checked(NamedTuple):
    """What a check has looked at. It found nothing wrong, or else it would have raised."""

    declaration: str
    compared: int
    """So many pairs of results were equal."""
    raised: int
    """For so many arguments the function raised the same error, whether they were moved or not."""
    missed: int
    """So many moved arguments got another representative than before: they cost hits."""

    def __str__(self) -> str:
        return (
            f"{self.declaration}: {self.compared} pairs of results are equal, {self.raised} calls raised, and "
            f"{self.missed} moved arguments have another representative"
        )


class _Refuted(AssertionError):
    """Between the body of a check and its end; the message says which law."""

    def __init__(self, message: str, case: Case | None = None) -> None:
        super().__init__(message)
        self.case = case


def check(
    function: Callable[..., Any], /, *, symmetry: Group | None = None, examples: int = 200, **given: Any
) -> Checked:
    """Look whether a function has the symmetry that is declared for it.

    Caching is off meanwhile. It needs Hypothesis. It is the same at every run.

    Args:
        function: a cached function with ``symmetry=``, or an alias; or any other, with `symmetry` given here.
        symmetry: the declaration, unless the function has one.
        examples: how many arguments are tried.
        given: for parameters, a Hypothesis strategy of their values. Parameters that a group of this package acts on
            have one, and so have those with a default or an annotation.

    Returns:
        What was looked at.

    Raises:
        SymmetryViolation: the function doesn't have the symmetry, or the group isn't one. It has the smallest
            counter-example found. What is stored under the declaration is dropped.
        SymmetryError: there is no declaration, a strategy is missing, or the function raised for all arguments.
    """
    subject = _OfAlias(function) if isinstance(function, Alias) else _Subject(function, symmetry)
    counts = {"compared": 0, "raised": 0, "missed": 0}
    errors: list[Exception] = []
    try:
        _search(subject, examples, given, counts, errors)
    except _Refuted as error:
        subject.refuted()
        if error.case is not None:
            raise violation(subject.name, error.case) from None
        raise SymmetryViolation(str(error)) from None
    if not counts["compared"]:
        last = f"{type(errors[-1]).__name__}: {errors[-1]}" if errors else "nothing was tried"
        raise SymmetryError(
            f"check({subject.name}): it raised for every argument ({last}): give strategies for its parameters"
        )
    return Checked(subject.declaration, **counts)


def _search(
    subject: _Subject, examples: int, given: Mapping[str, Any], counts: dict[str, int], errors: list[Exception]
) -> None:
    try:
        import hypothesis
        from hypothesis import strategies as st
        from hypothesis.errors import Flaky
    except ImportError:
        raise SymmetryError("check() needs Hypothesis: pip install hypothesis") from None

    def one(values: dict[str, Any], dice: Random) -> None:
        subject.look(values, dice, counts, errors)

    run = hypothesis.given(st.fixed_dictionaries(subject.strategies(given)), st.randoms(use_true_random=False))(one)
    run = hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )(run)
    try:
        run()
    except Flaky as error:
        raise _Refuted(
            f"{subject.name}() gives something else for the same arguments each time: it has no symmetry"
        ) from error


def _one(
    subject: _Subject, values: dict[str, Any], dice: Random, counts: dict[str, int], errors: list[Exception]
) -> None:
    group = subject.symmetry
    point = group.point(values)
    element, other = group.sample(point, dice), group.sample(point, dice)
    _laws(group, point, element, other)
    moved = group.act(element, point)
    representative, witness = group.canon(point)
    if not group.witnesses(witness, point, representative):
        raise _Refuted(f"{group!r}: the witness of {point!r} doesn't lead to its representative {representative!r}")
    again, _ = group.canon(moved)
    counts["missed"] += not group.same(again, representative)
    before, after = subject.gives(values), subject.gives(group.replaced(values, moved))
    if isinstance(before, Exception) and type(before) is type(after):
        counts["raised"] += 1
        errors.append(before)
        return
    expected = before
    if not isinstance(before, Exception):
        elements = element if len(group.factors) > 1 else (element,)
        for factor, own in zip(group.factors, elements, strict=True):
            if not isinstance(factor.out, Invariant):
                expected = factor.out.act(factor, own, expected)
    if isinstance(before, Exception) or isinstance(after, Exception) or not alike(group, expected, after):
        names = group.parameters
        there = {name: value for name, value in group.replaced(values, moved).items() if name in names}
        start = {name: value for name, value in values.items() if name in names}
        words = group.told(element) or "the identity"
        # What is computed is f(g·x): so the case is that of g·x, seen from x.
        raise _Refuted("", Case(repr(group), there, start, f"the inverse of {words}", expected, after))
    counts["compared"] += 1


def _laws(group: Group, point: Any, element: Element, other: Element) -> None:
    moved = group.act(element, point)
    for law, left, right in (
        ("the identity leaves a point where it is", group.act(group.identity(point), point), point),
        ("the inverse undoes an element", group.act(group.inverse(element), moved), point),
        (
            "two elements are one that does both",
            group.act(other, moved),
            group.act(group.compose(other, element), point),
        ),
    ):
        if not group.same(left, right):
            raise _Refuted(
                f"{group!r} is no group: {law}; for {point!r} and the elements {element!r} and {other!r} it gives "
                f"{left!r}, and not {right!r}"
            )


class _Subject:
    """What is checked: a function, its parameters and its declaration."""

    def __init__(self, function: Any, symmetry: Group | None) -> None:
        self.instance: Any = MISSING
        if isinstance(function, BoundCachedFunction):
            self.instance, function = function.__self__, function.__func__
        self.function = function
        self.name = names_of(function).qualname
        cached = is_declared(function)
        declared = function._options.symmetry if cached else None  # noqa: SLF001  it is ours
        if symmetry is None and declared is None:
            raise SymmetryError(f"check({self.name}): it declares no symmetry: give one with symmetry=")
        self.symmetry: Group = declared if symmetry is None else symmetry  # type: ignore[assignment]  # one is there
        self.declares = symmetry is None
        self.signature: Signature = function._signature if cached else Signature(function)  # noqa: SLF001  as above
        known = {item.name for item in self.signature.outer}
        for name in self.symmetry.parameters:
            if name not in known:
                raise SymmetryError(f"check({self.name}): {self.symmetry!r} acts on '{name}', which is no parameter")

    @property
    def declaration(self) -> str:
        """What is checked, in words."""
        return repr(self.symmetry)

    def look(self, values: dict[str, Any], dice: Random, counts: dict[str, int], errors: list[Exception]) -> None:
        """Try one argument."""
        _one(self, values, dice, counts, errors)

    def refuted(self) -> None:
        """Drop what is stored under the declaration."""
        if self.declares:
            self.function.__inviscid_refuted__()

    def gives(self, values: Mapping[str, Any]) -> Any:
        """What it gives for copies of these arguments, or the error that it raises."""
        function, given = self.function, {name: copied(value) for name, value in values.items()}
        if self.instance is not MISSING:
            given[self.signature.outer[0].name] = self.instance
        positional, keywords = self.signature.arguments(given)
        try:
            with settings.mode("off", local=True):
                value = function(*positional, **keywords)
                if result_of(getattr(function, "__wrapped__", function)) == "awaited":
                    import asyncio

                    return asyncio.run(value)
                return value
        except InviscidError:
            raise
        except Exception as error:  # noqa: BLE001  it is compared
            return error

    def strategies(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A strategy for each parameter.

        Raises:
            SymmetryError: one is missing.
        """
        from hypothesis import strategies as st

        from inviscid.symmetry.strategies import values_of

        hints = self._hints()
        groups = {name: factor for factor in self.symmetry.factors for name in factor.parameters}
        found: dict[str, Any] = {}
        for item in self.signature.outer[0 if self.instance is MISSING else 1 :]:
            if item.name in given:
                found[item.name] = given[item.name]
            elif item.name in groups:
                found[item.name] = values_of(groups[item.name], hints.get(item.name))
            elif item.default is not MISSING:
                found[item.name] = st.just(item.default)
            elif item.kind in ("starred", "double"):
                found[item.name] = st.just(() if item.kind == "starred" else {})
            elif item.name in hints:
                found[item.name] = st.from_type(hints[item.name])
            else:
                raise SymmetryError(
                    f"check({self.name}): give a strategy for '{item.name}', as in "
                    f"check({self.name}, {item.name}=hypothesis.strategies.…)"
                )
        for name in given.keys() - found.keys():
            raise SymmetryError(f"check({self.name}): it has no parameter '{name}'")
        for name, strategy in found.items():
            if not isinstance(strategy, st.SearchStrategy):
                raise SymmetryError(f"check({self.name}): '{name}' takes a Hypothesis strategy, not {strategy!r}")
        if isinstance(self.symmetry, Orbit) and not self.symmetry.can_sample():
            raise SymmetryError(f"check({self.name}): {self.symmetry!r} needs sample=, which gives elements at random")
        return found

    def _hints(self) -> dict[str, Any]:
        try:
            return typing.get_type_hints(getattr(self.function, "__wrapped__", self.function))
        except Exception:  # noqa: BLE001  annotations may be anything
            return {}


class _OfAlias(_Subject):
    """An alias: two functions are compared, whatever group there is."""

    def __init__(self, alias: Alias[Any]) -> None:
        names = [item.name for item in alias.function._signature.outer]  # noqa: SLF001  it is ours
        super().__init__(alias.function, Permutes(*names) if len(names) > 1 else Permutation(*names))
        self.alias = alias

    @property
    def declaration(self) -> str:
        return repr(self.alias)

    def look(self, values: dict[str, Any], dice: Random, counts: dict[str, int], errors: list[Exception]) -> None:
        # They are drawn in another order.
        values = {item.name: values[item.name] for item in self.signature.outer}
        found = self.gives(values)
        passed = [copied(value) for value in self.alias.passed(values)]
        try:
            with settings.mode("off", local=True):
                expected = self.alias.other(*passed)
        except Exception as error:  # noqa: BLE001  it is compared
            expected = error
        if (case := self.alias.case(values, expected, found)) is not None:
            raise _Refuted("", case)
        if isinstance(found, Exception):
            errors.append(found)
        counts["raised" if isinstance(found, Exception) else "compared"] += 1
