"""The one-line dumps of `swanctl --raw`, read in spite of their unquoted values.

A dump names its fields, which the listing for people does not; but `local-id=C=CH, O=strongSwan, CN=moon`
contains blanks and equals signs. A value therefore ends before the next key that can follow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from wizard.records import dataclass

MAX_DEPTH = 16
"""Deeper nesting than any message of the daemon has; beyond it a line counts as cut off."""

_LABEL = re.compile(r"(?P<label>[a-z][a-z-]{0,40} (?:event|reply)) \{")
_SECTION = re.compile(r" ?(?P<name>[^\s{}=]{0,512}) \{")
_ENTRY = re.compile(r" ?(?P<key>[A-Za-z][A-Za-z0-9_.-]{0,63})=(?P<list>\[)?")
_BRACKET = re.compile(r"[\[\]]")

_CLOSE = r"| [^\s{}=]{1,512} \{|\}(?=[ }]|$)"
_END = re.compile(r" [A-Za-z][A-Za-z0-9_.-]{0,63}=" + _CLOSE)
# Identities are the peer's own words: only what the daemon really prints next ends them.
_ROLE = r" initiator(?:=yes initiator)?-spi=[0-9a-f]{16} responder-spi="
_AUTH = r" (?:class|eap-type|eap-vendor|xauth|revocation|id|ca_id|aaa_id|eap_id|xauth_id|groups)="
_END_OF: Mapping[str, re.Pattern[str]] = {
    "local-id": re.compile(r" remote-host=" + _CLOSE),
    "remote-id": re.compile(r" remote-(?:eap|xauth)-id=|" + _ROLE + _CLOSE),
    "remote-eap-id": re.compile(_ROLE + _CLOSE),
    "remote-xauth-id": re.compile(_ROLE + _CLOSE),
    "ppk_id": re.compile(r" ppk_required=" + _CLOSE),
    **{key: re.compile(_AUTH + _CLOSE) for key in ("id", "ca_id", "aaa_id", "eap_id", "xauth_id", "class")},
}


@dataclass(frozen=True, slots=True)
class Section:
    """One `{…}` of a dump: single values, lists, and named sections in their order."""

    values: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sections: tuple[tuple[str, Section], ...] = ()

    def text(self, key: str) -> str | None:
        """The value of that key, None when the dump does not have it."""
        return self.values.get(key)

    def number(self, key: str) -> int | None:
        """The value as a decimal number, None when it is absent or not one."""
        value = self.values.get(key, "")
        return int(value) if re.fullmatch(r"-?[0-9]{1,20}", value) else None

    def items(self, key: str) -> tuple[str, ...]:
        """The items of a list, empty when the dump does not have it."""
        return self.lists.get(key, ())

    def section(self, name: str) -> Section:
        """The first section of that name, an empty one when there is none."""
        return next((inner for called, inner in self.sections if called == name), Section())


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a dump: what kind of message it is, what it holds, and the line itself."""

    label: str
    """For instance "list-sa event"."""
    body: Section
    line: str
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Dump:
    """All messages of one command's output."""

    messages: tuple[Message, ...] = ()
    truncated: bool = False
    """Some line broke off: what came before the break is there."""

    def of(self, label: str) -> Iterator[Message]:
        """The messages of one kind in the order they were printed."""
        return (message for message in self.messages if message.label == label)


@dataclass(slots=True)
class _Open:
    """A section whose closing brace has not been read yet."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sections: list[tuple[str, Section]] = field(default_factory=list)

    def closed(self) -> Section:
        return Section(self.values, self.lists, tuple(self.sections))


def parse(text: str) -> Dump:
    """Reads every message line; other lines (a plugin's complaint, a banner) are passed over."""
    messages = tuple(
        _message(line, found.group("label"), found.end())
        for line in text.splitlines()
        if (found := _LABEL.match(line))
    )
    return Dump(messages, any(message.truncated for message in messages))


def _message(line: str, label: str, start: int) -> Message:
    line = line.rstrip()
    stack = [_Open("")]
    at = start
    while at < len(line):
        if line[at] == "}":
            done = stack.pop()
            at += 1
            if not stack:
                return Message(label, done.closed(), line, truncated=bool(line[at:].strip()))
            stack[-1].sections.append((done.name, done.closed()))
        elif (entry := _ENTRY.match(line, at)) is not None:
            end = _entry(line, entry, stack[-1])
            if end is None:
                break
            at = end
        elif (section := _SECTION.match(line, at)) is not None and len(stack) < MAX_DEPTH:
            stack.append(_Open(section.group("name")))
            at = section.end()
        else:
            break
    while len(stack) > 1:
        done = stack.pop()
        stack[-1].sections.append((done.name, done.closed()))
    return Message(label, stack[0].closed(), line, truncated=True)


def _entry(line: str, entry: re.Match[str], into: _Open) -> int | None:
    """Reads the value after a key; None when the line breaks off inside it."""
    key = entry.group("key")
    if entry.group("list"):
        end = _list_end(line, entry.end())
        if end is not None:
            into.lists.setdefault(key, _items(line[entry.end() : end]))
            return end + 1
        return None
    found = _END_OF.get(key, _END).search(line, entry.end())
    if found is None:
        return None
    # A key read twice was first met inside a peer's identity: what the daemon prints comes last.
    into.values[key] = line[entry.end() : found.start()]
    return found.start()


def _list_end(line: str, at: int) -> int | None:
    """Where the list closes: selectors such as 10.0.0.0/8[tcp/80] have brackets of their own."""
    depth = 0
    for found in _BRACKET.finditer(line, at):
        if found.group() == "[":
            depth += 1
        elif depth == 0:
            return found.start()
        else:
            depth -= 1
    return None


def _items(inside: str) -> tuple[str, ...]:
    """Splits at blanks, but keeps a distinguished name, whose parts are joined by ", ", in one piece."""
    if re.search(r"(?:^| )[A-Za-z0-9.]{1,32}=", inside):
        return tuple(re.split(r"(?<!,) (?=[A-Za-z0-9.]{1,32}=)", inside))
    return tuple(inside.split())
