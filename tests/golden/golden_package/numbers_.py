"""Constants and helpers of the package."""

THREE = 3
__all__ = ["THREE", "triple"]


def triple(x):
    return THREE * x
