"""What is cached in the proofs: results of every way of being stored, calls inside of calls, and circles of them."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from inviscid import cached

SIZES = {"small": 40, "inline": 1200, "medium": 9_000, "durable": 9_000, "shared": 9_001}
SIZES |= {"large": (2 << 20) + 11, "huge": (5 << 20) + 13}
"""Bytes: in the row, in the row and 1 KB, in a file, there with waits for the disk, in one file for all keys, mapped, and
written while it is hashed."""


def content(x: int, size: int) -> bytes:
    """So many bytes, which differ from argument to argument from the first on."""
    return (b"%d." % x * (size // 2))[:size]


@cached
def small(x: int) -> bytes:
    sys.audit("proof.ran", "small")
    return content(x, 40)


@cached
def inline(x: int) -> bytes:
    sys.audit("proof.ran", "inline")
    return content(x, 1200)


@cached
def medium(x: int) -> bytes:
    sys.audit("proof.ran", "medium")
    return content(x, 9_000)


@cached
def large(x: int) -> bytes:
    sys.audit("proof.ran", "large")
    return content(x, (2 << 20) + 11)


@cached
def huge(x: int) -> np.ndarray:
    sys.audit("proof.ran", "huge")
    return np.frombuffer(content(x, (5 << 20) + 13), np.uint8)


@cached(durability="always")
def durable(x: int) -> bytes:
    sys.audit("proof.ran", "durable")
    return content(x, 9_000)


@cached
def shared(x: int) -> bytes:
    """The same for every argument."""
    sys.audit("proof.ran", "shared")
    return content(0, 9_001)


FUNCTIONS = {one.__name__: one for one in (small, inline, medium, large, huge, durable, shared)}


def is_right(name: str, x: int, value: object) -> bool:
    """Whether a function gave what it has to."""
    kind = np.ndarray if name == "huge" else bytes
    return isinstance(value, kind) and bytes(value) == content(0 if name == "shared" else x, SIZES[name])


# Calls inside of calls -----------------------------------------------------------------------------------------------


@cached
def inner(x: int) -> int:
    sys.audit("proof.ran", "inner")
    return x + 1


@cached
def outer(x: int) -> int:
    sys.audit("proof.ran", "outer")
    return inner(x) + inner(x + 1)


@cached
def fibonacci(n: int) -> int:
    sys.audit("proof.ran", "fibonacci")
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@cached
def even(n: int) -> bool:
    sys.audit("proof.ran", "even")
    return n == 0 or odd(n - 1)


@cached
def odd(n: int) -> bool:
    sys.audit("proof.ran", "odd")
    return n > 0 and even(n - 1)


@cached
def spread(n: int) -> int:
    """Its body asks in threads of its own."""
    sys.audit("proof.ran", "spread")
    with ThreadPoolExecutor(3) as pool:
        return sum(pool.map(inner, range(n, n + 3)))


# Recursions that have no end -----------------------------------------------------------------------------------------


@cached
def itself(x: int) -> int:
    return itself(x)


# Each does something else: who does the same has the same key, and then there is no circle to be seen.


@cached
def ring_a(x: int) -> int:
    return ring_b(x) + 1


@cached
def ring_b(x: int) -> int:
    return ring_c(x) + 2


@cached
def ring_c(x: int) -> int:
    return ring_a(x) + 3


@cached
def elsewhere(x: int) -> int:
    """What knows who is around doesn't know it here."""
    return contextvars.Context().run(elsewhere, x)


# Awaited -------------------------------------------------------------------------------------------------------------


@cached
async def slowly(x: int) -> int:
    sys.audit("proof.ran", "slowly")
    await asyncio.sleep(0)
    return x * 3


@cached
async def gathered(n: int) -> int:
    sys.audit("proof.ran", "gathered")
    if n < 2:
        return n
    parts = await asyncio.gather(gathered(n - 1), gathered(n - 2), slowly(n))
    return sum(parts)


@cached
async def mixed(n: int) -> int:
    """Its body also calls what isn't awaited."""
    sys.audit("proof.ran", "mixed")
    return fibonacci(n) + await slowly(n)


@cached
async def awaits_itself(x: int) -> int:
    return await awaits_itself(x)


@cached
async def ring_d(x: int) -> int:
    return await ring_e(x) + 1


@cached
async def ring_e(x: int) -> int:
    return await ring_d(x) + 2
