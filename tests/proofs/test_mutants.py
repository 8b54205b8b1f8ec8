"""The mutation proof on a small package, without a network; and that it notices an analyser that is worse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

FOREIGN = Path(__file__).with_name("foreign")
SMALL = {
    "small/__init__.py": "",
    "small/shapes.py": """
SCALE = 3

class Base:
    sides = 0

    def area(self):
        return self.sides * SCALE

class Square(Base):
    \'\'\'
    >>> Square(2).area()
    12
    >>> Square().kind()
    'square'
    \'\'\'

    sides = 4

    def __init__(self, size=1):
        self.size = size

    def area(self):
        return super().area() * self.size // 2

    def kind(self):
        return describe(self).lower()

class Odd(Base):
    \'\'\'
    >>> Odd().area()
    9
    \'\'\'

    sides = 3

def describe(shape, upper=True):
    name = type(shape).__name__
    return name.upper() if upper else name
""",
    "small/numbers.py": """
from small.shapes import Square

def total(values, start=10):
    \'\'\'
    >>> total([1, 2])
    13
    >>> total([Square(2)])
    22
    \'\'\'
    def add(left, right):
        try:
            size = right.area()
        except AttributeError:
            size = right
        else:
            size = size + 0
        return left + size
    for value in values:
        start = add(start, value)
    return start

def far_away(x):
    y = x * 2
    for part in range(y):
        x += part
    return [x, y]
""",
}


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOREIGN))
    names = [file.stem for file in FOREIGN.glob("*.py")]
    import mutants  # type: ignore[import-not-found]

    yield mutants
    for name in names:
        sys.modules.pop(name, None)


def proved(mutants: Any, kept: Path, weakened: str = "") -> Any:
    from bench import prepare  # type: ignore[import-not-found]
    from libraries import Library  # type: ignore[import-not-found]

    for name, text in SMALL.items():
        file = kept / "small-1" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    bench = prepare(Library("small", "1", "", "small", ""), kept, kept / "benches", workers=1, weakened=weakened)
    try:
        return mutants.prove(bench, each=30, limit=200, elsewhere=20, seed=0)
    finally:
        bench.close()


def test_no_mutant_of_a_small_package_is_missed(mutants: Any, tmp_path: Path) -> None:
    tally = proved(mutants, tmp_path)
    assert tally.entries == 3
    assert tally.missed == tally.needless == []
    assert tally.effective.total() > 20
    assert {"default", "attribute", "base", "constant", "result", "statement", "operator"} <= tally.effective.keys()
    # The function that nobody calls.
    assert tally.elsewhere > 0


@pytest.mark.parametrize(
    ("rule", "kind"), [("defaults", "default in total"), ("bases", "Base.area"), ("nested", "total.<locals>.add")]
)
def test_an_analyser_that_is_worse_misses_some(mutants: Any, tmp_path: Path, rule: str, kind: str) -> None:
    missed = proved(mutants, tmp_path, rule).missed
    assert missed
    assert any(kind in line for line in missed), missed
