"""The crash proof: the store dies or fails at every system call, and never gives a wrong value.

    python tests/proofs/reliability/crash.py [--quick | --full] [--task NAME …] [--seed N]

Each piece of the store's work runs in a child process; at one of its system calls the child is killed, or the call gives
an error, once or from then on (`tracing.py`). The child must end by itself, done or with StoreError, and its store must
work again in the same process, unless the fault lasts. Then a fresh reader must find the right value or none, what was acknowledged must be there, every key can be
computed and stored again, and gc leaves no unfinished file (`tasks.py`).

`--full` does this at every point with every fault, `--quick` (the default) with a sample of them. Exits 1 on any
violation; also where nothing was injected, because strace is missing for instance.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import tracing
from tasks import TASKS, Bench, Task
from tracing import KILL, Ending, Fault

_QUICK = 150
_SHOWN = 20


@dataclass
class Tally:
    """What came of one task."""

    task: str
    points: int = 0
    kills: int = 0
    errors: int = 0
    confirmed: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """Violations by kind."""
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def note(self, fault: Fault, ending: Ending, stories: list[str]) -> None:
        """Count one run."""
        self.kills += fault.what == KILL
        self.errors += fault.what != KILL
        self.confirmed += ending.injected
        self.endings[ending.how] += 1
        for story in stories:
            self.kinds[story.partition(":")[0]] += 1
            self.violations.append(f"{self.task}, {fault}: {story}")


def prove(task: Task, root: Path, chosen: random.Random, most: int | None = None) -> Tally:
    """A task with all faults at all of its points, or with a sample of `most` of them."""
    start = time.perf_counter()
    bench = Bench(task, root)
    bench.renew()
    planned = tracing.faults(bench.work)
    assert planned, f"{task.name} makes no calls"
    if most is not None and most < len(planned):
        planned = chosen.sample(planned, most)
    tally = Tally(task.name, len({fault[:2] for fault in planned}))
    for fault in planned:
        ending, stories = _once(bench, fault)
        tally.note(fault, ending, stories)
    tally.seconds = time.perf_counter() - start
    return tally


def _once(bench: Bench, fault: Fault) -> tuple[Ending, list[str]]:
    bench.renew()
    ending = tracing.run(bench.work, fault)
    if fault.lasts and "StuckError" in ending.words:
        # The second thing that the child does meets the fault too.
        ending = ending._replace(how="refused")
    stories = _judge(bench.task, fault, ending)
    return ending, [*stories, *bench.check(acknowledged=ending.acknowledged)]


def _judge(task: Task, fault: Fault, ending: Ending) -> list[str]:
    """What is wrong with how the child ended."""
    if ending.how == "hung":
        return [f"hung: {ending.words}"]
    if not ending.injected:
        return [f"not injected: the child was {ending.how} {ending.words}"]
    if ending.how == "raised":
        return [f"{'wrong value' if 'WrongValueError' in ending.words else 'exception'}: {ending.words}"]
    if ending.how == "refused" and task.never_fails and not ending.acknowledged:
        return [f"exception: {ending.words}, where nothing may be raised"]
    return []


_COLUMNS = "task points kills errors injected done refused killed wrong exceptions lost other seconds".split()


def _row(tally: Tally) -> list[str]:
    kinds = tally.kinds
    exceptions = kinds["exception"] + kinds["exception later"]
    other = kinds.total() - kinds["wrong value"] - kinds["lost"] - exceptions
    numbers = [tally.points, tally.kills, tally.errors, tally.confirmed]
    numbers += [tally.endings[how] for how in ("done", "refused", "killed")]
    numbers += [kinds["wrong value"], exceptions, kinds["lost"], other]
    return [tally.task, *(f"{number:,}" for number in numbers), f"{tally.seconds:.1f}"]


def _total(tallies: list[Tally]) -> Tally:
    total = Tally("all")
    for tally in tallies:
        total.points += tally.points
        total.kills += tally.kills
        total.errors += tally.errors
        total.confirmed += tally.confirmed
        total.endings += tally.endings
        total.kinds += tally.kinds
        total.violations += tally.violations
        total.seconds += tally.seconds
    return total


def _print(row: list[str]) -> None:
    print(f"{row[0]:<12}" + "".join(f"{cell:>11}" for cell in row[1:]), flush=True)


def _root() -> str | None:
    """Where files cost least: the power may fail in this proof only in the model of `powerloss.py`."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main(arguments: list[str] | None = None) -> int:
    """Run the proof and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="every point with every fault: minutes")
    size.add_argument("--quick", action="store_true", help=f"a sample of about {_QUICK} faults: the default")
    names = [task.name for task in TASKS]
    parser.add_argument("--task", action="append", choices=names, help="one of them, as often as wanted; else all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    options = parser.parse_args(arguments)
    reason = tracing.why_not()
    if reason is not None:
        print(f"nothing can be injected: {reason}", file=sys.stderr)
        return 1
    wanted = [task for task in TASKS if not options.task or task.name in options.task]
    most = None if options.full else max(1, _QUICK // len(wanted))
    chosen = random.Random(options.seed)
    _print(_COLUMNS)
    tallies = []
    with tempfile.TemporaryDirectory(prefix="inviscid-crash-", dir=_root()) as root:
        for task in wanted:
            tallies.append(prove(task, Path(root), chosen, most))
            _print(_row(tallies[-1]))
    total = _total(tallies)
    _print(_row(total))
    for violation in total.violations[:_SHOWN]:
        print(violation)
    if len(total.violations) > _SHOWN:
        print(f"and {len(total.violations) - _SHOWN} more: {dict(total.kinds)}")
    return 1 if total.violations or not total.confirmed else 0


if __name__ == "__main__":
    sys.exit(main())
