"""What becomes of a cache when something goes wrong: inviscid beside its peers, under the same faults.

    nox -s versus_faults -- [--write] [--only FAULT] [--libraries a,b]

Each fault is a scene (`scenes.py`) that is played with each library in processes of its own (`child.py`). What comes of
it is measured and classed; it may differ a little from run to run where processes race. Nothing that is found is a
failure of this script, unless `--check` is given and inviscid gives a wrong value or an error.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from scenes import CHILD, SCENES

sys.path.append(str(CHILD.resolve().parents[1] / "speed"))
from caches import OPENERS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "reliability.md"
BEGIN = "<!-- written by nox -s versus_faults: begin -->\n"
END = "<!-- written by nox -s versus_faults: end -->\n"


def as_markdown(libraries: list[str], cells: dict[tuple[str, str], str]) -> str:
    """The table of faults and libraries."""
    lines = [["", *libraries], ["---"] * (1 + len(libraries))]
    lines += [[fault, *(cells[fault, library] for library in libraries)] for fault in SCENES]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def where(libraries: list[str]) -> str:
    """Where it was measured."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    # The version of a working tree says nothing of its content.
    own = ["inviscid of this working tree"] if "inviscid" in libraries else []
    listed = ", ".join([*own, *(f"{name} {version(name)}" for name in libraries if name != "inviscid")])
    today = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}"
    return f"Measured on {today} with {python} on {os.cpu_count()} cores, {platform.system()}: {listed}."


def write(written: str) -> None:
    """Put the part of the page between its marks."""
    top, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, bottom = rest.split(END)
    PAGE.write_text(f"{top}{BEGIN}\n{written}\n{END}{bottom}", encoding="utf-8")


def main() -> None:
    """Play all scenes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the table of the documentation")
    parser.add_argument("--check", action="store_true", help="exit with 1 if inviscid gives a wrong value or an error")
    parser.add_argument("--only", default="", help="faults whose name contains this")
    parser.add_argument("--libraries", default=",".join(OPENERS), help="with commas")
    given = parser.parse_args()
    libraries = given.libraries.split(",")
    if unknown := [name for name in libraries if name not in OPENERS]:
        parser.error(f"no such library: {', '.join(unknown)}")
    if given.write and (given.only or libraries != list(OPENERS)):
        parser.error("what is written to the page is the whole comparison")
    print(where(libraries), flush=True)
    cells: dict[tuple[str, str], str] = {}
    for fault, scene in SCENES.items():
        for library in libraries if given.only in fault else ():
            with tempfile.TemporaryDirectory(prefix="versus-faults-") as folder:
                place = Path(folder) / library
                place.mkdir()
                cells[fault, library] = scene(library, place)
            print(f"{fault:<24}{library:<14}{cells[fault, library]}", flush=True)
    if given.write:
        write(f"{where(libraries)}\n\n{as_markdown(libraries, cells)}")
    bad = [
        cell for (_, library), cell in cells.items() if library == "inviscid" and ("wrong" in cell or "error" in cell)
    ]
    sys.exit(1 if given.check and bad else 0)


if __name__ == "__main__":
    main()
