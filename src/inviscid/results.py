"""Between values and what the store keeps: encode, check that it loads as it was, publish; and the way back."""

from __future__ import annotations

import functools
import os
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack

from inviscid import codecs, frames, known, outputs
from inviscid.calls import FINGERPRINTS, Call, References
from inviscid.digest import Buffer, combine, digest, pack, short
from inviscid.entry import Entry, Provenance, module_name, named
from inviscid.errors import UnhashableInput, UnstorableResult
from inviscid.fingerprinting import Fingerprint, Forms, Part, is_user
from inviscid.inputs import Encoder
from inviscid.manifest import Manifest, pack_manifest, unpack_manifest
from inviscid.store import Store

if TYPE_CHECKING:
    from inviscid.store.draft import Draft

# From here on a loss to a power cut hurts more than the milliseconds that the disk takes.
_DEAR = 1.0


class Unreadable(Exception):
    """A stored result can't be decoded here; the message says why. Between here and memo, never the user's."""


class Prepared(NamedTuple):
    """A result in bytes that are known to load as it was."""

    value: Any
    """As it loads: what a later hit returns too."""
    digest: bytes
    codec: str
    data: memoryview
    classes: bytes
    draft: Draft | None = None
    """Where the bytes have been written already."""


def prepare(
    value: Any,
    forms: Forms | None = None,
    draft: Callable[[memoryview, Sequence[memoryview]], Draft | None] | None = None,
    *,
    safe: bool = False,
) -> Prepared:
    """Encode a result with the first codec that loses nothing of it.

    A codec may drop what it doesn't know (the attributes of a frame, the sharing of a list). So what it would load is
    digested and compared with what was computed.

    Args:
        value: the result.
        forms: where the normal forms of code are remembered.
        draft: writes what is large where it is to be published; then the value is what is mapped from there.
        safe: only with a safe codec.

    Raises:
        UnstorableResult: no codec can store it, or the value has no structure that could be compared.
        StoreError: the draft can't be written.
    """
    reasons: list[str] = []
    for codec in codecs.candidates(value, safe=safe):
        try:
            encoded = codec.encode(value)
        except UnstorableResult as error:
            reasons.append(str(error))
            continue
        data, contents, drafted = _written(encoded, draft)
        wanted = _wanted(value, forms, contents)
        try:
            loaded = codec.decode(data)
            found = _digest(loaded, forms, contents)
        except UnstorableResult as error:
            reasons.append(str(error))
        except Exception as error:  # noqa: BLE001  decoding runs the code of the user's classes
            reasons.append(f"{codec.name}: it doesn't load again: {type(error).__name__}: {error}")
        else:
            if found == wanted:
                return Prepared(loaded, wanted, codec.name, data, _bound(encoded.classes, forms), drafted)
            reasons.append(f"{codec.name}: what it loads differs from what was computed")
    if safe:
        reasons.append(
            f"a safe store keeps plain data and arrays, and this is a {type(value).__qualname__}: return such, or keep "
            "it in another store"
        )
    # What can't be compared is said first, whatever else is wrong with it.
    _wanted(value, forms, digest)
    raise UnstorableResult("; ".join(reason.rstrip(".") for reason in reasons))


def _wanted(value: Any, forms: Forms | None, contents: Callable[[Buffer], bytes]) -> bytes:
    try:
        return _digest(value, forms, contents)
    except UnhashableInput as error:
        raise UnstorableResult(f"what would be loaded can't be compared with the result: {error.what}") from error


def _written(
    encoded: codecs.Encoded, draft: Callable[[memoryview, Sequence[memoryview]], Draft | None] | None
) -> tuple[memoryview, Callable[[Buffer], bytes], Draft | None]:
    """An object's bytes; what gives the digests of buffers, which knows those in it already; and the draft, if any."""
    if not encoded.buffers:
        return memoryview(bytes(encoded.head)), known.content, None
    drafted = draft(encoded.head, encoded.buffers) if draft is not None else None
    if drafted is not None:
        # Where the original is changed meanwhile by somebody else, what was written is the result.
        return drafted.data, known.contents([*zip(encoded.buffers, drafted.frame.digests[1:], strict=True)]), drafted
    frame = frames.framed(encoded.head, encoded.buffers)
    data = memoryview(b"".join(frame.chunks()))
    mine = [data[offset : offset + length] for offset, length, _ in frame.places()]
    pairs = [*zip(encoded.buffers, frame.digests[1:], strict=True), *zip(mine, frame.digests[1:], strict=True)]
    return data, known.contents(pairs), None


def digest_of(value: Any, forms: Forms | None = None) -> bytes:
    """The structural digest of a value: the same for a fresh one and one that was loaded."""
    return _digest(value, forms, known.content)


def _digest(value: Any, forms: Forms | None, contents: Callable[[Buffer], bytes]) -> bytes:
    return Encoder(References(forms=forms), content=contents).digest(value, "the result")


def publish(
    store: Store,
    call: Call,
    prepared: Prepared,
    manifest: Manifest,
    name: str,
    seconds: float,
    durability: str,
    files: Sequence[Buffer] = (),
) -> Entry:
    """Put a prepared result under the key of its call, with the outputs in `files`, if there are any.

    Raises:
        StoreError: the store can't take it.
    """
    provenance = provenance_of(call, name, seconds)
    packed = pack_manifest(manifest)
    codec = prepared.codec + outputs.MARK if files else prepared.codec
    entry = Entry(call.key, codec, b"", 0, prepared.digest, prepared.classes, packed, provenance)
    durable = durability == "always" or (durability == "auto" and seconds >= _DEAR)
    # Together with outputs it is another object.
    draft = None if files else prepared.draft
    shown = preimage(call.fingerprint)
    return store.publish(
        entry, [prepared.data, *files], preimage=shown, durable=durable, links=manifest.links, draft=draft
    )


def provenance_of(call: Call, name: str, seconds: float) -> Provenance:
    """Where what a call gives here and now comes from."""
    origin = f"{_host()}:{os.getpid()}"
    return Provenance(name, call.fingerprint.raw, call.parts, time.time(), seconds, origin)


@functools.cache
def _host() -> str:
    # To ask the system itself spares the import of what connects to others.
    if hasattr(os, "uname"):
        return os.uname().nodename
    import platform

    return platform.node()


def publish_again(store: Store, call: Call, entry: Entry, manifest: Manifest) -> None:
    """Let a stored result stand under another key too, as old as it is, with its outputs.

    Raises:
        StoreError: the store can't take it.
    """
    data = store.read(entry)
    if data is not None:
        provenance = entry.provenance._replace(fingerprint=call.fingerprint.raw, parts=call.parts)
        again = entry._replace(key=call.key, manifest=pack_manifest(manifest), provenance=provenance)
        store.publish(again, [data], preimage=preimage(call.fingerprint), durable=False, links=manifest.links)


def key_aside(call: Call, manifest: Manifest) -> bytes:
    """The key under which an entry of a call is kept that doesn't stand now."""
    return combine("earlier", call.key, manifest.state)


def set_aside(store: Store, call: Call, entry: Entry) -> None:
    """Keep an entry that doesn't stand now, before another takes its place: the world may be again what it was.

    Raises:
        StoreError: the store can't take it.
    """
    data, shown = store.read(entry), store.preimage(entry.provenance.fingerprint)
    if data is not None and shown is not None:
        aside = entry._replace(key=key_aside(call, unpack_manifest(entry.manifest)))
        links = [call.key, *unpack_manifest(entry.manifest).links]
        store.publish(aside, [data], preimage=shown, durable=False, links=links)


class Loaded(NamedTuple):
    """What an entry holds."""

    value: Any
    files: outputs.Stored | None
    """The outputs, of a call that has some."""


def load(store: Store, entry: Entry, call: Call | None, forms: Forms | None = None) -> Loaded:
    """What an entry holds, for a call that has found it.

    Args:
        store: where it is.
        entry: what the store has.
        call: None where the classes in it need not be what they were: for a result that stands whatever they do now.
        forms: where the normal forms of code are remembered.

    Raises:
        Unreadable: it is gone, damaged, can't be decoded here, or is of classes that the call knows nothing of.
        StoreError: the store can't be read.
    """
    try:
        codec = codecs.by_name(entry.codec.removesuffix(outputs.MARK), safe=store.safe)
    except LookupError as error:
        raise Unreadable(str(error)) from error
    if call is not None and entry.classes:
        _check_classes(entry, call, forms, safe=codec.safe)
    data = store.read(entry)
    if data is None:
        raise Unreadable("")
    try:
        files = None
        if entry.codec.endswith(outputs.MARK):
            data, files = outputs.split(data)
        if call is not None:
            outputs.check_number(call.outputs, files)
        return Loaded(codec.decode(data), files)
    except Exception as error:
        # The bytes are those that were stored, so the code that reads them changed: a class moved, a library was
        # upgraded.
        raise Unreadable(f"it can't be decoded: {type(error).__name__}: {error}") from error


def decode(entry: Entry, data: memoryview, *, safe: bool) -> Any:
    """The value of an entry without outputs, from its checked bytes; with `safe` only by a safe codec.

    Raises:
        Exception: whatever comes of it.
    """
    return codecs.by_name(entry.codec, safe=safe).decode(data)


# A preimage, as the store keeps it (the first byte never starts a MessagePack value):
#
#     preimage = 0xC1 0x01 zlib([part*])
#     part     = [name, kind, first 8 bytes of the digest, shown, [name of what it refers to*]]
#
# The first version wrote [[name, kind, first 8 bytes of the digest]*], without tag or compression.
_TAG = b"\xc1\x01"
SHORT = 8
"""How many bytes of a digest a preimage keeps of each part."""
_LARGEST = 64 << 20
_KEPT = 256
# By identity: functions with equal digests may have different texts.
_preimages: dict[int, tuple[object, bytes]] = {}


def preimage(fingerprint: Fingerprint) -> bytes:
    """What an explanation compares and shows: the labelled parts behind a fingerprint. Made once for each."""
    found = _preimages.get(id(fingerprint.definitions))
    known = found[1] if found is not None else None
    if known is None:
        parts = [
            [name, kind, bytes.fromhex(alone)[:SHORT], shown, list(refers)]
            for name, kind, alone, shown, refers in fingerprint.definitions
        ]
        known = _TAG + zlib.compress(pack(parts))
        if len(_preimages) >= _KEPT:
            _preimages.clear()
        _preimages[id(fingerprint.definitions)] = fingerprint.definitions, known
    return known


def parts_of(data: bytes | None) -> list[Part] | None:
    """The parts of a stored preimage; None where there is none that can be read. Nobody vouches for its content."""
    if data is None:
        return None
    try:
        if data.startswith(_TAG):
            data = zlib.decompressobj().decompress(data[len(_TAG) :], _LARGEST)
        parts: list[Part] = []
        for name, kind, alone, *rest in msgpack.unpackb(data):
            shown, refers = rest or ("", ())
            parts.append(Part(str(name), str(kind), alone.hex(), str(shown), tuple(map(str, refers))))
        return parts
    except (zlib.error, ValueError, TypeError, AttributeError, msgpack.UnpackException):
        return None


def _bound(classes: Mapping[str, object], forms: Forms | None) -> bytes:
    """The user's classes that decoding looks up by name, with what each is now: a name may come to mean another."""
    users = {name: FINGERPRINTS.of(item, forms=forms).raw for name, item in sorted(classes.items()) if is_user(item)}
    return pack(users) if users else b""


def _check_classes(entry: Entry, call: Call, forms: Forms | None, *, safe: bool) -> None:
    if safe:
        # To look at them is to import modules that the bytes name, and a safe codec has none.
        raise Unreadable(f"it says that it holds classes, which {entry.codec} never does")
    try:
        classes = dict(msgpack.unpackb(entry.classes))
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise Unreadable("its classes are written as this version doesn't know them") from error
    for name, wanted in classes.items():
        _check_class(name, wanted, call, forms)


def _check_class(name: str, wanted: bytes, call: Call, forms: Forms | None) -> None:
    module, _, qualname = name.partition(":")
    try:
        found = named(module, qualname)
    except Exception as error:
        raise Unreadable(f"{name}, which the stored result holds, isn't there any more ({error})") from error
    if FINGERPRINTS.of(found, forms=forms).raw != wanted:
        raise Unreadable(f"{name}, which the stored result holds, changed ({short(wanted)})")
    # Modules of one text do the same and share a key, but not their classes.
    homes = call.homes(str(getattr(found, "__qualname__", "")))
    if module_name(found) in homes:
        return
    for home in sorted(homes):
        if _digest_at(home, qualname, forms) == wanted:
            raise Unreadable(f"{name}, which the stored result holds, is not {home}:{qualname}, which is the same text")


def _digest_at(module: str, qualname: str, forms: Forms | None) -> bytes:
    try:
        return FINGERPRINTS.of(named(module, qualname), forms=forms).raw
    except (ImportError, AttributeError):
        return b""
