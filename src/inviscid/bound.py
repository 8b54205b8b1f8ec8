"""A cached function as a method of one instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from inviscid.signature import bound_signature

if TYPE_CHECKING:
    from inviscid.function import CachedFunction

P = ParamSpec("P")
R = TypeVar("R")


class BoundCachedFunction(Generic[P, R]):
    """A cached function as a method of one instance: the instance is the first argument."""

    def __init__(self, function: CachedFunction[Any, R], instance: object) -> None:
        self.__func__ = function
        self.__self__ = instance
        # The class has these too, so that nobody would ask `__getattr__`.
        self.__doc__ = function.__doc__
        self.__module__ = function.__module__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """As `CachedFunction.__call__`, the instance first."""
        return self.__func__(self.__self__, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        function = vars(self).get("__func__")
        of_itself = name.startswith("__") and name not in ("__annotations__", "__globals__")
        # Pickle asks before there is a function. And the protocols of its class (copies, tokens) know of no instance.
        if function is None or (of_itself and name not in vars(function)):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        found = getattr(function, name)
        if name in ("key", "peek", "explain", "refresh", "forget", "calling"):
            import functools

            return functools.partial(found, self.__self__)
        if name == "configured":
            return lambda *args, **kwargs: found(*args, **kwargs).__get__(self.__self__)
        return found

    @property
    def __signature__(self) -> Any:
        return bound_signature(self.__func__.__signature__)

    def __reduce__(self) -> tuple[Any, ...]:
        return BoundCachedFunction, (self.__func__, self.__self__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BoundCachedFunction):
            return NotImplemented
        return self.__func__ is other.__func__ and self.__self__ is other.__self__

    def __hash__(self) -> int:
        return hash((self.__func__, id(self.__self__)))

    def __repr__(self) -> str:
        return f"<bound {self.__func__!r} of {self.__self__!r}>"
