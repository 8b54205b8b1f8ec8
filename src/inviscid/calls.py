"""What identifies a call: arguments bound, config resolved, behaviour fingerprinted, inputs digested, all in one key.

    key = H("key", KEY_VERSION, fingerprint, environment, config, inputs, options, salt)

The order of the parts is fixed. Each part is hashed by itself, so that an explanation can say which one differs; what was
hashed is kept beside the entry as `parts` and never read back into a key.
"""

from __future__ import annotations

import copy
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from inviscid import configuration
from inviscid.configuration import Layer
from inviscid.digest import KEY_VERSION, combine, digest, pack
from inviscid.fingerprinting import ConfigRead, Distribution, Fingerprint, Fingerprinter, external_name, is_user
from inviscid.inputs import Encoder
from inviscid.sentinels import MISSING
from inviscid.settings import Mode


def _encode(value: object, reference: Callable[[object, str], bytes], path: str) -> bytes:
    return Encoder(reference).encode(value, path)


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


class Call(NamedTuple):
    """One invocation, identified."""

    key: bytes
    values: dict[str, Any]
    """A value for each parameter of the inner function, the config values included."""
    fingerprint: Fingerprint
    config: dict[str, frozenset[bytes]]
    """Digests of the values that each config key has in this call's reach."""
    parts: bytes
    """MessagePack map of the key's parts, for `Provenance.parts`."""
    taints: tuple[str, ...]


class References:
    """What functions, classes and modules contribute to the digest of a value that holds them.

    Installed ones count by name, and their distributions join the environment; the user's by fingerprint and by the config
    values that they would read now.
    """

    def __init__(self, layers: Sequence[Layer], marks: frozenset[str] = frozenset()) -> None:
        self.distributions: set[Distribution] = set()
        self.taints: list[str] = []
        self._layers = layers
        self._marks = marks

    def __call__(self, value: Any, path: str) -> bytes:
        """The contribution of one object, as a stream."""
        known = _installed.get(id(value))
        if known is None and not is_declared(value) and (isinstance(value, type) or not is_user(value)):
            found = external_name(value)
            if found is not None:
                place = found.place
                distribution = Distribution(*place[1:]) if place.kind == "distribution" else None
                known = _installed[id(value)] = (value, pack(["installed", found.name]), distribution)
        if known is not None:
            if known[2] is not None:
                self.distributions.add(known[2])
            return known[1]
        fingerprint = FINGERPRINTS.of(base_of(value), self._marks)
        self.distributions |= fingerprint.distributions
        self.taints += [f"{path}: {taint}" for taint in fingerprint.taints]
        layers = [*layers_of(value), *self._layers]
        return pack(["user", fingerprint.raw, *config_streams(value, fingerprint, layers, self)])


_installed: dict[int, tuple[Any, bytes, Distribution | None]] = {}


def is_declared(value: Any) -> bool:
    """Whether an object is one of ours that stands for the function that it wraps."""
    return hasattr(type(value), "__inviscid_definition__")


def base_of(value: Any) -> Any:
    """A cached function without what `.configured` laid over it; anything else as it is."""
    return value.__inviscid_base__ if is_declared(value) else value


def layers_of(value: Any) -> Sequence[Layer]:
    """What `.configured` laid over a cached function."""
    return value.__inviscid_layers__ if is_declared(value) else ()


def config_streams(value: Any, fingerprint: Fingerprint, layers: Sequence[Layer], references: References) -> list[bytes]:
    """The streams of all config values that an object would read."""
    own = value.__inviscid_own_config__ if is_declared(value) else {}
    return [
        Encoder(references).encode(own[id(read)] if id(read) in own else resolve(read, layers), f"config '{read.key}'")
        for _, read in fingerprint.reads
    ]


def resolve(read: ConfigRead, layers: Sequence[Layer]) -> Any:
    """The value of a config key for one reader; a copy where it is mutable.

    Raises:
        ConfigError: nobody sets it and it has no default.
    """
    value = configuration.lookup(read.key, layers)
    if value is MISSING:
        value = read.default
    if value is MISSING:
        raise configuration.missing(f"{read.reader}()", read.parameter, read.key, layers)
    return copy.deepcopy(value) if isinstance(value, dict | list | set) else value


def identify(
    values: dict[str, Any], fingerprint: Fingerprint, config: dict[int, Any], layers: Sequence[Layer], options: Options,
    mode: Mode,
) -> Call:  # fmt: skip
    """Everything about a call that its result depends on.

    Args:
        values: what the caller passed, bound.
        fingerprint: the behaviour, as it is now.
        config: values of the function's own config parameters, by the identity of the read.
        layers: the active configuration for what else it reaches.
        options: the decorator's.
        mode: the mode in force; ``fresh`` brings a salt.

    Raises:
        ConfigError: a required config key isn't set.
        UnhashableInput: an argument has no digest.
    """
    references = References(layers, fingerprint.marks)
    read_config, lines, seen = _config(fingerprint, config, layers, references)
    inputs = _inputs(values, options, references)
    distributions = sorted(fingerprint.distributions | references.distributions)
    environment = [*_PYTHON, *(list(distribution) for distribution in distributions)]
    given_options = Encoder(references).digest([options.version, sorted(options.ignore)], "option 'version'")
    key = combine(
        "key",
        pack(KEY_VERSION),
        fingerprint.raw,
        digest(pack(environment)),
        digest(pack(read_config)),
        # Without names: those that a caller can use are in the fingerprint.
        digest(pack([value for _, value in inputs])),
        given_options,
        pack([options.namespace, mode.salt]),
    )
    parts = {
        "environment": environment,
        "config": lines,
        "inputs": [[name, value[:8]] for name, value in inputs],
        "options": given_options[:8],
        "namespace": options.namespace,
        "salt": mode.salt,
    }
    own = {read.parameter: config[id(read)] for _, read in fingerprint.reads if id(read) in config}
    taints = () if options.pure else (*fingerprint.taints, *references.taints)
    return Call(key, {**values, **own}, fingerprint, seen, pack(parts), taints)


def _config(
    fingerprint: Fingerprint, own: dict[int, Any], layers: Sequence[Layer], references: References
) -> tuple[list[list[Any]], list[list[Any]], dict[str, frozenset[bytes]]]:
    hashed: list[list[Any]] = []
    shown: list[list[Any]] = []
    seen: dict[str, frozenset[bytes]] = {}
    for _, read in fingerprint.reads:
        value = own[id(read)] if id(read) in own else resolve(read, layers)
        found = Encoder(references).digest(value, f"config '{read.key}'")
        hashed.append([read.parameter, read.key, found])
        shown.append([read.key, found[:8], _shown(read.key, value)])
        if id(read) not in own:
            seen[read.key] = seen.get(read.key, frozenset()) | {found}
    return hashed, shown, seen


_SECRET = re.compile(r"passw|secret|token|credential|api_?key|private", re.IGNORECASE)


def _shown(key: str, value: Any) -> str:
    """A config value as an explanation may show it."""
    if _SECRET.search(key) or not isinstance(value, str | int | float | bool | None):
        return ""
    text = repr(value)
    return text if len(text) <= 60 else ""


def _inputs(values: dict[str, Any], options: Options, references: References) -> list[tuple[str, bytes]]:
    """One digest for each argument; aliasing between arguments counts, so one encoder writes them all."""
    encoder = Encoder(references, volatile=options.volatile)
    replaced = dict(options.identify)
    found: list[tuple[str, bytes]] = []
    for name, value in values.items():
        if name not in options.ignore:
            shown = replaced[name](value) if name in replaced else value
            found.append((name, encoder.digest(shown, f"argument '{name}'")))
    return found


def _python() -> list[Any]:
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [[sys.implementation.name, version, sys.flags.optimize], [sys.platform, machine.lower()]]


_PYTHON = _python()
