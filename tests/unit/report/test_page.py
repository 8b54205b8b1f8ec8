"""The page: nothing of a user's is markup, nothing comes from elsewhere, and all of it is there without the script."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import warnings
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from inviscid import Store, cached, settings
from inviscid.digest import pack
from inviscid.entry import Entry, Provenance
from inviscid.errors import ReportError
from inviscid.outcome import Outcome
from inviscid.report import collect, page, write
from inviscid.report.collect import Card, Definition
from inviscid.report.graph import NODES, between_cards, draw, reached
from inviscid.report.markup import Markup, escaped, join, tag
from inviscid.store import FunctionSummary

HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'><script>alert(2)</script>&\x1b\u202e\x00"


class Seen(HTMLParser):
    """The elements of a page, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def hostile(path: Path) -> Store:
    """A store in which every text is an attack."""
    store = Store(path / HOSTILE.replace("/", "_").replace("\x00", ""))
    for number in (1, 2):
        parts = pack(
            {
                "config": [[f"k{HOSTILE}", bytes([number]), HOSTILE]],
                "inputs": [[HOSTILE, bytes([number]) * 8]],
                "freeze": {"arguments": HOSTILE},
                "environment": [],
            }
        )
        origin = Provenance(f"m{HOSTILE}:f{HOSTILE}", bytes([number]) * 32, parts, time.time() + number, 1.0, HOSTILE)
        body = pack(
            [
                [f"m.{HOSTILE}", HOSTILE, b"\x01" * 8, f"{HOSTILE}{number}", [HOSTILE, "m.x"]],
                ["m.x", "value", b"\x02" * 8, HOSTILE, []],
            ]
        )
        entry = Entry(bytes([number]) * 32, HOSTILE, b"", 0, b"", b"", b"", origin)
        store.publish(entry, [b"x"], preimage=body, durable=False)
        store.pin(entry.key, HOSTILE)
    return store


def test_no_text_is_markup(tmp_path: Path) -> None:
    text = page(collect(hostile(tmp_path)))
    seen = Seen(text)
    names = [name for name, _ in seen.elements]
    assert names.count("script") == names.count("style") == 1
    assert "img" not in names
    assert seen.open == []
    assert not [key for _, attributes in seen.elements for key in attributes if key.startswith("on") or key == "src"]
    assert not {"\x1b", "\u202e", "\x00"} & set(text)
    assert "".join(seen.text).count("<img src=x onerror=alert(1)>") > 8


def test_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    text = page(collect(hostile(tmp_path)))
    seen = Seen(text)
    # The one address is the name of a vocabulary.
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert {attributes["href"][:1] for name, attributes in seen.elements if name == "a"} <= {"#"}  # type: ignore[index]
    assert not [
        name
        for name, attributes in seen.elements
        if "style" in attributes or name in {"link", "iframe", "object", "base"}
    ]
    policy = next(
        attributes["content"]
        for _, attributes in seen.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    for name in ("style", "script"):
        inside = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    for word in ("url(", "@import", "eval(", "innerHTML", "fetch("):
        assert word not in text.replace(HOSTILE, "")


def test_without_the_script_all_is_there(project: Any) -> None:
    module = project.edit("from inviscid import cached\n\nRATE = 3\n\n@cached\ndef f(x):\n    return x * RATE\n")
    module.f(7)
    module.f(7)
    report = collect(Store(settings.store_path()))
    seen = Seen(page(report))
    text = " ".join(seen.text)
    for told in ("mod:", "first call", "x=7", "mod.RATE", "return x * RATE", report.cards[0].lines[0].key[:12]):
        assert told in text
    hidden = [attributes["id"] for _, attributes in seen.elements if "hidden" in attributes]
    # Search would do nothing.
    assert hidden == ["tools"]


def test_outcomes_are_shown_with_those_of_newer_versions(isolated: Path) -> None:
    store = Store(isolated)
    store.count(Outcome.HIT, 2.0)
    store.count(Outcome.BYPASS_OFF)
    with store.claim(b"k" * 32):
        pass
    store.close()
    store._index.write(lambda connection: connection.execute("INSERT INTO statistics VALUES (99, 2, 0.0)"))
    text = page(collect(store))
    assert "25 % of 4 calls" in text
    assert ">BYPASS_OFF<b>1</b>" in text
    assert ">99<b>2</b>" in text


def test_quarantine_is_told(isolated: Path) -> None:
    store = Store(isolated)
    with store.claim(b"k" * 32):
        pass
    store._index.write(lambda connection: connection.execute("INSERT OR REPLACE INTO meta VALUES ('quarantined', 3)"))
    assert "<b>3</b><span>damaged</span>" in page(collect(store))


def test_a_page_of_nothing(tmp_path: Path) -> None:
    seen = Seen(page(collect(Store(tmp_path / "none"))))
    assert "There is no store at" in " ".join(seen.text)
    assert "table" not in [name for name, _ in seen.elements]


# Writing --------------------------------------------------------------------------------------------------------------


def test_what_was_there_is_replaced_whole(tmp_path: Path) -> None:
    report = collect(Store(tmp_path / "none"))
    (tmp_path / "r.html").write_text("old")
    write(report, tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [file.name for file in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.parametrize("name", ["", "missing/r.html", "file/r.html", f"{'n' * 300}.html"])
def test_a_place_that_can_not_be_written_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="the report can't be written to /") as caught:
        write(collect(Store(tmp_path / "none")), tmp_path / name)
    assert isinstance(caught.value, OSError)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


# Markup ---------------------------------------------------------------------------------------------------------------


def test_markup() -> None:
    assert escaped("<b>\n") == "&lt;b&gt;\n"
    assert escaped(Markup("<b>")) == "<b>"
    assert escaped("\x07\u2066") == r"\x07\u2066"
    assert join("<", None, Markup("<i>"), 3) == "&lt;<i>3"
    assert (
        tag("p", "a&b", class_='"', data_value=1, hidden=True, open=False, title=None)
        == '<p class="&quot;" data-value="1" hidden>a&amp;b</p>'
    )
    assert tag("input", id="x") == '<input id="x">'


# Drawings -------------------------------------------------------------------------------------------------------------


def card(name: str, *definitions: tuple[str, str, tuple[str, ...]]) -> Card:
    parts = tuple(Definition(found, kind, "", refers) for found, kind, refers in definitions)
    return Card(name, FunctionSummary(name, 1, 1, 1.0, 0.0, 0, 1.0), 0, 0, False, (), parts, 0)


def test_what_a_card_reaches_is_drawn_without_what_belongs_to_something() -> None:
    found = card(
        "m:f",
        ("m.f", "function", ("m.C", "m.f, default of 'k'", "builtins.len", "numpy.mean", "inviscid.configuration.X")),
        ("m.C", "class", ("m.C.LIMIT", "m.C.run")),
        ("m.C.LIMIT", "value", ("m.made",)),
        ("m.C.run", "function", ("m.f",)),
        ("m.f, default of 'k'", "value", ("m.made",)),
        ("m.made", "function", ()),
    )
    graph = reached(found, {"m.made": "#f-1"})
    assert [(node.name, node.kind, node.link) for node in graph.nodes] == [
        ("m.f", "root", ""),
        ("m.C", "class", ""),
        ("numpy.mean", "outside", ""),
        ("m.made", "cached", "#f-1"),
        ("m.C.run", "function", ""),
    ]
    assert set(graph.edges) == {
        ("m.f", "m.C"),
        ("m.f", "numpy.mean"),
        ("m.f", "m.made"),
        ("m.C", "m.made"),
        ("m.C", "m.C.run"),
        ("m.C.run", "m.f"),
    }
    drawing = draw(graph, "it")
    assert drawing is not None
    assert drawing.count("<rect") == 5
    assert drawing.count("<path") == 6
    assert '<a href="#f-1">' in drawing


def test_cards_are_joined_through_code_that_is_not_cached() -> None:
    top = card(
        "m:top",
        ("m.top", "function", ("m.help",)),
        ("m.help", "function", ("m.mid",)),
        ("m.mid", "function", ("m.low",)),
        ("m.low", "function", ()),
    )
    mid = card("m:mid", ("m.mid", "function", ("m.low",)), ("m.low", "function", ()))
    low = card("m:low", ("m.low", "function", ()))
    lone = card("m:lone", ("m.lone", "function", ()))
    graph = between_cards((top, mid, low, lone, card("m:none")), {"m.top": "#f-0"})
    assert [node.title for node in graph.nodes] == ["m:top", "m:mid", "m:low"]
    assert graph.edges == (("m.top", "m.mid"), ("m.mid", "m.low"))


def test_circles_are_drawn() -> None:
    ring = card(
        "m:a", ("m.a", "function", ("m.b",)), ("m.b", "function", ("m.c",)), ("m.c", "function", ("m.a", "m.b"))
    )
    drawing = draw(reached(ring, {}), "ring")
    assert drawing is not None
    lefts = re.findall(r'<rect x="(\d+)"', drawing)
    assert lefts == sorted(lefts, key=int)
    assert len(set(lefts)) == 3


def test_a_large_drawing_is_cut_and_says_so() -> None:
    names = [f"m.f{at}" for at in range(100)]
    graph = reached(card("m:f", ("m.f", "function", tuple(names)), *((name, "function", ()) for name in names)), {})
    assert (len(graph.nodes), graph.hidden) == (NODES, 101 - NODES)
    assert "and 53 more that aren&#x27;t drawn" in str(draw(graph, "it"))
    assert draw(reached(card("m:f"), {}), "nothing") is None
    assert draw(reached(card("m:f", ("m.f", "function", ())), {}), "itself alone") is None


def test_long_names_are_drawn_by_their_end() -> None:
    drawing = draw(
        reached(card("m:f", ("m.f", "function", ("m." + "x" * 60,)), ("m." + "x" * 60, "value", ())), {}), "it"
    )
    assert f">…{'x' * 29}<" in str(drawing)


# Notebooks ------------------------------------------------------------------------------------------------------------


def test_a_notebook_shows_the_card(project: Any) -> None:
    module = project.edit(
        "from inviscid import cached\n\n@cached\ndef f(x):\n    return x * 3\n\n@cached\ndef other(x):\n    return x\n"
    )
    module.f(7)
    module.f(7)
    module.other(1)
    seen = Seen(module.f._repr_html_())
    text = " ".join(seen.text)
    assert "return x * 3" in text
    assert "other" not in text
    assert seen.open == []
    assert [name for name, _ in seen.elements][:2] == ["div", "style"]
    assert "script" not in [name for name, _ in seen.elements]
    assert module.f(7) == 21


def test_a_notebook_without_results_is_told_so(tmp_path: Path, project: Any) -> None:
    module = project.edit("from inviscid import cached\n\n@cached\ndef f(x):\n    return x * 3\n")
    assert "There is no store at" in module.f._repr_html_()
    module.f(1)
    module.f.clean()
    assert "mod:f has no results in the store." in module.f._repr_html_()


def test_a_store_that_can_not_be_used_is_told_in_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    @cached(store=tmp_path / "file")
    def f(x: int) -> int:
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 'class="notice"' in f._repr_html_()
