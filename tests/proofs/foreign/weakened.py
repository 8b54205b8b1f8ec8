"""Analysers that are worse on purpose: each proof has to notice.

A rule is taken out by replacing the text that it stands in. A worker does that, before it imports inviscid, for the
name in the environment variable INVISCID_WEAKENED.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGE = "inviscid.fingerprinting"

RULES = {
    "defaults": ("of_functions", "for name, value in [*named, *sorted(keywords.items())]:", "for name, value in []:"),
    "documentation": (
        "normalize",
        "case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Global() | ast.Nonlocal():",
        "case ast.Pass() | ast.Global() | ast.Nonlocal():",
    ),
    "annotations": (
        "normalize",
        "if node.value is not None:\n            return self",
        "if False:\n            return self",
    ),
    "locals": ("normalize", "return self.numbers.setdefault(name, len(self.numbers))", "return name"),
    "bases": ("of_classes", "for base in cls.__bases__:\n        walk.refer", "for base in ():\n        walk.refer"),
    "nested": ("normalize", "signature, body]", "signature, body if outer is None else []]"),
}
"""Name → (module, text of the rule, what stands there without it)."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another text."""

    def __init__(self, name: str, before: str, after: str) -> None:
        self._name, self._before, self._after = name, before, after
        self._path = ""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(name)
        assert found is not None
        self._path = str(found.origin)
        return importlib.util.spec_from_loader(name, self, origin=self._path)

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        text = Path(self._path).read_text(encoding="utf-8")
        module.__file__ = self._path
        exec(compile(text.replace(self._before, self._after), self._path, "exec"), vars(module))


def weaken(rule: str) -> None:
    """Have a rule left out in this process; inviscid must not have been imported yet."""
    module, before, after = RULES[rule]
    package = importlib.util.find_spec("inviscid")
    assert package is not None
    assert package.origin is not None
    text = Path(package.origin).parent.joinpath("fingerprinting", f"{module}.py").read_text(encoding="utf-8")
    if text.count(before) != 1:
        # Said here, because an import that fails inside of a trial would pass for one of foreign code.
        raise LookupError(f"the rule '{rule}' does not stand once in {module}: {before}")
    sys.meta_path.insert(0, _Finder(f"{_PACKAGE}.{module}", before, after))
