"""Modes and places: precedence, and what is said of what doesn't exist."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from inviscid import InviscidError, ModeError, StoreError, mode
from inviscid.settings import current_mode, store_options, store_path


def test_precedence_of_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert current_mode().name == "on"
    (tmp_path / "pyproject.toml").write_text('[tool.inviscid]\nmode = "readonly"\n')
    monkeypatch.chdir(tmp_path)
    assert current_mode().name == "readonly"
    monkeypatch.setenv("INVISCID_MODE", "refresh")
    assert current_mode().name == "refresh"
    with mode("off"):
        assert current_mode().name == "off"
        with mode("on"):
            assert current_mode().name == "on"
        assert current_mode().name == "off"
    assert current_mode().name == "refresh"


def test_a_mode_holds_in_all_threads_unless_local() -> None:
    def elsewhere() -> str:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(current_mode().name))
        thread.start()
        thread.join()
        return found[0]

    with mode("off"):
        assert elsewhere() == "off"
    with mode("off", local=True):
        assert current_mode().name == "off"
        assert elsewhere() == "on"


def test_each_fresh_run_has_a_salt_of_its_own() -> None:
    with mode("fresh"):
        first = current_mode().salt
        assert first
        assert current_mode().salt == first
    with mode("fresh"):
        assert current_mode().salt != first


@pytest.mark.parametrize("origin", ["call", "environment"])
def test_a_mode_that_does_not_exist(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVISCID_MODE", "fersh")
    ask = current_mode if origin == "environment" else lambda: mode("fersh")
    with pytest.raises(ModeError, match="did you mean 'fresh'"):
        ask()


def test_a_mode_that_is_no_text() -> None:
    with pytest.raises(ModeError, match="there is no mode 3"):
        mode(3)  # type: ignore[arg-type]


def test_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVISCID_STORE", str(tmp_path / "a"))
    assert store_path() == str(tmp_path / "a")
    monkeypatch.setenv("INVISCID_STORE", "s3://bucket")
    with pytest.raises(StoreError, match="URL"):
        store_path()
    monkeypatch.delenv("INVISCID_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert store_path() == str(tmp_path / "cache" / "inviscid")
    (tmp_path / "pyproject.toml").write_text('[tool.inviscid]\nstore = "here"\n')
    monkeypatch.chdir(tmp_path)
    assert store_path() == str(tmp_path / "here")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool.inviscid = 3", "is not a table"),
        ("[tool.inviscid]\nstroe = 'x'", "did you mean 'store'"),
        ("[tool.inviscid]\nstore = 3", "is a text"),
    ],
)
def test_a_pyproject_with_mistakes(text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InviscidError, match=message):
        current_mode()


def test_a_pyproject_that_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.inviscid\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INVISCID_STORE")
    with pytest.raises(InviscidError, match="pyproject.toml can't be read"):
        store_path()


def test_who_is_trusted_is_set_in_the_environment_or_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store_options() == {}
    (tmp_path / "pyproject.toml").write_text(
        '[tool.inviscid]\nmulti_user = true\nsafe = true\nsigning_key_file = "key"\n'
    )
    monkeypatch.chdir(tmp_path)
    assert store_options() == {"multi_user": True, "safe": True, "signing_key": str(tmp_path / "key")}
    monkeypatch.setenv("INVISCID_SIGNING_KEY_FILE", "/other")
    monkeypatch.setenv("INVISCID_SAFE", "0")
    assert store_options() == {"multi_user": True, "signing_key": "/other"}
    monkeypatch.setenv("INVISCID_MULTI_USER", "yes")
    with pytest.raises(StoreError, match="INVISCID_MULTI_USER is 1 or 0, not 'yes'"):
        store_options()


@pytest.mark.parametrize("line", ['safe = "yes"', "multi_user = 1", "signing_key_file = 3"])
def test_a_setting_of_another_type_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.inviscid]\n{line}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InviscidError, match=r"true or false|is a text"):
        store_options()
