"""The answers to a question only the operator can answer; they stand below the question, not in its way."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from wizard.engine.model import Ask
from wizard.ui import words
from wizard.ui.tui.messages import Chosen
from wizard.ui.tui.widgets.choices import Choices
from wizard.ui.tui.widgets.raw import one_line

_UNKNOWN: Final = "-unknown-"


class Answers(Choices):
    """Lists the options of one question, "I do not know" last; digits pick directly."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, title="Your answer")
        self.display = False
        self._ask: Ask | None = None

    def offer(self, ask: Ask | None) -> None:
        """Shows the options of a question, or nothing."""
        self.display = ask is not None
        if ask is None or ask == self._ask:
            self._ask = ask
            return
        self._ask = ask
        options = [
            Option(_numbered(number, option.label), id=option.id)
            for number, option in enumerate(ask.options, 1)
        ]
        options.append(Option(_numbered(len(options) + 1, words.DO_NOT_KNOW), id=_UNKNOWN))
        self.set_options(options)
        self.highlighted = len(options) - 1
        self.focus()

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character.isdigit():
            index = int(event.character) - 1
            if 0 <= index < self.option_count:
                event.stop()
                self.highlighted = index
                self.action_select()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(Chosen(None if event.option_id == _UNKNOWN else event.option_id))


def _numbered(number: int, text: str) -> Content:
    return Content.assemble((f"{number} ", "$quiet"), one_line(text))
