"""The top line of a session: which tunnel, between whom, how it stands, for how long."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from wizard.engine.model import Outcome
from wizard.ui import words
from wizard.ui.tui.look import STYLES
from wizard.ui.tui.widgets.pathmap import Places
from wizard.ui.tui.widgets.raw import one_line
from wizard.ui.words import Sign


class Headline(Horizontal):
    """Two texts: what is looked at on the left, how it stands on the right."""

    def compose(self) -> ComposeResult:
        yield Static(id="what")
        yield Static(id="state")

    def tell(
        self, tunnel: str, places: Places, symptom: str, state: tuple[Sign, str], spent_s: float
    ) -> None:
        """Shows one moment; `spent_s` in seconds."""
        parts = [one_line(tunnel, "bold"), one_line(f"{places.near} ⇄ {places.far}")]
        if symptom:
            parts.append(one_line(words.symptom_label(symptom), "$quiet"))
        what = Content(" · ").join(parts)
        self.query_one("#what", Static).update(what)
        sign, word = state
        mark = Content.styled(f"{words.SYMBOLS[sign]} {word}", f"bold {STYLES[sign]}")
        self.query_one("#state", Static).update(Content.assemble(mark, f"  {words.seconds(spent_s)}"))


def state_of(
    outcome: Outcome | None, *, asking: bool, walking: bool, mending: bool = False
) -> tuple[Sign, str]:
    """Sign and word for how a session stands."""
    if outcome is not None:
        return words.STATUS[outcome.status]
    if asking:
        return "unknown", "your answer, please"
    if walking and mending:
        return "running", "mending"
    return "running", "looking" if walking else "unfinished"
