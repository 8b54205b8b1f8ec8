"""Instances by class and state."""

from __future__ import annotations

import collections
import copy
import copyreg
import enum
import functools
import pickle
import queue
import random
import types
import unittest.mock
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from inviscid.errors import UnhashableInput
from inviscid.inputs import Encoder

Encode = Callable[..., bytes]


class Plain:
    def __init__(self, **attributes: object) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)


class Same:
    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


@dataclass
class Point:
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Slotted:
    x: float
    tags: list[str]


class Slots:
    __slots__ = ("a", "b")


class Both(Slots):
    """Slots from the base, a dict of its own."""


class Chosen:
    """Says what its state is."""

    def __init__(self, kept: object, dropped: object) -> None:
        self.kept, self.dropped = kept, dropped

    def __getstate__(self) -> object:
        return {"kept": self.kept}


class ChosenList(list[Any]):
    cache: object = None

    def __getstate__(self) -> object:
        return None


class Opaque:
    def __init__(self, value: object) -> None:
        self.value = value

    def __getstate__(self) -> object:
        return (self.value, "not attributes")

    def __setstate__(self, state: tuple[object, object]) -> None:
        self.value = state[0]


class Reduced:
    def __init__(self, value: object) -> None:
        self.value = value

    def __reduce__(self) -> Any:
        return (Reduced, (self.value,))


class ReducedFurther(Reduced):
    """All that __reduce__ can say."""

    def __reduce__(self) -> Any:
        return (Reduced, (1,), {"a": 1}, iter([self.value]), iter([("k", self.value)]), setattr)


class Singleton:
    def __reduce__(self) -> str:
        return "SINGLETON"


SINGLETON = Singleton()


class Keyed:
    def __init__(self, key: object, other: object) -> None:
        self.key, self.other = key, other

    def __inviscid_key__(self) -> object:
        return self.key


class Raising:
    def __getstate__(self) -> object:
        raise RuntimeError("not today")


class Wrong:
    def __reduce__(self) -> Any:
        return 7


class Hooks:
    """Has every attribute."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class Color(enum.Enum):
    RED = 1
    BLUE = 2
    CRIMSON = 1  # noqa: PIE796 - an alias

    @property
    def value(self) -> Any:
        return "always the same"


class Mode(enum.Flag):
    A = 1
    B = 2


class Failure(Exception):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def slots(**attributes: object) -> Slots:
    value = Slots()
    for name, item in attributes.items():
        setattr(value, name, item)
    return value


def both(**attributes: object) -> Both:
    value = Both()
    for name, item in attributes.items():
        setattr(value, name, item)
    return value


def test_all_of_them_differ(encode: Encode) -> None:
    """Class and state count; what is equal by construction is equal."""
    makers: list[Callable[[], object]] = [
        Plain, lambda: Plain(a=1), lambda: Plain(a=2), lambda: Plain(b=1), lambda: Same(a=1),
        lambda: {"a": 1}, lambda: Point(1, 2), lambda: Point(2, 1), lambda: Point(1.0, 2), lambda: Slotted(1, []),
        lambda: Slotted(1, ["a"]), slots, lambda: slots(a=1), lambda: slots(b=1), lambda: slots(a=1, b=1),
        both, lambda: both(a=1), lambda: both(c=1), lambda: both(a=1, c=1), lambda: Chosen(1, 1),
        lambda: Chosen(2, 1), lambda: ChosenList([1]), lambda: Opaque(1), lambda: Opaque(2), lambda: Reduced(1),
        lambda: Reduced(2), lambda: ReducedFurther(1), lambda: ReducedFurther(2), lambda: SINGLETON,
        lambda: Keyed(1, 1), lambda: Keyed(2, 1), lambda: Color.RED, lambda: Color.BLUE, lambda: Mode.A,
        lambda: Mode.A | Mode.B, lambda: Mode(0), lambda: Failure("a", 1), object, lambda: Failure("a", 2),
        lambda: Failure("b", 1), lambda: ValueError("a"), lambda: KeyError("a"), Hooks,
        lambda: random.Random(1), lambda: random.Random(2), lambda: Keyed([1, [2]], 1),
    ]  # fmt: skip
    seen: dict[bytes, int] = {}
    for place, make in enumerate(makers):
        stream = encode(make())
        assert stream == encode(make()), make()
        assert stream not in seen, (make(), makers[seen.get(stream, 0)]())
        seen[stream] = place


def test_pickles_and_copies_are_equal(encode: Encode) -> None:
    """What comes back from a pickle has the stream of what went in."""
    for value in (
        Plain(a=[1], b={2}),
        Point(1, 2),
        Slotted(1, ["a"]),
        both(a=1, c=2),
        Opaque([1]),
        Color.RED,
        SINGLETON,
    ):
        assert encode(value) == encode(pickle.loads(pickle.dumps(value)))
        assert encode(value) == encode(copy.deepcopy(value))


def test_the_order_of_attributes_is_no_behaviour(encode: Encode) -> None:
    """They are sorted by name."""
    assert encode(Plain(a=1, b=2)) == encode(Plain(b=2, a=1))


def test_what_a_class_leaves_out_is_left_out(encode: Encode) -> None:
    """`__getstate__` and `__inviscid_key__` say what counts."""
    assert encode(Chosen(1, 1)) == encode(Chosen(1, 2))
    assert encode(Chosen(1, (i for i in ()))) == encode(Chosen(1, 2))
    assert encode(Keyed(1, 1)) == encode(Keyed(1, 2))
    one, two = ChosenList([1]), ChosenList([1])
    two.cache = 1
    assert encode(one) == encode(two)


def test_a_key_of_the_base_holds_for_subclasses(encode: Encode) -> None:
    """But the subclass is another class."""

    class Derived(Keyed):
        pass

    assert encode(Derived(1, 1)) == encode(Derived(1, 2)) != encode(Keyed(1, 1))


def test_sharing_is_seen_through_attributes(encode: Encode) -> None:
    """An attribute that is shared is one object."""
    shared: list[object] = []
    assert encode(Plain(a=shared, b=shared)) != encode(Plain(a=[], b=[]))
    thing = Plain()
    assert encode([thing, thing]) != encode([thing, Plain()])


def test_a_weird_equality_does_not_matter(encode: Encode) -> None:
    """Nothing is ever compared or hashed."""

    class Weird:
        def __init__(self, n: int) -> None:
            self.n = n

        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        def __hash__(self) -> int:
            raise RuntimeError

        def __bool__(self) -> bool:
            raise RuntimeError

        def __len__(self) -> int:
            raise RuntimeError

        def __repr__(self) -> str:
            raise RuntimeError

    assert encode([Weird(1), {"a": Weird(2)}]) != encode([Weird(2), {"a": Weird(1)}])
    assert encode(Weird(1)) == encode(Weird(1))


def test_a_lying_class_attribute(encode: Encode) -> None:
    """`__class__` may say anything; the type is what counts."""

    class Liar:
        __class__ = dict  # type: ignore[assignment]

    assert encode(Liar()) != encode({})


def test_errors_of_user_code_name_the_path(encode: Encode) -> None:
    """And keep their cause."""
    with pytest.raises(UnhashableInput, match="RuntimeError: not today") as caught:
        encode([Plain(inner=Raising())])
    assert caught.value.path == "argument 'x'[0].inner"
    assert isinstance(caught.value.__cause__, RuntimeError)
    with pytest.raises(UnhashableInput, match="neither a string nor a tuple"):
        encode(Wrong())


def test_a_registered_reduction(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    """`copyreg` says how others' classes are pickled."""
    before = encode(Plain(a=1))
    monkeypatch.setitem(copyreg.dispatch_table, Plain, lambda value: (Point, (1, value.a)))
    assert encode(Plain(a=1)) == encode(Plain(a=1, b=2)) != before
    assert encode(Plain(a=1)) != encode(Plain(a=2))


def test_locks_inside_of_a_queue(encode: Encode) -> None:
    """A queue is its items: the locks in it are nothing."""
    one, two = queue.Queue[int](), queue.Queue[int]()
    one.put(1)
    two.put(1)
    assert encode(one) == encode(two)
    two.put(2)
    assert encode(one) != encode(two)


def test_the_fingerprint_of_the_class_counts() -> None:
    """A class whose methods changed makes other instances."""
    digests = {Encoder(lambda target, path, n=n: bytes([n])).digest(Point(1, 2), "x") for n in range(2)}  # type: ignore[misc]
    assert len(digests) == 2


def test_an_enum_member_is_no_alias(encode: Encode) -> None:
    """There is only one of it anyway."""
    assert encode([Color.RED, Color.RED, Color.CRIMSON]) == encode([Color.RED, Color.CRIMSON, Color.RED])


def test_singletons_of_the_same_name(encode: Encode) -> None:
    """What is pickled by its name is told apart by its module."""
    one, two = Singleton(), Singleton()
    one.__module__, two.__module__ = "a", "b"
    assert encode(one) != encode(two)


def test_a_class_is_not_made_to_make_things_up(encode: Encode) -> None:
    """A mock has a new child for each attribute that is read: none is read."""
    assert encode(unittest.mock.MagicMock()) == encode(unittest.mock.MagicMock())


def test_what_has_no_end(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object whose state is a new object each time is an error, not an endless loop."""

    class Endless:
        def __getstate__(self) -> object:
            return [Endless()]

    monkeypatch.setattr("inviscid.inputs.encode._DEEPEST", 1000)
    with pytest.raises(UnhashableInput, match="without end"):
        encode(Endless())


class Hides:
    """Says to pickle that there is nothing."""

    def __init__(self, part: object) -> None:
        self.part = part

    def __getstate__(self) -> object:
        return {}


class HidesInASlot:
    __slots__ = ("part",)

    def __init__(self, part: object) -> None:
        self.part = part

    def __getstate__(self) -> object:
        return None


def first() -> None: ...
def second() -> None: ...


HELD: dict[str, Callable[[Any], object]] = {
    "function": lambda part: part,
    "class": lambda part: Plain if part is first else Same,
    "instance": lambda part: Plain() if part is first else Same(),
    "list": lambda part: [1, [part]],
    "value of a dict": lambda part: {1: part},
    "key of a dict": lambda part: {part: 1},
    "deque": lambda part: collections.deque([part]),
    "set": lambda part: frozenset({1, part}),
    "instance in a set": lambda part: {Plain() if part is first else Same()},
    "partial": lambda part: functools.partial(part, 1),
    "memo": functools.lru_cache,
    "method": lambda part: types.MethodType(part, 1),
    "attribute of an instance": lambda part: Plain(a=[part]),
    "attribute of one that hides it too": Hides,
    "argument of an exception": ValueError,
    "module": lambda part: copy if part is first else pickle,
}


@pytest.mark.parametrize("holder", [Hides, HidesInASlot])
@pytest.mark.parametrize("name", HELD)
def test_code_counts_that_an_instance_hides(encode: Encode, holder: Any, name: str) -> None:
    streams = [encode(holder(HELD[name](part))) for part in (first, first, second)]
    assert streams[0] == streams[1] != streams[2]


def test_data_that_an_instance_hides_counts_where_it_is_whole(encode: Encode) -> None:
    """But for what has no digest, and then by the code in it."""
    for holder in (Hides, HidesInASlot):
        assert encode(holder(1)) == encode(holder(2))
        assert encode(holder(1), hidden="all") != encode(holder(2), hidden="all")
        values = [[(letter for letter in "a"), part] for part in (first, first, second)]
        streams = [encode(holder(value), hidden="all") for value in values]
        assert streams[0] == streams[1] != streams[2]
