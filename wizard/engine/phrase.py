"""Sentences of a tree with the names of the gateways put in, because "near" means nothing to an operator."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wizard.engine.model import Started
from wizard.facts.model import ENDS, End, Fact, Facts, other
from wizard.facts.vocabulary import VOCABULARY

_SLOT = re.compile(r"\{(here|there|near|far|fact:[a-z_.]+)\}")


class Phrases:
    """Fills {here}, {there}, {near}, {far} and {fact:NAME} for one session."""

    def __init__(self, started: Started) -> None:
        """Takes the names of the ends from the session's first event."""
        self._names: dict[End, str] = {"near": started.near, "far": started.far}

    @classmethod
    def of(cls, names: Mapping[End, str]) -> Phrases:
        """For ends whose names are known from elsewhere."""
        phrases = cls.__new__(cls)
        phrases._names = dict(names)
        return phrases

    def name(self, end: End) -> str:
        """The gateway's name at that end."""
        return self._names[end]

    def fill(self, text: str, ends: tuple[End, ...], facts: Facts) -> str:
        """The text with its slots filled; a slot that has no value reads "one end" or "unknown"."""

        def value(match: re.Match[str]) -> str:
            slot = match[1]
            if slot in ENDS:
                return self._names["near" if slot == "near" else "far"]
            if slot == "here":
                return " and ".join(self._names[end] for end in ends) or "one end"
            if slot == "there":
                return self._names[other(ends[0])] if len(ends) == 1 else "the other end"
            return self._fact(slot.removeprefix("fact:"), ends, facts)

        return _SLOT.sub(value, text)

    def _fact(self, name: str, ends: tuple[End, ...], facts: Facts) -> str:
        prefix, dot, rest = name.partition(".")
        if dot and prefix in ("here", "there"):
            if not ends:
                return "unknown"
            end = ends[0] if prefix == "here" else other(ends[0])
            name = f"{end}.{rest}"
        return shown(facts.get(name))

    def unknown(self, facts: tuple[Fact, ...]) -> str:
        """One sentence on what could not be learned, and why."""
        missing = [fact for fact in facts if not fact.known]
        if not missing:
            return "Could not be told"
        first = missing[0]
        where = f" at {self._names[first.end]}" if first.end is not None else ""
        why = f": {first.why_unknown}" if first.why_unknown else ""
        return f"Not known whether {meaning(first.name)}{where}{why}"


def meaning(name: str) -> str:
    """What a fact means in words, by its full or bare name; the name itself for one not in the vocabulary."""
    spec = VOCABULARY.get(name.rpartition(".")[2])
    return spec.meaning if spec is not None else name


def shown(fact: Fact) -> str:
    """A fact's value as a person reads it."""
    value = fact.value
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, float):
        return f"{value:.1f}"
    return str(value)
