"""The table of the README, row by row: a program is run, changed, and run again in another process.

The cached functions announce themselves when their bodies run; which of them do is what a row says.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FILES = {
    "main.py": """
from inviscid import File, configure
from steps import consumer, step

configure("config.toml")
consumer(step(2, File("data.txt")))
""",
    "steps.py": '''
import os
from pathlib import Path

import acme
from inviscid import File, cached, config, source
from helpers import Scale, logged, part

OFFSET = 1

def closed():
    inside = 5
    def over(x):
        return x + inside
    return over

over = closed()

@source(observe=lambda: os.stat("seen.txt").st_size)
def seen():
    return len(Path("seen.txt").read_text())

@cached
def step(number, source: File, factor: int = config("step.factor")):
    """What a step does."""
    print("step")
    text = Path(source).read_text() + Path("opened.txt").read_text() + os.environ["STEP_SIZE"]
    return over(part(number) * factor + OFFSET + Scale().apply(1) + logged(number) + acme.two() + len(text) + seen()) > 0

@cached
def consumer(result):
    print("consumer")
    return not result
''',
    "helpers.py": """
def part(x, by=3):
    double = x * by
    return double

class Scale:
    factor = 2
    def apply(self, x):
        return x * self.factor

def loud(function):
    def inner(x):
        return function(x) + 1
    return inner

@loud
def logged(x):
    return x

def unrelated(x):
    return x

class Unrelated:
    size = 1
""",
    "config.toml": "[step]\nfactor = 2\n[other]\ntitle = 'a'\n",
    "data.txt": "some text",
    "opened.txt": "more text",
    "seen.txt": "seen",
    "size.env": "12",
    "site-packages/acme/__init__.py": "def two():\n    return 2\n",
    "site-packages/acme-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n",
    "site-packages/acme-1.0.dist-info/RECORD": "acme/__init__.py,,\n",
}

Change = Callable[[Path], None]


def edit(file: str, old: str, new: str) -> Change:
    """A change of one text, which has to be there once."""

    def change(folder: Path) -> None:
        text = (folder / file).read_text()
        assert text.count(old) == 1, old
        (folder / file).write_text(text.replace(old, new))

    return change


def all_of(*changes: Change) -> Change:
    """Several changes at once."""

    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change


def upgrade(folder: Path) -> None:
    """The next version of the installed distribution, with the same code."""
    (folder / "site-packages/acme-1.0.dist-info").rename(folder / "site-packages/acme-1.1.dist-info")
    edit("site-packages/acme-1.1.dist-info/METADATA", "Version: 1.0", "Version: 1.1")(folder)


def move_helper(folder: Path) -> None:
    """`part` goes to a file of its own."""
    text = (folder / "helpers.py").read_text()
    start, end = text.index("def part"), text.index("class Scale")
    (folder / "parts.py").write_text(text[start:end])
    (folder / "helpers.py").write_text("from parts import part\n" + text[:start] + text[end:])


def move_data(folder: Path) -> None:
    """Another name, place and date of the file."""
    (folder / "elsewhere").mkdir()
    (folder / "data.txt").rename(folder / "elsewhere/moved.txt")
    os.utime(folder / "elsewhere/moved.txt", (1, 1))
    edit("main.py", "data.txt", "elsewhere/moved.txt")(folder)


# By the first words of a row; every row of the table has an entry, and each change of a row does what the row says.
ROWS: dict[str, list[Change]] = {
    "the function's code": [
        edit("steps.py", "+ OFFSET +", "+ 2 * OFFSET +"),
        edit("helpers.py", "x * by", "x * by + 1"),
        edit("helpers.py", "x * self.factor", "x + self.factor"),
        edit("helpers.py", "function(x) + 1", "function(x) + 2"),
    ],
    "the name of an ordinary parameter": [
        edit("helpers.py", "by=3):\n    double = x * by", "times=3):\n    double = x * times"),
        all_of(
            edit("helpers.py", "class Scale", "class Size"),
            edit("steps.py", "import Scale", "import Size"),
            edit("steps.py", "+ Scale()", "+ Size()"),
        ),
    ],
    "a global constant": [
        edit("steps.py", "OFFSET = 1", "OFFSET = 2"),
        edit("helpers.py", "by=3", "by=4"),
        edit("steps.py", "inside = 5", "inside = 6"),
        edit("helpers.py", "factor = 2", "factor = 3"),
    ],
    "a config value that it reads": [edit("config.toml", "factor = 2", "factor = 3")],
    "an argument's value": [
        edit("main.py", "step(2,", "step(3,"),
        edit("data.txt", "some", "more"),
    ],
    "the content of a file that it opened": [
        edit("opened.txt", "more", "other"),
        edit("size.env", "12", "13"),
    ],
    "the version of a distribution": [upgrade],
    "a function or class that it doesn't reach": [
        edit("helpers.py", "def unrelated(x):\n    return x", "def unrelated(x):\n    return x + 1"),
        edit("helpers.py", "size = 1", "size = 2"),
    ],
    "a config value that it doesn't read": [edit("config.toml", "'a'", "'b'")],
    "a comment": [
        edit("helpers.py", "    double = x", "    # twice or more\n    double = x"),
        edit("steps.py", '"""What a step does."""', '"""What a step really does."""'),
        edit("steps.py", 'print("step")', "print( 'step' ,\n    )"),
        edit("helpers.py", "def part(x, by=3)", "def part(x: int, by: int = 3) -> int"),
    ],
    "the name of a helper": [
        all_of(
            edit("helpers.py", "def part", "def piece"),
            edit("steps.py", "logged, part\n", "logged, piece\n"),
            edit("steps.py", "over(part(", "over(piece("),
        ),
        all_of(edit("helpers.py", "double = x", "product = x"), edit("helpers.py", "return double", "return product")),
        move_helper,
    ],
    "the name (but for the suffix)": [move_data],
    "a step that gives what it gave": [edit("helpers.py", "x * by", "x * by + 1")],
    "what a `@source` gives": [edit("seen.txt", "seen", "seen later")],
}


def run(folder: Path, store: Path) -> list[str]:
    """The bodies that ran in one process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INVISCID_")}
    path = os.pathsep.join(filter(None, [str(folder / "site-packages"), kept.get("PYTHONPATH", "")]))
    environment = {**kept, "INVISCID_STORE": str(store), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    environment["STEP_SIZE"] = (folder / "size.env").read_text()
    done = subprocess.run(
        [sys.executable, "main.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def table() -> dict[str, str]:
    """The rows of the README's table: what changes, and whether that recomputes."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## What recomputes")[2].partition("\n## ")[0]
    return {what: verdict for what, verdict in re.findall(r"^\| (.+?) +\| (yes|no) +\|$", section, re.MULTILINE)}


def test_every_row_has_a_case() -> None:
    """No row is claimed without being tried."""
    rows = table()
    assert len(rows) == len(ROWS)
    assert all(sum(row.startswith(start) for row in rows) == 1 for start in ROWS)


@pytest.mark.parametrize(("start", "number"), [(start, n) for start in ROWS for n in range(len(ROWS[start]))])
def test_the_table_of_the_readme(start: str, number: int, tmp_path: Path) -> None:
    """After a change, a second process runs the bodies that the row says, and no others."""
    folder, store = tmp_path / "program", tmp_path / "store"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert run(folder, store) == ["step", "consumer"]

    ROWS[start][number](folder)
    verdict = next(verdict for row, verdict in table().items() if row.startswith(start))
    ran = run(folder, store)
    # The step's result stays the same throughout: so its consumer, which has no other input, never runs again.
    assert ran == ([] if verdict == "no" and start != "a step that gives what it gave" else ["step"])
    assert run(folder, store) == []
