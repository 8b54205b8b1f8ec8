"""Results of earlier versions that stand for a call, because its user accepted the edits between them.

Only a call that has no entry of its own looks for them, so that nobody else pays. What is found is stored under the key
of the call too, and rests from then on on what `inviscid.lock` says: an acceptance is a *sight* (`world`) of the entry,
and of all that is computed from it. So revoking needs no cleaning: what rests on it isn't served any more. And what the
new version computes itself is stored under its own key, and is nobody's result but its own.

Of a chain of acceptances each is followed, one look for each. The next call finds the result under its own key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from inviscid import lockfile
from inviscid.acceptances import Acceptance
from inviscid.calls import Call
from inviscid.entry import Entry
from inviscid.fingerprinting import Distribution
from inviscid.manifest import Manifest, unpack_manifest
from inviscid.outcome import Outcome
from inviscid.store import Store
from inviscid.world import ACCEPTED, Sight


def candidates(store: Store, call: Call, proposed: Sequence[Acceptance] = ()) -> Iterator[tuple[Entry, Manifest]]:
    """Entries of earlier versions that may stand for a call, the nearest first; each with the conditions for that.

    Args:
        store: where they are.
        call: as it was identified.
        proposed: acceptances that are not made yet, instead of those that are.

    Raises:
        LockError: `inviscid.lock` is damaged.
        StoreError: the store can't be read.
    """
    known = {one.fingerprint: (one,) for one in proposed} if proposed else lockfile.current().accepted
    if not known or call.as_of is None:
        return
    seen = {call.fingerprint.raw}
    pending = [_Version(call.fingerprint.raw, call.inputs)]
    while pending:
        version = pending.pop(0)
        for one in known.get(version.fingerprint.hex(), ()):
            earlier = version.before(one)
            if earlier is None or earlier.fingerprint in seen:
                continue
            seen.add(earlier.fingerprint)
            pending.append(earlier)
            entry = store.find(earlier.key(call))
            if entry is not None:
                manifest = unpack_manifest(entry.manifest)
                # Its trace speaks of what the earlier version calls.
                yield entry, manifest._replace(sights=(*manifest.sights, *earlier.sights), trace=None)


class _Version:
    """A call as one version of its function would have had it."""

    def __init__(
        self,
        fingerprint: bytes,
        inputs: Sequence[tuple[str, bytes]],
        without: frozenset[str] = frozenset(),
        brought: frozenset[Distribution] = frozenset(),
        sights: tuple[Sight, ...] = (),
    ) -> None:
        self.fingerprint = fingerprint
        self.inputs = inputs
        self.without = without
        self.brought = brought
        self.sights = sights

    def before(self, one: Acceptance) -> _Version | None:
        """The same of the version that an acceptance is for; None where that had no such call."""
        inputs = one.then(self.inputs)
        if inputs is None:
            return None
        gone = frozenset(Distribution(name, *row) for name, row in one.earlier_packages.items())
        kept = frozenset(item for item in self.brought if item.name not in one.packages)
        sight = Sight(ACCEPTED, one.name, one.state, None, 0)
        without = self.without | {*one.packages}
        return _Version(bytes.fromhex(one.earlier), inputs, without, kept | gone, (*self.sights, sight))

    def key(self, call: Call) -> bytes:
        """The key of the call."""
        assert call.as_of is not None
        return call.as_of(self.fingerprint, [found for _, found in self.inputs], self.without, self.brought)


def told(call: Call, sights: Iterable[Sight], otherwise: Outcome) -> tuple[Outcome, tuple[str, ...]]:
    """What a hit is that rests on these sights, and why: one of an earlier version, or `otherwise`."""
    own = call.fingerprint.digest
    names = [(one.path, one.digest) for one in sights if one.kind == ACCEPTED and one.path.startswith(own)]
    if not names:
        return otherwise, ()
    found = [one.reason for name, state in names if (one := lockfile.accepted(name, state)) is not None]
    return Outcome.HIT_ACCEPTED, tuple(found)
