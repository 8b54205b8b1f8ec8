"""What a verification finds."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """Something in a store that isn't as it was stored."""

    kind: str
    """``version``, ``place``, ``index``, ``entry``, ``object``, ``form``, ``output``; ``unreadable`` is what can't be
    read now.
    """
    name: str
    """The key of an entry (hex), the digest of an object or of a text, or a path."""
    function: str
    """One whose results it concerns (``package.module:qualname``); empty where nobody knows."""
    what: str
    repaired: bool
    """Whether it is gone by now: then it is computed again when it is asked for."""
