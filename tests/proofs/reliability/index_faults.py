"""Damage to the index file, through the public calls of cached functions.

The index is put back as it was, damaged, and opened anew. A round of calls must give the right values without an
exception, and begin the index anew once at the most. So must the rounds after it, until one hits throughout: a store
that is damaged for ever is no cache. One round is too few to ask for: what it has found already is lost once more when
a later call meets the damage, and a page may lose rows while SQLite still writes to it.
"""

from __future__ import annotations

import random
import shutil
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

import memoized
from damaged import Damage
from records import RAISED, WRONG, Record

CALLS = (("number", 5), ("blob", memoized.INLINE), ("blob", memoized.IN_FILE))
NEW = ("number", 6)
"""What is not in the store yet: each round of calls also has something to write."""
_ROUNDS = 5
_LOG = "index.sqlite3-wal"
_PAGE, _FRAME, _LOG_HEAD = 4096, 24, 32


class Subject:
    """A store with a few results, and its index as it was."""

    def __init__(self, folder: Path, *, logged: bool = False) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = folder
        self.store, self.functions = memoized.decorated(folder)
        self.wanted = {call: memoized.expected(*call) for call in (*CALLS, NEW)}
        for name, argument in CALLS:
            self.functions[name](argument)
        memoized.ran()
        # What a process leaves that is killed: the newest rows are in SQLite's log beside the index.
        self.log = (folder / _LOG).read_bytes() if logged else b""
        if not logged:
            self.store.close()
        self.index = (folder / "index.sqlite3").read_bytes()
        self.store.close()

    def call_all(self) -> dict[tuple[str, int], object]:
        """What each call gives."""
        return {(name, argument): self.functions[name](argument) for name, argument in self.wanted}

    def put(self, index: bytes, log: bytes) -> None:
        """Have these files for the index, which nobody has open."""
        self.store.close()
        for place in self.folder.glob("index.sqlite3*"):
            place.unlink()
        for place in (self.folder / "quarantine").iterdir():
            place.unlink()
        (self.folder / "index.sqlite3").write_bytes(index)
        if log:
            (self.folder / _LOG).write_bytes(log)

    def rebuilt(self) -> int:
        """How often the index was begun anew."""
        return sum(1 for _ in (self.folder / "quarantine").glob("index-*.sqlite3"))


def prove(record: Record, subject: Subject, damages: Iterable[Damage], *, in_log: bool = False) -> None:
    """All of these damages, one after the other."""
    for damage in damages:
        subject.put(*((subject.index, damage.data) if in_log else (damage.data, subject.log)))
        record.injected += 1
        try:
            _judge(record, subject, damage)
        except Exception:
            record.breach(RAISED, f"{damage.name}: {traceback.format_exc()}")
        finally:
            memoized.ran()
    subject.store.close()


def _judge(record: Record, subject: Subject, damage: Damage) -> None:
    for turn in range(1, _ROUNDS + 1):
        values = subject.call_all()
        runs = memoized.ran()
        for call, value in values.items():
            record.demand(memoized.same(value, subject.wanted[call]), WRONG, f"{damage.name}: {call} in round {turn}")
        # One is new.
        record.counts["computed again"] += runs - (turn == 1)
        if runs == 0:
            record.counts["later than the third round"] += turn > 3
            break
    else:
        record.breach("no hit later", f"{damage.name}: bodies ran in each of {_ROUNDS} rounds")
    rebuilt = subject.rebuilt()
    record.counts["rebuilds"] += rebuilt
    record.demand(rebuilt <= 1, "rebuilt twice", f"{damage.name}: begun anew {rebuilt} times")


def bits(data: bytes) -> list[int]:
    """Every bit of the bytes that say something, and one of each zero byte, where an empty block is."""
    return [
        8 * place + (bit if byte else place % 8) for place, byte in enumerate(data) for bit in range(8 if byte else 1)
    ]


def lengths(data: bytes) -> list[int]:
    """Around every half page, and everywhere in the head."""
    near = {place + by for place in range(0, len(data), _PAGE // 2) for by in (-1, 0, 1)}
    return sorted(length for length in near | set(range(128)) if 0 <= length < len(data))


def blocks(data: bytes, chosen: random.Random, count: int) -> Iterator[Damage]:
    """Pages that are zero, noise, or those of another place."""
    pages = len(data) // _PAGE
    for _ in range(count):
        changed = bytearray(data)
        start = chosen.randrange(pages) * _PAGE
        end = start + chosen.choice([512, _PAGE])
        how = chosen.choice(["zeros", "noise", "another"])
        if how == "zeros":
            changed[start:end] = bytes(end - start)
        elif how == "noise":
            changed[start:end] = chosen.randbytes(end - start)
        else:
            other = chosen.randrange(pages) * _PAGE
            changed[start:end] = data[other : other + end - start]
        yield Damage(f"{how} at {start}", bytes(changed))


def whole(data: bytes) -> Iterator[Damage]:
    """Files that never were an index."""
    yield Damage("text", b"this is no database\n" * 1000)
    yield Damage("zeros", bytes(len(data)))
    yield Damage("twice", data + data)


def log_bits(data: bytes) -> list[int]:
    """Every bit of what heads the log and its frames, and one of each byte in 16."""
    heads = {*range(_LOG_HEAD)}
    for start in range(_LOG_HEAD, len(data), _FRAME + _PAGE):
        heads |= {*range(start, min(start + _FRAME, len(data)))}
    found = [8 * place + bit for place in sorted(heads) for bit in range(8)]
    return found + [8 * place + place // 16 % 8 for place in range(0, len(data), 16) if place not in heads]
