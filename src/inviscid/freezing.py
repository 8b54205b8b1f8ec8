"""Freezing and thawing by name: many functions at once, for those who don't hold the functions themselves.

selector = module:qualname | pattern of such names, or of qualnames, with * and ? | module, with all that is in it
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from inviscid import freeze, lockfile
from inviscid.calls import Options
from inviscid.errors import InviscidError, SelectorError
from inviscid.forms import StoredForms
from inviscid.freeze import Slot
from inviscid.settings import near

_SHOWN = 8


class Done(NamedTuple):
    """What became of one function."""

    function: str
    results: int
    """How many of its results are frozen then; in a thaw, how many were."""
    new: int
    """How many of them weren't before."""
    why: str
    """Why nothing was done; empty where something was."""
    wrong: bool = False
    """Whether that is more than what was to be expected: effects have nothing that could stand."""


def select(selectors: Iterable[str], names: Sequence[str], where: str) -> list[str]:
    """The names that any of these selectors stands for, sorted.

    Args:
        selectors: each has to stand for something.
        names: what there is.
        where: what has these names, for messages.

    Raises:
        SelectorError: a selector stands for nothing; the message says what there is.
    """
    found: set[str] = set()
    for selector in selectors:
        chosen = [name for name in names if _matches(name, selector)]
        if not chosen:
            there = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
            raise SelectorError(f"nothing matches {selector!r}{near(selector, names)} ({where} {there or 'nothing'})")
        found.update(chosen)
    return sorted(found)


def _matches(name: str, selector: str) -> bool:
    from fnmatch import fnmatchcase

    module, _, qualname = name.partition(":")
    # Only * and ? are special: a bracket is part of a name.
    pattern = selector.replace("[", "[[]")
    return (
        module == selector
        or module.startswith(f"{selector}.")
        or any(fnmatchcase(text, pattern) for text in (name, qualname))
    )


def freeze_all(names: Iterable[str], because: str, *, dry_run: bool) -> list[Done]:
    """Freeze each of these functions as a whole, with all stored results of what it does now.

    Raises:
        LockError: `inviscid.lock` is damaged.
    """
    lockfile.current()
    return [_freeze(name, because, dry_run=dry_run) for name in names]


def _freeze(name: str, because: str, *, dry_run: bool) -> Done:
    before = _results(name)
    try:
        base = freeze.base_of(name)
    except Exception as error:  # noqa: BLE001  importing runs the user's code
        return Done(name, before, 0, f"it can't be found: {type(error).__name__}: {error}", wrong=True)
    if base.__inviscid_acts__:
        return Done(name, before, 0, "it is an effect: there is nothing that could stand")
    slot, take = base._slot(), base._take  # noqa: SLF001  it is ours
    try:
        if dry_run:
            new = sum(not record.is_marker for record in freeze.records_for(slot, take, because))
            return Done(name, before + new, new, "")
        results = freeze.freeze_function(slot, take, because)
    except InviscidError as error:
        return Done(name, before, 0, str(error), wrong=True)
    return Done(name, results, results - before, "")


def thaw_all(names: Iterable[str], *, dry_run: bool) -> list[Done]:
    """Undo all that was frozen of these functions, also where they aren't there any more.

    Raises:
        LockError: `inviscid.lock` is damaged, or can't be written.
    """
    done = []
    for name in names:
        results = _results(name)
        if not dry_run:
            freeze.thaw_function(_slot_of(name))
        done.append(Done(name, results, 0, ""))
    return done


def _slot_of(name: str) -> Slot:
    try:
        slot: Slot = freeze.base_of(name)._slot()  # noqa: SLF001  it is ours
    except Exception:  # noqa: BLE001  importing runs the user's code; and the record counts, not the function
        nobody: Any = None
        return Slot(nobody, name, Options(), (), None, StoredForms(None), {}, ())
    return slot


def _results(name: str) -> int:
    return sum(not record.is_marker for record in lockfile.current().records.get(name, ()))
