"""Which words a line must hold before a pattern can fit it, so that most lines need no pattern at all.

The words are read out of the patterns themselves: no pattern can be forgotten, and a flow's own signatures are
found as fast as the bundled ones. A word is a run of letters and signs without blanks and digits.
"""

from __future__ import annotations

import re
import re._constants as code  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

SHORTEST: Final = 3
"""Letters a word must have to tell lines apart."""
_SPLIT: Final = re.compile(r"[\s\d]+")
_EVERYDAY_TEXT: Final = """
    accept address allowed available closed config connect connected connection could denied disabled error exited
    expired failed failure file found from host idle info interface invalid local lost message missing mode network
    not open packet password peer permission port process protocol received refused rejected remote reply request
    response restart route running sending server service session socket start started state status stopped system
    time timeout type unable unknown unreachable update user using version warning with key data link down read write
    load loaded name kernel Failed Error Connection length number group code sent
"""
_EVERYDAY: Final = frozenset(_EVERYDAY_TEXT.split())
"""Words many an unrelated line holds; taken only where a pattern has no better one."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a line must hold for one pattern to fit: every word of `every`, and one out of each of `choices`."""

    every: frozenset[str]
    choices: tuple[frozenset[str], ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """Words one of which such a line holds, those that are found least elsewhere; empty where there is none."""
        sets = [*self.choices, *(frozenset([word]) for word in self.every)]
        return max(sets, key=lambda words: min(map(_worth, words)), default=frozenset())

    def met(self, words: Collection[str]) -> bool:
        """Whether these words are enough."""
        return all(word in words for word in self.every) and all(
            any(word in words for word in choice) for choice in self.choices
        )


def needs(pattern: re.Pattern[str]) -> Needs | None:
    """What the pattern needs; None where it may fit a line without any word."""
    if pattern.flags & re.IGNORECASE:
        return None
    try:
        parsed = list(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
    except (re.error, AttributeError, RecursionError):
        return None
    found = _needs(parsed)
    return found if found.every or found.choices else None


def _needs(items: Sequence[Any]) -> Needs:
    runs, choices = _runs(items)
    every = frozenset(word for run in runs for word in _SPLIT.split(run) if len(word) >= SHORTEST)
    return Needs(every, tuple(found for found in map(_either, choices) if found))


def _worth(word: str) -> int:
    """How well a word tells our lines from others'."""
    plain = word.strip("'\"()[],.!?-=")
    marks = 2 * (any(sign.isupper() for sign in word[1:]) or "_" in word)
    return min(len(plain), 12) + marks - (8 if plain.lower() in _EVERYDAY else 0)


def _either(ways: Iterable[Sequence[Any]]) -> frozenset[str]:
    """A word for each way of a choice; empty where a way has none."""
    found: set[str] = set()
    for way in ways:
        keys = _needs(way).keys
        if not keys:
            return frozenset()
        found |= keys
    return frozenset(found)


def _runs(items: Sequence[Any]) -> tuple[list[str], list[list[list[Any]]]]:
    """The literal runs every fitting line holds, and the choices among which it takes one way."""
    runs, choices = [""], []
    for kind, value in items:
        if kind is code.LITERAL:
            runs[-1] += chr(value)
        elif kind is code.SUBPATTERN:
            group, add_flags, _, inner = value
            if add_flags & re.IGNORECASE:
                runs.append("")
                continue
            inside, more = _runs(list(inner))
            runs[-1] += inside[0]
            runs.extend(inside[1:])
            choices.extend(more)
            if group is None and more:
                runs.append("")
        elif kind is code.BRANCH:
            choices.append([list(way) for way in value[1]])
            runs.append("")
        elif kind in (code.MAX_REPEAT, code.MIN_REPEAT):
            least, _, inner = value
            runs.append("")
            if least:
                inside, more = _runs(list(inner))
                runs.extend(inside)
                choices.extend(more)
            runs.append("")
        elif kind is not code.AT and kind not in (code.ASSERT, code.ASSERT_NOT):
            runs.append("")
    return runs, choices
