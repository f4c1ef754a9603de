"""A small diagnosis to write down, resume and render: an engine with three questions, and two gateways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from wizard.engine.model import (
    Answered,
    Ask,
    Branched,
    Collect,
    Collected,
    CommandRecord,
    Cost,
    Declined,
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
    Warned,
)
from wizard.facts.model import Evidence, Fact
from wizard.flow.spec import Flow
from wizard.journal.entry import Entry

BEGAN = datetime(2026, 11, 21, 10, 15, 0, 42_000, tzinfo=UTC)
CANARY = "Canary-7f3e!PSK"
PROOF = "tried 1 shared key for '198.51.100.1' - '192.0.2.1', but MAC mismatched"

FLOW = Flow(
    trees=MappingProxyType({}), nodes=MappingProxyType({}), causes=MappingProxyType({}), digest="d1ce" * 16
)


class Ticking:
    """A clock that goes on by a fixed step each time it is read."""

    def __init__(self, step_s: float = 0.5) -> None:
        self.at = BEGAN
        self._step = timedelta(seconds=step_s)

    def __call__(self) -> datetime:
        at = self.at
        self.at += self._step
        return at


def started(session: str = "20261121T101500Z-site") -> Started:
    return Started(
        session=session,
        tunnel="site",
        near="gw-a",
        far="gw-b",
        symptom="never-up",
        operator="ada",
        version="0.1.0",
        flows_digest=FLOW.digest,
    )


def evidence() -> Evidence:
    return Evidence("gw-b", "ike-log", "journalctl -u strongswan", PROOF, item="psk-mismatch")


def finding() -> Finding:
    return Finding(
        cause="psk-mismatch",
        title="The pre-shared keys differ",
        ends=("gw-a", "gw-b"),
        confidence="certain",
        summary="gw-a and gw-b do not hold the same pre-shared key.",
        evidence=(evidence(),),
        excludes=("psk-missing",),
        remedies=("align-psk",),
        next_step="Put one key on both gateways.",
    )


def warning() -> Finding:
    return Finding("clock-skew", "A clock is wrong", ("gw-b",), "likely", "gw-b is 90 s ahead.", ())


def outcome() -> Outcome:
    return Outcome(
        status="fault",
        causes=(finding(),),
        warnings=(warning(),),
        excluded=("daemon-not-running", "psk-missing"),
        unseen=("gw-b: not known whether the route is there (ip: not found)",),
        questions_for_peer=("Which key do you use for 192.0.2.1?",),
    )


def look(log: str = PROOF) -> Collected:
    """What both gateways say; the far one has a secret in its log."""
    return Collected(
        facts=(
            Fact("near.daemon_running", True),
            Fact("near.implementation", "strongswan-swanctl"),
            Fact("near.daemon_version", "5.9.8"),
            Fact("psk_agrees", False, (evidence(),)),
            Fact("far.route_to_peer", None, why_unknown="ip: not found"),
            Fact("clock_difference_s", 90.0),
            Fact("near.ike_events", ("auth-failed", "retransmit")),
        ),
        records=(
            CommandRecord(
                "near", "gw-a", "daemon-stats", "swanctl --stats", "uptime: 4 seconds\n", "", 0, 0.11
            ),
            CommandRecord(
                "far",
                "gw-b",
                "ike-log",
                "journalctl -u strongswan",
                f'loaded IKE secret\n  secret = "{CANARY}"\n{log}\n',
                "Hint: you are not seeing all messages\n",
                0,
                0.31,
                truncated=True,
            ),
        ),
        ends=(EndReport("near", "gw-a", True), EndReport("far", "gw-b", True)),
        cost=Cost(0.42, 2, 2, 2),
    )


def exercise_reply() -> Collected:
    record = CommandRecord("near", "gw-a", "initiate", "swanctl --initiate --child net", "", "failed", 1, 1.5)
    return Collected(
        facts=(Fact("near.attempt_result", "refused"),), records=(record,), cost=Cost(1.5, 0, 1, 1)
    )


REPLIES: tuple[Reply, ...] = (look(), exercise_reply(), Answered("yes"))
ALL_REPLIES: tuple[Reply, ...] = (*REPLIES, Declined("not now"), Answered(None), Collected(()))


class Walk:
    """An engine in miniature: look, try, ask, done. It derives events from replies and from nothing else."""

    def __init__(self, flow: Flow, begun: Started) -> None:
        self.flow = flow
        self.started = begun
        self.heard: list[Reply] = []
        self._requests: list[Request] = [
            Collect(("daemon-stats", "ike-log")),
            Exercise("ike-four-points", "near", "triage.try", "Only trying shows it."),
            Ask(
                "triage.ask",
                "Was the key changed?",
                "It often was.",
                (Option("yes", "Yes"), Option("no", "No")),
            ),
            Finish(outcome()),
        ]

    @property
    def request(self) -> Request:
        return self._requests[len(self.heard)]

    def opening(self) -> tuple[Event, ...]:
        return (self.started, Requested(self.request))

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        self.heard.append(reply)
        return (Replied(reply), *self._derived(reply), Requested(self.request), *self._ending())

    def _derived(self, reply: Reply) -> Iterator[Event]:
        match reply:
            case Collected():
                node = f"triage.look-{len(self.heard)}"
                yield Entered(node, "check", "Do both gateways answer?", "Nothing else matters before.")
                yield Branched(node, "ok", "Both answer.", reply.facts, "triage.try", "near.daemon_running")
                yield Mapped((Segment("near-gateway", "ok"), Segment("wan", "fail", "refused")))
                yield Warned(warning())
            case Answered(option=option):
                yield Entered("triage.ask", "ask", "Was the key changed?", "It often was.")
                yield Branched("triage.ask", "ok", f"answered {option}", (), "authentication.psk")
                yield Entered("authentication.psk", "cause", "The pre-shared keys differ", "")
                yield Found(finding())
            case _:
                return

    def _ending(self) -> Iterator[Event]:
        request = self.request
        if isinstance(request, Finish):
            yield Ended(request.outcome)


def entries() -> tuple[Entry, ...]:
    """A whole session, half a second between events."""
    clock = Ticking()
    walk = Walk(FLOW, started())
    events = list(walk.opening())
    for reply in REPLIES:
        events.extend(walk.reply(reply))
    return tuple(Entry(seq, clock(), event) for seq, event in enumerate(events, 1))


def with_log(log: str) -> tuple[Entry, ...]:
    """The same session, in which the far gateway's log reads so, and the proof with it."""
    proof = replace(evidence(), line=log)
    cause = replace(finding(), evidence=(proof,), summary=log, next_step=log, title=log)
    end = replace(outcome(), causes=(cause,), unseen=(log,), questions_for_peer=(log,))
    result = []
    for entry in entries():
        event = entry.event
        if isinstance(event, Replied) and isinstance(event.reply, Collected) and event.reply.ends:
            event = Replied(look(log))
        elif isinstance(event, Entered):
            event = replace(event, title=log)
        elif isinstance(event, Branched):
            event = replace(event, answer=log, because=(Fact("near.disk_difference", log),))
        elif isinstance(event, Ended):
            event = Ended(end)
        result.append(replace(entry, event=event))
    return tuple(result)
