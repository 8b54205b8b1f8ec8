"""What an entry depends on beyond its key, and what would let it stand for another key.

- *Sights* are files that the computation was seen to read (`world`).
- *Demands* are calls inside, at any depth, whose answer may change while no code does: of a source, of a function
  whose results age, are kept only under a condition, or that writes outputs. They are made again before the entry is
  served, and must give what they gave.
- A *trace* is how the computation came to its result through the cached functions that it calls directly: the calls in
  their order, with arguments and answers. Where one of these functions was edited, the key is another one; but if the
  same calls give the same answers, the result stands.

    manifest = empty | [sights, demands, trace]                         MessagePack; sealed as a part of the entry
    sight    = [kind, path, digest, stamp, when]                        see `world`
    demand   = [definition, name, [argument*], answer]
    trace    = nil | [shallow key, config, [sight* of its own], [step*]]
    step     = ["call", ordinal, name, [argument*], answer]
             | ["code", ordinal, name, standing]
    argument = [keyword, "given", n]             the n-th argument of the computation itself
             | [keyword, "answer", n]            what the n-th "call" of the trace gave
             | [keyword, "file" | "dir", path]
             | [keyword, "value", codec, data]
             | ["", "all", codec, data]          all of them, where they share objects
    keyword  = the name that it was passed by; empty for what was passed by position
    path     = bin: as the file system spells it

    config       digest of all config in reach, where an answer has classes or functions, which may read it in the body;
                 else empty
    definition   digest of the function's definition in the graph of the entry's fingerprint
    ordinal      number of the function in the entry's shallow fingerprint (`fingerprinting.shallow`)
    answer       structural digest of what the call gave; where it or a call inside of it has outputs, a digest of that
                 one and of theirs (`outputs.told`)
    standing     digest of all that the function does and is configured to do: for calls that can't be made again
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgpack

from inviscid.digest import digest, pack
from inviscid.world import Sight

Argument = list[Any]
"""One argument of a call, as it was passed."""


class Demand(NamedTuple):
    """A call that is made again before the entry is served."""

    definition: bytes
    name: str
    arguments: list[Argument]
    answer: bytes


class Step(NamedTuple):
    """One condition of a trace."""

    kind: str
    """``call`` or ``code``."""
    ordinal: int
    name: str
    arguments: list[Argument]
    answer: bytes
    """Of a call what it gave; of code its standing."""


class Trace(NamedTuple):
    """How a computation came to its result."""

    key: bytes
    config: bytes
    sights: tuple[Sight, ...]
    steps: tuple[Step, ...]


class Manifest(NamedTuple):
    """All of it."""

    sights: tuple[Sight, ...] = ()
    demands: tuple[Demand, ...] = ()
    trace: Trace | None = None
    is_readable: bool = True
    """Whether it could be read at all; what couldn't never stands."""

    @property
    def is_final(self) -> bool:
        """Whether the key alone decides."""
        return self.is_readable and not self.sights and not self.demands

    @property
    def state(self) -> bytes:
        """A digest of what the world has to be: without when and how that was found, and without names."""
        trace = self.trace
        steps = [] if trace is None else [[trace.config], *([*step[:2], *step[3:]] for step in trace.steps)]
        sights = [*self.sights, *(() if trace is None else trace.sights)]
        seen = [[kind, os.fsencode(path), content] for kind, path, content, _, _ in sights]
        return digest(pack([seen, [[one.definition, one.arguments, one.answer] for one in self.demands], steps]))

    def arguments(self) -> Iterator[Argument]:
        """The arguments of all calls that are made again."""
        for demand in self.demands:
            yield from demand.arguments
        for step in () if self.trace is None else self.trace.steps:
            yield from step.arguments

    @property
    def links(self) -> list[bytes]:
        """What else than its key an entry is found by."""
        return [] if self.trace is None else [self.trace.key]


NOTHING = Manifest()


def pack_manifest(manifest: Manifest) -> bytes:
    """The bytes of a manifest; empty where there is nothing in it."""
    if manifest == NOTHING:
        return b""
    trace = manifest.trace
    steps = None if trace is None else [_packed_step(step) for step in trace.steps]
    return pack(
        [
            _packed_sights(manifest.sights),
            [list(demand) for demand in manifest.demands],
            None if trace is None else [trace.key, trace.config, _packed_sights(trace.sights), steps],
        ]
    )


def unpack_manifest(data: bytes) -> Manifest:
    """The manifest that `pack_manifest` wrote; of what another version wrote in another way, one that never stands."""
    if not data:
        return NOTHING
    try:
        sights, demands, trace = msgpack.unpackb(data)
        found = Manifest(
            _sights(sights),
            tuple(Demand(*demand) for demand in demands),
            None if trace is None else Trace(trace[0], trace[1], _sights(trace[2]), tuple(map(_step, trace[3]))),
        )
        known = all(map(_is_known, found.arguments()))
    except (ValueError, TypeError, IndexError, msgpack.UnpackException):
        return _UNREADABLE
    return found if known else _UNREADABLE


_UNREADABLE = Manifest(is_readable=False)
_TYPES: dict[str, tuple[type, ...]] = {
    "given": (int,), "answer": (int,), "file": (bytes,), "dir": (bytes,), "value": (str, bytes), "all": (str, bytes)
}  # fmt: skip


def _is_known(argument: Argument) -> bool:
    keyword, kind, *rest = argument
    return type(keyword) is str and tuple(map(type, rest)) == _TYPES.get(kind)


def _packed_sights(sights: Sequence[Sight]) -> list[Any]:
    return [
        [
            sight.kind,
            os.fsencode(sight.path),
            sight.digest,
            None if sight.stamp is None else list(sight.stamp),
            sight.when,
        ]
        for sight in sights
    ]


def _sights(rows: list[list[Any]]) -> tuple[Sight, ...]:
    return tuple(
        Sight(kind, os.fsdecode(path), content, None if stamp is None else tuple(stamp), when)
        for kind, path, content, stamp, when in rows
    )


def _packed_step(step: Step) -> list[Any]:
    return list(step) if step.kind == "call" else [step.kind, step.ordinal, step.name, step.answer]


def _step(row: list[Any]) -> Step:
    return Step(*row) if row[0] == "call" else Step(row[0], row[1], row[2], [], row[3])
