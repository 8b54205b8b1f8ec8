"""What a million small entries cost: bytes on disk for each, seconds and memory of `stats` and `gc`.

    python benchmarks/small_entries.py [entries]

The entries are those of a cached function with two arguments, each with another result; they are put into the index by
the store's own insertion, many in one transaction. Each command runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inviscid import Store, cached

MOST_BYTES, MOST_SECONDS, MOST_MEMORY = 500, 2.0, 200
_AT_ONCE = 20_000
_SOME = 0.1


def scored(player: str, level: int = 3) -> float:
    """What is cached."""
    return len(player) * level / 7


def fill(path: str, count: int) -> None:
    """Make so many entries, by five functions."""
    from inviscid.digest import digest, pack
    from inviscid.store.schema import insert, plain

    store = Store(path)
    functions = [cached(store=store, namespace=str(number))(scored) for number in range(5)]
    samples = []
    for function in functions:
        function("somebody")
        entry = function.peek("somebody")
        assert entry is not None
        samples.append(entry)
    import msgpack

    parts = [msgpack.unpackb(sample.provenance.parts) for sample in samples]
    for start in range(0, count, _AT_ONCE):

        def work(connection: Any, start: int = start) -> None:
            for number in range(start, min(start + _AT_ONCE, count)):
                sample, known = samples[number % 5], parts[number % 5]
                inline = pack(number / 7)
                key = digest(b"key %d" % number)
                inputs = [[name, digest(b"%s %d" % (name.encode(), number))[:8]] for name, _ in known["inputs"]]
                told = {**known["freeze"], "arguments": f"player='name {number}', level=3", "digest": key}
                origin = sample.provenance._replace(
                    parts=pack({**known, "inputs": inputs, "freeze": told}), created=1.7e9 + number, seconds=0.001
                )
                entry = sample._replace(
                    key=key, object=digest(inline), size=len(inline), value=digest(inline[::-1]), provenance=origin
                )
                insert(connection, plain(entry), inline, None)

        store._index.write(work)  # noqa: SLF001  a million publications would take minutes
    store.close()


def measured(path: str, what: str) -> dict[str, float]:
    """Seconds and memory of one command, in this process."""
    store = Store(path)
    # Imports are not what is measured.
    store.pins()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    if what == "stats":
        store.stats()
    elif what == "ls":
        store.functions()
    else:
        whole = store.stats().bytes if what == "gc a tenth" else 0
        start = time.perf_counter()
        limit = int(whole * (1 - _SOME)) if whole else None
        store.execute(store.plan_gc(size_limit=limit, grace=0.0))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "megabytes": peak / 1024, "more": (peak - before) / 1024}


def main() -> None:
    """Fill a store, and run each command on it."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(*sys.argv[2:])))
        return
    count = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
    with tempfile.TemporaryDirectory(dir=os.environ.get("SPEED_FOLDER")) as folder:
        fill(folder, count)
        size = Path(folder, "index.sqlite3").stat().st_size / count
        print(f"inviscid {version('inviscid')}, {count:,} entries")
        print(f"{size:.0f} bytes on disk for each (at most: {MOST_BYTES})")
        for what in ("stats", "ls", "gc nothing", "gc a tenth"):
            command = [sys.executable, __file__, "--one", folder, what]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(
                f"{what:12} {found['seconds']:6.2f} s (at most: {MOST_SECONDS:g}), {found['megabytes']:5.0f} MB "
                f"(at most: {MOST_MEMORY})"
            )


if __name__ == "__main__":
    main()
