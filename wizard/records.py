"""`dataclass` as the standard library has it, several times quicker to define.

The standard library writes and compiles six functions for each frozen class with slots, and a diagnosis that imports
three hundred of them spends a quarter of its start on that. Here all classes share what does not depend on their
fields, and `__init__` is written when the first object is made. Classes of any other kind get the original.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, NoReturn

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, **options):
        """Like `dataclasses.dataclass`."""

        def made(found):
            if options == {"frozen": True, "slots": True} and _plain(found):
                return _record(found)
            return dataclasses.dataclass(**options)(found)

        return made if cls is None else made(cls)


_OWN: Final = frozenset(
    {"__init__", "__setattr__", "__delattr__", "__getstate__", "__setstate__", "__eq__", "__hash__"}
)


def _plain(cls: type[Any]) -> bool:
    """Whether nothing about the class asks for the original: bases with fields, methods of its own, InitVar."""
    if any(hasattr(base, "__dataclass_fields__") for base in cls.__mro__[1:]) or not cls.__doc__:
        return False
    if any("InitVar" in str(kind) for kind in vars(cls).get("__annotations__", {}).values()):
        return False
    return not _OWN.intersection(cls.__dict__)


def _record(cls: type[Any]) -> type[Any]:
    own_repr = "__repr__" in cls.__dict__
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__dataclass_params__.frozen = made.__dataclass_params__.init = made.__dataclass_params__.eq = True
    fields = dataclasses.fields(made)
    compared = _values([one.name for one in fields if one.compare])
    hashed = _values([one.name for one in fields if (one.compare if one.hash is None else one.hash)])
    names = [one.name for one in fields]
    shown = [one.name for one in fields if one.repr]

    def begin(self: Any, *values: Any, **named: Any) -> None:
        made.__init__ = _init(made)
        made.__init__(self, *values, **named)

    def same(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def digest(self: Any) -> int:
        return hash(hashed(self))

    @recursive_repr()
    def shown_as(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def state_of(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def take_state(self: Any, state: list[Any]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    made.__init__, made.__eq__, made.__hash__ = begin, same, digest
    made.__getstate__, made.__setstate__ = state_of, take_state
    made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
    if not own_repr:
        made.__repr__ = shown_as
    result: type[Any] = made
    return result


def _values(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else _nothing


def _nothing(_: Any) -> tuple[()]:
    return ()


def _refuse_to_set(self: Any, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _init(cls: type[Any]) -> Callable[..., None]:
    """`__init__` of a class with these fields, as the standard library would write it."""
    space: dict[str, Any] = {"_set": object.__setattr__, "_missing": dataclasses.MISSING}
    places: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for one in dataclasses.fields(cls):
        value, word = one.name, one.name
        if one.default is not dataclasses.MISSING:
            space[f"_default_{one.name}"] = one.default
            word = f"{one.name}=_default_{one.name}"
            value = one.name if one.init else f"_default_{one.name}"
        elif one.default_factory is not dataclasses.MISSING:
            space[f"_make_{one.name}"] = one.default_factory
            word = f"{one.name}=_missing"
            make = f"_make_{one.name}()"
            value = f"{make} if {one.name} is _missing else {one.name}" if one.init else make
        elif not one.init:
            continue
        if one.init:
            (named if one.kw_only else places).append(word)
        body.append(f" _set(_self, {one.name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append(" _self.__post_init__()")
    words = ["_self", *places, *(["*", *named] if named else [])]
    exec(f"def __init__({', '.join(words)}):\n" + "\n".join(body or [" pass"]), space)
    init: Callable[..., None] = space["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init
