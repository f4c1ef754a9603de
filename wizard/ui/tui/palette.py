"""The command palette's own commands: verbs first, a short list until something is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from wizard.ui import words
from wizard.ui.tui.screens.home import Home
from wizard.ui.tui.screens.session import Session
from wizard.ui.tui.widgets.raw import one_line


class Command(NamedTuple):
    """One entry; `first` puts it into the list shown before anything is typed."""

    name: str
    help: str
    run: Callable[[], object]
    first: bool = True


class WizardCommands(Provider):
    """Commands of the screen the palette was called from."""

    def _commands(self) -> Iterator[Command]:
        match self.screen:
            case Session() as session:
                yield from _of_session(session)
            case Home() as home:
                yield from _of_home(home)
            case _:
                return

    async def discover(self) -> Hits:
        for command in self._commands():
            if command.first:
                yield DiscoveryHit(one_line(command.name), command.run, text=command.name, help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.name)
            if score > 0:
                yield Hit(score, one_line(command.name), command.run, text=command.name, help=command.help)


def _of_session(session: Session) -> Iterator[Command]:
    if session.mendable:
        yield Command(
            "mend: choose what is done", "nothing is changed before you saw the plan", session.action_mend
        )
    for form, name, use in words.FORMATS:
        yield Command(
            f"export: {name}",
            f"save the transcript {use}",
            partial(session.action_export, form),
            form == "md",
        )
    yield Command("show: raw output", "the commands and what they printed", session.action_raw)
    yield Command("show: all evidence", "every line of proof, everything ruled out", session.action_evidence)
    yield Command("show: why", "how this was decided", session.action_why)
    yield Command("copy: evidence", "of the page on screen", session.action_copy)
    yield Command(
        "copy: command", "the one behind the evidence, else the last one run", session.action_copy_command
    )
    yield Command("check: this tunnel again", "from the start, as a new session", session.action_again)
    yield Command("go to: another tunnel", "back to the list; this session is kept", session.action_leave)
    for index, station in enumerate(session.story.stations):
        title = f"go to: {' '.join(station.title.split())}"
        yield Command(title, "look at this stop", partial(session.look, index), first=False)


def _of_home(home: Home) -> Iterator[Command]:
    for row in home.tunnels:
        yield Command(
            f"check: {row.name}", f"{row.near.name} and {row.far.name}", partial(home.choose, row.name)
        )
    for session in home.rows:
        text = f"open: {session.tunnel} {session.started:%d %b %H:%M}"
        yield Command(text, session.summary or "unfinished", partial(home.open, session.id), first=False)
