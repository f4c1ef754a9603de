"""The transcript as Markdown (CommonMark), for a ticket or a wiki; only our own markup in it is any."""

from __future__ import annotations

import re
from typing import Final, assert_never

from wizard.journal.render.blocks import Block, Heading, Item, Items, Paragraph, Printed
from wizard.journal.render.layout import laid_out
from wizard.journal.render.words import one_line
from wizard.journal.transcript import Transcript

# CommonMark lets a backslash stand before any ASCII punctuation; these are the ones that can begin markup
# inside a line, those of GitHub (~ $ @ :// www.) included.
_INLINE: Final = re.compile(r"[\\`*_\[\]<>&~|$@#]|(?<=:)/(?=/)|(?<=www)\.", re.IGNORECASE)
_AT_START: Final = re.compile(r"^([-+=])|^([0-9]{1,9})([.)])")


def as_markdown(transcript: Transcript) -> str:
    """The transcript as a Markdown document."""
    return "\n\n".join(_block(block) for block in laid_out(transcript)) + "\n"


def escaped(text: str) -> str:
    """The text as one line that Markdown shows as it is, wherever inside a line it stands."""
    return _INLINE.sub(r"\\\g<0>", one_line(text))


def _at_start(line: str) -> str:
    """An escaped line that begins neither a list nor an underline either."""
    return _AT_START.sub(lambda match: f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}", line)


def fenced(lines: tuple[str, ...]) -> str:
    """Lines in a fence that is longer than any run of backticks among them, so that none can end it."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _block(block: Block) -> str:
    match block:
        case Heading(level=level, text=text):
            return f"{'#' * level} {escaped(text)}"
        case Paragraph(text=text, lead=lead):
            return _led(lead, text)
        case Items(items=items, numbered=numbered):
            return "\n".join(
                _item(item, f"{index}." if numbered else "-") for index, item in enumerate(items, 1)
            )
        case Printed(lines=lines, caption=caption):
            return f"{_at_start(escaped(caption))}:\n\n{fenced(lines)}" if caption else fenced(lines)
        case _:
            assert_never(block)


def _item(item: Item, bullet: str) -> str:
    indent = " " * (len(bullet) + 1)
    notes = [f"{indent}- {_at_start(escaped(note))}" for note in item.notes]
    return "\n".join([f"{bullet} {_led(item.lead, item.text)}", *notes])


def _led(lead: str, text: str) -> str:
    if not lead:
        return _at_start(escaped(text))
    return f"**{escaped(lead)}** {escaped(text)}".rstrip()
