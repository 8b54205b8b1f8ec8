"""`inviscid.lock`: the text file that says which results are frozen, and which edits are accepted. What that means is
in `freeze` and `accept`.

    file     = "version = 1" record* accepted*    TOML, read by tomllib
    record   = "[[frozen]]" and the fields of `Record`, each on a line of its own; of `config` each key on one
    order    = by function, then arguments, config and content
    accepted = see `acceptances`

A *marker* is a record without a result: its arguments are "*", and it says that the function is frozen as a whole.

The file is the nearest of its name upwards from the working directory, up to the folder of the nearest pyproject.toml;
where there is none it is made there, or in the working directory where there is no pyproject.toml either. That place is
looked for once for each working directory. What the file says is read again whenever the file is another, so a call
pays one `os.stat`.

A file that can't be read is an error wherever it counts, and nothing is ever written over it. Fields that this version
doesn't know are kept; comments are not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn

from inviscid import acceptances, moved
from inviscid.acceptances import Acceptance
from inviscid.digest import combine, pack
from inviscid.errors import LockError

NAME = "inviscid.lock"
VERSION = 1
moved.watch(NAME)
EVERY = "*"
"""The arguments of a marker."""

_HEAD = """\
# Results that stand although the code changed. For people to review: change it by freeze and thaw, accept and revoke.
# After a merge each table must be whole; the order of the tables doesn't count. Comments are not kept.
"""
_MEND = "mend it by hand, or take a version of it that is whole (git checkout, git log)"
_UNRESOLVED = (
    "resolve the conflict so that each table is whole: keep the tables of both sides, but only one where "
    "both have the same function, arguments and config"
)
_TEXTS = ("function", "arguments", "shown", "key", "content", "fingerprint", "because", "date")
_DIGESTS = ("arguments", "key", "content", "fingerprint")
_DIGEST = re.compile("[0-9a-f]{64}")
_CONFLICT = re.compile(r"^(<{7}|\|{7}|>{7})( |$)")
_TABLE = re.compile(r"\s*\[\[\s*[\"']?(frozen|accepted)[\"']?\s*\]\]")
_BARE = re.compile("[A-Za-z0-9_-]+")

Stamp = tuple[int, int, int, int]


class Record(NamedTuple):
    """One frozen call, or one marker."""

    function: str
    """``package.module:qualname``."""
    arguments: str
    """Digest of the arguments (hex), or "*"."""
    shown: str
    """The arguments, for people."""
    config: Mapping[str, str]
    """What the configuration gave, as digests (hex) or "unset"; `freeze` says under which names."""
    key: str
    """Of the entry (hex); empty in a marker."""
    content: str
    """Structural digest of the result (hex); empty in a marker."""
    fingerprint: str
    """What the function did when it was frozen (hex)."""
    because: str
    date: str
    """ISO 8601."""
    extra: Mapping[str, Any] = {}
    """Fields that this version doesn't know."""

    @property
    def call(self) -> tuple[object, ...]:
        """What is frozen."""
        return self.function, self.arguments, tuple(sorted(self.config.items()))

    @property
    def is_marker(self) -> bool:
        """Whether it stands for the whole function."""
        return self.arguments == EVERY

    @property
    def order(self) -> tuple[object, ...]:
        """Where it stands in the file."""
        return *self.call, self.content, self.key, self.date, self.because


class Lock(NamedTuple):
    """What a file says."""

    records: Mapping[str, tuple[Record, ...]] = {}
    """By function."""
    calls: Mapping[tuple[str, str], tuple[Record, ...]] = {}
    """By function and arguments."""
    states: Mapping[str, bytes] = {}
    """By function: a digest of what is frozen; reasons and dates aren't in it."""
    extra: Mapping[str, Any] = {}
    accepted: Mapping[str, tuple[Acceptance, ...]] = {}
    """By what the function does now (hex)."""

    def acceptances(self) -> list[Acceptance]:
        """Every accepted edit, in the order of the file."""
        return sorted((one for group in self.accepted.values() for one in group), key=lambda one: one.order)

    def all(self) -> list[Record]:
        """Every record, in the order of the file."""
        return [record for records in self.records.values() for record in records]


NOTHING = Lock()

# The place for each working directory, and what was read last from each.
_places: dict[str, str] = {}
_known: dict[str, tuple[Stamp, Lock]] = {}


def current() -> Lock:
    """What is frozen here and now.

    Raises:
        LockError: the file is damaged.
    """
    path = place()
    try:
        found = os.stat(path) if path else None
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    except OSError as error:
        raise _unreadable(path, error) from error
    if found is None:
        return NOTHING
    known = _known.get(path)
    if known is None or known[0] != _stamp(found):
        known = _known[path] = _read(path)
    return known[1]


def accepted(name: str, state: bytes) -> Acceptance | None:
    """The acceptance of a name, if it still says what it said.

    Raises:
        LockError: the file is damaged.
    """
    found = (one for one in current().accepted.get(name.partition(":")[0], ()) if one.name == name)
    return next((one for one in found if one.state == state), None)


def is_still(lock: Lock) -> bool:
    """Whether this is what is frozen here and now.

    Raises:
        LockError: the file is damaged.
    """
    if lock is not NOTHING:
        return current() is lock
    # For most there is no file, and this is asked at each hit.
    path = place()
    return not path or not os.access(path, os.F_OK)


def place() -> str:
    """Where the file is or would be; empty where the working directory is gone."""
    try:
        folder = os.getcwd()
    except OSError:
        return ""
    if folder not in _places:
        _places[folder] = _find(folder)
    return _places[folder]


def _find(folder: str) -> str:
    at = folder
    while True:
        if os.path.lexists(os.path.join(at, NAME)) or os.path.isfile(os.path.join(at, "pyproject.toml")):
            return os.path.join(at, NAME)
        at, before = os.path.dirname(at), at
        if at == before:
            return os.path.join(folder, NAME)


def change(update: Callable[[list[Record]], list[Record]]) -> None:
    """Write the file anew, with the records that `update` makes of those that it has. One process at a time.

    Raises:
        LockError: the file is damaged, or can't be written; then it is as it was.
    """
    _change(lambda lock: text(update(lock.all()), lock.extra, lock.acceptances()))


def change_accepted(update: Callable[[list[Acceptance]], list[Acceptance]]) -> None:
    """The same for accepted edits.

    Raises:
        LockError: the file is damaged, or can't be written; then it is as it was.
    """
    _change(lambda lock: text(lock.all(), lock.extra, acceptances.standing(update(lock.acceptances()))))


def _change(update: Callable[[Lock], str]) -> None:
    try:
        # Looked for again: another process may have made one meanwhile.
        folder = os.getcwd()
        _places[folder] = _find(folder)
        path = os.path.realpath(_places[folder])
        with _alone(path):
            lock = _read(path)[1] if os.path.lexists(path) else NOTHING
            _write(path, update(lock))
    except OSError as error:
        raise LockError(f"it can't be written: {error}", NAME) from error
    finally:
        _known.clear()
        moved.move()


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """Exclude all others who would write the file, until the context ends."""
    folder = os.path.dirname(path)
    handle = _locked(folder)
    if handle is None:
        from filelock import FileLock

        with FileLock(os.path.join(folder, f".{NAME}.guard")):
            yield
        return
    try:
        yield
    finally:
        import fcntl

        # A child that was forked meanwhile has the same lock: closing alone would leave it locked.
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _locked(folder: str) -> int | None:
    """A lock on the folder itself, so that no other file is left beside the one that people commit; None where there is
    no such thing: on Windows, and on some file systems.
    """
    try:
        import fcntl
    except ImportError:
        return None
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        os.close(handle)
        return None
    return handle


def _write(path: str, content: str) -> None:
    temporary = os.path.join(os.path.dirname(path), f".{NAME}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        with open(handle, "wb") as file:
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(temporary, os.stat(path).st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if os.name == "posix":
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


# Reading --------------------------------------------------------------------------------------------------------------


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns


def _read(path: str) -> tuple[Stamp, Lock]:
    try:
        with open(path, "rb") as file:
            # Of the file that is open: its name may mean another by now.
            stamp, data = _stamp(os.fstat(file.fileno())), file.read()
    except OSError as error:
        raise _unreadable(path, error) from error
    return stamp, parse(data, path)


def _unreadable(path: str, error: OSError) -> LockError:
    return LockError(f"it can't be read: {error.strerror or error}", path, 0, "what is frozen is not known without it")


def parse(data: bytes, path: str = NAME) -> Lock:
    """What the bytes of a file say.

    Raises:
        LockError: they are damaged.
    """
    import tomllib

    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LockError("it is not UTF-8", path, line, _MEND) from error
    lines = content.split("\n")
    try:
        table = tomllib.loads(content)
    except ValueError as error:
        for at, marker in enumerate(lines, 1):
            if _CONFLICT.match(marker):
                raise LockError("a merge left a conflict here", path, at, _UNRESOLVED) from error
        told = re.search(r"line (\d+)", str(error))
        raise LockError(
            f"it is not TOML: {error}", path, int(told[1]) if told else len(content.rstrip().split("\n")), _MEND
        ) from error
    version = table.pop("version", None)
    if type(version) is not int or version < 1:
        raise LockError(f"'version = {VERSION}' is missing", path, _line_of(lines, 0, "version"), _MEND)
    if version > VERSION:
        raise LockError(
            f"a newer version of inviscid wrote it (version {version}; this one reads {VERSION})",
            path, _line_of(lines, 0, "version"), "upgrade inviscid",
        )  # fmt: skip
    starts, records = [], []
    for item, start in _tables(table, "frozen", path, lines):
        starts.append(start)
        records.append(_record(item, _damaged(path, lines, start)))
    _check_contents(records, path, starts)
    accepted = [
        acceptances.read(item, _damaged(path, lines, start))
        for item, start in _tables(table, acceptances.TABLE, path, lines)
    ]
    return _lock(records, table)._replace(accepted=acceptances.by_fingerprint(accepted))


def _tables(table: dict[str, Any], name: str, path: str, lines: Sequence[str]) -> Iterator[tuple[dict[str, Any], int]]:
    """The tables of a name, each with the line in which it begins."""
    tables = table.pop(name, [])
    if not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
        raise LockError(f"'{name}' is not a list of tables", path, _line_of(lines, 0, name), _MEND)
    starts = [at for at, line in enumerate(lines) if (found := _TABLE.match(line)) and found[1] == name]
    # Otherwise it was written by hand, in another of TOML's ways.
    return zip(tables, starts if len(starts) == len(tables) else [0] * len(tables), strict=True)


def _damaged(path: str, lines: Sequence[str], start: int) -> Callable[[str, str], NoReturn]:
    def damaged(field: str, what: str) -> NoReturn:
        raise LockError(what, path, _line_of(lines, start, field), _MEND)

    return damaged


def _record(table: dict[str, Any], damaged: Callable[[str, str], NoReturn]) -> Record:
    for field in (*_TEXTS, "config"):
        wanted = dict if field == "config" else str
        if field not in table:
            damaged("", f"the record has no '{field}'")
        if not isinstance(table[field], wanted):
            damaged(field, f"'{field}' is not a {'table' if wanted is dict else 'text'}")
    is_marker = table["arguments"] == EVERY
    for field in _DIGESTS:
        allowed = {EVERY} if field == "arguments" else {""} if is_marker and field != "fingerprint" else frozenset()
        if table[field] not in allowed and not _DIGEST.fullmatch(table[field]):
            damaged(field, f"'{field}' is not a digest of 64 hex digits")
    for name, value in table["config"].items():
        if not isinstance(value, str):
            damaged("config", f"'config' has a value for {name!r} that is not a text")
    fields = {field: table.pop(field) for field in (*_TEXTS, "config")}
    return Record(**fields, extra=table)


def _line_of(lines: Sequence[str], start: int, field: str) -> int:
    """Where a field of the table that begins in a line is written; the line of the table where it isn't."""
    for at in range(start, len(lines)) if field else ():
        if at > start and _TABLE.match(lines[at]):
            break
        if re.match(rf"\s*[\"']?{field}[\"']?\s*[.=]", lines[at]):
            return at + 1
    return start + 1


def _check_contents(records: Sequence[Record], path: str, starts: Sequence[int]) -> None:
    first: dict[tuple[object, ...], tuple[Record, int]] = {}
    for record, start in zip(records, starts, strict=True):
        known, line = first.setdefault(record.call, (record, start))
        if known.content != record.content:
            shown = f"({record.shown})" if record.shown else "()"
            raise LockError(
                f"{record.function}{shown} is frozen with another result than in line {line + 1}",
                path, start + 1, "delete one of the two tables",
            )  # fmt: skip


def _lock(records: Sequence[Record], extra: Mapping[str, Any]) -> Lock:
    found: dict[str, list[Record]] = {}
    calls: dict[tuple[str, str], list[Record]] = {}
    for record in _ordered(records):
        found.setdefault(record.function, []).append(record)
        calls.setdefault((record.function, record.arguments), []).append(record)
    states = {
        name: combine(
            "frozen", *dict.fromkeys(pack([*map(_plain, record.call[1:]), record.content]) for record in group)
        )
        for name, group in found.items()
    }
    return Lock(
        {name: tuple(group) for name, group in found.items()},
        {call: tuple(group) for call, group in calls.items()},
        states,
        extra,
    )


def _plain(value: object) -> object:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _ordered(records: Sequence[Record]) -> list[Record]:
    """Sorted, and each once: a merge may have left one twice."""
    ordered: list[Record] = []
    for record in sorted(records, key=lambda record: record.order):
        if not ordered or ordered[-1] != record:
            ordered.append(record)
    return ordered


# Writing --------------------------------------------------------------------------------------------------------------


def text(
    records: Sequence[Record], extra: Mapping[str, Any] = NOTHING.extra, accepted: Sequence[Acceptance] = ()
) -> str:
    """The file of these records."""
    lines = [f"{_HEAD}version = {VERSION}"]
    lines += [f"{_name(name)} = {_value(value)}" for name, value in extra.items()]
    for record in _ordered(records):
        lines += ["", "[[frozen]]"]
        for field in ("function", "arguments", "shown", "config", "key", "content", "fingerprint", "because", "date"):
            value = getattr(record, field)
            if field == "config" and value:
                lines += [f"config.{_name(name)} = {_value(value[name])}" for name in sorted(value)]
            else:
                lines.append(f"{field} = {_value(value)}")
        lines += [f"{_name(name)} = {_value(value)}" for name, value in record.extra.items()]
    for one in sorted(accepted, key=lambda one: one.order):
        lines += ["", f"[[{acceptances.TABLE}]]", *(f"{_name(name)} = {_value(value)}" for name, value in one.fields())]
    return "\n".join(lines) + "\n"


def _name(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, str):
        import json

        # JSON's texts are TOML's, but for two kinds of characters.
        clean = value.encode("utf-8", "replace").decode()
        return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_name(name)} = {_value(item)}" for name, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)
