"""Stores that earlier versions wrote stay readable. Each is kept as it was written; none is ever written again.

`store-1` was made by running this file; a new STORE_VERSION gets a folder of its own beside it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from inviscid import Store
from inviscid.digest import digest, pack
from inviscid.entry import Entry, Provenance
from inviscid.store import STORE_VERSION

HERE = Path(__file__).parent
SMALL, LARGE = digest(b"small"), digest(b"large")
DATA = {SMALL: pack([1, "two", None]), LARGE: bytes(range(256)) * 64}


def entry_of(key: bytes) -> Entry:
    provenance = Provenance("module:function", digest(b"fingerprint"), pack({"inputs": []}), 1.7e9, 2.5, "host:1")
    return Entry(key, "plain/1", b"", 0, digest(b"value"), b"", b"", provenance)


def test_the_version_of_new_stores_has_a_kept_one() -> None:
    assert (HERE / f"store-{STORE_VERSION}").is_dir()


@pytest.mark.parametrize("version", range(1, STORE_VERSION + 1))
def test_a_kept_store_is_read(version: int, tmp_path: Path) -> None:
    shutil.copytree(HERE / f"store-{version}", tmp_path / "store")
    for folder in [tmp_path / "store", *(tmp_path / "store").rglob("*")]:
        folder.chmod(0o700 if folder.is_dir() else 0o600)
    store = Store(tmp_path / "store")
    for key, data in DATA.items():
        entry = store.find(key)
        assert entry is not None
        assert entry.provenance == entry_of(key).provenance
        found = store.read(entry)
        assert found is not None
        assert bytes(found) == data
    assert store.preimage(digest(b"fingerprint")) == b"preimage"
    store.close()


if __name__ == "__main__":
    made = Store(HERE / f"store-{STORE_VERSION}")
    for key, data in DATA.items():
        made.publish(entry_of(key), [data], preimage=b"preimage", durable=False)
    made.close()
