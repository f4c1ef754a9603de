"""The error screen: what happened, why it matters, what to try; details behind a key."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from wizard.errors import WizardError
from wizard.ui import words
from wizard.ui.tui import keys
from wizard.ui.tui.blocks import Block, Gap, Head, Para, Quote
from wizard.ui.tui.screens.base import Dialog
from wizard.ui.tui.widgets.raw import literal
from wizard.ui.tui.widgets.sheet import Sheet


class Trouble(Dialog[None]):
    """Says what went wrong; `what` follows "Could not"."""

    AUTO_FOCUS = "#close"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.TROUBLE]

    def __init__(self, what: str, problem: Exception, matters: str = words.NOTHING_LOST) -> None:
        super().__init__(classes="alarm")
        self._matters = matters
        self._what = what
        self._problem = problem
        self._details = False

    def heading(self) -> Content:
        return literal(f"Could not {self._what}")

    def body(self) -> Iterable[Block]:
        problem = self._problem
        if isinstance(problem, WizardError):
            for found in problem.problems:
                place = f"{found.place}: " if found.place is not None else ""
                yield Para(literal(f"{place}{found.message}"), "Happened")
                yield Para(literal(found.advice or _ADVICE), "Try")
        elif isinstance(problem, OSError):
            name = f"{problem.filename}: " if problem.filename else ""
            yield Para(literal(f"{name}{problem.strerror or problem}"), "Happened")
            yield Para(literal("look at the rights and the free space there, then repeat it"), "Try")
        else:
            yield Para(literal(f"an error in the wizard itself ({type(problem).__name__})"), "Happened")
            yield Para(literal("save the transcript and report it with the details (d)"), "Try")
        yield Para(literal(self._matters), "Matters")
        if self._details:
            yield Gap()
            yield Head(Content.styled("Details", "$quiet"))
            yield Quote(literal("".join(traceback.format_exception(problem)).rstrip()))
        yield Gap()

    def controls(self) -> Iterable[Widget]:
        yield Horizontal(
            Button("Close", id="close", compact=True),
            Button("Details  (d)", id="details", compact=True),
            classes="buttons",
        )

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "details":
            self.action_details()
        else:
            self.close()

    def action_details(self) -> None:
        self._details = not self._details
        self.query_one(Sheet).lay(self.body())


_ADVICE = "repeat it; if it happens again, save the transcript and report it with the details (d)"
