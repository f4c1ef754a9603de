"""Which lines of a paste mean something: signatures of every daemon held against lines of unknown origin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from wizard.facts.pasted.lexicon import Lexicon
from wizard.facts.pasted.ornaments import readings
from wizard.facts.pasted.prefixes import PastedLine, taken_apart
from wizard.facts.pasted.reader import RawLine, Reader

_REMEMBERED: Final = 4096
"""Texts whose signature is remembered; daemons repeat themselves word for word."""
_FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    "charon": ("charon",),
    "pluto": ("pluto",),
    "cisco": ("cisco", "others", "tools"),
    "": ("charon", "pluto", "cisco", "tools", "others"),
}
"""Whose signatures are tried on a line whose prefix says who wrote it; further daemons come after these."""
PLATFORMS: Final[Mapping[str, str]] = {"strongswan": "charon", "libreswan": "pluto", "cisco_ios": "cisco"}


class Signature(Protocol):
    """What a line is held against; wizard.flow.signatures makes them of YAML."""

    @property
    def name(self) -> str:
        """The event it stands for."""

    @property
    def daemon(self) -> str:
        """Whose words they are."""

    @property
    def level(self) -> str:
        """fault, refused, sign, progress or noise."""

    @property
    def standing(self) -> bool:
        """Whether it holds whatever attempt is looked at."""

    @property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """What is searched for."""

    def groups(self, text: str) -> Mapping[str, str] | None:
        """What the line names, or None where it is another line."""


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """A line that means something."""

    name: str
    level: str
    line: PastedLine
    groups: Mapping[str, str] = field(default_factory=dict)
    daemon: str = ""
    standing: bool = False


class Matcher:
    """Finds the signature of a line; the first that fits counts, the likeliest daemon's are tried first."""

    def __init__(self, signatures: Sequence[Signature], platform: str | None = None) -> None:
        """`platform`: strongswan, libreswan or cisco_ios where the operator says so; its words go first."""
        preferred = PLATFORMS.get(platform or "", "")
        daemons = {signature.daemon: None for signature in signatures}
        foreign = tuple(daemon for daemon in daemons if daemon not in _FIRST[""])
        self._ranks: dict[str, dict[str, int]] = {}
        for hint, known in _FIRST.items():
            order = [*known, *foreign]
            if preferred in order:
                order = [preferred, *(daemon for daemon in order if daemon != preferred)]
            self._ranks[hint] = {daemon: rank for rank, daemon in enumerate(order)}
        self._signatures = tuple(signatures)
        self.lexicon = Lexicon(signature.patterns for signature in signatures)
        self._seen: dict[tuple[str, str], tuple[Signature, Mapping[str, str]] | None] = {}

    def event(self, line: PastedLine, signatures: Sequence[int]) -> SeenEvent | None:
        """What the line stands for, None for nothing known; `signatures` are those the lexicon leaves."""
        key = (line.hint, line.text)
        if key not in self._seen:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[key] = self._find(line, signatures)
        found = self._seen[key]
        if found is None:
            return None
        signature, groups = found
        return SeenEvent(signature.name, signature.level, line, groups, signature.daemon, signature.standing)

    def _find(
        self, line: PastedLine, signatures: Sequence[int]
    ) -> tuple[Signature, Mapping[str, str]] | None:
        ranks = self._ranks[line.hint]
        chosen = [
            (ranks[self._signatures[one].daemon], one)
            for one in signatures
            if self._signatures[one].daemon in ranks
        ]
        for _, index in sorted(chosen):
            groups = self._signatures[index].groups(line.text)
            if groups is not None:
                return self._signatures[index], groups
        return None


def events(blocks: Iterable[bytes], reader: Reader, matcher: Matcher) -> Iterator[SeenEvent]:
    """The meaningful lines of a stream, in order."""
    for raw in reader.read(blocks):
        found = matcher.event(taken_apart(raw.number, raw.text), raw.signatures) or _anyway(raw, matcher)
        if found is not None:
            yield found


def _anyway(raw: RawLine, matcher: Matcher) -> SeenEvent | None:
    """What a line means once it is read without its ornaments."""
    for text in readings(raw.text):
        line = replace(taken_apart(raw.number, text), shown=raw.text)
        found = matcher.event(line, raw.signatures)
        if found is not None:
            return found
    bare = taken_apart(raw.number, raw.text)
    if bare.text == raw.text:
        return None
    # What was taken for a prefix may have been the subject of the sentence: `ipsec.service: Start request …`.
    return matcher.event(replace(bare, text=raw.text, hint=""), raw.signatures)
