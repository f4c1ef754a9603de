"""What the engine says and hears: requests, replies, findings, events.

The engine states one request at a time; a front end carries it out and hands back one reply.
Both are plain frozen records, so that a session can be written down, resumed and replayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wizard.engine.plan import Plan
from wizard.facts.model import End, Evidence, Fact
from wizard.facts.probes import Level

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


@dataclass(frozen=True, slots=True)
class Draw:
    """Make the plan of a remedy; only reads."""

    remedy: str
    cause: str
    found_at: tuple[End, ...]
    """Where the cause was found, the end a remedy calls `here` first."""
    right: End
    """The end whose settings count where the two differ."""
    given: Mapping[str, str] = field(default_factory=dict)
    """What the operator gave beside, such as "ca-file": a path on the operator's machine."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Shall this plan be carried out? Nothing has been changed yet; the answer of whoever says nothing is no."""

    plan: Plan


Move = Literal["arm", "step", "watch", "keep", "undo", "look"]
"""arm the guard; do one step; look whether other tunnels still stand; keep; undo; see what became of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """Carry out one move of a plan on its gateways."""

    move: Move
    plan: Plan
    guard: str
    """The guard's name."""
    step: int = 0
    """For "step": which one, from 0."""


@dataclass(frozen=True, slots=True)
class Keep:
    """The change is verified: shall it stay? Unless somebody says so in time, the guard undoes it."""

    plan: Plan
    seen: str
    """What was verified, in one sentence."""


Request = Collect | Exercise | Ask | Finish | Draw | Confirm | Change | Keep


# --- replies --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One command as it ran on one gateway, for the journal and the screen."""

    end: End
    gateway: str
    probe: str
    command: str
    stdout: str
    stderr: str
    exit_code: int | None
    elapsed_s: float
    truncated: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class EndReport:
    """How it went at one end: reached or not, and if not, why."""

    end: End
    gateway: str
    reached: bool
    login_failed: bool = False
    managed: bool = True
    """False for an end nobody here can log in to (an address in the inventory)."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What carrying out a request cost, for `stats`; seconds are wall-clock."""

    elapsed_s: float = 0.0
    connections: int = 0
    round_trips: int = 0
    commands: int = 0


@dataclass(frozen=True, slots=True)
class Collected:
    """The answer to Collect or Exercise: facts, the raw outputs behind them, and how each end went."""

    facts: tuple[Fact, ...]
    records: tuple[CommandRecord, ...] = ()
    ends: tuple[EndReport, ...] = ()
    cost: Cost = Cost()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The operator's choice; None when nobody could be asked (headless) or the operator does not know."""

    option: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The operator (or --observe-only) does not allow this exercise; what it would show stays unknown."""

    reason: str


@dataclass(frozen=True, slots=True)
class Mend:
    """The operator wants a cause mended; answers Finish."""

    remedy: str
    cause: str = ""
    """Which of the causes found; empty: the first that the remedy mends."""
    right: End | None = None
    """The end whose settings count; None: the one the cause was not found at."""
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The plan, or why there is none; answers Draw."""

    plan: Plan | None
    problem: str = ""
    records: tuple[CommandRecord, ...] = ()
    cost: Cost = Cost()


@dataclass(frozen=True, slots=True)
class Decided:
    """Yes or no; answers Confirm and Keep."""

    yes: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One other tunnel's CHILD SA while a gateway is changed."""

    gateway: str
    name: str
    spi_in: str
    spi_out: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of a move; answers Change."""

    ok: bool
    said: str = ""
    """Why not, or what is worth telling; one sentence."""
    state: Mapping[str, str] = field(default_factory=dict)
    """For each gateway, what has become of its guard: armed, undone, undone-in-part, kept, gone, unknown."""
    standing: tuple[Standing, ...] = ()
    """Other tunnels' CHILD SAs, for "arm" and "watch"."""
    drops: Mapping[str, int] = field(default_factory=dict)
    """For each gateway, how many packets its kernel has dropped for IPsec reasons, for "arm" and "watch"."""
    deadline: str = ""
    """For "arm": when the guard fires, UTC."""
    records: tuple[CommandRecord, ...] = ()
    cost: Cost = Cost()


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


StepState = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step of a plan, or one of its other moves, has come to something."""

    title: str
    gateway: str
    state: StepState
    said: str = ""
    number: int = -1
    """The step's number from 0; -1 for arming, verifying, keeping, undoing."""


Result = Literal["kept", "undone", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class Mended:
    """A remedy has come to its end: kept, undone (the gateways are as before), failed (nobody knows), refused."""

    remedy: str
    result: Result
    said: str
    plan: str = ""
    """The plan's hash."""


Event = (
    Started | Requested | Replied | Entered | Branched | Mapped | Found | Warned | Stepped | Mended | Ended
)

__all__ = [
    "Answered",
    "Ask",
    "Branched",
    "Collect",
    "Collected",
    "CommandRecord",
    "Confidence",
    "Cost",
    "Declined",
    "EndReport",
    "Ended",
    "Entered",
    "Event",
    "Exercise",
    "Finding",
    "Finish",
    "Found",
    "Level",
    "Mapped",
    "Mark",
    "Option",
    "Outcome",
    "Replied",
    "Reply",
    "Request",
    "Requested",
    "Segment",
    "Started",
    "Status",
    "Warned",
]
