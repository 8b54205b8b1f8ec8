"""What a class says of the state of its instances: to pickle, and so to all who ask what an instance is."""

from __future__ import annotations

import copyreg

_METHODS = ("__reduce_ex__", "__reduce__", "__getstate__")


def says_its_state(cls: type) -> bool:
    """Whether a class says itself what of its instances pickle takes, or somebody says it for the class.

    Where neither is so, pickle takes all that an instance holds.
    """
    return cls in copyreg.dispatch_table or any(
        getattr(cls, name, None) is not getattr(object, name) for name in _METHODS
    )


def is_constant(cls: type) -> bool:
    """Whether instances of a class of ours never change."""
    return "__inviscid_constant__" in vars(cls)
