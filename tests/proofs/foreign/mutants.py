"""The mutation proof: every mutant that changes what an entry gives must change the fingerprint of that entry.

    python tests/proofs/foreign/mutants.py [--library NAME …] [--each 6] [--limit N] [--weakened RULE] [--write]

A definition that some entry runs is mutated, one mutation at a time; the entries that run it are fingerprinted and run
again. A mutant is *effective* if one of them gives something else. It is *missed* if that one has its old fingerprint.

The counterweight: mutants of functions that no entry reaches must change nobody's fingerprint, or hashing whole packages
would pass. Those that do change one are *needless*. What an entry runs is known from its trace; what else it might have run, had its
arguments been others, is told by names (`named`). Mutants of what no entry ran, though it might have, are told beside it.

Exits 1 if a mutant was missed, or if too many were needless.
"""

from __future__ import annotations

import ast
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench import Bench, definitions, prepare
from commandline import Parser
from libraries import LIBRARIES, library
from mutations import KINDS, Mutation, mutations
from pages import fill
from trials import Told, Trial, tell_all

_ASKED = 4
"""How many of the entries that run a definition are asked about a mutant of it."""
_LEAST_UNTOUCHED = 0.9


class Mutant(NamedTuple):
    """A mutation of a file, and which entries are asked about it."""

    file: str
    mutation: Mutation
    entries: tuple[str, ...]


class Tally(NamedTuple):
    """What became of the mutants of one library."""

    library: str
    entries: int
    tried: Counter[str]
    effective: Counter[str]
    broken: int
    """Mutants with which the library can't be imported."""
    missed: list[str]
    elsewhere: int
    """Mutants of what no entry reaches."""
    needless: list[str]
    nearby: int
    """Mutants of what no entry runs, though it might."""
    held: int
    """Those of them that change the fingerprint of some entry."""
    seconds: float


def reached(bench: Bench, chosen: random.Random, each: int) -> Iterator[Mutant]:
    """Mutants of what entries run."""
    for file in bench.files():
        text = bench.text(file)
        runs = _runs(bench, file)
        by_owner: dict[tuple[str, int], list[Mutation]] = {}
        for mutation in mutations(text):
            by_owner.setdefault((mutation.owner, mutation.first_line), []).append(mutation)
        for (_, first), found in sorted(by_owner.items()):
            entries = _entries_of(found[0], first, runs)
            if entries:
                for mutation in _some(found, chosen, each):
                    asked = tuple(sorted(chosen.sample(entries, min(_ASKED, len(entries)))))
                    yield Mutant(file, mutation, asked)


def unreached(bench: Bench, chosen: random.Random, each: int, reach: set[str]) -> Iterator[Mutant]:
    """Mutants of functions that no entry runs, nor the import of the library.

    Args:
        bench: the library.
        chosen: chooses.
        each: mutants of each definition.
        reach: names of functions that are left out.
    """
    for file in bench.files():
        text = bench.text(file)
        ran = {line for line, _ in _runs(bench, file)} | {
            line for name, line, _ in bench.before.imported if name == file
        }
        functions = {line for line, name in definitions(text) if name not in reach}
        by_owner: dict[int, list[Mutation]] = {}
        for mutation in mutations(text):
            nested = "<locals>" in mutation.owner
            if mutation.first_line in functions - ran and not mutation.of_class and not nested:
                by_owner.setdefault(mutation.first_line, []).append(mutation)
        for _, found in sorted(by_owner.items()):
            for mutation in _some(found, chosen, each):
                yield Mutant(file, mutation, ())


def named(bench: Bench) -> set[str]:
    """The names of all functions that what entries run may call, by a crude rule that knows nothing of inviscid.

    A function is in reach if some entry runs it, or if its name is a word of the text of one in reach, wherever in the
    library either of them is. Special methods are in reach, and so are the methods of a class with a base from elsewhere:
    what calls those is not in the library.
    """
    words: dict[str, set[str]] = {}
    reach: set[str] = set()
    trees = {file: ast.parse(bench.text(file)) for file in bench.files()}
    classes = {node.name: node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in classes.values():
        bases = {ast.unparse(base).rpartition(".")[2].partition("[")[0] for base in node.bases} - {"object"}
        if not bases <= classes.keys():
            reach |= {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
    for file in trees:
        runs = {line for line, _ in _runs(bench, file)}
        text = bench.text(file)
        lines = text.splitlines()
        for (line, name), node in definitions(text).items():
            body = "\n".join(lines[line - 1 : node.end_lineno])
            words.setdefault(name, set()).update(re.findall(r"\w+", body))
            if line in runs or (name.startswith("__") and name.endswith("__")):
                reach.add(name)
    pending = list(reach)
    while pending:
        for word in words.get(pending.pop(), set()) & words.keys() - reach:
            reach.add(word)
            pending.append(word)
    return reach


def _runs(bench: Bench, file: str) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = {}
    for entry in bench.entries:
        for name, line, qualname in bench.before.ran[entry]:
            if name == file:
                found.setdefault((line, qualname.rpartition(".")[2]), []).append(entry)
    return found


def _entries_of(mutation: Mutation, first: int, runs: dict[tuple[int, str], list[str]]) -> list[str]:
    """The entries that run a definition: of a class, or of the module's own statements, those that run any of it."""
    name = mutation.owner.rpartition(".")[2]
    if mutation.of_class or not mutation.owner:
        last = mutation.last_line or sys.maxsize
        return sorted({entry for (line, _), found in runs.items() if first <= line <= last for entry in found})
    return runs.get((first, name), [])


def _some(found: list[Mutation], chosen: random.Random, each: int) -> list[Mutation]:
    # One of each kind first: most mutations are of constants.
    kinds: dict[str, list[Mutation]] = {}
    for mutation in chosen.sample(found, len(found)):
        kinds.setdefault(mutation.kind, []).append(mutation)
    rounds = [kinds[kind][turn] for turn in range(each) for kind in sorted(kinds) if turn < len(kinds[kind])]
    return rounds[:each]


def prove(bench: Bench, each: int, limit: int, elsewhere: int, seed: int) -> Tally:
    """Try the mutants of one library."""
    started = time.monotonic()
    chosen = random.Random(seed)
    mutants = list(reached(bench, chosen, each))
    mutants = chosen.sample(mutants, min(limit, len(mutants)))
    reach = named(bench)
    every = list(unreached(bench, chosen, 4, set()))
    others = list(unreached(bench, chosen, 4, reach))
    far = {(mutant.file, mutant.mutation.first_line) for mutant in others}
    others = chosen.sample(others, min(elsewhere, len(others)))
    near = [mutant for mutant in every if (mutant.file, mutant.mutation.first_line) not in far]
    near = chosen.sample(near, min(elsewhere, len(near)))
    tried: Counter[str] = Counter()
    effective: Counter[str] = Counter()
    broken, held = 0, 0
    missed, needless = [], []
    for mutant, told in tell_all(bench.workers, _trials(bench, [*mutants, *others, *near])):
        where = f"{bench.library.name}: {mutant.file}: {mutant.mutation.shown(bench.text(mutant.file))}"
        if told.error:
            broken += 1
            continue
        if not mutant.entries:
            changed = [name for name in bench.entries if told.digests[name] != bench.before.digests[name]]
            if (mutant.file, mutant.mutation.first_line) in far:
                needless += [f"{where} ({len(changed)} entries, {changed[0]})"] if changed else []
            else:
                held += bool(changed)
            continue
        tried[mutant.mutation.kind] += 1
        differ = [name for name in mutant.entries if told.outcomes[name] != bench.before.outcomes[name]]
        effective[mutant.mutation.kind] += bool(differ)
        stale = [name for name in differ if told.digests[name] == bench.before.digests[name]]
        missed += [f"{where} ({name}: {_difference(bench, told, name)})" for name in stale]
    seconds = time.monotonic() - started
    return Tally(
        bench.library.name,
        len(bench.entries),
        tried,
        effective,
        broken,
        missed,
        len(others),
        needless,
        len(near),
        held,
        seconds,
    )


def _trials(bench: Bench, mutants: list[Mutant]) -> Iterator[tuple[Mutant, Trial]]:
    for mutant in mutants:
        text = mutant.mutation.apply(bench.text(mutant.file))
        look = mutant.entries or tuple(bench.entries)
        yield mutant, Trial({mutant.file: text}, look, mutant.entries, seconds=5.0)


def _difference(bench: Bench, told: Told, name: str) -> str:
    before, after = bench.before.outcomes[name], told.outcomes[name]
    if isinstance(after, str):
        return str(after)
    pairs: list[Any] = [pair for pair in zip(before, after, strict=False) if pair[0] != pair[1]]
    return f"{pairs[0][0]} → {pairs[0][1]}"[:120] if pairs else "another number of texts"


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("--each", type=int, default=6, help="mutants of each definition")
    parser.add_argument("--limit", type=int, default=1 << 30, help="mutants of each library, at most")
    parser.add_argument("--elsewhere", type=int, default=100, help="mutants of what no entry runs, of each library")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tallies = []
    for one in LIBRARIES:
        if one.name in options.library or (not options.library and not one.whole):
            folder = options.kept / "benches" / one.name
            bench = prepare(one, options.kept, folder, workers=options.workers, weakened=options.weakened)
            try:
                tallies.append(prove(bench, options.each, options.limit, options.elsewhere, options.seed))
            finally:
                bench.close()
            tell(tallies[-1])
    effective = sum(tally.effective.total() for tally in tallies)
    missed = sum(len(tally.missed) for tally in tallies)
    counted = sum(tally.elsewhere for tally in tallies)
    needless = sum(len(tally.needless) for tally in tallies)
    untouched = (counted - needless) / counted if counted else 1.0
    print(
        f"{effective} effective mutants, {missed} missed; of {counted} elsewhere {untouched:.0%} change no fingerprint"
    )
    if options.write:
        fill("mutants", page(tallies))
    sys.exit(bool(missed) or untouched < _LEAST_UNTOUCHED)


def tell(tally: Tally) -> None:
    print(
        f"{tally.library}: {tally.entries} entries, {tally.tried.total()} mutants, {tally.effective.total()} "
        f"effective, {len(tally.missed)} missed, {tally.broken} broken; elsewhere {tally.elsewhere}, "
        f"{len(tally.needless)} needless; nearby {tally.nearby}, {tally.held} held; {tally.seconds:.0f} s",
        flush=True,
    )
    for line in tally.missed:
        print(f"  MISSED {line}")
    for line in tally.needless:
        print(f"  needless {line}")


def page(tallies: list[Tally]) -> str:
    """The tables of the documentation."""
    lines = [
        "| library | entries | mutants | effective | missed | elsewhere | of those, change nothing | nearby, of those change something |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one.library} {library(one.library).version} | {one.entries} | {one.tried.total()} | {one.effective.total()} "
        f"| {len(one.missed)} | {one.elsewhere} | {one.elsewhere - len(one.needless)} | {one.nearby}, {one.held} |"
        for one in tallies
    ]
    tried = sum((one.tried for one in tallies), Counter[str]())
    effective = sum((one.effective for one in tallies), Counter[str]())
    counted, needless = sum(one.elsewhere for one in tallies), sum(len(one.needless) for one in tallies)
    lines.append(
        f"| **all** | {sum(one.entries for one in tallies)} | {tried.total()} | {effective.total()} "
        f"| {sum(len(one.missed) for one in tallies)} | {counted} | {counted - needless} "
        f"| {sum(one.nearby for one in tallies)}, {sum(one.held for one in tallies)} |"
    )
    lines += ["", "| kind | what it changes | mutants | effective |", "|---|---|--:|--:|"]
    lines += [f"| {kind} | {what} | {tried[kind]} | {effective[kind]} |" for kind, what in KINDS.items()]
    missed = [line for one in tallies for line in one.missed]
    if missed:
        lines += ["", "Missed:", "", *(f"- {line}" for line in missed)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
