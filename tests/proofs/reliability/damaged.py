"""Damage to one stored object, through the public call of a cached function.

Each *damage* replaces the bytes of the object. The next call must compute again and give the right value, the one
after must hit and give it too. What was in a file must be in quarantine as it was found, and all damage is counted.
"""

from __future__ import annotations

import os
import random
import shutil
import traceback
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import memoized
from records import RAISED, WRONG, Record

_PAGE = 4096


class Damage(NamedTuple):
    """What an object holds instead."""

    name: str
    data: bytes


def flips(data: bytes, chosen: Iterable[int]) -> Iterator[Damage]:
    """Single bits, by their number."""
    for bit in chosen:
        changed = bytearray(data)
        changed[bit >> 3] ^= 1 << (bit & 7)
        yield Damage(f"bit {bit}", bytes(changed))


def cuts(data: bytes, lengths: Iterable[int]) -> Iterator[Damage]:
    """The first bytes only."""
    for length in lengths:
        yield Damage(f"cut to {length}", data[:length])


def anything(data: bytes, count: int, chosen: random.Random) -> Iterator[Damage]:
    """Random corruption of a large object, none of it twice the same by design."""
    made = 0
    while made < count:
        name, changed = _corrupt(data, chosen)
        if changed != data:
            made += 1
            yield Damage(name, changed)


def _corrupt(data: bytes, chosen: random.Random) -> tuple[str, bytes]:
    size = len(data)
    how = chosen.choice(["bit", "bits", "top", "zeros", "noise", "cut", "more", "swap", "shift", "pad"])
    changed = bytearray(data)
    place = chosen.randrange(size)
    if how == "bit":
        changed[place] ^= 1 << chosen.randrange(8)
    elif how == "bits":
        for _ in range(chosen.randrange(2, 50)):
            changed[chosen.randrange(size)] ^= 1 << chosen.randrange(8)
    elif how == "top":
        # Prefix, header and head of a frame.
        place = chosen.randrange(400)
        changed[place] = chosen.randrange(256)
    elif how == "pad":
        # The zeros in front of a buffer.
        place = chosen.randrange(_PAGE)
        changed[place] ^= chosen.randrange(1, 256)
    elif how == "zeros":
        start = place // _PAGE * _PAGE
        changed[start : start + _PAGE] = bytes(len(changed[start : start + _PAGE]))
    elif how == "noise":
        length = min(chosen.randrange(1, 1 << 16), size - place)
        changed[place : place + length] = chosen.randbytes(length)
    elif how == "cut":
        del changed[place:]
    elif how == "more":
        changed += chosen.randbytes(chosen.randrange(1, 2 * _PAGE))
    elif how == "swap":
        one, two = (chosen.randrange(size // _PAGE) * _PAGE for _ in range(2))
        changed[one : one + _PAGE], changed[two : two + _PAGE] = data[two : two + _PAGE], data[one : one + _PAGE]
    else:
        # A block that was lost, and all that follows moved up.
        changed = changed[:place] + changed[place + 512 :] + bytes(min(512, size - place))
    return f"{how} at {place}", bytes(changed)


class Victim:
    """One stored result, and the ways to damage it."""

    def __init__(self, folder: Path, name: str, argument: int, memory_limit: int = 0) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.folder, self.argument = folder, argument
        self.store, functions = memoized.decorated(folder, memory_limit)
        self.function = functions[name]
        self.wanted = memoized.expected(name, argument)
        self.function(argument)
        assert memoized.ran() == 1, name
        ((self._object, inline),) = self._rows("SELECT object, inline FROM entries")
        text = self._object.hex()
        self.path = folder / "objects" / text[:2] / text
        self.inline = inline is not None
        self.data: bytes = inline if self.inline else self.path.read_bytes()

    def _rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Sequence[object]]:
        return self.store._index.read(statement, parameters)

    def counted(self) -> int:
        """How much damage the store has counted."""
        rows = self._rows("SELECT value FROM meta WHERE name = 'quarantined'")
        return int(str(rows[0][0])) if rows else 0

    def take_quarantined(self) -> list[Path]:
        """What is in quarantine."""
        return list((self.folder / "quarantine").iterdir())

    def damage(self, data: bytes) -> None:
        """Put these bytes in the place of the object."""
        if self.inline:
            self.store._index.write(lambda index: index.execute("UPDATE entries SET inline = ?", (data,)))
            return
        # A new file: what is mapped from the old one is not ours to change.
        draft = self.folder / "tmp" / "damaged"
        draft.write_bytes(data)
        os.replace(draft, self.path)


def prove(record: Record, victim: Victim, damages: Iterable[Damage]) -> None:
    """All of these damages, one after the other."""
    for damage in damages:
        before = victim.counted()
        victim.damage(damage.data)
        record.injected += 1
        try:
            _judge(record, victim, damage, before)
        except Exception:
            record.breach(RAISED, f"{damage.name}: {traceback.format_exc()}")
        finally:
            memoized.ran()
    victim.store.close()


def _judge(record: Record, victim: Victim, damage: Damage, before: int) -> None:
    for turn, runs in (("next", 1), ("second", 0)):
        value = victim.function(victim.argument)
        count = memoized.ran()
        record.demand(memoized.same(value, victim.wanted), WRONG, f"{damage.name}: the {turn} call")
        kind = "not computed again" if runs else "no hit later"
        record.demand(count == runs, kind, f"{damage.name}: {count} bodies ran in the {turn} call")
        record.counts["computed again" if runs else "hits after"] += count == runs
    counted = victim.counted() - before
    record.demand(counted == 1, "not counted", f"{damage.name}: counted {counted} times")
    if victim.inline:
        return
    aside = victim.take_quarantined()
    whole = len(aside) == 1 and aside[0].read_bytes() == damage.data
    record.demand(whole, "not quarantined", f"{damage.name}: {[file.name for file in aside]}")
    record.counts["quarantined"] += whole
    for file in aside:
        file.unlink()
