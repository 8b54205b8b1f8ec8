"""Frozen results: the user's word that a result stands, whatever the code does.

A *record* in `inviscid.lock` (`lockfile`) pins a call of a function to a result in the store. A call is the name of the
function, its arguments and what the configuration gives it: those always count. The code, and all else that the result
was made from, don't. A *marker* freezes the function as a whole: where no record fits a call, the call is a
`FrozenMiss`, and nothing is computed silently. Without a marker, the calls that no record fits go their usual way.

Arguments are digested as for a key, but classes count by name as long as their name means them: the class of `self` is
code. Functions among the arguments count by what they do and say of themselves, for a name may mean another
tomorrow.

    config = { "parameter (key)": what the function itself got, "key": what is configured for all else in its reach }
             digests, or "unset": a default is code

What only a computation knows of its arguments and config is noted in its entry (`noted`), so that a function can be
frozen with all results that it has.
"""

from __future__ import annotations

import re
import sys
import types
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import msgpack

from inviscid import configuration, events, lockfile, outputs, planning, rerunning, results, world
from inviscid.calls import FINGERPRINTS, Call, Options, References, digest_inputs, is_declared
from inviscid.computing import report
from inviscid.configuration import Layer
from inviscid.digest import combine, pack
from inviscid.entry import Entry, name_of_namespace
from inviscid.errors import FrozenMiss, InviscidError, StoreError
from inviscid.explain import SAME, Difference, Explanation, changed_since, code_changed
from inviscid.fingerprinting import CLOSURE_WIDE, EXACT, ConfigRead, Fingerprint, Forms, brief, is_user
from inviscid.inputs import Encoder
from inviscid.lockfile import EVERY, Record
from inviscid.manifest import unpack_manifest
from inviscid.outcome import Outcome
from inviscid.sentinels import MISSING
from inviscid.settings import Mode
from inviscid.store import Store
from inviscid.stores import StoreLike, current_store

_UNSET = "unset"
_LONGEST = 120
_NOTE = "freeze"
_PIN = "frozen"
_ON = Mode("on")
_PARAMETER = re.compile(r"(\w+) \((.*)\)")
_CODE = ("<lambda>", "<locals>")


class Slot(NamedTuple):
    """A cached function, as far as freezing it goes."""

    function: Any
    """The cached function itself, without what `.configured` laid over it."""
    name: str
    """``package.module:qualname``: what is frozen is frozen under it."""
    options: Options
    reads: Sequence[ConfigRead]
    """Its own config parameters."""
    store: StoreLike | None
    forms: Forms
    own: Mapping[str, Any]
    """What `.configured` gave its own config parameters."""
    layers: Sequence[Layer]
    """What `.configured` laid over it."""

    @property
    def label(self) -> str:
        """As messages call it."""
        return self.name.partition(":")[2]


class Served(NamedTuple):
    """A frozen result."""

    value: Any
    entry: Entry
    record: Record
    store: Store
    files: outputs.Stored | None
    """The outputs, where it has some."""

    @property
    def reason(self) -> str:
        """When and why it was frozen."""
        return f"frozen {self.record.date[:10]}{': ' if self.record.because else ''}{self.record.because}"


class OneCall:
    """One call of a cached function, to freeze or to thaw it. Made by `CachedFunction.calling`."""

    def __init__(
        self, slot: Slot, values: dict[str, Any], foresee: Callable[[], tuple[Call, Entry | None, Sequence[str]]]
    ) -> None:
        self._slot = slot
        self._values = values
        self._foresee = foresee

    def __repr__(self) -> str:
        return f"<call {_called(self._slot, self._values)}>"

    def freeze(self, because: str = "") -> None:
        """Let the stored result of this call stand, whatever the code does from now on.

        Args:
            because: why, for those who review `inviscid.lock`.

        Raises:
            FrozenMiss: it was never computed, or not as it would be now; or the function can't be frozen.
            LockError: `inviscid.lock` is damaged.
            StoreError: the store can't be used.
        """
        _freeze_call(self._slot, self._values, self._foresee, because)

    def thaw(self) -> None:
        """Undo `freeze`, for this call.

        Raises:
            FrozenMiss: it isn't frozen.
            LockError: `inviscid.lock` is damaged.
        """
        _thaw_call(self._slot, self._values)


# What is frozen -------------------------------------------------------------------------------------------------------


def concerns(name: str, options: Options) -> bool:
    """Whether anything of a function is frozen."""
    return options.frozen or name in lockfile.current().records


def state(name: str) -> bytes:
    """A digest of all that is frozen of a function (``package.module:qualname``); empty where nothing is.

    Raises:
        LockError: `inviscid.lock` is damaged.
    """
    return lockfile.current().states.get(name, b"")


def find(slot: Slot, values: dict[str, Any], mode: Mode, *, refresh: bool = False) -> Served | None:
    """The frozen result of a call; None where the call goes its usual way.

    Args:
        slot: the function.
        values: its arguments, bound.
        mode: the mode in force.
        refresh: whether this very call was asked to be computed again.

    Raises:
        FrozenMiss: the call must not be computed, and has no frozen result.
        LockError: `inviscid.lock` is damaged.
    """
    if not concerns(slot.name, slot.options):
        return None
    refused = _refused(slot)
    if refused:
        raise FrozenMiss(f"{slot.label}() is frozen by its name in {lockfile.NAME}, but {refused}")
    whole = slot.options.frozen or bool(_records(slot.name, EVERY))
    known = _records(slot.name, _arguments(slot, values))
    fitting = [record for record in known if not _other_config(record, slot)]
    shown = _called(slot, values)
    if mode.name == "fresh" and not mode.frozen and (whole or fitting):
        raise FrozenMiss(
            f"mode 'fresh' reads nothing older than itself, and {shown} is frozen: thaw it, or let it stand with "
            "mode('fresh', frozen=True)"
        )
    if not fitting:
        if not whole or refresh:
            return None
        raise FrozenMiss(_unseen(slot, values, known))
    if refresh:
        raise FrozenMiss(f"{shown} is frozen, and computing it again would change nothing: {_thaw_it(slot, values)}")
    return _load(slot, values, fitting[0])


def serve(slot: Slot, values: dict[str, Any], mode: Mode, *, refresh: bool = False) -> Served | None:
    """As `find`, for a call: the hit is counted and told."""
    served = find(slot, values, mode, refresh=refresh)
    if served is not None:
        report(slot.label, id(slot.function), _seen(served.record, slot))
        saved = served.entry.provenance.seconds
        served.store.touch(served.entry.key, saved)
        events.emit(served.store, Outcome.HIT_FROZEN, slot.name, served.entry.key, saved, (served.reason,))
    return served


def peeked(slot: Slot, values: dict[str, Any]) -> tuple[Entry | None] | None:
    """The entry of a frozen call, or that it has none; None where the call goes its usual way."""
    try:
        served = find(slot, values, _ON)
    except FrozenMiss:
        return (None,)
    return None if served is None else (served.entry,)


def _seen(record: Record, slot: Slot) -> dict[str, frozenset[bytes]]:
    """The config values that a frozen result stands for, of those that come from the surroundings of the call."""
    layers = configuration.active()
    seen: dict[str, frozenset[bytes]] = {}
    for name in record.config:
        parameter, key = _own(name)
        value = configuration.lookup(key, layers)
        laid = parameter in slot.own or configuration.lookup(key, slot.layers) is not MISSING
        if value is not MISSING and not laid:
            # As the key of a computation has it: there classes count by what they do.
            seen[key] = frozenset({Encoder(References()).digest(value, f"config '{key}'")})
    return seen


def explained(slot: Slot, values: dict[str, Any], mode: Mode, identify: Callable[[], Call]) -> Explanation | None:
    """What would become of a call, as far as freezing decides it; and whether the code has moved on since.

    Raises:
        LockError: `inviscid.lock` is damaged.
    """
    try:
        served = find(slot, values, mode)
    except FrozenMiss as error:
        return Explanation("miss", [str(error)], Outcome.MISS_FROZEN, "")
    if served is None:
        return None
    reasons, diff = [served.reason], ""
    try:
        call = identify()
    except InviscidError as error:
        reasons.append(f"whether it is stale can't be told: {error}")
    else:
        if call.fingerprint.raw.hex() != served.record.fingerprint:
            changed = code_changed(served.store, served.entry, call)
            reasons.append(f"frozen and stale: {'; '.join(changed.reasons) or 'the code changed'}")
            diff = changed.diff
    return Explanation("hit", reasons, Outcome.HIT_FROZEN, served.record.key, diff, served.entry)


class Status(NamedTuple):
    """One record of a result or of a whole function, and what became of the function since."""

    record: Record
    stale: bool | None
    """Whether the function does something else by now; None where that can't be told."""
    why: str
    """Why it can't be told."""
    changed: Difference = SAME
    """What is different now, as far as the store knows what it was."""
    missing: bool = False
    """Whether the store doesn't have the result: then the call is a `FrozenMiss`."""


def status() -> list[Status]:
    """All that is frozen. The modules of the functions are imported.

    Raises:
        LockError: `inviscid.lock` is damaged.
    """
    return [status_of(record) for record in lockfile.current().all()]


def status_of(record: Record) -> Status:
    """The same for one record."""
    try:
        base = base_of(record.function)
        store = current_store(base._slot().store)  # noqa: SLF001  it is ours
        entry = None if record.is_marker else store.find(bytes.fromhex(record.key))
        now = FINGERPRINTS.of(base, marks_of(entry))
        changed = changed_since(store, bytes.fromhex(record.fingerprint), now)
    except Exception as error:  # noqa: BLE001  importing runs the user's code
        return Status(record, None, f"{type(error).__name__}: {error}")
    missing = not record.is_marker and (entry is None or entry.value.hex() != record.content)
    return Status(record, now.raw.hex() != record.fingerprint, "", changed, missing)


def base_of(name: str) -> Any:
    """The cached function of a name, whose module is imported. Nothing that is cached runs meanwhile: a script that was
    never meant to be imported may call it.

    Raises:
        LookupError: it is no cached function any more, or its module can't be imported without running any.
        Exception: whatever importing raises.
    """
    from inviscid.entry import named

    found: Any = None
    try:
        with ExitStack() as stack:
            loaded = planning.ACTIVE or rerunning.ACTIVE or name.partition(":")[0] in sys.modules
            planned = None if loaded else stack.enter_context(planning.plan())
            found = unwrapped(named(*name.split(":", 1)))
    except SystemExit as error:
        raise LookupError(f"importing {name.partition(':')[0]} ends the process ({error})") from error
    if found is None and planned is not None and planned.ended:
        raise LookupError(f"importing {name.partition(':')[0]} would run cached functions: {planned.ended}")
    if not is_declared(found):
        raise LookupError(f"{name} is no cached function any more")
    return found.__inviscid_base__


# A call against the records -------------------------------------------------------------------------------------------


def _records(name: str, arguments: str) -> tuple[Record, ...]:
    return lockfile.current().calls.get((name, arguments), ())


class _ByName(References):
    """What classes contribute to the digest of an argument of a frozen function: their name, if it means them. What a
    function among the arguments is called and what it says of itself counts: nobody looks at whether that is observed.
    """

    def __init__(self, forms: Forms | None = None) -> None:
        super().__init__(CLOSURE_WIDE - {EXACT}, forms)

    def __call__(self, value: Any, path: str) -> bytes:
        if isinstance(value, type) and is_user(value):
            module, qualname = str(value.__module__), value.__qualname__
            if under(module, qualname) is value:
                main = vars(sys.modules["__main__"]) if module == "__main__" else None
                return pack(["class", module if main is None else name_of_namespace(main), qualname])
        return super().__call__(value, path)


def under(module: str, qualname: str) -> Any:
    """What a name means here, if its module is there; nothing is imported."""
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def unwrapped(found: Any) -> Any:
    """The function behind what a class or a module holds."""
    for attribute in ("__func__", "fget", "func"):
        if not is_declared(found) and is_declared(inner := getattr(found, attribute, None)):
            return inner
    return found


def _arguments(slot: Slot, values: dict[str, Any]) -> str:
    encoder = Encoder(_ByName(slot.forms), volatile=slot.options.volatile)
    return _arguments_of(digest_inputs(values, slot.options, encoder))


def _arguments_of(inputs: Sequence[tuple[str, bytes]]) -> str:
    # With their names: the fingerprint, which knows them otherwise, doesn't count here.
    return combine("arguments", pack([list(item) for item in inputs])).hex()


def _digest(value: Any, key: str) -> str:
    return _UNSET if value is MISSING else Encoder(_ByName()).digest(value, f"config '{key}'").hex()


def _other_config(record: Record, slot: Slot) -> str:
    """The config key that isn't what it was when a record was made; empty if there is none."""
    layers = [*slot.layers, *configuration.active()]
    now: dict[str, str] = {}
    own: set[str] = set()
    for name, then in record.config.items():
        parameter, key = _own(name)
        own.add(parameter)
        if parameter in slot.own:
            found = _digest(slot.own[parameter], key)
        else:
            found = now[key] = now.get(key) or _digest(configuration.lookup(key, layers), key)
        if found != then:
            return key
    # What it reads by now, and was not given then, is code; unless it is given something.
    return next((read.key for read in slot.reads if read.parameter in slot.own.keys() - own), "")


def _own(name: str) -> tuple[str, str]:
    """The parameter, or "", and the config key."""
    found = _PARAMETER.fullmatch(name)
    return (found[1], found[2]) if found else ("", name)


def _load(slot: Slot, values: dict[str, Any], record: Record) -> Served:
    def missing(why: str) -> FrozenMiss:
        return FrozenMiss(
            f"{_called(slot, values)} is frozen ({record.date[:10]}), but {why}. It is not computed: bring back the "
            f"store that has it, or {_thaw_it(slot, values)}"
        )

    try:
        store = current_store(slot.store)
        entry = store.find(bytes.fromhex(record.key))
        if entry is None:
            raise missing(f"its result is not in the store at {store.path}")
        if entry.value.hex() != record.content:
            raise missing("the store has another result under its key than the one that was frozen")
        loaded = results.load(store, entry, None, slot.forms)
    except StoreError as error:
        raise missing(f"the store can't be used: {error}".rstrip(".")) from error
    except results.Unreadable as error:
        raise missing(str(error).rstrip(".") or "its stored result was damaged or removed") from error
    return Served(loaded.value, entry, record, store, loaded.files)


def _unseen(slot: Slot, values: dict[str, Any], known: Sequence[Record]) -> str:
    """The message for a call that a frozen function has no result for."""
    why = "has no frozen result for these arguments"
    if known:
        key = _other_config(known[0], slot)
        why = f"has a frozen result for these arguments under another config ('{key}')"
    elif not _has_results(slot.name):
        why = "has no frozen result"
    called = _called(slot, values)
    cure = "leave out frozen=True" if slot.options.frozen else f"thaw the function with {slot.label}.thaw()"
    return (
        f"{called}: {slot.label}() is frozen and {why}; it is not computed. Compute it on purpose with "
        f"{slot.label}.refresh(…) and freeze it with {slot.label}.calling(…).freeze(because=…), or {cure}"
    )


def _has_results(name: str) -> bool:
    return any(not record.is_marker for record in lockfile.current().records.get(name, ()))


def _thaw_it(slot: Slot, values: dict[str, Any]) -> str:
    return f"thaw it with {slot.label}.calling({_shown(slot.options, values)}).thaw()"


def _called(slot: Slot, values: dict[str, Any]) -> str:
    return f"{slot.label}({_shown(slot.options, values)})"


def _shown(options: Options, values: Mapping[str, Any]) -> str:
    """The arguments in a short text; nothing of what has the name of a secret."""
    text = ", ".join(
        f"{name}={brief(value, name) or '…'}" for name, value in values.items() if name not in options.ignore
    )
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _refused(slot: Slot) -> str:
    """Why a function can't be frozen, which goes by its name alone; empty if it can."""
    base = slot.function
    wrapped = base.__wrapped__
    if any(mark in slot.label for mark in _CODE):
        captured = getattr(getattr(wrapped, "__code__", None), "co_freevars", ())
        if slot.label.endswith("<lambda>"):
            return "a lambda has no name of its own: give it one with def"
        if set(captured) - {base.__name__}:
            return (
                f"what it captures ({', '.join(captured)}) is not in its name, and every function that is made there "
                "has the same name: pass it as an argument"
            )
    if not isinstance(wrapped, types.FunctionType | types.BuiltinFunctionType) and not hasattr(wrapped, "__wrapped__"):
        return "it is an object with a state of its own, which its name doesn't tell: cache a function that uses it"
    found = unwrapped(under(str(base.__module__), slot.label))
    if is_declared(found) and found.__inviscid_base__ is not base:
        return "its name means another function by now: give each function a name of its own"
    return ""


# Freezing -------------------------------------------------------------------------------------------------------------


class _Note(NamedTuple):
    """What a computation knew of its call."""

    arguments: str
    shown: str
    config: dict[str, str]
    marks: frozenset[str]


def noted(slot: Slot, call: Call) -> Call:
    """A call that has just been computed, with a note of what freezing it needs."""
    try:
        parts = msgpack.unpackb(call.parts)
        note = _note(slot, call, parts)
    except Exception:  # noqa: BLE001  it runs code of the user's classes; and a result can do without
        return call
    told = {
        "arguments": note.shown,
        "digest": bytes.fromhex(note.arguments),
        "config": note.config,
        "marks": sorted(note.marks),
    }
    return call._replace(parts=pack({**parts, _NOTE: told}))


def _note(slot: Slot, call: Call, parts: Mapping[str, Any]) -> _Note:
    injected = {read.parameter for read in slot.reads}
    passed = {name: value for name, value in call.values.items() if name not in injected}
    arguments = _arguments_of(call.inputs) if call.by_name else _arguments(slot, passed)
    given = call.given
    own = [read for _, read in call.fingerprint.reads if id(read) in given.own]
    config: dict[str, str] = {}
    for read in own:
        overridden = id(read) in given.overridden
        value = given.own[id(read)] if overridden else configuration.lookup(read.key, given.layers)
        config[f"{read.parameter} ({read.key})"] = _digest(value, read.key)
    others = Counter(key for key, *_ in parts["config"]) - Counter(read.key for read in own)
    config |= {key: _digest(configuration.lookup(key, given.layers), key) for key in sorted(others)}
    return _Note(arguments, _shown(slot.options, passed), config, call.asked)


def note_of(entry: Entry) -> _Note | None:
    """What the computation of an entry knew of its call; None where that wasn't noted."""
    told = parts_of_key(entry).get(_NOTE)
    if told is None:
        return None
    return _Note(told["digest"].hex(), told["arguments"], told["config"], frozenset(told["marks"]))


def arguments_of(entry: Entry) -> str:
    """The arguments of the call that an entry answers, for people; empty where they weren't noted."""
    parts: object = parts_of_key(entry)
    told = parts.get(_NOTE) if isinstance(parts, dict) else None
    return str(told.get("arguments", "")) if isinstance(told, dict) else ""


def marks_of(entry: Entry | None) -> frozenset[str]:
    """The marks under which the fingerprint of an entry was taken, as far as that was noted."""
    note = None if entry is None else note_of(entry)
    return frozenset() if note is None else note.marks


def parts_of_key(entry: Entry) -> dict[str, Any]:
    """The parts of an entry's key, as far as they can be read."""
    try:
        parts: dict[str, Any] = msgpack.unpackb(entry.provenance.parts)
    except (ValueError, msgpack.UnpackException):
        # Whoever wrote it had other parts.
        return {}
    return parts


def _record(slot: Slot, note: _Note, entry: Entry, because: str) -> Record:
    return Record(
        slot.name, note.arguments, note.shown, note.config, entry.key.hex(), entry.value.hex(),
        entry.provenance.fingerprint.hex(), because, now_as_text(),
    )  # fmt: skip


def now_as_text() -> str:
    """The date of a record (ISO 8601)."""
    import datetime as dt

    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _check_name(slot: Slot) -> None:
    if refused := _refused(slot):
        raise FrozenMiss(f"{slot.label}() can't be frozen: {refused}")


def _freeze_call(
    slot: Slot,
    values: dict[str, Any],
    foresee: Callable[[], tuple[Call, Entry | None, Sequence[str]]],
    because: str,
) -> None:
    _check_name(slot)
    # Before the look for results: they may be of a call that would have run.
    rerunning.keep_off(f"freezing {slot.label}()")
    # What is damaged is found before anything is pinned.
    known = _records(slot.name, _arguments(slot, values))
    again = [record for record in known if not _other_config(record, slot)]
    if again:
        _keep(slot, current_store(slot.store), [record._replace(because=because or record.because) for record in again])
        return
    call, entry, moved = foresee()
    store, called = current_store(slot.store), _called(slot, values)
    if entry is None and moved:
        raise FrozenMiss(
            f"the stored result of {called} is not what it would be now ({'; '.join(moved)}): call it first"
        )
    if entry is None:
        raise FrozenMiss(f"{called} has no stored result that could be frozen: call it first")
    _keep(slot, store, [_record(slot, _note(slot, call, msgpack.unpackb(call.parts)), entry, because)])


def freeze_function(slot: Slot, take: Callable[[frozenset[str]], Fingerprint], because: str) -> int:
    """Freeze a function as a whole, with all results that its code of now has; gives how many are frozen then.

    Raises:
        FrozenMiss: it has none, or can't be frozen.
        LockError: `inviscid.lock` is damaged.
        StoreError: the store can't be used.
    """
    _check_name(slot)
    # As above.
    rerunning.keep_off(f"freezing {slot.label}()")
    _keep(slot, current_store(slot.store), records_for(slot, take, because))
    return sum(not record.is_marker for record in lockfile.current().records[slot.name])


def records_for(slot: Slot, take: Callable[[frozenset[str]], Fingerprint], because: str) -> list[Record]:
    """The records that freezing a function as a whole would add.

    Raises:
        FrozenMiss: it has none, or can't be frozen.
        LockError: `inviscid.lock` is damaged.
        StoreError: the store can't be used.
    """
    _check_name(slot)
    already = lockfile.current().records.get(slot.name, ())
    frozen = {record.call for record in already}
    store, unknown = current_store(slot.store), 0
    new: dict[tuple[object, ...], Record] = {}
    fingerprints: dict[frozenset[str], bytes] = {}
    # The newest first: under other packages, say, one call may have several results.
    for entry in store.nearest(slot.name, -1) if store.exists() else ():
        note, marks = note_of(entry), marks_of(entry)
        if marks not in fingerprints:
            fingerprints[marks] = take(marks).raw
        parts = parts_of_key(entry)
        if entry.provenance.fingerprint != fingerprints[marks] or parts.get("namespace") != slot.options.namespace:
            continue
        if any(world.differs(sight) for sight in unpack_manifest(entry.manifest).sights):
            continue
        if note is None:
            unknown += 1
            continue
        record = _record(slot, note, entry, because)
        if record.call not in frozen:
            new.setdefault(record.call, record)
    if unknown:
        events.warn(
            slot.label,
            f"{unknown} results of {slot.label}() were stored without what freezing them needs: freeze them one by one "
            f"with {slot.label}.calling(…).freeze(…)",
        )
    if not new and not _has_results(slot.name):
        raise FrozenMiss(f"{slot.label}() has no stored result of what it does now that could be frozen: call it first")
    marker = Record(slot.name, EVERY, "", {}, "", "", take(frozenset()).raw.hex(), because, now_as_text())
    # One that is there stays with its reason, unless there is a new one.
    markers = [marker] if because or not _records(slot.name, EVERY) else []
    return [*new.values(), *markers]


def _keep(slot: Slot, store: Store, records: Sequence[Record]) -> None:
    """Pin the results and write the records, in place of those of the same calls."""
    pinned = {pin.key for pin in store.pins()} if store.exists() else set()
    mine = {bytes.fromhex(record.key): record.because for record in records if not record.is_marker}
    mine = {key: because for key, because in mine.items() if key not in pinned}
    for key, because in mine.items():
        store.pin(key, f"{_PIN}: {because}" if because else _PIN)
    replaced = {record.call for record in records}

    def update(found: list[Record]) -> list[Record]:
        # Another process may have frozen the same call with another result meanwhile: it came first.
        theirs = {record.call: record.content for record in found}
        for record in records:
            if theirs.get(record.call, record.content) != record.content:
                raise FrozenMiss(f"{slot.label}({record.shown}) was frozen meanwhile, with another result")
        return [*(record for record in found if record.call not in replaced), *records]

    try:
        lockfile.change(update)
    except BaseException:
        for key in mine:
            store.unpin(key)
        raise


def _thaw_call(slot: Slot, values: dict[str, Any]) -> None:
    arguments = _arguments(slot, values)
    gone = {record.call for record in _records(slot.name, arguments) if not _other_config(record, slot)}
    if not gone:
        raise FrozenMiss(f"{_called(slot, values)} is not frozen")
    _let_go(slot, lambda record: record.call in gone)


def thaw_function(slot: Slot) -> int:
    """Undo all that was frozen of a function; gives how many results that were.

    Raises:
        FrozenMiss: nothing of it is frozen.
        LockError: `inviscid.lock` is damaged.
    """
    if slot.name not in lockfile.current().records:
        by_code = " in inviscid.lock; it is frozen by frozen=True in its code" if slot.options.frozen else ""
        raise FrozenMiss(f"{slot.label}() is not frozen{by_code}")
    return _let_go(slot, lambda record: record.function == slot.name)


def _let_go(slot: Slot, gone: Callable[[Record], bool]) -> int:
    rerunning.keep_off(f"thawing {slot.label}()")
    going: list[Record] = []
    staying: list[Record] = []

    def update(found: list[Record]) -> list[Record]:
        going[:] = [record for record in found if gone(record)]
        staying[:] = [record for record in found if not gone(record)]
        return staying

    lockfile.change(update)
    # The record counts, the pin only keeps what it names: a store that is gone is no reason to keep a call frozen.
    keys = {record.key for record in going} - {record.key for record in staying} - {""}
    try:
        store = current_store(slot.store)
        for pin in store.pins() if store.exists() else ():
            # What the user pinned for reasons of their own stays.
            if pin.key.hex() in keys and pin.because.startswith(_PIN):
                store.unpin(pin.key)
    except StoreError as error:
        events.warn(slot.label, f"What was frozen of {slot.label}() is thawed, but stays pinned: {error}")
    return sum(not record.is_marker for record in going)


def check_forgetting(slot: Slot, key: bytes) -> None:
    """Refuse to remove a frozen result.

    Raises:
        FrozenMiss: it is one.
    """
    for record in lockfile.current().records.get(slot.name, ()):
        if record.key == key.hex():
            raise FrozenMiss(f"{slot.label}({record.shown}) is frozen and can't be forgotten: thaw it first")


def kept(slot: Slot, store: Store) -> frozenset[bytes]:
    """The keys of a function's entries that cleaning must leave; says so where there are any."""
    pinned = frozenset(pin.key for pin in store.pins())
    found = frozenset(entry.key for entry in store.nearest(slot.name, -1) if entry.key in pinned)
    if found:
        events.warn(
            slot.label,
            f"{len(found)} results of {slot.label}() are frozen or pinned, and not cleaned away: thaw them first "
            f"({slot.label}.thaw())",
        )
    return found
