"""A bench: a folder with a library as a user's code, its entries, and what they give as they are.

BENCH/path/       the package, without its tests
BENCH/entries/    the functions that call it
BENCH/here/       the working directory of the runs
BENCH/store/      never written: fingerprints are taken from the text, each time
"""

from __future__ import annotations

import ast
import compileall
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from libraries import Library, fetch, lay
from trials import Told, Trial, Worker

_SECONDS = 0.5
"""Entries that take longer are left out: thousands of trials run them."""


class Bench(NamedTuple):
    """A library that is ready for trials, on as many copies as there are workers."""

    library: Library
    workers: list[Worker]
    entries: list[str]
    """Those that give the same, and have the same fingerprint, in another folder and under another hash seed."""
    left_out: dict[str, str]
    """Other entries, with the reason."""
    before: Told
    """The fingerprints, outcomes and traces of the entries while nothing is changed."""
    path: Path

    def text(self, relative: str) -> str:
        return (self.path / relative).read_text(encoding="utf-8")

    def files(self) -> list[str]:
        return sorted(str(file.relative_to(self.path)) for file in self.path.rglob("*.py"))

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


def prepare(library: Library, kept: Path, folder: Path, *, workers: int, weakened: str = "", most: int = 0) -> Bench:
    """Lay a library out, make its entries, at most so many if that is limited, and see what they give."""
    root = fetch(library, kept)
    # Nobody ever changes what lies here.
    first = folder / "plain"
    shutil.rmtree(folder, ignore_errors=True)
    lay(library, root, first / "path")
    script = Path(__file__).with_name("entries.py")
    asked = [str(first / "path"), library.package, json.dumps(library.left_out), str(first / "entries")]
    made = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), *asked], check=True, capture_output=True, text=True
    )
    names = json.loads(made.stdout)
    # From all of its modules.
    names = names[:: -(-len(names) // most)] if most else names
    compileall.compile_dir(first, quiet=2)
    benches = [shutil.copytree(first, folder / str(number)) for number in range(max(2, workers))]
    environment = {"INVISCID_WEAKENED": weakened} if weakened else {}
    every = Trial({}, tuple(names), tuple(names), trace=True)
    other = Worker(benches[1], PYTHONHASHSEED="5", **environment)
    again = other.tell(every)
    other.close()
    made_workers = [Worker(bench, **environment) for bench in benches[:workers]]
    before = made_workers[0].tell(every)
    if before.error or again.error:
        raise RuntimeError(f"{library.name} can't be looked at as it is: {before.error or again.error}")
    left_out = {name: why for name in names if (why := _unfit(name, before, again))}
    entries = [name for name in names if name not in left_out]
    return Bench(library, made_workers, entries, left_out, before, first / "path")


def _unfit(name: str, one: Told, other: Told) -> str:
    if isinstance(one.outcomes[name], str):
        return str(one.outcomes[name])
    if one.outcomes[name] != other.outcomes[name] or any(" at 0x" in text for text in one.outcomes[name]):
        return "gives something else in another process"
    if one.digests[name] != other.digests[name]:
        return "has another fingerprint in another folder"
    if one.seconds[name] > _SECONDS:
        return "takes too long"
    return "" if one.ran[name] else "runs nothing of the library"


def definitions(text: str) -> dict[tuple[int, str], Any]:
    """The functions of a file by their first line, decorators included, and their name."""
    return {
        (node.decorator_list[0].lineno if node.decorator_list else node.lineno, node.name): node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
