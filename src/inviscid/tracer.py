"""What user code ran, and what of it read the world, while something was running: seen by `sys.monitoring`.

A *tracer* collects the code of the user's that began or went on inside of it, each once, and the *impurities*: calls of
what is known to read the world, however they were reached; reads of environment variables; and random numbers that were
drawn from the state that the whole process shares, through installed code too.

What runs belongs to the tracers of the context that it runs in. A thread doesn't know who started it: what runs there
belongs to all tracers of other threads, unless it is a cached function that their computations don't reach; but nobody
sends work to the main thread. What a body doesn't do itself belongs to nobody: what an import runs, what this package
runs for its own purposes, what shows a message, what finalizes an object. A *vouched* body inside, for which its user
gave their word, or that of a source, brings no impurities.

Invariants: code that was seen by all tracers is not reported again, and other code than the user's never. Nothing is
left on when the last tracer has ended, however it ended.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

from inviscid import bodies
from inviscid.errors import TraceError
from inviscid.fingerprinting import nested_codes, place_of_globals, world_of_call, world_of_code
from inviscid.fingerprinting.impure import World
from inviscid.fingerprinting.places import place_of

MINIMUM = (3, 12)
RANDOM = "random numbers that no argument seeds"
ENVIRONMENT = "the environment of the process"

# Before Python 3.12 there is none; type checkers know the oldest version.
_monitoring: Any = getattr(sys, "monitoring", None)
_DISABLE = _monitoring.DISABLE if _monitoring is not None else None
_NO_ARGUMENT = _monitoring.MISSING if _monitoring is not None else None
# First those that Python has no meaning for; debuggers, coverage, profilers and optimizers have the others.
_TOOLS = (3, 4, 2, 5, 1, 0)
_IMPORT = "_find_and_load"
# Handlers and filters are there for people.
_MESSAGES = frozenset({"logging", "logging.handlers", "warnings"})
# They read how they are to work themselves, not what to work on.
_OWN_NEEDS = frozenset("tempfile asyncio multiprocessing concurrent logging warnings gettext locale".split())
_PACKAGE = __name__.partition(".")[0]
# What compilers call what has no name of its own.
_PARTS = frozenset({"<module>", "<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"})


class Ran(NamedTuple):
    """A definition of the user's that ran."""

    module: str
    qualname: str
    file: str
    line: int

    @property
    def name(self) -> str:
        """``module.qualname``"""
        return f"{self.module}.{self.qualname}"

    def __str__(self) -> str:
        return f"{self.qualname} ({self.module}:{self.line})"


class Impurity(NamedTuple):
    """How the world was read."""

    what: str
    """What was read, in the words of the static list."""
    by: str
    """What was called, or the name of the variable."""
    unseen: bool = False
    """It opened a file where nothing sees it: harmless where files are arguments."""

    def __str__(self) -> str:
        return f"read {self.what} ({self.by})"


class Tracer:
    """What one thing that runs was seen to do.

    Args:
        heard: is told each impurity, when it happens, in the context where it happens.
        owner: the id of the computation that is traced; 0 where it is none.
    """

    def __init__(self, heard: Callable[[Impurity], None] | None = None, owner: int = 0) -> None:
        self.owner = owner
        self.ran: dict[int, tuple[CodeType, Ran]] = {}
        """By id, in the order in which it was first seen."""
        self.of_classes: dict[int, type] = {}
        """By the id of code that is in no file: the class of its first argument."""
        self.made: dict[int, CodeType] = {}
        """By id, what is nested in texts that were executed: each was given to who executed it, or was read by it."""
        self.impurities: dict[Impurity, None] = {}
        self.variables: dict[str, None] = {}
        """Environment variables that were read."""
        self.thread = threading.get_ident()
        self.strict = True
        """Whether impurities count."""
        self.random: list[Any] = []
        self._heard = heard

    def saw(self, code: CodeType, frame: FrameType) -> None:
        """Note that code runs."""
        module = str(frame.f_globals.get("__name__", "?"))
        if code.co_filename.startswith("<") and (cls := _class_of(code, frame)) is not None:
            self.of_classes[id(code)] = cls
        if code.co_qualname == "<module>":
            self.made.update((id(inner), inner) for inner in nested_codes(code))
        self.ran[id(code)] = code, Ran(module, code.co_qualname, code.co_filename, code.co_firstlineno)

    def impure(self, impurity: Impurity) -> None:
        """Note that the world was read."""
        if impurity not in self.impurities:
            self.impurities[impurity] = None
            if self._heard is not None:
                self._heard(impurity)

    def definitions(self) -> list[Ran]:
        """What ran, without comprehensions and the like."""
        found = (ran for _, ran in self.ran.values() if ran.qualname.rpartition(".")[2] not in _PARTS)
        return list(dict.fromkeys(found))


def _class_of(code: CodeType, frame: FrameType) -> type | None:
    """The class of the instance that generated code runs for."""
    if not code.co_argcount:
        return None
    first = frame.f_locals.get(code.co_varnames[0])
    return first if isinstance(first, type) else type(first)


class _Scope(NamedTuple):
    """The traces that what runs in a context belongs to."""

    ran: tuple[Tracer, ...]
    strict: tuple[Tracer, ...]
    """Those of them that count impurities."""


_scope: ContextVar[_Scope | None] = ContextVar("inviscid_tracers", default=None)
_lock = threading.Lock()
_active: list[Tracer] = []
_tool = -1
_local: dict[int, CodeType] = {}
"""Code of which each call is seen."""
_harmless: dict[int, Any] = {}
"""By id, what was called and reads nothing of the world; of functions their code."""


def is_on() -> bool:
    """Whether something is traced."""
    return bool(_active)


def check_version(what: str) -> None:
    """Refuse on a Python that can't trace.

    Raises:
        TraceError: it is too old.
    """
    if _monitoring is None:
        version = ".".join(map(str, MINIMUM))
        raise TraceError(
            f"{what} needs Python {version} or newer, because it sees what runs by sys.monitoring; this is Python "
            f"{sys.version_info.major}.{sys.version_info.minor}. Leave it out there, as in "
            f"cached(track='deep' if sys.version_info < ({MINIMUM[0]}, {MINIMUM[1]}) else 'traced')"
        )


@contextmanager
def tracing(tracer: Tracer, *, strict: bool = True) -> Iterator[Tracer]:
    """Run something inside.

    Args:
        tracer: what is told.
        strict: whether impurities count.

    Raises:
        TraceError: other tools have taken all that `sys.monitoring` has.
    """
    check_version("tracing")
    around = _here()
    tracer.strict = strict
    _begin(tracer)
    token = _scope.set(_Scope((*around.ran, tracer), (*around.strict, tracer) if strict else ()))
    if strict:
        tracer.random = _random_states()
    try:
        yield tracer
        if strict:
            _compare((tracer,))
    finally:
        _scope.reset(token)
        _end(tracer)


@contextmanager
def body(owners: Collection[int], *, vouched: bool, whole: bool) -> Iterator[None]:
    """Run the body of a cached function inside.

    Args:
        owners: whose traces it belongs to where nobody is known to have started the thread.
        vouched: whether its user gave their word that it is pure.
        whole: whether what it runs is none of its callers' business either: of a source they see the value alone.
    """
    around = _here()
    if _scope.get() is None:
        around = _Scope(*(tuple(one for one in part if not one.owner or one.owner in owners) for part in around))
    token = _scope.set(_Scope(() if whole else around.ran, () if vouched else around.strict))
    if vouched:
        _compare(around.strict)
    try:
        yield
    finally:
        _scope.reset(token)
        if vouched:
            for tracer in around.strict:
                tracer.random = _random_states()


def _begin(tracer: Tracer) -> None:
    global _tool
    with _lock:
        if not _active:
            _tool = _take_tool()
            events = _monitoring.events
            for event, callback in (
                (events.PY_START, _started), (events.PY_RESUME, _started), (events.PY_THROW, _thrown),
                (events.CALL, _called),
            ):  # fmt: skip
                _monitoring.register_callback(_tool, event, callback)
            _monitoring.set_events(_tool, events.PY_START | events.PY_RESUME | events.PY_THROW)
        _active.append(tracer)
        # What an earlier tracer has seen enough of, this one has not seen.
        _monitoring.restart_events()


def _take_tool() -> int:
    for tool in _TOOLS:
        try:
            _monitoring.use_tool_id(tool, _PACKAGE)
        except ValueError:
            continue
        return tool
    others = ", ".join(sorted({str(_monitoring.get_tool(tool)) for tool in _TOOLS}))
    raise TraceError(
        f"sys.monitoring has {len(_TOOLS)} places for tools, and all are taken (by {others}): end one of those to trace"
    )


def _end(tracer: Tracer) -> None:
    with _lock:
        # In a process that was forked meanwhile it is gone already.
        if tracer in _active:
            _active.remove(tracer)
            if not _active:
                _turn_off()


def _turn_off() -> None:
    global _tool
    events = _monitoring.events
    # Freeing an id leaves its events on.
    _monitoring.set_events(_tool, 0)
    for code in _local.values():
        _monitoring.set_local_events(_tool, code, 0)
    for event in (events.PY_START, events.PY_RESUME, events.PY_THROW, events.CALL):
        _monitoring.register_callback(_tool, event, None)
    _monitoring.free_tool_id(_tool)
    _local.clear()
    _harmless.clear()
    _tool = -1


def _forked() -> None:
    """In the child nobody waits for what tracers of the parent would see there."""
    global _lock
    _lock = threading.Lock()
    if _active:
        _active.clear()
        _turn_off()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


# What happens ---------------------------------------------------------------------------------------------------------


def _here() -> _Scope:
    """The traces that what happens here and now belongs to."""
    scope = _scope.get()
    if scope is not None:
        return scope
    me = threading.get_ident()
    if me == threading.main_thread().ident:
        return _Scope((), ())
    others = tuple(tracer for tracer in tuple(_active) if tracer.thread != me)
    return _Scope(others, tuple(tracer for tracer in others if tracer.strict))


def _by_a_body(frame: FrameType | None) -> bool:
    """Whether what happens in a frame is done by a body itself."""
    while frame is not None:
        code = frame.f_code
        if code in bodies.CODES:
            return True
        name = str(frame.f_globals.get("__name__", ""))
        if name in _MESSAGES or name.partition(".")[0] == _PACKAGE or code.co_name == "__del__":
            return False
        if code.co_name == _IMPORT and code.co_filename.startswith("<frozen importlib"):
            return False
        frame = frame.f_back
    return True


def _started(code: CodeType, offset: int) -> Any:
    try:
        if code is _READS_VARIABLE:
            _variable_read(sys._getframe(1))  # noqa: SLF001  CPython's own name for it
            return None
        return _sighted(code, sys._getframe(1))  # noqa: SLF001  as above
    except Exception as error:  # noqa: BLE001  it would become an error of the program that is watched
        _lost(error)
        return None


def _thrown(code: CodeType, offset: int, thrown: BaseException) -> None:
    # A generator that began before, and goes on by being thrown into. One that is closed may be anybody's garbage.
    try:
        if not isinstance(thrown, GeneratorExit):
            _sighted(code, sys._getframe(1))  # noqa: SLF001  as above
    except Exception as error:  # noqa: BLE001  as above
        _lost(error)


def _lost(error: Exception) -> None:
    for tracer in tuple(_active):
        tracer.impure(Impurity("something that could not be followed", f"{type(error).__name__}: {error}"))


def _sighted(code: CodeType, frame: FrameType) -> Any:
    if not _is_users(code, frame):
        return _foreign(code, frame)
    scope = _here()
    new = [tracer for tracer in scope.ran if id(code) not in tracer.ran]
    if new and not _by_a_body(frame):
        return None
    for tracer in new:
        tracer.saw(code, frame)
    # Even if they are accepted here: what it runs in now may not be what it runs in later.
    if new and id(code) not in _local and any(tracer.strict for tracer in tuple(_active)):
        _local[id(code)] = code
        _monitoring.set_local_events(_tool, code, _monitoring.events.CALL)
    return _DISABLE if all(id(code) in tracer.ran for tracer in tuple(_active)) else None


def _is_users(code: CodeType, frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    if "__file__" not in frame.f_globals and os.path.isabs(code.co_filename):
        # Libraries that write functions compile them into modules that are nowhere, and say from which file of theirs.
        return place_of(name, code.co_filename).kind == "user"
    if name and not name.startswith("namedtuple_"):
        return place_of_globals(frame.f_globals).kind == "user"
    # Generated into a class, with globals of its own.
    cls = _class_of(code, frame)
    owner = next((base for base in cls.__mro__ if "_fields" in vars(base)), cls) if cls is not None else None
    # By its module, not by its name there: a subclass may have taken that.
    module = sys.modules.get(str(getattr(owner, "__module__", "")))
    return module is None or place_of_globals(vars(module)).kind == "user"


def _foreign(code: CodeType, frame: FrameType) -> Any:
    """Installed code that runs. There are no events of ``f(*args)`` for functions: so what reads the world is known
    by its code where it begins.
    """
    found = world_of_code(code, str(frame.f_globals.get("__name__", "")))
    if found is None:
        return _DISABLE
    from opcode import opmap

    caller: Any = frame.f_back
    # Otherwise it may be compiled code that calls it, which has no frame.
    called = caller is not None and caller.f_code.co_code[caller.f_lasti] == opmap["CALL_FUNCTION_EX"]
    if called and _is_users(caller.f_code, caller) and _by_a_body(caller):
        _read(*found)
    return None


def _read(name: str, world: World) -> None:
    for tracer in _here().strict:
        tracer.impure(Impurity(world.what, name, world.unseen))


_CALLABLES = frozenset({BuiltinFunctionType, MethodType, MethodDescriptorType, FunctionType})
_LASTING = frozenset({FunctionType, MethodDescriptorType, type})
# They look at what they are given, and call none of it.
_LOOK_ONLY = {
    id(one): one for one in (getattr, hasattr, setattr, delattr, isinstance, issubclass, callable, id, type, repr, str)
}


def _called(code: CodeType, offset: int, function: Any, first: Any) -> None:
    # This is what a trace costs: it runs at every call that the user's code makes.
    try:
        known = function.__code__ if type(function) is FunctionType else function
        if id(known) not in _harmless:
            _look(code, function, first, known)
        if type(first) in _CALLABLES and id(function) not in _LOOK_ONLY:
            # It may be called where nobody sees it, by `map` for one.
            known = first.__code__ if type(first) is FunctionType else first
            if id(known) not in _harmless:
                _look(code, first, _NO_ARGUMENT, known)
    except Exception as error:  # noqa: BLE001  as above
        _lost(error)


def _look(code: CodeType, function: Any, first: Any, known: Any) -> None:
    """Note what a call reads of the world."""
    kind = type(function)
    inner = function.__func__ if kind is MethodType else function
    if type(inner) is FunctionType and place_of_globals(inner.__globals__).kind == "user":
        # What it calls itself is seen.
        _harmless[id(inner.__code__)] = inner.__code__
        return
    called = function.func if kind is functools.partial else function
    bare = first is _NO_ARGUMENT
    found = world_of_call(called, None if bare else first, bare=bare)
    if found is None:
        # What depends on its arguments has to be looked at each time, and so has what may be gone, its id with it.
        lasting = kind in _LASTING or (kind is BuiltinFunctionType and isinstance(function.__self__, ModuleType | None))
        if lasting and not any(world_of_call(function, one, bare=one is None) for one in (None, "now")):
            _harmless[id(known)] = known
        return
    name, world = found
    if name == "builtins.hash" and code.co_name == "__hash__":
        # Only who asks for it could see it.
        return
    if _by_a_body(sys._getframe(2)):  # noqa: SLF001  as above
        _read(name, world)


def _environment_reader() -> CodeType | None:
    return getattr(type(os.environ).__getitem__, "__code__", None)


_READS_VARIABLE = _environment_reader()


def _variable_read(frame: FrameType) -> None:
    strict = _here().strict
    name = frame.f_locals.get("key")
    if not strict or not isinstance(name, str):
        return
    caller = frame.f_back
    while caller is not None and (kind := place_of_globals(caller.f_globals).kind) == "stdlib":
        if str(caller.f_globals.get("__name__", "")).partition(".")[0] in _OWN_NEEDS:
            return
        caller = caller.f_back
    if caller is not None and kind == "user" and _by_a_body(caller):
        for tracer in strict:
            tracer.variables[name] = None


# Random numbers -------------------------------------------------------------------------------------------------------


def _random_states() -> list[Any]:
    """The state of the generators that the whole process shares; None for those that nobody has loaded."""
    found: list[Any] = []
    for module, ask in (("random", "getstate"), ("numpy.random", "get_state")):
        try:
            found.append(getattr(sys.modules[module], ask)())
        except Exception:  # noqa: BLE001  it isn't loaded, or somebody put a generator in there that has another state
            found.append(None)
    return found


def _compare(traces: tuple[Tracer, ...]) -> None:
    """Tell traces whose random numbers were drawn since their states were taken."""
    if not traces:
        return
    now = _random_states()
    for tracer in traces:
        for name, before, after in zip(("random", "numpy.random"), tracer.random, now, strict=False):
            if before is not None and after is not None and _moved(before, after):
                tracer.impure(Impurity(RANDOM, f"the state of {name} moved"))


def _moved(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    return any(
        a.tobytes() != b.tobytes() if hasattr(a, "tobytes") and hasattr(b, "tobytes") else a != b
        for a, b in zip(before, after, strict=False)
    )
