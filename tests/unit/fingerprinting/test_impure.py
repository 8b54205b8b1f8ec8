"""What is read of the world undeclared: known by name, and said with the cures."""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime as dt
import mimetypes
import operator
import pydoc
import random
import reprlib
import sqlite3
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd
import pytest

import inviscid
from inviscid import cached, config, configure, fingerprint
from inviscid.fingerprinting import impure as rules
from inviscid.fingerprinting import registries

HEAD = (
    "import datetime, decimal, os, pathlib, random, subprocess, sys, time, uuid\nfrom datetime import datetime as dt\n"
    "import numpy as np\nimport pandas as pd\n"
)

IMPURE = {
    "clock": ("def f(x): return time.time()", "the clock (time.time)"),
    "clock of another name": ("from time import time as now\ndef f(x): return now()", "the clock (time.time)"),
    "clock in a helper": ("def h(): return time.monotonic()\ndef f(x): return h()", "mod.h reads the clock"),
    "clock as a global": ("now = time.time\ndef f(x): return now()", "the clock"),
    "clock in a container": ("C = [time.time]\ndef f(x): return C[0]()", "the clock"),
    "clock as a default": ("def f(x, t=time.time): return t()", "the clock"),
    "clock as an attribute of a class": ("class A: now = time.time\ndef f(x): return A.now()", "the clock"),
    "clock imported inside": ("def f(x):\n import time as t\n return t.time()", "the clock"),
    "clock of a class": ("def f(x): return dt.now()", "datetime.datetime.now"),
    "clock of a class, through its module": ("def f(x): return datetime.date.today()", "datetime.date.today"),
    "clock of a class in a variable": ("def f(x):\n c = dt\n return c.now()", "datetime.datetime.now"),
    "clock of pandas": ("def f(x): return pd.Timestamp.now()", "the clock"),
    "random": ("def f(x): return random.random()", "random numbers"),
    "random, imported inside": ("def f(x):\n from random import shuffle\n shuffle(x)", "random.shuffle"),
    "random of numpy": ("def f(x): return np.random.rand(3)", "random numbers"),
    "generator without seed": ("def f(x): return np.random.default_rng().normal()", "random numbers"),
    "generator with None for a seed": ("def f(x): return np.random.default_rng(None).normal()", "random numbers"),
    "Random without seed": ("def f(x): return random.Random().random()", "random numbers"),
    "uuid": ("def f(x): return uuid.uuid4()", "random numbers"),
    "environment by a computed name": ("def f(x): return os.environ[x]", "the environment"),
    "whole environment": ("from os import environ\ndef f(x): return dict(environ)", "the environment"),
    "working directory": ("def f(x): return os.getcwd()", "the environment"),
    "command line": ("def f(x): return sys.argv", "sys.argv"),
    "existence of a file": ("def f(x): return os.path.exists(x)", "the state of the file system"),
    "existence of a path": ("def f(x): return pathlib.Path(x).exists()", "the state of the file system"),
    "another program": ("def f(x): return subprocess.run(x)", "another program"),
    "network": ("import urllib.request\ndef f(x): return urllib.request.urlopen(x)", "the network"),
    "input": ("def f(x): return input()", "typed"),
    "random of a module that is handed on": ("def f(x): return getattr(np.random, 'rand')(x)", "random numbers"),
    "random of numpy under another name": ("draw = np.random.rand\ndef f(x): return draw(x)", "random numbers"),
    "now as a word": ("def f(x): return pd.to_datetime('now')", "the clock"),
    "today as a word": ("def f(x): return np.datetime64('today')", "the clock"),
    "clock of a class that a helper is given": ("def h(c): return c.now()\ndef f(x): return h(dt)", "the clock"),
    "home of a class in a variable": ("def f(x):\n p = pathlib.Path\n return p.home()", "the environment"),
    "clock of a module that is handed on": ("def f(x): return getattr(time, 'monotonic')()", "the clock"),
    "existence of a path that is given": ("def f(x): return x.exists()", "the state of the file system"),
    "size of a path that a helper is given": (
        "def h(p): return p.stat().st_size\ndef f(x): return h(pathlib.Path(x))",
        "the state of the file system",
    ),
    "target of a path below a global one": (
        "R = pathlib.Path('/a')\ndef f(x): return (R / x).resolve(strict=False).name",
        "the state of the file system",
    ),
    "owner of a path in a global list": (
        "R = [pathlib.Path('/a')]\ndef f(x): return R[0].owner()",
        "the state of the file system",
    ),
    "size by the name of the method": (
        "def f(x): return getattr(R, 'stat')().st_size\nR = pathlib.Path('/a')",
        "the state of the file system",
    ),
    "kind of a path that is given": ("def f(x): return x.is_mount()", "the state of the file system"),
    "identity of a path that is given": ("def f(x, y): return x.samefile(y)", "the state of the file system"),
    "home of a path that is given": ("def f(x): return x.expanduser()", "the environment"),
    "a moment that is left out": ("def f(x): return time.localtime()", "the clock"),
    "hash of a text": ("def f(x): return hash(x)", "differs between processes"),
    "settings of the process": ("def f(x): return np.geterr()", "settings that hold for the whole process"),
    "function that is impure, as an annotation that is called": (
        "def h(a: time.time): pass\ndef f(x): return h.__annotations__['a']()",
        "the clock",
    ),
    "attached database": (
        "import sqlite3\ndef f(x):\n c = sqlite3.connect(x)\n c.execute(f'attach {x} as b')",
        "SQL attaches",
    ),
    "attached database, as a global": (
        "import sqlite3\nQ = ['ATTACH DATABASE ? AS b']\ndef f(x): sqlite3.connect(x).execute(Q[0])",
        "SQL attaches",
    ),
    "native reader": ("def f(x): return pd.read_parquet(x)", "pass it as a File"),
}
PURE = {
    "seeded Random": "def f(x): return random.Random(x).random()",
    "seeded generator": "def f(x): return np.random.default_rng(x).normal()",
    "generator as a type": "def f(x): return isinstance(x, np.random.Generator)",
    "a given date": "def f(x): return datetime.datetime(2020, 1, 1), dt.fromisoformat(x)",
    "sleep": "def f(x): return time.sleep(0)",
    "paths": "def f(x): return os.path.join(x), os.sep, pathlib.Path(x).name",
    "database without another": "import sqlite3\ndef f(x): return sqlite3.connect(x).execute('select 1 -- attached')",
    "attaching something else": "Q = 'attach it'\ndef f(x): return x.attach(Q)",
    "process id": "def f(x): return os.getpid()",
    "a moment that is given": "def f(x): return time.gmtime(0)",
    "a method of one's own that is called exists": "class A:\n def exists(self): return 1\ndef f(x): return A().exists()",
    "now of something else": "def f(x): return x.now()",
    "stat of something else": "def f(x): return x.stat(), x.resolve(), x.owner()",
    "stat of something else, beside paths": (
        "def h(p): return pathlib.Path(p)\ndef f(x): return h(x).name, x.stat, x.resolve('a'), x.owner"
    ),
    "stat of an entry": "R = pathlib.Path('/a')\ndef f(): return [e.stat().st_size for e in os.scandir(R)]",
    "stat of an entry, imported": (
        "from os import scandir\nR = pathlib.Path('/a')\ndef f(): return [e.stat().st_size for e in scandir(R)]"
    ),
    "a method of one's own that is called stat": (
        "class A:\n def stat(self): return 1\ndef h(p): return p.stat()\ndef f(x): return h(A()), pathlib.Path(x)"
    ),
    "hash of one's own": "class A:\n def __hash__(self): return hash('a')\n def __eq__(self, o): return True\ndef f(x): return {A(): 1}",
    "a method of one's own that is called now": "class A:\n def now(self): return 1\ndef f(x): return A().now()",
}


@pytest.mark.parametrize("name", IMPURE)
def test_what_is_impure_is_said(project: Any, name: str) -> None:
    text, said = IMPURE[name]
    found = fingerprint(project.edit(HEAD + text).f)
    whys = (*found.taints, *found.unseen)
    assert [said in why and ("make it an argument" in why or "as a File" in why) for why in whys] == [True], whys


def test_what_cures_a_question_for_existence_is_said(project: Any) -> None:
    (why,) = fingerprint(project.edit(HEAD + "def f(x): return os.path.exists(x)").f).taints
    assert "open the file and catch FileNotFoundError" in why


@pytest.mark.parametrize("name", PURE)
def test_what_only_looks_impure_is_not(project: Any, name: str) -> None:
    found = fingerprint(project.edit(HEAD + PURE[name]).f)
    assert (found.taints, found.unseen) == ((), ())


def test_an_impure_function_runs_every_time(ran: Any) -> None:
    @cached
    def f(x: int) -> float:
        sys.audit("test.ran", "f")
        return x + time.time() * 0

    with pytest.warns(inviscid.InviscidWarning, match=r"reads the clock \(time.time\)"):
        assert f(1) == 1
    assert f(1) == 1
    assert ran() == ["f", "f"]
    assert f.explain(1).outcome == "bypass"


def test_the_users_word_holds_for_callers_too(ran: Any) -> None:
    @cached(pure=True)
    def timed(x: int) -> float:
        sys.audit("test.ran", "timed")
        return x + time.time() * 0

    @cached
    def caller(x: int) -> float:
        return timed(x)

    assert [caller(1), caller(1)] == [1, 1]
    assert ran() == ["timed"]
    assert not fingerprint(caller).taints
    # Reached another way as well, the word doesn't cover it.
    clock = time.time

    @cached
    def both(x: int) -> float:
        return timed(x) + clock()

    assert fingerprint(both).taints


def test_a_constant_environment_variable_is_a_dependency(ran: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    from os import environ, getenv

    @cached
    def f(x: int) -> str:
        sys.audit("test.ran", "f")
        return os.environ["FLOW_A"] + getenv("FLOW_B", "-") + environ.get("FLOW_C", "-") + str("FLOW_D" in os.environ)

    monkeypatch.setenv("FLOW_A", "a")
    assert [f(1), f(1)] == ["a--False"] * 2
    assert ran() == ["f"]
    before = fingerprint(f).digest
    for name in "ABCD":
        monkeypatch.setenv(f"FLOW_{name}", name.lower())
        if name != "A":
            assert f.explain(1).reasons == [f"$FLOW_{name} changed"]
        assert f(1) == f(1)
    assert ran() == ["f"] * 3
    monkeypatch.setenv("FLOW_UNREAD", "x")
    f(1)
    assert ran() == []
    assert fingerprint(f).digest == before


def test_the_decimal_context_counts_where_decimals_do(ran: Any) -> None:
    import decimal

    @cached
    def third(x: decimal.Decimal) -> decimal.Decimal:
        sys.audit("test.ran", "third")
        return x / 3

    @cached
    def made(x: int) -> decimal.Decimal:
        sys.audit("test.ran", "made")
        return decimal.Decimal(x) / 3

    @cached
    def other(x: int) -> int:
        sys.audit("test.ran", "other")
        return x

    for _ in range(2):
        third(decimal.Decimal(1))
        made(1)
        other(1)
    assert ran() == ["third", "made", "other"]
    with decimal.localcontext() as context:
        context.prec = 5
        assert str(third(decimal.Decimal(1))) == str(made(1)) == "0.33333"
        other(1)
    assert ran() == ["third", "made"]


def test_a_native_reader_is_fine_with_a_file(tmp_path: Any, ran: Any, project: Any) -> None:
    mod = project.edit(
        """
        import sys
        import pandas as pd
        from inviscid import File, cached

        @cached
        def f(path, read=True):
            sys.audit("test.ran", "f")
            with open(path) as file:
                return file.read() if read else pd.read_parquet(path)
        """
    )
    (tmp_path / "data").write_text("x")
    with pytest.warns(inviscid.InviscidWarning, match="pass it as a File"):
        mod.f(str(tmp_path / "data"))
    assert mod.f(mod.File(tmp_path / "data")) == mod.f(mod.File(tmp_path / "data")) == "x"
    assert ran() == ["f", "f"]


@pytest.mark.parametrize("name", ["time.time", "numpy.random.rand", "datetime.datetime.now", "uuid.uuid4"])
def test_an_impure_function_is_not_cached_itself(name: str) -> None:
    assert cached(pydoc.locate(name)).explain().outcome == "bypass"


@pytest.mark.parametrize("given", ["numpy.random", "time.time"])
def test_what_is_impure_is_an_argument(given: str) -> None:
    @cached
    def f(x: Any) -> Any:
        return x

    assert f.explain(pydoc.locate(given)).outcome == "bypass"


@pytest.mark.parametrize(
    "given", [np.random.default_rng(3), np.random.RandomState(3), np.random.PCG64(3), random.Random(3)]
)
def test_a_generator_is_a_value(given: Any) -> None:
    """Its seed is a part of its state, and its state is a part of the key."""

    @cached
    def f(x: Any) -> int:
        return 1

    assert f.explain(given).outcome == f.explain([given]).outcome == "miss"


def test_a_seed_that_is_none_is_no_seed(ran: Any) -> None:
    @cached
    def draw(n: int, seed: int | None = None) -> float:
        sys.audit("test.ran", "draw")
        return float(np.random.default_rng(seed).random(n)[0])

    with pytest.warns(inviscid.InviscidWarning, match="argument 'seed' is None"):
        assert draw(1) != draw(1)
    assert draw(1, seed=3) == draw(1, 3)
    assert ran() == ["draw"] * 3


def test_a_sample_without_a_seed_is_random(ran: Any) -> None:
    @cached
    def pick(series: Any) -> Any:
        sys.audit("test.ran", "pick")
        return series.sample(2)

    @cached
    def seeded(series: Any) -> Any:
        sys.audit("test.ran", "seeded")
        return series.sample(2, random_state=3)

    @cached
    def of_my_own(x: Any) -> Any:
        sys.audit("test.ran", "of_my_own")
        return x.sample()

    class Sampler:
        def sample(self) -> int:
            return 4

    @cached
    def beside_frames(series: Any) -> Any:
        sys.audit("test.ran", "beside_frames")
        return Sampler().sample() + len(series)

    series = pd.Series(range(9))
    with pytest.warns(inviscid.InviscidWarning, match="draws a sample"):
        pick(series)
    for _ in range(2):
        pick(series)
        seeded(series)
        of_my_own(Sampler())
        beside_frames(series)
    assert ran() == ["pick", "pick", "seeded", "of_my_own", "beside_frames", "pick"]


@pytest.mark.parametrize(
    "how", ["directly", "in a container", "to a callable argument", "through a callee", "by the config"]
)
def test_what_is_asked_of_a_path_that_is_given_is_not_kept(how: str, tmp_path: Path, ran: Any) -> None:
    @cached
    def size(x: Any) -> int:
        sys.audit("test.ran", "size")
        return int(x[0].stat().st_size) if isinstance(x, list) else int(x.stat().st_size)

    @cached
    def apply(x: Any, function: Any) -> int:
        sys.audit("test.ran", "size")
        return int(function(x))

    @cached
    def calls(x: Any) -> int:
        return size(x)

    @cached
    def configured(x: Any = config("impure.path")) -> int:
        sys.audit("test.ran", "size")
        return int(x.stat().st_size)

    path = tmp_path / "a"
    path.write_text("1")
    functions: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "directly": (size, (path,)),
        "in a container": (size, ([path],)),
        "to a callable argument": (apply, (path, lambda p: p.stat().st_size)),
        "through a callee": (calls, (path,)),
        "by the config": (configured, ()),
    }
    function, given = functions[how]
    with configure({"impure.path": path}):
        with pytest.warns(inviscid.InviscidWarning, match=r"the state of the file system \(pathlib.Path.stat\)"):
            assert function(*given) == 1
        path.write_text("12345")
        assert function(*given) == 5
    assert ran() == ["size", "size"]


def test_of_what_is_no_path_the_same_is_kept(ran: Any) -> None:
    @cached
    def asks(x: Any, path: Any = None) -> int:
        sys.audit("test.ran", "asks")
        return int(x.stat())

    class Curve:
        def stat(self) -> int:
            return 3

    for _ in range(2):
        assert asks(Curve()) == 3
        assert asks(Curve(), PurePath("a")) == 3
    assert ran() == ["asks", "asks"]


def test_the_working_directory_counts_where_it_is_used(
    ran: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @cached
    def whole(path: Path) -> Path:
        sys.audit("test.ran", "whole")
        return path.absolute()

    @cached
    def of_text(path: str) -> Path:
        sys.audit("test.ran", "of_text")
        return Path(path).absolute()

    @cached
    def of_arrays(array: Any) -> Any:
        sys.audit("test.ran", "of_arrays")
        return np.absolute(array)

    for folder in ("a", "b", "a"):
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        assert whole(Path("x")) == of_text("x") == tmp_path / folder / "x"
        assert of_arrays(-1) == 1
    assert ran() == ["whole", "of_text", "of_arrays", "whole", "of_text"]
    monkeypatch.chdir(tmp_path)
    assert whole.explain(Path("x")).reasons == of_text.explain("x").reasons == ["working directory changed"]


def test_the_working_directory_counts_for_whoever_names_the_method(
    ran: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @cached
    def each(paths: list[str]) -> list[Path]:
        sys.audit("test.ran", "each")
        return list(map(Path.absolute, map(Path, paths)))

    for folder in ("a", "b", "a"):
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        assert each(["x"]) == [tmp_path / folder / "x"]
    assert ran() == ["each", "each"]


def test_the_time_zone_counts_where_it_is_used(ran: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    @cached
    def shown(seconds: int) -> str:
        sys.audit("test.ran", "shown")
        return str(dt.datetime.fromtimestamp(seconds))

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    first = shown(0)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert shown.explain(0).reasons == ["time zone changed"]
        assert shown(0) != first
    finally:
        monkeypatch.undo()
        time.tzset()
    assert ran() == ["shown", "shown"]


def test_a_name_below_a_listed_one_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules.world_of("random.gauss") is not None
    monkeypatch.setattr(rules, "_BELOW", {})
    assert rules.world_of("random.gauss") is None


@cached
def texts(x: Any) -> str:
    sys.audit("test.ran", "texts")
    return f"{x}"


@cached
def printed(x: Any) -> str:
    sys.audit("test.ran", "printed")
    return "%s" % (x,)


@cached
def joined(x: Any) -> str:
    sys.audit("test.ran", "joined")
    return ",".join(map(str, x))


text_of = operator.methodcaller("__str__")


@cached
def called(x: Any) -> Any:
    sys.audit("test.ran", "called")
    return text_of(x)


@cached
def summed(x: Any) -> float:
    sys.audit("test.ran", "summed")
    return float(x.sum()) % 7


@pytest.mark.parametrize("function", [texts, printed, joined, called])
def test_print_options_count_where_texts_are_made(ran: Any, function: Any) -> None:
    array = np.array([[1 / 3, 2.0], [3.0, 4.0]])
    first = function(array)
    summed(array)
    with np.printoptions(precision=2, formatter={"bool": lambda x: "?"}):
        assert function.explain(array).reasons == ["print options changed"]
        assert function(array) == function(array) != first
        summed(array)
    assert function(array) == first
    name = function.__name__
    # What makes no text has no options.
    assert ran() == [name, "summed", name]


def test_what_a_formatter_does_counts(ran: Any) -> None:
    def formatter(digits: int) -> Any:
        return {"float": lambda x: f"{x:.{digits}f}"}

    array = np.array([1 / 3])
    for digits, text in ((1, "[0.3]"), (1, "[0.3]"), (2, "[0.33]")):
        with np.printoptions(formatter=formatter(digits)):
            assert texts(array) == text
    assert ran() == ["texts", "texts"]


def test_print_options_of_pandas_count(ran: Any) -> None:
    frame = pd.DataFrame({"a": [1 / 3] * 100})
    first = texts(frame)
    summed(frame["a"])
    with pd.option_context("display.max_rows", 4):
        assert texts.explain(frame).reasons == ["print options changed"]
        assert texts(frame) != first
        summed(frame["a"])
    assert texts(frame) == first
    assert ran() == ["texts", "summed", "texts"]


def test_other_options_of_pandas_count_always(ran: Any) -> None:
    series = pd.Series([1.0])
    summed(series)
    with pd.option_context("compute.use_bottleneck", not pd.get_option("compute.use_bottleneck")):
        assert summed.explain(series).reasons == ["pandas options changed"]
        summed(series)
    summed(series)
    assert ran() == ["summed", "summed"]


@cached
def spoken(x: str) -> Any:
    sys.audit("test.ran", "spoken")
    return next(csv.reader([x], max(csv.list_dialects())))


@cached
def guessed(x: str) -> Any:
    sys.audit("test.ran", "guessed")
    return mimetypes.guess_type(x)


@cached
def shortened(x: list[int]) -> str:
    sys.audit("test.ran", "shortened")
    return reprlib.repr(x)


@cached
def adapted(x: int) -> Any:
    sys.audit("test.ran", "adapted")
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute("SELECT ?", (Day(x),)).fetchone() if x else None


@cached
def warned(x: int) -> str:
    sys.audit("test.ran", "warned")
    try:
        warnings.warn("x", UserWarning, stacklevel=1)
    except UserWarning:
        return "raised"
    return "quiet"


@cached
def recorded(x: int) -> int:
    sys.audit("test.ran", "recorded")
    with warnings.catch_warnings(record=True) as told:
        warnings.warn("x", UserWarning, stacklevel=1)
    return len(told)


@cached
def told_to_codecs(x: str) -> bytes:
    sys.audit("test.ran", "told_to_codecs")
    return x.encode("ascii", "of test_impure") + x.encode("ascii", HANDLER)


HANDLER = "of test_impure as a global"


class Day:
    def __init__(self, number: int) -> None:
        self.number = number


@contextlib.contextmanager
def swapped(mapping: Any, key: Any, value: Any) -> Iterator[None]:
    before = dict(mapping)
    mapping[key] = value
    try:
        yield
    finally:
        mapping.clear()
        mapping.update(before)


@contextlib.contextmanager
def a_dialect() -> Iterator[None]:
    csv.register_dialect("zz", delimiter=";")
    try:
        yield
    finally:
        csv.unregister_dialect("zz")


@contextlib.contextmanager
def errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@contextlib.contextmanager
def shown() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


mimetypes.init()
TOLD: dict[str, tuple[Any, Any, Callable[[], Any]]] = {
    "csv": (spoken, "a;b", a_dialect),
    "mimetypes": (guessed, "x.zz", lambda: swapped(mimetypes._db.types_map[True], ".zz", "a/b")),
    "reprlib": (shortened, list(range(9)), lambda: swapped(vars(reprlib.aRepr), "maxlist", 3)),
    "sqlite3": (adapted, 0, lambda: swapped(sqlite3.adapters, (Day, sqlite3.PrepareProtocol), lambda day: day.number)),
    "warnings": (warned, 1, errors),
    "warnings.catch_warnings": (recorded, 1, shown),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_a_module_was_told_counts_for_who_reaches_it(ran: Any, name: str) -> None:
    function, argument, telling = TOLD[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = function(argument)
        summed(pd.Series([1.0]))
        with telling():
            assert f"what was told to {name} changed" in function.explain(argument).reasons
            again = function(argument)
            assert function(argument) == again
            assert again != first or name == "sqlite3"
            summed(pd.Series([1.0]))
        assert function(argument) == first
    assert ran() == [function.__name__, "summed", function.__name__]


@pytest.mark.parametrize("listed", [True, False])
def test_what_is_done_about_errors_of_coding_counts(ran: Any, monkeypatch: pytest.MonkeyPatch, listed: bool) -> None:
    """Also where the collector of garbage was told to forget what is there, and with it where handlers are."""
    registry = registries._error_registry()
    if not listed:
        monkeypatch.setattr(registries, "_error_registry", dict)
    codecs.register_error("of test_impure", lambda error: ("?", error.end))
    codecs.register_error(HANDLER, lambda error: ("?", error.end))
    assert [told_to_codecs("é"), told_to_codecs("é")] == [b"??", b"??"]
    codecs.register_error("of test_impure", lambda error: ("!", error.end))
    assert [told_to_codecs("é"), told_to_codecs("é")] == [b"!?", b"!?"]
    codecs.register_error(HANDLER, lambda error: ("!", error.end))
    assert [told_to_codecs("é"), told_to_codecs("é")] == [b"!!", b"!!"]
    assert ran() == ["told_to_codecs"] * 3
    for name in ("of test_impure", HANDLER):
        registry.pop(name)


@cached
def coded(x: str, codec: str) -> Any:
    sys.audit("test.ran", "coded")
    return x.encode(codec)


def test_what_finds_codecs_counts(ran: Any) -> None:
    def finder(answer: bytes) -> Any:
        def encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
            return answer, len(text)

        return lambda name: (
            codecs.CodecInfo(encode, encode, name="of_test_impure") if name == "of_test_impure" else None
        )

    for answer in (b"1", b"2"):
        find = finder(answer)
        codecs.register(find)
        try:
            assert coded("a", "of_test_impure") == coded("a", "of_test_impure") == answer
        finally:
            codecs.unregister(find)
    assert ran() == ["coded", "coded"]
