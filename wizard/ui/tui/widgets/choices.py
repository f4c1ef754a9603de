"""A list to choose from that says in the footer how to choose."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import OptionList

from wizard.ui.tui import keys


class Choices(OptionList):
    """An option list of literal text whose Enter stands in the footer."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.CHOICES]

    def __init__(self, *, id: str, title: str = "") -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self.border_title = title
