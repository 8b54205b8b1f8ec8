"""What a disk may hold after the power failed: recorded operations, and every state that they may leave.

An *operation* is a call that a process made below `objects/` or `tmp/`, or a row that one transaction made visible. It
is *settled* once it must survive: a write when its file was synced after it, a change of names when a directory that it
changed was synced after it. What isn't settled is there or isn't, each for itself and in any order. Of data that isn't
settled there is all, a first half, all with a second half of zeros, nothing but zeros, or nothing.

A *disk* is one outcome: files with their bytes, and rows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from inviscid.store.publisher import Publisher

_NAMES = ("create", "rename", "mkdir", "unlink")


class Operation(NamedTuple):
    """One step of what a process did."""

    kind: str
    """``create``, ``write``, ``truncate``, ``sync file``, ``sync folder``, ``rename``, ``mkdir``, ``unlink``, ``row``."""
    path: str = ""
    file: int = 0
    """Which file, whatever it is called."""
    target: str = ""
    start: int = 0
    data: bytes = b""
    durable: bool = False
    """Of a row: whether its transaction waited for the disk."""
    key: bytes = b""

    def folders(self) -> set[str]:
        """The directories in which it changes names."""
        return {os.path.dirname(path) for path in (self.path, self.target) if path}


class Disk(NamedTuple):
    """What is left."""

    files: tuple[tuple[str, bytes], ...]
    rows: tuple[tuple[bytes, bytes], ...]
    """Key, and the bytes that were published under it."""

    def lay_out(self, root: Path) -> None:
        """Have the files below this directory, and no others."""
        shutil.rmtree(root, ignore_errors=True)
        (root / "objects").mkdir(parents=True)
        for name, data in self.files:
            place = root / name
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(data)


def _whole(arguments: Sequence[Any], options: dict[str, Any]) -> list[Any]:
    """The arguments of a call, with paths that begin at a handle written out."""
    handles = [options.get(name) for name in ("dir_fd", "src_dir_fd")] + [options.get("dst_dir_fd")]
    places = {0: handles[0] if handles[0] is not None else handles[1], 1: handles[2]}
    return [
        one if (handle := places.get(number)) is None else f"{os.readlink(f'/proc/self/fd/{handle}')}/{one}"
        for number, one in enumerate(arguments)
    ]


class Recorder:
    """While it is entered, notes what the store does to its files and which rows it publishes."""

    def __init__(self, root: str) -> None:
        self.operations: list[Operation] = []
        self._root = root
        self._files: dict[str, int] = {}
        self._handles: dict[int, Operation] = {}
        self._patches: list[Any] = []

    def __enter__(self) -> None:
        for name in ("open", "write", "pwrite", "ftruncate", "fsync", "close", "rename", "mkdir", "unlink"):
            self._patch(os, name, getattr(self, f"_{name}"))
        self._patch(Publisher, "_insert", self._insert)

    def __exit__(self, *_: object) -> None:
        for one in self._patches:
            one.stop()

    def _patch(self, owner: Any, name: str, note: Callable[..., None]) -> None:
        real = getattr(owner, name)

        def noted(*arguments: Any, **options: Any) -> Any:
            # Asked before: what is moved or removed has no path afterwards.
            paths = _whole(arguments, options)
            result = real(*arguments, **options)
            # What raised has changed nothing.
            note(result, *paths)
            return result

        self._patches.append(patch.object(owner, name, noted))
        self._patches[-1].start()

    def _inside(self, path: Any) -> str:
        """The path from the store on, of what is recorded; else nothing."""
        text = os.fsdecode(path).removeprefix(f"{self._root}/")
        return text if text.startswith(("objects", "tmp/")) else ""

    def _note(self, kind: str, path: str = "", **fields: Any) -> None:
        self.operations.append(Operation(kind, path, **fields))

    def _open(self, handle: int, path: Any, flags: int = 0, *_: Any) -> None:
        if not (name := self._inside(path)):
            return
        if os.path.isdir(path):
            self._handles[handle] = Operation("sync folder", name)
            return
        if flags & os.O_CREAT:
            self._files[name] = len(self.operations) + 1
            self._note("create", name, file=self._files[name])
        self._handles[handle] = Operation("sync file", name, self._files.get(name, 0))

    def _write(self, count: int, handle: int, data: Any) -> None:
        self._pwrite(count, handle, data, None)

    def _pwrite(self, count: int, handle: int, data: Any, start: int | None) -> None:
        if handle in self._handles:
            file = self._handles[handle].file
            if start is None:
                start = sum(len(one.data) for one in self.operations if one.kind == "write" and one.file == file)
            self._note("write", file=file, start=start, data=bytes(memoryview(data).cast("B")[:count]))

    def _ftruncate(self, _: None, handle: int, size: int) -> None:
        if handle in self._handles:
            self._note("truncate", file=self._handles[handle].file, start=size)

    def _fsync(self, _: None, handle: int) -> None:
        if handle in self._handles:
            self.operations.append(self._handles[handle])

    def _close(self, _: None, handle: int) -> None:
        self._handles.pop(handle, None)

    def _rename(self, _: None, path: Any, target: Any) -> None:
        if name := self._inside(path):
            new = self._inside(target)
            self._files[new] = self._files.pop(name)
            self._note("rename", name, file=self._files[new], target=new)

    def _mkdir(self, _: None, path: Any, *__: Any) -> None:
        if name := self._inside(path):
            self._note("mkdir", name)

    def _unlink(self, _: None, path: Any) -> None:
        if name := self._inside(path):
            self._note("unlink", name, file=self._files.pop(name, 0))

    def _insert(self, done: bool, _: Publisher, connection: object, row: Any) -> None:
        # What is in the row itself needs no file. Nothing is recorded between here and the end of the transaction but
        # for the unlinking of what was replaced, and that is noted before.
        if done and row.inline is None:
            self._note("row", key=row.entry.key, data=b"".join(row.views), durable=row.durable)


def left_by(done: Sequence[Operation], settled: int) -> Iterator[Disk]:
    """Every disk that these operations may leave; the first `settled` of them reached it long ago."""
    free = [place for place, operation in enumerate(done) if _is_free(done, place, settled)]
    contents = dict(_contents(done, settled))
    for kept in product((True, False), repeat=len(free)):
        lost = {place for place, keeps in zip(free, kept, strict=True) if not keeps}
        there = [operation for place, operation in enumerate(done) if place not in lost]
        names = _names(there)
        rows = {operation.key: operation.data for operation in there if operation.kind == "row"}
        for chosen in product(*(contents[file] for file in names.values())):
            yield Disk(tuple(zip(names, chosen, strict=True)), tuple(rows.items()))


def _is_free(done: Sequence[Operation], place: int, settled: int) -> bool:
    """Whether an operation may be lost by itself."""
    operation = done[place]
    if place < settled:
        return False
    if operation.kind == "row":
        return not operation.durable
    if operation.kind not in _NAMES:
        return False
    folders = operation.folders()
    return not any(later.kind == "sync folder" and later.path in folders for later in done[place:])


def _names(done: Sequence[Operation]) -> dict[str, int]:
    """The files that can be found under `objects/`, by name."""
    names: dict[str, int] = {}
    folders = {"objects"}
    for operation in done:
        if operation.kind == "mkdir":
            folders.add(operation.path)
        elif operation.kind == "create":
            names[operation.path] = operation.file
        elif operation.kind == "rename":
            names.pop(operation.path, None)
            names[operation.target] = operation.file
        elif operation.kind == "unlink":
            names.pop(operation.path, None)
    return {name: file for name, file in sorted(names.items()) if os.path.dirname(name) in folders}


def _contents(done: Sequence[Operation], settled: int) -> Iterator[tuple[int, list[bytes]]]:
    """What each file may hold."""
    for file in {operation.file for operation in done if operation.kind == "create"}:
        data = bytearray()
        safe = True
        for place, operation in enumerate(done):
            if operation.file != file:
                continue
            if operation.kind == "truncate":
                data = data[: operation.start].ljust(operation.start, b"\0")
                safe = place < settled
            elif operation.kind == "write":
                end = operation.start + len(operation.data)
                data = data.ljust(end, b"\0")
                data[operation.start : end] = operation.data
                safe = place < settled
            elif operation.kind == "sync file":
                safe = True
        half, zeros = len(data) // 2, bytes(len(data))
        parts = [] if safe else [data[:half], data[:half] + zeros[half:], zeros, b""]
        yield file, [bytes(data), *map(bytes, parts)]
