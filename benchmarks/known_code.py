"""What a fingerprint costs: of new code, beside libcst over the same files; of code that an earlier process knew; and
again in the same process.

    python benchmarks/known_code.py [definitions]

It makes a project of small definitions with the comments and docstrings that real ones have, and runs every
measurement in processes of their own. It needs libcst, which the project itself does not.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_WORDS = "price rate volume weight score level count total share index depth width angle speed limit phase".split()
_RUNS = 5


def module_text(number: int, modules: int, definitions: int, dice: random.Random) -> str:
    """A module of small functions, a class now and then, closures; each calls some of those before it."""
    lines = [
        f'"""Part {number} of the project: steps that work on rows of numbers."""',
        "",
        "from __future__ import annotations",
        "",
    ]
    lines += ["import math", "from collections import defaultdict", ""]
    others = dice.sample(range(number), min(3, number))
    lines += [f"from part_{other} import step_{other}_0, Box{other}" for other in others]
    lines += ["", f"LIMIT_{number} = {dice.random():.4f}", f"NAMES_{number} = {dice.sample(_WORDS, 5)!r}", "", ""]
    lines += _box(number)
    made = 4
    while made < definitions:
        name = f"step_{number}_{made - 4}"
        a, b = dice.sample(_WORDS, 2)
        calls = [f"step_{number}_{earlier}" for earlier in range(max(0, made - 4 - 3), made - 4)]
        calls += [f"step_{other}_0" for other in others] if made == 4 else []
        lines += _step(name, a, b, calls, number, dice)
        made += 1
    return "\n".join(lines) + "\n"


def _box(number: int) -> list[str]:
    return [
        f"class Box{number}:",
        '    """A row with a name, as it came from the file.',
        "",
        "    Rows are compared by their values alone.",
        '    """',
        "",
        "    def __init__(self, name: str, values: list[float]) -> None:",
        "        self.name = name",
        "        # A copy: callers go on with theirs.",
        "        self.values = list(values)",
        "",
        "    @property",
        "    def mean(self) -> float:",
        '        """The mean; zero for an empty row."""',
        "        return sum(self.values) / len(self.values) if self.values else 0.0",
        "",
        "    def scaled(self, factor: float) -> list[float]:",
        f"        # Never above the limit of this part, which is LIMIT_{number}.",
        f"        return [min(value * factor, LIMIT_{number}) for value in self.values]",
        "",
        "",
    ]


def _step(name: str, a: str, b: str, calls: list[str], number: int, dice: random.Random) -> list[str]:
    body = [
        f"def {name}({a}: float, {b}: float = {dice.random():.3f}, *, rows: list[float] | None = None) -> float:",
        f'    """One step: {a} against {b}.',
        "",
        "    Args:",
        f"        {a}: what is looked at, in units of the table.",
        f"        {b}: what it is held against.",
        "        rows: further rows, if there are any.",
        '    """',
        "    # Empty rows are the rule in the first weeks of a year.",
        "    seen: dict[str, float] = defaultdict(float)",
        "    for place, row in enumerate(rows or []):",
        f"        if row > LIMIT_{number}:",
        f"            seen[NAMES_{number}[place % {dice.randint(2, 5)}]] += math.sqrt(abs(row)) * {dice.random():.4f}",
        f"    result = {a} * {dice.randint(2, 9)} - {b} / {dice.randint(2, 9)}.0 + sum(seen.values())",
    ]
    body += [f"    result += {call}({a}, {b}) * {dice.random():.3f}" for call in calls]
    if dice.random() < 0.2:
        body += [
            "    def shifted(value: float) -> float:",
            f"        return value + result + {dice.random():.3f}",
            "",
            f"    return max(map(shifted, [{a}, {b}]), key=lambda value: -value)",
        ]
    elif dice.random() < 0.5:
        body.append(f"    return result if result > 0 else Box{number}('{a}', [result, {b}]).mean")
    else:
        body.append("    return result")
    return [*body, "", ""]


def make_project(folder: Path, definitions: int, modules: int = 40) -> list[Path]:
    """The modules, and one function that reaches all that they define."""
    dice = random.Random(7)  # noqa: S311  the same project each time
    each = -(-definitions // modules)
    files = []
    for number in range(modules):
        files.append(folder / f"part_{number}.py")
        files[-1].write_text(module_text(number, modules, each, dice), encoding="utf-8")
    imports = [f"import part_{number}" for number in range(modules)]
    calls = [
        f"    total += part_{number}.step_{number}_{step}(x)" for number in range(modules) for step in range(each - 4)
    ]
    head = ["from inviscid import cached", *imports, "", "@cached", "def everything(x):", "    total = 0.0"]
    (folder / "root.py").write_text("\n".join([*head, *calls, "    return total", ""]), encoding="utf-8")
    return files


_TAKE = """
import time, sys, json
start = time.perf_counter(); import inviscid; imported = time.perf_counter() - start
import root
from inviscid import calls, forms
start = time.perf_counter(); forms.StoredForms(None).recall(b""); opened = time.perf_counter() - start
start = time.perf_counter(); found = root.everything.fingerprint; first = time.perf_counter() - start
start = time.perf_counter(); again = root.everything.fingerprint; second = time.perf_counter() - start
assert again is found and not found.taints, found.taints
kinds = [part.kind for part in found.definitions]
parser = "inviscid.fingerprinting.normalize" in sys.modules
slots = sum(len(form.slots) for _, form in calls.FINGERPRINTS._memory._templates.values() if form)
definitions = kinds.count("function") + kinds.count("class")
print(json.dumps([imported, opened, first, second, definitions, slots, found.digest, parser]))
"""

_LIBCST = """
import sys, time, json, libcst
texts = [open(name, encoding="utf-8").read() for name in sys.argv[1:]]
start = time.perf_counter()
for text in texts: libcst.parse_module(text)
print(json.dumps(time.perf_counter() - start))
"""


def run(code: str, folder: Path, *arguments: str, store: Path | None = None) -> object:
    """What a script prints, run in a process of its own."""
    env = {**os.environ, "INVISCID_STORE": str(store or folder / "none")}
    printed = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, env=env, check=True, capture_output=True, text=True
    )
    return json.loads(printed.stdout)


def main() -> None:
    """Print the table."""
    definitions = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [str(file) for file in [*make_project(folder, definitions), folder / "root.py"]]
        store = folder / "store"
        # The first writes the compiled modules, whose making is not what is measured.
        run(_TAKE, folder)
        cold = [run(_TAKE, folder) for _ in range(_RUNS)]
        from inviscid import Store

        made = Store(store)
        made.remember({})
        made.close()
        run(_TAKE, folder, store=store)
        known = [run(_TAKE, folder, store=store) for _ in range(_RUNS)]
        try:
            libcst = [float(str(run(_LIBCST, folder, *files))) for _ in range(_RUNS)]
        except subprocess.CalledProcessError:
            sys.exit("this comparison needs libcst: python -m pip install --group benchmark")
        size = sum(os.path.getsize(file) for file in files)
    _show(cold, known, libcst, size, len(files))


def _show(cold: list[object], known: list[object], libcst: list[float], size: int, files: int) -> None:
    def median(rows: list[object], column: int) -> float:
        return statistics.median(row[column] for row in rows)  # type: ignore[index]  # rows come as JSON

    (count, slots, digest, _), *_ = {tuple(row[4:]) for row in cold}  # type: ignore[index]  # as above
    assert all(row[6] == digest and not row[7] for row in known), "known code was parsed"  # type: ignore[index]  # as above
    parse = statistics.median(libcst)
    print(
        f"Python {sys.version.split()[0]}, {count} definitions in {files} files of {size / 1e3:.0f} kB, "
        f"{slots / count:.1f} references each; medians of {_RUNS}"
    )
    print(f"{'':<44}{'ms':>9}{'µs/definition':>15}")
    rows = [
        ("import of inviscid (not in what follows)", median(known, 0)),
        ("opening the store (not in what follows)", median(known, 1)),
        ("libcst.parse_module of the same files", parse),
        ("fingerprint, nothing remembered", median(cold, 2)),
        ("fingerprint, code known, new process", median(known, 2)),
        ("fingerprint again: guards only", median(known, 3)),
    ]
    for label, seconds in rows:
        print(f"{label:<44}{seconds * 1e3:>9.1f}{seconds * 1e6 / count:>15.1f}")
    print(f"new code takes {median(cold, 2) / parse:.2f} times what libcst takes to parse it")


if __name__ == "__main__":
    main()
