"""How fast inviscid is, beside its peers and the least that a cache could cost.

    nox -s bench -- [--write] [--check] [--quick] [--only ROW …] [--libraries a,b]

Each row (`rows.py`) is timed with all libraries in turn (`measure.py`), and judged by its targets (`judge.py`). A
target that is missed is printed, and is no failure, unless `--check` is given.
"""

from __future__ import annotations

import argparse
import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from caches import OPENERS, versions
from plot import plot
from rows import ROWS
from run import run
from show import MARK, environment, file_system, page, tell, text

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "speed.md"
BEGIN, END = "<!-- written by nox -s bench: begin -->\n", "<!-- written by nox -s bench: end -->\n"
_SECONDS, _QUICK = 20.0, 2.5
"""What the rounds of a row should take."""


def _folder() -> str:
    """A folder for stores that isn't in memory, if there is one."""
    places = [tempfile.gettempdir(), "/var/tmp", os.getcwd()]  # noqa: S108  folders in it are made by tempfile
    return next((place for place in places if os.path.isdir(place) and file_system(place) != "tmpfs"), places[0])


def write(written: str) -> None:
    """Put the part of the page between its marks."""
    top, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, bottom = rest.split(END)
    PAGE.write_text(top + BEGIN + "\n" + written + "\n\n" + END + bottom, encoding="utf-8")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="how fast inviscid is, beside its peers")
    parser.add_argument("--write", action="store_true", help="write the page of the documentation and its plot")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller arrays")
    names = [row.name for row in ROWS]
    parser.add_argument("--only", action="append", metavar="ROW", choices=names, help=f"one of: {', '.join(names)}")
    parser.add_argument("--libraries", default=",".join(OPENERS), help="with commas; without peers none is needed")
    parser.add_argument("--folder", default=_folder(), help="where stores are made, and removed; not in memory")
    given = parser.parse_args()
    libraries = given.libraries.split(",")
    if unknown := [name for name in libraries if name not in OPENERS]:
        parser.error(f"no such library: {', '.join(unknown)}")
    if "inviscid" not in libraries:
        parser.error("all targets are of inviscid: it can't be left out")
    if given.write and (given.only or given.quick or libraries != list(OPENERS)):
        parser.error("what is written to the page is the whole run")
    where = environment(given.folder, versions(libraries), quick=given.quick)
    print(where, flush=True)
    folder = tempfile.mkdtemp(prefix="speed-", dir=given.folder)
    # What is registered first runs last: a library may write to its store when the process ends, and so make it again.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    results = []
    for row in ROWS:
        if not given.only or row.name in given.only:
            seconds = _QUICK if given.quick else _SECONDS
            results.append(run(row, libraries, folder, seconds=seconds, quick=given.quick))
            rounds = max((one.rounds for one in results[-1].figures.values()), default=0)
            print(f"\n{row.name}: {row.title} ({rounds} rounds, {results[-1].seconds:.0f} s)")
            print("\n".join(f"  {line}" for line in tell(results[-1])), flush=True)
    print(f"\n{text(results, libraries)}\n\n{MARK} gives the result of before the alteration.")
    if given.write:
        write(page(results, libraries, where))
        plot(results, libraries, PAGE.with_suffix(".svg"))
    if given.check and not all(verdict.met for one in results for verdict in one.verdicts):
        sys.exit(1)


if __name__ == "__main__":
    main()
