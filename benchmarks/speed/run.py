"""Running a row: its field is made, looked at, timed and judged; its folder is removed."""

from __future__ import annotations

import gc
import tempfile
import time
from dataclasses import dataclass

from caches import PEERS
from judge import Verdict, judge
from measure import Figures, measure
from rows import RAN, Field, Row


@dataclass(frozen=True)
class Result:
    """What a row gave.

    Attributes:
        row: the row.
        figures: by contender.
        marked: libraries that gave the result of before the alteration.
        failed: why others have no figures.
        verdicts: of its targets.
        notes: what there is to say.
        seconds: what the row took.
    """

    row: Row
    figures: dict[str, Figures]
    marked: list[str]
    failed: dict[str, str]
    verdicts: list[Verdict]
    notes: list[str]
    seconds: float


def marks(field: Field) -> list[str]:
    """The libraries whose body doesn't run when something that decides the result is altered."""
    found = []
    if field.alter is not None:
        for name, call in field.calls.items():
            before = RAN.count
            with field.alter():
                call()
            if RAN.count == before:
                found.append(name)
            call()
    return found


def run(row: Row, libraries: list[str], folder: str, *, seconds: float, quick: bool) -> Result:
    """The result of one row."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"{row.name}-", dir=folder, ignore_cleanup_errors=True) as place:
        field = Field(place, libraries, quick)
        row.make(field)
        figures = measure(field.contenders, seconds=seconds, least=row.least, baseline=field.baseline)
        # Afterwards: what was altered and put back may have left a library on a slower way.
        marked = marks(field)
        if field.refuted:
            field.notes.append(f"not refused: {', '.join(field.refuted)}")
            marked.append("inviscid")
        verdicts = [judge(target, figures, PEERS, marked) for target in row.targets]
        result = Result(row, figures, marked, field.failed, verdicts, field.notes, 0.0)
        del field
        gc.collect()
    return Result(**{**vars(result), "seconds": time.monotonic() - started})
