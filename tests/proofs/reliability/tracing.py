"""One fault at one system call of a child process, by strace.

A *work* is what the child does. A *point* is the k-th call of one name that a clean run of the work makes. A *fault* is
what happens there instead: the child is killed in front of the call, or the call isn't made and gives an error. A fault
that *lasts* meets every later call of that name too, as on a disk that stays full.

The child is a fork of this process, so all modules are there and it makes no calls but those of its work. It waits
until strace answers its `getppid` with a number that no process has: then strace is attached and its injections work.
The wait itself uses no call into which faults are injected. What the child has to say it says in shared memory, without
a call.
"""

from __future__ import annotations

import mmap
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

from inviscid.errors import StoreError

KILL = "KILL"
ERRORS = ("ENOSPC", "EIO", "EACCES", "EMFILE", "EROFS", "EDQUOT", "ESTALE", "EINTR")
_PLACES = ("ENOSPC", "EIO", "EACCES", "EROFS", "EDQUOT", "ESTALE")
_DATA = ("ENOSPC", "EIO", "EDQUOT", "ESTALE", "EINTR")
_LOOKS = ("EIO", "EACCES", "ESTALE")
# Which errors the system may give where. A name stands for the same call on other machines too.
CALLS: dict[str, tuple[str, ...]] = {
    "openat": ERRORS,
    "write": _DATA,
    "pwrite64": _DATA,
    "ftruncate": ("ENOSPC", "EIO", "EACCES", "EDQUOT", "ESTALE", "EINTR"),
    "fsync": _DATA,
    "fdatasync": _DATA,
    "close": _DATA,
    "rename": _PLACES,
    "renameat": _PLACES,
    "renameat2": _PLACES,
    "unlink": _PLACES,
    "unlinkat": _PLACES,
    "mkdir": _PLACES,
    "utimensat": _PLACES,
    "chmod": _PLACES,
    "fchmod": _PLACES,
    "read": ("EIO", "EACCES", "ESTALE", "EINTR"),
    "pread64": ("EIO", "EACCES", "ESTALE", "EINTR"),
    "getdents64": _LOOKS,
    "newfstatat": _LOOKS,
    "fstat": _LOOKS,
    "mmap": ("EACCES", "EMFILE", "EIO", "ESTALE"),
    # EACCES is how a lock says that another has it.
    "fcntl": ("EIO", "EACCES", "ESTALE", "EINTR"),
    "flock": ("EIO", "ESTALE", "EINTR"),
}
# A lock that is refused for ever is waited for, and an index that can't be read for ever is begun anew: both are right.
_LASTING = CALLS.keys() - {"fcntl", "flock", "pread64"}
_MAGIC = 1_000_000_007
_PATIENCE = 20.0
_WORDS = 1 << 16
_LINE = re.compile(r"(\w+)\((.*)")


class Fault(NamedTuple):
    """What happens at a point."""

    call: str
    turn: int
    what: str
    """``KILL`` or the name of an error."""
    lasts: bool = False

    def __str__(self) -> str:
        return f"{self.what} at {self.call} {self.turn}" + (" and after" if self.lasts else "")


class Ending(NamedTuple):
    """What became of a child."""

    how: str
    """``done``, ``refused`` by a StoreError, ``raised`` anything else, ``killed`` or ``hung``."""
    acknowledged: bool
    """Whether the work was done before whatever came then."""
    injected: bool
    words: str
    """What was raised, and how."""


def why_not() -> str | None:
    """Why no faults can be injected here; None where they can."""
    if shutil.which("strace") is None:
        return "strace is missing (Debian package strace)"
    ending, log = _trace(lambda _: None, [])
    if ending.how == "done" and "(INJECTED)" in log:
        return None
    return f"strace may not trace a process here: {log.strip() or ending.words or ending.how}"


def faults(work: Callable[[Callable[[], None]], None]) -> list[Fault]:
    """Every fault at every point of a clean run."""
    ending, log = _trace(work, [f"trace={_known(['getppid', *CALLS])}"])
    assert ending.how == "done", ending.words
    found: list[Fault] = []
    counts = dict.fromkeys(CALLS, 0)
    # From the answer that lets the child begin on: strace may come in the middle of a question before it.
    for line in log.partition("(INJECTED)\n")[2].splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        call, arguments = match.groups()
        if call == "getppid":
            break
        if call in counts:
            counts[call] += 1
            errors = _errors(call, arguments)
            found += [Fault(call, counts[call], what) for what in (KILL, *errors)]
            if call in _LASTING:
                found += [Fault(call, counts[call], what, lasts=True) for what in errors[:1]]
    return found


def _errors(call: str, arguments: str) -> tuple[str, ...]:
    if call == "mmap" and ", -1, 0)" in arguments:
        # Without a file it is the interpreter that wants memory.
        return ()
    if "F_UNLCK" in arguments or "LOCK_UN" in arguments:
        # No system refuses it. SQLite would wait ten seconds for the lock that it has itself, and filelock for ever.
        return ()
    return CALLS[call]


def end_of_points() -> None:
    """Called by a work whose points are those up to here."""
    os.getppid()


def run(work: Callable[[Callable[[], None]], None], fault: Fault) -> Ending:
    """The work with a fault in it."""
    what = "signal=KILL" if fault.what == KILL else f"error={fault.what}"
    ending, log = _trace(
        work,
        [
            f"trace={_known(['getppid', fault.call])}",
            f"inject={fault.call}:{what}:when={fault.turn}{'+' * fault.lasts}",
        ],
    )
    fired = ending.how == "killed" if fault.what == KILL else _fired(log, fault.call)
    return ending._replace(injected=fired)


def _fired(log: str, call: str) -> bool:
    return any(line.startswith(f"{call}(") and line.endswith("(INJECTED)") for line in log.splitlines())


def _known(calls: list[str]) -> str:
    # The question mark: not every machine has every call.
    return ",".join(f"?{call}" for call in calls)


def _trace(work: Callable[[Callable[[], None]], None], options: list[str]) -> tuple[Ending, str]:
    """Run the work in a child under strace; gives its end and strace's log."""
    shared = mmap.mmap(-1, _WORDS)
    child = os.fork()
    if child == 0:
        _be_child(work, shared)
    with tempfile.NamedTemporaryFile("r", prefix="strace-") as log:
        command = ["strace", "-qq", "-o", log.name, "-p", str(child), "-e", f"inject=getppid:retval={_MAGIC}"]
        command += [part for option in options for part in ("-e", option)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            code = _end_of(child)
            assert strace.stderr is not None
            complaint = strace.stderr.read()
        ending = Ending(_how(code), bool(shared[0]), injected=False, words=_words(shared))
        return ending, log.read() + complaint


def _be_child(work: Callable[[Callable[[], None]], None], shared: mmap.mmap) -> None:
    def acknowledge() -> None:
        shared[0] = 1

    code = 1
    try:
        end = time.monotonic() + _PATIENCE / 4
        while os.getppid() != _MAGIC:
            if time.monotonic() > end:
                os._exit(5)
            time.sleep(0.0002)
        try:
            work(acknowledge)
            code = 0
        except StoreError as error:
            code = 3
            _say(shared, repr(error))
        except BaseException:
            code = 4
            _say(shared, traceback.format_exc())
    finally:
        os._exit(code)


def _say(shared: mmap.mmap, text: str) -> None:
    data = text.encode(errors="replace")[-_WORDS + 5 :]
    shared[1:5] = len(data).to_bytes(4, "big")
    shared[5 : 5 + len(data)] = data


def _words(shared: mmap.mmap) -> str:
    return shared[5 : 5 + int.from_bytes(shared[1:5], "big")].decode(errors="replace")


def _end_of(child: int) -> int | None:
    """The child's exit code, negative for a signal; None where it had to be killed because it hung."""
    handle = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([handle], [], [], _PATIENCE)
        if not ended:
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(handle)
    return code if ended else None


def _how(code: int | None) -> str:
    if code is None:
        return "hung"
    return {0: "done", 3: "refused", 5: "not attached", -signal.SIGKILL: "killed"}.get(code, "raised")
