"""`inviscid explain`: what would become of a call, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from inviscid.cli.output import AsJson, StorePath, open_store, print_json, reported, say
from inviscid.cli.targets import cached_function, literals, use_store
from inviscid.cli.units import show_seconds, show_time
from inviscid.entry import Entry, function_name
from inviscid.explain import Explanation
from inviscid.outcome import Outcome

Function = Annotated[str, typer.Argument(help="The function, as package.module:qualname.", metavar="MODULE:FUNCTION")]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(help="Its arguments, as Python literals or name=literal; none for the newest result that it has."),
]
_SHOWN = 8


def explain(function: Function, arguments: Arguments = None, store: StorePath = None, as_json: AsJson = False) -> None:
    """Say what would become of a call now, and why: which stored result is nearest, and what differs from it."""
    positional, named = literals(arguments or ())
    with reported():
        use_store(store)
        found = cached_function(function)
        explanation = _explained(found, positional, named)
        if as_json:
            print_json({"function": function_name(found), **plain(explanation)})
            return
        say(f"{explanation.outcome}  {function_name(found)}{f'  {explanation.key[:12]}' if explanation.key else ''}")
        for reason in explanation.reasons:
            say(f"  because  {reason}")
        if explanation.entry is not None:
            say(f"  {'stored ' if explanation.outcome == 'hit' else 'nearest'}  {_origin(explanation.entry, found)}")
        elif explanation.code is Outcome.MISS_NEW:
            _say_what_there_is(store)
        for line in explanation.diff.splitlines():
            say(line)


def _explained(found: Any, positional: list[Any], named: dict[str, Any]) -> Explanation:
    if not positional and not named and found.__signature__.parameters:
        newest: Explanation = found.__inviscid_since__()
        return newest
    try:
        found.__signature__.bind(*positional, **named)
    except TypeError as error:
        raise typer.BadParameter(f"{function_name(found)}{found.__signature__}: {error}") from error
    explanation: Explanation = found.explain(*positional, **named)
    return explanation


def plain(explanation: Explanation) -> dict[str, object]:
    """An explanation for JSON."""
    entry = explanation.entry
    return {
        "outcome": explanation.outcome,
        "code": explanation.code.name,
        "key": explanation.key,
        "reasons": explanation.reasons,
        "diff": explanation.diff,
        "entry": None
        if entry is None
        else {
            "key": entry.key.hex(),
            "function": entry.provenance.function,
            "created": entry.provenance.created,
            "seconds": entry.provenance.seconds,
            "origin": entry.provenance.origin,
        },
    }


def _origin(entry: Entry, found: Any) -> str:
    came = entry.provenance
    other = f" as {came.function}" if came.function != function_name(found) else ""
    return (
        f"{entry.key.hex()[:12]}, computed {show_time(came.created)} in {show_seconds(came.seconds)} by "
        f"{came.origin}{other}"
    )


def _say_what_there_is(store: Any) -> None:
    """Who was never called has nothing to be compared with: maybe it is another store, or another name."""
    opened = open_store(store)
    names = [row.function for row in opened.functions()] if opened.exists() else []
    if not opened.exists():
        say(f"  there is no store at {opened.path}")
    else:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        say(f"  the store {opened.path} has {', '.join(names[:_SHOWN]) or 'no results'}{more}")
