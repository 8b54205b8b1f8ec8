"""Accepting an edit: the user's word that a function gives what an earlier version of it gave.

`propose` finds the nearest version that has results, and says what tells the two apart; `accept` writes that down in
`inviscid.lock`, `revoke` takes it out again. What follows for calls says `accepted`.

Callers that call the function directly need nothing: they ask again what it gives, and it gives what it gave. What
passes the function on as a value, or runs it where nobody sees its calls, has its own fingerprint changed by the edit,
and is accepted by itself. It may be accepted along with the function where the way to all that changed leads through
the function: whoever vouches for the function vouches for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from inviscid import carrying, lockfile, rerunning
from inviscid.acceptances import Acceptance, standing
from inviscid.calls import References, digest_inputs, encoder_of, is_declared
from inviscid.entry import INPUTS, Entry
from inviscid.errors import AcceptError
from inviscid.explain import Difference, changed_since
from inviscid.fingerprinting import Fingerprint
from inviscid.freeze import Slot, base_of, note_of, now_as_text, parts_of_key, under, unwrapped
from inviscid.results import parts_of
from inviscid.sentinels import MISSING
from inviscid.signature import Parameter
from inviscid.store import Store
from inviscid.stores import current_store
from inviscid.unknown import Beyond

Take = Callable[[frozenset[str]], Fingerprint]


class Accepted(NamedTuple):
    """An edit that was accepted, or would be. Prints as what changed."""

    function: str
    """``package.module:qualname``."""
    records: tuple[Acceptance, ...]
    """As they stand in `inviscid.lock`; more than one where calls see the function differently."""
    reasons: tuple[str, ...]
    """What changed, one line each."""
    diff: str
    """The same as a unified diff of normalized sources."""
    results: int
    """So many stored results stand for the function as it is now."""
    callers: tuple[str, ...] = ()
    """The names of cached functions that use it otherwise than by calling it: they are accepted by themselves."""
    also: tuple[Accepted, ...] = ()
    """Those of the callers that are accepted along with it."""
    compared: int | None = None
    """So many results were computed again and found equal; None where nobody asked for that."""

    def __str__(self) -> str:
        return f"{self.function}: {'; '.join(self.reasons)}\n{self.diff}".rstrip()


class Proposal(NamedTuple):
    """What may be accepted."""

    accepted: Accepted
    store: Store
    entries: tuple[Entry, ...]
    """The results that would stand, the newest first."""
    changed: frozenset[str]
    """The names of the definitions that changed, as they are now."""


class _Version(NamedTuple):
    """The entries of an earlier version under one set of marks, the newest first."""

    now: Fingerprint
    entries: list[Entry]


def propose(slot: Slot, take: Take, parameters: Sequence[Parameter], because: str) -> Proposal:
    """What accepting a function would mean: against the nearest other version of it that has results.

    Args:
        slot: the function.
        take: takes its fingerprint.
        parameters: those that its callers pass.
        because: the user's reason.

    Raises:
        AcceptError: there is none, or its results can't be carried over.
        StoreError: the store can't be read.
    """
    _check(slot, take(frozenset()))
    store = current_store(slot.store)
    versions = _versions(slot, take, store.nearest(slot.name, -1) if store.exists() else [])
    if not versions:
        raise AcceptError(_nothing(slot, store))
    records: list[Acceptance] = []
    differences: list[Difference] = []
    entries: list[Entry] = []
    reasons: list[str] = []
    for one in versions:
        version, why = _served(slot, store, one)
        reasons += why
        if not version.entries:
            continue
        then, now = version.entries[0].provenance.fingerprint, version.now
        arguments, defaults = _parameters(slot, parameters, version)
        _check_kinds(slot, parameters, version, dict(zip(arguments, _inputs_of(version), strict=True)), store)
        packages, gone = _packages(version)
        _check_config(slot, version)
        by_packages = carrying.by_packages(now, packages, gone)
        kept, why = carrying.sift(version.entries, carrying.by_config(slot, now), by_packages)
        reasons += why
        if not kept:
            continue
        entries += kept
        differences.append(changed_since(store, then, now))
        records.append(
            Acceptance(slot.name, now.digest, then.hex(), arguments, defaults, packages, gone, because, now_as_text())
        )
    if not records:
        count = sum(len(version.entries) for version in versions)
        raise AcceptError(
            f"{_results(count)} of the earlier version of {slot.label}() would not be served: "
            f"{'; '.join(dict.fromkeys(reasons))}"
        )
    accepted = Accepted(
        slot.name,
        tuple(records),
        tuple(dict.fromkeys(text for one in differences for text in one.reasons)),
        "".join(dict.fromkeys(one.diff for one in differences)),
        len(entries),
    )
    changed = frozenset(name for one in differences for section in one.sections for name in (section.name, section.was))
    return Proposal(accepted, store, tuple(entries), changed)


def record(accepted: Sequence[Accepted]) -> None:
    """Write down what is accepted.

    Raises:
        LockError: `inviscid.lock` is damaged.
    """
    new = {one.name: one for item in accepted for one in item.records}

    def update(found: list[Acceptance]) -> list[Acceptance]:
        # Who was vouched for by itself stays so.
        alone = {one.name for one in found if not one.along}
        made = [one._replace(along=()) if one.name in alone else one for one in new.values()]
        return [*(one for one in found if one.name not in new), *made]

    lockfile.change_accepted(update)


def revoke(slot: Slot, take: Take, *, every: bool) -> int:
    """Take back what was accepted for what a function does now, or all that ever was, with what was accepted along with
    it; gives how many records that were.

    Raises:
        AcceptError: there is nothing.
        LockError: `inviscid.lock` is damaged.
    """
    rerunning.keep_off(f"revoking what was accepted of {slot.label}()")
    known = lockfile.current().acceptances()
    mine = [one for one in known if one.function == slot.name]
    going = {one.name for one in mine} if every else _of_now(slot, take, known)
    if not going:
        dates = ", ".join(f"{one.date[:10]} ({one.because})" for one in mine)
        others = f"; accepted were other versions of it: {dates}. every=True takes those back" if mine else ""
        raise AcceptError(f"{slot.label}() is not accepted for an earlier version{others}")
    count = 0

    def update(found: list[Acceptance]) -> list[Acceptance]:
        nonlocal count
        left = standing([one for one in found if one.name not in going])
        count = len(found) - len(left)
        return left

    lockfile.change_accepted(update)
    return count


def _of_now(slot: Slot, take: Take, known: Sequence[Acceptance]) -> set[str]:
    """The names of the acceptances of what a function does now, under whatever marks."""
    store = current_store(slot.store)
    entries = store.nearest(slot.name, -1) if store.exists() else []
    marks = {frozenset[str](), *(_marks(entry) for entry in entries)}
    now = {take(one).digest for one in marks}
    return {one.name for one in known if one.fingerprint in now}


def _check(slot: Slot, now: Fingerprint) -> None:
    if now.taints and not slot.options.pure:
        raise AcceptError(f"the results of {slot.label}() are not kept: {'; '.join(now.taints)}")
    owner, _, name = slot.label.rpartition(".")
    holder = under(str(slot.function.__module__), owner) if owner else None
    if isinstance(holder, type) and not isinstance(vars(holder).get(name), staticmethod):
        raise AcceptError(
            f"{slot.label}() is a method, and its instance counts by its class, which the edit is a part of: accept a "
            "function that the method calls"
        )


def _versions(slot: Slot, take: Take, entries: Sequence[Entry]) -> list[_Version]:
    """The nearest other version, for each set of marks under which it has entries."""
    taken: dict[frozenset[str], Fingerprint] = {}
    found: dict[frozenset[str], _Version] = {}
    for entry in entries:
        marks, parts = _marks(entry), parts_of_key(entry)
        if parts.get("namespace") != slot.options.namespace or parts.get("salt"):
            continue
        if marks not in taken:
            taken[marks] = take(marks)
        if entry.provenance.fingerprint == taken[marks].raw:
            continue
        version = found.setdefault(marks, _Version(taken[marks], []))
        if not version.entries or version.entries[0].provenance.fingerprint == entry.provenance.fingerprint:
            version.entries.append(entry)
    return list(found.values())


def _served(slot: Slot, store: Store, version: _Version) -> tuple[_Version, list[str]]:
    """A version with those of its entries that may be served, and why the others may not."""
    by_options = carrying.by_options(slot, version.now)
    then = parts_of(store.preimage(version.entries[0].provenance.fingerprint)) or []
    kept, reasons = carrying.sift(version.entries, by_options, carrying.by_surroundings(version.now, then))
    return version._replace(entries=kept), reasons


def _marks(entry: Entry) -> frozenset[str]:
    note = note_of(entry)
    return frozenset() if note is None else note.marks


def _nothing(slot: Slot, store: Store) -> str:
    """The message where there is nothing to accept: what exists."""
    own = len(store.nearest(slot.name, -1)) if store.exists() else 0
    if own:
        return (
            f"there is no older version of {slot.label}() to accept it for: the store has {_results(own)} of "
            f"{slot.name}, all of what it does now"
        )
    names = [one.function for one in store.functions() if not one.function.endswith(INPUTS)] if store.exists() else []
    shown = f"it has results of {', '.join(names[:8])}" if names else "it is empty"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"the store at {store.path} has no results of {slot.name} to accept it for: {shown}{more}"


def _results(count: int) -> str:
    return "1 result" if count == 1 else f"{count} results"


# What the two versions are called with, and reach ---------------------------------------------------------------------


def _parameters(
    slot: Slot, parameters: Sequence[Parameter], version: _Version
) -> tuple[tuple[str, ...], dict[str, str]]:
    """For each argument of the earlier version the parameter of now; and the defaults of those that are new."""
    then = _inputs_of(version)
    now = {one.name: one for one in parameters if one.name not in slot.options.ignore}
    new = [name for name in now if name not in then]
    gone = [name for name in then if name not in now]
    if gone:
        # One that stands where another stood was renamed; all else could be anything.
        kept = [name for name in now if name in then or now[name].default is MISSING]
        if len(kept) != len(then) or any(was in now and was != name for was, name in zip(then, kept, strict=True)):
            raise AcceptError(
                f"{slot.label}() has no parameter {' and '.join(map(repr, gone))} any more: which call of now is "
                "which call of then can't be told"
            )
        new = [name for name in new if name not in kept]
        then = kept
    required = [name for name in new if now[name].default is MISSING]
    if any(now[name].kind not in ("starred", "double") for name in required):
        raise AcceptError(
            f"parameter {' and '.join(map(repr, required))} of {slot.label}() is new and has no default: no call of "
            "now is one of then"
        )
    empty: dict[str, Any] = {"starred": (), "double": {}}
    given = {name: empty.get(now[name].kind, now[name].default) for name in new}
    encoder = encoder_of(slot.options, References(version.now.marks, slot.forms), version.now)
    return tuple(then), {name: found.hex() for name, found in digest_inputs(given, slot.options, encoder)}


def _inputs_of(version: _Version) -> list[str]:
    """The arguments that counted."""
    return [name for name, _ in parts_of_key(version.entries[0]).get("inputs", [])]


def _check_kinds(
    slot: Slot, parameters: Sequence[Parameter], version: _Version, was: Mapping[str, str], store: Store
) -> None:
    """Refuse a parameter that takes several arguments by now, or did: what it was given then is another call now."""
    from inviscid.promoted import kinds

    parts = parts_of(store.preimage(version.entries[0].provenance.fingerprint))
    then = kinds(parts[0]) if parts else {}
    stars = {"single": "", "starred": "*", "double": "**"}
    for one in parameters:
        kind = one.kind if one.kind in stars else "single"
        before = then.get(was.get(one.name, ""), kind)
        if before != kind:
            raise AcceptError(
                f"parameter '{stars[kind]}{one.name}' of {slot.label}() was '{stars[before]}{was[one.name]}': the same "
                "value is another call now"
            )


Rows = list[dict[str, list[str]]]


def _packages(version: _Version) -> tuple[tuple[str, ...], dict[str, Sequence[str]]]:
    """The names of packages that are reached only now, and the rows of those that were reached only then."""
    rows: Rows = []
    for entry in version.entries:
        environment = parts_of_key(entry).get("environment", [])[2:]
        rows.append({row[0]: row[1:] for row in environment if not row[0].startswith("$")})
    now = {one.name for one in version.now.distributions}
    # What only some calls reach came with their arguments.
    always = [name for name in rows[0] if all(name in one for one in rows)]
    new = sorted(name for name in now if not any(name in one for one in rows))
    return tuple(new), {name: rows[0][name] for name in always if name not in now}


def _check_config(slot: Slot, version: _Version) -> None:
    """Refuse what reads other config: under what the earlier results were computed can't be told."""
    then = [{key for key, *_ in parts_of_key(entry).get("config", [])} for entry in version.entries]
    now = {read.key for _, read in version.now.reads}
    new = sorted(key for key in now if not any(key in one for one in then))
    gone = sorted(key for key in then[0] if key not in now and all(key in one for one in then))
    if new or gone:
        what = [*(f"reads '{key}' only now" for key in new), *(f"doesn't read '{key}' any more" for key in gone)]
        raise AcceptError(
            f"{slot.label}() {' and '.join(what)}: which of its earlier results hold under which config can't be told"
        )


# Callers --------------------------------------------------------------------------------------------------------------


def callers(base: Any, store: Store, *, imports: bool = False) -> Iterator[Any]:
    """The cached functions with results in a store that hold a function otherwise than by calling it directly.

    Args:
        base: the function.
        store: whose functions are looked at.
        imports: whether their modules are imported; otherwise only those count that are there. Nothing cached runs
            meanwhile.
    """
    for summary in store.functions() if store.exists() else ():
        module, _, qualname = summary.function.partition(":")
        if not qualname or "<" in qualname:
            continue
        try:
            found = base_of(summary.function) if imports else unwrapped(under(module, qualname))
            if not is_declared(found) or found.__inviscid_base__ is base:
                continue
            fingerprint = found.fingerprint
        except (Beyond, Exception):  # noqa: BLE001, S112  importing runs the user's code, and this is only a list
            # A global may stand for what would run.
            continue
        reached = [*(fingerprint.shallow.declared if fingerprint.shallow else (one for _, one in fingerprint.declared))]
        if any((one := reference()) is not None and one.__inviscid_base__ is base for reference in reached):
            yield found


def through(caller: Proposal, fingerprint: Fingerprint, function: str) -> str:
    """What changed of a caller beside what it has through a function; empty if nothing.

    Args:
        caller: what accepting the caller would mean.
        fingerprint: of the caller.
        function: the name of the function, as definitions have it.
    """
    if not caller.changed:
        return "something that can't be told"
    refers: Mapping[str, set[str]] = _references(fingerprint)
    seen: set[str] = set()
    pending = [fingerprint.definitions[0].name]
    while pending:
        name = pending.pop()
        if name not in seen and name != function:
            seen.add(name)
            pending += refers.get(name, ())
    return ", ".join(sorted(seen & caller.changed))


def _references(fingerprint: Fingerprint) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in fingerprint.definitions:
        found.setdefault(part.name, set()).update(part.refers)
    return found
