"""Runs rehearsals: the real engine over facts that somebody wrote down, without any gateway."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wizard.engine.model import (
    Answered,
    Ask,
    Collect,
    Collected,
    EndReport,
    Exercise,
    Finding,
    Outcome,
    Reply,
    Started,
)
from wizard.engine.run import Run
from wizard.facts.model import ENDS, End, Fact
from wizard.flow.rehearsal import Known, Reach, Rehearsal
from wizard.flow.spec import Flow

_WHY: Final[dict[Reach, str]] = {
    "reached": "",
    "unmanaged": "nobody here can log in to it",
    "unreachable": "it cannot be reached",
}


@dataclass(frozen=True, slots=True)
class RehearsalResult:
    """How a rehearsal went; `differences` holds a sentence for everything that is not as expected."""

    rehearsal: Rehearsal
    outcome: Outcome
    path: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.differences


def rehearse(flow: Flow, rehearsal: Rehearsal) -> RehearsalResult:
    """Walks the flow with the facts of a rehearsal and holds the result against what it expects.

    The ends are called near and far. Raises WizardError only where the engine itself is at fault.
    """
    started = Started(
        session="rehearsal",
        tunnel=rehearsal.name,
        near="near",
        far="far",
        symptom=rehearsal.symptom,
        operator="",
        version="",
        flows_digest=flow.digest,
        observe_only=rehearsal.observe_only,
    )
    run = Run(flow, started, rehearsal.entry)
    while isinstance(run.request, Collect | Exercise | Ask):
        run.reply(_reply(run.request, rehearsal))
    path = tuple(run.path)
    outcome = run.outcome
    return RehearsalResult(rehearsal, outcome, path, tuple(_differences(rehearsal, outcome, path)))


def visited(results: Iterable[RehearsalResult]) -> frozenset[str]:
    """The nodes that at least one rehearsal came to, for lint."""
    return frozenset(node for result in results for node in result.path)


def _reply(request: Collect | Exercise | Ask, rehearsal: Rehearsal) -> Reply:
    match request:
        case Ask(node=node):
            return Answered(rehearsal.answers.get(node))
        case Exercise(name=name, initiator=initiator):
            return Collected(_facts(rehearsal.exercises.get((name, initiator), {})), ends=_reports(rehearsal))
        case Collect():
            logins = (fact for end in ENDS for fact in _login(end, rehearsal.ends[end]))
            return Collected((*logins, *_facts(rehearsal.facts)), ends=_reports(rehearsal))


def _facts(known: Known) -> tuple[Fact, ...]:
    return tuple(Fact(name, value) for name, value in known.items())


def _login(end: End, reach: Reach) -> tuple[Fact, Fact]:
    """What a collection always finds: whether the end could be logged in to."""
    logged_in = {"reached": True, "unmanaged": None, "unreachable": False}[reach]
    return (
        Fact(f"{end}.managed", reach != "unmanaged"),
        Fact(f"{end}.logged_in", logged_in, why_unknown=_WHY[reach]),
    )


def _reports(rehearsal: Rehearsal) -> tuple[EndReport, ...]:
    return tuple(
        EndReport(
            end, end, reached=reach == "reached", managed=reach != "unmanaged", problem=_WHY[reach] or None
        )
        for end, reach in rehearsal.ends.items()
    )


def _differences(rehearsal: Rehearsal, outcome: Outcome, path: tuple[str, ...]) -> Iterable[str]:
    expect = rehearsal.expect
    first: Finding | None = outcome.causes[0] if outcome.causes else None
    ends = first.ends if first is not None else ()
    compared: tuple[tuple[str, object, object], ...] = (
        ("status", expect.status, outcome.status),
        ("cause", expect.cause, first.cause if first is not None else None),
        ("ends", expect.ends, tuple(end for end in ENDS if end in ends)),
        ("confidence", expect.confidence, first.confidence if first is not None else None),
        ("alternatives", expect.alternatives, tuple(finding.cause for finding in outcome.causes[1:])),
        ("warnings", expect.warnings, tuple(finding.cause for finding in outcome.warnings)),
        ("path", expect.path, path),
    )
    for what, wanted, came in compared:
        if wanted is not None and wanted != came:
            yield f"{what}: expected {_shown(wanted)}, came out {_shown(came)}"


def _shown(value: object) -> str:
    return " → ".join(value) or "none" if isinstance(value, tuple) else str(value or "none")
