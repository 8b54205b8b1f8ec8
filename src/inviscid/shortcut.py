"""The short way to a hit: for a call whose key follows from its arguments alone, because nothing else moved.

The whole path identifies a call by all that it depends on. After some hits of a function whose calls are *steady*
(`calls.Steady`), a function is compiled for it that

1. binds the arguments, by having the outer signature itself;
2. looks whether anything moved: what is told (`moved`), and what has to be looked at (`fingerprinting.compiled`);
3. makes the stream of the arguments;
4. takes the result from memory, or with the key from the store, checked as ever.

Wherever that gives no answer, and whatever goes wrong in it, the call goes the whole path, as if there were no other.
So the short way says nothing, raises nothing, and decides nothing that the path would decide otherwise. It isn't gone
while records are logged, while any computation is running that has to be told of its calls, and by calls that are
frozen, awaited, or depend on more than their key.
"""

from __future__ import annotations

import operator
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from blake3 import blake3
from msgpack import Packer

from inviscid import calls, computing, configuration, events, known, lockfile, moved, outputs, results, settings
from inviscid.calls import ATOMS, Call, Options, References, Rest, Steady
from inviscid.digest import digest
from inviscid.entry import Entry
from inviscid.fingerprinting import Distribution, Fingerprint, Forms, compile_guards
from inviscid.sentinels import MISSING
from inviscid.signature import Signature, head_of
from inviscid.store import Held, Store

# A way is made after so many hits: to make one costs as much as some hits, and a process that hits once shall not pay.
_HITS = 3
# Seconds after which the guards themselves are asked again: see `compiled`.
_AGAIN = 1.0
_MOST = 1 << 17
_CARRIED = 1 << 10
SAFE_MODES = ("on", "readonly", "replay")
_NONE: frozenset[Distribution] = frozenset()
_PREFIX = "_inviscid_"
# In front of streams that are no MessagePack.
_DIGESTS = b"\xc1"

_TEXT = """\
def make({constants}):
    def look({head}):
        {p}found = {p}way.found
        if (
            {p}token[0] is not {p}way.token or {p}running or {p}modes() is not {p}way.modes
            or {p}layers() is not {p}way.layers or {p}logs({p}level)
            or ({p}now() > {p}way.due and not {p}tick()) or ({p}way.beside is not None and not {p}way.beside()){guards}
        ):
            return {p}missing
        if {plain}:
            {p}stream = {p}pack([{arguments}])
            {p}held = {p}found.known.get({p}stream)
            if {p}held is not None and {p}held.generation == {p}way.view[0]:
                {p}held.hits += 1
                {p}value = {p}held.value
                return {p}value if {p}value is not {p}missing else {p}load({p}held)
            return {p}find({p}found, {p}stream, ({arguments}))
        {carried}
        return {p}other({p}found, ({arguments}))
    return look
"""
# For an only argument, which may be an array that carries its digest.
_CARRIED_TEXT = """\
{p}told = {p}told_by({name}) if {p}type({name}) is {p}way.array else None
        if {p}told is not None:
            {p}held = {p}found.carried.get({p}told)
            if {p}held is not None and {p}held.generation == {p}way.view[0]:
                {p}held.hits += 1
                {p}value = {p}held.value
                return {p}value if {p}value is not {p}missing else {p}load({p}held)"""


class Around(NamedTuple):
    """What a call depended on before it was identified."""

    token: object
    modes: tuple[settings.Mode, ...]
    layers: tuple[configuration.Layer, ...]


def around() -> Around:
    """What it is now; to be asked before a call is identified, because what moves meanwhile may make it another."""
    return Around(moved.token[0], settings.local_modes(), configuration.local_layers())


class _Found:
    """What was found under one state of all that isn't looked at by the guards: with another state there is another one
    of these. So whoever took it before they looked whether anything moved has what belongs to what they saw, whatever
    other threads learn meanwhile.
    """

    __slots__ = ("carried", "known", "rests", "types")

    def __init__(self) -> None:
        self.known: dict[bytes, Held] = {}
        """By the stream of the arguments."""
        self.carried: dict[tuple[Any, ...], Held] = {}
        """The same, for arguments that carry their digest, by their tokens."""
        self.types: list[Any] = []
        """Types of those, kept alive."""
        self.rests: dict[frozenset[Distribution], Rest] = {}
        """By the distributions that the arguments bring: what the key is beside their digests."""


class Shortcut:
    """The short way of one function, as long as it has this signature, this fingerprint and this store."""

    __slots__ = (
        "_again", "_environ", "_fingerprint", "_forms", "_from_files", "_hits",
        "_layers_then", "_learning", "_lock", "_names", "_options", "_others", "_signature", "_store",
        "array", "beside", "due", "found", "layers", "look", "modes", "safe", "token", "view",
    )  # fmt: skip

    def __init__(self, options: Options, forms: Forms) -> None:
        self.look: Callable[..., Any] | None = None
        """Called as the function is; gives its result or `MISSING`. None while there is no short way."""
        self.token: object = None
        self.modes: tuple[settings.Mode, ...] = ()
        self.layers: tuple[configuration.Layer, ...] = ()
        self.due = 0.0
        self.beside: Callable[[], bool] | None = None
        """Whether what has to be looked at each time is as it was; None where there is nothing."""
        self.view: memoryview = memoryview(b"")
        """Of the generation of the store."""
        self.array: type | None = None
        """numpy's, once it is there."""
        self.safe = False
        """Whether the store loads nothing by pickle."""
        self._options = options
        self._forms = forms
        self._learning = threading.Lock()
        self._hits = 0
        self._again = 0.0
        self._layers_then: list[configuration.Layer] = []
        self._from_files = False
        self._lock: lockfile.Lock = lockfile.NOTHING
        self._environ: Any = None
        self._names: tuple[str, ...] = ()
        self._others = True
        """Whether arguments that aren't plain may go the short way."""
        self.found = _Found()
        self._fingerprint: Fingerprint | None = None
        self._signature: Signature | None = None
        self._store: Store | None = None

    def learn(self, call: Call, signature: Signature, store: Store, mode: settings.Mode, before: Around) -> None:
        """Take note of a hit of the whole path that depends on nothing but its key.

        Args:
            call: as it was identified.
            signature: of the function.
            store: where its result was found.
            mode: in force.
            before: what was the case before it was identified.
        """
        if call.steady is None or mode.name not in SAFE_MODES or not signature.is_readable or events.is_heard():
            return
        # One at a time: two would leave what belongs to different configs side by side. Nobody waits, so that a child
        # that was forked meanwhile only does without.
        if self._learning.acquire(blocking=False):
            try:
                self._learn(call, call.steady, signature, store, before)
            finally:
                self._learning.release()

    def _learn(self, call: Call, steady: Steady, signature: Signature, store: Store, before: Around) -> None:
        known = self._fingerprint is call.fingerprint and self._signature is signature and self._store is store
        self._hits = self._hits + 1 if known else 1
        self._fingerprint, self._signature, self._store = call.fingerprint, signature, store
        self.safe = store.safe
        if not known:
            self.look = None
        if self._hits < _HITS:
            return
        if moved.is_restless() or not moved.listen() or before.token is not moved.token[0]:
            return
        view = store.watch_generation()
        if view is None:
            return
        if self.look is None:
            self._make(call.fingerprint, signature)
        same = before == Around(self.token, self.modes, self.layers)
        distributions = steady.inputs.distributions - call.fingerprint.distributions
        # Until the new token is there nobody takes what is half old and half new.
        self.token = None
        if self.found.rests.get(distributions) != steady.rest:
            if not same or distributions in self.found.rests:
                self.found = _Found()
            self.found.rests[distributions] = steady.rest
        self._layers_then, self._lock, self._environ = configuration.active(), lockfile.current(), os.environ
        self._from_files = configuration.is_from_files()
        self.view, self.modes, self.layers = view, before.modes, before.layers
        self.beside = self._beside(steady.ambient)
        now = time.monotonic()
        self.token, self.due, self._again = before.token, moved.due(now), now + _AGAIN

    def _beside(self, ambient: Callable[[], str] | None) -> Callable[[], bool] | None:
        files = self._files_stand if moved.is_accompanied() else None
        if ambient is None:
            return files
        answer = ambient()
        if files is None:
            return lambda: ambient() == answer
        return lambda: ambient() == answer and files()

    def _files_stand(self) -> bool:
        """Whether what other processes may write is as it was."""
        if self._environ is not os.environ:
            return False
        if self._from_files:
            layers = configuration.active()
            if len(layers) != len(self._layers_then) or not all(map(_is, layers, self._layers_then)):
                return False
        return lockfile.is_still(self._lock)

    def _make(self, fingerprint: Fingerprint, signature: Signature) -> None:
        self.found = _Found()
        self._others = True
        self._names = tuple(item.name for item in signature.outer if item.name not in self._options.ignore)
        self.look = _compile(
            self,
            signature,
            compile_guards(fingerprint.guards, fingerprint.marks),
            self._names,
        )

    # What the compiled function calls where it doesn't know further. --------------------------------------------------

    def tick(self) -> bool:
        """Look at what nobody tells of, from time to time; False where it moved."""
        assert self._store is not None
        assert self._fingerprint is not None
        now = time.monotonic()
        self._store.tick()
        view = self._store.watch_generation()
        if view is None or not self._files_stand():
            self.token = None
            return False
        if now > self._again:
            if not self._fingerprint.guards.hold():
                self.token = None
                return False
            self._again = now + _AGAIN
        self.view, self.due = view, moved.due(now)
        return True

    def find(self, found: _Found, stream: bytes, values: tuple[Any, ...]) -> Any:
        """The result of a call with plain arguments, from the store."""
        rest = found.rests.get(_NONE)
        return MISSING if rest is None else self._find(found, stream, rest, [digest(_pack(value)) for value in values])

    def other(self, found: _Found, values: tuple[Any, ...]) -> Any:
        """The result of a call with other arguments, if their digests say all of them."""
        fingerprint = self._fingerprint
        if not self._others or fingerprint is None:
            return MISSING
        carried = self._carried_by(values, known.token) if len(values) > 1 else None
        if carried is not None:
            held = found.carried.get(carried)
            if held is not None and held.generation == self.view[0]:
                held.hits += 1
                return held.value if held.value is not MISSING else _load(held, safe=self.safe)
        references = References(fingerprint.marks, self._forms)
        encoder = calls.encoder_of(self._options, references, fingerprint)
        digests = [encoder.digest(value, f"argument '{name}'") for name, value in zip(self._names, values, strict=True)]
        inputs = calls.inputs_of(encoder, references, digests, fingerprint)
        if inputs is None:
            # To find that out once more would cost what it saves.
            self._others = False
            return MISSING
        stream = _DIGESTS + inputs.stream
        held = found.known.get(stream)
        if held is not None and held.generation == self.view[0]:
            self._carry(found, values, held)
            held.hits += 1
            return held.value if held.value is not MISSING else _load(held, safe=self.safe)
        rest = found.rests.get(inputs.distributions - fingerprint.distributions)
        return MISSING if rest is None else self._find(found, stream, rest, digests)

    def _carried_by(self, values: tuple[Any, ...], token: Callable[[Any], Any]) -> tuple[Any, ...] | None:
        """What tells these arguments from others without a look at any content; None where nothing does."""
        if self.array is None and (numpy := sys.modules.get("numpy")) is not None:
            self.array = numpy.ndarray
        if self.array is None:
            return None
        if len(values) == 1:
            return token(values[0]) if type(values[0]) is self.array else None
        tokens: list[Any] = []
        for value in values:
            if type(value) is self.array:
                told = token(value)
                if told is None:
                    return None
                # That two arguments are one array counts too.
                tokens.append((told, next(at for at, other in enumerate(values) if other is value)))
            elif type(value) in ATOMS:
                tokens.append(_pack(value))
            else:
                return None
        return tuple(tokens)

    def _carry(self, found: _Found, values: tuple[Any, ...], held: Held) -> None:
        """Have arrays that carry their digest told by where they are, the next time."""
        carried = self._carried_by(values, known.note)
        if carried is not None:
            if len(found.carried) >= _CARRIED:
                found.carried.clear()
                found.types.clear()
            # A token speaks of a type by its id.
            found.types += [value.dtype for value in values if type(value) not in ATOMS]
            found.carried[carried] = held

    def _find(self, found: _Found, stream: bytes, rest: Rest, digests: list[bytes]) -> Any:
        assert self._store is not None
        held = self._store.held(rest.key(digests))
        if held is None or not depends_on_key_alone(held.entry):
            return MISSING
        value = _load(held, safe=self.safe)
        _count(held, self._store)
        if held.generation == self.view[0]:
            if len(found.known) >= _MOST:
                found.known.clear()
            found.known[stream] = held
        return value


def recall(call: Call, name: str, items: Sequence[Any], options: Options, forms: Forms, store: Store) -> list[Any]:
    """The stored results of calls that differ from one that was identified in one argument alone; `MISSING` for what
    isn't stored, or doesn't follow from the arguments.

    Args:
        call: the one, identified just now, and steady.
        name: of the argument, the first one that counts.
        items: what stands for it in each call.
        options: the decorator's.
        forms: where the normal forms of code are remembered.
        store: where to look.

    Raises:
        StoreError: the store can't be read now.
    """
    answers = [MISSING] * len(items)
    assert call.steady is not None
    key_of = call.steady.rest.by_first([value for other, value in call.inputs if other != name])
    numbers: dict[bytes, list[int]] = {}
    for number, item in enumerate(items):
        try:
            found = blake3(_pack(item)).digest() if type(item) in ATOMS else None
        except (OverflowError, ValueError):
            continue
        found = found or _digest_alone(item, name, call.fingerprint, options, forms)
        if found is not None:
            numbers.setdefault(key_of(found), []).append(number)
    for held in store.held_many(list(numbers)):
        if not depends_on_key_alone(held.entry):
            continue
        for number in numbers[held.entry.key]:
            try:
                answers[number] = held.value if held.value is not MISSING else _load(held, safe=store.safe)
            except Exception:  # noqa: BLE001  the call itself says what is wrong
                break
            _count(held, store)
    return answers


def _digest_alone(item: Any, name: str, fingerprint: Fingerprint, options: Options, forms: Forms) -> bytes | None:
    """The digest of an argument; None where it says not all of it, or isn't to be had."""
    try:
        references = References(fingerprint.marks, forms)
        encoder = calls.encoder_of(options, references, fingerprint)
        found = encoder.digest(item, f"argument '{name}'")
    except Exception:  # noqa: BLE001  the call itself says what is wrong
        return None
    inputs = calls.inputs_of(encoder, references, [found], fingerprint)
    return found if inputs is not None and inputs.distributions <= fingerprint.distributions else None


def _count(held: Held, store: Store) -> None:
    """Count a hit."""
    if held.generation >= 0:
        held.hits += 1
    else:
        store.hit(held.entry.key, held.entry.provenance.seconds)


def depends_on_key_alone(entry: Entry) -> bool:
    """Whether an entry is good whenever its key is right, and its bytes mean the same to all."""
    return not entry.manifest and not entry.classes and not entry.codec.endswith(outputs.MARK)


def is_immutable(value: Any) -> bool:
    """Whether nobody can change a value, so that all may have the same object."""
    if type(value) is tuple:
        return all(map(is_immutable, value))
    return type(value) in ATOMS


def _load(held: Held, *, safe: bool) -> Any:
    """The value of an entry; of one that can't be changed always the same."""
    if held.data is None or not held.is_whole():
        return MISSING
    value = results.decode(held.entry, held.data, safe=safe)
    if is_immutable(value):
        held.value = value
    return value


def _compile(
    way: Shortcut,
    signature: Signature,
    guards: Sequence[Callable[[], bool]],
    names: Sequence[str],
) -> Callable[..., Any]:
    """The function of `_TEXT`: all that it uses stands in its closure, under names that no parameter has."""
    constants = {
        "token": moved.token, "way": way, "running": computing.RUNNING, "modes": settings.local_modes,
        "layers": configuration.local_layers, "logs": events.logger().isEnabledFor, "level": events.INFO,
        "now": time.monotonic, "tick": way.tick, "missing": MISSING, "pack": _pack, "find": way.find,
        "load": partial(_load, safe=way.safe), "told_by": known.token, "other": way.other, "type": type, "plain": ATOMS,
    }  # fmt: skip
    constants |= {f"holds{number}": holds for number, holds in enumerate(guards)}
    constants |= {f"of_{item.name}": item.default for item in signature.outer if item.default is not MISSING}
    text = _TEXT.format(
        p=_PREFIX,
        constants=", ".join(f"{_PREFIX}{name}" for name in constants),
        head=head_of(signature.outer, lambda item: f"{_PREFIX}of_{item.name}"),
        guards="".join(f" or not {_PREFIX}holds{number}()" for number in range(len(guards))),
        carried=_CARRIED_TEXT.format(p=_PREFIX, name=names[0]) if len(names) == 1 else "",
        plain=" and ".join(f"{_PREFIX}type({name}) in {_PREFIX}plain" for name in names) or "True",
        arguments="".join(f"{name}, " for name in names),
    )
    namespace: dict[str, Any] = {}
    exec(text, {"__builtins__": {}}, namespace)  # noqa: S102  our own text, with names that are identifiers
    made: Callable[..., Any] = namespace["make"](*constants.values())
    return made


_is = operator.is_
_packer = Packer(use_bin_type=True, strict_types=True)
_pack: Callable[[object], bytes] = _packer.pack
