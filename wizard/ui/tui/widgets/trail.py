"""The trail: every stop of the walk so far, with mark and answer; each can be looked at again."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from wizard.engine.model import Outcome
from wizard.ui import words
from wizard.ui.tui import keys
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.messages import LookedAt
from wizard.ui.tui.story import Station, Story
from wizard.ui.tui.widgets.raw import one_line
from wizard.ui.words import Sign

OUTCOME = "outcome"


class Trail(OptionList):
    """Stops in the order they were made, under the name of their tree; the outcome last."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.TRAIL]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self.border_title = "Trail"
        self._shown: tuple[object, ...] = ()
        self._last: tuple[Story, int] | None = None

    def show(self, story: Story, at: int) -> None:
        """Shows the story so far; `at` is the stop looked at (the outcome counts as one after the last)."""
        self._last = (story, at)
        room = max(12, (self.content_size.width or 32) - 2)
        state = (room, story.outcome, *((s.node, s.mark, s.answer) for s in story.stations))
        if state != self._shown:
            self._shown = state
            self.set_options(self._options_of(story, room))
        index = self._index(str(at) if at < len(story.stations) else OUTCOME)
        if index is not None and index != self.highlighted:
            with self.prevent(OptionList.OptionHighlighted):
                self.highlighted = index

    def on_resize(self) -> None:
        if self._last is not None:
            self.show(*self._last)

    def _options_of(self, story: Story, room: int) -> list[Option]:
        options: list[Option] = []
        tree = ""
        for number, station in enumerate(story.stations):
            if station.node and station.tree != tree:
                tree = station.tree
                options.append(Option(Content.styled(tree, "$quiet italic"), disabled=True))
            options.append(Option(_stop(station, room), id=str(number)))
        if story.outcome is not None:
            options.append(Option(_end(story.outcome, room), id=OUTCOME))
        return options

    def _index(self, option: str) -> int | None:
        return self.get_option_index(option) if any(known.id == option for known in self.options) else None

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self.has_focus:
            self._post(event.option_id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._post(event.option_id)

    def _post(self, option: str | None) -> None:
        if option is None:
            return
        last = sum(known.id is not None and known.id != OUTCOME for known in self.options)
        self.post_message(LookedAt(last if option == OUTCOME else int(option)))


def _stop(station: Station, room: int) -> Content:
    sign: Sign = station.mark or "running"
    return _entry(sign, station.title, station.answer, room)


def _end(outcome: Outcome, room: int) -> Content:
    mark, word = words.STATUS[outcome.status]
    return _entry(mark, words.headline(outcome), "", room, word)


def _entry(sign: Sign, title: str, answer: str, room: int, word: str = "") -> Content:
    style = STYLES[sign]
    first = Content.assemble((f"{words.SYMBOLS[sign]} ", f"bold {style}"), one_line(title))
    second = Content.assemble("  ", (word or words.WORDS[sign], style))
    if answer:
        second = Content.assemble(second, ": ", one_line(answer, "$quiet"))
    return Content("\n").join(line.truncate(room, ellipsis=True) for line in (first, second))
