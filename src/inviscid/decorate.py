"""`cached` and `fingerprint`: what is taken, what is refused, and what a decorated function becomes."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterable, Callable, Coroutine, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, TypeVar, overload

from inviscid.bound import BoundCachedFunction
from inviscid.callables import names_of, result_of
from inviscid.calls import FINGERPRINTS, Options, is_declared
from inviscid.errors import ConfigError, SymmetryError
from inviscid.fingerprinting import Declared, Fingerprint
from inviscid.forms import StoredForms
from inviscid.function import CachedFunction
from inviscid.kinds import EffectFunction, SourceFunction
from inviscid.outputs import OutputsLike, check, declared
from inviscid.settings import near
from inviscid.signature import wrapped_with_config
from inviscid.stores import StoreLike
from inviscid.tracer import check_version

if TYPE_CHECKING:
    from inviscid.symmetry.group import Group

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_TRACKS = ("deep", "traced")


class _Listing(Protocol):
    """The decorator of functions whose results are lists of what they yield."""

    @overload
    def __call__(self, function: Callable[P, Iterable[T]], /) -> CachedFunction[P, list[T]]: ...
    @overload
    def __call__(
        self, function: Callable[P, AsyncIterable[T]], /
    ) -> CachedFunction[P, Coroutine[Any, Any, list[T]]]: ...


class _ClassMethod(classmethod):  # type: ignore[type-arg]  # it takes no arguments when the program runs
    """A class method that binds as cached methods do: from 3.13 on, `classmethod` makes a plain method of whatever it
    holds, which doesn't say to which class.
    """

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        return self.__func__.__get__(type(instance) if owner is None else owner)

    def __inviscid_definition__(self) -> Declared:
        """To a fingerprint it is any class method."""
        return Declared(classmethod(self.__func__), b"", ())


@overload
def cached(function: Callable[P, R], /) -> CachedFunction[P, R]: ...
@overload
def cached(
    *,
    store: StoreLike | None = None,
    ignore: Iterable[str] = (),
    identify: Mapping[str, Callable[[Any], Any]] | None = None,
    volatile: Iterable[str] = (),
    namespace: str | None = None,
    pure: bool | None = None,
    frozen: bool = False,
    version: Any = None,
    durability: str = "auto",
    outputs: OutputsLike | None = None,
    generator: None = None,
    max_age: float | timedelta | None = None,
    cache_if: Callable[[Any], Any] | None = None,
    track: str = "deep",
    tags: Iterable[str] = (),
    keep_inputs: bool = False,
    symmetry: Group | None = None,
    verify: float = 0.0,
) -> Callable[[Callable[P, R]], CachedFunction[P, R]]: ...
@overload
def cached(
    *,
    store: StoreLike | None = None,
    ignore: Iterable[str] = (),
    identify: Mapping[str, Callable[[Any], Any]] | None = None,
    volatile: Iterable[str] = (),
    namespace: str | None = None,
    pure: bool | None = None,
    frozen: bool = False,
    version: Any = None,
    durability: str = "auto",
    outputs: OutputsLike | None = None,
    generator: Literal["list"],
    max_age: float | timedelta | None = None,
    cache_if: Callable[[Any], Any] | None = None,
    track: str = "deep",
    tags: Iterable[str] = (),
    keep_inputs: bool = False,
    symmetry: Group | None = None,
    verify: float = 0.0,
) -> _Listing: ...
def cached(
    function: Callable[..., Any] | None = None,
    /,
    *,
    store: StoreLike | None = None,
    ignore: Iterable[str] = (),
    identify: Mapping[str, Callable[[Any], Any]] | None = None,
    volatile: Iterable[str] = (),
    namespace: str | None = None,
    pure: bool | None = None,
    frozen: bool = False,
    version: Any = None,
    durability: str = "auto",
    outputs: OutputsLike | None = None,
    generator: str | None = None,
    max_age: float | timedelta | None = None,
    cache_if: Callable[[Any], Any] | None = None,
    track: str = "deep",
    tags: Iterable[str] = (),
    keep_inputs: bool = False,
    symmetry: Group | None = None,
    verify: float = 0.0,
) -> Any:
    """Keep a function's results across processes, for as long as its behaviour, config and inputs are the same.

    An async function is cached like any other: awaiting it gives the stored result, or else the computed one. Awaits of
    the same call share one computation. It needs asyncio.

    On a class method write ``@cached`` above ``@classmethod``. The other way round it can be called like any other, but
    from Python 3.13 on what one asks of it (`key`, `explain`, …) takes the class as its first argument.

    Args:
        function: a function, method or lambda, async or not; an instance with `__call__`, whose class and state
            count; a `functools.partial`, a wrapper such as `functools.lru_cache`, a builtin; a property. It must be
            pure, but for config.
        store: a `Store` or the path of one, instead of the one from the settings.
        ignore: parameters that don't change the result.
        identify: for a parameter, a function whose result stands for the argument when the key is made.
        volatile: attributes of arguments, at any depth, that don't change the result.
        namespace: keeps the results apart from those under another namespace.
        pure: your word that the function is pure although something that it reaches can't be fingerprinted.
        frozen: only frozen results answer, whatever the code does; all else is a `FrozenMiss`. See
            `CachedFunction.freeze`.
        version: part of the key; change it to invalidate by hand.
        durability: when to wait for the disk: ``auto`` (results that took a second or more), ``always``, ``never``.
        outputs: files and directories that the function writes: a path, in which ``{name}`` stands for an argument; a
            function that takes arguments by name and returns a path or several; a list of those; or `Outputs`. A hit
            brings them back.
        generator: ``list`` makes a generator function, async or not, one that returns the list of what it yields.
        max_age: seconds, or a `datetime.timedelta`, after which a result is computed again. It is looked at when a
            result is read, also through callers; it is no part of the key.
        cache_if: is given each result, and says whether to keep it.
        track: ``deep``, or ``traced`` (from Python 3.12 on): every computation is watched, and its result is kept only
            if all code that ran is in the fingerprint and nothing was seen to read the world. With ``pure`` the first
            of the two alone.
        tags: names by which the results can be cleaned together (``inviscid clean --tag``); no part of the key.
        keep_inputs: keep the arguments beside each result, the ignored ones too, so that its call can be made again:
            see `CachedFunction.accept`. They take place in the store.
        symmetry: a group of `inviscid.symmetry` that acts on arguments: your word that the result stays, or moves
            along, when it moves them. Then all arguments of an orbit share one result.
        verify: with which probability a call computes for the argument itself too, to see whether that is so.

    Returns:
        A `CachedFunction`.

    Raises:
        TypeError: it can't be called, is a class, is a generator function without `generator`, or an output asks for a
            parameter that there isn't.
        ConfigError: a config parameter stands where it can't be injected.
        TraceError: ``track="traced"`` before Python 3.12.
        SymmetryError: the symmetry names a parameter that there isn't, or doesn't go with another option.
    """
    if durability not in ("auto", "always", "never"):
        raise TypeError(f"cached(): durability is 'auto', 'always' or 'never', not {durability!r}")
    if generator not in (None, "list"):
        hint = near(str(generator), ["list"])
        raise TypeError(f"cached(): generator is 'list' or left out, not {generator!r}{hint}")
    if track not in _TRACKS:
        raise TypeError(f"cached(): track is 'deep' or 'traced', not {track!r}{near(str(track), _TRACKS)}")
    if track == "traced":
        check_version("cached(track='traced')")
    if cache_if is not None and not callable(cache_if):
        raise TypeError(f"cached(): cache_if takes a function of the result, not {cache_if!r}")
    written = declared(outputs)
    options = _options(ignore, identify, volatile, namespace, version)._replace(
        pure=bool(pure),
        durability=durability,
        generator=generator or "",
        max_age=_seconds(max_age),
        cache_if=cache_if,
        frozen=bool(frozen),
        outputs=written.paths,
        allow=written.allow,
        track=track,
        tags=_tags(tags),
        keep_inputs=bool(keep_inputs),
        symmetry=symmetry,
        verify=_verified(symmetry, verify),
    )
    return _decorator(function, options, lambda inner: CachedFunction(inner, options, store))


@overload
def source(function: Callable[P, R], /) -> SourceFunction[P, R]: ...
@overload
def source(
    *,
    observe: Callable[..., Any] | None = None,
    store: StoreLike | None = None,
    ignore: Iterable[str] = (),
    identify: Mapping[str, Callable[[Any], Any]] | None = None,
    volatile: Iterable[str] = (),
    namespace: str | None = None,
    version: Any = None,
) -> Callable[[Callable[P, R]], SourceFunction[P, R]]: ...
def source(
    function: Callable[..., Any] | None = None,
    /,
    *,
    observe: Callable[..., Any] | None = None,
    store: StoreLike | None = None,
    ignore: Iterable[str] = (),
    identify: Mapping[str, Callable[[Any], Any]] | None = None,
    volatile: Iterable[str] = (),
    namespace: str | None = None,
    version: Any = None,
) -> Any:
    """Observe the world: a query, a listing, the clock.

    The body runs once in each run of a process for the same arguments, or with `observe` whenever what that gives is
    new. Cached functions that call it depend on its value alone: an observation that is what it was recomputes nothing.

    Args:
        function: what observes. It may read whatever it likes.
        observe: is called with the same arguments at every look, and gives a *token*, cheaply: a modification time, an
            ETag, the largest id. As long as the token is one that was seen before, the value that was seen with it
            stands, in later runs too.
        store: as for `cached`.
        ignore: as for `cached`.
        identify: as for `cached`.
        volatile: as for `cached`.
        namespace: as for `cached`.
        version: as for `cached`.

    Returns:
        A `SourceFunction`.

    Raises:
        TypeError: it can't be called, is a class, or is a generator function.
        SourceError: when it is called: `observe` raised, or gave what has no digest.
    """
    if observe is not None and not callable(observe):
        raise TypeError(f"source(): observe takes a function of the same arguments, not {observe!r}")
    options = _options(ignore, identify, volatile, namespace, version)
    return _decorator(function, options, lambda inner: SourceFunction(inner, options, store, observe))


@overload
def effect(function: Callable[P, R], /) -> EffectFunction[P, R]: ...
@overload
def effect(
    *,
    once: bool = False,
    store: StoreLike | None = None,
    ignore: Iterable[str] = (),
    identify: Mapping[str, Callable[[Any], Any]] | None = None,
    volatile: Iterable[str] = (),
    namespace: str | None = None,
    version: Any = None,
) -> Callable[[Callable[P, R]], EffectFunction[P, R]]: ...
def effect(
    function: Callable[..., Any] | None = None,
    /,
    *,
    once: bool = False,
    store: StoreLike | None = None,
    ignore: Iterable[str] = (),
    identify: Mapping[str, Callable[[Any], Any]] | None = None,
    volatile: Iterable[str] = (),
    namespace: str | None = None,
    version: Any = None,
) -> Any:
    """Act on the world: send, write a table, train in place.

    It runs at every call. Inside a cached function it is refused before it runs, because a stored result would not
    repeat it.

    Args:
        function: what acts.
        once: run once for each key (what the function does, its config, its arguments), ever. A receipt is kept; later
            calls give what the first one returned. Where a process ended in the middle, nobody knows whether it
            happened: then a call is an error until `.forget(…)` allows it again.
        store: as for `cached`; of an effect that runs once, the place of the receipts.
        ignore: as for `cached`.
        identify: as for `cached`.
        volatile: as for `cached`.
        namespace: as for `cached`.
        version: as for `cached`.

    Returns:
        An `EffectFunction`.

    Raises:
        TypeError: it can't be called, is a class, or is a generator function.
        EffectError: when it is called: inside a cached function; or once, and nobody can tell whether it happened.
    """
    options = _options(ignore, identify, volatile, namespace, version)
    return _decorator(function, options, lambda inner: EffectFunction(inner, options, store, once=once))


def _options(
    ignore: Iterable[str],
    identify: Mapping[str, Callable[[Any], Any]] | None,
    volatile: Iterable[str],
    namespace: str | None,
    version: Any,
) -> Options:
    if isinstance(ignore, str) or isinstance(volatile, str):
        raise TypeError("ignore= and volatile= take a list of names")
    replaced = tuple(sorted((identify or {}).items()))
    return Options(frozenset(ignore), replaced, frozenset(volatile), version, namespace or "")


def _verified(symmetry: Any, verify: float) -> float:
    if symmetry is None:
        if verify:
            raise TypeError("cached(): verify= looks whether symmetry= is true, and there is none")
        return 0.0
    from inviscid.symmetry import Group
    from inviscid.symmetry.aliases import check_probability

    if not isinstance(symmetry, Group):
        raise SymmetryError(
            f"cached(): symmetry= takes a group, such as inviscid.symmetry.Permutation('xs'), not {symmetry!r}"
        )
    check_probability("cached", verify)
    return float(verify)


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    listed: list[Any] = [] if isinstance(tags, str) else list(tags)
    if isinstance(tags, str) or not all(isinstance(tag, str) and tag for tag in listed):
        raise TypeError(f"cached(): tags= takes a list of names, not {tags!r}")
    return tuple(sorted(set(listed)))


def _seconds(max_age: float | timedelta | None) -> float | None:
    seconds: Any = max_age.total_seconds() if isinstance(max_age, timedelta) else max_age
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0):
        raise TypeError(f"cached(): max_age takes seconds or a timedelta, more than nothing, not {max_age!r}")
    return None if seconds is None else float(seconds)


Make = Callable[[Any], CachedFunction[..., Any]]


def _decorator(function: Callable[..., Any] | None, options: Options, make: Make) -> Any:
    def decorate(function: Callable[..., Any]) -> Any:
        return _decorate(function, options, make)

    return decorate if function is None else decorate(function)


def _decorate(function: Any, options: Options, make: Make) -> Any:
    if isinstance(function, staticmethod | classmethod):
        # The descriptor stays outermost: it decides what is bound.
        descriptor = _ClassMethod if type(function) is classmethod else type(function)
        return descriptor(_decorate(function.__func__, options, make))
    if isinstance(function, property):
        return type(function)(
            _decorate(function.fget, options, make), function.fset, function.fdel, function.__doc__
        )  # fmt: skip
    if isinstance(function, functools.cached_property):
        return type(function)(_decorate(function.func, options, make))
    if isinstance(function, CachedFunction | BoundCachedFunction):
        raise TypeError(f"{function.__qualname__}() is cached already")
    _refuse_kinds(function, options)
    if inner := wrapped_with_config(function):
        raise ConfigError(
            f"put @cached directly on {inner}(), below the other decorators: its config can't be injected through them"
        )
    made = make(function)
    known = {item.name for item in made.parameters}
    for name in {*options.ignore, *(name for name, _ in options.identify)} - known:
        raise TypeError(f"cached(): {made.__qualname__}() has no parameter '{name}'")
    check(options, made.__qualname__, (item.name for item in made.parameters))
    if options.symmetry is not None:
        from inviscid.symmetry.fitting import check_fit

        check_fit(options, made.__qualname__, made.parameters)
    return made


def _refuse_kinds(function: Any, options: Options) -> None:
    if isinstance(function, type):
        name = function.__qualname__
        raise TypeError(
            f"cached() takes a function, and {name} is a class: cache a function that makes one, "
            f"as in @cached def make(...): return {name}(...)"
        )
    if isinstance(function, functools.partialmethod):
        raise TypeError("cached() can't bind a functools.partialmethod: cache the method that it is made of")
    if not callable(function):
        raise TypeError(f"cached() takes something that can be called, not {type(function).__qualname__}")
    name, is_generator = names_of(function).qualname, result_of(function).endswith("generator")
    if is_generator and not options.generator:
        raise TypeError(
            f"{name}() is a generator function, and a generator runs only once: keep the list of what it yields with "
            '@cached(generator="list"), or return a list'
        )
    if options.generator and not is_generator:
        raise TypeError(f"{name}() is no generator function: leave out generator={options.generator!r}")


def fingerprint(function: Any) -> Fingerprint:
    """The fingerprint of any function or class, cached or not; its `digest` is equal in every process and Python
    version.

    Raises:
        TypeError: it is neither a function nor a class.
    """
    if not callable(function):
        raise TypeError(f"fingerprint() takes a function or a class, not {type(function).__qualname__}")
    base = function.__inviscid_base__ if is_declared(function) else function
    given = base._store if isinstance(base, CachedFunction) else None  # noqa: SLF001  it is ours
    return FINGERPRINTS.of(base, forms=StoredForms(given, writes=False))
