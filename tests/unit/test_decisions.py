"""The decisions in ARCHITECTURE.md that later work stands on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import closing, nullcontext
from itertools import groupby
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

from inviscid import Outcome, Store, cached, calls, freeze, results, world
from inviscid.digest import KEY_VERSION, combine, digest, pack
from inviscid.finding import Finding
from inviscid.fingerprinting import Fingerprinter
from inviscid.manifest import Manifest, pack_manifest
from inviscid.memo import Memo
from inviscid.signature import Signature

Ran = Callable[[], list[str]]


@cached
def f(x: Any) -> Any:
    sys.audit("test.ran", "f")
    return x


def test_the_parts_of_a_key_and_their_order() -> None:
    call = f._call_of((3,), {})
    parts = msgpack.unpackb(call.parts)
    assert list(parts) == ["environment", "config", "inputs", "options", "namespace", "salt"]
    inputs = [calls.Encoder(calls.References()).digest(3, "argument 'x'")]
    options = calls.Encoder(calls.References()).digest([None, []], "options")
    expected = combine(
        "key", pack(KEY_VERSION), call.fingerprint.raw, digest(pack(parts["environment"])), digest(pack([])), digest(pack(inputs)),
        options, pack(["", ""]),
    )  # fmt: skip
    assert call.key == expected
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert parts["environment"][0] == [sys.implementation.name, version, sys.flags.optimize]
    assert parts["environment"][1][0] == sys.platform


def test_distributions_of_arguments_are_in_the_environment() -> None:
    call = f._call_of((np.zeros(1),), {})
    assert [part[0] for part in msgpack.unpackb(call.parts)["environment"][2:]] == ["numpy"]
    assert [part[0] for part in msgpack.unpackb(f._call_of((1,), {}).parts)["environment"][2:]] == []


def test_an_entry_with_a_manifest_is_no_final_hit(isolated: Path, ran: Ran, tmp_path: Path) -> None:
    f(1)
    assert ran() == ["f"]
    store = Store(isolated)
    entry = f.peek(1)
    assert entry is not None
    assert entry.manifest == b""
    data = store.read(entry)
    assert data is not None
    listed = pack_manifest(Manifest((world.Sight("file", str(tmp_path / "gone"), digest(b"text"), None, 0),)))
    store.publish(entry._replace(manifest=listed), [data], preimage=b"", durable=False)
    assert f.explain(1).code is Outcome.MISS_NOT_FINAL
    assert f(1) == 1
    assert ran() == ["f"]


@pytest.mark.parametrize(
    "value", [1, "text", [1, [2]], {"a": (1, 2)}, np.arange(5), np.arange(100_000.0), [np.zeros((2, 3), order="F")]]
)
def test_one_digest_of_a_value_fresh_and_loaded(value: Any) -> None:
    f(value)
    entry = f.peek(value)
    assert entry is not None
    assert entry.value == results.digest_of(value) == results.digest_of(f(value))


def test_the_digest_of_a_value_holds_no_config() -> None:
    from inviscid import config, configure

    class Holder:
        @cached
        def m(self, k: int = config("a.k", default=1)) -> int:
            return k

    before = results.digest_of(Holder())
    key = f.key(Holder())
    with configure({"a.k": 2}):
        assert results.digest_of(Holder()) == before
        assert f.key(Holder()) != key


def test_a_removal_by_another_moves_the_generation(isolated: Path) -> None:
    f(1)
    here, other = Store(isolated), Store(isolated)
    before = here.generation()
    f.peek(1)
    assert here.generation() == before
    entry = f.peek(1)
    assert entry is not None
    other.forget([entry.key])
    assert here.generation() != before


def test_preimages_are_stored_once_for_each_fingerprint(isolated: Path) -> None:
    import sqlite3

    for x in range(5):
        f(x)
    with closing(sqlite3.connect(isolated / "index.sqlite3")) as index, index:
        assert index.execute("SELECT count(*) FROM entries").fetchone() == (5,)
        assert index.execute("SELECT count(*) FROM preimages").fetchone() == (1,)


def test_a_call_takes_the_steps_in_the_order_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table in ARCHITECTURE.md is the path of a call that finds the key claimed, and then has to compute after all."""
    page = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (\w[\w ]*) \| `([\w.]+)` \|", page, re.MULTILINE)
    assert [step for step, _ in table] == [
        "bind", "freeze", "config", "fingerprint", "inputs", "key", "find", "claim", "find again", "compute", "check again", "publish"
    ]  # fmt: skip
    homes: dict[str, Any] = {
        "Signature": Signature, "Memo": Memo, "Finding": Finding, "Fingerprinter": Fingerprinter, "calls": calls, "freeze": freeze,
        "Store": Store, "Rest": calls.Rest,
    }  # fmt: skip
    taken: list[str] = []
    monkeypatch.setattr(Store, "claim", lambda store, key: nullcontext(True))
    for place in dict.fromkeys(place for _, place in table):
        home, _, name = place.partition(".")
        original = getattr(homes[home], name)

        def spy(*args: Any, _original: Any = original, _place: str = place, **keywords: Any) -> Any:
            # One row may take a place twice, and the body's own check takes the fingerprint again.
            if taken[-1:] != [_place] and not (_place == "Fingerprinter.of" and _place in taken):
                taken.append(_place)
            return _original(*args, **keywords)

        monkeypatch.setattr(homes[home], name, spy)
    f("new")
    assert taken == [place for place, _ in groupby(place for _, place in table)]
