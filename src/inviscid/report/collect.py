"""What a report tells, as frozen values.

Reasons are found as `explain` finds them: each entry is compared with those that its function had before. So they hold
as far as the store remembers; what has been removed tells nothing any more.
"""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgpack

from inviscid import freeze, lockfile
from inviscid.acceptances import Acceptance
from inviscid.entry import Entry
from inviscid.errors import LockError
from inviscid.explain import SAME, Difference, stored_code_changed, why_computed
from inviscid.manifest import unpack_manifest
from inviscid.outcome import Outcome
from inviscid.results import parts_of
from inviscid.store import FunctionSummary, Store, Summary
from inviscid.world import ACCEPTED

LINES = 12
"""So many entries of a function are told."""
_COMPARED = 64
DEFINITIONS = 250
"""So many definitions of a function are told; the page must open on any machine."""
_LONGEST = 6_000
_DIGITS = 12


class Line(NamedTuple):
    """One entry."""

    key: str
    created: float
    seconds: float
    origin: str
    size: int
    codec: str
    hits: int
    accessed: float
    arguments: str
    config: tuple[tuple[str, str], ...]
    """Config key and value, for people; the value is empty where it isn't told."""
    outcome: str
    """Name of the `Outcome` that led to it."""
    reasons: tuple[str, ...]
    nearest: str
    """Key of the entry that it was compared with; empty where there was none."""
    diff: str
    pinned: str | None
    """Why it is pinned; None where it isn't."""
    frozen: str | None
    """Why it is frozen; None where it isn't."""
    accepted: str | None = None
    """Why it stands for the code that it is of, which didn't compute it; None where that did."""


class Definition(NamedTuple):
    """Something that a function reaches, as its newest entry found it."""

    name: str
    kind: str
    shown: str
    refers: tuple[str, ...]


class Card(NamedTuple):
    """One function."""

    function: str
    summary: FunctionSummary
    pinned: int
    frozen: int
    """So many calls of it are frozen."""
    frozen_whole: bool
    """Whether what isn't frozen of it raises."""
    lines: tuple[Line, ...]
    """The newest first."""
    definitions: tuple[Definition, ...]
    """The function itself first."""
    more_definitions: int
    accepted: int = 0
    """So many edits of it are accepted."""


class Report(NamedTuple):
    """A whole store at one moment."""

    made: float
    exists: bool
    stats: Summary
    cards: tuple[Card, ...]
    notices: tuple[str, ...]
    """What the reader has to know beforehand."""


class _Marks(NamedTuple):
    """What people said of entries."""

    pins: dict[bytes, str]
    pinned: Counter[str]
    """By function."""
    frozen: dict[str, str]
    records: Counter[str]
    """By function."""
    whole: frozenset[str]
    acceptances: dict[tuple[str, bytes], str] | None
    """By name and state: why. None where that isn't known."""
    accepted: Counter[str]
    """By function."""


def collect(store: Store, only: str | None = None) -> Report:
    """All that a report tells of a store; with `only`, of one function.

    Raises:
        StoreError: the store can't be read.
    """
    made = time.time()
    if not store.exists():
        return Report(made, False, store.stats(), (), (f"There is no store at {store.path}.",))
    marks, notices = _marks(store)
    rows = [row for row in store.functions() if only in (None, row.function)]
    code = functools.cache(functools.partial(stored_code_changed, store))
    cards = tuple(_card(store, row, marks, code) for row in rows)
    if not cards:
        notices.append("The store is empty." if only is None else f"{only} has no results in the store.")
    unread = sum(1 for card in cards if not card.lines)
    if unread:
        functions = "1 function" if unread == 1 else f"{unread} functions"
        notices.append(f"No entry of {functions} can be read here: they are sealed with another key.")
    return Report(made, True, store.stats(), cards, tuple(notices))


def _marks(store: Store) -> tuple[_Marks, list[str]]:
    pins = {pin.key: pin.because for pin in store.pins()}
    # Pins are few; entries may be millions.
    entries = (store.find(key) for key in pins)
    pinned = Counter(entry.provenance.function for entry in entries if entry is not None)
    notices: list[str] = []
    records: list[lockfile.Record] = []
    edits: list[Acceptance] = []
    acceptances: dict[tuple[str, bytes], str] | None = None
    try:
        lock = lockfile.current()
        records, edits = lock.all(), lock.acceptances()
        acceptances = {(one.name, one.state): one.reason for one in edits}
    except LockError as error:
        # A report is what one looks at when something is wrong.
        notices.append(f"What is frozen and accepted is not known: {error}.")
    results = [record for record in records if not record.is_marker]
    frozen = {record.key: _why(record.because, record.date) for record in results}
    whole = frozenset(record.function for record in records if record.is_marker)
    by_function = Counter(record.function for record in results)
    accepted = Counter(one.function for one in edits)
    return _Marks(pins, pinned, frozen, by_function, whole, acceptances, accepted), notices


def _why(because: str, date: str) -> str:
    return f"{because} ({date[:10]})" if because else date[:10]


def _card(store: Store, row: FunctionSummary, marks: _Marks, code: Callable[[bytes, bytes], Difference]) -> Card:
    entries = store.nearest(row.function, _COMPARED)
    lines = tuple(_line(entry, entries[at + 1 :], marks, code) for at, entry in enumerate(entries[:LINES]))
    definitions, more = _definitions(store, entries)
    name = row.function
    pinned, frozen = marks.pinned[name], marks.records[name]
    return Card(name, row, pinned, frozen, name in marks.whole, lines, definitions, more, marks.accepted[name])


def _line(entry: Entry, older: Sequence[Entry], marks: _Marks, code: Callable[[bytes, bytes], Difference]) -> Line:
    origin, key = entry.provenance, entry.key.hex()
    accepted = _accepted(entry, marks)
    near = older[:1] if accepted is None else older
    twin = next((one for one in near if _computation(one) == _computation(entry)), None)
    reasons: tuple[str, ...]
    nearest: Entry | None
    if accepted is not None:
        outcome, difference, nearest, reasons = Outcome.HIT_ACCEPTED, SAME, twin, (accepted,)
        if twin is not None:
            difference = code(twin.provenance.fingerprint, origin.fingerprint)
            reasons = (accepted, *difference.reasons)
    elif twin is not None:
        # An early cutoff lets one computation stand under another key: the newer row is the one that was let stand.
        outcome, difference = Outcome.HIT_RETRACED, SAME
        nearest = twin
        if twin.provenance.fingerprint != origin.fingerprint:
            difference = code(twin.provenance.fingerprint, origin.fingerprint)
        reasons = ("not computed again: what it calls gives what it gave", *difference.reasons)
    else:
        found = why_computed(entry, older, code)
        outcome, reasons, difference, nearest = found.outcome, tuple(found.texts), found.difference, found.entry
    return Line(
        key=key,
        created=origin.created,
        seconds=origin.seconds,
        origin=origin.origin,
        size=entry.size,
        codec=entry.codec,
        hits=entry.hits,
        accessed=entry.accessed,
        arguments=freeze.arguments_of(entry) or _digests(entry),
        config=_config(entry),
        outcome=outcome.name,
        reasons=tuple(reasons),
        nearest=nearest.key.hex() if nearest is not None else "",
        diff=_short(difference.diff),
        pinned=marks.pins.get(entry.key),
        frozen=marks.frozen.get(key),
        accepted=accepted,
    )


def _accepted(entry: Entry, marks: _Marks) -> str | None:
    """Why an entry that an earlier version computed stands for a later one; None where it is the result of its own."""
    own = entry.provenance.fingerprint.hex()
    sights = unpack_manifest(entry.manifest).sights
    names = [(one.path, one.digest) for one in sights if one.kind == ACCEPTED and one.path.startswith(f"{own}:")]
    if not names:
        return None
    if marks.acceptances is None:
        return "accepted; whether that holds is not known"
    return "; ".join(marks.acceptances.get(name, "accepted, and revoked since: not served any more") for name in names)


def _computation(entry: Entry) -> tuple[object, ...]:
    origin = entry.provenance
    return origin.created, origin.seconds, origin.origin, entry.value


def _parts(entry: Entry) -> dict[str, Any]:
    try:
        parts = msgpack.unpackb(entry.provenance.parts)
    except (ValueError, msgpack.UnpackException):
        # Another version wrote other parts.
        return {}
    return parts if isinstance(parts, dict) else {}


def _digests(entry: Entry) -> str:
    """The arguments by name and digest, where no text of them was noted."""
    try:
        return ", ".join(f"{name}: {value.hex()[:_DIGITS]}…" for name, value in _parts(entry).get("inputs", ()))
    except (ValueError, TypeError, AttributeError):
        return ""


def _config(entry: Entry) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(dict.fromkeys((str(key), str(shown)) for key, _, shown in _parts(entry).get("config", ())))
    except (ValueError, TypeError):
        return ()


def _definitions(store: Store, entries: Sequence[Entry]) -> tuple[tuple[Definition, ...], int]:
    """What the newest entry reached, each name once: what is overloaded has many definitions of one name."""
    parts = parts_of(store.preimage(entries[0].provenance.fingerprint)) if entries else None
    found: dict[str, Definition] = {}
    for part in parts or ():
        known = found.get(part.name)
        if known is None:
            found[part.name] = Definition(part.name, part.kind, _short(part.shown), part.refers)
        else:
            shown = known.shown if part.shown in known.shown else _short(f"{known.shown}\n\n{part.shown}")
            refers = tuple(dict.fromkeys([*known.refers, *part.refers]))
            found[part.name] = known._replace(shown=shown, refers=refers)
    return tuple(found.values())[:DEFINITIONS], max(len(found) - DEFINITIONS, 0)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n… {len(text) - _LONGEST} more characters"
