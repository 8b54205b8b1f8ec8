"""`inviscid plan`: what a script or a call would run, and why, before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated

import typer

from inviscid.cli.output import AsJson, StorePath, print_json, print_table, reported, say
from inviscid.cli.scripts import call_function, is_script, run_script
from inviscid.cli.targets import imported, literals, said, use_store
from inviscid.cli.watching import Watch
from inviscid.errors import InviscidError, PlanError, SelectorError
from inviscid.planning import STARTED, Plan, PlannedCall
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
        planned, error = planned_run(target, arguments or [], lambda planned: _tell(planned, "", as_json=as_json))
        if code := _tell(planned, error, as_json=as_json):
            raise typer.Exit(code)


def _tell(planned: Plan, error: str, *, as_json: bool) -> int:
    if as_json:
        calls = [_plain(call) for call in planned.calls]
        print_json({"calls": calls, "ended": planned.ended, "processes": planned.started, "error": error or None})
    else:
        _show(planned, complete=not error)
        if error:
            say(f"error: {error}", err=True)
    return 1 if error else 0


def planned_run(target: str, arguments: list[str], hangs: Callable[[Plan], int]) -> tuple[Plan, str]:
    """The plan of a script or of a call, and what went wrong; empty if nothing did.

    Args:
        target: the script, or the function.
        arguments: as they were written.
        hangs: tells what is planned where the script waits for ever behind the end of the plan, and gives the exit
            code. Called in another thread; the process leaves then.

    Raises:
        BadParameter: the target or an argument isn't written as one.
        PlanError: this process was started by one that makes a plan.
    """
    script = is_script(target)
    positional, named = ([], {}) if script else literals(arguments)
    planned, error = begin(), ""
    watch = Watch(planned, lambda: hangs(planned))
    try:
        with planned:
            if script:
                run_script(target, arguments, planned)
            else:
                call_function(target, imported(target), positional, named)
    except (typer.BadParameter, PlanError):
        raise
    except Exception as raised:  # noqa: BLE001  whatever the user's code raises is shown
        # Of these the message says it all.
        is_ours = type(raised) in (InviscidError, SelectorError)
        error = str(raised) if is_ours else f"{target} raised {said(raised)}"
    finally:
        watch.take()
    watch.code = 1 if error else 0
    return planned, error


def _plain(call: PlannedCall) -> dict[str, object]:
    return {**call._asdict(), "reasons": list(call.reasons), "code": call.code.name}


def _show(planned: Plan, *, complete: bool) -> None:
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
    if planned.started:
        say(STARTED)
    counts = Counter(call.would for call in planned.calls)
    told = [f"{counts[would]} would {would}" for would in ("run", "hit") if counts[would]]
    told += [f"{counts['may run']} may run"] if counts["may run"] else []
    # What failed says nothing about the calls that it would have made.
    if told or complete:
        where = " in this process" if planned.started else ""
        say(", ".join(told) or f"no cached function is called{where}")
