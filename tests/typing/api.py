"""Valid calls, as users write them. Never run: mypy strict and pyright must accept every line."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import assert_type

from inviscid import (
    ConfigError,
    Dir,
    File,
    InviscidError,
    Outputs,
    Store,
    UnhashableInput,
    audit,
    cached,
    compare_fingerprints,
    config,
    configure,
    fingerprint,
    mode,
)
from inviscid.symmetry import Dihedral, Permutation, Permutes, Rotate, alias, check


@cached
def plain(x: int, y: float = 1.0) -> float:
    return x + y


@cached(ignore=("workers",), version=2)
def with_options(x: int, *, workers: int = 1) -> list[int]:
    return [x] * workers


@cached(track="traced")
def watched(x: int) -> int:
    return x


@cached(outputs="{name}.txt")
def writes(name: str) -> None: ...


def paths(name: str) -> list[str]:
    return [f"{name}.txt"]


@cached(outputs=Outputs(Path("out"), paths, allow=True))
def writes_more(name: str) -> None: ...


@cached(store=Store("results"))
def in_store(path: File) -> str:
    return Path(path).read_text()


@cached(store="results")
def of_directory(folder: Dir) -> int:
    return len(list(Path(folder).iterdir()))


@cached(symmetry=Permutes("a", "b") * Permutation("xs"), verify=0.1)
def symmetric(a: int, b: int, xs: list[int]) -> int:
    return a * b * sum(xs)


@cached(symmetry=Dihedral("board", out=Rotate()), ignore=["note"])
async def turned(board: list[str], note: str = "") -> list[str]:
    return board


@cached
def configured(x: int, window: int = config("a.window"), name: str = config(default="n")) -> str:
    return name * window * x


@dataclass(frozen=True)
class Model:
    weights: tuple[float, ...]

    @cached
    def predict(self, x: float) -> float:
        return sum(self.weights) * x

    @staticmethod
    @cached
    def start(size: int) -> tuple[float, ...]:
        return (0.0,) * size


@cached
async def awaited(x: int, window: int = config("a.window")) -> list[int]:
    return [x] * window


class Client:
    @cached
    async def get(self, path: str) -> bytes:
        return path.encode()


@cached(generator="list")
def listed(count: int) -> Iterator[str]:
    yield "a" * count


@cached(generator="list")
def generated(count: int) -> Generator[int, None, None]:
    yield count


@cached(generator="list", version=2)
async def collected(count: int) -> AsyncIterator[float]:
    yield float(count)


@cached
@functools.lru_cache
def memoized(x: int) -> str:
    return str(x)


class Scale:
    def __init__(self, by: float) -> None:
        self.by = by

    def __call__(self, x: float) -> float:
        return self.by * x


scaled = cached(Scale(2.0))
powers = cached(functools.partial(pow, 2))


async def main() -> None:
    assert_type(await awaited(1), list[int])
    assert_type(await awaited.refresh(1), list[int])
    assert_type(await awaited.configured(window=3)(1), list[int])
    assert_type(await Client().get("/"), bytes)
    assert_type(await collected(3), list[float])


assert_type(listed(3), list[str])
assert_type(listed.refresh(3), list[str])
assert_type(generated(3), list[int])
assert_type(scaled(3.0), float)
assert_type(plain(1), float)
assert_type(plain(1, y=2.0), float)
assert_type(with_options(1, workers=2), list[int])
assert_type(in_store(File("a.txt")), str)
assert_type(of_directory(Dir("data")), int)
assert_type(configured(1), str)
assert_type(Model((1.0,)).predict(2.0), float)
assert_type(Model.start(3), tuple[float, ...])
assert_type(symmetric(1, 2, [3]), int)
assert_type(symmetric.explain(1, 2, [3]).through, str)
assert_type(check(symmetric).compared, int)
assert_type(alias(plain, plain, perm=(1, 0)).key(1, 2.0), str)
assert_type(plain.key(1), str)
assert_type(audit(plain, 1, y=2.0).value, float)
assert_type(watched(1), int)
assert_type(plain.refresh(1, y=2.0), float)
assert_type(plain.explain(1).reasons, list[str])
assert_type(plain.explain(1).outcome, str)
assert_type(plain.explain(1).diff, str)
assert_type(compare_fingerprints(fingerprint(plain), plain.fingerprint).reasons, list[str])
assert_type(fingerprint(plain).digest, str)
assert_type(plain.fingerprint.digest, str)

plain.forget(1)
plain.clean()
assert_type(plain.freeze(because="sent"), int)
assert_type(plain.thaw(), int)
plain.calling(1, y=2.0).freeze(because="sent")
plain.calling(1).thaw()
if (entry := plain.peek(1)) is not None:
    assert_type(entry.size, int)

variant = configured.configured({"a.window": 3}, name="m")
assert_type(variant(1), str)

configure("config.toml")
configure(Path("config.toml"))
with configure({"a": {"window": 3}}), mode("refresh"):
    configured(2)

try:
    configured(1)
except (ConfigError, UnhashableInput) as error:
    assert_type(error, ConfigError | UnhashableInput)
except InviscidError:
    pass


def mapped() -> list[float]:
    return list(map(plain, [1, 2, 3]))
