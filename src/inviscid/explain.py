"""Why a call missed: the nearest entry that the function has, and what is different now.

A *reason* is one line; it names the definition, the config key, the package or the argument that changed. The *diff*
says the rest: the normalized source of each definition that changed, as it was and as it is now.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgpack

from inviscid.calls import Call
from inviscid.digest import pack
from inviscid.entry import Entry
from inviscid.fingerprinting import Fingerprint, Part
from inviscid.outcome import Outcome
from inviscid.results import SHORT, parts_of
from inviscid.store import Store

_NAMED = 4
# Longer values are told by the diff alone.
_SHOWN = 60
# How alike two texts must be for a rename, how much of them is read, and how many pairs are tried.
_NEAR = 0.7
_READ = 2_000
_COMPARED = 64
_KEPT = 64
# The rows of an environment that every call has: Python, and the platform.
_FIXED = 2


class Explanation(NamedTuple):
    """What would become of a call, or what became of it."""

    outcome: str
    """``hit``, ``miss`` or ``bypass``."""
    reasons: list[str]
    code: Outcome
    key: str
    diff: str = ""
    """The definitions that changed, as a unified diff of their normalized sources; empty if none did."""
    entry: Entry | None = None
    """The stored result that is served, or else the nearest one, which the call was compared with."""
    through: str = ""
    """How the arguments were moved to those that stand for them: ``a relabelling of 12 nodes``. Empty if they weren't.
    """

    def __str__(self) -> str:
        head = f"{self.outcome} through {self.through}" if self.through else self.outcome
        return _printed(f"{head}: {'; '.join(self.reasons)}" if self.reasons else head, self.diff)


class Section(NamedTuple):
    """A definition that changed, with what is shown of it: names and texts, old and new."""

    was: str
    name: str
    then: str
    now: str


class Difference(NamedTuple):
    """What tells two fingerprints apart."""

    reasons: list[str]
    """One line each."""
    sections: tuple[Section, ...] = ()
    sides: tuple[str, str] = "stored", "now"
    """What the diff calls the two."""

    @property
    def diff(self) -> str:
        """The definitions that differ, as a unified diff of their normalized sources."""
        return "".join(_section(section, self.sides) for section in self.sections)

    def __str__(self) -> str:
        return _printed("; ".join(self.reasons) or "no difference", self.diff)


SAME = Difference([])


def _printed(line: str, diff: str) -> str:
    return f"{line}\n{diff.rstrip()}" if diff else line


def _section(section: Section, sides: tuple[str, str]) -> str:
    if not section.then or not section.now:
        # An earlier version kept no texts, and secrets have none.
        return ""
    # Labels that are the same tell nothing, and stand where the first lines of the source are wanted.
    old, new = _head(section.then), _head(section.now)
    shared = {*old.split("\n")} & {*new.split("\n")}
    then, now = (
        [*(line for line in head.split("\n") if line not in shared), *text[len(head) :].split("\n")]
        for head, text in ((old, section.then), (new, section.now))
    )
    names = f"{section.was} ({sides[0]})", f"{section.name} ({sides[1]})"
    import difflib

    lines = difflib.unified_diff(then, now, *names, lineterm="")
    return "".join(f"{line}\n" for line in lines)


class Reason(NamedTuple):
    """Why a call missed."""

    outcome: Outcome
    texts: tuple[str, ...]
    difference: Difference = SAME
    """What changed in the code."""
    entry: Entry | None = None
    """The nearest entry: what the call was compared with."""


def why_missed(store: Store, call: Call, name: str) -> Reason:
    """Compare a call that has no entry with the entries that its function has.

    Of several entries the one that shares most with the call explains best; the newest among equals.

    Raises:
        StoreError: the store can't be read.
    """
    entries = store.nearest(name, 1)
    if not entries:
        return Reason(Outcome.MISS_NEW, ("first call",))
    now = msgpack.unpackb(call.parts)
    if len(_differences(entries[0], call, now)) > 1:
        entries = store.nearest(name)
    # No entry shares more than all but one, and of those the newest is the first.
    best = min(entries, key=lambda entry: len(_differences(entry, call, now)))
    differences = _differences(best, call, now)
    if not differences:
        return Reason(Outcome.MISS_FORGOTTEN, ("its entry is gone",), entry=best)
    return _reason(store, best, call, now, differences)


def since(store: Store, entry: Entry, call: Call) -> Reason:
    """What is different now from when an entry was stored, but for the arguments: `call` has none.

    Raises:
        StoreError: the store can't be read.
    """
    now, then = msgpack.unpackb(call.parts), msgpack.unpackb(entry.provenance.parts)
    # What only the arguments reached then isn't known now.
    for kind, fixed in (("environment", _FIXED), ("config", 0)):
        known, rows = {str(row[0]) for row in now[kind]}, then.get(kind, [])
        then[kind] = [*rows[:fixed], *(row for row in rows[fixed:] if str(row[0]) in known)]
    same = entry._replace(provenance=entry.provenance._replace(parts=pack(then)))
    differences = [kind for kind in _differences(same, call, now) if kind != "inputs"]
    if not differences:
        return Reason(Outcome.HIT, (), entry=entry)
    return _reason(store, same, call, now, differences)._replace(entry=entry)


def _reason(store: Store, best: Entry, call: Call, now: dict[str, Any], differences: list[str]) -> Reason:
    code = code_changed(store, best, call) if "code" in differences else SAME
    groups = [code.reasons if kind == "code" else _describe(kind, best, now) for kind in differences]
    earlier, name = best.provenance.fingerprint, best.provenance.function
    offer = _offer(store, earlier, call.fingerprint, name) if {*differences} <= {"code", "inputs"} else []
    return Reason(_OUTCOMES[differences[0]], (*_named(groups), *offer), code, best)


def _offer(store: Store, earlier: bytes, now: Fingerprint, name: str) -> list[str]:
    """What the user may do about an edit that most likely changed nothing."""
    if earlier == now.raw:
        return []
    # It reads syntax, which a process that hits does without.
    from inviscid.promoted import promoted

    then = parts_of(store.preimage(earlier))
    names = promoted(then, now.definitions) if then else []
    if not names:
        return []
    shown = " and ".join(map(repr, names))
    what = f"a constant became parameter {shown}" if len(names) == 1 else f"constants became parameters {shown}"
    return [f"{what}, with the same value: `inviscid accept {name} --because …` keeps the results"]


def why_computed(entry: Entry, earlier: Sequence[Entry], code: Callable[[bytes, bytes], Difference]) -> Reason:
    """Compare a stored entry with those that its function had before, as `why_missed` compares a call.

    What has been removed since can't be compared with: an entry that is gone may have been nearer.

    Args:
        entry: what was computed.
        earlier: the entries of its function that are older, newest first.
        code: tells two fingerprints apart; `stored_code_changed` does.
    """
    if not earlier:
        return Reason(Outcome.MISS_NEW, ("first call",))
    fingerprint = entry.provenance.fingerprint
    try:
        now = msgpack.unpackb(entry.provenance.parts)
        best = min(earlier, key=lambda older: len(_apart(older, fingerprint, now)))
        kinds = _apart(best, fingerprint, now)
        changed = code(best.provenance.fingerprint, fingerprint) if "code" in kinds else SAME
        groups = [changed.reasons if kind == "code" else _describe(kind, best, now) for kind in kinds]
    except (ValueError, LookupError, TypeError, AttributeError, msgpack.UnpackException):
        # Another version wrote other parts.
        return Reason(Outcome.MISS_CODE, ("the parts of the key can't be compared",), entry=earlier[0])
    if not kinds:
        # The key is the same but for the mark of what was set aside.
        return Reason(Outcome.MISS_NOT_FINAL, ("what it depends on beyond its key changed",), entry=best)
    return Reason(_OUTCOMES[kinds[0]], tuple(_named(groups)), changed, best)


def stored_code_changed(store: Store, before: bytes, after: bytes) -> Difference:
    """What tells the code of two fingerprints apart that the store has entries of.

    Raises:
        StoreError: the store can't be read.
    """
    then, now = parts_of(store.preimage(before)), parts_of(store.preimage(after))
    if not then or not now:
        return Difference(["the code changed"])
    return _compared(then, now)._replace(sides=("before", "after"))


def _named(groups: Sequence[Sequence[str]]) -> list[str]:
    """At most so many reasons, of which each group keeps its first; the others are counted."""
    groups = [group for group in groups if group]
    room = max(_NAMED - len(groups), 0)
    found: list[str] = []
    for group in groups:
        more = group[1 : 1 + room]
        room -= len(more)
        found += [group[0], *more]
    left = sum(map(len, groups)) - len(found)
    return [*found, f"and {left} more"] if left else found


def code_changed(store: Store, entry: Entry, call: Call) -> Difference:
    """What tells the code of a call from the code that computed an entry.

    Raises:
        StoreError: the store can't be read.
    """
    return changed_since(store, entry.provenance.fingerprint, call.fingerprint)


def changed_since(store: Store, before: bytes, after: Fingerprint) -> Difference:
    """What tells a function from what it was when it had a fingerprint that the store knows.

    Raises:
        StoreError: the store can't be read.
    """
    if before == after.raw:
        return SAME
    stored, now = store.preimage(before), after.definitions
    known = _compared_before.get((stored, id(now)))
    if known is None:
        then = parts_of(stored)
        if then is None:
            return Difference(["the code changed"])
        known = now, _compared(then, [_short(part) for part in now])
        if len(_compared_before) >= _KEPT:
            _compared_before.clear()
        _compared_before[stored, id(now)] = known
    return known[1]


# After an edit many calls may miss for the same reason. By identity: equal digests may have different texts.
_compared_before: dict[tuple[bytes | None, int], tuple[object, Difference]] = {}

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
    return _apart(entry, call.fingerprint.raw, now)


def _apart(entry: Entry, fingerprint: bytes, now: dict[str, Any]) -> list[str]:
    then = msgpack.unpackb(entry.provenance.parts)
    found = ["code"] if entry.provenance.fingerprint != fingerprint else []
    return found + [kind for kind in _OUTCOMES if kind != "code" and then.get(kind) != now.get(kind)]


def _describe(kind: str, entry: Entry, now: dict[str, Any]) -> list[str]:
    then = msgpack.unpackb(entry.provenance.parts)
    if kind not in then:
        # Whoever wrote it had other parts.
        return [f"{kind} changed"]
    match kind:
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


def compare_fingerprints(before: Fingerprint, after: Fingerprint) -> Difference:
    """What differs between two fingerprints: of one function at two times, or of two functions.

    Args:
        before: the earlier one.
        after: the later one.

    Returns:
        Reasons, one line each, and the diff; both empty where the two do the same with the same packages.
    """
    code = SAME
    if before.digest != after.digest:
        code = _compared([_short(part) for part in before.definitions], [_short(part) for part in after.definitions])
    packages = _packages(before.distributions, after.distributions)
    return Difference(_named([code.reasons, packages]), code.sections, ("before", "after"))


def _short(part: Part) -> Part:
    """As the store keeps it: the start of a digest is enough to compare."""
    return part._replace(alone=part.alone[: 2 * SHORT])


# Two lists of parts ---------------------------------------------------------------------------------------------------

Table = dict[str, list[Part]]


def _compared(old: Sequence[Part], new: Sequence[Part]) -> Difference:
    """What differs, each change by the definition that it was made in; what follows from it elsewhere isn't told."""
    before, after = _by_name(old), _by_name(new)
    renamed = _renamed(before, after)

    def is_same(was: str, now: str) -> bool:
        if was == now or renamed.get(now) == was:
            return True
        return was in before and now in after and _alone(before[was]) == _alone(after[now])

    changed: list[str] = []
    sections: list[Section] = []
    replaced: set[str] = set()
    for name, parts in after.items():
        was = renamed.get(name, name)
        for then, now in _unequal(before.get(was, []), parts, is_same):
            pairs = list(_retargeted(then, now, is_same))
            if was != name and not _is_inside(name, renamed):
                changed.append(f"{_title(name)} changed (it was {_title(was)})")
            else:
                changed += _told(_title(name), then, now, pairs)
            if then.kind != now.kind:
                replaced.add(name)
            # Where the same text means something else, an import bound the name to another object.
            told = pairs if then.shown == now.shown else []
            left, right = ("".join(f"# refers to: {pair[side]}\n" for pair in told) for side in (0, 1))
            sections.append(Section(was, name, left + then.shown, right + now.shown))
    # What says nothing of what changed stands behind what does.
    changed.sort(key=lambda text: text.endswith(" changed"))
    came = [name for name in after if name not in before and name not in renamed]
    gone = [name for name in before if name not in after and name not in renamed.values()]
    came, gone = (_outermost([name for name in names if not _is_inside(name, replaced)]) for names in (came, gone))
    changed += [f"{_title(name)} is new" for name in came] + [f"{_title(name)} is gone" for name in gone]
    return Difference(list(dict.fromkeys(changed)) or ["what it refers to changed places"], tuple(sections))


def _by_name(parts: Sequence[Part]) -> Table:
    """All definitions of a name together: an overloaded name is one line of an explanation."""
    found: Table = {}
    for part in parts:
        found.setdefault(part.name, []).append(part)
    return found


def _alone(parts: list[Part]) -> list[tuple[str, str]]:
    return sorted((part.kind, part.alone) for part in parts)


def _unequal(old: list[Part], new: list[Part], is_same: Callable[[str, str], bool]) -> Iterator[tuple[Part, Part]]:
    """Pairs of what a name stood for and stands for now, where the two differ; nothing where it stood for nothing."""
    if not old:
        return
    left = list(old)
    rest: list[Part] = []
    for part in new:
        equal = next((then for then in left if then.alone == part.alone), None)
        if equal is None:
            rest.append(part)
            continue
        left.remove(equal)
        if any(_retargeted(equal, part, is_same)):
            yield equal, part
    for part in rest:
        then = next((then for then in left if then.kind == part.kind), left[0] if left else None)
        if then is not None:
            left.remove(then)
        yield then or part._replace(alone="", shown=""), part
    for then in left:
        yield then, then._replace(alone="", shown="")


def _retargeted(then: Part, now: Part, is_same: Callable[[str, str], bool]) -> Iterator[tuple[str, str]]:
    """(old name, new name) where a definition that says the same refers to something else."""
    if len(then.refers) == len(now.refers):
        yield from (pair for pair in zip(then.refers, now.refers, strict=True) if not is_same(*pair))


def _told(title: str, then: Part, now: Part, retargeted: list[tuple[str, str]]) -> list[str]:
    """One definition's reasons, in words that fit its kind."""
    if then.kind != now.kind:
        return [f"{title} changed from {then.kind} to {now.kind}"]
    if then.shown and now.shown:
        if now.kind in ("class", "module"):
            texts = _members(title, then.shown, now.shown)
        elif now.kind in ("value", "ambient", "memoized"):
            both = _short_enough(then.shown, now.shown) and then.shown != now.shown
            texts = [f"{title} {then.shown} → {now.shown}"] if both else []
        else:
            aspects = _aspects(then.shown, now.shown)
            texts = [f"{title} changed, {' and '.join(aspects)}"] if aspects else []
        if texts:
            return texts
    if then.alone == now.alone:
        pairs = [[name.removeprefix("builtins.") for name in pair] for pair in retargeted]
        return [f"{title} refers to {new} instead of {was}" for was, new in pairs]
    return [f"{title} changed"]


def _members(title: str, then: str, now: str) -> list[str]:
    """What a class or a module has got and lost; its bases."""
    old, new = then.splitlines(), now.splitlines()
    aspects = [label for label in _aspects(_head(then), _head(now)) if label != "body"]
    if _outline(old) != _outline(new):
        aspects.append("bases")
    texts = [f"{title} changed, {' and '.join(aspects)}"] if aspects else []
    had, has = ([line.strip() for line in lines if line.startswith("    ")] for lines in (old, new))
    texts += [f"{title}.{member} is new" for member in has if member not in had]
    return texts + [f"{title}.{member} is gone" for member in had if member not in has]


def _outline(lines: list[str]) -> str:
    """The line that opens a class or a module."""
    return next((line for line in lines if not line.startswith(("#", " "))), "")


def _head(shown: str) -> str:
    """The labelled lines before what is shown. They come first, because source may hold any line."""
    return "".join(f"{line}\n" for line in itertools.takewhile(lambda line: line.startswith("# "), shown.split("\n")))


def _aspects(then: str, now: str) -> list[str]:
    """What of a function changed: its body, and what else counts of it."""
    old, new = _head(then), _head(now)
    found = ["body"] if then[len(old) :].strip() != now[len(new) :].strip() else []
    lines = [line for line in [*old.splitlines(), *new.splitlines()] if (line in old) != (line in new)]
    return [*found, *dict.fromkeys(line.removeprefix("# ").partition(":")[0] for line in lines)]


def _short_enough(*texts: str) -> bool:
    return all(len(text) <= _SHOWN for text in texts)


def _title(name: str) -> str:
    """``prep.scale, default of 'k'`` as it is said: default of 'k' of prep.scale."""
    owner, found, part = name.partition(", ")
    return f"{part} of {owner}" if found else name


# Renames --------------------------------------------------------------------------------------------------------------


def _renamed(before: Table, after: Table) -> dict[str, str]:
    """New name → old name, for what has another name now and is the same or nearly the same."""
    came = [name for name in after if name not in before]
    gone = dict.fromkeys(name for name in before if name not in after)
    found: dict[str, str] = {}

    def pair(new: str, old: str) -> None:
        # What belongs to it was renamed with it.
        for name in came:
            if name == new or _is_inside(name, (new,)):
                was = old + name[len(new) :]
                if name not in found and was in gone:
                    found[name] = was
                    del gone[was]

    def left(names: Iterable[str]) -> list[str]:
        return [name for name in names if name not in found]

    for name in came:
        alike = [] if name in found else [was for was in gone if _alone(before[was]) == _alone(after[name])]
        if alike:
            pair(name, next((was for was in alike if _tail(was) == _tail(name)), alike[0]))
    roots = next(iter(before), ""), next(iter(after), "")
    if roots[0] in gone and roots[1] in left(came):
        pair(roots[1], roots[0])
    outer, lost = _outermost(left(came)), _outermost(list(gone))
    if len(outer) * len(lost) <= _COMPARED:
        for name in outer:
            near = [
                (likeness, was) for was in lost if was in gone and (likeness := _likeness(before[was], after[name]))
            ]
            if near:
                pair(name, max(near)[1])
        outer, lost = left(outer), [was for was in lost if was in gone]
    common = [name for name in after if name in before]
    if len(outer) == len(lost) == 1 and all(_alone(before[name]) == _alone(after[name]) for name in common):
        # Where nothing else changed, the one stands where the other stood.
        pair(outer[0], lost[0])
    return found


def _likeness(old: list[Part], new: list[Part]) -> float:
    """How near the texts of two functions or classes are to each other; 0 for what was not renamed."""
    then, now = old[0], new[0]
    if then.kind != now.kind or now.kind not in ("function", "class") or not (then.shown and now.shown):
        return 0.0
    import difflib

    matcher = difflib.SequenceMatcher(None, then.shown[:_READ], now.shown[:_READ], autojunk=False)
    if matcher.real_quick_ratio() < _NEAR or matcher.quick_ratio() < _NEAR:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _NEAR else 0.0


def _tail(name: str) -> str:
    return name.rpartition(".")[2]


def _is_inside(name: str, whole: Container[str]) -> bool:
    """Whether a name is that of a part of another: a member, a default, a closure cell."""
    return any(name[:at] in whole for at, mark in enumerate(name) if mark in ".,:")


def _outermost(names: list[str]) -> list[str]:
    """Without what belongs to another of them: a class that moved need not be told with all its members."""
    whole = set(names)
    return [name for name in names if not _is_inside(name, whole)]


# The other parts of a key ---------------------------------------------------------------------------------------------


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
    return texts + _packages(then[2:], now[2:])


def _packages(then: Iterable[Sequence[str]], now: Iterable[Sequence[str]]) -> list[str]:
    texts: list[str] = []
    old, new = ({name: (version, content) for name, version, content in part} for part in (then, now))
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
