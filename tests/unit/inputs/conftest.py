"""How these tests encode: with a reference that gives names, as the fingerprint floor gives digests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inviscid.inputs import Encoder


def by_name(target: object, path: str) -> bytes:
    """What stands for a class or function here."""
    return f"{getattr(target, '__module__', '')}:{getattr(target, '__qualname__', target)}".encode()


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """Encodes one value with an encoder of its own."""

    def encode(value: object, **options: object) -> bytes:
        return Encoder(by_name, **options).encode(value, "argument 'x'")  # type: ignore[arg-type]

    return encode
