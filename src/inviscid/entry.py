"""Frozen values that the floors hand to each other. They do no work.

A *key* (32 bytes) names a call; an *entry* says what the store has for it; its *provenance* explains, and is never
hashed into the key.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, NamedTuple

INPUTS = ", inputs"
"""Behind the name of a function: the entries that keep the arguments of its calls (`keeping`)."""


class Provenance(NamedTuple):
    """Where an entry came from: what `explain` and `show` print."""

    function: str
    """``package.module:qualname`` of the function that computed it. Display and selection only: never in the key."""
    fingerprint: bytes
    """Digest of the function's behaviour; the store keeps one preimage for each."""
    parts: bytes
    """MessagePack map of the key's other parts, each split as finely as an explanation needs."""
    created: float
    """Seconds since the epoch."""
    seconds: float
    """How long the computation took: what a hit saves."""
    origin: str
    """The run that computed it, as ``host:pid``; free text."""


class Entry(NamedTuple):
    """What the store has for a key: where the bytes are, how to read them, what they must be."""

    key: bytes
    codec: str
    """``name/version`` of the codec that wrote the object."""
    object: bytes
    """Digest of the stored bytes."""
    size: int
    """Stored bytes."""
    value: bytes
    """Structural digest of the value: equal for the value that was stored and the value that is loaded."""
    classes: bytes
    """MessagePack map ``module:qualname`` → digest of each user class that decoding will look up by name."""
    manifest: bytes
    """Empty where the key alone decides; otherwise the list of what must be confirmed before a hit (`world`)."""
    provenance: Provenance
    hits: int = 0
    accessed: float = 0.0


def function_name(function: Any) -> str:
    """``package.module:qualname``, the one way in which functions are named to people."""
    qualname = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{module_name(function)}:{qualname}"


def module_name(defined: Any) -> str:
    """The module that a function or class is from; what runs as ``__main__`` is called as it would be imported."""
    name = str(getattr(defined, "__module__", "?"))
    if name != "__main__":
        return name
    namespace = getattr(defined, "__globals__", None) or vars(sys.modules["__main__"])
    return name_of_namespace(namespace)


def name_of_namespace(namespace: dict[str, Any]) -> str:
    """The name of the module that a namespace belongs to."""
    name = str(namespace.get("__name__", "?"))
    if name != "__main__":
        return name
    spec, file = namespace.get("__spec__"), namespace.get("__file__")
    if spec is not None:
        return str(spec.name).removesuffix(".__main__")
    return os.path.splitext(os.path.basename(file))[0] if file else name


def named(module: str, qualname: str) -> Any:
    """The function or class of a name that `module_name` and its ``__qualname__`` give.

    What this process runs as ``__main__`` is found there, and not imported a second time: its classes would be others.

    Raises:
        ImportError: there is no such module.
        AttributeError: it has no such name.
    """
    found: Any = None
    main = sys.modules.get("__main__")
    if module not in sys.modules and main is not None and name_of_namespace(vars(main)) == module:
        found = main
    else:
        found = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found
