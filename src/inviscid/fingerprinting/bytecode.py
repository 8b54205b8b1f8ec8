"""The template of a function whose syntax can't be had: made by `exec`, typed at a prompt, or edited since the import.

Everything that its code object holds counts, the exception table included: there are functions that differ in nothing
else. Such a template differs between versions of Python, which costs a recompute and never a wrong result.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from inviscid.fingerprinting import template
from inviscid.fingerprinting.identity import nested_codes
from inviscid.fingerprinting.shown import brief, is_secret
from inviscid.fingerprinting.template import Slot, Template, Tree, stream

_FOLLOWED = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_JUMPS = frozenset([*dis.hasjrel, *dis.hasjabs])
_GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"})


def bytecode_template(function: FunctionType) -> Template:
    """The template of a function, from its code object alone."""
    code = function.__code__
    slots: dict[Slot, None] = {Slot("free", name): None for name in code.co_freevars}
    marks: set[str] = set()
    mentions = {template.FORMATS}
    for nested in nested_codes(code):
        slots.update(dict.fromkeys(_slots(nested)))
        for name in (*nested.co_names, *(c for c in nested.co_consts if isinstance(c, str) and c.startswith("__"))):
            marks.update(template.REFLECTIVE_ATTRIBUTES.get(name, ()))
            marks.update(template.REFLECTIVE_NAMES.get(name, ()))
            if name in ("import_module", "__import__"):
                marks.add(template.COMPUTED)
            if name in template.NAME_TAKING | template.FIRST_NAME_TAKING | template.FORMATTING:
                marks.update(template.COMPUTED_NAME)
        mentions.update(nested.co_names)
        mentions.update(word for text in _texts(nested.co_consts) for word in template.words(text))
    return Template(
        body=stream(["Bytecode", _code(code)]),
        names=stream([nested.co_name for nested in nested_codes(code)]),
        documentation=stream(function.__doc__ or ""),
        annotations=stream(sorted(getattr(function, "__annotations__", {}))),
        source=f"{code.co_firstlineno}",
        slots=tuple(slots),
        marks=frozenset(marks),
        uses=tuple(("",) for _ in slots),
        mentions=tuple(sorted(mentions)),
        text="\n".join(_listing(code)),
        direct=tuple(False for _ in slots),
    )


def code_stream(code: CodeType) -> bytes:
    """The canonical stream of a code object that is used as a value."""
    return stream(_code(code))


def _texts(constants: tuple[Any, ...]) -> Iterator[str]:
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple | frozenset):
            yield from _texts(tuple(constant))


def _slots(code: CodeType) -> list[Slot]:
    found: list[Slot] = []
    constants: list[Any] = [0, None]
    chain: list[str] | None = None
    for instruction in dis.get_instructions(code):
        name, value = instruction.opname, instruction.argval
        if chain is not None and name in _FOLLOWED:
            chain.append(value)
            found[-1] = found[-1]._replace(chain=tuple(chain))
            continue
        chain = None
        if name in _GLOBALS:
            chain = []
            found.append(Slot("global", value))
        elif name.startswith(("LOAD_CONST", "LOAD_SMALL_INT", "RETURN_CONST")):
            constants.append(value)
        elif name == "IMPORT_NAME":
            level, names = constants[-2:]
            parts: list[str] = [part for part in names or () if part != "*"]
            depth = level if isinstance(level, int) else 0
            found += [Slot("import", value, (part,), depth, value) for part in parts]
            if not parts:
                found.append(Slot("import", value, (), depth, value))
    return found


def _listing(code: CodeType) -> list[str]:
    """The instructions as people read them: places inside are numbered, so that an edit doesn't move all others."""
    nested = list(nested_codes(code))
    named = [name for part in nested for name in (*part.co_names, *part.co_varnames, *_words(part.co_consts))]
    # What is passed to a name or bound to it is not looked up here: one such name hides all texts.
    hidden = any(map(is_secret, named))
    lines: list[str] = []
    for part in nested:
        lines.append(f"{part.co_qualname}({', '.join(part.co_varnames[: part.co_argcount + part.co_kwonlyargcount])}):")
        listed = dis.Bytecode(part)
        # Documented, but not known to checkers.
        entries: Any = getattr(listed, "exception_entries", ())
        guarded = [(entry.start, entry.end, entry.target) for entry in entries]
        instructions = list(listed)
        marked = {place for entry in guarded for place in entry}
        marked |= {instruction.offset for instruction in instructions if instruction.is_jump_target}
        number = {place: f"L{position}" for position, place in enumerate(sorted(marked), 1)}
        for instruction in instructions:
            if instruction.offset in number:
                lines.append(f"  {number[instruction.offset]}:")
            lines.append(f"    {instruction.opname} {_argument(instruction, number, hidden=hidden)}".rstrip())
        lines += [f"  {number[start]} to {number[end]}: errors go to {number[to]}" for start, end, to in guarded]
    return lines


def _words(constants: tuple[Any, ...]) -> list[str]:
    """Names of keywords in calls, which are constants."""
    return [word for item in constants if isinstance(item, tuple) for word in item if isinstance(word, str)]


def _argument(instruction: dis.Instruction, number: dict[int, str], *, hidden: bool) -> str:
    value = instruction.argval
    if instruction.opcode in _JUMPS:
        return f"to {number.get(value, '?')}"
    if instruction.opcode not in dis.hasconst:
        return instruction.argrepr or ("" if instruction.arg is None else str(instruction.arg))
    if isinstance(value, CodeType):
        return f"code of {value.co_qualname}"
    return "…" if hidden and isinstance(value, str | bytes) else brief(value)


def _code(code: CodeType) -> Tree:
    return [
        code.co_code, code.co_exceptiontable, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount,
        code.co_flags, list(code.co_names), list(code.co_varnames), list(code.co_freevars), list(code.co_cellvars),
        [_constant(constant) for constant in code.co_consts],
    ]  # fmt: skip


def _constant(value: Any) -> Tree:
    if isinstance(value, CodeType):
        return [value.co_name, _code(value)]
    if isinstance(value, tuple):
        return ["tuple", *map(_constant, value)]
    if isinstance(value, frozenset):
        return ["frozenset", *sorted(f"{type(item).__name__}:{item!r}" for item in value)]
    return [type(value).__name__, hex(value) if type(value) is int else repr(value)]
