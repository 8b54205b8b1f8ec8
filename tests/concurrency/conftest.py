"""Children that run a function and give back what it returned."""

from __future__ import annotations

import os
import pickle
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inviscid.entry import Entry, Provenance


class Child:
    """A forked process that runs `work`."""

    def __init__(self, work: Callable[[], Any], answer: Path) -> None:
        self.answer = answer
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                answer.with_suffix(".part").write_bytes(pickle.dumps(work()))
                answer.with_suffix(".part").rename(answer)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)

    def result(self, timeout: float = 60.0) -> Any:
        """What `work` returned; fails if it raised, died or hangs."""
        assert self.wait(timeout) == 0, "the child failed"
        return pickle.loads(self.answer.read_bytes())

    def wait(self, timeout: float = 60.0) -> int:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        self.kill()
        raise AssertionError("the child hangs")

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


Start = Callable[[Callable[[], Any]], Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a child; none outlives the test."""
    children: list[Child] = []

    def begin(work: Callable[[], Any]) -> Child:
        children.append(Child(work, tmp_path / f"answer-{len(children)}"))
        return children[-1]

    yield begin
    for child in children:
        child.kill()


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    def make(key: bytes = b"k" * 32, age: float = 0.0) -> Entry:
        origin = Provenance("pkg.mod:f", b"F" * 32, b"\x80", time.time() - age, 1.0, "host:1")
        return Entry(key, "pickle/2", b"", 0, b"v" * 32, b"\x80", b"", origin)

    return make
