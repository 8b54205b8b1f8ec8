"""Frozen results: what answers for a call, what is a miss, and what freezing and thawing do to file and store."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import FrozenMiss, InviscidWarning, LockError, ModeError, Outcome, configure, freeze, lockfile, mode
from inviscid.stores import current_store

Project = Any
Ran = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)


F = """
    import sys
    from inviscid import cached, config

    @cached
    def f(x, k=config("a.k", default=1)):
        sys.audit("test.ran", f"f{x}")
        return [x, k, "old"]

    @cached
    def g(x):
        sys.audit("test.ran", f"g{x}")
        return f(x)
    """
EDITED = F.replace('"old"', '"new"')


# A function as a whole ------------------------------------------------------------------------------------------------


def test_a_frozen_function_answers_whatever_its_code_does(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2)
    assert mod.f.freeze(because="sent out") == 2
    ran()
    mod = project.edit(EDITED)
    assert (mod.f(1), mod.f(x=2)) == ([1, 1, "old"], [2, 1, "old"])
    assert ran() == []


def test_what_a_frozen_function_never_saw_is_a_miss_and_is_not_computed(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.freeze()
    ran()
    with pytest.raises(
        FrozenMiss, match=r"f\(x=3\): f\(\) is frozen and has no frozen result for these arguments.*f\.thaw\(\)"
    ) as caught:
        mod.f(3)
    assert isinstance(caught.value, LookupError)
    with pytest.raises(FrozenMiss, match=r"has a frozen result for these arguments under another config \('a\.k'\)"):
        with configure({"a.k": 5}):
            mod.f(1)
    with pytest.raises(FrozenMiss):
        mod.f.configured(k=5)(1)
    assert ran() == []


def test_all_that_the_store_has_is_frozen_each_under_its_config(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f.configured(k=5)(1), mod.f.configured({"a.k": 6})(1)
    with configure({"a": {"k": 7}}):
        mod.f(1)
    assert mod.f.freeze() == 4
    ran()
    mod = project.edit(EDITED)
    assert mod.f(1) == [1, 1, "old"]
    assert mod.f.configured(k=5)(1) == [1, 5, "old"]
    with configure({"a.k": 6}):
        assert mod.f(1) == [1, 6, "old"]
    assert mod.f.configured({"a.k": 7})(1) == [1, 7, "old"]
    # The same for the function itself, whoever says it.
    assert mod.f.configured(k=7)(1) == [1, 7, "old"]
    with configure({"a.k": 5}):
        assert mod.f(1) == [1, 5, "old"]
    assert ran() == []


def test_a_value_for_the_function_alone_is_none_for_what_it_calls(project: Project, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached, config

        @cached
        def inner(k=config(default=1)):
            return k

        @cached
        def f(k=config(default=1)):
            sys.audit("test.ran", "f")
            return [k, inner()]
        """
    mod = project.edit(text)
    with configure({"k": 2}):
        assert mod.f() == [2, 2]
    assert mod.f.configured(k=3)() == [3, 1]
    mod.f.freeze()
    ran()
    with pytest.raises(FrozenMiss):
        mod.f.configured(k=2)()
    with pytest.raises(FrozenMiss), configure({"k": 3}):
        mod.f()
    with pytest.raises(FrozenMiss), configure({"k": 2}):
        mod.f.configured(k=3)()
    assert mod.f.configured(k=3)() == [3, 1]
    assert ran() == []


def test_results_of_other_code_are_not_frozen(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod = project.edit(EDITED)
    with pytest.raises(FrozenMiss, match=r"f\(\) has no stored result of what it does now.*call it first"):
        mod.f.freeze()
    mod.f(2)
    assert mod.f.freeze() == 1
    with pytest.raises(FrozenMiss):
        mod.f(1)


def test_freezing_again_adds_and_changes_nothing_that_is_frozen(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.freeze("first")
    ran()
    assert mod.f.refresh(2) == [2, 1, "old"]
    assert ran() == ["f2"]
    with pytest.raises(FrozenMiss):
        mod.f(2)
    assert mod.f.freeze("second") == 2
    records = {record.shown: record.because for record in lockfile.current().records["mod:f"]}
    assert records == {"": "second", "x=1": "first", "x=2": "second"}


def test_only_frozen_results_answer_where_the_code_says_so(project: Project, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached

        @cached(frozen=True)
        def f(x):
            sys.audit("test.ran", f"f{x}")
            return x
        """
    mod = project.edit(text)
    with pytest.raises(FrozenMiss, match="is frozen and has no frozen result; .*leave out frozen=True"):
        mod.f(1)
    with pytest.raises(FrozenMiss, match="not frozen in inviscid.lock; it is frozen by frozen=True"):
        mod.f.thaw()
    assert ran() == []
    assert mod.f.refresh(1) == 1
    mod.f.calling(1).freeze(because="by hand")
    assert ran() == ["f1"]
    assert mod.f(1) == 1
    mod = project.edit(text.replace("return x", "return -x"))
    assert mod.f(1) == 1
    assert ran() == []


def test_the_option_is_no_part_of_the_key(project: Project) -> None:
    mod = project.edit(F)
    key = mod.f.key(1)
    assert project.edit(F.replace("@cached\n    def f", "@cached(frozen=True)\n    def f")).f.key(1) == key


# One call -------------------------------------------------------------------------------------------------------------


def test_one_call_is_frozen_and_others_go_their_way(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2)
    mod.f.calling(1).freeze(because="sent")
    ran()
    mod = project.edit(EDITED)
    assert (mod.f(1), mod.f(2)) == ([1, 1, "old"], [2, 1, "new"])
    with configure({"a.k": 9}):
        assert mod.f(1) == [1, 9, "new"]
    assert ran() == ["f2", "f1"]
    mod.f.calling(x=1).thaw()
    assert mod.f(1) == [1, 1, "new"]


def test_one_call_of_a_variant(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f.configured(k=4)(1)
    mod.f.configured(k=4).calling(1).freeze()
    mod = project.edit(EDITED)
    assert (mod.f.configured(k=4)(1), mod.f(1)) == ([1, 4, "old"], [1, 1, "new"])
    with pytest.raises(FrozenMiss, match=r"f\(x=1\) is not frozen"):
        mod.f.calling(1).thaw()
    mod.f.configured(k=4).calling(1).thaw()
    assert mod.f.configured(k=4)(1) == [1, 4, "new"]


def test_what_one_call_is_frozen_with_is_what_freezing_all_would_write(project: Project) -> None:
    text = """
        from inviscid import cached, config

        class A:
            def __init__(self, n):
                self.n = n

        def helper(x):
            return x.__doc__

        @cached
        def f(a, b=2, *rest, c=config(default=1), **more):
            return [a if isinstance(a, int) else 0, b]
        """
    mod = project.edit(text)
    cases = [((1,), {}), ((mod.A(3), [1, (2,)]), {"z": {1.5: None}}), ((mod.helper, 1, 2), {"password": "x"})]
    for args, kwargs in cases:
        mod.f(*args, **kwargs)
    mod.f.freeze()
    whole = {record._replace(date="") for record in map(hashable, lockfile.current().all()) if not record.is_marker}
    mod.f.thaw()
    for args, kwargs in cases:
        mod.f.calling(*args, **kwargs).freeze()
    assert {record._replace(date="") for record in map(hashable, lockfile.current().all())} == whole
    assert len(whole) == 3


def hashable(record: lockfile.Record) -> lockfile.Record:
    return record._replace(config=tuple(sorted(record.config.items())), extra=())  # type: ignore[arg-type]


def test_a_reason_can_be_given_later(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.calling(1).freeze()
    mod.f.calling(1).freeze("now I know")
    mod.f.calling(1).freeze()
    assert [record.because for record in lockfile.current().all()] == ["now I know"]


# What counts, and what doesn't ----------------------------------------------------------------------------------------


def test_methods_stand_while_their_class_changes(project: Project, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached

        class C:
            def __init__(self, n):
                self.n = n

            @cached
            def m(self, y):
                sys.audit("test.ran", "m")
                return self.n + y

            @cached
            @classmethod
            def c(cls, y):
                sys.audit("test.ran", "c")
                return y

            @cached
            @staticmethod
            def s(y):
                sys.audit("test.ran", "s")
                return y

        class D(C):
            pass
        """
    mod = project.edit(text)
    mod.C(1).m(5), mod.C.c(6), mod.C.s(7)
    assert (mod.C.m.freeze(), mod.C(1).m.freeze(), mod.C.c.freeze(), mod.C.s.freeze()) == (1, 1, 1, 1)
    ran()
    mod = project.edit(text.replace("self.n + y", "-y").replace("return y", "return -y"))
    assert (mod.C(1).m(5), mod.C.c(6), mod.C.s(7)) == (6, 6, 7)
    for miss in (lambda: mod.C(2).m(5), lambda: mod.D(1).m(5), lambda: mod.D.c(6)):
        with pytest.raises(FrozenMiss):
            miss()
    assert ran() == []
    assert [(item.record.function, item.stale) for item in freeze.status() if not item.record.is_marker] == [
        ("mod:C.c", True), ("mod:C.m", True), ("mod:C.s", True),
    ]  # fmt: skip
    mod.C(1).m.thaw()
    mod.C(1).m(5)
    mod.C(1).m.calling(5).freeze()
    mod.C(1).m.calling(5).thaw()
    assert ran() == ["m"]


def test_functions_among_the_arguments_count_by_what_they_do(project: Project, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached

        def twice(x):
            return 2 * x

        @cached
        def apply(fn, x):
            sys.audit("test.ran", "apply")
            return fn(x)
        """
    mod = project.edit(text)
    mod.apply(mod.twice, 3)
    mod.apply.freeze()
    ran()
    mod = project.edit(text.replace("return fn(x)", "return fn(x) + 1"))
    assert mod.apply(mod.twice, 3) == 6
    mod = project.edit(text.replace("2 * x", "3 * x"))
    with pytest.raises(FrozenMiss):
        mod.apply(mod.twice, 3)
    assert ran() == []


def test_functions_that_do_the_same_are_told_apart_by_what_can_be_observed_of_them(project: Project, ran: Ran) -> None:
    mod = project.edit("""
        import sys
        from inviscid import cached

        def one(x):
            "The first."
            return x

        def two(x):
            "The second."
            return x

        @cached
        def about(fn):
            sys.audit("test.ran", "about")
            return [fn.__name__, fn.__doc__]
        """)
    mod.about(mod.one)
    mod.about.freeze()
    ran()
    assert mod.about(mod.one) == ["one", "The first."]
    with pytest.raises(FrozenMiss):
        mod.about(mod.two)
    assert ran() == []


def test_config_values_of_the_users_classes_disturb_nobody(project: Project, ran: Ran) -> None:
    mod = project.edit("""
        import enum, sys
        from inviscid import cached, config

        class Colour(enum.Enum):
            RED = 1
            BLUE = 2

        @cached
        def f(k=config(default=None)):
            return str(k)

        @cached
        def g():
            sys.audit("test.ran", "g")
            return f()
        """)
    with configure({"k": mod.Colour.RED}):
        mod.f()
        mod.f.freeze()
        assert [mod.g(), mod.g()] == ["Colour.RED"] * 2
    assert ran() == ["g"]
    with configure({"k": mod.Colour.BLUE}), pytest.raises(FrozenMiss):
        mod.f()


def test_config_that_arguments_read_counts(project: Project, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached, config

        @cached
        def scale(x, k=config("s.k", default=2)):
            return k * x

        @cached
        def apply(fn, x):
            sys.audit("test.ran", "apply")
            return fn(x)
        """
    mod = project.edit(text)
    mod.apply(mod.scale, 3)
    mod.apply.freeze()
    ran()
    assert mod.apply(mod.scale, 3) == 6
    with configure({"s.k": 5}), pytest.raises(FrozenMiss, match="under another config"):
        mod.apply(mod.scale, 3)
    assert ran() == []


def test_ignored_identified_and_volatile_arguments_are_treated_as_for_a_key(project: Project, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached

        class Box:
            def __init__(self, n, seen):
                self.n, self.seen = n, seen

        @cached(ignore=["log"], identify={"model": len}, volatile=["seen"])
        def f(model, box, log=None):
            sys.audit("test.ran", "f")
            return len(model) + box.n
        """
    mod = project.edit(text)
    mod.f("ab", mod.Box(1, "x"), log=1)
    mod.f.freeze()
    ran()
    mod = project.edit(text.replace("+ box.n", "- box.n"))
    assert mod.f("cd", mod.Box(1, "y"), log=2) == 3
    for miss in (("abc", mod.Box(1, "x")), ("ab", mod.Box(2, "x"))):
        with pytest.raises(FrozenMiss):
            mod.f(*miss)
    assert ran() == []


def test_parameters_count_by_name_and_a_new_default_is_another_argument(project: Project, ran: Ran) -> None:
    text = "import sys\nfrom inviscid import cached\n@cached\ndef f(a, b, c=1):\n    sys.audit('test.ran', 'f')\n    return [a, b, c]\n"
    mod = project.edit(text)
    mod.f(1, 2)
    mod.f.freeze()
    ran()
    assert mod.f(c=1, b=2, a=1) == [1, 2, 1]
    for changed in (text.replace("(a, b, c", "(b, a, c"), text.replace("c=1", "c=2")):
        mod = project.edit(changed)
        with pytest.raises(FrozenMiss):
            mod.f(1, 2)
    assert ran() == []


def test_a_file_that_it_read_counts_no_more_and_one_that_is_an_argument_does(project: Project, ran: Ran) -> None:
    mod = project.edit("""
        import sys
        from inviscid import cached

        @cached
        def f(x):
            sys.audit("test.ran", "f")
            with open("data.txt") as file:
                return file.read()

        @cached
        def words(source):
            with open(source) as file:
                return file.read().split()
        """)
    from inviscid import File

    Path("data.txt").write_text("one")
    assert (mod.f(1), mod.words(File("data.txt"))) == ("one", ["one"])
    mod.f.calling(1).freeze(), mod.words.freeze()
    Path("data.txt").write_text("two")
    assert mod.f(1) == "one"
    with pytest.raises(FrozenMiss):
        mod.words(File("data.txt"))
    mod.f.thaw()
    with pytest.raises(FrozenMiss, match=r"not what it would be now \(file data.txt changed\): call it first"):
        mod.f.calling(1).freeze()
    with pytest.raises(FrozenMiss, match="call it first"):
        mod.f.freeze()
    assert mod.f(1) == "two"


def test_a_frozen_result_stands_although_its_class_changed(project: Project, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached

        class Point:
            def __init__(self, x):
                self.x = x

            def __eq__(self, other):
                return self.x == other.x

        @cached
        def f(x):
            sys.audit("test.ran", "f")
            return Point(x)
        """
    mod = project.edit(text)
    mod.f(1)
    mod.f.freeze()
    ran()
    mod = project.edit(text.replace("class Point:", "class Point:\n            more = 1"))
    assert (mod.f(1).x, mod.f(1).more) == (1, 1)
    mod = project.edit(text.replace("Point", "Place"))
    with pytest.raises(FrozenMiss, match=r"f\(x=1\) is frozen .*, but it can't be decoded.*Place|Point"):
        mod.f(1)
    assert ran() == []


# The store ------------------------------------------------------------------------------------------------------------


def test_freezing_pins_and_thawing_lets_go(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2)
    store = current_store(None)
    store.pin(bytes.fromhex(mod.f.key(2)), "mine")
    mod.f.freeze(because="sent")
    assert {pin.key.hex(): pin.because for pin in store.pins()} == {mod.f.key(1): "frozen: sent", mod.f.key(2): "mine"}
    assert mod.f.thaw() == 2
    assert [pin.because for pin in store.pins()] == ["mine"]


def test_cleaning_leaves_what_is_frozen_and_says_so(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2)
    mod.f.calling(1).freeze()
    with pytest.warns(InviscidWarning, match=r"1 results of f\(\) are frozen or pinned.*thaw"):
        assert mod.f.clean() == 1
    with pytest.raises(FrozenMiss, match=r"f\(x=1\) is frozen and can't be forgotten: thaw it first"):
        mod.f.forget(1)
    store = current_store(None)
    store.execute(store.plan_clean())
    ran()
    assert mod.f(1) == [1, 1, "old"]
    assert ran() == []
    mod.f.thaw()
    assert mod.f.clean() == 1


def test_a_result_that_the_store_lost_or_replaced_is_a_miss(project: Project, ran: Ran) -> None:
    mod = project.edit(
        F
        + "\n    @cached\n    def when(x):\n        sys.audit('test.ran', 'when')\n        return sys.argv[0] if x == 0 else len(sys.argv)\n"
    )
    mod.f(1), mod.f(2)
    mod.f.freeze()
    store = current_store(None)
    store.forget([bytes.fromhex(mod.f.key(1))])
    ran()
    with pytest.raises(FrozenMiss, match=f"its result is not in the store at {re.escape(str(store.path))}"):
        mod.f(1)
    Path("inviscid.lock").write_text(
        re.sub('content = "[0-9a-f]{4}', 'content = "0000', Path("inviscid.lock").read_text())
    )
    with pytest.raises(FrozenMiss, match="the store has another result under its key"):
        mod.f(2)
    assert ran() == []


def test_a_store_that_cannot_be_used_is_a_miss(
    project: Project, ran: Ran, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.freeze()
    ran()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INVISCID_STORE", str(tmp_path / "file"))
    with pytest.raises(FrozenMiss, match="the store can't be used"):
        mod.f(1)
    assert ran() == []
    with pytest.warns(InviscidWarning, match="is thawed, but stays pinned"):
        assert mod.f.thaw() == 1
    assert lockfile.current().all() == []


def test_what_was_stored_without_a_note_is_frozen_call_by_call(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    mod = project.edit(F)
    monkeypatch.setattr(freeze, "noted", lambda slot, call: call)
    mod.f(1)
    with pytest.warns(InviscidWarning, match="1 results of .* one by one"), pytest.raises(FrozenMiss):
        mod.f.freeze()
    mod.f.calling(1).freeze()
    assert project.edit(EDITED).f(1) == [1, 1, "old"]


# What is told ---------------------------------------------------------------------------------------------------------


def test_a_frozen_hit_says_so(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.calling(1).freeze(because="sent")
    key = mod.f.key(1)
    mod = project.edit(EDITED)
    caplog.set_level(logging.INFO, "inviscid")
    caplog.clear()
    mod.f(1)
    [said] = caplog.records
    assert (said.outcome, said.key) == (Outcome.HIT_FROZEN, key)
    assert re.fullmatch(r"frozen \d{4}-\d\d-\d\d: sent", said.reasons[0])
    assert Outcome.HIT_FROZEN.kind == "hit"
    assert current_store(None).stats().outcomes["HIT_FROZEN"][0] == 1
    assert mod.f.peek(1).key.hex() == key


def test_explain_tells_frozen_and_stale(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.freeze(because="sent")
    ran()
    fresh = mod.f.explain(1)
    assert (fresh.outcome, fresh.code, len(fresh.reasons), fresh.diff) == ("hit", Outcome.HIT_FROZEN, 1, "")
    mod = project.edit(EDITED)
    stale = mod.f.explain(1)
    assert (stale.outcome, stale.code) == ("hit", Outcome.HIT_FROZEN)
    assert stale.reasons[1].startswith("frozen and stale: mod.f changed")
    assert "-    return [x, k, 'old']" in stale.diff
    miss = mod.f.explain(2)
    assert (miss.outcome, miss.code) == ("miss", Outcome.MISS_FROZEN)
    assert "no frozen result" in miss.reasons[0]
    assert mod.f.peek(2) is None
    assert ran() == []


def test_status_tells_what_is_stale(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1), mod.g(1)
    mod.f.calling(1).freeze(), mod.g.calling(1).freeze()
    assert [(item.record.function, item.stale) for item in freeze.status()] == [("mod:f", False), ("mod:g", False)]
    project.edit(F.replace("return f(x)", "return f(x), 1"))
    assert [(item.record.function, item.stale) for item in freeze.status()] == [("mod:f", False), ("mod:g", True)]
    project.edit(F.replace("def g", "def h"))
    unknown = freeze.status()[1]
    assert (unknown.stale, "'g'" in unknown.why) == (None, True)


def test_the_file_shows_arguments_but_no_secrets(project: Project) -> None:
    mod = project.edit("from inviscid import cached\n@cached\ndef f(x, password, more):\n    return 1\n")
    mod.f("north", "hunter2", {"api_key": "abc", "n": list(range(999))})
    mod.f.freeze()
    shown = lockfile.current().all()[1].shown
    assert shown.startswith("x='north', password=…, more={'api_key': …, 'n': [0, 1")
    assert len(shown) == 120
    assert "hunter2" not in Path("inviscid.lock").read_text()


def test_the_state_of_a_function_moves_with_what_is_frozen(project: Project) -> None:
    mod = project.edit(F)
    assert freeze.state("mod:f") == b""
    mod.f(1), mod.f(2)
    mod.f.calling(1).freeze()
    one = freeze.state("mod:f")
    mod.f.calling(1).freeze("another reason")
    assert freeze.state("mod:f") == one != b""
    mod.f.calling(2).freeze()
    two = freeze.state("mod:f")
    mod.f.freeze()
    assert len({one, two, freeze.state("mod:f")}) == 3
    assert freeze.state("mod:g") == b""
    mod.f.thaw()
    assert freeze.state("mod:f") == b""


# Modes ----------------------------------------------------------------------------------------------------------------


def test_modes(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1), mod.f(2)
    mod.f.calling(1).freeze()
    mod = project.edit(EDITED)
    ran()
    for name in ("refresh", "replay", "readonly"):
        with mode(name):
            assert mod.f(1) == [1, 1, "old"]
    with mode("fresh", frozen=True):
        assert mod.f(1) == [1, 1, "old"]
    assert ran() == []
    with mode("fresh"):
        with pytest.raises(
            FrozenMiss,
            match=r"mode 'fresh' reads nothing older than itself, and f\(x=1\) is frozen: thaw it, or .*frozen=True",
        ):
            mod.f(1)
        assert mod.f(2) == [2, 1, "new"]
    with mode("off"):
        assert mod.f(1) == [1, 1, "new"]
    assert ran() == ["f2", "f1"]
    with pytest.raises(FrozenMiss, match="computing it again would change nothing: thaw it"):
        mod.f.refresh(1)
    with pytest.raises(ModeError, match="frozen= is for mode 'fresh'"):
        mode("on", frozen=True)
    assert ran() == []


def test_a_mode_recomputes_nothing_silently(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.freeze()
    ran()
    for name in ("refresh", "replay", "readonly", "fresh"):
        with mode(name), pytest.raises(FrozenMiss):
            mod.f(2)
    assert ran() == []


# Bad input ------------------------------------------------------------------------------------------------------------


def test_what_was_never_computed_cannot_be_frozen(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    with pytest.raises(FrozenMiss, match="call it first"):
        mod.f.freeze()
    with pytest.raises(FrozenMiss, match=r"f\(x=1\) has no stored result that could be frozen: call it first"):
        mod.f.calling(1).freeze()
    assert not Path("inviscid.lock").exists()
    assert ran() == []


def test_what_is_not_frozen_cannot_be_thawed(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1)
    with pytest.raises(FrozenMiss, match=r"f\(\) is not frozen"):
        mod.f.thaw()
    with pytest.raises(FrozenMiss, match=r"f\(x=1\) is not frozen"):
        mod.f.calling(1).thaw()
    assert not Path("inviscid.lock").exists()


def test_a_damaged_file_stops_calls_and_is_not_written_over(project: Project, ran: Ran) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.calling(1).freeze()
    damaged = Path("inviscid.lock").read_text().replace("shown = ", "shown ", 1)
    Path("inviscid.lock").write_text(damaged)
    store = current_store(None)
    pins = store.pins()
    ran()
    for action in (
        lambda: mod.f(1),
        lambda: mod.g(1),
        mod.f.freeze,
        lambda: mod.f.calling(1).freeze(),
        mod.f.thaw,
        freeze.status,
    ):
        with pytest.raises(LockError, match=r"inviscid\.lock, line 8: it is not TOML"):
            action()
    assert Path("inviscid.lock").read_text() == damaged
    assert store.pins() == pins
    assert ran() == []
    with mode("off"):
        assert mod.f(1) == [1, 1, "old"]


def test_what_has_no_name_of_its_own_cannot_be_frozen(project: Project) -> None:
    mod = project.edit("""
        import functools
        from inviscid import cached

        plus = cached(lambda x: x + 1)

        def make(n):
            @cached
            def add(x):
                return x + n
            return add

        def plain():
            @cached
            def count(x):
                return count(x - 1) if x else 0
            return count

        part = cached(functools.partial(pow, 2))

        @cached
        def twin(x):
            return 1

        first = twin

        @cached
        def twin(x):
            return 2
        """)
    for function, says in (
        (mod.plus, "a lambda has no name of its own"),
        (mod.make(1), r"what it captures \(n\) is not in its name"),
        (mod.part, "it is an object with a state of its own"),
        (mod.first, "its name means another function"),
    ):
        function(3)
        for freezing in (function.freeze, function.calling(3).freeze):
            with pytest.raises(FrozenMiss, match=rf"can't be frozen: {says}"):
                freezing()
    mod.twin(3), mod.plain()(2)
    assert (mod.twin.freeze(), mod.plain().freeze()) == (1, 3)
    assert mod.twin(3) == 2
    with pytest.raises(FrozenMiss, match="frozen by its name in inviscid.lock, but its name means another function"):
        mod.first(3)


# Elsewhere ------------------------------------------------------------------------------------------------------------


def test_async_functions(project: Project, ran: Ran) -> None:
    text = """
        import sys
        from inviscid import cached

        @cached
        async def f(x):
            sys.audit("test.ran", f"f{x}")
            return [x, "old"]

        @cached(generator="list")
        async def many(x):
            sys.audit("test.ran", "many")
            yield x
        """
    mod = project.edit(text)
    asyncio.run(mod.f(1)), asyncio.run(mod.many(1))
    mod.f.freeze(), mod.many.calling(1).freeze()
    ran()
    mod = project.edit(text.replace("old", "new").replace("yield x", "yield -x"))
    assert (asyncio.run(mod.f(1)), asyncio.run(mod.many(1))) == ([1, "old"], [1])
    with pytest.raises(FrozenMiss):
        asyncio.run(mod.f(2))
    assert ran() == []


def test_results_share_no_memory(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.freeze()
    mod.f(1).append(3)
    assert mod.f(1) == [1, 1, "old"]


def test_a_later_process_and_its_workers_are_served(project: Project) -> None:
    project.write(mod=F)
    project.write(first="import mod\nmod.f(1); mod.f(2); print(mod.f.freeze('sent'))\n")
    assert project.run("first.py") == "2\n"
    project.write(mod=EDITED)
    project.write(
        second="""
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        import inviscid, mod

        def attempt(fn, x):
            try:
                return fn(x)
            except inviscid.FrozenMiss as error:
                return f"FrozenMiss {error}"[:19]

        if __name__ == "__main__":
            print(attempt(mod.f, 1), attempt(mod.f, 3))
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                print(list(pool.map(attempt, [mod.f] * 2, [2, 3])))
                with inviscid.mode("fresh"):
                    print(pool.submit(attempt, mod.f, 1).result())
                with inviscid.mode("fresh", frozen=True):
                    print(pool.submit(attempt, mod.f, 1).result())
        """
    )
    assert project.run("second.py").splitlines() == [
        "[1, 1, 'old'] FrozenMiss f(x=3): ",
        "[[2, 1, 'old'], 'FrozenMiss f(x=3): ']",
        "FrozenMiss mode 'fr",
        "[1, 1, 'old']",
    ]


@pytest.mark.slow
def test_processes_that_freeze_at_once_lose_nothing(project: Project) -> None:
    project.write(mod=F)
    project.write(
        one="""
        import sys, time
        from pathlib import Path
        import mod

        start = int(sys.argv[1])
        for x in range(start, start + 15):
            mod.f(x)
        Path(f"ready{start}").touch()
        while len(list(Path().glob("ready*"))) < 3:
            time.sleep(0.001)
        for x in range(start, start + 15):
            mod.f.calling(x).freeze()
        """
    )
    started = [
        subprocess.Popen([sys.executable, "one.py", str(start)], cwd=project.folder, env=dict(os.environ))
        for start in (0, 100, 200)
    ]
    for process in started:
        assert process.wait(100) == 0
    records = lockfile.current().all()
    assert sorted(int(record.shown.removeprefix("x=")) for record in records) == [
        *range(15),
        *range(100, 115),
        *range(200, 215),
    ]
    assert len(current_store(None).pins()) == 45
    assert [name for name in os.listdir() if "lock" in name] == ["inviscid.lock"]


def test_the_same_call_frozen_meanwhile_with_another_result_is_an_error(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    mod = project.edit(F)
    mod.f(1)
    change = lockfile.change

    def after_another(update: Callable[[list[lockfile.Record]], list[lockfile.Record]]) -> None:
        monkeypatch.setattr(lockfile, "change", change)
        mod.f.calling(1).freeze()
        change(lambda found: [record._replace(content="0" * 64) for record in found])
        change(update)

    monkeypatch.setattr(lockfile, "change", after_another)
    with pytest.raises(FrozenMiss, match="was frozen meanwhile, with another result"):
        mod.f.calling(1).freeze()
    assert [record.content for record in lockfile.current().all()] == ["0" * 64]


def test_a_computation_whose_frozen_part_sees_another_config_is_not_stored(project: Project, ran: Ran) -> None:
    mod = project.edit("""
        import sys, threading
        from inviscid import cached, config, configure

        @cached
        def f(k=config(default=1)):
            return k

        @cached
        def g():
            sys.audit("test.ran", "g")
            found = []

            def inside():
                with configure({"k": 2}, local=True):
                    found.append(f())

            thread = threading.Thread(target=inside)
            thread.start()
            thread.join()
            return found
        """)
    with configure({"k": 2}):
        mod.f()
    mod.f.freeze()
    ran()
    with configure({"k": 1}), pytest.warns(InviscidWarning, match="another value of config 'k'"):
        assert [mod.g(), mod.g()] == [[2], [2]]
    assert ran() == ["g", "g"]


def test_reasons_are_one_line_in_the_file(project: Project) -> None:
    mod = project.edit(F)
    mod.f(1)
    mod.f.calling(1).freeze(because=textwrap.dedent('two\nlines, "quoted"'))
    assert 'because = "two\\nlines, \\"quoted\\""' in Path("inviscid.lock").read_text()
    assert lockfile.current().all()[0].because == 'two\nlines, "quoted"'


def test_what_callers_depend_on_is_the_result(project: Any, ran: Ran) -> None:
    """Frozen, edited, thawed: a caller never keeps what only a frozen result gave it."""
    text = """
    import sys
    from inviscid import cached

    @cached
    def low(x):
        sys.audit("test.ran", "low")
        return {}

    @cached
    def cut(x):
        sys.audit("test.ran", "cut")
        return low(x)

    @cached
    def expanded(x):
        sys.audit("test.ran", "expanded")
        return sum(map(low, [x]))
    """
    mod = project.edit(text.format("x"))
    assert [mod.cut(1), mod.expanded(1)] == [1, 1]
    assert ran() == ["cut", "low", "expanded"]
    mod.low.freeze(because="sent out")
    assert [mod.cut(1), mod.expanded(1)] == [1, 1]
    # Given away as a value it may be called anywhere: that it is frozen is news for its caller.
    assert ran() == ["expanded"]
    mod = project.edit(text.format("x + 1"))
    assert [mod.cut(1), mod.expanded(1)] == [1, 1]
    assert ran() == ["expanded"]
    mod.low.thaw()
    assert [mod.cut(1), mod.expanded(1)] == [2, 2]
    assert ran() == ["low", "cut", "expanded"]
    assert "how mod:low answers changed" not in mod.cut.explain(1).reasons


def test_thawing_with_the_same_result_reruns_nobody(project: Any, ran: Ran) -> None:
    text = """
    import sys
    from inviscid import cached

    @cached
    def low(x):
        sys.audit("test.ran", "low")
        return {}

    @cached
    def top(x):
        sys.audit("test.ran", "top")
        return low(x)
    """
    mod = project.edit(text.format("x"))
    assert mod.top(1) == 1
    mod.low.freeze()
    mod = project.edit(text.format("x + 0"))
    assert mod.top(1) == 1
    assert ran() == ["top", "low"]
    mod.low.thaw()
    assert mod.top(1) == 1
    assert ran() == ["low"]
