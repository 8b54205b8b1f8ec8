"""inviscid beside its peers and beside the floor, row by row, as ratios in one run.

    python benchmarks/speed/speed.py [--only ROW] [--quick] [--write] [--libraries inviscid,diskcache]

Each row times every library in turn, again and again in one process, so that what the machine does meanwhile is the same
for all; a figure is the median of the rounds. No ready-made harness interleaves the libraries of one row, so the timer
is written here. The *floor* of a row is the bare operation that nobody can do without: it is no library, checks nothing
and knows no code. `--write` puts table and plot into docs/explanation/speed.md.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import functions
import peers

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "speed.md"
Call = Callable[[], object]


class Target(NamedTuple):
    """What a row is to reach: one figure at most so many times another."""

    what: str
    beside: str
    most: float


class Row(NamedTuple):
    """What is timed, by library; and what inviscid is to reach beside them."""

    name: str
    title: str
    calls: Callable[[Bench], Iterator[tuple[str, Call]]]
    targets: tuple[Target, ...] = ()
    rounds: int = 15
    note: str = ""


class Bench:
    """A folder for the stores of one run, and which libraries take part."""

    def __init__(self, folder: str, libraries: set[str], quick: bool) -> None:
        self.folder = folder
        self.libraries = libraries
        self.quick = quick
        self._number = 0

    def place(self) -> str:
        """A new folder."""
        self._number += 1
        path = f"{self.folder}/{self._number}"
        os.makedirs(path)
        return path

    def takes(self, *names: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Each of these libraries that takes part, with its decorator over a new store."""
        for name in names:
            if name.partition(" ")[0] in self.libraries:
                yield name, peers.DECORATORS[name](self.place())


ALL = ("inviscid", "diskcache", "joblib", "checkpointer")


def _settled(call: Call) -> Call:
    """A call that hits, in the state in which a process that goes on calling it is: what moved last is long ago."""
    for _ in range(4):
        call()
    return call


def small(bench: Bench) -> Iterator[tuple[str, Call]]:
    for name, cached in bench.takes(*ALL):
        function = functions.configured(cached) if name == "inviscid" else functions.plain(cached)
        yield name, _settled(lambda function=function: function(1, 3))
    yield "floor", peers.memory_floor()


def from_disk(bench: Bench) -> Iterator[tuple[str, Call]]:
    for name, cached in bench.takes("inviscid on disk", *ALL[1:]):
        function = functions.plain(cached)
        yield name, _settled(lambda function=function: function(1, 3))
    yield "floor", peers.sqlite_floor(bench.place())


def nested(bench: Bench) -> Iterator[tuple[str, Call]]:
    value = {f"name {number}": {"a": number, "b": number / 3, "c": ["x", number]} for number in range(100)}
    for name, cached in bench.takes(*ALL):
        function = functions.measured(cached)
        yield name, _settled(lambda function=function: function(value))
    yield "floor", lambda: peers.packed(value)


def _of_array(megabytes: float, *names: str) -> Callable[[Bench], Iterator[tuple[str, Call]]]:
    def calls(bench: Bench) -> Iterator[tuple[str, Call]]:
        array = functions.numbers(megabytes)
        for name, cached in bench.takes(*names):
            function = functions.measured(cached)
            yield name, _settled(lambda function=function: function(array))
        yield "floor", lambda: peers.hashed(array)

    return calls


def frame(bench: Bench) -> Iterator[tuple[str, Call]]:
    value = functions.table()
    for name, cached in bench.takes(*ALL):
        function = functions.measured(cached)
        yield name, _settled(lambda function=function: function(value))
    values = value.to_numpy().copy()
    yield "floor", lambda: peers.hashed(values)


def carried(bench: Bench) -> Iterator[tuple[str, Call]]:
    for _, cached in bench.takes("inviscid"):
        made, look, few = functions.produced(cached), functions.measured(cached), functions.plain(cached)
        size = 64 if bench.quick else 1024
        made(size)
        array = made(size)
        functions.refuse_tricks(made, look, size)
        yield "inviscid", _settled(lambda: look(array))
        yield "a small hit", _settled(lambda: few(1, 3))


def mapped(bench: Bench) -> Iterator[tuple[str, Call]]:
    for name, cached in bench.takes("inviscid", "joblib mapped", "joblib", "diskcache", "checkpointer"):
        function = functions.produced(cached)
        yield name, _settled(lambda function=function: function(100))


def globals_checked(bench: Bench) -> Iterator[tuple[str, Call]]:
    for _, cached in bench.takes("inviscid"):
        many, none = functions.many_globals(cached), functions.no_globals(cached)
        yield "inviscid", _settled(lambda: many(1))
        yield "without globals", _settled(lambda: none(1))


def miss(bench: Bench) -> Iterator[tuple[str, Call]]:
    for name, cached in bench.takes(*ALL):
        function, numbers = functions.plain(cached), iter(range(1 << 40))
        yield name, lambda function=function, numbers=numbers: function(next(numbers), 3)


def _large_miss(durability: str) -> Callable[[Bench], Iterator[tuple[str, Call]]]:
    def calls(bench: Bench) -> Iterator[tuple[str, Call]]:
        source, numbers = functions.numbers(100), iter(range(1 << 40))
        for name, cached in bench.takes("inviscid"):
            function = functions.returned(lambda body: cached(body, durability=durability, ignore=("value",)))
            # What comes of it is kept, as a caller would: to give it back is not a part of a miss.
            kept: list[Any] = []
            yield name, lambda: kept.append(function(next(numbers), source))
        yield "floor", peers.saver(bench.place(), source, synced=durability == "always")

    return calls


def mapping(bench: Bench) -> Iterator[tuple[str, Call]]:
    count = 5_000 if bench.quick else 100_000
    for _, cached in bench.takes("inviscid"):
        function = functions.doubled(cached)
        function.map(range(count))
        yield "inviscid", lambda: function.map(range(count))
    for _, cached in bench.takes("joblib"):
        # The loop is timed over a part of the items; that it costs the same for each is what a loop is.
        other, part = functions.doubled(cached), count // 50
        for item in range(part):
            other(item)
        yield "joblib, a loop over 1/50", lambda: [other(item) for item in range(part)]


ROWS = [
    Row(
        "small", "hit, small arguments, from memory", small,
        (Target("inviscid", "diskcache", 1 / 10), Target("inviscid", "joblib", 1 / 40)),
        note="inviscid: ten helpers, a class and three config keys in reach, all guarded",
    ),
    Row("disk", "hit, small arguments, from disk", from_disk, (Target("inviscid on disk", "diskcache", 1 / 3),)),
    Row("nested", "hit, nested dict of 100", nested, (Target("inviscid", "joblib", 1 / 15),)),
    Row("1MB", "hit, array of 1 MB", _of_array(1, *ALL), (Target("inviscid", "floor", 1.4),)),
    Row(
        "256MB", "hit, array of 256 MB", _of_array(256, *ALL),
        (Target("inviscid", "floor", 1.2), Target("inviscid", "best peer that hashes all", 1 / 5)), rounds=5,
    ),
    Row("frame", "hit, frame of a million rows and five columns", frame, rounds=5),
    Row("carried", "hit, array of 1 GB out of the store", carried, (Target("inviscid", "a small hit", 2.0),)),
    Row("mapped", "hit, result of 100 MB", mapped, (Target("inviscid", "joblib mapped", 1 / 2),), rounds=7),
    Row("globals", "hit that checks 100 globals", globals_checked, (Target("inviscid", "without globals", 2.0),)),
    Row("miss", "miss, an int", miss, (Target("inviscid", "diskcache", 1.0),)),
    Row("miss-100MB", "miss, 100 MB", _large_miss("never"), (Target("inviscid", "floor", 1.2),), rounds=9),
    Row("miss-synced", "miss, 100 MB, durable", _large_miss("always"), (Target("inviscid", "floor", 1.2),), rounds=7),
    Row(
        "map", "map over 100,000 items, all hits", mapping,
        (Target("inviscid", "joblib, a loop over 1/50", 50 / 20),), rounds=5,
    ),
]  # fmt: skip


def timed(row: Row, bench: Bench) -> dict[str, list[float]]:
    """Seconds for one call, by library, in each round."""
    calls = dict(row.calls(bench))
    # What was imported last is no news for those who watch for that.
    time.sleep(1.2)
    for call in calls.values():
        _settled(call) if row.name[:4] != "miss" else call()
    counts = {
        name: _count(call) if row.name[:4] != "miss" else 30 if row.name == "miss" else 1
        for name, call in calls.items()
    }
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(3 if bench.quick else row.rounds):
        for name, call in calls.items():
            gc.collect()
            if row.name.startswith("miss-"):
                os.sync()
            start = time.perf_counter()
            for _ in range(counts[name]):
                call()
            found[name].append((time.perf_counter() - start) / counts[name])
    return found


def _count(call: Call) -> int:
    """How many calls take about 20 ms."""
    start = time.perf_counter()
    call()
    return max(1, min(20_000, int(0.02 / (time.perf_counter() - start))))


def cold(bench: Bench) -> dict[str, list[float]]:
    """Seconds that one process takes which hits once, less those of one that does nothing."""
    scripts = {name: peers.COLD[name] for name in ("inviscid", "diskcache", "joblib") if name in bench.libraries}
    found: dict[str, list[float]] = {name: [] for name in ("bare", *scripts)}
    places = {name: bench.place() for name in found}
    # Whoever installed a library has compiled it.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for round_ in range(5 if bench.quick else 15):
        for name in found:
            command = [sys.executable, "-c", scripts.get(name, "pass"), places[name]]
            if name != "bare":
                path = Path(places[name], "script.py")
                path.write_text(scripts[name], encoding="utf-8")
                command = [sys.executable, str(path), places[name]]
            start = time.perf_counter()
            subprocess.run(command, check=True, env=env)
            if round_ > 1:
                found[name].append(time.perf_counter() - start)
    bare = statistics.median(found.pop("bare"))
    return {name: [one - bare for one in seconds] for name, seconds in found.items()}


COLD = Row(
    "cold", "a process that hits once, above bare Python", lambda bench: iter(()),
    (Target("inviscid", "diskcache", 1 / 2), Target("inviscid", "joblib", 1 / 10)),
)  # fmt: skip


def judged(row: Row, found: dict[str, float]) -> Iterator[tuple[str, bool]]:
    """What each target of a row says, and whether it is met."""
    for what, beside, most in row.targets:
        peer = found.get(beside)
        if beside.startswith("best peer"):
            peer = min((found[name] for name in found if name in ("joblib", "diskcache")), default=None)
        if what not in found or peer is None:
            continue
        ratio = found[what] / peer
        if most < 1:
            yield f"{1 / ratio:.1f} times as fast as {beside} (to reach: {1 / most:.0f})", ratio <= most
        else:
            yield f"{ratio:.2f} times {beside} (at most: {most:g})", ratio <= most


def shown(seconds: float) -> str:
    """A time with its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def environment() -> str:
    """What it ran on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("inviscid", *peers.DISTRIBUTIONS))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}; {packages}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    rows = [*ROWS, COLD]
    parser.add_argument("--only", action="append", choices=[row.name for row in rows])
    parser.add_argument("--libraries", default=",".join(ALL))
    parser.add_argument("--quick", action="store_true", help="a few rounds, and smaller arrays")
    parser.add_argument("--write", action="store_true", help="write the table and the plot of the documentation")
    parser.add_argument("--check", action="store_true", help="end with 1 where a target is missed")
    options = parser.parse_args()
    print(environment())
    results: list[tuple[Row, dict[str, float]]] = []
    missed = 0
    for row in rows:
        if options.only and row.name not in options.only:
            continue
        with tempfile.TemporaryDirectory(dir=os.environ.get("SPEED_FOLDER")) as folder:
            bench = Bench(folder, set(options.libraries.split(",")), options.quick)
            rounds = cold(bench) if row is COLD else timed(row, bench)
            found = {name: statistics.median(seconds) for name, seconds in rounds.items()}
        results.append((row, found))
        print(f"\n{row.title}")
        own = found.get("inviscid", found.get("inviscid on disk"))
        for name, seconds in found.items():
            spread = (max(rounds[name]) - min(rounds[name])) / seconds if seconds else 0.0
            ratio = f"{seconds / own:8.2f}" if own else ""
            print(f"  {name:28} {shown(seconds):>10} {ratio}   ± {50 * spread:.0f} %")
        for text, met in judged(row, found):
            missed += not met
            print(f"  {'met' if met else 'MISSED'}: {text}")
    if options.write:
        import page

        page.write(PAGE, environment(), results, judged, shown)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
