"""One picture of four panels, and one page that carries it. The page needs no other file."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

import pandas as pd

from inviscid import cached, config
from pipeline.progress import step

INK, QUIET, PAPER = "#1f2933", "#7b8794", "#fbfaf7"
WARM, COOL = "#c8553d", "#2f6690"
CROWDED = 8  # years
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
SPOKEN = {
    "departure": "hour of departure",
    "arrival": "hour of arrival",
    "carrier": "carrier",
    "dest": "destination",
    "origin": "airport",
    "month": "month",
    "weekday": "day of the week",
    "distance": "distance",
    "temp": "temperature",
    "dewp": "dew point",
    "humid": "humidity",
    "wind_speed": "wind",
    "precip": "rain and snow",
    "pressure": "air pressure",
    "visib": "visibility",
    "age": "age of the aircraft",
    "seats": "seats",
    "rush": "departures that hour",
    "carrier_lately": "carrier, lately",
    "airport_lately": "airport, lately",
    "route_lately": "route, lately",
}


@cached
def chart(scores: dict[str, Any], lateness: pd.DataFrame, fleets: pd.DataFrame, airlines: dict[str, str]) -> bytes:
    """The picture, as PNG: when flights are late, whose are, what the model rests on, and whether it is honest."""
    step("chart", "drawing")
    # Imported here: a run that finds the picture in the store has no need of matplotlib.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 9), facecolor=PAPER, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.25, h_pad=0.22, wspace=0.03, hspace=0.04)
    (when, whose), (why, honest) = figure.subplots(2, 2, width_ratios=[1.15, 1])
    draw_lateness(when, lateness)
    draw_fleets(whose, fleets, airlines)
    draw_importance(why, scores["importance"])
    draw_calibration(honest, scores["calibration"])
    file = io.BytesIO()
    # No date and no version in the file: the same numbers give the same bytes.
    figure.savefig(file, format="png", dpi=130, metadata={"Software": None})
    return file.getvalue()


def headed(axes: Any, title: str, subtitle: str) -> None:
    """A title with a quieter line below it, and no frame."""
    axes.set_facecolor(PAPER)
    axes.set_title(f"{title}\n", loc="left", fontsize=13, fontweight="bold", color=INK)
    axes.text(0, 1.025, subtitle, transform=axes.transAxes, fontsize=10, color=QUIET)
    axes.tick_params(colors=QUIET, labelsize=9, length=0)
    axes.spines[:].set_visible(False)


def draw_lateness(axes: Any, lateness: pd.DataFrame) -> None:
    """Share of late flights by month and hour, as a heat map."""
    headed(axes, "When flights are late", "share of flights at least 15 minutes late, by scheduled hour and month")
    image = axes.imshow(lateness.to_numpy(), aspect="auto", cmap="YlOrRd", vmin=0, vmax=0.6)
    axes.set_xticks(range(lateness.shape[1]), [MONTHS[month - 1] for month in lateness.columns])
    hours = list(lateness.index)
    axes.set_yticks(range(0, len(hours), 2), [f"{hour:.0f}:00" for hour in hours[::2]])
    bar = axes.figure.colorbar(image, ax=axes, format=lambda share, _: f"{share:.0%}", shrink=0.9, aspect=28, pad=0.015)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=QUIET, labelsize=9, length=0)


def draw_fleets(axes: Any, fleets: pd.DataFrame, airlines: dict[str, str]) -> None:
    """Carriers by the age of their aircraft and by lateness; the area of a bubble is the number of flights."""
    headed(axes, "Whose flights are late", "mean age of the aircraft against share of late flights; area = flights")
    known = fleets[fleets["flights"] >= 500]
    axes.scatter(
        known["age"], known["late"], s=known["flights"] / 45, color=COOL, alpha=0.55, edgecolor="white", linewidth=1
    )
    for carrier, row in known.iterrows():
        reach = (row["flights"] / 45) ** 0.5 / 2 + 4
        # The young fleets crowd at the left: what is written to the left of them there is in nobody's way.
        side = -1 if row["age"] < CROWDED else 1
        axes.annotate(
            airlines[carrier].split()[0],
            (row["age"], row["late"]),
            xytext=(side * reach, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=9,
            color=INK,
        )
    axes.margins(x=0.22, y=0.15)
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_xlabel("years", color=QUIET, fontsize=9, loc="right")
    axes.grid(color="#e4e0d8", linewidth=0.8)
    axes.set_axisbelow(True)


def draw_importance(axes: Any, importance: pd.Series) -> None:
    """How much worse the ranking gets when a column is shuffled."""
    headed(axes, "What the model rests on", "loss of AUC when a column is shuffled")
    top = importance.head(12)[::-1]
    axes.barh([SPOKEN.get(name, name) for name in top.index], top, color=COOL, height=0.62)
    for row, loss in enumerate(top):
        axes.text(loss + top.max() * 0.012, row, f"{loss:.3f}", va="center", fontsize=8.5, color=QUIET)
    axes.tick_params(axis="y", colors=INK, labelsize=10)
    axes.set_xticks([])


def draw_calibration(axes: Any, calibration: pd.DataFrame) -> None:
    """Predicted against observed share of late flights."""
    headed(axes, "Whether it is honest", "of flights given this chance of being late, so many were")
    limit = float(calibration.max().max()) * 1.08
    axes.plot([0, limit], [0, limit], color=QUIET, linewidth=1, linestyle=(0, (4, 4)))
    axes.plot(calibration["predicted"], calibration["observed"], color=WARM, linewidth=2, marker="o", markersize=5)
    axes.text(limit * 0.74, limit * 0.81, "as predicted", ha="right", va="center", fontsize=9, color=QUIET)
    axes.set_xlim(0, limit)
    axes.set_ylim(0, limit)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_xlabel("predicted", color=QUIET, fontsize=9, loc="right")
    axes.set_ylabel("observed", color=QUIET, fontsize=9, loc="top")
    axes.grid(color="#e4e0d8", linewidth=0.8)


@cached
def page(scores: dict[str, Any], picture: bytes, title: str = config("report.title")) -> str:
    """The report as one page of HTML, with the picture in it."""
    step("page", "writing")
    facts = {
        f"{scores['flights']:,}": "flights in the weeks that were held out",
        f"{scores['late']:.1%}": "of them late by 15 minutes or more",
        f"{scores['auc']:.3f}": "AUC: how often a late flight is given the higher chance",
        f"{scores['brier']:.3f}": "Brier score of the chances (0 is perfect)",
    }
    tiles = "\n".join(f"<div><b>{number}</b><span>{html.escape(text)}</span></div>" for number, text in facts.items())
    return PAGE.format(title=html.escape(title), tiles=tiles, picture=base64.b64encode(picture).decode("ascii"))


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 1100px; padding: 2.5rem 1.5rem; background: #fbfaf7; color: #1f2933;
       font: 16px/1.5 system-ui, sans-serif; }}
h1 {{ margin: 0; font-size: 2rem; letter-spacing: -.01em; }}
p {{ margin: .3rem 0 1.8rem; color: #7b8794; }}
section {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 1rem;
          margin-bottom: 1.8rem; }}
section div {{ padding: 1rem 1.2rem; background: #fff; border: 1px solid #e4e0d8; border-radius: 10px; }}
b {{ display: block; font-size: 1.7rem; color: #c8553d; }}
span {{ font-size: .86rem; color: #52606d; }}
img {{ width: 100%; border-radius: 10px; border: 1px solid #e4e0d8; }}
</style>
<h1>{title}</h1>
<p>Boosted trees on the departures from Newark, Kennedy and La Guardia, with the weather at the hour, the aircraft,
and how late things ran in the days before.</p>
<section>
{tiles}
</section>
<img alt="When flights are late, whose are, what the model rests on, and whether it is honest"
     src="data:image/png;base64,{picture}">
</html>
"""
