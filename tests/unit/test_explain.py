"""Reasons, in one line each."""

from __future__ import annotations

from typing import Any

from inviscid.explain import _compared, _environment


def compared(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    def lines(definitions: dict[str, bytes]) -> list[list[Any]]:
        return [[name, "function", digest] for name, digest in definitions.items()]

    return _compared(lines(before), lines(after))


def test_what_changed_is_named() -> None:
    assert compared({"m.f": b"1", "m.g": b"1"}, {"m.f": b"1", "m.g": b"2"}) == ["m.g changed"]


def test_what_changed_under_another_name_is_paired() -> None:
    assert compared({"m.f": b"1", "m.g": b"1"}, {"m.f": b"1", "m.h": b"2"}) == ["m.h changed (it was m.g)"]


def test_a_class_that_moved_is_told_without_its_members() -> None:
    before = {"m.f": b"1", "m.A": b"1", "m.A.x": b"1", "m.A.y": b"1"}
    after = {"m.f": b"1", "n.A": b"2", "n.A.x": b"1", "n.A.y": b"1"}
    assert compared(before, after) == ["n.A changed (it was m.A)"]


def test_many_changes_are_counted() -> None:
    before = {f"m.f{n}": b"1" for n in range(9)}
    after = {f"m.f{n}": b"2" for n in range(9)}
    assert compared(before, after) == [*(f"m.f{n} changed" for n in range(4)), "and 5 more"]


def test_the_same_definitions_in_other_places() -> None:
    assert compared({"m.f": b"1"}, {"m.f": b"1"}) == ["what it refers to changed places"]


def test_environments() -> None:
    python, platform = ["cpython", "3.11", 0], ["linux", "x86_64"]
    then = [python, platform, ["numpy", "2.3.1", ""], ["old", "1", ""], ["local", "1", "a"]]
    now = [["cpython", "3.12", 1], ["darwin", "arm64"], ["numpy", "2.4.0", ""], ["new", "1", ""], ["local", "1", "b"]]
    assert _environment(then, now) == [
        "Python 3.11 → 3.12 -O",
        "platform linux-x86_64 → darwin-arm64",
        "local was installed again",
        "new is new in reach",
        "numpy 2.3.1 → 2.4.0",
        "old isn't reached any more",
    ]
