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
