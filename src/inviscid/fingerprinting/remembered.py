"""Remembered forms: templates that an earlier process made, so that this one need not parse.

A *form* is a template as bytes, or the finding that a text is not that of a code object; `identity` says what it is
remembered under. Where forms are kept is not known here: `Forms` is passed in. A form that isn't there is made as if
nothing had ever been remembered, so keeping none costs time and nothing else.

    form   = nil | array(value*)               the fields of a template, in their order
    value  = nil | bool | int | str | bin | array(value*) a tuple | set | record | records
    set    = ext(1, array(value*))             a frozenset, sorted
    record = ext(2, array(name value*))        one of `_RECORDS`
    records = ext(3, array(name array(value*)*))    a tuple of records of one class
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any, Protocol

import msgpack

from inviscid.fingerprinting.identity import code_digest, digest_of_file
from inviscid.fingerprinting.template import Slot, Template

_SET, _RECORD, _RECORDS_OF = 1, 2, 3
_RECORDS: dict[str, Any] = {"Slot": Slot}
_NONE = b"\xc0"


class Forms(Protocol):
    """Where forms are kept between processes. Neither method raises."""

    def recall(self, text: bytes) -> Mapping[bytes, bytes]:
        """All forms of one text, by code."""
        ...

    def remember(self, made: Mapping[bytes, Mapping[bytes, bytes]]) -> bool:
        """Keep forms, by text and code. Says whether they may be let go: not where they could be kept later."""
        ...


def pack_form(template: Template | None) -> bytes:
    """A template as bytes.

    Raises:
        TypeError: a field holds what has no place in a form.
    """
    return _NONE if template is None else _pack(list(template))


def unpack_form(form: bytes) -> Template | None:
    """The template again."""
    fields = _unpack(form)
    return None if fields is None else Template(*fields)


def _pack(value: object) -> bytes:
    packed: bytes = msgpack.packb(
        value, default=_extended, use_bin_type=True, strict_types=True, unicode_errors="surrogatepass"
    )
    return packed


def _unpack(packed: bytes) -> Any:
    return msgpack.unpackb(packed, use_list=False, ext_hook=_restored, unicode_errors="surrogatepass")


def _extended(value: Any) -> Any:
    name = type(value).__name__
    if type(value) is tuple:
        kinds = {type(item) for item in value}
        kind = kinds.pop() if len(kinds) == 1 else tuple
        if _RECORDS.get(kind.__name__) is kind:
            return msgpack.ExtType(_RECORDS_OF, _pack([kind.__name__, *map(list, value)]))
        return list(value)
    if type(value) is frozenset:
        return msgpack.ExtType(_SET, _pack(sorted(value, key=_pack)))
    if _RECORDS.get(name) is type(value):
        return msgpack.ExtType(_RECORD, _pack([name, *value]))
    raise TypeError(f"a form can't hold a {name}")


def _restored(code: int, packed: bytes) -> Any:
    values = _unpack(packed)
    if code == _SET:
        return frozenset(values)
    make = _RECORDS[values[0]]._make
    return make(values[1:]) if code == _RECORD else tuple(map(make, values[1:]))


class Memory:
    """What one process knows of forms. Ever more, as with modules: neither texts nor code go while it runs."""

    def __init__(self) -> None:
        # By identity: code objects that are equal may come from texts that are not (`1 + 2` and `3`).
        self._templates: dict[int, tuple[CodeType, Template | None]] = {}
        self._recalled: dict[bytes, Mapping[bytes, bytes]] = {}
        self._made: dict[bytes, dict[bytes, bytes]] = {}

    def template(self, function: FunctionType, forms: Forms | None) -> Template | None:
        """The template of a function; None where its text isn't that of its code."""
        code = function.__code__
        known = self._templates.get(id(code))
        if known is None:
            known = self._templates[id(code)] = code, self._find(function, forms)
        return known[1]

    def settle(self, forms: Forms | None) -> None:
        """After a fingerprint: have what is new remembered, all at once."""
        if forms is not None:
            made, self._made = self._made, {}
            if not forms.remember(made):
                self._made = {**made, **self._made}

    def _find(self, function: FunctionType, forms: Forms | None) -> Template | None:
        identity = code_digest(function.__code__)
        if forms is not None and identity is not None:
            name, text = _text(function)
            form = self._recall(text, forms).get(identity) if text else None
            # Where an earlier text of the file is known, the code may be of that one.
            if form is not None and (form != _NONE or not _was_read(name)):
                return unpack_form(form)
        made, text = _normalized(function)
        if text and identity is not None:
            try:
                self._made.setdefault(text, {})[identity] = pack_form(made)
            except (TypeError, OverflowError):
                # A number in there is larger than MessagePack's: then it is made each time.
                pass
        return made

    def _recall(self, text: bytes, forms: Forms) -> Mapping[bytes, bytes]:
        recalled = self._recalled.get(text)
        if recalled is None:
            recalled = self._recalled[text] = forms.recall(text)
        return recalled


def _text(function: FunctionType) -> tuple[str, bytes]:
    """The file that `search` looks into, and the digest of its text."""
    name = function.__code__.co_filename
    text = digest_of_file(name, function.__globals__)
    if not text and isinstance(file := function.__globals__.get("__file__"), str):
        # What was pickled by value has forgotten its file.
        name, text = file, digest_of_file(file, function.__globals__)
    return name, text


def _was_read(name: str) -> bool:
    source = sys.modules.get("inviscid.fingerprinting.source")
    return source is not None and source.was_read(name)


def _normalized(function: FunctionType) -> tuple[Template | None, bytes]:
    # Parsing is for code that is new: a process that doesn't need it doesn't pay for the imports.
    from inviscid.fingerprinting.normalize import normalize
    from inviscid.fingerprinting.source import search

    located, text = search(function.__code__, function.__globals__)
    if located is None:
        return None, text
    try:
        return normalize(located, function.__code__.co_freevars), text
    except RecursionError:
        # How deep that is depends on the caller, not on the text.
        return None, b""
