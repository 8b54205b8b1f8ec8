"""numpy: arrays by dtype, shape, order and content; nothing here imports numpy, it is there when it is needed.

    dtype    = DTYPE str                                            a plain one: '<f8', '<M8[ns]', '<U5'
             | DTYPE "fields" record itemsize aligned (name title offset dtype)*
             | DTYPE "subarray" dtype shape
             | DTYPE "str" missing coerce                           numpy's StringDType
             | DTYPE "other" class str                              of other packages
    content  = digest of the bytes in `order` | FIELDS content*     of a structured dtype, in the order of its fields

`order` is "F" for what is Fortran-contiguous and not C-contiguous, else "C": loops and sums go another way, so it is
behaviour. What is contiguous in neither way has the content and the order of its C copy. Structured arrays are taken
apart because the bytes between their fields are whatever was in memory. An `np.memmap` is written as the array that it
is: where its bytes come from is no behaviour, and what is loaded from a store must be equal to what was computed.
Whether an array is writeable is left out for the same reason.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

from . import objects, tags
from .parts import INDEXES, Context, Node, Rule

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

# An 80-bit extended float sits in 12 or 16 bytes; the rest is whatever was in memory.
_EXTENDED_BITS, _EXTENDED_BYTES = 63, 10


def _array(context: Context, value: Array) -> Node:
    import numpy as np

    kind = type(value)
    if kind is np.ndarray or kind is np.memmap:
        return array(context, value)
    plain = value.view(np.ndarray)
    return Node(tags.ARRAY_SUBCLASS, [context.refer(kind), array(context, plain), _attributes(context, value)])


def _attributes(context: Context, value: Array) -> Node:
    # Not __reduce__ or __getstate__: for an array those give its content again, in bytes.
    slots = {
        name: getattr(value, name)
        for base in type(value).__mro__
        for name in _slots(base)
        if name not in ("__dict__", "__weakref__") and hasattr(value, name)
    }
    return objects.named(context, ({**getattr(value, "__dict__", {})}, slots))


def _slots(kind: type) -> tuple[str, ...]:
    slots = vars(kind).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def array(context: Context, value: Array) -> Node:
    """The node of an array, whatever its class is."""
    import numpy as np

    order: Literal["C", "F"] = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    head = [context.refer(np.ndarray), dtype(context, value.dtype), value.shape, order]
    if _by_elements(value.dtype):
        elements = value.ravel(order).tolist()
        return Node(tags.ARRAY_ELEMENTS, [*head, Node(tags.ELEMENTS, elements, INDEXES)])
    return Node(tags.ARRAY, [*head, content(context, value)])


def _by_elements(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "T" or (dtype.hasobject and dtype.names is None)


def content(context: Context, value: Array) -> bytes | Node:
    """The content of an array that isn't of objects: a digest, or one for each field."""
    import numpy as np

    dtype = value.dtype
    if dtype.names is not None:
        return Node(tags.FIELDS, [_field(context, value[name]) for name in dtype.names])
    if value.nbytes == 0:
        return context.content(b"")
    flat = value.ravel("K") if value.flags.f_contiguous else np.ascontiguousarray(value).reshape(-1)
    # As bytes, because dates and half floats export no buffer; of the base class, so that no subclass has a say.
    data = np.ndarray.view(flat, np.ndarray).view(np.uint8)
    if dtype.kind in "fc" and dtype.type in (np.longdouble, np.clongdouble) and _is_padded():
        data = data.reshape(-1, np.dtype(np.longdouble).itemsize)[:, :_EXTENDED_BYTES].reshape(-1)
    return context.content(data.data)


def _is_padded() -> bool:
    import numpy as np

    return bool(np.finfo(np.longdouble).nmant == _EXTENDED_BITS and np.dtype(np.longdouble).itemsize > _EXTENDED_BYTES)


def _field(context: Context, value: Array) -> bytes | Node:
    if _by_elements(value.dtype):
        return Node(tags.ELEMENTS, value.ravel().tolist(), INDEXES)
    return content(context, value)


def dtype(context: Context, value: np.dtype[Any]) -> Node:
    """The node of a dtype; metadata is left out, as pickle does."""
    import numpy as np

    if value.names is not None:
        assert value.fields is not None
        head: list[object] = ["fields", issubclass(value.type, np.record), value.itemsize, value.isalignedstruct]
        for name in value.names:
            base, offset, *title = value.fields[name]
            head += [name, title[0] if title else None, offset, dtype(context, base)]
        return Node(tags.DTYPE, head)
    if value.subdtype is not None:
        base, shape = value.subdtype
        return Node(tags.DTYPE, ["subarray", dtype(context, base), shape])
    if value.kind == "T":
        string: Any = value
        missing = [string.na_object] if hasattr(string, "na_object") else []
        return Node(tags.DTYPE, ["str", missing, string.coerce])
    if not value.type.__module__.startswith("numpy"):
        # Of another package: there, str is often nothing but a size.
        return Node(tags.DTYPE, ["other", context.refer(value.type), value.str])
    return Node(tags.DTYPE, [value.str])


def _dtype(context: Context, value: np.dtype[Any]) -> Node:
    import numpy as np

    return Node(tags.DTYPE, [context.refer(np.dtype), dtype(context, value)])


def _scalar(context: Context, value: np.generic) -> Node:
    import numpy as np

    cell = np.asarray(value) if value.dtype.names is None else np.array(value, dtype=value.dtype)
    inner = Node(tags.ELEMENTS, [cell.item()]) if _by_elements(value.dtype) else content(context, cell)
    return Node(tags.NUMPY_SCALAR, [context.refer(type(value)), dtype(context, value.dtype), inner])


def _masked(context: Context, value: Any) -> Node:
    import numpy as np

    ma: Any = sys.modules["numpy.ma"]
    # "No mask" and a mask of nothing become one when they are pickled.
    mask = array(context, ma.getmaskarray(value))
    data = array(context, ma.getdata(value).view(np.ndarray))
    # What was not given is made from the dtype when it is asked for: both are the same.
    fill = array(context, np.asarray(value.fill_value))
    own = vars(ma.MaskedArray(0)).keys()
    state = {name: item for name, item in vars(value).items() if name not in own and type(value) is not ma.MaskedArray}
    children = [context.refer(type(value)), data, mask, fill, bool(value.hardmask), objects.named(context, state)]
    return Node(tags.MASKED_ARRAY, children)


FAMILIES: dict[type | str, Rule] = {
    "numpy.ma:MaskedArray": Rule(_masked, tracked=True),
    "numpy:ndarray": Rule(_array, tracked=True),
    "numpy:generic": Rule(_scalar),
    "numpy:dtype": Rule(_dtype),
}
