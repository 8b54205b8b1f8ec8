"""What the model sees: the flight, the weather at its scheduled hour, and how things went lately."""

from __future__ import annotations

import pandas as pd

from inviscid import cached, config
from pipeline.progress import step


@cached
def join(flights: pd.DataFrame, weather: pd.DataFrame, aircraft: pd.DataFrame) -> pd.DataFrame:
    """Each flight with the weather at its airport and hour, and with its aircraft."""
    step("join", f"{len(flights):,} flights with weather and aircraft")
    seen = flights.merge(weather, on=["origin", "time_hour"], how="left")
    return seen.merge(aircraft.astype({"tailnum": flights["tailnum"].dtype}), on="tailnum", how="left")


@cached
def features(joined: pd.DataFrame, window: int = config("features.window", default=14)) -> pd.DataFrame:
    """The table that the model learns from.

    Args:
        joined: flights with weather and aircraft.
        window: days of history behind the shares of late flights.
    """
    step("features", f"{window} days of history")
    table = joined.drop(columns=["time_hour", "tailnum"])
    table["rush"] = joined.groupby(["origin", "time_hour"], observed=True)["late"].transform("size")
    for name, groups in {"carrier": ["carrier", "origin"], "airport": ["origin"], "route": ["origin", "dest"]}.items():
        table[f"{name}_lately"] = lately(joined, groups, window)
    return shrunk(table)


def lately(flights: pd.DataFrame, groups: list[str], window: int) -> pd.Series:
    """Share of late flights of the same group in the `window` days before; today's own flights don't count."""
    daily = flights.groupby([*groups, "day"], observed=True)["late"].agg(["sum", "size"])
    wide = daily.unstack(groups).reindex(range(1, 366)).fillna(0)
    history = wide.rolling(window, min_periods=1).sum().shift(1)
    share = (history["sum"] / history["size"]).unstack().rename("share").reset_index()
    return flights[[*groups, "day"]].merge(share, on=[*groups, "day"], how="left")["share"]


def shrunk(table: pd.DataFrame) -> pd.DataFrame:
    """Half the memory: no reading here has more than seven digits."""
    wide = table.select_dtypes(["float64"]).columns
    return table.astype(dict.fromkeys(wide, "float32"))
