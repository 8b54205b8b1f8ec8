"""The rewriting proof, on a small library of our own: see `foreign/rewrites.py`, which `nox -s rewrites` runs in full."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("foreign") / "rewrites.py"

# Each function that is documented by an example is an entry.
SHAPES = '''
"""Shapes, and what is done with them."""

from __future__ import annotations

import math as maths
from collections import OrderedDict
from dataclasses import dataclass, field

from own import tools

LIMIT = 1_000  # no more than that


def _square(x: float) -> float:
    """x times x."""
    return x * x


def _cube(x: float) -> float:
    return x * _square(x)


@dataclass
class Circle:
    """A circle.

    >>> Circle(2.0).area
    12.57
    >>> Circle.unit().grown(by=3).radius
    4.0
    """

    radius: float
    tags: list[str] = field(default_factory=list)

    @property
    def area(self) -> float:
        """As far as two digits."""
        area: float = maths.pi * _square(self.radius)  # the usual way
        return round(area, 2)

    @staticmethod
    def unit() -> Circle:
        return Circle(1.0)

    def grown(self, *, by: float = 0x1) -> Circle:
        """A larger one."""
        result = Circle(self.radius + by, [*self.tags, "grown"])
        return result

    def __lt__(self, other: Circle) -> bool:
        return self.radius < other.radius


class Sphere(Circle):
    """One dimension more.

    >>> Sphere(1.0).area, Sphere(1.0) < Sphere(2.0)
    (50.28, True)
    """

    @property
    def area(self) -> float:
        inner = super().area
        return round(4 * inner, 2)

    def halves(self) -> tuple[float, float]:
        half = self.area / 2
        return half, half


def volumes(first, /, *others: float, scale: int = 1, **named: float) -> list[float]:
    """The volumes of cubes.

    >>> volumes(1, 2, scale=10, a=3)
    [10, 80, 270]
    """
    together = [first, *others, *named.values()]
    return [scale * _cube(side) for side in together if side < LIMIT]


def counted(words: list[str]) -> OrderedDict[str, int]:
    """How often each word is there.

    >>> counted("a b a 'c'".split())["a"]
    2
    """
    found: OrderedDict[str, int] = OrderedDict()
    for word in words:
        if (plain := word.strip("'")) and not plain in found:
            found[plain] = 0
        found[plain] += 1
    return found


def counter(start: int = 0):
    """Counts up, one more at each call.

    >>> count = counter(5)
    >>> count(), count()
    (6, 7)
    """
    current = start
    step = lambda value: value + 1

    def count() -> int:
        """The next one."""
        nonlocal current
        current = step(current)
        return current

    return count


def told(value: object) -> str:
    """What a value looks like.

    >>> told([1, 2, 3]), told({"name": "x", "y": 1}), told(7), told("no")
    ('1 and 2 more', "x with ['y']", '0x7', 'a text')
    """
    match value:
        case [first, *rest]:
            return f"{first} and {len(rest)} more"
        case {"name": name, **others}:
            return f"{name} with {sorted(others)}"
        case int(number):
            return hex(number)
        case _:
            return 'a' ' text'


def safely(text: str) -> object:
    """A number, or why it is none.

    >>> safely("12"), safely("no")
    (12, 'ValueError')
    """
    try:
        result = int(text)
    except ValueError as error:
        return tools.kind(error)
    else:
        return result
    finally:
        del text


def pairs(upper: int):
    """Pairs, lazily.

    >>> list(pairs(3))
    [(0, 1), (0, 2), (1, 2)]
    """
    pass
    yield from ((low, high) for low in range(upper) for high in range(low + 1, upper))


@tools.twice
def grown(number: int) -> int:
    """One more, twice.

    >>> grown(1)
    3
    """
    return number + 1
'''
TOOLS = '''
"""What the others need."""

import functools


def kind(error):
    # The name of its class, without asking the class.
    return "ValueError" if isinstance(error, ValueError) else "another"


def twice(function):
    """Has a function applied to what it gave; what that is called stays."""

    @functools.wraps(function)
    def applied(*values, **options):
        once = function(*values, **options)
        return function(once, **options)

    return applied


@functools.lru_cache(maxsize=None)
def fibonacci(n):
    """The numbers of Fibonacci.

    >>> fibonacci(30)
    832040
    """
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
'''


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    package = folder / "own-0" / "own"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "shapes.py").write_text(SHAPES.lstrip())
    (package / "tools.py").write_text(TOOLS.lstrip())
    return folder


def run(kept: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # A formatter is no dependency of the tests.
    command = [sys.executable, str(SCRIPT), "--own", "own", "--kept", str(kept), "--without", "formatter", *options]
    environment = {**os.environ, "INVISCID_WEAKENED": ""}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def test_what_is_written_in_another_way_keeps_its_fingerprint(kept: Path) -> None:
    done = run(kept)
    assert done.returncode == 0, done.stdout + done.stderr
    head, *each = done.stdout.splitlines()
    entries = re.match(r"own: (\d+) entries, 14 rewrites, \d+ places, 0 changed with a reason, 0 without; 0 give", head)
    assert entries is not None, done.stdout
    # Those of the classes and of the functions, what is decorated among them.
    assert int(entries[1]) == 10
    for line in each:
        # None of them found nothing to rewrite.
        assert re.match(rf"  [\w, ]+: [1-9]\d* places, {entries[1]} of {entries[1]} kept$", line), line
    assert len(each) == 14


@pytest.mark.parametrize(
    ("rule", "rewrite"),
    [("documentation", "documentation stripped"), ("annotations", "annotations stripped"), ("locals", "local variables renamed")],
)  # fmt: skip
def test_an_analyser_that_lacks_a_rule_is_caught(kept: Path, rule: str, rewrite: str) -> None:
    done = run(kept, "--weakened", rule, "--only", rewrite)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"^    NEEDLESS \d+ entries, entries_own_", done.stdout, re.MULTILINE), done.stdout
