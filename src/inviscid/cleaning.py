"""Cleaning: which entries go, also those of functions that reach what they are of.

*Downstream* of a function are the functions that reach it, directly or not, by what was noted of them when their
results were stored. Who only gets its result as an argument is not among them: nothing says where a value came from.
Nor is who is given the function itself as an argument.

Functions that do the same share their entries, under the name of the one that was called first. So who reaches a
function with equal code reaches the same entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inviscid.errors import SelectorError
from inviscid.fingerprinting import Part
from inviscid.results import parts_of
from inviscid.store import Store

if TYPE_CHECKING:
    from inviscid.store import Plan


def plan_clean(
    store: Store,
    selector: str | None = None,
    *,
    tag: str | None = None,
    older_than: float | None = None,
    downstream: bool = False,
) -> Plan:
    """What cleaning would remove; `Store.execute` does it.

    Args:
        store: where.
        selector: a function, a module, a pattern of either, or the start of a key; None for all.
        tag: of the functions; None for any or none.
        older_than: seconds since the results were computed; None for any.
        downstream: take also the entries of all functions that reach one of those.

    Raises:
        SelectorError: selector or tag name none; the message says what there is.
        StoreError: the store can't be read.
    """
    if not downstream:
        return store.plan_clean(selector, tag=tag, older_than=older_than)
    try:
        keys = store.select(selector, tag=tag, older_than=older_than)
    except SelectorError:
        # One without entries of its own name may be named by those that reach it.
        found = reaching(store, _named(store, selector)) if selector and tag is None and older_than is None else []
        if not found:
            raise
        return store.plan_removal(found)
    functions = {entry.provenance.function for key in keys if (entry := store.find(key)) is not None}
    return store.plan_removal([*keys, *reaching(store, functions)])


def reaching(store: Store, functions: set[str]) -> list[bytes]:
    """The keys of the entries whose function reaches one of these (``package.module:qualname``), or one that does the
    same; those that it shares with others are among them.
    """
    # As fingerprints name what they reach.
    names = {name.replace(":", ".") for name in functions}
    known = store.fingerprints()
    same: set[tuple[str, frozenset[str]]] = set()
    for fingerprint, _ in known:
        parts = _parts(store, fingerprint)
        same.update(_whole(name, parts) for name in names & parts.keys())
    alone = {own for own, _ in same}
    found: list[bytes] = []
    for fingerprint, function in known:
        parts = _parts(store, fingerprint)
        alike = (name for name, part in parts.items() if part.alone in alone)
        if function.replace(":", ".") not in names and (
            names & parts.keys() or any(_whole(name, parts) in same for name in alike)
        ):
            found += store.keys_of(fingerprint)
    return found


def _named(store: Store, selector: str) -> set[str]:
    """The functions that a selector names among all that stored ones reach."""
    from fnmatch import fnmatchcase

    # Only * and ? are special, as where entries are selected.
    pattern = selector.replace("[", "[[]").replace(":", ".")
    return {
        name
        for fingerprint, _ in store.fingerprints()
        for name, part in _parts(store, fingerprint).items()
        if part.kind == "function" and (fnmatchcase(name, pattern) or fnmatchcase(name, f"*.{pattern}"))
    }


def _parts(store: Store, fingerprint: bytes) -> dict[str, Part]:
    return {part.name: part for part in parts_of(store.preimage(fingerprint)) or ()}


def _whole(name: str, parts: dict[str, Part]) -> tuple[str, frozenset[str]]:
    """What a part says itself, and all that it reaches. Names of the user's are in neither."""
    seen, waiting = {name}, [name]
    while waiting:
        part = parts.get(waiting.pop())
        new = () if part is None else {*part.refers} - seen
        seen.update(new)
        waiting += new
    return parts[name].alone, frozenset(parts[item].alone if item in parts else item for item in seen)
