"""`inviscid show`: the entries of a function, or of a key, with what their keys are made of."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from inviscid.cli.output import AsJson, StorePath, complete_selector, open_store, print_json, reported, say
from inviscid.cli.units import show_seconds, show_size, show_time
from inviscid.entry import Entry

Selector = Annotated[
    str,
    typer.Argument(
        help="A function (package.module:qualname, or a pattern with * and ?), or the start of a key.",
        autocompletion=complete_selector,
    ),
]


def show(selector: Selector, store: StorePath = None, as_json: AsJson = False) -> None:
    """Show the entries of one function or key, and where they came from."""
    with reported():
        opened = open_store(store)
        if not opened.exists():
            say(f"there is no store at {opened.path}", err=True)
        entries = opened.entries(selector) if opened.exists() else []
        if as_json:
            print_json([_plain(entry) for entry in entries])
            return
        for number, entry in enumerate(entries):
            if number:
                say("")
            for line in _lines(entry):
                say(line)


def _plain(entry: Entry) -> dict[str, object]:
    origin = entry.provenance
    return {
        "key": entry.key.hex(),
        "function": origin.function,
        "codec": entry.codec,
        "object": entry.object.hex(),
        "size": entry.size,
        "value": entry.value.hex(),
        "fingerprint": origin.fingerprint.hex(),
        "created": origin.created,
        "seconds": origin.seconds,
        "origin": origin.origin,
        "hits": entry.hits,
        "accessed": entry.accessed,
        "parts": _readable(_unpack(origin.parts)),
    }


def _lines(entry: Entry) -> list[str]:
    origin = entry.provenance
    used = f", {entry.hits} hits, the last {show_time(entry.accessed)}" if entry.hits else ", no hits yet"
    lines = [
        f"{origin.function}  {entry.key.hex()[:12]}",
        f"  computed     {show_time(origin.created)} in {show_seconds(origin.seconds)} by {origin.origin}{used}",
        f"  stored       {show_size(entry.size)} as {entry.codec}",
        f"  fingerprint  {origin.fingerprint.hex()[:12]}",
    ]
    parts = _readable(_unpack(origin.parts))
    if isinstance(parts, dict):
        for name, part in parts.items():
            lines += _branch(name, part, 2)
    elif parts is not None:
        lines.append(f"  parts        {parts}")
    return lines


def _branch(name: str, part: object, depth: int) -> list[str]:
    margin = " " * depth
    if isinstance(part, dict) and part:
        lines = [f"{margin}{name}"]
        for inner, value in part.items():
            lines += _branch(inner, value, depth + 2)
        return lines
    return [f"{margin}{name:<{max(13 - depth, 1)}}  {part}"]


def _unpack(parts: bytes) -> Any:
    import msgpack

    try:
        return msgpack.unpackb(parts, strict_map_key=False) if parts else None
    except (ValueError, msgpack.UnpackException):
        # Written by another version: still worth showing.
        return parts


def _readable(value: object) -> object:
    """Digests by their first digits, everything else as JSON has it."""
    import msgpack

    if isinstance(value, msgpack.ExtType):
        return f"ext {value.code}: {value.data.hex()[:12]}"
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 6 else f"{value.hex()[:12]}…"
    if isinstance(value, dict):
        return {str(_readable(name)): _readable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_readable(part) for part in value]
    return value if isinstance(value, (str, int, float, type(None))) else str(value)
