"""A small pipeline is edited, configured, frozen, aged and fed at random, against a model that always recomputes.

The model knows no cache. It says what each call must give, and which bodies were *necessary*: a body is, if its own code,
its config, its arguments, what it observed itself and the answers of what it calls never came together before. Nothing else
may run.

Each step is one rule. The bounded run takes a few hundred; INVISCID_STEPS sets how many, the full one takes over 10,000.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import inviscid
from inviscid import FrozenMiss, calls, confirm, function, kinds
from inviscid.confirm import Standing

STEPS = int(os.environ.get("INVISCID_STEPS", "400"))
PER_RUN = 40

# What stands for each function, in several spellings; those with the same number do the same.
CODE: dict[str, list[tuple[int, str]]] = {
    "helper": [(0, "x + 1"), (0, "1 + x - 0"), (1, "x + 2")],
    "clean": [(0, "look() // 2"), (0, "(look() + 0) // 2"), (1, "look() // 3")],
    "load": [(0, "len(read(path))"), (1, "len(read(path)) * 2")],
    "aged": [(0, "size('aged') + n"), (1, "size('aged') - n")],
    "scale": [(0, "helper(n) * k"), (1, "helper(n) - k")],
    "join": [(0, "[clean(), load(path), scale(n)]"), (0, "[clean() + 0, load(path), scale(n)]"), (1, "[clean(), 0, scale(n)]")],
    "top": [(0, "sum(join(path, n)) + aged(n)"), (1, "min(join(path, n)) - aged(n)")],
    "mapped": [(0, "sum(map(scale, [n, n + 1]))"), (1, "max(map(scale, [n, n + 1]))")],
}  # fmt: skip

TEXT = """
import os, sys
from inviscid import cached, config, source

def ran(name): sys.audit("test.ran", name)
def size(name): return os.path.getsize(os.path.join({world!r}, name))
def read(path):
    with open(path) as file: return file.read()

def helper(x):
    return {helper}

@source(observe=lambda: size("token"))
def look():
    ran("look")
    return size("value")

@cached
def clean():
    ran("clean")
    return {clean}

@cached
def load(path):
    ran("load")
    return {load}

@cached(max_age=100, pure=True)
def aged(n):
    ran("aged")
    return {aged}

@cached
def scale(n, k: int = config("m.k", default=1)):
    ran("scale")
    return {scale}

@cached
def join(path, n):
    ran("join")
    return {join}

@cached
def top(path, n):
    ran("top")
    return {top}

@cached
def mapped(n):
    ran("mapped")
    return {mapped}
"""

_heard: list[str] = []


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if event == "test.ran":
        _heard.append(str(args[0]))


sys.addaudithook(_hear)


class Pipeline(RuleBasedStateMachine):
    """The world, the code and the config; and the model of both."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.env = {name: os.environ.get(name) for name in ("INVISCID_STORE", "INVISCID_MODE")}
        os.environ["INVISCID_STORE"] = str(self.root / "store")
        sys.path.insert(0, self.folder.name)
        self.real, self.now = time.time, 2_000_000_000.0
        time.time = lambda: self.now  # type: ignore[assignment]  # ages are told by this clock
        self.chosen = dict.fromkeys(CODE, 0)
        self.k = 1
        self.world = {"value": 1, "token": 1, "aged": 1}
        self.content = "a"
        # What the model knows: which combinations came before, what a token stands for, what is how old.
        self.before: set[Any] = set()
        self.observed: set[int] = set()
        self.ages: dict[Any, tuple[float, int]] = {}
        self.frozen: int | None = None
        """What `clean` is frozen at."""
        self.home = os.getcwd()
        os.chdir(self.folder.name)
        self.module: ModuleType = self.load()

    def load(self) -> ModuleType:
        for name, size in self.world.items():
            (self.root / name).write_bytes(b"x" * size)
        (self.root / "data").write_text(self.content)
        spelled = {name: CODE[name][number][1] for name, number in self.chosen.items()}
        (self.root / "pipeline.py").write_text(TEXT.format(world=self.folder.name, **spelled))
        sys.modules.pop("pipeline", None)
        importlib.invalidate_caches()
        return importlib.import_module("pipeline")

    def teardown(self) -> None:
        time.time = self.real
        os.chdir(self.home)
        sys.path.remove(self.folder.name)
        sys.modules.pop("pipeline", None)
        for name, value in self.env.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self.folder.cleanup()

    # What may happen.

    @initialize()
    def begin(self) -> None:
        _heard.clear()

    @rule(name=st.sampled_from(sorted(CODE)), number=st.integers(0, 2))
    def edit(self, name: str, number: int) -> None:
        self.chosen[name] = number % len(CODE[name])
        self.module = self.load()

    @rule(value=st.integers(1, 7))
    def the_source_changes(self, value: int) -> None:
        self.world.update(value=value, token=self.world["token"] + 1)
        self.module = self.load()

    @rule()
    def the_source_is_touched(self) -> None:
        self.world["token"] += 1
        self.module = self.load()

    @rule(content=st.sampled_from(["a", "b", "cc"]))
    def the_file_is_written(self, content: str) -> None:
        self.content = content
        (self.root / "data").write_text(content)

    @rule(size=st.integers(1, 3))
    def what_ages_changes(self, size: int) -> None:
        self.world["aged"] = size
        (self.root / "aged").write_bytes(b"x" * size)

    @rule(seconds=st.sampled_from([1, 60, 101]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def freeze(self) -> None:
        try:
            self.module.clean.calling().freeze(because="it was sent out")
        except FrozenMiss:
            # Nothing is stored that it would be now.
            assert self.frozen is None
        else:
            if self.frozen is None:
                self.frozen = self.module.clean()

    @rule()
    def thaw(self) -> None:
        if self.frozen is None:
            with pytest.raises(FrozenMiss):
                self.module.clean.calling().thaw()
        else:
            self.module.clean.calling().thaw()
            self.frozen = None

    @rule(k=st.integers(1, 3))
    def configure(self, k: int) -> None:
        self.k = k

    @rule(
        name=st.sampled_from(["top", "join", "mapped", "clean", "aged"]),
        n=st.integers(0, 1),
        mode=st.sampled_from(["on"] * 6 + ["readonly", "off", "refresh", "fresh"]),
    )
    def call(self, name: str, n: int, mode: str) -> None:
        arguments = {"top": ("path", "n"), "join": ("path", "n"), "mapped": ("n",), "clean": (), "aged": ("n",)}[name]
        given = {"path": str(self.root / "data"), "n": n}
        _heard.clear()
        stopped = mode == "fresh" and self.frozen is not None and name in ("top", "join", "clean")
        refused = pytest.raises(FrozenMiss) if stopped else nullcontext()
        with refused, inviscid.configure({"m.k": self.k}), inviscid.mode(mode):
            found = getattr(self.module, name)(*(given[argument] for argument in arguments))
        if stopped:
            return
        runs = sorted(_heard)
        model = _Model(self, mode)
        wanted = model.value(name, n)
        assert found == wanted, f"{name}({n}) gave {found} and not {wanted} in mode {mode}"
        if mode == "on":
            extra = [one for one in runs if one not in model.necessary]
            assert not extra, f"{name}({n}) ran {runs}; necessary were {model.necessary}"
        if mode == "refresh":
            # What was there before isn't wanted any more, whatever it was computed for.
            names = {combination[0] for combination in model.met}
            self.before = {known for known in self.before if known[0] not in names} | model.met
        Pipeline.steps += 1

    @rule(n=st.integers(0, 1))
    def call_the_top(self, n: int) -> None:
        self.call("top", n, "on")

    @rule(n=st.integers(0, 1))
    def call_what_is_given_away(self, n: int) -> None:
        self.call("mapped", n, "on")

    @rule(size=st.integers(1, 3))
    def it_is_asked_when_it_is_old(self, size: int) -> None:
        self.call("aged", 0, "on")
        self.what_ages_changes(size)
        self.time_passes(101)
        self.call("aged", 0, "on")

    @rule()
    def call_the_observer(self) -> None:
        self.call("clean", 0, "on")

    @invariant()
    def counted(self) -> None:
        assert math.isfinite(self.now)


class _Model:
    """What a call gives where everything is computed anew, but for what may be old; and which bodies that takes."""

    def __init__(self, machine: Pipeline, mode: str) -> None:
        self.machine = machine
        self.mode = mode
        self.keeps = mode in ("on", "refresh")
        self.necessary: list[str] = []
        self.met: set[Any] = set()

    def does(self, name: str) -> int:
        return CODE[name][self.machine.chosen[name]][0]

    def spelled(self, name: str) -> int:
        return self.machine.chosen[name]

    def value(self, name: str, n: int) -> Any:
        return getattr(self, name)(n)

    def ran(self, name: str, *combination: Any) -> None:
        self.met.add((name, *combination))
        if (name, *combination) not in self.machine.before:
            self.necessary.append(name)
            if self.keeps:
                self.machine.before.add((name, *combination))

    def look(self) -> int:
        token = self.machine.world["token"]
        if self.mode != "on" or token not in self.machine.observed:
            self.necessary.append("look")
        if self.keeps:
            self.machine.observed.add(token)
        return self.machine.world["value"]

    def clean(self, n: int = 0) -> int:
        if self.machine.frozen is not None and self.mode != "off":
            return self.machine.frozen
        seen = self.look()
        self.ran("clean", self.spelled("clean"), seen)
        return seen // (2 if self.does("clean") == 0 else 3)

    def load(self) -> int:
        self.ran("load", self.does("load"), self.machine.content)
        return len(self.machine.content) * (1 + self.does("load"))

    def aged(self, n: int) -> int:
        does, now, ages = self.does("aged"), self.machine.now, self.machine.ages
        fresh = self.machine.world["aged"] + (n if does == 0 else -n)
        known = ages.get((does, n))
        if self.mode in ("on", "readonly") and known is not None and now - known[0] < 100:
            return known[1]
        self.necessary.append("aged")
        if self.keeps:
            ages[does, n] = now, fresh
        return fresh

    def scale(self, n: int) -> int:
        helper, k = n + 1 + self.does("helper"), self.machine.k
        self.ran("scale", self.does("scale"), self.spelled("helper"), n, k)
        return helper * k if self.does("scale") == 0 else helper - k

    def join(self, n: int) -> list[int]:
        found = [self.clean(), self.load() if self.does("join") == 0 else 0, self.scale(n)]
        self.ran("join", self.spelled("join"), n, *found)
        return found

    def top(self, n: int) -> int:
        parts, old = self.join(n), self.aged(n)
        self.ran("top", self.does("top"), n, *parts, old)
        return sum(parts) + old if self.does("top") == 0 else min(parts) - old

    def mapped(self, n: int) -> int:
        found = [self.scale(n), self.scale(n + 1)]
        # It is given away as a value: so its code counts, whatever it gives.
        code = self.does("scale"), self.spelled("helper"), self.machine.k
        self.ran("mapped", self.does("mapped"), n, *code)
        return sum(found) if self.does("mapped") == 0 else max(found)


def run(steps: int, phases: Sequence[Phase] = tuple(Phase)) -> int:
    """Run the machine; how many calls were compared."""
    Pipeline.steps = 0
    chosen = settings(
        max_examples=max(steps // PER_RUN, 1), stateful_step_count=PER_RUN, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False, phases=phases,
        # The same defects are to be found each time.
        derandomize=Phase.shrink not in phases,
    )  # fmt: skip
    run_state_machine_as_test(Pipeline, settings=chosen)
    return Pipeline.steps


def test_no_wrong_value_and_no_needless_run() -> None:
    assert run(STEPS) > STEPS // 20


def _blind(*args: Any, **keywords: Any) -> Any:
    return Standing()
    yield


def _unobserved(self: Any, values: Any, mode: Any) -> Any:
    return function.CachedFunction._identify(self, values, mode)


@pytest.mark.parametrize(
    ("owner", "name", "defect"),
    [
        pytest.param(confirm, "confirm", _blind, id="manifests are not looked at"),
        pytest.param(kinds.SourceFunction, "_identify", _unobserved, id="sources are not observed"),
        pytest.param(function.CachedFunction, "_expired", lambda self, entry: "", id="ages are not looked at"),
        pytest.param(kinds.SourceFunction, "__inviscid_fickle__", False, id="callers don't ask sources again"),
        pytest.param(calls, "_answers", lambda references: [], id="what is frozen is in no key"),
    ],
)  # fmt: skip
def test_a_defect_is_found(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, defect: Any) -> None:
    monkeypatch.setattr(owner, name, defect)
    with pytest.raises(AssertionError):
        run(12_000, [Phase.generate])
