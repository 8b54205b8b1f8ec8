"""The plot of a run: for each row, times as ratios to inviscid's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from run import Result

_COLORS = {"joblib": "#3182bd", "diskcache": "#9ecae1", "checkpointer": "#fdae6b", "floor": "#bdbdbd"}


def plot(results: Sequence[Result], libraries: list[str], file: Path) -> None:
    """Bars to the right are slower than inviscid, bars to the left faster. Those with a mark are hatched."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "inviscid"
    mpl.rcParams["hatch.linewidth"] = 0.6
    from matplotlib import pyplot as plt

    shown = [one for one in results if "inviscid" in one.figures and one.figures["inviscid"].median > 0]
    names = [name for name in [*libraries, "floor"] if name != "inviscid"]
    figure, axes = plt.subplots(figsize=(10, 0.75 * len(shown) + 1.4))
    height = 0.8 / max(1, len(names))
    least = most = 1.0
    for number, name in enumerate(names):
        for place, one in enumerate(shown):
            if name not in one.figures or one.figures[name].median <= 0:
                continue
            ratio = one.figures[name].median / one.figures["inviscid"].median
            least, most = min(least, ratio), max(most, ratio)
            at = place + (number - (len(names) - 1) / 2) * height
            hatch = "////" if name in one.marked else None
            axes.barh(at, ratio - 1, left=1, height=height, color=_COLORS.get(name), hatch=hatch, edgecolor="white")
            near = ratio * (1.08 if ratio >= 1 else 0.93)
            text = f"{ratio:.2g}" if ratio < 100 else f"{ratio:.0f}"
            axes.text(near, at, text, va="center", ha="left" if ratio >= 1 else "right", fontsize=7, color="#555555")
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(shown)), [one.row.title for one in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    # Room for the figures beside the bars.
    axes.set_xlim(least / 2.5, most * 3)
    axes.set_xlabel("time as a ratio to inviscid's (1), log scale: left is faster than inviscid, right is slower")
    handles = [plt.Rectangle((0, 0), 1, 1, color=_COLORS[name]) for name in names]
    handles.append(plt.Rectangle((0, 0), 1, 1, facecolor="white", edgecolor="#777777", hatch="////"))
    axes.legend(
        handles,
        [*names, "does not notice the alteration"],
        loc="lower center",
        bbox_to_anchor=(0.45, 1.0),
        ncols=5,
        frameon=False,
        fontsize=9,
    )
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)
