"""Early cutoff: what calls a function that was edited, and gives what it gave, is not computed again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inviscid
from inviscid import Outcome, Store

Ran = Callable[[], list[str]]

HEAD = """
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from inviscid import cached, config, source, File

def ran(name): sys.audit("test.ran", name)
"""


def test_a_callee_that_gives_the_same_does_not_rerun_its_callers(project: Any, ran: Ran) -> None:
    text = HEAD + (
        "@cached\ndef low(x):\n    ran('low')\n    return {}\n"
        "@cached\ndef middle(x):\n    ran('middle')\n    return low(x) + 1\n"
        "@cached\ndef top(x):\n    ran('top')\n    return middle(x) * 2\n"
    )
    assert project.edit(text.format("x * 2")).top(3) == 14
    assert ran() == ["top", "middle", "low"]
    mod = project.edit(text.format("x + x"))
    assert mod.top(3) == 14
    assert ran() == ["low"]
    assert mod.top.explain(3).code is Outcome.HIT
    mod = project.edit(text.format("x * 3"))
    assert mod.top(3) == 20
    assert ran() == ["low", "middle", "top"]
    # Back to what was known: nothing runs, though it was not the last.
    assert project.edit(text.format("x + x")).top(3) == 14
    assert ran() == []


def test_the_hit_says_so(project: Any, caplog: pytest.LogCaptureFixture) -> None:
    text = HEAD + "@cached\ndef low(x): return {}\n@cached\ndef top(x): return low(x)\n"
    project.edit(text.format("x")).top(1)
    caplog.set_level("INFO", "inviscid")
    project.edit(text.format("x + 0")).top(1)
    assert [record.outcome for record in caplog.records] == [Outcome.MISS_CODE, Outcome.HIT_RETRACED]  # type: ignore[attr-defined]


def test_an_explanation_says_on_whom_it_depends(project: Any, ran: Ran) -> None:
    text = HEAD + "@cached\ndef low(x): return {}\n@cached\ndef top(x):\n    ran('top')\n    return low(x)\n"
    project.edit(text.format("x")).top(1)
    mod = project.edit(text.format("x + 0"))
    explained = mod.top.explain(1)
    assert explained.reasons == ["mod.low changed, body", "unless low() gives what it gave"]
    assert explained.code is Outcome.MISS_CODE
    mod.low(1)
    assert mod.top.explain(1).code is Outcome.HIT_RETRACED
    assert ran() == ["top"]


def test_across_processes(project: Any) -> None:
    text = HEAD + (
        "@cached\ndef low(x):\n    print('low')\n    return {}\n"
        "@cached\ndef top(xs):\n    print('top')\n    return [low(x) for x in xs]\n"
    )
    project.write(run="import mod\nprint(mod.top([1, 2]))\n", mod=text.format("[x]"))
    assert project.run("run.py").split("\n")[:-1] == ["top", "low", "low", "[[1], [2]]"]
    project.write(mod=text.format("list((x,))"))
    assert project.run("run.py").split("\n")[:-1] == ["low", "low", "[[1], [2]]"]
    assert project.run("run.py").split("\n")[:-1] == ["[[1], [2]]"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("return helper(x)", id="through a helper"),
        pytest.param("return [low(y) for y in range(x)] and low(x)", id="in a comprehension"),
        pytest.param("first = low(x)\n    return low(first) - first", id="what one gives is passed to the next"),
        pytest.param(
            "xs = [x]\n    a = low(xs)\n    xs.append(1)\n    return a + low(xs)", id="an argument that changes"
        ),
        pytest.param("return low(x=x) + low(*[x], **{'again': 1})", id="starred and by keyword"),
        pytest.param("from mod import low as other\n    return other(x)", id="imported inside"),
        pytest.param(
            "try:\n        return low(x)\n    except KeyError:\n        return 0", id="that might have raised"
        ),
    ],
)
def test_calls_that_are_seen_are_cut(project: Any, ran: Ran, body: str) -> None:
    text = HEAD + (
        "@cached\ndef low(x, again=0):\n    ran('low')\n    return {}\n"
        "def helper(x):\n    return low(x)\n"
        f"@cached\ndef top(x):\n    ran('top')\n    {body}\n"
    ).replace("{'again': 1}", "{{'again': 1}}")
    same, other = "(sum(x) if isinstance(x, list) else x) + {}".format, 0
    first = project.edit(text.format(same(3))).top(4)
    assert "top" in ran()
    assert project.edit(text.format(same(other + 3).replace("+ 3", "+ 1 + 2"))).top(4) == first
    assert "top" not in ran()
    project.edit(text.format(same(4))).top(4)
    assert "top" in ran()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("with ThreadPoolExecutor(1) as pool:\n        return sum(pool.map(low, [x]))", id="to a pool"),
        pytest.param("with ThreadPoolExecutor(1) as pool:\n        return pool.submit(lambda: low(x)).result()", id="lambda"),
        pytest.param("with ThreadPoolExecutor(1) as pool:\n        return pool.submit(helper, x).result()", id="helper"),
        pytest.param("return Holder().go(x)", id="a method"),
        pytest.param("return TABLE['low'](x)", id="a table"),
        pytest.param("return low.__wrapped__(x)", id="what is wrapped"),
        pytest.param("f = low\n    return f(x)", id="another name"),
        pytest.param("return low(x) if x < 0 else sum(map(low, [x]))", id="directly and not"),
    ],
)  # fmt: skip
def test_what_escapes_stays_expanded(project: Any, ran: Ran, body: str) -> None:
    """Its calls may be made where nobody sees them: so an edit is an edit."""
    text = HEAD + (
        "@cached\ndef low(x):\n    return {}\n"
        "def helper(x):\n    return low(x)\n"
        "class Holder:\n    def go(self, x):\n        return low(x)\n"
        "TABLE = {{'low': low}}\n"
        f"@cached(pure=True)\ndef top(x):\n    ran('top')\n    {body}\n"
    )
    mod = project.edit(text.format("x * 2"))
    assert mod.top.fingerprint.shallow is None
    assert mod.top(3) == 6
    assert ran() == ["top"]
    assert project.edit(text.format("x + x")).top(3) == 6
    assert ran() == ["top"]
    assert project.edit(text.format("x * 3")).top(3) == 9


@pytest.mark.slow
def test_calls_in_other_processes_are_not_taken_for_none(project: Any) -> None:
    """A manifest that saw nothing must not be taken for one that says nothing changed."""
    text = HEAD + (
        "@cached\ndef low(x): return {}\n"
        "def work(x): return low(x)\n"
        "@cached(pure=True)\ndef top(xs):\n"
        "    with ProcessPoolExecutor(1) as pool:\n        return low(0) + sum(pool.map(work, xs))\n"
    )
    project.write(run="import mod\nif __name__ == '__main__':\n    print(mod.top([1, 2]))\n", mod=text.format("x * 2"))
    assert project.run("run.py") == "6\n"
    # The call that was seen gives what it gave; those that were not don't.
    project.write(mod=text.format("x * 3"))
    assert project.run("run.py") == "9\n"


def test_what_raised_stays_expanded(project: Any, ran: Ran) -> None:
    text = HEAD + (
        "@cached\ndef low(x):\n    if {}: raise ValueError\n    return x\n"
        "@cached\ndef other(x):\n    return {}\n"
        "@cached\ndef top(x):\n    ran('top')\n    try:\n        return low(x) + other(x)\n"
        "    except ValueError:\n        return -other(x)\n"
    )
    assert project.edit(text.format("x > 2", "x")).top(3) == -3
    assert ran() == ["top"]
    # What raised gives nothing that could be compared; what didn't does.
    assert project.edit(text.format("x > 2", "x + 0")).top(3) == -3
    assert ran() == []
    assert project.edit(text.format("x > 1", "x")).top(3) == -3
    assert ran() == ["top"]
    assert project.edit(text.format("x > 3", "x")).top(3) == 6
    assert ran() == ["top"]


def test_the_own_code_of_the_caller_counts(project: Any, ran: Ran) -> None:
    text = HEAD + "@cached\ndef low(x): return {}\n@cached\ndef top(x):\n    ran('top')\n    return low(x) + {}\n"
    assert project.edit(text.format("x", 1)).top(1) == 2
    assert project.edit(text.format("x + 0", 2)).top(1) == 3
    assert ran() == ["top", "top"]


def test_which_of_two_is_called_counts(project: Any, ran: Ran) -> None:
    """Names enter nothing, so the two are told apart by where they are called."""
    text = HEAD + (
        "@cached\ndef one(x): return x + {}\n@cached\ndef two(x): return x * {}\n"
        "@cached\ndef top(x):\n    ran('top')\n    return one(x) - two(x)\n"
    )
    assert project.edit(text.format(1, 2)).top(3) == -2
    assert project.edit(text.format(1, 2).replace("one(x) - two(x)", "two(x) - one(x)")).top(3) == 2
    assert project.edit(text.format(2, 1)).top(3) == 2
    assert ran() == ["top"] * 3


def test_config_of_a_callee_that_changes_nothing(project: Any, ran: Ran) -> None:
    mod = project.edit(
        HEAD
        + "@cached\ndef low(x, k=config('a.k', default=0)):\n    ran('low')\n    return x + min(k, 1)\n"
        + "@cached\ndef top(x):\n    ran('top')\n    return low(x)\n"
    )
    with inviscid.configure({"a.k": 1}):
        assert mod.top(1) == 2
    with inviscid.configure({"a.k": 2}):
        assert mod.top(1) == 2
    assert ran() == ["top", "low", "low"]
    assert mod.top.configured({"a.k": 3})(1) == 2
    assert mod.top.configured({"a.k": 0})(1) == 1
    assert ran() == ["low", "low", "top"]


def test_a_file_that_a_callee_read(project: Any, ran: Ran, tmp_path: Path) -> None:
    file = tmp_path / "data.txt"
    file.write_text("one")
    mod = project.edit(
        HEAD
        + "@cached\ndef size(path):\n    ran('size')\n    with open(path) as f: return len(f.read())\n"
        + "@cached\ndef parsed(file):\n    ran('parsed')\n    with open(file) as f: return len(f.read())\n"
        + "@cached\ndef top(path):\n    ran('top')\n    return size(path) + parsed(File(path))\n"
    )
    assert mod.top(str(file)) == 6
    assert ran() == ["top", "size", "parsed"]
    file.write_text("two")
    assert mod.top(str(file)) == 6
    assert ran() == ["size", "parsed"]
    assert mod.top(str(file)) == 6
    assert ran() == []
    file.write_text("three")
    assert mod.top(str(file)) == 10
    # The first answer that differs ends the looking.
    assert ran() == ["size", "top", "parsed"]


def test_what_it_read_itself_counts(project: Any, ran: Ran, tmp_path: Path) -> None:
    file = tmp_path / "data.txt"
    file.write_text("one")
    text = HEAD + (
        "@cached\ndef low(x): return {}\n"
        "@cached\ndef top(path):\n    ran('top')\n    with open(path) as f: return f.read() * low(1)\n"
    )
    assert project.edit(text.format("1")).top(str(file)) == "one"
    file.write_text("two")
    assert project.edit(text.format("2 - 1")).top(str(file)) == "two"
    assert ran() == ["top", "top"]


def test_what_a_memo_read_for_one_is_a_dependency_of_others(project: Any, ran: Ran, tmp_path: Path) -> None:
    text = HEAD + (
        "import functools\n"
        "@functools.lru_cache\ndef memo(path):\n    with open(path) as file: return file.read()\n"
        "@cached\ndef low(path):\n    ran('low')\n    {}return 0\n"
        "@cached\ndef top(path):\n    ran('top')\n    return str(low(path)) + memo(path)\n"
    )
    path = tmp_path / "data.txt"
    path.write_text("one")
    assert project.edit(text.format("memo(path)\n    ")).top(str(path)) == "0one"
    assert ran() == ["top", "low"]
    path.write_text("two")
    # Nobody but `low` was seen to open the file, and now it doesn't.
    assert project.edit(text.format("")).top(str(path)) == "0two"
    assert ran() == ["top", "low"]


def test_print_options_of_a_callee_count_for_its_callers(project: Any, ran: Ran) -> None:
    mod = project.edit(
        HEAD + "import numpy as np\n"
        "@cached\ndef low(x):\n    ran('low')\n    return len(f'{np.float64(x)}') > 1\n"
        "@cached\ndef top(x):\n    ran('top')\n    return low(x)\n"
    )
    assert mod.top(1.0) is True
    assert ran() == ["top", "low"]
    with np.printoptions(precision=2):
        # What low gives might be something whose text is made in the body of top.
        assert mod.top(1.0) is True
        assert ran() == ["top", "low"]


def test_answers_are_not_compared_where_the_order_of_attributes_is_seen(project: Any, ran: Ran) -> None:
    text = HEAD + (
        "class Pair:\n    def __init__(self, *names):\n        for name in names: setattr(self, name, 1)\n"
        "@cached\ndef low(x):\n    ran('low')\n    return Pair({})\n"
        "@cached\ndef top(x):\n    ran('top')\n    return list({}(low(x)))\n"
    )
    assert project.edit(text.format("'a', 'b'", "vars")).top(1) == ["a", "b"]
    assert project.edit(text.format("'b', 'a'", "vars")).top(1) == ["b", "a"]
    assert ran() == ["top", "low"] * 2


def test_large_arguments_are_named_or_not_kept(project: Any, ran: Ran, isolated: Path) -> None:
    text = HEAD + (
        "@cached\ndef low(xs): return {}\n"
        "@cached\ndef given(xs):\n    ran('given')\n    return len(low(xs))\n"
        "@cached\ndef made(n):\n    ran('made')\n    return len(low(list(range(n))))\n"
    )
    mod, large = project.edit(text.format("xs[:5]")), [str(i) for i in range(100_000)]
    assert (mod.given(large), mod.made(100_000)) == (5, 5)
    assert all(len(entry.manifest) < 1_000 for entry in Store(isolated).nearest("mod:given"))
    mod = project.edit(text.format("xs[0:5]"))
    assert (mod.given(large), mod.made(100_000)) == (5, 5)
    # What came from outside is there again; what was made inside was too large to keep.
    assert ran() == ["given", "made", "made"]
    figures = Store(isolated).stats()
    assert figures.manifests >= 4
    assert figures.manifest_bytes < 4_000


def test_forgetting_forgets_what_stood_for_it(project: Any, ran: Ran) -> None:
    text = HEAD + "@cached\ndef low(x): return {}\n@cached\ndef top(x):\n    ran('top')\n    return low(x)\n"
    project.edit(text.format("x")).top(1)
    mod = project.edit(text.format("x + 0"))
    assert mod.top(1) == 1
    assert ran() == ["top"]
    assert mod.top.forget(1)
    assert mod.top(1) == 1
    assert ran() == ["top"]
    assert mod.top.clean() == 1
    mod = project.edit(text.format("x - 0"))
    assert mod.top(1) == 1
    assert ran() == ["top"]


def test_in_mode_fresh_nothing_older_stands(project: Any, ran: Ran) -> None:
    text = HEAD + "@cached\ndef low(x): return {}\n@cached\ndef top(x):\n    ran('top')\n    return low(x)\n"
    project.edit(text.format("x")).top(1)
    mod = project.edit(text.format("x + 0"))
    with inviscid.mode("fresh"):
        assert mod.top(1) == 1
    assert ran() == ["top", "top"]


def test_async_functions(project: Any, ran: Ran) -> None:
    text = "import asyncio" + HEAD + (
        "@cached\nasync def low(x):\n    ran('low')\n    return {}\n"
        "@cached\ndef plain(x):\n    ran('plain')\n    return {}\n"
        "@cached\nasync def top(x):\n    ran('top')\n"
        "    return sum(await asyncio.gather(low(x), low(x + 1))) + plain(x)\n"
    )  # fmt: skip
    assert asyncio.run(project.edit(text.format("x", "x")).top(1)) == 4
    assert sorted(ran()) == ["low", "low", "plain", "top"]
    assert asyncio.run(project.edit(text.format("x + 0", "x + 0")).top(1)) == 4
    assert sorted(ran()) == ["low", "low", "plain"]
    assert asyncio.run(project.edit(text.format("x + 1", "x")).top(1)) == 6
    assert "top" in ran()


def test_a_trace_that_is_not_looked_at_is_found_out(project: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests above would say of a defect there."""
    from inviscid import confirm

    text = HEAD + "@cached\ndef low(x): return {}\n@cached\ndef top(x):\n    ran('top')\n    return low(x)\n"
    assert project.edit(text.format("x")).top(1) == 1

    def blind(call: Any, manifest: Any, *, awaited: bool, safe: bool) -> Any:
        return confirm.Standing()
        yield

    monkeypatch.setattr(confirm, "confirm", blind)
    assert project.edit(text.format("x + 1")).top(1) == 1
    assert sys.modules["mod"].low(1) == 2
