"""Whether two functions do the same, by evidence: both are run on the same calls, and what they give is compared.

Results are compared by structural digest, so that arrays, frames and instances count by their content. What raises is
compared by the type of the exception and its text. A *counter-example* is the first call on which the two differ; with
Hypothesis the simplest that it finds.

The bodies of cached functions run, whatever is stored; what they call is answered as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, NamedTuple

from inviscid.calls import copied, is_declared
from inviscid.results import digest_of

_SHOWN = 400


class Raised(NamedTuple):
    """That a function raised instead of giving a result."""

    type: str
    text: str

    def __repr__(self) -> str:
        return f"raised {self.type}: {self.text}" if self.text else f"raised {self.type}"


class Counterexample(NamedTuple):
    """A call on which two functions differ."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    first: Any
    """What the first one gave, or `Raised`."""
    second: Any
    names: tuple[str, str] = ("first", "second")

    @property
    def call(self) -> str:
        """The arguments, as they would be written."""
        given = [*map(_shown, self.args), *(f"{name}={_shown(value)}" for name, value in self.kwargs.items())]
        return f"({', '.join(given)})"

    def __str__(self) -> str:
        width = max(map(len, self.names))
        lines = (
            f"  {name:<{width}}  {_shown(value)}"
            for name, value in zip(self.names, (self.first, self.second), strict=True)
        )
        return "\n".join([self.call, *lines])


class Comparison(NamedTuple):
    """What comparing two functions came to."""

    same: bool
    """Whether they gave the same for every call."""
    compared: int
    """So many calls were compared."""
    counterexample: Counterexample | None = None

    def __str__(self) -> str:
        calls = "1 call" if self.compared == 1 else f"{self.compared} calls"
        if self.counterexample is None:
            return f"the same for {calls}"
        return f"different, after {calls}: {self.counterexample}"


class _Differs(Exception):
    """Between here and Hypothesis."""


def compare(
    first: Callable[..., Any],
    second: Callable[..., Any],
    calls: Any = None,
    /,
    *,
    examples: int = 100,
    **strategies: Any,
) -> Comparison:
    """Run two functions on the same calls, and compare what they give.

    Args:
        first: a function, cached or not.
        second: another one.
        calls: a list of calls: a tuple of arguments each, or a dict of arguments by name. Or one Hypothesis strategy
            for calls: what it draws is a tuple or dict of this kind, or else the only argument.
        examples: how many calls Hypothesis tries at most.
        strategies: instead of `calls`, a Hypothesis strategy for each argument, by name.

    Returns:
        Whether they are the same for all the calls, and the first call for which they aren't.

    Raises:
        TypeError: there are no calls, a call is neither tuple nor dict, or doesn't fit one of the functions; or a
            strategy is none.
        ValueError: the list of calls is empty: that would prove nothing.
        UnhashableInput: a result has no structure that could be compared.
    """
    if (calls is None) == (not strategies):
        raise TypeError("compare() takes a list of calls, a Hypothesis strategy for them, or one for each argument")
    if strategies or hasattr(calls, "example"):
        return _explored(first, second, calls, strategies, examples)
    return _listed(first, second, calls)


def _listed(first: Callable[..., Any], second: Callable[..., Any], calls: Iterable[Any]) -> Comparison:
    count = 0
    for call in calls:
        if not isinstance(call, tuple | dict):
            raise TypeError(
                f"compare() takes each call as a tuple or a dict of arguments, not {call!r}: write ({call!r},)"
            )
        count += 1
        if (found := difference(first, second, *_split(call))) is not None:
            return Comparison(same=False, compared=count, counterexample=found)
    if not count:
        raise ValueError("compare() got an empty list of calls: name at least one")
    return Comparison(same=True, compared=count)


def _explored(
    first: Callable[..., Any], second: Callable[..., Any], calls: Any, strategies: Mapping[str, Any], examples: int
) -> Comparison:
    try:
        import hypothesis
    except ImportError as error:
        raise TypeError("compare() takes strategies where Hypothesis is installed: pip install hypothesis") from error
    from hypothesis import HealthCheck
    from hypothesis import strategies as st

    for name, given in {**strategies, **({} if calls is None else {"calls": calls})}.items():
        if not isinstance(given, st.SearchStrategy):
            raise TypeError(f"compare(): {name} is no Hypothesis strategy: {given!r}")
    found: list[Counterexample] = []
    count = 0

    def run(call: Any) -> None:
        nonlocal count
        count += 1
        differs = difference(first, second, *(_split(call) if isinstance(call, tuple | dict) else ((call,), {})))
        if differs is not None:
            found.append(differs)
            raise _Differs

    # What was found once is no part of what the user asks now.
    settings = hypothesis.settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck),
        print_blob=False, verbosity=hypothesis.Verbosity.quiet,
    )  # fmt: skip
    try:
        settings(hypothesis.given(st.fixed_dictionaries(dict(strategies)) if strategies else calls)(run))()
    except (_Differs, hypothesis.errors.Flaky):
        # The last one is the simplest.
        return Comparison(same=False, compared=count, counterexample=found[-1])
    return Comparison(same=True, compared=count)


def _split(call: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return ((), call) if isinstance(call, dict) else (call, {})


def difference(
    first: Callable[..., Any], second: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Counterexample | None:
    """The call as a counter-example; None where both give the same.

    Raises:
        TypeError: the call doesn't fit one of them.
    """
    for function in (first, second):
        _bind(function, args, kwargs)
    one, other = (outcome(function, *copied((args, dict(kwargs)))) for function in (first, second))
    if digest(one) == digest(other):
        return None
    return Counterexample(args, kwargs, one, other, _names(first, second))


def _bind(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    # Otherwise both would raise the same, and count as equal.
    import inspect

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # Some builtins don't say.
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(function, "__qualname__", type(function).__qualname__)
        given = Counterexample(args, kwargs, None, None).call
        raise TypeError(f"compare(): {name}{given} is no call of {name}{signature}: {error}") from error


def outcome(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What a function gives, or `Raised`. Only who interrupts it is heard."""
    run: Any = getattr(function, "__inviscid_rerun__", function) if is_declared(function) else function
    try:
        result = run(*args, **kwargs)
        if isinstance(result, Coroutine):
            result = _awaited(result)
    except (Exception, SystemExit) as error:  # noqa: BLE001  what the user's code raises is what is compared
        return Raised(type(error).__qualname__, str(error))
    return result


def _awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What awaiting gives, in a loop of its own."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    # A thread has one loop, and in notebooks it runs already.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, coroutine).result()


def digest(result: Any) -> bytes:
    """What tells results apart; one that is an exception from one that was raised, too."""
    if isinstance(result, Raised):
        return digest_of(["raised", *result]) + b"raised"
    return digest_of(result)


def _names(*functions: Callable[..., Any]) -> tuple[str, str]:
    first, second = (str(getattr(function, "__qualname__", type(function).__qualname__)) for function in functions)
    return (first, second) if first != second else ("first", "second")


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  the user's code
        text = f"<{type(value).__qualname__}, whose repr raised {type(error).__name__}>"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
