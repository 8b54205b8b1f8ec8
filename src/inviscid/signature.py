"""Both signatures of a cached function: the inner one that was written, the outer one that callers see.

The outer signature has no config parameters. Arguments are bound by a function that is compiled with the outer
signature: binding follows Python's own rules, raises Python's own errors, and costs a tenth of
`inspect.Signature.bind`.
"""

from __future__ import annotations

import keyword
import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from inviscid.callables import Taker, names_of, taker_of
from inviscid.configuration import ConfigParameter
from inviscid.errors import ConfigError
from inviscid.sentinels import MISSING

_VARARGS, _VARKEYWORDS = 0x04, 0x08


class Parameter(NamedTuple):
    """One parameter of the inner function."""

    name: str
    kind: str
    """``positional`` (only), ``ordinary``, ``starred``, ``keyword`` (only) or ``double``."""
    default: Any
    config: str
    """The config key that it is injected from; empty for what the caller passes."""


class Signature:
    """How a function is called, inside and outside.

    Raises:
        ConfigError: a config parameter stands before ``*args``: the caller's arguments would shift into it.
    """

    def __init__(self, function: Any) -> None:
        self._module, name, self.name = names_of(function)
        taker = self._taker = taker_of(function)
        self.parameters = tuple(_shown_parameters(function) if taker is None else _parameters_of(taker))
        self.outer = tuple(item for item in self.parameters if not item.config)
        self.config = {item.name: item for item in self.parameters if item.config}
        if any(item.kind == "starred" for item in self.parameters):
            for item in self.config.values():
                if item.kind in ("positional", "ordinary"):
                    raise ConfigError(f"{self.name}: put the config parameter '{item.name}' behind *args")
        self._bind: Callable[..., tuple[Any, ...]] = _compile(name, self.outer, fill=taker is not None)
        self._takes_class = bool(self.outer) and self.outer[0].name == "cls"
        self._is_plain = isinstance(function, FunctionType)
        self.is_readable = taker is not None and not self._takes_class and all(map(_is_single, self.outer))
        """Whether each value that is bound is one argument."""
        if taker is not None:
            read = taker.function
            self._code, self._defaults = read.__code__, read.__defaults__
            self._keyword_defaults: dict[str, Any] = dict(read.__kwdefaults__ or {})

    def holds(self, function: Any) -> bool:
        """Whether the function still has the very parameters and defaults that this was made from."""
        if not self._is_plain:
            taker = taker_of(function)
            if taker is None or self._taker is None:
                return taker is self._taker
            function = taker.function
        if function.__code__ is not self._code or function.__defaults__ is not self._defaults:
            return False
        keywords, known = function.__kwdefaults__ or {}, self._keyword_defaults
        return len(keywords) == len(known) and all(keywords.get(name, MISSING) is known[name] for name in known)

    def bind(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        """The value of each outer parameter, in the order of the signature, defaults filled in.

        Raises:
            TypeError: the arguments don't fit, or a config parameter was passed.
        """
        if self.config and keywords:
            self._refuse(keywords)
        if self._takes_class and not (args and isinstance(args[0], type)):
            self._expect_class(keywords)
        try:
            values = self._bind(*args, **keywords)
        except TypeError as error:
            hint = f" (from the config: {', '.join(self.config)}; see {self._cure()})" if self.config else ""
            raise TypeError(f"{error}{hint}") from None
        bound = dict(zip([item.name for item in self.outer], values, strict=True))
        if self._taker is None:
            return {name: value for name, value in bound.items() if value is not MISSING}
        return bound

    def _refuse(self, keywords: dict[str, Any]) -> None:
        for name in self.config.keys() & keywords.keys():
            raise TypeError(
                f"{self.name}() got '{name}', which is injected from the config key '{self.config[name].config}'; "
                f"to give it another value: {self._cure(name)}"
            )

    def _expect_class(self, keywords: dict[str, Any]) -> None:
        # From 3.13 on, `classmethod` binds by itself whatever it holds, and never says to which class.
        if "cls" not in keywords and isinstance(_as_defined(self._module, self.name), classmethod):
            raise TypeError(
                f"{self.name}() got no class: this version of Python doesn't tell a function under @classmethod which "
                "class it is asked for. Put @cached above @classmethod, or pass the class first"
            )

    def _cure(self, name: str = "") -> str:
        chosen = name or next(iter(self.config))
        return (
            f"{self.name}.configured({chosen}=...)(...), or inviscid.configure({{'{self.config[chosen].config}': ...}})"
        )

    def arguments(self, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments for the inner function, from the values of its parameters."""
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        left_out = False
        for item in self.parameters:
            if item.name not in values:
                left_out = True
            elif item.kind == "ordinary" and left_out:
                keywords[item.name] = values[item.name]
            elif item.kind in ("positional", "ordinary"):
                positional.append(values[item.name])
            elif item.kind == "starred":
                positional.extend(values[item.name])
            elif item.kind == "keyword":
                keywords[item.name] = values[item.name]
            else:
                keywords.update(values[item.name])
        return positional, keywords


def _is_single(parameter: Parameter) -> bool:
    return parameter.kind not in ("starred", "double")


def _parameters_of(taker: Taker) -> list[Parameter]:
    found = _parameters(taker.function)
    takes_itself = taker.bound and bool(found) and found[0].kind in ("positional", "ordinary")
    return found[1:] if takes_itself else found


def _shown_parameters(function: Any) -> list[Parameter]:
    """The parameters that a callable says it has; all that there could be where it says nothing."""
    import inspect

    try:
        shown = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return [Parameter("args", "starred", MISSING, ""), Parameter("kwargs", "double", MISSING, "")]
    kinds = {
        inspect.Parameter.POSITIONAL_ONLY: "positional",
        inspect.Parameter.POSITIONAL_OR_KEYWORD: "ordinary",
        inspect.Parameter.VAR_POSITIONAL: "starred",
        inspect.Parameter.KEYWORD_ONLY: "keyword",
        inspect.Parameter.VAR_KEYWORD: "double",
    }
    return [
        _parameter(item.name, kinds[item.kind], MISSING if item.default is item.empty else item.default)
        for item in shown
    ]


def _parameters(function: Any) -> list[Parameter]:
    code: CodeType = function.__code__
    names = list(code.co_varnames)
    positional, ordinary, keyword = code.co_posonlyargcount, code.co_argcount, code.co_kwonlyargcount
    defaults = dict(zip(names[:ordinary][::-1], (function.__defaults__ or ())[::-1], strict=False))
    defaults |= function.__kwdefaults__ or {}
    after = ordinary + keyword
    kinds = dict.fromkeys(names[:positional], "positional") | dict.fromkeys(names[positional:ordinary], "ordinary")
    if code.co_flags & _VARARGS:
        kinds[names[after]] = "starred"
        after += 1
    kinds |= dict.fromkeys(names[ordinary : ordinary + keyword], "keyword")
    if code.co_flags & _VARKEYWORDS:
        kinds[names[after]] = "double"
    return [_parameter(name, kind, defaults.get(name, MISSING)) for name, kind in kinds.items()]


def _parameter(name: str, kind: str, default: Any) -> Parameter:
    if isinstance(default, ConfigParameter):
        return Parameter(name, kind, default.default, default.key or name)
    return Parameter(name, kind, default, "")


def head_of(outer: Sequence[Parameter], default: Callable[[Parameter], str]) -> str:
    """The text of a parameter list; `default` gives that of a default."""
    head: list[str] = []
    starred = any(item.kind == "starred" for item in outer)
    for position, item in enumerate(outer):
        before = outer[position - 1].kind if position else ""
        if before == "positional" and item.kind != "positional":
            head.append("/")
        if item.kind == "keyword" and before != "keyword" and not starred:
            head.append("*")
        stars = {"starred": "*", "double": "**"}.get(item.kind, "")
        head.append(f"{stars}{item.name}{'' if item.default is MISSING else f'={default(item)}'}")
    if outer and outer[-1].kind == "positional":
        head.append("/")
    return ", ".join(head)


def _compile(name: str, outer: tuple[Parameter, ...], *, fill: bool) -> Callable[..., tuple[Any, ...]]:
    """A function with the outer signature that returns its arguments; where it isn't to fill in the defaults, `MISSING`
    for what was left out.
    """
    head = head_of(outer, lambda item: "None")
    safe = name if name.isidentifier() and not keyword.iskeyword(name) and name != "__debug__" else "function"
    names = "".join(f"{item.name}, " for item in outer)
    namespace: dict[str, Any] = {}
    exec(f"def {safe}({head}): return ({names})", {"__builtins__": {}}, namespace)  # noqa: S102  own text only
    compiled = namespace[safe]
    ordinary = [item for item in outer if item.kind in ("positional", "ordinary") and item.default is not MISSING]
    compiled.__defaults__ = tuple(item.default if fill else MISSING for item in ordinary)
    compiled.__kwdefaults__ = {
        item.name: item.default if fill else MISSING
        for item in outer
        if item.kind == "keyword" and item.default is not MISSING
    }
    return compiled  # type: ignore[no-any-return]


def wrapped_with_config(function: Any) -> str:
    """The name of a function with config parameters that `functools.wraps` put inside another; empty if there is none.

    What it wraps around a cached function is left alone: that one injects its own.
    """
    inner = getattr(function, "__dict__", {}).get("__wrapped__")
    for _ in range(100):  # nobody forbids a circle
        if not isinstance(inner, FunctionType):
            return ""
        if any(item.config for item in _parameters(inner)):
            return inner.__qualname__
        inner = vars(inner).get("__wrapped__")
    return ""


def _as_defined(module: str, qualname: str) -> Any:
    """What a class of a module holds under a name, unbound; None where it can't be found by name."""
    *owners, name = qualname.split(".")
    found: Any = sys.modules.get(module)
    for owner in owners:
        found = getattr(found, owner, None)
    return vars(found).get(name) if isinstance(found, type) else None


def bound_signature(signature: Any) -> Any:
    """The `inspect.Signature` of a method, from the one of its function."""
    first, *others = signature.parameters.values() or [None]
    takes_all = first is None or first.kind is first.VAR_POSITIONAL
    return signature if takes_all else signature.replace(parameters=others)


def outer_signature(function: Any, parameters: tuple[Parameter, ...]) -> Any:
    """The `inspect.Signature` that callers see."""
    import inspect

    try:
        inner = inspect.signature(function)
    except ValueError:
        # Some builtins don't say.
        return inspect.signature(lambda *args, **kwargs: None)
    hidden = {item.name for item in parameters if item.config}
    return inner.replace(parameters=[item for name, item in inner.parameters.items() if name not in hidden])


def outer_documentation(documentation: str | None, parameters: tuple[Parameter, ...]) -> str | None:
    """The inner documentation, with what it says of config parameters moved into a section of their own."""
    config = [item for item in parameters if item.config]
    if not config:
        return documentation
    import inspect

    lines = inspect.cleandoc(documentation or "").splitlines()
    section = ["Config:"]
    for item in config:
        said = _take_out(lines, item.name)
        default = "" if item.default is MISSING else f", default {item.default!r}"
        section.append(f"    {item.name} (config key '{item.config}'{default}){': ' if said else ''}{said}")
    while lines and not lines[-1].strip():
        lines.pop()
    # An empty line first even where there is nothing else: the first line of a docstring has no indentation to measure.
    return "\n".join([*lines, "", *section]) + "\n"


def _take_out(lines: list[str], name: str) -> str:
    """Remove the paragraph on a parameter (Google, NumPy or Sphinx style) and return its text."""
    import re

    entry = re.compile(rf"^(\s*)(?::param(?: [^:]*)? {name}:|{name}(?:\s*\([^)]*\))?\s*:(?!\w))\s*(.*)$")
    matches = ((at, entry.match(line)) for at, line in enumerate(lines))
    start, found = next(((at, match) for at, match in matches if match), (0, None))
    if found is None:
        return ""
    indent, numpy_style = len(found.group(1)), start + 1 < len(lines) and f"{name} :" in lines[start]
    end = start + 1
    while end < len(lines) and lines[end].strip() and len(lines[end]) - len(lines[end].lstrip()) > indent:
        end += 1
    text = [] if numpy_style else [found.group(2)]
    text += [line.strip() for line in lines[start + 1 : end]]
    del lines[start:end]
    _drop_empty_section(lines, start)
    return " ".join(part for part in text if part)


def _drop_empty_section(lines: list[str], at: int) -> None:
    """Remove the head of a section ("Args:", or "Parameters" underlined) that has nothing left under it."""
    if at < len(lines) and lines[at].strip():
        return
    if at and lines[at - 1].strip() in ("Args:", "Arguments:", "Parameters:"):
        del lines[at - 1]
    elif at > 1 and set(lines[at - 1].strip()) == {"-"} and lines[at - 2].strip() in ("Parameters", "Other Parameters"):
        del lines[at - 2 : at]
