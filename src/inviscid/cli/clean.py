"""`inviscid clean`: delete results, so that they are computed again."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from inviscid.cleaning import plan_clean
from inviscid.cli.output import AsJson, StorePath, complete_selector, duration_option, open_store, reported
from inviscid.cli.plans import DryRun, carry_out, nothing_to_do
from inviscid.cli.units import show_size

Selector = Annotated[
    str | None,
    typer.Argument(
        help="A function, a module, a pattern, or the start of a key; else everything that isn't pinned.",
        autocompletion=complete_selector,
    ),
]
Tag = Annotated[str | None, typer.Option("--tag", help="Only results of functions with this tag.")]
OlderThan = Annotated[str | None, typer.Option("--older-than", help="Only what was computed so long ago, like 30d.")]
Downstream = Annotated[bool, typer.Option("--downstream", help="Also the results of functions that reach these.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def clean(
    selector: Selector = None,
    tag: Tag = None,
    older_than: OlderThan = None,
    downstream: Downstream = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Delete results: those of one function, or all."""
    age = duration_option(older_than)
    with reported():
        opened = open_store(store)
        if not opened.exists():
            nothing_to_do(opened, "nothing to clean", dry_run=dry_run, as_json=as_json)
            return
        plan = plan_clean(opened, selector, tag=tag, older_than=age, downstream=downstream)
        if plan.entries and not dry_run and not yes:
            _ask(len(plan.entries), plan.bytes)
        carry_out(opened, plan, dry_run=dry_run, as_json=as_json)


def _ask(entries: int, size: int) -> None:
    if not _can_ask():
        raise typer.BadParameter("nobody can be asked here: pass --yes, or --dry-run to see what would go")
    if not typer.confirm(f"Delete {entries} entries ({show_size(size)})?", err=True):
        raise typer.Exit(1)


def _can_ask() -> bool:
    return sys.stdin.isatty()
