"""`inviscid ls`: the functions that have entries."""

from __future__ import annotations

from inviscid.cli.output import AsJson, StorePath, open_store, print_json, print_table, reported, say
from inviscid.cli.units import show_seconds, show_size, show_time

_COLUMNS = ("function", "entries", "size", "computed", "saved", "last used")


def ls(store: StorePath = None, as_json: AsJson = False) -> None:
    """List the functions that have results in the store."""
    with reported():
        opened = open_store(store)
        found = opened.functions()
        if as_json:
            print_json([row._asdict() for row in found])
        elif not opened.exists():
            say(f"there is no store at {opened.path}", err=True)
        elif not found:
            say(f"the store {opened.path} is empty", err=True)
        else:
            rows = [
                (
                    row.function,
                    str(row.entries),
                    show_size(row.bytes),
                    show_seconds(row.seconds),
                    show_seconds(row.saved),
                    show_time(row.used),
                )
                for row in found
            ]
            print_table(_COLUMNS, rows, numbers=_COLUMNS[1:5])
