"""What a transcript says and in which order, for every format people read.

The first screenful names the cause, the ends, the proof and what to do next; what led there follows, so that
whoever doubts the verdict finds every command and what it printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wizard.engine.model import Finding, Outcome
from wizard.facts.model import Evidence
from wizard.journal.render.blocks import Block, Heading, Item, Items, Paragraph, Printed
from wizard.journal.render.mending import mended
from wizard.journal.render.words import (
    SIGNS,
    STATUS_MARKS,
    counted,
    folded,
    headline,
    known,
    listed,
    moment,
    symptom,
    visible,
)
from wizard.journal.transcript import Command, Gateway, Step, Transcript

_MOST_FACTS = 8
_LEGS = {
    "near-lan": "LAN behind {near}",
    "near-gateway": "{near}",
    "wan": "WAN",
    "far-gateway": "{far}",
    "far-lan": "LAN behind {far}",
}


def laid_out(transcript: Transcript) -> tuple[Block, ...]:
    """The whole transcript as blocks; the texts in them are plain and still have to be escaped."""
    return tuple(_blocks(transcript))


def _blocks(transcript: Transcript) -> Iterator[Block]:
    mark = SIGNS[STATUS_MARKS[transcript.status]].partition(" ")[0]
    yield Heading(1, f"{mark} {headline(transcript)}")
    started, outcome = transcript.started, transcript.outcome
    yield Paragraph(
        f"{started.near} to {started.far}, looked at by {started.operator}", moment(transcript.began)
    )
    yield from _verdict(transcript, outcome)
    if outcome is not None:
        yield from _findings("Also found", outcome.causes[1:], transcript)
        yield from _findings("Warnings: works now, and will not for ever", outcome.warnings, transcript)
        yield from _list("What could not be seen", outcome.unseen)
        yield from _list("Questions for the other side", outcome.questions_for_peer)
        yield from _list("Ruled out", outcome.excluded)
    yield from mended(transcript.mendings)
    yield from _session(transcript)
    yield from _path(transcript)
    yield from _commands(transcript)


def _verdict(transcript: Transcript, outcome: Outcome | None) -> Iterator[Block]:
    if outcome is None:
        text = "No cause was named. The session can be resumed: its journal holds everything up to here."
        yield Paragraph(text, "Not finished.")
    elif outcome.causes:
        yield from _finding(outcome.causes[0], transcript)
    elif outcome.status == "healthy":
        yield Paragraph(f"{transcript.started.near} and {transcript.started.far} are in order.", "Healthy.")
    else:
        ask = "; the questions for the other side are below" if outcome.questions_for_peer else ""
        yield Paragraph(f"What could not be seen is listed below{ask}.", "Inconclusive.")
    if transcript.segments:
        yield Paragraph(_map(transcript), "Path:")


def _map(transcript: Transcript) -> str:
    names = {"near": transcript.started.near, "far": transcript.started.far}
    legs = []
    for segment in transcript.segments:
        note = f" ({segment.note})" if segment.note else ""
        legs.append(f"{_LEGS.get(segment.id, segment.id).format_map(names)} {SIGNS[segment.mark]}{note}")
    return " · ".join(legs)


def _finding(finding: Finding, transcript: Transcript) -> Iterator[Block]:
    where = f" at {listed(finding.ends)}" if finding.ends else ""
    yield Paragraph(finding.summary, f"{finding.confidence.capitalize()}{where}.")
    yield from _evidence(finding.evidence, transcript)
    if finding.next_step:
        yield Paragraph(finding.next_step, "Next:")
    for remedy in finding.remedies:
        yield Paragraph(f"ipsec-wizard fix {transcript.started.tunnel} --remedy {remedy}", "Remedy:")


def _evidence(evidence: Iterable[Evidence], transcript: Transcript) -> Iterator[Block]:
    """The proofs, those of one command together under the command that printed them."""
    groups: dict[tuple[str, str], list[Evidence]] = {}
    for piece in evidence:
        groups.setdefault((piece.end, piece.command), []).append(piece)
    for (end, command), pieces in groups.items():
        source = transcript.command_of(pieces[0])
        number = f", command {source.number}" if source is not None else ""
        lines = [line for piece in pieces for line in visible(piece.line).split("\n")]
        yield Printed((*_prompt(end, command), *lines), f"Proof from {end}{number}")


def _prompt(gateway: str, command: str) -> tuple[str, ...]:
    first, *rest = visible(command).split("\n")
    return (f"{gateway}$ {first}", *rest)


def _findings(title: str, findings: tuple[Finding, ...], transcript: Transcript) -> Iterator[Block]:
    if findings:
        yield Heading(2, title)
    for finding in findings:
        yield Heading(3, f"{finding.title} ({finding.cause})")
        yield from _finding(finding, transcript)


def _list(title: str, texts: tuple[str, ...]) -> Iterator[Block]:
    if texts:
        yield Heading(2, title)
        yield Items(tuple(Item(text) for text in texts))


def _session(transcript: Transcript) -> Iterator[Block]:
    started, cost = transcript.started, transcript.cost
    looked = (
        f"{counted(cost.commands, 'command')} in {counted(cost.round_trips, 'round trip')} "
        f"over {counted(cost.connections, 'connection')}"
    )
    yield Heading(2, "The session")
    rows = [
        ("Session", started.session),
        ("Tunnel", f"{started.tunnel}, {started.near} to {started.far}"),
        ("When", f"{moment(transcript.began)}, for {transcript.duration_s:.1f} s"),
        ("Operator", started.operator),
        ("Symptom", symptom(transcript)),
        *((gateway.end.capitalize(), _gateway(gateway)) for gateway in transcript.gateways),
        ("Looked at", f"{looked}, {cost.elapsed_s:.1f} s"),
        ("Tried out", counted(transcript.exercises, "time")),
        (
            "Allowed",
            "looking only" if started.observe_only else "looking, and trying the tunnel out when asked",
        ),
        ("Program", f"ipsec-wizard {started.version}, knowledge {started.flows_digest[:16]}"),
    ]
    yield Items(tuple(Item(text, f"{lead}:") for lead, text in rows))
    if transcript.notes:
        yield Items(tuple(Item(note.text, f"{moment(note.at)}:") for note in transcript.notes))


def _gateway(gateway: Gateway) -> str:
    what = (
        " ".join(part for part in (gateway.implementation, gateway.version) if part)
        or "implementation unknown"
    )
    match gateway.reached:
        case None:
            state = "not looked at"
        case True:
            state = "looked at"
        case False:
            state = "could not be looked at" if gateway.managed else "nobody here can log in to it"
    problem = f" ({gateway.problem})" if gateway.problem else ""
    return f"{gateway.name}: {what}, {state}{problem}"


def _path(transcript: Transcript) -> Iterator[Block]:
    if transcript.steps:
        yield Heading(2, "The way there")
        yield Items(tuple(_step(step, transcript) for step in transcript.steps), numbered=True)


def _step(step: Step, transcript: Transcript) -> Item:
    sign = SIGNS[step.mark] if step.mark is not None else ""
    notes = [f"{sign}: {step.answer}" if sign else step.answer] if step.answer else []
    notes.extend(known(fact, transcript) for fact in step.because[:_MOST_FACTS])
    more = len(step.because) - _MOST_FACTS
    if more > 0:
        notes.append(f"and {more} more")
    return Item(f"({step.node})", step.title, tuple(notes))


def _commands(transcript: Transcript) -> Iterator[Block]:
    if transcript.commands:
        yield Heading(2, "Every command and what it printed")
        yield Paragraph(
            "Secrets are left out; of long outputs the beginning, the end and every proof are shown."
        )
    for command in transcript.commands:
        yield from _command(command, transcript)


def _command(command: Command, transcript: Transcript) -> Iterator[Block]:
    record = command.record
    yield Heading(3, f"{command.number}. {record.gateway}: {record.probe}")
    ended = f"exit {record.exit_code}" if record.exit_code is not None else "no exit status"
    parts = [moment(command.at), ended, f"{record.elapsed_s:.2f} s"]
    if record.truncated:
        parts.append("the gateway printed more than was read")
    if record.problem:
        parts.append(record.problem)
    proofs = transcript.proofs(command)
    lines = [*_prompt(record.gateway, record.command), *folded(record.stdout, proofs)]
    errors = folded(record.stderr, proofs)
    if errors:
        lines.extend(("[on standard error:]", *errors))
    yield Printed(tuple(lines), ", ".join(parts))
