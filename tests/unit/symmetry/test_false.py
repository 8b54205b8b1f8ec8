"""False declarations are caught: by `check`, and by `verify=` in the calls themselves."""

from __future__ import annotations

import functools
import operator
import pickle
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from inviscid import Store, SymmetryError, SymmetryViolation, cached, mode
from inviscid.symmetry import (
    Cyclic,
    Dihedral,
    Index,
    Orbit,
    Parity,
    Permutation,
    Permute,
    Permutes,
    Rotate,
    Rows,
    Sign,
    Signs,
    check,
)

Ran = Callable[[], list[str]]


def first(xs: Any) -> Any:
    return xs[0]


def argsort(xs: Any) -> list[int]:
    return sorted(range(len(xs)), key=xs.__getitem__)


def float_sum(xs: Any) -> float:
    return functools.reduce(operator.add, xs, 0.0)


def numpy_argsort(xs: Any) -> Any:
    return np.argsort(xs, kind="stable")


FALSE: dict[str, tuple[Any, Any]] = {
    "x[0]": (first, Permutation("xs")),
    "x[0], rotated": (first, Cyclic("xs")),
    "argsort with ties": (argsort, Permutation("xs", out=Index())),
    "argsort of an array": (numpy_argsort, Permutation("xs", out=Index())),
    "argsort, permuted": (argsort, Permutation("xs", out=Permute())),
    "float sum": (float_sum, Permutation("xs")),
    "sorted": (sorted, Permutation("xs", out=Permute())),
    "difference": (operator.sub, Permutes("xs", "b")),
    "unsigned": (lambda xs: xs[0] if xs else 0, Signs("xs")),
    "corner": (lambda xs: xs[0][0], Dihedral("xs")),
    "transposed": (lambda xs: np.asarray(xs).T, Dihedral("xs", out=Rotate())),
    "first row": (lambda xs: xs[0], Rows("xs")),
    "even": (lambda xs: [abs(x) for x in xs], Signs("xs", out=Sign())),
    "even product": (sum, Signs("xs", out=Parity())),
}


@pytest.mark.parametrize(("function", "symmetry"), FALSE.values(), ids=FALSE.keys())
def test_check_catches_it(function: Any, symmetry: Any) -> None:
    def named(xs: Any) -> Any:
        return function(xs)

    def of_two(xs: Any, b: Any) -> Any:
        return function(xs, b)

    subject = of_two if len(symmetry.parameters) > 1 else named
    with pytest.raises(SymmetryViolation) as caught:
        check(subject, symmetry=symmetry)
    case = caught.value.case
    assert case is not None
    assert repr(symmetry) in str(caught.value)
    assert str(case) in str(caught.value)
    # It is shrunk: no counter-example needs more.
    assert all(np.size(value) <= 9 for value in case.arguments.values())


TRUE: dict[str, tuple[Any, Any]] = {
    "length": (len, Permutation("xs")),
    "sum": (lambda xs: sum(map(int, xs)), Permutation("xs")),
    "doubled": (lambda xs: [2 * x for x in xs], Permutation("xs", out=Permute())),
    "places of the largest": (lambda xs: {i for i, x in enumerate(xs) if x == max(xs)}, Permutation("xs", out=Index())),
    "rotated": (lambda xs: [x + 1 for x in xs], Cyclic("xs", out=Rotate())),
    "total": (lambda xs: int(np.sum(xs)), Dihedral("xs")),
    "inverted": (lambda xs: 1 - np.asarray(xs), Dihedral("xs", out=Rotate())),
    "cubed": (lambda xs: [x * x * x for x in xs], Signs("xs", out=Sign())),
    "distance": (lambda xs, b: abs(xs - b), Permutes("xs", "b")),
}


@pytest.mark.parametrize(("function", "symmetry"), TRUE.values(), ids=TRUE.keys())
def test_check_lets_what_is_true_pass(function: Any, symmetry: Any) -> None:
    def named(xs: Any) -> Any:
        return function(xs)

    def of_two(xs: Any, b: Any) -> Any:
        return function(xs, b)

    subject = of_two if len(symmetry.parameters) > 1 else named
    found = check(subject, symmetry=symmetry, examples=100)
    assert found.compared > 50
    assert found.missed == 0
    assert "pairs of results are equal" in str(found)


def test_check_takes_a_tolerance() -> None:
    xs = st.lists(st.floats(0, 1))
    assert check(float_sum, symmetry=Permutation("xs", tolerance=1e-9), xs=xs).compared == 200
    with pytest.raises(SymmetryViolation):
        check(float_sum, symmetry=Permutation("xs"), xs=xs)


def test_both_zeros_are_two() -> None:
    with pytest.raises(SymmetryViolation, match=r"-0\.0"):
        check(sorted_copy, symmetry=Permutation("xs"), xs=st.lists(st.sampled_from([0.0, -0.0])))
    assert check(sorted_copy, symmetry=Permutation("xs"), xs=st.lists(st.integers())).compared == 200


def sorted_copy(xs: Any) -> list[Any]:
    return sorted(xs)


@pytest.fixture(autouse=True)
def seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What elements are drawn must not decide whether a test passes."""
    import inviscid.symmetry.transport as there

    monkeypatch.setattr(there, "DICE", random.Random(5))


def test_verify_catches_an_order_that_counts(ran: Ran, isolated: Any) -> None:
    @cached(symmetry=Permutation("xs"), verify=1.0)
    def head(xs: list[int]) -> int:
        sys.audit("test.ran", repr(xs))
        return xs[0]

    assert head([1, 2, 3]) == 1
    # Nothing moved, so there is nothing to compare.
    assert ran() == ["[1, 2, 3]"]
    assert len(Store(isolated).entries("*head")) == 1
    with pytest.raises(SymmetryViolation, match=r"it says 1, and the function gives 3") as caught:
        head([3, 1, 2])
    assert ran() == ["[3, 1, 2]"]
    case = caught.value.case
    assert (case.arguments, case.moved, case.expected, case.found) == ({"xs": [3, 1, 2]}, {"xs": [1, 2, 3]}, 1, 3)
    # What was stored under the declaration is dropped.
    assert Store(isolated).functions() == []


def test_verify_catches_ties_though_both_orders_are_stable(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs", out=Index()), verify=1.0)
    def order(xs: list[int]) -> list[int]:
        sys.audit("test.ran", repr(xs))
        return argsort(xs)

    assert order([2, 1, 3]) == [1, 0, 2]
    with pytest.raises(SymmetryViolation, match="order"):
        order([2, 2, 1])


def test_verify_catches_a_float_sum(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs"), verify=1.0)
    def total(xs: list[float]) -> float:
        return float_sum(xs)

    with pytest.raises(SymmetryViolation):
        total([0.3, 0.2, 0.1])

    @cached(symmetry=Permutation("xs", tolerance=1e-12), verify=1.0)
    def about(xs: list[float]) -> float:
        return float_sum(xs)

    assert about([0.3, 0.2, 0.1]) == about([0.1, 0.2, 0.3])


def test_other_declarations_keep_their_entries(isolated: Any, ran: Ran) -> None:
    def made(symmetry: Any, verify: float = 0.0) -> Any:
        @cached(symmetry=symmetry, verify=verify)
        def head(xs: list[int]) -> int:
            sys.audit("test.ran", "head")
            return xs[0] if len(set(xs)) > 1 else 0

        return head

    right, wrong = made(Signs("xs", together=True), 0.0), made(Permutation("xs"), 1.0)
    right([1, 2])
    wrong([1, 2])
    with pytest.raises(SymmetryViolation):
        wrong([2, 1])
    assert right.peek([1, 2]) is not None
    assert wrong.peek([1, 2]) is None


def test_how_often(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs"), verify=0.3)
    def total(xs: list[int]) -> int:
        sys.audit("test.ran", repr(xs))
        return sum(xs)

    for _ in range(100):
        total([2, 1])
    assert 15 < ran().count("[2, 1]") < 45


def test_a_body_that_raises_for_the_argument_itself() -> None:
    @cached(symmetry=Permutation("xs"), verify=1.0)
    def picky(xs: list[int]) -> int:
        if xs[0] > xs[-1]:
            raise ValueError("descending")
        return len(xs)

    assert picky([1, 2]) == 2
    with pytest.raises(SymmetryViolation, match="ValueError: descending"):
        picky([2, 1])


def test_modes(ran: Ran, isolated: Any) -> None:
    @cached(symmetry=Permutation("xs"), verify=1.0)
    def head(xs: list[int]) -> int:
        sys.audit("test.ran", repr(xs))
        return xs[0]

    head([1, 2])
    ran()
    with mode("replay"):
        # No body runs there, whatever is declared.
        assert head([2, 1]) == 1
    assert ran() == []
    with mode("readonly"), pytest.raises(SymmetryViolation):
        head([2, 1])
    assert len(Store(isolated).entries("*head")) == 1


@cached
def helper(x: int) -> int:
    sys.audit("test.ran", f"helper {x}")
    return x


def test_what_is_computed_to_compare_is_nobodys_dependency(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs"), verify=1.0)
    def total(xs: list[int]) -> int:
        return sum(map(helper, xs))

    @cached
    def caller(xs: list[int]) -> int:
        sys.audit("test.ran", "caller")
        return total(xs)

    assert [caller([2, 1]), caller([2, 1])] == [3, 3]
    assert ran() == ["caller", "helper 1", "helper 2"]


def test_check_drops_what_is_stored(isolated: Any) -> None:
    @cached(symmetry=Permutation("xs"))
    def head(xs: list[int]) -> int:
        return xs[0]

    assert head([2, 1]) == 1
    with pytest.raises(SymmetryViolation, match=r"head\(\) doesn't have the symmetry Permutation\('xs'\)"):
        check(head)
    assert Store(isolated).functions() == []


def test_check_of_methods_and_of_what_is_awaited(ran: Ran) -> None:
    class Scale:
        @cached(symmetry=Permutation("xs"))
        def total(self, xs: list[int], factor: int = 2) -> int:
            return sum(xs) * factor

    @cached(symmetry=Permutation("xs"))
    async def last(xs: list[int]) -> int:
        return xs[-1]

    assert check(Scale().total, examples=30).compared == 30
    assert check(Scale().total, examples=30, factor=st.integers()).compared == 30
    with pytest.raises(SymmetryViolation):
        check(last)


def test_a_group_that_is_none() -> None:
    def made(**changed: Any) -> Orbit:
        given: dict[str, Any] = {
            "canon": lambda x: (x % 10, -(x // 10)),
            "act": lambda g, x: x + 10 * g,
            "inv": lambda g: -g,
            "mul": lambda g, h: g + h,
            "sample": lambda x, dice: dice.randrange(-3, 3),
        }
        return Orbit("x", **{**given, **changed})

    def last_digit(x: int) -> int:
        return x % 10

    points = {"x": st.integers(0, 50)}
    assert check(last_digit, symmetry=made(), **points).compared == 200
    for changed, said in [
        ({"inv": lambda g: g}, "the inverse undoes an element"),
        ({"mul": lambda g, h: g}, "two elements are one that does both|the identity"),
        ({"canon": lambda x: (x % 10, 0)}, "the witness of"),
        ({"act": lambda g, x: x + g}, "the witness of|gives"),
    ]:
        with pytest.raises(SymmetryViolation, match=said):
            check(last_digit, symmetry=made(**changed), **points)
    with pytest.raises(SymmetryViolation, match="gives"):
        check(lambda x: x, symmetry=made(), **points)
    with pytest.raises(SymmetryError, match="sample="):
        check(last_digit, symmetry=made(sample=None), **points)


def test_a_witness_that_leads_elsewhere_is_caught_in_the_call(ran: Ran) -> None:
    @cached(
        symmetry=Orbit("x", canon=lambda x: (0, 0), act=lambda g, x: x + g, inv=lambda g: -g, mul=lambda g, h: g + h)
    )
    def f(x: int) -> int:
        sys.audit("test.ran", "f")
        return x

    assert f(0) == 0
    ran()
    with pytest.raises(SymmetryViolation, match="the witness of 7 doesn't lead to 0"):
        f(7)
    assert ran() == []


def test_who_gives_something_else_each_time_has_no_symmetry() -> None:
    count = iter(range(10**9))

    def counted(xs: list[int]) -> int:
        return next(count)

    with pytest.raises(SymmetryViolation):
        check(counted, symmetry=Permutation("xs"))


def test_what_check_refuses() -> None:
    def f(xs: list[int], other) -> int:  # type: ignore[no-untyped-def]  # noqa: ANN001
        return 1

    with pytest.raises(SymmetryError, match="give one with symmetry="):
        check(f)
    with pytest.raises(SymmetryError, match="'other'"):
        check(f, symmetry=Permutation("xs"))
    with pytest.raises(SymmetryError, match="'ys', which is no parameter"):
        check(f, symmetry=Permutation("ys"))
    with pytest.raises(SymmetryError, match="no parameter 'nothing'"):
        check(f, symmetry=Permutation("xs"), other=st.none(), nothing=st.none())
    with pytest.raises(SymmetryError, match="takes a Hypothesis strategy"):
        check(f, symmetry=Permutation("xs"), other=3)
    with pytest.raises(SymmetryError, match="raised for every argument"):
        check(lambda xs: xs.nothing, symmetry=Permutation("xs"))


def test_the_error_survives_pickling() -> None:
    with pytest.raises(SymmetryViolation) as caught:
        check(first, symmetry=Permutation("xs"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.case) == (str(caught.value), None)
    assert isinstance(again, AssertionError)
