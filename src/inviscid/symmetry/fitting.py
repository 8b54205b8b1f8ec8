"""Whether a declaration fits the function that it stands on, as far as that can be told before anything is called."""

from __future__ import annotations

from collections.abc import Sequence

from inviscid.calls import Options
from inviscid.errors import SymmetryError
from inviscid.settings import near
from inviscid.signature import Parameter
from inviscid.symmetry.permutations import Permutes


def check_fit(options: Options, name: str, parameters: Sequence[Parameter]) -> None:
    """Refuse a declaration that doesn't fit.

    Args:
        options: the decorator's; there is a symmetry.
        name: of the function.
        parameters: its own.

    Raises:
        SymmetryError: it names no parameter, or one that can't be moved; or it doesn't go with another option.
    """
    symmetry = options.symmetry
    assert symmetry is not None
    known = {item.name: item for item in parameters}
    for wanted in symmetry.parameters:
        item = known.get(wanted)
        if item is None:
            has = ", ".join(known) or "none"
            hint = near(wanted, list(known))
            raise SymmetryError(f"{symmetry!r}: {name}() has no parameter '{wanted}' (it has: {has}){hint}")
        if item.config:
            raise SymmetryError(
                f"{symmetry!r}: '{wanted}' of {name}() comes from the config, and only what callers pass can be moved"
            )
        if item.kind == "double":
            raise SymmetryError(f"{symmetry!r}: '**{wanted}' of {name}() is no single argument")
        if wanted in options.ignore:
            raise SymmetryError(f"{symmetry!r}: '{wanted}' of {name}() is ignored, so all its values share results")
    for factor in symmetry.factors:
        starred = [wanted for wanted in factor.parameters if known[wanted].kind == "starred"]
        if isinstance(factor, Permutes) and starred:
            raise SymmetryError(
                f"{symmetry!r}: '*{starred[0]}' of {name}() is many arguments: use Permutation('{starred[0]}')"
            )
    if options.outputs:
        raise SymmetryError(
            f"{symmetry!r}: {name}() has outputs=, and files can't be moved to where the arguments of another call "
            "belong: return what is in them, and write it outside"
        )
