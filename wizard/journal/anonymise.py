"""Pseudonyms for an export that leaves the house: addresses, names, identities; relations stay visible.

The same thing has the same pseudonym all through one export, and another one in the next; what kind of thing
it is shows in the pseudonym. This comes after redaction, never in its place.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from wizard.engine.model import (
    Answered,
    Ask,
    Branched,
    Change,
    Changed,
    Collect,
    Collected,
    CommandRecord,
    Draw,
    Drawn,
    EndReport,
    Entered,
    Exercise,
    Finding,
    Mend,
    Mended,
    Option,
    Outcome,
    Replied,
    Segment,
    Started,
    Stepped,
)
from wizard.engine.plan import Blast, Plan, SecretNeed, Step
from wizard.facts.model import Evidence, Fact
from wizard.journal.addresses import Addresses
from wizard.journal.entry import Entry, Recorded, Resumed
from wizard.journal.names import DN, EMAIL, FUNCTION_WORD, ORDINARY, discovered, is_name

# Fields that hold our own ids: a tunnel that is named like a node of a tree must not rename the node.
_OURS: Final[dict[type[Any], frozenset[str]]] = {
    Answered: frozenset({"option"}),
    Blast: frozenset({"end"}),
    Change: frozenset({"move", "guard"}),
    Ask: frozenset({"node"}),
    Branched: frozenset({"node", "mark", "to", "rule"}),
    Collect: frozenset({"probes"}),
    CommandRecord: frozenset({"end", "probe"}),
    Draw: frozenset({"remedy", "cause", "found_at", "right"}),
    EndReport: frozenset({"end"}),
    Entered: frozenset({"node", "kind"}),
    Evidence: frozenset({"probe"}),
    Exercise: frozenset({"name", "initiator", "node"}),
    Fact: frozenset({"name"}),
    Finding: frozenset({"cause", "confidence", "excludes", "remedies"}),
    Mend: frozenset({"remedy", "cause", "right"}),
    Mended: frozenset({"remedy", "result", "plan"}),
    Option: frozenset({"id"}),
    Outcome: frozenset({"status", "excluded"}),
    Plan: frozenset({"remedy", "cause", "stops", "hash"}),
    Resumed: frozenset({"version"}),
    SecretNeed: frozenset({"name", "source", "end"}),
    Segment: frozenset({"id", "mark"}),
    Started: frozenset({"symptom", "version", "flows_digest"}),
    Step: frozenset({"end", "secret"}),
    Stepped: frozenset({"state"}),
}
# What gateways run holds names and addresses in encoded form; what is shown of it says the same.
_LEFT_OUT: Final[dict[type[Any], frozenset[str]]] = {
    SecretNeed: frozenset({"read"}),
    Step: frozenset({"apply", "undo", "requires", "verify"}),
}
# Mappings whose keys are gateways, with values of our own.
_BY_GATEWAY: Final[dict[type[Any], frozenset[str]]] = {Changed: frozenset({"state", "drops"})}

_EDGE: Final = ("(?<![A-Za-z0-9])", "(?![A-Za-z0-9])")


class Anonymiser:
    """The pseudonyms of one export."""

    def __init__(self, names: Iterable[tuple[str, str]] = (), key: bytes | None = None) -> None:
        """Takes (kind, name) pairs known beforehand, such as ("gateway", "gw-a").

        `key` (16 to 64 bytes) decides the pseudonyms of addresses; without it they are different each time.
        """
        self._addresses = Addresses(key or secrets.token_bytes(32))
        self._pseudonyms: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None
        for kind, name in names:
            self.name(kind, name)

    @classmethod
    def of(
        cls, entries: Sequence[Entry], names: Iterable[tuple[str, str]] = (), key: bytes | None = None
    ) -> Anonymiser:
        """With every name these events give away: by what they are, or by what the gateways printed."""
        stated = [pair for entry in entries for pair in _stated(entry.event)]
        anonymiser = cls([*stated, *names], key)
        for text in dict.fromkeys(text for entry in entries for text in _printed(entry.event)):
            for kind, name in discovered(text):
                anonymiser.name(kind, name)
        return anonymiser

    def name(self, kind: str, name: str) -> str:
        """The pseudonym of a name, the same each time; an address has that of an address."""
        known = self._pseudonyms.get(name.lower())
        if known is not None or not name:
            return known or name
        if _is_address(name):
            return self._addresses.replaced(name)
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        dotted = kind == "host" and "." in name
        pseudonym = f"{kind}-{number}.example" if dotted else f"{kind}-{number}"
        self._pseudonyms[name.lower()] = pseudonym
        self._pattern = None
        first, _, _ = name.partition(".")
        if dotted and len(first) > 3 and not ORDINARY.fullmatch(first.lower()):
            self._pseudonyms.setdefault(first.lower(), f"{kind}-{number}")
        return pseudonym

    def entries(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """The events with pseudonyms in every text of theirs."""
        return tuple(replace(entry, event=self._value(entry.event)) for entry in entries)

    def text(self, text: str) -> str:
        """The text with pseudonyms; a name such as "on" is replaced only where it is the whole text."""
        whole = self._pseudonyms.get(text.lower())
        if whole is not None or not text:
            return whole or text
        return self._addresses.replaced(self._names().sub(self._replaced, text))

    def _names(self) -> re.Pattern[str]:
        if self._pattern is None:
            names = [name for name in self._pseudonyms if len(name) > 1 and not FUNCTION_WORD.fullmatch(name)]
            names.sort(key=len, reverse=True)
            words = "|".join(map(re.escape, names)) or "(?!)"
            # Flags inside the parts: attribute types are capitals, host names are either.
            self._pattern = re.compile(
                f"{EMAIL}|{DN}|{_EDGE[0]}(?P<name>(?i:{words})){_EDGE[1]}", re.MULTILINE
            )
        return self._pattern

    def _replaced(self, match: re.Match[str]) -> str:
        if match["name"]:
            return self._pseudonyms[match["name"].lower()]
        if match["key"]:
            kind = match["key"].rstrip("=").lower()
            return match["key"] + self._attribute(kind, match["value"])
        return f"{self._aside('person', match['user'])}@{self._aside('host', match['domain'])}"

    def _attribute(self, kind: str, value: str) -> str:
        if "@" in value:
            return self._names().sub(self._replaced, value)
        return self._pseudonyms.get(value.strip().lower()) or self._aside(kind, value)

    def _aside(self, kind: str, name: str) -> str:
        """A pseudonym that is not looked for anywhere else, so that the pattern stays as it is."""
        known = self._pseudonyms.get(name.lower())
        if known is not None:
            return known
        pattern, pseudonym = self._pattern, self.name(kind, name)
        self._pattern = pattern
        return pseudonym

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(self._value(item) for item in value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {key: self._value(item) for key, item in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **self._fields(value))
        return value

    def _fields(self, record: Any) -> dict[str, Any]:
        """The fields of a record that change, as they are in an export."""
        kind = type(record)
        found: dict[str, Any] = {}
        for name in (field.name for field in fields(record)):
            value = getattr(record, name)
            if name in _OURS.get(kind, frozenset()):
                continue
            if name in _LEFT_OUT.get(kind, frozenset()):
                found[name] = ": left out" if value else ""
            elif name in _BY_GATEWAY.get(kind, frozenset()):
                found[name] = {self.text(gateway): item for gateway, item in value.items()}
            else:
                found[name] = self._value(value)
        return found


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_interface(name)
    except ValueError:
        return False
    return True


def _stated(event: Recorded) -> Iterator[tuple[str, str]]:
    """Names an event states as what they are."""
    match event:
        case Started():
            yield "tunnel", event.tunnel
            yield "gateway", event.near
            yield "gateway", event.far
            yield "person", event.operator
            if event.approved is not None:
                yield from _of_plan(event.approved)
        case Resumed():
            yield "person", event.operator
        case Replied(reply=Collected() as reply):
            for report in reply.ends:
                yield "gateway", report.gateway
        case Replied(reply=Drawn(plan=Plan() as plan)):
            yield from _of_plan(plan)
        case Replied(reply=Changed() as reply):
            for one in reply.standing:
                yield "gateway", one.gateway
                yield from _connections(one.name.split("/"))
        case _:
            return


def _of_plan(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "tunnel", plan.tunnel
    for blast in plan.blasts:
        yield "gateway", blast.gateway
        yield from _connections((*blast.touched, *blast.interrupted))


def _connections(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names of connections, without words that outputs are full of: "net" is also what a sysctl begins with."""
    return (("connection", name) for name in names if is_name(name))


def _printed(event: Recorded) -> Iterator[str]:
    """What gateways printed, and commands, which carry names too."""
    if not isinstance(event, Replied) or not isinstance(event.reply, Collected | Drawn | Changed):
        return
    for record in event.reply.records:
        yield record.command
        yield record.stdout
        yield record.stderr
    if isinstance(event.reply, Drawn) and event.reply.plan is not None:
        for step in event.reply.plan.steps:
            yield "\n".join((*step.diff, *step.show, *step.show_undo))
    for fact in event.reply.facts if isinstance(event.reply, Collected) else ():
        for evidence in fact.evidence:
            yield evidence.line
