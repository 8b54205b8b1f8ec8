"""What a declaration must not say: it is refused where it stands, as far as that can be told there."""

from __future__ import annotations

import importlib.util
import pickle
from typing import Any

import numpy as np
import pytest

from inviscid import SymmetryError, UnhashableInput, cached, config
from inviscid.symmetry import (
    Cells,
    Columns,
    Cyclic,
    Dihedral,
    Index,
    NodeMap,
    Nodes,
    Orbit,
    Parity,
    Permutation,
    Permute,
    Permutes,
    Relabel,
    Rotate,
    Rows,
    RowsAndColumns,
    Sign,
    Signs,
    check,
)


def f(
    xs: Any, ys: Any = 1, *more: Any, key: Any = None, limit: int = config("declared.limit", default=3), **rest: Any
) -> Any:
    return xs


given: dict[str, Any] = {"canon": lambda x: (x, 0), "act": lambda g, x: x, "inv": lambda g: g, "mul": lambda g, h: g}

AT_DECORATION: list[tuple[Any, str]] = [
    (lambda: cached(symmetry=Permutation("x"))(f), r"f\(\) has no parameter 'x' \(it has: xs, ys, .*did you mean 'xs'"),
    (lambda: cached(symmetry=Permutation("limit"))(f), "'limit' of f.. comes from the config"),
    (lambda: cached(symmetry=Permutation("rest"))(f), r"'\*\*rest' of f.. is no single argument"),
    (lambda: cached(symmetry=Permutes("xs", "more"))(f), r"use Permutation\('more'\)"),
    (lambda: cached(symmetry=Permutation("xs"), ignore=["xs"])(f), "'xs' of f.. is ignored"),
    (lambda: cached(symmetry=Permutation("xs"), outputs="out/{key}")(f), "has outputs="),
    (lambda: cached(symmetry="xs"), r"takes a group, such as .*Permutation\('xs'\), not 'xs'"),
    (lambda: cached(symmetry=Permutation), "takes a group"),
    (lambda: cached(symmetry=Permutation("xs"), verify=2), "a probability between 0 and 1, not 2"),
    (lambda: cached(symmetry=Permutation("xs"), verify=True), "a probability"),
    (lambda: Permutation("xs") * Permutation("xs"), "two groups act on 'xs'.*RowsAndColumns"),
    (lambda: Permutes("a", "b") * Cyclic("c") * Signs("b"), "two groups act on 'b'"),
    (lambda: Permutes("a"), "takes two parameters or more, not 'a' alone"),
    (lambda: Permutes("a", "a"), "got the parameter 'a' twice"),
    (lambda: Permutation(3), "takes the names of parameters, as texts, not 3"),
    (lambda: Permutation("x y"), "takes the names"),
    (lambda: Permutation("xs", tolerance=0), "as a number above 0, not 0"),
    (lambda: Permutation("xs", tolerance=True), "as a number above 0, not True"),
    (lambda: Permutation("xs", tolerance=float("inf")), "as a number above 0"),
    (lambda: Permutation("xs", out=Permute), "takes an action such as Permute"),
    (lambda: Permutation("xs", out="permute"), "takes an action"),
    (lambda: Permutation("xs", out=Rotate()), "moves with Cyclic and Dihedral alone"),
    (lambda: Permutation("xs", out=NodeMap()), "moves with Relabel alone"),
    (lambda: Permutation("xs", out=Sign()), "moves with Signs alone"),
    (lambda: Cyclic("xs", out=Permute()), "moves with permutations alone"),
    (lambda: Cyclic("xs", out=Parity()), "moves with permutations and signs alone"),
    (lambda: Dihedral("xs", out=Index()), "moves with permutations and rotations alone"),
    (lambda: Signs("xs", out=Cells(3)), "moves with Dihedral alone"),
    (lambda: Permute(2), r"axis= is 0, 1 or \(0, 1\), not 2"),
    (lambda: Cells(0), "takes the number of rows, not 0"),
    (lambda: Orbit("x", **{**given, "act": 3}), "act= takes a function, not 3"),
    (lambda: Orbit("x", **given, eq=lambda a, b: True), "say so with approximate=True"),
    (lambda: Relabel("xs", method="none"), "is 'nauty' or 'refinement', not 'none'"),
    (lambda: Relabel("xs", method="refinement", budget=-1), "takes seconds, or None for no limit, not -1"),
    (lambda: RowsAndColumns("xs", method="refinement", budget="1"), "takes seconds"),
]  # fmt: skip


@pytest.mark.parametrize(("declare", "said"), AT_DECORATION, ids=[said[:30] for _, said in AT_DECORATION])
def test_refused_at_once(declare: Any, said: str) -> None:
    with pytest.raises(SymmetryError, match=said):
        declare()


def test_verify_without_symmetry() -> None:
    with pytest.raises(TypeError, match="verify= looks whether symmetry= is true"):
        cached(verify=0.1)


@pytest.mark.parametrize("make", [Relabel, RowsAndColumns])
def test_without_pynauty(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SymmetryError, match=r"needs pynauty: pip install 'inviscid\[graphs\]'"):
        make("xs")
    assert make("xs", method="refinement").parts()


AT_THE_CALL: list[tuple[Any, Any, str]] = [
    (Permutation("xs"), 3, "has no items that could be permuted.*of type int"),
    (Permutation("xs"), {1, 2}, "of type set"),
    (Permutation("xs"), np.array(3), "of type ndarray"),
    (Cyclic("xs"), {"a": 1}, "can't be rotated.*of type dict"),
    (Dihedral("xs"), np.zeros((2, 3)), r"is no square: its shape is \(2, 3\)"),
    (Dihedral("xs"), np.zeros(4), r"is no square: its shape is \(4,\)"),
    (Dihedral("xs"), [[1, 2], [3]], "is no square: each of its 2 rows"),
    (Dihedral("xs"), [[1, 2], (3, 4)], "has rows of different types"),
    (Dihedral("xs"), "ab", "is no square array or list of rows, but of type str"),
    (Signs("xs"), ["a"], "something else than numbers that have a sign"),
    (Signs("xs"), [True], "something else than numbers"),
    (Signs("xs"), np.array([1, 2], dtype=np.uint8), "its dtype is uint8"),
    (Signs("xs"), np.array([1j]), "its dtype is complex128"),
    (Rows("xs"), np.zeros(3), "a matrix has two or more"),
    (Rows("xs"), [1, 2], "is no matrix"),
    (Columns("xs"), [[1], [2, 3]], "has rows of different lengths"),
    (Orbit("xs", **{**given, "canon": lambda x: x}), 3, r"canon= gave 3, and not \(representative, element\)"),
]


@pytest.mark.parametrize(("symmetry", "value", "said"), AT_THE_CALL, ids=[said[:30] for _, _, said in AT_THE_CALL])
def test_refused_at_the_call(symmetry: Any, value: Any, said: str) -> None:
    with pytest.raises(SymmetryError, match=said):
        cached(symmetry=symmetry)(f)(value)


AS_RESULTS: list[tuple[Any, Any, Any, str]] = [
    (Permutation("xs", out=Permute()), [2, 1], 5, "of type int, has no items, and 2 are permuted"),
    (Permutation("xs", out=Permute()), [2, 1], [1], "has 1 items, and 2 are permuted"),
    (Permutation("xs", out=Index()), [2, 1], 2, "is no position among 2"),
    (Permutation("xs", out=Index()), [2, 1], "a", "is no position among 2"),
    (Cyclic("xs", out=Rotate()), "ba", "abc", "is no sequence of 2 items"),
    (Dihedral("xs", out=Rotate()), [[1, 0], [0, 0]], [[1, 0]], "is no square"),
    (Dihedral("xs", out=Cells(2)), [[1, 0], [0, 0]], (0, 2), "is no cell"),
    (Signs("xs", out=Sign()), [-1, 1], [1], "has 1 numbers, and 2 signs flip"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("symmetry", "value", "result", "said"), AS_RESULTS, ids=[said[:30] for *_, said in AS_RESULTS]
)
def test_results_that_do_not_fit(symmetry: Any, value: Any, result: Any, said: str) -> None:
    with pytest.raises(SymmetryError, match=said):
        cached(symmetry=symmetry)(lambda xs: result)(value)


def test_a_representative_without_a_digest_is_named() -> None:
    orbit = Orbit(
        "x",
        canon=lambda x: ((i for i in [x]), 0),
        act=lambda g, x: (i for i in [x]),
        inv=lambda g: g,
        mul=lambda g, h: g,
    )
    with pytest.raises(UnhashableInput, match="argument 'x' moved by Orbit"):
        cached(symmetry=orbit)(lambda x: x)(1)


def test_an_approximate_orbit() -> None:
    def near(a: float, b: float) -> bool:
        return abs(a - b) < 1e-6

    orbit = Orbit(
        "x",
        canon=lambda x: (x % 1.0, -(x // 1.0)),
        act=lambda g, x: x + g,
        inv=lambda g: -g,
        mul=lambda g, h: g + h,
        sample=lambda x, dice: float(dice.randrange(-5, 5)),
        eq=near,
        approximate=True,
    )
    import math

    from hypothesis import strategies as st

    assert check(lambda x: math.sin(2 * math.pi * x), symmetry=orbit, x=st.floats(0, 1)).compared == 200


GROUPS = [
    Permutes("a", "b", out=Parity()),
    Permutation("xs", out=Permute(1), tolerance=0.5),
    Cyclic("xs", out=Rotate()),
    Dihedral("xs", out=Cells(3)),
    Signs("xs", together=True, out=Sign()),
    Relabel("xs", method="refinement", out=Nodes()),
    RowsAndColumns("xs", method="refinement"),
    Permutation("xs", out=Index()) * Rows("ys"),
]


@pytest.mark.parametrize("group", GROUPS, ids=map(repr, GROUPS))
def test_it_can_be_sent_and_shown(group: Any) -> None:
    again = pickle.loads(pickle.dumps(group))
    assert (again.parts(), repr(again)) == (group.parts(), repr(group))
    # What is shown is what was written.
    assert eval(repr(group)).parts() == group.parts()


def test_groups_can_only_be_multiplied_by_groups() -> None:
    with pytest.raises(TypeError):
        Permutation("xs") * 3
