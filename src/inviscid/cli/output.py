"""How commands speak: tables on a terminal, tab-separated lines in a pipe, JSON when asked; errors in one line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeVar

import typer

from inviscid.cli.units import parse_duration, parse_size
from inviscid.errors import InviscidError
from inviscid.store import Store

T = TypeVar("T")
# Seconds.
_REDRAWN = 0.2

StorePath = Annotated[
    Path | None, typer.Option("--store", help="The store's directory; by default INVISCID_STORE, or the user's cache.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def open_store(path: Path | None) -> Store:
    """The store that a command works on. Nothing is made."""
    from inviscid.settings import store_options, store_path

    return Store(store_path() if path is None else path, **store_options())


_ours: list[TextIO] = []
"""Where the output of commands goes, while `sys.stdout` is for what others print."""


def out() -> TextIO:
    """Where the output of commands goes."""
    return _ours[-1] if _ours else sys.stdout


@contextmanager
def _apart() -> Iterator[None]:
    """Have what the user's code prints go to stderr: a command's own output stays whole."""
    if _ours or _keep_descriptor():
        yield
        return
    _ours.append(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _ours.pop()


def _keep_descriptor() -> bool:
    """The same by the descriptor, up to the end of the process: handlers at the exit, libraries and children print too.
    False where `sys.stdout` is no descriptor of this process.
    """
    if sys.stdout is None or sys.stdout is not sys.__stdout__:
        return False
    stream: Any = sys.stdout
    try:
        stream.flush()
        number, errors = stream.fileno(), sys.stderr.fileno()
        kept = os.fdopen(os.dup(number), "w", encoding=stream.encoding, errors=stream.errors)
        os.dup2(errors, number)
    except (OSError, ValueError, AttributeError):
        return False
    stream.reconfigure(line_buffering=True)
    _ours.append(kept)
    return True


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives what shows how far long work is: in one line on a terminal, which goes when it is done; else nowhere."""
    shown = 0.0

    def show(done: int, whole: int) -> None:
        nonlocal shown
        # To draw it costs more than many a step.
        if sys.stderr.isatty() and (now := time.monotonic()) - shown > _REDRAWN:
            shown = now
            sys.stderr.write(f"\r{done:,} of {whole:,} {what}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def complete_selector(incomplete: str) -> list[str]:
    """The functions of the store whose name, or the part of it behind the colon, begins so; for the shell."""
    try:
        names = [row.function for row in open_store(None).functions()]
    except InviscidError:
        # Nobody looks at an error there.
        return []
    shorts = [short for name in names if (short := name.partition(":")[2]).startswith(incomplete)]
    return [name for name in names if name.startswith(incomplete)] or shorts


@contextmanager
def reported(*, apart: bool = True) -> Iterator[None]:
    """Show what went wrong as one line, and leave with 1.

    Args:
        apart: what others print goes to stderr.
    """
    try:
        with _apart() if apart else nullcontext():
            yield
    except InviscidError as error:
        say(f"error: {error}", err=True)
        raise typer.Exit(1) from error


def say(text: str, *, err: bool = False) -> None:
    """Lines to people; what a terminal would take for a command is shown, not obeyed."""
    for line in text.split("\n"):
        typer.echo(_harmless(line), file=sys.stderr if err else out())


def print_json(value: object) -> None:
    """The value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False), file=out())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = ()) -> None:
    """Rows under their headings on a terminal; bare tab-separated lines elsewhere.

    Args:
        columns: the headings.
        rows: one text for each column.
        numbers: the headings whose columns are set to the right.
    """
    if not out().isatty():
        for row in rows:
            typer.echo("\t".join(map(_harmless, row)), file=out())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        # As text: a name in brackets is no markup.
        table.add_row(*(Text(_harmless(cell)) for cell in row))
    Console(file=out()).print(table)


def size_option(text: str | None) -> int | None:
    """The value of an option that takes a size."""
    return _option(parse_size, text)


def duration_option(text: str | None) -> float | None:
    """The value of an option that takes a duration."""
    return _option(parse_duration, text)


def _option(parse: Callable[[str], T], text: str | None) -> T | None:
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _harmless(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
