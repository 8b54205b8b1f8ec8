"""Options of installed libraries that hold for the whole process, and change what functions return; and what modules of
the standard library were *told* for the whole process: how to write a class to a database, which dialects there are.

Only what differs from the default counts: a process that hits may not have loaded the library, and has no options yet.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Collection, Iterator
from types import ModuleType
from typing import Any

from inviscid.fingerprinting import template

PRINTING = "print options"
"""As an environment variable of a fingerprint: somebody in reach makes texts of values."""
OPTIONS = "pandas options"

FORMATTERS = frozenset(
    "to_string to_html to_latex to_markdown array2string array_str array_repr info format writerow writerows to_csv "
    "__str__ __repr__ __format__".split()
)
"""What is looked up where arrays and frames are made texts of."""
FORMATTING = frozenset(f"builtins.{name}" for name in "str repr ascii format print".split()) | {
    "pprint.pformat", "pprint.pprint",
}  # fmt: skip


def makes_texts(mentions: Collection[str]) -> bool:
    """Whether whoever looks up these names makes texts of values."""
    return template.FORMATS in mentions or not FORMATTERS.isdisjoint(mentions)


_NUMPY: dict[str, Any] = {
    "edgeitems": 3, "threshold": 1000, "floatmode": "maxprec", "precision": 8, "suppress": False, "linewidth": 75,
    "nanstr": "nan", "infstr": "inf", "sign": "-", "formatter": None, "legacy": False, "override_repr": None,
}  # fmt: skip
# What pandas thinks is the default follows from where it was loaded: in a notebook it is another one.
_PANDAS = {"display.max_columns": 0}
TOLD = "what was told to "
"""As an environment variable of a fingerprint, before the name of a module of the standard library."""
_DIALECTS: dict[str, list[Any]] = {
    "excel": [",", True, None, "\r\n", '"', 0, False, False],
    "excel-tab": ["\t", True, None, "\r\n", '"', 0, False, False],
    "unix": [",", True, None, "\n", '"', 1, False, False],
}
"""Parameters of the dialects that there are always."""
_FIELD_SIZE = 1 << 17
_PRINTED = ("display.", "styler.")
_NO_MATTER = ("display.encoding", "plotting.")


def told(module: str) -> list[list[Any]]:
    """What a module of the standard library was told by the program that runs; functions and classes among it."""
    found = sys.modules.get(module.partition(".")[0])
    return [] if found is None else _TOLD[module](found)


def told_module(name: str) -> str:
    """The module that may have been told something that something installed, by its name, works by; empty for none."""
    module = name.partition(".")[0].removeprefix("_")
    return name if name in _TOLD else module if module in _TOLD else ""


def _csv(csv: ModuleType) -> list[list[Any]]:
    names = "delimiter doublequote escapechar lineterminator quotechar quoting skipinitialspace strict".split()
    limit = csv.field_size_limit()
    rows = [[name, *(getattr(csv.get_dialect(name), part) for part in names)] for name in sorted(csv.list_dialects())]
    rows = [row for row in rows if row[1:] != _DIALECTS.get(row[0])]
    return rows if limit == _FIELD_SIZE else [*rows, [limit]]


def _sqlite(sqlite3: ModuleType) -> list[list[Any]]:
    def own(function: Any) -> bool:
        return str(getattr(function, "__module__", "")).partition(".")[0] == "sqlite3"

    adapters = sorted(sqlite3.adapters.items(), key=lambda item: str(item[0][0].__qualname__))
    converters = sorted(sqlite3.converters.items())
    rows = [["adapter", kind, made] for (kind, _), made in adapters if not own(made)]
    return rows + [["converter", name, made] for name, made in converters if not own(made)]


def _warnings(warnings: ModuleType) -> list[list[Any]]:
    # Whether a warning is shown changes no result; whether it is raised does, and the first that fits decides.
    raising = [number for number, row in enumerate(warnings.filters) if row[0] == "error"]
    return [list(row) for row in warnings.filters[: raising[-1] + 1]] if raising else []


def _all_warnings(warnings: ModuleType) -> list[list[Any]]:
    return [list(row) for row in warnings.filters]


def _mimetypes(mimetypes: ModuleType) -> list[list[Any]]:
    database = mimetypes._db  # noqa: SLF001  there is no public way to the one that its functions use
    if database is None:
        return []
    used = [*database.types_map, database.encodings_map, database.suffix_map]
    # The order counts too: the first that fits is what is guessed.
    return [] if used == _known_types() else [[[*item] for item in kinds.items()] for kinds in used]


@functools.lru_cache(maxsize=1)
def _known_types() -> list[dict[str, str]]:
    import mimetypes

    fresh = mimetypes.MimeTypes(tuple(file for file in mimetypes.knownfiles if os.path.isfile(file)))
    private: Any = mimetypes
    # What was told may have changed the public ones.
    defaults = private._encodings_map_default, private._suffix_map_default  # noqa: SLF001  as above
    return [*map(dict, fresh.types_map), *map(dict, defaults)]


def _reprlib(reprlib: ModuleType) -> list[list[Any]]:
    before = vars(reprlib.Repr())
    return [[name, value] for name, value in sorted(vars(reprlib.aRepr).items()) if value != before.get(name)]


_TOLD: dict[str, Callable[[ModuleType], list[list[Any]]]] = {
    "csv": _csv,
    "sqlite3": _sqlite,
    "warnings": _warnings,
    "warnings.catch_warnings": _all_warnings,
    "mimetypes": _mimetypes,
    "reprlib": _reprlib,
}


def printing() -> list[list[Any]]:
    """The print options of numpy and pandas that aren't the defaults."""
    found: list[list[Any]] = []
    if (numpy := sys.modules.get("numpy")) is not None:
        options = numpy.get_printoptions()
        found += [[name, value] for name, value in sorted(options.items()) if value != _NUMPY.get(name)]
    return [*found, *([name, value] for name, value in _pandas(printed=True))]


def others() -> list[list[Any]]:
    """The options of pandas that aren't the defaults, but for those that only show in texts."""
    return [[name, value] for name, value in _pandas(printed=False)]


def _pandas(*, printed: bool) -> Iterator[tuple[str, Any]]:
    # There is no public way to ask for the default of an option.
    registered = getattr(sys.modules.get("pandas._config.config"), "_registered_options", {})
    for name, group, last, default in _places(printed, len(registered)) if registered else ():
        value = group.get(last)
        if value is not default and value != default:
            yield name, value


@functools.lru_cache(maxsize=8)
def _places(printed: bool, count: int) -> list[tuple[str, dict[str, Any], str, Any]]:
    """(name, the dict that it is in, its key there, the default) of each option, for as long as there are so many."""
    config = sys.modules["pandas._config.config"]
    found: list[tuple[str, dict[str, Any], str, Any]] = []
    for name, option in config._registered_options.items():  # noqa: SLF001  as above
        if name.startswith(_PRINTED) is printed and not name.startswith(_NO_MATTER):
            group = config._global_config  # noqa: SLF001  as above
            *groups, last = name.split(".")
            for part in groups:
                group = group[part]
            found.append((name, group, last, _PANDAS.get(name, option.defval)))
    return found
