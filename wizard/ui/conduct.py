"""What a front end needs from the rest, and the loop that carries one session out.

The loop is the same for every front end: it states nothing, decides nothing and shows nothing. What only
a person can do (allow, answer, type a secret, judge a fingerprint) is asked of a `Person`, which each front
end is in its own way: the TUI with dialogs, the plain one with questions, the headless one with refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, assert_never

from wizard.choreography import Progress
from wizard.engine.model import (
    Answered,
    Ask,
    Change,
    Changed,
    Collect,
    Collected,
    Confirm,
    Decided,
    Declined,
    Draw,
    Drawn,
    Event,
    Exercise,
    Finish,
    Keep,
    Mend,
    Outcome,
    Reply,
    Request,
    Status,
)
from wizard.errors import ExitCode
from wizard.flow.spec import Flow
from wizard.records import dataclass
from wizard.ui import words
from wizard.ui.mending import underway

if TYPE_CHECKING:
    from wizard.ssh import ChangedHostKey, NeedsSecret, Secret, UnknownHostKey

Errand = Collect | Exercise | Draw | Change
"""What only the gateways can answer."""
Obtained = Collected | Drawn | Changed
"""What they answer."""

# --- what a front end is given ---------------------------------------------------------------------


class SessionLike(Protocol):
    """One diagnosis with its journal."""

    @property
    def id(self) -> str:
        """Name of the session, as `sessions` and `export` take it."""

    @property
    def tunnel(self) -> str:
        """Name of the tunnel in the inventory."""

    @property
    def request(self) -> Request:
        """What is to be done now; Finish when the outcome stands."""

    @property
    def events(self) -> Sequence[Event]:
        """Everything that has happened, the first event first."""

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it has not."""

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        """Takes what came of the request, writes it down, returns the events that follow.

        Raises WizardError when the reply does not fit or the journal cannot be written.
        """

    def close(self) -> None:
        """Closes the journal; an unfinished session stays resumable."""


class GatewaysLike(Protocol):
    """Both ends of one tunnel, as something that carries requests out."""

    def carry_out(self, request: Errand, progress: Callable[[Progress], None]) -> Obtained:
        """Does what is requested and blocks until it is done; `progress` is called from any thread.

        A gateway that cannot be reached is part of the reply. Raises NeedsSecret, UnknownHostKey or
        ChangedHostKey when a person has to decide first; the request is then repeated.
        """

    def provide(self, need: NeedsSecret, secret: Secret) -> None:
        """Keeps, in memory only, what was asked for."""

    def accept(self, key: UnknownHostKey) -> None:
        """Trusts this host key from now on (it is written to our own known_hosts)."""

    def refuse(self, obstacle: NeedsSecret | UnknownHostKey | ChangedHostKey) -> None:
        """Goes on without the gateway behind it: it counts as not reached and is not asked again."""

    def cancel(self) -> None:
        """Makes a running `carry_out` return soon, with what it has; from any thread, without blocking."""

    def close(self) -> None:
        """Ends all connections; a running `carry_out` returns or raises at once."""


@dataclass(frozen=True, slots=True)
class EndRow:
    """One end of a tunnel, as the inventory knows it."""

    name: str
    """Gateway name, or the address of an end nobody here can log in to."""
    address: str = ""
    managed: bool = True
    managed_by: str = ""
    """Who looks after an end that is not managed here."""
    inside: str = ""
    """A host or network behind the gateway, for the path map; empty when not known."""


@dataclass(frozen=True, slots=True)
class TunnelRow:
    """One tunnel of the inventory."""

    name: str
    near: EndRow
    far: EndRow


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One earlier session; `status` is None for one that was not finished and can be resumed."""

    id: str
    tunnel: str
    started: datetime
    """In UTC."""
    symptom: str
    status: Status | None
    summary: str = ""
    """The headline of its outcome."""
    changing: bool = False
    """Whether it was interrupted while a gateway was being changed."""


@dataclass(frozen=True, slots=True)
class DemoCause:
    """One state the embedded gateways can be in; `tunnel` is the one to open for it."""

    tunnel: str
    title: str
    plain: str
    symptom: str = "check"


class Desk(Protocol):
    """Where sessions begin and are kept: what the home screen shows and starts."""

    @property
    def flow(self) -> Flow:
        """The knowledge in use, for titles of causes and terms of nodes."""

    @property
    def demo(self) -> Sequence[DemoCause]:
        """The states to choose from in the demo; empty outside it."""

    def tunnels(self) -> Sequence[TunnelRow]:
        """The tunnels of the inventory, in its order."""

    def sessions(self) -> Sequence[SessionRow]:
        """Earlier sessions, the latest first."""

    def new_session(self, tunnel: str, symptom: str) -> SessionLike:
        """Begins a session; raises WizardError for a tunnel that is not there."""

    def open_session(self, session: str) -> SessionLike:
        """Opens an earlier session, to view it or to resume it; raises WizardError when it cannot be read."""

    def gateways_for(self, tunnel: str) -> GatewaysLike:
        """The gateways of a tunnel, not yet connected; raises WizardError for a tunnel that is not there."""

    def export(self, session: str, form: str) -> Path:
        """Writes the transcript in one of `words.FORMATS` and says where; raises WizardError."""

    def journal(self, session: str) -> Path:
        """Where the session is kept on disk."""


# --- the loop --------------------------------------------------------------------------------------


class Person(Protocol):
    """Who is in front of the program; every method may be called from the thread the loop runs in."""

    def told(self, events: Sequence[Event]) -> None:
        """Shows what has happened."""

    def progress(self, progress: Progress) -> None:
        """Shows which command is running."""

    def permits(self, exercise: Exercise) -> bool:
        """Whether the tunnel may be tried out; asked before the first exercise of a sitting only."""

    def confirms(self, confirm: Confirm) -> Decided:
        """Whether the plan may be carried out; whoever says nothing says no."""

    def keeps(self, keep: Keep) -> Decided:
        """Whether a verified change stays."""

    def answers(self, ask: Ask) -> str | None:
        """The id of the option chosen, None for "I do not know"."""

    def secret(self, need: NeedsSecret) -> Secret | None:
        """The password, passphrase or code asked for; None to go on without that gateway."""

    def trusts(self, key: UnknownHostKey) -> bool:
        """Whether this fingerprint is the gateway's."""

    def alarmed(self, key: ChangedHostKey) -> None:
        """Shows that a host key has changed; there is nothing to choose, the gateway is left alone."""


def carry_out(session: SessionLike, gateways: GatewaysLike, person: Person) -> Outcome:
    """Takes the session to its end, however much of it lies behind already, and returns its outcome.

    Blocks; raises what `session` and `gateways` raise, and whatever the person raises to leave.
    """
    events = tuple(session.events)
    person.told(events)
    return _to_the_end(session, gateways, person, permitted=underway(events) is not None)


def mend(session: SessionLike, gateways: GatewaysLike, person: Person, wish: Mend) -> Outcome:
    """Takes a session that has ended on through a remedy, to the end of the diagnosis that follows it.

    Nothing that was told before is told again. Blocks; raises what `carry_out` raises.
    """
    person.told(session.reply(wish))
    return _to_the_end(session, gateways, person, permitted=False)


def _to_the_end(session: SessionLike, gateways: GatewaysLike, person: Person, *, permitted: bool) -> Outcome:
    while True:
        request = session.request
        match request:
            case Finish(outcome=outcome):
                return outcome
            case Collect() | Draw():
                reply: Reply = _obtained(request, gateways, person)
            case Change():
                # Whoever wanted the change wants it verified, and a guard does not wait for a question.
                permitted = True
                reply = _obtained(request, gateways, person)
            case Exercise():
                permitted = permitted or person.permits(request)
                reply = _obtained(request, gateways, person) if permitted else Declined(words.DECLINED)
            case Ask():
                reply = Answered(person.answers(request))
            case Confirm():
                reply = person.confirms(request)
            case Keep():
                reply = person.keeps(request)
            case _:
                assert_never(request)
        person.told(session.reply(reply))


def _obtained(request: Errand, gateways: GatewaysLike, person: Person) -> Obtained:
    # Here and not on top: paramiko takes its time, and the first screen shall not wait for it.
    from wizard.ssh import ChangedHostKey, NeedsSecret, UnknownHostKey

    while True:
        try:
            return gateways.carry_out(request, person.progress)
        except NeedsSecret as need:
            secret = person.secret(need)
            if secret is None:
                gateways.refuse(need)
            else:
                gateways.provide(need, secret)
        except UnknownHostKey as key:
            if person.trusts(key):
                gateways.accept(key)
            else:
                gateways.refuse(key)
        except ChangedHostKey as key:
            person.alarmed(key)
            gateways.refuse(key)


def exit_code(outcome: Outcome) -> ExitCode:
    """What the process returns for this outcome, so that all front ends agree."""
    match outcome.status:
        case "healthy":
            return ExitCode.HEALTHY
        case "fault":
            return ExitCode.FAULT
        case "inconclusive":
            return ExitCode.LOGIN_FAILED if outcome.login_failed else ExitCode.INCONCLUSIVE


__all__ = [
    "DemoCause",
    "Desk",
    "EndRow",
    "GatewaysLike",
    "Person",
    "Progress",
    "SessionLike",
    "SessionRow",
    "TunnelRow",
    "carry_out",
    "exit_code",
    "mend",
]
