"""A change has been verified: shall it stay? The guard counts on meanwhile, and undoes it at zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from wizard.engine.model import Decided, Keep
from wizard.ui import words
from wizard.ui.mending import Mending
from wizard.ui.tui import keys
from wizard.ui.tui.blocks import Block, Gap, Para
from wizard.ui.tui.pages import signed
from wizard.ui.tui.screens.base import Dialog
from wizard.ui.tui.widgets.raw import literal
from wizard.ui.tui.widgets.steps import countdown

_TICK_S: Final = 0.5


class KeepIt(Dialog[Decided]):
    """Asks keep or undo; no answer in time is an undo, and the gateway's own doing."""

    AUTO_FOCUS = "#undo"
    title_text = "Verified. Keep the change?"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.KEEP]

    def __init__(self, keep: Keep, mending: Mending, left: Callable[[], float | None]) -> None:
        """`left` tells the guard's seconds, None where only the gateway knows them."""
        super().__init__()
        self._keep = keep
        self._mending = mending
        self._left = left

    def body(self) -> Iterable[Block]:
        yield Para(literal(self._keep.plan.title, "bold"))
        yield Gap()
        yield Para(signed("ok", self._keep.seen), "Verified")
        yield Para(Content("The other tunnels stand as before, and the kernel drops no more packets."), " ")
        yield Para(literal(self._keep.plan.verified_by), "Wanted")
        yield Gap()

    def controls(self) -> Iterable[Widget]:
        yield Static(id="left")
        yield Horizontal(
            Button(Content("Undo it  (u)"), id="undo", compact=True),
            Button(Content("Keep it  (k)"), id="keep", compact=True),
            classes="buttons",
        )

    def on_mount(self) -> None:
        self.set_interval(_TICK_S, self._tick)
        self._tick()

    def _tick(self) -> None:
        left = self._left()
        self.query_one("#left", Static).update(countdown(self._mending, left))
        if left is not None and left <= 0:
            self.close(Decided(False, words.NOT_IN_TIME))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_answer(event.button.id == "keep")

    def action_answer(self, yes: bool) -> None:
        self.close(Decided(yes, "" if yes else "the operator did not keep it"))

    def action_escape(self) -> None:
        # Neither answer is harmless: one undoes what helped, the other makes it stay.
        self.notify("k keeps the change, u undoes it. At zero it is undone by itself.", markup=False)
