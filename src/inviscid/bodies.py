"""The ways in which a body is run. A frame of one of these is the last of this package above what a body does itself.

So whoever looks up the stack to see by whom something is done looks for `CODES`; nothing of this package may come
between such a frame and the body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Run = Callable[[Callable[..., Any], Iterable[Any], Mapping[str, Any]], Any]


def called(function: Callable[..., Any], positional: Iterable[Any], keywords: Mapping[str, Any]) -> Any:
    """What the function returns."""
    return function(*positional, **keywords)


def listed(function: Callable[..., Any], positional: Iterable[Any], keywords: Mapping[str, Any]) -> Any:
    """The list of what a generator yields."""
    return list(function(*positional, **keywords))


async def awaited(function: Callable[..., Any], positional: Iterable[Any], keywords: Mapping[str, Any]) -> Any:
    """What awaiting the function gives."""
    return await function(*positional, **keywords)


async def collected(function: Callable[..., Any], positional: Iterable[Any], keywords: Mapping[str, Any]) -> Any:
    """The list of what an async generator yields."""
    items = function(*positional, **keywords)
    found: list[Any] = []
    try:
        # No comprehension: before Python 3.12 that is a frame of its own.
        async for item in items:
            found.append(item)  # noqa: PERF401  as above
    finally:
        await items.aclose()
    return found


CODES = frozenset(run.__code__ for run in (called, listed, awaited, collected))
