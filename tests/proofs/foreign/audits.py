"""The audit proof: the test suites of foreign libraries run under the audit, and what runs is in the static closure.

    python tests/proofs/foreign/audits.py [--library NAME …] [--most N] [--weakened RULE] [--write]

Each test function is fingerprinted and then run under a tracer. Code of the library, or of its tests, that ran and that the
fingerprint doesn't hold is an *excess*. Where the fingerprint says that results aren't kept anyway, because of something
that can't be followed, nothing can become stale: those tests are told apart. A library without a suite in its release is
run by its entries (`entries`).

Exits 1 if a test has an excess that isn't known (`KNOWN`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from commandline import Parser
from libraries import Library, chosen, fetch, library
from pages import fill

KNOWN: dict[str, str] = {}
"""Pattern of what runs outside of fingerprints → why that is no danger, or where the limit is documented."""


class Tally(NamedTuple):
    """What the suite of one library showed."""

    library: str
    tests: int
    failed: int
    ran: int
    """Definitions that ran in some test."""
    held: int
    """Tests that ran nothing but what their fingerprints hold."""
    tainted: int
    """Tests with an excess whose results aren't kept anyway."""
    known: Counter[str]
    excess: Counter[str]
    """Definitions that ran outside of fingerprints whose results would be kept, with the number of tests."""
    seconds: float


def prove(one: Library, kept: Path, most: int, weakened: str = "") -> Tally:
    """Run the suite of one library."""
    started = time.monotonic()
    root = fetch(one, kept)
    bench = kept / "audits" / one.name
    shutil.rmtree(bench, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__", "*.c", "*.so", "*.pyi")
    path = bench / "path"
    shutil.copytree(root / one.package, path / one.package, ignore=without)
    suite = path / one.tests if one.tests.startswith(one.package) else bench / "tests"
    if not one.tests:
        _write_entries(one, bench)
    elif not suite.exists():
        shutil.copytree(root / one.tests, suite, ignore=without)
    for conftest in bench.rglob("conftest.py"):
        if "def pytest_ignore_collect(path" in conftest.read_text():
            # Written for releases of pytest that are long gone.
            conftest.unlink()
    (bench / "pytest.ini").write_text("[pytest]\nfilterwarnings = ignore\n")
    report = bench / "report.json"
    folders = [str(path), str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    options = [
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "-p",
        "audit_plugin",
        "-c",
        str(bench / "pytest.ini"),
    ]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", *options, "--rootdir", str(bench), str(suite)],
        cwd=bench,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, folders)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(bench),
            "AUDIT_REPORT": str(report),
            "AUDIT_MOST": str(most),
            "INVISCID_WEAKENED": weakened,
        },
    )
    if not report.exists():
        raise RuntimeError(f"the suite of {one.name} did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return _tally(one, json.loads(report.read_text()), time.monotonic() - started)


def _write_entries(one: Library, bench: Path) -> None:
    script = Path(__file__).with_name("entries.py")
    asked = [str(bench / "path"), one.package, json.dumps(one.left_out), str(bench / "tests")]
    made = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), *asked], check=True, capture_output=True, text=True
    )
    lines = [
        f"from {name.replace(':', ' import ')} as test_{number}" for number, name in enumerate(json.loads(made.stdout))
    ]
    (bench / "tests" / "test_entries.py").write_text("\n".join(lines))


def _tally(one: Library, tests: list[dict[str, Any]], seconds: float) -> Tally:
    known: Counter[str] = Counter()
    excess: Counter[str] = Counter()
    held = tainted = 0
    for test in tests:
        outside = [name for name in test["outside"] if not (why := _known(name)) or known.update([why])]
        if not test["outside"]:
            held += 1
        elif test["tainted"]:
            tainted += 1
        else:
            excess.update(set(outside))
    ran = {name for test in tests for name in test["ran"]}
    failed = sum(test["failed"] for test in tests)
    return Tally(one.name, len(tests), failed, len(ran), held, tainted, known, excess, seconds)


def _known(name: str) -> str:
    return next((why for pattern, why in KNOWN.items() if re.search(pattern, name)), "")


def main() -> None:
    parser = Parser(__doc__, trials=False)
    parser.add_argument("--most", type=int, default=0, help="tests of each library, at most")
    options = parser.parse_args()
    if sys.version_info < (3, 12):
        sys.exit("the audit needs Python 3.12 or newer")
    tallies = []
    for one in chosen(options.library):
        # Everything of these is in reach of every test, which takes seconds to look at.
        most = options.most or (60 if one.whole else 0)
        tallies.append(prove(one, options.kept, most, options.weakened))
        tell(tallies[-1])
    if options.write:
        fill("audit", page(tallies))
    sys.exit(any(tally.excess for tally in tallies))


def tell(tally: Tally) -> None:
    print(
        f"{tally.library}: {tally.tests} tests ({tally.failed} fail), {tally.ran} definitions ran; {tally.held} tests held, "
        f"{tally.tainted} not kept anyway, {len(tally.excess)} definitions in excess; {tally.seconds:.0f} s",
        flush=True,
    )
    for name, count in tally.excess.most_common():
        print(f"  EXCESS {name} in {count} tests")


def page(tallies: list[Tally]) -> str:
    """The table of the documentation."""
    lines = [
        "| library | tests | definitions that ran | tests whose fingerprint held all | not kept anyway | excess |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {one.library} {library(one.library).version} | {one.tests} | {one.ran} | {one.held} | {one.tainted} "
            f"| {len(one.excess)} |"
            for one in tallies
        ),
    ]
    known = sum((one.known for one in tallies), Counter[str]())
    if known:
        lines += ["", "| known limit | times |", "|---|--:|", *(f"| {why} | {count} |" for why, count in known.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
