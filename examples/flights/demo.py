"""Run the flights pipeline as its author would: again, after edits, after a change of config; and check what ran.

Each run is a process of its own, on a copy of the project in a temporary folder with a store of its own. For each run
the demo prints which bodies ran, why, and how long the process took; it fails if a body ran that had no reason to, or
if one did not run that had to. The last report is left in `./flights-report/`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

HERE = Path(__file__).parent
PROJECT = ["main.py", "config.toml", "pipeline"]
CONSOLE = Console(highlight=False, width=None if sys.stdout.isatty() else 118)


class Edit(NamedTuple):
    """In `file`, `old` becomes `new`; `old` occurs there exactly `times` times."""

    file: str
    old: str
    new: str
    times: int = 1


class Run(NamedTuple):
    """One process: what is edited before it, and which bodies must run in it, by outcome. All others must not."""

    title: str
    edits: tuple[Edit, ...]
    expected: dict[str, str]


class Done(NamedTuple):
    """What a process did: its calls as the library logged them, the bodies that spoke, and its seconds."""

    calls: list[dict[str, Any]]
    spoke: list[str]
    seconds: float


STEPS = (
    "flights weather planes airlines clean lateness hourly aircraft fleets join features train evaluate chart page"
).split()

RUNS = (
    Run("cold", (), dict.fromkeys(STEPS, "MISS_NEW")),
    Run("again", (), {}),
    Run(
        "a comment and a rename in a helper",
        (
            Edit("pipeline/checks.py", "def repaired(", "def mended("),
            Edit(
                "pipeline/checks.py", "    plausible = ", "    # Outside of these limits it isn't weather.\n    kept = "
            ),
            Edit("pipeline/checks.py", "return plausible.ffill", "return kept.ffill"),
            Edit("pipeline/weather.py", "repaired", "mended", times=2),
            Edit("pipeline/fleet.py", "repaired", "mended", times=2),
        ),
        {},
    ),
    Run(
        "a real change in the helper: gaps are filled by a line",
        (Edit("pipeline/checks.py", "kept.ffill(limit=6)", "kept.interpolate(limit=6)"),),
        {
            # They reach the helper. No aircraft has a gap in its seats: what `aircraft` gives is as before, and what
            # consumes it alone (`fleets`) has nothing to do.
            "hourly": "MISS_CODE",
            "aircraft": "MISS_CODE",
            # They consume the weather, which is another now.
            **dict.fromkeys(["join", "features", "train", "evaluate", "chart", "page"], "MISS_INPUTS"),
        },
    ),
    Run(
        "one config key: model.trees from 300 to 200",
        (Edit("config.toml", "trees = 300", "trees = 200"),),
        {"train": "MISS_CONFIG", **dict.fromkeys(["evaluate", "chart", "page"], "MISS_INPUTS")},
    ),
)


def apply(edit: Edit, project: Path) -> None:
    """Make one edit in a copy of the project.

    Raises:
        ValueError: the text is not there as often as it should be.
    """
    path = project / edit.file
    text = path.read_text(encoding="utf-8")
    if text.count(edit.old) != edit.times:
        raise ValueError(f"{edit.old!r} is {text.count(edit.old)} times in {edit.file}, not {edit.times} times")
    path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def execute(project: Path, store: Path, report: Path, deadline: float) -> Done:
    """Run the project in a process of its own, and show its steps while it runs."""
    outcomes = project.parent / "outcomes.json"
    outcomes.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INVISCID_")}
    environment["INVISCID_STORE"] = str(store)
    # The first run is compared with the second. Two threads everywhere make that the same comparison on every machine;
    # passive ones don't burn the processor that the other is waiting for.
    environment |= {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, "main.py", "--report", str(report), "--outcomes", str(outcomes)]

    spoke: list[str] = []
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=project, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            CONSOLE.print(f"[dim]{escape(line.rstrip())}[/dim]")
            # The bodies' own words, two spaces in front: they don't depend on what the library says of itself.
            if line.startswith("  ") and line.split()[0] in STEPS:
                spoke.append(line.split()[0])
            if time.monotonic() > deadline:
                process.kill()
        code = process.wait()
    seconds = time.monotonic() - started
    if code != 0 or not outcomes.exists():
        raise SystemExit(f"main.py ended with exit code {code} after {seconds:.0f} s")
    return Done(json.loads(outcomes.read_text(encoding="utf-8")), spoke, seconds)


def step(call: dict[str, Any]) -> str:
    """The short name of the function that was called."""
    return str(call["function"]).rpartition(":")[2]


def objections(run: Run, done: Done) -> list[str]:
    """What in a run was not as it had to be; nothing, if all is well."""
    ran = {step(call): call["outcome"] for call in done.calls if call["kind"] != "hit"}
    found = [f"{name} ran: {ran[name]}" for name in ran if name not in run.expected]
    found += [f"{name} did not run" for name in run.expected if name not in ran]
    found += [
        f"{name} ran by {ran[name]}, not by {outcome}"
        for name, outcome in run.expected.items()
        if ran.get(name, outcome) != outcome
    ]
    if sorted(done.spoke) != sorted(ran):
        found.append(f"the library reports {sorted(ran)}, but these bodies ran: {sorted(done.spoke)}")
    if sorted(map(step, done.calls)) != sorted(STEPS):
        found.append(f"not every step was called once: {sorted(map(step, done.calls))}")
    return [f"{run.title}: {objection}" for objection in found]


def reasons(done: Done) -> str:
    """Which bodies ran and why, one line each; one line for all where all have the same reason."""
    ran = [call for call in done.calls if call["kind"] != "hit"]
    lines = [(step(call), "; ".join(call["reasons"])) for call in ran]
    if len(lines) == len(STEPS) and len({reason for _, reason in lines}) == 1:
        return f"all: {escape(lines[0][1])}"
    return "\n".join(f"[bold]{name}[/bold]: {escape(reason)}" for name, reason in lines) or "[dim]nothing ran[/dim]"


def table(finished: list[tuple[Run, Done]]) -> Table:
    """One row per run."""
    shown = Table(box=box.SIMPLE_HEAD, show_lines=True, title="What ran", title_justify="left", pad_edge=False)
    shown.add_column("run", max_width=28)
    shown.add_column("seconds", justify="right")
    shown.add_column("ran", justify="right")
    shown.add_column("which bodies, and why", overflow="fold")
    for run, done in finished:
        misses = sum(call["kind"] != "hit" for call in done.calls)
        shown.add_row(run.title, f"{done.seconds:.1f}", f"{misses} of {len(done.calls)}", reasons(done))
    return shown


def main() -> int:
    """Run everything; 0 if all was as it had to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, default=Path("flights-report"), help="folder to leave the report in")
    parser.add_argument("--limit", type=float, default=3600, help="give up after so many seconds")
    options = parser.parse_args()
    deadline = time.monotonic() + options.limit

    finished: list[tuple[Run, Done]] = []
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="flights-") as temporary:
        project, store = Path(temporary, "project"), Path(temporary, "store")
        project.mkdir()
        for name in PROJECT:
            source = HERE / name
            if source.is_dir():
                shutil.copytree(source, project / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, project / name)
        for number, run in enumerate(RUNS, 1):
            CONSOLE.print(f"[bold]{number} of {len(RUNS)}[/bold]  {escape(run.title)}")
            for edit in run.edits:
                apply(edit, project)
            done = execute(project, store, options.report.resolve(), deadline)
            CONSOLE.print(f"[dim]  {done.seconds:.1f} s[/dim]")
            finished.append((run, done))
            found += objections(run, done)

    cold, again = finished[0][1].seconds, finished[1][1].seconds
    if again > cold / 4:
        found.append(f"the second run took {again:.1f} s, more than a quarter of the first, {cold:.1f} s")
    CONSOLE.print()
    CONSOLE.print(table(finished))
    CONSOLE.print(f"The second run took {again / cold:.0%} of the time of the first.")
    CONSOLE.print(f"The report: {options.report / 'index.html'} (its picture: {options.report / 'late.png'})")
    for objection in found:
        CONSOLE.print(f"[red]not as expected:[/red] {escape(objection)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
