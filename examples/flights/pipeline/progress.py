"""One line on the terminal for each step whose body really runs."""

from __future__ import annotations

import sys


def step(name: str, doing: str) -> None:
    """Say that the body of step `name` has started. A step that is served from the store says nothing."""
    print(f"  {name:<9} {doing}", file=sys.stderr, flush=True)
