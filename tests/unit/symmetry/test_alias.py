"""Functions that are equal up to the order of their arguments: one answers for both."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from inviscid import SymmetryError, SymmetryViolation, cached, config, configure
from inviscid.symmetry import alias, check

Ran = Callable[[], list[str]]


@cached
def power(base: int, exponent: int, *, modulus: int = config("alias.modulus", default=1000)) -> int:
    sys.audit("test.ran", f"power {base} {exponent}")
    return base**exponent % modulus


@cached
def raised(exponent: int, base: int = 2) -> int:
    sys.audit("test.ran", f"raised {exponent} {base}")
    return base**exponent % 1000


def test_one_answers_for_both(ran: Ran) -> None:
    by_exponent = alias(raised, power, perm=(1, 0))
    assert [by_exponent(3, 2), power(2, 3), by_exponent(3), by_exponent(base=2, exponent=3)] == [8] * 4
    assert ran() == ["power 2 3"]
    assert by_exponent.key(3, 2) == power.key(2, 3)
    assert by_exponent.peek(3) is not None
    assert by_exponent.explain(3).outcome == "hit"
    assert by_exponent.refresh(3) == 8
    assert by_exponent.forget(3)
    assert power.peek(2, 3) is None
    assert "in the order (1, 0)" in repr(by_exponent)


def test_a_cycle_of_three(ran: Ran) -> None:
    @cached
    def f(a: int, b: int, c: int) -> str:
        return f"{a}{b}{c}"

    @cached
    def g(c: int, a: int, b: int) -> str:
        return f"{a}{b}{c}"

    assert alias(f, g, perm=(2, 0, 1), verify=1.0)(1, 2, 3) == "123"


def test_config_is_that_of_who_answers() -> None:
    by_exponent = alias(raised, power, perm=(1, 0))
    with configure({"alias.modulus": 5}):
        assert by_exponent(3) == 3


def test_a_false_one_is_caught(ran: Ran) -> None:
    wrong = alias(raised, power, perm=(0, 1), verify=1.0)
    assert wrong(2, 2) == 4
    with pytest.raises(SymmetryViolation, match=r"it says 9, and the function gives 8") as caught:
        wrong(3, 2)
    assert caught.value.case is not None
    # What is stored is what the other one gave, and right for it.
    assert power.peek(3, 2) is not None


def test_check(ran: Ran) -> None:
    @cached
    def minus(a: int, b: int) -> int:
        return a - b

    @cached
    def from_behind(b: int, a: int) -> int:
        return a - b

    assert check(alias(minus, from_behind, perm=(1, 0))).compared >= 49
    with pytest.raises(
        SymmetryViolation, match=r"minus\(\) doesn't have the symmetry of an alias of .*from_behind"
    ) as caught:
        check(alias(minus, from_behind, perm=(0, 1)))
    assert caught.value.case is not None
    assert caught.value.case.arguments in ({"a": 0, "b": 1}, {"a": 1, "b": 0})


def test_who_calls_it_depends_on_both(project: Any, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached
        from inviscid.symmetry import alias

        @cached
        def g(b, a):
            return (a, b, 1)

        @cached
        def f(a, b):
            return (a, b, 1)

        swapped = alias(f, g, perm=(1, 0))

        @cached
        def caller(a):
            sys.audit("test.ran", "caller")
            return swapped(a, 2)
    """
    assert project.edit(text).caller(1) == (1, 2, 1)
    assert project.load().caller(1) == (1, 2, 1)
    assert ran() == ["caller"]
    assert project.edit(text.replace(", 1)", ", 3)")).caller(1) == (1, 2, 3)
    assert ran() == ["caller"]


def test_what_is_refused() -> None:
    @cached
    async def awaited(a: int, b: int) -> int:
        return a

    @cached
    def starred(*a: int) -> int:
        return 0

    @cached
    def one(a: int) -> int:
        return a

    for arguments, perm, said in [
        ((raised, len), (0, 1), "len is not cached"),
        ((raised, awaited), (0, 1), "awaited.. is awaited"),
        ((starred, power), (0, 1), "can't be passed by position"),
        ((raised, one), (0,), "raised.. takes 2 arguments, and .*one.. takes 1"),
        ((raised, power), (0, 0), r"a permutation of \(0, 1\), not \(0, 0\)"),
        ((raised, power), (1, 2), "a permutation of"),
        ((raised, power), (True, False), "a permutation of"),
    ]:
        with pytest.raises(SymmetryError, match=said):
            alias(*arguments, perm=perm)
    with pytest.raises(SymmetryError, match="a probability"):
        alias(raised, power, perm=(1, 0), verify=-1)
