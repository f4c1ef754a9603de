"""`diagnose`: the trees walked unattended, the outcome as JSON or as a few lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TextIO

from wizard.choreography import Progress
from wizard.engine.model import Ask, Branched, Confirm, Decided, Event, Exercise, Finding, Keep, Outcome
from wizard.ssh import ChangedHostKey, NeedsSecret, Secret, UnknownHostKey
from wizard.ui import conduct
from wizard.ui.headless.report import document


class Nobody:
    """In front of an unattended run: permits exercises (--observe-only is the engine's), answers nothing."""

    def __init__(self, words: TextIO) -> None:
        """Takes the stream for people's words, stderr when stdout carries data."""
        self._words = words

    def told(self, events: Sequence[Event]) -> None:
        """Says each answered node in one line."""
        for event in events:
            if isinstance(event, Branched):
                self._say(f"  {event.mark:<8}{event.node}: {event.answer}")

    def progress(self, progress: Progress) -> None:
        """Says what is being run."""
        self._say(f"  …       {progress.gateway}: {progress.text}")

    def permits(self, exercise: Exercise) -> bool:
        """Unattended runs may try the tunnel out; --observe-only forbids it before it is asked."""
        return True

    def confirms(self, confirm: Confirm) -> Decided:
        """A plan is carried out by `fix --approve` only."""
        return Decided(yes=False, why="nobody was there to confirm it")

    def keeps(self, keep: Keep) -> Decided:
        """What is verified stays, in an unattended run."""
        return Decided(yes=True)

    def answers(self, ask: Ask) -> str | None:
        """Nobody is there to ask."""
        return None

    def secret(self, need: NeedsSecret) -> Secret | None:
        """No secret can be typed, so that gateway is left out."""
        self._say(f"  unknown {need}")
        return None

    def trusts(self, key: UnknownHostKey) -> bool:
        """A host key is accepted by a person only."""
        self._say(f"  unknown {key}")
        return False

    def alarmed(self, key: ChangedHostKey) -> None:
        """Says that a host key has changed."""
        self._say(f"  fail    {key}")

    def _say(self, line: str) -> None:
        print(line.splitlines()[0] if line else "", file=self._words, flush=True)


def run(desk: conduct.Desk, tunnel: str, symptom: str, *, as_json: bool) -> int:
    """Diagnoses one tunnel and returns the exit code of contract.md."""
    gateways = desk.gateways_for(tunnel)
    session = desk.new_session(tunnel, symptom)
    words = sys.stderr if as_json else sys.stdout
    try:
        outcome = conduct.carry_out(session, gateways, Nobody(words))
    finally:
        gateways.close()
        session.close()
    return report(session, outcome, as_json=as_json)


def report(session: conduct.SessionLike, outcome: Outcome, *, as_json: bool) -> int:
    """Prints how a diagnosis ended; returns the exit code of contract.md."""
    if as_json:
        found = document(session.id, session.tunnel, outcome, tuple(session.events))
        json.dump(found, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        for line in lines(outcome):
            print(line)
        print(f"session {session.id}")
    return conduct.exit_code(outcome)


def lines(outcome: Outcome) -> list[str]:
    """An outcome as a person reads it in a terminal."""
    told = [f"status: {outcome.status}"]
    for finding in outcome.causes:
        told += _finding(finding, "cause")
    for finding in outcome.warnings:
        told += _finding(finding, "warning")
    told += [f"  not seen: {line}" for line in outcome.unseen]
    told += [f"  ask the other side: {line}" for line in outcome.questions_for_peer]
    return told


def _finding(finding: Finding, word: str) -> list[str]:
    where = ", ".join(finding.ends)
    told = [f"{word}: {finding.cause} ({finding.confidence}) at {where}: {finding.summary}"]
    told += [f"    {line.end}: {line.command}\n      {line.line}" for line in finding.evidence]
    if finding.next_step:
        told.append(f"    next: {finding.next_step}")
    if finding.remedies:
        told.append(f"    remedies, the smallest change first: {', '.join(finding.remedies)}")
    return told
