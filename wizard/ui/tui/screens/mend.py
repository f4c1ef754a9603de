"""What can be done about what was found: remedies to choose from, and whom to tell where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from wizard.facts.model import ENDS, End, other
from wizard.ui.mending import Duty, Offer, Prospect, unreadable
from wizard.ui.tui import keys
from wizard.ui.tui.blocks import Block, Gap, Head, Para
from wizard.ui.tui.screens.base import Dialog
from wizard.ui.tui.widgets.choices import Choices
from wizard.ui.tui.widgets.raw import clean, literal, one_line
from wizard.ui.tui.widgets.sheet import Sheet


class Remedies(Dialog[Offer]):
    """Offers the remedies of each cause, the smallest change first, and the words for those who have to act."""

    AUTO_FOCUS = "#remedies"
    title_text = "Mend it"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.REMEDIES]

    def __init__(self, prospect: Prospect) -> None:
        super().__init__()
        self._prospect = prospect
        self.scrolls = not prospect.offers

    def body(self) -> Iterable[Block]:
        if self._prospect.offers:
            yield Para(Content("Nothing is changed by choosing: first the plan is made, and you see it."))
            yield Gap()
        if not self._prospect.offers:
            yield from _duties(self._prospect.duties)

    def controls(self) -> Iterable[Widget]:
        if self._prospect.offers:
            yield Choices(id="remedies")
            yield Static(id="impact")
        if self._prospect.offers and self._prospect.duties:
            yield Sheet(_others(self._prospect.duties))

    def on_mount(self) -> None:
        if not self._prospect.offers:
            return
        listed = self.query_one("#remedies", OptionList)
        listed.set_options(self._options())
        listed.highlighted = next(index for index, option in enumerate(listed.options) if not option.disabled)

    def _options(self) -> Iterable[Option]:
        cause = ""
        several = len({offer.finding.cause for offer in self._prospect.offers}) > 1
        for number, offer in enumerate(self._prospect.offers, 1):
            if several and offer.finding.cause != cause:
                cause = offer.finding.cause
                yield Option(one_line(offer.finding.title, "$quiet italic"), disabled=True)
            title = Content.assemble((f"{number} ", "$quiet"), one_line(offer.remedy.title, "bold"))
            yield Option(title, id=str(number - 1))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_id is None:
            return
        offer = self._prospect.offers[int(event.option_id)]
        said = [offer.impact, *([offer.remedy.warning] if offer.remedy.warning else [])]
        self.query_one("#impact", Static).update(literal("\n".join(said)))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.close(self._prospect.offers[int(event.option_id)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        return bool(self._prospect.duties) if action == "copy" else True

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(clean("\n\n".join(duty.message for duty in self._prospect.duties)))
        self.notify("What to tell them was sent to the terminal's clipboard.", markup=False)


def _others(duties: Sequence[Duty]) -> Iterable[Block]:
    """Beside remedies of ours: what only others can mend."""
    yield Para(Content.styled("Some of it only others can mend; c copies what to tell them.", "$quiet"))
    for duty in duties:
        yield Para(Content.assemble("• ", one_line(duty.finding.title, "bold"), ": ", one_line(duty.who)))
        yield Para(literal(duty.tell), indent=2)


def _duties(duties: Sequence[Duty]) -> Iterable[Block]:
    yield Para(Content("Nobody here can mend this. What helps is to tell those who can."))
    for duty in duties:
        yield Gap()
        yield Head(one_line(duty.finding.title, "bold"))
        yield Para(literal(duty.who), "Who")
        yield Para(literal(duty.tell), "Tell them")
    yield Gap()
    yield Para(Content.styled("c copies it.", "$quiet"))
    yield Gap()


class WhichEnd(Dialog[End]):
    """Asks whose settings count; the other gateway is brought into line with it."""

    AUTO_FOCUS = "#ends"
    title_text = "Which gateway is right?"

    def __init__(self, names: tuple[str, str], now: Sequence[Block], default: End) -> None:
        """`names` are those of the near and the far gateway; `now` shows what each has."""
        super().__init__()
        self._names: dict[End, str] = {"near": names[0], "far": names[1]}
        self._now = tuple(now)
        self._default = default

    def body(self) -> Iterable[Block]:
        yield Para(Content("They differ. The other gateway is brought into line with the one you name."))
        yield Gap()
        if self._now:
            yield from self._now
            yield Gap()

    def controls(self) -> Iterable[Widget]:
        yield Choices(id="ends")

    def on_mount(self) -> None:
        ends = self.query_one("#ends", OptionList)
        ends.set_options(
            Option(
                Content.assemble(
                    (f"{number} ", "$quiet"),
                    one_line(f"{self._names[end]} is right", "bold"),
                    "  ",
                    one_line(f"{self._names[other(end)]} is changed", "$quiet"),
                ),
                id=end,
            )
            for number, end in enumerate(ENDS, 1)
        )
        ends.highlighted = ENDS.index(self._default)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.close("near" if event.option_id == "near" else "far")


class WhichFile(Dialog[str]):
    """Asks for a file of this machine that a remedy brings to a gateway."""

    AUTO_FOCUS = "#path"
    title_text = "Which file?"

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def body(self) -> Iterable[Block]:
        yield Para(literal(self._question, "bold"))
        yield Para(Content.styled("A path on this machine. Enter goes on, Escape goes back.", "$quiet"))
        yield Gap()

    def controls(self) -> Iterable[Widget]:
        yield Input(id="path")
        yield Static(id="wrong")
        yield Horizontal(
            Button(Content("Go back"), id="back", compact=True),
            Button(Content("Go on"), id="on", compact=True),
            classes="buttons",
        )

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._take()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "on":
            self._take()
        else:
            self.close()

    def _take(self) -> None:
        typed = self.query_one("#path", Input).value.strip()
        wrong = unreadable(typed)
        if wrong:
            self.query_one("#wrong", Static).update(literal(f"✗ {wrong}", "$mark-fail"))
        else:
            self.close(str(Path(typed).expanduser().absolute()))
