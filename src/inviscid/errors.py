"""Errors and warnings: one root, and beside it the builtin that callers already catch.

Every error keeps what it was built from in ``args``, so that it survives pickling to another process, and says in its
message what to do about it.
"""

from __future__ import annotations

from typing import Any


class InviscidError(Exception):
    """Root of every error that inviscid raises on purpose."""

    def __str__(self) -> str:
        # KeyError would show the repr of its message; ours are sentences.
        return str(self.args[0]) if self.args else ""


class ConfigError(InviscidError, KeyError):
    """A config key is missing, a marker is misused, or a config source can't be read."""

    __str__ = InviscidError.__str__


class ModeError(InviscidError, ValueError):
    """There is no such mode."""


class UnhashableInput(InviscidError, TypeError):
    """A value has no deterministic digest. ``path`` names the culprit: ``argument 'model'.tokenizer._stream``."""

    def __init__(self, what: str, path: str = "", cure: str = "") -> None:
        super().__init__(what, path, cure)
        self.what = what
        self.path = path
        self.cure = cure
        """What to do about it, for an argument of a call."""

    def __str__(self) -> str:
        return f"{self.what} {self.cure}".strip()


class UnstorableResult(InviscidError, TypeError):
    """No codec can store a result so that it loads as it was."""


class OutputError(InviscidError, ValueError):
    """A declared output can't be written, captured or restored: it lies outside the project, the body didn't write it,
    somebody changed it, the disk is full. ``value`` is what the body returned, where it ran.
    """

    value: object = None

    def __reduce__(self) -> tuple[object, ...]:
        # What a body returned need not be something that can be sent to another process.
        return type(self), self.args


class StoreError(InviscidError, OSError):
    """The store can't be used: its path is a file, it can't be written, its index is damaged."""

    __str__ = InviscidError.__str__


class StoreVersionError(StoreError):
    """The store was written by a newer version of inviscid."""


class StoreOwnershipError(StoreError):
    """The store belongs to another user, or others can write to it."""


class SigningKeyError(StoreError):
    """The signing key of a store can't be used, or others could know it."""


class ReentryError(InviscidError, RecursionError):
    """A cached function calls itself with the same arguments: it would wait for its own result for ever."""


class FrozenMiss(InviscidError, LookupError):
    """What is asked of a frozen function has no frozen result; or what should be frozen or thawed isn't there."""


class AcceptError(InviscidError, LookupError):
    """There is no older version of a function to accept, its results can't be carried over, or nothing was accepted."""


class AcceptRefused(InviscidError, AssertionError):
    """The new version of a function was seen to give something else than the one that it should be accepted for.

    ``checked`` is the `Comparison`, with the counter-example.
    """

    def __init__(self, message: str, checked: Any = None) -> None:
        super().__init__(message, checked)
        self.checked = checked

    def __reduce__(self) -> tuple[object, ...]:
        # What the two gave need not be something that can be sent to another process.
        return type(self), (self.args[0],)


class LockError(InviscidError, ValueError):
    """`inviscid.lock` is damaged. ``file`` and ``line`` (0 where none is to blame) say where."""

    def __init__(self, what: str, file: str = "", line: int = 0, cure: str = "") -> None:
        super().__init__(what, file, line, cure)
        self.what = what
        self.file = file
        self.line = line
        self.cure = cure

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.what}{'; ' if self.cure else ''}{self.cure}"


class ReplayMiss(InviscidError, LookupError):
    """In mode ``replay``, a call has no stored result."""


class EffectError(InviscidError, RuntimeError):
    """An effect was called inside a cached function, or nobody knows whether it happened."""


class SourceError(InviscidError, RuntimeError):
    """What `observe=` of a source was given raised: it can't be told whether the source changed."""


class PlanError(InviscidError, RuntimeError):
    """A plan can't be made here; or something would run in a process that was started while one is made."""


class PointerError(InviscidError, ValueError):
    """A pointer to a stored result is malformed, or what it points to is gone."""


class SymmetryError(InviscidError, ValueError):
    """A symmetry declaration doesn't fit the function that it is declared on."""


class SymmetryViolation(InviscidError, AssertionError):
    """A function doesn't have the symmetry that was declared for it, or a group isn't one.

    ``case`` is the counter-example (`inviscid.symmetry.Case`), where there is one.
    """

    def __init__(self, message: str, case: Any = None) -> None:
        super().__init__(message, case)
        self.case = case

    def __reduce__(self) -> tuple[object, ...]:
        # Arguments and results need not be anything that can be sent to another process.
        return type(self), (self.args[0],)


class SelectorError(InviscidError, LookupError):
    """A selector names nothing that is there."""


class ReportError(InviscidError, OSError):
    """The report can't be written where it should be."""

    __str__ = InviscidError.__str__


class TraceError(InviscidError, RuntimeError):
    """What runs can't be seen: before Python 3.12, or where other tools have taken all places of `sys.monitoring`."""


class AuditError(InviscidError, AssertionError):
    """A function ran code that its fingerprint doesn't hold, or read the world in a way that it doesn't know of.

    ``audit`` is the `Audit`.
    """

    def __init__(self, message: str, audit: Any = None) -> None:
        super().__init__(message, audit)
        self.audit = audit

    def __reduce__(self) -> tuple[object, ...]:
        # What a body returned need not be something that can be sent to another process.
        return type(self), (self.args[0], self.audit and self.audit.without_value())


class InviscidWarning(UserWarning):
    """Something went wrong that costs time but no value: the caller still has the result."""
