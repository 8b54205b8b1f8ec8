"""The closed list of what can become of a call. Events, statistics, logs and explanations all speak in its terms.

A *hit* serves a stored result, a *miss* computes and stores one, a *bypass* computes and stores nothing. The numbers
are kept in stores and must never be given a new meaning; a member that is no longer used keeps its number.
"""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """What became of one call; `kind` is ``hit``, ``miss`` or ``bypass``."""

    HIT = 1
    """The result was in the store."""
    HIT_WAITED = 2
    """Another process or thread was computing the result; it was waited for."""
    HIT_FROZEN = 3
    """The result is frozen: it stands whatever the code does."""
    HIT_RETRACED = 4
    """Something that it calls was edited, and gives what it gave before: so the result stands."""
    HIT_ACCEPTED = 5
    """The result of an earlier version, for which this one was accepted."""

    MISS_NEW = 20
    """The function has no entry yet."""
    MISS_CODE = 21
    """The behaviour of the function, or of something that it reaches, changed."""
    MISS_CONFIG = 22
    """The value of a config key that the function reads changed."""
    MISS_INPUTS = 23
    """Never called with these arguments."""
    MISS_ENVIRONMENT = 24
    """Python, the platform or a distribution that the function reaches changed."""
    MISS_OPTIONS = 25
    """An option of the decorator that is part of the key changed."""
    MISS_FORGOTTEN = 26
    """All that makes up the key was seen before, but the entry is gone: cleaned, collected or forgotten."""
    MISS_CORRUPT = 27
    """The stored result didn't pass its check; it is in quarantine."""
    MISS_UNREADABLE = 28
    """The stored result can't be decoded here: its class moved or changed, or its codec is unknown."""
    MISS_REFRESH = 29
    """A recompute was asked for."""
    MISS_NOT_FINAL = 30
    """What the entry depends on beyond its key, a file that the computation read, is not what it was."""
    MISS_EXPIRED = 31
    """The stored result is older than `max_age` allows."""
    MISS_UNSEEN = 32
    """A source that has not looked yet in this run."""
    MISS_FROZEN = 39
    """The function is frozen and has no frozen result for the call: it raises `FrozenMiss`, and computes nothing."""

    BYPASS_OFF = 40
    """Caching is switched off."""
    BYPASS_TAINTED = 41
    """The function reaches something that can't be fingerprinted."""
    BYPASS_STORE = 42
    """The store can't be used."""
    BYPASS_UNSTORABLE = 43
    """No codec can store the result."""
    BYPASS_CHANGED = 44
    """What the function depends on changed while it ran."""
    BYPASS_READONLY = 45
    """The mode forbids storing."""
    BYPASS_IMPURE = 46
    """The body was seen to do what a stored result couldn't repeat: write a file, connect, start a program."""
    BYPASS_DECLINED = 47
    """`cache_if` had the result not kept."""
    BYPASS_EFFECT = 48
    """An effect: it runs at every call, and nothing is stored."""
    BYPASS_OUTSIDE = 49
    """The tracer saw code run that the fingerprint doesn't hold, or nothing could be traced."""

    @property
    def kind(self) -> str:
        """``hit``, ``miss`` or ``bypass``."""
        return "hit" if self < 20 else "miss" if self < 40 else "bypass"
