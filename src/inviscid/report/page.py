"""How a report looks: one page that asks nothing of anybody.

The page forbids the browser all that isn't in it: style and script are allowed by their digests, so what names and
sources could smuggle in wouldn't run even if it weren't escaped. Without the script all is there; only search and
sorting are missing.
"""

from __future__ import annotations

import base64
import hashlib

from inviscid.outcome import Outcome
from inviscid.report import graph
from inviscid.report.cards import badges, card_of, label, text_of
from inviscid.report.collect import Card, Report
from inviscid.report.markup import Markup, tag
from inviscid.units import show_age, show_seconds, show_size, show_time

_KINDS = ("hit", "miss", "bypass")
_COLUMNS = (
    ("function", "text", "module and name"),
    ("entries", "number", "results that are stored"),
    ("kept", "number", "their bytes; what entries share counts for each"),
    ("computed", "number", "what computing them took"),
    ("saved", "number", "what their hits saved"),
    ("hits", "number", "how often they were served"),
    ("last used", "number", "computed or served"),
)
_WIDE, _HIGH = 1000, 14


def page(report: Report) -> str:
    """The whole page."""
    style, script = text_of("style.css") + text_of("page.css"), text_of("script.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    links = {card.definitions[0].name: f"#f-{at}" for at, card in enumerate(report.cards) if card.definitions}
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "inviscid report"),
        tag("style", Markup(style)),
    )
    cards = [card_of(card, report.made, links, f"f-{at}") for at, card in enumerate(report.cards)]
    main = tag(
        "main",
        _header(report),
        *(tag("p", notice, class_="notice", role="status") for notice in report.notices),
        _tiles(report) if report.exists else None,
        _outcomes(report),
        _pipeline(report, links),
        _functions(report) if cards else None,
        tag("section", tag("h2", "In detail"), *cards, class_="cards") if cards else None,
        class_="inviscid",
    )
    body = tag("body", main, tag("script", Markup(script)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _header(report: Report) -> Markup:
    where = tag("p", "the store ", tag("code", report.stats.path), f", as it was on {show_time(report.made)}")
    return tag("header", tag("h1", "inviscid ", tag("span", "report")), where)


def _tiles(report: Report) -> Markup:
    stats = report.stats
    counts = _counts(report)
    calls = sum(counts.values())
    all_calls = "1 call" if calls == 1 else f"{calls:,} calls"
    rate = f"{100 * counts['hit'] / calls:.0f} % of {all_calls}" if calls else "no calls"
    tiles = [
        _tile("functions", f"{stats.functions:,}", "1 entry" if stats.entries == 1 else f"{stats.entries:,} entries"),
        _tile("kept", show_size(stats.bytes), f"{stats.pins:,} pinned" if stats.pins else "nothing pinned"),
        _tile("computed", show_seconds(stats.seconds), "for what is stored"),
        _tile("saved", show_seconds(stats.saved), "by hits"),
        _tile("hits", f"{counts['hit']:,}", rate),
    ]
    if stats.quarantined:
        tiles.append(_tile("damaged", f"{stats.quarantined:,}", "in quarantine"))
    return tag("ul", *tiles, class_="tiles")


def _tile(name: str, value: str, more: str) -> Markup:
    return tag("li", tag("b", value), tag("span", name), tag("small", more))


def _counts(report: Report) -> dict[str, int]:
    counts = dict.fromkeys((*_KINDS, "other"), 0)
    for name, (count, _) in report.stats.outcomes.items():
        counts[_kind(name)] += count
    return counts


def _kind(outcome: str) -> str:
    # A newer version may have counted others.
    return Outcome[outcome].kind if outcome in Outcome.__members__ else "other"


def _outcomes(report: Report) -> Markup | None:
    """What became of calls: a bar, and how often each outcome came about."""
    counts = _counts(report)
    total = sum(counts.values())
    if not total:
        return None
    bars: list[Markup] = []
    left = 0.0
    for kind in _KINDS:
        width = _WIDE * counts[kind] / total
        told = tag("title", f"{kind}: {counts[kind]:,}")
        bars.append(tag("rect", told, class_=kind, x=f"{left:.1f}", y=0, width=f"{width:.1f}", height=_HIGH))
        left += width
    bar = tag(
        "svg", *bars,
        class_="bar", viewBox=f"0 0 {_WIDE} {_HIGH}", preserveAspectRatio="none",
        role="img", aria_label=", ".join(f"{kind}: {counts[kind]:,}" for kind in _KINDS),
    )  # fmt: skip
    chips = [
        tag("li", tag("i", class_=_kind(name)), name, tag("b", f"{count:,}"), tag("small", show_seconds(took)))
        for name, (count, took) in report.stats.outcomes.items()
    ]
    return tag("section", tag("h2", "What became of calls"), bar, tag("ul", *chips, class_="chips"), class_="outcomes")


def _pipeline(report: Report, links: dict[str, str]) -> Markup | None:
    drawing = graph.draw(graph.between_cards(report.cards, links), "which cached function reaches which")
    if drawing is None:
        return None
    told = tag("p", "Which cached function reaches which. A click leads to its card.", class_="faint")
    return tag("section", tag("h2", "The pipeline"), told, drawing, class_="pipeline")


def _functions(report: Report) -> Markup:
    heads = [
        tag("th", tag("button", name, type="button", title=title), scope="col", class_=kind)
        for name, kind, title in _COLUMNS
    ]
    rows = [_row(card, report.made, f"f-{at}") for at, card in enumerate(report.cards)]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), id="functions")
    field = tag(
        "input",
        type="search", id="search", aria_label="search", autocomplete="off", spellcheck="false",
        placeholder="Search names, arguments, config, reasons, sources …",
    )  # fmt: skip
    every = tag("button", "open all", type="button", id="all")
    # The script shows it: without the script it would do nothing.
    tools = tag("div", field, tag("span", id="found", role="status"), every, class_="search", id="tools", hidden=True)
    return tag("section", tag("h2", "Functions"), tools, tag("div", table, class_="scroll"), class_="functions")


def _row(card: Card, now: float, name: str) -> Markup:
    found = card.summary
    numbers = [
        (found.entries, f"{found.entries:,}"),
        (found.bytes, show_size(found.bytes)),
        (found.seconds, show_seconds(found.seconds)),
        (found.saved, show_seconds(found.saved)),
        (found.hits, f"{found.hits:,}"),
        (found.used, show_age(now - found.used)),
    ]
    first = tag("td", tag("a", label(card.function), href=f"#{name}"), badges(card), data_value=card.function)
    cells = [tag("td", shown, data_value=value, class_="number") for value, shown in numbers]
    return tag("tr", first, *cells, data_card=name)
