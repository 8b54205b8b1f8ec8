"""The index's tables, and how an entry becomes a row and is trusted again.

    entries     key → entry; `inline` holds the object where it is small, else it is NULL and the object is a file
    commons     id → those parts of a key that the calls of one function share; see `_split`
    preimages   fingerprint → what was hashed into it, one per fingerprint; only explains
    traces      link → the keys of entries that may stand for it; what their manifests say decides
    pins        key → why gc must keep it
    statistics  outcome number → how often, how many seconds
    forms       (text, code) → the normal form of a code object of that text; `used` is when, to a day; see `forms.py`
    waits       (held, wanted, waiter): whoever holds the claim `held` waits for `wanted`; see `claims.py`
    outputs     path → the key whose output inviscid put there; see `outputs.py`
    meta        counters of the store itself: `published` bytes since gc last looked, `quarantined` things

A *seal* (`seals.py`) binds all columns of an entry that mean something to its key. A row whose seal doesn't fit, by a
flipped bit or by somebody's hand, is as if it weren't there. `hits`, `accessed` and `saved` are not sealed: they change
with every hit and only steer gc. `inline` needs no seal: it must have the digest `object`. Nobody vouches for `traces`:
what they lead to has to say itself that it is meant.

    seal of "inviscid-entry/1", [key, codec, object, size, value, classes, manifest,
                                 function, fingerprint, parts, created, seconds, origin]
          | "inviscid-form/1", [text, code, body]

A form is determined by its text and code. So a form that goes changes no answer, and the generation stands still.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgpack

from inviscid.entry import Entry, Provenance
from inviscid.store.seals import Seals

if TYPE_CHECKING:
    from sqlite3 import Connection

# What SQLite keeps in the head of the file. It differs from STORE_VERSION: an index can be made anew, a store can't.
# 2: `forms` came to an index that is otherwise as it was, and older versions pass over it. So did 3: `traces`, and
# 4: `outputs`; and 5: an index of files alone, and shorter seals.
SCHEMA_VERSION = 5
INLINE_LIMIT = 4096

_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    key BLOB PRIMARY KEY NOT NULL, codec TEXT NOT NULL, object BLOB NOT NULL, size INTEGER NOT NULL,
    value BLOB NOT NULL, classes BLOB NOT NULL, manifest BLOB NOT NULL, function TEXT NOT NULL,
    fingerprint BLOB NOT NULL, parts BLOB NOT NULL, created REAL NOT NULL, seconds REAL NOT NULL,
    origin TEXT NOT NULL, hits INTEGER NOT NULL DEFAULT 0, accessed REAL NOT NULL DEFAULT 0,
    saved REAL NOT NULL DEFAULT 0, seal BLOB NOT NULL, inline BLOB, common INTEGER NOT NULL DEFAULT -1
);
CREATE TABLE IF NOT EXISTS commons (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL UNIQUE);
CREATE INDEX IF NOT EXISTS entries_function ON entries (function, created);
CREATE INDEX IF NOT EXISTS entries_file ON entries (object, size) WHERE inline IS NULL;
DROP INDEX IF EXISTS entries_object;
CREATE TABLE IF NOT EXISTS traces (
    link BLOB NOT NULL, key BLOB NOT NULL, created REAL NOT NULL, PRIMARY KEY (link, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS traces_key ON traces (key);
CREATE TRIGGER IF NOT EXISTS entries_traces AFTER DELETE ON entries BEGIN
    DELETE FROM traces WHERE key = OLD.key;
END;
CREATE TABLE IF NOT EXISTS preimages (fingerprint BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS pins (key BLOB PRIMARY KEY NOT NULL, because TEXT NOT NULL, created REAL NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS statistics (
    outcome INTEGER PRIMARY KEY NOT NULL, count INTEGER NOT NULL, seconds REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS waits (
    held BLOB NOT NULL, wanted BLOB NOT NULL, waiter BLOB NOT NULL, PRIMARY KEY (held, waiter)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forms (
    text BLOB NOT NULL, code BLOB NOT NULL, body BLOB NOT NULL, seal BLOB NOT NULL, used REAL NOT NULL,
    PRIMARY KEY (text, code)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outputs (
    path BLOB PRIMARY KEY NOT NULL, key BLOB NOT NULL, digest BLOB NOT NULL, coming BLOB NOT NULL, stamp BLOB NOT NULL,
    looked INTEGER NOT NULL, seal BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS outputs_key ON outputs (key);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
"""

TABLES = ("entries", "commons", "traces", "preimages", "pins", "statistics", "waits", "forms", "outputs", "meta")
COLUMNS = (
    "key, codec, object, size, value, classes, manifest, function, fingerprint, parts, created, seconds, origin, "
    "hits, accessed, seal, common, (SELECT body FROM commons WHERE id = common)"
)
SEAL = 15
"""Where in a row of `COLUMNS` its seal is."""
FIND = f"SELECT {COLUMNS}, inline FROM entries WHERE key = ?"
FIND_MANY = f"SELECT {COLUMNS}, inline FROM entries WHERE key IN ({{}})"
NEAREST = f"SELECT {COLUMNS} FROM entries WHERE function = ? ORDER BY created DESC LIMIT ?"
TRACED = "SELECT key FROM traces WHERE link = ? ORDER BY created DESC, key LIMIT ?"
_INSERT = (
    "INSERT OR REPLACE INTO entries (key, codec, object, size, value, classes, manifest, function, fingerprint, parts, "
    "created, seconds, origin, seal, inline, common) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LABEL = "inviscid-entry/1"
# Nobody finds another row with the same 128 bits.
_SEAL_SIZE = 16

Row = Sequence[Any]


def create_tables(connection: Connection) -> None:
    """Make what is missing, in one transaction."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(entries)")]
    older = "ALTER TABLE entries ADD COLUMN common INTEGER NOT NULL DEFAULT -1;" if columns else ""
    older = "" if b"common" in columns else older
    connection.executescript(f"BEGIN IMMEDIATE; {older} {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def plain(entry: Entry) -> Entry:
    """The entry as the index gives it back: exact types, no NaN or -0.0, no text that UTF-8 can't hold."""
    origin = entry.provenance
    return entry._replace(
        key=bytes(entry.key),
        codec=_text(entry.codec),
        value=bytes(entry.value),
        classes=bytes(entry.classes),
        manifest=bytes(entry.manifest),
        provenance=Provenance(
            function=_text(origin.function),
            fingerprint=bytes(origin.fingerprint),
            parts=_in_order(bytes(origin.parts)),
            created=_real(origin.created),
            seconds=_real(origin.seconds),
            origin=_text(origin.origin),
        ),
        hits=0,
        accessed=0.0,
    )


def insert(connection: Connection, entry: Entry, inline: bytes | None, seals: Seals) -> None:
    """Write a plain entry; one that was there for its key is replaced."""
    parts = [*entry[:7], *entry.provenance]
    split = _split(entry.provenance.parts)
    common = _WHOLE if split is None else _common(connection, split[0])
    own = entry.provenance.parts if split is None or common == _WHOLE else split[1]
    row = [*entry[:7], *entry.provenance._replace(parts=own)]
    connection.execute(_INSERT, (*row, seals.make(_LABEL, parts, _SEAL_SIZE), inline, common))


def _common(connection: Connection, body: bytes) -> int:
    """The number under which parts are kept that many entries have; `_WHOLE` where they are damaged there."""
    found = connection.execute("SELECT id FROM commons WHERE body = ?", (body,)).fetchone()
    if found is None:
        found = connection.execute("INSERT INTO commons (body) VALUES (?) RETURNING id", (body,)).fetchone()
    number: int = found[0]
    # Found was what SQLite's own index says. If the row itself is damaged, no entry that refers to it can be read.
    (kept,) = connection.execute("SELECT body FROM commons WHERE id = ?", (number,)).fetchone() or (None,)
    return number if kept == body else _WHOLE


# Parts are a MessagePack map. What of it is of one call is kept in the row, the rest once for all rows that share it;
# each as the items of the map, without its head. What isn't such a map is kept in the row, whole.
_OWN = frozenset({"inputs", "freeze"})
_WHOLE = -1
_MOST_ITEMS = 15


def _split(parts: bytes) -> tuple[bytes, bytes] | None:
    """What the parts of a key share with those of other calls, and what they have for themselves; None where they
    can't be taken apart.
    """
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=len(parts))
    unpacker.feed(parts)
    packed: dict[str, bytes] = {}
    start = 1
    try:
        count = unpacker.read_map_header()
        if count > _MOST_ITEMS or unpacker.tell() != start:
            return None
        for _ in range(count):
            name = unpacker.unpack()
            unpacker.skip()
            if type(name) is not str or name in packed:
                return None
            end = unpacker.tell()
            packed[name], start = parts[start:end], end
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException):
        return None
    if start != len(parts):
        return None
    common = b"".join(item for name, item in packed.items() if name not in _OWN)
    return common, b"".join(item for name, item in packed.items() if name in _OWN) + bytes((count,))


def tags_of(common: bytes) -> frozenset[str]:
    """The tags in parts that many entries share."""
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=max(1, len(common)))
    unpacker.feed(common)
    try:
        while unpacker.tell() < len(common):
            name, value = unpacker.unpack(), unpacker.unpack()
            if name == "tags":
                return frozenset(map(str, value))
    except (ValueError, TypeError, msgpack.UnpackException):
        # Nobody vouches for it here.
        pass
    return frozenset()


def _joined(common: bytes, own: bytes) -> bytes:
    """The parts that were split so."""
    return bytes((0x80 | own[-1],)) + common + own[:-1]


def _in_order(parts: bytes) -> bytes:
    """Parts as they come back: what is of one call behind the rest."""
    split = _split(parts)
    return parts if split is None else _joined(*split)


def link(connection: Connection, links: Sequence[bytes], entry: Entry) -> None:
    """Let an entry be found by these links, and by no others."""
    connection.execute("DELETE FROM traces WHERE key = ?", (entry.key,))
    for name in links:
        connection.execute("INSERT OR IGNORE INTO traces VALUES (?, ?, ?)", (name, entry.key, time.time()))


def entry_of(key: bytes, row: Row, seals: Seals) -> Entry | None:
    """The entry in a row of `COLUMNS`, None where its seal doesn't bind it to `key`.

    Text arrives as bytes: SQLite doesn't check that it is UTF-8, and a damaged row must not raise.
    """
    _, codec, digest, size, value, classes, manifest, function, fingerprint, parts, created, seconds, origin = row[:13]
    try:
        if row[16] != _WHOLE:
            parts = _joined(row[17], parts)
        codec, function, origin = codec.decode(), function.decode(), origin.decode()
        sealed = [key, codec, digest, size, value, classes, manifest]
        sealed += [function, fingerprint, parts, created, seconds, origin]
        if not seals.fits(_LABEL, sealed, row[SEAL], _SEAL_SIZE) or row[0] != key:
            return None
    except (AttributeError, TypeError, ValueError, IndexError):
        # A column of another type than was written.
        return None
    provenance = Provenance(function, fingerprint, parts, created, seconds, origin)
    hits, accessed = row[13], row[14]
    return Entry(key, codec, digest, size, value, classes, manifest, provenance, hits, accessed)


def _text(value: str) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


def _real(value: float) -> float:
    number = float(value) + 0.0
    return 0.0 if math.isnan(number) else number
