"""A safe store: nothing is kept or loaded whose bytes could choose what runs."""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import InviscidWarning, Store, cached, moved, source
from inviscid.codecs import pickled
from inviscid.digest import pack
from inviscid.manifest import Manifest, pack_manifest, unpack_manifest
from inviscid.stores import store_at

Ran = Callable[[], list[str]]


class Canary:
    """Tells when it is unpickled."""

    def __reduce__(self) -> Any:
        return _hatch, ()


def _hatch() -> Canary:
    sys.audit("test.ran", "canary")
    return Canary()


def test_what_only_pickle_keeps_is_computed_each_time(tmp_path: Path, ran: Ran) -> None:
    def plain(x: int) -> dict[str, list[int]]:
        sys.audit("test.ran", "plain")
        return {"x": [x]}

    def of_a_set(x: int) -> set[int]:
        sys.audit("test.ran", "set")
        return {x}

    store = Store(tmp_path / "s", safe=True)
    assert [cached(plain, store=store)(1) for _ in range(2)] == [{"x": [1]}] * 2
    with pytest.warns(InviscidWarning, match="a safe store keeps plain data and arrays, and this is a set"):
        assert [cached(of_a_set, store=store)(1) for _ in range(2)] == [{1}] * 2
    assert ran() == ["plain", "set", "set"]


def test_arrays_are_kept(tmp_path: Path, ran: Ran) -> None:
    np = pytest.importorskip("numpy")

    @cached(store=Store(tmp_path / "s", safe=True))
    def made(n: int) -> Any:
        sys.audit("test.ran", "made")
        return np.arange(n, dtype="f8").reshape(2, -1)

    first, second = made(100_000), made(100_000)
    assert (first == second).all()
    assert ran() == ["made"]


@pytest.mark.filterwarnings("ignore::inviscid.InviscidWarning")
def test_a_pickle_that_is_there_is_not_loaded(tmp_path: Path, ran: Ran) -> None:
    """By no way: the whole path, the short one, or in bulk."""

    def made(x: int) -> Any:
        sys.audit("test.ran", "made")
        return (x, Canary())

    trusting = cached(made, store=Store(tmp_path / "s"))
    assert trusting(1)[0] == 1
    assert ran() == ["made", "canary"]
    assert trusting(1)[0] == 1
    assert ran() == ["canary"]
    wary = cached(made, store=Store(tmp_path / "s", safe=True))
    assert [wary(1)[0] for _ in range(8)] == [1] * 8
    assert wary.map([1, 1])[0][0] == 1
    assert set(ran()) == {"made"}


@pytest.mark.filterwarnings("ignore::inviscid.InviscidWarning")
def test_neither_does_the_short_way(tmp_path: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(x: int) -> Any:
        return {x} if x else "plain"

    # Whatever moved just before, in another test.
    monkeypatch.setattr(moved, "_RESTLESS", -1.0)
    trusting = cached(made, store=Store(tmp_path / "s"))
    assert trusting.map([0, 1]) == ["plain", {1}]
    wary = cached(made, store=Store(tmp_path / "s", safe=True))
    # Else what other tests changed just now keeps everybody on the whole path.
    monkeypatch.setattr(moved, "_heard", time.monotonic() - 10)
    assert [wary(0) for _ in range(8)] == ["plain"] * 8
    assert wary._shortcut.look is not None
    decode = pickled._Pickle.decode

    def sing(self: Any, data: memoryview) -> object:
        sys.audit("test.ran", "canary")
        return decode(self, data)

    monkeypatch.setattr(pickled._Pickle, "decode", sing)
    assert wary(1) == {1}
    assert wary.map([0, 1]) == ["plain", {1}]
    assert ran() == []
    assert trusting.map([0, 1]) == ["plain", {1}]
    assert ran() == ["canary"]


def test_arguments_in_a_manifest_are_not_loaded_either(tmp_path: Path, ran: Ran) -> None:
    def program(store: Store) -> Any:
        @source(store=store, observe=lambda given: 1)
        def looked(given: Any) -> int:
            return 1

        @cached(store=store)
        def top(x: int) -> int:
            sys.audit("test.ran", "top")
            return looked((Canary(), x)) + x

        return top

    assert program(Store(tmp_path / "s"))(1) == 2
    ran()
    assert program(Store(tmp_path / "s"))(1) == 2
    assert set(ran()) == {"canary"}
    assert program(Store(tmp_path / "s", safe=True))(1) == 2
    assert ran()[0] == "top"


@pytest.mark.filterwarnings("ignore::inviscid.InviscidWarning")
@pytest.mark.parametrize("kind", ["value", "whatever", "all "])
def test_not_even_where_a_holder_of_the_key_wrote_the_manifest(tmp_path: Path, ran: Ran, kind: str) -> None:
    def program(store: Store) -> Any:
        @source(store=store, observe=lambda given: 1)
        def looked(given: Any) -> int:
            return 1

        @cached(store=store)
        def top(x: int) -> int:
            sys.audit("test.ran", "top")
            return looked(x) + x

        return top

    store = Store(tmp_path / "s", signing_key=b"k" * 32, safe=True)
    assert program(store)(1) == 2
    (entry,) = (entry for name in ("*top",) for entry in store.entries(name))
    demands = unpack_manifest(entry.manifest).demands
    argument = ["", kind, "pickle/2", pickle.dumps((1, Canary()))]
    forged = Manifest((), tuple(demand._replace(arguments=[argument]) for demand in demands))
    data = store.read(entry)
    assert data is not None
    store.publish(entry._replace(manifest=pack_manifest(forged)), [bytes(data)], preimage=b"", durable=False)
    store.close()
    ran()
    again = program(Store(tmp_path / "s", signing_key=b"k" * 32, safe=True))
    assert again.explain(1).outcome == "miss"
    assert again(1) == 2
    assert ran() == ["top"]


@pytest.mark.filterwarnings("ignore::inviscid.InviscidWarning")
def test_modules_that_bytes_name_are_not_imported(tmp_path: Path, ran: Ran) -> None:
    store = Store(tmp_path / "s", safe=True)

    @cached(store=store)
    def plain(x: int) -> int:
        sys.audit("test.ran", "plain")
        return x

    plain(1)
    (entry,) = store.entries("*plain")
    data = store.read(entry)
    assert data is not None
    for classes in (pack({"this:s": b"x" * 32}), b"\x93"):
        store.publish(entry._replace(classes=classes), [bytes(data)], preimage=b"", durable=False)
        store.close()
        ran()
        assert plain(1) == 1
        assert ran() == ["plain"]
    assert "this" not in sys.modules


def test_the_settings_open_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVISCID_SAFE", "1")
    assert store_at(tmp_path / "s").safe
    monkeypatch.setenv("INVISCID_SAFE", "0")
    assert not store_at(tmp_path / "t").safe
