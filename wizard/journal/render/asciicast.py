"""The session as a terminal recording (asciicast v2): what was asked, what the gateways said, what came out.

It is made from the events, not from a screen; times are those of the session, and the player skips pauses.
Source: asciinema's description of the format, version 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from wizard.engine.model import Finding
from wizard.journal.render.mending import happened as mending_notes
from wizard.journal.render.words import SIGNS, folded, headline, moment, one_line, symptom, visible
from wizard.journal.transcript import Command, Note, Step, Transcript

WIDTH: Final = 100
HEIGHT: Final = 30
_LINES: Final = 18
_LONGEST_PAUSE_S: Final = 2.0
_BOLD: Final = "\x1b[1m"
_DIM: Final = "\x1b[2m"
_PLAIN: Final = "\x1b[0m"


def as_cast(transcript: Transcript) -> str:
    """The recording as JSON lines; the first is the header, each other one [seconds, "o", text]."""
    header = {
        "version": 2,
        "width": WIDTH,
        "height": HEIGHT,
        "timestamp": int(transcript.began.timestamp()),
        "idle_time_limit": _LONGEST_PAUSE_S,
        "title": one_line(headline(transcript)),
    }
    lines = [json.dumps(header)]
    latest = 0.0
    for at, text in _moments(transcript):
        latest = max(latest, (at - transcript.began).total_seconds())
        lines.append(json.dumps([round(latest, 3), "o", text.replace("\n", "\r\n")]))
    return "\n".join(lines) + "\n"


def _moments(transcript: Transcript) -> Iterator[tuple[datetime, str]]:
    started = transcript.started
    ends = f"{one_line(started.near)} to {one_line(started.far)}"
    opening = f"{_BOLD}ipsec-wizard triage {one_line(started.tunnel)}{_PLAIN}\n"
    yield (
        transcript.began,
        f"{opening}{moment(transcript.began)}  {ends}  {one_line(symptom(transcript))}\n\n",
    )
    happened: list[Step | Command | Note] = [*transcript.steps, *transcript.commands, *transcript.notes]
    happened += [note for mending in transcript.mendings for note in mending_notes(mending)]
    batches: dict[int, list[Command]] = {}
    for command in transcript.commands:
        batches.setdefault(command.seq, []).append(command)
    for thing in sorted(happened, key=lambda thing: thing.seq):
        match thing:
            case Step():
                yield thing.at, _step(thing)
            case Note():
                yield thing.at, f"{_DIM}{one_line(thing.text)}{_PLAIN}\n"
            case Command():
                batch = batches[thing.seq]
                # The journal knows when a batch began and ended; its commands are spread evenly between.
                share = (batch.index(thing) + 1) / len(batch)
                yield thing.asked + (thing.at - thing.asked) * share, _command(thing, transcript)
    yield transcript.ended, _end(transcript)


def _step(step: Step) -> str:
    answer = f"  {SIGNS[step.mark]}: {one_line(step.answer)}\n" if step.mark is not None else ""
    return f"\n{_BOLD}{one_line(step.title)}{_PLAIN}\n{answer}"


def _command(command: Command, transcript: Transcript) -> str:
    record = command.record
    lines = folded(record.stdout + record.stderr, transcript.proofs(command), whole=_LINES)
    output = "".join(f"{line}\n" for line in lines)
    return f"{_DIM}{one_line(record.gateway)}${_PLAIN} {visible(record.command)}\n{output}"


def _end(transcript: Transcript) -> str:
    outcome = transcript.outcome
    first = f"\n{_BOLD}{one_line(headline(transcript))}{_PLAIN}\n"
    if outcome is None or not outcome.causes:
        return first
    return first + "".join(_finding(finding) for finding in outcome.causes[:1])


def _finding(finding: Finding) -> str:
    proofs = "".join(f"  {one_line(proof.end)}: {one_line(proof.line)}\n" for proof in finding.evidence)
    next_step = f"Next: {one_line(finding.next_step)}\n" if finding.next_step else ""
    return f"{one_line(finding.summary)} ({finding.confidence})\n{proofs}{next_step}"
