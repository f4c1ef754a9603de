"""Writing a transcript: pick a form, read where it went."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.ui import words
from wizard.ui.conduct import Desk
from wizard.ui.tui import keys
from wizard.ui.tui.blocks import Block, Gap, Para
from wizard.ui.tui.messages import Exported, Failed
from wizard.ui.tui.person import aside
from wizard.ui.tui.screens.base import Dialog
from wizard.ui.tui.screens.trouble import Trouble
from wizard.ui.tui.widgets.raw import literal


class Export(Dialog[None]):
    """Offers the forms of a transcript, writes one, and says the path; stays open for another."""

    AUTO_FOCUS = "#forms"
    title_text = "Save the transcript"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.EXPORT]

    def __init__(self, desk: Desk, session: str, form: str | None = None) -> None:
        super().__init__()
        self._desk = desk
        self._session = session
        self._form = form
        self._path: Path | None = None

    def body(self) -> Iterable[Block]:
        yield Para(
            Content(
                "Who, when, which gateways, the way through the checks, every command with its output, "
                "and the finding. Keys and passwords are left out."
            )
        )
        yield Gap()

    def controls(self) -> Iterable[Widget]:
        yield OptionList(
            *(
                Option(Content.assemble(f"{number} {name:<10}", (use, "$quiet")), id=form)
                for number, (form, name, use) in enumerate(words.FORMATS, 1)
            ),
            id="forms",
            markup=False,
            compact=True,
        )
        yield Static(id="written")

    def on_mount(self) -> None:
        if self._form is not None:
            self.action_write(self._form)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.action_write(event.option_id)

    def action_write(self, form: str) -> None:
        self.query_one("#written", Static).update(Content("… writing"))

        def write() -> Message:
            return Exported(self._desk.export(self._session, form))

        aside(self, "write the transcript", write)

    @on(Exported)
    def _written(self, message: Exported) -> None:
        message.stop()
        self._path = message.path
        said = Content.assemble(("✓ Saved to ", "$mark-ok"), literal(str(message.path), "bold"))
        self.query_one("#written", Static).update(said)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        self.query_one("#written", Static).update(Content.styled("✗ Not saved", "$mark-fail"))
        self.stack(Trouble(message.what, message.problem))

    def action_copy(self) -> None:
        if self._path is not None:
            self.app.copy_to_clipboard(str(self._path))
            self.notify("The path was sent to the terminal's clipboard.", markup=False)
