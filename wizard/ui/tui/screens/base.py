"""What every screen and dialog has: a floor for the terminal's size, and focus that comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from wizard.ui.tui import keys
from wizard.ui.tui.blocks import Block
from wizard.ui.tui.look import SMALLEST
from wizard.ui.tui.widgets.sheet import Sheet

Answer = TypeVar("Answer")
Other = TypeVar("Other")


class TooSmall(Static):
    """Stands in for everything else while the terminal is too small."""

    def render(self) -> Content:
        width, height = self.app.size
        return Content(
            f"This terminal has {width} columns and {height} rows.\n"
            f"The wizard needs {SMALLEST[0]} and {SMALLEST[1]}.\n"
            "Make it larger: nothing is lost. Ctrl+Q quits."
        )


class Floor(Screen[Answer]):
    """A screen that takes no keys while it cannot be seen, and gives the focus back afterwards."""

    _last_focused: Widget | None = None

    @property
    def too_small(self) -> bool:
        """Whether nothing sensible can be shown."""
        width, height = self.app.size
        return width < SMALLEST[0] or height < SMALLEST[1]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.too_small

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._last_focused = event.widget

    def on_resize(self) -> None:
        if not self.too_small and self.focused is None and self._last_focused is not None:
            self.call_after_refresh(self._give_back)

    def close(self, answer: Answer | None = None) -> None:
        """Takes the screen away with its answer, without waiting: a screen cannot await its own end."""
        _ = self.dismiss(answer)

    def stack(self, dialog: Screen[Other], then: Callable[[Other | None], None] | None = None) -> None:
        """Puts a dialog on top and comes back to the message at hand."""
        _ = self.app.push_screen(dialog, then)

    def _give_back(self) -> None:
        widget = self._last_focused
        if self.focused is None and widget is not None and widget.is_attached:
            widget.focus()


class Dialog(ModalScreen[Answer], Floor[Answer]):
    """A box on top of the screen; Escape always takes the harmless way out."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.DIALOG]

    title_text: str = ""
    scrolls: bool = False
    """Whether the box itself takes the focus, because it is longer than the screen."""

    def body(self) -> Iterable[Block]:
        """What the dialog says."""
        return ()

    def controls(self) -> Iterable[Widget]:
        """Fields and buttons below the text."""
        return ()

    def heading(self) -> Content:
        """The title on the border."""
        return Content(self.title_text)

    def compose(self) -> ComposeResult:
        box = VerticalScroll(Sheet(self.body()), *self.controls(), id="box", can_focus=self.scrolls)
        box.border_title = self.heading()
        yield box
        yield TooSmall()

    def action_escape(self) -> None:
        self.close()
