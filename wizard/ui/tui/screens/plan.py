"""The plan of a change, before anything is changed: read it, then say No or Yes."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Footer, Input, Static

from wizard.engine.model import Decided
from wizard.engine.plan import Plan
from wizard.ui import mending, words
from wizard.ui.tui import keys
from wizard.ui.tui.plan import plan_page
from wizard.ui.tui.screens.base import Floor, TooSmall
from wizard.ui.tui.widgets.raw import clean, one_line
from wizard.ui.tui.widgets.sheet import Page


class PlanScreen(Floor[Decided]):
    """Shows a plan whole; the focus stands on No, and Escape is No.

    Where other tunnels are interrupted, the gateway's name has to be typed before Yes counts.
    """

    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.PLAN]

    def __init__(self, plan: Plan, names: tuple[str, str], cause: str) -> None:
        """`names` are those of the near and the far gateway, `cause` is the title of what the plan mends."""
        super().__init__()
        self.plan = plan
        self._names = names
        self._cause = cause
        self._whole = False
        self._wanted = mending.typed_name(plan)

    def compose(self) -> ComposeResult:
        with Horizontal(id="headline"):
            yield Static(Content.assemble(("Mend: ", "bold"), one_line(self.plan.title, "bold")), id="what")
            yield Static(Content.styled(words.NOTHING_CHANGED, "bold $mark-ok"), id="state")
        yield Page(id="page")
        if self._wanted:
            asked = one_line(
                f"This interrupts other tunnels. To go on type the gateway's name: {self._wanted}"
            )
            yield Static(asked, id="asked")
            yield Input(id="typed", compact=True)
        yield Horizontal(
            Button(Content("No, go back  (n)"), id="no", compact=True),
            Button(Content("Yes, mend it  (y)"), id="yes", compact=True),
            classes="buttons",
        )
        yield Footer(show_command_palette=False)
        yield TooSmall()

    def on_mount(self) -> None:
        self._show()
        self._allow()

    def _show(self) -> None:
        page = self.query_one(Page)
        page.can_focus = False
        blocks = plan_page(self.plan, self._names, self._cause, whole=self._whole)
        page.turn_to(Content("The plan"), Content("↑ ↓ PgUp PgDn scroll"), blocks, top=False)

    @property
    def _allowed(self) -> bool:
        """Whether a Yes counts."""
        return not self._wanted or self.query_one("#typed", Input).value.strip() == self._wanted

    def _allow(self) -> None:
        self.query_one("#yes", Button).disabled = not self._allowed

    @on(Input.Changed, "#typed")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._allow()

    @on(Input.Submitted, "#typed")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._allowed:
            self.query_one("#yes").focus()
        else:
            self._remind()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_answer(event.button.id == "yes")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        typing = isinstance(self.focused, Input)
        return not (typing and action in ("answer", "whole"))

    def action_answer(self, yes: bool) -> None:
        if yes and not self._allowed:
            self._remind()
            return
        self.close(Decided(yes, "" if yes else "the operator said no"))

    def _remind(self) -> None:
        self.query_one("#typed").focus()
        self.notify(clean(f"Type {self._wanted} first: other tunnels are interrupted."), markup=False)

    def action_whole(self) -> None:
        self._whole = not self._whole
        self._show()

    def action_scroll(self, lines: int) -> None:
        self.query_one(Page).scroll_relative(y=lines, animate=False)

    def action_turn(self, pages: int) -> None:
        page = self.query_one(Page)
        page.scroll_relative(y=pages * max(1, page.size.height - 1), animate=False)
