"""What is known by a name, what is nothing but its type, and what can't be hashed.

A logger is where messages go, and a lock is how threads agree: what is in them is no input. What can be read only once,
or stands for the world outside, has no state that a digest could be of.
"""

from __future__ import annotations

import types
from typing import Any

from . import tags
from .parts import Context, Node, Rule


def _logger(context: Context, value: Any) -> Node:
    return Node(tags.LOGGER, [value.name])


def _nothing(name: str) -> Rule:
    def expand(context: Context, value: object) -> Node:
        return Node(tags.NOTHING, [name])

    return Rule(expand)


def _local(context: Context, value: object) -> Node:
    # A subclass is behaviour; what a thread has put in is not.
    return Node(tags.NOTHING, ["threading:local", context.refer(type(value))])


def _context_variable(context: Context, value: Any) -> Node:
    return Node(tags.CONTEXT_VARIABLE, [value.name])


def _weak(context: Context, value: Any) -> Node:
    return Node(tags.WEAK, [value()], ("()",))


def _environ(context: Context, value: Any) -> Node:
    return Node(tags.ENVIRON, [dict(value)])


def _refused(why: str) -> Rule:
    def expand(context: Context, value: object) -> Node:
        raise context.refuse(value, why)

    return Rule(expand)


_ONCE = "it can be read only once; pass a list of what it gives"
_RUNNING = "it is something that runs, not a value"
_OPEN = "it is open, and what it stands for can change; pass its path as a File, or what was read from it"
_CONNECTED = "it stands for something outside of this process"
_FRAME = "it belongs to one run of the program"
_PROXY = "it is a weak proxy; pass what it stands for"

_LOCKS = (
    "threading:Condition", "threading:Event", "threading:Semaphore", "threading:BoundedSemaphore", "threading:Barrier",
    "threading:_PyRLock", "asyncio.locks:Lock", "asyncio.locks:Event", "asyncio.locks:Condition",
    "asyncio.locks:Semaphore", "asyncio.locks:BoundedSemaphore", "multiprocessing.synchronize:Lock",
    "multiprocessing.synchronize:RLock", "multiprocessing.synchronize:Semaphore",
    "multiprocessing.synchronize:BoundedSemaphore", "multiprocessing.synchronize:Condition",
    "multiprocessing.synchronize:Event",
)  # fmt: skip

_ITERTOOLS = (
    "accumulate", "batched", "chain", "combinations", "combinations_with_replacement", "compress", "cycle", "dropwhile",
    "filterfalse", "groupby", "islice", "pairwise", "permutations", "product", "repeat", "starmap", "takewhile", "_tee",
    "zip_longest",
)  # fmt: skip

EXACT: dict[type | str, Rule] = {
    **{name: _nothing(name) for name in _LOCKS},
    # C types, under the names that they have in every version.
    "_thread:LockType": _nothing("threading:Lock"),
    "_thread:RLock": _nothing("threading:RLock"),
    "_contextvars:ContextVar": Rule(_context_variable),
    "os:_Environ": Rule(_environ, tracked=True),
    types.GeneratorType: _refused(_ONCE),
    types.CoroutineType: _refused(_ONCE),
    types.AsyncGeneratorType: _refused(_ONCE),
    types.FrameType: _refused(_FRAME),
    types.TracebackType: _refused(_FRAME),
    "weakref:ProxyType": _refused(_PROXY),
    "weakref:CallableProxyType": _refused(_PROXY),
    **{f"itertools:{name}": _refused(_ONCE) for name in _ITERTOOLS},
}

FAMILIES: dict[type | str, Rule] = {
    "logging:Logger": Rule(_logger),
    "_thread:_local": Rule(_local),
    "weakref:ref": Rule(_weak),
    "_io:_IOBase": _refused(_OPEN),
    "mmap:mmap": _refused(_OPEN),
    "_socket:socket": _refused(_CONNECTED),
    "sqlite3:Connection": _refused(_CONNECTED),
    "sqlite3:Cursor": _refused(_CONNECTED),
    "subprocess:Popen": _refused(_CONNECTED),
    "threading:Thread": _refused(_RUNNING),
    "multiprocessing.process:BaseProcess": _refused(_RUNNING),
    "concurrent.futures:Executor": _refused(_RUNNING),
    "concurrent.futures:Future": _refused(_RUNNING),
    "_asyncio:Future": _refused(_RUNNING),
    "asyncio:Future": _refused(_RUNNING),
    "asyncio:AbstractEventLoop": _refused(_RUNNING),
}
