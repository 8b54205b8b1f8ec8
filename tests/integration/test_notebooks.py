"""Cells of a notebook and lines typed at a prompt: what is defined anew counts anew, what is the same hits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

# A process of its own: the client opens sockets and event loops, and warns as it likes.
DRIVER = """
import json, sys
import nbformat
from nbclient import NotebookClient

cells = [nbformat.v4.new_code_cell(text) for text in json.load(sys.stdin)]
notebook = nbformat.v4.new_notebook(cells=cells)
NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
print(json.dumps(["".join(out.get("text", "") for out in cell.outputs) for cell in cells]))
"""

HELPER = "def helper(x):\n    return x + 1\n"
FUNCTION = """
from inviscid import cached

@cached
def f(x):
    print("ran f")
    return helper(x)
"""
CALL = "print(f(1))"
COMPUTED, LOADED = "ran f\n2\n", "2\n"


@pytest.fixture
def notebook(tmp_path: Path) -> Any:
    """Runs cells in a kernel of their own; what each printed."""
    environment = {
        **os.environ,
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }

    def run(*cells: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", DRIVER], input=json.dumps(cells), cwd=tmp_path, env=environment,
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: list[str] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run


def test_cells_that_are_run_again_or_edited(notebook: Any) -> None:
    printed = dict[str, str]()
    steps = [
        ("the helper", HELPER),
        ("the function", FUNCTION),
        ("first call", CALL),
        ("the same call", CALL),
        ("the function's cell again", FUNCTION),
        ("call after that", CALL),
        ("the helper's cell again", HELPER),
        ("call after that as well", CALL),
        ("another cell", "unrelated = 1\ndef other(x):\n    return x\n"),
        ("call after another cell", CALL),
        ("another cell edited", "unrelated = 2\ndef other(x):\n    return -x\n"),
        ("call after the edit of another cell", CALL),
        ("a comment in the function", FUNCTION.replace("return", "# as before\n    return")),
        ("call after the comment", CALL),
        ("the helper changed", "def helper(x):\n    return x + 2\n"),
        ("call after the change", CALL),
        ("call after the change, again", CALL),
        ("the helper changed back", HELPER),
        ("call after that at last", CALL),
        ("the function changed", FUNCTION.replace("helper(x)", "helper(x) * 10")),
        ("call of the changed function", CALL),
        ("the helper rebound", "helper = lambda x: x + 1"),
        ("call with the helper rebound", CALL),
    ]
    for (name, _), output in zip(steps, notebook(*(text for _, text in steps)), strict=True):
        printed[name] = output
    assert {name: output for name, output in printed.items() if output} == {
        "first call": COMPUTED,
        "the same call": LOADED,
        "call after that": LOADED,
        "call after that as well": LOADED,
        "call after another cell": LOADED,
        "call after the edit of another cell": LOADED,
        "call after the comment": LOADED,
        "call after the change": "ran f\n3\n",
        "call after the change, again": "3\n",
        "call after that at last": LOADED,
        "call of the changed function": "ran f\n20\n",
        "call with the helper rebound": "20\n",
    }


def test_another_run_of_the_notebook_hits(notebook: Any) -> None:
    cells = (HELPER, FUNCTION, CALL)
    assert notebook(*cells)[-1] == COMPUTED
    assert notebook(*cells)[-1] == LOADED
    assert notebook("# a cell before\n", HELPER + FUNCTION + CALL)[-1] == LOADED


@pytest.mark.parametrize("first", ["notebook", "script", "module"])
def test_a_notebook_a_script_and_a_module_share_entries(notebook: Any, project: Any, first: str) -> None:
    project.write(
        script=HELPER + FUNCTION + CALL, mod=HELPER + FUNCTION, importing=f"import mod\n{CALL.replace('f(', 'mod.f(')}"
    )
    ways = {
        "notebook": lambda: notebook(HELPER, FUNCTION, CALL)[-1],
        "script": lambda: project.run("script.py"),
        "module": lambda: project.run("importing.py"),
    }
    assert ways.pop(first)() == COMPUTED
    assert {name: way() for name, way in ways.items()} == dict.fromkeys(ways, LOADED)


def test_a_cell_that_awaits_at_top_level(notebook: Any, project: Any) -> None:
    awaiting = "import asyncio\nawait asyncio.sleep(0)\n" + HELPER + FUNCTION + "await asyncio.sleep(0)\n" + CALL
    printed = notebook(
        awaiting, awaiting, awaiting.replace("x + 1", "x + 2"), "async def g(x):\n    return f(x)", "print(await g(1))"
    )
    assert printed == [COMPUTED, LOADED, "ran f\n3\n", "", "3\n"]
    project.write(script=HELPER + FUNCTION + CALL)
    assert project.run("script.py") == LOADED


def test_a_class_of_a_notebook(notebook: Any) -> None:
    klass = "class C:\n    def m(self):\n        return 1\n"
    function = FUNCTION.replace("helper(x)", "C().m() + x")
    printed = notebook(klass, function, CALL, klass, CALL, klass.replace("1", "5"), CALL, function, CALL)
    assert printed == ["", "", COMPUTED, "", LOADED, "", "ran f\n6\n", "", "6\n"]


# The prompt -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def prompt(project: Any) -> Any:
    """Types lines at the prompt of a process of its own; what was printed."""

    def run(text: str) -> str:
        done = subprocess.run(
            [sys.executable, "-i", "-q"], input=text, cwd=project.folder, env=dict(os.environ),
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert "Error" not in done.stderr, done.stderr
        return done.stdout

    return run


TYPED = """
from inviscid import cached
def helper(x):
    return x + 1

@cached
def f(x):
    print("ran f")
    return helper(x)

"""


def test_what_is_typed_at_the_prompt(prompt: Any) -> None:
    again = TYPED + CALL + "\n"
    assert prompt(again + CALL + "\n" + again) == COMPUTED + LOADED + LOADED
    assert prompt(again) == LOADED, "a new process would not hit"
    changed = "def helper(x):\n    return x + 2\n\n"
    assert prompt(again + changed + CALL + "\n") == LOADED + "ran f\n3\n"
    back = "def helper(x):\n    return x + 1\n\n"
    assert prompt(again + changed + CALL + "\n" + back + CALL + "\n") == LOADED + "3\n" + LOADED


def test_a_changed_constant_at_the_prompt(prompt: Any) -> None:
    text = TYPED.replace("x + 1", "x + K")
    assert prompt(f"K = 1{text}{CALL}\nK = 2\n{CALL}\nK = 1\n{CALL}\n") == COMPUTED + "ran f\n3\n" + LOADED


@pytest.mark.skipif(sys.version_info < (3, 13), reason="before 3.13 the prompt keeps no text of what is typed")
def test_the_prompt_shares_entries_with_a_script(prompt: Any, project: Any) -> None:
    project.write(script=TYPED + CALL)
    assert project.run("script.py") == COMPUTED
    assert prompt(TYPED + CALL + "\n") == LOADED


def test_a_command_of_one_line(project: Any) -> None:
    """`python -c` has no file."""

    def run(text: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=project.folder, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout

    assert run(TYPED + CALL) == COMPUTED
    assert run(TYPED + CALL) == LOADED
    assert run(TYPED.replace("x + 1", "x + 2") + CALL) == "ran f\n3\n"


def test_a_script_that_is_piped_in(project: Any) -> None:
    def run(text: str) -> str:
        done = subprocess.run(
            [sys.executable, "-"],
            input=text,
            cwd=project.folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    assert run(TYPED + CALL) == COMPUTED
    assert run("\n\n" + TYPED + CALL) == LOADED
    assert run(TYPED.replace("x + 1", "x + 2") + CALL) == "ran f\n3\n"
