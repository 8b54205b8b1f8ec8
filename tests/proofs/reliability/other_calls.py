"""Run by the proof of faults in processes of their own: calls whose results could depend on the process.

    python other_calls.py STORE

Prints, as JSON: how many bodies ran; a text of each result that is the same wherever it is right; and of each entry of
the store, whoever wrote it, whether its bytes pass their check.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from inviscid import Store, cached

STORE = Store(sys.argv[1])
RAN: list[str] = []
sys.addaudithook(lambda event, arguments: RAN.append(event) if event == "faults.ran" else None)


@dataclass(frozen=True)
class Point:
    x: float
    names: frozenset[str]


@cached(store=STORE)
def names(given: frozenset[str]) -> set[str]:
    sys.audit("faults.ran")
    return {name.upper() for name in given} | {"more"}


@cached(store=STORE)
def lengths(given: dict[str, int]) -> dict[str, frozenset[str]]:
    sys.audit("faults.ran")
    return {name: frozenset(name * count) for name, count in sorted(given.items())}


@cached(store=STORE)
def point(x: float) -> Point:
    sys.audit("faults.ran")
    return Point(x / 3, frozenset({"a", "b", "c", str(x)}))


@cached(store=STORE)
def large(size: int) -> bytes:
    sys.audit("faults.ran")
    return bytes(range(256)) * size


@cached(store=STORE)
def deep(given: tuple[object, ...]) -> list[object]:
    sys.audit("faults.ran")
    return [*given, {"set": {1, "one", None, 2.5}, "big": 1 << 100}]


def plain(value: object) -> str:
    """A text that says the content, and no order that the process chose."""
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}{sorted(map(plain, value))}"
    if isinstance(value, dict):
        return f"dict{[(plain(key), plain(item)) for key, item in value.items()]}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}{list(map(plain, value))}"
    if isinstance(value, Point):
        return f"Point({value.x!r}, {plain(value.names)})"
    return repr(value)


def main() -> None:
    words = frozenset({"alpha", "beta", "gamma", "delta", "epsilon"})
    # The order of a set's items is the process's own, that of a dict is a part of the argument.
    values = [
        names(words),
        lengths(dict.fromkeys(sorted(words), 2)),
        point(1.5),
        large(4),
        large(100),
        deep((1, "x", words)),
    ]
    sound = [STORE.read(entry) is not None for entry in STORE.entries("*")]
    print(json.dumps({"ran": len(RAN), "values": list(map(plain, values)), "sound": sound}))


if __name__ == "__main__":
    main()
