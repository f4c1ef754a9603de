"""The one door for text that comes from gateways or was filled from their facts.

A Junos banner such as `[edit security ike]` would silently vanish as markup and `[/x]` would end the
program; escape sequences could repaint the screen, direction marks could show a command as another one.
So such text enters a widget only as what `literal` returns, and a text area only as what `clean` returns.
"""

from __future__ import annotations

import re
from typing import Final

from textual.content import Content

LONGEST_LINE: Final = 4000
"""Characters of one line that are shown; a gateway may print megabytes without a line feed."""

_ESCAPES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC: titles, clipboard
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIRECTIONS: Final = re.compile(
    "[\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_LONE: Final = re.compile("[\ud800-\udfff]")


def clean(text: str, longest: int = LONGEST_LINE) -> str:
    """The text without anything a terminal would act on; lines above `longest` characters are cut and say so.

    Escape sequences and marks of writing direction are dropped, carriage returns too; other control
    characters show as "?". Line feeds stay.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n" if "\n" not in text else "")
    text = _ESCAPES.sub("", text)
    text = _DIRECTIONS.sub("", text)
    text = _LONE.sub("?", _CONTROLS.sub("?", text))
    text = text.expandtabs(8)
    if len(text) <= longest:
        return text
    return "\n".join(_cut(line, longest) for line in text.split("\n"))


def _cut(line: str, longest: int) -> str:
    if len(line) <= longest:
        return line
    return f"{line[:longest]}… ({len(line) - longest} more characters)"


def literal(text: str, style: str = "") -> Content:
    """Text as it stands, never markup, in one style (theme variables allowed)."""
    return Content.styled(clean(text), style) if style else Content(clean(text))


def one_line(text: str, style: str = "") -> Content:
    """Like `literal`, on one line: for titles, list entries and table cells."""
    return literal(" ".join(text.split()), style)
