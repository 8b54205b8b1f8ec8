"""What a report tells: the numbers, the reasons and what is reached."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest

from inviscid import Store, mode
from inviscid.digest import pack
from inviscid.entry import Entry, Provenance
from inviscid.outcome import Outcome
from inviscid.report import Card, Report, collect, page, plain
from inviscid.stores import current_store

PREP = """
    RATE = 1.2

    def scale(values):
        return [value * RATE for value in values]
"""
PIPE = """
    import prep
    from inviscid import cached, config

    @cached
    def load(year):
        return [1, 2, 3]

    @cached
    def features(year, window=config("features.window", default=2)):
        return prep.scale(load(year))[:window]
"""


def card(report: Report, name: str) -> Card:
    return next(card for card in report.cards if card.function == name)


@pytest.fixture
def pipeline(project: Any) -> Callable[[str], Any]:
    """The pipeline, with another rate each time that it is asked for."""
    project.write(pipe=PIPE)

    def load(rate: str) -> Any:
        project.write(prep=PREP.replace("1.2", rate))
        return project.load("pipe")

    return load


def test_numbers_and_reasons(pipeline: Callable[[str], Any], isolated: Path) -> None:
    pipe = pipeline("1.2")
    pipe.features(2023)
    pipe.features(2024)
    pipe.features(2024)
    pipeline("1.3").features(2024)
    pipeline("1.3").features.configured({"features.window": 1})(2024)
    report = collect(current_store(None))
    assert [found.function for found in report.cards] == ["pipe:features", "pipe:load"]
    assert report.exists
    assert report.notices == ()
    found = card(report, "pipe:features")
    assert (found.summary.entries, found.summary.hits, found.frozen, found.pinned) == (4, 1, 0, 0)
    assert found.summary.oldest < found.summary.newest <= found.summary.used
    assert [line.reasons for line in found.lines] == [
        ("config features.window 2 → 1",),
        ("prep.RATE 1.2 → 1.3",),
        ("argument 'year' changed",),
        ("first call",),
    ]
    assert [line.outcome for line in found.lines] == ["MISS_CONFIG", "MISS_CODE", "MISS_INPUTS", "MISS_NEW"]
    newest, edited, second, first = found.lines
    assert [newest.nearest, edited.nearest, second.nearest, first.nearest] == [edited.key, second.key, first.key, ""]
    assert (newest.arguments, newest.config) == ("year=2024", (("features.window", "1"),))
    assert "-1.2\n+1.3\n" in edited.diff
    assert newest.diff == second.diff == first.diff == ""
    assert (second.hits, first.hits) == (1, 0)
    assert second.accessed > second.created > first.created
    names = {definition.name: definition for definition in found.definitions}
    assert next(iter(names)) == "pipe.features"
    assert set(names["pipe.features"].refers) >= {"prep.scale", "pipe.load"}
    assert names["prep.scale"].refers == ("prep.RATE",)
    assert (names["prep.RATE"].kind, names["prep.RATE"].shown) == ("value", "1.3")


def test_of_one_function_alone(pipeline: Callable[[str], Any], isolated: Path) -> None:
    pipeline("1.2").features(2023)
    assert [found.function for found in collect(Store(isolated), "pipe:load").cards] == ["pipe:load"]
    report = collect(Store(isolated), "pipe:other")
    assert (report.cards, report.notices) == ((), ("pipe:other has no results in the store.",))


def test_pinned_and_frozen(
    pipeline: Callable[[str], Any], isolated: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    pipe = pipeline("1.2")
    pipe.features(2023)
    pipe.features(2024)
    Store(isolated).pin(bytes.fromhex(pipe.features.key(2023)), because="for Ann")
    pipe.features.calling(2024).freeze(because="sent out")
    pipe.load.freeze()
    report = collect(Store(isolated))
    features, load = report.cards
    assert (features.frozen, features.frozen_whole, features.pinned) == (1, False, 2)
    assert (load.frozen, load.frozen_whole, load.pinned) == (2, True, 2)
    late, early = features.lines
    assert late.frozen is not None
    assert late.frozen.startswith("sent out (20")
    assert (early.frozen, early.pinned) == (None, "for Ann")


def test_a_damaged_lock_file_is_told(
    pipeline: Callable[[str], Any], isolated: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    pipeline("1.2").features(2023)
    (tmp_path / "inviscid.lock").write_text("[[")
    report = collect(Store(isolated))
    assert len(report.cards) == 2
    assert report.cards[0].frozen == 0
    [notice] = report.notices
    assert "inviscid.lock" in notice


def test_what_an_early_cutoff_let_stand(project: Any, isolated: Path) -> None:
    text = """
        from inviscid import cached

        @cached
        def inner(x):
            return x * 2

        @cached
        def outer(x):
            return inner(x) + 1
    """
    module = project.edit(text)
    assert module.outer(3) == 7
    module = project.edit(text.replace("x * 2", "x + x"))
    assert module.outer(3) == 7
    stood, first = card(collect(Store(isolated)), "mod:outer").lines
    assert stood.outcome == "HIT_RETRACED"
    assert stood.reasons == ("not computed again: what it calls gives what it gave", "mod.inner changed, body")
    assert (stood.created, stood.nearest) == (first.created, first.key)
    assert first.reasons == ("first call",)


def test_what_is_computed_in_mode_fresh_says_so(project: Any, isolated: Path) -> None:
    module = project.edit("from inviscid import cached\n\n@cached\ndef f(x):\n    return x\n")
    module.f(1)
    with mode("fresh"):
        module.f(1)
    fresh, _ = card(collect(Store(isolated)), "mod:f").lines
    assert (fresh.outcome, len(fresh.reasons)) == ("MISS_REFRESH", 1)


def put(store: Store, number: int, parts: bytes, **changes: Any) -> None:
    origin = Provenance("pkg:f", changes.get("fingerprint", b"F" * 32), parts, time.time() + number, 2.0, "host:1")
    entry = Entry(bytes([number]) * 32, "plain/1", b"", 0, b"v" * 32, b"", b"", origin)
    store.publish(entry, [bytes([number])], preimage=changes.get("preimage", b""), durable=False)


@pytest.mark.parametrize(
    "parts", [b"", b"\xc1", pack(3), pack({}), pack({"inputs": 3, "config": [1], "freeze": 7}), pack({"config": []})]
)
def test_parts_that_nobody_understands_cost_their_line_alone(isolated: Path, parts: bytes) -> None:
    store = Store(isolated)
    put(store, 1, pack({"config": [["a", b"1", "1"]], "inputs": [["x", b"\x01" * 8]], "environment": []}))
    put(store, 2, parts, fingerprint=b"G" * 32, preimage=b"\xc1\x01junk")
    put(store, 3, pack({"config": [["a", b"2", ""]], "inputs": [["x", b"\x01" * 8]], "environment": []}))
    third, second, first = collect(store).cards[0].lines
    assert first.reasons == ("first call",)
    assert first.arguments == "x: 010101010101…"
    assert second.reasons
    assert third.config == (("a", ""),)


def test_many_entries_and_definitions_are_cut_and_counted(isolated: Path) -> None:
    store = Store(isolated)
    names = [[f"m.f{at}", "function", b"\x01" * 8, "x" * 9000 if at == 0 else "", []] for at in range(300)]
    body = msgpack.packb([*names, ["m.f1", "function", b"\x02" * 8, "again", ["m.f2"]]])
    for number in range(20):
        put(
            store,
            number,
            pack({"config": [], "inputs": [["x", bytes([number]) * 8]], "environment": []}),
            preimage=body,
        )
    [found] = collect(store).cards
    assert (len(found.lines), found.summary.entries) == (12, 20)
    assert (len(found.definitions), found.more_definitions) == (250, 50)
    assert found.definitions[0].shown.endswith("… 3000 more characters")
    assert (found.definitions[1].shown.strip(), found.definitions[1].refers) == ("again", ("m.f2",))
    assert found.lines[-1].reasons == ("argument 'x' changed",)


def test_entries_under_another_key_are_counted_and_said(isolated: Path) -> None:
    store = Store(isolated, signing_key=b"k" * 32)
    put(store, 1, pack({}))
    report = collect(Store(isolated))
    assert (report.cards[0].summary.entries, report.cards[0].lines) == (1, ())
    assert "sealed with another key" in report.notices[0]


def test_an_empty_and_a_missing_store(tmp_path: Path, isolated: Path) -> None:
    missing = collect(Store(tmp_path / "none"))
    assert (missing.exists, missing.cards) == (False, ())
    assert missing.notices == (f"There is no store at {tmp_path / 'none'}.",)
    assert not (tmp_path / "none").exists()
    store = Store(isolated)
    store.count(Outcome.BYPASS_OFF)
    store.close()
    with store.claim(b"k" * 32):
        pass
    empty = collect(store)
    assert (empty.exists, empty.cards, empty.notices) == (True, (), ("The store is empty.",))


def test_as_plain_data(pipeline: Callable[[str], Any], isolated: Path) -> None:
    pipeline("1.2").features(2023)
    found = json.loads(json.dumps(plain(collect(current_store(None)))))
    assert found["stats"]["outcomes"]["MISS_NEW"]["count"] == 2
    features = found["functions"][0]
    assert (features["function"], features["entries"], features["hits"]) == ("pipe:features", 1, 0)
    assert features["lines"][0]["config"] == {"features.window": "2"}
    assert features["definitions"][0]["name"] == "pipe.features"


ACCEPTING = """
    from inviscid import cached

    @cached
    def f(x):
        return [x, len("old")]

    @cached
    def g(x):
        return f(x)
"""


def test_what_an_acceptance_carried_over_is_told(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    module = project.edit(ACCEPTING)
    module.f(1), module.g(1)
    module = project.edit(ACCEPTING.replace("old", "new"))
    module.f.accept(because="the same length")
    assert module.f(1) == [1, 3]
    module.g(1), module.f(2)
    report = collect(current_store(None))
    found = card(report, "mod:f")
    assert found.accepted == 1
    assert card(report, "mod:g").accepted == 0
    (carried,) = [line for line in found.lines if line.accepted is not None]
    assert (carried.outcome, carried.key) == ("HIT_ACCEPTED", module.f.key(1))
    assert carried.accepted is not None
    assert carried.accepted.endswith(": the same length")
    assert carried.reasons == (carried.accepted, "mod.f changed, body")
    assert "len('new')" in carried.diff
    # It rests on one, and is a result of its own code.
    assert [line.accepted for line in card(report, "mod:g").lines] == [None, None]
    assert [row["accepted"] for row in plain(report)["functions"]] == [1, 0]
    for text in (page(report), module.f._repr_html_()):
        assert "1 edit accepted" in text
        assert 'class="badge accepted"' in text
        assert "the same length" in text
    assert "1 edit accepted" not in module.g._repr_html_()
    module.f.revoke()
    report = collect(current_store(None))
    assert card(report, "mod:f").accepted == 0
    told = [line.accepted for line in card(report, "mod:f").lines if line.accepted]
    assert told == ["accepted, and revoked since: not served any more"]
    Path("inviscid.lock").write_text("?")
    report = collect(current_store(None))
    assert report.notices[0].startswith("What is frozen and accepted is not known: ")
    told = [line.accepted for line in card(report, "mod:f").lines if line.accepted]
    assert told == ["accepted; whether that holds is not known"]
