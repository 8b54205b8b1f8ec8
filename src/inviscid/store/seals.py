"""Seals: what binds a row of the index together and, where there is a signing key, says that its holder wrote the row.

    seal     = checksum                    where there is no key: it finds damage, and rows that stand under another key
             | key id, mac                 where there is one: nobody makes it without the key
    checksum = BLAKE3(canonical list of label and columns)      the first bytes, as many as the row has room for
    mac      = BLAKE3(the same) under the key, 32 bytes: the keyed mode of https://github.com/BLAKE3-team/BLAKE3-specs
    key id   = first 4 bytes of BLAKE3("inviscid-signing-key/1" and the key)

A row that was sealed in the other way, or under a key that isn't ours, is *foreign*: it is as if it weren't there, and
stays where it is. It may be good for somebody else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from blake3 import blake3

from inviscid.digest import pack
from inviscid.errors import SigningKeyError

KEY_SIZE = 32
_ID_SIZE = 4
_MAC_SIZE = _ID_SIZE + 32
_ID_LABEL = b"inviscid-signing-key/1"
_LARGEST_FILE = 1 << 16
_MAKE = (
    'make one with `python -c "import secrets; print(secrets.token_hex(32))"` in a file that only its users can read '
    "(chmod 600)"
)


class Seals:
    """Makes and checks the seals of one store.

    Args:
        keys: of 32 bytes each. The first one seals, all of them are good; without any, seals are checksums.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = {_id_of(key): key for key in keys}
        self._own = next(iter(self._keys), b"")

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return len(self._keys)

    def make(self, label: str, columns: Sequence[object], size: int = 32) -> bytes:
        """The seal of a row.

        Args:
            label: what the row is, with the version of its columns.
            columns: what is sealed, in order.
            size: bytes of a checksum.
        """
        packed = pack([label, *columns])
        if not self._own:
            return blake3(packed).digest(size)
        return self._own + blake3(packed, key=self._keys[self._own]).digest()

    def fits(self, label: str, columns: Sequence[object], seal: object, size: int = 32) -> bool:
        """Whether a row has the seal that it should have. False for any damage, whatever the columns are."""
        if not self._keys:
            return type(seal) is bytes and blake3(pack([label, *columns])).digest(size) == seal[:size]
        if self.is_foreign(seal):
            return False
        # Imported here: only signed stores need it.
        from hmac import compare_digest

        assert type(seal) is bytes
        key = self._keys[seal[:_ID_SIZE]]
        return compare_digest(blake3(pack([label, *columns]), key=key).digest(), seal[_ID_SIZE:])

    def is_foreign(self, seal: object) -> bool:
        """Whether a row says that others sealed it, or in another way."""
        if type(seal) is not bytes:
            return bool(self._keys)
        if not self._keys:
            return len(seal) == _MAC_SIZE
        return len(seal) != _MAC_SIZE or seal[:_ID_SIZE] not in self._keys


def _id_of(key: bytes) -> bytes:
    return blake3(_ID_LABEL + key).digest(_ID_SIZE)


def keys_of(key: str | os.PathLike[str] | bytes, store: str) -> list[bytes]:
    """The signing keys that are given: the one of 32 bytes itself, or the file that has them.

    Args:
        key: 32 bytes, or a file with one key a line in 64 hex digits; what is behind ``#`` is passed over.
        store: the directory of the store.

    Raises:
        SigningKeyError: the file isn't there, is no such file, is in the store, or can be read by everybody.
    """
    if isinstance(key, bytes):
        if len(key) != KEY_SIZE:
            raise SigningKeyError(f"a signing key has {KEY_SIZE} bytes, this one has {len(key)}; {_MAKE}")
        return [key]
    path = os.path.abspath(os.path.expanduser(os.fspath(key)))
    real = os.path.realpath(path)
    if os.path.commonpath([real, os.path.realpath(store)]) == os.path.realpath(store):
        raise SigningKeyError(
            f"the signing key {path} is inside the store {store}: who can write to the store could take it; "
            "move it elsewhere"
        )
    keys = [line for row in _read(path).splitlines() if (line := row.partition("#")[0].strip())]
    try:
        found = [bytes.fromhex(line) for line in keys]
    except ValueError:
        found = []
    if not found or any(len(item) != KEY_SIZE for item in found):
        raise SigningKeyError(f"the signing key {path} is not lines of {2 * KEY_SIZE} hex digits each; {_MAKE}")
    return found


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            data = file.read(_LARGEST_FILE)
    except OSError as error:
        raise SigningKeyError(f"the signing key {path} can't be read: {error.strerror or error}; {_MAKE}") from error
    if hasattr(os, "geteuid") and found.st_uid not in (os.geteuid(), 0):
        raise SigningKeyError(
            f"the signing key {path} belongs to user {found.st_uid}, who could exchange it: have a copy of your own"
        )
    if stat.S_IMODE(found.st_mode) & 0o027:
        raise SigningKeyError(f"others can read or write the signing key {path}: `chmod 600` it, and make another one")
    return data.decode("ascii", "replace")
