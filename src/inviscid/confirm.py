"""Whether an entry still stands: what it depends on beyond its key is looked at, and asked for, again.

Files are compared. Demands are called again, with the arguments that they were called with, and must give what they
gave. Where the key is new because a cut function was edited, the calls of the trace are made again, one after the other
(constructive traces, after Mokhov, Mitchell and Peyton Jones, "Build Systems à la Carte", 2018): each answer is what
the body would be given too, so no call is made that the body wouldn't make, up to the first that gives something else.

Whatever goes wrong on the way is no error here: then the entry doesn't stand, and the body meets the error itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from inviscid import calls, codecs, planning, world
from inviscid.calls import Call
from inviscid.computing import Answer, Asked, aside
from inviscid.fingerprinting import Shallow
from inviscid.inputs import Dir, File
from inviscid.manifest import Argument, Manifest
from inviscid.steps import Asking, Steps, run
from inviscid.telling import as_callers_see, standing_of
from inviscid.world import Sight


class Standing(NamedTuple):
    """What came of looking at all that an entry depends on."""

    moved: tuple[str, ...] = ()
    """What isn't what it was, one line each; empty if the entry stands."""
    sights: tuple[Sight, ...] = ()
    demands: tuple[Asked, ...] = ()
    outputs: tuple[str, ...] = ()
    """Paths of the outputs that who was asked left where they belong."""
    hopeless: bool = False
    """Whether somebody was asked who gave nothing: asking again, for another entry, would only run it again."""
    unless: str = ""
    """While a plan is made: the name of who would run to be asked, so that nothing more can be told."""


def confirm(call: Call, manifest: Manifest, *, awaited: bool, safe: bool) -> Steps[Standing]:
    """Look at what an entry depends on; with a trace that is its calls, and what it read itself.

    Args:
        call: who has found the entry.
        manifest: what the entry depends on.
        awaited: whether the call is awaited, and may so await others.
        safe: whether only arguments are loaded that a safe codec keeps.
    """
    shallow, trace = call.fingerprint.shallow, manifest.trace
    if moved := _moved(call, manifest, safe=safe):
        return Standing(moved)
    sights = list(manifest.sights if trace is None else trace.sights)
    # Copies, all at once: who is asked may change them, and the body is to be given what the caller gave.
    inputs = calls.copied([call.values[name] for name, _ in call.inputs]) if trace is not None else []
    answers: list[Any] = []
    demands: list[Asked] = []
    left: dict[str, None] = {}
    for function, name, arguments, expected in _questions(call, shallow, manifest):
        if why := _refusal(call, function, name, arguments, expected):
            return Standing((why,))
        if arguments is None:
            continue
        try:
            answer = yield from _ask(function, arguments, inputs, answers, left, awaited=awaited)
        except RecursionError:
            # Asking goes deeper than calling does: whoever began it gives up, and calls.
            raise
        except Exception as error:  # noqa: BLE001  whatever the user's code raises, the body will meet it
            return Standing((f"{name}() raised {type(error).__name__}",), hopeless=True)
        if planning.is_unknown(answer.value):
            return Standing((f"{name}() is asked again first",), unless=function.__qualname__)
        if answer.digest != expected:
            return Standing((f"{name}() gave something else",), hopeless=not answer.digest)
        answers.append(answer.value)
        sights += answer.sights
        demands += answer.demands
    return Standing((), tuple(sights), tuple(demands), tuple(left))


def _differing(sights: Sequence[Sight]) -> tuple[str, ...]:
    return tuple(text for sight in sights if (text := world.differs(sight)))


def _ask(
    function: Any,
    arguments: list[Argument],
    inputs: Sequence[Any],
    answers: Sequence[Any],
    left: dict[str, None],
    *,
    awaited: bool,
) -> Steps[Answer]:
    """Make a call again, as nobody's call; adds the outputs that it left."""
    positional, keywords = _passed(arguments, inputs, answers)
    with aside() as apart:
        steps = function.__inviscid_answer__(positional, keywords)
        if function.__inviscid_awaited__ is not None:
            if not awaited:
                raise RuntimeError("it can only be awaited")
            # By itself: its own steps are not those of the call that asks.
            answer = yield Asking(function.__inviscid_awaited__, steps)
        else:
            answer = run(steps)
    left.update(apart.watch.outputs)
    return as_callers_see(function, positional, keywords, answer)


class Foretold(NamedTuple):
    """What of `confirm` can be told without computing anything."""

    moved: tuple[str, ...] = ()
    asked: str = ""
    """The name of a function that would be asked first, so that nothing more can be told."""
    demands: tuple[Asked, ...] = ()


def foretell(call: Call, manifest: Manifest, *, safe: bool) -> Foretold:
    """What `confirm` would find moved."""
    shallow = call.fingerprint.shallow
    if moved := _moved(call, manifest, safe=safe):
        return Foretold(moved)
    inputs = [call.values[name] for name, _ in call.inputs]
    answers: list[Any] = []
    demands: list[Asked] = []
    for function, name, arguments, expected in _questions(call, shallow, manifest):
        if why := _refusal(call, function, name, arguments, expected):
            return Foretold((why,))
        if arguments is None:
            continue
        try:
            positional, keywords = _passed(arguments, inputs, answers)
            found = function.__inviscid_foreseen__(positional, keywords)
        except Exception as error:  # noqa: BLE001  as above
            return Foretold((f"{function.__qualname__}() can't be asked: {error}",), function.__qualname__)
        if found.entry is None:
            why = "; ".join(found.reasons) or "it has no stored result"
            return Foretold((f"{function.__qualname__}() is asked again first: {why}",), function.__qualname__)
        answer = Answer(found.value, found.digest, (), found.standing.demands, found.files is not None)
        known = as_callers_see(function, positional, keywords, answer)
        if known.digest != expected:
            return Foretold((f"{function.__qualname__}() gives something else",))
        answers.append(found.value)
        demands += known.demands
    return Foretold(demands=tuple(demands))


def _moved(call: Call, manifest: Manifest, *, safe: bool) -> tuple[str, ...]:
    """What isn't what it was, without asking anybody."""
    trace = manifest.trace
    if not manifest.is_readable:
        return ("what it depends on is written as this version doesn't know it",)
    if moved := _differing(manifest.sights if trace is None else trace.sights):
        return moved
    if safe and not _loads_safely(manifest):
        return ("its calls have arguments that a safe store doesn't load",)
    other = trace is not None and trace.config not in (b"", call.reads)
    return ("config that answers may read changed",) if other else ()


def _loads_safely(manifest: Manifest) -> bool:
    """Whether all arguments that are kept in it are kept by safe codecs."""
    try:
        for argument in manifest.arguments():
            if argument[1] in ("value", "all"):
                codecs.by_name(argument[2], safe=True)
    except LookupError:
        return False
    return True


def _refusal(call: Call, function: Any, name: str, arguments: list[Argument] | None, expected: bytes) -> str:
    """Why a function is not even asked; empty if it is."""
    if function is None:
        return f"{name}() isn't there any more"
    if arguments is None:
        return "" if standing_of(function, call.fingerprint.marks) == expected else f"{name}() changed"
    return f"{name}() is an effect by now" if function.__inviscid_acts__ else ""


def _questions(
    call: Call, shallow: Shallow | None, manifest: Manifest
) -> Iterator[tuple[Any, str, list[Argument] | None, bytes]]:
    """(function, its name, arguments, answer) of each that would be asked; the standing of code has no arguments."""
    if manifest.trace is not None and shallow is not None:
        for step in manifest.trace.steps:
            function = shallow.cut[step.ordinal]() if step.ordinal < len(shallow.cut) else None
            yield function, step.name, step.arguments if step.kind == "call" else None, step.answer
        return
    known: dict[bytes, list[Any]] = {}
    for definition, reference in call.declared:
        if (function := reference()) is not None and function not in known.setdefault(definition, []):
            known[definition].append(function)
    for demand in manifest.demands:
        # Those that do the same need not observe the same: each has to give it.
        for function in known.get(demand.definition) or [None]:
            yield function, demand.name, demand.arguments, demand.answer


def _passed(
    arguments: list[Argument], inputs: Sequence[Any], answers: Sequence[Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments as they were passed."""
    if arguments and arguments[0][1] == "all":
        args, named = _value("value", arguments[0][2:], (), ())
        return tuple(args), named
    given = [(keyword, _value(kind, rest, inputs, answers)) for keyword, kind, *rest in arguments]
    return tuple(value for keyword, value in given if not keyword), {
        keyword: value for keyword, value in given if keyword
    }


def _value(kind: str, rest: list[Any], inputs: Sequence[Any], answers: Sequence[Any]) -> Any:
    match kind:
        case "given":
            return inputs[rest[0]]
        case "answer":
            return answers[rest[0]]
        case "file":
            return File(os.fsdecode(rest[0]))
        case "dir":
            return Dir(os.fsdecode(rest[0]))
        case "value":
            return codecs.by_name(rest[0]).decode(memoryview(rest[1]))
        case _:
            raise LookupError(f"this version of inviscid knows no argument of the kind '{kind}'")
