"""What of a traced run the key of a call doesn't hold: code that ran *outside* of it, and unknown impurities.

Inside is what the fingerprint of the function holds, and what the arguments and config values bring: the classes of
instances and the callables in them, whose fingerprints are in their digests. An argument that has no digest, or that
the user had ignored, brings the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import CodeType, FunctionType, GeneratorType, MethodType
from typing import Any

import msgpack

from inviscid import calls
from inviscid.calls import FINGERPRINTS, Call, References
from inviscid.fingerprinting import MEMBERS, Closure, Fingerprint, Forms, closure, is_user, nested_codes
from inviscid.inputs import Encoder
from inviscid.tracer import ENVIRONMENT, Impurity, Ran, Tracer

# How deep it is looked into what has no digest.
_MOST = 10_000
_VARIABLE = "$"


class Brought:
    """What values bring into a call: the fingerprints of what is in them."""

    def __init__(self, values: Iterable[Any], forms: Forms | None = None) -> None:
        self.fingerprints: dict[int, Fingerprint] = {}
        self.codes: dict[int, CodeType] = {}
        """Of generators, which go on where they are."""
        self.marks: set[str] = set()
        self.files = False
        """Whether there are any `File` or `Dir`."""
        self.paths = False
        """Whether there are paths that can be asked what is there."""
        self._forms = forms
        self._seen: dict[int, Any] = {}
        for value in values:
            self._take(value)

    def holds(self, code: CodeType, cls: type | None) -> bool:
        """Whether code came with the values."""
        return id(code) in self.codes or any(closure(one).holds(code, cls) for one in self.fingerprints.values())

    def _take(self, value: Any) -> None:
        references = References(forms=self._forms)
        encoder = Encoder(references)
        try:
            encoder.digest(value, "argument")
        except Exception:  # noqa: BLE001  it has no digest, or runs code of the user's that raises
            self.marks.add(MEMBERS)
            self._look_into(value)
        self.files = self.files or bool(encoder.files)
        self.paths = self.paths or encoder.paths
        self.marks |= references.marks | ({MEMBERS} if encoder.looks_up else set())
        self.fingerprints.update((id(one), one) for one in references.fingerprints)

    def _look_into(self, value: Any) -> None:
        """Look for code in what has no digest."""
        pending = [value]
        while pending and len(self._seen) < _MOST:
            item = pending.pop()
            if id(item) in self._seen:
                continue
            self._seen[id(item)] = item
            if isinstance(item, GeneratorType):
                pending += self._going_on(item)
            if isinstance(item, MethodType):
                pending += [item.__func__, item.__self__]
                continue
            defined = item if callable(item) and hasattr(item, "__code__") else item if isinstance(item, type) else None
            found = defined if defined is not None else type(item)
            if is_user(found) or calls.is_declared(item):
                self._fingerprint(item if calls.is_declared(item) else found)
            if isinstance(item, Mapping):
                pending += [*item.keys(), *item.values()]
            elif isinstance(item, list | tuple | set | frozenset):
                pending += item
            if defined is None and type(attributes := getattr(item, "__dict__", None)) is dict:
                pending += attributes.values()

    def _going_on(self, generator: GeneratorType[Any, Any, Any]) -> list[Any]:
        """A generator runs on where it is: with its code, its locals, and what its code reaches."""
        code, frame = generator.gi_code, generator.gi_frame
        self.codes.update((id(one), one) for one in nested_codes(code))
        if frame is None:
            return []
        held = list(frame.f_locals.values())
        return held if code.co_freevars else [*held, FunctionType(code, frame.f_globals)]

    def _fingerprint(self, value: Any) -> None:
        try:
            found = FINGERPRINTS.of(value, frozenset({MEMBERS}), self._forms)
        except Exception:  # noqa: BLE001  what can't be asked holds nothing
            return
        self.fingerprints[id(found)] = found


def outside(tracer: Tracer, held: Sequence[Closure], brought: Brought | None) -> list[Ran]:
    """The definitions that ran and that nobody holds, in the order in which they ran first."""
    found: dict[Ran, None] = {}
    for code, ran in tracer.ran.values():
        cls = tracer.of_classes.get(id(code))
        if id(code) in tracer.made or any(one.holds(code, cls) for one in held):
            continue
        if brought is None or not brought.holds(code, cls):
            found[ran] = None
    return list(found)


def outside_of_call(tracer: Tracer, call: Call, forms: Forms | None) -> list[Ran]:
    """The definitions that ran in a call and that its key doesn't hold."""
    held = [closure(call.fingerprint)]
    if not (found := outside(tracer, held, None)):
        return found
    return outside(tracer, held, Brought(_given(call), forms))


def _given(call: Call) -> list[Any]:
    """The arguments of a call, and the config values that anything in its reach reads."""
    found = list(call.values.values())
    for _, read in call.fingerprint.reads:
        if id(read) not in call.given.own:
            found.append(calls.resolve(read, call.given.layers))
    return found


def unknown_variables(tracer: Tracer, call: Call) -> list[Impurity]:
    """The environment variables that were read and are not in the key of a call."""
    if not tracer.variables:
        return []
    environment = msgpack.unpackb(call.parts).get("environment", [])
    known = {str(row[0]).removeprefix(_VARIABLE) for row in environment if str(row[0]).startswith(_VARIABLE)}
    return variables(tracer, known)


def variables(tracer: Tracer, known: Iterable[str]) -> list[Impurity]:
    """The environment variables that were read, but for those that are known."""
    return [Impurity(ENVIRONMENT, f"variable {name}") for name in tracer.variables if name not in set(known)]
