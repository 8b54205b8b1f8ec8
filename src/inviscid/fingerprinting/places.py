"""Where code comes from, and so what stands for it: its text, a version, or the Python that runs.

- *user* code counts by value: scripts, notebooks, packages on the path, editable installs;
- a *distribution* in a site directory counts by name and version. One that was installed from a folder or a repository
can
  change under the same version, so it counts by the digests in its RECORD too. (RECORD alone would not do: it lists
  compiled files and scripts that name the environment's Python, so it differs from machine to machine.)
- the *standard library* counts by the version of Python, which is in every key.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import re
import sys
from typing import Any, NamedTuple

from inviscid.digest import combine

_PACKAGE = __name__.partition(".")[0]


class Place(NamedTuple):
    """Where a module lives; `distribution`, `version` and `content` are for installed ones."""

    kind: str
    """``user``, ``distribution``, ``stdlib`` or ``inviscid``."""
    distribution: str = ""
    version: str = ""
    content: str = ""
    """Digest (hex) of a local or VCS install; empty for others."""


USER = Place("user")
STDLIB = Place("stdlib")
INVISCID = Place("inviscid")

_STDLIB_FOLDER = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_by_module: dict[tuple[str, str | None], Place] = {}
_by_file: dict[str, Place] = {}
_lists: dict[str, list[tuple[str, str]]] = {}


def place_of(module: str, file: str | None) -> Place:
    """Where a module comes from.

    Args:
        module: its full name.
        file: what it was loaded from; None for built-in, frozen and namespace modules.
    """
    known = _by_module.get((module, file))
    if known is None:
        known = _by_module[module, file] = _place(module, file)
    return known


def place_of_globals(namespace: dict[str, Any]) -> Place:
    """Where the functions with these globals come from."""
    file = namespace.get("__file__")
    return place_of(str(namespace.get("__name__", "")), file if isinstance(file, str) else None)


def place_of_module_named(name: str) -> Place:
    """Where a module comes from, by its name; a name that is not loaded belongs to the user."""
    module = sys.modules.get(name)
    return USER if module is None else place_of_globals(vars(module))


def _place(module: str, file: str | None) -> Place:
    top = module.partition(".")[0]
    if top == _PACKAGE:
        return INVISCID
    if file is None:
        return STDLIB if top in sys.stdlib_module_names else _place_of_namespace(module)
    path = os.path.abspath(file)
    site = _site_folder(path)
    if site:
        return installed(site, path)
    if os.path.realpath(path).startswith(_STDLIB_FOLDER):
        return STDLIB
    return USER


def _place_of_namespace(module: str) -> Place:
    loaded = sys.modules.get(module)
    for folder in getattr(loaded, "__path__", ()):
        if site := _site_folder(os.path.join(folder, "")):
            return installed(site, folder)
    return USER


def _site_folder(path: str) -> str:
    """The site directory that a path lies in; empty if none."""
    for name in ("site-packages", "dist-packages"):
        head, found, _ = path.rpartition(f"{os.sep}{name}{os.sep}")
        if found:
            return os.path.join(head, name)
    return ""


def installed(site: str, path: str) -> Place:
    """The distribution that owns a file of a site directory; the user, where none does."""
    relative = os.path.relpath(path, site).replace(os.sep, "/")
    top = relative.partition("/")[0].partition(".")[0]
    if os.path.isfile(os.path.join(site, top, "__init__.py")):
        # A package that is no namespace has one owner.
        relative, path = f"{top}/__init__.py", os.path.join(site, top)
    if path in _by_file:
        return _by_file[path]
    listed = _lists.get(site)
    if listed is None:
        listed = _lists[site] = _distributions(site)
    likely = [item for item in listed if item[0] == _canonical(top)]
    # The name of a distribution need not be that of its package, and packages of several share a namespace.
    found = next((folder for _, folder in [*likely, *listed] if _owns(os.path.join(site, folder), relative)), None)
    place = USER if found is None else _distribution(os.path.join(site, found))
    _by_file[path] = place
    return place


def _distributions(site: str) -> list[tuple[str, str]]:
    try:
        names = sorted(os.listdir(site))
    except OSError:
        return []
    return [(_canonical(name.split("-")[0]), name) for name in names if name.endswith((".dist-info", ".egg-info"))]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(*parts: str) -> str:
    try:
        with open(os.path.join(*parts), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _owns(info: str, relative: str) -> bool:
    record = _read(info, "RECORD") or _read(info, "SOURCES.txt")
    if f"\n{relative}," in f"\n{record}" or f"\n{relative}\n" in f"\n{record}\n":
        return True
    # A namespace package is a folder and has no line of its own; neither have installs without RECORD.
    if os.path.splitext(relative)[1] == "" and f"\n{relative.rstrip('/')}/" in f"\n{record}":
        return True
    return not record and relative.partition("/")[0].partition(".")[0] in _read(info, "top_level.txt").split()


def _distribution(info: str) -> Place:
    folder = os.path.basename(info)
    stem = folder.removesuffix(".dist-info").removesuffix(".egg-info")
    name, _, version = stem.partition("-")
    metadata = _read(info, "METADATA") or _read(info, "PKG-INFO")
    if found := re.search(r"^Name:\s*(\S+)", metadata, re.MULTILINE):
        name = found.group(1)
    if found := re.search(r"^Version:\s*(\S+)", metadata, re.MULTILINE):
        version = found.group(1)
    content = ""
    if _read(info, "direct_url.json"):
        lines = sorted(line for line in _read(info, "RECORD").splitlines() if _is_code(line, folder))
        content = combine("record", *(line.encode() for line in lines)).hex()
    return Place("distribution", _canonical(name), version, content)


def _is_code(line: str, info: str) -> bool:
    return not line.startswith(("../", f"{info}/")) and "__pycache__" not in line


def extension_of(module: str) -> str:
    """The file of a compiled module of the user's; empty for all other modules."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if not isinstance(file, str) or not file.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)):
        return ""
    return file if place_of(module, file).kind == "user" else ""


def stamp_of(file: str) -> list[int]:
    """What tells that a file is another than before; empty where it can't be asked."""
    try:
        found = os.stat(file)
    except OSError:
        return []
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns]


def forget() -> None:
    """Drop what was remembered of installed distributions; for tests and for long-lived processes that install."""
    _by_module.clear()
    _by_file.clear()
    _lists.clear()


def installed_module(name: str) -> Place:
    """Where a module would be imported from, without importing it or its package."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return STDLIB
    module = sys.modules.get(top)
    if module is not None:
        return place_of_globals(vars(module))
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return USER
    if spec is None:
        return USER
    return place_of(top, spec.origin or next(iter(spec.submodule_search_locations or ()), None))
