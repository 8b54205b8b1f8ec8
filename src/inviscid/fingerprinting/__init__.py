"""What a function does, as a digest: source → normal form → references → graph → fingerprint."""

from inviscid.fingerprinting.definition import DECIMAL, ZONE, ConfigRead, Declared, Distribution, Fingerprint, Part
from inviscid.fingerprinting.impure import CURES, world_of
from inviscid.fingerprinting.narrowing import opaque
from inviscid.fingerprinting.references import external_name, is_user
from inviscid.fingerprinting.remembered import Forms
from inviscid.fingerprinting.shown import brief, is_secret
from inviscid.fingerprinting.take import Fingerprinter
from inviscid.fingerprinting.template import CLOSURE_WIDE, EXACT, MEMBERS

__all__ = [
    "CLOSURE_WIDE",
    "CURES",
    "DECIMAL",
    "EXACT",
    "MEMBERS",
    "ZONE",
    "ConfigRead",
    "Declared",
    "Distribution",
    "Fingerprint",
    "Fingerprinter",
    "Forms",
    "Part",
    "brief",
    "external_name",
    "impure",
    "is_secret",
    "is_user",
    "opaque", "world_of",
]  # fmt: skip
