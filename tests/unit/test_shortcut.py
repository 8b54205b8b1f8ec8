"""The short way of a hit gives what the whole path would, and is left whenever anything moved."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import inviscid
from inviscid import Store, cached, configure, mode, moved, shortcut
from inviscid.errors import ReplayMiss

Ran = Callable[[], list[str]]

TEXT = """
import os, sys
from inviscid import cached, config

LIMIT = 10
TABLE = {"a": 1}

def helper(x, more=1): return x + more
def spread(x, *, by=1): return x * by
def told(x): return getattr(told, "extra", 0) + x
def named(x): return told.extra if hasattr(told, "extra") else x

class Box:
    SIZE = 1
    def get(self): return 1
class Small(Box):
    pass

def made(k):
    def inner(x): return x + k
    return inner
closed = made(1)

@cached
def f(x, y=2, *, window=config("a.window", default=1)):
    sys.audit("test.ran", "f")
    return [helper(x), spread(x), told(x), Box().get(), Small().SIZE, closed(x), LIMIT, TABLE["a"], window, y, divmod(x, 1)[0]]

@cached
def environment(x):
    sys.audit("test.ran", "environment")
    return os.environ.get("OF_TEST_SHORTCUT")
"""


@pytest.fixture
def mod(project: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setattr(moved, "_RESTLESS", -1.0)
    return project.edit(TEXT)


def settle(function: Any, *args: Any, **keywords: Any) -> Any:
    """What a call gives by the short way."""
    for _ in range(6):
        found = function(*args, **keywords)
    assert function._shortcut.look(*args, **keywords) == found
    return found


def goes_short(function: Any, *args: Any, **keywords: Any) -> bool:
    look = function._shortcut.look
    return look is not None and look(*args, **keywords) is not shortcut.MISSING


# Each changes what `f` does, or may do.
MOVES: dict[str, Callable[[Any, pytest.MonkeyPatch], object]] = {
    "a global": lambda mod, patch: patch.setattr(mod, "LIMIT", 11),
    "a global that is equal": lambda mod, patch: patch.setattr(mod, "LIMIT", 10.0),
    "what a global holds": lambda mod, patch: patch.setitem(mod.TABLE, "a", 2),
    "a helper": lambda mod, patch: patch.setattr(mod, "helper", lambda x: x - 1),
    "a builtin": lambda mod, patch: patch.setattr("builtins.divmod", lambda a, b: (5,)),
    "a global in front of a builtin": lambda mod, patch: patch.setattr(mod, "divmod", lambda a, b: (6,), raising=False),
    "the code of a helper": lambda mod, patch: patch.setattr(mod.helper, "__code__", (lambda x, more=1: x).__code__),
    "the defaults of a helper": lambda mod, patch: patch.setattr(mod.helper, "__defaults__", (5,)),
    "the keyword defaults of a helper": lambda mod, patch: patch.setattr(mod.spread, "__kwdefaults__", {"by": 3}),
    "a keyword default of a helper": lambda mod, patch: patch.setitem(mod.spread.__kwdefaults__, "by", 3),
    "a keyword default that is equal": lambda mod, patch: patch.setitem(mod.spread.__kwdefaults__, "by", 1.0),
    "an attribute of a function": lambda mod, patch: patch.setattr(mod.told, "extra", 7, raising=False),
    "a method": lambda mod, patch: patch.setattr(mod.Box, "get", lambda self: 3),
    "an attribute of a class": lambda mod, patch: patch.setattr(mod.Box, "SIZE", 2),
    "an attribute of a class that is equal": lambda mod, patch: patch.setattr(mod.Box, "SIZE", 1.0),
    "a new attribute of a class": lambda mod, patch: patch.setattr(mod.Small, "SIZE", 2, raising=False),
    "the bases of a class": lambda mod, patch: setattr(
        mod.Small, "__bases__", (type("Other", (mod.Box,), {"SIZE": 9}),)
    ),
    "a cell": lambda mod, patch: patch.setattr(mod.closed.__closure__[0], "cell_contents", 5),
    "the own default": lambda mod, patch: patch.setattr(mod.f.__wrapped__, "__defaults__", (4,)),
}


@pytest.mark.parametrize("name", MOVES)
def test_what_moves_is_seen(name: str, mod: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settle(mod.f, 3)
    assert ran() == ["f"]
    MOVES[name](mod, monkeypatch)
    assert not goes_short(mod.f, 3)
    after = mod.f(3)
    assert ran() == ["f"]
    assert [type(item) for item in after] != [type(item) for item in before] or after != before
    assert mod.f.explain(3).outcome == "hit"


def test_what_is_told_is_seen(mod: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settle(mod.f, 3)[8] == 1
    with configure({"a.window": 4}):
        assert mod.f(3)[8] == 4
        assert settle(mod.f, 3)[8] == 4
    assert settle(mod.f, 3)[8] == 1
    with configure({"a.window": 5}, local=True):
        assert settle(mod.f, 3)[8] == 5
        other: list[Any] = []
        thread = threading.Thread(target=lambda: other.append(mod.f(3)[8]))
        thread.start()
        thread.join()
        assert other == [1]
    assert mod.f(3)[8] == 1
    assert ran() == ["f"] * 3
    for name, local in (("off", False), ("refresh", True), ("fresh", False), ("off", True)):
        with mode(name, local=local):
            mod.f(3)
        settle(mod.f, 3)
    assert ran() == ["f"] * 4
    with mode("replay"):
        settle(mod.f, 3)
        with pytest.raises(ReplayMiss):
            mod.f(4)
    assert ran() == []


def test_the_environment_is_seen(mod: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_TEST_SHORTCUT", "one")
    assert settle(mod.environment, 3) == "one"
    monkeypatch.setenv("OF_TEST_SHORTCUT", "two")
    assert mod.environment(3) == "two"
    monkeypatch.delenv("OF_TEST_SHORTCUT")
    assert mod.environment(3) is None
    assert ran() == ["environment"] * 3
    settle(mod.environment, 3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", {**os.environ, "OF_TEST_SHORTCUT": "three"})
        assert settle(mod.environment, 3) == "three"
    assert mod.environment(3) is None
    assert ran() == ["environment"]
    monkeypatch.setenv("INVISCID_MODE", "off")
    mod.environment(3)
    assert ran() == ["environment"]


def test_another_store_is_seen(mod: Any, ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(mod.f, 3)
    monkeypatch.setenv("INVISCID_STORE", str(tmp_path / "other"))
    mod.f(3)
    assert ran() == ["f", "f"]


def test_config_files_are_seen(mod: Any, ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "any.name"
    file.write_text("a.window = 2\n")
    monkeypatch.setenv("INVISCID_CONFIG", str(file))
    assert settle(mod.f, 3)[8] == 2
    file.write_text("a.window = 33\n")
    assert mod.f(3)[8] == 33
    settle(mod.f, 3)
    other = tmp_path / "draft"
    other.write_text("a.window = 444\n")
    settle(mod.f, 3)
    other.rename(file)
    assert mod.f(3)[8] == 444
    assert settle(mod.f, 3)[8] == 444
    # By another process, which says when it is done.
    subprocess.run([sys.executable, "-c", f"open({str(file)!r}, 'w').write('a.window = 5555')"], check=True)
    assert mod.f(3)[8] == 5555


def test_what_is_frozen_is_seen(mod: Any, ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    before = settle(mod.f, 3)
    mod.f.freeze(because="of a test")
    monkeypatch.setattr(mod, "LIMIT", 11)
    assert mod.f(3) == before
    lock = Path("inviscid.lock").read_text()
    mod.f.thaw()
    assert settle(mod.f, 3)[6] == 11
    Path("inviscid.lock").write_text(lock)
    assert mod.f(3) == before


def test_what_others_remove_is_gone(mod: Any, ran: Ran, isolated: Path) -> None:
    settle(mod.f, 3)
    Store(isolated).forget([bytes.fromhex(mod.f.key(3))])
    mod.f(3)
    assert ran() == ["f", "f"]
    settle(mod.f, 3)
    subprocess.run([sys.executable, "-m", "inviscid", "clean", "--yes"], check=True, capture_output=True)
    mod.f(3)
    assert ran() == ["f"]


def test_arguments_are_told_apart(mod: Any, ran: Ran) -> None:
    values = [
        1,
        True,
        1.0,
        0.0,
        -0.0,
        "1",
        b"1",
        None,
        (1,),
        [1],
        {"a": 1},
        [True],
        (1.0,),
        [[1], [1]],
        1 << 70,
        "\ud800",
    ]
    shared = [1]
    values.append([shared, shared])
    which = inviscid.cached(lambda x: repr(type(x)) + repr(x))
    kept = ["".join(which(value) for value in values) for _ in range(6)]
    assert len(set(kept)) == 1
    # The packer has no place for these.
    beyond = [1 << 70, "\ud800"]
    assert all(goes_short(which, value) for value in values if value not in beyond)
    for value in beyond:
        with pytest.raises((OverflowError, ValueError)):
            goes_short(which, value)
    assert kept[0] == "".join(repr(type(value)) + repr(value) for value in values)
    keys = {which.key(value) for value in values}
    assert len(keys) == len(values)


def test_wrong_calls_say_what_is_wrong(mod: Any) -> None:
    settle(mod.f, 3)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        mod.f()
    with pytest.raises(TypeError, match="injected from the config key"):
        mod.f(3, window=3)
    with pytest.raises(inviscid.UnhashableInput, match="argument 'x'"):
        mod.f(item for item in [])


def test_nobody_shares_what_can_change(mod: Any, ran: Ran) -> None:
    first = settle(mod.f, 3)
    first.append(1)
    second = mod.f(3)
    second[0] = 7
    assert mod.f(3) not in (first, second)
    assert ran() == ["f"]


def test_hits_are_logged_and_counted(mod: Any, caplog: pytest.LogCaptureFixture, isolated: Path) -> None:
    settle(mod.f, 3)
    with caplog.at_level(logging.INFO, "inviscid"):
        mod.f(3)
        assert [record.message.split()[:2] for record in caplog.records] == [["hit", "f"]]
    before = mod.f.peek(3).hits
    store = inviscid.stores.store_at(isolated)
    store.close()
    counted = store.stats().outcomes["HIT"][0]
    for _ in range(50):
        mod.f(3)
    assert goes_short(mod.f, 3)
    store._flush()
    assert mod.f.peek(3).hits - before > 50
    assert store.stats().outcomes["HIT"][0] - counted > 50


def test_callers_are_told(project: Any, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    """A callee that would go the short way is a part of its caller's result all the same: so where it is edited, and
    gives what it gave, the caller stands.
    """
    monkeypatch.setattr(moved, "_RESTLESS", -1.0)
    text = TEXT + "\n@cached\ndef top(x):\n    sys.audit('test.ran', 'top')\n    return f(x)[6]\n"
    mod = project.edit(text)
    settle(mod.f, 3)
    assert goes_short(mod.f, 3)
    assert mod.top(3) == 10
    assert ran() == ["f", "top"]
    mod = project.edit(
        text.replace("LIMIT = 10", "LIMIT = 5 + 5\nOTHER = 1").replace("helper(x),", "helper(x) * OTHER,")
    )
    assert mod.top(3) == 10
    assert ran() == ["f"]


def test_a_hook_that_forbids_hooks(tmp_path: Path) -> None:
    """Then nothing can be heard, and nobody goes the short way."""
    (tmp_path / "mod.py").write_text(TEXT)
    script = (
        "import sys, mod\n"
        "def forbid(event, args):\n"
        "    if event == 'sys.addaudithook': raise RuntimeError('no')\n"
        "sys.addaudithook(forbid)\n"
        "from inviscid import moved; moved._RESTLESS = -1.0\n"
        "before = [mod.f(3) for _ in range(8)]\n"
        "mod.helper.__defaults__ = (5,)\n"
        "print(mod.f._shortcut.look, mod.f(3)[0])\n"
    )
    env = {**os.environ, "INVISCID_STORE": str(tmp_path / "store")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["None", "8"]


def test_after_a_move_it_waits_for_the_move(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event comes before the change that it announces: whoever looks at once may not see it."""
    monkeypatch.setattr(moved, "_RESTLESS", 1.0)
    mod = project.edit(TEXT)
    moved.listen()
    mod.f(3)
    monkeypatch.setattr(moved, "_heard", time.monotonic() - 10)
    settle(mod.f, 3)
    mod.helper.__defaults__ = (5,)
    for _ in range(6):
        mod.f(3)
        assert not goes_short(mod.f, 3)
    monkeypatch.setattr(moved, "_heard", time.monotonic() - 10)
    settle(mod.f, 3)


def test_without_memory_it_reads_the_store(
    project: Any, ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moved, "_RESTLESS", -1.0)
    store = Store(tmp_path / "none", memory_limit=0)

    def double(x: int) -> int:
        sys.audit("test.ran", "double")
        return 2 * x

    function = cached(store=store)(double)
    assert settle(function, 3) == 6
    assert store.recall(bytes.fromhex(function.key(3))) is None
    assert [function(4), function(4)] == [8, 8]
    assert goes_short(function, 4)
    assert ran() == ["double", "double"]
    store.forget([bytes.fromhex(function.key(3))])
    assert function(3) == 6
    assert ran() == ["double"]


def test_workers_look_each_time(tmp_path: Path) -> None:
    """Whoever started them may tell them at any moment that a file is another."""
    script = (
        "import multiprocessing, sys\n"
        "from inviscid import moved\n"
        "def asked(queue):\n"
        "    moved.listen()\n"
        "    queue.put(moved.is_accompanied())\n"
        "if __name__ == '__main__':\n"
        "    moved.listen()\n"
        "    print(moved.is_accompanied())\n"
        "    context = multiprocessing.get_context(sys.argv[1])\n"
        "    queue = context.Queue()\n"
        "    worker = context.Process(target=asked, args=(queue,))\n"
        "    worker.start()\n"
        "    print(queue.get())\n"
        "    moved.due(0.0)\n"
        "    print(moved.is_accompanied())\n"
        "    worker.join()\n"
    )
    (tmp_path / "script.py").write_text(script)
    for how in ("spawn", "fork"):
        done = subprocess.run(
            [sys.executable, "script.py", how], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        assert done.stdout.split() == ["False", "True", "True"], how


def test_what_an_unrelated_process_writes_is_seen_soon(tmp_path: Path) -> None:
    """Within the time between two looks: nothing tells this process of it."""
    (tmp_path / "mod.py").write_text(TEXT)
    (tmp_path / "config.toml").write_text("a.window = 2\n")
    (tmp_path / "pyproject.toml").write_text('[tool.inviscid]\nconfig = "config.toml"\n')
    script = (
        "import sys, time, mod\n"
        "from inviscid import moved\n"
        "moved._RESTLESS = -1.0\n"
        "for _ in range(8): mod.f(3)\n"
        "for line in sys.stdin:\n"
        "    time.sleep(0.05)\n"
        "    print(mod.f(3)[8], moved.is_accompanied(), flush=True)\n"
        "    for _ in range(8): mod.f(3)\n"
    )
    env = {**os.environ, "INVISCID_STORE": str(tmp_path / "store")}
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for window in (2, 33, 444):
            (tmp_path / "config.toml").write_text(f"a.window = {window}\n")
            process.stdin.write("look\n")
            process.stdin.flush()
            assert process.stdout.readline().split() == [str(window), "False"]
        process.stdin.close()


def test_threads_with_a_config_of_their_own(mod: Any) -> None:
    """Each learns the way of its own config, and takes nothing of another's."""
    wrong: list[Any] = []

    def calls(window: int) -> None:
        with configure({"a.window": window}, local=True):
            for turn in range(400):
                found = mod.f(turn % 3)[8]
                if found != window:
                    wrong.append((window, found))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=calls, args=(window,)) for window in (1, 2, 3, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert wrong == []
