"""The other kinds of task: what observes the world, and what acts on it.

A *source* observes: a query, a listing, the clock. Its body runs once in each run of a process, or whenever what its
`observe=` gives changes (the *token*: a modification time, an ETag, a largest id). Who calls it depends on the digest
of its value, so an observation that is what it was leaves everything downstream as it is.

An *effect* exists for what it does. It runs at every call; with `once=True` it runs once for each key and leaves a
*receipt*, which gc and clean keep. Before it runs a *mark* is left. Where there is a mark and no receipt, a process
ended in between and nobody knows whether the effect happened: that is an error, and is not tried again. So is whatever
says that there was a mark or a receipt: a row that others sealed, or a pin, which stays when a damaged row goes.

    key of an observation = H("observed", key, digest of the token)
    key of a receipt      = H("receipt", key)        the key without a salt: mode "fresh" is about results
    key of a mark         = H("mark", key)           its value is the text ``began``, then ``done``
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from inviscid import codecs, computing, events, freeze, planning, rerunning, results, settings
from inviscid.bodies import Run
from inviscid.calls import Call, Options
from inviscid.computing import Answer, Computation
from inviscid.digest import combine
from inviscid.entry import Entry, function_name
from inviscid.errors import (
    AcceptError,
    EffectError,
    FrozenMiss,
    ReplayMiss,
    SourceError,
    StoreError,
    UnhashableInput,
    UnstorableResult,
)
from inviscid.explain import Explanation
from inviscid.finding import Found
from inviscid.function import CachedFunction
from inviscid.manifest import NOTHING, Manifest
from inviscid.memo import Computed
from inviscid.outcome import Outcome
from inviscid.rerunning import Rerun
from inviscid.sentinels import MISSING
from inviscid.settings import Mode
from inviscid.steps import Claim, Steps
from inviscid.store import Store
from inviscid.stores import Attempt, StoreLike, current_store

if TYPE_CHECKING:
    from inviscid.accept import Accepted

P = ParamSpec("P")
R = TypeVar("R")

# Small observations stay in the process: others may store theirs meanwhile, and a run shall see one.
_LARGEST = 1 << 20
_MOST = 4096
# Why an entry is pinned. Behind it stands the name of the effect.
_RECEIPT, _MARK = "receipt of the effect ", "mark of the effect "
_WITHOUT_STORE = (Outcome.BYPASS_STORE, Outcome.BYPASS_READONLY)


class _Observed(NamedTuple):
    """What a source gave in this run."""

    entry: Entry | None
    codec: str
    digest: bytes
    classes: bytes
    data: bytes
    seconds: float
    owed: bool
    """Whether it was seen where nothing may be stored: who asks where something may has it stored."""


class SourceFunction(CachedFunction[P, R]):
    """A function that observes the world: see `inviscid.source`."""

    _task = b"source"
    __slots__ = ("_observe", "_observed", "_refreshed", "_small")
    _carried = (*CachedFunction._carried, "_observe", "_observed", "_refreshed", "_small")  # noqa: SLF001  of its own base

    def __init__(
        self,
        function: Callable[..., R],
        options: Options = Options(),
        store: StoreLike | None = None,
        observe: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(function, options._replace(pure=True), store)
        self._observe = observe
        self._observed: dict[bytes, _Observed] = {}
        self._small: list[bytes] = []
        self._refreshed: dict[bytes, Mode] = {}

    def _identify(self, values: dict[str, Any], mode: Mode) -> Call:
        call = super()._identify(values, mode)
        if self._observe is None:
            return call
        positional, keywords = self._signature.arguments(values)
        try:
            # With what it does: edited, it is another token.
            token = results.digest_of([self._observe, self._observe(*positional, **keywords)])
        except UnhashableInput as error:
            raise SourceError(
                f"observe= of {self.__qualname__}() gave what has no digest: {error}. Let it return a number or a text"
            ) from error
        except Exception as error:
            raise SourceError(
                f"observe= of {self.__qualname__}() raised {type(error).__name__}: {error}. Nobody can tell whether "
                "the source changed; mend it, or leave observe= out to look once in each run"
            ) from error
        return call._replace(key=combine("observed", call.key, token))

    def _look(self, store: Store, attempt: Attempt, call: Call, *, refresh: bool) -> Found:
        mode = self._variant.mode or settings.current_mode()
        # In mode "refresh" too a run sees one world: it looks once for all who ask.
        if mode.name == "refresh" and self._refreshed.get(call.key) is mode:
            refresh = False
        if not refresh and (observed := self._observed.get(call.key)) is not None:
            origin = results.provenance_of(call, function_name(self), 0.0)
            entry = observed.entry or Entry(
                call.key, observed.codec, b"", 0, observed.digest, observed.classes, b"", origin
            )
            return Found(MISSING, entry, Outcome.HIT, ())
        if not refresh and self._observe is None and mode.name != "replay":
            return Found(MISSING, None, Outcome.MISS_UNSEEN, ("a source looks once in each run",))
        return super()._look(store, attempt, call, refresh=refresh)

    def _rerun(self, rerun: Rerun, values: dict[str, Any]) -> Steps[Answer]:
        # So that a rerun sees the world as it was.
        call, attempt = (
            self._identify(values, self._variant.mode or settings.current_mode()),
            Attempt(self.__qualname__),
        )
        store = attempt.open(self._store)
        if store is not None and not call.taints:
            found = super()._look(store, attempt, call, refresh=False)
            found = super()._load(store, attempt, call, found) if found.entry is not None else found
            if found.entry is not None:
                rerun.note(function_name(self), call.key, "left out", "a source: it gives what it saw last")
                return self._answered(call, found)
        rerun.note(function_name(self), call.key, "left out", "a source that has not looked yet")
        return (yield from self._compute_only(values, Outcome.BYPASS_OFF, "a rerun stores nothing"))

    def _load(self, store: Store, attempt: Attempt, call: Call, found: Found) -> Found:
        assert found.entry is not None
        observed = self._observed.get(found.entry.key)
        if observed is None or not observed.data:
            return super()._load(store, attempt, call, found)
        codec = codecs.by_name(observed.codec)
        # A copy: what is loaded are views, and no two results share memory.
        return found._replace(value=codec.decode(memoryview(bytes(bytearray(observed.data)))))

    def _hit(self, store: Store, call: Call, found: Found) -> Answer:
        observed, mode = self._observed.get(call.key), self._variant.mode or settings.current_mode()
        if observed is not None and observed.owed and mode.name not in ("readonly", "replay") and not planning.ACTIVE:
            # Callers are stored with what it gave: the next run would look again for what they know already.
            seen = results.Prepared(
                found.value, observed.digest, observed.codec, memoryview(observed.data), observed.classes
            )
            name, noted, durability = function_name(self), freeze.noted(self._slot(), call), self._options.durability
            # What others stored meanwhile may be newer, and stays.
            entry = Attempt(self.__qualname__).use(
                lambda: (
                    store.find(call.key)
                    or results.publish(store, noted, seen, NOTHING, name, observed.seconds, durability)
                ),
                otherwise=None,
            )
            same = entry is not None and (entry.value, entry.codec) == (observed.digest, observed.codec)
            # Once: a store that fails would cost each call of the run.
            self._observed[call.key] = observed._replace(entry=entry if same else None, owed=False)
        return super()._hit(store, call, found)

    def _retrace(self, store: Store, attempt: Attempt, call: Call, earlier: Entry | None) -> Steps[Found | None]:
        # What it calls doesn't make up what it observes.
        return None
        yield

    def accept(self, **wish: Any) -> Accepted:
        """What a source saw earlier it would see again.

        Raises:
            AcceptError: always.
        """
        raise AcceptError(
            f"{self.__qualname__}() is a source, which looks anew: its callers stand as long as it gives what it gave"
        )

    def _manifest(self, call: Call, computation: Computation) -> Manifest:
        # What it read is what it observes, and when to look again is said by `observe=`.
        return NOTHING

    def _publish(
        self, store: Store, attempt: Attempt, call: Call, computed: Computed[R], mode: Mode
    ) -> tuple[Answer, Outcome | None, str]:
        answer, outcome, why = super()._publish(store, attempt, call, computed, mode)
        if outcome is None or outcome in _WITHOUT_STORE:
            answer = self._keep(store, attempt, call, computed, answer, outcome)
        return answer, outcome, why

    def _keep(
        self, store: Store, attempt: Attempt, call: Call, computed: Computed[R], answer: Answer, outcome: Outcome | None
    ) -> Answer:
        """Have the rest of the run see this observation."""
        try:
            prepared = results.prepare(computed.value, self._forms, safe=store.safe)
        except UnstorableResult:
            return answer
        entry = attempt.use(lambda: store.find(call.key), otherwise=None) if outcome is None else None
        data = bytes(prepared.data) if entry is None or prepared.data.nbytes <= _LARGEST else b""
        if data:
            while len(self._small) >= _MOST:
                oldest = self._small.pop(0)
                if (known := self._observed.get(oldest)) is not None and known.entry is not None:
                    # The store has it.
                    self._observed[oldest] = known._replace(data=b"")
            self._small.append(call.key)
        owed = outcome is Outcome.BYPASS_READONLY
        self._observed[call.key] = _Observed(
            entry, prepared.codec, prepared.digest, prepared.classes, data, computed.seconds, owed
        )
        mode = self._variant.mode or settings.current_mode()
        if mode.name == "refresh":
            self._refreshed[call.key] = mode
        return Answer(prepared.value, prepared.digest, carries=bool(prepared.classes))

    def forget(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Forget one observation: the next call looks. Returns whether there was one."""
        rerunning.keep_off(f"{self.__qualname__}.forget(), which changes what is stored")
        seen = self._observed.pop(self._call_of(args, kwargs).key, None) is not None
        return super().forget(*args, **kwargs) or seen

    def clean(self, *, downstream: bool = False) -> int:
        """Forget all observations. Returns how many were stored."""
        rerunning.keep_off(f"{self.__qualname__}.clean(), which changes what is stored")
        self._observed.clear()
        return super().clean(downstream=downstream)

    @property
    def __inviscid_fickle__(self) -> bool:
        return True

    def __inviscid_parts__(self) -> tuple[Any, ...]:
        return (*super().__inviscid_parts__(), self._observe)

    def __repr__(self) -> str:
        return f"<source {function_name(self)}>"


class EffectFunction(CachedFunction[P, R]):
    """A function that acts on the world: see `inviscid.effect`."""

    _task = b"effect"
    __slots__ = ("_once",)
    _carried = (*CachedFunction._carried, "_once")  # noqa: SLF001  of its own base

    def __init__(
        self,
        function: Callable[..., R],
        options: Options = Options(),
        store: StoreLike | None = None,
        once: bool = False,
    ) -> None:
        super().__init__(function, options._replace(pure=True), store)
        self._once = once
        if once:
            self._kind = self._kind._replace(run=_tried(self._kind.run, awaited=self._kind.awaited))

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, refresh: bool) -> Steps[Answer]:
        values = self._signature.bind(args, kwargs)
        if inside := computing.inside(id(self)):
            # Also where the body swallows the error.
            for one in computing.callers(id(self)):
                one.disturbed = one.disturbed or f"it called the effect {self.__qualname__}(), which was refused"
            raise EffectError(
                f"{self.__qualname__}() is an effect, and was called inside {inside}(): a stored result wouldn't "
                f"repeat it. Call it from outside, with what {inside}() returns"
            )
        mode = self._variant.mode or settings.current_mode()
        if self._once:
            return (yield from self._call_once(values, mode, refresh=refresh))
        if mode.name == "replay":
            raise ReplayMiss(f"{self.__qualname__}() is an effect: mode 'replay' runs none")
        why = ("an effect runs at every call",) if planning.ACTIVE else ()
        return (yield from self._compute_only(values, Outcome.BYPASS_EFFECT, *why))

    def _rerun(self, rerun: Rerun, values: dict[str, Any]) -> Steps[Answer]:
        receipt, key = None, b""
        if self._once:
            call, attempt = self._receipt_of(values), Attempt(self.__qualname__)
            store, key = self._known(attempt, attempt.open(self._store)), call.key
            receipt = self._receipt(store, attempt, call)
        rerun.note(function_name(self), key, "left out", "an effect: it doesn't happen in a rerun")
        # It is driven as all other steps are.
        yield from ()
        return Answer(None if receipt is None else receipt.value)

    def _call_once(self, values: dict[str, Any], mode: Mode, *, refresh: bool) -> Steps[Answer]:
        call = self._receipt_of(values)
        attempt = Attempt(self.__qualname__)
        store = self._known(attempt, attempt.open(self._store))
        found = None if refresh else self._receipt(store, attempt, call)
        if found is not None:
            return self._hit(store, call, found)
        if mode.name == "replay":
            raise ReplayMiss(f"{self.__qualname__}() has no receipt that can be read, and mode 'replay' runs no effect")
        if mode.name == "readonly" or planning.ACTIVE:
            # Without the claim: of what is just happening nobody knows.
            self._check(store, call, refresh=refresh)
        if mode.name == "readonly":
            raise EffectError(f"{self.__qualname__}() has not happened yet, and mode 'readonly' could leave no receipt")
        if planning.ACTIVE:
            raise planning.WouldRun(Outcome.BYPASS_EFFECT, ("it has not happened yet",), call.key, again=refresh)
        with ExitStack() as claims:
            yield Claim(attempt, store, call.key, claims)
            found = None if refresh else self._receipt(store, attempt, call)
            if found is not None:
                return self._hit(store, call, found._replace(outcome=Outcome.HIT_WAITED))
            self._check(store, call, refresh=refresh)
            self._mark(store, call, "began")
            computed = yield from self._compute(store, call)
            if isinstance(computed.value, _Failed):
                # It said itself that it failed: it may be tried again.
                self._drop([_mark_of(call)])
                raise computed.value.error
            try:
                prepared = results.prepare(computed.value, self._forms, safe=store.safe)
            except UnstorableResult as error:
                prepared = results.prepare(None)
                events.warn(self.__qualname__, f"{self.__qualname__}() happened, but later calls give None: {error}")
            try:
                results.publish(store, call, prepared, NOTHING, function_name(self), computed.seconds, "always")
                store.pin(call.key, f"{_RECEIPT}{function_name(self)}")
                self._mark(store, call, "done")
            except StoreError as error:
                raise EffectError(
                    f"{self.__qualname__}() happened, but its receipt can't be kept: {error}. Mend the store before it "
                    "is called again"
                ) from error
        events.emit(store, Outcome.MISS_NEW, function_name(self), call.key, computed.seconds, ("first call",))
        return Answer(computed.value, prepared.digest)

    def _receipt_of(self, values: dict[str, Any]) -> Call:
        call = self._identify(values, Mode("on"))
        return call._replace(key=combine("receipt", call.key))

    def _known(self, attempt: Attempt, store: Store | None) -> Store:
        if store is None or attempt.why():
            raise EffectError(f"nobody can tell whether {self.__qualname__}() happened already: {attempt.why()}")
        return store

    def _receipt(self, store: Store, attempt: Attempt, call: Call) -> Found | None:
        entry = attempt.use(lambda: store.find(call.key), otherwise=None)
        self._known(attempt, store)
        if entry is None:
            return None
        found = self._load(store, attempt, call, Found(MISSING, entry, Outcome.HIT, ()))
        self._known(attempt, store)
        if found.outcome is Outcome.MISS_UNREADABLE:
            raise EffectError(
                f"{self.__qualname__}() happened, and its receipt can't be loaded: {'; '.join(found.reasons)}. Call it "
                "where it can, or let it run again by .forget(…) with the same arguments"
            )
        # One that is damaged is gone by now. What is left of it says so.
        return None if found.entry is None else found

    def _check(self, store: Store, call: Call, *, refresh: bool) -> None:
        """Refuse what happened, or may have, where no receipt says what came of it."""
        try:
            why = "" if refresh else self._doubt(store, call)
        except StoreError as error:
            raise EffectError(f"nobody can tell whether {self.__qualname__}() happened already: {error}") from error
        if why:
            raise EffectError(
                f"{self.__qualname__}() {why}, and then call .forget(…) with the same arguments to let it run again"
            )

    def _doubt(self, store: Store, call: Call) -> str:
        """Why nobody knows that it didn't happen, and what to do; empty where it never began."""
        keys = (call.key, _mark_of(call))
        if any(map(store.is_foreign, keys)):
            return (
                "may have happened: somebody else's receipt or mark is in the store, and nobody can tell what it says. "
                "Open the store with the key that sealed it. Or look"
            )
        # The pins first: who lets it run again takes them away before the entries.
        pinned = any(map(store.is_pinned, keys))
        receipt, mark = map(store.find, keys)
        try:
            state = None if mark is None else results.load(store, mark, None).value
        except results.Unreadable:
            state = None
        if state == "done":
            return "happened, and its receipt is lost. Look"
        if state is not None and mark is not None:
            origin = mark.provenance.origin
            return f"began on {origin} and never said that it ended: nobody knows whether it happened. Look"
        if pinned or receipt is not None or mark is not None:
            return "happened or began, and what the store had of it was damaged: nobody knows which. Look"
        return ""

    def _mark(self, store: Store, call: Call, state: str) -> None:
        marked = call._replace(key=_mark_of(call))
        results.publish(store, marked, results.prepare(state), NOTHING, function_name(self), 0.0, "always")
        store.pin(marked.key, f"{_MARK}{function_name(self)}")

    def explain(self, *args: P.args, **kwargs: P.kwargs) -> Explanation:
        """What would become of a call, and why. Does nothing."""
        if not self._once:
            return Explanation("bypass", ["an effect runs at every call"], Outcome.BYPASS_EFFECT, "")
        call, store = self._receipt_of(self._signature.bind(args, kwargs)), current_store(self._store)
        if (entry := store.find(call.key)) is not None:
            return Explanation("hit", ["it happened already"], Outcome.HIT, call.key.hex(), entry=entry)
        doubted = self._doubt(store, call)
        why = (
            "nobody knows whether it happened: the call is an error until it is forgotten" if doubted else "first call"
        )
        return Explanation("miss", [why], Outcome.MISS_NEW, call.key.hex())

    def forget(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Let an effect that happened once happen again. Returns whether it had, or may have."""
        rerunning.keep_off(f"{self.__qualname__}.forget(), which changes what is stored")
        call = self._receipt_of(self._signature.bind(args, kwargs))
        return self._drop([call.key, _mark_of(call)]) > 0

    def clean(self, *, downstream: bool = False) -> int:
        """Let every effect that happened once happen again. Returns how many entries that were.

        Args:
            downstream: changes nothing: effects are not called by what is stored.
        """
        rerunning.keep_off(f"{self.__qualname__}.clean(), which changes what is stored")
        store, name = current_store(self._store), function_name(self)
        known = [entry.key for entry in store.nearest(name, limit=-1)]
        # Of what was damaged only the pin says whose it is. What others sealed isn't ours to let happen again.
        pins = [pin.key for pin in store.pins() if pin.because in (f"{_RECEIPT}{name}", f"{_MARK}{name}")]
        return self._drop([*known, *(key for key in pins if key not in known and not store.is_foreign(key))])

    def _drop(self, keys: list[bytes]) -> int:
        """Let go of receipts and marks; gives how many there were."""
        store = current_store(self._store)
        pins = sum([store.unpin(key) for key in keys])
        # Of one that was damaged there is but the pin.
        return max(pins, store.forget(keys))

    def _call_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return self._receipt_of(self._signature.bind(args, kwargs)) if self._once else super()._call_of(args, kwargs)

    def freeze(self, because: str = "") -> int:
        """Effects have no result that could stand.

        Raises:
            FrozenMiss: always.
        """
        raise FrozenMiss(f"{self.__qualname__}() is an effect: there is nothing to freeze")

    def accept(self, **wish: Any) -> Accepted:
        """Effects have no result that could stand.

        Raises:
            AcceptError: always.
        """
        raise AcceptError(f"{self.__qualname__}() is an effect: it has no results that could stand for it")

    @property
    def __inviscid_acts__(self) -> bool:
        return True

    @property
    def __inviscid_fickle__(self) -> bool:
        # Nobody may build on it.
        return True

    @property
    def _encloses(self) -> str:
        # What it does it may do through other effects.
        return ""

    def __inviscid_parts__(self) -> tuple[Any, ...]:
        return (*super().__inviscid_parts__(), self._once)

    def __repr__(self) -> str:
        return f"<effect {function_name(self)}>"


class _Failed(NamedTuple):
    """What a body gives that raised."""

    error: Exception


def _tried(run: Run, *, awaited: bool) -> Run:
    """Run a body and give what it raises: what ends the process, or the wait for it, says nothing of the effect."""
    if not awaited:

        def attempt(*call: Any) -> Any:
            try:
                return run(*call)
            except Exception as error:  # noqa: BLE001  it is raised to the caller
                return _Failed(error)

        return attempt

    async def attempt_awaited(*call: Any) -> Any:
        try:
            return await run(*call)
        except Exception as error:  # noqa: BLE001  as above
            return _Failed(error)

    return attempt_awaited


def _mark_of(call: Call) -> bytes:
    return combine("mark", call.key)
