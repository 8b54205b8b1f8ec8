"""Cached functions: what is called, and what one can ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload

from inviscid import calls, explain, freeze, rerunning, results, settings, stores
from inviscid.bound import BoundCachedFunction
from inviscid.calls import Call
from inviscid.computing import Answer
from inviscid.entry import Entry, function_name
from inviscid.errors import InviscidError, UnstorableResult
from inviscid.explain import Explanation
from inviscid.freeze import OneCall
from inviscid.mapping import map_over
from inviscid.memo import Memo
from inviscid.outcome import Outcome
from inviscid.rerunning import Rerun
from inviscid.steps import Raised, Steps, tried
from inviscid.store import Store
from inviscid.stores import Attempt

# What accepts, compares and cleans is imported by who does: a process that hits shall not pay for it.
if TYPE_CHECKING:
    from inviscid.accept import Accepted

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Q = ParamSpec("Q")


class CachedFunction(Memo[P, R]):
    """A function whose results are kept. Called like the function that it wraps, less the config parameters."""

    __slots__ = ()

    def _steps(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, refresh: bool) -> Steps[Answer]:
        if not rerunning.ACTIVE:
            return super()._steps(args, kwargs, refresh=refresh)
        return self._rerun(rerunning.ACTIVE[-1], self._signature.bind(args, kwargs))

    def _rerun(self, rerun: Rerun, values: dict[str, Any]) -> Steps[Answer]:
        """The steps to what a call gives while a rerun is made: whatever is stored, the body runs."""
        name, attempt = function_name(self), Attempt(self.__qualname__)
        mode = self._variant.mode or settings.current_mode()
        served = freeze.find(self._slot(), values, mode) if self._is_frozen() else None
        if served is not None:
            rerun.note(name, served.entry.key, "left out", served.reason)
            return self._frozen(values, served)
        call = self._identify(values, mode)
        store = attempt.open(self._store)
        why = "; ".join(call.taints) or attempt.why() or ("it writes outputs" if call.outputs else "")
        why = why or ("it has a symmetry, and is stored for representatives" if self._options.symmetry else "")
        if why or store is None or mode.name == "off":
            rerun.note(name, call.key, "left out", why or "caching is off")
            return (yield from self._compute_only(values, Outcome.BYPASS_OFF, "a rerun stores nothing"))
        if call.key in rerun.same:
            found = yield from self._find(store, attempt, call, refresh=False, retrace=False)
            if found.entry is not None:
                return self._answered(call, found)
        return (yield from self._compared(rerun, store, attempt, call))

    def _compared(self, rerun: Rerun, store: Store, attempt: Attempt, call: Call) -> Steps[Answer]:
        """Run the body, and note what it gives beside what is stored."""
        name = function_name(self)
        first = yield from tried(self._compute(store, call), awaited=self._kind.awaited)
        if isinstance(first, Raised):
            yield from self._raised(rerun, store, attempt, call, first.error)
            return (yield first)  # type: ignore[no-any-return]  # it raises
        try:
            prepared = results.prepare(first.value, self._forms, safe=store.safe)
        except UnstorableResult as error:
            rerun.note(name, call.key, "left out", str(error))
            return Answer(first.value)
        entry = attempt.use(lambda: store.find(call.key), otherwise=None)
        if entry is None:
            rerun.note(name, call.key, "new", attempt.why())
        elif first.disturbed:
            rerun.note(name, call.key, "left out", first.disturbed)
        elif entry.value == prepared.digest:
            rerun.note(name, call.key, "same")
        else:
            rerun.note(name, call.key, *(yield from self._differing(store, attempt, call, entry, prepared.digest)))
        return Answer(prepared.value)

    def _raised(self, rerun: Rerun, store: Store, attempt: Attempt, call: Call, error: Exception) -> Steps[None]:
        """Note a body that raised where something is stored: the caller may catch that, and nobody would know."""
        if attempt.use(lambda: store.find(call.key), otherwise=None) is None:
            return
        found = yield from self._find(store, attempt, call, refresh=False, retrace=False)
        if found.entry is None:
            return
        what = f"it raised {type(error).__name__} where a result is stored"
        # What this package refuses, of a source that can't be asked now say, is no answer of the body.
        rerun.note(function_name(self), call.key, "left out" if isinstance(error, InviscidError) else "stale", what)

    def _differing(
        self, store: Store, attempt: Attempt, call: Call, entry: Entry, given: bytes
    ) -> Steps[tuple[str, str]]:
        """What a body means that gave something else than what is stored."""
        found = yield from self._find(store, attempt, call, refresh=False, retrace=False)
        if found.entry is None:
            return "new", f"what is stored wouldn't be served: {'; '.join(found.reasons)}"
        (origin,) = self._origin(entry)
        second = yield from tried(self._compute(store, call), awaited=self._kind.awaited)
        if isinstance(second, Raised):
            return "unsteady", f"it raised {type(second.error).__name__} the second time; what is stored was {origin}"
        if results.digest_of(second.value, self._forms) != given:
            return "unsteady", f"it gives something else each time; what is stored was {origin}"
        return "stale", f"it gives something else than what was {origin}"

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
            identify = lambda: self._call_of(args, kwargs)  # noqa: E731  it is asked at most once
            values, through = self._reduced(self._signature.bind(args, kwargs))
            if explanation := freeze.explained(self._slot(), values, mode, identify):
                return explanation._replace(through=through)
        call = self._call_of(args, kwargs)
        if call.taints:
            return Explanation(
                "bypass", list(call.taints), Outcome.BYPASS_TAINTED, call.key.hex(), through=call.through
            )
        store = stores.current_store(self._store)
        attempt = Attempt(self.__qualname__)
        found = self._foreseen(store, attempt, call, refresh=mode.name == "refresh")
        found = self._why(store, attempt, call, found)
        reasons = [*found.reasons, *([f"unless {found.unless}() gives what it gave"] if found.unless else [])]
        entry = found.entry or found.earlier or found.nearest
        diff, key = found.difference.diff, call.key.hex()
        return Explanation(found.outcome.kind, reasons, found.outcome, key, diff, entry, call.through)

    def __inviscid_since__(self) -> Explanation:
        """What became of the newest stored result: whether anything but its arguments would be different now.

        Raises:
            StoreError: the store can't be read.
        """
        store = stores.current_store(self._store)
        entries = store.nearest(function_name(self), 1) if store.exists() else []
        if not entries:
            return Explanation("miss", ["it has no stored result"], Outcome.MISS_NEW, "")
        marks = freeze.marks_of(entries[0])
        call = calls.identify(
            {},
            lambda asked: self._take(asked | marks),
            self._config(),
            self._options,
            settings.current_mode(),
            self._forms,
        )
        if call.taints:
            return Explanation("bypass", list(call.taints), Outcome.BYPASS_TAINTED, "", entry=entries[0])
        reason = explain.since(store, entries[0], call)
        texts = list(reason.texts)
        return Explanation(reason.outcome.kind, texts, reason.outcome, "", reason.difference.diff, reason.entry)

    def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute a call again, whatever is stored, and store what comes of it."""
        return self._kind.drive(self._value(args, kwargs, refresh=True))  # type: ignore[no-any-return]

    def map(self, items: Iterable[Any], n_jobs: int = 1, *, progress: bool | None = None) -> list[R]:
        """What the function gives for each of many items, its only argument.

        All are looked up at once, and only what is missing is computed. Each result is stored as soon as it is there:
        where this is interrupted, or a body raises, only what was under way is lost.

        Args:
            items: for each call its first argument; the others have their defaults.
            n_jobs: how many processes compute what is missing, by joblib; -1 for one on each core. What holds for
                joblib (`joblib.parallel_config`) holds here.
            progress: whether a line on stderr tells how far it is; by default where that is a terminal.

        Returns:
            As many results, in the order of the items.

        Raises:
            TypeError: the function is awaited: gather its calls instead.
            Exception: what a body raises.
        """
        if self._kind.awaited:
            name = self.__qualname__
            raise TypeError(f"{name}.map(): {name} is awaited; use asyncio.gather(*map({name}, items))")
        return map_over(self, self._recall, items, n_jobs, progress=progress)

    def forget(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Remove the stored result of one call. Returns whether there was one.

        Raises:
            FrozenMiss: it is frozen.
        """
        rerunning.keep_off(f"{self.__qualname__}.forget(), which changes what is stored")
        store, call = stores.current_store(self._store), self._call_of(args, kwargs)
        freeze.check_forgetting(self._slot(), call.key)
        # What an edit of what it calls left behind could stand for it again.
        earlier = [entry.key for link in (call.key, call.shallow()) for entry in store.traced(link, limit=-1)]
        found = store.forget([call.key, *earlier]) > 0
        store.forget(_kept_beside([call.key, *earlier]))
        return found

    def clean(self, *, downstream: bool = False) -> int:
        """Remove all stored results that this function computed, but for the frozen and the pinned. Returns how many
        there were.

        Args:
            downstream: also those of all functions that reach it.
        """
        rerunning.keep_off(f"{self.__qualname__}.clean(), which changes what is stored")
        store = stores.current_store(self._store)
        kept = freeze.kept(self._slot(), store)
        going = [entry.key for entry in store.nearest(function_name(self), limit=-1)]
        if downstream:
            from inviscid.cleaning import reaching

            going += reaching(store, {function_name(self)})
        going = [key for key in going if key not in kept]
        found = store.forget(going)
        store.forget(_kept_beside(going))
        return found

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

    def accept(
        self,
        *,
        because: str,
        check: int | None = None,
        callers: bool = False,
        dry_run: bool = False,
        imports: bool = False,
    ) -> Accepted:
        """Accept an edit: what the function does now gives what an earlier version of it gave, by your word.

        The results of the nearest version that has any stand for the function as it is now, until it is edited again.
        That is written to `inviscid.lock`; `revoke` undoes it. Print what this returns to see what changed.

        Args:
            because: why, for those who review `inviscid.lock`.
            check: make as many recorded calls again, where their arguments are at hand (`keep_inputs=`), and refuse if
                one gives something else than what is stored.
            callers: accept with it those callers too that don't call it directly, if nothing else of them changed.
            dry_run: only say what would be accepted.
            imports: with `callers`: look in modules too that are not imported yet. Nothing cached runs meanwhile.

        Raises:
            AcceptError: there is no older version with results that could be carried over, or no call that could be
                made again.
            AcceptRefused: a call gave something else.
            LockError: `inviscid.lock` is damaged.
            StoreError: the store can't be used.
        """
        from inviscid.checking import Wish, accept_function

        wish = Wish(because, check, callers, dry_run, imports)
        return accept_function(self.__inviscid_base__, self._slot(), wish)

    def revoke(self, *, every: bool = False) -> int:
        """Undo `accept`: what the function does now, or with `every` all that ever was accepted of it. What came along
        with that goes too. Returns how many records of `inviscid.lock` that were.

        Raises:
            AcceptError: there are none.
            LockError: `inviscid.lock` is damaged.
        """
        from inviscid.accept import revoke

        return revoke(self._slot(), self._take, every=every)

    def __inviscid_rerun__(self, *args: Any, **kwargs: Any) -> Any:
        """What the body gives, whatever is stored; nothing is stored of it."""
        return self._again(self._bound(args, kwargs))

    def _again(self, values: dict[str, Any]) -> Any:
        """The same, of arguments that were bound once."""
        return self._kind.drive(self._answer_only(values))

    def _answer_only(self, values: dict[str, Any]) -> Steps[Any]:
        answer = yield from self._compute_only(values, Outcome.BYPASS_OFF, "it is only compared")
        return answer.value

    def calling(self, *args: P.args, **kwargs: P.kwargs) -> OneCall:
        """One call, to freeze or thaw it alone: ``report.calling(2024).freeze(because="it was sent out")``. Computes
        nothing.
        """

        def foresee() -> tuple[Call, Entry | None, Sequence[str]]:
            store, call = stores.current_store(self._store), self._call_of(args, kwargs)
            found = self._foreseen(store, Attempt(self.__qualname__), call, refresh=False)
            return call, found.entry, found.reasons

        return OneCall(self._slot(), self._bound(args, kwargs), foresee)

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> CachedFunction[P, R]: ...
    @overload
    def __get__(
        self: CachedFunction[Concatenate[S, Q], R], instance: S, owner: type[Any] | None = None
    ) -> BoundCachedFunction[Q, R]: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        return self if instance is None or not self._kind.binds else BoundCachedFunction(self, instance)

    def _repr_html_(self) -> str:
        # Notebooks ask for it, nobody else: what draws is imported here.
        from inviscid.report import notebook_card

        return notebook_card(function_name(self), lambda: stores.current_store(self._store))

    def __repr__(self) -> str:
        varied = "" if self is self.__inviscid_base__ else "configured "
        return f"<{varied}cached function {function_name(self)}>"


def _kept_beside(keys: Iterable[bytes]) -> list[bytes]:
    """The keys of what is kept beside the entries of these."""
    from inviscid.keeping import key_of

    return list(map(key_of, keys))
