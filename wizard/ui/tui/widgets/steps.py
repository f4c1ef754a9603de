"""The steps of a change with their states, and above them what the guard does when nobody keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from wizard.ui import words
from wizard.ui.mending import Line, Mending, Progress, taken_back
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.widgets.raw import literal, one_line
from wizard.ui.words import Sign

SOON_S: Final = 30
"""Seconds before the guard acts from which on its line stands out."""
_MARKS: Final[dict[Progress, Sign]] = {"running": "running", "done": "ok", "failed": "fail"}
_WAITING: Final = "·"
_ONE_OF: Final = 4
"""One of how many rows of the screen the list may take; it is there beside the diagnosis, not instead of it."""


def countdown(mending: Mending, left_s: float | None) -> Content:
    """What the guard does, and when: `left_s` None where only the gateway knows."""
    if not mending.armed:
        return Content("")
    does = taken_back(mending.plan)
    loud = f"bold {STYLES['warn']}"
    if left_s is None:
        # The gateway's own word on the time, as it was when the guard was armed.
        said = f"{' and '.join(mending.plan.gateways)}: undone {mending.fires}" if mending.fires else does
        return Content.assemble(("! guard armed", loud), "  ", one_line(said))
    if left_s <= 0:
        return Content.assemble(("! guard fired", loud), "  ", one_line(does))
    clock = Content.styled(f"guard {words.seconds(left_s)}", loud if left_s <= SOON_S else "bold")
    return Content.assemble(clock, "  ", one_line(f"at zero {does}"))


def drawn(lines: Sequence[Line], width: int, most: int) -> list[Content]:
    """At most `most` lines; of more, those around the one under way, and how many stand above and below."""
    shown = [_line(number, line, width) for number, line in enumerate(lines, 1)]
    if len(shown) <= most:
        return shown
    begun = [index for index, line in enumerate(lines) if line.state != "waiting"]
    room = max(1, most - 2)
    first = max(0, min((begun[-1] if begun else 0) - room // 2, len(shown) - room))
    last = first + room
    above = [Content.styled(f"  … {first} before", "$quiet")] if first else []
    below = [Content.styled(f"  … {len(shown) - last} more", "$quiet")] if last < len(shown) else []
    return [*above, *shown[first:last], *below]


def _line(number: int, line: Line, width: int) -> Content:
    if line.state == "waiting":
        mark = Content.styled(f"{_WAITING} waiting", "$quiet")
    else:
        sign = _MARKS[line.state]
        mark = Content.styled(f"{words.SYMBOLS[sign]} {line.state}", f"bold {STYLES[sign]}")
    where = one_line(f"{line.gateway}:", "bold") + Content(" ") if line.gateway else Content("")
    said = Content("  ") + one_line(line.said, "$quiet") if line.said else Content("")
    return Content.assemble(
        mark.pad_right(max(0, 10 - mark.cell_length)), f"{number:>2} ", where, one_line(line.title), said
    ).truncate(width, ellipsis=True)


class Steps(Widget):
    """Stands over the diagnosis while a plan is carried out."""

    left_s: reactive[float | None] = reactive(None)

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.display = False
        self._mending: Mending | None = None
        self._note = ""

    def follow(self, mending: Mending | None, left_s: float | None, note: str = "") -> None:
        """Shows how far a plan has come, or nothing; `left_s` as in `countdown`, `note` stands above all."""
        self._mending = mending
        self._note = note
        self.display = mending is not None
        if mending is not None:
            self.border_title = one_line(mending.plan.title)
            self.left_s = left_s
            self.refresh(layout=True)

    @property
    def _most(self) -> int:
        return max(3, self.app.size.height // _ONE_OF)

    def _lines(self, width: int) -> list[Content]:
        if self._mending is None:
            return []
        guard = countdown(self._mending, self.left_s)
        shown = drawn(self._mending.lines(), width, self._most)
        note = literal(self._note, STYLES["warn"]).wrap(width) if self._note else []
        return [*note, *(guard.wrap(width) if guard else []), *shown]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))
