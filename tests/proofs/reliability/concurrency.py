"""Many processes, threads and tasks on one store: who computes, who waits, and that nobody waits for ever.

    python tests/proofs/reliability/concurrency.py [--quick | --full] [--only NAME]

Each line says what was done and counts what came of it; what breaks the promise is told below it, and ends in exit
code 1. A *stampede* is many processes that miss one key at once. A *takeover* is the time from the death of the holder
of a claim to the moment at which the body runs in the next process.
"""

from __future__ import annotations

import argparse
import mmap
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import reentry
import stopped
import subjects
import traffic
from findings import Finding, tell
from forked import Broken, Line, Ran, children, listeners, store_in

_TAKEOVER = 0.1
_PATIENCE = 20.0
"""Seconds until the next body has to run at all."""


def stampede(folder: Path, processes: int, rounds: int) -> Finding:
    """All miss one key in each round; one computes."""
    found = Finding("stampede", {"processes": processes, "rounds": rounds})
    with store_in(folder) as (_, ran):
        subjects.small(-1), subjects.medium(-1)
        before = ran.count()
        barrier = multiprocessing.get_context("fork").Barrier(processes)

        def work() -> int:
            # As long as a body that is worth it: the others shall come while it runs.
            listeners.append(lambda _: time.sleep(0.02))
            right = 0
            for number in range(rounds):
                name = ("small", "medium")[number % 2]
                barrier.wait(60)
                right += subjects.is_right(name, number, subjects.FUNCTIONS[name](number))
            return right

        with children([work] * processes) as started:
            right = sum(child.result(60 + 5 * rounds) for child in started)
        runs = ran.count() - before
    found.counts |= {"computations": runs, "right values": right}
    found.demand(runs == rounds, f"{runs} computations in {rounds} rounds")
    found.demand(right == rounds * processes, f"{rounds * processes - right} wrong values")
    return found


def takeover(
    folder: Path,
    holders: int,
    rounds: int,
    *,
    limit: float = _TAKEOVER,
    leaves_children: bool = False,
    patience: float = _PATIENCE,
) -> Finding:
    """Holders of the claim are killed one after the other, and may leave children of their own; the last one ends."""
    found = Finding("takeover", {"killed": 0, "computations": 0})
    times: list[float] = []
    for number in range(rounds):
        with store_in(folder / str(number)) as (_, ran):
            _kill_holders(found, ran, holders, times, leaves_children=leaves_children, patience=patience)
    slowest = max(times, default=0.0)
    found.counts["slowest takeover"] = f"{slowest * 1e3:.1f} ms"
    found.demand(len(times) == holders * rounds, f"{len(times)} takeovers of {holders * rounds}")
    found.demand(slowest < limit, f"a takeover took {slowest * 1e3:.0f} ms")
    return found


def _kill_holders(
    found: Finding, ran: Ran, holders: int, times: list[float], *, leaves_children: bool, patience: float
) -> None:
    subjects.small(-1)
    before = ran.count()
    left = mmap.mmap(-1, 1)
    left[0] = holders
    orphans = multiprocessing.get_context("fork").SimpleQueue()

    def hold(name: str) -> None:
        # One at a time is here, if claims are good for anything.
        if left[0]:
            left[0] -= 1
            if leaves_children:
                orphans.put(_forked())
                orphans.put(subprocess.Popen(["sleep", "60"], close_fds=False).pid)
            time.sleep(60)

    def work() -> bool:
        listeners.append(hold)
        return subjects.is_right("small", 1, subjects.small(1))

    with children([work] * (holders + 1)) as started:
        killed = 0
        try:
            for place in range(holders):
                pid = _await(ran, before + place, patience).pid
                # So that the others are in line, and an orphan is by itself.
                time.sleep(0.03)
                found.demand(ran.count() == before + place + 1, "others compute beside the holder")
                (victim,) = [child for child in started if child.pid == pid]
                start = time.monotonic_ns()
                os.kill(pid, signal.SIGKILL)
                victim.wait()
                killed += 1
                times.append((_await(ran, before + place + 1, patience).when - start) / 1e9)
            survivors = [child.result() for child in started if child.pid]
        finally:
            while not orphans.empty():
                with suppress(ProcessLookupError):
                    os.kill(orphans.get(), signal.SIGKILL)
    runs = ran.count() - before
    found.add("killed", killed)
    found.add("computations", runs)
    found.demand(runs <= killed + 1, f"{runs} computations, {killed} were killed")
    found.demand(survivors == [True], f"those left gave {survivors}")


def _forked() -> int:
    """A child that does nothing, and holds what a child inherits."""
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    return pid


def _await(ran: Ran, number: int, patience: float) -> Line:
    """The body that runs as this one, once it does."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if len(lines := ran.lines()) > number:
            return lines[number]
        time.sleep(0.0005)
    raise Broken(f"only {len(ran.lines())} bodies ran")


def all_of(folder: Path, *, full: bool) -> list[tuple[str, Callable[[], Finding]]]:
    """What is tried, by name."""
    return [
        ("stampede", lambda: stampede(folder / "a", *((64, 100) if full else (16, 3)))),
        ("killed holders", lambda: takeover(folder / "b", *((15, 5) if full else (5, 2)))),
        ("killed holders with children", lambda: takeover(folder / "c", *((8, 3) if full else (3, 1)), leaves_children=True)),
        ("calls inside of calls", lambda: reentry.calls(folder / "d", *((8, 8, 12) if full else (3, 3, 2)))),
        ("recursion without end", lambda: reentry.endless(folder / "e", *((6, 4, 10) if full else (3, 2, 2)))),
        ("awaited calls", lambda: reentry.awaited(folder / "f", *((6, 3, 10) if full else (3, 2, 2)))),
        ("continuous gc", lambda: traffic.collected(folder / "g", 8, 100_000 if full else 2_000)),
        ("stopped writers", lambda: stopped.writers(folder / "h", every=1 if full else 4)),
        ("threads that fork", lambda: traffic.forking(folder / "i", 8, 300 if full else 10)),
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="as often as the documentation says: minutes")
    size.add_argument("--quick", action="store_true", help="less than a minute: the default")
    parser.add_argument("--only", default="", help="lines whose name contains this")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="inviscid-concurrency-") as folder:
        wanted = [one for one in all_of(Path(folder), full=given.full) if given.only in one[0]]
        if not wanted:
            parser.error(f"no line's name contains {given.only!r}")
        return 1 if tell(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
