"""The one audit hook of this package.

The interpreter calls each hook for every event, and many builtins are one (`id`, `open`, the reading of ``__code__``):
so there is one hook, added when somebody first wants to hear something, which asks a table and mostly returns at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

Heard = Callable[[str, tuple[Any, ...]], None]
"""Called with the name of an event and its arguments, two frames below the code that raised it. Must not raise."""

_heard: dict[str, tuple[Heard, ...]] = {}
_added = False


def hear(events: Iterable[str], heard: Heard) -> None:
    """Have `heard` called for these events from now on: a hook can't be taken away again."""
    global _added
    for event in events:
        _heard[event] = (*_heard.get(event, ()), heard)
    if not _added:
        _added = True
        sys.addaudithook(_hear)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    found = _heard.get(event)
    if found is not None:
        for one in found:
            one(event, args)
