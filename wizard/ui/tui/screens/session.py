"""The guided session: the path on top, the trail at the left, the present stop or the finding beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher, Footer

from wizard.facts.model import Evidence
from wizard.ui import words
from wizard.ui.tui import keys, pages
from wizard.ui.tui.look import look_of
from wizard.ui.tui.messages import Chosen, LookedAt, SessionOpened
from wizard.ui.tui.person import part
from wizard.ui.tui.screens.base import TooSmall
from wizard.ui.tui.screens.confirm import Confirm
from wizard.ui.tui.screens.export import Export
from wizard.ui.tui.screens.mending import MendingWalk
from wizard.ui.tui.story import Station
from wizard.ui.tui.widgets.answers import Answers
from wizard.ui.tui.widgets.headline import Headline, state_of
from wizard.ui.tui.widgets.output import Output
from wizard.ui.tui.widgets.pathmap import PathMap, Places
from wizard.ui.tui.widgets.raw import clean, one_line
from wizard.ui.tui.widgets.sheet import Page
from wizard.ui.tui.widgets.steps import Steps
from wizard.ui.tui.widgets.trail import Trail

if TYPE_CHECKING:
    from wizard.ui.tui.app import WizardApp

_TICK_S = 0.5


class Session(MendingWalk):
    """One session on screen, from its first look to its finding; earlier stops stay in reach all the time."""

    AUTO_FOCUS = "#page"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.SESSION]

    def __init__(self, opened: SessionOpened, places: Places) -> None:
        super().__init__(opened.session, opened.gateways)
        self.at: int | None = None
        """The stop being looked at; None for where the walk is."""
        self.wish = pages.Wish()
        self._places = places
        self._why_not = opened.why_not
        self._began = 0.0
        self._shown: object = None
        self._raw_open = False

    @property
    def host(self) -> WizardApp:
        """The application, with what is its own."""
        return cast("WizardApp", self.app)

    def compose(self) -> ComposeResult:
        yield Headline(id="headline")
        yield Steps(id="steps")
        yield PathMap(self._places, id="map")
        with Horizontal(id="body"):
            yield Trail(id="trail")
            with ContentSwitcher(initial="walk", id="pages"):
                with Vertical(id="walk"):
                    yield Page(id="page")
                    yield Answers(id="answers")
                yield Output(id="raw")
        yield Footer(show_command_palette=False)
        yield TooSmall()

    def on_mount(self) -> None:
        self._began = look_of(self).clock()
        self.set_interval(_TICK_S, self._tick)
        if self.gateways is not None:
            self.take_up()
            return
        self.story.tell(self.session.events)
        if self._why_not:
            self.notify(
                clean(f"It can be looked at, not gone on with: {self._why_not}"), markup=False, timeout=15
            )
        self.show()

    def on_unmount(self) -> None:
        part(self.session, self.gateways, self.operator)

    # --- what is shown ------------------------------------------------------------------------

    @property
    def newest(self) -> int:
        """Where the walk is; the outcome stands one after the last stop."""
        return len(self.story.stations) - (self.story.outcome is None)

    @property
    def looking_back(self) -> bool:
        """Whether an earlier stop is on screen."""
        return self.at is not None and self.at != self.newest

    @property
    def station(self) -> Station | None:
        """The stop on screen; None for the outcome or before anything was looked at."""
        index = self.newest if self.at is None else self.at
        return self.story.stations[index] if 0 <= index < len(self.story.stations) else None

    def show(self) -> None:
        """Brings the whole screen up to date with the story."""
        index = self.newest if self.at is None else self.at
        path = self.query_one(PathMap)
        path.segments = self.story.segments
        path.running = self.running is not None
        self.query_one(Trail).show(self.story, index)
        self.query_one(Answers).offer(None if self.looking_back else self.asking)
        self.show_steps()
        self._show_headline()
        self._show_page()
        self.refresh_bindings()

    def _show_headline(self) -> None:
        outcome, started = self.story.outcome, self.story.started
        live = outcome is None and self.operator is not None
        spent = look_of(self).clock() - self._began if live else self.story.elapsed_s
        state = state_of(
            outcome, asking=self.asking is not None, walking=live, mending=self.mending is not None
        )
        symptom = started.symptom if started is not None else ""
        self.query_one(Headline).tell(self.session.tunnel, self._places, symptom, state, spent)

    def _show_page(self) -> None:
        flow, page = self.host.desk.flow, self.query_one(Page)
        count = f"stop {(self.newest if self.at is None else self.at) + 1} of {len(self.story.stations)}"
        station = self.station
        shown = (self.at, station.node if station else "", self.running is not None)
        top, self._shown = shown != self._shown, shown
        if self.running is not None and not self.looking_back:
            now = look_of(self).clock()
            title = Content.assemble(pages.symbol("running"), " ", self.running.doing.title)
            page.turn_to(title, Content(self.running.clock(now)), self.running.page(now), top=top)
        elif station is not None:
            sign = station.mark or ("unknown" if self.asking is not None else "running")
            title = Content.assemble(pages.symbol(sign), " ", one_line(station.title))
            subtitle = f"{count} · Enter continues" if self.looking_back else count
            blocks = pages.station_page(self.story, station, flow, self.wish)
            page.turn_to(title, Content(subtitle), blocks, top=top)
        elif self.story.outcome is not None:
            outcome = self.story.outcome
            mark = pages.symbol(words.STATUS[outcome.status][0])
            sure = outcome.causes[0].confidence if outcome.causes else outcome.status
            blocks = pages.outcome_page(self.story, outcome, flow, self.wish)
            title = Content.assemble(mark, " ", one_line(words.headline(outcome)))
            page.turn_to(title, Content(sure), blocks, top=top)

    def _tick(self) -> None:
        if self.story.outcome is None and self.is_current:
            self.show_steps()
            self._show_headline()
            if self.running is not None and not self.looking_back:
                self._show_page()

    # --- keys ---------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        raw, finished = self._raw_open, self.story.outcome is not None
        match action:
            case "onward":
                return not raw and (self.looking_back or self.revealing)
            case "stop":
                return self.running is not None and self.running.stoppable and not self.looking_back
            case "mend":
                return not raw and not self.looking_back and self.mendable
            case "export" | "again":
                return finished and not raw and not self.looking_back
            case "evidence":
                return not raw and (finished or self.running is None or self.looking_back)
            case "earlier":
                crowded = not self.looking_back and self.mendable
                return not raw and crowded == bool(parameters)
            case "later":
                return not raw
            case "raw":
                crowded = finished and not raw and not self.looking_back
                return crowded == bool(parameters)
            case _:
                return True

    def action_onward(self) -> None:
        self.at = None
        self._close_raw()
        self.reveal_all()

    def action_earlier(self, crowded: bool = False) -> None:
        self.look(max(0, (self.newest if self.at is None else self.at) - 1))

    def action_later(self) -> None:
        self.look((self.newest if self.at is None else self.at) + 1)

    def look(self, index: int) -> None:
        """Shows a stop by its place in the walk; the newest is where the walk is."""
        self.at = None if index >= self.newest else index
        self.show()

    @on(LookedAt)
    def _looked_at(self, message: LookedAt) -> None:
        message.stop()
        self._close_raw(focus=False)
        self.look(message.index)

    def _evidence(self) -> Evidence | None:
        """The first line of proof of the page on screen."""
        station, outcome = self.station, self.story.outcome
        if station is not None:
            return next((proof for fact in station.because for proof in fact.evidence), None)
        return (
            next((proof for cause in outcome.causes for proof in cause.evidence), None) if outcome else None
        )

    def action_evidence(self) -> None:
        self.wish = pages.Wish(not self.wish.all_evidence, self.wish.reasons)
        self.show()

    def action_why(self) -> None:
        self.wish = pages.Wish(self.wish.all_evidence, not self.wish.reasons)
        self.show()

    def action_stop(self) -> None:
        if self.running is not None and self.gateways is not None:
            self.running.stopping = True
            self.gateways.cancel()
            self.show()

    def action_raw(self, crowded: bool = False) -> None:
        if self._close_raw():
            return
        self._raw_open = True
        self.query_one(ContentSwitcher).current = "raw"
        output = self.query_one(Output)
        output.show(self.story.records, self._evidence())
        output.query_one("#commands").focus()
        self.refresh_bindings()

    def _close_raw(self, *, focus: bool = True) -> bool:
        if not self._raw_open:
            return False
        self._raw_open = False
        self.query_one(ContentSwitcher).current = "walk"
        if focus:
            self.query_one("#page").focus()
        self.show()
        return True

    def action_again(self) -> None:
        started = self.story.started
        if started is not None:
            self.host.again(self.session.tunnel, started.symptom)

    def action_export(self, form: str | None = None) -> None:
        self.stack(Export(self.host.desk, self.session.id, form))

    def action_copy(self) -> None:
        self._copy(pages.evidence_text(self.story, self.station), "The evidence")

    def action_copy_command(self) -> None:
        evidence = self._evidence()
        last = self.story.records[-1].command if self.story.records else ""
        self._copy(evidence.command if evidence is not None else last, "The command")

    def _copy(self, text: str, what: str) -> None:
        if not text:
            self.notify("There is nothing to copy here yet.", markup=False)
            return
        self.app.copy_to_clipboard(clean(text))
        self.notify(
            f"{what} was sent to the terminal's clipboard. If that stays empty, x saves a file.", markup=False
        )

    def action_leave(self) -> None:
        if self.query_one(Output).close_find() or self._close_raw():
            return
        if self.looking_back:
            self.action_onward()
        elif self.story.outcome is not None or self.operator is None:
            self.close()
        else:
            question = Confirm(
                "Leave this session?",
                self.if_left("leave"),
                no="No, stay", yes="Yes, leave",
            )  # fmt: skip
            self.stack(question, self._left)

    def _left(self, yes: bool | None) -> None:
        if yes and self.is_attached:
            self.close()

    @on(Chosen)
    def _chosen(self, message: Chosen) -> None:
        message.stop()
        self.asking = None
        self.show()
        self.query_one("#page").focus()
        if self.operator is not None:
            self.operator.reply(message.option)
