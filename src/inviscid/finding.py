"""Looking into the store: what is there for a call, whether it stands, and what may stand in its place.

A *look* finds the entry of a key. It is *confirmed* where it depends on more than its key. What doesn't stand, or isn't
there, may be made up for by another entry: of a version that this one was accepted for, of the same call when the world
was as it is again, of the same shallow key.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple, ParamSpec, TypeVar

from inviscid import (
    accepted,
    computing,
    confirm,
    events,
    explain,
    freeze,
    outputs,
    planning,
    results,
    settings,
    telling,
)
from inviscid.calls import Call
from inviscid.confirm import Standing
from inviscid.entry import Entry, function_name
from inviscid.errors import UnhashableInput
from inviscid.explain import SAME, Difference
from inviscid.manifest import Manifest, unpack_manifest
from inviscid.outcome import Outcome
from inviscid.sentinels import MISSING
from inviscid.steps import Steps
from inviscid.store import Store
from inviscid.stores import Attempt
from inviscid.wrapping import Wrapping

P = ParamSpec("P")
R = TypeVar("R")


class Session:
    """One outermost call, with all that is called and asked inside."""

    __slots__ = ("ended", "futile", "moved")

    def __init__(self) -> None:
        self.ended = False
        self.futile: set[bytes] = set()
        """Keys for which nothing was found to stand, and nothing was stored since: who was asked to no avail is called
        by the body too, and shall then not ask once more.
        """
        self.moved: dict[bytes, bytes] = {}
        """By key, the manifest of an entry that was found not to stand."""


session: ContextVar[Session | None] = ContextVar("inviscid_session", default=None)


class Found(NamedTuple):
    """What a look into the store gave."""

    value: Any
    entry: Entry | None
    outcome: Outcome
    reasons: tuple[str, ...]
    difference: Difference = SAME
    standing: Standing = Standing()
    earlier: Entry | None = None
    """An entry that doesn't stand now."""
    unless: str = ""
    """In an explanation: whose answer may let an earlier result stand."""
    files: outputs.Stored | None = None
    """The outputs of a stored result."""
    nearest: Entry | None = None
    """Where there is none: what the reasons compare the call with."""

    @property
    def digest(self) -> bytes:
        """Of what is there: the value, and the outputs."""
        assert self.entry is not None
        return outputs.told(self.entry.value, self.files.digests() if self.files is not None else ())


def here() -> Session:
    """The session of the outermost call that is running; one of its own where none is."""
    found = session.get()
    return found if found is not None else Session()


class Finding(Wrapping[P, R]):
    """A function whose results are looked for: the first half of the path of its calls."""

    __slots__ = ()

    def _find(self, store: Store, attempt: Attempt, call: Call, *, refresh: bool, retrace: bool = True) -> Steps[Found]:
        """The stored result; or why there is none, where that isn't for want of an entry."""
        found = self._look(store, attempt, call, refresh=refresh)
        if found.entry is not None and found.entry.manifest:
            manifest = unpack_manifest(found.entry.manifest)
            if not manifest.is_final and here().moved.get(call.key) == found.entry.manifest:
                return Found(MISSING, None, Outcome.MISS_NOT_FINAL, ("it was looked at just now",), earlier=found.entry)
            conditions = manifest._replace(trace=None)
            standing = computing.stood().get((call.key, found.entry.manifest))
            if standing is None:
                with ExitStack() as stack:
                    self._lay(stack)
                    stack.enter_context(computing.looking())
                    standing = yield from confirm.confirm(call, conditions, awaited=self._kind.awaited, safe=store.safe)
                    if not standing.moved:
                        computing.stood()[call.key, found.entry.manifest] = standing
            if standing.moved:
                found = Found(MISSING, None, Outcome.MISS_NOT_FINAL, standing.moved, earlier=found.entry)
                found = found._replace(unless=standing.unless)
            if found.earlier is not None and not found.unless:
                here().moved[call.key] = found.earlier.manifest
            outcome, reasons = accepted.told(call, standing.sights, found.outcome)
            found = found._replace(standing=standing, outcome=outcome, reasons=found.reasons or reasons)
        if found.entry is not None:
            return self._load(store, attempt, call, found)
        if retrace and found.outcome in (Outcome.MISS_NEW, Outcome.MISS_NOT_FINAL) and not found.unless:
            again = yield from self._retrace(store, attempt, call, found.earlier)
            if again is not None:
                return again if again.entry is not None else found._replace(unless=again.unless)
        return found

    def _look(self, store: Store, attempt: Attempt, call: Call, *, refresh: bool) -> Found:
        """The entry of a call, whether or not it still stands."""
        if refresh:
            return Found(MISSING, None, Outcome.MISS_REFRESH, ("a recompute was asked for",))
        entry = attempt.use(lambda: store.recall(call.key) or store.find(call.key), otherwise=None)
        if attempt.why():
            return Found(MISSING, None, Outcome.BYPASS_STORE, (attempt.why(),))
        if entry is None:
            return Found(MISSING, None, Outcome.MISS_NEW, ())
        if expired := self._expired(entry):
            return Found(MISSING, None, Outcome.MISS_EXPIRED, (expired,))
        return Found(MISSING, entry, Outcome.HIT, ())

    def _expired(self, entry: Entry) -> str:
        """Why an entry is too old to be served; empty if it isn't."""
        limit, age = self._options.max_age, time.time() - entry.provenance.created
        # What comes from the future, by a clock that was set back, is of no age that could be told.
        if limit is None or 0 <= age < limit:
            return ""
        return f"computed {events.duration(age)} ago, more than max_age ({events.duration(limit)})"

    def _load(self, store: Store, attempt: Attempt, call: Call, found: Found) -> Found:
        """The value of an entry that was found to stand."""
        entry = found.entry
        assert entry is not None
        try:
            loaded = attempt.use(lambda: results.load(store, entry, call, self._forms), otherwise=None)
        except results.Unreadable as error:
            why = str(error)
            if why:
                return Found(MISSING, None, Outcome.MISS_UNREADABLE, (why,))
            return Found(MISSING, None, Outcome.MISS_CORRUPT, ("the stored result was damaged or removed",))
        if loaded is None:
            return Found(MISSING, None, Outcome.BYPASS_STORE, (attempt.why(),))
        return found._replace(value=loaded.value, files=loaded.files)

    def _retrace(self, store: Store, attempt: Attempt, call: Call, earlier: Entry | None) -> Steps[Found | None]:
        """A result that stands all the same: the world is again what it was, or what was edited gives what it gave."""
        futile = here().futile
        if call.key in futile:
            return None
        futile.add(call.key)
        for entry, conditions in self._candidates(store, attempt, call, earlier):
            with ExitStack() as stack:
                self._lay(stack)
                try:
                    standing = yield from confirm.confirm(call, conditions, awaited=self._kind.awaited, safe=store.safe)
                except RecursionError:
                    if computing.is_aside():
                        raise
                    return None
            if standing.unless:
                return Found(MISSING, None, Outcome.MISS_NEW, (), unless=standing.unless)
            if standing.hopeless:
                return None
            if standing.moved:
                continue
            outcome, reasons = accepted.told(call, conditions.sights, Outcome.HIT_RETRACED)
            found = self._load(store, attempt, call, Found(MISSING, entry, outcome, reasons, standing=standing))
            if found.entry is not None:
                self._let_stand(store, attempt, call, found, earlier)
                futile.discard(call.key)
                return found
        return None

    def _candidates(
        self, store: Store, attempt: Attempt, call: Call, earlier: Entry | None
    ) -> Iterator[tuple[Entry, Manifest]]:
        """Entries of other keys that may stand for a call, each with the conditions for that."""
        none: list[Entry] = []
        nothing: list[tuple[Entry, Manifest]] = []
        for entry, conditions in attempt.use(lambda: list(accepted.candidates(store, call)), otherwise=nothing):
            if not self._expired(entry):
                yield entry, conditions
        tried: list[bytes] = []
        # Only where an entry gave way to another is there one that was set aside.
        for link in [call.key, call.shallow()] if earlier is not None else [call.shallow()]:
            for entry in attempt.use(partial(store.traced, link), otherwise=none) if link else none:
                manifest = unpack_manifest(entry.manifest)
                conditions = manifest._replace(trace=None) if link == call.key else Manifest(trace=manifest.trace)
                # Nobody vouches for the link: the entry itself has to say that it is meant.
                meant = entry.key == results.key_aside(call, manifest) if link == call.key else link in manifest.links
                if meant and conditions.state not in tried and not self._expired(entry):
                    tried.append(conditions.state)
                    yield entry, conditions

    def _let_stand(self, store: Store, attempt: Attempt, call: Call, found: Found, earlier: Entry | None) -> None:
        """Have the key of a call lead to what was found to stand for it."""
        if (self._variant.mode or settings.current_mode()).name == "readonly" or found.entry is None or planning.ACTIVE:
            return
        if earlier is not None:
            attempt.use(partial(results.set_aside, store, call, earlier), otherwise=None)
        try:
            # What an earlier version called says nothing of what this one calls.
            is_own = found.outcome is not Outcome.HIT_ACCEPTED
            trace = unpack_manifest(found.entry.manifest).trace if is_own else None
            manifest = telling.manifest_again(call, found.standing.sights, found.standing.demands, trace)
        except UnhashableInput:
            # Somebody is asked whom the code doesn't show: it stands this once.
            return
        noted = freeze.noted(self._slot(), call)
        attempt.use(partial(results.publish_again, store, noted, found.entry, manifest), otherwise=None)
        self._keep_inputs(store, call)

    def _why(self, store: Store, attempt: Attempt, call: Call, found: Found) -> Found:
        """A look that found no entry, with what changed since the nearest one."""
        if found.entry is not None or found.reasons:
            return found
        reason = attempt.use(lambda: explain.why_missed(store, call, function_name(self)), otherwise=None)
        return (
            found
            if reason is None
            else found._replace(
                outcome=reason.outcome, reasons=reason.texts, difference=reason.difference, nearest=reason.entry
            )
        )
