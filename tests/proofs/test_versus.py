"""The comparison with other caches, run on inviscid alone; and on caches that it has to find wanting."""

from __future__ import annotations

import importlib.util
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "versus"

# What is imported before the processes are forked, so that each of them doesn't: it takes more than half of the time.
PRELOAD = ("inviscid", "inviscid.fingerprinting.normalize", "inviscid.store.database", "filelock", "sqlite3", "decimal")

# What inviscid gets wrong, and knows it. Whoever mends one takes it out here, and writes the tables anew.
KNOWN = {
    # parameters are part of the interface, a class's name shows in its instances
    "the name of a lambda's parameter": "needless",
    "the name of a helper's parameter": "needless",
    "a class's name": "needless",
    # what can't be followed is not kept
    "a file that appears, where it is only asked for": "never",
}


@pytest.fixture(scope="module")
def versus() -> Any:
    """The script as a module, beside the module of cases that it imports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        module = load("versus")
        yield module
    sys.modules.pop("cases", None)


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def truth(versus: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the cases give without a cache; that they do what they claim is checked on the way."""
    return versus.truths(versus.CASES, tmp_path_factory.mktemp("plain"))


def wrong(versus: Any, peer: Any, truth: Any, folder: Path) -> dict[str, tuple[str, str]]:
    """What isn't right of all cases, each half of them in a process of its own."""

    def half(part: int) -> Any:
        return versus.compare(peer, sys.executable, versus.CASES[part::2], truth[part::2], folder / str(part))

    with ThreadPoolExecutor(2) as pool:
        even, odd = pool.map(half, (0, 1))
    found = [*zip(versus.CASES[::2], even, strict=True), *zip(versus.CASES[1::2], odd, strict=True)]
    return {case.name: (one.verdict, one.why) for case, one in found if one.verdict != "right"}


@pytest.mark.slow
def test_inviscid_is_right_but_for_what_is_known(versus: Any, truth: Any, tmp_path: Path) -> None:
    found = wrong(versus, replace(versus.INVISCID, preload=PRELOAD), truth, tmp_path)
    assert {name: verdict for name, (verdict, _) in found.items()} == KNOWN, found


@pytest.mark.slow
def test_a_cache_that_looks_at_the_function_alone_is_found_wanting(versus: Any, truth: Any, tmp_path: Path) -> None:
    found = {
        name: verdict for name, (verdict, _) in wrong(versus, versus.Peer("", "own_text"), truth, tmp_path).items()
    }
    assert found["a helper's body"] == found["a constant"] == found["a file that it reads"] == "stale"
    assert found["a comment in the function itself"] == "needless"
    assert found["the class of an argument"] == "never"  # its key has the address of the argument
    assert not {"its own body", "its own default", "a helper's docstring"} & found.keys()
    assert all(verdict != "error" for verdict in found.values())


def test_a_cache_that_keeps_nothing_never_hits(versus: Any, truth: Any, tmp_path: Path) -> None:
    """It would be right on every case that changes, if it were not asked again before the edit."""
    judged = versus.compare(versus.PLAIN, sys.executable, versus.CASES[:4], truth[:4], tmp_path)
    assert [one.verdict for one in judged] == ["never"] * 4


@pytest.mark.parametrize("claim", [True, False])
def test_a_case_that_lies_is_refused(versus: Any, tmp_path: Path, *, claim: bool) -> None:
    case = next(case for case in versus.CASES if case.changes is not claim)
    with pytest.raises(versus.ClaimError, match=re.escape(case.name)):
        versus.truths([replace(case, changes=claim)], tmp_path)


def test_a_case_whose_body_is_silent_is_refused(versus: Any, tmp_path: Path) -> None:
    """Whether it ran could not be told."""
    case = versus.CASES[0]
    silent = {name: text.replace("versus.ran", "versus.walked") for name, text in case.before.items()}
    with pytest.raises(versus.ClaimError, match="doesn't say that it runs"):
        versus.truths([replace(case, before=silent)], tmp_path)


def test_an_edit_of_what_is_not_there_is_refused(versus: Any) -> None:
    edit = sys.modules["cases"].Edit("no such text", "")
    with pytest.raises(ValueError, match="0 times"):
        edit.apply({"mod.py": "x = 1\n"})


def test_what_no_state_of_the_code_gives_is_an_error(versus: Any) -> None:
    case = next(case for case in versus.CASES if case.changes)
    good, strange = {"values": ["1"], "ran": [1], "seconds": 1.0}, {"values": ["3"], "ran": [0], "seconds": 1.0}
    served = {"values": ["1"], "ran": [0], "seconds": 1.0}
    truth = ["1"], ["2"]
    assert versus.judge(case, truth, good, served, {"values": ["2"], "ran": [1]}).verdict == "right"
    assert versus.judge(case, truth, good, served, served).verdict == "stale"
    assert versus.judge(case, truth, good, served, strange).verdict == "error"
    assert versus.judge(case, truth, good, strange, strange).verdict == "error"
    assert versus.judge(case, truth, good, served, {"error": "ValueError: no"}) == versus.Judged(
        "error", "edited: ValueError: no"
    )


def test_there_are_enough_cases_and_each_has_a_name_of_its_own(versus: Any) -> None:
    changing = [case.name for case in versus.CASES if case.changes]
    others = [case.name for case in versus.CASES if not case.changes]
    assert len(changing) >= 35
    assert len(others) >= 25
    assert len({*changing, *others}) == len(changing) + len(others)


def test_the_page_and_the_readme_are_of_these_cases(versus: Any) -> None:
    """Who adds a case, or teaches inviscid one, has to write the tables anew."""
    rows = [
        [cell.strip().replace("\\", "") for cell in line.strip("|").split("|")]
        for line in versus.PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
    ]
    shown = {row[0]: row[2] for row in rows if len(row) == 2 + len(versus.PEERS)}
    assert (shown.pop("the edit is of"), shown.pop("---")) == ("inviscid", "---")
    assert shown == {case.name: versus.SHOWN[KNOWN.get(case.name, "right")] for case in versus.CASES}
    figures = {row[0]: dict(zip(versus.VERDICTS, row[1:], strict=False)) for row in rows if len(row) == 8}
    known = list(KNOWN.values())
    assert {name: figures["inviscid"][name] for name in set(known)} == {name: str(known.count(name)) for name in known}
    readme = versus.README.read_text(encoding="utf-8")
    assert f"after {sum(case.changes for case in versus.CASES)} edits that change what comes out" in readme
    for verdict in ("stale", "needless"):
        assert ": " + ", ".join(f"{peer.name} {figures[peer.name][verdict]}" for peer in versus.PEERS) + ".\n" in readme
