"""The floor that keeps bytes: index, objects, claims and gc of one local store. It never sees a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inviscid.store.layout import STORE_VERSION
from inviscid.store.memory import Held
from inviscid.store.store import Store

if TYPE_CHECKING:
    from inviscid.store.checkup import Check
    from inviscid.store.plan import DEFAULT_SIZE_LIMIT, Litter, Plan, Removal
    from inviscid.store.problem import Problem
    from inviscid.store.survey import FunctionSummary, Pin, Summary
    from inviscid.store.sweep import Swept
    from inviscid.store.verify import Verified

_LATE = {
    "Check": "checkup",
    "DEFAULT_SIZE_LIMIT": "plan",
    "FunctionSummary": "survey",
    "Litter": "plan",
    "Pin": "survey",
    "Plan": "plan",
    "Removal": "plan",
    "Summary": "survey",
    "Swept": "sweep",
    "Problem": "problem",
    "Verified": "verify",
}

__all__ = [
    "DEFAULT_SIZE_LIMIT",
    "STORE_VERSION",
    "Check",
    "FunctionSummary",
    "Held",
    "Litter",
    "Pin",
    "Plan",
    "Problem",
    "Removal",
    "Store",
    "Summary",
    "Swept",
    "Verified",
]


def __getattr__(name: str) -> object:
    # These modules import SQLite, whose import takes longer than a hit.
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(f"inviscid.store.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
