"""Events: each call is told once to all who subscribed, whatever way it would have gone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

import inviscid
from inviscid import Event, InviscidWarning, Outcome, cached, mode, moved, subscribe
from inviscid.events import ago

Ran = Callable[[], list[str]]


@cached
def doubled(x: Any) -> Any:
    sys.audit("test.ran", "doubled")
    return 2 * x


def test_each_call_is_told_once(ran: Ran) -> None:
    told: list[Event] = []
    start = time.time()
    with subscribe(told.append):
        for _ in range(6):
            assert doubled(3) == 6
        with mode("off"):
            doubled(3)
        doubled.map([3, 4, 3])
    doubled(5)
    kinds = [event.outcome for event in told]
    assert kinds[:7] == [Outcome.MISS_NEW, *[Outcome.HIT] * 5, Outcome.BYPASS_OFF]
    assert kinds[7:] == [Outcome.HIT, Outcome.MISS_INPUTS, Outcome.HIT]
    assert {event.function for event in told} == {f"{__name__}:doubled"}
    assert told[0].key == doubled.key(3)
    assert start <= told[0].time <= time.time()
    assert ran() == ["doubled"] * 4


def test_who_comes_later_hears_of_hits_that_went_the_short_way(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else what other tests changed just now keeps everybody on the whole path.
    monkeypatch.setattr(moved, "_RESTLESS", 0.0)
    for _ in range(8):
        doubled(3)
    assert doubled._shortcut.look is not None
    told: list[Event] = []
    subscription = subscribe(told.append)
    for _ in range(8):
        doubled(3)
    assert [event.outcome for event in told] == [Outcome.HIT] * 8
    subscription.close()
    subscription.close()
    for _ in range(8):
        doubled(3)
    assert len(told) == 8
    assert ran() == ["doubled"]


def test_the_shape_is_that_of_opentelemetry() -> None:
    told: list[Event] = []
    with subscribe(told.append):
        doubled(1)
        doubled(1)
    miss, hit = told
    assert (miss.name, hit.name) == ("inviscid.miss", "inviscid.hit")
    assert miss.attributes == {
        "code.function.name": f"{__name__}.doubled",
        "inviscid.outcome": "MISS_NEW",
        "inviscid.key": doubled.key(1),
        "inviscid.seconds": miss.seconds,
        "inviscid.reasons": list(miss.reasons),
    }
    assert miss.reasons


def test_a_listener_that_fails_costs_no_value_and_no_other_its_event() -> None:
    def fails(event: Event) -> None:
        raise ValueError("no disk")

    told: list[Event] = []
    with subscribe(fails), subscribe(told.append), pytest.warns(InviscidWarning, match="ValueError: no disk"):
        assert doubled(2) == 4
    assert len(told) == 1


def test_a_listener_has_to_be_callable() -> None:
    with pytest.raises(TypeError, match="can't be called"):
        subscribe("me")  # type: ignore[arg-type]  # what a user may do


def test_a_listener_may_call_and_unsubscribe() -> None:
    told: list[str] = []

    def listens(event: Event) -> None:
        told.append(event.name)
        subscription.close()
        doubled(11)

    subscription = inviscid.subscribe(listens)
    doubled(10)
    assert told == ["inviscid.miss"]


def test_a_hit_says_where_it_comes_from(caplog: pytest.LogCaptureFixture) -> None:
    doubled(7)
    with caplog.at_level("INFO", "inviscid"):
        doubled(7)
    assert f"computed just now by {os.uname().nodename}:{os.getpid()}" in caplog.records[-1].getMessage()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "just now"), (-5, "in the future"), (90, "2 min ago"), (7_200, "2 h ago"), (250_000, "3 d ago")],
)
def test_ages_are_readable(seconds: float, text: str) -> None:
    assert ago(seconds) == text


def test_who_ends_its_subscription_takes_the_event_from_nobody() -> None:
    told: list[str] = []

    def once(event: Event) -> None:
        told.append("once")
        first.close()

    first = subscribe(once)
    with subscribe(lambda event: told.append("other")):
        doubled(20)
        doubled(21)
    assert told == ["once", "other", "other"]


def test_an_error_without_a_text_is_told_by_its_name() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def fails(event: Event) -> None:
        raise Mute

    with subscribe(fails), pytest.warns(InviscidWarning, match="raised Mute"):
        assert doubled(30) == 60
