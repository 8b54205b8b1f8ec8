"""Outputs behind symbolic links: what a link leads to is somebody else's, wherever the link was put."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import InviscidWarning, OutputError, Outputs, Store, cached

Ran = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project to work in."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@cached(outputs="{name}.csv")
def export(name: str, rows: int) -> int:
    sys.audit("test.ran", "export")
    return Path(f"{name}.csv").write_text("x" * rows, encoding="utf-8")


def clean_all(store: Path) -> int:
    """As the command does it."""
    opened = Store(store)
    planned = opened.plan_clean()
    assert [bool(item.why_kept) for item in planned.outputs] in ([True], [False])
    return opened.execute(planned).outputs


def forget(store: Path) -> int:
    with pytest.warns(InviscidWarning, match="not deleted"):
        export.clean()
    return 0


@pytest.mark.parametrize("remove", [clean_all, forget])
@pytest.mark.parametrize("inside", [False, True])
def test_clean_deletes_nothing_through_a_link(
    here: Path, tmp_path: Path, isolated: Path, inside: bool, remove: Callable[[Path], int]
) -> None:
    (here / "d").mkdir()
    export("d/z", 3)
    target = (here if inside else tmp_path) / "elsewhere"
    (here / "d").rename(target)
    (here / "d").symlink_to(target)
    assert remove(isolated) == 0
    assert (target / "z.csv").read_text(encoding="utf-8") == "xxx"


@pytest.mark.parametrize("remove", [clean_all, forget])
def test_a_link_in_the_place_of_an_output_is_somebody_elses(
    here: Path, isolated: Path, ran: Ran, remove: Callable[[Path], int]
) -> None:
    export("c", 5), export("c", 3)
    (here / "c.csv").unlink()
    notes = here / "notes.txt"
    notes.write_text("xxx", encoding="utf-8")
    (here / "c.csv").symlink_to("notes.txt")
    for rows in (3, 5, 7):
        with pytest.raises(OutputError, match=r"c\.csv is a symbolic link .*delete"):
            export("c", rows)
    assert ran() == ["export", "export"]
    assert remove(isolated) == 0
    assert os.readlink(here / "c.csv") == "notes.txt"
    assert notes.read_text(encoding="utf-8") == "xxx"
    (here / "c.csv").unlink()
    assert export("c", 3) == 3
    assert notes.read_text(encoding="utf-8") == "xxx"


def test_a_link_that_leads_nowhere_is_not_written_through(here: Path, ran: Ran) -> None:
    export("c", 3)
    (here / "c.csv").unlink()
    (here / "c.csv").symlink_to("gone")
    with pytest.raises(OutputError, match="symbolic link"):
        export("c", 3)
    assert not (here / "gone").exists()
    assert ran() == ["export"]


def test_a_link_that_a_body_makes_is_no_output(here: Path) -> None:
    @cached(outputs="latest")
    def publish() -> int:
        Path("data").write_text("x", encoding="utf-8")
        os.symlink("data", "latest")
        return 1

    with pytest.raises(OutputError, match="symbolic link") as raised:
        publish()
    assert raised.value.value == 1


def test_links_to_the_folder_are_followed(here: Path, tmp_path: Path, ran: Ran) -> None:
    def body(path: str) -> None:
        sys.audit("test.ran", "body")
        Path(path).write_text("x", encoding="utf-8")

    (tmp_path / "large").mkdir()
    (here / "large").symlink_to(tmp_path / "large")
    function: Any = cached(outputs=Outputs("{path}", allow=tmp_path))(body)
    for path in ("large/x", "./large/../here/large/y", "large/"):
        target = tmp_path / "large" / Path(path).name
        if path.endswith("/"):
            with pytest.raises(OutputError, match="symbolic link"):
                function(path)
            continue
        function(path)
        target.unlink()
        function(path)
        assert target.read_text(encoding="utf-8") == "x"
    assert ran() == ["body", "body"]
