"""Paths that stand for content."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from inviscid.digest import digest
from inviscid.errors import UnhashableInput
from inviscid.inputs import Dir, File, files

Encode = Callable[..., bytes]


def test_a_file_is_a_path(tmp_path: Path) -> None:
    """It works wherever a path is taken."""
    path = tmp_path / "f"
    path.write_text("content")
    for file in (File(path), File(str(path)), File(File(path))):
        assert Path(file) == path
        assert Path(file).read_text() == "content"
        assert repr(file) == f"File({str(path)!r})"
        assert str(file) == str(path)
        assert file == File(path) != File("other")
        assert file != Dir(path)
        assert hash(file) == hash(File(path))
        assert pickle.loads(pickle.dumps(file)) == file


@pytest.mark.parametrize("size", [0, 1, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (9 << 20) + 1])
def test_the_digest_is_that_of_the_bytes(tmp_path: Path, size: int) -> None:
    """Whatever the pieces are in which it is read."""
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    assert File(tmp_path / "f").digest() == digest(data)


def test_only_the_content_counts(tmp_path: Path, encode: Encode) -> None:
    """Not the name, the place, the time or the mode."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("a")
    two.chmod(0o600)
    os.utime(two, (0, 0))
    assert encode(File(one)) == encode(File(two)) != encode(one)
    two.write_text("b")
    assert encode(File(one)) != encode(File(two))
    assert encode([File(one)] * 2) == encode([File(one), File(str(one))])


def test_a_missing_file_keeps_its_error(tmp_path: Path, encode: Encode) -> None:
    """Callers catch what they always did; the message names the argument."""
    for kind in (File, Dir):
        with pytest.raises(FileNotFoundError, match=r"argument 'x'\['p'\]") as caught:
            encode({"p": kind(tmp_path / "none")})
        assert caught.value.filename == str(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        encode(File(tmp_path))
    (tmp_path / "f").write_text("")
    with pytest.raises(NotADirectoryError):
        encode(Dir(tmp_path / "f"))


def test_a_file_that_changes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of one version and half of another is no content."""
    path = tmp_path / "f"
    path.write_bytes(b"a" * 100)
    real = files.blake3

    def slow(**options: object) -> object:
        with path.open("ab") as stream:
            stream.write(b"more")
        return real(**options)  # type: ignore[arg-type]

    slow.AUTO = real.AUTO  # type: ignore[attr-defined]
    monkeypatch.setattr(files, "blake3", slow)
    with pytest.raises(UnhashableInput, match="written to"):
        File(path).digest()


def tree(top: Path) -> Path:
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "b" / "f").write_text("1")
    (top / "g").write_text("2")
    (top / "empty").mkdir()
    return top


def test_a_dir_is_names_and_contents(tmp_path: Path, encode: Encode) -> None:
    """Any change below it is seen; its own place is not."""
    one, two = tree(tmp_path / "one"), tree(tmp_path / "two")
    same = encode(Dir(one))
    assert same == encode(Dir(two))
    changes: list[Callable[[], object]] = [
        lambda: (two / "g").write_text("3"),
        lambda: (two / "g").rename(two / "h"),
        lambda: (two / "a" / "b" / "f").rename(two / "a" / "f"),
        (two / "empty").rmdir,
        (two / "new").mkdir,
        lambda: (two / "link").symlink_to("g"),
        lambda: (two / "to_dir").symlink_to("a"),
        lambda: (two / "to_nothing").symlink_to("nothing"),
    ]
    seen = {same}
    for change in changes:
        change()
        now = Dir(two).digest()
        assert now not in seen
        seen.add(now)


def test_the_order_of_a_listing_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems list names as they like."""
    before = Dir(tree(tmp_path)).digest()
    entries = files._entries
    monkeypatch.setattr(files, "_entries", lambda top, of: reversed(list(entries(top, of))))
    assert Dir(tmp_path).digest() == before


def test_links(tmp_path: Path) -> None:
    """A link to a file is the file, one to a directory is its target; a circle of links is no endless walk."""
    one, two = tree(tmp_path / "one"), tree(tmp_path / "two")
    (two / "g").unlink()
    (two / "g").symlink_to(one / "g")
    assert Dir(one).digest() == Dir(two).digest()
    (two / "circle").symlink_to("..")
    (one / "circle").symlink_to("../..")
    assert Dir(one).digest() != Dir(two).digest()


def test_names_are_bytes(tmp_path: Path) -> None:
    """Also where they are no valid text, and where a separator could be taken for a part of one."""
    one, two = tmp_path / "one", tmp_path / "two"
    for top, name in ((one, b"\xff"), (two, b"\xfe")):
        top.mkdir()
        try:
            Path(os.fsdecode(os.fsencode(top) + b"/" + name)).write_text("")
        except OSError:
            pytest.skip("this file system takes no such names")
    assert Dir(one).digest() != Dir(two).digest()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe has no content."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnhashableInput, match="neither a file nor a directory"):
        Dir(tmp_path).digest()


def test_a_pipe_is_refused_at_once(tmp_path: Path, encode: Callable[..., bytes]) -> None:
    """To open it would wait for a writer."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnhashableInput, match="not a regular file"):
        encode(File(tmp_path / "pipe"))


def test_the_suffix_counts_and_the_rest_of_the_name_does_not(tmp_path: Path, encode: Callable[..., bytes]) -> None:
    for name in ("a.csv", "b.csv", "a.gz"):
        (tmp_path / name).write_text("same")
    a, b, other = (encode(File(tmp_path / name)) for name in ("a.csv", "b.csv", "a.gz"))
    assert a == b
    assert a != other


# Remembered by stat ---------------------------------------------------------------------------------------------------


def old(path: Path, text: str) -> Path:
    """A file that was written long ago, as far as its stat tells."""
    path.write_text(text)
    return path


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were just written are old: the time of an inode can't be set back."""
    monkeypatch.setattr(files.time, "time_ns", lambda: 1 << 62)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read to be digested."""
    found: list[str] = []
    whole = files.file_digest

    def counted(path: str) -> bytes:
        found.append(Path(path).name)
        return whole(path)

    monkeypatch.setattr(files, "file_digest", counted)
    monkeypatch.setattr(files, "_known", {})
    return found


@pytest.mark.usefixtures("late")
def test_a_file_whose_stat_is_what_it_was_is_not_read_again(tmp_path: Path, reads: list[str]) -> None:
    path = str(old(tmp_path / "a", "one"))
    assert files.known_file_digest(path) == files.known_file_digest(path)
    assert reads == ["a"]
    (tmp_path / "a").write_text("two")
    assert files.known_file_digest(path) == File(path).digest()
    assert reads == ["a", "a", "a"]


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("how", ["rewritten", "replaced"])
def test_size_and_modification_time_alone_prove_nothing(tmp_path: Path, reads: list[str], how: str) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    before = path.stat()
    first = files.known_file_digest(str(path))
    if how == "rewritten":
        path.write_text("two")
    else:
        (tmp_path / "b").write_text("two")
        os.utime(tmp_path / "b", ns=(before.st_atime_ns, before.st_mtime_ns))
        (tmp_path / "b").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert files.known_file_digest(str(path)) != first


def test_a_file_that_was_just_written_is_read_each_time(tmp_path: Path, reads: list[str]) -> None:
    """Within a step of the clock it can be written again, and keep its times."""
    path = tmp_path / "a"
    path.write_text("one")
    files.known_file_digest(str(path))
    files.known_file_digest(str(path))
    assert reads == ["a", "a"]


@pytest.mark.usefixtures("late")
def test_of_a_directory_only_what_changed_is_read(tmp_path: Path, reads: list[str]) -> None:
    from inviscid.inputs import Encoder

    def digest() -> bytes:
        return Encoder(lambda value, path: b"").digest(Dir(tmp_path / "d"), "argument 'd'")

    (tmp_path / "d").mkdir()
    for name in "abc":
        old(tmp_path / "d" / name, name)
    first = digest()
    assert sorted(reads) == ["a", "b", "c"]
    reads.clear()
    assert digest() == first
    assert reads == []
    (tmp_path / "d" / "b").write_text("other")
    assert digest() != first
    assert reads == ["b"]
