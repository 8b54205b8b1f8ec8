"""Syntax is handed out only where it is that of the running code."""

from __future__ import annotations

import ast
import linecache
from typing import Any

from inviscid.fingerprinting.source import locate, same_code


def text_of(function: Any) -> str:
    found = locate(function.__code__, function.__globals__)
    assert found is not None
    return ast.unparse(found.node)


def test_functions_lambdas_and_methods(project: Any) -> None:
    mod = project.edit(
        """
        def f(x):
            return [a for a in x]
        pair = [lambda x: x + 1, lambda x: x + 2]
        class A:
            @property
            def p(self):
                return lambda: (self, 1)
        """
    )
    assert text_of(mod.f) == "def f(x):\n    return [a for a in x]"
    assert [text_of(item) for item in mod.pair] == ["lambda x: x + 1", "lambda x: x + 2"]
    assert text_of(mod.A.p.fget).startswith("@property")
    assert text_of(mod.A().p) == "lambda: (self, 1)"
    assert locate(mod.A.p.fget.__code__, vars(mod)).class_name == "A"  # type: ignore[union-attr]


def test_an_edit_after_the_import_gives_nothing(project: Any) -> None:
    mod = project.edit("def f(x):\n    return x + 1\n")
    project.write(mod="def f(x):\n    return x + 2\n")
    linecache.clearcache()
    assert locate(mod.f.__code__, vars(mod)) is None


def test_an_edit_elsewhere_after_the_import_still_finds_it(project: Any) -> None:
    mod = project.edit("def f(x):\n    return x + 1\n")
    project.write(mod="# shifted\nX = 1\n\ndef f(x):\n    return x + 1\n")
    linecache.clearcache()
    assert text_of(mod.f) == "def f(x):\n    return x + 1"


def test_code_without_text_gives_nothing() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(x): return x", namespace)
    assert locate(namespace["f"].__code__, namespace) is None


def test_code_that_differs_in_the_exception_table_only_is_not_the_same() -> None:
    namespace: dict[str, Any] = {}
    exec("def f():\n try:\n  a()\n  b()\n except E: c()", namespace)
    exec("def g():\n try:\n  a()\n except E: c()\n else: b()", namespace)
    f, g = namespace["f"].__code__, namespace["g"].__code__
    assert not same_code(f, g.replace(co_name="f", co_qualname="f"))


def test_constants_that_compare_equal_are_not_the_same() -> None:
    codes = [compile(f"lambda: {text}", "x", "eval").co_consts[0] for text in ("1", "1.0", "True", "0.0", "-0.0")]
    assert not any(same_code(a, b) for a in codes for b in codes if a is not b)
