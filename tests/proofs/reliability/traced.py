"""Errors of single system calls, through the public calls of cached functions in a child under strace.

As in the crash proof (`tracing.py`), but nothing may be raised at all: the caller gets its value from each call, with
the error once and with the error from then on. Afterwards a fresh reader gets the right values.
"""

from __future__ import annotations

import random
import shutil
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import memoized
import refused
import tracing
from records import RAISED, WRONG, Record
from tracing import Fault

ERRORS = ("ENOSPC", "EROFS", "EACCES", "EMFILE", "EIO")
CALLS = refused.KEPT[:3] + refused.NEW
_RUNS = 3


class WrongValueError(Exception):
    """A call gave something else than its body."""


class Stage:
    """The store that each run begins with, and what is called there."""

    def __init__(self, root: Path) -> None:
        self._template, self._path = root / "template", root / "traced"
        self._wanted = {call: memoized.expected(*call) for call in CALLS}
        # What is imported on the way is there in every fork of this process.
        self.renew()
        self.work(lambda: None)

    def renew(self) -> None:
        """Have the store as it was."""
        shutil.rmtree(self._path, ignore_errors=True)
        shutil.copytree(self._template, self._path)

    def work(self, acknowledge: Callable[[], None]) -> None:
        """All calls, each with its right value."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            store, functions = memoized.decorated(self._path)
            for name, argument in CALLS:
                if not memoized.same(functions[name](argument), self._wanted[name, argument]):
                    raise WrongValueError(f"{name}({argument})")
            store.close()
        acknowledge()
        tracing.end_of_points()

    def check(self, record: Record, fault: Fault) -> None:
        """A fresh reader gets the right values; the second time from the store."""
        store, functions = memoized.decorated(self._path)
        for turn in (1, 2):
            for story in refused.call_all(functions, CALLS):
                text = f"{fault}, {story['call']} later: {story['raised']}"
                record.demand(not story["raised"], RAISED, text)
                record.demand(story["right"], WRONG, text)
                record.demand(turn == 1 or not story["ran"], "poisoned", text)
        store.close()


def planned(stage: Stage) -> list[Fault]:
    """Every error at every point, once, and from then on."""
    runs = []
    for _ in range(_RUNS):
        stage.renew()
        runs.append(tracing.faults(stage.work))
    found = []
    for call, turn, what, lasts in min(runs, key=len):
        # When the collector closes a file is its own affair: only what each run does can be met.
        if not all((call, turn, what, lasts) in run for run in runs):
            continue
        if what in ERRORS and not lasts:
            found.append(Fault(call, turn, what))
            if call in tracing._LASTING:
                found.append(Fault(call, turn, what, lasts=True))
    return found


def prove(record: Record, root: Path, chosen: random.Random, most: int | None) -> None:
    """All of them, or a sample."""
    stage = Stage(root)
    faults = planned(stage)
    for fault in faults if most is None else chosen.sample(faults, min(most, len(faults))):
        stage.renew()
        ending = tracing.run(stage.work, fault)
        record.injected += ending.injected
        record.demand(ending.injected, "not injected", f"{fault}: the child was {ending.how}")
        if "LockError" in ending.words:
            # Not of the store: without inviscid.lock nobody knows what is frozen, and that is told.
            record.counts["told that inviscid.lock can't be read"] += 1
        elif ending.how != "done":
            kind = WRONG if "WrongValueError" in ending.words else RAISED
            record.breach(kind, f"{fault}: {ending.how} {ending.words}")
        record.counts["right to the end"] += ending.how == "done"
        try:
            stage.check(record, fault)
        except Exception:
            record.breach(RAISED, f"{fault}, later: {traceback.format_exc()}")
