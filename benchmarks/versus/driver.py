"""Runs a state of the cases in the environment of one peer; needs nothing but the standard library and the peer.

Reads one JSON object: the adapter's file, what may be imported beforehand, and the jobs, each with a project folder, a
store folder, the calls, and the files for the answer and for what is printed. Each job has a process of its own, forked
from one that has imported none of the project, and ended as a script ends: what a peer does at exit, it does.

An answer has, for each call, whether the body ran and the `repr` of what came out; or what went wrong.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import signal
import sys
import time
import traceback
from typing import Any

SECONDS = 60


def work(adapter: str, job: dict[str, Any]) -> dict[str, Any]:
    """Import the project with the adapter of the peer, and make the calls."""
    os.chdir(job["project"])
    os.environ["VERSUS_STORE"] = job["store"]
    sys.path[0] = job["project"]
    sys.argv = [os.path.join(job["project"], "mod.py")]
    ran: list[str] = []
    sys.addaudithook(lambda event, args: ran.append(event) if event == "versus.ran" else None)
    spec = importlib.util.spec_from_file_location("adapter", adapter)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["adapter"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["adapter"])
    start = time.perf_counter()
    module = importlib.import_module("mod")
    values, bodies = [], []
    for call in job["calls"]:
        before = len(ran)
        values.append(repr(eval(call, dict(vars(module)))))  # noqa: S307  the calls stand beside the cases
        bodies.append(len(ran) - before)
    return {"values": values, "ran": bodies, "seconds": time.perf_counter() - start}


def child(adapter: str, job: dict[str, Any]) -> None:
    """One job, in a process that ends with it."""
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    signal.alarm(SECONDS)
    try:
        answer = work(adapter, job)
    except Exception as error:  # noqa: BLE001  whatever a peer raises is its answer
        traceback.print_exc()
        answer = {"error": f"{type(error).__name__}: {error}"}
    with open(job["answer"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


def main() -> None:
    """Fork for each job in turn."""
    with open(sys.argv[1], encoding="utf-8") as file:
        todo = json.load(file)
    for name in todo["preload"]:
        importlib.import_module(name)
    importlib.invalidate_caches()
    gc.freeze()  # what is here by now is not looked through again when each of the processes ends
    for job in todo["jobs"]:
        process = os.fork()
        if process == 0:
            child(todo["adapter"], job)
            return  # to the end of the script, so that what is registered with atexit runs
        os.waitpid(process, 0)


if __name__ == "__main__":
    main()
