"""What somebody who can write to a store, and has no signing key, can do to those who use it.

    nox -s attacks -- [--only NAME]

In each attack the *victim* has stored results of some functions under a key. The *attacker* does something to the files,
as the same user of the system, who may do more than another one could. Then the victim calls the functions again, looks
after the store, and calls them once more. An attack is *repelled* if each call gave the right value, nothing was unpickled
that the victim had not stored, no exception came out of a call, and what else the victim owns is as it was. A *canary* is a
pickle that sings when it is loaded; it must never sing.

Each attack is made on a signed store of one's own, on one of many users, and on a safe one of many users. At the end each
canary is shown to sing where nothing protects from it: a proof that can't fail is none.
"""

from __future__ import annotations

import argparse
import logging
import os
import pickle
import sqlite3
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from inviscid import InviscidWarning, Store, cached, trees
from inviscid.digest import digest
from inviscid.entry import Entry
from inviscid.errors import StoreError
from inviscid.store.schema import COLUMNS, entry_of
from inviscid.store.seals import Seals

KEY, WRONG = b"victim's signing key, 32 bytes .", b"attacker's own key, 32 bytes too"
songs: list[str] = []
"""What the canaries sang."""


def sing(text: str) -> str:
    """Called by the pickle."""
    songs.append(text)
    return text


class Canary:
    """What sings when it is unpickled."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __reduce__(self) -> Any:
        return sing, (self._text,)


def canary(text: str, size: int = 0) -> bytes:
    """The pickle, with as many bytes behind it as are wanted."""
    data = pickle.dumps(Canary(text))
    return data + bytes(max(0, size - len(data)))


def small(x: int) -> dict[str, int]:
    return {"x": x}


def in_a_file(x: int) -> list[str]:
    return [f"{x}" * 9000]


def pickled(x: int) -> set[int]:
    return {x, x + 1}


def pickled_in_a_file(x: int) -> set[int]:
    return set(range(x, 10_000))


def large(x: int) -> bytes:
    return bytes([x]) * (2 << 20)


def read_from(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


FUNCTIONS: tuple[Callable[[int], Any], ...] = (small, in_a_file, pickled, pickled_in_a_file, large)


@dataclass
class Scene:
    """One store under attack."""

    root: Path
    options: dict[str, Any]
    precious: Path = field(init=False)
    """A folder of the victim's that has nothing to do with the store."""
    _content: dict[str, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.precious = self.root / "precious"
        self.precious.mkdir(parents=True)
        (self.precious / "thesis").write_bytes(b"years of work")
        with sqlite3.connect(self.precious / "database") as connection:
            connection.execute("CREATE TABLE contacts (name TEXT)")
        connection.close()
        self._content = self._read()
        self.input.write_text("as it was")

    @property
    def input(self) -> Path:
        """A file that a function reads."""
        return self.root / "input"

    @property
    def path(self) -> Path:
        return self.root / "store"

    def victim(self) -> Store:
        """The store as a process of the victim's opens it that knows nothing yet."""
        return Store(self.path, **self.options)

    def calls(self, store: Store | None) -> list[Any]:
        """What the functions give; of this store, or by themselves."""
        calls: list[tuple[Callable[..., Any], Any]] = [(function, x) for function in FUNCTIONS for x in (1, 2)]
        calls.append((read_from, str(self.input)))
        return [(function if store is None else cached(function, store=store))(x) for function, x in calls]

    def entries(self) -> list[Entry]:
        """What the victim has stored, as the attacker can read it: without the key."""
        anybody = cast(Seals, _Anybody())
        rows = self.rows(f"SELECT {COLUMNS} FROM entries")
        return [entry for row in rows if (entry := entry_of(row[0], row, anybody)) is not None]

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement on the index."""
        connection = sqlite3.connect(self.path / "index.sqlite3")
        connection.text_factory = bytes
        with connection:
            found = connection.execute(statement, parameters).fetchall()
        connection.close()
        return found

    def file(self, entry: Entry) -> Path:
        """The object of an entry."""
        return self.path / "objects" / entry.object.hex()[:2] / entry.object.hex()

    def intact(self) -> bool:
        """Whether what else the victim owns is as it was."""
        return self._read() == self._content

    def _read(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.precious.glob("*")}


class _Anybody:
    """Takes every seal for good."""

    def fits(self, *_: object) -> bool:
        return True


# The attacks ----------------------------------------------------------------------------------------------------------


def _forge(scene: Scene, store: Store, codec: str = "pickle/2", size: int = 0) -> None:
    """An entry with a canary for each key of the victim's."""
    for entry in scene.entries():
        forged = entry._replace(codec=codec, manifest=b"", classes=b"")
        store.publish(forged, [canary("forged", size)], preimage=b"", durable=False)


def forged_without_a_key(scene: Scene) -> None:
    _forge(scene, _as_attacker(scene))


def forged_with_another_key(scene: Scene) -> None:
    _forge(scene, _as_attacker(scene, WRONG))


def forged_in_files(scene: Scene) -> None:
    _forge(scene, _as_attacker(scene, WRONG), size=100_000)


def forged_as_a_safe_codec(scene: Scene) -> None:
    _forge(scene, _as_attacker(scene, WRONG), codec="plain/1")


def forged_as_an_unknown_codec(scene: Scene) -> None:
    _forge(scene, _as_attacker(scene, WRONG), codec="../../pickle/2")


def _as_attacker(scene: Scene, key: bytes | None = None) -> Store:
    options = {"multi_user": True} if key is not None else {}
    return Store(scene.path, signing_key=key, **options)


def content_in_rows(scene: Scene) -> None:
    """The seal is the victim's, the bytes are not."""
    data = canary("in a row")
    scene.rows("UPDATE entries SET inline = ?", data)
    for entry in scene.entries():
        scene.rows(
            "UPDATE entries SET inline = ?, object = ?, size = ? WHERE key = ?",
            data,
            digest(data),
            len(data),
            entry.key,
        )


def codec_in_rows(scene: Scene) -> None:
    """The bytes are the victim's, how they are read is not."""
    scene.rows("UPDATE entries SET codec = 'pickle/2' WHERE codec != 'pickle/2'")


def checksums_for_seals(scene: Scene) -> None:
    """Columns and a checksum that fits them, as in a store without keys."""
    data = canary("with a checksum")
    for entry in scene.entries():
        forged = entry._replace(codec="pickle/2", object=digest(data), size=len(data))
        columns = [*forged[:7], *forged.provenance]
        for size in (16, 32):
            seal = Seals().make("inviscid-entry/1", columns, size)
            scene.rows(
                "UPDATE entries SET codec = ?, object = ?, size = ?, inline = ?, common = -1, parts = ?, seal = ? "
                "WHERE key = ?",
                "pickle/2", digest(data), len(data), data, entry.provenance.parts, seal, entry.key,
            )  # fmt: skip


def victims_key_id(scene: Scene) -> None:
    """A seal that names the victim's key and was made with another."""
    data = canary("with a key id")
    (seal,) = {row[0][:4] for row in scene.rows("SELECT seal FROM entries")}
    for entry in scene.entries():
        forged = entry._replace(codec="pickle/2", object=digest(data), size=len(data))
        made = seal + Seals([WRONG]).make("inviscid-entry/1", [*forged[:7], *forged.provenance])[4:]
        scene.rows(
            "UPDATE entries SET codec = 'pickle/2', object = ?, size = ?, inline = ?, seal = ? WHERE key = ?",
            digest(data), len(data), data, made, entry.key,
        )  # fmt: skip


def objects_exchanged(scene: Scene) -> None:
    for entry in scene.entries():
        if (path := scene.file(entry)).exists():
            path.write_bytes(canary("for an object", entry.size))


def objects_of_another_size(scene: Scene) -> None:
    for entry in scene.entries():
        if (path := scene.file(entry)).exists():
            path.write_bytes(canary("for an object"))


def one_key_for_another(scene: Scene) -> None:
    """Rows that the victim sealed, under keys that are not theirs."""
    columns = [row[1].decode() for row in scene.rows("PRAGMA table_info(entries)")]
    names = ", ".join(name for name in columns if name != "key")
    keys = [entry.key for entry in scene.entries()]
    scene.rows("CREATE TABLE kept AS SELECT * FROM entries")
    for mine, other in zip(keys, keys[1:] + keys[:1], strict=True):
        scene.rows("DELETE FROM entries WHERE key = ?", mine)
        scene.rows(f"INSERT INTO entries (key, {names}) SELECT ?, {names} FROM kept WHERE key = ?", mine, other)


def links_to_others(scene: Scene) -> None:
    """Entries that the victim sealed, linked to calls that they are not of."""
    keys = [entry.key for entry in scene.entries()]
    for key in keys:
        for other in keys:
            scene.rows("INSERT OR REPLACE INTO traces VALUES (?, ?, 0)", key, other)
    scene.rows("UPDATE entries SET accessed = 0")


def links_of_entries_that_gave_way(scene: Scene) -> None:
    """What a result depends on changed, and to its key is linked what others gave: as if it had been set aside."""
    keys = {entry.provenance.function.partition(":")[2]: entry.key for entry in scene.entries()}
    scene.rows("DELETE FROM traces")
    scene.rows("INSERT INTO traces VALUES (?, ?, 0)", keys["read_from"], keys["in_a_file"])
    scene.input.write_text("another text")


def names_that_lead_out(scene: Scene) -> None:
    """Every text and blob that could become a path."""
    out = f"../../../{scene.precious.name}/thesis"
    scene.rows("UPDATE entries SET codec = ?", out)
    scene.rows("UPDATE entries SET function = ?, origin = ?", f"{out}:{out}", out)
    scene.rows("UPDATE entries SET object = ?, inline = NULL WHERE size < 5000", os.fsencode(out))


def outputs_that_are_not_ours(scene: Scene) -> None:
    """That inviscid had put the victim's files there, so that clean removes them."""
    for path in (str(scene.precious / "thesis"), str(scene.precious)):
        found = trees.digest_at(path, trees.items(path))
        for entry in scene.entries():
            row = [os.fsencode(path), entry.key, found, b"", b"", 0]
            scene.rows(
                "INSERT OR REPLACE INTO outputs (path, key, digest, coming, stamp, looked, seal) VALUES (?, ?, ?, ?, ?, ?, ?)",
                *row, Seals([WRONG]).make("inviscid-output/1", row),
            )  # fmt: skip


def forms_of_others(scene: Scene) -> None:
    """What is remembered of code, exchanged: it would make one function of another."""
    scene.rows("UPDATE forms SET body = (SELECT body FROM forms AS other ORDER BY length(body) LIMIT 1)")


def triggers(scene: Scene) -> None:
    """SQL of the attacker's that runs inside the victim's transactions."""
    data = canary("by a trigger")
    scene.rows(
        "CREATE TRIGGER plant AFTER INSERT ON entries BEGIN "
        f"UPDATE entries SET codec = 'pickle/2', inline = x'{data.hex()}', object = x'{digest(data).hex()}', "
        f"size = {len(data)} WHERE key = NEW.key; END"
    )
    scene.rows("DELETE FROM entries")


def a_view_for_the_entries(scene: Scene) -> None:
    data = canary("by a view")
    columns = [row[1].decode() for row in scene.rows("PRAGMA table_info(entries)")]
    planted = {
        "codec": "'pickle/2'",
        "inline": f"x'{data.hex()}'",
        "object": f"x'{digest(data).hex()}'",
        "size": len(data),
    }
    scene.rows("ALTER TABLE entries RENAME TO kept")
    chosen = ", ".join(f"{planted.get(name, name)} AS {name}" for name in columns)
    scene.rows(f"CREATE VIEW entries AS SELECT {chosen} FROM kept")


def a_link_for_the_index(scene: Scene) -> None:
    _link(scene.path / "index.sqlite3", scene.precious / "database")


def _a_link_beside_the_index(suffix: str) -> Callable[[Scene], None]:
    def attack(scene: Scene) -> None:
        _link(scene.path / f"index.sqlite3{suffix}", scene.precious / "thesis")

    attack.__name__ = f"a link for index.sqlite3{suffix}"
    return attack


def links_for_objects(scene: Scene) -> None:
    planted = scene.root / "planted"
    planted.write_bytes(canary("behind a link"))
    for entry in scene.entries():
        if scene.file(entry).exists():
            _link(scene.file(entry), planted)


def links_for_folders(scene: Scene) -> None:
    """All folders of objects lead to what the victim owns."""
    for number in range(256):
        folder = scene.path / "objects" / f"{number:02x}"
        if folder.exists():
            folder.rename(scene.root / f"moved-{number}")
        folder.symlink_to(scene.precious)


def _a_link_for(name: str) -> Callable[[Scene], None]:
    def attack(scene: Scene) -> None:
        (scene.path / name).rename(scene.root / f"moved-{name}")
        (scene.path / name).symlink_to(scene.precious)

    attack.__name__ = f"a link for {name}"
    return attack


def _a_pipe_for(name: str) -> Callable[[Scene], None]:
    def attack(scene: Scene) -> None:
        (scene.path / name).unlink(missing_ok=True)
        os.mkfifo(scene.path / name)

    attack.__name__ = f"a pipe for {name}"
    return attack


def pipes_for_objects(scene: Scene) -> None:
    for entry in scene.entries():
        if (path := scene.file(entry)).exists():
            path.unlink()
            os.mkfifo(path)


def _link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


ATTACKS: list[Callable[[Scene], None]] = [
    forged_without_a_key, forged_with_another_key, forged_in_files, forged_as_a_safe_codec, forged_as_an_unknown_codec,
    content_in_rows, codec_in_rows, checksums_for_seals, victims_key_id, objects_exchanged, objects_of_another_size,
    one_key_for_another, links_to_others, links_of_entries_that_gave_way, names_that_lead_out,
    outputs_that_are_not_ours, forms_of_others, triggers, a_view_for_the_entries,
    a_link_for_the_index, *map(_a_link_beside_the_index, ("-wal", "-shm", "-journal")), links_for_objects, links_for_folders,
    *map(_a_link_for, ("objects", "tmp", "quarantine")), pipes_for_objects,
    *map(_a_pipe_for, ("index.sqlite3", "index.sqlite3-wal", "generation", "version", "claims.lock", "create.lock")),
]  # fmt: skip
STORES: dict[str, dict[str, Any]] = {
    "signed": {"signing_key": KEY},
    "many users": {"signing_key": KEY, "multi_user": True},
    "many users, safe": {"signing_key": KEY, "multi_user": True, "safe": True},
}


# The proof ------------------------------------------------------------------------------------------------------------


def prove(attack: Callable[[Scene], None], options: dict[str, Any], root: Path) -> list[str]:
    """What an attack achieved, in words; nothing if it was repelled."""
    scene = Scene(root, options)
    store = scene.victim()
    assert scene.calls(store) == scene.calls(None)
    store.close()
    songs.clear()
    try:
        attack(scene)
    except (StoreError, sqlite3.Error, OSError):
        # Even the attacker got no further.
        pass
    songs.clear()
    achieved = []
    for turn in ("at once", "after gc, verify and clean", "again"):
        store = scene.victim()
        try:
            if scene.calls(store) != scene.calls(None):
                achieved.append(f"a wrong value {turn}")
        except Exception as error:
            achieved.append(f"{type(error).__name__} {turn}: {error}")
        if turn == "at once":
            _look_after(store)
        store.close()
    achieved += [f"the canary sang: {song}" for song in dict.fromkeys(songs)]
    if not scene.intact():
        achieved.append(f"the victim's own files changed, there are now {sorted(scene.precious.glob('*'))}")
    return achieved


def _look_after(store: Store) -> None:
    """What a victim may do with a store. It may fail; it may do no harm."""
    for work in (
        lambda: store.verify(read_data=True, repair=True),
        lambda: store.execute(store.plan_clean()),
        lambda: store.execute(store.plan_gc(size_limit=0, grace=-1.0)),
        store.stats,
        store.functions,
    ):
        try:
            work()
        except StoreError:
            pass


def sings_unprotected(root: Path) -> bool:
    """Whether a canary sings in a store that its owner let the attacker write to, without a key."""
    store = Store(root / "open")
    cached(small, store=store)(1)
    (key,) = [row[0] for row in store._index.read("SELECT key FROM entries")]
    found = store.find(key)
    assert found is not None
    store.publish(found._replace(codec="pickle/2"), [canary("unprotected")], preimage=b"", durable=False)
    songs.clear()
    cached(small, store=Store(root / "open"))(1)
    return songs == ["unprotected"]


def main(arguments: list[str] | None = None) -> int:
    """Make every attack on every store, and print what came of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    given = parser.parse_args(arguments)
    chosen = [attack for attack in ATTACKS if given.only in _name(attack)]
    failed = made = 0
    logging.getLogger("inviscid").setLevel(logging.ERROR)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="inviscid-attacks-") as folder:
        warnings.simplefilter("ignore", InviscidWarning)
        for number, attack in enumerate(chosen):
            achieved = {
                name: prove(attack, options, Path(folder, f"{number}-{name}")) for name, options in STORES.items()
            }
            bad = [f"{name}: {what}" for name, found in achieved.items() for what in found]
            made += len(achieved)
            failed += sum(map(bool, achieved.values()))
            print(f"{_name(attack):<34} {'repelled' if not bad else 'SUCCEEDED'}", flush=True)
            for line in bad:
                print(f"    {line}", flush=True)
        sings = sings_unprotected(Path(folder))
    print(f"{made} attacks, {made - failed} repelled; unprotected, the canary {'sings' if sings else 'DOES NOT SING'}")
    return 1 if failed or not made or not sings else 0


def _name(attack: Callable[[Scene], None]) -> str:
    return attack.__name__.replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
