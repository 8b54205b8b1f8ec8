"""What a process imports that does nothing but hit: the time to import is most of what its hit costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
import inviscid

@inviscid.cached
def added(a, b=2):
    print("ran", file=sys.stderr)
    return helped(a) + b

def helped(a):
    return a * SCALE

SCALE = 3
added(1)
added("x", "y")
print(*sys.modules)
"""
# Each takes as long to import as all that a hit needs, or is a sign that something was parsed or computed.
UNNEEDED = (
    "ast libcst joblib filelock inspect dataclasses asyncio numpy pandas rich typer click platformdirs cloudpickle pickle "
    "socket logging pathlib json difflib glob tomllib urllib multiprocessing concurrent subprocess importlib.metadata "
    "importlib.resources inviscid.report"
).split()


def test_a_process_that_hits_imports_little(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    env = {**os.environ, "INVISCID_STORE": str(tmp_path / "store")}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "script.py"], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
        )

    assert run().stderr == "ran\nran\n"
    again = run()
    assert again.stderr == ""
    bare = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    loaded = {*again.stdout.split()} - {*bare.stdout.split()}
    assert "inviscid.memo" in loaded
    assert loaded & {*UNNEEDED} == set()
