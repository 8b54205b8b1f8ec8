"""The history proof: real edits, from one release of a library to the next, against what they change.

    python tests/proofs/foreign/history.py [--library NAME …] [--limit N] [--weakened RULE] [--write]

For two releases that follow each other, the entries are those of the earlier one. Each function that is in both, with
another text, is an *edit*: the later text is put into the earlier file, alone, and all entries are fingerprinted and run.
So each edit asks as many questions as there are entries:

    fingerprint   result
    another       another    right
    the same      the same   right
    the same      another    stale: the proof fails
    another       the same   needless, measured by this entry alone, which is one of all that could be called

A needless one has a cause: the edit changes only the *text* (comments, layout, documentation, annotations); or the entry
*runs* the edited function, which gives the same here and may give something else elsewhere; or it *might* run it. What
changes only the text and counts all the same, counts because of reflection in reach.
"""

from __future__ import annotations

import ast
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench import Bench, prepare
from commandline import Parser
from libraries import Library, chosen, fetch
from pages import PAGES, fill
from trials import Trial, tell_all

LAYERS = {
    "layout": "comments and layout",
    "documentation": "documentation",
    "annotations": "annotations",
    "code": "code",
}
"""What is the first that makes two texts of a function different, once what comes before it is left out."""
VERDICTS = ("same", "changed", "stale", "runs it", "might run it", "text only")


class Edit(NamedTuple):
    """One function, from one release to the next."""

    file: str
    name: str
    line: int
    """Where it begins in the earlier release, decorators included."""
    layer: str
    text: str
    """The whole file, with the later text of this function."""


class Tally(NamedTuple):
    """What became of the edits between two releases."""

    library: str
    before: str
    after: str
    entries: int
    layers: Counter[str]
    neutral: Counter[str]
    """Edits of each layer that change no fingerprint."""
    broken: int
    """Edits with which, alone, the library can't be imported."""
    verdicts: Counter[str]
    """Of pairs of an edit and an entry."""
    stale: list[str]
    seconds: float


def functions(text: str) -> dict[str, Any]:
    """The functions of a file, methods too but none inside of functions, by qualified name; the last of each name."""
    found: dict[str, Any] = {}
    pending: list[tuple[str, ast.AST]] = [("", ast.parse(text))]
    while pending:
        prefix, node = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                found[f"{prefix}{child.name}"] = child
            elif isinstance(child, ast.ClassDef):
                pending.append((f"{prefix}{child.name}.", child))
            elif isinstance(child, ast.If | ast.Try):
                pending.append((prefix, child))
    return found


def edits(before: str, after: str, file: str) -> Iterator[Edit]:
    """The edits of one file."""
    old, new = functions(before), functions(after)
    lines = before.splitlines(keepends=True)
    for name in sorted(old.keys() & new.keys()):
        one, other = old[name], new[name]
        text = _lines(after, other)
        if _lines(before, one) != text:
            if one.col_offset != other.col_offset:
                # It moved into a condition, or out of one.
                continue
            first = _first(one)
            whole = "".join([*lines[: first - 1], text.rstrip("\n") + "\n", *lines[one.end_lineno :]])
            yield Edit(file, name, first, _layer(one, other), whole)


def _first(node: Any) -> int:
    return int(node.decorator_list[0].lineno if node.decorator_list else node.lineno)


def _lines(text: str, node: Any) -> str:
    return "".join(text.splitlines(keepends=True)[_first(node) - 1 : node.end_lineno])


def _layer(one: Any, other: Any) -> str:
    for layer, without in (("layout", _Same()), ("documentation", _WithoutTexts()), ("annotations", _WithoutTypes())):
        first, second = (without.visit(ast.parse(ast.unparse(node))) for node in (one, other))
        if ast.dump(first) == ast.dump(second):
            return layer
    return "code"


class _Same(ast.NodeTransformer):
    """Leaves a tree as it is."""


class _WithoutTexts(ast.NodeTransformer):
    """Leaves out expressions that are constants, documentation among them."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return ast.Pass() if isinstance(node.value, ast.Constant) else node


class _WithoutTypes(_WithoutTexts):
    """Leaves out annotations too."""

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        return ast.Assign([node.target], node.value, lineno=0) if node.value is not None else node


def prove(bench: Bench, later: Path, limit: int) -> Tally:
    """Replay the edits from one release to the next."""
    started = time.monotonic()
    found = [
        edit
        for file in bench.files()
        if (later / file).is_file()
        for edit in edits(bench.text(file), (later / file).read_text(encoding="utf-8"), file)
    ]
    found = random.Random(0).sample(found, min(limit, len(found)))
    layers = Counter(edit.layer for edit in found)
    neutral: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    stale = []
    broken = 0
    every = tuple(bench.entries)
    trials = ((edit, Trial({edit.file: edit.text}, every, every, seconds=5.0)) for edit in found)
    for edit, told in tell_all(bench.workers, trials):
        if told.error:
            broken += 1
            continue
        neutral[edit.layer] += all(told.digests[name] == bench.before.digests[name] for name in every)
        for name in every:
            verdict = _verdict(bench, edit, name, told)
            verdicts[verdict] += 1
            if verdict == "stale":
                stale.append(f"{bench.library.folder}: {edit.file}: {edit.name} ({name})")
    return Tally(
        bench.library.name,
        bench.library.version,
        "",
        len(every),
        layers,
        neutral,
        broken,
        verdicts,
        stale,
        time.monotonic() - started,
    )


def _verdict(bench: Bench, edit: Edit, name: str, told: Any) -> str:
    another = told.digests[name] != bench.before.digests[name]
    differs = told.outcomes[name] != bench.before.outcomes[name]
    if differs:
        return "changed" if another else "stale"
    if not another:
        return "same"
    if edit.layer != "code":
        return "text only"
    return (
        "runs it"
        if (edit.file, edit.line) in {(file, line) for file, line, _ in bench.before.ran[name]}
        else "might run it"
    )


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("--limit", type=int, default=1 << 30, help="edits between two releases, at most")
    options = parser.parse_args()
    tallies = []
    for one in chosen(options.library):
        for before, after in zip(one.releases, one.releases[1:], strict=False):
            tallies.append(replay(before, after, options))
            tell(tallies[-1])
    if options.write:
        fill("history", page(tallies))
        plot(tallies, PAGES / "history.svg")
    sys.exit(any(tally.stale for tally in tallies))


def replay(before: Library, after: Library, options: Any) -> Tally:
    folder = options.kept / "benches" / before.folder
    bench = prepare(before, options.kept, folder, workers=options.workers, weakened=options.weakened)
    try:
        return prove(bench, _parent(after, options.kept), options.limit)._replace(after=after.version)
    finally:
        bench.close()


def _parent(one: Library, kept: Path) -> Path:
    """The folder that the package of a release lies in."""
    return (fetch(one, kept) / one.package).parent


def tell(tally: Tally) -> None:
    print(
        f"{tally.library} {tally.before} → {tally.after}: {tally.layers.total()} edits ({tally.broken} broken), "
        f"{tally.neutral.total()} change no fingerprint; {tally.entries} entries: "
        + ", ".join(f"{tally.verdicts[verdict]} {verdict}" for verdict in VERDICTS)
        + f"; {tally.seconds:.0f} s",
        flush=True,
    )
    for line in tally.stale:
        print(f"  STALE {line}")


def page(tallies: list[Tally]) -> str:
    """The tables of the documentation."""
    layers = sum((one.layers for one in tallies), Counter[str]())
    neutral = sum((one.neutral for one in tallies), Counter[str]())
    lines = ["| what an edit changes | edits | share | change nobody's fingerprint |", "|---|--:|--:|--:|"]
    lines += [
        f"| {what} | {layers[layer]} | {layers[layer] / max(1, layers.total()):.0%} | {neutral[layer]} |"
        for layer, what in LAYERS.items()
    ]
    lines += [
        "",
        "| releases | edits | entries | unchanged | changed with the result | stale | needless: runs it | might run it | text only |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one.library} {one.before} → {one.after} | {one.layers.total()} | {one.entries} | "
        + " | ".join(str(one.verdicts[verdict]) for verdict in VERDICTS)
        + " |"
        for one in tallies
    ]
    verdicts = sum((one.verdicts for one in tallies), Counter[str]())
    lines.append(
        f"| **all** | {layers.total()} | | " + " | ".join(str(verdicts[verdict]) for verdict in VERDICTS) + " |"
    )
    return "\n".join(lines)


def plot(tallies: list[Tally], file: Path) -> None:
    """Two bars for each library: what its edits are, and what they do to its entries."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "inviscid"
    from matplotlib import pyplot as plt

    names = list(dict.fromkeys(tally.library for tally in tallies))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 0.55 * len(names) + 1.6), sharey=True)
    grays = ["#9ecae1", "#6baed6", "#c6dbef", "#fdae6b"]
    _bars(left, names, tallies, "layers", dict(zip(LAYERS, grays, strict=True)), LAYERS)
    left.set_title("what edits change", fontsize=11)
    colors = {
        "changed": "#31a354",
        "runs it": "#fdae6b",
        "might run it": "#fdd0a2",
        "text only": "#e6550d",
        "stale": "#000000",
    }
    shown = {
        "changed": "the result changed too",
        "runs it": "same result, runs it",
        "might run it": "same result, might run it",
    }
    _bars(right, names, tallies, "verdicts", colors, {**shown, "text only": "text only", "stale": "stale"})
    right.set_title("edits × entries where anything changed", fontsize=11)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def _bars(
    axes: Any, names: list[str], tallies: list[Tally], field: str, colors: dict[str, str], shown: dict[str, str]
) -> None:
    totals = {
        name: sum((getattr(one, field) for one in tallies if one.library == name), Counter[str]()) for name in names
    }
    start = dict.fromkeys(names, 0.0)
    for kind, color in colors.items():
        shares = [totals[name][kind] / max(1, sum(totals[name][other] for other in colors)) for name in names]
        axes.barh(names, shares, left=list(start.values()), color=color, label=shown[kind])
        start = {name: start[name] + share for name, share in zip(names, shares, strict=True)}
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False, fontsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


if __name__ == "__main__":
    main()
