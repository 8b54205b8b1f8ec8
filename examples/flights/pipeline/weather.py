"""From what the weather stations published to one sound reading per airport and hour."""

from __future__ import annotations

import pandas as pd

from inviscid import cached
from pipeline.checks import repaired
from pipeline.progress import step

# What the instruments can measure, in the units of the file. One anemometer reported 1,048 miles per hour.
RANGES = {
    "temp": (-40, 120),
    "dewp": (-60, 90),
    "humid": (0, 100),
    "wind_speed": (0, 120),
    "precip": (0, 6),
    "pressure": (900, 1100),
    "visib": (0, 10),
}


@cached
def hourly(readings: pd.DataFrame) -> pd.DataFrame:
    """Readings with the implausible ones gone and short gaps filled, each station by itself."""
    step("hourly", f"repairing {len(readings):,} readings")
    table = readings.sort_values(["origin", "time_hour"]).drop_duplicates(["origin", "time_hour"])
    stations = table.groupby("origin", observed=True)
    sound = {column: stations[column].transform(repaired, *limits) for column, limits in RANGES.items()}
    return table[["origin", "time_hour"]].assign(**sound).reset_index(drop=True)
