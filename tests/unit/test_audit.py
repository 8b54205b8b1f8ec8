"""An audit runs a function and says what its fingerprint doesn't hold."""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import socket
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial, singledispatch
from typing import Any, Self

import pytest

import inviscid
from inviscid import Audit, AuditError, TraceError, audit, cached, config, configure, effect, source
from inviscid.auditing import audited
from inviscid.fingerprinting import closure

needs_monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in Python 3.12")
Ran = Callable[[], list[str]]

HIDDEN = b"cinviscid_hidden\nhook\n."
CLOCK = b"ctime\ntime\n."


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from Python 3.12 on it runs")
def test_before_3_12_it_says_what_it_needs() -> None:
    with pytest.raises(TraceError, match=r"audit\(\) needs Python 3.12 or newer"):
        audit(int)


def hidden(error: Any) -> tuple[str, int]:
    return "?", error.end


def encoded(text: str) -> bytes:
    return (
        text.encode()
        if text.isascii()
        else pickle.loads(HIDDEN)(UnicodeEncodeError("ascii", text, 0, 1, ""))[0].encode()
    )


# What is complete -----------------------------------------------------------------------------------------------------


@dataclass(order=True)
class Point:
    x: int
    y: int = 0

    def size(self) -> int:
        return self.x + self.y

    def unused(self) -> int:
        return 0


@dataclass(frozen=True)
class Fixed:
    z: int = 0


Pair = namedtuple("Pair", "a b")


class Triple(namedtuple("Triple", "a b c")):
    __slots__ = ()

    def __len__(self) -> int:
        return 3


class Colour(Enum):
    RED = 1

    def shout(self) -> str:
        return self.name


@lru_cache
def remembered(x: int) -> int:
    return x


@singledispatch
def shown(x: Any) -> str:
    return str(x)


@shown.register
def _(x: int) -> str:
    return f"int {x}"


def decorated(function: Callable[[int], int]) -> Callable[[int], int]:
    def wrapper(x: int) -> int:
        return function(x) + 1

    return wrapper


@decorated
def wrapped(x: int) -> int:
    return x


class Meta(type):
    def __call__(cls, *args: Any) -> Any:
        return super().__call__(*args)


class WithMeta(metaclass=Meta):
    def __init_subclass__(cls) -> None:
        cls.made = True

    def __getattr__(self, name: str) -> str:
        return name


class Context:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def everything(given: Point) -> list[Any]:
    class Sub(WithMeta):
        pass

    pair, triple = Pair(1, 2), Triple(1, 2, 3)
    with Context():
        found: list[Any] = [given.size(), Point(1) < Point(2), repr(Point(1, 2)), hash(Colour.RED.shout()) * 0]
    return [
        *found,
        pair.a,
        len(triple),
        pair._replace(a=3).a,
        remembered(1),
        shown(1),
        wrapped(1),
        Sub().name,
        Sub.made,
    ]


@needs_monitoring
def test_definitions_of_all_kinds_are_held() -> None:
    found = audited(everything, [Point(1)])
    assert found.outside == ()
    assert found.error is None
    here = f"{__name__}."
    names = {name.removeprefix(here) for name in found.ran}
    assert names >= {
        "everything", "Point.size", "Colour.shout", "Triple.__len__", "remembered", "_", "wrapped", "Meta.__call__",
        "decorated.<locals>.wrapper", "WithMeta.__init_subclass__", "WithMeta.__getattr__", "Context.__exit__",
    }  # fmt: skip
    assert "everything" in found.ran[0]


@needs_monitoring
@pytest.mark.parametrize(
    ("function", "args", "last"),
    [
        (Point(1).size, (), "Point.size"),
        (Point.size, (Point(1),), "Point.size"),
        (partial(wrapped, 1), (), "wrapped"),
        (Point, (1,), ""),
        (remembered.__wrapped__, (1,), "remembered"),
        (cached(wrapped), (1,), "wrapped"),
        (abs, (1,), ""),
    ],
)
def test_whatever_can_be_called(function: Any, args: tuple[Any, ...], last: str) -> None:
    found = audit(function, *args)
    assert found.value == function(*args)
    assert found.complete
    assert "holds them all" in str(found)
    assert (found.ran[-1] if last else "").endswith(last)


@needs_monitoring
def test_methods_of_cached_functions_and_objects(ran: Ran) -> None:
    class Model:
        def __init__(self, scale: int) -> None:
            self.scale = scale

        @cached
        def fitted(self, x: int) -> int:
            sys.audit("test.ran", "fitted")
            return self._scaled(x)

        def _scaled(self, x: int) -> int:
            return self.scale * x

        def __call__(self, x: int) -> int:
            return self._scaled(x)

    model = Model(2)
    assert audit(model.fitted, 2).value == audit(model, 2).value == audit(cached(model), 2).value == 4
    assert model.fitted(2) == model.fitted(2) == 4
    assert ran() == ["fitted", "fitted"]


@needs_monitoring
def test_caching_is_off_meanwhile(ran: Ran) -> None:
    """So that all bodies are seen, with the config that they get."""

    @cached
    def inner(x: int, scale: int = config("scale")) -> int:
        sys.audit("test.ran", "inner")
        return scale * x

    @cached
    def outer(x: int) -> int:
        sys.audit("test.ran", "outer")
        return inner(x)

    with configure({"scale": 3}):
        assert outer(1) == 3
        assert ran() == ["outer", "inner"]
        assert audit(outer, 1).value == 3
    assert ran() == ["outer", "inner"]


@needs_monitoring
def test_awaited() -> None:
    async def body(x: int) -> int:
        await asyncio.sleep(0)
        return wrapped(x)

    assert audit(body, 1).value == audit(cached(body), 1).value == 2
    assert f"{__name__}.wrapped" in audit(body, 1).ran


@needs_monitoring
def test_arguments_without_a_digest_bring_their_code(tmp_path: Any) -> None:
    def lines() -> Iterator[int]:
        yield wrapped(1)

    class Resource:
        def __init__(self) -> None:
            self.file = (tmp_path / "a").open("w")
            self.step = lambda: wrapped(1)

        def __getstate__(self) -> None:
            raise TypeError

        def close(self) -> int:
            self.file.close()
            return self.step()

    def body(it: Iterator[int], resource: Resource) -> list[int]:
        return [*it, resource.close()]

    begun = lines()
    assert audit(body, begun, Resource()).value == [2, 2]


# What is not ----------------------------------------------------------------------------------------------------------


@needs_monitoring
def test_code_outside(hooked: Any) -> None:
    hooked(hidden)
    with pytest.raises(AuditError, match="ran, and the fingerprint doesn't hold it: call it by its name") as caught:
        audit(encoded, "é")
    found: Audit[Any] = caught.value.audit
    [one] = found.outside
    assert (one.module, one.qualname, one.file, one.line) == (
        __name__,
        "hidden",
        __file__,
        hidden.__code__.co_firstlineno,
    )
    assert found.ran == (f"{__name__}.encoded", f"{__name__}.hidden")
    assert found.value == b"?"
    assert isinstance(caught.value, AssertionError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.audit == found.without_value()
    assert audit(encoded, "e").value == b"e"


@needs_monitoring
def test_what_is_tainted_says_so(hooked: Any) -> None:
    hooked(hidden)

    def body(text: str) -> float:
        encoded(text)
        return time.time()

    with pytest.raises(AuditError, match="its results are not kept anyway: .* reads the clock") as caught:
        audit(body, "é")
    assert len(caught.value.audit.taints) == 1
    assert audit(body, "e").taints == caught.value.audit.taints


@needs_monitoring
def test_a_member_that_the_fingerprint_left_out() -> None:
    """A class counts with the members that are looked up; one that runs all the same is outside."""
    part = closure(inviscid.fingerprint(lambda: Point(1).size()))
    assert part.holds(Point.size.__code__)
    assert not part.holds(Point.unused.__code__)
    assert part.holds(Point.__init__.__code__, Point)
    # Each is generated from a text of its own, and has the same place as the other.
    assert not part.holds(Fixed.__init__.__code__, Fixed)


@needs_monitoring
def test_a_generated_method_of_a_class_that_is_outside() -> None:
    data = pickle.dumps(Fixed(1))

    def body(data: bytes) -> str:
        return repr(Point(1)) + repr(pickle.loads(data))

    with pytest.raises(AuditError, match=r"__repr__ \(<string>:\d+\) ran"):
        audit(body, data)


@needs_monitoring
def test_what_the_body_raises_is_raised_with_a_note(hooked: Any) -> None:
    hooked(hidden)

    def body(text: str) -> None:
        encoded(text)
        raise KeyError(text)

    with pytest.raises(KeyError) as caught:
        audit(body, "é")
    [note] = caught.value.__notes__
    assert "hidden" in note
    with pytest.raises(KeyError) as caught:
        audit(body, "e")
    assert not hasattr(caught.value, "__notes__")
    found = audited(body, ["e"])
    assert isinstance(found.error, KeyError)
    assert "it raised KeyError: 'e'" in str(found)
    assert sys.monitoring.get_tool(3) is None


@needs_monitoring
def test_impurity_that_the_fingerprint_does_not_know() -> None:
    def body(data: bytes) -> float:
        return pickle.loads(data)()  # type: ignore[no-any-return]

    def known() -> float:
        return time.time() + random.random() + len(os.environ["PA" + "TH"])

    with pytest.raises(AuditError, match=r"it read the clock \(time.time\), which the fingerprint doesn't know of"):
        audit(body, CLOCK)
    found = audit(known)
    assert found.unknown == ()
    assert "it read the clock (time.time), so its results are not kept" in str(found)
    assert len(found.impurities) == 4
    assert "(variable PATH)" in found.impurities[-1]


@needs_monitoring
def test_acts_that_the_fingerprint_does_not_know() -> None:
    def unknown(opened: socket.socket, address: Any) -> None:
        opened.connect(address)

    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        found = audited(unknown, [client, server.getsockname()])
    assert [text.partition(":")[0] for text in found.unknown] == ["connected to 127.0.0.1"]


@needs_monitoring
def test_sources_and_the_word_of_the_user(hooked: Any, ran: Ran) -> None:
    hooked(hidden)

    @source
    def observed() -> bytes:
        return encoded("é") + bytes(int(pickle.loads(CLOCK)()) * 0)

    @cached(pure=True)
    def timed() -> float:
        return pickle.loads(CLOCK)() * random.random() * 0  # type: ignore[no-any-return]

    @effect
    def sent() -> None:
        sys.audit("test.ran", "sent")
        time.time()

    def body() -> Any:
        sent()
        return [observed(), timed()]

    assert audit(body).value == [b"?", 0]
    assert ran() == ["sent"]


@needs_monitoring
def test_no_generator_is_taken_for_what_it_yields() -> None:
    with pytest.raises(TypeError, match="something that can be called"):
        audited(1)  # type: ignore[arg-type]


@needs_monitoring
def test_an_async_function_is_audited_where_no_loop_runs() -> None:
    async def waits(x: int) -> int:
        return x

    async def inside() -> None:
        with pytest.raises(TypeError, match="call it where no event loop runs"):
            audit(waits, 1)

    assert audit(waits, 1).value == 1
    asyncio.run(inside())
