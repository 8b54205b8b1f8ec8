"""Remembered forms in the index: bytes under a text and a code, for fingerprints; what they are is not known here.

Forms come and go by text, because a text is what becomes outdated. What nobody used for a month goes, and of the rest
what was used longest ago, until all forms fit their limit.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from inviscid.store.index import Index
from inviscid.store.problem import Problem
from inviscid.store.schema import Row
from inviscid.store.seals import Seals

if TYPE_CHECKING:
    from sqlite3 import Connection

DAY = 86_400.0
_MONTH = 30 * DAY
_LIMIT = 64 * 2**20
# All forms together may take this part of the store's limit.
_PART = 64
# They are looked over whenever this part of their own limit was written, by whomever.
_DUE = 16
# What a row costs beside its body.
ROW = 128
# Seconds that a call may wait for other writers on their account.
_PATIENCE = 0.5
_LABEL = "inviscid-form/1"


class Outdated(NamedTuple):
    """The forms of one text, which would go."""

    text: bytes
    forms: int
    size: int
    reason: str
    """``age``, ``size`` or ``clean``."""
    used: float | None
    """When they were last used; they stay if that changes before they go. None: they go in any case."""


def limit_of(size_limit: int) -> int:
    """The bytes that all forms of a store may take."""
    return min(_LIMIT, size_limit // _PART)


def find(index: Index, text: bytes, seals: Seals) -> tuple[dict[bytes, bytes], bool]:
    """The forms of a text, by code; and whether it should be noted that they were used."""
    if not _has_table(index):
        return {}, False
    rows = index.read("SELECT code, body, seal, used FROM forms WHERE text = ?", (text,))
    found = {code: body for code, body, sealed, _ in rows if _is_sealed(text, code, body, sealed, seals)}
    now = time.time()
    return found, any(_idle(row[3], now) > DAY for row in rows)


def remember(
    index: Index,
    made: Mapping[bytes, Mapping[bytes, bytes]],
    used: Iterable[bytes],
    *,
    seals: Seals,
    limit: int,
) -> None:
    """Write forms by text and code, and that these texts were used. Whoever wrote the same before wrote the same."""
    now = time.time()
    rows = [
        (text, code, body, seals.make(_LABEL, [text, code, body]), now)
        for text, forms in made.items()
        for code, body in forms.items()
    ]
    size = sum(len(row[2]) + ROW for row in rows)

    def work(connection: Connection) -> None:
        connection.executemany("UPDATE forms SET used = ? WHERE text = ?", [(now, text) for text in used])
        # Replaced, not left: one that is there may be damaged.
        connection.executemany("INSERT OR REPLACE INTO forms VALUES (?, ?, ?, ?, ?)", rows)
        if size and _is_due(connection, size, limit):
            drop(connection, outdated(connection.execute(_TEXTS).fetchall(), limit - limit // _DUE, now))

    index.write(work, patience=_PATIENCE)


def plan(index: Index, limit: int | None) -> tuple[Outdated, ...]:
    """The forms that a collection would drop; all of them where there is no limit to keep within."""
    rows = index.read(_TEXTS) if _has_table(index) else []
    if limit is None:
        return tuple(Outdated(text, count, size, "clean", None) for text, count, size, _ in rows)
    return tuple(outdated(rows, limit, time.time()))


def outdated(rows: Iterable[Row], limit: int, now: float) -> list[Outdated]:
    """Of all texts those that go: unused for a month, or beyond the limit."""
    going, kept = [], 0
    for text, count, size, used in sorted(rows, key=lambda row: _idle(row[3], now)):
        idle = _idle(used, now)
        if idle <= _MONTH and kept + size <= limit:
            kept += size
        else:
            reason = "age" if idle > _MONTH else "size"
            going.append(Outdated(text, count, size, reason, used if isinstance(used, float) else None))
    return going


def _idle(used: object, now: float) -> float:
    # A time in the future is some clock's fault, and what is no time was damaged.
    return abs(now - used) if isinstance(used, float) else now


def drop(connection: Connection, going: Iterable[Outdated]) -> list[tuple[int, int]]:
    """Inside a writing transaction: delete the forms of texts that nobody used since; (forms, bytes) of each."""
    dropped = []
    for item in going:
        last = None if item.used is None else connection.execute(_LAST, (item.text,)).fetchone()[0]
        count = 0
        if item.used == last:
            count = connection.execute("DELETE FROM forms WHERE text = ?", (item.text,)).rowcount
        dropped.append((count, item.size if count else 0))
    return dropped


def damaged(index: Index, seals: Seals, *, repair: bool) -> list[Problem]:
    """The forms whose seal doesn't fit; removed if they shall be."""
    if not _has_table(index):
        return []
    wrong = []
    for text, code, body, seal in index.iterate("SELECT text, code, body, seal FROM forms", {}):
        if not seals.is_foreign(seal) and not _is_sealed(text, code, body, seal, seals):
            wrong.append((text, code, seal))
    gone = repair and index.is_writable() and bool(wrong)
    if gone:
        index.write(lambda connection: connection.executemany(_DROP, wrong).rowcount)
    return [Problem("form", _hex(text), "", "its seal doesn't fit: a column was changed", gone) for text, *_ in wrong]


# A damaged column may have another type by now.
_SAME = " AND ".join(f"CAST({column} AS BLOB) IS CAST(? AS BLOB)" for column in ("text", "code", "seal"))
_DROP = f"DELETE FROM forms WHERE {_SAME}"


def _hex(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)


def count(index: Index) -> tuple[int, int]:
    """How many forms there are, and their bytes."""
    rows = index.read(f"SELECT count(*), sum(length(body) + {ROW}) FROM forms") if _has_table(index) else []
    return (rows[0][0], rows[0][1] or 0) if rows else (0, 0)


_LAST = "SELECT max(used) FROM forms WHERE text = ?"
_TEXTS = f"SELECT text, count(*), sum(length(body) + {ROW}), max(used) FROM forms GROUP BY text"


def _has_table(index: Index) -> bool:
    # Writers make what is missing when they open the index; in a read-only store that is older nobody could.
    return index.is_writable() or bool(index.read("SELECT 1 FROM sqlite_master WHERE name = 'forms'"))


def _is_due(connection: Connection, size: int, limit: int) -> bool:
    connection.execute(
        "INSERT INTO meta VALUES ('formed', ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value", (size,)
    )
    (formed,) = connection.execute("SELECT value FROM meta WHERE name = 'formed'").fetchone()
    if formed < limit // _DUE:
        return False
    connection.execute("UPDATE meta SET value = 0 WHERE name = 'formed'")
    return True


def _is_sealed(text: bytes, code: object, body: object, sealed: object, seals: Seals) -> bool:
    # A damaged row may hold anything.
    return isinstance(code, bytes) and isinstance(body, bytes) and seals.fits(_LABEL, [text, code, body], sealed)
