"""Read the raw tables. A `File` stands for its content: moving it or touching it recomputes nothing."""

from __future__ import annotations

import pandas as pd

from inviscid import File, cached
from pipeline.progress import step


@cached
def flights(source: File) -> pd.DataFrame:
    """All departures from EWR, JFK and LGA, one row per flight, as published."""
    step("flights", "reading a year of departures")
    names = ["carrier", "origin", "dest", "tailnum"]
    return pd.read_csv(source, dtype=dict.fromkeys(names, "category"), parse_dates=["time_hour"])


@cached
def weather(source: File) -> pd.DataFrame:
    """Hourly readings of the weather stations at the three airports, as published."""
    step("weather", "reading the weather stations")
    return pd.read_csv(source, dtype={"origin": "category"}, parse_dates=["time_hour"])


@cached
def planes(source: File) -> pd.DataFrame:
    """The register of aircraft: year of manufacture, maker, seats."""
    step("planes", "reading the register of aircraft")
    return pd.read_csv(source)


@cached
def airlines(source: File) -> dict[str, str]:
    """The name of each airline by its two-letter code."""
    step("airlines", "reading the names of the airlines")
    table = pd.read_csv(source)
    return dict(zip(table["carrier"], table["name"], strict=True))
