"""What a function does, as a digest: source → normal form → references → graph → fingerprint."""

from inviscid.fingerprinting.definition import ConfigRead, Declared, Distribution, Fingerprint, Part
from inviscid.fingerprinting.references import external_name, is_user
from inviscid.fingerprinting.shown import is_secret
from inviscid.fingerprinting.take import Fingerprinter

__all__ = [
    "ConfigRead", "Declared", "Distribution", "Fingerprint", "Fingerprinter", "Part", "external_name", "is_secret",
    "is_user",
]  # fmt: skip
