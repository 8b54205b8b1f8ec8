"""Inputs that are the same up to a symmetry share one result.

A symmetry is declared, never inferred: ``cached(symmetry=Permutation("xs"))``. The argument is replaced by the
*representative* of its *orbit*, the function is computed for that, and the result is *transported* back for the caller.
"""

from inviscid.symmetry.actions import Cells, Index, NodeMap, Nodes, Parity, Permute, Rotate, Sign
from inviscid.symmetry.aliases import Alias, alias
from inviscid.symmetry.checking import Checked, check
from inviscid.symmetry.cyclic import Cyclic
from inviscid.symmetry.graphs import Relabel, Renaming
from inviscid.symmetry.group import Action, Group, Invariant
from inviscid.symmetry.matrices import RowsAndColumns
from inviscid.symmetry.orbit import Orbit
from inviscid.symmetry.permutations import Columns, Permutation, Permutes, Rows
from inviscid.symmetry.products import Product
from inviscid.symmetry.signs import Signs
from inviscid.symmetry.squares import Dihedral
from inviscid.symmetry.transport import Case

__all__ = [
    "Action", "Alias", "Case", "Cells", "Checked", "Columns", "Cyclic", "Dihedral", "Group", "Index", "Invariant",
    "NodeMap", "Nodes", "Orbit", "Parity", "Permutation", "Permute", "Permutes", "Product", "Relabel", "Renaming",
    "Rotate", "Rows", "RowsAndColumns", "Sign", "Signs", "alias", "check",
]  # fmt: skip
