"""The options that all proofs have, before those of their own."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path


class Parser(argparse.ArgumentParser):
    """Takes what all proofs take.

    Args:
        about: the docstring of the script, of which the first line is shown.
        trials: whether there are trials to share out.
    """

    def __init__(self, about: str | None, *, trials: bool = True) -> None:
        super().__init__(description=(about or "").partition("\n")[0])
        self.add_argument("--library", action="append", default=[], help="one of them, as often as wanted; else all")
        if trials:
            self.add_argument("--workers", type=int, default=2, help="processes that do trials")
        self.add_argument("--weakened", default="", help="leave a rule out: see weakened.py")
        self.add_argument("--write", action="store_true", help="fill the page of the documentation")
        # Workers have other working directories.
        self.add_argument(
            "--kept",
            type=lambda text: Path(text).resolve(),
            default=Path(tempfile.gettempdir(), "inviscid-foreign"),
            help="folder of what was downloaded, and of what is made of it",
        )
