"""Cached functions in other processes: they go by name, with the configuration that they would see here.

A worker doesn't see the overlays of the process that sent it a function. So what is sent carries the value of each config
key in its reach, resolved at the time of sending, and the mode. A function that can't be found by its name elsewhere (of
``__main__``, of a notebook, nested) goes by value, through cloudpickle.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from inviscid import calls, configuration, settings
from inviscid.configuration import Layer
from inviscid.sentinels import MISSING

if TYPE_CHECKING:
    from inviscid.memo import CachedFunction


def reduce_cached(function: CachedFunction[Any, Any]) -> tuple[Any, ...]:
    """What pickle stores of a cached function."""
    base = function.__inviscid_base__
    carried = _resolved(function)
    by_value = None if base.__module__ != "__main__" and _named(base) is base else _by_value(base)
    mode = settings.current_mode().name
    state = (base.__module__, base.__qualname__, by_value, function.__inviscid_layers__, function._own, carried, mode)
    return restore_cached, state


def _resolved(function: CachedFunction[Any, Any]) -> dict[str, Any]:
    layers = configuration.active()
    found = {read.key: configuration.lookup(read.key, layers) for _, read in function.fingerprint.reads}
    return {key: value for key, value in found.items() if value is not MISSING}


def _named(function: CachedFunction[Any, Any]) -> Any:
    found: Any = sys.modules.get(function.__module__)
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    return found


def _by_value(base: CachedFunction[Any, Any]) -> bytes:
    from joblib.externals import cloudpickle

    pickled: bytes = cloudpickle.dumps((base.__wrapped__, base._options, base._store))
    return pickled


def restore_cached(
    module: str, qualname: str, by_value: bytes | None, layers: tuple[Layer, ...], own: dict[str, Any],
    carried: dict[str, Any], mode: str,
) -> CachedFunction[Any, Any]:  # fmt: skip
    """The function again, in whichever process this is."""
    import importlib

    from inviscid.memo import CachedFunction

    base: CachedFunction[Any, Any]
    if by_value is None:
        found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
        base = found
    else:
        import pickle

        base = CachedFunction(*pickle.loads(by_value))
    if not (layers or own or carried) and mode == settings.current_mode().name:
        return base
    below = (configuration.layer("sent along", carried),) if carried else ()
    return CachedFunction(
        base.__wrapped__, base._options, base._store, base=base, layers=(*layers, *below), own=own
    )
