"""A session's events as lines of text, in the order somebody would tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from wizard.engine.model import (
    Ask,
    Branched,
    Change,
    Collect,
    Collected,
    Confirm,
    Declined,
    Draw,
    Ended,
    Entered,
    Event,
    Exercise,
    Finding,
    Finish,
    Found,
    Keep,
    Mapped,
    Mark,
    Mended,
    Outcome,
    Replied,
    Reply,
    Request,
    Requested,
    Segment,
    Started,
    Stepped,
    Warned,
)
from wizard.facts.model import Evidence
from wizard.ui import words
from wizard.ui.mending import TITLES
from wizard.ui.plain.lines import Lines

_LEGS: Final[dict[str, str]] = {
    "near-lan": "network behind {near}",
    "near-gateway": "gateway {near}",
    "wan": "way between the gateways",
    "far-gateway": "gateway {far}",
    "far-lan": "network behind {far}",
}


class Telling:
    """Tells one session; keeps only what a later line needs."""

    def __init__(self, lines: Lines, terms: Mapping[str, str]) -> None:
        """`terms` are the protocol's words for nodes, by node id."""
        self._lines = lines
        self._terms = terms
        self._near = "the near gateway"
        self._far = "the far gateway"
        self._segments: tuple[Segment, ...] = ()
        self._pending: words.Doing | None = None

    def begun(self) -> None:
        """Says what is done with the gateways, now that it is: a person may have had to allow it first."""
        doing, self._pending = self._pending, None
        if doing is not None:
            self._lines.heading(doing.title)
            self._lines.say(doing.promise)

    def tell(self, events: Sequence[Event]) -> None:
        """Writes what these events say."""
        for event in events:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        match event:
            case Started():
                self._started(event)
            case Requested(request=request):
                self._requested(request)
            case Replied(reply=reply):
                self._replied(reply)
            case Entered(node=node, kind=kind, title=title, why=why):
                if kind != "cause":
                    self._entered(node, title, why)
            case Branched(mark=mark, answer=answer):
                self._lines.marked(mark, answer, 2)
            case Mapped(segments=segments):
                self._segments = segments
            case Warned(finding=finding):
                self._lines.marked("warn", finding.title, 2)
            case Found():
                pass  # told whole with the outcome
            case Stepped():
                self._stepped(event)
            case Mended(result=result):
                mark, word = words.RESULTS[result]
                self._lines.heading(f"The change: {word}.")
                self._lines.marked(mark, words.ended(event))
            case Ended(outcome=outcome):
                self.outcome(outcome)
            case _:
                assert_never(event)

    def _started(self, started: Started) -> None:
        self._near, self._far = started.near, started.far
        self._lines.heading(f"Tunnel {started.tunnel}, between {started.near} and {started.far}.")
        self._lines.say(f"Symptom: {words.symptom_label(started.symptom)}. Session {started.session}.")
        if started.observe_only:
            self._lines.say("Looking only: the tunnel is not tried.")

    def _requested(self, request: Request) -> None:
        match request:
            case Collect():
                self._pending = words.LOOKING
            case Exercise(name=name):
                self._pending = words.EXERCISING.get(name, words.TRYING)
            case Draw():
                self._pending = words.DRAWING
            case Ask() | Finish() | Confirm() | Change() | Keep():
                self._pending = None
            case _:
                assert_never(request)

    def _stepped(self, stepped: Stepped) -> None:
        title = TITLES.get(stepped.title, stepped.title)
        if stepped.state == "running":
            if stepped.number < 0:
                self._lines.heading(f"{title}.")
            return
        where = f"{stepped.gateway}: " if stepped.gateway else ""
        said = f": {stepped.said}" if stepped.said else ""
        self._lines.marked("ok" if stepped.state == "done" else "fail", f"{where}{title}{said}.", 2)

    def _entered(self, node: str, title: str, why: str) -> None:
        term = self._terms.get(node)
        self._lines.heading(f"{title} ({term})" if term else title)
        if why:
            self._lines.say(f"Why: {why}", 2)

    def _replied(self, reply: Reply) -> None:
        if isinstance(reply, Declined):
            self._lines.say(f"Not tried: {reply.reason}.", 2)
        if not isinstance(reply, Collected):
            return
        for report in reply.ends:
            if report.reached:
                count = sum(record.end == report.end for record in reply.records)
                self._lines.marked("ok", f"{report.gateway} answered, {_counted(count, 'command')} read.", 2)
            elif not report.managed:
                self._lines.marked("unknown", f"Nobody here can log in to {report.gateway}.", 2)
            else:
                why = report.problem or "no reason was given"
                self._lines.marked("unknown", f"{report.gateway} was not reached: {why}.", 2)
        if reply.problem:
            self._lines.marked("unknown", reply.problem, 2)

    # --- the end ------------------------------------------------------------------------------

    def outcome(self, outcome: Outcome) -> None:
        """Writes what came out: the path, each cause with its proof, what is ruled out, what to do."""
        mark, word = words.STATUS[outcome.status]
        self._lines.heading(f"Outcome: {word}.")
        self._lines.marked(mark, words.headline(outcome) + ".")
        self._path()
        for number, finding in enumerate(outcome.causes, 1):
            of = f"Cause {number} of {len(outcome.causes)}" if len(outcome.causes) > 1 else "Cause"
            self._finding(of, "fail", finding)
        for finding in outcome.warnings:
            self._finding("Warning", "warn", finding)
        if outcome.excluded:
            ruled_out = ", ".join(outcome.excluded)
            self._lines.heading(f"Ruled out, because the evidence speaks against it: {ruled_out}.")
        self._listed("Could not be seen:", outcome.unseen)
        self._listed("Ask the administrator of the other end:", outcome.questions_for_peer)

    def _finding(self, heading: str, mark: Mark, finding: Finding) -> None:
        where = f", at {' and '.join(finding.ends)}" if finding.ends else ""
        self._lines.heading(f"{heading}: {finding.title}{where}.")
        self._lines.marked(mark, finding.summary, 2)
        self._lines.say(f"Confidence: {finding.confidence}; {words.CONFIDENCE[finding.confidence]}.", 2)
        self._evidence(finding.evidence)
        if finding.excludes:
            self._lines.say(f"Not: {', '.join(finding.excludes)}.", 2)
        if finding.next_step:
            self._lines.say(f"Next step: {finding.next_step}", 2)
        self._lines.say(f"More about it: ipsec-wizard causes {finding.cause}", 2)

    def _evidence(self, evidence: Sequence[Evidence]) -> None:
        if not evidence:
            return
        self._lines.say("Evidence:", 2)
        said: tuple[str, str] | None = None
        for line in evidence:
            if (line.end, line.command) != said:
                said = (line.end, line.command)
                self._lines.quote(f"{line.end} ran: {line.command}".replace("\n", " "), 4)
            self._lines.quote(line.line, 6)

    def _path(self) -> None:
        if not self._segments:
            return
        self._lines.heading("The path, from one site to the other:")
        for segment in self._segments:
            name = _LEGS.get(segment.id, segment.id).format(near=self._near, far=self._far)
            note = f" ({segment.note})" if segment.note else ""
            self._lines.item(f"{name}: {words.WORDS[segment.mark]}{note}")

    def _listed(self, heading: str, entries: Sequence[str]) -> None:
        if entries:
            self._lines.heading(heading)
            for entry in entries:
                # What is to be copied keeps its lines.
                first, _, lines = entry.partition("\n")
                self._lines.item(first)
                self._lines.quote(lines)


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
