"""What the engine says and hears: requests, replies, findings, events.

The engine states one request at a time; a front end carries it out and hands back one reply.
Both are plain frozen records, so that a session can be written down, resumed and replayed.
"""

from __future__ import annotations

from typing import Literal

from wizard.engine.changes import (
    Change,
    Changed,
    Confirm,
    Decided,
    Draw,
    Drawn,
    Keep,
    Mend,
    Mended,
    Move,
    Result,
    Standing,
    Stepped,
    StepState,
)
from wizard.engine.plan import Plan
from wizard.engine.records import NOTHING, CommandRecord, Cost, EndReport
from wizard.facts.model import End, Evidence, Fact
from wizard.facts.probes import Level
from wizard.records import dataclass

Confidence = Literal["certain", "likely", "possible"]
Status = Literal["healthy", "fault", "inconclusive"]
Mark = Literal["ok", "warn", "fail", "unknown"]


# --- requests -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Collect:
    """Read these probes at both ends, in one batch each; observes only."""

    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exercise:
    """Try the tunnel out (initiate it, send test traffic) while watching at both ends."""

    name: str
    initiator: End
    node: str
    why: str


@dataclass(frozen=True, slots=True)
class Option:
    """One answer an operator can choose."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question only a person can answer."""

    node: str
    question: str
    why: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing more to do: the outcome stands. An operator may still answer with Mend."""

    outcome: Outcome


Request = Collect | Exercise | Ask | Finish | Draw | Confirm | Change | Keep


# --- replies --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Collected:
    """The answer to Collect or Exercise: facts, the raw outputs behind them, and how each end went."""

    facts: tuple[Fact, ...]
    records: tuple[CommandRecord, ...] = ()
    ends: tuple[EndReport, ...] = ()
    cost: Cost = NOTHING
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The operator's choice; None when nobody could be asked (headless) or the operator does not know."""

    option: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The operator (or --observe-only) does not allow this exercise; what it would show stays unknown."""

    reason: str


Reply = Collected | Answered | Declined | Mend | Drawn | Decided | Changed


# --- findings and the outcome ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause (or a warning) with its proof: what the operator reads and the ticket keeps."""

    cause: str
    title: str
    ends: tuple[str, ...]
    confidence: Confidence
    summary: str
    evidence: tuple[Evidence, ...]
    excludes: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    next_step: str = ""
    """What to do now, in one sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a diagnosis ended; `causes` are ordered, the one to mend first in front."""

    status: Status
    causes: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    excluded: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    """What could not be seen, one sentence each (why the status may be inconclusive)."""
    questions_for_peer: tuple[str, ...] = ()
    login_failed: bool = False
    collect: tuple[str, ...] = ()
    """What to collect at this end, where what was seen is not enough."""


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The first event of a session: who looks at what, with which knowledge."""

    session: str
    tunnel: str
    near: str
    far: str
    symptom: str
    operator: str
    version: str
    flows_digest: str
    observe_only: bool = False
    approved: Plan | None = None
    """A plan that was made and shown before: the session begins with carrying it out."""


@dataclass(frozen=True, slots=True)
class Requested:
    """The engine stated a request."""

    request: Request


@dataclass(frozen=True, slots=True)
class Replied:
    """A front end handed in a reply; with Started, the only events that are not derived."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Entered:
    """The walk came to a node."""

    node: str
    kind: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One leg of the path map (host - gateway - WAN - gateway - host) as the facts stand."""

    id: str
    mark: Mark
    note: str = ""


@dataclass(frozen=True, slots=True)
class Branched:
    """A node was answered: which branch was taken, because of which facts."""

    node: str
    mark: Mark
    answer: str
    because: tuple[Fact, ...]
    to: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The path map changed."""

    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A cause was named."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that works now and will not for ever."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of a finished diagnosis."""

    outcome: Outcome


Event = (
    Started | Requested | Replied | Entered | Branched | Mapped | Found | Warned | Stepped | Mended | Ended
)

__all__ = [
    "Answered",
    "Ask",
    "Branched",
    "Change",
    "Changed",
    "Collect",
    "Collected",
    "CommandRecord",
    "Confidence",
    "Confirm",
    "Cost",
    "Decided",
    "Declined",
    "Draw",
    "Drawn",
    "EndReport",
    "Ended",
    "Entered",
    "Event",
    "Exercise",
    "Finding",
    "Finish",
    "Found",
    "Keep",
    "Level",
    "Mapped",
    "Mark",
    "Mend",
    "Mended",
    "Move",
    "Option",
    "Outcome",
    "Replied",
    "Reply",
    "Request",
    "Requested",
    "Result",
    "Segment",
    "Standing",
    "Started",
    "Status",
    "StepState",
    "Stepped",
    "Warned",
]
