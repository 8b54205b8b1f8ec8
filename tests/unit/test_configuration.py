"""Config keys: where values come from, in which order, and what is said where there are none."""

from __future__ import annotations

import pickle
from collections import UserDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inviscid import ConfigError, InviscidWarning, cached, config, configure


@cached
def window(value: int = config("features.window", default=30)) -> int:
    return value


@cached
def required(value: int = config("features.size")) -> int:
    return value


@cached
def table(model: dict[str, int] = config()) -> dict[str, int]:
    return model


def test_default_then_file_then_process_then_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert window() == 30
    (tmp_path / "pyproject.toml").write_text('[tool.inviscid]\nconfig = "project.toml"\n')
    (tmp_path / "project.toml").write_text("[features]\nwindow = 1\n")
    monkeypatch.chdir(tmp_path)
    assert window() == 1
    (tmp_path / "other.toml").write_text("[features]\nwindow = 2\n")
    monkeypatch.setenv("INVISCID_CONFIG", str(tmp_path / "other.toml"))
    assert window() == 2
    configure({"features.window": 3})
    assert window() == 3
    with configure({"features": {"window": 4}}):
        assert window() == 4
        with configure({"features.window": 5}, local=True):
            assert window() == 5
            assert window.configured({"features.window": 6})() == 6
            assert window.configured(value=7)() == 7
        assert window() == 4
    assert window() == 3


def test_a_file_that_changes_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "c.toml"
    file.write_text("features.window = 1\n")
    monkeypatch.setenv("INVISCID_CONFIG", str(file))
    assert window() == 1
    file.write_text("features.window = 22\n")
    assert window() == 22


def test_tables_are_merged() -> None:
    with configure({"model": {"a": 1, "b": {"c": 1}}}), configure({"model.b.d": 2}):
        assert table() == {"a": 1, "b": {"c": 1, "d": 2}}


def test_a_value_hides_the_table_below_it() -> None:
    with configure({"features": {"window": {"deep": 1}}}), configure({"features.window": 5}):
        assert window() == 5


def test_any_mapping_will_do() -> None:
    with configure(UserDict({"features": UserDict({"window": 9})})):
        assert window() == 9


def test_what_is_injected_is_a_copy() -> None:
    source = {"model": {"a": 1}}
    with configure(source):
        table()["a"] = 2
        assert table() == {"a": 1}
    assert source == {"model": {"a": 1}}


class Settings:
    def __init__(self) -> None:
        self.names = ["a"]


@cached
def names(settings: Any = config()) -> list[str]:
    settings.names.append("b")
    return list(settings.names)


@cached
def opaque(settings: Any = config()) -> str:
    return type(settings).__name__


@cached
def of_table(model: dict[str, int] = config("m", default=None)) -> int:
    model["calls"] = model.get("calls", 0) + 1
    return model["calls"]


def test_objects_are_injected_as_copies_too() -> None:
    given = Settings()
    with configure({"settings": given}):
        key = names.key()
        assert names() == ["a", "b"]
        assert names.key() == key
        assert names.refresh() == ["a", "b"]
    assert names.configured(settings=given).refresh() == ["a", "b"]
    assert given.names == ["a"]
    table = {"rows": 1}
    configured = of_table.configured(model=table)
    assert (configured(), configured.refresh(), table) == (1, 1, {"rows": 1})


def test_what_can_not_be_copied_is_injected_as_it_is() -> None:
    class Single:
        def __deepcopy__(self, memo: object) -> Any:
            raise TypeError("there is only one")

    with configure({"settings": Single()}):
        assert opaque() == "Single"
    with configure({"settings": window}):
        assert opaque() == "CachedFunction"


def test_a_missing_key_names_everything() -> None:
    with configure({"features.sise": 1}), pytest.raises(ConfigError) as caught:
        required()
    text = str(caught.value)
    assert "required() needs the config key 'features.size' for its parameter 'value'" in text
    assert "configure()" in text
    assert "Did you mean 'features.sise'?" in text
    assert isinstance(caught.value, KeyError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.toml", "is not there"),
        ({"a": 1, "a.b": 2}, "both a value and a table"),
        ({1: 2}, "config keys are strings"),
        ({"a..b": 2}, "is no key"),
        ([1], "expected a mapping"),
    ],
)
def test_bad_sources(source: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        configure(source)


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("a = ")
    with pytest.raises(ConfigError, match="can't be read"):
        configure(tmp_path / "c.toml")


@pytest.mark.parametrize("key", ["", "a..b", ".a", "a.", 3])
def test_bad_keys(key: Any) -> None:
    with pytest.raises(ConfigError, match="dotted path"):
        config(key)


USES: list[Callable[[Any], Any]] = [
    lambda m: m + 1, lambda m: 1 + m, lambda m: m == 1, lambda m: m < 1, bool, len, iter, lambda m: m(), lambda m: m[0],
    lambda m: m.anything, str, int, lambda m: f"{m:3}", lambda m: -m,
]  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_a_marker_in_an_undecorated_function_raises_on_use(use: Callable[[Any], Any]) -> None:
    def plain(value: Any = config("a.b")) -> Any:
        return use(value)

    with pytest.raises(ConfigError, match=r"config\('a.b'\) was used as a value"):
        plain()


def test_a_variant_that_changes_nothing_is_warned_of() -> None:
    with pytest.warns(InviscidWarning, match=r"did you mean 'features\.window'"):
        assert window.configured({"features.widnow": 5})() == 30
    with pytest.raises(ConfigError, match="nothing to configure"):
        window.configured()


def test_configured_refuses_what_is_no_config_parameter() -> None:
    with pytest.raises(ConfigError, match="has no config parameter 'x'"):
        window.configured(x=1)
