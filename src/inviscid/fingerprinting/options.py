"""Options of installed libraries that hold for the whole process, and change what functions return.

Only what differs from the default counts: a process that hits may not have loaded the library, and has no options yet.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Collection, Iterator
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
_PRINTED = ("display.", "styler.")
_NO_MATTER = ("display.encoding", "plotting.")


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
