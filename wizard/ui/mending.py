"""Mending in words, the same on every front end: what can be done, what a plan means, how far it has come.

It decides nothing: what is said here stands in the knowledge, the plan or the events. Names, diffs and commands
came from gateways and are returned as they are; whoever shows them makes them harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Final, Literal

from wizard.engine.course import ARMING, KEEPING, UNDOING, VERIFYING
from wizard.engine.model import (
    Collected,
    Confirm,
    Event,
    Finding,
    Mended,
    Outcome,
    Replied,
    Requested,
    Started,
    Stepped,
    StepState,
)
from wizard.engine.phrase import Phrases
from wizard.engine.plan import Blast, Plan, Step
from wizard.facts.model import End, Facts, other
from wizard.flow.spec import Flow, Remedy
from wizard.records import dataclass

# --- what can be done ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """One remedy for one finding."""

    finding: Finding
    remedy: Remedy
    impact: str
    """What it means for traffic, in one sentence."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A finding nobody here can mend: who has to act, and what to tell them."""

    finding: Finding
    who: str
    tell: str

    @property
    def message(self) -> str:
        """What can be sent to them as it is."""
        return f"{self.finding.title}: {self.finding.summary}\n{self.tell}"


@dataclass(frozen=True, slots=True)
class Prospect:
    """All that can be done about an outcome, the cause to mend first in front."""

    offers: tuple[Offer, ...] = ()
    duties: tuple[Duty, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.offers or self.duties)


def prospect(flow: Flow, outcome: Outcome, started: Started, facts: Facts) -> Prospect:
    """What the knowledge has for these findings; of several remedies for one, the smallest change is first."""
    phrases = Phrases(started)
    offers: list[Offer] = []
    duties: list[Duty] = []
    for finding in (*outcome.causes, *outcome.warnings):
        ends = ends_of(finding, started)
        fitting = [
            one
            for one in flow.remedies.values()
            if finding.cause in one.mends and _does_something(one, facts)
        ]
        offers += [Offer(finding, one, phrases.fill(one.impact, ends, facts)) for one in fitting]
        referral = flow.referrals.get(finding.cause)
        if not fitting and referral is not None:
            who, tell = (phrases.fill(text, ends, facts) for text in (referral.who, referral.tell))
            duties.append(Duty(finding, who, tell))
    return Prospect(tuple(offers), tuple(duties))


def _does_something(remedy: Remedy, facts: Facts) -> bool:
    """Whether any step of it is meant for what was found."""
    return any(step.when is None or step.when.evaluate(facts).value for step in remedy.steps)


def ends_of(finding: Finding, started: Started) -> tuple[End, ...]:
    """The ends a finding names."""
    names: dict[str, End] = {started.near: "near", started.far: "far"}
    return tuple(names[gateway] for gateway in finding.ends if gateway in names)


def right_by_default(finding: Finding, started: Started) -> End:
    """The end that counts where nobody says which: the one the cause was not found at."""
    ends = ends_of(finding, started)
    return other(ends[0]) if len(ends) == 1 else "near"


def facts_of(events: Iterable[Event]) -> Facts:
    """Everything the gateways have told, the latest word on each fact."""
    facts = Facts()
    for event in events:
        if isinstance(event, Replied) and isinstance(event.reply, Collected):
            facts = facts.merged(event.reply.facts)
    return facts


def unreadable(path: str) -> str:
    """Why this is no file of this machine that can be read; empty when it is one."""
    if not path:
        return "no file was named"
    try:
        with Path(path).expanduser().open("rb") as file:
            file.read(1)
    except (OSError, RuntimeError, ValueError) as error:
        return f"{path}: {getattr(error, 'strerror', None) or error}"
    return ""


# --- a plan ----------------------------------------------------------------------------------------


def touches(plan: Plan) -> Iterator[str]:
    """For each gateway: which of its tunnels change, by name, and what becomes of the others."""
    for blast in plan.blasts:
        yield f"{blast.gateway}: {_touched(blast)}"


def _touched(blast: Blast) -> str:
    left = blast.total - len(blast.touched) - len(blast.interrupted)
    names = ", ".join(blast.touched) or "no tunnel"
    counted = f"{len(blast.touched)} of {blast.total}" if blast.total else "not known of how many"
    if blast.interrupted:
        rest = f"; interrupted for a moment: {', '.join(blast.interrupted)}"
        rest += f"; the other {left} are not" if left > 0 else ""
    elif left == 1:
        rest = "; the other one is not interrupted"
    elif left > 1:
        rest = f"; the other {left} are not interrupted"
    else:
        rest = ""
    return f"{names} ({counted}{rest})"


def stops(plan: Plan) -> str:
    """Whether traffic stops, and for how long."""
    long = f", for at most {plan.stops_s} s" if plan.stops_s else ""
    if plan.interrupts:
        return f"this tunnel and others ({', '.join(plan.interrupts)}){long}"
    match plan.stops:
        case "nothing":
            return "nothing that works now"
        case "tunnel":
            return f"this tunnel{long}"
        case "others":
            return f"this tunnel and others{long}"


def undone(plan: Plan) -> str:
    """Who takes it back when nobody keeps it."""
    return f"by itself on {' and '.join(plan.gateways)} in {plan.guard_seconds} s unless you keep it"


def taken_back(plan: Plan, what: str = "the change") -> str:
    """What happens at zero: which gateways undo it, without anybody's doing."""
    who = " and ".join(plan.gateways)
    if len(plan.gateways) > 1:
        return f"{who} undo {what} by themselves"
    return f"{who} undoes {what} by itself"


def secrets(plan: Plan, near: str = "", far: str = "") -> Iterator[str]:
    """Where the secrets come from that steps write."""
    names = {"near": near or "the near gateway", "far": far or "the far gateway"}
    for need in plan.secrets:
        match need.source:
            case "generated":
                yield "a new key of 256 bits is made; nobody is shown it"
            case "read":
                yield f"the key {names[need.end or 'near']} has is read there; nobody is shown it"
            case "file":
                yield f"{need.path}, a file on this machine"


def typed_name(plan: Plan) -> str:
    """The gateway's name that has to be typed before a disruptive plan; empty where none has to be."""
    if not plan.disruptive:
        return ""
    worst = next((blast.gateway for blast in plan.blasts if blast.interrupted), "")
    return worst or next(iter(plan.gateways), plan.tunnel)


@dataclass(frozen=True, slots=True)
class Edit:
    """What changes in one file."""

    gateway: str
    file: str
    """Empty where the diff does not say."""
    lines: tuple[str, ...]


def edits(steps: Sequence[Step]) -> Iterator[Edit]:
    """The diffs of a plan's steps, without the two lines at the top that only name the file."""
    for step in steps:
        file, lines = "", list(step.diff)
        while lines and lines[0].startswith(("--- ", "+++ ")):
            named = lines.pop(0)[4:].split("\t")[0].strip()
            file = named if named not in ("", "/dev/null") else file
        if lines:
            yield Edit(step.gateway, file, tuple(lines))


# --- how far it has come ---------------------------------------------------------------------------

Progress = StepState | Literal["waiting"]
TITLES: Final = {
    ARMING: "Arm the undo",
    VERIFYING: "Verify with a fresh diagnosis",
    KEEPING: "Keep the change, end the guard",
    UNDOING: "Undo the change",
}
"""The moves around the steps, as a list of steps names them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list of steps."""

    title: str
    gateway: str
    state: Progress
    said: str = ""


@dataclass(slots=True)
class Mending:
    """One plan on its way, as its events tell it."""

    plan: Plan
    moves: dict[str, Stepped] = field(default_factory=dict)
    """Arming, verifying, keeping, undoing: the latest word on each, by title."""
    steps: dict[int, Stepped] = field(default_factory=dict)
    result: Mended | None = None

    @property
    def begun(self) -> bool:
        """Whether it has been agreed to."""
        return bool(self.moves)

    @property
    def armed(self) -> bool:
        """Whether a guard is on the gateways that would undo the change."""
        ended = self.result is not None or self._state(KEEPING) == "done" or self._state(UNDOING) == "done"
        return self._state(ARMING) == "done" and not ended

    @property
    def verifying(self) -> bool:
        """Whether the diagnosis that follows is the one that verifies."""
        return self._state(VERIFYING) == "running"

    @property
    def fires(self) -> str:
        """When the guard undoes the change, in the words of whoever armed it."""
        armed = self.moves.get(ARMING)
        return armed.said if armed is not None else ""

    def add(self, stepped: Stepped) -> None:
        """Takes in what has come of a step or a move."""
        if stepped.number >= 0:
            self.steps[stepped.number] = stepped
        else:
            self.moves[stepped.title] = stepped

    def lines(self) -> tuple[Line, ...]:
        """Everything that is done, in order, each with its state; undoing only where it has come to that."""
        done = [self._line(ARMING)]
        for number, step in enumerate(self.plan.steps):
            stepped = self.steps.get(number)
            state: Progress = stepped.state if stepped is not None else "waiting"
            done.append(Line(step.title, step.gateway, state, stepped.said if stepped is not None else ""))
        done.append(self._line(VERIFYING))
        done.append(self._line(UNDOING if UNDOING in self.moves else KEEPING))
        return tuple(done)

    def _line(self, title: str) -> Line:
        stepped = self.moves.get(title)
        said = stepped.said if stepped is not None and title != ARMING else ""
        return Line(TITLES[title], "", stepped.state if stepped is not None else "waiting", said)

    def _state(self, title: str) -> Progress:
        stepped = self.moves.get(title)
        return stepped.state if stepped is not None else "waiting"


def underway(events: Iterable[Event]) -> Mending | None:
    """The plan a session is in the middle of, once it has been agreed to; None where there is none."""
    mending: Mending | None = None
    for event in events:
        match event:
            case Started(approved=Plan() as plan) | Requested(request=Confirm(plan=plan)):
                mending = Mending(plan)
            case Stepped() if mending is not None:
                mending.add(event)
            case Mended():
                mending = None
            case _:
                continue
    return mending if mending is not None and mending.begun else None


def at_stake(mending: Mending) -> str:
    """What becomes of the gateways when the program ends now."""
    where = " and ".join(mending.plan.gateways)
    if not mending.armed:
        return f"A change was being begun or ended on {where}. Going on with the session looks what became of it."
    fires = f" {mending.fires}" if mending.fires else ""
    return f"A change was under way on {where}. Unless it was kept, the guard there undoes it{fires}."


def interrupted(mending: Mending) -> str:
    """What somebody should know who takes up a session that ended in the middle of a change."""
    where = " and ".join(mending.plan.gateways)
    fires = f" {mending.fires}" if mending.fires else ""
    return (
        f"A change was under way on {where} when this session was interrupted: {mending.plan.title}. Unless it "
        f"was kept, the guard there undoes it{fires}. The gateways are asked now what became of it."
    )
