"""The aircraft, and who flies which."""

from __future__ import annotations

import pandas as pd

from inviscid import cached
from pipeline.checks import repaired
from pipeline.progress import step


@cached
def aircraft(register: pd.DataFrame) -> pd.DataFrame:
    """Age in 2013 and number of seats, one row per aircraft."""
    step("aircraft", f"{len(register):,} in the register")
    return pd.DataFrame(
        {
            "tailnum": register["tailnum"],
            "age": 2013 - register["year"],
            "seats": repaired(register["seats"], 1, 600),
        }
    )


@cached
def fleets(flights: pd.DataFrame, aircraft: pd.DataFrame) -> pd.DataFrame:
    """One row per carrier: flights, share of late ones, mean age and mean seats of the aircraft that flew them."""
    step("fleets", "who flies what")
    flown = flights.astype({"tailnum": str, "carrier": str}).merge(aircraft, on="tailnum", how="left")
    return (
        flown.groupby("carrier")
        .agg(flights=("late", "size"), late=("late", "mean"), age=("age", "mean"), seats=("seats", "mean"))
        .sort_values("flights", ascending=False)
    )
