"""Taking a fingerprint, and keeping it for as long as its guards hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType
from typing import Any

from inviscid.digest import combine, digest, pack, short
from inviscid.entry import function_name
from inviscid.fingerprinting.definition import ConfigRead, Definition, Encode, Fingerprint, Part, Taint
from inviscid.fingerprinting.graph import digests
from inviscid.fingerprinting.guards import hold
from inviscid.fingerprinting.members import metadata
from inviscid.fingerprinting.memos import memos
from inviscid.fingerprinting.reach import reach
from inviscid.fingerprinting.remembered import Forms, Memory
from inviscid.fingerprinting.shallow import depth_first, shallow
from inviscid.fingerprinting.template import cleaned
from inviscid.fingerprinting.walk import Walk
from inviscid.sentinels import MISSING

_KEPT = 4096
NO_MARKS: frozenset[str] = frozenset()


class Fingerprinter:
    """Takes fingerprints of functions and classes.

    Args:
        encode: gives the canonical stream of a value; it comes from outside because captured globals are values and
            values may hold functions.
    """

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._taken: dict[tuple[int, frozenset[str]], tuple[Callable[[], Any], Fingerprint]] = {}
        self._memory = Memory()

    def of(self, value: Any, marks: frozenset[str] = NO_MARKS, forms: Forms | None = None) -> Fingerprint:
        """The fingerprint of a live function, class or object of ours, checked against the process as it is now.

        Args:
            value: what is fingerprinted.
            marks: what will be observed of it from outside, beyond what it observes itself.
            forms: where to look for templates before parsing, and to leave those that were made.
        """
        known = self._taken.get((id(value), marks))
        if known is not None and known[0]() is value and known[1].guards.hold():
            return known[1]
        taken = self._take(value, marks, forms)
        self._memory.settle(forms)
        # Each change is one step: a lock that a thread holds while another forks is never free again in the child.
        if len(self._taken) >= _KEPT:
            oldest = list(self._taken)
            for key in oldest[: max(0, len(oldest) - _KEPT + 1)]:
                self._taken.pop(key, None)
        # An id is only as good as the object is alive; but a function that was made for one call shall not live on.
        self._taken[id(value), marks] = (hold(value), taken)
        return taken

    def settle(self, forms: Forms) -> None:
        """Have remembered what could not be when the fingerprints were taken: there is a place for it now."""
        self._memory.settle(forms)

    def _take(self, value: Any, marks: frozenset[str], forms: Forms | None) -> Fingerprint:
        name = function_name(value)
        walk = reach(value, name, self._encode, partial(self._memory.template, forms=forms), marks)
        seen = frozenset(walk.marks)
        labels = [
            pack(
                [
                    definition.kind,
                    *definition.label,
                    *([mark, _spelled(part)] for mark, part in definition.marked if mark in seen),
                ]
            )
            for definition in walk.definitions
        ]
        references = [definition.references for definition in walk.definitions]
        found = digests(labels, references)
        walk.guards.only_called = walk.only_called()
        order = list(depth_first(references))
        taints = list(_taints(walk.definitions))
        reads = [(node, read) for node in order for read in walk.definitions[node].reads]
        if _ambiguous(reads, found, self._encode):
            for node, read in reads:
                labels[node] += _read_variant(read, self._encode)
            found = digests(labels, references)
        return Fingerprint(
            digest=found[0].hex(),
            name=name,
            distributions=walk.distributions,
            reads=_distinct([(found[node].hex(), read) for node, read in reads]),
            definitions=tuple(
                _part(walk, node, labels[node], seen) for node in order if walk.definitions[node].kind != "external"
            ),
            marks=seen,
            taints=tuple(dict.fromkeys(taint.why for taint in taints if not taint.unseen and not taint.of_paths)),
            unseen=tuple(dict.fromkeys(taint.why for taint in taints if taint.unseen)),
            asked=tuple(dict.fromkeys(taint.why for taint in taints if taint.of_paths)),
            variables=walk.variables,
            seeds=frozenset(walk.seeds),
            declared=tuple(
                (found[node], declared)
                for node in order
                if node and (declared := walk.definitions[node].declared) is not None
            ),
            shallow=shallow(walk.definitions, labels),
            samples=walk.samples,
            memos=tuple(memos(walk.definitions)),
            guards=walk.guards,
        )


def _part(walk: Walk, node: int, label: bytes, seen: frozenset[str]) -> Part:
    """A definition as an explanation sees it, with what counts of it because of the marks in reach."""
    definition = walk.definitions[node]
    observed = [f"{mark}: {short(digest(pack(_spelled(part))))}" for mark, part in definition.marked if mark in seen]
    head = "".join(f"# {note}\n" for note in [*definition.notes, *observed])
    refers = tuple(walk.definitions[reference].name for reference in definition.references)
    return Part(definition.name, definition.kind, combine("alone", label).hex(), head + definition.shown, refers)


def _spelled(part: Any) -> Any:
    """A part that counts only sometimes, as what is hashed of it."""
    if isinstance(part, FunctionType):
        return metadata(part)
    # Documentation without its indentation, which the compiler takes away from 3.13 on.
    return cleaned(part) if isinstance(part, str) else part


def _taints(definitions: list[Definition]) -> Iterator[Taint]:
    """The taints of all definitions, but for those that are reached only through one whose user vouches for it."""
    references = [
        definition.references if not definition.vouched or node == 0 else []
        for node, definition in enumerate(definitions)
    ]
    for node in depth_first(references):
        if node == 0 or not definitions[node].vouched:
            yield from definitions[node].taints


def _ambiguous(reads: list[tuple[int, ConfigRead]], found: list[bytes], encode: Encode) -> bool:
    """Whether readers that do the same have different defaults: then their places in the graph must tell them apart.

    Otherwise a default is not part of the fingerprint, only the value that it leads to is part of the key: a default
    that is edited while the config sets the key changes nothing.
    """
    variants: dict[tuple[bytes, str, str], bytes] = {}
    for node, read in reads:
        variant = _read_variant(read, encode)
        if variants.setdefault((found[node], read.parameter, read.key), variant) != variant:
            return True
    return False


def _distinct(reads: list[tuple[str, ConfigRead]]) -> tuple[tuple[str, ConfigRead], ...]:
    return tuple({(digest, id(read)): (digest, read) for digest, read in reads}.values())


def _read_variant(read: ConfigRead, encode: Encode) -> bytes:
    """What tells two readers of one key apart: their defaults."""
    return encode([] if read.default is MISSING else [read.default], _no_reference, f"config '{read.key}'")


def _no_reference(part: object, path: str) -> bytes:
    return pack(["by name", type(part).__module__, getattr(part, "__qualname__", repr(type(part)))])
