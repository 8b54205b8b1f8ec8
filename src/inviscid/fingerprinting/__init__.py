"""What a function does, as a digest: source → normal form → references → graph → fingerprint."""

from inviscid.fingerprinting.definition import ConfigRead, Declared, Distribution, Fingerprint
from inviscid.fingerprinting.references import external_name, is_user
from inviscid.fingerprinting.remembered import Forms
from inviscid.fingerprinting.take import Fingerprinter

__all__ = [
    "ConfigRead", "Declared", "Distribution", "Fingerprint", "Fingerprinter", "Forms", "external_name",
    "is_user",
]  # fmt: skip
