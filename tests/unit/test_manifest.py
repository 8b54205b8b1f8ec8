"""What an entry depends on beyond its key survives being written."""

from __future__ import annotations

import pytest

from inviscid.digest import pack
from inviscid.manifest import NOTHING, Demand, Manifest, Step, Trace, pack_manifest, unpack_manifest
from inviscid.world import Sight

FILE = Sight("file", "a/b.csv", b"x" * 32, (1, 2, 3, 4, 5), 6)
GONE = Sight("names", "odd\udcff", b"", None, 0)
DEMAND = Demand(b"d" * 32, "m:f", [["", "value", "plain/1", b"data"], ["key", "file", b"p\xff"]], b"a" * 32)
TRACE = Trace(
    b"s" * 32,
    b"c" * 32,
    (FILE,),
    (Step("call", 0, "m:g", [["", "given", 0], ["", "answer", 3]], b"a" * 32), Step("code", 1, "m:h", [], b"c" * 32)),
)


@pytest.mark.parametrize(
    "manifest",
    [
        NOTHING,
        Manifest((FILE, GONE)),
        Manifest((), (DEMAND,)),
        Manifest((GONE,), (DEMAND, DEMAND), TRACE),
        Manifest((), (), TRACE),
    ],
)
def test_a_manifest_is_read_as_it_was_written(manifest: Manifest) -> None:
    assert unpack_manifest(pack_manifest(manifest)) == manifest


def test_nothing_takes_no_bytes() -> None:
    assert pack_manifest(NOTHING) == b""


def test_a_trace_alone_leaves_the_key_to_decide() -> None:
    assert Manifest((), (), TRACE).is_final
    assert not Manifest((FILE,)).is_final
    assert not Manifest((), (DEMAND,)).is_final


@pytest.mark.parametrize(
    "data",
    [
        b"\x93",
        b"junk",
        pack([[], [], None, None]),
        pack([[["file"]], [], None]),
        pack([[], [[b"d" * 32, "m:f", [["", "whatever", "pickle/2", b"data"]], b"a" * 32]], None]),
        pack([[], [[b"d" * 32, "m:f", [["", "given", "0"]], b"a" * 32]], None]),
        pack([[], [[b"d" * 32, "m:f", [["", "value", "plain/1"]], b"a" * 32]], None]),
        pack([[], [], [b"s", b"c", [], [["call", 0, "m:g", [["", ["value"], "plain/1", b""]], b"a"]]]]),
    ],
    ids=["cut", "junk", "more", "sight", "kind", "type", "short", "list"],
)
def test_what_another_version_wrote_otherwise_never_stands(data: bytes) -> None:
    manifest = unpack_manifest(data)
    assert not manifest.is_readable
    assert not manifest.is_final
    assert manifest.links == []
