"""Where caching costs more than it saves, the user is told, once."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import pytest

from inviscid import InviscidWarning, cached, weighing
from inviscid.weighing import Weights


@pytest.fixture(autouse=True)
def a_second(isolated: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """What matters outside of tests."""
    monkeypatch.setattr(weighing, "_SECONDS", 1.0)


def said(weights: Weights, calls: int, cost: float, body: float, *, hits: bool = False) -> list[str]:
    count = weights.hit if hits else weights.miss
    return [text for _ in range(calls) if (text := count(cost, body))]


def test_small_bodies_are_told_once() -> None:
    weights = Weights()
    assert said(weights, 999, 0.01, 3e-6) == []
    (text,) = said(weights, 5_000, 0.01, 3e-6)
    assert text.startswith(
        "looking up and storing took 10.0 s in 1,000 calls, whose bodies take 3 µs each: take @cached off"
    )


@pytest.mark.parametrize(
    ("calls", "cost", "body", "hits"),
    [
        (100_000, 9e-6, 1e-6, False),
        (10_000, 1e-3, 1e-3, False),
        (100_000, 50e-6, 60e-6, True),
        (10_000, 2e-4, 25e-6, False),
    ],
    ids=["too little time", "dear bodies", "hits that pay", "bodies that a hit outruns"],
)
def test_what_pays_is_not_told(calls: int, cost: float, body: float, hits: bool) -> None:
    assert said(Weights(), calls, cost, body, hits=hits) == []


def test_hits_that_take_longer_than_bodies_are_told() -> None:
    assert len(said(Weights(), 100_000, 50e-6, 30e-6, hits=True)) == 1


def test_a_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "_CALLS", 20)
    monkeypatch.setattr(weighing, "_SECONDS", 0.0)
    # However slow the machine is.
    monkeypatch.setattr(weighing, "_HIT", 10.0)

    @cached
    def tiny(x: int) -> int:
        return x

    with pytest.warns(InviscidWarning, match=r"Caching .*tiny\(\) costs more than it saves: .* in 20 calls") as told:
        assert [tiny(number) for number in range(60)] == [*range(60)]
    assert len(told) == 1


def test_time_that_a_body_takes_is_no_cost(monkeypatch: pytest.MonkeyPatch, ran: Callable[[], list[str]]) -> None:
    monkeypatch.setattr(weighing, "_CALLS", 3)
    monkeypatch.setattr(weighing, "_SECONDS", 0.0)

    @cached
    def slow(x: int) -> int:
        sys.audit("test.ran", "slow")
        time.sleep(0.002)
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(20):
            slow(number)
    assert ran() == ["slow"] * 20
