"""Attributes that are made at their first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class late(Generic[T]):  # noqa: N801  used like the builtin property
    """An attribute that is made at its first use, and the same for all threads.

    Without a lock, unlike functools.cached_property: one that a thread holds while another forks is never free again.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> late[T]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...
    def __get__(self, owner: object, kind: type) -> late[T] | T:
        if owner is None:
            return self
        made: T = owner.__dict__.setdefault(self._name, self._make(owner))
        return made
