"""A script, run as Python would run it, while a plan or a rerun is made.

What it does itself it does: only cached functions, sources and effects don't run in a plan.
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
from typing import Any

import typer

from inviscid.errors import InviscidError, SelectorError
from inviscid.planning import Plan
from inviscid.rerunning import Rerun

_running: list[ModuleType] = []
"""The scripts that ran. Their functions outlive them, and need their globals."""


def run_script(path: str, arguments: Sequence[str], within: Plan | Rerun) -> None:
    """Run a script inside of a plan or a rerun.

    Args:
        path: of the script.
        arguments: what it finds in `sys.argv`.
        within: the one that is being made.

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
    with _as_main(module, [path, *arguments], os.path.dirname(place)):
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
            atexit.register(_resume, within)


def _resume(within: Plan | Rerun) -> None:
    with contextlib.suppress(InviscidError):
        within.__enter__()


def call_function(target: str, function: Any, positional: list[Any], named: dict[str, Any]) -> None:
    """Make a call, awaited if it has to be.

    Raises:
        InviscidError: it is no function.
        BadParameter: the arguments don't fit.
        Exception: whatever it raises.
    """
    if not callable(function):
        raise InviscidError(f"{target} is no function")
    import inspect

    try:
        inspect.signature(function).bind(*positional, **named)
    except TypeError as error:
        raise typer.BadParameter(f"{target}{inspect.signature(function)}: {error}") from error
    except ValueError:
        # It has no signature that could be asked.
        pass
    found = function(*positional, **named)
    if type(found).__name__ == "coroutine":
        import asyncio

        asyncio.run(found)


def is_script(target: str) -> bool:
    """Whether a target is a script, and no function."""
    return target.endswith(".py") or (":" not in target and os.path.isfile(target))


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
