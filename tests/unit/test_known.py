"""Digests that memory carries which can't change, and nothing else does: see `inviscid.known`."""

from __future__ import annotations

import gc
import mmap
import sys
from collections.abc import Callable
from typing import Any

import pytest

from inviscid import Store, cached, known, moved, shortcut

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
Ran = Callable[[], list[str]]
SIZE = 1 << 20


@cached(durability="never")
def made(number: int) -> Any:
    sys.audit("test.ran", "made")
    return np.full(SIZE, float(number))


@cached(durability="never")
def framed(number: int) -> Any:
    sys.audit("test.ran", "framed")
    return pd.DataFrame({"a": np.full(SIZE, float(number)), "b": np.arange(SIZE)})


@cached
def looked(array: Any) -> tuple[Any, ...]:
    sys.audit("test.ran", "looked")
    return np.shape(array), str(getattr(array, "dtype", "")), float(np.asarray(array).ravel()[0])


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """So many bytes of large buffers were hashed since the last look."""
    total = [0]
    whole = known.digest

    def counted(buffer: Any) -> bytes:
        size = buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)
        total[0] += size if size >= known.FROM else 0
        return whole(buffer)

    def take() -> int:
        found, total[0] = total[0], 0
        return found

    monkeypatch.setattr(known, "digest", counted)
    return take


def test_a_result_is_not_hashed_again(ran: Ran, hashed: Callable[[], int]) -> None:
    """Neither the one that was just computed nor one that was loaded; and the key is that of a fresh one."""
    array = made(1)
    hashed()
    assert looked(array) == ((SIZE,), "float64", 1.0)
    assert looked(made(1)) == looked(made(1))
    assert hashed() == 0
    assert ran() == ["made", "looked"]
    looked(np.full(SIZE, 1.0))
    assert (ran(), hashed() > 0) == ([], True)


def test_another_process_does_not_hash_it_either(ran: Ran, hashed: Callable[[], int], isolated: Any) -> None:
    """It has to check what it maps, once; with that it has the digest."""
    looked(made(1))
    from inviscid import stores

    stores._opened.clear()
    gc.collect()
    hashed()
    looked(made(1))
    assert (ran(), hashed()) == (["made", "looked"], 0)


@pytest.mark.filterwarnings("ignore:Setting the (shape|dtype):DeprecationWarning")
def test_shape_type_and_strides_count(ran: Ran, hashed: Callable[[], int]) -> None:
    array = made(1)
    looked(array)
    changed = made(1)
    changed.shape = (2, SIZE // 2)
    assert looked(changed)[0] == (2, SIZE // 2)
    changed = made(1)
    changed.dtype = "int64"
    assert looked(changed)[1] == "int64"
    hashed()
    assert looked(made(1).reshape(4, -1).T)[0] == (SIZE // 4, 4)
    # All its elements are equal: read from behind it has the same content.
    assert looked(made(1)[::-1])[0] == (SIZE,)
    assert looked(made(1)[1:])[0] == (SIZE - 1,)
    assert looked(made(1).astype("f4"))[1] == "float32"
    assert ran() == ["made", *["looked"] * 6]


def test_nobody_can_write_to_it(ran: Ran) -> None:
    array = made(1)
    for change in (
        lambda: array.__setitem__(0, 2.0),
        lambda: setattr(array.flags, "writeable", True),
        lambda: array.setflags(write=True),
        lambda: np.frombuffer(array, "u1").setflags(write=True),
        lambda: memoryview(array).cast("B").__setitem__(0, 1),
    ):
        with pytest.raises((ValueError, TypeError)):
            change()
    base = array
    while isinstance(base, np.ndarray):
        base = base.base
    with pytest.raises((ValueError, TypeError, BufferError)):
        base[0] = 1
    with pytest.raises((ValueError, BufferError)):
        base.close()
    assert looked(array)[2] == 1.0


def test_a_frame_that_is_assigned_to_is_another(ran: Ran) -> None:
    frame = framed(1)
    first = looked(frame)
    frame["a"] = 0.0
    assert looked(frame) != first
    frame = framed(1)
    frame.loc[0, "a"] = 5.0
    assert looked(frame)[2] == 5.0
    frame = framed(1)
    frame.columns = ["a", "c"]
    looked(frame)
    frame = framed(1)
    frame.index = frame.index + 1
    looked(frame)
    assert ran() == ["framed", *["looked"] * 5]
    assert looked(framed(1)) == first


def test_memory_that_is_used_again_has_no_digest(tmp_path: Any) -> None:
    """Mappings come and go at the same addresses; so do arrays, in their place."""
    store = Store(tmp_path / "small", memory_limit=0)
    numbers = cached(store=store, durability="never")(lambda number: np.full(SIZE, float(number)))
    for number in range(4):
        numbers(number)
    seen = set()
    for turn in range(60):
        array = numbers(turn % 4)
        place = array.__array_interface__["data"][0]
        again = place in seen
        seen.add(place)
        assert looked(array)[2] == turn % 4, again
        del array
        fresh = np.full(SIZE, float(turn % 7))
        assert looked(fresh)[2] == turn % 7
        del fresh
    assert len(seen) < 60
    gc.collect()
    del numbers
    store.close()
    gc.collect()
    assert all(reference() is not None for reference, _ in known._found.values())


def test_a_changed_argument_is_seen_all_the_same(ran: Ran) -> None:
    """A copy is nobody's but the user's."""
    array = made(1).copy()
    first = looked(array)
    array[0] = 3.0
    assert looked(array) != first
    assert ran() == ["made", "looked", "looked"]


def test_what_changes_while_it_is_written(monkeypatch: pytest.MonkeyPatch, ran: Ran) -> None:
    """Whatever was written is what has the digest that is remembered."""
    from inviscid.store import draft

    original = draft._write

    def meddle(handle: int, places: Any, parts: Any, tell: Any) -> None:
        original(handle, places, parts, tell)
        parts[-1][:] = bytes(parts[-1].nbytes)

    monkeypatch.setattr(draft, "_write", meddle)
    assert made(1)[0] == made(1)[0] == 1.0
    monkeypatch.setattr(draft, "_write", original)
    assert looked(made(1))[2] == 1.0
    assert looked(np.full(SIZE, 1.0))[2] == 1.0
    assert ran() == ["made", "looked"]


def test_a_mapped_file_that_is_written_to(isolated: Any, ran: Ran, caplog: pytest.LogCaptureFixture) -> None:
    """What was checked when it was mapped is checked again."""
    made(1)
    made(1)
    (file,) = (isolated / "objects").glob("*/*")
    with file.open("r+b") as stream:
        stream.seek(-8, 2)
        stream.write(b"damaged!")
    assert made(1)[-1] == 1.0
    assert ran() == ["made", "made"]
    assert made(1)[-1] == 1.0
    assert ran() == []


@cached
def seen(array: Any) -> tuple[Any, ...]:
    """As `looked`, but makes no text of anything."""
    return np.shape(array), array.dtype.kind, float(array.ravel()[0])


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call that can goes the short way from the second hit on."""
    monkeypatch.setattr(moved, "_RESTLESS", -1.0)
    monkeypatch.setattr(shortcut, "_HITS", 1)


@pytest.mark.usefixtures("short")
@pytest.mark.filterwarnings("ignore:Setting the (shape|dtype):DeprecationWarning")
def test_arrays_are_told_by_where_they_are(ran: Ran, hashed: Callable[[], int]) -> None:
    array = made(1)
    for _ in range(4):
        assert seen(array)[2] == 1.0
    hashed()
    assert known.token(array) is not None
    assert seen(array)[2] == 1.0
    assert seen(made(1))[2] == 1.0
    array.shape = (4, -1)
    assert [seen(array)[0] for _ in range(4)] == [(4, SIZE // 4)] * 4
    array.dtype = "i8"
    assert [seen(array)[1] for _ in range(4)] == ["i"] * 4
    array.shape = (SIZE,)
    assert [seen(array)[1] for _ in range(4)] == ["i"] * 4
    assert hashed() == 0
    for part in (array[1:], array[::2], array.reshape(2, -1).T):
        assert seen(part)[0] == part.shape
        assert seen(part)[0] == part.shape


@pytest.mark.usefixtures("short")
def test_two_arguments_that_are_one_array_are_another_call() -> None:
    same = cached(lambda a, b: a is b)
    array = made(1)
    other = np.ndarray(array.shape, array.dtype, buffer=array.base)
    assert other.base is array.base
    for _ in range(6):
        assert same(array, array) is True
        assert same(array, other) is False
        assert same(other, array) is False


def test_no_two_arrays_share_a_token() -> None:
    """Also where one comes to the very place where another was."""
    places, tokens = set(), set()
    for number in range(300):
        mapping = mmap.mmap(-1, known.FROM, access=mmap.ACCESS_READ)
        known.remember(mapping, [(0, known.FROM, bytes([number % 256]) * 32)])
        segment = known.segment(np, memoryview(mapping))
        array = np.ndarray((known.FROM // 8,), dtype=np.float64, buffer=segment)
        assert known.token(array) is None
        token = known.note(array)
        assert token == known.token(array)
        assert known.token(array.view()) is None
        assert token is not None
        places.add(id(segment))
        tokens.add(token)
        del mapping, segment, array
    assert len(places) < len(tokens) == 300


@pytest.mark.usefixtures("short")
def test_a_place_is_used_again(tmp_path: Any) -> None:
    """Another array may come to where one was, with everything as it was but the content."""
    store = Store(tmp_path / "small", memory_limit=0)
    numbers = cached(store=store, durability="never")(lambda number: np.full(SIZE, float(number)))
    first = cached(lambda array: float(array[0]))
    for number in range(8):
        numbers(number)
    for turn in range(200):
        array = numbers(turn % 8)
        assert first(array) == first(array) == first(array) == turn % 8
        del array
    gc.collect()
    assert len(known._bases) == len(known._noted) < 20
