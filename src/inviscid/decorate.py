"""`cached` and `fingerprint`: what is taken, what is refused, and what a decorated function becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

from inviscid.calls import FINGERPRINTS, Options, is_declared
from inviscid.errors import ConfigError
from inviscid.fingerprinting import Declared, Fingerprint
from inviscid.forms import StoredForms
from inviscid.memo import CachedFunction
from inviscid.signature import wrapped_with_config
from inviscid.stores import StoreLike

P = ParamSpec("P")
R = TypeVar("R")


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
    version: Any = None,
    durability: str = "auto",
) -> Callable[[Callable[P, R]], CachedFunction[P, R]]: ...
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
    version: Any = None,
    durability: str = "auto",
) -> Any:
    """Keep a function's results across processes, for as long as its behaviour, config and inputs are the same.

    On a class method write ``@cached`` above ``@classmethod``. The other way round it can be called like any other, but
    from Python 3.13 on what one asks of it (`key`, `explain`, …) takes the class as its first argument.

    Args:
        function: a plain function, method or lambda. It must be pure, but for config.
        store: a `Store` or the path of one, instead of the one from the settings.
        ignore: parameters that don't change the result.
        identify: for a parameter, a function whose result stands for the argument when the key is made.
        volatile: attributes of arguments, at any depth, that don't change the result.
        namespace: keeps the results apart from those under another namespace.
        pure: your word that the function is pure although something that it reaches can't be fingerprinted.
        version: part of the key; change it to invalidate by hand.
        durability: when to wait for the disk: ``auto`` (results that took a second or more), ``always``, ``never``.

    Returns:
        A `CachedFunction`.

    Raises:
        TypeError: it is no function, or of a kind that can't be cached.
        ConfigError: a config parameter stands where it can't be injected.
    """
    if isinstance(ignore, str) or isinstance(volatile, str):
        raise TypeError("cached(): ignore= and volatile= take a list of names")
    if durability not in ("auto", "always", "never"):
        raise TypeError(f"cached(): durability is 'auto', 'always' or 'never', not {durability!r}")
    options = Options(
        frozenset(ignore), tuple(sorted((identify or {}).items())), frozenset(volatile), version, namespace or "",
        bool(pure), durability,
    )  # fmt: skip

    def decorate(function: Callable[..., Any]) -> Any:
        return _decorate(function, options, store)

    return decorate if function is None else decorate(function)


def _decorate(function: Any, options: Options, store: StoreLike | None) -> Any:
    if isinstance(function, staticmethod | classmethod):
        # The descriptor stays outermost: it decides what is bound.
        descriptor = _ClassMethod if type(function) is classmethod else type(function)
        return descriptor(_decorate(function.__func__, options, store))
    if isinstance(function, CachedFunction):
        raise TypeError(f"{function.__qualname__}() is cached already")
    if not hasattr(function, "__code__"):
        raise TypeError(f"cached() takes a Python function, not {type(function).__qualname__}: wrap the call in one")
    _refuse_kinds(function)
    if inner := wrapped_with_config(function):
        raise ConfigError(
            f"put @cached directly on {inner}(), below the other decorators: its config can't be injected through them"
        )
    made: CachedFunction[..., Any] = CachedFunction(function, options, store)
    known = {item.name for item in made.parameters}
    for name in {*options.ignore, *(name for name, _ in options.identify)} - known:
        raise TypeError(f"cached(): {function.__qualname__}() has no parameter '{name}'")
    return made


def _refuse_kinds(function: Any) -> None:
    flags = function.__code__.co_flags
    name = function.__qualname__
    if flags & 0x200 or flags & 0x80:
        raise TypeError(f"{name}() is async: its results can't be cached yet; cache the function that does the work")
    if flags & 0x20:
        raise TypeError(f"{name}() is a generator, which runs only once: return a list instead")


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
