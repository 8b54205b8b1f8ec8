"""A store in an empty place, and entries to put into it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inviscid.entry import Entry, Provenance
from inviscid.store import Store

MakeEntry = Callable[..., Entry]


@pytest.fixture
def make_entry() -> MakeEntry:
    """Entries that differ where a test says so."""

    def make(
        key: bytes = b"k" * 32,
        function: str = "pkg.mod:f",
        age: float = 0.0,
        seconds: float = 1.0,
        fingerprint: bytes = b"F" * 32,
    ) -> Entry:
        origin = Provenance(function, fingerprint, b"\x81\xa1a\xc4\x01b", time.time() - age, seconds, "host:1")
        return Entry(key, "pickle/1", b"", 0, b"v" * 32, b"\x80", b"", origin)

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store that doesn't exist yet."""
    store = Store(tmp_path / "store")
    yield store
    store.close()


Put = Callable[..., Entry]


@pytest.fixture
def put(store: Store, make_entry: MakeEntry) -> Put:
    """Publish bytes in `store`."""

    def publish(key: bytes = b"k" * 32, data: bytes = b"value", **options: object) -> Entry:
        return store.publish(make_entry(key, **options), [data], preimage=b"preimage", durable=False)

    return publish
