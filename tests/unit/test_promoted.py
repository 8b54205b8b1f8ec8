"""Which edits only made a constant a parameter."""

from __future__ import annotations

from typing import Any

import pytest

Project = Any

HEAD = "    from inviscid import cached\n    K = 3\n    L = 4\n    def h(x): return x\n    @cached\n    "


@pytest.mark.parametrize(
    ("then", "now", "offered"),
    [
        ("def f(x): return x * 3", "def f(x, k=3): return x * k", ["k"]),
        ("def f(x): return x * K", "def f(x, k=K): return x * k", ["k"]),
        ("def f(x): return x * K", "def f(x, k=3): return x * k", ["k"]),
        ("def f(x): return x * K + L", "def f(x, k=3): return x * k + L", ["k"]),
        ("def f(x): return x * K + L", "def f(x, k=3, *, m=L): return x * k + m", ["k", "m"]),
        ("def f(x): return x * 3 + h(x)", "def f(x, k=3): return x * k + h(x)", ["k"]),
        ("def f(x, y=1): return x * 3 + y", "def f(x, y=1, k=3): return x * k + y", ["k"]),
        ("def f(x): return x * -1.5", "def f(x, k=-1.5): return x * k", ["k"]),
        ("def f(x): return 'a' + x", "def f(x, *, k='a'): return k + x", ["k"]),
        ("def f(x): return x * 3", "def f(x, k=4): return x * k", []),
        ("def f(x): return x * 3", "def f(x, k=3.0): return x * k", []),
        ("def f(x): return x * 3", "def f(x, k=3): return x + k", []),
        ("def f(x): return x * K", "def f(x, k=4): return x * k", []),
        ("def f(x): return x * 3", "def f(x, k): return x * k", []),
        ("def f(x): return x * 3", "def f(x, k=3): k = 4; return x * k", []),
        ("def f(x): return x * 3 + h(x)", "def f(x, k=3): return x * k", []),
        ("def f(x, y=1): return x * 3 + y", "def f(x, y=2, k=3): return x * k + y", []),
        ("def f(x): return x * 3", "def f(x): return x * 4", []),
        ("def f(x): return (lambda k: 3)(x)", "def f(x, k=3): return (lambda k: k)(x)", []),
        ("def f(x): return (lambda *k: 3)(x)", "def f(x, k=3): return (lambda *k: k)(x)", []),
        ("def f(x): return (lambda y: y * 3)(x)", "def f(x, k=3): return (lambda y: y * k)(x)", ["k"]),
        ("def f(x): return (lambda y=3: y)()", "def f(x, k=3): return (lambda y=k: y)()", ["k"]),
        ("def f(x): return (lambda k=4: 3)()", "def f(x, k=3): return (lambda k=4: k)()", []),
        ("def f(x): return dict(k=3)", "def f(x, k=3): return dict(k=k)", ["k"]),
        ("def f(x): return [3 for k in [x]]", "def f(x, k=3): return [k for k in [x]]", []),
        (
            "def f(x):\n        def g(k): return 3\n        return g(x)",
            "def f(x, k=3):\n        def g(k): return k\n        return g(x)",
            [],
        ),
        (
            "def f(x):\n        def k(): pass\n        return 3",
            "def f(x, k=3):\n        def k(): pass\n        return k",
            [],
        ),
        (
            "def f(x):\n        import sys as k\n        return 3",
            "def f(x, k=3):\n        import sys as k\n        return k",
            [],
        ),
        (
            "def f(x):\n        match x:\n            case k: return 3",
            "def f(x, k=3):\n        match x:\n            case k: return k",
            [],
        ),
    ],
)
def test_offers(project: Project, then: str, now: str, offered: list[str]) -> None:
    project.edit(HEAD + then).f("a" if "'a'" in then else 1)
    reasons = (
        project.edit(HEAD + now)
        .f.explain(*("a" if "'a'" in then else 1,), **({"k": 3} if "k):" in now else {}))
        .reasons
    )
    offers = [reason for reason in reasons if "inviscid accept mod:f" in reason]
    assert bool(offers) is bool(offered)
    if offered:
        plural = "constants became parameters" if len(offered) > 1 else "a constant became parameter"
        assert offers[0].startswith(f"{plural} {' and '.join(map(repr, offered))}, with the same value")
