"""One diagnosis with its journal: begin it, take it up again after a kill, or look at it once more.

What a front end replies is redacted first, then written down, then handed to the engine. So the engine never
knows more than the journal, and a session read back from disk goes exactly the way it went.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Self

from wizard import paths
from wizard.engine.course import Course
from wizard.engine.model import Event, Finish, Outcome, Replied, Reply, Request, Started
from wizard.engine.plan import Plan
from wizard.flow.spec import Flow
from wizard.journal.entry import Entry, Recorded, Resumed
from wizard.journal.feedback import (
    Begin,
    Conductor,
    Finished,
    Timed,
    WentElsewhere,
    answers,
    engine_events,
    exchanges,
    fed_back,
    outcome_event,
    refuse_unless_fitting,
    replay,
    started_of,
)
from wizard.journal.listing import SessionRow, list_sessions, session_path
from wizard.journal.redact import Redactor
from wizard.journal.store import Clock, Journal, JournalError, now, read, redacted, session_name
from wizard.journal.transcript import Transcript


def in_utc() -> datetime:
    """The clock of every session that is not a test."""
    return datetime.now(UTC)


def version() -> str:
    """Version of this program, as headers and transcripts state it."""
    try:
        return importlib.metadata.version(paths.APPLICATION)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


@contextlib.contextmanager
def _closed_on_error(opened: Journal | Session | None) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if opened is not None:
            opened.close()
        raise


class Session:
    """An engine run and its journal; use it from one thread at a time, and close it when done."""

    def __init__(
        self,
        run: Conductor,
        started: Started,
        journal: Journal | None,
        redactor: Redactor,
        clock: Clock,
        entries: Iterable[Entry] = (),
    ) -> None:
        """Use `new` or `resume`."""
        self.started: Final = started
        """Who looks at what."""
        self.notes: tuple[str, ...] = ()
        """What the operator should know about how the session came to be where it is."""
        self._run = run
        self._journal = journal
        self._redactor = redactor
        self._clock = clock
        self._entries = list(entries)
        self._owed: deque[Recorded] = deque()
        self._mark = 0

    @classmethod
    def new(  # noqa: PLR0913 - keywords, each of them one thing a transcript says
        cls,
        flow: Flow,
        *,
        tunnel: str,
        near: str,
        far: str,
        symptom: str,
        operator: str,
        observe_only: bool = False,
        approved: Plan | None = None,
        state_dir: Path | None = None,
        clock: Clock = in_utc,
        redactor: Redactor | None = None,
        begin: Begin = Course,
        journaled: bool = True,
    ) -> Self:
        """Begins a session in `state_dir` (default: the user's); `journaled=False` keeps it in memory.

        With an `approved` plan it begins with carrying that out, otherwise with a diagnosis.

        Raises JournalError when the journal cannot be begun; nothing has been asked of any gateway then.
        """
        redactor = redactor or Redactor()
        journal = None
        if journaled:
            folder = paths.sessions_dir(state_dir)
            journal = Journal.create(folder, tunnel, version=version(), clock=clock, redactor=redactor)
        started = Started(
            session=journal.session if journal is not None else session_name(tunnel, clock()),
            tunnel=tunnel,
            near=near,
            far=far,
            symptom=symptom,
            operator=operator,
            version=version(),
            flows_digest=flow.digest,
            observe_only=observe_only,
            approved=approved,
        )
        with _closed_on_error(journal):
            run = begin(flow, started)
            session = cls(run, started, journal, redactor, clock)
            session._record(run.opening())
        return session

    @classmethod
    def resume(
        cls,
        path: Path,
        flow: Flow,
        *,
        operator: str = "",
        clock: Clock = in_utc,
        redactor: Redactor | None = None,
        begin: Begin = Course,
        changed: Literal["refuse", "anew"] = "refuse",
    ) -> Self:
        """Takes a session up where it stopped: its replies are fed back, no gateway is asked again.

        A finished one is opened for looking at. When the trees have changed since, "refuse" raises
        SessionError; "anew" begins a new session, in which today's trees judge the old replies as far as
        these answer what is asked today, and says so in `notes`. Raises SessionError for a journal that is
        damaged or open elsewhere, JournalError when it cannot be written.
        """
        redactor = redactor or Redactor()
        entries = read(path).entries
        ended = outcome_event(entries)
        if ended is not None:
            run = Finished(ended.outcome)
            return cls(run, started_of(entries, path), None, redactor, clock, entries)
        journal, reading = Journal.resume(path, clock=clock, redactor=redactor)
        with _closed_on_error(journal):
            started = started_of(reading.entries, path)
            who = operator or started.operator
            try:
                conductor, owed = fed_back(begin, flow, reading.entries, path)
            except WentElsewhere:
                if changed == "refuse":
                    raise
                journal.close()
            else:
                session = cls(conductor, started, journal, redactor, clock, reading.entries)
                replies = sum(isinstance(entry.event, Replied) for entry in reading.entries)
                session._record((Resumed(version(), who, replies), *owed))
                if reading.torn:
                    session.notes = ("The event being written when the program ended is lost, no other is.",)
                return session
        fresh = cls.new(
            flow,
            tunnel=started.tunnel,
            near=started.near,
            far=started.far,
            symptom=started.symptom,
            operator=who,
            observe_only=started.observe_only,
            state_dir=path.parent.parent,
            clock=clock,
            redactor=redactor,
            begin=begin,
        )
        with _closed_on_error(fresh):
            fresh._judge_anew(started.session, reading.entries)
        return fresh

    def _judge_anew(self, earlier: str, entries: Iterable[Entry]) -> None:
        old = list(exchanges(entries))
        taken = 0
        for request, reply in old:
            if not answers(request, self.request):
                break
            self.reply(reply)
            taken += 1
        judged = f"{taken} of its {len(old)} replies were judged anew in {self.id}"
        self.notes = (f"The trees have changed since {earlier}: {judged}.",)
        if self.outcome is None:
            self._record((Resumed(version(), self.started.operator, taken, earlier),))

    @property
    def id(self) -> str:
        """The session's name, as `sessions`, `replay` and `export` take it."""
        return self.started.session

    @property
    def tunnel(self) -> str:
        """The tunnel's name in the inventory."""
        return self.started.tunnel

    @property
    def path(self) -> Path | None:
        """Where the journal is; None when what happens next is not written down."""
        return self._journal.path if self._journal is not None else None

    @property
    def request(self) -> Request:
        """What is to be done now; Finish when the outcome stands."""
        return self._run.request

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it has not."""
        request = self._run.request
        return request.outcome if isinstance(request, Finish) else None

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that has happened, redacted, the first event first."""
        return tuple(engine_events(self._entries))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The same with times, and with what is the journal's own."""
        return tuple(self._entries)

    def transcript(self) -> Transcript:
        """The session so far, for rendering."""
        return Transcript.of(self._entries)

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        """Takes what came of the request, writes it down, and returns what follows, the reply first.

        What is returned is redacted. Raises WizardError, and changes nothing, when the reply does not answer
        the request; JournalError when it cannot be written: `go_on_unjournaled` takes that reply up again.
        """
        if self._owed:
            raise JournalError(
                "the journal could not be written", advice="go on without it or end the session"
            )
        refuse_unless_fitting(self.request, reply)
        return self._record((Replied(reply),))

    def go_on_unjournaled(self) -> tuple[Event, ...]:
        """Leaves the journal as it is and goes on in memory; only for an operator who said so.

        Takes up the reply the journal refused, and returns what `reply` would have returned.
        """
        self.close()
        self._journal = None
        return self._flush()

    def close(self) -> None:
        """Closes the journal; an unfinished session stays resumable. Closing twice does nothing."""
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _record(self, events: Iterable[Recorded]) -> tuple[Event, ...]:
        self._mark = len(self._entries)
        self._owed.extend(events)
        return self._flush()

    def _flush(self) -> tuple[Event, ...]:
        """Writes down what is owed; a reply is on the disk before the engine hears of it.

        Other events are only waited for at the end: after a loss of power they are derived again.
        """
        while self._owed:
            entry = self._written(self._owed[0])
            if isinstance(entry.event, Replied):
                self._settle()
            self._owed.popleft()
            self._entries.append(entry)
            if isinstance(entry.event, Replied):
                self._owed.extend(self._run.reply(entry.event.reply)[1:])
        self._settle()
        return tuple(engine_events(self._entries[self._mark :]))

    def _written(self, event: Recorded) -> Entry:
        if self._journal is not None:
            return self._journal.append(event)
        return Entry(len(self._entries) + 1, now(self._clock), redacted(self._redactor, event))

    def _settle(self) -> None:
        if self._journal is not None:
            self._journal.settle()


__all__ = [
    "JournalError",
    "Session",
    "SessionRow",
    "Timed",
    "list_sessions",
    "replay",
    "session_path",
    "version",
]
