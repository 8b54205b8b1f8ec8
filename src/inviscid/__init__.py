"""Persistent memoization that knows what a function does.

`cached` keeps a function's results across processes for as long as its behaviour, its config and its inputs are the
same.
"""

from typing import TYPE_CHECKING

from inviscid import pickling as _pickling  # noqa: F401  it teaches pickle about cached functions
from inviscid.auditing import Audit, audit
from inviscid.configuration import config, configure
from inviscid.decorate import cached, effect, fingerprint, source
from inviscid.errors import (
    AcceptError,
    AcceptRefused,
    AuditError,
    ConfigError,
    EffectError,
    FrozenMiss,
    InviscidError,
    InviscidWarning,
    LockError,
    ModeError,
    OutputError,
    PlanError,
    PointerError,
    ReentryError,
    ReplayMiss,
    ReportError,
    SelectorError,
    SigningKeyError,
    SourceError,
    StoreError,
    StoreOwnershipError,
    StoreVersionError,
    SymmetryError,
    SymmetryViolation,
    TraceError,
    UnhashableInput,
    UnstorableResult,
)
from inviscid.events import Event, Subscription, subscribe
from inviscid.explain import Difference, Explanation, compare_fingerprints
from inviscid.fingerprinting import Fingerprint
from inviscid.function import CachedFunction
from inviscid.inputs import Dir, File
from inviscid.kinds import EffectFunction, SourceFunction
from inviscid.outcome import Outcome
from inviscid.outputs import Outputs
from inviscid.planning import Plan, PlannedCall, plan
from inviscid.rerunning import Rerun, RerunCall, rerun
from inviscid.settings import mode
from inviscid.store import Store

if TYPE_CHECKING:
    from inviscid.accept import Accepted
    from inviscid.comparing import Comparison, Counterexample, compare

__all__ = [
    "AcceptError", "AcceptRefused", "Accepted", "Audit", "AuditError", "CachedFunction", "Comparison",
    "ConfigError", "Counterexample", "Difference", "Dir", "EffectError", "EffectFunction", "Event", "Explanation",
    "File", "Fingerprint", "FrozenMiss", "InviscidError", "InviscidWarning", "LockError", "ModeError", "Outcome",
    "OutputError", "Outputs", "Plan", "PlanError", "PlannedCall", "PointerError", "ReentryError", "ReplayMiss",
    "ReportError", "Rerun", "RerunCall", "SelectorError", "SigningKeyError", "SourceError", "SourceFunction",
    "Store", "StoreError", "StoreOwnershipError", "StoreVersionError", "Subscription", "SymmetryError",
    "SymmetryViolation", "TraceError", "UnhashableInput", "UnstorableResult", "audit", "cached", "compare",
    "compare_fingerprints", "config", "configure", "effect", "fingerprint", "mode", "plan", "rerun", "source",
    "subscribe",
]  # fmt: skip

# Who hits has no use for them.
_LATE = {"Accepted": "accept", "Comparison": "comparing", "Counterexample": "comparing", "compare": "comparing"}


def __getattr__(name: str) -> object:
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(f"inviscid.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
