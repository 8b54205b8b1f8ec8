"""Where modules come from decides what stands for them."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from inviscid import fingerprint
from inviscid.fingerprinting import places


@pytest.fixture
def site(tmp_path: Path) -> Path:
    places.forget()
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def install(site: Path, dist: str, record: list[str], metadata: str, **files: str) -> None:
    info = site / dist
    info.mkdir()
    (info / "RECORD").write_text("".join(f"{line},sha256=abc,1\n" for line in record))
    (info / "METADATA").write_text(metadata)
    for name, text in files.items():
        (info / name.replace("__", ".")).write_text(text)
    for line in record:
        file = site / line
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def test_a_distribution_counts_by_name_and_version(site: Path) -> None:
    install(site, "Some_Thing-1.2.dist-info", ["other/__init__.py"], "Name: Some_Thing\nVersion: 1.2\n")
    found = places.installed(str(site), str(site / "other" / "deep" / "module.py"))
    assert found == places.Place("distribution", "some-thing", "1.2", "")


def test_distributions_share_a_namespace(site: Path) -> None:
    install(site, "one-1.dist-info", ["space/one.py"], "Name: one\nVersion: 1\n")
    install(site, "two-2.dist-info", ["space/two.py"], "Name: two\nVersion: 2\n")
    assert places.installed(str(site), str(site / "space" / "one.py")).distribution == "one"
    assert places.installed(str(site), str(site / "space" / "two.py")).distribution == "two"


def test_a_local_install_counts_by_content_too(site: Path) -> None:
    install(site, "local-1.dist-info", ["local/__init__.py"], "Name: local\nVersion: 1\n", direct_url__json="{}")
    first = places.installed(str(site), str(site / "local" / "__init__.py"))
    assert first.content
    record = site / "local-1.dist-info" / "RECORD"
    # A script and a compiled file differ from machine to machine, and are not the code.
    record.write_text(record.read_text() + "../../bin/run,sha256=x,1\nlocal/__pycache__/a.pyc,,\n")
    places.forget()
    assert places.installed(str(site), str(site / "local" / "__init__.py")) == first
    record.write_text(record.read_text().replace("abc", "def"))
    places.forget()
    assert places.installed(str(site), str(site / "local" / "__init__.py")) != first


def test_a_file_that_nobody_installed_is_the_users(site: Path) -> None:
    (site / "dropped.py").touch()
    assert places.installed(str(site), str(site / "dropped.py")) == places.USER


def test_the_rest(tmp_path: Path) -> None:
    import json
    import sys

    assert places.place_of("json", json.__file__) == places.STDLIB
    assert places.place_of("sys", None) == places.STDLIB
    assert places.place_of("mine", str(tmp_path / "mine.py")) == places.USER
    assert places.place_of("inviscid.memo", "anywhere") == places.INVISCID
    assert places.place_of("made_by_hand", None) == places.USER
    assert places.installed_module("no_such_module_anywhere") == places.USER
    assert places.place_of_globals(vars(sys.modules["pytest"])).distribution == "pytest"


def test_a_compiled_module_of_the_users_counts_by_its_file(project: Any) -> None:
    modules = [importlib.import_module(name) for name in ("_heapq", "_bisect", "_struct", "_json", "_csv")]
    found = next((module for module in modules if hasattr(module, "__file__")), None)
    if found is None:
        pytest.skip("this Python has all of them built in")
    name = found.__name__
    function = next(key for key, value in vars(found).items() if type(value) is type(len))
    project.write(pkg__other="")
    own = project.folder / "pkg" / Path(str(found.__file__)).name
    shutil.copy(str(found.__file__), own)
    mod = project.edit(f"from pkg.{name} import {function}\ndef f(x): return {function}(x)\n")
    before = fingerprint(mod.f)
    assert not before.taints
    assert fingerprint(mod.f) is before
    # It is replaced, and not written to: the file is in use.
    changed = project.folder / "changed"
    changed.write_bytes(own.read_bytes() + b"more")
    os.replace(changed, own)
    assert fingerprint(mod.f).digest != before.digest
