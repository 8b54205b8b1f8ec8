"""Plans: what would run is noted, nothing runs, and what would follow is told as far as it can be seen."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import FrozenMiss, Outcome, PlanError, ReplayMiss, mode, plan
from inviscid.stores import current_store
from inviscid.unknown import Beyond, Unknown

Ran = Callable[[], list[str]]
MODULE = """
import sys, pathlib, dataclasses
from inviscid import File, cached, config, effect, source

K = 1
WORLD = [5]

@dataclasses.dataclass
class Box:
    content: object

@cached
def f(x):
    sys.audit("test.ran", "f")
    return x + K

@cached
def g(x, y=0):
    sys.audit("test.ran", "g")
    return (x, y)

@cached(ignore=["log"])
def quiet(x, log=None):
    sys.audit("test.ran", "quiet")
    return x

@cached
def caller(x):
    sys.audit("test.ran", "caller")
    return g(f(x))

@source
def look():
    sys.audit("test.ran", "look")
    return 5

@cached
def seeing(x):
    sys.audit("test.ran", "seeing")
    return look() + x

@effect
def send(x):
    sys.audit("test.ran", "send")

@effect(once=True)
def once(x):
    sys.audit("test.ran", "once")

@cached(outputs="out.txt")
def write(x):
    sys.audit("test.ran", "write")
    pathlib.Path("out.txt").write_text(str(x))
    return x

@cached
def read(name):
    sys.audit("test.ran", "read")
    return pathlib.Path(name).read_text()

@cached
def of_file(file: File):
    sys.audit("test.ran", "of_file")
    return pathlib.Path(file).read_text()

@cached(frozen=True)
def frozen(x):
    sys.audit("test.ran", "frozen")
    return x

@cached
async def waits(x):
    sys.audit("test.ran", "waits")
    return x
"""


@pytest.fixture
def mod(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    project.write(mod=MODULE)
    monkeypatch.chdir(project.folder)
    return project.load()


def told(planned: Any) -> list[tuple[str, str]]:
    return [(call.would, call.function.partition(":")[2]) for call in planned.calls]


def content(store: Path) -> list[Any]:
    """All that the index says, and all files."""
    if not store.exists():
        return []
    with sqlite3.connect(store / "index.sqlite3") as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in sorted(tables)]
    connection.close()
    return [rows, sorted(str(path) for path in (store / "objects").rglob("*"))]


def test_what_is_stored_is_served_and_what_is_not_is_noted(mod: Any, ran: Ran, isolated: Path) -> None:
    mod.f(1)
    assert ran() == ["f"]
    current_store(None).close()
    before = content(isolated)
    with plan() as planned:
        assert mod.f(1) == 2
        found = mod.f(2)
    assert type(found) is Unknown
    assert told(planned) == [("hit", "f"), ("run", "f")]
    hit, run = planned.calls
    assert (hit.key, hit.code, hit.reasons) == (mod.f.key(1), Outcome.HIT, ())
    assert (run.key, run.code, run.reasons) == (mod.f.key(2), Outcome.MISS_INPUTS, ("argument 'x' changed",))
    assert planned.ended == ""
    assert ran() == []
    current_store(None).close()
    assert content(isolated) == before, "nothing is stored, and nothing is counted"
    assert mod.f(2) == 3
    assert ran() == ["f"]


def test_nothing_makes_a_store(mod: Any, isolated: Path) -> None:
    with plan() as planned:
        mod.f(1), mod.caller(2), mod.look(), mod.send(1), mod.once(1)
    assert not isolated.exists()
    assert [would for would, _ in told(planned)] == ["run"] * 5
    assert planned.calls[0].reasons == ("first call",)


def test_the_short_way_is_not_taken(mod: Any, ran: Ran) -> None:
    for _ in range(8):
        mod.f(1)
    with plan() as planned:
        for _ in range(8):
            mod.f(1)
    assert told(planned) == [("hit", "f")] * 8
    for _ in range(8):
        mod.f(1)
    with plan() as planned:
        mod.f(1)
    assert len(planned.calls) == 1
    assert ran() == ["f"]


def test_a_call_that_rests_on_what_would_run_may_run(mod: Any, ran: Ran) -> None:
    mod.g(1)
    ran()
    with plan() as planned:
        one = mod.f(1)
        mod.g(one)
        mod.g(0, y=[1, {"a": (one,)}])
        mod.quiet(3, log=one)
        mod.g(mod.Box(one))
    assert told(planned) == [("run", "f"), ("may run", "g"), ("may run", "g"), ("run", "quiet"), ("may run", "g")]
    assert planned.calls[1].reasons == ("argument 'x' is a result of f(), which would run",)
    assert planned.calls[2].reasons == ("argument 'y' is a result of f(), which would run",)
    assert planned.calls[4].reasons == ("it rests on the result of f(), which would run",)
    assert planned.calls[1].key == ""
    assert planned.ended == ""
    assert ran() == []


def test_without_a_store_all_of_it_would_run(mod: Any) -> None:
    with plan() as planned:
        mod.g(mod.f(mod.caller(1)))
        mod.g(mod.f(mod.caller(2)))
    assert told(planned) == [
        ("run", "caller"), ("run", "f"), ("run", "g"),
        # They may get what the first ones got.
        ("run", "caller"), ("may run", "f"), ("may run", "g"),
    ]  # fmt: skip


def test_a_call_that_would_have_run_before_is_noted_once(mod: Any) -> None:
    with plan() as planned:
        assert mod.f(1) is mod.f(1)
        mod.f.refresh(1), mod.f.refresh(1)
    assert told(planned) == [("run", "f")] * 3
    assert planned.calls[1].code is Outcome.MISS_REFRESH


USES: list[Callable[[Any], Any]] = [
    str, repr, bool, len, iter, hash, list, float, int, abs, dict, bytes, dir,
    lambda x: x + 1, lambda x: 1 + x, lambda x: x == 1, lambda x: x != 1, lambda x: x[0], lambda x: x.mean,
    lambda x: x(), lambda x: f"{x}", lambda x: "%s" % x, lambda x: x in [1, 2], lambda x: 1 in x, lambda x: -x,
    lambda x: isinstance(x, int), lambda x: setattr(x, "a", 1), open, lambda x: {x: 1}, lambda x: [*x],
    lambda x: sorted([x, x]), lambda x: not x, lambda x: __import__("json").dumps([x]), lambda x: __import__("pickle").dumps(x),
    lambda x: __import__("copy").deepcopy(x), lambda x: __import__("os").fspath(x), print,
    lambda x: range(3)[x], lambda x: x @ x, lambda x: x < 3, lambda x: x <= 3, lambda x: "".join([x and ""]),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(USES)))
def test_whatever_is_done_with_what_is_not_there_ends_the_plan(mod: Any, ran: Ran, number: int) -> None:
    after = []
    with plan() as planned:
        found = mod.f(1)
        try:
            USES[number](found)
        except Exception:
            after.append("taken for an error")
        after.append("went on")
    assert after == []
    here = f"{os.path.relpath(__file__)}:"
    assert planned.ended.startswith(here)
    assert planned.ended.endswith(": beyond this line it depends on the result of f(), which would run")
    assert mod.f(1) == 2, "and then all is as it was"
    assert ran() == ["f"]


@pytest.mark.parametrize("library", ["numpy", "pandas"])
def test_libraries_do_not_swallow_it(mod: Any, library: str) -> None:
    module = pytest.importorskip(library)
    use = module.asarray if library == "numpy" else module.DataFrame
    with plan() as planned:
        use([mod.f(1)])[0] + 1
        mod.f(7)
    assert told(planned) == [("run", "f")]
    assert "depends on the result of f()" in planned.ended


def test_who_swallows_the_end_comes_no_further(mod: Any) -> None:
    with plan() as planned:
        try:
            mod.f(1) + 1
        except BaseException:
            pass
        mod.f(2)
    assert told(planned) == [("run", "f")]
    assert planned.ended


def test_an_edit_says_what_would_run_and_on_whose_answer_the_rest_depends(project: Any, ran: Ran) -> None:
    project.write(mod=MODULE)
    mod = project.load()
    mod.caller(1)
    assert ran() == ["caller", "f", "g"]
    mod = project.edit(MODULE.replace("K = 1", "K = 2"))
    with plan() as planned:
        mod.caller(1)
    # The path asks `f` whether it gives what it gave.
    assert told(planned) == [("run", "f"), ("may run", "caller")]
    assert planned.calls[0].reasons == ("mod.K 1 → 2",)
    assert planned.calls[1].reasons == ("mod.K 1 → 2", "unless f() gives what it gave")
    assert ran() == []
    mod.caller(1)
    assert ran() == ["f", "caller", "g"]


def test_sources_are_not_asked(mod: Any, ran: Ran, project: Any) -> None:
    mod.seeing(1)
    assert ran() == ["seeing", "look"]
    with plan() as planned:
        mod.seeing(1)
    assert told(planned) == [("hit", "seeing")] or told(planned) == [("hit", "look"), ("hit", "seeing")]
    mod = project.load()
    with plan() as planned:
        found = mod.seeing(1)
        assert mod.look() is mod.look()
    assert type(found) is Unknown
    assert told(planned) == [("run", "look"), ("may run", "seeing")]
    assert planned.calls[0].code is Outcome.MISS_UNSEEN
    assert ran() == []
    mod.seeing(1)
    assert ran() == ["look"]


def test_effects_do_not_happen(mod: Any, ran: Ran) -> None:
    with plan() as planned:
        mod.send(1), mod.once(1), mod.once(1)
    assert [(call.would, call.code, call.reasons) for call in planned.calls] == [
        ("run", Outcome.BYPASS_EFFECT, ("an effect runs at every call",)),
        ("run", Outcome.BYPASS_EFFECT, ("it has not happened yet",)),
    ]
    assert ran() == []
    mod.once(1)
    with plan() as planned:
        mod.once(1)
    assert told(planned) == [("hit", "once")]
    assert ran() == ["once"]


def test_after_an_effect_nobody_knows_what_a_file_holds(mod: Any, ran: Ran, project: Any) -> None:
    (project.folder / "a.txt").write_text("a")
    mod.read("a.txt"), mod.of_file(mod.File("a.txt")), mod.f(1)
    with plan() as planned:
        assert mod.read("a.txt") == "a"
        mod.send(1)
        mod.read("a.txt"), mod.of_file(mod.File("a.txt"))
        assert mod.f(1) == 2
    assert told(planned) == [
        ("hit", "read"),
        ("run", "send"),
        ("may run", "read"),
        ("may run", "of_file"),
        ("hit", "f"),
    ]
    assert planned.calls[2].reasons == ("unless what it reads stays as it is",)
    assert ran() == ["read", "of_file", "f"]


def test_outputs_are_not_put_back_and_what_reads_them_is_not_known(mod: Any, ran: Ran, project: Any) -> None:
    out = project.folder / "out.txt"
    mod.write(1), mod.read("out.txt")
    ran()
    out.unlink()
    with plan() as planned:
        assert mod.write(1) == 1
        mod.read("out.txt")
        out.read_text()
    assert not out.exists()
    assert told(planned) == [("hit", "write"), ("may run", "read")]
    assert planned.ended.endswith("out.txt, which would be written first")
    with plan() as planned:
        mod.write(2), mod.of_file(mod.File("out.txt"))
    assert told(planned) == [("run", "write"), ("may run", "of_file")]
    assert ran() == []
    mod.write(1), mod.read("out.txt")
    assert ran() == []


def test_frozen_results_are_served_and_what_is_not_frozen_is_an_error_as_ever(mod: Any, ran: Ran) -> None:
    with pytest.raises(FrozenMiss):
        with plan():
            mod.frozen(1)
    mod.f(1)
    mod.f.freeze(because="sent")
    with plan() as planned:
        assert mod.f(1) == 2
    (call,) = planned.calls
    assert (call.would, call.code) == ("hit", Outcome.HIT_FROZEN)
    assert call.reasons[0].endswith(": sent")
    assert ran() == ["f"]


@pytest.mark.parametrize(
    "what",
    ["forget", "clean", "freeze", "thaw", "calling", "look", "once", "pickle",
     "store forget", "execute", "pin", "unpin", "repair"],
)  # fmt: skip
def test_what_changes_the_store_ends_the_plan(mod: Any, what: str, isolated: Path) -> None:
    mod.f(1), mod.once(1)
    if what == "thaw":
        mod.f.freeze()
    lock, store, key = Path("inviscid.lock"), current_store(None), bytes.fromhex(mod.f.key(1))
    if what == "unpin":
        store.pin(key, "mine")
    pins = store.pins()
    before = lock.read_text() if lock.exists() else None
    actions: dict[str, Callable[[], Any]] = {
        "forget": lambda: mod.f.forget(1), "clean": mod.f.clean, "freeze": mod.f.freeze, "thaw": mod.f.thaw,
        "calling": lambda: mod.f.calling(1).freeze(), "look": mod.look.clean, "once": lambda: mod.once.forget(1),
        "pickle": lambda: __import__("pickle").dumps(mod.f), "store forget": lambda: store.forget([key]),
        "execute": lambda: store.execute(store.plan_clean("mod:f")), "pin": lambda: store.pin(key, "mine"),
        "unpin": lambda: store.unpin(key), "repair": lambda: store.verify(repair=True),
    }  # fmt: skip
    with plan() as planned:
        actions[what]()
        mod.f(2)
    assert planned.ended
    assert planned.calls == []
    assert store.pins() == pins
    assert (lock.read_text() if lock.exists() else None) == before
    with plan() as planned:
        mod.f(1), mod.once(1)
    assert [would for would, _ in told(planned)] == ["hit", "hit"]


@pytest.mark.parametrize("alone", [False, True])
def test_freezing_what_would_have_been_computed_ends_the_plan(mod: Any, *, alone: bool) -> None:
    with plan() as planned:
        mod.f(1)
        if alone:
            mod.f.calling(1).freeze()
        else:
            mod.f.freeze()
    assert told(planned) == [("run", "f")]
    assert "it depends on freezing f()" in planned.ended


def test_modes_hold_in_a_plan(mod: Any, ran: Ran) -> None:
    mod.f(1)
    with plan() as planned:
        with mode("refresh"):
            mod.f(1)
        with mode("fresh"):
            mod.f(1)
        with mode("off"):
            mod.f(1)
        with mode("readonly"):
            mod.f(1)
    assert [(call.would, call.code) for call in planned.calls] == [
        ("run", Outcome.MISS_REFRESH), ("run", Outcome.MISS_REFRESH), ("run", Outcome.BYPASS_OFF), ("hit", Outcome.HIT)
    ]  # fmt: skip
    with pytest.raises(ReplayMiss), plan(), mode("replay"):
        mod.f(2)
    assert ran() == ["f"]


def test_many_items_are_planned_one_by_one_and_sent_nowhere(mod: Any, ran: Ran) -> None:
    mod.f.map([1, 2])
    ran()
    with plan() as planned:
        found = mod.f.map([1, 2, 3, 4], n_jobs=2)
    assert found[:2] == [2, 3]
    assert [would for would, _ in told(planned)] == ["hit", "hit", "run", "run"]
    assert ran() == []


def test_what_is_awaited_is_planned(mod: Any, ran: Ran) -> None:
    import asyncio

    async def all_of_them() -> None:
        await asyncio.gather(*(mod.waits(number) for number in range(3)))

    asyncio.run(mod.waits(0))
    with plan() as planned:
        asyncio.run(all_of_them())
    assert sorted(told(planned)) == [("hit", "waits"), ("run", "waits"), ("run", "waits")]
    assert ran() == ["waits"]


def test_threads_are_planned(mod: Any, ran: Ran) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with plan() as planned, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda x: [mod.f(x)], [1, 2, 3]))
    assert told(planned) == [("run", "f")] * 3
    assert ran() == []


def test_a_captured_result_is_found(project: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(
        mod="import sys\nfrom inviscid import cached\n@cached\ndef f(x):\n    return x\n@cached\ndef g():\n    return T\n"
    )
    mod = project.load()
    with plan() as planned:
        monkeypatch.setattr(mod, "T", mod.f(1), raising=False)
        mod.g()
    assert [(call.would, call.reasons) for call in planned.calls][1] == (
        "may run", ("it rests on the result of f(), which would run",)
    )  # fmt: skip
    monkeypatch.setattr(mod, "T", 3)
    assert mod.g() == 3


def test_there_is_one_plan_at_a_time_and_none_inside_a_body(mod: Any, project: Any) -> None:
    with plan() as planned:
        plan().__enter__()
    assert "a plan is being made already" in planned.ended
    project.write(inside="from inviscid import cached, plan\n@cached\ndef f():\n    with plan():\n        pass\n")
    with pytest.raises(PlanError, match="is running"):
        project.load("inside").f()
    with plan() as planned:
        mod.f(1)
    assert str(planned) == "run mod:f: first call"


def test_an_error_of_the_block_goes_to_the_caller(mod: Any) -> None:
    with pytest.raises(ZeroDivisionError), plan():
        1 / 0
    with pytest.raises(TypeError), plan():
        mod.f()
    with pytest.raises(FileNotFoundError), plan():
        mod.of_file(mod.File("nowhere"))
    assert mod.f(1) == 2


def test_a_forked_and_a_started_process_run_nothing(mod: Any, project: Any, ran: Ran) -> None:
    script = """
from mod import f
print(f(1))
try:
    f(2)
except Exception as error:
    print(type(error).__name__, error)
"""
    (project.folder / "child.py").write_text(script)
    mod.f(1)
    with plan():
        out = subprocess.run([sys.executable, "child.py"], capture_output=True, text=True, cwd=project.folder)
    assert out.stdout == "2\nPlanError f() would run, in a process that was started while a plan is made\n", out.stderr
    with plan() as planned:
        child = os.fork()
        if not child:
            try:
                mod.f(3)
            except PlanError:
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert planned.calls == []
    assert "INVISCID_PLANNING" not in os.environ
    assert issubclass(Beyond, BaseException)
