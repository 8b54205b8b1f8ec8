"""Accepting a function with all that belongs to it: its callers, and the evidence of calls that are made again.

A *check* makes recorded calls of the earlier version again, with the new one, and compares what comes of them with
what is stored. A call can be made again where its arguments are at hand (it has none, or they were kept: `keeping`),
and where the stored result is the one that the call would be answered with, under the config and the packages of now.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from inviscid import accept, accepted, comparing, keeping, rerunning, results
from inviscid.accept import Accepted, Proposal
from inviscid.comparing import Comparison, Counterexample
from inviscid.entry import Entry
from inviscid.errors import AcceptError, AcceptRefused
from inviscid.freeze import Slot, parts_of_key
from inviscid.sentinels import MISSING
from inviscid.settings import Mode

_ON = Mode("on")


class Wish(NamedTuple):
    """What was asked for."""

    because: str
    check: int | None = None
    """How many calls to make again; None for none."""
    callers: bool = False
    """Whether to accept those callers too that are not asked anew."""
    dry_run: bool = False
    imports: bool = False
    """Whether to import the modules of the functions in the store, to look for callers to accept there."""


def accept_function(function: Any, slot: Slot, wish: Wish) -> Accepted:
    """Accept an edit of a function.

    Raises:
        AcceptError: there is nothing to accept, or no call could be made again.
        AcceptRefused: a call gave something else.
        LockError: `inviscid.lock` is damaged.
        StoreError: the store can't be used.
    """
    if wish.check is not None or not wish.dry_run:
        rerunning.keep_off(f"accepting {slot.label}()")
    proposal = _propose(function, slot, wish.because)
    found = proposal.accepted
    if wish.check is not None:
        found = found._replace(compared=_checked(function, slot, proposal, wish.check).compared)
    others = list(accept.callers(function, proposal.store, imports=wish.imports and wish.callers))
    name = function.fingerprint.definitions[0].name
    also = [_along(found, _caller(other, name, wish.because)) for other in others] if wish.callers else []
    found = found._replace(callers=tuple(other._slot().name for other in others), also=tuple(also))  # noqa: SLF001  ours
    if not wish.dry_run:
        accept.record([found, *also])
    return found


def _propose(function: Any, slot: Slot, because: str) -> Proposal:
    outer = [item for item in function.parameters if not item.config]
    return accept.propose(slot, function._take, outer, because)  # noqa: SLF001  it is ours


def _caller(function: Any, name: str, because: str) -> Accepted:
    """A caller, if all that changed of it changed in the function of this name."""
    slot = function._slot()  # noqa: SLF001  it is ours
    proposal = _propose(function, slot, because)
    beside = accept.through(proposal, function.fingerprint, name)
    if beside:
        raise AcceptError(
            f"{slot.label}() can't be accepted along with {name}: what changed of it beside that is {beside}. Look at "
            f"it and accept it by itself: {slot.label}.accept(because=…)"
        )
    return proposal.accepted


def _along(function: Accepted, caller: Accepted) -> Accepted:
    """A caller that is accepted as long as the function is."""
    names = tuple(one.name for one in function.records)
    return caller._replace(records=tuple(one._replace(along=names) for one in caller.records))


# Checking -------------------------------------------------------------------------------------------------------------


def _checked(function: Any, slot: Slot, proposal: Proposal, most: int) -> Comparison:
    if slot.options.outputs:
        raise AcceptError(f"{slot.label}() writes outputs, and running it again would replace them: leave out check")
    compared = 0
    for entry in proposal.entries:
        if compared >= most:
            break
        values = _arguments(function, slot, proposal, entry)
        if values is None or not _is_answer(function, proposal, entry, values):
            continue
        compared += 1
        if (found := _difference(function, slot, proposal, entry, values)) is not None:
            raise AcceptRefused(
                f"{slot.label}() is not accepted: it gives something else than the version with the fingerprint "
                f"{entry.provenance.fingerprint.hex()[:12]} gave\n{slot.label}{found}",
                Comparison(same=False, compared=compared, counterexample=found),
            )
    if not compared:
        raise AcceptError(
            f"none of the earlier results of {slot.label}() can be computed again to compare, because no arguments "
            "are at hand: @cached(keep_inputs=True) keeps them from now on; leave out check to accept the edit by "
            "your word alone"
        )
    return Comparison(same=True, compared=compared)


def _arguments(function: Any, slot: Slot, proposal: Proposal, entry: Entry) -> dict[str, Any] | None:
    """The arguments of a recorded call, as the function would be given them now; None where they aren't at hand."""
    outer = [item for item in function.parameters if not item.config]
    then = [name for name, _ in parts_of_key(entry).get("inputs", [])]
    kept = {} if not then else keeping.kept(proposal.store, entry.key, slot.forms)
    if kept is None:
        return None
    earlier = entry.provenance.fingerprint.hex()
    now = next(one.arguments for one in proposal.accepted.records if one.earlier == earlier)
    names = dict(zip(then, now, strict=True))
    known = {names.get(name, name): value for name, value in kept.items()}
    absent: dict[str, Any] = {"starred": (), "double": {}}
    values = {item.name: known.get(item.name, absent.get(item.kind, item.default)) for item in outer}
    return None if any(value is MISSING for value in values.values()) else values


def _is_answer(function: Any, proposal: Proposal, entry: Entry, values: dict[str, Any]) -> bool:
    """Whether a call would be answered with this very entry."""
    try:
        call = function._identify(values, _ON)  # noqa: SLF001  it is ours
    except Exception:  # noqa: BLE001  an argument is of a class that has no digest any more, say
        return False
    found = accepted.candidates(proposal.store, call, proposal.accepted.records)
    return any(one.key == entry.key for one, _ in found)


def _difference(
    function: Any, slot: Slot, proposal: Proposal, entry: Entry, values: dict[str, Any]
) -> Counterexample | None:
    now = comparing.outcome(lambda: function._again(values), (), {})  # noqa: SLF001  it is ours
    if not isinstance(now, comparing.Raised) and comparing.digest(now) == entry.value:
        return None
    try:
        then = results.load(proposal.store, entry, None, slot.forms).value
    except results.Unreadable as error:
        raise AcceptError(f"an earlier result of {slot.label}() can't be read to compare: {error}") from error
    # Read anew: what ran may have changed its arguments.
    given = _arguments(function, slot, proposal, entry) or {}
    return Counterexample((), given, then, now, ("stored", "now"))
