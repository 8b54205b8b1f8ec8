"""``array/1``: one array of numpy with plain items. It is safe.

    object = framed       one buffer: the memory of the array, its items in order
    head   = MessagePack [dtype, shape, order]
    dtype  = str          as `dtype.str` spells it
    order  = "C" | "F"

The array comes back as a read-only view of the stored bytes, whatever its size is. Arrays of objects, of records and of
types that aren't numpy's own are left to pickle, and so are masked arrays and other subclasses. An `np.memmap` comes
back as an array.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgpack

from .. import frames, known
from ..digest import pack
from ..errors import UnstorableResult
from .codec import Encoded


class _Array:
    name = "array/1"
    safe = True

    def encode(self, value: object) -> Encoded:
        import numpy as np

        # Not isinstance(): subclasses hold more.
        if (
            not isinstance(value, np.ndarray)
            or type(value) not in (np.ndarray, np.memmap)
            or not _is_plain(value.dtype)
        ):
            raise UnstorableResult("array/1 keeps arrays of numbers, dates and texts of one length")
        buffer, order = flat(value)
        return Encoded(memoryview(pack([value.dtype.str, list(value.shape), order])), [buffer], {})

    def decode(self, data: memoryview) -> object:
        import numpy as np

        frame = frames.parse(data)
        if frame is None or len(frame.buffers) != 1:
            raise ValueError("The object is damaged.")
        spelled, shape, order = msgpack.unpackb(frame.head)
        dtype = np.dtype(spelled)
        # numpy itself takes a buffer that is too long, and lengths below zero.
        size = math.prod(length if length >= 0 else math.inf for length in shape) * dtype.itemsize
        if not _is_plain(dtype) or size != frame.buffers[0].nbytes:
            raise ValueError("array/1 has no such arrays.")
        return restored(frame.buffers[0], dtype, tuple(shape), order)


CODEC = _Array()


def _is_plain(dtype: Any) -> bool:
    import numpy as np

    if dtype.hasobject or dtype.itemsize == 0 or dtype.names is not None or dtype.subdtype or dtype.metadata:
        return False
    # The name says nothing of types that others have added.
    return dtype.kind in "biufcmMSU" and np.dtype(dtype.str) == dtype


def flat(value: Any) -> tuple[memoryview, Literal["C", "F"]]:
    """The memory of an array, its items in the order that is named; a copy only where they are strewn about."""
    import numpy as np

    order: Literal["C", "F"] = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    # As bytes, because dates export no buffer.
    return np.ndarray.view(value, np.ndarray).ravel(order).view(np.uint8).data, order


def restored(buffer: Any, dtype: Any, shape: tuple[int, ...], order: Any) -> object:
    """An array over its memory."""
    import numpy as np

    if isinstance(buffer, memoryview) and buffer.nbytes >= known.FROM:
        buffer = known.segment(np, buffer)
    return np.ndarray(shape, dtype=dtype, buffer=buffer, order=order)
