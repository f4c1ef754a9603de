"""Raw output: every command of the session and what came back, to scroll, search and copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, TextArea
from textual.widgets.option_list import Option
from textual.widgets.text_area import Selection

from wizard.engine.model import CommandRecord
from wizard.facts.model import Evidence
from wizard.ui.tui import keys
from wizard.ui.tui.widgets.raw import clean, one_line


class Output(Vertical):
    """Commands above, the output of the chosen one below."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.RAW]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._records: tuple[CommandRecord, ...] = ()
        self._words = ""

    def compose(self) -> ComposeResult:
        commands = OptionList(id="commands", markup=False)
        commands.border_title = "Commands"
        yield commands
        output = TextArea(id="output", read_only=True, show_cursor=False, soft_wrap=True, compact=True)
        output.cursor_blink = False
        output.border_title = "Output"
        yield output
        yield Input(placeholder="find in this output", id="find", compact=True)

    def show(self, records: Sequence[CommandRecord], evidence: Evidence | None) -> None:
        """Lists the commands; opens the one behind `evidence`, at its line."""
        commands = self.query_one("#commands", OptionList)
        if self._records != tuple(records):
            self._records = tuple(records)
            commands.set_options(Option(_command(record)) for record in self._records)
        if not self._records:
            self._open(Content("Output"), "Nothing has been run yet.")
            return
        index = _behind(self._records, evidence)
        commands.highlighted = index
        self.call_after_refresh(commands.scroll_to_highlight)
        self.read(index)
        if evidence is not None:
            self.mark(evidence.line)

    def read(self, index: int) -> None:
        """Shows one command's output."""
        record = self._records[index]
        parts = [record.stdout.rstrip("\n")]
        if record.stderr.strip():
            parts.append(f"--- on stderr ---\n{record.stderr.rstrip()}")
        if record.problem:
            parts.append(f"--- {record.problem} ---")
        if record.truncated:
            parts.append("--- cut here: the output was longer than is kept ---")
        text = "\n".join(part for part in parts if part) or "(no output)"
        self._open(one_line(f"{record.gateway} $ {record.command}"), text)

    def mark(self, sought: str, *, after: bool = False) -> bool:
        """Selects the (next) place of the text, without regard to case; False when there is none."""
        area = self.query_one("#output", TextArea)
        wanted = clean(sought).strip().casefold()
        lines = [area.document.get_line(row).casefold() for row in range(area.document.line_count)]
        first, column = area.selection.end if after else (0, 0)
        for offset in range(len(lines) + 1):
            row = (first + offset) % max(1, len(lines))
            found = lines[row].find(wanted, column if offset == 0 else 0) if wanted else -1
            if found >= 0:
                area.selection = Selection((row, found), (row, found + len(wanted)))
                area.scroll_cursor_visible(center=True)
                return True
        return False

    def _open(self, title: Content, text: str) -> None:
        area = self.query_one("#output", TextArea)
        area.border_title = title
        area.load_text(clean(text))

    @on(OptionList.OptionHighlighted, "#commands")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self.query_one("#commands", OptionList).has_focus:
            self.read(event.option_index)

    @on(OptionList.OptionSelected, "#commands")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.read(event.option_index)
        self.query_one("#output", TextArea).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self._words) if action == "next" else True

    def action_find(self) -> None:
        field = self.query_one("#find", Input)
        field.display = True
        field.focus()

    def action_next(self) -> None:
        if self._words and not self.mark(self._words, after=True):
            self._not_found()

    @on(Input.Submitted, "#find")
    def _sought(self, event: Input.Submitted) -> None:
        event.stop()
        self._words = event.value
        self.refresh_bindings()
        event.input.display = False
        self.query_one("#output", TextArea).focus()
        if self._words and not self.mark(self._words):
            self._not_found()

    def close_find(self) -> bool:
        """Puts the search field away; False when it was not open."""
        field = self.query_one("#find", Input)
        was_open = field.display
        field.display = False
        if was_open:
            self.query_one("#output", TextArea).focus()
        return was_open

    def on_mount(self) -> None:
        self.query_one("#find", Input).display = False

    def _not_found(self) -> None:
        self.notify(f"Not in this output: {clean(self._words)}", markup=False, severity="warning")


def _command(record: CommandRecord) -> Content:
    how = f"exit {record.exit_code}" if record.exit_code is not None else "did not end"
    style = "$quiet" if record.exit_code == 0 else "$mark-warn"
    return Content.assemble(
        one_line(record.gateway, "bold"),
        "  ",
        (f"{how}  {record.elapsed_s:.1f} s  ", style),
        one_line(record.command),
    ).truncate(400)


def _behind(records: Sequence[CommandRecord], evidence: Evidence | None) -> int:
    """The record a line of evidence comes from, the latest where several fit; else the last of all."""
    if evidence is not None:
        for index in range(len(records) - 1, -1, -1):
            record = records[index]
            same = record.gateway == evidence.end and record.probe == evidence.probe
            if same and (not evidence.line or evidence.line in record.stdout + record.stderr):
                return index
    return len(records) - 1
