"""The same code from wherever Python can load it: it counts by what it does, and is seen to change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

TEXT = """
from inviscid import cached

def helper(x):
    return x + 1

@cached
def f(x):
    print("ran f")
    return helper(x)
"""
MAIN = '\nif __name__ == "__main__":\n    print(f(1))\n'
COMPUTED, LOADED = "ran f\n2\n", "2\n"
CHANGED = "ran f\n3\n"


def changed(text: str) -> str:
    return text.replace("x + 1", "x + 2")


def python(project: Any, *arguments: str, **environment: str) -> str:
    """What a Python with these arguments prints."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project.folder, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


MODULE_WAYS = {
    "as a module": ("-m", "pkg.mod"),
    "as a script": ("pkg/mod.py",),
    "imported": ("-c", "import pkg.mod; print(pkg.mod.f(1))"),
    "by name": ("-c", "import importlib; print(importlib.import_module('pkg.mod').f(1))"),
    "by runpy": ("-c", "import runpy; runpy.run_module('pkg.mod', run_name='__main__', alter_sys=True)"),
    "under another name": ("-c", "from pkg import mod as m; print(m.f(1))"),
}


@pytest.mark.parametrize("first", MODULE_WAYS)
def test_ways_to_run_a_module_share_entries(project: Any, first: str) -> None:
    project.write(pkg__mod=TEXT + MAIN)
    ways = dict(MODULE_WAYS)
    assert python(project, *ways.pop(first)) == COMPUTED
    assert {name: python(project, *way) for name, way in ways.items()} == dict.fromkeys(ways, LOADED)
    project.write(pkg__mod=changed(TEXT) + MAIN)
    assert python(project, *MODULE_WAYS[first]) == CHANGED


PACKAGE_WAYS = {
    "as a package": ("-m", "pkg"),
    "as a module": ("-m", "pkg.__main__"),
    "as a folder": ("pkg",),
    "imported": ("-c", "import pkg.__main__ as m; print(m.f(1))"),
}


@pytest.mark.parametrize("first", PACKAGE_WAYS)
def test_ways_to_run_a_package_share_entries(project: Any, first: str) -> None:
    (project.folder / "pkg").mkdir()
    (project.folder / "pkg" / "__init__.py").touch()
    (project.folder / "pkg" / "__main__.py").write_text(TEXT + MAIN)
    ways = dict(PACKAGE_WAYS)
    assert python(project, *ways.pop(first)) == COMPUTED
    assert {name: python(project, *way) for name, way in ways.items()} == dict.fromkeys(ways, LOADED)


def test_a_package_that_runs_imports_its_own_modules(project: Any) -> None:
    project.write(pkg__parts=TEXT, script="import pkg.parts; print(pkg.parts.f(1))")
    (project.folder / "pkg" / "__main__.py").write_text("from .parts import f\nprint(f(1))\n")
    assert python(project, "-m", "pkg") == COMPUTED
    assert python(project, "script.py") == LOADED


def test_an_archive_on_the_path(project: Any) -> None:
    archive = project.folder / "packed.zip"

    def pack(text: str) -> None:
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("inner/__init__.py", "")
            file.writestr("inner/mod.py", text)

    call = ("-c", "from inner.mod import f; print(f(1))")
    pack(TEXT)
    assert python(project, *call, PYTHONPATH=f"{archive}{os.pathsep}{_path()}") == COMPUTED
    assert python(project, *call, PYTHONPATH=f"{archive}{os.pathsep}{_path()}") == LOADED
    # The text comes from the archive too, so the same module in a folder does the same.
    project.write(inner__mod=f"# comment\n{TEXT}")
    assert python(project, *call) == LOADED
    pack(changed(TEXT))
    assert python(project, *call, PYTHONPATH=f"{archive}{os.pathsep}{_path()}") == LOADED, "the folder comes first"
    shutil.rmtree(project.folder / "inner")
    assert python(project, *call, PYTHONPATH=f"{archive}{os.pathsep}{_path()}") == CHANGED


def _path() -> str:
    return os.environ.get("PYTHONPATH", "")


def test_a_compiled_module_without_its_text(project: Any) -> None:
    """Only `.pyc` files: it is fingerprinted by bytecode."""

    def compiled(text: str) -> None:
        project.write(source=text)
        python(
            project,
            "-c",
            "import py_compile; py_compile.compile('source.py', 'mod.pyc', dfile='gone.py', doraise=True)",
        )
        (project.folder / "source.py").unlink()

    call = ("-c", "from mod import f; print(f(1))")
    compiled(TEXT)
    assert python(project, *call) == COMPUTED
    assert python(project, *call) == LOADED
    compiled(changed(TEXT))
    assert python(project, *call) == CHANGED


def test_a_namespace_package(project: Any) -> None:
    for folder, name in (("one", "mod"), ("two", "tools")):
        (project.folder / folder / "space").mkdir(parents=True)
        (project.folder / folder / "space" / f"{name}.py").write_text(
            TEXT.replace("x + 1", "tools.plus(x)").replace("from", "from space import tools\nfrom", 1)
            if name == "mod" else "def plus(x):\n    return x + 1\n"
        )  # fmt: skip
    path = os.pathsep.join([str(project.folder / "one"), str(project.folder / "two"), _path()])
    call = ("-c", "from space.mod import f; print(f(1))")
    assert python(project, *call, PYTHONPATH=path) == COMPUTED
    assert python(project, *call, PYTHONPATH=path) == LOADED
    (project.folder / "two" / "space" / "tools.py").write_text("def plus(x):\n    return x + 2\n")
    assert python(project, *call, PYTHONPATH=path) == CHANGED


@pytest.fixture
def site_folder(project: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "venv" / "lib" / "python" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def installed(site_folder: Path, record: list[str], direct_url: dict[str, Any] | None = None) -> None:
    """Write what pip writes about a distribution called tools."""
    info = site_folder / "tools-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tools\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{line},,\n" for line in [*record, "tools-1.0.dist-info/RECORD"]))
    if direct_url is not None:
        (info / "direct_url.json").write_text(json.dumps(direct_url))


HELPER = "def helper(x):\n    return x + 1\n"
USES = """
import site, sys
site.addsitedir(sys.argv[1])
from inviscid import cached, fingerprint
from tools import helper

@cached
def f(x):
    print("ran f")
    return helper(x)

print(f(1), sorted(item.name for item in fingerprint(f).distributions))
"""


def test_an_editable_install_is_user_code(project: Any, site_folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "checkout" / "src"
    source.mkdir(parents=True)
    (source / "tools.py").write_text(HELPER)
    (site_folder / "__editable__.tools-1.0.pth").write_text(f"{source}\n")
    installed(
        site_folder, ["__editable__.tools-1.0.pth"], {"url": f"file://{source.parent}", "dir_info": {"editable": True}}
    )
    project.write(script=USES)
    assert python(project, "script.py", str(site_folder)) == "ran f\n2 []\n"
    (source / "tools.py").write_text(f"# comment\n{HELPER}")
    assert python(project, "script.py", str(site_folder)) == "2 []\n"
    (source / "tools.py").write_text(changed(HELPER))
    assert python(project, "script.py", str(site_folder)) == "ran f\n3 []\n"


def test_an_editable_install_by_a_finder_is_user_code(project: Any, site_folder: Path, tmp_path: Path) -> None:
    """The other way of setuptools: a module in the site folder puts a finder on the meta path."""
    source = tmp_path / "checkout"
    source.mkdir()
    (source / "tools.py").write_text(HELPER)
    (site_folder / "__editable___tools_finder.py").write_text(
        "import importlib.util, sys\n"
        "class Finder:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        f"        return importlib.util.spec_from_file_location(name, {str(source / 'tools.py')!r}) if name == 'tools' else None\n"
        "def install():\n"
        "    sys.meta_path.append(Finder)\n"
    )
    (site_folder / "__editable__.tools-1.0.pth").write_text(
        "import __editable___tools_finder; __editable___tools_finder.install()\n"
    )
    installed(
        site_folder, ["__editable__.tools-1.0.pth", "__editable___tools_finder.py"],
        {"url": f"file://{source}", "dir_info": {"editable": True}},
    )  # fmt: skip
    project.write(script=USES)
    assert python(project, "script.py", str(site_folder)) == "ran f\n2 []\n"
    (source / "tools.py").write_text(changed(HELPER))
    assert python(project, "script.py", str(site_folder)) == "ran f\n3 []\n"


def test_an_install_counts_by_its_version(project: Any, site_folder: Path) -> None:
    (site_folder / "tools.py").write_text(HELPER)
    installed(site_folder, ["tools.py"])
    project.write(script=USES)
    assert python(project, "script.py", str(site_folder)) == "ran f\n2 ['tools']\n"
    (site_folder / "tools-1.0.dist-info").rename(site_folder / "tools-1.1.dist-info")
    metadata = site_folder / "tools-1.1.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.0", "1.1"))
    assert python(project, "script.py", str(site_folder)) == "ran f\n2 ['tools']\n"
    assert python(project, "script.py", str(site_folder)) == "2 ['tools']\n"


def test_functions_made_by_exec(project: Any) -> None:
    made = """
from inviscid import cached
namespace = {{"__name__": "made", "print": print}}
exec("def helper(x): return x + {0}\\ndef f(x):\\n    print('ran f')\\n    return helper(x)", namespace)
f = cached(namespace["f"])
print(f(1))
"""
    project.write(one=made.format(1), two="# other lines\n\n" + made.format(1), three=made.format(2))
    assert [python(project, f"{name}.py") for name in ("one", "one", "two", "three")] == [
        COMPUTED,
        LOADED,
        LOADED,
        CHANGED,
    ]


def test_star_imports_and_names_that_are_passed_on(project: Any) -> None:
    project.write(
        pkg__deep="__all__ = ['helper']\ndef helper(x):\n    return x + 1\ndef hidden(x):\n    return 0\n",
        star=TEXT.replace("def helper(x):\n    return x + 1\n", "from pkg import *\n") + MAIN,
        direct=TEXT.replace("def helper(x):\n    return x + 1\n", "from pkg.deep import helper\n") + MAIN,
        own=TEXT + MAIN,
    )
    (project.folder / "pkg" / "__init__.py").write_text("from .deep import *\n")
    assert [python(project, f"{name}.py") for name in ("star", "direct", "own")] == [COMPUTED, LOADED, LOADED]
    project.write(pkg__deep="def helper(x):\n    return x + 2\n")
    assert [python(project, f"{name}.py") for name in ("star", "direct", "own")] == [CHANGED, "3\n", LOADED]


def test_definitions_under_a_condition(project: Any) -> None:
    text = "import os, sys\n" + TEXT.replace(
        "def helper(x):\n    return x + 1\n",
        "if len(sys.argv) > 1:\n    def helper(x):\n        return x + 2\nelse:\n    def helper(x):\n        return x + 1\n",
    ) + MAIN  # fmt: skip
    project.write(script=text)
    assert python(project, "script.py") == COMPUTED
    assert python(project, "script.py", "other") == CHANGED
    assert python(project, "script.py") == LOADED
    assert python(project, "script.py", "other") == "3\n"


def test_a_module_imported_by_a_constant_name(project: Any) -> None:
    text = TEXT.replace(
        "return helper(x)", "import importlib\n    return importlib.import_module('pkg.plugin').helper(x)"
    )
    project.write(pkg__plugin="def helper(x):\n    return x + 1\n", script=text + MAIN)
    assert python(project, "script.py") == COMPUTED
    assert python(project, "script.py") == LOADED
    project.write(pkg__plugin="def helper(x):\n    return x + 2\n")
    assert python(project, "script.py") == CHANGED


RESULT = """
from dataclasses import dataclass
from inviscid import cached

@dataclass
class Result:
    value: int

@cached
def f(x):
    print("ran f")
    return Result(x)
"""


def test_a_class_of_main_in_a_result(project: Any) -> None:
    """Whoever runs the module as a script gets instances of its own class."""
    own = "\nif __name__ == '__main__':\n    got = f(1)\n    print(got, type(got) is Result)\n"
    project.write(pkg__mod=RESULT + own)
    expected = "Result(value=1) True\n"
    assert python(project, "-m", "pkg.mod") == "ran f\n" + expected
    assert python(project, "-m", "pkg.mod") == expected
    importing = ("-c", "import pkg.mod as m; got = m.f(1); print(got, type(got) is m.Result)")
    # Whether the entry is shared or not: the class is the one that is asked for.
    assert python(project, *importing).removeprefix("ran f\n") == expected
    assert python(project, *importing) == expected
    assert python(project, "-m", "pkg.mod").removeprefix("ran f\n") == expected


EXTENSION = """
#include <Python.h>
static PyObject *helper(PyObject *self, PyObject *x) { return PyLong_FromLong(PyLong_AsLong(x) + 1); }
static PyMethodDef methods[] = {{"helper", helper, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "loose", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_loose(void) { return PyModule_Create(&module); }
"""


def test_a_loose_extension_counts_by_its_content(project: Any) -> None:
    compiler = shutil.which("cc")
    include = sysconfig.get_paths()["include"]
    if compiler is None or not os.path.exists(os.path.join(include, "Python.h")):
        pytest.skip("needs a C compiler and Python's headers")

    def build(text: str) -> None:
        (project.folder / "loose.c").write_text(text)
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O0", f"-I{include}", "loose.c", "-o", f"loose{suffix}"],
            cwd=project.folder, check=True, timeout=120,
        )  # fmt: skip

    build(EXTENSION)
    project.write(script=TEXT.replace("def helper(x):\n    return x + 1\n", "from loose import helper\n") + MAIN)
    assert python(project, "script.py") == COMPUTED
    assert python(project, "script.py") == LOADED
    build(EXTENSION.replace("(x) + 1", "(x) + 2"))
    assert python(project, "script.py") == CHANGED
