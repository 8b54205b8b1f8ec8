"""What user code has put where other code will look for it: subclasses, registrations, attributes of installed classes.

None of it is named by the function that meets it, so it is asked of what lives: a class for its subclasses, an abstract
class for what was registered with it, and the classes that people extend for what they were extended by.
"""

from __future__ import annotations

import codecs
import functools
import gc
import sys
from abc import ABCMeta
from collections.abc import Callable, Collection, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from inviscid.fingerprinting.template import words
from inviscid.sentinels import MISSING

# Installed classes that are made to be extended, or commonly are; those from compiled code can't be.
_EXTENDED = (
    "pandas:DataFrame pandas:Series pandas:Index polars:DataFrame polars:Series polars:LazyFrame polars:Expr "
    "xarray:Dataset xarray:DataArray geopandas:GeoDataFrame networkx:Graph torch:Tensor torch.nn:Module"
).split()
# Modules of the standard library that are in nearly every reach, and whose functions don't work by classes of theirs.
_WITHOUT_WORKERS = frozenset(
    "builtins typing types collections enum dataclasses functools abc re os sys itertools math operator logging "
    "datetime warnings time random pathlib contextlib io threading inspect importlib unittest asyncio concurrent "
    "multiprocessing".split()
)
_HEAP_TYPE = 1 << 9
# Where descriptors keep the class of an accessor.
_HELD = ("_accessor", "_ns", "fget", "__func__", "func", "__wrapped__")


def registered(cls: type, counts: Callable[[Any], bool] = lambda item: True) -> list[str]:
    """The names of the classes that were registered with an abstract class: their instances pass `isinstance`.

    Args:
        cls: any class.
        counts: which of the registered classes are told.
    """
    if not isinstance(cls, ABCMeta):
        return []
    from _abc import _get_dump  # type: ignore[import-not-found]  # CPython's own, and the only way to ask

    found = (reference() for reference in _get_dump(cls)[0])
    return sorted(item.__qualname__ for item in found if item is not None and counts(item))


def extended(is_user: Callable[[Any], bool]) -> Iterator[type]:
    """The extended classes whose libraries are loaded; one that is itself the user's code counts where it is named."""
    for place in _EXTENDED:
        module, _, name = place.partition(":")
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type) and not is_user(found):
            yield found


@functools.lru_cache(maxsize=256)
def _workers(module: str) -> tuple[type, ...]:
    found = vars(sys.modules[module])
    package = module.partition(".")[0]
    classes = (value for value in found.values() if type(value) in (type, ABCMeta))
    return tuple(
        cls
        for cls in classes
        if cls.__flags__ & _HEAP_TYPE
        and str(cls.__module__).partition(".")[0] == package
        and not issubclass(cls, BaseException)
    )


def workers(name: str) -> tuple[type, ...]:
    """The classes of a module of the standard library that do the work of something in it, as those of `json` do.

    Args:
        name: ``module.name`` of what is reached.
    """
    if name.partition(".")[0] not in sys.stdlib_module_names - _WITHOUT_WORKERS:
        return ()
    module = name
    while module and not isinstance(sys.modules.get(module), ModuleType):
        module = module.rpartition(".")[0]
    return _workers(module) if module else ()


def extensions(cls: type, mentions: Collection[str], is_user: Callable[[Any], bool]) -> Iterator[tuple[str, Any, Any]]:
    """(name, what the class has there, what of it is the user's) for attributes that user code hung on a class."""
    namespace = vars(cls)
    for name in sorted(namespace.keys() & mentions):
        value = namespace[name]
        held = (vars(value).get(part) if hasattr(value, "__dict__") else getattr(value, part, None) for part in _HELD)
        for item in (value, *held):
            if isinstance(item, type | FunctionType):
                if is_user(item):
                    yield name, value, item
                break


@functools.cache
def _error_registry() -> dict[str, Any]:
    # Python keeps it to itself; the collector of garbage knows it, as it knows all containers.
    found = (item for item in gc.get_objects() if type(item) is dict and item.keys() >= _HANDLERS)
    return next(found, {})


@functools.cache
def _search_path() -> list[Any]:
    known = sys.modules["encodings"].search_function
    lists = (item for item in gc.get_objects() if type(item) is list and 0 < len(item) < _FEW)
    fitting = (item for item in lists if any(part is known for part in item) and all(map(callable, item)))
    return next(fitting, [])


_HANDLERS = {"strict", "ignore", "replace", "xmlcharrefreplace", "backslashreplace"}
_FEW = 64


def _looked_up(names: Collection[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = codecs.lookup_error(name)
        except (LookupError, ValueError):
            continue
    return found


def codings(names: Collection[str]) -> dict[str, Any]:
    """What was registered with `codecs`, beyond what Python brings: handlers of errors, and what finds codecs.

    Args:
        names: what handlers are looked up by where they can't be listed, because the collector was told to forget them.
    """
    listed = _error_registry() or _looked_up(names)
    handlers = {
        f"errors {name}": handler
        for name, handler in sorted(listed.items())
        if not isinstance(handler, BuiltinFunctionType)
    }
    finders = [item for item in _search_path() if getattr(item, "__module__", "") != "encodings"]
    return handlers | {f"codecs {number}": finder for number, finder in enumerate(finders)}


def all_codings(names: Collection[str]) -> list[Any]:
    """All that is registered with `codecs`, by whomever; arguments are those of `codings`."""
    return [*(_error_registry() or _looked_up(names)).items(), *_search_path()]


def quoted(annotations: Any, namespace: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the words of annotations in quotes mean in a module."""
    seen: set[str] = set()
    # A compiled class may keep a descriptor there.
    for value in annotations.values() if isinstance(annotations, dict) else ():
        for word in words(value) if isinstance(value, str) else ():
            found = namespace.get(word, MISSING)
            if word not in seen and found is not MISSING:
                seen.add(word)
                yield word, found
