"""F1: every key of the screen below, what the marks mean, how to copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from wizard.ui import words
from wizard.ui.tui.blocks import Block, Gap, Head, Para
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.screens.base import Dialog

_ALWAYS = (
    ("Tab", "next part of the screen; Shift+Tab the one before"),
    ("↑ ↓", "move and scroll; also PgUp, PgDn, Home, End"),
    ("Enter", "take what is highlighted, or go on"),
    ("Esc", "one level back; nothing is lost"),
    ("Ctrl+P", "all commands by name: jump, export, copy, theme"),
    ("Ctrl+C", "copy what is selected with the mouse"),
    ("Ctrl+Q", "quit at once; an unfinished session can be resumed"),
)


class Help(Dialog[None]):
    """Lists the keys of the screen it was called from."""

    AUTO_FOCUS = "#box"
    title_text = "Keys and marks"
    scrolls = True

    def __init__(self, bindings: Sequence[tuple[str, Binding]]) -> None:
        """Takes key names for people with their bindings, in the order to list them."""
        super().__init__()
        self._listed = tuple(bindings)

    def body(self) -> Iterable[Block]:
        yield Head(Content.styled("On this screen", "$quiet"))
        for key, binding in self._listed:
            what = binding.tooltip or binding.description
            ident = f"  {binding.id}" if binding.id else ""
            yield Para(Content.assemble(what, (ident, "$quiet")), key)
        yield Gap()
        yield Head(Content.styled("Everywhere", "$quiet"))
        for key, what in _ALWAYS:
            yield Para(Content(what), key)
        yield Gap()
        yield Head(Content.styled("Marks", "$quiet"))
        for sign, meaning in words.MARKS_EXPLAINED:
            mark = Content.styled(f"{words.sign(sign):<10}", f"bold {STYLES[sign]}")
            yield Para(Content.assemble(mark, " ", meaning))
        yield Gap()
        yield Para(
            Content(
                "The mouse works everywhere and nothing needs it. Keys can be changed by the names in grey. "
                "`--plain` runs the same session as questions and lines, for screen readers."
            )
        )
        yield Gap()

    def controls(self) -> Iterable[Widget]:
        yield Horizontal(Button("Close", id="close", compact=True), classes="buttons")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.close()
