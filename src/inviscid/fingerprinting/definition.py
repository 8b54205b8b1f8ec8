"""The nouns of a fingerprint: definitions, config reads, and the fingerprint itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from inviscid.fingerprinting.guards import Guards


class Encode(Protocol):
    """Gives the canonical stream of a value."""

    def __call__(
        self, value: object, reference: Callable[[object, str], bytes], path: str, *, hidden: str = "code"
    ) -> bytes:
        """The stream.

        Args:
            value: anything.
            reference: what functions and classes in it contribute.
            path: for messages.
            hidden: what counts of what instances leave out of what pickle takes: ``code``, ``all`` or ``nothing``.
        """


DECIMAL = "decimal context"
ZONE = "time zone"
HERE = "working directory"


class ConfigRead(NamedTuple):
    """A config key that is read somewhere in the reach of a function."""

    reader: str
    """Display name of the function that reads it."""
    parameter: str
    key: str
    default: Any
    """`MISSING` where the key is required."""


class Declared(NamedTuple):
    """What an object of inviscid's own says of itself to a fingerprint: it stands for the function that it wraps."""

    function: Any
    options: bytes
    """Stream of the options that change what callers get; empty by default, so decorating a helper costs nothing."""
    reads: tuple[ConfigRead, ...]
    vouched: bool = False
    """Its user gave their word that it is pure, whatever it reaches."""
    beside: tuple[Any, ...] = ()
    """What else of the user's has a part in what callers get."""


class Taint(NamedTuple):
    """Why what is computed with a definition can't be kept."""

    why: str
    unseen: bool = False
    """It only reads a file unseen: see `Fingerprint.unseen`."""
    of_paths: bool = False
    """Only if it is a path that is asked: see `Fingerprint.asked`."""


class Distribution(NamedTuple):
    """An installed distribution that is in reach."""

    name: str
    version: str
    content: str = ""
    """Digest (hex) for local and VCS installs."""


class Definition:
    """A function, class or value with its references, while a fingerprint is being taken."""

    __slots__ = (
        "declared", "direct", "distribution", "kind", "label", "looks_up", "marked", "members", "memo", "name", "notes",
        "reads", "references", "shown", "taints", "variables", "vouched",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind = ""
        self.label: list[Any] = []
        """What it says itself; plain values and streams."""
        self.marked: list[tuple[str, Any]] = []
        """(mark, part): parts that count only where the mark is in reach."""
        self.references: list[int] = []
        self.direct: set[int] = set()
        """Positions in `references` of what is called by the code itself, and used in no other way."""
        self.declared: Callable[[], Any] | None = None
        """A weak reference to the object of ours that it is."""
        self.distribution: Distribution | None = None
        self.variables: set[str] = set()
        self.reads: tuple[ConfigRead, ...] = ()
        self.looks_up: tuple[str, ...] = ()
        """Every name that its code looks attributes up by: see `Template.mentions`."""
        self.memo: Any = None
        """Of a function that `functools.lru_cache` memoizes: the object that remembers."""
        self.members: dict[str, int] = {}
        """Of a class, by name: what is admitted while the walk goes on stands in no order."""
        self.taints: list[Taint] = []
        self.vouched = False
        self.shown = ""
        """The readable part of what it says."""
        self.notes: list[str] = []
        """``label: text`` for what it says beyond that."""


class Part(NamedTuple):
    """One labelled part of a preimage: a definition, as an explanation compares and shows it. None of it is hashed."""

    name: str
    kind: str
    alone: str
    """Digest (hex) of what it says itself, without what it refers to."""
    shown: str
    """Normalized source, value, or members; ``# label: text`` lines before it for what else counts. May be empty."""
    refers: tuple[str, ...]
    """Names of what it refers to, installed things too, in the order of its slots."""


class Shallow(NamedTuple):
    """A shallow fingerprint, with what else the expanded part depends on: see `shallow`."""

    raw: bytes
    """32 bytes."""
    cut: tuple[Callable[[], Any], ...]
    """The functions that are cut, by ordinal; each a weak reference."""
    declared: tuple[Callable[[], Any], ...]
    """The objects of ours that stay expanded, the same."""
    reads: tuple[ConfigRead, ...]


class Fingerprint(NamedTuple):
    """What a function does, and what else it depends on that is not its arguments."""

    digest: str
    """64 hex digits; equal on every Python version, in every process."""
    name: str
    distributions: frozenset[Distribution]
    reads: tuple[tuple[str, ConfigRead], ...]
    """Every config key in reach, each behind the digest (hex) of the definition that reads it, in canonical order."""
    definitions: tuple[Part, ...]
    """What it reaches and is not installed, itself first: what an explanation compares."""
    marks: frozenset[str]
    """What it may observe of functions that it is given: see `template`."""
    taints: tuple[str, ...]
    """Why nothing that it computes can be kept; empty for most."""
    unseen: tuple[str, ...]
    """Which files it may read without being seen: does no harm where files are arguments, and is a taint elsewhere."""
    asked: tuple[str, ...]
    """What of the file system it may read if there are paths in the arguments: then it is a taint."""
    variables: frozenset[str]
    """Environment variables that are read by these names; `DECIMAL` for the context of decimal arithmetic, `ZONE` for
    the time zone of the process, `HERE` for its working directory.
    """
    seeds: frozenset[str]
    """Parameters that seed a generator: without one, where the argument is None."""
    declared: tuple[tuple[bytes, Callable[[], Any]], ...]
    """The objects of ours in its reach, itself not among them: each a weak reference behind the digest of its
    definition.
    """
    shallow: Shallow | None
    """The fingerprint without the cached functions that it calls; None where it calls none that could be left out."""
    samples: bool
    """Whether somebody in reach is asked for a sample without a seed: a frame draws one at random."""
    memos: tuple[tuple[str, Callable[[], Any]], ...]
    """(name, a way to it) of each `functools.lru_cache` in reach whose function may open files: see `memos`."""
    guards: Guards

    @property
    def raw(self) -> bytes:
        """The digest as 32 bytes."""
        return bytes.fromhex(self.digest)
