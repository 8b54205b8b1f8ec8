"""Values to digests: structural, canonical, the same in every process.

An `Encoder` writes the canonical stream of a value (its grammar is in `encode`); `register` teaches it a type; a `File`
or a `Dir` stands for content instead of for a path.
"""

from __future__ import annotations

from .encode import Encoder, Reference
from .files import Dir, File
from .registry import register

__all__ = ["Dir", "Encoder", "File", "Reference", "register"]
