"""Sources and effects, and results that age or are kept under a condition: also through those who call them."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import (
    EffectError,
    FrozenMiss,
    InviscidWarning,
    Outcome,
    ReplayMiss,
    SourceError,
    Store,
    cached,
    effect,
    mode,
    source,
)

Ran = Callable[[], list[str]]


def world(name: str) -> int:
    """Something that nobody sees being read: no event tells of the size of a file."""
    return os.path.getsize(os.path.join(os.environ["TEST_WORLD"], name))


def turn(**sizes: int) -> None:
    """Let the world be another."""
    for name, size in sizes.items():
        Path(os.environ["TEST_WORLD"], name).write_bytes(b"x" * size)


@pytest.fixture(autouse=True)
def same_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "world").mkdir()
    monkeypatch.setenv("TEST_WORLD", str(tmp_path / "world"))
    turn(value=1, token=1)
    look.clean()
    glance.clean()


@source
def look() -> int:
    sys.audit("test.ran", "look")
    return world("value")


@source(observe=lambda: world("token"))
def glance() -> int:
    sys.audit("test.ran", "glance")
    return world("value")


@cached
def half() -> int:
    sys.audit("test.ran", "half")
    return glance() // 2


@cached
def report(x: int) -> int:
    sys.audit("test.ran", "report")
    return half() + x


@cached
def deep(x: int) -> int:
    sys.audit("test.ran", "deep")
    return sum(map(report, [x]))


# Sources --------------------------------------------------------------------------------------------------------------


def test_a_source_looks_once_in_a_run(ran: Ran) -> None:
    assert look() == 1
    turn(value=2)
    assert look() == 1
    assert ran() == ["look"]
    assert look.refresh() == 2
    assert look() == 2
    look.forget()
    assert look() == 2
    assert ran() == ["look", "look"]


def test_each_run_looks_anew(project: Any, tmp_path: Path) -> None:
    (tmp_path / "n").write_text("1")
    project.write(
        mod=f"""
        from inviscid import cached, source

        @source
        def look():
            print("look")
            return int(open({str(tmp_path / "n")!r}).read())

        @cached
        def double(x):
            print("double")
            return (look() > 0) * x

        @cached
        def top(x):
            print("top")
            return double(x) > 1
        """,
        run="import mod\nprint(mod.top(2))",
    )
    assert project.run("run.py").split() == ["top", "double", "look", "True"]
    assert project.run("run.py").split() == ["look", "True"]
    (tmp_path / "n").write_text("3")
    assert project.run("run.py").split() == ["look", "double", "True"]
    (tmp_path / "n").write_text("0")
    assert project.run("run.py").split() == ["look", "double", "top", "False"]


def test_a_deep_hit_asks_the_source_again(ran: Ran) -> None:
    assert deep(1) == 1
    assert ran() == ["deep", "report", "half", "glance"]
    turn(value=4, token=2)
    assert deep(1) == 3
    # What is given away as a value is not cut: its caller meets the news before it.
    assert ran() == ["glance", "deep", "half", "report"]
    assert deep(1) == 3
    assert ran() == []


def test_an_observation_that_is_what_it_was_recomputes_nothing(ran: Ran) -> None:
    report(1)
    ran()
    turn(token=2)
    assert report(1) == 1
    assert ran() == ["glance"]
    # Another value, but the function between gives the same.
    turn(value=0, token=3)
    assert report(1) == 1
    assert ran() == ["glance", "half"]
    # A token that was seen before stands for what was seen with it.
    turn(value=99, token=1)
    assert report(1) == 1
    assert ran() == []


def test_the_own_code_of_a_source_may_change(project: Any, ran: Ran) -> None:
    text = (
        "import sys\nfrom inviscid import cached, source\n"
        "@source(observe=lambda: 1)\ndef s():\n    sys.audit('test.ran', 's')\n    return {}\n"
        "@cached\ndef f():\n    sys.audit('test.ran', 'f')\n    return s()\n"
    )
    assert project.edit(text.format("2")).f() == 2
    assert project.edit(text.format("1 + 1")).f() == 2
    assert ran() == ["f", "s", "s"]
    assert project.edit(text.format("len('ab')")).f() == 2
    assert ran() == ["s"]
    assert project.edit(text.format("3")).f() == 3
    assert ran() == ["s", "f"]


@cached
def applied(function: Callable[[], int]) -> int:
    sys.audit("test.ran", "applied")
    return function()


def test_a_source_that_is_given_as_an_argument_is_asked_again(ran: Ran) -> None:
    assert applied(glance) == 1
    turn(token=2)
    assert applied(glance) == 1
    assert ran() == ["applied", "glance", "glance"]
    turn(token=3, value=2)
    assert applied(glance) == 2
    assert applied(half) == 1
    turn(token=4, value=6)
    assert applied(half) == 3


def test_what_another_thread_observes_is_nobodys(ran: Ran, recwarn: pytest.WarningsRecorder) -> None:
    @cached(pure=True)
    def slow(x: int) -> int:
        sys.audit("test.ran", "slow")
        while world("value") == 1:
            time.sleep(0.01)
        return x

    thread = threading.Thread(target=slow, args=(1,))
    thread.start()
    time.sleep(0.2)
    other = threading.Thread(target=glance)
    other.start()
    other.join()
    turn(value=2)
    thread.join()
    assert slow(1) == 1
    assert ran() == ["slow", "glance"]
    assert not recwarn.list


def test_a_source_with_arguments_is_asked_with_the_same(ran: Ran, tmp_path: Path) -> None:
    @source(observe=lambda path, *, strict: os.stat(path).st_size)
    def rows(path: Path, *, strict: bool) -> int:
        return len(path.read_text())

    @cached
    def both(one: Path, two: Path) -> int:
        sys.audit("test.ran", "both")
        return rows(one, strict=True) + rows(two, strict=False)

    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("22")
    assert both(one, two) == 3
    two.write_text("333")
    assert both(one, two) == 4
    assert both(one, two) == 4
    assert ran() == ["both", "both"]


def test_observe_that_fails_says_so(ran: Ran) -> None:
    @source(observe=lambda: 1 / 0)
    def broken() -> int:
        return 1

    @source(observe=lambda: (x for x in ()))
    def odd() -> int:
        return 1

    with pytest.raises(SourceError, match=r"observe= of .*broken\(\) raised ZeroDivisionError"):
        broken()
    with pytest.raises(SourceError, match="has no digest"):
        odd()

    @cached
    def user() -> int:
        sys.audit("test.ran", "user")
        return glance()

    assert user() == 1
    Path(os.environ["TEST_WORLD"], "token").unlink()
    # A caller can't be confirmed then, and meets the error itself.
    with pytest.raises(SourceError, match="FileNotFoundError"):
        user()
    turn(value=1, token=1)
    assert user() == 1
    assert ran() == ["user", "glance", "user"]


def test_a_source_that_raised_is_no_result(ran: Ran) -> None:
    @source
    def fails() -> int:
        if world("value") == 1:
            raise OSError("not there")
        return 5

    @cached
    def user() -> int:
        sys.audit("test.ran", "user")
        try:
            return fails()
        except OSError:
            return 0

    with pytest.warns(InviscidWarning, match="can't be asked again"):
        assert user() == 0
    turn(value=2)
    assert user() == 5
    assert ran() == ["user", "user"]


def test_replay_serves_what_was_seen_last(ran: Ran) -> None:
    report(1)
    look()
    ran()
    with mode("replay"):
        assert report(1) == 1
        assert look() == 1
        turn(token=2)
        with pytest.raises(ReplayMiss):
            report(1)
    assert ran() == []


def test_without_a_store_a_run_still_sees_one_value(ran: Ran) -> None:
    with mode("readonly"):
        first = look()
        turn(value=2)
        assert look() == first
    assert ran() == ["look"]


def test_what_was_seen_where_nothing_is_stored_is_stored_by_the_first_who_may(project: Any, ran: Ran) -> None:
    text = (
        "import os, sys\n"
        "from inviscid import cached, source\n"
        "def size(name): return os.path.getsize(os.path.join(os.environ['TEST_WORLD'], name))\n"
        "@source(observe=lambda: size('token'))\n"
        "def see():\n    sys.audit('test.ran', 'see')\n    return size('value')\n"
        "@cached\ndef half():\n    sys.audit('test.ran', 'half')\n    return see() // 2\n"
    )
    turn(value=4)
    first = project.edit(text)
    with mode("readonly"):
        assert [first.half(), first.see()] == [2, 4]
    assert ran() == ["half", "see"]
    assert first.half() == 2
    assert ran() == ["half"]
    # Imported anew it is as in another process: what the run saw is gone, what is stored is there.
    second = project.edit(text)
    assert [second.half(), second.see()] == [2, 4]
    assert ran() == []
    turn(token=2)
    assert [second.half(), second.see()] == [2, 4]
    assert ran() == ["see"]


@pytest.mark.parametrize("name", ["readonly", "replay"])
def test_what_was_seen_where_nothing_is_stored_is_not_stored_there(project: Any, ran: Ran, name: Any) -> None:
    text = (
        "import sys\n"
        "from inviscid import source\n"
        "@source(observe=lambda: 1)\ndef see():\n    sys.audit('test.ran', 'see')\n    return 1\n"
    )
    first = project.edit(text)
    with mode("readonly"):
        assert first.see() == 1
    with mode(name):
        assert first.see() == 1
    assert ran() == ["see"]
    assert project.edit(text).see() == 1
    assert ran() == ["see"]


def test_what_was_seen_where_nothing_is_stored_replaces_nothing(project: Any, ran: Ran) -> None:
    text = (
        "import os, sys\n"
        "from inviscid import source\n"
        "@source(observe=lambda: 1)\n"
        "def see():\n    sys.audit('test.ran', 'see')\n"
        "    return os.path.getsize(os.path.join(os.environ['TEST_WORLD'], 'value'))\n"
    )
    first = project.edit(text)
    with mode("readonly"):
        assert first.see() == 1
    turn(value=2)
    assert project.edit(text).see() == 2
    assert ran() == ["see", "see"]
    assert [first.see(), first.see()] == [1, 1]
    assert project.edit(text).see() == 2
    assert ran() == []


def test_sources_in_other_processes_and_variants() -> None:
    assert pickle.loads(pickle.dumps(glance)) is glance
    assert type(pickle.loads(pickle.dumps(glance.configured({"a": 1})))) is type(glance)


def test_an_explanation_looks_but_computes_nothing(ran: Ran) -> None:
    report(1)
    ran()
    assert report.explain(1).outcome == "hit"
    turn(token=2)
    explained = report.explain(1)
    assert explained.outcome == "miss"
    assert "glance() is asked again first" in explained.reasons[0]
    assert ran() == []


def test_async_sources(ran: Ran) -> None:
    @source(observe=lambda: world("token"))
    async def fetch() -> int:
        sys.audit("test.ran", "fetch")
        return world("value")

    @cached
    async def user() -> int:
        sys.audit("test.ran", "user")
        return await fetch() * 10

    assert asyncio.run(user()) == 10
    assert asyncio.run(user()) == 10
    assert ran() == ["user", "fetch"]
    turn(token=2)
    assert asyncio.run(user()) == 10
    assert ran() == ["fetch"]
    turn(token=3, value=2)
    assert asyncio.run(user()) == 20


# Age and conditions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def tick(seconds: float) -> None:
        now[0] += seconds

    return tick


@cached(max_age=60, pure=True)
def aged() -> int:
    sys.audit("test.ran", "aged")
    return world("value")


@cached
def of_aged() -> int:
    sys.audit("test.ran", "of_aged")
    return sum(f() for f in [aged])


def test_max_age_holds_through_callers(ran: Ran, clock: Callable[[float], None]) -> None:
    assert of_aged() == 1
    clock(59)
    turn(value=2)
    assert of_aged() == 1
    assert ran() == ["of_aged", "aged"]
    clock(2)
    assert aged.explain().code is Outcome.MISS_EXPIRED
    assert of_aged() == 2
    assert ran() == ["aged", "of_aged"]
    clock(61)
    assert of_aged() == 2
    assert ran() == ["aged"]


def test_a_result_that_stands_under_another_key_is_no_younger(
    project: Any, ran: Ran, clock: Callable[[float], None]
) -> None:
    text = "import sys\nfrom inviscid import cached\n@cached\ndef low(): return {}\n@cached(max_age=60)\ndef top():\n    sys.audit('test.ran', 'top')\n    return low()\n"
    project.edit(text.format("1")).top()
    clock(40)
    assert project.edit(text.format("2 - 1")).top() == 1
    clock(40)
    assert project.edit(text.format("2 - 1")).top() == 1
    assert ran() == ["top", "top"]


def test_cache_if_holds_through_callers(ran: Ran) -> None:
    @cached(cache_if=lambda value: value is not None, pure=True)
    def fetch() -> int | None:
        sys.audit("test.ran", "fetch")
        return None if world("value") == 1 else world("value")

    @cached
    def user() -> bool:
        sys.audit("test.ran", "user")
        return fetch() is None

    assert user() is True
    assert user() is True
    assert ran() == ["user", "fetch", "fetch"]
    turn(value=2)
    assert user() is False
    assert user() is False
    assert ran() == ["fetch", "user"]


def test_cache_if_that_raises_costs_no_value(ran: Ran) -> None:
    @cached(cache_if=lambda value: value > 0)
    def f() -> str:
        sys.audit("test.ran", "f")
        return "text"

    assert f() == "text"
    assert f() == "text"
    assert ran() == ["f", "f"]


def test_none_is_a_value_and_exceptions_are_none(ran: Ran) -> None:
    @cached
    def nothing() -> None:
        sys.audit("test.ran", "nothing")

    @cached
    def fails() -> None:
        sys.audit("test.ran", "fails")
        raise ValueError("no")

    assert nothing() is None
    assert nothing() is None
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            fails()
    assert ran() == ["nothing", "fails", "fails"]


@pytest.mark.parametrize("max_age", [0, -1, True, "1d", dt.timedelta(0), float("nan")])
def test_an_age_that_is_none(max_age: Any) -> None:
    with pytest.raises(TypeError, match="max_age takes seconds or a timedelta"):
        cached(max_age=max_age)
    assert cached(max_age=dt.timedelta(days=1))(lambda: 1)() == 1


# Effects --------------------------------------------------------------------------------------------------------------


@effect
def send(x: int) -> int:
    sys.audit("test.ran", f"send {x}")
    return x


@effect(once=True)
def pay(x: int) -> int:
    sys.audit("test.ran", f"pay {x}")
    if world("value") == 13:
        raise ConnectionError("refused")
    return x * 2


def test_an_effect_runs_at_every_call(ran: Ran) -> None:
    assert send(1) == send(1) == 1
    assert ran() == ["send 1", "send 1"]
    assert send.explain(1).outcome == "bypass"


def test_an_effect_may_use_what_is_cached_and_other_effects(ran: Ran) -> None:
    @effect
    def publish(x: int) -> int:
        return send(report(x))

    assert publish(1) == 1
    assert publish(1) == 1
    assert ran() == ["report", "half", "glance", "send 1", "send 1"]


@pytest.mark.parametrize("which", [send, pay])
@pytest.mark.parametrize("name", ["on", "off", "refresh"])
def test_inside_a_cached_function_it_is_refused_before_it_runs(ran: Ran, which: Any, name: str) -> None:
    @cached
    def outer(x: int) -> int:
        return inner(x)

    @cached
    def inner(x: int) -> int:
        return int(which(x))

    with mode(name), pytest.raises(EffectError, match=r"called inside .*inner\(\)"):
        outer(1)
    assert ran() == []


def test_in_a_thread_that_a_cached_function_started_it_is_refused(ran: Ran) -> None:
    from concurrent.futures import ThreadPoolExecutor

    @cached
    def outer(x: int) -> list[int]:
        with ThreadPoolExecutor(1) as pool:
            return list(pool.map(send, [x]))

    with pytest.raises(EffectError, match="inside"):
        outer(1)
    with ThreadPoolExecutor(1) as pool:
        assert list(pool.map(send, [1])) == [1]
    assert ran() == ["send 1"]


def test_once_happens_once(ran: Ran, isolated: Path) -> None:
    assert pay(1) == 2
    assert pay(1) == 2
    assert pay(2) == 4
    assert ran() == ["pay 1", "pay 2"]
    assert pay.explain(1).outcome == "hit"
    store = Store(isolated)
    store.execute(store.plan_clean())
    store.execute(store.plan_gc(size_limit=0, grace=0))
    with mode("fresh"):
        assert pay(1) == 2
    with mode("off"):
        assert pay(1) == 2
    assert ran() == []
    assert pay.forget(1)
    assert pay(1) == 2
    assert ran() == ["pay 1"]


def test_an_effect_that_says_that_it_failed_may_be_tried_again(ran: Ran) -> None:
    turn(value=13)
    with pytest.raises(ConnectionError):
        pay(5)
    turn(value=1)
    assert pay(5) == 10
    assert ran() == ["pay 5", "pay 5"]


def test_after_a_crash_nobody_knows(project: Any) -> None:
    project.write(
        mod="""
        import os, sys
        from inviscid import effect

        @effect(once=True)
        def pay(x):
            print("pays", flush=True)
            if len(sys.argv) > 1:
                os._exit(0)
            return x
        """,
        run="""
        import sys, mod, inviscid
        try:
            print(mod.pay(1))
        except inviscid.EffectError as error:
            print(error)
        if len(sys.argv) > 2:
            mod.pay.forget(1)
        """,
    )
    assert project.run("run.py", "crash") == "pays\n"
    said = project.run("run.py")
    assert "never said that it ended" in said
    assert "forget" in said
    assert project.run("run.py", "", "forget").count("pays") == 0
    assert project.run("run.py").split() == ["pays", "1"]
    assert project.run("run.py").split() == ["1"]


def test_a_receipt_that_is_lost_is_no_leave_to_do_it_again(ran: Ran, isolated: Path) -> None:
    pay(7)
    store = Store(isolated)
    call = pay._receipt_of({"x": 7})
    store.unpin(call.key)
    store.forget([call.key])
    with pytest.raises(EffectError, match="its receipt is lost"):
        pay(7)
    assert ran() == ["pay 7"]


def test_modes_that_run_nothing(ran: Ran) -> None:
    with mode("replay"):
        with pytest.raises(ReplayMiss):
            send(1)
        with pytest.raises(ReplayMiss):
            pay(8)
    with mode("readonly"), pytest.raises(EffectError, match="receipt"):
        pay(8)
    assert ran() == []


def test_sixteen_threads_pay_once(ran: Ran) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(pay, [9] * 32)) == {18}
    assert ran() == ["pay 9"]


def test_without_a_store_an_effect_that_happens_once_is_refused(ran: Ran, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    @effect(once=True, store=tmp_path / "file")
    def once() -> None:
        sys.audit("test.ran", "once")

    with pytest.warns(InviscidWarning), pytest.raises(EffectError, match="nobody can tell"):
        once()
    assert ran() == []


def test_async_effects(ran: Ran) -> None:
    @effect(once=True)
    async def post(x: int) -> int:
        sys.audit("test.ran", "post")
        await asyncio.sleep(0)
        return x

    async def main() -> list[int]:
        return [await post(1), await post(1)]

    assert asyncio.run(main()) == [1, 1]
    assert ran() == ["post"]


def test_effects_go_to_other_processes_by_value() -> None:
    from inviscid.by_value import dumps, loads

    @effect(once=True)
    def local(x: int) -> int:
        return x

    again = loads(dumps(local))
    assert type(again) is type(local)
    assert again.key(1) == local.key(1)


def test_what_one_asks_of_an_effect_that_happened(ran: Ran, isolated: Path) -> None:
    assert pay.peek(11) is None
    pay(11)
    entry = pay.peek(11)
    assert entry is not None
    assert entry.key.hex() == pay.key(11) == pay.explain(11).key
    with pytest.raises(FrozenMiss, match="is an effect"):
        pay.freeze()
    call = pay._receipt_of({"x": 11})
    store = Store(isolated)
    store.unpin(call.key)
    store.forget([call.key])
    assert "nobody knows" in pay.explain(11).reasons[0]


def test_what_may_be_asked_in_another_process_is_not_built_upon(project: Any) -> None:
    text = """
    import multiprocessing, os
    from concurrent.futures import ProcessPoolExecutor
    from inviscid import cached, effect, source

    @source(observe=lambda: os.path.getsize("n"))
    def look():
        return os.path.getsize("n")

    @effect
    def send(x):
        return x

    def work(x):
        return look() * x

    def act(x):
        return send(x)

    @cached
    def user(xs):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            return sum(pool.map({}, xs))
    """
    project.write(run="import mod\nif __name__ == '__main__':\n    print(mod.user([1, 2]))\n")
    for name in ("work", "act"):
        project.write(mod=text.format(name))
        (project.folder / "n").write_text("x")
        assert project.run("run.py") == "3\n"
        (project.folder / "n").write_text("xx")
        assert project.run("run.py") == ("6\n" if name == "work" else "3\n")


def test_an_edited_token_is_another_token(project: Any, ran: Ran) -> None:
    text = "import sys\nfrom inviscid import source\n@source(observe=lambda: {})\ndef s():\n    sys.audit('test.ran', 's')\n    return 1\n"
    project.edit(text.format("1")).s()
    project.edit(text.format("1")).s()
    assert ran() == ["s"]
    project.edit(text.format("2 - 1")).s()
    assert ran() == ["s"]
    project.edit(text.format("len('a')")).s()
    assert ran() == ["s"]
