"""What must not cross a fork: database connections, locks and half-counted numbers.

A forked child shares the parent's open files. SQLite would take the parent's locks for its own there, and a byte-range
lock would outlive its holder. So each thing that holds such state registers itself, is told before the fork, and again
after it on both sides.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """What is told about forks."""

    def before_fork(self) -> None:
        """Come to rest: nobody may be halfway through anything while the process is copied."""

    def after_fork(self, child: bool) -> None:
        """Go on; in the child without what belongs to the parent."""


_first: WeakSet[Forkable] = WeakSet()
_members: WeakSet[Forkable] = WeakSet()
_guard = threading.Lock()
_resting: list[Forkable] = []


def register(member: Forkable, *, first: bool = False) -> None:
    """Tell `member` about every fork for as long as it lives.

    Args:
        member: is told.
        first: before the others, because what it waits for may need the locks that they hold while they rest.
    """
    with _guard:
        (_first if first else _members).add(member)


def _before() -> None:
    _guard.acquire()
    _resting.extend(_first)
    _resting.extend(_members)
    for member in _resting:
        member.before_fork()


def _after(child: bool) -> None:
    # A fork that C code makes by itself runs only the child's half: then nobody came to rest.
    members = _resting if _guard.locked() else [*_first, *_members]
    for member in members:
        member.after_fork(child)
    _resting.clear()
    if _guard.locked():
        _guard.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=lambda: _after(child=False), after_in_child=lambda: _after(child=True)
    )
