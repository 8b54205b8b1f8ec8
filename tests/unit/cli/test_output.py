"""What commands print: their own output alone on stdout, and errors line by line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MODULE = """
import atexit, os, sys
from inviscid import cached

print("from the module")
os.write(1, b"from a descriptor\\n")
atexit.register(print, "from the exit")
atexit.register(os.system, "echo from a child")

@cached
def f(x):
    print("from the body")
    return x
"""


def start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inviscid", *arguments], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "--json", "noisy:f", "1"), ("plan", "--json", "noisy:f", "1"), ("freeze", "--json", "noisy:f"),
        ("status", "--json"), ("verify", "--rerun", "--json", "noisy:f", "1"), ("plan", "--json", "noisy.py"),
    ],
)  # fmt: skip
def test_json_is_alone_on_stdout_whatever_modules_print(project: Any, arguments: tuple[str, ...]) -> None:
    project.write(noisy=MODULE, first="import noisy\nnoisy.f(1)\n")
    project.run("first.py")
    if arguments[0] == "status":
        start(project.folder, "freeze", "noisy:f")
    done = start(project.folder, *arguments)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    for told in ("module", "descriptor", "exit", "child"):
        assert ("from the " if told in ("module", "exit") else "from a ") + told in done.stderr


def test_an_error_of_many_lines_is_shown_line_by_line(project: Any) -> None:
    project.write(bad="raise ValueError('first\\nsecond \\x1b[31m')\n")
    done = start(project.folder, "plan", "bad.py")
    assert done.returncode == 1
    assert done.stderr.splitlines()[:1] == ["error: bad.py raised ValueError: first"]
    assert done.stderr.splitlines()[1].startswith("second \\x1b[31m")
