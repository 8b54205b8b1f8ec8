"""What a function's syntax comes down to: a canonical stream with numbered slots for what it refers to.

A *template* is made from syntax alone, so it can be remembered for as long as the code stays. A *slot* is a reference
that only the running process can resolve: a global, a closure cell, an import inside the function, each with the
attribute chain that follows it. *Marks* say what the function may observe of itself and of others (documentation,
names, annotations, lines); they hold for everything that it reaches, because what it observes may be any of that.
"""

from __future__ import annotations

from typing import NamedTuple

from inviscid.digest import pack

Tree = list["Tree"] | str | int | bytes | None

DOC = "documentation"
NAME = "names"
PLACE = "names of modules"
ANNOTATIONS = "annotations"
EXACT = "lines"
MODULE = "module"
COMPUTED = "computed import"

CLOSURE_WIDE = frozenset({DOC, NAME, PLACE, ANNOTATIONS, EXACT})
"""Marks that change what counts in everything that is reached; the others concern the function itself."""

# What lets a function see what the normal form leaves out: as an attribute, or as a string, since getattr takes one.
REFLECTIVE_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "__doc__": (DOC,),
    "getdoc": (DOC,),
    "__name__": (NAME,),
    "__qualname__": (NAME,),
    "__module__": (PLACE,),
    "__annotations__": (ANNOTATIONS,),
    "__signature__": (ANNOTATIONS, NAME),
    "get_type_hints": (ANNOTATIONS,),
    "get_annotations": (ANNOTATIONS,),
    "__code__": (EXACT,),
    "_getframe": (EXACT,),
    "currentframe": (EXACT,),
    "f_lineno": (EXACT,),
    "getsource": (EXACT,),
    "getsourcelines": (EXACT,),
    "getsourcefile": (EXACT,),
    "co_firstlineno": (EXACT,),
    "__globals__": (MODULE,),
}
# The same for names that are not attributes.
REFLECTIVE_NAMES: dict[str, tuple[str, ...]] = {
    **{name: marks for name, marks in REFLECTIVE_ATTRIBUTES.items() if not name.startswith("__")},
    "__doc__": (DOC,),
    "help": (DOC, NAME, ANNOTATIONS),
    "signature": (ANNOTATIONS, NAME),
    "globals": (MODULE,),
    "eval": (MODULE,),
    "exec": (MODULE,),
}

# With one of these in a function, the names of its locals can be seen.
SEES_LOCALS = frozenset({"locals", "eval", "exec", "vars", "dir"})


class Slot(NamedTuple):
    """One reference of a template."""

    kind: str
    """``global``, ``free`` (a closure cell) or ``import`` (bound by an import inside the function)."""
    name: str
    """The variable, or the module of an import."""
    chain: tuple[str, ...] = ()
    """Attributes that follow at once: ``np.linalg.norm`` is ``np`` with ``linalg``, ``norm``."""
    level: int = 0
    """Leading dots of a relative import."""
    ensure: str = ""
    """For ``import a.b``: the module that the statement loads, where the name that it binds is only ``a``."""


class Template(NamedTuple):
    """A function's normal form."""

    body: bytes
    """Canonical stream of parameters and body."""
    names: bytes
    """Stream of the names of nested functions."""
    documentation: bytes
    """Stream of the docstrings, of nested definitions too."""
    annotations: bytes
    """Stream of the annotations of nested functions, which the normal form drops."""
    source: str
    """The text as written and its first line: what counts where lines can be observed."""
    slots: tuple[Slot, ...]
    marks: frozenset[str]
    text: str
    """What people read of it: see `readable`. It explains, and is never hashed."""


def stream(tree: Tree) -> bytes:
    """The canonical stream of a nested list; flat, so that depth has no limit here."""
    flat: list[str | int | bytes | None] = []
    pending: list[Tree] = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            flat.append(len(item))
            flat.append("[")
            pending.extend(reversed(item))
        else:
            # A leaf list marker can't be taken for a leaf: strings are written behind a nil.
            flat.append(None)
            flat.append(item)
    return pack(flat)
