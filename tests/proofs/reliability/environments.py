"""Other Pythons with inviscid in them: found, or made once and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VERSIONS = ("3.11", "3.13")


def interpreter(version: str) -> str | None:
    """Where this Python is, built by pyenv or on the path."""
    built = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [*sorted(built.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}")]
    # What pyenv puts on the path may be there and not run.
    return next((str(place) for place in places if place and _runs(str(place))), None)


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0


def made(folder: Path) -> dict[str, str]:
    """By version, a Python with this working tree installed; without those that aren't here, or can't be made."""
    found = {}
    for version in VERSIONS:
        python = folder / version / "bin" / "python"
        if not python.exists() and (base := interpreter(version)) is not None:
            # Some Pythons come without the one, some environments without the other.
            tool = [sys.executable, "-m", "virtualenv", "-p", base] if find_spec("virtualenv") else [base, "-m", "venv"]
            subprocess.run([*tool, str(folder / version)], check=False, stdout=subprocess.DEVNULL)
        if python.exists() and _install(str(python)):
            found[version] = str(python)
    return found


def _install(python: str) -> bool:
    pip = [python, "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check", str(ROOT)]
    # The version of a working tree says nothing of its content.
    commands = (pip, [*pip, "--force-reinstall", "--no-deps"])
    return all(subprocess.run(command, check=False).returncode == 0 for command in commands)
