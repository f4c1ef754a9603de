"""What was done to mend, as a record worth keeping: plan, who agreed, each step with its time, how it ended.

Built from events alone, like the transcript it is part of.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from wizard.engine.course import VERIFYING
from wizard.engine.model import (
    Change,
    Changed,
    Confirm,
    Decided,
    Ended,
    Event,
    Finding,
    Keep,
    Mend,
    Mended,
    Outcome,
    Replied,
    Request,
    Requested,
    Result,
    Started,
    Stepped,
    StepState,
)
from wizard.engine.plan import Plan
from wizard.records import dataclass

_COPY: Final = "kept as it was: "
"""What a gateway prints in front of the path of each file it has kept a copy of."""


@dataclass(frozen=True, slots=True)
class Move:
    """A step of the plan, or one of the moves around it; `at` is when it ended, None while it has not."""

    seq: int
    """Of the latest event about it."""
    title: str
    gateway: str
    state: StepState
    began: datetime
    at: datetime | None = None
    said: str = ""
    number: int = -1
    """The step's number from 0; -1 for arming, verifying, keeping, undoing."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file as it was before the change, kept on its gateway."""

    gateway: str
    path: str


@dataclass(frozen=True, slots=True)
class Mending:
    """One remedy from the wish to its end; `seq` and `began` are those of the event it began with."""

    seq: int
    began: datetime
    remedy: str
    cause: str = ""
    wished: str = ""
    """Who wanted it."""
    finding: Finding | None = None
    """What was to be mended, as it was found; None where a plan was approved beforehand."""
    plan: Plan | None = None
    confirmed: str = ""
    """Who agreed to the plan; empty where nobody did."""
    confirmed_at: datetime | None = None
    moves: tuple[Move, ...] = ()
    kept: str = ""
    """Who said that it stays; empty where nobody did."""
    copies: tuple[Copy, ...] = ()
    result: Result | None = None
    """None where the session was interrupted before it ended."""
    said: str = ""
    at: datetime | None = None
    """When it ended."""

    @property
    def title(self) -> str:
        """The plan's title; the remedy's id where no plan was made."""
        return self.plan.title if self.plan is not None else self.remedy

    @property
    def verification(self) -> Move | None:
        """What the fresh diagnosis came to, where there was one."""
        return next((move for move in reversed(self.moves) if move.title == VERIFYING), None)


class MendingScribe:
    """Reads the events of a session for what was mended."""

    def __init__(self) -> None:
        self._done: list[Mending] = []
        self._now: Mending | None = None
        self._request: Request | None = None
        self._operator = ""
        self._outcome: Outcome | None = None

    def read(self) -> tuple[Mending, ...]:
        """All remedies so far, the one under way last."""
        return (*self._done, *([self._now] if self._now is not None else []))

    def taken_up(self, operator: str) -> None:
        """Somebody else may have gone on with the session."""
        self._operator = operator

    def take(self, seq: int, at: datetime, event: Event) -> None:
        """The next event, with its number and its time."""
        match event:
            case Started(operator=operator, approved=approved):
                self._operator = operator
                if approved is not None:
                    self._now = Mending(seq, at, approved.remedy, approved.cause, operator, plan=approved)
            case Requested(request=request):
                self._request = request
                if isinstance(request, Confirm) and self._now is not None:
                    self._now = replace(self._now, plan=request.plan)
            case Replied():
                self._replied(seq, at, event)
            case Stepped() if self._now is not None:
                self._now = replace(self._now, moves=_moved(self._now.moves, event, seq, at))
            case Ended(outcome=outcome):
                self._outcome = outcome
            case Mended() if self._now is not None:
                self._done.append(replace(self._now, result=event.result, said=event.said, at=at))
                self._now = None
            case _:
                return

    def _finding(self, cause: str) -> Finding | None:
        found = (*self._outcome.causes, *self._outcome.warnings) if self._outcome is not None else ()
        return next((one for one in found if one.cause == cause), None)

    def _replied(self, seq: int, at: datetime, replied: Replied) -> None:
        match self._request, replied.reply:
            case _, Mend(remedy=remedy, cause=cause):
                self._now = Mending(seq, at, remedy, cause, self._operator, self._finding(cause))
            case Confirm(), Decided(yes=True) if self._now is not None:
                self._now = replace(self._now, confirmed=self._operator, confirmed_at=at)
            case Keep(), Decided(yes=True) if self._now is not None:
                self._now = replace(self._now, kept=self._operator)
            case Change(move="keep"), Changed(records=records) if self._now is not None:
                found = [
                    Copy(record.gateway, line.removeprefix(_COPY))
                    for record in records
                    for line in record.stdout.splitlines()
                    if line.startswith(_COPY)
                ]
                self._now = replace(self._now, copies=(*self._now.copies, *found))
            case _:
                return


def _moved(moves: tuple[Move, ...], event: Stepped, seq: int, at: datetime) -> tuple[Move, ...]:
    """The moves with what has come of one; a move that is begun again after an interruption is told once more."""
    if event.state == "running":
        return (*moves, Move(seq, event.title, event.gateway, "running", at, None, event.said, event.number))
    for index in range(len(moves) - 1, -1, -1):
        move = moves[index]
        if (move.title, move.number, move.state) == (event.title, event.number, "running"):
            ended = replace(move, seq=seq, state=event.state, at=at, said=event.said)
            return (*moves[:index], ended, *moves[index + 1 :])
    return (*moves, Move(seq, event.title, event.gateway, event.state, at, at, event.said, event.number))


__all__ = ["Copy", "Mending", "MendingScribe", "Move"]
