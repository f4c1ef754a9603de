"""A session and gateways whose every step is laid down beforehand, as `conduct` asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wizard.engine.model import (
    Ask,
    Branched,
    Changed,
    Collect,
    Collected,
    CommandRecord,
    Drawn,
    Ended,
    EndReport,
    Entered,
    Event,
    Exercise,
    Finding,
    Finish,
    Found,
    Mapped,
    Option,
    Outcome,
    Replied,
    Reply,
    Request,
    Requested,
    Segment,
    Started,
)
from wizard.facts.model import Evidence, Fact
from wizard.ssh import ChangedHostKey, NeedsSecret, Secret, UnknownHostKey
from wizard.ui.conduct import Errand, Obtained, Progress

STARTED = Started("20261121T101500Z-site", "site", "gw-a", "gw-b", "never-up", "me", "0.1.0", "d1")
EXERCISE = Exercise("ike-four-points", "near", "key-negotiation.reaches", "IKE runs over UDP 500.")
ASK = Ask(
    "triage.seen", "What do the users see?", "It narrows the search.", (Option("all", "Everything fails"),)
)
FINDING = Finding(
    cause="psk-mismatch",
    title="The pre-shared keys differ",
    ends=("gw-a", "gw-b"),
    confidence="certain",
    summary="gw-a and gw-b hold different keys for each other.",
    evidence=(
        Evidence("gw-b", "ike-log", "journalctl -u strongswan", "tried 1 shared key, but MAC mismatched"),
        Evidence("gw-b", "ike-log", "journalctl -u strongswan", "evil \x1b[2J [edit] [/x]"),
    ),
    excludes=("psk-missing", "id-mismatch"),
    next_step="Put one key on both gateways.",
)
FAULT = Outcome("fault", (FINDING,), unseen=("gw-c could not be looked at: no answer",))
HEALTHY = Outcome("healthy")


def collected(*gateways: str, problem: str | None = None) -> Collected:
    ends = tuple(
        EndReport("near" if index == 0 else "far", name, True) for index, name in enumerate(gateways)
    )
    record = CommandRecord("near", "gw-a", "sas", "swanctl --list-sas", "none", "", 0, 0.1)
    return Collected((Fact("near.logged_in", True),), (record,), ends, problem=problem)


@dataclass
class Sitting:
    """Implements `SessionLike`: these requests in this order, and that outcome."""

    steps: list[Request] = field(default_factory=lambda: [Collect(("sas",)), Finish(FAULT)])
    replies: list[Reply] = field(default_factory=list)
    closed: int = 0
    id: str = STARTED.session
    tunnel: str = STARTED.tunnel
    outcome: Outcome | None = None

    @property
    def request(self) -> Request:
        return self.steps[len(self.replies)]

    @property
    def events(self) -> Sequence[Event]:
        return (STARTED, Requested(self.steps[0]))

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        self.replies.append(reply)
        events: list[Event] = [
            Replied(reply),
            Entered("authentication.psk", "check", "Do both hold the same key?", "A MAC proves it."),
            Branched("authentication.psk", "fail", "The keys differ", (), ""),
            Mapped((Segment("near-lan", "ok"), Segment("wan", "fail", "refused by gw-b"))),
            Requested(self.request),
        ]
        if isinstance(self.request, Finish):
            self.outcome = self.request.outcome
            events += [Found(finding) for finding in self.outcome.causes] + [Ended(self.outcome)]
        return tuple(events)

    def close(self) -> None:
        self.closed += 1


Step = Obtained | BaseException | Callable[[Callable[[Progress], None]], Obtained]


@dataclass
class Gates:
    """Implements `GatewaysLike`: each call takes the next step; what is done with it is noted."""

    steps: list[Step] = field(default_factory=lambda: [collected("gw-a", "gw-b")])
    log: list[str] = field(default_factory=list)
    given: list[Secret] = field(default_factory=list)

    def carry_out(self, request: Errand, progress: Callable[[Progress], None]) -> Obtained:
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, Drawn | Changed):
            return step
        if isinstance(step, Collected):
            progress(Progress("near", "gw-a", "swanctl --list-sas", 0, 2, 10.0))
            progress(Progress("near", "gw-a", "swanctl --list-conns", 1, 2, 10.0))
            return step
        return step(progress)

    def provide(self, need: NeedsSecret, secret: Secret) -> None:
        self.given.append(secret)

    def accept(self, key: UnknownHostKey) -> None:
        self.log.append("accept")

    def refuse(self, obstacle: NeedsSecret | UnknownHostKey | ChangedHostKey) -> None:
        self.log.append("refuse")

    def cancel(self) -> None:
        self.log.append("cancel")

    def close(self) -> None:
        self.log.append("close")
