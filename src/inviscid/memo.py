"""Cached functions, and the one path of a call through all floors.

    bind → config → fingerprint → input digests → key → find → hit
                                                            → claim → find again → compute → check again → publish

The path is a generator: it yields a step wherever it may have to wait, and who drives it decides how (`steps`). So it
is the same path whether the function is called or awaited.

Every call ends in one `Outcome`, which is logged with the key and, on a miss, with what changed. Where later kinds of
task have their place on this path says ARCHITECTURE.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from types import FunctionType
from typing import Any, ClassVar, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar, cast, overload

from inviscid import (
    bodies,
    calls,
    computing,
    configuration,
    confirm,
    events,
    explain,
    freeze,
    outputs,
    results,
    settings,
    stores,
)
from inviscid.bound import BoundCachedFunction
from inviscid.callables import binds, coroutine_mark, names_of, result_of, source_of, taker_of
from inviscid.calls import FINGERPRINTS, Call, Config, Options
from inviscid.computing import Answer, Computation
from inviscid.configuration import Layer
from inviscid.confirm import Standing
from inviscid.entry import Entry, function_name
from inviscid.errors import ConfigError, OutputError, ReplayMiss, UnhashableInput, UnstorableResult
from inviscid.explain import SAME, Difference, Explanation
from inviscid.fingerprinting import CURES, ConfigRead, Declared, Fingerprint
from inviscid.forms import StoredForms
from inviscid.freeze import OneCall, Served, Slot
from inviscid.manifest import Manifest, unpack_manifest
from inviscid.outcome import Outcome
from inviscid.sentinels import MISSING
from inviscid.signature import Parameter, Signature, outer_documentation, outer_signature
from inviscid.steps import Alone, Body, Claim, Steps, run
from inviscid.store import Store
from inviscid.stores import Attempt, StoreLike

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Q = ParamSpec("Q")

_ON = settings.Mode("on")


class Found(NamedTuple):
    """What a look into the store gave."""

    value: Any
    entry: Entry | None
    outcome: Outcome
    reasons: tuple[str, ...]
    difference: Difference = SAME
    standing: Standing = Standing()
    earlier: Entry | None = None
    """An entry that doesn't stand now."""
    unless: str = ""
    """In an explanation: whose answer may let an earlier result stand."""
    files: outputs.Stored | None = None
    """The outputs of a stored result."""

    @property
    def digest(self) -> bytes:
        """Of what is there: the value, and the outputs."""
        assert self.entry is not None
        return outputs.told(self.entry.value, self.files.digests() if self.files is not None else ())


def _of_frozen(served: Served) -> Found:
    return Found(served.value, served.entry, Outcome.HIT_FROZEN, (served.reason,), files=served.files)


class Computed(NamedTuple, Generic[R]):
    """What running the body gave."""

    value: R
    seconds: float
    disturbed: str
    """Why it must not be stored, if anything changed while it ran."""
    computation: Computation
    pending: outputs.Pending


class Variant(NamedTuple):
    """What makes one cached function out of another: its configuration, and the mode that it was sent with."""

    layers: tuple[Layer, ...] = ()
    """Config that holds for all that it reaches, the nearest first."""
    own: tuple[tuple[str, Any], ...] = ()
    """Values of its own config parameters."""
    mode: settings.Mode | None = None
    """In a worker: the mode of the process that sent it."""


class _Kind(NamedTuple):
    """How a cached function is called, which follows from what it wraps."""

    function: Callable[..., Any]
    run: bodies.Run
    drive: Callable[[Steps[Any]], Any]
    awaited: bool
    binds: bool


def _kind_of(wrapped: Any) -> _Kind:
    function, result, bound = source_of(wrapped), result_of(wrapped), binds(wrapped)
    if result in ("at once", "generator"):
        body = bodies.listed if result == "generator" else bodies.called
        return _Kind(function, body, run, awaited=False, binds=bound)
    # Only they need an event loop.
    from inviscid.awaiting import answer

    body = bodies.collected if result == "async generator" else bodies.awaited
    return _Kind(function, body, answer, awaited=True, binds=bound)


class CachedFunction(Generic[P, R]):
    """A function whose results are kept. Called like the function that it wraps, less the config parameters."""

    __name__: str
    __qualname__: str
    __wrapped__: Callable[..., R]
    # In slots, so that `functools.wraps`, which copies `__dict__`, leaves them where they are.
    __slots__ = (
        "__dict__", "__inviscid_base__", "__weakref__", "_forms", "_kind", "_options", "_signed", "_store", "_variant",
    )  # fmt: skip

    _carried: ClassVar[tuple[str, ...]] = ("_kind", "_signed", "_options", "_store")
    """What all variants share."""

    def __init__(
        self,
        function: Callable[..., R],
        options: Options = Options(),
        store: StoreLike | None = None,
    ) -> None:
        inner: Any = function
        if isinstance(inner, FunctionType):
            # What other objects have in theirs is their state.
            self.__dict__.update(vars(inner))
        self.__module__, self.__name__, self.__qualname__ = names_of(inner)
        self.__wrapped__ = function
        self.__inviscid_base__: CachedFunction[P, R] = self
        self._kind = _kind_of(inner)
        self._signed = self._sign()
        self.__doc__ = outer_documentation(inner.__doc__, self._signature.parameters)
        self._options = options
        self._store = store
        self._variant = Variant()
        self._forms = StoredForms(store)

    def _sign(self) -> tuple[Signature, tuple[ConfigRead, ...]]:
        signature = Signature(self.__wrapped__)
        return signature, tuple(
            ConfigRead(self.__qualname__, item.name, item.config, item.default) for item in signature.config.values()
        )

    def _interface(self) -> tuple[Signature, tuple[ConfigRead, ...]]:
        """What `_sign` made, anew where somebody replaced the defaults. One for all variants: a fingerprint knows
        the config parameters of the base.
        """
        base: CachedFunction[P, R] = self.__inviscid_base__
        if not base._signed[0].holds(base.__wrapped__):
            base._signed = base._sign()
        return base._signed

    @property
    def _signature(self) -> Signature:
        return self._interface()[0]

    @property
    def _reads(self) -> tuple[ConfigRead, ...]:
        return self._interface()[1]

    def _varied(self, variant: Variant) -> CachedFunction[P, R]:
        """Another cached function over the same base."""
        base = self.__inviscid_base__
        other: CachedFunction[P, R] = type(base).__new__(type(base))
        other.__dict__.update(base.__dict__)
        for name in self._carried:
            setattr(other, name, getattr(base, name))
        other._variant = variant
        other._forms = StoredForms(other._store, variant.mode)
        other.__inviscid_base__ = base
        return other

    # The call path ----------------------------------------------------------------------------------------------------

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The stored result, or else the computed one; of an async function, what awaiting it gives."""
        return self._kind.drive(self._value(args, kwargs, refresh=False))  # type: ignore[no-any-return]

    def _value(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, refresh: bool) -> Steps[R]:
        """What a call gives; the computation around it is told."""
        around = computing.around()
        answer = None
        try:
            answer = yield from self._call(args, kwargs, refresh=refresh)
        finally:
            confirm.tell(around, self, args, kwargs, answer)
        return cast(R, answer.value)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, refresh: bool) -> Steps[Answer]:
        values = self._signature.bind(args, kwargs)
        mode = self._variant.mode or settings.current_mode()
        if mode.name == "off":
            return (yield from self._compute_only(values, Outcome.BYPASS_OFF, "caching is off"))
        served = freeze.serve(self._slot(), values, mode, refresh=refresh) if self._is_frozen() else None
        if served is not None:
            return self._frozen(values, served)
        call = self._identify(values, mode)
        if call.taints:
            return (yield from self._compute_only(values, Outcome.BYPASS_TAINTED, *call.taints))
        attempt = Attempt(self.__qualname__)
        store = attempt.open(self._store)
        if store is None:
            return (yield from self._compute_only(values, Outcome.BYPASS_STORE, attempt.why()))
        refresh = refresh or mode.name == "refresh"
        found = yield from self._find(store, attempt, call, refresh=refresh)
        if found.entry is not None:
            return self._hit(store, call, found)
        if mode.name == "replay":
            why = "; ".join(self._why(store, attempt, call, found).reasons)
            raise ReplayMiss(f"{self.__qualname__}() has no stored result in mode 'replay': {why}")
        while not (yield Alone(self.__qualname__, attempt, store, call.key, refresh)):
            # Another task has just computed it, even if a recompute is asked for.
            shared = yield from self._find(store, attempt, call, refresh=False)
            if shared.entry is not None:
                return self._hit(store, call, shared._replace(outcome=Outcome.HIT_WAITED))
        with ExitStack() as claims:
            waited = yield Claim(attempt, store, call.key, claims)
            # Even if nobody had to be waited for: another may have published between the look and the claim.
            again = yield from self._find(store, attempt, call, refresh=refresh, retrace=False)
            if again.entry is not None:
                return self._hit(store, call, again._replace(outcome=Outcome.HIT_WAITED if waited else again.outcome))
            # What was damaged is gone at the second look: the first one has the reason.
            found = self._why(store, attempt, call, found if found.reasons else again)
            computed = yield from self._compute(store, call)
            if found.earlier is not None and mode.name != "readonly":
                attempt.use(partial(results.set_aside, store, call, found.earlier), otherwise=None)
            answer, bypass, why = self._publish(store, attempt, call, computed, mode)
        if bypass is not None:
            for one in computing.around():
                one.adopt(computed.computation)
            self._tell(bypass, (why,))
            counts = None if bypass is Outcome.BYPASS_STORE else store
            events.emit(counts, bypass, function_name(self), call.key, 0.0, (why,))
        else:
            events.emit(store, found.outcome, function_name(self), call.key, computed.seconds, found.reasons)
        return answer

    def _identify(self, values: dict[str, Any], mode: settings.Mode) -> Call:
        """Config, fingerprint, input digests, key."""
        config = self._config()
        if self._variant.layers:
            self._check_layers()
        call = calls.identify(values, self._take, config, self._options, mode, self._forms)
        if self._options.outputs:
            call = call._replace(outputs=tuple(outputs.of(self._options, call.values)))
        # What `.configured` laid over this function differs from its surroundings on purpose.
        laid = self._variant.layers
        seen = {key: found for key, found in call.config.items() if configuration.lookup(key, laid) is MISSING}
        computing.report(self.__qualname__, seen)
        return call

    def _find(self, store: Store, attempt: Attempt, call: Call, *, refresh: bool, retrace: bool = True) -> Steps[Found]:
        """The stored result; or why there is none, where that isn't for want of an entry."""
        found = self._look(store, attempt, call, refresh=refresh)
        if found.entry is not None and found.entry.manifest:
            manifest = unpack_manifest(found.entry.manifest)
            with ExitStack() as stack:
                self._lay(stack)
                conditions = manifest._replace(trace=None)
                standing = yield from confirm.confirm(call, conditions, awaited=self._kind.awaited)
            if standing.moved:
                found = Found(MISSING, None, Outcome.MISS_NOT_FINAL, standing.moved, earlier=found.entry)
            found = found._replace(standing=standing)
        if found.entry is not None:
            return self._load(store, attempt, call, found)
        if retrace and found.outcome in (Outcome.MISS_NEW, Outcome.MISS_NOT_FINAL):
            return (yield from self._retrace(store, attempt, call, found.earlier)) or found
        return found

    def _look(self, store: Store, attempt: Attempt, call: Call, *, refresh: bool) -> Found:
        """The entry of a call, whether or not it still stands."""
        if refresh:
            return Found(MISSING, None, Outcome.MISS_REFRESH, ("a recompute was asked for",))
        entry = attempt.use(lambda: store.find(call.key), otherwise=None)
        if attempt.why():
            return Found(MISSING, None, Outcome.BYPASS_STORE, (attempt.why(),))
        if entry is None:
            return Found(MISSING, None, Outcome.MISS_NEW, ())
        if expired := self._expired(entry):
            return Found(MISSING, None, Outcome.MISS_EXPIRED, (expired,))
        return Found(MISSING, entry, Outcome.HIT, ())

    def _expired(self, entry: Entry) -> str:
        """Why an entry is too old to be served; empty if it isn't."""
        limit, age = self._options.max_age, time.time() - entry.provenance.created
        if limit is None or age < limit:
            return ""
        return f"computed {events.duration(age)} ago, more than max_age ({events.duration(limit)})"

    def _load(self, store: Store, attempt: Attempt, call: Call, found: Found) -> Found:
        """The value of an entry that was found to stand."""
        entry = found.entry
        assert entry is not None
        try:
            loaded = attempt.use(lambda: results.load(store, entry, call, self._forms), otherwise=None)
        except results.Unreadable as error:
            why = str(error)
            if why:
                return Found(MISSING, None, Outcome.MISS_UNREADABLE, (why,))
            return Found(MISSING, None, Outcome.MISS_CORRUPT, ("the stored result was damaged or removed",))
        if loaded is None:
            return Found(MISSING, None, Outcome.BYPASS_STORE, (attempt.why(),))
        return found._replace(value=loaded.value, files=loaded.files)

    def _retrace(self, store: Store, attempt: Attempt, call: Call, earlier: Entry | None) -> Steps[Found | None]:
        """A result that stands all the same: the world is again what it was, or what was edited gives what it gave."""
        for entry, conditions in self._candidates(store, attempt, call, earlier):
            with ExitStack() as stack:
                self._lay(stack)
                standing = yield from confirm.confirm(call, conditions, awaited=self._kind.awaited)
            if standing.moved:
                continue
            found = self._load(store, attempt, call, Found(MISSING, entry, Outcome.HIT_RETRACED, (), standing=standing))
            if found.entry is not None:
                self._let_stand(store, attempt, call, found, earlier)
                return found
        return None

    def _candidates(
        self, store: Store, attempt: Attempt, call: Call, earlier: Entry | None
    ) -> Iterator[tuple[Entry, Manifest]]:
        """Entries of other keys that may stand for a call, each with the conditions for that."""
        none: list[Entry] = []
        tried: list[Manifest] = []
        # Only where an entry gave way to another is there one that was set aside.
        for link in [call.key, call.shallow()] if earlier is not None else [call.shallow()]:
            for entry in attempt.use(partial(store.traced, link), otherwise=none) if link else none:
                manifest = unpack_manifest(entry.manifest)
                conditions = manifest._replace(trace=None) if link == call.key else Manifest(trace=manifest.trace)
                meant = link == call.key or link in manifest.links
                if meant and conditions not in tried and not self._expired(entry):
                    tried.append(conditions)
                    yield entry, conditions

    def _let_stand(self, store: Store, attempt: Attempt, call: Call, found: Found, earlier: Entry | None) -> None:
        """Have the key of a call lead to what was found to stand for it."""
        if (self._variant.mode or settings.current_mode()).name == "readonly" or found.entry is None:
            return
        if earlier is not None:
            attempt.use(partial(results.set_aside, store, call, earlier), otherwise=None)
        try:
            trace = unpack_manifest(found.entry.manifest).trace
            manifest = confirm.manifest_again(call, found.standing, trace)
        except UnhashableInput:
            # Somebody is asked whom the code doesn't show: it stands this once.
            return
        noted = freeze.noted(self._slot(), call)
        attempt.use(partial(results.publish_again, store, noted, found.entry, manifest), otherwise=None)

    def _why(self, store: Store, attempt: Attempt, call: Call, found: Found) -> Found:
        """A look that found no entry, with what changed since the nearest one."""
        if found.entry is not None or found.reasons:
            return found
        reason = attempt.use(lambda: explain.why_missed(store, call, function_name(self)), otherwise=None)
        return (
            found
            if reason is None
            else found._replace(outcome=reason.outcome, reasons=reason.texts, difference=reason.difference)
        )

    def _frozen(self, values: dict[str, Any], served: Served) -> Answer:
        """What a frozen result gives; its outputs are where the code says today."""
        if served.files is not None and self._options.outputs:
            own = self._config().own
            given = {**values, **{read.parameter: own[id(read)] for read in self._reads}}
            paths = outputs.of(self._options, given)
            outputs.restore(served.store, served.entry.key, paths, served.files)
            computing.wrote(paths)
        return Answer(served.value, _of_frozen(served).digest, files=served.files is not None)

    def _hit(self, store: Store, call: Call, found: Found) -> Answer:
        assert found.entry is not None
        if found.files is not None:
            outputs.restore(store, call.key, call.outputs, found.files)
        computing.wrote((*call.outputs, *found.standing.outputs))
        saved = found.entry.provenance.seconds
        store.touch(call.key, saved)
        origin = found.entry.provenance.function
        reasons = () if origin == function_name(self) else (f"computed by {origin}",)
        events.emit(store, found.outcome, function_name(self), call.key, saved, reasons)
        return confirm.answered(call, found.value, found.digest, found.standing.sights, found.standing.demands)

    def _compute(self, store: Store, call: Call) -> Steps[Computed[R]]:
        """Run the body."""
        pending = outputs.Pending(store, call.outputs)
        with ExitStack() as stack:
            self._lay(stack)
            computation = confirm.computation(self.__qualname__, call, self._options)
            stack.enter_context(computing.computing(computation, vouched=self._options.pure))
            stack.enter_context(computing.within(self._encloses))
            positional, keywords = self._signature.arguments(call.values)
            start = time.perf_counter()
            value = yield Body(self._kind.run, self._kind.function, positional, keywords)
            seconds = time.perf_counter() - start
            pending.settle(computation)
        disturbed = computation.disturbed or self._changed(call)
        return Computed(value, seconds, disturbed, computation, pending)

    def _changed(self, call: Call) -> str:
        """What isn't as the key says any more, now that the body has run; empty if nothing."""
        now = self._take(call.asked)
        if now.raw != call.fingerprint.raw:
            reasons = explain.compare_fingerprints(call.fingerprint, now).reasons
            why = f"what it reaches changed while it ran: {'; '.join(reasons)}"
            computing.disturb(why)
            return why
        # This disturbs nobody else: where the argument came to a caller from outside, the caller finds it changed too.
        names = calls.changed(call, self._options)
        shown = " and ".join(f"argument '{name}'" for name in names)
        return f"{shown} was changed by the call: let it work on a copy, or see ignore= and volatile=" if names else ""

    def _publish(
        self, store: Store, attempt: Attempt, call: Call, computed: Computed[R], mode: settings.Mode
    ) -> tuple[Answer, Outcome | None, str]:
        """Store what was computed. Gives it as a hit would; or as it is, with the reason why it isn't kept."""
        asis, computation = Answer(computed.value), computed.computation
        if attempt.why():
            return asis, Outcome.BYPASS_STORE, attempt.why()
        if mode.name == "readonly":
            return asis, Outcome.BYPASS_READONLY, "mode 'readonly' stores nothing"
        if computed.disturbed:
            return asis, Outcome.BYPASS_CHANGED, computed.disturbed
        if not self._options.pure and (unseen := computation.watch.unseen()):
            cures = f"cache it with @cached instead, {CURES}" if computation.watch.remembered else CURES
            return asis, Outcome.BYPASS_IMPURE, f"it {' and '.join(unseen)}: {cures}"
        try:
            manifest = self._manifest(call, computation)
        except (UnhashableInput, OSError) as error:
            return asis, Outcome.BYPASS_CHANGED, str(error).rstrip(".")
        try:
            prepared = results.prepare(computed.value, self._forms)
        except UnstorableResult as error:
            return asis, Outcome.BYPASS_UNSTORABLE, str(error)
        if why := self._declined(computed.value):
            # Nobody knows what became of its outputs, so callers can't depend on them.
            digest = b"" if call.outputs else prepared.digest
        else:
            digest = attempt.use(lambda: self._put(store, call, computed, prepared, manifest), otherwise=b"")
        if attempt.why():
            return asis, Outcome.BYPASS_STORE, attempt.why()
        demands = tuple(computation.demands.values())
        answer = confirm.answered(call, prepared.value, digest, manifest.sights, demands)
        if why:
            return answer, Outcome.BYPASS_DECLINED, why
        # The first result may have made the store: now there is a place for what its fingerprint took.
        FINGERPRINTS.settle(self._forms)
        if not self._options.pure:
            for trace in computation.watch.traces():
                events.note(self.__qualname__, f"{self.__qualname__}() {trace}: what is loaded later won't do that")
        return answer, None, ""

    def _put(
        self, store: Store, call: Call, computed: Computed[R], prepared: results.Prepared, manifest: Manifest
    ) -> bytes:
        """Have in the store what can be kept, with the outputs; gives the digest of both."""
        captured = None
        if call.outputs:
            try:
                captured = computed.pending.capture(store, call, prepared.data, computed.computation.watch)
            except OutputError as error:
                error.value = computed.value
                raise
        files = captured.chunks if captured else ()
        name, durability = function_name(self), self._options.durability
        noted = freeze.noted(self._slot(), call)
        results.publish(store, noted, prepared, manifest, name, computed.seconds, durability, files)
        if captured:
            store.own(captured.owned)
        return outputs.told(prepared.digest, [owned.digest for owned in captured.owned] if captured else ())

    def _manifest(self, call: Call, computation: Computation) -> Manifest:
        """What the result depends on beyond its key."""
        return confirm.manifest_of(call, computation)

    def _declined(self, value: R) -> str:
        """Why `cache_if` has a result not kept; empty if it doesn't."""
        if self._options.cache_if is None:
            return ""
        try:
            return "" if self._options.cache_if(value) else "cache_if= declined it"
        except Exception as error:  # noqa: BLE001  the user's code; its error must not cost the caller the value
            return f"cache_if= raised {type(error).__name__}: {error}"

    def _compute_only(self, values: dict[str, Any], outcome: Outcome, *reasons: str) -> Steps[Answer]:
        """Compute with nothing but the config injected."""
        config = self._config()
        own = {read.parameter: config.own[id(read)] for read in self._reads}
        with ExitStack() as stack:
            self._lay(stack)
            stack.enter_context(computing.within(self._encloses))
            positional, keywords = self._signature.arguments({**values, **own})
            value = yield Body(self._kind.run, self._kind.function, positional, keywords)
        self._tell(outcome, reasons)
        events.emit(None, outcome, function_name(self), b"", 0.0, reasons)
        return Answer(value)

    def _tell(self, outcome: Outcome, reasons: tuple[str, ...]) -> None:
        """Warn, once for each reason, where the user will want to change something."""
        if outcome in (
            Outcome.BYPASS_TAINTED,
            Outcome.BYPASS_UNSTORABLE,
            Outcome.BYPASS_CHANGED,
            Outcome.BYPASS_IMPURE,
        ):
            events.warn(self.__qualname__, f"The results of {self.__qualname__}() are not kept: {'; '.join(reasons)}")

    # Config -----------------------------------------------------------------------------------------------------------

    def _config(self) -> Config:
        """What the configuration gives to this function now."""
        layers = [*self._variant.layers, *configuration.active()]
        given = dict(self._variant.own)
        own = {
            id(read): calls.copied(given[read.parameter]) if read.parameter in given else calls.resolve(read, layers)
            for read in self._reads
        }
        return Config(own, frozenset(id(read) for read in self._reads if read.parameter in given), layers)

    def _check_layers(self) -> None:
        """Warn of a variant that changes nothing: most likely a key is misspelt."""
        known = {read.key for _, read in self.fingerprint.reads}
        if any(configuration.lookup(key, self._variant.layers) is not MISSING for key in known):
            return
        given = [key for layer in self._variant.layers for key in configuration.keys(layer.values)]
        if not given:
            return
        hint = settings.near(given[-1], known)
        reads = ", ".join(sorted(known)) or "none"
        message = f"{self.__qualname__}.configured() sets no config key that the function reads ({reads}){hint}"
        events.warn(self.__qualname__, message)

    def _lay(self, stack: ExitStack) -> None:
        """Let the configuration of this variant hold for what the body calls."""
        for layer in reversed(self._variant.layers):
            stack.enter_context(configuration.configure(layer, local=True))
        if self._variant.mode is not None:
            stack.enter_context(settings.mode(self._variant.mode, local=True))

    def configured(self, overrides: Mapping[str, Any] | None = None, /, **parameters: Any) -> CachedFunction[P, R]:
        """The same function under another configuration: another `CachedFunction`, with results of its own.

        Args:
            overrides: config keys, nested or dotted; they hold for all that the function reaches.
            parameters: config parameters of this function, by name.

        Raises:
            ConfigError: a name is not a config parameter of this function.
        """
        for name in parameters:
            if name not in self._signature.config:
                known = ", ".join(self._signature.config) or "none"
                raise ConfigError(
                    f"{self.__qualname__}() has no config parameter '{name}' (it has: {known}); "
                    "pass arguments in the call"
                )
        if overrides is None and not parameters:
            raise ConfigError(f"{self.__qualname__}.configured() got nothing to configure")
        layers = self._variant.layers
        if overrides is not None:
            layers = (configuration.layer(f"{self.__qualname__}.configured()", overrides), *layers)
        own = {**dict(self._variant.own), **parameters}
        return self._varied(self._variant._replace(layers=layers, own=tuple(sorted(own.items()))))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the inner function, the config ones included."""
        return self._signature.parameters

    # What one can ask -------------------------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> Fingerprint:
        """What the function does, checked against the running process now."""
        return self._take(frozenset())

    def _take(self, marks: frozenset[str]) -> Fingerprint:
        return FINGERPRINTS.of(self.__inviscid_base__, marks, self._forms)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The key of a call, in hex."""
        return self._call_of(args, kwargs).key.hex()

    def peek(self, *args: P.args, **kwargs: P.kwargs) -> Entry | None:
        """What the store has for a call; None if it would compute.

        Raises:
            StoreError: the store can't be read.
        """
        if self._is_frozen() and (known := freeze.peeked(self._slot(), self._bound(args, kwargs))):
            return known[0]
        return stores.current_store(self._store).find(self._call_of(args, kwargs).key)

    def explain(self, *args: P.args, **kwargs: P.kwargs) -> Explanation:
        """What would become of a call, and why. Computes nothing.

        Raises:
            StoreError: the store can't be read.
        """
        mode = settings.current_mode()
        if mode.name == "off":
            return Explanation("bypass", ["caching is off"], Outcome.BYPASS_OFF, "")
        if self._is_frozen():
            values, identify = self._bound(args, kwargs), lambda: self._call_of(args, kwargs)
            if explanation := freeze.explained(self._slot(), values, mode, identify):
                return explanation
        call = self._call_of(args, kwargs)
        if call.taints:
            return Explanation("bypass", list(call.taints), Outcome.BYPASS_TAINTED, call.key.hex())
        store = stores.current_store(self._store)
        attempt = Attempt(self.__qualname__)
        found = self._foreseen(store, attempt, call, refresh=mode.name == "refresh")
        found = self._why(store, attempt, call, found)
        reasons = [*found.reasons, *([f"unless {found.unless}() gives what it gave"] if found.unless else [])]
        return Explanation(found.outcome.kind, reasons, found.outcome, call.key.hex(), found.difference.diff)

    def _foreseen(self, store: Store, attempt: Attempt, call: Call, *, refresh: bool) -> Found:
        """What a look would find, as far as that can be told without computing anything."""
        found = self._look(store, attempt, call, refresh=refresh)
        if found.entry is not None:
            manifest = unpack_manifest(found.entry.manifest)
            told = confirm.foretell(call, manifest._replace(trace=None))
            if not told.moved:
                return self._load(store, attempt, call, found._replace(standing=Standing(demands=told.demands)))
            found = Found(MISSING, None, Outcome.MISS_NOT_FINAL, told.moved, earlier=found.entry)
        if found.outcome not in (Outcome.MISS_NEW, Outcome.MISS_NOT_FINAL):
            return found
        for entry, conditions in self._candidates(store, attempt, call, found.earlier):
            told = confirm.foretell(call, conditions)
            if not told.moved:
                standing = Standing(demands=told.demands)
                return self._load(
                    store, attempt, call, Found(MISSING, entry, Outcome.HIT_RETRACED, (), standing=standing)
                )
            found = found._replace(unless=found.unless or told.asked)
        return found

    def __inviscid_foreseen__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Found:
        """What a call would find."""
        if self._is_frozen() and (served := freeze.find(self._slot(), self._bound(args, kwargs), _ON)) is not None:
            return _of_frozen(served)
        store = stores.current_store(self._store)
        return self._foreseen(store, Attempt(self.__qualname__), self._call_of(args, kwargs), refresh=False)

    def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute a call again, whatever is stored, and store what comes of it."""
        return self._kind.drive(self._value(args, kwargs, refresh=True))  # type: ignore[no-any-return]

    def forget(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Remove the stored result of one call. Returns whether there was one.

        Raises:
            FrozenMiss: it is frozen.
        """
        store, call = stores.current_store(self._store), self._call_of(args, kwargs)
        freeze.check_forgetting(self._slot(), call.key)
        # What an edit of what it calls left behind could stand for it again.
        earlier = [entry.key for link in (call.key, call.shallow()) for entry in store.traced(link, limit=-1)]
        return store.forget([call.key, *earlier]) > 0

    def clean(self) -> int:
        """Remove all stored results that this function computed, but for the frozen and the pinned. Returns how many
        there were.
        """
        store = stores.current_store(self._store)
        kept = freeze.kept(self._slot(), store)
        entries = store.nearest(function_name(self), limit=-1)
        return store.forget(entry.key for entry in entries if entry.key not in kept)

    def _call_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return self._identify(self._signature.bind(args, kwargs), settings.current_mode())

    # Freezing ---------------------------------------------------------------------------------------------------------

    def freeze(self, because: str = "") -> int:
        """Keep serving the results that the function has, whatever its code does from now on.

        Frozen are the stored results of what it does now, under each config; they are written to `inviscid.lock`. Any
        other call is a `FrozenMiss`: it is never computed silently. To freeze one call alone see `calling`.

        Args:
            because: why, for those who review `inviscid.lock`.

        Returns:
            How many results are frozen.

        Raises:
            FrozenMiss: there are none, or the function has no name that would tell it from others.
            LockError: `inviscid.lock` is damaged.
            StoreError: the store can't be used.
        """
        return freeze.freeze_function(self._slot(), self._take, because)

    def thaw(self) -> int:
        """Undo all that was frozen of the function. Returns how many results that were.

        Raises:
            FrozenMiss: nothing of it is frozen.
            LockError: `inviscid.lock` is damaged.
        """
        return freeze.thaw_function(self._slot())

    def calling(self, *args: P.args, **kwargs: P.kwargs) -> OneCall:
        """One call, to freeze or thaw it alone: ``report.calling(2024).freeze(because="it was sent out")``. Computes
        nothing.
        """

        def foresee() -> tuple[Call, Entry | None, Sequence[str]]:
            store, call = stores.current_store(self._store), self._call_of(args, kwargs)
            found = self._foreseen(store, Attempt(self.__qualname__), call, refresh=False)
            return call, found.entry, found.reasons

        return OneCall(self._slot(), self._bound(args, kwargs), foresee)

    def _is_frozen(self) -> bool:
        return freeze.concerns(function_name(self), self._options)

    def _slot(self) -> Slot:
        own, layers = dict(self._variant.own), self._variant.layers
        return Slot(
            self.__inviscid_base__,
            function_name(self),
            self._options,
            self._reads,
            self._store,
            self._forms,
            own,
            layers,
        )

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        return self._signature.bind(args, kwargs)

    # Being a function -------------------------------------------------------------------------------------------------

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> CachedFunction[P, R]: ...
    @overload
    def __get__(
        self: CachedFunction[Concatenate[S, Q], R], instance: S, owner: type[Any] | None = None
    ) -> BoundCachedFunction[Q, R]: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        return self if instance is None or not self._kind.binds else BoundCachedFunction(self, instance)

    def __getattr__(self, name: str) -> Any:
        # What a callable object has beside: its state, or `cache_clear`. Never protocols, which stand for the object.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.__wrapped__, name)

    @property
    def _is_coroutine_marker(self) -> Any:
        """What `inspect.iscoroutinefunction` looks for. No attribute: `functools.wraps` would copy it."""
        return coroutine_mark("_is_coroutine_marker", awaited=self._kind.awaited)

    @property
    def _is_coroutine(self) -> Any:
        """What `asyncio.iscoroutinefunction` looks for on Python 3.11."""
        return coroutine_mark("_is_coroutine", awaited=self._kind.awaited)

    @property
    def __signature__(self) -> Any:
        return outer_signature(self.__wrapped__, self._signature.parameters)

    @property
    def __annotations__(self) -> dict[str, Any]:  # type: ignore[override]
        taker = taker_of(self.__wrapped__)
        inner: dict[str, Any] = getattr(taker.function if taker else None, "__annotations__", {})
        return {name: value for name, value in inner.items() if name not in self._signature.config}

    @property
    def __globals__(self) -> dict[str, Any]:
        return self.__wrapped__.__globals__

    def __repr__(self) -> str:
        varied = "" if self is self.__inviscid_base__ else "configured "
        return f"<{varied}cached function {function_name(self)}>"

    def __copy__(self) -> CachedFunction[P, R]:
        # As for every function. What pickle takes along is for other processes.
        return self

    def __deepcopy__(self, memo: object) -> CachedFunction[P, R]:
        return self

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return ("inviscid", self.fingerprint.digest, self.__inviscid_overrides__())

    def __inviscid_definition__(self) -> Declared:
        """What a fingerprint sees of this object: the function, the options that change results, the config it
        reads.
        """
        options = self.__inviscid_overrides__()
        if self._options.version is not None:
            options += results.digest_of(self._options.version)
        if self._options.generator:
            # Callers get a list.
            options += self._options.generator.encode()
        if self._options.outputs:
            # Callers may read what is written.
            options += results.digest_of(list(self._options.outputs))
        return Declared(self.__wrapped__, options, self._reads, self._options.pure)

    def __inviscid_overrides__(self) -> bytes:
        """What `.configured` laid over the function, as a digest; empty for most."""
        variant = self._variant
        if not variant.layers and not variant.own:
            return b""
        return results.digest_of([[layer.values for layer in variant.layers], [list(item) for item in variant.own]])

    def __inviscid_answer__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps[Answer]:
        """The steps to what a call gives, and to what that depends on."""
        return self._call(args, kwargs, refresh=False)

    @property
    def _encloses(self) -> str:
        """What an effect that is called in the body is told that it is inside of."""
        return self.__qualname__

    def __inviscid_parts__(self) -> tuple[Any, ...]:
        """What it is made from."""
        return self.__wrapped__, self._options, self._store

    @property
    def __inviscid_awaited__(self) -> Callable[[Steps[Any]], Any] | None:
        """What drives those steps where they have to be awaited."""
        return self._kind.drive if self._kind.awaited else None

    @property
    def __inviscid_fickle__(self) -> bool:
        """Whether a call may give something else although nothing changed that its key says."""
        options = self._options
        # Who asks again for outputs has them restored.
        return options.max_age is not None or options.cache_if is not None or bool(options.outputs)

    def __inviscid_standing__(self) -> bytes:
        """A digest of all that it does and is configured to do, whatever it is called with."""
        return calls.standing(self.fingerprint, self._config())

    @property
    def __inviscid_layers__(self) -> tuple[Layer, ...]:
        return self._variant.layers
