"""Which functions under `functools.lru_cache` may open files: what such a memo answers may be of files unseen."""

from __future__ import annotations

from typing import Any

import pytest

from inviscid import fingerprint

HEAD = "import functools, json, math, os, pathlib\nimport numpy as np\nimport pandas as pd\n"

READING = {
    "open": "def m(p): return open(p).read()",
    "method of a path": "def m(p): return p.read_text()",
    "in a helper": "def h(p): return json.load(open(p))\n@functools.lru_cache\ndef m(p): return h(p)",
    "numpy": "def m(p): return np.load(p)",
    "pandas": "def m(p): return pd.read_csv(p)",
    "imported inside": "def m(p):\n from json import load\n return load(p)",
    "something installed that is not known": "def m(p):\n import msgpack\n return msgpack.Unpacker(p)",
    "operating system": "def m(p): return os.listdir(p)",
    "method of a class": "class A:\n @staticmethod\n def r(p): return pathlib.Path(p).open()\ndef m(p): return A.r(p)",
}
COMPUTING = {
    "arithmetic": "def m(p): return p + 1",
    "math": "def m(p): return math.sqrt(p)",
    "numpy": "def m(p): return np.hanning(p).sum() / np.linalg.norm(p)",
    "pandas": "def m(p): return pd.Series(p).rolling(3).mean()",
    "names of files": "def m(p): return os.path.join(p, 'x'), pathlib.PurePath(p).name, os.sep",
    "text": "def m(p): return json.dumps(p).strip()",
    "itself": "def m(p): return m(p - 1) + m(p - 2) if p > 1 else p",
}


def memos(project: Any, text: str) -> list[str]:
    text = text if "lru_cache" in text else text.replace("def m(", "@functools.lru_cache\ndef m(")
    return [name for name, _ in fingerprint(project.edit(f"{HEAD}{text}\ndef f(x): return m(x)").f).memos]


@pytest.mark.parametrize("name", READING)
def test_it_may_read(project: Any, name: str) -> None:
    assert memos(project, READING[name]) == ["mod.m"]


@pytest.mark.parametrize("name", COMPUTING)
def test_it_computes(project: Any, name: str) -> None:
    assert memos(project, COMPUTING[name]) == []
