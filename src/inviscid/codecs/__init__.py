"""Values to bytes and back: named, versioned codecs.

A *codec* is named ``name/version``; the version changes when its bytes do, and an old version stays readable as long as
stores may hold it. A codec is *safe* when decoding runs no code that the bytes choose. `candidates` offers codecs for a
value in order of preference; one that can't keep a value as it is raises `UnstorableResult`, and the next one is asked.
"""

from __future__ import annotations

from .codec import Codec, Encoded, by_name, candidates, classes_of

__all__ = ["Codec", "Encoded", "by_name", "candidates", "classes_of"]
