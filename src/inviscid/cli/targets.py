"""What commands are told to look at: a function by its name, and the arguments of a call as literals.

target    = module ":" qualname
argument  = literal | name "=" literal        a literal as in Python: 30, 2.5, True, None, 'text', [1, 2], {'a': 1}
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from inviscid import planning
from inviscid.calls import is_declared
from inviscid.entry import function_name
from inviscid.errors import InviscidError, SelectorError
from inviscid.settings import near

_NAMED = re.compile(r"([A-Za-z_]\w*)=(?!=)(.*)", re.DOTALL)
_SHOWN = 8


def use_store(path: Path | None) -> None:
    """Have the functions of this process use a store, unless their decorator names another."""
    if path is not None:
        os.environ["INVISCID_STORE"] = str(path)


def literals(arguments: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call.

    Raises:
        BadParameter: one of them is no literal.
    """
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for argument in arguments:
        found = _NAMED.fullmatch(argument)
        if found:
            named[found[1]] = _literal(found[2])
        elif named:
            raise typer.BadParameter(f"{argument!r} has no name, and stands behind arguments that have one")
        else:
            positional.append(_literal(argument))
    return positional, named


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        hint = "options go in front of the function" if text.startswith("--") else f"for a text write \"'{text}'\""
        raise typer.BadParameter(f"{text!r} is no Python literal: {hint}") from None


def imported(target: str) -> Any:
    """What a target names; its module is imported.

    Raises:
        BadParameter: it isn't written as one.
        SelectorError: there is no such module or name.
        InviscidError: the module can't be imported.
    """
    module_name, colon, qualname = target.partition(":")
    if not (module_name and colon and qualname):
        raise typer.BadParameter(f"{target!r} names no function: write package.module:function")
    if module_name.endswith(".py") or "/" in module_name or os.sep in module_name:
        # Importing it would run the module, and then say that it is no package.
        raise typer.BadParameter(f"{module_name!r} is a file: write {_module_of(module_name)}:{qualname}")
    found: Any = import_module(module_name)
    for at, part in enumerate(parts := qualname.split(".")):
        if not hasattr(found, part):
            where = ".".join([f"{module_name}:{parts[0]}", *parts[1:at]]) if at else module_name
            names = [name for name in dir(found) if not name.startswith("__")]
            raise SelectorError(f"{where} has no {part!r}{near(part, names)}{_cached_there(module_name)}")
        found = getattr(found, part)
    return found


def _module_of(path: str) -> str:
    """What a file is imported as, from the working directory."""
    inside = os.path.relpath(path.removesuffix(".py"))
    parts = [part for part in inside.split(os.sep) if part != os.pardir]
    return ".".join(parts)


def import_module(name: str) -> Any:
    """A module, looked for in the working directory first.

    Raises:
        SelectorError: there is none of this name.
        InviscidError: it can't be imported.
    """
    here = look_here()
    found: Any = None
    try:
        # A script that was never meant to be imported may call what is cached.
        with contextlib.ExitStack() as stack:
            planned = None if planning.ACTIVE else stack.enter_context(planning.plan())
            found = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise SelectorError(f"there is no module {error.name!r}{near(error.name, _modules(here))}") from error
        raise InviscidError(f"{name} can't be imported: {said(error)}") from error
    except (Exception, SystemExit) as error:
        raise InviscidError(f"{name} can't be imported: {said(error)}") from error
    if found is None and planned is not None:
        raise InviscidError(f"{name} can't be imported without running cached functions: {planned.ended}")
    return found


def look_here() -> str:
    """Have modules looked for in the working directory first; gives it."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    return here


def said(error: BaseException) -> str:
    """An error in one line, with the line of the user's that it came from."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<frozen", _OURS))
    ]
    if isinstance(error, SyntaxError) and error.filename:
        place = f" ({os.path.relpath(error.filename)}:{error.lineno})"
        return f"{type(error).__name__}: {error.msg}{place}"
    place = f" ({os.path.relpath(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}".rstrip(": ") + place


_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def cached_function(target: str) -> Any:
    """The cached function that a target names.

    Raises:
        SelectorError: it names something else, or nothing.
    """
    found = imported(target)
    for attribute in ("__func__", "fget", "func"):
        if not is_declared(found) and is_declared(inner := getattr(found, attribute, None)):
            found = inner
    if not is_declared(found):
        what = "is not cached: decorate it with @cached" if callable(found) else "is no function"
        raise SelectorError(f"{target} {what}{_cached_there(target.partition(':')[0])}")
    return found


def _cached_there(module: str) -> str:
    names = list(_declared_in(vars(sys.modules[module]), module)) if module in sys.modules else []
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return f" (cached functions of {module}: {shown})" if names else f" ({module} has no cached functions)"


def _declared_in(namespace: dict[str, Any], module: str) -> Iterator[str]:
    for value in list(namespace.values()):
        if is_declared(value) and value.__module__ == module:
            yield function_name(value).partition(":")[2]
        elif isinstance(value, type) and value.__module__ == module:
            yield from (
                function_name(member).partition(":")[2] for member in vars(value).values() if is_declared(member)
            )


def _modules(folder: str) -> list[str]:
    import pkgutil

    return [item.name for item in pkgutil.iter_modules([folder])]
