"""Why the normal form is made from `ast`: both parsers over the same files, in one run.

It needs libcst (`python -m pip install libcst`), which the project itself does not.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def rate(parse: Callable[[str], object], texts: list[str]) -> float:
    """MB/s, the best of three."""
    size = sum(map(len, texts)) / 1e6
    best = min(_seconds(parse, texts) for _ in range(3))
    return size / best


def _seconds(parse: Callable[[str], object], texts: list[str]) -> float:
    start = time.perf_counter()
    for text in texts:
        parse(text)
    return time.perf_counter() - start


def import_time(module: str) -> float:
    """Milliseconds to import a module in a process of its own, above an empty one; the best of five."""

    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    return 1000 * (min(run(f"import {module}") for _ in range(5)) - min(run("pass") for _ in range(5)))


def main() -> None:
    """Print the table."""
    try:
        import libcst
    except ImportError:
        sys.exit("this comparison needs libcst: python -m pip install libcst")
    import json

    files = sorted((Path(json.__file__).parent.parent).glob("*.py"))[:60]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    own, other = rate(ast.parse, texts), rate(libcst.parse_module, texts)
    print(f"Python {sys.version.split()[0]}, {len(texts)} files of the standard library")
    print(f"parse   ast {own:6.2f} MB/s    libcst {other:6.2f} MB/s    ratio {own / other:.1f}")
    print(f"import  ast {import_time('ast'):6.1f} ms      libcst {import_time('libcst'):6.1f} ms")


if __name__ == "__main__":
    main()
