"""Plans: what would run, and why, before anything does.

While a plan is made, every call goes the path that it always goes, and stops where the body would run. What is stored
is served. Nothing is run, stored, claimed or counted: no body, no effect, no source.

A call that would run gives an *unknown*, which stands for its result and refuses to be used: whatever is done with it
raises `Beyond`, which ends the plan. A cached call takes it as an argument; what would become of that call isn't known
then, because the result may be what it was before. So a planned call is one of

    hit       its result is stored, and stands
    run       its body would run
    may run   that depends on what would run before it

A plan holds for all threads of its process. What it starts as other processes inherits that nothing may run (`_MARK`),
and can't be looked into: there a call that would run is a `PlanError`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, Self

from inviscid import computing, moved
from inviscid.computing import Answer
from inviscid.entry import function_name
from inviscid.errors import PlanError
from inviscid.fingerprinting import place_of_globals
from inviscid.hearing import hear
from inviscid.outcome import Outcome
from inviscid.store.store import before_removal
from inviscid.unknown import Beyond, Unknown, made, maker

_MARK = "INVISCID_PLANNING"
_DEEPEST = 8


class PlannedCall(NamedTuple):
    """What would become of one call."""

    function: str
    """``package.module:qualname``."""
    would: str
    """``hit``, ``run`` or ``may run``."""
    reasons: tuple[str, ...]
    key: str
    """In hex; empty where it isn't known."""
    code: Outcome
    """The same among all outcomes; of what may run, the one that it would have if it runs."""


class WouldRun(BaseException):
    """Ends the path of a call where its body would run. Between here and the path, never the user's."""

    def __init__(
        self,
        outcome: Outcome,
        reasons: Sequence[str],
        key: bytes = b"",
        code: bytes = b"",
        unless: str = "",
        reads: Iterable[str] = (),
        writes: Iterable[str] = (),
        *,
        again: bool = False,
    ) -> None:
        super().__init__()
        self.outcome = outcome
        self.reasons = tuple(reasons)
        self.key = key
        self.code = code
        """Of the fingerprint."""
        self.unless = unless
        """What may have it not run."""
        self.reads = tuple(reads)
        """The files that the key, or the look for an entry, rests on."""
        self.writes = tuple(writes)
        self.again = again
        """Whether it would run although it has just run."""


class Plan:
    """What would become of the calls that are made in its block; see `inviscid.plan`."""

    def __init__(self) -> None:
        self.calls: list[PlannedCall] = []
        """In the order in which they would be made."""
        self.ended = ""
        """Where and why the plan ended before the block did; empty if it didn't."""
        self.process = os.getpid()
        self._started = False
        self._workers: str | None = None
        self._pending: dict[bytes, Unknown] = {}
        self._codes: set[bytes] = set()
        self._written: list[str] = []
        self._acted = False
        """Whether anything would have run that may do anything to the world."""

    def __enter__(self) -> Self:
        if ACTIVE:
            raise PlanError("a plan is being made already")
        for ask in excluding:
            if why := ask():
                raise PlanError(why)
        if computing.RUNNING:
            raise PlanError(f"{computing.RUNNING[0].name}() is running, and nothing runs while a plan is made")
        _listen()
        self._workers = _workers()
        ACTIVE.append(self)
        os.environ[_MARK] = str(self.process)
        # Nobody takes the short way, which knows of no plan.
        moved.move()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        ACTIVE.remove(self)
        self._started, self._workers = self.started, None
        os.environ.pop(_MARK, None)
        moved.move()
        return self.is_ended_by(error)

    @property
    def started(self) -> bool:
        """Whether other processes were started: what they would call isn't seen."""
        return self._started or self._workers not in (None, _workers())

    def hear_start(self) -> None:
        """Note that a process is started."""
        self._started = self._started or self.process == os.getpid()

    def is_ended_by(self, error: BaseException | None) -> bool:
        """Whether an error is no error, but the end of what the plan can see."""
        if isinstance(error, OSError) and isinstance(error.filename, str) and self.would_write([error.filename]):
            self._end(f"it needs {error.filename}, which would be written first", error.__traceback__)
        if isinstance(error, PlanError):
            self._end(f"nothing can be planned: {error}", error.__traceback__)
        # What is raised behind the end, by who waits for another thread that came to it, say, follows from it.
        return isinstance(error, Beyond) or (bool(self.ended) and isinstance(error, Exception))

    def __str__(self) -> str:
        lines = [
            f"{call.would} {call.function}{': ' if call.reasons else ''}{'; '.join(call.reasons)}"
            for call in self.calls
        ]
        return "\n".join([*lines, *([self.ended] if self.ended else []), *([STARTED] if self.started else [])])

    def check(self) -> None:
        """Look whether the plan has ended: where somebody swallowed that, what follows would be made up."""
        if self.ended:
            raise Beyond(self.ended)

    def leave(self, what: str) -> NoReturn:
        """End the plan.

        Args:
            what: what all that follows depends on.
        """
        if not _EXAMINING.get():
            self._end(f"it depends on {what}", None)
        raise Beyond(what)

    def _end(self, why: str, trace: TracebackType | None) -> None:
        frame = sys._getframe(1)  # noqa: SLF001  CPython's own name for it
        frames = [*_outwards(frame)]
        if (main := threading.main_thread().ident) != threading.get_ident():
            # A thread may have been started by a library, and does what the main thread waits for.
            frames += _outwards(sys._current_frames().get(main or 0))  # noqa: SLF001  as above
        lines = [(frame, frame.f_lineno) for frame in frames]
        if trace is not None:
            lines = [(step.tb_frame, step.tb_lineno) for step in _inwards(trace)][::-1]
        place = next(
            (
                f"{os.path.relpath(frame.f_code.co_filename)}:{line}: "
                for frame, line in lines
                if place_of_globals(frame.f_globals).kind == "user" and frame.f_code.co_filename[:1] != "<"
            ),
            "",
        )
        self.ended = self.ended or f"{place}beyond this line {why}"

    # What the path tells ---------------------------------------------------------------------------------------------

    def would_run(self, name: str, found: WouldRun) -> Unknown:
        """Note a call that would run; gives what stands for its result."""
        known = self._pending.get(found.key) if found.key and not found.again else None
        if known is not None:
            # In a run the second call of a key hits.
            return known
        reasons, sure = found.reasons, not found.unless
        if found.unless:
            reasons = (*reasons, f"unless {found.unless}")
        elif self.would_write(found.reads):
            reasons, sure = (*reasons, "it reads what would be written first"), False
        bypass = found.outcome.kind == "bypass"
        self._acted = self._acted or bypass
        self._written += map(os.path.realpath, found.writes)
        self._codes.add(found.code)
        made = self._note(name, "run" if sure else "may run", reasons, found.key, found.outcome)
        if found.key:
            self._pending[found.key] = made
        return made

    def cannot_tell(self, name: str, found: BaseException, values: Mapping[str, Any], code: bytes) -> Unknown:
        """Note a call that can't be identified, because it rests on what isn't known.

        Args:
            name: of the function.
            found: what went wrong.
            values: its arguments.
            code: its fingerprint, where nothing is stored yet that could be found; empty otherwise.
        """
        reasons = [
            f"argument '{argument}' is a result of {maker(value)}"
            for argument, held in values.items()
            if (value := next(_unknown_in(held), None)) is not None
        ]
        if not reasons:
            reasons = [f"it rests on {found}" if isinstance(found, Beyond) else f"it can't be told: {found}"]
        sure = bool(code) and code not in self._codes
        self._codes.add(code)
        return self._note(name, "run" if sure else "may run", tuple(reasons), b"", Outcome.MISS_INPUTS)

    def hit(self, name: str, found: WouldRun) -> None:
        """Note a call that is served.

        Raises:
            WouldRun: it rests on files that would be written before.
        """
        if self.would_write(found.reads):
            raise WouldRun(
                Outcome.MISS_NOT_FINAL, found.reasons, found.key, found.code, "what it reads stays as it is", (),
                found.writes,
            )  # fmt: skip
        # What it writes isn't put back now.
        self._written += map(os.path.realpath, found.writes)
        self.calls.append(PlannedCall(name, "hit", found.reasons, found.key.hex(), found.outcome))

    def would_write(self, paths: Iterable[str]) -> bool:
        """Whether any of these files may be another by the time that it would be read."""
        found = [os.path.realpath(path) for path in paths]
        return (self._acted and bool(found)) or any(
            one == other or one.startswith(other + os.sep) or other.startswith(one + os.sep)
            for one in found
            for other in self._written
        )

    def _note(self, name: str, would: str, reasons: tuple[str, ...], key: bytes, code: Outcome) -> Unknown:
        self.calls.append(PlannedCall(name, would, reasons, key.hex(), code))
        return made(f"{name.rpartition(':')[2]}(), which {'would' if would == 'run' else 'may'} run", self.leave)


def _in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show that a process came to what doesn't run now. Nobody there made a mistake that a traceback would tell of."""
    if kind is PlanError:
        print(f"{kind.__name__}: {error}", file=sys.stderr)  # noqa: T201  it takes the place of a traceback
    else:
        sys.__excepthook__(kind, error, trace)


excluding: list[Callable[[], str]] = []
"""Each says why no plan can be made now, or nothing."""
STARTED = "other processes were started, and can't be looked into: what they would run isn't told"
ACTIVE: list[Plan] = []
"""The plan that is being made in this process; empty for most."""
if found := os.environ.get(_MARK):
    # This process was started by one that makes a plan.
    ACTIVE.append(Plan())
    ACTIVE[0].process = int(found) if found.isdecimal() else -1
    sys.excepthook = _in_one_line
_listening: list[bool] = []
_EXAMINING: ContextVar[bool] = ContextVar("inviscid_examining", default=False)


def plan() -> Plan:
    """Make a plan of what is called in a block: what would run, and why. Nothing runs.

    ``with plan() as planned:`` serves what is stored, and notes all else. Where the block goes on to use what isn't
    there, it ends; ``planned.ended`` says where. The code of the block itself does run, and so does what `observe=`,
    `identify=` and `outputs=` were given. It holds for all threads.

    Returns:
        The plan: ``calls`` are the calls, with ``would``, ``reasons`` and ``key``.

    Raises:
        PlanError: a plan is being made already, or a body is running.
    """
    return Plan()


def steps(
    function: Any, path: Generator[Any, Any, Answer], bind: Callable[[], Mapping[str, Any]], code: Callable[[], bytes]
) -> Generator[Any, Any, Answer]:
    """The steps of a call while a plan is made: up to where its body would run.

    Args:
        function: what is called.
        path: the steps of the call.
        bind: gives its arguments.
        code: gives its fingerprint, where nothing is stored yet that could be found; empty otherwise.
    """
    current, name = ACTIVE[-1], function_name(function)
    current.check()
    token = _EXAMINING.set(True)
    try:
        return (yield from path)
    except WouldRun as found:
        if current.process != os.getpid():
            raise PlanError(
                f"{function.__qualname__}() would run, in a process that was started while a plan is made"
            ) from None
        return Answer(current.would_run(name, found))
    except Beyond as found:
        return Answer(current.cannot_tell(name, found, _held(bind), _held(code) or b""))
    except OSError as error:
        # Of a `File` that isn't there, say.
        if isinstance(error.filename, str) and current.would_write([error.filename]):
            return Answer(current.cannot_tell(name, error, {}, b""))
        raise
    finally:
        _EXAMINING.reset(token)


def _listen() -> None:
    if not _listening:
        _listening.append(True)
        hear(moved.STARTS, _started)


def _started(_: str, __: tuple[Any, ...]) -> None:
    for one in ACTIVE:
        one.hear_start()


def _workers() -> str:
    """Another text whenever multiprocessing has made a process: no event tells of those that it spawns."""
    processes = sys.modules.get("multiprocessing.process")
    return repr(getattr(processes, "_process_counter", "count(1)"))


def _held(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (Beyond, Exception):  # noqa: BLE001  it runs code of the user's, and only words the reason
        return {}


def keep_off(what: str) -> None:
    """Have whatever changes the store, or leaves the process, end the plan."""
    if ACTIVE:
        ACTIVE[-1].leave(what)


before_removal.append(keep_off)


def is_unknown(value: Any) -> bool:
    """Whether a value stands for the result of a call that would run."""
    return type(value) is Unknown


def _unknown_in(value: Any, depth: int = 0) -> Iterator[Any]:
    """The unknowns in a value and in the plain containers in it."""
    if is_unknown(value):
        yield value
    elif depth < _DEEPEST and type(value) in (list, tuple, set, frozenset):
        for item in value:
            yield from _unknown_in(item, depth + 1)
    elif depth < _DEEPEST and type(value) is dict:
        for item in value.values():
            yield from _unknown_in(item, depth + 1)


def _outwards(frame: Any) -> Iterator[Any]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _inwards(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
