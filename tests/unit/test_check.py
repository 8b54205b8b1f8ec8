"""Evidence: calls that are made again before an edit is accepted, and the arguments that are kept for that."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import AcceptError, AcceptRefused, InviscidWarning, Outcome, cached, keeping
from inviscid.entry import function_name
from inviscid.stores import current_store

Project = Any
Ran = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)


class Growing:
    """A list, but for what its state says."""

    def __init__(self) -> None:
        self.state = [1]

    def append(self, value: int) -> None:
        self.state = [*self.state, value]

    def __len__(self) -> int:
        return len(self.state)


F = """
    import sys
    from inviscid import cached, config

    @cached(keep_inputs=True)
    def f(x, k=config("a.k", default=1)):
        sys.audit("test.ran", f"f{x}")
        return [x, len("old")]
    """
SAME = F.replace('len("old")', "3")
OTHER = F.replace('len("old")', "3 if x != 2 else 4")


def test_calls_are_made_again_and_compared(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2), mod.f(3)
    mod = project.edit(SAME)
    ran()
    found = mod.f.accept(because="", check=2)
    assert (found.compared, found.results) == (2, 3)
    assert ran() == ["f3", "f2"]
    assert mod.f.accept(because="", check=9).compared == 3
    ran()
    assert mod.f(1) == [1, 3]
    assert ran() == []


def test_a_difference_refuses_the_acceptance_and_is_shown(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2), mod.f(3)
    mod = project.edit(OTHER)
    with pytest.raises(AcceptRefused, match=r"f\(x=2\)\n  stored  \[2, 3\]\n  now     \[2, 4\]") as caught:
        mod.f.accept(because="", check=9)
    checked = caught.value.checked
    assert (checked.same, checked.compared) == (False, 2)
    assert checked.counterexample.kwargs == {"x": 2}
    assert isinstance(caught.value, AssertionError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert not Path("inviscid.lock").exists()
    assert mod.f.explain(1).code is Outcome.MISS_CODE


def test_what_raises_now_is_a_difference(project: Project) -> None:
    project.edit(F).f(2)
    mod = project.edit(F.replace('len("old")', "1 / 0"))
    with pytest.raises(AcceptRefused, match="raised ZeroDivisionError: division by zero"):
        mod.f.accept(because="", check=1)


def test_without_arguments_at_hand_it_is_refused(project: Project, ran: Ran) -> None:
    project.edit(F.replace("(keep_inputs=True)", "")).f(1)
    mod = project.edit(SAME)
    with pytest.raises(AcceptError, match=r"none of the earlier results.*keep_inputs=True.*leave out check"):
        mod.f.accept(because="", check=1)
    ran()
    mod.f.accept(because="")
    assert (mod.f(1), ran()) == ([1, 3], [])


def test_a_call_without_arguments_can_always_be_made_again(project: Project, ran: Ran) -> None:
    text = (
        F.replace("(keep_inputs=True)", "")
        .replace('x, k=config("a.k", default=1)', "")
        .replace("[x, ", "[")
        .replace("f{x}", "f")
    )
    project.edit(text).f()
    assert project.edit(text.replace('"old"', '"new"')).f.accept(because="", check=1).compared == 1
    with pytest.raises(AcceptRefused, match=r"f\(\)\n"):
        project.edit(text.replace('"old"', '"older"')).f.accept(because="", check=1)


def test_only_what_would_be_served_is_compared(project: Project) -> None:
    from inviscid import configure

    mod = project.edit(F)
    with configure({"a.k": 2}):
        mod.f(1)
    mod = project.edit(SAME)
    with pytest.raises(AcceptError, match="none of the earlier results"):
        mod.f.accept(because="", check=1)
    with configure({"a.k": 2}):
        assert mod.f.accept(because="", check=1).compared == 1


def test_new_and_renamed_parameters(project: Project) -> None:
    mod = project.edit(F)
    mod.f(2)
    mod = project.edit(
        F.replace("def f(x,", "def f(y, z=3,").replace('f"f{x}")', 'f"f{y}")').replace('x, len("old")', "y, z")
    )
    assert mod.f.accept(because="", check=1).compared == 1


def test_arguments_that_the_body_changes_are_shown_as_they_were(project: Project) -> None:
    text = """
    from inviscid import cached

    @cached(keep_inputs=True)
    def f(xs):
        return len(xs)
    """
    project.edit(text).f([1, 2])
    mod = project.edit(text.replace("return", "xs.append(3)\n        return"))
    with pytest.raises(AcceptRefused, match=r"f\(xs=\[1, 2\]\)"):
        mod.f.accept(because="", check=1)


def test_awaited(project: Project) -> None:
    text = F.replace("def f", "async def f")
    asyncio.run(project.edit(text).f(1))
    assert project.edit(text.replace('"old"', '"new"')).f.accept(because="", check=1).compared == 1


def test_awaited_where_a_loop_runs_already(project: Project) -> None:
    text = F.replace("def f", "async def f")
    asyncio.run(project.edit(text).f(1))
    mod = project.edit(text.replace('"old"', '"new"'))

    async def accepted() -> int | None:
        compared: int | None = mod.f.accept(because="", check=1).compared
        return compared

    assert asyncio.run(accepted()) == 1


def test_outputs_are_not_written_again(project: Project) -> None:
    text = """
    from inviscid import cached
    from pathlib import Path

    @cached(outputs="a.txt")
    def f():
        Path("a.txt").write_text("a")
        return 1
    """
    project.edit(text).f()
    with pytest.raises(AcceptError, match="writes outputs"):
        project.edit(text.replace("return 1", "return 2")).f.accept(because="", check=1)


# Keeping --------------------------------------------------------------------------------------------------------------


def test_keys_are_the_same_and_the_size_counts() -> None:
    def f(x: str, secret: int) -> int:
        return len(x)

    plain, keeps = cached(ignore=["secret"])(f), cached(ignore=["secret"], keep_inputs=True)(f)
    assert plain.key("a", 1) == keeps.key("a", 2)
    keeps("a" * 50_000, 7)
    store = current_store(None)
    assert store.stats().bytes > 50_000
    name = function_name(keeps)
    assert [row.function for row in store.functions()] == [name, f"{name}, inputs"]
    key = bytes.fromhex(keeps.key("a" * 50_000, 0))
    assert keeping.kept(store, key, keeps._forms) == {"x": "a" * 50_000, "secret": 7}
    assert keeps.peek("a" * 50_000, 0).key == key


@pytest.mark.parametrize(
    "options", [{"ignore": ["xs"]}, {"identify": {"xs": id}}, {"volatile": ["state"]}, {"ignore": ["xs"], "pure": True}]
)
def test_they_are_kept_as_they_were_given(options: dict[str, Any]) -> None:
    @cached(keep_inputs=True, **options)
    def f(xs: Any, y: int) -> int:
        xs.append(y)
        return len(xs)

    given = [1] if "volatile" not in options else Growing()
    key = f.key(given, 2)
    assert f(given, 2) == 2
    found = keeping.kept(current_store(None), bytes.fromhex(key), f._forms)
    assert found is not None
    assert (len(found["xs"]), len(given)) == (1, 2)


@pytest.mark.parametrize("how", ["forget", "clean", "command"])
def test_they_go_with_the_results(project: Project, how: str) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2)
    store = current_store(None)
    assert len(store.entries("mod:f")) == 4
    if how == "forget":
        assert mod.f.forget(1) is True
        assert (len(store.entries("mod:f")), mod.f.forget(1)) == (2, False)
    elif how == "clean":
        assert mod.f.clean() == 2
        assert store.functions() == []
    else:
        store.execute(store.plan_clean("mod:f"))
        assert store.functions() == []


def test_they_explain_nothing_and_are_frozen_by_nobody(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1)
    assert mod.f.freeze() == 1
    mod.f.thaw()
    assert mod.f.explain(2).reasons == ["argument 'x' changed"]


def test_what_cannot_be_kept_costs_no_result(ran: Ran) -> None:
    @cached(keep_inputs=True, ignore=["log"])
    def f(x: int, log: object) -> int:
        return x

    with pytest.warns(InviscidWarning, match=r"The arguments of .*f\(\) are not kept"):
        assert f(1, (i for i in "a")) == 1
    assert f.peek(1, None) is not None


def test_arrays_and_files_are_kept(project: Project) -> None:
    numpy = pytest.importorskip("numpy")
    from inviscid import File

    text = """
    from pathlib import Path
    from inviscid import cached, File

    @cached(keep_inputs=True)
    def f(a, file: File):
        return float(a.sum()) + len(Path(file).read_text()) + len("old")
    """
    Path("data.txt").write_text("abc")
    project.edit(text).f(numpy.arange(100_000), File("data.txt"))
    mod = project.edit(text.replace('"old"', '"new"'))
    assert mod.f.accept(because="", check=1).compared == 1
    assert mod.f.explain(numpy.arange(100_000), File("data.txt")).code is Outcome.HIT_ACCEPTED


def test_a_chain_keeps_the_arguments(project: Project) -> None:
    project.edit(F).f(1)
    mod = project.edit(SAME)
    mod.f.accept(because="")
    mod.f(1)
    assert project.edit(F.replace('"old"', '"new"')).f.accept(because="", check=1).compared == 1
