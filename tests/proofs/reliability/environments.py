"""Other Pythons with inviscid in them: found, or made once and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VERSIONS = ("3.11", "3.13")


def interpreter(version: str) -> str | None:
    """Where this Python is, on the path or built by pyenv."""
    built = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [str(place) for place in sorted(built.glob(f"{version}.*/bin"))]
    return shutil.which(f"python{version}", path=os.pathsep.join([os.environ.get("PATH", ""), *places]))


def made(folder: Path) -> dict[str, str]:
    """By version, a Python with this working tree installed; without those that aren't here, or can't be made."""
    found = {}
    for version in VERSIONS:
        python = folder / version / "bin" / "python"
        if not python.exists() and (base := interpreter(version)) is not None:
            subprocess.run([sys.executable, "-m", "virtualenv", "-q", "-p", base, str(folder / version)], check=False)
        if python.exists():
            install = [str(python), "-m", "pip", "install", "--quiet", "--upgrade", str(ROOT), "numpy>=1.26"]
            if subprocess.run(install, check=False).returncode == 0:
                found[version] = str(python)
    return found
