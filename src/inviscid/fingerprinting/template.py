"""What a function's syntax comes down to: a canonical stream with numbered slots for what it refers to.

A *template* is made from syntax alone, so it can be remembered for as long as the code stays. A *slot* is a reference
that only the running process can resolve: a global, a closure cell, an import inside the function, each with the
attribute chain that follows it. *Marks* say what the function may observe of itself and of others (documentation,
names, annotations, lines); they hold for everything that it reaches, because what it observes may be any of that.
"""

from __future__ import annotations

import re
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
MEMBERS = "members by name"
"""Members may be looked up under names that are not written in the code: then classes count whole."""

ORDER = "order of names"

CLOSURE_WIDE = frozenset({DOC, NAME, PLACE, ANNOTATIONS, EXACT, MEMBERS, ORDER})
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
    "__globals__": (MODULE, MEMBERS),
    "__dict__": (MEMBERS, ORDER),
    "__getattribute__": (MEMBERS,),
}
# The same for names that are not attributes.
REFLECTIVE_NAMES: dict[str, tuple[str, ...]] = {
    **{name: marks for name, marks in REFLECTIVE_ATTRIBUTES.items() if not name.startswith("__")},
    "__doc__": (DOC,),
    "help": (DOC, NAME, ANNOTATIONS),
    "signature": (ANNOTATIONS, NAME),
    "globals": (MODULE, ORDER),
    "eval": (MODULE, MEMBERS),
    "exec": (MODULE, MEMBERS),
    "vars": (MEMBERS, ORDER),
    "dir": (MEMBERS,),
    "locals": (MEMBERS,),
}

# What takes the name of an attribute as its second argument. Where that is no constant, it may be any name.
NAME_TAKING = frozenset({"getattr", "hasattr", "setattr", "delattr"})
COMPUTED_NAME = (DOC, NAME, PLACE, ANNOTATIONS, MEMBERS)

# The same for the first argument.
FIRST_NAME_TAKING = frozenset({"attrgetter", "methodcaller"})

# Methods of classes from the standard library that read the world. As attributes they are mentioned with a dot in
# front, which tells them from words.
ASKED = frozenset(
    "now utcnow today exists is_file is_dir is_symlink lstat is_mount is_junction is_fifo is_socket is_block_device "
    "is_char_device samefile readlink expanduser".split()
)
# Those of them that other classes have too: mentioned with a dot in front and brackets behind, where they are called as
# paths are asked.
ASKED_OF_PATHS = frozenset("stat resolve owner absolute".split())
FORMATTING = frozenset({"format", "format_map", "vformat"})
# Builtins, and what else makes a text of what it is given.
SHOWING = frozenset("str repr ascii format print pformat pprint".split())
# Calls that call the function that they are given, and show nothing of it in what they return.
SILENT = frozenset(
    "map filter sorted min max sort reduce accumulate groupby takewhile dropwhile filterfalse starmap apply transform "
    "applymap pipe agg aggregate nlargest nsmallest sort_values submit imap imap_unordered map_async apply_async "
    "delayed vectorize frompyfunc apply_along_axis apply_over_axes fromfunction piecewise minimize minimize_scalar "
    "curve_fit quad root brentq fsolve least_squares odeint solve_ivp".split()
)

_WORD = re.compile(r"[^\W\d]\w*")
_VARIABLE = re.compile(r"(?<![\w.])@([^\W\d]\w*)")


def words(text: str) -> list[str]:
    """The identifiers in a string: what a function may look up by it."""
    return _WORD.findall(text)


def variables(text: str) -> list[str]:
    """The variables that a query may read from the frame that it is made in, as ``df.query("a > @limit")`` does."""
    return _VARIABLE.findall(text) if "@" in text else []


# With one of these in a function, the names of its locals can be seen.
SEES_LOCALS = frozenset({"locals", "eval", "exec", "vars", "dir"})


def cleaned(documentation: str) -> str:
    """A docstring as `inspect.cleandoc` has it, which takes longer to import than to write."""
    lines = documentation.expandtabs().split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(indents, default=0)
    lines = [lines[0].lstrip(), *(line[margin:] for line in lines[1:])]
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        del lines[0]
    return "\n".join(lines)


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
    uses: tuple[tuple[str, ...], ...]
    """For each slot how it is used: `BARE` where it is called without arguments, ``=text`` where it is asked for a
    constant text (as a key or as the first argument of a call), `CALLED` for other calls, `NAMED` where an attribute is
    asked for by a constant name, `GIVEN` where it is an argument of a call that shows nothing of it, and empty for
    every other use: then it is a value that may go anywhere.
    """
    mentions: tuple[str, ...]
    """Every name that attributes are looked up by, and every word of the strings: sorted."""
    text: str
    """What people read of it: see `readable`. It explains, and is never hashed."""
    direct: tuple[bool, ...]
    """For each slot whether all that the function does with it is to call it, in its own body: not in a nested
    function, which may run elsewhere.
    """


BARE = "()"
CALLED = "(…)"
NAMED = "named"
WITH = "?"
"""In front of the name of a variable, which is all that a call is given."""
SAMPLES = ".sample()"
"""As a mention: somebody is asked for a sample without a seed."""
GIVEN = "given"
FORMATS = ".format()"
"""As a mention: a text is made of a value."""
SHOWN = "shown"
"""As a use: a text is made of it; it may go anywhere, too."""


def stream(tree: Tree) -> bytes:
    """The canonical stream of a nested list; flat, so that depth has no limit here."""
    flat: list[str | int | bytes | None] = []
    pending: list[Tree] = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            flat += (len(item), "[")
            pending += item[::-1]
        else:
            # A leaf list marker can't be taken for a leaf: strings are written behind a nil.
            flat += (None, item)
    return pack(flat)
