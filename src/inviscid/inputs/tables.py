"""Tables of pyarrow and polars: by the stream that Arrow's own writer makes of them.

    ARROW kind digest               of the stream of one batch; kind is "table", "batch", "array" or "chunked"
    POLARS kind name types digest   the same, of what it is in Arrow; kind is "frame" or "series"

The writer begins offsets at zero; what is around a slice, and how a column is cut into chunks, is left out here, so a
slice is equal to its copy. Buffers go into the hash as they are, without a copy where there is one whole chunk. What
stands under a null is in the stream: two tables that are equal but for that are two.

What pyarrow can't write, and polars where there is no pyarrow, is written as any other object.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from blake3 import blake3

from ..digest import threads
from . import objects, tags
from .parts import Context, Node, Raw, Rule


class _Sink:
    """A file that keeps nothing but the digest of what is written to it."""

    closed = False

    def __init__(self) -> None:
        self._hasher = blake3(max_threads=threads())

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._hasher.update(view)
        return view.nbytes

    def flush(self) -> None:
        """Nothing waits to be written."""

    def close(self) -> None:
        self.closed = True

    def digest(self) -> bytes:
        found: bytes = self._hasher.digest()
        return found


def _digest(table: Any) -> bytes:
    import pyarrow as pa

    sink = _Sink()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as writer:
        writer.write_table(_whole(table))
    return sink.digest()


def _whole(table: Any) -> Any:
    """The table in one piece, with nothing around it."""
    import pyarrow as pa

    if table.nbytes != table.get_total_buffer_size():
        # The bits behind the end of a slice are those of what it was cut from. To join two parts makes new ones.
        table = pa.concat_tables([table[:1], table[1:]]) if len(table) > 1 else table.take(list(range(len(table))))
    return table.combine_chunks()


def _arrow(kind: str, table: Callable[[Any], Any]) -> Callable[[Context, Any], Node | Raw]:
    def expand(context: Context, value: Any) -> Node | Raw:
        import pyarrow as pa

        try:
            content = _digest(table(value))
        except (pa.ArrowException, TypeError):
            return objects.reduce_rule(type(value)).expand(context, value)
        return Node(tags.ARROW, [context.refer(type(value)), kind, content])

    return expand


def _column(value: Any) -> Any:
    import pyarrow as pa

    return pa.table({"": value})


def _batch(value: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([value])


def _polars(kind: str) -> Callable[[Context, Any], Node | Raw]:
    def expand(context: Context, value: Any) -> Node | Raw:
        try:
            given = value.to_arrow()
            content = _digest(given if kind == "frame" else _column(given))
        except Exception:  # noqa: BLE001  columns of objects, and no pyarrow: each version has errors of its own
            return objects.reduce_rule(type(value)).expand(context, value)
        types = str(value.schema if kind == "frame" else value.dtype)
        name = "" if kind == "frame" else value.name
        return Node(tags.POLARS, [context.refer(type(value)), kind, name, types, content])

    return expand


def families() -> dict[type | str, Rule]:
    """The rules of the libraries that are loaded."""
    found: dict[type | str, Rule] = {}
    if "pyarrow" in sys.modules:
        found |= {
            "pyarrow.lib:Table": Rule(_arrow("table", lambda value: value), tracked=True),
            "pyarrow.lib:RecordBatch": Rule(_arrow("batch", _batch), tracked=True),
            "pyarrow.lib:ChunkedArray": Rule(_arrow("chunked", _column), tracked=True),
            "pyarrow.lib:Array": Rule(_arrow("array", _column), tracked=True),
        }
    if "polars" in sys.modules:
        found |= {
            "polars.dataframe.frame:DataFrame": Rule(_polars("frame"), tracked=True),
            "polars.series.series:Series": Rule(_polars("series"), tracked=True),
        }
    return found
