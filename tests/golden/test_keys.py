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
    assert KEY_VERSION == 1
    assert mod.f.key(1) == "33bcc83b7f963b55d966225567ddfcc2f2b15e0cdb3fbe4bff9e5967f8b79b0a"
    assert (
        mod.f.key([1.5, "a", None, {"b": (1, 2)}], 2, flag=False, z=b"x")
        == "94bb7bf12e6a16d1eb4a320a53c1dc02249efa5bafaa52e1f528b38bb2633899"
    )
    assert mod.g.key(1, 2) == "1d0526db1d6a8ea040913f1ae3ba61de510e0ef5def5657c31396244d2e6f1d9"
    with configure({"a.window": 4}):
        assert mod.g.key(1, 2) == "af0ed3d87fd5608f8205e590491977512bd964cfa5044e0e27e7633f224431a2"


def test_the_hash_and_the_encoding() -> None:
    assert digest(b"").hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert pack([None, True, 1, 1.0, "a", b"a", {"k": []}]).hex() == "97c0c301cb3ff0000000000000a161c4016181a16b90"
    assert combine("label", b"a", b"bc").hex() == "3bc52ccab8f77c612999e69282f38762cf3ac1a206c398ca63e017737017c8bf"
    assert combine("label", b"ab", b"c") != combine("label", b"a", b"bc")


def test_decorated_twice_alike() -> None:
    def body(x: int, k: int = config("a.k", default=1)) -> int:
        return x + k

    assert cached(body).key(1) == cached(body).key(1)
