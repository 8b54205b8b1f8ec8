"""Two functions on the same calls."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from inviscid import UnhashableInput, cached, compare, config, configure

Ran = Callable[[], list[str]]


def double(x: int, by: int = 2) -> int:
    return x * by


def shifted(x: int, by: int = 2) -> int:
    return x << 1 if by == 2 else x * by


def broken(x: int, by: int = 2) -> int:
    return x * by if x < 10 else 0


def test_the_same_for_a_list_of_calls() -> None:
    found = compare(double, shifted, [(1,), (2, 3), {"x": 4}, {"x": 4, "by": 5}])
    assert (found.same, found.compared, found.counterexample) == (True, 4, None)
    assert str(found) == "the same for 4 calls"
    assert str(compare(double, shifted, [(1,)])) == "the same for 1 call"


def test_the_first_difference() -> None:
    found = compare(double, broken, [(1,), (12,), {"x": 20}])
    assert (found.same, found.compared) == (False, 2)
    example = found.counterexample
    assert example is not None
    assert (example.args, example.kwargs, example.first, example.second) == ((12,), {}, 24, 0)
    assert str(found) == "different, after 2 calls: (12)\n  double  24\n  broken  0"


def test_results_are_compared_by_structure() -> None:
    numpy = pytest.importorskip("numpy")
    assert compare(numpy.arange, lambda n: numpy.array(range(n)), [(3,)]).same
    assert not compare(numpy.arange, lambda n: numpy.arange(float(n)), [(3,)]).same
    assert not compare(lambda: 1, lambda: 1.0, [()]).same
    assert not compare(lambda: 1, lambda: True, [()]).same
    assert compare(lambda: float("nan"), lambda: float("nan"), [()]).same


def test_exceptions_are_compared_by_type_and_text() -> None:
    def fails(error: Exception) -> Callable[..., int]:
        def run() -> int:
            raise error

        return run

    assert compare(fails(ValueError("a")), fails(ValueError("a")), [()]).same
    assert not compare(fails(ValueError("a")), fails(ValueError("b")), [()]).same
    assert not compare(fails(ValueError("a")), fails(KeyError("a")), [()]).same
    found = compare(fails(ValueError("a")), lambda: ("ValueError", "a"), [()])
    assert not found.same
    assert "raised ValueError: a" in str(found)


def test_what_would_end_the_process_is_compared_too() -> None:
    found = compare(lambda: sys.exit(3), lambda: 1, [()])
    assert "raised SystemExit: 3" in str(found)
    assert compare(lambda: sys.exit(3), lambda: sys.exit(3), [()]).same
    assert not compare(lambda: sys.exit(3), lambda: sys.exit(0), [()]).same


def test_neither_sees_what_the_other_does_to_the_arguments() -> None:
    given = [3, 1, 2]
    found = compare(lambda xs: xs.sort() or xs, sorted, [(given,)])
    assert found.same
    assert given == [3, 1, 2]
    assert compare(lambda xs: xs.pop(), lambda xs: xs[-2], [(given,)]).counterexample.args == ([3, 1, 2],)  # type: ignore[union-attr]


def test_bodies_of_cached_functions_run_whatever_is_stored(ran: Ran) -> None:
    @cached
    def inner(x: int) -> int:
        sys.audit("test.ran", "inner")
        return x

    @cached
    def f(x: int, k: int = config("a.k", default=1)) -> int:
        sys.audit("test.ran", "f")
        return inner(x) + k

    f(1)
    ran()
    with configure({"a.k": 5}):
        assert compare(f, lambda x: x + 5, [(1,), {"x": 1}]).same
    assert ran() == ["f", "f"]
    assert f.explain(1).outcome == "hit"


def test_async_functions() -> None:
    async def f(x: int) -> int:
        return x * 2

    assert compare(cached(f), double, [(1,)]).same
    assert compare(f, double, [(1,)]).same


def test_async_functions_where_a_loop_runs_already() -> None:
    async def f(x: int, k: int = config("a.k", default=2)) -> int:
        await asyncio.sleep(0)
        return x * k

    async def other(x: int) -> int:
        return x * 3

    async def fails(x: int) -> int:
        raise KeyError(x)

    async def run() -> None:
        assert compare(cached(f), double, [(1,)]).same
        assert not compare(cached(f), other, [(1,)]).same
        with configure({"a.k": 3}):
            assert compare(cached(f), other, [(1,)]).same
        assert compare(fails, fails, [(1,)]).same
        assert "raised KeyError: 1" in str(compare(other, fails, [(1,)]))

    asyncio.run(run())


def test_strategies() -> None:
    assert compare(double, shifted, x=st.integers(), by=st.integers(0, 5)).same
    found = compare(double, broken, x=st.integers())
    assert not found.same
    assert found.counterexample is not None
    assert found.counterexample.kwargs == {"x": 10}
    assert compare(double, broken, st.integers()).counterexample.args == (10,)  # type: ignore[union-attr]
    assert compare(double, broken, st.tuples(st.integers(), st.just(3))).counterexample.args == (10, 3)  # type: ignore[union-attr]
    assert compare(double, shifted, st.integers(), examples=7).compared <= 7


def test_what_is_not_always_the_same_is_different() -> None:
    seen: list[int] = []
    assert not compare(lambda x: len(seen.append(x) or seen), lambda x: 1, x=st.integers()).same


def test_bad_input() -> None:
    with pytest.raises(TypeError, match="takes a list of calls"):
        compare(double, shifted)
    with pytest.raises(TypeError, match="takes a list of calls"):
        compare(double, shifted, [(1,)], x=st.integers())
    with pytest.raises(TypeError, match=r"not 3: write \(3,\)"):
        compare(double, shifted, [3])
    with pytest.raises(ValueError, match="empty list of calls"):
        compare(double, shifted, iter(()))
    with pytest.raises(TypeError, match=r"double\(typo=1\) is no call of double\(x: .*missing .* 'x'"):
        compare(double, double, [{"typo": 1}])
    with pytest.raises(TypeError, match=r"shifted\(1, 2, 3\) is no call of shifted"):
        compare(lambda *_: 1, cached(shifted), [(1, 2, 3)])
    with pytest.raises(TypeError, match="is no call of double"):
        compare(double, double, st.tuples())
    with pytest.raises(TypeError, match="x is no Hypothesis strategy: 3"):
        compare(double, shifted, x=3)
    with pytest.raises(UnhashableInput):
        compare(lambda: (i for i in "a"), lambda: 1, [()])


def test_without_hypothesis_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(TypeError, match="pip install hypothesis"):
        compare(double, shifted, x=st.integers())
