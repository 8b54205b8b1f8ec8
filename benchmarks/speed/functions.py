"""What is called: each function here makes one over the decorator that it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from inviscid import config

Decorator = Callable[..., Any]


class Box:
    """A class in reach."""

    def __init__(self, value: int) -> None:
        self.value = value

    def get(self) -> int:
        return self.value + 1


def add0(x: int) -> int:
    return x


def add1(x: int) -> int:
    return add0(x) + 1


def add2(x: int) -> int:
    return add1(x) + 1


def add3(x: int) -> int:
    return add2(x) + 1


def add4(x: int) -> int:
    return add3(x) + 1


def add5(x: int) -> int:
    return x + 5


def add6(x: int) -> int:
    return x + 6


def add7(x: int) -> int:
    return x + 7


def add8(x: int) -> int:
    return x + 8


def add9(x: int) -> int:
    return x + 9


def configured(cached: Decorator) -> Any:
    """With ten helpers, a class and three config keys."""

    def reaching(
        a: int,
        b: int = 2,
        *,
        p: int = config("x.p", default=1),
        q: int = config("x.q", default=2),
        r: int = config("x.r", default=3),
    ) -> int:
        helped = add4(a) + add5(a) + add6(a) + add7(a) + add8(a) + add9(a)
        return helped + Box(b).get() + p + q + r

    return cached(reaching)


def plain(cached: Decorator) -> Any:
    def added(a: int, b: int = 2) -> int:
        return a + b

    return cached(added)


def measured(cached: Decorator) -> Any:
    def size(value: Any) -> int:
        return len(value)

    return cached(size)


def doubled(cached: Decorator) -> Any:
    def double(x: int) -> int:
        return 2 * x

    return cached(double)


def produced(cached: Decorator) -> Any:
    def made(megabytes: int) -> Any:
        return np.arange(megabytes << 17, dtype=np.float64)

    return cached(made)


def returned(cached: Decorator) -> Any:
    def given(number: int, value: Any) -> Any:
        return value

    return cached(given)


def no_globals(cached: Decorator) -> Any:
    def nothing(x: int) -> int:
        return x

    return cached(nothing)


_MANY = "\n".join(f"VALUE{number} = {number}" for number in range(100))
_SUM = " + ".join(f"VALUE{number}" for number in range(100))
_TEXT = f"{_MANY}\n\ndef many(x):\n    return x + {_SUM}\n"


def many_globals(cached: Decorator) -> Any:
    """A function that reads a hundred globals of its module."""
    import importlib.util
    import sys
    import tempfile
    from pathlib import Path

    path = Path(tempfile.mkdtemp(), "of_many_globals.py")
    path.write_text(_TEXT, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("of_many_globals", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["of_many_globals"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cached(module.many)


def numbers(megabytes: float) -> Any:
    """Floats that don't compress."""
    return np.random.default_rng(0).random(int(megabytes * (1 << 17)))


def table() -> Any:
    import pandas as pd

    return pd.DataFrame(np.random.default_rng(0).random((1_000_000, 5)), columns=list("abcde"))


def refuse_tricks(made: Any, look: Any, megabytes: int) -> None:
    """Look whether an array that carries its digest is told from what can be made of it: each is another call, or an
    error.

    Raises:
        AssertionError: one passed for the array.
    """
    import warnings

    keys = {look.key(made(megabytes))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        shaped = made(megabytes)
        shaped.shape = (2, -1)
        typed = made(megabytes)
        typed.dtype = "i8"
    others = [shaped, typed, made(megabytes)[1:], made(megabytes)[::-1], made(megabytes).reshape(4, -1).T]
    keys |= {look.key(other) for other in others}
    assert len(keys) == 1 + len(others), "an array of another shape, type or part has the key of the whole"
    for change in (lambda a: setattr(a.flags, "writeable", True), lambda a: a.__setitem__(0, 1.0)):
        try:
            change(made(megabytes))
        except ValueError:
            continue
        raise AssertionError("a result in the store could be written to")
