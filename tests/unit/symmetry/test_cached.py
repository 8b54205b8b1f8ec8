"""`cached(symmetry=…)`: one computation for each orbit, on its representative, and each caller gets their own."""

from __future__ import annotations

import asyncio
import itertools
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from inviscid import CachedFunction, FrozenMiss, InviscidWarning, Outcome, Store, cached, config, configure, mode
from inviscid.errors import ReplayMiss, UnhashableInput
from inviscid.symmetry import (
    Cells,
    Columns,
    Cyclic,
    Dihedral,
    Index,
    Invariant,
    Orbit,
    Parity,
    Permutation,
    Permute,
    Permutes,
    Rotate,
    Rows,
    Sign,
    Signs,
)

Ran = Callable[[], list[str]]


@cached(symmetry=Permutation("xs"))
def largest(xs: list[Any]) -> Any:
    sys.audit("test.ran", repr(xs))
    return max(xs)


@cached(symmetry=Permutation("xs", out=Permute()))
def ranks(xs: list[Any]) -> list[int]:
    sys.audit("test.ran", repr(xs))
    return [sorted(xs).index(x) for x in xs]


@cached(symmetry=Permutation("xs", out=Index()))
def where_largest(xs: list[Any]) -> int:
    sys.audit("test.ran", repr(xs))
    return max(range(len(xs)), key=xs.__getitem__)


@cached(symmetry=Permutes("a", "b"))
def distance(a: float, b: float, *, scale: float = config("symmetric.scale", default=1)) -> float:
    sys.audit("test.ran", repr((a, b)))
    return abs(a - b) * scale


@cached(symmetry=Permutes("a", "b", out=Parity()))
def difference(a: int, b: int) -> int:
    sys.audit("test.ran", repr((a, b)))
    return b - a


def test_one_computation_for_each_orbit_on_the_representative(ran: Ran) -> None:
    assert [largest(xs) for xs in ([3, 1, 2], [1, 2, 3], [2, 3, 1], [3, 2, 1])] == [3] * 4
    assert ran() == ["[1, 2, 3]"]
    assert largest([3, 1, 2, 2]) == largest([2, 2, 1, 3])
    assert ran() == ["[1, 2, 2, 3]"]


def test_types_are_told_apart(ran: Ran) -> None:
    assert [type(largest(xs)) for xs in ([1], [1.0], [True], ["1"])] == [int, float, bool, str]
    assert largest((1,)) == 1
    assert len(ran()) == 5
    assert [repr(largest(xs)) for xs in ([0.0, -0.0], [-0.0, 0.0])] == ["-0.0", "-0.0"]
    assert len(ran()) == 1


def test_each_caller_gets_their_own(ran: Ran) -> None:
    for xs in ([30, 10, 20], [10, 20, 30], [20, 30, 10]):
        assert ranks(xs) == [sorted(xs).index(x) for x in xs]
        assert where_largest(xs) == xs.index(30)
    assert ran() == ["[10, 20, 30]"] * 2


def test_arguments_are_permuted_and_signs_follow(ran: Ran) -> None:
    assert [distance(1, 4), distance(4, 1), distance(b=1, a=4)] == [3, 3, 3]
    assert [difference(1, 4), difference(4, 1)] == [3, -3]
    assert ran() == ["(1, 4)"] * 2


def test_config_counts(ran: Ran) -> None:
    distance(1, 4)
    with configure({"symmetric.scale": 10}):
        assert [distance(4, 1), distance(1, 4)] == [30, 30]
    assert distance.configured(scale=2)(4, 1) == 6
    assert len(ran()) == 3


def test_other_groups(ran: Ran) -> None:
    @cached(symmetry=Cyclic("s", out=Rotate()))
    def doubled(s: str) -> str:
        sys.audit("test.ran", s)
        return s.upper()

    @cached(symmetry=Dihedral("board", out=Rotate()))
    def inverted(board: Any) -> Any:
        sys.audit("test.ran", "inverted")
        return 1 - board

    @cached(symmetry=Signs("v", out=Sign()))
    def cubed(v: list[int]) -> list[int]:
        sys.audit("test.ran", repr(v))
        return [x**3 for x in v]

    @cached(symmetry=Rows("m", out=Permute()))
    def sums(m: Any) -> Any:
        sys.audit("test.ran", "sums")
        return m.sum(axis=1)

    @cached(symmetry=Dihedral("board", out=Cells(3)))
    def stones(board: Any) -> Any:
        sys.audit("test.ran", "stones")
        return {(row, column) for row in range(3) for column in range(3) if board[row][column] == "x"}

    assert [doubled(s) for s in ("cab", "abc", "bca")] == ["CAB", "ABC", "BCA"]
    assert ran() == ["abc"]
    board = np.array([[1, 0], [0, 0]])
    assert all((inverted(np.rot90(board, k)) == 1 - np.rot90(board, k)).all() for k in range(4))
    assert ran() == ["inverted"]
    assert [cubed([1, -2]), cubed([-1, 2])] == [[1, -8], [-1, 8]]
    assert ran() == ["[1, 2]"]
    assert [sums(np.array(m)).tolist() for m in ([[1, 2], [0, 1]], [[0, 1], [1, 2]])] == [[3, 1], [1, 3]]
    assert ran() == ["sums"]
    assert stones(["x..", "..x", "..."]) == {(0, 0), (1, 2)}
    assert stones(["..x", "x..", "..."]) == {(0, 2), (1, 0)}
    assert ran() == ["stones"]


def test_products(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs", out=Permute()) * Permutation("ys", out=Permute(axis=1)) * Permutes("p", "q"))
    def table(xs: list[int], ys: list[int], p: int, q: int) -> Any:
        sys.audit("test.ran", repr((xs, ys, p, q)))
        return np.array([[x - y + p + q for y in ys] for x in xs])

    for xs, ys, p, q in (([1, 2], [5, 4, 3], 0, 1), ([2, 1], [3, 5, 4], 1, 0)):
        assert table(xs, ys, p, q).tolist() == [[x - y + 1 for y in ys] for x in xs]
    assert ran() == ["([1, 2], [3, 4, 5], 0, 1)"]


def test_arrays_are_read_only_whoever_gets_them() -> None:
    @cached(symmetry=Columns("m", out=Permute()))
    def totals(m: Any) -> Any:
        return m.sum(axis=0)

    found = [totals(np.array([[2, 1]])), totals(np.array([[1, 2]])), totals(np.array([[2, 1]]))]
    assert [one.tolist() for one in found] == [[2, 1], [1, 2], [2, 1]]
    assert not any(one.flags.writeable for one in found)
    assert not np.shares_memory(found[0], found[2])


def test_orders_in_memory_are_told_apart(ran: Ran) -> None:
    @cached(symmetry=Rows("m"))
    def layout(m: Any) -> bool:
        sys.audit("test.ran", "layout")
        return bool(m.flags.f_contiguous)

    plain = np.arange(6.0).reshape(2, 3)
    assert [layout(plain[::-1]), layout(np.asfortranarray(plain)), layout(plain)] == [False, True, False]
    assert ran() == ["layout"] * 2


def test_methods_and_starred_arguments(ran: Ran) -> None:
    class Scale:
        def __init__(self, factor: int) -> None:
            self.factor = factor

        @cached(symmetry=Permutation("xs"))
        def total(self, *xs: int) -> int:
            sys.audit("test.ran", repr(xs))
            return sum(xs) * self.factor

        @cached(symmetry=Permutes("a", "b"))
        @staticmethod
        def both(a: int, b: int) -> int:
            sys.audit("test.ran", repr((a, b)))
            return a + b

    scale = Scale(2)
    assert [scale.total(1, 2), scale.total(2, 1), scale.both(2, 1), Scale.both(1, 2)] == [6, 6, 3, 3]
    assert ran() == ["(1, 2)"] * 2
    assert Scale(3).total(2, 1) == 9
    assert scale.total.explain(2, 1).through == "a permutation of 2 items"


def test_other_arguments_are_left_and_ignored_ones_ignored(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs"), ignore=["jobs"], identify={"note": len})
    def total(xs: list[int], note: str = "", jobs: int = 1) -> int:
        sys.audit("test.ran", repr((xs, note)))
        return sum(xs) + len(note)

    assert [total([2, 1], "a", 3), total([1, 2], "b"), total([1, 2], "ab")] == [4, 4, 5]
    assert ran() == ["([1, 2], 'a')", "([1, 2], 'ab')"]


def test_awaited(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs", out=Permute()), verify=1.0)
    async def squared(xs: list[int]) -> list[int]:
        sys.audit("test.ran", repr(xs))
        await asyncio.sleep(0.01)
        return [x * x for x in xs]

    async def main() -> list[list[int]]:
        return await asyncio.gather(squared([3, 2]), squared([2, 3]), squared([3, 2]))

    assert asyncio.run(main()) == [[9, 4], [4, 9], [9, 4]]
    # Once for all three, and once for each who asked in another order, to compare.
    assert sorted(ran()) == ["[2, 3]", "[3, 2]", "[3, 2]"]


def test_lists_of_yields(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs", out=Permute()), generator="list")
    def halves(xs: list[int]) -> Any:
        sys.audit("test.ran", repr(xs))
        yield from (x / 2 for x in xs)

    assert [halves([4, 2]), halves([2, 4])] == [[2.0, 1.0], [1.0, 2.0]]
    assert ran() == ["[2, 4]"]


def test_map(ran: Ran) -> None:
    items = [[2, 1], [1, 2], [3], [1, 2, 0], [0, 1, 2]]
    assert ranks.map(items) == [[1, 0], [0, 1], [0], [1, 2, 0], [0, 1, 2]]
    assert sorted(ran()) == ["[0, 1, 2]", "[1, 2]", "[3]"]
    assert ranks.map(items[::-1], n_jobs=2) == [[0, 1, 2], [1, 2, 0], [0], [0, 1], [1, 0]]
    assert ran() == []


def test_the_short_way_is_not_taken(ran: Ran) -> None:
    for _ in range(8):
        assert ranks([2, 1]) == [1, 0]
        assert ranks([1, 2]) == [0, 1]
    assert ran() == ["[1, 2]"]
    assert ranks._shortcut.look is None


def test_key_peek_forget_refresh(ran: Ran) -> None:
    assert ranks.key([2, 1]) == ranks.key([1, 2]) != ranks.key([2, 2])
    assert ranks.peek([1, 2]) is None
    ranks([2, 1])
    assert ranks.peek([1, 2]) is not None
    assert ranks.refresh([2, 1]) == [1, 0]
    assert ran() == ["[1, 2]"] * 2
    assert ranks.forget([2, 1])
    assert ranks.peek([1, 2]) is None
    assert not ranks.forget([1, 2])


def test_explain_and_the_log_say_through_what(caplog: pytest.LogCaptureFixture) -> None:
    found = ranks.explain([3, 1, 2])
    assert (found.outcome, found.through) == ("miss", "a permutation of 3 items")
    ranks([3, 1, 2])
    assert str(ranks.explain([3, 1, 2])) == "hit through a permutation of 3 items"
    assert str(ranks.explain([1, 2, 3])) == "hit"
    with caplog.at_level(logging.INFO, "inviscid"):
        ranks([2, 1, 3])
    assert ": through a permutation of 3 items; computed" in caplog.records[-1].message
    assert caplog.records[-1].outcome is Outcome.HIT  # type: ignore[attr-defined]


def test_freeze(project: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    text = """
        import sys
        from inviscid import cached
        from inviscid.symmetry import Permutation, Permute

        @cached(symmetry=Permutation("xs", out=Permute()))
        def doubled(xs):
            sys.audit("test.ran", repr(xs))
            return [x * 2 for x in xs]
    """
    module = project.edit(text)
    assert module.doubled([3, 1]) == [6, 2]
    assert module.doubled.freeze(because="it was sent out") == 1
    module = project.edit(text.replace("x * 2", "x * 3"))
    assert [module.doubled([3, 1]), module.doubled([1, 3])] == [[6, 2], [2, 6]]
    found = module.doubled.explain([3, 1])
    assert (found.code, found.through) == (Outcome.HIT_FROZEN, "a permutation of 2 items")
    assert module.doubled.peek([3, 1]) is not None
    with pytest.raises(FrozenMiss):
        module.doubled([3, 4])
    module.doubled.calling([3, 1]).thaw()
    module.doubled.thaw()
    assert module.doubled([3, 1]) == [9, 3]
    assert ran() == ["[1, 3]"] * 2


def test_modes(ran: Ran) -> None:
    with mode("off"):
        assert ranks([2, 1]) == [1, 0]
    assert ran() == ["[2, 1]"]
    with mode("replay"), pytest.raises(ReplayMiss):
        ranks([2, 1])
    with mode("readonly"):
        assert ranks([2, 1]) == [1, 0]
    ranks([2, 1])
    with mode("replay"):
        assert ranks([2, 1]) == [1, 0]
    with mode("refresh"):
        assert ranks([2, 1]) == [1, 0]
    assert ran() == ["[1, 2]"] * 3


def test_callers_depend_on_what_they_got(project: Any, ran: Ran) -> None:
    """A caller keeps its result through an edit of what it calls only if that gives *it* what it gave."""
    text = """
        import sys
        from inviscid import cached
        from inviscid.symmetry import Permutation, Permute

        @cached(symmetry=Permutation("xs"OUT))
        def inner(xs):
            sys.audit("test.ran", "inner")
            return sorted(xs)EDIT

        @cached
        def outer(xs):
            sys.audit("test.ran", "outer")
            return inner(xs)
    """
    plain = text.replace("EDIT", "")
    assert project.edit(plain.replace("OUT", "")).outer([3, 1]) == [1, 3]
    assert ran() == ["outer", "inner"]
    assert project.edit(text.replace("OUT", "").replace("EDIT", " + []")).outer([3, 1]) == [1, 3]
    assert ran() == ["inner"]
    # The same stored value, moved in another way.
    assert project.edit(plain.replace("OUT", ", out=Permute()")).outer([3, 1]) == [3, 1]
    assert ran() == ["inner", "outer"]
    module = project.load()
    assert module.outer.explain([3, 1]).outcome == "hit"


def test_the_declaration_is_in_the_key() -> None:
    def f(xs: list[int]) -> int:
        return max(xs)

    declared: list[CachedFunction[..., Any]] = [
        cached(symmetry=Permutation("xs"))(f),
        cached(symmetry=Permutation("xs", out=Permute()))(f),
        cached(symmetry=Permutation("xs", out=Permute(1)))(f),
        cached(symmetry=Permutation("xs", out=Index()))(f),
        cached(symmetry=Cyclic("xs"))(f),
        cached(f),
    ]
    assert len({one.key([1, 2]) for one in declared}) == len(declared)
    again = cached(symmetry=Permutation("xs", out=Invariant(), tolerance=1e-9), verify=0.5)(f)
    assert again.key([1, 2]) == declared[0].key([1, 2])


def test_an_orbit_of_ones_own_counts_by_what_it_does(ran: Ran) -> None:
    def made(shift: int) -> CachedFunction[..., Any]:
        @cached(
            symmetry=Orbit(
                "x",
                canon=lambda x: (x % 10, -(x // 10)),
                act=lambda g, x: x + 10 * g + shift,
                inv=lambda g: -g,
                mul=lambda g, h: g + h,
                out=lambda g, y: y + 10 * g,
            )
        )
        def successor(x: int) -> int:
            sys.audit("test.ran", repr(x))
            return x + 1

        return successor

    right = made(0)
    assert [right(3), right(43), right(-7)] == [4, 44, -6]
    assert ran() == ["3"]
    assert right.explain(43).through == "an element of its group"
    assert not right.explain(3).through
    assert made(0).key(3) == right.key(3)


_STEP = 1


def _carried(g: int, y: int) -> int:
    return y + 10 * g * _STEP


@cached(
    symmetry=Orbit(
        "x",
        canon=lambda x: (x % 10, -(x // 10)),
        act=lambda g, x: x + 10 * g,
        inv=lambda g: -g,
        mul=lambda g, h: g + h,
        out=_carried,
    )
)
def plus_one(x: int) -> int:
    sys.audit("test.ran", "plus_one")
    return x + 1


@cached
def caller_of_plus_one(x: int) -> int:
    sys.audit("test.ran", "caller")
    return plus_one(x)


def test_callers_see_what_its_functions_reach(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [caller_of_plus_one(42), caller_of_plus_one(42)] == [43, 43]
    assert ran() == ["caller", "plus_one"]
    monkeypatch.setitem(globals(), "_STEP", 2)
    assert caller_of_plus_one(42) == 83
    # It is asked whether it gives what it gave.
    assert ran() == ["plus_one", "caller"]


def test_a_group_of_ones_own_class_counts_by_what_it_does(project: Any, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached
        from inviscid.symmetry import Action, Permutation

        class Doubled(Action):
            def refusal(self, group):
                return ""

            def act(self, group, element, result):
                return result + STEP

        @cached(symmetry=Permutation("xs", out=Doubled()))
        def f(xs):
            sys.audit("test.ran", "f")
            return 0

        @cached
        def caller(xs):
            sys.audit("test.ran", "caller")
            return f(xs)
    """
    assert project.edit(text.replace("STEP", "1")).caller([2, 1]) == 1
    assert project.load().caller([2, 1]) == 1
    assert ran() == ["caller", "f"]
    assert project.edit(text.replace("STEP", "2")).caller([2, 1]) == 2
    assert "caller" in ran()


def test_impure_functions_of_an_orbit_are_a_reason_not_to_keep(ran: Ran) -> None:
    @cached(
        symmetry=Orbit(
            "x", canon=lambda x: (x, time.time() * 0), act=lambda g, x: x, inv=lambda g: g, mul=lambda g, h: g
        )
    )
    def f(x: int) -> int:
        sys.audit("test.ran", "f")
        return x

    with pytest.warns(InviscidWarning, match=r"the clock|time\.time"):
        assert [f(1), f(1)] == [1, 1]
    assert ran() == ["f", "f"]


def test_large_arrays(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs", out=Permute()))
    def halved(xs: Any) -> Any:
        sys.audit("test.ran", "halved")
        return xs / 2

    for kind in (np.float64, np.float32, np.float16, np.int16, ">f8"):
        numbers = np.random.default_rng(1).normal(size=5000).astype(kind)
        moved = np.random.default_rng(2).permutation(numbers)
        assert (halved(numbers) == numbers / 2).all()
        assert (halved(moved) == moved / 2).all()
    assert ran() == ["halved"] * 5


def test_errors_of_the_body_come_through(ran: Ran) -> None:
    with pytest.raises(ValueError, match="max"):
        largest([])
    assert ran() == ["[]"]


def test_what_has_no_digest_is_named() -> None:
    with pytest.raises(UnhashableInput, match=r"argument 'xs'\[1\]"):
        largest([1, (x for x in [])])
    with pytest.raises(UnhashableInput, match="argument 'b'"):
        distance(1, (x for x in []))  # type: ignore[arg-type]


def test_threads_with_the_same_orbit_compute_once(ran: Ran) -> None:
    @cached(symmetry=Permutation("xs", out=Permute()))
    def slow(xs: list[int]) -> list[int]:
        sys.audit("test.ran", repr(xs))
        time.sleep(0.2)
        return [x + 1 for x in xs]

    orders = list(itertools.permutations([1, 2, 3]))
    with ThreadPoolExecutor(len(orders)) as pool:
        found = list(pool.map(lambda order: slow(list(order)), orders))
    assert found == [[x + 1 for x in order] for order in orders]
    assert ran() == ["[1, 2, 3]"]


def test_parameters_of_what_is_not_pythons() -> None:
    rounded: CachedFunction[..., Any] = cached(symmetry=Permutes("number", "ndigits"))(round)
    # Where one is left out nothing can change places.
    assert rounded(2) == 2


def test_nothing_is_imported_by_who_has_no_symmetry() -> None:
    program = (
        "import sys\nfrom inviscid import cached\n@cached\ndef f(x): return x\nf(1)\nf(1)\nf.explain(1)\n"
        "print([name for name in sys.modules if name.startswith('inviscid.symmetry') or name in ('networkx', 'pynauty')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_workers_take_the_declaration_along(project: Any, isolated: Any) -> None:
    project.write(
        main="""
        from inviscid import cached
        from inviscid.symmetry import Permutation, Permute

        @cached(symmetry=Permutation("xs", out=Permute()))
        def doubled(xs):
            return [2 * x for x in xs]

        if __name__ == "__main__":
            print(doubled.map([[3, 1], [1, 3], [2]], n_jobs=2))
        """
    )
    assert project.run("main.py").strip() == "[[6, 2], [2, 6], [4]]"
    assert len(Store(isolated).entries("*doubled")) == 2
