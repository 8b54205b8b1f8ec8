"""`inviscid plan`: what a script or a call would run, and why, before anything runs."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from inviscid.cli.output import AsJson, StorePath, print_json, print_table, reported, say
from inviscid.cli.scripts import call_function, is_script, run_script
from inviscid.cli.targets import imported, literals, said, use_store
from inviscid.errors import InviscidError, SelectorError
from inviscid.planning import Plan, PlannedCall
from inviscid.planning import plan as begin

Target = Annotated[
    str, typer.Argument(help="A script, or a function as package.module:qualname.", metavar="SCRIPT|MODULE:FUNCTION")
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(help="What the script finds in sys.argv; for a function Python literals, or name=literal."),
]


def plan(target: Target, arguments: Arguments = None, store: StorePath = None, as_json: AsJson = False) -> None:
    """Say what would run, and why. Nothing that is cached runs, no source looks, no effect happens."""
    use_store(store)
    with reported():
        planned, error = planned_run(target, arguments or [])
    if as_json:
        print_json({"calls": [_plain(call) for call in planned.calls], "ended": planned.ended, "error": error or None})
    else:
        _show(planned)
    if error:
        if not as_json:
            say(f"error: {error}", err=True)
        raise typer.Exit(1)


def planned_run(target: str, arguments: list[str]) -> tuple[Plan, str]:
    """The plan of a script or of a call, and what went wrong; empty if nothing did.

    Raises:
        BadParameter: the target or an argument isn't written as one.
        PlanError: this process was started by one that makes a plan.
    """
    script = is_script(target)
    positional, named = ([], {}) if script else literals(arguments)
    with begin() as planned:
        try:
            if script:
                run_script(target, arguments, planned)
            else:
                call_function(target, imported(target), positional, named)
        except typer.BadParameter:
            raise
        except Exception as error:  # noqa: BLE001  whatever the user's code raises is shown
            if planned.is_ended_by(error):
                return planned, ""
            # Of these the message says it all.
            is_ours = type(error) in (InviscidError, SelectorError)
            return planned, str(error) if is_ours else f"{target} raised {said(error)}"
    return planned, ""


def _plain(call: PlannedCall) -> dict[str, object]:
    return {**call._asdict(), "reasons": list(call.reasons), "code": call.code.name}


def _show(planned: Plan) -> None:
    alike: Counter[tuple[str, str, str]] = Counter()
    keys: dict[tuple[str, str, str], str] = {}
    for call in planned.calls:
        row = call.would, call.function, "; ".join(call.reasons)
        alike[row] += 1
        keys[row] = call.key[:12]
    rows = [
        (would, function, keys[would, function, why] if count == 1 else f"{count} calls", why)
        for (would, function, why), count in alike.items()
    ]
    if rows:
        print_table(("", "function", "key", "why"), rows)
    if planned.ended:
        say(planned.ended)
    counts = Counter(call.would for call in planned.calls)
    told = [f"{counts[would]} would {would}" for would in ("run", "hit") if counts[would]]
    told += [f"{counts['may run']} may run"] if counts["may run"] else []
    say(", ".join(told) or "no cached function is called")
