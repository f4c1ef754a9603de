from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.journal import sample
from wizard.engine.model import (
    Answered,
    Ask,
    Collect,
    Collected,
    Cost,
    Declined,
    Event,
    Exercise,
    Finish,
    Outcome,
    Replied,
    Reply,
    Request,
    Requested,
)
from wizard.facts import tunnel
from wizard.facts.model import Fact, Facts
from wizard.journal.codec import TAG, CodecError, UnknownRecord, decode, decode_as, encode
from wizard.journal.entry import KINDS

TEXTS = st.text(max_size=30)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def records(declared: Any) -> st.SearchStrategy[Any]:
    """Any record of an annotation, built field by field and not by the codec's own reading of it."""
    simple: dict[Any, st.SearchStrategy[Any]] = {
        type(None): st.none(),
        bool: st.booleans(),
        int: st.integers(),
        float: FLOATS,
        str: TEXTS,
    }
    if declared in simple:
        return simple[declared]
    origin, args = typing.get_origin(declared), typing.get_args(declared)
    if origin is typing.Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(records(args[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(TEXTS, records(args[1]), max_size=3)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([records(arg) for arg in args])
    hints = typing.get_type_hints(declared)
    return st.builds(declared, **{field.name: records(hints[field.name]) for field in fields(declared)})


def through_json(declared: Any, record: object) -> object:
    return decode_as(declared, json.loads(json.dumps(encode(record, declared))))


@given(records(Event))
def test_every_event_comes_back_from_json_as_it_went(event: object) -> None:
    assert through_json(Event, event) == event


@given(records(Facts))
def test_facts_come_back_with_their_types(facts: Facts) -> None:
    back = through_json(Facts, facts)
    assert back == facts
    assert isinstance(back, Facts)
    assert [type(fact.value) for fact in back] == [type(fact.value) for fact in facts]


@given(st.one_of(records(tunnel.Connection), records(tunnel.Configuration)))
def test_ends_of_tunnels_come_back(record: object) -> None:
    assert through_json(type(record), record) == record


def test_no_event_of_the_engine_is_forgotten_here() -> None:
    stated = {kind.__name__ for kind in typing.get_args(Event)}
    assert stated <= KINDS.keys()


@pytest.mark.parametrize("value", [True, False, 0, 1, 0.0, 1.0, 1.5, "", "1", (), ("a", "b"), None])
def test_a_facts_value_keeps_its_kind(value: Any) -> None:
    back = decode(Fact, json.loads(json.dumps(encode(Fact("x", value)))))
    assert (type(back.value), back.value) == (type(value), value)


@pytest.mark.parametrize("reply", sample.ALL_REPLIES)
def test_replies_are_told_apart_by_their_tag(reply: Reply) -> None:
    encoded = encode(reply, Reply)
    assert isinstance(encoded, dict)
    assert encoded[TAG] == type(reply).__name__
    assert decode_as(Reply, encoded) == reply


@pytest.mark.parametrize(
    "request_",
    [
        Collect(("a",)),
        Exercise("e", "far", "n", "w"),
        Ask("n", "q", "w", ()),
        Finish(Outcome("healthy")),
    ],
)
def test_requests_are_told_apart_by_their_tag(request_: Request) -> None:
    assert decode(Requested, encode(Requested(request_))) == Requested(request_)


def test_fields_of_a_newer_version_are_ignored() -> None:
    encoded = encode(Answered("yes"))
    assert isinstance(encoded, dict)
    assert decode(Answered, {**encoded, "mood": "good"}) == Answered("yes")


def test_a_missing_field_takes_its_default() -> None:
    assert decode(Collected, {"facts": []}) == Collected(())


def test_a_missing_field_without_default_is_named() -> None:
    with pytest.raises(CodecError) as caught:
        decode(Replied, {"reply": {"is": "Collected", "facts": [{"value": True}]}})
    assert caught.value.where == "reply.facts[0].name"


def test_a_record_of_a_newer_version_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownRecord):
        decode(Replied, {"reply": {"is": "Postponed", "until": "tomorrow"}})


@pytest.mark.parametrize(
    ("declared", "data", "where"),
    [
        (Answered, {"option": 3}, "option"),
        (Answered, [], ""),
        (Answered, {}, "option"),
        (Cost, {"connections": "2"}, "connections"),
        (Cost, {"connections": 2.0}, "connections"),
        (Cost, {"connections": True}, "connections"),
        (Cost, {"elapsed_s": "1"}, "elapsed_s"),
        (Cost, {"elapsed_s": float("nan")}, "elapsed_s"),
        (Cost, {"elapsed_s": False}, "elapsed_s"),
        (Fact, {"name": "x", "value": {"a": 1}}, "value"),
        (Fact, {"name": "x", "value": [1]}, "value"),
        (Outcome, {"status": "broken"}, "status"),
        (Collect, {"probes": "abc"}, "probes"),
        (Replied, {"reply": {"option": None}}, "reply.is"),
        (Replied, {"reply": None}, "reply"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(declared: Any, data: object, where: str) -> None:
    with pytest.raises(CodecError) as caught:
        decode(declared, data)
    assert caught.value.where == where


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(CodecError) as caught:
        decode(Cost, {"connections": sample.CANARY})
    assert sample.CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "record",
    [
        Cost(elapsed_s=float("inf")),
        Fact("x", ["list"]),  # type: ignore[arg-type]
        Declined(7),  # type: ignore[arg-type]
        Replied("nothing"),  # type: ignore[arg-type]
    ],
)
def test_a_record_that_breaks_its_annotations_is_not_written(record: object) -> None:
    with pytest.raises(CodecError):
        encode(record)


@dataclass(frozen=True)
class Peculiar:
    """Holds what no record of ours does."""

    pair: tuple[int, str]


def test_an_annotation_the_codec_cannot_keep_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        encode(Peculiar((1, "a")))
