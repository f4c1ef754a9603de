"""The JSON document of `diagnose`, exactly as contract.md promises it to other programs."""

from __future__ import annotations

from typing import Any, Final

from wizard.engine.model import (
    Collected,
    Cost,
    Entered,
    Event,
    Exercise,
    Finding,
    Outcome,
    Replied,
    Requested,
)

SCHEMA: Final = 1
"""Version of the document; it changes only with its meaning."""


def document(session: str, tunnel: str, outcome: Outcome, events: tuple[Event, ...]) -> dict[str, Any]:
    """One diagnosis as a JSON-ready mapping; keys and meaning are those of contract.md."""
    return {
        "schema": SCHEMA,
        "tunnel": tunnel,
        "status": outcome.status,
        "causes": [finding(one) for one in outcome.causes],
        "warnings": [finding(one) for one in outcome.warnings],
        "excluded": list(outcome.excluded),
        "unseen": list(outcome.unseen),
        "path": [event.node for event in events if isinstance(event, Entered)],
        "questions_for_peer": list(outcome.questions_for_peer),
        "stats": _stats(events),
        "session": session,
    }


def finding(found: Finding) -> dict[str, Any]:
    """One cause or warning as contract.md writes it."""
    return {
        "id": found.cause,
        "ends": list(found.ends),
        "confidence": found.confidence,
        "summary": found.summary,
        "evidence": [
            {"end": line.end, "probe": line.probe, "command": line.command, "line": line.line}
            for line in found.evidence
        ],
        "excludes": list(found.excludes),
        "remedies": list(found.remedies),
    }


def total_cost(events: tuple[Event, ...]) -> Cost:
    """What all requests of a session cost together; seconds add up because requests follow each other."""
    costs = [
        event.reply.cost
        for event in events
        if isinstance(event, Replied) and isinstance(event.reply, Collected)
    ]
    return Cost(
        elapsed_s=sum(cost.elapsed_s for cost in costs),
        connections=sum(cost.connections for cost in costs),
        round_trips=sum(cost.round_trips for cost in costs),
        commands=sum(cost.commands for cost in costs),
    )


def _stats(events: tuple[Event, ...]) -> dict[str, Any]:
    cost = total_cost(events)
    exercises = sum(isinstance(event, Requested) and isinstance(event.request, Exercise) for event in events)
    return {
        "elapsed_s": round(cost.elapsed_s, 2),
        "connections": cost.connections,
        "round_trips": cost.round_trips,
        "commands": cost.commands,
        "exercises": exercises,
    }
