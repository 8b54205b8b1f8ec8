"""Entries: functions that call foreign code, made of the examples in its documentation.

Whoever wrote a library wrote the examples too: nobody here chose what is called, or how. Each documented example becomes
a function that runs its statements and returns the texts of what they show. A run of this file as a script writes one
module of such functions for each module of a library; it imports nothing but that library.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import json
import pkgutil
import re
import symtable
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

_HEAD = '"""Examples of {module}, as functions."""\n'


def modules(package: str, left_out: tuple[str, ...]) -> list[ModuleType]:
    """All modules of a package that can be imported, but for those that are named."""
    found = [importlib.import_module(package)]
    for info in pkgutil.walk_packages(found[0].__path__, f"{package}."):
        if not any(re.fullmatch(pattern, info.name) for pattern in left_out):
            try:
                found.append(importlib.import_module(info.name))
            except ImportError:
                # It needs what isn't there.
                continue
    return found


def entry(example: doctest.DocTest, module: ModuleType, name: str) -> tuple[str, set[str]] | None:
    """The text of a function that does what an example does, and the names that it has from its module.

    None where it can't be one: it shows nothing, is meant to be skipped, or uses names that nobody defines.
    """
    lines = []
    shows = False
    for one in example.examples:
        if one.options or "import *" in one.source:
            return None
        try:
            parsed = ast.parse(one.source)
        except SyntaxError:
            return None
        statements = parsed.body
        if len(statements) == 1 and isinstance(statements[0], ast.Expr):
            code = f"shown.append(repr({ast.unparse(statements[0].value)}))"
            shows = shows or bool(one.want)
        else:
            code = ast.unparse(parsed)
        if one.exc_msg is not None:
            shows = True
            code = "\n".join(
                ["try:", *_indented(code), "except Exception as error:", "    shown.append(type(error).__name__)"]
            )
        lines += code.splitlines()
    if not shows:
        return None
    text = "\n".join([f"def {name}():", "    shown = []", *_indented("\n".join(lines)), "    return shown", ""])
    try:
        table = symtable.symtable(text, "entry", "exec")
    except SyntaxError:
        return None
    names = {symbol for symbol in _globals(table) if symbol not in dir(__import__("builtins"))} - {name}
    if any(symbol not in vars(module) for symbol in names) or "shown" in names:
        return None
    return text, names


def _indented(text: str) -> list[str]:
    # Lines inside of a string that is written over several lines would change with their indentation; `unparse` writes
    # strings on one line, but for documentation.
    return [f"    {line}" if line else "" for line in text.splitlines()]


def _globals(table: symtable.SymbolTable) -> set[str]:
    found = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return found.union(*(_globals(child) for child in table.get_children()))


def write(package: str, left_out: tuple[str, ...], folder: Path) -> list[str]:
    """Write the entries of a package, a module for each of its modules. Returns `module:function` of each."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    folder.mkdir(parents=True, exist_ok=True)
    made: list[str] = []
    seen: set[str] = set()
    for module in modules(package, left_out):
        texts: list[str] = []
        needed: set[str] = set()
        for example in sorted(_examples(finder, module), key=lambda one: one.name):
            if example.docstring in seen:
                continue
            short = re.sub(r"\W+", "_", example.name.removeprefix(f"{module.__name__}.")).strip("_")
            found = entry(example, module, f"entry_{len(texts)}_{short}")
            if found is not None:
                seen.add(example.docstring)
                texts.append(found[0])
                needed |= found[1]
        if texts:
            name = f"entries_{module.__name__.replace('.', '_')}"
            imports = [f"from {module.__name__} import {symbol}" for symbol in sorted(needed)]
            head = _HEAD.format(module=module.__name__)
            (folder / f"{name}.py").write_text("\n".join([head, *imports, "", *texts]))
            made += [f"{name}:{text[4 : text.index('(')]}" for text in texts]
    return made


def _examples(finder: doctest.DocTestFinder, module: ModuleType) -> list[doctest.DocTest]:
    found = []
    for name, value in sorted(vars(module).items()):
        # What a decorator has put an object around shows documentation too.
        wrapped: Any = inspect.unwrap(value) if callable(value) and hasattr(value, "__wrapped__") else value
        if getattr(wrapped, "__module__", None) == module.__name__ and (inspect.isclass(wrapped) or callable(wrapped)):
            found += [one for one in finder.find(wrapped, f"{module.__name__}.{name}", module=False) if one.examples]
    return found


if __name__ == "__main__":
    path, package, left_out, folder = sys.argv[1:]
    sys.path.insert(0, path)
    print(json.dumps(write(package, tuple(json.loads(left_out)), Path(folder))))
