"""A package that definitions.py imports inside functions; part of the pinned fingerprints. Don't edit: add."""

from .numbers_ import THREE as EXPORTED
from .numbers_ import triple


def welcome(x):
    from . import inner
    from .numbers_ import THREE

    return inner.deep(x) + THREE
