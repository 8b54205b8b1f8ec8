"""The concurrency proof in small, and that it notices a worse store."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import awaiting, digest
from inviscid.digest import blake3
from inviscid.store import claims, locks, publisher, sweep, tally
from inviscid.store.claims import Claims
from inviscid.store.objects import Objects
from inviscid.store.reader import Reader
from inviscid.store.store import Store

RELIABILITY = Path(__file__).with_name("reliability")
LINES = ["stampede", "killed holders", "killed holders with children", "calls inside of calls", "recursion without end"]
LINES += ["awaited calls", "continuous gc", "stopped writers", "threads that fork"]

pytestmark = [
    pytest.mark.skipif(not locks.HAS_RANGES, reason="claims elsewhere are asked for again and again"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@pytest.fixture
def proof(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(RELIABILITY))
    yield __import__("concurrency")
    for file in RELIABILITY.glob("*.py"):
        sys.modules.pop(file.stem, None)


def breaches(proof: Any, make: Callable[[], Any]) -> str:
    """What is wrong, in words; a child that hangs is said by an exception."""
    try:
        return "; ".join(make().wrong)
    except proof.Broken as error:
        return str(error)


def test_these_are_the_lines(proof: Any, tmp_path: Path) -> None:
    assert [name for name, _ in proof.all_of(tmp_path, full=True)] == LINES


def test_a_breach_is_told_and_counted(proof: Any, capsys: pytest.CaptureFixture[str]) -> None:
    bad = proof.Finding("a", {"calls": 1000, "for": "1 s"}, ["one", "two"])

    def raises() -> Any:
        raise ValueError("three")

    assert proof.tell([("a", lambda: bad), ("b", raises), ("c", lambda: proof.Finding("c"))]) == 3
    told = capsys.readouterr().out
    assert told.count("WRONG") == 2
    assert "1,000 calls, for 1 s" in told
    assert "! ValueError: three" in told


def test_the_script_fails_where_anything_is_wrong(
    proof: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(proof, "stampede", lambda *_: proof.Finding("stampede", {}, ["wrong"]))
    assert proof.main(["--only", "stampede"]) == 1
    monkeypatch.setattr(proof, "stampede", lambda *_: proof.Finding("stampede"))
    assert proof.main(["--only", "stampede"]) == 0
    assert "WRONG" in capsys.readouterr().out


def test_who_computes(proof: Any, tmp_path: Path) -> None:
    one = proof.stampede(tmp_path / "a", 8, 3)
    assert one.wrong == []
    assert one.counts["computations"] == 3
    for name, leaves in (("b", False), ("c", True)):
        two = proof.takeover(tmp_path / name, 3, 1, leaves_children=leaves)
        assert two.wrong == []
        assert two.counts["killed"] == 3
        assert two.counts["computations"] == 4


def test_calls_inside_of_calls(proof: Any, tmp_path: Path) -> None:
    assert proof.reentry.calls(tmp_path / "a", 2, 2, 1).wrong == []
    assert proof.reentry.endless(tmp_path / "b", 2, 2, 1).wrong == []
    assert proof.reentry.awaited(tmp_path / "c", 2, 2, 1).wrong == []


@pytest.mark.slow
def test_traffic(proof: Any, tmp_path: Path) -> None:
    one = proof.traffic.collected(tmp_path / "a", 4, 1_000)
    assert one.wrong == []
    assert one.counts["right"] == 1_000
    assert one.counts["looks at all rows"] > 5
    two = proof.traffic.forking(tmp_path / "b", 4, 5)
    assert two.wrong == []
    assert two.counts["right"] == two.counts["calls"] > 75


def test_writers_that_are_stopped(proof: Any, tmp_path: Path) -> None:
    found = proof.stopped.writers(tmp_path, every=5, names=("durable", "shared", "huge"))
    assert found.wrong == []
    assert found.counts["loaded"] > 10
    assert found.counts["written again"] > 2


# A worse store ------------------------------------------------------------------------------------------------------


def test_claims_that_nobody_takes(proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Claims, "_take", lambda *_, **__: (None, False))
    assert "computations in 2 rounds" in breaches(proof, lambda: proof.stampede(tmp_path / "a", 6, 2))
    assert "beside the holder" in breaches(proof, lambda: proof.takeover(tmp_path / "b", 2, 1, patience=2))


def test_a_holder_that_dies_and_whose_child_keeps_the_lock(
    proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks.RangeLock, "abandon", lambda self: None)
    assert "bodies ran" in breaches(
        proof, lambda: proof.takeover(tmp_path, 1, 1, leaves_children=True, patience=1)
    )  # fmt: skip


def test_locks_that_are_asked_for_again_and_again(proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = locks.RangeLock.acquire

    def acquire(self: Any, wait: bool) -> bool:
        while not real(self, wait=False):
            if not wait:
                return False
            time.sleep(0.4)
        return True

    monkeypatch.setattr(locks.RangeLock, "acquire", acquire)
    assert "a takeover took" in breaches(proof, lambda: proof.takeover(tmp_path, 2, 1))


def test_circles_that_nobody_sees(proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_reaches", lambda *_: False)
    assert "hangs" in breaches(proof, lambda: proof.reentry.endless(tmp_path, 4, 3, 2, patience=2))


def test_tasks_that_wait_for_themselves(proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def join(flight: Any, step: Any) -> bool:
        await awaiting._wait(flight)
        return True

    monkeypatch.setattr(awaiting, "_join", join)
    assert "hangs" in breaches(proof, lambda: proof.reentry.awaited(tmp_path, 1, 1, 1, patience=2))


def test_readers_that_raise_where_an_object_is_gone(
    proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def condemn(self: Any, entry: Any) -> Any:
        raise FileNotFoundError(2, "gone")

    load = Objects.load
    # So that a collection often comes in between.
    monkeypatch.setattr(Objects, "load", lambda *given: time.sleep(0.005) or load(*given))
    monkeypatch.setattr(Reader, "condemn", condemn)
    assert "FileNotFoundError" in breaches(proof, lambda: proof.traffic.collected(tmp_path, 4, 500))


def test_readers_that_take_one_entry_for_another(proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find, count, last = Store.find, [0], [None]

    def another(self: Any, key: bytes) -> Any:
        count[0] += 1
        if count[0] % 50 == 0 and last[0] is not None:
            return last[0]
        entry = find(self, key)
        last[0] = entry or last[0]
        return entry

    monkeypatch.setattr(Store, "find", another)
    assert "× wrong" in breaches(proof, lambda: proof.traffic.collected(tmp_path, 2, 500))


def test_writers_that_do_not_look_whether_their_object_is_there(
    proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Objects.freshen
    monkeypatch.setattr(Objects, "freshen", lambda self, name: real(self, name) or True)
    found = breaches(proof, lambda: proof.stopped.writers(tmp_path, every=5, names=("medium", "shared")))
    assert "what it stored is gone" in found


def test_a_collection_that_believes_its_plan(proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planned while the writer was in its transaction, made after that."""
    monkeypatch.setattr(sweep, "_is_needed", lambda connection, file: False)
    assert "what it stored is gone" in breaches(proof, lambda: proof.stopped.writers(tmp_path, 1, names=("medium",)))


def test_an_eviction_that_looks_for_no_other_row(proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_NEEDED", "SELECT 1 WHERE ? = 0")
    monkeypatch.setattr(proof.traffic, "_NAMES", ("shared", "small"))
    assert "without their objects" in breaches(proof, lambda: proof.traffic.collected(tmp_path, 2, 600))


def test_writers_that_look_before_their_transaction(
    proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look has to be where nobody can come in between."""
    attempt, real = publisher.Publisher._try, Objects.freshen

    def looks_first(self: Any, row: Any) -> bool:
        monkeypatch.setattr(Objects, "freshen", lambda objects, name: real(objects, name) or True)
        return attempt(self, row)

    monkeypatch.setattr(publisher.Publisher, "_try", looks_first)
    assert "what it stored is gone" in breaches(proof, lambda: proof.stopped.writers(tmp_path, 4, names=("medium",)))


def test_a_child_that_keeps_a_lock_of_its_parent(proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rest(self: Any, child: bool) -> None:
        if not child:
            self._guard.release()

    # A lock that knows its thread would be free for the one that forked.
    monkeypatch.setattr(tally.threading, "RLock", threading.Lock)
    monkeypatch.setattr(tally.Tally, "after_fork", rest)
    forking = proof.traffic.forking
    assert "hangs" in breaches(proof, lambda: forking(tmp_path, 2, 3, patience=2, longest=15))


@pytest.mark.skipif(os.cpu_count() == 1, reason="nothing is handed to threads")
def test_a_child_that_hands_work_to_threads_of_its_parent(
    proof: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a child takes for its own threads.
    monkeypatch.setattr(digest.os, "cpu_count", lambda: blake3.AUTO)
    proof.subjects.FUNCTIONS = {"huge": proof.subjects.huge}
    monkeypatch.setattr(proof.traffic, "_NAMES", ("huge",))
    assert "hangs" in breaches(proof, lambda: proof.traffic.forking(tmp_path, 1, 2, patience=2, longest=4))
