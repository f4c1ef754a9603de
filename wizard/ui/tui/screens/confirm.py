"""Yes-or-no questions: the focus stands on No, y and n answer, Escape is No."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from wizard.ui import words
from wizard.ui.tui import keys
from wizard.ui.tui.blocks import Block, Gap, Para
from wizard.ui.tui.screens.base import Dialog
from wizard.ui.tui.widgets.raw import literal


class Confirm(Dialog[bool]):
    """Asks for a yes; returns False for everything else."""

    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.CONFIRM]

    def __init__(
        self, title: str, text: str, *, points: Sequence[str] = (), no: str = "No, go back", yes: str = "Yes"
    ) -> None:
        super().__init__()
        self.title_text = title
        self._text = text
        self._points = points
        self._labels = (no, yes)

    def body(self) -> Iterable[Block]:
        yield Para(literal(self._text))
        if self._points:
            yield Gap()
        for point in self._points:
            yield Para(literal(point), indent=2)
        yield Gap()

    def controls(self) -> Iterable[Widget]:
        no, yes = self._labels
        yield Horizontal(
            Button(Content(f"{no}  (n)"), id="no", compact=True),
            Button(Content(f"{yes}  (y)"), id="yes", compact=True),
            classes="buttons",
        )

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.close(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        self.close(yes)

    def action_escape(self) -> None:
        self.close(False)


def permission(tunnel: str) -> Confirm:
    """The one question before a tunnel is tried out."""
    return Confirm(
        words.PERMISSION_TITLE,
        words.PERMISSION.format(tunnel=tunnel),
        points=[f"• {limit.format(tunnel=tunnel)}" for limit in words.PERMISSION_LIMITS],
        no=words.PERMISSION_NO,
        yes=words.PERMISSION_YES,
    )
