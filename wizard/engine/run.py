"""The conductor: from a flow and the replies so far, the one request that comes next.

It does no input or output, has no clock, no threads and no screen, so that the same walk serves the TUI,
the plain terminal, headless runs, rehearsals and replays. What decides stands in the trees; this module
only walks them.
"""

from __future__ import annotations

from typing import Final, assert_never

from wizard.engine.findings import Ledger
from wizard.engine.model import (
    Answered,
    Ask,
    Branched,
    Collect,
    Collected,
    Declined,
    Ended,
    EndReport,
    Entered,
    Event,
    Exercise,
    Finish,
    Mark,
    Option,
    Outcome,
    Replied,
    Reply,
    Request,
    Requested,
    Started,
)
from wizard.engine.pathmap import PathMap
from wizard.engine.phrase import Phrases
from wizard.errors import WizardError
from wizard.facts.model import End, Fact, Facts
from wizard.facts.vocabulary import VOCABULARY
from wizard.flow.graph import probes_for
from wizard.flow.rule import Judgement
from wizard.flow.spec import Branch, Check, Flow, Jump, Leaf, Question, Verdict

MOST_STEPS: Final = 500
"""Nodes one walk may enter; lint forbids endless cycles, this keeps an unlinted flow from hanging a session."""


class Run:
    """One diagnosis: hand `reply` what came of `request` until the request is Finish."""

    def __init__(self, flow: Flow, started: Started, entry: str = "") -> None:
        """Begins at the tree `entry`, else the flow's start; nothing is asked but the first Collect."""
        first = flow.trees[entry or flow.start].start
        self.started = started
        self.facts = Facts.of([Fact("symptom", started.symptom)])
        self.path: list[str] = []
        self.ends: dict[End, EndReport] = {}
        self._flow = flow
        self._node = first
        self._tried: set[tuple[str, End]] = set()
        self._declined = started.observe_only
        self._judgement: Judgement | None = None
        self._map = PathMap()
        self._phrases = Phrases(started)
        self._ledger = Ledger(flow, started)
        self._request: Request = Collect(probes_for(flow, VOCABULARY, first))

    @property
    def request(self) -> Request:
        """What is to be done now; the same until a reply comes in."""
        return self._request

    @property
    def outcome(self) -> Outcome:
        """How the walk ended; raises WizardError as long as it has not."""
        if not isinstance(self._request, Finish):
            raise WizardError("the diagnosis has not ended", advice="hand in a reply to its request")
        return self._request.outcome

    def opening(self) -> tuple[Event, ...]:
        """The events that stand before the first reply."""
        return (self.started, Requested(self._request))

    def reply(self, reply: Reply) -> tuple[Event, ...]:
        """Takes what came of the request and walks on to the next one.

        Returns the events that follow from it, the reply itself first. Raises WizardError when the reply
        does not answer the request, because a session fed with the wrong journal must not go on.
        """
        events: list[Event] = [Replied(reply)]
        match self._request, reply:
            case Collect() | Exercise(), Collected():
                self.facts = self.facts.merged(reply.facts)
                self.ends.update({report.end: report for report in reply.ends})
            case Exercise(), Declined():
                self._declined = True
            case Ask(node=node), Answered(option=choice):
                self._answer(node, choice, events)
            case _:
                raise WizardError(
                    f"a {type(reply).__name__} does not answer a {type(self._request).__name__}",
                    advice="start a new session for this tunnel",
                )
        self._request = self._walk(events)
        events.append(Requested(self._request))
        if isinstance(self._request, Finish):
            events.append(Ended(self._request.outcome))
        return tuple(events)

    # --- the walk -----------------------------------------------------------------------------

    def _walk(self, events: list[Event]) -> Request:
        while True:
            if len(self.path) >= MOST_STEPS:
                return self._conclude(Verdict("inconclusive"), None, events)
            node = self._flow.nodes[self._node]
            match node:
                case Check():
                    exercise = self._exercise_of(node)
                    self._enter(node.id, "check", node.title, node.why, events)
                    if exercise is not None:
                        self._tried.add((exercise.name, exercise.initiator))
                        return exercise
                    verdict = self._branch(node, events)
                    if verdict is not None:
                        return self._conclude(verdict, self._judgement, events)
                case Question():
                    self._enter(node.id, "ask", node.title, node.why, events)
                    options = tuple(Option(choice.id, choice.label) for choice in node.choices)
                    return Ask(node.id, node.title, node.why, options)
                case Jump():
                    self._node = node.to
                case Leaf():
                    title = self._flow.causes[node.verdict.cause].title
                    self._enter(node.id, "cause", title, "", events)
                    return self._conclude(node.verdict, self._judgement, events)
                case _:
                    assert_never(node)

    def _enter(self, node: str, kind: str, title: str, why: str, events: list[Event]) -> None:
        if self.path and self.path[-1] == node:
            return
        self.path.append(node)
        events.append(Entered(node, kind, self._phrases.fill(title, (), self.facts), why))

    def _exercise_of(self, node: Check) -> Exercise | None:
        """The exercise this node still needs, or None where it was done, declined or cannot be started."""
        if node.exercise is None or self._declined:
            return None
        wanted: tuple[End, ...] = ("near", "far") if node.start_from == "either" else (node.start_from,)
        able = sorted((end for end in wanted if self._reached(end)), key=self._lacks_rights)
        if not able or any((node.exercise, end) in self._tried for end in able):
            return None
        return Exercise(node.exercise, able[0], node.id, node.why)

    def _lacks_rights(self, end: End) -> bool:
        """Whether the login there was refused something, so that the other end had better begin."""
        return bool(self.facts.get(f"{end}.rights_missing").value)

    def _reached(self, end: End) -> bool:
        report = self.ends.get(end)
        return report is not None and report.reached

    def _branch(self, node: Check, events: list[Event]) -> Verdict | None:
        """Takes the first branch whose rule holds; a rule that is unknown is passed over, not refused."""
        judged: list[tuple[Branch, Judgement]] = []
        for branch in node.branches:
            if branch.rule is None:
                self._take(node, branch, judged, None, events)
                return branch.verdict
            judgement = branch.rule.evaluate(self.facts)
            judged.append((branch, judgement))
            self._ledger.judged(branch.verdict, judgement.value)
            if judgement.value:
                self._judgement = judgement
                self._take(node, branch, judged, judgement, events)
                return branch.verdict
        return Verdict("inconclusive")

    def _take(
        self,
        node: Check,
        branch: Branch,
        judged: list[tuple[Branch, Judgement]],
        taken: Judgement | None,
        events: list[Event],
    ) -> None:
        unclear = [
            judgement for _, judgement in judged if judgement.value is None and self._sought(judgement)
        ]
        mark = branch.mark or _default_mark(branch, taken, bool(unclear))
        # What leads on because nothing could be told is explained by what could not be.
        deciding = [judgement for _, judgement in judged] if taken is None else [taken]
        deciding += unclear if taken is not None and mark == "unknown" else ()
        names = dict.fromkeys(because.name for judgement in deciding for because in judgement.because)
        facts = tuple(self.facts.get(name) for name in names)
        if taken is None or mark == "unknown":
            self._ledger.unclear(tuple(fact for fact in facts if fact.name in self.facts.by_name))
        ends = taken.ends if taken is not None else ()
        say = self._say(branch, mark, facts, ends)
        rule = branch.rule.text if branch.rule is not None else "else"
        events.append(Branched(node.id, mark, say, facts, branch.to or "", rule))
        mapped = self._map.marked(node, mark, ends, [judgement for _, judgement in judged], say)
        if mapped is not None:
            events.append(mapped)
        if taken is not None and branch.warn is not None:
            events.append(self._ledger.note(branch.warn, "warn", taken, self.facts))
        if taken is not None and branch.also is not None:
            events.append(self._ledger.note(branch.also, "also", taken, self.facts))
        if branch.to is not None:
            self._node = branch.to

    def _sought(self, judgement: Judgement) -> bool:
        """Whether a rule is unclear though its facts were looked for; what nobody tried is no gap."""
        return any(
            because.name in self.facts.by_name and not self.facts.get(because.name).known
            for because in judgement.because
        )

    def _say(self, branch: Branch, mark: Mark, facts: tuple[Fact, ...], ends: tuple[End, ...]) -> str:
        if branch.say is not None:
            return self._phrases.fill(branch.say, ends, self.facts)
        if branch.verdict is not None:
            return self._flow.causes[branch.verdict.cause].title
        if mark == "unknown":
            return self._phrases.unknown(tuple(fact for fact in facts if fact.name in self.facts.by_name))
        return {"ok": "Nothing wrong here", "warn": "Works, with a remark", "fail": "Not in order"}[mark]

    def _answer(self, node_id: str, choice: str | None, events: list[Event]) -> None:
        node = self._flow.nodes[node_id]
        if not isinstance(node, Question):
            raise WizardError(f"{node_id} is not a question", advice="start a new session for this tunnel")
        chosen = next((option for option in node.choices if option.id == choice), None)
        self._node = chosen.to if chosen is not None else node.otherwise
        said = chosen.label if chosen is not None else "not answered"
        mark: Mark = "ok" if chosen is not None else "unknown"
        events.append(Branched(node_id, mark, said, (), self._node))

    def _conclude(self, verdict: Verdict, judgement: Judgement | None, events: list[Event]) -> Request:
        found, outcome = self._ledger.concluded(verdict, judgement, self.facts, self.ends)
        events.extend(found)
        if outcome.status == "healthy":
            events.append(self._map.all_ok())
        return Finish(outcome)


def _default_mark(branch: Branch, taken: Judgement | None, unclear: bool) -> Mark:
    if branch.verdict is not None:
        return {"healthy": "ok", "inconclusive": "unknown"}.get(branch.verdict.cause, "fail")  # type: ignore[return-value]
    if branch.warn is not None:
        return "warn"
    if branch.also is not None:
        return "fail"
    if taken is None and unclear:
        return "unknown"
    return "ok"
