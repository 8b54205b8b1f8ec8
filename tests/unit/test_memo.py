"""Calls from end to end: which bodies run, what comes back, what is said."""

from __future__ import annotations

import copy
import functools
import inspect
import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inviscid
from inviscid import (
    ConfigError,
    File,
    InviscidWarning,
    Outcome,
    ReentryError,
    ReplayMiss,
    Store,
    UnhashableInput,
    cached,
    config,
    configure,
    mode,
)

Ran = Callable[[], list[str]]


@cached
def double(x: int) -> int:
    sys.audit("test.ran", "double")
    return 2 * x


@cached
def outer(x: int, factor: int = config("m.factor", default=10)) -> int:
    sys.audit("test.ran", "outer")
    return factor * inner(x)


@cached
def inner(x: int, offset: int = config("m.offset", default=0)) -> int:
    sys.audit("test.ran", "inner")
    return x + offset


def test_the_body_runs_once(ran: Ran) -> None:
    assert (double(3), double(3), double(x=3)) == (6, 6, 6)
    assert ran() == ["double"]
    assert double(4) == 8
    assert ran() == ["double"]


def test_none_is_a_result(ran: Ran) -> None:
    @cached
    def nothing() -> None:
        sys.audit("test.ran", "nothing")

    assert nothing() is None
    assert nothing() is None
    assert ran() == ["nothing"]


def test_exceptions_are_not_kept(ran: Ran) -> None:
    @cached
    def fails() -> None:
        sys.audit("test.ran", "fails")
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            fails()
    assert ran() == ["fails", "fails"]


def test_equal_arguments_of_other_types_are_other_calls(ran: Ran) -> None:
    assert [double(x) for x in (1, 1.0, True)] == [2, 2.0, 2]  # type: ignore[arg-type]
    assert ran() == ["double"] * 3


def test_only_config_keys_in_reach_are_in_the_key(ran: Ran) -> None:
    assert outer(1) == 10
    assert ran() == ["outer", "inner"]
    with configure({"m.unrelated": 5, "other": 1}):
        assert outer(1) == 10
    assert ran() == []
    with configure({"m.offset": 1}):
        assert outer(1) == 20
        assert ran() == ["inner", "outer"]
    with configure({"m.factor": 3}):
        assert outer(1) == 3
        assert ran() == ["outer"]
    with configure({"m.factor": 10, "m.offset": 0}):
        assert outer(1) == 10
    assert ran() == [], "the defaults, set explicitly, are the same values"


def test_configured_functions_are_functions_of_their_own(ran: Ran) -> None:
    five = outer.configured({"m.offset": 5})
    assert five(1) == 60
    assert ran() == ["outer", "inner"]
    assert outer(1) == 10
    assert ran() == ["inner", "outer"]
    with configure({"m.offset": 5}):
        assert outer(1) == 60
    assert ran() == [], "the same config by another way is the same call"
    assert outer.configured(factor=2)(1) == 2
    assert ran() == ["outer"]


def test_a_default_that_is_edited_while_the_key_is_set_changes_nothing(project: Any, ran: Ran) -> None:
    text = """
    import sys
    from inviscid import cached, config
    @cached
    def f(k: int = config("a.k", default={})):
        sys.audit("test.ran", "f")
        return k
    """
    configure({"a.k": 7})
    assert project.edit(text.format(1)).f() == 7
    assert project.edit(text.format(2)).f() == 7
    assert ran() == ["f"]


def test_twins_with_different_defaults_are_told_apart(project: Any) -> None:
    text = """
    from inviscid import cached, config
    @cached
    def g(k: int = config("a.k", default={})):
        return k
    @cached
    def h(k: int = config("a.k", default={})):
        return k
    @cached
    def f():
        return g(), h()
    """
    assert project.edit(text.format(1, 2)).f() == (1, 2)
    assert project.edit(text.format(2, 1)).f() == (2, 1)
    # Here the defaults, in the order in which they are met, are the same.
    thrice = text.replace("g(), h()", "a(), b(), c()").format(1, 2).rstrip() + "\n"
    thrice += "".join(f"    def {name}():\n        return NEXT()\n" for name in "abc")
    for called in ("ghh", "ggh"):
        edited = thrice
        for name in called:
            edited = edited.replace("NEXT", name, 1)
        assert project.edit(edited).f() == tuple({"g": 1, "h": 2}[name] for name in called)


def test_callables_as_arguments_bring_their_behaviour_and_config(ran: Ran) -> None:
    @cached
    def apply(function: Callable[[int], int], x: int) -> int:
        sys.audit("test.ran", "apply")
        return function(x)

    assert apply(inner, 1) == 1
    with configure({"m.offset": 1}):
        assert apply(inner, 1) == 2
    assert apply(inner.configured(offset=2), 1) == 3
    assert apply(inner.configured({"m.offset": 3}), 1) == 4
    assert apply(lambda x: x + 5, 1) == 6
    assert apply(lambda x: x + 6, 1) == 7
    ran()
    assert apply(lambda y: y + 6, 1) == 7
    assert ran() == ["apply"], "the name of an ordinary parameter is behaviour"
    assert apply(inner, 1) == 1
    assert ran() == []


def test_what_callable_arguments_observe_counts(project: Any, ran: Ran) -> None:
    """`reader` reads a name, of a function that only `f` knows: renaming that function is a change for this call."""
    text = """
    import sys
    from inviscid import cached
    def {name}(): pass
    def reader(g): return g.__name__
    @cached
    def f(how):
        sys.audit("test.ran", "f")
        return how({name})
    """
    mod = project.edit(text.format(name="a"))
    assert mod.f(mod.reader) == "a"
    mod = project.edit(text.format(name="b"))
    assert mod.f(mod.reader) == "b"
    assert mod.f(mod.reader) == "b"
    assert ran() == ["f", "f"]


def test_a_wrapper_around_a_cached_function_is_another_function() -> None:
    @cached
    def f(x: int) -> int:
        return x

    @functools.wraps(f)
    def w(x: int) -> int:
        return f(x) + 1

    assert inviscid.fingerprint(w).digest != inviscid.fingerprint(f).digest
    assert not inviscid.fingerprint(w).taints


def test_methods(ran: Ran) -> None:
    class Model:
        def __init__(self, k: int) -> None:
            self.k = k

        @cached
        def predict(self, x: int) -> int:
            sys.audit("test.ran", "predict")
            return self.k * x

        @staticmethod
        @cached
        def static(x: int) -> int:
            return x

        @cached
        @staticmethod
        def static_too(x: int) -> int:
            return x

        @classmethod
        @cached
        def of_class(cls, x: int) -> int:
            return x

    assert (Model(2).predict(3), Model(2).predict(3), Model(3).predict(3)) == (6, 6, 9)
    assert ran() == ["predict", "predict"]
    assert Model(2).predict.explain(3).outcome == "hit"
    assert Model(2).predict.forget(3)
    assert Model(2).predict.explain(3).outcome == "miss"
    assert (Model.static(1), Model(1).static_too(2), Model.of_class(3)) == (1, 2, 3)


class Scaled:
    """Methods, where pickle finds them."""

    def __init__(self, k: int) -> None:
        self.k = k

    @cached
    def by(self, x: int, offset: int = config("m.offset", default=0)) -> int:
        """Scale it."""
        return self.k * x + offset


def test_a_bound_method_is_pickled_and_copied_with_its_instance() -> None:
    method = Scaled(2).by
    for other in (pickle.loads(pickle.dumps(method)), copy.copy(method), copy.deepcopy(method)):
        assert other.__self__.k == 2
        assert other(3) == 6
        assert other.key(3) == method.key(3)
    assert copy.copy(method) == method
    assert copy.deepcopy(method) != method, "another instance"
    unmade = object.__new__(type(method))
    for name in ("__func__", "__setstate__", "__deepcopy__", "anything"):
        with pytest.raises(AttributeError, match=name):
            getattr(unmade, name)
    with pytest.raises(AttributeError, match="__dask_tokenize__"):
        method.__dask_tokenize__  # the function's own would say nothing of the instance


def test_a_copy_of_a_cached_function_is_itself() -> None:
    with configure({"m.offset": 1}):
        assert copy.copy(inner) is copy.deepcopy(inner) is inner


def test_a_bound_method_looks_like_one() -> None:
    one, two = Scaled(2), Scaled(2)
    assert str(inspect.signature(one.by)) == "(x: 'int') -> 'int'"
    assert (one.by.__name__, one.by.__qualname__, one.by.__module__) == ("by", "Scaled.by", __name__)
    assert inspect.getdoc(one.by) == inspect.getdoc(Scaled.by)
    assert str(inspect.getdoc(one.by)).startswith("Scale it.")
    assert one.by.__wrapped__ is Scaled.by.__wrapped__
    assert one.by == one.by
    assert one.by != two.by, "by identity, as bound methods"
    assert one.by != Scaled.by
    assert len({one.by, one.by, two.by}) == 2

    class Odd:
        @cached
        def method(*args: int) -> int:
            return len(args)

    assert str(inspect.signature(Odd().method)) == "(*args: 'int') -> 'int'"


CLASS_METHODS = """
from inviscid import cached, config

class C:
    k = 2

    @classmethod
    @cached
    def inside(cls, x, offset=config("m.offset", default=0)):
        return cls.k * x + offset

    @cached
    @classmethod
    def outside(cls, x, offset=config("m.offset", default=0)):
        return cls.k * x + offset

class D(C):
    k = 3
"""


@pytest.mark.parametrize("name", ["inside", "outside"])
def test_class_methods(project: Any, name: str) -> None:
    mod = project.edit(CLASS_METHODS)
    assert (getattr(mod.C, name)(1), getattr(mod.D, name)(1), getattr(mod.D(), name)(2)) == (2, 3, 6)
    method = getattr(mod.D, name)
    if name == "inside" and sys.version_info >= (3, 13):
        for ask in (
            method.key,
            method.explain,
            method.peek,
            method.refresh,
            method.forget,
            method.configured(offset=5),
        ):
            with pytest.raises(TypeError, match=r"C\.inside\(\) got no class: .*@cached above @classmethod"):
                ask(1)
        return
    assert method.key(1) != getattr(mod.C, name).key(1)
    assert method.explain(1).outcome == "hit"
    assert method.peek(1) is not None
    assert method.refresh(1) == 3
    assert method.forget(1)
    assert not method.forget(1)
    assert method.configured(offset=5)(1) == 8


def test_a_class_does_the_same_whichever_decorator_is_outside(project: Any) -> None:
    text = "from inviscid import cached\nclass C:\n    {}\n    {}\n    def m(cls): return 1\ndef f(): return C.m()\n"
    one = inviscid.fingerprint(project.edit(text.format("@cached", "@classmethod")).f)
    other = inviscid.fingerprint(project.edit(text.format("@classmethod", "@cached")).f)
    assert [digest for digest, _ in one.declared] == [digest for digest, _ in other.declared]
    assert one == other._replace(guards=one.guards, declared=one.declared)


def test_a_static_method_may_call_its_first_parameter_cls(project: Any) -> None:
    mod = project.edit(
        """
        from inviscid import cached
        class C:
            @staticmethod
            @cached
            def m(cls): return cls
        """
    )
    assert mod.C.m("name") == "name"
    assert mod.C.m.explain("name").outcome == "hit"


def test_ignore_identify_volatile(ran: Ran) -> None:
    class Client:
        def __init__(self, name: str, session: object) -> None:
            self.name = name
            self.session = session

    @cached(ignore=["verbose"], identify={"model": lambda model: model["id"]}, volatile=["session"])
    def f(client: Client, model: dict[str, Any], verbose: bool = False) -> str:
        sys.audit("test.ran", "f")
        return client.name

    f(Client("a", 1), {"id": 1, "x": object}, True)
    f(Client("a", 2), {"id": 1}, False)
    assert ran() == ["f"]
    f(Client("a", 2), {"id": 2}, False)
    f(Client("b", 2), {"id": 2}, False)
    assert ran() == ["f", "f"]


def test_what_identifies_an_argument_is_in_the_key(project: Any, ran: Ran) -> None:
    text = """
    import sys
    from inviscid import cached, config
    @cached
    def scaled(v, k: int = config("a.k", default=1)): return len(v) * k
    @cached({})
    def f(v):
        sys.audit("test.ran", "f")
        return v[-1]
    """
    assert project.edit(text.format("identify={'v': len}")).f([1, 2]) == 2
    assert project.edit(text.format("identify={'v': lambda v: 2}")).f([1, 3]) == 3
    assert project.edit(text.format("identify={'v': lambda v: v and 2}")).f([1, 4]) == 4
    mod = project.edit(text.format("identify={'v': scaled}"))
    with configure({"a.k": 0}):
        assert mod.f([1, 5]) == 5
    with configure({"a.k": 1}):
        assert mod.f([1, 6]) == 6, "with other config it tells other arguments apart"
    assert ran() == ["f"] * 5
    assert project.edit(text.format("identify={'v': len}")).f([1, 7]) == 2
    assert ran() == []


def test_volatile_attributes_are_in_the_key() -> None:
    def body(x: int) -> int:
        return x

    keys = {cached(volatile=names)(body).key(1) for names in ([], ["a"], ["b"], ["a", "b"])}
    assert len(keys) == 4
    assert cached(volatile=["b", "a"])(body).key(1) in keys


def test_version_and_namespace(ran: Ran) -> None:
    def body() -> int:
        sys.audit("test.ran", "body")
        return 1

    for options in ({}, {"version": 1}, {"version": 2}, {"namespace": "a"}, {"version": 1}):
        cached(**options)(body)()  # type: ignore[call-overload]
    assert ran() == ["body"] * 4


def test_a_caller_notices_the_version_of_what_it_reaches(project: Any, ran: Ran) -> None:
    text = "import sys, time\nfrom inviscid import cached\n@cached(version={0}, pure=True)\ndef g(): return time.time_ns()\n@cached\ndef f():\n    sys.audit('test.ran', 'f')\n    return g()\n"
    project.edit(text.format(1)).f()
    project.edit(text.format(1)).f()
    assert ran() == ["f"]
    project.edit(text.format(2)).f()
    assert ran() == ["f"]


def test_decorating_a_helper_costs_nothing(project: Any, ran: Ran) -> None:
    text = "import sys\nfrom inviscid import cached\n{}def g(x): return x\n@cached\ndef f():\n    sys.audit('test.ran', 'f')\n    return g(1)\n"
    project.edit(text.format("")).f()
    project.edit(text.format("@cached\n")).f()
    assert ran() == ["f"]


def test_results_are_alike_on_hit_and_miss() -> None:
    @cached
    def f(n: int) -> tuple[Any, list[int]]:
        return np.arange(n), [n]

    for n in (3, 100_000):
        miss, hit = f(n), f(n)
        assert not miss[0].flags.writeable
        assert not hit[0].flags.writeable
        assert np.array_equal(miss[0], hit[0])
        hit[1].append(1)
        assert f(n)[1] == [n], "what a caller does to a result stays with the caller"


def test_a_result_does_not_share_memory_with_an_argument() -> None:
    @cached
    def same(x: Any) -> Any:
        return x

    given = np.zeros(100_000)
    result = same(given)
    given[0] = 1
    assert result[0] == 0


def test_modes(ran: Ran) -> None:
    with mode("replay"), pytest.raises(ReplayMiss, match="double.*first call"):
        double(3)
    with mode("readonly"):
        assert double(3) == 6
        assert double(3) == 6
    assert ran() == ["double", "double"]
    with mode("off"):
        double(3)
    double(3)
    assert ran() == ["double", "double"]
    with mode("replay"):
        assert double(3) == 6
    with mode("refresh"):
        double(3)
    assert ran() == ["double"]
    with mode("fresh"):
        double(3)
        double(3)
    assert ran() == ["double"]
    double(3)
    assert ran() == []


def test_key_peek_explain_refresh_forget_clean(ran: Ran) -> None:
    assert double.peek(3) is None
    assert double.explain(3).outcome == "miss"
    assert double.explain(3).reasons == ["first call"]
    double(3)
    entry = double.peek(3)
    assert entry is not None
    assert entry.key.hex() == double.key(3)
    assert entry.provenance.function == "test_memo:double" or entry.provenance.function.endswith("test_memo:double")
    assert str(double.explain(3)) == "hit"
    assert double.explain(4).reasons == ["argument 'x' changed"]
    assert ran() == ["double"]
    assert double.refresh(3) == 6
    assert ran() == ["double"]
    assert double.forget(3)
    assert not double.forget(3)
    double(3)
    double(4)
    assert double.clean() == 2
    assert double.explain(3).outcome == "miss"


def test_outcomes_are_logged_with_key_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "inviscid")
    outer(1)
    with configure({"m.offset": 2}):
        outer(1)
    outer(1)
    lines = [(record.outcome, record.function.rpartition(":")[2], record.reasons) for record in caplog.records]  # type: ignore[attr-defined]
    origin = (f"computed just now by {os.uname().nodename}:{os.getpid()}",)
    assert lines == [
        (Outcome.MISS_NEW, "inner", ("first call",)),
        (Outcome.MISS_NEW, "outer", ("first call",)),
        (Outcome.MISS_CONFIG, "inner", ("config m.offset 0 → 2",)),
        (Outcome.HIT, "inner", origin),
        (Outcome.MISS_CONFIG, "outer", ("config m.offset 0 → 2",)),
        (Outcome.HIT, "outer", origin),
    ]
    assert caplog.records[0].key == inner.key(1)  # type: ignore[attr-defined]
    assert caplog.messages[-1].startswith(f"hit outer {outer.key(1)[:12]} saved ")
    assert caplog.messages[2].endswith(": config m.offset 0 → 2")


def test_secrets_are_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    @cached
    def f(password: str = config("db.password")) -> int:
        return len(password)

    caplog.set_level(logging.INFO, "inviscid")
    for value in ("hunter2", "hunter22"):
        with configure({"db.password": value}):
            f()
    assert "config db.password changed" in caplog.text
    assert "hunter" not in caplog.text


def test_a_change_of_code_is_named(project: Any) -> None:
    text = "from inviscid import cached\nRATE = {}\ndef scale(x): return x * {}\n@cached\ndef f(x): return scale(x) + RATE\n"
    project.edit(text.format(1, 1)).f(1)
    assert project.edit(text.format(1, 2)).f.explain(1).reasons == ["mod.scale changed, body"]
    assert project.edit(text.format(2, 1)).f.explain(1).reasons == ["mod.RATE 1 → 2"]
    assert project.edit(text.format(1, 1)).f.explain(1).outcome == "hit", "reverting an edit hits again"


def test_unhashable_arguments_are_an_error_that_names_the_path(tmp_path: Path) -> None:
    class Holder:
        def __init__(self, stream: object) -> None:
            self.stream = stream

    @cached
    def f(model: dict[str, Holder]) -> int:
        return 1

    with (tmp_path / "x").open("w") as stream, pytest.raises(UnhashableInput) as caught:
        f({"a": Holder(stream)})
    assert "argument 'model'" in str(caught.value)
    assert ".stream" in str(caught.value)
    assert "ignore=" in str(caught.value)


def test_a_file_in_a_result_is_not_stored(tmp_path: Path, ran: Ran) -> None:
    """What it names can change or go: a hit would hand out something else than was computed."""
    (tmp_path / "a.txt").write_text("a")

    @cached
    def f(path: File) -> list[File]:
        sys.audit("test.ran", "f")
        return [path]

    with pytest.warns(InviscidWarning, match="stands for a file that may change"):
        f(File(tmp_path / "a.txt"))
    f(File(tmp_path / "a.txt"))
    assert ran() == ["f", "f"]


def test_an_unstorable_result_is_returned_with_a_warning(ran: Ran) -> None:
    @cached
    def f() -> Any:
        sys.audit("test.ran", "f")
        return (x for x in [1])

    with pytest.warns(InviscidWarning, match="not kept"):
        assert next(f()) == 1
    assert next(f()) == 1
    assert ran() == ["f", "f"]


def test_a_tainted_function_computes_with_a_warning(project: Any, ran: Ran) -> None:
    mod = project.edit(
        """
        import sys
        from inviscid import cached
        file = open(__file__)
        @cached
        def f(): sys.audit("test.ran", "f"); return file.name
        @cached(pure=True)
        def g(): sys.audit("test.ran", "g"); return file.name
        """
    )
    try:
        with pytest.warns(InviscidWarning, match=r"mod\.file"):
            mod.f()
        mod.f()
        mod.g()
        mod.g()
        assert ran() == ["f", "f", "g"]
        assert mod.f.explain().outcome == "bypass"
    finally:
        mod.file.close()


def test_what_changes_while_it_runs_is_not_stored_under_the_old_key(project: Any, ran: Ran) -> None:
    mod = project.edit(
        """
        import sys
        from inviscid import cached
        SCALE = 1
        @cached
        def f(x):
            sys.audit("test.ran", "f")
            return x * SCALE
        """
    )
    once = [1]

    def rebind(event: str, args: tuple[object, ...]) -> None:
        # As another thread would: while the body runs.
        if event == "test.ran" and args == ("f",) and once:
            once.pop()
            mod.SCALE = 2

    sys.addaudithook(rebind)
    with pytest.warns(InviscidWarning, match=r"changed while it ran: mod\.SCALE 1 → 2"):
        assert mod.f(1) == 2
    mod.SCALE = 1
    assert mod.f(1) == 1
    assert ran() == ["f", "f"]


def test_an_argument_that_the_body_changes(ran: Ran) -> None:
    @cached
    def count(x: dict[str, int], times: int = 1) -> int:
        sys.audit("test.ran", "count")
        x["n"] = times
        return len(x)

    @cached
    def around(n: int) -> int:
        sys.audit("test.ran", "around")
        return count({"a": n})

    given = {"a": 1}
    with pytest.warns(InviscidWarning, match=r"count\(\) are not kept: argument 'x' was changed by the call"):
        assert count(given) == 2
    assert given == {"a": 1, "n": 1}
    assert ran() == ["count"]
    again = {"a": 1}
    assert count(again) == 2
    assert again == given, "what a miss does to its arguments, every call does"
    assert ran() == ["count"]
    assert around(1) == around(1) == 2
    assert ran() == ["around", "count"], "what a caller makes itself may be changed: it is the same each time"
    assert count({"n": 1}) == count({"n": 1}) == 1
    assert ran() == ["count"], "nothing is changed"


def test_an_argument_that_has_no_digest_any_more_was_changed(tmp_path: Path) -> None:
    @cached
    def spoil(x: list[Any]) -> int:
        x.append(i for i in x)
        return 1

    @cached
    def remove(path: inviscid.File) -> int:
        Path(path).unlink()
        return 1

    with pytest.warns(InviscidWarning, match="argument 'x' was changed by the call"):
        assert spoil([]) == 1
    (tmp_path / "text").write_text("")
    with pytest.warns(InviscidWarning, match="argument 'path' was changed by the call"):
        assert remove(inviscid.File(tmp_path / "text")) == 1


def test_what_does_not_count_may_be_changed(ran: Ran) -> None:
    class Model:
        @functools.cached_property
        def size(self) -> int:
            return 3

    @cached(ignore=["log"], identify={"seen": len}, volatile=["size"])
    def f(model: Model, log: list[int], seen: list[int]) -> int:
        sys.audit("test.ran", "f")
        log.append(1)
        seen[0] += 1
        return model.size

    for _ in range(2):
        assert f(Model(), [], [1]) == 3
    assert ran() == ["f"]


def test_a_thread_that_sees_other_config_spoils_the_computation(ran: Ran) -> None:
    def call(found: list[int]) -> None:
        found.append(inner(1))

    @cached
    def threaded(x: int) -> int:
        found: list[int] = []
        thread = threading.Thread(target=call, args=(found,))
        thread.start()
        thread.join()
        inner_offset(x)
        return found[0]

    @cached
    def inner_offset(x: int) -> int:
        return inner(x)

    with (
        configure({"m.offset": 5}, local=True),
        pytest.warns(InviscidWarning, match="another value of config 'm.offset'"),
    ):
        assert threaded(1) == 1
    ran()
    with configure({"m.offset": 5}):
        assert threaded(1) == 6, "nothing wrong was stored under this key"


def test_process_wide_config_reaches_threads() -> None:
    found: list[int] = []
    with configure({"m.offset": 5}):
        thread = threading.Thread(target=lambda: found.append(inner(1)))
        thread.start()
        thread.join()
    assert found == [6]


def test_a_function_that_calls_itself_with_the_same_arguments() -> None:
    @cached
    def forever(x: int) -> int:
        return forever(x)

    with pytest.raises(ReentryError, match="itself"):
        forever(1)


def test_recursion(ran: Ran) -> None:
    @cached
    def fib(n: int) -> int:
        sys.audit("test.ran", str(n))
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert fib(15) == 610
    assert len(ran()) == 16


def test_a_store_of_its_own(tmp_path: Path, ran: Ran) -> None:
    own = Store(tmp_path / "own")

    @cached(store=own)
    def f() -> int:
        sys.audit("test.ran", "f")
        return 1

    f()
    assert (tmp_path / "own").is_dir()
    assert not (tmp_path / "store").exists()
    cached(store=str(tmp_path / "own"))(f.__wrapped__)()
    assert ran() == ["f"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cached(3), "can be called"),
        (lambda: cached(cached(lambda: 1)), "is cached already"),
        (lambda: cached(ignore=["y"])(lambda x: x), "has no parameter 'y'"),
        (lambda: cached(identify={"y": len})(lambda x: x), "has no parameter 'y'"),
        (lambda: cached(ignore="x")(lambda x: x), "list of names"),
        (lambda: cached(durability="maybe")(lambda x: x), "durability"),
    ],
)
def test_bad_decorations(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_a_wrapper_around_a_function_with_config_is_refused() -> None:
    def logged(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def wrapper(*args: int, **keywords: int) -> int:
            return function(*args, **keywords)

        return wrapper

    def f(x: int, k: int = config("a.k", default=1)) -> int:
        return x

    def g(x: int, *, k: int = config("a.k", default=1)) -> int:
        return x

    for function, name in ((f, "f"), (g, "g")):
        with pytest.raises(ConfigError, match=rf"put @cached directly on .*{name}\(\), below the other decorators"):
            cached(logged(logged(function)))
    assert cached(logged(lambda x: x))(1) == 1
    assert cached(logged(cached(f)))(1) == 1, "there it is injected"

    def endless() -> int:
        return 1

    endless.__wrapped__ = endless  # type: ignore[attr-defined]
    assert cached(endless)() == 1


def test_defaults_that_are_replaced(ran: Ran) -> None:
    @cached
    def f(x: int = 1, *, y: int = 10, k: int = config("a.k", default=100)) -> int:
        sys.audit("test.ran", "f")
        return x + y + k

    inner: Any = f.__wrapped__
    variant = f.configured({})
    before = f.fingerprint.digest
    assert f() == variant() == 111
    inner.__defaults__ = (2,)
    assert f.fingerprint.digest != before
    assert f() == variant() == 112
    inner.__kwdefaults__["y"] = 20
    assert f() == variant() == 122
    inner.__kwdefaults__ = {"y": 30, "k": config("a.j", default=200)}
    assert f() == variant() == 232
    assert f.configured(k=0)() == 32
    with configure({"a.j": 300}):
        assert f() == 332
    inner.__defaults__ = None
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        f()
    assert set(ran()) == {"f"}


def test_public_names_do_not_hide_modules() -> None:
    import_module("inviscid.configuration")
    import_module("inviscid.fingerprinting")
    assert callable(inviscid.mode)
    assert callable(inviscid.fingerprint)
    assert callable(inviscid.config)
    for name in inviscid.__all__:
        assert hasattr(inviscid, name)


def test_what_runs_as_main_is_named_as_it_would_be_imported(project: Any) -> None:
    project.write(
        script="""
        import logging, sys
        from inviscid import cached
        logging.basicConfig(level="INFO", format="%(function)s %(message)s", stream=sys.stdout)
        RATE = int(sys.argv[1]) if __name__ == "__main__" else 0

        @cached
        def f():
            return RATE

        if __name__ == "__main__":
            f()
        """
    )
    assert ": first call" in project.run("script.py", "1")
    assert project.run("script.py", "2").startswith("script:f miss f")
    assert project.run("script.py", "3").endswith(": script.RATE 2 → 3\n")
    as_module = project.run("-m", "script", "1")
    assert as_module.startswith("script:f hit f")


TWIN = """
import sys
from dataclasses import dataclass
from inviscid import cached

@dataclass
class C:
    x: int

@cached
def made(x):
    sys.audit("test.ran", "made")
    return [C(x)]

@cached
def given(c):
    sys.audit("test.ran", "given")
    return {"c": c}
"""


def test_a_result_is_of_the_classes_of_the_module_that_asks(project: Any, ran: Ran) -> None:
    """Two modules of one text share their keys, and not their classes."""
    project.write(one=TWIN, two=TWIN)
    one, two = project.load("one"), import_module("two")
    for module in (one, two, one):
        assert type(module.made(1)[0]) is module.C
        assert type(module.given(module.C(1))["c"]) is module.C
    assert ran() == ["made", "given"] * 3
    again = one.made.explain(1), two.made.explain(1)
    assert [found.code for found in again] == [Outcome.HIT, Outcome.MISS_UNREADABLE]
    assert again[1].reasons == ["one:C, which the stored result holds, is not two:C, which is the same text"]
    assert type(one.made(1)[0]) is one.C
    assert ran() == []


def test_a_class_that_moved_is_still_the_class(project: Any, ran: Ran) -> None:
    """What is found under the stored name is what the function reaches, whatever the name is."""
    head, body = TWIN.split("@cached\ndef made")
    project.write(one=TWIN)
    project.load("one").made(1)
    project.write(one=f"import sys\nfrom inviscid import cached\nfrom new import C\n@cached\ndef made{body}", new=head)
    moved = project.load("one")
    assert type(moved.made(1)[0]) is moved.C
    assert ran() == ["made"]


class Lazy:
    """Compiles what it does when it is first called, and leaves that out of its pickle."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.made: Any = None

    def __getstate__(self) -> object:
        return {"text": self.text}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.__init__(state["text"])  # type: ignore[misc]

    def __call__(self, x: int) -> int:
        if self.made is None:
            self.made = functools.partial(int.__add__, int(self.text))
        return int(self.made(x))


LAZY = Lazy("1")


@cached
def calls_a_global(x: int) -> int:
    sys.audit("test.ran", "calls_a_global")
    return LAZY(x)


@cached
def calls_an_argument(lazy: Lazy) -> int:
    sys.audit("test.ran", "calls_an_argument")
    return lazy(1)


FULL = Lazy("1")


@cached
def calls_a_full_one(x: int) -> int:
    sys.audit("test.ran", "calls_a_full_one")
    return FULL(x)


def test_what_is_filled_while_it_is_used_is_no_change(ran: Ran) -> None:
    """What a class leaves out of its pickle is looked at, and may come to be."""
    LAZY.made = None
    assert calls_a_global(1) == calls_a_global(1) == 2
    assert calls_an_argument(Lazy("1")) == calls_an_argument(Lazy("1")) == 2
    assert ran() == ["calls_a_global", "calls_an_argument"]
    LAZY.made = functools.partial(int.__add__, 5)
    assert calls_a_global(1) == 2, "what it is filled with is not watched"


def test_code_that_an_instance_hides_is_watched_once_it_is_there(ran: Ran) -> None:
    FULL.made = functools.partial(int.__add__, 1)
    assert calls_a_full_one(2) == calls_a_full_one(2) == 3
    FULL.made = functools.partial(int.__add__, 5)
    assert calls_a_full_one(2) == calls_a_full_one(2) == 7
    assert ran() == ["calls_a_full_one"] * 2


def test_an_argument_that_hides_code_is_not_taken_for_changed(ran: Ran) -> None:
    for number in (1, 1, 5):
        filled = Lazy("1")
        filled.made = functools.partial(int.__add__, number)
        assert calls_an_argument(filled) == 1 + number
    assert ran() == ["calls_an_argument"] * 2
