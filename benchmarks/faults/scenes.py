"""The faults, each as a scene that is played with one library; and the class of what came of it.

Nothing here knows what any library does: a cell of the table is made from the values, errors and files that were seen.
*Right* and *wrong* are said of values. A *recompute* is a right value for which the body ran.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("child.py")
_NEWNS = 0x00020000
_LARGE = 1 << 20
_PATIENCE = 120.0

Scene = Callable[[str, Path], str]
Came = dict[str, Any]


def log(folder: Path) -> Path:
    """Where bodies say that they ran: beside the folder, which may be full or read-only."""
    return folder.with_name(f"{folder.name}.log")


def _command(library: str, folder: Path, *what: object) -> list[str]:
    return [sys.executable, str(CHILD), library, str(folder / "store"), str(log(folder)), *map(str, what)]


def calls(library: str, folder: Path, *keys: int) -> list[Came]:
    """What came of these calls in a fresh process."""
    return _answer(_command(library, folder, "call", *keys), len(keys))


def _answer(command: list[str], count: int) -> Any:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return [{"came": "hung", "ran": False}] * count
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    # It could not even be opened.
    return [{"came": done.stderr.strip().splitlines()[-1], "ran": False}] * count


def kind(came: Came) -> str:
    """The class of one call."""
    if came["came"] == "right":
        return "recompute" if came["ran"] else "hit"
    return "**wrong value**" if came["came"] == "wrong" else "error"


def over_time(came: Sequence[Came]) -> str:
    """The class of one key's calls in processes that came one after the other."""
    kinds = [kind(one) for one in came]
    if "**wrong value**" in kinds:
        return "**wrong value**"
    if kinds.count("error") == len(kinds):
        return "error for ever"
    if "error" in kinds:
        return "error to the caller, then " + kinds[-1]
    return kinds[0] if kinds[-1] == "hit" else f"{kinds[0]} each time"


def stampede(library: str, folder: Path, count: int = 16) -> str:
    """So many processes miss one key at once."""
    command = _command(library, folder, "wait", 1)
    started = []
    for _ in range(count):
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout is not None
        started[-1].stdout.readline()
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    kinds: Counter[str] = Counter()
    for one in started:
        try:
            said, _ = one.communicate(timeout=_PATIENCE)
            kinds[kind(json.loads(said)[0]) if one.returncode == 0 else "error"] += 1
        except subprocess.TimeoutExpired:
            one.kill()
            one.communicate()
            kinds["hung"] += 1
    computed = log(folder).stat().st_size
    others = [f"{number} × {name}" for name, number in kinds.items() if name not in ("hit", "recompute")]
    return "; ".join([f"{computed} computation{'s' * (computed != 1)}", *others])


def damaged(damage: Callable[[bytearray], None]) -> Scene:
    """A scene in which the file of a stored value is damaged, and asked for by three processes in turn."""

    def scene(library: str, folder: Path) -> str:
        stored = calls(library, folder, 1, 1)
        assert [kind(one) for one in stored] == ["recompute", "hit"], stored
        (file,) = [
            place for place in (folder / "store").rglob("*") if place.is_file() and place.stat().st_size > _LARGE
        ]
        data = bytearray(file.read_bytes())
        damage(data)
        file.chmod(0o600)
        file.write_bytes(data)
        return over_time([calls(library, folder, 1)[0] for _ in range(3)])

    return scene


def halved(data: bytearray) -> None:
    """Nothing of the second half is left."""
    del data[len(data) // 2 :]


def flipped(data: bytearray) -> None:
    """One bit in the middle is another."""
    data[len(data) // 2] ^= 4


def zeroed(data: bytearray) -> None:
    """4 KB in the middle are gone, as a block that never reached the disk."""
    start = len(data) // 2 // 4096 * 4096
    data[start : start + 4096] = bytes(4096)


def on_own_disk(scene: Scene) -> Scene:
    """The same scene on a small file system, which nobody else sees and which ends with it."""

    def moved(library: str, folder: Path) -> str:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if ctypes.CDLL(None, use_errno=True).unshare(_NEWNS):
                    raise OSError(ctypes.get_errno(), "unshare")
                mount("--make-rprivate", "/")
                mount("-t", "tmpfs", "-o", "size=16m", "none", str(folder))
                said = scene(library, folder)
            except (OSError, subprocess.CalledProcessError) as error:
                said = f"not measured: {error}"
            os.write(writing, said.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as file:
            said = file.read()
        os.waitpid(child, 0)
        return said or "not measured"

    return moved


def mount(*options: str) -> None:
    """Call the system's own command."""
    subprocess.run([shutil.which("mount") or "mount", *options], check=True, capture_output=True)


def full(library: str, folder: Path) -> str:
    """The disk has room for half a value. Later there is room."""
    calls(library, folder, 1)
    before = files(folder)
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            file.truncate(file.tell() - _LARGE)
    first = calls(library, folder, 2)[0]
    filler.unlink()
    left = sorted(files(folder) - before)
    later = over_time([calls(library, folder, 2)[0] for _ in range(3)])
    said = {"recompute": "value", "hit": "value"}.get(kind(first), kind(first))
    litter = f"; litter of {len(left)} file{'s' * (len(left) != 1)}" if left and later != "hit" else ""
    return f"{said}; later {later}{litter}"


def read_only(library: str, folder: Path) -> str:
    """Nothing can be written: what is stored, and what isn't."""
    calls(library, folder, 1)
    mount("-o", "remount,ro", str(folder))
    stored, new = calls(library, folder, 1)[0], calls(library, folder, 2)[0]
    said = {"recompute": "value"}.get(kind(new), kind(new))
    return f"stored: {kind(stored)}; new: {said}"


def killed(library: str, folder: Path, count: int = 100) -> str:
    """Writers are killed while they write; then each of their keys is asked for by two processes."""
    keys = _answer(_command(library, folder, "kill", count), 1)
    if not keys or not isinstance(keys[0], int):
        return f"not measured: {keys}"
    first, second = (calls(library, folder, *keys) for _ in range(2))
    kinds = Counter(over_time(pair) for pair in zip(first, second, strict=True))
    # What a store holds to which the same calls were made, and nobody was killed.
    clean = folder / "clean"
    clean.mkdir()
    calls(library, clean, *range(-10, keys[-1] + 1))
    litter = max(0, len(files(folder / "store")) - len(files(clean / "store")))
    said = ", ".join(f"{number} {name}" for name, number in sorted(kinds.items()))
    return (
        f"{said}; litter of {litter} files"
        if len(keys) == count
        else f"of {len(keys)}: {said}; litter of {litter} files"
    )


def files(folder: Path) -> set[str]:
    """All that is left by whoever has a right to it, but for SQLite's own."""
    found = (
        place for place in folder.rglob("*") if place.is_file() and place.suffix != ".log" and place.name != "filler"
    )
    return {str(place.relative_to(folder)) for place in found if not place.name.endswith(("-wal", "-shm"))}


SCENES: dict[str, Scene] = {
    "16 processes at once": stampede,
    "truncated to half": damaged(halved),
    "one bit flipped": damaged(flipped),
    "4 KB zeroed": damaged(zeroed),
    "disk full": on_own_disk(full),
    "read-only store": on_own_disk(read_only),
    "SIGKILL mid-write ×100": killed,
}
