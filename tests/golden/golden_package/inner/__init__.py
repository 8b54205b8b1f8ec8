"""A package in a package."""

from ..numbers_ import triple


def deep(x):
    from .. import numbers_ as two_up

    return triple(x) - two_up.THREE
