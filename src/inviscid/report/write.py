"""A report as a file, and as plain data."""

from __future__ import annotations

import os
import stat
from io import RawIOBase
from typing import Any

from inviscid.errors import ReportError
from inviscid.report.collect import Report
from inviscid.report.page import page


def write(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the page. Whoever reads the file meanwhile has the old page or the new one, whole.

    A link stays, and leads to the page then. What is no file (a device, a fifo) gets the page, and stays what it is.

    Raises:
        ReportError: the file can't be written.
    """
    name = os.path.abspath(path)
    if os.path.isdir(name):
        raise ReportError(f"the report can't be written to {name}: it is a directory; name a file in it")
    data = page(report).encode("utf-8", "replace")
    try:
        kind = _kind_of(name)
        if stat.S_ISBLK(kind):
            # What is on it would be gone.
            raise ReportError(f"the report can't be written to {name}: it is a block device")
        if kind and not stat.S_ISREG(kind):
            # To put a file in its place would destroy it for all who use it.
            with open(name, "wb", buffering=0) as stream:
                _write(stream, data)
        else:
            _replace(os.path.realpath(name), data)
    except ReportError:
        raise
    except OSError as error:
        raise ReportError(f"the report can't be written to {name}: {error.strerror or error}") from error


def _kind_of(name: str) -> int:
    try:
        return os.stat(name).st_mode
    except FileNotFoundError:
        return 0


def _write(stream: RawIOBase, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[stream.write(left) or 0 :]


def _replace(name: str, data: bytes) -> None:
    draft = f"{name}.{os.getpid()}.new"
    try:
        with open(draft, "wb") as file:
            file.write(data)
        os.replace(draft, name)
    except OSError:
        if os.path.isfile(draft):
            os.unlink(draft)
        raise


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
            "accepted": card.accepted,
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
