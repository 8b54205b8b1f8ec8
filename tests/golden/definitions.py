"""Definitions of every kind; their fingerprints are pinned in fingerprints.json. Don't edit: add."""

import abc
import collections
import enum
import functools
import logging
import math
import re
import threading
import typing
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from os.path import join

LOG = logging.getLogger("golden")
LOCK = threading.Lock()
RATE = 0.25
NAMES = {"a": 1, "b": [2, 3], "c": ("x", None, True)}
TAGS = {"red", "green", "blue", 1, 2.5, None}
WORDS = frozenset({"x", "y", ("z", 1)})
PATTERN = re.compile(r"(\d+)-(\w+)", re.IGNORECASE)
BIG = 2**100
NESTED = {"list": [1, [2, [3]]], "set": {frozenset({1}), frozenset({2})}}


def plain(x):
    return x + 1


def defaults(a, b=2, *args, c=RATE, d=NAMES, **kw):
    return a, b, args, c, d, kw


def positional(a, b, /, c):
    return a - b + c


def annotated(x: int, y: "list[str]" = ()) -> dict[str, int]:
    """Documentation."""
    z: int = x
    return {k: z for k in y}


def globals_and_builtins(xs):
    return sum(len(str(x)) for x in xs) * RATE + len(NAMES) + len(TAGS) + len(WORDS) + BIG


def nested_values():
    return NESTED


def pattern(text):
    return PATTERN.findall(text)


def library(x):
    return math.sqrt(x), join("a", str(x)), OrderedDict(a=x), collections.Counter("aab")


def local_import(x):
    import json
    from math import floor as down

    return json.dumps(down(x))


def comprehensions(xs):
    return [x for x in xs if x], {x: y for x, y in zip(xs, xs)}, {x for x in xs}, list(y for x in xs for y in x)


def walrus(xs):
    return [y for x in xs if (y := plain(x)) > 1]


def exceptions(x):
    try:
        plain(x)
    except (ValueError, TypeError) as error:
        raise RuntimeError(str(error)) from error
    except KeyError:
        return None
    else:
        return x
    finally:
        LOG.info("done")


def matching(x):
    match x:
        case {"a": [first, *rest], **more}:
            return first, rest, more
        case [1, 2] | (3, 4):
            return "pair"
        case str() as text if text:
            return text
        case None:
            return 0
        case _:
            return x


def strings(x, width=5):
    return f"{x!r:>{width}} {x=} {'literal'}" + "a" "b" + rf"\d{x:.2f}"


def loops(xs):
    total = 0
    for i, x in enumerate(xs):
        while x > 0:
            x -= 1
            if x == 5:
                continue
            total += x
        else:
            total += i
        if total > 100:
            break
    else:
        return -1
    return total


def contexts(path):
    with LOCK, open(path) as file:
        return file.read()


def conditional(x):
    if x > 5:
        return "high"
    elif x > 2:
        return "middle"
    else:
        return "low" if x else None


def inner_functions(x):
    def add(y, *, k=1):
        nonlocal x
        x += y * k
        return x

    class Local:
        scale = 3

        def apply(self, y):
            return add(y) * self.scale

    return [Local().apply, lambda z: add(z, k=2)]


def generator(xs):
    for x in xs:
        yield plain(x)
    yield from xs


async def coroutine(x):
    async with x as y:
        async for z in y:
            await z
    return [w async for w in y]


def recursive(n):
    return 1 if n <= 1 else n * recursive(n - 1)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def make(k):
    def closure(x):
        return x * k + RATE

    return closure


closed = make(3)
closed_over_function = make(plain)
short = lambda x, y=2: x**y


def decorator(function):
    @functools.wraps(function)
    def wrapper(*args, **kw):
        return function(*args, **kw) + 1

    return wrapper


@decorator
def decorated(x):
    return x


@functools.lru_cache(maxsize=16)
def memoized(x):
    return plain(x)


def uses_memoized(x):
    return memoized(x)


@functools.singledispatch
def dispatched(x):
    return x


@dispatched.register
def _(x: int):
    return x + 1


def uses_dispatched(x):
    return dispatched(x)


PARTIAL = functools.partial(defaults, 1, c=3)
TABLE = {"plain": plain, "short": short, "closed": closed}


def uses_partial(x):
    return PARTIAL(x)


def uses_table(name, x):
    return TABLE[name](x)


def undefined(x):
    return not_there(x)


def documented(x):
    return annotated.__doc__, x


def named(x):
    return type(x).__name__, plain.__name__


class Base:
    rate = 2

    def __init__(self, v):
        self.v = v

    def base(self, x):
        return x * self.rate


class Derived(Base):
    __slots__ = ("extra",)

    @property
    def p(self):
        return self.v

    @p.setter
    def p(self, value):
        self.v = value

    @classmethod
    def c(cls, x):
        return cls(x)

    @staticmethod
    def s(x):
        return plain(x)

    @functools.cached_property
    def lazy(self):
        return self.base(3)

    def base(self, x):
        return super().base(x) + self.__private(x)

    def __private(self, x):
        return -x

    def __eq__(self, other):
        return self.v == other.v

    def __iter__(self):
        yield self.v


def uses_class(x):
    return Derived(x).base(x)


INSTANCE = Derived(5)
METHOD = INSTANCE.base


def uses_instance(x):
    return INSTANCE.v + METHOD(x)


class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args)


class WithMeta(metaclass=Meta):
    registry: dict = {}

    def __init_subclass__(cls, **kw):
        cls.registry[cls.__qualname__] = len(cls.registry)


class Abstract(abc.ABC):
    @abc.abstractmethod
    def run(self): ...


class Concrete(Abstract):
    def run(self):
        return 1


@dataclass(order=True)
class Point:
    x: int
    y: float = 1.5
    tags: list = field(default_factory=list, compare=False)

    def norm(self):
        return math.hypot(self.x, self.y)


@dataclass(frozen=True, slots=True)
class Frozen:
    p: Point
    name: str = "f"


class Colour(enum.Enum):
    RED = 1
    GREEN = "g"
    CRIMSON = 1

    def shout(self):
        return self.name.upper()


class Flags(enum.IntFlag):
    A = 1
    B = 2
    AB = A | B


Pair = namedtuple("Pair", "left right", defaults=[0])


class Triple(typing.NamedTuple):
    a: int
    b: str = "b"

    def swap(self):
        return self.b, self.a


class Typed(typing.TypedDict, total=False):
    key: int


class Speaks(typing.Protocol):
    def speak(self) -> str: ...


class Generic(typing.Generic[typing.TypeVar("T")]):
    def get(self):
        return self


def uses_data(x):
    return Point(x), Frozen(Point(x)), Colour.RED, Flags.AB, Pair(x), Triple(x)


# Generated classes ----------------------------------------------------------------------------------------------------

import contextlib
import copy
import dataclasses
import datetime
import decimal
import fractions
import itertools
import operator
import pathlib
import string
import types
import uuid
from collections import ChainMap, Counter, defaultdict, deque
from dataclasses import KW_ONLY, InitVar
from typing import Any, Callable, ClassVar, Optional, Union, overload

T = typing.TypeVar("T")
K = typing.TypeVar("K", bound=int)


@dataclass(slots=True)
class Slotted:
    x: int
    y: int = 2

    def total(self):
        return self.x + self.y


@dataclass(kw_only=True)
class Keywords:
    x: int
    y: str = "y"


@dataclass
class HalfKeywords:
    a: int
    _: KW_ONLY
    b: int = 3
    c: "list[int]" = field(default_factory=lambda: [1, 2])


@dataclass(frozen=True, order=True, unsafe_hash=True)
class Everything:
    shown: int
    hidden: int = field(default=0, repr=False, compare=False, hash=False)
    computed: int = field(init=False, default=7)
    noted: str = field(default="n", metadata={"unit": "m", "deep": ("a", 1)})
    only_by_name: bool = field(default=True, kw_only=True)


@dataclass(init=False, repr=False, eq=False)
class Nothing:
    x: int = 1


@dataclass(match_args=False)
class Unmatched:
    x: int = 1


@dataclass
class Initialised:
    scale: InitVar[int]
    shared: ClassVar[dict] = {"k": 1}
    value: float = 0.0

    def __post_init__(self, scale):
        self.value *= scale


@dataclass
class Heir(Initialised):
    extra: Optional[str] = None

    def __post_init__(self, scale):
        super().__post_init__(scale + 1)


@dataclass(frozen=True, slots=True)
class FrozenHeir(Frozen):
    more: Union[int, str] = 0


@dataclass(slots=True)
class SlottedHeir(Slotted):
    z: int = 3

    @property
    def area(self):
        return self.x * self.z


@dataclass(eq=True)
class OwnMethods:
    x: int = 1

    def __eq__(self, other):
        return self.x == other.x

    def __hash__(self):
        return hash(self.x)

    def __repr__(self):
        return f"<{self.x}>"


@dataclass
class Container(typing.Generic[T]):
    items: "list[T]" = field(default_factory=list)
    by_name: dict[str, T] = field(default_factory=dict)


@dataclass(repr=False)
class WithDescriptor:
    class Checked:
        def __set_name__(self, owner, name):
            self.name = "_" + name

        def __get__(self, instance, owner=None):
            return 5 if instance is None else instance.__dict__.get(self.name, 5)

        def __set__(self, instance, value):
            instance.__dict__[self.name] = int(value)

    x: int = Checked()


Made = dataclasses.make_dataclass("Made", [("x", int), ("y", int, 4)], namespace={"sum": lambda self: self.x + self.y})
Made.__module__ = __name__


def replaces(x):
    return dataclasses.replace(Slotted(x), y=3), dataclasses.asdict(Point(x)), dataclasses.fields(Keywords)


class Defaults(typing.NamedTuple):
    a: int
    b: "float" = 2.5
    c: tuple = ("x", (1, 2))

    @property
    def both(self):
        return self.a, self.b

    @classmethod
    def zero(cls):
        return cls(0)

    def __add__(self, other):
        return Defaults(self.a + other.a)


class GenericTuple(typing.NamedTuple, typing.Generic[T]):
    key: str
    value: T


class Extended(namedtuple("Extended", "x y")):
    __slots__ = ()

    def __new__(cls, x, y=1):
        return super().__new__(cls, x, y)

    def swap(self):
        return self._replace(x=self.y, y=self.x)


class ExtendedAgain(Extended):
    def swap(self):
        return super().swap().swap()


Renamed = namedtuple("Renamed", ["a", "def", "a"], rename=True)


class Weekday(enum.Enum):
    MONDAY = enum.auto()
    TUESDAY = enum.auto()
    FIRST = MONDAY

    @property
    def weekend(self):
        return self.value > 5

    @classmethod
    def of(cls, name):
        return cls[name.upper()]

    @staticmethod
    def count():
        return 7

    def __str__(self):
        return self.name.title()


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 10

    def __lt__(self, other):
        return self.value < int(other)


class Word(enum.StrEnum):
    ONE = enum.auto()
    TWO = "zwei"


class Permission(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()
    ALL = READ | WRITE


class Strict(enum.Flag, boundary=enum.STRICT):
    A = 1
    B = 2


class Kept(enum.IntFlag, boundary=enum.KEEP):
    X = 4
    Y = 8


class Lenient(enum.Enum):
    YES = "yes"
    NO = "no"

    @classmethod
    def _missing_(cls, value):
        return cls.YES if str(value).lower() in ("y", "true") else None


class Numbered(enum.Enum):
    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        return f"{name}-{count}"

    A = enum.auto()
    B = enum.auto()


class NumberedPlainly(enum.Enum):
    def _generate_next_value_(name, start, count, last_values):
        return name.lower()

    A = enum.auto()


class Planet(enum.Enum):
    MERCURY = (3.303e23, 2.4397e6)
    EARTH = (5.976e24, 6.37814e6)

    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius

    @property
    def gravity(self):
        return 6.67e-11 * self.mass / self.radius**2


class Coordinate(bytes, enum.Enum):
    def __new__(cls, value, label):
        made = bytes.__new__(cls, [value])
        made._value_ = value
        made.label = label
        return made

    PX = (0, "P.X")
    PY = (1, "P.Y")


@enum.unique
class Unique(enum.Enum):
    A = 1
    B = 2


@enum.verify(enum.UNIQUE, enum.CONTINUOUS)
class Verified(enum.IntEnum):
    A = 1
    B = 2


class Plain(enum.Enum):
    @enum.nonmember
    class Helper:
        k = 1

    ADD = enum.member(operator.add)
    NEGATE = enum.member(staticmethod(lambda x: -x))


class MixedIn:
    def describe(self):
        return self.name, self.value


class Mixed(MixedIn, enum.Enum):
    A = 1


Functional = enum.Enum("Functional", ["A", "B"], module=__name__)
FunctionalFlag = enum.IntFlag("FunctionalFlag", {"A": 1, "B": 4}, module=__name__)


class EmptyEnum(enum.Enum):
    def hello(self):
        return self.name


class Filled(EmptyEnum):
    A = 1


def uses_enums(x):
    return Weekday(x), Level.HIGH, Word["ONE"], Permission.READ | Permission.WRITE, Lenient("y"), list(Numbered)


class TotalTyped(typing.TypedDict):
    a: int
    b: "str"


class InheritedTyped(TotalTyped, total=False):
    c: typing.Required[float]
    d: typing.NotRequired[list[int]]


class GenericTyped(typing.TypedDict, typing.Generic[T]):
    item: T


FunctionalTyped = typing.TypedDict("FunctionalTyped", {"in": int, "class": str})


@typing.runtime_checkable
class Closes(typing.Protocol):
    name: str

    def close(self) -> None: ...

    @property
    def closed(self) -> bool: ...


class ClosesMore(Closes, typing.Protocol[T]):
    def reopen(self, how: T) -> T:
        return how


class Door(Closes):
    name = "door"

    def close(self):
        self.shut = True

    @property
    def closed(self):
        return getattr(self, "shut", False)


def checks_protocol(x):
    return isinstance(x, Closes)


class Bounded(typing.Generic[T, K]):
    item: T

    def __class_getitem__(cls, item):
        return super().__class_getitem__(item)

    def get(self) -> T:
        return self.item


class BoundedOfInt(Bounded[str, int]):
    pass


class AbstractMore(abc.ABC):
    @property
    @abc.abstractmethod
    def size(self): ...

    @classmethod
    @abc.abstractmethod
    def made(cls): ...

    @staticmethod
    @abc.abstractmethod
    def helped(x): ...

    def doubled(self):
        return self.size * 2


class ConcreteMore(AbstractMore):
    size = 4

    @classmethod
    def made(cls):
        return cls()

    @staticmethod
    def helped(x):
        return x


@AbstractMore.register
class Registered:
    size = 9


def uses_abstract(x):
    return isinstance(x, AbstractMore), ConcreteMore.made().doubled()


@functools.total_ordering
class Ordered:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x

    def __lt__(self, other):
        return self.x < other.x


class Lazy:
    @functools.cached_property
    def slow(self):
        return plain(1)

    @functools.lru_cache(maxsize=None)
    def method(self, x):
        return x

    @functools.cache
    def other(self):
        return self.slow


class Dispatching:
    @functools.singledispatchmethod
    def show(self, x):
        return "?"

    @show.register
    def _(self, x: int):
        return "int"

    @show.register(list)
    @show.register(tuple)
    def _(self, x):
        return "items"

    @functools.singledispatchmethod
    @classmethod
    def build(cls, x):
        return cls()

    def scaled(self, factor, x):
        return factor * x

    double = functools.partialmethod(scaled, 2)
    triple = functools.partialmethod(scaled, factor=3)


@functools.singledispatch
def rendered(x, *, indent=0):
    return str(x)


@rendered.register(int)
@rendered.register(float)
def _(x, *, indent=0):
    return " " * indent + f"{x:n}"


@rendered.register
def _(x: "list | tuple", *, indent=0):
    return [rendered(item, indent=indent + 1) for item in x]


# Metaclasses and hooks of classes -------------------------------------------------------------------------------------


class Prepared(type):
    @classmethod
    def __prepare__(mcls, name, bases, **kw):
        return {"prepared": name.lower()}

    def __new__(mcls, name, bases, namespace, tag=None):
        made = super().__new__(mcls, name, bases, namespace)
        made.tag = tag
        return made

    def __init__(cls, name, bases, namespace, tag=None):
        super().__init__(name, bases, namespace)

    def __len__(cls):
        return len(cls.tag or "")

    @property
    def loud(cls):
        return cls.prepared.upper()


class UsesPrepared(metaclass=Prepared, tag="t"):
    pass


class UsesPreparedToo(UsesPrepared, tag="more"):
    x = 1


class Singleton(type):
    instances: dict = {}

    def __call__(cls, *args, **kw):
        if cls not in Singleton.instances:
            Singleton.instances[cls] = super().__call__(*args, **kw)
        return Singleton.instances[cls]

    def __instancecheck__(cls, instance):
        return True


class Alone(metaclass=Singleton):
    def __init__(self, x=1):
        self.x = x


class Plugin:
    kind = "none"

    def __init_subclass__(cls, /, kind="plain", **kw):
        super().__init_subclass__(**kw)
        cls.kind = kind

    def __class_getitem__(cls, item):
        return cls, item


class PluginA(Plugin, kind="a"):
    def run(self):
        return self.kind


class Typed_:
    """A descriptor."""

    def __init__(self, kind, default=None):
        self.kind = kind
        self.default = default

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        return self if instance is None else instance.__dict__.get(self.name, self.default)

    def __set__(self, instance, value):
        instance.__dict__[self.name] = self.kind(value)

    def __delete__(self, instance):
        del instance.__dict__[self.name]


class Described:
    count = Typed_(int, 0)
    label = Typed_(str)


class SlotsOnly:
    __slots__ = ("a", "__private", "__weakref__")

    def __init__(self, a):
        self.a = a
        self.__private = a

    def get(self):
        return self.__private


class SlotsHeir(SlotsOnly):
    __slots__ = {"b": "documented slot"}


class SlotsAndDict(SlotsHeir):
    pass


def class_decorator(cls):
    cls.decorated = True
    cls.extra = lambda self: self.decorated
    return cls


@class_decorator
class DecoratedClass:
    def run(self):
        return self.extra()


class ObjectDecorator:
    def __init__(self, function, k=2):
        self.function = function
        self.k = k

    def __call__(self, *args):
        return self.function(*args) * self.k

    def __get__(self, instance, owner):
        return functools.partial(self, instance)


@ObjectDecorator
def object_decorated(x):
    return x


def uses_object_decorated(x):
    return object_decorated(x)


def replacing(cls):
    class Replaced(cls):
        def run(self):
            return super().run() + 1

    return Replaced


@replacing
class ReplacedClass:
    def run(self):
        return 1


class Outer:
    k = 3

    class Inner:
        k = 4

        class Innermost(Base):
            def base(self, x):
                return Outer.k + Outer.Inner.k + super().base(x)

        def up(self):
            return Outer()

    def down(self):
        return self.Inner.Innermost(1)


class Operators:
    def __init__(self, x):
        self.x = x

    def __add__(self, o): return Operators(self.x + o.x)
    def __radd__(self, o): return self + o
    def __iadd__(self, o): self.x += o.x; return self
    def __matmul__(self, o): return self.x @ o
    def __neg__(self): return Operators(-self.x)
    def __getitem__(self, i): return self.x[i]
    def __setitem__(self, i, v): self.x[i] = v
    def __delitem__(self, i): del self.x[i]
    def __contains__(self, i): return i in self.x
    def __len__(self): return len(self.x)
    def __bool__(self): return bool(self.x)
    def __call__(self, *a, **k): return a, k
    def __enter__(self): return self
    def __exit__(self, *error): return False
    def __getattr__(self, name): return name.upper()
    def __setattr__(self, name, value): object.__setattr__(self, name, value)
    def __delattr__(self, name): object.__delattr__(self, name)
    def __format__(self, spec): return spec
    def __index__(self): return 1
    def __reversed__(self): return reversed(self.x)
    def __missing__(self, key): return key
    def __hash__(self): return 5
    def __eq__(self, o): return o == self.x
    def __class_getitem__(cls, item): return item
    async def __aenter__(self): return self
    async def __aexit__(self, *error): return None
    def __aiter__(self): return self
    async def __anext__(self): raise StopAsyncIteration
    def __await__(self): yield


class WithGetattribute:
    def __getattribute__(self, name):
        return super().__getattribute__(name) if name.startswith("_") else len(name)

    def __dir__(self):
        return ["a"]


class Mangled:
    __secret = 1

    def __method(self):
        return self.__secret

    def call(self, __argument=2):
        def inner():
            return self.__method() + __argument

        class Mangled_:
            def call(this):
                return self.__method, this.__other

        return inner(), Mangled_


class Unhashable:
    __hash__ = None
    __match_args__ = ("x", "y")
    __slots__ = ("x", "y")


class Inherits(dict):
    def __missing__(self, key):
        return [key]


class InheritsList(list):
    def first(self):
        return self[0]


class Failure(ValueError):
    code = 3

    def __init__(self, text, *, code=4):
        super().__init__(text)
        self.code = code


class Failures(ExceptionGroup):
    def derive(self, excs):
        return Failures(self.message, excs)


class DiamondTop:
    def who(self):
        return ["top"]


class DiamondLeft(DiamondTop):
    def who(self):
        return ["left", *super().who()]


class DiamondRight(DiamondTop):
    def who(self):
        return ["right", *super().who()]


class Diamond(DiamondLeft, DiamondRight):
    def who(self):
        return ["bottom", *super(Diamond, self).who()]


class BodyRuns:
    table = {}
    for i in range(3):
        table[i] = i * i
    if len(table) > 2:
        big = True

        def only_if(self):
            return self.big

    else:
        big = False
    squares = [n * n for n in range(4)]
    del i
    try:
        missing = undefined_name_here
    except NameError:
        missing = None


Dynamic = type("Dynamic", (Base,), {"k": 1, "run": lambda self: self.k})


def class_in_function(k):
    @dataclass
    class Local:
        x: int = k

        def get(self):
            return self.x + k

    class Child(Local, metaclass=abc.ABCMeta):
        y = k
        z: int

        def get(self):
            return super().get() + self.y

    return Child()


# Closures and scopes --------------------------------------------------------------------------------------------------


def counter(start=0, /, step=1):
    n = start

    def bump(by=step):
        nonlocal n
        n += by
        return n

    def reset():
        nonlocal n
        n = start

    return bump, reset


bump_three = counter(3)[0]


def nest(a):
    def one(b):
        def two(c):
            def three(d):
                return a + b + c + d

            return three

        return two

    return one


nested_three = nest(1)(2)(3)


def recursive_closure(n):
    def walk(k):
        return 1 if k == 0 else k * walk(k - 1)

    return walk


walked = recursive_closure(5)


def late_bound():
    def f():
        return later

    later = 3
    return f


late = late_bound()


def unbound_cell(flag):
    if flag:
        value = 1

    def f():
        return value

    return f


unbound = unbound_cell(False)


def loop_lambdas(n):
    return [lambda x, i=i: x + i for i in range(n)] + [lambda x: x + n]


looped = loop_lambdas(2)[1]


def closure_over_class(base):
    class Local(base):
        def base(self, x):
            return super().base(x) + __class__.rate

    return Local


ClosedClass = closure_over_class(Base)


def mutable_cell():
    state = {"calls": [], "total": 0}

    def f(x):
        state["total"] += x
        return state

    return f


stateful = mutable_cell()

COUNT = 0


def counts(x):
    global COUNT, CREATED
    COUNT += x
    CREATED = COUNT
    return COUNT


def global_in_nested():
    global COUNT

    def inner():
        COUNT = 5
        return COUNT

    return inner() + COUNT


def shadows(len, str=str):
    len = [sum for sum in len]
    return len, str(len)


def deletes(x, d):
    y = x
    del y, d["k"], d.attribute
    del (d[0], d[1:2])
    try:
        return y
    except NameError:
        return d


def class_scope(x):
    y = 1

    class C:
        y = y if x else 2
        z = [y for _ in range(3)]
        w = (lambda: y)()

    return C


def comprehension_scopes(xs, n):
    a = [[x * y for y in range(x) if y % n] for x in xs if (last := x) > n]
    b = {k: [v for v in vs if v] for k, vs in zip(xs, a) for _ in range(2)}
    c = any((hit := x) == last for row in a for x in row)
    d = [(lambda x: lambda: x + n)(x)() for x in xs]
    e = [i for i in range(5) if i if i > 1 for j in range(i) if (m := i * j)]
    return a, b, c, d, e, last, hit, m, {*xs, *a}, [*xs, *(z for z in xs)], {**b, "n": n}


def walrus_everywhere(x):
    if (n := len(x)) > 3 and (m := n * 2):
        return m
    while (n := n - 1) > 0:
        x.append(n)
    return (y := n), [z := 1, z], f"{(w := 5)}", w, x[(i := 0)], y


# Generators and asynchronous functions --------------------------------------------------------------------------------


def two_way(start):
    received = yield start
    while True:
        try:
            received = yield (yield received)
        except GeneratorExit:
            return received
        finally:
            start += 1


def delegates(xs):
    result = yield from two_way(1)
    yield result
    return (yield)


def never_yields():
    return
    yield


def lazy_expression(xs):
    return (x + y for x in xs for y in (z for z in xs if z) if x != y)


async def sleeps(x, *, k=1):
    await x
    return [await y async for y in x if await y]


async def yields(x):
    async for y in x:
        yield y
        if y > 3:
            return


async def gathers(xs):
    pairs = {k: v async for k, v in xs}
    numbers = {n async for n in yields(xs) if n}
    async with xs as a, a.b as (c, d):
        pass
    async for e in xs:
        continue
    else:
        e = None
    return pairs, numbers, (n async for n in xs), c, d, e


async def awaits_in_nested(xs):
    async def inner(x):
        return await x

    f = lambda x: (yield x)
    return [await inner(x) for x in xs], f


# Statements -----------------------------------------------------------------------------------------------------------


def all_patterns(x):
    match x:
        case 1 | -2 | 3.5 | -1 + 2j | "text" | b"bytes":
            return "literal"
        case True | False | None:
            return "singleton"
        case math.pi | Weekday.MONDAY:
            return "value"
        case Point(x=0, y=yy) | Point(0, yy):
            return yy
        case Point(x=px, y=_, tags=[]) if px > 1:
            return px
        case int(n) | float(n):
            return n
        case {"k": {"deep": [a, b]}, 1: c, **rest}:
            return a, b, c, rest
        case {}:
            return "mapping"
        case [first, *_, last] as whole:
            return first, last, whole
        case (a, (b, [c])):
            return a, b, c
        case []:
            return "empty"
        case [*everything]:
            return everything
        case str() | bytes() as text:
            return text
        case other:
            return other


def matches_tuples(a, b):
    match a, b:
        case 0, y:
            return y
        case x, 0 if x:
            return x
        case (x, y) if x == y:
            pass
    match a:
        case -1:
            b += 1
    return b


def exception_groups(x):
    try:
        plain(x)
    except* ValueError as group:
        first = group.exceptions
    except* (KeyError, TypeError):
        first = ()
    else:
        first = None
    finally:
        x = 0
    return first, x


def nested_tries(x):
    try:
        try:
            return x[0]
        except IndexError as e:
            raise
        else:
            x = 1
    except Exception as e:
        try:
            raise Failure("f") from None
        finally:
            del e
    except BaseException:
        x = 2
    finally:
        if x:
            return 1
    return 0


def finally_in_loop(xs):
    for x in xs:
        try:
            if x:
                continue
            break
        finally:
            x = None
    while 1:
        try:
            return x
        except:
            pass


def several_contexts(a, b):
    with (
        a as x,
        b() as (y, *z),
        contextlib.suppress(KeyError, ValueError),
        a.b[0] as a.c,
    ):
        return x, y, z
    with a, b as a.d["k"]:
        pass


@contextlib.contextmanager
def managed(x):
    try:
        yield x
    finally:
        LOG.debug("left %s", x)


def uses_managed(x):
    with managed(x) as y, contextlib.ExitStack() as stack:
        return stack.enter_context(managed(y))


def asserts(x):
    assert x, "message"
    assert isinstance(x, (int, float)), f"{x!r}"
    return x


def stars(*args, **kw):
    a, *b = args
    *c, d = b
    (e, [*f, g]), h = c
    [*i] = d
    print(*args, *b, sep="", **kw, **{"end": ""})
    x = [*a, *b], (*c,), {*d}, {**kw, "k": 1, **kw}
    for j, *k in args:
        pass
    return x, *e, *f, args[1:], args[::2], args[*f]


def every_parameter(a, b=1, /, c=2, d=None, *args, e, f=(1, 2), g=RATE, **kw):
    return a, b, c, d, args, e, f, g, kw


def only_keywords(*, a, b=[], **kw):
    return a, b, kw


lambdas = lambda a, /, b=1, *c, d, e={"k": [1]}, **f: (a, b, c, d, e, f)
nested_lambda = lambda x: (lambda y: lambda z=x: x + y + z)
conditional_lambda = (lambda x: x) if len("abc") > 2 else (lambda x: -x)


def augmented(x, y):
    x += y
    x -= 1; x *= 2; x /= 3; x //= 4; x %= 5; x **= 6; x @= y; x &= 7; x |= 8; x ^= 9; x <<= 1; x >>= 2
    y[0] += x
    y.a -= x
    y[x:][0].b[1] *= 2
    a = b = y[0] = c, d = x, y
    return a, b, c, d


def operators(a, b):
    return (
        a < b <= 3 != a == b > 1 >= 0, a is b is not None, a in b not in b, not a in b, not (a is b), not a == b,
        a and b or not a, a or (b and a), +a, -a, ~a, a if b else b if a else 0, a + b * 2 ** -a // 3 % 4,
        a << 1 >> 2 & 3 | 4 ^ 5, a @ b, a[b], a[1:2], a[:, 1, ...], a[::-1], a[b:b:b, 0], a.b.c(1)[2].d,
    )


def numbers():
    return (
        0, 1, -1, 255, 0xFF, 0o17, 0b101, 1_000_000, 2**200, 123456789012345678901234567890, 1.0, 1e300, 1e-300, 0.1,
        -0.0, 0.0, 1e400, 3j, 1 + 2j, -1j, 0.1 + 0.2, True, False, None, ..., 10**25,
    )


HUGE = 10**5000
SPECIAL = [float("inf"), float("-inf"), float("nan"), -0.0, complex(1, -0.0), complex("nan")]


def huge(x):
    return HUGE + x, SPECIAL


def texts():
    return (
        "", "a", 'quo"te', "sin'gle", "new\nline", "tab\t", "\x00\x7f", "é", "\u20ac", "\U0001f600", "\ud800", r"\raw",
        """three
        lines""", "joined" " " "up", b"", b"\x00\xff", rb"\raw", b"a" b"b", "%s %d" % ("a", 1), "{}".format(1), "a\
b",
    )


def fstrings(x, w=3, *, k="k"):
    return (
        f"", f"plain", f"{x}", f"{x!r}", f"{x!s:>10}", f"{x!a}", f"{x:{w}}", f"{x:{w}.{w + 1}f}", f"{x=}", f"{x = !r:^{w}}",
        f"{{}}", f"{{{x}}}", f"a{x}b{w}c", f"{x['k']}", f'{x["k"]}', f"{'a' if x else 'b'}", f"{(lambda y: y)(x)}",
        f"{x:%Y-%m-%d}", f"{x!r:{'>'}{w}}", f"{x}" "tail", "head" f"{x}", f"{f'{x}{w}'}", f"{[y for y in x]}",
        f"{ {1: 2}[1] }", rf"\d{x}\n", f"\N{BULLET}{x}", f"""{
            x
        }""", f"{x + w = }", f"{x:{k}>{w}}", f"{'literal'}{1}", f"{k}{'!' * 3}",
    )


def docstring_only():
    """Nothing else."""


def ellipsis_only(): ...


def passes():
    pass


def dead_code(x):
    if False:
        y = 1
    if 0:
        import never_there
    while False:
        x = 2
    if True:
        return x
    else:
        return y
    x = 3


def loops_with_else(xs):
    for x, (y, *z) in enumerate(xs):
        for xs[0] in xs:
            pass
        if y: break
    else:
        while x:
            x = None
        else:
            return x
    for x.attribute in xs: return


def long_elif(x):
    if x == 1: return "a"
    elif x == 2: y = "b"
    elif x == 3:
        raise Failure
    elif not x: return
    else:
        y = "c"
    return y


def annotates(x):
    a: int
    b: "str" = x
    (c): float = 1
    x.d: int = 2
    x[0]: int
    e: (walrus_in_annotation := int) = 3
    return b, c, e


# Values that modules hold ---------------------------------------------------------------------------------------------

GET = operator.itemgetter(1, "a")
ATTRIBUTE = operator.attrgetter("a.b", "c")
METHODCALL = operator.methodcaller("split", ",", maxsplit=1)
ADD = operator.add
KEYED = functools.cmp_to_key
PARTIALS = [functools.partial(plain, 1), functools.partial(functools.partial(defaults, 1), b=2), functools.partial(int, base=2)]
DISPATCH = {"+": operator.add, "-": lambda a, b: a - b, "m": Base.base, "c": Base, "s": str.upper, "b": INSTANCE.base}
REGEXES = [re.compile(r"a+", re.M | re.S), re.compile(rb"\xff"), re.compile("(?x) a # b")]
MOMENTS = (
    datetime.date(2020, 2, 29), datetime.datetime(2020, 1, 2, 3, 4, 5, 6, fold=1), datetime.time(1, 2),
    datetime.timedelta(days=1, microseconds=2), datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=2), "X"),
    datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
)
EXACT = (decimal.Decimal("1.10"), decimal.Decimal("NaN"), decimal.Decimal("-0"), fractions.Fraction(1, 3))
IDENTITIES = (uuid.UUID("12345678123456781234567812345678"), pathlib.PurePosixPath("a/b"), pathlib.Path("c"), pathlib.PureWindowsPath("d\\e"))
COLLECTIONS = (
    deque([1, 2], maxlen=3), defaultdict(list, {"a": [1]}), Counter("abca"), OrderedDict(b=1, a=2), ChainMap({"a": 1}, {"b": 2}),
    types.SimpleNamespace(a=1, b=[2]), types.MappingProxyType({"k": 1}), bytearray(b"ab"), range(1, 10, 2), slice(1, None, 2),
)
DATA = [Point(1), Frozen(Point(2)), Slotted(1), Pair(1), Triple(1), Defaults(2), Weekday.FIRST, Permission.ALL, Level.LOW, Word.TWO]
DESCRIBED = Described()
DESCRIBED.count = "3"
OPERATORS = Operators([1, 2])
DEEP = {("t", 1): [{"s": {1, "a", (2, 3)}, "f": frozenset([b"b", 2.5, None])}, ({}, [], set(), frozenset(), ())]}
SELF = [1]
SELF.append(SELF)
SHARED = [1]
ALIASED = [SHARED, SHARED, [1]]
SENTINEL = object
TEMPLATE = string.Template("$a ${b}")
ALIAS = dict[str, list[int]]
OPTIONAL = Optional[Union[int, "str"]]
CALLABLE = Callable[[int], Any]
LOCALS = threading.local()
RLOCK = threading.RLock()
EVENT = threading.Event()
CONSTANT_ITERATORS = (itertools.count(3, 2), itertools.repeat)


def uses_operators(xs):
    return sorted(xs, key=GET), ATTRIBUTE(xs), METHODCALL(xs), ADD(1, 2), KEYED(plain)


def uses_partials(x):
    return [p(x) for p in PARTIALS]


def uses_dispatch(k, *a):
    return DISPATCH[k](*a)


def uses_regexes(x):
    return [r.search(x) for r in REGEXES]


def uses_moments():
    return MOMENTS


def uses_exact():
    return EXACT


def uses_identities():
    return IDENTITIES


def uses_collections():
    return COLLECTIONS


def uses_instances():
    return DATA


def uses_described():
    return DESCRIBED.count, Described.label


def uses_call_operator(x):
    return OPERATORS(x), OPERATORS + OPERATORS


def uses_deep():
    return DEEP


def uses_cycle():
    return SELF


def uses_aliases():
    return ALIASED


def uses_sentinel(x):
    return x is SENTINEL


def uses_template(x):
    return TEMPLATE.substitute(a=x, b=1)


def uses_type_aliases(x):
    return ALIAS, OPTIONAL, CALLABLE


def uses_classified():
    return LOCALS, RLOCK, EVENT, LOG, LOCK


def uses_iterators():
    return CONSTANT_ITERATORS


def uses_module_attribute(x):
    return string.ascii_letters, math.pi, math.inf, operator.mul(x, 2), datetime.date.min, decimal.Decimal.sqrt


def uses_copy(x):
    return copy.deepcopy(x), copy.copy(DATA)


def overloaded_helper(x):
    return overloaded(x)


@overload
def overloaded(x: int) -> int: ...


@overload
def overloaded(x: str) -> str: ...


def overloaded(x):
    return x


def attributed(x):
    return attributed.calls, x


attributed.calls = 3
attributed.table = {"k": plain}


# Decorators -----------------------------------------------------------------------------------------------------------


def bare_decorator(function):
    def wrapper(*args):
        return function(*args)

    return wrapper


def with_arguments(times, *, tag="x"):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kw):
            return [function(*args, **kw) for _ in range(times)], tag

        wrapper.tag = tag
        return wrapper

    return decorate


@bare_decorator
def unwrapped(x):
    return x


@with_arguments(3, tag="y")
@decorator
@bare_decorator
def thrice(x):
    return x


class DecoratedMethods:
    @classmethod
    @decorator
    def two(cls):
        return 2

    @property
    @functools.lru_cache(maxsize=8)
    def three(self):
        return 3

    @staticmethod
    @with_arguments(2)
    def four():
        return 4

    five = property(operator.attrgetter("k"))
    six = lambda self: self.five
    seven = plain


@functools.cache
def cached_forever(n):
    return n if n < 2 else cached_forever(n - 1) + cached_forever(n - 2)


@functools.lru_cache(typed=True)
def typed_cache(x):
    return x


def uses_caches(x):
    return cached_forever(x), typed_cache(x)


# Recursion ------------------------------------------------------------------------------------------------------------


def ping(n):
    return pong(n - 1) if n else "ping"


def pong(n):
    return ping(n - 1) if n else "pong"


def rock(n):
    return paper(n - 1) if n else 1


def paper(n):
    return scissors(n - 1) if n else 2


def scissors(n):
    return rock(n - 1) if n else 3


def twin_a(n):
    return twin_b(n - 1)


def twin_b(n):
    return twin_a(n - 1)


class Tree:
    def __init__(self, children=()):
        self.children = [Tree(c) for c in children]

    def walk(self):
        return visit(self)

    def parent(self):
        return Forest(self)


class Forest(Tree):
    def walk(self):
        return [visit(c) for c in self.children]


def visit(node):
    return Tree.walk(node) if isinstance(node, Tree) else build_tree(node)


def build_tree(x):
    return Tree(x).walk()


def self_in_container(x):
    return STEPS[x](x)


STEPS = {0: self_in_container, 1: plain, "others": [ping, Tree]}


def self_as_default(x, f=plain):
    return f(x, self_as_default)


self_as_default.__defaults__ = (self_as_default,)


# Imports --------------------------------------------------------------------------------------------------------------

try:
    import not_installed_anywhere as maybe
except ImportError:
    maybe = None

if len("ab") == 2:

    def chosen(x):
        return x + 1

else:

    def chosen(x):
        return x + 2


def uses_conditional(x):
    return maybe, chosen(x)


def imports_library(x):
    import collections.abc
    import colorsys as colours
    import xml.dom.minidom
    from json import decoder, dumps as text
    from xml.etree import ElementTree

    return collections.abc.Mapping, xml.dom.minidom.parseString, text(x), decoder.JSONDecoder, ElementTree.XML, colours.hls_to_rgb


def imports_late(x):
    if x:
        import colorsys

        return colorsys.rgb_to_hsv
    try:
        import tomllib as parser
    except ImportError:
        parser = None
    return parser


def imports_package(x):
    import golden_package

    return golden_package.welcome(x) + golden_package.EXPORTED


def imports_submodule(x):
    import golden_package.inner as inner
    import golden_package.numbers_

    return inner.deep(x) + golden_package.numbers_.THREE


def imports_names(x):
    from golden_package import inner, triple, welcome
    from golden_package.numbers_ import THREE as three

    return triple(x), inner.deep(x), welcome(three)


def imports_installed(x):
    import msgpack as packer
    from filelock import FileLock
    from joblib import hashing, parallel as workers

    return packer.packb(x), FileLock, hashing.hash, workers.Parallel


def imports_by_call(x):
    return importlib.import_module("golden_package.inner").deep(x)


def imports_missing(x):
    try:
        import module_that_is_nowhere
        from golden_package import name_that_is_nowhere
    except ImportError:
        return None
    return module_that_is_nowhere, name_that_is_nowhere


import importlib


class ImportsInMethods:
    from golden_package.numbers_ import triple

    def run(self, x):
        from golden_package import inner

        class Local(inner.deep.__class__ if False else object):
            from golden_package import EXPORTED

        return inner.deep(x), Local.EXPORTED


def undefined_chain(x):
    return nowhere.at.all(x), math.not_there, golden_missing[x].y


def annotations_that_count(x):
    return typing.get_type_hints(annotated_helper)


def annotated_helper(a: int, b: "str | None" = None, *c: float, d: Optional[list[int]] = None) -> "Point":
    return a


def looks_at_fields(x):
    return Point.__annotations__, Point.__dataclass_fields__["x"], Point.__match_args__


def names_locals(x, y=1):
    z = x
    return locals(), vars(), dir()
