"""A store that fails costs time, and never the value."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inviscid import InviscidWarning, Store, StoreError, StoreVersionError, cached, stores

Ran = Callable[[], list[str]]


@cached
def small(x: int) -> int:
    sys.audit("test.ran", "small")
    return x + 1


@cached
def large(n: int) -> Any:
    sys.audit("test.ran", "large")
    return np.arange(n)


def twice(ran: Ran) -> list[str]:
    assert small(1) == 2
    assert small(1) == 2
    return ran()


def test_the_store_is_a_file(isolated: Path, ran: Ran) -> None:
    isolated.write_text("I was here first")
    with pytest.warns(InviscidWarning, match=r"(?s)store.*computed and not kept"):
        assert twice(ran) == ["small", "small"]
    assert isolated.read_text() == "I was here first"
    with pytest.raises(StoreError):
        small.peek(1)


def test_the_store_can_not_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: Ran) -> None:
    monkeypatch.setenv("INVISCID_STORE", "/proc/nowhere/store")
    with pytest.warns(InviscidWarning, match="computed and not kept"):
        assert twice(ran) == ["small", "small"]


def test_the_store_is_a_url(monkeypatch: pytest.MonkeyPatch, ran: Ran) -> None:
    monkeypatch.setenv("INVISCID_STORE", "s3://bucket/x")
    with pytest.warns(InviscidWarning, match="URL"):
        assert twice(ran) == ["small", "small"]


def test_a_newer_store(isolated: Path, ran: Ran) -> None:
    small(1)
    ran()
    (version,) = [file for file in isolated.iterdir() if file.name == "version"]
    version.write_text("".join(character if not character.isdigit() else "9" for character in version.read_text()))
    with pytest.warns(InviscidWarning, match="newer"):
        assert cached(store=Store(isolated))(small.__wrapped__)(1) == 2
    with pytest.raises(StoreVersionError):
        cached(store=Store(isolated))(small.__wrapped__).peek(1)


def test_a_full_disk(isolated: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    small(0)
    ran()
    real = os.write

    def full(handle: int, data: Any) -> int:
        if len(data) > 10_000:
            raise OSError(28, "No space left on device")
        return real(handle, data)

    monkeypatch.setattr(os, "write", full)
    monkeypatch.setattr(os, "writev", lambda *_: full(-1, b"x" * 20_000), raising=False)
    with pytest.warns(InviscidWarning, match="computed and not kept"):
        assert len(large(50_000)) == 50_000
    monkeypatch.undo()
    monkeypatch.setenv("INVISCID_STORE", str(isolated))
    assert len(large(50_000)) == 50_000
    assert ran() == ["large", "large"]
    assert len(large(50_000)) == 50_000
    assert ran() == []


def objects_of(store: Path) -> list[Path]:
    return [file for file in (store / "objects").rglob("*") if file.is_file()]


def test_one_flipped_bit_is_a_recompute(isolated: Path, ran: Ran, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", "inviscid")
    expected = large(50_000).copy()
    (file,) = objects_of(isolated)
    ran()
    for position in (0, 100, file.stat().st_size // 2, file.stat().st_size - 1):
        assert np.array_equal(large(50_000), expected)
        (file,) = objects_of(isolated)
        data = bytearray(file.read_bytes())
        data[position] ^= 4
        file.chmod(0o600)
        file.write_bytes(data)
        # What this process has checked and has in memory is good.
        assert np.array_equal(large(50_000), expected)
        assert ran() == []
        stores.store_at(isolated).memory.clear()
        assert np.array_equal(large(50_000), expected)
        assert ran() == ["large"]
        assert caplog.messages.pop().endswith("the stored result was damaged or removed")
        assert np.array_equal(large(50_000), expected)
        assert ran() == []


def test_a_truncated_or_missing_object_is_a_recompute(isolated: Path, ran: Ran) -> None:
    large(50_000)
    (file,) = objects_of(isolated)
    file.chmod(0o600)
    os.truncate(file, 1000)
    ran()
    assert len(large(50_000)) == 50_000
    (file,) = objects_of(isolated)
    file.unlink()
    assert len(large(50_000)) == 50_000
    assert ran() == ["large", "large"]


def test_a_forged_row_is_a_recompute(isolated: Path, ran: Ran) -> None:
    """The entry of one key, copied under another, must not be believed."""
    small(1)
    small(2)
    with closing(sqlite3.connect(isolated / "index.sqlite3")) as index, index:
        columns = [row[1] for row in index.execute("PRAGMA table_info(entries)") if row[1] != "key"]
        rows = index.execute("SELECT key FROM entries ORDER BY key").fetchall()
        for column in columns:
            index.execute(
                f"UPDATE entries SET {column} = (SELECT {column} FROM entries WHERE key = ?) WHERE key = ?",
                (rows[0][0], rows[1][0]),
            )
    ran()
    assert (small(1), small(2)) == (2, 3)
    assert ran() in (["small"], ["small", "small"])


def test_an_index_that_is_no_database(isolated: Path, ran: Ran) -> None:
    small(1)
    script = "import sys; sys.path.insert(0, {!r}); import m; print(m.small(1))"
    folder = isolated.parent / "m"
    folder.mkdir()
    (folder / "m.py").write_text("from inviscid import cached\n@cached\ndef small(x):\n    return x + 1\n")
    for file in isolated.glob("index.sqlite3*"):
        file.unlink()
    (isolated / "index.sqlite3").write_bytes(b"this is no database" * 1000)
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", script.format(str(folder))], capture_output=True, text=True, check=False
    )
    assert done.stdout == "2\n", done.stderr
    assert "Traceback" not in done.stderr


def test_a_class_that_moved_is_a_miss_with_the_reason(project: Any, ran: Ran) -> None:
    project.write(
        things="class Thing:\n    def __init__(self, x):\n        self.x = x\n",
        moved="class Thing:\n    def __init__(self, x):\n        self.x = x\n",
    )
    text = "import sys\nfrom inviscid import cached\nimport {} as home\n@cached\ndef f():\n    sys.audit('test.ran', 'f')\n    return home.Thing(1)\n"
    assert project.edit(text.format("things")).f().x == 1
    mod = project.edit(text.format("moved"))
    (project.folder / "things.py").unlink()
    project.write(mod=text.format("moved"))
    mod = project.load("mod")
    assert mod.f.explain().reasons[0].startswith("things:Thing, which the stored result holds, isn't there any more")
    assert mod.f().x == 1
    assert ran() == ["f", "f"]
    assert type(mod.f()).__module__ == "moved"
    assert ran() == []
