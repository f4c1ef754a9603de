"""Home: which tunnel, what is wrong with it, and the sessions there were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from wizard.errors import WizardError
from wizard.ui import words
from wizard.ui.conduct import DemoCause, SessionRow, TunnelRow
from wizard.ui.tui import keys, rows
from wizard.ui.tui.messages import Failed, SessionOpened, SessionsRead
from wizard.ui.tui.person import aside
from wizard.ui.tui.screens.base import Floor, TooSmall
from wizard.ui.tui.screens.export import Export
from wizard.ui.tui.screens.trouble import Trouble
from wizard.ui.tui.widgets.choices import Choices

if TYPE_CHECKING:
    from wizard.ui.tui.app import WizardApp

_NO_TUNNELS = (
    "No tunnels yet.\n\n"
    "ipsec-wizard init\n  asks for your gateways\n  and writes an inventory.\n"
    "ipsec-wizard demo\n  shows the wizard at work,\n  nothing to set up."
)
_NO_FIT = "No tunnel fits.\nEscape shows all."
_NO_SESSIONS = (
    "No sessions yet. Pick a tunnel, say what is wrong, press Enter:\nthe first one will stand here."
)


class Home(Floor[None]):
    """The first screen; everything else starts here."""

    AUTO_FOCUS = "#tunnels"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.HOME]

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[SessionRow, ...] | None = None
        """None until they have been read."""
        self._tunnels: tuple[TunnelRow, ...] = ()
        self._demo: tuple[DemoCause, ...] = ()
        self._opening = False

    @property
    def _app(self) -> WizardApp:
        return cast("WizardApp", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        with Horizontal(id="choice"):
            yield Choices(id="tunnels")
            yield Choices(id="symptoms", title="What is wrong with it?")
        yield Input(
            placeholder="part of a tunnel's or gateway's name; Enter keeps, Esc clears",
            id="filter",
            compact=True,
        )
        yield Static(id="about")
        yield Choices(id="sessions", title="Earlier sessions")
        yield Footer(show_command_palette=False)
        yield TooSmall()

    def on_mount(self) -> None:
        self.query_one("#filter", Input).display = False
        symptoms = self.query_one("#symptoms", OptionList)
        symptoms.set_options(rows.symptoms())
        symptoms.highlighted = 0
        self._demo = tuple(self._app.desk.demo)
        self._tunnels = tuple(self._app.desk.tunnels())
        self.query_one("#tunnels").border_title = "What shall be wrong?" if self._demo else "Which tunnel?"
        self.query_one("#title", Static).update(rows.title(demo=bool(self._demo)))
        self._list("")
        self._show_sessions()

    def on_screen_resume(self) -> None:
        desk = self._app.desk
        aside(self, "read the earlier sessions", lambda: SessionsRead(desk.sessions()))

    # --- lists --------------------------------------------------------------------------------

    def _list(self, sought: str) -> None:
        tunnels = self.query_one("#tunnels", OptionList)
        if self._demo:
            causes = [cause for cause in self._demo if sought in f"{cause.title} {cause.plain}".casefold()]
            options = [rows.demo_cause(cause) for cause in causes]
        else:
            options = [rows.tunnel(row) for row in self._tunnels if sought in rows.searched(row)]
        nothing = _NO_FIT if sought else _NO_TUNNELS
        tunnels.set_options(options or [Option(Content.styled(nothing, "$quiet"), disabled=True)])
        tunnels.highlighted = 0 if options else None

    def _show_sessions(self) -> None:
        sessions = self.query_one("#sessions", OptionList)
        before = sessions.highlighted or 0
        if self._rows:
            sessions.set_options(rows.session(row) for row in self._rows)
            sessions.highlighted = min(before, len(self._rows) - 1)
        else:
            said = "… reading" if self._rows is None else _NO_SESSIONS
            sessions.set_options([Option(Content.styled(said, "$quiet"), disabled=True)])

    @on(SessionsRead)
    def _read(self, message: SessionsRead) -> None:
        message.stop()
        self._rows = message.rows
        self._show_sessions()
        self.refresh_bindings()

    @property
    def chosen(self) -> str | None:
        """The tunnel highlighted at present."""
        option = self.query_one("#tunnels", OptionList).highlighted_option
        return option.id if option is not None else None

    def choose(self, tunnel: str) -> None:
        """Highlights a tunnel and goes on to the symptoms; an unknown name leaves the list as it is."""
        tunnels = self.query_one("#tunnels", OptionList)
        for index, option in enumerate(tunnels.options):
            if option.id == tunnel:
                tunnels.highlighted = index
                self.query_one("#symptoms").focus()

    @on(OptionList.OptionHighlighted, "#tunnels")
    def _tunnel_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        chosen: TunnelRow | DemoCause | None = None
        for row in self._tunnels:
            chosen = row if row.name == event.option_id else chosen
        for cause in self._demo:
            if cause.tunnel == event.option_id:
                chosen = cause
                self._propose(cause.symptom)
        self.query_one("#about", Static).update(rows.about(chosen))

    def _propose(self, symptom: str) -> None:
        ids = [known.id for known in words.SYMPTOMS]
        if symptom in ids:
            self.query_one("#symptoms", OptionList).highlighted = ids.index(symptom)

    @on(OptionList.OptionSelected, "#tunnels")
    def _tunnel_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.query_one("#symptoms").focus()

    @on(OptionList.OptionSelected, "#symptoms")
    def _symptom_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.action_begin(event.option_id)

    @on(OptionList.OptionSelected, "#sessions")
    def _session_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.open(event.option_id)

    # --- beginning and opening ----------------------------------------------------------------

    def action_begin(self, symptom: str) -> None:
        if self.chosen is not None:
            self.begin(self.chosen, symptom)

    def begin(self, tunnel: str, symptom: str) -> None:
        """Starts a new session in the background; `SessionOpened` follows."""
        desk = self._app.desk

        def start() -> Message:
            gateways = desk.gateways_for(tunnel)
            return SessionOpened(desk.new_session(tunnel, symptom), gateways)

        self._wait(f"start on {tunnel}", start)

    def open(self, ident: str) -> None:
        """Opens an earlier session, to look at or to go on with."""
        desk = self._app.desk

        def resume() -> Message:
            session = desk.open_session(ident)
            if session.outcome is not None:
                return SessionOpened(session, None)
            try:
                return SessionOpened(session, desk.gateways_for(session.tunnel))
            except WizardError as problem:
                return SessionOpened(session, None, str(problem))

        self._wait(f"open session {ident}", resume)

    def _wait(self, what: str, work: object) -> None:
        if self._opening:
            return
        self._opening = True
        self.query_one("#tunnels").border_subtitle = "… opening"
        aside(self, what, work)  # type: ignore[arg-type]

    @on(SessionOpened)
    def _opened(self, message: SessionOpened) -> None:
        message.stop()
        self._ready()
        self._app.enter(message)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        self._ready()
        self.stack(Trouble(message.what, message.problem))

    def _ready(self) -> None:
        self._opening = False
        self.query_one("#tunnels").border_subtitle = ""

    # --- keys ---------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        if action == "export":
            return bool(self._rows) or None
        if action == "begin":
            return not isinstance(self.focused, Input)
        return True

    def action_back(self) -> None:
        self._close_filter(clear=True)
        self.query_one("#tunnels").focus()

    def action_find(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._list(event.value.strip().casefold())

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close_filter(clear=False)
        self.query_one("#tunnels").focus()

    def _close_filter(self, *, clear: bool) -> None:
        field = self.query_one("#filter", Input)
        if clear:
            field.clear()
        field.display = False

    def action_export(self) -> None:
        option = self.query_one("#sessions", OptionList).highlighted_option
        if option is not None and option.id is not None:
            self.stack(Export(self._app.desk, option.id))

    @property
    def rows(self) -> Sequence[SessionRow]:
        """The earlier sessions listed, for the command palette."""
        return self._rows or ()

    @property
    def tunnels(self) -> Sequence[TunnelRow]:
        """The tunnels listed, for the command palette."""
        return self._tunnels
