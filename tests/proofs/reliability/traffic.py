"""Calls of many processes while everything is collected all the time; and of many threads while the process forks."""

from __future__ import annotations

import mmap
import os
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from sqlite3 import Connection

import subjects
from findings import Finding
from forked import Child, children, store_in

from inviscid import Store
from inviscid.store import tally

_NAMES = ("small", "small", "small", "inline", "medium", "shared")
# As long as anybody calls, on the slowest of machines.
_LONGEST = 900.0


def _call(chance: random.Random, keys: int, *, large: float) -> str:
    """One call: "right", "wrong", or what it raised."""
    name = chance.choice(("large", "huge")) if chance.random() < large else chance.choice(_NAMES)
    x = chance.randrange(keys)
    try:
        value = subjects.FUNCTIONS[name](x)
    except Exception as error:
        return f"{name}({x}) raised {error!r}"
    return "right" if subjects.is_right(name, x, value) else "wrong"


def collected(folder: Path, processes: int, calls: int) -> Finding:
    """So many calls by so many processes, while two others collect without grace, and one looks whether all is there."""
    found = Finding("continuous gc")
    with store_in(folder) as (place, ran):
        subjects.small(-1)
        before, ended = ran.count(), mmap.mmap(-1, 1)

        def call(seed: int) -> Counter[str]:
            chance = random.Random(seed)
            return Counter(_call(chance, 40, large=0.01) for _ in range(calls // processes))

        def collect(seed: int) -> tuple[int, int]:
            store, chance, collections, removed = Store(place), random.Random(seed), 0, 0
            while not ended[0]:
                limit = chance.choice((3_000, 30_000, 200_000, 4_000_000))
                removed += store.execute(store.plan_gc(size_limit=limit, grace=-1.0)).entries
                collections += 1
            store.close()
            return collections, removed

        def look() -> tuple[int, int]:
            store, looks, missing = Store(place), 0, 0
            while not ended[0]:
                missing += store._index.write(lambda connection: _missing(store, connection))
                looks += 1
                time.sleep(0.02)
            store.close()
            return looks, missing

        with (
            children([look]) as (watcher,),
            children([lambda seed=seed: collect(seed) for seed in range(2)]) as collectors,
            children([lambda seed=seed: call(seed) for seed in range(processes)]) as callers,
        ):
            answers = sum((child.result(_LONGEST) for child in callers), Counter[str]())
            ended[0] = 1
            swept = [child.result() for child in collectors]
            looks, missing = watcher.result()
        runs = ran.count() - before
        left = _check(found, place)
    found.counts |= {"calls": answers.total(), "right": answers["right"], "computations": runs}
    found.counts |= {"collections": sum(one for one, _ in swept), "entries removed": sum(one for _, one in swept)}
    found.counts |= {"looks at all rows": looks, "entries at rest": left}
    found.demand(not missing, f"{missing} rows without their objects")
    found.wrong += [f"{number} × {answer}" for answer, number in answers.items() if answer != "right"]
    found.demand(sum(one for _, one in swept) > 10, "hardly anything was collected")
    return found


def _missing(store: Store, connection: Connection) -> int:
    """How many objects aren't there that rows refer to; none, wherever nobody else is in a transaction."""
    rows = connection.execute("SELECT DISTINCT object FROM entries WHERE inline IS NULL")
    return sum(not os.path.exists(store._objects.path(name)) for (name,) in rows)


def _check(found: Finding, place: Path) -> int:
    """Whatever the index has at rest is there."""
    store = Store(place)
    keys = [row[0] for row in store._index.read("SELECT key FROM entries")]
    for key in keys:
        entry = store.find(key)
        found.demand(entry is not None and store.read(entry) is not None, f"an entry without its object: {key.hex()}")
    found.demand(store.stats().quarantined == 0, "something went into quarantine")
    store.close()
    return len(keys)


def _often() -> None:
    """Have moments often that are rare: between any two steps of a thread another one comes, and counts are written."""
    sys.setswitchinterval(1e-5)
    tally._INTERVAL = 1e-3


def _calls(seed: int, times: int, answers: Counter[str]) -> None:
    chance = random.Random(seed)
    for _ in range(times):
        answers[_call(chance, 2_000, large=0.005)] += 1


def _child(seed: int) -> Counter[str]:
    """A child of a process with threads, with threads of its own."""
    answers: Counter[str] = Counter()
    others = [threading.Thread(target=_calls, args=(seed + number, 5, answers)) for number in range(2)]
    for thread in others:
        thread.start()
    _calls(seed + 5, 5, answers)
    for thread in others:
        thread.join()
    return answers


def _forks(threads: int, forks: int, patience: float) -> Counter[str]:
    """Fork so often while threads call."""
    # A fork while another thread imports is Python's to lose: so everything is imported before.
    for name, function in subjects.FUNCTIONS.items():
        assert subjects.is_right(name, -1, function(-1))
        assert subjects.is_right(name, -1, function(-1))
    _often()
    answers, stop = [Counter[str]() for _ in range(threads)], threading.Event()

    def call(number: int) -> None:
        while not stop.is_set():
            _calls(random.randrange(1 << 30), 10, answers[number])

    started = [threading.Thread(target=call, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    try:
        others = [Child(lambda seed=seed: _child(seed)).result(patience) for seed in range(0, 10 * forks, 10)]
    finally:
        stop.set()
        for thread in started:
            thread.join()
    return sum([*answers, *others], Counter[str]())


def forking(folder: Path, threads: int, forks: int, *, patience: float = 30.0, longest: float = _LONGEST) -> Finding:
    """Threads that call while their process forks children, which call at once as well, with threads of their own."""
    found = Finding("threads that fork", {"threads": threads, "forks": forks})
    with store_in(folder) as (place, _):
        with children([lambda: _forks(threads, forks, patience)]) as (one,):
            answers = one.result(longest)
        found.counts |= {"calls": answers.total(), "right": answers["right"]}
        found.counts["entries at rest"] = _check(found, place)
    found.wrong += [f"{number} × {answer}" for answer, number in answers.items() if answer != "right"]
    return found
