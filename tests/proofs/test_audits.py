"""The audit proof on a small library and its suite, without a network; and that it notices an analyser that is worse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOREIGN = Path(__file__).with_name("foreign")
LIBRARY = """
class Base:
    def area(self): return self.side() ** 2

class Square(Base):
    def __init__(self, size): self.size = size
    def side(self): return self.size

def double(x): return x * 2
def apply(x, how=double): return how(x)
"""
SUITE = """
import unittest
import pytest
from small import Square, apply

@pytest.fixture
def square(): return Square(3)

def test_area(square): assert square.area() == 9
def test_default(): assert apply(2) == 4

class Tests(unittest.TestCase):
    def setUp(self): self.square = Square(1)
    def test_area(self): self.assertEqual(self.square.area(), 1)
"""


def proved(kept: Path, *options: str) -> subprocess.CompletedProcess[str]:
    for name, text in {"small/__init__.py": LIBRARY, "tests/test_small.py": SUITE}.items():
        file = kept / "small-1" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    program = (
        "import sys; import audits, libraries; small = libraries.Library('small', '1', '', 'small', 'tests');"
        "libraries.LIBRARIES[:] = [small]; audits.main()"
    )
    return subprocess.run(
        [sys.executable, "-c", program, "--kept", str(kept), *options], cwd=FOREIGN, capture_output=True, text=True
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the audit needs Python 3.12")
def test_fingerprints_hold_what_a_small_suite_runs(tmp_path: Path) -> None:
    done = proved(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("small: 3 tests (0 fail), 7 definitions ran; 3 tests held, "), done.stdout


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the audit needs Python 3.12")
@pytest.mark.parametrize(("rule", "excess"), [("bases", "small.Base.area"), ("defaults", "small.double")])
def test_an_analyser_that_is_worse_has_excesses(tmp_path: Path, rule: str, excess: str) -> None:
    done = proved(tmp_path, "--weakened", rule)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"EXCESS {excess} " in done.stdout, done.stdout


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="there it runs")
def test_before_3_12_it_says_what_it_needs(tmp_path: Path) -> None:
    done = proved(tmp_path)
    assert done.returncode == 1
    assert "needs Python 3.12" in done.stderr
