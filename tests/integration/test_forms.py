"""Remembered forms between processes: what is known is not parsed, and no digest is another because of it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"

# Prints the digests of all that the modules define, what was compiled on their account, and which modules that took.
TAKE = """
import importlib, json, sys, warnings
names = json.loads(sys.argv[1])
modules = [importlib.import_module(name) for name in names]
from inviscid import cached, calls, forms, mode
warnings.simplefilter("error")
compiled = []
files = {module.__file__ for module in modules}
sys.addaudithook(lambda event, args: compiled.append(args[1]) if event == "compile" and args[1] in files else None)
where = forms.StoredForms(None)
digests = {
    f"{module.__name__}.{name}": calls.FINGERPRINTS.of(value, forms=where).digest
    for module in modules for name, value in vars(module).items()
    if getattr(value, "__module__", None) == module.__name__ and callable(value)
}
heavy = ["inviscid.fingerprinting.normalize", "inviscid.fingerprinting.scopes", "inviscid.fingerprinting.source",
         "inviscid.fingerprinting.bytecode", "ast", "inspect", "dis"]
print(json.dumps([digests, len(compiled), [name for name in heavy if name in sys.modules]]))
"""


class Taker:
    """Takes fingerprints in processes of their own."""

    def __init__(self, project: Any, store: Path) -> None:
        self.project = project
        self.store = store
        (project.folder / "take.py").write_text(TAKE)

    def make_store(self) -> None:
        from inviscid import Store

        made = Store(self.store)
        made.remember({})
        made.close()

    def __call__(self, *names: str, **env: str) -> tuple[dict[str, str], int, list[str]]:
        digests, compiled, heavy = json.loads(self.project.run("take.py", json.dumps(names or ("mod",)), **env))
        return digests, compiled, heavy

    def sql(self, statement: str, *arguments: Any) -> list[Any]:
        with closing(sqlite3.connect(self.store / "index.sqlite3", isolation_level=None)) as connection:
            return connection.execute(statement, arguments).fetchall()


@pytest.fixture
def take(project: Any, isolated: Path) -> Taker:
    taker = Taker(project, isolated)
    taker.make_store()
    return taker


def test_golden_definitions_are_the_same_from_a_warmed_store(take: Taker) -> None:
    shutil.copytree(GOLDEN, take.project.folder, dirs_exist_ok=True)
    expected = json.loads((GOLDEN / "fingerprints.json").read_text())

    def golden(digests: dict[str, str]) -> dict[str, str]:
        return {name: digests[f"definitions.{name}"] for name in expected}

    cold, compiled, heavy = take("definitions")
    assert golden(cold) == expected
    assert compiled > 0
    assert "inviscid.fingerprinting.normalize" in heavy
    warm, compiled, heavy = take("definitions")
    assert warm == cold
    assert compiled == 0
    assert not [name for name in heavy if name.startswith("inviscid") and not name.endswith("bytecode")]


PLAIN = """
    import math
    RATE = 2

    class Point:
        '''Documented.'''
        def __init__(self, x): self.x = x
        @property
        def double(self): return self.x * RATE

    def area(r):
        # The area.
        return math.pi * r ** 2

    def total(xs):
        key = lambda x: Point(x).double
        return sum(area(x) for x in sorted(xs, key=key))
    """


def test_known_code_takes_no_parser(take: Taker) -> None:
    take.project.write(mod=PLAIN)
    cold, compiled, _ = take()
    assert compiled > 0
    warm, compiled, heavy = take()
    assert warm == cold
    assert (compiled, heavy) == (0, [])


def test_a_call_of_known_code_takes_no_parser(project: Any, isolated: Path) -> None:
    """Through `cached`, whose first call makes the store."""
    project.write(
        mod="""
        from inviscid import cached
        class Point:
            def __init__(self, x): self.x = x
            def double(self): return self.x * 2
        def helper(f, x): return f(x).double()
        @cached
        def total(f, x): return helper(f, x), Point(x)
        """,
        run="""
        import sys, mod
        compiled = []
        folder = sys.path[0]
        sys.addaudithook(lambda e, a: compiled.append(a[1]) if e == "compile" and str(a[1]).startswith(folder) else None)
        print(mod.total(mod.Point, int(sys.argv[1]))[0], len(compiled), "inviscid.fingerprinting.normalize" in sys.modules)
        """,
    )
    number, compiled, normalized = project.run("run.py", "3").split()
    assert (number, normalized) == ("6", "True")
    assert int(compiled) > 0
    assert project.run("run.py", "3").split() == ["6", "0", "False"]
    # A miss of known code takes none either.
    assert project.run("run.py", "4").split() == ["8", "0", "False"]


@pytest.mark.parametrize("mode", ["off", "readonly", "replay"])
def test_modes_that_store_nothing_remember_nothing(mode: str, project: Any, take: Taker) -> None:
    project.write(
        mod="from inviscid import cached\n@cached\ndef f(x): return x\n",
        run="import mod, inviscid\ntry: mod.f(1)\nexcept inviscid.ReplayMiss: pass\n",
    )
    project.run("run.py", INVISCID_MODE=mode)
    assert take.sql("SELECT count(*) FROM forms") == [(0,)]
    project.run("run.py")
    assert take.sql("SELECT count(*) FROM forms") == [(1,)]


def test_a_fingerprint_alone_makes_no_store_and_writes_none(project: Any, isolated: Path) -> None:
    project.write(mod="def f(x): return x\n", run="import mod, inviscid; print(inviscid.fingerprint(mod.f).digest)")
    project.run("run.py")
    assert not isolated.exists()
    Taker(project, isolated).make_store()
    project.run("run.py")
    assert Taker(project, isolated).sql("SELECT count(*) FROM forms") == [(0,)]


def test_a_comment_above_changes_no_digest(take: Taker) -> None:
    take.project.write(mod=PLAIN)
    cold, _, _ = take()
    take.project.write(mod="\n    # A comment, and an empty line.\n" + PLAIN.replace("# The area.", "# of a circle"))
    edited, compiled, _ = take()
    assert edited == cold
    assert compiled > 0
    assert take()[:2] == (cold, 0)


def test_what_is_edited_after_the_import_counts_as_it_runs(project: Any, take: Taker) -> None:
    project.write(
        mod="def f(x): return x + 1\n",
        run="""
        import os, pathlib, sys, mod
        from inviscid import calls, forms
        if sys.argv[1] == "edit":
            pathlib.Path(mod.__file__).write_text("def f(x): return x + 2\\n")
        print(calls.FINGERPRINTS.of(mod.f, forms=forms.StoredForms(None)).digest)
        """,
    )
    before = project.run("run.py", "no")
    assert before == project.run("run.py", "no")
    edited = project.run("run.py", "edit")
    after = project.run("run.py", "no")
    # The running code was the old one, without its text.
    assert len({before, edited, after}) == 3
    assert project.run("run.py", "no") == after
    project.write(mod="def f(x): return x + 1\n")
    assert project.run("run.py", "no") == before


TWINS = ("def f(): return 1+2\n", "def f(): return 3  \n", "f = lambda x: x+(1+2)\n", "f = lambda x: x+3\n")


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (2, 3), (3, 2)])
def test_texts_with_one_code_keep_apart(
    order: tuple[int, int], take: Taker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = {}
    for number in order:
        take.project.write(mod=TWINS[number])
        # Into a store of its own: what it is without memory.
        fresh[number] = take(INVISCID_STORE=str(tmp_path / f"none-{number}"))[0]["mod.f"]
    assert len(set(fresh.values())) == 2
    for _ in range(2):
        for number in order:
            take.project.write(mod=TWINS[number])
            assert take()[0]["mod.f"] == fresh[number]


@pytest.mark.parametrize(
    "line",
    [
        "a, b = lambda: 1+2, lambda: 3\n", "a, b = lambda: 3, lambda: 1+2\n", "a, b = lambda x: x+1, lambda x: x+2\n",
        "a, b = lambda x: x+(1+2), lambda x: x+3\n", "a, b = lambda x: x+3, lambda x: x+(1+2)\n",
        "a = lambda x: x+(1+2); b = lambda x: x+3\n", "def make(): return lambda x: x+(1+2), lambda x: x+3\na, b = make()\n",
    ],
)  # fmt: skip
def test_two_lambdas_on_one_line(line: str, take: Taker) -> None:
    take.project.write(one=line, two="\n" + line)
    cold = take("one", "two")[0]
    assert take("one", "two")[:2] == (cold, 0)
    assert take("two", "one")[:2] == (cold, 0)


def test_lines_that_are_observed_count_from_a_warmed_store(take: Taker) -> None:
    text = """
    import inspect, sys
    def f(x):
        # {comment}
        return inspect.getsource(f), x
    """
    seen = set()
    for comment in ("one", "two", "one"):
        take.project.write(mod=text.format(comment=comment))
        first = take()[0]["mod.f"]
        assert take()[:2] == ({"mod.f": first}, 0)
        seen.add(first)
    assert len(seen) == 2


@pytest.mark.parametrize("column", ["body", "seal", "code", "text"])
def test_flipped_bits_give_no_other_digest(column: str, take: Taker) -> None:
    take.project.write(mod=PLAIN)
    cold, _, _ = take()
    rows = take.sql(f"SELECT code, {column} FROM forms")
    assert len(rows) > 3
    for number, (code, value) in enumerate(rows):
        damaged = bytearray(value)
        damaged[(number * 7) % len(value)] ^= 1 << number % 8
        take.sql(f"UPDATE forms SET {column} = ? WHERE code = ?", bytes(damaged), code)
    found, compiled, _ = take()
    assert found == cold
    assert compiled > 0
    assert take()[:2] == (cold, 0)


def test_a_store_that_can_not_be_used(take: Taker, tmp_path: Path) -> None:
    """Warnings are errors in there: nothing is said, because the call itself will say it."""
    take.project.write(mod=PLAIN)
    cold, _, _ = take()
    file = tmp_path / "file"
    file.write_text("no store")
    assert take(INVISCID_STORE=str(file))[0] == cold
    assert take(INVISCID_STORE="s3://bucket/store")[0] == cold
    assert take(INVISCID_STORE=str(tmp_path / "nowhere" / "store"))[0] == cold
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="root may write everywhere")
def test_a_read_only_store_is_read(take: Taker) -> None:
    take.project.write(mod=PLAIN, sitecustomize="import os\nos.access = lambda path, mode, **k: not mode & os.W_OK\n")
    before = take(PYTHONPATH=os.environ.get("PYTHONPATH", ""))
    assert before[1] > 0
    take.store.chmod(0o700)
    take.project.run("take.py", '["mod"]')
    take.store.chmod(0o500)
    try:
        read_only = f"{take.project.folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        assert take(PYTHONPATH=read_only)[:2] == (before[0], 0)
        take.project.write(mod=PLAIN.replace("# The area.", "# edited"))
        count = take.sql("SELECT count(*) FROM forms")
        assert take(PYTHONPATH=read_only)[0] == before[0]
        assert take.sql("SELECT count(*) FROM forms") == count
    finally:
        take.store.chmod(0o700)


def test_cells_of_a_notebook(project: Any, take: Taker) -> None:
    project.write(
        run="""
        import linecache, sys
        from inviscid import calls, forms
        def cell(number, text):
            name = f"<ipython-input-{number}>"
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
            exec(compile(text, name, "exec"), globals())
        cell(1, "def f(x):\\n    # " + sys.argv[1] + "\\n    return x + " + sys.argv[2] + "\\n")
        print(calls.FINGERPRINTS.of(f, forms=forms.StoredForms(None)).digest, "inviscid.fingerprinting.normalize" in sys.modules)
        """
    )
    first, normalized = project.run("run.py", "comment", "1").split()
    assert normalized == "True"
    assert project.run("run.py", "comment", "1").split() == [first, "False"]
    assert project.run("run.py", "other", "1").split() == [first, "True"]
    assert project.run("run.py", "comment", "2").split()[0] != first


def test_many_processes_at_once(take: Taker) -> None:
    from concurrent.futures import ThreadPoolExecutor

    take.project.write(mod=PLAIN)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: take(), range(8)))
    assert all(digests == found[0][0] for digests, _, _ in found)
    assert take()[1] == 0
