"""From a remedy to a plan: its actions look at the gateways, then say what they would do, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wizard.engine.model import Draw
from wizard.engine.phrase import Phrases
from wizard.engine.plan import Blast, Plan, sealed
from wizard.facts.model import ENDS, End, other
from wizard.facts.probes import Command, Output
from wizard.flow.spec import Flow, Remedy, RemedyStep, Stops
from wizard.platforms.actions import ACTIONS
from wizard.platforms.actions.base import Action, Planned, Site, Unplannable

Ask = Callable[[End, Sequence[Command]], list[Output]]
"""Runs read-only commands at one end, in one round trip."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One action at one end, with the ids under which its looks are run."""

    step: RemedyStep
    end: End
    number: int


def draw(flow: Flow, request: Draw, site: Site, ask: Ask, tunnel: str, phrases: Phrases) -> Plan:
    """The plan of a remedy as things stand, sealed with its hash.

    Raises Unplannable where it cannot be carried out safely here; the message says what a person can do.
    """
    remedy = flow.remedies[request.remedy]
    jobs = [
        _Job(step, end, number)
        for number, step in enumerate(remedy.steps)
        if step.when is None or step.when.evaluate(site.facts).value
        for end in _ends(step, request)
    ]
    seen = _look(jobs, site, ask)
    done = [
        (
            job,
            _action(job.step).plan(
                site, job.end, job.step.options, seen.get(job.number, {}).get(job.end, {})
            ),
        )
        for job in jobs
    ]
    if not any(planned.touched or _changes(planned) for _, planned in done):
        raise Unplannable(f"there is nothing to change for {remedy.id}: everything is already so")
    return sealed(
        Plan(
            remedy=remedy.id,
            title=remedy.title,
            cause=request.cause,
            tunnel=tunnel,
            impact=phrases.fill(remedy.impact, request.found_at, site.facts),
            verified_by=phrases.fill(remedy.verified_by, request.found_at, site.facts),
            stops=_stops(remedy, done),
            stops_s=remedy.stops_s,
            steps=tuple(step for _, planned in done for step in planned.steps),
            blasts=_blasts(done, site),
            secrets=tuple({need.name: need for _, planned in done for need in planned.secrets}.values()),
            warnings=tuple(
                dict.fromkeys(
                    [
                        *([remedy.warning] if remedy.warning else []),
                        *(line for _, planned in done for line in planned.warnings),
                    ]
                )
            ),
            guard_seconds=remedy.guard_s,
        )
    )


def _ends(step: RemedyStep, request: Draw) -> tuple[End, ...]:
    here = request.found_at[0]
    match step.at:
        case "here":
            return request.found_at
        case "there":
            return (other(here),)
        case "both":
            return ENDS
        case "right":
            return (request.right,)
        case "wrong":
            return (other(request.right),)
        case "near" | "far" as end:
            return (end,)


def _action(step: RemedyStep) -> Action:
    found = ACTIONS.get(step.action)
    if found is None:
        raise Unplannable(f"there is no action {step.action}", advice="use one of " + ", ".join(ACTIONS))
    return found


def _look(jobs: Sequence[_Job], site: Site, ask: Ask) -> dict[int, dict[End, dict[str, Output]]]:
    """What the actions want to see, one batch an end: step number → end → id → output."""
    wanted: dict[End, list[tuple[_Job, Command]]] = {}
    for job in jobs:
        for command in _action(job.step).look(site, job.end, job.step.options):
            renamed = replace(command, id=f"{command.id}-{job.number}")
            wanted.setdefault(job.end, []).append((job, renamed))
    seen: dict[int, dict[End, dict[str, Output]]] = {}
    for end, asked in wanted.items():
        by_id = {output.command.id: output for output in ask(end, [command for _, command in asked])}
        for job, command in asked:
            if (output := by_id.get(command.id)) is not None:
                own = command.id.removesuffix(f"-{job.number}")
                seen.setdefault(job.number, {}).setdefault(end, {})[own] = output
    return seen


def _changes(planned: Planned) -> bool:
    return any(step.undo or step.diff for step in planned.steps)


def _stops(remedy: Remedy, done: Sequence[tuple[_Job, Planned]]) -> Stops:
    return "others" if any(planned.interrupted for _, planned in done) else remedy.stops


def _blasts(done: Sequence[tuple[_Job, Planned]], site: Site) -> tuple[Blast, ...]:
    blasts: list[Blast] = []
    for end in ENDS:
        own = [planned for job, planned in done if job.end == end and planned.steps]
        # An action at one end may have to clear the other first.
        here = [step for _, planned in done for step in planned.steps if step.end == end]
        if not here:
            continue
        snapshot = site.snapshot(end)
        touched = [name for planned in own for name in planned.touched] if own else [site.focus(end).name]
        connections = snapshot.loaded if snapshot.loaded is not None else ()
        stored = snapshot.disk.connections if snapshot.disk is not None else ()
        blasts.append(
            Blast(
                end,
                snapshot.gateway,
                touched=tuple(dict.fromkeys(touched)),
                interrupted=tuple(dict.fromkeys(name for planned in own for name in planned.interrupted)),
                total=len({one.name for one in (*connections, *stored)}),
            )
        )
    return tuple(blasts)
