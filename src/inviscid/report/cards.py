"""How a card looks, on the page and alone in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from inviscid.errors import InviscidError
from inviscid.report import entries, graph
from inviscid.report.collect import Card, Definition, collect
from inviscid.report.markup import Markup, join, tag
from inviscid.store import Store
from inviscid.units import show_age, show_seconds, show_size, show_time


@cache
def text_of(name: str) -> str:
    """A file that stands beside this one."""
    return files("inviscid.report").joinpath(name).read_text(encoding="utf-8")


def notebook_card(function: str, store: Callable[[], Store]) -> str:
    """The card of one function as a piece of HTML. It stands below a cell: what is wrong is told in it, not raised."""
    try:
        report = collect(store(), function)
    except InviscidError as error:
        return _alone(tag("p", f"{function}: {error}", class_="notice"))
    notices = [tag("p", notice, class_="notice") for notice in report.notices]
    return _alone(*notices, *(card_of(card, report.made, {}, None) for card in report.cards))


def _alone(*children: Markup) -> str:
    return tag("div", tag("style", Markup(text_of("style.css"))), *children, class_="inviscid alone")


def card_of(card: Card, now: float, links: Mapping[str, str], name: str | None) -> Markup:
    """All that is told of one function. One that has no name to be led to is alone, and open."""
    found = card.summary
    count = "1 entry" if found.entries == 1 else f"{found.entries:,} entries"
    brief = f"{count} · {show_size(found.bytes)} · saved {show_seconds(found.saved)}"
    summary = tag("summary", label(card.function), badges(card), tag("span", brief, class_="brief"))
    inside = tag("div", _figures(card, now), entries.table(card, now), _reach(card, links), class_="inside")
    return tag("details", summary, inside, class_="card", id=name, open=name is None)


def label(function: str) -> Markup:
    """The name of a function, its module paler than itself."""
    module, colon, qualname = function.rpartition(":")
    return tag("code", tag("span", module + colon, class_="module"), tag("b", qualname), class_="name")


def badges(card: Card) -> Markup:
    """What people said of it."""
    frozen = "frozen as a whole" if card.frozen_whole else f"{card.frozen} frozen" if card.frozen else ""
    accepted = f"{_edits(card.accepted)} accepted"
    return join(
        tag("span", accepted, class_="badge accepted") if card.accepted else None,
        tag("span", frozen, class_="badge frozen") if frozen else None,
        tag("span", f"{card.pinned} pinned", class_="badge pinned") if card.pinned else None,
    )


def _edits(count: int) -> str:
    return "1 edit" if count == 1 else f"{count:,} edits"


def _figures(card: Card, now: float) -> Markup:
    found = card.summary
    frozen = f"{card.frozen:,} calls" if card.frozen != 1 else "1 call"
    figures = [
        ("entries", f"{found.entries:,}", None),
        ("kept", show_size(found.bytes), None),
        ("computed", show_seconds(found.seconds), None),
        ("saved", show_seconds(found.saved), None),
        ("hits", f"{found.hits:,}", None),
        ("first computed", show_age(now - found.oldest), show_time(found.oldest)),
        ("last computed", show_age(now - found.newest), show_time(found.newest)),
        ("last used", show_age(now - found.used), show_time(found.used)),
        ("frozen", "as a whole" if card.frozen_whole else frozen if card.frozen else "no", None),
        ("accepted", _edits(card.accepted) if card.accepted else "no", None),
        ("pinned", f"{card.pinned:,}" if card.pinned else "no", None),
    ]
    return tag("dl", *(tag("div", tag("dt", what), tag("dd", value, title=more)) for what, value, more in figures))


def _reach(card: Card, links: Mapping[str, str]) -> Markup | None:
    if not card.definitions:
        return None
    count = len(card.definitions) + card.more_definitions
    drawing = graph.draw(graph.reached(card, links), f"what {card.function} reaches")
    more = tag("p", f"and {card.more_definitions} more", class_="faint") if card.more_definitions else None
    head = tag("summary", "1 definition" if count == 1 else f"{count} definitions", ", as they are compared")
    listed = tag("details", head, *map(_definition, card.definitions), more, class_="definitions")
    return tag("section", tag("h3", "What it reaches"), drawing, listed)


def _definition(definition: Definition) -> Markup:
    refers = tag("p", "refers to ", ", ".join(definition.refers), class_="faint") if definition.refers else None
    shown = tag("pre", definition.shown) if definition.shown else tag("p", "not shown", class_="faint")
    head = tag("summary", tag("code", definition.name), tag("span", definition.kind, class_="kind"))
    return tag("details", head, shown, refers)
