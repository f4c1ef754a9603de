"""What a transcript is made of: headings, paragraphs, lists, and what was printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """Opens a section; level 1 stands once, at the top."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text for people; `lead` stands before it and stands out."""

    text: str
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list; `notes` are its lines below."""

    text: str
    lead: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A list; numbered where the order means something."""

    items: tuple[Item, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Printed:
    """What a gateway printed, to be shown letter by letter."""

    lines: tuple[str, ...]
    caption: str = ""


Block = Heading | Paragraph | Items | Printed
