"""Where the normal forms of code are remembered: the store of the function that is called.

A store that fails costs a parse and says nothing here: the call that needs it says it. No store is made for forms, and
nothing is written in a mode that stores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from inviscid import planning, settings
from inviscid.errors import InviscidError
from inviscid.settings import Mode
from inviscid.stores import StoreLike, current_store

_WRITING = ("on", "refresh", "fresh")


class StoredForms:
    """The forms of one store.

    Args:
        given: the store, or None for the one that the settings name at the time.
        mode: holds instead of the mode of the process.
        writes: False to read only.
    """

    __slots__ = ("_failed", "_given", "_mode", "_used", "_writes")

    def __init__(self, given: StoreLike | None, mode: Mode | None = None, *, writes: bool = True) -> None:
        self._given = given
        self._mode = mode
        self._writes = writes
        self._used: set[bytes] = set()
        self._failed = False

    def recall(self, text: bytes) -> Mapping[bytes, bytes]:
        """All forms of one text, by code."""
        if self._failed:
            return {}
        try:
            found, stale = current_store(self._given).forms(text)
        except InviscidError:
            # Not once more for each file that the fingerprint reaches.
            self._failed = True
            return {}
        if stale:
            self._used.add(text)
        return found

    def remember(self, made: Mapping[bytes, Mapping[bytes, bytes]]) -> bool:
        """Keep forms, by text and code. Says whether they may be let go."""
        failed, self._failed = self._failed, False
        if failed:
            return True
        if not self._writes or (not made and not self._used):
            return not made
        used, self._used = self._used, set()
        try:
            mode = self._mode or settings.current_mode()
            store = current_store(self._given)
            if mode.name not in _WRITING or planning.ACTIVE or not store.exists():
                return False
            store.remember(made, used)
        except InviscidError:
            pass
        return True
