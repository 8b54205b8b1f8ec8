"""Forked children, and what they and their own children did.

A *child* runs a function and gives back what it returned. A *body* that runs says so by an audit event, which no
fingerprint takes for state; `Ran` writes down each in a file that all children share. A *fresh* look at a store is one
that nothing in memory can answer.
"""

from __future__ import annotations

import logging
import mmap
import os
import pickle
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from inviscid import events, stores

_SPACE = 1 << 20
# The real one: faults are put in the place of the module's.
_write = os.write

listeners: list[Callable[[str], None]] = []
"""Who is told, in this process and its children, that a body runs."""


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if event == "proof.ran":
        for listener in listeners:
            listener(args[0])


sys.addaudithook(_hear)


class Broken(Exception):
    """A child failed, died or hangs."""


class Child:
    """A forked process that runs `work`."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._answer = mmap.mmap(-1, _SPACE)
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                # In a test runner a warning may be an error; here it is what the store is meant to do.
                warnings.resetwarnings()
                warnings.simplefilter("ignore")
                logging.getLogger("inviscid").addHandler(logging.NullHandler())
                self._give(work())
                code = 0
            except BaseException:
                self._give(traceback.format_exc()[-_SPACE // 2 :])
            finally:
                os._exit(code)

    def _give(self, value: Any) -> None:
        data = pickle.dumps(value)
        self._answer[: len(data)] = data

    def result(self, timeout: float = 60.0) -> Any:
        """What `work` returned."""
        code = self.wait(timeout)
        value = None if code < 0 else pickle.loads(self._answer)
        self._answer.close()
        if code:
            raise Broken(f"a child ended with {code}: {value}")
        return value

    def wait(self, timeout: float = 60.0) -> int:
        """Its exit code; kills it where it takes longer."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.001)
        self.kill()
        raise Broken(f"a child hangs for {timeout:.0f} s")

    def kill(self) -> None:
        """Have it gone."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


@contextmanager
def children(works: Iterable[Callable[[], Any]]) -> Iterator[list[Child]]:
    """A child for each; none outlives the block."""
    made: list[Child] = []
    try:
        # One by one: those that were made go too where one can't be.
        made.extend(map(Child, works))
        yield made
    finally:
        for child in made:
            with suppress(ProcessLookupError, ChildProcessError):
                child.kill()


def run(work: Callable[[], Any], timeout: float = 60.0) -> Any:
    """What a function returns in a child."""
    with children([work]) as (child,):
        return child.result(timeout)


class Line(NamedTuple):
    """One body that ran."""

    pid: int
    when: int
    name: str


class Ran:
    """All bodies that ran since it was made, here and in children that were forked since."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._handle = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        listeners.append(self.note)

    def note(self, name: str) -> None:
        """Write down one."""
        _write(self._handle, b"%d %d %s\n" % (os.getpid(), time.monotonic_ns(), name.encode()))

    def lines(self) -> list[Line]:
        """All, in order."""
        rows = [line.split(" ", 2) for line in self._file.read_text().splitlines()]
        return [Line(int(pid), int(when), name) for pid, when, name in rows]

    def count(self) -> int:
        """How many."""
        return self._file.read_bytes().count(b"\n")

    def close(self) -> None:
        """Listen no more."""
        listeners.remove(self.note)
        os.close(self._handle)


@contextmanager
def store_in(folder: Path, name: str = "store") -> Iterator[tuple[Path, Ran]]:
    """A place for a store that cached functions use meanwhile, and what runs meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / name
    before = os.environ.get("INVISCID_STORE")
    os.environ["INVISCID_STORE"] = str(place)
    ran = Ran(folder / f"{name}.ran")
    try:
        yield place, ran
    finally:
        ran.close()
        stores.store_at(place).close()
        if before is None:
            del os.environ["INVISCID_STORE"]
        else:
            os.environ["INVISCID_STORE"] = before


def freshen(place: Path) -> None:
    """Have this process keep nothing of a store in memory, and warn again of all."""
    stores.store_at(place).close()
    events._warned.clear()
