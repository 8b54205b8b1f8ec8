"""What all tests share: a store of their own, modules written on the fly, and the list of bodies that ran."""

from __future__ import annotations

import importlib
import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from inviscid import configuration, events, settings, weighing

_ran: list[str] = []


def _hear(event: str, args: tuple[object, ...]) -> None:
    if event == "test.ran":
        _ran.append(str(args[0]))


# A body says that it runs by `sys.audit("test.ran", "name")`: nothing that a fingerprint could take for state.
sys.addaudithook(_hear)


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store of its own for each test, and no settings from outside."""
    for name in [name for name in os.environ if name.startswith("INVISCID")]:
        monkeypatch.delenv(name)
    store = tmp_path / "store"
    monkeypatch.setenv("INVISCID_STORE", str(store))
    monkeypatch.setattr(configuration, "_process", [])
    monkeypatch.setattr(settings, "_process_modes", [])
    monkeypatch.setattr(settings, "_project", None)
    monkeypatch.setattr(events, "_warned", set())
    # How long calls take here depends on what else the machine does.
    monkeypatch.setattr(weighing, "_SECONDS", math.inf)
    _ran.clear()
    yield store
    # Workers that are kept have the environment of the test that started them.
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    if loky is not None and loky._executor is not None:
        loky._executor.shutdown(wait=True, kill_workers=True)


@pytest.fixture
def ran() -> Callable[[], list[str]]:
    """The bodies that ran since the last look, in order."""

    def take() -> list[str]:
        found = list(_ran)
        _ran.clear()
        return found

    return take


class Project:
    """A folder of modules on the path, which can be edited and imported anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def write(self, **modules: str) -> None:
        """Write modules; ``package__module`` becomes ``package/module.py``."""
        for name, text in modules.items():
            file = self.folder / f"{name.replace('__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.parent != self.folder and not (file.parent / "__init__.py").exists():
                (file.parent / "__init__.py").write_text("")
            file.write_text(textwrap.dedent(text), encoding="utf-8")

    def load(self, name: str = "mod") -> ModuleType:
        """Import a module as a new process would: nothing of the project is loaded yet."""
        self.forget()
        importlib.invalidate_caches()
        return importlib.import_module(name)

    def forget(self) -> None:
        """Unload every module of the project, and what a test put in the place of one."""
        names = {file.stem for file in self.folder.glob("*.py")}
        for loaded, module in list(sys.modules.items()):
            if loaded in names or str(getattr(module, "__file__", None) or "").startswith(str(self.folder)):
                del sys.modules[loaded]

    def edit(self, text: str, name: str = "mod") -> ModuleType:
        """Write one module and import it anew."""
        self.write(**{name: text})
        return self.load(name)

    def run(self, script: str, *args: str, python: str = sys.executable, **env: str) -> str:
        """Run a script of the project in a process of its own; its standard output."""
        done = subprocess.run(
            [python, script, *args], check=False, cwd=self.folder, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty project on the path."""
    made = Project(tmp_path / "project")
    monkeypatch.syspath_prepend(str(made.folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield made
    made.forget()


@pytest.fixture
def hooked() -> Iterator[Callable[[Callable[[Any], Any]], None]]:
    """Puts a function where only a pickle finds it, by its name."""

    def hook(function: Callable[[Any], Any]) -> None:
        sys.modules["inviscid_hidden"] = module = ModuleType("inviscid_hidden")
        vars(module)["hook"] = function

    yield hook
    sys.modules.pop("inviscid_hidden", None)
