"""Arguments that are kept beside a result (``cached(keep_inputs=True)``), so that its call can be made again.

They are an entry of their own, whose key follows from that of the result, and whose function is called as the one that
computed it, with `INPUTS` behind. So the key of the call is what it would be without them; they count in the size of
the store; a hit never reads them; `clean` takes them along. `gc` drops them first: they save no computing.

    value = { parameter = argument, … }       as the caller passed them, defaults filled in, the ignored ones too
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from inviscid import events, results
from inviscid.calls import Call
from inviscid.digest import combine, pack
from inviscid.entry import INPUTS, Entry
from inviscid.errors import StoreError, UnhashableInput, UnstorableResult
from inviscid.fingerprinting import Forms
from inviscid.store import Store


def key_of(key: bytes) -> bytes:
    """The key under which the arguments of a call are kept."""
    return combine("kept inputs", key)


def keep(store: Store, call: Call, values: Mapping[str, Any], forms: Forms, name: str) -> None:
    """Keep the arguments of a call whose result was just stored. Where they can't be, that is said, and nothing else.

    Args:
        store: where the result is.
        call: as it was identified.
        values: what the caller passed, bound.
        forms: where the normal forms of code are remembered.
        name: of the function.
    """
    try:
        prepared = results.prepare(dict(values), forms, safe=store.safe)
        provenance = results.provenance_of(call, name + INPUTS, 0.0)._replace(parts=pack({}), created=time.time())
        entry = Entry(key_of(call.key), prepared.codec, b"", 0, prepared.digest, prepared.classes, b"", provenance)
        store.publish(entry, [prepared.data], preimage=results.preimage(call.fingerprint), durable=False)
    except (StoreError, UnstorableResult, UnhashableInput) as error:
        short = name.partition(":")[2]
        events.warn(short, f"The arguments of {short}() are not kept beside its results: {error}")


def kept(store: Store, key: bytes, forms: Forms) -> dict[str, Any] | None:
    """The arguments of the call of a key, which nobody else has; None where they aren't there, or can't be read.

    Raises:
        StoreError: the store can't be read.
    """
    entry = store.find(key_of(key))
    if entry is None:
        return None
    try:
        found: dict[str, Any] = results.load(store, entry, None, forms).value
    except results.Unreadable:
        return None
    return found
