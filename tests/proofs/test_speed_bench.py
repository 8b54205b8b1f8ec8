"""The benchmark of speed: it runs, and what it makes of times is right. How long anything takes is not tested."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "speed"
MODULES = [file.stem for file in FOLDER.glob("*.py")]


@pytest.fixture
def speed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The scripts as modules."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import judge
    import measure
    import refuse
    import rows
    import run
    import show

    yield SimpleNamespace(judge=judge, measure=measure, refuse=refuse, rows=rows, run=run, show=show)
    rows.subjects.LOG.removeHandler(rows.RAN)
    for name in MODULES:
        sys.modules.pop(name, None)


def script(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "speed.py"), "--quick", "--folder", str(folder), *options]
    # Peers need not be installed.
    return subprocess.run(
        [*command, "--libraries", "inviscid"], capture_output=True, text=True, env={**os.environ, "TMPDIR": str(folder)}
    )


@pytest.mark.slow
def test_a_row_is_timed_and_its_folder_is_removed(tmp_path: Path) -> None:
    done = script(tmp_path, "--only", "dict")
    assert done.returncode == 0, done.stderr
    assert "dict: nested dict of 100" in done.stdout
    assert "≥ 15× faster than joblib: not measured, missed (nothing of joblib)" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_missed_target_fails_only_where_that_is_asked_for(tmp_path: Path) -> None:
    """Without the peer that it names, no target is met."""
    done = script(tmp_path, "--only", "dict", "--check")
    assert done.returncode == 1, done.stderr
    assert "nested dict of 100" in done.stdout.splitlines()[-3]


def figures(speed: Any, **medians: float) -> Any:
    return {name: speed.measure.of_samples([median] * 2) for name, median in medians.items()}


@pytest.mark.parametrize(
    ("bound", "own", "other", "ratio", "met"),
    [
        ({"faster": 10}, 1.0, 10.0, 10.0, True),
        ({"faster": 10}, 1.0, 9.0, 9.0, False),
        ({"within": 2}, 2.0, 1.0, 2.0, True),
        ({"within": 2}, 3.0, 1.0, 3.0, False),
    ],
)
def test_a_target_bounds_a_ratio(
    speed: Any, bound: dict[str, float], own: float, other: float, ratio: float, *, met: bool
) -> None:
    found = figures(speed, inviscid=own, joblib=other)
    verdict = speed.judge.judge(speed.judge.Target("joblib", **bound), found, ["joblib"], [])
    assert (verdict.ratio, verdict.met) == (ratio, met)


def test_who_does_not_do_the_work_wins_nothing(speed: Any) -> None:
    found = figures(speed, inviscid=1.0, joblib=20.0, diskcache=2.0)
    target = speed.judge.Target(speed.judge.BEST, faster=5)
    peers = ["joblib", "diskcache", "checkpointer"]
    assert speed.judge.judge(target, found, peers, []).ratio == 2.0
    assert speed.judge.judge(target, found, peers, ["diskcache"]).ratio == 20.0
    verdict = speed.judge.judge(target, found, peers, ["diskcache", "inviscid"])
    assert not verdict.met
    assert "did not do the work" in str(verdict)


@pytest.mark.parametrize("missing", ["inviscid", "joblib"])
def test_what_was_not_measured_is_not_met(speed: Any, missing: str) -> None:
    found = figures(speed, inviscid=1.0, joblib=1.0)
    del found[missing]
    verdict = speed.judge.judge(speed.judge.Target("joblib", faster=0.1), found, ["joblib"], [])
    assert (verdict.ratio, verdict.met, verdict.why) == (None, False, f"nothing of {missing}")


def test_a_time_below_what_is_taken_off_meets_nothing(speed: Any) -> None:
    found = figures(speed, inviscid=-1.0, diskcache=1.0)
    assert not speed.judge.judge(speed.judge.Target("diskcache", within=1), found, ["diskcache"], []).met


def test_contenders_take_turns_and_the_baseline_is_taken_off(speed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, called = [0.0], []
    monkeypatch.setattr(speed.measure.time, "perf_counter", lambda: clock[0])

    def contender(name: str, seconds: float, **options: Any) -> Any:
        def call() -> None:
            called.append(name)
            clock[0] += seconds

        return speed.measure.Contender(call, single=True, **options)

    contenders = {"bare": contender("bare", 1.0), "a": contender("a", 3.0), "b": contender("b", 2.0, times=4.0)}
    found = speed.measure.measure(contenders, seconds=0, least=6, baseline="bare")
    assert {name: one.median for name, one in found.items()} == {"a": 2.0, "b": 7.0}
    rounds = called[-18:]
    assert all(sorted(rounds[start : start + 3]) == ["a", "b", "bare"] for start in range(0, 18, 3))
    assert len({tuple(rounds[start : start + 3]) for start in range(0, 18, 3)}) > 1


def test_a_library_that_does_not_look_gets_a_mark(speed: Any, tmp_path: Path) -> None:
    values = [1]

    @contextmanager
    def alter() -> Iterator[None]:
        values[0] += 1
        yield
        values[0] -= 1

    seen: dict[int, int] = {}

    def body() -> int:
        speed.rows.subjects.LOG.info("ran")
        return values[0]

    def looks() -> int:
        return seen[values[0]] if values[0] in seen else seen.setdefault(values[0], body())

    looks()
    field = speed.rows.Field(str(tmp_path), [], quick=True, alter=alter, calls={"looks": looks, "blind": lambda: 1})
    assert speed.run.marks(field) == ["blind"]


def test_what_is_not_refused_is_found(speed: Any) -> None:
    """A key that sees bytes alone misses the shape and the type; one that sees all misses nothing."""

    def load() -> Any:
        array = np.arange(8.0)
        array.flags.writeable = False
        return array

    def of_bytes(array: Any) -> str:
        base = array if array.base is None else array.base
        return str(np.asarray(base).tobytes())

    def of_all(array: Any) -> str:
        return repr((array.tobytes(), array.dtype, array.shape))

    tricks = speed.refuse.ON_ARRAYS
    assert speed.refuse.unrefused(load, of_all, tricks, np.arange(8.0)) == []
    found = speed.refuse.unrefused(load, of_bytes, tricks, np.arange(8.0))
    assert {"shape =", "dtype ="} <= set(found)
    assert speed.refuse.unrefused(load, of_all, {}, np.arange(9.0)) == ["an equal value has another key"]


def test_a_trick_that_stays_in_what_is_loaded_next_is_found(speed: Any) -> None:
    same = np.arange(8.0)
    found = speed.refuse.unrefused(
        lambda: same,
        lambda array: repr((array.tobytes(), array.shape)),
        {"a[i] =": speed.refuse.ON_ARRAYS["a[i] ="]},
        same.copy(),
    )
    assert found == ["a[i] =, in what is loaded next"]


def test_the_page_is_of_these_rows_and_targets(speed: Any) -> None:
    """Who adds a row, or moves a target, has to write the page anew."""
    page = (FOLDER.parents[1] / "docs" / "explanation" / "speed.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")
    ]
    assert [row[0] for row in rows if len(row) == 6][2:] == [row.title for row in speed.rows.ROWS]
    shown = [(row[0], row[1]) for row in rows if len(row) == 4][2:]
    assert shown == [(row.title, str(target)) for row in speed.rows.ROWS for target in row.targets]
