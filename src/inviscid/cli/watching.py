"""Who waits for what a plan doesn't run waits for ever: a feeder of a pool that came to the end of the plan feeds
nobody, a worker thread takes nothing from its queue any more. So a plan that has ended is watched until the process is
gone, and the process leaves where it would hang.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from inviscid.cli.output import out
from inviscid.planning import Plan
from inviscid.unknown import Beyond

# Seconds. So long the main thread may stay in one place once the plan has ended, before it is taken to hang.
_STILL = 2.0
# So long it may go on in all: some ask again and again whether a worker is done.
_GOES_ON = 20.0
# Handlers at the exit are the user's, and may have to save something.
_LEAVES = 5.0
_LOOK = 0.05


class Watch:
    """Looks after one plan.

    Args:
        planned: the plan.
        tell: prints what is planned; called in another thread, and only if `take` wasn't. Gives the exit code.
    """

    def __init__(self, planned: Plan, tell: Callable[[], int]) -> None:
        self._planned = planned
        self._tell = tell
        self._taken = threading.Lock()
        self._main = threading.main_thread()
        self._outer = threading.excepthook
        self.code = 0
        """With which the process leaves if it hangs behind `take`."""
        threading.excepthook = self._heard
        threading.Thread(target=self._watch, daemon=True, name="inviscid-watch").start()

    def take(self) -> None:
        """Say that the main thread tells what is planned. Doesn't return where that was told already."""
        if not self._taken.acquire(blocking=False):
            # The process is about to end.
            threading.Event().wait()

    def _heard(self, args: Any) -> None:
        if not (self._planned.ended and isinstance(args.exc_value, Beyond)):
            self._outer(args)

    def _watch(self) -> None:
        while not self._planned.ended:
            time.sleep(_LOOK)
        if self._hangs(_STILL, lambda: not self._taken.locked()) and self._taken.acquire(blocking=False):
            self.code = self._tell()
            self._leave()
        # What is printed may be long, and its reader slow.
        while self._main.is_alive():
            time.sleep(_LOOK)
        time.sleep(_LEAVES)
        self._leave()

    def _hangs(self, seconds: float, waits: Callable[[], bool]) -> bool:
        """Wait for the main thread to stay in one place for some time."""
        place, since = self._place(), (begun := time.monotonic())
        while waits():
            now = time.monotonic()
            if now - since > seconds or now - begun > _GOES_ON:
                return True
            time.sleep(_LOOK)
            if (found := self._place()) != place:
                place, since = found, now
        return False

    def _place(self) -> tuple[int, int]:
        frame = sys._current_frames().get(self._main.ident or 0)  # noqa: SLF001  CPython's own name for it
        return (id(frame), frame.f_lasti) if frame is not None else (0, 0)

    def _leave(self) -> None:
        processes = sys.modules.get("multiprocessing.process")
        # Workers wait for work, and would wait for ever.
        for child in list(getattr(processes, "_children", ())):
            with contextlib.suppress(Exception):
                child.terminate()
        for stream in (out(), sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(self.code)
