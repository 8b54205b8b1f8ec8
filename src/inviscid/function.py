"""Cached functions: what is called, and what one can ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from inviscid import freeze, settings, stores
from inviscid.bound import BoundCachedFunction
from inviscid.calls import Call
from inviscid.cleaning import reaching
from inviscid.entry import Entry, function_name
from inviscid.explain import Explanation
from inviscid.freeze import OneCall
from inviscid.mapping import map_over
from inviscid.memo import Memo
from inviscid.outcome import Outcome
from inviscid.stores import Attempt

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Q = ParamSpec("Q")


class CachedFunction(Memo[P, R]):
    """A function whose results are kept. Called like the function that it wraps, less the config parameters."""

    __slots__ = ()

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
        key, diff = call.key.hex(), found.difference.diff
        return Explanation(found.outcome.kind, reasons, found.outcome, key, diff, call.through)

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
        store, call = stores.current_store(self._store), self._call_of(args, kwargs)
        freeze.check_forgetting(self._slot(), call.key)
        # What an edit of what it calls left behind could stand for it again.
        earlier = [entry.key for link in (call.key, call.shallow()) for entry in store.traced(link, limit=-1)]
        return store.forget([call.key, *earlier]) > 0

    def clean(self, *, downstream: bool = False) -> int:
        """Remove all stored results that this function computed, but for the frozen and the pinned. Returns how many
        there were.

        Args:
            downstream: also those of all functions that reach it.
        """
        store = stores.current_store(self._store)
        kept = freeze.kept(self._slot(), store)
        keys = [entry.key for entry in store.nearest(function_name(self), limit=-1)]
        if downstream:
            keys += reaching(store, {function_name(self)})
        return store.forget(key for key in keys if key not in kept)

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

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> CachedFunction[P, R]: ...
    @overload
    def __get__(
        self: CachedFunction[Concatenate[S, Q], R], instance: S, owner: type[Any] | None = None
    ) -> BoundCachedFunction[Q, R]: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        return self if instance is None or not self._kind.binds else BoundCachedFunction(self, instance)

    def __repr__(self) -> str:
        varied = "" if self is self.__inviscid_base__ else "configured "
        return f"<{varied}cached function {function_name(self)}>"
