"""How plans are shown and carried out: the one way of every command that deletes."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from inviscid.cli.output import print_json, print_table, say
from inviscid.cli.units import show_size
from inviscid.store import Plan, Store

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")]


def nothing_to_do(store: Store, what: str, *, dry_run: bool, as_json: bool) -> None:
    """Say that there is no store, in the shape that a plan would have had."""
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "entries": [],
                "files": [],
                "outputs": [],
                **dict.fromkeys(("preimages", "forms", "bytes", "kept", "kept_bytes", "pinned"), 0),
                "removed": None,
            }
        )
    else:
        say(f"there is no store at {store.path}: {what}")


def carry_out(store: Store, plan: Plan, *, dry_run: bool, as_json: bool) -> None:
    """Execute the plan unless it is for show, and say what went."""
    swept = None if dry_run else store.execute(plan)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "entries": [
                    {"key": item.key.hex(), "function": item.function, "size": item.size, "reason": item.reason}
                    for item in plan.entries
                ],
                "files": [{"path": file.path, "size": file.size, "reason": file.reason} for file in plan.files],
                "outputs": [{"path": item.path, "kept": item.why_kept or None} for item in plan.outputs],
                "preimages": plan.preimages,
                "forms": _forms(plan),
                "bytes": plan.bytes,
                "kept": plan.kept,
                "kept_bytes": plan.kept_bytes,
                "pinned": plan.pinned,
                "removed": None if swept is None else swept._asdict(),
            }
        )
        return
    _show(plan)
    for item in plan.outputs:
        if item.why_kept:
            say(f"{item.path} stays: {item.why_kept}")
        else:
            say(f"{item.path} {'would be' if swept is None else 'is'} deleted")
    kept = f"{_entries(plan.kept)} ({show_size(plan.kept_bytes)}) kept"
    if plan.pinned:
        kept += f", {plan.pinned} of them pinned"
    if is_empty(plan):
        say(f"nothing to remove; {kept}")
    elif swept is None:
        say(
            f"would remove {_entries(len(plan.entries))} and {_files(len(plan.files))}{_and_forms(_forms(plan))}: "
            f"{show_size(plan.bytes)}; {kept}"
        )
    else:
        say(
            f"removed {_entries(swept.entries)} and {_files(swept.files)}{_and_forms(swept.forms)}: "
            f"{show_size(swept.bytes)}; {kept}"
        )


def is_empty(plan: Plan) -> bool:
    """Whether the plan would change nothing."""
    return not (plan.entries or plan.files or plan.preimages or plan.forms)


def _forms(plan: Plan) -> int:
    return sum(item.forms for item in plan.forms)


def _show(plan: Plan) -> None:
    entries = Counter((item.function, item.reason) for item in plan.entries)
    sizes: Counter[tuple[str, str]] = Counter()
    for item in plan.entries:
        sizes[item.function, item.reason] += item.size
    rows = [
        (name, reason, str(count), show_size(sizes[name, reason])) for (name, reason), count in sorted(entries.items())
    ]
    files = Counter(file.reason for file in plan.files)
    for reason, count in sorted(files.items()):
        size = sum(file.size for file in plan.files if file.reason == reason)
        rows.append(("(files)", reason, str(count), show_size(size)))
    for reason in sorted({item.reason for item in plan.forms}):
        of_code = [item for item in plan.forms if item.reason == reason]
        count, size = sum(item.forms for item in of_code), sum(item.size for item in of_code)
        rows.append(("(code)", reason, str(count), show_size(size)))
    if rows:
        print_table(("function", "reason", "count", "size"), rows, numbers=("count", "size"))


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _and_forms(count: int) -> str:
    return f" and the forms of {count} functions" if count else ""


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
