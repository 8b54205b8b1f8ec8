"""The rows: what is timed, against which target.

A row has a *field*: the contenders, and an *alteration* that changes something that decides the result, and puts it
back. After it the body *must* run: who gives the result of before gets a mark.
"""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import floor
import numpy as np
import refuse
import subjects
from blake3 import blake3
from caches import DURABLE, Opened, open_library
from judge import BEST, Target
from measure import Contender

HERE = Path(__file__).resolve().parent
MB = 1_000_000
_SAMPLED = 5_000
"""Items of `map` that stand for all in the loop over a peer."""


class _Ran(logging.Handler):
    """Counts the bodies that ran."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


RAN = _Ran()
subjects.LOG.setLevel(logging.DEBUG)
subjects.LOG.propagate = False
subjects.LOG.addHandler(RAN)


@dataclass
class Field:
    """Who runs in a row.

    Attributes:
        folder: for the stores; it is removed after the row.
        libraries: those that are asked for.
        quick: big things are a quarter as big, `map` has a tenth of the items.
        contenders: what is timed, by name; `floor` among them.
        failed: why others aren't.
        alter: makes the alteration, for as long as the context lasts.
        calls: the calls that are looked at before, during and after the alteration.
        notes: what there is to say of this run.
        refuted: what else was found that lets no target be met.
        baseline: the contender that is taken off the others.
    """

    folder: str
    libraries: list[str]
    quick: bool
    contenders: dict[str, Contender] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    alter: Callable[[], AbstractContextManager[Any]] | None = None
    calls: dict[str, Callable[[], Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refuted: list[str] = field(default_factory=list)
    baseline: str = ""

    def size(self, full: int) -> int:
        """The bytes of a big thing."""
        if self.quick:
            self.notes.append("a quarter as big in a quick run")
        return full // 4 if self.quick else full

    def add(self, make: Callable[[str, Opened], Contender], *, names: list[str] | None = None, **how: Any) -> None:
        """Add the libraries; one that fails is left out, and why is kept."""
        for name in self.libraries if names is None else names:
            try:
                one = make(name, open_library(name, f"{self.folder}/{name}", **how))
                one.call()
                if one.after is not None:
                    one.after()
                self.contenders[name] = one
            except Exception as error:  # noqa: BLE001  whatever a library raises is its answer
                self.failed[name] = f"{type(error).__name__}: {error}".partition("\n")[0][:120]

    def add_hits(self, function: Callable[..., Any], *args: Any, own: Any = None, **how: Any) -> None:
        """Add the libraries with one call of a function that they have the result of."""

        def make(name: str, opened: Opened) -> Contender:
            call = partial(opened.decorate(own if own and name == "inviscid" else function), *args)
            call()
            before = RAN.count
            call()
            if RAN.count != before:
                raise RuntimeError("it never hits")
            self.calls[name] = call
            return Contender(call)

        self.add(make, **how)


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes:
        name: what `--only` takes.
        title: what the table says.
        about: what is done, for the page.
        floor: what the floor is.
        targets: all are judged.
        make: fills the field.
        least: rounds that there must be.
    """

    name: str
    title: str
    about: str
    floor: str
    targets: tuple[Target, ...]
    make: Callable[[Field], None]
    least: int = 5


@contextmanager
def _rebound(module: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


@contextmanager
def _element(array: Any, where: Any) -> Iterator[None]:
    before = array[where]
    array[where] = before + 1
    try:
        yield
    finally:
        array[where] = before


def _small(field: Field, floored: Callable[..., Any], **how: Any) -> None:
    own = importlib.import_module("configured").small if "inviscid" in field.libraries else None
    args = (3, "left", 0.5)
    field.contenders["floor"] = Contender(partial(floored, *args))
    field.add_hits(subjects.small, *args, own=own, **how)
    field.alter = lambda: _rebound(subjects, "SCALE", 4)


def _memory(field: Field) -> None:
    _small(field, floor.in_memory(subjects.small))


def _disk(field: Field) -> None:
    _small(field, floor.in_files(subjects.small, f"{field.folder}/floor"), in_memory=False)


def _dict(field: Field) -> None:
    values = {
        f"group {a}": {f"item {b}": [a, b / 7, f"text {a * b}", {"deep": b}] for b in range(10)} for a in range(10)
    }
    field.contenders["floor"] = Contender(partial(floor.in_memory(subjects.of_dict), values))
    field.add_hits(subjects.of_dict, values)
    field.alter = lambda: _element(values["group 5"]["item 5"], 1)


def _array(size: int, threads: int) -> Callable[[Field], None]:
    def make(field: Field) -> None:
        array = np.random.default_rng(1).random((field.size(size) if size > 10 * MB else size) // 8)
        field.contenders["floor"] = Contender(lambda: blake3(array.view(np.uint8), max_threads=threads).digest())
        field.add_hits(subjects.of_array, array)
        field.alter = lambda: _element(array, len(array) // 2)

    return make


def _frame(field: Field) -> None:
    import pandas as pd

    values = np.random.default_rng(1).random((5, 1_000_000))
    frame = pd.DataFrame({name: values[number] for number, name in enumerate("abcde")})
    buffer = np.ascontiguousarray(frame.to_numpy().T)
    field.contenders["floor"] = Contender(lambda: blake3(buffer.view(np.uint8), max_threads=blake3.AUTO).digest())
    field.add_hits(subjects.of_array, frame)
    field.alter = lambda: _element(frame.iloc, (500_000, 2))


def _loaded(field: Field) -> None:
    size = field.size(1000 * MB)
    opened = open_library("inviscid", f"{field.folder}/origin")
    make, take = opened.decorate(subjects.array_of), opened.decorate(subjects.of_array)
    make(size, 1.0)
    small = opened.decorate(subjects.small)
    small(3, "left", 0.5)
    field.contenders["floor"] = Contender(lambda: small(3, "left", 0.5))
    known: set[str] = set()

    def key(value: Any) -> str:
        # What `key` says is worth nothing if a call goes by something else: a body must run where the key is new.
        said, before = take.key(value), RAN.count
        take(value)
        if (RAN.count > before) is (said in known):
            field.refuted.append("a call that does not do what its key says")
        known.add(said)
        return str(said)

    field.refuted += refuse.unrefused(lambda: make(size, 1.0), key, refuse.ON_ARRAYS, subjects.array_of(size, 1.0))
    frames = opened.decorate(subjects.frame_of)
    frames(100_000)
    fresh = subjects.frame_of(100_000)
    field.refuted += refuse.unrefused(lambda: frames(100_000), key, refuse.ON_FRAMES, fresh)
    field.notes.append(f"{len(refuse.ON_ARRAYS) + len(refuse.ON_FRAMES) - len(field.refuted)} tricks refused")
    field.add_hits(subjects.of_array, make(size, 1.0))


def _mapped(field: Field) -> None:
    size = field.size(100 * MB)
    np.save(f"{field.folder}/floor.npy", subjects.array_of(size, 1.0))
    field.contenders["floor"] = Contender(lambda: np.load(f"{field.folder}/floor.npy", mmap_mode="r"))
    field.add_hits(subjects.array_of, size, 1.0, mapped=True)


def _cold(field: Field) -> None:
    def start(*command: str) -> str:
        done = subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True)
        return done.stdout

    field.baseline = "bare"
    field.contenders["bare"] = Contender(partial(start, "-c", "pass"), single=True)
    script = str(HERE / "cold.py")
    for name in ["floor", *field.libraries]:
        command = (script, name, f"{field.folder}/{name}")
        try:
            start(*command)
            ran = start(*command).strip()
        except subprocess.CalledProcessError as error:
            field.failed[name] = (error.stderr.strip().splitlines() or ["it fails"])[-1][:120]
            continue
        if ran == "0":
            field.contenders[name] = Contender(partial(start, *command), single=True)
        else:
            field.failed[name] = "it doesn't hit in another process"


def _counted(call: Callable[[int], Any]) -> Callable[[], Any]:
    numbers = iter(range(1 << 62))
    return lambda: call(next(numbers))


def _miss(field: Field) -> None:
    field.baseline = "bare"
    field.contenders["bare"] = Contender(_counted(subjects.plus_one))
    field.contenders["floor"] = Contender(_counted(floor.in_rows(subjects.plus_one, f"{field.folder}/floor")))
    field.add(lambda name, opened: Contender(_counted(opened.decorate(subjects.plus_one))))


def _big_miss(durability: str) -> Callable[[Field], None]:
    def make(field: Field) -> None:
        size = field.size(100 * MB)
        durable = durability == "always"
        path = f"{field.folder}/floor.npy"

        def save(number: int) -> None:
            with open(path, "wb") as file:
                np.save(file, subjects.array_of(size, float(number)))
                if durable:
                    file.flush()
                    os.fsync(file.fileno())

        def empty(undo: Callable[[], object]) -> Callable[[], None]:
            # What one leaves to be written must not be waited for by the next.
            return lambda: (undo(), os.sync())[1]

        def contend(call: Callable[[int], Any], undo: Callable[[], object]) -> Contender:
            return Contender(_counted(call), after=empty(undo))

        field.baseline = "bare"
        field.contenders["bare"] = contend(lambda number: subjects.array_of(size, float(number)), lambda: None)
        field.contenders["floor"] = contend(save, lambda: os.unlink(path))
        names = [name for name in field.libraries if not durable or name in DURABLE]
        field.failed |= {name: "it can't wait for the disk" for name in field.libraries if name not in names}

        def add(name: str, opened: Opened) -> Contender:
            cached = opened.decorate(subjects.array_of)
            return contend(lambda number: cached(size, float(number)), opened.empty)

        field.add(add, names=names, durability=durability)

    return make


def _guards(field: Field) -> None:
    names = [f"G{number}" for number in range(100)]
    lines = ["import logging", "LOG = logging.getLogger('speed.ran')"]
    lines += [f"{name} = {number}" for number, name in enumerate(names)]
    lines += ["def guarded(x):", "    LOG.debug('ran')", f"    return x + {' + '.join(names)}"]
    lines += ["def bare(x):", "    LOG.debug('ran')", "    return x + 1", ""]
    folder = Path(field.folder, "code")
    folder.mkdir()
    (folder / "speed_guarded.py").write_text("\n".join(lines), encoding="utf-8")
    sys.path.insert(0, str(folder))
    sys.modules.pop("speed_guarded", None)
    importlib.invalidate_caches()
    module = importlib.import_module("speed_guarded")
    sys.path.remove(str(folder))
    bare = open_library("inviscid", f"{field.folder}/bare").decorate(module.bare)
    bare(1)
    field.contenders["floor"] = Contender(lambda: bare(1))
    field.add_hits(module.guarded, 1)
    field.alter = lambda: _rebound(module, "G50", -1)


def _map(field: Field) -> None:
    count = 10_000 if field.quick else 100_000
    items, sampled = list(range(count)), list(range(min(_SAMPLED, count)))
    bare = floor.in_memory(subjects.plus_one)
    for item in items:
        bare(item)
    field.contenders["floor"] = Contender(lambda: [bare(item) for item in items])

    def make(name: str, opened: Opened) -> Contender:
        call = opened.decorate(subjects.plus_one)
        if name == "inviscid":
            if not hasattr(call, "map"):
                raise RuntimeError("cached functions have no `map`")
            list(call.map(items))
            return Contender(lambda: list(call.map(items)))
        for item in sampled:
            call(item)
        return Contender(lambda: [call(item) for item in sampled], times=count / len(sampled))

    field.add(make)
    field.notes.append(f"{count:,} items; of peers, {len(sampled):,} are looped over and scaled")


_HELPED = (
    "The function reaches ten helpers and a class and reads three config keys, all of which inviscid looks after."
    " Peers take what is config as defaults."
)
_BLAKE3, _THREADED = "blake3 of the buffer", "threaded blake3 of the buffer"
ROWS = (
    Row(
        "memory",
        "small arguments",
        f"A warm hit. {_HELPED} inviscid may answer from memory; the altered thing is a global that a helper reads.",
        "a dict by the digest of the arguments",
        (Target("diskcache", faster=10), Target("joblib", faster=40)),
        _memory,
    ),
    Row(
        "disk",
        "small arguments, from disk",
        "The same, with inviscid's memory tier switched off where it has one.",
        "a file by the digest of the arguments",
        (Target("diskcache", faster=3),),
        _disk,
    ),
    Row(
        "dict",
        "nested dict of 100",
        "A warm hit whose argument is a dict of ten dicts of ten short lists, each with a dict in it.",
        "a dict by the digest of the arguments",
        (Target("joblib", faster=15),),
        _dict,
    ),
    Row(
        "array",
        "1 MB array",
        "A warm hit whose argument is an array of floats; the altered thing is one element in the middle.",
        _BLAKE3,
        (Target("floor", within=1.4, called=_BLAKE3),),
        _array(MB, 1),
    ),
    Row(
        "big-array",
        "256 MB array",
        "The same with a bigger array.",
        _THREADED,
        (
            Target("floor", within=1.2, called=_THREADED),
            Target(BEST, faster=5, called="the best peer that hashes it all"),
        ),
        _array(256 * MB, blake3.AUTO),
        3,
    ),
    Row(
        "loaded",
        "1 GB array from the store",
        "A warm hit whose argument is an array that another cached function's hit gave. In the same run, arrays and"
        " frames out of the store are altered in every way that NumPy and pandas allow without writing into a buffer"
        " (shape, dtype, strides, columns, an index, a flag), and each must raise or change the key.",
        "a small hit of inviscid",
        (Target("floor", within=2, called="a small hit"),),
        _loaded,
        3,
    ),
    Row(
        "frame",
        "frame of 1,000,000 × 5 floats",
        "A warm hit whose argument is a frame; the altered thing is one cell in the middle.",
        _THREADED,
        (),
        _frame,
    ),
    Row(
        "mapped",
        "100 MB array as result",
        "A warm hit that gives an array. joblib has `mmap_mode='r'`; no page of the array is read.",
        "np.load with mmap_mode='r'",
        (Target("joblib", faster=2, called="joblib with mmap_mode"),),
        _mapped,
    ),
    Row(
        "cold",
        "cold process, one hit",
        "A script with one call that hits, in a process of its own, less a process that does nothing.",
        "msgpack, blake3 and a file",
        (Target("diskcache", faster=2), Target("joblib", faster=10)),
        _cold,
    ),
    Row(
        "miss",
        "miss, int as result",
        "What a first call takes, less the body; inviscid lets one of many computations of a call go ahead.",
        "a row in SQLite",
        (Target("diskcache", within=1),),
        _miss,
    ),
    Row(
        "miss-array",
        "miss, 100 MB array as result",
        "What a first call takes, less the body, which fills an array; durability is `never`.",
        "np.save",
        (Target("floor", within=1.2, called="np.save"),),
        _big_miss("never"),
    ),
    Row(
        "miss-durable",
        "miss, 100 MB array, durable",
        "The same with durability `always`: the result is on the disk when the call returns.",
        "np.save and fsync",
        (Target("floor", within=1.2, called="np.save and fsync"),),
        _big_miss("always"),
    ),
    Row(
        "globals",
        "100 live globals",
        "A warm hit of a function that reads 100 globals of its module; the altered thing is one of them, rebound.",
        "a hit of inviscid without globals",
        (Target("floor", within=2, called="the same call with none"),),
        _guards,
    ),
    Row(
        "map",
        "map over items that all hit",
        "`f.map(items)`, beside a loop of calls of a peer.",
        "a loop over a dict by the digest of the arguments",
        (Target("joblib", faster=20, called="a loop over joblib"),),
        _map,
        3,
    ),
)
