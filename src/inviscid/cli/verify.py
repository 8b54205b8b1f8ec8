"""`inviscid verify`: whether all that the store has is as it was stored; and whether bodies still give it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from inviscid.cli.output import AsJson, StorePath, counting, open_store, print_json, print_table, reported, say
from inviscid.cli.scripts import call_function, is_script, run_script
from inviscid.cli.targets import imported, literals, said, use_store
from inviscid.cli.units import show_size
from inviscid.errors import InviscidError, SelectorError
from inviscid.rerunning import Rerun

ReadData = Annotated[
    bool, typer.Option("--read-data", help="Read all objects and compare their digests, not only their sizes.")
]
Repair = Annotated[bool, typer.Option("--repair", help="Remove what is damaged: it is computed again when needed.")]
Again = Annotated[
    bool,
    typer.Option("--rerun", help="Run a script or a call again, and compare what bodies give with what is stored."),
]
Target = Annotated[
    str | None,
    typer.Argument(help="With --rerun: a script, or package.module:qualname.", metavar="[SCRIPT|MODULE:FUNCTION]"),
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(help="What the script finds in sys.argv; for a function Python literals, or name=literal."),
]


def verify(
    target: Target = None,
    arguments: Arguments = None,
    read_data: ReadData = False,
    repair: Repair = False,
    rerun: Again = False,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Look whether the store is sound; the exit code is 1 if something was found wrong."""
    if rerun != (target is not None):
        raise typer.BadParameter("--rerun takes a script or a function to run again, and nothing else does")
    if target is not None:
        if read_data or repair:
            raise typer.BadParameter("--rerun compares what bodies give; --read-data and --repair are of another look")
        use_store(store)
        _rerun(target, arguments or [], store, as_json=as_json)
        return
    with reported():
        opened = open_store(store)
        with counting("entries looked at") as progress:
            found = opened.verify(read_data=read_data, repair=repair, progress=progress)
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


def _rerun(target: str, arguments: list[str], store: Path | None, *, as_json: bool) -> None:
    found, error = Rerun(), ""
    script = is_script(target)
    positional, named = ([], {}) if script else literals(arguments)
    with reported():
        # What can't be read would leave out every call, and nothing would look wrong.
        open_store(store).exists()
        function = None if script else imported(target)
        with found:
            try:
                if script:
                    run_script(target, arguments, found)
                else:
                    call_function(target, function, positional, named)
            except typer.BadParameter:
                raise
            except Exception as raised:  # noqa: BLE001  whatever the user's code raises is shown
                # Of these the message says it all.
                is_ours = type(raised) in (InviscidError, SelectorError)
                error = str(raised) if is_ours else f"{target} raised {said(raised)}"
    if as_json:
        calls: list[dict[str, Any]] = [call._asdict() for call in found.calls]
        print_json({"calls": calls, "wrong": len(found.wrong), "error": error or None})
    else:
        _show(found, complete=not error)
        if error:
            say(f"error: {error}", err=True)
    if found.wrong or error:
        raise typer.Exit(1)


def _show(found: Rerun, *, complete: bool) -> None:
    rows = [(call.verdict, call.function, call.key[:12], call.what) for call in found.calls if call.verdict != "same"]
    if rows:
        print_table(("", "function", "key", "what"), rows)
    counts = Counter(call.verdict for call in found.calls)
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    # What failed says nothing about the calls that it would have made.
    if told or complete:
        say(told or "no cached function is called")
