"""Every kind of callable under `@cached`: called as before, its body once, and its key moves with what it does."""

from __future__ import annotations

import asyncio
import functools
import inspect
import math
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inviscid import ConfigError, cached, config, configure, mode

Ran = Callable[[], list[str]]

# name: (module, what is put in place of the first text to edit it, a call of `f` and its result, after the edit)
KINDS: dict[str, tuple[str, tuple[str, str], Any, Any]] = {
    "callable object, its class": (
        ("class Scale:\n    def __init__(self, by): self.by = by\n"
        "    def __call__(self, x, plus=0):\n        sys.audit('test.ran', 'f')\n        return self.by * x + plus\n"
        "f = cached(Scale(2))"),
        ("+ plus", "+ plus + 1"), 6, 7,
    ),
    "callable object, its state": (
        ("class Scale:\n    def __init__(self, by): self.by = by\n"
        "    def __call__(self, x):\n        sys.audit('test.ran', 'f')\n        return self.by * x\n"
        "f = cached(Scale(2))"),
        ("Scale(2)", "Scale(3)"), 6, 9,
    ),
    "callable object, a helper of its class": (
        ("def helper(x): return x\n"
        "class Scale:\n    def __call__(self, x):\n        sys.audit('test.ran', 'f')\n        return helper(x)\n"
        "f = cached(Scale())"),
        ("return x\n", "return x + 1\n"), 3, 4,
    ),
    "partial, its function": (
        ("def inner(a, x):\n    sys.audit('test.ran', 'f')\n    return a * x\n"
        "f = cached(functools.partial(inner, 2))"),
        ("a * x", "a + x"), 6, 5,
    ),
    "partial, its arguments": (
        ("def inner(a, x):\n    sys.audit('test.ran', 'f')\n    return a * x\n"
        "f = cached(functools.partial(inner, 2))"),
        ("inner, 2", "inner, 4"), 6, 12,
    ),
    "partial, its keywords": (
        ("def inner(x, a=1):\n    sys.audit('test.ran', 'f')\n    return a * x\n"
        "f = cached(functools.partial(inner, a=2))"),
        ("a=2", "a=4"), 6, 12,
    ),
    "lru_cache": (
        ("def helper(x): return x\n"
        "@cached\n@functools.lru_cache\ndef f(x):\n    sys.audit('test.ran', 'f')\n    return helper(x)"),
        ("return x\n", "return x + 1\n"), 3, 4,
    ),
    "cache": (
        "@cached\n@functools.cache\ndef f(x):\n    sys.audit('test.ran', 'f')\n    return x",
        ("return x", "return x + 1"), 3, 4,
    ),
    "singledispatch": (
        ("@cached\n@functools.singledispatch\ndef f(x): return 0\n"
        "@f.register\ndef of_int(x: int):\n    sys.audit('test.ran', 'f')\n    return x"),
        ("return x", "return x + 1"), 3, 4,
    ),
    "vectorize": (
        ("def inner(x):\n    sys.audit('test.ran', 'f')\n    return x\n"
        "f = cached(np.vectorize(inner, otypes=[int]))"),
        ("return x", "return x + 1"), 3, 4,
    ),
    "a class that wraps": (
        ("class Loud:\n    def __init__(self, function):\n        functools.update_wrapper(self, function)\n"
        "    def __call__(self, *args):\n        sys.audit('test.ran', 'f')\n        return self.__wrapped__(*args)\n"
        "@cached\n@Loud\ndef f(x): return x"),
        ("return x", "return x + 1"), 3, 4,
    ),
    "bound method": (
        ("class Scale:\n    by = 2\n"
        "    def times(self, x, plus=0):\n        sys.audit('test.ran', 'f')\n        return self.by * x + plus\n"
        "f = cached(Scale().times)"),
        ("by = 2", "by = 3"), 6, 9,
    ),
    "lambda": (
        "f = cached(lambda x: sys.audit('test.ran', 'f') or 2 * x)",
        ("2 * x", "3 * x"), 6, 9,
    ),
    "nested function": (
        ("def make(by):\n    @cached\n    def inner(x):\n        sys.audit('test.ran', 'f')\n        return by * x\n"
        "    return inner\nf = make(2)"),
        ("make(2)", "make(3)"), 6, 9,
    ),
}  # fmt: skip
HEAD = "import functools, sys\nimport numpy as np\nfrom inviscid import cached\n\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_hits_and_recomputes(project: Any, ran: Ran, kind: str) -> None:
    text, (old, new), before, after = KINDS[kind]
    assert text.count(old) == 1
    mod = project.edit(HEAD + text)
    assert mod.f(3) == before
    assert ran() == ["f"]
    assert mod.f(3) == before
    mod = project.load()
    assert mod.f.explain(3).outcome == "hit"
    assert mod.f(3) == before
    assert ran() == []
    mod = project.edit(HEAD + text.replace(old, new))
    assert mod.f(3) == after
    assert ran() == ["f"]
    # And back: what was computed first is there still.
    assert project.edit(HEAD + text).f(3) == before
    assert ran() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_hits_in_another_process(project: Any, kind: str) -> None:
    project.write(mod=HEAD + KINDS[kind][0], script="import mod\nprint(mod.f.explain(3).outcome, mod.f(3))")
    value = KINDS[kind][2]
    assert [project.run("script.py"), project.run("script.py")] == [f"miss {value}\n", f"hit {value}\n"]


@pytest.mark.parametrize(
    ("function", "args", "name"),
    [
        (math.sqrt, (4.0,), "math:sqrt"),
        (max, (1, 2), "builtins:max"),
        (np.sum, ([1, 2],), "numpy:sum"),
        (np.add, (1, 2), "numpy:add"),
        (operator.itemgetter(1), ([1, 2],), "operator:itemgetter"),
        ("a-b".split, ("-",), "builtins:str.split"),
        (np.linalg.norm, ([3.0, 4.0],), "numpy.linalg:norm"),
        (functools.partial(pow, 2), (3,), "builtins:partial(pow)"),
    ],
)  # fmt: skip
def test_what_is_installed_counts_by_name_and_version(function: Any, args: Any, name: str) -> None:
    f = cached(function)
    assert f.explain(*args).outcome == "miss"
    assert f(*args) == function(*args)
    assert f.explain(*args).outcome == "hit"
    assert f(*args) == function(*args)
    assert (entry := f.peek(*args)) is not None
    assert entry.provenance.function == name
    numpy = {found.name for found in f.fingerprint.distributions}
    assert numpy == ({"numpy"} if name.startswith("numpy") else set())
    assert f.fingerprint.taints == ()


def test_builtins_differ() -> None:
    assert cached(math.sqrt).key(1.0) != cached(math.exp).key(1.0)
    assert cached("a".join).key(["b"]) != cached("c".join).key(["b"])


def test_a_state_that_changes_is_another_key(ran: Ran) -> None:
    class Model:
        def __init__(self) -> None:
            self.weights = [1]

        def __call__(self, x: int) -> int:
            sys.audit("test.ran", "model")
            return sum(self.weights) * x

    model = Model()
    f = cached(model)
    assert (f(2), f(2)) == (2, 2)
    model.weights.append(2)
    assert (f(2), f(2)) == (6, 6)
    model.weights = [1]
    assert f(2) == 2
    assert ran() == ["model", "model"]


def test_a_call_that_is_replaced(ran: Ran) -> None:
    class Model:
        def __call__(self, x: int, plus: int = 1) -> int:
            return x + plus

    def other(self: Model, x: int, *, minus: int = 2) -> int:
        return x - minus

    f = cached(Model())
    assert f(1) == 2
    Model.__call__.__defaults__ = (5,)
    assert f(1) == 6
    Model.__call__ = other  # type: ignore[method-assign, assignment]
    assert f(1) == -1
    with pytest.raises(TypeError, match="plus"):
        f(1, plus=3)  # type: ignore[call-arg]


def test_a_partial_whose_keywords_change_gives_what_it_says(ran: Ran) -> None:
    """The default that its signature shows was read when it was decorated: it isn't passed back."""

    def inner(x: int, y: int = 1, *, z: int = 1) -> tuple[int, int, int]:
        sys.audit("test.ran", "inner")
        return x, y, z

    partial = functools.partial(inner, z=2)
    f = cached(partial)
    assert f(1) == (1, 1, 2)
    partial.keywords["z"] = 3
    assert (f(1), f(1)) == ((1, 1, 3), (1, 1, 3))
    assert f(1, z=7) == (1, 1, 7)
    assert f(1, 5) == (1, 5, 3)
    assert f(y=5, x=1) == (1, 5, 3)
    assert ran() == ["inner"] * 4


def test_arguments_after_one_that_is_left_out() -> None:
    def inner(a: int, b: int = 2, c: int = 3, d: int = 4) -> tuple[int, ...]:
        return a, b, c, d

    f = cached(functools.partial(inner, 1))
    assert f(d=5) == (1, 2, 3, 5)
    assert f(c=7, b=6) == (1, 6, 7, 4)
    with pytest.raises(TypeError, match="unexpected keyword argument 'e'"):
        f(e=1)  # type: ignore[call-arg]


def test_a_registration_changes_the_key_at_once(ran: Ran) -> None:
    @cached
    @functools.singledispatch
    def f(x: object) -> str:
        sys.audit("test.ran", "object")
        return "object"

    def of_int(x: int) -> str:
        sys.audit("test.ran", "int")
        return "int"

    assert (f(1), f(1)) == ("object", "object")
    f.register(int)(of_int)
    assert (f(1), f(1), f("a")) == ("int", "int", "object")
    assert ran() == ["object", "int", "object"]


def test_what_lru_cache_remembers_is_not_stored_under_another_key(ran: Ran) -> None:
    @cached
    def inner(k: int = config("m.k", default=1)) -> int:
        return k

    @cached
    @functools.lru_cache
    def f(x: int) -> int:
        sys.audit("test.ran", "f")
        return inner() * x

    assert f(3) == 3
    with configure({"m.k": 2}):
        assert f(3) == 6
    assert f(3) == 3
    assert ran() == ["f", "f"]


def test_a_mock_is_called_and_not_awaited() -> None:
    from unittest.mock import AsyncMock, Mock

    with mode("off"):
        assert cached(Mock(return_value=3))(1) == 3
        assert asyncio.run(cached(AsyncMock(return_value=3))(1)) == 3


def test_what_vectorize_remembers_of_calls_does_not_count(ran: Ran) -> None:
    def inner(x: int) -> int:
        sys.audit("test.ran", "inner")
        return 2 * x

    vectorized = np.vectorize(inner, otypes=[int])
    f = cached(vectorized)

    @cached
    def outer(x: list[int]) -> list[int]:
        return list(map(int, vectorized(x)))

    before, around = f.key([1, 2]), outer.key([1, 2])
    assert outer([1, 2]) == [2, 4]
    assert f([1, 2]).tolist() == [2, 4]
    assert (f.key([1, 2]), outer.key([1, 2])) == (before, around)
    ran()
    assert (f([1, 2]).tolist(), outer([1, 2])) == ([2, 4], [2, 4])
    assert ran() == []
    assert cached(np.vectorize(inner, otypes=[float])).key([1, 2]) != before


def test_names_and_signatures() -> None:
    class Model:
        """A model."""

        weights = 3

        def __init__(self) -> None:
            self.key = "its own"

        def __call__(self, x: int, rate: float = config("m.rate", default=0.5)) -> float:
            return x * rate

    f = cached(Model())
    assert (f.__name__, f.__qualname__, f.__module__) == ("Model", Model.__qualname__, __name__)
    assert f.__doc__ is not None
    assert f.__doc__.startswith("A model.")
    assert str(inspect.signature(f)) == "(x: 'int') -> 'float'"
    assert f.__annotations__ == {"x": "int", "return": "float"}
    assert f.weights == 3
    # The state of the object doesn't hide what one asks of a cached function.
    assert len(f.key(1)) == 64
    with configure({"m": {"rate": 2.0}}):
        assert f(3) == 6.0
    assert f(3) == 1.5
    assert f.configured(rate=3.0)(2) == 6.0
    with pytest.raises(TypeError, match="injected from the config key 'm.rate'"):
        f(1, rate=1.0)
    with pytest.raises(AttributeError):
        f.nothing
    assert str(inspect.signature(cached(max))) == "(*args, **kwargs)"
    assert cached(functools.lru_cache(len)).cache_info().hits == 0


def test_one_call_however_it_is_spelled() -> None:
    class Model:
        def __call__(self, x: int, y: int = 2) -> int:
            return x + y

    for f in (cached(Model()), cached(functools.lru_cache(lambda x, y=2: x + y))):
        assert f.key(1) == f.key(x=1) == f.key(1, y=2)


def test_options_name_the_parameters_of_the_call() -> None:
    class Model:
        def __call__(self, x: int, workers: int = 1) -> int:
            return x

    f = cached(ignore=["workers"])(Model())
    assert f.key(1, workers=1) == f.key(1, workers=2)
    with pytest.raises(TypeError, match="has no parameter 'self'"):
        cached(ignore=["self"])(Model())


def test_only_what_binds_becomes_a_method() -> None:
    class Plus:
        def __call__(self, x: int) -> int:
            return x + 1

    class Home:
        size = 3
        plus = cached(Plus())
        root = cached(math.sqrt)

        @cached
        @functools.lru_cache  # noqa: B019  it ends with the test
        def sized(self, x: int) -> int:
            return self.size * x

    assert Home().plus(1) == 2
    assert Home().root(4.0) == 2.0
    assert Home().sized(2) == 6


def test_config_under_a_wrapper_is_refused() -> None:
    def inner(x: int, k: int = config("a.k", default=1)) -> int:
        return x * k

    with pytest.raises(ConfigError, match="directly on"):
        cached(functools.lru_cache(inner))


PROPERTIES = """
import functools, sys
from inviscid import cached

class C:
    def __init__(self, size):
        self.size = size

    @property
    @cached
    def inside(self):
        sys.audit("test.ran", "inside")
        return self.size + 1

    @cached
    @property
    def outside(self):
        '''Twice the size.'''
        sys.audit("test.ran", "outside")
        return self.size * 2

    @outside.setter
    def outside(self, value):
        self.size = value // 2

    @cached
    @functools.cached_property
    def kept(self):
        sys.audit("test.ran", "kept")
        return [self.size]
"""


def test_properties(project: Any, ran: Ran) -> None:
    mod = project.edit(PROPERTIES)
    assert isinstance(vars(mod.C)["outside"], property)
    assert vars(mod.C)["outside"].__doc__ == "Twice the size."
    assert (mod.C(2).inside, mod.C(2).inside, mod.C(2).outside, mod.C(2).outside, mod.C(3).outside) == (3, 3, 4, 4, 6)
    assert ran() == ["inside", "outside", "outside"]
    changed = mod.C(1)
    changed.outside = 6
    assert changed.outside == 6
    one = mod.C(2)
    assert one.kept is one.kept
    assert mod.C(2).kept == [2]
    assert ran() == ["kept"]
    mod = project.load()
    assert (mod.C(2).inside, mod.C(2).outside, mod.C(2).kept) == (3, 4, [2])
    assert ran() == []
    mod = project.edit(PROPERTIES.replace("self.size * 2", "self.size * 3"))
    assert mod.C(2).outside == 6
    assert ran() == ["outside"]


METHODS = """
import sys
from inviscid import cached

class Base:
    factor = 1

    @cached
    def scaled(self, x):
        sys.audit("test.ran", "scaled")
        return self.factor * self.by * x

class C(Base):
    def __init__(self, by):
        self.by = by
"""


def test_methods_have_state_and_class_in_the_key(project: Any, ran: Ran) -> None:
    mod = project.edit(METHODS)
    assert (mod.C(2).scaled(3), mod.C(2).scaled(3), mod.C(3).scaled(3)) == (6, 6, 9)
    assert ran() == ["scaled", "scaled"]
    mod = project.load()
    assert mod.C(3).scaled(3) == 9
    assert ran() == []
    mod = project.edit(METHODS.replace("factor = 1", "factor = 2"))
    assert mod.C(3).scaled(3) == 18
    assert ran() == ["scaled"]


def test_generators_as_lists(project: Any, ran: Ran) -> None:
    text = """
    import sys
    from inviscid import cached

    def numbers(n):
        sys.audit("test.ran", "numbers")
        yield from range(n)

    {0}listed = cached(generator="list")(numbers)

    @cached
    def total(n):
        return sum({0}listed(n))
    """
    mod = project.edit(text.format(""))
    assert (mod.listed(3), mod.listed(3)) == ([0, 1, 2], [0, 1, 2])
    assert mod.total(3) == 3
    assert ran() == ["numbers"]
    assert project.load().listed(3) == [0, 1, 2]
    assert ran() == []

    # Who calls it gets something else than from the generator function itself.
    @cached
    def user(n: int) -> Any:
        return function(n)

    function = mod.numbers
    of_generator = user.fingerprint.digest
    function = mod.listed
    assert user.fingerprint.digest != of_generator


def test_generators_of_methods_and_objects() -> None:
    class Counter:
        def __call__(self, n: int) -> Any:
            yield from range(n)

        @cached(generator="list")
        def up_to(self, n: int) -> Any:
            yield from range(n)

    assert cached(generator="list")(Counter())(2) == [0, 1]
    assert Counter().up_to(2) == [0, 1]


def test_an_exception_in_a_generator_is_not_kept(ran: Ran) -> None:
    @cached(generator="list")
    def broken(n: int) -> Any:
        sys.audit("test.ran", "broken")
        yield n
        raise ValueError("mine")

    for _ in range(2):
        with pytest.raises(ValueError, match="mine"):
            broken(1)
    assert ran() == ["broken", "broken"]


def test_a_body_may_raise_stop_iteration() -> None:
    @cached
    def first(items: list[int]) -> int:
        return next(iter(items))

    with pytest.raises(StopIteration):
        first([])
    assert first([3]) == 3


def _generator() -> Any:
    yield 1


async def _async_generator() -> Any:
    yield 1


class _Class:
    pass


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cached(_Class), r"_Class is a class: .* return _Class\(\.\.\.\)"),
        (lambda: cached(int), "int is a class"),
        (lambda: cached(functools.partialmethod(print, 1)), "partialmethod"),
        (lambda: cached("text"), "something that can be called, not str"),
        (lambda: cached(_generator), r'_generator\(\) is a generator function.*@cached\(generator="list"\)'),
        (lambda: cached(_async_generator), r'@cached\(generator="list"\)'),
        (lambda: cached(functools.partial(_generator)), r'@cached\(generator="list"\)'),
        (lambda: cached(generator="lists")(_generator), "'list' or left out, not 'lists'; did you mean 'list'"),
        (lambda: cached(generator=True)(_generator), "'list' or left out, not True"),
        (lambda: cached(generator="list")(len), "no generator function"),
        (lambda: cached(cached(len)), "cached already"),
    ],
)  # fmt: skip
def test_what_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_compiled_code_without_a_version_is_not_kept() -> None:
    """What a user compiled shows neither code nor the distribution that it is from."""
    import ctypes

    absolute = cached(ctypes.CDLL(None).abs)
    # From numpy 2.5 on a signature that was asked for stays with it as an attribute, and that is no behaviour.
    added = cached(np.frompyfunc(lambda x, y: x + y, 2, 1))
    for function, args, found in ((absolute, (-3,), 3), (added, (1, 2), 3)):
        with pytest.warns(UserWarning, match="not kept"):
            assert function(*args) == found
        assert function.explain(*args).outcome == "bypass"
