"""Whether an entry still stands: what it depends on beyond its key is looked at, and asked for, again.

Files are compared. Demands are called again, with the arguments that they were called with, and must give what they
gave. Where the key is new because a cut function was edited, the calls of the trace are made again, one after the other
(constructive traces, after Mokhov, Mitchell and Peyton Jones, "Build Systems à la Carte", 2018): each answer is what
the body would be given too, so no call is made that the body wouldn't make, up to the first that gives something else.

Whatever goes wrong on the way is no error here: then the entry doesn't stand, and the body meets the error itself.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from inviscid import calls, codecs, outputs, results, world
from inviscid.calls import Call, Options
from inviscid.computing import Answer, Asked, Computation, Told, aside
from inviscid.entry import function_name
from inviscid.errors import UnhashableInput, UnstorableResult
from inviscid.fingerprinting import MEMBERS, ORDER, Shallow
from inviscid.inputs import Dir, File
from inviscid.manifest import Argument, Demand, Manifest, Step, Trace
from inviscid.steps import Asking, Steps, run
from inviscid.world import Sight

_ATOMS = (type(None), bool, int, float, str, bytes)
# What lets code run in other processes.
_PROCESSES = frozenset(
    "concurrent multiprocessing multiprocess joblib loky dask distributed ray pathos billiard mpi4py ipyparallel mpire "
    "submitit parsl".split()
)
# An argument that is kept for a trace, and one that has to be kept for a demand.
_SMALL = 256
_LARGEST, _LARGEST_DEMAND = 1 << 14, 1 << 20


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


def confirm(call: Call, manifest: Manifest, *, awaited: bool) -> Steps[Standing]:
    """Look at what an entry depends on; with a trace that is its calls, and what it read itself."""
    shallow, trace = call.fingerprint.shallow, manifest.trace
    if moved := _moved(call, manifest):
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
    return _as_callers_see(function, positional, keywords, answer)


class Foretold(NamedTuple):
    """What of `confirm` can be told without computing anything."""

    moved: tuple[str, ...] = ()
    asked: str = ""
    """The name of a function that would be asked first, so that nothing more can be told."""
    demands: tuple[Asked, ...] = ()


def foretell(call: Call, manifest: Manifest) -> Foretold:
    """What `confirm` would find moved."""
    shallow = call.fingerprint.shallow
    if moved := _moved(call, manifest):
        return Foretold(moved)
    inputs = [call.values[name] for name, _ in call.inputs]
    answers: list[Any] = []
    demands: list[Asked] = []
    for function, name, arguments, expected in _questions(call, shallow, manifest):
        if why := _refusal(call, function, name, arguments, expected):
            return Foretold((why,))
        if arguments is None:
            continue
        positional, keywords = _passed(arguments, inputs, answers)
        try:
            found = function.__inviscid_foreseen__(positional, keywords)
        except Exception as error:  # noqa: BLE001  as above
            return Foretold((f"{function.__qualname__}() can't be asked: {error}",), function.__qualname__)
        if found.entry is None:
            why = "; ".join(found.reasons) or "it has no stored result"
            return Foretold((f"{function.__qualname__}() is asked again first: {why}",), function.__qualname__)
        answer = Answer(found.value, found.digest, (), found.standing.demands, found.files is not None)
        known = _as_callers_see(function, positional, keywords, answer)
        if known.digest != expected:
            return Foretold((f"{function.__qualname__}() gives something else",))
        answers.append(found.value)
        demands += known.demands
    return Foretold(demands=tuple(demands))


def _moved(call: Call, manifest: Manifest) -> tuple[str, ...]:
    """What isn't what it was, without asking anybody."""
    trace = manifest.trace
    if moved := _differing(manifest.sights if trace is None else trace.sights):
        return moved
    other = trace is not None and trace.config not in (b"", call.reads)
    return ("config that answers may read changed",) if other else ()


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
        case _:
            codec = codecs.by_name(rest[0])
            if codec is None:
                raise LookupError(f"this version of inviscid has no codec '{rest[0]}'")
            return codec.decode(memoryview(rest[1]))


# What a computation is told -------------------------------------------------------------------------------------------


def computation(function: Any, call: Call, options: Options) -> Computation:
    """The computation of a call, before it runs."""
    shallow = call.fingerprint.shallow
    cut = (
        {id(callee): number for number, reference in enumerate(shallow.cut) if (callee := reference())}
        if shallow
        else {}
    )
    reaches = frozenset(id(callee) for _, reference in call.declared if (callee := reference()))
    # What stands for an argument in the key is not the argument.
    replaced = {name for name, _ in options.identify} if not options.volatile else {name for name, _ in call.inputs}
    inputs = [(call.values[name], b"" if name in replaced else digest) for name, digest in call.inputs]
    files = frozenset(os.path.abspath(path) for _, path, _ in call.files)
    given = frozenset(path for _, path, _ in call.files)
    name = function.__qualname__
    return Computation(
        name, call.config, files, inputs, cut, reaches, call.memos(), given, id(function), call.fingerprint.marks
    )


def answered(
    call: Call, value: Any, digest: bytes, sights: Sequence[Sight], demands: Sequence[Asked], *, carries: bool
) -> Answer:
    """What a call gave: to callers, the files among its arguments are what it read."""
    files = tuple(Sight(kind, path, content, None, 0) for kind, path, content in call.files)
    return Answer(value, digest, (*sights, *files), tuple(demands), bool(call.outputs), carries)


def tell(
    around: Sequence[Computation], function: Any, args: tuple[Any, ...], keywords: dict[str, Any], answer: Answer | None
) -> None:
    """Tell the computations around a call what it gave, and what that depends on.

    Args:
        around: who is told.
        function: what was called.
        args: as it was called.
        keywords: as it was called.
        answer: None where it raised.
    """
    for one in around:
        ordinal = one.cut.get(id(function), -1)
        if answer is None or not answer.digest:
            # Who raises, or gives what isn't stored, may bring anything into the body.
            one.carries = True
            if function.__inviscid_fickle__:
                what = "raised" if answer is None else "gave what has no digest"
                one.disturbed = one.disturbed or f"{function.__qualname__}() {what}: it can't be asked again"
            one.take(
                Told(function, ordinal, None, b"", (), standing_of(function, one.marks) if ordinal >= 0 else b""), ()
            )
            continue
        try:
            known = _as_callers_see(function, args, keywords, answer)
        except UnstorableResult as error:
            one.disturbed = one.disturbed or str(error)
            continue
        for asked in known.demands:
            if id(asked.function) not in one.reaches:
                one.disturbed = one.disturbed or (
                    f"{asked.function.__qualname__}() is called in a way that the code doesn't show"
                )
        arguments = None
        if ordinal >= 0 and one.told is not None:
            arguments = _arguments(one, args, keywords, _LARGEST)
        # Here and now: the config that it saw may be of this body alone.
        standing = standing_of(function, one.marks) if ordinal >= 0 and arguments is None else b""
        one.carries = one.carries or answer.carries
        one.take(Told(function, ordinal, arguments, known.digest, known.sights, standing), known.demands, answer.value)


def standing_of(function: Any, marks: frozenset[str]) -> bytes:
    """A digest of all that a function does and is configured to do; empty where that can't be told.

    Args:
        function: whose call can't be made again.
        marks: what its caller may observe of what it is given. It may look up any member of that, too.
    """
    try:
        return function.__inviscid_standing__(marks | {MEMBERS})  # type: ignore[no-any-return]  # it is one of ours
    except Exception:  # noqa: BLE001  a config key isn't set, say
        return b""


def _as_callers_see(function: Any, args: tuple[Any, ...], keywords: dict[str, Any], answer: Answer) -> Answer:
    """Of what may change by itself callers depend on the answer alone, and ask for it again.

    Outputs are a part of the answer, those too that were left by who was called inside: callers may read them.
    """
    if answer.digest and (inner := sorted({asked.answer for asked in answer.demands if asked.files})):
        answer = answer._replace(digest=outputs.told(answer.digest, inner), files=True)
    # What was asked under the config of a variant is asked again through it.
    through = bool(answer.demands and function.__inviscid_layers__)
    if not function.__inviscid_fickle__ and not through:
        return answer
    arguments = _arguments(None, args, keywords, _LARGEST_DEMAND)
    if arguments is None:
        raise UnstorableResult(
            f"{function.__qualname__}() would have to be asked again with its arguments, which can't be kept: each has "
            f"to be storable, and smaller than {_LARGEST_DEMAND >> 20} MB"
        )
    return answer._replace(sights=(), demands=(Asked(function, arguments, answer.digest, answer.files),))


def _arguments(
    one: Computation | None, args: tuple[Any, ...], keywords: dict[str, Any], largest: int
) -> list[Argument] | None:
    """Arguments as they are kept; None where they can't be."""
    found: list[Argument] = []
    for keyword, value in [*(("", value) for value in args), *keywords.items()]:
        argument = _argument(one, value, largest)
        if argument is None:
            return None
        found.append([keyword, *argument])
    objects = [value for value in (*args, *keywords.values()) if type(value) not in (*_ATOMS, File, Dir)]
    if len(objects) < 2 or all(argument[1] != "value" for argument in found):
        return found
    # Kept one by one they would share nothing any more, which the function could tell.
    try:
        apart = [copy.deepcopy(value) for value in objects]
        if results.digest_of(apart) == results.digest_of(objects):
            return found
        if any(argument[1] != "value" for argument in found):
            return None
        whole = results.prepare([list(args), dict(keywords)])
    except Exception:  # noqa: BLE001  copying runs the code of the user's classes
        return None
    return [["", "all", whole.codec, bytes(whole.data)]] if whole.data.nbytes <= largest else None


def _argument(one: Computation | None, value: Any, largest: int) -> list[Any] | None:
    # By identity: two arguments that are equal are not one, and who changes one of them can tell.
    kind, number, before = one.held.get(id(value), ("", 0, b"")) if one is not None else ("", 0, b"")
    if type(value) in (File, Dir) and not kind:
        # Another one for the same path as an argument's stands for the argument, wherever that will be.
        if one is not None and (number := one.paths.get((type(value), os.fspath(value)), -1)) >= 0:
            return ["given", number]
        path = os.fsencode(os.fspath(value))
        return None if _derives(one, path) else ["file" if type(value) is File else "dir", path]
    atom = type(value) in _ATOMS and _size(value, _SMALL) <= _SMALL
    try:
        if kind and not atom and results.digest_of(value) == before:
            return [kind, number]
        if not atom and _size(value, largest) > largest:
            return None
        prepared = results.prepare(value)
    except (UnhashableInput, UnstorableResult):
        return None
    data = bytes(prepared.data)
    return ["value", prepared.codec, data] if len(data) <= largest and not _derives(one, data) else None


def _derives(one: Computation | None, data: bytes) -> bool:
    """Whether an argument holds the path of a `File` or `Dir` that the computation was given: where that will be
    another time, the key doesn't say.
    """
    return one is not None and any(os.fsencode(path) in data for path in one.given)


def _size(value: Any, enough: int) -> int:
    """About how many bytes a value has; counts no further than what is enough."""
    total = 0
    pending = [value]
    while pending and total <= enough:
        item = pending.pop()
        total += 8
        if isinstance(item, str | bytes | bytearray):
            total += len(item)
        elif isinstance(item, dict):
            total += 8 * len(item)
            pending += [*item.keys(), *item.values()] if len(item) < enough else []
        elif isinstance(item, list | tuple | set | frozenset):
            total += 8 * len(item)
            pending += item if len(item) < enough else []
        elif isinstance(size := getattr(item, "nbytes", None), int):
            total += size
        elif callable(usage := getattr(item, "memory_usage", None)):
            total += int(getattr(usage(), "sum", int)())
        elif isinstance(state := getattr(item, "__dict__", None), dict):
            pending += state.values()
    return total


# What an entry says ---------------------------------------------------------------------------------------------------


def manifest_of(call: Call, computation: Computation) -> Manifest:
    """What a result that was just computed depends on beyond its key.

    Raises:
        UnhashableInput: what was read changed meanwhile.
    """
    if (function := _asked_elsewhere(call)) is not None:
        raise UnhashableInput(
            f"{function.__qualname__}() may be called in another process, where nobody sees what it gives or does: "
            f"call it outside, and pass what it gives"
        )
    own, theirs = computation.sights()
    demands = _demands(call, tuple(computation.demands.values()))
    return Manifest((*own, *theirs), demands, _trace(call, computation, own))


def _asked_elsewhere(call: Call) -> Any:
    """A function whose answer may change by itself, and that the code may send to other processes; None for none."""
    shallow = call.fingerprint.shallow
    expanded = [reference for _, reference in call.declared]
    if shallow is not None:
        # Behind those of the fingerprint stand those of the arguments.
        given = call.declared[len(call.fingerprint.declared) :]
        expanded = [*shallow.declared, *(reference for _, reference in given)]
    found = (function for reference in expanded if (function := reference()) is not None)
    fickle = next((function for function in found if function.__inviscid_fickle__), None)
    if fickle is None:
        return None
    names = (name for parts in call.reached for part in parts for name in part.refers)
    return fickle if any(name.partition(".")[0] in _PROCESSES and "Thread" not in name for name in names) else None


def manifest_again(call: Call, standing: Standing, trace: Trace | None) -> Manifest:
    """The same for a result that stands under another key."""
    sights = {(sight.kind, sight.path): sight for sight in standing.sights}
    return Manifest(tuple(sights.values()), _demands(call, standing.demands), trace)


def _demands(call: Call, demands: Sequence[Asked]) -> tuple[Demand, ...]:
    """By definition: what stands in the graph of the key."""
    at = {id(function): definition for definition, reference in call.declared if (function := reference())}
    found: dict[bytes, Demand] = {}
    for one in demands:
        definition = at.get(id(one.function))
        if definition is None:
            raise UnhashableInput(f"{one.function.__qualname__}() is called in a way that the code doesn't show", "")
        demand = Demand(definition, function_name(one.function), one.arguments, one.answer)
        if found.setdefault(repr([definition, one.arguments]).encode(), demand).answer != one.answer:
            raise UnhashableInput(f"two sources that do the same as {one.function.__qualname__}() gave two answers", "")
    return tuple(found.values())


def _trace(call: Call, computation: Computation, own: Sequence[Sight]) -> Trace | None:
    if computation.told is None or call.fingerprint.shallow is None:
        return None
    if computation.uncovered or not computation.told:
        return None
    if computation.watch.relied or ORDER in call.fingerprint.marks:
        # What a call read for a memo came to others beside its answer; and answers that are compared show nobody in
        # which order attributes were set.
        return None
    steps = []
    for one in computation.told:
        name = function_name(one.function)
        if one.stands and one.arguments is not None:
            steps.append(Step("call", one.ordinal, name, one.arguments, one.digest))
        else:
            steps.append(Step("code", one.ordinal, name, [], one.standing))
    return Trace(call.shallow(), call.reads if computation.carries else b"", tuple(own), tuple(steps))
