"""Cached functions that are awaited: one computation for all who wait, and nobody harms anybody."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from inviscid import (
    InviscidWarning,
    Outcome,
    ReentryError,
    ReplayMiss,
    Store,
    awaiting,
    cached,
    config,
    configure,
    mode,
)

Ran = Callable[[], list[str]]


@cached
async def double(x: int, seconds: float = 0.0) -> list[int]:
    sys.audit("test.ran", "double")
    await asyncio.sleep(seconds)
    return [2 * x]


def test_a_hit_runs_nothing(ran: Ran) -> None:
    assert asyncio.run(double(3)) == [6]
    # Another event loop.
    assert asyncio.run(double(3)) == [6]
    assert ran() == ["double"]
    assert double.explain(3).outcome == "hit"
    assert double.key(3) == double.key(x=3)


def test_a_hit_resolves_at_once() -> None:
    async def main() -> None:
        await double(1)
        hit = double(1)
        with pytest.raises(StopIteration) as end:
            # Without the event loop doing anything in between.
            hit.send(None)
        assert end.value.value == [2]

    asyncio.run(main())


def test_it_is_a_coroutine_function() -> None:
    class C:
        @cached
        async def method(self) -> None: ...

    def plain() -> None: ...

    @functools.wraps(double)
    def wrapper() -> None: ...

    for function in (double, double.configured, C.method, C().method, cached(plain), wrapper):
        expected = function in (double, C.method) or getattr(function, "__func__", None) is C.method
        assert asyncio.iscoroutinefunction(function) == expected
        if sys.version_info >= (3, 12):
            assert inspect.iscoroutinefunction(function) == expected
    if sys.version_info >= (3, 12):
        marked = inspect.markcoroutinefunction(lambda x: double(x, 0.0))
        assert inspect.iscoroutinefunction(cached(marked))
        assert asyncio.run(cached(marked)(4)) == [8]
    coroutine = double(1)
    assert inspect.isawaitable(coroutine)
    coroutine.close()


def test_waiters_share_one_computation(ran: Ran) -> None:
    async def main() -> list[list[int]]:
        return await asyncio.gather(*(double(1, 0.05) for _ in range(5)), double(2, 0.05))

    found = asyncio.run(main())
    assert found == [[2]] * 5 + [[4]]
    assert ran() == ["double", "double"]
    # Results share no memory.
    assert len({id(item) for item in found}) == 6


def test_who_waited_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        await asyncio.gather(double(7, 0.02), double(7, 0.02))

    with caplog.at_level("INFO", "inviscid"):
        asyncio.run(main())
    assert [record.outcome for record in caplog.records] == [Outcome.MISS_NEW, Outcome.HIT_WAITED]  # type: ignore[attr-defined]


def test_a_waiter_that_is_cancelled_harms_nobody(ran: Ran) -> None:
    async def main(first: bool) -> None:
        tasks = [asyncio.create_task(double(3 + first, 0.1)) for _ in range(3)]
        await asyncio.sleep(0.02)
        gone = tasks.pop(0 if first else -1)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert await asyncio.gather(*tasks) == [[2 * (3 + first)]] * 2

    asyncio.run(main(True))
    asyncio.run(main(False))
    assert ran() == ["double", "double"]


def test_when_all_are_cancelled_so_is_the_computation(ran: Ran) -> None:
    @cached
    async def slow(x: int) -> int:
        sys.audit("test.ran", "slow")
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            sys.audit("test.ran", "cleaned up")
            raise
        return x

    async def main() -> None:
        tasks = [asyncio.create_task(slow(1)) for _ in range(2)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        # What the body does at its end has been waited for.
        assert ran() == ["slow", "cleaned up"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow(1), 0.01)
        assert ran() == ["slow", "cleaned up"]
        assert slow.explain(1).outcome == "miss"
        assert await slow(1) == 1
        assert ran() == ["slow"]

    asyncio.run(main())


def test_who_comes_while_a_computation_is_being_cancelled_computes(ran: Ran) -> None:
    @cached
    async def slow(x: int) -> int:
        sys.audit("test.ran", "slow")
        try:
            await asyncio.sleep(0.02)
        finally:
            await asyncio.sleep(0.02)
        return x

    async def main() -> None:
        task = asyncio.create_task(slow(1))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done()
        assert await slow(1) == 1
        assert task.cancelled()

    asyncio.run(main())
    assert ran() == ["slow", "slow"]


def test_exceptions_go_to_all_and_are_not_kept(ran: Ran) -> None:
    @cached
    async def broken(x: int) -> int:
        sys.audit("test.ran", "broken")
        await asyncio.sleep(0.02)
        raise ValueError(f"mine {x}")

    async def main() -> list[Any]:
        return await asyncio.gather(*(broken(1) for _ in range(3)), return_exceptions=True)

    assert [str(error) for error in asyncio.run(main())] == ["mine 1"] * 3
    assert ran() == ["broken"]
    with pytest.raises(ValueError, match="mine 1"):
        asyncio.run(broken(1))
    assert ran() == ["broken"]


def test_a_dead_loop_leaves_nothing_behind(ran: Ran) -> None:
    async def leave() -> None:
        asyncio.create_task(double(5, 60.0))  # noqa: RUF006
        await asyncio.sleep(0.01)

    asyncio.run(leave())

    async def main() -> list[int]:
        return await asyncio.wait_for(asyncio.create_task(double(5, 0.0)), 5)

    assert asyncio.run(main()) == [10]
    stuck = asyncio.new_event_loop()
    task = stuck.create_task(double(5, 0.01))
    stuck.call_later(0.001, stuck.stop)
    stuck.run_forever()
    try:
        # Not finished there, and that loop doesn't run: nobody waits for it.
        assert asyncio.run(double(5, 0.01)) == [10]
    finally:
        stuck.run_until_complete(task)
        stuck.close()
    assert ran() == ["double"] * 4


def test_two_loops_in_two_threads_compute_once(ran: Ran) -> None:
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(double(8, 0.2)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[16]] * 3
    assert ran() == ["double"]


def test_the_loop_goes_on_while_another_process_computes(project: Any, tmp_path: Path) -> None:
    project.write(
        mod="""
        import asyncio, time
        from pathlib import Path
        from inviscid import cached

        @cached
        async def slow(folder):
            (Path(folder) / "ran").open("a").write("x")
            await asyncio.sleep(0.5)
            return "done"
        """,
        script="""
        import asyncio, sys, mod
        print(asyncio.run(mod.slow(sys.argv[1])))
        """,
    )
    mod = project.load()
    other = subprocess.Popen([sys.executable, "script.py", str(tmp_path)], cwd=project.folder, stdout=subprocess.PIPE)
    while not (tmp_path / "ran").exists():
        time.sleep(0.01)

    async def main() -> tuple[str, int]:
        waiting = asyncio.create_task(mod.slow(str(tmp_path)))
        ticks = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return await waiting, ticks

    found, ticks = asyncio.run(main())
    assert found == "done"
    assert ticks > 5
    assert other.communicate(timeout=60)[0] == b"done\n"
    assert (tmp_path / "ran").read_text() == "x"


def test_nested_calls(ran: Ran) -> None:
    @cached
    def plain(x: int) -> int:
        sys.audit("test.ran", "plain")
        return x + 1

    @cached
    async def inner(x: int) -> int:
        sys.audit("test.ran", "inner")
        await asyncio.sleep(0.01)
        return plain(x)

    @cached
    async def outer(x: int) -> int:
        sys.audit("test.ran", "outer")
        return sum(await asyncio.gather(inner(x), inner(x + 1), inner(x)))

    async def main() -> list[int]:
        return list(await asyncio.gather(outer(1), outer(2), outer(1)))

    assert asyncio.run(main()) == [7, 10, 7]
    assert sorted(ran()) == ["inner"] * 3 + ["outer"] * 2 + ["plain"] * 3


def test_recursion(ran: Ran) -> None:
    @cached
    async def fibonacci(n: int) -> int:
        sys.audit("test.ran", "fibonacci")
        return n if n < 2 else sum(await asyncio.gather(fibonacci(n - 1), fibonacci(n - 2)))

    assert asyncio.run(fibonacci(10)) == 55
    assert len(ran()) == 11


def test_a_call_that_awaits_itself() -> None:
    @cached
    async def endless(x: int) -> int:
        return await endless(x)

    @cached
    async def one(x: int) -> int:
        return await asyncio.create_task(other(x))

    @cached
    async def other(x: int) -> int:
        return await one(x)

    async def both() -> list[Any]:
        return await asyncio.wait_for(asyncio.gather(one(1), other(1), return_exceptions=True), 10)

    with pytest.raises(ReentryError):
        asyncio.run(endless(1))
    with pytest.raises(ReentryError):
        asyncio.run(one(1))
    assert [type(error) for error in asyncio.run(both())] == [ReentryError, ReentryError]


def test_calls_that_wait_for_each_other_end(ran: Ran) -> None:
    """left(3) awaits right(2), right(3) awaits left(2), and both await each other's 1."""

    @cached
    async def left(n: int) -> int:
        sys.audit("test.ran", f"left {n}")
        await asyncio.sleep(0.01)
        return 0 if n == 0 else 1 + max(await asyncio.gather(right(n - 1), left(n - 1)))

    @cached
    async def right(n: int) -> int:
        sys.audit("test.ran", f"right {n}")
        await asyncio.sleep(0.01)
        return 0 if n == 0 else 1 + max(await asyncio.gather(left(n - 1), right(n - 1)))

    async def main() -> list[int]:
        return list(await asyncio.wait_for(asyncio.gather(left(3), right(3)), 20))

    assert asyncio.run(main()) == [3, 3]
    assert len(ran()) == 8


def test_a_circle_through_another_loop_is_seen() -> None:
    """`one` waits here for a flight that waits for `two` there, which waits for `one` here."""
    holds = threading.Event()
    waits = threading.Event()

    @cached
    async def one(x: int) -> int:
        waits.set()
        return await two(x)

    @cached
    async def two(x: int) -> int:
        holds.set()
        await asyncio.get_running_loop().run_in_executor(None, waits.wait, 10)
        return await one(x)

    async def here() -> list[Any]:
        flight = asyncio.create_task(two(1))
        await asyncio.sleep(0.05)
        return await asyncio.wait_for(asyncio.gather(one(1), flight, return_exceptions=True), 20)

    found: list[BaseException] = []

    def there() -> None:
        try:
            asyncio.run(asyncio.wait_for(two(1), 20))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=there)
    thread.start()
    assert holds.wait(10)
    found += asyncio.run(here())
    thread.join()
    assert [type(error) for error in found] == [ReentryError] * 3


def test_very_many_at_once(ran: Ran) -> None:
    """Each claim is an open file, of which a process may not have as many as calls."""

    async def main() -> None:
        gate = asyncio.Event()

        @cached(ignore=["gate"])
        async def waiting(x: int, gate: asyncio.Event) -> int:
            sys.audit("test.ran", "waiting")
            await gate.wait()
            return x

        before = len(os.listdir("/dev/fd"))
        tasks = [asyncio.create_task(waiting(x % 300, gate)) for x in range(600)]
        while len(awaiting._flights.get(asyncio.get_running_loop(), ())) < 300:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.05)
        assert len(os.listdir("/dev/fd")) < before + 150
        gate.set()
        assert await asyncio.gather(*tasks) == [x % 300 for x in range(600)]
        assert waiting.explain(299, gate).outcome == "hit"

    asyncio.run(main())
    assert ran() == ["waiting"] * 300
    assert not awaiting._held


@pytest.mark.skipif(sys.version_info < (3, 12), reason="new in 3.12")
def test_a_loop_that_starts_its_tasks_at_once(ran: Ran) -> None:
    @cached
    async def outer(x: int) -> int:
        return sum([*await double(x), *await double(x, 0.01), *await double(x, 0.01)])

    @cached
    async def endless(x: int) -> int:
        return await endless(x)

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        assert await asyncio.gather(outer(1), outer(1), outer(2)) == [6, 6, 12]
        with pytest.raises(ReentryError):
            await endless(1)

    asyncio.run(main())
    assert ran() == ["double"] * 4


def test_config_mode_and_context_hold_inside(ran: Ran) -> None:
    seen: ContextVar[str] = ContextVar("seen", default="nothing")

    @cached
    async def inner(x: int, k: int = config("a.k", default=1)) -> int:
        sys.audit("test.ran", "inner")
        await asyncio.sleep(0.01)
        return k * x

    @cached(pure=True)
    async def outer(x: int) -> int:
        sys.audit("test.ran", f"outer for {seen.get()}")
        await asyncio.sleep(0.01)
        return await inner(x)

    async def main() -> None:
        seen.set("me")
        assert await outer(1) == 1
        with configure({"a.k": 5}, local=True):
            assert await outer(1) == 5
        assert await asyncio.gather(outer.configured({"a.k": 7})(1), outer(1)) == [7, 1]
        with mode("off"):
            assert await asyncio.gather(outer(1), outer(1)) == [1, 1]

    asyncio.run(main())
    first, *others = ["outer for me", "inner"], ["inner", "outer for me"], ["inner", "outer for me"]
    assert ran() == [*first, *others[0], *others[1], *["outer for me"] * 2, *["inner"] * 2]
    with mode("replay"), pytest.raises(ReplayMiss):
        asyncio.run(outer(2))
    assert ran() == []


def test_a_computation_that_saw_other_config_is_not_stored(ran: Ran) -> None:
    @cached
    async def inner(k: int = config("b.k", default=1)) -> int:
        return k

    @cached
    async def outer() -> int:
        sys.audit("test.ran", "outer")
        await asyncio.sleep(0.01)
        with configure({"b.k": 2}, local=True):
            return await inner()

    with pytest.warns(InviscidWarning, match="another value of config 'b.k'"):
        assert asyncio.run(outer()) == 2
    assert asyncio.run(outer()) == 2
    assert ran() == ["outer", "outer"]


def test_refresh_forget_and_modes(ran: Ran) -> None:
    async def main() -> None:
        assert await double(1) == [2]
        assert await asyncio.gather(double.refresh(1, 0.0), double.refresh(1, 0.0)) == [[2], [2]]
        assert ran() == ["double"] * 2
        assert double.forget(1)
        assert await double(1) == [2]
        with mode("readonly"):
            assert await asyncio.gather(double(9), double(9)) == [[18], [18]]
        assert double.explain(9).outcome == "miss"

    asyncio.run(main())


def test_methods_objects_and_partials(ran: Ran) -> None:
    class Client:
        def __init__(self, base: int) -> None:
            self.base = base

        @cached
        async def get(self, x: int) -> int:
            sys.audit("test.ran", "get")
            return self.base + x

        @cached
        @staticmethod
        async def static(x: int) -> int:
            return x

        async def __call__(self, x: int) -> int:
            sys.audit("test.ran", "call")
            return self.base * x

    async def main() -> None:
        assert await Client(1).get(2) == 3
        assert await Client(1).get(2) == 3
        assert await Client(2).get(2) == 4
        assert await Client.static(5) == 5
        called = cached(Client(3))
        assert (await called(2), await called(2)) == (6, 6)
        partial = cached(functools.partial(double.__wrapped__, 4))
        assert (await partial(), await partial()) == ([8], [8])

    asyncio.run(main())
    assert ran() == ["get", "get", "call", "double"]


def test_async_generators_as_lists(ran: Ran) -> None:
    @cached(generator="list")
    async def numbers(n: int) -> Any:
        sys.audit("test.ran", "numbers")
        try:
            for i in range(n):
                await asyncio.sleep(0)
                yield i
        finally:
            sys.audit("test.ran", "closed")

    async def main() -> None:
        assert await asyncio.gather(numbers(3), numbers(3)) == [[0, 1, 2]] * 2
        assert await numbers(3) == [0, 1, 2]
        assert ran() == ["numbers", "closed"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(numbers(10**9), 0.02)
        assert ran() == ["numbers", "closed"]

    assert asyncio.iscoroutinefunction(numbers)
    asyncio.run(main())


@pytest.mark.parametrize("way", ["itself", "in a task", "as a generator", "as an async generator", "with another"])
def test_what_a_body_reads_counts(way: str, tmp_path: Path, ran: Ran) -> None:
    """The frame that runs it is the body's, whichever it is: what is opened under it is no doing of this package."""
    path = tmp_path / "data.txt"

    def read(path: str) -> str:
        sys.audit("test.ran", "read")
        with open(path, encoding="utf-8") as file:
            return file.read()

    async def task(path: str) -> str:
        await asyncio.sleep(0.01)
        return read(path)

    @cached
    async def itself(path: str) -> list[str]:
        await asyncio.sleep(0.01)
        return [read(path)]

    @cached
    async def in_a_task(path: str) -> list[str]:
        return list(await asyncio.gather(task(path)))

    @cached(generator="list")
    def as_a_generator(path: str) -> Any:
        yield read(path)

    @cached(generator="list")
    async def as_an_async_generator(path: str) -> Any:
        await asyncio.sleep(0.01)
        yield read(path)

    @cached
    async def with_another(path: str) -> list[str]:
        return (await asyncio.gather(itself(path), itself(path)))[1]

    async def called() -> Any:
        function = locals_[way.replace(" ", "_")]
        found = function(str(path))
        return await found if inspect.isawaitable(found) else found

    locals_ = locals()
    for text in ("one", "other"):
        path.write_text(text)
        assert asyncio.run(called()) == [text]
        assert asyncio.run(called()) == [text]
        assert ran() == ["read"]


def test_a_result_that_is_not_stored_is_computed_by_each(ran: Ran) -> None:
    @cached
    async def opened(path: str) -> Any:
        sys.audit("test.ran", "opened")
        await asyncio.sleep(0.01)
        return threading.Lock()

    async def main() -> list[Any]:
        return list(await asyncio.gather(opened("a"), opened("a")))

    with pytest.warns(InviscidWarning, match="not kept"):
        one, other = asyncio.run(main())
    assert one is not other
    assert ran() == ["opened", "opened"]


def test_a_store_that_fails_costs_nothing(tmp_path: Path, ran: Ran) -> None:
    (tmp_path / "file").write_text("no store")
    f = cached(store=Store(tmp_path / "file" / "store"))(double.__wrapped__)

    async def main() -> list[Any]:
        return list(await asyncio.gather(f(1), f(1)))

    with pytest.warns(InviscidWarning, match="not kept"):
        assert asyncio.run(main()) == [[2], [2]]
    assert "double" in ran()


def test_an_interrupted_claim_is_free_again(ran: Ran) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(double(11, 10.0), 0.02)

    asyncio.run(main())
    ran()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(double(11, 0.0))))
    thread.start()
    thread.join(10)
    assert found == [[22]]


def test_nothing_is_left_of_flights() -> None:
    async def main() -> None:
        await asyncio.gather(double(1, 0.01), double(1, 0.01), double(2))
        await asyncio.sleep(0)
        assert not awaiting._flights[asyncio.get_running_loop()]

    asyncio.run(main())


def test_functions_that_are_not_awaited_import_no_asyncio(project: Any) -> None:
    project.write(
        script="""
        import sys
        from inviscid import cached

        @cached
        def f(x):
            return x

        f(1)
        print(f(1), "asyncio" in sys.modules, "inspect" in sys.modules)
        """
    )
    project.run("script.py")
    assert project.run("script.py").split()[:2] == ["1", "False"]
