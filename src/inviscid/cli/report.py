"""`inviscid report`: what the store holds, as one page that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inviscid.cli.output import AsJson, StorePath, open_store, print_json, reported, say
from inviscid.cli.units import show_seconds, show_size

OutFile = Annotated[Path | None, typer.Option("--out", help="The file to write; by default inviscid-report.html.")]
_DEFAULT = Path("inviscid-report.html")


def report(out: OutFile = None, store: StorePath = None, as_json: AsJson = False) -> None:
    """Write what the store holds as an HTML page; with --json print it, and write a page only where --out says so."""
    from inviscid.report import collect, plain, write

    # Nothing of the user's runs, and the page may go to /dev/stdout.
    with reported(apart=False):
        found = collect(open_store(store))
        path = out if out is not None or as_json else _DEFAULT
        if path is not None:
            write(found, path)
        if as_json:
            print_json({"out": None if path is None else str(path.absolute()), **plain(found)})
            return
        for notice in found.notices:
            say(notice, err=True)
        stats = found.stats
        functions = "1 function" if stats.functions == 1 else f"{stats.functions} functions"
        entries = "1 entry" if stats.entries == 1 else f"{stats.entries} entries"
        say(f"{path}: {functions}, {entries}, {show_size(stats.bytes)}, {show_seconds(stats.saved)} saved")
