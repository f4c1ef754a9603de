"""Every message of this front end. Threads post them and never touch a widget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from wizard.engine.model import Ask, Event, Exercise, Keep, Outcome
from wizard.engine.plan import Plan
from wizard.ui.conduct import GatewaysLike, Progress, SessionLike, SessionRow

if TYPE_CHECKING:
    from wizard.ssh import ChangedHostKey, NeedsSecret, UnknownHostKey


class Told(Message):
    """Something has happened in the session."""

    def __init__(self, events: Sequence[Event]) -> None:
        super().__init__()
        self.events = tuple(events)


class Moved(Message):
    """A command has begun on a gateway."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress


class PermissionWanted(Message):
    """The walk waits for leave to try the tunnel."""

    def __init__(self, exercise: Exercise) -> None:
        super().__init__()
        self.exercise = exercise


class PlanShown(Message):
    """The walk waits for the operator's word on a plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan


class KeepWanted(Message):
    """The walk waits for the operator's word on a verified change; the guard does not wait."""

    def __init__(self, keep: Keep) -> None:
        super().__init__()
        self.keep = keep


class AnswerWanted(Message):
    """The walk waits for an answer only the operator knows."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self.ask = ask


class SecretWanted(Message):
    """A gateway wants a password, passphrase or code."""

    def __init__(self, need: NeedsSecret) -> None:
        super().__init__()
        self.need = need


class HostKeyShown(Message):
    """A gateway showed a host key nobody has vouched for."""

    def __init__(self, key: UnknownHostKey) -> None:
        super().__init__()
        self.key = key


class HostKeyChanged(Message):
    """A gateway showed another host key than the one known."""

    def __init__(self, key: ChangedHostKey) -> None:
        super().__init__()
        self.key = key


class WalkEnded(Message):
    """The session has come to its end."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Failed(Message):
    """Something in the background went wrong; `what` says which attempt, in words that follow "Could not"."""

    def __init__(self, what: str, problem: Exception) -> None:
        super().__init__()
        self.what = what
        self.problem = problem


class SessionsRead(Message):
    """The list of earlier sessions has been read."""

    def __init__(self, rows: Sequence[SessionRow]) -> None:
        super().__init__()
        self.rows = tuple(rows)


class SessionOpened(Message):
    """A session is ready; without gateways it can only be looked at, and `why_not` may say why."""

    def __init__(self, session: SessionLike, gateways: GatewaysLike | None, why_not: str = "") -> None:
        super().__init__()
        self.session = session
        self.gateways = gateways
        self.why_not = why_not


class Exported(Message):
    """A transcript has been written."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class Chosen(Message):
    """The operator picked an answer; None for "I do not know"."""

    def __init__(self, option: str | None) -> None:
        super().__init__()
        self.option = option


class LookedAt(Message):
    """The operator picked a stop of the trail."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index
