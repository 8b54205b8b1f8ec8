"""Trials: foreign code is changed on disk, imported by a fresh process, fingerprinted and run.

A *bench* is a folder with a copy of a library and its entries. A *worker* is a process that has imported inviscid and
nothing else; for each trial it forks a child, which imports the code as it lies on the bench now, takes the fingerprints
of the entries that it is asked for, and then lets a child of its own run each entry. So no trial sees what another did,
and an entry that ends the process, or never ends, takes nothing with it.

The fingerprints are all taken before anything runs. An *outcome* is the list of texts that an entry returns, or the
class of what it raised: the text of an error is no result.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from queue import Queue
from types import CodeType, FrameType, MappingProxyType
from typing import Any, NamedTuple

_ADDRESS_SPACE = 4 << 30
_IDLE = "never ended"


class Trial(NamedTuple):
    """What is asked of a worker."""

    changed: Mapping[str, str] = MappingProxyType({})
    """Relative path → text that lies there during this trial."""
    look: tuple[str, ...] = ()
    """Entries whose fingerprints are taken."""
    run: tuple[str, ...] = ()
    """Entries that are run."""
    trace: bool = False
    """Whether to note which code each run goes through; by its own trace, that knows nothing of inviscid."""
    seconds: float = 10.0
    """What each run may take."""
    parts: bool = False
    """Whether to tell what the fingerprints are made of."""


class Told(NamedTuple):
    """What a worker answers."""

    error: str = ""
    """Why the code could not be imported or fingerprinted; all else is empty then."""
    digests: Mapping[str, str] = MappingProxyType({})
    outcomes: Mapping[str, Any] = MappingProxyType({})
    """A list of texts, or a text that says how it ended."""
    ran: Mapping[str, list[tuple[str, int, str]]] = MappingProxyType({})
    """Entry → (relative path, first line, qualified name) of the code that its run went through."""
    seconds: Mapping[str, float] = MappingProxyType({})
    imported: tuple[tuple[str, int, str], ...] = ()
    """The code that ran while the entries were imported, where that was traced."""
    marks: Mapping[str, list[str]] = MappingProxyType({})
    """What the code in reach of each entry may observe: see `inviscid.fingerprinting.template`."""
    parts: Mapping[str, list[str]] = MappingProxyType({})
    """Entry → its definitions, each by its digest and its name."""
    shown: Mapping[str, str] = MappingProxyType({})
    """Definition → its text, as explanations have it."""


Ran = list[tuple[str, int, str]]


def entry(name: str) -> Callable[[], list[str]]:
    """An entry by its name, ``module:function``."""
    module, _, function = name.partition(":")
    found: Callable[[], list[str]] = getattr(importlib.import_module(module), function)
    return found


# What happens in the child.


def _ended(seconds: float, act: Callable[[], Any]) -> Any:
    """What a child gives that acts for us; a text where it doesn't come back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            with os.fdopen(writing, "w") as out:
                json.dump(act(), out)
        finally:
            os._exit(0)
    os.close(writing)
    end = time.monotonic() + seconds
    parts = []
    with os.fdopen(reading, "rb", buffering=0) as got:
        while True:
            ready, _, _ = select.select([got], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                os.kill(child, signal.SIGKILL)
                parts = [json.dumps(_IDLE).encode()]
                break
            part = got.read(1 << 16)
            if not part:
                break
            parts.append(part)
    os.waitpid(child, 0)
    try:
        return json.loads(b"".join(parts))
    except ValueError:
        return "ended the process"


def _run(name: str, root: str, *, trace: bool) -> Any:
    function = entry(name)
    started = time.perf_counter()
    with _traced(root, trace=trace) as ran:
        try:
            outcome: Any = function()
        except Exception as error:
            outcome = f"raised {type(error).__name__}"
    return outcome, ran, time.perf_counter() - started


@contextlib.contextmanager
def _traced(root: str, *, trace: bool) -> Iterator[Ran]:
    """Note the code below a folder that is run inside."""
    seen: set[CodeType] = set()
    ran: Ran = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        seen.add(frame.f_code)

    if trace:
        threading.settrace(note)
        sys.settrace(note)
    try:
        yield ran
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        ran += sorted(
            (os.path.relpath(code.co_filename, root), code.co_firstlineno, code.co_qualname)
            for code in seen
            if code.co_filename.startswith(root + os.sep)
        )


def _answer(trial: Trial, bench: str) -> list[Any]:
    import inviscid

    sys.path[:0] = [os.path.join(bench, "path"), os.path.join(bench, "entries")]
    sys.dont_write_bytecode = True
    root = os.path.join(bench, "path")
    try:
        with _traced(root, trace=trial.trace) as imported:
            functions = {name: entry(name) for name in {*trial.look, *trial.run}}
        taken = {name: inviscid.fingerprint(functions[name]) for name in trial.look}
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    digests = {name: one.digest for name, one in taken.items()}
    marks = {name: sorted(one.marks) for name, one in taken.items()}
    parts: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for name, one in taken.items() if trial.parts else ():
        parts[name] = [f"{part.alone[:16]} {part.name}" for part in one.definitions]
        shown.update(zip(parts[name], (part.shown for part in one.definitions), strict=True))
    outcomes, ran, seconds = {}, {}, {}
    for name in trial.run:
        found = _ended(trial.seconds, lambda name=name: _run(name, root, trace=trial.trace))  # type: ignore[misc]
        outcomes[name] = found if isinstance(found, str) else found[0]
        if not isinstance(found, str):
            ran[name], seconds[name] = found[1], found[2]
    return ["", digests, outcomes, ran, seconds, imported, marks, parts, shown]


def serve(bench: str) -> None:
    """Answer the trials that come by standard input, one a line."""
    import resource

    if rule := os.environ.get("INVISCID_WEAKENED"):
        from weakened import weaken

        weaken(rule)
    import inviscid  # noqa: F401  imported once, for all trials

    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    home = os.path.join(bench, "here")
    os.makedirs(home, exist_ok=True)
    os.chdir(home)
    # What foreign code prints is not ours to tell.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        trial = Trial(*json.loads(line))
        told = _ended(60 + trial.seconds * len(trial.run), lambda trial=trial: _answer(trial, bench))  # type: ignore[misc]
        print(json.dumps(told if not isinstance(told, str) else [told]), file=answers, flush=True)


# What happens in the process that asks.


class Worker:
    """A process that does trials on a bench of its own."""

    def __init__(self, bench: Path, **environment: str) -> None:
        self._bench = bench
        environment = {
            **os.environ,
            "PYTHONHASHSEED": "0",
            "HOME": str(bench),
            "INVISCID_STORE": str(bench / "store"),
        } | environment
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, str(bench)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def tell(self, trial: Trial) -> Told:
        """Do one trial."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.ExitStack() as restored:
            for relative, text in trial.changed.items():
                restored.enter_context(_lying(self._bench / "path" / relative, text))
            self._process.stdin.write(json.dumps(trial._replace(changed=None)) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        return Told(*json.loads(line)) if line else Told(error="the worker ended")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextlib.contextmanager
def _lying(file: Path, text: str) -> Iterator[None]:
    before, stamp = file.read_bytes(), file.stat()
    file.write_text(text, encoding="utf-8")
    # A compiled file is known by the time of its source, in seconds, and its size: so that time must be another.
    os.utime(file, (stamp.st_atime, stamp.st_mtime - 10_000))
    try:
        yield
    finally:
        file.write_bytes(before)
        os.utime(file, (stamp.st_atime, stamp.st_mtime))


def tell_all(workers: list[Worker], trials: Iterable[tuple[Any, Trial]]) -> Iterator[tuple[Any, Told]]:
    """Do many trials, each with a label, on as many cores as there are workers; answers come as they are ready."""
    waiting: Queue[tuple[Any, Trial] | None] = Queue(maxsize=4)
    done: Queue[tuple[Any, Told] | None] = Queue()

    def work(worker: Worker) -> None:
        while (one := waiting.get()) is not None:
            done.put((one[0], worker.tell(one[1])))
        done.put(None)

    def feed() -> None:
        for one in trials:
            waiting.put(one)
        for _ in workers:
            waiting.put(None)

    threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in workers]
    threads.append(threading.Thread(target=feed, daemon=True))
    for thread in threads:
        thread.start()
    left = len(workers)
    while left:
        answer = done.get()
        if answer is None:
            left -= 1
        else:
            yield answer


if __name__ == "__main__":
    # `Trial` and `Told` of a script are not those of a module of the same name; JSON carries both.
    serve(sys.argv[1])
