"""Reruns: every body runs, and what it gives is compared with what is stored. Nothing that is stored is changed.

That is the end-to-end test of what the fingerprint promises. A call of a rerun is one of

    same       the body gave what is stored
    stale      the body gave something else than what is stored and would have been served
    unsteady   the body gave something else when it ran once more: no stored result of it can be right
    new        nothing is stored for the call that would be served
    left out   the body didn't run, or what it gives can't be compared; the reason is told

Each call is compared once. Where it is made again, it is served what is stored if that was the same, else its body
runs.
Sources give what they saw last, so that a rerun sees the world as it was; effects don't happen.
"""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple, Self

from inviscid import computing, moved, planning
from inviscid.errors import PlanError

WRONG = ("stale", "unsteady")


class RerunCall(NamedTuple):
    """What came of running one call again."""

    function: str
    """``package.module:qualname``."""
    key: str
    """In hex; empty where the call has none."""
    verdict: str
    """``same``, ``stale``, ``unsteady``, ``new`` or ``left out``."""
    what: str
    """In words; empty where the verdict says it all."""


class Rerun:
    """What is called in its block, run again and compared; see `inviscid.rerun`."""

    def __init__(self) -> None:
        self.calls: list[RerunCall] = []
        """Each call once, in the order in which they ended."""
        self.same: set[bytes] = set()
        """The keys whose stored results are as good as computed."""
        self._seen: set[tuple[str, bytes]] = set()

    def __enter__(self) -> Self:
        if ACTIVE or planning.ACTIVE:
            raise PlanError(f"a {'rerun' if ACTIVE else 'plan'} is being made already")
        if computing.RUNNING:
            raise PlanError(f"{computing.RUNNING[0].name}() is running: begin a rerun outside of it")
        ACTIVE.append(self)
        # Nobody takes the short way, which knows of no rerun.
        moved.move()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ACTIVE.remove(self)
        moved.move()

    @property
    def wrong(self) -> list[RerunCall]:
        """The calls whose stored results are not what their bodies give."""
        return [call for call in self.calls if call.verdict in WRONG]

    def note(self, function: str, key: bytes, verdict: str, what: str = "") -> None:
        """Keep what came of a call, unless it is known already."""
        if (function, key) not in self._seen or not key:
            self._seen.add((function, key))
            self.calls.append(RerunCall(function, key.hex(), verdict, what))
        if verdict == "same":
            self.same.add(key)

    def __str__(self) -> str:
        return "\n".join(
            f"{call.verdict} {call.function} {call.key[:12]}{': ' if call.what else ''}{call.what}"
            for call in self.calls
        )


ACTIVE: list[Rerun] = []
"""The rerun that is being made in this process; empty for most."""
planning.excluding.append(lambda: "a rerun is being made already" if ACTIVE else "")


def keep_off(what: str) -> None:
    """Have whatever changes the store end a plan, and refuse it in a rerun.

    Raises:
        PlanError: a rerun is being made.
    """
    planning.keep_off(what)
    if ACTIVE:
        raise PlanError(f"while a rerun is made nothing that is stored changes; refused is {what}")


def rerun() -> Rerun:
    """Run again what is called in a block, and compare it with what is stored. Nothing that is stored is changed.

    ``with rerun() as found:`` runs every body once, whatever is stored, and once more where it gave something else.
    Then ``found.wrong`` are the calls whose stored results are not what their bodies give. It holds for all threads,
    and not for other processes.

    Returns:
        The rerun: ``calls`` are the calls, each with ``verdict`` and ``what``.

    Raises:
        PlanError: a rerun is being made already, or a body is running.
    """
    return Rerun()
