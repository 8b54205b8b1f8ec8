"""Which store a call uses, and a store that never costs the caller a value.

A store that can't be used is reported once, as a warning that says what to do; from then on the call path goes on
without it, and tries again with the next call.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from inviscid import events, settings
from inviscid.errors import StoreError
from inviscid.store import Store

T = TypeVar("T")
StoreLike = Store | str | os.PathLike[str]

_opened: dict[str, Store] = {}


def store_at(path: str | os.PathLike[str]) -> Store:
    """The store of a directory: one object for each in a process, with the options that are set then."""
    name = os.path.abspath(os.path.expanduser(path))
    if name not in _opened:
        _opened[name] = Store(name, **settings.store_options())
    return _opened[name]


def current_store(given: StoreLike | None) -> Store:
    """The store that a decorator names, or else the one that the settings name.

    Raises:
        StoreError: the settings name one that can't be opened.
    """
    if isinstance(given, Store):
        return given
    return store_at(settings.store_path() if given is None else given)


class Attempt:
    """Uses of a store within one call; the first failure is the last attempt."""

    __slots__ = ("_failure", "_who")

    def __init__(self, who: str) -> None:
        self._who = who
        self._failure = ""

    def why(self) -> str:
        """Why the store can't be used; empty while it can."""
        return self._failure

    def open(self, given: StoreLike | None) -> Store | None:
        """The store of a function, or None where there can't be one."""
        return self.use(lambda: current_store(given), otherwise=None)

    def use(self, use: Callable[[], T], otherwise: T) -> T:
        """What a use of the store gives, or `otherwise` where the store fails or has failed before."""
        if self._failure:
            return otherwise
        try:
            return use()
        except StoreError as error:
            self._failure = str(error).rstrip(".")
            events.warn(self._who, f"{self._failure}. Results are computed and not kept.")
            return otherwise
