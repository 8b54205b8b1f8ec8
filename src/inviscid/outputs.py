"""Declared outputs: files that a body writes are captured with its result, and a hit brings them back.

An *output* is a path, of a file or of a directory with all that is in it, that follows from the arguments of a call.
After a miss, and after a hit, what is there is what this call writes. What inviscid itself has put at a path it may
replace and remove (`store/outputs.py` says how that is known); what anybody else has put there or has changed it never
touches. An output is restored beside its place and renamed, so that one sees the old file or the new one, and no part;
only a directory is missing for the moment between two renames.

The object of an entry with outputs, whose codec is called ``<codec of the value>+outputs/1``:

    object  = value content* tail size
    value   = what the codec made of the value
    content = the bytes of each file, in the order of the items
    tail    = MessagePack [bytes of the value, [[item*]*]]      a list of items for each output, as they are declared
    item    = [name, kind, mode, bytes, content]                kind and name: see `trees`
    content = file: bin digest; link: bin target; directory: nil
    size    = 8 bytes, big-endian: of the tail

The value stands first, so that what is mapped of it is aligned as it would be alone.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack

from inviscid import trees
from inviscid.calls import Call, Options
from inviscid.computing import Computation
from inviscid.digest import Buffer, combine, digest, pack
from inviscid.errors import OutputError, StoreError
from inviscid.store import Store
from inviscid.trees import Item, Odd
from inviscid.world import Sight, Stamp, Watch, is_within

if TYPE_CHECKING:
    from inviscid.store.outputs import Owned

MARK = "+outputs/1"
Spec = str | Callable[..., Any]
Path = str | os.PathLike[str]

_SIZE = 8
_IN_MEMORY = 1 << 20
_WRITE_AT_MOST = 1 << 30
# Seconds. A draft that nobody wrote to for so long was left by a process that died.
_ABANDONED = 3600.0
_MOST_NAMED = 5
_TRIES = 4


class Outputs:
    """What a function writes, with more to say about it than the paths.

    Args:
        paths: as `outputs=` of `cached` takes them.
        allow: where the paths may lie beside the project: a directory or several; True for anywhere.
    """

    __slots__ = ("allow", "paths")

    def __init__(self, *paths: Path | Callable[..., Any], allow: Path | Iterable[Path] | bool = ()) -> None:
        self.paths = tuple(_spec(path) for path in paths)
        self.allow: tuple[str, ...] | None
        if isinstance(allow, bool):
            self.allow = None if allow else ()
        elif isinstance(allow, str | os.PathLike):
            self.allow = (os.fspath(allow),)
        else:
            self.allow = tuple(os.fspath(item) for item in allow)

    def __repr__(self) -> str:
        return f"Outputs({', '.join(map(repr, self.paths))}, allow={True if self.allow is None else self.allow!r})"


OutputsLike = Path | Callable[..., Any] | Iterable[Path | Callable[..., Any]] | Outputs


def declared(given: object) -> Outputs:
    """What was given as `outputs=`.

    Raises:
        TypeError: it is no path, function, or list of those.
    """
    if given is None:
        return Outputs()
    if isinstance(given, Outputs):
        return given
    if _is_path(given) or callable(given):
        return Outputs(given)  # type: ignore[arg-type]  # as the line above says
    if isinstance(given, Iterable) and not isinstance(given, bytes):
        return Outputs(*given)
    raise TypeError(f"cached(): outputs= takes paths and functions that make them, not {given!r}")


def _spec(given: object) -> Spec:
    if isinstance(given, str | os.PathLike):
        path = os.fspath(given)
        if isinstance(path, str) and path:
            return path
    elif callable(given):
        return given
    raise TypeError(f"cached(): outputs= takes paths and functions that make them, not {given!r}")


def _is_path(given: object) -> bool:
    return isinstance(given, str | os.PathLike)


def check(options: Options, name: str, parameters: Iterable[str]) -> None:
    """Look whether a function has the parameters that its outputs ask for.

    Raises:
        TypeError: it hasn't.
    """
    known = list(parameters)
    for spec in options.outputs:
        for wanted in _fields(spec) if isinstance(spec, str) else _takes(spec)[1]:
            if wanted not in known:
                what = repr(spec) if isinstance(spec, str) else f"{getattr(spec, '__qualname__', spec)}()"
                raise TypeError(
                    f"cached(): the output {what} asks for '{wanted}', and {name}() has no such parameter "
                    f"(it has: {', '.join(known) or 'none'}); write {{{{ and }}}} for braces in the name of a file"
                )


def _fields(template: str) -> Iterator[str]:
    try:
        import string

        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise TypeError(f"cached(): the output {template!r} can't be filled in: {error}") from None
    for _, field, spec, _ in parts:
        if field is not None:
            yield field.partition(".")[0].partition("[")[0]
            yield from _fields(spec or "")


def _takes(function: Callable[..., Any]) -> tuple[bool, list[str], list[str]]:
    """Whether it takes any name, which names it needs, and which it knows."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True, [], []
    named = [item for item in parameters if item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)]
    if alone := [item.name for item in named if item.kind is item.POSITIONAL_ONLY]:
        raise TypeError(f"cached(): outputs= is called with the arguments by name, and can't give '{alone[0]}' so")
    needed = [item.name for item in named if item.default is item.empty]
    return any(item.kind is item.VAR_KEYWORD for item in parameters), needed, [item.name for item in named]


# Where they are -------------------------------------------------------------------------------------------------------


def of(options: Options, values: Mapping[str, Any]) -> list[str]:
    """The absolute paths of what a call writes, with links to their folders followed.

    A link at the path itself isn't: what it leads to is somebody else's.

    Args:
        options: the decorator's.
        values: the value of each parameter, those from the config included.

    Raises:
        OutputError: one lies where none may lie, or two of them overlap.
    """
    if not options.outputs:
        return []
    given = [path for spec in options.outputs for path in _paths(spec, values)]
    try:
        here = os.getcwd()
        found = [_real(path) for path in given]
        roots = [os.path.realpath(os.path.expanduser(path)) for path in options.allow or ()]
    except (OSError, ValueError) as error:
        raise OutputError(f"outputs can't be found from the working directory: {error}") from error
    project = _project(here)
    for path, real in zip(given, found, strict=True):
        if options.allow is not None and not is_within(real, [project, *roots]):
            raise OutputError(
                f"the output {path} ({real}) is outside the project {project}: allow its directory with "
                f"outputs=Outputs(..., allow={os.path.dirname(real)!r})"
            )
        if is_within(project, [real]) or is_within(here, [real]):
            raise OutputError(f"the output {path} ({real}) holds the whole project: declare what is written in it")
    for position, real in enumerate(found):
        for other in found[:position]:
            if is_within(real, [other]) or is_within(other, [real]):
                raise OutputError(f"the outputs {other} and {real} are the same or lie in each other")
    return found


def _real(path: str) -> str:
    folder, name = os.path.split(path.rstrip(os.sep))
    own = os.path.join(os.path.realpath(folder), name)
    return own if os.path.islink(own) else os.path.realpath(path)


def _paths(spec: Spec, values: Mapping[str, Any]) -> list[str]:
    if isinstance(spec, str):
        try:
            import string

            return [string.Formatter().vformat(spec, (), values)]
        except (LookupError, AttributeError, ValueError) as error:
            raise OutputError(f"the output {spec!r} can't be filled in: {type(error).__name__}: {error}") from error
    takes_all, _, names = _takes(spec)
    made = spec(**{name: value for name, value in values.items() if takes_all or name in names})
    listed = [made] if _is_path(made) else made
    if not isinstance(listed, Iterable) or isinstance(listed, bytes):
        raise OutputError(f"outputs= gave {made!r}, which is neither a path nor a list of paths")
    found = []
    for item in listed:
        path = os.fspath(item) if _is_path(item) else None
        if not isinstance(path, str) or not path:
            raise OutputError(f"outputs= gave {item!r}, which is no path")
        found.append(path)
    return found


def _project(here: str) -> str:
    """The folder of the nearest pyproject.toml upwards, else the working directory; links followed."""
    folder = here = os.path.realpath(here)
    while not os.path.isfile(os.path.join(folder, "pyproject.toml")):
        above = os.path.dirname(folder)
        if above == folder:
            return here
        folder = above
    return folder


# A miss ---------------------------------------------------------------------------------------------------------------


class Captured(NamedTuple):
    """The outputs of one call, as they are stored."""

    chunks: list[Buffer]
    """What stands in the object behind the value."""
    owned: list[Owned]


class Pending:
    """The outputs of a call whose body is about to run.

    Raises:
        OutputError: there is something that can't be an output.
    """

    def __init__(self, store: Store, paths: Sequence[str]) -> None:
        self._paths = paths
        self._inner: frozenset[str] = frozenset()
        self._before: dict[str, Stamp] = {}
        if not paths:
            return
        _keep_off(store, paths)
        for path in paths:
            self._before |= {item.path(path): item.stamp for item in _items(path)}

    def settle(self, computation: Computation) -> None:
        """Take what the body did to its outputs out of what is noted of it. What it read there before it wrote stays
        noted, and what was there and grew is an act: both depend on what an earlier call left.
        """
        if not self._paths:
            return
        watch = computation.watch
        self._inner = frozenset(watch.outputs)
        for noted, (absolute, stamp) in list(watch.reads.items()):
            real = os.path.realpath(absolute)
            before = self._before.get(real)
            # Names are no content: whatever is there in the end was written by this call.
            if is_within(real, self._paths) and (noted[0] != "file" or before is None or before != stamp):
                del watch.reads[noted]
        for noted in [noted for noted, sight in watch.confirmed.items() if self._is_new(sight)]:
            del watch.confirmed[noted]
        if computation.told is not None:
            computation.told = [
                told._replace(sights=tuple(sight for sight in told.sights if not self._is_new(sight)))
                for told in computation.told
            ]
        for path in watch.changed:
            real = os.path.realpath(path)
            if path not in watch.written and real in self._before and is_within(real, self._paths):
                watch.acts[f"added to its output {path}, which was there before"] = None
        watch.outputs.update(dict.fromkeys(self._paths))

    def _is_new(self, sight: Sight) -> bool:
        """Whether a call inside was given what this one had written before."""
        real = os.path.realpath(sight.path)
        return sight.is_file and is_within(real, self._paths) and real not in self._before

    def capture(self, store: Store, call: Call, value: memoryview, watch: Watch) -> Captured:
        """Copy what was written.

        Raises:
            OutputError: something wasn't written, or can't be read.
            StoreError: the store has no room for it.
        """
        when = time.time_ns()
        found = [_items(path) for path in self._paths]
        self._demand(found, watch)
        files = [
            (item.path(path), item.size)
            for path, items in zip(self._paths, found, strict=True)
            for item in items
            if item.kind == "file"
        ]
        contents = _contents(store, files)
        digests, start = [], 0
        for _, size in files:
            digests.append(digest(contents[start : start + size]))
            start += size
        listed, owned, rest = [], [], iter(digests)
        from inviscid.store.outputs import Owned

        for path, items in zip(self._paths, found, strict=True):
            mine = [next(rest) for item in items if item.kind == "file"]
            each = iter(mine)
            listed.append(
                [
                    [item.name, item.kind, item.mode, item.size, next(each) if item.kind == "file" else item.target]
                    for item in items
                ]
            )
            owned.append(Owned(path, call.key, trees.digest_of(items, mine), b"", trees.stamp_of(items), when))
        tail = pack([value.nbytes, listed])
        return Captured([contents, tail, len(tail).to_bytes(_SIZE, "big")], owned)

    def _demand(self, found: Sequence[Sequence[Item]], watch: Watch) -> None:
        """Look whether this very call wrote all that is there."""
        seen = {os.path.realpath(path) for path in (*watch.written, *watch.changed, *watch.made)}
        for path, items in zip(self._paths, found, strict=True):
            left = [
                place
                for item in items
                if (place := item.path(path)) not in seen
                and self._before.get(place) == item.stamp
                and not is_within(place, self._inner)
            ]
            files = {item.path(path) for item in items if item.kind != "dir"}
            if not items or (path in left and files <= {*left}):
                why = "which is there from before" if items else "and nothing is there"
                raise OutputError(f"the output {path} was not written by the call, {why}")
            if old := [place for place in left if place in files]:
                more = f" and {len(old) - _MOST_NAMED} more" if len(old) > _MOST_NAMED else ""
                raise OutputError(
                    f"the output {path} holds what this call did not write: {', '.join(old[:_MOST_NAMED])}{more}; "
                    "delete it, or let the body begin with an empty directory"
                )


def _contents(store: Store, files: Sequence[tuple[str, int]]) -> memoryview:
    try:
        if sum(size for _, size in files) > _IN_MEMORY:
            return store.spool(files)
        data = b"".join(_read(path, size) for path, size in files)
    except StoreError:
        raise
    except ValueError as error:
        raise OutputError(f"the output {error} was still being written to when the call had ended") from error
    except OSError as error:
        raise OutputError(f"an output can't be read: {error}") from error
    return memoryview(data)


def _read(path: str, size: int) -> bytes:
    with open(path, "rb", buffering=0) as stream:
        data = stream.read(size + 1) if size else b""
        if len(data) != size:
            raise ValueError(path)
    return data


def _items(path: str) -> list[Item]:
    try:
        found = trees.items(path)
    except Odd as error:
        raise OutputError(f"the output {error} is neither a file nor a directory") from error
    except OSError as error:
        raise OutputError(f"the output {path} can't be read: {error}") from error
    if found and found[0].kind == "link":
        raise OutputError(
            f"the output {path} is a symbolic link to {os.fsdecode(found[0].target)}, which is neither followed nor "
            "replaced: delete the link, or declare the path that it leads to"
        )
    return found


def _keep_off(store: Store, paths: Sequence[str]) -> None:
    place = os.path.realpath(store.path)
    for path in paths:
        if is_within(path, [place]) or is_within(place, [path]):
            raise OutputError(f"the output {path} and the store {place} lie in each other")


# A hit ----------------------------------------------------------------------------------------------------------------


def told(value: bytes, trees: Sequence[bytes]) -> bytes:
    """The digest of what a call gives and leaves: callers may read what it wrote.

    Args:
        value: structural digest of the value.
        trees: the digests of the outputs.
    """
    return combine("with outputs", value, *trees) if trees else value


class Stored(NamedTuple):
    """The outputs in an object."""

    trees: list[list[Item]]
    contents: list[list[bytes]]
    """The digest of each file of each tree."""
    data: memoryview
    """The bytes of all files, one after the other."""

    def digests(self) -> list[bytes]:
        """The digest of each tree."""
        return [trees.digest_of(items, contents) for items, contents in zip(self.trees, self.contents, strict=True)]


def split(data: memoryview) -> tuple[memoryview, Stored]:
    """The value in an object, and its outputs."""
    end = data.nbytes - _SIZE
    start = end - int.from_bytes(data[end:], "big")
    length, listed = msgpack.unpackb(data[start:end])
    found, contents = [], []
    for tree in listed:
        found.append(
            [
                Item(name, kind, mode, size, (0, 0, 0, 0, 0), content if kind == "link" else b"")
                for name, kind, mode, size, content in tree
            ]
        )
        contents.append([content for _, kind, _, _, content in tree if kind == "file"])
    return data[:length], Stored(found, contents, data[length:start])


def check_number(paths: Sequence[str], stored: Stored | None) -> None:
    """Look whether an object holds as many outputs as a call has.

    Raises:
        OutputError: it doesn't.
    """
    held = 0 if stored is None else len(stored.trees)
    if held != len(paths):
        raise OutputError(f"the stored result has {held} outputs, and the call has {len(paths)}")


class _Place(NamedTuple):
    """An output that isn't as it should be."""

    path: str
    items: list[Item]
    here: list[Item]
    """What is there now: nothing, or inviscid's own."""
    old: bytes
    new: bytes
    data: memoryview


def restore(store: Store, key: bytes, paths: Sequence[str], stored: Stored) -> None:
    """Have each output at its place.

    Args:
        store: where the result is.
        key: of the call that finds it.
        paths: what the call writes.
        stored: what is there then.

    Raises:
        OutputError: somebody changed one, and none was touched; or one can't be written.
    """
    check_number(paths, stored)
    _keep_off(store, paths)
    try:
        known = store.outputs(paths)
    except StoreError:
        # Then nothing is known to be inviscid's own.
        known = {}
    from inviscid.store.outputs import Owned

    places: list[_Place] = []
    seen: list[Owned] = []
    start = 0
    for path, items, contents in zip(paths, stored.trees, stored.contents, strict=True):
        size = sum(item.size for item in items if item.kind == "file")
        data, start = stored.data[start : start + size], start + size
        wanted = trees.digest_of(items, contents)
        owned = known.get(path)
        when, here, vouched, found = _look(path, owned)
        if not here:
            places.append(_Place(path, items, here, b"", wanted, data))
            continue
        if found == wanted:
            now = Owned(path, key, wanted, b"", trees.stamp_of(here), when)
            if owned is None or owned[:4] != now[:4] or (not vouched and trees.is_settled(here, when)):
                seen.append(now)
        elif owned is not None and owned.holds(found):
            places.append(_Place(path, items, here, found, wanted, data))
        else:
            raise OutputError(
                f"the output {path} was changed by somebody since inviscid last had it there, and is not replaced: "
                "move it away or delete it, and call again"
            )
    if places:
        _own(store, seen + [Owned(item.path, key, item.old, item.new) for item in places])
        when = time.time_ns()
        _put(places)
        seen = [Owned(item.path, key, item.new, b"", trees.stamp_of(_items(item.path)), when) for item in places]
    _own(store, seen)


def _look(path: str, owned: Owned | None) -> tuple[int, list[Item], bool, bytes]:
    """What is at a path: since when (ns) that is known, its items, whether their times vouched for it, its digest."""
    for tries in range(_TRIES + 1):
        when, here = time.time_ns(), _items(path)
        if owned is not None and owned.stamp == trees.stamp_of(here) and trees.is_settled(here, owned.looked):
            return when, here, True, owned.digest
        try:
            return when, here, False, trees.digest_at(path, here)
        except OSError as error:
            # Another process may be just restoring the same.
            if tries == _TRIES or not isinstance(error, FileNotFoundError):
                raise OutputError(f"the output {path} can't be compared: {error}") from error
    raise AssertionError(path)


def _own(store: Store, owned: Sequence[Owned]) -> None:
    try:
        if owned:
            store.own(owned)
    except StoreError:
        # A store that can only be read: what is restored from it counts as the user's own.
        pass


def _put(places: Sequence[_Place]) -> None:
    """All drafts first: what fails for want of space has then changed nothing."""
    drafts: list[str] = []
    path = ""
    try:
        for place in places:
            path = place.path
            drafts.append(_draft(path))
            _write(drafts[-1], place.items, place.data)
        for place, draft in zip(places, drafts, strict=True):
            path = place.path
            _swap(draft, place)
    except OSError as error:
        raise OutputError(f"the output {path} can't be restored: {error.strerror or error}") from error
    finally:
        for draft in drafts:
            _discard(draft)


def _draft(path: str) -> str:
    """Where an output is made, in the directory that it is renamed in."""
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    start = f".inviscid-{digest(os.fsencode(name)).hex()[:12]}-"
    for entry in os.listdir(folder):
        if entry.startswith(start):
            old = os.path.join(folder, entry)
            try:
                if time.time() - os.lstat(old).st_mtime > _ABANDONED:
                    _discard(old)
            except FileNotFoundError:
                # Its process lives, and has just renamed it.
                pass
    return os.path.join(folder, f"{start}{os.getpid()}-{os.urandom(6).hex()}")


def _write(draft: str, items: Sequence[Item], data: memoryview) -> None:
    start = 0
    for item in items:
        path = item.path(draft)
        if item.kind == "dir":
            os.mkdir(path, 0o700)
        elif item.kind == "link":
            os.symlink(os.fsdecode(item.target), path)
        else:
            _write_file(path, data[start : start + item.size], item.mode)
            start += item.size
    # What is in a directory that can't be written to must be there before.
    for item in reversed(items):
        if item.kind == "dir":
            os.chmod(item.path(draft), item.mode)


def _write_file(path: str, data: memoryview, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        done = 0
        while done < data.nbytes:
            done += os.write(handle, data[done : done + _WRITE_AT_MOST])
    finally:
        os.close(handle)
    os.chmod(path, mode)


def _swap(draft: str, place: _Place) -> None:
    now = trees.items(place.path)
    if now and trees.stamp_of(now) != trees.stamp_of(place.here):
        if trees.digest_at(place.path, now) == place.new:
            # Another process restored the same.
            return
        raise OutputError(f"the output {place.path} was changed while it was restored, and is left as it is")
    if place.items[0].kind != "dir" and (not now or now[0].kind != "dir"):
        os.replace(draft, place.path)
        return
    aside = f"{draft}-old"
    if now:
        try:
            os.rename(place.path, aside)
        except FileNotFoundError:
            # Another process restores the same.
            now = []
    try:
        os.rename(draft, place.path)
    except OSError as error:
        there = trees.items(place.path) if error.errno in (errno.ENOTEMPTY, errno.EEXIST) else []
        if there and trees.digest_at(place.path, there) == place.new:
            pass
        elif now:
            os.rename(aside, place.path)
            raise
        else:
            raise
    if now:
        trees.remove(aside, now)


def _discard(draft: str) -> None:
    try:
        trees.remove(draft, trees.items(draft))
    except (OSError, Odd):
        # It stays for the next who restores here.
        pass
