"""Why a call missed: the nearest entry that the function has, and what is different now, in one line."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgpack

from inviscid.calls import Call
from inviscid.digest import pack
from inviscid.entry import Entry
from inviscid.fingerprinting import Fingerprint
from inviscid.outcome import Outcome
from inviscid.results import preimage
from inviscid.store import Store

_NAMED = 4


class Explanation(NamedTuple):
    """What would become of a call, or what became of it."""

    outcome: str
    """``hit``, ``miss`` or ``bypass``."""
    reasons: list[str]
    code: Outcome
    key: str

    def __str__(self) -> str:
        return f"{self.outcome}: {'; '.join(self.reasons)}" if self.reasons else self.outcome


class Reason(NamedTuple):
    """Why a call missed."""

    outcome: Outcome
    texts: tuple[str, ...]


def why_missed(store: Store, call: Call, name: str) -> Reason:
    """Compare a call that has no entry with the entries that its function has.

    Of several entries the one that shares most with the call explains best; the newest among equals.

    Raises:
        StoreError: the store can't be read.
    """
    entries = store.nearest(name)
    if not entries:
        return Reason(Outcome.MISS_NEW, ("first call",))
    now = msgpack.unpackb(call.parts)
    best = min(entries, key=lambda entry: len(_differences(entry, call, now)))
    differences = _differences(best, call, now)
    if not differences:
        return Reason(Outcome.MISS_FORGOTTEN, ("its entry is gone",))
    texts = [text for kind in differences for text in _describe(kind, best, call, now, store)]
    return Reason(_OUTCOMES[differences[0]], tuple(texts))


# In the order in which they are told: what the user did, then what happened to them.
_OUTCOMES = {
    "code": Outcome.MISS_CODE,
    "config": Outcome.MISS_CONFIG,
    "options": Outcome.MISS_OPTIONS,
    "environment": Outcome.MISS_ENVIRONMENT,
    "inputs": Outcome.MISS_INPUTS,
    "salt": Outcome.MISS_REFRESH,
    "namespace": Outcome.MISS_OPTIONS,
}


def _differences(entry: Entry, call: Call, now: dict[str, Any]) -> list[str]:
    then = msgpack.unpackb(entry.provenance.parts)
    found = ["code"] if entry.provenance.fingerprint != call.fingerprint.raw else []
    return found + [kind for kind in _OUTCOMES if kind != "code" and then.get(kind) != now[kind]]


def _describe(kind: str, entry: Entry, call: Call, now: dict[str, Any], store: Store) -> list[str]:
    then = msgpack.unpackb(entry.provenance.parts)
    match kind:
        case "code":
            return _code(store.preimage(entry.provenance.fingerprint), call)
        case "config":
            return _config(then["config"], now["config"])
        case "environment":
            return _environment(then["environment"], now["environment"])
        case "inputs":
            old = dict(map(tuple, then["inputs"]))
            return [f"argument '{name}' changed" for name, value in now["inputs"] if old.get(name) != value] or [
                "fewer arguments"
            ]
        case "options":
            return ["an option of the decorator changed"]
        case "salt":
            return ["this run reads nothing older than itself (mode 'fresh')"]
        case _:
            return [f"namespace {then['namespace']!r} → {now['namespace']!r}"]


def _code(old: bytes | None, call: Call) -> list[str]:
    if old is None:
        return ["the code changed"]
    return _compared(msgpack.unpackb(old), msgpack.unpackb(preimage(call.fingerprint)))


def changed(before: Fingerprint, after: Fingerprint) -> list[str]:
    """What differs between two fingerprints of a function, by name."""
    return _compared(msgpack.unpackb(preimage(before)), msgpack.unpackb(preimage(after)))


def _compared(old: list[list[Any]], new: list[list[Any]]) -> list[str]:
    before, after = _by_name(old), _by_name(new)
    found = [f"{name} changed" for name in after if name in before and before[name] != after[name]]
    if not found:
        came = _outermost([name for name in after if name not in before])
        gone = _outermost([name for name in before if name not in after])
        if len(came) == len(gone) == 1:
            return [f"{came[0]} changed (it was {gone[0]})"]
        found = [f"{name} is new" for name in came] + [f"{name} is gone" for name in gone]
    if len(found) > _NAMED:
        found[_NAMED:] = [f"and {len(found) - _NAMED} more"]
    return found or ["what it refers to changed places"]


def _outermost(names: list[str]) -> list[str]:
    """Without what belongs to another of them: a class that moved need not be told with all its members."""
    whole = set(names)
    return [name for name in names if not any(name[:at] in whole for at, mark in enumerate(name) if mark in ".,:")]


def _by_name(definitions: list[list[Any]]) -> dict[str, bytes]:
    """All definitions of a name together: an overloaded name is one line of an explanation."""
    found: dict[str, bytes] = {}
    for name, kind, alone in definitions:
        found[name] = found.get(name, b"") + pack([kind, alone])
    return found


def _config(then: list[list[Any]], now: list[list[Any]]) -> list[str]:
    old = {key: (value, shown) for key, value, shown in then}
    texts: list[str] = []
    for key, value, shown in now:
        if key not in old:
            texts.append(f"config {key} is new")
        elif old[key][0] != value:
            both = bool(old[key][1] and shown)
            texts.append(f"config {key} {old[key][1]} → {shown}" if both else f"config {key} changed")
    texts += [f"config {key} isn't read any more" for key in old if key not in {item[0] for item in now}]
    return list(dict.fromkeys(texts)) or ["config changed"]


def _environment(then: list[Any], now: list[Any]) -> list[str]:
    texts: list[str] = []
    if then[0] != now[0]:
        texts.append(f"Python {_python(then[0])} → {_python(now[0])}")
    if then[1] != now[1]:
        texts.append(f"platform {'-'.join(then[1])} → {'-'.join(now[1])}")
    old, new = ({name: (version, content) for name, version, content in part[2:]} for part in (then, now))
    for name in sorted(old.keys() | new.keys()):
        if name.startswith("$"):
            if old.get(name) != new.get(name):
                texts.append(f"{name.removeprefix('$') if ' ' in name else name} changed")
        elif name not in old:
            texts.append(f"{name} is new in reach")
        elif name not in new:
            texts.append(f"{name} isn't reached any more")
        elif old[name] != new[name]:
            same = old[name][0] == new[name][0]
            texts.append(f"{name} was installed again" if same else f"{name} {old[name][0]} → {new[name][0]}")
    return texts


def _python(part: list[Any]) -> str:
    name, version, optimize = part
    return f"{'' if name == 'cpython' else name + ' '}{version}{' -' + 'O' * optimize if optimize else ''}"
