"""Two functions that are equal up to the order of their arguments: one answers for both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from inviscid import settings
from inviscid.calls import is_declared
from inviscid.errors import SymmetryError
from inviscid.results import digest_of
from inviscid.signature import Signature
from inviscid.symmetry.transport import DICE, Case, violation

R = TypeVar("R")


def alias(function: Any, other: Any, /, *, perm: Sequence[int], verify: float = 0.0) -> Alias[Any]:
    """Let one cached function answer for another that is equal up to the order of its arguments.

    ``alias(f, g, perm=(1, 0))`` says that ``f(a, b) == g(b, a)``. What it returns is called as f is, and calls g: so
    both have one entry for both orders. Nothing of f runs, unless to be compared.

    Functions that differ by their names alone, or those of their parameters' order in no way, share entries anyway.

    Args:
        function: f, cached; whatever it has stored itself is not used.
        other: g, cached.
        perm: for each argument of g, which argument of f it is.
        verify: with which probability a call runs f too, and compares.

    Returns:
        What stands for f: put it in its place.

    Raises:
        SymmetryError: one isn't cached, is awaited, has parameters that aren't single, or `perm` is no permutation of
            them.
    """
    names = [getattr(one, "__qualname__", repr(one)) for one in (function, other)]
    signatures: list[Signature] = []
    for one, name in zip((function, other), names, strict=True):
        if not is_declared(one):
            raise SymmetryError(f"alias(): {name} is not cached: put @cached on it")
        if one._kind.awaited:  # noqa: SLF001  it is ours
            raise SymmetryError(f"alias(): {name}() is awaited, and only functions that aren't can be aliased")
        signature: Signature = one._signature  # noqa: SLF001  as above
        if any(item.kind not in ("positional", "ordinary") for item in signature.outer):
            raise SymmetryError(f"alias(): {name}() has parameters that can't be passed by position")
        signatures.append(signature)
    count = len(signatures[0].outer)
    order = tuple(perm)
    if len(signatures[1].outer) != count:
        raise SymmetryError(
            f"alias(): {names[0]}() takes {count} arguments, and {names[1]}() takes {len(signatures[1].outer)}"
        )
    if any(type(at) is not int for at in order) or sorted(order) != list(range(count)):
        raise SymmetryError(
            f"alias(): perm= has, for each argument of {names[1]}(), the number of one of {names[0]}(): a permutation "
            f"of {tuple(range(count))}, not {perm!r}"
        )
    check_probability("alias", verify)
    return Alias(function, other, order, float(verify))


def check_probability(name: str, verify: Any) -> None:
    """Refuse what is no probability.

    Raises:
        SymmetryError: it isn't.
    """
    if isinstance(verify, bool) or not isinstance(verify, int | float) or not 0 <= verify <= 1:
        raise SymmetryError(f"{name}(): verify= takes a probability between 0 and 1, not {verify!r}")


class Alias(Generic[R]):
    """A function that another answers for: see `alias`."""

    def __init__(self, function: Any, other: Any, perm: tuple[int, ...], verify: float) -> None:
        self.function = function
        self.other = other
        self.perm = perm
        self.verify = verify

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """What the other one gives.

        Raises:
            SymmetryViolation: the function itself gives something else.
        """
        values = self.function._signature.bind(args, kwargs)  # noqa: SLF001  it is ours
        result: R = self.other(*self.passed(values))
        if self.verify and DICE.random() < self.verify and settings.current_mode().name != "replay":
            self._compare(values, result)
        return result

    def key(self, *args: Any, **kwargs: Any) -> str:
        """The key of a call, in hex."""
        return self._ask("key", args, kwargs)  # type: ignore[no-any-return]

    def peek(self, *args: Any, **kwargs: Any) -> Any:
        """What the store has for a call."""
        return self._ask("peek", args, kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> Any:
        """What would become of a call."""
        return self._ask("explain", args, kwargs)

    def refresh(self, *args: Any, **kwargs: Any) -> R:
        """Compute a call again."""
        return self._ask("refresh", args, kwargs)  # type: ignore[no-any-return]

    def forget(self, *args: Any, **kwargs: Any) -> bool:
        """Remove the stored result of a call."""
        return self._ask("forget", args, kwargs)  # type: ignore[no-any-return]

    def _ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return getattr(self.other, name)(*self.passed(self.function._signature.bind(args, kwargs)))  # noqa: SLF001

    def passed(self, values: dict[str, Any]) -> list[Any]:
        """The arguments in the order of the other one."""
        given = list(values.values())
        return [given[at] for at in self.perm]

    def _compare(self, values: dict[str, Any], result: R) -> None:
        with settings.mode("off", local=True):
            found = self.function(*values.values())
        if (case := self.case(values, result, found)) is not None:
            raise violation(self.function.__qualname__, case)

    def case(self, values: dict[str, Any], expected: Any, found: Any) -> Case | None:
        """A counter-example, where the two gave something else; both as they are, whatever is stored."""
        if isinstance(expected, Exception) or isinstance(found, Exception):
            same = type(expected) is type(found)
        else:
            same = digest_of(expected) == digest_of(found)
        if same:
            return None
        names = [item.name for item in self.other._signature.outer]  # noqa: SLF001  it is ours
        there = dict(zip(names, self.passed(values), strict=True))
        shown = f"of an alias of {self.other.__qualname__}()"
        return Case(shown, values, there, f"the order {self.perm}", expected, found)

    def __repr__(self) -> str:
        return f"<{self.function!r}, answered by {self.other!r} in the order {self.perm}>"
