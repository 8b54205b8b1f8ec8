"""What is run on the project: `nox -s tests`, `nox -s demo`, …; `nox --list` names them all.

Every session makes its own environment with pip, on the Python that runs nox; `tests` does so on each supported Python
that it finds.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PYTHONS = ["3.11", "3.12", "3.13"]
RELIABILITY = ["crash", "concurrency", "faults", "attacks", "versus_faults"]

# Interpreters that pyenv has built, but not switched on, are not on PATH. Last, so that they are preferred to nothing.
_PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
_BUILT = [str(folder) for folder in sorted(_PYENV.glob("*/bin"))]
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), *_BUILT])

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["tests", "lint", "types", "imports", "docs"]
nox.options.default_venv_backend = "virtualenv"  # comes with nox, and works where the venv module is missing
nox.options.reuse_venv = "yes"
# A Python that isn't there is skipped, in CI too; but a run that finds none, and so tests nothing, must not look green.
nox.options.error_on_missing_interpreters = not (
    f"{sys.version_info.major}.{sys.version_info.minor}" in PYTHONS
    or any(shutil.which(f"python{version}") for version in PYTHONS)
)


def _group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PROJECT, name))


@nox.session
def demo(session: nox.Session) -> None:
    """The main job on real data: a pipeline that is run, edited and run again. Leaves its report in flights-report/."""
    session.install("--quiet", ".", *_group("demo"))
    session.run("python", "examples/flights/demo.py", *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The whole test suite against the built wheel, on each supported Python that is there."""
    # With pyarrow, pandas keeps text in another way: one Python tests that way, the others the way without.
    more = ["pyarrow>=17", "polars>=1"] if session.python == "3.12" else []
    # And one has what the extra brings; on the others its tests are skipped, or take the way without.
    extra = "[graphs]" if session.python == "3.12" else ""
    session.install("--quiet", f".{extra}", *_group("test"), *more)
    # The proofs of the store ask little of Python and much of the machine: one Python runs them.
    left_out = [] if session.python == "3.12" else [f"--ignore=tests/proofs/test_{name}.py" for name in RELIABILITY]
    # A worker for each core. Not where a part is asked for: to start them takes longer than most parts.
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "logical", *left_out]))


@nox.session
def cov(session: nox.Session) -> None:
    """The test suite once more, with the coverage of lines and branches, those of started processes included."""
    session.install("--quiet", ".", *_group("coverage"))
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report")


@nox.session
def machine(session: nox.Session) -> None:
    """The pipeline at random against a model that always recomputes, for 12,000 steps; `tests` has a few hundred."""
    session.install("--quiet", ".", *_group("test"))
    session.run(
        "python", "-m", "pytest", "tests/proofs/test_machine.py", *session.posargs, env={"INVISCID_STEPS": "12000"}
    )


@nox.session
def crash(session: nox.Session) -> None:
    """Power failures in a model, then processes that die or fail at a system call; needs strace. There are some twenty
    thousand faults: `nox -s crash -- --full` takes them all, and without it there is a sample of them.
    """
    session.install("--quiet", ".")
    session.run("python", "tests/proofs/reliability/powerloss.py")
    session.run("python", "tests/proofs/reliability/crash.py", *session.posargs)


@nox.session
def attacks(session: nox.Session) -> None:
    """What somebody who can write to a store, and has no signing key, can do to those who use it."""
    session.install("--quiet", ".", "numpy>=1.26")
    session.run("python", "tests/proofs/reliability/attacks.py", *session.posargs)


@nox.session
def concurrency(session: nox.Session) -> None:
    """Many processes and threads on one store: stampedes, killed holders, recursion, continuous gc, stopped writers,
    forks. `nox -s concurrency -- --full` is minutes of it, and without it there is less of each.
    """
    session.install("--quiet", ".", "numpy>=1.26")
    session.run("python", "tests/proofs/reliability/concurrency.py", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Damaged, full, locked and read-only stores through the calls of cached functions; needs strace. Without
    `nox -s faults -- --full` there is a sample. Where Python 3.11 and 3.13 are there, they share a store.
    """
    session.install("--quiet", ".", "numpy>=1.26", "virtualenv")
    environments = str(Path(session.cache_dir) / "faults")
    session.run("python", "tests/proofs/reliability/faults.py", "--environments", environments, *session.posargs)


@nox.session
def versus_faults(session: nox.Session) -> None:
    """What becomes of inviscid and its peers under the same faults: benchmarks/faults, in one environment.
    `nox -s versus_faults -- --write` writes the table of docs/explanation/reliability.md; `--only bit` bounds it.
    """
    session.install("--quiet", ".", *_group("benchmark"))
    session.run("python", "benchmarks/faults/faults.py", *session.posargs)


@nox.session
def versus(session: nox.Session) -> None:
    """Who notices which edit: the cases of benchmarks/versus through inviscid and its peers, each in an environment of
    its own. `nox -s versus -- --write` writes the tables of docs/explanation/versus.md; `--only class` bounds it.
    """
    session.install("--quiet", "virtualenv")
    environments = str(Path(session.cache_dir) / "versus")
    session.run("python", "benchmarks/versus/versus.py", "--environments", environments, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """How fast inviscid is: the rows of benchmarks/speed through it and its peers in turn, in one environment.
    `nox -s bench -- --write` writes docs/explanation/speed.md and its plot; `--only cold` bounds it, `--quick` too.
    """
    session.install("--quiet", ".", *_group("benchmark"))
    session.run("python", "benchmarks/speed/speed.py", *session.posargs)


@nox.session
def eager(session: nox.Session) -> None:
    """All tests of calls once more, with every function on the short way as soon as it can be."""
    session.install("--quiet", ".", *_group("test"))
    session.run(
        "python", "-m", "pytest", "-p", "tests.eager", *(session.posargs or ["tests/unit", "tests/integration"])
    )


def _foreign(session: nox.Session, proof: str, *groups: str) -> None:
    session.install("--quiet", ".", *(package for group in groups for package in _group(group)))
    kept = Path(session.create_tmp(), "foreign").resolve()
    session.run("python", f"tests/proofs/foreign/{proof}.py", "--kept", str(kept), *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Libraries from PyPI, one definition changed at a time: who gives something else must have another fingerprint."""
    _foreign(session, "mutants")


@nox.session(python="3.12")
def audit(session: nox.Session) -> None:
    """The test suites of libraries from PyPI under the audit: fingerprints hold all that the tests run."""
    _foreign(session, "audits", "test")


@nox.session
def rewrites(session: nox.Session) -> None:
    """Libraries from PyPI, all files written in another way: who gives the same must keep its fingerprint."""
    _foreign(session, "rewrites", "proofs")


@nox.session
def history(session: nox.Session) -> None:
    """Edits from one release of a library from PyPI to the next: who gives something else has another fingerprint."""
    _foreign(session, "history", "proofs")


@nox.session
def browser(session: nox.Session) -> None:
    """The report in headless Chromium, which the system has to have. `nox -s browser -- --write` takes the pictures for
    docs/how-to/ anew.
    """
    session.install("--quiet", ".", *_group("browser"))
    arguments = [argument for argument in session.posargs if argument != "--write"]
    written = {"REPORT_SCREENSHOTS": str(ROOT / "docs" / "how-to")} if "--write" in session.posargs else {}
    session.run("python", "-m", "pytest", "tests/integration/test_report_browser.py", *arguments, env=written)


@nox.session
def lint(session: nox.Session) -> None:
    """Rules and format of the source."""
    session.install("--quiet", *_group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """The source under mypy strict; the typed examples of calls under mypy strict and pyright."""
    session.install("--quiet", "-e", ".", *_group("types"))
    session.run("mypy")
    session.run("pyright", "tests/typing")


@nox.session
def imports(session: nox.Session) -> None:
    """The floors: which module may import which."""
    session.install("--quiet", "-e", ".", *_group("imports"))
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, with warnings as errors. `nox -s docs -- serve` shows it while it is written."""
    session.install("--quiet", "-e", ".", *_group("docs"))
    session.run("mkdocs", *(session.posargs or ["build", "--strict"]), env={"NO_MKDOCS_2_WARNING": "1"})
