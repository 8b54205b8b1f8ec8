"""Functions are handed to the caller; what holds them is written here."""

from __future__ import annotations

import functools
import operator
import sys
import typing
from collections.abc import Callable
from typing import Any

import pytest

from inviscid.inputs import Encoder

Encode = Callable[..., bytes]


def double(x: int, k: int = 2) -> int:
    return x * k


def triple(x: int) -> int:
    return x * 3


class Scaler:
    def __init__(self, k: int) -> None:
        self.k = k

    def scale(self, x: int) -> int:
        return self.k * x

    @classmethod
    def make(cls) -> Scaler:
        return cls(1)

    @staticmethod
    def free() -> None: ...

    @property
    def prop(self) -> int:
        return 1


class Wrapper:
    """A decorator that is a class, as cached functions are."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.lock = (i for i in ())

    def __call__(self, *args: Any) -> Any:
        return self.__wrapped__(*args)  # type: ignore[attr-defined]


class SlottedWrapper:
    __slots__ = ("__wrapped__",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__wrapped__ = function

    def __call__(self, *args: Any) -> Any:
        return self.__wrapped__(*args)


T = typing.TypeVar("T")
U = typing.TypeVar("U", bound=int)


def test_all_of_them_differ(encode: Encode) -> None:
    """What is called, and with what, counts."""
    values: list[object] = [
        double, triple, len, Scaler, int, operator, Scaler(1).scale, Scaler(2).scale, Scaler.make, Scaler.free,
        Scaler.__dict__["make"], Scaler.__dict__["free"], Scaler.__dict__["prop"],
        [].append, [1].append, {}.get, dict.fromkeys, str.upper, str.lower, bytes.upper, "a".upper, "b".upper,
        (1).__add__, (2).__add__, int.__add__, Scaler.__init__, functools.partial(double), functools.partial(triple),
        functools.partial(double, 1), functools.partial(double, 2), functools.partial(double, k=1),
        functools.partial(double, x=1), operator.itemgetter(1), operator.itemgetter(2), operator.attrgetter("a"),
        functools.partialmethod(double), functools.partialmethod(triple),
        functools.cached_property(double),
    ]  # fmt: skip
    seen: dict[bytes, object] = {}
    for value in values:
        stream = encode(value)
        assert stream not in seen, (value, seen.get(stream))
        seen[stream] = value


def test_types_of_typing_differ(encode: Encode) -> None:
    """So that a class with annotations as values can be told from another."""
    values: list[Any] = [
        list[int], list[str], list[bool], dict[str, int], typing.List[int], typing.List, typing.Dict, int | str,
        int | None, typing.Optional[int], typing.Union[int, str], typing.Any, typing.Union, typing.ClassVar[int],
        typing.Literal[1], typing.Literal[True], typing.Literal["1"], typing.Annotated[int, 1],
        typing.Annotated[int, 2], T, U, list[T], list[U], typing.Callable[[int], str], typing.Callable[[str], str],
        Callable[[int], str], typing.ForwardRef("A"), typing.ForwardRef("B"), typing.NewType("N", int),
        typing.NewType("N", str), typing.ParamSpec("T"), typing.Type[int],
    ]  # fmt: skip
    seen: dict[bytes, object] = {}
    for value in values:
        stream = encode(value)
        assert stream not in seen, (value, seen.get(stream))
        seen[stream] = value
        assert encode(value) == stream


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is new in 3.12")
def test_type_aliases(encode: Encode) -> None:
    """By name and value."""
    scope: dict[str, Any] = {}
    exec("type A = int\ntype B = str\ntype C[T] = list[T]", scope)
    assert len({encode(scope[name]) for name in "ABC"}) == 3


def test_the_caller_is_asked_for_functions_and_wrappers() -> None:
    """What wraps a function is the caller's to follow: its own state is not read."""
    asked: list[object] = []

    def reference(target: object, path: str) -> bytes:
        asked.append(target)
        return b"?"

    method = Scaler(1).scale
    values = [
        double, Scaler, operator, functools.lru_cache(double), Wrapper(double), SlottedWrapper(double), method,
        [].append, functools.partial(triple), sys._getframe().f_code,
    ]  # fmt: skip
    Encoder(reference).encode(values, "x")
    assert asked == [*values[:6], Scaler.scale, functools.partial, triple, values[9]]


def test_what_is_not_called_wraps_nothing(encode: Encode) -> None:
    """An attribute of that name on data is data."""

    class Data:
        def __init__(self, wrapped: object) -> None:
            self.__wrapped__ = wrapped

    class Slotted:
        __slots__ = ("__wrapped__",)

        def __init__(self, wrapped: object) -> None:
            self.__wrapped__ = wrapped

    for kind in (Data, Slotted):
        assert encode(kind(1)) == encode(kind(1)) != encode(kind(2))


def test_functions_are_no_aliases(encode: Encode) -> None:
    """The same reference twice is all that is written."""
    wrapped = functools.lru_cache(double)
    for one in (double, len, Scaler, wrapped, SlottedWrapper(double), list[int], str.upper):
        twice = encode([one, one])
        alone = encode([one])
        assert twice[1:] == alone[1:] * 2


def test_a_partial_counts_what_is_hung_on_it(encode: Encode) -> None:
    """Its attributes, and a subclass."""

    class Sub(functools.partial):  # type: ignore[type-arg]
        pass

    one, two = functools.partial(double), functools.partial(double)
    two.note = 1  # type: ignore[attr-defined]
    assert len({encode(one), encode(two), encode(Sub(double))}) == 3


def test_a_partial_may_hold_itself(encode: Encode) -> None:
    """Through its attributes."""
    one = functools.partial(double)
    one.me = one  # type: ignore[attr-defined]
    assert encode(one) != encode(functools.partial(double))


def test_cells(encode: Encode) -> None:
    """By content; an empty one too."""

    def closure(value: object) -> Any:
        return (lambda: value).__closure__[0]  # type: ignore[index]

    def empty() -> Any:
        cell = (lambda: late).__closure__[0]  # type: ignore[index, used-before-def]
        yield cell
        late = 1

    assert len({encode(closure(1)), encode(closure(2)), encode(next(empty()))}) == 3
