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
        self.task: asyncio.Task[Any]
        self.waiters = 0
        self.leaving = False
        """Whether it was cancelled, and only what its body does then is still waited for."""
        self.awaits: list[_Flight] = []
        """Other flights that its body waits for now."""


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
                return end.value  # type: ignore[no-any-return]
            if isinstance(step, Claim):
                given = await _claim(step)
            elif not isinstance(step, Alone):
                given = await step.take()
            elif (flight := _under_way(step)) is not None:
                await _wait(flight)
                given = False
            elif _closes_a_circle(step):
                given = True
            else:
                handed_over = True
                return await _wait(_take_off(steps, step))  # type: ignore[no-any-return]
    finally:
        # A flight goes on with them, even if nobody waits here any more.
        if not handed_over:
            steps.close()


def _known(step: Alone) -> _Flight | None:
    flight = _flights.setdefault(asyncio.get_running_loop(), {}).get(step.what)
    return None if flight is None or flight.leaving or flight.task.done() else flight


def _under_way(step: Alone) -> _Flight | None:
    """The flight that computes the same call, if it can be waited for."""
    flight = _known(step)
    if flight is not None and flight in _around.get():
        raise ReentryError(f"{step.name}() awaits itself with the same arguments: this recursion has no end")
    return None if flight is None or _closes_a_circle(step) else flight


def _closes_a_circle(step: Alone) -> bool:
    """Whether the flight that computes the same call waits, through others, for the code that asks."""
    flight = _known(step)
    around = set(_around.get())
    seen, pending = set[_Flight](), [] if flight is None else [flight]
    while pending:
        found = pending.pop()
        if found in around:
            return True
        if found not in seen:
            seen.add(found)
            pending += found.awaits
    return False


def _take_off(steps: Steps[T], step: Alone) -> _Flight:
    """Let a flight go on with the steps, in the context of who came first."""
    loop = asyncio.get_running_loop()
    flight = _Flight()
    flights = _flights.setdefault(loop, {})
    flights[step.what] = flight

    def land(task: object) -> None:
        if flights.get(step.what) is flight:
            del flights[step.what]

    flight.task = loop.create_task(_fly(steps, flight))
    flight.task.add_done_callback(land)
    return flight


async def _fly(steps: Steps[T], flight: _Flight) -> T:
    _around.set((*_around.get(), flight))
    return await _drive(steps, True)


async def _wait(flight: _Flight) -> Any:
    """What a flight gives; the flight outlives whoever is cancelled here, but not all of them."""
    around = _around.get()[-1:]
    flight.waiters += 1
    for outer in around:
        outer.awaits.append(flight)
    try:
        return await asyncio.shield(flight.task)
    except asyncio.CancelledError as error:
        if flight.waiters > 1 or flight.task.done():
            raise
        # What the body does when it is cancelled belongs to the call.
        flight.leaving = True
        flight.task.cancel(*error.args)
        return await flight.task
    finally:
        flight.waiters -= 1
        for outer in around:
            outer.awaits.remove(flight)


async def _claim(step: Claim) -> bool:
    """As `Claim.take`, with the event loop going on."""
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
            step.stack.push(tried.pop_all())
        return held
