"""What a remembered form is remembered under: the text of a file, and one code object in it.

    text = H("text", marker, text of the file as `linecache` gives it, in UTF-8)
    code = H(stream of the code object)            all of it but the file's name
    marker = what made the form: see `marker`

The two together determine which node of the text the code is checked against and found to be, so what is remembered
under them is what would be found anew, in exact mode too: there an edited comment is another text. The code object
alone would not do: ``return 1 + 2`` and ``return 3`` are the same code.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import msgpack
from blake3 import blake3

from inviscid.digest import KEY_VERSION, combine, digest, pack

_PLAIN = frozenset({str, bytes, bool, float, type(None)})
# Where another text could lead to another form; each is read as it is on disk, so that nobody has to count versions.
_MAKERS = ("identity", "normalize", "scopes", "source", "syntax", "template", "remembered", "readable", "shown")


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and all that are nested in it."""
    pending = [code]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(constant for constant in current.co_consts if isinstance(constant, CodeType))


def code_digest(code: CodeType) -> bytes | None:
    """The digest of a code object with its lines and columns, but without the name of its file.

    None for one that holds what no compiler puts into code.
    """
    try:
        packed = msgpack.packb(_parts(code), use_bin_type=True, strict_types=True, unicode_errors="surrogatepass")
    except TypeError:
        return None
    return blake3(packed).digest()


def _parts(code: CodeType) -> list[Any]:
    return [
        code.co_qualname, code.co_firstlineno, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount,
        code.co_flags, code.co_code, code.co_linetable, code.co_exceptiontable, list(code.co_names),
        list(code.co_varnames), list(code.co_freevars), list(code.co_cellvars), code.co_name,
        # In lists, because only what is tagged may be one in there.
        [item if type(item) in _PLAIN else _tagged(item) for item in code.co_consts],
    ]  # fmt: skip


def _tagged(value: Any) -> Any:
    """A constant that MessagePack has no type for, or that it would take for another."""
    kind = type(value)
    if kind is int:
        return value if -(1 << 63) <= value < 1 << 63 else ["int", hex(value)]
    if kind is CodeType:
        return ["code", *_parts(value)]
    if kind is tuple:
        return ["tuple", *(item if type(item) in _PLAIN else _tagged(item) for item in value)]
    if kind is frozenset:
        # The order of a set differs between processes.
        return ["frozenset", *sorted(f"{type(item).__name__}:{item!r}" for item in value)]
    if kind is complex or value is ...:
        return [kind.__name__, repr(value)]
    raise TypeError(kind)


_marker: bytes | None = None


def marker() -> bytes:
    """Stands for the Python that compiles and parses, and for the text of our own modules that make forms.

    The version is the full one: columns and trees were mended in patch releases. ``-O`` counts because under it a text
    with an ``assert`` may be taken for that of code which never had one. Empty where our own text can't be read: then
    nothing may be remembered.
    """
    global _marker
    if _marker is None:
        folder = os.path.dirname(__file__)
        try:
            texts = [_own(os.path.join(folder, f"{name}.py")) for name in _MAKERS]
        except OSError:
            texts = []
        python = pack([KEY_VERSION, sys.implementation.name, sys.hexversion, sys.flags.optimize])
        _marker = combine("marker", python, *texts) if texts else b""
    return _marker


def _own(path: str) -> bytes:
    # By the loader, which knows archives too.
    return bytes(__loader__.get_data(path))  # type: ignore[name-defined]  # every module has one


def text_digest(text: str) -> bytes:
    """The digest of a file's text; empty where none may be remembered."""
    return _text_digest(text.encode("utf-8", "surrogatepass"))


def _text_digest(text: bytes) -> bytes:
    made_by = marker()
    return combine("text", made_by, digest(text)) if made_by else b""


_Signature = tuple[int, int, int]
_seen: dict[str, tuple[_Signature, bytes]] = {}


def digest_of_file(name: str, module_globals: dict[str, Any]) -> bytes:
    """The digest of the text that `linecache` has, or would have, for a file; empty where there is none.

    A file that `linecache` hasn't read is read here, without decoding it and cutting it into lines, which takes ten
    times as long; so only where its text is its bytes.
    """
    lines = sys.modules.get("linecache")
    if name.startswith("<") or (lines is not None and name in lines.cache):
        return _digest_of_lines(name, module_globals)
    try:
        found = os.stat(name)
    except (OSError, ValueError):
        return _digest_of_lines(name, module_globals)
    signature = (found.st_mtime_ns, found.st_size, found.st_ino)
    known = _seen.get(name)
    if known is not None and known[0] == signature:
        return known[1]
    text = _read(name) if stat.S_ISREG(found.st_mode) else None
    if text is None:
        return _digest_of_lines(name, module_globals)
    made = _text_digest(text)
    _seen[name] = signature, made
    return made


def _read(name: str) -> bytes | None:
    """The bytes of a file, if its text is just those: UTF-8, no marks and cookies, no other ends of lines."""
    try:
        with open(name, "rb", buffering=0) as file:
            text: bytes = file.readall()
        if not text.isascii():
            text.decode()
    except (OSError, UnicodeDecodeError):
        return None
    cookie = any(b"coding" in line for line in text.split(b"\n", 2)[:2])
    if cookie or b"\r" in text or text.startswith(b"\xef\xbb\xbf") or not text.endswith(b"\n"):
        return None
    return text


_lines: dict[str, tuple[list[str], bytes]] = {}


def _digest_of_lines(name: str, module_globals: dict[str, Any]) -> bytes:
    import linecache

    linecache.checkcache(name)
    lines = linecache.getlines(name, module_globals)
    if not lines:
        return b""
    known = _lines.get(name)
    if known is None or known[0] is not lines:
        known = _lines[name] = lines, text_digest("".join(lines))
    return known[1]
