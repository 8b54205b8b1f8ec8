"""`inviscid freeze`, `thaw` and `status`: results that stand whatever the code does."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from inviscid import freeze as frozen
from inviscid import freezing, lockfile
from inviscid.cli.output import AsJson, StorePath, open_store, print_json, print_table, reported, say
from inviscid.cli.plan import planned_run
from inviscid.cli.targets import look_here, use_store
from inviscid.errors import InviscidError, SelectorError
from inviscid.freeze import Status
from inviscid.outcome import Outcome
from inviscid.planning import Plan

_WHAT = "Functions (package.module:qualname), patterns with * and ?, or modules"
Selectors = Annotated[
    list[str],
    typer.Argument(
        help=f"{_WHAT}; or a script, for all that it uses, with its arguments behind --.", metavar="SELECTOR"
    ),
]
Thawed = Annotated[list[str], typer.Argument(help=f"{_WHAT}.", metavar="SELECTOR")]
Shown = Annotated[list[str] | None, typer.Argument(help=f"{_WHAT}; without any, all.", metavar="SELECTOR")]
Because = Annotated[str, typer.Option("--because", help="Why, for those who review inviscid.lock.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]


def freeze(
    selectors: Selectors,
    because: Because = "",
    dry_run: DryRun = False,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Keep serving the stored results of functions, whatever their code does from now on."""
    with reported():
        use_store(store)
        look_here()
        done = freezing.freeze_all(_chosen(selectors, store), because, dry_run=dry_run)
        _tell(done, "frozen", dry_run=dry_run, as_json=as_json)
    if any(one.wrong for one in done) or all(one.why for one in done):
        raise typer.Exit(1)


def thaw(selectors: Thawed, dry_run: DryRun = False, store: StorePath = None, as_json: AsJson = False) -> None:
    """Undo `freeze`: functions are computed again where their code is another by now."""
    with reported():
        use_store(store)
        look_here()
        names = freezing.select(selectors, [*lockfile.current().records], f"{lockfile.NAME} has")
        _tell(freezing.thaw_all(names, dry_run=dry_run), "thawed", dry_run=dry_run, as_json=as_json)


def status(selectors: Shown = None, store: StorePath = None, as_json: AsJson = False) -> None:
    """Show what is frozen, and what of it the code has left behind; the exit code is 1 if a result isn't there."""
    with reported():
        use_store(store)
        look_here()
        records = lockfile.current().records
        chosen = freezing.select(selectors, [*records], f"{lockfile.NAME} has") if selectors else sorted(records)
        found = [frozen.status_of(record) for name in chosen for record in records[name]]
        if as_json:
            print_json([_plain(one) for one in found])
        elif not found:
            say(f"nothing is frozen ({lockfile.place()})", err=True)
        else:
            _show(found)
    if any(one.missing or one.stale is None for one in found):
        raise typer.Exit(1)


def _chosen(selectors: Sequence[str], store: Path | None) -> list[str]:
    """The functions to be frozen."""
    if selectors[0].endswith(".py"):
        return _used_by(selectors[0], selectors[1:], store)
    opened = open_store(store)
    names = [row.function for row in opened.functions()] if opened.exists() else []
    # Whose decorator names a store of its own has its results there.
    others = [one for one in selectors if ":" in one and one not in names and _is_cached(one)]
    rest = [one for one in selectors if one not in others]
    return sorted({*others, *freezing.select(rest, names, f"the store {opened.path} has")})


def _is_cached(name: str) -> bool:
    try:
        frozen.base_of(name)
    except Exception:  # noqa: BLE001  importing runs the user's code; then it is a pattern, or not there
        return False
    return True


def _used_by(script: str, arguments: Sequence[str], store: Path | None) -> list[str]:
    """The functions with results that are in a script, or in what it imports: nothing of it runs meanwhile."""
    before = set(sys.modules)

    def hangs(planned: Plan) -> int:
        say(f"error: {planned.ended}, and {script} waits for that: name the functions instead", err=True)
        return 1

    planned, error = planned_run(script, list(arguments), hangs)
    if error:
        raise InviscidError(error)
    # A source looks once in each run: it has results all the same.
    for call in planned.calls:
        if call.would == "run" and call.code not in (Outcome.BYPASS_EFFECT, Outcome.MISS_UNSEEN):
            why = "; ".join(call.reasons)
            raise InviscidError(f"{script} has not run as it is now: {call.function} would run ({why}). Run it first")
    opened = open_store(store)
    modules = {*(set(sys.modules) - before), os.path.splitext(os.path.basename(script))[0]}
    names = [row.function for row in opened.functions()] if opened.exists() else []
    found = {name for name in names if name.partition(":")[0] in modules} | {call.function for call in planned.calls}
    if not found:
        raise SelectorError(f"{script} uses no cached function that has results in the store {opened.path}")
    return sorted(found)


def _tell(done: Sequence[freezing.Done], what: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "functions": [
                    {"function": one.function, "results": one.results, "new": one.new, "why_not": one.why or None}
                    for one in done
                ],
                "lock": lockfile.place(),
            }
        )
        return
    rows = [(one.function, str(one.results), one.why or (f"{one.new} new" if what == "frozen" else "")) for one in done]
    print_table(("function", "results", ""), rows, numbers=("results",))
    count = sum(one.results for one in done if not one.why)
    functions = sum(not one.why for one in done)
    would = f"would be {what}" if dry_run else f"{what}"
    say(f"{_of(functions, 'function')} with {_of(count, 'result')} {would} in {lockfile.place()}")


def _of(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _state(one: Status) -> str:
    if one.stale is None:
        return "not known"
    if one.missing:
        return "missing"
    return "frozen and stale" if one.stale else "frozen"


def _plain(one: Status) -> dict[str, object]:
    record = one.record
    return {
        "function": record.function,
        "whole": record.is_marker,
        "arguments": record.shown,
        "key": record.key,
        "date": record.date,
        "because": record.because,
        "state": _state(one),
        "stale": one.stale,
        "missing": one.missing,
        "reasons": [one.why] if one.why else list(one.changed.reasons),
        "diff": one.changed.diff,
    }


def _show(found: Sequence[Status]) -> None:
    rows: Counter[tuple[str, ...]] = Counter()
    diffs: dict[str, None] = {}
    for one in found:
        why = one.why or "; ".join(one.changed.reasons)
        if one.missing:
            why = "its result is not in the store: bring back the store that has it, or thaw it"
        row = one.record.function, _state(one), one.record.date[:10], one.record.because, why
        # A marker alone is a row too: without results every call is a FrozenMiss.
        rows[row] += not one.record.is_marker
        if one.changed.diff:
            diffs[one.changed.diff] = None
    print_table(
        ("function", "state", "results", "since", "because", "changed"),
        [(name, state, str(count), *rest) for (name, state, *rest), count in rows.items()],
        numbers=("results",),
    )
    for diff in diffs:
        for line in diff.splitlines():
            say(line)
