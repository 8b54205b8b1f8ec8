"""A value for what isn't there, where None would be a value."""

from __future__ import annotations

from typing import Any


class _Missing:
    def __repr__(self) -> str:
        return "<missing>"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""No value at all: a config key that nobody sets, a name that a namespace doesn't have, an empty closure cell."""
