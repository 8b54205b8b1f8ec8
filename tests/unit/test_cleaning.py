"""Cleaning by module, tag, age and what reaches what: which bodies run afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import SelectorError, Store
from inviscid.cleaning import plan_clean

Ran = Callable[[], list[str]]
DAY = 86_400.0
TEXTS = {
    "lab/__init__.py": "",
    "lab/prep.py": (
        "import sys\nfrom inviscid import cached\n"
        "@cached(tags=['raw', 'cheap'])\ndef raw(x):\n    sys.audit('test.ran', 'raw')\n    return x\n"
    ),
    "lab/model.py": (
        "import sys\nfrom inviscid import cached\nfrom lab.prep import raw\n"
        "def shifted(x): return raw(x) + 1\n"
        "@cached(tags=['dear'])\ndef fit(x):\n    sys.audit('test.ran', 'fit')\n    return shifted(x) * 2\n"
        "@cached\ndef alone(x):\n    sys.audit('test.ran', 'alone')\n    return x\n"
        "@cached\ndef report(x):\n    sys.audit('test.ran', 'report')\n    return fit(x) + 1\n"
    ),
}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """All functions, called once."""
    for name, text in TEXTS.items():
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    import lab.model
    import lab.prep

    yield lab
    for name in [name for name in sys.modules if name.partition(".")[0] == "lab"]:
        del sys.modules[name]


@pytest.fixture
def called(lab: Any, isolated: Path, ran: Ran) -> Callable[[], list[str]]:
    """Calls all again, and says which bodies ran."""

    def call() -> list[str]:
        lab.model.report(1), lab.model.alone(1), lab.model.fit(1), lab.prep.raw(1)
        return sorted(ran())

    assert call() == ["alone", "fit", "raw", "report"]
    assert call() == []
    return call


def clean(store: Store, *arguments: Any, **options: Any) -> list[str]:
    plan = plan_clean(store, *arguments, **options)
    assert store.execute(plan).entries == len(plan.entries)
    return sorted(item.function for item in plan.entries)


def test_a_function_alone(called: Callable[[], list[str]], isolated: Path) -> None:
    assert clean(Store(isolated), "raw") == ["lab.prep:raw"]
    assert called() == ["raw"]


def test_a_function_and_all_that_reach_it(called: Callable[[], list[str]], isolated: Path) -> None:
    assert clean(Store(isolated), "raw", downstream=True) == ["lab.model:fit", "lab.model:report", "lab.prep:raw"]
    assert called() == ["fit", "raw", "report"]
    assert clean(Store(isolated), "report", downstream=True) == ["lab.model:report"]
    assert called() == ["report"]


def test_modules_and_packages(called: Callable[[], list[str]], isolated: Path) -> None:
    assert clean(Store(isolated), "lab.prep") == ["lab.prep:raw"]
    assert clean(Store(isolated), "lab") == ["lab.model:alone", "lab.model:fit", "lab.model:report"]
    called()
    assert clean(Store(isolated), "lab.mod*") == ["lab.model:alone", "lab.model:fit", "lab.model:report"]
    with pytest.raises(SelectorError, match="did you mean"):
        plan_clean(Store(isolated), "lab.preb:raw")


def test_tags(called: Callable[[], list[str]], isolated: Path) -> None:
    assert clean(Store(isolated), tag="dear") == ["lab.model:fit"]
    assert called() == ["fit"]
    assert clean(Store(isolated), "lab.prep", tag="cheap") == ["lab.prep:raw"]
    with pytest.raises(SelectorError, match=r"no entry has the tag 'deer'; there are dear"):
        plan_clean(Store(isolated), tag="deer")


def test_tags_are_no_part_of_the_key(lab: Any, called: Callable[[], list[str]], tmp_path: Path, ran: Ran) -> None:
    path = tmp_path / "code/lab/prep.py"
    path.write_text(path.read_text().replace("'cheap'", "'costly'"))
    import importlib

    importlib.reload(lab.prep)
    lab.prep.raw(1)
    assert ran() == []


def test_ages(lab: Any, called: Callable[[], list[str]], isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(isolated)
    assert clean(store, older_than=DAY) == []
    from inviscid.store import survey

    now = survey.time.time()
    monkeypatch.setattr(survey.time, "time", lambda: now + 2 * DAY)
    assert clean(store, "raw", older_than=3 * DAY) == []
    assert clean(store, "raw", older_than=DAY) == ["lab.prep:raw"]


def test_a_function_cleans_what_reaches_it(lab: Any, called: Callable[[], list[str]]) -> None:
    assert lab.prep.raw.clean(downstream=True) == 3
    assert called() == ["fit", "raw", "report"]


TWINS = (
    "import sys\nfrom inviscid import cached\n"
    "def helper(x): return x\n"
    "@cached\ndef old(x):\n    sys.audit('test.ran', 'either')\n    return helper(x) + 1\n"
    "@cached(tags=['raw'])\ndef base(x):\n    sys.audit('test.ran', 'either')\n    return helper(x) + 1\n"
    "def helper2(x): return -x\n"
    "@cached\ndef other(x):\n    sys.audit('test.ran', 'other')\n    return helper2(x) + 1\n"
    "@cached\ndef down(x):\n    sys.audit('test.ran', 'down')\n    return base(x) * 2\n"
)


@pytest.mark.parametrize("selector", ["old", "base", "twins:base", "twins.bas?"])
def test_functions_that_do_the_same_are_cleaned_as_one_with_what_reaches_them(
    project: Any, isolated: Path, ran: Ran, selector: str
) -> None:
    project.write(twins=TWINS)
    twins = project.load("twins")
    twins.old(1), twins.base(1), twins.other(1), twins.down(1)
    assert ran() == ["either", "other", "down"]
    assert clean(Store(isolated), selector, downstream=True) == ["twins:down", "twins:old"]
    twins.base(1), twins.other(1), twins.down(1)
    assert ran() == ["either", "down"]


def test_what_has_no_entry_says_why(project: Any, isolated: Path) -> None:
    project.write(twins=TWINS)
    twins = project.load("twins")
    twins.old(1), twins.base(1)
    for options in ({"selector": "base"}, {"selector": "base", "downstream": True}, {"tag": "raw"}):
        with pytest.raises(SelectorError, match="under the name of the first"):
            plan_clean(Store(isolated), **options)


@pytest.mark.parametrize("tags", ["dear", [1], [""], [None]])
def test_tags_are_names(tags: Any) -> None:
    from inviscid import cached

    with pytest.raises(TypeError, match="tags= takes a list of names"):
        cached(lambda: 1, tags=tags)  # type: ignore[call-overload]  # what a user may do
