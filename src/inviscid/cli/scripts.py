"""A script, run as Python would run it, while a plan is made.

What it does itself it does: only cached functions, sources and effects don't run. What it prints goes to stderr, so
that a command's own output stays whole.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from types import ModuleType

from inviscid.errors import InviscidError, SelectorError
from inviscid.planning import Plan

_running: list[ModuleType] = []
"""The scripts that ran. Their functions outlive them, and need their globals."""


def run_script(path: str, arguments: Sequence[str], plan: Plan) -> None:
    """Run a script inside of a plan.

    Args:
        path: of the script.
        arguments: what it finds in `sys.argv`.
        plan: the one that is being made.

    Raises:
        SelectorError: there is no such file.
        BaseException: whatever the script raises, but for an exit that tells of no failure.
    """
    place = os.path.abspath(path)
    try:
        with open(place, "rb") as file:
            text = file.read()
    except OSError as error:
        raise SelectorError(f"the script {path} can't be read: {error.strerror or error}") from error
    module = ModuleType("__main__")
    vars(module).update(__file__=place, __builtins__=builtins)
    _running.append(module)
    code = compile(text, place, "exec", dont_inherit=True)
    with _as_main(module, [path, *arguments], os.path.dirname(place)), contextlib.redirect_stdout(sys.stderr):
        before = set(threading.enumerate())
        try:
            exec(code, vars(module))  # noqa: S102  it is what the user asked for
        except SystemExit as error:
            if error.code not in (None, 0):
                raise InviscidError(f"{path} ended with {error.code!r}") from error
        finally:
            for thread in set(threading.enumerate()) - before:
                if not thread.daemon:
                    thread.join()
            # What the script has called at the exit isn't run either: who was registered last is called first.
            atexit.register(_resume, plan)


def _resume(plan: Plan) -> None:
    with contextlib.suppress(InviscidError):
        plan.__enter__()


@contextlib.contextmanager
def _as_main(module: ModuleType, arguments: list[str], folder: str) -> Iterator[None]:
    """Have a module be the one that runs. It stays so: its functions are looked for there, by their names."""
    outer = sys.argv, sys.path[:]
    sys.modules["__main__"] = module
    sys.argv = arguments
    # In the place of the folder of this program.
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.argv, sys.path[:] = outer
