"""The history proof on two releases of a small package; and that it notices an analyser that is worse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOREIGN = Path(__file__).with_name("foreign")
BEFORE = '''
"""A small package."""

def plain(x):
    """
    >>> plain(2)
    4
    """
    return x * 2

def raised(x):
    """
    >>> raised(2)
    3
    """
    return x + 1

def kept(x):
    """
    >>> kept(2)
    2
    """
    return x if x > 0 else unlikely(x)

def unlikely(x):
    return x

def preset(x, by=3):
    """
    >>> preset(2)
    6
    """
    return x * by
'''
EDITS = [
    ("    return x * 2\n", "    # Twice.\n    return (x * 2)\n"),
    ("return x + 1", "return x + 2"),
    ("x > 0 else", "x > -1 else"),
    ("def unlikely(x):\n    return x", "def unlikely(x: int) -> int:\n    return -x"),
    ("by=3", "by=4"),
]


def proved(kept: Path, *options: str) -> subprocess.CompletedProcess[str]:
    after = BEFORE
    for old, new in EDITS:
        assert after.count(old) == 1
        after = after.replace(old, new)
    for version, text in (("1", BEFORE), ("2", after)):
        file = kept / f"small-{version}" / "small" / "__init__.py"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    program = (
        "import history, libraries;"
        "small = libraries.Library('small', '2', '', 'small', '', earlier=(('1', ''),));"
        "libraries.LIBRARIES[:] = [small]; history.main()"
    )
    return subprocess.run(
        [sys.executable, "-c", program, "--kept", str(kept), *options], cwd=FOREIGN, capture_output=True, text=True
    )


def test_each_edit_gets_its_verdict(tmp_path: Path) -> None:
    done = proved(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    # The comment alone changes nothing; `kept` runs one edit and might run another.
    assert done.stdout.startswith(
        "small 1 → 2: 5 edits (0 broken), 1 change no fingerprint; 4 entries: "
        "16 same, 2 changed, 0 stale, 1 runs it, 1 might run it, 0 text only; "
    ), done.stdout


@pytest.mark.parametrize(("rule", "entry"), [("defaults", "preset")])
def test_an_analyser_that_is_worse_is_stale(tmp_path: Path, rule: str, entry: str) -> None:
    done = proved(tmp_path, "--weakened", rule)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"STALE small-1: small/__init__.py: {entry} (" in done.stdout, done.stdout
