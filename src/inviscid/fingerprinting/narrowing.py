"""Which members of a class count: those that can be looked up.

A method that nothing in reach can call is not behaviour. A member is looked up by its name, and the name stands in the
code: as an attribute, or as a word of a string. So a member counts only if its name is *mentioned* anywhere in reach,
under these conditions, all of which must hold for the whole reach, or classes count whole:

- no name is computed (`getattr(x, n)`, `vars`, `eval`, …): the mark `MEMBERS`;
- nothing that is installed is in reach but what is known to look up no names of its own (`opaque`): a library that is
  given an instance may call `fit` on it;
- arguments bring no classes or functions: whoever fingerprints those sets the mark.

And some members always count: special names, what interpreter and builtins look up on whatever they are given, names
that an installed base class has, abstract methods (a class that lacks one can't be instantiated), and members of
protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from inviscid.fingerprinting.impure import canonical

# Modules that call nothing on what they are given but special methods and `_LOOKED_UP`.
_CLOSED_MODULES = frozenset(
    "builtins math cmath itertools functools operator collections re string typing abc enum dataclasses datetime "
    "numbers bisect heapq copy contextlib time zlib hashlib base64 struct textwrap unicodedata warnings json array "
    "os.path calendar html binascii copyreg __future__ logging traceback os posix nt stat shutil fnmatch glob".split()
)
_OPEN = frozenset(
    "operator.attrgetter operator.methodcaller dataclasses.make_dataclass collections.namedtuple typing.NamedTuple "
    "string.Formatter".split()
)
_CLOSED = frozenset(
    "sys.audit sys.intern sys.getsizeof sys.exc_info sys.maxsize sys.version_info sys.platform sys.stdout sys.stderr "
    "sys.stdin sys.exit sys.argv sys.hexversion sys.byteorder sys.float_info sys.getrecursionlimit socket.AF_INET "
    "socket.AF_INET6 socket.inet_pton socket.inet_ntop socket.inet_aton io.StringIO io.BytesIO "
    "threading.Lock threading.RLock threading.get_ident _thread.get_ident _thread.RLock _thread.allocate_lock "
    "queue.Queue queue.Empty queue.Full weakref.ref decimal.Decimal _decimal.Decimal fractions.Fraction uuid.UUID "
    "pprint.pprint pprint.pformat random.random random.Random inviscid.configuration.ConfigParameter".split()
)
_LOOKED_UP = frozenset(
    "keys items values get write flush read readline readlines writelines close fileno seek tell isatty send throw "
    "filter emit handle format acquire release append extend add update pop default mro _fields _field_defaults "
    "encode decode data copy replace aclose readinto readable writable numerator denominator as_integer_ratio real "
    "imag conjugate bytes getbuffer _is_owned _release_save _acquire_restore is_finite "
    "iterencode seed random getrandbits run".split()
)
KINDS = frozenset(
    f"inspect.{name}"
    for name in "isclass isfunction ismethod isbuiltin ismodule isgenerator isgeneratorfunction iscoroutine "
    "iscoroutinefunction isawaitable isasyncgen isasyncgenfunction iscode isframe istraceback cleandoc".split()
)
"""What of `inspect` tells only of what kind something is, or looks at a text."""
# Installed classes from here may be bases: their code looks up no names but those that they have themselves.
_CLOSED_BASES = frozenset({"builtins", "abc", "typing", "collections", "collections.abc"})
ABOUT_THE_CLASS = frozenset(
    {"annotations", "generic bases", "dataclass", "enum", "enum methods", "enum boundary", "documentation"}
)
"""What `members` yields of a class beside the names of its namespace."""


def opaque(name: str) -> bool:
    """Whether something installed may look up names on what it is given."""
    name = canonical(name)
    if name in _OPEN:
        return True
    top = "os.path" if name.startswith("os.path.") else name.partition(".")[0]
    return top not in _CLOSED_MODULES and name not in _CLOSED and name not in KINDS


class Narrowed:
    """A class whose members are admitted one by one, as their names come up."""

    __slots__ = ("_always", "_members")

    def __init__(self, cls: type, members: Iterable[tuple[str, Any]], installed: Callable[[type], bool]) -> None:
        self._members = dict(members)
        self._always = _always(cls, installed)

    def admit(self, mentions: Collection[str], *, whole: bool) -> list[tuple[str, Any]]:
        """The members that count now and did not before."""
        always = self._always
        found = [
            (name, value)
            for name, value in self._members.items()
            if whole or always is None or name in mentions or name in always or _special(name)
        ]
        for name, _ in found:
            del self._members[name]
        return found


def _always(cls: type, installed: Callable[[type], bool]) -> set[str] | None:
    """The names under which members of a class count always, but for special ones; None where all do."""
    names = {*_LOOKED_UP, *ABOUT_THE_CLASS}
    for base in cls.__mro__:
        protocol = bool(getattr(base, "_is_protocol", False))
        if installed(base):
            if base.__module__ not in _CLOSED_BASES:
                return None
            names.update(dir(base))
            continue
        if type(base) is not type and type(base).__module__ not in ("abc", "typing"):
            # A metaclass of the user's can do anything with what the class holds.
            return None
        namespace = vars(base)
        names.update(name for name, value in namespace.items() if getattr(value, "__isabstractmethod__", False))
        if protocol:
            names.update(namespace)
        # Patterns look these up by position, dataclasses by their fields.
        names.update(name for name in namespace.get("__match_args__", ()) if isinstance(name, str))
        names.update(namespace.get("__dataclass_fields__", ()))
    return names


def _special(name: str) -> bool:
    """Whether a name is one that the interpreter or a library looks up by convention."""
    return name.startswith("_") and name.endswith("_")
