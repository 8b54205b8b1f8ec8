"""Cleaning: which entries go, also those of functions that reach what they are of.

*Downstream* of a function are the functions that reach it, directly or not, by what was noted of them when their
results were stored. Who only gets its result as an argument is not among them: nothing says where a value came from.
"""

from __future__ import annotations

from inviscid.results import parts_of
from inviscid.store import Plan, Store


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
    keys = store.select(selector, tag=tag, older_than=older_than)
    functions = {entry.provenance.function for key in keys if (entry := store.find(key)) is not None}
    return store.plan_removal([*keys, *reaching(store, functions)])


def reaching(store: Store, functions: set[str]) -> list[bytes]:
    """The keys of the entries whose function reaches one of these (``package.module:qualname``)."""
    # As fingerprints name what they reach.
    names = {name.replace(":", ".") for name in functions}
    found: list[bytes] = []
    for fingerprint, function in store.fingerprints():
        parts = parts_of(store.preimage(fingerprint)) or []
        if function not in functions and any(part.name in names for part in parts):
            found += store.keys_of(fingerprint)
    return found
