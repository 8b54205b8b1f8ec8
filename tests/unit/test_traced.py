"""What a traced computation was seen to do decides whether its result is kept."""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from inviscid import InviscidWarning, Outcome, TraceError, cached, source
from inviscid.tracer import Tracer, tracing

needs_monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in Python 3.12")
_before = pytest.mark.skipif(sys.version_info >= (3, 12), reason="from Python 3.12 on it can be traced")
Ran = Callable[[], list[str]]

# What unpickles to something by its name, which no analysis of the code can see.
HIDDEN = b"cinviscid_hidden\nhook\n."
CLOCK = b"ctime\ntime\n."
UUID = b"cuuid\nuuid4\n."
URANDOM = b"cos\nurandom\n."
RANDOM = b"crandom\nrandom\n."
DATETIME = b"cdatetime\ndatetime\n."
NUMPY = b"cnumpy.random\nrand\n."
HASH = b"cbuiltins\nhash\n."
GETENV = b"cos\ngetenv\n."


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No tool and no event outlives a trace."""
    yield
    if sys.version_info >= (3, 12):
        assert [sys.monitoring.get_tool(tool) for tool in range(6)].count("inviscid") == 0
        assert all(sys.monitoring.get_events(tool) == 0 for tool in range(6) if sys.monitoring.get_tool(tool))


def kept(function: Any, *args: Any, ran: Ran, warning: str = "") -> bool:
    """Whether a second call is answered from the store; the first may warn."""
    ran()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*args)
        function(*args)
    told = "; ".join(str(one.message) for one in caught)
    assert warning in told, told
    assert bool(warning) or not told, told
    return len(ran()) == 1


# What is taken and refused --------------------------------------------------------------------------------------------


@_before
def test_before_3_12_it_says_what_it_needs() -> None:
    with pytest.raises(TraceError, match="needs Python 3.12 or newer"):
        cached(track="traced")(lambda: 1)


def test_other_values_are_refused() -> None:
    with pytest.raises(TypeError, match="track is 'deep' or 'traced', not 'trace'; did you mean 'traced'?"):
        cached(track="trace")
    assert cached(track="deep")(lambda: 1)() == 1


@needs_monitoring
def test_what_was_stored_untraced_is_no_hit(ran: Ran) -> None:
    def body(x: int) -> int:
        sys.audit("test.ran", "body")
        return x

    assert cached(body)(1) == 1
    traced = cached(track="traced")(body)
    assert traced.key(1) != cached(body).key(1)
    assert traced(1) == 1
    assert ran() == ["body", "body"]
    assert traced(1) == cached(body)(1) == cached(track="deep")(body)(1) == 1
    assert ran() == []


# Code -----------------------------------------------------------------------------------------------------------------


class Box:
    """Members of all kinds."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __lt__(self, other: Box) -> bool:
        return self.value < other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Box) and self.value == other.value

    @property
    def double(self) -> int:
        return twice(self.value)

    @cached_property
    def triple(self) -> int:
        return 3 * self.value

    @staticmethod
    def still(value: int) -> int:
        return value

    @classmethod
    def made(cls, value: int) -> Box:
        return cls(value)


def twice(value: int) -> int:
    return 2 * value


def counted(limit: int) -> Iterator[int]:
    for number in range(limit):
        yield from (twice(one) for one in [number])


@needs_monitoring
def test_what_the_fingerprint_holds_is_kept(ran: Ran) -> None:
    @cached(track="traced")
    def body(limit: int) -> list[int]:
        from dataclasses import dataclass

        sys.audit("test.ran", "body")

        @dataclass
        class Local:
            value: int

        boxes = sorted({Box(3), Box(1), Box.made(2)})
        found = [box.double + box.triple + Box.still(1) for box in boxes]
        found += sorted(counted(limit), key=lambda value: -value)
        with ThreadPoolExecutor(2) as pool:
            found += pool.map(twice, range(limit))
        return [*found, Local(4).value, len({Local(1) == Local(1)})]

    assert kept(body, 3, ran=ran)


@needs_monitoring
def test_code_that_no_analysis_sees(ran: Ran, hooked: Any) -> None:
    def hidden(error: Any) -> tuple[str, int]:
        return "?", error.end

    hooked(hidden)

    @cached(track="traced")
    def body(text: str) -> bytes:
        sys.audit("test.ran", "body")
        return (
            text.encode()
            if text.isascii()
            else pickle.loads(HIDDEN)(UnicodeEncodeError("ascii", text, 0, 1, ""))[0].encode()
        )

    assert body("abc") == b"abc"
    assert body("abc") == b"abc"
    assert ran() == ["body"]
    why = r"it ran .*<locals>.hidden \(.*test_traced.*\), which its fingerprint doesn't hold"
    with pytest.warns(InviscidWarning, match=why):
        assert body("é") == b"?"
    assert body.peek("é") is None
    assert body("é") == b"?"
    assert ran() == ["body", "body"]


@needs_monitoring
def test_the_outcome_says_so(hooked: Any, caplog: pytest.LogCaptureFixture) -> None:
    hooked(lambda error: ("?", error.end))
    body = cached(track="traced")(
        lambda text: (
            text.encode()
            if text.isascii()
            else pickle.loads(HIDDEN)(UnicodeEncodeError("ascii", text, 0, 1, ""))[0].encode()
        )
    )
    with caplog.at_level("INFO", "inviscid"), pytest.warns(InviscidWarning):
        body("é")
    assert [record.outcome for record in caplog.records] == [Outcome.BYPASS_OUTSIDE]
    assert Outcome.BYPASS_OUTSIDE.kind == "bypass"


@needs_monitoring
def test_a_class_that_a_pickle_brings(ran: Ran) -> None:
    text = pickle.dumps(Box(4))

    @cached(track="traced")
    def body(data: bytes) -> int:
        sys.audit("test.ran", "body")
        return int(pickle.loads(data).double)

    assert not kept(body, text, ran=ran, warning="Box.double")


@needs_monitoring
def test_callers_ran_it_too(ran: Ran, hooked: Any) -> None:
    hooked(lambda error: ("?", error.end))

    @cached(track="traced")
    def inner(text: str) -> bytes:
        return (
            text.encode()
            if text.isascii()
            else pickle.loads(HIDDEN)(UnicodeEncodeError("ascii", text, 0, 1, ""))[0].encode()
        )

    @cached
    def outer(text: str) -> bytes:
        sys.audit("test.ran", "outer")
        return inner(text)

    assert not kept(outer, "é", ran=ran, warning=".outer() are not kept")
    assert not kept(cached(track="traced")(outer.__wrapped__), "é", ran=ran)
    assert kept(outer, "e", ran=ran)


@needs_monitoring
def test_arguments_bring_code(ran: Ran) -> None:
    class Argument:
        def __init__(self, call: Callable[[int], int]) -> None:
            self.call = call

        def run(self, value: int) -> int:
            return self.call(self._more(value))

        def _more(self, value: int) -> int:
            return value + 1

    @cached(track="traced")
    def body(given: Any, step: Callable[[int], int]) -> int:
        sys.audit("test.ran", "body")
        return int(given.run(step(1)))

    assert kept(body, Argument(lambda value: value + 1), twice, ran=ran)


@needs_monitoring
def test_a_generator_that_had_begun() -> None:
    def going_on() -> Iterator[int]:
        yield 1
        yield twice(1)

    it = going_on()
    next(it)
    seen = Tracer()
    with tracing(seen):
        assert next(it) == 2
    assert [ran.qualname.rpartition(".")[2] for ran in seen.definitions()] == ["going_on", "twice"]


@needs_monitoring
def test_a_generator_that_is_thrown_into() -> None:
    def going_on() -> Iterator[int]:
        try:
            yield 1
        except KeyError:
            yield twice(1)

    def another() -> Iterator[int]:
        yield 1

    it, begun = going_on(), another()
    next(it)
    next(begun)
    seen = Tracer()
    with tracing(seen):
        assert it.throw(KeyError()) == 2
        begun.close()
    assert [ran.qualname.rpartition(".")[2] for ran in seen.definitions()] == ["going_on", "twice"]


@needs_monitoring
def test_threads_belong_to_who_may_have_started_them(ran: Ran, hooked: Any) -> None:
    hooked(lambda error: ("?", error.end))

    @cached(track="traced")
    def body(text: str) -> list[bytes]:
        sys.audit("test.ran", "body")
        found: list[bytes] = []
        thread = threading.Thread(
            target=lambda: found.append(
                (
                    text.encode()
                    if text.isascii()
                    else pickle.loads(HIDDEN)(UnicodeEncodeError("ascii", text, 0, 1, ""))[0].encode()
                )
            )
        )
        thread.start()
        thread.join()
        return found

    assert not kept(body, "é", ran=ran, warning="doesn't hold")
    assert kept(body, "e", ran=ran)


@needs_monitoring
def test_what_others_run_meanwhile_is_theirs(ran: Ran) -> None:
    """Two computations in two threads, each with code of its own, and a task beside one that is awaited."""
    begun, done = threading.Event(), threading.Event()

    def first(x: int) -> int:
        return x + 1

    def second(x: int) -> int:
        return x + 2

    @cached(track="traced", ignore=["begun", "done"])
    def one(x: int, begun: threading.Event, done: threading.Event) -> int:
        begun.set()
        assert done.wait(10)
        return first(x)

    @cached(track="traced", ignore=["begun", "done"])
    def two(x: int, begun: threading.Event, done: threading.Event) -> int:
        assert begun.wait(10)
        found = second(x)
        done.set()
        return found

    with ThreadPoolExecutor(2) as pool:
        assert [future.result() for future in [pool.submit(f, 1, begun, done) for f in (one, two)]] == [2, 3]
    assert one.peek(1, begun, done) is not None
    assert two.peek(1, begun, done) is not None

    @cached(track="traced")
    async def awaited(x: int) -> int:
        for _ in range(3):
            await asyncio.sleep(0)
        return first(x)

    async def beside() -> int:
        await asyncio.sleep(0)
        return second(1)

    async def both() -> list[int]:
        return list(await asyncio.gather(awaited(1), beside()))

    assert asyncio.run(both()) == [2, 3]
    assert awaited.peek(1) is not None


@needs_monitoring
def test_traces_inside_of_each_other() -> None:
    outer, inner = Tracer(), Tracer()
    with tracing(outer):
        twice(1)
        with tracing(inner):
            twice(1)
            Box(1).double
        Box.still(1)
    names = [[ran.qualname for ran in one.definitions()] for one in (outer, inner)]
    assert names == [["twice", "Box.__init__", "Box.double", "Box.still"], ["twice", "Box.__init__", "Box.double"]]


@needs_monitoring
def test_nested_computations_are_kept(ran: Ran) -> None:
    @cached(track="traced")
    def inner(x: int) -> int:
        sys.audit("test.ran", "inner")
        return twice(x)

    @cached(track="traced")
    def outer(x: int) -> int:
        sys.audit("test.ran", "outer")
        return inner(x) + Box(x).double

    assert outer(1) == outer(1) == 4
    assert ran() == ["outer", "inner"]


@needs_monitoring
def test_what_an_import_runs_is_no_excess(project: Any, ran: Ran) -> None:
    project.write(
        late="""
            def decorate(function):
                return function

            @decorate
            def found(x):
                return x

            class Made:
                held = found(1)
        """,
        mod="""
            import sys
            from inviscid import cached

            @cached(track="traced")
            def body(x):
                sys.audit("test.ran", "body")
                import late
                return late.found(x)
        """,
    )
    assert kept(project.load().body, 1, ran=ran)


@needs_monitoring
def test_a_text_that_is_executed_was_given(project: Any, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached

        @cached(track="traced")
        def body(text):
            sys.audit("test.ran", "body")
            space = {}
            exec(text, space)
            return space["f"](1) + eval("(lambda: 2)()")
    """
    assert kept(project.edit(text).body, "def f(x):\n    return x\n", ran=ran)


@needs_monitoring
def test_what_libraries_write_is_theirs() -> None:
    """Code of a module that is nowhere, from a file of a library or of the user's."""

    def made(file: str) -> Any:
        space: dict[str, Any] = {"__name__": "written"}
        exec(compile("def f(x):\n    return x\n", file, "exec"), space)
        return space["f"]

    theirs, ours = made(pytest.__file__), made(__file__)
    with tracing(Tracer()) as seen:
        assert theirs(1) == ours(1)
    assert [(ran.qualname, ran.file) for ran in seen.definitions()] == [("f", __file__)]


@needs_monitoring
def test_code_that_is_renamed_is_a_text_all_the_same() -> None:
    with tracing(Tracer()) as seen:
        exec(compile("1", "<template>", "exec").replace(co_name="top level"))
    assert all(key in seen.made for key in seen.ran)
    assert len(seen.ran) == 1


@needs_monitoring
def test_hooks_of_ours_are_no_part_of_the_body(ran: Ran) -> None:
    @cached(track="traced", cache_if=lambda found: found > 0, identify={"x": lambda x: x})
    def inner(x: int) -> int:
        return x

    @cached(track="traced")
    def outer(x: int) -> int:
        sys.audit("test.ran", "outer")
        return inner(x)

    assert kept(outer, 1, ran=ran)


@needs_monitoring
def test_an_error_takes_the_trace_down(ran: Ran) -> None:
    @cached(track="traced")
    def body(x: int) -> int:
        sys.audit("test.ran", "body")
        raise KeyError(x)

    for _ in range(2):
        with pytest.raises(KeyError):
            body(1)
    assert ran() == ["body", "body"]


@needs_monitoring
def test_beside_other_tools(ran: Ran) -> None:
    monitoring, seen = sys.monitoring, []
    body = cached(track="traced")(lambda x: (sys.audit("test.ran", "body"), twice(x))[1])
    tools = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
    for tool in tools[:-1]:
        monitoring.use_tool_id(tool, f"test {tool}")
    first = tools[0]
    monitoring.register_callback(first, monitoring.events.PY_START, lambda code, offset: seen.append(code.co_name))
    monitoring.set_events(first, monitoring.events.PY_START)
    try:
        assert body(1) == 2
        seen.clear()
        twice(1)
        assert "twice" in seen
        # Now there is no place left: the value is there, and isn't kept.
        monitoring.use_tool_id(tools[-1], "last")
        with pytest.warns(InviscidWarning, match="sys.monitoring has 6 places for tools, and all are taken"):
            assert body(2) == 4
        assert body.peek(2) is None
        with pytest.raises(TraceError, match="end one of those"), tracing(Tracer()):
            pass
    finally:
        monitoring.set_events(first, 0)
        for tool in tools:
            monitoring.free_tool_id(tool)
    assert body(1) == 2
    assert ran() == ["body", "body"]


@needs_monitoring
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_child_is_not_watched() -> None:
    read, write = os.pipe()
    with tracing(Tracer()):
        child = os.fork()
        if not child:
            tools = [sys.monitoring.get_tool(tool) for tool in range(6)]
            with tracing(Tracer()) as again:
                twice(1)
            os.write(write, f"{tools.count('inviscid')} {[ran.qualname for ran in again.definitions()]}".encode())
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"0 ['twice']"
    os.close(read)
    os.close(write)


# Impurity -------------------------------------------------------------------------------------------------------------


@needs_monitoring
@pytest.mark.parametrize(
    ("data", "args", "warning"),
    [
        (CLOCK, (), r"it read the clock (time.time)"),
        (UUID, (), "it read random numbers that no argument seeds (uuid.uuid4)"),
        (URANDOM, (2,), "it read random numbers that no argument seeds (os.urandom)"),
        (RANDOM, (), "it read random numbers that no argument seeds (random.random)"),
        (HASH, ("a",), "it read the hash of a text, which differs between processes (builtins.hash)"),
    ],
)
def test_calls_of_what_reads_the_world(data: bytes, args: tuple[Any, ...], warning: str, ran: Ran) -> None:
    @cached
    def untraced(*args: Any) -> str:
        sys.audit("test.ran", "untraced")
        return str(pickle.loads(data)(*args))

    @cached(track="traced")
    def body(*args: Any) -> str:
        sys.audit("test.ran", "body")
        return str(pickle.loads(data)(*args))

    # This is what the trace is for: the static analysis doesn't know.
    assert kept(untraced, *args, ran=ran)
    assert not kept(body, *args, ran=ran, warning=warning)


@needs_monitoring
def test_a_class_method_and_a_callback(ran: Ran) -> None:
    @cached(track="traced")
    def moment() -> str:
        sys.audit("test.ran", "moment")
        return str(pickle.loads(DATETIME).now())

    @cached(track="traced")
    def mapped() -> list[float]:
        sys.audit("test.ran", "mapped")
        return list(map(pickle.loads(HASH), ["a"]))

    assert not kept(moment, ran=ran, warning="the clock (datetime.datetime.now)")
    assert not kept(mapped, ran=ran, warning="builtins.hash")


@needs_monitoring
def test_generators_with_a_seed_are_pure(ran: Ran) -> None:
    numpy = pytest.importorskip("numpy")

    @cached(track="traced")
    def body(seed: int) -> list[float]:
        sys.audit("test.ran", "body")
        own, of_numpy = random.Random(seed), numpy.random.default_rng(seed)
        draw = own.randint
        return [own.random(), draw(1, 6), float(of_numpy.normal()), float(numpy.random.RandomState(seed).rand())]

    assert kept(body, 1, ran=ran)


@needs_monitoring
def test_random_numbers_that_installed_code_draws(ran: Ran) -> None:
    @cached(track="traced")
    def body(x: int) -> str:
        sys.audit("test.ran", "body")
        from email.mime.multipart import MIMEMultipart

        return MIMEMultipart().as_string()

    assert not kept(body, 1, ran=ran, warning="the state of random moved")


@needs_monitoring
def test_random_numbers_that_numpy_draws(ran: Ran) -> None:
    numpy = pytest.importorskip("numpy")
    assert numpy.random.rand is pickle.loads(NUMPY)

    @cached(track="traced")
    def body(data: bytes) -> int:
        sys.audit("test.ran", "body")
        list(map(pickle.loads(data), [1]))
        return 1

    assert not kept(body, NUMPY, ran=ran, warning="random numbers that no argument seeds")


@needs_monitoring
def test_variables_of_the_environment(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVISCID_TEST_A", "1")

    @cached(track="traced")
    def named() -> str:
        sys.audit("test.ran", "named")
        return os.environ["INVISCID_TEST_A"]

    @cached(track="traced")
    def unnamed(name: str) -> str | None:
        sys.audit("test.ran", "unnamed")
        return pickle.loads(GETENV)(name)  # type: ignore[no-any-return]

    @cached(track="traced")
    def paths() -> list[str]:
        sys.audit("test.ran", "paths")
        return os.get_exec_path()

    assert kept(named, ran=ran)
    monkeypatch.setenv("INVISCID_TEST_A", "2")
    assert named() == "2"
    assert not kept(unnamed, "INVISCID_TEST_A", ran=ran, warning="(variable INVISCID_TEST_A)")
    assert not kept(paths, ran=ran, warning="(variable PATH)")


@needs_monitoring
def test_a_name_that_is_looked_up(ran: Ran) -> None:
    @cached(track="traced")
    def body(host: str) -> int:
        import asyncio

        sys.audit("test.ran", "body")

        async def look() -> list[Any]:
            return await asyncio.get_running_loop().getaddrinfo(host, 80)

        return len(asyncio.run(look()))

    assert not kept(body, "localhost", ran=ran, warning="it looked up the address of localhost")


@needs_monitoring
def test_files_are_dependencies_and_changed_arguments_a_reason(ran: Ran, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")

    @cached(track="traced")
    def reads(path: str) -> str:
        sys.audit("test.ran", "reads")
        with open(path) as file:
            return file.read()

    @cached(track="traced")
    def changes(held: list[int]) -> int:
        sys.audit("test.ran", "changes")
        held.append(1)
        return 1

    path = str(tmp_path / "a")
    assert kept(reads, path, ran=ran)
    (tmp_path / "a").write_text("2")
    assert reads(path) == "2"
    ran()
    with pytest.warns(InviscidWarning, match="argument 'held' was changed by the call"):
        changes([])
    changes([])
    assert ran() == ["changes", "changes"]


@needs_monitoring
def test_callers_are_impure_too(ran: Ran) -> None:
    @cached(track="traced")
    def inner(data: bytes) -> float:
        return pickle.loads(data)()  # type: ignore[no-any-return]

    @cached
    def outer(data: bytes) -> float:
        sys.audit("test.ran", "outer")
        return inner(data)

    assert not kept(outer, CLOCK, ran=ran, warning=".outer() are not kept")


@needs_monitoring
def test_the_word_of_the_user(ran: Ran, hooked: Any) -> None:
    """It accepts impurity, and says nothing of code that could be edited without anybody noticing."""
    hooked(lambda error: ("?", error.end))

    @cached(track="traced", pure=True)
    def timed(data: bytes) -> int:
        sys.audit("test.ran", "timed")
        pickle.loads(data)()
        random.random()
        return 1

    @cached(track="traced")
    def caller(data: bytes) -> int:
        sys.audit("test.ran", "caller")
        return timed(data)

    @cached(track="traced", pure=True)
    def encoded(text: str) -> bytes:
        sys.audit("test.ran", "encoded")
        return (
            text.encode()
            if text.isascii()
            else pickle.loads(HIDDEN)(UnicodeEncodeError("ascii", text, 0, 1, ""))[0].encode()
        )

    assert caller(CLOCK) == caller(CLOCK) == 1
    assert ran() == ["caller", "timed"]
    assert not kept(encoded, "é", ran=ran, warning="doesn't hold")


@needs_monitoring
def test_a_source_is_seen_by_its_value(ran: Ran, hooked: Any) -> None:
    hooked(lambda error: ("?", error.end))

    @source
    def observed() -> bytes:
        sys.audit("test.ran", "observed")
        random.random()
        pickle.loads(CLOCK)()
        return pickle.loads(HIDDEN)(UnicodeEncodeError("ascii", "é", 0, 1, ""))[0].encode()

    @cached(track="traced")
    def body(x: int) -> bytes:
        sys.audit("test.ran", "body")
        return observed()

    assert body(1) == body(1) == b"?"
    assert ran() == ["body", "observed"]


@needs_monitoring
def test_static_reasons_remain(ran: Ran) -> None:
    @cached(track="traced")
    def body() -> float:
        sys.audit("test.ran", "body")
        return random.random()

    assert not kept(body, ran=ran, warning="reads random numbers")
    assert body.explain().code is Outcome.BYPASS_TAINTED


@needs_monitoring
def test_awaited(ran: Ran, hooked: Any) -> None:
    hooked(lambda error: ("?", error.end))

    @cached(track="traced")
    async def body(text: str) -> bytes:
        sys.audit("test.ran", "body")
        await asyncio.sleep(0)
        return (
            text.encode()
            if text.isascii()
            else pickle.loads(HIDDEN)(UnicodeEncodeError("ascii", text, 0, 1, ""))[0].encode()
        )

    assert not kept(lambda text: asyncio.run(body(text)), "é", ran=ran, warning="doesn't hold")
    assert kept(lambda text: asyncio.run(body(text)), "e", ran=ran)
