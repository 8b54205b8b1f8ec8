"""Keys are pinned: a key that changes for the same call is a new KEY_VERSION."""

from __future__ import annotations

from typing import Any

import pytest

from inviscid import cached, calls, config, configure
from inviscid.digest import KEY_VERSION, combine, digest, pack


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """One environment for all machines."""
    monkeypatch.setattr(calls, "_PYTHON", [["cpython", "3.0", 0], ["here", "this"]])


def test_keys(anywhere: None, project: Any) -> None:
    mod = project.edit(
        """
        from inviscid import cached, config

        K = 2

        @cached
        def f(x, *rest, flag=True, **more):
            return x * K

        @cached(version=3, namespace="n", ignore=["y"])
        def g(x, y, window: int = config("a.window", default=3)):
            return f(x)
        """
    )
    assert KEY_VERSION == 3
    assert mod.f.key(1) == "7ba8030419632e412880fb1276facbfc74ea93ca337dd4ac95712676585ece07"
    assert (
        mod.f.key([1.5, "a", None, {"b": (1, 2)}], 2, flag=False, z=b"x")
        == "ea10640c186b9573eb9913b68ca0375a0521041befd2e6ddb9346bf79005144d"
    )
    assert mod.g.key(1, 2) == "9c36c6d821165696c31d7d7615e2bb21397b79faf6ab9a01e2e54728ccd80a42"
    with configure({"a.window": 4}):
        assert mod.g.key(1, 2) == "b363013eabb99e172622a65c4c3b4dd8ba37df8593fa411428b50fc24233d8b9"


def test_the_hash_and_the_encoding() -> None:
    assert digest(b"").hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert pack([None, True, 1, 1.0, "a", b"a", {"k": []}]).hex() == "97c0c301cb3ff0000000000000a161c4016181a16b90"
    assert combine("label", b"a", b"bc").hex() == "3bc52ccab8f77c612999e69282f38762cf3ac1a206c398ca63e017737017c8bf"
    assert combine("label", b"ab", b"c") != combine("label", b"a", b"bc")


def test_decorated_twice_alike() -> None:
    def body(x: int, k: int = config("a.k", default=1)) -> int:
        return x + k

    assert cached(body).key(1) == cached(body).key(1)
