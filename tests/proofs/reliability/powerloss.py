"""The power-loss proof: whatever the disk kept of a put, what was acknowledged is there, and nothing gives a wrong value.

    python tests/proofs/reliability/powerloss.py

The real store publishes, its operations are recorded, and every disk that a power failure may leave of them is laid out
and read by the store's own `Objects.load` (`disk.py`). The index is SQLite's business: a transaction is one operation
that is whole or not there. It is on disk when a durable publication returns; that of another one may get there at any
time, before the object too.

A *scenario* is one or two publications; the last one is looked at. A *mutant* is a protocol that is worse than ours: the
same operations, some of them left out or moved, or a reader that checks nothing. The proof must fail for each of them.

Exits 1 where the protocol fails in any state, or a mutant in none.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from disk import Disk, Operation, Recorder, left_by

from inviscid import frames
from inviscid.entry import Entry, Provenance
from inviscid.store import Store, draft, objects
from inviscid.store.layout import Layout
from inviscid.store.objects import Damaged, Objects

KEY, OTHER = b"k" * 32, b"o" * 32
FIRST, SECOND = b"first" * 1000, b"second" * 1000
_HEAD, _BUFFER = b"head", b"buffer" * 1000


class Scenario(NamedTuple):
    """What is published, and what is on disk of it before."""

    name: str
    before: Callable[[Store], object]
    work: Callable[[Store], object]
    durable: bool
    settled: bool = True
    """Whether all of what was there before had reached the disk long ago."""


class Mutant(NamedTuple):
    """A worse protocol."""

    name: str
    change: Callable[[list[Operation]], list[Operation]]
    checks: bool = True
    """Whether its reader looks at digests."""


class Outcome(NamedTuple):
    """What was looked at, and what was wrong there."""

    states: int
    disks: int
    """Different ones among the states."""
    lost: int
    """States in which something acknowledged is missing."""
    wrong: int
    """States in which a row gives bytes that were not stored with it."""
    torn: int
    """States in which a file has the name of an object and isn't whole, though it was to be durable."""

    @property
    def bad(self) -> int:
        """All that must not be."""
        return self.lost + self.wrong + self.torn


def publish(store: Store, key: bytes, data: bytes, *, durable: bool) -> None:
    store.publish(_entry(key), [data], preimage=b"p", durable=durable)


def _publish_draft(store: Store) -> None:
    head, buffers = memoryview(_HEAD), [memoryview(_BUFFER)]
    with patch.object(draft, "FROM", 1024), patch.object(draft, "_BLOCK", 4096):
        written = store.draft(head, buffers)
    assert written is not None
    chunks = frames.framed(head, buffers).chunks()
    store.publish(_entry(KEY), chunks, preimage=b"p", durable=True, draft=written)


def _entry(key: bytes) -> Entry:
    origin = Provenance("pkg.mod:f", b"F" * 32, b"\x80", time.time(), 1.0, "host:1")
    return Entry(key, "pickle/2", b"", 0, b"v" * 32, b"\x80", b"", origin)


def _nothing(store: Store) -> None:
    pass


def _first(*, durable: bool, key: bytes = KEY) -> Callable[[Store], None]:
    return lambda store: publish(store, key, FIRST, durable=durable)


SCENARIOS = (
    Scenario("put", _nothing, _first(durable=True), durable=True),
    Scenario("put of a draft", _nothing, _publish_draft, durable=True),
    Scenario("replace", _first(durable=True), lambda store: publish(store, KEY, SECOND, durable=True), durable=True),
    Scenario(
        "put of what another put had not on disk",
        _first(durable=False, key=OTHER),
        _first(durable=True),
        durable=True,
        settled=False,
    ),
    Scenario("put, not durable", _nothing, _first(durable=False), durable=False),
    Scenario(
        "replace, not durable",
        _first(durable=True),
        lambda store: publish(store, KEY, SECOND, durable=False),
        durable=False,
    ),
)


def _same(operations: list[Operation]) -> list[Operation]:
    return operations


def _without(kind: str) -> Callable[[list[Operation]], list[Operation]]:
    return lambda operations: [operation for operation in operations if operation.kind != kind]


def _rename_first(operations: list[Operation]) -> list[Operation]:
    """The file gets its name as soon as it is made, and is written there."""
    moved: list[Operation] = []
    for operation in operations:
        # A file has another number than its name, so the writes find it wherever it is.
        made = [place for place, other in enumerate(moved) if other.kind == "create" and other.path == operation.path]
        if operation.kind == "rename" and made:
            moved.insert(made[-1] + 1, operation)
        elif operation.kind == "mkdir":
            moved.insert(0, operation)
        else:
            moved.append(operation)
    return moved


def _row_first(operations: list[Operation]) -> list[Operation]:
    return sorted(operations, key=lambda operation: operation.kind != "row")


OURS = Mutant("the protocol", _same)
MUTANTS = (
    Mutant("no fsync of the file", _without("sync file")),
    Mutant("no fsync of the directories", _without("sync folder")),
    Mutant("renamed before it is written", _rename_first),
    Mutant("row before the object", _row_first),
    Mutant("no check of digests", _same, checks=False),
)


def record(scenario: Scenario, root: Path) -> tuple[list[Operation], int]:
    """The operations of a scenario, and how many of them were done before what is looked at."""
    recorder = Recorder(str(root))
    store = Store(root)
    # Makes the store.
    publish(store, b"s" * 32, b"small", durable=True)
    with recorder:
        scenario.before(store)
        settled = len(recorder.operations)
        scenario.work(store)
    store.close()
    return recorder.operations, settled


def prove(scenario: Scenario, mutant: Mutant, root: Path) -> Outcome:
    """Look at every state that a power failure may leave."""
    recorded, settled = record(scenario, root / "recorded")
    before, work = recorded[:settled], mutant.change(recorded[settled:])
    readers = Objects(Layout(str(root / "laid out")))
    seen: dict[Disk, _Found] = {}
    states = lost = wrong = torn = 0
    for disk, acknowledged in _states(before, work, scenario):
        states += 1
        if disk not in seen:
            seen[disk] = _read(disk, readers, root / "laid out", mutant)
        found = seen[disk]
        lost += acknowledged and found.missing
        wrong += found.wrong
        torn += scenario.durable and scenario.settled and found.torn
    return Outcome(states, len(seen), lost, wrong, torn)


def _states(before: list[Operation], work: list[Operation], scenario: Scenario) -> Iterator[tuple[Disk, bool]]:
    """Each disk, and whether the publication had been acknowledged."""
    for end in range(len(work) + 1):
        done = [*before, *work[:end]]
        acknowledged = any(operation.kind == "row" and operation.durable for operation in work[:end])
        for disk in left_by(done, settled=len(before) if scenario.settled else 0):
            yield disk, acknowledged


class _Found(NamedTuple):
    """What a reader sees of one disk."""

    missing: bool
    """The newest row, or its object."""
    wrong: bool
    torn: bool


def _read(disk: Disk, reader: Objects, root: Path, mutant: Mutant) -> _Found:
    disk.lay_out(root)
    missing, wrong = KEY not in dict(disk.rows), False
    checks = frames.verify if mutant.checks else lambda data, name: True
    with patch.object(objects.frames, "verify", checks):
        for key, content in disk.rows:
            try:
                wrong |= reader.load(*objects.measure([memoryview(content)])) != content
            except (FileNotFoundError, Damaged):
                missing |= key == KEY
    return _Found(missing, wrong, any(not _is_whole(*file) for file in disk.files if file[0].startswith("objects/")))


def _is_whole(path: str, data: bytes) -> bool:
    return objects.measure([memoryview(data)])[0].hex() == path.rpartition("/")[2]


def judge(outcomes: dict[str, list[Outcome]]) -> list[str]:
    """What is wrong: states in which our protocol fails, and mutants that fail in none."""
    ours = sum(outcome.bad for outcome in outcomes[OURS.name])
    found = [f"the protocol fails in {ours} states"] if ours else []
    missed = [mutant.name for mutant in MUTANTS if not any(outcome.bad for outcome in outcomes[mutant.name])]
    return found + [f"a mutant is not caught: {name}" for name in missed]


def prove_all(root: Path, mutants: Sequence[Mutant] = (OURS, *MUTANTS)) -> dict[str, list[Outcome]]:
    """Every mutant in every scenario."""
    return {
        mutant.name: [
            prove(scenario, mutant, root / f"{number}-{mutant.name}") for number, scenario in enumerate(SCENARIOS)
        ]
        for mutant in mutants
    }


def main() -> int:
    """Run the proof and print its tables."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="inviscid-powerloss-") as root:
        outcomes = prove_all(Path(root))
    print(f"{'scenario':<42}{'states':>8}{'disks':>8}{'lost':>8}{'wrong':>8}{'torn':>8}")
    for scenario, outcome in zip(SCENARIOS, outcomes[OURS.name], strict=True):
        print(f"{scenario.name:<42}" + "".join(f"{number:>8,}" for number in outcome))
    print(f"{'mutant':<42}{'states':>8}{'disks':>8}{'lost':>8}{'wrong':>8}{'torn':>8}")
    for mutant in MUTANTS:
        print(f"{mutant.name:<42}" + "".join(f"{sum(row):>8,}" for row in zip(*outcomes[mutant.name], strict=True)))
    print(f"{time.perf_counter() - start:.1f} seconds")
    violations = judge(outcomes)
    print(*violations, sep="\n", end="\n" if violations else "")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
