"""The transcript as plain lines, for a mail, a pager or a screen reader."""

from __future__ import annotations

import textwrap
from typing import Final, assert_never

from wizard.journal.render.blocks import Block, Heading, Item, Items, Paragraph, Printed
from wizard.journal.render.layout import laid_out
from wizard.journal.render.words import one_line
from wizard.journal.transcript import Transcript

WIDTH: Final = 78
"""Columns of running text, so that it fits a terminal of 80; outputs keep their own width."""

_UNDERLINES: Final = {1: "=", 2: "-"}


def as_text(transcript: Transcript) -> str:
    """The transcript as text in UTF-8."""
    return "\n\n".join(_block(block) for block in laid_out(transcript)) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(level=level, text=text):
            title = _wrapped(one_line(text))
            underline = _UNDERLINES.get(level)
            return f"{title}\n{underline * max(map(len, title.splitlines()))}" if underline else title
        case Paragraph(text=text, lead=lead):
            return _wrapped(_led(lead, text))
        case Items(items=items, numbered=numbered):
            return "\n".join(
                _item(item, f"{index}." if numbered else "-") for index, item in enumerate(items, 1)
            )
        case Printed(lines=lines, caption=caption):
            shown = "\n".join(f"    {line}".rstrip() for line in lines)
            return f"{_wrapped(one_line(caption))}:\n{shown}" if caption else shown
        case _:
            assert_never(block)


def _item(item: Item, bullet: str) -> str:
    indent = " " * (len(bullet) + 1)
    lines = [_wrapped(_led(item.lead, item.text), f"{bullet} ", indent)]
    lines.extend(_wrapped(one_line(note), f"{indent}- ", f"{indent}  ") for note in item.notes)
    return "\n".join(lines)


def _led(lead: str, text: str) -> str:
    return " ".join(part for part in (one_line(lead), one_line(text)) if part)


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
