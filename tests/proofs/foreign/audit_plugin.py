"""A plug-in for pytest: every test function of a foreign suite runs under the audit, with its fixtures as arguments.

What it found is written to the file that AUDIT_REPORT names. AUDIT_MOST says how many tests run, chosen at random; all without it.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from _pytest.unittest import TestCaseFunction

if rule := os.environ.get("INVISCID_WEAKENED"):
    from weakened import weaken

    weaken(rule)
from inviscid.auditing import audited

_tests: list[dict[str, Any]] = []


def _audited(name: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    found = audited(function, (), arguments)
    _tests.append(
        {
            "test": name,
            "ran": list(found.ran),
            "outside": [f"{one.name} ({os.path.basename(one.file)}:{one.line})" for one in found.outside],
            "tainted": bool(found.taints),
            "failed": found.error is not None,
        }
    )
    if found.error is not None:
        raise found.error


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    names = pyfuncitem._fixtureinfo.argnames
    _audited(pyfuncitem.nodeid, pyfuncitem.obj, {name: pyfuncitem.funcargs[name] for name in names})
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if isinstance(item, TestCaseFunction):
        method = item.obj
        item.obj = lambda: _audited(item.nodeid, method, {})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    most = int(os.environ.get("AUDIT_MOST", "0"))
    if 0 < most < len(items):
        chosen = set(random.Random(0).sample(range(len(items)), most))
        items[:] = [item for number, item in enumerate(items) if number in chosen]


def pytest_sessionfinish() -> None:
    Path(os.environ["AUDIT_REPORT"]).write_text(json.dumps(_tests), encoding="utf-8")
