"""The lines of a pasted log that may mean something, out of a stream of any size, in bounded memory.

Most of a pasted file is about something else. A line is looked at only when it holds the words without which no
signature fits; shapes of lines that had none are remembered, because logs repeat themselves. What is left is
cleaned of what copying adds: colours, quotation signs, entities.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from wizard.facts.pasted.lexicon import Lexicon
from wizard.facts.pasted.wrapped import unwrapped

BLOCK: Final = 1 << 16
"""Bytes looked at in one go."""
LONGEST: Final = 4096
"""Bytes of one line that are kept; the rest is passed over until the line ends."""
_SHAPES: Final = 100_000
"""Shapes of lines (what is left without digits and hexadecimal letters) that are remembered as irrelevant."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line as it was pasted, cleaned of what copying adds."""

    number: int
    """Counted from 1."""
    text: str
    signatures: tuple[int, ...] = ()
    """The numbers of the signatures that can fit it."""


_ANSI: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_TAG: Final = re.compile(r"</?(?:br|pre|code|p|div|li|span|td|tr)\b[^<>]{0,120}>")
_ENTITY: Final = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_QUOTED: Final = re.compile(r"\A(?:[>│|] ?)+(?=\s*\S)|\A`+|`+\s*\Z")
_QUOTES: Final = frozenset(">|\u2502`")
_TYPOGRAPHY: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u00a0\u2007\u202f\t", " "),
        **dict.fromkeys("\u2013\u2014\u2212", "-"),
    }
)


class Reader:
    """Reads one stream; `lines` counts what went by, whether it was looked at or not."""

    def __init__(self, lexicon: Lexicon) -> None:
        """The lexicon says which lines can mean something."""
        self._lexicon = lexicon
        self._shapes: set[bytes] = set()
        self.lines = 0

    def read(self, blocks: Iterable[bytes]) -> Iterator[RawLine]:
        """The lines worth a closer look, in order."""
        for block in _whole_lines(unwrapped(_utf8(blocks))):
            yield from self._block(block)

    def _block(self, block: bytes) -> Iterator[RawLine]:
        shapes, possible = self._shapes, self._lexicon.possible
        number = self.lines
        for line in block.removesuffix(b"\n").split(b"\n"):
            number += 1
            shape = line.translate(None, b"0123456789abcdef")
            if shape in shapes:
                continue
            text = cleaned(line) if b"\x1b" in line or b"&" in line else None
            signatures = possible(line[:LONGEST] if text is None else text.encode())
            if not signatures:
                if len(shapes) < _SHAPES:
                    shapes.add(shape)
                continue
            self.lines = number
            text = cleaned(line) if text is None else text
            if text:
                yield RawLine(number, text, signatures)
        self.lines = number


def cleaned(line: bytes) -> str:
    """One line as its writer meant it; what is no UTF-8 becomes a replacement sign."""
    text = line[:LONGEST].decode("utf-8", "replace")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    if "<" in text and _TAG.search(text):
        text = _TAG.sub("", text)
    if not text.isascii() or "\t" in text:
        text = text.translate(_TYPOGRAPHY)
    if not text.isprintable():
        text = _CONTROL.sub("", text)
    if text[:1] in _QUOTES or text[-1:] == "`":
        text = _QUOTED.sub("", text)
    return text.rstrip()


def _utf8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The stream as UTF-8, whatever its byte order mark says (editors on Windows write UTF-16)."""
    decoder: codecs.IncrementalDecoder | None = None
    first = True
    for block in blocks:
        if first and block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
        first = False
        yield block if decoder is None else decoder.decode(block).encode()


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks that end where a line ends; a line without end is cut, since nothing of use comes so late."""
    rest = b""
    for block in blocks:
        at = block.rfind(b"\n")
        if at < 0:
            rest = rest + block if len(rest) < LONGEST else rest
            continue
        yield rest + block[: at + 1]
        rest = block[at + 1 :]
    if rest:
        yield rest
