"""The rewriting proof: a library that is written in another way, and does the same, keeps the fingerprints of its entries.

    python tests/proofs/foreign/rewrites.py [--library NAME …] [--limit N] [--only REWRITE …] [--weakened RULE] [--write]

Each rewrite is applied to all files of a library at once. Then all entries are run, which has to show that they give what
they gave before, and all fingerprints are taken. One that is another now needs a *reason*: code in its reach that
observes what was rewritten, which inviscid says itself by a mark of the fingerprint, or a line of `KNOWN`.

An entry that gives something else after a rewrite is counted apart: it reads its own documentation, say. It needs a reason
as well; and its fingerprint must have changed, or what it read was *unseen*.

Exits 1 if a fingerprint changed without a reason, or if something was unseen.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from bench import Bench, prepare
from commandline import Parser
from libraries import Library, chosen
from pages import fill
from rewriting import REWRITES, Files, Rewrite, Rewritten
from trials import Told, Trial, tell_all

_TOLD = 3
_NAMED = 4
_OF_WHOLE = 24
"""Entries of a library nearly all of which each of them reaches: that takes seconds for each."""

KNOWN = [
    (
        "methods reordered",
        r"boltons\.iterutils\.untyped_sorted",
        "a class inside a function is compared by its text, in which the order of members stays",
    ),
]
"""(rewrite, pattern of a definition that differs, reason): changes that inviscid can't tell the reason of itself."""


class Outcome(NamedTuple):
    """What became of one library in one rewrite."""

    rewrite: str
    places: int
    left: list[str]
    """Files that stayed as they are: rewritten, the library could not be imported."""
    kept: int
    """Entries with the fingerprint that they had."""
    reasons: Counter[str]
    """Why others have another one."""
    unexplained: dict[str, list[str]]
    """What differs → entries."""
    apart: list[str]
    """Entries that give something else."""
    unseen: list[str]
    """Those of them that have the fingerprint that they had."""

    @property
    def bad(self) -> bool:
        return bool(self.unexplained or self.unseen)


class Proved(NamedTuple):
    """One library in all rewrites."""

    library: Library
    entries: int
    outcomes: list[Outcome]
    seconds: float


def importable(bench: Bench, entries: list[str], rewritten: Rewritten) -> tuple[Files, list[str]]:
    """The files with which the library can be imported, and the others."""
    one_of_each = tuple({entry.partition(":")[0]: entry for entry in entries}.values())

    def error(files: Files) -> str:
        return bench.workers[0].tell(Trial(files, one_of_each)).error

    def sound(names: list[str]) -> list[str]:
        if not error({name: rewritten.files[name] for name in names}):
            return names
        if len(names) == 1:
            return []
        half = len(names) // 2
        return sound(names[:half]) + sound(names[half:])

    kept = sound(sorted(rewritten.files))
    return {name: rewritten.files[name] for name in kept}, [name for name in rewritten.files if name not in kept]


def reason(rewrite: Rewrite, before: Told, after: Told, entry: str) -> tuple[str, str]:
    """Why the fingerprint of an entry changed, and where it did; no reason if none is known."""
    marks = set(before.marks[entry]) | set(after.marks[entry])
    then, now = set(before.parts[entry]), set(after.parts[entry])
    names = sorted({part.partition(" ")[2] for part in then ^ now})
    differ = ", ".join(names[:_TOLD]) + (f" and {len(names) - _TOLD} more" if len(names) > _TOLD else "")
    if observed := [mark for mark in rewrite.seen_by if mark in marks]:
        return observed[0], differ
    for which, pattern, why in KNOWN:
        if which == rewrite.name and names and all(re.fullmatch(pattern, name) for name in names):
            return why, differ
    return "", differ or "the order of references"


def judge(
    bench: Bench, entries: list[str], before: Told, rewrite: Rewrite, rewritten: Rewritten, told: Told
) -> Outcome:
    """One rewrite of one library, from what a worker told of it."""
    left: list[str] = []
    if told.error:
        files, left = importable(bench, entries, rewritten)
        told = bench.workers[0].tell(_trial(entries, files))
    if told.error:
        raise RuntimeError(f"{bench.library.name}, {rewrite.name}: {told.error}")
    reasons: Counter[str] = Counter()
    unexplained: dict[str, list[str]] = {}
    changed = {entry for entry in entries if told.digests[entry] != before.digests[entry]}
    apart = [entry for entry in entries if told.outcomes[entry] != before.outcomes[entry]]
    for entry in entries:
        if entry in changed:
            why, differ = reason(rewrite, before, told, entry)
            if not why:
                # Where nothing observes what was rewritten, and yet it gives something else, the rewrite is wrong.
                wrong = "it gives something else: " if entry in apart else ""
                unexplained.setdefault(wrong + differ, []).append(entry)
            elif entry not in apart:
                reasons[why] += 1
    unseen = [entry for entry in apart if entry not in changed]
    kept = len(entries) - len(changed)
    return Outcome(rewrite.name, rewritten.places, left, kept, reasons, unexplained, apart, unseen)


def _trial(entries: list[str], files: Files) -> Trial:
    return Trial(files, tuple(entries), tuple(entries), parts=True)


def prove(bench: Bench, rewrites: list[Rewrite]) -> Proved:
    """All rewrites of one library."""
    started = time.monotonic()
    entries = bench.entries
    files = {name: bench.text(name) for name in bench.files()}
    users = {file.name: file.read_text(encoding="utf-8") for file in (bench.path.parent / "entries").glob("*.py")}
    before = bench.workers[0].tell(_trial(entries, {}))

    def trials() -> Iterator[tuple[tuple[Rewrite, Rewritten], Trial]]:
        for rewrite in rewrites:
            rewritten = rewrite.apply(files, users)
            yield (rewrite, rewritten), _trial(entries, rewritten.files)

    told = list(tell_all(bench.workers, trials()))
    judged = {one[0].name: judge(bench, entries, before, *one, answer) for one, answer in told}
    outcomes = [judged[rewrite.name] for rewrite in rewrites]
    return Proved(bench.library, len(entries), outcomes, time.monotonic() - started)


def lines_of(proved: Proved) -> Iterator[str]:
    """What is printed of a library."""
    name, outcomes = proved.library.name, proved.outcomes
    places = sum(outcome.places for outcome in outcomes)
    explained = sum(outcome.reasons.total() for outcome in outcomes)
    unexplained = sum(len(found) for outcome in outcomes for found in outcome.unexplained.values())
    yield (
        f"{name}: {proved.entries} entries, {len(outcomes)} rewrites, {places} places, {explained} changed with a reason, "
        f"{unexplained} without; {sum(len(outcome.apart) for outcome in outcomes)} give something else, "
        f"{sum(len(outcome.unseen) for outcome in outcomes)} unseen; {proved.seconds:.0f} s"
    )
    for outcome in outcomes:
        told = [f"{outcome.places} places", f"{outcome.kept} of {proved.entries} kept"]
        told += [f"{count} {why}" for why, count in sorted(outcome.reasons.items())]
        told += [f"{len(outcome.apart)} give something else"] if outcome.apart else []
        told += [f"{len(outcome.left)} files left as they are"] if outcome.left else []
        yield f"  {outcome.rewrite}: {', '.join(told)}"
        for differ, entries in sorted(outcome.unexplained.items(), key=lambda one: -len(one[1])):
            yield f"    NEEDLESS {len(entries)} entries, {entries[0]}: {differ}"
        for entry in outcome.unseen:
            yield f"    UNSEEN {entry}"


def table(proved: list[Proved]) -> str:
    """The results as a page has them."""
    lines = [
        "| library | version | entries |",
        "|---|---|---|",
        *(f"| {one.library.name} | {one.library.version} | {one.entries} |" for one in proved),
        "",
        "In each cell: how many fingerprints changed, of those that give what they gave before; in brackets, how many places",
        "were rewritten.",
        "",
        f"| rewrite | {' | '.join(one.library.name for one in proved)} |",
        f"|---|{'---|' * len(proved)}",
    ]
    why: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for number, outcome in enumerate(proved[0].outcomes):
        cells = []
        for one in proved:
            here = one.outcomes[number]
            needless = {f"**none**, in {differ}": len(entries) for differ, entries in here.unexplained.items()}
            unseen = {"**unseen**: they give something else": len(here.unseen)} if here.unseen else {}
            apart = {"they give something else": len(here.apart) - len(here.unseen)} if here.apart else {}
            cells.append(f"{sum({**here.reasons, **needless}.values())} ({here.places:,})" if here.places else "–")
            for reason, count in sorted({**here.reasons, **needless, **apart, **unseen}.items()):
                why.setdefault((one.library.name, reason), []).append((here.rewrite, count))
        lines.append(f"| {outcome.rewrite} | {' | '.join(cells)} |")
    if why:
        lines += ["", "Why some changed:", "", "| library | reason | rewrites | entries |", "|---|---|---|---|"]
    for (name, reason), found in sorted(why.items()):
        which = "; ".join(rewrite for rewrite, _ in found) if len(found) <= _NAMED else f"{len(found)} of them"
        counts = sorted({count for _, count in found})
        lines.append(f"| {name} | {reason} | {which} | {'–'.join(map(str, dict.fromkeys([counts[0], counts[-1]])))} |")
    return "\n".join(lines)


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("--own", default="", help="instead of them a package that lies unpacked in NAME-0 beside them")
    parser.add_argument("--only", action="append", default=[], help="a part of a rewrite's name; else all of them")
    parser.add_argument("--without", action="append", default=[], help="a part of a rewrite's name that is left out")
    parser.add_argument("--limit", type=int, default=0, help="entries of each library, at most")
    options = parser.parse_args()
    rewrites = [
        rewrite
        for rewrite in REWRITES
        if (not options.only or any(part in rewrite.name for part in options.only))
        and not any(part in rewrite.name for part in options.without)
    ]
    libraries = chosen(options.library)
    if options.own:
        libraries = [Library(options.own, "0", "", options.own, "")]
    every = []
    for library in libraries:
        # The mutation proof has its benches elsewhere: both may run at once.
        folder = options.kept / "rewritten" / library.name
        most = min(options.limit or _OF_WHOLE, _OF_WHOLE) if library.whole else options.limit
        bench = prepare(library, options.kept, folder, workers=options.workers, weakened=options.weakened, most=most)
        try:
            proved = prove(bench, rewrites)
        finally:
            bench.close()
        every.append(proved)
        print("\n".join(lines_of(proved)), flush=True)
    if options.write:
        fill("rewrites", table(every))
    sys.exit(any(outcome.bad for proved in every for outcome in proved.outcomes))


if __name__ == "__main__":
    main()
