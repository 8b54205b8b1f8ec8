"""The attacks on the store are repelled; and each protection, taken away, is missed by one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import frames, results
from inviscid.store import objects
from inviscid.store.database import Database
from inviscid.store.folders import Folder
from inviscid.store.seals import Seals

RELIABILITY = Path(__file__).with_name("reliability")
pytestmark = pytest.mark.filterwarnings("ignore::inviscid.InviscidWarning")


@pytest.fixture
def attacks(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(RELIABILITY))
    import attacks

    yield attacks
    sys.modules.pop("attacks")


def made(attacks: Any, name: str, root: Path) -> list[str]:
    """What an attack achieves on any of the stores."""
    (attack,) = [attack for attack in attacks.ATTACKS if attacks._name(attack) == name]
    return [what for store, options in attacks.STORES.items() for what in attacks.prove(attack, options, root / store)]


def test_every_attack_is_repelled(attacks: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert attacks.main([]) == 0
    said = capsys.readouterr().out
    assert "105 attacks, 105 repelled; unprotected, the canary sings" in said
    assert "SUCCEEDED" not in said


def test_no_attack_is_no_proof(attacks: Any) -> None:
    assert attacks.main(["--only", "nothing of that name"]) == 1


def unsealed(self: Seals, *_: Any) -> bool:
    return True


def trusting(self: Database) -> int:
    return os.stat(self.path).st_ino if os.path.exists(self.path) else 0


def followed(top: str, *names: str) -> Any:
    from contextlib import nullcontext

    return nullcontext(Folder("/".join((top, *names)), None))


WITHOUT: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "seals": ("content in rows", lambda patch: patch.setattr(Seals, "fits", unsealed)),
    "seals of rows of others": ("one key for another", lambda patch: patch.setattr(Seals, "fits", unsealed)),
    "seals of outputs": ("outputs that are not ours", lambda patch: patch.setattr(Seals, "fits", unsealed)),
    "keys": ("checksums for seals", lambda patch: patch.setattr(Seals, "fits", Seals().fits)),
    "digests": ("objects exchanged", lambda patch: patch.setattr(frames, "verify", lambda data, name: True)),
    "what entries say of links": (
        "links of entries that gave way",
        lambda patch: patch.setattr(results, "key_aside", lambda call, manifest: AnyKey()),
    ),
    "handles of folders": ("links for folders", lambda patch: patch.setattr(objects, "opened", followed)),
    "files for the index": ("a link for the index", lambda patch: patch.setattr(Database, "inode", trusting)),
}


class AnyKey:
    """Equal to all."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # it is no key of anything


@pytest.mark.parametrize("protection", WITHOUT)
def test_a_missing_protection_is_noticed(
    attacks: Any, protection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, take_away = WITHOUT[protection]
    assert made(attacks, name, tmp_path / "with") == []
    take_away(monkeypatch)
    assert made(attacks, name, tmp_path / "without") != []
