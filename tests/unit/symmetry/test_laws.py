"""What every group promises: identity, inverse, composition, the witness, and one representative for each orbit."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inviscid.symmetry.cyclic import least_rotation
from inviscid.symmetry.items import inverted, is_odd
from inviscid.symmetry.transport import reduce


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"symmetry_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SAMPLES = _load("groups").SAMPLES
each = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
# The points are drawn inside, because each group has its own.
often = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
dices = st.randoms(use_true_random=False)


@each
@often
@given(data=st.data(), dice=dices)
def test_identity(sample: Any, data: st.DataObject, dice: Random) -> None:
    group, point = sample.group, data.draw(sample.points)
    identity = group.identity(point)
    assert group.same(group.act(identity, point), point)
    element = group.sample(point, dice)
    for composed in (
        group.compose(identity, element),
        group.compose(element, group.identity(group.act(element, point))),
    ):
        assert group.holds(composed, point)


@each
@often
@given(data=st.data(), dice=dices)
def test_inverse(sample: Any, data: st.DataObject, dice: Random) -> None:
    group, point = sample.group, data.draw(sample.points)
    element = group.sample(point, dice)
    moved = group.act(element, point)
    assert group.same(group.act(group.inverse(element), moved), point)
    assert group.same(group.act(group.compose(group.inverse(element), element), point), point)


@each
@often
@given(data=st.data(), dice=dices)
def test_composition(sample: Any, data: st.DataObject, dice: Random) -> None:
    group, point = sample.group, data.draw(sample.points)
    first, second = group.sample(point, dice), group.sample(point, dice)
    assert group.same(group.act(second, group.act(first, point)), group.act(group.compose(second, first), point))


@each
@often
@given(data=st.data())
def test_witness(sample: Any, data: st.DataObject) -> None:
    group, point = sample.group, data.draw(sample.points)
    representative, element = group.canon(point)
    assert group.witnesses(element, point, representative)
    assert group.same(group.act(element, point), representative)
    assert group.same(group.act(group.inverse(element), representative), point)
    if group.is_identity(element):
        assert group.same(point, representative)
    else:
        assert group.told(element)


@each
@often
@given(data=st.data(), dice=dices)
def test_one_representative_for_each_orbit(sample: Any, data: st.DataObject, dice: Random) -> None:
    group, point = sample.group, data.draw(sample.points)
    moved = group.act(group.sample(point, dice), point)
    here, there = group.canon(point), group.canon(moved)
    # What leads from one to the other by their representatives leads there.
    if group.same(here[0], there[0]):
        across = group.compose(group.inverse(there[1]), here[1])
        assert group.same(group.act(across, point), moved)
    else:
        assert not sample.canonical


@each
@often
@given(data=st.data())
def test_points_are_left_as_they_are(sample: Any, data: st.DataObject) -> None:
    group, point = sample.group, data.draw(sample.points)
    before = group.act(group.identity(point), point)
    group.act(group.canon(point)[1], point)
    assert group.same(before, point)


@each
def test_declarations_are_told_apart(sample: Any) -> None:
    group = sample.group
    assert group.parts() == group.parts()
    assert group.parameters[0] in repr(group)


@given(st.lists(st.integers(0, 2), max_size=12))
def test_the_least_rotation_is_the_least(items: list[int]) -> None:
    start = least_rotation(items)
    assert items[start:] + items[:start] == min((items[k:] + items[:k] for k in range(len(items))), default=[])


@given(st.permutations(range(6)))
def test_permutations(order: list[int]) -> None:
    assert [order[at] for at in inverted(order)] == list(range(6))
    pairs = [(i, j) for i in range(6) for j in range(i) if order[j] > order[i]]
    assert is_odd(order) == (len(pairs) % 2 == 1)


def test_who_gives_up_stands_for_itself() -> None:
    from inviscid.symmetry import Orbit

    def gives_up(x: object) -> Any:
        raise TimeoutError

    orbit = Orbit("x", canon=gives_up, act=lambda g, x: x, inv=lambda g: g, mul=lambda g, h: g)
    assert reduce(orbit, {"x": 3, "y": 4}).values == {"x": 3, "y": 4}
