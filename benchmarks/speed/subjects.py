"""The functions that are cached. They import nothing of inviscid: a cold process of a peer must not pay for it.

A body that runs says so to a logger, which is no part of what a function does; so a hit that is none is seen.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

LOG = logging.getLogger("speed.ran")
SCALE = 3


class Weights:
    """Ten numbers, of which a function asks for one."""

    def __init__(self, first: float) -> None:
        self.first = first

    def at(self, number: int) -> float:
        """The weight of a position."""
        return self.first + number / 10


def h0(x: float) -> float:  # noqa: D103  one of ten alike
    return x + SCALE


def h1(x: float) -> float:  # noqa: D103  one of ten alike
    return h0(x) + 1


def h2(x: float) -> float:  # noqa: D103  one of ten alike
    return h1(x) * 2


def h3(x: float) -> float:  # noqa: D103  one of ten alike
    return h2(x) - 3


def h4(x: float) -> float:  # noqa: D103  one of ten alike
    return h3(x) + 4


def h5(x: float) -> float:  # noqa: D103  one of ten alike
    return x * 5


def h6(x: float) -> float:  # noqa: D103  one of ten alike
    return h5(x) + 6


def h7(x: float) -> float:  # noqa: D103  one of ten alike
    return h6(x) + 7


def h8(x: float) -> float:  # noqa: D103  one of ten alike
    return h7(x) + 8


def h9(x: float) -> float:  # noqa: D103  one of ten alike
    return Weights(x).at(9)


def small(count: int, name: str, rate: float, low: float = 0.25, high: float = 0.75, mode: str = "mean") -> float:
    """Reaches ten helpers and a class; the last three parameters are config where a library has that."""
    LOG.debug("ran")
    return h4(count) + h8(rate) + h9(low + high) + len(name) + len(mode)


def of_dict(values: dict[str, Any]) -> int:
    """Takes a nested dict."""
    LOG.debug("ran")
    return len(values)


def of_array(values: Any) -> float:
    """Takes an array, or a frame."""
    LOG.debug("ran")
    return float(np.asarray(values).flat[0])


def array_of(size: int, first: float) -> Any:
    """Gives an array of so many bytes, another one for each number that it begins with."""
    LOG.debug("ran")
    return np.arange(first, first + size // 8)


def frame_of(rows: int) -> Any:
    """Gives a frame of floats."""
    import pandas as pd

    return pd.DataFrame(np.arange(rows * 3.0).reshape(rows, 3), columns=["a", "b", "c"])


def plus_one(number: int) -> int:
    """Does nothing that takes time."""
    return number + 1
