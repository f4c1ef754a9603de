"""Records to JSON and back: strict, typed by the records' own annotations, and without pickle.

A field whose annotation allows several record classes carries the class name under the key "is", a word
that can never be a field of a Python record. Pydantic does not serve here: it writes no tag for a union of
standard dataclasses, and without one a reply whose fields have defaults cannot be told from its neighbour.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from wizard.errors import WizardError

TAG: Final = "is"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Coder = Callable[[Any, str], Any]
T = TypeVar("T")


class CodecError(WizardError):
    """A value does not fit the annotation of its field, which `where` names.

    The value itself stays out of the text because it may hold what a gateway printed.
    """

    def __init__(self, where: str, complaint: str) -> None:
        self.where = where
        super().__init__(f"{where or 'the record'} {complaint}")


class UnknownRecord(CodecError):
    """A tag names a record class this version does not know, so a newer one wrote it."""


def _unfit(where: str, expected: str, got: object) -> CodecError:
    kind = _SCALARS.get(type(got)) or _JSON_KINDS.get(type(got)) or "a record"
    return CodecError(where, f"must be {expected}, not {kind}")


def encode(record: object, declared: Any = None) -> Json:
    """The record as JSON values; `declared` is its annotation where that is wider than its class.

    Raises CodecError when a field holds what its annotation does not allow, numbers JSON lacks included.
    """
    annotation: Any = type(record) if declared is None else declared
    encoded: Json = _coders(annotation)[0](record, "")
    return encoded


def decode(declared: type[T], data: object) -> T:
    """A record of JSON values; unknown fields are ignored, missing ones take their default.

    Raises CodecError for anything else that does not fit, UnknownRecord for a tag that is not known.
    """
    record: T = decode_as(declared, data)
    return record


def decode_as(declared: Any, data: object) -> Any:
    """Like `decode`, for an annotation that is not a class (a union of records)."""
    return _coders(declared)[1](data, "")


@cache
def _coders(declared: Any) -> tuple[Coder, Coder]:
    """Encoder and decoder of one annotation; made once, since a session writes thousands of records."""
    origin = get_origin(declared)
    if declared in _SCALARS:
        return _scalar(declared)
    if origin is Literal:
        return _literal(get_args(declared))
    if origin is tuple:
        return _tuple(get_args(declared))
    if origin is Mapping or origin is dict or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return _mapping(get_args(declared))
    if origin is Union or origin is types.UnionType:
        return _union(get_args(declared))
    if isinstance(declared, type) and is_dataclass(declared):
        return _record(declared)
    raise TypeError(f"no record field may be annotated {declared!r}")


_SCALARS: Final[dict[Any, str]] = {
    type(None): "null",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}
_JSON_KINDS: Final[dict[Any, str]] = {list: "a list", tuple: "a tuple", dict: "an object"}


def _scalar(kind: Any) -> tuple[Coder, Coder]:
    expected = _SCALARS[kind]

    def check(value: Any, where: str) -> Any:
        if type(value) is kind:
            if kind is float and not math.isfinite(value):
                raise CodecError(where, "must be a finite number")
            return value
        if kind is float and type(value) is int:
            return float(value)
        raise _unfit(where, expected, value)

    return check, check


def _literal(allowed: tuple[Any, ...]) -> tuple[Coder, Coder]:
    expected = f"one of {', '.join(map(str, allowed))}"

    def check(value: Any, where: str) -> Any:
        for one in allowed:
            if type(value) is type(one) and value == one:
                return value
        raise _unfit(where, expected, value)

    return check, check


def _tuple(args: tuple[Any, ...]) -> tuple[Coder, Coder]:
    if len(args) != 2 or args[1] is not Ellipsis:
        raise TypeError("a record's tuple holds any number of one kind: tuple[X, ...]")
    item_encoder, item_decoder = _coders(args[0])

    def to_list(value: Any, where: str) -> Any:
        if type(value) is not tuple:
            raise _unfit(where, "a tuple", value)
        return [item_encoder(item, f"{where}[{index}]") for index, item in enumerate(value)]

    def to_tuple(value: Any, where: str) -> Any:
        if type(value) is not list:
            raise _unfit(where, "a list", value)
        return tuple([item_decoder(item, f"{where}[{index}]") for index, item in enumerate(value)])

    return to_list, to_tuple


def _mapping(args: tuple[Any, ...]) -> tuple[Coder, Coder]:
    if args[0] is not str:
        raise TypeError("a record's mapping has texts as keys")
    item_encoder, item_decoder = _coders(args[1])

    def over(item_coder: Coder) -> Coder:
        def convert(value: Any, where: str) -> Any:
            if not isinstance(value, Mapping):
                raise _unfit(where, "an object", value)
            return {_key(key, where): item_coder(item, f"{where}.{key}") for key, item in value.items()}

        return convert

    return over(item_encoder), over(item_decoder)


def _key(key: Any, where: str) -> str:
    if type(key) is not str:
        raise _unfit(where, "an object with texts as keys", key)
    return key


def _union(args: tuple[Any, ...]) -> tuple[Coder, Coder]:
    records: dict[str, Any] = {
        arg.__name__: arg for arg in args if isinstance(arg, type) and is_dataclass(arg)
    }
    others = [arg for arg in args if arg not in records.values()]
    expected = " or ".join([*records, *(_SCALARS.get(arg, "a list") for arg in others)])

    def from_record(value: Any, where: str) -> Any:
        name = type(value).__name__
        if records.get(name) is type(value):
            encoded = _coders(records[name])[0](value, where)
            return encoded if len(records) == 1 else {TAG: name, **encoded}
        return _first(others, 0, value, where, expected)

    def to_record(value: Any, where: str) -> Any:
        if type(value) is dict and records:
            if len(records) == 1:
                return _coders(next(iter(records.values())))[1](value, where)
            tag = value.get(TAG)
            if type(tag) is not str:
                raise _unfit(f"{where}.{TAG}".lstrip("."), "the name of a record", tag)
            if tag not in records:
                raise UnknownRecord(where, f"is a {tag[:40]!r}, which this version does not know")
            return _coders(records[tag])[1](value, where)
        return _first(others, 1, value, where, expected)

    return from_record, to_record


def _first(kinds: list[Any], direction: Literal[0, 1], value: Any, where: str, expected: str) -> Any:
    """The value as the first kind it fits exactly; a float last, because it takes whole numbers too."""
    for kind in sorted(kinds, key=lambda kind: kind is float):
        try:
            return _coders(kind)[direction](value, where)
        except UnknownRecord:
            raise
        except CodecError:
            continue
    raise _unfit(where, expected, value)


def _record(cls: Any) -> tuple[Coder, Coder]:
    hints = get_type_hints(cls)
    given = [field for field in fields(cls) if field.init]
    needed = frozenset(
        field.name for field in given if field.default is MISSING and field.default_factory is MISSING
    )

    @cache
    def coders() -> tuple[tuple[str, Coder, Coder], ...]:
        """Of each field; made at first use, because records may hold records of their own class."""
        return tuple((field.name, *_coders(hints[field.name])) for field in given)

    def to_object(value: Any, where: str) -> Any:
        if type(value) is not cls:
            raise _unfit(where, f"a {cls.__name__}", value)
        dot = f"{where}." if where else ""
        return {name: encoder(getattr(value, name), dot + name) for name, encoder, _ in coders()}

    def from_object(value: Any, where: str) -> Any:
        if type(value) is not dict:
            raise _unfit(where, "an object", value)
        dot = f"{where}." if where else ""
        if not needed <= value.keys():
            raise CodecError(dot + min(needed - value.keys()), "is missing")
        return cls(
            **{name: decoder(value[name], dot + name) for name, _, decoder in coders() if name in value}
        )

    return to_object, from_object
