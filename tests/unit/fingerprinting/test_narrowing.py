"""Which members of a class count: the unmentioned don't, as long as nothing could look them up."""

from __future__ import annotations

from typing import Any

import pytest

from inviscid import fingerprint
from inviscid.fingerprinting import narrowing

CLASS = "class A:\n def used(self): return 1\n def unused(self): return {}\n"


def edited(project: Any, text: str, class_text: str = CLASS) -> bool:
    """Whether an edit of the method that f doesn't use changes f."""
    found = [fingerprint(project.edit(class_text.format(value) + text).f) for value in (1, 2)]
    assert not found[0].taints
    return found[0].digest != found[1].digest


KEEPS = {
    "method": "def f(x): return A().used()",
    "instance": "a = A()\ndef f(x): return a.used()",
    "builtins and closed modules": "import math\ndef f(x): return sorted([math.sqrt(A().used()), len(str(x))])",
    "modules that look up what they know": "import fractions, queue, shutil, threading, traceback\nLOCK = threading.Lock()\ndef f(x):\n try:\n  with LOCK: return [fractions.Fraction(A().used()), queue.Queue(1).maxsize]\n except ValueError: traceback.print_exc()\n return shutil.copyfileobj",
    "getattr with a constant name": "def f(x): return getattr(A(), 'used')()",
    "subclass": "class B(A): pass\ndef f(x): return B().used()",
    "exceptions": "class E(ValueError):\n def used(self): pass\ndef f(x):\n try: A().used()\n except E: pass",
}
COUNTS = {
    "attribute": "def f(x): return A().unused()",
    "in a helper": "def h(a): return a.unused()\ndef f(x): return h(A())",
    "in another class": "class V:\n def visit(self, a): return a.unused()\ndef f(x): return V().visit(A())",
    "getattr": "def f(x): return getattr(A(), 'unused')()",
    "computed name": "def f(x): return getattr(A(), 'un' + x)()",
    "computed name, getattr by another name": "g = getattr\ndef f(x): return g(A(), 'un' + x)()",
    "computed name, getattr of its module": "import builtins\ndef f(x): return builtins.getattr(A(), 'un' + x)()",
    "computed name, getattr in a container": "C = [getattr]\ndef f(x): return C[0](A(), 'un' + x)()",
    "computed name, getattr as a default": "def f(x, g=getattr): return g(A(), 'un' + x)()",
    "getattr handed on": "def f(x): return list(map(getattr, [A()], x))",
    "attrgetter": "import operator\ndef f(x): return operator.attrgetter('un' + x)(A())",
    "vars": "def f(x): return vars(A)",
    "dict of the class": "def f(x): return A.__dict__[x](A())",
    "dir": "def f(x): return dir(A)",
    "eval": "def f(x): return eval(x)",
    "format": "def f(x): return '{0.unused}'.format(A())",
    "pattern": "def f(x):\n match A():\n  case A(unused=u): return u",
    "installed code": "import numpy as np\ndef f(x): return np.vectorize(x)(A())",
    "method of the standard library that is put into a class": "import random\nclass R(random.Random): pass\nclass B(A): go = random.Random.choice\ndef f(x): return B().go(x)",
    "method of the standard library that is given an instance": "import queue\ndef f(x): return queue.Queue.put(A(), x)",
    "inspect": "import inspect\ndef f(x): return inspect.getmembers(A())",
    "pickle": "import pickle\ndef f(x): return pickle.dumps(A())",
}


@pytest.mark.parametrize("name", KEEPS)
def test_what_nothing_can_call_does_not_count(project: Any, name: str) -> None:
    assert not edited(project, KEEPS[name])


@pytest.mark.parametrize("name", COUNTS)
def test_what_may_be_called_counts(project: Any, name: str) -> None:
    assert edited(project, COUNTS[name])


ALWAYS = {
    "special": "class A:\n def used(self): return 1\n def __len__(self): return {}\n",
    "looked up by print": "class A:\n def used(self): return 1\n def write(self, t): return {}\n",
    "looked up by dict()": "class A:\n def used(self): return 1\n def keys(self): return [{}]\n",
    "name of a builtin base": "class A(dict):\n def used(self): return 1\n def get(self, k): return {}\n",
    "another name of a builtin base": "class A(list):\n def used(self): return 1\n def index(self, k): return {}\n",
    "base beside the closed ones": "import json\nclass A(json.JSONEncoder):\n def used(self): return 1\n def unused(self): return {}\n",
    "installed base": "import threading\nclass A(threading.Thread):\n def used(self): return 1\n def run(self): return {}\n",
    "abstract": "import abc\nclass P(abc.ABC):\n @abc.abstractmethod\n def unused(self): ...\nclass A(P):\n def used(self): return 1\n def unused(self): return {}\n",
    "metaclass": "class M(type): pass\nclass A(metaclass=M):\n def used(self): return 1\n def unused(self): return {}\n",
    "protocol": "import typing\nclass P(typing.Protocol):\n def unused(self): ...\nclass A(P):\n def used(self): return 1\n def unused(self): return {}\n",
    "match args": "class A:\n __match_args__ = ('unused',)\n def used(self): return 1\n @property\n def unused(self): return {}\n",
}


@pytest.mark.parametrize("name", ALWAYS)
def test_what_others_look_up_by_convention_counts(project: Any, name: str) -> None:
    assert edited(project, "def f(x): return A().used()", ALWAYS[name])


def test_a_member_counts_when_something_later_in_the_walk_mentions_it(project: Any) -> None:
    text = "def f(x): return A().used()\n"
    chain = "class A:\n def used(self): return B().first()\n def unused(self): return {}\nclass B:\n def first(self): return A().unused()\n"
    assert edited(project, text, chain)


def test_code_among_the_arguments_may_call_anything(project: Any, ran: Any) -> None:
    text = (
        "import sys\nfrom inviscid import cached\nclass A:\n def unused(self): return {}\n"
        "class V:\n def visit(self, a): return a.unused()\n"
        "@cached\ndef f(v):\n sys.audit('test.ran', 'f')\n return v.visit(A()) if hasattr(v, 'visit') else v\n"
    )
    mod = project.edit(text.format(1))
    assert (mod.f(mod.V()), mod.f(3)) == (1, 3)
    mod = project.edit(text.format(2))
    assert (mod.f(mod.V()), mod.f(3)) == (2, 3)
    assert ran() == ["f", "f", "f"]


def test_a_class_that_is_asked_for_counts_whole(project: Any) -> None:
    first, second = (fingerprint(project.edit(CLASS.format(value)).A).digest for value in (1, 2))
    assert first != second


def test_without_the_rule_for_installed_code_a_row_would_fail(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inviscid.fingerprinting.of_installed.opaque", lambda name: False)
    assert not edited(project, COUNTS["pickle"])


def test_names_that_libraries_look_up_are_listed_as_installed_modules_have_them() -> None:
    assert narrowing.opaque("numpy.sqrt")
    assert not narrowing.opaque("posixpath.join")
    assert narrowing.opaque("operator.attrgetter")


def test_an_unused_method_runs_nothing_again(project: Any, ran: Any) -> None:
    text = (
        "import sys\nfrom inviscid import cached\n"
        + CLASS
        + "@cached\ndef f(x):\n sys.audit('test.ran', 'f')\n return A().used()\n"
    )
    assert project.edit(text.format(1)).f(1) == 1
    assert project.edit(text.format(2)).f(1) == 1
    assert ran() == ["f"]
