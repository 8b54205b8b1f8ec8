from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from inviscid.store import generation
from inviscid.store.generation import Generation
from inviscid.store.layout import Layout


def test_who_looks_sees_who_moves(tmp_path: Path) -> None:
    mover, looker = Generation(Layout(str(tmp_path))), Generation(Layout(str(tmp_path)))
    assert looker.get() == 0
    mover.move()
    seen = {looker.get()}
    for _ in range(100):
        mover.move()
        assert looker.get() == mover.get()
        seen.add(looker.get())
    assert len(seen) == 101


def test_a_forked_child_moves_it_for_its_parent(tmp_path: Path) -> None:
    counter = Generation(Layout(str(tmp_path)))
    counter.move()
    before = counter.get()
    child = os.fork()
    if child == 0:
        counter.move()
        os._exit(0)
    os.waitpid(child, 0)
    assert counter.get() != before


def test_a_file_that_is_too_short_is_no_generation_until_it_moves(tmp_path: Path) -> None:
    (tmp_path / "generation").write_bytes(b"123")
    counter = Generation(Layout(str(tmp_path)))
    assert counter.get() == 0
    counter.move()
    assert counter.get() not in (0, int.from_bytes(b"123", "little"))


def test_a_deleted_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "_LOOK", 0.0)
    counter = Generation(Layout(str(tmp_path)))
    counter.move()
    assert counter.get()
    (tmp_path / "generation").unlink()
    assert counter.get() == 0
    Generation(Layout(str(tmp_path))).move()
    assert counter.get() != 0


def test_no_reader_sees_half_a_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Generation(Layout(str(tmp_path)))
    halves = iter([b"\0" * 8, b"\xff" * 8] * 5000)
    monkeypatch.setattr(os, "urandom", lambda size: next(halves))
    counter.move()
    looker, seen, stop = Generation(Layout(str(tmp_path))), set[int](), threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(looker.get())

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(9000):
        counter.move()
    stop.set()
    thread.join()
    assert seen <= {0, 2**64 - 1}
