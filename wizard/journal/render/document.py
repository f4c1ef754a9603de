"""The transcript as JSON, for other programs: what `diagnose --json` says, and the whole session beside."""

from __future__ import annotations

import json
from typing import Any, Final

from wizard.engine.model import Finding
from wizard.facts.model import Fact
from wizard.journal.entry import timestamp
from wizard.journal.render.mending import documented
from wizard.journal.transcript import Command, Gateway, Step, Transcript

SCHEMA: Final = 1
"""Of this document; it rises when a key changes its meaning, not when one is added."""


def as_json(transcript: Transcript) -> str:
    """The transcript as an indented JSON document; outputs are whole, as the journal holds them."""
    return (
        json.dumps(document(transcript), ensure_ascii=False, indent=1).encode("utf-8", "replace").decode()
        + "\n"
    )


def document(transcript: Transcript) -> dict[str, Any]:
    """The same as JSON values; times are UTC, durations seconds."""
    started, outcome, cost = transcript.started, transcript.outcome, transcript.cost
    return {
        "schema": SCHEMA,
        "session": started.session,
        "tunnel": started.tunnel,
        "status": transcript.status,
        "title": transcript.title,
        "causes": [_finding(finding) for finding in outcome.causes] if outcome else [],
        "warnings": [_finding(finding) for finding in outcome.warnings] if outcome else [],
        "excluded": list(outcome.excluded) if outcome else [],
        "unseen": list(outcome.unseen) if outcome else [],
        "questions_for_peer": list(outcome.questions_for_peer) if outcome else [],
        "path": list(transcript.path),
        "stats": {
            "elapsed_s": round(cost.elapsed_s, 3),
            "duration_s": round(transcript.duration_s, 3),
            "connections": cost.connections,
            "round_trips": cost.round_trips,
            "commands": cost.commands,
            "exercises": transcript.exercises,
        },
        "began": timestamp(transcript.began),
        "ended": timestamp(transcript.ended),
        "operator": started.operator,
        "symptom": started.symptom,
        "observe_only": started.observe_only,
        "version": started.version,
        "flows_digest": started.flows_digest,
        "gateways": [_gateway(gateway) for gateway in transcript.gateways],
        "map": [{"id": leg.id, "mark": leg.mark, "note": leg.note} for leg in transcript.segments],
        "steps": [_step(step) for step in transcript.steps],
        "mending": [documented(mending) for mending in transcript.mendings],
        "notes": [{"at": timestamp(note.at), "text": note.text} for note in transcript.notes],
        "commands": [_command(command) for command in transcript.commands],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.cause,
        "title": finding.title,
        "ends": list(finding.ends),
        "confidence": finding.confidence,
        "summary": finding.summary,
        "evidence": [
            {"end": proof.end, "probe": proof.probe, "command": proof.command, "line": proof.line}
            for proof in finding.evidence
        ],
        "excludes": list(finding.excludes),
        "remedies": list(finding.remedies),
        "next_step": finding.next_step,
    }


def _gateway(gateway: Gateway) -> dict[str, Any]:
    return {
        "end": gateway.end,
        "name": gateway.name,
        "reached": gateway.reached,
        "managed": gateway.managed,
        "implementation": gateway.implementation,
        "version": gateway.version,
        "problem": gateway.problem,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "at": timestamp(step.at),
        "node": step.node,
        "kind": step.kind,
        "title": step.title,
        "why": step.why,
        "mark": step.mark,
        "answer": step.answer,
        "rule": step.rule,
        "because": [_fact(fact) for fact in step.because],
    }


def _fact(fact: Fact) -> dict[str, Any]:
    value = list(fact.value) if isinstance(fact.value, tuple) else fact.value
    return {"name": fact.name, "value": value, "why_unknown": fact.why_unknown}


def _command(command: Command) -> dict[str, Any]:
    record = command.record
    return {
        "number": command.number,
        "at": timestamp(command.at),
        "end": record.end,
        "gateway": record.gateway,
        "probe": record.probe,
        "command": record.command,
        "exit_code": record.exit_code,
        "elapsed_s": round(record.elapsed_s, 3),
        "truncated": record.truncated,
        "problem": record.problem,
        "stdout": record.stdout,
        "stderr": record.stderr,
    }
