"""What a body was seen to read of the files around it, and to do to the world, while it ran.

A *sight* is a file, or the list of names in a directory, that a body read without declaring it. It becomes a
dependency of the entry: a later call finds the entry only while the sight is what it was. Sights are noticed by the
interpreter's audit events, so that `open` counts wherever it is called from; what opens files in compiled code raises
no event and is known by name instead (`fingerprinting.impure`). An *act* brings in what nobody can look at again: a
connection, another program, code that a text imports. A *trace* is a file that was written and left there, or removed:
a hit doesn't repeat that.

No sight is: what an import reads, what lies in an installed distribution (its version counts), what the body itself had
written before, devices and the like, and what this package reads for its own purposes.

    kind     = "file" | "tree" (a `Dir`) | "names" (in a directory) | "scan" (names, and what each entry's stat says)
             | "glob" (what a pattern finds) | "beside" (a file in which SQLite keeps a part of a database; an empty one
               is none)
             | "accepted" (what `inviscid.lock` says of an edit, `acceptances`; its path is the name of the record, its
               digest the state)
    path     = as the body gave it: one that is relative means another file in another working directory
    digest   = bin: of the bytes, or of what was listed, sorted; empty where there was nothing
    stamp    = [size, modified ns, changed ns, inode, device] | nil
    when     = ns, when the digest was taken. A stamp vouches for a digest only where the file is clearly older than
               that: for a while a file can change and keep its times (`RACY`; git knows it of its index). What is
               younger is read again, once in each process that asks.
"""

from __future__ import annotations

import opcode
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType
from typing import Any, NamedTuple

from inviscid import bodies, lockfile
from inviscid.digest import digest, pack
from inviscid.errors import UnhashableInput
from inviscid.fingerprinting.places import installed_module
from inviscid.hearing import hear
from inviscid.inputs.files import dir_digest, file_digest, known_dir_digest, known_file_digest
from inviscid.trees import RACY

Stamp = tuple[int, int, int, int, int]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# What is there belongs to the machine, not to the data.
_DEVICES = ("/dev/", "/proc/", "/sys/")
_SHARED_MEMORY = "/dev/shm/"  # noqa: S108  files like others
_SITE = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}", f"{os.sep}__pycache__{os.sep}")
_LIBRARY = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_IMPORT = frozenset({"_find_and_load", "_find_spec", "find_spec", "_fill_cache"})
# What scans directories for names alone, which it gives to nobody but in what a pattern finds.
_FINDERS = frozenset({"glob", "pathlib", "pathlib._local", "pathlib._glob", "pathlib._abc"})
_TAG = "CACHEDIR.TAG"
# Where SQLite keeps what belongs into a database and isn't there yet, or isn't to stay there.
_BESIDE = ("-wal", "-journal")
# Modules that open files so that people can read messages.
_MESSAGES = frozenset({"logging", "logging.handlers", "traceback", "warnings"})
# Modules that start programs or connect to find out about the machine.
_MACHINE = frozenset({"platform", "uuid", "ctypes.util", "sysconfig", "multiprocessing", "joblib", "loky", "_pyio"})


ACCEPTED = "accepted"


class Sight(NamedTuple):
    """One thing that was read."""

    kind: str
    path: str
    digest: bytes
    stamp: Stamp | None
    when: int

    @property
    def is_file(self) -> bool:
        """Whether its path is one of the file system."""
        return self.kind != ACCEPTED


class Watch:
    """What one computation was seen to do."""

    __slots__ = (
        "acts", "changed", "confirmed", "declared", "home", "made", "memos", "outputs", "reads", "relied", "remembered",
        "removed", "written",
    )  # fmt: skip

    def __init__(self, declared: frozenset[str] = frozenset(), memos: Iterable[tuple[str, Any]] = ()) -> None:
        self.declared = declared
        """Absolute paths that are in the key by their content."""
        self.memos: dict[int, tuple[str, Any, int | None]] = {}
        """By id: the name of a memo whose function may open files, the memo, and how often it had answered before; None
        where it was empty, because then this sees all that it will remember.
        """
        self.remembered: dict[int, str] = {}
        """Memos that answered with what was read before, unseen."""
        self.relied = False
        """Whether a memo answered with what was read meanwhile, by this computation or by one inside of it."""
        for name, memo in memos:
            found = memo.cache_info()
            self.memos[id(memo)] = name, memo, found.hits if found.currsize else None
        self.home = here()
        self.reads: dict[tuple[str, str], tuple[str, Stamp | bytes | None]] = {}
        """(kind, path as given) → absolute path, and its stamp when it was first read; of a scan its digest, because no
        stamp of a directory tells of its entries.
        """
        self.confirmed: dict[tuple[str, str], Sight] = {}
        """What cached calls inside depended on, and was confirmed for them."""
        self.written: dict[str, None] = {}
        self.made: dict[str, None] = {}
        """Directories that it made: what is in there is its own."""
        self.removed: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        """Files that were there, and to which something was written."""
        self.acts: dict[str, None] = {}
        self.outputs: dict[str, None] = {}
        """Real paths of what was declared as an output, here or by a cached call inside: a hit brings it back."""

    def join(self, inner: Watch) -> None:
        """Take over what a computation inside of this one did to the world."""
        self.written.update(inner.written)
        self.removed.update(inner.removed)
        self.made.update(inner.made)
        self.changed.update(inner.changed)
        self.acts.update(inner.acts)
        self.outputs.update(inner.outputs)
        empty = {at for at, (_, _, hits) in self.memos.items() if hits is None}
        self.remembered.update((at, name) for at, name in inner.remembered.items() if at not in empty)

    def recall(self) -> None:
        """Note which memos have answered meanwhile, without anything being read."""
        for at, (name, memo, hits) in self.memos.items():
            if hits is None:
                self.relied = self.relied or memo.cache_info().hits > 0
            elif memo.cache_info().hits != hits:
                self.remembered[at] = name

    def unseen(self) -> list[str]:
        """What it did that nobody can look at again, in words."""
        return [*self.acts, *(f"got what the memo of {name}() had read before" for name in self.remembered.values())]

    def adopt(self, inner: Watch) -> None:
        """Take over what a computation inside of this one read."""
        for key, found in inner.reads.items():
            self.reads.setdefault(key, found)
        self.confirmed.update(inner.confirmed)

    def confirm(self, sights: Iterable[Sight]) -> None:
        """Take over what the answer to a call inside depended on."""
        for sight in sights:
            if not sight.is_file or not (self.is_declared(sight.path) or self.is_output(sight.path)):
                self.confirmed[sight.kind, sight.path] = sight

    def read(self, kind: str, path: str) -> None:
        """Note that something is about to be read."""
        absolute = os.path.abspath(path)
        if kind == "file" and os.path.isdir(absolute):
            kind = "names"
        if here() != self.home:
            # The working directory was changed meanwhile: where the body starts, the path means another file.
            path = absolute
        if (kind, path) in self.reads or absolute in self.written or self.is_declared(absolute):
            return
        if self.is_output(absolute):
            return
        if any(absolute == made or absolute.startswith(made + os.sep) for made in self.made):
            return
        if absolute.startswith(_SHARED_MEMORY):
            pass
        elif absolute.startswith((*_DEVICES, _LIBRARY)) or any(part in absolute for part in _SITE):
            return
        self.reads[kind, path] = (absolute, _content(kind, absolute) if kind == "scan" else _stamp(kind, absolute))

    def write(self, path: str, *, truncates: bool = True) -> None:
        """Note that a file is about to be written, from its beginning or not."""
        absolute = os.path.abspath(path)
        # A temporary file without a name is opened by the name of its folder.
        if os.path.isdir(absolute) or absolute.startswith((*_DEVICES, _caches())):
            return
        if any(part in absolute for part in _SITE):
            return
        if not truncates and os.path.exists(absolute):
            # What is read of it later may have been there before.
            self.changed[absolute] = None
        else:
            self.written[absolute] = None

    def is_declared(self, path: str) -> bool:
        """Whether a path is in the key by its content, alone or as a part of a directory."""
        absolute = os.path.abspath(path)
        return any(absolute == path or absolute.startswith(path + os.sep) for path in self.declared)

    def is_output(self, path: str) -> bool:
        """Whether a path is a declared output that was written, or in one."""
        return bool(self.outputs) and is_within(os.path.realpath(path), self.outputs)

    def traces(self) -> list[str]:
        """What is different in the file system, in words."""
        written = [path for path in (*self.written, *self.changed) if not self.is_output(path)]
        left = [f"wrote {path}" for path in written if os.path.exists(path)]
        removed = [path for path in self.removed if not self.is_output(path)]
        return left + [f"removed {path}" for path in removed if not os.path.exists(path)]

    def sights(self) -> list[Sight]:
        """Everything that was read, with what it was.

        Raises:
            UnhashableInput: something changed since it was read, or has no content that could be compared.
        """
        found = dict(self.confirmed)
        for (kind, path), (absolute, stamp) in self.reads.items():
            if absolute in self.written and not os.path.exists(absolute):
                continue
            now = time.time_ns()
            content = _content(kind, absolute)
            if (content if kind == "scan" else _stamp(kind, absolute)) != stamp:
                raise UnhashableInput(f"{path} changed after it was read.", path)
            found[kind, path] = Sight(kind, path, content, None if isinstance(stamp, bytes) else stamp, now)
        return list(found.values())


def is_within(path: str, tops: Iterable[str]) -> bool:
    """Whether a path is one of these, or below one."""
    return any(path == top or path.startswith(top.rstrip(os.sep) + os.sep) for top in tops)


def differs(sight: Sight) -> str:
    """What is different now, in words; empty if nothing."""
    if sight.kind == ACCEPTED:
        return "" if lockfile.accepted(sight.path, sight.digest) else "an acceptance that it rests on was revoked"
    if sight.kind == "glob":
        return "" if _content("glob", sight.path) == sight.digest else f"what {sight.path} finds changed"
    stamp = _stamp(sight.kind, sight.path)
    known = sight.stamp is not None and stamp == sight.stamp
    if known and sight.stamp is not None and max(sight.stamp[1], sight.stamp[2]) + RACY < sight.when:
        return ""
    if stamp is None and not sight.digest:
        return ""
    what = "file" if sight.kind in ("file", "beside") else "directory"
    if stamp is None:
        return f"{what} {sight.path} is gone"
    if not sight.digest:
        return f"{what} {sight.path} is new"
    try:
        return "" if _content(sight.kind, sight.path, _KNOWN) == sight.digest else f"{what} {sight.path} changed"
    except (OSError, UnhashableInput) as error:
        return f"{what} {sight.path} can't be read any more: {error}"


def _stamp(kind: str, path: str) -> Stamp | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if kind == "beside":
        # SQLite makes it empty when it opens a database, and for root sets its owner each time; nothing sets its times.
        modified = found.st_mtime_ns
        return (found.st_size, modified, modified, found.st_ino, found.st_dev) if found.st_size else None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


_Digests = tuple[Callable[[str], bytes], Callable[[str], bytes]]
_READ: _Digests = file_digest, dir_digest
_KNOWN: _Digests = known_file_digest, known_dir_digest


def _content(kind: str, path: str, digests: _Digests = _READ) -> bytes:
    try:
        if kind in ("file", "beside"):
            return b"" if kind == "beside" and not os.path.getsize(path) else digests[0](path)
        if kind == "tree":
            return digests[1](path)
        if kind == "scan":
            return _scanned(path)
        found = _matching(path) if kind == "glob" else os.listdir(path)
        return digest(pack(sorted(map(os.fsencode, found))))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""


def _matching(pattern: str) -> list[str]:
    """What a pattern finds, by names from where it begins to be one: however the way there is spelled."""
    import glob

    start = absolute = os.path.abspath(pattern)
    while glob.has_magic(start):
        start = os.path.dirname(start)
    return [os.path.relpath(name, start) for name in glob.glob(absolute, recursive=True)]


def _scanned(path: str) -> bytes:
    with os.scandir(path) as entries:
        return digest(pack(sorted([os.fsencode(entry.name), *_told(entry)] for entry in entries)))


def _told(entry: os.DirEntry[str]) -> list[int]:
    """What the stat of an entry says, through a link and of the link itself."""
    try:
        own = entry.stat(follow_symlinks=False)
        found = entry.stat()
    except FileNotFoundError:
        # A link that leads nowhere, or an entry that is gone by now.
        return []
    if entry.is_dir() and os.path.exists(os.path.join(entry.path, _TAG)):
        # Programs write there what they can make again, our own store for one.
        return [own.st_mode, found.st_mode]
    # Whatever else a stat says changes the third of these too.
    return [own.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def here() -> str:
    """The working directory; empty where it is gone, which must not cost the caller a value."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _caches() -> str:
    """Where programs keep what they can make again."""
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "")


# Watching -------------------------------------------------------------------------------------------------------------

_watches: Callable[[], Iterable[Watch]] | None = None


def watch(watches: Callable[[], Iterable[Watch]]) -> None:
    """Begin to listen, once for the whole process: audit hooks can't be taken away again.

    Args:
        watches: gives those that what happens here and now belongs to.
    """
    global _watches
    if _watches is None:
        _watches = watches
        hear(_EVENTS, _heard)


def _heard(event: str, args: tuple[Any, ...]) -> None:
    watches = _watches() if _watches is not None else ()
    try:
        if watches and _by_a_body(sys._getframe(2)):  # noqa: SLF001  CPython's own name for it
            for one in watches:
                _EVENTS[event](one, args)
    except Exception:  # noqa: BLE001  an error here would become one of the program's own `open`
        for one in watches:
            one.acts["did something that could not be followed"] = None


def _by_a_body(frame: FrameType | None) -> bool:
    """Whether what happens in a frame is done by a body, and not by an import or by this package."""
    while frame is not None:
        code = frame.f_code
        if code in bodies.CODES:
            return True
        name = str(frame.f_globals.get("__name__", ""))
        # What a `File` is hashed for by a call inside, that call tells; `File.digest` the body itself has called.
        if name.startswith("inviscid.") and name != "inviscid.inputs.files":
            return False
        if name in _MESSAGES or (code.co_name in _IMPORT and code.co_filename.startswith("<frozen importlib")):
            return False
        if name == "shutil" and code.co_name.startswith("_rmtree"):
            # It opens what it removes, by names relative to what it has open.
            return False
        frame = frame.f_back
    return True


def _opened(one: Watch, args: tuple[Any, ...]) -> None:
    path, mode, flags = args
    if not isinstance(path, str | bytes):
        return
    name = os.fsdecode(path)
    if not isinstance(mode, str) and not os.path.isabs(name) and _caller() != "tempfile":
        # `os.open` doesn't tell its `dir_fd`.
        one.acts[f"opened {name} by os.open without its whole path, so that nobody can tell in which directory"] = None
        return
    text = mode if isinstance(mode, str) else ""
    writes = any(mark in text for mark in "wax+") if text else bool(flags & _WRITES)
    truncates = any(mark in text for mark in "wx") if text else bool(flags & (os.O_TRUNC | os.O_EXCL))
    if not writes or ("r+" in text or (not text and flags & os.O_RDWR and not truncates)):
        one.read("file", name)
    if writes:
        one.write(name, truncates=truncates)


def _opened_database(one: Watch, args: tuple[Any, ...]) -> None:
    path = os.fsdecode(args[0]) if isinstance(args[0], str | bytes | os.PathLike) else ""
    path = path.removeprefix("file:").partition("?")[0] if path.startswith("file:") else path
    if path and path != ":memory:":
        one.read("file", path)
        # SQLite looks for them where a link leads to.
        beside = os.path.realpath(path) if os.path.islink(path) else path
        for suffix in _BESIDE:
            one.read("beside", beside + suffix)


def _globbed(one: Watch, args: tuple[Any, ...]) -> None:
    if isinstance(args[0], os.PathLike):
        one.read("glob", os.path.join(args[0], args[1]))
        return
    pattern, _, folder, below = args
    if below is not None:
        one.acts["listed what is below a directory handle"] = None
    elif isinstance(pattern, str | bytes):
        one.read("glob", os.path.join("" if folder is None else os.fsdecode(folder), os.fsdecode(pattern)))


def _listed(one: Watch, args: tuple[Any, ...]) -> None:
    path = "." if args[0] is None else args[0]
    if isinstance(path, str | bytes):
        one.read("names", os.fsdecode(path))


def _scans(one: Watch, args: tuple[Any, ...]) -> None:
    path = "." if args[0] is None else args[0]
    if isinstance(path, str | bytes):
        one.read("names" if _caller() in _FINDERS else "scan", os.fsdecode(path))


def _renamed(one: Watch, args: tuple[Any, ...]) -> None:
    source, target = args[:2]
    one.write(os.fsdecode(target))
    one.written.pop(os.path.abspath(os.fsdecode(source)), None)


def _made(one: Watch, args: tuple[Any, ...]) -> None:
    path = os.path.abspath(os.fsdecode(args[0]))
    # The event comes before the attempt, which fails where the directory is there already.
    if args[2] == -1 and not os.path.lexists(path):
        one.made[path] = None


def _removed(one: Watch, args: tuple[Any, ...]) -> None:
    if args[1] != -1:
        # Relative to a directory that is open: a tree is being removed, whose names were listed before.
        return
    path = os.path.abspath(os.fsdecode(args[0]))
    if path not in one.written and not any(part in path for part in _SITE):
        one.removed[path] = None


def _started(one: Watch, args: tuple[Any, ...]) -> None:
    if not _for_the_machine():
        program = args[0] if isinstance(args[0], str | bytes | os.PathLike) else "another program"
        one.acts[f"started {os.path.basename(os.fsdecode(program))}"] = None


def _connected(one: Watch, args: tuple[Any, ...]) -> None:
    address = args[1]
    # Between processes of one machine: pools of workers talk to their parent like that.
    if isinstance(address, tuple) and not _for_the_machine():
        one.acts[f"connected to {address[0]}:{address[1]}"] = None


def _executed(one: Watch, args: tuple[Any, ...]) -> None:
    for name in _imports(args[0]):
        if name == _COMPUTED or installed_module(name).kind == "user":
            # What a text imports stands in no code that could be looked at.
            one.acts[f"executed a text that imports {name}"] = None


def _imports(code: CodeType) -> Iterator[str]:
    """The modules that code imports by name, and those that functions in it do."""
    if not _IMPORTERS.isdisjoint(code.co_names):
        yield _COMPUTED
    if _IMPORT_NAME in code.co_code[::2]:
        import dis

        for instruction in dis.get_instructions(code):
            if instruction.opcode == _IMPORT_NAME:
                yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _imports(constant)


def _resolved(one: Watch, args: tuple[Any, ...]) -> None:
    host = os.fsdecode(args[0]) if isinstance(args[0], str | bytes) else ""
    # What is an address already is not looked up.
    if host.strip("0123456789.") and ":" not in host and not _for_the_machine():
        one.acts[f"looked up the address of {host}"] = None


def _caller() -> str:
    """The module that did what is being heard; asked by a function that `_hear` calls."""
    return str(sys._getframe(4).f_globals.get("__name__", ""))  # noqa: SLF001  CPython's own name for it


def _for_the_machine() -> bool:
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  CPython's own name for it
    while frame is not None and frame.f_code not in bodies.CODES:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _MACHINE:
            return True
        frame = frame.f_back
    return False


_COMPUTED = "a module by a name that is computed"
_IMPORTERS = frozenset({"__import__", "import_module", "resolve_name", "run_path", "run_module"})
_IMPORT_NAME = opcode.opmap["IMPORT_NAME"]
_EVENTS: dict[str, Callable[[Watch, tuple[Any, ...]], None]] = {
    "open": _opened,
    "os.listdir": _listed,
    "os.scandir": _scans,
    "glob.glob/2": _globbed,
    "pathlib.Path.glob": _globbed,
    "os.mkdir": _made,
    "os.rename": _renamed,
    "os.remove": _removed,
    "subprocess.Popen": _started,
    "os.system": lambda one, args: _started(one, (args[0].split()[0] if args[0] else "",)),
    "os.posix_spawn": _started,
    "socket.connect": _connected,
    "exec": _executed,
    "socket.getaddrinfo": _resolved,
    "socket.gethostbyname": _resolved,
    "sqlite3.connect": _opened_database,
}
