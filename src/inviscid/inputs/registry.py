"""Hashers that users register, and the rules that were found so far.

A name (``"module:Qual.Name"``) is looked up in the modules that are loaded: to register never imports anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from .parts import Rule

Hasher = Callable[[Any], object]

_by_type: dict[type, Hasher] = {}
_by_name: dict[str, Hasher] = {}
# Weak, so that a class that a notebook defines again and again can go.
found: WeakKeyDictionary[type, Rule] = WeakKeyDictionary()

_PLAIN = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict, object})


def register(type_or_name: type | str, function: Hasher) -> None:
    """Say what is hashed in place of the values of a type.

    The registration also holds for subclasses, unless a more derived class has its own or defines `__inviscid_key__`.
    The class of the value stays part of the digest.

    Args:
        type_or_name: A class, or its name as ``"module:Qual.Name"``, which need not be importable.
        function: Takes a value and returns another that stands for it: plain data, best of all.

    Raises:
        TypeError: For a builtin type whose encoding is fixed, or for what is neither a class nor a name.
        ValueError: The name has no colon.
    """
    if isinstance(type_or_name, str):
        module, _, name = type_or_name.partition(":")
        if not module or not name:
            raise ValueError(f"{type_or_name!r} is not a name of the form 'module:Qual.Name'.")
        if module == "builtins":
            raise TypeError(f"The encoding of {name} is fixed: it can't be registered.")
        _by_name[type_or_name] = function
    elif isinstance(type_or_name, type):
        if type_or_name in _PLAIN or type_or_name.__module__ == "builtins":
            raise TypeError(f"The encoding of {type_or_name.__name__} is fixed: it can't be registered.")
        _by_type[type_or_name] = function
    else:
        raise TypeError(f"register() takes a class or its name, not {type(type_or_name).__name__}.")
    found.clear()


def loaded(name: str) -> object:
    """What ``"module:Qual.Name"`` names in the modules that are loaded, or None."""
    module, _, path = name.partition(":")
    target: object = sys.modules.get(module)
    for part in path.split("."):
        target = getattr(target, part, None)
    return target


def registered(kind: type) -> Hasher | None:
    """The hasher that is registered for exactly this class."""
    hasher = _by_type.get(kind)
    if hasher is not None:
        return hasher
    for name, by_name in _by_name.items():
        if loaded(name) is kind:
            return by_name
    return None
