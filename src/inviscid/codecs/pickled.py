"""``pickle/2``: pickle, protocol 5, with the memory of arrays beside it.

    object = pickle | framed    the head of the frame is the pickle, its buffers are the pickle's out-of-band buffers

Arrays and frames come back as read-only views of the stored bytes, whatever their size is; nothing of them is copied.
That is done here for every array of plain items, because numpy would keep some in the pickle (dates, and what isn't
contiguous), and those would come back writeable. Arrays of objects, masked arrays and other subclasses are in the
pickle and come back writeable. An `np.memmap` comes back as an array.

A frame over read-only memory would refuse to be assigned to, because pandas copies on write only what it knows to be
shared. So it is told so when a frame is loaded: the first assignment copies the column, and the stored bytes stay.

Decoding runs what the bytes say: nothing may be decoded that somebody else could have written.
"""

from __future__ import annotations

import io
import pickle
import sys
import weakref
from types import BuiltinFunctionType, FunctionType
from typing import Any

from .. import frames
from ..entry import module_name, named
from ..errors import UnstorableResult
from .array import flat, restored
from .codec import Encoded


class _Pickle:
    name = "pickle/2"
    safe = False

    def encode(self, value: object) -> Encoded:
        stream = io.BytesIO()
        buffers: list[memoryview] = []
        pickler = _Pickler(stream, buffers)
        try:
            pickler.dump(value)
        except Exception as error:  # User code runs in here: whatever it raises, the value can't be kept.
            raise UnstorableResult(
                f"A value of type {type(value).__qualname__} can't be pickled: {type(error).__name__}: {error}. "
                "Return plain data, or an object whose class pickle can find by its name."
            ) from error
        return Encoded(stream.getbuffer(), buffers, pickler.classes)

    def decode(self, data: memoryview) -> object:
        if not frames.begins(data):
            return _Unpickler(io.BytesIO(data)).load()
        frame = frames.parse(data)
        if frame is None:
            raise ValueError("The object is damaged.")
        return _Unpickler(io.BytesIO(frame.head), buffers=frame.buffers).load()


CODEC = _Pickle()

# What changes with the version of Python, or with this format.
_OWN = (sys.stdlib_module_names | {__name__.partition(".")[0]}) - {"__main__"}


class _Stored:
    """Stands where pandas keeps weak references to the other users of a block's memory; unlike those, it never dies."""

    __slots__ = ("__weakref__",)


_STORED = _Stored()


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, buffers: list[memoryview]) -> None:
        # False from the callback: the buffer is kept out of band.
        super().__init__(stream, protocol=5, buffer_callback=lambda buffer: buffers.append(buffer.raw()))
        self.classes: dict[str, object] = {}

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        # Not isinstance(): a value may lie about its __class__.
        if getattr(kind, "__inviscid_content__", False):
            raise UnstorableResult(f"{value!r} stands for a file that may change: return what is in it, or its path")
        if issubclass(kind, (type, FunctionType, BuiltinFunctionType)):
            self._note(value)
            if getattr(value, "__module__", None) == "__main__" and (module := module_name(value)) != "__main__":
                return named, (module, value.__qualname__)
        elif (numpy := sys.modules.get("numpy")) and kind in (numpy.ndarray, numpy.memmap):
            return _reduce_array(value)
        elif (pandas := sys.modules.get("pandas")) and issubclass(kind, (pandas.DataFrame, pandas.Series)):
            return _reduce_frame(value)
        return NotImplemented

    def _note(self, value: Any) -> None:
        module = getattr(value, "__module__", None)
        if isinstance(module, str) and module.partition(".")[0] not in _OWN:
            self.classes[f"{module_name(value)}:{value.__qualname__}"] = value


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        # What was stored by an importer may be loaded by whoever runs the module itself.
        return super().find_class(module, name) if module in sys.modules else named(module, name)


def _reduce_array(value: Any) -> Any:
    # Strings of no length can't be seen as bytes, and have none.
    if value.dtype.hasobject or value.dtype.itemsize == 0:
        return NotImplemented
    buffer, order = flat(value)
    return rebuild_array, (pickle.PickleBuffer(buffer), value.dtype, value.shape, order)


def rebuild_array(buffer: Any, dtype: Any, shape: tuple[int, ...], order: Any) -> object:
    """Puts an array together from its memory; pickles look it up by its name."""
    return restored(buffer, dtype, shape, order)


def _reduce_frame(value: Any) -> Any:
    reduced = value.__reduce_ex__(5)
    if type(reduced) is not tuple or len(reduced) != 5 or any(part is not None for part in reduced[3:]):
        return NotImplemented
    return (*reduced, restore_frame)


def restore_frame(frame: Any, state: object) -> None:
    """Sets the state of a frame or series, and marks its memory as shared; pickles look it up by its name."""
    frame.__setstate__(state)
    # Private, and absent from pandas 2: there, assigning to the frame raises a ValueError.
    for block in getattr(getattr(frame, "_mgr", None), "blocks", ()):
        references = getattr(getattr(block, "refs", None), "referenced_blocks", None)
        if isinstance(references, list):
            references.append(weakref.ref(_STORED))
