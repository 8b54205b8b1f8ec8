"""A process that runs nauty, so that it can be ended when it takes too long: inside of this process nothing could.

It is started with the first graph that isn't small, and ends with this process. Messages are their length in four
bytes, and MessagePack. Where no process can be started there are no orders from here.
"""

from __future__ import annotations

import atexit
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO, Any

import msgpack

from inviscid import computing
from inviscid.digest import digest

# As text: a file would put its folder, and whatever is called like a module there, on the path.
_PROGRAM = """
import struct, sys
import msgpack, pynauty

read, write = sys.stdin.buffer.read, sys.stdout.buffer
while True:
    head = read(4)
    if len(head) < 4:
        break
    size, directed, neighbours, cells = msgpack.unpackb(read(struct.unpack("<I", head)[0]), strict_map_key=False)
    cells = [set(cell) for cell in cells]
    graph = pynauty.Graph(size, directed=directed, adjacency_dict=neighbours, vertex_coloring=cells)
    data = msgpack.packb(list(pynauty.canon_label(graph)))
    write.write(struct.pack("<I", len(data)) + data)
    write.flush()
"""
# To start takes longer than a budget may be, and is no graph's fault.
_START = 30.0


class _Helper:
    """The process, once there is one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, question: bytes, budget: float) -> Sequence[int] | None:
        with self.lock:
            if self.process is None and self._start() is None:
                return None
            found = self._answer(question, budget)
            if found is None:
                self.end()
            return found

    def _start(self) -> Sequence[int] | None:
        if not sys.executable or os.name != "posix":
            return None
        try:
            # It reads and writes nothing that anybody's result depends on.
            with computing.aside():
                self.process = subprocess.Popen(  # noqa: S603  our own text
                    [sys.executable, "-P", "-c", _PROGRAM],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    # What interrupts this process shall not have it print a traceback.
                    start_new_session=True,
                )
        except OSError:
            return None
        found = self._answer(msgpack.packb([1, False, {}, [[0]]]), _START)
        if found is None:
            self.end()
        return found

    def _answer(self, question: bytes, budget: float) -> Sequence[int] | None:
        assert self.process is not None
        given, taken = self.process.stdin, self.process.stdout
        assert given is not None
        assert taken is not None
        try:
            given.write(struct.pack("<I", len(question)) + question)
            given.flush()
            due = time.monotonic() + budget
            head = _read(taken, 4, due)
            data = head and _read(taken, struct.unpack("<I", head)[0], due)
        except OSError:
            return None
        return msgpack.unpackb(data) if data else None

    def end(self) -> None:
        """End the process, whatever it does."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except OSError:
                        pass


def _read(stream: IO[bytes], size: int, due: float) -> bytes | None:
    """So many bytes; None where they aren't there in time."""
    found = b""
    while len(found) < size:
        left = due - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            return None
        more = os.read(stream.fileno(), size - len(found))
        if not more:
            return None
        found += more
    return found


_helper = _Helper()
# What took too long once would do so again. By digest, each with the budget that it had.
_given_up: dict[bytes, float] = {}
_MOST = 1024


def _after_fork() -> None:
    # It belongs to the parent, and its lock may have been taken. What was inherited is closed, not ended.
    global _helper
    inherited, _helper = _helper.process, _Helper()
    if inherited is not None:
        inherited.returncode = 0
        # Open here, they would keep it alive when the parent is gone.
        for stream in (inherited.stdin, inherited.stdout):
            if stream is not None:
                stream.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def end() -> None:
    """End the process, if there is one."""
    _helper.end()


def ask(structure: Any, budget: float) -> Sequence[int] | None:
    """The canonical order of a graph (`labelling.Structure`); None where it takes longer than so many seconds, which is
    found out once for each graph in a process.
    """
    question = msgpack.packb(list(structure))
    name = digest(question)
    if _given_up.get(name, -1.0) >= budget:
        return None
    found = _helper.ask(question, budget)
    if found is None:
        if len(_given_up) >= _MOST:
            _given_up.clear()
        _given_up[name] = budget
    return found
