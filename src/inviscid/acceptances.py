"""What `inviscid.lock` says of accepted edits, as records. How they are made says `accept`; the file is `lockfile`'s.

An *acceptance* is the user's word that what a function does now gives what an earlier version of it gave: the results
of the one fingerprint stand for the other. It holds for exactly these two.

    record      = "[[accepted]]" and the fields of `Acceptance`, each on a line of its own
    arguments   = for each argument of the earlier version, in its order, the parameter that it is now
    defaults    = { parameter that is new = digest of its default }
    packages    = [name of a package that is reached only now]
    earlier_packages = { name of a package that was reached only then = [version, content] }
    along       = [name of an acceptance]     only where it was accepted along with a function that it uses

What was accepted along with others holds as long as all of these are there: nobody vouched for it by itself.

A call finds an earlier result only if all its new parameters have these defaults.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from inviscid.digest import combine, pack

TABLE = "accepted"
_DIGEST = re.compile("[0-9a-f]{64}")
_TEXTS = ("function", "fingerprint", "earlier", "because", "date")
_ALONG = "along"
_FIELDS = (
    "function", "fingerprint", "earlier", "arguments", "defaults", "packages", "earlier_packages", "because", "date",
)  # fmt: skip


class Acceptance(NamedTuple):
    """One accepted edit."""

    function: str
    """``package.module:qualname``, for people: the two fingerprints decide."""
    fingerprint: str
    """What the function does now (hex)."""
    earlier: str
    """What it did when it gave the results that stand (hex)."""
    arguments: tuple[str, ...]
    defaults: Mapping[str, str]
    packages: tuple[str, ...]
    earlier_packages: Mapping[str, Sequence[str]]
    because: str
    date: str
    """ISO 8601."""
    along: tuple[str, ...] = ()
    """The names of the acceptances that it came with."""
    extra: Mapping[str, Any] = {}
    """Fields that this version doesn't know."""

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return f"{self.fingerprint}:{self.earlier}"

    @property
    def state(self) -> bytes:
        """A digest of what it says; reason, date and name of the function aren't in it."""
        gone = [[name, list(row)] for name, row in sorted(self.earlier_packages.items())]
        said = [list(self.arguments), sorted(map(list, self.defaults.items())), sorted(self.packages), gone]
        return combine(TABLE, self.fingerprint.encode(), self.earlier.encode(), pack(said))

    @property
    def reason(self) -> str:
        """When and why it was accepted."""
        return f"accepted {self.date[:10]}{': ' if self.because else ''}{self.because}"

    @property
    def order(self) -> tuple[object, ...]:
        """Where it stands in the file."""
        return self.function, self.fingerprint, self.earlier, self.date, self.because

    def then(self, inputs: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]] | None:
        """The arguments of a call as the earlier version would have had them; None where it had no such call."""
        given = dict(inputs)
        if len(given) != len(self.arguments) + len(self.defaults):
            return None
        if any(name not in given or given[name].hex() != value for name, value in self.defaults.items()):
            return None
        if any(name not in given for name in self.arguments):
            return None
        return [(name, given[name]) for name in self.arguments]

    def fields(self) -> list[tuple[str, Any]]:
        """What is written, in order."""
        return [
            *((name, list(value) if isinstance(value := getattr(self, name), tuple) else value) for name in _FIELDS),
            *([(_ALONG, [*self.along])] if self.along else []),
            *self.extra.items(),
        ]


def read(table: dict[str, Any], damaged: Callable[[str, str], NoReturn]) -> Acceptance:
    """The record of a table.

    Args:
        table: what TOML says; it is used up.
        damaged: raises, given the field (empty for the whole table) and what is wrong with it.
    """
    for field in _FIELDS:
        if field not in table:
            damaged("", f"the record has no '{field}'")
    for field in _TEXTS:
        if not isinstance(table[field], str):
            damaged(field, f"'{field}' is not a text")
    for field in ("fingerprint", "earlier"):
        if not _is_digest(table[field]):
            damaged(field, f"'{field}' is not a digest of 64 hex digits")
    for field in ("arguments", "packages"):
        if not _are_texts(table[field]) or len(set(table[field])) != len(table[field]):
            damaged(field, f"'{field}' is not a list of different texts")
    defaults, gone = table["defaults"], table["earlier_packages"]
    if not isinstance(defaults, dict) or not all(map(_is_digest, defaults.values())):
        damaged("defaults", "'defaults' is not a table of digests of 64 hex digits")
    if not defaults.keys().isdisjoint(table["arguments"]):
        damaged("defaults", "'defaults' has a parameter that is in 'arguments' too")
    if not isinstance(gone, dict) or not all(_are_texts(row) and len(row) == 2 for row in gone.values()):
        damaged("earlier_packages", "'earlier_packages' is not a table of versions and contents")
    if not _are_texts(table.get(_ALONG, [])):
        damaged(_ALONG, f"'{_ALONG}' is not a list of texts")
    fields = {field: table.pop(field) for field in _FIELDS} | {_ALONG: table.pop(_ALONG, [])}
    fields |= {field: tuple(fields[field]) for field in ("arguments", "packages", _ALONG)}
    return Acceptance(**fields, extra=table)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def standing(records: Sequence[Acceptance]) -> list[Acceptance]:
    """Those that hold: of what was accepted along with others, that for which all of these are there."""
    found = [*records]
    while True:
        # What came with one that falls may have others that came with it.
        there = {record.name for record in found}
        left = [record for record in found if there.issuperset(record.along)]
        if len(left) == len(found):
            return found
        found = left


def by_fingerprint(records: Sequence[Acceptance]) -> dict[str, tuple[Acceptance, ...]]:
    """Sorted, by what the functions do now; of two that say the same the later one, which a merge may have brought."""
    found: dict[str, dict[str, Acceptance]] = {}
    for record in sorted(standing(records), key=lambda record: (record.date, *map(str, record.order))):
        found.setdefault(record.fingerprint, {})[record.earlier] = record
    return {fingerprint: tuple(group.values()) for fingerprint, group in found.items()}
