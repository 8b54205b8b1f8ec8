"""Showing results: as text, as the page of the documentation."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence

from run import Result

MARK = "†"


def duration(seconds: float) -> str:
    """A time with three figures, in a unit that suits it."""
    size = abs(seconds)
    unit, factor = ("s", 1.0) if size >= 1 else ("ms", 1e3) if size >= 1e-3 else ("µs", 1e6)
    return f"{seconds * factor:.3g} {unit}"


def times(ratio: float) -> str:
    """A ratio with two figures, or all before the point."""
    return f"×{ratio:.2g}" if abs(ratio) < 100 else f"×{ratio:.0f}"


def file_system(folder: str) -> str:
    """The kind of file system that a folder is on, where that can be asked."""
    found = "unknown file system", -1
    try:
        with open("/proc/mounts", encoding="utf-8") as mounts:
            for line in mounts:
                _, point, kind = line.split()[:3]
                inside = os.path.realpath(folder).startswith(point.rstrip("/") + "/")
                if inside and len(point) >= found[1]:
                    found = kind, len(point)
    except OSError:
        pass
    return found[0]


def environment(folder: str, versions: dict[str, str], *, quick: bool) -> str:
    """Where it was measured."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, {file_system(folder)}"
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    today = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}"
    return f"Measured on {today} with {python} on {machine}: {listed}{'; a quick run' if quick else ''}."


def cell(result: Result, name: str) -> str:
    """What the table says of one contender: a time for inviscid, a ratio to it for others."""
    figures = result.figures.get(name)
    if figures is None:
        return "–"
    mark = MARK if name in result.marked else ""
    own = result.figures.get("inviscid")
    if name == "inviscid" or own is None or own.median <= 0:
        shown = duration(figures.median)
    else:
        shown = times(figures.median / own.median)
    return f"{shown} ±{figures.spread:.0%}{mark}"


def table(results: Sequence[Result], libraries: list[str]) -> list[list[str]]:
    """The table of rows, its head first."""
    names = [*libraries, "floor"]
    return [["", *names], *([one.row.title, *(cell(one, name) for name in names)] for one in results)]


def tell(result: Result) -> list[str]:
    """What there is to say of a row, besides its figures."""
    lines = [str(verdict) for verdict in result.verdicts] or ["no target"]
    lines += result.notes
    lines += [f"{name}: {why}" for name, why in result.failed.items()]
    return lines


def text(results: Sequence[Result], libraries: list[str]) -> str:
    """The table for a terminal."""
    rows = table(results, libraries)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(one.ljust(width) for one, width in zip(row, widths, strict=True)) for row in rows)


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *others = rows
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *others]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def page(results: Sequence[Result], libraries: list[str], where: str) -> str:
    """The part of the page that a run writes."""
    verdicts = [verdict for one in results for verdict in one.verdicts]
    met = sum(verdict.met for verdict in verdicts)
    lines = [
        where,
        "",
        _markdown(table(results, libraries)),
        "![Each row's times as ratios to inviscid's](speed.svg)",
        "",
        "## Targets",
        "",
        f"{met} of {len(verdicts)} are met.",
        "",
        "| row | target | measured | |",
        "| --- | --- | --: | --- |",
    ]
    for one in results:
        for verdict in one.verdicts:
            ratio = "–" if verdict.ratio is None else f"{verdict.ratio:.2f}×"
            said = "met" if verdict.met else f"**missed**{f': {verdict.why}' if verdict.why else ''}"
            lines.append(f"| {one.row.title} | {verdict.target} | {ratio} | {said} |")
    lines += ["", "## Rows", ""]
    for one in results:
        said = [*one.notes, *(f"{name}: {why}" for name, why in one.failed.items())]
        marked = f" {MARK} {', '.join(one.marked)}." if one.marked else ""
        noted = f" In this run: {'; '.join(said)}." if said else ""
        lines.append(f"- **{one.row.title}**: {one.row.about} Floor: {one.row.floor}.{marked}{noted}")
    return "\n".join(lines)
