"""The computations that are under way in this process: what they were told, and what may not become of them.

Every cached call that is made inside a computation *tells* it the answer, with what that depended on: files, and calls
that have to be made again. So a computation knows what its own result depends on beyond its key.

A key says which config values a computation sees. Whether that is so shows only while it runs: a thread that it starts
may see another overlay than its own. So every cached call also reports the values that it reads to the computation that
it belongs to; one that was told other values than its key says is *disturbed*, and so is every computation around it.
What a disturbed computation returns is returned, and not stored.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from inviscid import world
from inviscid.digest import short
from inviscid.inputs import Dir, File
from inviscid.manifest import Argument
from inviscid.world import Sight, Watch

MOST_STEPS = 1_000
# A loop that makes the same call again tells nothing new.
_REPEATED = 8
_KEPT = ("value", "all")
MOST_BYTES = 1 << 16
"""What is kept of the arguments of one computation's calls."""


class Asked(NamedTuple):
    """A call that has to be made again before what depends on it counts."""

    function: Any
    arguments: list[Argument]
    answer: bytes
    files: bool = False
    """Whether the answer speaks of outputs too."""


class Answer(NamedTuple):
    """What a call gave, and what that depends on beyond the call's key."""

    value: Any
    digest: bytes = b""
    """Structural digest of the value, and of the outputs; empty where it was not stored."""
    sights: tuple[Sight, ...] = ()
    demands: tuple[Asked, ...] = ()
    files: bool = False
    """Whether the digest speaks of outputs too."""
    seen: Mapping[int, bytes] = {}
    """Digests of the arguments of the call, by id: what was hashed for its key need not be hashed again."""
    carries: bool = False
    """Whether the value holds classes or functions of the user's: what they read, a caller may read by them."""


class Told(NamedTuple):
    """A call of a cut function, as the computation around it was told of it."""

    function: Any
    ordinal: int
    arguments: list[Argument] | None
    """None where the call can't be made again."""
    digest: bytes
    """Empty where it gave nothing that was stored."""
    sights: tuple[Sight, ...]
    standing: bytes = b""
    """Where the call can't be made again: all that the function did and was configured to do."""

    @property
    def stands(self) -> bool:
        """Whether the call can be made again, and compared."""
        return bool(self.digest) and self.arguments is not None


class Computation:
    """One body that is running."""

    __slots__ = (
        "bytes", "calls", "carries", "config", "cut", "demands", "disturbed", "function", "given", "held", "marks",
        "name", "paths", "reaches", "told", "uncovered", "watch",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        config: Mapping[str, frozenset[bytes]] | None = None,
        files: frozenset[str] = frozenset(),
        inputs: Sequence[tuple[Any, bytes]] = (),
        cut: Mapping[int, int] | None = None,
        reaches: frozenset[int] = frozenset(),
        memos: Iterable[tuple[str, Any]] = (),
        given: frozenset[str] = frozenset(),
        function: int = 0,
        marks: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.config = config or {}
        self.disturbed = ""
        """Why its result must not be stored; empty while nothing speaks against it."""
        self.watch = Watch(files, memos)
        self.held = {id(value): ("given", number, digest) for number, (value, digest) in enumerate(inputs) if digest}
        """By id: which argument of its own, or which answer that it was given, an object is, and its digest then. An id
        that is used again does no harm: by the digest it is the same, and nobody else has it.
        """
        self.cut = cut or {}
        """By id, the ordinals of the functions that are cut in its shallow fingerprint."""
        self.reaches = reaches
        """The ids of all functions of ours in its reach."""
        self.told: list[Told] | None = [] if cut else None
        """The calls of cut functions, in the order of their ends; None where there are too many, or can be none."""
        self.paths = {
            (type(value), os.fspath(value)): number
            for number, (value, digest) in enumerate(inputs)
            if digest and isinstance(value, File | Dir)
        }
        """By type and path: which argument a `File` or `Dir` is."""
        self.marks = marks
        """What it may observe of what it is given."""
        self.function = function
        """The id of what is computed."""
        self.given = given
        """The paths of all that are in its arguments, as they are spelled there."""
        self.calls = 0
        self.carries = False
        """Whether an answer brought classes or functions of the user's."""
        self.bytes = 0
        self.demands: dict[tuple[int, bytes], Asked] = {}
        self.uncovered = False
        """Whether some demands came from elsewhere than from what `told` lists."""

    def take(self, told: Told, demands: Sequence[Asked], value: Any = None) -> None:
        """Note the answer to a call that was made inside; `value` is what it gave."""
        self.demand(demands)
        if self.watch.outputs:
            read = (one for one in told.sights if not (one.is_file and self.watch.is_output(one.path)))
            told = told._replace(sights=tuple(read))
        self.uncovered = self.uncovered or (bool(demands) and not (told.stands and told.ordinal >= 0))
        if self.told is None or told.ordinal < 0 or not told.stands:
            # Nobody will ask again for what is behind it.
            self.watch.confirm(told.sights)
            told = told._replace(sights=())
        if self.told is not None and told.ordinal >= 0 and told not in self.told[-_REPEATED:]:
            self.bytes += sum(len(argument[3]) for argument in told.arguments or () if argument[1] in _KEPT)
            self.told.append(told)
            if told.stands:
                self.held[id(value)] = "answer", self.calls, told.digest
                self.calls += 1
            elif not told.standing:
                # Not even that could be told.
                self.drop()
                return
            if len(self.told) > MOST_STEPS or self.bytes > MOST_BYTES:
                self.drop()

    def drop(self) -> None:
        """Have no trace."""
        for one in self.told or ():
            self.watch.confirm(one.sights)
        self.told = None

    def demand(self, demands: Sequence[Asked]) -> None:
        """Note calls that have to be made again."""
        for asked in demands:
            identity = id(asked.function), b"".join(map(repr_of, asked.arguments))
            known = self.demands.setdefault(identity, asked)
            if asked.files:
                # Who wrote last is asked last: what it left stays.
                self.demands[identity] = self.demands.pop(identity)
            if known.answer != asked.answer:
                self.disturbed = self.disturbed or f"{asked.function.__qualname__}() gave two answers while it ran"

    def adopt(self, inner: Computation) -> None:
        """Take for its own what a computation inside depended on: it came to nothing that could stand for it."""
        self.watch.adopt(inner.watch)
        for told in inner.told or ():
            self.watch.confirm(told.sights)
        self.demand(tuple(inner.demands.values()))
        self.uncovered = self.uncovered or bool(inner.demands)

    def sights(self) -> tuple[list[Sight], list[Sight]]:
        """What was read inside, but not by calls of cut functions; and what those depended on.

        Raises:
            UnhashableInput: something changed since it was read, or has no content that could be compared.
        """
        own = self.watch.sights()
        known = {(sight.kind, sight.path) for sight in own}
        theirs = {(sight.kind, sight.path): sight for told in self.told or () for sight in told.sights}
        return own, [
            sight
            for key, sight in theirs.items()
            if key not in known and not (sight.is_file and self.watch.is_declared(sight.path))
        ]


def repr_of(argument: Argument) -> bytes:
    """What tells arguments apart."""
    return repr(argument).encode()


_ASIDE = ""
_around: ContextVar[tuple[Computation, ...]] = ContextVar("inviscid_computing", default=())
_inside: ContextVar[tuple[str, ...]] = ContextVar("inviscid_inside", default=())
RUNNING: list[Computation] = []
"""All that run in this process. Each change is one step, so there is no lock, which a forked child could find taken."""


def _after_fork() -> None:
    # The threads that ran the others are not there.
    RUNNING[:] = _around.get()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def computing(computation: Computation, *, vouched: bool = False) -> Iterator[Computation]:
    """Run a body inside; afterwards `disturbed` says whether its result may be stored, and `watch` what it read.

    Args:
        computation: what runs.
        vouched: its user gave their word that it is pure: what it does is no act of its callers.
    """
    world.watch(_watches)
    stood().clear()
    outside = callers(computation.function)
    token = _around.set((*_around.get(), computation))
    RUNNING.append(computation)
    try:
        try:
            yield computation
        finally:
            computation.watch.recall()
    except BaseException:
        for outer in outside:
            outer.adopt(computation)
        raise
    finally:
        # In a child that was forked in an empty context it is not there.
        if computation in RUNNING:
            RUNNING.remove(computation)
        _around.reset(token)
        if vouched:
            computation.watch.acts.clear()
            computation.watch.remembered.clear()
        for outer in outside:
            outer.disturbed = outer.disturbed or computation.disturbed
            outer.watch.join(computation.watch)


@contextmanager
def aside() -> Iterator[Computation]:
    """Make calls inside that the computation around them doesn't depend on."""
    computation = Computation(_ASIDE)
    token = _around.set((computation,))
    try:
        yield computation
    finally:
        _around.reset(token)


def around() -> tuple[Computation, ...]:
    """The computations that what happens here belongs to."""
    if not RUNNING:
        return ()
    # A thread doesn't know who started it: then every computation may have.
    return _around.get()[-1:] or tuple(RUNNING)


def callers(function: int) -> tuple[Computation, ...]:
    """The computations that a call of a function, by id, belongs to.

    Where nobody is known to have started the thread, those whose code reaches it.
    """
    found = around()
    return found if _around.get() else tuple(one for one in found if function in one.reaches)


def is_aside() -> bool:
    """Whether this is inside of `aside`."""
    return any(computation.name == _ASIDE for computation in _around.get())


def inside(effect: int) -> str:
    """The name of the cached function whose body led here; empty for none.

    Args:
        effect: the id of what asks. A thread doesn't know who started it: then it is inside of what reaches it.
    """
    if names := _inside.get():
        return names[-1]
    if threading.current_thread() is threading.main_thread():
        return ""
    return next((one.name for one in tuple(RUNNING) if effect in one.reaches), "")


@contextmanager
def within(name: str) -> Iterator[None]:
    """Run a body inside: that of a cached function, or with an empty name one that may call effects."""
    token = _inside.set((*_inside.get(), name) if name else ())
    try:
        yield
    finally:
        _inside.reset(token)


_stood: ContextVar[dict[Any, Any] | None] = ContextVar("inviscid_stood", default=None)


@contextmanager
def looking() -> Iterator[dict[Any, Any]]:
    """Look at what entries depend on: what was found to stand is looked at once, however many ask for it.

    The value is what was found, by key. It is empty again whenever a body runs, which may change the world.
    """
    found = _stood.get()
    if found is not None:
        yield found
        return
    made: dict[Any, Any] = {}
    token = _stood.set(made)
    try:
        yield made
    finally:
        _stood.reset(token)


def stood() -> dict[Any, Any]:
    """What was found to stand by who is looking."""
    found = _stood.get()
    return found if found is not None else {}


def _watches() -> list[Watch]:
    return [computation.watch for computation in around()]


def wrote(outputs: Iterable[str]) -> None:
    """Tell the computation around this call which outputs the call left where they belong. What it reads of them it
    depends on through the call's answer, which speaks of them.
    """
    # Not where nobody knows what led here: who isn't told the answer depends on the files.
    for computation in _around.get()[-1:]:
        computation.watch.outputs.update(dict.fromkeys(outputs))


def report(name: str, function: int, config: Mapping[str, frozenset[bytes]]) -> None:
    """Tell the computation that a call belongs to which config values the call sees.

    Args:
        name: of the function, for messages.
        function: its id.
        config: digests of the values by key.
    """
    for computation in callers(function):
        for key, values in config.items():
            expected = computation.config.get(key)
            if expected is not None and not values <= expected:
                shown = ", ".join(short(value) for value in values)
                computation.disturbed = f"{name} saw another value of config '{key}' than {computation.name} ({shown})"


def act(what: str) -> None:
    """Note that what runs here was seen to do what nobody can look at again."""
    for watch in _watches():
        watch.acts[what] = None


def disturb(why: str) -> None:
    """Say that the computation around this call must not be stored."""
    if found := _around.get():
        found[-1].disturbed = found[-1].disturbed or why
