"""A process that takes rules out: run as a script, by test_rules.py.

A job is a line of JSON on the standard input, and its answer a line on the standard output. Each job is done in a fork:
there the package is imported for the first time, one module of it from the text that the job brings. What only takes
time to import, and is not ours, is there already.

    job    = {"module", "path", "text", "forms", "modules", "tests"}
    answer = {"forms": [same …], "modules": [same …], "tests": {id: outcome}}    or {"error": text}

Pairs of texts are compared here; tests are run by pytest. An outcome is ``passed``, the name of the exception that a
test ended with, or what went wrong before the test.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.abc
import importlib.util
import io
import json
import linecache
import os
import sys
import tempfile
import traceback
import types
import warnings
from pathlib import Path
from typing import Any

import blake3  # noqa: F401  imported once, for all forks
import hypothesis  # noqa: F401
import joblib  # noqa: F401
import msgpack  # noqa: F401
import numpy as np  # noqa: F401
import pandas as pd  # noqa: F401
import pytest


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another text."""

    def __init__(self, name: str, path: str, text: str) -> None:
        self._name, self._path, self._text = name, path, text

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(name, self, origin=self._path) if name == self._name else None

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        module.__file__ = self._path
        exec(compile(self._text, self._path, "exec"), vars(module))

    def get_data(self, path: str) -> bytes:
        return Path(path).read_bytes()


def same_form(before: str, after: str) -> bool:
    from inviscid.fingerprinting.normalize import normalize
    from inviscid.fingerprinting.source import Located

    def form(text: str) -> Any:
        node: Any = ast.parse(text).body[0]
        made = normalize(Located(node.value if isinstance(node, ast.Assign) else node, "", text), ())
        return made.body, made.slots

    return bool(form(before) == form(after))


def same_module(before: str, after: str) -> bool:
    from inviscid import fingerprint

    there = set(sys.modules)
    found = []
    for text in (before, after):
        for name in ("other", "twin", "third", "passing", "pkg", "pkg.deep"):
            sys.modules.pop(name, None)
        module = types.ModuleType("mod")
        module.__file__ = "mod.py"
        linecache.cache["mod.py"] = (len(text), None, text.splitlines(True), "mod.py")
        sys.modules["mod"] = module
        exec(compile(text, "mod.py", "exec", dont_inherit=True), vars(module))
        found.append(fingerprint(module.f).digest)
    assert "inviscid" in there
    return found[0] == found[1]


class Outcomes:
    """What became of each test."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        report = yield
        name = item.nodeid.removeprefix("tests/unit/")
        if call.when == "call":
            self.found[name] = report.outcome if call.excinfo is None else call.excinfo.type.__name__
        elif report.outcome != "passed":
            self.found[name] = f"{call.when}: {report.longreprtext}"
        return report


def run_tests(names: list[str], folder: Path) -> dict[str, str]:
    outcomes = Outcomes()
    os.chdir(Path(__file__).parents[3])
    # Folders of its own: other runs clean up where they all meet.
    options = [
        "-q",
        f"--basetemp={folder}",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
    ]
    pytest.main([*options, *(f"tests/unit/{name}" for name in names)], [outcomes])
    return outcomes.found


def done(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    if job["module"]:
        sys.meta_path.insert(0, Finder(job["module"], job["path"], job["text"]))
    import inviscid.fingerprinting  # noqa: F401  a rule without which nothing can be imported shows nothing

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        forms = [same_form(*pair) for pair in job["forms"]]
        modules = [same_module(*pair) for pair in job["modules"]]
    tests = run_tests(job["tests"], folder) if job["tests"] else {}
    return {"forms": forms, "modules": modules, "tests": tests}


def in_a_fork(job: dict[str, Any], told: Path) -> dict[str, Any]:
    with told.open("w+") as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            try:
                answer = done(job, told.with_suffix(".tests"))
            except BaseException:
                answer = {"error": traceback.format_exc()}
            told.with_suffix(".answer").write_text(json.dumps(answer))
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
        output.seek(0)
        answer = json.loads(told.with_suffix(".answer").read_text())
        return {**answer, "told": output.read()}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        for name, text in json.loads(input()).items():
            file = Path(folder, f"{name.replace('__', '/')}.py")
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        # What one fork has compiled the next one finds, and nothing is left behind.
        sys.pycache_prefix, sys.dont_write_bytecode = str(Path(folder, "compiled")), False
        with contextlib.redirect_stdout(io.StringIO()):
            # Whatever plugins there are, they are imported here.
            pytest.main(["-q", "-p", "no:cacheprovider", "-c", os.devnull, folder])
        for line in sys.stdin:
            print(json.dumps(in_a_fork(json.loads(line), Path(folder, "told"))), flush=True)


if __name__ == "__main__":
    main()
