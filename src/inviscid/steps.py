"""The points of a call at which somebody else is at work: another computation, the holder of a claim, the body itself.

The path of a call is a generator that yields a *step* at each of them and is sent what the step gives. Who drives it
decides how to wait: `run` stops its thread; for functions that are awaited, `awaiting.answer` stops its task alone. All
between the steps is the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any, NamedTuple, TypeVar

from inviscid.bodies import Run
from inviscid.store import Store
from inviscid.stores import Attempt

T = TypeVar("T")


class Alone(NamedTuple):
    """From here on one computes. Gives False where another task did so meanwhile: then look again.

    Threads and processes go on: their claims keep them apart.
    """

    name: str
    attempt: Attempt
    store: Store
    key: bytes
    refresh: bool
    """Whether what is stored already won't do."""

    def take(self) -> bool:
        """Go on."""
        return True


class Claim(NamedTuple):
    """The claim on a key, until the stack unwinds. Gives whether somebody else held it before."""

    attempt: Attempt
    store: Store
    key: bytes
    stack: ExitStack

    def take(self) -> bool:
        """Wait for it; or have none, where the store fails."""
        return self.attempt.use(lambda: self.stack.enter_context(self.store.claim(self.key)), otherwise=False)


class Body(NamedTuple):
    """The function itself. Gives what it returns."""

    run: Run
    function: Callable[..., Any]
    positional: list[Any]
    keywords: dict[str, Any]

    def take(self) -> Any:
        """Run it."""
        return self.run(self.function, self.positional, self.keywords)


class Raised(NamedTuple):
    """What `Tried` gives in place of a result; as a step it raises that."""

    error: Exception

    def take(self) -> Any:
        """Raise it: inside of the steps a StopIteration would mean something else."""
        raise self.error


class Tried(NamedTuple):
    """The function itself. Gives what it returns, or what it raised; else what a step raises ends the steps."""

    body: Body
    awaited: bool

    def take(self) -> Any:
        """Run it, or give what to await."""
        if self.awaited:
            return self._awaited()
        try:
            return self.body.take()
        except Exception as error:  # noqa: BLE001  whatever the user's code raises
            return Raised(error)

    async def _awaited(self) -> Any:
        try:
            return await self.body.take()
        except Exception as error:  # noqa: BLE001  as above
            return Raised(error)


class Asking(NamedTuple):
    """A call of another function that is awaited. Gives what its steps lead to."""

    drive: Callable[[Steps[Any]], Any]
    steps: Steps[Any]

    def take(self) -> Any:
        """What to await."""
        return self.drive(self.steps)


Step = Alone | Claim | Body | Tried | Raised | Asking
Steps = Generator[Step, Any, T]


def tried(steps: Steps[T], *, awaited: bool) -> Steps[T | Raised]:
    """The same steps; where a body raises, they end with that, and who takes them goes on."""
    given: Any = None
    try:
        while not isinstance(given, Raised):
            try:
                step = steps.send(given)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            given = yield Tried(step, awaited) if isinstance(step, Body) else step
        return given
    finally:
        steps.close()


def run(steps: Steps[T]) -> T:
    """Take one step after the other in this thread; what one of them raises ends them all."""
    given: Any = None
    try:
        while True:
            try:
                step = steps.send(given)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            # Not inside: a body may raise StopIteration too.
            given = step.take()
    finally:
        steps.close()
