"""`inviscid accept`: let the results of an earlier version stand for a function that was edited, or take that back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Annotated, Any

import typer

from inviscid.cli.output import AsJson, StorePath, print_json, reported, say
from inviscid.cli.targets import cached_function, use_store
from inviscid.errors import AcceptRefused, InviscidError, SelectorError
from inviscid.function import CachedFunction
from inviscid.unknown import Beyond

Function = Annotated[str, typer.Argument(metavar="MODULE:FUNCTION", help="The function that was edited.")]
Because = Annotated[str | None, typer.Option("--because", help="Why the edit changes no result; it is recorded.")]
Check = Annotated[
    int | None,
    typer.Option("--check", min=1, metavar="N", help="Make up to N recorded calls again, and refuse if one differs."),
]
Callers = Annotated[bool, typer.Option("--callers", help="Accept with it those callers that don't call it directly.")]
Only = Annotated[bool, typer.Option("--dry-run", help="Only show what would be accepted.")]
Undo = Annotated[bool, typer.Option("--undo", help="Take back what was accepted for what the function does now.")]
Every = Annotated[bool, typer.Option("--every", help="With --undo: take back all that was ever accepted of it.")]


def accept(
    function: Function,
    because: Because = None,
    check: Check = None,
    callers: Callers = False,
    dry_run: Only = False,
    undo: Undo = False,
    every: Every = False,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Accept an edit: the results of the nearest earlier version stand for the function as it is now.

    Shows what changed. What is accepted is recorded in inviscid.lock.
    """
    if undo == bool(because):
        raise typer.BadParameter("say why with --because TEXT, or take it back with --undo")
    if every and not undo:
        raise typer.BadParameter("--every goes with --undo")
    use_store(store and store.absolute())
    # What modules and bodies print is no part of what the command says.
    with reported(), redirect_stdout(sys.stderr):
        found = _function(function)
    with reported(), _known():
        if undo:
            _undo(found, every=every, as_json=as_json)
            return
        try:
            with redirect_stdout(sys.stderr):
                accepted = found.accept(
                    because=because or "", check=check, callers=callers, dry_run=dry_run, imports=True
                )
        except AcceptRefused as error:
            if not as_json:
                raise
            example = error.checked.counterexample
            print_json({"function": function, "accepted": False, "compared": error.checked.compared,
                        "counterexample": _plain(example)})  # fmt: skip
            raise typer.Exit(1) from error
        _show(accepted, dry_run=dry_run, as_json=as_json)


def _undo(found: Any, *, every: bool, as_json: bool) -> None:
    count = found.revoke(every=every)
    if as_json:
        print_json({"revoked": count})
    else:
        say(f"{found.__qualname__}() is computed anew: {'1 record' if count == 1 else f'{count} records'} taken back")


def _show(accepted: Any, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, **_record(accepted), "also": [_record(one) for one in accepted.also]})
        return
    for one in (accepted, *accepted.also):
        for line in str(one).splitlines():
            say(line)
    compared = "" if accepted.compared is None else f", {accepted.compared} of them computed again and found equal"
    every = (accepted, *accepted.also)
    names, results = ", ".join(one.function for one in every), sum(one.results for one in every)
    say(
        f"{'would accept' if dry_run else 'accepted'} {names}: {'1 result' if results == 1 else f'{results} results'} "
        f"of the version {accepted.records[0].earlier[:12]} {'stands' if results == 1 else 'stand'}{compared}"
    )
    left = [name for name in accepted.callers if name not in {one.function for one in every}]
    if left:
        say(f"computed anew, unless they are accepted too (--callers): {', '.join(left)}")


def _record(accepted: Any) -> dict[str, object]:
    return {
        "function": accepted.function,
        "reasons": list(accepted.reasons),
        "diff": accepted.diff,
        "records": [{name: value for name, value in one.fields() if name != "function"} for one in accepted.records],
        "results": accepted.results,
        "compared": accepted.compared,
        "callers": list(accepted.callers),
    }


def _plain(example: Any) -> dict[str, object]:
    return {
        "arguments": {name: repr(value) for name, value in example.kwargs.items()},
        "stored": repr(example.first),
        "now": repr(example.second),
    }


def _function(target: str) -> Any:
    """The cached function of a target; its module is imported, and nothing cached runs meanwhile.

    Raises:
        BadParameter: it isn't written as one.
        SelectorError: there is none.
        InviscidError: its module can't be imported so.
    """
    found = cached_function(target)
    if not isinstance(found, CachedFunction):
        raise SelectorError(f"{target} is no cached function")
    return found


@contextmanager
def _known() -> Iterator[None]:
    """Say that what is accepted rests on what didn't run when the module was imported."""
    try:
        yield
    except Beyond as error:
        raise InviscidError(
            f"it rests on {error} when its module is imported, and nothing runs then: accept it where the module has "
            "run, with .accept(because=…)"
        ) from error
