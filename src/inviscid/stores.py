"""Which store a call uses, and a store that never costs the caller a value.

A store that can't be used is reported once, as a warning that says what to do; from then on the call path goes on without
it, and tries again with the next call.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from inviscid import settings
from inviscid.errors import InviscidWarning, ReentryError, StoreError
from inviscid.store import Store

T = TypeVar("T")

_opened: dict[str, Store] = {}
_warned: set[tuple[str, str]] = set()


def store_at(path: str | os.PathLike[str]) -> Store:
    """The store of a directory: one object for each in a process."""
    name = os.path.abspath(os.path.expanduser(path))
    if name not in _opened:
        _opened[name] = Store(name)
    return _opened[name]


def current_store(given: Store | str | os.PathLike[str] | None) -> Store:
    """The store that a decorator names, or else the one that the settings name.

    Raises:
        StoreError: the settings name one that can't be opened.
    """
    if isinstance(given, Store):
        return given
    return store_at(settings.store_path() if given is None else given)


class Attempt:
    """Uses of a store within one call; the first failure is the last attempt."""

    __slots__ = ("_where", "failure")

    def __init__(self, where: str) -> None:
        self._where = where
        self.failure = ""
        """Why the store can't be used; empty while it can."""

    def try_(self, use: Callable[[], T], otherwise: T) -> T:
        """The outcome of a use of the store, or `otherwise` where the store fails or has failed before."""
        if self.failure:
            return otherwise
        try:
            return use()
        except ReentryError:
            raise
        except StoreError as error:
            self._fail(error)
            return otherwise

    @contextmanager
    def claim(self, store: Store, key: bytes) -> Iterator[bool]:
        """A claim of the store, or none where the store fails."""
        with ExitStack() as stack:
            yield self.try_(lambda: stack.enter_context(store.claim(key)), otherwise=False)

    def _fail(self, error: StoreError) -> None:
        self.failure = str(error)
        if (self._where, self.failure) not in _warned:
            _warned.add((self._where, self.failure))
            warnings.warn(
                f"{self.failure} Results are computed and not kept.", InviscidWarning, stacklevel=_outside()
            )


def _outside() -> int:
    """How many frames up the user's code is."""
    import sys

    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(("inviscid.", "contextlib")):
        level, frame = level + 1, frame.f_back
    return level
