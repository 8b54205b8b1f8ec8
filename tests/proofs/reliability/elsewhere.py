"""Other clocks, other umasks, other hash seeds, other Pythons: what stands in a store is right for all of them."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import memoized
import refused
from records import RAISED, WRONG, Record

from inviscid import Store, cached

HERE = Path(__file__).resolve().parent
SHIFTS = (-10, 0, 10)
"""Years."""
UMASKS = (0o000, 0o022, 0o077, 0o277, 0o777)
_YEAR = 365.25 * 86_400
_HOUR = 3600.0
_BEGINNING = 64


@contextmanager
def clock(years: int) -> Iterator[None]:
    """The library's own clock, and the times that it gives to files, are so many years off."""
    now, utime = time.time, os.utime

    def wrong_utime(path: Any, times: tuple[float, float] | None = None, **options: Any) -> None:
        if times is None and "ns" not in options:
            times = (now() + years * _YEAR,) * 2
        utime(path, times, **options) if "ns" not in options else utime(path, **options)

    with patch.object(time, "time", lambda: now() + years * _YEAR), patch.object(os, "utime", wrong_utime):
        yield


def _judge(record: Record, when: str, stories: list[dict[str, Any]], *, runs: int | None = None) -> None:
    for story in stories:
        record.demand(not story["raised"], RAISED, f"{when}, {story['call']}: {story['raised']}")
        record.demand(story["right"], WRONG, f"{when}, {story['call']}")
        record.demand(
            runs in (None, story["ran"]), "hits", f"{when}, {story['call']}: the body ran {story['ran']} times"
        )
        record.counts["right"] += story["right"]


def clocks(record: Record, root: Path) -> None:
    """Written under one clock, used under another."""
    for before in SHIFTS:
        for after in SHIFTS:
            _clocks(record, root / "clocks", before, after)
            record.injected += 1


def _clocks(record: Record, folder: Path, before: int, after: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    name = f"written {before:+} years, used {after:+}"
    aged = cached(store=Store(folder, memory_limit=0), max_age=_HOUR)(memoized.number)
    with clock(before):
        store, functions = memoized.decorated(folder)
        _judge(record, name, refused.call_all(functions, refused.KEPT), runs=1)
        aged(7)
        store.close()
        orphan = os.fork()
        if orphan == 0:
            # Ends while it holds the claim.
            store.claim(b"c" * 32).__enter__()
            os._exit(0)
        os.waitpid(orphan, 0)
    with clock(after):
        store, functions = memoized.decorated(folder)
        with store.claim(b"c" * 32, wait=False) as held:
            record.demand(held is not None, "claim", f"{name}: who holds it is dead")
        _judge(record, name, refused.call_all(functions, refused.KEPT), runs=0)
        _judge(record, name, refused.call_all(functions, refused.NEW), runs=1)
        memoized.ran()
        record.demand(aged(7) == 22, WRONG, f"{name}: of a limited age")
        record.demand(memoized.ran() == (before != after), "age", f"{name}: what is too old, or of the future")
        # Nothing is too much, so nothing goes; then all of it.
        store.execute(store.plan_gc())
        _judge(record, f"{name}, collected", refused.call_all(functions, refused.KEPT + refused.NEW), runs=0)
        store.execute(store.plan_gc(max_age=86_400.0))
        _judge(record, f"{name}, collected by age", refused.call_all(functions, refused.KEPT + refused.NEW))
        store.execute(store.plan_gc(size_limit=0, grace=-1.0))
        _judge(record, f"{name}, emptied", refused.call_all(functions, refused.KEPT), runs=1)
        _judge(record, f"{name}, again", refused.call_all(functions, refused.KEPT), runs=0)
        store.close()


def umasks(record: Record, root: Path) -> None:
    """Made under one umask, used under another; no one else may read it under any."""
    folder = root / "umasks"
    for mask in UMASKS:
        shutil.rmtree(folder, ignore_errors=True)
        own = os.umask(mask)
        try:
            store, functions = memoized.decorated(folder)
            _judge(record, f"umask {mask:03o}", refused.call_all(functions, refused.KEPT), runs=1)
            _judge(record, f"umask {mask:03o}", refused.call_all(functions, refused.KEPT), runs=0)
            modes = {place: stat.S_IMODE(place.lstat().st_mode) for place in (folder, *folder.rglob("*"))}
            store.close()
        finally:
            os.umask(own)
        for place, mode in modes.items():
            right = 0o700 if place.is_dir() else 0o600
            record.demand(mode == right or not place.exists(), "permissions", f"umask {mask:03o}: {place} is {mode:o}")
        store, functions = memoized.decorated(folder)
        _judge(record, f"made under umask {mask:03o}", refused.call_all(functions, refused.KEPT), runs=0)
        store.close()
        record.injected += 1


def _other(python: str, folder: Path, **variables: str) -> dict[str, Any]:
    done = subprocess.run(
        [python, str(HERE / "other_calls.py"), str(folder)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return json.loads(done.stdout) if done.returncode == 0 else {"raised": done.stderr}


def _compare(record: Record, name: str, answer: dict[str, Any], truth: list[str], *, runs: int | None) -> None:
    record.injected += 1
    if "raised" in answer:
        record.breach(RAISED, f"{name}: {answer['raised']}")
        return
    wrong = [value[:80] for value, wanted in zip(answer["values"], truth, strict=True) if value != wanted]
    record.demand(not wrong, WRONG, f"{name}: {wrong}")
    record.counts["right"] += len(truth) - len(wrong)
    record.counts["bodies ran"] += answer["ran"]
    record.demand(runs in (None, answer["ran"]), "hits", f"{name}: {answer['ran']} bodies ran")
    record.demand(all(answer["sound"]), "unreadable", f"{name}: {answer['sound']}")


def seeds(record: Record, root: Path, count: int) -> None:
    """One store, and as many hash seeds: the first run computes, all others hit."""
    folder = root / "seeds"
    truth = _other(sys.executable, root / "truth", PYTHONHASHSEED="0")["values"]
    for seed in range(count):
        answer = _other(sys.executable, folder, PYTHONHASHSEED=str(seed * 7919 + 1))
        _compare(record, f"seed {seed * 7919 + 1}", answer, truth, runs=None if seed == 0 else 0)


def forms(record: Record, root: Path, chosen: random.Random, count: int) -> None:
    """Bits of what the index remembers of code: only a process that begins has to believe it."""
    folder = root / "forms"
    truth = _other(sys.executable, folder, PYTHONHASHSEED="0")["values"]
    index = folder / "index.sqlite3"
    data = index.read_bytes()
    with closing(sqlite3.connect(index)) as connection:
        bodies = [row[0] for row in connection.execute("SELECT body FROM forms")]
    # What is longer is cut into pages; its beginning is in one piece.
    places = [data.find(body[:_BEGINNING]) for body in bodies]
    for _ in range(count):
        place = chosen.choice([place for place in places if place > 0]) + chosen.randrange(_BEGINNING)
        changed = bytearray(data)
        changed[place] ^= 1 << chosen.randrange(8)
        for file in folder.glob("index.sqlite3*"):
            file.unlink()
        index.write_bytes(changed)
        _compare(record, f"byte {place} of forms", _other(sys.executable, folder), truth, runs=0)


def pythons(record: Record, root: Path, found: dict[str, str]) -> None:
    """Two Pythons in turn on one store. Neither takes the other's results, and each finds its own again."""
    if len(found) < 2:
        record.skipped = f"it takes two Pythons with inviscid, and there is {', '.join(found) or 'none'}"
        return
    folder = root / "pythons"
    truth = _other(sys.executable, root / "truth", PYTHONHASHSEED="0")["values"]
    for turn in range(3):
        for version, python in found.items():
            answer = _other(python, folder)
            _compare(record, f"Python {version}, turn {turn}", answer, truth, runs=None if turn == 0 else 0)
            if turn == 0:
                record.demand(answer.get("ran", 0) > 0, "foreign", f"Python {version} took what another computed")
    record.counts["interpreters"] = len(found)
