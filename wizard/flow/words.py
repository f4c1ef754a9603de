"""Rules against the vocabulary: facts that do not exist, and comparisons that can never hold.

A comparison that can never hold does no harm at run time, it just never holds; so it is found here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal, Protocol

from wizard.errors import nearest
from wizard.flow.expression import (
    Choice,
    Comparison,
    Constant,
    Known,
    Membership,
    Name,
    Truth,
    Value,
    atoms_in,
    names_in,
)
from wizard.flow.rule import Rule, RuleError
from wizard.records import dataclass


class Word(Protocol):
    """What lint needs to know of a fact; `wizard.facts.vocabulary.FactSpec` is one."""

    @property
    def type(self) -> str:
        """One of bool, int, float, text, words."""

    @property
    def scope(self) -> Literal["end", "pair"]:
        """Whether it is a fact of one end or about the pair."""

    @property
    def source(self) -> str:
        """The probe or exercise that yields it."""

    @property
    def values(self) -> tuple[str, ...]:
        """For a text that is one of a few words: those words; else empty."""


Vocabulary = Mapping[str, Word]
"""Every fact by its name without the end."""


@dataclass(frozen=True, slots=True)
class KnownWord:
    """A fact of the vocabulary whose possible values are known from elsewhere."""

    type: str
    scope: Literal["end", "pair"]
    source: str
    values: tuple[str, ...]


def with_events(vocabulary: Vocabulary, events: Collection[str]) -> Vocabulary:
    """The vocabulary with the events of the signatures as the items that facts of logs may hold."""
    if not events:
        return vocabulary
    known = tuple(sorted(events))
    held = {name: vocabulary[name] for name in EVENTS if name in vocabulary}
    words = {name: KnownWord(str(word.type), word.scope, word.source, known) for name, word in held.items()}
    return {**vocabulary, **words}


EVENTS: Final = ("ike_events", "log_events", "log_history")
"""The facts that list what a daemon's log says, by the names signatures give to it."""

_PLAIN: Final = {
    "bool": "yes or no",
    "int": "a whole number",
    "float": "a number",
    "text": "a text",
    "words": "a list of words",
}


def faults(rule: Rule, vocabulary: Vocabulary) -> list[RuleError]:
    """Everything in a rule that the vocabulary contradicts, from left to right."""
    found: list[RuleError] = []
    for name in names_in(rule.expression):
        fault = name_fault(name.text, vocabulary)
        if fault is not None:
            found.append(RuleError(fault[0], name.column, fault[1]))
    for atom in atoms_in(rule.expression):
        match atom:
            case Truth(name=name):
                found.extend(_truth(name, vocabulary))
            case Membership(item=item, name=name):
                found.extend(_membership(item, name, vocabulary))
            case Choice(name=name, items=items):
                found.extend(fault for item in items for fault in _equality(name, item, vocabulary))
            case Comparison():
                found.extend(_comparison(atom, vocabulary))
            case Known():
                pass
    return sorted(found, key=lambda fault: fault.column)


def bare(name: str) -> str:
    """A fact's name without its end: what the vocabulary lists."""
    return name.rpartition(".")[2]


def name_fault(name: str, vocabulary: Vocabulary) -> tuple[str, str] | None:
    """What is wrong with a fact's name, and what to write; None for a good one."""
    word = vocabulary.get(bare(name))
    if word is None:
        return f"there is no fact {bare(name)}", nearest(
            bare(name), vocabulary.keys()
        ) or "see the vocabulary"
    if word.scope == "end" and "." not in name:
        return f"{name} is a fact of one end", f"write here.{name}, near.{name} or far.{name}"
    if word.scope == "pair" and "." in name:
        return f"{bare(name)} is a fact about both ends together", f"write {bare(name)}"
    return None


def value_fault(value: Value, word: Word) -> str | None:
    """Why a fact of this kind can never have that value; None when it can."""
    kind = str(word.type)
    if kind == "text" and isinstance(value, str):
        return None if not word.values or value in word.values else f"is never {value!r}"
    if kind == "words" and isinstance(value, tuple):
        strange = [item for item in value if word.values and item not in word.values]
        return f"never holds {strange[0]!r}" if strange else None
    fits = {
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "text": False,
        "words": False,
    }[kind]
    return None if fits else f"is {_PLAIN[kind]}"


def _truth(name: Name, vocabulary: Vocabulary) -> list[RuleError]:
    word = vocabulary.get(bare(name.text))
    if word is None or str(word.type) == "bool":
        return []
    advice = f"write 'word' in {name.text}" if str(word.type) == "words" else f"compare it: {name.text} == …"
    return [RuleError(f"{name.text} is {_PLAIN[str(word.type)]}, not yes or no", name.column, advice)]


def _membership(item: Constant, name: Name, vocabulary: Vocabulary) -> list[RuleError]:
    word = vocabulary.get(bare(name.text))
    if word is None:
        return []
    if str(word.type) != "words":
        message = f"{name.text} is {_PLAIN[str(word.type)]}, not a list of words"
        return [RuleError(message, name.column, f"write {name.text} == {item.value!r}")]
    if word.values and item.value not in word.values:
        return [
            RuleError(
                f"{name.text} never holds {item.value!r}", item.column, nearest(str(item.value), word.values)
            )
        ]
    return []


def _equality(name: Name, literal: Constant, vocabulary: Vocabulary) -> list[RuleError]:
    word = vocabulary.get(bare(name.text))
    fault = value_fault(literal.value, word) if word is not None else None
    if word is None or fault is None:
        return []
    advice = _instead(name.text, literal.value, word)
    return [RuleError(f"{name.text} {fault}, so this never holds", literal.column, advice)]


def _instead(name: str, value: Value, word: Word) -> str:
    match str(word.type):
        case "bool":
            return f"write {name}, or not {name}"
        case "words":
            return f"write {value!r} in {name}" if isinstance(value, str) else f"write 'word' in {name}"
        case "text":
            return nearest(str(value), word.values) or f"write {name} == 'text'"
        case _:
            return "write a number without quotation marks"


def _comparison(comparison: Comparison, vocabulary: Vocabulary) -> list[RuleError]:
    left, right = comparison.left, comparison.right
    if comparison.sign not in ("==", "!="):
        return [fault for side in (left, right) for fault in _order(side, comparison.sign, vocabulary)]
    match left, right:
        case Name(), Name():
            words = [vocabulary.get(bare(side.text)) for side in (left, right)]
            kinds = {str(word.type).replace("int", "float") for word in words if word is not None}
            if len(kinds) < 2:
                return []
            message = f"{left.text} and {right.text} are of different kinds, so this never holds"
            return [RuleError(message, comparison.column, "compare facts of one kind")]
        case Name(), Constant():
            return _equality(left, right, vocabulary)
        case Constant(), Name():
            return _equality(right, left, vocabulary)
        case _:
            return []


def _order(side: Name | Constant, sign: str, vocabulary: Vocabulary) -> list[RuleError]:
    advice = "compare it with == or !="
    if isinstance(side, Constant):
        if isinstance(side.value, bool | str | tuple):
            return [RuleError(f"{sign} compares numbers only", side.column, advice)]
        return []
    word = vocabulary.get(bare(side.text))
    if word is None or str(word.type) in ("int", "float"):
        return []
    return [
        RuleError(
            f"{side.text} is {_PLAIN[str(word.type)]}, and {sign} compares numbers only", side.column, advice
        )
    ]
