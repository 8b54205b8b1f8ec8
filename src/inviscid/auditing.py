"""Whether a fingerprint holds all that a function does: asked by running it under a tracer.

An *audit* runs a function once and compares what the tracer saw with what the fingerprint holds. In tests it asserts
that the static analysis is complete: code that ran *outside* of the fingerprint could be edited without a recompute,
and what was read of the world unknown to it would be stored. Neither says that the function is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

from inviscid import bodies, computing, settings, tracer
from inviscid.bound import BoundCachedFunction
from inviscid.callables import names_of, result_of
from inviscid.calls import FINGERPRINTS, is_declared
from inviscid.computing import Computation
from inviscid.errors import AuditError
from inviscid.fingerprinting import CURES, Closure, Fingerprint, closure
from inviscid.outside import Brought, outside, variables
from inviscid.tracer import Impurity, Ran, Tracer

P = ParamSpec("P")
R = TypeVar("R")


class Audit(NamedTuple, Generic[R]):
    """What one run of a function showed; printable."""

    function: str
    value: R
    """What it returned; None where it raised."""
    error: BaseException | None
    """What it raised."""
    ran: tuple[str, ...]
    """``module.qualname`` of each definition of the user's that ran, in the order in which it ran first."""
    outside: tuple[Ran, ...]
    """Those of them that neither its fingerprint holds nor its arguments brought."""
    impurities: tuple[str, ...]
    """How it read the world, or acted on it."""
    unknown: tuple[str, ...]
    """Those of the impurities that its fingerprint says nothing of."""
    taints: tuple[str, ...] = ()
    """Why its results aren't kept anyway; empty for most. What isn't kept can't be stale."""

    @property
    def complete(self) -> bool:
        """Whether the fingerprint holds all that was seen."""
        return not self.outside and not self.unknown

    def without_value(self) -> Audit[Any]:
        """The same without what it returned or raised, which need not be anything that can be sent or kept."""
        nothing: Any = None
        return self._replace(value=nothing, error=None)

    def __str__(self) -> str:
        lines = [f"{self.function} ran {len(self.ran)} definition{'' if len(self.ran) == 1 else 's'}"]
        if self.complete:
            lines[0] += ", and its fingerprint holds them all"
        lines += [
            f"  {one.name} ({one.file}:{one.line}) ran, and the fingerprint doesn't hold it: call it by its name, pass "
            "it as an argument, or keep it where the code shows it"
            for one in self.outside
        ]
        lines += [f"  it {one}, which the fingerprint doesn't know of: {CURES}" for one in self.unknown]
        lines += [f"  it {one}, so its results are not kept" for one in self.impurities if one not in self.unknown]
        lines += [f"  its results are not kept anyway: {one}" for one in self.taints] if self.outside else []
        if self.error is not None:
            lines.append(f"  it raised {type(self.error).__name__}: {self.error}")
        return "\n".join(lines)


def audit(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Audit[R]:
    """Run a function once, and assert that its fingerprint holds all that it does.

    Caching is off meanwhile, so the bodies of cached functions run, those that it calls too. What an async function
    does is awaited.

    Args:
        function: any function, cached or not, method or callable object.
        args: what it is called with.
        kwargs: the same.

    Returns:
        What ran.

    Raises:
        AuditError: code of the user's ran that its fingerprint doesn't hold, or it read the world in a way that the
            fingerprint doesn't know of. It is an AssertionError, and has the `Audit`.
        TraceError: before Python 3.12, or where other tools have taken all places of `sys.monitoring`.
        BaseException: whatever the function raises, with a note where something ran that its fingerprint doesn't hold.
    """
    found: Audit[R] = audited(function, args, kwargs)
    if found.error is not None:
        if not found.complete:
            found.error.add_note(str(found._replace(error=None)))
        raise found.error
    if not found.complete:
        raise AuditError(str(found), found)
    return found


def audited(function: Callable[..., R], args: Sequence[Any] = (), kwargs: Mapping[str, Any] = {}) -> Audit[R]:
    """Run a function once, and say what its fingerprint doesn't hold, whatever the function does: for test runners.

    Args:
        function: as for `audit`.
        args: positional arguments.
        kwargs: keyword arguments.

    Raises:
        TraceError: as for `audit`.
        TypeError: it can't be called, or it is async and an event loop runs here.
    """
    tracer.check_version("audit()")
    if not callable(function):
        raise TypeError(f"audit() takes something that can be called, not {type(function).__qualname__}")
    names = names_of(function)
    name = f"{names.module}.{names.qualname}"
    seen: Tracer = Tracer()
    computation = Computation(name)
    value: Any = None
    error: BaseException | None = None
    run = partial(bodies.called, function, args, kwargs)
    if result_of(getattr(function, "__func__", function)) == "awaited":
        import asyncio

        if asyncio._get_running_loop() is not None:  # noqa: SLF001  its public sister raises
            raise TypeError(f"audit() runs {names.qualname}() in a loop of its own: call it where no event loop runs")
        run = partial(asyncio.run, bodies.awaited(function, args, kwargs))
    # Before it runs: it may change what it was given, and what it reaches.
    brought, fingerprint, held = _held(function, args, kwargs)
    with computing.computing(computation), settings.mode("off", local=True), tracer.tracing(seen):
        try:
            value = run()
        except BaseException as raised:  # noqa: BLE001  it is reported, and `audit` raises it
            error = raised
    impurities: list[Impurity] = [
        *(one for one in seen.impurities if not (one.unseen and brought.files)),
        *variables(seen, _variables(fingerprint, brought)),
    ]
    acts = [Impurity(_ACTS.get(act.split()[0], ""), act) for act in computation.watch.acts]
    told = [*((one, str(one)) for one in impurities), *((one, one.by) for one in acts)]
    taints = _taints(fingerprint, brought)
    return Audit(
        name,
        value,
        error,
        tuple(dict.fromkeys(ran.name for ran in seen.definitions())),
        tuple(outside(seen, held, brought)),
        tuple(text for _, text in told),
        tuple(text for one, text in told if not _is_known(one, taints)),
        tuple(dict.fromkeys(taints)),
    )


# What the static list calls what the audit hook has seen.
_ACTS = {"connected": "the network", "looked": "the network", "started": "what another program answers"}


def _held(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Brought, Fingerprint | None, list[Closure]]:
    """What holds what a function may run: what is given to it, its fingerprint, and that as code."""
    given = [*args, *kwargs.values()]
    while isinstance(function, MethodType | BoundCachedFunction | partial):
        if isinstance(function, partial):
            given += [*function.args, *function.keywords.values()]
            function = function.func
        else:
            given.append(function.__self__)
            function = function.__func__
    taken = isinstance(function, FunctionType) or is_declared(function)
    # Of an object its class and its state count.
    brought = Brought(given if taken else [*given, function])
    if not taken:
        return brought, None, []
    base = function.__inviscid_base__ if hasattr(type(function), "__inviscid_base__") else function
    asked: frozenset[str] = frozenset()
    # As `calls.identify` takes it: what it is given may look up members.
    while True:
        fingerprint = FINGERPRINTS.of(base, asked)
        if brought.marks <= fingerprint.marks:
            return brought, fingerprint, [closure(fingerprint)]
        asked = fingerprint.marks | brought.marks


def _variables(fingerprint: Fingerprint | None, brought: Brought) -> set[str]:
    """The environment variables that are read by their names."""
    found = [*brought.fingerprints.values(), *([fingerprint] if fingerprint is not None else [])]
    return {variable for one in found for variable in one.variables}


def _taints(fingerprint: Fingerprint | None, brought: Brought) -> list[str]:
    """All that the fingerprints say of why something isn't kept."""
    found = [*brought.fingerprints.values(), *([fingerprint] if fingerprint is not None else [])]
    taints = [text for one in found for text in one.taints]
    taints += [text for one in found for text in one.unseen if not brought.files]
    return taints + [text for one in found for text in one.asked if brought.paths]


def _is_known(impurity: Impurity, taints: Sequence[str]) -> bool:
    """Whether a fingerprint says that the world is read in this way: what isn't kept can't be stale."""
    return bool(impurity.what) and any(impurity.what in taint for taint in taints)
