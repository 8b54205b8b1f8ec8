"""The comparison of caches under faults: how it classes what it sees, and that it runs, on inviscid alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "faults"
HIT, RECOMPUTE = {"came": "right", "ran": False}, {"came": "right", "ran": True}
WRONG, ERROR = {"came": "wrong", "ran": False}, {"came": "EOFError: ", "ran": False}


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(FOLDER))
    import scenes

    yield scenes
    sys.modules.pop("scenes", None)


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ([RECOMPUTE, HIT, HIT], "recompute"),
        ([RECOMPUTE, RECOMPUTE, RECOMPUTE], "recompute each time"),
        ([HIT, HIT, HIT], "hit"),
        ([HIT, WRONG, HIT], "**wrong value**"),
        ([ERROR, ERROR, WRONG], "**wrong value**"),
        ([ERROR, ERROR, ERROR], "error for ever"),
        ([ERROR, RECOMPUTE, HIT], "error to the caller, then hit"),
    ],
)
def test_what_is_said_of_calls(scenes: Any, came: list[dict[str, Any]], said: str) -> None:
    assert scenes.over_time(came) == said


def test_each_damage_is_one(scenes: Any) -> None:
    whole = bytearray(range(256)) * 64
    for damage, size in ((scenes.halved, 8192), (scenes.flipped, 16_384), (scenes.zeroed, 16_384)):
        data = bytearray(whole)
        damage(data)
        assert len(data) == size
        assert data != whole


@pytest.mark.slow
def test_a_scene_with_inviscid_and_what_is_no_cache(
    scenes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scenes.damaged(scenes.flipped)("inviscid", tmp_path) == "recompute"
    # It can't even be opened.
    (came,) = scenes.calls("nothing", tmp_path, 1)
    assert scenes.kind(came) == "error"
    assert came["came"].startswith("KeyError")


@pytest.mark.slow
def test_the_script_runs_and_its_check_counts() -> None:
    command = [sys.executable, str(FOLDER / "faults.py"), "--libraries", "inviscid", "--only", "half", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "truncated to half" in done.stdout
    refused = subprocess.run([*command, "--write"], capture_output=True, text=True)
    assert "the whole comparison" in refused.stderr
