"""What of the standard library and of installed packages is known to depend on more than its arguments.

Names are matched as they are spelled (``numpy.random.rand``) and as they are found (``numpy.random.mtrand.rand``). A
rule is a name, or a name with a dot at its end for all below it. The list can't be complete; it is the calls that
people make. What tells processes and threads apart (a process id, the number of cores) is left out: it is asked for to
name files and to share out work, and no result should show it. Each kind says in one sentence what is read, and every
sentence ends with the same cures.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from typing import NamedTuple

CURES = "make it an argument, read it in a function of its own outside, or give your word with pure=True"


class World(NamedTuple):
    """What an impure callable reads of the world."""

    what: str
    """Completes the sentence «f reads …»."""
    unseen: bool = False
    """It opens files where nothing sees it: harmless where the file is an argument, as a `File`."""
    cure: str = ""
    """What to do about this kind before the cures that all have."""


_CLOCK = World("the clock")
_RANDOM = World("random numbers that no argument seeds")
_ENVIRONMENT = World("the environment of the process")
_FILES = World(
    "the state of the file system",
    cure="open the file and catch FileNotFoundError (what is opened is seen), list the folder with os.scandir, ",
)
_NETWORK = World("the network")
_PROGRAM = World("what another program answers")
_INPUT = World("what is typed or piped in")
_AMBIENT = World("settings that hold for the whole process")
_NATIVE = World("a file in a way that can't be seen: pass it as a File", unseen=True)

ATTACHED = World("a database that SQL attaches: pass it as a File", unseen=True)
"""SQLite opens it, and says nothing: known by the word in the texts that are in reach, where SQLite is in reach too."""
_PATH = re.compile(rb"\xa5posix|\xa7windows")
_ATTACH = re.compile(rb"(?i)(?<![a-z])attach(?![a-z])")
_SQLITE = re.compile(r"(_?sqlite3|apsw|sqlalchemy|sqlite_utils|aiosqlite|pandas\.(io\.sql\.)?read_sql\w*)(\.|$)")

_LISTS: dict[World, str] = {
    _CLOCK: """
        time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.perf_counter_ns
        time.process_time time.process_time_ns time.thread_time time.thread_time_ns time.strftime
        time.ctime time.tzname time.timezone time.get_clock_info datetime.datetime.now
        datetime.datetime.utcnow datetime.datetime.today datetime.date.today timeit. pandas.Timestamp.now
        pandas.Timestamp.utcnow pandas.Timestamp.today uuid.uuid1
    """,
    _RANDOM: """
        random. secrets. os.urandom os.getrandom uuid.uuid4 random.SystemRandom
        numpy.random. torch.rand torch.randn torch.randint torch.randperm torch.normal torch.bernoulli
        torch.multinomial torch.manual_seed torch.seed torch.rand_like torch.randn_like torch.randint_like
        torch.initial_seed tensorflow.random. cupy.random.
    """,
    _ENVIRONMENT: """
        os.environ os.environb os.getenv os.getenvb os.getcwd os.getcwdb os.getlogin os.getuid os.geteuid os.getgid
        os.getloadavg os.uname os.times
        os.path.expanduser os.path.expandvars os.path.abspath os.path.realpath os.path.relpath
        pathlib.Path.home pathlib.Path.cwd pathlib.Path.expanduser
        getpass.getuser socket.gethostname socket.getfqdn platform.node
        platform.platform platform.uname platform.processor platform.release platform.version sys.argv sys.orig_argv
        sys.path sys.executable tempfile.gettempdir locale.getlocale locale.getdefaultlocale
        locale.localeconv locale.getpreferredencoding locale.getencoding resource. psutil.
    """,
    _FILES: """
        os.path.exists os.path.lexists os.path.isfile os.path.isdir os.path.islink os.path.ismount os.path.getmtime
        os.path.getsize os.path.getatime os.path.getctime os.path.samefile os.stat os.lstat os.fstat os.access
        os.readlink os.statvfs os.walk os.fwalk shutil.disk_usage shutil.which pathlib.Path.exists
        pathlib.Path.is_file pathlib.Path.is_dir pathlib.Path.is_symlink pathlib.Path.stat pathlib.Path.lstat
        pathlib.Path.is_mount pathlib.Path.is_junction pathlib.Path.is_fifo pathlib.Path.is_socket
        pathlib.Path.is_block_device pathlib.Path.is_char_device pathlib.Path.owner pathlib.Path.group
        pathlib.Path.samefile pathlib.Path.walk pathlib.Path.resolve pathlib.Path.readlink filecmp.
    """,
    _NETWORK: """
        socket.socket socket.create_connection socket.getaddrinfo socket.gethostbyname urllib.request. http.client.
        ftplib. smtplib. imaplib. poplib. requests. httpx. aiohttp. urllib3. boto3. websockets. paramiko.
    """,
    _PROGRAM: """
        subprocess. os.system os.popen os.spawnl os.spawnv os.posix_spawn pty.spawn
        asyncio.create_subprocess_exec asyncio.create_subprocess_shell
    """,
    World("the hash of a text, which differs between processes"): "builtins.hash",
    _INPUT: "builtins.input sys.stdin getpass.getpass fileinput.",
    _AMBIENT: """
        pandas.get_option numpy.get_printoptions numpy.geterr locale.setlocale decimal.setcontext
        torch.get_default_dtype sys.getrecursionlimit sys.get_int_max_str_digits sys.getswitchinterval
    """,
    _NATIVE: """
        pyarrow.parquet. pyarrow.csv. pyarrow.json. pyarrow.orc. pyarrow.feather. pyarrow.dataset. pyarrow.memory_map
        pyarrow.OSFile pyarrow.input_stream pandas.read_parquet pandas.read_feather pandas.read_orc pandas.read_hdf
        polars.read_csv polars.read_parquet polars.read_ipc polars.read_ndjson polars.read_json polars.read_avro
        polars.read_excel polars.read_delta polars.read_database polars.read_ods polars.read_csv_batched
        polars.scan_csv polars.scan_parquet polars.scan_ipc polars.scan_ndjson polars.scan_delta
        h5py.File tables.open_file netCDF4.Dataset xarray.open_dataset xarray.open_mfdataset xarray.open_zarr
        cv2.imread cv2.VideoCapture rasterio.open soundfile.read pysam.AlignmentFile lmdb.open duckdb.
        safetensors.safe_open tifffile.imread
    """,
}

# Below a name that is listed as a whole: what is only impure without a seed, and what is not impure at all.
_SEEDED = frozenset(
    "random.Random numpy.random.default_rng numpy.random.RandomState numpy.random.SeedSequence numpy.random.PCG64 "
    "numpy.random.PCG64DXSM numpy.random.MT19937 numpy.random.Philox numpy.random.SFC64 "
    "numpy.random.mtrand.RandomState numpy.random._generator.default_rng numpy.random._pcg64.PCG64 "
    "numpy.random._pcg64.PCG64DXSM numpy.random._mt19937.MT19937 numpy.random._philox.Philox "
    "numpy.random._sfc64.SFC64 numpy.random.bit_generator.SeedSequence".split()
)
_PURE = frozenset(
    "numpy.random._pickle numpy.random.Generator numpy.random._generator.Generator numpy.random.BitGenerator "
    "numpy.random.bit_generator.BitGenerator subprocess.CalledProcessError subprocess.TimeoutExpired subprocess.PIPE "
    "subprocess.DEVNULL subprocess.STDOUT subprocess.list2cmdline requests.exceptions urllib3.exceptions "
    "requests.RequestException requests.HTTPError requests.ConnectionError requests.Timeout "
    "duckdb.DuckDBPyConnection".split()
)
# Impure only where the moment is left out.
_NOW_IF_BARE = frozenset({"time.gmtime", "time.asctime", "time.localtime"})
# What takes a word for the moment: ``pd.to_datetime("now")``.
_WORDS_FOR_NOW = frozenset({"to_datetime", "datetime64", "Timestamp", "DatetimeIndex", "Period"})
_NOW = frozenset({"=now", "=today"})
# What is looked up where the time zone of the process counts.
ZONED = frozenset({"fromtimestamp", "timestamp", "astimezone", "localtime", "strftime", "mktime", "ctime"})

_EXACT: dict[str, World] = {}
_BELOW: dict[str, World] = {}
for _world, _text in _LISTS.items():
    for _name in _text.split():
        (_BELOW if _name.endswith(".") else _EXACT)[_name.rstrip(".")] = _world

_IN_MODULE: dict[str, set[str]] = {}
for _name in (*_EXACT, *_SEEDED):
    _head, _, _rest = _name.rpartition(".")
    if _name in _EXACT:
        _IN_MODULE.setdefault(_head, set()).add(_rest)

# Under these a name is found, whatever it is spelled as.
_HOMES = {
    "posixpath": "os.path",
    "ntpath": "os.path",
    "genericpath": "os.path",
    "posix": "os",
    "nt": "os",
    "_datetime": "datetime",
}
ENVIRONMENT_READERS = frozenset({"os.environ", "os.environ.get", "os.getenv"})
"""Where these are asked for a constant name, the value of that variable is a dependency, and nothing is impure."""

# Methods that a function which names the class may call on it, or on an instance.
_METHODS: dict[str, frozenset[str]] = {
    "datetime.datetime": frozenset({"now", "utcnow", "today"}),
    "datetime.date": frozenset({"today"}),
    "pathlib.Path": frozenset(
        "home cwd exists is_file is_dir is_symlink is_mount is_junction is_fifo is_socket is_block_device "
        "is_char_device stat lstat samefile walk resolve expanduser readlink".split()
    ),
    "pandas.Timestamp": frozenset({"now", "utcnow", "today"}),
}


def named() -> Collection[str]:
    """All names that are listed by themselves."""
    return _EXACT.keys()


def named_below() -> Collection[str]:
    """All names that are listed with what is below them."""
    return _BELOW.keys()


def attaches(text: bytes) -> bool:
    """Whether a text, or the stream of a value, may be SQL that attaches a database."""
    return _ATTACH.search(text) is not None


def holds_path(text: bytes) -> bool:
    """Whether in the stream of a value there may be a path that can be asked what is there."""
    return _PATH.search(text) is not None


def makes_paths(name: str) -> bool:
    """Whether something installed is, or makes, such a path."""
    name = canonical(name)
    return name == "pathlib" or (name.startswith("pathlib.") and not name.startswith("pathlib.Pure"))


def is_absolute(name: str, mentions: Collection[str]) -> bool:
    """Whether something installed shows the working directory in front of a path."""
    name = canonical(name)
    return name == "pathlib.Path.absolute" or (name == "pathlib.Path" and "absolute" in mentions)


def scans(name: str) -> bool:
    """Whether something installed lists a directory with what the entries' stat says, which is seen."""
    return canonical(name) == "os.scandir"


def is_sqlite(name: str) -> bool:
    """Whether something installed may run SQL in SQLite."""
    return _SQLITE.match(name) is not None


@functools.lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """The name as the lists have it."""
    top, dot, rest = name.partition(".")
    name = f"{_HOMES[top]}{dot}{rest}" if top in _HOMES else name
    # Since pandas 3 and in its older releases alike: the class is compiled, and says so in some of them.
    return name.replace("pandas._libs.tslibs.timestamps.", "pandas.").replace("pathlib._local.", "pathlib.")


def world_of(name: str, uses: tuple[str, ...] = ("",), bare: str = "()") -> World | None:
    """What an installed callable reads beyond its arguments; None if nothing is known.

    Args:
        name: ``module.name``, as spelled or as found.
        uses: how it is used: see `Template.uses`.
        bare: the use that calls it without arguments.
    """
    name = canonical(name)
    if name in _PURE:
        return None
    if name in _SEEDED:
        # As a value it may be called in any way later; only a visible call without a seed is known to be impure.
        return _RANDOM if bare in uses else None
    if name in _NOW_IF_BARE:
        return _CLOCK if bare in uses else None
    if name.rpartition(".")[2] in _WORDS_FOR_NOW and not _NOW.isdisjoint(uses):
        return _CLOCK
    # A module that is handed on as a whole may be asked for anything.
    found = _EXACT.get(name) or _BELOW.get(name)
    if found is not None:
        return found
    head = name
    while "." in head:
        head = head.rpartition(".")[0]
        if head in _PURE or head in _SEEDED:
            return None
        found = _BELOW.get(head) or _EXACT.get(head)
        if found is not None:
            return found
    return None


def counts_by_mentions(name: str) -> bool:
    """Whether what is impure about something shows only in what is looked up on it."""
    return canonical(name) in _METHODS or canonical(name) in _IN_MODULE


def impure_below(module: str, mentions: Collection[str]) -> str:
    """What is looked up in a module that is handed on as a value, where that is impure; empty if nothing."""
    module = canonical(module)
    rests = _IN_MODULE.get(module, set())
    return next((f"{module}.{name}" for name in sorted(rests.intersection(mentions))), "")


def seeds(name: str, uses: tuple[str, ...]) -> list[str]:
    """The parameters that a generator is seeded with: None there means no seed."""
    if canonical(name) not in _SEEDED:
        return []
    return [use[1:] for use in uses if use.startswith("?")]


def impure_method(class_name: str, mentions: Collection[str]) -> str:
    """The impure method of an installed class that a function which names the class looks up; empty if none."""
    methods = _METHODS.get(canonical(class_name), frozenset())
    return next((name for name in mentions if name in methods), "")
