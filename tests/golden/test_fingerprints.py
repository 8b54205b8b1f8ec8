"""Fingerprints are the same on every Python version, under every hash seed, wherever the file lies.

To add definitions: add them to definitions.py, then run `python tests/golden/test_fingerprints.py` to write the new
digests. A digest that changes is a new KEY_VERSION.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
GOLDEN = HERE / "fingerprints.json"


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))  # golden_package lies beside it
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def digests(path: Path, name: str = "golden_definitions") -> dict[str, str]:
    """The fingerprint of each function and class that the file defines."""
    return digests_of(load(path, name), name)


def digests_of(module: ModuleType, name: str) -> dict[str, str]:
    from inviscid import fingerprint

    found: dict[str, str] = {}
    for key, value in vars(module).items():
        if callable(value) and getattr(value, "__module__", None) == name and not key.startswith("_"):
            taken = fingerprint(value)
            assert not taken.taints, (key, taken.taints)
            found[key] = taken.digest
    return found


def test_they_are_the_pinned_ones() -> None:
    assert digests(HERE / "definitions.py") == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_twenty_hash_seeds_and_another_folder(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    # Other lines, other place, other module name.
    shutil.copytree(HERE / "golden_package", folder / "golden_package", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "moved.py").write_text("# shifted\n\n" + (HERE / "definitions.py").read_text(encoding="utf-8"))
    shutil.copy(__file__, folder / "taker.py")
    script = (
        "import taker, json, pathlib; print(json.dumps(taker.digests(pathlib.Path('moved.py').resolve(), 'moved')))"
    )
    expected = json.loads(GOLDEN.read_text(encoding="utf-8"))

    def taken(seed: int) -> dict[str, str]:
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        found: dict[str, str] = json.loads(done.stdout)
        return found

    with ThreadPoolExecutor(2) as pool:
        assert all(found == expected for found in pool.map(taken, range(20)))


@pytest.mark.parametrize("first", ["take", "run"])
def test_imports_inside_functions_may_have_run_or_not(first: str, tmp_path: Path) -> None:
    shutil.copy(__file__, tmp_path / "taker.py")
    script = f"""
import json, pathlib, sys, taker
name = "golden_definitions"
module = taker.load(pathlib.Path({str(HERE / "definitions.py")!r}), name)
importing = sorted(key for key in vars(module) if key.startswith("imports_"))
assert len(importing) >= 7
late = ("colorsys", "tomllib", "xml.dom.minidom", "golden_package.inner")
assert not any(item in sys.modules for item in late)
before = taker.digests_of(module, name) if {first == "take"} else None
for key in importing:
    vars(module)[key](1), vars(module)[key](0)
module.ImportsInMethods().run(1)
assert all(item in sys.modules for item in late)
after = taker.digests_of(module, name)
assert before is None or before == after
print(json.dumps(after))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("optimize", ["-O", "-OO"])
def test_optimized_bytecode_does_not_matter(optimize: str, tmp_path: Path) -> None:
    shutil.copy(__file__, tmp_path / "taker.py")
    script = (
        f"import taker, json, pathlib; print(json.dumps(taker.digests(pathlib.Path({str(HERE / 'definitions.py')!r}))))"
    )
    printed = subprocess.run(
        [sys.executable, optimize, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    expected = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert json.loads(printed) == expected


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(digests(HERE / "definitions.py"), indent=1) + "\n", encoding="utf-8")
