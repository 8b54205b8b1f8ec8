"""Arguments that are kept beside a result (``cached(keep_inputs=True)``), so that its call can be made again.

They are an entry of their own, whose key follows from that of the result, and whose function is called as the one that
computed it, with `INPUTS` behind. So the key of the call is what it would be without them; they count in the size of
the store; a hit never reads them; `clean` takes them along. `gc` drops them first: they save no computing.

    value     = [arguments, {parameter: "file" | "dir"}]
    arguments = {parameter: argument}         as the caller passed them, defaults filled in, the ignored ones too

Of a `File` or `Dir` the path is kept: whether it still has the content that counts is seen by the key of the call.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from inviscid import events, results
from inviscid.calls import Call, Options, copied
from inviscid.digest import combine, pack
from inviscid.entry import INPUTS, Entry
from inviscid.errors import StoreError, UnhashableInput, UnstorableResult
from inviscid.fingerprinting import Forms
from inviscid.inputs import Dir, File
from inviscid.store import Store

_TYPES: dict[str, type[File | Dir]] = {"file": File, "dir": Dir}
_KINDS: dict[type, str] = {kind: name for name, kind in _TYPES.items()}


def key_of(key: bytes) -> bytes:
    """The key under which the arguments of a call are kept."""
    return combine("kept inputs", key)


def hold(call: Call, options: Options) -> None:
    """Note the arguments of a call whose body is about to run."""
    if call.before is None:
        return
    # The others are looked at after the call: where the body changed one, there is no result to keep it beside.
    looked_at = set[str]() if options.volatile else {name for name, _ in call.inputs}
    looked_at -= {name for name, _ in options.identify}
    call.before.update({name: copied(value) for name, value in call.values.items() if name not in looked_at})


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
        kinds = {name: _KINDS[type(value)] for name, value in values.items() if type(value) in _KINDS}
        given = {name: (call.before or {}).get(name, value) for name, value in values.items()}
        plain = {name: os.path.abspath(value) if name in kinds else value for name, value in given.items()}
        prepared = results.prepare([plain, kinds], forms, safe=store.safe)
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
        values, kinds = results.load(store, entry, None, forms).value
    except results.Unreadable:
        return None
    return {name: _TYPES[kinds[name]](value) if name in kinds else value for name, value in values.items()}
