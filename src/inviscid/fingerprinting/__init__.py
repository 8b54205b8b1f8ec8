"""What a function does, as a digest: source → normal form → references → graph → fingerprint."""

from inviscid.fingerprinting.called import world_of_call, world_of_code
from inviscid.fingerprinting.closure import Closure, closure
from inviscid.fingerprinting.compiled import compile_guards
from inviscid.fingerprinting.definition import (
    DECIMAL,
    HERE,
    ZONE,
    ConfigRead,
    Declared,
    Distribution,
    Fingerprint,
    Part,
    Shallow,
)
from inviscid.fingerprinting.identity import nested_codes
from inviscid.fingerprinting.impure import CURES, world_of
from inviscid.fingerprinting.narrowing import opaque
from inviscid.fingerprinting.options import OPTIONS, PRINTING, TOLD, others, printing, told
from inviscid.fingerprinting.places import place_of_globals
from inviscid.fingerprinting.references import external_name, is_user
from inviscid.fingerprinting.remembered import Forms
from inviscid.fingerprinting.shown import brief, is_secret
from inviscid.fingerprinting.take import Fingerprinter
from inviscid.fingerprinting.template import CLOSURE_WIDE, EXACT, MEMBERS, ORDER

__all__ = [
    "CLOSURE_WIDE",
    "CURES",
    "DECIMAL",
    "EXACT",
    "HERE",
    "MEMBERS",
    "OPTIONS",
    "ORDER",
    "PRINTING",
    "TOLD",
    "ZONE",
    "Closure",
    "ConfigRead",
    "Declared",
    "Distribution",
    "Fingerprint",
    "Fingerprinter",
    "Forms",
    "Part",
    "Shallow",
    "brief",
    "closure",
    "compile_guards",
    "external_name",
    "impure",
    "is_secret",
    "is_user",
    "nested_codes",
    "opaque",
    "others",
    "place_of_globals",
    "printing",
    "told",
    "world_of",
    "world_of_call",
    "world_of_code",
]  # fmt: skip
