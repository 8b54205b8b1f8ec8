"""What identifies a call: arguments bound, config resolved, behaviour fingerprinted, inputs digested, all in one key.

    key = H("key", KEY_VERSION, fingerprint, environment, config, inputs, options, salt)

The order of the parts is fixed. Each part is hashed by itself, so that an explanation can say which one differs; what
was hashed is kept beside the entry as `parts` and never read back into a key.

Of the options there are `version` and `ignore`, and only where they are given `identify`, `volatile`, `outputs`, the
declaration of a symmetry (with the version of what chooses representatives), and `track`.
"""

from __future__ import annotations

import copy
import os
import sys
import time
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from blake3 import blake3

from inviscid import configuration, lockfile
from inviscid.configuration import Layer
from inviscid.digest import KEY_VERSION, combine, digest, pack
from inviscid.entry import function_name
from inviscid.fingerprinting import (
    CURES,
    DECIMAL,
    HERE,
    MEMBERS,
    OPTIONS,
    ORDER,
    PRINTING,
    TOLD,
    ZONE,
    ConfigRead,
    Distribution,
    Fingerprint,
    Fingerprinter,
    Forms,
    Part,
    external_name,
    is_secret,
    is_user,
    opaque,
    printing,
    told,
    world_of,
)
from inviscid.fingerprinting import (
    others as other_options,
)
from inviscid.inputs import Encoder
from inviscid.sentinels import MISSING
from inviscid.settings import Mode

if TYPE_CHECKING:
    from inviscid.symmetry.group import Group


def _encode(value: object, reference: Callable[[object, str], bytes], path: str, *, hidden: str = "code") -> bytes:
    return Encoder(reference, hidden=hidden).encode(value, path)


FINGERPRINTS = Fingerprinter(_encode)
"""The fingerprints of this process."""


class Options(NamedTuple):
    """What the decorator was told; see `inviscid.cached`."""

    ignore: frozenset[str] = frozenset()
    identify: tuple[tuple[str, Callable[[Any], Any]], ...] = ()
    volatile: frozenset[str] = frozenset()
    version: Any = None
    namespace: str = ""
    pure: bool = False
    durability: str = "auto"
    generator: str = ""
    max_age: float | None = None
    cache_if: Callable[[Any], Any] | None = None
    frozen: bool = False
    outputs: tuple[str | Callable[..., Any], ...] = ()
    """Paths, templates of paths, and functions that make them: see `outputs`."""
    allow: tuple[str, ...] | None = ()
    """Where outputs may lie outside the project; None for anywhere."""
    keep_inputs: bool = False
    """Whether arguments are kept beside the results: see `keeping`."""
    track: str = "deep"
    """``deep``, or ``traced``: see `tracer`."""
    tags: tuple[str, ...] = ()
    """What the user calls the results by; no part of the key."""
    symmetry: Group | None = None
    """The group that acts on arguments: see `inviscid.symmetry`."""
    verify: float = 0.0
    """How often that is looked at; no part of the key."""


_DEFINED = frozenset({"class", "function"})


class Call(NamedTuple):
    """One invocation, identified."""

    key: bytes
    values: dict[str, Any]
    """A value for each parameter of the inner function, the config values included."""
    fingerprint: Fingerprint
    asked: frozenset[str]
    """The marks that the fingerprint was taken with: what callables in the arguments observe of what they are given."""
    config: dict[str, frozenset[bytes]]
    """Digests of the values that each config key has in this call's reach."""
    inputs: tuple[tuple[str, bytes], ...]
    """The digest of each argument that counts."""
    parts: bytes
    """MessagePack map of the key's parts, for `Provenance.parts`."""
    taints: tuple[str, ...]
    files: tuple[tuple[str, str, bytes], ...]
    """(``file`` or ``tree``, path, digest) of each `File` and `Dir` in its arguments: what is read there is no further
    dependency.
    """
    declared: tuple[tuple[bytes, Callable[[], Any]], ...]
    """The functions of ours in its reach, and in that of its arguments: each behind a digest of what it does."""
    reads: bytes
    """Digest of the config values that anything in its reach reads."""
    shallow: Callable[[], bytes]
    """The key without the functions that are cut from its fingerprint; empty where there are none."""
    given: Config
    """What the configuration gave at that moment."""
    by_name: bool
    """Whether the digests of the arguments hold no code of the user's."""
    visible: Sequence[tuple[str, bytes]]
    """The digest of each argument by what pickle takes of it: what must be the same after the call."""
    reached: tuple[tuple[Part, ...], ...] = ()
    """The definitions that it reaches: through the function, and through each callable and class in its arguments."""

    remembering: tuple[tuple[str, Callable[[], Any]], ...] = ()
    """(name, a way to it) of each memo that it reaches whose function may open files."""

    outputs: tuple[str, ...] = ()
    """Absolute paths of what its body writes."""

    as_of: Callable[[bytes, Sequence[bytes], Collection[str], Collection[Distribution]], bytes] | None = None
    """The key of a call that differs in fingerprint, inputs, packages that the function reaches now, and those that it
    doesn't reach now.
    """

    steady: Steady | None = None
    """None where its key rests on what may change unheard."""

    through: str = ""
    """How its arguments were moved to representatives, in words; empty where they weren't."""

    before: dict[str, Any] | None = None
    """For the arguments that are kept (`keeping`): those that the body may change unseen, as they were before."""

    def memos(self) -> list[tuple[str, Any]]:
        """Those of the memos that are still there, with their names."""
        held = ((name, reference()) for name, reference in self.remembering)
        return [(name, memo) for name, memo in held if hasattr(memo, "cache_info")]

    def homes(self, qualname: str) -> set[str]:
        """The modules from which the call reaches classes and functions of this name."""
        end = f".{qualname}"
        return {
            part.name.removesuffix(end)
            for parts in self.reached
            for part in parts
            if part.kind in _DEFINED and part.name.endswith(end)
        }


class References:
    """What functions, classes and modules contribute to the digest of a value that holds them.

    Installed ones count by name, the user's by fingerprint. What else a call depends on because of them is collected on
    the side, so that a value has one digest whatever the versions and the config are: distributions join the
    environment, the config that the callables would read joins the config.
    """

    def __init__(self, marks: frozenset[str] = frozenset(), forms: Forms | None = None) -> None:
        self.distributions: set[Distribution] = set()
        self.taints: list[str] = []
        self.unseen: list[str] = []
        self.asked: list[str] = []
        self.paths = False
        """Whether there are paths in the config."""
        self.variables: set[str] = set()
        self.marks: set[str] = set()
        self.users = False
        """Whether any of it is the user's."""
        self.reads: list[tuple[ConfigRead, Sequence[Layer]]] = []
        self.reached: list[tuple[Part, ...]] = []
        self.memos: list[tuple[str, Callable[[], Any]]] = []
        self.declared: list[tuple[bytes, Callable[[], Any]]] = []
        self.fingerprints: list[Fingerprint] = []
        """Those of all that is the user's."""
        self._marks = marks
        self._forms = forms

    def __call__(self, value: Any, path: str) -> bytes:
        """The contribution of one object, as a stream."""
        known = _installed.get(id(value))
        if known is None and not is_declared(value) and (isinstance(value, type) or not is_user(value)):
            found = external_name(value)
            if found is not None:
                place = found.place
                distribution = Distribution(*place[1:]) if place.kind == "distribution" else None
                stream = pack(["installed", found.name])
                world = world_of(found.name)
                reads = f"{world.what} ({found.name})" if world is not None and not world.unseen else ""
                known = _installed[id(value)] = (value, stream, distribution, opaque(found.name), reads)
        if known is not None:
            if known[2] is not None:
                self.distributions.add(known[2])
            # What can be called may look up anything on what it is given.
            if known[3] or not isinstance(value, type):
                self.marks.add(MEMBERS)
            if known[4]:
                self.taints.append(f"{path} reads {known[4]}: {CURES}")
            return known[1]
        self.users = True
        base = value.__inviscid_base__ if is_declared(value) else value
        # What it is asked for is for the function that it is given to, whose code is not looked at here.
        fingerprint = FINGERPRINTS.of(base, self._marks | {MEMBERS}, self._forms)
        self.reached.append(fingerprint.definitions)
        self.fingerprints.append(fingerprint)
        self.memos += fingerprint.memos
        overrides = value.__inviscid_overrides__() if base is not value else b""
        self.declared += fingerprint.declared
        if base is not value or is_declared(value):
            self.declared.append((combine("given", fingerprint.raw, overrides), weakref.ref(value)))
        self.variables |= fingerprint.variables
        self.distributions |= fingerprint.distributions
        self.marks |= fingerprint.marks
        if not (is_declared(value) and value.__inviscid_definition__().vouched):
            self.taints += [f"{path}: {taint}" for taint in fingerprint.taints]
            self.unseen += [f"{path}: {unseen}" for unseen in fingerprint.unseen]
            self.asked += [f"{path}: {asked}" for asked in fingerprint.asked]
        layers = value.__inviscid_layers__ if is_declared(value) else ()
        self.reads += [(read, layers) for _, read in fingerprint.reads]
        return pack(["user", fingerprint.raw, overrides])


_installed: dict[int, tuple[Any, bytes, Distribution | None, bool, str]] = {}


def is_declared(value: Any) -> bool:
    """Whether an object is one of ours that stands for the function that it wraps."""
    return hasattr(type(value), "__inviscid_definition__")


def resolve(read: ConfigRead, layers: Sequence[Layer]) -> Any:
    """The value of a config key for one reader; its own copy, so that what it does to it stays with it.

    Raises:
        ConfigError: nobody sets it and it has no default.
    """
    value = configuration.lookup(read.key, layers)
    if value is MISSING:
        value = read.default
    if value is MISSING:
        raise configuration.missing(f"{read.reader}()", read.parameter, read.key, layers)
    return copied(value)


ATOMS = frozenset({type(None), bool, int, float, str, bytes})


def copied(value: Any) -> Any:
    """A deep copy, or the value itself where it can't change or can't be copied."""
    if type(value) in ATOMS:
        return value
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001  copying runs the code of the user's classes; there may be only one of it
        return value


class Config(NamedTuple):
    """What one function takes from the configuration."""

    own: dict[int, Any]
    """Values of its own config parameters, by the identity of the `ConfigRead`."""
    overridden: frozenset[int]
    """Which of them `.configured` gave it by name."""
    layers: Sequence[Layer]
    """The active configuration, for all else that it reaches."""


Take = Callable[[frozenset[str]], Fingerprint]
"""Takes the fingerprint of a function under marks that come from outside it."""


def identify(
    values: dict[str, Any], take: Take, config: Config, options: Options, mode: Mode, forms: Forms | None = None
) -> Call:
    """Everything about a call that its result depends on.

    Args:
        values: what the caller passed, bound.
        take: takes the fingerprint of the behaviour, as it is now.
        config: what it takes from the configuration.
        options: the decorator's.
        mode: the mode in force; ``fresh`` brings a salt.
        forms: where the normal forms of code are remembered.

    Raises:
        ConfigError: a required config key isn't set.
        UnhashableInput: an argument has no digest.
    """
    asked: frozenset[str] = frozenset()
    while True:
        fingerprint = take(asked)
        references = References(fingerprint.marks, forms)
        encoder = encoder_of(options, references, fingerprint)
        inputs = digest_inputs(values, options, encoder)
        by_name = not references.users
        visible = inputs
        if encoder.hides:
            visible = digest_inputs(values, options, encoder_of(options, references, fingerprint, hidden="nothing"))
        # Before the config: what they read of it counts.
        substitutes = _substitutes(options, references)
        if encoder.looks_up:
            references.marks.add(MEMBERS)
        if references.marks <= fingerprint.marks:
            break
        # A callable among the arguments reads documentation, say: then that counts in all that the function reaches.
        asked = fingerprint.marks | references.marks
    reads, shown, seen = _config(fingerprint, config, references)
    environment = [*_PYTHON, *(list(item) for item in sorted(fingerprint.distributions | references.distributions))]
    variables = fingerprint.variables | references.variables | ({DECIMAL} if encoder.decimals else frozenset())
    declared = (*fingerprint.declared, *references.declared)
    environment += _answers([reference for _, reference in declared])
    environment += _ambient(variables, environment, references)
    given_options = _digest_of_options(options, references, substitutes)
    rest = rest_of_key(fingerprint.raw, environment, reads, given_options, options.namespace, mode.salt)
    parts = {
        "environment": environment,
        "config": shown,
        "inputs": [[name, value[:8]] for name, value in inputs],
        "options": given_options[:8],
        "namespace": options.namespace,
        "salt": mode.salt,
    }
    if options.tags:
        parts["tags"] = [*options.tags]
    if options.symmetry is not None:
        parts["symmetry"] = declaration(options.symmetry)
    own = {read.parameter: config.own[id(read)] for _, read in fingerprint.reads if id(read) in config.own}
    # A file that is read unseen counts by its content where it is an argument.
    unseen = () if encoder.files else (*fingerprint.unseen, *references.unseen)
    drawn = _drawn(fingerprint, values, environment)
    asked_of_paths = (*fingerprint.asked, *references.asked) if encoder.paths or references.paths else ()
    taints = (*fingerprint.taints, *references.taints, *unseen, *drawn)
    taints = () if options.pure else (*taints, *asked_of_paths)
    others = [[value for _, value in inputs], given_options, options.namespace, mode.salt]
    shallow = partial(_shallow_key, fingerprint, references, environment, reads, others)
    as_of = partial(_key_as_of, fingerprint, references, environment, reads, others)
    reached = (fingerprint.definitions, *references.reached)
    found = inputs_of(encoder, references, [value for _, value in inputs], fingerprint)
    steady = found is not None and _is_steady(options, fingerprint.variables, taints)
    return Call(
        rest.key([value for _, value in inputs]),
        {**values, **own},
        fingerprint,
        asked,
        seen,
        tuple(inputs),
        pack(parts),
        taints,
        tuple(encoder.files),
        declared,
        digest(pack(reads)),
        shallow,
        config,
        by_name,
        visible,
        reached,
        (*fingerprint.memos, *references.memos),
        as_of=as_of,
        steady=Steady(rest, found, _asked(environment, fingerprint.variables)) if steady and found else None,
        before={} if options.keep_inputs else None,
    )


class Inputs(NamedTuple):
    """Arguments, as far as they can be told by their streams alone."""

    stream: bytes
    """Tells them from all others."""
    distributions: frozenset[Distribution]
    """Of the installed classes among them."""


class Steady(NamedTuple):
    """What the key of a call is made of, where all of it but the arguments stays as it is until something moves
    (`moved`), or a guard of the fingerprint fails.
    """

    rest: Rest
    inputs: Inputs
    ambient: Callable[[], str] | None
    """What libraries answer that are asked for their options, which are set without a sound; None where none is."""


_MOVING = frozenset({DECIMAL, ZONE, HERE})


def _is_steady(options: Options, variables: frozenset[str], taints: Sequence[str]) -> bool:
    """Whether, beside the arguments, nothing of what a call depends on can change unheard."""
    if taints or options.identify or options.volatile or options.outputs or options.max_age is not None:
        return False
    if type(options.version) not in ATOMS:
        return False
    return _MOVING.isdisjoint(variables) and not any(name.startswith(TOLD) for name in variables)


def _asked(environment: Sequence[Any], variables: frozenset[str]) -> Callable[[], str] | None:
    """What asks the libraries in an environment for the options that count."""
    libraries = _OPTED.intersection(part[0] for part in environment[2:])
    pandas, printed = "pandas" in libraries, bool(libraries) and PRINTING in variables
    reads = bool(variables - {PRINTING})
    if not pandas and not printed and not reads:
        return None
    # A variable that is set is heard; but tests put another mapping in the place of the environment.
    where = os.environ if reads else None
    return lambda: f"{other_options() if pandas else ''}{printing() if printed else ''}{reads and where is os.environ}"


def inputs_of(
    encoder: Encoder, references: References, inputs: Sequence[bytes], fingerprint: Fingerprint
) -> Inputs | None:
    """Arguments that were digested, if their streams say all of them; None where code or files of the user's count, or
    what holds for the whole process.
    """
    if references.users or references.taints or references.variables or not references.marks <= fingerprint.marks:
        return None
    if encoder.files or encoder.paths or encoder.decimals or encoder.hides or encoder.looks_up:
        return None
    return Inputs(b"".join(inputs), frozenset(references.distributions))


def _shallow_key(
    fingerprint: Fingerprint, references: References, environment: list[Any], reads: list[list[Any]], rest: list[Any]
) -> bytes:
    """The key of a call without what cut functions are and what they read of the config: their answers stand for that.

    The environment is whole: what an answer is made of may bring anything of it into the body.
    """
    shallow = fingerprint.shallow
    if shallow is None:
        return b""
    kept = [item for item in environment if not str(item[0]).startswith(_ANSWERS)]
    kept += _answers([*shallow.declared, *(reference for _, reference in references.declared)])
    # Those of the fingerprint come first, in its order; those of callables in the arguments come behind.
    own = {id(read): hashed for (_, read), hashed in zip(fingerprint.reads, reads, strict=False)}
    config = [own[id(read)] for read in shallow.reads] + reads[len(fingerprint.reads) :]
    return combine("shallow", pack(KEY_VERSION), shallow.raw, pack(kept), pack(config), pack(rest))


def _key_as_of(
    fingerprint: Fingerprint,
    references: References,
    environment: list[Any],
    reads: list[list[Any]],
    rest: list[Any],
    raw: bytes,
    inputs: Sequence[bytes],
    without: Collection[str],
    brought: Collection[Distribution],
) -> bytes:
    """The key of a call under an earlier fingerprint, which is of other packages; all else is as it is now."""
    behind = environment[len(_PYTHON) + len(fingerprint.distributions | references.distributions) :]
    own = {one for one in fingerprint.distributions if one.name not in without} | {*brought}
    rows = [*_PYTHON, *(list(item) for item in sorted(own | references.distributions)), *behind]
    _, options, namespace, salt = rest
    then = rest_of_key(raw, rows, reads, options, namespace, salt)
    return then.key(inputs)


def _answers(references: Sequence[Callable[[], Any]]) -> list[list[str]]:
    """How functions of ours answer beside what they do, on which their callers depend: what is frozen of them, and
    whether they have to be asked again.
    """
    # Most functions reach none; and looking whether the file changed costs more than all else here.
    states = lockfile.current().states if references else {}
    found: dict[str, list[str]] = {}
    for reference in references:
        function = reference()
        if function is None:
            continue
        said = function.__inviscid_answers__
        if said or states:
            name = function_name(function)
            if said or name in states:
                found[name] = [f"{_ANSWERS}{name} answers", states.get(name, b"").hex(), said]
    return [found[name] for name in sorted(found)]


def standing(fingerprint: Fingerprint, config: Config, own: Callable[[], Any]) -> bytes:
    """The digest of all that a function does and is configured to do, whatever it is called with."""
    reads, _, _ = _config(fingerprint, config, References())
    environment = [*_PYTHON, *map(list, sorted(fingerprint.distributions))]
    environment += _answers([own, *(reference for _, reference in fingerprint.declared)])
    environment += _ambient(fingerprint.variables, environment, References())
    return combine("standing", fingerprint.raw, pack(environment), pack(reads))


def surroundings(fingerprint: Fingerprint) -> tuple[list[Any], set[str]]:
    """The rows of Python in the environment, and the names of those behind the distributions that are there whatever a
    function is called with, and whatever the options of libraries are.
    """
    answers = _answers([reference for _, reference in fingerprint.declared])
    variables = (name for name in fingerprint.variables if name != PRINTING and not name.startswith(TOLD))
    return _PYTHON, {*(row[0] for row in answers), *(f"{_VARIABLE}{name}" for name in variables)}


def options_of(options: Options, fingerprint: Fingerprint, forms: Forms | None = None) -> bytes:
    """The options, as the parts of a key have them."""
    references = References(fingerprint.marks, forms)
    return _digest_of_options(options, references, _substitutes(options, references))[:8]


def _digest_of_options(options: Options, references: References, substitutes: bytes) -> bytes:
    found = Encoder(references).digest([options.version, sorted(options.ignore)], "option 'version'")
    if substitutes:
        found = combine("options", found, substitutes)
    # What was stored without a trace was not looked at.
    return found if options.track == "deep" else combine("options", found, pack(options.track))


_DIGEST_SIZE = 32
_DIGEST = pack(bytes(_DIGEST_SIZE))[:-_DIGEST_SIZE]


class Rest(NamedTuple):
    """All parts of a key but the inputs, as they are written before and behind them."""

    before: bytes
    behind: bytes

    def key(self, inputs: Sequence[bytes]) -> bytes:
        """The key of a call with inputs of these digests.

        Their names are not in it: those that a caller can use are in the fingerprint.
        """
        return digest(b"".join((self.before, _DIGEST, digest(pack(list(inputs))), self.behind)))

    def by_first(self, others: Sequence[bytes]) -> Callable[[bytes], bytes]:
        """What gives the keys of calls that differ in the first input alone, by its digest."""
        packed = pack([bytes(_DIGEST_SIZE), *others])
        start = len(packed) - (len(others) + 1) * (_DIGEST_SIZE + len(_DIGEST)) + len(_DIGEST)
        head, tail = packed[:start], packed[start + _DIGEST_SIZE :]
        before, behind = self.before + _DIGEST, self.behind
        return lambda first: blake3(before + blake3(head + first + tail).digest() + behind).digest()


def rest_of_key(
    fingerprint: bytes, environment: list[Any], reads: list[Any], options: bytes, namespace: str, salt: str
) -> Rest:
    """The parts in the order that the module's docstring gives, as `combine` would write them."""
    before = ["key", pack(KEY_VERSION), fingerprint, digest(pack(environment)), digest(pack(reads))]
    parts = [*map(pack, before), b"", *map(pack, [options, pack([namespace, salt])])]
    # The head of a list of so many.
    head = pack([None] * len(parts))[: -len(parts)]
    return Rest(head + b"".join(parts[: len(before)]), b"".join(parts[len(before) + 1 :]))


def changed(call: Call, options: Options) -> list[str]:
    """The arguments that aren't what they were when the call was identified.

    Every argument is digested again, which for large arrays takes as long as it took before the call: it is the price
    of a miss that a hit can stand for. Arguments that can't be changed cost nothing.
    """
    values = {name: call.values[name] for name, _ in call.inputs}
    if all(type(value) in ATOMS for value in values.values()):
        return []
    encoder = encoder_of(options, References(call.fingerprint.marks), call.fingerprint, hidden="nothing")
    found: list[str] = []
    for name, before in call.visible:
        try:
            same = _input(encoder, name, values[name], options) == before
        except Exception:  # noqa: BLE001  what had a digest and has none any more was changed, whatever it raises
            same = False
        if not same:
            found.append(name)
    return found


def _substitutes(options: Options, references: References) -> bytes:
    """What stands for arguments in the key, as behaviour: empty for most, so that their keys don't show it."""
    symmetry = options.symmetry
    if not options.identify and not options.volatile and not options.outputs and symmetry is None:
        return b""
    functions = [list(item) for item in options.identify]
    # At the end, and only where there are any: keys of functions without are what they were.
    outputs = [list(options.outputs)] if options.outputs else []
    given = [functions, sorted(options.volatile), *outputs]
    if symmetry is not None:
        given.append(("symmetry", symmetry.parts()))
    return Encoder(references).digest(given, "option 'identify', 'outputs' or 'symmetry'")


def declaration(symmetry: Group) -> bytes:
    """What tells a declaration of a symmetry from others, in the parts of a key."""
    return Encoder(References()).digest(symmetry.parts(), "option 'symmetry'")[:8]


def _config(
    fingerprint: Fingerprint, config: Config, references: References
) -> tuple[list[list[Any]], list[list[Any]], dict[str, frozenset[bytes]]]:
    """What is hashed, what is shown, and which values each key has that are not the function's alone."""
    hashed: list[list[Any]] = []
    shown: list[list[Any]] = []
    seen: dict[str, frozenset[bytes]] = {}
    reached: list[tuple[ConfigRead, Sequence[Layer]]] = [(read, ()) for _, read in fingerprint.reads]
    # What callables in the arguments would read comes behind; values may hold further callables.
    for read, laid in _growing(reached, references):
        value = config.own[id(read)] if id(read) in config.own else resolve(read, [*laid, *config.layers])
        encoder = Encoder(references)
        found = encoder.digest(value, f"config '{read.key}'")
        references.paths |= encoder.paths
        # A value that can be changed in place changes without a sound.
        references.users = references.users or type(value) not in ATOMS
        hashed.append([read.parameter, read.key, found])
        shown.append([read.key, found[:8], _shown(read.key, value)])
        if id(read) not in config.overridden and not laid:
            seen[read.key] = seen.get(read.key, frozenset()) | {found}
    return hashed, shown, seen


def _growing(
    reached: list[tuple[ConfigRead, Sequence[Layer]]], references: References
) -> Iterator[tuple[ConfigRead, Sequence[Layer]]]:
    yield from reached
    seen: set[tuple[int, ...]] = set()
    done = 0
    while done < len(references.reads):
        read, laid = references.reads[done]
        done += 1
        # A value may hold the very function that reads it.
        identity = (id(read), *map(id, laid))
        if identity not in seen:
            seen.add(identity)
            yield read, laid


def _shown(key: str, value: Any) -> str:
    """A config value as an explanation may show it."""
    if is_secret(key) or not isinstance(value, str | int | float | bool | None):
        return ""
    text = repr(value)
    return text if len(text) <= 60 else ""


def digest_inputs(values: dict[str, Any], options: Options, encoder: Encoder) -> list[tuple[str, bytes]]:
    """One digest for each argument; aliasing between arguments counts, so one encoder writes them all."""
    return [
        (name, _input(encoder, name, value, options)) for name, value in values.items() if name not in options.ignore
    ]


def encoder_of(options: Options, references: References, fingerprint: Fingerprint, hidden: str = "code") -> Encoder:
    """What encodes arguments."""
    return Encoder(references, volatile=options.volatile, ordered=ORDER in fingerprint.marks, hidden=hidden)


def _input(encoder: Encoder, name: str, value: Any, options: Options) -> bytes:
    for replaced, stands_for in options.identify:
        if replaced == name:
            value = stands_for(value)
    return encoder.digest(value, f"argument '{name}'")


def _drawn(fingerprint: Fingerprint, values: dict[str, Any], environment: list[Any]) -> list[str]:
    """What is random only with these arguments."""
    found = [
        f"argument '{name}' is None, so that nothing seeds the random numbers: pass a seed"
        for name in sorted(fingerprint.seeds)
        if name in values and values[name] is None
    ]
    if fingerprint.samples and not _FRAMES.isdisjoint(part[0] for part in environment[2:]):
        found.append("it draws a sample that nothing seeds: give sample() a random_state= or seed=")
    return found


_FRAMES = frozenset({"pandas", "polars"})
_OPTED = frozenset({"numpy", "pandas"})

# In front of the name of a variable in the environment: no distribution is called so.
_VARIABLE = "$"
_ANSWERS = f"{_VARIABLE}how "


def _variable(name: str) -> str:
    """The value of a variable, as a digest (hex): it may be a secret."""
    if name == ZONE:
        return digest(pack([os.environ.get("TZ"), *time.tzname, time.timezone])).hex()
    if name == HERE:
        from inviscid.world import here

        return digest(pack(os.fsencode(here()))).hex()
    if name != DECIMAL:
        return digest(pack(os.environ.get(name))).hex()
    import decimal

    context = decimal.getcontext()
    traps = sorted(signal.__name__ for signal, trapped in context.traps.items() if trapped)
    shown = [context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp, traps]
    return digest(pack(shown)).hex()


def _ambient(variables: frozenset[str], environment: Sequence[Any], references: References) -> list[list[str]]:
    """What holds for the whole process, as rows of the environment behind those of Python and of the distributions."""
    libraries = _OPTED.intersection(part[0] for part in environment[2:])
    asked = sorted(name for name in variables if name.startswith(TOLD))
    found = [[f"{_VARIABLE}{name}", _variable(name), ""] for name in sorted(variables.difference(asked, {PRINTING}))]
    return found + _options(libraries, references, asked, printed=PRINTING in variables)


def _options(
    libraries: Collection[str], references: References, asked: Sequence[str], *, printed: bool
) -> list[list[str]]:
    """The options that hold for the whole process and aren't the defaults, as digests (hex)."""
    found = (
        (OPTIONS, other_options() if "pandas" in libraries else []),
        (PRINTING, printing() if printed and libraries else []),
        *((name, told(name.removeprefix(TOLD))) for name in asked),
    )
    # Formatters are functions.
    encoder = Encoder(references)
    return [[f"{_VARIABLE}{name}", encoder.digest(options, name).hex(), ""] for name, options in found if options]


def _python() -> list[Any]:
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [[sys.implementation.name, version, sys.flags.optimize], [sys.platform, machine.lower()]]


_PYTHON = _python()
