"""A report as a file, and as plain data."""

from __future__ import annotations

import os
from typing import Any

from inviscid.errors import ReportError
from inviscid.report.collect import Report
from inviscid.report.page import page


def write(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the page. Whoever reads the file meanwhile has the old page or the new one, whole.

    Raises:
        ReportError: the file can't be written.
    """
    name = os.path.abspath(path)
    if os.path.isdir(name):
        raise ReportError(f"the report can't be written to {name}: it is a directory; name a file in it")
    data = page(report).encode("utf-8", "replace")
    draft = f"{name}.{os.getpid()}.new"
    try:
        with open(draft, "wb") as file:
            file.write(data)
        os.replace(draft, name)
    except OSError as error:
        if os.path.isfile(draft):
            os.unlink(draft)
        raise ReportError(f"the report can't be written to {name}: {error.strerror or error}") from error


def plain(report: Report) -> dict[str, Any]:
    """All of a report as JSON has it."""
    stats = report.stats
    outcomes = {name: {"count": count, "seconds": took} for name, (count, took) in stats.outcomes.items()}
    cards = [
        {
            **card.summary._asdict(),
            "pinned": card.pinned,
            "frozen": card.frozen,
            "frozen_whole": card.frozen_whole,
            "lines": [{**line._asdict(), "config": dict(line.config)} for line in card.lines],
            "definitions": [definition._asdict() for definition in card.definitions],
            "more_definitions": card.more_definitions,
        }
        for card in report.cards
    ]
    return {
        "made": report.made,
        "exists": report.exists,
        "stats": {**stats._asdict(), "outcomes": outcomes},
        "notices": list(report.notices),
        "functions": cards,
    }
