"""Collects what a comparison finds: facts for the tree, rows for a reader, and what could not be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from wizard.facts.comparison.pairing import Match
from wizard.facts.comparison.saved import Saved
from wizard.facts.model import ENDS, End, Evidence, Fact, Value
from wizard.facts.tunnel import Connection

PROBE = "configuration"
Verdict = Literal["same", "differs", "not compared", "remark"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table for people: a field, what each end has there, and how they fit."""

    field: str
    a: str
    b: str
    verdict: Verdict


@dataclass(slots=True)
class Notes:
    """What is known of one pair; the near end is the first configuration, the far end the second."""

    a: Saved
    b: Saved
    match: Match
    facts: list[Fact] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def saved(self) -> Mapping[End, Saved]:
        """The files of each end."""
        return {"near": self.a, "far": self.b}

    @property
    def connections(self) -> Mapping[End, Connection]:
        """The connection of each end."""
        return {"near": self.match.a, "far": self.match.b}

    def cite(self, end: End, field_name: str, said: str) -> Evidence:
        """The line a field stands in; where it stands nowhere, what holds in its place."""
        connection, saved = self.connections[end], self.saved[end]
        place = connection.where.get(field_name)
        if place is not None and (line := saved.line(place)):
            return Evidence(saved.name, PROBE, place, line)
        section = connection.where.get(connection.name, ", ".join(saved.configuration.files[:1]))
        return Evidence(saved.name, PROBE, section, f"{connection.name}: {said} (not written there)")

    def pair(self, name: str, value: Value | None, field_name: str, a: str, b: str, why: str = "") -> None:
        """A fact about both ends, proved by the same field of each."""
        lines = tuple(
            self.cite(end, self._field(end, field_name), said) for end, said in zip(ENDS, (a, b), strict=True)
        )
        self.facts.append(Fact(name, value, lines, why if value is None else ""))

    def also(self, field_name: str, a: str, b: str) -> None:
        """Further lines for the last fact."""
        lines = tuple(
            self.cite(end, self._field(end, field_name), said) for end, said in zip(ENDS, (a, b), strict=True)
        )
        last = self.facts[-1]
        self.facts[-1] = replace(last, evidence=tuple(dict.fromkeys((*last.evidence, *lines))))

    def end(self, end: End, name: str, value: Value | None, *lines: Evidence, why: str = "") -> None:
        """A fact about one end."""
        self.facts.append(Fact(f"{end}.{name}", value, lines, why if value is None else ""))

    def text(self, name: str, value: str) -> None:
        """A fact that is a sentence about both ends."""
        self.facts.append(Fact(name, value))

    def row(self, name: str, a: str, b: str, agrees: bool | None, *, remark: bool = False) -> None:
        """A line of the table."""
        verdict: Verdict = "not compared" if agrees is None else "same" if agrees else "differs"
        self.rows.append(Row(name, a, b, "remark" if remark and agrees is False else verdict))

    @staticmethod
    def _field(end: End, name: str) -> str:
        """`local|remote` means the first at the near end and the second at the far end."""
        near, bar, far = name.partition("|")
        return near if end == "near" or not bar else far


def words(values: object) -> str:
    """A list of values for a reader."""
    if isinstance(values, tuple):
        return ", ".join(str(value) for value in values) or "(none)"
    return "(not written)" if values is None else str(values)
