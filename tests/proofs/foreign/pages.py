"""The pages of the documentation that proofs fill: what a run found stands between two marks."""

from __future__ import annotations

import datetime as dt
import platform
from pathlib import Path

PAGES = Path(__file__).parents[3] / "docs" / "explanation" / "proofs"


def fill(proof: str, text: str) -> None:
    """Replace what the page of a proof shows of its last run."""
    file = PAGES / f"{proof}.md"
    begin, end = (f"<!-- written by nox -s {proof}: {part} -->" for part in ("begin", "end"))
    top, _, rest = file.read_text(encoding="utf-8").partition(begin)
    _, _, bottom = rest.partition(end)
    today = dt.datetime.now(tz=dt.UTC).date()
    made = f"Run on {today}, with Python {platform.python_version()}."
    file.write_text(f"{top}{begin}\n\n{made}\n\n{text}\n\n{end}{bottom}", encoding="utf-8")
