"""What computations are told of the calls inside, and what their entries say of that.

A call tells the computation around it what it gave, and what that depends on. What may change by itself is told as its
answer alone, which is asked for again. Arguments are kept as they can be given again: by reference where they are an
argument of the computation or an answer that it was given, by value where they are small.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any

from inviscid import outputs, results
from inviscid.calls import Call, Options
from inviscid.computing import Answer, Asked, Computation, Told
from inviscid.entry import function_name
from inviscid.errors import UnhashableInput, UnstorableResult
from inviscid.fingerprinting import MEMBERS, ORDER
from inviscid.inputs import Dir, File
from inviscid.manifest import Argument, Demand, Manifest, Step, Trace
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


def computation(function: Any, call: Call, options: Options) -> Computation:
    """The computation of a call, before it runs."""
    if call.before is not None:
        from inviscid import keeping

        keeping.hold(call, options)
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
    seen = {id(call.values[name]): found for name, found in call.inputs}
    return Answer(value, digest, (*sights, *files), tuple(demands), bool(call.outputs), seen, carries)


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
            known = as_callers_see(function, args, keywords, answer)
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
            arguments = _arguments(one, args, keywords, _LARGEST, answer.seen)
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


def as_callers_see(function: Any, args: tuple[Any, ...], keywords: dict[str, Any], answer: Answer) -> Answer:
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
    one: Computation | None,
    args: tuple[Any, ...],
    keywords: dict[str, Any],
    largest: int,
    seen: Mapping[int, bytes] = {},
) -> list[Argument] | None:
    """Arguments as they are kept; None where they can't be."""
    found: list[Argument] = []
    for keyword, value in [*(("", value) for value in args), *keywords.items()]:
        argument = _argument(one, value, largest, seen)
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


def _argument(one: Computation | None, value: Any, largest: int, seen: Mapping[int, bytes]) -> list[Any] | None:
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
        # Under the marks of who was called a digest may be another, and then it is taken once more.
        if kind and not atom and (seen.get(id(value)) == before or results.digest_of(value) == before):
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


def manifest_again(call: Call, sights: Sequence[Sight], demands: Sequence[Asked], trace: Trace | None) -> Manifest:
    """The same for a result that stands under another key."""
    found = {(sight.kind, sight.path): sight for sight in sights}
    return Manifest(tuple(found.values()), _demands(call, demands), trace)


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
