"""The latest entries of a card, as a table."""

from __future__ import annotations

from inviscid.outcome import Outcome
from inviscid.report.collect import Card, Line
from inviscid.report.markup import Markup, join, tag
from inviscid.units import show_age, show_seconds, show_size, show_time

_DIGITS = 12
_NUMBERS = ("took", "size", "hits")
_COLUMNS = ("computed", "what went in", "why it was computed", *_NUMBERS, "key")


def table(card: Card, now: float) -> Markup | None:
    """The entries, the newest first; None where none can be read."""
    if not card.lines:
        return None
    heads = [tag("th", name, scope="col", class_="number" if name in _NUMBERS else None) for name in _COLUMNS]
    rows = [_row(line, now) for line in card.lines]
    more = card.summary.entries - len(card.lines)
    left = tag("p", f"and {more:,} more in the store", class_="faint") if more > 0 else None
    drawn = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="entries")
    return tag("section", tag("h3", "Latest entries"), tag("div", drawn, class_="scroll"), left)


def _row(line: Line, now: float) -> Markup:
    used = f"last served {show_age(now - line.accessed)}" if line.hits else "never served"
    when = tag(
        "td", tag("span", show_age(now - line.created), title=show_time(line.created)), tag("small", line.origin)
    )
    return tag(
        "tr",
        when,
        tag("td", _inputs(line)),
        tag("td", _why(line), class_="why"),
        tag("td", show_seconds(line.seconds), class_="number"),
        tag("td", show_size(line.size), class_="number", title=line.codec),
        tag("td", f"{line.hits:,}", class_="number", title=used),
        tag("td", tag("code", line.key[:_DIGITS], title=line.key), _marks(line)),
    )


def _inputs(line: Line) -> Markup:
    config = [tag("small", "config ", tag("code", f"{key} = {shown or '…'}")) for key, shown in line.config]
    arguments = tag("code", line.arguments) if line.arguments else tag("span", "no arguments", class_="faint")
    return join(arguments, *config)


def _why(line: Line) -> Markup:
    kind = Outcome[line.outcome].kind
    first, *others = line.reasons or ("",)
    reasons = [tag("span", first, class_=f"reason {kind}"), *(tag("span", text, class_="reason") for text in others)]
    compared = f"compared with {line.nearest[:_DIGITS]}" if line.nearest else None
    diff = None
    if line.diff:
        diff = tag("details", tag("summary", "what changed in the code"), tag("pre", *_diff(line.diff)), class_="diff")
    return join(tag("div", *reasons, title=compared), diff)


def _diff(text: str) -> list[Markup]:
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return [tag("span", f"{row}\n", class_=kinds.get(row[:1])) for row in text.splitlines()]


def _marks(line: Line) -> Markup:
    return join(
        tag("span", "accepted", class_="badge accepted", title=line.accepted) if line.accepted is not None else None,
        tag("span", "frozen", class_="badge frozen", title=line.frozen) if line.frozen is not None else None,
        tag("span", "pinned", class_="badge pinned", title=line.pinned) if line.pinned is not None else None,
    )
