"""The cases: each is a small project, an edit of it, the calls that are made before and after, and a claim.

The claim says whether the edit changes what the calls give. It is not believed: each case is run without any cache
before and after, and has to give what it claims.

Every `mod.py` starts with `HEAD`. The cached function says by `sys.audit("versus.ran")` that its body runs: that is
neither a value nor state, and reads the same before and after.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

HEAD = "import sys\n\nfrom adapter import cached\n\n"


@dataclass(frozen=True)
class Case:
    """One edit.

    Attributes:
        name: what is edited, in words; no two cases share it.
        kind: the kind of thing that is edited.
        changes: the claim.
        calls: expressions, evaluated among the names of `mod`.
        before: the text of each file.
        after: the text of each file; a file that is missing here is deleted by the edit.
    """

    name: str
    kind: str
    changes: bool
    calls: tuple[str, ...]
    before: dict[str, str]
    after: dict[str, str]


CASES: list[Case] = []


class Edit:
    """The old and the new text of one place in a file; the old text must be there once."""

    def __init__(self, old: str, new: str, file: str = "mod.py") -> None:
        self.old, self.new, self.file = old, new, file

    def apply(self, files: dict[str, str]) -> dict[str, str]:
        """The files after the edit."""
        text = files[self.file]
        if text.count(self.old) != 1:
            raise ValueError(f"{self.old!r} is {text.count(self.old)} times in {self.file}")
        return {**files, self.file: text.replace(self.old, self.new)}


class Put:
    """A file as it is after the edit, whether or not it was there; without a text, it isn't there afterwards."""

    def __init__(self, file: str, text: str | None) -> None:
        self.file, self.text = file, text

    def apply(self, files: dict[str, str]) -> dict[str, str]:
        """The files after the edit."""
        others = {name: text for name, text in files.items() if name != self.file}
        return others if self.text is None else {**others, **_files({self.file: self.text})}


def _files(files: dict[str, str]) -> dict[str, str]:
    shown = {name: textwrap.dedent(text).lstrip("\n") for name, text in files.items()}
    return {name: HEAD + text if name == "mod.py" else text for name, text in shown.items()}


def _case(
    name: str, kind: str, calls: str, mod: str, *edits: Edit | Put, changes: bool, files: dict[str, str] | None = None
) -> None:
    before = _files({"mod.py": mod, **(files or {})})
    after = before
    for edit in edits:
        after = edit.apply(after)
    CASES.append(Case(name, kind, changes, tuple(calls.split("; ")), before, after))


def changes(
    name: str, kind: str, calls: str, mod: str, *edits: Edit | Put, files: dict[str, str] | None = None
) -> None:
    """A case in which at least one call gives something else after the edit."""
    _case(name, kind, calls, mod, *edits, changes=True, files=files)


def same(name: str, kind: str, calls: str, mod: str, *edits: Edit | Put, files: dict[str, str] | None = None) -> None:
    """A case in which every call gives what it gave."""
    _case(name, kind, calls, mod, *edits, changes=False, files=files)


# --------------------------------------------------------------------------------------------- the function itself

changes(
    "its own body",
    "body",
    "postage(40); postage(900)",
    """
    @cached
    def postage(grams):
        sys.audit("versus.ran")
        return 2 if grams < 50 else 5
    """,
    Edit("grams < 50", "grams < 30"),
)

changes(
    "a comparison that takes in its limit",
    "body",
    "adults([17, 18, 19])",
    """
    @cached
    def adults(ages):
        sys.audit("versus.ran")
        return [age for age in ages if age > 18]
    """,
    Edit("age > 18", "age >= 18"),
)

changes(
    "one name of a module for another, math.sin for math.cos",
    "body",
    "height(1.0)",
    """
    import math

    @cached
    def height(angle):
        sys.audit("versus.ran")
        return 10 * math.sin(angle)
    """,
    Edit("math.sin", "math.cos"),
)

changes(
    "a line that leaves the loop",
    "body",
    "runs([1, 2, 3])",
    """
    @cached
    def runs(scores):
        sys.audit("versus.ran")
        total, bonus = 0, 0
        for score in scores:
            total += score
            bonus += 1
        return total * 10 + bonus
    """,
    Edit("        bonus += 1", "    bonus += 1"),
)

changes(
    "a line that moves from try to else",
    "body",
    "reading({'temp': '21'}); reading({'temp': 'warm'})",
    """
    def parse(text):
        return int(text)

    def label(value):
        return {20: "mild"}[value]

    @cached
    def reading(row):
        sys.audit("versus.ran")
        try:
            return guarded(row)
        except KeyError:
            return "no label"

    def guarded(row):
        try:
            value = parse(row["temp"])
            return label(value)
        except (ValueError, KeyError):
            return "unreadable"
    """,
    Edit(
        """        value = parse(row["temp"])
        return label(value)
    except (ValueError, KeyError):
        return "unreadable"
""",
        """        value = parse(row["temp"])
    except (ValueError, KeyError):
        return "unreadable"
    else:
        return label(value)
""",
    ),
)

changes(
    "True for 1",
    "constant",
    "flag(0)",
    """
    @cached
    def flag(level):
        sys.audit("versus.ran")
        return [level, 1]
    """,
    Edit("[level, 1]", "[level, True]"),
)

changes(
    "1.0 for 1 in a helper",
    "constant",
    "share(4)",
    """
    def step():
        return 1

    @cached
    def share(parts):
        sys.audit("versus.ran")
        return parts + step()
    """,
    Edit("return 1", "return 1.0"),
)

changes(
    "-0.0 for 0.0",
    "constant",
    "floor(-3.0)",
    """
    ZERO = 0.0

    @cached
    def floor(value):
        sys.audit("versus.ran")
        return value if value > 0 else ZERO
    """,
    Edit("ZERO = 0.0", "ZERO = -0.0"),
)

changes(
    "a space within a text",
    "constant",
    "join(['a', 'b'])",
    """
    def glue():
        return ","

    @cached
    def join(words):
        sys.audit("versus.ran")
        return glue().join(words)
    """,
    Edit('","', '", "'),
)

changes(
    "a local name that an f-string shows",
    "body",
    "report(7)",
    """
    def shown(count):
        total = count * 2
        return f"{total=}"

    @cached
    def report(count):
        sys.audit("versus.ran")
        return shown(count)
    """,
    Edit('total = count * 2\n    return f"{total=}"', 'amount = count * 2\n    return f"{amount=}"'),
)

changes(
    "the digits of a format",
    "body",
    "label(2.345)",
    """
    def text(value):
        return f"{value:.1f} kg"

    @cached
    def label(value):
        sys.audit("versus.ran")
        return text(value)
    """,
    Edit(":.1f", ":.2f"),
)

changes(
    "its own default",
    "default",
    "crop(list(range(6)))",
    """
    @cached
    def crop(items, width=3):
        sys.audit("versus.ran")
        return items[:width]
    """,
    Edit("width=3", "width=4"),
)

changes(
    "a function within the function",
    "closure",
    "ladder(3)",
    """
    @cached
    def ladder(steps):
        sys.audit("versus.ran")

        def rung(number):
            return number * 30

        return [rung(number) for number in range(steps)]
    """,
    Edit("number * 30", "number * 28"),
)

# ------------------------------------------------------------------------------------------------------- helpers

changes(
    "a helper's body",
    "helper",
    "price(3)",
    """
    def fee(weight):
        return weight * 2

    @cached
    def price(weight):
        sys.audit("versus.ran")
        return 10 + fee(weight)
    """,
    Edit("weight * 2", "weight * 3"),
)

changes(
    "a helper's helper, two modules away",
    "helper",
    "quote(5)",
    """
    from tariff import tariff

    @cached
    def quote(zone):
        sys.audit("versus.ran")
        return tariff(zone)
    """,
    Edit("zone + 4", "zone + 6", "rates.py"),
    files={
        "tariff.py": """
        from rates import base

        def tariff(zone):
            return base(zone) * 100
        """,
        "rates.py": """
        def base(zone):
            return zone + 4
        """,
    },
)

changes(
    "a helper's default",
    "default",
    "mean([1.26, 2.31])",
    """
    def tidy(value, digits=1):
        return round(value, digits)

    @cached
    def mean(values):
        sys.audit("versus.ran")
        return tidy(sum(values) / len(values))
    """,
    Edit("digits=1", "digits=2"),
)

changes(
    "a helper's keyword-only default",
    "default",
    "ranking([3, 1, 2])",
    """
    def ordered(values, *, down=False):
        return sorted(values, reverse=down)

    @cached
    def ranking(values):
        sys.audit("versus.ran")
        return ordered(values)
    """,
    Edit("down=False", "down=True"),
)

changes(
    "a helper's default that a constant gives",
    "default",
    "wait(2)",
    """
    PAUSE = 5

    def delay(tries, pause=PAUSE):
        return tries * pause

    @cached
    def wait(tries):
        sys.audit("versus.ran")
        return delay(tries)
    """,
    Edit("PAUSE = 5", "PAUSE = 8"),
)

changes(
    "a helper's parameters in another order",
    "helper",
    "change(20, 3)",
    """
    def less(paid, due):
        return paid - due

    @cached
    def change(paid, due):
        sys.audit("versus.ran")
        return less(paid, due)
    """,
    Edit("def less(paid, due)", "def less(due, paid)"),
)

changes(
    "a helper that gives by yield",
    "helper",
    "steps(4)",
    """
    def halves(value):
        while value > 1:
            yield value
            value //= 2

    @cached
    def steps(value):
        sys.audit("versus.ran")
        return list(halves(value))
    """,
    Edit("value > 1", "value > 0"),
)

changes(
    "a helper that is awaited",
    "helper",
    "fetch(3)",
    """
    import asyncio

    async def page(number):
        await asyncio.sleep(0)
        return number * 10

    @cached
    def fetch(number):
        sys.audit("versus.ran")
        return asyncio.run(page(number))
    """,
    Edit("number * 10", "number * 20"),
)

changes(
    "a helper that is a context manager",
    "helper",
    "inside(1)",
    """
    import contextlib

    @contextlib.contextmanager
    def doubled(value):
        yield value * 2

    @cached
    def inside(value):
        sys.audit("versus.ran")
        with doubled(value) as result:
            return result
    """,
    Edit("value * 2", "value * -2"),
)

changes(
    "a helper behind lru_cache",
    "helper",
    "tiles(3)",
    """
    import functools

    @functools.lru_cache(maxsize=None)
    def area(side):
        return side * side

    @cached
    def tiles(side):
        sys.audit("versus.ran")
        return area(side) + 1
    """,
    Edit("side * side", "side * (side + 1)"),
)

changes(
    "a helper that is the key of a sort",
    "helper",
    "queue(['bb', 'a', 'ccc'])",
    """
    def rank(name):
        return len(name)

    @cached
    def queue(names):
        sys.audit("versus.ran")
        return sorted(names, key=rank)
    """,
    Edit("return len(name)", "return -len(name)"),
)

changes(
    "two helpers that call each other",
    "helper",
    "parity(7)",
    """
    def even(n):
        return "even" if n == 0 else odd(n - 1)

    def odd(n):
        return "odd" if n == 0 else even(n - 1)

    @cached
    def parity(n):
        sys.audit("versus.ran")
        return even(n)
    """,
    Edit('return "odd"', 'return "uneven"'),
)

changes(
    "a helper that is cached itself",
    "helper",
    "bill(2)",
    """
    @cached
    def net(hours):
        sys.audit("versus.ran")
        return hours * 80

    @cached
    def bill(hours):
        sys.audit("versus.ran")
        return net(hours) + 7
    """,
    Edit("hours * 80", "hours * 90"),
)

changes(
    "a comprehension in a helper",
    "helper",
    "odd([1, 2, 3, 4])",
    """
    def kept(values):
        return {value: value * value for value in values if value % 2}

    @cached
    def odd(values):
        sys.audit("versus.ran")
        return kept(values)
    """,
    Edit("value * value", "value * value * value"),
)

changes(
    "a function that is passed as an argument",
    "argument",
    "apply(double, 4)",
    """
    def double(value):
        return value * 2

    @cached
    def apply(step, value):
        sys.audit("versus.ran")
        return step(value)
    """,
    Edit("value * 2", "value * 2 + 1"),
)

changes(
    "the class of an argument",
    "argument",
    "tax(Item(100))",
    """
    class Item:
        def __init__(self, price):
            self.price = price

        def gross(self):
            return self.price * 119 // 100

    @cached
    def tax(item):
        sys.audit("versus.ran")
        return item.gross() - item.price
    """,
    Edit("* 119", "* 107"),
)

# --------------------------------------------------------------------------- globals, containers, closures, decorators

changes(
    "a constant",
    "global",
    "capped(70)",
    """
    LIMIT = 50

    @cached
    def capped(value):
        sys.audit("versus.ran")
        return min(value, LIMIT)
    """,
    Edit("LIMIT = 50", "LIMIT = 60"),
)

changes(
    "a constant that only a helper reads",
    "global",
    "netto(100)",
    """
    from tax import without

    @cached
    def netto(gross):
        sys.audit("versus.ran")
        return without(gross)
    """,
    Edit("RATE = 19", "RATE = 16", "tax.py"),
    files={
        "tax.py": """
        RATE = 19

        def without(gross):
            return gross * 100 // (100 + RATE)
        """
    },
)

changes(
    "a constant of a module, read by its name there",
    "global",
    "page(95)",
    """
    import layout

    @cached
    def page(row):
        sys.audit("versus.ran")
        return row // layout.ROWS
    """,
    Edit("ROWS = 40", "ROWS = 30", "layout.py"),
    files={"layout.py": "ROWS = 40\n"},
)

changes(
    "a constant of a module, read in a helper under another name for the module",
    "global",
    "columns(95)",
    """
    import layout as look

    def across(row):
        return row // look.WIDTH

    @cached
    def columns(row):
        sys.audit("versus.ran")
        return across(row)
    """,
    Edit("WIDTH = 10", "WIDTH = 12", "layout.py"),
    files={"layout.py": "WIDTH = 10\n"},
)

changes(
    "one value in a dict",
    "global",
    "toll('car')",
    """
    TOLLS = {"car": 4, "bus": 9}

    @cached
    def toll(vehicle):
        sys.audit("versus.ran")
        return TOLLS[vehicle]
    """,
    Edit('"car": 4', '"car": 5'),
)

changes(
    "the type of one value in a dict",
    "global",
    "gear('reverse')",
    """
    GEARS = {"first": 1, "reverse": -1}

    def lookup(name):
        return GEARS[name]

    @cached
    def gear(name):
        sys.audit("versus.ran")
        return repr(lookup(name))
    """,
    Edit('"reverse": -1', '"reverse": "-1"'),
)

changes(
    "a dict that is changed after it was made",
    "global",
    "stock('nails')",
    """
    STOCK = {"nails": 100}
    STOCK.update(nails=120)

    @cached
    def stock(name):
        sys.audit("versus.ran")
        return STOCK[name]
    """,
    Edit("nails=120", "nails=130"),
)

changes(
    "a compiled regular expression",
    "global",
    "codes('A1 B22 C')",
    r"""
    import re

    CODE = re.compile(r"[A-Z]\d")

    @cached
    def codes(text):
        sys.audit("versus.ran")
        return CODE.findall(text)
    """,
    Edit(r"[A-Z]\d", r"[A-Z]\d+"),
)

changes(
    "a global that names another function",
    "global",
    "greet('Ada')",
    """
    def formal(name):
        return "Dear " + name

    def casual(name):
        return "Hi " + name

    style = formal

    @cached
    def greet(name):
        sys.audit("versus.ran")
        return style(name)
    """,
    Edit("style = formal", "style = casual"),
)

changes(
    "a name that hides a builtin",
    "global",
    "total([1, 2])",
    """
    @cached
    def total(values):
        sys.audit("versus.ran")
        return sum(values)
    """,
    Edit("@cached", "def sum(values):\n    return len(values)\n\n@cached"),
)

changes(
    "the state of an instance",
    "global",
    "shift(3)",
    """
    class Clock:
        def __init__(self, offset):
            self.offset = offset

    HERE = Clock(2)

    @cached
    def shift(hour):
        sys.audit("versus.ran")
        return hour + HERE.offset
    """,
    Edit("Clock(2)", "Clock(1)"),
)

changes(
    "the instance of a bound method",
    "global",
    "mixed(3)",
    """
    class Mixer:
        def __init__(self, part):
            self.part = part

        def mix(self, amount):
            return amount * self.part

    blend = Mixer(4).mix

    @cached
    def mixed(amount):
        sys.audit("versus.ran")
        return blend(amount)
    """,
    Edit("Mixer(4)", "Mixer(5)"),
)

changes(
    "the argument of a partial",
    "global",
    "hexed('1f')",
    """
    from functools import partial

    number = partial(int, base=16)

    @cached
    def hexed(text):
        sys.audit("versus.ran")
        return number(text)
    """,
    Edit("base=16", "base=32"),
)

changes(
    "the function behind a partial",
    "global",
    "rescaled(8)",
    """
    from functools import partial

    def scale(value, by):
        return value * by

    tenfold = partial(scale, by=10)

    @cached
    def rescaled(value):
        sys.audit("versus.ran")
        return tenfold(value)
    """,
    Edit("value * by", "value * by + 1"),
)

changes(
    "the name that an attrgetter has",
    "global",
    "spent([complex(1, 2)])",
    """
    from operator import attrgetter

    part = attrgetter("real")

    @cached
    def spent(values):
        sys.audit("versus.ran")
        return [part(value) for value in values]
    """,
    Edit('"real"', '"imag"'),
)

changes(
    "a lambda in a table",
    "container",
    "convert('f', 10)",
    """
    SCALES = {"f": lambda c: c * 9 / 5 + 32, "k": lambda c: c + 273}

    @cached
    def convert(scale, celsius):
        sys.audit("versus.ran")
        return SCALES[scale](celsius)
    """,
    Edit("+ 32", "+ 30"),
)

changes(
    "a function in a list",
    "container",
    "cleaned(' Ab ')",
    """
    def trim(text):
        return text.strip()

    def lower(text):
        return text.lower()

    STEPS = [trim, lower]

    @cached
    def cleaned(text):
        sys.audit("versus.ran")
        for step in STEPS:
            text = step(text)
        return text
    """,
    Edit("text.strip()", "text.lstrip()"),
)

changes(
    "the order of functions in a list",
    "container",
    "computed(3)",
    """
    def doubled(value):
        return value * 2

    def raised(value):
        return value + 1

    STEPS = (doubled, raised)

    @cached
    def computed(value):
        sys.audit("versus.ran")
        for step in STEPS:
            value = step(value)
        return value
    """,
    Edit("(doubled, raised)", "(raised, doubled)"),
)

changes(
    "a class in a table",
    "container",
    "sound('dog')",
    """
    class Dog:
        def say(self):
            return "wuff"

    class Cat:
        def say(self):
            return "miau"

    ANIMALS = {"dog": Dog, "cat": Cat}

    @cached
    def sound(name):
        sys.audit("versus.ran")
        return ANIMALS[name]().say()
    """,
    Edit('"wuff"', '"woof"'),
)

changes(
    "a registry that another module fills",
    "registry",
    "export('csv')",
    """
    import formats
    import registry

    @cached
    def export(kind):
        sys.audit("versus.ran")
        return registry.WRITERS[kind](["a", "b"])
    """,
    Edit('";".join', '",".join', "formats.py"),
    files={
        "registry.py": """
        WRITERS = {}

        def writer(kind):
            def register(function):
                WRITERS[kind] = function
                return function

            return register
        """,
        "formats.py": """
        from registry import writer

        @writer("csv")
        def csv(row):
            return ";".join(row)
        """,
    },
)

changes(
    "an implementation that singledispatch gets",
    "registry",
    "described(3)",
    """
    import functools

    @functools.singledispatch
    def describe(value):
        return "something"

    @describe.register
    def _(value: str):
        return "text"

    @cached
    def described(value):
        sys.audit("versus.ran")
        return describe(value)
    """,
    Edit("@cached", '@describe.register\ndef _(value: int):\n    return "number"\n\n@cached'),
)

changes(
    "a subclass that registers itself",
    "registry",
    "shapes()",
    """
    class Shape:
        known = []

        def __init_subclass__(cls):
            Shape.known.append(cls)

    class Square(Shape):
        corners = 4

    @cached
    def shapes():
        sys.audit("versus.ran")
        return sum(kind.corners for kind in Shape.known)
    """,
    Edit("@cached", "class Triangle(Shape):\n    corners = 3\n\n@cached"),
)

changes(
    "a closure's value",
    "closure",
    "louder(3)",
    """
    def gain(factor):
        def amplify(level):
            return level * factor

        return amplify

    boost = gain(2)

    @cached
    def louder(level):
        sys.audit("versus.ran")
        return boost(level)
    """,
    Edit("gain(2)", "gain(3)"),
)

changes(
    "the body of a closure",
    "closure",
    "quieter(9)",
    """
    def gain(factor):
        def damp(level):
            return level // factor

        return damp

    lower = gain(2)

    @cached
    def quieter(level):
        sys.audit("versus.ran")
        return lower(level)
    """,
    Edit("level // factor", "level / factor"),
)

changes(
    "a decorator of a helper",
    "decorator",
    "offer(10)",
    """
    import functools

    def discount(function):
        @functools.wraps(function)
        def wrapper(amount):
            return function(amount) - 1

        return wrapper

    @discount
    def cost(amount):
        return amount * 3

    @cached
    def offer(amount):
        sys.audit("versus.ran")
        return cost(amount)
    """,
    Edit("function(amount) - 1", "function(amount) - 2"),
)

changes(
    "a helper behind a decorator that hides it",
    "decorator",
    "sale(10)",
    """
    def rounded(function):
        def wrapper(*args):
            return round(function(*args))

        return wrapper

    @rounded
    def cost(amount):
        return amount * 0.25

    @cached
    def sale(amount):
        sys.audit("versus.ran")
        return cost(amount)
    """,
    Edit("amount * 0.25", "amount * 0.45"),
)

changes(
    "the argument of a decorator",
    "decorator",
    "tries(1)",
    """
    def times(count):
        def decorate(function):
            def wrapper(value):
                for _ in range(count):
                    value = function(value)
                return value

            return wrapper

        return decorate

    @times(3)
    def grow(value):
        return value * 2

    @cached
    def tries(value):
        sys.audit("versus.ran")
        return grow(value)
    """,
    Edit("@times(3)", "@times(4)"),
)

# ------------------------------------------------------------------------------------------------------- classes

changes(
    "a method",
    "class",
    "perimeter(3)",
    """
    class Square:
        def __init__(self, side):
            self.side = side

        def around(self):
            return 4 * self.side

    @cached
    def perimeter(side):
        sys.audit("versus.ran")
        return Square(side).around()
    """,
    Edit("4 * self.side", "4 * self.side + 1"),
)

changes(
    "__init__",
    "class",
    "ticket(12)",
    """
    class Fare:
        def __init__(self, age):
            self.half = age < 12

    @cached
    def ticket(age):
        sys.audit("versus.ran")
        return 5 if Fare(age).half else 10
    """,
    Edit("age < 12", "age < 14"),
)

changes(
    "a class attribute",
    "class",
    "speed('bike')",
    """
    class Bike:
        gears = 7

    @cached
    def speed(name):
        sys.audit("versus.ran")
        return name, Bike.gears
    """,
    Edit("gears = 7", "gears = 8"),
)

changes(
    "a class attribute of a base in another module",
    "class",
    "legs()",
    """
    from animals import Animal

    class Spider(Animal):
        def count(self):
            return self.legs * 2

    @cached
    def legs():
        sys.audit("versus.ran")
        return Spider().count()
    """,
    Edit("legs = 4", "legs = 3", "animals.py"),
    files={"animals.py": "class Animal:\n    legs = 4\n"},
)

changes(
    "a base class's method",
    "class",
    "sign(5)",
    """
    from boards import Board

    class Street(Board):
        pass

    @cached
    def sign(number):
        sys.audit("versus.ran")
        return Street().text(number)
    """,
    Edit('"No. "', '"Nr. "', "boards.py"),
    files={
        "boards.py": """
        class Board:
            def text(self, number):
                return "No. " + str(number)
        """
    },
)

changes(
    "a method that super() finds",
    "class",
    "salary(1)",
    """
    class Worker:
        def pay(self, months):
            return months * 3000

    class Lead(Worker):
        def pay(self, months):
            return super().pay(months) + 500

    @cached
    def salary(months):
        sys.audit("versus.ran")
        return Lead().pay(months)
    """,
    Edit("* 3000", "* 3100"),
)

changes(
    "an override that is added",
    "class",
    "speak()",
    """
    class Parrot:
        def words(self):
            return 20

    class Macaw(Parrot):
        colour = "blue"

    @cached
    def speak():
        sys.audit("versus.ran")
        return Macaw().words()
    """,
    Edit('colour = "blue"', 'colour = "blue"\n\n    def words(self):\n        return 80'),
)

changes(
    "the order of the bases",
    "class",
    "drawn()",
    """
    class Red:
        def name(self):
            return "red"

    class Blue:
        def name(self):
            return "blue"

    class Ink(Red, Blue):
        pass

    @cached
    def drawn():
        sys.audit("versus.ran")
        return Ink().name()
    """,
    Edit("Ink(Red, Blue)", "Ink(Blue, Red)"),
)

changes(
    "__add__",
    "class",
    "purse(3, 4)",
    """
    class Coin:
        def __init__(self, cents):
            self.cents = cents

        def __add__(self, other):
            return Coin(self.cents + other.cents)

    @cached
    def purse(one, two):
        sys.audit("versus.ran")
        return (Coin(one) + Coin(two)).cents
    """,
    Edit("self.cents + other.cents", "self.cents + other.cents + 1"),
)

changes(
    "__bool__ that is added",
    "class",
    "open_days([0, 3])",
    """
    class Shop:
        def __init__(self, hours):
            self.hours = hours

    @cached
    def open_days(days):
        sys.audit("versus.ran")
        return [bool(Shop(hours)) for hours in days]
    """,
    Edit("self.hours = hours", "self.hours = hours\n\n    def __bool__(self):\n        return self.hours > 0"),
)

changes(
    "a property",
    "class",
    "volume(2)",
    """
    class Cube:
        def __init__(self, edge):
            self.edge = edge

        @property
        def size(self):
            return self.edge**2

    @cached
    def volume(edge):
        sys.audit("versus.ran")
        return Cube(edge).size
    """,
    Edit("self.edge**2", "self.edge**3"),
)

changes(
    "a class method",
    "class",
    "moved(4)",
    """
    class Point:
        def __init__(self, x):
            self.x = x

        @classmethod
        def right(cls, x):
            return cls(x + 1)

    @cached
    def moved(x):
        sys.audit("versus.ran")
        return Point.right(x).x
    """,
    Edit("cls(x + 1)", "cls(x + 2)"),
)

changes(
    "a descriptor's __get__",
    "class",
    "celsius()",
    """
    class Degrees:
        def __get__(self, instance, owner):
            return 20

    class Room:
        warmth = Degrees()

    @cached
    def celsius():
        sys.audit("versus.ran")
        return Room().warmth
    """,
    Edit("return 20", "return 21"),
)

changes(
    "a metaclass",
    "class",
    "version()",
    """
    class Versioned(type):
        def __call__(cls):
            made = super().__call__()
            made.number = 1
            return made

    class Schema(metaclass=Versioned):
        pass

    @cached
    def version():
        sys.audit("versus.ran")
        return Schema().number
    """,
    Edit("made.number = 1", "made.number = 2"),
)

changes(
    "the default of a dataclass's field",
    "class",
    "basket(3)",
    """
    from dataclasses import dataclass

    @dataclass
    class Line:
        count: int
        price: int = 5

    @cached
    def basket(count):
        sys.audit("versus.ran")
        line = Line(count)
        return line.count * line.price
    """,
    Edit("price: int = 5", "price: int = 6"),
)

changes(
    "the order of a named tuple's fields",
    "class",
    "place(1, 2)",
    """
    from typing import NamedTuple

    class Seat(NamedTuple):
        row: int
        number: int

    @cached
    def place(one, two):
        sys.audit("versus.ran")
        return Seat(one, two).row
    """,
    Edit("row: int\n    number: int", "number: int\n    row: int"),
)

changes(
    "the value of an enum's member",
    "class",
    "level('HIGH')",
    """
    import enum

    class Alarm(enum.Enum):
        LOW = 1
        HIGH = 2

    @cached
    def level(name):
        sys.audit("versus.ran")
        return Alarm[name].value
    """,
    Edit("HIGH = 2", "HIGH = 3"),
)

changes(
    "what a class pattern matches by",
    "class",
    "axis(1, 2)",
    """
    class Vector:
        __match_args__ = ("x", "y")

        def __init__(self, x, y):
            self.x, self.y = x, y

    @cached
    def axis(x, y):
        sys.audit("versus.ran")
        match Vector(x, y):
            case Vector(first):
                return first
    """,
    Edit('("x", "y")', '("y", "x")'),
)

changes(
    "a method that is named by a text",
    "class",
    "ask('open')",
    """
    class Door:
        def on_open(self):
            return "creak"

        def on_close(self):
            return "bang"

    @cached
    def ask(event):
        sys.audit("versus.ran")
        return getattr(Door(), "on_" + event)()
    """,
    Edit('"creak"', '"squeak"'),
)

changes(
    "a docstring that is read",
    "docstring",
    "usage()",
    '''
    def brew(cups):
        """Makes tea."""
        return cups

    @cached
    def usage():
        sys.audit("versus.ran")
        return brew.__doc__
    ''',
    Edit("Makes tea.", "Makes coffee."),
)

changes(
    "annotations that are read",
    "annotation",
    "parsed('7')",
    """
    import typing

    def field(value: int):
        return value

    @cached
    def parsed(text):
        sys.audit("versus.ran")
        return typing.get_type_hints(field)["value"](text)
    """,
    Edit("value: int", "value: float"),
)

# ------------------------------------------------------------------------------------------------------- imports

changes(
    "a helper that a star import brings",
    "import",
    "spelled(3)",
    """
    from numerals import *

    @cached
    def spelled(number):
        sys.audit("versus.ran")
        return word(number)
    """,
    Edit('"*" * number', '"I" * number', "numerals.py"),
    files={"numerals.py": 'def word(number):\n    return "*" * number\n'},
)

changes(
    "a helper that is imported inside the function",
    "import",
    "routed(3)",
    """
    @cached
    def routed(stop):
        sys.audit("versus.ran")
        from lines import following

        return following(stop)
    """,
    Edit("stop + 1", "stop + 2", "lines.py"),
    files={"lines.py": "def following(stop):\n    return stop + 1\n"},
)

changes(
    "a helper that its package takes from another module",
    "import",
    "area(2)",
    """
    from shapes import measure

    @cached
    def area(side):
        sys.audit("versus.ran")
        return measure(side)
    """,
    Edit("from .square import", "from .circle import", "shapes/__init__.py"),
    files={
        "shapes/__init__.py": "from .square import measure\n",
        "shapes/square.py": "def measure(side):\n    return side * side\n",
        "shapes/circle.py": "def measure(side):\n    return 3 * side * side\n",
    },
)

changes(
    "an optional module that appears",
    "import",
    "fastest(3)",
    """
    try:
        from quick import engine
    except ImportError:
        def engine(load):
            return "slow", load

    @cached
    def fastest(load):
        sys.audit("versus.ran")
        return engine(load)
    """,
    Put("quick.py", "def engine(load):\n    return 'quick', load\n"),
)

changes(
    "a flag that decides which helper is defined",
    "import",
    "paint(1)",
    """
    DARK = False

    if DARK:
        def shade(level):
            return level * -1
    else:
        def shade(level):
            return level

    @cached
    def paint(level):
        sys.audit("versus.ran")
        return shade(level)
    """,
    Edit("DARK = False", "DARK = True"),
)

changes(
    "one name of another module for another, in an import",
    "import",
    "ended([1, 2, 3])",
    """
    from ends import first as pick

    @cached
    def ended(values):
        sys.audit("versus.ran")
        return pick(values)
    """,
    Edit("first as pick", "last as pick"),
    files={"ends.py": "def first(values):\n    return values[0]\n\n\ndef last(values):\n    return values[-1]\n"},
)

changes(
    "a module's __getattr__",
    "import",
    "answer()",
    """
    import lazy

    @cached
    def answer():
        sys.audit("versus.ran")
        return lazy.value
    """,
    Edit("return 41", "return 42", "lazy.py"),
    files={"lazy.py": "def __getattr__(name):\n    return 41\n"},
)

# ---------------------------------------------------------------------------------------------------------- data

changes(
    "a file that it reads",
    "data",
    "lines()",
    """
    @cached
    def lines():
        sys.audit("versus.ran")
        with open("stations.txt", encoding="utf-8") as file:
            return file.read().split()
    """,
    Edit("north", "south", "stations.txt"),
    files={"stations.txt": "north\neast\n"},
)

changes(
    "a file that a helper reads through pathlib",
    "data",
    "setting('depth')",
    """
    import json
    from pathlib import Path

    def settings():
        return json.loads(Path("settings.json").read_text(encoding="utf-8"))

    @cached
    def setting(name):
        sys.audit("versus.ran")
        return settings()[name]
    """,
    Edit("3", "4", "settings.json"),
    files={"settings.json": '{"depth": 3}\n'},
)

# more of each kind

changes(
    "parentheses that decide what comes first",
    "body",
    "free(True, False, False)",
    """
    def may_park(resident, guest, paid):
        return (resident or guest) and paid

    @cached
    def free(resident, guest, paid):
        sys.audit("versus.ran")
        return may_park(resident, guest, paid)
    """,
    Edit("(resident or guest) and paid", "resident or (guest and paid)"),
)

changes(
    "the order of except clauses",
    "body",
    "failed({})",
    """
    def attempt(row):
        try:
            return row["id"]
        except LookupError:
            return "lookup"
        except Exception:
            return "other"

    @cached
    def failed(row):
        sys.audit("versus.ran")
        return attempt(row)
    """,
    Edit("except LookupError", "except IndexError"),
)

changes(
    "the order of two decorators",
    "decorator",
    "layered(5)",
    """
    def plus(function):
        return lambda value: function(value) + 1

    def times(function):
        return lambda value: function(value) * 10

    @plus
    @times
    def base(value):
        return value

    @cached
    def layered(value):
        sys.audit("versus.ran")
        return base(value)
    """,
    Edit("@plus\n@times", "@times\n@plus"),
)

changes(
    "the order of a dict",
    "global",
    "menu()",
    """
    DISHES = {"soup": 4, "cake": 3}

    @cached
    def menu():
        sys.audit("versus.ran")
        return list(DISHES)
    """,
    Edit('{"soup": 4, "cake": 3}', '{"cake": 3, "soup": 4}'),
)

changes(
    "a member of a frozenset",
    "global",
    "vowels('yes')",
    """
    VOWELS = frozenset("aeiou")

    @cached
    def vowels(word):
        sys.audit("versus.ran")
        return sum(letter in VOWELS for letter in word)
    """,
    Edit('"aeiou"', '"aeiouy"'),
)

changes(
    "the factory of a defaultdict",
    "container",
    "grouped('ab')",
    """
    from collections import defaultdict

    def start():
        return 0

    def counts(text):
        found = defaultdict(start)
        for letter in text:
            found[letter] += 1
        return dict(found)

    @cached
    def grouped(text):
        sys.audit("versus.ran")
        return counts(text)
    """,
    Edit("return 0", "return 1"),
)

changes(
    "a function that is looked up by name in globals()",
    "global",
    "command('up')",
    """
    def do_up():
        return "rising"

    @cached
    def command(name):
        sys.audit("versus.ran")
        return globals()["do_" + name]()
    """,
    Edit('"rising"', '"climbing"'),
)

changes(
    "a function that eval calls",
    "global",
    "formula(3)",
    """
    def triple(x):
        return 3 * x

    @cached
    def formula(x):
        sys.audit("versus.ran")
        return eval("triple(x) + 1")
    """,
    Edit("3 * x", "3 * x * x"),
)

changes(
    "a hook that another module appends",
    "registry",
    "cleaned(' a ')",
    """
    import hooks
    import plugins

    @cached
    def cleaned(text):
        sys.audit("versus.ran")
        for hook in hooks.HOOKS:
            text = hook(text)
        return text
    """,
    Edit("HOOKS.append(str.strip)", "HOOKS.append(str.strip)\nHOOKS.append(str.upper)", "plugins.py"),
    files={"hooks.py": "HOOKS = []\n", "plugins.py": "from hooks import HOOKS\n\nHOOKS.append(str.strip)\n"},
)

changes(
    "a class that is registered with an abstract one",
    "registry",
    "edible()",
    """
    import abc

    class Food(abc.ABC):
        pass

    class Stone:
        pass

    @cached
    def edible():
        sys.audit("versus.ran")
        return isinstance(Stone(), Food)
    """,
    Edit("@cached", "Food.register(Stone)\n\n@cached"),
)

changes(
    "a method of the standard library that is replaced",
    "registry",
    "dumped(3)",
    """
    import json
    import patches

    class Point:
        def __init__(self, x):
            self.x = x

    @cached
    def dumped(x):
        sys.audit("versus.ran")
        return json.dumps(Point(x))
    """,
    Edit("return vars(value)", "return list(vars(value).values())", "patches.py"),
    files={
        "patches.py": """
        import json

        def as_data(self, value):
            return vars(value)

        json.JSONEncoder.default = as_data
        """
    },
)

changes(
    "the class that an argument is annotated with",
    "argument",
    "owed(Invoice(100))",
    """
    class Invoice:
        def __init__(self, net):
            self.net = net

        def due(self):
            return self.net + 19

    @cached
    def owed(invoice: Invoice):
        sys.audit("versus.ran")
        return invoice.due()
    """,
    Edit("self.net + 19", "self.net + 7"),
)

changes(
    "a method of an instance that has a name",
    "class",
    "depth(3)",
    """
    class Well:
        def __init__(self, rings):
            self.rings = rings

        def metres(self):
            return self.rings * 2

    @cached
    def depth(rings):
        sys.audit("versus.ran")
        well = Well(rings)
        return well.metres()
    """,
    Edit("self.rings * 2", "self.rings * 3"),
)

changes(
    "__call__ of a global instance",
    "class",
    "filtered(7)",
    """
    class Threshold:
        def __init__(self, limit):
            self.limit = limit

        def __call__(self, value):
            return value > self.limit

    passes = Threshold(7)

    @cached
    def filtered(value):
        sys.audit("versus.ran")
        return passes(value)
    """,
    Edit("value > self.limit", "value >= self.limit"),
)

changes(
    "__format__, which an f-string calls",
    "class",
    "priced(3)",
    """
    class Euro:
        def __init__(self, amount):
            self.amount = amount

        def __format__(self, spec):
            return f"{self.amount} EUR"

    @cached
    def priced(amount):
        sys.audit("versus.ran")
        return f"costs {Euro(amount)}"
    """,
    Edit("{self.amount} EUR", "{self.amount}.00 EUR"),
)

changes(
    "__missing__ of a dict of one's own",
    "class",
    "looked('x')",
    """
    class Lenient(dict):
        def __missing__(self, name):
            return "?"

    TABLE = Lenient(a=1)

    @cached
    def looked(name):
        sys.audit("versus.ran")
        return TABLE[name]
    """,
    Edit('return "?"', "return name"),
)

changes(
    "__lt__, from which total_ordering makes the others",
    "class",
    "above(3, 5)",
    """
    import functools

    @functools.total_ordering
    class Rank:
        def __init__(self, number):
            self.number = number

        def __eq__(self, other):
            return self.number == other.number

        def __lt__(self, other):
            return self.number < other.number

    @cached
    def above(one, two):
        sys.audit("versus.ran")
        return Rank(one) >= Rank(two)
    """,
    Edit("self.number < other.number", "self.number > other.number"),
)

changes(
    "an option of a dataclass",
    "class",
    "alike(1)",
    """
    from dataclasses import dataclass

    @dataclass(eq=True)
    class Mark:
        value: int

    @cached
    def alike(value):
        sys.audit("versus.ran")
        return Mark(value) == Mark(value)
    """,
    Edit("eq=True", "eq=False"),
)

changes(
    "a field that a dataclass no longer compares",
    "class",
    "equal(1, 2)",
    """
    from dataclasses import dataclass, field

    @dataclass
    class Record:
        key: int
        stamp: int = field(default=0, compare=True)

    @cached
    def equal(one, two):
        sys.audit("versus.ran")
        return Record(5, one) == Record(5, two)
    """,
    Edit("compare=True", "compare=False"),
)

changes(
    "the order of an enum's members",
    "class",
    "first()",
    """
    import enum

    class Season(enum.Enum):
        SPRING = enum.auto()
        AUTUMN = enum.auto()

    @cached
    def first():
        sys.audit("versus.ran")
        return [season.name for season in Season]
    """,
    Edit("SPRING = enum.auto()\n    AUTUMN = enum.auto()", "AUTUMN = enum.auto()\n    SPRING = enum.auto()"),
)

changes(
    "a class decorator",
    "class",
    "tagged()",
    """
    def tag(cls):
        cls.tag = "v1"
        return cls

    @tag
    class Model:
        pass

    @cached
    def tagged():
        sys.audit("versus.ran")
        return Model().tag
    """,
    Edit('"v1"', '"v2"'),
)

changes(
    "the text of an error of one's own",
    "class",
    "refused(3)",
    """
    class Refused(Exception):
        def __str__(self):
            return "no"

    def ask(value):
        raise Refused(value)

    @cached
    def refused(value):
        sys.audit("versus.ran")
        try:
            ask(value)
        except Refused as error:
            return str(error)
    """,
    Edit('return "no"', 'return "never"'),
)

changes(
    "__all__ of a module that is imported with a star",
    "import",
    "named()",
    """
    from one import *
    from two import *

    @cached
    def named():
        sys.audit("versus.ran")
        return origin()
    """,
    Edit('__all__ = ["other"]', '__all__ = ["other", "origin"]', "two.py"),
    files={
        "one.py": 'def origin():\n    return "one"\n',
        "two.py": '__all__ = ["other"]\n\n\ndef other():\n    return 0\n\n\ndef origin():\n    return "two"\n',
    },
)

changes(
    "a module that hides one of the standard library",
    "import",
    "spread([1, 2, 6])",
    """
    import statistics

    @cached
    def spread(values):
        sys.audit("versus.ran")
        return statistics.mean(values)
    """,
    Put("statistics.py", "def mean(values):\n    return sorted(values)[len(values) // 2]\n"),
)

changes(
    "a module that is imported by its name as a text",
    "import",
    "loaded(3)",
    """
    import importlib

    @cached
    def loaded(value):
        sys.audit("versus.ran")
        return importlib.import_module("late").work(value)
    """,
    Edit("value * 2", "value * 5", "late.py"),
    files={"late.py": "def work(value):\n    return value * 2\n"},
)

changes(
    "a file that appears",
    "data",
    "override()",
    """
    def note():
        try:
            with open("note.txt", encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return "none"

    @cached
    def override():
        sys.audit("versus.ran")
        return note()
    """,
    Put("note.txt", "some\n"),
)

changes(
    "a file more in a folder that is listed",
    "data",
    "parts()",
    """
    import os

    @cached
    def parts():
        sys.audit("versus.ran")
        return sorted(os.listdir("parts"))
    """,
    Put("parts/b.txt", "b\n"),
    files={"parts/a.txt": "a\n"},
)

changes(
    "a format of the struct module, compiled",
    "global",
    "packed(1)",
    """
    import struct

    SHORT = struct.Struct("<h")

    @cached
    def packed(number):
        sys.audit("versus.ran")
        return SHORT.pack(number)
    """,
    Edit('"<h"', '">h"'),
)

changes(
    "a dialect that csv is told of",
    "registry",
    "cells('a;b')",
    """
    import csv

    csv.register_dialect("ours", delimiter=";")

    @cached
    def cells(line):
        sys.audit("versus.ran")
        return next(csv.reader([line], "ours"))
    """,
    Edit('delimiter=";"', 'delimiter=","'),
)

changes(
    "what is done about letters that an encoding lacks",
    "registry",
    "plain('Zürich')",
    """
    import codecs

    codecs.register_error("ours", lambda error: ("?", error.end))

    @cached
    def plain(text):
        sys.audit("versus.ran")
        return text.encode("ascii", "ours")
    """,
    Edit('("?", error.end)', '("_", error.end)'),
)

changes(
    "how sqlite3 is told to keep a class",
    "registry",
    "kept(3)",
    """
    import sqlite3

    class Day:
        def __init__(self, number):
            self.number = number

    sqlite3.register_adapter(Day, lambda day: day.number)

    @cached
    def kept(number):
        sys.audit("versus.ran")
        return sqlite3.connect(":memory:").execute("SELECT ?", (Day(number),)).fetchone()
    """,
    Edit("lambda day: day.number", "lambda day: day.number * 86400"),
)

changes(
    "the filter of warnings",
    "registry",
    "checked(-1)",
    """
    import warnings

    warnings.simplefilter("ignore")

    def check(value):
        if value < 0:
            warnings.warn("negative", stacklevel=1)
        return value

    @cached
    def checked(value):
        sys.audit("versus.ran")
        try:
            return check(value)
        except UserWarning:
            return "refused"
    """,
    Edit('"ignore"', '"error"'),
)

changes(
    "a file that appears, where it is only asked for",
    "data",
    "switched()",
    """
    import os

    @cached
    def switched():
        sys.audit("versus.ran")
        return os.path.exists("switch")
    """,
    Put("switch", ""),
)

# ================================================================================================ nothing changes

same(
    "a comment",
    "format",
    "halved(9)",
    """
    def half(value):
        return value // 2

    @cached
    def halved(value):
        sys.audit("versus.ran")
        return half(value)
    """,
    Edit("    return value // 2", "    # Whole numbers only.\n    return value // 2  # rounds down"),
)

same(
    "a comment in the function itself",
    "format",
    "thirds(9)",
    """
    @cached
    def thirds(value):
        sys.audit("versus.ran")
        return value / 3
    """,
    Edit("    return value / 3", "    # Not rounded.\n    return value / 3"),
)

same(
    "line breaks and blank lines",
    "format",
    "mixed(1, 2)",
    """
    def blend(first, second, weight):
        return first * weight + second * (1 - weight)

    @cached
    def mixed(first, second):
        sys.audit("versus.ran")
        return blend(first, second, 0.5)
    """,
    Edit("def blend(first, second, weight):", "def blend(\n    first,\n    second,\n    weight,\n):"),
    Edit("    return blend(first, second, 0.5)", "\n    return blend(\n        first, second,   0.5\n    )"),
)

same(
    "quotes",
    "format",
    "hello('you')",
    """
    def greeting():
        return 'hello'

    @cached
    def hello(name):
        sys.audit("versus.ran")
        return greeting() + " " + name
    """,
    Edit("'hello'", '"hello"'),
    Edit('" " + name', "' ' + name"),
)

same(
    "a raw text for an escaped one",
    "format",
    "digits('a1b22')",
    r"""
    import re

    @cached
    def digits(text):
        sys.audit("versus.ran")
        return re.findall("\\d+", text)
    """,
    Edit(r'"\\d+"', r'r"\d+"'),
)

same(
    "one text for two that stand side by side",
    "format",
    "title(3)",
    """
    @cached
    def title(number):
        sys.audit("versus.ran")
        return "Chapter " "number " + str(number)
    """,
    Edit('"Chapter " "number "', '"Chapter number "'),
)

same(
    "parentheses",
    "format",
    "mean(2, 4)",
    """
    def middle(low, high):
        return low + (high - low) / 2

    @cached
    def mean(low, high):
        sys.audit("versus.ran")
        return middle(low, high)
    """,
    Edit("low + (high - low) / 2", "(low + ((high - low) / 2))"),
)

same(
    "the notation of numbers",
    "format",
    "budget(2)",
    """
    def limit():
        return 1000000

    @cached
    def budget(share):
        sys.audit("versus.ran")
        return limit() // share + 16
    """,
    Edit("1000000", "1_000_000"),
    Edit("+ 16", "+ 0x10"),
)

same(
    "semicolons",
    "format",
    "swapped(1, 2)",
    """
    def swap(a, b):
        c = a; a = b; b = c
        return a, b

    @cached
    def swapped(a, b):
        sys.audit("versus.ran")
        return swap(a, b)
    """,
    Edit("c = a; a = b; b = c", "c = a\n    a = b\n    b = c"),
)

same(
    "line endings",
    "format",
    "squared(3)",
    """
    from powers import square

    @cached
    def squared(value):
        sys.audit("versus.ran")
        return square(value)
    """,
    Edit("):\n    ", "):\r\n    ", "powers.py"),
    files={"powers.py": "def square(value):\n    return value * value\n"},
)

same(
    "a helper's docstring",
    "docstring",
    "cubed(3)",
    '''
    def cube(value):
        """To the power of three."""
        return value**3

    @cached
    def cubed(value):
        sys.audit("versus.ran")
        return cube(value)
    ''',
    Edit("To the power of three.", "The third power.\n\n    Of any number."),
)

same(
    "a docstring that the function gets",
    "docstring",
    "tenth(30)",
    """
    @cached
    def tenth(value):
        sys.audit("versus.ran")
        return value / 10
    """,
    Edit("(value):\n", '(value):\n    """A tenth of the value."""\n'),
)

same(
    "a class's docstring",
    "docstring",
    "wide(3)",
    '''
    class Plank:
        """A board."""

        def __init__(self, width):
            self.width = width

    @cached
    def wide(width):
        sys.audit("versus.ran")
        return Plank(width).width
    ''',
    Edit("A board.", "A long board."),
)

same(
    "annotations of a helper",
    "annotation",
    "longest(['a', 'bb'])",
    """
    def length(word):
        return len(word)

    @cached
    def longest(words):
        sys.audit("versus.ran")
        return max(length(word) for word in words)
    """,
    Edit("def length(word):", "def length(word: str) -> int:"),
)

same(
    "annotations of the function itself",
    "annotation",
    "shortest(['a', 'bb'])",
    """
    @cached
    def shortest(words):
        sys.audit("versus.ran")
        return min(words, key=len)
    """,
    Edit("shortest(words):", "shortest(words: list[str]) -> str:"),
)

same(
    "the annotation of a local variable",
    "annotation",
    "counted('banana')",
    """
    def count(text):
        seen = {}
        for letter in text:
            seen[letter] = seen.get(letter, 0) + 1
        return seen

    @cached
    def counted(text):
        sys.audit("versus.ran")
        return count(text)
    """,
    Edit("seen = {}", "seen: dict[str, int] = {}"),
)

same(
    "imports for a type checker",
    "annotation",
    "opened('a')",
    """
    from typing import TYPE_CHECKING

    def shut(door):
        return door + "!"

    @cached
    def opened(door):
        sys.audit("versus.ran")
        return shut(door)
    """,
    Edit("def shut(door):", "if TYPE_CHECKING:\n    from collections.abc import Sized\n\ndef shut(door: 'Sized'):"),
)

same(
    "a local variable's name",
    "rename",
    "sums([1, 2, 3])",
    """
    def running(values):
        total = 0
        for value in values:
            total += value
            yield total

    @cached
    def sums(values):
        sys.audit("versus.ran")
        result = list(running(values))
        return result
    """,
    Edit(
        "total = 0\n    for value in values:\n        total += value\n        yield total",
        "so_far = 0\n    for number in values:\n        so_far += number\n        yield so_far",
    ),
    Edit("result = list(running(values))\n    return result", "answer = list(running(values))\n    return answer"),
)

same(
    "the name of a variable in a comprehension",
    "rename",
    "evens([1, 2, 4])",
    """
    @cached
    def evens(values):
        sys.audit("versus.ran")
        return [value for value in values if value % 2 == 0]
    """,
    Edit("[value for value in values if value % 2 == 0]", "[n for n in values if n % 2 == 0]"),
)

same(
    "the name of a lambda's parameter",
    "rename",
    "sorted_names(['b', 'A'])",
    """
    @cached
    def sorted_names(names):
        sys.audit("versus.ran")
        return sorted(names, key=lambda name: name.lower())
    """,
    Edit("lambda name: name.lower()", "lambda n: n.lower()"),
)

same(
    "the name of a caught error",
    "rename",
    "number('x')",
    """
    def convert(text):
        try:
            return int(text)
        except ValueError as e:
            return type(e).__name__

    @cached
    def number(text):
        sys.audit("versus.ran")
        return convert(text)
    """,
    Edit("as e:\n        return type(e)", "as error:\n        return type(error)"),
)

same(
    "the name of a function within the function",
    "rename",
    "stairs(3)",
    """
    @cached
    def stairs(count):
        sys.audit("versus.ran")

        def stair(number):
            return number * 18

        return [stair(number) for number in range(count)]
    """,
    Edit("def stair(number)", "def step(number)"),
    Edit("[stair(number)", "[step(number)"),
)

same(
    "a helper's name",
    "rename",
    "fare(3)",
    """
    def calc(stops):
        return 2 + stops

    @cached
    def fare(stops):
        sys.audit("versus.ran")
        return calc(stops)
    """,
    Edit("def calc(stops)", "def fare_for(stops)"),
    Edit("return calc(stops)", "return fare_for(stops)"),
)

same(
    "a constant's name",
    "rename",
    "far(3)",
    """
    D = 1.6

    def miles(distance):
        return distance / D

    @cached
    def far(distance):
        sys.audit("versus.ran")
        return miles(distance) > 1
    """,
    Edit("D = 1.6", "KILOMETRES_IN_A_MILE = 1.6"),
    Edit("distance / D", "distance / KILOMETRES_IN_A_MILE"),
)

same(
    "another name for an imported module",
    "import",
    "rooted(16)",
    """
    import math

    @cached
    def rooted(value):
        sys.audit("versus.ran")
        return math.sqrt(value)
    """,
    Edit("import math", "import math as m"),
    Edit("math.sqrt", "m.sqrt"),
)

same(
    "a name from the standard library, imported by itself",
    "import",
    "logs(1)",
    """
    import math

    def log(value):
        return math.log(value)

    @cached
    def logs(value):
        sys.audit("versus.ran")
        return log(value)
    """,
    Edit("import math", "from math import log as ln"),
    Edit("math.log(value)", "ln(value)"),
)

same(
    "another name for an imported helper",
    "import",
    "packed(3)",
    """
    from boxes import box

    @cached
    def packed(size):
        sys.audit("versus.ran")
        return box(size)
    """,
    Edit("import box", "import box as make_box"),
    Edit("return box(size)", "return make_box(size)"),
    files={"boxes.py": "def box(size):\n    return [size] * 3\n"},
)

same(
    "a helper by way of its module",
    "import",
    "wrapped(3)",
    """
    from boxes import box

    @cached
    def wrapped(size):
        sys.audit("versus.ran")
        return box(size)
    """,
    Edit("from boxes import box", "import boxes"),
    Edit("return box(size)", "return boxes.box(size)"),
    files={"boxes.py": "def box(size):\n    return (size, size)\n"},
)

same(
    "an import that nothing uses",
    "import",
    "even_more(3)",
    """
    def more(value):
        return value + 1

    @cached
    def even_more(value):
        sys.audit("versus.ran")
        return more(more(value))
    """,
    Edit("def more", "import decimal\nimport fractions\n\ndef more"),
)

same(
    "from __future__ import annotations",
    "import",
    "weekday(8)",
    """
    from days import name_of

    @cached
    def weekday(day):
        sys.audit("versus.ran")
        return name_of(day)
    """,
    Edit("NAMES = ", "from __future__ import annotations\n\nNAMES = ", "days.py"),
    files={"days.py": 'NAMES = ["Mo", "Tu", "We"]\n\n\ndef name_of(day: int) -> str:\n    return NAMES[day % 3]\n'},
)

same(
    "a function that is not called",
    "elsewhere",
    "left(5)",
    """
    def west(value):
        return value - 1

    def east(value):
        return value + 1

    @cached
    def left(value):
        sys.audit("versus.ran")
        return west(value)
    """,
    Edit("value + 1", "value + 10"),
)

same(
    "a function that is added",
    "elsewhere",
    "right(5)",
    """
    from compass import east

    @cached
    def right(value):
        sys.audit("versus.ran")
        return east(value)
    """,
    Edit("def east", "def north(value):\n    return value\n\n\ndef east", "compass.py"),
    files={"compass.py": "def east(value):\n    return value + 1\n"},
)

same(
    "a constant that is not read",
    "elsewhere",
    "kept(5)",
    """
    import limits

    @cached
    def kept(value):
        sys.audit("versus.ran")
        return value < limits.UPPER
    """,
    Edit("LOWER = 1", "LOWER = 2\nMIDDLE = 5", "limits.py"),
    files={"limits.py": "LOWER = 1\nUPPER = 9\n"},
)

same(
    "a method that is not called",
    "elsewhere",
    "shelf(5)",
    """
    class Shelf:
        def __init__(self, boards):
            self.boards = boards

        def load(self):
            return self.boards * 30

        def colour(self):
            return "oak"

    @cached
    def shelf(boards):
        sys.audit("versus.ran")
        return Shelf(boards).load()
    """,
    Edit('"oak"', '"ash"'),
)

same(
    "what the file does when it is run as a script",
    "elsewhere",
    "script(5)",
    """
    def work(value):
        return value * 7

    @cached
    def script(value):
        sys.audit("versus.ran")
        return work(value)

    if __name__ == "__main__":
        print(script(1))
    """,
    Edit("print(script(1))", "print(script(2))"),
)

same(
    "the order of definitions",
    "move",
    "ordered(5)",
    """
    def first(value):
        return value + 1

    def second(value):
        return value * 2

    @cached
    def ordered(value):
        sys.audit("versus.ran")
        return second(first(value))
    """,
    Edit(
        "def first(value):\n    return value + 1\n\ndef second(value):\n    return value * 2\n",
        "def second(value):\n    return value * 2\n\ndef first(value):\n    return value + 1\n",
    ),
)

same(
    "a helper that moves further down",
    "move",
    "lower(5)",
    """
    def deep(value):
        return value - 100

    @cached
    def lower(value):
        sys.audit("versus.ran")
        return deep(value)
    """,
    Edit("def deep(value):\n    return value - 100\n\n", ""),
    Edit("return deep(value)\n", "return deep(value)\n\n\ndef deep(value):\n    return value - 100\n"),
)

same(
    "a helper that moves to another module",
    "move",
    "mapped(5)",
    """
    def point(value):
        return value, value

    @cached
    def mapped(value):
        sys.audit("versus.ran")
        return point(value)
    """,
    Edit("def point(value):\n    return value, value\n", "from points import point\n"),
    Put("points.py", "def point(value):\n    return value, value\n"),
)

same(
    "a module's name",
    "move",
    "renamed(5)",
    """
    from old import thing

    @cached
    def renamed(value):
        sys.audit("versus.ran")
        return thing(value)
    """,
    Edit("from old", "from new"),
    Put("old.py", None),
    Put("new.py", "def thing(value):\n    return [value]\n"),
    files={"old.py": "def thing(value):\n    return [value]\n"},
)

same(
    "pass",
    "rewrite",
    "passed(5)",
    """
    def check(value):
        if value > 3:
            return "pass"
        return "fail"

    @cached
    def passed(value):
        sys.audit("versus.ran")
        return check(value)
    """,
    Edit("    if value > 3:\n", "    pass\n    if value > 3:\n        pass\n"),
)

same(
    "code that is never reached",
    "rewrite",
    "early(5)",
    """
    def leave(value):
        return value
        print("never")

    @cached
    def early(value):
        sys.audit("versus.ran")
        return leave(value)
    """,
    Edit('print("never")', 'print("not once")'),
)

same(
    "elif for an if within else",
    "rewrite",
    "size(5)",
    """
    def grade(value):
        if value > 10:
            name = "large"
        else:
            if value > 3:
                name = "medium"
            else:
                name = "small"
        return name

    @cached
    def size(value):
        sys.audit("versus.ran")
        return grade(value)
    """,
    Edit(
        'else:\n        if value > 3:\n            name = "medium"\n        else:\n            name = "small"\n',
        'elif value > 3:\n        name = "medium"\n    else:\n        name = "small"\n',
    ),
)

same(
    "no else after a return",
    "rewrite",
    "absolute(-5)",
    """
    def magnitude(value):
        if value < 0:
            return -value
        else:
            return value

    @cached
    def absolute(value):
        sys.audit("versus.ran")
        return magnitude(value)
    """,
    Edit("    else:\n        return value\n", "    return value\n"),
)

same(
    "not in",
    "rewrite",
    "missing('z')",
    """
    def absent(letter):
        return not letter in "abc"

    @cached
    def missing(letter):
        sys.audit("versus.ran")
        return absent(letter)
    """,
    Edit('not letter in "abc"', 'letter not in "abc"'),
)

same(
    "return None at the end",
    "rewrite",
    "nothing(5)",
    """
    def find(value):
        if value > 10:
            return value

    @cached
    def nothing(value):
        sys.audit("versus.ran")
        return find(value)
    """,
    Edit("        return value\n\n", "        return value\n    return None\n\n"),
)

same(
    "def for a lambda",
    "rewrite",
    "plus(5)",
    """
    increment = lambda value: value + 1

    @cached
    def plus(value):
        sys.audit("versus.ran")
        return increment(value)
    """,
    Edit("increment = lambda value: value + 1", "def increment(value):\n    return value + 1"),
)

same(
    "files that are saved again",
    "data",
    "saved()",
    """
    from reader import read

    @cached
    def saved():
        sys.audit("versus.ran")
        return read()
    """,
    Put("reader.py", "def read():\n    with open('data.txt', encoding='utf-8') as file:\n        return file.read()\n"),
    Put("data.txt", "one two\n"),
    files={
        "reader.py": "def read():\n    with open('data.txt', encoding='utf-8') as file:\n        return file.read()\n",
        "data.txt": "one two\n",
    },
)

same(
    "a file beside the one that it reads",
    "data",
    "chosen()",
    """
    @cached
    def chosen():
        sys.audit("versus.ran")
        with open("a.txt", encoding="utf-8") as file:
            return file.read()
    """,
    Put("b.txt", "other\n"),
    files={"a.txt": "this\n", "b.txt": "that\n"},
)

same(
    "the name of a helper's parameter",
    "rename",
    "tripled(5)",
    """
    def triple(v):
        return v * 3

    @cached
    def tripled(value):
        sys.audit("versus.ran")
        return triple(value)
    """,
    Edit("def triple(v):\n    return v * 3", "def triple(number):\n    return number * 3"),
)

same(
    "a class's name",
    "rename",
    "boxed(5)",
    """
    class Bx:
        def __init__(self, content):
            self.content = content

        def doubled(self):
            return self.content * 2

    @cached
    def boxed(value):
        sys.audit("versus.ran")
        return Bx(value).doubled()
    """,
    Edit("class Bx", "class Box"),
    Edit("return Bx(", "return Box("),
)

same(
    "an import that moves to the top of the file",
    "import",
    "hoisted(16)",
    """
    @cached
    def hoisted(value):
        sys.audit("versus.ran")
        from roots import root

        return root(value)
    """,
    Edit("@cached", "from roots import root\n\n@cached"),
    Edit("    from roots import root\n\n    return", "    return"),
    files={"roots.py": "def root(value):\n    return value**0.5\n"},
)

same(
    "a class that moves to another module",
    "move",
    "stored(5)",
    """
    class Crate:
        def __init__(self, bottles):
            self.bottles = bottles

        def rows(self):
            return self.bottles // 4

    @cached
    def stored(value):
        sys.audit("versus.ran")
        return Crate(value).rows()
    """,
    Edit(
        "class Crate:\n    def __init__(self, bottles):\n        self.bottles = bottles\n\n"
        "    def rows(self):\n        return self.bottles // 4\n",
        "from crates import Crate\n",
    ),
    Put(
        "crates.py",
        """
        class Crate:
            def __init__(self, bottles):
                self.bottles = bottles

            def rows(self):
                return self.bottles // 4
        """,
    ),
)

same(
    "the order of methods",
    "move",
    "ranked(5)",
    """
    class Row:
        def __init__(self, value):
            self.value = value

        def low(self):
            return self.value - 1

        def high(self):
            return self.value + 1

    @cached
    def ranked(value):
        sys.audit("versus.ran")
        row = Row(value)
        return row.low(), row.high()
    """,
    Edit(
        "    def low(self):\n        return self.value - 1\n\n    def high(self):\n        return self.value + 1\n",
        "    def high(self):\n        return self.value + 1\n\n    def low(self):\n        return self.value - 1\n",
    ),
)

same(
    "parentheses of a tuple",
    "format",
    "split(9)",
    """
    def parts(value):
        return value // 3, value % 3

    @cached
    def split(value):
        sys.audit("versus.ran")
        whole, rest = parts(value)
        return (whole, rest)
    """,
    Edit(
        "whole, rest = parts(value)\n    return (whole, rest)", "(whole, rest) = parts(value)\n    return whole, rest"
    ),
)

same(
    "an f-string in two pieces",
    "format",
    "pieces(5)",
    """
    def text(value):
        return f"from {value} to {value + 1}"

    @cached
    def pieces(value):
        sys.audit("versus.ran")
        return text(value)
    """,
    Edit('f"from {value} to {value + 1}"', '(\n        f"from {value} "\n        f"to {value + 1}"\n    )'),
)
