"""Feeds the replies of a journal back to an engine, and notices when the walk goes another way than then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

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
    Ended,
    Event,
    Exercise,
    Finish,
    Keep,
    Mend,
    Outcome,
    Replied,
    Reply,
    Request,
    Requested,
    Started,
)
from wizard.errors import Place, SessionError, WizardError
from wizard.flow.spec import Flow
from wizard.journal.entry import Entry, Resumed, Unknown
from wizard.journal.store import read
from wizard.records import dataclass


class Conductor(Protocol):
    """What a session needs of the engine; `wizard.engine.run.Run` is one."""

    @property
    def request(self) -> Request:
        """What is to be done now."""

    def opening(self) -> tuple[Event, ...]:
        """The events before the first reply, Started first."""

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        """The events that follow from a reply, Replied first; raises WizardError when it does not fit."""


Begin = Callable[[Flow, Started], Conductor]
"""Makes an engine for a session that is about to start, or has started long ago."""


class WentElsewhere(SessionError):
    """The engine of today does not walk the way the journal says: its trees or its program have changed."""


def started_of(entries: Sequence[Entry], path: Path) -> Started:
    """The first event of a session; raises SessionError when there is none or it is another."""
    first = entries[0].event if entries else None
    if not isinstance(first, Started):
        raise SessionError(
            "the session was ended before it began",
            place=Place(str(path), 2),
            advice="remove the file and start a new session",
        )
    return first


def outcome_event(entries: Sequence[Entry]) -> Ended | None:
    """The event that ended the session, None for one that can be resumed."""
    last = entries[-1].event if entries else None
    return last if isinstance(last, Ended) else None


def engine_events(entries: Iterable[Entry]) -> Iterator[Event]:
    """The events the engine knows, without those that are the journal's own."""
    for entry in entries:
        if not isinstance(entry.event, Resumed | Unknown):
            yield entry.event


def fed_back(
    begin: Begin, flow: Flow, entries: Sequence[Entry], path: Path
) -> tuple[Conductor, tuple[Event, ...]]:
    """An engine that stands where the journal ends, and the events that follow and were not written any more.

    Only replies are fed back; all other events are derived again and compared with what is written. Raises
    WentElsewhere, with file and line, when the trees are others or the walk differs.
    """
    started = started_of(entries, path)
    if started.flows_digest != flow.digest:
        raise _elsewhere("the trees have changed since this session", path, 1)
    run = begin(flow, started)
    owed = deque(run.opening())
    for entry in entries:
        event = entry.event
        if isinstance(event, Resumed | Unknown):
            continue
        if isinstance(event, Replied):
            if owed:
                raise _elsewhere("the walk goes another way today", path, entry.seq)
            try:
                owed.extend(run.reply(event.reply))
            except WizardError as error:
                raise _elsewhere(error.message, path, entry.seq) from error
        if not owed or _shape(owed.popleft()) != _shape(event):
            raise _elsewhere("the walk goes another way today", path, entry.seq)
    return run, tuple(owed)


def _elsewhere(message: str, path: Path, seq: int) -> WentElsewhere:
    return WentElsewhere(
        message,
        place=Place(str(path), seq + 1),
        advice="start a new session, or resume it with its replies judged anew",
    )


def _shape(event: Event) -> tuple[str, ...]:
    """What of an event must be the same in a replay; wording may differ between versions."""
    inner = event.request if isinstance(event, Requested) else event
    names = tuple(str(getattr(inner, name, "")) for name in ("node", "to", "name", "move", "step", "result"))
    return (type(event).__name__, type(inner).__name__, *names)


def exchanges(entries: Iterable[Entry]) -> Iterator[tuple[Request, Reply]]:
    """What was asked and what came of it, in order."""
    request: Request | None = None
    for event in engine_events(entries):
        if isinstance(event, Requested):
            request = event.request
        elif isinstance(event, Replied) and request is not None:
            yield request, event.reply


def answers(then: Request, today: Request) -> bool:
    """Whether a reply to the request of then answers that of today, too: nothing more may be asked for."""
    match then, today:
        case Collect(probes=looked), Collect(probes=wanted):
            return set(wanted) <= set(looked)
        case Exercise(), Exercise():
            return (then.name, then.initiator) == (today.name, today.initiator)
        case Ask(), Ask():
            return then.node == today.node
        case _:
            return False


class Finished:
    """Stands for the engine of a session that has ended: there is nothing left to be asked."""

    def __init__(self, outcome: Outcome) -> None:
        """Takes how the session ended."""
        self.request: Request = Finish(outcome)

    def opening(self) -> tuple[Event, ...]:
        """Nothing: all of it is read."""
        return ()

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        """Raises WizardError."""
        raise WizardError(f"the session has ended, a {type(reply).__name__} comes too late")


def refuse_unless_fitting(request: Request, reply: Reply) -> None:
    """Raises WizardError for a reply of the wrong kind, before anything is written down."""
    match request, reply:
        case (Collect() | Exercise(), Collected()) | (Exercise(), Declined()) | (Ask(), Answered()):
            return
        case (Finish(), Mend()) | (Draw(), Drawn()) | (Confirm() | Keep(), Decided()) | (Change(), Changed()):
            return
        case _:
            kinds = f"a {type(reply).__name__} does not answer a {type(request).__name__}"
            raise WizardError(kinds, advice="carry out what the session requests")


@dataclass(frozen=True, slots=True)
class Timed:
    """An event of a replay, and how long after the one before it came, seconds."""

    pause_s: float
    event: Event


def replay(path: Path) -> Iterator[Timed]:
    """The events of a session as they happened, for `replay`; raises SessionError when it cannot be read.

    Waiting is the caller's, as is the decision how much of a pause to wait.
    """
    before: datetime | None = None
    for entry in read(path).entries:
        pause = (entry.at - before).total_seconds() if before is not None else 0.0
        before = entry.at
        for event in engine_events((entry,)):
            yield Timed(max(0.0, pause), event)
