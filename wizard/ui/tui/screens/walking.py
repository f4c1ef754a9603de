"""What a session screen does with the messages of its loop: shows events one by one, asks the operator."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from textual import on
from textual.timer import Timer

from wizard.engine.model import (
    Ask,
    Branched,
    Change,
    Collect,
    Draw,
    Event,
    Exercise,
    Replied,
    Request,
    Requested,
)
from wizard.facts.model import End
from wizard.ui import words
from wizard.ui.conduct import GatewaysLike, SessionLike
from wizard.ui.tui.look import look_of
from wizard.ui.tui.messages import (
    AnswerWanted,
    Failed,
    HostKeyChanged,
    HostKeyShown,
    Moved,
    PermissionWanted,
    SecretWanted,
    Told,
    WalkEnded,
)
from wizard.ui.tui.person import Operator
from wizard.ui.tui.running import Running
from wizard.ui.tui.screens.base import Floor
from wizard.ui.tui.screens.confirm import permission
from wizard.ui.tui.screens.login import AskSecret, ChangedKey, UnknownKey
from wizard.ui.tui.screens.trouble import Trouble
from wizard.ui.tui.story import Story

_PACE_S: Final = 0.12
"""Between two stops that need nobody, so that the eye can follow the walk."""
_LONGEST_S: Final = 1.5
"""For all stops of one reply together; nobody waits for a show."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that opens a dialog; it waits while another is open, so that no key answers the wrong one."""

    open: Callable[[], None]


class Walking(Floor[None]):
    """A session under way, without the widgets that show it."""

    def __init__(self, session: SessionLike, gateways: GatewaysLike | None) -> None:
        super().__init__()
        self.session = session
        self.gateways = gateways
        self.story = Story()
        self.running: Running | None = None
        self.asking: Ask | None = None
        self.operator: Operator | None = None
        self._coming: deque[Event | Callable[[], None] | Question] = deque()
        self._pace: Timer | None = None

    def show(self) -> None:
        """Brings the screen up to date with the story."""
        raise NotImplementedError

    # --- one thing after the other ------------------------------------------------------------

    @property
    def revealing(self) -> bool:
        """Whether stops already made are still to be shown."""
        return bool(self._coming)

    def reveal_all(self) -> None:
        """Shows everything that has come in."""
        while self._ready():
            self._take()
        if self._pace is not None:
            self._pace.stop()
            self._pace = None
        self.show()

    def on_screen_resume(self) -> None:
        if self._coming and self._pace is None:
            self.reveal_all()

    def _ready(self) -> bool:
        """Whether the next thing that came in can be shown now."""
        return bool(self._coming) and (self.is_active or not isinstance(self._coming[0], Question))

    def _later(self, *coming: Event | Callable[[], None] | Question) -> None:
        self._coming.extend(coming)
        stops = sum(isinstance(item, Branched) for item in self._coming)
        if not look_of(self).animate or stops < 2:
            if self._pace is None:
                self.reveal_all()
        elif self._pace is None:
            self._pace = self.set_interval(min(_PACE_S, _LONGEST_S / stops), self._reveal)

    def _reveal(self) -> None:
        while self._ready():
            if isinstance(self._take(), Branched):
                break
        if self._ready():
            self.show()
        else:
            self.reveal_all()

    def _take(self) -> Event | None:
        item = self._coming.popleft()
        if isinstance(item, Question):
            item.open()
            return None
        if callable(item):
            item()
            return None
        self.story.add(item)
        self.took(item)
        if isinstance(item, Requested):
            self._requested(item.request)
        elif isinstance(item, Replied):
            self.running = None
        return item

    def took(self, event: Event) -> None:
        """An event has become part of the story; screens that care for it say so."""

    def _requested(self, request: Request) -> None:
        match request:
            case Collect():
                self._run(words.LOOKING, "")
            case Exercise(name=name, why=why):
                self._run(words.EXERCISING.get(name, words.TRYING), why)
            case Draw():
                self._run(words.DRAWING, "")
            case Change(move=move):
                self._run(words.MOVES[move], "", stoppable=False)
            case _:
                self.running = None

    def _run(self, doing: words.Doing, why: str, *, stoppable: bool = True) -> None:
        names: dict[End, str] = {"near": self.story.name("near"), "far": self.story.name("far")}
        if self.operator is not None:
            self.running = Running(doing, why, names, look_of(self).clock(), stoppable=stoppable)

    # --- messages of the loop -----------------------------------------------------------------

    @on(Told)
    def _told(self, message: Told) -> None:
        message.stop()
        self._later(*message.events)

    @on(Moved)
    def _moved(self, message: Moved) -> None:
        message.stop()
        now = look_of(self).clock()

        def move() -> None:
            if self.running is not None:
                self.running.moved(message.progress, now)

        self._later(move)

    @on(PermissionWanted)
    def _permission_wanted(self, message: PermissionWanted) -> None:
        message.stop()

        def ask() -> None:
            self.running = None
            self.show()
            self.stack(permission(self.session.tunnel), lambda yes: self._permitted(message.exercise, yes))

        self._later(Question(ask))

    def _permitted(self, exercise: Exercise, yes: bool | None) -> None:
        if yes:
            self._requested(exercise)
        self._answer(bool(yes))

    @on(AnswerWanted)
    def _answer_wanted(self, message: AnswerWanted) -> None:
        message.stop()

        def ask() -> None:
            self.asking = message.ask
            self.show()

        self._later(ask)

    @on(SecretWanted)
    def _secret_wanted(self, message: SecretWanted) -> None:
        message.stop()
        self._later(Question(lambda: self.stack(AskSecret(message.need), self._answer)))

    @on(HostKeyShown)
    def _host_key_shown(self, message: HostKeyShown) -> None:
        message.stop()
        self._later(Question(lambda: self.stack(UnknownKey(message.key), self._answer)))

    @on(HostKeyChanged)
    def _host_key_changed(self, message: HostKeyChanged) -> None:
        message.stop()
        self._later(Question(lambda: self.stack(ChangedKey(message.key), self._answer)))

    def _answer(self, value: object) -> None:
        if self.operator is not None:
            self.operator.reply(value)
        if self.is_attached:
            self.show()

    @on(WalkEnded)
    def _walk_ended(self, message: WalkEnded) -> None:
        message.stop()
        self._later(self._stand_still)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        self._later(self._stand_still, Question(lambda: self._say(message)))

    def _stand_still(self) -> None:
        self.running = None
        self.asking = None
        self.operator = None

    def _say(self, message: Failed) -> None:
        self.stack(Trouble(message.what, message.problem, self.at_stake()))

    def at_stake(self) -> str:
        """What becomes of the gateways when the session ends here."""
        return words.NOTHING_LOST
