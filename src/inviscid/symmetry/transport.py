"""What becomes of one call of a function with a symmetry: there by the witness, back by its inverse, and compared.

reduce    arguments → representatives, with the witnesses, which are looked at
back      a result of the representatives → that of the arguments
compare   that with what the function gives for the arguments themselves
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random, SystemRandom
from typing import Any, NamedTuple

from inviscid import results
from inviscid.bodies import Run
from inviscid.errors import SymmetryError, SymmetryViolation, UnhashableInput
from inviscid.symmetry.group import Element, Group, Invariant
from inviscid.symmetry.items import is_array
from inviscid.symmetry.orbit import Orbit

# Of its own: that of the process belongs to the user, who may have seeded it.
DICE: Random = SystemRandom()
# So many elements that leave a representative as it is are tried.
_STABLE = 12
_LONGEST = 200


class Case(NamedTuple):
    """A counter-example: where a function doesn't have the symmetry that was declared."""

    declaration: str
    arguments: Mapping[str, Any]
    """Those of the call."""
    moved: Mapping[str, Any]
    """Where the element leads them."""
    element: str
    """In words."""
    expected: Any
    """What the declaration says that the call gives."""
    found: Any
    """What it gives; an exception where it raised."""

    def __str__(self) -> str:
        return (
            f"for {_shown(self.arguments)}, which {self.element} takes to {_shown(self.moved)}, it says "
            f"{_brief(self.expected)}, and the function gives {_brief(self.found)}"
        )


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_brief(value)}" for name, value in values.items())


def _brief(value: Any) -> str:
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {value}"
    try:
        if hasattr(type(value), "add_nodes_from"):
            text = f"<graph of nodes {list(value)!r} and edges {list(value.edges)!r}>"
        else:
            text = repr(value)
    except Exception:  # noqa: BLE001  it is the user's code
        text = f"<{type(value).__qualname__}>"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def violation(name: str, case: Case) -> SymmetryViolation:
    """The error for a function that is called so, with its counter-example."""
    return SymmetryViolation(f"{name}() doesn't have the symmetry {case.declaration}: {case}", case)


class Reduced(NamedTuple):
    """The arguments of a call, taken to their representatives."""

    values: dict[str, Any]
    elements: tuple[Element, ...]
    """The witness of each factor; None where there is none, and the point stands for itself."""
    through: str
    """In words; empty where nothing moved."""


def reduce(symmetry: Group, values: Mapping[str, Any]) -> Reduced:
    """Take arguments to their representatives.

    Raises:
        SymmetryError: a group doesn't act on such a value.
        SymmetryViolation: a witness doesn't lead to its representative.
        UnhashableInput: a part of an argument has no digest.
    """
    found = dict(values)
    elements: list[Element] = []
    words: list[str] = []
    for factor in symmetry.factors:
        if any(name not in found for name in factor.parameters):
            # Of what isn't Python's the default is not known: the call stands for itself.
            elements.append(None)
            continue
        point = factor.point(found)
        try:
            representative, element = factor.canon(point)
        except TimeoutError:
            # It stands for itself: an entry more, and nothing wrong.
            elements.append(None)
            continue
        if not factor.witnesses(element, point, representative):
            shown = _brief(representative)
            raise SymmetryViolation(f"{factor!r}: the witness of {_brief(point)} doesn't lead to {shown}")
        elements.append(element)
        if not factor.is_identity(element) and not _stays(factor, point, representative):
            words.append(factor.told(element))
        found = factor.replaced(found, representative)
    return Reduced(found, tuple(elements), " and ".join(words))


def _stays(factor: Group, point: Any, representative: Any) -> bool:
    # Elements of the user's own say nothing of what they do.
    return isinstance(factor, Orbit) and factor.same(point, representative)


def back(symmetry: Group, elements: tuple[Element, ...], result: Any) -> Any:
    """The result for the arguments, from that for their representatives.

    Raises:
        SymmetryError: the result can't be moved as declared.
    """
    moved = False
    for factor, element in zip(symmetry.factors, elements, strict=True):
        if element is not None and not isinstance(factor.out, Invariant) and not factor.is_identity(element):
            result = factor.out.act(factor, factor.inverse(element), result)
            moved = True
    return read_only(result) if moved else result


def read_only(result: Any) -> Any:
    """A result as it would be loaded: an array can't be written to."""
    if is_array(result) and result.flags.writeable:
        result.setflags(write=False)
    return result


def tried(run: Run, *, awaited: bool) -> Run:
    """Run a body and give what it raises, to be compared with what it gave."""
    if not awaited:

        def attempt(*call: Any) -> Any:
            try:
                return run(*call)
            except Exception as error:  # noqa: BLE001  it is compared
                return error

        return attempt

    async def attempt_awaited(*call: Any) -> Any:
        try:
            return await run(*call)
        except Exception as error:  # noqa: BLE001  as above
            return error

    return attempt_awaited


def digest_of(result: Any) -> bytes:
    """The digest of a result that was moved; empty where it has none."""
    try:
        return results.digest_of(result)
    except UnhashableInput:
        return b""


# Comparing ------------------------------------------------------------------------------------------------------------


def alike(symmetry: Group, left: Any, right: Any) -> bool:
    """Whether two results are equal, as the declaration has it: bit by bit, unless it says otherwise."""
    for factor in symmetry.factors:
        if isinstance(factor, Orbit) and factor.equal is not None and factor.equal(left, right):
            return True
        left, right = factor.out.normal(left), factor.out.normal(right)
    tolerance = symmetry.tolerance
    if tolerance is not None:
        return _close(left, right, tolerance)
    return results.digest_of(_laid(left)) == results.digest_of(_laid(right))


def _laid(result: Any) -> Any:
    """Arrays in C order: in which order one comes back from a permutation is nobody's symmetry."""
    if is_array(result):
        import numpy as np

        return np.ascontiguousarray(result) if result.ndim else result
    if type(result) in (list, tuple):
        return type(result)(map(_laid, result))
    return {name: _laid(value) for name, value in result.items()} if type(result) is dict else result


def _close(left: Any, right: Any, tolerance: float) -> bool:
    if is_array(left) and is_array(right):
        import numpy as np

        if left.dtype != right.dtype or left.shape != right.shape:
            return False
        if left.dtype.kind not in "fc":
            return bool(np.array_equal(left, right))
        return bool(np.allclose(left, right, rtol=tolerance, atol=tolerance, equal_nan=True))
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        both_nan = math.isnan(left) and math.isnan(right)
        return both_nan or math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
    if type(left) in (list, tuple):
        return len(left) == len(right) and all(_close(a, b, tolerance) for a, b in zip(left, right, strict=True))
    if type(left) is dict:
        pairs = ((value, right.get(name)) for name, value in left.items())
        return left.keys() == right.keys() and all(_close(a, b, tolerance) for a, b in pairs)
    return results.digest_of(left) == results.digest_of(right)


def instability(symmetry: Group, reduced: Reduced, result: Any) -> Case | None:
    """A counter-example among what leaves the representatives as they are: their result has to stay as it is too.

    Args:
        symmetry: the declaration.
        reduced: the call.
        result: of the representatives.
    """
    for factor, element in zip(symmetry.factors, reduced.elements, strict=True):
        can = not isinstance(factor, Orbit) or factor.can_sample()
        if element is None or isinstance(factor.out, Invariant) or not can:
            continue
        point = factor.point(reduced.values)
        for _ in range(_STABLE):
            other = factor.sample(point, DICE)
            there, witness = factor.canon(factor.act(other, point))
            if not factor.same(there, point):
                continue
            stable = factor.compose(witness, other)
            moved = factor.out.act(factor, stable, result)
            if not alike(symmetry, moved, result):
                words = f"{factor.told(stable)} ({_brief(stable)})"
                return Case(repr(symmetry), reduced.values, reduced.values, words, moved, result)
    return None


def difference(symmetry: Group, values: Mapping[str, Any], reduced: Reduced, expected: Any, found: Any) -> Case | None:
    """A counter-example: what a call should give by the declaration, and what it gives; None where they are equal."""
    if not isinstance(found, Exception):
        try:
            if alike(symmetry, expected, found):
                return None
        except UnhashableInput as error:
            raise SymmetryError(f"{symmetry!r} can't be verified: {error.what}") from error
    names = [name for name in values if name in symmetry.parameters]
    given, moved = ({name: one[name] for name in names} for one in (values, reduced.values))
    return Case(repr(symmetry), given, moved, reduced.through, expected, found)
