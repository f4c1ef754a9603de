"""Text laid out for a width: labelled paragraphs, quotations, a table with a column for each end.

Pure functions, so that what an operator reads can be tested without a screen and wraps the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, assert_never

from textual.content import Content

LABEL: Final = 11
"""Cells that labels such as "Why" and "Do now" take at the left."""
_BAR: Final = Content.styled("┃ ", "$quiet")
_GAP: Final = 2
_NARROW: Final = 40


@dataclass(frozen=True, slots=True)
class Para:
    """Running text; the label stands beside its first line and the rest hangs below the text."""

    content: Content
    label: str = ""
    indent: int = 0
    cut: bool = False
    """One line only, ending in an ellipsis where it does not fit."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a gateway said, with a bar at its left so that it cannot be taken for our words."""

    content: Content
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """A heading with a line to the right edge."""

    title: Content


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `far` None means the value is about both ends together."""

    label: Content
    near: Content
    far: Content | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Near and far side by side."""

    head: Row
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns of single lines, each cut where it does not fit."""

    left: tuple[Content, ...]
    right: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """An empty line."""


Block = Para | Quote | Head | Table | Pair | Gap


def lay_out(blocks: Iterable[Block], width: int) -> list[Content]:
    """The lines of these blocks, none wider than `width` cells."""
    if width <= 0:
        return []
    lines: list[Content] = []
    for block in blocks:
        match block:
            case Para():
                lines.extend(_para(block, width))
            case Quote(content=content, indent=indent):
                margin = Content(" " * indent)
                wrapped = _wrapped(content, width - indent - 2)
                lines.extend(Content.assemble(margin, _BAR, line) for line in wrapped)
            case Head(title=title):
                rest = max(0, width - title.cell_length - 1)
                lines.append(Content.assemble(title, " ", ("─" * rest, "$quiet-line")).truncate(width))
            case Table():
                lines.extend(_table(block, width))
            case Pair():
                lines.extend(_pair(block, width))
            case Gap():
                if lines and lines[-1]:
                    lines.append(Content(""))
            case _:
                assert_never(block)
    return lines


def _para(block: Para, width: int) -> list[Content]:
    lead = LABEL if block.label else 0
    room = width - block.indent - lead
    if block.label and room < _NARROW // 2:
        lead, room = 2, width - block.indent - 2
    lines = [block.content.truncate(room, ellipsis=True)] if block.cut else _wrapped(block.content, room)
    margin = Content(" " * (block.indent + lead))
    if not block.label:
        return [margin + line for line in lines]
    label = Content.styled(block.label, "$quiet")
    if lead < LABEL:
        return [label, *(margin + line for line in lines)]
    first = Content(" " * block.indent) + label.pad_right(max(1, LABEL - label.cell_length))
    return [first + lines[0], *(margin + line for line in lines[1:])]


def _table(table: Table, width: int) -> list[Content]:
    one = max(8, (width - 2 * _GAP) // 3)
    label = max(8, width - 2 * (one + _GAP))
    lines = [_row(table.head, label, one, head=True)[0]]
    for row in table.rows:
        lines.extend(_row(row, label, one))
    return lines


def _pair(pair: Pair, width: int) -> list[Content]:
    half = (width - _GAP) // 2
    cells = [(Content(""), half)] * 2
    both = zip_longest(pair.left, pair.right, fillvalue=Content(""))
    return [_joined([part.truncate(half, ellipsis=True) for part in parts], cells) for parts in both]


def _row(row: Row, label: int, one: int, *, head: bool = False) -> list[Content]:
    cells = [(row.label, label)]
    cells += [(row.near, one), (row.far, one)] if row.far is not None else [(row.near, 2 * one + _GAP)]
    if head:
        return [_joined([cell.truncate(room, ellipsis=True) for cell, room in cells], cells)]
    columns = [_wrapped(cell, room) for cell, room in cells]
    return [_joined(parts, cells) for parts in zip_longest(*columns, fillvalue=Content(""))]


def _joined(parts: Sequence[Content], cells: Sequence[tuple[Content, int]]) -> Content:
    padded = [
        part.pad_right(max(0, room - part.cell_length)) for part, (_, room) in zip(parts, cells, strict=True)
    ]
    return Content(" " * _GAP).join(padded)


def _wrapped(content: Content, width: int) -> list[Content]:
    return content.wrap(max(2, width)) or [Content("")]
