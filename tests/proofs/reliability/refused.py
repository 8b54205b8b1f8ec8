"""Stores that can't be used, through the public calls of cached functions, each in a child process.

While the fault is there, the caller gets its value from every call, and where what is stored can be read, from the
store. Once it is gone, the same process and a fresh reader get the right values, everything that is new is computed
once at the most, and all of it hits after that: nothing is poisoned.

A *fault* is real where the system lets us: a full file system and a read-only one are mounted in a namespace of the
child's own (`refusing.py`). `traced.py` injects what can't be had.
"""

from __future__ import annotations

import shutil
import traceback
from pathlib import Path
from typing import Any

import memoized
import refusing
from records import RAISED, WRONG, Record
from refusing import Fault, in_child

KEPT = (("number", 1), ("blob", memoized.INLINE), ("blob", memoized.IN_FILE), ("array", 1 << 18))
NEW = (("number", 2), ("blob", memoized.INLINE + 1), ("blob", memoized.IN_FILE + 1), ("array", 1 + (1 << 18)))


def call_all(functions: dict[str, memoized.Function], calls: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    """What came of each call: right or not, whether the body ran, what was raised."""
    found = []
    for name, argument in calls:
        wanted = memoized.expected(name, argument)
        story: dict[str, Any] = {"call": f"{name}({argument})", "right": False, "ran": 0, "raised": ""}
        try:
            story["right"] = memoized.same(functions[name](argument), wanted)
        except BaseException:
            story["raised"] = traceback.format_exc()
        story["ran"] = memoized.ran()
        found.append(story)
    return found


def template(folder: Path) -> None:
    """A store that holds what is kept; and all that the calls import is imported."""
    store, functions = memoized.decorated(folder)
    call_all(functions, KEPT)
    store.close()
    spare = folder.with_name("spare")
    shutil.copytree(folder, spare)
    store, functions = memoized.decorated(spare)
    call_all(functions, KEPT + NEW)
    store.close()
    shutil.rmtree(spare)


def prove(record: Record, fault: Fault, root: Path) -> None:
    """One fault."""
    path = root / "place" / "store"
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    answers = in_child(lambda: _suffer(fault, root / "template", path))
    record.injected += 1
    if "broken" in answers:
        record.breach("broken proof", f"{fault.name}: {answers['broken']}")
        return
    for when, stories in answers.items():
        for story in stories:
            text = f"{fault.name}, {when}, {story['call']}"
            if story["raised"]:
                record.breach(RAISED, f"{text}: {story['raised']}")
                continue
            record.demand(story["right"], WRONG, text)
            record.counts["right"] += story["right"]
    for when, most, calls in (("kept", 0 if fault.hits else 1, "body ran"), ("hits again", 0, "poisoned")):
        for story in answers[when]:
            record.demand(story["ran"] <= most, calls, f"{fault.name}, {when}, {story['call']}")
    record.counts["hits meanwhile"] += sum(not story["ran"] for story in answers["kept"])


def _suffer(fault: Fault, origin: Path, path: Path) -> dict[str, Any]:
    if fault.moves:
        refusing.alone()
        refusing.mount(path.parent, "-t", "tmpfs", "-o", "size=16m", "none")
    shutil.copytree(origin, path)
    answers = {}
    with fault.begun(path):
        store, functions = memoized.decorated(path)
        answers["kept"] = call_all(functions, KEPT)
        answers["new"] = call_all(functions, NEW)
    answers["same process"] = call_all(functions, KEPT + NEW)
    store.close()
    store, functions = memoized.decorated(path)
    answers["fresh reader"] = call_all(functions, KEPT + NEW)
    answers["hits again"] = call_all(functions, KEPT + NEW)
    store.close()
    return answers
