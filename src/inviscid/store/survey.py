"""What a store holds, for people: by function, in all, and by selector.

A *selector* is the name of a function, ``package.module:qualname``; its part after the colon; a module or package,
which stands for all that is in it; a pattern of any of these, with ``*`` and ``?``; or the first four or more hex
digits of a key.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from inviscid.entry import INPUTS
from inviscid.errors import SelectorError
from inviscid.outcome import Outcome
from inviscid.store import forms
from inviscid.store.index import Index
from inviscid.store.schema import tags_of

_LEAST_DIGITS = 4


class FunctionSummary(NamedTuple):
    """One function's entries."""

    function: str
    entries: int
    bytes: int
    seconds: float
    """What computing them took."""
    saved: float
    """What their hits saved, in seconds."""
    hits: int
    used: float
    """When one of them was last used, in seconds since the epoch."""
    oldest: float = 0.0
    """When the first of them was computed."""
    newest: float = 0.0


class Summary(NamedTuple):
    """The whole store."""

    path: str
    functions: int
    entries: int
    bytes: int
    """Stored bytes; what entries share counts once."""
    seconds: float
    saved: float
    pins: int
    quarantined: int
    """So many things didn't pass their check since the store was made."""
    outcomes: dict[str, tuple[int, float]]
    """Outcome → how often, and the seconds that were counted with it."""
    forms: int
    """What is remembered of code, so that it need not be parsed again."""
    form_bytes: int
    manifests: int
    """Entries that keep what they depend on beyond their key: files, and calls with their arguments."""
    manifest_bytes: int


class Pin(NamedTuple):
    """A key that gc keeps."""

    key: bytes
    because: str
    created: float


def functions(index: Index) -> list[FunctionSummary]:
    """One row for each function, by name."""
    rows = index.read(
        "SELECT function, count(*), sum(size), sum(seconds), sum(saved), sum(hits), max(max(created, accessed)), "
        "min(created), max(created) FROM entries GROUP BY function ORDER BY function"
    )
    return [FunctionSummary(row[0].decode(errors="replace"), *row[1:]) for row in rows]


def summary(index: Index, path: str) -> Summary:
    """The figures of the whole store."""
    counted = index.read("SELECT count(DISTINCT function), count(*), sum(seconds), sum(saved) FROM entries")
    names, entries, seconds, saved = counted[0] if counted else (0, 0, None, None)
    total = index.read(TOTAL)
    quarantined = index.read("SELECT value FROM meta WHERE name = 'quarantined'")
    pins = index.read("SELECT count(*) FROM pins")
    outcomes = {
        _outcome_name(number): (count, seconds)
        for number, count, seconds in index.read("SELECT outcome, count, seconds FROM statistics ORDER BY outcome")
    }
    remembered, form_bytes = forms.count(index)
    kept = index.read("SELECT count(*), sum(length(manifest)) FROM entries WHERE length(manifest) > 0")
    return Summary(
        path=path,
        functions=names,
        entries=entries,
        bytes=(total[0][0] if total else 0) or 0,
        seconds=seconds or 0.0,
        saved=saved or 0.0,
        pins=pins[0][0] if pins else 0,
        quarantined=quarantined[0][0] if quarantined else 0,
        outcomes=outcomes,
        forms=remembered,
        form_bytes=form_bytes,
        manifests=kept[0][0] if kept else 0,
        manifest_bytes=(kept[0][1] if kept else 0) or 0,
    )


# What is in the rows themselves is shared by nobody.
TOTAL = """
SELECT coalesce((SELECT sum(size) FROM (SELECT size FROM entries WHERE inline IS NULL GROUP BY object)), 0)
    + coalesce((SELECT sum(size) FROM entries WHERE inline IS NOT NULL), 0)
"""


def pins(index: Index) -> list[Pin]:
    """Every pin, oldest first."""
    rows = index.read("SELECT key, because, created FROM pins ORDER BY created")
    return [Pin(key, because.decode(errors="replace"), created) for key, because, created in rows]


def select_all(index: Index, selector: str | None, tag: str | None, older_than: float | None) -> list[bytes]:
    """The keys of the entries that all of these name.

    Args:
        index: of the store.
        selector: None for all.
        tag: of the functions that computed them; None for any or none.
        older_than: seconds since they were computed; None for any.

    Raises:
        SelectorError: selector or tag name none; the message says what is there.
    """
    keys = [row[0] for row in index.read("SELECT key FROM entries")] if selector is None else select(index, selector)
    if tag is not None:
        tagged = set(_tagged(index, tag))
        keys = [key for key in keys if key in tagged]
    if older_than is not None:
        rows = index.read("SELECT key FROM entries WHERE created < ?", (time.time() - older_than,))
        old = {row[0] for row in rows}
        keys = [key for key in keys if key in old]
    return keys


def _tagged(index: Index, tag: str) -> Iterator[bytes]:
    """The keys of the entries that have a tag."""
    tags: set[str] = set()
    for number, body in index.read("SELECT id, body FROM commons"):
        found = tags_of(body)
        tags |= found
        if tag in found:
            yield from (row[0] for row in index.read("SELECT key FROM entries WHERE common = ?", (number,)))
    if tag not in tags:
        there = f"; there are {', '.join(sorted(tags))}" if tags else ", nor any other"
        raise SelectorError(f"no entry has the tag {tag!r}{there}.{_SHARED}")


def select(index: Index, selector: str) -> list[bytes]:
    """The keys of the entries that a selector names, newest first.

    Raises:
        SelectorError: it names none; the message says what is there.
    """
    names = [row[0].decode(errors="replace") for row in index.read("SELECT DISTINCT function FROM entries")]
    chosen = [name for name in names if _matches(name, selector)]
    if chosen:
        marks = ", ".join("?" * len(chosen))
        rows = index.read(f"SELECT key FROM entries WHERE function IN ({marks}) ORDER BY created DESC", chosen)
        return [row[0] for row in rows]
    digits = selector.lower()
    if len(digits) >= _LEAST_DIGITS and not digits.strip("0123456789abcdef"):
        rows = index.read(
            "SELECT key FROM entries WHERE substr(hex(key), 1, ?) = ? ORDER BY created DESC",
            (len(digits), digits.upper()),
        )
        if rows:
            return [row[0] for row in rows]
    raise SelectorError(_nothing(selector, sorted(names)))


def _matches(name: str, selector: str) -> bool:
    from fnmatch import fnmatchcase

    # Only * and ? are special: a bracket is part of a name.
    pattern = selector.replace("[", "[[]")
    # What is kept beside the results of a function goes with it.
    name = name.removesuffix(INPUTS)
    module, _, function = name.partition(":")
    return any(fnmatchcase(text, pattern) for text in (name, function, *_upwards(module)))


def _upwards(module: str) -> Iterator[str]:
    """A module, and all packages that it is in."""
    while module:
        yield module
        module = module.rpartition(".")[0]


def _nothing(selector: str, names: list[str]) -> str:
    from difflib import get_close_matches

    if not names:
        return f"nothing matches {selector!r}: the store is empty"
    shorts = {name.partition(":")[2]: name for name in names}
    close = get_close_matches(selector, [*names, *shorts], n=1, cutoff=0.5)
    if close:
        return f"nothing matches {selector!r}; did you mean {shorts.get(close[0], close[0])!r}?{_there(names)}"
    return f"nothing matches {selector!r}.{_there(names)}.{_SHARED}"


# Whoever looks for a function that hits has no other way to know.
_SHARED = " Functions that do the same share their entries, under the name of the first"


def _there(names: list[str]) -> str:
    shown = ", ".join(names[:8])
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f" The store has {shown}{more}"


def _outcome_name(number: int) -> str:
    try:
        return Outcome(number).name
    except ValueError:
        # A newer version's.
        return str(number)
