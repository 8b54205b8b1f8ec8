"""Remembered forms: what they are remembered under, and that they come back as they were."""

from __future__ import annotations

import importlib.util
import linecache
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from inviscid import calls
from inviscid.fingerprinting import Fingerprinter, identity, remembered
from inviscid.fingerprinting.identity import code_digest, digest_of_file, text_digest
from inviscid.fingerprinting.normalize import normalize
from inviscid.fingerprinting.remembered import pack_form, unpack_form
from inviscid.fingerprinting.source import locate
from inviscid.fingerprinting.template import Slot, Template

DEFINITIONS = Path(__file__).parents[2] / "golden" / "definitions.py"


class Kept:
    """Forms in a dict, and what was asked."""

    def __init__(self) -> None:
        self.forms: dict[bytes, dict[bytes, bytes]] = {}
        self.recalled: list[bytes] = []
        self.remembered: list[int] = []

    def recall(self, text: bytes) -> Mapping[bytes, bytes]:
        self.recalled.append(text)
        return dict(self.forms.get(text, {}))

    def remember(self, made: Mapping[bytes, Mapping[bytes, bytes]]) -> bool:
        for text, forms in made.items():
            self.forms.setdefault(text, {}).update(forms)
        self.remembered.append(sum(map(len, made.values())))
        return True


def functions(module: Any) -> Iterator[FunctionType]:
    pending: list[Any] = list(vars(module).values())
    while pending:
        value = pending.pop()
        value = getattr(value, "__func__", value)
        if isinstance(value, type) and value.__module__ == module.__name__:
            pending += vars(value).values()
        elif isinstance(value, property):
            pending += [value.fget, value.fset, value.fdel]
        elif isinstance(value, FunctionType) and value.__module__ == module.__name__:
            yield value


def golden() -> Any:
    spec = importlib.util.spec_from_file_location("golden_for_forms", DEFINITIONS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_golden_definition_comes_back_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DEFINITIONS.parent)
    seen = 0
    for function in functions(golden()):
        located = locate(function.__code__, function.__globals__)
        if located is not None:
            template = normalize(located, function.__code__.co_freevars)
            back = unpack_form(pack_form(template))
            assert back == template
            assert back is not None
            assert list(map(type, back)) == list(map(type, template))
            assert all(type(slot) is Slot for slot in back.slots)
            seen += 1
    assert seen > 60


def typed(value: Any) -> Any:
    """A value that is equal only to one of the same types throughout."""
    if isinstance(value, tuple | frozenset):
        plain = tuple if isinstance(value, tuple) else frozenset
        return type(value), plain(map(typed, value))
    return type(value), value


@pytest.mark.parametrize(
    "value",
    [
        (), ("a", b"a", 1, True, None), (1, (2, ())), frozenset(), frozenset({"a", ("b", 1), frozenset({b"c"})}),
        Slot("global", "x"), (Slot("global", "x", ("a", "b")), Slot("free", "y")), (Slot("global", "x"), "text"), (("Slot", 1),),
        "\ud800",
    ],
)  # fmt: skip
def test_any_field_that_a_template_may_get_comes_back(value: Any) -> None:
    template = Template(*[value] * len(Template._fields))
    back = unpack_form(pack_form(template))
    assert back == template
    assert typed(back) == typed(template)


@pytest.mark.parametrize("value", [{1}, 1j, object(), (object(),)])
def test_what_has_no_place_in_a_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        pack_form(Template(*[value] * len(Template._fields)))


def test_that_a_text_is_not_of_the_code_is_a_form_too() -> None:
    assert unpack_form(pack_form(None)) is None


def code_of(text: str, filename: str = "file.py") -> CodeType:
    return next(c for c in compile(text, filename, "exec").co_consts if isinstance(c, CodeType))


BASE = "def f(a, b=1, *, c=2):\n    return a.x + b"


@pytest.mark.parametrize(
    "other",
    [
        "\n" + BASE, BASE + "  + 0", BASE.replace("a.x", "a.y"), BASE.replace("*, c", "c"), BASE.replace("a, ", "a, /, "),
        "def f(a, b=1, *, c=2):\n    return a.x + c", "def f(a, b=1, *, c=2):\n     return a.x + b",
        "async def f(a, b=1, *, c=2):\n    return a.x + b", "class C:\n  def f(a, b=1, *, c=2):\n    return a.x + b",
    ],
)  # fmt: skip
def test_other_code_has_another_digest(other: str) -> None:
    assert code_digest(code_of(other)) != code_digest(code_of(BASE))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("1", "1.0"), ("1", "True"), ("0.0", "-0.0"), ("'a'", "b'a'"), ("(1, 2)", "(1, 2.0)"), ("(1,)", "((1,),)"), ("None", "'None'"),
        ("x in {1, 2}", "x in {1, 3}"), ("x in {1, 'b'}", "x in {1, b'b'}"), ("2**70", "2**71"), ("1j", "2j"), ("...", "None"), ("'\\ud800'", "'\\ud801'"),
        ("(lambda: 1)", "(lambda: 2)"), ("('int', '0x1')", "('int', '0x2')"),
    ],
)  # fmt: skip
def test_constants_count_with_their_types(one: str, two: str) -> None:
    first, second = (code_of(f"def f(x): return {text:<20}") for text in (one, two))
    assert None not in {code_digest(first), code_digest(second)}
    # Widths of the text and names of the opcodes are the same: the constants are what differs.
    assert code_digest(first.replace(co_linetable=b"")) != code_digest(second.replace(co_linetable=b""))


def test_a_constant_table_may_hold_what_no_compiler_puts_there() -> None:
    assert code_digest(code_of(BASE).replace(co_consts=(object(),))) is None
    assert code_digest(code_of(BASE).replace(co_consts=([],))) is None


def test_the_exception_table_counts() -> None:
    inside = "def f():\n  try: a(); b()\n  except E: c()"
    code = code_of(inside)
    assert code_digest(code) != code_digest(code.replace(co_exceptiontable=code.co_exceptiontable[:-1]))


def test_the_name_of_the_file_does_not_count() -> None:
    assert code_digest(code_of(BASE)) == code_digest(code_of(BASE, "elsewhere.py"))


def test_lambdas_of_equal_code_in_other_columns_differ() -> None:
    a, b = code_of("f = lambda x: x + 1"), code_of("fg = lambda x: x + 1")
    assert a.co_code == b.co_code
    assert code_digest(a) != code_digest(b)


@pytest.mark.parametrize(
    "content",
    [
        b"x = 1\n", b"x = 1", b"", b"x = 1\r\ny = 2\r\n", b"x = 1\ry = 2\n", b"\xef\xbb\xbfx = 1\n", "x = 'ä'\n".encode(),
        b"# -*- coding: latin-1 -*-\nx = '\xe4'\n", b"# coding: latin-1\nx = '\xe4'", b"#!/bin/sh\n# coding: cp1252\nx = '\x80'\n",
        b"x = '\xe4'\n", b"x = 1\n\x0cy = 2\n", b"x\x00y\n", b"# coding: nonsense\nx = 1\n", b"\n\n# coding: latin-1\n", b"one line with coding: latin-1 \xe4",
        "x = '\u2028'\n".encode(),
    ],
)  # fmt: skip
def test_the_text_of_a_file_is_what_linecache_gives(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_bytes(content)
    found = digest_of_file(str(file), {})
    lines = linecache.getlines(str(file))
    assert found == (text_digest("".join(lines)) if lines else b"")
    # Now that linecache has it.
    assert digest_of_file(str(file), {}) == found


def test_an_edit_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_text("x = 1\n")
    before = digest_of_file(str(file), {})
    file.write_text("x = 22\n")
    assert digest_of_file(str(file), {}) == text_digest("x = 22\n") != before
    linecache.getlines(str(file))
    file.write_text("x = 333\n")
    assert digest_of_file(str(file), {}) == text_digest("x = 333\n")
    file.unlink()
    assert digest_of_file(str(file), {}) == b""


def test_texts_without_a_file() -> None:
    # Not "<string>": from Python 3.13 on that is what was given with `-c`, as it is to who runs tests in parallel.
    assert digest_of_file("<nowhere>", {}) == b""
    linecache.cache["<cell 1>"] = (6, None, ["x = 1\n"], "<cell 1>")
    assert digest_of_file("<cell 1>", {}) == text_digest("x = 1\n")
    del linecache.cache["<cell 1>"]


def test_what_made_a_form_is_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = text_digest("x = 1\n")

    def after(target: Any, name: str, value: Any) -> bytes:
        with monkeypatch.context() as patch:
            patch.setattr(identity, "_marker", None)
            patch.setattr(target, name, value)
            return text_digest("x = 1\n")

    real = identity._own
    assert after(identity, "_own", real) == before
    # Our own text, the version of Python.
    assert after(identity, "_own", lambda path: real(path) + (b"#" if path.endswith("normalize.py") else b"")) != before
    assert after(sys, "hexversion", sys.hexversion + 1) != before

    def unreadable(path: str) -> bytes:
        raise OSError

    assert after(identity, "_own", unreadable) == b""


def test_all_that_makes_a_form_is_in_its_marker() -> None:
    folder = os.path.dirname(identity.__file__)
    imported = {
        line.split()[1].rpartition(".")[2]
        for name in identity._MAKERS
        for line in Path(folder, f"{name}.py").read_text().splitlines()
        if line.strip().startswith("from inviscid.fingerprinting.")
    }
    assert imported <= set(identity._MAKERS)


# In a process ---------------------------------------------------------------------------------------------------------


def taken(function: Any, kept: Kept | None) -> str:
    """The fingerprint as a new process would take it: but for what was read from files."""
    return Fingerprinter(calls._encode).of(function, forms=kept).digest


def test_one_look_for_a_file_and_one_writing_for_a_fingerprint(project: Any) -> None:
    project.write(
        a="def f(x): return x + 1\ndef g(x): return f(x) * 2\n",
        mod="import a\ndef h(x): return a.g(x) + a.f(x)\ndef k(x): return h(x)\n",
    )
    mod = project.load()
    kept = Kept()
    plain = taken(mod.k, None)
    assert taken(mod.k, kept) == plain
    assert (len(kept.recalled), kept.remembered) == (2, [4])
    assert taken(mod.k, kept) == plain
    assert (len(kept.recalled), kept.remembered) == (4, [4, 0])


def test_a_known_fingerprint_asks_nothing(project: Any) -> None:
    mod = project.edit("def f(x): return x + 1\n")
    kept = Kept()
    fingerprints = Fingerprinter(calls._encode)
    first = fingerprints.of(mod.f, forms=kept)
    asked = (list(kept.recalled), list(kept.remembered))
    assert fingerprints.of(mod.f, forms=kept) is first
    assert (kept.recalled, kept.remembered) == asked


def test_what_can_not_be_kept_yet_is_kept_later(project: Any) -> None:
    mod = project.edit("def f(x): return x + 1\n")
    fingerprints = Fingerprinter(calls._encode)
    fingerprints.of(mod.f)
    kept = Kept()
    fingerprints.settle(kept)
    assert kept.remembered == [1]
    fingerprints.settle(kept)
    assert kept.remembered == [1, 0]


def test_a_wrong_form_would_show(project: Any) -> None:
    """The forms are really used: one that is exchanged changes the digest."""
    mod = project.edit("def f(x): return x + 1\ndef g(x): return x + 2\n")
    kept = Kept()
    f, g = taken(mod.f, kept), taken(mod.g, kept)
    assert f != g
    ((text, forms),) = kept.forms.items()
    a, b = forms
    kept.forms[text] = {a: forms[b], b: forms[a]}
    assert (taken(mod.f, kept), taken(mod.g, kept)) == (g, f)


def test_code_that_is_not_of_its_text_is_remembered_as_such(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mod = project.edit("def f(x): return x + 1\n")
    # As a tool does that rewrites what it imports.
    other = code_of("def f(x): return x + 2").replace(co_filename=mod.__file__)
    mod.f.__code__ = other
    kept = Kept()
    first = taken(mod.f, kept)
    assert [list(forms.values()) for forms in kept.forms.values()] == [[pack_form(None)]]

    def parsed(function: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(remembered, "_normalized", parsed)
    # This process has read the text already, and so would look again; a new one has not.
    monkeypatch.setattr(remembered, "_was_read", lambda name: False)
    assert taken(mod.f, kept) == first


def test_depth_is_not_remembered(project: Any) -> None:
    mod = project.edit(f"def f(x): return {'-' * 80}x\n")
    kept = Kept()
    limit = sys.getrecursionlimit()
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    located = locate(mod.f.__code__, vars(mod))
    assert located is not None
    sys.setrecursionlimit(depth + 120)
    try:
        shallow = taken(mod.f, kept)
    finally:
        sys.setrecursionlimit(limit)
    assert kept.forms == {}
    assert taken(mod.f, kept) != shallow
    assert len(kept.forms) == 1
