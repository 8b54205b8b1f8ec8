"""Judging: what was measured against a target.

A *mark* on a library in a row says that it doesn't do the work of the row: something that decides the result was
changed, and the result of before came. Such a library is no best peer, and inviscid meets no target with a mark.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from measure import Figures

BEST = "the best peer"
"""The quickest of the peers without a mark."""


@dataclass(frozen=True)
class Target:
    """A bound on a ratio of medians.

    Attributes:
        against: a contender, or `BEST`.
        faster: how often inviscid's time goes into the other's at least.
        within: how often the other's time goes into inviscid's at most. One of the two is given.
        called: what the other is called where it is shown.
    """

    against: str
    faster: float = 0.0
    within: float = 0.0
    called: str = ""

    def __str__(self) -> str:
        name = self.called or self.against
        return f"≥ {self.faster:g}× faster than {name}" if self.faster else f"≤ {self.within:g}× {name}"


@dataclass(frozen=True)
class Verdict:
    """What became of a target.

    Attributes:
        target: the target.
        ratio: the figure that the target bounds; None where one of the two could not be measured.
        met: whether it is kept.
        why: why it isn't, where the ratio doesn't say it.
    """

    target: Target
    ratio: float | None
    met: bool
    why: str = ""

    def __str__(self) -> str:
        said = "met" if self.met else "missed"
        figure = "not measured" if self.ratio is None else f"{self.ratio:.2f}×"
        return f"{self.target}: {figure}, {said}{f' ({self.why})' if self.why else ''}"


def judge(target: Target, figures: Mapping[str, Figures], peers: Collection[str], marked: Collection[str]) -> Verdict:
    """The verdict on one target."""
    against = target.against
    if against == BEST:
        fit = [name for name in peers if name in figures and name not in marked]
        against = min(fit, key=lambda name: figures[name].median, default="")
    if "inviscid" not in figures or against not in figures:
        missing = "inviscid" if "inviscid" not in figures else target.against
        return Verdict(target, None, met=False, why=f"nothing of {missing}")
    own, other = figures["inviscid"].median, figures[against].median
    if own <= 0 or other <= 0:
        return Verdict(target, None, met=False, why="less than what is taken off")
    ratio = other / own if target.faster else own / other
    kept = ratio >= target.faster if target.faster else ratio <= target.within
    why = "inviscid did not do the work" if "inviscid" in marked else ""
    return Verdict(target, ratio, met=kept and not why, why=why)
