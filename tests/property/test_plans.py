"""What a plan says is what the run does: pipelines at random, planned and run after each edit."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from inviscid import plan
from inviscid.planning import is_unknown

FUNCTIONS = 4


class Function(NamedTuple):
    """One cached function: a constant, what it divides by, which functions before it it calls, whether it looks."""

    constant: int
    divisor: int
    calls: tuple[int, ...]
    looks: bool


class Step(NamedTuple):
    """One line of the script: which function, with a number or with what an earlier line gave."""

    function: int
    number: int
    earlier: int | None


class Edit(NamedTuple):
    """What happens between two runs."""

    kind: str
    function: int
    number: int


functions = st.lists(
    st.builds(
        Function, st.integers(0, 3), st.sampled_from([1, 1, 100]), st.lists(st.integers(0, 2), max_size=2).map(tuple), st.booleans()
    ),
    min_size=FUNCTIONS, max_size=FUNCTIONS,
)  # fmt: skip
steps = st.lists(
    st.builds(Step, st.integers(0, FUNCTIONS + 1), st.integers(0, 2), st.none() | st.integers(0, 3)),
    min_size=1,
    max_size=5,
)
edits = st.lists(
    st.builds(Edit, st.sampled_from(["constant", "divisor", "world", "forget", "nothing"]), st.integers(0, FUNCTIONS - 1), st.integers(0, 3)),
    min_size=1, max_size=3,
)  # fmt: skip


def text(given: list[Function]) -> str:
    lines = ["import pathlib, sys", "from inviscid import cached, effect, source"]
    lines += ["@source", "def look():", "    return len(pathlib.Path('world.txt').read_text())"]
    lines += ["@effect", "def act(x):", "    return None"]
    for number, one in enumerate(given):
        lines += [f"K{number} = {one.constant}", "@cached", f"def c{number}(x):", f"    v = x + K{number}"]
        lines += [f"    v += c{called}(x % 2)" for called in one.calls if called < number]
        lines += ["    v += look()"] if one.looks else []
        lines += [f"    return v // {one.divisor} + {number}"]
    return "\n".join(lines) + "\n"


class Records(logging.Handler):
    """What became of each call of a run."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen: list[tuple[str, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "outcome"):
            self.seen.append((record.outcome.kind, record.function, record.key))  # type: ignore[attr-defined]


@contextmanager
def listening() -> Iterator[Records]:
    logger, handler = logging.getLogger("inviscid"), Records()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def load(folder: Path) -> Any:
    sys.modules.pop("pipe", None)
    importlib.invalidate_caches()
    return importlib.import_module("pipe")


def execute(module: Any, script: list[Step], given: list[Any]) -> None:
    for step in script:
        name = {FUNCTIONS: "look", FUNCTIONS + 1: "act"}.get(step.function, f"c{step.function}")
        argument = given[step.earlier] if step.earlier is not None and step.earlier < len(given) else step.number
        given.append(getattr(module, name)(*([] if name == "look" else [0 if argument is None else argument])))


def compare(folder: Path, script: list[Step]) -> None:
    foreseen: list[Any] = []
    with plan() as planned:
        execute(load(folder), script, foreseen)
    note(str(planned))
    real: list[Any] = []
    with listening() as records:
        execute(load(folder), script, real)
    note(str(records.seen))
    ran = {(name, key) for kind, name, key in records.seen if kind != "hit"}
    served = {(name, key) for kind, name, key in records.seen if kind == "hit"}
    for call in planned.calls:
        if call.would == "run":
            assert (call.function, call.key) in ran if call.key else call.function in {name for name, _ in ran}, call
        if call.would == "hit":
            assert (call.function, call.key) in served, call
            assert (call.function, call.key) not in ran, call
    for mine, theirs in zip(foreseen, real, strict=False):
        assert is_unknown(mine) or mine == theirs
    if not planned.ended:
        assert len(foreseen) == len(real)
        if all(call.would == "hit" for call in planned.calls):
            assert not ran


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(functions, steps, edits)
def test_plan_and_run_are_equal(
    monkeypatch: pytest.MonkeyPatch, given_functions: list[Function], script: list[Step], changes: list[Edit]
) -> None:
    with tempfile.TemporaryDirectory() as place, monkeypatch.context() as patched:
        folder, before = Path(place), os.getcwd()
        patched.setenv("INVISCID_STORE", str(folder / "store"))
        patched.syspath_prepend(place)
        patched.setattr(sys, "dont_write_bytecode", True)
        patched.chdir(folder)
        (folder / "world.txt").write_text("ab")
        try:
            now = list(given_functions)
            (folder / "pipe.py").write_text(text(now))
            compare(folder, script)
            for edit in changes:
                note(str(edit))
                one = now[edit.function]
                if edit.kind == "constant":
                    now[edit.function] = one._replace(constant=edit.number)
                elif edit.kind == "divisor":
                    now[edit.function] = one._replace(divisor=edit.number + 1)
                elif edit.kind == "world":
                    (folder / "world.txt").write_text("a" * edit.number)
                (folder / "pipe.py").write_text(text(now))
                if edit.kind == "forget":
                    getattr(load(folder), f"c{edit.function}").clean()
                compare(folder, script)
        finally:
            os.chdir(before)
            sys.modules.pop("pipe", None)
