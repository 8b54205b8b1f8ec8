"""Values to the canonical stream. Nothing here recurses on the nesting of a value, except through sets.

A stream is MessagePack. What MessagePack has no type for is an array that starts with a *mark*, an extension without
content, or an extension that is complete in itself. No value is ever written as a bare mark, so that an array that
starts with one can't be a list. `list` and `dict` below are exact types: a subclass is written as one.

    stream    = nil | bool | int (64 bit) | float64 (by its bits) | str (UTF-8) | bin (exact bytes)
              | array(stream*)                                          a list
              | map((stream stream)*)                                   a dict, in its order
              | array(mark(TAG) stream*)                                a node: everything else
              | ext(LARGE_INT, big-endian two's complement, shortest)   an int beyond 64 bits
              | ext(SURROGATES, UTF-8 with surrogates)                  a str that is not valid Unicode
              | ext(REFERENCE, bytes)                                   what the caller's `Reference` gave
              | ext(BACK, ordinal) | ext(BACK, [call, ordinal])         a tracked value that was written before:
                                                                        in this `encode`, or in an earlier one

    node      = TUPLE stream*                         | LONG kind:str length digest        str or bytes from 4 GiB on
    plain     = SINGLETON name                        | COMPLEX real imaginary
              | RANGE start stop step                 | SLICE start stop step
              | BYTEARRAY length digest               | MEMORYVIEW format shape digest
              | ARRAY_ARRAY typecode length digest    | DECIMAL sign digits exponent
              | FRACTION numerator denominator        | DATE year month day
              | TIME h m s us fold tz                 | DATETIME year month day h m s us fold tz
              | TIMEDELTA days seconds us             | TIMEZONE offset [name]
              | ZONE key                              | UUID bin safety
              | PATH flavour text                     | PATTERN pattern flags
              | NAMESPACE (name stream)*, sorted      | COUNT repr
              | STREAM kind stream*                   an io.BytesIO or io.StringIO
              | STRUCT format
    container = SET stream*, sorted                   | FROZENSET stream*, sorted
              | ORDERED_DICT (key value)*             | DEFAULT_DICT factory content
              | COUNTER (key value)*                  | DEQUE maxlen content
              | MAPPING_PROXY (key value)*            | VIEW kind stream*
              | WEAK_CONTAINER kind content           | SUBCLASS class content state
    content   = ITEMS (key value)* | ELEMENTS stream* | stream
    instance  = OBJECT class (name stream)*           attributes, sorted by name unless `ordered`
              | REDUCED class function args state list:ELEMENTS dict:ITEMS       what `__reduce_ex__(4)` says
              | GLOBAL class module name              a singleton that is pickled by its name
              | HOLDER instance (name stream)*        and what it holds that is not in what pickle takes
              | KEYED class stream                    what `__inviscid_key__` says
              | REGISTERED class stream               what a registered hasher says
              | ENUM class name value
    state     = STATE (name stream)*, sorted          | OPAQUE stream
    callable  = METHOD function self                  | BUILTIN_METHOD name self
              | DESCRIPTOR class name                 | WRAPPER kind stream*
              | PARTIAL class function args keywords state
              | ALIAS kind origin args metadata unpacked       | TYPE_VARIABLE kind name stream*
              | CELL stream?
    classified = LOGGER name | NOTHING kind [class] | CONTEXT_VARIABLE name | WEAK referent | ENVIRON dict
    numpy     = DTYPE … | DTYPE class dtype           | NUMPY_SCALAR class dtype content
              | ARRAY class dtype shape order content | ARRAY_ELEMENTS class dtype shape order stream*
              | ARRAY_SUBCLASS class array state      | MASKED_ARRAY class data mask fill hard state
              | FIELDS content*
    pandas    = FRAME class columns index flags attrs state column*
              | SERIES class name index flags attrs state column
              | INDEX class names freq column         | RANGE_INDEX class names start stop step
              | MULTI_INDEX class names sortorder levels codes
              | SUBCLASS class column                 an extension array that is an argument itself
              | COLUMN kind …
    torch     = TENSOR class dtype shape order device asks digest grad attributes
    networkx  = GRAPH class STATE
    arrow     = ARROW class kind digest               | POLARS class kind name types digest
    file      = FILE digest suffix                    | DIR digest

`class`, `function` of an instance and modules are references. The families write down beside their code what `…` stands
for. Tracked are what is mutable or can hold a cycle: lists, dicts, sets, arrays, frames, instances. Tuples, strings,
functions, classes and values such as dates are not: whether they are shared changes no stream.

Elements of a set are sorted by the stream that each has when it is encoded alone. Where those are all different,
sharing between the elements and what follows is then written as everywhere else; where two are equal (two instances
with the same state) no order can be told, and sharing through that set is not written.

What is not seen: two arrays that share memory without being the same object are written like two that don't.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from operator import length_hint
from typing import Any

from msgpack import ExtType, Packer

from ..digest import Buffer
from ..digest import digest as digest_of
from ..errors import UnhashableInput
from ..known import content as known_content
from . import bulk, tags
from .bulk import CONTAINERS, SCALARS
from .parts import ATTRIBUTES, CURE, INDEXES, KEYS, Node, Raw, Rule, type_name
from .registry import found

Reference = Callable[[object, str], bytes]
"""Given an object and its path: what a class, a function or a module contributes to the stream."""

# The packer refuses: an int beyond 64 bits, a lone surrogate, a str or bytes from 4 GiB on.
_UNPACKABLE = (OverflowError, ValueError)
_MARKS = [ExtType(tag, b"") for tag in range(128)]
# What MessagePack has lengths for.
_LONGEST = 1 << 32
# Only what makes new objects whenever it is read comes so deep.
_DEEPEST = 1_000_000
_SETS_DEEPEST = 60
_LABELS_SHOWN = 12

_ROOT: Sequence[str] = ("",)

# Packers are kept for the next encoder: to make one allocates a buffer, which costs as much as a small value. One that
# is in use is never in the list, so that a finalizer or a thread that encodes meanwhile gets another.
_packers: list[tuple[Packer, Callable[[object], bytes]]] = []
_PACKERS_KEPT = 8


class Encoder:
    """Writes canonical streams; one for each call, because aliasing is tracked across all values that it encodes.

    Args:
        reference: Says what classes, functions and modules contribute. It is asked once for each of them, and must not
            use this encoder itself.
        ordered: Whether the order in which attributes of instances were set counts.
        volatile: Names of instance attributes that are left out wherever they occur.
        hidden: What counts of what an instance leaves out of what pickle takes: the ``code`` in it, ``all`` that has a
            digest, or ``nothing``.
        content: Gives the digest of a contiguous buffer of bytes, which must be what `inviscid.digest.digest` gives.
    """

    __slots__ = (
        "_alive", "_base", "_ids", "_memo", "_pack", "_packer", "_probing", "_reference", "_referred", "_root",
        "_rules", "_sets", "_stack", "_start", "_starts", "_unplaced", "content", "decimals", "files", "hidden",
        "hides", "looks_up", "ordered", "paths", "volatile",
    )  # fmt: skip

    def __init__(
        self,
        reference: Reference,
        *,
        volatile: Collection[str] = (),
        ordered: bool = False,
        hidden: str = "code",
        content: Callable[[Buffer], bytes] = known_content,
    ) -> None:
        self.volatile = frozenset(volatile)
        self.ordered = ordered
        self.hidden = hidden
        self.hides = False
        """Whether an instance was encoded that counts by more than what pickle takes."""
        self.content = content
        self.files: list[tuple[str, str, bytes]] = []
        """(``file`` or ``tree``, path, digest) of what was encoded by what is in files."""
        self.decimals = False
        """Whether decimal numbers were encoded: how they are computed with is a setting of the thread."""
        self.paths = False
        """Whether paths were encoded that can be asked what is there."""
        self.looks_up = False
        """Whether something was encoded that looks attributes up by names that it is given."""
        self._reference = reference
        # id of a tracked value → its place in `_alive`, which keeps it alive: a freed id would be used again.
        self._memo: dict[int, int] = {}
        self._alive: list[object] = []
        # In front of `found`, whose weak keys make it slow.
        self._rules: dict[type, Rule] = {}
        self._referred: dict[int, tuple[object, Raw]] = {}
        self._starts: list[int] = []
        self._start = 0
        # One (iterator, children, labels) for each node that is being written, outermost first.
        self._stack: list[tuple[Iterator[object], Sequence[object], Sequence[str]]] = []
        self._base = 0
        self._root = ""
        self._sets = 0
        self._probing = False
        try:
            self._packer = _packers.pop()
        except IndexError:
            self._packer = Packer(use_bin_type=True, strict_types=True), bulk.packer()
        self._pack: Callable[[object], bytes] = self._packer[0].pack
        # Plain trees that were written at once: (number of the call, tree). What is in them has no place yet.
        self._unplaced: list[tuple[int, object]] = []
        self._ids: set[int] = set()

    def __del__(self) -> None:
        # There is none where __init__ was cut short, by a RecursionError for one.
        packer = getattr(self, "_packer", None)
        if packer is not None and len(_packers) < _PACKERS_KEPT:
            _packers.append(packer)

    def encode(self, value: object, path: str) -> bytes:
        """The canonical stream of a value.

        Args:
            value: Anything.
            path: Names the value in messages, such as ``argument 'model'``.

        Raises:
            UnhashableInput: Something in `value` has no deterministic digest; its path leads there.
            FileNotFoundError: A `File` or `Dir` in `value` is not there.
        """
        mark = len(self._alive)
        self._starts.append(mark)
        kind = type(value)
        if kind in SCALARS:
            try:
                return self._pack(value)
            except _UNPACKABLE:
                return self._odd(value)
        if kind in CONTAINERS and not self._stack:
            stream = self._at_once(value)
            if stream is not None:
                return stream
        if self._unplaced:
            mark = self._place()
        outer = self._root, self._base, self._start, self._sets, self._probing
        self._root, self._base, self._start, self._sets, self._probing = path, len(self._stack), mark, 0, False
        try:
            return self._walk(value)
        except BaseException as error:
            del self._stack[self._base :]
            self._forget(mark)
            if isinstance(error, RecursionError):
                raise UnhashableInput(f"{path} is nested too deeply.", path, CURE) from error
            raise
        finally:
            self._root, self._base, self._start, self._sets, self._probing = outer

    def _at_once(self, value: object) -> bytes | None:
        """The stream of a plain tree that shares nothing with what was written before; None for all else."""
        found = bulk.mutables_of(value)
        if found is None or self._memo or not found.isdisjoint(self._ids):
            return None
        try:
            stream = self._packer[1](value)
        except _UNPACKABLE:
            return None
        if found:
            self._ids |= found
            self._unplaced.append((len(self._starts) - 1, value))
        return stream

    def _place(self) -> int:
        """Give what was written at once the places that a walk would have given it; says where the next call starts."""
        trees = dict(self._unplaced)
        self._unplaced = []
        for number in range(min(trees), len(self._starts)):
            self._starts[number] = len(self._alive)
            if number in trees:
                outer, self._start = self._start, len(self._alive)
                self._walk(trees[number])
                self._start = outer
        return self._starts[-1]

    def digest(self, value: object, path: str) -> bytes:
        """The digest (32 bytes) of the canonical stream of a value; arguments and errors are those of `encode`."""
        return digest_of(self.encode(value, path))

    def _walk(self, root: object) -> bytes:
        written: list[bytes] = []
        emit = written.append
        pack = self._pack
        memo = self._memo
        rules = self._rules
        stack = self._stack
        plain = SCALARS.issuperset
        base = len(stack)
        stack.append((iter((root,)), (root,), _ROOT))
        # `kind` is compared instead of asking isinstance, which a subclass would pass; mypy can't follow that, so each
        # branch that relies on it says `type: ignore`.
        while len(stack) > base:
            for value in stack[-1][0]:
                kind = type(value)
                if kind in SCALARS:
                    try:
                        emit(pack(value))
                    except _UNPACKABLE:
                        emit(self._odd(value))
                    continue

                children: Sequence[object]
                labels = INDEXES
                if kind is tuple:
                    tag, children = tags.TUPLE, value  # type: ignore[assignment]
                elif kind is list or kind is dict:
                    if id(value) in memo:
                        emit(self._back(value))
                        continue
                    memo[id(value)] = len(memo)
                    self._alive.append(value)
                    if kind is dict:
                        if plain(map(type, value)) and plain(map(type, value.values())):  # type: ignore[call-overload,attr-defined]
                            try:
                                emit(pack(value))
                                continue
                            except _UNPACKABLE:
                                pass
                        children, labels = [part for item in value.items() for part in item], KEYS  # type: ignore[attr-defined]
                        emit(_head(0x80, 0xDE, len(children) // 2))
                        self._enter(children, labels)
                        break
                    # A copy: were the list changed meanwhile, its length would no longer be what was written.
                    tag, children = 0, value.copy()  # type: ignore[attr-defined]
                elif kind is Raw:
                    emit(value.stream)  # type: ignore[attr-defined]
                    continue
                else:
                    node: Node
                    if kind is Node:
                        node = value  # type: ignore[assignment]
                    else:
                        rule = rules.get(kind) or self._rule(kind)
                        if rule.tracked:
                            if id(value) in memo:
                                emit(self._back(value))
                                continue
                            memo[id(value)] = len(memo)
                            self._alive.append(value)
                        expanded = rule.expand(self, value)
                        if isinstance(expanded, Raw):
                            emit(expanded.stream)
                            continue
                        node = expanded
                    tag, children, labels = node.tag, node.children, node.labels

                if plain(map(type, children)):
                    try:
                        emit(pack([_MARKS[tag], *children]) if tag else pack(children))
                        continue
                    except _UNPACKABLE:
                        pass
                if tag:
                    emit(_head(0x90, 0xDC, len(children) + 1) + _MARK_STREAMS[tag])
                else:
                    emit(_head(0x90, 0xDC, len(children)))
                self._enter(children, labels)
                break
            else:
                stack.pop()
        return b"".join(written)

    def _enter(self, children: Sequence[object], labels: Sequence[str]) -> None:
        if len(self._stack) > _DEEPEST:
            raise UnhashableInput(f"{self.where()} is nested too deeply, or without end.", self.where(), CURE)
        self._stack.append((iter(children), children, labels))

    def _rule(self, kind: type) -> Rule:
        rule = found.get(kind)
        if rule is None:
            # Imported late: a call with nothing but plain arguments needs none of the families.
            from .rules import rule_for

            rule = rule_for(kind)
        self._rules[kind] = rule
        return rule

    def _back(self, value: object) -> bytes:
        place = self._memo[id(value)]
        if place >= self._start:
            return self._pack(ExtType(tags.BACK, self._pack(place - self._start)))
        call = bisect_right(self._starts, place) - 1
        return self._pack(ExtType(tags.BACK, self._pack([call, place - self._starts[call]])))

    def _odd(self, value: object) -> bytes:
        """The stream of a scalar that the packer refuses."""
        if type(value) is int:
            size = value.bit_length() // 8 + 1
            return self._pack(ExtType(tags.LARGE_INT, value.to_bytes(size, "big", signed=True)))
        data = value.encode("utf-8", "surrogatepass") if type(value) is str else value
        assert type(data) is bytes
        kind = type(value).__name__
        if len(data) < _LONGEST:
            return self._pack(ExtType(tags.SURROGATES, data))
        return self._pack([_MARKS[tags.LONG], kind, len(data), self.content(data)])

    def refer(self, target: object) -> Raw:
        """What the caller's `Reference` says of a class, function or module; it is asked once for each."""
        known = self._referred.get(id(target))
        if known is None:
            stream = self._pack(ExtType(tags.REFERENCE, self._reference(target, self.where())))
            known = self._referred[id(target)] = target, Raw(stream)
        return known[1]

    def attempt(self, value: object) -> Raw | None:
        """The stream of a part of what is being encoded; None where it has no digest."""
        mark, depth = len(self._alive), len(self._stack)
        try:
            return Raw(self._walk(value))
        except (UnhashableInput, RecursionError):
            del self._stack[depth:]
            self._forget(mark)
            return None

    def unordered(self, elements: Iterable[object]) -> list[Raw]:
        """The streams of the elements of a set, sorted (see the docstring of the module)."""
        members = list(elements)
        if SCALARS.issuperset(map(type, members)):
            try:
                return list(map(Raw, sorted(map(self._pack, members))))
            except _UNPACKABLE:
                return list(map(Raw, sorted(map(self._scalar, members))))
        if self._sets >= _SETS_DEEPEST:
            raise UnhashableInput(f"{self.where()}: sets are nested too deeply.", self.where(), CURE)
        probing = self._probing
        self._sets += 1
        # Inside of a probe, nested sets don't sort out their sharing: with d levels that would take 2**d walks.
        self._probing = True
        mark = len(self._alive)
        shares = False
        alone = []
        for member in members:
            alone.append((self._walk(member), member))
            shares = shares or len(self._alive) > mark
            self._forget(mark)
        alone.sort(key=lambda pair: pair[0])
        self._probing = probing
        streams = [stream for stream, _ in alone]
        if shares and not probing and len(set(streams)) == len(streams):
            streams = [self._walk(member) for _, member in alone]
        self._sets -= 1
        return list(map(Raw, streams))

    def refuse(self, value: object, why: str) -> UnhashableInput:
        """The error for a value that has no deterministic digest, at the path that is being encoded."""
        path = self.where()
        return UnhashableInput(f"{path} ({type_name(type(value))}) has no deterministic digest: {why}.", path, CURE)

    def ask(self, value: object, function: Callable[..., Any], *arguments: object) -> Any:
        """Calls into the class of `value`; what that raises becomes an `UnhashableInput`."""
        try:
            return function(*arguments)
        except UnhashableInput:
            raise
        except Exception as error:  # User code: whatever it raises, the path to the culprit is what helps.
            raise self.refuse(value, f"{type(error).__name__}: {error}") from error

    def _scalar(self, value: object) -> bytes:
        try:
            return self._pack(value)
        except _UNPACKABLE:
            return self._odd(value)

    def _forget(self, mark: int) -> None:
        for value in self._alive[mark:]:
            del self._memo[id(value)]
        del self._alive[mark:]

    def where(self) -> str:
        """The path to what is being encoded."""
        labels = [text for frame in self._stack[self._base :] if (text := _label(*frame))]
        if len(labels) > 2 * _LABELS_SHOWN:
            labels[_LABELS_SHOWN:-_LABELS_SHOWN] = [" … "]
        return self._root + "".join(labels)


def _label(items: Iterator[object], children: Sequence[object], labels: Sequence[str]) -> str:
    place = len(children) - length_hint(items) - 1
    if labels is KEYS:
        key = children[place - place % 2]
        shown = repr(key)[:60] if type(key) in SCALARS else type(key).__name__
        return f"[{shown}]" if place % 2 else f".keys()[{shown}]"
    if labels is INDEXES:
        return f"[{place}]"
    if labels is ATTRIBUTES:
        return "" if (len(children) - place) % 2 == 0 else f".{children[place - 1]}"
    return labels[place] if place < len(labels) else ""


def _head(short: int, long: int, count: int) -> bytes:
    """The head of an array or a map, as MessagePack has it: in the shortest form."""
    if count < 16:
        return bytes((short | count,))
    if count < 1 << 16:
        return bytes((long,)) + count.to_bytes(2, "big")
    return bytes((long + 1,)) + count.to_bytes(4, "big")


_MARK_STREAMS = [b"\xc7\x00" + bytes((tag,)) for tag in range(128)]
