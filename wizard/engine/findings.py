"""What a walk has found: causes with their evidence, warnings, what is excluded, what stayed unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from wizard.engine.model import EndReport, Event, Finding, Found, Outcome, Started, Status, Warned
from wizard.engine.phrase import Phrases, meaning
from wizard.facts.model import ENDS, End, Evidence, Fact, Facts, other
from wizard.flow.rule import Judgement
from wizard.flow.spec import Flow, Verdict

HEALTHY: Final = "healthy"
INCONCLUSIVE: Final = "inconclusive"
LOGIN_FAILED: Final = "gateway-login-failed"
_MOST_EVIDENCE: Final = 12
"""Lines a finding carries; the transcript holds the rest."""


class Ledger:
    """Keeps the findings of one walk and turns them into its outcome."""

    def __init__(self, flow: Flow, started: Started) -> None:
        """Begins empty."""
        self._flow = flow
        self._phrases = Phrases(started)
        self._verdicts: dict[str, set[bool | None]] = {}
        self._also: list[Finding] = []
        self._warnings: list[Finding] = []
        self._unclear: dict[str, Fact] = {}

    def judged(self, verdict: Verdict | None, value: bool | None) -> None:
        """Remembers what a rule said of its cause, so that causes ruled out can be listed."""
        if verdict is not None:
            self._verdicts.setdefault(verdict.cause, set()).add(value)

    def unclear(self, facts: tuple[Fact, ...]) -> None:
        """Remembers facts that would have decided something and were not known."""
        for fact in facts:
            if not fact.known:
                self._unclear[fact.name] = fact

    def note(
        self, verdict: Verdict, kind: Literal["warn", "also"], judgement: Judgement, facts: Facts
    ) -> Event:
        """A finding beside the main one: a warning, or a further cause."""
        finding = self._finding(verdict, judgement, facts)
        kept = self._warnings if kind == "warn" else self._also
        if finding.cause not in {other_finding.cause for other_finding in kept}:
            kept.append(finding)
        return Warned(finding) if kind == "warn" else Found(finding)

    def concluded(
        self, verdict: Verdict, judgement: Judgement | None, facts: Facts, ends: Mapping[End, EndReport]
    ) -> tuple[list[Event], Outcome]:
        """The outcome, and the events that announce its causes."""
        causes: list[Finding] = []
        if verdict.cause not in (HEALTHY, INCONCLUSIVE):
            causes.append(self._finding(verdict, judgement, facts))
        causes.extend(
            self._finding(Verdict(alternative, "possible", verdict.ends), judgement, facts)
            for alternative in verdict.alternatives
        )
        named = {finding.cause for finding in causes}
        causes.extend(finding for finding in self._also if finding.cause not in named)
        named = {finding.cause for finding in causes}
        refused = {cause for cause, values in self._verdicts.items() if values == {False}}
        excluded = sorted((refused | set(verdict.excludes)) - named - {HEALTHY, INCONCLUSIVE})
        status = self._status(verdict, causes)
        far_silent = any(not (end in ends and ends[end].reached) for end in ENDS)
        outcome = Outcome(
            status=status,
            causes=tuple(causes),
            warnings=tuple(self._warnings),
            excluded=tuple(excluded),
            unseen=self._unseen(status, ends, facts) if status != HEALTHY else (),
            questions_for_peer=(*verdict.ask_peer, *self._questions(facts))
            if far_silent and status != HEALTHY
            else (),
            login_failed=any(report.login_failed for report in ends.values()),
            collect=verdict.collect if status != HEALTHY else (),
        )
        already = {finding.cause for finding in self._also}
        return [Found(finding) for finding in causes if finding.cause not in already], outcome

    @staticmethod
    def _status(verdict: Verdict, causes: list[Finding]) -> Status:
        if verdict.cause == LOGIN_FAILED:
            return "inconclusive"
        if causes:
            return "fault"
        return "healthy" if verdict.cause == HEALTHY else "inconclusive"

    def _finding(self, verdict: Verdict, judgement: Judgement | None, facts: Facts) -> Finding:
        cause = self._flow.causes[verdict.cause]
        ends = _ends(verdict, judgement)
        # A tree's sentence speaks of the ends its rule held at, the catalogue's of the ends it is about.
        held = judgement.ends if judgement is not None else ()
        summary = self._phrases.fill(verdict.summary, held, facts) if verdict.summary else None
        return Finding(
            cause=cause.id,
            title=cause.title,
            ends=tuple(self._phrases.name(end) for end in ends),
            confidence=verdict.confidence,
            summary=summary or self._phrases.fill(cause.summary or f"{cause.title}.", ends, facts),
            evidence=_evidence(judgement, facts),
            excludes=tuple(dict.fromkeys((*verdict.excludes, *cause.excludes))),
            remedies=cause.remedies,
            next_step=self._phrases.fill(cause.next_step, ends, facts),
        )

    def _unseen(self, status: Status, ends: Mapping[End, EndReport], facts: Facts) -> tuple[str, ...]:
        lines: list[str] = []
        for end in ENDS:
            report = ends.get(end)
            if report is None or report.reached:
                continue
            why = report.problem or "nobody here can log in to it"
            lines.append(f"{report.gateway} could not be looked at: {why}")
        if status == INCONCLUSIVE:
            lines += [line for end in ENDS for line in self._hindered(end, facts)]
        for fact in self._unclear.values() if status == INCONCLUSIVE else ():
            if fact.end is not None and not (fact.end in ends and ends[fact.end].reached):
                continue
            where = f"{self._phrases.name(fact.end)}: " if fact.end is not None else ""
            why = f" ({fact.why_unknown})" if fact.why_unknown else ""
            lines.append(f"{where}not known whether {meaning(fact.name)}{why}")
        return tuple(dict.fromkeys(lines))

    def _hindered(self, end: End, facts: Facts) -> tuple[str, ...]:
        """What kept an end from being seen, and what would mend that."""
        name, lines = self._phrases.name(end), []
        refused = facts.get(f"{end}.rights_missing").value
        if isinstance(refused, tuple) and refused:
            lines.append(
                f"{name}: this login may not run {', '.join(refused)}; "
                f"`ipsec-wizard sudoers {name}` says what it has to be granted"
            )
        if facts.get(f"{end}.log_level_low").value is True:
            lines.append(
                f"{name}: the daemon's log is set to say too little; set ike, net and cfg to level 1 and try again"
            )
        return tuple(lines)

    @staticmethod
    def _questions(facts: Facts) -> tuple[str, ...]:
        for end in ENDS:
            value = facts.get(f"{end}.peer_questions").value
            if isinstance(value, tuple) and value:
                return value
        return ()


def _ends(verdict: Verdict, judgement: Judgement | None) -> tuple[End, ...]:
    here = judgement.ends if judgement is not None else ()
    match verdict.ends:
        case "near" | "far" as end:
            return (end,)
        case "here":
            return here or ENDS
        case "there":
            return tuple(other(end) for end in here) or ENDS
        case "both":
            return ENDS
        case None:
            return here or ENDS


def _evidence(judgement: Judgement | None, facts: Facts) -> tuple[Evidence, ...]:
    """The lines behind the facts that decided, those that prove the very item first."""
    if judgement is None:
        return ()
    lines = (
        evidence
        for because in judgement.because
        for evidence in facts.get(because.name).evidence
        if because.item is None or evidence.item is None or evidence.item == because.item
    )
    return tuple(dict.fromkeys(lines))[:_MOST_EVIDENCE]
