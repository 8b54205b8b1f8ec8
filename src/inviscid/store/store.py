"""The store: bytes by key, among any number of threads and processes.

Publishing, in this order; nothing half-done is ever visible:
1. A small object goes into its row. A larger one is written whole under `tmp/` and renamed to its digest; where
   durability is asked for, first the file *must* be on disk, then its name.
2. One transaction *must* look that the object is still there, and then write preimage and entry together.
3. What the entry replaced is unlinked in the same transaction, if nothing else needs it.
A publisher that dies after 1 leaves an orphan, one that dies in 1 an unfinished file; gc sweeps both.

Reading believes nothing: the row *must* be bound to the key by its seal, the bytes *must* have the size and the digest
that the row says. What doesn't pass is moved into quarantine, counted, and as if it had never been. What can't be read
now, for want of file handles say, is an error and says nothing about what is stored.

Whatever can't work raises StoreError or its kin, and costs the caller no value. A store that doesn't exist holds
nothing; it is made by the first publication or claim.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import NoneType
from typing import TYPE_CHECKING, Any, overload

from inviscid.digest import Buffer
from inviscid.entry import Entry
from inviscid.errors import InviscidWarning, SigningKeyError, StoreOwnershipError
from inviscid.outcome import Outcome
from inviscid.store.generation import Generation
from inviscid.store.late import late
from inviscid.store.layout import Layout, VersionDamaged, failure
from inviscid.store.memory import DEFAULT_LIMIT, Held, Memory
from inviscid.store.objects import Objects

if TYPE_CHECKING:
    from pathlib import Path

    from inviscid.store.checkup import Check
    from inviscid.store.claims import Claims
    from inviscid.store.draft import Draft
    from inviscid.store.index import Index
    from inviscid.store.outputs import Owned
    from inviscid.store.plan import Plan
    from inviscid.store.publisher import Publisher
    from inviscid.store.reader import Reader
    from inviscid.store.seals import Seals
    from inviscid.store.survey import FunctionSummary, Pin, Summary
    from inviscid.store.sweep import Swept
    from inviscid.store.tally import Tally
    from inviscid.store.verify import Verified

_DAY = 86_400.0

before_removal: list[Callable[[str], None]] = []
"""Called, with what it is in words, before users remove or pin what is stored. May raise."""


class Store:
    """A local store. Making one does no work: the directory is opened, or made, when it is first needed.

    Args:
        path: the store's directory. It belongs to the store alone.
        size_limit: bytes above which the entries that are worth least are dropped now and then; by default 10 GiB.
        max_age: seconds since the last use after which entries are dropped; None for no such limit.
        memory_limit: bytes of results that a process holds to hit without a look at the disk; by default 128 MiB, 0 for
            none. See `memory`.
        multi_user: let other users own and write to the store: its directories get the mode 2770, its files 0660, and
            nothing is read that holders of the signing key didn't write. Needs `signing_key`.
        signing_key: seal all rows with it, and read none that is sealed otherwise. A file outside the store, which only
            its users can read, with one key a line (64 hex digits, ``#`` begins a comment): the first signs, the others
            are good for reading too, so that keys can be changed. Or the 32 bytes of one key.
        safe: keep and load only what can be loaded without running code that the bytes choose, that is without pickle.

    Raises:
        TypeError: an option is of another type.
        StoreOwnershipError: `multi_user` without a signing key.
        SigningKeyError: `signing_key` is a key, written out, where the file is meant that has it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        size_limit: int | None = None,
        max_age: float | None = None,
        memory_limit: int = DEFAULT_LIMIT,
        multi_user: bool = False,
        signing_key: str | os.PathLike[str] | bytes | None = None,
        safe: bool = False,
    ) -> None:
        _check_types(size_limit, max_age, memory_limit, signing_key, multi_user, safe)
        if isinstance(signing_key, (str, os.PathLike)):
            # As the path of the store is: whoever changes the directory, or runs elsewhere, means the same file.
            signing_key = os.path.abspath(os.path.expanduser(os.fspath(signing_key)))
        if multi_user and signing_key is None:
            raise StoreOwnershipError(
                f"the store {os.fspath(path)!r} can have many users only with a signing key (signing_key=, or "
                "INVISCID_SIGNING_KEY_FILE): nothing else tells what they wrote from what others did"
            )
        self.size_limit = size_limit
        self.max_age = max_age
        self.safe = safe
        self._signing_key = signing_key
        self._layout = Layout(os.path.abspath(path), shared=multi_user)
        self._generation = Generation(self._layout)
        self._objects = Objects(self._layout)
        self.memory = Memory(memory_limit)
        """What this process holds of it."""

    def __repr__(self) -> str:
        return f"Store({self._layout.path!r})"

    def __reduce__(self) -> tuple[object, ...]:
        if isinstance(self._signing_key, bytes):
            raise SigningKeyError(
                f"{self!r} can't be pickled: its signing key would be in the pickle; give the key as a file"
            )
        options = {
            "size_limit": self.size_limit,
            "max_age": self.max_age,
            "memory_limit": self.memory.limit,
            "multi_user": self._layout.shared,
            "signing_key": self._signing_key,
            "safe": self.safe,
        }
        return _restore, (self._layout.path, options)

    @late
    def path(self) -> Path:
        """The store's directory, absolute."""
        # Imported here: the warm path has no other use for it.
        from pathlib import Path

        return Path(self._layout.path)

    @late
    def _seals(self) -> Seals:
        from inviscid.store.seals import Seals, keys_of

        key = self._signing_key
        return Seals(() if key is None else keys_of(key, self._layout.path))

    # The parts need SQLite, whose import takes longer than a hit: each is made when it is first needed.

    @late
    def _index(self) -> Index:
        from inviscid.store.index import Index

        return Index(self._layout, self._generation)

    @late
    def _reader(self) -> Reader:
        from inviscid.store.reader import Reader

        return Reader(self._index, self._objects, self._generation, self._seals)

    @late
    def _publisher(self) -> Publisher:
        from inviscid.store.publisher import Publisher

        return Publisher(
            self._layout,
            self._index,
            self._objects,
            self._generation,
            seals=self._seals,
            size_limit=self.size_limit,
            max_age=self.max_age,
        )

    @late
    def _claims(self) -> Claims:
        from inviscid.store.claims import Claims

        return Claims(self._layout, self._index)

    @late
    def _tally(self) -> Tally:
        from inviscid.store.tally import Tally

        return Tally(self._index, self.memory)

    # What a call needs.

    def find(self, key: bytes) -> Entry | None:
        """The entry of a key, if there is one that is bound to it.

        Raises:
            StoreError: the store can't be read now.
        """
        return self._reader.find(key)

    def recall(self, key: bytes) -> Entry | None:
        """The entry of a key as this process has it in memory, where it is still good; None for all else.

        What was counted of it since is not in it.
        """
        held = self.memory.get(key, self._generation.get())
        return None if held is None else held.entry

    def held(self, key: bytes) -> Held | None:
        """The entry of a key with its checked bytes, from memory or else from the disk; None where there is none, or
        where they aren't good: then `read` says what is wrong.

        Raises:
            StoreError: the store can't be read now.
        """
        held = self.memory.get(key, self._generation.get())
        if held is None and (entry := self._reader.find(key)) is not None:
            data = self._reader.checked(entry)
            if data is not None:
                path = self._objects.path(entry.object)
                held = self.memory.put(entry, data, self._reader.generation(), path) or Held(entry, data, -1, path)
        return held

    def held_many(self, keys: Sequence[bytes]) -> Iterator[Held]:
        """The same for many keys, one after the other: what there is of them, to be used before the next is asked for.

        Raises:
            StoreError: the store can't be read now.
        """
        generation = self._generation.get()
        wanted = []
        for key in keys:
            held = self.memory.get(key, generation)
            if held is None:
                wanted.append(key)
            else:
                yield held
        # What is more than there is room for would drive itself out before it is asked for again.
        keeps = self.memory.takes(len(wanted))
        for entry, data, under in self._reader.find_many(wanted):
            path = self._objects.path(entry.object)
            kept = self.memory.put(entry, data, under, path) if keeps else None
            yield kept or Held(entry, data, -1, path)

    def read(self, entry: Entry) -> memoryview | None:
        """The bytes of an entry, checked.

        Returns:
            A read-only view that stays good whatever happens to the store; None where the entry is gone or damaged.

        Raises:
            StoreError: the store can't be read now.
        """
        held = self.memory.get(entry.key, self._generation.get())
        if held is not None and held.entry is entry:
            return held.data
        data = self._reader.read(entry)
        if data is not None:
            self.memory.put(entry, data, self._reader.generation(), self._objects.path(entry.object))
        return data

    def traced(self, link: bytes, limit: int = 8) -> list[Entry]:
        """The entries that a link leads to, newest first.

        Raises:
            StoreError: the store can't be read now.
        """
        from inviscid.store.schema import TRACED

        rows = self._index.read(TRACED, (link, limit))
        return [entry for row in rows if (entry := self.find(row[0])) is not None]

    def publish(
        self,
        entry: Entry,
        chunks: Sequence[Buffer],
        *,
        preimage: bytes,
        durable: bool,
        links: Sequence[bytes] = (),
        draft: Draft | None = None,
    ) -> Entry:
        """Store bytes under a key, in place of what was there.

        Args:
            entry: all about it but `object` and `size`, which the store finds out.
            chunks: contiguous buffers, stored one after the other. They must not change meanwhile; if they do, the
                entry doesn't pass its check when it is read.
            preimage: what was hashed into the entry's fingerprint.
            durable: return only when it would survive a power failure.
            links: by which `traced` finds the entry too.
            draft: where these very bytes have been written already.

        Returns:
            The entry as it is stored.

        Raises:
            StoreError: it can't be stored; nothing of it is visible.
        """
        generation = self._generation.get()
        stored = self._publisher.publish(entry, chunks, preimage, durable, links, draft)
        if draft is not None:
            # It was hashed as it is mapped. What was removed meanwhile moved the generation.
            self.memory.put(stored, draft.data, generation, self._objects.path(stored.object))
        return stored

    def draft(self, head: memoryview, buffers: Sequence[memoryview]) -> Draft | None:
        """Write a large framed object, to be published; None for one that isn't large.

        Raises:
            StoreError: it can't be written.
        """
        from inviscid.store import draft

        # Where others could write to a file that we have mapped, nothing is mapped.
        if self._layout.shared or head.nbytes + sum(buffer.nbytes for buffer in buffers) < draft.FROM:
            return None
        self._index.prepare()
        try:
            return draft.write(self._layout.tmp, head, buffers)
        except OSError as error:
            raise failure(f"a result can't be written to the store {self._layout.path}", error) from error

    @overload
    def claim(self, key: bytes) -> AbstractContextManager[bool]: ...
    @overload
    def claim(self, key: bytes, *, wait: bool) -> AbstractContextManager[bool | None]: ...
    def claim(self, key: bytes, *, wait: bool = True) -> AbstractContextManager[Any]:
        """Hold the exclusive right to compute a key; waits for it, and ends with the context or the process.

        The value is True where another held it before: then the key should be looked up again. Where waiting would
        never end the claim is not given, and the value is False. Without `wait` the value is None where another holds
        it: ask again, inside `waits`.

        Raises:
            ReentryError: the caller holds it already: a function calls itself with the same arguments.
            StoreError: the store can't be used.
        """
        return self._claims.hold(key, wait=wait)

    def waits(self, key: bytes) -> AbstractContextManager[bool]:
        """Be known, while inside, as a task that asks for the claim on a key again and again.

        The value is False where that would never end: then compute without it.

        Raises:
            StoreError: the store can't be used.
        """
        return self._claims.waits(key)

    def nearest(self, function: str, limit: int = 64) -> list[Entry]:
        """The newest entries of one function (``package.module:qualname``), newest first."""
        return self._reader.nearest(function, limit)

    def preimage(self, fingerprint: bytes) -> bytes | None:
        """What was hashed into a fingerprint, if an entry has it. It explains, and is not checked."""
        rows = self._index.read("SELECT body FROM preimages WHERE fingerprint = ?", (fingerprint,))
        return rows[0][0] if rows else None

    def forget(self, keys: Iterable[bytes]) -> int:
        """Remove the entries of these keys, pinned or not, and their outputs; warns of outputs that stay.

        Returns:
            How many there were.

        Raises:
            StoreError: the store can't be written.
        """
        _ask("forget")
        from inviscid.store import outputs
        from inviscid.store.sweep import remove

        if not self.exists():
            return 0
        listed = list(keys)
        # The entries last: where this dies between the two, a hit restores what is gone.
        stay = [f"{item.path} ({item.why_kept})" for item in outputs.remove(self._index, listed, self._seals)
                if item.why_kept]  # fmt: skip
        if stay:
            warnings.warn(f"not deleted: {', '.join(stay)}", InviscidWarning, stacklevel=2)
        return remove(self._index, self._objects, listed)

    def outputs(self, paths: Sequence[str]) -> dict[str, Owned]:
        """What inviscid has put at these paths.

        Raises:
            StoreError: the store can't be read now.
        """
        from inviscid.store.outputs import find

        return find(self._index, paths, self._seals) if self.exists() else {}

    def own(self, owned: Iterable[Owned]) -> None:
        """Note what inviscid has put where.

        Raises:
            StoreError: the store can't be written now.
        """
        from inviscid.store.outputs import own

        own(self._index, owned, self._seals)

    def spool(self, sources: Iterable[tuple[str, int]]) -> memoryview:
        """A copy of the bytes of these files (path and size), one after the other, that nobody changes.

        Raises:
            StoreError: the store has no room for it.
            ValueError: a file has another size by now.
            OSError: a file can't be read.
        """
        from inviscid.store.outputs import spool

        return spool(self._layout, self._index, sources)

    def forms(self, text: bytes) -> tuple[dict[bytes, bytes], bool]:
        """The remembered forms of a text, by code; and whether `remember` should be told that they were used.

        Raises:
            StoreError: the store can't be read now.
        """
        if not self.exists():
            return {}, False
        from inviscid.store.forms import find

        return find(self._index, text, self._seals)

    def remember(self, made: Mapping[bytes, Mapping[bytes, bytes]], used: Iterable[bytes] = ()) -> None:
        """Keep forms by text and code, and note that those of other texts were used.

        Raises:
            StoreError: the store can't be written now; none of them is kept.
        """
        from inviscid.store.forms import limit_of, remember
        from inviscid.store.plan import DEFAULT_SIZE_LIMIT

        limit = limit_of(DEFAULT_SIZE_LIMIT if self.size_limit is None else self.size_limit)
        remember(self._index, made, used, seals=self._seals, limit=limit)

    def touch(self, key: bytes, saved: float) -> None:
        """Count a hit that saved so many seconds. Written later; never fails."""
        self._tally.touch(key, saved)

    def hit(self, key: bytes, saved: float) -> None:
        """Both for a plain hit."""
        self._tally.hit(key, saved)

    def count(self, outcome: Outcome, seconds: float = 0.0) -> None:
        """Count an outcome, and the seconds that it cost or saved. Written later; never fails."""
        self._tally.count(int(outcome), seconds)

    def generation(self) -> int:
        """A number that changes whenever anybody removes anything. 0 where there is no store."""
        return self._generation.get()

    def watch_generation(self) -> memoryview | None:
        """Where the generation is to be read, as the only number, for about a second; None where there is no store."""
        return self._generation.view()

    def tick(self) -> None:
        """Write what was counted, if it is time to; to be called now and then by who counts in memory."""
        self.memory.renew(self._generation.get())
        self._tally.tick()

    def close(self) -> None:
        """Write what was counted and close all connections. The store can be used again: it opens as at first."""
        if "_tally" in self.__dict__:
            self._tally.flush()
        if "_index" in self.__dict__:
            self._index.close()
        self.memory.clear()
        self._layout.reset()

    # What people need.

    def exists(self) -> bool:
        """Whether there is a store at the path.

        Raises:
            StoreError: there is something that can't be used.
        """
        return self._layout.ready(create=False)

    def functions(self) -> list[FunctionSummary]:
        """One row for each function that has entries, by name."""
        from inviscid.store.survey import functions

        self._flush()
        return functions(self._index)

    def entries(self, selector: str) -> list[Entry]:
        """The entries that a selector names, newest first; `survey.py` says what a selector is.

        Raises:
            SelectorError: it names none.
        """
        from inviscid.store.survey import select

        self._flush()
        return [entry for key in select(self._index, selector) if (entry := self.find(key)) is not None]

    def stats(self) -> Summary:
        """The figures of the whole store."""
        from inviscid.store.survey import summary

        self._flush()
        return summary(self._index, self._layout.path)

    def pin(self, key: bytes, because: str) -> None:
        """Have gc and clean keep the entry of this key, and say why."""
        _ask("pin")
        self._index.write(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO pins VALUES (?, ?, ?)", (key, because, time.time())
            )
        )

    def unpin(self, key: bytes) -> bool:
        """Undo `pin`; says whether there was one."""
        _ask("unpin")
        if not self.exists():
            return False
        return self._index.write(
            lambda connection: connection.execute("DELETE FROM pins WHERE key = ?", (key,)).rowcount > 0
        )

    def is_pinned(self, key: bytes) -> bool:
        """Whether a key is pinned. It is also where its entry was damaged and is gone."""
        return bool(self._index.read("SELECT 1 FROM pins WHERE key = ?", (key,)))

    def is_foreign(self, key: bytes) -> bool:
        """Whether others sealed what is under a key, with another signing key or without one."""
        rows = self._index.read("SELECT seal FROM entries WHERE key = ?", (key,))
        return bool(rows) and self._seals.is_foreign(rows[0][0])

    def pins(self) -> list[Pin]:
        """Every pin, oldest first."""
        from inviscid.store.survey import pins

        return pins(self._index)

    def plan_gc(self, *, size_limit: int | None = None, max_age: float | None = None, grace: float = _DAY) -> Plan:
        """What a collection would remove; `plan.py` says what it keeps.

        Args:
            size_limit: bytes that may stay; by default the store's own limit.
            max_age: seconds since the last use; by default the store's own limit.
            grace: seconds for which what is new or just used stays.
        """
        from inviscid.store.plan import DEFAULT_SIZE_LIMIT, plan_gc

        self._flush()
        limits = [limit for limit in (size_limit, self.size_limit, DEFAULT_SIZE_LIMIT) if limit is not None]
        age = self.max_age if max_age is None else max_age
        return plan_gc(self._index, self._layout, size_limit=limits[0], max_age=age, grace=grace)

    def select(
        self, selector: str | None = None, *, tag: str | None = None, older_than: float | None = None
    ) -> list[bytes]:
        """The keys of the entries that a selector names, of functions that have a tag, and that were computed so many
        seconds ago or earlier.

        Raises:
            SelectorError: selector or tag name none.
        """
        from inviscid.store.survey import select_all

        return select_all(self._index, selector, tag, older_than)

    def plan_clean(
        self, selector: str | None = None, *, tag: str | None = None, older_than: float | None = None
    ) -> Plan:
        """What cleaning would remove: the entries that `select` gives, or all and what is remembered of code; their
        outputs too. The pinned stay.

        Raises:
            SelectorError: selector or tag name none.
        """
        whole = selector is None and tag is None and older_than is None
        return self.plan_removal(self.select(selector, tag=tag, older_than=older_than), forms=whole)

    def plan_removal(self, keys: Iterable[bytes], *, forms: bool = False) -> Plan:
        """What removing these keys would remove; with `forms` what is remembered of code goes too."""
        from inviscid.store.plan import plan_removal

        return plan_removal(self._index, set(keys), self._seals, forms=forms)

    def fingerprints(self) -> list[tuple[bytes, str]]:
        """Each fingerprint that entries have, with the name of a function that computed one."""
        rows = self._index.read("SELECT fingerprint, min(function) FROM entries GROUP BY fingerprint")
        return [(fingerprint, function.decode(errors="replace")) for fingerprint, function in rows]

    def keys_of(self, fingerprint: bytes) -> list[bytes]:
        """The keys of all entries of a fingerprint."""
        return [row[0] for row in self._index.read("SELECT key FROM entries WHERE fingerprint = ?", (fingerprint,))]

    def execute(self, plan: Plan) -> Swept:
        """Do what a plan says, but for what was used, pinned or written again since it was made.

        Raises:
            StoreError: the store can't be written.
        """
        _ask("execute")
        from inviscid.store.sweep import execute

        return execute(self._index, self._objects, plan, self._seals)

    def checkup(self) -> list[Check]:
        """Look whether the place of the store is one in which it can work well. Raises nothing that it can tell."""
        from inviscid.store.checkup import checkup

        return checkup(self._layout, self._index, lambda: self._seals)

    def verify(
        self,
        *,
        read_data: bool = False,
        repair: bool = False,
        progress: Callable[[int, int], object] = lambda done, whole: None,
    ) -> Verified:
        """Look whether all that the store has is as it was stored. It may be used meanwhile.

        Args:
            read_data: read all objects in files and compare their digests, instead of only asking for their sizes.
            repair: remove what is damaged, so that it is computed again when it is asked for; mend a damaged index, or
                set it aside and begin it anew.
            progress: is told how many of how many entries were looked at.

        Raises:
            StoreError: the store can't be read now.
        """
        if repair:
            _ask("verify")
        from inviscid.store.problem import Problem
        from inviscid.store.verify import Verified, verify

        try:
            if not self.exists():
                return Verified(0, 0, 0, 0, ())
        except VersionDamaged as error:
            mended = repair and self._layout.mend()
            problem = Problem("version", f"{self._layout.path}/version", "", str(error).partition(";")[0], mended)
            if not mended:
                return Verified(0, 0, 0, 0, (problem,))
            found = self.verify(read_data=read_data, repair=repair, progress=progress)
            return found._replace(problems=(problem, *found.problems))
        self._flush()
        return verify(
            self._layout,
            self._index,
            self._reader,
            self._objects,
            self._seals,
            read_data=read_data,
            repair=repair,
            progress=progress,
        )

    def _flush(self) -> None:
        if "_tally" in self.__dict__:
            self._tally.flush()


def _ask(what: str) -> None:
    for ask in before_removal:
        ask(f"Store.{what}(), which changes what is stored")


def _check_types(
    size_limit: object, max_age: object, memory_limit: object, signing_key: object, multi_user: object, safe: object
) -> None:
    for name, value, kinds, what in (
        ("size_limit", size_limit, (int, NoneType), "bytes, as an int"),
        ("max_age", max_age, (int, float, NoneType), "seconds"),
        ("memory_limit", memory_limit, (int,), "bytes, as an int"),
        ("signing_key", signing_key, (str, os.PathLike, bytes, NoneType), "the path of a file, or 32 bytes"),
    ):
        if isinstance(value, bool) or not isinstance(value, kinds):
            # What a key is isn't shown.
            shown = "something else" if name == "signing_key" else repr(value)
            raise TypeError(f"Store(): {name} is {what}, not {shown}")
    for name, value in (("multi_user", multi_user), ("safe", safe)):
        if not isinstance(value, bool):
            raise TypeError(f"Store(): {name} is True or False, not {value!r}")
    if isinstance(signing_key, str) and len(signing_key) == 64 and not signing_key.strip("0123456789abcdefABCDEF"):
        raise SigningKeyError(
            "signing_key= is a key that is written out: put it into a file, or pass bytes.fromhex(...)"
        )


def _restore(path: str, options: dict[str, Any]) -> Store:
    return Store(path, **options)
