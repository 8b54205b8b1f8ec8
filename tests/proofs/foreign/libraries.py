"""The foreign code: libraries from PyPI, pinned by version and digest, laid on the path as a user's own code.

Nothing of them is installed. Their source is unpacked into a folder that is put on `sys.path`, so that they count as user
code: by what they do, and not by their version.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple


class Library(NamedTuple):
    """One library: which release, what of it is the code, and where its own tests are."""

    name: str
    version: str
    sha256: str
    package: str
    tests: str
    """Folder of its test suite in the release, relative to its root."""
    left_out: tuple[str, ...] = ()
    """Modules that are not imported: they need what isn't there, or act when they are imported."""
    whole: bool = False
    """Whether `exec` with text that is made when it runs is in reach of nearly everything, so that all of it counts."""
    huge: bool = False
    """Whether that takes so long that it is only looked at when it is named."""
    earlier: tuple[tuple[str, str], ...] = ()
    """(version, sha256) of releases before it, oldest first: see `history`."""

    @property
    def releases(self) -> list[Library]:
        """All of them, oldest first."""
        return [*(self._replace(version=version, sha256=sha256) for version, sha256 in self.earlier), self]

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}"


LIBRARIES = [
    Library(
        "toolz",
        "1.0.0",
        "2c86e3d9a04798ac556793bced838816296a2f085017664e4995cb40a1047a02",
        "toolz",
        "toolz/tests",
        earlier=(
            ("0.10.0", "08fdd5ef7c96480ad11c12d472de21acd32359996f69a5259299b540feba4560"),
            ("0.11.2", "6b312d5e15138552f1bda8a4e66c30e236c831b612b2bf0005f8a1df10a4bc33"),
            ("0.12.0", "88c570861c440ee3f2f6037c4654613228ff40c93a6c25e0eba70d17282c6194"),
            ("0.12.1", "ecca342664893f177a13dac0e6b41cbd8ac25a358e5f215316d43e2100224f4d"),
        ),
    ),
    Library(
        "more-itertools",
        "10.5.0",
        "5482bfef7849c25dc3c6dd53a6173ae4795da2a41a80faea6700d9f5846c5da6",
        "more_itertools",
        "tests",
        earlier=(
            ("8.14.0", "c09443cd3d5438b8dafccd867a6bc1cb0894389e90cb53d227456b0b0bccb750"),
            ("9.0.0", "5a6257e40878ef0520b1803990e3e22303a41b5714006c32a3fd8304b26ea1ab"),
            ("9.1.0", "cabaa341ad0389ea83c17a94566a53ae4c9d07349861ecb14dc6d0345cf9ac5d"),
            ("10.0.0", "cd65437d7c4b615ab81c0640c0480bc29a550ea032891977681efd28344d51e1"),
            ("10.1.0", "626c369fa0eb37bac0291bce8259b332fd59ac792fa5497b59837309cd5b114a"),
            ("10.2.0", "8fccb480c43d3e99a00087634c06dd02b0d50fbf088b380de5a41a015ec239e1"),
            ("10.3.0", "e5d93ef411224fbcef366a6e8ddc4c5781bc6359d43412a65dd5964e46111463"),
            ("10.4.0", "fe0e63c4ab068eac62410ab05cccca2dc71ec44ba8ef29916a0090df061cf923"),
        ),
    ),
    Library(
        "sortedcontainers",
        "2.4.0",
        "25caa5a06cc30b6b83d11423433f65d1f9d76c4c6a0c90e3379eaa43b9bfdb88",
        "sortedcontainers",
        "",
        earlier=(
            ("2.1.0", "974e9a32f56b17c1bac2aebd9dcf197f3eb9cd30553c5852a3187ad162e1a03a"),
            ("2.2.2", "4e73a757831fc3ca4de2859c422564239a31d8213d09a2a666e375807034d2ba"),
            ("2.3.0", "59cc937650cf60d677c16775597c89a960658a09cf7c1a668f86e1e4464b10a1"),
        ),
    ),
    Library(
        "boltons",
        "24.1.0",
        "4a49b7d57ee055b83a458c8682a2a6f199d263a8aa517098bda9bab813554b87",
        "boltons",
        "tests",
        earlier=(
            ("23.0.0", "8c50a71829525835ca3c849c7ed2511610c972b4dddfcd41a4a5447222beb4b0"),
            ("23.1.1", "d2cb2fa83cf2ebe791be1e284183e8a43a1031355156a968f8e0a333ad2448fc"),
            ("24.0.0", "7153feccaea1ff2e1472f68d4b57fadb796a2ee49d29f638f1c9cd8fb5ebd916"),
        ),
    ),
    Library(
        "pyrsistent",
        "0.20.0",
        "4c48f78f62ab596c679086084d0dd13254ae4f3d6c72a83ffdf5ebdef8f265a4",
        "pyrsistent",
        "tests",
        earlier=(
            ("0.17.3", "2e636185d9eb976a18a8a8e96efce62f2905fea90041958d8cc2a189756ebf3e"),
            ("0.18.1", "d4d61f8b993a7255ba714df3aca52700f8125289f84f704cf80916517c46eb96"),
            ("0.19.3", "1a2994773706bbb4995c31a97bc94f1418314923bd1048c6d964837040376440"),
        ),
    ),
    Library(
        "mpmath",
        "1.3.0",
        "7a28eb2a9774d00c7bc92411c19a89209d5da7c4c9a9e227be8330a23a25b91f",
        "mpmath",
        "mpmath/tests",
        whole=True,
    ),
    Library(
        "networkx",
        "3.4.2",
        "307c3669428c5362aab27c8a1260aa8f47c4e91d3891f48be0141738d8d053e1",
        "networkx",
        "networkx",
        whole=True,
        huge=True,
    ),
]


def chosen(names: Collection[str]) -> list[Library]:
    """Those that are named; without names all that don't take too long."""
    return [one for one in LIBRARIES if one.name in names or (not names and not one.huge)]


def library(name: str) -> Library:
    return next(one for one in LIBRARIES if one.name == name)


def fetch(one: Library, kept: Path) -> Path:
    """The root of an unpacked release; downloaded once, and checked against its digest.

    Raises:
        subprocess.CalledProcessError: it can't be had, or it is another file than was pinned.
    """
    root = kept / one.folder
    if not root.is_dir():
        archives = kept / "archives" / one.folder
        archives.mkdir(parents=True, exist_ok=True)
        pinned = archives / "requirements.txt"
        hashed = f" --hash=sha256:{one.sha256}" if one.sha256 else ""
        pinned.write_text(f"{one.name}=={one.version}{hashed}\n")
        download = "download --quiet --no-deps --no-binary :all:".split()
        subprocess.run(
            [sys.executable, "-m", "pip", *download, "-r", str(pinned), "-d", str(archives)],
            check=True,
        )
        archive = next(archives.glob("*.tar.gz"))
        half = kept / f".{one.folder}"
        shutil.rmtree(half, ignore_errors=True)
        with tarfile.open(archive) as opened:
            opened.extractall(half, filter="data")
        next(half.iterdir()).rename(root)
        half.rmdir()
    return root


def lay(one: Library, root: Path, path: Path) -> None:
    """Copy the code of a library to where it is imported from, without its tests."""
    without = shutil.ignore_patterns("tests", "__pycache__", "*.c", "*.so", "*.pyi")
    shutil.copytree(root / one.package, path / one.package, ignore=without, dirs_exist_ok=True)
