"""Work under way at both gateways: which command, for how long already, and how long at most."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from textual.content import Content

from wizard.facts.model import ENDS, End
from wizard.ui.conduct import Progress
from wizard.ui.tui.blocks import Block, Gap, Pair, Para
from wizard.ui.tui.pages import signed
from wizard.ui.tui.widgets.raw import literal, one_line
from wizard.ui.words import Doing

_REMEMBERED: Final = 8
"""Finished commands that stay in sight below the running one."""


@dataclass(slots=True)
class AtEnd:
    """One end: the command running now and those before it."""

    now: Progress
    since: float
    before: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Running:
    """One request while it is carried out; times are those of the front end's clock, in seconds."""

    doing: Doing
    why: str
    names: dict[End, str]
    since: float
    ends: dict[End, AtEnd] = field(default_factory=dict)
    stopping: bool = False
    stoppable: bool = True
    """Whether it can be ended early without leaving something half done."""

    def moved(self, progress: Progress, now: float) -> None:
        """Notes that another command has begun."""
        at = self.ends.get(progress.end)
        if at is None:
            self.ends[progress.end] = AtEnd(progress, now)
        elif at.now != progress:
            at.before = [at.now.text, *at.before][:_REMEMBERED]
            at.now, at.since = progress, now

    def clock(self, now: float) -> str:
        """The longest wait at present and its limit: "8 of 15 s"."""
        if not self.ends:
            return f"{int(now - self.since)} s"
        slowest = min(self.ends.values(), key=lambda at: at.since)
        return _clock(slowest, now)

    def page(self, now: float) -> list[Block]:
        """What is going on, near and far side by side."""
        blocks: list[Block] = [Para(literal(self.doing.promise))]
        if self.why:
            blocks.append(Para(literal(self.why), "Why"))
        blocks.append(Gap())
        near, far = (self._column(end, now) for end in ENDS)
        blocks.append(Pair(near, far))
        blocks.append(Gap())
        if self.stopping:
            blocks.append(Para(signed("running", "stopping; what is there already is kept")))
        elif self.stoppable:
            blocks.append(Para(Content.styled("s stops waiting and goes on with what is there.", "$quiet")))
        return blocks

    def _column(self, end: End, now: float) -> tuple[Content, ...]:
        at = self.ends.get(end)
        name = one_line(self.names[end], "bold")
        if at is None:
            return (
                name,
                Content.styled("… connecting" if self.stoppable and not self.ends else "-", "$quiet"),
            )
        clock = " · ".join(part for part in (_clock(at, now), _count(at.now)) if part)
        lines = [
            name,
            Content.assemble(("… ", "bold $mark-running"), one_line(at.now.text)),
            Content(f"  {clock}"),
        ]
        lines.extend(Content("  ") + one_line(text, "$quiet") for text in at.before)
        return tuple(lines)


def _clock(at: AtEnd, now: float) -> str:
    return f"{max(0, int(now - at.since))} of {at.now.limit_s:g} s"


def _count(progress: Progress) -> str:
    if progress.total < 2:
        return ""
    if not progress.done:
        return f"{progress.total} commands"
    return f"command {min(progress.done + 1, progress.total)} of {progress.total}"
