"""What stands for a result that isn't there: an object that refuses to be used.

It can be held, passed and returned. Everything else raises `Beyond`. Two things nobody can refuse: to be compared by
identity (``result is None``) and to be asked for its type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


class Beyond(BaseException):
    """The end of what a plan can see. No `Exception`, so that no handler of the user's takes it for an error."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class Unknown:
    """Stands for the result of a call that would run."""

    __slots__ = ("_leave", "_maker")


def made(maker: str, leave: Callable[[str], NoReturn]) -> Unknown:
    """One of these.

    Args:
        maker: whose result it is, in words.
        leave: called when it is used; raises `Beyond`.
    """
    found = Unknown.__new__(Unknown)
    object.__setattr__(found, "_maker", maker)
    object.__setattr__(found, "_leave", leave)
    return found


def maker(value: Any) -> str:
    """Whose result it is, in words."""
    return str(object.__getattribute__(value, "_maker"))


def _refuse(self: Any, *_: object, **__: object) -> NoReturn:
    leave = object.__getattribute__(self, "_leave")
    leave(f"the result of {maker(self)}")
    raise AssertionError


_BINARY = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or".split()
_USES = (
    "getattribute setattr delattr repr str bytes format hash bool lt le eq ne gt ge call len length_hint getitem "
    "setitem delitem missing iter next reversed contains enter exit neg pos abs invert complex int float index round "
    "trunc floor ceil await aiter anext aenter aexit copy deepcopy reduce reduce_ex getstate getnewargs getnewargs_ex "
    "sizeof dir fspath buffer array array_ufunc array_function dataframe"
).split()
for _name in [*_USES, *_BINARY, *(f"r{name}" for name in _BINARY), *(f"i{name}" for name in _BINARY)]:
    setattr(Unknown, f"__{_name}__", _refuse)
