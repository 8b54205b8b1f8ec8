"""inviscid beside its peers: who notices which edit.

    nox -s versus -- [--write] [--only TEXT] [--limit N] [--peers a,b]

Each *case* is a small project and an edit (`cases.py`). Each *peer* has an environment of its own, with pinned
versions, and an *adapter* that says how its decorator is used. A case runs in three *states*, each in a new process
with another hash seed, over the same folder and store:

- `cold`: the project as it was, with an empty store;
- `again`: nothing was edited;
- `edited`: the files were edited on disk.

What is right is not a matter of opinion: all cases are run without a cache as well, before and after the edit, and a
case whose claim is not what happens there is refused.

The *verdict* on a peer and a case is

- `stale`: it gives what the old code gave, and not what the new code gives;
- `needless`: it runs the body again although the edit changes nothing;
- `never`: it runs the body again although nothing was edited, so that the other verdicts would say nothing;
- `error`: it raises, or gives what no state of the code gives;
- `right`: none of these.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cases import CASES, Case

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE, README = ROOT / "docs" / "explanation" / "versus.md", ROOT / "README.md"
BEGIN, END = "<!-- written by nox -s versus: begin -->\n", "<!-- written by nox -s versus: end -->\n"
VERDICTS = ("right", "stale", "needless", "never", "error")
SHOWN = {"right": "✓", "stale": "**stale**", "needless": "needless", "never": "never hits", "error": "error"}
AT_ONCE = 2


@dataclass(frozen=True)
class Peer:
    """A library that is compared.

    Attributes:
        name: what it is called in the tables.
        adapter: the file in `adapters/`.
        requirements: what its environment holds, all of it pinned; of inviscid, this working tree.
        preload: what is imported before the processes are forked. Only where it doesn't look at the project by then.
    """

    name: str
    adapter: str
    requirements: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()


PLAIN = Peer("no cache", "plain")
INVISCID = Peer("inviscid", "inviscid", (str(ROOT),), ("inviscid",))
PEERS = (
    INVISCID,
    Peer(
        "charmonium.cache",
        "charmonium",
        (
            "charmonium.cache==1.4.1",
            "charmonium.freeze==0.8.6",
            "bitmath==1.4.0.1",
            "fasteners==0.20",
            "typing_extensions==4.16.0",  # charmonium.freeze imports it, and doesn't say so
        ),
    ),
    Peer("checkpointer", "checkpointer", ("checkpointer==2.14.12",)),
    Peer("joblib", "joblib", ("joblib==1.6.0", "cloudpickle==3.1.3"), ("joblib",)),
)


class ClaimError(Exception):
    """A case doesn't do what it claims."""


@dataclass(frozen=True)
class Judged:
    """The verdict on one peer and one case, and what led to it."""

    verdict: str
    why: str
    cold: float = 0.0
    again: float = 0.0


# ------------------------------------------------------------------------------------------------------- environments


def environment(peer: Peer, folder: Path) -> str:
    """The interpreter of the peer's environment, which is made if it isn't there."""
    place = folder / peer.adapter
    python = place / "bin" / "python"
    if not python.exists():
        tool = "virtualenv" if find_spec("virtualenv") else "venv"
        subprocess.run([sys.executable, "-m", tool, str(place)], check=True, stdout=subprocess.DEVNULL)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *peer.requirements], check=True)
    if peer == INVISCID:
        # The version of a working tree says nothing of its content.
        subprocess.run([*pip, "--force-reinstall", "--no-deps", str(ROOT)], check=True)
    return str(python)


# ------------------------------------------------------------------------------------------------------------- running


def lay(files: dict[str, str], folder: Path) -> None:
    """Write all files anew, and delete what is there besides."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.rglob("*"):
        if file.is_file() and str(file.relative_to(folder)) not in files:
            file.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def run(peer: Peer, python: str, cases: Sequence[Case], root: Path, state: str) -> list[dict[str, Any]]:
    """The answers of all cases in one state."""
    root = root.resolve()
    jobs = []
    for number, case in enumerate(cases):
        base = root / f"{number:03}"
        lay(case.after if state == "edited" else case.before, base / "project")
        job = {name: str(base / name) for name in ("project", "store")}
        jobs.append(
            {**job, "calls": case.calls, "log": str(base / f"{state}.log"), "answer": str(base / f"{state}.json")}
        )
    todo = root / f"{state}.json"
    adapter = str(HERE / "adapters" / f"{peer.adapter}.py")
    todo.write_text(json.dumps({"adapter": adapter, "preload": peer.preload, "jobs": jobs}), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INVISCID", "PYTHONHASHSEED"))}
    # No bytecode: files here are edited within one second. A home of its own: nobody's own caches are touched.
    seed = str(["cold", "again", "edited"].index(state))
    extra = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": seed, "HOME": str(root)}
    subprocess.run([python, str(HERE / "driver.py"), str(todo)], env={**kept, **extra}, check=True)
    return [_answer(Path(job["answer"])) for job in jobs]


def _answer(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {"error": "the process was killed"}
    answer: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return answer


def truths(cases: Sequence[Case], root: Path) -> list[tuple[list[str], list[str]]]:
    """What each case gives before and after the edit, without a cache.

    Raises:
        ClaimError: a case fails, or gives another thing than it claims.
    """
    before = run(PLAIN, sys.executable, cases, root, "cold")
    after = run(PLAIN, sys.executable, cases, root, "edited")
    wrong = [objection for each in zip(cases, before, after, strict=True) if (objection := _objection(*each))]
    if wrong:
        raise ClaimError("\n".join(wrong))
    return [(old["values"], new["values"]) for old, new in zip(before, after, strict=True)]


def _objection(case: Case, old: dict[str, Any], new: dict[str, Any]) -> str | None:
    error = old.get("error") or new.get("error")
    if error:
        return f"{case.name}: {error}"
    if not all(old["ran"] + new["ran"]):
        return f"{case.name}: the body doesn't say that it runs"
    if (old["values"] != new["values"]) is not case.changes:
        return f"{case.name}: claims to {'change' if case.changes else 'be the same'}: {old['values']}, {new['values']}"
    return None


# ------------------------------------------------------------------------------------------------------------- judging


def judge(
    case: Case, truth: tuple[list[str], list[str]], cold: dict[str, Any], again: dict[str, Any], edited: dict[str, Any]
) -> Judged:
    """The verdict on one case."""
    for state, answer in (("cold", cold), ("again", again), ("edited", edited)):
        if "error" in answer:
            return Judged("error", f"{state}: {answer['error']}")
    seconds = cold["seconds"], again["seconds"]
    if cold["values"] != truth[0] or again["values"] != truth[0] or not all(cold["ran"]):
        return Judged("error", f"gives {cold['values']}, then {again['values']}, where {truth[0]} is right", *seconds)
    if any(again["ran"]):
        return Judged("never", "the body ran again, and nothing was edited", *seconds)
    if edited["values"] != truth[1]:
        served = all(value in pair for value, *pair in zip(edited["values"], *truth, strict=True))
        why = f"gives {edited['values']}, where {truth[1]} is right"
        return Judged("stale" if served and case.changes else "error", why, *seconds)
    if any(edited["ran"]) and not case.changes:
        return Judged("needless", "the body ran again, and gave the same", *seconds)
    return Judged("right", "", *seconds)


def compare(
    peer: Peer, python: str, cases: Sequence[Case], truth: Sequence[tuple[list[str], list[str]]], root: Path
) -> list[Judged]:
    """The verdicts on one peer."""
    root.mkdir(parents=True, exist_ok=True)
    states = [run(peer, python, cases, root, state) for state in ("cold", "again", "edited")]
    return [judge(*each) for each in zip(cases, truth, *states, strict=True)]


def count(judged: Iterable[Judged]) -> dict[str, int]:
    """How often each verdict was given."""
    found = [one.verdict for one in judged]
    return {verdict: found.count(verdict) for verdict in VERDICTS}


# ------------------------------------------------------------------------------------------------------------- showing


def summary(cases: Sequence[Case], results: dict[Peer, list[Judged]]) -> list[list[str]]:
    """The table of peers, its head first."""
    changing = sum(case.changes for case in cases)
    head = ["", f"right, of {len(cases)}", f"stale, of {changing}", f"needless, of {len(cases) - changing}"]
    rows = [[*head, "never hits", "error", "first call", "hit"]]
    for peer, judged in results.items():
        counted = count(judged)
        times = [_median(one.cold for one in judged), _median(one.again for one in judged)]
        rows.append([peer.name, *(str(counted[verdict]) for verdict in VERDICTS), *times])
    return rows


def _median(seconds: Iterable[float]) -> str:
    """The median of those that came to an end, in milliseconds."""
    known = [one for one in seconds if one]
    return f"{statistics.median(known) * 1e3:.1f} ms" if known else "–"


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown."""
    head, *others = rows
    lines = [head, ["---"] * len(head), *others]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def page(cases: Sequence[Case], results: dict[Peer, list[Judged]]) -> str:
    """The part of the page that is written by this script."""
    versions = ", ".join(requirement.replace("==", " ") for peer in results for requirement in peer.requirements[:1])
    versions = versions.replace(str(ROOT), "inviscid of this working tree")
    measured = f"Measured on {dt.datetime.now(tz=dt.UTC):%Y-%m-%d} with {platform.python_implementation()}"
    measured += f" {platform.python_version()} on {os.cpu_count()} cores"
    text = [f"{measured}: {versions}.\n\n", as_markdown(summary(cases, results))]
    for changes, title in ((True, "Edits that change the result"), (False, "Edits that change nothing")):
        rows = [["the edit is of", "kind", *(peer.name for peer in results)]]
        for number, case in enumerate(cases):
            if case.changes is changes:
                shown = [SHOWN[judged[number].verdict] for judged in results.values()]
                rows.append([case.name.replace("__", r"\_\_"), case.kind, *shown])
        text += [f"\n## {title}\n\n", as_markdown(rows)]
    return "".join(text)


def sentence(cases: Sequence[Case], results: dict[Peer, list[Judged]]) -> str:
    """The part of the README that is written by this script."""
    counted = {peer.name: count(judged) for peer, judged in results.items()}
    changing = sum(case.changes for case in cases)
    stale = ", ".join(f"{name} {counts['stale']}" for name, counts in counted.items())
    needless = ", ".join(f"{name} {counts['needless']}" for name, counts in counted.items())
    return (
        f"- Stale results after {changing} edits that change what comes out: {stale}.\n"
        f"- Needless recomputes after {len(cases) - changing} edits that don't: {needless}.\n"
    )


def write(file: Path, text: str) -> None:
    """Put the part between its marks."""
    top, rest = file.read_text(encoding="utf-8").split(BEGIN)
    _, bottom = rest.split(END)
    file.write_text(top + BEGIN + "\n" + text + "\n" + END + bottom, encoding="utf-8")


def show(cases: Sequence[Case], results: dict[Peer, list[Judged]]) -> None:
    """What was wrong, one line each, and the table of peers."""
    for peer, judged in results.items():
        for case, one in zip(cases, judged, strict=True):
            if one.verdict != "right":
                print(f"{peer.name:<18}{one.verdict:<10}{case.name}: {one.why}")
    rows = summary(cases, results)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description="inviscid beside its peers: who notices which edit")
    parser.add_argument(
        "--write", action="store_true", help="write the tables of the documentation and the README's lines"
    )
    parser.add_argument("--only", default="", help="cases whose name contains this, or whose kind it is")
    parser.add_argument("--limit", type=int, help="the first cases only")
    parser.add_argument("--peers", default="", help="names of peers, with commas")
    parser.add_argument("--environments", type=Path, help="where environments are kept for the next time")
    parser.add_argument("--keep", type=Path, help="where projects, stores and logs are left to be looked at")
    given = parser.parse_args()
    if given.write and (given.only or given.limit or given.peers):
        parser.error("what is written to the page is the whole comparison")
    cases = [case for case in CASES if given.only in case.name or given.only == case.kind][: given.limit]
    peers = [peer for peer in PEERS if not given.peers or peer.name in given.peers.split(",")]
    with tempfile.TemporaryDirectory(prefix="versus-") as temporary:
        place = (given.keep or Path(temporary) / "runs").resolve()
        environments = (given.environments or Path(temporary) / "environments").resolve()
        (place / "plain").mkdir(parents=True)
        truth = truths(cases, place / "plain")
        pythons = [environment(peer, environments) for peer in peers]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            judged = pool.map(
                lambda peer, python: compare(peer, python, cases, truth, place / peer.adapter), peers, pythons
            )
            results = dict(zip(peers, judged, strict=True))
    show(cases, results)
    if given.write:
        write(PAGE, page(cases, results))
        write(README, sentence(cases, results))


if __name__ == "__main__":
    main()
