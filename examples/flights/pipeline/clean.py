"""From the published flights to those that the model may learn from."""

from __future__ import annotations

import pandas as pd

from inviscid import cached
from pipeline.checks import minutes
from pipeline.progress import step

LATE = 15  # minutes after schedule: the authorities' own line


@cached
def clean(flights: pd.DataFrame) -> pd.DataFrame:
    """Flights that arrived, with what was known before they left, and whether they were late."""
    step("clean", f"{len(flights):,} flights")
    arrived = flights.dropna(subset=["arr_delay", "tailnum"])
    return pd.DataFrame(
        {
            "time_hour": arrived["time_hour"],
            "month": arrived["month"],
            "weekday": pd.to_datetime(arrived[["year", "month", "day"]]).dt.dayofweek,
            "day": pd.to_datetime(arrived[["year", "month", "day"]]).dt.dayofyear,
            "departure": minutes(arrived["sched_dep_time"]),
            "arrival": minutes(arrived["sched_arr_time"]),
            "carrier": arrived["carrier"],
            "origin": arrived["origin"],
            "dest": arrived["dest"],
            "tailnum": arrived["tailnum"],
            "distance": arrived["distance"],
            "late": arrived["arr_delay"] >= LATE,
        }
    ).reset_index(drop=True)


@cached
def lateness(flights: pd.DataFrame) -> pd.DataFrame:
    """Share of late flights: one row per hour of scheduled departure, one column per month."""
    step("lateness", "by hour and month")
    hour = (flights["departure"] // 60).rename("hour")
    daytime = flights[hour.between(5, 22)]
    return daytime.pivot_table(index=hour, columns="month", values="late", aggfunc="mean")
