"""The one path of a call through all floors.

    bind → config → fingerprint → input digests → key → find → hit
                                                            → claim → find again → compute → check again → publish

The path is a generator: it yields a step wherever it may have to wait, and who drives it decides how (`steps`). So it
is the same path whether the function is called or awaited.

Every call ends in one `Outcome`, which is logged with the key and, on a miss, with what changed. Where later kinds of
task have their place on this path says ARCHITECTURE.md.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, ParamSpec, TypeVar, cast

import msgpack

from inviscid import (
    accepted,
    calls,
    computing,
    configuration,
    confirm,
    events,
    explain,
    freeze,
    outputs,
    outside,
    planning,
    rerunning,
    results,
    settings,
    shortcut,
    stores,
    telling,
    tracer,
)
from inviscid.calls import FINGERPRINTS, Call
from inviscid.computing import Answer, Computation
from inviscid.confirm import Standing
from inviscid.entry import Entry, function_name
from inviscid.errors import OutputError, ReplayMiss, TraceError, UnhashableInput, UnstorableResult
from inviscid.finding import Finding, Found, Session, here
from inviscid.finding import session as current
from inviscid.fingerprinting import CURES
from inviscid.freeze import Served, Slot
from inviscid.manifest import Manifest, unpack_manifest
from inviscid.outcome import Outcome
from inviscid.sentinels import MISSING
from inviscid.steps import Alone, Body, Claim, Steps
from inviscid.store import Store
from inviscid.stores import Attempt

if TYPE_CHECKING:
    from inviscid.store.draft import Draft
    from inviscid.symmetry.group import Group
    from inviscid.symmetry.transport import Reduced

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Q = ParamSpec("Q")

_ON = settings.Mode("on")
# How much of what ran outside a message names.
_SHOWN = 3


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
    outside: str = ""
    """What its tracer saw that its fingerprint doesn't hold."""


class Memo(Finding[P, R]):
    """A function whose results are kept: the path of its calls."""

    __slots__ = ()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The stored result, or else the computed one; of an async function, what awaiting it gives."""
        look = self._shortcut.look
        if look is not None:
            try:
                value = look(*args, **kwargs)
            except Exception:  # noqa: BLE001  whatever went wrong there, here it is said
                value = MISSING
            if value is not MISSING:
                return value  # type: ignore[no-any-return]
        return self._kind.drive(self._value(args, kwargs, refresh=False))  # type: ignore[no-any-return]

    def _value(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, refresh: bool) -> Steps[R]:
        """What a call gives; the computation around it is told."""
        around = computing.callers(id(self))
        before = current.get()
        session = Session() if before is None or before.ended else None
        if session is not None:
            current.set(session)
        answer = None
        try:
            answer = yield from self._steps(args, kwargs, refresh=refresh)
        finally:
            if session is not None:
                # It may end in another context than it began in: there it would still be found.
                session.ended = True
            telling.tell(around, self, args, kwargs, answer)
        return cast(R, answer.value)

    def _steps(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, refresh: bool) -> Steps[Answer]:
        """The steps to what a call gives; while a plan is made, up to where its body would run."""
        path = self._call(args, kwargs, refresh=refresh)
        return (
            planning.steps(self, path, partial(self._bound, args, kwargs), self._unstored) if planning.ACTIVE else path
        )

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, refresh: bool) -> Steps[Answer]:
        before, start = shortcut.around(), time.perf_counter()
        values = self._signature.bind(args, kwargs)
        mode = self._variant.mode or settings.current_mode()
        if mode.name == "off":
            return (yield from self._compute_only(values, Outcome.BYPASS_OFF, "caching is off"))
        if self._options.symmetry is not None:
            return (yield from self._by_symmetry(self._options.symmetry, values, mode, before, start, refresh=refresh))
        return (yield from self._answer(values, mode, before, start, refresh=refresh))

    def _answer(
        self,
        values: dict[str, Any],
        mode: settings.Mode,
        before: shortcut.Around,
        start: float,
        *,
        refresh: bool,
        through: str = "",
    ) -> Steps[Answer]:
        """The path from bound arguments on."""
        serve = freeze.find if planning.ACTIVE else freeze.serve
        served = serve(self._slot(), values, mode, refresh=refresh) if self._is_frozen() else None
        if served is not None:
            return self._frozen(values, served)
        call = self._identify(values, mode)
        if through:
            call = call._replace(through=through)
        if call.taints:
            return (yield from self._compute_only(values, Outcome.BYPASS_TAINTED, *call.taints))
        attempt = Attempt(self.__qualname__)
        store = attempt.open(self._store)
        if store is None:
            return (yield from self._compute_only(values, Outcome.BYPASS_STORE, attempt.why()))
        refresh = refresh or mode.name == "refresh"
        found = yield from self._find(store, attempt, call, refresh=refresh)
        if found.entry is not None:
            may_be_short = self._may_be_short and not planning.ACTIVE
            if may_be_short and found.outcome is Outcome.HIT and shortcut.depends_on_key_alone(found.entry):
                self._shortcut.learn(call, self._signature, store, mode, before)
            answer = self._hit(store, call, found)
            self._weigh(self._weights.hit(time.perf_counter() - start, found.entry.provenance.seconds))
            return answer
        if mode.name == "replay":
            why = "; ".join(self._why(store, attempt, call, found).reasons)
            for one in computing.callers(id(self)):
                # Also where the body swallows the error.
                one.disturbed = one.disturbed or f"{self.__qualname__}() had nothing to replay"
            raise ReplayMiss(f"{self.__qualname__}() has no stored result in mode 'replay': {why}")
        if planning.ACTIVE:
            raise self._would_run(call, self._why(store, attempt, call, found), again=refresh)
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
            for one in computing.callers(id(self)):
                one.adopt(computed.computation)
            self._tell(bypass, (why,))
            counts = None if bypass is Outcome.BYPASS_STORE else store
            events.emit(counts, bypass, function_name(self), call.key, 0.0, (why,))
        else:
            events.emit(store, found.outcome, function_name(self), call.key, computed.seconds, found.reasons)
            self._weigh(self._weights.miss(time.perf_counter() - start - computed.seconds, computed.seconds))
        return answer

    def _by_symmetry(
        self,
        symmetry: Group,
        values: dict[str, Any],
        mode: settings.Mode,
        before: shortcut.Around,
        start: float,
        *,
        refresh: bool,
    ) -> Steps[Answer]:
        """The same path for the representatives of the arguments, and back: for whoever calls, never for the store."""
        from inviscid.symmetry import transport

        reduced = transport.reduce(symmetry, values)
        answer = yield from self._answer(
            reduced.values, mode, before, start, refresh=refresh, through=reduced.through
        )  # fmt: skip
        result = transport.back(symmetry, reduced.elements, answer.value)
        if self._options.verify and mode.name != "replay" and transport.DICE.random() < self._options.verify:
            yield from self._verify(symmetry, values, mode, reduced, answer.value, result)
        if result is answer.value:
            return answer
        # What callers depend on is what they got.
        return answer._replace(value=result, digest=answer.digest and transport.digest_of(result))

    def _verify(
        self,
        symmetry: Group,
        values: dict[str, Any],
        mode: settings.Mode,
        reduced: Reduced,
        representative: Any,
        result: Any,
    ) -> Steps[None]:
        """Compare with what the body gives for the arguments themselves.

        Raises:
            SymmetryViolation: it is something else. What was stored under the declaration is dropped.
        """
        from inviscid.symmetry import transport

        case = transport.instability(symmetry, reduced, representative)
        if case is None and reduced.through:
            own = self._config().own
            given = {**values, **{read.parameter: own[id(read)] for read in self._reads}}
            with ExitStack() as stack:
                self._lay(stack)
                self._within_tracers(stack)
                # Nobody's result depends on what it reads.
                stack.enter_context(computing.aside())
                stack.enter_context(computing.within(self._encloses))
                positional, keywords = self._signature.arguments(given)
                run = transport.tried(self._kind.run, awaited=self._kind.awaited)
                found = yield Body(run, self._kind.function, positional, keywords)
            case = transport.difference(symmetry, values, reduced, result, found)
        if case is not None:
            if mode.name != "readonly":
                self.__inviscid_refuted__()
            raise transport.violation(self.__qualname__, case)

    def __inviscid_refuted__(self) -> int:
        """Drop what is stored under a symmetry that the function was seen not to have; gives how many entries."""
        symmetry, attempt = self._options.symmetry, Attempt(self.__qualname__)
        store = attempt.open(self._store)
        if symmetry is None or store is None or not store.exists():
            return 0
        declared, fingerprint, name = calls.declaration(symmetry), self.fingerprint.raw, function_name(self)

        def drop() -> int:
            kept = frozenset(pin.key for pin in store.pins())
            return store.forget([
                entry.key
                for entry in (store.entries("*") if store.functions() else ())
                if (entry.provenance.function == name or entry.provenance.fingerprint == fingerprint)
                and entry.key not in kept
                and msgpack.unpackb(entry.provenance.parts).get("symmetry") == declared
            ])  # fmt: skip

        return attempt.use(drop, otherwise=0)

    def _reduced(self, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """The arguments as they are digested, and how they were moved, in words."""
        if self._options.symmetry is None:
            return values, ""
        from inviscid.symmetry import transport

        reduced = transport.reduce(self._options.symmetry, values)
        return reduced.values, reduced.through

    def _recall(self, items: Sequence[Any]) -> list[Any]:
        """What is stored of the calls with each of these items, looked up at once; `MISSING` for all else."""
        nothing = [MISSING] * len(items)
        mode, signature = settings.current_mode(), self._signature
        if not items or not self._may_be_short or not signature.is_readable or mode.name not in shortcut.SAFE_MODES:
            return nothing
        # Those who are told of each hit are told by calls alone.
        if computing.RUNNING or events.is_heard() or planning.ACTIVE or rerunning.ACTIVE or self._is_frozen():
            return nothing
        try:
            call = self._identify(signature.bind((items[0],), {}), mode)
            store = stores.current_store(self._store)
        except Exception:  # noqa: BLE001  the call itself says what is wrong
            return nothing
        name = signature.outer[0].name
        if call.steady is None or call.asked or not call.inputs or call.inputs[0][0] != name:
            return nothing
        attempt = Attempt(self.__qualname__)
        look = partial(shortcut.recall, call, name, items, self._options, self._forms, store)
        return attempt.use(look, otherwise=nothing)

    def _identify(self, values: dict[str, Any], mode: settings.Mode) -> Call:
        """Config, fingerprint, input digests, key."""
        config = self._config()
        if self._variant.layers:
            self._check_layers()
        call = calls.identify(values, self._take, config, self._options, mode, self._forms)
        if self._options.outputs:
            call = call._replace(outputs=tuple(outputs.of(self._options, call.values)))
        if self.__inviscid_fickle__:
            # Who calls itself asks itself again.
            call = call._replace(declared=(*call.declared, (call.fingerprint.raw, weakref.ref(self))))
        # What `.configured` laid over this function differs from its surroundings on purpose.
        laid = self._variant.layers
        seen = {key: found for key, found in call.config.items() if configuration.lookup(key, laid) is MISSING}
        computing.report(self.__qualname__, id(self), seen)
        return call

    def _frozen(self, values: dict[str, Any], served: Served) -> Answer:
        """What a frozen result gives; its outputs are where the code says today."""
        paths: list[str] = []
        if served.files is not None and self._options.outputs:
            own = self._config().own
            given = {**values, **{read.parameter: own[id(read)] for read in self._reads}}
            paths = outputs.of(self._options, given)
            if not planning.ACTIVE:
                outputs.restore(served.store, served.entry.key, paths, served.files)
            computing.wrote(paths)
        if planning.ACTIVE:
            found = planning.WouldRun(Outcome.HIT_FROZEN, (served.reason,), served.entry.key, writes=paths)
            planning.ACTIVE[-1].hit(function_name(self), found)
        files, carries = served.files is not None, bool(served.entry.classes)
        return Answer(served.value, _of_frozen(served).digest, files=files, carries=carries)

    def _hit(self, store: Store, call: Call, found: Found) -> Answer:
        assert found.entry is not None
        if planning.ACTIVE:
            origin = found.entry.provenance.function
            other = () if origin == function_name(self) else (f"computed by {origin}",)
            planned = self._would_run(call, found._replace(reasons=(*found.reasons, *other)))
            planning.ACTIVE[-1].hit(function_name(self), planned)
            return self._answered(call, found)
        if found.files is not None:
            outputs.restore(store, call.key, call.outputs, found.files)
        computing.wrote((*call.outputs, *found.standing.outputs))
        saved = found.entry.provenance.seconds
        store.touch(call.key, saved)
        reasons = found.reasons
        if events.is_heard():
            through = (f"through {call.through}",) if call.through else ()
            reasons = (*through, *reasons, *self._origin(found.entry))
        events.emit(store, found.outcome, function_name(self), call.key, saved, reasons)
        return self._answered(call, found)

    def _answered(self, call: Call, found: Found) -> Answer:
        assert found.entry is not None
        standing, carries = found.standing, bool(found.entry.classes)
        return telling.answered(call, found.value, found.digest, standing.sights, standing.demands, carries=carries)

    def _origin(self, entry: Entry) -> tuple[str, ...]:
        """Who computed a result, and when."""
        origin = entry.provenance
        other = "" if origin.function == function_name(self) else f" as {origin.function}"
        return (f"computed {events.ago(time.time() - origin.created)} by {origin.origin}{other}",)

    def _compute(self, store: Store, call: Call) -> Steps[Computed[R]]:
        """Run the body."""
        pending = outputs.Pending(store, call.outputs)
        with ExitStack() as stack:
            self._lay(stack)
            self._within_tracers(stack)
            computation = telling.computation(self, call, self._options)
            stack.enter_context(computing.computing(computation, vouched=self._options.pure))
            stack.enter_context(computing.within(self._encloses))
            judge = self._watch(stack, call, id(computation))
            positional, keywords = self._signature.arguments(call.values)
            start = time.perf_counter()
            value = yield Body(self._kind.run, self._kind.function, positional, keywords)
            seconds = time.perf_counter() - start
            pending.settle(computation)
            ran = judge()
            # Its callers ran that too.
            computation.disturbed = computation.disturbed or ran
        disturbed = computation.disturbed or self._changed(call)
        return Computed(value, seconds, disturbed, computation, pending, ran)

    def _watch(self, stack: ExitStack, call: Call, computation: int) -> Callable[[], str]:
        """Have the body traced, where that was asked for, until the stack unwinds or the answer is asked for: why the
        result can't be kept, by what was seen; empty if nothing speaks against it.
        """
        if self._options.track != "traced":
            return lambda: ""

        def heard(impurity: tracer.Impurity) -> None:
            if not (impurity.unseen and call.files) and len(seen.impurities) <= _SHOWN:
                computing.act(str(impurity))

        seen, running = tracer.Tracer(heard, computation), ExitStack()
        try:
            running.enter_context(tracer.tracing(seen, strict=not self._options.pure))
        except TraceError as error:
            why = str(error)
            return lambda: why
        stack.push(running)

        def judge() -> str:
            running.close()
            for impurity in outside.unknown_variables(seen, call):
                computing.act(str(impurity))
            found = list(map(str, outside.outside_of_call(seen, call, self._forms)))
            shown = [*found[:_SHOWN], *([f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])]
            return f"it ran {' and '.join(shown)}, which its fingerprint doesn't hold" if found else ""

        return judge

    def _within_tracers(self, stack: ExitStack) -> None:
        """Have the tracers around this body take it as the computations that they belong to take its result."""
        if tracer.is_on():
            owners = {id(one) for one in computing.callers(id(self))}
            stack.enter_context(tracer.body(owners, vouched=self._options.pure, whole=bool(self._task)))

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
        if computed.outside:
            return asis, Outcome.BYPASS_OUTSIDE, computed.outside
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
            prepared = results.prepare(
                computed.value, self._forms, partial(self._draft, store, attempt), safe=store.safe
            )
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
        carries = bool(prepared.classes)
        answer = telling.answered(call, prepared.value, digest, manifest.sights, demands, carries=carries)
        if why:
            return answer, Outcome.BYPASS_DECLINED, why
        here().futile.discard(call.key)
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
        self._keep_inputs(store, call)
        return outputs.told(prepared.digest, [owned.digest for owned in captured.owned] if captured else ())

    def _keep_inputs(self, store: Store, call: Call) -> None:
        if self._options.keep_inputs:
            injected = {read.parameter for read in self._reads}
            passed = {name: value for name, value in call.values.items() if name not in injected}
            from inviscid import keeping

            keeping.keep(store, call, passed, self._forms, function_name(self))

    def _draft(self, store: Store, attempt: Attempt, head: memoryview, buffers: Sequence[memoryview]) -> Draft | None:
        """Have what is large written while it is hashed."""
        return attempt.use(lambda: store.draft(head, buffers), otherwise=None)

    def _manifest(self, call: Call, computation: Computation) -> Manifest:
        """What the result depends on beyond its key."""
        return telling.manifest_of(call, computation)

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
        if planning.ACTIVE:
            raise planning.WouldRun(outcome, reasons, again=True)
        config = self._config()
        own = {read.parameter: config.own[id(read)] for read in self._reads}
        with ExitStack() as stack:
            self._lay(stack)
            self._within_tracers(stack)
            stack.enter_context(computing.within(self._encloses))
            positional, keywords = self._signature.arguments({**values, **own})
            value = yield Body(self._kind.run, self._kind.function, positional, keywords)
        self._tell(outcome, reasons)
        events.emit(None, outcome, function_name(self), b"", 0.0, reasons)
        return Answer(value)

    def _weigh(self, verdict: str) -> None:
        """Warn where caching costs more than it saves."""
        if verdict and not self._options.outputs:
            events.warn(self.__qualname__, f"Caching {self.__qualname__}() costs more than it saves: {verdict}")

    def _tell(self, outcome: Outcome, reasons: tuple[str, ...]) -> None:
        """Warn, once for each reason, where the user will want to change something."""
        if outcome in (
            Outcome.BYPASS_TAINTED,
            Outcome.BYPASS_UNSTORABLE,
            Outcome.BYPASS_CHANGED,
            Outcome.BYPASS_IMPURE,
            Outcome.BYPASS_OUTSIDE,
        ):
            events.warn(self.__qualname__, f"The results of {self.__qualname__}() are not kept: {'; '.join(reasons)}")

    def _would_run(self, call: Call, found: Found, *, again: bool = False) -> planning.WouldRun:
        """What a plan is told of a call."""
        sights = found.standing.sights
        if found.earlier is not None:
            manifest = unpack_manifest(found.earlier.manifest)
            sights = (*sights, *manifest.sights)
        reads = [*(sight.path for sight in sights), *(path for _, path, _ in call.files)]
        unless = f"{found.unless}() gives what it gave" if found.unless else ""
        return planning.WouldRun(
            found.outcome, found.reasons, call.key, call.fingerprint.raw, unless, reads, call.outputs, again=again
        )

    def _unstored(self) -> bytes:
        """What the function does, where nothing is stored; else nothing."""
        return b"" if stores.current_store(self._store).exists() else self._take(frozenset()).raw

    def _call_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        values, through = self._reduced(self._signature.bind(args, kwargs))
        return self._identify(values, settings.current_mode())._replace(through=through)

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
        return self._reduced(self._signature.bind(args, kwargs))[0]

    def _foreseen(self, store: Store, attempt: Attempt, call: Call, *, refresh: bool) -> Found:
        """What a look would find, as far as that can be told without computing anything."""
        with ExitStack() as stack:
            self._lay(stack)
            foreseen = stack.enter_context(computing.looking())
            known = foreseen.get(call.key) or self._foresee(store, attempt, call, refresh=refresh)
            if known.entry is not None:
                foreseen[call.key] = known
            return known

    def _foresee(self, store: Store, attempt: Attempt, call: Call, *, refresh: bool) -> Found:
        found = self._look(store, attempt, call, refresh=refresh)
        if found.entry is not None:
            manifest = unpack_manifest(found.entry.manifest)
            told = confirm.foretell(call, manifest._replace(trace=None), safe=store.safe)
            if not told.moved:
                outcome, reasons = accepted.told(call, manifest.sights, found.outcome)
                found = found._replace(outcome=outcome, reasons=reasons)
                return self._load(store, attempt, call, found._replace(standing=Standing(demands=told.demands)))
            found = Found(MISSING, None, Outcome.MISS_NOT_FINAL, told.moved, earlier=found.entry)
        if found.outcome not in (Outcome.MISS_NEW, Outcome.MISS_NOT_FINAL):
            return found
        for entry, conditions in self._candidates(store, attempt, call, found.earlier):
            told = confirm.foretell(call, conditions, safe=store.safe)
            if not told.moved:
                outcome, reasons = accepted.told(call, conditions.sights, Outcome.HIT_RETRACED)
                stands = Found(MISSING, entry, outcome, reasons, standing=Standing(demands=told.demands))
                return self._load(store, attempt, call, stands)
            found = found._replace(unless=found.unless or told.asked)
        return found

    # What others ask of it -------------------------------------------------------------------------------------------

    def __inviscid_foreseen__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Found:
        """What a call would find."""
        if self._is_frozen() and (served := freeze.find(self._slot(), self._bound(args, kwargs), _ON)) is not None:
            return self._moved_back(_of_frozen(served), args, kwargs)
        store = stores.current_store(self._store)
        found = self._foreseen(store, Attempt(self.__qualname__), self._call_of(args, kwargs), refresh=False)
        return self._moved_back(found, args, kwargs)

    def _moved_back(self, found: Found, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Found:
        """What was found for the representatives, as the caller gets it."""
        if self._options.symmetry is None or found.entry is None:
            return found
        from inviscid.symmetry import transport

        reduced = transport.reduce(self._options.symmetry, self._signature.bind(args, kwargs))
        value = transport.back(self._options.symmetry, reduced.elements, found.value)
        if value is found.value:
            return found
        return found._replace(value=value, entry=found.entry._replace(value=transport.digest_of(value)))

    def __inviscid_answer__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps[Answer]:
        """The steps to what a call gives, and to what that depends on."""
        return self._steps(args, kwargs, refresh=False)

    @property
    def _may_be_short(self) -> bool:
        """Whether a hit may go the short way."""
        if self._options.symmetry is not None:
            return False
        return not self._task and not self._kind.awaited and self._variant.mode is None

    @property
    def _encloses(self) -> str:
        """What an effect that is called in the body is told that it is inside of."""
        return self.__qualname__

    @property
    def __inviscid_awaited__(self) -> Callable[[Steps[Any]], Any] | None:
        """What drives those steps where they have to be awaited."""
        return self._kind.drive if self._kind.awaited else None

    @property
    def __inviscid_answers__(self) -> str:
        """What else its callers depend on, beside what it does; empty for most."""
        options = self._options
        aged = options.max_age is not None or options.cache_if is not None
        return f"{'asked again' if aged else ''}{' frozen' if options.frozen else ''}"

    @property
    def __inviscid_acts__(self) -> bool:
        """Whether it is an effect, which nobody calls but the user."""
        return False

    @property
    def __inviscid_fickle__(self) -> bool:
        """Whether a call may give something else although nothing changed that its key says."""
        options = self._options
        # Who asks again for outputs has them restored.
        return options.max_age is not None or options.cache_if is not None or bool(options.outputs)

    def __inviscid_standing__(self, marks: frozenset[str]) -> bytes:
        """A digest of all that it does and is configured to do, whatever it is called with, seen under these marks."""
        return calls.standing(self._take(marks), self._config(), lambda: self)
