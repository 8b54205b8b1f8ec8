"""Which results of an earlier version the function of now would be served, if that version stood for it.

An acceptance says that one fingerprint stands for another. All else of a key must be the same by itself: the options of
the decorator, the names of what is read of the config and of the surroundings, Python, the versions of packages. What
may come back doesn't count here: values of the config and of environment variables. Nor do the arguments, which are not
known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from inviscid import world
from inviscid.calls import options_of, surroundings
from inviscid.entry import Entry
from inviscid.fingerprinting import Fingerprint, Part
from inviscid.freeze import Slot, note_of, parts_of_key
from inviscid.manifest import unpack_manifest

Check = Callable[[Entry], str]
"""Why an entry would not be served; empty if nothing speaks against it."""


def sift(entries: Sequence[Entry], *checks: Check) -> tuple[list[Entry], list[str]]:
    """The entries that would be served, and why the others would not."""
    kept: list[Entry] = []
    reasons: list[str] = []
    for entry in entries:
        why = next((text for check in checks if (text := check(entry))), "")
        if why:
            reasons.append(why)
        else:
            kept.append(entry)
    return kept, [*dict.fromkeys(reasons)]


def by_options(slot: Slot, now: Fingerprint) -> Check:
    """By what the decorator says."""
    options = options_of(slot.options, now, slot.forms)

    def check(entry: Entry) -> str:
        if parts_of_key(entry).get("options") != options:
            return "its decorator had other options (version=, ignore= or others that are part of the key)"
        age, limit = time.time() - entry.provenance.created, slot.options.max_age
        return "they are older than max_age" if limit is not None and not 0 <= age < limit else ""

    return check


def by_surroundings(now: Fingerprint, then: Sequence[Part]) -> Check:
    """By what holds for the whole process, and by what was read.

    Args:
        now: the fingerprint.
        then: the definitions behind the earlier one, as far as they are known.
    """
    python, wanted = surroundings(now)
    source = "\n".join(part.shown for part in then)

    def check(entry: Entry) -> str:
        if parts_of_key(entry).get("environment", [])[:2] != python:
            return "they were computed by another Python, or on another platform"
        names = _ambient(entry)
        # What the earlier version doesn't name came with the arguments.
        gone = {name for name in names - wanted if _said_of(name) in source}
        if other := sorted({*wanted - names, *gone}):
            return f"it depended on other surroundings ({', '.join(name[1:] for name in other)})"
        sights = unpack_manifest(entry.manifest).sights if entry.manifest else ()
        return next((text for sight in sights if (text := world.differs(sight))), "")

    return check


def _ambient(entry: Entry) -> set[str]:
    return {name for name, *_ in parts_of_key(entry).get("environment", [])[2:] if name.startswith("$")}


def _said_of(name: str) -> str:
    """What code says that depends on a row: the variable in quotes, or the name of the function that answers."""
    if not name.startswith("$how "):
        return repr(name[1:])
    return name.split()[1].replace(":", ".").rpartition(".")[2]


def by_config(slot: Slot, now: Fingerprint) -> Check:
    """By the parameters that take the config. Which keys there are was looked at."""
    own = {f"{read.parameter} ({read.key})" for read in slot.reads}
    keys = [read.key for _, read in now.reads]

    def check(entry: Entry) -> str:
        note = note_of(entry)
        then = {name for name in note.config if name.endswith(")")} if note is not None else own
        if then != own:
            return f"its config parameters were others ({', '.join(sorted(then ^ own))})"
        read = [key for key, *_ in parts_of_key(entry).get("config", [])]
        # What the arguments read comes behind.
        return "" if read[: len(keys)] == keys else "it reads its config in another order, or not as often"

    return check


def by_packages(now: Fingerprint, new: Sequence[str], gone: Mapping[str, Sequence[str]]) -> Check:
    """By the versions of packages.

    Args:
        now: the fingerprint.
        new: the packages that are reached only now.
        gone: the rows of those that were reached only then.
    """
    wanted = {one.name: [*one[1:]] for one in now.distributions if one.name not in new}
    wanted |= {name: [*row] for name, row in gone.items()}

    def check(entry: Entry) -> str:
        rows = {name: row for name, *row in parts_of_key(entry).get("environment", [])[2:]}
        other = sorted(name for name, row in wanted.items() if rows.get(name) != row)
        return f"they were computed with other packages ({', '.join(other)})" if other else ""

    return check
