"""The power-loss proof as it is, the crash proof with a few faults for each task; and that both notice a worse store."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from inviscid import frames
from inviscid.store import publisher
from inviscid.store.objects import Objects

RELIABILITY = Path(__file__).with_name("reliability")
TASKS = ["put inline", "put durable", "put quick", "put draft", "put claimed", "replace", "get", "forget", "gc"]
TASKS += ["quarantine", "pin", "count", "create", "migrate", "empty index", "rebuild"]


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives a proof by its name."""
    monkeypatch.syspath_prepend(str(RELIABILITY))
    yield __import__
    for file in RELIABILITY.glob("*.py"):
        sys.modules.pop(file.stem, None)


@pytest.fixture
def crash(proofs: Any) -> Any:
    proof = proofs("crash")
    reason = proof.tracing.why_not()
    if reason is not None:
        pytest.skip(reason)
    return proof


def proved(crash: Any, name: str, root: Path, most: int | None) -> Any:
    task = next(task for task in crash.TASKS if task.name == name)
    return crash.prove(task, root, random.Random(0), most)


def test_no_power_failure_takes_what_was_acknowledged_and_every_mutant_is_caught(proofs: Any, tmp_path: Path) -> None:
    powerloss = proofs("powerloss")
    outcomes = powerloss.prove_all(tmp_path)
    assert powerloss.judge(outcomes) == []
    assert sum(outcome.states for outcome in outcomes[powerloss.OURS.name]) > 300


def test_a_put_that_forgets_its_new_folder_is_noticed(
    proofs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the store itself, not in what was recorded of it."""
    powerloss = proofs("powerloss")
    sync = powerloss.objects._sync
    monkeypatch.setattr(powerloss.objects, "_sync", lambda path: path.endswith("/objects") or sync(path))
    outcomes = powerloss.prove_all(tmp_path, [powerloss.OURS])[powerloss.OURS.name]
    assert sum(outcome.lost for outcome in outcomes) > 0


def test_these_are_the_tasks(crash: Any) -> None:
    assert [task.name for task in crash.TASKS] == TASKS


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_a_few_faults(crash: Any, tmp_path: Path, name: str) -> None:
    tally = proved(crash, name, tmp_path, 4)
    assert tally.violations == []
    assert tally.confirmed == tally.kills + tally.errors == 4


def in_place(self: Objects, path: str, views: Sequence[memoryview], durable: bool) -> None:
    """An object that is written where it will be."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    data = b"".join(views)
    os.ftruncate(handle, len(data))
    os.write(handle, data[:99])
    os.write(handle, data[99:])
    os.close(handle)


def test_an_object_that_is_written_in_place_and_not_checked_gives_wrong_values(
    crash: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crash.tracing, "CALLS", {"write": ()})
    monkeypatch.setattr(Objects, "_write", in_place)
    monkeypatch.setattr(frames, "verify", lambda data, name: True)
    tally = proved(crash, "put quick", tmp_path, None)
    assert tally.kinds["wrong value"] == tally.kills == 2


def test_errors_that_are_not_told_lose_what_was_acknowledged(
    crash: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crash.tracing, "CALLS", {"fsync": ("EIO",)})
    publish = publisher.Publisher.publish

    def silent(*arguments: Any) -> Any:
        try:
            return publish(*arguments)
        except crash.tracing.StoreError:
            return arguments[1]

    monkeypatch.setattr(publisher.Publisher, "publish", silent)
    tally = proved(crash, "put durable", tmp_path, None)
    assert tally.kinds["lost"] == tally.errors > 0


def test_another_exception_is_noticed(crash: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash.tracing, "CALLS", {"renameat": ("EDQUOT",), "renameat2": ("EDQUOT",)})
    monkeypatch.setattr(publisher, "failure", lambda doing, error: error)
    assert proved(crash, "put durable", tmp_path, None).kinds["exception"] > 0


def test_a_fault_that_does_not_fire_is_no_proof(crash: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash.tracing, "faults", lambda work: [crash.Fault("mkdir", 99, "EIO")])
    tally = proved(crash, "put durable", tmp_path, None)
    assert tally.kinds["not injected"] == 1
    assert tally.confirmed == 0


def test_without_strace_the_proof_fails_and_says_why(
    proofs: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert proofs("crash").main(["--quick"]) == 1
    assert "Debian package strace" in capsys.readouterr().err
