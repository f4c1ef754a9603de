"""The full-screen application: its screens, themes and commands, and how it says goodbye."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from wizard.errors import ExitCode
from wizard.ui import words
from wizard.ui.conduct import Desk, TunnelRow, exit_code
from wizard.ui.tui import keys
from wizard.ui.tui.look import THEMES, WITHOUT_COLOUR, AsciiOnly, Look
from wizard.ui.tui.messages import SessionOpened
from wizard.ui.tui.palette import WizardCommands
from wizard.ui.tui.screens.help import Help
from wizard.ui.tui.screens.home import Home
from wizard.ui.tui.screens.mending import Leaving
from wizard.ui.tui.screens.session import Session
from wizard.ui.tui.widgets.pathmap import Places
from wizard.ui.tui.widgets.raw import clean


class WizardApp(App[None]):
    """The wizard in a terminal."""

    TITLE = "ipsec-wizard"
    CSS_PATH = "wizard.tcss"
    COMMANDS = App.COMMANDS | {WizardCommands}
    # Not class variables in Textual's own typing, though they are.
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*keys.APP]

    def __init__(
        self, desk: Desk, *, start: tuple[str, str | None] | None = None, look: Look | None = None
    ) -> None:
        self.look = look or Look()
        super().__init__()
        self.desk = desk
        self._start = start
        self._last: Session | None = None
        """The session shown last, for the parting line."""
        self._wanted: Session | None = None
        """The last one carried out for the tunnel the program was started for, for the exit code."""
        self._ascii: Sequence[LineFilter] = [AsciiOnly()] if self.look.ascii else []
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for theme in (WITHOUT_COLOUR,) if self.no_color else THEMES:
            self.register_theme(theme)
        known = self.look.theme in self.available_themes
        self.theme = self.look.theme if known else next(iter(self.available_themes))
        if self.look.keymap:
            self.set_keymap(self.look.keymap)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._ascii]

    async def on_mount(self) -> None:
        home = Home()
        await self.push_screen(home)
        if self._start is not None:
            self.call_after_refresh(self._go, home, *self._start)

    def _go(self, home: Home, tunnel: str, symptom: str | None) -> None:
        if symptom is not None:
            home.begin(tunnel, symptom)
        elif any(row.name == tunnel for row in home.tunnels):
            home.choose(tunnel)
        else:
            home.begin(tunnel, "check")

    def enter(self, opened: SessionOpened) -> None:
        """Shows a session on top of the home screen."""
        rows = {row.name: row for row in self.desk.tunnels()}
        session = Session(opened, _places(opened, rows.get(opened.session.tunnel)))
        self._last = session
        if (
            self._start is not None
            and opened.gateways is not None
            and self._start[0] == opened.session.tunnel
        ):
            self._wanted = session
        _ = self.push_screen(session)

    def again(self, tunnel: str, symptom: str) -> None:
        """Leaves the session on screen and begins another one for the same tunnel."""
        home = next((screen for screen in self.screen_stack if isinstance(screen, Home)), None)
        if home is not None and isinstance(self.screen, Session):
            self.screen.close()
            home.begin(tunnel, symptom)

    def action_help(self) -> None:
        if isinstance(self.screen, Help):
            return
        listed: dict[str, tuple[str, Binding]] = {}
        for node in (self.screen, *self.screen.walk_children()):
            for bindings in node._bindings.key_to_bindings.values():
                for binding in bindings:
                    if binding.id and binding.description:
                        listed.setdefault(binding.id, (self._shown_key(binding), binding))
        _ = self.push_screen(Help(list(listed.values())))

    def _shown_key(self, binding: Binding) -> str:
        """The key as the operator has it, who may have changed it."""
        own = self.look.keymap.get(binding.id or "")
        return own or binding.key_display or self.get_key_display(binding)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for name in self.available_themes:
            if name != self.theme:
                yield SystemCommand(f"theme: {name}", "colours", partial(setattr, self, "theme", name))
        yield SystemCommand("help: keys and marks", "everything F1 says", self.action_help)
        yield SystemCommand("quit", "an unfinished session can be resumed", self.action_quit)

    async def action_quit(self) -> None:
        session = next((screen for screen in self.screen_stack if isinstance(screen, Session)), None)
        if session is None or not session.guarded:
            self.exit()
        elif not isinstance(self.screen, Leaving):
            _ = self.push_screen(Leaving(session.if_left("quit")), lambda yes: self.exit() if yes else None)

    # --- goodbye ------------------------------------------------------------------------------

    def exit_code(self) -> ExitCode:
        """What the process returns: about the tunnel when it was started for one, else that all is done."""
        if self._start is None:
            return ExitCode.HEALTHY
        outcome = self._wanted.story.outcome if self._wanted is not None else None
        return exit_code(outcome) if outcome is not None else ExitCode.INTERRUPTED

    def parting(self) -> str:
        """The one line left on the normal screen: outcome, and where it is kept."""
        if self._last is None:
            return "ipsec-wizard: no session was run"
        session, outcome = self._last.session, self._last.story.outcome
        if outcome is not None:
            mark, word = words.STATUS[outcome.status]
            said = f"{words.SYMBOLS[mark]} {word}: {words.headline(outcome)}"
        else:
            said = f"{words.SYMBOLS['running']} unfinished, can be resumed"
        line = clean(f"{session.tunnel}: {said} · {_from_home(self.desk.journal(session.id))}")
        return words.plain_ascii(line) if self.look.ascii else line


def _from_home(path: Path) -> str:
    """A path as short as a shell still understands it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _places(opened: SessionOpened, row: TunnelRow | None) -> Places:
    if row is not None:
        return Places(row.near.inside or "hosts", row.near.name, row.far.name, row.far.inside or "hosts")
    started = opened.session.events[0]
    near, far = getattr(started, "near", "near"), getattr(started, "far", "far")
    return Places("hosts", near, far, "hosts")
