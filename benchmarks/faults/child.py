"""One process that uses one library. Run by `scenes.py`:

    python child.py LIBRARY FOLDER LOG call KEY …        each key once; prints what came of each, as JSON
    python child.py LIBRARY FOLDER LOG wait KEY          the same, after a line on the standard input
    python child.py LIBRARY FOLDER LOG kill COUNT        forks are killed while they store; the keys of as many

A body that runs says so in LOG, by an audit event: no library can take that for something that the function does.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# The libraries are opened as the benchmark of speed opens them.
sys.path.append(str(Path(__file__).resolve().parents[1] / "speed"))
from caches import open_library

_ITEMS = 1 << 18
"""Of a value: 2 MB."""
_LONG = 0.3
"""Seconds for which a body runs when all processes shall come while it does."""
_WARM, _TRIES = 10, 10


def value(key: int) -> Any:
    """What is cached."""
    sys.audit("faults.ran")
    return np.arange(_ITEMS, dtype=np.int64) * (2 * key + 1)


class Heard:
    """Bodies that run."""

    def __init__(self, log: str) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.count = 0
        self.then: Callable[[], object] = bool
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _: object) -> None:
        if event == "faults.ran":
            self.count += 1
            os.write(self.log, b"x")
            self.then()


def call(function: Callable[[int], Any], heard: Heard, key: int) -> dict[str, Any]:
    """What came of one call: the value is right, wrong or an error; and whether the body ran."""
    wanted = np.arange(_ITEMS, dtype=np.int64) * (2 * key + 1)
    before = heard.count
    try:
        given = function(key)
        came = "right" if isinstance(given, np.ndarray) and np.array_equal(given, wanted) else "wrong"
    except Exception as error:  # noqa: BLE001  whatever a library raises is what is measured
        came = f"{type(error).__name__}: {error}"
    return {"came": came, "ran": heard.count > before}


def kill(function: Callable[[int], Any], heard: Heard, count: int) -> list[int]:
    """Let forks compute one key each, and kill each somewhere between its body's end and the end of its call, until so
    many were killed in time; gives the keys of those.
    """
    # So long does a call take after its body, in a process that has stored before.
    usual = statistics.median([_time_after_body(function, heard, -1 - number) for number in range(_WARM)][1:])
    chosen = random.Random(0)  # noqa: S311  not a secret
    keys: list[int] = []
    for key in range(_TRIES * count):
        if len(keys) == count:
            break
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            heard.then = lambda writing=writing: os.write(writing, b"x")  # type: ignore[misc]  # the type of such a lambda isn't inferred
            call(function, heard, key)
            os._exit(0)
        os.close(writing)
        os.read(reading, 1)
        time.sleep(chosen.random() * usual)
        os.kill(child, signal.SIGKILL)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL:
            keys.append(key)
        os.close(reading)
    return keys


def _time_after_body(function: Callable[[int], Any], heard: Heard, key: int) -> float:
    began: list[float] = []
    heard.then = lambda: began.append(time.perf_counter())
    function(key)
    heard.then = bool
    return time.perf_counter() - began[0]


def main() -> None:
    """Do what the command line says."""
    library, folder, log, what, *keys = sys.argv[1:]
    warnings.simplefilter("ignore")
    heard = Heard(log)
    function = open_library(library, folder).decorate(value)
    if what == "wait":
        # Whatever is imported at the first call is imported before the race.
        call(function, heard, -1)
        os.truncate(log, 0)
        heard.then = lambda: time.sleep(_LONG)
        print("ready", flush=True)
        sys.stdin.readline()
    if what == "kill":
        print(json.dumps(kill(function, heard, int(keys[0]))))
    else:
        print(json.dumps([call(function, heard, int(key)) for key in keys]))


if __name__ == "__main__":
    main()
