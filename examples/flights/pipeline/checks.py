"""Helpers shared by the steps. None of them is cached: they are part of the behaviour of the steps that reach them."""

from __future__ import annotations

import pandas as pd


def repaired(values: pd.Series, low: float, high: float) -> pd.Series:
    """Readings that no instrument can have taken are dropped; short gaps are filled from the last good reading."""
    plausible = values.where(values.between(low, high))
    return plausible.ffill(limit=6)


def minutes(clock: pd.Series) -> pd.Series:
    """Minutes since midnight of a clock time that is written as a number: 1730 is half past five."""
    return clock // 100 * 60 + clock % 100
