"""Bytes from a gateway as text that can do nothing to a terminal."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor, modes
    "|\x1b[\\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?"  # OSC, DCS, SOS, PM, APC: titles, links, clipboard
    "|\x1b[ -/]*[0-~]?"  # all other sequences
)
_LINE_ENDS = re.compile("\r+\n|\r+")
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # reversing the direction of text shows another text
)


def plain(data: bytes | str) -> str:
    """Text without escape sequences and control characters other than line feed and tab.

    Bytes that are not UTF-8 become U+FFFD, because a log in an old encoding is still worth reading; a
    carriage return becomes a line end, because what it would overwrite was printed too.
    """
    text = data.decode("utf-8", errors="replace") if isinstance(data, bytes) else data
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", _ESCAPES.sub("", text)))


def one_line(text: str, limit: int = 200) -> str:
    """A gateway's own words as part of a sentence: plain, on one line, not longer than `limit` characters."""
    words = " ".join(plain(text).split())
    return words if len(words) <= limit else words[: limit - 1] + "…"
