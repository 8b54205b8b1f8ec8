"""Hashers that users register."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from inviscid.errors import UnhashableInput
from inviscid.inputs import register, registry

Encode = Callable[..., bytes]


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """What a test registers is gone after it."""
    yield
    registry._by_type.clear()
    registry._by_name.clear()
    registry.found.clear()


class Model:
    def __init__(self, weights: object) -> None:
        self.weights = weights
        self.stream = (i for i in ())


class Derived(Model):
    pass


class Keyed(Model):
    def __inviscid_key__(self) -> object:
        return "keyed"


def test_a_registered_hasher_stands_for_the_value(encode: Encode) -> None:
    """Without it the value is refused, with it only what it gives counts."""
    with pytest.raises(UnhashableInput):
        encode(Model(1))
    register(Model, lambda model: model.weights)
    assert encode(Model(1)) == encode(Model(1)) != encode(Model(2))


def test_it_holds_for_subclasses(encode: Encode) -> None:
    """Until one has its own, or a key; and the class still counts."""
    register(Model, lambda model: model.weights)
    assert encode(Derived(1)) == encode(Derived(1)) != encode(Model(1))
    before = encode(Keyed(1))
    assert before == encode(Keyed(2))
    register(Derived, lambda model: "constant")
    assert encode(Derived(1)) == encode(Derived(2))
    register(Keyed, lambda model: model.weights)
    assert encode(Keyed(1)) != encode(Keyed(2))


def test_by_name(encode: Encode) -> None:
    """A name needs no import, and doesn't have to exist."""
    register(f"{__name__}:Model", lambda model: model.weights)
    register("no_such_module:Nothing.There", lambda value: value)
    assert encode(Derived(1)) != encode(Derived(2))


def test_a_name_that_somebody_else_uses(encode: Encode) -> None:
    """A class that says it has that name isn't the one that is meant."""

    class Fake:
        def __init__(self) -> None:
            self.x = 1

    Fake.__module__, Fake.__qualname__ = __name__, "Model"
    register(f"{__name__}:Model", lambda model: model.weights)
    assert encode(Fake())


def test_it_comes_before_a_family(encode: Encode) -> None:
    """Also for a type of the standard library."""
    before = encode(Fraction(1, 2))
    register(Fraction, lambda value: value.limit_denominator(1).numerator)
    assert encode(Fraction(1, 2)) != before
    assert encode(Fraction(1, 3)) == encode(Fraction(1, 4))


def test_an_error_in_it_names_the_path(encode: Encode) -> None:
    """It is user code."""
    register(Model, lambda model: model.nothing)
    with pytest.raises(UnhashableInput, match="AttributeError") as caught:
        encode({"m": Model(1)})
    assert caught.value.path == "argument 'x'['m']"


def test_what_cannot_be_registered() -> None:
    """Plain types are fixed; names have a form."""
    for kind in (int, list, dict, object, set, "builtins:int"):
        with pytest.raises(TypeError, match="fixed"):
            register(kind, lambda value: 0)
    with pytest.raises(TypeError, match="class or its name"):
        register(1, lambda value: 0)  # type: ignore[arg-type]
    for name in ("Model", "a.b.Model", ":Model", "a:"):
        with pytest.raises(ValueError, match="module:Qual.Name"):
            register(name, lambda value: 0)
