"""The outer signature, binding by it, and the documentation that callers see."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from inviscid import ConfigError, cached, config
from inviscid.signature import Signature


def test_callers_see_only_what_they_pass() -> None:
    @cached
    def f(table: list[int], window: int = config("a.window", default=3), *, scale: float = 1.0) -> list[float]:
        """Sum.

        Args:
            table: what is summed.
            window: how many
                at a time.
            scale: factor.
        """
        return []

    assert str(inspect.signature(f)) == "(table: 'list[int]', *, scale: 'float' = 1.0) -> 'list[float]'"
    assert f.__name__ == "f"
    assert f.__wrapped__.__name__ == "f"
    assert set(f.__annotations__) == {"table", "scale", "return"}
    assert f.__globals__ is globals()
    assert inspect.getdoc(f) == (
        "Sum.\n\nArgs:\n    table: what is summed.\n    scale: factor.\n\n"
        "Config:\n    window (config key 'a.window', default 3): how many at a time."
    )


def test_help_shows_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    @cached
    def f(table: list[int], window: int = config()) -> int:
        """Sum."""
        return 0

    help(f)
    shown = capsys.readouterr().out
    assert "f(table: 'list[int]') -> 'int'" in shown
    assert "window (config key 'window')" in shown
    assert "CachedFunction" not in shown.replace("on CachedFunction in module", "")


NUMPY_STYLE = """Sum.

Parameters
----------
table : list
    What is summed.
window : int
    How many.
"""


@pytest.mark.parametrize(
    ("documentation", "kept"),
    [
        (NUMPY_STYLE, "table : list\n    What is summed."),
        ("Sum.\n\n:param table: what.\n:param window: How many.\n:returns: it", ":param table: what.\n:returns: it"),
        ("Sum.\n\nArgs:\n    window: How many.\n", "Sum."),
        ("Sum over the window: How many.", "Sum over the window: How many."),
    ],
)
def test_other_styles_of_documentation(documentation: str, kept: str) -> None:
    def f(table: list[int], window: int = config("w")) -> None: ...

    f.__doc__ = documentation
    shown = inspect.getdoc(cached(f))
    assert shown is not None
    assert kept in shown
    body, section = shown.split("Config:")
    assert "window (config key 'w')" in section
    if documentation != "Sum over the window: How many.":
        assert "How many." in section
        assert "How many." not in body
        assert "Args:" not in body


def test_without_documentation() -> None:
    @cached
    def f(window: int = config("w", default=1)) -> int:
        return window

    assert inspect.getdoc(f) == "Config:\n    window (config key 'w', default 1)"


def bound(function: Any, *args: Any, **keywords: Any) -> dict[str, Any]:
    return Signature(function).bind(args, keywords)


def test_binding_is_canonical() -> None:
    def f(a: int, b: int = 2, /, c: int = 3, *rest: int, d: int, e: int = 5, **more: int) -> None: ...

    full = {"a": 1, "b": 2, "c": 3, "rest": (), "d": 4, "e": 5, "more": {}}
    assert bound(f, 1, d=4) == full
    assert bound(f, 1, 2, c=3, e=5, d=4) == full
    assert bound(f, 1, 2, 3, 9, d=4, z=1) == {**full, "rest": (9,), "more": {"z": 1}}
    assert list(bound(f, 1, d=4)) == list(full)


def test_positional_only_alone_and_keyword_only_alone() -> None:
    def f(a: int, /) -> None: ...
    def g(*, a: int = 1) -> None: ...
    def h() -> None: ...

    assert bound(f, 1) == {"a": 1}
    assert bound(g) == {"a": 1}
    assert bound(h) == {}
    with pytest.raises(TypeError, match="positional-only"):
        bound(f, a=1)


def test_arguments_go_back_where_they_came_from() -> None:
    def f(a: int, /, b: int, *rest: int, c: int, **more: int) -> Any:
        return a, b, rest, c, more

    signature = Signature(f)
    positional, keywords = signature.arguments(signature.bind((1, 2, 3), {"c": 4, "d": 5}))
    assert f(*positional, **keywords) == (1, 2, (3,), 4, {"d": 5})


def test_errors_are_pythons_own_and_name_the_cure() -> None:
    @cached
    def f(x: int, window: int = config("a.window", default=1)) -> int:
        return x

    with pytest.raises(TypeError, match=r"f\(\) missing 1 required positional argument: 'x'"):
        f()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"'window', which is injected .*'a.window'.*f.configured\(window=...\)"):
        f(1, window=2)
    with pytest.raises(TypeError, match=r"takes 1 positional argument but 2 were given \(from the config: window; see"):
        f(1, 2)


def test_a_config_parameter_before_star_args_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"behind \*args"):

        @cached
        def f(x: int, window: int = config("w"), *rest: int) -> int:
            return x


def test_names_that_are_no_identifiers() -> None:
    assert cached(lambda x: x)(3) == 3


@pytest.mark.parametrize("name", ["class", "lambda", "None", "__debug__", "a b"])
def test_names_that_no_function_can_be_defined_with(name: str) -> None:
    def f(x: int) -> int:
        return x

    f.__name__ = name
    assert cached(f)(3) == 3
