"""Cached functions in other processes: the same results, the same config, one computation."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

MODULE = """
import sys
from inviscid import cached, config

@cached
def g(x, k: int = config("a.k", default=1)):
    return x * k, "ran"

@cached
def f(x):
    return g(x)
"""

SPAWN = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from inviscid import configure, mode
import mod

if __name__ == "__main__":
    kind = sys.argv[1]
    configure({"a.k": 5})
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(kind)) as pool:
        print(list(pool.map(mod.f, [1, 2])))
    print([mod.f.explain(x).outcome for x in (1, 2)])
    with mode("readonly"), ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(kind)) as pool:
        print(list(pool.map(mod.f, [3])))
    print(mod.f.explain(3).outcome)
"""


@pytest.mark.parametrize("kind", ["spawn", "fork", "forkserver"])
def test_workers_get_config_and_mode(project: Any, kind: str) -> None:
    project.write(mod=MODULE, script=SPAWN)
    printed = project.run("script.py", kind).splitlines()
    assert printed == ["[(5, 'ran'), (10, 'ran')]", "['hit', 'hit']", "[(15, 'ran')]", "miss"]


METHOD = """
import sys
from inviscid import cached, config

class C:
    def __init__(self, k):
        self.k = k

    @cached
    def m(self, x, offset: int = config("a.offset", default=0)):
        return self.k * x + offset

class D:
    @cached
    @classmethod
    def of_class(cls, x):
        return cls.__name__, x
"""

METHODS = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from inviscid import configure
from mod import C, D

if __name__ == "__main__":
    configure({"a.offset": 5})
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        print(list(pool.map(C(2).m, [1, 2])), list(pool.map(D.of_class, [3])))
    print(C(2).m.explain(1).outcome, D.of_class.explain(3).outcome)
"""


def test_bound_methods_go_with_their_instance(project: Any) -> None:
    project.write(mod=METHOD, script=METHODS)
    assert project.run("script.py").splitlines() == ["[7, 9] [('D', 3)]", "hit hit"]


LOKY = """
from joblib import Parallel, delayed
from inviscid import cached, config, configure

K = 3

def helper(x):
    return x * K

@cached
def f(x, k: int = config("a.k", default=1)):
    return helper(x) + k

if __name__ == "__main__":
    configure({"a.k": 100})
    print(Parallel(n_jobs=2)(delayed(f)(x) for x in range(3)))
    print([f.explain(x).outcome for x in range(3)])
    print(f.configured(k=7)(1), f.explain(1).outcome)
"""


def test_functions_of_main_go_by_value(project: Any) -> None:
    """loky's workers have another ``__main__``; what they store is found here all the same."""
    project.write(script=LOKY)
    assert project.run("script.py").splitlines() == ["[100, 103, 106]", "['hit', 'hit', 'hit']", "10 hit"]


KINDS = """
import asyncio, functools, sys
from inviscid import cached, config

@cached
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

@cached
def even(n):
    return n == 0 or odd(n - 1)

@cached
def odd(n):
    return n != 0 and even(n - 1)

@cached
@functools.lru_cache(maxsize=8)
def memoized(x):
    return x + 1

@cached
@functools.singledispatch
def dispatched(x):
    return "object"

@dispatched.register
def of_int(x: int):
    return "int"

class Scale:
    def __init__(self, by):
        self.by = by

    def __call__(self, x):
        return self.by * x

    @cached
    def method(self, x):
        return Scale(self.by)(x) + 1

scale = cached(Scale(3))
partial = cached(functools.partial(pow, 2))

def make(by):
    @cached
    def nested(x):
        def deeper(y):
            return by * y
        return deeper(x)
    return nested

nested = make(5)
lambdas = cached(lambda x: -x), cached(lambda x: +x)

@cached(generator="list")
def listed(n):
    yield from range(n)

@cached
async def awaited(x):
    return fib(x)

def called(function, *args):
    found = function(*args)
    return asyncio.run(found) if asyncio.iscoroutine(found) else found

@cached
def applied(function, x):
    return function(x) + 1

def double(x):
    return 2 * x

CALLS = [
    (fib, 5), (even, 4), (memoized, 1), (dispatched, 1), (scale, 2), (partial, 3), (Scale(2).method, 3), (nested, 2),
    (lambdas[0], 1), (lambdas[1], 1), (listed, 2), (awaited, 6), (applied, double, 1),
]
RESULTS = "[5, True, 2, 'int', 6, 8, 7, 10, -1, 1, [0, 1], 8, 3]"
"""

WAYS = {
    "spawn": """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        print([pool.submit(called, *call).result() for call in CALLS])
""",
    "fork": """
    import multiprocessing
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print([pool.apply(called, call) for call in CALLS])
""",
    "loky": """
    from joblib import Parallel, delayed
    print(Parallel(n_jobs=2)(delayed(called)(*call) for call in CALLS))
""",
    "a process that has no such functions": """
    import subprocess, cloudpickle
    loading = "import pickle, sys; print([called(*call) for called, call in pickle.load(sys.stdin.buffer)])"
    given = cloudpickle.dumps([(called, call) for call in CALLS])
    print(subprocess.run([sys.executable, "-c", loading], input=given, capture_output=True, check=True).stdout.decode())
""",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_kind_of_function_travels(project: Any, way: str) -> None:
    """What is computed there is found here: on the way a function loses neither its text nor what it reaches."""
    project.write(
        script=f"{KINDS}\nif __name__ == '__main__':{WAYS[way]}    print([f.explain(*a).outcome for f, *a in CALLS])"
    )
    printed = project.run("script.py").split("\n")
    results = KINDS.partition("RESULTS = ")[2].strip().strip('"')
    assert [line for line in printed if line] == [results, str(["hit"] * 13)]


def test_a_function_of_another_machine_is_known_by_its_text(project: Any) -> None:
    """The file that it is from is not there; the text that counts came along."""
    project.write(
        script="""
        from __future__ import annotations
        import cloudpickle
        from inviscid import cached

        def helper(x: int) -> int:
            return x + 1

        class Home:
            @staticmethod
            def make(k):
                @cached
                def inside(x):  return helper(x) * k; 0
                return inside

        pair = [cached(lambda x: (x,)), cached(lambda x: [x])]; one = cached(lambda x: {
            x}); two = cached(lambda x: (x, x))

        if __name__ == "__main__":
            functions = [Home.make(2), *pair, one, two]
            with open("functions.pickle", "wb") as file:
                cloudpickle.dump(functions, file)
            print([function.fingerprint.digest for function in functions])
        """,
        other="""
        import pickle, traceback
        with open("functions.pickle", "rb") as file:
            functions = pickle.load(file)
        print([function.fingerprint.digest for function in functions])
        # They can be sent on from here.
        functions = pickle.loads(pickle.dumps(functions))
        print([function.fingerprint.digest for function in functions])
        try:
            functions[0]("text")
        except TypeError:
            assert "return x + 1" in traceback.format_exc()
        """,
    )
    digests = project.run("script.py")
    (project.folder / "script.py").unlink()
    assert project.run("other.py") == digests * 2


def test_a_pickled_function_is_itself_here(project: Any) -> None:
    mod = project.edit(MODULE)
    assert pickle.loads(pickle.dumps(mod.g)).fingerprint.digest == mod.g.fingerprint.digest
    assert pickle.loads(pickle.dumps(mod.g.configured(k=3)))(2) == (6, "ran")
    assert pickle.loads(pickle.dumps(mod.g.configured({"a.k": 4})))(2) == (8, "ran")


def test_sixteen_processes_compute_once(project: Any, tmp_path: Any) -> None:
    project.write(
        mod="""
        import os, time
        from inviscid import cached

        @cached
        def slow(x, folder):
            open(os.path.join(folder, str(os.getpid())), "w").close()
            time.sleep(0.3)
            return x + 1
        """,
        script="""
        import multiprocessing, sys
        import mod

        def call(folder):
            return mod.slow(1, folder)

        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(16) as pool:
                print(pool.map(call, [sys.argv[1]] * 16, chunksize=1))
        """,
    )
    folder = tmp_path / "ran"
    folder.mkdir()
    assert project.run("script.py", str(folder)) == f"{[2] * 16}\n"
    assert len(list(folder.iterdir())) == 1
