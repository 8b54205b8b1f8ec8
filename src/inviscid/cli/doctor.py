"""`inviscid doctor`: whether everything is as inviscid needs it, and what to do where it isn't."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import typer

from inviscid import lockfile
from inviscid.cli.output import AsJson, StorePath, open_store, print_json, print_table, reported
from inviscid.digest import KEY_VERSION
from inviscid.errors import InviscidError, LockError
from inviscid.settings import current_mode, project
from inviscid.store import Check

_PACKAGES = ("inviscid", "blake3", "filelock", "joblib", "msgpack", "numpy", "pandas")


def doctor(store: StorePath = None, as_json: AsJson = False) -> None:
    """Check store, inviscid.lock, locks, file system, versions, rights and clock; exit code 1 if one is wrong."""
    with reported():
        checks = [_packages(), *_settings(), _lockfile(), *open_store(store).checkup()]
    if as_json:
        print_json([check._asdict() for check in checks])
    else:
        print_table(
            ("", "what", "found", "what to do"),
            [(check.state, check.name, check.found, check.cure) for check in checks],
        )
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(1)


def _packages() -> Check:
    found = [f"Python {platform.python_version()}", f"keys {KEY_VERSION}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return Check("packages", "ok", ", ".join(found))


def _settings() -> list[Check]:
    """Where the settings come from, and whether they can be read."""
    named = sorted(name for name in os.environ if name.startswith("INVISCID_"))
    try:
        settings = [*named, *(f"{name} of pyproject.toml" for name in sorted(project()))]
        mode = current_mode().name
    except InviscidError as error:
        return [Check("settings", "wrong", str(error), "mend the setting")]
    checks = [Check("settings", "ok", ", ".join(settings) or "none but the defaults")]
    if mode != "on":
        checks.append(
            Check("mode", "note", f"'{mode}' is in force", "unset INVISCID_MODE, or take it out of pyproject.toml")
        )
    return checks


def _lockfile() -> Check:
    """Whether what is frozen and accepted can be read: every call asks for it."""
    place = lockfile.place()
    try:
        found = lockfile.current()
    except LockError as error:
        where = f"{error.file}, line {error.line}" if error.line else error.file
        cure = error.cure if error.line else "make it a file that you can read, or bring back the one that was there"
        return Check(lockfile.NAME, "wrong", f"{where}: {error.what}", cure)
    if not place or not os.path.lexists(place):
        return Check(lockfile.NAME, "ok", "there is none: nothing is frozen or accepted")
    if not os.path.exists(place):
        return Check(lockfile.NAME, "wrong", f"{place} is a link that leads nowhere", "mend the link, or remove it")
    frozen, accepted = len(found.all()), len(found.acceptances())
    return Check(lockfile.NAME, "ok", f"{place}: {frozen} frozen, {accepted} accepted")
