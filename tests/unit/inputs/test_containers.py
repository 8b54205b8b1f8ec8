"""Containers, and subclasses of builtin types."""

from __future__ import annotations

import copy
import types
import weakref
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Encode = Callable[..., bytes]

VIEWS = (types.MappingProxyType, type({}.keys()), type({}.values()), type({}.items()))
Pair = namedtuple("Pair", "a b")
Other = namedtuple("Other", "a b")


class Typed(NamedTuple):
    a: int
    b: int


class Lying(dict[Any, Any]):
    """Shows other content than it has."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def items(self) -> Any:
        return ()

    def __len__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Items(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Text(str):
    def __str__(self) -> str:
        return "always the same"

    def encode(self, *args: Any) -> bytes:  # type: ignore[override]
        return b""


class Number(int):
    def __int__(self) -> int:
        return 0

    __index__ = __int__


class Real(float):
    def __float__(self) -> float:
        return 0.0


class Unordered(set[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Ordered(OrderedDict[Any, Any]):
    pass


class Queue(deque[Any]):
    pass


class Frozen(frozenset[Any]):
    pass


class Data(bytes):
    pass


class Point(complex):
    pass


class Tupled(tuple[Any, ...]):  # noqa: SLOT001 - attributes are what is tested
    pass


class Key:
    """Hashable, weakly referenceable, and nothing else."""

    def __init__(self, n: int) -> None:
        self.n = n


def test_all_of_them_differ(encode: Encode) -> None:
    """Kind, content and order count."""
    values: list[object] = [
        {"a": 1, "b": 2}, {"b": 2, "a": 1}, OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), defaultdict(int, a=1, b=2),
        defaultdict(list, a=1, b=2), defaultdict(None, a=1, b=2), Counter(a=1, b=2), types.MappingProxyType({"a": 1}),
        {"a": 1}, {"a": 1}.keys(), {"a": 1}.values(), {"a": 1}.items(), {"a"}, frozenset("a"), ["a"], ("a",),
        deque("a"), deque("a", 3), deque("a", 4), Pair(1, 2), Other(1, 2), Typed(1, 2), (1, 2), [1, 2], Lying(a=1),
        Lying(a=2), Items([1]), Items([2]), Text("a"), Text("b"), Number(1), Number(2), Real(1), Real(2),
        Unordered([1]), Unordered([2]), Ordered(a=1), Ordered(a=2), Queue([1]), Queue([1], 5), Frozen([1]),
        Frozen([2]), Data(b"a"), Data(b"b"), Point(1), Point(2), Tupled([1]), Tupled([2]), {1, "a"}, {1, "b"}, {2**70},
        {"\ud800"}, {(1, 2)}, {(1, 3)},
    ]  # fmt: skip
    seen: dict[bytes, object] = {}
    for value in values:
        stream = encode(value)
        assert stream not in seen, (value, seen.get(stream))
        seen[stream] = value
        # Views can't be copied, and what lies about its content is copied wrongly.
        if not isinstance(value, (*VIEWS, Lying, Items, Unordered)):
            assert encode(copy.copy(value)) == stream, value


def test_an_ordered_dict_keeps_the_order_that_it_shows(encode: Encode) -> None:
    """`move_to_end` changes the order of an OrderedDict, not that of the dict below it."""
    for kind in (OrderedDict, Ordered):
        one, two = kind(a=1, b=2), kind(a=1, b=2)
        two.move_to_end("a")
        assert encode(one) != encode(two)


def test_attributes_of_a_subclass_count(encode: Encode) -> None:
    """The state is beside the content."""
    for make in (lambda: Items([1]), lambda: Lying(a=1), lambda: Text("a"), lambda: Number(1), lambda: Unordered([1])):
        one, two = make(), make()
        assert encode(one) == encode(two)
        two.extra = 1  # type: ignore[union-attr]
        assert encode(one) != encode(two)
        two.extra = one  # type: ignore[union-attr]
        assert encode([two, one]) != encode([two, make()])


def test_a_subclass_may_hold_itself(encode: Encode) -> None:
    """An immutable base with attributes can be part of a cycle."""
    text = Text("a")
    text.me = text  # type: ignore[attr-defined]
    pair = Tupled([1])
    pair.me = pair  # type: ignore[attr-defined]
    assert encode(text) != encode(pair)


def test_a_named_tuple_is_no_alias(encode: Encode) -> None:
    """It is a tuple: sharing it changes nothing."""
    pair = Pair(1, 2)
    assert encode([pair, pair]) == encode([Pair(1, 2), Pair(1, 2)])


def test_sets_in_any_order(encode: Encode) -> None:
    """How a set was filled can't be seen."""
    words = ["a", "b", (1, 2), 2**70, None, 1.5, frozenset({"x", "y"})]
    assert encode(set(words)) == encode(set(reversed(words)))
    assert encode(Frozen(words)) == encode(Frozen(reversed(words)))


def test_sets_whose_elements_collide(encode: Encode) -> None:
    """Where two elements want one place, a set shows them in the order in which they came."""
    one, two = set([0, 8, 16]), set([16, 8, 0])
    assert list(one) != list(two)
    assert encode(one) == encode(two)
    assert encode(one | {2**70}) == encode(two | {2**70})
    assert encode({"a": one, "b": 1, "c": (one,)}) == encode({"a": two, "b": 1, "c": (two,)})


def test_weak_containers(encode: Encode) -> None:
    """They are what they hold."""
    one, two = Key(1), Key(2)
    assert encode([weakref.WeakSet([one]), one]) != encode([weakref.WeakSet([two]), one])
    keys: list[Any] = [weakref.WeakKeyDictionary({key: 1}) for key in (one, two)]
    values: list[Any] = [weakref.WeakValueDictionary({1: key}) for key in (one, two)]
    assert len({encode(value) for value in keys + values}) == 4


def test_a_proxy_may_show_itself(encode: Encode) -> None:
    """A read-only view of a dict that holds the view is a cycle too."""
    content: dict[str, object] = {}
    content["me"] = types.MappingProxyType(content)
    assert encode(content["me"]) != encode(types.MappingProxyType({"me": 1}))
