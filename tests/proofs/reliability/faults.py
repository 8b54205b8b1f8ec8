"""The proof of faults: damage, refusals and other surroundings never give a wrong value, and never an exception.

    python tests/proofs/reliability/faults.py [--quick | --full] [--only NAME] [--environments DIR] [--seed N]

Everything goes through the public calls of cached functions (`memoized.py`). Stored objects are damaged in every single
bit and at every length (`damaged.py`), the index too (`index_faults.py`); the store can't be used in the ways in which
systems refuse it (`refused.py`, `traced.py`); clock, umask, hash seed and Python are others (`elsewhere.py`).

`--full` is all of it, `--quick` (the default) a sample. Exits 1 on any breach; also where a part injected nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import damaged
import elsewhere
import environments
import index_faults
import memoized
import records
import refused
import refusing
import traced
import tracing
from index_faults import Subject
from records import Record

Part = tuple[str, Callable[[Record], None]]
_LARGE = (("array", 1 << 18), ("table", 1 << 17), ("blob", 1 << 21), ("array", 700_000))
"""Mapped frames with one buffer and with several, mapped bytes, and what is written as a draft: 2 to 6 MB."""


class Proof:
    """All parts, in one place.

    Args:
        root: a folder for stores.
        chosen: what is chosen at random.
        found: other Pythons, by version.
        share: of the sample that `--quick` takes; None takes all.
    """

    def __init__(self, root: Path, chosen: random.Random, found: dict[str, str], *, share: float | None) -> None:
        self._root, self._chosen, self._found, self._share = root, chosen, found, share

    def _count(self, quick: int, full: int) -> int:
        return full if self._share is None else int(quick * self._share)

    def parts(self) -> list[Part]:
        """Each part by its name."""
        return [
            ("bits of an inline object", lambda record: self._bits(record, memoized.INLINE)),
            ("lengths of an inline object", lambda record: self._lengths(record, memoized.INLINE)),
            ("bits of an object in a file", lambda record: self._bits(record, memoized.IN_FILE)),
            ("lengths of an object in a file", lambda record: self._lengths(record, memoized.IN_FILE)),
            *((f"corrupt {name}({size})", lambda record, one=(name, size): self._large(record, *one)) for name, size in _LARGE),
            ("corrupt array, memory tier on", self._held),
            ("bits of the index", self._index_bits),
            ("lengths of the index", self._index_lengths),
            ("blocks of the index", self._index_blocks),
            ("bits of the index's log", self._log_bits),
            ("remembered forms in the index", self._forms),
            ("refused stores", self._refused),
            ("full and read-only file systems", self._mounted),
            ("errors of system calls", self._traced),
            ("clocks ten years off", lambda record: elsewhere.clocks(record, self._root)),
            ("umasks", lambda record: elsewhere.umasks(record, self._root)),
            ("hash seeds", lambda record: elsewhere.seeds(record, self._root, self._count(20, 20))),
            ("other Pythons", self._pythons),
        ]  # fmt: skip

    def _some(self, places: list[int], most: int) -> list[int]:
        """All of them, or a sample."""
        return sorted(self._chosen.sample(places, min(self._count(most, len(places)), len(places))))

    def _bits(self, record: Record, size: int) -> None:
        victim = damaged.Victim(self._root / "store", "blob", size)
        bits = self._some([*range(8 * len(victim.data))], 600)
        damaged.prove(record, victim, damaged.flips(victim.data, bits))

    def _lengths(self, record: Record, size: int) -> None:
        victim = damaged.Victim(self._root / "store", "blob", size)
        lengths = self._some([*range(len(victim.data))], 300)
        damaged.prove(record, victim, damaged.cuts(victim.data, lengths))

    def _large(self, record: Record, name: str, size: int) -> None:
        victim = damaged.Victim(self._root / "store", name, size)
        damaged.prove(record, victim, damaged.anything(victim.data, self._count(40, 2500), self._chosen))

    def _held(self, record: Record) -> None:
        # What this process has mapped and checked is looked at for the file's times, and found to be another.
        victim = damaged.Victim(self._root / "store", *_LARGE[0], memory_limit=1 << 27)
        damaged.prove(record, victim, damaged.anything(victim.data, self._count(20, 500), self._chosen))

    def _index_bits(self, record: Record) -> None:
        subject = Subject(self._root / "store")
        bits = self._some(index_faults.bits(subject.index), 1000)
        index_faults.prove(record, subject, damaged.flips(subject.index, bits))

    def _index_lengths(self, record: Record) -> None:
        subject = Subject(self._root / "store")
        lengths = self._some(index_faults.lengths(subject.index), 100)
        index_faults.prove(record, subject, damaged.cuts(subject.index, lengths))

    def _index_blocks(self, record: Record) -> None:
        subject = Subject(self._root / "store")
        index_faults.prove(record, subject, index_faults.whole(subject.index))
        count = self._count(100, 5000)
        index_faults.prove(record, subject, index_faults.blocks(subject.index, self._chosen, count))

    def _log_bits(self, record: Record) -> None:
        subject = Subject(self._root / "store", logged=True)
        bits = self._some(index_faults.log_bits(subject.log), 150)
        index_faults.prove(record, subject, damaged.flips(subject.log, bits), in_log=True)
        lengths = self._some(index_faults.lengths(subject.log), 50)
        index_faults.prove(record, subject, damaged.cuts(subject.log, lengths), in_log=True)

    def _forms(self, record: Record) -> None:
        elsewhere.forms(record, self._root, self._chosen, self._count(10, 300))

    def _prepare(self) -> None:
        template = self._root / "template"
        if not template.exists():
            refused.template(template)

    def _refused(self, record: Record) -> None:
        self._prepare()
        found = refusing.faults()
        for fault in self._chosen.sample(found, min(self._count(len(found), len(found)), len(found))):
            refused.prove(record, fault, self._root)

    def _pythons(self, record: Record) -> None:
        if self._share is not None:
            record.skipped = "only --full makes their environments"
            return
        elsewhere.pythons(record, self._root, self._found)

    def _mounted(self, record: Record) -> None:
        if not refusing.can_mount():
            record.skipped = "no file systems can be mounted here; system calls that give these errors are below"
            return
        self._prepare()
        for fault in refusing.mounted():
            refused.prove(record, fault, self._root)

    def _traced(self, record: Record) -> None:
        reason = tracing.why_not()
        if reason is not None:
            record.breach("nothing injected", reason)
            return
        self._prepare()
        traced.prove(record, self._root, self._chosen, None if self._share is None else self._count(120, 0))


def _place() -> str | None:
    """Where files cost least."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main(arguments: list[str] | None = None) -> int:
    """Run the proof and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="every bit and every length: about a quarter of an hour")
    size.add_argument("--quick", action="store_true", help="a sample, less than a minute: the default")
    parser.add_argument("--only", default="", help="parts whose name contains this")
    parser.add_argument("--environments", type=Path, help="where other Pythons with inviscid are made and kept")
    parser.add_argument("--seed", type=int, default=0, help="of what is chosen at random")
    given = parser.parse_args(arguments)
    print(records.HEAD, flush=True)
    made = []
    with tempfile.TemporaryDirectory(prefix="inviscid-faults-", dir=_place()) as root:
        # So that the child that is another user gets to its store.
        os.chmod(root, 0o711)
        found = environments.made(given.environments) if given.environments and given.full else {}
        proof = Proof(Path(root), random.Random(given.seed), found, share=None if given.full else 1.0)
        for name, make in proof.parts():
            if given.only in name:
                made.append(records.made(name, make))
                records.show(made[-1])
    whole = records.total(made)
    print(whole, flush=True)
    return 1 if whole.breaches or not whole.injected else 0


if __name__ == "__main__":
    sys.exit(main())
