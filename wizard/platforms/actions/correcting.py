"""Misspelt options and values, put right where one known word is near enough; anything else is a person's to mend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Final

from wizard.facts.model import End
from wizard.facts.parsers import pluto_options, settings_layout, swanctl_options
from wizard.facts.probes import Command, Output
from wizard.facts.transforms import KEYWORDS
from wizard.facts.tunnel import ConfigProblem
from wizard.platforms.actions import edits
from wizard.platforms.actions.base import Planned, Site, Unplannable
from wizard.platforms.actions.edits import Change
from wizard.platforms.actions.options import changed
from wizard.platforms.actions.stored import Stored, stored

_NEAR: Final = 0.75
"""How alike two words have to be, from 0 to 1, for the one to be a slip of the other."""
_APART: Final = 0.08
"""By how much the nearest word has to be nearer than the next one."""
_UNKNOWN: Final = re.compile(r"unknown option '(?P<key>[^']+)'")
_NOT_ONE: Final = re.compile(r"(?P<key>[\w.-]+): '(?P<value>[^']*)' is not one of (?P<words>.+)")
_NO_ALGORITHM: Final = re.compile(
    r"(?P<key>[\w.-]+): '(?P<value>[^']*)' is no (?:encryption )?algorithm (?:this daemon|pluto) knows"
)
_NOT_YES: Final = re.compile(r"(?P<key>[\w.-]+): '(?P<value>[^']*)' is neither yes nor no")


class CorrectOption:
    """Puts right what the daemon refuses in the tunnel's section; see `Action`."""

    def look(self, site: Site, at: End, options: Mapping[str, str]) -> tuple[Command, ...]:
        """See `Action`."""
        own, changes = _corrected(site, at)
        return edits.look(own.texts, changes)

    def plan(self, site: Site, at: End, options: Mapping[str, str], seen: Mapping[str, Output]) -> Planned:
        """See `Action`."""
        own, changes = _corrected(site, at)
        if not changes:
            return Planned()
        words = ", ".join(change.text for change in changes)
        return changed(site, own, changes, seen, f"Write {words}", options)


def _corrected(site: Site, at: End) -> tuple[Stored, tuple[Change, ...]]:
    """What has to be changed for every complaint about the tunnel; raises Unplannable where one has no sure remedy."""
    snapshot = site.snapshot(at)
    problems = snapshot.disk.problems if snapshot.disk is not None else ()
    focus = site.focuses.get(at)
    name = focus.name if focus is not None else ""
    mine = [
        one
        for one in problems
        if one.scope == "file" or (one.scope == "connection" and one.name in {name, ""})
    ]
    for problem in mine:
        if not any(
            pattern.match(problem.message) for pattern in (_UNKNOWN, _NOT_ONE, _NOT_YES, _NO_ALGORITHM)
        ):
            raise _person(problem)
    own = stored(site, at)
    return own, tuple(_change(own, problem) for problem in mine)


def _person(problem: ConfigProblem) -> Unplannable:
    return Unplannable(
        f"{problem.place}: {problem.message}; what was meant there, only a person can tell",
        advice=f"look at this line and the ones before it: {problem.line}" if problem.line else None,
    )


def _change(own: Stored, problem: ConfigProblem) -> Change:
    file, _, number = problem.place.rpartition(":")
    row = own.texts.get(file, "").split("\n")[int(number) - 1]
    if (found := _UNKNOWN.match(problem.message)) is not None:
        meant = _nearest(found["key"], _options(own, file, int(number), found["key"]))
        place = re.search(rf"(?<![\w.-]){re.escape(found['key'])}(?=\s*=)", row)
    elif (found := _NOT_ONE.match(problem.message)) is not None:
        meant = _nearest(found["value"], found["words"].split(", "))
        place = _value(row, found["key"], found["value"])
    elif (found := _NO_ALGORITHM.match(problem.message)) is not None:
        meant = _nearest(found["value"], KEYWORDS)
        words = list(re.finditer(rf"(?<![\w]){re.escape(found['value'])}(?![\w])", row))
        place = words[0] if len(words) == 1 else None
    else:
        found = _NOT_YES.match(problem.message)
        assert found is not None
        meant = _nearest(found["value"], ("yes", "no", "true", "false"))
        place = _value(row, found["key"], found["value"])
    if meant is None or place is None:
        raise _person(problem)
    return Change(file, int(number), place.start(), place.end(), meant)


def _value(row: str, key: str, value: str) -> re.Match[str] | None:
    """The bad value in its line, where it stands there once behind its option."""
    found = list(re.finditer(rf"(?i)(?<==)(?P<gap>\s*\"?)(?P<word>{re.escape(value)})(?![\w.-])", row))
    behind = [one for one in found if re.search(rf"(?i)(?<![\w.-]){re.escape(key)}\s*=$", row[: one.start()])]
    if len(behind) != 1:
        return None
    return re.compile(re.escape(behind[0]["word"])).match(row, behind[0].start("word"))


def _options(own: Stored, file: str, line: int, key: str) -> Iterable[str]:
    """The options that may stand at that place."""
    if own.dialect != "swanctl":
        return pluto_options.KNOWN if own.dialect == "libreswan" else ()
    layout = settings_layout.lay_out(own.texts, own.root)
    path = next(
        (
            one.path
            for one in layout.stated
            if one.place.file == file and one.place.line == line and one.key == key
        ),
        (),
    )
    if len(path) == 4:
        return swanctl_options.CHILD
    if len(path) == 3:
        return swanctl_options.AUTHENTICATION
    return swanctl_options.CONNECTION if len(path) == 2 else ()


def _nearest(word: str, known: Iterable[str]) -> str | None:
    """The one word that was surely meant; None where none is near enough, or two are."""
    ranked = sorted(
        ((SequenceMatcher(None, word.lower(), one.lower()).ratio(), one) for one in set(known)), reverse=True
    )
    if not ranked or ranked[0][0] < _NEAR:
        return None
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _APART:
        return None
    return ranked[0][1]
