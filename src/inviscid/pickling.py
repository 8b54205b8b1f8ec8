"""Cached functions in other processes: they go by name, with the configuration that they would see here.

A worker doesn't see the overlays of the process that sent it a function. So what is sent carries the value of each
config key in its reach, resolved at the time of sending, and the mode. A function that can't be found by its name
elsewhere (of ``__main__``, of a notebook, nested) goes by value: see `by_value`.
"""

from __future__ import annotations

import copyreg
from typing import Any

from inviscid import configuration, planning, settings
from inviscid.callables import find, is_findable
from inviscid.function import CachedFunction
from inviscid.kinds import EffectFunction, SourceFunction
from inviscid.sentinels import MISSING
from inviscid.wrapping import Variant


def reduce_cached(function: CachedFunction[Any, Any]) -> tuple[Any, ...]:
    """What pickle stores of a cached function."""
    planning.keep_off(f"what other processes do, to which {function.__qualname__}() is sent")
    base: CachedFunction[Any, Any] = function.__inviscid_base__
    carried = _resolved(function)
    by_value: bytes | None = None
    if not is_findable(base):
        # It imports what only they need.
        from inviscid.by_value import dumps

        by_value = dumps(base)
    variant = function._variant
    if carried:
        variant = variant._replace(layers=(*variant.layers, configuration.layer("sent along", carried)))
    variant = variant._replace(mode=variant.mode or settings.current_mode())
    return restore_cached, (base.__module__, base.__qualname__, by_value, variant)


def _resolved(function: CachedFunction[Any, Any]) -> dict[str, Any]:
    layers = configuration.active()
    found = {read.key: configuration.lookup(read.key, layers) for _, read in function.fingerprint.reads}
    return {key: value for key, value in found.items() if value is not MISSING}


def restore_cached(module: str, qualname: str, by_value: bytes | None, variant: Variant) -> CachedFunction[Any, Any]:
    """The function again, in whichever process this is."""
    if by_value is None:
        base: CachedFunction[Any, Any] = find(module, qualname)
    else:
        from inviscid.by_value import loads

        base = loads(by_value)
    here = Variant(mode=settings.current_mode())
    return base if variant == here else base._varied(variant)


# Here and not as a method, so that the call path doesn't import its own way out.
for _cls in (CachedFunction, SourceFunction, EffectFunction):
    copyreg.pickle(_cls, reduce_cached)
