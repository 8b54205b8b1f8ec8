"""A function of ours, as a function: what it wraps, its two signatures, its configuration, its variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import FunctionType
from typing import Any, ClassVar, Generic, NamedTuple, ParamSpec, Self, TypeVar

from inviscid import bodies, calls, configuration, events, results, settings
from inviscid.callables import binds, coroutine_mark, names_of, result_of, source_of, taker_of
from inviscid.calls import FINGERPRINTS, Config, Options
from inviscid.configuration import Layer
from inviscid.errors import ConfigError
from inviscid.fingerprinting import ConfigRead, Declared, Fingerprint
from inviscid.forms import StoredForms
from inviscid.sentinels import MISSING
from inviscid.shortcut import Shortcut
from inviscid.signature import Parameter, Signature, outer_documentation, outer_signature
from inviscid.steps import Steps, run
from inviscid.stores import StoreLike
from inviscid.weighing import Weights

P = ParamSpec("P")
R = TypeVar("R")


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


class Wrapping(Generic[P, R]):
    """A function whose results are kept. Called like the function that it wraps, less the config parameters."""

    __name__: str
    __qualname__: str
    __wrapped__: Callable[..., R]
    # In slots, so that `functools.wraps`, which copies `__dict__`, leaves them where they are.
    __slots__ = (
        "__dict__", "__inviscid_base__", "__weakref__", "_forms", "_kind", "_options", "_shortcut", "_signed", "_store",
        "_variant", "_weights",
    )  # fmt: skip

    _task: ClassVar[bytes] = b""
    """The kind of task; empty for what is cached, so that decorating a helper costs nothing."""
    _carried: ClassVar[tuple[str, ...]] = ("_kind", "_signed", "_options", "_store", "_weights")
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
        self.__inviscid_base__: Any = self
        self._kind = _kind_of(inner)
        self._signed = self._sign()
        self.__doc__ = outer_documentation(inner.__doc__, self._signature.parameters)
        self._options = options
        self._store = store
        self._variant = Variant()
        self._forms = StoredForms(store)
        self._shortcut = Shortcut(self._options, self._forms)
        self._weights = Weights()

    def _sign(self) -> tuple[Signature, tuple[ConfigRead, ...]]:
        signature = Signature(self.__wrapped__)
        return signature, tuple(
            ConfigRead(self.__qualname__, item.name, item.config, item.default) for item in signature.config.values()
        )

    def _interface(self) -> tuple[Signature, tuple[ConfigRead, ...]]:
        """What `_sign` made, anew where somebody replaced the defaults. One for all variants: a fingerprint knows
        the config parameters of the base.
        """
        base: Wrapping[P, R] = self.__inviscid_base__
        if not base._signed[0].holds(base.__wrapped__):
            base._signed = base._sign()
        return base._signed

    @property
    def _signature(self) -> Signature:
        return self._interface()[0]

    @property
    def _reads(self) -> tuple[ConfigRead, ...]:
        return self._interface()[1]

    def _varied(self, variant: Variant) -> Self:
        """Another cached function over the same base."""
        base = self.__inviscid_base__
        other: Self = type(self).__new__(type(self))
        other.__dict__.update(base.__dict__)
        for name in self._carried:
            setattr(other, name, getattr(base, name))
        other._variant = variant
        other._forms = StoredForms(other._store, variant.mode)
        other._shortcut = Shortcut(other._options, other._forms)
        other.__inviscid_base__ = base
        return other

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

    def configured(self, overrides: Mapping[str, Any] | None = None, /, **parameters: Any) -> Self:
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

    @property
    def fingerprint(self) -> Fingerprint:
        """What the function does, checked against the running process now."""
        return self._take(frozenset())

    def _take(self, marks: frozenset[str]) -> Fingerprint:
        return FINGERPRINTS.of(self.__inviscid_base__, marks, self._forms)

    # Being a function -------------------------------------------------------------------------------------------------

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

    def __copy__(self) -> Self:
        # As for every function. What pickle takes along is for other processes.
        return self

    def __deepcopy__(self, memo: object) -> Self:
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
        if self._options.symmetry is not None:
            # Callers get what was moved back.
            options += results.digest_of(self._options.symmetry.parts())
        # What a source saw is no result of a function of the same text.
        options += self._task
        beside = () if self._options.symmetry is None else self._options.symmetry.functions
        return Declared(self.__wrapped__, options, self._reads, self._options.pure, beside)

    def __inviscid_overrides__(self) -> bytes:
        """What `.configured` laid over the function, as a digest; empty for most."""
        variant = self._variant
        if not variant.layers and not variant.own:
            return b""
        return results.digest_of([[layer.values for layer in variant.layers], [list(item) for item in variant.own]])

    def __inviscid_parts__(self) -> tuple[Any, ...]:
        """What it is made from."""
        return self.__wrapped__, self._options, self._store

    @property
    def __inviscid_layers__(self) -> tuple[Layer, ...]:
        return self._variant.layers
