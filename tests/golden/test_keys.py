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
    assert mod.f.key(1) == "FKEY1"
    assert mod.f.key([1.5, "a", None, {"b": (1, 2)}], 2, flag=False, z=b"x") == "FKEY2"
    assert mod.g.key(1, 2) == "GKEY1"
    with configure({"a.window": 4}):
        assert mod.g.key(1, 2) == "GKEY2"


def test_the_hash_and_the_encoding() -> None:
    assert digest(b"").hex() == "DIGEST"
    assert pack([None, True, 1, 1.0, "a", b"a", {"k": []}]).hex() == "PACK"
    assert combine("label", b"a", b"bc").hex() == "COMBINE"
    assert combine("label", b"ab", b"c") != combine("label", b"a", b"bc")


def test_decorated_twice_alike() -> None:
    def body(x: int, k: int = config("a.k", default=1)) -> int:
        return x + k

    assert cached(body).key(1) == cached(body).key(1)
