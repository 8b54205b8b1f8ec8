"""`inviscid plan`: scripts and calls, as programs that run against a real store."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

MODULE = """
import sys
from inviscid import cached, config, effect

@cached
def f(x, factor=config("factor", default=2)):
    print("body of f", file=sys.stderr)
    return x * factor

@cached
def g(x):
    print("body of g", file=sys.stderr)
    return x + 1

@effect
def send(x):
    print("sent", file=sys.stderr)

def plain(x):
    return g(f(x))

@cached
async def later(x):
    print("body of later", file=sys.stderr)
    return x
"""
SCRIPT = """
import sys
from inviscid import cached, configure
from mod import f, g, send

@cached
def own(x):
    print("body of own", file=sys.stderr)
    return x + 10

print("hello", sys.argv[1:])
if __name__ == "__main__":
    configure({"factor": int(sys.argv[1]) if len(sys.argv) > 1 else 2})
    first = f(1)
    second = own(g(first))
    send(second)
    print(second)
    f(5)
"""


def start(folder: Path, *arguments: str, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "inviscid", *arguments], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env}, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


@pytest.fixture
def folder(project: Any) -> Path:
    project.write(mod=MODULE, script=SCRIPT)
    return project.folder


def bodies(text: str) -> list[str]:
    return re.findall(r"^(?:body of (\w+)|sent)$", text, re.MULTILINE)


def test_a_script_is_planned_before_it_runs(folder: Path, project: Any, isolated: Path) -> None:
    done = start(folder, "plan", "script.py", "3")
    table = rows(done.stdout)
    assert [row[:2] for row in table[:4]] == [
        ["run", "mod:f"],
        ["run", "mod:g"],
        ["run", "script:own"],
        ["run", "mod:send"],
    ]
    assert [row[3] for row in table[:4]] == [
        "first call",
        "argument 'x' is a result of f(), which would run",
        "argument 'x' is a result of g(), which would run",
        "an effect runs at every call",
    ]
    assert done.stdout.splitlines()[4:] == [
        "script.py:17: beyond this line it depends on the result of own(), which would run",
        "4 would run",
    ]
    assert done.stderr == "hello ['3']\n", "its own lines run, and print elsewhere"
    assert not isolated.exists()


def test_after_the_run_the_plan_hits_up_to_the_effect(folder: Path, project: Any) -> None:
    project.run("script.py", "3")
    done = start(folder, "plan", "script.py", "3")
    assert [row[:2] for row in rows(done.stdout)[:4]] == [
        ["hit", "mod:f"], ["hit", "mod:g"], ["hit", "script:own"], ["run", "mod:send"]
    ]  # fmt: skip
    assert rows(done.stdout)[0][2] == "2 calls"
    assert done.stdout.endswith("\n1 would run, 4 would hit\n")
    assert bodies(done.stderr) == []
    found = json.loads(start(folder, "plan", "--json", "script.py", "4").stdout)
    first = found["calls"][0]
    assert (first["function"], first["would"], first["code"], first["reasons"]) == (
        "mod:f", "run", "MISS_CONFIG", ["config factor 3 → 4"]
    )  # fmt: skip
    assert found["error"] is None
    assert found["ended"].startswith("script.py:17: beyond this line")


def test_an_edit_of_the_script_itself_is_seen(folder: Path, project: Any) -> None:
    project.run("script.py")
    project.write(script=SCRIPT.replace("x + 10", "x + 11"))
    calls = json.loads(start(folder, "plan", "--json", "script.py").stdout)["calls"]
    assert [(call["would"], call["function"]) for call in calls][:3] == [
        ("hit", "mod:f"), ("hit", "mod:g"), ("run", "script:own")
    ]  # fmt: skip
    assert calls[2]["reasons"] == ["script.own changed, body"]


def test_a_call_is_planned(folder: Path, project: Any) -> None:
    done = start(folder, "plan", "mod:f", "1")
    assert rows(done.stdout)[0][:2] == ["run", "mod:f"]
    assert bodies(done.stderr) == []
    project.write(use="from mod import f\nf(1)\n")
    project.run("use.py")
    done = start(folder, "plan", "mod:plain", "x=1")
    assert [row[:2] for row in rows(done.stdout)[:2]] == [["hit", "mod:f"], ["run", "mod:g"]]
    assert rows(start(folder, "plan", "mod:later", "-1").stdout)[0][:2] == ["run", "mod:later"]
    other = start(folder, "plan", "--store", str(folder / "other"), "mod:f", "1")
    assert rows(other.stdout)[0][0] == "run"


def test_loops_are_one_line(folder: Path, project: Any) -> None:
    project.write(loop="from mod import f, g\nfor n in range(5):\n    f(n)\n")
    start(folder, "plan", "loop.py")
    assert rows(start(folder, "plan", "loop.py").stdout) == [["run", "mod:f", "5 calls", "first call"], ["5 would run"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all' (bad.py:1)"),
        ("from mod import f\nf(1)\n1 / 0\n", "bad.py raised ZeroDivisionError: division by zero (bad.py:3)"),
        ("def f(:\n", "bad.py raised SyntaxError: invalid syntax (bad.py:1)"),
        ("raise SystemExit(3)\n", "bad.py ended with 3"),
        ("from mod import f\nf()\n", "TypeError"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_script_that_fails_is_one_line_and_wrong(
    folder: Path, project: Any, text: str, told: str, *, as_json: bool
) -> None:
    project.write(bad=text)
    done = start(folder, "plan", *(["--json"] if as_json else []), "bad.py", code=1)
    if as_json:
        assert told in json.loads(done.stdout)["error"]
    else:
        assert len(done.stderr.splitlines()) == 1
        assert told in done.stderr
    if "1 / 0" in text:
        assert "mod:f" in done.stdout, "what was seen till then is shown"


def test_a_script_that_leaves_well_is_planned(folder: Path, project: Any) -> None:
    project.write(well="import sys\nfrom mod import f\nf(1)\nsys.exit()\n")
    assert rows(start(folder, "plan", "well.py").stdout)[0][:2] == ["run", "mod:f"]
    project.write(none="print(1)\n")
    assert start(folder, "plan", "none.py").stdout == "no cached function is called\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("nowhere.py",), 1, "the script nowhere.py can't be read: No such file or directory"),
        (("mod:ff", "1"), 1, "mod has no 'ff'; did you mean 'f'?"),
        (("mod:f", "abc"), 2, "is no Python literal"),
        (("mod:f",), 2, "missing a required argument: 'x'"),
        (("mod:f", "1", "--json"), 2, "options go in front of the function"),
        (("mod",), 2, "names no function"),
        (("mod:sys", ), 1, "mod:sys is no function"),
        (("nomod:f", "1"), 1, "there is no module 'nomod'"),
    ],
)  # fmt: skip
def test_bad_input(folder: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    error = re.sub(r"[│╭╰─╯\s]+", " ", start(folder, "plan", *arguments, code=code).stderr)
    assert told in error


def test_what_is_called_at_the_exit_and_in_threads_does_not_run(folder: Path, project: Any) -> None:
    project.write(
        late="""
        import atexit, threading, time
        from mod import f, g
        atexit.register(lambda: f(100))
        def work():
            time.sleep(0.2)
            g(1)
        threading.Thread(target=work).start()
    """
    )
    done = start(folder, "plan", "late.py")
    assert bodies(done.stderr) == []
    assert rows(done.stdout)[0][:2] == ["run", "mod:g"]


def test_workers_run_nothing(folder: Path, project: Any) -> None:
    project.write(
        many="""
        from joblib import Parallel, delayed
        from concurrent.futures import ProcessPoolExecutor
        import multiprocessing
        import mod

        def work(x):
            return mod.f(x)

        if __name__ == "__main__":
            mod.g(0)
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                list(pool.map(work, [1, 2]))
    """
    )
    done = start(folder, "plan", "many.py")
    assert bodies(done.stderr) == []
    assert rows(done.stdout)[0][:2] == ["run", "mod:g"]
    assert "beyond this line nothing can be planned: f() would run, in a process" in done.stdout
    project.write(
        many="""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        import mod

        def work(x):
            return mod.f(x)

        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            list(pool.map(work, [1, 2]))
    """
    )
    done = start(folder, "plan", "many.py")
    assert bodies(done.stderr) == []
    assert "many.py:10: beyond this line nothing can be planned: f() would run, in a process" in done.stdout
    again = start(folder, "plan", "many.py", code=1, INVISCID_PLANNING="1")
    assert again.stderr == "error: a plan is being made already\n"
    project.write(
        many="from joblib import Parallel, delayed\nfrom mod import f\nParallel(2)(delayed(f)(x) for x in [1, 2])\n"
    )
    done = start(folder, "plan", "many.py")
    assert bodies(done.stderr) == []
    assert "many.py:3: beyond this line it depends on what other processes do, to which f() is sent" in done.stdout


HANGING = {
    "executor": """
        with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
            list(pool.map(mod.f, [1, 2]))
    """,
    "executor spawned": """
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            list(pool.map(mod.f, [1, 2]))
    """,
    "executor not closed": """
        pool = ProcessPoolExecutor(1)
        pool.submit(mod.f, 1).result()
    """,
    "pool": """
        with get_context("fork").Pool(1) as pool:
            pool.map(mod.f, [1, 2])
    """,
    "pool and a result": """
        with get_context("fork").Pool(1) as pool:
            pool.map(str, [mod.f(1), 2])
    """,
    "queue": """
        todo = queue.Queue()
        def work():
            while True:
                print(todo.get() + 1)
                todo.task_done()
        threading.Thread(target=work, daemon=True).start()
        todo.put(mod.f(1))
        todo.join()
    """,
    "a thread that is fed": """
        todo = queue.Queue()
        threading.Thread(target=todo.get).start()
        print(mod.f(1))
    """,
}


@pytest.mark.parametrize("how", HANGING)
def test_a_plan_that_ends_elsewhere_ends_all_the_same(folder: Path, project: Any, how: str) -> None:
    head = """
import queue, threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import mod

if __name__ == "__main__":
    mod.g(0)
"""
    text = head + textwrap.indent(textwrap.dedent(HANGING[how]).strip(), "    ") + "\n"
    (folder / "hangs.py").write_text(text)
    done = start(folder, "plan", "hangs.py")
    assert bodies(done.stderr) == []
    assert rows(done.stdout)[0][:2] == ["run", "mod:g"]
    assert "beyond this line it depends on" in done.stdout
    found = json.loads(start(folder, "plan", "--json", "hangs.py").stdout)
    assert found["calls"][0]["function"] == "mod:g"
    assert found["ended"]
    assert not found["error"]


@pytest.mark.parametrize(
    "how",
    [
        "one = get_context('fork').Process(target=mod.plain, args=(1,)); one.start(); one.join()",
        "one = get_context('spawn').Process(target=mod.plain, args=(1,)); one.start(); one.join()",
        "os.system(f'{sys.executable} -c \"import mod; mod.f(1)\"')",
        "subprocess.run([sys.executable, '-c', 'import mod; mod.f(1)'])",
        "os.posix_spawn(sys.executable, [sys.executable, '-c', 'import mod; mod.f(1)'], os.environ); os.wait()",
    ],
)
def test_processes_that_are_started_are_told(folder: Path, how: str) -> None:
    head = "import os, subprocess, sys\nfrom multiprocessing import get_context\nimport mod\n"
    (folder / "starts.py").write_text(f"{head}if __name__ == '__main__':\n    {how}\n")
    command = [sys.executable, "-m", "inviscid", "plan", "starts.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    assert bodies(done.stderr) == []
    assert "other processes were started, and can't be looked into" in done.stdout
    assert "no cached function is called in this process" in done.stdout
    assert "PlanError: f() would run, in a process that was started while a plan is made" in done.stderr
    if "get_context" not in how:
        assert "Traceback" not in done.stderr
        assert json.loads(start(folder, "plan", "--json", "starts.py").stdout)["processes"] is True


def test_without_other_processes_nothing_is_told_of_them(folder: Path) -> None:
    assert "process" not in start(folder, "plan", "script.py").stdout
    assert json.loads(start(folder, "plan", "--json", "script.py").stdout)["processes"] is False
