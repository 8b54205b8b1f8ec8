"""Calls that are awaited: tasks of one event loop share what they compute, and wait without stopping their thread.

A *flight* is one computation that is under way in an event loop, as a task of its own. Awaits of the same call look up
its flight and wait together. Whoever is cancelled leaves; when the last one leaves, the flight is cancelled, and its
end is waited for. What a flight raises goes to all who wait. What it stored each of them loads, so that no two have the
same object; where it stored nothing, the next of them computes.

A flight whose end would depend on its own is not waited for: a call that awaits itself is an error, as for functions
that aren't awaited; who would close a circle with others computes without them.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from inviscid.errors import ReentryError
from inviscid.steps import Alone, Claim, Steps

T = TypeVar("T")

# How often the claim of another process is tried, in seconds. It can't be waited for: only threads can wait for locks.
_FIRST, _LAST = 0.002, 0.05


class _Flight:
    """One computation that is under way in an event loop."""

    __slots__ = ("awaits", "leaving", "task", "waiters")

    def __init__(self) -> None:
        # A loop that starts its tasks eagerly runs the body before there is a task.
        self.task: asyncio.Task[Any] | None = None
        self.waiters = 0
        self.leaving = False
        """Whether it was cancelled, and only what its body does then is still waited for."""
        self.awaits: list[_Flight] = []
        """Other flights that its body waits for now."""


# Each claim is an open file, and an event loop may have thousands of calls under way.
_MOST = 100
_held: set[object] = set()

# By loop: what another loop computes, it may have left unfinished.
_flights: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[object, ...], _Flight]] = WeakKeyDictionary()
# What the running code is inside of.
_around: ContextVar[tuple[_Flight, ...]] = ContextVar("inviscid_flights", default=())


async def answer(steps: Steps[T]) -> T:
    """What the steps of a call lead to."""
    return await _drive(steps, None)


async def _drive(steps: Steps[T], given: Any) -> T:
    handed_over = False
    try:
        while True:
            try:
                step = steps.send(given)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # StopIteration has no type for it
            if isinstance(step, Claim):
                given = await _claim(step)
            elif not isinstance(step, Alone):
                given = await step.take()
            elif (flight := _under_way(step)) is not None:
                # With others where that may end, or else without them.
                given = not await _join(flight, step)
            else:
                handed_over = True
                return await _wait(_take_off(steps, step))  # type: ignore[no-any-return]  # a flight has none either
    finally:
        # A flight goes on with them, even if nobody waits here any more.
        if not handed_over:
            steps.close()


def _what(step: Alone) -> tuple[object, ...]:
    """Equal for calls that one computation answers."""
    return step.store, step.key, step.refresh


def _under_way(step: Alone) -> _Flight | None:
    """The flight that computes the same call."""
    flight = _flights.setdefault(asyncio.get_running_loop(), {}).get(_what(step))
    ended = flight is None or flight.leaving or (flight.task is not None and flight.task.done())
    return None if ended else flight


async def _join(flight: _Flight, step: Alone) -> bool:
    """Wait for a flight that somebody else began; False where that would never end."""
    around = set(_around.get())
    if flight in around:
        raise ReentryError(f"{step.name}() awaits itself with the same arguments: this recursion has no end")
    seen, pending = set[_Flight](), [flight]
    while pending:
        found = pending.pop()
        if found in around:
            return False
        if found not in seen:
            seen.add(found)
            pending += found.awaits
    with ExitStack() as line:
        # The flight may wait for another process, and doesn't know what is held here.
        if not step.attempt.use(lambda: line.enter_context(step.store.waits(step.key)), otherwise=False):
            return False
        await _wait(flight)
    return True


def _take_off(steps: Steps[T], step: Alone) -> _Flight:
    """Let a flight go on with the steps, in the context of who came first."""
    loop = asyncio.get_running_loop()
    flight = _Flight()
    flights = _flights.setdefault(loop, {})
    flights[_what(step)] = flight

    def land(task: object) -> None:
        if flights.get(_what(step)) is flight:
            del flights[_what(step)]

    flight.task = loop.create_task(_fly(steps, flight))
    flight.task.add_done_callback(land)
    return flight


async def _fly(steps: Steps[T], flight: _Flight) -> T:
    _around.set((*_around.get(), flight))
    return await _drive(steps, True)


async def _wait(flight: _Flight) -> Any:
    """What a flight gives; the flight outlives whoever is cancelled here, but not all of them."""
    task, around = flight.task, _around.get()[-1:]
    assert task is not None
    flight.waiters += 1
    for outer in around:
        outer.awaits.append(flight)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError as error:
        if flight.waiters > 1 or task.done():
            raise
        # What the body does when it is cancelled belongs to the call.
        flight.leaving = True
        task.cancel(*error.args)
        return await task
    finally:
        flight.waiters -= 1
        for outer in around:
            outer.awaits.remove(flight)


async def _claim(step: Claim) -> bool:
    """As `Claim.take`, with the event loop going on; without a claim where there are many."""
    if len(_held) >= _MOST:
        return False
    attempt, store, key, _ = step
    delay, waited = _FIRST, False
    with ExitStack() as line:
        while True:
            held = _try(step)
            if held is not None:
                return waited or held
            if not waited:
                waited = True
                if not attempt.use(lambda: line.enter_context(store.waits(key)), otherwise=False):
                    return False
            await asyncio.sleep(delay)
            delay = min(1.5 * delay, _LAST)


def _try(step: Claim) -> bool | None:
    """The claim, if nobody else holds it; None if somebody does."""
    with ExitStack() as tried:
        without: bool | None = False
        held = step.attempt.use(
            lambda: tried.enter_context(step.store.claim(step.key, wait=False)), otherwise=without
        )  # fmt: skip
        if held is not None:
            token = object()
            _held.add(token)
            tried.callback(_held.discard, token)
            step.stack.push(tried.pop_all())
        return held
