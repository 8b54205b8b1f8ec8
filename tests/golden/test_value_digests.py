"""Digests of values are the same on every version of Python, in every process and under every hash seed.

When one of them changes, every key that anybody has changes with it: raise `KEY_VERSION`, and write the file anew with
`python tests/golden/value_cases.py plain numpy pandas > tests/golden/value_digests.json`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from inviscid.digest import KEY_VERSION

HERE = Path(__file__).parent
GOLDEN: dict[str, dict[str, str]] = json.loads((HERE / "value_digests.json").read_text())
# pandas takes a second to import: it is asked under these seeds only.
SEEDS, PANDAS_SEEDS = range(20), {0, 1}


def sections(seed: int) -> list[str]:
    """What is installed here, and asked for under this seed."""
    names = ["plain", "numpy", "pandas"] if seed in PANDAS_SEEDS else ["plain", "numpy"]
    return [name for name in names if name == "plain" or importlib.util.find_spec(name)]


def computed(seed: int) -> dict[str, Any]:
    """The digests that another process computes."""
    command = [sys.executable, str(HERE / "value_cases.py"), *sections(seed)]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)
    assert finished.returncode == 0, finished.stderr
    digests: dict[str, Any] = json.loads(finished.stdout)
    return digests


def test_the_digests_are_golden() -> None:
    """Twenty processes, a hash seed each."""
    with ThreadPoolExecutor(2) as pool:
        for seed, digests in zip(SEEDS, pool.map(computed, SEEDS), strict=True):
            for section, found in digests.items():
                changed = {name for name in GOLDEN[section] | found if GOLDEN[section].get(name) != found.get(name)}
                assert not changed, f"{section}, hash seed {seed}"


def test_no_two_of_them_are_equal() -> None:
    """And there are enough of them."""
    digests = [digest for section in GOLDEN.values() for digest in section.values()]
    assert len(digests) == len(set(digests)) >= 60


def test_the_version_of_the_key_format() -> None:
    """The golden file belongs to this version."""
    assert KEY_VERSION == 3


@pytest.mark.skipif(not importlib.util.find_spec("numpy"), reason="numpy is not installed")
def test_all_sections_are_asked_for_somewhere() -> None:
    """Nothing in the golden file goes unchecked where everything is installed."""
    if importlib.util.find_spec("pandas"):
        assert {name for seed in SEEDS for name in sections(seed)} == set(GOLDEN)
