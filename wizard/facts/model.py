"""What is known about a tunnel: three-valued facts, each with the lines that prove it.

A fact has a name (`near.daemon_running`, `far.ike_events`, `psk_agrees`), a value, and evidence.
Facts of one end carry the prefix `near.` or `far.`; facts about the pair carry none.
A fact that could not be learned has the value None and says why: unknown is neither true nor false,
so that a gateway nobody could read is never mistaken for one that is in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Literal

from wizard.records import dataclass

End = Literal["near", "far"]
ENDS: tuple[End, End] = ("near", "far")

Value = bool | int | float | str | tuple[str, ...]


def other(end: End) -> End:
    """The opposite end, because most rules are written once and tried from both sides."""
    return "far" if end == "near" else "near"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of one command's output that shows a fact, so that a reader can check the machine's word."""

    end: str
    """Gateway name as the inventory spells it."""
    probe: str
    """Id of the probe the line comes from."""
    command: str
    """The command as the operator could type it."""
    line: str
    """The line itself, as the gateway printed it (secrets never reach it)."""
    item: str | None = None
    """For a fact that is a list: the item this line proves; None when it proves the whole."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One named, three-valued statement: `value` None means unknown, and `why_unknown` says why."""

    name: str
    value: Value | None
    evidence: tuple[Evidence, ...] = ()
    why_unknown: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value to branch on."""
        return self.value is not None

    @property
    def end(self) -> End | None:
        """The end this fact belongs to, None for a fact about the pair."""
        prefix, dot, _ = self.name.partition(".")
        if not dot:
            return None
        return "near" if prefix == "near" else "far"


@dataclass(frozen=True, slots=True)
class Facts:
    """An immutable collection of facts by name; a missing name reads as unknown."""

    by_name: Mapping[str, Fact] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Facts:
        """Collects facts; of two with one name the later wins, because it was learned later."""
        return cls({fact.name: fact for fact in facts})

    def merged(self, facts: Iterable[Fact]) -> Facts:
        """These facts with newer ones laid over them.

        A newer unknown does not erase an older value: failing to look again is not a change.
        """
        merged = dict(self.by_name)
        for fact in facts:
            if fact.known or fact.name not in merged:
                merged[fact.name] = fact
        return Facts(merged)

    def get(self, name: str) -> Fact:
        """The fact of that name, or an unknown one."""
        return self.by_name.get(name) or Fact(name, None, why_unknown="not looked at")

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)
