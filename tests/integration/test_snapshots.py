"""What the commands print, in one story from the first run to the report, as it is pinned in tests/snapshots.

`SNAPSHOTS=write pytest tests/integration/test_snapshots.py` writes it anew; look at the difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "story.txt"
HARBOUR = """\
from inviscid import cached, config


def smoothed(levels, window):
    return [sum(levels[i : i + window]) / window for i in range(len(levels) - window + 1)]


@cached(tags=["raw"])
def levels(harbour):
    return [len(harbour) * i % 17 for i in range(40)]


@cached
def peaks(harbour, window: int = config("tides.window", default=3)):
    found = smoothed(levels(harbour), window)
    return [i for i in range(1, len(found) - 1) if found[i - 1] < found[i] > found[i + 1]]
"""
RUN = 'from tides import peaks\n\nfor harbour in ("Brest", "Cuxhaven"):\n    print(harbour, len(peaks(harbour)))\n'
# A command each; what begins with "edit" replaces a text in the module.
STORY = """\
inviscid ls
inviscid stats
inviscid verify
inviscid clean --dry-run
inviscid report
inviscid explain tides:peaks 'Brest'
inviscid plan run.py
python run.py
inviscid plan run.py
inviscid ls
inviscid explain tides:peaks 'Brest'
inviscid explain tides:peak 'Brest'
inviscid explain tides:smoothed
edit / window for|/ float(window) for
inviscid explain tides:peaks 'Brest'
inviscid plan run.py
inviscid accept tides:peaks --because same --dry-run
inviscid accept tides:peaks --because same
inviscid plan run.py
python run.py
inviscid accept tides:peaks --undo
inviscid plan run.py
python run.py
inviscid verify --rerun run.py
inviscid freeze tides:peaks --because reviewed --dry-run
inviscid freeze tides:peaks --because reviewed
inviscid status
edit float(window)|(window + 1)
inviscid status
inviscid plan run.py
inviscid thaw tides:peaks
inviscid plan nothing.py
inviscid clean nothing
inviscid clean --tag raw --downstream --dry-run
inviscid clean tides:levels --yes
inviscid gc --size-limit 0 --grace 0s
inviscid verify --read-data
inviscid stats
"""
# What differs from run to run, from machine to machine.
_VOLATILE = [
    (r"\b[0-9a-f]{12}\b", "<key>"),
    (r"\d{4}-\d\d-\d\d(?: \d\d:\d\d)?", "<date>"),
    (r"\b\d+(?:\.\d+)?(?:e-\d+)? (?:s|ms|µs|ns)\b", "<time>"),
    (r"\b\d+(?:\.\d+)? (?:B|kB|MB)\b", "<size>"),
    (r"just now|\d+ (?:seconds?|minutes?) ago", "<ago>"),
    (r"by [\w.-]+:\d+", "by <run>"),
]


def told(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "<folder>")
    for pattern, stands in _VOLATILE:
        text = re.sub(pattern, stands, text)
    return text


@pytest.mark.slow
def test_the_story_is_told_as_it_was(tmp_path: Path) -> None:
    module = tmp_path / "tides.py"
    module.write_text(HARBOUR)
    (tmp_path / "run.py").write_text(RUN)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INVISCID_")}
    environment = {**kept, "INVISCID_STORE": str(tmp_path / "store"), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "100"}
    lines: list[str] = []
    for command in STORY.splitlines():
        lines.append(f"$ {command}")
        if command.startswith("edit "):
            then, now = command.removeprefix("edit ").split("|")
            assert then in module.read_text()
            module.write_text(module.read_text().replace(then, now))
            continue
        program, *arguments = command.replace("'Brest'", "\"'Brest'\"").split(" ")
        arguments = [argument.strip('"') for argument in arguments]
        start = ["-m", "inviscid"] if program == "inviscid" else []
        done = subprocess.run(
            [sys.executable, *start, *arguments],
            cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
        )  # fmt: skip
        lines += told(done.stdout, tmp_path).splitlines()
        if done.returncode:
            lines.append(f"exit code {done.returncode}")
    story = "\n".join(line.rstrip() for line in lines) + "\n"
    if os.environ.get("SNAPSHOTS") == "write":
        SNAPSHOT.write_text(story, encoding="utf-8")
    assert story == SNAPSHOT.read_text(encoding="utf-8")
