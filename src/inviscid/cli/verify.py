"""`inviscid verify`: whether all that the store has is as it was stored."""

from __future__ import annotations

from typing import Annotated

import typer

from inviscid.cli.output import AsJson, StorePath, open_store, print_json, print_table, reported, say
from inviscid.cli.units import show_size

ReadData = Annotated[
    bool, typer.Option("--read-data", help="Read all objects and compare their digests, not only their sizes.")
]
Repair = Annotated[bool, typer.Option("--repair", help="Remove what is damaged: it is computed again when needed.")]


def verify(
    read_data: ReadData = False, repair: Repair = False, store: StorePath = None, as_json: AsJson = False
) -> None:
    """Look whether the store is sound; the exit code is 1 if something was found wrong."""
    with reported():
        opened = open_store(store)
        found = opened.verify(read_data=read_data, repair=repair)
        if as_json:
            print_json({**found._asdict(), "problems": [problem._asdict() for problem in found.problems]})
        elif not opened.exists():
            say(f"there is no store at {opened.path}: nothing to verify")
        else:
            rows = [
                (one.kind, one.name[:16], one.function, one.what, "repaired" if one.repaired else "")
                for one in found.problems
            ]
            if rows:
                print_table(("what", "name", "function", "found", ""), rows)
            looked = f"{found.entries} entries and {found.objects} object files; {show_size(found.bytes)} read"
            if found.foreign:
                looked += f"; {found.foreign} entries are sealed by others, and can't be verified here"
            say(f"{_problems(len(found.problems))} in {looked}")
            if not repair and found.problems:
                say("`inviscid verify --repair` removes what is damaged")
    if found.problems:
        raise typer.Exit(1)


def _problems(count: int) -> str:
    return "nothing wrong" if not count else "1 problem" if count == 1 else f"{count} problems"
