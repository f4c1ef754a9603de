"""A session as a record worth keeping: who looked at what, what was found and by which proof.

It knows nothing of Markdown or HTML, and it is built from events alone, so that it says the same whether the
session has just ended or is read from disk years later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from wizard.engine.model import (
    Branched,
    Changed,
    Collect,
    Collected,
    CommandRecord,
    Cost,
    Declined,
    Drawn,
    Ended,
    EndReport,
    Entered,
    Exercise,
    Finding,
    Found,
    Mapped,
    Mark,
    Mended,
    Outcome,
    Replied,
    Requested,
    Segment,
    Started,
    Status,
    Stepped,
    Warned,
)
from wizard.errors import SessionError
from wizard.facts.model import ENDS, End, Evidence, Fact, Facts
from wizard.journal.entry import Entry, Resumed, Unknown
from wizard.journal.mending import Mending, MendingScribe
from wizard.records import dataclass


@dataclass(frozen=True, slots=True)
class Gateway:
    """One end as the session met it."""

    end: End
    name: str
    reached: bool | None
    """None while nobody has tried."""
    managed: bool = True
    implementation: str = ""
    version: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the path through the trees; without mark and answer while it was not answered."""

    seq: int
    at: datetime
    node: str
    kind: str
    title: str
    why: str
    mark: Mark | None = None
    answer: str = ""
    because: tuple[Fact, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it ran; `number` counts from 1 through the session, `asked` to `at` is its request."""

    number: int
    seq: int
    asked: datetime
    at: datetime
    record: CommandRecord


@dataclass(frozen=True, slots=True)
class Note:
    """Something beside the walk: an exercise that was declined, a request that failed, an interruption."""

    seq: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything a reader needs to follow a session, in the order it happened."""

    started: Started
    began: datetime
    ended: datetime
    """Time of the last event."""
    outcome: Outcome | None
    """None for a session that was not finished."""
    gateways: tuple[Gateway, ...]
    steps: tuple[Step, ...]
    commands: tuple[Command, ...]
    notes: tuple[Note, ...]
    segments: tuple[Segment, ...]
    cost: Cost
    exercises: int
    """How often the tunnel was tried out."""
    mendings: tuple[Mending, ...] = ()
    """What was done about the causes, in order."""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Transcript:
        """Of a session's events as the journal holds them; raises SessionError when they do not begin one."""
        return _Scribe().read(entries)

    @property
    def status(self) -> Status | Literal["unfinished"]:
        """How it ended, in one word."""
        return self.outcome.status if self.outcome is not None else "unfinished"

    @property
    def title(self) -> str:
        """What came out, in one line: the first cause, or that there is none."""
        if self.outcome is None:
            return "This session was not finished"
        if self.outcome.causes:
            return self.outcome.causes[0].title
        if self.outcome.status == "healthy":
            return "Nothing is wrong with this tunnel"
        return "The cause cannot be told with what could be seen"

    @property
    def path(self) -> tuple[str, ...]:
        """The ids of the nodes walked, as in `diagnose --json`."""
        return tuple(step.node for step in self.steps)

    @property
    def duration_s(self) -> float:
        """From the first event to the last, pauses of the operator included, seconds."""
        return max(0.0, (self.ended - self.began).total_seconds())

    def command_of(self, evidence: Evidence) -> Command | None:
        """The command whose output holds this line; the latest one, whose output is the freshest."""
        for command in reversed(self.commands):
            record = command.record
            from_it = (record.gateway, record.probe) == (evidence.end, evidence.probe)
            if from_it and (evidence.line in record.stdout or evidence.line in record.stderr):
                return command
        return None

    def proofs(self, command: Command) -> tuple[str, ...]:
        """The lines of this command's output that prove a finding, which a folded output must still show."""
        if self.outcome is None:
            return ()
        findings: tuple[Finding, ...] = (*self.outcome.causes, *self.outcome.warnings)
        record = command.record
        return tuple(
            evidence.line
            for finding in findings
            for evidence in finding.evidence
            if (evidence.end, evidence.probe) == (record.gateway, record.probe)
        )


class _Scribe:
    """Reads events one after the other; an unfinished session simply has fewer of them."""

    def __init__(self) -> None:
        self._started: tuple[Started, datetime] | None = None
        self._last: datetime | None = None
        self._asked: datetime | None = None
        self._request: Requested | None = None
        self._outcome: Outcome | None = None
        self._reports: dict[End, EndReport] = {}
        self._facts = Facts()
        self._steps: list[Step] = []
        self._commands: list[Command] = []
        self._notes: list[Note] = []
        self._segments: tuple[Segment, ...] = ()
        self._cost = Cost()
        self._exercises = 0
        self._mending = MendingScribe()

    def read(self, entries: Iterable[Entry]) -> Transcript:
        for entry in entries:
            self._last = entry.at
            self._take(entry)
        if self._started is None or self._last is None:
            raise SessionError("the session holds no diagnosis", advice="remove it and start a new session")
        started, began = self._started
        return Transcript(
            started=started,
            began=began,
            ended=self._last,
            outcome=self._outcome,
            gateways=tuple(
                self._gateway(end, name) for end, name in zip(ENDS, (started.near, started.far), strict=True)
            ),
            steps=tuple(self._steps),
            commands=tuple(self._commands),
            notes=tuple(self._notes),
            segments=self._segments,
            cost=self._cost,
            exercises=self._exercises,
            mendings=self._mending.read(),
        )

    def _take(self, entry: Entry) -> None:
        match entry.event:
            case Resumed(operator=operator):
                self._mending.taken_up(operator)
            case Unknown():
                pass
            case event:
                self._mending.take(entry.seq, entry.at, event)
        match entry.event:
            case Started() as started:
                self._started = (started, entry.at)
            case Requested() as requested:
                self._request, self._asked = requested, entry.at
            case Replied():
                self._replied(entry, entry.event)
            case Entered(node=node, kind=kind, title=title, why=why):
                self._steps.append(Step(entry.seq, entry.at, node, kind, title, why))
            case Branched() as branched:
                self._branched(branched)
            case Mapped(segments=segments):
                self._segments = segments
            case Ended(outcome=outcome):
                self._outcome = outcome
            case Resumed() as resumed:
                self._note(entry, _taken_up(resumed))
            case Unknown(kind=kind):
                self._note(entry, f"A newer version noted a {kind} here, which this version cannot read.")
            case Found() | Warned() | Stepped() | Mended():
                return

    def _replied(self, entry: Entry, replied: Replied) -> None:
        request = self._request.request if self._request is not None else None
        match replied.reply:
            case Collected() as reply:
                self._exercises += isinstance(request, Exercise)
                self._cost = _sum(self._cost, reply.cost)
                self._facts = self._facts.merged(reply.facts)
                self._reports.update({report.end: report for report in reply.ends})
                for record in reply.records:
                    number = len(self._commands) + 1
                    self._commands.append(
                        Command(number, entry.seq, self._asked or entry.at, entry.at, record)
                    )
                if reply.problem:
                    self._note(entry, f"{_doing(request)} did not work: {reply.problem}.")
            case Drawn() | Changed():
                self._cost = _sum(self._cost, replied.reply.cost)
                for record in replied.reply.records:
                    number = len(self._commands) + 1
                    self._commands.append(
                        Command(number, entry.seq, self._asked or entry.at, entry.at, record)
                    )
            case Declined(reason=reason):
                self._note(entry, f"{_doing(request)} was not allowed: {reason}.")
            case _:
                return

    def _branched(self, branched: Branched) -> None:
        mark, answer, because, rule = branched.mark, branched.answer, branched.because, branched.rule
        for index, step in reversed(list(enumerate(self._steps))):
            if step.node == branched.node:
                self._steps[index] = replace(step, mark=mark, answer=answer, because=because, rule=rule)
                return

    def _note(self, entry: Entry, text: str) -> None:
        self._notes.append(Note(entry.seq, entry.at, text))

    def _gateway(self, end: End, name: str) -> Gateway:
        report = self._reports.get(end)
        implementation = self._facts.get(f"{end}.implementation").value
        version = self._facts.get(f"{end}.daemon_version").value
        return Gateway(
            end=end,
            name=report.gateway if report is not None else name,
            reached=report.reached if report is not None else None,
            managed=report.managed if report is not None else True,
            implementation=implementation if isinstance(implementation, str) else "",
            version=version if isinstance(version, str) else "",
            problem=(report.problem or "") if report is not None else "",
        )


def _doing(request: object) -> str:
    match request:
        case Exercise(name=name):
            return f"Trying the tunnel out ({name})"
        case Collect():
            return "Reading the gateways"
        case _:
            return "A request"


def _taken_up(resumed: Resumed) -> str:
    by = f"by {resumed.operator} (version {resumed.version})"
    if resumed.earlier:
        return (
            f"The first {resumed.replies} replies are those of session {resumed.earlier}, judged anew {by}."
        )
    return f"The session was interrupted here and taken up again {by}."


def _sum(one: Cost, other: Cost) -> Cost:
    return Cost(
        one.elapsed_s + other.elapsed_s,
        one.connections + other.connections,
        one.round_trips + other.round_trips,
        one.commands + other.commands,
    )
