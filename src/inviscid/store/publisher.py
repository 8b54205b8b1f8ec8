"""Publishing: see the order of writing in `store.py`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from inviscid.digest import Buffer
from inviscid.entry import Entry
from inviscid.errors import InviscidWarning, StoreError
from inviscid.store.draft import Draft
from inviscid.store.generation import Generation
from inviscid.store.index import Index
from inviscid.store.layout import Layout, failure
from inviscid.store.objects import Objects, measure, views_of
from inviscid.store.plan import DEFAULT_SIZE_LIMIT, plan_gc
from inviscid.store.schema import INLINE_LIMIT, insert, link, plain
from inviscid.store.seals import Seals
from inviscid.store.survey import TOTAL
from inviscid.store.sweep import execute, unlink_unneeded

if TYPE_CHECKING:
    from sqlite3 import Connection

_ATTEMPTS = 2
# A collection is thought of whenever this part of the limit was published, by whomever.
_PART = 16
# What a process published counts from this part of that on: so a few hundred processes can't publish much unseen.
_SHARES = 256
# Seconds. Shorter than gc's own: a day of hard work may outgrow any limit.
_GRACE = 600.0


class Publisher:
    """The writing half of one store."""

    def __init__(
        self,
        layout: Layout,
        index: Index,
        objects: Objects,
        generation: Generation,
        *,
        seals: Seals,
        size_limit: int | None,
        max_age: float | None,
    ) -> None:
        self._layout = layout
        self._index = index
        self._objects = objects
        self._generation = generation
        self._seals = seals
        self._limit = DEFAULT_SIZE_LIMIT if size_limit is None else size_limit
        self._max_age = max_age
        self._published = 0
        """Bytes that the store was not told of."""

    def publish(
        self,
        entry: Entry,
        chunks: Sequence[Buffer],
        preimage: bytes,
        durable: bool,
        links: Sequence[bytes],
        draft: Draft | None = None,
    ) -> Entry:
        """Have entry and bytes in the store; gives the entry with its object's digest and size."""
        self._index.prepare()
        views = views_of(chunks)
        name, size = measure(views)
        entry = plain(entry)._replace(object=name, size=size)
        inline = b"".join(views) if size <= INLINE_LIMIT else None
        row = _Row(entry, views, inline, preimage, durable, links, draft)
        for _ in range(_ATTEMPTS):
            if self._try(row):
                return entry
        # Collectors are faster than we are. None gets in between while we hold their lock.
        row.insists = True
        self._try(row)
        return entry

    def _try(self, row: _Row) -> bool:
        """Publish once; False where the object, or its folder, was gone before the row could refer to it."""
        if row.inline is None and not row.insists:
            try:
                self._objects.write(row.entry.object, row.views, row.entry.size, row.durable, row.draft)
            except FileNotFoundError:
                # Our draft was swept, or somebody deleted the whole store.
                self._layout.reset()
                self._index.prepare()
                return False
            except OSError as error:
                raise failure(f"a result can't be written to the store {self._layout.path}", error) from error
        if not self._index.write(lambda connection: self._insert(connection, row), durable=row.durable):
            return False
        if row.replaced:
            # Once more after the commit: see generation.py.
            self._generation.move()
        if row.due:
            self._collect()
        return True

    def _insert(self, connection: Connection, row: _Row) -> bool:
        entry = row.entry
        if row.inline is None and not self._objects.freshen(entry.object):
            if not row.insists:
                return False
            self._objects.write(entry.object, row.views, entry.size, row.durable)
        old = connection.execute("SELECT object, inline IS NULL FROM entries WHERE key = ?", (entry.key,)).fetchone()
        insert(connection, entry, row.inline, self._seals)
        if row.links or old is not None:
            link(connection, row.links, entry)
        connection.execute(
            "INSERT OR IGNORE INTO preimages VALUES (?, ?)", (entry.provenance.fingerprint, row.preimage)
        )
        row.due = self._is_due(connection, entry.size)
        # Even if the object is the same: what others hold in memory has the age and the conditions of the old one.
        row.replaced = old is not None
        if row.replaced:
            if old[1] and old[0] != entry.object:
                unlink_unneeded(connection, self._objects, old[0])
            self._generation.move()
        return True

    def _is_due(self, connection: Connection, size: int) -> bool:
        # Not each time for small ones: then who publishes has more to write than what is published.
        self._published += size
        if self._published < self._limit // _PART // _SHARES:
            return False
        connection.execute(
            "INSERT INTO meta VALUES ('published', ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (self._published,),
        )
        self._published = 0
        (published,) = connection.execute("SELECT value FROM meta WHERE name = 'published'").fetchone()
        if published < self._limit // _PART:
            return False
        # Whoever comes first collects for all.
        connection.execute("UPDATE meta SET value = 0 WHERE name = 'published'")
        return True

    def _collect(self) -> None:
        try:
            total = self._index.read(TOTAL)[0][0] or 0
            if total > self._limit or self._max_age is not None:
                # Some more than needed, or the next publication would collect again.
                limit = self._limit - self._limit // _PART
                plan = plan_gc(self._index, self._layout, size_limit=limit, max_age=self._max_age, grace=_GRACE)
                execute(self._index, self._objects, plan, self._seals)
        except StoreError as error:
            warnings.warn(f"the store could not be collected: {error}", InviscidWarning, stacklevel=2)


class _Row:
    """What one transaction writes, and what came of it."""

    __slots__ = ("draft", "due", "durable", "entry", "inline", "insists", "links", "preimage", "replaced", "views")

    def __init__(
        self,
        entry: Entry,
        views: Sequence[memoryview],
        inline: bytes | None,
        preimage: bytes,
        durable: bool,
        links: Sequence[bytes],
        draft: Draft | None,
    ) -> None:
        self.draft = draft
        self.entry = entry
        self.views = views
        self.inline = inline
        self.preimage = preimage
        self.durable = durable
        self.links = links
        self.insists = False
        self.due = False
        self.replaced = False
