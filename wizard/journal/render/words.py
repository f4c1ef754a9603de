"""Words, signs and ways of writing that all renderings share."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from wizard.engine.model import Mark
from wizard.engine.phrase import meaning, shown
from wizard.facts.model import Fact
from wizard.journal.transcript import Transcript

SIGNS: Final[dict[Mark, str]] = {"ok": "✓ ok", "warn": "! warn", "fail": "✗ fail", "unknown": "? unknown"}

STATUS_MARKS: Final[dict[str, Mark]] = {
    "healthy": "ok",
    "fault": "fail",
    "inconclusive": "unknown",
    "unfinished": "unknown",
}

_SYMPTOMS: Final = {
    "never-up": "It never came up",
    "drops": "It came up and went down",
    "no-traffic": "It is up, but nothing passes",
    "partly": "It is up, but some things do not work",
    "check": "Just check it",
}

_LINES_WHOLE: Final = 60
_LINES_HEAD: Final = 25
_LINES_TAIL: Final = 15
_LONGEST_LINE: Final = 1000

# C0 and C1 controls can move a terminal's cursor; direction marks and invisible characters can make a text
# read other than it is.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    """The text with control and invisible characters written out; line feeds and tabs keep their effect."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(_written_out, text)


def one_line(text: str) -> str:
    """The text as one visible line, for headings, lists and tables."""
    return " ".join(visible(text).split())


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def folded(text: str, keep: Collection[str] = (), whole: int = _LINES_WHOLE) -> tuple[str, ...]:
    """The lines of an output, the middle of a long one left out and marked; lines that hold `keep` stay.

    `whole` is how many lines are still shown in full. What is left out stands in the journal.
    """
    lines = visible(text).rstrip("\n").split("\n") if text.strip() else []
    if len(lines) <= whole:
        return tuple(_cut(line) for line in lines)
    head, tail = whole * _LINES_HEAD // _LINES_WHOLE, whole * _LINES_TAIL // _LINES_WHOLE
    wanted = {piece for line in keep for piece in visible(line).split("\n") if piece.strip()}
    result: list[str] = []
    skipped = 0
    for index, line in enumerate(lines):
        if head <= index < len(lines) - tail and not any(piece in line for piece in wanted):
            skipped += 1
            continue
        if skipped:
            result.append(_gap(skipped))
            skipped = 0
        result.append(_cut(line))
    return tuple(result)


def _gap(count: int) -> str:
    return f"[… {count} {'line' if count == 1 else 'lines'} left out …]"


def _cut(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{line[:_LONGEST_LINE]} [… {len(line) - _LONGEST_LINE} characters left out …]"


def counted(number: int, thing: str) -> str:
    """A number with its noun: "1 command", "2 commands"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def headline(transcript: Transcript) -> str:
    """Tunnel and outcome in one line."""
    return f"{transcript.started.tunnel}: {transcript.title}"


def symptom(transcript: Transcript) -> str:
    """What the operator said is wrong, in words; the id itself when another version knows it."""
    return _SYMPTOMS.get(transcript.started.symptom, transcript.started.symptom)


def moment(at: datetime) -> str:
    """A time for people, to the second, in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def known(fact: Fact, transcript: Transcript) -> str:
    """A fact as a clause: whose it is, what it means, its value."""
    names = {"near": transcript.started.near, "far": transcript.started.far}
    where = f"{names[fact.end]}: " if fact.end is not None else ""
    why = f" ({fact.why_unknown})" if not fact.known and fact.why_unknown else ""
    return f"{where}{meaning(fact.name)}: {shown(fact)}{why}"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "gw-a and gw-b"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
