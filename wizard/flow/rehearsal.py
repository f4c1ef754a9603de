"""Rehearsals: facts in, expected path and cause out; what tests a tree without any gateway.

They are run by `wizard.engine.rehearse`; here they are only read and held against the vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

from wizard.errors import Place, Problem, nearest
from wizard.flow.expression import End, Value
from wizard.flow.sources import RehearsalSource, Sources
from wizard.flow.spec import Confidence, Flow, Question
from wizard.flow.words import Vocabulary, Word, bare, name_fault, value_fault
from wizard.yaml_source import At

Reach = Literal["reached", "unmanaged", "unreachable"]
Status = Literal["healthy", "fault", "inconclusive"]
Known = Mapping[str, Value | None]
"""Values of facts by full name; None for one that was looked for and stayed unknown."""

_Item = TypeVar("_Item")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Expectation:
    """Where the walk has to end; what is None is not compared."""

    status: Status
    cause: str | None = None
    ends: tuple[End, ...] | None = None
    confidence: Confidence | None = None
    alternatives: tuple[str, ...] | None = None
    path: tuple[str, ...] | None = None
    warnings: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One rehearsal, ready to be run."""

    name: str
    place: Place
    entry: str
    """The tree the walk begins with, empty for the flow's own start."""
    symptom: str
    facts: Known
    exercises: Mapping[tuple[str, End], Known]
    """What each exercise finds, by its name and the end that starts it."""
    answers: Mapping[str, str]
    """For a question, by its full id, the option chosen; a question without one stays unanswered."""
    ends: Mapping[End, Reach]
    observe_only: bool
    expect: Expectation


def rehearsals(sources: Sources, vocabulary: Vocabulary) -> tuple[Rehearsal, ...]:
    """All rehearsals of these files; only to be run when lint finds no error in them."""
    return tuple(_rehearsal(source, vocabulary) for source in sources.rehearsals)


def rehearsal_faults(
    sources: Sources, flow: Flow, vocabulary: Vocabulary, exercises: Collection[str]
) -> Iterator[Problem]:
    """What the rehearsals name that is not there, and values that facts can never have."""
    for source in sources.rehearsals:
        yield from _facts_faults(source, source.entry.facts, ("facts",), vocabulary, exercises)
        if source.entry.entry and source.entry.entry not in flow.trees:
            yield _fault(source, f"there is no tree {source.entry.entry}", ("entry",), flow.trees.keys())
        symptom = vocabulary.get("symptom")
        if symptom is not None and value_fault(source.entry.symptom, symptom):
            yield _fault(source, f"there is no symptom {source.entry.symptom}", ("symptom",), symptom.values)
        for name, attempts in source.entry.exercises.items():
            if name not in exercises:
                yield _fault(source, f"there is no exercise {name}", ("exercises", name), exercises)
            for key, facts in (("from-near", attempts.from_near), ("from-far", attempts.from_far)):
                yield from _facts_faults(source, facts, ("exercises", name, key), vocabulary, ())
        for name, option in source.entry.answers.items():
            node = flow.nodes.get(name)
            choices = [choice.id for choice in node.choices] if isinstance(node, Question) else []
            if option not in choices:
                message = f"{name} has no answer {option}" if choices else f"{name} is no question"
                yield _fault(source, message, ("answers", name), choices)
        yield from _expectation_faults(source, sources, flow)


def _expectation_faults(source: RehearsalSource, sources: Sources, flow: Flow) -> Iterator[Problem]:
    expect = source.entry.expect
    named: list[tuple[str, At]] = [(expect.cause, ("expect", "cause"))] if expect.cause is not None else []
    for key in ("alternatives", "warnings"):
        named.extend(
            (cause, ("expect", key, index)) for index, cause in enumerate(getattr(expect, key) or ())
        )
    for cause, at in named:
        if sources.named_causes and cause not in sources.named_causes:
            yield _fault(source, f"there is no cause {cause}", at, sources.named_causes)
    for index, node in enumerate(expect.path or ()):
        tree, _, name = node.partition(".")
        if tree not in sources.unread and name not in sources.named_nodes.get(tree, ()):
            yield _fault(source, f"there is no node {node}", ("expect", "path", index), flow.nodes.keys())


def _facts_faults(
    source: RehearsalSource, facts: dict[str, Any], at: At, vocabulary: Vocabulary, exercises: Collection[str]
) -> Iterator[Problem]:
    for name, raw in facts.items():
        fault = name_fault(name, vocabulary)
        where = (*source.at, *at, name)
        if fault is not None:
            yield Problem(fault[0], source.document.key_place(where), fault[1])
            continue
        if "." in name and name.partition(".")[0] not in ("near", "far"):
            place = source.document.key_place(where)
            yield Problem(f"{name} is a fact of near or of far", place, f"write near.{bare(name)}")
            continue
        word = vocabulary[bare(name)]
        value = _value(raw, word)
        for at_part, part in _parts(value, word):
            wrong = value_fault(part, word)
            if wrong is not None:
                shown = part[0] if isinstance(part, tuple) else str(raw)
                advice = nearest(shown, word.values) if word.values else f"write {_example(word)}"
                yield Problem(f"{name} {wrong}", source.document.place((*where, *at_part)), advice)
        if word.source in exercises:
            message = f"{name} is only known after the exercise {word.source}"
            advice = f"write it under exercises: {word.source}:"
            yield Problem(message, source.document.key_place(where), advice)


def _parts(value: Value | None, word: Word) -> Iterator[tuple[At, Value]]:
    """The value, or each item of a list for itself, with the way to it."""
    if isinstance(value, tuple) and word.type == "words":
        yield from (((index,), (item,)) for index, item in enumerate(value))
    elif value is not None:
        yield (), value


def _example(word: Word) -> str:
    return {"bool": "true or false", "int": "3", "float": "0.5", "words": "[word, word]"}.get(
        word.type, "a text"
    )


def _fault(source: RehearsalSource, message: str, at: At, known: Collection[str]) -> Problem:
    return Problem(
        message,
        source.document.place((*source.at, *at)),
        nearest(message.rsplit(maxsplit=1)[-1], known) or None,
    )


def _rehearsal(source: RehearsalSource, vocabulary: Vocabulary) -> Rehearsal:
    entry = source.entry
    exercises: dict[tuple[str, End], Known] = {}
    for name, attempts in entry.exercises.items():
        exercises[(name, "near")] = _facts(attempts.from_near, vocabulary)
        exercises[(name, "far")] = _facts(attempts.from_far, vocabulary)
    expect = entry.expect
    return Rehearsal(
        name=entry.name,
        place=source.document.place((*source.at, "name")),
        entry=entry.entry,
        symptom=entry.symptom,
        facts=_facts(entry.facts, vocabulary),
        exercises=MappingProxyType(exercises),
        answers=MappingProxyType(entry.answers),
        ends=MappingProxyType({"near": entry.ends.near, "far": entry.ends.far}),
        observe_only=entry.observe_only,
        expect=Expectation(
            status=expect.status,
            cause=expect.cause,
            ends=_tuple(expect.ends),
            confidence=expect.confidence,
            alternatives=_tuple(expect.alternatives),
            path=_tuple(expect.path),
            warnings=_tuple(expect.warnings),
        ),
    )


def _tuple(items: list[_Item] | None) -> tuple[_Item, ...] | None:
    return None if items is None else tuple(items)


def _facts(facts: dict[str, Any], vocabulary: Vocabulary) -> Known:
    return MappingProxyType({name: _value(raw, vocabulary[bare(name)]) for name, raw in facts.items()})


def _value(raw: Any, word: Word) -> Value | None:
    """A value as its fact has it: YAML here keeps 3.5 a text, and a list is no tuple."""
    if isinstance(raw, list):
        return tuple(str(item) for item in raw)
    if word.type in ("int", "float") and isinstance(raw, str) and _NUMBER.fullmatch(raw):
        return float(raw)
    if word.type == "text" and isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    return raw if isinstance(raw, bool | int | float | str) or raw is None else str(raw)
