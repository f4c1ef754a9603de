"""Checks what a file says against a model, and says what is wrong the way a colleague would.

pydantic finds the problems, all at once; here each gets its line and column, a sentence without jargon,
and what to write instead.
"""

from __future__ import annotations

import json
import re
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from wizard.errors import Place, Problem, nearest
from wizard.yaml_source.document import At, Document

Whole = Annotated[int, Field(strict=True)]
"""A whole number; neither a text with digits nor true passes for one."""
YesNo = Annotated[bool, Field(strict=True)]
"""true or false; neither 1 nor "yes" passes for it."""

_SHOWN: Final = 40
"""Characters of a wrong value that are shown."""
_SECRET: Final = re.compile(r"passw|passphrase|secret|psk|private_?key", re.IGNORECASE)
_NO_SECRETS: Final = "take it out: secrets are asked for and never kept in a file of ours"
_EXPECTED: Final = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}


class Entry(BaseModel):
    """One mapping of a YAML file: unknown keys are problems, a number may stand where text is wanted."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        validate_by_alias=True,
        validate_by_name=False,
    )


_Model = TypeVar("_Model", bound=Entry)


def check(document: Document, model: type[_Model], at: At = ()) -> tuple[_Model | None, tuple[Problem, ...]]:
    """The part of a document at a place as a model, or None and everything that is wrong with it.

    Problems of the document itself (`document.problems`) are not repeated.
    """
    if document.value is None and document.problems:
        return None, ()
    value: Any = document.value
    for step in at:
        value = value[step]
    try:
        return model.model_validate(value), ()
    except ValidationError as error:
        found = error.errors(include_url=False)
    return None, tuple(_problem(document, model, at, details) for details in found)


def wrong(message: str, advice: str = "", key: str = "") -> PydanticCustomError:
    """What a validator raises: a clause on what is wrong, what to write, under which key of the mapping."""
    return PydanticCustomError("wrong", "{message}", {"message": message, "advice": advice, "key": key})


def _problem(document: Document, model: type[Entry], at: At, details: ErrorDetails) -> Problem:
    tagged = details["loc"]
    way = (*at, *(step for step in tagged if not _is_tag(step)))
    key = str(way[-1]) if way else ""
    kind, context = details["type"], details.get("ctx", {})
    holder, field = _field_at(model, tagged)
    example = f"write {key}: {field.examples[0]}" if field is not None and field.examples else ""
    if kind == "missing":
        message, advice, place = f"{key} is missing", example, document.key_place(way[:-1])
    elif kind == "extra_forbidden":
        known = (
            [info.alias or name for name, info in holder.model_fields.items()] if holder is not None else []
        )
        message, place = f"unknown key {_word(key)}", document.key_place(way)
        advice = _NO_SECRETS if _SECRET.search(key) else nearest(key, known)
    elif kind == "wrong":
        message, advice = str(context["message"]), str(context["advice"])
        place = document.key_place((*way, context["key"])) if context["key"] else _of(document, way)
    else:
        message, place = _sentence(details), _of(document, way)
        advice = example or (
            nearest(str(details["input"]), _allowed(field.annotation)) if field is not None else ""
        )
    return Problem(message, place, advice or None)


def _of(document: Document, way: At) -> Place:
    """The value itself for a text or number; for a mapping or list the key it hangs on."""
    return document.place(way) if way in document.texts else document.key_place(way)


def _sentence(details: ErrorDetails) -> str:
    kind, context, got = details["type"], details.get("ctx", {}), _shown(details["input"])
    if kind == "literal_error":
        return f"expected one of {str(context['expected']).replace(chr(39), '')}, got {got}"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
        return f"expected a number of {bound}, got {got}"
    if kind in ("too_short", "too_long"):
        bound = (
            f"at least {context['min_length']}"
            if "min_length" in context
            else f"at most {context['max_length']}"
        )
        return f"expected {bound} items, got {context['actual_length']}"
    if kind == "string_too_short":
        return "expected text, got nothing"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {got}"
    return details["msg"][:1].lower() + details["msg"][1:]


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return _word(str(value)) if isinstance(value, str) else str(value)


def _word(text: str) -> str:
    """A text of the file in quotation marks, cut, its control characters escaped."""
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return json.dumps(cut, ensure_ascii=not cut.isprintable())


def _allowed(annotation: Any) -> list[str]:
    """The words of a Literal, within a union too."""
    found: list[str] = []
    for member in get_args(annotation):
        found.extend([member] if isinstance(member, str) else _allowed(member))
    return found


# --- finding the model and the field a problem is about -------------------------------------------


def _is_tag(step: str | int) -> bool:
    """Whether a step names a member of a union and no key; such tags are written `<kind>` in our models."""
    return isinstance(step, str) and step.startswith("<") and step.endswith(">")


def _field_at(
    model: type[Entry], way: tuple[str | int, ...]
) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    annotation: Any = model
    holder: type[BaseModel] | None = None
    field: FieldInfo | None = None
    for step in way:
        annotation = _unwrapped(annotation, step)
        is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        if is_model:
            holder = annotation
        if _is_tag(step):
            continue
        if is_model:
            fields = {info.alias or name: info for name, info in annotation.model_fields.items()}
            field = fields.get(str(step))
            annotation = field.annotation if field is not None else None
        else:
            field = None
            arguments = get_args(annotation)
            annotation = arguments[1 if get_origin(annotation) is dict else 0] if arguments else None
    return holder, field


def _unwrapped(annotation: Any, step: str | int) -> Any:
    """The annotation without Annotated and Union.

    Of a union it is the member the step's tag names, else the first that can hold something.
    """
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0], step)
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    members = get_args(annotation)
    for member in members:
        if Tag(str(step)) in get_args(member)[1:]:
            return _unwrapped(member, step)
    return next(
        (_unwrapped(member, step) for member in members if member not in (str, int, type(None))), None
    )
