"""Guards see every way in which what a fingerprint read can change."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from inviscid.fingerprinting.guards import Guards
from inviscid.sentinels import MISSING


class Value:
    """Something that a weak reference can be made to."""


def test_a_rebound_name() -> None:
    value = Value()
    namespace: dict[str, Any] = {"x": value}
    guards = Guards()
    guards.binding(namespace, "x", value)
    assert guards.hold()
    namespace["x"] = Value()
    assert not guards.hold()


def test_a_value_that_is_gone_is_not_none() -> None:
    """The weak reference of a collected value answers None; so does the name that was rebound to None."""
    namespace: dict[str, Any] = {"x": Value()}
    guards = Guards()
    guards.binding(namespace, "x", namespace["x"])
    namespace["x"] = None
    gc.collect()
    assert not guards.hold()


def test_a_rebound_value_is_not_kept_alive() -> None:
    import weakref

    namespace: dict[str, Any] = {"x": Value()}
    guards = Guards()
    guards.binding(namespace, "x", namespace["x"])
    alive = weakref.ref(namespace["x"])
    namespace["x"] = None
    gc.collect()
    assert alive() is None


def test_a_name_that_appears() -> None:
    namespace: dict[str, Any] = {}
    guards = Guards()
    guards.binding(namespace, "x", MISSING)
    assert guards.hold()
    namespace["x"] = 1
    assert not guards.hold()


def test_equal_is_not_the_same() -> None:
    namespace: dict[str, Any] = {"x": 1}
    guards = Guards()
    guards.binding(namespace, "x", 1)
    namespace["x"] = True
    assert not guards.hold()


def test_the_parts_of_a_function() -> None:
    def f(x: int, *, k: int = 1) -> int:
        return x + k

    def changed(change: Any) -> bool:
        guards = Guards()
        guards.function(f)
        assert guards.hold()
        change()
        return not guards.hold()

    assert changed(lambda: setattr(f, "__defaults__", (2,)))
    assert changed(lambda: setattr(f, "__kwdefaults__", {"k": 2}))
    assert changed(lambda: setattr(f, "__code__", (lambda x, *, k=1: x).__code__))
    assert changed(lambda: setattr(f, "attribute", 1))


def test_a_class_and_a_cell() -> None:
    class A:
        def m(self) -> int:
            return 1

    held = 1

    def f() -> int:
        return held

    guards = Guards()
    guards.klass(A)
    guards.function(f)  # type: ignore[arg-type]
    cell = (f.__closure__ or ())[0]
    assert guards.hold()
    cell.cell_contents = 2
    assert not guards.hold()
    cell.cell_contents = 1
    assert guards.hold()
    A.n = 1  # type: ignore[attr-defined]
    assert not guards.hold()


def test_a_function_that_was_made_for_one_call_does_not_live_on() -> None:
    import weakref

    from inviscid import fingerprint

    def made(value: Value) -> Any:
        return lambda: value

    value = Value()
    function = made(value)
    fingerprint(function)
    alive = weakref.ref(value)
    del function, value
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("answer", [(b"other", ()), None])
def test_content_that_changed_or_can_not_be_read(answer: Any) -> None:
    now = {"answer": (b"stream", ())}

    def take() -> Any:
        if now["answer"] is None:
            raise TypeError
        return now["answer"]

    guards = Guards()
    guards.content(take, (b"stream", ()))
    assert guards.hold()
    now["answer"] = answer
    assert not guards.hold()


def test_names_of_a_namespace() -> None:
    namespace: dict[str, Any] = {"x": 1}
    guards = Guards()
    guards.names(namespace)
    assert guards.hold()
    namespace["y"] = 1
    assert not guards.hold()


def test_many_readers_of_a_name_share_a_guard_unless_it_was_rebound_between_them() -> None:
    namespace: dict[str, object] = {"a": len}
    guards = Guards()
    for _ in range(3):
        guards.binding(namespace, "a", namespace["a"])
    assert len(guards._bindings) == 1
    assert guards.hold()
    namespace["a"] = max
    guards.binding(namespace, "a", max)
    # One reader saw the one, one the other: what was taken from both holds for neither.
    assert not guards.hold()
    namespace["a"] = len
    assert not guards.hold()
