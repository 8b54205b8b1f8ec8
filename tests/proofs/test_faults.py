"""A small form of each part of the proof of faults; and that it notices a worse store."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inviscid import frames, stores
from inviscid.memo import Memo
from inviscid.store import index, reader
from inviscid.store.objects import Objects

RELIABILITY = Path(__file__).with_name("reliability")
PARTS = [
    "bits of an inline object",
    "lengths of an inline object",
    "bits of an object in a file",
    "lengths of an object in a file",
    "corrupt array(262144)",
    "corrupt table(131072)",
    "corrupt blob(2097152)",
    "corrupt array(700000)",
    "corrupt array, memory tier on",
    "bits of the index",
    "lengths of the index",
    "blocks of the index",
    "bits of the index's log",
    "remembered forms in the index",
    "refused stores",
    "full and read-only file systems",
    "errors of system calls",
    "clocks ten years off",
    "umasks",
    "hash seeds",
    "other Pythons",
]


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The proof."""
    monkeypatch.syspath_prepend(str(RELIABILITY))
    yield __import__("faults")
    for file in RELIABILITY.glob("*.py"):
        sys.modules.pop(file.stem, None)


@pytest.fixture
def root(faults: Any) -> Iterator[Path]:
    """Where a child that is another user gets to: pytest's own folder is closed to it."""
    with tempfile.TemporaryDirectory(prefix="inviscid-faults-", dir=faults._place()) as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)


@pytest.fixture
def proved(faults: Any, root: Path) -> Callable[[str], Any]:
    """Gives the record of a part, less than half of that of a quick run."""

    def prove(name: str) -> Any:
        proof = faults.Proof(root, random.Random(1), {}, share=0.4)
        return faults.records.made(name, dict(proof.parts())[name])

    return prove


def test_these_are_the_parts(faults: Any, tmp_path: Path) -> None:
    assert [name for name, _ in faults.Proof(tmp_path, random.Random(0), {}, share=1.0).parts()] == PARTS


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_a_part(faults: Any, proved: Callable[[str], Any], name: str) -> None:
    if name.startswith("errors of") and (reason := faults.tracing.why_not()) is not None:
        pytest.skip(reason)
    record = proved(name)
    if record.skipped:
        pytest.skip(record.skipped)
    assert record.stories == []
    assert record.injected


def checks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "verify", lambda data, name: True)
    monkeypatch.setattr(reader, "_is", lambda data, name: True)


@pytest.mark.parametrize("where", ["an inline object", "an object in a file"])
def test_a_store_that_checks_nothing_gives_wrong_values(
    proved: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    checks_nothing(monkeypatch)
    record = proved(f"bits of {where}")
    assert record.breaches["wrong values"] > record.injected / 2


def test_damage_that_is_left_where_it_is_is_noticed(
    proved: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Objects, "quarantine", lambda self, name: None)
    record = proved("bits of an object in a file")
    assert record.breaches == {"not quarantined": record.injected}


def test_damage_that_is_not_counted_is_noticed(proved: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_count", lambda connection: None)
    record = proved("lengths of an inline object")
    assert record.breaches == {"not counted": record.injected}


def test_a_part_that_is_taken_for_the_whole_is_noticed(
    proved: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Objects, "load", lambda self, name, size: memoryview(Path(self.path(name)).read_bytes()))
    record = proved("lengths of an object in a file")
    assert record.breaches["no hit later"] + record.breaches["wrong values"] >= record.injected


def test_an_error_of_a_put_that_the_caller_gets_is_noticed(
    proved: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores.Attempt, "use", lambda self, use, otherwise: use())
    assert proved("refused stores").breaches["exceptions"] > 0


def test_an_index_that_stays_damaged_is_noticed(proved: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "is_damage", lambda error, path: False)
    assert proved("blocks of the index").breaches["no hit later"] > 0


def test_a_result_of_the_future_that_is_taken_for_young_is_noticed(
    proved: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = Memo._expired

    def by_age_alone(self: Any, entry: Any) -> str:
        why = expired(self, entry)
        return "" if why.startswith("computed -") else why

    monkeypatch.setattr(Memo, "_expired", by_age_alone)
    assert proved("clocks ten years off").breaches["age"] == 3


def test_permissions_that_the_umask_decides_are_noticed(
    proved: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fchmod", lambda handle, mode: None)
    assert proved("umasks").breaches["permissions"] > 0


def test_a_part_that_injects_nothing_is_no_proof(faults: Any, proved: Callable[[str], Any]) -> None:
    assert faults.records.made("none", lambda record: None).breaches == {"nothing injected": 1}
    assert faults.main(["--only", "there is no such part"]) == 1


def test_without_strace_the_proof_fails_and_says_why(
    faults: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert faults.main(["--only", "errors of"]) == 1
    assert "Debian package strace" in capsys.readouterr().out
