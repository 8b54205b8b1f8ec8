"""What the families hand back to the encoder, and what it offers them.

A *rule* says how the values of one type are expanded: into a `Node` (a tag and child values, which the encoder walks in
its turn) or into a `Raw` (a stream that is finished). A rule never recurses itself, so that no depth of nesting can
exhaust the stack. A value whose rule is *tracked* is one whose identity can be seen by mutation or by a cycle: when it
comes again, a back reference is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from ..digest import Buffer
from ..errors import UnhashableInput

CURE = (
    "Leave the parameter out with ignore=, replace it with identify=, skip the attribute with volatile=, "
    "register a hasher for its type, or define __inviscid_key__ on its class."
)


# Labels that are computed where a path is needed: ``[0]`` for elements; ``['a']`` for keys and values in turn;
# ``.a`` for names and values in turn, whatever comes before them.
INDEXES: Sequence[str] = ("[]",)
KEYS: Sequence[str] = ("{}",)
ATTRIBUTES: Sequence[str] = (".",)


class Raw:
    """A finished canonical stream."""

    __slots__ = ("stream",)

    def __init__(self, stream: bytes) -> None:
        self.stream = stream


class Node:
    """A tag and the values under it; `labels` name the children in error paths, one for each."""

    __slots__ = ("children", "labels", "tag")

    def __init__(self, tag: int, children: Sequence[object], labels: Sequence[str] = ()) -> None:
        self.tag = tag
        self.children = children
        self.labels = labels


class Context(Protocol):
    """What an encoder offers to the rules."""

    volatile: frozenset[str]
    files: list[tuple[str, str, bytes]]
    ordered: bool
    decimals: bool
    paths: bool
    looks_up: bool
    hidden: str
    hides: bool

    def attempt(self, value: object) -> Raw | None:
        """The stream of a part; None where it has no digest."""

    def refer(self, target: object) -> Raw:
        """What the caller says that a class, function or module contributes."""

    def content(self, buffer: Buffer) -> bytes:
        """The digest of a contiguous buffer of bytes."""

    def unordered(self, elements: Iterable[object]) -> list[Raw]:
        """The streams of the elements of a set, in an order that depends on nothing but them."""

    def where(self) -> str:
        """The path to what is being encoded, such as ``argument 'model'.tokenizer``."""

    def refuse(self, value: object, why: str) -> UnhashableInput:
        """The error for a value that has no deterministic digest, at the path that is being encoded."""

    def ask(self, value: object, function: Callable[..., Any], *arguments: object) -> Any:
        """Calls into the class of `value`; what that raises becomes an `UnhashableInput`."""


class Rule(NamedTuple):
    """How the values of one type are encoded."""

    expand: Callable[[Context, Any], Node | Raw]
    tracked: bool = False


def type_name(kind: type) -> str:
    """``module.Qual.Name``, without the module for builtins."""
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def items(tag: int, pairs: Iterable[tuple[object, object]]) -> Node:
    """The content of a mapping that is not an exact dict, in its order."""
    return Node(tag, [part for pair in pairs for part in pair], KEYS)


def attributes(context: Context, tag: int, *states: Mapping[str, object], before: Sequence[object] = ()) -> Node:
    """Attributes by name, without the volatile ones; sorted, where nobody can see the order in which they were set."""
    volatile = context.volatile
    pairs = [pair for state in states for pair in state.items() if pair[0] not in volatile]
    if not context.ordered:
        pairs.sort(key=itemgetter(0))
    children = [*before]
    for pair in pairs:
        children += pair
    return Node(tag, children, ATTRIBUTES)


def by_names(state: object) -> bool:
    """Whether a state is a dict of attributes."""
    return type(state) is dict and all(type(name) is str for name in state)
