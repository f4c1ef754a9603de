"""A desk, sessions and gateways that follow a script, for tests of the screens and for screenshots.

The events are those the engine states for the same faults on the lab's two sites.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.tui import answers, mends, plots
from wizard.engine.model import (
    Change,
    Collect,
    Collected,
    Draw,
    Ended,
    Event,
    Exercise,
    Finish,
    Outcome,
    Replied,
    Reply,
    Request,
    Requested,
    Started,
)
from wizard.engine.plan import Plan
from wizard.errors import InventoryError, SessionError, WizardError
from wizard.flow.spec import Flow
from wizard.ssh import Secret
from wizard.ui.conduct import (
    DemoCause,
    EndRow,
    Errand,
    GatewaysLike,
    Obtained,
    Progress,
    SessionRow,
    TunnelRow,
)

Plot = plots.Tells
"""What follows from a reply to a request; the last event states the next request or ends the session."""


class ScriptedSession:
    """Follows a plot; takes note of every reply."""

    def __init__(
        self,
        plot: Plot,
        *,
        tunnel: str = "site",
        symptom: str = "never-up",
        ident: str = "20261121T101500Z-site",
    ) -> None:
        self.id = ident
        self.tunnel = tunnel
        self.request: Request = Collect(("connections", "ike-log"))
        self.events: list[Event] = [
            Started(ident, tunnel, "gw-a", "gw-b", symptom, "operator", "0.1.0", "flows"),
            Requested(self.request),
        ]
        self.symptom = symptom
        self.replies: list[Reply] = []
        self.closed = False
        self._plot = plot

    @property
    def outcome(self) -> Outcome | None:
        return self.request.outcome if isinstance(self.request, Finish) else None

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        self.replies.append(reply)
        events = (Replied(reply), *self._plot(self.request, reply))
        for event in events:
            if isinstance(event, Requested):
                self.request = event.request
            elif isinstance(event, Ended):
                self.request = Finish(event.outcome)
        self.events.extend(events)
        return events

    def close(self) -> None:
        self.closed = True


def played(
    plot: Plot, *replies: Reply, symptom: str = "never-up", ident: str = "20261120T081500Z-site"
) -> ScriptedSession:
    """A session that has already heard these replies."""
    session = ScriptedSession(plot, symptom=symptom, ident=ident)
    for reply in replies:
        session.reply(reply)
    return session


def _name(request: Errand) -> str:
    match request:
        case Exercise(name=name):
            return name
        case Draw(remedy=remedy):
            return f"draw {remedy}"
        case Change(move="step", step=step):
            return f"step {step}"
        case Change(move=move):
            return move
        case _:
            return "collect"


class ScriptedGateways:
    """Answers from a store; can raise obstacles first, wait at a gate, or be deaf to cancel."""

    def __init__(
        self,
        store: Mapping[str, Collected] | None = None,
        *,
        obstacles: Sequence[Exception] = (),
        gate: threading.Event | None = None,
        deaf: bool = False,
        plan: Plan | None = mends.PLAN,
        fails: int = -1,
        gate_at: str = "",
    ) -> None:
        """`fails` is the step of a plan that fails; the gate stands before `gate_at`, or before everything."""
        self._store = dict(answers.STORE if store is None else store)
        self._obstacles = list(obstacles)
        self._gate = gate
        self._gate_at = gate_at
        self._deaf = deaf
        self._plan = plan
        self._fails = fails
        self._freed = threading.Event()
        self.carried_out: list[str] = []
        self.provided: list[str] = []
        self.accepted: list[Exception] = []
        self.refused: list[Exception] = []
        self.begun = threading.Event()
        self.cancelled = threading.Event()
        self.closed = threading.Event()

    def carry_out(self, request: Errand, progress: Callable[[Progress], None]) -> Obtained:
        name = _name(request)
        if self._obstacles:
            raise self._obstacles.pop(0)
        for step in answers.PROGRESS.get(name, ()):
            progress(step)
        self.begun.set()
        if self._gate is not None and self._gate_at in ("", name):
            self._wait()
        self.carried_out.append(name)
        match request:
            case Draw():
                return mends.drawn(self._plan, "" if self._plan is not None else "there is nothing to change")
            case Change():
                return mends.change(request, fails=self._fails)
            case _:
                return self._store[name]

    def _wait(self) -> None:
        assert self._gate is not None
        while not self._gate.wait(0.01):
            if not self._deaf and (self.cancelled.is_set() or self.closed.is_set()):
                return

    def provide(self, need: Exception, secret: Secret) -> None:
        self.provided.append(secret.reveal())

    def accept(self, key: Exception) -> None:
        self.accepted.append(key)

    def refuse(self, obstacle: Exception) -> None:
        self.refused.append(obstacle)

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        self.closed.set()


SITE = TunnelRow(
    "site",
    EndRow("gw-a", "192.0.2.1", inside="10.1.0.10"),
    EndRow("gw-b", "198.51.100.1", inside="10.2.0.10"),
)
PARTNER = TunnelRow(
    "partner",
    EndRow("gw-a", "192.0.2.1", inside="10.1.0.10"),
    EndRow("203.0.113.9", "203.0.113.9", managed=False, managed_by="partner's network team"),
)
EARLIER = (
    SessionRow(
        "20261120T081500Z-site",
        "site",
        datetime(2026, 11, 20, 8, 15, tzinfo=UTC),
        "never-up",
        "fault",
        "The pre-shared keys differ",
    ),
    SessionRow(
        "20261119T231000Z-site", "site", datetime(2026, 11, 19, 23, 10, tzinfo=UTC), "check", "healthy"
    ),
    SessionRow(
        "20261118T030500Z-partner", "partner", datetime(2026, 11, 18, 3, 5, tzinfo=UTC), "drops", None
    ),
)
DEMO = (
    DemoCause("psk-mismatch", "The pre-shared keys differ", "one digit was mistyped at one end", "never-up"),
    DemoCause(
        "esp-filtered", "ESP is filtered on the way", "the tunnel is up and nothing passes", "no-traffic"
    ),
    DemoCause("healthy", "Nothing", "a tunnel that works, to see what that looks like", "check"),
)


@dataclass
class ScriptedDesk:
    """Everything a front end is given, by script."""

    plot: Plot = plots.psk_mismatch
    gateways: Callable[[], ScriptedGateways] = ScriptedGateways
    rows: Sequence[TunnelRow] = (SITE, PARTNER)
    earlier: Sequence[SessionRow] = EARLIER
    demo: Sequence[DemoCause] = ()
    flow: Flow = field(default_factory=plots.flow)
    folder: Path = Path("transcripts")
    trouble: WizardError | OSError | None = None
    """Raised by the next export."""
    opens: ScriptedSession | None = None
    """What opening any earlier session gives, instead of the one its row tells of."""
    begun: list[ScriptedSession] = field(default_factory=list)
    made: list[ScriptedGateways] = field(default_factory=list)
    exported: list[tuple[str, str]] = field(default_factory=list)

    def tunnels(self) -> Sequence[TunnelRow]:
        return self.rows

    def sessions(self) -> Sequence[SessionRow]:
        return self.earlier

    def new_session(self, tunnel: str, symptom: str) -> ScriptedSession:
        session = ScriptedSession(self.plot, tunnel=tunnel, symptom=symptom)
        self.begun.append(session)
        return session

    def open_session(self, session: str) -> ScriptedSession:
        if self.opens is not None:
            return self.opens
        row = next((row for row in self.earlier if row.id == session), None)
        if row is None:
            raise SessionError(f"there is no session {session}", advice="see `ipsec-wizard sessions`")
        replies = [answers.STORE["collect"], answers.STORE["ike-four-points"]]
        if row.status is None:
            replies = replies[:1]
        opened = played(plots.psk_mismatch, *replies, symptom=row.symptom, ident=row.id)
        opened.tunnel = row.tunnel
        self.begun.append(opened)
        return opened

    def gateways_for(self, tunnel: str) -> GatewaysLike:
        if tunnel not in {row.name for row in self.rows} | {cause.tunnel for cause in self.demo}:
            raise InventoryError(f"no tunnel is named '{tunnel}'", advice="write site or partner")
        gateways = self.gateways()
        self.made.append(gateways)
        return gateways

    def export(self, session: str, form: str) -> Path:
        if self.trouble is not None:
            raise self.trouble
        self.exported.append((session, form))
        return self.folder / f"{session}.{form}"

    def journal(self, session: str) -> Path:
        return self.folder / f"{session}.jsonl"
