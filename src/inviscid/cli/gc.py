"""`inviscid gc`: drop what is old or worth little, and sweep what nothing refers to."""

from __future__ import annotations

from typing import Annotated

import typer

from inviscid.cli.output import AsJson, StorePath, duration_option, open_store, reported, size_option
from inviscid.cli.plans import DryRun, carry_out, nothing_to_do

SizeLimit = Annotated[str | None, typer.Option("--size-limit", help="What may stay, like 10GB or 500MiB.")]
MaxAge = Annotated[str | None, typer.Option("--max-age", help="Drop what was not used for so long, like 30d or 12h.")]
Grace = Annotated[str, typer.Option("--grace", help="Keep what was made or used within this time.")]


def gc(
    size_limit: SizeLimit = None,
    max_age: MaxAge = None,
    grace: Grace = "1d",
    dry_run: DryRun = False,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Collect: keep the store within its limits, and delete what writers left behind."""
    limit, age, rest = size_option(size_limit), duration_option(max_age), duration_option(grace)
    with reported():
        opened = open_store(store)
        if not opened.exists():
            # To say so is all there is to do: making a store in order to collect it would be silly.
            nothing_to_do(opened, "nothing to collect", dry_run=dry_run, as_json=as_json)
            return
        plan = opened.plan_gc(size_limit=limit, max_age=age, grace=rest or 0.0)
        carry_out(opened, plan, dry_run=dry_run, as_json=as_json)
