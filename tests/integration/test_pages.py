"""The README and the pages of the documentation do what they show.

A page is run from top to bottom in an empty folder, with a store of its own:

- a block with a title is written to the file of that name;
- ```` ```python ```` blocks without a title form one program, up to the next block of another kind;
- ```` ```console ```` blocks are commands (`$ …`) with what they print; `...` stands for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.main import get_command

from inviscid.cli.app import app

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block of a page."""

    language: str
    title: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The blocks that are run, neighbouring pieces of a program joined."""
    found: list[Block] = []
    for language, title, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if not title and language not in {"python", "console"}:
            continue
        if not title and language == "python" and found and found[-1][:2] == ("python", ""):
            found[-1] = Block("python", "", found[-1].text + text)
        else:
            found.append(Block(language, title, text))
    return found


def sessions(console: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with what it should print."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def matches(expected: str, printed: str) -> bool:
    """Whether `printed` is what was expected, `...` standing for anything."""
    pattern = ".*".join(map(re.escape, expected.strip().split("...")))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


# What pages need beyond the oldest Python.
_NEEDS = {"docs/how-to/trace.md": (3, 12)}
# And beyond what every installation has.
_IMPORTS = {"docs/how-to/symmetry.md": ("networkx", "pynauty", "numpy", "hypothesis")}
PAGES = sorted(str(page.relative_to(ROOT)) for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")] if blocks(page))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A store of its own, this Python first on PATH, and no bytecode: files here change within one second."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INVISCID_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, "PATH": path, "INVISCID_STORE": str(tmp_path / "store"), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.mark.parametrize("page", PAGES)
def test_page_does_what_it_shows(page: str, tmp_path: Path, environment: dict[str, str]) -> None:
    """Every block of a page runs, and prints what the page says."""
    if sys.version_info < _NEEDS.get(page, (3, 11)):
        pytest.skip("what the page shows is new in a later Python")
    for module in _IMPORTS.get(page, ()):
        pytest.importorskip(module)
    folder = tmp_path / "page"
    folder.mkdir()

    def run(command: str | list[str]) -> str:
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    for block in blocks(ROOT / page):
        if block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            (folder / "program.py").write_text(block.text, encoding="utf-8")
            run([sys.executable, "program.py"])
        else:
            for command, expected in sessions(block.text):
                printed = run(command)
                assert matches(expected, printed), f"$ {command}\n{printed}\nexpected\n{expected}"


def test_pages_are_found() -> None:
    """A change of the way in which blocks are written can't quietly run nothing."""
    assert "README.md" in PAGES
    assert "docs/tutorial/first-pipeline.md" in PAGES
    assert [block.language for block in blocks(ROOT / "README.md")] == ["python"]


def test_the_page_of_commands_has_every_command_and_option() -> None:
    """The reference is complete."""
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    for name, command in get_command(app).commands.items():
        assert f"\n## {name}\n" in page
        for option in command.params:
            if option.param_type_name == "option":
                assert all(f"`{spelling}`" in page for spelling in option.opts), (name, option.opts)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a ... c", "a b b c", True),
        ("a ... c", "a b", False),
        ("", "x", False),
    ],
)
def test_output_is_compared_whole(expected: str, printed: str, *, same: bool) -> None:
    """Only `...` is lenient."""
    assert matches(expected, printed) is same
