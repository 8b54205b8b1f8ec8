"""What a codec is, and which ones there are."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol


class Encoded(NamedTuple):
    """A value in bytes."""

    head: memoryview
    buffers: list[memoryview]
    """Contiguous bytes beside the head; they may be the memory of the value itself: write them before it changes."""
    classes: Mapping[str, object]
    """``module:qualname`` → each class and function that decoding will look up by that name: the user's and those of
    installed distributions, not the standard library's."""


class Codec(Protocol):
    """Turns values into bytes and back."""

    @property
    def name(self) -> str:
        """``name/version``; what an entry keeps."""

    @property
    def safe(self) -> bool:
        """Whether decoding runs no code that the bytes choose."""

    def encode(self, value: object) -> Encoded:
        """The bytes of a value.

        Raises:
            UnstorableResult: This codec can't keep `value` as it is.
        """

    def decode(self, data: memoryview) -> object:
        """The value of bytes that `encode` gave: the head alone, or framed with the buffers (`frames`), of which large
        ones in the value are views.

        Raises:
            Exception: Whatever comes of bytes that don't fit what is here: classes that moved, versions that changed.
        """


def candidates(value: object, *, safe: bool = False) -> Iterator[Codec]:
    """The codecs to try for a value, the preferred one first; with `safe` only safe ones."""
    from . import plain

    if type(value) in plain.TYPES:
        yield plain.CODEC
    numpy = sys.modules.get("numpy")
    if numpy is not None and type(value) in (numpy.ndarray, numpy.memmap):
        from . import array

        yield array.CODEC
    if not safe:
        from . import pickled

        yield pickled.CODEC


def by_name(name: str, *, safe: bool = False) -> Codec:
    """The codec of that name and version.

    Raises:
        LookupError: this version of inviscid has none; or, with `safe`, it isn't a safe one.
    """
    found = _loaded.get(name) or _load(name)
    if found is None:
        raise LookupError(f"this version of inviscid has no codec '{name}'")
    if safe and not found.safe:
        raise LookupError(f"it is kept by the codec '{name}', which a safe store doesn't load")
    _loaded[name] = found
    return found


_loaded: dict[str, Codec] = {}


def _load(name: str) -> Codec | None:
    if name == "plain/1":
        from . import plain

        return plain.CODEC
    if name == "pickle/2":
        from . import pickled

        return pickled.CODEC
    if name == "array/1":
        from . import array

        return array.CODEC
    return None


def classes_of(value: object) -> list[type]:
    """The classes that decoding a value will look up by name; which ones are among them says `Encoded.classes`.

    Raises:
        UnstorableResult: No codec can keep `value`.
    """
    from ..errors import UnstorableResult

    for codec in candidates(value):
        try:
            found = codec.encode(value).classes
        except UnstorableResult:
            continue
        return [item for item in found.values() if isinstance(item, type)]
    raise UnstorableResult(f"No codec can keep a value of type {type(value).__qualname__}.")
