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
