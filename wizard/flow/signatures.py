"""Log signatures: which words of a daemon stand for which event, as data that tests itself.

Each signature carries lines that must match it and lines that must not; `check` tells where they do otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from wizard.errors import FlowError, Problem
from wizard.records import dataclass

if TYPE_CHECKING:
    from wizard.flow.signature_files import SignatureFile
    from wizard.yaml_source import Document

LONGEST_LINE: Final = 2000
"""Characters of a line that are looked at; no daemon says anything of interest after them."""

Level = Literal["fault", "refused", "sign", "progress", "noise"]
"""fault: something is wrong, and this end says what. refused: the peer said no. noise: seen on healthy tunnels."""


_ANCHORED: Final = re.compile(r"\^(?:[^|()\[\]\\]|\\.|\[[^\]]*\]|\([^()]*\))*$")
"""A pattern that begins with ^ and has no alternative of its own outside one level of parentheses."""
_OPENING: Final = re.compile(
    r"\^?([A-Za-z0-9 ,:;'\"_/#=<>@!&%~-]+)(?![?*+{])(?:[^|()\[\]\\]|\\.|\[[^\]]*\]|\([^()]*\))*$"
)
"""The same with or without ^, with the plain letters that it begins with."""


class Finder:
    """One pattern, compiled when it is first needed: a line without the letters it begins with is never its line."""

    __slots__ = ("_anchored", "_compiled", "_opening", "_pattern")

    def __init__(self, pattern: str) -> None:
        """Takes a pattern that is known to be one."""
        found = _OPENING.match(pattern)
        self._pattern = pattern
        self._opening = found[1] if found is not None else ""
        self._anchored = pattern.startswith("^")
        self._compiled: Callable[[str], re.Match[str] | None] | None = None

    def __call__(self, line: str) -> re.Match[str] | None:
        """Where the pattern is in the line."""
        if not (line.startswith(self._opening) if self._anchored else self._opening in line):
            return None
        if self._compiled is None:
            self._compiled = finder(re.compile(self._pattern))
        return self._compiled(line)


def finder(pattern: re.Pattern[str]) -> Callable[[str], re.Match[str] | None]:
    """Looks for it: a search would try an anchored pattern at every character of every line of a long log."""
    return pattern.match if _ANCHORED.match(pattern.pattern) else pattern.search


def groups_of(
    finders: Sequence[Callable[[str], re.Match[str] | None]], text: str
) -> Mapping[str, str] | None:
    """What the first of the patterns that fits names in a line; None where none fits."""
    line = text[:LONGEST_LINE]
    for find in finders:
        found = find(line)
        if found is not None:
            return {name: value for name, value in found.groupdict().items() if value is not None}
    return None


@dataclass(frozen=True, slots=True)
class Signature:
    """One event, ready to be looked for."""

    name: str
    meaning: str
    patterns: tuple[re.Pattern[str], ...]
    level: Level = "sign"
    note: str = ""
    """Since when, or in which IKE version, the words are these."""
    daemon: str = ""
    """Whose words they are: charon, pluto, cisco or tools; daemons share names of events, not words."""
    standing: bool = False
    """Whether it holds whatever attempt is looked at: what a listing shows, what a file holds."""
    finders: tuple[Callable[[str], re.Match[str] | None], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "finders", tuple(map(finder, self.patterns)))

    def groups(self, text: str) -> Mapping[str, str] | None:
        """What the line names, or None where it is another line."""
        return groups_of(self.finders, text)


_DAEMON: Final = re.compile(rb"^daemon: *([a-z0-9-]+) *$", re.MULTILINE)
GATEWAYS: Final = ("charon", "pluto")
"""The daemons whose logs are read on gateways; `load` without names takes every daemon's signatures."""


def load(
    folders: Sequence[Path], daemons: Collection[str] = (), *, tested: bool = True
) -> tuple[Signature, ...]:
    """The signatures of all folders in order; a later event replaces the same daemon's earlier one.

    `daemons` leaves out the words of all others. Raises FlowError with every problem: unreadable files, bad
    patterns and, where they are to be `tested`, samples that do not match.
    """
    found, problems = _read(folders, daemons, tested=tested)
    if problems:
        raise FlowError.listing(problems)
    return tuple(one for one in found.values() if not daemons or one.daemon in daemons)


def problems(folders: Sequence[Path]) -> list[Problem]:
    """Everything that is wrong with the signatures of these folders, their samples included."""
    return _read(folders, (), tested=True)[1]


def _read(
    folders: Sequence[Path], daemons: Collection[str], *, tested: bool
) -> tuple[dict[tuple[str, str], Signature], list[Problem]]:
    # Here and not on top: what is kept of the knowledge needs none of it.
    from wizard.flow.signature_files import SignatureFile
    from wizard.yaml_source import check, read

    found: dict[tuple[str, str], Signature] = {}
    problems: list[Problem] = []
    for folder in folders:
        for path in sorted(folder.glob("signatures/*.yaml")):
            if _foreign(path, daemons):
                continue
            document = read(path)
            problems.extend(document.problems)
            entry, faults = check(document, SignatureFile)
            problems.extend(faults)
            if entry is not None:
                problems.extend(_add(entry, document, found, tested=tested))
    return found, problems


def _foreign(path: Path, daemons: Collection[str]) -> bool:
    """Whether a file says in a line of its own that it is about another daemon; told before it is read as YAML."""
    if not daemons:
        return False
    try:
        named = _DAEMON.search(path.read_bytes())
    except OSError:
        return False
    return named is not None and named[1].decode("utf-8", "replace") not in daemons


def _add(
    entry: SignatureFile, document: Document, found: dict[tuple[str, str], Signature], *, tested: bool
) -> Iterator[Problem]:
    """Compiles one file's signatures and holds them against their own samples."""
    compiled: list[Signature] = []
    for index, one in enumerate(entry.events):
        if any(one.event == other.name for other in compiled):
            yield Problem(
                f"the event {one.event} is there already", document.place(("events", index, "event"))
            )
        patterns: list[re.Pattern[str]] = []
        for number, pattern in enumerate(one.patterns):
            try:
                patterns.append(re.compile(pattern))
            except re.error as error:
                place = document.place(("events", index, "patterns", number))
                yield Problem(f"the pattern is no regular expression: {error}", place)
        compiled.append(
            Signature(
                one.event,
                one.meaning,
                tuple(patterns),
                level=one.level,
                note=one.note,
                daemon=entry.daemon,
                standing=one.standing or entry.standing,
            )
        )
    for index, one in enumerate(entry.events if tested else ()):
        for number, sample in enumerate(one.samples):
            first = next((other.name for other in compiled if other.groups(sample) is not None), None)
            if first != one.event:
                place = document.place(("events", index, "samples", number))
                yield Problem(f"this line is taken for {first or 'nothing'}, not for {one.event}", place)
        for number, line in enumerate(one.not_):
            if compiled[index].groups(line) is not None:
                place = document.place(("events", index, "not", number))
                yield Problem(f"this line is taken for {one.event}", place)
    found.update({(one.daemon, one.name): one for one in compiled})
